//! The shells around the wizard's state: a full screen, or lines for screen readers and pipes.
//!
//! A shell waits for keys, signals and the reports of jobs, turns them into messages, and has the
//! [`worker`] carry out the effects that come back. It decides nothing: what a key means and what
//! follows is [`crate::wizard::update`]'s.

mod input;
pub mod life;
mod lines;
pub mod plain;
mod screen;
mod signals;
pub mod worker;

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::time::Instant;

use crate::database::Secret;
use crate::wizard::Manners;
use crate::wizard::message::Now;

pub use screen::run;

/// How the wizard begins.
#[derive(Clone, Debug, Default)]
pub enum Begin {
    /// At Home.
    #[default]
    Home,
    /// On the practice pair.
    Practice {
        /// Its folder, when it is not the usual one.
        folder: Option<PathBuf>,
        /// Rows of its large entities.
        rows: Option<u64>,
        /// Whether an existing pair is thrown away.
        fresh: bool,
    },
    /// On a practice pair that is there: its sample plan says where, and this is the password.
    PracticePair {
        /// The sample plan.
        plan: PathBuf,
        /// The password for both sides, where they need one.
        secret: Option<Secret>,
    },
}

/// What the person asked for about looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    /// Questions and answers instead of a screen.
    pub plain: bool,
    /// ASCII signs and borders.
    pub ascii: bool,
    /// Whether to use colours; `None` leaves it to the terminal.
    pub color: Option<bool>,
}

impl Wishes {
    /// What either of both asks for.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            plain: self.plain || other.plain,
            ascii: self.ascii || other.ascii,
            color: self.color.or(other.color),
        }
    }
}

/// What the terminal can show, as far as its environment says.
#[must_use]
pub fn manners(wishes: Wishes) -> Manners {
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let term = variable("TERM");
    let no_color = !variable("NO_COLOR").is_empty() || term == "dumb" || term.contains("mono");
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .map(variable)
        .find(|value| !value.is_empty())
        .unwrap_or_default()
        .to_lowercase();
    // Windows' terminals are told to speak UTF-8 by us; elsewhere the locale says it.
    let speaks_utf8 = cfg!(windows) || locale.contains("utf-8") || locale.contains("utf8");
    Manners {
        color: wishes.color.unwrap_or(!no_color),
        ascii: wishes.ascii || !speaks_utf8 || term == "linux",
    }
}

/// Whether somebody sits there who can read and answer.
#[must_use]
pub fn has_terminal() -> bool {
    std::io::stdout().is_terminal() && std::io::stdin().is_terminal()
}

/// Whether a full screen can be shown and keys can be read.
#[must_use]
pub fn has_screen() -> bool {
    has_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// The clock that messages carry.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    started: Instant,
}

impl Clock {
    /// Starts now.
    #[must_use]
    pub fn start() -> Self {
        Self { started: Instant::now() }
    }

    /// How late it is.
    #[must_use]
    pub fn now(self) -> Now {
        let now = jiff::Zoned::now();
        Now {
            day: now.strftime("%Y-%m-%d").to_string(),
            clock: now.strftime("%H:%M:%S").to_string(),
            since_start: self.started.elapsed(),
        }
    }
}
