//! Deciding many findings at once, after a question that says how many.

use super::super::migration::Migration;
use super::Findings;
use super::deciding::may_change;
use super::tally::Standing;
use super::words::{short_about, short_choice, some_of, way_out};
use crate::compare::{Finding, FindingKey, FindingKind, choice};
use crate::report::{counted, number};

const SAME: &str = "findings-same-kind";
const ALL: &str = "findings-all-recommended";

/// Decisions that wait for a question to be answered.
#[derive(Debug, Default)]
pub(super) struct Bulk {
    /// Findings that nobody decided.
    open: Vec<FindingKey>,
    /// Findings decided otherwise.
    others: Vec<FindingKey>,
    choice: &'static str,
    to: Option<String>,
}

impl Findings {
    /// Asks whether all findings of a kind get the decision of one.
    pub(super) fn ask_same_kind(&mut self, migration: &mut Migration, finding: &Finding) {
        if !may_change(migration) {
            return;
        }
        if finding.choices.is_empty() {
            migration.say("There is nothing to choose here.");
            return;
        }
        let made = migration.plan.decisions.get(&finding.key).cloned();
        let wanted = made.as_ref().map_or(finding.recommended, |made| {
            finding.choices.iter().map(|choice| choice.name).find(|name| *name == made.choice)
        });
        let Some(wanted) = wanted else {
            migration.say("Choose for this one first (Enter); A gives the same to its kind.");
            return;
        };
        if made.is_none() && wanted == choice::STOP {
            migration.say(
                "The recommendation is to stop. Choose for this one first (Enter); A gives the \
                 same to its kind.",
            );
            return;
        }
        let to = made.and_then(|made| made.to);
        let mut bulk = Bulk { choice: wanted, to, ..Bulk::default() };
        let mut without = 0;
        for (other, standing) in self.lines.all() {
            if other.key.kind != finding.key.kind {
                continue;
            }
            if !may_get(migration, other, wanted, bulk.to.as_ref(), finding) {
                without += 1;
                continue;
            }
            let decision = migration.plan.decisions.get(&other.key);
            let has_it = decision.is_some_and(|made| made.choice == wanted && made.to == bulk.to);
            if !has_it && standing == Standing::Open {
                bulk.open.push(other.key.clone());
            } else if !has_it {
                bulk.others.push(other.key.clone());
            }
        }
        let (open, others) = (bulk.open.len(), bulk.others.len());
        if open + others == 0 {
            migration.say("All others of this kind that can have this decision have it already.");
            return;
        }
        let label = finding.choices.iter().find(|choice| choice.name == wanted);
        let label = label.map_or(wanted, |choice| choice.label.as_str());
        let target = bulk.to.as_ref().map_or_else(String::new, |to| format!(" → {to}"));
        let mut lines = vec![
            format!("Decision: {label}{target}"),
            format!(
                "Of this kind ({}): {} not decided yet, {} decided otherwise.",
                finding.key.kind,
                counted(open as u64, "finding", "findings"),
                number(others as u64)
            ),
        ];
        if without > 0 {
            let what = counted(without, "other of this kind", "others of this kind");
            lines.push(format!("{what} cannot have this decision and stay as they are."));
        }
        let mut choices = vec![("No".to_owned(), "nothing changes".to_owned())];
        if open > 0 {
            choices.push(("Open ones".to_owned(), counted(open as u64, "finding", "findings")));
        }
        if others > 0 {
            let what = counted((open + others) as u64, "finding", "findings");
            choices.push(("All".to_owned(), format!("{what}, decided or not")));
        }
        self.bulk = bulk;
        migration.ask(SAME, "The same decision for all of this kind?", lines, choices);
    }

    /// Asks whether everything open gets its recommended decision.
    pub(super) fn ask_all(&mut self, migration: &mut Migration) {
        if !may_change(migration) {
            return;
        }
        let (take, stay) = self.recommended_of_open();
        if take.is_empty() {
            migration.say(if stay == 0 {
                "Everything here is decided.".to_owned()
            } else {
                format!(
                    "{} to be decided by a person: the recommendation is to stop, or rows are \
                     still counted.",
                    counted(stay as u64, "finding has", "findings have")
                )
            });
            return;
        }
        let mut lines = vec![format!(
            "{} without a decision get the recommended one.",
            counted(take.len() as u64, "finding", "findings")
        )];
        let kinds: Vec<String> =
            by_choice(&take).into_iter().map(|(name, count)| format!("{count} {name}")).collect();
        lines.push(format!("{}.", kinds.join(", ")));
        if stay > 0 {
            let names = self
                .lines
                .standing_so(Standing::Open)
                .filter(|finding| recommended(finding).is_none())
                .map(short_about);
            lines.push(format!(
                "{} open, because the recommendation is to stop or rows are still counted: {}.",
                counted(stay as u64, "stays", "stay"),
                some_of(names, 4, stay)
            ));
        }
        let choices = vec![
            ("No".to_owned(), "nothing changes".to_owned()),
            ("Yes".to_owned(), counted(take.len() as u64, "decision", "decisions")),
        ];
        migration.ask(ALL, "Take the recommended decisions?", lines, choices);
    }

