//! Draws the findings of a step: the list above, the selected one with its choices below.
//!
//! ```text
//! ┌ 2 block the run · 1 warning to decide · 9 notes ── [x] block [x] warning [x] note ┐
//! │ Sev  Entity.Attribute   In the source     In the destination      Rows  Decision  │
//! ├ Claims_CS.Claim.Reference ────────────────────────────────────────────────────────┤
//! │ What, why, rows                                   │ LESSON                        │
//! │ ▸ (•) leave these rows out   recommended          │                               │
//! └────────────────────────────────────────────────────────────────────────────────────┘
//! ```

use ratatui::style::Style;

use super::super::look::{Area, Canvas, Cell, cut, panel, put, right, role, row, text_width, wrap};
use super::super::message::Sign;
use super::super::migration::Migration;
use super::super::viewport::Class;
use super::words::{rows, sentence, short_about, short_choice, unlisted, way_out};
use super::{Findings, Standing};
use crate::compare::{Choice, Finding, PREVIEWED, Severity};
use crate::report::{counted, number};

/// What two columns of the table say of a finding: how it is in the source, and in the
/// destination. `None` where only a sentence can say it.
pub type Sides<'a> = &'a dyn Fn(&Finding) -> Option<(String, String)>;

/// What the table of a step's findings says.
pub struct Table<'a> {
    /// The head of its first column.
    pub heading: &'a str,
    /// What stands in two columns, one for each side; without, there is one for what was noticed.
    pub sides: Option<Sides<'a>>,
    /// What is said when the step has no findings.
    pub nothing: &'a str,
}

/// Draws list and details.
pub fn draw(
    findings: &Findings,
    migration: &Migration,
    table: &Table<'_>,
    area: Area,
    canvas: &mut Canvas,
) {
    let (list, _) = findings.split(migration);
    let list = list.min(area.height);
    if list > 2 {
        draw_list(findings, migration, table, Area { height: list, ..area }, canvas);
    }
    let below = Area { y: area.y + list, height: area.height - list, ..area };
    if below.height > 2 {
        draw_details(findings, migration, findings.selected(), below, canvas);
    }
}

/// The sign of a severity.
#[must_use]
pub fn sign(severity: Severity) -> Sign {
    match severity {
        Severity::Block => Sign::Bad,
        Severity::Warning => Sign::Warning,
        Severity::Note => Sign::Note,
    }
}

/// What the decision column says of a finding, and how it looks.
#[must_use]
pub fn decision(migration: &Migration, finding: &Finding) -> (String, Style) {
    let decisions = &migration.plan.decisions;
    match Standing::of(finding, decisions) {
        Standing::Known => ("to know".to_owned(), role::dim()),
        Standing::Unmendable => ("must be mended".to_owned(), role::bad()),
        Standing::Open => ("choose …".to_owned(), role::title()),
        Standing::Stopped => ("stop, blocks".to_owned(), role::bad()),
        Standing::Decided => {
            let made = decisions.get(&finding.key);
            let text = made.map_or_else(String::new, |made| {
                short_choice(finding.key.kind, &made.choice, made.to.as_deref())
            });
            (text, role::plain())
        }
    }
}

fn title(findings: &Findings, migration: &Migration, width: usize) -> (String, String) {
    let tally = findings.tally(migration);
    let counts = format!(
        "{} the run · {} to decide · {}",
        counted(tally.blocks as u64, "blocks", "block"),
        counted(tally.warnings as u64, "warning", "warnings"),
        counted(tally.notes as u64, "note", "notes"),
    );
    let mark = |severity| if findings.lines.shows(severity) { "[x]" } else { "[ ]" };
    let shown = format!(
        "show: {} block {} warning {} note",
        mark(Severity::Block),
        mark(Severity::Warning),
        mark(Severity::Note)
    );
    if text_width(&counts) + text_width(&shown) + 8 <= width {
        return (counts, shown);
    }
    let short = format!(
        "{}b {}w {}n",
        mark(Severity::Block),
        mark(Severity::Warning),
        mark(Severity::Note)
    );
    (counts, short)
}

