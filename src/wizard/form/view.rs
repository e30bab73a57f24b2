//! Draws the fields of a form, one below the other.

use super::super::look::{Area, Canvas, cut, put, role, text_width};
use super::super::text_field::seen;
use super::{Field, FieldKind, Form};

/// Draws fields from a line of an area on, labels in a column of their own; an error stands below
/// its field. Returns the line after the last.
pub fn draw(form: &Form, labels: usize, area: Area, first: u16, canvas: &mut Canvas) -> u16 {
    let mut y = first;
    for (place, field) in form.fields.iter().enumerate() {
        if field.is_hidden || y >= area.height {
            continue;
        }
        let has_focus = form.has_focus && place == form.focus;
        draw_field(field, has_focus, labels, Area { y: area.y + y, height: 1, ..area }, canvas);
        y += 1;
        if let Some(error) = &field.error
            && y < area.height
        {
            let text = cut(&format!("✗ {error}"), usize::from(area.width));
            put(canvas, area.x, area.y + y, &text, role::bad());
            y += 1;
        }
    }
    y
}

/// Draws one field on the first line of an area.
pub fn draw_field(field: &Field, has_focus: bool, labels: usize, area: Area, canvas: &mut Canvas) {
    let label_style = if has_focus { role::title() } else { role::plain() };
    let sign = if has_focus { "▸" } else { " " };
    put(canvas, area.x, area.y, &cut(&format!("{sign}{}", field.label), labels), label_style);
    let x = area.x + u16::try_from(labels + 1).unwrap_or(0);
    let width = usize::from(area.right().saturating_sub(x));
    if width == 0 {
        return;
    }
    match &field.kind {
        FieldKind::Text(text) => {
            if has_focus {
                let (shown, column) = seen(text.text(), text.cursor(), width);
                put(canvas, x, area.y, &shown, role::plain());
                mark_cursor(canvas, x, column, area);
            } else {
                put(canvas, x, area.y, &cut(text.text(), width), role::plain());
            }
        }
        FieldKind::Secret(secret) => {
            let note = match &secret.comes_from {
                Some(name) => format!("from {name}"),
                None if secret.characters() > 0 => "not stored".to_owned(),
                None => String::new(),
            };
            let dots = "•".repeat(secret.characters().min(width.saturating_sub(14).max(4)));
            put(canvas, x, area.y, &cut(&format!("{dots}  {note}"), width), role::plain());
            if has_focus {
                mark_cursor(canvas, x, text_width(&dots), area);
            }
        }
        FieldKind::Choice { options, selected } => {
            let text = options.get(*selected).map_or("", String::as_str);
            let text = format!("[ {} ▾ ]", cut(text, width.saturating_sub(6)));
            let style = if has_focus { role::selected() } else { role::plain() };
            put(canvas, x, area.y, &text, style);
        }
        FieldKind::Tick(ticked) => {
            let style = if has_focus { role::selected() } else { role::plain() };
            put(canvas, x, area.y, if *ticked { "[x] yes" } else { "[ ] no" }, style);
        }
        FieldKind::Button => {
            let style = if has_focus { role::selected() } else { role::title() };
            put(canvas, x, area.y, &format!("[ {} ]", field.label), style);
        }
    }
}

fn mark_cursor(canvas: &mut Canvas, x: u16, column: usize, area: Area) {
    let at = x + u16::try_from(column).unwrap_or(0);
    if at < area.right() {
        canvas[(at, area.y)].set_style(role::selected());
    }
}
