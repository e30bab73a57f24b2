//! Draws the entities on the left, the records of the selected one on the right, and what there
//! is to say of the selected record below both.
//!
//! ```text
//! ┌ Static entities ───────┐ ┌ ClaimStatus: matched by record key ──────────────────┐
//! │ ▸✓ ClaimStatus       6 │ │     In PROD      id    In DEV       id    Then       │
//! │  ! ClaimCause        5 │ │ ▸≠  Approved      3    Approved      1    3 → 1      │
//! │ 1 of 7 needs a look    │ │ = same  ≠ other id  + only in PROD  - only in DEV    │
//! └────────────────────────┘ └──────────────────────────────────────────────────────┘
//! ┌ Claims_CS.ClaimStatus.Approved ─────────────────────────────────────────────────┐
//! ```

use super::super::findings::view::draw_details;
use super::super::findings::{Standing, guess, record_of, words};
use super::super::look::{
    Area, Canvas, Cell, cut, panel, paragraph, put, right, role, row, text_width,
};
use super::super::map_path::view::{HINT, draw_typed};
use super::super::migration::Migration;
use super::super::viewport::Class;
use super::pairs::RecordLine;
use super::{Pane, StaticRecords};
use crate::compare::{FixedMap, RecordPair, choice};
use crate::outsystems::Side;
use crate::plan::Review;
use crate::report::{counted, number};

/// A line of the table of records.
pub(super) struct Line {
    /// How the two sides stand: the same, another id, only here, only there.
    pub(super) sign: &'static str,
    pub(super) name: String,
    pub(super) id: String,
    pub(super) there: String,
    pub(super) id_there: String,
    /// What happens to references.
    pub(super) then: String,
    /// Whether somebody has to look at it.
    is_open: bool,
}

/// The line of a record.
pub(super) fn line(
    step: &StaticRecords,
    migration: &Migration,
    review: &Review,
    place: usize,
) -> Option<Line> {
    let map = review.comparison.fixed.get(&step.pairs.chosen()?)?;
    match *step.pairs.records().get(place)? {
        RecordLine::Ours(record) => Some(ours(step, migration, map, map.records.get(record)?)),
        RecordLine::Theirs(record) => {
            let (id, name) = map.offered.get(record)?;
            Some(Line {
                sign: "-",
                name: "-".to_owned(),
                id: String::new(),
                there: name.clone(),
                id_there: id.to_string(),
                then: "keep".to_owned(),
                is_open: false,
            })
        }
    }
}

fn ours(step: &StaticRecords, migration: &Migration, map: &FixedMap, record: &RecordPair) -> Line {
    let id = record.source.to_string();
    let mut line = Line {
        sign: "+",
        name: record.name.clone(),
        id: id.clone(),
        there: "-".to_owned(),
        id_there: String::new(),
        then: "not used".to_owned(),
        is_open: false,
    };
    if let Some(there) = &record.destination {
        let there = there.to_string();
        let name = step.pairs.name_there(&there).unwrap_or_default();
        let is_same = there.eq_ignore_ascii_case(&id) && name.eq_ignore_ascii_case(&record.name);
        line.sign = if is_same { "=" } else { "≠" };
        line.then = if there.eq_ignore_ascii_case(&id) {
            format!("use {there}")
        } else {
            format!("{id} → {there}")
        };
        line.there = name.to_owned();
        line.id_there = there;
        return line;
    }
    let Some(finding) = record.finding.as_ref().and_then(|key| step.findings.finding(key)) else {
        return line;
    };
    let decisions = &migration.plan.decisions;
    let standing = Standing::of(finding, decisions);
    line.is_open = standing.holds();
    let made = decisions.get(&finding.key).filter(|_| standing == Standing::Decided);
    match (made.map(|made| (made.choice.as_str(), made.to.as_deref())), standing) {
        (Some((choice::MAP, Some(to))), _) => {
            line.sign = "≠";
            match record_of(map, to) {
                Some((there, name)) => {
                    line.there.clone_from(name);
                    line.id_there = there.to_string();
                    line.then = format!("{id} → {there}");
                }
                None => {
                    line.then = format!("no record {to}");
                    line.is_open = true;
                }
            }
        }
        (Some((name, _)), _) => line.then = words::short_choice(finding.key.kind, name, None),
        (None, Standing::Stopped) => line.then = "stop, blocks".to_owned(),
        (None, _) => match guess(map, finding) {
            Some((there, name)) => {
                line.sign = "≠";
                line.there.clone_from(name);
                line.id_there = there.to_string();
                line.then = format!("{id} → {there} ?");
            }
            None => line.then = "choose …".to_owned(),
        },
    }
    line
}

