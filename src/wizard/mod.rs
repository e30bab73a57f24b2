//! The program as state: [`update`] takes a message and returns what is to be done; [`draw`] is a
//! function of the [`Model`].
//!
//! Nothing here waits, reads a file or asks a clock: messages say what happened, effects are
//! orders that the shells in `terminal/` carry out. Each step is a folder: `mod.rs` holds where its
//! cursor is and what its keys do, `view.rs` draws it. What the person answered is the
//! [`migration::Migration`], which all steps share.

pub mod connect;
mod dispatch;
pub mod errand;
pub mod execute;
pub mod filter;
pub mod findings;
pub mod form;
pub mod frame;
mod going;
pub mod help;
pub mod home;
pub mod jobs;
pub mod keys;
mod leaving;
mod letters;
pub mod list;
pub mod look;
pub mod map_path;
pub mod message;
pub mod migration;
pub mod mismatches;
mod opening;
pub mod options;
pub mod overlay;
pub mod processes;
pub mod rail;
pub mod report;
pub mod review;
pub mod running;
pub mod scope;
pub mod secret_field;
pub mod sheet;
pub mod static_records;
pub mod step;
pub mod steps;
#[cfg(test)]
mod tests;
pub mod text_field;
pub mod undo;
pub mod users;
pub mod viewport;

pub use frame::view::draw;
pub use look::{Manners, finish};
pub use message::{Effect, Fact, Message};
pub use viewport::Size;

use home::Home;
use jobs::{JobId, Purpose};
use message::{Leaving, Opened, Sign};
use migration::{Migration, Taking};
use rail::Seen;
use step::{Event, Notice, Step};

use crate::report::Verdict;

/// What is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Screen {
    /// The list of what can be begun or continued.
    Home,
    /// A step by its place.
    Step(usize),
}

/// The whole program.
#[derive(Debug)]
pub struct Model {
    /// What is shown.
    pub screen: Screen,
    /// The first screen.
    pub home: Home,
    /// The steps.
    pub steps: Vec<Box<dyn Step>>,
    /// The migration being edited.
    pub migration: Migration,
    /// Steps that were reached: these and no others can be gone to by number.
    pub reached: usize,
    /// What each step had been checked against when it was left.
    seen: Vec<Option<Seen>>,
    /// The changes of the answers that all steps know.
    followed: u64,
    /// The step from which Next leads on as soon as the environments are compared.
    goes_on: Option<usize>,
    /// Whether the program has been told to end.
    pub leaving: Option<Leaving>,
    /// What the last run came to that was started from here.
    made: Option<Verdict>,
    /// What is to be done with the run whose report is being opened.
    wants: Option<Taking>,
}

impl Model {
    /// The program as it starts, at Home.
    #[must_use]
    pub fn new(size: Size) -> Self {
        let steps = steps::all();
        let seen = steps.iter().map(|_| None).collect();
        Self {
            screen: Screen::Home,
            home: Home::default(),
            steps,
            migration: Migration::new(size),
            reached: 0,
            seen,
            followed: 0,
            goes_on: None,
            leaving: None,
            made: None,
            wants: None,
        }
    }

    /// The step that is shown.
    #[must_use]
    pub fn step(&self) -> Option<&dyn Step> {
        match self.screen {
            Screen::Home => None,
            Screen::Step(place) => self.steps.get(place).map(AsRef::as_ref),
        }
    }

