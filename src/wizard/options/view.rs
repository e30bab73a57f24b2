//! ```text
//! ┌ Options ──────────────────┐ ┌ Plan ─────────────┐   60 columns: the fields without a box,
//! │ Rows that DEV has         │ │ Order  3 groups   │   the plan in one line, which Enter opens
//! │  (•) ! delete them first  │ │  1 Policy  44,120 │
//! │  ( ) keep them            │ │ Rows   insert …   │
//! │ explanation of the field  │ │ Plan   7c1f-09ab  │
//! └───────────────────────────┘ └───────────────────┘
//! ```

use ratatui::style::Style;

use super::super::findings::view::{Table, draw as draw_findings};
use super::super::form::Field;
use super::super::form::view::draw_field;
use super::super::look::{Area, Canvas, cut, panel, put, role, text_width, wrap};
use super::super::message::Sign;
use super::super::migration::Migration;
use super::fields::{
    self, BATCH, CONNECTIONS, FINDINGS, IDS, IMAGES, KEEP, MASKS, MOST, PACE, PARALLEL, PERSONAL,
    READING, REPLACE, SOFT,
};
use super::picture::view::{draw_plan, draw_whole};
use super::{Options, Pane, is_beside, is_roomy, is_underway, plan_width};
use crate::migrate::Room;
use crate::outsystems::Side;
use crate::report::{counted, number, room_short};

/// Columns of the fields' labels.
const LABELS: usize = 17;
/// Lines of what the field with the focus means, where the plan stands beside.
const EXPLAINED: u16 = 3;
/// Columns of a number that is typed.
const TYPED: u16 = 5;

pub fn draw(step: &Options, migration: &Migration, area: Area, canvas: &mut Canvas) {
    if area.height == 0 || area.width < 20 {
        return;
    }
    match (step.pane, &step.picture) {
        (Pane::Findings, _) => {
            let table = Table {
                heading: "Entity.Attribute",
                sides: None,
                nothing: "There is nothing to decide here. Esc leads back.",
            };
            draw_findings(&step.findings, migration, &table, area, canvas);
        }
        (Pane::WholePlan, Some(picture)) => draw_whole(step, picture, migration, area, canvas),
        _ if is_beside(migration) => {
            let beside = plan_width(area.width);
            let form = Area { width: area.width.saturating_sub(beside + 1), ..area };
            let has_focus = step.pane == Pane::Form && step.form.has_focus;
            let inner = panel(form, "Options", has_focus, canvas);
            draw_form(step, migration, inner, canvas);
            let plan = Area { x: area.x + form.width + 1, width: beside, ..area };
            draw_plan(step, migration, plan, canvas);
        }
        _ => draw_form(step, migration, area, canvas),
    }
}

/// What draws one below the other.
struct Lines<'a> {
    area: Area,
    y: u16,
    canvas: &'a mut Canvas,
}

impl Lines<'_> {
    /// The next line, while there is one.
    fn next(&mut self) -> Option<Area> {
        let line = Area { y: self.area.y + self.y, height: 1, ..self.area };
        (self.y < self.area.height).then(|| {
            self.y += 1;
            line
        })
    }

    fn put(&mut self, text: &str, style: Style) {
        if let Some(line) = self.next() {
            put(self.canvas, line.x, line.y, &cut(text, usize::from(line.width)), style);
        }
    }
}

