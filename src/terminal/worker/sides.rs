//! Testing a side, check by check, up to its first failure.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use super::Reporter;
use super::desk::Desk;
use crate::database::{EngineKind, Fault, FaultKind, Result, Rights, Source, TableName};
use crate::front::open;
use crate::outsystems::{Environment, Side};
use crate::plan::Endpoint;
use crate::report::{counted, number};
use crate::wizard::message::{Check, Fact, Sign};
use crate::wizard::secret_field::Password;

pub(super) async fn test(
    desk: &Desk,
    side: Side,
    endpoint: &Endpoint,
    secret: Option<Password>,
    to: &Reporter,
) -> Result<()> {
    match side {
        Side::Source => desk.put_source(None).await,
        Side::Destination => desk.put_destination(None).await,
    }
    let tell = |check: Check| to.tell(Fact::Checked(side, check));
    // Relative paths of a plan were made whole when it was opened; others start here.
    let spec = endpoint.connection(Path::new(""), secret.map(|secret| secret.0));
    let started = Instant::now();
    let opened = match side {
        Side::Source => open::to_read(side, &spec).await.map(|source| (source, None)),
        Side::Destination => open::to_write(&spec).await.map(|destination| {
            let source: Arc<dyn Source> = Arc::clone(&destination) as Arc<dyn Source>;
            (source, Some(destination))
        }),
    };
    let (database, destination) = match opened {
        Ok(opened) => opened,
        Err(fault) => {
            let what = match fault.kind {
                FaultKind::Unreachable | FaultKind::Timeout => "not reached",
                FaultKind::SignIn => "sign-in refused",
                FaultKind::Certificate => "no trusted encryption",
                FaultKind::NotFound => "not found",
                _ => "not opened",
            };
            tell(bad(
                format!("{what}: {}", without_place(&fault, side, &spec.place())),
                fault.next.clone(),
            ));
            return Err(fault);
        }
    };
    let facts = database.facts();
    let took = number(u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX));
    match facts.kind {
        EngineKind::Sqlite => tell(good(format!("opened in {took} ms; {}", facts.version))),
        EngineKind::SqlServer => {
            tell(good(format!("reached and signed in as {} in {took} ms", facts.user)));
            tell(good(format!("{}, compatibility level {}", facts.version, facts.compatibility)));
        }
    }
    if side == Side::Destination && facts.read_only {
        tell(bad(
            "the database can only be read at present".to_owned(),
            "A snapshot or a readable secondary cannot be a destination.".to_owned(),
        ));
    }
    let model = match open::model(side, database.as_ref()).await {
        Ok(model) => model,
        Err(fault) => {
            tell(bad(without_place(&fault, side, &facts.place).to_owned(), fault.next.clone()));
            return Err(fault);
        }
    };
    tell(good(format!(
        "OutSystems {}, {}, {}",
        model.platform_version.as_deref().unwrap_or("of an unknown version"),
        counted(model.espaces.len() as u64, "espace", "espaces"),
        counted(
            model.entities.iter().filter(|entity| entity.is_active).count() as u64,
            "entity",
            "entities"
        ),
    )));
    for check in rights(side, database.as_ref(), &model).await? {
        tell(check);
    }
    match destination {
        None => desk.put_source(Some((database, Arc::clone(&model)))).await,
        Some(destination) => desk.put_destination(Some((destination, Arc::clone(&model)))).await,
    }
    to.tell(Fact::Read(side, model));
    Ok(())
}

/// What went wrong, without the side and its place: they stand beside it.
fn without_place<'a>(fault: &'a Fault, side: Side, place: &str) -> &'a str {
    fault.what.strip_prefix(&format!("{side} {place}: ")).unwrap_or(&fault.what)
}

fn good(text: String) -> Check {
    Check {
        sign: Sign::Good,
        text,
        advice: String::new(),
        all: Vec::new(),
        step: "Connect",
        kind: None,
    }
}

fn bad(text: String, advice: String) -> Check {
    Check { sign: Sign::Bad, text, advice, all: Vec::new(), step: "Connect", kind: None }
}

/// What the signed-in person may do with the applications' tables.
async fn rights(side: Side, database: &dyn Source, model: &Environment) -> Result<Vec<Check>> {
    if !database.facts().capabilities.rights {
        return Ok(vec![good("a file has no rights to ask for".to_owned())]);
    }
    let tables: Vec<TableName> = model
        .entities
        .iter()
        .filter(|entity| entity.is_active && model.is_application_entity(entity))
        .filter_map(|entity| model.shape(&entity.table).map(|shape| shape.name.clone()))
        .collect();
    let rights = database.rights(&tables).await?;
    let all = tables.len();
    let lacking = |may: fn(&Rights) -> Option<bool>| {
        rights.iter().filter(|rights| may(rights) == Some(false)).count()
    };
    let mut checks = Vec::new();
    let database_name = &database.facts().database;
    match lacking(|rights| rights.select) {
        0 => checks.push(good(format!("can read {}", counted(all as u64, "table", "tables")))),
        some => checks.push(bad(
            format!("cannot read {} of {} tables", number(some as u64), number(all as u64)),
            format!("Ask for db_datareader on {database_name}; no other right is needed."),
        )),
    }
    if side == Side::Source {
        let writable = rights
            .iter()
            .filter(|rights| [rights.insert, rights.update, rights.delete].contains(&Some(true)))
            .count();
        checks.push(if writable == 0 {
            good("cannot write (good)".to_owned())
        } else {
            Check {
                sign: Sign::Warning,
                text: format!(
                    "this sign-in may write {}",
                    counted(writable as u64, "table", "tables")
                ),
                advice: "osferry never writes here; a sign-in that only reads is safer still."
                    .to_owned(),
                all: Vec::new(),
                step: "Connect",
                kind: None,
            }
        });
        return Ok(checks);
    }
    let mut may_all = true;
    for (what, may) in [
        ("INSERT into", (|rights| rights.insert) as fn(&Rights) -> Option<bool>),
        ("UPDATE", |rights| rights.update),
        ("DELETE from", |rights| rights.delete),
    ] {
        let some = lacking(may);
        if some > 0 {
            may_all = false;
            checks.push(bad(
                format!("cannot {what} {} of {} tables", number(some as u64), number(all as u64)),
                format!("Ask for db_datawriter on {database_name}; no other right is needed."),
            ));
        }
    }
    if may_all {
        checks.push(good("can write them".to_owned()));
    }
    Ok(checks)
}
