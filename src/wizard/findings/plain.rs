//! The findings of a step as questions of plain mode: the recommended ones as a whole first, then
//! one by one, then what was decided to stop.

use super::super::message::Answer;
use super::super::migration::Migration;
use super::super::step::{Ask, AskKind};
use super::Findings;
use super::deciding::{decide, may_change};
use super::tally::Standing;
use super::targets::targets;
use super::words::{rows, sentence, way_out};
use crate::compare::{Finding, FindingKey, Severity};
use crate::report::counted;

/// Targets that are listed; more than these are asked for by name.
const LISTED: usize = 12;

/// Where plain mode is.
#[derive(Debug, Default)]
pub(super) struct Plain {
    /// Whether the person wants to decide one by one.
    one_by_one: bool,
    /// The finding and choice that wait for a target.
    target: Option<(FindingKey, &'static str)>,
    /// The stopped finding to be decided anew.
    anew: Option<FindingKey>,
}

impl Findings {
    /// The next question; `None` when everything is decided.
    #[must_use]
    pub fn ask(&self, migration: &Migration) -> Option<Ask> {
        if migration.is_comparing() || migration.counting > 0 {
            return Some(Ask { text: Vec::new(), kind: AskKind::Wait });
        }
        if migration.review.is_none() {
            let text = self.gate(migration).iter().map(|reason| format!("{reason}.")).collect();
            let choices = vec!["compare again".to_owned()];
            return Some(Ask { text, kind: AskKind::Choice(choices) });
        }
        if let Some((key, name)) = &self.plain.target
            && let Some(finding) = self.finding(key)
        {
            return Some(target_question(migration, finding, name));
        }
        let (take, stay) = self.recommended_of_open();
        if take.len() > 1 && !self.plain.one_by_one {
            let tally = self.tally(migration);
            let text = vec![
                format!(
                    "{}, {}, {}.",
                    counted(
                        tally.blocks as u64,
                        "finding blocks the run",
                        "findings block the run"
                    ),
                    counted(tally.warnings as u64, "warning to decide", "warnings to decide"),
                    counted(tally.notes as u64, "note", "notes"),
                ),
                format!(
                    "{} a recommended decision; {} to be decided by you.",
                    counted(take.len() as u64, "finding has", "findings have"),
                    counted(stay as u64, "has", "have"),
                ),
            ];
            let choices =
                vec!["take the recommended decisions".to_owned(), "decide one by one".to_owned()];
            return Some(Ask { text, kind: AskKind::Choice(choices) });
        }
        if let Some(finding) = self.asked() {
            return Some(self.question(migration, finding));
        }
        self.stopped_question(migration)
    }

    /// The finding that is asked about.
    fn asked(&self) -> Option<&Finding> {
        let anew = self.plain.anew.as_ref().and_then(|key| self.finding(key));
        anew.or_else(|| self.lines.standing_so(Standing::Open).next())
    }

    fn question(&self, migration: &Migration, finding: &Finding) -> Ask {
        let of_severity =
            |other: &&Finding| other.severity == finding.severity && other.needs_decision();
        let open = self.lines.standing_so(Standing::Open).filter(of_severity).count();
        let word = match finding.severity {
            Severity::Block => "Block",
            Severity::Warning => "Warning",
            Severity::Note => "Note",
        };
        let mut text = vec![
            format!("{word}, {open} of them open. {}: {}", finding.about, sentence(&finding.what)),
            finding.why.clone(),
        ];
        let rows = rows(finding);
        if !rows.is_empty() {
            text.push(format!("Rows: {rows}."));
        }
        if !finding.candidates.is_empty() {
            let names = finding.candidates.iter().map(String::as_str);
            let names = super::words::some_of(names, LISTED, finding.candidates.len());
            text.push(format!("Candidates: {names}."));
        }
        if !finding.preview.is_empty() {
            text.push(format!("The first rows: {}.", finding.preview.join("; ")));
        }
        if let Some(lesson) = migration.lesson(finding).filter(|_| migration.lessons_shown) {
            text.push(format!("Lesson. {}: {}", lesson.title, lesson.text));
        }
        let choices = finding
            .choices
            .iter()
            .map(|choice| {
                let mut line = choice.label.clone();
                if !choice.cost.is_empty() {
                    line.push_str(&format!(" ({})", choice.cost));
                }
                if finding.recommended == Some(choice.name) {
                    line.push_str(", recommended");
                }
                line
            })
            .collect();
        Ask { text, kind: AskKind::Choice(choices) }
    }