fn draw_form(step: &Options, migration: &Migration, area: Area, canvas: &mut Canvas) {
    let is_roomy = is_roomy(migration);
    let name = migration.name_of(Side::Destination);
    let mut lines = Lines { area, y: 0, canvas };
    let waits = migration.may_change() && migration.plan.scope.replace.is_none();
    let mark = if waits { "! " } else { "" };
    let style = if waits { role::warning() } else { role::title() };
    lines.put(&format!("{mark}Rows that {name} has in these entities"), style);
    for field in [REPLACE, KEEP] {
        draw_radio(step, field, &mut lines);
    }
    draw_images(step, migration, &mut lines);
    // What the field with the focus means has a few lines of its own below the findings.
    let explained = if is_beside(migration) { EXPLAINED } else { 0 };
    // No field gives way to a blank line.
    let fields = u16::try_from(values(step).len()).unwrap_or(u16::MAX);
    let is_roomy = is_roomy && lines.y.saturating_add(fields) + 4 + explained <= area.height;
    if is_roomy {
        lines.next();
    }
    let room = area.height.saturating_sub(lines.y + 2 + explained);
    for field in values_in(step, usize::from(room)) {
        draw_value(step, migration, field, &mut lines);
    }
    if is_roomy {
        lines.next();
    }
    draw_findings_line(step, migration, &mut lines);
    if !is_beside(migration) {
        draw_plan_line(step, migration, &mut lines);
    } else if let Some(line) = lines.next() {
        let rule = "─".repeat(usize::from(line.width));
        put(lines.canvas, line.x, line.y, &rule, role::dim());
    }
    let (text, style) = below(step, migration);
    let rest = Area { y: area.y + lines.y, height: area.height - lines.y, ..area };
    // While a text is typed v is a letter of it.
    let how = if step.form.in_text() && step.pane == Pane::Form { "" } else { " (v: all)" };
    draw_explanation(&text, style, how, rest, lines.canvas);
}

/// The fields with a value, in their order.
const VALUES: [&str; 10] =
    [READING, PACE, CONNECTIONS, BATCH, PARALLEL, IDS, MOST, MASKS, PERSONAL, SOFT];

/// Those of them that have something to say.
fn values(step: &Options) -> Vec<&'static str> {
    let is_shown = |name: &&str| step.form.field(name).is_some_and(|field| !field.is_hidden);
    VALUES.into_iter().filter(is_shown).collect()
}

/// The fields with a value, as many as there is room for, among them the one with the focus, or else
/// the first in which something is wrong, with a line for what that is.
fn values_in(step: &Options, room: usize) -> Vec<&'static str> {
    let all = values(step);
    let is_wrong = |name: &&str| step.form.field(name).is_some_and(|field| field.error.is_some());
    let wrong = all.iter().position(is_wrong);
    let room = room.saturating_sub(usize::from(wrong.is_some())).max(1);
    let focus = all.iter().position(|name| has_focus(step, name)).or(wrong).unwrap_or(0);
    let first = (focus + 1).saturating_sub(room);
    all.into_iter().skip(first).take(room).collect()
}

/// As much of a text as there is room for, and how to read the rest.
fn draw_explanation(text: &str, style: Style, how: &str, area: Area, canvas: &mut Canvas) {
    let width = usize::from(area.width);
    let parts = wrap(text, width);
    let room = usize::from(area.height);
    for (offset, part) in (0..area.height).zip(&parts) {
        let is_cut = usize::from(offset) + 1 == room && parts.len() > room;
        let part = match is_cut {
            true => {
                format!("{}{how}", cut(&format!("{part} …"), width.saturating_sub(text_width(how))))
            }
            false => part.clone(),
        };
        put(canvas, area.x, area.y + offset, &part, style);
    }
}

/// What is said of the field with the focus.
fn below(step: &Options, migration: &Migration) -> (String, Style) {
    if step.pane == Pane::Plan {
        let text = match &step.picture {
            Some(_) => format!(
                "The plan: ↑↓ goes through its entities, Enter shows all of it. {}",
                step.taking(migration).join(" ")
            ),
            None => step.no_plan(migration),
        };
        return (text, role::plain());
    }
    let Some(field) = step.form.focused() else {
        return ("Tab leads into the fields.".to_owned(), role::plain());
    };
    let mark = if fields::is_dangerous(migration, field.name) { "! " } else { "" };
    let style = if mark.is_empty() { role::plain() } else { role::warning() };
    let text = fields::explanation(migration, &step.existing, field.name);
    let deleted = step.picture.as_ref().map_or(0, |picture| picture.report.deleted());
    let is_replaced = migration.plan.scope.replace == Some(true);
    let more = match deleted.checked_sub(step.existing.goes) {
        Some(more) if more > 0 && is_replaced && field.name == REPLACE => {
            format!(" {} more go with entities taken in by reference (Findings).", number(more))
        }
        _ => String::new(),
    };
    (format!("{mark}{text}{more}"), style)
}

