//! Checklists that are gone through over days: kept after every step, and gone on with.

use std::path::PathBuf;

use super::carry::{clock, system_user};
use super::home::{Home, cannot_write, make_private, write_whole};
use super::refused;
use crate::database::Result;
use crate::procedures::{
    Answer, Answered, Asked, Mark, Procedure, Said, Walk, answer, checks, procedure,
};

/// A checklist that somebody goes through.
pub struct Checklist {
    /// What it is made of.
    pub procedure: &'static Procedure,
    /// How far it is.
    pub walk: Walk,
    file: PathBuf,
}

impl Checklist {
    /// Opens a checklist by its procedure's name and by what it is done for; a new one where nobody
    /// has begun it. Nothing is kept before something is said.
    pub fn open(home: &Home, name: &str, label: &str) -> Result<Self> {
        let procedure = procedure(name)?;
        if label.is_empty() || !label.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
        {
            return Err(refused(format!(
                "{label:?} cannot name a checklist: letters, digits, - and _ only"
            )));
        }
        let file = home.checklists().join(format!("{name}-{label}.json"));
        let walk = match std::fs::read_to_string(&file) {
            Ok(text) => serde_json::from_str(&text).map_err(|error| {
                refused(format!("{} is damaged: {error}", file.display()))
                    .advise("Bring it back from a copy, or begin under another name (--for).")
            })?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Walk::new(name, label),
            Err(error) => return Err(refused(format!("cannot read {}: {error}", file.display()))),
        };
        Ok(Self { procedure, walk, file })
    }

    /// Says something of a step.
    pub fn say(&mut self, step: &str, said: Said, note: &str) -> Result<()> {
        let mark = Mark {
            is_skipped: said == Said::Skipped,
            note: note.trim().to_owned(),
            at: clock(),
            who: system_user(),
        };
        self.walk.say(self.procedure, step, (said != Said::Open).then_some(mark))
    }

    /// Answers what the databases can tell of its steps; the answers are kept beside what a person
    /// says. Returns them by step. Nothing is ticked, and nothing written to a database.
    pub async fn ask(&mut self, asked: &Asked<'_>) -> Result<Vec<(&'static str, Answer)>> {
        let mut all = Vec::new();
        for (step, _) in checks(&self.procedure.name) {
            let Some(answer) = answer(&self.procedure.name, step, asked).await? else { continue };
            let answered = Answered {
                says: answer.says,
                text: answer.text.clone(),
                at: clock(),
                who: system_user(),
            };
            self.walk.answers.insert(step.to_owned(), answered);
            all.push((step, answer));
        }
        Ok(all)
    }

    /// Keeps it, with its Markdown beside it. The old file stays until the new one is whole.
    pub fn save(&self) -> Result<PathBuf> {
        let cannot = |error: std::io::Error| cannot_write(&self.file, &error);
        if let Some(folder) = self.file.parent() {
            make_private(folder).map_err(cannot)?;
        }
        let text = serde_json::to_string_pretty(&self.walk)
            .map_err(|error| refused(format!("the checklist cannot be kept: {error}")))?;
        let report = self.file.with_extension("md");
        for (file, text) in [(&self.file, text), (&report, self.walk.to_markdown(self.procedure))] {
            write_whole(file, &text).map_err(cannot)?;
        }
        Ok(report)
    }
}
