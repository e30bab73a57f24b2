//! Execute: the run as it goes on, entity by entity; pausing and stopping it.

mod telling;
mod view;
mod words;

pub(super) use words::duration;

use super::keys::{Binding, Command, Key};
use super::list::List;
use super::look::{Area, Canvas};
use super::message::{Answer, Sign};
use super::migration::Migration;
use super::step::{Ask, AskKind, Event, Notice, Reason, Step};
use super::viewport::{Class, Size};
use crate::migrate::{self, EntityProgress, EntityState};
use crate::plan::SourcePace;
use telling::{ask_stop, pace, pause, writing};

/// A line of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Row {
    /// An entity, by its place in the plan.
    Entity(usize),
    /// So many are done; Enter shows them.
    Done(usize),
}

/// What kind of line an entity has, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Group {
    Running,
    Failed,
    Waiting,
    Done,
}

const GROUPS: [Group; 4] = [Group::Running, Group::Failed, Group::Waiting, Group::Done];

/// The cursor, the filters, and the order of the table.
#[derive(Debug)]
pub struct Execute {
    /// Which groups are shown.
    shown: [bool; 4],
    /// The lines, as of the newest progress.
    rows: Vec<Row>,
    list: List,
    /// Whether the cursor was moved: until then it stays on the first line.
    has_moved: bool,
    /// Whether those that are done have a line each.
    is_unfolded: bool,
    /// The entity whose details are open.
    open: Option<usize>,
    /// The events, while they take the whole room.
    events: Option<List>,
    /// What entities are called here: without their espace where that is clear.
    names: Vec<String>,
    to_delete: u64,
    /// Rows of those that are done.
    done_rows: u64,
}

impl Default for Execute {
    fn default() -> Self {
        Self {
            shown: [true; 4],
            rows: Vec::new(),
            list: List::default(),
            has_moved: false,
            is_unfolded: false,
            open: None,
            events: None,
            names: Vec::new(),
            to_delete: 0,
            done_rows: 0,
        }
    }
}

/// The question whether to stop.
pub(super) const STOP: &str = "stop-run";
const PAUSE: &str = "pause";
const ASK_STOP: &str = "stop";
const EVENTS: &str = "events";
const FASTER: &str = "faster";
const GENTLER: &str = "gentler";
const FILTERS: [&str; 4] = ["running", "failed", "waiting", "done"];

const KEYS: &[Binding] = &[
    Binding::new(
        Command::Own(PAUSE),
        &[Key::Char('p')],
        "pause",
        "pause after the current batches, or go on",
    ),
    Binding::new(
        Command::Own(ASK_STOP),
        &[Key::Char('s')],
        "stop",
        "stop after the current batches; asks first",
    ),
    Binding::new(
        Command::Own(GENTLER),
        &[Key::Char('-')],
        "gentler",
        "read the source more gently: gently, half of the time, a quarter, not at all",
    ),
    Binding::new(
        Command::Own(FASTER),
        &[Key::Char('+')],
        "faster",
        "read the source faster, a step back from that; at last as fast as it answers",
    ),
    Binding::new(
        Command::Open,
        &[Key::Enter],
        "details",
        "all about the selected entity; unfold those that are done",
    )
    .in_text(),
    Binding::new(
        Command::Own(EVENTS),
        &[Key::Char('l')],
        "log",
        "what happened so far, in the whole room",
    ),
    Binding::new(
        Command::Own(FILTERS[0]),
        &[Key::Char('r')],
        "running",
        "show or hide entities that are running",
    )
    .not_in_footer(),
    Binding::new(
        Command::Own(FILTERS[1]),
        &[Key::Char('f')],
        "failed",
        "show or hide entities with failures or refused rows",
    )
    .not_in_footer(),
    Binding::new(
        Command::Own(FILTERS[2]),
        &[Key::Char('w')],
        "waiting",
        "show or hide entities that wait",
    )
    .not_in_footer(),
    Binding::new(
        Command::Own(FILTERS[3]),
        &[Key::Char('d')],
        "done",
        "show or hide entities that are done",
    )
    .not_in_footer(),
];

fn group(entity: &EntityProgress) -> Group {
    match entity.state {
        EntityState::Deleting | EntityState::Writing | EntityState::SecondPass => Group::Running,
        EntityState::Failed => Group::Failed,
        _ if entity.rejected > 0 => Group::Failed,
        EntityState::Waiting => Group::Waiting,
        EntityState::Done => Group::Done,
    }
}

