//! ```text
//! ████░░░░  21%  276,420 of 1,284,322 rows     8m 44s, about 32 min left
//! 1,840 rows a second  ▂▃▅▇▆▅  at most 2,210
//! Reading slower: the source answers in …        while the source is not read as ever
//! ┌ entities, running first ─────┐   80 columns: no boxes, two events
//! ├ events, newest first ────────┤   60 columns: sign, name, result; one event
//! [ Pause  p ]   [ Stop after this batch  s ]
//! ```

use ratatui::style::Style;

use super::super::list::List;
use super::super::look::{
    Area, Canvas, Cell, bar, cut, panel, paragraph, put, right, role, row, rule, text_width, wrap,
};
use super::super::migration::{Migration, Running};
use super::super::viewport::Class;
use super::words;
use super::{Execute, Group, Row};
use crate::migrate::{self, EntityProgress, EntityState, Phase};
use crate::report::{counted, number};

pub fn draw(step: &Execute, migration: &Migration, area: Area, canvas: &mut Canvas) {
    let Some(run) = &migration.run else {
        let text =
            "Nothing is running. Review starts the run, once the destination's name is typed.";
        paragraph(canvas, area, 0, text, role::plain());
        return;
    };
    let class = migration.size.class();
    let mut y = area.y;
    let mut part = |height: u16| {
        let height = height.min(area.bottom().saturating_sub(y));
        let part = Area { y, height, ..area };
        y += height;
        part
    };
    draw_bar(step, migration, run, part(1), canvas);
    let held = run.held().map(|held| {
        wrap(&format!("Waiting for you: {held}"), usize::from(area.width.saturating_sub(2)))
    });
    let held = held.unwrap_or_default();
    // While it waits nothing is fast; what it waits for has the room.
    if class != Class::Small && held.is_empty() {
        draw_rate(migration, run, part(1), canvas);
    }
    let pacing = words::pacing(run);
    if let Some(text) = &pacing {
        let line = part(1);
        let text = cut(text, usize::from(line.width));
        put(canvas, line.x, line.y, &text, role::warning());
    }
    let told = part(u16::try_from(held.len()).unwrap_or(0));
    for (line, text) in (told.y..told.bottom()).zip(&held) {
        put(canvas, told.x, line, text, role::warning());
    }
    let events: u16 = match class {
        Class::Large => 6,
        Class::Medium => 3,
        Class::Small | Class::TooSmall => 1,
    };
    let above = match (held.len(), class) {
        (0, Class::Small) => 1,
        (0, _) => 2,
        (lines, _) => 1 + u16::try_from(lines).unwrap_or(0),
    };
    let above = above + u16::from(pacing.is_some());
    let open = step.open.is_some() || step.events.is_some();
    let room = area.height.saturating_sub(above + 1);
    if open {
        let whole = part(room);
        match (&step.events, step.open) {
            (Some(list), _) => draw_events(run, Some(list), whole, canvas),
            (None, Some(place)) => draw_details(step, migration, run, place, whole, canvas),
            (None, None) => {}
        }
    } else {
        let table = part(room.saturating_sub(events));
        draw_table(step, migration, run, table, canvas);
        let below = part(events.min(room));
        match class {
            Class::Large => draw_events(run, None, below, canvas),
            Class::Medium => {
                rule(Area { height: 1.min(below.height), ..below }, canvas);
                let below =
                    Area { y: below.y + 1, height: below.height.saturating_sub(1), ..below };
                event_lines(run, &List::default(), below, canvas);
            }
            Class::Small | Class::TooSmall => event_lines(run, &List::default(), below, canvas),
        }
    }
    draw_buttons(run, part(1), canvas);
}

