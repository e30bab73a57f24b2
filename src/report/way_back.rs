//! The way back: what is left to do before people work in the destination again, in its order.
//!
//! Pure: the list comes from the plan, from what was read in the destination after the run, and from
//! what somebody ticked. What can be read is seen to be done without a tick.

use std::fmt::Write as _;

use serde::Serialize;

use super::run::{RunReport, Verdict};
use super::text::{WIDTH, bytes, counted, escaped, number, wrapped};
use crate::migrate::Aftermath;
use crate::migrate::journal::Tick;
use crate::plan::Plan;

/// The file with the statements for the statistics of written tables, in the run's folder.
pub const STATISTICS_FILE: &str = "statistics.sql";

/// Names that a sentence lists.
const NAMED: usize = 8;

/// Whether a task is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TaskState {
    /// Not that anybody knows.
    Open,
    /// Somebody ticked it.
    Done,
    /// Nobody ticked it; what was read in the destination says that there is nothing to do.
    Seen,
}

impl TaskState {
    /// What stands between brackets before the task on a screen.
    #[must_use]
    pub fn mark(self) -> char {
        match self {
            Self::Open => ' ',
            Self::Done => 'x',
            Self::Seen => '*',
        }
    }
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TaskReport {
    /// Its name, by which it is ticked.
    pub name: &'static str,
    /// Whether it is done.
    pub state: TaskState,
    /// What it is about, with what was counted.
    pub what: String,
    /// Where it is done, or by which command.
    pub how: String,
    /// What somebody noted.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// Who ticked or noted it, and when.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub said: String,
}

/// The list of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WayBackReport {
    /// When the destination was read for it; `None` when it was not.
    pub read: Option<String>,
    /// What could not be read, a sentence each.
    pub trouble: Vec<String>,
    /// What is to be done, in this order.
    pub tasks: Vec<TaskReport>,
}

impl WayBackReport {
    /// Tasks that are done.
    #[must_use]
    pub fn done(&self) -> usize {
        self.tasks.iter().filter(|task| task.state != TaskState::Open).count()
    }
}

/// What the list is made from.
pub(super) struct Facts<'a> {
    pub(super) plan: &'a Plan,
    pub(super) found: Option<&'a Aftermath>,
    pub(super) ticks: &'a [Tick],
    pub(super) id: &'a str,
    pub(super) destination_database: &'a str,
    pub(super) users_created: u64,
}

/// The list of a run that ended so; `None` where the run or its undo has to come to its end first.
pub(super) fn way_back(verdict: Verdict, facts: &Facts<'_>) -> Option<WayBackReport> {
    if matches!(verdict, Verdict::Stopped | Verdict::Failed | Verdict::Undoing) {
        return None;
    }
    let mut made =
        vec![
        open("emails", "E-mails go to the test list only, before anything runs again.".to_owned(),
            "Service Center, Administration, Email: have all e-mails sent to the test list."),
        facts.timers(),
        facts.activities(),
        facts.caches(),
        open("sign-ins",
            "Everybody signs in anew, and mobile applications drop their offline data: sessions \
             and devices hold ids of before.".to_owned(),
            "Recycle every front-end to end the sessions; on each device sign out and clear the \
             application's data."),
        facts.statistics(),
    ];
    let is_undone = matches!(verdict, Verdict::Undone | Verdict::UndoneInPart);
    if facts.users_created > 0 && !is_undone {
        made.push(facts.passwords());
    }
    made.push(facts.trial());
    made.push(facts.others());
    if facts.found.is_none_or(|found| found.has_rights) {
        made.push(facts.rights());
    }
    made.push(facts.images());
    Some(WayBackReport {
        read: facts.found.map(|found| found.at.clone()),
        trouble: facts.found.map(|found| found.trouble.clone()).unwrap_or_default(),
        tasks: made.into_iter().map(|made| facts.ticked(made)).collect(),
    })
}

/// A task and whether it is seen to be done.
struct Made {
    name: &'static str,
    is_seen: bool,
    what: String,
    how: String,
}

fn open(name: &'static str, what: String, how: impl Into<String>) -> Made {
    Made { name, is_seen: false, what, how: how.into() }
}

