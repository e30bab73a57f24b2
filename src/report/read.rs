//! From a run's journal to its report.

use std::collections::{HashMap, HashSet};

use super::certificate::Certificate;
use super::outside;
use super::reasons::{Groups, event_text, server_text};
use super::run::{
    EmptiedReport, EntityReport, ExistingRows, FORMAT, KeptReport, NotCarriedOver, PeopleReport,
    PersonReport, RunReport, Totals, Verdict,
};
use super::way_back::{Facts, way_back};
use crate::database::{Fault, FaultKind, Result, Value};
use crate::migrate::Away;
use crate::migrate::journal::{
    BatchKind, Journal, Keys, ReadingRecord, Refused, RefusedKind, RunState,
};
use crate::migrate::undo::{UndoRecord, UndoResult};
use crate::plan::{
    ColumnPlan, EntityPlan, ExistingPlan, Fate, PersonFate, PersonPlan, Plan, Rule, SourceReading,
    Target,
};
use crate::proof::Proof;

impl RunReport {
    /// Reads what a run did. The run may be under way: then it is what it did so far.
    pub fn read(journal: &Journal) -> Result<Self> {
        let header = journal.header()?;
        let plan = journal.plan()?;
        let state = journal.state()?;
        let proof = journal.proof()?.map(|text| parse(&text)).transpose()?;
        let entities = (0..plan.entities.len())
            .map(|place| entity(journal, &plan, place))
            .collect::<Result<Vec<_>>>()?;
        let mut totals = totals(&entities);
        let refused = super::refused::read(journal, &plan)?;
        totals.refused = refused.iter().map(|refused| refused.count).sum();
        let away = Away::read(journal, &plan)?;
        let mut events = journal.events()?;
        for event in &mut events {
            event.text = event_text(&event.text);
        }
        let people = people(journal, &plan)?;
        let reading = journal.reading()?.map(|record| reading_words(&record));
        let verdict = verdict(state, proof.as_ref(), totals.rejected + totals.refused);
        let certificate = proof.as_ref().and_then(|proof| Certificate::new(&header, proof));
        let (found, ticks) = (journal.aftermath()?, journal.ticks()?);
        let facts = Facts {
            plan: &plan,
            found: found.as_ref(),
            ticks: &ticks,
            id: &header.id,
            destination_database: &header.destination_database,
            users_created: people.users_created,
        };
        let way_back = way_back(verdict, &facts);
        let mut report = Self {
            format: FORMAT,
            id: header.id,
            name: header.name,
            rejects_of: header.rejects_of,
            state,
            verdict,
            result: String::new(),
            undo: UndoRecord::read(journal)?.and_then(|record| record.result).map(undone),
            started: header.started,
            ended: journal.ended()?,
            source: header.source,
            reading,
            destination: header.destination,
            destination_database: header.destination_database,
            plan_file: header.plan_file,
            version: header.version,
            plan_fingerprint: header.plan_fingerprint,
            source_fingerprint: header.source_fingerprint,
            destination_fingerprint: header.destination_fingerprint,
            forecast: header.forecast,
            fact: super::forecast::fact_of(journal)?,
            totals,
            since_proof: None,
            proof,
            certificate,
            entities,
            refused,
            people,
            outside: outside::done(journal, &plan)?,
            decisions: plan.decisions,
            not_carried_over: plan
                .left_out
                .into_iter()
                .map(|(what, why)| NotCarriedOver { what, why })
                .collect(),
            way_back,
            events,
        };
        report.result = report.in_words();
        if let Some(away) = away {
            report.result = format!("{} {}", report.result, away.words(&report.id));
        }
        report.since_proof = report.since_proof_in_words();
        Ok(report)
    }
}

/// What was undone. The server names values of rows; a report does not.
pub(super) fn undone(mut result: UndoResult) -> UndoResult {
    for row in &mut result.not_restored {
        row.what = server_text(&row.what, row.code);
    }
    result
}

