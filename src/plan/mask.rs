//! How personal data is masked while it is copied: what is masked, and how each value is.
//!
//! The plan says what becomes of a column's values; the key that the masks depend on is given to
//! the run and is in no plan. How each mask is made is written in `docs/manual.md` ("How values are
//! masked"): the run makes them one way, the proof by itself another.

use serde::{Deserialize, Serialize};

use super::{PersonFate, Plan};
use crate::database::Value;

/// The variable of the environment that may hold the key of the masks.
pub const MASK_KEY_VARIABLE: &str = "OSFERRY_MASK_KEY";

/// A key of fewer characters is refused: it could be guessed.
pub const LEAST_KEY_LENGTH: usize = 16;

/// What becomes of the values of a column that holds personal data. Empty values (NULL, a text of
/// blanks, 0, the null date) stay empty.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mask {
    /// An address of a domain that does not exist.
    Email,
    /// Other digits in the same places.
    Phone,
    /// Letters and digits without meaning.
    Text,
    /// Another number of as many digits.
    Number,
    /// Another day, less than three years away.
    Date,
    /// The same for every value.
    Fixed(Value),
}

impl Mask {
    /// Whether it depends on a key.
    #[must_use]
    pub fn is_keyed(&self) -> bool {
        !matches!(self, Self::Fixed(_))
    }

    /// For people: what the values become.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Email => "masked as an e-mail address".to_owned(),
            Self::Phone => "masked as a phone number".to_owned(),
            Self::Text => "masked as a text".to_owned(),
            Self::Number => "masked as a number".to_owned(),
            Self::Date => "masked as a date".to_owned(),
            Self::Fixed(Value::Null) => "emptied".to_owned(),
            Self::Fixed(value) => format!("replaced by \"{value}\""),
        }
    }
}

/// What a plan says of personal data as a whole (`personal_data` in plan files).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PersonalData {
    /// It is copied as it is.
    Real,
    /// It is masked.
    Mask,
}

impl PersonalData {
    /// Its name in plan files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Real => "real",
            Self::Mask => "mask",
        }
    }
}

/// What may be said of personal data, with the names in plan files.
pub const PERSONAL_DATA: [(&str, PersonalData); 2] = [
    (PersonalData::Real.name(), PersonalData::Real),
    (PersonalData::Mask.name(), PersonalData::Mask),
];

/// What becomes of e-mail address and phone number of users that the run creates or
/// updates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UserMask {
    /// The address is made of the source's user id, the phone number is emptied.
    #[default]
    ById,
    /// They are masked by the key, as in every entity.
    Keyed,
    /// They are copied as they are.
    Real,
}

impl Plan {
    /// Whether the run creates users.
    #[must_use]
    pub fn creates_users(&self) -> bool {
        self.users.iter().any(|user| matches!(user.fate, PersonFate::Create { .. }))
    }

    /// Whether the run creates or updates users.
    #[must_use]
    pub fn writes_users(&self) -> bool {
        self.creates_users() || self.users.iter().any(|user| user.fate.is_update())
    }

    /// Whether the run cannot do without a key of the masks.
    #[must_use]
    pub fn needs_mask_key(&self) -> bool {
        let columns = self.entities.iter().flat_map(|entity| &entity.columns);
        columns.filter_map(|column| column.mask.as_ref()).any(Mask::is_keyed)
            || (self.user_mask == UserMask::Keyed && self.writes_users())
    }

    /// Whether anything is masked, with a key or without.
    #[must_use]
    pub fn masks_columns(&self) -> bool {
        self.entities.iter().flat_map(|entity| &entity.columns).any(|column| column.mask.is_some())
    }
}
