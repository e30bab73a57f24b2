//! The way through the steps: Next with what it asks for, Back, a number, and where a step sends
//! the person.

use super::jobs::Purpose;
use super::keys::Command;
use super::message::{Effect, Leaving, Opened};
use super::migration::Going;
use super::step::Reason;
use super::{Model, Screen};

impl Model {
    /// Goes where a step wants to go.
    pub(super) fn go(&mut self) {
        match self.migration.going.take() {
            None => {}
            Some(Going::Step(name)) => {
                if let Some(place) = self.place_of(name) {
                    self.show_step(place);
                    // What comes after is reached again by going there.
                    if self.migration.run.is_none() && self.migration.errand().is_none() {
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

    pub(super) fn next(&mut self) {
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
        let awaits = step.awaits_comparison(&self.migration);
        if !reasons.is_empty() && !awaits {
            step.go_to_first_reason(&mut self.migration);
            self.migration.say(format!("Not yet: {}.", listed(&reasons)));
            return;
        }
        // What an earlier step left open stops here as well, by name.
        let waiting = self.gates_before(place).find(|(_, reasons)| !reasons.is_empty());
        if awaits && (waiting.is_some() || !reasons.is_empty()) {
            self.goes_on = Some(place);
            self.migration.say("Comparing again; Next leads on as soon as that is done.");
            return;
        }
        if let Some((name, reasons)) = waiting {
            self.migration.say(format!("{name} needs a look first: {}.", listed(&reasons)));
            return;
        }
        if place + 1 < self.steps.len() {
            self.show_step(place + 1);
        }
    }

    /// Next was pressed while the environments were compared, and now they are.
    pub(super) fn go_on(&mut self) {
        if self.goes_on.is_none() || self.migration.is_comparing() {
            return;
        }
        let place = self.goes_on.take();
        if place.map(Screen::Step) == Some(self.screen) && self.migration.overlays.is_empty() {
            self.migration.said = None;
            self.next();
        }
    }

    pub(super) fn back(&mut self) {
        match self.screen {
            Screen::Home => {}
            // From Connect, where passwords are asked for it, back to its report.
            Screen::Step(0)
                if self.migration.past().is_some() && self.migration.taking.is_some() =>
            {
                self.migration.taking = None;
                self.migration.going = Some(Going::Step("Report"));
            }
            Screen::Step(_) if self.migration.is_earlier_run() => self.show_home(),
            Screen::Step(0) => self.show_home(),
            Screen::Step(place) => self.show_step(place - 1),
        }
    }

    pub(super) fn go_to_number(&mut self, number: usize) {
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
            Some(_) => {
                let is_back = matches!(self.screen, Screen::Step(here) if place < here);
                self.show_step(place);
                // What leads back to a step is what it leaves open.
                let step = &mut self.steps[place];
                if is_back && !step.gate(&self.migration).is_empty() {
                    step.go_to_first_reason(&mut self.migration);
                }
            }
        }
    }

    pub(super) fn show_home(&mut self) {
        self.take_leave();
        self.remember();
        if self.migration.is_running() || self.migration.is_cleaning() {
            self.ask_to_leave();
            return;
        }
        self.screen = Screen::Home;
        // What was opened by its path is open: its field is not typed in any more.
        self.home.path = None;
        self.migration.start(Purpose::Home, Effect::List);
    }

    /// To a step; the one left is remembered as checked.
    pub(super) fn show_step(&mut self, place: usize) {
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

    /// Tells a step that leads on by itself what the steps before it leave open.
    pub(super) fn look_before(&mut self) {
        let Screen::Step(place) = self.screen else { return };
        if self.steps[place].offers_next(&self.migration) || !self.migration.may_change() {
            self.migration.unready.clear();
            return;
        }
        let unready = self.gates_before(place).flat_map(|(name, reasons)| {
            reasons.into_iter().map(move |reason| format!("{name}: {reason}"))
        });
        self.migration.unready = unready.collect();
    }

    /// The steps before one, each with the key that leads to it and what it leaves open.
    fn gates_before(&self, place: usize) -> impl Iterator<Item = (String, Vec<Reason>)> {
        self.steps[..place].iter().enumerate().map(|(before, step)| {
            (format!("{} (press {})", step.name(), before + 1), step.gate(&self.migration))
        })
    }

    /// The place of the last step before anything is written.
    pub(super) fn review(&self) -> usize {
        self.place_of("Review").unwrap_or(0)
    }
}

fn listed(reasons: &[Reason]) -> String {
    let reasons: Vec<String> = reasons.iter().map(ToString::to_string).collect();
    reasons.join("; ")
}
