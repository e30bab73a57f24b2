//! What of a checklist can be answered in the databases: which steps, and how. It is only read.
//!
//! An answer is evidence beside what a person says of a step, never in place of it.

use serde::{Deserialize, Serialize};

use super::copy::{front_ends, platform_at_work};
use super::defang::{hosts_of, scan};
use super::foresee::{ForeseenStep, foresee};
use super::model::{Step, StepKind};
use super::platform::{espaces, read};
use super::procedure;
use super::security::security_context;
use crate::database::{
    Fault, FaultKind, Filter, Result, Source, TableName, UserLogin, Value, same_name,
};
use crate::outsystems::waking;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Check {
    /// Whether no user of the original is left without a login.
    Users,
    /// Whether a statement of the clean-up has nothing left to do.
    Statement,
    /// Whether the platform's catalog is reachable, has a version, and its logins their users.
    Platform,
    /// The same of the Log database, which has no version.
    Log,
    /// Whether servers have registered themselves, and none is the original's.
    Servers,
    /// Whether no extension uses a database connection.
    Extensions,
    /// Whether no database connection is left but the log's.
    Connections,
    /// Whether each further catalog is reachable, and has a login again.
    Catalogs,
    /// Whether nothing names the original any more.
    References,
    /// Whether nothing of the original waits to act.
    Waiting,
    /// Whether the platform is signed in to the old database no more.
    Nobody,
    /// Whether each user of the restored database has its login.
    Logins,
}

/// The steps of a procedure that can be answered, each with what is asked.
pub fn checks(name: &str) -> Vec<(&'static str, Check)> {
    let mut all: Vec<(&'static str, Check)> = match name {
        "clone-sqlserver" => vec![("users", Check::Users)],
        "installation-fresh" => vec![
            ("platform", Check::Platform),
            ("log", Check::Log),
            ("service-center", Check::Servers),
            ("extensions", Check::Extensions),
            ("delete-connections", Check::Connections),
            ("catalogs", Check::Catalogs),
            ("references", Check::References),
            ("waiting", Check::Waiting),
        ],
        "installation-existing" => vec![
            ("platform", Check::Platform),
            ("log", Check::Log),
            ("apply", Check::Servers),
            ("extensions", Check::Extensions),
            ("delete-connections", Check::Connections),
            ("catalogs", Check::Catalogs),
            ("references", Check::References),
            ("waiting", Check::Waiting),
        ],
        "restore" => vec![
            ("all-together", Check::Nobody),
            ("logins", Check::Logins),
            ("consistency", Check::Logins),
        ],
        _ => Vec::new(),
    };
    if let Ok(procedure) = procedure(name) {
        let is_due = |step: &&'static Step| step.kind() == StepKind::Statement && !step.optional;
        let statements = procedure.steps().filter(is_due);
        all.extend(statements.map(|step| (step.name.as_str(), Check::Statement)));
    }
    all
}

/// What is asked of a step; `None` where the databases cannot tell.
#[must_use]
pub fn check_of(procedure: &str, step: &str) -> Option<Check> {
    checks(procedure).into_iter().find(|(name, _)| *name == step).map(|(_, check)| check)
}

impl Check {
    /// The question.
    #[must_use]
    pub fn question(self) -> &'static str {
        match self {
            Self::Users => "Has every user of the platform a login on this server?",
            Self::Statement => "Is nothing left to delete or to set?",
            Self::Platform => "Is the catalog reachable, with a version and the platform's logins?",
            Self::Log => "Is the Log database reachable, with the platform's logins?",
            Self::Servers => "Have the clone's servers registered, and none of the original's?",
            Self::Extensions => "Does no extension use a database connection?",
            Self::Connections => "Is no database connection left but the log's?",
            Self::Catalogs => "Is each further catalog reachable, and has it a login again?",
            Self::References => "Does nothing name the original any more?",
            Self::Waiting => "Does nothing of the original wait to act?",
            Self::Nobody => "Is the platform signed in to the old database no more?",
            Self::Logins => "Has each user of the new database its login?",
        }
    }
}

/// What the databases say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Says {
    /// As it should be.
    Yes,
    /// Not as it should be.
    No,
    /// It could not be found out.
    Unclear,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What it is.
    pub says: Says,
    /// What was found, as a sentence.
    pub text: String,
}

impl Answer {
    fn new(says: Says, text: impl Into<String>) -> Self {
        Self { says, text: text.into() }
    }

