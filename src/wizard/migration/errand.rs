//! A neighbouring procedure in the place of a migration: what is known of it, what is ordered for it.
//!
//! Its two databases are the two sides: the original or old one is the source, the clone or new one the
//! destination.

use super::super::jobs::{JobId, Purpose};
use super::super::message::{
    CleanupRun, Effect, ErrandPlan, Fact, Foreseen, OpenedErrand, SavedKind,
};
use super::super::overlay::{Overlay, Trouble};
use super::super::sheet::{Blank, Sheet};
use super::super::text_field::TextField;
use super::{Going, Migration};
use crate::database::Fault;
use crate::outsystems::Side;
use crate::plan::{CleanupFile, Purpose as EnvironmentPurpose, RestoreFile};
use crate::procedures::{Compared, Errand, OracleClone, Said, Walk};

/// The sheet that asks for the application servers.
pub const SERVERS_SHEET: &str = "servers";
/// The sheet that confirms that a clean-up is taken back.
pub const UNDO_SHEET: &str = "undo-cleanup";

/// What is said while the databases are asked.
const ASKING: &str = "Asking the databases…";

/// What is known of a neighbouring procedure.
#[derive(Debug)]
pub struct ErrandKnown {
    /// Which one.
    pub errand: Errand,
    /// How far each of its procedures is, the main one first.
    pub walks: Vec<Walk>,
    /// The plan beyond its two sides and its name.
    pub rest: ErrandPlan,
    /// What the clean-up would do, as of the last look.
    pub foreseen: Option<Box<Foreseen>>,
    /// When that was.
    pub looked: String,
    /// Whether rows of the clone are being written.
    pub is_writing: bool,
    /// The clean-up that was carried out last.
    pub run: Option<CleanupRun>,
    /// What came of comparing a restored database.
    pub compared: Option<Vec<Compared>>,
    /// What is being compared now.
    pub comparing: String,
}

impl ErrandKnown {
    /// The walk through one of its procedures.
    #[must_use]
    pub fn walk(&self, procedure: &str) -> Option<&Walk> {
        self.walks.iter().find(|walk| walk.procedure == procedure)
    }

    /// What is asked of a clean-up beyond its databases.
    #[must_use]
    pub fn cleanup(&self) -> Option<&CleanupFile> {
        match &self.rest {
            ErrandPlan::Cleanup(file) => Some(file),
            _ => None,
        }
    }
}

impl Migration {
    /// A procedure takes the place of what was open.
    pub(in crate::wizard) fn open_errand(&mut self, opened: OpenedErrand) {
        let OpenedErrand { plan, walks, run, is_kept } = opened;
        let mut sides = crate::plan::PlanFile::empty(plan.name());
        match &plan {
            ErrandPlan::Cleanup(file) => {
                sides.source = file.original.clone();
                sides.destination = file.clone.clone();
                sides.source.purpose.get_or_insert(EnvironmentPurpose::Production);
                sides.destination.purpose.get_or_insert(EnvironmentPurpose::NonProduction);
            }
            ErrandPlan::Restore(file) => {
                sides.source = file.old.clone();
                sides.destination = file.new.clone();
            }
            ErrandPlan::Oracle(..) => {}
        }
        self.open(sides, is_kept);
        self.errand = Some(Box::new(ErrandKnown {
            errand: plan.errand(),
            walks,
            rest: plan,
            foreseen: None,
            looked: String::new(),
            is_writing: false,
            run,
            compared: None,
            comparing: String::new(),
        }));
    }

    /// Which neighbouring procedure this is; `None` for a migration.
    #[must_use]
    pub fn errand(&self) -> Option<Errand> {
        self.errand.as_ref().map(|known| known.errand)
    }

    /// Its plan as it stands.
    #[must_use]
    pub fn errand_plan(&self) -> Option<ErrandPlan> {
        let name = self.plan.name.clone();
        let (source, destination) = (self.plan.source.clone(), self.plan.destination.clone());
        Some(match &self.errand.as_ref()?.rest {
            ErrandPlan::Cleanup(file) => ErrandPlan::Cleanup(CleanupFile {
                name,
                clone: destination,
                original: source,
                ..file.clone()
            }),
            ErrandPlan::Restore(file) => ErrandPlan::Restore(RestoreFile {
                name,
                old: source,
                new: destination,
                ..file.clone()
            }),
            ErrandPlan::Oracle(_, clone) => ErrandPlan::Oracle(name, clone.clone()),
        })
    }

