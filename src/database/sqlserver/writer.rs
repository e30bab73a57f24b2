//! One session that writes.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use tiberius::Row;

use super::connect::{Intent, Target};
use super::connection::{Connection, Flow, ReadFailure, Undecided, integer, unexpected};
use super::source::SqlServerSource;
use super::statements::filter::{Names, Writer as Conditions};
use super::statements::read::{self, Selection};
use super::statements::write::{self, Before, Insert, StageColumn};
use super::statements::{Statement, alike, take_lock};
use super::written::{TableFacts, Written};
use super::{fault, reserve, scan, stage};
use crate::database::{
    Alike, AlikeTarget, Batch, ColumnRef, ColumnShape, ColumnType, Fault, FaultKind, Filter,
    InsertTarget, JournalToken, Outcome, Removal, Removed, Result, RowsRequest, TableName,
    UpdateTarget, Writer, same_name,
};

/// The name of a session's lock, by which another session can wait for its end.
pub(super) fn session_lock(session: &str) -> String {
    format!("osferry:{session}")
}

/// How `#stage` and `#out` look at present.
#[derive(Clone, PartialEq)]
struct Layout {
    columns: Vec<StageColumn>,
    out_identity: bool,
    captures: bool,
}

/// A connection that writes.
pub(super) struct SqlServerWriter {
    target: Arc<Target>,
    reading: Arc<SqlServerSource>,
    connection: Connection,
    written: Arc<Written>,
    layout: Option<Layout>,
    /// What `#stage` holds already for the insert to come.
    staged: Option<Batch>,
    /// The table that may still take explicit identity values after a failed insert.
    identity_insert: Option<TableName>,
}

impl SqlServerWriter {
    /// Connects and takes the session's lock.
    pub(super) async fn open(
        reading: Arc<SqlServerSource>,
        written: Arc<Written>,
        session: &str,
    ) -> Result<Self> {
        let target = Arc::clone(reading.target());
        let mut connection = target.connect_as(Intent::Write, session).await?;
        let lock = take_lock(&session_lock(session), 0);
        if !granted(&connection.batch(&lock, target.limits.metadata).await?)? {
            return Err(Fault::new(
                FaultKind::Busy,
                format!("the session {session} is still open on {}", target.place()),
            )
            .advise("Wait until the server has noticed its end, then go on."));
        }
        Ok(Self {
            target,
            reading,
            connection,
            written,
            layout: None,
            staged: None,
            identity_insert: None,
        })
    }

    /// Commits rows that no journal has to know of.
    pub(super) async fn finish_fill(&mut self) -> Result<()> {
        match self.connection.commit(self.target.limits.statement).await {
            Ok(()) => Ok(()),
            Err(Undecided::Refused(fault) | Undecided::Unknown(fault)) => Err(fault),
        }
    }

    /// The full name of a table and what it stands for.
    async fn names(&self, table: &TableName, filter: &Filter) -> Result<Names> {
        self.reading.names(table, filter).await
    }

    async fn facts(&mut self, table: &TableName) -> Result<TableFacts> {
        self.written.facts(&mut self.connection, table, self.target.limits.metadata).await
    }

