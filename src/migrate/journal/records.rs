//! What the journal holds, as plain data.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Keys;
use crate::database::{ColumnRef, Refusal, TableName, Value};
use crate::migrate::Forecast;
use crate::outsystems::{DestinationId, SourceId};

/// What a run has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunState {
    /// It writes, or it was interrupted while writing.
    Running,
    /// It was stopped in order, or waits for somebody to see to something.
    Stopped,
    /// Something went wrong that it could not get over.
    Failed,
    /// Everything is written, nothing is proved yet.
    Written,
    /// Everything is written and proved.
    Proved,
    /// Everything is written and the proof found differences.
    Disproved,
    /// It is being undone, or its undoing was interrupted.
    Undoing,
    /// It is undone: everything is as it was before.
    Undone,
    /// It is undone, and something is not as it was before.
    UndoneInPart,
}

impl RunState {
    /// For people.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Running => "running or interrupted",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
            Self::Written => "written, not proved",
            Self::Proved => "done and proved",
            Self::Disproved => "written, the proof fails",
            Self::Undoing => "being undone, or interrupted there",
            Self::Undone => "undone",
            Self::UndoneInPart => "undone in part",
        }
    }
}

/// What a run is about; written once, when it starts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunHeader {
    /// Its id: short, and later runs sort after earlier ones.
    pub id: String,
    /// The plan's name.
    pub name: String,
    /// When it started, as the clock of this machine says.
    pub started: String,
    /// Where rows are read.
    pub source: String,
    /// Where rows are written.
    pub destination: String,
    /// The destination database's name.
    pub destination_database: String,
    /// The plan file it came from.
    pub plan_file: String,
    /// The text of that file; it never holds secrets.
    pub plan_text: String,
    /// The folder that relative paths in it start from.
    pub folder: PathBuf,
    /// The plan's fingerprint.
    pub plan_fingerprint: String,
    /// The source model's fingerprint.
    pub source_fingerprint: String,
    /// The destination model's fingerprint.
    pub destination_fingerprint: String,
    /// The version that wrote it.
    pub version: String,
    /// Who started it; empty in journals of versions that did not ask.
    #[serde(default)]
    pub operator: Operator,
    /// What tells the key of the masks from another; `None` where nothing is masked by a key.
    #[serde(default)]
    pub mask_key: Option<String>,
    /// The run whose rejects it tries again, where it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejects_of: Option<String>,
    /// The procedure whose statements it carried out, where it is no migration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub procedure: Option<String>,
    /// What it was expected to take; `None` where nobody could tell, and of versions that did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forecast: Option<Forecast>,
}

/// Who started a run, and how they confirmed it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Operator {
    /// The user of the machine that it ran on, as far as the environment says.
    pub system_user: String,
    /// Who was signed in to the destination.
    pub sign_in: String,
    /// What was given as the destination's name, to confirm that it may be written.
    pub confirmed: String,
}

/// The session of batches that were taken over from the journal of an earlier run, whose rejects are
/// tried again: nobody wrote them in this one.
pub const EARLIER: &str = "earlier";

/// What a batch did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchKind {
    /// Inserted rows of ours.
    Insert,
    /// Recognised rows the destination had; nothing was written.
    Recognise,
    /// Gave rows the destination had the values of ours.
    Change,
    /// Noted which rows an earlier run had left out by decision, where its rejects are tried again;
    /// nothing was written.
    LeftBefore,
    /// Set references in the second pass.
    SecondPass,
    /// Deleted rows of the destination.
    Delete,
    /// Created users or groups.
    People,
    /// Added links between users, groups and roles.
    Links,
    /// Emptied references of rows of the destination, so that these could be deleted.
    Clear,
    /// Put subscriptions of processes away.
    Mute,
    /// Put subscriptions of processes back.
    Unmute,
    /// Undo: emptied references of ours, so that what they refer to could be deleted.
    UndoClear,
    /// Undo: deleted rows of ours.
    UndoInsert,
    /// Undo: put deleted rows back.
    UndoDelete,
    /// Undo: gave emptied references and changed rows back what they held.
    UndoUpdate,
}

impl BatchKind {
    /// Whether it belongs to an undo.
    #[must_use]
    pub fn is_undo(self) -> bool {
        matches!(self, Self::UndoClear | Self::UndoInsert | Self::UndoDelete | Self::UndoUpdate)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Insert => "insert",
            Self::Recognise => "recognise",
            Self::Change => "change",
            Self::LeftBefore => "left-before",
            Self::SecondPass => "second-pass",
            Self::Delete => "delete",
            Self::People => "people",
            Self::Links => "links",
            Self::Clear => "clear",
            Self::Mute => "mute",
            Self::Unmute => "unmute",
            Self::UndoClear => "undo-clear",
            Self::UndoInsert => "undo-insert",
            Self::UndoDelete => "undo-delete",
            Self::UndoUpdate => "undo-update",
        }
    }

    pub(super) fn parse(name: &str) -> Self {
        match name {
            "recognise" => Self::Recognise,
            "change" => Self::Change,
            "left-before" => Self::LeftBefore,
            "second-pass" => Self::SecondPass,
            "delete" => Self::Delete,
            "people" => Self::People,
            "links" => Self::Links,
            "clear" => Self::Clear,
            "mute" => Self::Mute,
            "unmute" => Self::Unmute,
            "undo-clear" => Self::UndoClear,
            "undo-insert" => Self::UndoInsert,
            "undo-delete" => Self::UndoDelete,
            "undo-update" => Self::UndoUpdate,
            _ => Self::Insert,
        }
    }
}