    fn is(holds: bool, text: impl Into<String>) -> Self {
        Self::new(if holds { Says::Yes } else { Says::No }, text)
    }
}

/// The databases that are asked.
pub struct Asked<'a> {
    /// The clone's platform database; the new one of a restore.
    pub platform: &'a dyn Source,
    /// Its Log database, where it is declared.
    pub log: Option<&'a dyn Source>,
    /// The declared original; the old one of a restore.
    pub original: Option<&'a dyn Source>,
    /// Logins of the platform by names of one's own.
    pub logins: &'a [String],
    /// Machines of the original, besides its front-ends.
    pub hosts: &'a [String],
    /// Logins that were tried, each with why it was not let in.
    pub tried: &'a [(String, Option<String>)],
    /// What time it is, as front-ends write it: `2026-11-21 10:11:12`.
    pub now: &'a str,
}

/// Answers what is asked of a step. What one database does not tell is unclear, and no error.
pub async fn answer(name: &str, step: &str, asked: &Asked<'_>) -> Result<Option<Answer>> {
    let Some(check) = check_of(name, step) else { return Ok(None) };
    let answered = match check {
        Check::Users => users(asked.platform, asked.log, asked.logins).await,
        Check::Statement => statement(name, step, asked).await,
        Check::Platform => platform(asked).await,
        Check::Log => log(asked).await,
        Check::Servers => servers(asked).await,
        Check::Extensions => {
            let what = "rows of OSSYS_EXTENSION_DBCONNECTION";
            let none = none(asked, "OSSYS_EXTENSION_DBCONNECTION", Filter::All, what).await;
            in_service_center(asked, none).await
        }
        Check::Connections => {
            let log = Filter::Equals("NAME".to_owned(), Value::text("$OS_LOG_DB_7e3e8ce0"));
            let none = none(asked, "OSSYS_DBCONNECTION", log.negated(), "database connections");
            in_service_center(asked, none.await).await
        }
        Check::Catalogs => catalogs(asked).await,
        Check::References => references(asked).await,
        Check::Waiting => waiting(asked).await,
        Check::Nobody => nobody(asked).await,
        Check::Logins => users(asked.platform, asked.log, asked.logins).await,
    };
    match answered {
        Ok(answer) => Ok(Some(answer)),
        Err(fault) if is_about_one(&fault) => {
            Ok(Some(Answer::new(Says::Unclear, fault.to_string())))
        }
        Err(fault) => Err(fault),
    }
}

/// Whether an error says something of the question, and not of the connection.
fn is_about_one(fault: &Fault) -> bool {
    matches!(fault.kind, FaultKind::NotFound | FaultKind::Permission | FaultKind::NotApplicable)
}

async fn users(
    platform: &dyn Source,
    log: Option<&dyn Source>,
    logins: &[String],
) -> Result<Answer> {
    let mut says = Says::Yes;
    let mut texts = Vec::new();
    for (role, source) in [("Platform", Some(platform)), ("Log", log)] {
        let Some(source) = source else { continue };
        let context = security_context(source, role, logins).await?;
        let orphaned: Vec<&str> = context.orphaned().map(|user| user.name.as_str()).collect();
        let is_unseen = context.users.iter().any(|user| user.login == UserLogin::Unseen);
        if !orphaned.is_empty() {
            says = Says::No;
        } else if is_unseen && says == Says::Yes {
            says = Says::Unclear;
        }
        texts.push(match (&context.absent, orphaned.as_slice(), is_unseen) {
            (Some(absent), ..) => format!("{role}: {absent}"),
            (None, [], true) => format!("{role}: not all logins of the server can be seen"),
            (None, [], false) => format!("{role}: {} users, none orphaned", context.users.len()),
            (None, orphaned, _) => format!("{role}: no login for {}", orphaned.join(", ")),
        });
    }
    Ok(Answer::new(says, texts.join("; ")))
}

async fn statement(name: &str, step: &str, asked: &Asked<'_>) -> Result<Answer> {
    let step = procedure(name)?.step(step).into_iter().collect::<Vec<_>>();
    let found = foresee(asked.platform, &step).await?;
    let rows: u64 = found.iter().map(ForeseenStep::rows).sum();
    let blocked: Vec<&str> = found.iter().flat_map(ForeseenStep::blocked).collect();
    if let [why, ..] = blocked.as_slice() {
        return Ok(Answer::new(Says::Unclear, (*why).to_owned()));
    }
    Ok(Answer::is(rows == 0, format!("{rows} rows are left to delete or to set")))
}

