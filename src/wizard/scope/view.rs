//! Draws the tree, what is known of the selected line beside it, and the sums below.
//!
//! ```text
//! ┌ Applications  filter: (none) ───────┐┌ Claim ──────────────┐
//! │   [-] Claims      38 ent  1,284,322 ││ Module    Claims_CS │
//! │ ▸   [x] Claims_CS 21 ent  1,190,018 ││ …                   │
//! └─────────────────────────────────────┘└─────────────────────┘
//!   Chosen: 38 entities in 2 modules · 1,284,322 rows
//! ```

use ratatui::style::Style;

use super::super::look::{Area, Canvas, cut, panel, put, right, role, text_width, wrap};
use super::super::message::Sign;
use super::super::migration::Migration;
use super::super::viewport::Class;
use super::catalogue::{Catalogue, TopKind};
use super::details::{Details, Line, shown};
use super::marks::{Mark, Sum};
use super::tree::Node;
use super::{Scope, tree_height};
use crate::outsystems::{EntityIndex, Side};
use crate::report::number;

/// Columns of a number of rows; a larger number takes what it needs.
const ROWS: usize = 9;

pub fn draw(step: &Scope, migration: &Migration, area: Area, canvas: &mut Canvas) {
    if area.height == 0 || area.width == 0 {
        return;
    }
    let sums =
        Area { x: area.x + 2, y: area.bottom() - 1, height: 1, width: area.width.max(2) - 2 };
    put(canvas, sums.x, sums.y, &cut(&step.chosen_line(), usize::from(sums.width)), role::title());
    let area = Area { height: area.height - 1, ..area };
    let is_large = migration.size.class() == Class::Large;
    let side = if is_large { (area.width * 2 / 5).clamp(30, 60) } else { 0 };
    let tree = Area { width: area.width.saturating_sub(side), ..area };
    draw_tree(step, migration, tree, canvas);
    if side > 0 {
        let beside = Area { x: tree.right(), width: area.width - tree.width, ..area };
        draw_details(&step.details, beside, canvas);
    }
}

fn draw_tree(step: &Scope, migration: &Migration, area: Area, canvas: &mut Canvas) {
    let tree = &step.tree;
    let filter = tree.filter.text();
    let title = match (tree.is_filtering, filter.is_empty()) {
        (true, _) => format!("Find: {filter}▏"),
        (false, true) => "Applications and modules".to_owned(),
        (false, false) => format!("Only what holds \"{filter}\"  (Esc: all)"),
    };
    let inner = panel(area, &title, true, canvas);
    let takes = if migration.plan.scope.components { "x" } else { " " };
    let components = format!(" [{takes}] components (c) ");
    if text_width(&components) + 4 <= usize::from(area.width) {
        let y = area.bottom().saturating_sub(1);
        let below = Area { y, height: 1, width: area.width.saturating_sub(2), ..area };
        right(canvas, below, 0, &components, role::plain());
    }
    let Some(catalogue) = &step.catalogue else {
        let text = "The source's model is not read yet: connect both sides first (press 1).";
        draw_text(text, inner, canvas);
        return;
    };
    if tree.lines.is_empty() {
        let text = if tree.is_narrowed() {
            "Nothing holds this text. Esc shows everything again."
        } else {
            "The source has no applications and no modules."
        };
        draw_text(text, inner, canvas);
        return;
    }
    let height = usize::from(inner.height).min(tree_height(migration).max(1));
    let lines = tree.list.window(tree.lines.len(), height);
    for (place, line) in lines.zip(inner.y..inner.bottom()) {
        let row = Area { y: line, height: 1, ..inner };
        let is_selected = place == tree.list.selected;
        draw_line(step, catalogue, tree.lines[place], is_selected, row, canvas);
    }
}

fn draw_text(text: &str, area: Area, canvas: &mut Canvas) {
    for (part, y) in wrap(text, usize::from(area.width)).iter().zip(area.y..area.bottom()) {
        put(canvas, area.x, y, part, role::plain());
    }
}

