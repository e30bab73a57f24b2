//! What the step still lacks, where that is mended, and what is said of it.

use std::sync::Arc;

use super::super::findings::{belongs_to, words};
use super::super::message::Sign;
use super::super::migration::Migration;
use super::super::step::{Notice, Reason};
use super::fields::{self, BATCH, CONNECTIONS, MASKS, MOST, PARALLEL, READING, REPLACE};
use super::{NAME, Options, Pane, is_underway};
use crate::outsystems::Side;
use crate::plan::Refusal;
use crate::report::{counted, number};

/// Where something that is missing is mended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Where {
    /// In a field.
    Field(&'static str),
    /// In the findings.
    Findings,
    /// Not here: the plan says where.
    Plan,
}

/// Something missing.
#[derive(Debug)]
pub(super) struct Lack {
    pub(super) at: Where,
    pub(super) reason: Reason,
}

/// What the refused plan waits for, worked out once for each refusal.
#[derive(Debug, Default)]
pub(super) struct NoPlan {
    refusal: Option<Arc<Refusal>>,
    waits: Waits,
}

/// What a plan waits for.
#[derive(Clone, Debug, Default)]
struct Waits {
    /// Findings of other steps, by the step.
    elsewhere: Vec<(&'static str, u64)>,
    /// Findings of this step.
    here: u64,
    /// Decisions that make no sense.
    wrong: Vec<String>,
}

impl Waits {
    fn of(refusal: &Refusal) -> Self {
        let mut waits = Self { wrong: refusal.wrong.clone(), ..Self::default() };
        for finding in refusal.undecided.iter().chain(&refusal.stopped) {
            let step = belongs_to(finding);
            if step == NAME {
                waits.here += 1;
            } else if let Some((_, count)) =
                waits.elsewhere.iter_mut().find(|(name, _)| *name == step)
            {
                *count += 1;
            } else {
                waits.elsewhere.push((step, 1));
            }
        }
        waits
    }

    /// `3 findings on Mismatches (press 3) and 2 on Users (press 5)`
    fn elsewhere_words(&self, migration: &Migration) -> String {
        let mut parts: Vec<String> = self
            .elsewhere
            .iter()
            .enumerate()
            .map(|(place, (step, count))| {
                let count = match place {
                    0 => counted(*count, "finding", "findings"),
                    _ => number(*count),
                };
                match migration.number_of(step) {
                    Some(digit) => format!("{count} on {step} (press {digit})"),
                    None => format!("{count} on {step}"),
                }
            })
            .collect();
        let last = parts.pop().unwrap_or_default();
        if parts.is_empty() { last } else { format!("{} and {last}", parts.join(", ")) }
    }
}

impl NoPlan {
    fn is_current(&self, migration: &Migration) -> bool {
        match (&self.refusal, &migration.refusal) {
            (Some(own), Some(theirs)) => Arc::ptr_eq(own, theirs),
            (None, None) => true,
            _ => false,
        }
    }

    pub(super) fn sync(&mut self, migration: &Migration) {
        if !self.is_current(migration) {
            self.refusal.clone_from(&migration.refusal);
            self.waits = self.refusal.as_deref().map(Waits::of).unwrap_or_default();
        }
    }

    fn waits(&self, migration: &Migration) -> Waits {
        if self.is_current(migration) {
            return self.waits.clone();
        }
        migration.refusal.as_deref().map(Waits::of).unwrap_or_default()
    }
}

impl Options {
    /// Everything that is missing, what is mended here first.
    pub(super) fn lacks(&self, migration: &Migration) -> Vec<Lack> {
        if !migration.may_change() {
            return Vec::new();
        }
        let lack = |at, text: String| Lack { at, reason: Reason::new(text) };
        let mut lacks = Vec::new();
        if migration.plan.scope.replace.is_none() {
            let name = migration.name_of(Side::Destination);
            let text = format!("choose whether the rows that {name} has are deleted or kept");
            lacks.push(lack(Where::Field(REPLACE), text));
        }
        for (name, label) in [
            (READING, "reading"),
            (CONNECTIONS, "requests to the source at once"),
            (BATCH, "batch size"),
            (PARALLEL, "entities at the same time"),
            (MOST, "refused at most"),
            (MASKS, "key of masks"),
        ] {
            if let Some(fault) = fields::fault(&self.form, migration, name) {
                lacks.push(lack(Where::Field(name), format!("{label}: {fault}")));
            }
        }
        let findings = self.findings.gate(migration);
        lacks.extend(findings.into_iter().map(|reason| Lack { at: Where::Findings, reason }));
        if migration.built.is_none() && migration.review.is_some() {
            lacks.extend(self.plan_lack(migration, lacks.is_empty()));
        }
        lacks
    }

