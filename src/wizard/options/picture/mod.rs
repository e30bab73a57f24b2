//! The plan as a picture: which entities are written in which order, and the sums.
//!
//! Made once for each plan; a line of it costs the same whatever the plan's size.

pub(super) mod view;

use std::sync::Arc;

use super::super::look::wrap;
use crate::database::Value;
use crate::plan::{Fate, Plan, Rule, Target};
use crate::report::{PlanReport, PlannedEntity, counted, forecast_lines, forecast_words, number};

/// A plan, ready to be shown.
#[derive(Debug)]
pub(super) struct Picture {
    pub(super) plan: Arc<Plan>,
    pub(super) report: PlanReport,
    /// Group and place of each entity, in the order of writing.
    order: Vec<(usize, usize)>,
    /// Rows of the lines before each, and of all.
    rows_before: Vec<u64>,
    ids: Ids,
}

/// Which ids are rewritten.
#[derive(Debug, Default)]
struct Ids {
    columns: usize,
    kinds: Vec<&'static str>,
}

/// A line of the picture.
pub(super) struct Line<'a> {
    /// The group's number, before its first entity only.
    pub(super) group: String,
    pub(super) entity: &'a PlannedEntity,
}

/// A sum below the entities.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) label: &'static str,
    /// What a number counts; empty where there are words only.
    pub(super) what: &'static str,
    pub(super) text: String,
}

impl Picture {
    pub(super) fn new(plan: &Arc<Plan>) -> Self {
        let report = PlanReport::new(plan);
        let order: Vec<(usize, usize)> = (1..)
            .zip(&plan.levels)
            .flat_map(|(group, places)| places.iter().map(move |place| (group, *place)))
            .filter(|(_, place)| *place < report.entities.len())
            .collect();
        let mut rows_before = Vec::with_capacity(order.len() + 1);
        let mut rows = 0;
        for (_, place) in &order {
            rows_before.push(rows);
            rows += report.entities[*place].rows;
        }
        rows_before.push(rows);
        Self { plan: Arc::clone(plan), order, rows_before, ids: Ids::of(plan), report }
    }

    /// How many entities there are.
    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    /// How many groups, each referring to earlier ones only.
    pub(super) fn groups(&self) -> usize {
        self.order.last().map_or(0, |(group, _)| *group)
    }

    /// `3 groups by reference`
    pub(super) fn order_words(&self) -> String {
        format!("{} by reference", counted(self.groups() as u64, "group", "groups"))
    }

