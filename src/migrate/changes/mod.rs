//! Rows of single tables deleted or set, all in one transaction, as a run of their own: journaled
//! like a migration's batches, kept as they were, and taken back the same way.
//!
//! What is to be done is given ([`TableChange`]); whether it may be is the caller's to know. Here it
//! is put in order, so that rows go before those that they refer to, and refused where rows of
//! others hang on them.

mod order;
mod put_back;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use put_back::{SavedTable, Undone, put_back, saved};

use super::control::Control;
use super::journal::{
    BatchKind, Images, Keys, NewBatch, Recorder, RunHeader, RunState, Stretch, StretchKind,
    WrittenTo,
};
use super::operation::{Done, Operation};
use super::rejects::Rejects;
use super::session::WriteSession;
use super::story::{Clock, Story};
use crate::database::{
    Batch, ColumnRef, ColumnShape, Destination, Fault, FaultKind, Filter, Removal, Result,
    ScriptChange, TableChange, TableShape, TableWork, UpdateTarget, same_name,
};
use crate::plan::Plan;

/// What a run of changes needs.
pub struct ChangesRequest {
    /// What the journal says of it.
    pub header: RunHeader,
    /// The run's own folder: to be made, or that of the run to be taken back.
    pub folder: PathBuf,
    /// Where rows are changed.
    pub destination: Arc<dyn Destination>,
    /// Stop and cancel.
    pub control: Control,
    /// What time it is, in words.
    pub clock: Arc<dyn Fn() -> String + Send + Sync>,
}

/// What was done to one table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The table.
    pub table: String,
    /// Rows deleted or set.
    pub rows: u64,
}

/// Does all of them in one transaction. The rows as they were are on disk before COMMIT.
///
/// An error means that nothing was written, unless its kind is [`FaultKind::InDoubt`]: then nobody
/// knows yet, or all of it is and only the journal could not say so; [`put_back`] finds out.
pub async fn apply(request: &ChangesRequest, changes: Vec<TableChange>) -> Result<Vec<Changed>> {
    let destination = request.destination.as_ref();
    let changes = order::in_order(destination, changes).await?;
    check(destination, &changes).await?;
    let run_lock = destination.lock_run(&request.header.id).await?;
    let plan = Plan::nothing(&request.header.name);
    let recorder = Recorder::create(&request.folder, &request.header, &plan)?;
    let story = story(request, recorder, Some(Images::open(&request.folder)?));
    begin(&story, request, StretchKind::Run, RunState::Running).await?;
    let prepared = prepare(destination, &changes).await?;
    let done = write(request, &story, &prepared).await;
    let (state, words) = match &done {
        Ok(_) => (RunState::Written, "everything is written".to_owned()),
        Err(fault) => (RunState::Failed, format!("failed: {fault}")),
    };
    let noted = note_end(&story, state, &words).await;
    drop(run_lock);
    let done = done?;
    noted.map_err(written_but)?;
    Ok(prepared
        .iter()
        .zip(done)
        .map(|(one, done)| Changed { table: one.table.to_string(), rows: done.rows })
        .collect())
}

/// Has the journal say how it ended.
async fn note_end(story: &Story, state: RunState, words: &str) -> Result<()> {
    let at = (story.clock)();
    story.recorder.event(&at, words)?;
    story.recorder.set_state(state, Some(at)).await
}

/// Whoever hears of an error takes it that nothing was written; here everything is.
#[must_use]
pub fn written_but(fault: Fault) -> Fault {
    let what = format!("everything is written, but: {}", fault.what);
    Fault { kind: FaultKind::InDoubt, what, ..fault }
}

/// All of them as a script of one transaction, in the order in which a run would do them; `None`
/// where the database has no tools that carry scripts out. `about` says what the script is, and
/// `of` what each change is for.
///
/// Errs where rows of others hang on rows that would go.
pub async fn script(
    destination: &dyn Destination,
    changes: Vec<TableChange>,
    (about, file): (&[String], &str),
    of: impl Fn(&TableChange) -> Vec<String>,
) -> Result<Option<String>> {
    let changes = order::in_order(destination, changes).await?;
    let changes: Vec<ScriptChange> =
        changes.into_iter().map(|change| ScriptChange { about: of(&change), change }).collect();
    destination.changes_script(about, file, &changes).await
}

/// Says that what was written was looked at again: all of it is as it should be, or not.
pub async fn proved(folder: &Path, is_right: bool, at: String) -> Result<()> {
    let recorder = Recorder::open(folder)?;
    let state = if is_right { RunState::Proved } else { RunState::Disproved };
    recorder.set_state(state, Some(at)).await
}

fn story(request: &ChangesRequest, recorder: Recorder, images: Option<Images>) -> Story {
    let clock: Clock = Arc::clone(&request.clock);
    Story { recorder, images, clock, rejects: Rejects::default() }
}

async fn begin(
    story: &Story,
    request: &ChangesRequest,
    kind: StretchKind,
    state: RunState,
) -> Result<i64> {
    let recorder = &story.recorder;
    let number = recorder.reader()?.finished("stretch")?.unwrap_or_default() + 1;
    recorder.step("stretch", number).await?;
    let operator = request.header.operator.clone();
    recorder.stretch(Stretch::new(kind, (story.clock)(), operator)).await?;
    recorder.set_state(state, None).await?;
    Ok(number)
}

