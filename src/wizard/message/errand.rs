//! What is told of a neighbouring procedure.

use std::path::PathBuf;

use crate::database::Fault;
use crate::plan::{CleanupFile, RestoreFile};
use crate::procedures::{Copy, Errand, ForeseenStep, OracleClone, Scan, SecurityContext, Walk};

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