    fn stage_columns(
        table: &TableName,
        columns: &[ColumnShape],
        facts: &TableFacts,
        batch: &Batch,
    ) -> Result<Vec<StageColumn>> {
        columns
            .iter()
            .zip(batch.columns())
            .map(|(column, values)| {
                let collation = facts
                    .collations
                    .get(&column.name.to_lowercase())
                    // A collation is a bare word in a statement.
                    .filter(|name| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'))
                    .cloned();
                let as_bytes = stage::has_lone_surrogates(values);
                StageColumn::new(column, collation, as_bytes).ok_or_else(|| {
                    Fault::new(
                        FaultKind::NotApplicable,
                        format!(
                            "{table}.{}: values of type {} are not moved",
                            column.name, column.data_type
                        ),
                    )
                })
            })
            .collect()
    }

    /// Makes `#stage` fit and fills it, unless it holds these very rows already.
    async fn fill_stage(&mut self, layout: Layout, batch: &Batch) -> Result<()> {
        let limits = self.target.limits;
        if let Some(staged) = self.staged.take() {
            if self.layout.as_ref() == Some(&layout) && staged == *batch {
                return Ok(());
            }
            self.layout = None;
        }
        if self.layout.as_ref() != Some(&layout) {
            self.layout = None;
            let sql = write::create_stage(&layout.columns, layout.out_identity, layout.captures);
            self.connection.batch(&sql, limits.metadata).await?;
            self.layout = Some(layout.clone());
        }
        let loaded =
            stage::load(&mut self.connection, &layout.columns, batch, limits.statement).await;
        if loaded.is_err() {
            self.layout = None;
        }
        loaded
    }

    /// How rows are inserted, and how `#stage` looks for it.
    async fn insertion(
        &mut self,
        target: &InsertTarget,
        batch: &Batch,
    ) -> Result<(Insert, Layout)> {
        let names = self.names(&target.table, &Filter::All).await?;
        let shape = names.shape(&target.table)?;
        let table = shape.name.clone();
        let facts = self.facts(&table).await?;
        let columns = Self::stage_columns(&table, &target.columns, &facts, batch)?;
        let place = |name: &str| target.columns.iter().position(|c| same_name(&c.name, name));
        let explicit = target.columns.iter().position(|column| column.identity);
        let key = match explicit {
            Some(place) => vec![place],
            None => shape
                .primary_key
                .iter()
                .map(|name| place(name))
                .collect::<Option<Vec<_>>>()
                .unwrap_or_default(),
        };
        let insert = Insert {
            key,
            explicit_identity: explicit.is_some(),
            table,
            columns,
            identity: target.identity.clone(),
            descending: facts.descending,
            triggers: facts.triggers,
        };
        let layout = Layout {
            columns: insert.columns.clone(),
            out_identity: insert.identity.is_some(),
            captures: insert.captures(),
        };
        Ok((insert, layout))
    }

    async fn stage_batch(&mut self, target: &InsertTarget, batch: &Batch) -> Result<()> {
        if batch.is_empty() {
            return Ok(());
        }
        let (_, layout) = self.insertion(target, batch).await?;
        self.fill_stage(layout, batch).await?;
        self.staged = Some(batch.clone());
        Ok(())
    }

    async fn insert_batch(&mut self, target: &InsertTarget, batch: &Batch) -> Result<Vec<i64>> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        let (insert, layout) = self.insertion(target, batch).await?;
        self.fill_stage(layout, batch).await?;
        let limit = self.target.limits.statement;
        if insert.explicit_identity {
            self.identity_insert = Some(insert.table.clone());
            self.connection.batch(&write::identity_insert(&insert.table, true), limit).await?;
        }
        let results = self.connection.batch(&insert.sql(), limit).await.map_err(|fault| {
            self.layout = None;
            fault::refused_rows(fault)
        })?;
        self.end_identity_insert().await?;
        let counts = results.first().and_then(|rows| rows.first());
        let counts = counts.ok_or_else(|| unexpected("counts of rows"))?;
        let count = |index| -> Result<i64> { Ok(integer(counts, index)?.unwrap_or(-1)) };
        let wanted = i64::try_from(batch.len()).unwrap_or(i64::MAX);
        let [staged, inserted, paired, wrong] = [count(0)?, count(1)?, count(2)?, count(3)?];
        if (staged, inserted, paired, wrong) != (wanted, wanted, wanted, 0) {
            self.layout = None;
            return Err(self.mismatch(&insert, wanted, inserted, paired, wrong).await);
        }
        let ids = match insert.identity {
            Some(_) => {
                let rows = results.get(1).map(Vec::as_slice).unwrap_or_default();
                rows.iter()
                    .map(|row| integer(row, 0)?.ok_or_else(|| unexpected("an id")))
                    .collect::<Result<Vec<i64>>>()?
            }
            None => Vec::new(),
        };
        if insert.identity.is_some() && ids.len() != batch.len() {
            return Err(unexpected("an id for each row"));
        }
        Ok(ids)
    }

