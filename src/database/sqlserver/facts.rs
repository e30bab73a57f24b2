//! Server and database as they are found when they are opened.

use tiberius::Row;

use super::connect::Target;
use super::connection::{Connection, integer, text, unexpected};
use super::statements;
use crate::database::{
    Capabilities, DatabaseIdentity, EngineFacts, EngineKind, OneInstant, Result,
};

/// Facts of server and database. What a server lacks or refuses to tell is left out.
pub(super) async fn facts(connection: &mut Connection, target: &Target) -> Result<EngineFacts> {
    let limit = target.limits.metadata;
    let first = |mut results: Vec<Vec<Row>>| results.drain(..).flatten().next();
    let server = first(connection.batch(statements::SERVER_FACTS, limit).await?)
        .ok_or_else(|| unexpected("facts of the server"))?;
    let word = |index| -> Result<String> { Ok(text(&server, index)?.unwrap_or_default()) };
    let banner: String = word(0)?;
    let product: String = word(1)?;
    let stand_in = !banner.starts_with("Microsoft SQL");
    let headline = banner.lines().next().unwrap_or_default().trim();
    let version = if headline.contains(product.as_str()) {
        headline.to_owned()
    } else {
        format!("{headline} {product}")
    };
    let database: String = word(3)?;
    let mut read_only = word(7)? == "READ_ONLY";
    let mut instant = if read_only { OneInstant::Secondary } else { OneInstant::Denied };
    let (mut created, mut compatibility) = (String::new(), 0);
    if let Some(row) = probe(connection, statements::DATABASE_FACTS, target).await? {
        created = text(&row, 0)?.unwrap_or_default();
        compatibility = integer(&row, 1)?.and_then(|n| u16::try_from(n).ok()).unwrap_or_default();
        let (is_set_read_only, is_standby) =
            (integer(&row, 3)? == Some(1), integer(&row, 4)? == Some(1));
        let is_database_snapshot = integer(&row, 5)?.is_some();
        // A replica is updateable by itself, only not here.
        instant = if is_database_snapshot || (is_set_read_only && !is_standby) {
            OneInstant::Standing
        } else if read_only || is_set_read_only {
            OneInstant::Secondary
        } else if integer(&row, 2)? == Some(1) {
            OneInstant::Allowed
        } else {
            OneInstant::Denied
        };
        read_only |= is_set_read_only;
    }
    let mut ids = [None, None];
    for (id, statement) in ids.iter_mut().zip([statements::GROUP_ID, statements::RECOVERY_ID]) {
        if let Some(row) = probe(connection, statement, target).await? {
            *id = text(&row, 0)?;
        }
    }
    let [group_id, recovery_id] = ids;
    Ok(EngineFacts {
        kind: EngineKind::SqlServer,
        version,
        stand_in,
        place: target.place(),
        identity: DatabaseIdentity {
            server: word(2)?,
            database_id: integer(&server, 4)?.unwrap_or_default().to_string(),
            created,
            group_id,
            recovery_id,
        },
        database,
        collation: word(6)?,
        compatibility,
        user: word(5)?,
        read_only,
        capabilities: Capabilities {
            parallel_writers: true,
            ids_come_back: false,
            rights: true,
            instant,
            catalogs: true,
            switches: true,
            untyped: false,
        },
    })
}

/// The row of a statement that the server may lack or refuse.
pub(super) async fn probe(
    connection: &mut Connection,
    statement: &str,
    target: &Target,
) -> Result<Option<Row>> {
    match connection.batch(statement, target.limits.metadata).await {
        Ok(results) => Ok(results.into_iter().flatten().next()),
        Err(_) if connection.is_open() => Ok(None),
        Err(fault) => Err(fault),
    }
}
