//! What the reader of a plan meets that is not as it should be, and where.

use std::ops::Range;

use super::PlanFileError;

/// The most notes that a refusal lists.
const SHOWN: usize = 20;

/// One thing that is not as it should be.
///
/// A command refuses the plan for it; the wizard goes on, does something `instead`, and says so.
pub(super) struct Note {
    line: Option<usize>,
    /// What it is.
    what: String,
    /// What would be right, for the person who corrects the file.
    advice: String,
    /// What was done about it, to follow `what`. Empty for something that is only not there yet:
    /// a draft may be incomplete.
    instead: String,
    /// Whether other notes may only come from this one.
    explains_others: bool,
}

impl Note {
    /// Adds what would be right.
    pub(super) fn advise(&mut self, advice: impl Into<String>) -> &mut Self {
        self.advice = advice.into();
        self
    }

    /// Says what was done about it.
    pub(super) fn instead(&mut self, instead: impl Into<String>) -> &mut Self {
        self.instead = instead.into();
        self
    }

    /// Other notes may only come from this one.
    pub(super) fn explains_others(&mut self) {
        self.explains_others = true;
    }

    fn at(&self) -> String {
        self.line.map_or_else(String::new, |line| format!("line {line}: "))
    }

    fn refusal(&self) -> String {
        format!("{}{}{}", self.at(), self.what, self.advice)
    }

    fn notice(&self) -> Option<String> {
        (!self.instead.is_empty()).then(|| format!("{}{}{}", self.at(), self.what, self.instead))
    }
}

/// All that was met in one file.
pub(super) struct Notes {
    /// Where each line of the file starts.
    lines: Vec<usize>,
    all: Vec<Note>,
}

impl Notes {
    /// Nothing yet.
    pub(super) fn new(text: &str) -> Self {
        let lines = std::iter::once(0)
            .chain(text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(at, _)| at + 1))
            .collect();
        Self { lines, all: Vec::new() }
    }

    /// Notes something; `place` is where in the file.
    pub(super) fn add(&mut self, place: Option<Range<usize>>, what: String) -> &mut Note {
        let line = place.map(|place| self.lines.partition_point(|start| *start <= place.start));
        let nothing = String::new;
        let note =
            Note { line, what, advice: nothing(), instead: nothing(), explains_others: false };
        self.all.push(note);
        let last = self.all.len() - 1;
        &mut self.all[last]
    }

    /// How many there are so far.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// Says of every note after the first so many what was done about it.
    pub(super) fn instead_since(&mut self, count: usize, instead: &str) {
        for note in &mut self.all[count..] {
            note.instead(instead);
        }
    }

    /// The reason to refuse the file, if there is one.
    pub(super) fn into_refusal(mut self) -> Result<(), PlanFileError> {
        if self.all.iter().any(|note| note.explains_others) {
            self.all.retain(|note| note.explains_others);
        }
        let mut lines: Vec<String> =
            self.in_order().iter().take(SHOWN).map(|note| note.refusal()).collect();
        if self.all.len() > SHOWN {
            lines.push(format!("and {} more", self.all.len() - SHOWN));
        }
        match lines.len() {
            0 => Ok(()),
            1 => Err(PlanFileError(lines.remove(0))),
            _ => Err(PlanFileError(format!(
                "{} things are not as they should be\n  {}",
                self.all.len(),
                lines.join("\n  ")
            ))),
        }
    }

    /// What the person is told who opens the file all the same.
    pub(super) fn into_notices(self) -> Vec<String> {
        self.in_order().into_iter().filter_map(Note::notice).collect()
    }

    /// As they stand in the file; what concerns no line comes first.
    fn in_order(&self) -> Vec<&Note> {
        let mut notes: Vec<&Note> = self.all.iter().collect();
        notes.sort_by_key(|note| note.line);
        notes
    }
}
