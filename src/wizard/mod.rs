//! The program as state: [`update`] takes a message and returns what is to be done; [`draw`] is a
//! function of the [`Model`].
//!
//! Nothing here waits, reads a file or asks a clock: messages say what happened, effects are
//! orders that the shells in `terminal/` carry out. Each step is a folder: `mod.rs` holds where its
//! cursor is and what its keys do, `view.rs` draws it. What the person answered is the
//! [`migration::Migration`], which all steps share.

pub mod connect;
pub mod execute;
pub mod findings;
pub mod form;
pub mod frame;
pub mod help;
pub mod home;
pub mod jobs;
pub mod keys;
pub mod list;
pub mod look;
pub mod message;
pub mod migration;
pub mod mismatches;
pub mod options;
pub mod overlay;
pub mod rail;
pub mod report;
pub mod review;
pub mod running;
pub mod scope;
pub mod secret_field;
pub mod static_records;
pub mod step;
pub mod steps;
pub mod text_field;
pub mod users;
pub mod viewport;

pub use frame::view::draw;
pub use look::{Manners, finish};
pub use message::{Effect, Fact, Message};
pub use viewport::Size;

use home::Home;
use jobs::{JobId, Purpose};
use keys::{Command, Key, Meaning};
use message::{Leaving, Opened, Sign};
use migration::{Going, Migration};
use overlay::{Asker, Outcome, Overlay, Question};
use rail::Seen;
use step::{Event, Notice, Step};
use viewport::Class;

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
    /// Whether the program has been told to end.
    pub leaving: Option<Leaving>,
    /// What the last run came to that was started from here.
    made: Option<Verdict>,
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
            leaving: None,
            made: None,
        }
    }

    /// What is to be done first: list what is on this machine.
    pub fn start(&mut self) -> Vec<Effect> {
        self.migration.start(Purpose::Home, Effect::List);
        std::mem::take(&mut self.migration.orders)
    }

    /// The same, going straight to the practice pair.
    pub fn start_practice(&mut self) -> Vec<Effect> {
        self.migration.start(Purpose::Practice, Effect::MakePractice);
        self.start()
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
    model.go();
    model.migration.settle();
    model.look_again();
    model.look_before();
    std::mem::take(&mut model.migration.orders)
}

impl Model {
    fn tell_step(&mut self, event: Event<'_>) {
        if let Screen::Step(place) = self.screen
            && let Some(step) = self.steps.get_mut(place)
        {
            step.update(&mut self.migration, event);
        }
    }

    fn on_key(&mut self, key: Key) {
        self.migration.said = None;
        if !self.migration.overlays.is_empty() {
            self.on_overlay_key(key);
            return;
        }
        match keys::meaning(key, self.own_keys(), self.in_text()) {
            Meaning::Does(command) => self.on_command(command, Some(key)),
            Meaning::Types(c) => match self.screen {
                Screen::Home => self.home.type_in(c),
                Screen::Step(_) => self.tell_step(Event::Typed(c)),
            },
            Meaning::Nothing => {}
        }
    }

    fn on_pasted(&mut self, text: &str) {
        self.migration.said = None;
        if let Some(overlay) = self.migration.overlays.last_mut() {
            overlay.paste(text);
        } else if self.in_text() {
            match self.screen {
                Screen::Home => self.home.paste(text),
                Screen::Step(_) => self.tell_step(Event::Pasted(text)),
            }
        }
    }

    fn on_overlay_key(&mut self, key: Key) {
        let Some(top) = self.migration.overlays.last_mut() else { return };
        let in_text = top.in_text();
        let meaning = keys::meaning(key, overlay::KEYS, in_text);
        let is_leave_question =
            matches!(top, Overlay::Question(Question { asker: Asker::Program(LEAVE_RUN), .. }));
        let outcome = match meaning {
            // A second Ctrl+C in the question means: stop after this batch.
            Meaning::Does(Command::Interrupt) if is_leave_question => {
                Outcome::Chose(Asker::Program(LEAVE_RUN), 2)
            }
            Meaning::Does(Command::Interrupt) => Outcome::Closed,
            Meaning::Does(Command::Redraw) => {
                self.migration.order(Effect::Redraw);
                Outcome::Stays
            }
            Meaning::Does(command) => top.obey(command),
            Meaning::Types(c) => {
                top.type_in(c);
                Outcome::Stays
            }
            Meaning::Nothing => Outcome::Stays,
        };
        match outcome {
            Outcome::Stays => {}
            Outcome::Copy(text) => self.migration.copy(text),
            Outcome::Closed => {
                self.migration.overlays.pop();
            }
            Outcome::Reconnect => {
                self.migration.overlays.pop();
                self.reconnect();
            }
            Outcome::Chose(asker, place) => {
                self.migration.overlays.pop();
                match asker {
                    Asker::Step(tag) => self.tell_step(Event::Replied(tag, place)),
                    Asker::Program(tag) => self.on_reply(tag, place),
                }
            }
        }
    }

