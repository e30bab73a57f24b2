//! What an undo could not put back, as a script for somebody who may (`design.md` decision 18).
//!
//! It follows from journal, before-images and destination alone, so an undo that was interrupted
//! comes to the same script.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::super::events::{emptied, filled};
use super::super::journal::{
    BatchKind, BatchRecord, Image, Journal, MutedState, RunHeader, WrittenTo,
};
use super::super::operation::folded;
use super::super::own_file;
use super::Undoing;
use super::put_back::{name_of, places_done};
use crate::database::{
    Batch, ColumnRef, ColumnShape, Fault, FaultKind, Filter, Result, RowsRequest, Script,
    ScriptTable, ScriptWork, TableName, TableShape, Value, same_name,
};
use crate::plan::EventTable;

/// What a script would put back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutBackScript {
    /// Rows that the run deleted and the undo did not put back.
    pub rows: u64,
    /// References that the run emptied and the undo did not set again.
    pub references: u64,
}

impl PutBackScript {
    /// The name of its file.
    pub const FILE: &'static str = "put-back.sql";

    /// Where a run's folder has it.
    #[must_use]
    pub fn file(folder: &Path) -> PathBuf {
        folder.join(Self::FILE)
    }

    /// Bytes that the script of a run takes; 0 where there is none.
    #[must_use]
    pub fn size(folder: &Path) -> u64 {
        std::fs::metadata(Self::file(folder)).map_or(0, |metadata| metadata.len())
    }

    /// Deletes the script of a run, as far as there is one.
    pub fn delete(folder: &Path) -> Result<()> {
        for path in [Self::file(folder), unfinished(folder)] {
            own_file::delete(&path).map_err(|error| {
                let what = format!("cannot delete {}: {error}", path.display());
                Fault::new(FaultKind::Permission, what)
            })?;
        }
        Ok(())
    }
}

/// Where it is until it is whole.
fn unfinished(folder: &Path) -> PathBuf {
    folder.join(format!("{}.part", PutBackScript::FILE))
}

/// A script that is being written.
struct Writing {
    script: Box<dyn Script>,
    file: BufWriter<File>,
    folder: PathBuf,
    /// The table that was begun.
    table: Option<ScriptTable>,
    /// Subscriptions of processes, which are put away meanwhile.
    events: Vec<(EventTable, Batch)>,
    written: PutBackScript,
}

fn not_written(error: &std::io::Error) -> Fault {
    let kind = match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => FaultKind::Full,
        _ => FaultKind::Permission,
    };
    Fault::new(kind, format!("{} cannot be written: {error}", PutBackScript::FILE)).advise(
        "What is undone stays undone. See to the disk of OSFERRY_HOME, then undo again: only the \
         script is left to be written.",
    )
}

impl Writing {
    fn new(
        folder: &Path,
        script: Box<dyn Script>,
        about: &[String],
        events: Vec<(EventTable, Batch)>,
    ) -> Result<Self> {
        let path = unfinished(folder);
        let file = own_file::delete(&path).and_then(|()| own_file::create(&path));
        let file = file.map_err(|error| not_written(&error))?;
        let mut writing = Self {
            file: BufWriter::new(file),
            script,
            folder: folder.to_path_buf(),
            table: None,
            events,
            written: PutBackScript::default(),
        };
        let head = writing.script.head(about, PutBackScript::FILE, "ALTER on these tables");
        writing.put(&head)?;
        Ok(writing)
    }

    fn put(&mut self, text: &str) -> Result<()> {
        self.file.write_all(text.as_bytes()).map_err(|error| not_written(&error))
    }

    /// Adds rows; those of one table are to come one after the other.
    fn add(&mut self, table: ScriptTable, rows: &Batch) -> Result<()> {
        let is_same = self.table.as_ref().is_some_and(|open| {
            (&open.table, &open.columns, &open.key, open.work)
                == (&table.table, &table.columns, &table.key, table.work)
        });
        if self.written == PutBackScript::default() {
            let empty: String =
                self.events.iter().map(|(table, _)| emptied(&*self.script, table)).collect();
            self.put(&empty)?;
        }
        if !is_same {
            self.end()?;
            let begin = self.script.begin(&table);
            self.put(&begin)?;
        }
        let text = self
            .script
            .rows(&table, rows)
            .map_err(|fault| fault.while_doing(format!("writing rows of {} down", table.table)))?;
        self.put(&text)?;
        let count = rows.len() as u64;
        match table.work {
            ScriptWork::Set => self.written.references += count,
            ScriptWork::Insert
            | ScriptWork::Lacking
            | ScriptWork::Empty
            | ScriptWork::InsertAll { .. } => {
                self.written.rows += count;
            }
        }
        self.table = Some(table);
        Ok(())
    }

