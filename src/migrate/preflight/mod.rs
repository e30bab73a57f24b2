//! What is checked before the first write: one list for the wizard's Review and for
//! `osferry run`. What is bad refuses the run; warnings are accepted by somebody; what only a person
//! can know is a task.

mod events;
mod pair;
mod platform;
mod rights;
mod server;
mod tables;

pub use pair::{check_pair, check_purpose};
pub(super) use platform::scope_of;
pub(super) use rights::every_written;
pub use rights::{check_destination, rights_in_destination, rights_in_source, written_tables};

use super::mask::needed_key;
use crate::database::{Destination, Fault, Result, Secret, Source};
use crate::outsystems::Environment;
use crate::plan::{CheckKind, Plan, Purpose};

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckSign {
    /// All is well.
    Good,
    /// Something to know.
    Note,
    /// Somebody has to accept it.
    Warning,
    /// Somebody has to say that it is done.
    Task,
    /// It has to be mended: the run is refused.
    Bad,
}

/// A check that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Which one.
    pub kind: CheckKind,
    /// How it came out.
    pub sign: CheckSign,
    /// What was found.
    pub text: String,
    /// What to do about it; empty when nothing.
    pub advice: String,
    /// All that it is about, where the text names a few of them.
    pub all: Vec<String>,
}

/// So many are named in a sentence.
const NAMED: usize = 5;

/// A few of these names, and how many more there are.
fn listed(names: &[String]) -> String {
    let shown = names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

impl Check {
    /// A check that found something.
    #[must_use]
    pub fn new(
        kind: CheckKind,
        sign: CheckSign,
        text: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self { kind, sign, text: text.into(), advice: advice.into(), all: Vec::new() }
    }

    /// A check that found these.
    fn naming(
        kind: CheckKind,
        sign: CheckSign,
        what: &str,
        found: &[String],
        advice: impl Into<String>,
    ) -> Self {
        let check = Self::new(kind, sign, format!("{what}: {}", listed(found)), advice);
        Self { all: if found.len() > NAMED { found.to_vec() } else { Vec::new() }, ..check }
    }

    /// All is well.
    #[must_use]
    pub fn good(kind: CheckKind, text: impl Into<String>) -> Self {
        Self::new(kind, CheckSign::Good, text, "")
    }

    /// What could not be checked, or is refused.
    #[must_use]
    pub fn fault(kind: CheckKind, fault: &Fault) -> Self {
        Self::new(kind, CheckSign::Bad, &fault.what, &fault.next)
    }
}

/// What is checked.
#[derive(Clone, Copy)]
pub struct Preflight<'a> {
    /// What would be done.
    pub plan: &'a Plan,
    /// Where rows are read.
    pub source: &'a dyn Source,
    /// Where rows are written.
    pub destination: &'a dyn Destination,
    /// What the source is.
    pub source_model: &'a Environment,
    /// What the destination is.
    pub destination_model: &'a Environment,
    /// What the destination is for.
    pub purpose: Option<Purpose>,
    /// The key of the masks, where one is given.
    pub mask_key: Option<&'a Secret>,
    /// Whether a server that is no SQL Server may be written all the same: for tests.
    pub any_engine: bool,
}

impl Preflight<'_> {
    /// Makes all checks, in the order in which things are done before a migration: first what is
    /// stopped, then what may be written, then what the server is. Each is told as soon as it is
    /// made.
    pub async fn check(&self, told: &mut (dyn FnMut(Check) + Send)) {
        told(Check::new(
            CheckKind::Frozen,
            CheckSign::Task,
            "nobody deploys or publishes on either side until the report is there",
            "Agree it with everybody who can, in LifeTime and in Service Studio; what is published \
             during a run stops it.",
        ));
        tell(CheckKind::Timers, self.platform().await, told);
        match check_pair(self.source_model, self.destination_model, self.purpose) {
            Ok(warnings) => {
                for warning in warnings {
                    told(Check::new(CheckKind::Clone, CheckSign::Warning, warning, ""));
                }
            }
            Err(fault) => told(Check::fault(CheckKind::Pair, &fault)),
        }
        tell(CheckKind::Rights, self.rights().await, told);
        tell(CheckKind::Events, self.events().await, told);
        match needed_key(self.plan, self.mask_key) {
            Ok(Some(_)) => told(Check::good(CheckKind::MaskKey, "there is a key for the masks")),
            Ok(None) => {}
            Err(fault) => told(Check::fault(CheckKind::MaskKey, &fault)),
        }
        match self.destination.lock_run("check").await {
            Ok(lock) => {
                drop(lock);
                told(Check::good(CheckKind::Lock, "no other run is writing there"));
            }
            Err(fault) => told(Check::fault(CheckKind::Lock, &fault)),
        }
        tell(CheckKind::Triggers, self.tables().await, told);
        for check in self.engines() {
            told(check);
        }
        tell(CheckKind::IdentityRoom, self.identities().await, told);
        tell(CheckKind::Log, self.server().await, told);
    }

    async fn rights(&self) -> Result<Vec<Check>> {
        check_destination(self.plan, self.source, self.destination).await?;
        let text = if self.destination.facts().capabilities.rights {
            let tables = self.plan.entities.len();
            let tables =
                if tables == 1 { "1 table".to_owned() } else { format!("{tables} tables") };
            format!("may read and write {tables} as the plan needs")
        } else {
            "a file has no rights to ask for".to_owned()
        };
        Ok(vec![Check::good(CheckKind::Rights, text)])
    }
}

/// Tells what came out; that something could not be looked at is a check that failed.
fn tell(kind: CheckKind, outcome: Result<Vec<Check>>, told: &mut (dyn FnMut(Check) + Send)) {
    match outcome {
        Ok(checks) => checks.into_iter().for_each(told),
        Err(fault) => told(Check::fault(kind, &fault)),
    }
}