/// The platform's logins in one database, and those that were tried.
async fn logins_of(source: &dyn Source, role: &str, asked: &Asked<'_>) -> Result<Answer> {
    let context = security_context(source, role, asked.logins).await?;
    let mut texts = Vec::new();
    let mut says = Says::Yes;
    let platform: Vec<String> = context
        .users
        .iter()
        .filter(|user| user.is_platform || user.is_orphaned())
        .map(|user| format!("{}: {}", user.name, user.login))
        .collect();
    let is_lacking = context.orphaned().next().is_some();
    match &context.absent {
        Some(absent) => texts.push(absent.clone()),
        None if platform.is_empty() => {
            says = Says::Unclear;
            texts.push(
                "no user by one of the platform's usual names; name yours in [cleanup] logins"
                    .to_owned(),
            );
        }
        None => texts.push(platform.join(", ")),
    }
    if is_lacking {
        says = Says::No;
    }
    for (login, refused) in asked.tried {
        match refused {
            None => texts.push(format!("{login} signs in")),
            Some(why) => {
                says = Says::No;
                texts.push(format!("{login} does not sign in: {why}"));
            }
        }
    }
    Ok(Answer::new(says, texts.join("; ")))
}

async fn platform(asked: &Asked<'_>) -> Result<Answer> {
    let source = asked.platform;
    let wanted = Filter::Equals("NAME".to_owned(), Value::text("Version"));
    let version = read(source, "OSSYS_PARAMETER", &["VAL"], wanted).await?;
    let version = version.filter(|rows| rows.len() > 0).map(|rows| rows.text(0, "VAL"));
    let place = &source.facts().place;
    let Some(version) = version else {
        return Ok(Answer::new(Says::No, format!("{place} has no version in OSSYS_PARAMETER")));
    };
    let logins = logins_of(source, "Platform", asked).await?;
    let text = format!("{place} answers, version {version}; {}", logins.text);
    Ok(Answer::new(logins.says, text))
}

async fn log(asked: &Asked<'_>) -> Result<Answer> {
    let Some(source) = asked.log else {
        return Ok(Answer::new(Says::Unclear, "no Log database is declared ([log])"));
    };
    let logins = logins_of(source, "Log", &Asked { tried: &[], ..*asked }).await?;
    let text = format!("{} answers; {}", source.facts().place, logins.text);
    Ok(Answer::new(logins.says, text))
}

async fn servers(asked: &Asked<'_>) -> Result<Answer> {
    let ours = front_ends(asked.platform).await?;
    if ours.is_empty() {
        return Ok(Answer::new(Says::No, "OSSYS_SERVER has no rows: no server has registered yet"));
    }
    let Some(original) = asked.original else {
        let text = format!("registered: {}; the original was not reached", ours.join(", "));
        return Ok(Answer::new(Says::Unclear, text));
    };
    let theirs = front_ends(original).await?;
    let of_both: Vec<&str> = ours
        .iter()
        .filter(|server| theirs.iter().any(|other| same_name(server, other)))
        .map(String::as_str)
        .collect();
    Ok(match of_both.as_slice() {
        [] => Answer::new(Says::Yes, format!("registered: {}", ours.join(", "))),
        both => Answer::new(Says::No, format!("the original's are there: {}", both.join(", "))),
    })
}

/// What is left is done in Service Center: on which host, so that nobody does it in the original's.
async fn in_service_center(asked: &Asked<'_>, answer: Result<Answer>) -> Result<Answer> {
    let answer = answer?;
    let hosts = servers(asked).await?;
    let where_to = match hosts.says {
        Says::Yes => {
            let ours = front_ends(asked.platform).await?;
            format!("the clone's own Service Center is on {}", ours.join(" or "))
        }
        Says::No | Says::Unclear => format!("no host of its Service Center: {}", hosts.text),
    };
    Ok(Answer { text: format!("{}; {where_to}", answer.text), ..answer })
}

async fn none(asked: &Asked<'_>, table: &str, filter: Filter, what: &str) -> Result<Answer> {
    let Some(shape) = asked.platform.shape(&TableName::new(table)).await? else {
        let text = format!("this platform version has no table {table}");
        return Ok(Answer::new(Says::Yes, text));
    };
    let rows = asked.platform.count(&shape.name, &filter).await?;
    Ok(Answer::is(rows == 0, format!("{rows} {what}")))
}

