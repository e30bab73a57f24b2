//! What can go wrong, in words for the person and a kind for the program.

use std::fmt;

use super::Refusal;

/// A result whose error is a [`Fault`].
pub type Result<T> = std::result::Result<T, Fault>;

/// Why something did not work. Code decides by this, never by the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The server or file cannot be reached.
    Unreachable,
    /// The server refused the sign-in.
    SignIn,
    /// The server's certificate is not trusted, or TLS could not be agreed on.
    Certificate,
    /// A named thing is not there.
    NotFound,
    /// A right is missing.
    Permission,
    /// Someone else holds a lock that is needed.
    Busy,
    /// The request took longer than its limit.
    Timeout,
    /// The connection broke.
    Lost,
    /// The server rolled the transaction back and says that trying again may work.
    Retry,
    /// The database refused a row: a constraint, a width, a type.
    Refused,
    /// No room: log, file group or disk.
    Full,
    /// The stored data is not what the shape promises.
    Data,
    /// What was asked for does not exist on this engine.
    NotApplicable,
    /// What was asked for cannot be done as asked; nothing was written.
    Invalid,
    /// Nobody knows whether something was committed. Never to be tried again.
    InDoubt,
    /// The person asked to stop.
    Cancelled,
    /// Somebody changed meanwhile what this relies on.
    Changed,
    /// Anything else.
    Other,
}

/// One thing that went wrong: what, and what to do next.
#[derive(Clone, Debug)]
pub struct Fault {
    /// The kind, for decisions.
    pub kind: FaultKind,
    /// What happened, as a sentence.
    pub what: String,
    /// What the person can do next; empty when there is nothing to say.
    pub next: String,
    /// The server's own error number, where there is one.
    pub code: Option<i64>,
    /// The rule that refused a row, where one did and it can be told.
    pub refusal: Option<Refusal>,
}

impl Fault {
    /// A fault without advice.
    pub fn new(kind: FaultKind, what: impl Into<String>) -> Self {
        Self { kind, what: what.into(), next: String::new(), code: None, refusal: None }
    }

    /// Adds what to do next.
    #[must_use]
    pub fn advise(mut self, next: impl Into<String>) -> Self {
        self.next = next.into();
        self
    }

    /// Adds the server's error number.
    #[must_use]
    pub fn with_code(mut self, code: i64) -> Self {
        self.code = Some(code);
        self
    }

    /// Adds the rule that refused a row.
    #[must_use]
    pub fn refused_by(mut self, refusal: Option<Refusal>) -> Self {
        self.refusal = refusal;
        self
    }

    /// Says where it happened, in front of what happened.
    #[must_use]
    pub fn while_doing(mut self, doing: impl fmt::Display) -> Self {
        self.what = format!("{doing}: {}", self.what);
        self
    }

    /// What happened and what to do about it, as sentences one after the other.
    #[must_use]
    pub fn in_a_line(&self) -> String {
        let code = self.code.map_or_else(String::new, |code| format!(" (error {code})"));
        let what = format!("{}{code}.", self.what.trim_end_matches('.'));
        if self.next.is_empty() { what } else { format!("{what} {}", self.next) }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        if let Some(code) = self.code {
            write!(f, " (error {code})")?;
        }
        if !self.next.is_empty() {
            write!(f, "\n  {}", self.next)?;
        }
        Ok(())
    }
}

impl std::error::Error for Fault {}
