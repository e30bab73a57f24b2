//! Carries effects out: each job in a task of its own, its reports into one queue.
//!
//! The same functions that the commands use, in [`crate::front`], [`crate::migrate`] and
//! [`crate::plan`]; here they are only started, stopped and listened to. A second job of a purpose
//! ends the first.

mod again;
mod carry;
mod check;
mod desk;
mod errands;
mod lists;
mod maps;
mod past;
mod probe;
mod rights;
mod sides;
mod survey;
mod targets;

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::mpsc::UnboundedSender;
use tokio::task::{JoinHandle, JoinSet};

use super::Begin;
use crate::database::{Fault, FaultKind, Result};
use crate::front::rights::Logins;
use crate::front::{Home, secrets};
use crate::migrate::{Command, Control, Controller};
use crate::outsystems::Side;
use crate::wizard::jobs::{JobId, Purpose};
use crate::wizard::message::{Effect, Fact, Message};
use crate::wizard::migration::OfferedSecret;
use crate::wizard::secret_field::Password;
use desk::Desk;

/// Where a job's reports go.
#[derive(Clone, Debug)]
struct Reporter {
    job: JobId,
    sender: UnboundedSender<Message>,
}

impl Reporter {
    /// Reports; nobody listens any more once the program ends.
    fn tell(&self, fact: Fact) {
        let _ = self.sender.send(Message::Reported { job: self.job, fact });
    }

    /// The job has ended: what came of it is the last that is told.
    fn end(&self, ended: Result<()>) {
        if let Err(fault) = ended {
            self.tell(Fact::Failed(fault));
        }
        let _ = self.sender.send(Message::Ended(self.job));
    }
}

/// Carries effects out.
#[derive(Debug)]
pub struct Worker {
    home: Home,
    begin: Begin,
    sender: UnboundedSender<Message>,
    desk: Arc<Desk>,
    jobs: HashMap<Purpose, JoinHandle<()>>,
    controller: Option<Controller>,
    /// Ends the probe that was begun last.
    probing: Option<Controller>,
}

impl Worker {
    /// A worker whose reports go into this queue.
    #[must_use]
    pub fn new(home: Home, begin: Begin, sender: UnboundedSender<Message>) -> Self {
        Self {
            home,
            begin,
            sender,
            desk: Arc::default(),
            jobs: HashMap::new(),
            controller: None,
            probing: None,
        }
    }

    /// The secrets that the environment's variables hold.
    #[must_use]
    pub fn offers(&self) -> Vec<OfferedSecret> {
        let mut offers = Vec::new();
        if let Begin::PracticePair { secret: Some(secret), .. } = &self.begin {
            for side in [Side::Source, Side::Destination] {
                offers.push(OfferedSecret {
                    side,
                    is_token: false,
                    variable: "the command line's question".to_owned(),
                    secret: Password(secret.clone()),
                });
            }
        }
        for side in [Side::Source, Side::Destination] {
            for (what, is_token) in [("PASSWORD", false), ("TOKEN", true)] {
                let variable = secrets::variable(side, what);
                if let Some(secret) = secrets::from_environment(&variable) {
                    offers.push(OfferedSecret {
                        side,
                        is_token,
                        variable,
                        secret: Password(secret),
                    });
                }
            }
        }
        offers
    }

