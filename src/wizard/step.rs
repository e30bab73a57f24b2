//! The contract of a step: a further step is a folder, and a line in [`super::steps::of`].

use std::fmt;

use super::keys::{Binding, Command};
use super::look::{Area, Canvas};
use super::message::{Answer, Fact, Sign};
use super::migration::Migration;
use super::sheet::Filled;

/// What reaches a step.
#[derive(Debug)]
pub enum Event<'a> {
    /// A key of its table, or one of moving, marking, opening.
    Command(Command),
    /// A character for its text field.
    Typed(char),
    /// A text for its text field.
    Pasted(&'a str),
    /// A job reported. What it found is in the migration already.
    Fact(&'a Fact),
    /// The person chose in a question or a list that the step had opened: its tag and the place
    /// of the choice.
    Replied(&'static str, usize),
    /// The person typed a target of their own into a list that the step had opened: its tag and
    /// the text.
    Wrote(&'static str, &'a str),
    /// The person filled in a sheet that the step had opened: its tag and what stands in it.
    Filled(&'static str, &'a Filled),
    /// An answer of plain mode to the question of [`Step::ask`].
    Answered(Answer),
    /// Time has passed or a job has ended; the migration knows how late it is and what is under
    /// way.
    Ticked,
}

/// A reason why Next is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// What is missing, as a sentence without its full stop.
    pub text: String,
}

impl Reason {
    /// A reason.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into() }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What the status line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// How bad it is.
    pub sign: Sign,
    /// The sentence.
    pub text: String,
}

impl Notice {
    /// A notice.
    pub fn new(sign: Sign, text: impl Into<String>) -> Self {
        Self { sign, text: text.into() }
    }
}

/// A question of plain mode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// What is to be known before it is answered, in lines.
    pub text: Vec<String>,
    /// What is asked.
    pub kind: AskKind,
}

/// What kind of answer is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AskKind {
    /// A text, with the one that stands there now.
    Text {
        /// What it is.
        label: String,
        /// What stands there.
        current: String,
    },
    /// A password, which is not shown.
    Secret {
        /// What it is.
        label: String,
    },
    /// One of these.
    Choice(Vec<String>),
    /// None: something is under way.
    Wait,
}

/// A step of the wizard. What it holds is where the cursor is; what the person answered and what
/// is known is in the [`Migration`].
pub trait Step: fmt::Debug {
    /// Its name, as texts refer to it.
    fn name(&self) -> &'static str;

    /// The first line of its body: what it is for.
    fn purpose(&self, migration: &Migration) -> String;

    /// Its own keys.
    fn keys(&self) -> &'static [Binding];

    /// Whether one of its keys does something now; the footer leaves out those that do not.
    fn offers(&self, _command: Command, _migration: &Migration) -> bool {
        true
    }

    /// Whether a text field has the focus.
    fn in_text(&self, _migration: &Migration) -> bool {
        false
    }

    /// The person comes to it.
    fn enter(&mut self, migration: &mut Migration);

    /// The person is about to leave it, or asks whether that is possible: what stands in a text
    /// field counts from now on.
    fn leave(&mut self, _migration: &mut Migration) {}

    /// Answers changed on whatever step: what is worked out from them is worked out anew once, not
    /// for each frame.
    fn follow(&mut self, _migration: &Migration) {}

    /// Something happened while it is shown; facts reach it always.
    fn update(&mut self, migration: &mut Migration, event: Event<'_>);

    /// Why Next is refused; empty when it is not.
    fn gate(&self, _migration: &Migration) -> Vec<Reason> {
        Vec::new()
    }

    /// Whether Ctrl+N leads on from here: not where something else does, like starting the run.
    fn offers_next(&self, _migration: &Migration) -> bool {
        true
    }

    /// Whether nothing of the step has the focus: then the button Next has it, and Enter presses it.
    fn rests(&self) -> bool {
        false
    }

    /// Ctrl+N where [`Self::offers_next`] says no: what leads on instead.
    fn lead_on(&mut self, _migration: &mut Migration) {}

    /// Whether what keeps Next from going on may be gone once the comparison under way has ended: then
    /// Next waits for that instead of being refused.
    fn awaits_comparison(&self, _migration: &Migration) -> bool {
        false
    }

    /// Next was refused: the cursor goes to the first reason.
    fn go_to_first_reason(&mut self, _migration: &mut Migration) {}

    /// A text that changes when its answers change: steps after it are to be checked again then.
    fn answers(&self, _migration: &Migration) -> String {
        String::new()
    }

    /// A text that changes when what it shows for checking changes.
    fn shown(&self, _migration: &Migration) -> String {
        String::new()
    }

    /// What stands beside its name in the rail: a count, or nothing.
    fn count(&self, _migration: &Migration) -> String {
        String::new()
    }

    /// Lines about it for Review.
    fn summary(&self, _migration: &Migration) -> Vec<(String, String)> {
        Vec::new()
    }

    /// The most important thing to say now.
    fn notice(&self, _migration: &Migration) -> Option<Notice> {
        None
    }

    /// What the right of the status line says: when data was last checked.
    fn checked(&self, _migration: &Migration) -> String {
        String::new()
    }

    /// What `y` copies.
    fn copied(&self, _migration: &Migration) -> Option<String> {
        None
    }

    /// The next question of plain mode; `None` when nothing is left to ask here.
    fn ask(&self, _migration: &Migration) -> Option<Ask> {
        None
    }

    /// Draws its body.
    fn draw(&self, migration: &Migration, area: Area, canvas: &mut Canvas);
}