    /// Why a procedure cannot be called so.
    pub(super) fn errand_name_fault(&self, errand: Errand, name: &str) -> Option<String> {
        let is_own = self.saved_as.as_deref() == Some(name);
        let is_taken = !is_own
            && self.saved.iter().any(|saved| {
                matches!(&saved.kind, SavedKind::Errand(of, label)
                    if *of == errand && label.eq_ignore_ascii_case(name))
            });
        if name.is_empty() {
            Some("A name is needed: what is kept of the procedure has it.".to_owned())
        } else if !name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_')) {
            Some("The name of a procedure has letters, digits, - and _ only.".to_owned())
        } else if is_taken {
            Some(format!("Another {} is called {name} already.", errand.label()))
        } else {
            None
        }
    }

    /// Changes what is asked of a clean-up beyond its databases; it is looked at again.
    pub fn set_cleanup(&mut self, change: impl FnOnce(&mut CleanupFile)) {
        let Some(known) = &mut self.errand else { return };
        let ErrandPlan::Cleanup(file) = &mut known.rest else { return };
        let before = file.clone();
        change(file);
        if *file != before {
            self.save = true;
            self.changes += 1;
            self.look_at_clone();
        }
    }

    /// Changes the names in the scripts of a clone on Oracle.
    pub fn set_oracle(&mut self, clone: OracleClone) {
        let Some(known) = &mut self.errand else { return };
        if let ErrandPlan::Oracle(_, kept) = &mut known.rest
            && *kept != clone
        {
            *kept = clone;
            self.save = true;
            self.changes += 1;
        }
    }

    /// Changes which further databases of a restore are compared.
    pub fn set_databases(&mut self, databases: Vec<String>) {
        let Some(known) = &mut self.errand else { return };
        if let ErrandPlan::Restore(file) = &mut known.rest
            && file.databases != databases
        {
            file.databases = databases;
            known.compared = None;
            self.save = true;
            self.changes += 1;
        }
    }

    /// Keeps its plan; what is said of steps is kept as it is said.
    pub(super) fn save_errand(&mut self) {
        let Some(plan) = self.errand_plan() else { return };
        let name = plan.name().to_owned();
        if self.errand_name_fault(plan.errand(), &name).is_some() {
            return;
        }
        let instead_of = self.saved_as.replace(name.clone()).filter(|old| *old != name);
        if let Some(known) = &mut self.errand {
            for walk in &mut known.walks {
                walk.label.clone_from(&name);
            }
        }
        self.draft_saved.clone_from(&self.now.clock);
        self.draft_trouble = None;
        self.orders.push(Effect::SaveErrand { plan, instead_of });
    }

    /// Says something of steps of one of its procedures.
    pub fn mark(&mut self, procedure: &'static str, steps: Vec<String>, said: Said, note: String) {
        if steps.is_empty() {
            return;
        }
        // Whatever is kept is kept under the name that it has by now.
        self.save_errand();
        let label = self.plan.name.clone();
        self.start(Purpose::Mark, |job| Effect::Mark { job, procedure, label, steps, said, note });
    }

    /// Asks the databases what they can tell of the steps of one of its procedures.
    pub fn ask_databases(&mut self, procedure: &'static str) {
        let Some(errand) = self.errand() else { return };
        let is_connected = match errand {
            Errand::Restore => self.models().is_some(),
            _ => self.destination.model.is_some(),
        };
        if crate::procedures::checks(procedure).is_empty() {
            self.say("No step here can be answered by a database.");
        } else if !is_connected {
            self.say("Connect first: then the databases say what they can tell of these steps.");
        } else if let Some(plan) = self.errand_plan() {
            self.save_errand();
            self.say(ASKING);
            let has_original = self.source.model.is_some();
            self.start(Purpose::Ask, |job| Effect::AskDatabases {
                job,
                procedure,
                plan,
                has_original,
            });
        }
    }

    /// Names the application servers.
    pub fn set_servers(&mut self, procedure: &'static str, servers: Vec<String>) {
        self.save_errand();
        let label = self.plan.name.clone();
        self.start(Purpose::Mark, |job| Effect::SetServers { job, procedure, label, servers });
    }

    /// Asks for the application servers: those that are known, else those that the connected
    /// database lists.
    pub fn ask_servers(&mut self, procedure: &'static str) {
        let Some(known) = &self.errand else { return };
        let named = known.walk(procedure).map(|walk| walk.servers.clone()).unwrap_or_default();
        let connected = [Side::Source, Side::Destination]
            .into_iter()
            .find(|side| self.side(*side).model.is_some());
        match connected {
            Some(side) if named.is_empty() => {
                self.start(Purpose::Clone, |job| Effect::ReadServers(job, side));
            }
            _ => self.show_servers(&named),
        }
    }

    fn show_servers(&mut self, servers: &[String]) {
        let lines = vec![
            "Steps that are done on each application server are listed once for each. The deployment \
             controller comes first, then the front-ends; a comma stands between two."
                .to_owned(),
        ];
        let field = TextField::new(&servers.join(", "));
        let blank = Blank::Text { label: "Servers".to_owned(), field, wanted: None };
        self.overlays.push(Overlay::Sheet(Box::new(Sheet::new(
            SERVERS_SHEET,
            "Application servers",
            "name them",
            lines,
            vec![blank],
        ))));
    }

    /// Looks at what the clean-up would do, where the clone is connected.
    pub fn look_at_clone(&mut self) {
        let is_connected = self.destination.model.is_some();
        let Some(ErrandPlan::Cleanup(file)) = self.errand_plan().filter(|_| is_connected) else {
            return;
        };
        if self.is_cleaning() {
            return;
        }
        let has_original = self.source.model.is_some();
        self.start(Purpose::Clone, |job| Effect::LookAtClone { job, file, has_original });
    }

    /// Whether it is being looked at.
    #[must_use]
    pub fn is_looking_at_clone(&self) -> bool {
        self.jobs.is_running(Purpose::Clone)
    }

    /// Whether rows of a clone are being written.
    #[must_use]
    pub fn is_cleaning(&self) -> bool {
        self.errand.as_ref().is_some_and(|known| known.is_writing)
    }

    /// Carries the clean-up out.
    pub fn clean_up(&mut self, confirmed: String, original: Option<String>) {
        let Some(ErrandPlan::Cleanup(file)) = self.errand_plan() else { return };
        if self.is_cleaning() {
            return;
        }
        self.save_errand();
        self.jobs.drop(Purpose::Clone);
        if let Some(known) = &mut self.errand {
            known.is_writing = true;
        }
        let has_original = self.source.model.is_some();
        self.start(Purpose::Cleanup, |job| Effect::CleanUp {
            job,
            file,
            has_original,
            confirmed,
            original,
        });
    }

    /// Looks at what taking the last clean-up back would do.
    pub fn look_at_cleanup_undo(&mut self) {
        let run = self.errand.as_ref().and_then(|known| known.run.as_ref());
        match run.map(|run| (run.id.clone(), run.is_undone)) {
            None => self.say("Nothing was carried out that could be taken back."),
            Some((_, true)) => self.say("This clean-up is taken back already."),
            Some(_) if self.destination.model.is_none() => {
                self.say("Connect the clone first: an undo writes to it.");
            }
            Some((id, false)) if !self.is_cleaning() => {
                self.start(Purpose::Clone, |job| Effect::LookAtCleanupUndo(job, id));
            }
            Some(_) => {}
        }
    }

    /// Takes the last clean-up back.
    pub fn undo_cleanup(&mut self, confirmed: String) {
        let Some(known) = self.errand.as_mut().filter(|known| !known.is_writing) else { return };
        let Some(id) = known.run.as_ref().map(|run| run.id.clone()) else { return };
        known.is_writing = true;
        self.start(Purpose::Cleanup, |job| Effect::UndoCleanup { job, id, confirmed });
    }

    /// Compares the restored database with the old one.
    pub fn compare_restored(&mut self) {
        if self.models().is_none() {
            self.say("Connect both databases first.");
            return;
        }
        let Some(ErrandPlan::Restore(file)) = self.errand_plan() else { return };
        if self.is_comparing_restored() {
            return;
        }
        if let Some(known) = &mut self.errand {
            known.compared = None;
            known.comparing = "begins".to_owned();
        }
        let secrets = [self.source.secret.clone(), self.destination.secret.clone()];
        self.start(Purpose::Compare, |job| Effect::CompareRestored { job, file, secrets });
    }

    /// Whether that is under way.
    #[must_use]
    pub fn is_comparing_restored(&self) -> bool {
        self.jobs.is_running(Purpose::Compare)
    }

    /// Writes the scripts of a clone on Oracle.
    pub fn write_scripts(&mut self) {
        let Some(ErrandPlan::Oracle(name, clone)) = self.errand_plan() else { return };
        self.start(Purpose::Export, |job| Effect::WriteScripts(job, name, clone));
    }

    /// A job of the procedure reported.
    pub(super) fn learn_errand(&mut self, fact: &Fact) {
        let clock = self.now.clock.clone();
        if matches!(fact, Fact::Walked(_)) {
            self.said.take_if(|said| *said == ASKING);
        }
        match fact {
            Fact::Servers(servers) => self.show_servers(servers),
            Fact::CleanupUndoForeseen(lines) => self.ask_undo(lines.clone()),
            Fact::CleanedUp(run) => self.cleaned_up(run),
            Fact::CleanupUndone { lines, is_exact } => {
                self.cleanup_undone(lines.clone(), *is_exact);
            }
            fact => {
                let Some(known) = &mut self.errand else { return };
                match fact {
                    Fact::Walked(walk) => {
                        let place =
                            known.walks.iter_mut().find(|old| old.procedure == walk.procedure);
                        if let Some(place) = place {
                            place.clone_from(walk);
                        }
                    }
                    Fact::CloneForeseen(foreseen) => {
                        known.foreseen = Some(foreseen.clone());
                        known.looked = clock;
                    }
                    Fact::Comparing(what) => known.comparing.clone_from(what),
                    Fact::Compared(compared) => {
                        known.compared = Some(compared.clone());
                        known.comparing.clear();
                    }
                    _ => {}
                }
            }
        }
    }

    fn cleaned_up(&mut self, run: &CleanupRun) {
        let Some(known) = &mut self.errand else { return };
        known.is_writing = false;
        known.foreseen = None;
        known.run = Some(run.clone());
        self.going = Some(Going::Step("Record"));
        if let Some(fault) = &run.trouble {
            self.overlays.push(Overlay::Error(Trouble::new(
                "The clean-up is done; its report could not be written",
                fault,
            )));
        }
        self.look_at_clone();
    }

    fn cleanup_undone(&mut self, lines: Vec<String>, is_exact: bool) {
        let Some(known) = &mut self.errand else { return };
        known.is_writing = false;
        known.foreseen = None;
        if let Some(run) = &mut known.run {
            run.is_undone = is_exact;
        }
        let title = match is_exact {
            true => "The clean-up is taken back",
            false => "The clean-up is taken back in part",
        };
        self.show(title, lines);
        self.look_at_clone();
    }

    fn ask_undo(&mut self, lines: Vec<String>) {
        let name = self.name_of(Side::Destination);
        let blank = Blank::Name { name, field: TextField::default() };
        self.overlays.push(Overlay::Sheet(Box::new(Sheet::new(
            UNDO_SHEET,
            "Take the clean-up back?",
            "undo",
            lines,
            vec![blank],
        ))));
    }

    /// A job of the procedure failed: what is said of that.
    pub(super) fn errand_failed(&mut self, job: JobId, fault: &Fault) -> &'static str {
        let is_in_doubt = fault.kind == crate::database::FaultKind::InDoubt;
        let Some(known) = &mut self.errand else { return "This could not be done" };
        match job.purpose {
            Purpose::Mark => "What was said of the step is not kept",
            Purpose::Ask => "The databases could not be asked",
            Purpose::Cleanup => {
                known.is_writing = false;
                if is_in_doubt {
                    "The clean-up did not come to its end"
                } else {
                    "Nothing was written"
                }
            }
            Purpose::Compare => {
                known.comparing.clear();
                "The databases could not be compared"
            }
            _ => "The clone could not be looked at",
        }
    }

    /// What a side is called here.
    #[must_use]
    pub fn side_word(&self, side: Side) -> &'static str {
        match (self.errand(), side) {
            (None | Some(Errand::Oracle), Side::Source) => "source",
            (None | Some(Errand::Oracle), Side::Destination) => "destination",
            (Some(Errand::Cleanup), Side::Source) => "original",
            (Some(Errand::Cleanup), Side::Destination) => "clone",
            (Some(Errand::Restore), Side::Source) => "old server",
            (Some(Errand::Restore), Side::Destination) => "new server",
        }
    }

    /// The same as a title, with what happens to it.
    #[must_use]
    pub fn side_title(&self, side: Side) -> String {
        let is_written = side == Side::Destination && self.errand() != Some(Errand::Restore);
        let what = if is_written { "will be written" } else { "read only" };
        format!("{} ({what})", self.side_word(side).to_uppercase())
    }
}
