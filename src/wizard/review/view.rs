//! ```text
//! ┌ What will happen ────────────┐   80 columns: the plan in two lines without a box,
//! ├ Checks ──────────────────────┤   60 columns: in one, and no sentence above the field
//! ├ To start, type the name ─────┤
//! │ change something    [ Start ]│
//! ```

use super::super::jobs::Purpose;
use super::super::letters::Letters;
use super::super::look::{
    Area, Canvas, Cell, cut, panel, paragraph, put, right, role, row, text_width, wrap,
};
use super::super::message::{Check, Sign};
use super::super::migration::Migration;
use super::super::step::Step as _;
use super::super::text_field::seen;
use super::super::viewport::Class;
use super::ledger::{Ledger, Line};
use super::{Pane, Review, plan_height};
use crate::outsystems::Side;
use crate::report::number;

pub fn draw(step: &Review, migration: &Migration, area: Area, canvas: &mut Canvas) {
    if let (Some(list), Some(ledger)) = (&step.whole, &step.ledger) {
        draw_whole(ledger, list, migration, area, canvas);
        return;
    }
    let class = migration.size.class();
    let is_large = class == Class::Large;
    let lines = step.ledger.as_ref().map_or(2, |ledger| ledger.lines(migration).len());
    let seen = lines.min(plan_height(area.height, migration));
    let plan = u16::try_from(seen).unwrap_or(1) + if is_large { 2 } else { 0 };
    let sentence = if class == Class::Small { 0 } else { 2 };
    let confirm = sentence + 2 + if class == Class::Small { 0 } else { 2 };
    let mut y = area.y;
    let mut part = |height: u16| {
        let height = height.min(area.bottom().saturating_sub(y));
        let part = Area { y, height, ..area };
        y += height;
        part
    };
    let plan = part(plan);
    let checks = part(area.height.saturating_sub(plan.height + confirm + 1));
    let confirm = part(confirm);
    let start = part(1);
    draw_plan(step, migration, plan, is_large, canvas);
    draw_checks(step, migration, checks, canvas);
    draw_confirm(step, migration, confirm, sentence, class == Class::Small, canvas);
    draw_start(step, migration, start, canvas);
}

fn draw_plan(
    step: &Review,
    migration: &Migration,
    area: Area,
    is_boxed: bool,
    canvas: &mut Canvas,
) {
    let has_focus = step.pane == Pane::Plan;
    let area = if is_boxed {
        let place = migration
            .destination
            .model
            .as_ref()
            .map_or_else(String::new, |model| model.facts.place.clone());
        let name = migration.name_of(Side::Destination);
        panel(area, &format!("What will happen to {name}   {place}"), has_focus, canvas)
    } else {
        area
    };
    let Some(ledger) = &step.ledger else {
        paragraph(canvas, area, 0, &step.no_plan(migration), role::plain());
        return;
    };
    let lines = ledger.lines(migration);
    if is_boxed && lines.len() > usize::from(area.height) {
        let below = Area { y: area.bottom(), height: 1, ..area };
        let text = format!(" {} of {} lines, Enter shows all ", area.height, lines.len());
        right(canvas, below, 0, &text, role::plain());
    }
    for (at, place) in step.plan.window(lines.len(), usize::from(area.height)).enumerate() {
        let (label, text) = &lines[place];
        let is_selected = has_focus && place == step.plan.selected.min(lines.len() - 1);
        let mark = if is_selected { "▸" } else { " " };
        let width = usize::from(area.width);
        let cells = if label.is_empty() {
            vec![
                Cell::left(mark, 1, role::plain()),
                Cell::left(text.as_str(), width, role::title()),
            ]
        } else {
            vec![
                Cell::left(mark, 1, role::plain()),
                Cell::left(*label, 8, role::plain()),
                Cell::left(text.as_str(), width, role::plain()),
            ]
        };
        row(canvas, area, at, &cells, is_selected);
    }
}

/// A line of the list of checks: a check, or more of what it says.
enum CheckLine<'a> {
    Check(usize, &'a Check, String),
    More(String, Sign),
}

fn check_lines<'a>(
    step: &Review,
    migration: &'a Migration,
    width: usize,
) -> (Vec<CheckLine<'a>>, usize) {
    let mut lines = Vec::new();
    let selected = step.checks.selected.min(migration.checks.len().saturating_sub(1));
    let mut shown = 0;
    for (place, check) in migration.checks.iter().enumerate() {
        let is_selected = step.pane == Pane::Checks && place == selected;
        let is_whole = check.sign == Sign::Bad || check.sign == Sign::Warning || is_selected;
        let mut words = wrap(&check.text, width).into_iter();
        let first = words.next().unwrap_or_default();
        let first = if is_whole { first } else { cut(&check.text, width) };
        lines.push(CheckLine::Check(place, check, first));
        if is_whole {
            lines.extend(words.map(|text| CheckLine::More(text, check.sign)));
            if !check.advice.is_empty() {
                let advice = wrap(&check.advice, width).into_iter();
                lines.extend(advice.map(|text| CheckLine::More(text, Sign::Note)));
            }
            if is_selected && !check.all.is_empty() {
                let all = format!("Enter shows all {}.", number(check.all.len() as u64));
                lines.push(CheckLine::More(all, Sign::Note));
            }
        }
        if place == selected {
            shown = lines.len() - 1;
        }
    }
    (lines, shown)
}

