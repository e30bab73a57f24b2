//! Draws the two sides, each a form with its checks below.

use super::super::form::view::{draw as draw_form, draw_field};
use super::super::look::{Area, Canvas, cut, panel, paragraph, put, role, wrap};
use super::super::message::{Check, Sign};
use super::super::migration::Migration;
use super::super::viewport::Class;
use super::{Connect, Pane};
use crate::outsystems::Side;

/// Labels of the forms.
const LABELS: usize = 11;

pub fn draw(step: &Connect, migration: &Migration, area: Area, canvas: &mut Canvas) {
    if let Some(field) = step.name.fields.first() {
        let has_focus = step.pane == Pane::Name && step.name.has_focus;
        draw_field(field, has_focus, LABELS + 2, Area { height: 1, ..area }, canvas);
    }
    let area = Area { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    if migration.size.class() == Class::Small {
        // One side at a time: the one with the focus.
        let side =
            if step.pane == Pane::Of(Side::Destination) { Side::Destination } else { Side::Source };
        draw_side(step, side, migration, area, canvas);
        return;
    }
    let half = area.width / 2;
    draw_side(step, Side::Source, migration, Area { width: half, ..area }, canvas);
    let right = Area { x: area.x + half, width: area.width - half, ..area };
    draw_side(step, Side::Destination, migration, right, canvas);
}

fn draw_side(step: &Connect, side: Side, migration: &Migration, area: Area, canvas: &mut Canvas) {
    let form = step.form(side);
    let title = &migration.side_title(side);
    let checks = &migration.side(side).checks;
    let errors =
        form.fields.iter().filter(|field| !field.is_hidden && field.error.is_some()).count();
    let wanted = form.fields.iter().filter(|field| !field.is_hidden).count() + errors + 2;
    // The checks come first once there are any: then the fields have been filled in.
    let room = usize::from(area.height);
    let has_focus = step.pane == Pane::Of(side) && form.has_focus;
    let least = match (checks.is_empty() && !migration.is_testing(side), has_focus) {
        (true, _) => 0,
        // While somebody types, the fields need the room.
        (false, true) if room < 15 => 3,
        // What a check found is of no use without its end: there the advice stands.
        (false, _) => {
            let lines = check_lines(checks, usize::from(area.width).saturating_sub(6));
            (lines + 2).min(room.saturating_sub(7)).max(7.min(room))
        }
    };
    let mut height = u16::try_from(wanted.min(room.saturating_sub(least))).unwrap_or(area.height);
    if height < 3 {
        height = 0;
    }
    let fields = Area { height, ..area };
    let inner = panel(fields, title, has_focus, canvas);
    draw_scrolled(form, inner, canvas);
    let below = Area { y: area.y + height, height: area.height - height, ..area };
    if below.height >= 3 {
        let title = if height == 0 { format!("{title}: check") } else { "Check".to_owned() };
        draw_checks(checks, &title, migration.is_testing(side), below, canvas);
    }
}

/// The form, scrolled so that the field with the focus is seen.
fn draw_scrolled(form: &super::Form, area: Area, canvas: &mut Canvas) {
    let before = form.fields[..form.focus]
        .iter()
        .filter(|field| !field.is_hidden)
        .map(|field| 1 + usize::from(field.error.is_some()))
        .sum::<usize>();
    let room = usize::from(area.height);
    let own = 1 + usize::from(form.focused().is_some_and(|field| field.error.is_some()));
    if !form.has_focus || before + own <= room {
        draw_form(form, LABELS, area, 0, canvas);
        return;
    }
    let mut cut_off = form.clone();
    let mut skipped = 0;
    for (place, field) in cut_off.fields.iter_mut().enumerate() {
        if before + own - skipped <= room || place >= form.focus {
            break;
        }
        if !field.is_hidden {
            skipped += 1 + usize::from(field.error.is_some());
            field.is_hidden = true;
        }
    }
    draw_form(&cut_off, LABELS, area, 0, canvas);
}

/// Lines that the checks take in so many columns.
fn check_lines(checks: &[Check], width: usize) -> usize {
    let lines = |text: &str| if text.is_empty() { 0 } else { wrap(text, width).len() };
    checks.iter().map(|check| lines(&check.text) + lines(&check.advice)).sum()
}

fn draw_checks(checks: &[Check], title: &str, is_testing: bool, area: Area, canvas: &mut Canvas) {
    let inner = panel(area, title, false, canvas);
    let mut y = 0;
    for check in checks {
        if y >= inner.height {
            return;
        }
        put(canvas, inner.x, inner.y + y, check.sign.text(), role::of(check.sign));
        let text = Area { x: inner.x + 2, width: inner.width.saturating_sub(2), ..inner };
        let style = if check.sign == Sign::Bad { role::bad() } else { role::plain() };
        y = paragraph(canvas, text, y, &check.text, style);
        if !check.advice.is_empty() {
            y = paragraph(canvas, text, y, &check.advice, role::plain());
        }
    }
    if y < inner.height && is_testing {
        put(canvas, inner.x, inner.y + y, "· testing…", role::plain());
    } else if checks.is_empty() {
        let text = cut("Not tested yet: Ctrl+T", usize::from(inner.width));
        put(canvas, inner.x, inner.y, &text, role::plain());
    }
}
