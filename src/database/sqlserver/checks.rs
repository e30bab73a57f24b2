//! What the server tells before a run. A statement that a server refuses or lacks leaves its facts
//! out: then nothing is said of them.

use std::time::Duration;

use tiberius::Row;

use super::connection::{Connection, integer, text};
use super::statements::{catalogue, checks};
use crate::database::{
    Backup, CopyFacts, FileFacts, Growth, IdentityFacts, OtherSession, Restored, Result,
    ServerFacts, TableName, TableShape,
};

/// Bytes of a page.
const PAGE: u64 = 8192;
/// The largest size of a log in pages, 2 TB: what stands there for "no limit".
const NO_LIMIT: i64 = 268_435_456;

/// The rows of an answer; none where the server refuses.
pub(super) async fn asked(
    connection: &mut Connection,
    sql: &str,
    limit: Duration,
) -> Result<Option<Vec<Row>>> {
    match connection.batch(sql, limit).await {
        Ok(results) => Ok(Some(results.into_iter().flatten().collect())),
        Err(_) if connection.is_open() => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// Facts of the connection's own database.
pub(super) async fn facts(
    connection: &mut Connection,
    database: &str,
    limit: Duration,
) -> Result<ServerFacts> {
    let mut facts =
        ServerFacts { backup_statement: checks::fresh_backup(database), ..ServerFacts::default() };
    if let Some(row) = asked(connection, checks::LOG, limit).await?.unwrap_or_default().first() {
        facts.recovery_model = text(row, 0)?;
        facts.log_reuse_wait = text(row, 1)?;
    }
    for row in &asked(connection, checks::FILES, limit).await?.unwrap_or_default() {
        facts.files.push(file(row)?);
    }
    if let Some(rows) = asked(connection, checks::BACKUP, limit).await? {
        let ended = rows.first().map(|row| text(row, 0)).transpose()?.flatten();
        let hours = rows.first().map(|row| integer(row, 1)).transpose()?.flatten();
        facts.backup = match ended {
            Some(ended) => Backup::At { ended, hours: hours.unwrap_or_default() },
            None => Backup::None,
        };
    }
    Ok(facts)
}

/// What tells the connection's own database from one that it was copied from.
pub(super) async fn copy(connection: &mut Connection, limit: Duration) -> Result<CopyFacts> {
    let mut facts = CopyFacts::default();
    if let Some(rows) = asked(connection, checks::RESTORE, limit).await? {
        facts.restored = match rows.first() {
            None => Restored::Never,
            Some(row) => {
                let whose = (text(row, 1)?, text(row, 2)?);
                let from = match whose {
                    (Some(database), Some(server)) => Some(format!("{server}/{database}")),
                    (database, _) => database,
                };
                text(row, 0)?.map_or(Restored::Unseen, |when| Restored::At { when, from })
            }
        };
    }
    let sees = asked(connection, checks::SEES_SESSIONS, limit).await?.unwrap_or_default();
    let sees = sees.first().map(|row| integer(row, 0)).transpose()?.flatten() == Some(1);
    if sees && let Some(rows) = asked(connection, checks::SESSIONS, limit).await? {
        let word =
            |row: &Row, index| -> Result<String> { Ok(text(row, index)?.unwrap_or_default()) };
        let session = |row: &Row| -> Result<OtherSession> {
            Ok(OtherSession { host: word(row, 0)?, login: word(row, 1)?, program: word(row, 2)? })
        };
        facts.sessions = Some(rows.iter().map(session).collect::<Result<_>>()?);
    }
    Ok(facts)
}

fn file(row: &Row) -> Result<FileFacts> {
    let pages = |index| -> Result<Option<u64>> {
        Ok(integer(row, index)?.and_then(|pages| u64::try_from(pages).ok()))
    };
    let growth = pages(4)?.unwrap_or_default();
    Ok(FileFacts {
        name: text(row, 0)?.unwrap_or_default(),
        is_log: integer(row, 1)? == Some(1),
        size: pages(2)?.unwrap_or_default() * PAGE,
        used: pages(3)?.map(|pages| pages * PAGE),
        growth: match (growth, integer(row, 5)? == Some(1)) {
            (0, _) => Growth::Fixed,
            (percent, true) => Growth::Percent(percent),
            (pages, false) => Growth::Bytes(pages * PAGE),
        },
        // -1 means until the disk is full.
        most: integer(row, 6)?
            .filter(|pages| (0..NO_LIMIT).contains(pages))
            .map(|pages| pages.unsigned_abs() * PAGE),
    })
}

/// The identity of each table that has one.
pub(super) async fn identities(
    connection: &mut Connection,
    shapes: &[Option<TableShape>],
    limit: Duration,
) -> Result<Vec<Option<IdentityFacts>>> {
    let mut found = vec![None; shapes.len()];
    let mut open: Vec<(usize, &TableName)> = shapes
        .iter()
        .enumerate()
        .filter_map(|(place, shape)| Some((place, &shape.as_ref()?.name)))
        .collect();
    open.sort_by(|(_, one), (_, other)| one.catalog.cmp(&other.catalog));
    for of_one in open.chunk_by(|(_, one), (_, other)| one.catalog == other.catalog) {
        for chunk in of_one.chunks(catalogue::TABLES_AT_ONCE) {
            let catalog = chunk.first().and_then(|(_, table)| table.catalog.as_deref());
            let tables: Vec<&TableName> = chunk.iter().map(|(_, table)| *table).collect();
            let results = connection.run(&checks::identities(catalog, &tables), limit).await?;
            for row in results.iter().flatten() {
                let place = integer(row, 0)?.and_then(|place| usize::try_from(place).ok());
                let Some((place, _)) = place.and_then(|place| chunk.get(place)) else { continue };
                found[*place] = Some(IdentityFacts {
                    column: text(row, 1)?.unwrap_or_default(),
                    step: integer(row, 2)?.unwrap_or(1),
                    last: integer(row, 3)?,
                });
            }
        }
    }
    Ok(found)
}
