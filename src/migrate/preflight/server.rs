//! The servers: engine, versions, collation, log, files, backup.

use super::super::forecast::{LogUse, bytes_of_rows};
use super::{Check, CheckSign, Preflight};
use crate::database::{
    Backup, EngineKind, FaultKind, FileFacts, Growth, Result, ServerFacts, same_name,
};
use crate::outsystems::Side;
use crate::plan::CheckKind;

/// A backup older than this many hours is worth a new one.
const OLD_HOURS: i64 = 24;

impl Preflight<'_> {
    /// Engine, versions, collation: what is known since both sides were opened.
    pub(super) fn engines(&self) -> Vec<Check> {
        let (source, destination) = (self.source.facts(), self.destination.facts());
        let sign = if self.any_engine { CheckSign::Note } else { CheckSign::Bad };
        let both = [(Side::Source, source), (Side::Destination, destination)];
        let others = both.into_iter().filter(|(_, facts)| facts.stand_in);
        let mut checks: Vec<Check> =
            others.map(|(side, facts)| stand_in(side, &facts.version, sign)).collect();
        checks.extend(kinds([source.kind, destination.kind], sign));
        let versions = [self.source_model, self.destination_model]
            .map(|model| model.platform_version.as_deref().unwrap_or("an unknown version"));
        let mut differ = Vec::new();
        if versions[0] != versions[1] {
            differ.push(format!("platform {} and {}", versions[0], versions[1]));
        }
        if source.version != destination.version {
            differ.push(format!("{} and {}", source.version, destination.version));
        }
        if differ.is_empty() {
            let text = format!("the same versions on both sides: platform {}", versions[0]);
            checks.push(Check::good(CheckKind::Versions, text));
        } else {
            checks.push(Check::new(
                CheckKind::Versions,
                CheckSign::Warning,
                format!("source and destination run different versions: {}", differ.join("; ")),
                "The same on both sides is recommended, not required.",
            ));
        }
        if !same_name(&source.collation, &destination.collation) {
            checks.push(Check::new(
                CheckKind::Collation,
                CheckSign::Warning,
                format!(
                    "the source sorts by {}, the destination by {}",
                    source.collation, destination.collation
                ),
                "Texts that differ on one side may be equal on the other: unique indexes can refuse \
                 rows.",
            ));
        }
        checks
    }

    /// What the destination's server tells of the database.
    pub(super) async fn server(&self) -> Result<Vec<Check>> {
        let facts = match self.destination.server_facts().await {
            Ok(facts) => facts,
            Err(fault) if fault.kind == FaultKind::NotApplicable => {
                let text = "a file has no log and no backups of its own";
                let advice = "Copy the file before the run if you may need it as it was.";
                return Ok(vec![Check::new(CheckKind::Backup, CheckSign::Note, text, advice)]);
            }
            Err(fault) => return Err(fault),
        };
        let (needed, logged) =
            bytes_of_rows(self.plan, self.source, self.destination.as_source()).await?;
        let mut checks = vec![log(&facts)];
        checks.extend(space(&facts, needed, most_logged(&logged)));
        checks.push(backup(&facts));
        Ok(checks)
    }
}

fn log(facts: &ServerFacts) -> Check {
    let Some(model) = &facts.recovery_model else {
        let text = "the server does not show the recovery model and what the log waits for";
        return Check::new(CheckKind::Log, CheckSign::Note, text, "");
    };
    let wait = facts.log_reuse_wait.as_deref().unwrap_or("NOTHING");
    match wait {
        "NOTHING" | "CHECKPOINT" => Check::good(
            CheckKind::Log,
            format!("recovery model {model}, the log waits for nothing"),
        ),
        "LOG_BACKUP" => Check::new(
            CheckKind::Log,
            CheckSign::Note,
            format!("recovery model {model}: the log is used again after the next log backup"),
            "It grows during the run until then.",
        ),
        wait => Check::new(
            CheckKind::Log,
            CheckSign::Warning,
            format!(
                "recovery model {model}, and the log cannot be used again: it waits for {wait}"
            ),
            "It grows during the run. Have the reason looked at, or accept it where the log has room.",
        ),
    }
}

/// What is written to the log at most, as far as it is known.
fn most_logged(log: &LogUse) -> u64 {
    match log {
        LogUse::None => 0,
        LogUse::Bytes { bytes, .. } => bytes.most,
    }
}

/// Room in data and log; how files grow.
fn space(facts: &ServerFacts, needed: u64, logged: u64) -> Vec<Check> {
    if facts.files.is_empty() {
        let text = "the server does not show how large the database's files are";
        return vec![Check::new(CheckKind::Space, CheckSign::Note, text, "")];
    }
    let mut short = Vec::new();
    for (what, is_log, needed) in [("data files", false, needed), ("log", true, logged)] {
        let files = facts.files.iter().filter(|file| file.is_log == is_log);
        // Where one file may grow until the disk is full, its disk decides.
        let room = files.map(FileFacts::room).sum::<Option<u64>>();
        if let Some(room) = room.filter(|room| *room < needed) {
            short.push(format!(
                "the {what} have room for {}, needed are about {}",
                mb(room),
                mb(needed)
            ));
        }
    }
    let grows: Vec<String> = facts
        .files
        .iter()
        .map(|file| {
            let how = match file.growth {
                Growth::Fixed => "does not grow".to_owned(),
                Growth::Bytes(bytes) => format!("grows by {}", mb(bytes)),
                Growth::Percent(percent) => format!("grows by {percent} %"),
            };
            let most = file.most.map_or_else(String::new, |most| format!(" up to {}", mb(most)));
            format!("{} {how}{most}", file.name)
        })
        .collect();
    let grows = format!("{}.", grows.join(", "));
    vec![if short.is_empty() {
        let text = format!("about {} are written, and the files may take them", mb(needed));
        Check::new(CheckKind::Space, CheckSign::Good, text, grows)
    } else {
        let text = short.join("; ");
        Check::new(CheckKind::Space, CheckSign::Warning, text, format!("Have them grown. {grows}"))
    }]
}

