//! The migration being edited: what the person answered, what is known, what is under way.
//!
//! Steps change answers through the methods here, which note that a comparison and the draft are
//! no longer up to date; `settle` orders what follows from that, once for each
//! message.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::jobs::{JobId, Jobs, Purpose};
use super::message::{Check, Effect, Fact, Now, Reported, Saved, SavedKind, Sign};
use super::overlay::{Asker, Overlay, Picker, Question, Trouble};
pub use super::running::Running;
use super::secret_field::Password;
use super::viewport::Size;
use crate::compare::{Finding, FindingKey};
use crate::database::Fault;
use crate::migrate::{self, Phase, Progress};
use crate::outsystems::{EntityIndex, Environment, Side};
use crate::plan::{
    Decision, Endpoint, EndpointEngine, Plan, PlanFile, Refusal, Review, ScopeRequest,
};
use crate::practice::{About, Lesson};

/// What is known of one side.
#[derive(Debug, Default)]
pub struct SideKnown {
    /// The checks of its connection, in their order.
    pub checks: Vec<Check>,
    /// Its model, once read.
    pub model: Option<Arc<Environment>>,
    /// When it was checked.
    pub checked: String,
    /// The password or token typed; asked again when it expired.
    pub secret: Option<Password>,
    /// The endpoint that was checked: another one drops the results.
    pub tested: Option<Endpoint>,
}

/// A secret that a variable of the environment holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferedSecret {
    /// For which side.
    pub side: Side,
    /// Whether it is an Entra token, not a password.
    pub is_token: bool,
    /// The variable's name.
    pub variable: String,
    /// What it holds.
    pub secret: Password,
}

/// Where the program goes once a step has dealt with what happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Going {
    /// To a step, by its name.
    Step(&'static str),
    /// To Home.
    Home,
    /// To the same answers once more, from the first step: a run with them has ended.
    Again,
    /// Out of the program.
    Out,
}

/// The migration being edited.
#[derive(Debug)]
pub struct Migration {
    /// What the person answered.
    pub plan: PlanFile,
    /// Whether it is a practice pair.
    pub is_practice: bool,
    /// Whether lessons are shown.
    pub lessons_shown: bool,
    /// The lessons of the practice pair, each for a finding.
    pub lessons: Vec<Lesson>,
    /// The lessons of the steps, by the step's name.
    pub step_lessons: Vec<(String, String)>,
    /// The source.
    pub source: SideKnown,
    /// The destination.
    pub destination: SideKnown,
    /// Rows of entities, as far as they were counted.
    pub counts: BTreeMap<(u8, EntityIndex), u64>,
    /// The newest comparison.
    pub review: Option<Arc<Review>>,
    /// Questions about rows that are being answered.
    pub counting: usize,
    /// When the environments were compared last.
    pub compared: String,
    /// What is wrong with the scope, if anything.
    pub scope_trouble: Option<String>,
    /// The plan, once everything is decided.
    pub built: Option<Arc<Plan>>,
    /// Why there is none.
    pub refusal: Option<Arc<Refusal>>,
    /// The checks of Review.
    pub checks: Vec<Check>,
    /// When they were made.
    pub checks_made: String,
    /// The run, once it was started.
    pub run: Option<Running>,
    /// Why the last start was refused before anything was written.
    pub refused: Option<Fault>,
    /// The report, once there is one.
    pub report: Option<Box<Reported>>,
    /// Drafts and runs of this machine.
    pub saved: Vec<Saved>,
    /// When the draft was saved.
    pub draft_saved: String,
    /// Secrets that the environment's variables offer.
    pub offers: Vec<OfferedSecret>,
    /// A sentence for the status line, until the next key.
    pub said: Option<String>,
    /// What lies over the screen, the top one last.
    pub overlays: Vec<Overlay>,
    /// How late it is.
    pub now: Now,
    /// The window.
    pub size: Size,
    /// Work under way.
    pub jobs: Jobs,
    /// Goes up with each change of the answers: what steps worked out from them is out of date.
    pub changes: u64,
    /// Where to go next, if somewhere else.
    pub going: Option<Going>,
    /// What the steps before the shown one leave open, each a sentence: kept only where something
    /// else than Next leads on from it.
    pub unready: Vec<String>,
    /// What the steps before it say of themselves.
    pub summaries: Vec<(String, String)>,
    /// The names of all steps, in their order: a digit leads to each.
    pub step_names: Vec<&'static str>,
    pub(super) orders: Vec<Effect>,
    pub(super) step: &'static str,
    left_at: Option<&'static str>,
    compare_again: bool,
    count_again: bool,
    save: bool,
    saved_as: Option<String>,
}

