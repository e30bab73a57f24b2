//! Positive proof that a database is the copy, and not the original that it was made from.
//!
//! The dangerous mistake of a clean-up is to carry it out on Production. So each fact that would
//! tell the two apart is looked for and said: it holds, it is missing, it contradicts. One
//! contradiction refuses; what is missing has to be made up for by typing the original's name.

use std::collections::HashSet;

use serde::Serialize;

use super::platform::read;
use super::timers::{self, ZONES_APART, last_runs};
use crate::database::{
    CopyFacts, Fault, FaultKind, Filter, Restored, Result, Source, date_time_from_text, same_name,
};

/// Logins that the platform is usually given, besides those of a person's own naming.
const PLATFORM_LOGINS: [&str; 6] =
    ["OSADMIN", "OSRUNTIME", "OSADMIN_LOG", "OSRUNTIME_LOG", "OSLOG", "OSSTATE"];

/// What a fact says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It says that this is the copy.
    Holds,
    /// It could not be found out.
    Missing,
    /// It says that this is not the copy.
    Contradicts,
    /// Databases of this kind have no such fact.
    NotApplicable,
}

/// One fact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// What it says.
    pub standing: Standing,
    /// The fact, as a sentence.
    pub text: String,
}

impl Evidence {
    pub(super) fn new(standing: Standing, text: impl Into<String>) -> Self {
        Self { standing, text: text.into() }
    }
}

/// Everything that was found out.
#[derive(Clone, Debug, Serialize)]
pub struct Copy {
    /// The facts.
    pub evidence: Vec<Evidence>,
    /// The original's database, as it was declared.
    #[serde(skip)]
    pub original: String,
}

impl Copy {
    /// Whether a fact is missing.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        self.evidence.iter().any(|fact| fact.standing == Standing::Missing)
    }

    /// Refuses what is not proved to be the copy. `typed` is the original's name, where somebody
    /// typed it because facts are missing.
    pub fn check(&self, typed: Option<&str>) -> Result<()> {
        let of = |standing| {
            let found = self.evidence.iter().filter(move |fact| fact.standing == standing);
            found.map(|fact| format!("\n  {}", fact.text)).collect::<String>()
        };
        let against = of(Standing::Contradicts);
        if !against.is_empty() {
            return Err(Fault::new(
                FaultKind::Invalid,
                format!("this does not look like the copy, so nothing was written:{against}"),
            )
            .advise("Nothing overrides this. Look again which database is which."));
        }
        if !self.is_incomplete() {
            return Ok(());
        }
        // No name can be typed of what was never declared.
        if self.original.trim().is_empty() {
            let what = "no original is declared, so nothing proves that this is the copy";
            return Err(Fault::new(FaultKind::Invalid, what)
                .advise("Nothing was written. Say which database it was copied from."));
        }
        match typed {
            Some(typed) if same_name(typed, &self.original) => Ok(()),
            Some(typed) => Err(Fault::new(
                FaultKind::Invalid,
                format!("{typed:?} is not the declared original's name"),
            )
            .advise("Nothing was written.")),
            None => Err(Fault::new(
                FaultKind::Invalid,
                format!("it is not wholly proved that this is the copy:{}", of(Standing::Missing)),
            )
            .advise(
                "Nothing was written. If you are certain that it is, give the original database's \
                 name as well (--original NAME).",
            )),
        }
    }
}

/// Looks for every fact. `original` is the declared original, where it was reached, else why not;
/// `declared` its database's name; `logins` what else the platform signs in with.
pub async fn look_at_copy(
    copy: &dyn Source,
    original: std::result::Result<&dyn Source, &Fault>,
    declared: &str,
    logins: &[String],
) -> Result<Copy> {
    let facts = match copy.copy_facts().await {
        Ok(facts) => Some(facts),
        Err(fault) if fault.kind == FaultKind::NotApplicable => None,
        Err(fault) => return Err(fault),
    };
    let mut evidence = vec![another_database(copy, original)];
    if let Ok(original) = original {
        evidence.push(same_factory(copy, original).await?);
    }
    match &facts {
        Some(facts) => {
            evidence.push(restored(copy, original.ok(), facts));
            evidence.push(sessions(copy, facts, logins).await?);
            evidence.push(timers(copy, original.ok(), facts).await?);
        }
        None => evidence.push(Evidence::new(
            Standing::NotApplicable,
            "a file has no restore on record, no sessions and no server's clock",
        )),
    }
    Ok(Copy { evidence, original: declared.to_owned() })
}

