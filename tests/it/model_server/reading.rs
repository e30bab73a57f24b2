//! Reading: what is committed, or what is left once those who write have ended.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use osferry::database::{
    Batch, Column, ColumnRef, EngineFacts, Fault, FaultKind, Filter, OneInstant, Result, Rights,
    RowsRequest, Scan, ScanRequest, Source, TableName, TableShape, Value, ValueKind,
};

use super::filter::{Asking, compared};
use super::table::{Row, SessionId, Table, folded};
use super::world::World;
use super::{Database, Server};

impl Server {
    /// Lets a moment pass, and waits for whoever has changed the table, where readers wait.
    pub(super) async fn settle(&self, table: &TableName) {
        loop {
            let ended = self.changed.notified();
            {
                let mut world = self.world();
                world.tick();
                if !self.habits.locking_reads {
                    return;
                }
                let writers = world.writers(table, None);
                let (alive, dead): (Vec<_>, Vec<_>) =
                    writers.into_iter().partition(|id| world.has_client(*id));
                dead.into_iter().for_each(|id| world.wait_for(id));
                if alive.is_empty() {
                    return;
                }
            }
            ended.await;
        }
    }
}

/// The rows that a filter lets through, sorted by a column if one is named.
fn select<'a>(
    world: &'a World,
    table: &'a Table,
    filter: &Filter,
    order: Option<&str>,
    by: Option<SessionId>,
) -> Result<Vec<&'a Row>> {
    let asking = Asking { world, table, by };
    let mut found = Vec::new();
    for (_, row) in table.rows(by) {
        if asking.lets(filter, row)? {
            found.push(row);
        }
    }
    if let Some(order) = order {
        let place = place(table, order)?;
        // NULL comes first.
        found.sort_by(|a, b| match (&a[place], &b[place]) {
            (Value::Null, Value::Null) => Ordering::Equal,
            (Value::Null, _) => Ordering::Less,
            (_, Value::Null) => Ordering::Greater,
            (a, b) => compared(a, b).unwrap_or(Ordering::Equal),
        });
    }
    Ok(found)
}

fn place(table: &Table, column: &str) -> Result<usize> {
    table.column(column).ok_or_else(|| {
        Fault::new(FaultKind::NotFound, format!("{} has no column {column}", table.shape.name))
    })
}

fn places(table: &Table, columns: &[ColumnRef]) -> Result<Vec<usize>> {
    columns.iter().map(|column| place(table, &column.name)).collect()
}

fn push(batch: &mut Batch, row: &Row, places: &[usize]) -> Result<()> {
    let values: Vec<Value> = places.iter().map(|place| row[*place].clone()).collect();
    batch.push_row(&values)
}

/// The rows of a request, as a session sees them.
pub(super) fn rows(world: &World, request: &RowsRequest, by: Option<SessionId>) -> Result<Batch> {
    let table = world.table(&request.table)?;
    let rows = select(world, table, &request.filter, request.order_by.as_deref(), by)?;
    let places = places(table, &request.columns)?;
    let mut batch = Batch::for_types(request.columns.iter().map(|column| &column.data_type))?;
    for row in rows.into_iter().take(request.limit.unwrap_or(usize::MAX)) {
        push(&mut batch, row, &places)?;
    }
    Ok(batch)
}

#[async_trait]
impl Source for Database {
    fn facts(&self) -> &EngineFacts {
        &self.facts
    }

    async fn tables(&self, catalog: Option<&str>) -> Result<Vec<TableName>> {
        match catalog {
            None => Ok(self.server.world().tables.values().map(|t| t.shape.name.clone()).collect()),
            Some(catalog) => {
                let what = format!("the database catalog {catalog} is not there");
                Err(Fault::new(FaultKind::NotFound, what))
            }
        }
    }

    async fn shapes(&self, tables: &[TableName]) -> Result<Vec<Option<TableShape>>> {
        let world = self.server.world();
        Ok(tables.iter().map(|name| world.table(name).ok().map(|t| t.shape.clone())).collect())
    }

    async fn rows(&self, request: &RowsRequest) -> Result<Batch> {
        self.server.settle(&request.table).await;
        rows(&self.server.world(), request, None)
    }

    async fn scan(&self, request: ScanRequest) -> Result<Box<dyn Scan>> {
        self.server.world().table(&request.table)?;
        Ok(Box::new(Paging {
            server: Arc::clone(&self.server),
            after: request.after.clone(),
            request,
            at_once: None,
        }))
    }

    async fn count(&self, table: &TableName, filter: &Filter) -> Result<u64> {
        self.server.settle(table).await;
        let world = self.server.world();
        Ok(select(&world, world.table(table)?, filter, None, None)?.len() as u64)
    }

