//! What a comparison found: for a terminal of 80 columns, and for scripts.

use serde::Serialize;

use super::run::{FORMAT, NotCarriedOver};
use super::text::{WIDTH, counted, number, plain, rows, wrapped};
use crate::compare::{Choice, Finding, PREVIEWED, Reason, Severity, choice};
use crate::plan::{Decision, Decisions, Review};

/// Candidates that are shown of each finding.
const SHOWN_CANDIDATES: usize = 10;

/// Everything that is to be known of a comparison.
#[derive(Clone, Debug, Serialize)]
pub struct ComparisonReport {
    /// [`FORMAT`].
    pub format: u32,
    /// The source, where it was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The destination, where it was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination: Option<String>,
    /// All findings.
    pub findings_by_severity: SeverityCounts,
    /// Findings that keep a run from starting whatever else is decided: they block and are not
    /// decided, or are decided to stop.
    pub blocking: u64,
    /// Findings that somebody still has to decide, those that block included.
    pub undecided: u64,
    /// Questions about rows that nobody asked the databases.
    pub open_questions: u64,
    /// The entities that are on both sides.
    pub entities: Vec<PairReport>,
    /// What the scope holds and is not carried over.
    pub not_carried_over: Vec<NotCarriedOver>,
    /// The findings, most severe first.
    pub findings: Vec<FindingReport>,
}

/// Findings, counted by severity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SeverityCounts {
    /// Those that block.
    pub block: u64,
    /// Those with a safe recommendation.
    pub warning: u64,
    /// Those to be known.
    pub note: u64,
}

/// An entity that is on both sides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PairReport {
    /// `Espace.Entity`, as the source calls it.
    pub name: String,
    /// The reference that brought it into the scope, where nobody chose it.
    pub taken_in_by: Option<String>,
    /// Rows in the source, once counted.
    pub source_rows: Option<u64>,
    /// Rows of the destination that replacing would delete, once counted.
    pub destination_rows: Option<u64>,
    /// Other rows of the destination, which stay, once counted.
    pub standing: Option<u64>,
}

/// A finding.
#[derive(Clone, Debug, Serialize)]
pub struct FindingReport {
    /// Its kind, as plan files name it.
    pub kind: &'static str,
    /// `block`, `warning` or `note`.
    pub severity: &'static str,
    /// Whether it keeps a run from starting whatever else is decided.
    pub blocks: bool,
    /// The espace's SS key, or nothing. This and the next five go into a plan's `[[decision]]`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub espace: String,
    /// The entity's SS key, or nothing.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub entity: String,
    /// The attribute's SS key, or nothing.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub attribute: String,
    /// The static record's SS key, or nothing.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub record: String,
    /// The user's, group's or role's name, or nothing.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub user: String,
    /// The tenant's name, or nothing.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub tenant: String,
    /// What it is about, by names.
    pub about: String,
    /// What was noticed.
    pub what: String,
    /// Why it matters, and the usual cause.
    pub why: String,
    /// Rows it touches, where it touches rows and they are counted.
    pub rows: Option<u64>,
    /// Whether the rows are not counted yet.
    pub awaits_rows: bool,
    /// What can be done.
    pub choices: Vec<ChoiceReport>,
    /// The recommended choice.
    pub recommended: Option<&'static str>,
    /// What the plan decides.
    pub decided: Option<DecidedReport>,
    /// Whom or what a person may map to.
    pub candidates: Vec<String>,
    /// Rows it is about, where rows are shown: the first, or all where they were looked up one by one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub preview: Vec<String>,
    /// What there is to learn from it, in a practice environment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lesson: Option<LessonReport>,
}

/// A lesson of a practice environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LessonReport {
    /// A few words.
    pub title: String,
    /// Two or three sentences.
    pub text: String,
}

/// One way to decide a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChoiceReport {
    /// Its name in plan files.
    pub name: &'static str,
    /// What it does.
    pub label: String,
    /// What it costs; empty when nothing.
    pub cost: String,
    /// Whether it needs `to`.
    pub needs_target: bool,
}

/// A decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DecidedReport {
    /// The choice's name.
    pub choice: String,
    /// Where to, for choices that need it.
    pub to: Option<String>,
}

impl From<&Choice> for ChoiceReport {
    fn from(choice: &Choice) -> Self {
        Self {
            name: choice.name,
            label: choice.label.clone(),
            cost: choice.cost.clone(),
            needs_target: choice.needs_target,
        }
    }
}

