//! The plan beside the fields, and in all the room.

use ratatui::style::{Modifier, Style};

use super::super::super::look::{Area, Canvas, Cell, cut, panel, paragraph, put, right, role, row};
use super::super::super::migration::Migration;
use super::super::{Options, Pane, is_beside, is_roomy, is_underway, lines_of_plan};
use super::{LABEL, Picture, Sum};
use crate::report::{PlannedEntity, counted, number};

/// How a part of the plan looks: dim while a new one is being made.
fn dimmed(migration: &Migration, style: Style) -> Style {
    if migration.built.is_none() { style.add_modifier(Modifier::DIM) } else { style }
}

pub(in super::super) fn draw_plan(
    step: &Options,
    migration: &Migration,
    area: Area,
    canvas: &mut Canvas,
) {
    let focus = step.pane == Pane::Plan;
    let title = match (&step.picture, is_underway(migration)) {
        (Some(_), _) if migration.is_probing() => match &migration.probing {
            Some(now) => format!("Plan: probing {} of {}", now.number, now.of),
            None => "Plan: probing".to_owned(),
        },
        (Some(_), _) if migration.built.is_none() => "Plan: updating".to_owned(),
        (None, true) => "Plan: being made".to_owned(),
        (None, false) => "Plan: none yet".to_owned(),
        _ => "Plan".to_owned(),
    };
    let inner = panel(area, &title, focus, canvas);
    let Some(picture) = &step.picture else {
        paragraph(canvas, inner, 0, &step.no_plan(migration), role::plain());
        return;
    };
    if inner.height == 0 {
        return;
    }
    let width = usize::from(inner.width);
    let sums = picture.sum_lines(width);
    let is_roomy = is_roomy(migration);
    let seen = lines_of_plan(usize::from(inner.height), sums.len(), is_roomy);
    let style = dimmed(migration, role::plain());
    let order = format!("{:LABEL$}{}", "Order", picture.order_words());
    put(canvas, inner.x, inner.y, &cut(&order, width), style);
    let top = inner.y + 1 + u16::from(is_roomy);
    let height = u16::try_from(seen).unwrap_or(1).min(inner.bottom().saturating_sub(top));
    let list = Area { y: top, height, ..inner };
    draw_entities(step, picture, migration, list, focus, canvas);
    let top = list.bottom() + u16::from(is_roomy);
    let rest = Area { y: top, height: inner.bottom().saturating_sub(top), ..inner };
    draw_sums(&sums, migration, rest, canvas);
    if focus && area.width > 24 && area.height > 0 {
        let line =
            Area { y: area.bottom() - 1, height: 1, width: area.width.saturating_sub(2), ..area };
        right(canvas, line, 0, " Enter shows all ", role::plain());
    }
}

/// The entities that are seen, and how many more there are.
fn draw_entities(
    step: &Options,
    picture: &Picture,
    migration: &Migration,
    area: Area,
    focus: bool,
    canvas: &mut Canvas,
) {
    let height = usize::from(area.height);
    let is_cut = picture.len() > height;
    let seen = step.plan_list.window(picture.len(), height - usize::from(is_cut && height > 1));
    let style = dimmed(migration, role::plain());
    let name = usize::from(area.width).saturating_sub(4 + 11 + 1);
    for (at, place) in seen.clone().enumerate() {
        let Some(line) = picture.line(place, at == 0) else { break };
        let is_selected = focus && place == step.plan_list.selected;
        let mark = if is_selected { "▸" } else { " " };
        let cells = [
            Cell::left(format!("{mark}{:>2}", line.group), 3, style),
            Cell::left(short(line.entity), name, style),
            Cell::number(number(line.entity.rows), 11, style),
        ];
        row(canvas, area, at, &cells, is_selected);
    }
    if is_cut && height > 1 {
        let below = (picture.len() - seen.end) as u64;
        let text = match below {
            0 => format!("… {} above", number(seen.start as u64)),
            below => format!("… {} more", number(below)),
        };
        let rows = match below {
            0 => String::new(),
            _ => number(picture.rows_from(seen.end)),
        };
        let cells = [
            Cell::left("", 3, style),
            Cell::left(text, name, style),
            Cell::number(rows, 11, style),
        ];
        row(canvas, area, height - 1, &cells, false);
    }
}

