//! What is begun or opened: a new migration, the practice pair, a draft or plan file, the report of
//! a run.

use super::home::{self, Begin};
use super::jobs::{JobId, Purpose};
use super::keys::Command;
use super::message::{Effect, Opened, OpenedErrand, Reported};
use super::overlay::{Asker, Overlay, Question};
use super::{Model, steps};
use crate::plan::{self, PlanFile};
use crate::procedures::Errand;

impl Model {
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

    /// A command for Home.
    pub(super) fn on_home(&mut self, command: Command) {
        let Some(begun) = self.home.obey(command, &mut self.migration) else { return };
        match begun {
            Begin::New => {
                let name = home::free_name("migration", &self.migration.saved);
                let mut plan = PlanFile::empty(&name);
                // What a migration is between: nobody has to answer that for it to be so.
                plan.source.purpose = Some(plan::Purpose::Production);
                plan.destination.purpose = Some(plan::Purpose::NonProduction);
                self.open(Opened::new(plan));
            }
            Begin::Practice => {
                self.make_practice("The practice pair is being made…", Effect::MakePractice);
            }
            Begin::Plan(path) => {
                self.migration.start(Purpose::Open, |job| Effect::Open(job, path));
            }
            Begin::Run(id, taking) => {
                self.wants = taking;
                self.migration.start(Purpose::Open, |job| Effect::OpenRun(job, id));
            }
            Begin::Cleanup => self.migration.overlays.push(Overlay::Question(Question::of_program(
                home::WHICH_CLONE,
                "Clean up which clone?",
                "The clone of an environment brings its original's identity and connections along. \
                 They are taken away before it starts for the first time.",
                &[
                    ("A clone on SQL Server", "connect it, look, clean up"),
                    ("The practice clone", "the same without a server"),
                    ("A clone on Oracle", "write scripts, tick steps off"),
                ],
            ))),
            Begin::Restore => self.begin_errand(Errand::Restore, None),
            Begin::Errand(errand, label) => self.begin_errand(errand, Some(label)),
            Begin::CleanupReport(id) => {
                self.migration.start(Purpose::Open, |job| Effect::ShowCleanup(job, id));
            }
        }
    }

    /// The clone of the question was chosen.
    pub(super) fn begin_cleanup(&mut self, place: usize) {
        match place {
            0 => self.begin_errand(Errand::Cleanup, None),
            1 => {
                self.make_practice("The practice clone is being made…", Effect::MakePracticeClone);
            }
            _ => self.begin_errand(Errand::Oracle, None),
        }
    }

    /// Makes files to practise with. Whoever asks twice waits for those of the first time: two would
    /// write the same ones.
    fn make_practice(&mut self, said: &str, effect: impl FnOnce(JobId) -> Effect) {
        if !self.migration.jobs.is_running(Purpose::Practice) {
            self.migration.start(Purpose::Practice, effect);
        }
        self.migration.say(said);
    }

    fn begin_errand(&mut self, errand: Errand, label: Option<String>) {
        self.migration.start(Purpose::Open, |job| Effect::OpenErrand(job, errand, label));
    }

    /// A neighbouring procedure was opened; every step of it can be gone to at once.
    pub(super) fn open_errand(&mut self, opened: OpenedErrand) {
        let asked = self.questions_of_the_program();
        self.migration.open_errand(opened);
        self.migration.overlays = asked;
        self.begin_steps();
        self.show_step(0);
        self.reached = self.steps.len() - 1;
    }

    /// A question that is none of the old migration's stays: Enter is meant for it.
    fn questions_of_the_program(&mut self) -> Vec<Overlay> {
        let mut asked = std::mem::take(&mut self.migration.overlays);
        asked.retain(|overlay| {
            matches!(overlay, Overlay::Question(Question { asker: Asker::Program(_), .. }))
        });
        asked
    }

    /// Begins with these answers.
    pub(super) fn open(&mut self, opened: Opened) {
        let Opened { plan, notices, step, is_draft } = opened;
        let asked = self.questions_of_the_program();
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
            self.migration.show("Opened, but not quite as it is", lines);
        }
    }

    /// A report came: it belongs to the run that has just ended, or is that of an earlier one, which
    /// takes the place of whatever was open.
    pub(super) fn show_report(&mut self, job: JobId, reported: Box<Reported>) {
        match job.purpose {
            Purpose::Run => {
                self.made = Some(reported.report.verdict());
                self.migration.end_run();
            }
            Purpose::Undo => {
                self.made = Some(reported.report.verdict());
                self.migration.end_undo();
            }
            // It is the same run: wherever the person is by now, its report is another one.
            Purpose::Tasks => {
                self.migration.jobs.end(job);
                if self.step().is_none_or(|step| step.name() != "Report") {
                    self.migration.report = Some(reported);
                    return;
                }
            }
            _ => {
                self.migration.jobs.end(job);
                let answers = reported.past.as_ref().map(|past| past.answers.clone());
                let answers = answers.unwrap_or_else(|| PlanFile::empty(&reported.report.name));
                self.migration.open(answers, false);
                self.begin_steps();
            }
        }
        self.migration.report = Some(reported);
        if let Some(place) = self.place_of("Report") {
            self.show_step(place);
        }
        if let Some(taking) = self.wants.take() {
            self.migration.take(taking);
        }
    }

    /// All steps as they are at first.
    fn begin_steps(&mut self) {
        self.steps = steps::of(self.migration.errand());
        self.seen = self.steps.iter().map(|_| None).collect();
        self.reached = 0;
    }
}
