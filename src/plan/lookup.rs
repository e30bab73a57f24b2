//! Rows of the destination that references are set to: those that leave the scope, and those that only
//! the destination has.

use serde::{Deserialize, Serialize};

use super::Fate;
use crate::database::{ColumnRef, TableName, Value};

/// Rows of the destination that a reference is set to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LookupPlan {
    /// The entity's name.
    pub name: String,
    /// Which rows.
    pub rows: LookupRows,
}

/// Which rows of the destination a reference is set to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum LookupRows {
    /// None: rows that hold a reference are left out, by decision.
    Reject,
    /// One for all.
    Replacement {
        /// Its table in the destination.
        table: TableName,
        /// That table's identifier.
        id: ColumnRef,
        /// The row's.
        row: Value,
    },
    /// The one with the same key.
    ByKey(Box<KeyLookup>),
}

impl LookupRows {
    /// The destination's table and its identifier; `None` where no row is referred to.
    #[must_use]
    pub fn destination(&self) -> Option<(&TableName, &ColumnRef)> {
        match self {
            Self::Reject => None,
            Self::Replacement { table, id, .. } => Some((table, id)),
            Self::ByKey(keys) => Some((&keys.destination_table, &keys.destination_id)),
        }
    }
}

/// Rows of both sides that are matched by a key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct KeyLookup {
    /// The name of the key's first attribute.
    pub attribute: String,
    /// The table in the source.
    pub source_table: TableName,
    /// Its identifier.
    pub source_id: ColumnRef,
    /// The attribute's column there.
    pub source_key: ColumnRef,
    /// The table in the destination.
    pub destination_table: TableName,
    /// Its identifier.
    pub destination_id: ColumnRef,
    /// The attribute's column there.
    pub destination_key: ColumnRef,
    /// What else the key is made of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub more: Vec<KeyPart>,
    /// Every row that was referred to at review.
    pub rows: Vec<LookedUp>,
}

/// A part of a key that rows are matched by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeyPart {
    /// The attribute's name.
    pub attribute: String,
    /// Its column in the source.
    pub source: ColumnRef,
    /// Its column in the destination.
    pub destination: ColumnRef,
    /// Whether it is the tenant that a row belongs to: equal where the destination's is the one that
    /// the source's is mapped to in [`super::Plan::tenants`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_tenant: bool,
}

impl KeyLookup {
    /// What the key is made of, in order.
    #[must_use]
    pub fn parts(&self) -> Vec<KeyPart> {
        let first = KeyPart {
            attribute: self.attribute.clone(),
            source: self.source_key.clone(),
            destination: self.destination_key.clone(),
            is_tenant: false,
        };
        std::iter::once(first).chain(self.more.iter().cloned()).collect()
    }

    /// The parts' names: `Code and Region`.
    #[must_use]
    pub fn words(&self) -> String {
        let more = self.more.iter().map(|part| match part.is_tenant {
            true => "the tenant",
            false => part.attribute.as_str(),
        });
        let all: Vec<&str> = std::iter::once(self.attribute.as_str()).chain(more).collect();
        all.join(" and ")
    }
}

/// A row of the source that is looked up in the destination.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LookedUp {
    /// Its identifier.
    pub source: Value,
    /// The first part of its key, as the destination has it; NULL when it has none.
    pub key: Value,
    /// The other parts, in the order of [`KeyLookup::more`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub more: Vec<Value>,
    /// What becomes of references to it.
    pub fate: Fate,
}

impl LookedUp {
    /// Its key as the destination has it: a value for each part.
    #[must_use]
    pub fn key(&self) -> Vec<Value> {
        std::iter::once(&self.key).chain(&self.more).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::ColumnType;

    fn column(name: &str) -> ColumnRef {
        ColumnRef { name: name.to_owned(), data_type: ColumnType::Int }
    }

    fn lookup() -> KeyLookup {
        let row = |more| LookedUp {
            source: Value::Integer(1),
            key: Value::Integer(2),
            more,
            fate: Fate::Empty,
        };
        KeyLookup {
            attribute: "Code".to_owned(),
            source_table: TableName::new("OSUSR_abc_Party"),
            source_id: column("ID"),
            source_key: column("CODE"),
            destination_table: TableName::new("OSUSR_dabc_Party"),
            destination_id: column("ID"),
            destination_key: column("CODE"),
            more: Vec::new(),
            rows: vec![row(Vec::new())],
        }
    }

    #[test]
    fn a_key_of_one_attribute_is_kept_and_pinned_as_it_was() {
        let text = serde_json::to_string(&lookup()).unwrap();
        assert!(!text.contains("more"), "{text}");
        let read: KeyLookup = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
        assert_eq!((read.words().as_str(), read.parts().len()), ("Code", 1));
        assert_eq!(read.rows[0].key(), [Value::Integer(2)]);
    }

    #[test]
    fn a_key_of_several_parts_is_read_as_it_was_written() {
        let part = |name: &str, is_tenant| KeyPart {
            attribute: name.to_owned(),
            source: column(name),
            destination: column(name),
            is_tenant,
        };
        let mut keys = lookup();
        keys.more = vec![part("Region", false), part("Tenant", true)];
        keys.rows[0].more = vec![Value::text("North"), Value::Integer(90)];
        let text = serde_json::to_string(&keys).unwrap();
        let read: KeyLookup = serde_json::from_str(&text).unwrap();
        assert_eq!(read.words(), "Code and Region and the tenant");
        assert_eq!(read.parts(), keys.parts());
        assert_eq!(read.rows[0].key(), keys.rows[0].key());
        assert!(read.parts()[2].is_tenant && !read.parts()[1].is_tenant);
    }
}