impl Execute {
    /// The lines anew, in their order; the cursor stays on its entity.
    fn order(&mut self, migration: &Migration) {
        let Some(progress) = migration.run.as_ref().and_then(|run| run.progress.as_ref()) else {
            *self = Self { shown: self.shown, ..Self::default() };
            return;
        };
        if self.names.len() != progress.entities.len() {
            self.names = short_names(&progress.entities);
            self.to_delete = migration.built.as_ref().map_or(0, |plan| words::to_delete(plan));
        }
        let selected = self.rows.get(self.list.selected).copied();
        let mut groups: [Vec<usize>; 4] = Default::default();
        for (place, entity) in progress.entities.iter().enumerate() {
            groups[group(entity) as usize].push(place);
        }
        let done = groups[Group::Done as usize].iter();
        self.done_rows = done.map(|place| progress.entities[*place].read).sum();
        self.rows.clear();
        for kind in GROUPS {
            let places = &groups[kind as usize];
            if !self.shown[kind as usize] || places.is_empty() {
                continue;
            }
            if kind == Group::Done {
                self.rows.push(Row::Done(places.len()));
                if !self.is_unfolded {
                    continue;
                }
            }
            self.rows.extend(places.iter().map(|place| Row::Entity(*place)));
        }
        if !self.has_moved {
            self.list = List::default();
        } else if let Some(selected) = selected {
            let is_it = |row: &Row| match (row, selected) {
                (Row::Done(_), Row::Done(_)) => true,
                (row, selected) => *row == selected,
            };
            if let Some(place) = self.rows.iter().position(is_it) {
                self.list.select(place, self.rows.len(), table_height(migration.size));
            }
        }
        self.list.within(self.rows.len());
    }

    fn selected(&self) -> Option<Row> {
        self.rows.get(self.list.selected).copied()
    }

    fn on_command(&mut self, command: Command, migration: &mut Migration) {
        match command {
            Command::Own(PAUSE) => pause(migration),
            Command::Own(ASK_STOP) => ask_stop(migration),
            Command::Own(GENTLER) => pace(migration, SourcePace::slower),
            Command::Own(FASTER) => pace(migration, SourcePace::faster),
            Command::Own(EVENTS) => {
                self.open = None;
                self.events = if self.events.is_some() { None } else { Some(List::default()) };
            }
            Command::Own(filter) => {
                if let Some(place) = FILTERS.iter().position(|name| *name == filter) {
                    self.shown[place] = !self.shown[place];
                    self.order(migration);
                }
            }
            Command::Close => {
                if self.events.take().is_none() && self.open.take().is_none() {
                    self.is_unfolded = false;
                    self.order(migration);
                }
            }
            command => {
                if let Some(list) = &mut self.events {
                    let events = migration.run.as_ref().map_or(0, |run| run.events.len());
                    list.obey(command, events, events_height(migration.size));
                    return;
                }
                if command == Command::Open {
                    self.open_selected(migration);
                } else if self.list.obey(command, self.rows.len(), table_height(migration.size)) {
                    self.has_moved = true;
                    if let (Some(_), Some(Row::Entity(place))) = (self.open, self.selected()) {
                        self.open = Some(place);
                    }
                }
            }
        }
    }

    fn open_selected(&mut self, migration: &Migration) {
        if self.open.take().is_some() {
            return;
        }
        match self.selected() {
            Some(Row::Entity(place)) => {
                self.has_moved = true;
                self.open = Some(place);
            }
            Some(Row::Done(_)) => {
                self.has_moved = true;
                self.is_unfolded = !self.is_unfolded;
                self.order(migration);
            }
            None => {}
        }
    }
}

/// Names without their espace, but where two would be the same.
fn short_names(entities: &[EntityProgress]) -> Vec<String> {
    fn short(name: &str) -> &str {
        name.rsplit('.').next().unwrap_or(name)
    }
    let mut times = std::collections::HashMap::<String, usize>::new();
    for entity in entities {
        *times.entry(short(&entity.name).to_lowercase()).or_default() += 1;
    }
    let is_clear = |name: &str| times.get(&short(name).to_lowercase()) == Some(&1);
    entities
        .iter()
        .map(|entity| if is_clear(&entity.name) { short(&entity.name) } else { &entity.name })
        .map(str::to_owned)
        .collect()
}

/// Lines of the table that are seen, below its heading.
fn table_height(size: Size) -> usize {
    let body = usize::from(size.body(0).height);
    let around = match size.class() {
        // Two lines above, the table's box and heading, the events' box, the buttons.
        Class::Large => 2 + 3 + 6 + 1,
        // Two lines above, heading, rule, events, buttons.
        Class::Medium => 2 + 1 + 1 + 2 + 1,
        Class::Small | Class::TooSmall => 1 + 1 + 1 + 1,
    };
    body.saturating_sub(around).max(1)
}

/// Lines of the events that are seen when they take the whole room.
fn events_height(size: Size) -> usize {
    usize::from(size.body(0).height).saturating_sub(4).max(1)
}