    fn on_command(&mut self, command: Command, key: Option<Key>) {
        match command {
            Command::Help => self.migration.overlays.push(Overlay::Help { first: 0 }),
            Command::Redraw => self.migration.order(Effect::Redraw),
            Command::Lessons => {
                self.migration.lessons_shown = !self.migration.lessons_shown;
            }
            Command::Interrupt | Command::Leave => self.ask_to_leave(),
            Command::Next => self.next(),
            Command::Back => self.back(),
            Command::GoTo => {
                if let Some(Key::Char(digit)) = key
                    && let Some(number) = digit.to_digit(10)
                {
                    self.go_to_number(number as usize);
                }
            }
            Command::Copy => match self.step().and_then(|step| step.copied(&self.migration)) {
                Some(text) => self.migration.copy(text),
                None => self.migration.say("There is nothing to copy here."),
            },
            Command::Open if self.step().is_some_and(Step::rests) => self.next(),
            command => match self.screen {
                Screen::Home => self.on_home(command),
                Screen::Step(_) => self.tell_step(Event::Command(command)),
            },
        }
    }

    /// Goes where a step wants to go.
    fn go(&mut self) {
        match self.migration.going.take() {
            None => {}
            Some(Going::Step(name)) => {
                if let Some(place) = self.place_of(name) {
                    self.show_step(place);
                    // What comes after is reached again by going there.
                    if self.migration.run.is_none() {
                        self.reached = self.reached.min(place.max(self.review()));
                    }
                }
            }
            Some(Going::Home) => self.show_home(),
            Some(Going::Again) => {
                let plan = self.migration.plan.clone();
                let step = Some("Review".to_owned());
                self.open(Opened { plan, notices: Vec::new(), step, is_draft: true });
            }
            Some(Going::Out) => self.leave(Leaving::AsItIs),
        }
    }

    /// The place of the last step before anything is written.
    fn review(&self) -> usize {
        self.place_of("Review").unwrap_or(0)
    }

    /// Tells a step that leads on by itself what the steps before it leave open.
    fn look_before(&mut self) {
        let Screen::Step(place) = self.screen else { return };
        if self.steps[place].offers_next(&self.migration) || !self.migration.may_change() {
            self.migration.unready.clear();
            return;
        }
        let open = self.steps[..place].iter().enumerate().flat_map(|(number, step)| {
            let reasons = step.gate(&self.migration).into_iter();
            reasons.map(move |reason| format!("{} (press {}): {reason}", step.name(), number + 1))
        });
        let unready: Vec<String> = open.collect();
        self.migration.unready = unready;
    }

    /// To a step; the one left is remembered as checked.
    fn show_step(&mut self, place: usize) {
        self.take_leave();
        self.remember();
        self.screen = Screen::Step(place);
        self.reached = self.reached.max(place);
        self.migration.step_names = self.steps.iter().map(|step| step.name()).collect();
        self.migration.summaries =
            self.steps[..place].iter().flat_map(|step| step.summary(&self.migration)).collect();
        if let Some(step) = self.steps.get_mut(place) {
            self.migration.step = step.name();
            step.enter(&mut self.migration);
        }
        self.migration.keep_step();
        self.remember();
    }

    /// The step that is shown keeps what stands in its fields.
    fn take_leave(&mut self) {
        if let Screen::Step(place) = self.screen
            && let Some(step) = self.steps.get_mut(place)
        {
            step.leave(&mut self.migration);
        }
    }

    fn next(&mut self) {
        let Screen::Step(place) = self.screen else {
            self.on_home(Command::Open);
            return;
        };
        self.take_leave();
        let Some(step) = self.steps.get_mut(place) else { return };
        if !step.offers_next(&self.migration) {
            step.lead_on(&mut self.migration);
            return;
        }
        let reasons = step.gate(&self.migration);
        if !reasons.is_empty() {
            step.go_to_first_reason(&mut self.migration);
            let reasons: Vec<String> = reasons.iter().map(ToString::to_string).collect();
            self.migration.say(format!("Not yet: {}.", reasons.join("; ")));
            return;
        }
        // What an earlier step left open stops here as well, by name.
        let waiting = self.steps[..place]
            .iter()
            .position(|earlier| !earlier.gate(&self.migration).is_empty());
        if let Some(earlier) = waiting {
            let step = &self.steps[earlier];
            let reasons: Vec<String> =
                step.gate(&self.migration).iter().map(ToString::to_string).collect();
            self.migration.say(format!(
                "{} (press {}) needs a look first: {}.",
                step.name(),
                earlier + 1,
                reasons.join("; ")
            ));
            return;
        }
        if place + 1 < self.steps.len() {
            self.show_step(place + 1);
        }
    }