/// What a line says, from left to right.
struct Row<'a> {
    mark: &'static str,
    name: &'a str,
    /// What kind of group it is, where that is not plain.
    kind: &'static str,
    /// A word about it: how many entities, or why it is here.
    note: String,
    rows: String,
    /// Rows in the destination.
    there: String,
    style: Style,
}

fn draw_line(
    step: &Scope,
    catalogue: &Catalogue,
    node: Node,
    is_selected: bool,
    area: Area,
    canvas: &mut Canvas,
) {
    let row = row_of(step, catalogue, node);
    let width = usize::from(area.width);
    let sign = if is_selected { "▸" } else { " " };
    put(canvas, area.x, area.y, sign, role::plain());
    let left = 2 + node.depth() * 2;
    let indent = u16::try_from(left).unwrap_or(0);
    // From the right: rows there, rows, then the note; the name has what is left, and at least
    // twelve columns of it.
    let least = left + 4 + text_width(row.name).min(24);
    let mut end = area.right();
    let mut take = |text: &str, least_columns: usize| {
        let columns = text_width(text).max(least_columns);
        let used = usize::from(area.right() - end);
        let fits = least + used + columns < width;
        if fits {
            let room = Area { width: end - area.x, ..area };
            right(canvas, room, 0, text, row.style);
            end -= u16::try_from(columns + 1).unwrap_or(0);
        }
        fits
    };
    if width >= 60 {
        take(&row.there, ROWS);
    }
    let is_reason = matches!(node, Node::Entity(..)) && !row.note.is_empty();
    if is_reason && width < 50 {
        take(&cut(&row.note, 22), 0);
    } else {
        take(&row.rows, ROWS);
        let kind = if row.kind.is_empty() { String::new() } else { format!("{}  ", row.kind) };
        if !take(&format!("{kind}{}", row.note), 0) {
            take(&row.note, 0);
        }
    }
    let room = usize::from(end.saturating_sub(area.x + indent));
    let name = format!("{} {}", row.mark, row.name);
    put(canvas, area.x + indent, area.y, &cut(&name, room), row.style);
    if is_selected {
        canvas.set_style(area, role::selected());
    }
}

fn entities(sum: Sum) -> String {
    format!("{} ent", number(sum.entities as u64))
}

fn row_of<'a>(step: &'a Scope, catalogue: &'a Catalogue, node: Node) -> Row<'a> {
    let marks = &step.marks;
    let style = |mark| match mark {
        Mark::Never => role::dim(),
        Mark::Added => role::accent(),
        _ => role::plain(),
    };
    match node {
        Node::Unknown(place) => {
            let unknown = step.tree.unknown.get(place);
            Row {
                mark: " ✗ ",
                name: unknown.map_or("", |unknown| unknown.name.as_str()),
                kind: "",
                note: unknown.map_or_else(String::new, |u| format!("no such {}", u.kind)),
                rows: String::new(),
                there: String::new(),
                style: role::bad(),
            }
        }
        Node::Top(top) => {
            let of = &catalogue.tops[top];
            let mark = marks.of_top(catalogue, top);
            let sum = step.rows.of_top(catalogue, top);
            Row {
                mark: mark.text(),
                name: &of.name,
                kind: if of.kind == TopKind::Solution { "solution" } else { "" },
                note: entities(sum),
                rows: rows_of(step, node, sum),
                there: String::new(),
                style: style(mark),
            }
        }
        Node::Espace(_, espace) => {
            let of = &catalogue.espaces[espace];
            let mark = marks.of_espace(catalogue, espace);
            let sum = step.rows.of_espace(espace);
            let note = if of.is_system { "the platform's".to_owned() } else { entities(sum) };
            Row {
                mark: mark.text(),
                name: &of.name,
                kind: "",
                note,
                rows: if of.is_system { String::new() } else { rows_of(step, node, sum) },
                there: String::new(),
                style: style(mark),
            }
        }
        Node::Entity(_, _, index) => entity_row(step, catalogue, index, style),
    }
}

/// Rows of a group: those of a folded one are counted when the cursor comes to it.
fn rows_of(step: &Scope, node: Node, sum: Sum) -> String {
    let is_counting = step.tree.shows_entities_of(node) || step.tree.selected() == Some(node);
    if is_counting || sum.complete().is_some() { shown(sum) } else { String::new() }
}