fn draw_checks(step: &Review, migration: &Migration, area: Area, canvas: &mut Canvas) {
    if area.height < 3 {
        return;
    }
    let is_running = migration.jobs.is_running(Purpose::Check);
    let title = match (is_running, step.is_starting) {
        (true, true) => "Checking once more before the start",
        (true, false) => "Checks being made",
        (false, _) if migration.checks.is_empty() => "Checks: not made",
        (false, _) if migration.may_change() => "Checks made just now",
        (false, _) => "Checks made before the start",
    };
    let has_focus = step.pane == Pane::Checks;
    let area = panel(area, title, has_focus, canvas);
    let is_small = migration.size.class() == Class::Small;
    let side = if is_small { 4 } else { 20 };
    let width = usize::from(area.width).saturating_sub(4 + side);
    let (lines, shown) = check_lines(step, migration, width);
    let selected = step.checks.selected.min(migration.checks.len().saturating_sub(1));
    let list = super::super::list::List { selected: shown, first: 0 };
    let height = usize::from(area.height);
    let seen = list.window(lines.len(), height);
    draw_more_checks(&lines, &seen, area, canvas);
    for (at, place) in seen.enumerate() {
        match &lines[place] {
            CheckLine::Check(place, check, text) => {
                let is_selected = has_focus && *place == selected;
                let cells = [
                    Cell::left(if is_selected { "▸" } else { " " }, 1, role::plain()),
                    Cell::left(check.sign.text(), 1, role::of(check.sign)),
                    Cell::left(text.as_str(), width, check_style(check.sign)),
                    Cell::left(
                        beside(step, migration, *place, check, is_small),
                        side,
                        role::plain(),
                    ),
                ];
                row(canvas, area, at, &cells, is_selected);
            }
            CheckLine::More(text, sign) => {
                let cells = [
                    Cell::left("", 1, role::plain()),
                    Cell::left("", 1, role::plain()),
                    Cell::left(text.as_str(), width, check_style(*sign)),
                ];
                row(canvas, area, at, &cells, false);
            }
        }
    }
    if is_running && lines.len() < height {
        let line = u16::try_from(lines.len()).unwrap_or(0);
        put(canvas, area.x + 2, area.y + line, "· checking…", role::plain());
    } else if lines.is_empty() {
        put(canvas, area.x + 2, area.y, "· not made yet: Ctrl+T makes them", role::plain());
    }
}