impl Step for Execute {
    fn name(&self) -> &'static str {
        "Execute"
    }

    fn purpose(&self, migration: &Migration) -> String {
        match &migration.run {
            Some(run) => words::doing(run),
            None => "Nothing is running.".to_owned(),
        }
    }

    fn keys(&self) -> &'static [Binding] {
        KEYS
    }

    fn offers(&self, command: Command, migration: &Migration) -> bool {
        match command {
            Command::Own(PAUSE | ASK_STOP) => writing(migration).is_some(),
            Command::Own(FASTER | GENTLER) => migration.is_running(),
            _ => migration.run.is_some(),
        }
    }

    fn enter(&mut self, migration: &mut Migration) {
        self.open = None;
        self.events = None;
        self.order(migration);
    }

    fn update(&mut self, migration: &mut Migration, event: Event<'_>) {
        match event {
            Event::Command(command) => self.on_command(command, migration),
            Event::Fact(super::message::Fact::Progressed(_)) => self.order(migration),
            Event::Replied(STOP, 1) => migration.tell(migrate::Command::Stop),
            Event::Replied(STOP, 2) => migration.tell(migrate::Command::Pause),
            Event::Answered(Answer::Chosen(0)) => migration.tell(migrate::Command::Run),
            Event::Answered(Answer::Chosen(1)) => migration.tell(migrate::Command::Stop),
            _ => {}
        }
    }

    fn gate(&self, migration: &Migration) -> Vec<Reason> {
        match &migration.run {
            None => vec![Reason::new("no run was started yet (Review starts it)")],
            Some(run) if !run.ended => vec![Reason::new("the run is still going on")],
            Some(_) if migration.report.is_none() => vec![Reason::new("there is no report")],
            Some(_) => Vec::new(),
        }
    }

    fn count(&self, migration: &Migration) -> String {
        match &migration.run {
            Some(run) if !run.ended && run.proving.is_none() => {
                run.percent.map_or_else(String::new, |percent| format!("{percent}%"))
            }
            _ => String::new(),
        }
    }

    fn notice(&self, migration: &Migration) -> Option<Notice> {
        let Some(run) = &migration.run else {
            return Some(Notice::new(Sign::Note, "Review starts the run: Ctrl+P leads there."));
        };
        if run.ended {
            let text = "The run has ended: Ctrl+N leads to its report.";
            return Some(Notice::new(Sign::Note, text));
        }
        if run.proving.is_some() {
            let text = "Everything is written; closing now loses nothing but the proof.";
            return Some(Notice::new(Sign::Good, text));
        }
        match run.told {
            migrate::Command::Run | migrate::Command::Pause if run.held().is_some() => {
                let text = "Waiting for you: see to it, then p goes on; s stops.";
                return Some(Notice::new(Sign::Warning, text));
            }
            migrate::Command::Pause => {
                return Some(Notice::new(Sign::Stopped, "Paused: p goes on, s stops."));
            }
            migrate::Command::Stop | migrate::Command::Cancel => {
                return Some(Notice::new(Sign::Stopped, "Stopping; the report follows."));
            }
            migrate::Command::Run => {}
        }
        let trouble = self.rows.iter().find_map(|row| match row {
            Row::Entity(place) => run.present_trouble(*place).map(|trouble| (*place, trouble)),
            Row::Done(_) => None,
        });
        if let Some((place, trouble)) = trouble {
            let name = self.names.get(place).map_or("", String::as_str);
            return Some(Notice::new(Sign::Warning, format!("{name}: {trouble}")));
        }
        let text = "If this window closes, the run stops after its current batches.";
        Some(Notice::new(Sign::Note, text))
    }

    fn checked(&self, migration: &Migration) -> String {
        match &migration.run {
            Some(run) if !run.heard.is_empty() => format!("as of {}", run.heard),
            _ => String::new(),
        }
    }

    fn copied(&self, migration: &Migration) -> Option<String> {
        let run = migration.run.as_ref()?;
        let Some(place) = self.open else { return Some(words::summary(migration, run)) };
        let details = words::details(migration, run, place, &self.names);
        let lines: Vec<String> =
            details.into_iter().map(|(label, text)| format!("{label}: {text}")).collect();
        Some(format!("{}\n{}", self.names.get(place)?, lines.join("\n")))
    }

    fn ask(&self, migration: &Migration) -> Option<Ask> {
        let run = migration.run.as_ref().filter(|run| !run.ended)?;
        if let Some(held) = run.held() {
            let text = vec![format!("Waiting for you: {held}")];
            let choices = vec!["go on".to_owned(), "stop".to_owned()];
            return Some(Ask { text, kind: AskKind::Choice(choices) });
        }
        if run.told == migrate::Command::Pause && run.proving.is_none() {
            let text = vec!["Paused; nothing is written meanwhile.".to_owned()];
            let choices = vec!["go on".to_owned(), "stop".to_owned()];
            return Some(Ask { text, kind: AskKind::Choice(choices) });
        }
        let (_, _, words) = words::bar(run, self.to_delete);
        Some(Ask { text: vec![words], kind: AskKind::Wait })
    }

    fn draw(&self, migration: &Migration, area: Area, canvas: &mut Canvas) {
        view::draw(self, migration, area, canvas);
    }
}
