//! How a command ends.

use std::process::ExitCode;

use crate::database::Fault;
use crate::report::Verdict;

/// The exit codes of `design.md` §6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    /// Done and proved; nothing was refused by the server.
    Done,
    /// Done and proved, with rejects; of a comparison: findings that block.
    WithRejects,
    /// Refused before any write.
    Refused,
    /// Stopped in order.
    Stopped,
    /// Failed, or written but the proof fails.
    Failed,
    /// Wrong command line.
    WrongCommandLine,
}

/// What is not proved is not done.
impl From<Verdict> for Exit {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Proved | Verdict::Undone => Self::Done,
            Verdict::ProvedWithRejects | Verdict::UndoneInPart => Self::WithRejects,
            Verdict::Stopped | Verdict::Undoing => Self::Stopped,
            Verdict::Failed | Verdict::Disproved | Verdict::Written => Self::Failed,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::WithRejects => 1,
            Exit::Refused => 2,
            Exit::Stopped => 3,
            Exit::Failed => 4,
            Exit::WrongCommandLine => 64,
        })
    }
}

/// A command that could not do what it was asked to, with what the person is told.
#[derive(Debug)]
pub(super) struct Trouble {
    pub(super) exit: Exit,
    pub(super) text: String,
}

impl Trouble {
    /// Nothing was written.
    pub(super) fn refused(text: impl Into<String>) -> Self {
        Self { exit: Exit::Refused, text: text.into() }
    }

    /// Something was, or may have been.
    pub(super) fn failed(fault: &Fault) -> Self {
        Self { exit: Exit::Failed, text: fault.to_string() }
    }
}

/// A fault that reaches a command as it is came before the first write.
impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        Self::refused(fault.to_string())
    }
}
