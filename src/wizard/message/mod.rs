//! What happens (messages, facts) and what is ordered (effects). Facts are in the past tense,
//! effects are orders; only the shells in `terminal/` know how to carry an order out.

mod effect;
mod errand;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::jobs::JobId;
use super::keys::{Command, Key};
use super::migration::Taking;
use super::secret_field::Password;
use super::viewport::Size;
use crate::database::Fault;
use crate::migrate::again::AgainCount;
use crate::migrate::undo::{UndoPreview, UndoProgress};
use crate::migrate::{Forecast, Probe, ProbeProgress, Progress, Room, Standing};
use crate::outsystems::{EntityIndex, Environment, Side};
use crate::plan::{CheckKind, Decision, MapDecisions, Plan, PlanFile, Refusal, Review};
use crate::procedures::{Compared, Errand, Walk};
use crate::proof::ProofProgress;
use crate::report::RunReport;
pub use effect::{Effect, Leaving, MapsAt};
pub use errand::{CleanupRun, ErrandPlan, Foreseen, OpenedErrand};

/// What time it is: comes in with a message, so that nothing here asks a clock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// The day: `2026-02-03`.
    pub day: String,
    /// The time: `14:02:11`.
    pub clock: String,
    /// Since the program started.
    pub since_start: Duration,
}

/// What happened.
#[derive(Debug)]
pub enum Message {
    /// It is so late. Comes before whatever else happens then.
    Time(Now),
    /// A key was pressed.
    Key(Key),
    /// A text was pasted.
    Pasted(String),
    /// A command was given without a key: by plain mode.
    Commanded(Command),
    /// A question of plain mode was answered.
    Answered(Answer),
    /// The window has this size now.
    Resized(Size),
    /// The draft could not be saved; why.
    DraftNotSaved(String),
    /// The system asked the program to end.
    AskedToEnd,
    /// A job reported; it may report more.
    Reported {
        /// Which one.
        job: JobId,
        /// What.
        fact: Fact,
    },
    /// A job ended; its last report has come.
    Ended(JobId),
}

/// An answer to a question of plain mode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A text.
    Text(String),
    /// A password.
    Secret(Password),
    /// The choice at that place, from 0.
    Chosen(usize),
}

/// What a job found out.
#[derive(Debug)]
pub enum Fact {
    /// What is on this machine.
    Listed(Vec<Saved>),
    /// A plan or draft was opened.
    Opened(Box<Opened>),
    /// The practice pair is being made; how far that is.
    Making(String),
    /// The practice pair is there.
    PracticeMade(Box<PlanFile>),
    /// A check of one side ended.
    Checked(Side, Check),
    /// One side's model was read.
    Read(Side, Arc<Environment>),
    /// So many questions about rows are still open.
    Counting(usize),
    /// The environments were compared; with open questions, until the next of these.
    Surveyed(Arc<Review>),
    /// The plan was made, or there is none yet.
    Planned(Result<Arc<Plan>, Arc<Refusal>>),
    /// The room that the before-images of the newest plan will take.
    Room(Room),
    /// What the newest plan will take.
    Forecast(Box<Forecast>),
    /// How far a probe is.
    Probing(ProbeProgress),
    /// A probe was made.
    Probed(Box<Probe>),
    /// The scope names something that is not there.
    ScopeUnknown(String),
    /// The rows of an entity were counted.
    Counted(Side, EntityIndex, u64),
    /// A check before the run ended; the list so far.
    Checks(Vec<Check>),
    /// The run has an id and a folder.
    Started {
        /// The id.
        id: String,
        /// The folder.
        folder: PathBuf,
    },
    /// How far the run is.
    Progressed(Progress),
    /// How far the proof is.
    Proving(ProofProgress),
    /// What undoing a run would do.
    UndoForeseen(Box<UndoPreview>),
    /// What trying a run's rejects again would do.
    AgainForeseen(Box<Again>),
    /// How far the undoing of a run is, or the looking at it.
    UndoProgressed(UndoProgress),
    /// The run or its undoing ended and has a report, or an earlier run's report was read.
    Reported(Box<Reported>),
    /// A file was saved for the person.
    Exported(PathBuf),
    /// The scripts that give and take back a plan's rights were written.
    RightsWritten(Vec<PathBuf>),
    /// Maps were written: the folder, and their names in it.
    MapsWritten(PathBuf, Vec<String>),
    /// Maps were read: what they decide, or a sentence for each line that cannot be obeyed.
    MapsRead(Result<MapDecisions, Vec<String>>),
    /// The target of a decision was looked for: what it is, or why it cannot be.
    TargetLookedFor(Decision, Result<String, String>),
    /// A neighbouring procedure was opened.
    ErrandOpened(Box<OpenedErrand>),
    /// Something was said of a step, and is kept.
    Walked(Box<Walk>),
    /// The application servers of an environment were read.
    Servers(Vec<String>),
    /// What the statements of a clean-up would do, and whether this is the copy.
    CloneForeseen(Box<Foreseen>),
    /// A clean-up was carried out and looked at again.
    CleanedUp(Box<CleanupRun>),
    /// What taking a clean-up back would do, in lines.
    CleanupUndoForeseen(Vec<String>),
    /// A clean-up was taken back.
    CleanupUndone {
        /// What was put back, in lines.
        lines: Vec<String>,
        /// Whether every row is as it was.
        is_exact: bool,
    },
    /// Two databases are being compared; where that is.
    Comparing(String),
    /// They were compared.
    Compared(Vec<Compared>),
    /// A text to read was asked for: its title and its lines.
    Shown(String, Vec<String>),
    /// It did not work.
    Failed(Fault),
}