/// Whether a run cannot start because of this finding, even if every recommendation is taken.
fn blocks(finding: &Finding, decision: Option<&Decision>) -> bool {
    let Some(decision) = decision.filter(|_| !finding.choices.is_empty()) else {
        return finding.severity == Severity::Block;
    };
    match finding.choices.iter().find(|choice| choice.name == decision.choice) {
        None => true,
        Some(made) => made.name == choice::STOP || (made.needs_target && decision.to.is_none()),
    }
}

impl ComparisonReport {
    /// Names the two environments, for people.
    #[must_use]
    pub fn between(mut self, source: &str, destination: &str) -> Self {
        self.source = Some(source.to_owned());
        self.destination = Some(destination.to_owned());
        self
    }

    /// Adds the lesson of each finding that has one.
    #[must_use]
    pub fn teaching(mut self, lesson: impl Fn(&FindingReport) -> Option<LessonReport>) -> Self {
        for finding in &mut self.findings {
            finding.lesson = lesson(finding);
        }
        self
    }

    /// What a review found, with what is decided about it.
    #[must_use]
    pub fn new(review: &Review, decisions: &Decisions) -> Self {
        let comparison = &review.comparison;
        let mut counts = SeverityCounts::default();
        let (mut blocking, mut undecided) = (0, 0);
        let findings: Vec<FindingReport> = comparison
            .findings
            .iter()
            .map(|finding| {
                let decision = decisions.get(&finding.key);
                match finding.severity {
                    Severity::Block => counts.block += 1,
                    Severity::Warning => counts.warning += 1,
                    Severity::Note => counts.note += 1,
                }
                let report = finding_report(finding, decision);
                blocking += u64::from(report.blocks);
                undecided += u64::from(finding.needs_decision() && decision.is_none());
                report
            })
            .collect();
        Self {
            format: FORMAT,
            source: None,
            destination: None,
            findings_by_severity: counts,
            blocking,
            undecided,
            open_questions: comparison.questions.len() as u64,
            entities: comparison
                .pairs
                .iter()
                .map(|pair| PairReport {
                    name: pair.name.clone(),
                    taken_in_by: match &pair.reason {
                        Reason::Chosen => None,
                        Reason::Producer(by) => Some(by.clone()),
                    },
                    source_rows: pair.source_rows,
                    destination_rows: pair.existing.replaced,
                    standing: pair.existing.standing,
                })
                .collect(),
            not_carried_over: review
                .selection
                .left_out
                .iter()
                .map(|left_out| NotCarriedOver {
                    what: left_out.what.clone(),
                    why: left_out.why.clone(),
                })
                .collect(),
            findings,
        }
    }

    /// The comparison in a sentence.
    #[must_use]
    pub fn result(&self) -> String {
        let SeverityCounts { block, warning, note } = self.findings_by_severity;
        if block + warning + note == 0 {
            return "No differences in scope.".to_owned();
        }
        let mut words = format!(
            "{} in scope: {}, {}, {}.",
            counted(self.entities.len() as u64, "entity", "entities"),
            counted(block, "blocking finding", "blocking findings"),
            counted(warning, "warning", "warnings"),
            counted(note, "note", "notes"),
        );
        match (self.blocking, self.undecided) {
            (0, 0) => words.push_str(" Everything is decided."),
            (0, undecided) => words.push_str(&format!(
                " {} not decided; each has a safe recommendation.",
                counted(undecided, "finding is", "findings are")
            )),
            (blocking, _) => words.push_str(&format!(
                " {} a run from starting.",
                counted(blocking, "finding keeps", "findings keep")
            )),
        }
        words
    }

    /// The findings for a terminal, by severity, then by kind.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut out = wrapped(&self.result(), WIDTH, "", "");
        for severity in [Severity::Block, Severity::Warning, Severity::Note] {
            let all: Vec<&FindingReport> = self
                .findings
                .iter()
                .filter(|finding| finding.severity == severity.label())
                .collect();
            if all.is_empty() {
                continue;
            }
            out.push_str(&format!("\n{}\n", severity.label().to_uppercase()));
            let mut kinds: Vec<&str> = Vec::new();
            for finding in &all {
                if !kinds.contains(&finding.kind) {
                    kinds.push(finding.kind);
                }
            }
            for kind in kinds {
                let group: Vec<&FindingReport> =
                    all.iter().copied().filter(|finding| finding.kind == kind).collect();
                group_text(&mut out, kind, &group);
            }
        }
        if !self.not_carried_over.is_empty() {
            out.push_str("\nNOT CARRIED OVER\n");
            for left_out in &self.not_carried_over {
                let text = format!("{}: {}", left_out.what, left_out.why);
                out.push_str(&wrapped(&text, WIDTH, "  ", "    "));
            }
        }
        if self.findings.iter().any(|finding| !finding.choices.is_empty()) {
            out.push('\n');
            out.push_str(&wrapped(
                "* is the recommended choice. A choice is made with [[decision]] in the plan; the \
                 keys that it needs are in the JSON form (--json).",
                WIDTH,
                "",
                "",
            ));
        }
        if self.open_questions > 0 {
            out.push('\n');
            let open = counted(self.open_questions, "question was", "questions were");
            out.push_str(&wrapped(
                &format!("{open} not put to the databases: … stands where a count is missing."),
                WIDTH,
                "",
                "",
            ));
        }
        out
    }
}