    /// Why there is no plan, as far as nothing else says it.
    fn plan_lack(&self, migration: &Migration, is_only: bool) -> Option<Lack> {
        let lack = |text: String| Some(Lack { at: Where::Plan, reason: Reason::new(text) });
        if is_underway(migration) {
            return lack("the plan is still being made".to_owned());
        }
        let waits = self.no_plan.waits(migration);
        if !waits.elsewhere.is_empty() {
            return lack(format!("the plan waits for {}", waits.elsewhere_words(migration)));
        }
        match waits.wrong.first() {
            Some(wrong) => lack(format!("there is no plan: {wrong}")),
            None if is_only => lack("there is no plan yet (Ctrl+T compares again)".to_owned()),
            None => None,
        }
    }

    /// Why there is no plan and where to go, as a sentence or two.
    pub(super) fn no_plan(&self, migration: &Migration) -> String {
        if migration.review.is_none() {
            let gate = self.findings.gate(migration);
            let why = gate.first().map_or("the environments are not compared", |why| &why.text);
            return format!("There is no plan yet: {why}.");
        }
        if is_underway(migration) {
            return "The plan is still being made.".to_owned();
        }
        let waits = self.no_plan.waits(migration);
        let mut text = String::new();
        if !waits.elsewhere.is_empty() {
            text = format!("There is no plan yet: decide {}.", waits.elsewhere_words(migration));
        } else if let Some(wrong) = waits.wrong.first() {
            text = format!("There is no plan: {wrong}.");
            if waits.wrong.len() > 1 {
                let more = waits.wrong.len() as u64 - 1;
                text.push_str(&format!(" And {}.", counted(more, "other reason", "other reasons")));
            }
        }
        let is_chosen = migration.plan.scope.replace.is_some();
        let here = waits.here.saturating_sub(u64::from(!is_chosen));
        let mut own = Vec::new();
        if !is_chosen {
            let name = migration.name_of(Side::Destination);
            own.push(format!("choose what becomes of the rows that {name} has"));
        }
        if here > 0 {
            own.push(format!("decide {} under Findings", counted(here, "line", "lines")));
        }
        match (own.is_empty(), text.is_empty()) {
            (true, false) => text,
            (true, true) => "There is no plan yet: Ctrl+T compares again.".to_owned(),
            (false, true) => format!("There is no plan yet: {}.", own.join(", and ")),
            (false, false) => format!("{text} Here, {}.", own.join(", and ")),
        }
    }

    pub(super) fn go_to_first_lack(&mut self, migration: &mut Migration) {
        let Some(lack) = self.lacks(migration).into_iter().next() else { return };
        match lack.at {
            Where::Field(name) => {
                let fault = fields::fault(&self.form, migration, name);
                if let Some(field) = self.form.field_mut(name) {
                    field.error = fault;
                }
                self.go_to_field(name);
            }
            Where::Findings if self.findings.first_reason().is_some() => {
                self.pane = Pane::Findings;
                self.findings.go_to_first_reason(migration);
            }
            Where::Findings | Where::Plan => {
                self.form.has_focus = false;
                self.pane = Pane::Plan;
            }
        }
    }

    /// What stands beside the step's name in the rail.
    pub(super) fn open_count(&self, migration: &Migration) -> String {
        if !migration.may_change() || migration.review.is_none() {
            return String::new();
        }
        let tally = self.findings.tally(migration);
        let fields = self.lacks(migration).into_iter();
        let fields = fields.filter(|lack| matches!(lack.at, Where::Field(_))).count();
        match fields + tally.open + tally.stopped + tally.unmendable {
            0 => String::new(),
            count => count.to_string(),
        }
    }

    /// The most important thing to say.
    pub(super) fn news(&self, migration: &Migration) -> Option<Notice> {
        if !migration.may_change() || self.pane == Pane::Findings {
            return self.findings.notice(migration);
        }
        let first = self.lacks(migration).into_iter().next();
        if let Some(Lack { at, reason }) = first {
            let blocks = self.findings.tally(migration).blocks > 0;
            let sign = match at {
                Where::Plan if is_underway(migration) => Sign::Note,
                Where::Field(REPLACE) | Where::Plan => Sign::Warning,
                Where::Findings if !blocks => Sign::Warning,
                Where::Field(_) | Where::Findings => Sign::Bad,
            };
            return Some(Notice::new(sign, words::sentence(&reason.text)));
        }
        let name = migration.name_of(Side::Destination);
        let deleted = self.picture.as_ref().map_or(0, |picture| picture.report.deleted());
        if deleted > 0 {
            let rows = counted(deleted, "row", "rows");
            let text = format!("{rows} of {name} are deleted before any is written.");
            return Some(Notice::new(Sign::Warning, text));
        }
        let text = format!("The plan is complete; it deletes no row of {name}.");
        Some(Notice::new(Sign::Good, text))
    }
}
