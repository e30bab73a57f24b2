//! Draws what lies over the screen: a box in the middle, as wide as it needs.

use super::super::findings::words::sentence;
use super::super::look::{Area, Canvas, cut, panel, put, role, text_width, wrap};
use super::super::migration::Verdict;
use super::super::{Model, help};
use super::{LINES, Overlay, Picker, Question, Reading, Trouble};
use crate::outsystems::Side;

/// Draws the top one.
pub fn draw(model: &Model, canvas: &mut Canvas) {
    match model.migration.overlays.last() {
        None => {}
        Some(Overlay::Help { first }) => draw_help(model, *first, canvas),
        Some(Overlay::Error(trouble)) => draw_error(trouble, canvas),
        Some(Overlay::Question(question)) => draw_question(question, canvas),
        Some(Overlay::Picker(picker)) => draw_picker(model, picker, canvas),
        Some(Overlay::Text(reading)) => draw_reading(reading, canvas),
        Some(Overlay::Undo(undoing)) => super::super::undo::view::draw(undoing, canvas),
        Some(Overlay::Sheet(sheet)) => super::super::sheet::view::draw(sheet, canvas),
    }
}

/// Lines at the bottom that stay in sight: the rule, what is wrong, the keys.
const BELOW: u16 = 3;

/// A box of so many columns and lines in the middle, above the status line and the footer; what
/// was there is gone.
pub(in crate::wizard) fn center(
    canvas: &mut Canvas,
    title: &str,
    width: u16,
    lines: usize,
) -> Area {
    let all = canvas.area;
    let width = width.min(all.width.saturating_sub(2));
    let room = all.height.saturating_sub(BELOW);
    let height = u16::try_from(lines + 2).unwrap_or(u16::MAX).min(room);
    let area =
        Area { x: all.x + (all.width - width) / 2, y: all.y + (room - height) / 2, width, height };
    for y in area.y..area.bottom() {
        for x in area.x..area.right() {
            canvas[(x, y)].reset();
        }
    }
    panel(area, title, true, canvas)
}

const WIDTH: u16 = 70;

/// A table of keys needs more.
const HELP: u16 = 78;

fn inside(canvas: &Canvas) -> usize {
    room_of(WIDTH, canvas)
}

/// Columns of text in a box that is so wide where the window is.
pub(in crate::wizard) fn room_of(width: u16, canvas: &Canvas) -> usize {
    usize::from(width.min(canvas.area.width.saturating_sub(2))).saturating_sub(4)
}

/// Draws lines from `first` on, and the keys below them.
fn lines(canvas: &mut Canvas, area: Area, lines: &[String], first: usize, keys: &str) {
    let room = usize::from(area.height).saturating_sub(2);
    let first = first.min(lines.len().saturating_sub(room));
    for (y, text) in (area.y..).zip(lines.iter().skip(first).take(room)) {
        put(canvas, area.x, y, &cut(text, usize::from(area.width)), role::plain());
    }
    let keys = if lines.len() > room { format!("↑↓ scroll   {keys}") } else { keys.to_owned() };
    put(
        canvas,
        area.x,
        area.bottom().saturating_sub(1),
        &cut(&keys, usize::from(area.width)),
        role::accent(),
    );
}

fn draw_error(trouble: &Trouble, canvas: &mut Canvas) {
    let width = inside(canvas);
    let mut all = Vec::new();
    for (label, text) in [("What", &trouble.what), ("Why", &trouble.why), ("Next", &trouble.next)] {
        if text.is_empty() {
            continue;
        }
        for (place, part) in wrap(text, width.saturating_sub(7)).into_iter().enumerate() {
            all.push(format!("{:<7}{part}", if place == 0 { label } else { "" }));
        }
    }
    if !trouble.details.is_empty() {
        all.push(String::new());
        all.extend(wrap(&trouble.details, width));
    }
    let area = center(canvas, &trouble.title, WIDTH, all.len() + 2);
    let keys = if trouble.may_reconnect {
        "Enter connect again   y copy   Esc close"
    } else {
        "y copy   Esc close"
    };
    lines(canvas, area, &all, 0, keys);
}

/// Names of choices up to so many columns have what they mean in a column beside them.
const LONG: usize = 28;

fn draw_question(question: &Question, canvas: &mut Canvas) {
    let width = inside(canvas);
    let text: Vec<String> = question.lines.iter().flat_map(|line| wrap(line, width)).collect();
    let height = text.len() + question.choices.len() + 3;
    let area = center(canvas, &question.title, WIDTH, height);
    let mut y = area.y;
    for line in &text {
        put(canvas, area.x, y, line, role::plain());
        y += 1;
    }
    y += 1;
    let names = question.choices.iter().map(|(name, _)| text_width(name));
    let column = names.filter(|width| *width <= LONG).max().unwrap_or(0).max(12);
    for (place, (name, what)) in question.choices.iter().enumerate() {
        let is_selected = place == question.selected;
        let sign = if is_selected { "▸" } else { " " };
        let text = cut(&format!("{sign} {name:<column$}  {what}"), usize::from(area.width));
        let style = if is_selected { role::selected() } else { role::plain() };
        put(canvas, area.x, y, &text, style);
        y += 1;
    }
    put(
        canvas,
        area.x,
        area.bottom().saturating_sub(1),
        "↑↓ move   Enter choose   Esc close",
        role::accent(),
    );
}

