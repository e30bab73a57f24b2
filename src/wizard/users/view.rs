//! Draws who is who, and what there is to say of the selected line below it.
//!
//! ```text
//! ┌ 14 users, 3 tenants, 2 groups ──────────────── show: [x] problems [ ] all (a) ┐
//! │    In PROD               id   In DEV            id      Rows   Result         │
//! │ ▸! dragan              1042   -                  -    18,220   no match       │
//! │  ✓ 33 more                    by tenant and name        641,090   matched     │
//! └───────────────────────────────────────────────────────────────────────────────┘
//! ┌ user dragan of Users ─────────────────────────────────────────────────────────┐
//! ```

use super::super::findings::Standing;
use super::super::findings::view::{draw_details, sign};
use super::super::look::{
    Area, Canvas, Cell, cut, panel, paragraph, put, right, role, row, text_width,
};
use super::super::map_path::view::{HINT, draw_typed};
use super::super::message::Sign;
use super::super::migration::Migration;
use super::super::viewport::Class;
use super::people::Who;
use super::{Users, whole};
use crate::compare::{Match, MatchBy, Severity, UserMatch, choice};
use crate::outsystems::{DestinationId, Environment, Key, Side, User};
use crate::report::{counted, number};

/// A line of the table.
#[derive(Default)]
pub(super) struct Line {
    pub(super) kind: &'static str,
    pub(super) name: String,
    pub(super) id: String,
    pub(super) there: String,
    pub(super) id_there: String,
    pub(super) rows: String,
    pub(super) result: String,
    /// Whether somebody has to look at it.
    is_open: bool,
}

impl Line {
    /// The name; users are so many that only the others say what they are.
    fn shown_name(&self) -> String {
        match self.kind {
            "" | "user" => self.name.clone(),
            kind => format!("{kind} {}", self.name),
        }
    }
}

/// What was chosen about a line, or why it waits.
fn outcome(
    step: &Users,
    migration: &Migration,
    place: usize,
    waits: &str,
    matched: &str,
) -> (String, bool, Option<String>) {
    let Some(finding) = step.people.finding(place, &step.findings) else {
        return (matched.to_owned(), false, None);
    };
    let decisions = &migration.plan.decisions;
    match Standing::of(finding, decisions) {
        Standing::Known => (matched.to_owned(), false, None),
        Standing::Open => (waits.to_owned(), true, None),
        Standing::Unmendable => ("must be mended".to_owned(), true, None),
        Standing::Stopped => ("stop, blocks".to_owned(), true, None),
        Standing::Decided => {
            let made = decisions.get(&finding.key);
            let to = made.and_then(|made| made.to.clone());
            let text = match made.map_or("", |made| made.choice.as_str()) {
                choice::CREATE => "create",
                choice::USE => "use, inactive",
                choice::MAP => "your choice",
                choice::EMPTY => "no reference",
                choice::UPDATE => "update",
                choice::RECREATE => "create again",
                other => other,
            };
            (text.to_owned(), false, to)
        }
    }
}

/// The user of the destination that a decision names.
fn named<'a>(step: &Users, model: &'a Environment, to: &str) -> Option<&'a User> {
    if let Ok(id) = to.trim().parse::<i64>() {
        return step.people.user_there(model, DestinationId(id));
    }
    let wanted = Key::new(to);
    model.users.iter().find(|user| user.username == wanted)
}

