//! What a run did, and how it ended, in words.

use serde::Serialize;

use super::certificate::Certificate;
use super::reasons::ReasonGroup;
use super::refused::RefusedReport;
use super::text::{counted, rows};
use super::way_back::WayBackReport;
use crate::migrate::journal::{EventRecord, RunState};
use crate::migrate::undo::{UndoResult, UndoneTable};
use crate::migrate::{Fact, Forecast};
use crate::outsystems::{DestinationId, SourceId};
use crate::proof::Proof;

/// The version of the JSON form. It changes when a name changes its meaning or goes away, not
/// when one is added.
pub const FORMAT: u32 = 1;

/// How a run ended, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Everything is written and proved, and no row was rejected.
    Proved,
    /// Everything that was not rejected is written and proved.
    ProvedWithRejects,
    /// It ended before everything was written: stopped, or interrupted.
    Stopped,
    /// It could not go on.
    Failed,
    /// Everything is written and the proof found differences.
    Disproved,
    /// Everything is written and nothing is proved yet.
    Written,
    /// Its undoing has begun and not ended.
    Undoing,
    /// It is undone: the destination is as it was before.
    Undone,
    /// It is undone, and something is not as it was before.
    UndoneInPart,
}

/// Everything that is to be known of a run.
#[derive(Clone, Debug, Serialize)]
pub struct RunReport {
    /// [`FORMAT`].
    pub format: u32,
    /// The run's id.
    pub id: String,
    /// The plan's name.
    pub name: String,
    /// What the run has come to, as the journal says.
    pub state: RunState,
    /// How it ended, in one word.
    pub verdict: Verdict,
    /// What was undone, if anything was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undo: Option<UndoResult>,
    /// How it ended, in a sentence.
    pub result: String,
    /// The run whose rejects it tried again, where it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rejects_of: Option<String>,
    /// When it started, by the clock of the machine that ran it.
    pub started: String,
    /// When it ended, if it did.
    pub ended: Option<String>,
    /// Where rows were read.
    pub source: String,
    /// How the source was read and why, in a sentence; `None` when the run did not come so far.
    pub reading: Option<String>,
    /// Where rows were written.
    pub destination: String,
    /// The destination database's name.
    pub destination_database: String,
    /// The plan file.
    pub plan_file: String,
    /// The version of osferry that ran it.
    pub version: String,
    /// The plan's fingerprint.
    pub plan_fingerprint: String,
    /// The source model's fingerprint.
    pub source_fingerprint: String,
    /// The destination model's fingerprint.
    pub destination_fingerprint: String,
    /// What it was expected to take; `None` where nobody could tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forecast: Option<Forecast>,
    /// What it took, until its last proof; `None` before it has begun.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fact: Option<Fact>,
    /// Sums over all entities.
    pub totals: Totals,
    /// That the run is undone, or its undoing has begun: then the proof is of before. A sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since_proof: Option<String>,
    /// What the last proof found, if there was one.
    pub proof: Option<Proof>,
    /// What that proof certifies.
    pub certificate: Option<Certificate>,
    /// The entities, in the plan's order.
    pub entities: Vec<EntityReport>,
    /// What the destination refused besides rows: people, links, references, and rows of its own
    /// that were to be deleted.
    pub refused: Vec<RefusedReport>,
    /// Users and groups.
    pub people: PeopleReport,
    /// What became of rows outside the plan that hung on deleted ones, as a sentence; empty where
    /// there are none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub outside: String,
    /// What was decided before the run, in words.
    pub decisions: Vec<String>,
    /// What the scope holds and is not carried over.
    pub not_carried_over: Vec<NotCarriedOver>,
    /// What is left to do before people work in the destination again; `None` until the run has
    /// come to its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub way_back: Option<WayBackReport>,
    /// The run's story.
    pub events: Vec<EventRecord>,
}

