//! How the source is read just now: a value that any front end can show.

use crate::plan::SourcePace;

/// How the source is read just now, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pacing {
    /// What the plan says, or whoever watches has chosen since.
    pub pace: SourcePace,
    /// How much less is read than that allows, and why; `None` where it is not less.
    pub hindered: Option<String>,
    /// What was said when it changed last, in a sentence without its full stop; empty where it never
    /// has.
    pub said: String,
}

impl Pacing {
    /// How the source is read, in a sentence without its full stop; `None` while nothing but the
    /// source's own time is waited for and that is watched.
    #[must_use]
    pub fn line(&self) -> Option<String> {
        match (&self.hindered, self.pace) {
            (_, SourcePace::Rest) => {
                Some("the source rests: nothing is read until you say so".to_owned())
            }
            (Some(hindered), _) => Some(hindered.clone()),
            (None, SourcePace::Gentle) => None,
            (None, SourcePace::Full) => {
                Some("the source is read as fast as it answers, however slow that gets".to_owned())
            }
            (None, pace) => Some(format!("the source is read {}", pace.words())),
        }
    }
}
