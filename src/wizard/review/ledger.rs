//! What the plan will do, as the dry run says it: a few lines, and all of it.

use std::sync::Arc;

use crate::outsystems::Side;
use crate::plan::Plan;
use crate::report::{OutsideReport, PlanReport, PlannedEntity, counted, number};
use crate::wizard::migration::Migration;
use crate::wizard::options::reading;

/// A plan with its report.
#[derive(Debug)]
pub(super) struct Ledger {
    pub(super) plan: Arc<Plan>,
    pub(super) report: PlanReport,
}

/// A line of the whole plan.
pub(super) enum Line<'a> {
    /// A heading.
    Title(String),
    /// The heading of the table of entities.
    Columns,
    /// One entity.
    Entity(&'a PlannedEntity),
    /// A sentence.
    Text(String),
}

impl Ledger {
    pub(super) fn new(plan: &Arc<Plan>) -> Self {
        Self { plan: Arc::clone(plan), report: PlanReport::new(plan) }
    }

    /// Rows to insert, in words: fewer when some are recognised.
    pub(super) fn rows_words(&self) -> String {
        let rows = counted(self.report.rows(), "row", "rows");
        if self.report.recognises() { format!("up to {rows}") } else { rows }
    }

    /// What is to be known before the name is typed.
    pub(super) fn warning(&self, name: &str) -> String {
        let deleted = self.report.deleted();
        if deleted == 0 {
            return format!(
                "This writes {} to {name} and deletes none of its own. Undo can take them out \
                 again, as long as nobody has changed them since.",
                self.rows_words()
            );
        }
        let back = if self.plan.options.keep_before_images {
            "Undo can take ours out again and bring back what was deleted, where the checks say so."
                .to_owned()
        } else {
            format!("What is deleted is not kept: only a backup of {name} has it.")
        };
        format!(
            "This deletes {} of {name} and writes {}. {back}",
            counted(deleted, "row", "rows"),
            self.rows_words()
        )
    }

    /// The few lines: what, and how much.
    pub(super) fn lines(&self, migration: &Migration) -> Vec<(&'static str, String)> {
        let report = &self.report;
        let options = &self.plan.options;
        let model = |side| migration.side(side).model.as_ref();
        let in_parallel =
            model(Side::Destination).is_none_or(|model| model.facts.capabilities.parallel_writers);
        let at_once = if in_parallel { options.parallel_entities.max(1) } else { 1 };
        let mut lines = vec![
            (
                "",
                format!(
                    "Insert {}   Delete {}   Keep {}   {}",
                    self.rows_words(),
                    counted(report.deleted(), "row", "rows"),
                    counted(report.kept(), "row", "rows"),
                    counted(report.entities.len() as u64, "entity", "entities"),
                ),
            ),
            (
                "How",
                format!(
                    "in batches of {}, {} at a time{}; read from {} by {}",
                    counted(options.batch_rows as u64, "row", "rows"),
                    counted(at_once as u64, "entity", "entities"),
                    if options.identity_ranges { ", with ids reserved ahead" } else { "" },
                    model(Side::Source).map_or("", |model| model.facts.place.as_str()),
                    reading::label(migration, options.source_reading),
                ),
            ),
            ("Users", report.users.words()),
        ];
        if report.groups != crate::report::PlannedPeople::default() || report.links > 0 {
            lines.push((
                "Groups",
                format!(
                    "{}; {} added where missing",
                    report.groups.words(),
                    counted(report.links as u64, "link", "links")
                ),
            ));
        }
        lines.push(("Static", report.records.words()));
        let left_out = match report.left_out.as_slice() {
            [] => "nothing of the scope".to_owned(),
            [(first, _)] => first.clone(),
            [(first, _), rest @ ..] => {
                format!("{first} and {} more", number(rest.len() as u64))
            }
        };
        lines.push(("Left out", left_out));
        lines
    }

    /// How many lines the whole plan has.
    pub(super) fn whole_count(&self, migration: &Migration) -> usize {
        self.parts(migration).iter().map(|(_, count)| count).sum()
    }