fn of_user(
    step: &Users,
    migration: &Migration,
    models: (&Environment, &Environment),
    user: &UserMatch,
    place: usize,
) -> Line {
    let here = step.people.user_here(models.0, user.source);
    let mut line = Line {
        kind: "user",
        name: user.username.as_str().to_owned(),
        id: user.source.0.to_string(),
        there: "-".to_owned(),
        rows: number(user.rows),
        ..Line::default()
    };
    let found = user.matched.found().and_then(|id| step.people.user_there(models.1, id));
    let other_case = found.is_some_and(|there| there.username.as_str() != user.username.as_str());
    let by = migration.plan.scope.users.match_by;
    let other_name = found.is_some_and(|there| there.username != user.username);
    let (waits, matched) = match &user.matched {
        Match::Found(_) if other_name && by == MatchBy::Email => ("inactive", "by e-mail"),
        Match::Found(_) if other_name => ("inactive", "external id"),
        Match::Found(_) if other_case => ("inactive", "other case"),
        Match::Found(_) => ("inactive", "exact"),
        Match::Missing if user.finding.is_none() => ("no tenant", "no tenant"),
        Match::Missing => ("no match", "no match"),
        Match::Ambiguous(_) => ("several", "several"),
    };
    let (result, is_open, to) = outcome(step, migration, place, waits, matched);
    line.result = result;
    line.is_open = is_open || (user.finding.is_none() && user.matched == Match::Missing);
    let there = match &to {
        Some(to) => named(step, models.1, to),
        None => found,
    };
    if let Some(there) = there {
        line.there = there.username.as_str().to_owned();
        line.id_there = there.id.to_string();
        if !there.is_active {
            line.there.push_str(" (inactive)");
        }
    } else if let Some(to) = to {
        line.there = to;
    }
    if here.is_some_and(|here| !here.is_active) {
        line.name.push_str(" (inactive)");
    }
    line
}

/// What is known of a tenant or group there: both are matched by their names.
fn by_name<Id: ToString>(
    step: &Users,
    migration: &Migration,
    place: usize,
    there: Option<(&str, Id)>,
) -> Line {
    let (result, is_open, to) = outcome(step, migration, place, "no match", "by name");
    let (name, id) = there.map_or((None, String::new()), |(name, id)| (Some(name), id.to_string()));
    Line {
        there: name.map(str::to_owned).or(to).unwrap_or_else(|| "-".to_owned()),
        id_there: id,
        result,
        is_open,
        ..Line::default()
    }
}

/// The line at a place.
pub(super) fn line(step: &Users, migration: &Migration, place: usize) -> Option<Line> {
    let (source, destination) = migration.models()?;
    let comparison = &step.people.review()?.comparison;
    match step.people.at(place)? {
        Who::User(user) => {
            let user = comparison.users.get(*user)?;
            Some(of_user(step, migration, (source, destination), user, place))
        }
        Who::Tenant(tenant) => {
            let tenant = comparison.tenants.get(*tenant)?;
            let there = tenant.matched.found().and_then(|id| destination.tenant(id.0));
            Some(Line {
                kind: "tenant",
                name: tenant.name.as_str().to_owned(),
                id: tenant.source.0.to_string(),
                ..by_name(
                    step,
                    migration,
                    place,
                    there.map(|there| (there.name.as_str(), there.id)),
                )
            })
        }
        Who::Group(group) => {
            let group = comparison.groups.get(*group)?;
            let there = group
                .matched
                .found()
                .and_then(|id| destination.groups.iter().find(|there| there.id == id.0));
            Some(Line {
                kind: "group",
                name: group.name.as_str().to_owned(),
                id: group.source.0.to_string(),
                ..by_name(
                    step,
                    migration,
                    place,
                    there.map(|there| (there.name.as_str(), there.id)),
                )
            })
        }
        Who::Other(key) => {
            let finding = step.findings.finding(key)?;
            let is_role = key.kind == crate::compare::FindingKind::RoleMissing;
            let (result, is_open, _) = outcome(step, migration, place, "choose …", "not given");
            let name = finding.about.strip_prefix("role ").unwrap_or(&finding.about);
            Some(Line {
                kind: if is_role { "role" } else { "module" },
                name: name.to_owned(),
                there: "-".to_owned(),
                result,
                is_open,
                ..Line::default()
            })
        }
    }
}

