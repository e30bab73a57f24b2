//! ```text
//!  header: migration, both environments, PLANNING or WRITING
//!  ───────────────────┬──────────────────────────────────────
//!   rail              │ what this step is for
//!                     │ the step's own body
//!                     │ [ Back ]  [ Next ]
//!  ───────────────────┴──────────────────────────────────────
//!  status line                          when data was checked
//!  footer: this screen's keys            keys that work always
//! ```
//! Below 100×30 the rail is one line under the header.

use ratatui::style::Style;

use super::super::keys::{self, Binding, Footer};
use super::super::look::{Area, Canvas, cut, paragraph, put, right, role, rule, text_width};
use super::super::message::Sign;
use super::super::viewport::{Class, RAIL, SMALLEST};
use super::super::{Model, Screen, home, overlay};
use super::lesson;
use crate::outsystems::Side;
use crate::plan::Purpose;
use crate::procedures::Errand;
use crate::report::number;

/// Draws everything.
pub fn draw(model: &Model, canvas: &mut Canvas) {
    let area = canvas.area;
    let class = model.migration.size.class();
    if class == Class::TooSmall {
        draw_too_small(model, area, canvas);
        return;
    }
    draw_header(model, line(area, 0), canvas);
    let below_header = if class == Class::Large || model.screen == Screen::Home {
        2
    } else {
        draw_rail_line(model, line(area, 1), canvas);
        3
    };
    rule(line(area, below_header - 1), canvas);
    let bottom = area.height - 3;
    rule(line(area, bottom), canvas);
    draw_status(model, line(area, bottom + 1), canvas);
    draw_footer(model, line(area, bottom + 2), canvas);
    let body = Area { y: area.y + below_header, height: bottom - below_header, ..area };
    match model.step() {
        None => {
            let body = Area { x: body.x + 1, width: body.width - 2, ..body };
            home::view::draw(&model.home, &model.migration, body, canvas);
        }
        Some(_) if class == Class::Large => {
            draw_rail(model, Area { width: RAIL - 1, ..body }, canvas);
            draw_rail_border(Area { x: body.x + RAIL - 1, width: 1, ..body }, canvas);
            let body = Area { x: body.x + RAIL + 1, width: body.width - RAIL - 2, ..body };
            draw_step(model, body, canvas);
        }
        Some(_) => {
            let body = Area { x: body.x + 1, width: body.width - 2, ..body };
            draw_step(model, body, canvas);
        }
    }
    overlay::view::draw(model, canvas);
}

fn line(area: Area, y: u16) -> Area {
    Area { y: area.y + y, height: 1, ..area }
}

/// The window is too small: says so, and how far a run is.
fn draw_too_small(model: &Model, area: Area, canvas: &mut Canvas) {
    let text = format!(
        "Window is {}×{}, needs {}×{}",
        area.width, area.height, SMALLEST.width, SMALLEST.height
    );
    let mut at = paragraph(canvas, area, 0, &text, role::warning());
    if let Some(progress) = model.migration.run.as_ref().and_then(|run| run.progress.as_ref()) {
        let (read, total) = progress.totals();
        let text =
            format!("{}: {} of {} rows", progress.phase.label(), number(read), number(total));
        at = paragraph(canvas, area, at, &text, role::plain());
    }
    paragraph(canvas, area, at, "Every key still works.", role::plain());
}

/// Which migration, from where to where, and whether anything is written.
fn draw_header(model: &Model, area: Area, canvas: &mut Canvas) {
    let migration = &model.migration;
    if model.screen == Screen::Home {
        put(
            canvas,
            area.x + 1,
            area.y,
            concat!("osferry ", env!("CARGO_PKG_VERSION")),
            role::title(),
        );
        let title = Area { width: area.width - 1, ..area };
        right(canvas, title, 0, "OutSystems 11 data migration", role::plain());
        return;
    }
    let (mut state, style) = header_state(model);
    if migration.size.class() == Class::Small {
        // The databases' names need the room.
        let short = state.find([':', '·']).unwrap_or(state.len());
        state.truncate(state[..short].trim_end().len());
    }
    let practice = if migration.is_practice { "PRACTICE  " } else { "" };
    let state = format!("{practice}{state} ");
    let end = right(canvas, area, 0, &state, style);
    let mut x = area.x + 1;
    let room = |x: u16| usize::from(end.saturating_sub(x + 1));
    let mut part = |text: &str, style: Style, room: usize| -> u16 {
        let text = cut(text, room);
        let width = u16::try_from(text_width(&text)).unwrap_or(0);
        put(canvas, x, area.y, &text, style);
        x += width;
        x
    };
    let is_narrow = migration.size.class() != Class::Large;
    let mut at = part(&migration.plan.name, role::title(), room(area.x + 1));
    if migration.errand() == Some(Errand::Oracle) {
        return;
    }
    at = part(if is_narrow { "  " } else { "   from " }, role::plain(), room(at));
    for side in [Side::Source, Side::Destination] {
        let is_production = side == Side::Source
            && migration.plan.source.purpose.is_none_or(|purpose| purpose == Purpose::Production);
        let style = if is_production {
            role::production()
        } else if side == Side::Source {
            role::source()
        } else {
            role::destination()
        };
        at = part(&migration.name_of(side), style, room(at));
        if side == Side::Source {
            at = part(if is_narrow { " → " } else { "   to " }, role::plain(), room(at));
        }
    }
}