    async fn insert_reserved_batch(
        &mut self,
        target: &InsertTarget,
        batch: &Batch,
        last: i64,
    ) -> Result<()> {
        if batch.is_empty() {
            return Ok(());
        }
        let names = self.names(&target.table, &Filter::All).await?;
        let (insert, _) = self.insertion(target, batch).await?;
        let limit = self.target.limits.statement;
        let goes_straight = !self.facts(&insert.table).await?.refused_straight
            && reserve::goes_straight(&insert, names.shape(&target.table)?, batch);
        let loaded = match goes_straight {
            true => Some(reserve::load(&mut self.connection, &insert, batch, limit).await),
            false => None,
        };
        match loaded {
            Some(Err(fault)) if fault.kind == FaultKind::Refused => {
                // What an insert says of a row is clearer, and a load may be refused for reasons of
                // its own. Nothing else is in the transaction, which is lost.
                self.written.refused_straight(&insert.table);
                self.rollback().await?;
                self.begin().await?;
                self.insert_batch(target, batch).await?;
            }
            Some(loaded) => loaded?,
            None => drop(self.insert_batch(target, batch).await?),
        }
        reserve::look_after(&mut self.connection, &insert, batch, last, limit).await
    }

    async fn end_identity_insert(&mut self) -> Result<()> {
        if let Some(table) = self.identity_insert.take() {
            let limit = self.target.limits.statement;
            self.connection.batch(&write::identity_insert(&table, false), limit).await?;
        }
        Ok(())
    }

    /// Says what is wrong with the rows as they were stored.
    async fn mismatch(
        &mut self,
        insert: &Insert,
        wanted: i64,
        inserted: i64,
        paired: i64,
        wrong: i64,
    ) -> Fault {
        let table = &insert.table;
        let refusal = |what: String| Fault::new(FaultKind::Refused, what);
        if inserted != wanted || paired != wanted {
            return refusal(format!(
                "{table}: of {wanted} rows {inserted} were stored and {paired} are still there"
            ))
            .advise("A trigger of the table takes rows away or adds some.");
        }
        let mut columns: Vec<&str> = Vec::new();
        if let Some((indexes, statement)) = insert.diagnosis() {
            let limit = self.target.limits.statement;
            let rows = self.connection.run(&statement, limit).await.unwrap_or_default();
            if let Some(row) = rows.first().and_then(|rows| rows.first()) {
                for (place, index) in indexes.iter().enumerate() {
                    if matches!(integer(row, place), Ok(Some(count)) if count > 0)
                        && let Some(column) = insert.columns.get(*index)
                        && !columns.contains(&column.destination.name.as_str())
                    {
                        columns.push(&column.destination.name);
                    }
                }
            }
        }
        let which = match columns.as_slice() {
            [] => String::new(),
            names => format!(" (in {})", names.join(", ")),
        };
        refusal(format!(
            "{table}: {wrong} of {wanted} rows were not stored as they were sent{which}"
        ))
        .advise("A column's code page, scale or a trigger changes values on their way in.")
    }

    async fn update_batch(&mut self, target: &UpdateTarget, batch: &Batch) -> Result<u64> {
        if batch.is_empty() || target.columns.is_empty() {
            return Ok(0);
        }
        let names = self.names(&target.table, &Filter::All).await?;
        let table = names.shape(&target.table)?.name.clone();
        let facts = self.facts(&table).await?;
        let mut all = vec![target.key.clone()];
        all.extend(target.columns.iter().cloned());
        let columns = Self::stage_columns(&table, &all, &facts, batch)?;
        let sql = write::update(&table, &columns);
        let layout = Layout { columns, out_identity: false, captures: false };
        self.fill_stage(layout, batch).await?;
        let limit = self.target.limits.statement;
        let answer = self.connection.batch(&sql, limit).await.map_err(|fault| {
            self.layout = None;
            fault::refused_rows(fault)
        })?;
        only_count(&answer)
    }

