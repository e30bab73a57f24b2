//! How much of a name has been typed, letter by letter.

use crate::database::same_name;
use crate::report::counted;

/// What was typed, beside the name that is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Letters {
    /// The whole name, case apart.
    Whole,
    /// A beginning of it; so many letters are missing.
    ToGo(usize),
    /// Another letter at this place, counted from 1.
    Wrong(usize),
    /// The whole name, and so many letters more.
    TooMany(usize),
}

impl Letters {
    /// Compares what was typed with a name.
    pub(super) fn of(typed: &str, name: &str) -> Self {
        let typed = typed.trim();
        if !typed.is_empty() && same_name(typed, name) {
            return Self::Whole;
        }
        let lower = |text: &str| -> Vec<String> {
            text.chars().map(|letter| letter.to_lowercase().collect()).collect()
        };
        let (typed, name) = (lower(typed), lower(name));
        let same = typed.iter().zip(&name).take_while(|(one, other)| one == other).count();
        if same == typed.len() {
            Self::ToGo(name.len().saturating_sub(same).max(1))
        } else if same == name.len() {
            Self::TooMany(typed.len() - same)
        } else {
            Self::Wrong(same + 1)
        }
    }

    /// What is missing; `None` when nothing is.
    pub(super) fn missing(self) -> Option<String> {
        match self {
            Self::Whole => None,
            Self::ToGo(count) => {
                Some(format!("{} to go", counted(count as u64, "letter", "letters")))
            }
            Self::Wrong(place) => Some(format!("letter {place} is another one")),
            Self::TooMany(count) => {
                Some(format!("{} too many", counted(count as u64, "letter", "letters")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_compared_letter_by_letter() {
        assert_eq!(Letters::of("", "OSDEV"), Letters::ToGo(5));
        assert_eq!(Letters::of("osd", "OSDEV"), Letters::ToGo(2));
        assert_eq!(Letters::of("OSX", "OSDEV"), Letters::Wrong(3));
        assert_eq!(Letters::of("OSDEVS", "OSDEV"), Letters::TooMany(1));
        assert_eq!(Letters::of(" osdev ", "OSDEV"), Letters::Whole);
        assert_eq!(Letters::of("größe", "GRÖSSE"), Letters::Wrong(4));
        assert_eq!(Letters::of("GRÖ", "größe"), Letters::ToGo(2));
        assert_eq!(Letters::of("", ""), Letters::ToGo(1));
    }
}