fn header_state(model: &Model) -> (String, Style) {
    let migration = &model.migration;
    if migration.is_cleaning() {
        return (format!("WRITING TO {}", migration.name_of(Side::Destination)), role::writing());
    }
    if let Some(run) = migration.errand.as_ref().and_then(|known| known.run.as_ref()) {
        return (format!("RUN {} · nothing is running", run.id), role::plain());
    }
    if migration.errand().is_some_and(|errand| errand != Errand::Cleanup) {
        return ("nothing is written to any database".to_owned(), role::good());
    }
    if migration.is_undoing() {
        let name = migration.name_of(Side::Destination);
        return (format!("UNDOING IN {name}"), role::writing());
    }
    match (&migration.run, &migration.report) {
        (Some(run), _) if !run.ended && !run.has_begun() => {
            ("STARTING: nothing is written yet".to_owned(), role::warning())
        }
        (Some(run), _) if !run.ended && run.proving.is_some() => {
            (format!("PROVING {}", migration.name_of(Side::Destination)), role::warning())
        }
        (Some(run), _) if !run.ended => {
            (format!("WRITING TO {}", migration.name_of(Side::Destination)), role::writing())
        }
        (_, Some(reported)) => {
            (format!("RUN {} · nothing is running", reported.report.id), role::plain())
        }
        _ => ("PLANNING: nothing is written".to_owned(), role::good()),
    }
}

/// As many whole words as there is room for, the first ones: `4 Static records` → `4 Static`.
fn short(name: &str, width: usize) -> String {
    let mut words: Vec<&str> = name.split(' ').collect();
    while words.len() > 2 && text_width(&words.join(" ")) > width {
        words.pop();
    }
    cut(&words.join(" "), width)
}

/// All steps, one below the other, with their signs.
fn draw_rail(model: &Model, area: Area, canvas: &mut Canvas) {
    let errand = model.migration.errand();
    let title = errand.map_or("MIGRATION".to_owned(), |errand| errand.label().to_uppercase());
    put(canvas, area.x + 1, area.y + 1, &title, role::title());
    for (place, step) in model.steps.iter().enumerate() {
        let Ok(offset) = u16::try_from(place) else { break };
        let y = area.y + 3 + offset;
        let sign = model.sign(place);
        let style = if sign == Sign::Here { role::title() } else { role::plain() };
        put(canvas, area.x + 1, y, sign.text(), role::of(sign));
        let number = if place == 9 { 0 } else { place + 1 };
        let count = step.count(&model.migration);
        let width = usize::from(area.width).saturating_sub(4);
        let left = width.saturating_sub(text_width(&count) + usize::from(!count.is_empty()));
        put(canvas, area.x + 3, y, &short(&format!("{number} {}", step.name()), left), style);
        let room = Area { y, height: 1, width: area.width - 1, ..area };
        right(canvas, room, 0, &count, role::plain());
    }
    let below = area.y + 4 + u16::try_from(model.steps.len()).unwrap_or(0);
    for (offset, text) in ["✓ done  ! to fix", "▸ here  ~ recheck", "· later"].iter().enumerate()
    {
        let y = below + u16::try_from(offset).unwrap_or(0);
        if y < area.bottom() {
            put(canvas, area.x + 1, y, text, role::dim());
        }
    }
    let migration = &model.migration;
    let saved = match (&migration.run, migration.draft_saved.is_empty()) {
        (Some(run), _) if !run.id.is_empty() => cut(&run.id, 18),
        (None, _) if migration.draft_trouble.is_some() => "draft NOT saved".to_owned(),
        (None, false) if errand.is_some() => {
            format!("kept {}", migration.draft_saved.get(..5).unwrap_or(""))
        }
        (None, false) => format!("draft saved {}", migration.draft_saved.get(..5).unwrap_or("")),
        _ => String::new(),
    };
    if below + 4 < area.bottom() {
        put(canvas, area.x + 1, below + 4, &saved, role::dim());
    }
}

fn draw_rail_border(area: Area, canvas: &mut Canvas) {
    for y in area.y..area.bottom() {
        put(canvas, area.x, y, "│", role::plain());
    }
    put(canvas, area.x, area.y - 1, "┬", role::plain());
    put(canvas, area.x, area.bottom(), "┴", role::plain());
}

/// `Step 3 of 9  Mismatches   ✓ ✓ ▸ · ·`
fn draw_rail_line(model: &Model, area: Area, canvas: &mut Canvas) {
    let Screen::Step(place) = model.screen else { return };
    let name = model.steps[place].name();
    let text = format!("Step {} of {}  {name}", place + 1, model.steps.len());
    put(canvas, area.x + 1, area.y, &text, role::title());
    let mut x = area.x + 4 + u16::try_from(text_width(&text)).unwrap_or(0);
    for place in 0..model.steps.len() {
        let sign = model.sign(place);
        put(canvas, x, area.y, sign.text(), role::of(sign));
        // Two blanks: in ASCII "✓" is "ok".
        x += 3;
    }
    let count = model.steps[place].count(&model.migration);
    let area = Area { width: area.width - 1, ..area };
    right(canvas, area, 0, &count, role::plain());
}