    async fn rows_as(&mut self, request: &RowsRequest, held: bool) -> Result<Batch> {
        let names = self.names(&request.table, &request.filter).await?;
        let table = names.shape(&request.table)?.name.clone();
        let form = self.reading.text_form(&table);
        let selection = Selection { held, ..Selection::of(request, form) };
        let statement = read::select(&names, &selection)?;
        let mut batch = Batch::for_types(request.columns.iter().map(|column| &column.data_type))?;
        self.read(&statement, &table, &mut |row| {
            scan::push(row, &request.columns, &mut batch).map(|()| Flow::More)
        })
        .await?;
        Ok(batch)
    }

    async fn alike_batch(&mut self, target: &AlikeTarget, batch: &Batch) -> Result<Vec<Alike>> {
        let names = self.names(&target.table, &Filter::All).await?;
        let shape = names.shape(&target.table)?;
        let table = shape.name.clone();
        let identifier = &target.identifier;
        let kept = shape.column(&identifier.name).map(|column| column.data_type.clone());
        let kept = kept.unwrap_or_else(|| identifier.data_type.clone());
        let facts = self.facts(&table).await?;
        let columns = Self::stage_columns(&table, &target.columns, &facts, batch)?;
        let form = self.reading.text_form(&table);
        let statement = alike::find(&table, &columns, identifier, &kept, form);
        self.fill_stage(Layout { columns, out_identity: false, captures: false }, batch).await?;
        // The rows stay there until the rollback that follows.
        self.layout = None;
        let number =
            |name: &str| ColumnRef { name: name.to_owned(), data_type: ColumnType::BigInt };
        let wanted = [number("ord"), number("n"), identifier.clone(), number("first")];
        let mut read = Batch::for_types(wanted.iter().map(|column| &column.data_type))?;
        self.read(&statement, &table, &mut |row| {
            scan::push(row, &wanted, &mut read).map(|()| Flow::More)
        })
        .await?;
        if read.len() != batch.len() {
            return Err(unexpected("an answer for each row"));
        }
        let integer = |column: usize, row: usize| read.column(column).integer(row);
        let alike = |row: usize| match (integer(1, row), integer(3, row)) {
            (Some(1), _) => Alike::Row(read.column(2).value(row)),
            (Some(count), _) if count > 1 => Alike::Several(count.unsigned_abs()),
            (_, Some(first)) => usize::try_from(first).map_or(Alike::Nothing, Alike::Earlier),
            _ => Alike::Nothing,
        };
        Ok((0..read.len()).map(alike).collect())
    }

    /// Runs a statement that answers with rows of a table.
    async fn read(
        &mut self,
        statement: &Statement,
        table: &TableName,
        each: &mut (dyn FnMut(Row) -> Result<Flow> + Send),
    ) -> Result<()> {
        match self.connection.read(statement, each).await {
            Ok(_) => Ok(()),
            Err(ReadFailure::LoneSurrogate) => Err(self.reading.met_odd_text(table)),
            Err(failure) => Err(failure.into()),
        }
    }

    /// Deletes rows or empties a column of them, and reads what the statement itself says they
    /// were: nothing can come between.
    async fn remove(&mut self, removal: &Removal, emptied: Option<&str>) -> Result<Removed> {
        let names = self.names(&removal.table, &removal.filter).await?;
        let shape = names.shape(&removal.table)?;
        let table = shape.name.clone();
        let collations = match removal.returning.is_empty() {
            true => HashMap::new(),
            false => self.facts(&table).await?.collations,
        };
        let before: Vec<Before<'_>> = removal
            .returning
            .iter()
            .map(|wanted| {
                let kept = shape.column(&wanted.name);
                Before {
                    wanted,
                    kept: kept.map_or(&wanted.data_type, |kept| &kept.data_type),
                    collation: collations.get(&wanted.name.to_lowercase()).map(String::as_str),
                }
            })
            .collect();
        let key = removal.key.as_deref();
        let mut statement = write::remove(&table, emptied, removal.limit, key, &before);
        let mut conditions = Conditions { names: &names, statement: &mut statement };
        conditions.add(&removal.table, "t", &removal.filter)?;
        statement.add(&write::removed(key, &before, self.reading.text_form(&table)));
        let mut rows = None;
        let mut batch = Batch::for_types(removal.returning.iter().map(|column| &column.data_type))?;
        self.read(&statement, &table, &mut |row| match rows {
            None => {
                rows = Some(integer(&row, 0)?.unwrap_or_default().unsigned_abs());
                Ok(Flow::More)
            }
            Some(_) => scan::push(row, &removal.returning, &mut batch).map(|()| Flow::More),
        })
        .await?;
        let rows = rows.ok_or_else(|| unexpected("a number of rows"))?;
        if !removal.returning.is_empty() && batch.len() as u64 != rows {
            return Err(unexpected("each row as it was"));
        }
        Ok(Removed { rows, before: batch })
    }
}

