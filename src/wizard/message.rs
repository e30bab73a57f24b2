//! What happens (messages, facts) and what is ordered (effects). Facts are in the past tense,
//! effects are orders; only the shells in `terminal/` know how to carry an order out.

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
use crate::migrate::undo::{Leave, UndoPreview, UndoProgress};
use crate::migrate::{self, Progress, Room, Standing};
use crate::outsystems::{EntityIndex, Environment, Side};
use crate::plan::{
    CheckKind, CleanupFile, Decisions, Endpoint, MapDecisions, MapFiles, Plan, PlanFile, Purpose,
    Refusal, RestoreFile, Review, RunOptions, ScopeRequest,
};
use crate::procedures::{
    Compared, Copy, Errand, ForeseenStep, OracleClone, Said, Scan, SecurityContext, Walk,
};
use crate::proof::ProofProgress;
use crate::report::RunReport;

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
    /// A clean-up was taken back; in lines.
    CleanupUndone(Vec<String>),
    /// Two databases are being compared; where that is.
    Comparing(String),
    /// They were compared.
    Compared(Vec<Compared>),
    /// A text to read was asked for: its title and its lines.
    Shown(String, Vec<String>),
    /// It did not work.
    Failed(Fault),
}

/// The plan of a neighbouring procedure, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ErrandPlan {
    /// Of a clean-up.
    Cleanup(CleanupFile),
    /// Of a restore.
    Restore(RestoreFile),
    /// Of a clone on Oracle, with its name.
    Oracle(String, OracleClone),
}

impl ErrandPlan {
    /// Of which procedure it is.
    #[must_use]
    pub fn errand(&self) -> Errand {
        match self {
            Self::Cleanup(_) => Errand::Cleanup,
            Self::Restore(_) => Errand::Restore,
            Self::Oracle(..) => Errand::Oracle,
        }
    }

    /// What it is done for.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Cleanup(file) => &file.name,
            Self::Restore(file) => &file.name,
            Self::Oracle(name, _) => name,
        }
    }

    /// The file that says the same.
    #[must_use]
    pub fn to_text(&self) -> String {
        match self {
            Self::Cleanup(file) => file.to_text(),
            Self::Restore(file) => file.to_text(),
            Self::Oracle(_, clone) => clone.to_text(),
        }
    }
}

/// A neighbouring procedure as it was opened.
#[derive(Clone, Debug)]
pub struct OpenedErrand {
    /// Its plan.
    pub plan: ErrandPlan,
    /// How far each of its procedures is, the main one first.
    pub walks: Vec<Walk>,
    /// The clean-up that was carried out last with this plan.
    pub run: Option<CleanupRun>,
    /// Whether it is kept already.
    pub is_kept: bool,
}

/// What a clean-up would find and do.
#[derive(Clone, Debug)]
pub struct Foreseen {
    /// Whether this is the copy.
    pub copy: Copy,
    /// The clone's name, by which it is confirmed.
    pub confirm: String,
    /// What each chosen statement would do.
    pub steps: Vec<ForeseenStep>,
    /// The users of the clone's databases.
    pub users: Vec<SecurityContext>,
    /// What names the original or leads elsewhere now.
    pub scan: Scan,
}

/// A clean-up that was carried out.
#[derive(Clone, Debug)]
pub struct CleanupRun {
    /// Its id.
    pub id: String,
    /// Its folder.
    pub folder: PathBuf,
    /// What it did, in lines.
    pub lines: Vec<String>,
    /// Whether nothing was left to do when it was looked at again.
    pub is_clean: bool,
    /// Whether it was taken back.
    pub is_undone: bool,
    /// What could not be written of its report.
    pub trouble: Option<Fault>,
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
    /// The step that can change it, by name; empty for none.
    pub step: &'static str,
    /// Which check of those before a run it is; `None` for one of Connect.
    pub kind: Option<CheckKind>,
}

