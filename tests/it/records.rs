//! Static records that have no one counterpart in the destination: what is decided about each is
//! done to the rows that refer to it; and records whose ids are other records' ids.

#![expect(clippy::expect_used, reason = "a test says what is wrong by panicking")]

use crate::estate::model::{Cell, EntityKey, Environment, Kind, Pair, Record, Target};
use crate::identifiers::undone;
use crate::never_silent::{apart, asks, attribute, bench, choices, comes_to, decide, entity};
use crate::support::engine::TestEngine;

crate::on_both_engines!(
    rows_of_a_missing_record_are_left_out_or_refer_to_none,
    of_several_records_with_the_same_keys_one_is_chosen,
    records_extend_other_records,
);

/// A pair in which only Thing0 refers to records of Status, and may refer to none; the record that
/// its first row with one refers to.
fn with_status() -> (Pair, EntityKey, EntityKey, Record) {
    let (mut pair, thing) = apart(&[], "Thing0");
    let status = pair.source.named("Status").expect("always there").full_key();
    let to_status = Target::Entity(status.clone());
    for side in [&mut pair.source, &mut pair.destination] {
        for other in side.entities.iter_mut().filter(|other| other.full_key() != thing) {
            other.attributes.retain(|one| one.target() != Some(&to_status));
        }
        let first = entity(side, &thing);
        first.attributes.retain(|a| a.name == "StatusId" || a.target() != Some(&to_status));
        let link = attribute(side, &thing, "StatusId");
        (link.mandatory, link.nullable) = (false, true);
    }
    let link = attribute(&mut pair.source, &thing, "StatusId").key.clone();
    let status_there = pair.source.entity(&status).expect("there");
    // By turns two records, so that rows remain that refer to another one.
    let ids: Vec<Cell> = status_there.records[1..3].iter().map(|r| r.data_id.clone()).collect();
    let record = status_there.records[1].clone();
    for (row, id) in entity(&mut pair.source, &thing).rows.iter_mut().zip(ids.iter().cycle()) {
        row.cells.insert(link.clone(), id.clone());
    }
    (pair, thing, status, record)
}

/// Takes a record and its row away.
fn without(environment: &mut Environment, status: &EntityKey, record: &Record) {
    let status = entity(environment, status);
    let gone = status.records.iter().find(|r| r.key == record.key).expect("there").clone();
    let id = status.identifier.clone().expect("it has one");
    status.records.retain(|other| other.key != gone.key);
    status.rows.retain(|row| row.cells[&id] != gone.data_id);
}

async fn rows_of_a_missing_record_are_left_out_or_refer_to_none(engine: &TestEngine) {
    let (mut pair, thing, status, record) = with_status();
    without(&mut pair.destination, &status, &record);
    let link = attribute(&mut pair.source, &thing, "StatusId").key.clone();
    let is_of = |row: &crate::estate::model::Row| row.cells[&link] == record.data_id;
    let used = entity(&mut pair.source, &thing).rows.iter().filter(|row| is_of(row)).count();

    let bench = bench(engine, &pair, 61);
    let finding = asks(&bench, "record-missing", &format!("Status.{}", record.name));
    assert_eq!(choices(&finding), ["stop", "map", "reject", "empty"], "{finding}");
    assert_eq!(finding["rows"], used, "{finding}");

    let mut emptied = pair.clone();
    for row in entity(&mut emptied.source, &thing).rows.iter_mut().filter(|row| is_of(row)) {
        row.cells.insert(link.clone(), Cell::Null);
    }
    decide(&bench, &[(&finding, "empty", None)]);
    comes_to(&bench, &emptied);
    undone(&bench);

    let mut rejected = pair.clone();
    entity(&mut rejected.source, &thing).rows.retain(|row| !is_of(row));
    decide(&bench, &[(&finding, "reject", None)]);
    comes_to(&bench, &rejected);
}