/// Whether there is room for one of the two lists only.
fn is_alone(migration: &Migration) -> bool {
    migration.size.class() == Class::Small
}

pub(super) fn draw(step: &StaticRecords, migration: &Migration, area: Area, canvas: &mut Canvas) {
    let (list, _) = step.split(migration);
    let list = list.min(area.height);
    let above = Area { height: list, ..area };
    if list > 2 {
        if is_alone(migration) {
            match step.pane {
                Pane::Entities => draw_entities(step, migration, above, canvas),
                Pane::Records => draw_records(step, migration, above, canvas),
            }
        } else {
            let left = 24.min(area.width / 3);
            draw_entities(step, migration, Area { width: left, ..above }, canvas);
            let x = above.x + left + 1;
            let records = Area { x, width: above.right().saturating_sub(x), ..above };
            draw_records(step, migration, records, canvas);
        }
    }
    let below = Area { y: area.y + list, height: area.height - list, ..area };
    if below.height > 2 {
        draw_selected(step, migration, below, canvas);
    }
}

fn draw_entities(step: &StaticRecords, migration: &Migration, area: Area, canvas: &mut Canvas) {
    let has_focus = step.pane == Pane::Entities && !step.findings.deciding.is_open();
    let inner = panel(area, "Static entities", has_focus, canvas);
    if step.pane == Pane::Entities && (is_alone(migration) || !step.path.is_typed()) {
        draw_typed(&step.path, &step.filter, area, canvas);
    }
    let (open, all) = step.pairs.to_look_at();
    if all == 0 {
        let text = if migration.review.is_none() {
            if migration.is_comparing() { "Comparing…" } else { "Not compared yet: Ctrl+T" }
        } else {
            "No row in scope refers to a static record."
        };
        paragraph(canvas, inner, 0, text, role::plain());
        return;
    }
    let height = inner.height.saturating_sub(1);
    let lines = Area { height, ..inner };
    let width = usize::from(inner.width);
    for (line, place) in
        step.entities.window(step.pairs.entities().len(), usize::from(height)).enumerate()
    {
        let Some(entity) = step.pairs.entity(place) else { break };
        let is_selected = place == step.entities.selected;
        let mark = if is_selected { "▸" } else { " " };
        let (sign, style) =
            if entity.holds > 0 { ("!", role::warning()) } else { ("✓", role::good()) };
        let cells = [
            Cell::left(format!("{mark}{sign}"), 2, style),
            Cell::left(entity.name.as_str(), width.saturating_sub(8), role::plain()),
            Cell::number(number(entity.used as u64), 4, role::plain()),
        ];
        row(canvas, lines, line, &cells, is_selected);
    }
    let text = if open == 0 {
        "all are decided".to_owned()
    } else {
        format!("{open} of {all} {} a look", if open == 1 { "needs" } else { "need" })
    };
    if inner.height > 1 {
        put(canvas, inner.x, inner.bottom() - 1, &cut(&text, width), role::plain());
    }
}