fn has_focus(step: &Options, name: &str) -> bool {
    step.pane == Pane::Form && step.form.focused().is_some_and(|field| field.name == name)
}

/// `▸(•) ! delete them first: 43,118 rows`
fn draw_radio(step: &Options, name: &str, lines: &mut Lines<'_>) {
    let Some(field) = step.form.field(name) else { return };
    let Some(line) = lines.next() else { return };
    let focus = has_focus(step, name);
    let pointer = if focus { "▸" } else { " " };
    let mark = if field.is_ticked() { "(•)" } else { "( )" };
    let text = if name == REPLACE {
        let danger = if step.existing.is_known() && step.existing.goes > 0 { "! " } else { "" };
        format!("{danger}delete them first: {}", step.existing.goes_words())
    } else {
        format!("keep them: {}", step.existing.all_words())
    };
    let style = match (focus, field.is_ticked() && name == REPLACE && step.existing.goes > 0) {
        (true, _) => role::selected(),
        (false, true) => role::warning(),
        (false, false) => role::plain(),
    };
    let text = cut(&format!("{mark} {text}"), usize::from(line.width.saturating_sub(2)));
    put(lines.canvas, line.x, line.y, pointer, role::plain());
    put(lines.canvas, line.x + 1, line.y, &text, style);
}

/// `▸[x] keep a copy for undo: about 2.1 GB`
fn draw_images(step: &Options, migration: &Migration, lines: &mut Lines<'_>) {
    let Some(field) = step.form.field(IMAGES).filter(|field| !field.is_hidden) else { return };
    let Some(line) = lines.next() else { return };
    let focus = has_focus(step, IMAGES);
    let is_short = migration.room.as_ref().is_some_and(Room::is_short);
    let (mark, room) = match (field.is_ticked(), &migration.room) {
        (true, Some(room)) => ("[x]", room_short(room)),
        (true, None) => ("[x]", String::new()),
        (false, _) => ("[ ]", String::new()),
    };
    let danger = if is_short || !field.is_ticked() { "! " } else { "" };
    let size = match (room.is_empty(), danger.is_empty()) {
        (true, _) => room,
        (false, true) => format!(": {room}"),
        // There is no room for more beside the sign.
        (false, false) => format!(": {}", room.trim_start_matches("about ")),
    };
    let text = format!("{mark} {danger}keep a copy for undo{size}");
    let style = match (focus, danger.is_empty()) {
        (true, _) => role::selected(),
        (false, false) => role::warning(),
        (false, true) => role::plain(),
    };
    put(lines.canvas, line.x, line.y, if focus { "▸" } else { " " }, role::plain());
    let width = usize::from(line.width.saturating_sub(2));
    put(lines.canvas, line.x + 1, line.y, &cut(&text, width), style);
}

/// A field with its value, the unit, and what is wrong with it beside or below.
fn draw_value(step: &Options, migration: &Migration, name: &str, lines: &mut Lines<'_>) {
    let Some(field) = step.form.field(name) else { return };
    let Some(line) = lines.next() else { return };
    let focus = has_focus(step, name);
    let x = line.x + LABELS as u16 + 1;
    let mut end = x;
    if name == MASKS {
        draw_field(field, focus, LABELS, line, lines.canvas);
        end = line.right();
    } else if matches!(name, READING | PACE | IDS | PERSONAL | SOFT) {
        let room = Area { width: line.width.min(LABELS as u16 + 24), ..line };
        draw_field(field, focus, LABELS, room, lines.canvas);
        end = room.right();
    } else if x + TYPED + 4 <= line.right() {
        draw_typed(field, focus, line, lines.canvas);
        // Where lines are few, what is wrong takes the unit's place.
        let unit = match name {
            _ if field.error.is_some() && !is_beside(migration) => "",
            CONNECTIONS if field.value() == "1" => "request",
            CONNECTIONS => "requests",
            BATCH => "rows",
            MOST if field.value().is_empty() => fields::ANY,
            MOST => "rows",
            _ => "entities",
        };
        let room = usize::from(line.right().saturating_sub(x + TYPED + 5));
        put(lines.canvas, x + TYPED + 5, line.y, &cut(unit, room), role::plain());
        end = x + TYPED + 5 + u16::try_from(text_width(unit).min(room)).unwrap_or(0);
    }
    let Some(error) = &field.error else { return };
    let text = format!("✗ {error}");
    let beside = usize::from(line.right().saturating_sub(end + 2));
    if text_width(&text) <= beside {
        put(lines.canvas, end + 2, line.y, &text, role::bad());
        return;
    }
    for part in wrap(&text, usize::from(line.width.saturating_sub(4))).into_iter().take(2) {
        lines.put(&format!("    {part}"), role::bad());
    }
}

