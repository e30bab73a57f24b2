//! The findings of a step as questions of plain mode: the recommended ones as a whole first, then
//! one by one, then what was decided to stop.

use super::super::message::Answer;
use super::super::migration::{Migration, Verdict};
use super::super::step::{Ask, AskKind};
use super::Findings;
use super::deciding::{decide, may_change};
use super::tally::Standing;
use super::targets::{Target, targets};
use super::words::{rows, sentence, unlisted, way_out};
use crate::compare::{Finding, FindingKey, PREVIEWED, Severity};
use crate::plan::takes_others;
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
    /// Whether that target is typed.
    is_typed: bool,
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
            return Some(self.target_question(migration, finding, name));
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
            let more = unlisted(finding, "osferry compare PLAN --json lists them all");
            let first = finding.preview.iter().take(PREVIEWED).chain(&more);
            let first: Vec<&str> = first.map(String::as_str).collect();
            text.push(format!("The first rows: {}.", first.join("; ")));
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

    fn target_question(&self, migration: &Migration, finding: &Finding, choice: &str) -> Ask {
        let mut text = vec![format!("{}: to which one?", finding.about)];
        if self.plain.is_typed {
            return typed_question(migration, text);
        }
        let all = migration
            .review
            .as_ref()
            .map_or_else(Vec::new, |review| targets(migration, review, finding, choice));
        let takes_others = takes_others(choice);
        if takes_others || all.len() <= LISTED {
            let mut choices: Vec<String> = all.into_iter().map(|target| target.shown).collect();
            choices.extend(takes_others.then(|| "type another one".to_owned()));
            return Ask { text, kind: AskKind::Choice(choices) };
        }
        let near: Vec<String> = all.into_iter().take(5).map(|target| target.shown).collect();
        text.push(format!("For example: {}.", near.join("; ")));
        let label = "Name or id".to_owned();
        Ask { text, kind: AskKind::Text { label, current: String::new() } }
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
            let is_typed = std::mem::take(&mut self.plain.is_typed);
            let Some(finding) = self.finding(&key).cloned() else {
                self.plain.anew = None;
                return;
            };
            let all = targets(migration, &review, &finding, name);
            let to = match answer {
                Answer::Text(text) if takes_others(name) => {
                    migration.type_target(text);
                    match migration.take_typed() {
                        Some(to) => Some(to),
                        // It is asked for again, with what is wrong, or with what was found.
                        None => {
                            self.plain.target = Some((key, name));
                            self.plain.is_typed = true;
                            return;
                        }
                    }
                }
                Answer::Text(text) => named(migration, &finding, name, &all, text),
                Answer::Chosen(0) if is_typed => migration.take_typed(),
                Answer::Chosen(place) if !is_typed && *place < all.len() => {
                    Some(all[*place].to.clone())
                }
                Answer::Chosen(_) if takes_others(name) => {
                    migration.begin_typing(&finding, name);
                    self.plain.target = Some((key, name));
                    self.plain.is_typed = true;
                    return;
                }
                _ => None,
            };
            self.plain.anew = None;
            if let Some(to) = to {
                decide(migration, &finding, name, Some(to));
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

/// What a plan file would have for what the person called so; `None`, and why, where that cannot be.
fn named(
    migration: &mut Migration,
    finding: &Finding,
    choice: &str,
    all: &[Target],
    text: &str,
) -> Option<String> {
    let wanted = text.trim().to_lowercase();
    let fits = |target: &&Target| {
        target.to.to_lowercase() == wanted
            || target.shown.to_lowercase().starts_with(&format!("{wanted}  "))
    };
    let found: Vec<_> = all.iter().filter(fits).collect();
    match found[..] {
        [one] => return Some(one.to.clone()),
        [] => match migration.check_target(finding, choice, text.trim()) {
            Ok(_) => return Some(text.trim().to_owned()),
            Err(why) => migration.say(sentence(&why)),
        },
        _ => {
            let shown = found.iter().map(|target| target.shown.as_str());
            let ids = super::words::some_of(shown, LISTED, found.len());
            migration.say(format!("Several are called so: {ids}. Give the id."));
        }
    }
    None
}

/// The question for a target that is typed: what is wrong with the one before, or what was found.
fn typed_question(migration: &Migration, mut text: Vec<String>) -> Ask {
    let verdict = migration.typing.as_ref().map_or(&Verdict::Nothing, |typing| &typing.verdict);
    let kind = match verdict {
        Verdict::Looking => return Ask { text: Vec::new(), kind: AskKind::Wait },
        Verdict::Fits(shown) => AskKind::Choice(vec![
            if shown.is_empty() { "take it".to_owned() } else { format!("take it: {shown}") },
            "type another one".to_owned(),
        ]),
        verdict => {
            if let Verdict::Wrong(why) = verdict {
                text.push(sentence(why));
            }
            AskKind::Text { label: "As a plan file names it".to_owned(), current: String::new() }
        }
    };
    Ask { text, kind }
}
