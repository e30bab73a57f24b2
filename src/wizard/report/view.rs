//! ```text
//! Summary   Entities 38   Left behind 4   Lessons 12   Story 40        Tab
//! the page: boxes where there is room for them, else lines to scroll; the way back with all about
//! the selected task below, and with the note that is typed
//! ```

use super::super::look::{Area, Canvas, Cell, panel, paragraph, put, right, role, row, text_width};
use super::super::message::Sign;
use super::super::migration::Migration;
use super::super::viewport::Class;
use super::digest::{self, Said, Section};
use super::{Page, Report, way_back, wrapped};
use crate::report::{RunReport, number};

pub fn draw(step: &Report, migration: &Migration, area: Area, canvas: &mut Canvas) {
    let (Some(digest), Some(reported)) = (&step.digest, &migration.report) else {
        put(canvas, area.x, area.y, "A run that has ended has a report.", role::plain());
        return;
    };
    if area.height == 0 {
        return;
    }
    draw_pages(step, migration, Area { height: 1, ..area }, canvas);
    let page = Area { y: area.y + 1, height: area.height - 1, ..area };
    match step.page {
        Page::Summary => {
            if migration.size.class() != Class::Large || !draw_boxes(step, migration, page, canvas)
            {
                let lines = step.flat(migration, usize::from(page.width));
                let height = usize::from(page.height);
                let first = step.list().selected.min(lines.len().saturating_sub(height));
                for (at, said) in lines.iter().skip(first).take(height).enumerate() {
                    draw_said(said, at, false, false, page, canvas);
                }
                if first + height < lines.len() {
                    let line = page.height.saturating_sub(1);
                    right(canvas, page, line, " ↓ more ", role::accent());
                }
            }
        }
        Page::Entities => draw_entities(step, &reported.report, migration, page, canvas),
        Page::Left => draw_list(step, &digest.left, "Nothing was left behind.", page, canvas),
        Page::WayBack => draw_way_back(step, migration, page, canvas),
        Page::Lessons => draw_lessons(step, page, canvas),
        Page::Story => draw_list(step, &digest.story, "The journal has no story.", page, canvas),
    }
}

/// The names of the pages; the one that is shown is marked.
fn draw_pages(step: &Report, migration: &Migration, area: Area, canvas: &mut Canvas) {
    let end = right(canvas, area, 0, "Tab: next page", role::plain());
    let is_small = migration.size.class() == Class::Small;
    let mut x = area.x;
    for page in step.pages() {
        let count = match page {
            Page::Summary => String::new(),
            Page::Lessons => {
                format!(" {}", step.learned.iter().filter(|learned| learned.is_met).count())
            }
            page => format!(" {}", number(step.count(page, migration) as u64)),
        };
        let is_shown = page == step.page;
        let mark = if is_shown { "▸" } else { " " };
        let count = if is_small { String::new() } else { count };
        let text = format!("{mark}{}{count}", page.name());
        let width = u16::try_from(text_width(&text)).unwrap_or(0);
        // The one that is shown is always named, however little room there is.
        let limit = if is_small { area.right() } else { end };
        if x + width >= limit && !is_shown {
            break;
        }
        put(canvas, x, area.y, &text, if is_shown { role::selected() } else { role::plain() });
        x += width + 1;
    }
}

fn draw_said(
    said: &Said,
    at: usize,
    has_cursor: bool,
    is_selected: bool,
    area: Area,
    canvas: &mut Canvas,
) {
    let width = usize::from(area.width);
    let mut cells = Vec::new();
    if has_cursor {
        cells.push(Cell::left(if is_selected { "▸" } else { " " }, 1, role::plain()));
    }
    if let Some(sign) = said.sign {
        cells.push(Cell::left(sign.text(), 1, role::of(sign)));
    }
    let style = match (said.is_title, said.sign) {
        (true, _) => role::title(),
        (false, Some(Sign::Bad)) => role::bad(),
        (false, _) => role::plain(),
    };
    cells.push(Cell::left(said.text.as_str(), width, style));
    row(canvas, area, at, &cells, is_selected);
}

/// The first page in boxes; says whether there is room for them.
fn draw_boxes(step: &Report, migration: &Migration, area: Area, canvas: &mut Canvas) -> bool {
    let Some(digest) = &step.digest else { return false };
    let next = step.next(migration);
    let inner = usize::from(area.width).saturating_sub(4);
    let boxes: Vec<(&Section, Vec<Said>)> =
        digest.sections.iter().map(|section| (section, wrapped(&section.lines, inner))).collect();
    let below = wrapped(&next.lines, usize::from(area.width).saturating_sub(1));
    let wanted = boxes.iter().map(|(_, lines)| lines.len() + 2).sum::<usize>() + below.len() + 1;
    if wanted > usize::from(area.height) {
        return false;
    }
    let mut y = area.y;
    for (section, lines) in &boxes {
        let height = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX);
        let part = Area { y, height, ..area };
        let room = panel(part, &section.title, false, canvas);
        for (at, said) in lines.iter().enumerate() {
            draw_said(said, at, false, false, room, canvas);
        }
        y += height;
    }
    let part = Area { x: area.x + 1, y, width: area.width - 1, height: area.bottom() - y };
    put(canvas, part.x, part.y, &next.title, role::title());
    for (at, said) in below.iter().enumerate() {
        draw_said(said, at + 1, false, false, part, canvas);
    }
    true
}

fn draw_list(step: &Report, lines: &[Said], empty: &str, area: Area, canvas: &mut Canvas) {
    if lines.is_empty() {
        put(canvas, area.x + 2, area.y, empty, role::plain());
        return;
    }
    let list = step.list();
    for (at, place) in list.window(lines.len(), usize::from(area.height)).enumerate() {
        draw_said(&lines[place], at, true, place == list.selected, area, canvas);
    }
}

