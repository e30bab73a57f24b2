//! Draws a box with fields: what is to be read above, the fields below it, then what is missing.
//!
//! ```text
//! what is to be known, to scroll
//!
//!   [x] accept: no backup is known
//! ▸ Type OSDEV  ›  OSD
//!   To start, type OSDEV: 2 letters to go.
//! ↑↓ scroll   Tab field   Enter start   Esc close
//! ```

use super::super::look::{Area, Canvas, cut, put, role, text_width, wrap};
use super::super::overlay::view::{center, room_of};
use super::super::text_field::seen;
use super::{Blank, Sheet};
use crate::report::counted;

const WIDTH: u16 = 78;

pub fn draw(sheet: &Sheet, canvas: &mut Canvas) {
    let width = room_of(WIDTH, canvas);
    let text: Vec<String> = sheet.lines.iter().flat_map(|line| wrap(line, width)).collect();
    // A warning is read to its end.
    let fields: Vec<Vec<String>> = sheet.blanks.iter().map(|blank| words(blank, width)).collect();
    let tall: usize = fields.iter().map(Vec::len).sum();
    let below = tall + 3;
    let area = center(canvas, &sheet.title, WIDTH, text.len() + below);
    let below = below.min(usize::from(area.height));
    let room = usize::from(area.height) - below;
    let first = sheet.first.min(text.len().saturating_sub(room));
    for (y, line) in (area.y..).zip(text.iter().skip(first).take(room)) {
        put(canvas, area.x, y, line, role::plain());
    }
    let start = area.bottom().saturating_sub(u16::try_from(below).unwrap_or(0)).max(area.y);
    let hidden = text.len().saturating_sub(first + room) as u64;
    if hidden > 0 {
        let more = format!("↓ {}", counted(hidden, "more line", "more lines"));
        put(canvas, area.x, start, &cut(&more, width), role::accent());
    }
    let end = area.bottom().saturating_sub(2);
    draw_fields(
        sheet,
        &fields,
        Area { y: start + 1, height: end.saturating_sub(start + 1), ..area },
        canvas,
    );
    let (missing, style) = match sheet.missing() {
        Some(missing) if sheet.was_refused => (format!("Not yet: {missing}."), role::warning()),
        Some(missing) => (format!("To {}, {missing}.", sheet.verb), role::plain()),
        None => (format!("All is there: Enter to {}.", sheet.verb), role::good()),
    };
    put(canvas, area.x + 2, end, &cut(&missing, width.saturating_sub(2)), style);
    let mut keys = Vec::new();
    if text.len() > room {
        keys.push("↑↓ scroll".to_owned());
    }
    if sheet.blanks.len() > 1 {
        keys.push("Tab field".to_owned());
    }
    if !sheet.in_text() {
        keys.push("Space mark".to_owned());
    }
    keys.extend([format!("Enter {}", sheet.verb), "Esc close".to_owned()]);
    let y = area.bottom().saturating_sub(1);
    put(canvas, area.x, y, &cut(&keys.join("   "), width), role::accent());
}

/// What stands before the place where something is typed, or the whole of a tick.
fn words(blank: &Blank, width: usize) -> Vec<String> {
    match blank {
        Blank::Tick { text, is_ticked, .. } => {
            let mark = if *is_ticked { "[x]" } else { "[ ]" };
            let parts = wrap(text, width.saturating_sub(6));
            let line = |(place, part)| match place {
                0 => format!("{mark} {part}"),
                _ => format!("    {part}"),
            };
            parts.into_iter().enumerate().map(line).collect()
        }
        Blank::Text { label, .. } => vec![format!("{label}  › ")],
        Blank::Name { name, .. } => vec![format!("Type {name}  › ")],
        Blank::MaskKey { .. } => vec!["Key of masks  › ".to_owned()],
    }
}

/// The fields, as many lines of them as there is room for, the one with the focus among them.
fn draw_fields(sheet: &Sheet, fields: &[Vec<String>], area: Area, canvas: &mut Canvas) {
    let mut lines: Vec<(usize, usize, &str)> = Vec::new();
    for (place, field) in fields.iter().enumerate() {
        lines.extend(field.iter().enumerate().map(|(at, line)| (place, at, line.as_str())));
    }
    let room = usize::from(area.height);
    let last = lines.iter().rposition(|(place, ..)| *place == sheet.focus).unwrap_or(0);
    let first = (last + 1).saturating_sub(room);
    for (y, (place, at, line)) in (area.y..).zip(lines.into_iter().skip(first).take(room)) {
        let has_focus = place == sheet.focus;
        let mark = if has_focus && at == 0 { "▸" } else { " " };
        let text = format!("{mark} {line}");
        let blank = &sheet.blanks[place];
        let style = match (blank.is_typed(), has_focus) {
            (true, _) => role::title(),
            (false, true) => role::selected(),
            (false, false) => role::plain(),
        };
        put(canvas, area.x, y, &cut(&text, usize::from(area.width)), style);
        let x = area.x + u16::try_from(text_width(&text)).unwrap_or(0);
        draw_typed(
            blank,
            has_focus,
            Area { x, y, width: area.right().saturating_sub(x), height: 1 },
            canvas,
        );
    }
}

/// What was typed, with the cursor; of a key only how much.
fn draw_typed(blank: &Blank, has_focus: bool, area: Area, canvas: &mut Canvas) {
    let room = usize::from(area.width).saturating_sub(1);
    let (shown, column) = match blank {
        Blank::Tick { .. } => return,
        Blank::Text { field, .. } | Blank::Name { field, .. } => {
            seen(field.text(), field.cursor(), room)
        }
        Blank::MaskKey { field, .. } => {
            let dots = "•".repeat(field.characters().min(room));
            let column = text_width(&dots);
            (dots, column)
        }
    };
    put(canvas, area.x, area.y, &shown, role::plain());
    let at = area.x + u16::try_from(column).unwrap_or(0);
    if has_focus && at < area.right() {
        canvas[(at, area.y)].set_style(role::selected());
    }
}