    fn back(&mut self) {
        match self.screen {
            Screen::Home => {}
            Screen::Step(_) if self.migration.is_earlier_run() => self.show_home(),
            Screen::Step(0) => self.show_home(),
            Screen::Step(place) => self.show_step(place - 1),
        }
    }

    fn show_home(&mut self) {
        self.take_leave();
        self.remember();
        if self.migration.is_running() {
            self.ask_to_leave();
            return;
        }
        self.screen = Screen::Home;
        self.migration.start(Purpose::Home, Effect::List);
    }

    fn go_to_number(&mut self, number: usize) {
        let place = if number == 0 { 9 } else { number - 1 };
        if matches!(self.screen, Screen::Home) {
            return;
        }
        match self.steps.get(place) {
            None => self.migration.say(format!("There is no step {number}.")),
            Some(_) if self.migration.is_earlier_run() => self.migration.say(
                "This is the report of an earlier run; of its answers only what the report says is \
                 known. Ctrl+P leads Home.",
            ),
            Some(step) if place > self.reached => {
                let name = step.name();
                self.migration.say(format!("{name} has not been reached yet; Ctrl+N leads there."));
            }
            Some(_) => self.show_step(place),
        }
    }

    fn on_home(&mut self, command: Command) {
        let Some(begun) = self.home.obey(command, &mut self.migration) else { return };
        match begun {
            home::Begin::New => {
                let name = home::free_name("migration", &self.migration.saved);
                self.open(Opened {
                    plan: crate::plan::PlanFile::empty(&name),
                    notices: Vec::new(),
                    step: None,
                    is_draft: false,
                });
            }
            home::Begin::Practice => {
                self.migration.start(Purpose::Practice, Effect::MakePractice);
                self.migration.say("The practice pair is being made…");
            }
            home::Begin::Plan(path) => {
                self.migration.start(Purpose::Open, |job| Effect::Open(job, path));
            }
            home::Begin::Run(id) => {
                self.migration.start(Purpose::Open, |job| Effect::OpenRun(job, id));
            }
        }
    }