impl Migration {
    /// An empty one.
    #[must_use]
    pub fn new(size: Size) -> Self {
        Self {
            plan: PlanFile::empty(""),
            is_practice: false,
            lessons_shown: true,
            lessons: Vec::new(),
            step_lessons: Vec::new(),
            source: SideKnown::default(),
            destination: SideKnown::default(),
            counts: BTreeMap::new(),
            review: None,
            counting: 0,
            compared: String::new(),
            scope_trouble: None,
            built: None,
            refusal: None,
            checks: Vec::new(),
            checks_made: String::new(),
            run: None,
            refused: None,
            report: None,
            saved: Vec::new(),
            draft_saved: String::new(),
            offers: Vec::new(),
            said: None,
            overlays: Vec::new(),
            now: Now::default(),
            size,
            jobs: Jobs::default(),
            changes: 0,
            going: None,
            unready: Vec::new(),
            summaries: Vec::new(),
            step_names: Vec::new(),
            orders: Vec::new(),
            step: "",
            left_at: None,
            compare_again: false,
            count_again: false,
            save: false,
            saved_as: None,
        }
    }

    /// Another migration takes its place; what is known of this machine and of the window stays.
    pub(super) fn open(&mut self, plan: PlanFile, is_draft: bool) {
        let fresh = Self::new(self.size);
        let old = std::mem::replace(self, fresh);
        self.saved_as = is_draft.then(|| plan.name.clone());
        self.plan = plan;
        for side in [Side::Source, Side::Destination] {
            // A password is never offered to another server than the one it was typed for.
            if self.endpoint(side) == old.endpoint(side) {
                self.side_mut(side).secret.clone_from(&old.side(side).secret);
            }
        }
        self.saved = old.saved;
        self.now = old.now;
        self.jobs = old.jobs;
        self.offers = old.offers;
        self.orders = old.orders;
        self.lessons_shown = old.lessons_shown;
    }

    /// What is known of a side.
    #[must_use]
    pub fn side(&self, side: Side) -> &SideKnown {
        match side {
            Side::Source => &self.source,
            Side::Destination => &self.destination,
        }
    }

    /// The same, to be changed.
    pub fn side_mut(&mut self, side: Side) -> &mut SideKnown {
        match side {
            Side::Source => &mut self.source,
            Side::Destination => &mut self.destination,
        }
    }

    /// The number of the step of that name.
    #[must_use]
    pub fn number_of(&self, step: &str) -> Option<usize> {
        self.step_names.iter().position(|name| *name == step).map(|place| place + 1)
    }

    /// Where a side is.
    #[must_use]
    pub fn endpoint(&self, side: Side) -> &Endpoint {
        match side {
            Side::Source => &self.plan.source,
            Side::Destination => &self.plan.destination,
        }
    }

    /// The database's name of a side, as far as it is known: what texts call it.
    #[must_use]
    pub fn name_of(&self, side: Side) -> String {
        if let Some(model) = &self.side(side).model {
            return model.facts.database.clone();
        }
        if let Some(reported) = self.report.as_ref().filter(|_| self.is_earlier_run()) {
            return match side {
                Side::Source => database_of(&reported.report.source).to_owned(),
                Side::Destination => reported.report.destination_database.clone(),
            };
        }
        match &self.endpoint(side).engine {
            EndpointEngine::SqlServer { database, .. } if !database.is_empty() => database.clone(),
            EndpointEngine::Sqlite { path } => path
                .file_stem()
                .map_or_else(|| side.to_string(), |stem| stem.to_string_lossy().into_owned()),
            EndpointEngine::SqlServer { .. } => side.to_string(),
        }
    }