/// A draft or run on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// What it is.
    pub kind: SavedKind,
    /// The plan's name.
    pub name: String,
    /// The source's database.
    pub source: String,
    /// The destination's database.
    pub destination: String,
    /// When it was changed last, for people; sorted by the shell, newest first.
    pub changed: String,
    /// What is next, in words.
    pub next: String,
    /// More about it, for the panel below the list.
    pub about: Vec<String>,
}

/// What a saved thing is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SavedKind {
    /// A draft with its file.
    Draft(PathBuf),
    /// A run by its id, with how it ended.
    Run {
        /// The id.
        id: String,
        /// Its state for people.
        state: &'static str,
        /// The sign before it.
        sign: Sign,
        /// What can be gone on with: the run itself, or its undoing.
        taking: Option<Taking>,
    },
    /// A neighbouring procedure that was begun: which, and its name.
    Errand(Errand, String),
    /// A clean-up that was carried out by a command, by its id.
    Cleanup(String),
}

/// A plan or draft as it was opened.
#[derive(Debug, Clone, PartialEq)]
pub struct Opened {
    /// What was understood.
    pub plan: PlanFile,
    /// What was not, each a sentence.
    pub notices: Vec<String>,
    /// The step where the person was.
    pub step: Option<String>,
    /// Whether it is a draft of this machine, which is saved under its own name.
    pub is_draft: bool,
}

impl Opened {
    /// Answers of which nothing is to be said, and which no draft holds yet.
    #[must_use]
    pub fn new(plan: PlanFile) -> Self {
        Self { plan, notices: Vec::new(), step: None, is_draft: false }
    }
}

/// A report with the files that hold it.
#[derive(Debug)]
pub struct Reported {
    /// What the run did.
    pub report: RunReport,
    /// The files: the path and what it is for.
    pub files: Vec<PathBuf>,
    /// The run's folder.
    pub folder: PathBuf,
    /// A proof or a report that could not be made.
    pub trouble: Option<Fault>,
    /// What the run can be taken up with; `None` where its journal does not tell.
    pub past: Option<Box<Past>>,
}

/// What a run rejected, about to be tried again.
#[derive(Clone, Debug)]
pub struct Again {
    /// The run that rejected it.
    pub id: String,
    /// The plan for it.
    pub plan: Arc<Plan>,
    /// How much it is.
    pub count: AgainCount,
    /// The checks before it.
    pub checks: Vec<Check>,
}

/// What a run that has ended can be gone on with, or undone.
#[derive(Clone, Debug)]
pub struct Past {
    /// The answers that it was made with.
    pub answers: PlanFile,
    /// Its plan.
    pub plan: Arc<Plan>,
    /// What is kept, what goes on, what has not begun.
    pub standing: Standing,
    /// The fingerprint of the key that it masked with, unless the environment has that key.
    pub mask_key: Option<String>,
}

/// A sign before a line; never without a word nearby.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// `✓`
    Good,
    /// `!`
    Warning,
    /// `✗`
    Bad,
    /// `▸`
    Here,
    /// `·`
    Later,
    /// `~`
    Recheck,
    /// `‖`
    Stopped,
    /// `i`
    Note,
}

impl Sign {
    /// The sign.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Good => "✓",
            Self::Warning => "!",
            Self::Bad => "✗",
            Self::Here => "▸",
            Self::Later => "·",
            Self::Recheck => "~",
            Self::Stopped => "‖",
            Self::Note => "i",
        }
    }
}

/// One thing that was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Good, a warning, bad; [`Sign::Later`] while it is under way.
    pub sign: Sign,
    /// What was found.
    pub text: String,
    /// What to do about it; empty when nothing.
    pub advice: String,
    /// All that it is about, where the text names a few of them.
    pub all: Vec<String>,
    /// The step that can change it, by name; empty for none.
    pub step: &'static str,
    /// Which check of those before a run it is; `None` for one of Connect.
    pub kind: Option<CheckKind>,
}