/// `████░░░░  21%  276,420 of 1,284,322 rows   8m 44s, about 32 min left`
fn draw_bar(step: &Execute, migration: &Migration, run: &Running, area: Area, canvas: &mut Canvas) {
    if area.height == 0 {
        return;
    }
    let (done, of, what) = words::bar(run, step.to_delete);
    let elapsed = words::duration(run.elapsed(&migration.now));
    let time = match run.time_left(&migration.now) {
        _ if run.ended => format!("ended after {elapsed}"),
        Some(left) if run.told == migrate::Command::Run => {
            format!("{elapsed}, {} left", words::about(left))
        }
        _ => elapsed,
    };
    let end = right(canvas, area, 0, &time, role::plain());
    let width = if area.width < 70 { 10 } else { 18 };
    let percent = (done.min(of) * 100).checked_div(of).unwrap_or(100);
    put(canvas, area.x, area.y, &bar(done, of, width), role::accent());
    let x = area.x + u16::try_from(width).unwrap_or(0) + 1;
    let room = usize::from(end.saturating_sub(x + 1));
    put(canvas, x, area.y, &cut(&format!("{percent:>3}%  {what}"), room), role::title());
}

/// `1,840 rows a second  ▂▃▅▇▆▅  at most 2,210`
fn draw_rate(migration: &Migration, run: &Running, area: Area, canvas: &mut Canvas) {
    if area.height == 0 {
        return;
    }
    if let Some(proof) = run.proving.as_ref().filter(|proof| !proof.name.is_empty()) {
        let text = format!(
            "{}: {} of {} {} compared",
            proof.name,
            number(proof.rows),
            number(proof.of),
            proof.unit()
        );
        put(canvas, area.x, area.y, &cut(&text, usize::from(area.width)), role::plain());
        return;
    }
    let is_loading = run.progress.as_ref().is_some_and(|progress| progress.phase >= Phase::Loading);
    let Some(rate) = run.rate(&migration.now).filter(|_| is_loading) else { return };
    let text = format!("{} rows a second", number(rate.round() as u64));
    put(canvas, area.x, area.y, &text, role::plain());
    let curve = run.curve(usize::from(area.width).saturating_sub(48).min(60));
    let most = curve.iter().copied().fold(0.0_f64, f64::max);
    if most <= 0.0 {
        return;
    }
    let signs = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
    let line: String =
        curve.iter().map(|rate| signs[((rate / most * 7.0).round() as usize).min(7)]).collect();
    let x = area.x + 24;
    put(canvas, x, area.y, &line, role::accent());
    let x = x + u16::try_from(curve.len()).unwrap_or(0) + 2;
    let text = format!("at most {}", number(most.round() as u64));
    let room = usize::from(area.right().saturating_sub(x));
    if text_width(&text) <= room {
        put(canvas, x, area.y, &text, role::plain());
    }
}

fn draw_table(
    step: &Execute,
    migration: &Migration,
    run: &Running,
    area: Area,
    canvas: &mut Canvas,
) {
    if area.height == 0 {
        return;
    }
    let entities = run.progress.as_ref().map_or(0, |progress| progress.entities.len());
    let tick = |group: Group| if step.shown[group as usize] { "x" } else { " " };
    let title = format!(
        "{}   show: r [{}] running w [{}] waiting d [{}] done f [{}] failed",
        counted(entities as u64, "entity", "entities"),
        tick(Group::Running),
        tick(Group::Waiting),
        tick(Group::Done),
        tick(Group::Failed)
    );
    let area = match migration.size.class() {
        Class::Large => panel(area, &title, true, canvas),
        _ => area,
    };
    let columns = Columns::new(area.width, migration.size.class() == Class::Small);
    columns.heading(area, canvas);
    let area = Area { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    if step.rows.is_empty() {
        let text = if entities == 0 {
            "The run is being prepared."
        } else {
            "All entities are hidden: r, w, d and f show them."
        };
        put(canvas, area.x + 2, area.y, text, role::plain());
        return;
    }
    let Some(progress) = &run.progress else { return };
    let lines = step.list.window(step.rows.len(), usize::from(area.height));
    for (at, place) in lines.enumerate() {
        let is_selected = place == step.list.selected;
        match step.rows[place] {
            Row::Done(count) => {
                columns.done(step, count, is_selected, at, area, canvas);
            }
            Row::Entity(place) => {
                let Some(entity) = progress.entities.get(place) else { continue };
                let line = Line { migration, run, place, entity, names: &step.names };
                columns.entity(&line, is_selected, at, area, canvas);
            }
        }
    }
}

/// An entity to be drawn.
struct Line<'a> {
    migration: &'a Migration,
    run: &'a Running,
    place: usize,
    entity: &'a EntityProgress,
    names: &'a [String],
}