fn draw_records(step: &StaticRecords, migration: &Migration, area: Area, canvas: &mut Canvas) {
    let has_focus = step.pane == Pane::Records && !step.findings.deciding.is_open();
    let entity = step.pairs.entity(step.entities.selected);
    let title = entity.map_or_else(String::new, |entity| {
        format!("{}: matched by {}", entity.name, matched_by(step, migration))
    });
    let inner = panel(area, &title, has_focus, canvas);
    // A path has more room here than on the entities.
    let is_typed = (step.pane == Pane::Records || step.path.is_typed())
        && draw_typed(&step.path, &step.filter, area, canvas);
    let Some(review) = migration.review.as_deref().filter(|_| inner.height > 1) else { return };
    if entity.is_none() {
        return;
    }
    let width = usize::from(inner.width);
    let body = Area { y: inner.y + 1, height: inner.height.saturating_sub(2), ..inner };
    let height = usize::from(body.height);
    let window = step.records.window(step.pairs.records().len(), height);
    let lines: Vec<Line> = window
        .clone()
        .take(height)
        .filter_map(|place| line(step, migration, review, place))
        .collect();
    // Ids are short numbers mostly, and may be long texts.
    let widest = lines.iter().map(|line| text_width(&line.id).max(text_width(&line.id_there)));
    let id = widest.max().unwrap_or(0).clamp(3, width / 6);
    let then = 12;
    let name = width.saturating_sub(2 + then + 2 * id + 5) / 2;
    let title = role::title();
    let of = |side| format!("In {}", migration.name_of(side));
    let head = [
        Cell::left("", 2, title),
        Cell::left(of(Side::Source), name, title),
        Cell::number("id", id, title),
        Cell::left(of(Side::Destination), name, title),
        Cell::number("id", id, title),
        Cell::left("Then", then, title),
    ];
    row(canvas, inner, 0, &head, false);
    for (at, (place, line)) in window.zip(lines).enumerate() {
        let is_selected = place == step.records.selected && step.pane == Pane::Records;
        let mark = if is_selected { "▸" } else { " " };
        let style = if line.is_open { role::warning() } else { role::plain() };
        let cells = [
            Cell::left(format!("{mark}{}", line.sign), 2, style),
            Cell::left(line.name, name, role::plain()),
            Cell::number(line.id, id, role::plain()),
            Cell::left(line.there, name, role::plain()),
            Cell::number(line.id_there, id, role::plain()),
            Cell::left(line.then, then, style),
        ];
        row(canvas, body, at, &cells, is_selected);
    }
    if step.pairs.records().is_empty() {
        let text = "No row in scope refers to one of its records; u shows them.";
        put(canvas, body.x, body.y, &cut(text, width), role::plain());
    }
    let legend = if width >= 62 {
        "= same   ≠ other id or name   + only in source   - only in destination   ? guess"
    } else {
        "= same ≠ other + only source - only destination"
    };
    put(canvas, inner.x, inner.bottom() - 1, &cut(legend, width), role::dim());
    let unused = if step.pairs.shows_unused { " with unused (u) " } else { " used ones (u) " };
    let line =
        Area { y: area.bottom() - 1, height: 1, width: area.width.saturating_sub(2), ..area };
    let hint = format!("{HINT}{unused}");
    if !is_typed && text_width(&hint) + 4 <= usize::from(area.width) {
        right(canvas, line, 0, &hint, role::plain());
    } else if !step.path.is_typed() && area.width > 40 {
        right(canvas, line, 0, unused, role::plain());
    }
}

/// What says which record is which.
fn matched_by(step: &StaticRecords, migration: &Migration) -> &'static str {
    let of_platform = migration
        .models()
        .zip(step.pairs.chosen())
        .is_some_and(|((source, _), index)| source.entity(index).system_target().is_some());
    if of_platform { "key, or name where it has none" } else { "record key" }
}

/// What there is to say of the selected record.
fn draw_selected(step: &StaticRecords, migration: &Migration, area: Area, canvas: &mut Canvas) {
    if let Some(finding) = step.finding() {
        draw_details(&step.findings, migration, Some(finding), area, canvas);
        return;
    }
    let line = migration
        .review
        .as_deref()
        .and_then(|review| line(step, migration, review, step.records.selected));
    let Some(line) = line else {
        panel(area, "", false, canvas);
        return;
    };
    let (source, destination) =
        (migration.name_of(Side::Source), migration.name_of(Side::Destination));
    let used = match step.pairs.records().get(step.records.selected) {
        Some(RecordLine::Ours(place)) => {
            step.pairs.map().and_then(|map| map.records.get(*place)).map_or(0, |record| record.used)
        }
        _ => 0,
    };
    let (title, text) = match line.sign {
        "-" => (
            line.there.clone(),
            format!("Only {destination} has this record, with the id {}. It stays.", line.id_there),
        ),
        "+" => (
            line.name.clone(),
            format!("Only {source} has this record, and no row in scope refers to it."),
        ),
        _ => (
            line.name.clone(),
            format!(
                "Matched by {}: id {} in {source} is id {} in {destination}. {} to it.",
                matched_by(step, migration),
                line.id,
                line.id_there,
                counted(used, "row in scope refers", "rows in scope refer")
            ),
        ),
    };
    let inner = panel(area, &title, false, canvas);
    let at = paragraph(canvas, inner, 0, &text, role::plain());
    let text = "Static records come from module code; osferry never inserts or edits them.";
    paragraph(canvas, inner, at + 1, text, role::plain());
}