fn listed<S: AsRef<str>>(names: &[S]) -> String {
    let shown: Vec<&str> = names.iter().take(NAMED).map(AsRef::as_ref).collect();
    let shown = shown.join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

impl Facts<'_> {
    fn ticked(&self, made: Made) -> TaskReport {
        let tick = self.ticks.iter().find(|tick| tick.name == made.name);
        let state = match tick {
            Some(tick) if tick.is_done => TaskState::Done,
            // Whoever opened it again knows better.
            None if made.is_seen => TaskState::Seen,
            _ => TaskState::Open,
        };
        let said = tick.map(|tick| match tick.by.as_str() {
            "" => tick.at.clone(),
            by => format!("{by}, {}", tick.at),
        });
        TaskReport {
            name: made.name,
            state,
            what: made.what,
            how: made.how,
            note: tick.map(|tick| tick.note.clone()).unwrap_or_default(),
            said: said.unwrap_or_default(),
        }
    }

    fn timers(&self) -> Made {
        let due = self.found.and_then(|found| found.timers.as_ref());
        let what = match due {
            None => "How many timers are due was not read.".to_owned(),
            Some(due) if due.is_empty() => "No timer of the modules is due.".to_owned(),
            Some(due) => {
                let names: Vec<String> =
                    due.iter().map(|(name, when)| format!("{name} ({when})")).collect();
                let run = if due.len() == 1 { "runs" } else { "run" };
                format!(
                    "{} of the modules {run} at once when the applications are online: {}.",
                    counted(due.len() as u64, "timer", "timers"),
                    listed(&names)
                )
            }
        };
        Made {
            is_seen: due.is_some_and(Vec::is_empty),
            ..open(
                "timers",
                what,
                "Service Center, Factory, the module, Timers: give each its next run, or let it \
                 run knowingly.",
            )
        }
    }

    fn activities(&self) -> Made {
        let due = self.found.and_then(|found| found.activities);
        let what = match due {
            None => "How many activities of processes are due was not read.".to_owned(),
            Some(0) => "No activity of the modules' processes is due.".to_owned(),
            Some(due) => format!(
                "{} of the modules' processes {} a NEXT_RUN in the past: the scheduler runs {} at \
                 once.",
                counted(due, "activity", "activities"),
                if due == 1 { "has" } else { "have" },
                if due == 1 { "it" } else { "them" },
            ),
        };
        Made {
            is_seen: due == Some(0),
            ..open(
                "activities",
                what,
                "Service Center, Monitoring, Processes: suspend what should not go on, or let it \
                 run knowingly.",
            )
        }
    }

    fn caches(&self) -> Made {
        let mut modules: Vec<&str> = Vec::new();
        let chosen = self.plan.espaces.iter().map(|espace| espace.name.as_str());
        let owners = self
            .plan
            .entities
            .iter()
            .map(|entity| entity.name.split('.').next().unwrap_or_default());
        for module in chosen.chain(owners) {
            if !modules.contains(&module) {
                modules.push(module);
            }
        }
        let tenants = self.found.map(|found| found.tenants.as_slice()).unwrap_or_default();
        let tenants = match tenants {
            [] => String::new(),
            tenants => format!("; tenants: {}", listed(tenants)),
        };
        open(
            "caches",
            format!(
                "Caches hold rows of before: writing to the database refreshes none. Modules: \
                 {}{tenants}.",
                listed(&modules)
            ),
            "For each module and tenant the actions EspaceInvalidateCache and \
             TenantInvalidateCache, or publish the modules again, or recycle every front-end.",
        )
    }

    fn statistics(&self) -> Made {
        open(
            "statistics",
            "The database's statistics of the written tables are of before.".to_owned(),
            format!("Have {STATISTICS_FILE} of the run's folder carried out; its head says how."),
        )
    }

    fn passwords(&self) -> Made {
        let without = self.found.and_then(|found| found.without_password);
        let created = counted(self.users_created, "created user", "created users");
        let what = match without {
            None => format!("How many of {created} have no password was not read."),
            Some(0) => format!("None of {created} lacks a password."),
            Some(1) => format!("1 of {created} has no password."),
            Some(some) => format!("{} of {created} have no password.", number(some)),
        };
        Made {
            is_seen: without == Some(0),
            ..open(
                "passwords",
                what,
                "The application Users sets them. Whoever signs in elsewhere (SAML, Active \
                 Directory) needs none here.",
            )
        }
    }

    fn trial(&self) -> Made {
        let mut what =
            "One application is online and tried by one user of each role in each tenant."
                .to_owned();
        if let Some(found) = self.found {
            for (title, names) in [("Roles", &found.roles), ("Tenants", &found.tenants)] {
                if !names.is_empty() {
                    let _ = write!(what, " {title} ({}): {}.", names.len(), listed(names));
                }
            }
        }
        open(
            "trial",
            what,
            "Service Center, Factory, the application: bring it online; then look at rows that \
             were carried over.",
        )
    }

    fn others(&self) -> Made {
        let all = self.found.and_then(|found| found.applications.as_ref());
        let offline: Option<Vec<&str>> = all.map(|all| {
            all.iter()
                .filter(|(_, is_offline)| *is_offline)
                .map(|(name, _)| name.as_str())
                .collect()
        });
        let what = match &offline {
            None => "The other applications of the scope are brought online.".to_owned(),
            Some(offline) if offline.is_empty() => {
                "No application of the scope is offline.".to_owned()
            }
            Some(offline) => {
                format!("The other applications are brought online. Offline: {}.", listed(offline))
            }
        };
        Made {
            is_seen: offline.is_some_and(|offline| offline.is_empty()),
            ..open("applications", what, "Service Center, Factory, each application.")
        }
    }

    fn rights(&self) -> Made {
        let may_write = self.found.and_then(|found| found.may_write);
        let what = match may_write {
            None => "The rights that were given for the run are taken back.".to_owned(),
            Some(false) => {
                "The login can no longer write the tables of the plan, nor alter them.".to_owned()
            }
            Some(true) => "The login can still write or alter tables of the plan; rights that \
                           were given for the run are taken back."
                .to_owned(),
        };
        Made {
            is_seen: may_write == Some(false),
            ..open(
                "rights",
                what,
                "Have revoke.sql of the run's folder carried out on both servers. An undo needs \
                 the rights.",
            )
        }
    }

    fn images(&self) -> Made {
        let kept = self.found.map(|found| found.images);
        let what = match kept {
            None => "The rows that are kept for an undo hold what the destination had; they are \
                     deleted once nobody wants an undo."
                .to_owned(),
            Some(0) => "No rows are kept for an undo.".to_owned(),
            Some(kept) => format!(
                "The rows that are kept for an undo ({}) hold what the destination had; they are \
                 deleted once nobody wants an undo.",
                bytes(kept)
            ),
        };
        let how = format!("osferry forget {} --confirm {}", self.id, self.destination_database);
        Made { is_seen: kept == Some(0), ..open("before-images", what, how) }
    }
}

