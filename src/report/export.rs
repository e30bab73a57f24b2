//! What a journal knows, for others to go on with: whose id became whose as CSV, and the audit
//! record as JSON lines. Both say what could not be read.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::{Map, Value as Json, json};

use super::Certificate;
use super::read::undone;
use super::reasons::event_text;
use crate::database::{Fault, Result};
use crate::migrate::journal::{Journal, Salvage};
use crate::migrate::undo::UndoRecord;

/// Writes whose id became whose, a line each; returns what could not be read, a sentence each.
///
/// It may be a journal that is damaged: batches whose keys are not those that were written are
/// left out and named.
pub fn write_ids(journal: &Salvage, out: &mut impl Write) -> io::Result<Vec<String>> {
    let names = journal.names();
    writeln!(out, "entity,source_id,destination_id,what,state,batch")?;
    let mut lost = journal.people(|person| {
        let entity = if person.is_group { "Group" } else { "User" };
        let what = if person.is_ours { "created" } else { "matched" };
        writeln!(out, "{entity},{},{},{what},,", person.source, person.destination)
    })?;
    lost.extend(journal.batches(|batch| {
        let known = names.as_ref().and_then(|names| names.get(batch.entity));
        let entity = known.map_or_else(|| format!("entity {}", batch.entity), |name| cell(name));
        let what = if batch.is_recognised { "recognised" } else { "inserted" };
        for place in 0..batch.source.len().min(batch.destination.len()) {
            let [source, destination] =
                [&batch.source, &batch.destination].map(|keys| cell(&keys.get(place).to_string()));
            writeln!(out, "{entity},{source},{destination},{what},{},{}", batch.state, batch.id)?;
        }
        Ok::<(), io::Error>(())
    })?);
    if names.is_none() {
        lost.push(
            "the plan cannot be read: entities stand there with their places in it".to_owned(),
        );
    }
    out.flush()?;
    Ok(lost)
}

/// A cell of CSV, in quotes where it has to be.
pub(super) fn cell(text: &str) -> String {
    if text.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// Writes the audit record, a JSON object on each line; returns what could not be read, a sentence
/// each.
pub fn write_audit(journal: &Journal, out: &mut impl Write) -> io::Result<Vec<String>> {
    let mut lost = Vec::new();
    let mut write = |record: &str, what: Result<Vec<Json>>| -> io::Result<()> {
        match what {
            Ok(all) => all.into_iter().try_for_each(|one| writeln!(out, "{}", named(record, one))),
            Err(fault) => {
                lost.push(format!("{record}: {}", fault.what));
                Ok(())
            }
        }
    };
    let plan = journal.plan();
    write("run", run(journal).map(|run| vec![run]))?;
    write(
        "decision",
        plan.map(|plan| plan.decisions.into_iter().map(|one| json!({ "text": one })).collect()),
    )?;
    write("stretch", journal.stretches().and_then(|all| values(&all)))?;
    write("event", events(journal))?;
    write("proof", proof(journal))?;
    write("undo", undo(journal))?;
    write("task", journal.ticks().and_then(|all| values(&all)))?;
    if let Err(fault) = journal.check() {
        lost.push(format!("it may not be what was written: {}", fault.what));
    }
    out.flush()?;
    Ok(lost)
}

/// What the run is about, as its journal says, with the text of its plan.
fn run(journal: &Journal) -> Result<Json> {
    let mut run = value(&journal.header()?)?;
    if let Json::Object(fields) = &mut run {
        fields.insert("state".to_owned(), value(&journal.state()?)?);
        fields.insert("ended".to_owned(), value(&journal.ended()?)?);
    }
    Ok(run)
}

/// The story, as reports show it: without what the server quotes of a row.
fn events(journal: &Journal) -> Result<Vec<Json>> {
    let mut events = journal.events()?;
    for event in &mut events {
        event.text = event_text(&event.text);
    }
    values(&events)
}

/// What the last proof certifies.
fn proof(journal: &Journal) -> Result<Vec<Json>> {
    let Some(text) = journal.proof()? else { return Ok(Vec::new()) };
    let proof = serde_json::from_str(&text).map_err(unreadable)?;
    Certificate::new(&journal.header()?, &proof).iter().map(value).collect()
}

/// What an undo has come to, as reports show it.
fn undo(journal: &Journal) -> Result<Vec<Json>> {
    let result = UndoRecord::read(journal)?.and_then(|record| record.result).map(undone);
    result.iter().map(value).collect()
}

/// The record's name before everything else that it says.
fn named(record: &str, what: Json) -> Json {
    let mut fields = Map::new();
    fields.insert("record".to_owned(), Json::from(record));
    match what {
        Json::Object(more) => fields.extend(more),
        other => drop(fields.insert("value".to_owned(), other)),
    }
    Json::Object(fields)
}

fn values(all: &[impl Serialize]) -> Result<Vec<Json>> {
    all.iter().map(value).collect()
}

fn value(what: &impl Serialize) -> Result<Json> {
    serde_json::to_value(what).map_err(unreadable)
}

fn unreadable(error: impl std::fmt::Display) -> Fault {
    Fault::new(crate::database::FaultKind::Data, error.to_string())
}
