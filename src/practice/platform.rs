//! The platform's own tables: their shapes, from `platform.toml`.

use serde::Deserialize;

use super::company::{parse, wrong};
use crate::database::{
    ColumnShape, ColumnType, NewColumn, NewForeignKey, NewIndex, NewTable, Result, TableName,
    same_name,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    table: Vec<Entry>,
}

/// A table as it is written down.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    name: String,
    columns: String,
    key: Option<Vec<String>>,
    #[serde(default)]
    unique: Vec<String>,
    #[serde(default)]
    foreign: Vec<String>,
}

/// A platform table.
pub(super) struct PlatformTable {
    pub(super) table: NewTable,
    pub(super) foreign_keys: Vec<NewForeignKey>,
}

impl PlatformTable {
    /// Its name.
    pub(super) fn name(&self) -> &str {
        &self.table.name.name
    }

    /// Its columns.
    pub(super) fn columns(&self) -> Vec<ColumnShape> {
        self.table.columns.iter().map(|column| column.shape.clone()).collect()
    }
}

/// All platform tables, parents before children where they have one.
pub(super) fn tables() -> Result<Vec<PlatformTable>> {
    let file: File = parse("platform.toml", include_str!("../../assets/practice/platform.toml"))?;
    file.table.into_iter().map(table).collect()
}

/// A table of the platform's kind.
pub(super) fn table(entry: Entry) -> Result<PlatformTable> {
    let mut columns = split_columns(&entry.columns)
        .into_iter()
        .map(|declared| column(&entry.name, declared))
        .collect::<Result<Vec<_>>>()?;
    let first = columns.first().map(|column| vec![column.shape.name.clone()]);
    let primary_key = entry.key.or(first).unwrap_or_default();
    for column in &mut columns {
        if primary_key.iter().any(|key| same_name(key, &column.shape.name)) {
            column.shape.nullable = false;
        }
    }
    let foreign_keys = entry
        .foreign
        .iter()
        .map(|declared| foreign_key(&entry.name, declared))
        .collect::<Result<Vec<_>>>()?;
    let mut indexes: Vec<NewIndex> = entry
        .unique
        .iter()
        .map(|declared| {
            let columns = declared.split(',').map(|column| column.trim().to_owned()).collect();
            index(&entry.name, columns, true)
        })
        .collect();
    for key in &foreign_keys {
        indexes.push(index(&entry.name, vec![key.column.clone()], false));
    }
    let name = TableName::new(entry.name);
    Ok(PlatformTable { table: NewTable { name, columns, primary_key, indexes }, foreign_keys })
}

/// The declared columns; a comma inside brackets belongs to a type.
fn split_columns(declared: &str) -> Vec<&str> {
    let mut depth = 0_i32;
    declared
        .split(move |sign| {
            match sign {
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => {}
            }
            sign == ',' && depth == 0
        })
        .map(str::trim)
        .collect()
}

fn column(table: &str, declared: &str) -> Result<NewColumn> {
    let unclear = || wrong(format!("{table}: `{declared}` declares no column"));
    let (name, rest) = declared.split_once(' ').ok_or_else(unclear)?;
    let (rest, not_null) = strip(rest, " not null");
    let (data_type, identity) = strip(rest, " identity");
    let data_type = ColumnType::parse(data_type);
    if data_type.kind().is_none() {
        return Err(unclear());
    }
    Ok(NewColumn {
        shape: ColumnShape {
            name: name.to_owned(),
            data_type,
            nullable: !not_null,
            identity,
            computed: false,
            has_default: false,
        },
        default: None,
    })
}

fn strip<'a>(text: &'a str, ending: &str) -> (&'a str, bool) {
    text.strip_suffix(ending).map_or((text, false), |rest| (rest, true))
}

fn foreign_key(table: &str, declared: &str) -> Result<NewForeignKey> {
    let (column, parent) = declared
        .split_once(" -> ")
        .ok_or_else(|| wrong(format!("{table}: `{declared}` declares no foreign key")))?;
    let (parent, cascade) = strip(parent, " cascade");
    Ok(NewForeignKey {
        name: foreign_key_name(table, parent, column),
        column: column.to_owned(),
        parent: TableName::new(parent),
        parent_column: "ID".to_owned(),
        cascade,
    })
}

/// As the platform names foreign keys (`metamodel.md` §3.6).
pub(super) fn foreign_key_name(table: &str, parent: &str, column: &str) -> String {
    format!("OSFRK_{table}_{parent}_{column}").to_uppercase()
}

/// An index, named as the platform names them: the length of each column's name precedes it.
pub(super) fn index(table: &str, columns: Vec<String>, unique: bool) -> NewIndex {
    let mut name = format!("OSIDX_{table}");
    for column in &columns {
        name.push_str(&format!("_{}{column}", column.len()));
    }
    NewIndex { name: name.to_uppercase(), columns, unique }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_foreign_key_leads_to_a_table_with_that_key() {
        let tables = tables().expect("platform tables");
        assert!(tables.len() >= 35, "{}", tables.len());
        for table in &tables {
            for key in &table.foreign_keys {
                let parent = tables.iter().find(|t| t.table.name == key.parent);
                let parent = parent.unwrap_or_else(|| panic!("{} is missing", key.parent));
                assert_eq!(parent.table.primary_key, ["ID"], "{}", key.name);
                let has = |name: &str| table.table.columns.iter().any(|c| c.shape.name == name);
                assert!(has(&key.column), "{}", key.name);
                assert!(key.name.len() <= 128, "{}", key.name);
            }
        }
    }
}