fn only_count(results: &[Vec<tiberius::Row>]) -> Result<u64> {
    let row = results.iter().flatten().next().ok_or_else(|| unexpected("a number of rows"))?;
    Ok(integer(row, 0)?.unwrap_or_default().unsigned_abs())
}

/// Whether a lock was granted.
pub(super) fn granted(results: &[Vec<tiberius::Row>]) -> Result<bool> {
    let row = results.iter().flatten().next().ok_or_else(|| unexpected("a lock's answer"))?;
    Ok(integer(row, 0)?.is_some_and(|answer| answer >= 0))
}

#[async_trait]
impl Writer for SqlServerWriter {
    async fn begin(&mut self) -> Result<()> {
        self.connection.begin(self.target.limits.metadata).await
    }

    async fn stage(&mut self, target: &InsertTarget, batch: &Batch) -> Result<()> {
        self.stage_batch(target, batch).await.map_err(|fault| fault.while_doing(&target.table))
    }

    async fn insert(&mut self, target: &InsertTarget, batch: &Batch) -> Result<Vec<i64>> {
        self.insert_batch(target, batch).await.map_err(|fault| fault.while_doing(&target.table))
    }

    async fn insert_reserved(
        &mut self,
        target: &InsertTarget,
        batch: &Batch,
        last: i64,
    ) -> Result<()> {
        let inserted = self.insert_reserved_batch(target, batch, last).await;
        inserted.map_err(|fault| fault.while_doing(&target.table))
    }

    async fn rows(&mut self, request: &RowsRequest) -> Result<Batch> {
        self.rows_as(request, false).await
    }

    async fn held(&mut self, request: &RowsRequest) -> Result<Batch> {
        self.rows_as(request, true).await
    }

    async fn alike(&mut self, target: &AlikeTarget, batch: &Batch) -> Result<Vec<Alike>> {
        self.alike_batch(target, batch).await.map_err(|fault| fault.while_doing(&target.table))
    }

    async fn update(&mut self, target: &UpdateTarget, batch: &Batch) -> Result<u64> {
        self.update_batch(target, batch).await.map_err(|fault| fault.while_doing(&target.table))
    }

    async fn delete(&mut self, removal: &Removal) -> Result<Removed> {
        self.remove(removal, None)
            .await
            .map_err(|fault| fault::refused_rows(fault).while_doing(&removal.table))
    }

    async fn clear(&mut self, removal: &Removal, column: &str) -> Result<Removed> {
        self.remove(removal, Some(column))
            .await
            .map_err(|fault| fault::refused_rows(fault).while_doing(&removal.table))
    }

    async fn commit(&mut self, _token: JournalToken) -> Outcome {
        match self.connection.commit(self.target.limits.statement).await {
            Ok(()) => Outcome::Done,
            Err(Undecided::Unknown(fault)) => Outcome::Unknown(fault),
            Err(Undecided::Refused(fault)) => match self.rollback().await {
                Ok(()) => Outcome::RolledBack(fault),
                Err(_) => Outcome::Unknown(fault),
            },
        }
    }

    async fn rollback(&mut self) -> Result<()> {
        // What was made inside the transaction goes with it, `#stage` included.
        self.layout = None;
        self.staged = None;
        let limit = self.target.limits.statement;
        self.connection.batch(write::ROLLBACK, limit).await?;
        self.end_identity_insert().await
    }
}