    /// The bindings of what is shown.
    #[must_use]
    pub fn own_keys(&self) -> &'static [keys::Binding] {
        self.step().map_or(home::KEYS, |step| step.keys())
    }

    /// Whether what is typed goes into a text.
    #[must_use]
    pub fn in_text(&self) -> bool {
        if let Some(overlay) = self.migration.overlays.last() {
            return overlay.in_text();
        }
        match self.step() {
            Some(step) => step.in_text(&self.migration),
            None => self.home.in_text(),
        }
    }

    /// What the status line says.
    #[must_use]
    pub fn notice(&self) -> Option<Notice> {
        if let Some(said) = &self.migration.said {
            return Some(Notice::new(Sign::Note, said.clone()));
        }
        self.step().and_then(|step| step.notice(&self.migration))
    }

    /// The place of the step with that name.
    #[must_use]
    pub fn place_of(&self, name: &str) -> Option<usize> {
        self.steps.iter().position(|step| step.name() == name)
    }

    /// What the run came to that was made here; `None` when none has ended.
    #[must_use]
    pub fn verdict(&self) -> Option<Verdict> {
        if self.migration.is_proving() { Some(Verdict::Written) } else { self.made }
    }
}

/// Takes what happened in; returns what is to be done.
pub fn update(model: &mut Model, message: Message) -> Vec<Effect> {
    match message {
        Message::Time(now) => {
            model.migration.now = now;
            model.tell_step(Event::Ticked);
        }
        Message::Resized(size) => model.migration.size = size,
        Message::Key(key) => model.on_key(key),
        Message::Pasted(text) => model.on_pasted(&text),
        Message::Commanded(command) => model.on_command(command, None),
        Message::Answered(answer) => model.tell_step(Event::Answered(answer)),
        Message::DraftNotSaved(why) => {
            model.migration.draft_trouble = Some(why.clone());
            model.migration.say(format!("The draft is not saved: {why}."));
        }
        Message::AskedToEnd => model.on_asked_to_end(),
        Message::Reported { job, fact } => model.on_reported(job, fact),
        Message::Ended(job) => {
            model.migration.jobs.end(job);
            if job.purpose == Purpose::Survey {
                model.migration.counting = 0;
            }
            // What waited for it can begin.
            model.tell_step(Event::Ticked);
        }
    }
    model.go_on();
    model.go();
    model.migration.settle();
    model.follow();
    model.look_again();
    model.look_before();
    std::mem::take(&mut model.migration.orders)
}

impl Model {
    /// Once for each change of the answers; facts reach all steps anyway.
    fn follow(&mut self) {
        if self.followed != self.migration.changes {
            self.followed = self.migration.changes;
            for step in &mut self.steps {
                step.follow(&self.migration);
            }
        }
    }

    /// To the step that is shown, and to no other.
    fn tell_step(&mut self, event: Event<'_>) {
        if let Screen::Step(place) = self.screen
            && let Some(step) = self.steps.get_mut(place)
        {
            step.update(&mut self.migration, event);
        }
    }

    fn on_reported(&mut self, job: JobId, fact: Fact) {
        if !self.migration.jobs.is_current(job) {
            return;
        }
        let fact = match fact {
            Fact::Reported(reported) => {
                self.show_report(job, reported);
                return;
            }
            fact => fact,
        };
        let has_begun = self.migration.run.as_ref().is_some_and(running::Running::has_begun);
        if job.purpose == Purpose::Run && has_begun && matches!(fact, Fact::Failed(_)) {
            self.made = Some(Verdict::Failed);
        }
        self.migration.learn(job, &fact);
        match &fact {
            Fact::Opened(opened) => {
                self.migration.jobs.end(job);
                self.open((**opened).clone());
                // Nothing is answered yet: the draft stays as it is, the step it was left at too.
                let at = self.steps[self.reached].name();
                self.migration.stay_as_opened(at);
            }
            Fact::PracticeMade(plan) => {
                self.migration.jobs.end(job);
                self.open(Opened::new((**plan).clone()));
            }
            Fact::ErrandOpened(opened) => {
                self.migration.jobs.end(job);
                self.open_errand((**opened).clone());
            }
            Fact::Making(what) => self.migration.say(what.clone()),
            Fact::Exported(path) => self.migration.say(format!("Written: {}", path.display())),
            _ => {}
        }
        for step in &mut self.steps {
            step.update(&mut self.migration, Event::Fact(&fact));
        }
    }
}