/// An entity's name without its module.
fn short(entity: &PlannedEntity) -> &str {
    entity.name.split_once('.').map_or(entity.name.as_str(), |(_, name)| name)
}

fn draw_sums(sums: &[Sum], migration: &Migration, area: Area, canvas: &mut Canvas) {
    let style = dimmed(migration, role::plain());
    let width = usize::from(area.width);
    for (at, sum) in sums.iter().enumerate() {
        let label = Cell::left(sum.label, LABEL - 1, style);
        if sum.what.is_empty() {
            let cells = [label, Cell::left(sum.text.as_str(), width, style)];
            row(canvas, area, at, &cells, false);
            continue;
        }
        let is_dangerous = sum.what == "delete" && sum.text != "0";
        let style = if is_dangerous { dimmed(migration, role::warning()) } else { style };
        let what = if is_dangerous { format!("! {}", sum.what) } else { sum.what.to_owned() };
        let room = width.min(40).saturating_sub(LABEL + 10);
        let cells =
            [label, Cell::left(what, 9, style), Cell::number(sum.text.as_str(), room, style)];
        row(canvas, area, at, &cells, false);
    }
}

/// The plan in all the room: every entity with what becomes of its rows.
pub(in super::super) fn draw_whole(
    step: &Options,
    picture: &Picture,
    migration: &Migration,
    area: Area,
    canvas: &mut Canvas,
) {
    let old = if migration.built.is_none() { ", updating" } else { "" };
    let entities = counted(picture.len() as u64, "entity", "entities");
    let groups = counted(picture.groups() as u64, "group", "groups");
    let is_small = !is_beside(migration);
    let first = if is_small { "" } else { ", parents first" };
    let title = format!("Plan: {entities} in {groups}{first}{old}   Esc closes it");
    let area = panel(area, &title, true, canvas);
    if area.height < 2 {
        return;
    }
    let width = usize::from(area.width);
    let (plain, head) = (dimmed(migration, role::plain()), dimmed(migration, role::title()));
    let numbers = if is_small { 2 } else { 3 };
    let ids = if is_small { 0 } else { 10 };
    let name = width.saturating_sub(6 + numbers * 11 + ids + usize::from(ids > 0)).max(8);
    let cells = |mark: String, texts: [String; 5], style: Style| {
        let [entity, rest @ ..] = texts;
        let mut cells = vec![Cell::left(mark, 5, style), Cell::left(entity, name, style)];
        for text in rest.iter().take(numbers) {
            cells.push(Cell::number(text.clone(), 10, style));
        }
        if ids > 0 {
            cells.push(Cell::left(rest[3].clone(), ids, style));
        }
        cells
    };
    let titles = ["Entity", "Insert", "Delete", "Keep", "Ids"].map(str::to_owned);
    row(canvas, area, 0, &cells(" Grp".to_owned(), titles, head), false);
    let sums = picture.whole_lines(is_small);
    let below = u16::try_from(sums.len()).unwrap_or(0);
    let top = 1;
    let height = area.height.saturating_sub(top + below).max(1);
    let list = Area { y: area.y + top, height: height.min(area.height - top), ..area };
    let seen = step.plan_list.window(picture.len(), usize::from(list.height));
    for (at, place) in seen.enumerate() {
        let Some(line) = picture.line(place, at == 0) else { break };
        let entity = line.entity;
        let is_selected = place == step.plan_list.selected;
        let mark = if is_selected { "▸" } else { " " };
        let ids = match (entity.new_ids, entity.recognises) {
            (_, true) => "recognised",
            (true, false) => "new",
            (false, false) => "kept",
        };
        let shown = if name >= 30 { entity.name.as_str() } else { short(entity) };
        let texts = [
            shown.to_owned(),
            number(entity.rows),
            number(entity.deleted),
            number(entity.kept),
            ids.to_owned(),
        ];
        row(
            canvas,
            list,
            at,
            &cells(format!("{mark}{:>3}", line.group), texts, plain),
            is_selected,
        );
    }
    for (offset, text) in (0..area.bottom().saturating_sub(list.bottom())).zip(&sums) {
        let is_dangerous = offset == 0 && picture.report.deleted() > 0;
        let style = if is_dangerous { role::warning() } else { role::plain() };
        let style = dimmed(migration, style);
        put(canvas, area.x, list.bottom() + offset, &cut(text, width), style);
    }
}