fn draw_picker(model: &Model, picker: &Picker, canvas: &mut Canvas) {
    let area = center(canvas, &picker.title, WIDTH, LINES + 3);
    let width = usize::from(area.width);
    let (shown, column) = picker.filter.seen(width.saturating_sub(8));
    let label = if picker.takes_others { "Type  " } else { "Find  " };
    put(canvas, area.x, area.y, label, role::title());
    put(canvas, area.x + 6, area.y, &shown, role::plain());
    let cursor = area.x + 6 + u16::try_from(column).unwrap_or(0);
    if cursor < area.right() {
        canvas[(cursor, area.y)].set_style(role::selected());
    }
    let fitting = picker.fitting();
    let own = picker.own().map(|text| format!("{text}   as typed"));
    let items = fitting.iter().map(|place| picker.items[*place].clone());
    let lines: Vec<String> = own.into_iter().chain(items).collect();
    // Where the window is low, what is said of it goes before.
    let said = said_of_typed(model, picker, width);
    let room = usize::from(area.height).saturating_sub(2 + said.len());
    let height = picker.height().min(room.max(1));
    for (line, place) in picker.list.window(lines.len(), height).enumerate() {
        let Ok(offset) = u16::try_from(line) else { break };
        let is_selected = place == picker.list.selected;
        let sign = if is_selected { "▸" } else { " " };
        let text = cut(&format!("{sign} {}", lines[place]), width);
        let style = if is_selected { role::selected() } else { role::plain() };
        put(canvas, area.x, area.y + 1 + offset, &text, style);
    }
    if lines.is_empty() && !picker.takes_others {
        put(canvas, area.x, area.y + 1, "Nothing fits what you typed.", role::plain());
    }
    let above = u16::try_from(said.len() + 1).unwrap_or(1);
    for (y, line) in (area.bottom().saturating_sub(above)..).zip(&said) {
        put(canvas, area.x, y, line, role::plain());
    }
    let keys =
        format!("{} of {}   ↑↓ move   Enter take   Esc close", fitting.len(), picker.items.len());
    put(canvas, area.x, area.bottom().saturating_sub(1), &cut(&keys, width), role::accent());
}

/// What is known of a target that is typed, in two lines at most.
fn said_of_typed(model: &Model, picker: &Picker, width: usize) -> Vec<String> {
    let Some(typing) = model.migration.typing.as_ref().filter(|_| picker.takes_others) else {
        return Vec::new();
    };
    let there = model.migration.name_of(Side::Destination);
    let said = match &typing.verdict {
        Verdict::Nothing => "Take one of these, or type another one.".to_owned(),
        Verdict::Fits(shown) if shown.is_empty() => "It can be: Enter takes it.".to_owned(),
        Verdict::Fits(shown) => format!("It is {shown}. Enter takes it."),
        Verdict::Wrong(why) => sentence(why),
        Verdict::Unknown if typing.is_row() => format!("Enter looks for it in {there}."),
        Verdict::Looking if typing.is_row() => format!("Looking for it in {there}…"),
        Verdict::Unknown => "Enter looks whether that can be.".to_owned(),
        Verdict::Looking => "Looking whether that can be…".to_owned(),
    };
    let mut lines = wrap(&said, width);
    if lines.len() > 2 {
        lines[1] = cut(&lines[1..].join(" "), width);
        lines.truncate(2);
    }
    lines
}

fn draw_reading(reading: &Reading, canvas: &mut Canvas) {
    let width = inside(canvas);
    let all: Vec<String> = reading.lines.iter().flat_map(|line| wrap(line, width)).collect();
    let area = center(canvas, &reading.title, WIDTH, all.len() + 2);
    lines(canvas, area, &all, reading.first, "y copy   Esc close");
}

/// The keys of this screen, then those of all; and the step's lesson on a practice pair.
fn draw_help(model: &Model, first: usize, canvas: &mut Canvas) {
    let width = room_of(HELP, canvas);
    let name = model.step().map_or("Home", |step| step.name());
    let mut all = Vec::new();
    if let Some(lesson) = model.migration.step_lesson(name) {
        all.push("LESSON".to_owned());
        all.extend(wrap(&lesson, width));
        all.push(String::new());
    }
    let own = help::of_screen(model.own_keys());
    for section in std::iter::once(own).chain(help::general()) {
        all.extend(section.lines(width));
        all.push(String::new());
    }
    all.push(format!("osferry {}", env!("CARGO_PKG_VERSION")));
    let widest = all.iter().map(|line| text_width(line)).max().unwrap_or(0);
    let wide = u16::try_from(widest + 4).unwrap_or(WIDTH).max(WIDTH);
    let area = center(canvas, &format!("Keys on {name}"), wide, all.len() + 2);
    lines(canvas, area, &all, first, "Esc close");
}
