//! Work under way: a reply counts only while its job is the current one of its purpose.

use std::collections::HashMap;

use crate::outsystems::Side;

/// What a job is for. A second one of the same purpose takes the place of the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Listing drafts and runs.
    Home,
    /// Opening a plan, a draft or a run.
    Open,
    /// Making the practice pair.
    Practice,
    /// Testing a side and reading its model.
    Test(Side),
    /// Comparing, counting, planning.
    Survey,
    /// Counting rows of entities.
    Count,
    /// Trying out how fast rows go.
    Probe,
    /// The checks before a run.
    Check,
    /// The run with its proof.
    Run,
    /// Undoing a run, or looking at what that would do.
    Undo,
    /// Looking at what trying a run's rejects again would do.
    Again,
    /// Ticking a task of the way back, or reading the destination for it.
    Tasks,
    /// Saying something of a step of a procedure.
    Mark,
    /// Asking the databases what they can tell of a procedure's steps.
    Ask,
    /// Looking at a clone, or at what taking its clean-up back would do.
    Clone,
    /// Cleaning a clone up, or taking that back.
    Cleanup,
    /// Comparing a restored database with the one that it was.
    Compare,
    /// Saving a file for the person.
    Export,
    /// Writing the scripts of a plan's rights.
    Rights,
    /// Writing maps for the person, or taking them in.
    Maps,
    /// Looking for the target of a decision.
    Target,
}

/// A job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct JobId {
    /// What it is for.
    pub purpose: Purpose,
    /// Its number; never used twice.
    pub number: u64,
}

/// The current job of each purpose.
#[derive(Clone, Debug, Default)]
pub struct Jobs {
    current: HashMap<Purpose, u64>,
    last: u64,
}

impl Jobs {
    /// A new job, which takes the place of an earlier one of its purpose.
    pub fn start(&mut self, purpose: Purpose) -> JobId {
        self.last += 1;
        self.current.insert(purpose, self.last);
        JobId { purpose, number: self.last }
    }

    /// Whether replies of this job still count.
    #[must_use]
    pub fn is_current(&self, job: JobId) -> bool {
        self.current.get(&job.purpose) == Some(&job.number)
    }

    /// Whether a job of this purpose is under way.
    #[must_use]
    pub fn is_running(&self, purpose: Purpose) -> bool {
        self.current.contains_key(&purpose)
    }

    /// Whether any job is under way.
    #[must_use]
    pub fn is_any_running(&self) -> bool {
        !self.current.is_empty()
    }

    /// The job has ended.
    pub fn end(&mut self, job: JobId) {
        if self.is_current(job) {
            self.current.remove(&job.purpose);
        }
    }

    /// Replies of the current job of this purpose no longer count.
    pub fn drop(&mut self, purpose: Purpose) {
        self.current.remove(&purpose);
    }
}
