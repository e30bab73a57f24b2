//! Names of tables: catalog, schema and name, compared without regard to case.

use std::fmt;
use std::hash::{Hash, Hasher};

use serde::{Deserialize, Serialize};

/// A table, view or synonym by name.
///
/// `None` means "as the connection has it": its own database, and whichever schema holds the
/// object. OutSystems keeps PHYSICAL_TABLE_NAME in mixed case while the catalogue may hold upper
/// case (`metamodel.md` §3.6), so names are equal without regard to case.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TableName {
    /// The database, when it is not the connection's own (`metamodel.md` §3.9).
    pub catalog: Option<String>,
    /// The owning schema, once known.
    pub schema: Option<String>,
    /// The table's own name.
    pub name: String,
}

impl TableName {
    /// A table of the connection's own database.
    pub fn new(name: impl Into<String>) -> Self {
        Self { catalog: None, schema: None, name: name.into() }
    }

    /// Whether the other name may mean the same table: the same catalog, and the same schema as
    /// far as both name one.
    #[must_use]
    pub fn may_be(&self, other: &Self) -> bool {
        if !same_name(&self.name, &other.name) {
            return false;
        }
        let catalogs = match (&self.catalog, &other.catalog) {
            (None, None) => true,
            (Some(a), Some(b)) => same_name(a, b),
            _ => false,
        };
        let schemas = match (&self.schema, &other.schema) {
            (Some(a), Some(b)) => same_name(a, b),
            _ => true,
        };
        schemas && catalogs
    }

    /// The same table in a named catalog.
    #[must_use]
    pub fn in_catalog(mut self, catalog: Option<String>) -> Self {
        self.catalog = catalog;
        self
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in [&self.catalog, &self.schema].into_iter().flatten() {
            write!(f, "{part}.")?;
        }
        f.write_str(&self.name)
    }
}

impl PartialEq for TableName {
    fn eq(&self, other: &Self) -> bool {
        let part = |a: &Option<String>, b: &Option<String>| match (a, b) {
            (None, None) => true,
            (Some(a), Some(b)) => same_name(a, b),
            _ => false,
        };
        part(&self.catalog, &other.catalog)
            && part(&self.schema, &other.schema)
            && same_name(&self.name, &other.name)
    }
}

impl Eq for TableName {}

impl Hash for TableName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.to_lowercase().hash(state);
    }
}

/// Whether two names of tables or columns are the same for SQL Server: case apart.
#[must_use]
pub fn same_name(a: &str, b: &str) -> bool {
    // Every name of a factory is compared with many others, and nearly all are ASCII.
    for (one, other) in a.bytes().zip(b.bytes()) {
        if !(one.is_ascii() && other.is_ascii()) {
            return a.to_lowercase() == b.to_lowercase();
        }
        if !one.eq_ignore_ascii_case(&other) {
            return false;
        }
    }
    a.len() == b.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_whatever_their_case() {
        for (a, b) in
            [("TENANT_ID", "Tenant_Id"), ("", ""), ("Größe", "GRÖßE"), ("\u{212a}m", "KM")]
        {
            assert!(same_name(a, b), "{a} {b}");
        }
        for (a, b) in [("Text1", "Text10"), ("Text1", "Text2"), ("Größe", "Grösse"), ("a", "ä")]
        {
            assert!(!same_name(a, b) && !same_name(b, a), "{a} {b}");
        }
    }

    #[test]
    fn tables_of_one_name_in_two_catalogs_or_schemas_are_not_the_same() {
        let table = |catalog: &str, schema: &str| TableName {
            catalog: (!catalog.is_empty()).then(|| catalog.to_owned()),
            schema: (!schema.is_empty()).then(|| schema.to_owned()),
            name: "OSUSR_ABC_CLAIM".to_owned(),
        };
        assert!(table("", "dbo").may_be(&table("", "DBO")));
        assert!(table("", "").may_be(&table("", "dbo")), "a model leaves the schema out");
        assert!(table("Sales", "dbo").may_be(&table("sales", "")));
        assert!(!table("Sales", "dbo").may_be(&table("", "dbo")));
        assert!(!table("Sales", "").may_be(&table("Stock", "")));
        assert!(!table("", "dbo").may_be(&table("", "audit")));
    }
}