fn backup(facts: &ServerFacts) -> Check {
    let statement = format!("A fresh one that disturbs no others: {}", facts.backup_statement);
    let (sign, text) = match &facts.backup {
        Backup::Unseen => {
            (CheckSign::Note, "the server does not show when the last backup was made".to_owned())
        }
        Backup::None => (CheckSign::Warning, "the server knows of no full backup".to_owned()),
        Backup::At { ended, hours } if *hours > OLD_HOURS => {
            (CheckSign::Warning, format!("the last full backup is of {ended}"))
        }
        Backup::At { ended, .. } => {
            (CheckSign::Good, format!("the last full backup is of {ended}"))
        }
    };
    Check::new(CheckKind::Backup, sign, text, statement)
}

/// Megabytes, rounded up.
fn mb(bytes: u64) -> String {
    format!("{} MB", bytes.div_ceil(1 << 20))
}

/// A side that is no SQL Server though it speaks its protocol.
fn stand_in(side: Side, version: &str, sign: CheckSign) -> Check {
    Check::new(
        CheckKind::Engine,
        sign,
        format!("the {side} is no SQL Server: {version}"),
        "Rows are moved between SQL Servers only: locks, identities and transactions of other \
         engines are not what a run relies on.",
    )
}

/// Sides that are of two kinds.
fn kinds([source, destination]: [EngineKind; 2], sign: CheckSign) -> Option<Check> {
    (source != destination).then(|| {
        Check::new(
            CheckKind::Engine,
            sign,
            format!("the source is {source}, the destination {destination}"),
            "Rows are moved between databases of one kind: a value that one can hold may be \
             another there. SQLite files are for practice, with each other.",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(is_log: bool, growth: Growth, most: Option<u64>) -> FileFacts {
        FileFacts {
            name: "f".to_owned(),
            is_log,
            size: 100 << 20,
            used: Some(90 << 20),
            growth,
            most,
        }
    }

    fn sign(files: Vec<FileFacts>, needed: u64) -> CheckSign {
        let facts = ServerFacts { files, ..ServerFacts::default() };
        space(&facts, needed, 2 * needed)[0].sign
    }

    #[test]
    fn databases_of_two_kinds_are_no_pair() {
        let (server, file) = (EngineKind::SqlServer, EngineKind::Sqlite);
        for same in [server, file] {
            assert_eq!(kinds([same, same], CheckSign::Bad), None);
        }
        let mixed = kinds([file, server], CheckSign::Bad).expect("a check");
        assert_eq!(mixed.sign, CheckSign::Bad);
        assert_eq!(mixed.text, "the source is SQLite, the destination SQL Server");
    }

    #[test]
    fn room_is_what_is_left_and_what_files_may_grow_to() {
        let data = file(false, Growth::Fixed, None);
        let log = file(true, Growth::Percent(10), None);
        assert_eq!(sign(vec![data.clone(), log.clone()], 10 << 20), CheckSign::Good);
        assert_eq!(sign(vec![data.clone(), log], 11 << 20), CheckSign::Warning);
        let small_log = file(true, Growth::Bytes(1 << 20), Some(109 << 20));
        assert_eq!(sign(vec![data.clone(), small_log.clone()], 9 << 20), CheckSign::Good);
        assert_eq!(sign(vec![data, small_log], 10 << 20), CheckSign::Warning);
        assert_eq!(sign(Vec::new(), 10 << 20), CheckSign::Note);
    }

    #[test]
    fn backups_and_logs_are_told_by_what_is_seen() {
        let facts = |backup, wait: &str| ServerFacts {
            backup,
            recovery_model: Some("FULL".to_owned()),
            log_reuse_wait: Some(wait.to_owned()),
            ..ServerFacts::default()
        };
        let at = |hours| Backup::At { ended: "2026-01-01 00:00".to_owned(), hours };
        for (made, expected) in [
            (Backup::Unseen, CheckSign::Note),
            (Backup::None, CheckSign::Warning),
            (at(24), CheckSign::Good),
            (at(25), CheckSign::Warning),
        ] {
            assert_eq!(backup(&facts(made, "NOTHING")).sign, expected);
        }
        for (wait, expected) in [
            ("NOTHING", CheckSign::Good),
            ("LOG_BACKUP", CheckSign::Note),
            ("REPLICATION", CheckSign::Warning),
        ] {
            assert_eq!(log(&facts(Backup::None, wait)).sign, expected);
        }
        assert_eq!(log(&ServerFacts::default()).sign, CheckSign::Note);
    }
}