    /// Both models, once both are read.
    #[must_use]
    pub fn models(&self) -> Option<(&Arc<Environment>, &Arc<Environment>)> {
        self.source.model.as_ref().zip(self.destination.model.as_ref())
    }

    /// Whether anything is chosen to be carried over.
    #[must_use]
    pub fn has_scope(&self) -> bool {
        let scope = &self.plan.scope;
        !(scope.applications.is_empty() && scope.espaces.is_empty() && scope.solutions.is_empty())
    }

    /// Whether a run is going on: then nothing may be changed.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.run.as_ref().is_some_and(|run| !run.ended)
    }

    /// Whether a run has written everything and is proving it.
    #[must_use]
    pub fn is_proving(&self) -> bool {
        self.run.as_ref().is_some_and(|run| !run.ended && run.proving.is_some())
    }

    /// Whether answers can still be changed: not once a run was started with them, nor where there
    /// are none but the report of an earlier run.
    #[must_use]
    pub fn may_change(&self) -> bool {
        self.run.is_none() && self.report.is_none()
    }

    /// Whether all there is to see is the report of a run that was not started from here.
    #[must_use]
    pub fn is_earlier_run(&self) -> bool {
        self.run.is_none() && self.report.is_some()
    }

    /// Starts the run of the plan that was made last.
    pub fn start_run(&mut self, confirmed: String) {
        let Some(plan) = self.built.clone().filter(|_| self.may_change()) else { return };
        self.refused = None;
        let mut run = Running::new(self.now.clone());
        run.event(&self.now.clock, format!("plan {}", plan.fingerprint));
        self.run = Some(run);
        let file = self.plan.clone();
        self.start(Purpose::Run, |job| Effect::Run {
            job,
            fingerprint: plan.fingerprint.clone(),
            plan: file,
            confirmed,
        });
        self.going = Some(Going::Step("Execute"));
    }

    /// Whether a comparison is under way or about to be.
    #[must_use]
    pub fn is_comparing(&self) -> bool {
        // Where a side is neither known nor being tested nothing is about to happen.
        let is_coming = |side| self.side(side).model.is_some() || self.is_testing(side);
        let may_compare = is_coming(Side::Source) && is_coming(Side::Destination);
        self.compare_again && may_compare || self.jobs.is_running(Purpose::Survey)
    }

    /// Rows of an entity, once counted.
    #[must_use]
    pub fn count(&self, side: Side, entity: EntityIndex) -> Option<u64> {
        self.counts.get(&(side as u8, entity)).copied()
    }

    /// The findings of the newest comparison.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        self.review.as_ref().map_or(&[], |review| &review.comparison.findings)
    }

    /// The choice made about a finding.
    #[must_use]
    pub fn choice(&self, finding: &Finding) -> Option<&str> {
        self.plan.decisions.choice(&finding.key)
    }

    /// Whether a finding keeps the run from starting: it waits for a decision, or was decided to
    /// stop, or blocks without a choice.
    #[must_use]
    pub fn is_open(&self, finding: &Finding) -> bool {
        finding.needs_decision()
            && self.choice(finding).is_none_or(|choice| choice == crate::compare::choice::STOP)
    }

    /// The lesson that belongs to a finding, on a practice pair.
    #[must_use]
    pub fn lesson(&self, finding: &Finding) -> Option<&Lesson> {
        let key = &finding.key;
        let about = About {
            finding: key.kind.name(),
            espace: key.espace.as_str(),
            entity: key.entity.as_str(),
            attribute: key.attribute.as_str(),
            record: key.record.as_str(),
            user: key.user.as_str(),
            tenant: key.tenant.as_str(),
        };
        self.lessons.iter().find(|lesson| lesson.belongs_to(&about))
    }

    /// Decides a finding.
    pub fn decide(&mut self, finding: &Finding, choice: &str, to: Option<String>) {
        if !self.may_change() {
            return;
        }
        let decision = Decision {
            key: finding.key.clone(),
            about: finding.about.clone(),
            choice: choice.to_owned(),
            to,
        };
        if self.plan.decisions.get(&finding.key) != Some(&decision) {
            self.plan.decisions.put(decision);
            self.answered();
        }
    }

    /// Takes a decision back.
    pub fn undecide(&mut self, key: &FindingKey) {
        if self.may_change() && self.plan.decisions.get(key).is_some() {
            self.plan.decisions.remove(key);
            self.answered();
        }
    }

    /// Changes the scope.
    pub fn set_scope(&mut self, change: impl FnOnce(&mut ScopeRequest)) {
        if !self.may_change() {
            return;
        }
        let before = self.plan.scope.clone();
        change(&mut self.plan.scope);
        if before != self.plan.scope {
            self.answered();
        }
    }

    /// Changes the options.
    pub fn set_options(&mut self, change: impl FnOnce(&mut crate::plan::RunOptions)) {
        if !self.may_change() {
            return;
        }
        let before = self.plan.options.clone();
        change(&mut self.plan.options);
        if before != self.plan.options {
            self.answered();
        }
    }

    /// Changes a side: what was known of it is dropped.
    pub fn set_endpoint(&mut self, side: Side, endpoint: Endpoint) {
        if !self.may_change() || *self.endpoint(side) == endpoint {
            return;
        }
        match side {
            Side::Source => self.plan.source = endpoint,
            Side::Destination => self.plan.destination = endpoint,
        }
        self.forget(side);
        self.save = true;
    }

    /// Drops what was known of a side, and what followed from it.
    pub fn forget(&mut self, side: Side) {
        self.jobs.drop(match side {
            Side::Source => Purpose::TestSource,
            Side::Destination => Purpose::TestDestination,
        });
        self.jobs.drop(Purpose::Count);
        let secret = self.side_mut(side).secret.take();
        *self.side_mut(side) = SideKnown { secret, ..SideKnown::default() };
        self.counts.retain(|(of, _), _| *of != side as u8);
        self.review = None;
        self.lapse();
    }

    /// Why the migration cannot have a name; `None` when it can.
    #[must_use]
    pub fn name_fault(&self, name: &str) -> Option<String> {
        let name = name.trim();
        let is_own = |saved: &str| self.saved_as.as_deref().is_some_and(|own| own == saved);
        let is_taken = self.saved.iter().any(|saved| {
            matches!(saved.kind, SavedKind::Draft(_))
                && saved.name.eq_ignore_ascii_case(name)
                && !is_own(&saved.name)
        });
        if name.is_empty() {
            Some("A name is needed: the draft, the plan and the runs have it.".to_owned())
        } else if is_taken {
            Some(format!("Another draft is called {name} already."))
        } else {
            None
        }
    }

    /// Gives the migration a name, where it can have it.
    pub fn set_name(&mut self, name: &str) {
        if self.may_change() && self.plan.name != name && self.name_fault(name).is_none() {
            name.trim().clone_into(&mut self.plan.name);
            self.save = true;
        }
    }

    /// An answer changed: what was planned no longer holds.
    fn answered(&mut self) {
        self.changes += 1;
        self.save = true;
        self.compare_again = true;
        self.lapse();
    }

    fn lapse(&mut self) {
        self.built = None;
        self.refusal = None;
        self.refused = None;
        self.checks.clear();
        self.jobs.drop(Purpose::Check);
        self.jobs.drop(Purpose::Survey);
        self.compare_again = true;
    }

    /// Has the environments compared again, with rows counted anew.
    pub fn compare_anew(&mut self) {
        if self.may_change() {
            self.compare_again = true;
            self.count_again = true;
        }
    }

    /// Starts a job and orders what it is to do.
    pub fn start(&mut self, purpose: Purpose, effect: impl FnOnce(JobId) -> Effect) {
        let job = self.jobs.start(purpose);
        self.orders.push(effect(job));
    }

    /// Writes the plan file for the person, as it stands: what is missing in it `osferry run` names.
    pub fn export(&mut self) {
        let plan = self.plan.clone();
        self.start(Purpose::Export, |job| Effect::Export(job, plan));
    }

    /// Orders something that does not answer.
    pub fn order(&mut self, effect: Effect) {
        self.orders.push(effect);
    }

    /// The secret that a variable offers for a side.
    #[must_use]
    pub fn offered(&self, side: Side, is_token: bool) -> Option<&OfferedSecret> {
        self.offers.iter().find(|offer| offer.side == side && offer.is_token == is_token)
    }

    /// The variable that a side's secret came from, if it did.
    #[must_use]
    pub fn offered_from(&self, side: Side, secret: &Password) -> Option<String> {
        let from = self.offers.iter().find(|offer| offer.side == side && offer.secret == *secret);
        from.map(|offer| offer.variable.clone())
    }

    /// The lesson of a step, on a practice pair whose lessons are shown.
    #[must_use]
    pub fn step_lesson(&self, step: &str) -> Option<String> {
        let wanted = self.is_practice && self.lessons_shown;
        self.step_lessons
            .iter()
            .find(|(name, _)| wanted && name == step)
            .map(|(_, text)| text.clone())
    }

    /// Tests a side: reaches it, signs in, reads its model.
    pub fn test(&mut self, side: Side) {
        if !self.may_change() {
            return;
        }
        let endpoint = self.endpoint(side).clone();
        let secret = self.side(side).secret.clone();
        self.forget(side);
        self.side_mut(side).tested = Some(endpoint.clone());
        let purpose = match side {
            Side::Source => Purpose::TestSource,
            Side::Destination => Purpose::TestDestination,
        };
        self.start(purpose, |job| Effect::Test { job, side, endpoint, secret });
    }

    /// Whether a side is being tested.
    #[must_use]
    pub fn is_testing(&self, side: Side) -> bool {
        self.jobs.is_running(match side {
            Side::Source => Purpose::TestSource,
            Side::Destination => Purpose::TestDestination,
        })
    }

    /// Tells the run.
    pub fn tell(&mut self, command: migrate::Command) {
        let clock = self.now.clock.clone();
        if let Some(run) = self.run.as_mut().filter(|run| !run.ended && run.told != command) {
            run.told = command;
            run.event(
                &clock,
                match command {
                    migrate::Command::Run => "told to go on",
                    migrate::Command::Pause => "told to pause after the current batches",
                    migrate::Command::Stop => "told to stop after the current batches",
                    migrate::Command::Cancel => "told to roll the current batches back and stop",
                },
            );
            self.orders.push(Effect::Tell(command));
        }
    }

    /// Says a sentence in the status line.
    pub fn say(&mut self, text: impl Into<String>) {
        self.said = Some(text.into());
    }

    /// Copies a text.
    pub fn copy(&mut self, text: String) {
        self.say("Copied, if the terminal allows it.");
        self.orders.push(Effect::Copy(text));
    }

    /// Asks a question of the step that is shown.
    pub fn ask(
        &mut self,
        tag: &'static str,
        title: impl Into<String>,
        lines: Vec<String>,
        choices: Vec<(String, String)>,
    ) {
        self.overlays.push(Overlay::Question(Question {
            asker: Asker::Step(tag),
            title: title.into(),
            lines,
            choices,
            selected: 0,
        }));
    }

    /// Has the person pick from a long list, for the step that is shown.
    pub fn pick(&mut self, tag: &'static str, title: impl Into<String>, items: Vec<String>) {
        self.overlays.push(Overlay::Picker(Picker::new(Asker::Step(tag), title, items)));
    }

    /// Orders what follows from changed answers: a comparison, a draft.
    pub(super) fn settle(&mut self) {
        if self.compare_again && self.models().is_some() && self.has_scope() && self.may_change() {
            self.compare_again = false;
            let again = std::mem::take(&mut self.count_again);
            let plan = self.plan.clone();
            self.counting = 0;
            self.start(Purpose::Survey, |job| Effect::Survey {
                job,
                name: plan.name,
                scope: plan.scope,
                decisions: plan.decisions,
                options: plan.options,
                again,
            });
        } else if self.compare_again && !self.has_scope() {
            self.review = None;
            self.compare_again = false;
        }
        if std::mem::take(&mut self.save) && !self.plan.name.is_empty() && self.may_change() {
            let name = self.plan.name.clone();
            let instead_of = self.saved_as.replace(name.clone()).filter(|old| *old != name);
            let (plan, step) = (self.plan.clone(), self.left_at.unwrap_or(self.step));
            self.draft_saved.clone_from(&self.now.clock);
            self.orders.push(Effect::SaveDraft { plan, step, instead_of });
        }
    }

    /// Keeps the step where the person is with the draft, once there is one.
    pub(super) fn keep_step(&mut self) {
        self.left_at = None;
        self.save |= self.saved_as.is_some() && self.may_change();
    }

    /// Nothing has changed since the file was opened; a draft keeps the step it was left at until
    /// the person goes to another one.
    pub(super) fn stay_as_opened(&mut self, step: &'static str) {
        self.save = false;
        self.left_at = Some(step);
    }

    /// The draft that the answers are kept in.
    #[must_use]
    pub fn draft(&self) -> Option<&str> {
        self.saved_as.as_deref()
    }

    /// A job reported; returns the title of what did not work.
    pub(super) fn learn(&mut self, job: JobId, fact: &Fact) {
        match fact {
            Fact::Listed(saved) => self.saved.clone_from(saved),
            Fact::Checked(side, check) => self.side_mut(*side).checks.push(check.clone()),
            Fact::Read(side, model) => {
                let clock = self.now.clock.clone();
                let known = self.side_mut(*side);
                known.model = Some(Arc::clone(model));
                known.checked = clock;
                self.is_practice = [&self.source, &self.destination]
                    .iter()
                    .any(|known| known.model.as_ref().is_some_and(|model| model.is_practice));
                if self.is_practice && self.lessons.is_empty() {
                    // The lessons are part of the program; a test reads them.
                    self.lessons = crate::practice::lessons().unwrap_or_default();
                    self.step_lessons = crate::practice::step_lessons().unwrap_or_default();
                }
                self.compare_again = true;
            }
            Fact::Counting(open) => self.counting = *open,
            Fact::Surveyed(review) => {
                self.review = Some(Arc::clone(review));
                self.scope_trouble = None;
                self.compared.clone_from(&self.now.clock);
                for pair in &review.comparison.pairs {
                    let existing = &pair.existing;
                    let theirs = existing.replaced.zip(existing.standing).map(|(a, b)| a + b);
                    for (side, entity, rows) in [
                        (Side::Source, pair.source, pair.source_rows),
                        (Side::Destination, pair.destination, theirs),
                    ] {
                        if let Some(rows) = rows {
                            self.counts.insert((side as u8, entity), rows);
                        }
                    }
                }
            }
            Fact::Planned(Ok(plan)) => {
                self.counting = 0;
                self.refusal = None;
                self.built = Some(Arc::clone(plan));
            }
            Fact::Planned(Err(refusal)) => {
                self.counting = 0;
                self.built = None;
                self.refusal = Some(Arc::clone(refusal));
            }
            Fact::ScopeUnknown(what) => {
                self.scope_trouble = Some(what.clone());
                self.review = None;
            }
            Fact::Counted(side, entity, rows) => {
                self.counts.insert((*side as u8, *entity), *rows);
            }
            Fact::Checks(checks) => {
                self.checks.clone_from(checks);
                self.checks_made.clone_from(&self.now.clock);
            }
            Fact::Started { id, folder } => {
                if let Some(run) = &mut self.run {
                    run.id.clone_from(id);
                    run.folder.clone_from(folder);
                    run.event(&self.now.clock, format!("run {id} started"));
                }
            }
            Fact::Progressed(progress) => self.progressed(progress),
            Fact::Proving(progress) => {
                if let Some(run) = &mut self.run {
                    if run.proving.is_none() {
                        run.event(&self.now.clock, "everything is written; proving it");
                        let title = format!("osferry proving {}", self.plan.name);
                        self.orders.push(Effect::Title(title));
                    }
                    run.proving = Some(progress.clone());
                    run.heard.clone_from(&self.now.clock);
                }
            }
            Fact::Failed(fault) => self.failed(job, fault),
            Fact::Opened(_)
            | Fact::Making(_)
            | Fact::PracticeMade(_)
            | Fact::Reported(_)
            | Fact::Exported(_) => {}
        }
    }

    fn failed(&mut self, job: JobId, fault: &Fault) {
        let title = match job.purpose {
            // Its check says it in its place.
            Purpose::TestSource | Purpose::TestDestination => return,
            Purpose::Home => "The list of drafts and runs could not be read",
            Purpose::Open => "This could not be opened",
            Purpose::Practice => "The practice pair could not be made",
            Purpose::Survey => "The environments could not be compared",
            Purpose::Count => "Rows could not be counted",
            Purpose::Check => "The checks could not be made",
            Purpose::Run => "The run was refused; nothing was written",
            Purpose::Export => "The file could not be written",
        };
        let title = match job.purpose {
            // What was written is written: it is no refusal.
            Purpose::Run if self.run.as_ref().is_some_and(Running::has_begun) => {
                self.end_run();
                "The run ended, and its report could not be made"
            }
            Purpose::Run => {
                self.run = None;
                self.refused = Some(fault.clone());
                self.overlays.retain(|overlay| !overlay.is_about_a_run());
                self.going = Some(Going::Step("Review"));
                title
            }
            Purpose::Check => {
                self.checks.clear();
                title
            }
            _ => title,
        };
        // What was said to be under way is no more.
        self.said = None;
        self.overlays.push(Overlay::Error(Trouble::new(title, fault)));
    }

    /// The run has ended: nothing can be told to it any more.
    pub(super) fn end_run(&mut self) {
        if let Some(run) = &mut self.run {
            run.ended = true;
            run.ended_at.get_or_insert(self.now.since_start);
            self.overlays.retain(|overlay| !overlay.is_about_a_run());
            self.orders.push(Effect::Title(format!("osferry {}", self.plan.name)));
        }
    }

    /// Keeps the newest progress; the terminal's title has the percentage.
    fn progressed(&mut self, progress: &Progress) {
        let Some(run) = &mut self.run else { return };
        run.take(progress, &self.now);
        let (read, total) = progress.totals();
        let percent = (read * 100).checked_div(total).unwrap_or(100);
        // Nothing is read yet while the destination's rows are deleted: 100 % of nothing is no
        // end.
        let percent = if progress.phase < Phase::Loading { 0 } else { percent };
        if run.percent != Some(percent) {
            run.percent = Some(percent);
            self.orders.push(Effect::Title(format!("osferry {percent}% {}", self.plan.name)));
        }
    }
}

/// The last part of a place: the database on its server, or the file without its ending.
fn database_of(place: &str) -> &str {
    let last = place.rsplit(['/', '\\']).next().unwrap_or(place);
    last.strip_suffix(".sqlite").unwrap_or(last)
}

/// A check that has not ended.
#[must_use]
pub fn checking(text: impl Into<String>) -> Check {
    Check { sign: Sign::Later, text: text.into(), advice: String::new(), step: "" }
}