fn entity_row<'a>(
    step: &'a Scope,
    catalogue: &'a Catalogue,
    index: EntityIndex,
    style: impl Fn(Mark) -> Style,
) -> Row<'a> {
    let marks = &step.marks;
    let entity = catalogue.model.entity(index);
    let mark = marks.of_entity(catalogue, index);
    let rows = |side, is_there: bool| match step.rows.get(side, index) {
        _ if !is_there || mark == Mark::Never => String::new(),
        Some(rows) => number(rows),
        None => "…".to_owned(),
    };
    let note = match mark {
        Mark::Never => never_word(catalogue, index).to_owned(),
        Mark::Added => marks.added.get(&index).map_or_else(String::new, |by| needed_by(by)),
        Mark::Not if marks.left_out.contains_key(&index) => "left out by decision".to_owned(),
        Mark::Not if marks.named.excluded.get(index.0) == Some(&true) => "left out".to_owned(),
        _ => String::new(),
    };
    Row {
        mark: mark.text(),
        name: &entity.name,
        kind: "",
        note,
        rows: rows(Side::Source, catalogue.model.shape_of(index).is_some()),
        there: rows(Side::Destination, step.rows.counterpart(index).is_some()),
        style: style(mark),
    }
}

/// `Claims_CS.Claim.PolicyId` → `needed by Claim`.
fn needed_by(by: &str) -> String {
    let parts: Vec<&str> = by.split('.').collect();
    let entity = parts.len().checked_sub(2).map_or(by, |place| parts[place]);
    format!("needed by {entity}")
}

fn never_word(catalogue: &Catalogue, index: EntityIndex) -> &'static str {
    use crate::outsystems::DataKind;
    let entity = catalogue.model.entity(index);
    match entity.kind {
        _ if entity.is_external => "external",
        _ if entity.is_system || entity.system_target().is_some() => "the platform's",
        DataKind::Static => "static",
        DataKind::Client => "on devices",
        _ => "not moved",
    }
}

fn draw_details(details: &Details, area: Area, canvas: &mut Canvas) {
    let inner = panel(area, &details.title, false, canvas);
    let width = usize::from(inner.width);
    let mut lines: Vec<(String, Style)> = Vec::new();
    for line in &details.lines {
        if lines.len() > usize::from(inner.height) {
            break;
        }
        match line {
            Line::Pair(name, what) => {
                let room = width.saturating_sub(10);
                for (place, part) in wrap(what, room.max(1)).into_iter().enumerate() {
                    let name = if place == 0 { cut(name, 9) } else { String::new() };
                    lines.push((format!("{name:<10}{part}"), role::plain()));
                }
            }
            Line::Head(text) => {
                lines.push((String::new(), role::plain()));
                lines.push(((*text).to_owned(), role::title()));
            }
            Line::Item(sign, name, why) => lines.push(item(*sign, name, why, width)),
            Line::Text(text) => {
                lines.extend(wrap(text, width).into_iter().map(|part| (part, role::plain())));
            }
        }
    }
    let room = usize::from(inner.height);
    let is_cut = lines.len() > room;
    for (place, (text, style)) in lines.iter().enumerate().take(room) {
        let Ok(offset) = u16::try_from(place) else { break };
        let y = inner.y + offset;
        if is_cut && place + 1 == room {
            put(canvas, inner.x, y, &cut("… Enter shows all", width), role::accent());
        } else {
            put(canvas, inner.x, y, &cut(text, width), *style);
        }
    }
}

/// The name has the room that its reason leaves, but not less than half.
fn item(sign: Sign, name: &str, why: &str, width: usize) -> (String, Style) {
    let room = width.saturating_sub(3);
    let style = if sign == Sign::Later { role::dim() } else { role::plain() };
    if why.is_empty() {
        return (format!(" {} {}", sign.text(), cut(name, room)), style);
    }
    let name_room = room.saturating_sub(text_width(why) + 2).max(room / 2);
    let name = cut(name, name_room);
    let blanks = name_room.min(13).saturating_sub(text_width(&name));
    (format!(" {} {name}{}  {why}", sign.text(), " ".repeat(blanks)), style)
}
