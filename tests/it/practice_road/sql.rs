//! Rows as SQLite has them, without a thought of what they mean.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

/// A cell: the bytes that are stored.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cell {
    Null,
    Integer(i64),
    /// The bits of a float, so that equal means the same.
    Real(u64),
    Text(Vec<u8>),
    Blob(Vec<u8>),
}

impl Cell {
    /// As it would be looked up: identifiers and names compare without case.
    pub fn key(&self) -> String {
        self.text().to_lowercase()
    }

    /// For people and for names.
    pub fn text(&self) -> String {
        match self {
            Self::Null => String::new(),
            Self::Integer(value) => value.to_string(),
            Self::Real(bits) => f64::from_bits(*bits).to_string(),
            Self::Text(bytes) | Self::Blob(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        }
    }

    pub fn is_set(&self) -> bool {
        *self == Self::Integer(1)
    }

    /// What stands for an empty identifier, apart from NULL.
    pub fn is_null_identifier(&self) -> bool {
        matches!(self.key().as_str(), "0" | "")
    }
}

/// A table, or the answer to a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet {
    /// In upper case.
    pub columns: Vec<String>,
    pub rows: Vec<Vec<Cell>>,
}

impl Sheet {
    /// Where a column stands, if there is one of that name.
    pub fn find(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|name| name.eq_ignore_ascii_case(column))
    }

    /// Where a column stands.
    pub fn at(&self, column: &str) -> usize {
        self.find(column).unwrap_or_else(|| panic!("no column {column} in {:?}", self.columns))
    }

    /// Rows by the key of one column.
    pub fn by(&self, column: &str) -> BTreeMap<String, &Vec<Cell>> {
        let at = self.at(column);
        self.rows.iter().map(|row| (row[at].key(), row)).collect()
    }

    /// The same rows in an order that depends on nothing but them.
    pub fn sorted(mut self) -> Self {
        self.rows.sort();
        self
    }
}

pub fn open(path: &Path) -> Connection {
    Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Asks a question.
pub fn ask(connection: &Connection, sql: &str) -> Sheet {
    let fail = |error: rusqlite::Error| -> ! { panic!("{sql}: {error}") };
    let mut statement = connection.prepare(sql).unwrap_or_else(|error| fail(error));
    let columns: Vec<String> = statement.column_names().map(str::to_uppercase).collect();
    let mut answer = statement.query([]).unwrap_or_else(|error| fail(error));
    let mut rows = Vec::new();
    while let Some(row) = answer.next().unwrap_or_else(|error| fail(error)) {
        let cell = |at: usize| match row.get_ref(at).unwrap_or_else(|error| fail(error)) {
            ValueRef::Null => Cell::Null,
            ValueRef::Integer(value) => Cell::Integer(value),
            ValueRef::Real(value) => Cell::Real(value.to_bits()),
            ValueRef::Text(bytes) => Cell::Text(bytes.to_vec()),
            ValueRef::Blob(bytes) => Cell::Blob(bytes.to_vec()),
        };
        rows.push((0..columns.len()).map(cell).collect());
    }
    Sheet { columns, rows }
}

/// A whole table.
pub fn table(connection: &Connection, name: &str) -> Sheet {
    ask(connection, &format!("SELECT * FROM \"{name}\""))
}

/// The names of all tables, in upper case.
pub fn tables(connection: &Connection) -> Vec<String> {
    let sql = "SELECT upper(name) FROM sqlite_master WHERE type = 'table' ORDER BY 1";
    ask(connection, sql).rows.iter().map(|row| row[0].text()).collect()
}

/// What is known of a column.
#[derive(Clone, Debug)]
pub struct Shape {
    pub name: String,
    pub data_type: String,
    pub is_nullable: bool,
    /// The value that a row gets which says nothing.
    pub default: Cell,
}

/// The columns of a table.
pub fn shape(connection: &Connection, table: &str) -> Vec<Shape> {
    let sql = format!(
        "SELECT name, type, \"notnull\", dflt_value FROM pragma_table_info('{table}') ORDER BY cid"
    );
    let column = |row: &Vec<Cell>| Shape {
        name: row[0].text().to_uppercase(),
        data_type: row[1].text(),
        is_nullable: !row[2].is_set(),
        default: match &row[3] {
            Cell::Null => Cell::Null,
            given => ask(connection, &format!("SELECT {}", given.text())).rows[0][0].clone(),
        },
    };
    ask(connection, &sql).rows.iter().map(column).collect()
}
