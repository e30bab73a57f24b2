//! The little of a clone's platform tables that its clean-up has to know.
//!
//! The whole model is not read: a clone's further catalogs may still be the original's, or lead
//! nowhere, and neither is to be touched.

use crate::database::{
    Batch, ColumnRef, Fault, FaultKind, Filter, Result, RowsRequest, Source, TableName, TableShape,
    Value, same_name,
};

/// A table with the wanted columns that it has.
pub(super) struct Read {
    names: Vec<String>,
    batch: Batch,
}

impl Read {
    /// Number of rows.
    pub(super) fn len(&self) -> usize {
        self.batch.len()
    }

    fn place(&self, column: &str) -> Option<usize> {
        self.names.iter().position(|name| same_name(name, column))
    }

    /// What a column holds, as text; empty for NULL and for columns that are not there.
    pub(super) fn text(&self, row: usize, column: &str) -> String {
        match self.value(row, column) {
            Value::Null => String::new(),
            value => value.to_string(),
        }
    }

    /// A whole number or a flag.
    pub(super) fn integer(&self, row: usize, column: &str) -> Option<i64> {
        self.value(row, column).as_integer()
    }

    /// The value; NULL for columns that are not there.
    pub(super) fn value(&self, row: usize, column: &str) -> Value {
        self.place(column).map_or(Value::Null, |place| self.batch.column(place).value(row))
    }
}

/// Rows of a table with those of the columns that it has; `None` where the table is not there.
pub(super) async fn read(
    source: &dyn Source,
    table: &str,
    columns: &[&str],
    filter: Filter,
) -> Result<Option<Read>> {
    let Some(shape) = source.shape(&TableName::new(table)).await? else { return Ok(None) };
    let there: Vec<ColumnRef> =
        columns.iter().filter_map(|name| shape.column(name).map(ColumnRef::from)).collect();
    let names = there.iter().map(|column| column.name.clone()).collect();
    if there.is_empty() {
        return Ok(None);
    }
    let request = RowsRequest {
        order_by: shape.column("ID").map(|column| column.name.clone()),
        table: shape.name,
        columns: there,
        filter,
        limit: None,
    };
    let batch = source.rows(&request).await?;
    Ok(Some(Read { names, batch }))
}

/// An entity of an active espace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Known {
    /// Its name.
    pub(super) name: String,
    /// Its physical table.
    pub(super) table: String,
    /// The catalog of its espace, where that is not the platform's own database.
    pub(super) catalog: Option<String>,
}

/// Entities of active espaces that the filter finds; with `inactive` also those that are not in the
/// current model.
pub(super) async fn entities(
    source: &dyn Source,
    filter: Filter,
    inactive: bool,
) -> Result<Vec<Known>> {
    let wanted = ["ID", "NAME", "ESPACE_ID", "IS_ACTIVE", "PHYSICAL_TABLE_NAME"];
    let Some(found) = read(source, "OSSYS_ENTITY", &wanted, filter).await? else {
        return Err(no_platform(source, "OSSYS_ENTITY"));
    };
    let espaces = espaces(source).await?;
    let catalogs = read(source, "OSSYS_DBCATALOG", &["ID", "NAME"], Filter::All).await?;
    let catalog = |id: i64| {
        let catalogs = catalogs.as_ref()?;
        let row = (0..catalogs.len()).find(|row| catalogs.integer(*row, "ID") == Some(id))?;
        let name = catalogs.text(row, "NAME");
        (!name.is_empty() && !same_name(&name, "(Main)")).then_some(name)
    };
    Ok((0..found.len())
        .filter(|row| inactive || found.integer(*row, "IS_ACTIVE") != Some(0))
        .filter_map(|row| {
            let id = found.integer(row, "ESPACE_ID")?;
            let espace = espaces.iter().find(|espace| espace.id == id)?;
            Some(Known {
                name: format!("{}.{}", espace.name, found.text(row, "NAME")),
                table: found.text(row, "PHYSICAL_TABLE_NAME"),
                catalog: espace.catalog.and_then(catalog),
            })
        })
        .collect())
}

/// An active espace.
pub(super) struct Espace {
    pub(super) id: i64,
    pub(super) name: String,
    /// Its catalog in OSSYS_DBCATALOG.
    catalog: Option<i64>,
}

/// All active espaces.
pub(super) async fn espaces(source: &dyn Source) -> Result<Vec<Espace>> {
    let wanted = ["ID", "NAME", "IS_ACTIVE", "DBCATALOG_ID"];
    let Some(found) = read(source, "OSSYS_ESPACE", &wanted, Filter::All).await? else {
        return Err(no_platform(source, "OSSYS_ESPACE"));
    };
    Ok((0..found.len())
        .filter(|row| found.integer(*row, "IS_ACTIVE") != Some(0))
        .filter_map(|row| {
            Some(Espace {
                id: found.integer(row, "ID")?,
                name: found.text(row, "NAME"),
                catalog: found.integer(row, "DBCATALOG_ID"),
            })
        })
        .collect())
}

fn no_platform(source: &dyn Source, table: &str) -> Fault {
    Fault::new(
        FaultKind::NotFound,
        format!("{} is no OutSystems database: the table {table} is missing", source.facts().place),
    )
    .advise("Name the clone's platform database, not its log or session database.")
}

/// A condition on the texts of a column; rows without one do not meet it.
pub(super) fn any_of(column: &str, texts: &[String]) -> Filter {
    Filter::AnyOf(column.to_owned(), texts.iter().map(|text| Value::text(text)).collect())
}

/// The column by its name in the catalogue.
pub(super) fn column_name(shape: &TableShape, name: &str) -> Option<String> {
    shape.column(name).map(|column| column.name.clone())
}

/// The further catalogs that an environment keeps data in (`metamodel.md` §3.9).
pub async fn catalogs(source: &dyn Source) -> Result<Vec<String>> {
    let Some(found) = read(source, "OSSYS_DBCATALOG", &["NAME"], Filter::All).await? else {
        return Ok(Vec::new());
    };
    let names = (0..found.len()).map(|row| found.text(row, "NAME"));
    Ok(names.filter(|name| !name.is_empty() && !same_name(name, "(Main)")).collect())
}
