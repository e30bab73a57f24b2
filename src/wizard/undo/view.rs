//! Draws the box in which a run is undone.

use super::super::look::{Area, Canvas, bar, cut, put, role, wrap};
use super::super::overlay::view::{center, room_of};
use super::{Field, Stage, Undoing};
use crate::migrate;
use crate::report::{counted, number};

/// A preview has names of tables in it.
const WIDTH: u16 = 78;

pub fn draw(undoing: &Undoing, canvas: &mut Canvas) {
    match &undoing.stage {
        Stage::Looking => draw_busy(undoing, &looking(undoing), "Esc stops looking", canvas),
        Stage::Looked(_) => draw_looked(undoing, canvas),
        Stage::Doing => draw_busy(undoing, &doing(undoing), keys(undoing), canvas),
    }
}

fn looking(undoing: &Undoing) -> Vec<String> {
    let mut lines = vec![
        "Looking for what undoing this run would do. This only reads.".to_owned(),
        undoing.progress.doing.clone(),
    ];
    lines.extend(undoing.progress.trouble.clone());
    lines
}

fn doing(undoing: &Undoing) -> Vec<String> {
    let progress = &undoing.progress;
    let mut lines = vec![
        // Until it writes, it looks at everything once more.
        match progress.of {
            0 => "Looking once more before the first write.".to_owned(),
            of => format!(
                "{} {} of {}",
                bar(progress.done, of, 18),
                number(progress.done),
                counted(of, "row", "rows")
            ),
        },
        match undoing.told {
            migrate::Command::Stop | migrate::Command::Cancel => {
                "Stopping: the batch under way is finished first.".to_owned()
            }
            migrate::Command::Pause => "Paused: p goes on.".to_owned(),
            migrate::Command::Run if progress.doing.is_empty() => "beginning".to_owned(),
            migrate::Command::Run => progress.doing.clone(),
        },
    ];
    match (&progress.held, &progress.trouble) {
        (Some(held), _) => lines.push(format!("Waiting for you: {held} Then p goes on.")),
        (None, Some(trouble)) => lines.push(trouble.clone()),
        (None, None) => {}
    }
    lines.push("Every batch is one transaction: it is safe to stop, and goes on later.".to_owned());
    lines
}

fn keys(undoing: &Undoing) -> &'static str {
    let waits = undoing.progress.held.is_some() || undoing.told == migrate::Command::Pause;
    if waits { "p go on   s stop" } else { "p pause   s stop after this batch" }
}

fn draw_busy(undoing: &Undoing, text: &[String], keys: &str, canvas: &mut Canvas) {
    let width = room_of(WIDTH, canvas);
    let lines: Vec<String> = text.iter().flat_map(|line| wrap(line, width)).collect();
    let area = center(canvas, &format!("Undo {}", undoing.id), WIDTH, lines.len() + 2);
    for (y, line) in (area.y..area.bottom().saturating_sub(1)).zip(&lines) {
        put(canvas, area.x, y, &cut(line, usize::from(area.width)), role::plain());
    }
    let y = area.bottom().saturating_sub(1);
    put(canvas, area.x, y, &cut(keys, usize::from(area.width)), role::accent());
}

/// ```text
/// what it would do, to scroll
///   [x] leave what 3 rows of others refer to
/// ▸ OSDEV  ›  OSD
///   2 letters to go
/// ↑↓ scroll   Tab field   Enter undo   Esc close
/// ```
fn draw_looked(undoing: &Undoing, canvas: &mut Canvas) {
    let width = room_of(WIDTH, canvas);
    let text: Vec<String> = undoing.lines.iter().flat_map(|line| wrap_below(line, width)).collect();
    let fields = undoing.fields();
    let below = fields.len() + 3;
    let area = center(canvas, &format!("Undo {}?", undoing.id), WIDTH, text.len() + below);
    let room = usize::from(area.height).saturating_sub(below);
    let first = undoing.first.min(text.len().saturating_sub(room));
    for (y, line) in (area.y..).zip(text.iter().skip(first).take(room)) {
        put(canvas, area.x, y, line, role::plain());
    }
    let mut y = area.bottom().saturating_sub(u16::try_from(below).unwrap_or(0)).max(area.y) + 1;
    for field in &fields {
        draw_field(undoing, *field, Area { y, height: 1, ..area }, canvas);
        y += 1;
    }
    let (missing, style) = match undoing.missing() {
        Some(missing) if undoing.was_refused => (format!("Locked: {missing}."), role::warning()),
        Some(missing) => (format!("To undo, {missing}."), role::plain()),
        None => ("Enter undoes the run.".to_owned(), role::good()),
    };
    put(canvas, area.x + 2, y, &cut(&missing, width.saturating_sub(2)), style);
    let hidden = text.len().saturating_sub(first + room) as u64;
    if hidden > 0 {
        let line = area.bottom().saturating_sub(u16::try_from(below).unwrap_or(0)).max(area.y);
        let more = format!("  ↓ {}", counted(hidden, "more line", "more lines"));
        put(canvas, area.x, line, &cut(&more, width), role::accent());
    }
    let scroll = if text.len() > room { "↑↓ scroll   " } else { "" };
    let field = match undoing.focused() {
        Field::Name if fields.len() > 1 => "Tab field   Enter undo   Esc close",
        Field::Name => "Enter undo   Esc close",
        _ => "Space mark   Tab field   Esc close",
    };
    let y = area.bottom().saturating_sub(1);
    put(canvas, area.x, y, &cut(&format!("{scroll}{field}"), width), role::accent());
}

fn draw_field(undoing: &Undoing, field: Field, area: Area, canvas: &mut Canvas) {
    let has_focus = undoing.focused() == field;
    let mark = if has_focus { "▸" } else { " " };
    let tick = |is: bool| if is { "[x]" } else { "[ ]" };
    let text = match field {
        Field::Referenced => {
            format!("{} {}", tick(undoing.leave.referenced), undoing.words(field))
        }
        Field::Changed => format!("{} {}", tick(undoing.leave.changed), undoing.words(field)),
        Field::Name => {
            let label = format!("{mark} Type {}  › ", undoing.database);
            let x = area.x + u16::try_from(super::super::look::text_width(&label)).unwrap_or(0);
            put(canvas, area.x, area.y, &cut(&label, usize::from(area.width)), role::title());
            let (shown, column) =
                undoing.typed.seen(usize::from(area.right().saturating_sub(x + 1)));
            if x < area.right() {
                put(canvas, x, area.y, &shown, role::plain());
            }
            let at = x + u16::try_from(column).unwrap_or(0);
            if has_focus && at < area.right() && area.y < canvas.area.bottom() {
                canvas[(at, area.y)].set_style(role::selected());
            }
            return;
        }
    };
    let style = if has_focus { role::selected() } else { role::plain() };
    put(canvas, area.x, area.y, &cut(&format!("{mark} {text}"), usize::from(area.width)), style);
}

/// Wrapped, what follows a line set in below its text.
fn wrap_below(line: &str, width: usize) -> Vec<String> {
    if line.is_empty() {
        return vec![String::new()];
    }
    let indent = line.len() - line.trim_start().len();
    let start = " ".repeat(indent);
    let parts = wrap(line.trim_start(), width.saturating_sub(indent + 2));
    let set_in = |(place, part): (usize, String)| match place {
        0 => format!("{start}{part}"),
        _ => format!("{start}  {part}"),
    };
    parts.into_iter().enumerate().map(set_in).collect()
}