/// Whether the platform is signed in to the clone's Log database. It is known by the clone's
/// front-ends: it has no list of its own.
pub async fn look_at_log(
    copy: &dyn Source,
    log: &dyn Source,
    logins: &[String],
) -> Result<Option<Evidence>> {
    let facts = match log.copy_facts().await {
        Ok(facts) => facts,
        Err(fault) if fault.kind == FaultKind::NotApplicable => return Ok(None),
        Err(fault) => return Err(fault),
    };
    if facts.sessions.is_none() {
        let text = "who is signed in to the Log database cannot be seen";
        return Ok(Some(Evidence::new(Standing::Missing, text)));
    }
    let hosts = front_ends(copy).await?;
    Ok(Some(match of_platform(&facts, &hosts, logins) {
        Some(session) => Evidence::new(
            Standing::Contradicts,
            format!("the platform is signed in to the Log database: {session}"),
        ),
        None => Evidence::new(
            Standing::Holds,
            "nobody of the platform is signed in to the Log database",
        ),
    }))
}

/// The machines that a platform database lists as its servers.
pub(super) async fn front_ends(source: &dyn Source) -> Result<Vec<String>> {
    let servers = read(source, "OSSYS_SERVER", &["NAME"], Filter::All).await?;
    let servers = servers.iter();
    Ok(servers.flat_map(|all| (0..all.len()).map(|row| all.text(row, "NAME"))).collect())
}

fn another_database(
    copy: &dyn Source,
    original: std::result::Result<&dyn Source, &Fault>,
) -> Evidence {
    match original {
        Err(fault) => Evidence::new(
            Standing::Missing,
            format!("the declared original could not be reached: {}", fault.what),
        ),
        Ok(original) if copy.facts().identity.is_same(&original.facts().identity) => Evidence::new(
            Standing::Contradicts,
            format!("{} is the declared original itself", copy.facts().place),
        ),
        Ok(original) => Evidence::new(
            Standing::Holds,
            format!("the declared original, {}, is another database", original.facts().place),
        ),
    }
}

/// Modules of both, by number and key: a copy has those of its original.
async fn same_factory(copy: &dyn Source, original: &dyn Source) -> Result<Evidence> {
    let (ours, theirs) = (modules(copy).await?, modules(original).await?);
    let shared = ours.intersection(&theirs).count();
    let of = ours.len();
    if of > 0 && shared * 2 >= of {
        let text = format!("it has {shared} of {of} modules with the original's numbers and keys");
        return Ok(Evidence::new(Standing::Holds, text));
    }
    Ok(Evidence::new(
        Standing::Contradicts,
        format!(
            "only {shared} of its {of} modules have the numbers and keys of the declared \
             original's: it is a copy of something else"
        ),
    ))
}

async fn modules(source: &dyn Source) -> Result<HashSet<(i64, String)>> {
    let found = read(source, "OSSYS_ESPACE", &["ID", "SS_KEY"], Filter::All).await?;
    let found = found.ok_or_else(|| {
        let what = format!("{} is no OutSystems database", source.facts().place);
        Fault::new(FaultKind::NotFound, what)
    })?;
    Ok((0..found.len())
        .filter_map(|row| {
            Some((found.integer(row, "ID")?, found.text(row, "SS_KEY").to_lowercase()))
        })
        .collect())
}

/// A restore on record for this name, or a creation later than the original's.
fn restored(copy: &dyn Source, original: Option<&dyn Source>, facts: &CopyFacts) -> Evidence {
    if let Restored::At { when, from } = &facts.restored {
        let from = from.as_ref().map_or_else(String::new, |from| format!(", from {from}"));
        let text = format!("the server has a restore on record for it: {when}{from}");
        return Evidence::new(Standing::Holds, text);
    }
    let created = &copy.facts().identity.created;
    let theirs = original.map(|original| &original.facts().identity.created);
    let both = (moment(created), theirs.and_then(|theirs| moment(theirs)));
    // Two servers may be in two zones.
    let is_other = original.is_some_and(|original| {
        !same_name(&original.facts().identity.server, &copy.facts().identity.server)
    });
    let apart = if is_other { ZONES_APART } else { 0 };
    let within = |(ours, theirs): (Option<i64>, Option<i64>)| {
        ours.zip(theirs).is_some_and(|(ours, theirs)| ours.abs_diff(theirs) < apart.unsigned_abs())
    };
    match (both, &facts.restored) {
        (both, _) if within(both) => Evidence::new(
            Standing::Missing,
            format!(
                "it was created {created}, within a day of the original on another server: by clocks \
                 of two zones that may be before or after it"
            ),
        ),
        ((Some(ours), Some(theirs)), _) if ours > theirs => Evidence::new(
            Standing::Holds,
            format!("it was created {created}, later than the original"),
        ),
        ((Some(_), Some(_)), Restored::Never) => Evidence::new(
            Standing::Contradicts,
            format!(
                "the server has no restore on record for it, and it was created {created}, not \
                 later than the declared original: the two may be mixed up"
            ),
        ),
        _ => Evidence::new(
            Standing::Missing,
            "whether it was restored, or created later than the original, cannot be seen",
        ),
    }
}

