//! What is ordered; only the shells in `terminal/` know how to carry an order out.

use std::path::PathBuf;

use super::super::jobs::JobId;
use super::super::secret_field::Password;
use super::ErrandPlan;
use crate::migrate;
use crate::migrate::undo::Leave;
use crate::outsystems::{EntityIndex, Side};
use crate::plan::{
    CleanupFile, Decision, Decisions, Endpoint, MapFiles, PlanFile, Purpose, RestoreFile,
    RunOptions, ScopeRequest, SourcePace,
};
use crate::procedures::{Errand, OracleClone, Said};

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
    /// Try out how fast rows of the plan that was made last go, and roll all of it back.
    Probe {
        /// The job.
        job: JobId,
        /// The plan's fingerprint.
        fingerprint: String,
        /// What the destination is for.
        purpose: Option<Purpose>,
    },
    /// End the probe, which rolls back what it has open.
    StopProbe,
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
    /// Have the run, or its proof, read its source so from now on.
    Pace(SourcePace),
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
    /// Look whether the target of a decision can be, before it is decided.
    LookForTarget {
        /// The job.
        job: JobId,
        /// The scope.
        scope: ScopeRequest,
        /// What is decided so far.
        decisions: Decisions,
        /// The decision that it would be.
        made: Decision,
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
