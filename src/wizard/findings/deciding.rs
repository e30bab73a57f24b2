//! Deciding one finding: its choices, the list of what a choice may point to, what is said then.

use super::super::keys::Command;
use super::super::migration::Migration;
use super::targets::targets;
use super::words::{choice_of, sentence, short_about, to_text, way_out};
use crate::compare::{Finding, choice};
use crate::plan::{Review, takes_others};

/// The tag of the list of what a choice may point to.
pub const PICK: &str = "findings-target";

/// The cursor among a finding's choices, and a choice that waits for its target.
#[derive(Clone, Debug, Default)]
pub struct Deciding {
    /// The selected choice, while the choices have the focus.
    pub at: Option<usize>,
    waiting: Option<Waiting>,
}

/// A choice that waits for its target.
#[derive(Clone, Debug)]
struct Waiting {
    finding: Finding,
    choice: &'static str,
    targets: Vec<String>,
}

impl Deciding {
    /// Whether the choices have the focus.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.at.is_some()
    }

    /// Into the choices of a finding: to the one decided, else the recommended.
    pub fn open(&mut self, migration: &mut Migration, finding: &Finding) {
        if finding.choices.is_empty() || !migration.may_change() {
            read(migration, finding);
            return;
        }
        let made = migration.choice(finding).or(finding.recommended);
        let place = finding.choices.iter().position(|choice| Some(choice.name) == made);
        self.at = Some(place.unwrap_or(0));
    }

    /// Out of the choices.
    pub fn close(&mut self) {
        self.at = None;
    }

    /// Obeys a command while the choices have the focus; says whether it was one for them.
    pub fn obey(
        &mut self,
        migration: &mut Migration,
        review: &Review,
        finding: &Finding,
        command: Command,
    ) -> bool {
        let Some(at) = self.at else { return false };
        let last = finding.choices.len().saturating_sub(1);
        match command {
            Command::Up | Command::PreviousField => self.at = Some(at.saturating_sub(1)),
            Command::Down | Command::NextField => self.at = Some((at + 1).min(last)),
            Command::First | Command::PageUp => self.at = Some(0),
            Command::Last | Command::PageDown => self.at = Some(last),
            Command::Open | Command::Toggle => self.take(migration, review, finding, at),
            Command::Close => self.at = None,
            _ => return false,
        }
        true
    }

    /// Takes the recommended choice; what was decided already, this way or another, is taken back.
    pub fn recommended(&mut self, migration: &mut Migration, review: &Review, finding: &Finding) {
        if !may_change(migration) {
            return;
        }
        if finding.choices.is_empty() {
            migration.say(nothing_to_decide(finding));
            return;
        }
        if migration.choice(finding).is_some() && !migration.plan.decisions.is_own(&finding.key) {
            migration.say("That is said of all of them; decide this one with its choices.");
            return;
        }
        if migration.choice(finding).is_some() {
            migration.undecide(&finding.key);
            migration.say("The decision was taken back.");
            return;
        }
        let Some(name) = finding.recommended else {
            migration.say(
                "Rows are still being counted, so nothing is recommended yet; Enter shows the \
                 choices.",
            );
            return;
        };
        if let Some(place) = finding.choices.iter().position(|choice| choice.name == name) {
            self.take(migration, review, finding, place);
        }
    }

    /// Takes the choice at a place; one that needs a target asks for it first.
    pub fn take(
        &mut self,
        migration: &mut Migration,
        review: &Review,
        finding: &Finding,
        place: usize,
    ) {
        let Some(choice) = finding.choices.get(place) else { return };
        if !may_change(migration) {
            return;
        }
        if choice.needs_target {
            let all = targets(migration, review, finding, choice.name);
            let takes_others = takes_others(choice.name);
            if all.is_empty() && !takes_others {
                migration.say("There is nothing that it could be mapped to.");
                return;
            }
            let (targets, shown) = all.into_iter().map(|target| (target.to, target.shown)).unzip();
            self.waiting = Some(Waiting { finding: finding.clone(), choice: choice.name, targets });
            let title = sentence(&choice.label);
            let title = title.trim_end_matches('.');
            if takes_others {
                migration.begin_typing(finding, choice.name);
                migration.pick_or_type(PICK, title, shown);
            } else {
                migration.pick(PICK, title, shown);
            }
            return;
        }
        self.at = None;
        decide(migration, finding, choice.name, None);
    }

    /// The person picked a target; says whether it was this list.
    pub fn replied(&mut self, migration: &mut Migration, tag: &str, place: usize) -> bool {
        if tag != PICK {
            return false;
        }
        if let Some(waiting) = self.waiting.take()
            && let Some(to) = waiting.targets.get(place)
        {
            self.at = None;
            decide(migration, &waiting.finding, waiting.choice, Some(to.clone()));
        }
        true
    }

    /// The person typed another target; says whether it was into this list.
    pub fn wrote(&mut self, migration: &mut Migration, tag: &str, to: &str) -> bool {
        if tag != PICK {
            return false;
        }
        if let Some(waiting) = self.waiting.take() {
            self.at = None;
            decide(migration, &waiting.finding, waiting.choice, Some(to.to_owned()));
        }
        true
    }
}

/// Shows all there is to say of a finding, its lesson included.
pub fn read(migration: &mut Migration, finding: &Finding) {
    let mut lines: Vec<String> = to_text(migration, finding).lines().map(str::to_owned).collect();
    let chosen = migration.choice(finding);
    lines.push(String::new());
    for choice in &finding.choices {
        let mark = if chosen == Some(choice.name) { "(•)" } else { "( )" };
        lines.push(format!("{mark} {}", choice.label));
    }
    if finding.needs_decision() && finding.choices.is_empty() {
        lines.push(sentence(way_out(finding.key.kind)));
    }
    if let Some(lesson) = migration.lesson(finding).filter(|_| migration.lessons_shown) {
        lines.extend([String::new(), format!("LESSON  {}", lesson.title), lesson.text.clone()]);
    }
    let title = finding.about.clone();
    migration.show(title, lines);
}

/// Decides a finding and says what follows, where something does.
pub fn decide(migration: &mut Migration, finding: &Finding, name: &str, to: Option<String>) {
    migration.decide(finding, name, to);
    if name == choice::STOP {
        migration.say(format!(
            "{} blocks the run: {}.",
            short_about(finding),
            way_out(finding.key.kind)
        ));
    } else if let Some(made) = choice_of(finding, name) {
        let to = migration
            .plan
            .decisions
            .get(&finding.key)
            .and_then(|decision| decision.to.as_ref())
            .map_or_else(String::new, |to| format!(" → {to}"));
        migration.say(format!("{}: {}{to}.", short_about(finding), made.label));
    }
}

/// Whether answers may still change; says why not.
pub fn may_change(migration: &mut Migration) -> bool {
    let may = migration.may_change();
    if !may {
        migration.say("A run was started with these answers: they can be read, not changed.");
    }
    may
}

fn nothing_to_decide(finding: &Finding) -> String {
    if finding.needs_decision() {
        format!("{} cannot be decided away: {}.", short_about(finding), way_out(finding.key.kind))
    } else {
        "There is nothing to decide here; it is only good to know.".to_owned()
    }
}
