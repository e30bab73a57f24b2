//! The migration being edited: what the person answered, what is known, what is under way.
//!
//! Steps change answers through the methods here, which note that a comparison and the draft are
//! no longer up to date; `settle` orders what follows from that, once for each
//! message.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::jobs::{JobId, Jobs, Purpose};
use super::message::{Check, Effect, Fact, Now, Reported, Saved, Sign};
use super::overlay::{Asker, Overlay, Picker, Question, Trouble};
use super::secret_field::Password;
use super::viewport::Size;
use crate::compare::{Finding, FindingKey};
use crate::database::Fault;
use crate::migrate::{self, EntityState, Phase, Progress};
use crate::outsystems::{EntityIndex, Environment, Side};
use crate::plan::{
    Decision, Endpoint, EndpointEngine, Plan, PlanFile, Refusal, Review, ScopeRequest,
};
use crate::practice::{About, Lesson};
use crate::proof::ProofProgress;

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

/// How many of a run's events are kept for the screen; the journal has all.
const EVENTS: usize = 500;

/// A run as it is seen while it goes on.
#[derive(Debug, Default)]
pub struct Running {
    /// Its id, once it has one.
    pub id: String,
    /// Its folder.
    pub folder: PathBuf,
    /// The newest progress.
    pub progress: Option<Progress>,
    /// The newest progress of the proof.
    pub proving: Option<ProofProgress>,
    /// What it was told last.
    pub told: migrate::Command,
    /// When it was started.
    pub started: Now,
    /// Rows read so far, by time since the program started: for rates and the curve.
    pub samples: VecDeque<(Duration, u64)>,
    /// What happened, newest last, with the time.
    pub events: VecDeque<(String, String)>,
    /// Whether it has ended.
    pub ended: bool,
    percent: Option<u64>,
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
    pub(super) orders: Vec<Effect>,
    pub(super) step: &'static str,
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
            orders: Vec::new(),
            step: "",
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
        for (side, known) in [(Side::Source, &old.source), (Side::Destination, &old.destination)] {
            self.side_mut(side).secret.clone_from(&known.secret);
        }
        self.saved_as = is_draft.then(|| plan.name.clone());
        self.plan = plan;
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

    /// Whether answers can still be changed: not once a run was started with them.
    #[must_use]
    pub fn may_change(&self) -> bool {
        self.run.is_none()
    }

    /// Whether a comparison is under way or about to be.
    #[must_use]
    pub fn is_comparing(&self) -> bool {
        self.compare_again || self.jobs.is_running(Purpose::Survey)
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

    /// Gives the migration a name.
    pub fn set_name(&mut self, name: &str) {
        if self.may_change() && self.plan.name != name && !name.trim().is_empty() {
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
        if let Some(run) = self.run.as_mut().filter(|run| !run.ended) {
            run.told = command;
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
            let (plan, step) = (self.plan.clone(), self.step);
            self.draft_saved.clone_from(&self.now.clock);
            self.orders.push(Effect::SaveDraft { plan, step, instead_of });
        }
    }

    /// Keeps the draft, with the step where the person is.
    pub(super) fn save_soon(&mut self) {
        self.save = true;
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
                }
                self.event(format!("run {id} started"));
            }
            Fact::Progressed(progress) => self.progressed(progress),
            Fact::Proving(progress) => {
                if let Some(run) = &mut self.run {
                    if run.proving.is_none() {
                        let clock = self.now.clock.clone();
                        run.events
                            .push_back((clock, "everything is written; proving it".to_owned()));
                    }
                    run.proving = Some(progress.clone());
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
        if job.purpose == Purpose::Run {
            self.run = None;
        }
        self.overlays.push(Overlay::Error(Trouble::new(title, fault)));
    }

    /// Adds an event of the run.
    pub(super) fn event(&mut self, text: String) {
        let clock = self.now.clock.clone();
        if let Some(run) = &mut self.run {
            run.events.push_back((clock, text));
            if run.events.len() > EVENTS {
                run.events.pop_front();
            }
        }
    }

    /// Keeps the newest progress, and tells apart what happened since the one before.
    fn progressed(&mut self, progress: &Progress) {
        let Some(run) = &mut self.run else { return };
        let before = run.progress.replace(progress.clone());
        let (read, total) = progress.totals();
        run.samples.push_back((self.now.since_start, read));
        if run.samples.len() > 240 {
            run.samples.pop_front();
        }
        let percent = (read * 100).checked_div(total).unwrap_or(100);
        let mut events = Vec::new();
        if before.as_ref().is_none_or(|before| before.phase != progress.phase)
            && progress.phase != Phase::Ended
        {
            events.push(progress.phase.label().to_owned());
        }
        for (place, entity) in progress.entities.iter().enumerate() {
            let old = before.as_ref().and_then(|before| before.entities.get(place));
            if let Some(trouble) = &entity.trouble
                && old.is_none_or(|old| old.trouble != entity.trouble)
            {
                events.push(format!("{}: {trouble}", entity.name));
            }
            let is_done = |state| matches!(state, EntityState::Done | EntityState::SecondPass);
            if is_done(entity.state) && old.is_none_or(|old| !is_done(old.state)) {
                events.push(format!(
                    "{}: {} written",
                    entity.name,
                    crate::report::counted(entity.written, "row", "rows")
                ));
            }
        }
        if run.percent != Some(percent) {
            run.percent = Some(percent);
            self.orders.push(Effect::Title(format!("osferry {percent}% {}", self.plan.name)));
        }
        for event in events {
            self.event(event);
        }
    }
}

/// A check that has not ended.
#[must_use]
pub fn checking(text: impl Into<String>) -> Check {
    Check { sign: Sign::Later, text: text.into(), advice: String::new(), step: "" }
}
