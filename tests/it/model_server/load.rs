//! An environment on the server, and what the server holds as the judge reads it.

use std::sync::Arc;

use osferry::database::{
    ColumnShape, DeleteAction, EngineKind, ForeignKey, IndexShape, ObjectKind, TableName,
    TableShape, TriggerShape, Value,
};

use super::table::{Row, Table};
use super::{Habits, Server};
use crate::estate::chance::Chance;
use crate::estate::content::{Cells, Content};
use crate::estate::model::Environment;
use crate::estate::platform::{self, tables};
use crate::estate::port::{cell, shape, value};

fn table_shape(table: &platform::Table) -> TableShape {
    let events = table.trigger.iter().map(|_| TriggerShape {
        name: format!("OSTRG_EI__{}", table.name),
        instead_of: false,
        disabled: false,
    });
    TableShape {
        name: TableName {
            schema: Some("dbo".to_owned()),
            ..TableName::new(table.name.to_uppercase())
        },
        kind: ObjectKind::Table,
        columns: table
            .columns
            .iter()
            .map(|column| {
                let is_key = table.primary.as_ref() == Some(&column.name);
                let column = shape(column);
                ColumnShape { nullable: column.nullable && !is_key && !column.identity, ..column }
            })
            .collect(),
        primary_key: table.primary.iter().cloned().collect(),
        unique_indexes: table
            .uniques
            .iter()
            .enumerate()
            .map(|(number, columns)| IndexShape {
                name: format!("OSIDX_{}_{number}", table.name),
                columns: columns.clone(),
                collations: vec![None; columns.len()],
                filtered: false,
            })
            .collect(),
        foreign_keys: table
            .foreign
            .iter()
            .map(|key| ForeignKey {
                name: format!("OSFRK_{}_{}_{}", table.name, key.parent, key.column),
                column: key.column.clone(),
                parent: TableName {
                    schema: Some("dbo".to_owned()),
                    ..TableName::new(key.parent.to_uppercase())
                },
                parent_column: key.parent_column.clone(),
                on_delete: if key.cascade { DeleteAction::Cascade } else { DeleteAction::NoAction },
                disabled: false,
                not_trusted: false,
            })
            .collect(),
        checks: Vec::new(),
        triggers: events.collect(),
    }
}

fn made(table: &platform::Table, habits: Habits) -> Table {
    let shape = table_shape(table);
    let defaults = table.columns.iter().zip(&shape.columns).map(|(column, shape)| {
        let default = column.default.as_ref();
        default.map_or(Value::Null, |d| value(d, &shape.data_type, EngineKind::SqlServer))
    });
    let defaults = defaults.collect();
    let mut made = Table::new(shape, defaults);
    for cells in &table.rows {
        let columns = made.shape.columns.iter();
        let row: Row = cells
            .iter()
            .zip(columns)
            .map(|(cell, column)| value(cell, &column.data_type, EngineKind::SqlServer))
            .collect();
        made.put(row);
    }
    if let Some(identity) = made.shape.columns.iter().position(|column| column.identity) {
        let highest = made.rows(None).filter_map(|(_, row)| row[identity].as_integer()).max();
        let mut chance = Chance::new(habits.seed).fork(&table.name);
        let gap = if chance.percent(habits.gaps) { chance.between(1, 90) } else { 0 };
        made.next = highest.unwrap_or(0).max(0) + 1 + gap;
    }
    made.events.clone_from(&table.trigger);
    made
}

impl Server {
    /// A server whose database is this environment; `whim` decides what is left open.
    pub fn with(name: &str, environment: &Environment, whim: u64, habits: Habits) -> Arc<Self> {
        let server = Self::new(name, habits);
        let all = tables(environment, &Chance::new(whim));
        for table in &all {
            server.world().tables.insert(table.name.to_uppercase(), made(table, habits));
        }
        server
    }

    /// What is committed, but for rows that other applications have inserted meanwhile: those
    /// have to be there as they were inserted.
    pub fn content(&self) -> Content {
        let world = self.world();
        let mut content = Content::default();
        for (name, table) in &world.tables {
            let names: Vec<String> =
                table.shape.columns.iter().map(|column| column.name.to_uppercase()).collect();
            let mut rows: Vec<Row> = table.rows(None).map(|(_, row)| row.clone()).collect();
            for (_, other) in world.of_others.iter().filter(|(at, _)| at == name) {
                let at = rows.iter().position(|row| row == other);
                let at = at.unwrap_or_else(|| panic!("{name}: another's row is gone: {other:?}"));
                rows.remove(at);
            }
            let cells =
                |row: &Row| -> Cells { names.iter().cloned().zip(row.iter().map(cell)).collect() };
            content.tables.insert(name.clone(), rows.iter().map(cells).collect());
        }
        content
    }

    /// The same database, in which nothing changes any more.
    pub(super) fn as_of_now(&self) -> Arc<Self> {
        let still = Self::new(&self.name, self.habits);
        for (name, table) in &self.world().tables {
            let mut copy = Table::new(table.shape.clone(), table.defaults.clone());
            table.rows(None).for_each(|(_, row)| copy.put(row.clone()));
            still.world().tables.insert(name.clone(), copy);
        }
        still
    }

    /// How many rows other applications have inserted meanwhile.
    pub fn of_others(&self) -> usize {
        self.world().of_others.len()
    }
}
