//! Which rows: a small language of conditions that every engine can answer.

use super::{ColumnType, TableName, Value};

/// A column of which values are compared as another database would compare what becomes of them.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Likened {
    /// The column.
    pub column: String,
    /// The collation to compare by; `None` for the column's own.
    pub collation: Option<String>,
    /// In rows with one of these conditions, the first that is met, this value counts, which may be
    /// NULL.
    pub count_as: Vec<(Filter, Value)>,
    /// Whether all other values count as NULL, instead of as themselves.
    pub others_are_null: bool,
    /// The UTF-16 units of each text that count; `None` for all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut_to: Option<usize>,
    /// The type that texts are converted to before they count ([`super::converted`]); one without a
    /// form there counts as NULL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub converted_to: Option<ColumnType>,
}

impl Likened {
    /// A column compared as it is.
    pub fn plain(column: impl Into<String>, collation: Option<String>) -> Self {
        let column = column.into();
        Self {
            column,
            collation,
            count_as: Vec::new(),
            others_are_null: false,
            cut_to: None,
            converted_to: None,
        }
    }
}

/// A condition on the rows of one table. Columns are named as the catalogue has them.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub enum Filter {
    /// Every row.
    #[default]
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
    /// The column holds a value that its declared type cannot hold, so that it cannot be read; none
    /// does where a database keeps to its types ([`super::Capabilities::untyped`]).
    Unreadable(String),
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
    /// Another row has the same values in these columns and a smaller key. NULL is like NULL.
    Repeated {
        /// The columns; none for rows that are all alike.
        columns: Vec<Likened>,
        /// The key, which is never NULL.
        key: String,
        /// Only rows with this condition count, on both sides of the comparison.
        among: Box<Filter>,
    },
    /// The columns hold one of these rows of values. NULL is like NULL.
    OneOf(Vec<Likened>, Vec<Vec<Value>>),
    /// All of them.
    And(Vec<Filter>),
    /// At least one of them; none for an empty list.
    Or(Vec<Filter>),
    /// Not this one. A condition on NULL counts as not met, so its negation is met.
    Not(Box<Filter>),
}

impl Filter {
    /// Whether it lets every row through.
    #[must_use]
    pub fn is_all(&self) -> bool {
        *self == Self::All
    }

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

    /// Each column equals its value, and none of these is NULL: NULL equals nothing.
    #[must_use]
    pub fn all_equal(columns: &[String], values: &[Value]) -> Self {
        if columns.len() != values.len() || values.iter().any(Value::is_null) {
            return Self::Or(Vec::new());
        }
        let each = columns.iter().zip(values);
        each.fold(Self::All, |all, (column, value)| {
            all.and(Self::Equals(column.clone(), value.clone()))
        })
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