    async fn highest(&self, table: &TableName, column: &str) -> Result<Option<i64>> {
        self.server.settle(table).await;
        let world = self.server.world();
        let table = world.table(table)?;
        let place = place(table, column)?;
        Ok(table.rows(None).filter_map(|(_, row)| row[place].as_integer()).max())
    }

    async fn distinct(
        &self,
        table: &TableName,
        column: &ColumnRef,
        filter: &Filter,
        limit: usize,
    ) -> Result<Batch> {
        self.server.settle(table).await;
        let world = self.server.world();
        let table = world.table(table)?;
        let place = place(table, &column.name)?;
        let mut counts: HashMap<String, (Value, i64)> = HashMap::new();
        for row in select(&world, table, filter, Some(&column.name), None)? {
            if !row[place].is_null() {
                counts.entry(folded(&row[place])).or_insert((row[place].clone(), 0)).1 += 1;
            }
        }
        let mut counts: Vec<(Value, i64)> = counts.into_values().collect();
        counts.sort_by(|(a, x), (b, y)| {
            y.cmp(x).then_with(|| compared(a, b).unwrap_or(Ordering::Equal))
        });
        let mut batch = Batch::new(vec![
            Column::for_type(&column.data_type)?,
            Column::new(ValueKind::Integer, 0),
        ])?;
        for (value, count) in counts.into_iter().take(limit) {
            batch.push_row(&[value, Value::Integer(count)])?;
        }
        Ok(batch)
    }

    async fn instant(&self, _tables: &[TableName]) -> Result<Box<dyn Source>> {
        match self.facts.capabilities.instant {
            OneInstant::Allowed => Ok(self.server.as_of_now().source()),
            _ => Err(Fault::new(FaultKind::NotApplicable, "there are no row versions")),
        }
    }

    async fn rights(&self, tables: &[TableName]) -> Result<Vec<Rights>> {
        let all = Some(true);
        let alter = Some(self.server.habits.may_alter);
        Ok(vec![
            Rights {
                select: all,
                insert: all,
                update: all,
                delete: all,
                alter,
                view_definition: all
            };
            tables.len()
        ])
    }
}

/// Pages through one table; without a key, through what was there at first.
struct Paging {
    server: Arc<Server>,
    request: ScanRequest,
    after: Option<Value>,
    at_once: Option<std::vec::IntoIter<Row>>,
}

/// About how many bytes a row is.
fn size(row: &Row) -> usize {
    let size = |value: &Value| match value {
        Value::Text(bytes) | Value::Binary(bytes) => bytes.len() + 8,
        _ => 8,
    };
    row.iter().map(size).sum()
}

impl Paging {
    /// The rows from here on, as far as one batch may need them.
    fn coming(&mut self) -> Result<Vec<Row>> {
        let world = self.server.world();
        let table = world.table(&self.request.table)?;
        let Some(key) = &self.request.key else {
            if self.at_once.is_none() {
                let rows = select(&world, table, &self.request.filter, None, None)?;
                self.at_once = Some(rows.into_iter().cloned().collect::<Vec<_>>().into_iter());
            }
            let rest = self.at_once.iter_mut().flatten();
            return Ok(rest.take(self.request.batch_rows).collect());
        };
        let key = place(table, key)?;
        let order = Some(table.shape.columns[key].name.as_str());
        let rows = select(&world, table, &self.request.filter, order, None)?;
        let later = rows.into_iter().filter(|row| match &self.after {
            Some(after) => compared(&row[key], after) == Some(Ordering::Greater),
            None => true,
        });
        Ok(later.take(self.request.batch_rows).cloned().collect())
    }
}

#[async_trait]
impl Scan for Paging {
    async fn next(&mut self) -> Result<Option<Batch>> {
        self.server.settle(&self.request.table).await;
        let coming = self.coming()?;
        let world = self.server.world();
        let table = world.table(&self.request.table)?;
        let places = places(table, &self.request.columns)?;
        let key = self.request.key.as_ref().map(|key| place(table, key)).transpose()?;
        let types = self.request.columns.iter().map(|column| &column.data_type);
        let mut batch = Batch::for_types(types)?;
        let mut bytes = 0;
        for row in &coming {
            push(&mut batch, row, &places)?;
            bytes += size(row);
            if let Some(key) = key {
                self.after = Some(row[key].clone());
                if bytes >= self.request.batch_bytes {
                    break;
                }
            }
        }
        Ok((!batch.is_empty()).then_some(batch))
    }
}