    /// Begins with these answers.
    fn open(&mut self, opened: Opened) {
        let Opened { plan, notices, step, is_draft } = opened;
        // A question that is none of the old migration's stays: Enter is meant for it.
        let mut asked = std::mem::take(&mut self.migration.overlays);
        asked.retain(|overlay| {
            matches!(overlay, Overlay::Question(Question { asker: Asker::Program(_), .. }))
        });
        self.migration.open(plan, is_draft);
        self.migration.overlays = asked;
        self.begin_steps();
        let step = step.and_then(|name| self.place_of(&name)).unwrap_or(0);
        self.show_step(0);
        // As far as the draft had come; what is beyond Review is never come back to this way.
        self.reached = step.min(self.review());
        if step > 0 {
            let name = self.steps[self.reached].name();
            self.migration.say(format!(
                "Both sides are tested again first; you were at {name} ({}).",
                self.reached + 1
            ));
        }
        if !notices.is_empty() {
            let mut lines =
                vec!["The file was opened. What is to be known of that:".to_owned(), String::new()];
            lines.extend(notices);
            self.migration.overlays.push(Overlay::Text(overlay::Reading {
                title: "Opened, but not quite as it is".to_owned(),
                lines,
                first: 0,
            }));
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
                self.open(Opened {
                    plan: (**plan).clone(),
                    notices: Vec::new(),
                    step: None,
                    is_draft: false,
                });
            }
            Fact::Making(what) => self.migration.say(what.clone()),
            Fact::Exported(path) => self.migration.say(format!("Written: {}", path.display())),
            _ => {}
        }
        for step in &mut self.steps {
            step.update(&mut self.migration, Event::Fact(&fact));
        }
    }

    /// A report came: it belongs to the run that has just ended, or is that of an earlier one, which
    /// takes the place of whatever was open.
    fn show_report(&mut self, job: JobId, reported: Box<message::Reported>) {
        if job.purpose == Purpose::Run {
            self.made = Some(reported.report.verdict());
            self.migration.end_run();
        } else {
            self.migration.jobs.end(job);
            self.migration.open(crate::plan::PlanFile::empty(&reported.report.name), false);
            self.begin_steps();
        }
        self.migration.report = Some(reported);
        if let Some(place) = self.place_of("Report") {
            self.show_step(place);
        }
    }

    /// All steps as they are at first.
    fn begin_steps(&mut self) {
        self.steps = steps::all();
        self.seen = self.steps.iter().map(|_| None).collect();
        self.reached = 0;
    }

    fn reconnect(&mut self) {
        for side in [crate::outsystems::Side::Source, crate::outsystems::Side::Destination] {
            self.migration.test(side);
        }
        self.show_step(0);
    }

    fn ask_to_leave(&mut self) {
        if self.migration.is_proving() {
            let run = self.migration.run.as_ref().map_or("", |run| run.id.as_str());
            self.migration.overlays.push(Overlay::Question(Question {
                asker: Asker::Program(LEAVE),
                title: "Leave before the proof is done?".to_owned(),
                lines: vec![
                    "Everything is written, and stays. That it is right is not proved yet."
                        .to_owned(),
                ],
                choices: vec![
                    ("Keep proving".to_owned(), String::new()),
                    ("Leave".to_owned(), format!("prove it later: osferry verify {run}")),
                ],
                selected: 0,
            }));
            return;
        }
        if self.migration.is_running() {
            self.migration.overlays.push(Overlay::Question(Question {
                asker: Asker::Program(LEAVE_RUN),
                title: "Leave while the run is writing?".to_owned(),
                lines: vec![
                    "Every batch is one transaction: it is there as a whole, or not at all."
                        .to_owned(),
                ],
                choices: [
                    ("Keep running", ""),
                    ("Pause", "finish the current batches, keep the connections"),
                    ("Stop", "finish the current batches, then leave"),
                    ("Abort", "roll back the open batches, then leave"),
                ]
                .map(|(name, what)| (name.to_owned(), what.to_owned()))
                .to_vec(),
                selected: 0,
            }));
            return;
        }
        let is_editing = matches!(self.screen, Screen::Step(_)) && self.migration.may_change();
        let line = match self.migration.draft().filter(|_| is_editing) {
            Some(name) => {
                format!("Your answers are kept in the draft \"{name}\"; Home lists it next time.")
            }
            None => "Nothing is running, and there is nothing to keep.".to_owned(),
        };
        let lines = vec![line];
        self.migration.overlays.push(Overlay::Question(Question {
            asker: Asker::Program(LEAVE),
            title: "Leave osferry?".to_owned(),
            lines,
            choices: vec![("Stay".to_owned(), String::new()), ("Leave".to_owned(), String::new())],
            selected: 1,
        }));
    }

    fn on_reply(&mut self, tag: &str, place: usize) {
        use crate::migrate::Command as Run;
        match (tag, place) {
            (REMOVE_DRAFT, 1) => self.home.removed(&mut self.migration),
            (LEAVE, 1) => self.leave(Leaving::AsItIs),
            (LEAVE_RUN, 1) => self.migration.tell(Run::Pause),
            (LEAVE_RUN, 2) => {
                self.migration.tell(Run::Stop);
                self.leave(Leaving::WhenTheRunEnds);
            }
            (LEAVE_RUN, 3) => {
                self.migration.tell(Run::Cancel);
                self.leave(Leaving::WhenTheRunEnds);
            }
            _ => {}
        }
    }

    /// The system wants the program to end: a run finishes its batches first.
    fn on_asked_to_end(&mut self) {
        if self.migration.is_running() && !self.migration.is_proving() {
            self.migration.tell(crate::migrate::Command::Stop);
            self.leave(Leaving::WhenTheRunEnds);
        } else {
            self.leave(Leaving::AsItIs);
        }
    }

    fn leave(&mut self, leaving: Leaving) {
        self.leaving = Some(leaving);
        self.migration.order(Effect::Quit(leaving));
    }

    /// What the run came to that was made here; `None` when none has ended.
    #[must_use]
    pub fn verdict(&self) -> Option<Verdict> {
        if self.migration.is_proving() { Some(Verdict::Written) } else { self.made }
    }

    /// Whether the window is too small for anything but a message.
    #[must_use]
    pub fn is_too_small(&self) -> bool {
        self.migration.size.class() == Class::TooSmall
    }
}

const LEAVE: &str = "leave";
const REMOVE_DRAFT: &str = "remove-draft";
const LEAVE_RUN: &str = "leave-run";
