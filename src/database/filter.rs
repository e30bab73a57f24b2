//! Which rows: a small language of conditions that every engine can answer.

use super::{ColumnType, TableName, Value};

/// A condition on the rows of one table. Columns are named as the catalogue has them.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub enum Filter {
    /// Every row.
    All,
    /// The column is NULL.
    IsNull(String),
    /// The column equals the value; text without regard to case.
    Equals(String, Value),
    /// The column equals one of the values; none for an empty list.
    AnyOf(String, Vec<Value>),
    /// The column lies between both values, ends included.
    Between(String, Value, Value),
    /// The column is at most this.
    AtMost(String, Value),
    /// The text has more UTF-16 units, or the binary more bytes, than this.
    LongerThan(String, usize),
    /// The number does not fit decimal(precision, scale): too large, or digits would be lost.
    OutsideDecimal {
        /// The column asked about.
        column: String,
        /// Digits in all.
        precision: u8,
        /// Digits after the point.
        scale: u8,
    },
    /// The value has no exact form in the other type ([`super::converted`]); never for NULL. Asked
    /// only where [`super::is_convertible`] says that values may have one.
    NotConvertible {
        /// The column asked about.
        column: String,
        /// The other type.
        to: ColumnType,
    },
    /// The column holds a value that no row of the other table has as its key.
    Orphan {
        /// The referring column.
        column: String,
        /// The table referred to.
        parent: TableName,
        /// Its key column.
        key: String,
        /// Only parents with this condition count as there.
        among: Box<Filter>,
    },
    /// The column holds a value that a row of the other table has as its key.
    Refers {
        /// The referring column.
        column: String,
        /// The table referred to.
        parent: TableName,
        /// Its key column.
        key: String,
        /// Only parents with this condition count.
        among: Box<Filter>,
    },
    /// No row of `child` has this row's `key` in its column `column` (a row's reference to
    /// itself does not count).
    NotReferred {
        /// The key column of the rows asked about.
        key: String,
        /// The table that refers.
        child: TableName,
        /// Its referring column.
        column: String,
    },
    /// All of them.
    And(Vec<Filter>),
    /// At least one of them; none for an empty list.
    Or(Vec<Filter>),
    /// Not this one. A condition on NULL counts as not met, so its negation is met.
    Not(Box<Filter>),
}

impl Filter {
    /// Both conditions, without needless nesting.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::All, one) | (one, Self::All) => one,
            (Self::And(mut all), Self::And(more)) => {
                all.extend(more);
                Self::And(all)
            }
            (Self::And(mut all), one) => {
                all.push(one);
                Self::And(all)
            }
            (one, other) => Self::And(vec![one, other]),
        }
    }

    /// The opposite.
    #[must_use]
    pub fn negated(self) -> Self {
        Self::Not(Box::new(self))
    }

    /// The column is not NULL.
    pub fn not_null(column: impl Into<String>) -> Self {
        Self::IsNull(column.into()).negated()
    }
}