/// Where maps are that are taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MapsAt {
    /// What somebody typed: their folder, or one of them.
    Path(PathBuf),
    /// What an opened plan names; none of its own decisions may say something else.
    Named(MapFiles),
}

/// What the shell is to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// List drafts and runs.
    List(JobId),
    /// Open a plan or draft.
    Open(JobId, PathBuf),
    /// Read an earlier run's report.
    OpenRun(JobId, String),
    /// Make the practice pair, if it is not there.
    MakePractice(JobId),
    /// Test a side and read its model.
    Test {
        /// The job.
        job: JobId,
        /// The side.
        side: Side,
        /// Where it is.
        endpoint: Endpoint,
        /// The password or token, where one was typed.
        secret: Option<Password>,
    },
    /// Compare, have questions answered, plan. `again`: forget earlier answers.
    Survey {
        /// The job.
        job: JobId,
        /// The plan's name.
        name: String,
        /// The scope.
        scope: ScopeRequest,
        /// The decisions.
        decisions: Decisions,
        /// The options.
        options: RunOptions,
        /// Whether rows are to be counted again.
        again: bool,
    },
    /// Count rows of entities.
    Count(JobId, Vec<(Side, EntityIndex)>),
    /// Check everything before a run: both environments again, rights, room.
    Check {
        /// The job.
        job: JobId,
        /// The fingerprint of the plan that was made last.
        fingerprint: String,
        /// What the destination is for.
        purpose: Option<Purpose>,
    },
    /// Carry out the plan that was made last, if it has this fingerprint.
    Run {
        /// The job.
        job: JobId,
        /// The plan's fingerprint.
        fingerprint: String,
        /// The plan file's text, for the journal.
        plan: PlanFile,
        /// What the person typed to confirm.
        confirmed: String,
    },
    /// Go on with the run of this id.
    Resume(JobId, String),
    /// Look at what undoing the run of this id would do.
    LookAtUndo(JobId, String),
    /// Undo a run.
    Undo {
        /// The job.
        job: JobId,
        /// The run's id.
        id: String,
        /// Which of its rows may stay.
        leave: Leave,
    },
    /// Look at what trying the rejects of the run of this id again would do.
    LookAtRejects(JobId, String),
    /// Try them again.
    TryAgain {
        /// The job.
        job: JobId,
        /// The id of the run that rejected them.
        id: String,
        /// The checks that were accepted, by their texts.
        accepted: Vec<String>,
        /// What the person typed to confirm.
        confirmed: String,
    },
    /// Masks are made with this key from now on, or with the environment's.
    MaskKey(Option<Password>),
    /// Tick a task of a run's way back, or open it again.
    Tick {
        /// The job.
        job: JobId,
        /// The run's id.
        id: String,
        /// The task.
        name: &'static str,
        /// Whether it is done.
        is_done: bool,
        /// What is noted of it.
        note: String,
    },
    /// Read the destination again for the way back of the run of this id.
    ReadAgain(JobId, String),
    /// Tell the run or the undo.
    Tell(migrate::Command),
    /// Save the draft.
    SaveDraft {
        /// The answers.
        plan: PlanFile,
        /// The step where the person is.
        step: &'static str,
        /// The name it had before, to be removed.
        instead_of: Option<String>,
    },
    /// Remove a draft.
    RemoveDraft(PathBuf),
    /// Write a plan file for the person.
    Export(JobId, PlanFile),
    /// Write the scripts that give the logins of the plan that was made last its rights, and take
    /// them back.
    WriteRights {
        /// The job.
        job: JobId,
        /// The plan's name.
        name: String,
        /// Its fingerprint.
        fingerprint: String,
        /// The login that reads the source; empty: whoever is signed in.
        source: String,
        /// The login that writes the destination; empty: whoever is signed in.
        destination: String,
        /// Whether an undo is to bring deleted rows back under their own ids.
        exact_undo: bool,
    },
    /// Write who and what is which as tables, into a folder of their own.
    WriteMaps {
        /// The job.
        job: JobId,
        /// The plan's name.
        name: String,
        /// The scope.
        scope: ScopeRequest,
        /// What is decided so far.
        decisions: Decisions,
    },
    /// Read such tables.
    ReadMaps {
        /// The job.
        job: JobId,
        /// Where they are.
        which: MapsAt,
        /// The scope.
        scope: ScopeRequest,
        /// What is decided so far.
        decisions: Decisions,
    },
    /// Open a neighbouring procedure by its name; without one it is begun under a name of its own.
    OpenErrand(JobId, Errand, Option<String>),
    /// Make the practice clone, and begin its clean-up.
    MakePracticeClone(JobId),
    /// Keep the plan of a neighbouring procedure.
    SaveErrand {
        /// The plan.
        plan: ErrandPlan,
        /// The name it had before.
        instead_of: Option<String>,
    },
    /// Say something of a step of a procedure, and keep it.
    Mark {
        /// The job.
        job: JobId,
        /// The procedure.
        procedure: &'static str,
        /// What it is done for.
        label: String,
        /// The steps, each by its name in the walk.
        steps: Vec<String>,
        /// What is said of them.
        said: Said,
        /// The note.
        note: String,
    },
    /// Name the application servers of a procedure.
    SetServers {
        /// The job.
        job: JobId,
        /// The procedure.
        procedure: &'static str,
        /// What it is done for.
        label: String,
        /// The servers, the deployment controller first.
        servers: Vec<String>,
    },
    /// Ask the connected databases what they can tell of a procedure's steps, and keep it.
    AskDatabases {
        /// The job.
        job: JobId,
        /// The procedure.
        procedure: &'static str,
        /// The plan.
        plan: ErrandPlan,
        /// Whether its original, as the plan names it, is connected.
        has_original: bool,
    },
    /// Read the application servers of a connected side.
    ReadServers(JobId, Side),
    /// Look at what a clean-up would do, and whether the clone is the copy.
    LookAtClone {
        /// The job.
        job: JobId,
        /// Its plan.
        file: CleanupFile,
        /// Whether the original, as the plan names it, is connected: what was connected before
        /// proves nothing.
        has_original: bool,
    },
    /// Carry a clean-up out.
    CleanUp {
        /// The job.
        job: JobId,
        /// Its plan.
        file: CleanupFile,
        /// Whether the original, as the plan names it, is connected.
        has_original: bool,
        /// What was typed as the clone's name.
        confirmed: String,
        /// What was typed as its original's, where that was asked for.
        original: Option<String>,
    },
    /// Look at what taking back the clean-up of this id would do.
    LookAtCleanupUndo(JobId, String),
    /// Take it back.
    UndoCleanup {
        /// The job.
        job: JobId,
        /// The run's id.
        id: String,
        /// What was typed as the clone's name.
        confirmed: String,
    },
    /// Show the report of a clean-up.
    ShowCleanup(JobId, String),
    /// Compare a restored database with the one that it was.
    CompareRestored {
        /// The job.
        job: JobId,
        /// The plan.
        file: RestoreFile,
        /// The passwords or tokens of the old and the new server.
        secrets: [Option<Password>; 2],
    },
    /// Write the scripts of a clone on Oracle.
    WriteScripts(JobId, String, OracleClone),
    /// Put a text on the clipboard, through the terminal.
    Copy(String),
    /// The terminal's title.
    Title(String),
    /// Open a folder with the system's means.
    OpenFolder(PathBuf),
    /// Draw everything again.
    Redraw,
    /// Leave; with the exit code's meaning.
    Quit(Leaving),
}

/// How the program is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaving {
    /// Nothing was run, or what was run has ended; its verdict is the exit code.
    AsItIs,
    /// As soon as the run has obeyed.
    WhenTheRunEnds,
}