/// Widths of the table's columns: numbers go first when there is little room.
struct Columns {
    name: usize,
    has_numbers: bool,
    result: usize,
}

const ROWS: usize = 11;
const BAR: usize = 8;
const RATE: usize = 7;
const LEFT: usize = 7;

impl Columns {
    fn new(width: u16, is_small: bool) -> Self {
        let width = usize::from(width);
        // The mark, the sign, and a blank after each column.
        let taken = if is_small { 4 } else { 4 + ROWS + BAR + 4 + RATE + LEFT + 5 };
        let rest = width.saturating_sub(taken + 1);
        let name = (rest * 11 / 20).max(8).min(rest);
        Self { name, has_numbers: !is_small, result: rest - name }
    }

    fn heading(&self, area: Area, canvas: &mut Canvas) {
        let style = role::title();
        let mut cells = vec![
            Cell::left("", 1, style),
            Cell::left("", 1, style),
            Cell::left("Entity", self.name, style),
        ];
        if self.has_numbers {
            cells.extend([
                Cell::number("Rows", ROWS, style),
                Cell::left("", BAR, style),
                Cell::number("%", 4, style),
                Cell::number("Rows/s", RATE, style),
                Cell::number("Left", LEFT, style),
            ]);
        }
        cells.push(Cell::left("Result", self.result, style));
        row(canvas, area, 0, &cells, false);
    }

    fn entity(
        &self,
        line: &Line<'_>,
        is_selected: bool,
        at: usize,
        area: Area,
        canvas: &mut Canvas,
    ) {
        let Line { migration, run, place, entity, names } = *line;
        let (sign, sign_style) = words::sign(entity);
        let name = names.get(place).map_or(entity.name.as_str(), String::as_str);
        let mut cells = vec![
            Cell::left(if is_selected { "▸" } else { " " }, 1, role::plain()),
            Cell::left(sign, 1, role::of(sign_style)),
            Cell::left(name, self.name, role::plain()),
        ];
        if self.has_numbers {
            let total = entity.total.max(entity.read);
            let is_over = matches!(entity.state, EntityState::Done | EntityState::SecondPass);
            // An empty table is done once it is done, not before.
            let percent = if is_over {
                100
            } else {
                (entity.read * 100).checked_div(total).unwrap_or(0).min(99)
            };
            let rate = run.entity_rate(place, &migration.now).filter(|rate| *rate >= 1.0);
            let dash = || "-".to_owned();
            cells.extend([
                Cell::number(number(entity.read), ROWS, role::plain()),
                Cell::left(bar(percent, 100, BAR), BAR, bar_style(entity)),
                Cell::number(percent.to_string(), 4, role::plain()),
                Cell::number(
                    rate.map_or_else(dash, |rate| number(rate.round() as u64)),
                    RATE,
                    role::plain(),
                ),
                Cell::number(
                    run.entity_time_left(place, &migration.now).map_or_else(dash, words::duration),
                    LEFT,
                    role::plain(),
                ),
            ]);
        }
        let result = words::result(migration, run, place, entity, names);
        cells.push(Cell::left(result, self.result, result_style(entity)));
        row(canvas, area, at, &cells, is_selected);
        self.keep_bar(area, at, canvas);
    }

    /// A bar is not reversed: what is done would look left over.
    fn keep_bar(&self, area: Area, at: usize, canvas: &mut Canvas) {
        let (Ok(x), Ok(y)) = (u16::try_from(4 + self.name + 1 + ROWS + 1), u16::try_from(at))
        else {
            return;
        };
        if self.has_numbers {
            let bar = Area { x: area.x + x, y: area.y + y, width: BAR as u16, height: 1 };
            canvas.set_style(bar.intersection(area), Style::new().not_reversed());
        }
    }