fn draw_lessons(step: &Report, area: Area, canvas: &mut Canvas) {
    let list = step.list();
    let count = step.learned.len();
    for (at, place) in list.window(count, usize::from(area.height)).enumerate() {
        draw_said(&step.learned[place].said, at, true, place == list.selected, area, canvas);
    }
}

/// Lines for all about a task, where there is room for them.
const DETAILS: usize = 6;

/// The tasks, below them all about the selected one, and the note that is typed.
fn draw_way_back(step: &Report, migration: &Migration, area: Area, canvas: &mut Canvas) {
    let Some(list) = way_back::list(migration) else { return };
    let mut y = 0;
    for line in way_back::head(list) {
        y = paragraph(canvas, area, y, &line, role::plain());
    }
    let below = usize::from(area.height).saturating_sub(usize::from(y));
    let height = list.tasks.len().min(below.saturating_sub(DETAILS).max(3));
    let tasks = Area { y: area.y + y, height: area.height.saturating_sub(y), ..area };
    for (at, place) in step.list().window(list.tasks.len(), height).enumerate() {
        let said = Said::text(way_back::line(&list.tasks[place]));
        draw_said(&said, at, true, place == step.list().selected, tasks, canvas);
    }
    let taken = u16::try_from(height).unwrap_or(u16::MAX).saturating_add(y);
    let rest =
        Area { y: area.y.saturating_add(taken), height: area.height.saturating_sub(taken), ..area };
    if step.note.is_typed() {
        draw_note(step, rest, canvas);
        return;
    }
    let Some(task) = list.tasks.get(step.list().selected) else { return };
    let words = wrapped(&way_back::words(task), usize::from(rest.width).saturating_sub(1));
    for (line, said) in (1..usize::from(rest.height)).zip(&words) {
        draw_said(said, line, false, false, rest, canvas);
    }
}

/// The note in the first line of the room.
fn draw_note(step: &Report, area: Area, canvas: &mut Canvas) {
    if area.height == 0 {
        return;
    }
    const LABEL: &str = "Note: ";
    let room = usize::from(area.width).saturating_sub(LABEL.len() + 1);
    let (shown, column) = step.note.field().seen(room);
    put(canvas, area.x, area.y, LABEL, role::title());
    let x = area.x + LABEL.len() as u16;
    put(canvas, x, area.y, &shown, role::plain());
    let cursor = x.saturating_add(u16::try_from(column).unwrap_or(0));
    if cursor < area.right() && area.y < canvas.area.bottom() {
        canvas[(cursor, area.y)].set_style(role::selected());
    }
    let help = "Enter keeps it, Esc leaves it as it was.";
    put(canvas, area.x, area.y.saturating_add(1), help, role::plain());
}

const NUMBER: usize = 10;

fn draw_entities(
    step: &Report,
    report: &RunReport,
    migration: &Migration,
    area: Area,
    canvas: &mut Canvas,
) {
    let Some(digest) = &step.digest else { return };
    let is_small = migration.size.class() == Class::Small;
    let width = usize::from(area.width);
    // Mark, sign, four numbers, the proof's result; a blank after each.
    let taken = if is_small { 4 + NUMBER + 1 + 12 } else { 4 + 4 * (NUMBER + 1) + 12 };
    let name = width.saturating_sub(taken + 1).max(8);
    let title = role::title();
    let mut cells =
        vec![Cell::left("", 1, title), Cell::left("", 1, title), Cell::left("Entity", name, title)];
    let columns = ["Source", "Written", "Left out", "Refused"];
    let shown = if is_small { 1..2 } else { 0..4 };
    cells.extend(columns[shown.clone()].iter().map(|text| Cell::number(*text, NUMBER, title)));
    cells.push(Cell::left("Proof", 12, title));
    row(canvas, area, 0, &cells, false);
    let area = Area { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    if area.height == 0 {
        return;
    }
    let list = step.list();
    for (at, line) in list.window(digest.entities.len(), usize::from(area.height)).enumerate() {
        let place = digest.entities[line];
        let Some(entity) = report.entities.get(place) else { continue };
        let is_selected = line == list.selected;
        let is_past = report.since_proof.is_some();
        let proof = match digest::proof_of(report, place) {
            _ if is_past => "of before".to_owned(),
            None => "not proved".to_owned(),
            Some(proof) if proof.holds() => "holds".to_owned(),
            Some(proof) => format!("{} differ", number(proof.differences)),
        };
        let sign = if is_past {
            Sign::Later
        } else if digest::proof_of(report, place).is_some_and(|proof| !proof.holds()) {
            Sign::Bad
        } else if digest::has_problem(report, place) {
            Sign::Warning
        } else if report.proof.is_some() {
            Sign::Good
        } else {
            Sign::Later
        };
        let mut cells = vec![
            Cell::left(if is_selected { "▸" } else { " " }, 1, role::plain()),
            Cell::left(sign.text(), 1, role::of(sign)),
            Cell::left(entity.name.as_str(), name, role::plain()),
        ];
        let numbers = [
            entity.source_rows,
            entity.written + entity.recognised,
            entity.left_out,
            entity.rejected,
        ];
        cells.extend(
            numbers[shown.clone()]
                .iter()
                .map(|count| Cell::number(number(*count), NUMBER, role::plain())),
        );
        cells.push(Cell::left(proof, 12, role::of(sign)));
        row(canvas, area, at, &cells, is_selected);
    }
}
