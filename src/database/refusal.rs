//! What a database says when it refuses a row, as far as it can be told from its words.

use serde::{Deserialize, Serialize};

/// The kind of rule that a row breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefusalClass {
    /// It refers to a row that is not there, or rows refer to it that would be left behind.
    ForeignKey,
    /// A CHECK constraint.
    Check,
    /// Another row has the same values in a primary key, a unique constraint or a unique index.
    Unique,
    /// NULL where it is not allowed.
    NotNull,
    /// A text or binary longer than its column.
    TooLong,
    /// A value that its column's type cannot hold or that cannot be converted to it.
    Value,
    /// A trigger, or another rule that somebody wrote.
    Trigger,
    /// Not the database: the row that it depends on is not carried over.
    Dependant,
}

impl RefusalClass {
    /// Every class.
    pub const ALL: [Self; 8] = [
        Self::ForeignKey,
        Self::Check,
        Self::Unique,
        Self::NotNull,
        Self::TooLong,
        Self::Value,
        Self::Trigger,
        Self::Dependant,
    ];

    /// Its name in journals and exports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ForeignKey => "foreign-key",
            Self::Check => "check",
            Self::Unique => "unique",
            Self::NotNull => "not-null",
            Self::TooLong => "too-long",
            Self::Value => "value",
            Self::Trigger => "trigger",
            Self::Dependant => "dependant",
        }
    }

    /// The class of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name() == name)
    }
}

/// The rule that refused a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Its kind.
    pub class: RefusalClass,
    /// The constraint, the index or the column, as the database names it; `None` where it does not
    /// say. It never holds a value of a row.
    pub by: Option<String>,
}

impl Refusal {
    /// A refusal by a named thing.
    #[must_use]
    pub fn by(class: RefusalClass, by: impl Into<String>) -> Self {
        Self { class, by: Some(by.into()) }
    }

    /// A refusal by something that the database does not name.
    #[must_use]
    pub const fn unnamed(class: RefusalClass) -> Self {
        Self { class, by: None }
    }
}
