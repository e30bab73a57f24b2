//! Draws what lies over the screen: a box in the middle, as wide as it needs.

use super::super::look::{Area, Canvas, cut, panel, put, role, text_width, wrap};
use super::super::{Model, help};
use super::{LINES, Overlay, Picker, Question, Reading, Trouble};

/// Draws the top one.
pub fn draw(model: &Model, canvas: &mut Canvas) {
    match model.migration.overlays.last() {
        None => {}
        Some(Overlay::Help { first }) => draw_help(model, *first, canvas),
        Some(Overlay::Error(trouble)) => draw_error(trouble, canvas),
        Some(Overlay::Question(question)) => draw_question(question, canvas),
        Some(Overlay::Picker(picker)) => draw_picker(picker, canvas),
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

fn draw_picker(picker: &Picker, canvas: &mut Canvas) {
    let area = center(canvas, &picker.title, WIDTH, LINES + 3);
    let width = usize::from(area.width);
    let (shown, column) = picker.filter.seen(width.saturating_sub(8));
    put(canvas, area.x, area.y, "Find  ", role::title());
    put(canvas, area.x + 6, area.y, &shown, role::plain());
    let cursor = area.x + 6 + u16::try_from(column).unwrap_or(0);
    if cursor < area.right() {
        canvas[(cursor, area.y)].set_style(role::selected());
    }
    let fitting = picker.fitting();
    for (line, place) in picker.list.window(fitting.len(), LINES).enumerate() {
        let Ok(offset) = u16::try_from(line) else { break };
        let is_selected = place == picker.list.selected;
        let sign = if is_selected { "▸" } else { " " };
        let text = cut(&format!("{sign} {}", picker.items[fitting[place]]), width);
        let style = if is_selected { role::selected() } else { role::plain() };
        put(canvas, area.x, area.y + 1 + offset, &text, style);
    }
    if fitting.is_empty() {
        put(canvas, area.x, area.y + 1, "Nothing fits what you typed.", role::plain());
    }
    let keys =
        format!("{} of {}   ↑↓ move   Enter take   Esc close", fitting.len(), picker.items.len());
    put(canvas, area.x, area.bottom().saturating_sub(1), &cut(&keys, width), role::accent());
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
