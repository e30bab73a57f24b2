//! What a plan would do: the dry run's answer.

use std::fmt::Write as _;

use serde::Serialize;

use super::forecast::{forecast_words, probe_words};
use super::outside::OutsideReport;
use super::room::{room_advice, room_words};
use super::text::{WIDTH, counted, number, wrapped};
use crate::migrate::{Forecast, Probe, Room};
use crate::plan::{
    ExistingPlan, Fate, IdentifierPlan, PersonFate, PersonPlan, Plan, PutAway, Rule, Target,
};

/// What a plan would do, by counts as they were at review.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlanReport {
    /// The plan's name.
    pub name: String,
    /// The plan's fingerprint.
    pub fingerprint: String,
    /// The entities, in the order of writing.
    pub entities: Vec<PlannedEntity>,
    /// What becomes of users.
    pub users: PlannedPeople,
    /// What becomes of groups.
    pub groups: PlannedPeople,
    /// Links between users, groups and roles that are added where they are missing.
    pub links: usize,
    /// What becomes of ids of static records and other rows that are only looked up.
    pub records: PlannedRecords,
    /// Rows outside the scope that hang on rows to be deleted, and what becomes of them.
    pub outside: Vec<OutsideReport>,
    /// Subscriptions of processes that are put away meanwhile.
    pub events: PutAway,
    /// What was decided, in words.
    pub decisions: Vec<String>,
    /// What is not carried over, with the reason.
    pub left_out: Vec<(String, String)>,
    /// The room that before-images will take; `None` where nobody asked.
    pub before_images: Option<Room>,
    /// What it will take; `None` where nobody asked.
    pub forecast: Option<Forecast>,
    /// What was measured for that just now; `None` where nobody asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probe: Option<Probe>,
}

/// One entity of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlannedEntity {
    /// `Espace.Entity`.
    pub name: String,
    /// Why it is in the scope, for producers taken in.
    pub reason: Option<String>,
    /// Its table in the source.
    pub source_table: String,
    /// Its table in the destination.
    pub destination_table: String,
    /// Rows of the source.
    pub rows: u64,
    /// Rows of the destination that are deleted first.
    pub deleted: u64,
    /// Rows of the destination that stay.
    pub kept: u64,
    /// Whether rows that are there already are recognised by a natural key.
    pub recognises: bool,
    /// Whether these take the values of ours.
    pub updates: bool,
    /// How many rows of ours are there already, as far as it is known before.
    pub matches: Option<u64>,
    /// Whether the destination gives new ids.
    pub new_ids: bool,
    /// Columns written.
    pub columns: usize,
    /// Columns whose ids are rewritten.
    pub references: usize,
    /// Columns of these that are set in the second pass.
    pub deferred: usize,
}

/// Static records and other rows that are never written, only referred to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PlannedRecords {
    /// Records with another id in the destination.
    pub rewritten: usize,
    /// Entities whose rows refer to one of these.
    pub entities: usize,
    /// Records whose references are emptied, by decision.
    pub emptied: usize,
    /// Records whose rows are left out, by decision.
    pub left_out: usize,
}

impl PlannedRecords {
    fn of(plan: &Plan) -> Self {
        let mut counts = Self::default();
        let mut is_rewritten = vec![false; plan.fixed.len()];
        let columns = || plan.entities.iter().flat_map(|entity| &entity.columns);
        let is_used = |place| {
            let mut rules = columns().flat_map(|column| column.rule.references());
            rules.any(|rule| rule.target == Target::Fixed(place))
        };
        // What only subscriptions name are no records of rows.
        for (place, fixed) in plan.fixed.iter().enumerate().filter(|(place, _)| is_used(*place)) {
            for (source, fate) in &fixed.fates {
                match fate {
                    Fate::To(id) if id == source => {}
                    Fate::To(_) => {
                        counts.rewritten += 1;
                        is_rewritten[place] = true;
                    }
                    Fate::Empty => counts.emptied += 1,
                    Fate::LeaveOut => counts.left_out += 1,
                }
            }
        }
        let refers = |rule: &Rule| {
            rule.references().any(|rule| match rule.target {
                Target::Fixed(place) => is_rewritten.get(place).is_some_and(|is| *is),
                _ => false,
            })
        };
        counts.entities = plan
            .entities
            .iter()
            .filter(|entity| entity.columns.iter().any(|column| refers(&column.rule)))
            .count();
        counts
    }