/// Sums over all entities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Entities of the plan.
    pub entities: u64,
    /// Rows the source had at review.
    pub source_rows: u64,
    /// Rows of the destination that were to be deleted, as counted at review.
    pub to_delete: u64,
    /// Rows of the destination that were deleted.
    pub deleted: u64,
    /// Rows written.
    pub written: u64,
    /// Rows the destination had already and that were taken for ours.
    pub recognised: u64,
    /// Of these, rows that took the values of ours.
    pub updated: u64,
    /// Rows left out as a decision foresaw.
    pub left_out: u64,
    /// Rows that nobody foresaw and that could not be written.
    pub rejected: u64,
    /// People, links, references, and deletions of its rows that the destination refused.
    pub refused: u64,
    /// References written empty although the source had a value.
    pub emptied: u64,
    /// References set after all rows were there.
    pub second_pass: u64,
    /// Rows of the destination that stayed.
    pub standing: u64,
}

/// What became of the rows that the destination had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExistingRows {
    /// Deleted first, apart from those that stayed.
    Replaced,
    /// All stayed; ours were added.
    Kept,
    /// All stayed; those with equal keys were taken for ours.
    Recognised,
    /// All stayed, among them those of the run whose rejects were tried again.
    Earlier,
}

impl ExistingRows {
    /// For people.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Replaced => "replaced",
            Self::Kept => "kept",
            Self::Recognised => "recognised by key",
            Self::Earlier => "carried over before",
        }
    }
}

/// One entity.
#[derive(Clone, Debug, Serialize)]
pub struct EntityReport {
    /// `Espace.Entity`.
    pub name: String,
    /// The espace's SS key.
    pub espace: String,
    /// The entity's SS key.
    pub entity: String,
    /// The reference that brought it into the scope, where nobody chose it.
    pub taken_in_by: Option<String>,
    /// Its table in the source.
    pub source_table: String,
    /// Its table in the destination.
    pub destination_table: String,
    /// What became of the rows that the destination had.
    pub existing: ExistingRows,
    /// Rows the source had at review.
    pub source_rows: u64,
    /// Rows of the destination that were to be deleted, as counted at review.
    pub to_delete: u64,
    /// Rows of the destination that were deleted.
    pub deleted: u64,
    /// Rows written.
    pub written: u64,
    /// Rows the destination had already and that were taken for ours.
    pub recognised: u64,
    /// Of these, rows that took the values of ours.
    pub updated: u64,
    /// Rows left out as a decision foresaw.
    pub left_out: u64,
    /// Why they were left out.
    pub left_out_reasons: Vec<ReasonGroup>,
    /// Rows that nobody foresaw and that could not be written.
    pub rejected: u64,
    /// Why they were rejected.
    pub rejected_reasons: Vec<ReasonGroup>,
    /// References written empty although the source had a value.
    pub emptied: Vec<EmptiedReport>,
    /// Values of soft keys that are no ids of rows carried over or matched, and stay as they are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<KeptReport>,
    /// References set after all rows were there.
    pub second_pass: u64,
    /// Rows of the destination that stayed, as counted at review.
    pub standing: u64,
}

impl EntityReport {
    /// Cells emptied, over all references.
    #[must_use]
    pub fn emptied_cells(&self) -> u64 {
        self.emptied.iter().map(|emptied| emptied.count).sum()
    }
}

/// Values of a soft key that stay as they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeptReport {
    /// The attribute.
    pub attribute: String,
    /// Cells.
    pub count: u64,
    /// Those of them that a row carried over or matched has as its id in the destination, by accident.
    pub taken: u64,
    /// Why they stay.
    pub reasons: Vec<ReasonGroup>,
}

/// A reference that was written empty in some rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EmptiedReport {
    /// The attribute.
    pub attribute: String,
    /// Cells.
    pub count: u64,
    /// Why.
    pub reasons: Vec<ReasonGroup>,
}

