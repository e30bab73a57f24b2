//! Draws Home: the ways to start, what can be continued, and more about what is selected.

use super::super::look::{Area, Canvas, Cell, cut, paragraph, put, role, row, wrap};
use super::super::message::{Saved, SavedKind, Sign};
use super::super::migration::Migration;
use super::{Home, STARTS};
use crate::procedures::Errand;

/// Lines that the introduction needs together with a few that are saved.
const INTRODUCED: u16 = 21;

/// Lines about what is selected, at least, and how many of the list have to be left beside them.
const ABOUT: u16 = 6;
const LISTED: u16 = 2;

pub fn draw(home: &Home, migration: &Migration, area: Area, canvas: &mut Canvas) {
    let width = usize::from(area.width);
    // In a low window what is saved is worth more; the status line says the most important of it.
    let is_introduced = migration.saved.is_empty() || area.height >= INTRODUCED;
    let mut y = 1;
    for text in [
        "Move OutSystems application data from one SQL Server environment to another.",
        "Nothing is written to any database until you type the destination's name on Review.",
    ]
    .into_iter()
    .filter(|_| is_introduced)
    {
        y = paragraph(canvas, area, y, text, role::plain());
    }
    y += u16::from(is_introduced);
    let cursor = home.cursor(&migration.saved);
    put(canvas, area.x, area.y + y, "START", role::title());
    y += 1;
    for (place, (name, what)) in STARTS.iter().enumerate() {
        line(canvas, area, y, place == cursor, &format!("{name:<24} {what}"));
        y += 1;
        if place == 2
            && let Some(path) = &home.path
        {
            put(canvas, area.x + 4, area.y + y, "Path", role::title());
            let (shown, column) = path.seen(width.saturating_sub(10));
            put(canvas, area.x + 9, area.y + y, &shown, role::plain());
            let at = area.x + 9 + u16::try_from(column).unwrap_or(0);
            if at < area.right() {
                canvas[(at, area.y + y)].set_style(role::selected());
            }
            y += 1;
        }
    }
    y += 1;
    if migration.saved.is_empty() {
        let text = "New here? Practice takes about five minutes and leads from the first screen to \
                    a proved report.";
        paragraph(canvas, area, y, text, role::lesson());
        return;
    }
    draw_saved(home, migration, cursor, y, area, canvas);
}

fn line(canvas: &mut Canvas, area: Area, y: u16, is_selected: bool, text: &str) {
    let sign = if is_selected { "▸" } else { " " };
    let text = cut(&format!(" {sign} {text}"), usize::from(area.width));
    let style = if is_selected { role::selected() } else { role::plain() };
    put(canvas, area.x, area.y + y, &text, style);
}

fn draw_saved(
    home: &Home,
    migration: &Migration,
    cursor: usize,
    y: u16,
    area: Area,
    canvas: &mut Canvas,
) {
    let fitting = home.fitting(&migration.saved);
    let title = match &home.filter {
        Some(filter) => {
            format!("CONTINUE   filter: {}{}", filter.text(), if home.filtering { "▏" } else { "" })
        }
        None => "CONTINUE".to_owned(),
    };
    put(canvas, area.x, area.y + y, &title, role::title());
    let count = Area { y: area.y + y, height: 1, ..area };
    super::super::look::right(
        canvas,
        count,
        0,
        &format!("{} saved", migration.saved.len()),
        role::plain(),
    );
    let room = area.height.saturating_sub(y + 1);
    let about = home.selected(&migration.saved).filter(|_| room >= ABOUT + LISTED);
    let about_lines = about.map_or(0, |saved| about_lines(saved, area.width).min(room - LISTED));
    let list = Area { y: area.y + y + 1, height: room - about_lines, ..area };
    let selected = cursor.checked_sub(STARTS.len());
    let shown = super::super::list::List { selected: selected.unwrap_or(0), first: 0 };
    let is_narrow = area.width < 90;
    for (at, place) in shown.window(fitting.len(), usize::from(list.height)).enumerate() {
        let saved = fitting[place];
        let is_selected = selected == Some(place);
        let (sign, state) = state(saved);
        let mark = if is_selected { "▸" } else { " " };
        let mut cells = vec![
            Cell::left(format!(" {mark}"), 2, role::plain()),
            Cell::left(sign.text(), 1, role::of(sign)),
            Cell::left(state, 10, role::plain()),
            Cell::left(saved.name.clone(), 18, role::title()),
        ];
        if !is_narrow {
            let way = format!("{} → {}", saved.source, saved.destination);
            cells.push(Cell::left(way, 18, role::plain()));
        }
        cells.push(Cell::left(saved.changed.clone(), 16, role::plain()));
        cells.push(Cell::left(saved.next.clone(), usize::from(list.width), role::plain()));
        row(canvas, list, at, &cells, is_selected);
    }
    if let Some(saved) = about {
        let area = Area { y: area.bottom() - about_lines, height: about_lines, ..area };
        put(canvas, area.x, area.y + 1, &format!("ABOUT {}", saved.name), role::title());
        let mut at = 2;
        let inner = Area { x: area.x + 2, width: area.width - 2, ..area };
        for line in &saved.about {
            at = paragraph(canvas, inner, at, line, role::plain());
        }
    }
}

/// The lines that all that is known of something takes.
fn about_lines(saved: &Saved, width: u16) -> u16 {
    let width = usize::from(width.saturating_sub(2));
    let lines: usize = saved.about.iter().map(|text| wrap(text, width).len()).sum();
    ABOUT.max(u16::try_from(lines + 2).unwrap_or(u16::MAX))
}

fn state(saved: &Saved) -> (Sign, &str) {
    match &saved.kind {
        SavedKind::Draft(_) => (Sign::Recheck, "draft"),
        SavedKind::Errand(Errand::Cleanup, _) => (Sign::Recheck, "clean-up"),
        SavedKind::Errand(Errand::Restore, _) => (Sign::Recheck, "restore"),
        SavedKind::Errand(Errand::Oracle, _) => (Sign::Recheck, "Oracle"),
        SavedKind::Cleanup(_) => (Sign::Good, "clean-up"),
        SavedKind::Run { state, sign, .. } => (*sign, state),
    }
}