    /// Findings without a decision that have a recommended one, and how many others stay open.
    pub(super) fn recommended_of_open(&self) -> (Vec<(FindingKey, &'static str)>, usize) {
        let mut take = Vec::new();
        let mut stay = 0;
        for finding in self.lines.standing_so(Standing::Open) {
            match recommended(finding) {
                Some(name) => take.push((finding.key.clone(), name)),
                None => stay += 1,
            }
        }
        (take, stay)
    }

    /// The person answered; says whether it was one of these questions.
    pub(super) fn bulk_replied(
        &mut self,
        migration: &mut Migration,
        tag: &str,
        place: usize,
    ) -> bool {
        match tag {
            SAME => {
                let bulk = std::mem::take(&mut self.bulk);
                // Without open ones the second choice is "All".
                let with_others = place == 2 || (place == 1 && bulk.open.is_empty());
                if place == 0 {
                    return true;
                }
                let mut taken = 0;
                let others = bulk.others.iter().filter(|_| with_others);
                for key in bulk.open.iter().chain(others) {
                    if let Some(finding) = self.lines.by_key(key) {
                        migration.decide(finding, bulk.choice, bulk.to.clone());
                        taken += 1;
                    }
                }
                let mut text = counted(taken, "finding", "findings");
                let first = bulk.open.first().or(bulk.others.first());
                if let Some(key) = first {
                    let words = short_choice(key.kind, bulk.choice, bulk.to.as_deref());
                    text.push_str(&format!(": {words}."));
                }
                if bulk.choice == choice::STOP
                    && let Some(key) = first
                {
                    text.push_str(&format!(
                        " They keep the run from starting: {}.",
                        way_out(key.kind)
                    ));
                }
                migration.say(text);
                true
            }
            ALL => {
                if place == 1 {
                    self.take_all(migration);
                }
                true
            }
            _ => false,
        }
    }

    /// Takes the recommended decision of everything open.
    pub(super) fn take_all(&mut self, migration: &mut Migration) {
        let (take, stay) = self.recommended_of_open();
        for (key, name) in &take {
            if let Some(finding) = self.lines.by_key(key) {
                migration.decide(finding, name, None);
            }
        }
        let taken = counted(take.len() as u64, "decision was", "decisions were");
        let rest = match stay {
            0 => String::new(),
            stay => format!(" {} open.", counted(stay as u64, "finding stays", "findings stay")),
        };
        migration.say(format!("{taken} taken.{rest}"));
    }
}

/// The recommended choice, when it is one that lets the run start.
fn recommended(finding: &Finding) -> Option<&'static str> {
    let name = finding.recommended.filter(|name| *name != choice::STOP)?;
    let made = finding.choices.iter().find(|choice| choice.name == name)?;
    (!made.needs_target).then_some(name)
}

/// Whether a finding may get the decision of another one of its kind.
fn may_get(
    migration: &Migration,
    other: &Finding,
    wanted: &str,
    to: Option<&String>,
    like: &Finding,
) -> bool {
    if !other.choices.iter().any(|choice| choice.name == wanted) {
        return false;
    }
    let Some(to) = to else { return true };
    // A value is one only where the type takes it.
    if migration.check_target(other, wanted, to).is_err() {
        return false;
    }
    // A target means the same only where the same is to be chosen from.
    other.key == like.key
        || match like.key.kind {
            // A row is one of the entity referred to; which that is the finding says.
            FindingKind::ReferenceLeavesScope => other.what == like.what,
            FindingKind::RecordMissing
            | FindingKind::RecordRecreated
            | FindingKind::RecordInactive
            | FindingKind::RecordAmbiguous => {
                (&other.key.espace, &other.key.entity) == (&like.key.espace, &like.key.entity)
            }
            FindingKind::ReferenceUnresolved | FindingKind::SoftKeyLikely => {
                other.candidates == like.candidates
            }
            FindingKind::TypeUnknown => {
                other.what == like.what && other.candidates == like.candidates
            }
            _ => true,
        }
}

fn by_choice(take: &[(FindingKey, &'static str)]) -> Vec<(String, usize)> {
    let mut counts: Vec<(String, usize)> = Vec::new();
    for (key, name) in take {
        let words = short_choice(key.kind, name, None);
        match counts.iter_mut().find(|(known, _)| *known == words) {
            Some((_, count)) => *count += 1,
            None => counts.push((words, 1)),
        }
    }
    counts
}
