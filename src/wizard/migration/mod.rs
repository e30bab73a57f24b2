//! The migration being edited: what the person answered, what is known, what is under way.
//!
//! All steps share it, and change it through its methods alone: `answers` notes that a comparison
//! and the draft are no longer up to date, `orders` settles what follows from that, once for each
//! message.

mod again;
mod answers;
mod errand;
mod facts;
mod lessons;
mod maps;
mod orders;
mod past;
mod probing;
mod run;
mod saying;
mod sides;
mod typing;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::jobs::Jobs;
use super::message::{Again, Check, Effect, Now, Reported, Saved};
use super::overlay::Overlay;
pub use super::running::Running;
use super::secret_field::Password;
use super::viewport::Size;
use crate::database::Fault;
use crate::migrate::{Forecast, Probe, ProbeProgress, Room};
use crate::outsystems::{EntityIndex, Side};
use crate::plan::{Plan, PlanFile, Refusal, Review};
use crate::practice::Lesson;
pub use again::{AGAIN_SHEET, KEY_SHEET};
pub use errand::{ErrandKnown, SERVERS_SHEET, UNDO_SHEET};
pub use past::Taking;
pub use probing::PROBE;
pub use sides::{OfferedSecret, SideKnown};
pub use typing::{Typing, Verdict};

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
    /// The neighbouring procedure that this is, in place of a migration.
    pub errand: Option<Box<ErrandKnown>>,
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
    pub counts: HashMap<(Side, EntityIndex), u64>,
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
    /// The room that its before-images will take, as far as it is known.
    pub room: Option<Room>,
    /// What it will take, as far as it is known.
    pub forecast: Option<Forecast>,
    /// The probe that was made last from here.
    pub probe: Option<Probe>,
    /// How far the probe is that is under way.
    pub probing: Option<ProbeProgress>,
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
    /// The report that gave way to a run going on from it, and what is done with that, until it is
    /// known that it can be.
    pub before: Option<(Taking, Box<Reported>)>,
    /// What is about to be tried again.
    pub again: Option<Box<Again>>,
    /// What is about to be done with the run whose report is shown.
    pub taking: Option<Taking>,
    /// The folder that maps were written into last.
    pub maps_folder: Option<PathBuf>,
    /// The key of the masks, where one was typed.
    pub mask_key: Option<Password>,
    /// Drafts and runs of this machine.
    pub saved: Vec<Saved>,
    /// When the draft was saved.
    pub draft_saved: String,
    /// Why it could not be saved the last time.
    pub draft_trouble: Option<String>,
    /// Secrets that the environment's variables offer.
    pub offers: Vec<OfferedSecret>,
    /// A sentence for the status line, until the next key.
    pub said: Option<String>,
    /// What lies over the screen, the top one last.
    pub overlays: Vec<Overlay>,
    /// The target that is typed for a choice, or was last.
    pub typing: Option<Typing>,
    /// How late it is.
    pub now: Now,
    /// The window.
    pub size: Size,
    /// Work under way.
    pub jobs: Jobs,
    /// Goes up with each change of the answers: what steps worked out from them is out of date.
    pub changes: u64,
    /// Goes up with each change of the decisions: what was told of findings is out of date.
    pub decided: u64,
    /// Where to go next, if somewhere else.
    pub going: Option<Going>,
    /// What the steps before the shown one leave open, each a sentence: kept only where something
    /// else than Next leads on from it.
    pub unready: Vec<String>,
    /// What the steps before it say of themselves.
    pub summaries: Vec<(String, String)>,
    /// The names of all steps, in their order: a digit leads to each.
    pub step_names: Vec<&'static str>,
    pub(in crate::wizard) orders: Vec<Effect>,
    pub(in crate::wizard) step: &'static str,
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
            errand: None,
            is_practice: false,
            lessons_shown: true,
            lessons: Vec::new(),
            step_lessons: Vec::new(),
            source: SideKnown::default(),
            destination: SideKnown::default(),
            counts: HashMap::new(),
            review: None,
            counting: 0,
            compared: String::new(),
            scope_trouble: None,
            built: None,
            room: None,
            forecast: None,
            probe: None,
            probing: None,
            refusal: None,
            checks: Vec::new(),
            checks_made: String::new(),
            run: None,
            refused: None,
            report: None,
            before: None,
            again: None,
            taking: None,
            maps_folder: None,
            mask_key: None,
            saved: Vec::new(),
            draft_saved: String::new(),
            draft_trouble: None,
            offers: Vec::new(),
            said: None,
            overlays: Vec::new(),
            typing: None,
            now: Now::default(),
            size,
            jobs: Jobs::default(),
            changes: 0,
            decided: 0,
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
    pub(in crate::wizard) fn open(&mut self, plan: PlanFile, is_draft: bool) {
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
        self.mask_key = old.mask_key;
        self.orders = old.orders;
        self.lessons_shown = old.lessons_shown;
    }

    /// The number of the step of that name.
    #[must_use]
    pub fn number_of(&self, step: &str) -> Option<usize> {
        self.step_names.iter().position(|name| *name == step).map(|place| place + 1)
    }
}