    /// Carries an effect out, as far as it is the worker's.
    pub fn perform(&mut self, effect: Effect) {
        let home = self.home.clone();
        let desk = Arc::clone(&self.desk);
        match effect {
            Effect::List(job) => {
                self.start(job, move |to| async move { lists::list(&home, &to) });
            }
            Effect::Open(job, path) => {
                self.start(job, move |to| async move { lists::open(&home, &path, &to) });
            }
            Effect::OpenRun(job, id) => {
                self.start(job, move |to| async move { lists::open_run(&home, &id, &to) });
            }
            Effect::MakePractice(job) => {
                let begin = self.begin.clone();
                self.start(
                    job,
                    move |to| async move { lists::make_practice(&home, &begin, &to).await },
                );
            }
            Effect::Test { job, side, endpoint, secret } => {
                self.start(job, move |to| async move {
                    sides::test(&desk, side, &endpoint, secret, &to).await
                });
            }
            Effect::Survey { job, name, scope, decisions, options, again } => {
                self.start(job, move |to| async move {
                    let asked = survey::Asked { name, scope, decisions, options };
                    survey::survey(&home, &desk, &asked, again, &to).await
                });
            }
            Effect::Count(job, wanted) => {
                self.start(job, move |to| async move { survey::count(&desk, &wanted, &to).await });
            }
            Effect::Check { job, fingerprint, purpose } => {
                self.start(job, move |to| async move {
                    check::check(&home, &desk, &fingerprint, purpose, &to).await
                });
            }
            Effect::Probe { job, fingerprint, purpose } => {
                let (controller, control) = Controller::new();
                self.probing = Some(controller);
                self.start(job, move |to| async move {
                    probe::probe(&home, &desk, &fingerprint, purpose, control, &to).await
                });
            }
            Effect::StopProbe => {
                if let Some(controller) = &self.probing {
                    controller.say(Command::Cancel);
                }
            }
            Effect::Run { job, fingerprint, plan, confirmed } => {
                let control = self.control();
                self.start(job, move |to| async move {
                    let order = carry::Order { fingerprint, plan, confirmed };
                    carry::carry(&home, &desk, order, control, &to).await
                });
            }
            Effect::Resume(job, id) => {
                let control = self.control();
                self.start(job, move |to| async move {
                    past::resume(&home, &desk, &id, control, &to).await
                });
            }
            Effect::LookAtUndo(job, id) => {
                let control = self.control();
                self.start(job, move |to| async move {
                    past::look(&home, &desk, &id, control, &to).await
                });
            }
            Effect::Undo { job, id, leave } => {
                let control = self.control();
                self.start(job, move |to| async move {
                    past::undo(&home, &desk, &id, leave, control, &to).await
                });
            }
            Effect::LookAtRejects(job, id) => {
                self.start(job, move |to| async move { again::look(&home, &desk, &id, &to).await });
            }
            Effect::TryAgain { job, id, accepted, confirmed } => {
                let control = self.control();
                self.start(job, move |to| async move {
                    let order = again::Order { id, accepted, confirmed };
                    again::carry(&home, &desk, order, control, &to).await
                });
            }
            Effect::MaskKey(key) => desk.put_mask_key(key.map(|key| key.0)),
            Effect::Tick { job, id, name, is_done, note } => {
                self.start(job, move |to| async move {
                    past::tick(&home, &id, name, is_done, &note, &to).await
                });
            }
            Effect::ReadAgain(job, id) => {
                self.start(
                    job,
                    move |to| async move { past::read_again(&home, &desk, &id, &to).await },
                );
            }
            Effect::Tell(command) => {
                if let Some(controller) = &self.controller {
                    controller.say(command);
                }
            }
            Effect::Pace(pace) => {
                if let Some(controller) = &self.controller {
                    controller.choose(pace);
                }
            }
            Effect::Export(job, plan) => {
                self.start(job, move |to| async move { lists::export(&plan, &to) });
            }
            Effect::WriteRights { job, name, fingerprint, source, destination, exact_undo } => {
                self.start(job, move |to| async move {
                    let login = |name: String| Some(name).filter(|name| !name.is_empty());
                    let logins = Logins {
                        source: login(source),
                        destination: login(destination),
                        exact_undo,
                    };
                    rights::write(&home, &desk, &name, &fingerprint, &logins, &to).await
                });
            }
            Effect::WriteMaps { job, name, scope, decisions } => {
                self.start(job, move |to| async move {
                    maps::write(&home, &desk, &name, &scope, decisions, &to).await
                });
            }
            Effect::ReadMaps { job, which, scope, decisions } => {
                self.start(job, move |to| async move {
                    maps::read(&desk, &which, &scope, &decisions, &to).await
                });
            }
            Effect::LookForTarget { job, scope, decisions, made } => {
                self.start(job, move |to| async move {
                    targets::look(&desk, &scope, &decisions, made, &to).await
                });
            }
            Effect::OpenErrand(job, errand, label) => {
                self.start(job, move |to| async move {
                    errands::open(&home, errand, label.as_deref(), &to)
                });
            }
            Effect::MakePracticeClone(job) => {
                let begin = self.begin.clone();
                self.start(job, move |to| async move {
                    errands::practice_clone(&home, &begin, &to).await
                });
            }
            Effect::SaveErrand { plan, instead_of } => {
                errands::save(&home, plan, instead_of.as_deref(), &self.sender);
            }
            // At once: what is said next must not take its place.
            Effect::Mark { job, procedure, label, steps, said, note } => {
                let to = Reporter { job, sender: self.sender.clone() };
                to.end(errands::mark(&home, procedure, &label, &steps, said, &note, &to));
            }
            Effect::SetServers { job, procedure, label, servers } => {
                let to = Reporter { job, sender: self.sender.clone() };
                to.end(errands::set_servers(&home, procedure, &label, &servers, &to));
            }
            Effect::AskDatabases { job, procedure, plan, has_original } => {
                self.start(job, move |to| async move {
                    errands::ask(&home, &desk, procedure, plan, has_original, &to).await
                });
            }
            Effect::ReadServers(job, side) => {
                self.start(job, move |to| async move { errands::servers(&desk, side, &to).await });
            }
            Effect::LookAtClone { job, file, has_original } => {
                self.start(job, move |to| async move {
                    errands::look(&home, &desk, file, has_original, &to).await
                });
            }
            Effect::CleanUp { job, file, has_original, confirmed, original } => {
                let control = self.control();
                self.start(job, move |to| async move {
                    let typed = errands::Typed { has_original, confirmed, original };
                    errands::clean_up(&home, &desk, file, typed, control, &to).await
                });
            }
            Effect::LookAtCleanupUndo(job, id) => {
                let control = self.control();
                self.start(job, move |to| async move {
                    errands::undo(&home, &desk, &id, None, control, &to).await
                });
            }
            Effect::UndoCleanup { job, id, confirmed } => {
                let control = self.control();
                self.start(job, move |to| async move {
                    errands::undo(&home, &desk, &id, Some(confirmed), control, &to).await
                });
            }
            Effect::ShowCleanup(job, id) => {
                self.start(job, move |to| async move { errands::show(&home, &id, &to) });
            }
            Effect::CompareRestored { job, file, secrets } => {
                self.start(job, move |to| async move {
                    let secrets = secrets.map(|secret| secret.map(|secret| secret.0));
                    errands::compare(&home, &file, secrets, &to).await
                });
            }
            Effect::WriteScripts(job, name, clone) => {
                self.start(job, move |to| async move { errands::scripts(&name, &clone, &to) });
            }
            Effect::SaveDraft { plan, step, instead_of } => {
                lists::save_draft(&home, &plan, step, instead_of.as_deref(), &self.sender);
            }
            Effect::RemoveDraft(path) => lists::remove_draft(&home, &path),
            Effect::OpenFolder(folder) => lists::open_folder(&folder),
            // The screen's own.
            Effect::Copy(_) | Effect::Title(_) | Effect::Redraw | Effect::Quit(_) => {}
        }
    }

