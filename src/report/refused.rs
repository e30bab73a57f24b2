//! What the destination refused besides rows: people, links, references, and rows of its own that
//! were to go.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use super::reasons::{ReasonGroup, add, without_values};
use super::run::RunReport;
use super::text::{counted, escaped};
use crate::database::{Result, Value};
use crate::migrate::journal::{Journal, Refused, RefusedKind};
use crate::plan::Plan;

/// Things of one kind, in one place, that the destination refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RefusedReport {
    /// `person`, `link`, `reference`, or `delete`: a row of the destination that stays.
    pub what: &'static str,
    /// Where: the entity, the reference as `Espace.Entity.Attribute`, or the platform's table.
    pub place: String,
    /// How many.
    pub count: u64,
    /// Why, and which: source ids of people and references, destination ids of rows that stay and
    /// of links, both ends of these.
    pub reasons: Vec<ReasonGroup>,
}

/// Everything that was refused besides rows of entities.
pub(super) fn read(journal: &Journal, plan: &Plan) -> Result<Vec<RefusedReport>> {
    let mut all = Vec::new();
    for kind in RefusedKind::ALL {
        let mut places: BTreeMap<String, Vec<ReasonGroup>> = BTreeMap::new();
        for refused in journal.refused(kind)? {
            let groups = places.entry(place(plan, &refused)).or_default();
            let which = match kind {
                RefusedKind::Link => Value::text(&ends(&refused)),
                _ => refused.key.clone(),
            };
            let (code, refusal) = (refused.code, refused.refusal.as_ref());
            add(groups, None, without_values(&refused.reason, code), &which, code, refusal);
        }
        all.extend(places.into_iter().map(|(place, reasons)| RefusedReport {
            what: kind.name(),
            place,
            count: reasons.iter().map(|group| group.count).sum(),
            reasons,
        }));
    }
    Ok(all)
}

/// Both ends of a link.
pub(super) fn ends(link: &Refused) -> String {
    format!("{} and {}", link.key, link.other)
}

/// Where something was refused, by the names that the plan knows.
pub(super) fn place(plan: &Plan, refused: &Refused) -> String {
    let Some(entity) = refused.entity.and_then(|place| plan.entities.get(place)) else {
        return refused.place.clone();
    };
    match refused.kind {
        RefusedKind::Reference => {
            let column =
                entity.columns.iter().find(|column| column.destination.name == refused.place);
            let name = column.map_or(&refused.place, |column| &column.attribute);
            format!("{}.{name}", entity.name)
        }
        _ => entity.name.clone(),
    }
}

impl RunReport {
    /// The section of the report.
    pub(super) fn refused_besides(&self, out: &mut String) {
        if self.refused.is_empty() {
            return;
        }
        out.push_str("\n## Refused besides\n\n");
        for refused in &self.refused {
            let (one, what) = match refused.what {
                "person" => ("row", "not created"),
                "link" => ("link", "not made"),
                "reference" => ("reference", "not set, and empty"),
                _ => ("row of the destination", "not deleted, and still there"),
            };
            for group in &refused.reasons {
                let words = group_words(group, one);
                let _ = writeln!(out, "- {}, {what}: {words}", escaped(&refused.place));
            }
        }
    }
}

/// How many, why, and which: `3 rows, its user has no counterpart. Source ids 4, 8, 15.`
pub(super) fn group_words(group: &ReasonGroup, of: &str) -> String {
    // What is in the words already need not be said again.
    let by = group.constraint.as_deref().filter(|name| !group.reason.contains(name));
    let more: Vec<String> = group
        .code
        .map(|code| format!("error {code}"))
        .into_iter()
        .chain(by.map(|name| format!("by {}", escaped(name))))
        .collect();
    let more = match more.is_empty() {
        true => String::new(),
        false => format!(" ({})", more.join(", ")),
    };
    let reason = escaped(&group.reason);
    let stop = if reason.ends_with('.') && more.is_empty() { "" } else { "." };
    let mut words = format!(
        "{}, {}{more}{stop}",
        counted(group.count, of, &plural(of)),
        if more.is_empty() { reason.as_str() } else { reason.trim_end_matches('.') },
    );
    if !group.keys.is_empty() {
        let keys: Vec<String> = group.keys.iter().map(|key| escaped(key)).collect();
        let some = super::text::some_of(&keys, keys.len(), group.count);
        let whose =
            if matches!(of, "link" | "row of the destination") { "Its id" } else { "Source id" };
        let ids = match (group.count, whose) {
            (1, whose) => whose.to_owned(),
            (_, "Its id") => "Their ids".to_owned(),
            (_, whose) => format!("{whose}s"),
        };
        let _ = write!(words, " {ids} {some}.");
    }
    words
}

fn plural(of: &str) -> String {
    match of.split_once(' ') {
        Some((head, rest)) => format!("{head}s {rest}"),
        None => format!("{of}s"),
    }
}