    /// In words: `9 records have another id there, used in 3 entities`.
    #[must_use]
    pub fn words(&self) -> String {
        let mut words = if self.rewritten == 0 {
            "every record has the same id there".to_owned()
        } else {
            format!(
                "{} there, used in {}",
                counted(self.rewritten as u64, "record has another id", "records have another id"),
                counted(self.entities as u64, "entity", "entities")
            )
        };
        if self.emptied > 0 {
            words.push_str(&format!("; references to {} emptied", number(self.emptied as u64)));
        }
        if self.left_out > 0 {
            words.push_str(&format!("; rows with {} left out", number(self.left_out as u64)));
        }
        words
    }
}

/// Users or groups of a plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PlannedPeople {
    /// Taken as the destination has them.
    pub used: usize,
    /// Taken as the source has them, into the destination's rows.
    pub updated: usize,
    /// Created.
    pub created: usize,
    /// References to them are emptied.
    pub emptied: usize,
}

impl PlannedPeople {
    fn of(people: &[PersonPlan]) -> Self {
        let mut counts = Self::default();
        for person in people {
            match person.fate {
                PersonFate::Use(_) => counts.used += 1,
                PersonFate::Update(_) => counts.updated += 1,
                PersonFate::Create { .. } => counts.created += 1,
                PersonFate::Empty => counts.emptied += 1,
            }
        }
        counts
    }

    /// In words: `35 as the destination has them, 2 created, references to 1 emptied`.
    #[must_use]
    pub fn words(&self) -> String {
        let updated = match self.updated {
            0 => String::new(),
            updated => format!("{} updated, ", number(updated as u64)),
        };
        format!(
            "{} as the destination has them, {updated}{} created, references to {} emptied",
            number(self.used as u64),
            number(self.created as u64),
            number(self.emptied as u64)
        )
    }
}

impl PlannedEntity {
    /// What becomes of rows that are there already.
    fn recognised_in_words(&self) -> String {
        let rows = self.matches.map_or_else(String::new, |rows| format!("{} ", number(rows)));
        let updated = if self.updates { ", which take the values of ours" } else { "" };
        format!("{rows}recognised by key{updated}")
    }
}