fn draw_list(
    findings: &Findings,
    migration: &Migration,
    table: &Table<'_>,
    area: Area,
    canvas: &mut Canvas,
) {
    let (counts, shown) = title(findings, migration, usize::from(area.width));
    let inner = panel(area, &counts, !findings.deciding.is_open(), canvas);
    if text_width(&counts) + text_width(&shown) + 8 <= usize::from(area.width) {
        let top = Area { x: area.x, y: area.y, width: area.width.saturating_sub(2), height: 1 };
        right(canvas, top, 0, &format!(" {shown} "), role::plain());
    }
    draw_filter(findings, area, canvas);
    if inner.height == 0 {
        return;
    }
    let columns = Columns::new(migration, table.sides.is_some(), usize::from(inner.width));
    columns.draw_head(migration, table.heading, inner, canvas);
    let body = Area { y: inner.y + 1, height: inner.height - 1, ..inner };
    if findings.lines.len() == 0 {
        let text = if migration.review.is_none() {
            if migration.is_comparing() { "Comparing…" } else { "Not compared yet: Ctrl+T" }
        } else if findings.lines.total() == 0 {
            table.nothing
        } else {
            "Nothing fits what is shown: Esc clears the filter; b, w and n show more."
        };
        put(canvas, body.x, body.y, &cut(text, usize::from(body.width)), role::plain());
        return;
    }
    let height = usize::from(body.height);
    for (line, place) in findings.list.window(findings.lines.len(), height).enumerate() {
        let Some(finding) = findings.lines.at(place) else { break };
        let is_selected = place == findings.list.selected;
        columns.draw_line(migration, finding, table.sides, body, line, is_selected, canvas);
    }
}

/// The filter, on the lower border of the list.
fn draw_filter(findings: &Findings, area: Area, canvas: &mut Canvas) {
    let text = findings.filter.text();
    if !findings.filter.is_typed() && text.is_empty() {
        return;
    }
    let y = area.bottom().saturating_sub(1);
    let width = usize::from(area.width).saturating_sub(30);
    let (shown, column) = findings.filter.field().seen(width);
    let all = findings.lines.total();
    let label = format!(" Find: {shown}  ");
    put(canvas, area.x + 2, y, &label, role::title());
    if findings.filter.is_typed() {
        let x = area.x + 9 + u16::try_from(column).unwrap_or(0);
        if x < area.right() && y < canvas.area.bottom() {
            canvas[(x, y)].set_style(role::selected());
        }
    }
    let count = format!(" {} of {all} ", findings.lines.len());
    let line = Area { y, height: 1, width: area.width.saturating_sub(2), ..area };
    right(canvas, line, 0, &count, role::plain());
}

/// The columns of the table, as wide as the room allows.
struct Columns {
    about: usize,
    first: usize,
    second: usize,
    rows: usize,
    decision: usize,
}

const SIGN: usize = 2;

impl Columns {
    fn new(migration: &Migration, has_sides: bool, width: usize) -> Self {
        let decision = 14;
        if migration.size.class() == Class::Small {
            let about = width.saturating_sub(SIGN + 1 + 1 + decision);
            return Self { about, first: 0, second: 0, rows: 0, decision };
        }
        let rows = if width >= 90 { 9 } else { 0 };
        let rest = width.saturating_sub(SIGN + 1 + rows + usize::from(rows > 0) + 1 + decision);
        if has_sides {
            let side = (rest * 28 / 100).min(30);
            let second = side;
            let about = rest.saturating_sub(2 * side + 2);
            return Self { about, first: side, second, rows, decision };
        }
        let about = rest * 45 / 100;
        Self { about, first: rest.saturating_sub(about + 1), second: 0, rows, decision }
    }

    fn draw_head(&self, migration: &Migration, heading: &str, area: Area, canvas: &mut Canvas) {
        use crate::outsystems::Side;
        let title = role::title();
        let mut cells = vec![Cell::left("", SIGN, title), Cell::left(heading, self.about, title)];
        if self.second > 0 {
            let of = |side| format!("In {}", migration.name_of(side));
            cells.push(Cell::left(of(Side::Source), self.first, title));
            cells.push(Cell::left(of(Side::Destination), self.second, title));
        } else if self.first > 0 {
            cells.push(Cell::left("What", self.first, title));
        }
        if self.rows > 0 {
            cells.push(Cell::number("Rows", self.rows, title));
        }
        cells.push(Cell::left("Decision", self.decision, title));
        row(canvas, area, 0, &cells, false);
    }