fn session(request: &ChangesRequest, story: &Story, label: &str) -> WriteSession {
    WriteSession::new(
        Arc::clone(&request.destination),
        story.clone(),
        request.control.clone(),
        Arc::new(|_| {}),
        None,
        format!("{}.{label}", request.header.id),
    )
}

/// Refuses what cannot be done or taken back.
async fn check(destination: &dyn Destination, changes: &[TableChange]) -> Result<()> {
    let tables: Vec<_> = changes.iter().map(|change| change.table.name.clone()).collect();
    let rights = destination.rights(&tables).await?;
    for (change, rights) in changes.iter().zip(rights) {
        let table = &change.table.name;
        let (right, word) = match change.work {
            TableWork::Delete { .. } => (rights.delete, "DELETE"),
            TableWork::Set { .. } => (rights.update, "UPDATE"),
        };
        if right == Some(false) {
            let what = format!("the login may not {word} in {table}");
            return Err(Fault::new(FaultKind::Permission, what).advise("Nothing was written."));
        }
        if let Some(trigger) = change.table.triggers.iter().find(|t| t.instead_of && !t.disabled) {
            let what = format!("{table} has a trigger that runs instead: {}", trigger.name);
            return Err(Fault::new(FaultKind::Invalid, what).advise("Nothing was written."));
        }
    }
    Ok(())
}

/// One change, ready to be done.
struct Prepared {
    table: crate::database::TableName,
    key: Option<ColumnRef>,
    /// How many rows the table has, where nothing tells them apart.
    counted: Option<u64>,
    work: Ready,
}

enum Ready {
    Delete(Removal),
    Set { target: UpdateTarget, values: Batch, returning: Vec<ColumnRef> },
}

/// The column that tells a table's rows apart.
pub(super) fn key_of(shape: &TableShape) -> Option<&ColumnShape> {
    match shape.primary_key.as_slice() {
        [key] => shape.column(key),
        _ => None,
    }
}

async fn prepare(destination: &dyn Destination, changes: &[TableChange]) -> Result<Vec<Prepared>> {
    let mut all = Vec::new();
    for change in changes {
        let (shape, table) = (&change.table, change.table.name.clone());
        let key = key_of(shape).map(ColumnRef::from);
        all.push(match &change.work {
            TableWork::Delete { filter, .. } => {
                let rows = destination.count(&table, filter).await?;
                let returning = super::delete::whole_row(shape).ok_or_else(|| {
                    let what = format!("a column of {table} has a type that cannot be kept");
                    Fault::new(FaultKind::Invalid, what).advise("Nothing was written.")
                })?;
                let counted = match &key {
                    Some(_) => None,
                    None => Some(destination.count(&table, &Filter::All).await?),
                };
                let removal = Removal {
                    table: table.clone(),
                    filter: filter.clone(),
                    limit: usize::try_from(rows).unwrap_or(usize::MAX),
                    key: key.as_ref().map(|key| key.name.clone()),
                    returning,
                };
                Prepared { table, key, counted, work: Ready::Delete(removal) }
            }
            TableWork::Set { key, columns, values, .. } => {
                let target = UpdateTarget {
                    table: table.clone(),
                    key: key.clone(),
                    columns: columns.clone(),
                };
                let returning = std::iter::once(key).chain(columns).map(ColumnRef::from).collect();
                let work = Ready::Set { target, values: values.clone(), returning };
                Prepared { table, key: Some(ColumnRef::from(key)), counted: None, work }
            }
        });
    }
    Ok(all)
}

async fn write(
    request: &ChangesRequest,
    story: &Story,
    prepared: &[Prepared],
) -> Result<Vec<Done>> {
    let operations: Vec<Operation<'_>> = prepared
        .iter()
        .map(|one| match &one.work {
            Ready::Delete(removal) => Operation::Delete { removal, keep: true, expect: None },
            Ready::Set { target, values, returning } => {
                Operation::Change { target, batch: values, returning, keep: true }
            }
        })
        .collect();
    let mut session = session(request, story, "1.changes");
    let tell = |what: &str| {
        let _ = story.tell(what);
    };
    session
        .write_together(&operations, &mut |place, done| record(&prepared[place], done), &tell)
        .await
}

/// What the journal is to know of a change.
fn record(one: &Prepared, done: &Done) -> NewBatch {
    match &one.work {
        Ready::Delete(removal) => {
            let at = one.key.as_ref().and_then(|key| {
                removal.returning.iter().position(|column| same_name(&column.name, &key.name))
            });
            let keys = at.map(|at| {
                let keys = done.before.column(at);
                Keys::of((0..done.before.len()).map(|row| keys.value(row)))
            });
            NewBatch {
                written_to: Some(WrittenTo {
                    table: one.table.clone(),
                    key: one.key.clone(),
                    columns: Vec::new(),
                }),
                destination_keys: keys.unwrap_or_default(),
                counted: one.counted,
                ..NewBatch::new(BatchKind::Delete, "", done.rows)
            }
        }
        Ready::Set { target, values, .. } => NewBatch {
            written_to: Some(WrittenTo {
                table: one.table.clone(),
                key: one.key.clone(),
                columns: target.columns.iter().map(ColumnRef::from).collect(),
            }),
            destination_keys: Keys::of((0..values.len()).map(|row| values.column(0).value(row))),
            hashes: done.hashes.clone(),
            ..NewBatch::new(BatchKind::Change, "", done.rows)
        },
    }
}
