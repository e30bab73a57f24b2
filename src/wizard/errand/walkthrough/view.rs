//! ```text
//! Security context
//! ▸✓ Delete the Admin and Runtime users                             done  C2.1
//! Environment security
//!  ~ Delete the security parameters                               7 rows  C2.2
//! ┌ Delete the security parameters ──────────────────────────────────────────┐
//! │ what was found, what is to be done, why                                  │
//! └──────────────────────────────────────────────────────────────────────────┘
//! ```

use super::super::super::list::List;
use super::super::super::look::{Area, Canvas, Cell, cut, panel, put, right, role, row};
use super::super::super::migration::Migration;
use super::super::super::viewport::Class;
use super::super::view::wrap_indented;
use super::{Walkthrough, details};
use crate::procedures::Place;

/// Steps that a page of the list moves over.
pub(super) const LISTED: usize = 8;

/// Columns of a step's state and of its marks.
const STATE: usize = 9;
const MARKS: usize = 15;

enum Line<'a> {
    Section(&'a str),
    Place(usize, Place<'a>),
}

pub fn draw(step: &Walkthrough, migration: &Migration, area: Area, canvas: &mut Canvas) {
    let Some((procedure, walk)) = step.shown(migration) else {
        put(canvas, area.x, area.y, "There is nothing to go through.", role::plain());
        return;
    };
    let mut lines = Vec::new();
    let (mut section, mut selected) = ("", 0);
    let cursor = step.list.selected;
    let places = walk.places(procedure);
    let cursor = cursor.min(places.len().saturating_sub(1));
    for (at, place) in places.into_iter().enumerate() {
        if section != place.section.name {
            section = &place.section.name;
            lines.push(Line::Section(&place.section.title));
        }
        if at == cursor {
            selected = lines.len();
        }
        lines.push(Line::Place(at, place));
    }
    let height = area.height.saturating_sub(details_height(area.height));
    let listed = Area { height, ..area };
    // The heading of the first step is seen with it.
    let seen = List { selected, first: selected.saturating_sub(usize::from(height) / 2) };
    let window = if cursor == 0 {
        0..usize::from(height).min(lines.len())
    } else {
        seen.window(lines.len(), usize::from(height))
    };
    let is_small = migration.size.class() == Class::Small;
    let more = lines.len() > window.end;
    for (at, line) in lines[window].iter().enumerate() {
        match line {
            Line::Section(title) => {
                let Ok(offset) = u16::try_from(at) else { continue };
                put(canvas, area.x, area.y + offset, title, role::title());
            }
            Line::Place(place, of) => {
                let cells = cells(step, of, migration, listed.width, is_small, *place == cursor);
                row(canvas, listed, at, &cells, *place == cursor);
            }
        }
    }
    if more && height > 0 {
        right(canvas, listed, height - 1, " ↓ more ", role::accent());
    }
    let below = Area { y: area.y + height, height: area.height - height, ..area };
    if let Some(place) = step.selected(migration) {
        draw_details(step, &place, migration, below, canvas);
    }
}

/// Lines of the box below the list.
fn details_height(height: u16) -> u16 {
    (height / 2).max(6).min(height.saturating_sub(3))
}

fn cells<'a>(
    step: &Walkthrough,
    place: &Place<'a>,
    migration: &Migration,
    width: u16,
    is_small: bool,
    is_selected: bool,
) -> Vec<Cell<'a>> {
    let (sign, state) = details::state(step, place, migration);
    let marks = if is_small { 0 } else { MARKS };
    let room = usize::from(width).saturating_sub(4 + STATE + 2 + marks + 1);
    let title = match place.server {
        Some(server) => format!("{server}: {}", place.step.title),
        None => place.step.title.clone(),
    };
    let mut cells = vec![
        Cell::left(if is_selected { "▸" } else { " " }, 1, role::plain()),
        Cell::left(sign.text(), 1, role::of(sign)),
        Cell::left(cut(&title, room), room, role::plain()),
        Cell::number(state, STATE, role::plain()),
    ];
    if !is_small {
        cells.push(Cell::left(place.marks(), MARKS, role::dim()));
    }
    cells
}

fn draw_details(
    step: &Walkthrough,
    place: &Place<'_>,
    migration: &Migration,
    area: Area,
    canvas: &mut Canvas,
) {
    let inner = panel(area, &place.section.title, false, canvas);
    let width = usize::from(inner.width);
    let lines: Vec<String> = details::whole(step, place, migration)
        .iter()
        .flat_map(|line| wrap_indented(line, width))
        .collect();
    let room = usize::from(inner.height);
    for (y, line) in (inner.y..).zip(lines.iter().take(room)) {
        put(canvas, inner.x, y, &cut(line, width), role::plain());
    }
    if lines.len() > room {
        let more = Area { y: area.bottom().saturating_sub(1), height: 1, ..area };
        right(
            canvas,
            Area { width: more.width - 2, ..more },
            0,
            " Enter: all of it ",
            role::accent(),
        );
    }
}