fn draw_step(model: &Model, area: Area, canvas: &mut Canvas) {
    let Screen::Step(place) = model.screen else { return };
    let step = &model.steps[place];
    let migration = &model.migration;
    put(
        canvas,
        area.x,
        area.y,
        &cut(&step.purpose(migration), usize::from(area.width)),
        role::plain(),
    );
    let lesson = lesson(migration, step.name());
    for (offset, text) in (1..).zip(&lesson) {
        put(canvas, area.x, area.y + offset, text, role::lesson());
    }
    let taken = 1 + u16::try_from(lesson.len()).unwrap_or(0);
    let body = Area { y: area.y + taken, height: area.height - taken - 1, ..area };
    step.draw(migration, body, canvas);
    draw_buttons(model, place, line(area, area.height - 1), canvas);
}

/// What Ctrl+P and Ctrl+N lead to.
fn draw_buttons(model: &Model, place: usize, area: Area, canvas: &mut Canvas) {
    let next = model.steps.get(place + 1).map(|step| step.name());
    let is_refused = !model.steps[place].gate(&model.migration).is_empty();
    let back = if place == 0 || model.migration.is_earlier_run() { "Home" } else { "Back" };
    let back = format!("[ {back}  Ctrl+P ]");
    let style = if is_refused { role::plain() } else { role::title() };
    let mut room = area;
    if let Some(next) = next.filter(|_| model.steps[place].offers_next(&model.migration)) {
        if is_refused {
            room.width = right(canvas, room, 0, " (not yet)", style).saturating_sub(room.x);
        }
        let button = format!("[ Next: {next}  Ctrl+N ]");
        let rests = model.steps[place].rests();
        let (text, look) =
            if rests { (format!("▸{button}"), role::selected()) } else { (button, style) };
        room.width =
            right(canvas, room, 0, &text, look).saturating_sub(room.x + 3 - u16::from(rests));
    }
    right(canvas, room, 0, &back, style);
}

fn draw_status(model: &Model, area: Area, canvas: &mut Canvas) {
    let checked = model.step().map_or_else(String::new, |step| step.checked(&model.migration));
    let room = Area { width: area.width - 1, ..area };
    let end = right(canvas, room, 0, &checked, role::dim());
    if let Some(notice) = model.notice() {
        let text = format!("{} {}", notice.sign.text(), notice.text);
        let room = usize::from(end.saturating_sub(area.x + 2));
        put(canvas, area.x + 1, area.y, &cut(&text, room), role::of(notice.sign));
    } else if model.screen == Screen::Home {
        put(canvas, area.x + 1, area.y, "Nothing is written before Review.", role::dim());
    }
}

/// The keys that work now: this screen's on the left, those that always work on the right.
fn draw_footer(model: &Model, area: Area, canvas: &mut Canvas) {
    if !model.migration.overlays.is_empty() {
        // The box names the keys that work in it; the screen's do not.
        let keys = if model.migration.is_undoing() { "s stop" } else { "Esc close" };
        put(canvas, area.x + 1, area.y, keys, role::plain());
        return;
    }
    let in_text = model.in_text();
    let always = if model.screen == Screen::Home {
        let help = if in_text { "F1 help" } else { "? help   q quit" };
        help.to_owned()
    } else if model.migration.size.class() == Class::Small {
        // The buttons above name the keys that lead on and back.
        if in_text { "F1 more" } else { "? more" }.to_owned()
    } else {
        let help = if in_text { "F1 help" } else { "? help" };
        let mut parts: Vec<String> = keys::EVERYWHERE
            .iter()
            .filter(|binding| binding.footer == Footer::Always && binding.in_text)
            .map(label)
            .collect();
        parts.push(help.to_owned());
        parts.join("  ")
    };
    let room = Area { width: area.width - 1, ..area };
    let end = right(canvas, room, 0, &always, role::plain());
    let offered: Vec<String> = model
        .own_keys()
        .iter()
        .filter(|binding| binding.footer == Footer::Here && (binding.in_text || !in_text))
        .filter(|binding| {
            model.step().is_none_or(|step| step.offers(binding.command, &model.migration))
        })
        .map(label)
        .collect();
    let most = if model.migration.size.class() == Class::Small { 3 } else { offered.len() };
    let room = usize::from(end.saturating_sub(area.x + 3));
    let mut text = String::new();
    for (place, part) in offered.iter().enumerate() {
        if place >= most || text_width(&text) + text_width(part) + 2 > room {
            break;
        }
        if !text.is_empty() {
            text.push_str("  ");
        }
        text.push_str(part);
    }
    put(canvas, area.x + 1, area.y, &text, role::plain());
}

fn label(binding: &Binding) -> String {
    let key = binding.keys.first().map(ToString::to_string).unwrap_or_default();
    format!("{key} {}", binding.label)
}