fn finding_report(finding: &Finding, decision: Option<&Decision>) -> FindingReport {
    let key = &finding.key;
    FindingReport {
        kind: key.kind.name(),
        severity: finding.severity.label(),
        blocks: blocks(finding, decision),
        espace: key.espace.to_string(),
        entity: key.entity.to_string(),
        attribute: key.attribute.to_string(),
        record: key.record.to_string(),
        user: key.user.to_string(),
        tenant: key.tenant.to_string(),
        about: finding.about.clone(),
        what: finding.what.clone(),
        why: finding.why.clone(),
        rows: finding.rows,
        awaits_rows: finding.awaits_rows,
        choices: finding.choices.iter().map(ChoiceReport::from).collect(),
        recommended: finding.recommended,
        decided: decision.map(|decision| DecidedReport {
            choice: decision.choice.clone(),
            to: decision.to.clone(),
        }),
        candidates: finding.candidates.clone(),
        preview: finding.preview.clone(),
        lesson: None,
    }
}

/// The findings of a kind. What all of them share is said once.
fn group_text(out: &mut String, kind: &str, group: &[&FindingReport]) {
    let Some(first) = group.first() else { return };
    out.push_str(&format!("\n  {kind}\n"));
    let shares_why = group.iter().all(|finding| finding.why == first.why);
    let shares_choices = group.len() > 1
        && group.iter().all(|finding| {
            finding.choices == first.choices && finding.recommended == first.recommended
        });
    if shares_why {
        out.push_str(&wrapped(&first.why, WIDTH, "  ", "  "));
    }
    if shares_choices {
        choices_text(out, first, "  ");
    }
    for finding in group {
        let touched = match finding.rows {
            Some(count) => format!(" ({})", rows(count)),
            None if finding.awaits_rows => " (… rows)".to_owned(),
            None => String::new(),
        };
        let text = format!("{}: {}{touched}", finding.about, finding.what);
        out.push_str(&wrapped(&text, WIDTH, "  - ", "    "));
        if !shares_why {
            out.push_str(&wrapped(&finding.why, WIDTH, "    ", "    "));
        }
        if !shares_choices {
            choices_text(out, finding, "    ");
        }
        if !finding.candidates.is_empty() {
            let names: Vec<String> = finding.candidates.iter().map(|name| plain(name)).collect();
            let some = super::text::some_of(&names, SHOWN_CANDIDATES, names.len() as u64);
            out.push_str(&wrapped(&format!("candidates: {some}"), WIDTH, "    ", "      "));
        }
        for row in finding.preview.iter().take(PREVIEWED) {
            out.push_str(&wrapped(&plain(row), WIDTH, "    | ", "    | "));
        }
        let more = finding.preview.len().saturating_sub(PREVIEWED);
        if more > 0 {
            out.push_str(&format!("    | and {} more, in the JSON form\n", number(more as u64)));
        }
        if let Some(decided) = &finding.decided {
            let to = match &decided.to {
                Some(to) => format!(" to {to}"),
                None => String::new(),
            };
            let text = format!("decided: {}{to}", decided.choice);
            out.push_str(&wrapped(&text, WIDTH, "    ", "      "));
        }
        if let Some(lesson) = &finding.lesson {
            let text = format!("lesson: {}. {}", lesson.title, lesson.text);
            out.push_str(&wrapped(&text, WIDTH, "    ", "      "));
        }
    }
}

fn choices_text(out: &mut String, finding: &FindingReport, indent: &str) {
    let width = finding.choices.iter().map(|choice| choice.name.len()).max().unwrap_or_default();
    for choice in &finding.choices {
        let sign = if finding.recommended == Some(choice.name) { '*' } else { ' ' };
        let first = format!("{indent}{sign} {:width$}  ", choice.name);
        let rest = " ".repeat(first.chars().count());
        let mut text = choice.label.clone();
        if !choice.cost.is_empty() {
            text.push_str(&format!(" ({})", choice.cost));
        }
        if choice.needs_target {
            text.push_str("; say which with to");
        }
        out.push_str(&wrapped(&text, WIDTH, &first, &rest));
    }
}