    #[expect(clippy::too_many_arguments, reason = "a line of a table has all of these")]
    fn draw_line(
        &self,
        migration: &Migration,
        finding: &Finding,
        sides: Option<Sides<'_>>,
        area: Area,
        line: usize,
        is_selected: bool,
        canvas: &mut Canvas,
    ) {
        let plain = role::plain();
        let severity = sign(finding.severity);
        let mark = if is_selected { "▸" } else { " " };
        // The module is left away where the column is too narrow for it.
        let about = if self.about >= 40 { finding.about.as_str() } else { short_about(finding) };
        let mut cells = vec![
            Cell::left(format!("{mark}{}", severity.text()), SIGN, role::of(severity)),
            Cell::left(about, self.about, plain),
        ];
        if self.second > 0 {
            match sides.and_then(|sides| sides(finding)) {
                Some((source, destination)) => {
                    cells.push(Cell::left(source, self.first, plain));
                    cells.push(Cell::left(destination, self.second, plain));
                }
                None => {
                    let width = self.first + 1 + self.second;
                    cells.push(Cell::left(finding.what.as_str(), width, plain));
                }
            }
        } else if self.first > 0 {
            cells.push(Cell::left(finding.what.as_str(), self.first, plain));
        }
        if self.rows > 0 {
            cells.push(Cell::number(rows(finding), self.rows, plain));
        }
        let (text, style) = decision(migration, finding);
        cells.push(Cell::left(text, self.decision, style));
        row(canvas, area, line, &cells, is_selected);
    }
}

/// A line of the details.
type Styled = (String, Style);

/// Draws what there is to say of a finding, its choices, and the lesson beside them.
pub fn draw_details(
    findings: &Findings,
    migration: &Migration,
    finding: Option<&Finding>,
    area: Area,
    canvas: &mut Canvas,
) {
    let Some(finding) = finding else {
        panel(area, "", false, canvas);
        return;
    };
    let at = findings.deciding.at;
    let inner = panel(area, &finding.about, at.is_some(), canvas);
    let width = usize::from(inner.width);
    let lesson = migration.lesson(finding).filter(|_| migration.lessons_shown);
    let lesson = lesson.map(|lesson| (format!("LESSON  {}", lesson.title), lesson.text.as_str()));
    let is_open = at.is_some();
    let is_beside = width >= 70 && (is_open || migration.size.class() == Class::Large);
    let own = if is_beside && lesson.is_some() { width - width * 4 / 10 - 1 } else { width };
    let (mut lines, chosen) = details(migration, finding, at, own);
    let mut hides_lesson = lesson.is_some() && !is_beside;
    if let Some((head, text)) = lesson.as_ref().filter(|_| is_beside || is_open) {
        let mut taught: Vec<Styled> = Vec::new();
        let room = if is_beside { width - own - 2 } else { width };
        taught.extend(wrap(head, room).into_iter().map(|line| (line, role::accent())));
        taught.extend(wrap(text, room).into_iter().map(|line| (line, role::lesson())));
        if is_beside {
            let x = inner.x + u16::try_from(own + 2).unwrap_or(0);
            let beside = Area { x, width: inner.right().saturating_sub(x), ..inner };
            draw_lines(&taught, 0, beside, canvas);
            hides_lesson = taught.len() > usize::from(inner.height);
        } else {
            lines.extend(taught);
        }
    }
    let room = usize::from(inner.height);
    // The selected choice is always seen; without one the beginning is.
    let first = match chosen {
        Some((_, end)) if end > room => end - room,
        _ => 0,
    };
    let text = Area { width: u16::try_from(own).unwrap_or(inner.width), ..inner };
    draw_lines(&lines, first, text, canvas);
    if at.is_none() && (hides_lesson || lines.len() > room) && inner.height > 0 {
        let line =
            Area { y: area.bottom() - 1, height: 1, width: area.width.saturating_sub(2), ..area };
        right(canvas, line, 0, " v shows all ", role::plain());
    } else if at.is_some() && area.width > 40 {
        let line =
            Area { y: area.bottom() - 1, height: 1, width: area.width.saturating_sub(2), ..area };
        right(canvas, line, 0, " ↑↓ choice   Enter take   Esc leave ", role::plain());
    }
}