impl RunReport {
    /// How far the way back is, in a sentence; `None` where there is none yet.
    #[must_use]
    pub fn way_back_short(&self) -> Option<String> {
        let list = self.way_back.as_ref()?;
        Some(format!(
            "The way back, {} of {} done: osferry tasks {}",
            list.done(),
            list.tasks.len(),
            self.id
        ))
    }

    /// The way back for a terminal.
    #[must_use]
    pub fn way_back_lines(&self) -> Option<String> {
        let list = self.way_back.as_ref()?;
        let mut out = format!(
            "The way back of {} ({}): {} of {} done\n",
            self.name,
            self.id,
            list.done(),
            list.tasks.len()
        );
        out.push_str(&wrapped(&read_words(list, &self.id), WIDTH, "", ""));
        for task in &list.tasks {
            let _ = writeln!(out, "\n[{}] {}", task.state.mark(), task.name);
            for words in [&task.what, &task.how, &noted(task)] {
                if !words.is_empty() {
                    out.push_str(&wrapped(words, WIDTH, "    ", "    "));
                }
            }
        }
        out.push_str("\n[x] ticked  [*] seen to be done\n");
        Some(out)
    }

    /// The way back as the last chapter of the report.
    pub(super) fn way_back_chapter(&self, out: &mut String) {
        let Some(list) = &self.way_back else { return };
        let _ = writeln!(out, "\n## The way back\n\n{}\n", escaped(&read_words(list, &self.id)));
        for task in &list.tasks {
            let sign = if task.state == TaskState::Open { ' ' } else { 'x' };
            let words = [task.what.clone(), task.how.clone(), noted(task)];
            let words: Vec<String> = words
                .iter()
                .filter(|words| !words.is_empty())
                .map(|words| escaped(words))
                .collect();
            let _ = writeln!(out, "- [{sign}] **{}**: {}", task.name, words.join(" "));
        }
    }
}

fn read_words(list: &WayBackReport, id: &str) -> String {
    let mut words = match &list.read {
        Some(at) => {
            format!("Read in the destination at {at}; osferry tasks {id} --check reads again.")
        }
        None => format!("Not read in the destination yet: osferry tasks {id} --check"),
    };
    for trouble in &list.trouble {
        let _ = write!(words, " {}.", trouble.trim_end_matches('.'));
    }
    words
}

fn noted(task: &TaskReport) -> String {
    match (task.said.as_str(), task.note.as_str()) {
        ("", _) => String::new(),
        (said, "") => format!("({said})"),
        (said, note) => format!("({said}: {note})"),
    }
}
