//! How gently the source is read.

use serde::{Deserialize, Serialize};

/// How much of the time the source may be asked for rows: each is at least as gentle as the one
/// before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SourcePace {
    /// As fast as it answers, however slow that gets.
    Full,
    /// As fast as it answers, and slower or not at all while its answers are slower than before.
    #[default]
    Gentle,
    /// At most half of the time; less while its answers are slower than before.
    Half,
    /// At most a quarter of the time; less while its answers are slower than before.
    Quarter,
    /// Not at all, until somebody says otherwise. No plan begins with this.
    Rest,
}

impl SourcePace {
    /// All of them, the fastest first.
    pub const ALL: [Self; 5] = [Self::Full, Self::Gentle, Self::Half, Self::Quarter, Self::Rest];

    /// Its name in plan files and where it is typed.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Gentle => "gentle",
            Self::Half => "half",
            Self::Quarter => "quarter",
            Self::Rest => "rest",
        }
    }

    /// How the source is read, as the end of a sentence that begins with that.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Full => "as fast as it answers",
            Self::Gentle => "gently, slower when its answers get slower",
            Self::Half => "at most half of the time",
            Self::Quarter => "at most a quarter of the time",
            Self::Rest => "not at all",
        }
    }

    /// The next one that reads more; itself where there is none.
    #[must_use]
    pub fn faster(self) -> Self {
        Self::ALL.into_iter().rev().find(|other| *other < self).unwrap_or(self)
    }

    /// The next one that reads less; itself where there is none.
    #[must_use]
    pub fn slower(self) -> Self {
        Self::ALL.into_iter().find(|other| *other > self).unwrap_or(self)
    }

    // The fingerprint of a plan must not change with versions that know of more options.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// The paces that a run may begin with, by their names in plan files; the first is the default.
pub const SOURCE_PACES: [(&str, SourcePace); 4] = [
    (SourcePace::Gentle.name(), SourcePace::Gentle),
    (SourcePace::Full.name(), SourcePace::Full),
    (SourcePace::Half.name(), SourcePace::Half),
    (SourcePace::Quarter.name(), SourcePace::Quarter),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pace_is_a_step_from_its_neighbours() {
        for pair in SourcePace::ALL.windows(2) {
            assert_eq!(pair[0].slower(), pair[1]);
            assert_eq!(pair[1].faster(), pair[0]);
        }
        assert_eq!(SourcePace::Full.faster(), SourcePace::Full);
        assert_eq!(SourcePace::Rest.slower(), SourcePace::Rest);
    }
}