    /// The parts of the whole plan with the lines of each, its heading and the blank above it
    /// among them.
    fn parts(&self, migration: &Migration) -> [(Part, usize); 6] {
        let report = &self.report;
        let some = |count: usize| if count == 0 { 0 } else { count + 2 };
        [
            (Part::Sums, self.lines(migration).len()),
            (Part::Entities, some(report.entities.len())),
            (Part::Outside, some(report.outside.len())),
            (Part::Decisions, some(report.decisions.len())),
            (Part::LeftOut, some(report.left_out.len())),
            (Part::Steps, some(migration.summaries.len())),
        ]
    }

    /// A line of the whole plan.
    pub(super) fn whole_line(&self, migration: &Migration, line: usize) -> Line<'_> {
        let mut line = line;
        for (part, count) in self.parts(migration) {
            if line >= count {
                line -= count;
                continue;
            }
            let text = |part: Part, line: usize| match part {
                Part::Sums => self.lines(migration).get(line).map(|(label, text)| {
                    if label.is_empty() { text.clone() } else { format!("{label}: {text}") }
                }),
                Part::Entities => None,
                Part::Outside => self.report.outside.get(line).map(OutsideReport::words),
                Part::Decisions => self.report.decisions.get(line).cloned(),
                Part::LeftOut => {
                    self.report.left_out.get(line).map(|(what, why)| format!("{what}: {why}"))
                }
                Part::Steps => {
                    migration.summaries.get(line).map(|(what, text)| format!("{what}: {text}"))
                }
            };
            let title = match part {
                Part::Sums => return Line::Text(text(part, line).unwrap_or_default()),
                Part::Entities => "",
                Part::Outside => "Rows outside the scope",
                Part::Decisions => "Decided",
                Part::LeftOut => "Not carried over",
                Part::Steps => "As the steps say",
            };
            return match (line, part) {
                (0, _) => Line::Text(String::new()),
                (1, Part::Entities) => Line::Columns,
                (1, _) => Line::Title(title.to_owned()),
                (line, Part::Entities) => self
                    .report
                    .entities
                    .get(line - 2)
                    .map_or_else(|| Line::Text(String::new()), Line::Entity),
                (line, part) => Line::Text(text(part, line - 2).unwrap_or_default()),
            };
        }
        Line::Text(String::new())
    }

    /// A line of the whole plan, to be read in full.
    pub(super) fn whole_text(&self, migration: &Migration, line: usize) -> Option<String> {
        match self.whole_line(migration, line) {
            Line::Text(text) if !text.is_empty() => Some(text),
            Line::Entity(entity) => Some(entity_words(entity, migration)),
            _ => None,
        }
    }
}

#[derive(Clone, Copy)]
enum Part {
    Sums,
    Entities,
    Outside,
    Decisions,
    LeftOut,
    Steps,
}

/// All that is to be said of an entity, a line each.
fn entity_words(entity: &PlannedEntity, migration: &Migration) -> String {
    let (source, destination) =
        (migration.name_of(Side::Source), migration.name_of(Side::Destination));
    let mut lines = vec![
        entity.name.clone(),
        format!(
            "{} in {source}, table {}",
            counted(entity.rows, "row", "rows"),
            entity.source_table
        ),
        format!(
            "{destination}, table {}: {} deleted first, {} kept",
            entity.destination_table,
            counted(entity.deleted, "row", "rows"),
            number(entity.kept)
        ),
        format!(
            "{} written; ids rewritten in {} of them, {} of these once all rows are there",
            counted(entity.columns as u64, "column", "columns"),
            number(entity.references as u64),
            number(entity.deferred as u64)
        ),
        if entity.new_ids {
            format!("{destination} gives its rows new ids.")
        } else {
            "Its rows keep their ids.".to_owned()
        },
    ];
    if entity.recognises {
        let rows = match entity.matches {
            Some(1) => "1 row that is there already is".to_owned(),
            Some(rows) => format!("{} rows that are there already are", number(rows)),
            None => "Rows that are there already are".to_owned(),
        };
        lines.push(format!("{rows} recognised by key."));
        if entity.updates {
            lines.push(
                "They take the values of ours; what they hold is kept for an undo.".to_owned(),
            );
        }
    }
    if let Some(reason) = &entity.reason {
        lines.push(format!("It is in the scope because of {reason}."));
    }
    lines.join("\n")
}