/// Where a batch is written: what it takes to look for its rows later.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WrittenTo {
    /// The table of the destination.
    pub table: TableName,
    /// The column whose values tell its rows apart; `None` where there is none.
    pub key: Option<ColumnRef>,
    /// The columns that [`NewBatch::hashes`] were taken of, in order; the key is not among them.
    pub columns: Vec<ColumnRef>,
}

/// A batch about to be committed.
#[derive(Clone, Debug)]
pub struct NewBatch {
    /// The place of its entity in the plan; `None` for people and links.
    pub entity: Option<usize>,
    /// Where its rows are; `None` where nothing is written.
    pub written_to: Option<WrittenTo>,
    /// What it does.
    pub kind: BatchKind,
    /// The session that writes it.
    pub session: String,
    /// Rows it touches.
    pub rows: u64,
    /// Source keys, in row order; empty for deletes and entities without identifier.
    pub source_keys: Keys,
    /// Destination keys, in the same order.
    pub destination_keys: Keys,
    /// The proof's digest of the source rows as read.
    pub digest: u128,
    /// A hash of each row as written, in row order, where the keys alone do not prove that a row
    /// found later is ours; else empty. Of a changed row 0 where it is as it was.
    pub hashes: Vec<u128>,
    /// How many rows the table had before it, where nothing tells its rows apart.
    pub counted: Option<u64>,
    /// The place of its before-images in their own file.
    pub image: Option<i64>,
    /// The batch that this one continues (second pass) or undoes.
    pub origin: Option<i64>,
    /// Cells that were emptied.
    pub emptied: Vec<EmptiedCell>,
    /// References to set in the second pass.
    pub deferred: Vec<DeferredCell>,
}

impl NewBatch {
    /// A batch with nothing but its kind, its session and its rows.
    #[must_use]
    pub fn new(kind: BatchKind, session: &str, rows: u64) -> Self {
        Self {
            entity: None,
            written_to: None,
            kind,
            session: session.to_owned(),
            rows,
            source_keys: Keys::None,
            destination_keys: Keys::None,
            digest: 0,
            hashes: Vec::new(),
            counted: None,
            image: None,
            origin: None,
            emptied: Vec::new(),
            deferred: Vec::new(),
        }
    }
}

/// A reference that was written empty although the source had a value.
#[derive(Clone, Debug, PartialEq)]
pub struct EmptiedCell {
    /// Place of the column in the entity's plan.
    pub column: usize,
    /// The source key of the row; NULL where the entity has none.
    pub key: Value,
    /// The value the source had.
    pub value: Value,
    /// Why.
    pub reason: String,
}

/// A reference to be set once all rows are there.
#[derive(Clone, Debug, PartialEq)]
pub struct DeferredCell {
    /// Place of the column in the entity's plan.
    pub column: usize,
    /// Place of the row in its batch.
    pub row: usize,
    /// The value the source had.
    pub value: Value,
}

/// References of one column that a batch left for later.
#[derive(Clone, Debug, PartialEq)]
pub struct DeferredBatch {
    /// The batch.
    pub batch: i64,
    /// Of each row its source key, its destination key and the value the source had.
    pub cells: Vec<(Value, Value, Value)>,
}

/// A row that was not carried over.
#[derive(Clone, Debug, PartialEq)]
pub struct LeftOutRow {
    /// The place of its entity in the plan.
    pub entity: usize,
    /// Its source key; NULL where the entity has none.
    pub key: Value,
    /// Why.
    pub reason: String,
    /// Whether a decision foresaw it; otherwise it is a reject.
    pub planned: bool,
    /// The server's error number, for rejects.
    pub code: Option<i64>,
    /// The rule that refused it, for rejects, as far as it is known.
    pub refusal: Option<Refusal>,
}

/// A batch as the journal knows it.
#[derive(Clone, Debug)]
pub struct BatchRecord {
    /// Its number.
    pub id: i64,
    /// The place of its entity in the plan; `None` for people and links.
    pub entity: Option<usize>,
    /// Where its rows are.
    pub written_to: Option<WrittenTo>,
    /// What it did.
    pub kind: BatchKind,
    /// The session that wrote it.
    pub session: String,
    /// Rows it touched.
    pub rows: u64,
    /// Source keys.
    pub source_keys: Keys,
    /// Destination keys, in the same order.
    pub destination_keys: Keys,
    /// The proof's digest of the source rows as read.
    pub digest: u128,
    /// A hash of each row as written, where there is one.
    pub hashes: Vec<u128>,
    /// How many rows the table had before it, where nothing tells its rows apart.
    pub counted: Option<u64>,
    /// The place of its before-images in their own file.
    pub image: Option<i64>,
    /// The batch that this one continues or undoes.
    pub origin: Option<i64>,
}

/// A user or group: whose id became whose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PersonRecord {
    /// Whether it is a group.
    pub is_group: bool,
    /// Its id in the source.
    pub source: SourceId,
    /// Its id in the destination.
    pub destination: DestinationId,
    /// Whether this run created it.
    pub is_ours: bool,
}

/// A line of the run's story.
#[derive(Clone, Debug, Serialize)]
pub struct EventRecord {
    /// When.
    pub at: String,
    /// What.
    pub text: String,
}