    fn end(&mut self) -> Result<()> {
        match self.table.take() {
            Some(table) => {
                let end = self.script.end(&table);
                self.put(&end)
            }
            None => Ok(()),
        }
    }

    /// Has the disk keep it under its name. Without anything in it there is none.
    fn finish(mut self) -> Result<Option<PutBackScript>> {
        self.end()?;
        if self.written == PutBackScript::default() {
            drop(self.file);
            PutBackScript::delete(&self.folder)?;
            return Ok(None);
        }
        for (table, rows) in std::mem::take(&mut self.events) {
            let back = filled(&*self.script, &table, &rows)?;
            self.put(&back)?;
        }
        let mut kept = || -> std::io::Result<()> {
            self.file.flush()?;
            self.file.get_ref().sync_all()?;
            std::fs::rename(unfinished(&self.folder), PutBackScript::file(&self.folder))?;
            if cfg!(unix) { File::open(&self.folder)?.sync_all() } else { Ok(()) }
        };
        kept().map_err(|error| not_written(&error))?;
        Ok(Some(self.written))
    }
}

/// What the script says of itself.
fn about(header: &RunHeader, now: &str) -> Vec<String> {
    let run = &header.id;
    vec![
        format!("Puts back what osferry's run {run} deleted in {}", header.destination),
        format!("and what its undo ({now}) could not put back: the reasons are in the report."),
        "It holds rows of the applications: keep it like a backup of them, and delete it when it"
            .to_owned(),
        format!("has done its work (osferry forget {run} deletes it with the before-images)."),
        "Rows that are there are left as they are, so it can be run again after an error."
            .to_owned(),
        "Triggers of the tables fire, as they do when an undo puts rows back. Subscriptions of processes"
            .to_owned(),
        "are put away before the first row and put back after the last one, so that none starts."
            .to_owned(),
    ]
}

/// The places of the columns that tell rows of a table apart.
fn key_of(to: &WrittenTo, shape: &TableShape, columns: &[ColumnShape]) -> Vec<usize> {
    let place = |name: &String| columns.iter().position(|column| same_name(&column.name, name));
    let own = to.key.as_ref().and_then(|key| place(&key.name));
    match own.or_else(|| shape.identity().and_then(|identity| place(&identity.name))) {
        Some(place) => vec![place],
        None => shape.primary_key.iter().map(place).collect::<Option<_>>().unwrap_or_default(),
    }
}

/// Rows that did not come back.
struct Absent {
    columns: Vec<ColumnShape>,
    key: Vec<usize>,
    rows: Batch,
}

