//! What became of a clean-up, step by step: for the person, and for a change ticket.

use std::fmt::Write as _;

use serde::Serialize;

use super::copy::{Copy, Evidence, Standing};
use super::defang::Scan;
use super::foresee::{ForeseenStep, ForeseenTable, Found};
use super::security::SecurityContext;

/// What became of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepState {
    /// Its rows are deleted or set.
    Done,
    /// There was nothing to do.
    Nothing,
    /// Somebody left it out, and why.
    Skipped(String),
    /// It was only looked at.
    Foreseen,
}

impl StepState {
    fn words(&self) -> String {
        match self {
            Self::Done => "done".to_owned(),
            Self::Nothing => "nothing to do".to_owned(),
            Self::Skipped(why) => format!("left out: {why}"),
            Self::Foreseen => "to be done".to_owned(),
        }
    }
}

/// A step with its evidence.
#[derive(Clone, Debug, Serialize)]
pub struct StepRecord {
    /// Its name.
    pub name: String,
    /// The numbers of the facts that it stands for.
    pub numbers: Vec<String>,
    /// Where it comes from, where that is not the guide.
    pub origin: String,
    /// What it does.
    pub title: String,
    /// What became of it.
    pub state: StepState,
    /// The rows as they were before, as far as they are shown.
    pub before: Vec<ForeseenTable>,
    /// Rows that were still to be deleted or set afterwards: 0 where it is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows_after: Option<u64>,
}

/// A clean-up, from the proof that it was the copy to the last look.
#[derive(Clone, Debug, Serialize)]
pub struct Record {
    /// The procedure's name.
    pub procedure: String,
    /// The run.
    pub run: String,
    /// The plan's name.
    pub name: String,
    /// The clone.
    pub clone: String,
    /// The declared original.
    pub original: String,
    /// Who did it: the user of this machine, and who was signed in to the clone.
    pub operator: [String; 2],
    /// What was typed as the clone's name.
    pub confirmed: String,
    /// When it began.
    pub started: String,
    /// When it was done.
    pub ended: String,
    /// What says that this is the copy.
    pub evidence: Vec<Evidence>,
    /// The users of the clone's databases, and what belongs to them.
    pub users: Vec<SecurityContext>,
    /// The steps.
    pub steps: Vec<StepRecord>,
    /// What named the original or led elsewhere, before and afterwards.
    pub scans: [Scan; 2],
}

impl Record {
    /// Rows deleted or set.
    #[must_use]
    pub fn rows(&self) -> u64 {
        let done = self.steps.iter().filter(|step| step.state == StepState::Done);
        done.flat_map(|step| &step.before).map(ForeseenTable::rows).sum()
    }