impl PlanReport {
    /// Reads it off a plan.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let entities = plan
            .entities
            .iter()
            .map(|entity| {
                let (deleted, kept) = match &entity.existing {
                    ExistingPlan::Replace { rows, standing, .. } => (*rows, *standing),
                    ExistingPlan::Keep { rows } | ExistingPlan::Recognise { rows, .. } => {
                        (0, *rows)
                    }
                };
                let references =
                    || entity.columns.iter().flat_map(|column| column.rule.references());
                PlannedEntity {
                    name: entity.name.clone(),
                    reason: entity.reason.clone(),
                    source_table: entity.source_table.to_string(),
                    destination_table: entity.destination_table.to_string(),
                    rows: entity.source_rows,
                    deleted,
                    kept,
                    recognises: matches!(entity.existing, ExistingPlan::Recognise { .. }),
                    updates: !entity.existing.sets().is_empty(),
                    matches: match entity.existing {
                        ExistingPlan::Recognise { matches, .. } => matches,
                        _ => None,
                    },
                    new_ids: matches!(entity.identifier, IdentifierPlan::Generated { .. }),
                    columns: entity.columns.len(),
                    references: references().count(),
                    deferred: references().filter(|rule| rule.is_deferred).count(),
                }
            })
            .collect();
        Self {
            name: plan.name.clone(),
            fingerprint: plan.fingerprint.clone(),
            entities,
            users: PlannedPeople::of(&plan.users),
            groups: PlannedPeople::of(&plan.groups),
            links: plan.links.user_roles.len()
                + plan.links.group_roles.len()
                + plan.links.group_users.len(),
            records: PlannedRecords::of(plan),
            outside: OutsideReport::all(plan),
            events: plan.put_away(),
            decisions: plan.decisions.clone(),
            left_out: plan.left_out.clone(),
            before_images: None,
            forecast: None,
            probe: None,
        }
    }

    /// Rows of the source, over all entities.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.entities.iter().map(|entity| entity.rows).sum()
    }

    /// Rows of the destination that are deleted first.
    #[must_use]
    pub fn deleted(&self) -> u64 {
        let outside: u64 = self.outside.iter().map(OutsideReport::deleted).sum();
        self.entities.iter().map(|entity| entity.deleted).sum::<u64>() + outside
    }

    /// Rows of the destination that stay.
    #[must_use]
    pub fn kept(&self) -> u64 {
        self.entities.iter().map(|entity| entity.kept).sum()
    }

    /// Whether rows that are there already may be recognised: then fewer are written.
    #[must_use]
    pub fn recognises(&self) -> bool {
        self.entities.iter().any(|entity| entity.recognises)
    }

    /// For a terminal.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = format!(
            "Dry run of {}: everything needed is there, nothing was written.\n\n",
            self.name
        );
        let sum = format!(
            "{} rows of {} entities would be carried over, {} rows of the destination deleted \
             before, {} kept.",
            number(self.rows()),
            self.entities.len(),
            number(self.deleted()),
            number(self.kept()),
        );
        text.push_str(&wrapped(&sum, WIDTH, "", ""));
        if let Some(room) = self.before_images.as_ref().filter(|room| room.rows > 0) {
            let words = format!("Before-images: {}. {}", room_words(room), room_advice(room));
            text.push_str(&wrapped(words.trim_end(), WIDTH, "", ""));
        }
        let forecast = self.forecast.iter().flat_map(forecast_words);
        for words in self.probe.iter().flat_map(probe_words).chain(forecast) {
            text.push_str(&wrapped(&words, WIDTH, "", ""));
        }
        let _ = writeln!(text, "Plan {}\n", self.fingerprint);
        let wide = self.entities.iter().map(|entity| entity.name.chars().count()).max();
        let wide = wide.unwrap_or(0).clamp(6, 40);
        let _ = writeln!(
            text,
            "{:wide$} {:>11} {:>11} {:>11}  ids",
            "entity", "rows", "delete", "keep"
        );
        for entity in &self.entities {
            let mut notes = vec![if entity.new_ids { "new" } else { "kept" }.to_owned()];
            if entity.recognises {
                notes.push(entity.recognised_in_words());
            }
            if entity.deferred > 0 {
                notes.push(format!("{} set in the second pass", entity.deferred));
            }
            let _ = writeln!(
                text,
                "{:wide$} {:>11} {:>11} {:>11}  {}",
                entity.name,
                number(entity.rows),
                number(entity.deleted),
                number(entity.kept),
                notes.join(", ")
            );
        }
        let _ = write!(
            text,
            "\nUsers: {}\nGroups: {}\nLinks to roles and groups, added where missing: {}\n\
             Static and other records looked up: {}\n",
            self.users.words(),
            self.groups.words(),
            self.links,
            self.records.words()
        );
        if self.events.rows > 0 {
            let words = format!("Process events: {}.", self.events.words());
            text.push_str(&wrapped(&words, WIDTH, "", ""));
        }
        for (title, lines) in [
            ("Rows outside the scope", self.outside.iter().map(OutsideReport::words).collect()),
            ("Decided", self.decisions.clone()),
            (
                "Not carried over",
                self.left_out.iter().map(|(what, why)| format!("{what}: {why}")).collect(),
            ),
        ] {
            if !lines.is_empty() {
                let _ = write!(text, "\n{title}:\n");
                for line in lines {
                    text.push_str(&wrapped(&line, WIDTH, "  ", "    "));
                }
            }
        }
        text
    }
}