pub(super) fn draw(step: &Users, migration: &Migration, area: Area, canvas: &mut Canvas) {
    draw_whole(migration, area, canvas);
    let area = Area { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let (list, _) = step.split(migration);
    let list = list.min(area.height);
    if list > 2 {
        draw_list(step, migration, Area { height: list, ..area }, canvas);
    }
    let below = Area { y: area.y + list, height: area.height - list, ..area };
    if below.height > 2 {
        draw_selected(step, migration, below, canvas);
    }
}

/// What is said of all users, in the line above the list, with the key that changes it.
fn draw_whole(migration: &Migration, area: Area, canvas: &mut Canvas) {
    if area.height == 0 {
        return;
    }
    let key = if migration.may_change() { " (s)" } else { "" };
    let room = Area { width: area.width.saturating_sub(4), ..area };
    let text = cut(&whole::line(migration), usize::from(room.width));
    put(canvas, room.x, room.y, &format!("{text}{key}"), role::plain());
}

fn title(step: &Users) -> String {
    let Some(review) = step.people.review() else { return "Users".to_owned() };
    let comparison = &review.comparison;
    let tenants = comparison.tenants.iter().filter(|tenant| tenant.is_needed).count() as u64;
    format!(
        "{}, {}, {}",
        counted(comparison.users.len() as u64, "user", "users"),
        counted(tenants, "tenant", "tenants"),
        counted(comparison.groups.len() as u64, "group", "groups")
    )
}

fn draw_list(step: &Users, migration: &Migration, area: Area, canvas: &mut Canvas) {
    let title = title(step);
    let inner = panel(area, &title, !step.findings.deciding.is_open(), canvas);
    let shown = if step.people.shows_all() {
        " show: [ ] problems [x] all (a) "
    } else {
        " show: [x] problems [ ] all (a) "
    };
    if text_width(&title) + text_width(shown) + 8 <= usize::from(area.width) {
        let top = Area { height: 1, width: area.width.saturating_sub(2), ..area };
        right(canvas, top, 0, shown, role::plain());
    }
    draw_filter(step, area, canvas);
    if inner.height < 2 {
        return;
    }
    let widths = Widths::new(migration, usize::from(inner.width));
    widths.draw_head(migration, inner, canvas);
    let body = Area { y: inner.y + 1, height: inner.height - 1, ..inner };
    if step.people.len() == 0 {
        let text = if migration.review.is_none() {
            if migration.is_comparing() { "Comparing…" } else { "Not compared yet: Ctrl+T" }
        } else if step.filter.text().is_empty() {
            "No row in scope refers to a user, and no role is in scope."
        } else {
            "Nobody has this in the name; Esc clears it."
        };
        put(canvas, body.x, body.y, text, role::plain());
        return;
    }
    let unseen = step.people.unseen();
    let kept = u16::from(unseen.0 > 0);
    let height = usize::from(body.height.saturating_sub(kept));
    let mut at = 0;
    for place in step.list.window(step.people.len(), height.max(1)) {
        let Some(line) = line(step, migration, place) else { break };
        let is_selected = place == step.list.selected;
        let severity = match step.people.severity(place) {
            _ if line.is_open => sign(step.people.severity(place).min(Severity::Warning)),
            Severity::Note if line.kind != "role" => Sign::Good,
            Severity::Note => Sign::Note,
            _ => Sign::Good,
        };
        widths.draw_line(&line, severity, is_selected, (body, at), canvas);
        at += 1;
    }
    if kept > 0 && at < usize::from(body.height) {
        let (count, rows) = unseen;
        let more = Line {
            name: format!("{} more", number(count)),
            there: "by name, tenant".to_owned(),
            rows: number(rows),
            result: "matched".to_owned(),
            ..Line::default()
        };
        widths.draw_line(&more, Sign::Good, false, (body, at), canvas);
    }
}

/// The filter or the path of maps, on the lower border of the list; else the keys of the maps.
fn draw_filter(step: &Users, area: Area, canvas: &mut Canvas) {
    if draw_typed(&step.path, &step.filter, area, canvas) {
        return;
    }
    let y = area.bottom().saturating_sub(1);
    let below = Area { y, height: 1, width: area.width.saturating_sub(2), ..area };
    if text_width(HINT) + 4 <= usize::from(area.width) {
        right(canvas, below, 0, HINT, role::plain());
    }
}

struct Widths {
    name: usize,
    id: usize,
    there: usize,
    rows: usize,
    result: usize,
}

impl Widths {
    fn new(migration: &Migration, width: usize) -> Self {
        let result = 13;
        if migration.size.class() == Class::Small {
            let name = width.saturating_sub(2 + result + 2);
            return Self { name, id: 0, there: 0, rows: 0, result };
        }
        let (id, rows) = (5, 9);
        let rest = width.saturating_sub(2 + 2 * id + rows + result + 6);
        let name = rest / 2;
        Self { name, id, there: rest - name, rows, result }
    }

    fn draw_head(&self, migration: &Migration, area: Area, canvas: &mut Canvas) {
        let title = role::title();
        let of = |side| format!("In {}", migration.name_of(side));
        let mut cells =
            vec![Cell::left("", 2, title), Cell::left(of(Side::Source), self.name, title)];
        if self.there > 0 {
            cells.push(Cell::number("id", self.id, title));
            cells.push(Cell::left(of(Side::Destination), self.there, title));
            cells.push(Cell::number("id", self.id, title));
            cells.push(Cell::number("Rows", self.rows, title));
        }
        cells.push(Cell::left("Result", self.result, title));
        row(canvas, area, 0, &cells, false);
    }

    fn draw_line(
        &self,
        line: &Line,
        sign: Sign,
        is_selected: bool,
        (area, at): (Area, usize),
        canvas: &mut Canvas,
    ) {
        let plain = role::plain();
        let mark = if is_selected { "▸" } else { " " };
        let mut cells = vec![
            Cell::left(format!("{mark}{}", sign.text()), 2, role::of(sign)),
            Cell::left(line.shown_name(), self.name, plain),
        ];
        if self.there > 0 {
            cells.push(Cell::number(line.id.as_str(), self.id, plain));
            cells.push(Cell::left(line.there.as_str(), self.there, plain));
            cells.push(Cell::number(line.id_there.as_str(), self.id, plain));
            cells.push(Cell::number(line.rows.as_str(), self.rows, plain));
        }
        let style = if line.is_open { role::title() } else { plain };
        cells.push(Cell::left(line.result.as_str(), self.result, style));
        row(canvas, area, at, &cells, is_selected);
    }
}

/// What there is to say of the selected line.
fn draw_selected(step: &Users, migration: &Migration, area: Area, canvas: &mut Canvas) {
    if let Some(finding) = step.finding() {
        draw_details(&step.findings, migration, Some(finding), area, canvas);
        return;
    }
    let place = step.list.selected;
    let Some(line) = line(step, migration, place) else {
        panel(area, "", false, canvas);
        return;
    };
    let (source, destination) =
        (migration.name_of(Side::Source), migration.name_of(Side::Destination));
    let inner = panel(area, &format!("{} {}", line.kind, line.name), false, canvas);
    let text = if line.is_open {
        "The user's tenant is not in the destination: that is decided first, on the tenant's line."
            .to_owned()
    } else {
        let by = match line.kind {
            "tenant" => "name and user provider",
            "group" => "name and tenant",
            _ => match migration.plan.scope.users.match_by {
                MatchBy::UserName => "user name and tenant",
                MatchBy::Email => "e-mail address and tenant",
                MatchBy::ExternalId => "external id and tenant",
            },
        };
        format!(
            "Matched by {by}: id {} in {source}, id {} in {destination}.",
            line.id, line.id_there
        )
    };
    let at = paragraph(canvas, inner, 0, &text, role::plain());
    if !line.rows.is_empty() {
        let text = format!("Rows in scope that refer to it: {}.", line.rows);
        paragraph(canvas, inner, at, &text, role::plain());
    }
}