    /// A line; `is_first` where the lines above it are out of sight.
    pub(super) fn line(&self, line: usize, is_first: bool) -> Option<Line<'_>> {
        let (group, place) = self.order.get(line)?;
        let before = line.checked_sub(1).and_then(|line| self.order.get(line));
        let is_new = is_first || before.is_none_or(|(other, _)| other != group);
        let group = if is_new { group.to_string() } else { String::new() };
        Some(Line { group, entity: self.report.entities.get(*place)? })
    }

    /// Rows from a line on.
    pub(super) fn rows_from(&self, line: usize) -> u64 {
        let all = self.rows_before.last().copied().unwrap_or_default();
        all - self.rows_before.get(line).copied().unwrap_or(all)
    }

    /// Rows to insert: fewer when some are recognised.
    pub(super) fn insert_words(&self) -> String {
        let rows = number(self.report.rows());
        if self.report.recognises() { format!("up to {rows}") } else { rows }
    }

    /// What stands below the entities.
    fn sums(&self, is_short: bool) -> Vec<Sum> {
        let report = &self.report;
        let sum = |label, what, text: String| Sum { label, what, text };
        let mut sums = vec![
            sum("Rows", "insert", self.insert_words()),
            sum("", "delete", number(report.deleted())),
        ];
        if report.kept() > 0 {
            sums.push(sum("", "keep", number(report.kept())));
        }
        sums.push(sum("Ids", "", self.ids.words(is_short)));
        sums.push(sum("Users", "", self.users_words()));
        let forecast = report.forecast.iter().flat_map(forecast_lines);
        sums.extend(forecast.map(|(label, text)| sum(label, "", text)));
        sums.push(sum("Plan", "", report.fingerprint.clone()));
        sums
    }

    /// What stands below the entities where the plan has all the room: each a line.
    pub(super) fn whole_lines(&self, is_small: bool) -> Vec<String> {
        let report = &self.report;
        let danger = if report.deleted() > 0 { "! " } else { "" };
        let rows = format!(
            "Rows    insert {}   {danger}delete {}   keep {}",
            self.insert_words(),
            number(report.deleted()),
            number(report.kept())
        );
        let mut lines = vec![rows];
        if !is_small {
            lines.push(format!("Ids     {}", self.ids.words(false)));
            let plan = &report.fingerprint;
            lines.push(format!("Users   {}   Plan {plan}", self.users_words()));
        }
        let forecast = report.forecast.iter().flat_map(forecast_lines);
        let parts: Vec<String> =
            forecast.map(|(label, text)| format!("{label:LABEL$}{text}")).collect();
        if !parts.is_empty() {
            lines.push(parts.join("   "));
        }
        lines
    }

    /// The sums in lines of so many columns: label, what is counted, the text.
    pub(super) fn sum_lines(&self, width: usize) -> Vec<Sum> {
        let room = width.saturating_sub(LABEL).max(1);
        let mut lines = Vec::new();
        for sum in self.sums(width < 50) {
            if !sum.what.is_empty() {
                lines.push(sum);
                continue;
            }
            let mut label = sum.label;
            for text in wrap(&sum.text, room) {
                lines.push(Sum { label, what: "", text });
                label = "";
            }
        }
        lines
    }

    fn users_words(&self) -> String {
        let users = &self.report.users;
        let mut words = vec![format!("{} matched", number(users.used as u64))];
        for (count, what) in [(users.created, "created"), (users.emptied, "emptied")] {
            if count > 0 {
                words.push(format!("{} {what}", number(count as u64)));
            }
        }
        words.join(", ")
    }

    /// All of it in lines, for plain mode: the first entities, then the sums.
    pub(super) fn words(&self, most: usize) -> Vec<String> {
        let mut lines = vec![format!(
            "The plan writes {} in {}.",
            counted(self.len() as u64, "entity", "entities"),
            self.order_words()
        )];
        let shown = &self.order[..self.len().min(most)];
        for group in shown.chunk_by(|(one, _), (other, _)| one == other) {
            let names = group.iter().filter_map(|(_, place)| {
                let entity = self.report.entities.get(*place)?;
                Some(format!("{} {}", entity.name, number(entity.rows)))
            });
            let names: Vec<String> = names.collect();
            let number = group.first().map_or(0, |(group, _)| *group);
            lines.push(format!("Group {number}, with rows: {}.", names.join(", ")));
        }
        if self.len() > most {
            let more = counted((self.len() - most) as u64, "more entity", "more entities");
            let rows = counted(self.rows_from(most), "row", "rows");
            lines.push(format!("And {more}, {rows}."));
        }
        lines.push(format!(
            "Rows: insert {}, delete {}, keep {}.",
            self.insert_words(),
            number(self.report.deleted()),
            number(self.report.kept())
        ));
        lines.push(format!("Ids: {}. Users: {}.", self.ids.words(false), self.users_words()));
        lines.extend(self.report.forecast.iter().flat_map(forecast_words));
        lines.push(format!("Plan {}.", self.report.fingerprint));
        lines
    }
}

/// Columns of a sum's label.
pub(super) const LABEL: usize = 8;

impl Ids {
    /// Kinds of ids that columns of the plan hold and that are other ones in the destination.
    fn of(plan: &Plan) -> Self {
        let is_other =
            |(source, fate): &(Value, Fate)| matches!(fate, Fate::To(id) if id != source);
        let rewritten: Vec<bool> =
            plan.fixed.iter().map(|fixed| fixed.fates.iter().any(is_other)).collect();
        let mut ids = Self::default();
        let mut seen = [false; 5];
        for entity in &plan.entities {
            for column in &entity.columns {
                let Rule::Reference(rule) = &column.rule else { continue };
                let kind = match rule.target {
                    Target::Entity(_) | Target::Lookup(_) => 0,
                    Target::Fixed(place) if rewritten.get(place) == Some(&true) => 1,
                    Target::Users => 2,
                    Target::Groups => 3,
                    Target::Tenants => 4,
                    Target::Fixed(_) | Target::External | Target::Nothing => continue,
                };
                ids.columns += 1;
                seen[kind] = true;
            }
        }
        let names = ["rows", "records", "users", "groups", "tenants"];
        ids.kinds =
            names.into_iter().zip(seen).filter(|(_, is)| *is).map(|(name, _)| name).collect();
        ids
    }

    /// `rewritten in 61 columns: rows, records, users`
    fn words(&self, is_short: bool) -> String {
        if self.columns == 0 {
            return "none to rewrite".to_owned();
        }
        if is_short {
            let kinds = counted(self.kinds.len() as u64, "kind", "kinds");
            return format!("{kinds} rewritten");
        }
        let columns = counted(self.columns as u64, "column", "columns");
        format!("rewritten in {columns}: {}", self.kinds.join(", "))
    }
}