fn draw_lines(lines: &[Styled], first: usize, area: Area, canvas: &mut Canvas) {
    for (offset, (text, style)) in (0..area.height).zip(lines.iter().skip(first)) {
        put(canvas, area.x, area.y + offset, &cut(text, usize::from(area.width)), *style);
    }
}

/// The lines about a finding, and which of them are the selected choice's.
fn details(
    migration: &Migration,
    finding: &Finding,
    at: Option<usize>,
    width: usize,
) -> (Vec<Styled>, Option<(usize, usize)>) {
    let plain = role::plain();
    let mut lines: Vec<Styled> = Vec::new();
    let mut say = |text: &str, style| {
        lines.extend(wrap(text, width).into_iter().map(|line| (line, style)));
    };
    say(&sentence(&finding.what), role::title());
    let rows = match (finding.rows, finding.awaits_rows) {
        (Some(0), _) | (None, false) => String::new(),
        (Some(1), _) => " 1 row is concerned.".to_owned(),
        (Some(count), _) => format!(" {} rows are concerned.", number(count)),
        (None, true) => " … rows: still being counted.".to_owned(),
    };
    say(&format!("{}{rows}", finding.why), plain);
    match Standing::of(finding, &migration.plan.decisions) {
        Standing::Unmendable => say(&sentence(way_out(finding.key.kind)), role::bad()),
        Standing::Open if migration.choice(finding).is_some() => {
            let made = migration.choice(finding).unwrap_or_default();
            say(&format!("The plan says \"{made}\", which is no decision here."), role::warning());
        }
        _ => {}
    }
    let mut chosen = None;
    for (place, choice) in finding.choices.iter().enumerate() {
        let start = lines.len();
        lines.extend(choice_lines(migration, finding, choice, at == Some(place), width));
        if at == Some(place) {
            chosen = Some((start, lines.len()));
        }
    }
    if !finding.preview.is_empty() {
        lines.push(("The first rows:".to_owned(), plain));
        let more = unlisted(finding, "v shows them all");
        for row in finding.preview.iter().take(PREVIEWED).chain(&more) {
            lines.extend(wrap(&format!("  {row}"), width).into_iter().map(|line| (line, plain)));
        }
    }
    if !finding.candidates.is_empty() {
        let names = finding.candidates.iter().map(String::as_str);
        let names = super::words::some_of(names, 6, finding.candidates.len());
        let text = format!("Candidates: {names}");
        lines.extend(wrap(&text, width).into_iter().map(|line| (line, plain)));
    }
    (lines, chosen)
}

/// `▸ (•) leave these rows out (recommended): 2 of 60 rows`
fn choice_lines(
    migration: &Migration,
    finding: &Finding,
    choice: &Choice,
    is_selected: bool,
    width: usize,
) -> Vec<Styled> {
    let decision = migration.plan.decisions.get(&finding.key);
    let made = decision.filter(|made| made.choice == choice.name);
    let mark = if made.is_some() { "(•)" } else { "( )" };
    let pointer = if is_selected { "▸" } else { " " };
    let mut text = choice.label.clone();
    if let Some(to) = made.and_then(|made| made.to.as_ref()) {
        text.push_str(&format!(" → {to}"));
    } else if choice.needs_target {
        text.push_str(" …");
    }
    if finding.recommended == Some(choice.name) {
        text.push_str(" (recommended)");
    }
    if !choice.cost.is_empty() {
        text.push_str(&format!(": {}", choice.cost));
    }
    let is_only = finding.choices.len() == 1;
    if choice.name == crate::compare::choice::STOP && (made.is_some() || is_only) {
        text.push_str(&format!(". Blocks the run: {}.", way_out(finding.key.kind)));
    }
    let style = if is_selected { role::selected() } else { role::plain() };
    wrap(&text, width.saturating_sub(6))
        .into_iter()
        .enumerate()
        .map(|(place, part)| {
            let head = if place == 0 { format!("{pointer} {mark} ") } else { " ".repeat(6) };
            (format!("{head}{part}"), style)
        })
        .collect()
}