/// Users and groups.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PeopleReport {
    /// Users the run created.
    pub users_created: u64,
    /// Users found in the destination.
    pub users_matched: u64,
    /// Of those found, how many took what the source says of them; who was so already did not.
    pub users_updated: u64,
    /// Users whose references are emptied by decision.
    pub users_emptied: u64,
    /// Groups the run created.
    pub groups_created: u64,
    /// Groups found in the destination.
    pub groups_matched: u64,
    /// Whom the run created.
    pub created: Vec<PersonReport>,
}

/// A user or group that the run created.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PersonReport {
    /// Whether it is a group.
    pub is_group: bool,
    /// Its name.
    pub name: String,
    /// Its id in the source.
    pub source: SourceId,
    /// Its id in the destination.
    pub destination: DestinationId,
}

/// Something of the scope that is not carried over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NotCarriedOver {
    /// By name.
    pub what: String,
    /// Why.
    pub why: String,
}

impl RunReport {
    /// How the run ended.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// Whether it ended after its last row was written.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        !matches!(self.verdict, Verdict::Stopped | Verdict::Failed)
    }

    /// The sentence for [`result`](Self::result).
    pub(super) fn in_words(&self) -> String {
        let head = match self.verdict {
            Verdict::Proved | Verdict::ProvedWithRejects => {
                match self.proof.as_ref().and_then(|proof| proof.sample) {
                    Some(_) => "Done and proved on a sample".to_owned(),
                    None => "Done and proved".to_owned(),
                }
            }
            Verdict::Disproved => {
                let found = self.proof.as_ref().map_or(0, Proof::differences);
                let found = counted(found, "difference", "differences");
                format!("Written, but the proof fails with {found}")
            }
            Verdict::Written => "Written, not proved".to_owned(),
            Verdict::Stopped if self.state == RunState::Running => {
                "Still running, or interrupted".to_owned()
            }
            Verdict::Stopped => "Stopped before the end".to_owned(),
            Verdict::Failed => "Failed before the end".to_owned(),
            Verdict::Undoing => "Undone up to a point".to_owned(),
            Verdict::Undone | Verdict::UndoneInPart => return self.undone_in_words(),
        };
        let totals = &self.totals;
        let touched = if self.is_complete() {
            totals.entities
        } else {
            self.entities.iter().filter(|entity| entity.written > 0).count() as u64
        };
        let updated = match totals.updated {
            0 => String::new(),
            some => format!(" ({} updated)", super::text::number(some)),
        };
        let recognised = match (&self.rejects_of, totals.recognised) {
            (_, 0) => String::new(),
            (Some(run), some) => {
                format!(" beside the {} that run {run} had carried over{updated}", rows(some))
            }
            (None, some) => format!(", {} recognised there{updated}", rows(some)),
        };
        let refused = match totals.refused {
            0 => String::new(),
            some => format!(", {} refused besides", super::text::number(some)),
        };
        format!(
            "{head}: {} of {} written to {}{recognised}; {} left out by decision, {} rejected\
             {refused}, {} emptied.",
            rows(totals.written),
            counted(touched, "entity", "entities"),
            self.destination_database,
            rows(totals.left_out),
            super::text::number(totals.rejected),
            counted(totals.emptied, "reference", "references"),
        )
    }

    /// The sentence for [`since_proof`](Self::since_proof).
    pub(super) fn since_proof_in_words(&self) -> Option<String> {
        let at = |what: &str| {
            let when = self.ended.as_ref().map_or_else(String::new, |at| format!(" {what} {at}"));
            let proof = match self.proof {
                Some(_) => "the proof is of before, and says nothing of what is there now",
                None => "it was not proved before, and there is nothing left to prove",
            };
            format!("{when}; {proof}.")
        };
        match self.verdict {
            Verdict::Undone => Some(format!("The run was undone{}", at("on"))),
            Verdict::UndoneInPart => Some(format!("The run was undone in part{}", at("on"))),
            Verdict::Undoing => {
                Some(format!("The undoing of the run has begun{}", at("and ended early on")))
            }
            _ => None,
        }
    }

    fn undone_in_words(&self) -> String {
        let head = match self.verdict {
            Verdict::Undone => "Undone, everything is as it was before",
            _ => "Undone, but not everything is as it was before",
        };
        let tables = self.undo.as_ref().map(|undo| undo.tables.as_slice()).unwrap_or_default();
        let sum = |of: fn(&UndoneTable) -> u64| tables.iter().map(of).sum::<u64>();
        let lost = self.undo.as_ref().map_or(0, |undo| undo.not_restored_rows);
        let mut words = format!(
            "{head}: {} taken out of {}, {} put back",
            rows(sum(|table| table.removed)),
            self.destination_database,
            rows(sum(|table| table.restored).saturating_sub(lost)),
        );
        let reset = sum(|table| table.reset);
        if reset > 0 {
            words.push_str(&format!(", {} given back what they held", rows(reset)));
        }
        let left = sum(|table| table.left);
        if left > 0 {
            words.push_str(&format!(", {} of this run left there", rows(left)));
        }
        if lost > 0 {
            words.push_str(&format!(", {} could not be put back", rows(lost)));
        }
        if let Some(script) = self.undo.as_ref().and_then(|undo| undo.script) {
            words.push_str(&format!(". {}", super::undo::in_script(&script)));
        }
        words + "."
    }

    /// What the person can do now.
    #[must_use]
    pub fn next_steps(&self) -> Vec<NextStep> {
        let first = match self.verdict {
            Verdict::Proved | Verdict::Undone | Verdict::UndoneInPart => None,
            Verdict::ProvedWithRejects => Some(NextStep::SeeRejected),
            Verdict::Written => Some(NextStep::Prove),
            Verdict::Disproved => Some(NextStep::Explain),
            Verdict::Undoing => Some(NextStep::UndoFurther),
            Verdict::Stopped | Verdict::Failed => Some(NextStep::Resume),
        };
        let is_undone =
            matches!(self.verdict, Verdict::Undoing | Verdict::Undone | Verdict::UndoneInPart);
        let again = self.may_be_tried_again().then_some(NextStep::TryAgain);
        first.into_iter().chain(again).chain((!is_undone).then_some(NextStep::Undo)).collect()
    }

    /// Whether rows were rejected that can be tried again.
    #[must_use]
    pub fn may_be_tried_again(&self) -> bool {
        self.verdict == Verdict::ProvedWithRejects && self.totals.rejected > 0
    }

    /// What the person can do now, each a sentence with the command that does it.
    #[must_use]
    pub fn next(&self) -> Vec<String> {
        self.next_steps().into_iter().map(|step| self.next_in_words(step)).collect()
    }

    /// A next step as a sentence with the command that does it.
    #[must_use]
    pub fn next_in_words(&self, step: NextStep) -> String {
        let (id, destination) = (&self.id, &self.destination_database);
        match step {
            NextStep::SeeRejected => {
                "See in rejects.csv why rows were rejected, and what went along with them."
                    .to_owned()
            }
            NextStep::TryAgain => {
                format!("Try them again: osferry run --rejects-of {id} --confirm {destination}")
            }
            NextStep::Prove => format!("Prove it: osferry verify {id}"),
            NextStep::Explain => format!(
                "Do not use what was written before the differences are explained. To look again: \
                 osferry verify {id}"
            ),
            NextStep::Resume => {
                format!("Go on where it ended, without writing anything twice: osferry resume {id}")
            }
            NextStep::UndoFurther => {
                format!("Go on with the undoing: osferry undo {id} --confirm {destination}")
            }
            NextStep::Undo => {
                format!("Take it back: osferry undo {id} --confirm {destination}")
            }
        }
    }
}

/// What a person can do with a run that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextStep {
    /// See why rows were rejected.
    SeeRejected,
    /// Try the rejected rows again.
    TryAgain,
    /// Prove what was written.
    Prove,
    /// Explain where the proof fails, before anything is used.
    Explain,
    /// Go on where it ended.
    Resume,
    /// Go on with its undoing.
    UndoFurther,
    /// Take back what it wrote.
    Undo,
}
