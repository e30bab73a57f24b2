//! Rows of ours that nothing but their content tells from others go: of each content as many as we
//! wrote.
//!
//! Where all that a table holds is ours, whatever goes is ours. Where it holds rows of others as
//! well, rows are asked for by what is in them. Either way what has gone is looked at before it is
//! committed: a row too many, and nothing has happened.

use std::collections::HashMap;

use super::super::journal::{BatchKind, NewBatch, WrittenTo};
use super::super::operation::{Contents, Operation, row_hashes};
use super::Undoing;
use super::ours::{OurTable, take_off};
use crate::database::{ColumnType, FaultKind, Filter, Removal, Result, ScanRequest, Value};

/// Rows of a page.
const PAGE_ROWS: usize = 10_000;
const PAGE_BYTES: usize = 8 << 20;
/// Contents that are looked for at once: as many rows lie in memory.
const LOOKED_FOR: usize = 20_000;
/// Two thousandths of a second, in ticks: less than from one moment of a `datetime` to the next.
const CLOSE_BY: i64 = 20_000;
/// Values that one statement asks for.
const ASKED_FOR: usize = 1_000;

/// What a table holds of what is wanted.
#[derive(Default)]
struct Found {
    /// Some of the contents that are there.
    contents: Vec<Content>,
    /// Rows of others.
    others: u64,
}

/// Rows that hold the same.
#[derive(Clone)]
struct Content {
    hash: u128,
    values: Vec<Value>,
    /// How many of them go.
    times: usize,
    /// Whether rows of others hold the same.
    is_shared: bool,
}

