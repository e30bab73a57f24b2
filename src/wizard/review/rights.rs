//! The scripts with which the rights of the plan are asked for: for which logins, and where they were
//! written.

use super::super::jobs::Purpose;
use super::super::message::Effect;
use super::super::migration::Migration;
use super::super::sheet::{Blank, Filled, Sheet};
use super::super::text_field::TextField;
use super::RIGHTS;
use crate::outsystems::Side;
use crate::plan::EndpointEngine;

/// Whether there is a plan, and a server that gives rights.
pub(super) fn may(migration: &Migration) -> bool {
    migration.built.is_some() && has_server(migration)
}

fn has_server(migration: &Migration) -> bool {
    let is_server =
        |side| matches!(migration.endpoint(side).engine, EndpointEngine::SqlServer { .. });
    is_server(Side::Source) || is_server(Side::Destination)
}

/// Asks for the logins.
pub(super) fn ask(migration: &mut Migration) {
    if !may(migration) {
        migration.say(match has_server(migration) {
            true => "There is no plan yet, so nobody knows which rights it needs.",
            false => "Both sides are files: nobody is given rights there.",
        });
        return;
    }
    let login = |side: Side| {
        let user = migration.side(side).model.as_ref().map(|model| model.facts.user.clone());
        TextField::new(&user.unwrap_or_default())
    };
    let (source, destination) =
        (migration.name_of(Side::Source), migration.name_of(Side::Destination));
    let text = |label: String, side| Blank::Text { label, field: login(side), wanted: None };
    let blanks = vec![
        text(format!("Login that reads {source}"), Side::Source),
        text(format!("Login that writes {destination}"), Side::Destination),
        Blank::Tick {
            text: format!(
                "ask for ALTER on the tables of {destination} whose rows are deleted: an undo brings \
                 them back under their own ids then"
            ),
            is_ticked: false,
            wanted: None,
        },
    ];
    let lines = vec![
        format!(
            "Two scripts are written: rights.sql gives both logins exactly the rights of this plan, \
             revoke.sql takes them back after the run. In {source} the login reads and is forbidden \
             to write; in {destination} it reads, and writes the tables of the plan and no others."
        ),
        "Nothing is sent to a server: each part is carried out by somebody who may give rights there."
            .to_owned(),
    ];
    let title = "Scripts for the rights of this plan";
    migration.lay_out(Sheet::new(RIGHTS, title, "write them", lines, blanks));
}

/// Has them written.
pub(super) fn write(migration: &mut Migration, filled: &Filled) {
    let Some(fingerprint) = migration.built.as_ref().map(|plan| plan.fingerprint.clone()) else {
        migration.say("The plan has changed meanwhile; no script was written.");
        return;
    };
    let name = migration.plan.name.clone();
    let login = |place: usize| filled.texts.get(place).cloned().unwrap_or_default();
    let (source, destination) = (login(0), login(1));
    let exact_undo = filled.ticks.first().copied().unwrap_or(false);
    migration.start(Purpose::Rights, |job| Effect::WriteRights {
        job,
        name,
        fingerprint,
        source,
        destination,
        exact_undo,
    });
    migration.say("Writing the scripts…");
}