fn reading_words(record: &ReadingRecord) -> String {
    let instants = match (record.reading, record.one_instant) {
        (SourceReading::Snapshot, true) => "; all rows as of one instant",
        (SourceReading::Snapshot, false) => "; rows as of several instants, one after the other",
        _ => "",
    };
    format!("{}: {}{instants}", record.reading.name(), record.why)
}

fn parse(text: &str) -> Result<Proof> {
    serde_json::from_str(text).map_err(|error| {
        Fault::new(FaultKind::Data, format!("the journal's proof cannot be read: {error}"))
    })
}

/// The journal's state is what counts; without a proof that holds nothing is called proved.
fn verdict(state: RunState, proof: Option<&Proof>, rejected: u64) -> Verdict {
    match (state, proof) {
        (RunState::Running | RunState::Stopped, _) => Verdict::Stopped,
        (RunState::Failed, _) => Verdict::Failed,
        (RunState::Undoing, _) => Verdict::Undoing,
        (RunState::Undone, _) => Verdict::Undone,
        (RunState::UndoneInPart, _) => Verdict::UndoneInPart,
        (RunState::Disproved, _) => Verdict::Disproved,
        (RunState::Written, _) | (RunState::Proved, None) => Verdict::Written,
        (RunState::Proved, Some(proof)) if !proof.holds() => Verdict::Disproved,
        (RunState::Proved, Some(_)) if rejected > 0 => Verdict::ProvedWithRejects,
        (RunState::Proved, Some(_)) => Verdict::Proved,
    }
}

fn entity(journal: &Journal, plan: &Plan, place: usize) -> Result<EntityReport> {
    let entity = &plan.entities[place];
    let rows_of = |kind| journal.rows_of(place, kind);
    let mut left_out = Groups::new(plan, entity);
    let mut rejected = Groups::new(plan, entity);
    let (mut left_out_rows, mut rejected_rows) = (0, 0);
    for row in journal.left_out(place)? {
        if row.planned {
            left_out_rows += 1;
            left_out.add(&row.key, &row.reason, row.code, None);
        } else {
            rejected_rows += 1;
            rejected.add(&row.key, &row.reason, row.code, row.refusal.as_ref());
        }
    }
    let (existing, to_delete, standing) = match entity.existing {
        ExistingPlan::Replace { rows, standing, .. } => (ExistingRows::Replaced, rows, standing),
        _ if plan.rejects_of.is_some() => (ExistingRows::Earlier, 0, entity.existing.rows()),
        ExistingPlan::Keep { rows } => (ExistingRows::Kept, 0, rows),
        ExistingPlan::Recognise { rows, .. } => (ExistingRows::Recognised, 0, rows),
    };
    let (emptied, kept) = emptied(journal, plan, entity, place)?;
    Ok(EntityReport {
        name: entity.name.clone(),
        espace: entity.espace.to_string(),
        entity: entity.entity.to_string(),
        taken_in_by: entity.reason.clone(),
        source_table: entity.source_table.to_string(),
        destination_table: entity.destination_table.to_string(),
        existing,
        source_rows: entity.source_rows,
        to_delete,
        deleted: rows_of(BatchKind::Delete)?,
        written: rows_of(BatchKind::Insert)?,
        recognised: rows_of(BatchKind::Recognise)? + rows_of(BatchKind::Change)?,
        updated: rows_of(BatchKind::Change)?,
        left_out: left_out_rows,
        left_out_reasons: left_out.finish(),
        rejected: rejected_rows,
        rejected_reasons: rejected.finish(),
        emptied,
        kept,
        second_pass: rows_of(BatchKind::SecondPass)?,
        standing,
    })
}