    /// The commands for what is begun now: somebody watches it who can see to what it waits for.
    fn control(&mut self) -> Control {
        let (controller, control) = Controller::attended();
        self.controller = Some(controller);
        control
    }

    /// Starts a job; an earlier one of the same purpose ends. A run never ends this way.
    fn start<F>(&mut self, job: JobId, work: impl FnOnce(Reporter) -> F)
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        let to = Reporter { job, sender: self.sender.clone() };
        let work = work(to.clone());
        let task = tokio::spawn(async move {
            // In a task of its own, so that a mistake of ours ends the job and not the program; and one
            // that ends with this, so that a job whose place is taken goes on with nothing.
            let mut task = JoinSet::new();
            task.spawn(work);
            match task.join_next().await {
                None => to.end(Ok(())),
                Some(Ok(ended)) => to.end(ended),
                Some(Err(error)) if error.is_panic() => {
                    let fault = Fault::new(FaultKind::Other, "this is a mistake in osferry itself");
                    let next = "Please report it with what you did; your answers are kept.";
                    to.end(Err(fault.advise(next)));
                }
                Some(Err(_)) => to.end(Ok(())),
            }
        });
        if let Some(earlier) = self.jobs.insert(job.purpose, task)
            && !matches!(job.purpose, Purpose::Run | Purpose::Cleanup)
        {
            earlier.abort();
        }
    }
}