impl Undoing<'_> {
    /// Writes down what did not come back although it is known how it was.
    pub(super) async fn write_script(&mut self) -> Result<()> {
        let script = match (self.destination.script(), &self.story.images) {
            (Some(script), Some(_)) => script,
            _ => return PutBackScript::delete(self.folder),
        };
        // What is committed may be noted a moment later; here it counts.
        self.story.recorder.flush().await?;
        self.doing(format!("writing what did not come back to {}", PutBackScript::FILE));
        let about = about(self.header, &(self.story.clock)());
        let mut events = Vec::new();
        for known in self.story.recorder.reader()?.muted()? {
            let table = self.plan.events.get(known.place);
            if let Some(table) =
                table.filter(|_| known.state == MutedState::Back && !known.rows.is_empty())
            {
                events.push((table.clone(), known.rows));
            }
        }
        let mut writing = Writing::new(self.folder, script, &about, events)?;
        self.write_rows(&mut writing).await?;
        self.write_references(&mut writing).await?;
        self.result.script = writing.finish()?;
        Ok(())
    }

    /// The rows, the last deleted first: parents before children.
    async fn write_rows(&mut self, writing: &mut Writing) -> Result<()> {
        let journal = self.story.recorder.reader()?;
        let begun = journal.origins(BatchKind::UndoDelete)?;
        self.result.tables.iter_mut().for_each(|table| table.scripted = 0);
        let mut before = i64::MAX;
        while let Some(batch) = journal.previous_batch(&[BatchKind::Delete], before)? {
            before = batch.id;
            let Some(to) = &batch.written_to else { continue };
            self.control.between_batches().await?;
            let Some(absent) = self.absent(&journal, &begun, &batch, to).await? else { continue };
            let begun_all = writing.table.as_ref().filter(|open| open.table == to.table);
            let work = match (absent.key.is_empty(), begun_all.map(|open| open.work)) {
                (false, _) => ScriptWork::Insert,
                (true, Some(all @ ScriptWork::InsertAll { .. })) => all,
                (true, _) => ScriptWork::InsertAll {
                    there: self.destination.count(&to.table, &Filter::All).await?,
                    rows: self.absent_rows(&journal, &begun, &to.table).await?,
                },
            };
            let Absent { columns, key, rows } = absent;
            writing.add(ScriptTable { table: to.table.clone(), columns, key, work }, &rows)?;
            let name = name_of(self.plan, &batch);
            let known = self.result.tables.iter_mut().find(|t| Some(t.name.as_str()) == name);
            if let Some(table) = known {
                table.scripted += rows.len() as u64;
            }
        }
        Ok(())
    }

    /// All rows of a table that did not come back.
    async fn absent_rows(
        &self,
        journal: &Journal,
        begun: &HashSet<i64>,
        table: &TableName,
    ) -> Result<u64> {
        let mut rows = 0;
        let mut before = i64::MAX;
        while let Some(batch) = journal.previous_batch(&[BatchKind::Delete], before)? {
            before = batch.id;
            let Some(to) = batch.written_to.as_ref().filter(|to| to.table == *table) else {
                continue;
            };
            let absent = self.absent(journal, begun, &batch, to).await?;
            rows += absent.map_or(0, |absent| absent.rows.len() as u64);
        }
        Ok(rows)
    }

    /// The rows of a batch that did not come back; `None` where all did, and where nobody knows any
    /// more how they were.
    async fn absent(
        &self,
        journal: &Journal,
        begun: &HashSet<i64>,
        batch: &BatchRecord,
        to: &WrittenTo,
    ) -> Result<Option<Absent>> {
        let done = match begun.contains(&batch.id) {
            true => places_done(journal, batch)?,
            false => HashSet::new(),
        };
        if done.len() as u64 == batch.rows {
            return Ok(None);
        }
        let Some((image, shape, columns)) = self.known(batch, to).await? else { return Ok(None) };
        let key = key_of(to, &shape, &columns);
        let mut rows = match (&to.key, key.as_slice()) {
            (Some(own), [place]) => self.missing(to, own, image.rows.column(*place)).await?,
            _ => (0..image.rows.len()).collect(),
        };
        rows.retain(|row| !done.contains(&(*row as i64)));
        if rows.is_empty() {
            return Ok(None);
        }
        Ok(Some(Absent { columns, key, rows: image.rows.select(&rows)? }))
    }

    /// The image of a batch, with its table and its columns as they are now; `None` where one of
    /// them is gone.
    async fn known(
        &self,
        batch: &BatchRecord,
        to: &WrittenTo,
    ) -> Result<Option<(Image, TableShape, Vec<ColumnShape>)>> {
        let image = match self.image(batch).await {
            Ok(Some(image)) => image,
            Ok(None) => return Ok(None),
            Err(fault) if matches!(fault.kind, FaultKind::NotFound | FaultKind::Data) => {
                return Ok(None);
            }
            Err(fault) => return Err(fault),
        };
        let Some(shape) = self.destination.shape(&to.table).await? else { return Ok(None) };
        let now = |column: &ColumnRef| shape.column(&column.name).cloned();
        let columns: Option<Vec<ColumnShape>> = image.columns.iter().map(now).collect();
        Ok(columns.map(|columns| (image, shape, columns)))
    }

    /// The references that are still empty, once all rows are there.
    async fn write_references(&mut self, writing: &mut Writing) -> Result<()> {
        let journal = self.story.recorder.reader()?;
        for batch in journal.of_kind(BatchKind::Clear)?.iter().rev() {
            let Some(to) = &batch.written_to else { continue };
            self.control.between_batches().await?;
            let Some((image, shape, columns)) = self.known(batch, to).await? else { continue };
            let [key, column] = columns.as_slice() else { continue };
            let filled = self.filled(&shape.name, key, column, &image.rows).await?;
            let is_empty =
                |row: &usize| !filled.contains(&folded(&image.rows.column(0).value(*row)));
            let rows: Vec<usize> = (0..image.rows.len()).filter(is_empty).collect();
            if rows.is_empty() {
                continue;
            }
            let table = ScriptTable {
                table: to.table.clone(),
                columns,
                key: vec![0],
                work: ScriptWork::Set,
            };
            writing.add(table, &image.rows.select(&rows)?)?;
        }
        Ok(())
    }

    /// The keys, of those in the first column of an image, of rows whose reference is not empty.
    async fn filled(
        &self,
        table: &TableName,
        key: &ColumnShape,
        column: &ColumnShape,
        rows: &Batch,
    ) -> Result<HashSet<String>> {
        let keys: Vec<Value> = (0..rows.len()).map(|row| rows.column(0).value(row)).collect();
        let filter = Filter::AnyOf(key.name.clone(), keys).and(Filter::not_null(&column.name));
        let columns = vec![ColumnRef::from(key)];
        let request =
            RowsRequest { table: table.clone(), columns, filter, order_by: None, limit: None };
        let there = self.destination.rows(&request).await?;
        Ok((0..there.len()).map(|row| folded(&there.column(0).value(row))).collect())
    }
}