fn emptied(
    journal: &Journal,
    plan: &Plan,
    entity: &EntityPlan,
    place: usize,
) -> Result<(Vec<EmptiedReport>, Vec<KeptReport>)> {
    let soft = |column: &ColumnPlan| match &column.rule {
        Rule::Reference(rule) if rule.soft.is_some() => Some(rule.target),
        _ => None,
    };
    let mut kept_values: Vec<Vec<IdOf>> = vec![Vec::new(); entity.columns.len()];
    let without = WithoutCounterpart::of(plan, journal)?;
    let nothing = || -> Vec<(u64, Groups<'_>)> {
        entity.columns.iter().map(|_| (0, Groups::new(plan, entity))).collect()
    };
    let (mut gone, mut staying) = (nothing(), nothing());
    // What the database refused is told by its number: its words may hold values.
    let refused = journal.refused(RefusedKind::Reference)?;
    let refused: HashMap<(&str, String), &Refused> = refused
        .iter()
        .filter(|refused| refused.entity == Some(place))
        .map(|refused| ((refused.place.as_str(), refused.key.to_string()), refused))
        .collect();
    for cell in journal.emptied(place)? {
        let Some(column) = entity.columns.get(cell.column) else { continue };
        let by = refused.get(&(column.destination.name.as_str(), cell.key.to_string()));
        // What a soft key holds stays, but for an id whose new one was refused, or that has none.
        let stays =
            soft(column).filter(|target| by.is_none() && !without.has(*target, &cell.value));
        let (count, groups) = match stays {
            Some(_) => {
                kept_values[cell.column].extend(id_of(&cell.value));
                &mut staying[cell.column]
            }
            None => &mut gone[cell.column],
        };
        *count += 1;
        let (code, refusal) =
            by.map_or((None, None), |refused| (refused.code, refused.refusal.as_ref()));
        groups.add(&cell.key, &cell.reason, code, refusal);
    }
    let (mut emptied, mut kept) = (Vec::new(), Vec::new());
    for ((gone, staying), (column, values)) in
        gone.into_iter().zip(staying).zip(entity.columns.iter().zip(kept_values))
    {
        let attribute = column.attribute.clone();
        if let (count @ 1.., groups) = gone {
            let attribute = attribute.clone();
            emptied.push(EmptiedReport { attribute, count, reasons: groups.finish() });
        }
        if let ((count @ 1.., groups), Some(target)) = (staying, soft(column)) {
            let taken = taken(journal, plan, target, &values)?;
            kept.push(KeptReport { attribute, count, taken, reasons: groups.finish() });
        }
    }
    Ok((emptied, kept))
}

/// An id that a plain attribute holds: a number, or a text without case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum IdOf {
    Number(i64),
    Text(String),
}

fn id_of(value: &Value) -> Option<IdOf> {
    if let Some(number) = value.as_integer() {
        return Some(IdOf::Number(number));
    }
    let text = value.as_str()?.trim_end_matches(' ');
    Some(text.parse().map_or_else(|_| IdOf::Text(text.to_lowercase()), IdOf::Number))
}

/// Ids that plain attributes held by decision, and in whose place nothing is written.
struct WithoutCounterpart<'a> {
    plan: &'a Plan,
    /// Whom the destination refused to have created: table and id in the source.
    refused: HashSet<(String, i64)>,
}

impl<'a> WithoutCounterpart<'a> {
    fn of(plan: &'a Plan, journal: &Journal) -> Result<Self> {
        let refused = journal.refused(RefusedKind::Person)?.into_iter();
        let refused = refused.filter_map(|one| {
            let table = one.place.rsplit('.').next()?.to_uppercase();
            Some((table, one.key.as_integer()?))
        });
        Ok(Self { plan, refused: refused.collect() })
    }