    fn done(
        &self,
        step: &Execute,
        count: usize,
        is_selected: bool,
        at: usize,
        area: Area,
        canvas: &mut Canvas,
    ) {
        let mut cells = vec![
            Cell::left(if is_selected { "▸" } else { " " }, 1, role::plain()),
            Cell::left("✓", 1, role::good()),
            Cell::left(format!("{} done", number(count as u64)), self.name, role::plain()),
        ];
        if self.has_numbers {
            cells.extend([
                Cell::number(number(step.done_rows), ROWS, role::plain()),
                Cell::left(bar(1, 1, BAR), BAR, role::good()),
                Cell::number("100", 4, role::plain()),
                Cell::number("-", RATE, role::plain()),
                Cell::number("-", LEFT, role::plain()),
            ]);
        }
        let result = if step.is_unfolded { "ok; Enter folds" } else { "ok; Enter lists" };
        cells.push(Cell::left(result, self.result, role::plain()));
        row(canvas, area, at, &cells, is_selected);
        self.keep_bar(area, at, canvas);
    }
}

fn bar_style(entity: &EntityProgress) -> Style {
    match entity.state {
        EntityState::Failed => role::bad(),
        EntityState::Done => role::good(),
        _ => role::accent(),
    }
}

fn result_style(entity: &EntityProgress) -> Style {
    match entity.state {
        EntityState::Failed => role::bad(),
        _ if entity.rejected > 0 => role::warning(),
        _ => role::plain(),
    }
}

/// The events below the table, or with a list in the whole room.
fn draw_events(run: &Running, list: Option<&List>, area: Area, canvas: &mut Canvas) {
    if area.height < 3 {
        return;
    }
    let closes = if list.is_some() { "   ↑↓ earlier   Esc closes" } else { "" };
    let title = format!("Events, newest first{closes}");
    let inner = panel(area, &title, list.is_some(), canvas);
    event_lines(run, list.unwrap_or(&List::default()), inner, canvas);
}

/// The events, newest first.
fn event_lines(run: &Running, list: &List, area: Area, canvas: &mut Canvas) {
    let count = run.events.len();
    for (line, place) in (0..area.height).zip(list.window(count, usize::from(area.height))) {
        let Some((at, text)) = run.events.get(count - 1 - place) else { continue };
        let text = cut(&format!("{at}  {text}"), usize::from(area.width));
        put(canvas, area.x, area.y + line, &text, role::plain());
    }
}

/// All about one entity, and what happened to it.
fn draw_details(
    step: &Execute,
    migration: &Migration,
    run: &Running,
    place: usize,
    area: Area,
    canvas: &mut Canvas,
) {
    if area.height < 3 {
        return;
    }
    let full = run.progress.as_ref().and_then(|progress| progress.entities.get(place));
    let Some(entity) = full else { return };
    let area = panel(area, &format!("{}   ↑↓ others   Esc closes", entity.name), true, canvas);
    let mut line = 0;
    for (label, text) in words::details(migration, run, place, &step.names) {
        if line >= area.height {
            return;
        }
        put(canvas, area.x, area.y + line, label, role::title());
        let inner = Area { x: area.x + 12, width: area.width.saturating_sub(12), ..area };
        line = paragraph(canvas, inner, line, &text, role::plain());
    }
    let start = format!("{}: ", entity.name);
    let own = run.events.iter().rev().filter(|(_, text)| text.starts_with(&start));
    for (line, (at, text)) in (line + 1..area.height).zip(own) {
        let text = text.strip_prefix(&start).unwrap_or(text);
        let text = cut(&format!("{at}  {text}"), usize::from(area.width));
        put(canvas, area.x, area.y + line, &text, role::plain());
    }
}

fn draw_buttons(run: &Running, area: Area, canvas: &mut Canvas) {
    if area.height == 0 {
        return;
    }
    let text = if run.ended {
        "The run has ended.".to_owned()
    } else if run.proving.is_some() {
        "Everything is written; the proof only reads.".to_owned()
    } else {
        match run.told {
            migrate::Command::Stop | migrate::Command::Cancel => "Stopping…".to_owned(),
            told => {
                let first = if told == migrate::Command::Pause || run.held().is_some() {
                    "[ Go on  p ]"
                } else {
                    "[ Pause  p ]"
                };
                let safe = if area.width < 75 { "" } else { "   one batch, one transaction" };
                format!("{first}   [ Stop after this batch  s ]{safe}")
            }
        }
    };
    put(canvas, area.x, area.y, &cut(&text, usize::from(area.width)), role::title());
}