/// A moment in the server's own words.
pub(super) fn moment(text: &str) -> Option<i64> {
    date_time_from_text(&text.replace('T', " "))
}

/// Nobody who belongs to a running platform is signed in.
async fn sessions(copy: &dyn Source, facts: &CopyFacts, logins: &[String]) -> Result<Evidence> {
    if facts.sessions.is_none() {
        return Ok(Evidence::new(
            Standing::Missing,
            "who else is signed in cannot be seen (it needs VIEW SERVER STATE)",
        ));
    }
    let hosts = front_ends(copy).await?;
    Ok(match of_platform(facts, &hosts, logins) {
        Some(session) => {
            Evidence::new(Standing::Contradicts, format!("the platform is signed in: {session}"))
        }
        None => Evidence::new(Standing::Holds, "nobody of the platform is signed in"),
    })
}

/// A session of the platform that is signed in to a database, in words: from one of these machines,
/// by one of these logins or of those that the platform usually has. `None` where there is none, or
/// nobody can say.
pub async fn platform_at_work(
    copy: &dyn Source,
    hosts: &[String],
    logins: &[String],
) -> Result<Option<String>> {
    match copy.copy_facts().await {
        Ok(facts) => Ok(of_platform(&facts, hosts, logins)),
        Err(fault) if fault.kind == FaultKind::NotApplicable => Ok(None),
        Err(fault) => Err(fault),
    }
}

fn of_platform(facts: &CopyFacts, hosts: &[String], logins: &[String]) -> Option<String> {
    let hosts: Vec<String> =
        hosts.iter().map(|host| short(host)).filter(|host| !host.is_empty()).collect();
    let sessions = facts.sessions.as_ref()?;
    let found = sessions.iter().find(|session| {
        hosts.contains(&short(&session.host)) || is_platform_login(&session.login, logins)
    })?;
    Some(format!("{} from {} ({})", found.login, found.host, found.program))
}

/// Whether the platform is usually given a login or user of this name, or `logins` have it.
pub(super) fn is_platform_login(name: &str, logins: &[String]) -> bool {
    let own = name.rsplit('\\').next().unwrap_or(name);
    PLATFORM_LOGINS.iter().any(|known| same_name(known, own))
        || logins.iter().any(|known| same_name(known, name))
}

/// A host's name without its domain, in one case.
fn short(host: &str) -> String {
    host.trim().split('.').next().unwrap_or_default().to_lowercase()
}

/// No timer has run since the restore.
async fn timers(
    copy: &dyn Source,
    original: Option<&dyn Source>,
    facts: &CopyFacts,
) -> Result<Evidence> {
    let since = match &facts.restored {
        Restored::At { when, .. } => when,
        _ => &copy.facts().identity.created,
    };
    let theirs = match original {
        Some(original) => Some(last_runs(original).await?),
        None => None,
    };
    Ok(timers::evidence(since, &last_runs(copy).await?, theirs.as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_proved_needs_the_name_of_a_declared_original() {
        let copy = |standing, original: &str| Copy {
            evidence: vec![Evidence::new(standing, "a fact")],
            original: original.to_owned(),
        };
        copy(Standing::Holds, "").check(None).expect("it is proved");
        copy(Standing::Missing, "OSPROD").check(Some("osprod")).expect("it was typed");
        for (standing, original, typed) in [
            (Standing::Missing, "OSPROD", None),
            (Standing::Missing, "OSPROD", Some("OSDEV")),
            // Nothing typed is no name.
            (Standing::Missing, "", Some("")),
            (Standing::Contradicts, "OSPROD", Some("OSPROD")),
        ] {
            let refused = copy(standing, original).check(typed);
            assert!(refused.is_err(), "{standing:?} {original} {typed:?}");
        }
    }
}