    fn stopped_question(&self, migration: &Migration) -> Option<Ask> {
        let tally = self.tally(migration);
        if tally.stopped + tally.unmendable == 0 {
            return None;
        }
        let stopped = self.lines.standing_so(Standing::Stopped);
        let text = stopped
            .chain(self.lines.standing_so(Standing::Unmendable))
            .take(LISTED)
            .map(|finding| {
                format!(
                    "{} keeps the run from starting: {}. To mend it, {}.",
                    finding.about,
                    finding.what,
                    way_out(finding.key.kind)
                )
            })
            .collect();
        let mut choices = vec!["compare again".to_owned()];
        if tally.stopped > 0 {
            choices.push("decide the first one anew".to_owned());
        }
        Some(Ask { text, kind: AskKind::Choice(choices) })
    }

    /// An answer to the question that [`Findings::ask`] gave.
    pub(super) fn on_answer(&mut self, migration: &mut Migration, answer: &Answer) {
        let Some(review) = migration.review.clone() else {
            migration.compare_anew();
            return;
        };
        if !may_change(migration) {
            return;
        }
        if let Some((key, name)) = self.plain.target.take() {
            self.plain.anew = None;
            let Some(finding) = self.finding(&key).cloned() else { return };
            let all = targets(migration, &review, &finding, name);
            let picked = match answer {
                Answer::Chosen(place) if all.len() <= LISTED => all.get(*place),
                Answer::Text(text) => {
                    let wanted = text.trim().to_lowercase();
                    let fits = |target: &&super::targets::Target| {
                        target.to.to_lowercase() == wanted
                            || target.shown.to_lowercase().starts_with(&format!("{wanted}  "))
                    };
                    let found: Vec<_> = all.iter().filter(fits).collect();
                    match found[..] {
                        [one] => Some(one),
                        [] => {
                            migration.say(format!("There is no \"{}\".", text.trim()));
                            None
                        }
                        _ => {
                            let ids = super::words::some_of(
                                found.iter().map(|target| target.shown.as_str()),
                                LISTED,
                                found.len(),
                            );
                            migration.say(format!("Several are called so: {ids}. Give the id."));
                            None
                        }
                    }
                }
                _ => None,
            };
            if let Some(target) = picked {
                decide(migration, &finding, name, Some(target.to.clone()));
            }
            return;
        }
        let Answer::Chosen(place) = answer else { return };
        let (take, _) = self.recommended_of_open();
        if take.len() > 1 && !self.plain.one_by_one {
            if *place == 0 {
                self.take_all(migration);
            } else {
                self.plain.one_by_one = true;
            }
            return;
        }
        if let Some(finding) = self.asked().cloned() {
            if let Some(choice) = finding.choices.get(*place) {
                if choice.needs_target {
                    self.plain.target = Some((finding.key.clone(), choice.name));
                } else {
                    self.plain.anew = None;
                    decide(migration, &finding, choice.name, None);
                }
            }
            return;
        }
        if *place == 0 {
            migration.compare_anew();
        } else {
            let first = self.lines.standing_so(Standing::Stopped).next();
            self.plain.anew = first.map(|finding| finding.key.clone());
        }
    }
}

fn target_question(migration: &Migration, finding: &Finding, choice: &str) -> Ask {
    let all = migration
        .review
        .as_ref()
        .map_or_else(Vec::new, |review| targets(migration, review, finding, choice));
    let text = vec![format!("{}: to which one?", finding.about)];
    if all.len() <= LISTED {
        let choices = all.into_iter().map(|target| target.shown).collect();
        return Ask { text, kind: AskKind::Choice(choices) };
    }
    let near: Vec<String> = all.into_iter().take(5).map(|target| target.shown).collect();
    let mut text = text;
    text.push(format!("For example: {}.", near.join("; ")));
    let label = "Name or id".to_owned();
    Ask { text, kind: AskKind::Text { label, current: String::new() } }
}