/// On the border below, how many checks are out of sight.
fn draw_more_checks(
    lines: &[CheckLine<'_>],
    seen: &std::ops::Range<usize>,
    area: Area,
    canvas: &mut Canvas,
) {
    let checks = |lines: &[CheckLine<'_>]| {
        lines.iter().filter(|line| matches!(line, CheckLine::Check(..))).count() as u64
    };
    let (above, below) = (checks(&lines[..seen.start]), checks(&lines[seen.end..]));
    let mut words: Vec<String> = Vec::new();
    for (arrow, count) in [("↑", above), ("↓", below)] {
        if count > 0 {
            words.push(format!("{arrow} {} more", number(count)));
        }
    }
    // What is cut off may be the end of a check only.
    if words.is_empty() && seen.len() < lines.len() {
        words.push("↑↓ shows the rest".to_owned());
    }
    if !words.is_empty() && area.width > 24 {
        let border = Area { y: area.bottom(), height: 1, ..area };
        right(canvas, border, 0, &format!(" {} ", words.join("   ")), role::plain());
    }
}

fn check_style(sign: Sign) -> ratatui::style::Style {
    if sign == Sign::Bad { role::bad() } else { role::plain() }
}

/// What stands to the right of a check: where it can be changed, or whether it is accepted.
fn beside(
    step: &Review,
    migration: &Migration,
    place: usize,
    check: &Check,
    is_small: bool,
) -> String {
    if check.sign == Sign::Warning {
        let tick = if step.is_accepted(place, check) { "[x]" } else { "[ ]" };
        return if is_small { tick.to_owned() } else { format!("Space accepts: {tick}") };
    }
    match migration.number_of(check.step) {
        Some(number) if is_small => number.to_string(),
        Some(number) => format!("step {number}"),
        None => String::new(),
    }
}

fn draw_confirm(
    step: &Review,
    migration: &Migration,
    area: Area,
    sentence: u16,
    is_small: bool,
    canvas: &mut Canvas,
) {
    let has_focus = step.pane == Pane::Name;
    let area = if is_small {
        area
    } else {
        let title = "To start, type the destination database's name";
        panel(area, title, has_focus, canvas)
    };
    let name = migration.name_of(Side::Destination);
    if sentence > 0
        && let Some(ledger) = &step.ledger
    {
        let room = Area { height: sentence.min(area.height), ..area };
        paragraph(canvas, room, 0, &ledger.warning(&name), role::plain());
    }
    if area.height <= sentence {
        return;
    }
    let y = area.y + sentence;
    let mark = if has_focus { "▸" } else { " " };
    let label = cut(&format!("{mark}{name}   ›  "), usize::from(area.width) / 2);
    put(canvas, area.x, y, &label, role::title());
    let x = area.x + u16::try_from(text_width(&label)).unwrap_or(0);
    let room = usize::from(area.right().saturating_sub(x + 1));
    let (text, column) = seen(step.typed.text(), step.typed.cursor(), room);
    let style = match step.letters(migration) {
        Letters::Whole => role::good(),
        Letters::ToGo(_) => role::plain(),
        Letters::Wrong(_) | Letters::TooMany(_) => role::bad(),
    };
    put(canvas, x, y, &text, style);
    let cursor = x + u16::try_from(column).unwrap_or(0);
    if step.in_text(migration) && cursor < area.right() {
        canvas[(cursor, y)].set_style(role::selected());
    }
    if y + 1 < area.bottom() {
        let at = if is_small { area.x + 1 } else { x };
        let room = Area { x: at, y: y + 1, width: area.right().saturating_sub(at), height: 1 };
        put(
            canvas,
            room.x,
            room.y,
            &cut(&step.hint(migration), usize::from(room.width)),
            role::plain(),
        );
    }
}

/// The button, with the first reason why it is locked.
fn draw_start(step: &Review, migration: &Migration, area: Area, canvas: &mut Canvas) {
    if area.height == 0 {
        return;
    }
    let has_focus = step.pane == Pane::Start;
    let locks = step.locks(migration);
    let why = if !migration.may_change() {
        "started".to_owned()
    } else if step.is_starting {
        "checking once more".to_owned()
    } else {
        locks.first().map_or_else(String::new, |lock| format!("locked: {}", lock.text))
    };
    let button = if has_focus { "▸[ Start ]" } else { " [ Start ]" };
    let room = usize::from(area.width).saturating_sub(text_width(button) + 4);
    let why = if why.is_empty() { String::new() } else { format!("  ({})", cut(&why, room)) };
    let x = right(canvas, area, 0, &why, role::plain());
    let x = x.saturating_sub(u16::try_from(text_width(button)).unwrap_or(0)).max(area.x);
    let style = match (has_focus, why.is_empty()) {
        (true, _) => role::selected(),
        (false, true) => role::title(),
        (false, false) => role::dim(),
    };
    put(canvas, x, area.y, button, style);
    let help = "Change something: press its step's number";
    if text_width(help) + 2 < usize::from(x.saturating_sub(area.x)) {
        put(canvas, area.x, area.y, help, role::plain());
    }
}

/// The plan in full: only the lines that are seen are made.
fn draw_whole(
    ledger: &Ledger,
    list: &super::List,
    migration: &Migration,
    area: Area,
    canvas: &mut Canvas,
) {
    if area.height < 3 {
        return;
    }
    let title = format!("The plan in full   {}   Esc closes it", ledger.report.fingerprint);
    let area = panel(area, &title, true, canvas);
    let count = ledger.whole_count(migration);
    let is_small = migration.size.class() == Class::Small;
    let width = usize::from(area.width);
    let name = if is_small { 24 } else { width.saturating_sub(52).max(20) };
    for (at, place) in list.window(count, usize::from(area.height)).enumerate() {
        let is_selected = place == list.selected.min(count.saturating_sub(1));
        let mark = Cell::left(if is_selected { "▸" } else { " " }, 1, role::plain());
        let cells = |texts: [&str; 5], style| {
            let mut cells = vec![mark.clone(), Cell::left(texts[0].to_owned(), name, style)];
            let numbers = if is_small { &texts[1..3] } else { &texts[1..4] };
            for text in numbers {
                cells.push(Cell::number((*text).to_owned(), 11, style));
            }
            cells.push(Cell::left(texts[4].to_owned(), 12, style));
            cells
        };
        let cells = match ledger.whole_line(migration, place) {
            Line::Title(text) => vec![mark, Cell::left(text, width, role::title())],
            Line::Text(text) => vec![mark, Cell::left(text, width, role::plain())],
            Line::Columns => cells(["Entity", "Insert", "Delete", "Keep", "Ids"], role::title()),
            Line::Entity(entity) => cells(
                [
                    &entity.name,
                    &number(entity.rows),
                    &number(entity.deleted),
                    &number(entity.kept),
                    match (entity.new_ids, entity.recognises) {
                        (_, true) if entity.updates => "updated",
                        (_, true) => "recognised",
                        (true, false) => "new",
                        (false, false) => "kept",
                    },
                ],
                role::plain(),
            ),
        };
        row(canvas, area, at, &cells, is_selected);
    }
}