async fn of_several_records_with_the_same_keys_one_is_chosen(engine: &TestEngine) {
    let (sound, _, status, record) = with_status();
    let mut spoilt = sound.clone();
    let there = entity(&mut spoilt.destination, &status);
    let identifier = there.identifier.clone().expect("it has one");
    let first = there.records.iter().find(|r| r.key == record.key).expect("there").clone();
    let row = there.rows.iter().find(|row| row.cells[&identifier] == first.data_id);
    let mut row = row.expect("its row").clone();
    row.cells.insert(identifier, Cell::Int(4711));
    there.rows.push(row);
    there.records.push(Record { data_id: Cell::Int(4711), name: "Twin".into(), ..first.clone() });
    // The row alone, which no record of the model names, is not looked at.
    let twin = |pair: &mut Pair, kept: &Cell| {
        let there = entity(&mut pair.destination, &status);
        there.records.retain(|r| r.key != record.key || r.data_id == *kept);
    };

    let bench = bench(engine, &spoilt, 62);
    let finding = asks(&bench, "record-ambiguous", &format!("Status.{}", record.name));
    assert_eq!(choices(&finding), ["stop", "map"], "{finding}");
    assert_eq!(finding["candidates"].as_array().map(Vec::len), Some(2), "{finding}");
    let Cell::Int(id) = first.data_id else { unreachable!("numbers") };
    let choose = |chosen: i64| {
        decide(&bench, &[(&finding, "map", Some(&chosen.to_string()))]);
        let mut expected = spoilt.clone();
        twin(&mut expected, &Cell::Int(chosen));
        comes_to(&bench, &expected);
    };
    choose(id);
    undone(&bench);
    choose(4711);
}

/// Adds a static entity whose records' ids are those of Status.
fn extend(environment: &mut Environment, status: &EntityKey, thing: &EntityKey) {
    let other = |key: &str| key.chars().rev().collect::<String>();
    let mut made = entity(environment, status).clone();
    made.id = environment.entities.iter().map(|e| e.id).max().expect("some") + 1;
    (made.key, made.name, made.table) =
        (other(&made.key), "StatusLook".into(), format!("{}Look", made.table));
    made.identifier = made.identifier.as_deref().map(other);
    for attribute in &mut made.attributes {
        attribute.key = other(&attribute.key);
    }
    let identifier = made.identifier.clone();
    let id = made.attributes.iter_mut().find(|a| Some(&a.key) == identifier.as_ref());
    let id = id.expect("its identifier");
    (id.kind, id.autonumber) = (Kind::Reference(Target::Entity(status.clone())), false);
    for record in &mut made.records {
        record.key = other(&record.key);
        record.name = format!("{}Look", record.name);
    }
    for row in &mut made.rows {
        row.cells = row.cells.iter().map(|(key, cell)| (other(key), cell.clone())).collect();
    }
    let look = Target::Entity(made.full_key());
    let place = environment.entities.iter().position(|e| e.full_key() == *status).expect("there");
    environment.entities.insert(place + 1, made);

    let mut link = attribute(environment, thing, "StatusId").clone();
    let from = link.key.clone();
    (link.key, link.name, link.column) = (other(&from), "LookId".into(), "LOOKID".into());
    link.kind = Kind::Reference(look);
    let thing = entity(environment, thing);
    for row in &mut thing.rows {
        let cell = row.cells[&from].clone();
        row.cells.insert(link.key.clone(), cell);
    }
    thing.attributes.push(link);
}

async fn records_extend_other_records(engine: &TestEngine) {
    let (mut pair, thing, status, record) = with_status();
    for side in [&mut pair.source, &mut pair.destination] {
        extend(side, &status, &thing);
    }
    let id = |side: &Environment| {
        let records = &side.entity(&status).expect("there").records;
        records.iter().find(|r| r.key == record.key).expect("there").data_id.clone()
    };
    assert_ne!(id(&pair.source), id(&pair.destination), "the pair shows nothing");
    let bench = bench(engine, &pair, 63);
    comes_to(&bench, &pair);
    undone(&bench);
}