impl Undoing<'_> {
    /// Deletes them. Nothing can refer to them, so they go first.
    pub(super) async fn take_out_unkeyed(&mut self) -> Result<()> {
        let ours = self.ours;
        for table in ours.tables.iter().filter(|table| table.key.is_none()) {
            let wanted = table.hashes.clone();
            self.done(table.rows.saturating_sub(number(&wanted)));
            self.doing(format!("taking rows of {} out", table.name));
            let left = self
                .take_out_contents(table, wanted)
                .await
                .map_err(|fault| fault.while_doing(format!("taking rows of {} out", table.name)))?;
            if left > 0 {
                self.not_found(table, left)?;
            }
        }
        Ok(())
    }

    /// Returns how many rows are not there as we wrote them, or cannot be told from others.
    async fn take_out_contents(&mut self, table: &OurTable, mut wanted: Contents) -> Result<u64> {
        let mut alike = 0;
        while !wanted.is_empty() {
            let before = number(&wanted);
            let found = self.look_for(table, &wanted).await?;
            match found.others {
                0 => self.take_out_all(table, &mut wanted).await?,
                _ => alike += self.take_out_some(table, found.contents, &mut wanted).await?,
            }
            if number(&wanted) == before {
                break;
            }
        }
        Ok(alike + number(&wanted))
    }

    /// Looks for rows with what is wanted.
    async fn look_for(&self, table: &OurTable, wanted: &Contents) -> Result<Found> {
        let mut scan = self
            .destination
            .scan(ScanRequest {
                table: table.table.clone(),
                columns: table.columns.clone(),
                filter: Filter::All,
                key: None,
                after: None,
                batch_rows: PAGE_ROWS,
                batch_bytes: PAGE_BYTES,
            })
            .await?;
        let mut wanted = wanted.clone();
        let mut found = Found::default();
        let mut places: HashMap<u128, usize> = HashMap::new();
        while let Some(page) = scan.next().await? {
            for (row, hash) in row_hashes(&page).into_iter().enumerate() {
                let place = places.get(&hash).copied();
                let Some(times) = wanted.get_mut(&hash).filter(|times| **times > 0) else {
                    found.others += 1;
                    if let Some(place) = place {
                        found.contents[place].is_shared = true;
                    }
                    continue;
                };
                *times -= 1;
                if let Some(place) = place {
                    found.contents[place].times += 1;
                } else if found.contents.len() < LOOKED_FOR {
                    places.insert(hash, found.contents.len());
                    let values = page.columns().iter().map(|column| column.value(row)).collect();
                    found.contents.push(Content { hash, values, times: 1, is_shared: false });
                }
            }
        }
        Ok(found)
    }

    /// Deletes rows of a table that held nothing but what is wanted, until somebody else's row
    /// comes between.
    async fn take_out_all(&mut self, table: &OurTable, wanted: &mut Contents) -> Result<()> {
        let limit = self.plan.options.batch_rows;
        loop {
            match self.take_out_where(table, Filter::All, limit, wanted).await {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                Err(fault) if fault.kind == FaultKind::Data => return Ok(()),
                Err(fault) => return Err(fault),
            }
        }
    }

    /// Deletes rows with these contents and no others. Those that cannot be told from others are
    /// no more wanted; returned is how many they are.
    async fn take_out_some(
        &mut self,
        table: &OurTable,
        contents: Vec<Content>,
        wanted: &mut Contents,
    ) -> Result<u64> {
        let at_once = (ASKED_FOR / table.columns.len().max(1)).max(1);
        let (shared, own): (Vec<_>, Vec<_>) =
            contents.into_iter().partition(|content| content.is_shared);
        let mut pending: Vec<Vec<Content>> = own.chunks(at_once).map(<[_]>::to_vec).collect();
        pending.extend(shared.into_iter().map(|content| vec![content]));
        let mut alike = 0;
        while let Some(group) = pending.pop() {
            let rows = group.iter().map(|content| content.times).sum();
            let equal = group.iter().map(|content| equal(table, &content.values)).collect();
            match self.take_out_where(table, Filter::Or(equal), rows, wanted).await {
                Ok(_) => {}
                // Texts are compared without case in the database: rows of others came along.
                Err(fault) if fault.kind == FaultKind::Data => match group.as_slice() {
                    [one] => {
                        alike += wanted.remove(&one.hash).unwrap_or_default() as u64;
                    }
                    all => {
                        let (first, second) = all.split_at(all.len() / 2);
                        pending.extend([first.to_vec(), second.to_vec()]);
                    }
                },
                Err(fault) => return Err(fault),
            }
        }
        Ok(alike)
    }

    /// One transaction: deletes rows that meet a condition, provided that all of them are wanted.
    async fn take_out_where(
        &mut self,
        table: &OurTable,
        filter: Filter,
        limit: usize,
        wanted: &mut Contents,
    ) -> Result<u64> {
        self.control.between_batches().await?;
        let removal = Removal {
            table: table.table.clone(),
            filter,
            limit,
            key: None,
            returning: table.columns.clone(),
        };
        let counted = self.destination.count(&table.table, &Filter::All).await?;
        let batch = NewBatch {
            entity: table.entity,
            written_to: Some(WrittenTo {
                table: table.table.clone(),
                key: None,
                columns: Vec::new(),
            }),
            counted: Some(counted),
            ..NewBatch::new(BatchKind::UndoInsert, "", 0)
        };
        let operation = Operation::Delete { removal: &removal, keep: false, expect: Some(wanted) };
        let done = self.write(&operation, batch).await?;
        take_off(wanted, &done.hashes);
        self.done(done.rows);
        Ok(done.rows)
    }

    /// Says that rows of ours are not as they were written, so that nobody can tell which they are.
    fn not_found(&mut self, table: &OurTable, missing: u64) -> Result<()> {
        if let Some(found) = self.result.tables.iter_mut().find(|known| known.name == table.name) {
            found.removed = found.removed.saturating_sub(missing);
            found.left += missing;
        }
        self.story.tell(&format!(
            "{}: {missing} rows of ours are not there as they were written, or cannot be told \
             from rows of others; they stay, or are gone",
            table.table
        ))
    }
}

/// Rows with these values, as far as a server compares them: other rows may meet it, with texts
/// that differ in case, another large value or a moment close by.
fn equal(table: &OurTable, values: &[Value]) -> Filter {
    use ColumnType::{DateTime, Image, NText, Text};
    let columns = table.columns.iter().zip(values);
    Filter::And(
        columns
            .filter_map(|(column, value)| match (value, &column.data_type) {
                (Value::Null, _) => Some(Filter::IsNull(column.name.clone())),
                // Neither `=` nor IN takes these types.
                (_, Image | NText | Text) => None,
                // Kept in three-hundredths of a second, which not every server rounds alike.
                (Value::DateTime(ticks), DateTime) => Some(Filter::Between(
                    column.name.clone(),
                    Value::DateTime(ticks - CLOSE_BY),
                    Value::DateTime(ticks + CLOSE_BY),
                )),
                (value, _) => Some(Filter::Equals(column.name.clone(), value.clone())),
            })
            .collect(),
    )
}

fn number(contents: &Contents) -> u64 {
    contents.values().map(|times| *times as u64).sum()
}