    fn has(&self, target: Target, value: &Value) -> bool {
        let Some(id) = id_of(value) else { return false };
        let person = |people: &[PersonPlan], table: &str| {
            let IdOf::Number(number) = id else { return false };
            let is_emptied =
                |one: &PersonPlan| one.source.0 == number && one.fate == PersonFate::Empty;
            people.iter().any(is_emptied) || self.refused.contains(&(table.to_owned(), number))
        };
        match target {
            Target::Fixed(place) => self.plan.fixed[place]
                .fates
                .iter()
                .any(|(source, fate)| *fate == Fate::Empty && id_of(source).as_ref() == Some(&id)),
            Target::Users => person(&self.plan.users, "OSSYS_USER"),
            Target::Groups => person(&self.plan.groups, "OSSYS_GROUP"),
            _ => false,
        }
    }
}

/// How many of these values a row of the target that was carried over or matched has as its id in the
/// destination.
fn taken(journal: &Journal, plan: &Plan, target: Target, values: &[IdOf]) -> Result<u64> {
    let wanted: HashSet<&IdOf> = values.iter().collect();
    let mut met: HashSet<IdOf> = HashSet::new();
    let mut meet = |id: IdOf| {
        if wanted.contains(&id) {
            met.insert(id);
        }
    };
    match target {
        Target::Entity(place) => {
            let mut after = 0;
            while !values.is_empty()
                && let Some(batch) = journal.next_batch(place, after)?
            {
                after = batch.id;
                if let (_, Keys::Integers(ids)) = (batch.kind, batch.destination_keys) {
                    ids.into_iter().for_each(|id| meet(IdOf::Number(id)));
                }
            }
        }
        Target::Fixed(place) => {
            for (_, fate) in &plan.fixed[place].fates {
                if let Fate::To(id) = fate {
                    id_of(id).into_iter().for_each(&mut meet);
                }
            }
        }
        Target::Tenants => {
            plan.tenants.iter().for_each(|(_, id)| meet(IdOf::Number(id.0)));
        }
        Target::Users | Target::Groups => {
            let is_group = target == Target::Groups;
            let people = journal.all_people()?.into_iter().filter(|one| one.is_group == is_group);
            people.for_each(|one| meet(IdOf::Number(one.destination.0)));
        }
        Target::Lookup(_) | Target::External | Target::Nothing => {}
    }
    Ok(values.iter().filter(|value| met.contains(value)).count() as u64)
}

fn totals(entities: &[EntityReport]) -> Totals {
    let mut totals = Totals { entities: entities.len() as u64, ..Totals::default() };
    for entity in entities {
        totals.source_rows += entity.source_rows;
        totals.to_delete += entity.to_delete;
        totals.deleted += entity.deleted;
        totals.written += entity.written;
        totals.recognised += entity.recognised;
        totals.updated += entity.updated;
        totals.left_out += entity.left_out;
        totals.rejected += entity.rejected;
        totals.emptied += entity.emptied_cells();
        totals.second_pass += entity.second_pass;
        totals.standing += entity.standing;
    }
    totals
}

fn people(journal: &Journal, plan: &Plan) -> Result<PeopleReport> {
    let mut report = PeopleReport::default();
    let is_emptied = |person: &&PersonPlan| person.fate == PersonFate::Empty;
    report.users_emptied = plan.users.iter().filter(is_emptied).count() as u64;
    report.users_updated = journal.people_changed()?;
    for record in journal.all_people()? {
        let counter = match (record.is_group, record.is_ours) {
            (false, true) => &mut report.users_created,
            (false, false) => &mut report.users_matched,
            (true, true) => &mut report.groups_created,
            (true, false) => &mut report.groups_matched,
        };
        *counter += 1;
        if record.is_ours {
            let people = if record.is_group { &plan.groups } else { &plan.users };
            let name = people.iter().find(|person| person.source == record.source);
            report.created.push(PersonReport {
                is_group: record.is_group,
                name: name.map(|person| person.name.clone()).unwrap_or_default(),
                source: record.source,
                destination: record.destination,
            });
        }
    }
    report.created.sort_by_key(|person| (person.is_group, person.source));
    Ok(report)
}