    /// Whether nothing was left that should have been deleted or set.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.steps.iter().all(|step| step.rows_after.unwrap_or_default() == 0)
    }

    /// As JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// As Markdown.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        let mut text = format!("# Clean-up of {}\n\n", self.clone);
        let verdict = match self.is_clean() {
            true => "Done, and looked at again: nothing is left to do.",
            false => "**Rows came back: see the steps that are not clean.**",
        };
        let _ = writeln!(text, "{verdict} {} rows were deleted or set.\n", self.rows());
        let [system, sign_in] = &self.operator;
        for (what, value) in [
            ("Run", &self.run),
            ("Plan", &self.name),
            ("Clone", &self.clone),
            ("Original", &self.original),
            ("Started", &self.started),
            ("Ended", &self.ended),
            ("By", system),
            ("Signed in as", sign_in),
            ("Confirmed as", &self.confirmed),
        ] {
            if !value.is_empty() {
                let _ = writeln!(text, "- {what}: {}", plain(value));
            }
        }
        text.push_str("\n## That this is the copy\n\n");
        for fact in &self.evidence {
            let _ = writeln!(text, "- {}: {}", standing(fact.standing), plain(&fact.text));
        }
        text.push_str("\n## Security context (C2.1, N1)\n\n");
        for context in &self.users {
            let _ = writeln!(text, "- {}", in_markdown(&context.lines()));
        }
        text.push_str("\n## Steps\n");
        for step in &self.steps {
            let mut marks = step.numbers.clone();
            marks.extend((!step.origin.is_empty()).then(|| step.origin.clone()));
            let _ = writeln!(text, "\n### {} ({})\n", plain(&step.title), marks.join(", "));
            let _ = writeln!(text, "{}", plain(&step.state.words()));
            for line in table_lines(&step.before) {
                // Rows stand below their table.
                let row = line.trim_start();
                let indent = if row.len() < line.len() { "  " } else { "" };
                let _ = writeln!(text, "{indent}- {}", plain(row));
            }
            if let Some(rows @ 1..) = step.rows_after {
                let _ = writeln!(text, "- afterwards {rows} rows are still to be done");
            }
        }
        for (when, scan) in ["before", "afterwards"].iter().zip(&self.scans) {
            let _ = writeln!(text, "\n## What named the original or led elsewhere {when}\n");
            for line in scan.lines().lines() {
                let _ = writeln!(text, "- {}", plain(line.trim()));
            }
        }
        text
    }

    /// In a few lines.
    #[must_use]
    pub fn summary(&self) -> String {
        let mut text = format!("{} rows deleted or set in {}", self.rows(), self.clone);
        for step in &self.steps {
            let rows: u64 = step.before.iter().map(ForeseenTable::rows).sum();
            let rows = match step.state {
                StepState::Done => format!(" ({rows} {})", if rows == 1 { "row" } else { "rows" }),
                _ => String::new(),
            };
            let _ = write!(text, "\n  {}: {}{rows}", step.title, step.state.words());
        }
        for context in &self.users {
            let orphaned: Vec<&str> = context.orphaned().map(|user| user.name.as_str()).collect();
            if !orphaned.is_empty() {
                let (role, names) = (&context.role, orphaned.join(", "));
                let _ = write!(
                    text,
                    "\nUsers without a login, {role}: {names}; `osferry cleanup PLAN --dry-run` writes \
                     the script that deletes them"
                );
            }
        }
        let [_, now] = &self.scans;
        let _ = write!(text, "\n{}", now.lines());
        text.push_str(match self.is_clean() {
            true => "\nLooked at again: nothing is left to do.",
            false => "\nLooked at again: rows have come back; the report says where.",
        });
        text
    }
}

/// What a clean-up would do, for the person.
#[must_use]
pub fn preview(copy: &Copy, steps: &[ForeseenStep]) -> String {
    let mut text = String::from("That this is the copy:");
    for fact in &copy.evidence {
        let _ = write!(text, "\n  {}: {}", standing(fact.standing), fact.text);
    }
    for step in steps {
        let _ = write!(text, "\n\n{}  [{}]", step.title, step.step);
        for line in table_lines(&step.tables) {
            let _ = write!(text, "\n  {line}");
        }
    }
    let rows: u64 = steps.iter().map(ForeseenStep::rows).sum();
    let _ = write!(text, "\n\n{rows} rows would be deleted or set, in one transaction.");
    text
}

/// Lines below each other, indented as they are.
fn in_markdown(lines: &str) -> String {
    let lines = lines.lines().map(|line| {
        let text = line.trim_start();
        let indent = &line[..line.len() - text.len()];
        if indent.is_empty() { plain(text) } else { format!("{indent}- {}", plain(text)) }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// What was found of a step, table by table, with its rows indented below.
#[must_use]
pub fn table_lines(tables: &[ForeseenTable]) -> Vec<String> {
    let mut lines = Vec::new();
    for table in tables {
        match &table.found {
            Found::Absent(what) => lines.push(format!("{}: {what}", table.name)),
            Found::Blocked(why) => lines.push(format!("{}: not possible: {why}", table.name)),
            Found::Rows { shown, .. } => {
                let rows = if shown.of == 1 { "row" } else { "rows" };
                lines.push(format!("{}: {} {rows}, {}", table.name, shown.of, table.what));
                lines.extend(shown.lines().into_iter().map(|line| format!("    {line}")));
            }
        }
    }
    lines
}

fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Holds => "yes",
        Standing::Missing => "not seen",
        Standing::Contradicts => "no",
        Standing::NotApplicable => "does not apply",
    }
}

/// A text that says the same in Markdown.
pub(super) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '<' | '>' | '[' | ']' | '|' | '#') {
            plain.push('\\');
        }
        plain.push(if c.is_control() { ' ' } else { c });
    }
    plain
}