/// `▸Batch size       [ 2000    ]`
fn draw_typed(field: &Field, focus: bool, line: Area, canvas: &mut Canvas) {
    let x = line.x + LABELS as u16 + 1;
    // The field's own drawing has one blank between label and value.
    let room = Area { width: LABELS as u16 + 3 + TYPED, ..line };
    draw_field(field, focus, LABELS + 2, room, canvas);
    put(canvas, x, line.y, "[", role::plain());
    put(canvas, x + 2 + TYPED, line.y, "]", role::plain());
}

fn draw_findings_line(step: &Options, migration: &Migration, lines: &mut Lines<'_>) {
    let Some(line) = lines.next() else { return };
    let focus = has_focus(step, FINDINGS);
    let tally = step.findings.tally(migration);
    let holding = (tally.open + tally.stopped + tally.unmendable) as u64;
    let (sign, text) = match (migration.review.is_some(), holding, tally.decided as u64) {
        (false, _, _) => (Sign::Later, "not compared yet".to_owned()),
        (true, 0, 0) => (Sign::Good, "none to decide".to_owned()),
        (true, 0, decided) => (Sign::Good, format!("{} decided", number(decided))),
        (true, open, _) if tally.blocks > 0 => (Sign::Bad, format!("{} to decide", number(open))),
        (true, open, _) => (Sign::Warning, format!("{} to decide", number(open))),
    };
    let with_notes = format!("{text}, {}", counted(tally.notes as u64, "note", "notes"));
    let fits = LABELS + 3 + text_width(&with_notes) <= usize::from(line.width);
    let text = if tally.notes > 0 && fits { with_notes } else { text };
    draw_opening(focus, "Findings", sign, &text, line, lines.canvas);
}

/// The plan in one line, where there is no room beside the fields.
fn draw_plan_line(step: &Options, migration: &Migration, lines: &mut Lines<'_>) {
    let Some(line) = lines.next() else { return };
    let focus = step.pane == Pane::Plan;
    let (sign, text) = match &step.picture {
        Some(picture) => {
            let old = if migration.built.is_none() { ", updating" } else { "" };
            let sign = if old.is_empty() { Sign::Good } else { Sign::Recheck };
            let deleted = number(picture.report.deleted());
            (sign, format!("insert {}, delete {deleted}{old}", picture.insert_words()))
        }
        None if is_underway(migration) => (Sign::Later, "being made".to_owned()),
        None => (Sign::Warning, "none yet; Enter says why".to_owned()),
    };
    draw_opening(focus, "Plan", sign, &text, line, lines.canvas);
}

/// A line that Enter opens.
fn draw_opening(focus: bool, label: &str, sign: Sign, text: &str, line: Area, canvas: &mut Canvas) {
    let style = if focus { role::title() } else { role::plain() };
    let pointer = if focus { "▸" } else { " " };
    put(canvas, line.x, line.y, &cut(&format!("{pointer}{label}"), LABELS), style);
    let x = line.x + LABELS as u16 + 1;
    let room = usize::from(line.right().saturating_sub(x + 2));
    put(canvas, x, line.y, &cut(sign.text(), room.min(1)), role::of(sign));
    let style = if focus { role::selected() } else { role::plain() };
    put(canvas, x + 2, line.y, &cut(text, room), style);
}
