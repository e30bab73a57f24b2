//! What the findings of a step keep back, and what is said of it.

use super::super::keys::Command;
use super::super::message::Sign;
use super::super::migration::Migration;
use super::super::step::{Notice, Reason};
use super::{Findings, Standing, words};
use crate::compare::FindingKey;
use crate::report::{counted, number};

impl Findings {
    /// Why Next is refused.
    #[must_use]
    pub fn gate(&self, migration: &Migration) -> Vec<Reason> {
        if migration.review.is_none() {
            return vec![Reason::new(not_compared(migration))];
        }
        let tally = self.tally(migration);
        let mut reasons = Vec::new();
        let names = |standing: Standing, all: usize| self.names(migration, standing, all);
        if tally.open > 0 {
            let what = counted(tally.open as u64, "finding still needs", "findings still need");
            reasons.push(Reason::new(format!(
                "{what} a decision: {}",
                names(Standing::Open, tally.open)
            )));
        }
        if tally.stopped > 0 {
            let what = counted(tally.stopped as u64, "was", "were");
            let names = names(Standing::Stopped, tally.stopped);
            reasons.push(Reason::new(format!(
                "{what} decided to stop: {names}; publish or mend, then Ctrl+T"
            )));
        }
        if tally.unmendable > 0 {
            let names = names(Standing::Unmendable, tally.unmendable);
            reasons.push(Reason::new(format!("nothing can be chosen for {names}; see its lines")));
        }
        reasons
    }

    /// The first findings that stand so, by name.
    fn names(&self, migration: &Migration, standing: Standing, all: usize) -> String {
        if self.lines.is_current(migration) {
            let found = self.lines.standing_so(standing).map(words::short_about);
            return words::some_of(found, 3, all);
        }
        let decisions = &migration.plan.decisions;
        let found = migration
            .findings()
            .iter()
            .filter(|finding| self.is_own(finding))
            .filter(|finding| Standing::of(finding, decisions) == standing)
            .map(words::short_about);
        words::some_of(found, 3, all)
    }

    /// To the first finding that keeps Next from going on, filtered out or not.
    pub fn go_to_first_reason(&mut self, migration: &mut Migration) {
        self.sync(migration);
        let Some(key) = self.lines.first_that_holds().map(|finding| finding.key.clone()) else {
            return;
        };
        self.deciding.close();
        if self.lines.place_of(&key).is_none() {
            self.filter.clear();
            self.lines.show_all();
        }
        self.go_to(migration, &key);
    }

    /// The key of the first finding that keeps Next from going on.
    #[must_use]
    pub fn first_reason(&self) -> Option<&FindingKey> {
        self.lines.first_that_holds().map(|finding| &finding.key)
    }

    /// The most important thing to say about these findings.
    #[must_use]
    pub fn notice(&self, migration: &Migration) -> Option<Notice> {
        if !migration.may_change() {
            let text = "A run was started with these answers: they can be read, not changed.";
            return Some(Notice::new(Sign::Note, text));
        }
        if self.filter.is_typed() {
            let text = "Type a part of the name. Enter keeps the filter, Esc clears it.";
            return Some(Notice::new(Sign::Note, text));
        }
        if migration.review.is_none() {
            let sign = if migration.is_comparing() { Sign::Note } else { Sign::Bad };
            return Some(Notice::new(sign, words::sentence(&not_compared(migration))));
        }
        let reasons = self.gate(migration);
        if let Some(first) = reasons.first() {
            let tally = self.tally(migration);
            let sign = if tally.blocks > 0 { Sign::Bad } else { Sign::Warning };
            return Some(Notice::new(sign, words::sentence(&first.text)));
        }
        if migration.counting > 0 {
            let text = format!(
                "{} about rows…",
                counted(migration.counting as u64, "question", "questions")
            );
            return Some(Notice::new(Sign::Note, text));
        }
        Some(Notice::new(Sign::Good, "Everything on this step is decided."))
    }

    /// Changes when a decision does.
    #[must_use]
    pub fn answers(&self, migration: &Migration) -> String {
        format!("{:x}", self.tally(migration).answers)
    }

    /// Changes when what is shown does.
    #[must_use]
    pub fn shown(&self, migration: &Migration) -> String {
        format!("{:x}", self.tally(migration).shown)
    }

    /// Lines for Review: what was decided, and how often.
    #[must_use]
    pub fn summary(&self, migration: &Migration) -> Vec<(String, String)> {
        let tally = self.tally(migration);
        let mut made: Vec<(String, u64)> = Vec::new();
        for finding in migration.findings().iter().filter(|finding| self.is_own(finding)) {
            let Some(decision) = migration.plan.decisions.get(&finding.key) else { continue };
            let words = words::short_choice(finding.key.kind, &decision.choice, None);
            match made.iter_mut().find(|(known, _)| *known == words) {
                Some((_, count)) => *count += 1,
                None => made.push((words, 1)),
            }
        }
        let made: Vec<String> =
            made.into_iter().map(|(words, count)| format!("{} {words}", number(count))).collect();
        let notes = counted(tally.notes as u64, "note", "notes");
        let text = match (tally.open, made.is_empty()) {
            (0, true) => format!("nothing to decide, {notes}"),
            (0, false) => format!("decided: {}; {notes}", made.join(", ")),
            (open, true) => format!("{} to decide, {notes}", number(open as u64)),
            (open, false) => {
                format!("{} to decide; decided: {}; {notes}", number(open as u64), made.join(", "))
            }
        };
        vec![(self.step.to_owned(), text)]
    }

    /// Whether a key does something now.
    #[must_use]
    pub fn offers(&self, command: Command, migration: &Migration) -> bool {
        match command {
            Command::Toggle
            | Command::Open
            | Command::Own(super::SAME_KIND | super::ALL_RECOMMENDED) => {
                migration.may_change() && self.lines.total() > 0 && !self.filter.is_typed()
            }
            Command::Recheck => migration.may_change(),
            _ => true,
        }
    }

    /// What keeps Next from going on, as a number for the rail.
    #[must_use]
    pub fn count(&self, migration: &Migration) -> String {
        let tally = self.tally(migration);
        match tally.open + tally.stopped + tally.unmendable {
            0 => String::new(),
            holding => holding.to_string(),
        }
    }
}

/// What is said on the right of the status line: when the environments were compared.
#[must_use]
pub fn checked(migration: &Migration) -> String {
    if migration.counting > 0 {
        format!("counting, {} to go", migration.counting)
    } else if migration.is_comparing() {
        "comparing…".to_owned()
    } else if migration.compared.is_empty() {
        String::new()
    } else {
        format!("compared {}", migration.compared)
    }
}

fn not_compared(migration: &Migration) -> String {
    if migration.models().is_none() {
        "both sides have to be connected first (press 1, then Ctrl+T)".to_owned()
    } else if let Some(trouble) = &migration.scope_trouble {
        format!("{trouble} (press 2)")
    } else if !migration.has_scope() {
        "nothing is chosen to be moved (press 2)".to_owned()
    } else if migration.is_comparing() {
        "the environments are being compared".to_owned()
    } else {
        "the environments have not been compared (Ctrl+T)".to_owned()
    }
}