async fn catalogs(asked: &Asked<'_>) -> Result<Answer> {
    let wanted = ["NAME", "USERNAME"];
    let found = read(asked.platform, "OSSYS_DBCATALOG", &wanted, Filter::All).await?;
    let mut says = Says::Yes;
    let mut texts = Vec::new();
    for (rows, row) in found.iter().flat_map(|rows| (0..rows.len()).map(move |row| (rows, row))) {
        let name = rows.text(row, "NAME");
        if name.is_empty() || same_name(&name, "(Main)") {
            continue;
        }
        if rows.text(row, "USERNAME").trim().is_empty() {
            says = Says::No;
            texts.push(format!("{name} has no login yet"));
            continue;
        }
        match asked.platform.tables(Some(&name)).await {
            Ok(tables) => texts.push(format!("{name}: {} tables", tables.len())),
            Err(fault) => {
                says = Says::No;
                texts.push(format!("{name}: {}", fault.what));
            }
        }
    }
    if texts.is_empty() {
        texts.push("there are no further catalogs".to_owned());
    }
    Ok(Answer::new(says, texts.join("; ")))
}

async fn references(asked: &Asked<'_>) -> Result<Answer> {
    let known = asked.original.unwrap_or(asked.platform);
    let hosts = hosts_of(known, asked.hosts).await?;
    let found = scan(asked.platform, &hosts).await?;
    let of_original = found.of_original();
    Ok(Answer::is(
        of_original == 0,
        format!(
            "{of_original} places name the original, {} lead elsewhere (`osferry cleanup --scan` \
             lists them)",
            found.remains.len() - of_original
        ),
    ))
}

async fn waiting(asked: &Asked<'_>) -> Result<Answer> {
    let source = asked.platform;
    let modules: Vec<i64> = espaces(source).await?.iter().map(|espace| espace.id).collect();
    let due = waking(source, &modules, asked.now).await?;
    let mut parts = Vec::new();
    let mut is_unseen = false;
    let mut add = |count: Option<u64>, what: &str| match count {
        Some(0) => {}
        Some(count) => parts.push(format!("{what}: {count}")),
        None => is_unseen = true,
    };
    add(due.timers.map(|timers| timers.len() as u64), "timers due");
    add(due.activities, "activities of processes due");
    for queue in ["OSSYS_BPM_EVENT_QUEUE", "OSSYS_BPM_EVENT"] {
        let count = match source.shape(&TableName::new(queue)).await? {
            Some(shape) => source.count(&shape.name, &Filter::All).await?,
            None => 0,
        };
        add(Some(count), &format!("process events in {queue}"));
    }
    let unsent = match source.shape(&TableName::new("OSSYS_EMAIL")).await? {
        None => Some(0),
        Some(shape) => match shape.column("SENT") {
            Some(sent) => {
                Some(source.count(&shape.name, &Filter::IsNull(sent.name.clone())).await?)
            }
            None => None,
        },
    };
    add(unsent, "e-mails not yet sent");
    Ok(match (parts.is_empty(), is_unseen) {
        (false, _) => Answer::new(Says::No, parts.join(", ")),
        (true, false) => Answer::new(Says::Yes, "no timer, process, event or e-mail waits"),
        (true, true) => Answer::new(
            Says::Unclear,
            "nothing was found that waits, but this platform version keeps some of it elsewhere",
        ),
    })
}

async fn nobody(asked: &Asked<'_>) -> Result<Answer> {
    let Some(old) = asked.original else {
        return Ok(Answer::new(Says::Unclear, "the old database was not reached"));
    };
    let facts = old.copy_facts().await?;
    if facts.sessions.is_none() {
        let text = "who is signed in cannot be seen (it needs VIEW SERVER STATE)";
        return Ok(Answer::new(Says::Unclear, text));
    }
    let hosts = front_ends(old).await?;
    Ok(match platform_at_work(old, &hosts, asked.logins).await? {
        Some(session) => Answer::new(Says::No, format!("signed in: {session}")),
        None => {
            let kept = if old.facts().read_only { "" } else { "; it can still be written" };
            Answer::new(Says::Yes, format!("nobody of the platform is signed in{kept}"))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::procedures::ALL;

    #[test]
    fn what_is_asked_is_asked_of_steps_that_are_there() {
        for name in ALL {
            let procedure = procedure(name).expect("a data file");
            for (step, check) in checks(name) {
                assert!(procedure.step(step).is_some(), "{name}: {step}");
                assert_eq!(check_of(name, step), Some(check), "{name}: {step} is there twice");
            }
        }
        assert!(checks("installation-fresh").len() >= 8);
        assert!(checks("clone-oracle").is_empty());
    }
}
