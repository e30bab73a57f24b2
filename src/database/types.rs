//! SQL Server's column types, as far as OutSystems tables use them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The declared type of a column. `None` as a length means MAX.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum ColumnType {
    /// `bit`
    Bit,
    /// `tinyint`, 0 to 255
    TinyInt,
    /// `smallint`
    SmallInt,
    /// `int`
    Int,
    /// `bigint`
    BigInt,
    /// `decimal(p,s)` and `numeric(p,s)`
    Decimal {
        /// Digits in all, 1 to 38.
        precision: u8,
        /// Digits after the point.
        scale: u8,
    },
    /// `money`, moved as decimal(19,4)
    Money,
    /// `smallmoney`, moved as decimal(10,4)
    SmallMoney,
    /// `real`
    Real,
    /// `float`
    Float,
    /// `datetime`: 1753 to 9999, steps of 1/300 s
    DateTime,
    /// `smalldatetime`: 1900 to 2079, steps of a minute
    SmallDateTime,
    /// `datetime2(n)`
    DateTime2 {
        /// Digits of the second, 0 to 7.
        scale: u8,
    },
    /// `date`
    Date,
    /// `time(n)`
    Time {
        /// Digits of the second, 0 to 7.
        scale: u8,
    },
    /// `uniqueidentifier`
    Guid,
    /// `nvarchar(n)`, n in UTF-16 units
    NVarChar(Option<u16>),
    /// `varchar(n)`, n in bytes of the code page
    VarChar(Option<u16>),
    /// `nchar(n)`
    NChar(u16),
    /// `char(n)`
    Char(u16),
    /// `ntext`
    NText,
    /// `text`
    Text,
    /// `varbinary(n)`
    VarBinary(Option<u16>),
    /// `binary(n)`
    Binary(u16),
    /// `image`
    Image,
    /// Anything this program does not move, by the server's name for it.
    Other(String),
}

/// In which form the values of a column travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueKind {
    /// Whole numbers.
    Integer,
    /// Decimals with the column's scale.
    Decimal,
    /// Binary floating point.
    Float,
    /// Yes or no.
    Bit,
    /// Points in time.
    DateTime,
    /// Sixteen bytes.
    Guid,
    /// Text.
    Text,
    /// Bytes.
    Binary,
}

impl ColumnType {
    /// The form in which values of this type travel; `None` for a type that is not moved.
    #[must_use]
    pub fn kind(&self) -> Option<ValueKind> {
        Some(match self {
            Self::Bit => ValueKind::Bit,
            Self::TinyInt | Self::SmallInt | Self::Int | Self::BigInt => ValueKind::Integer,
            Self::Decimal { .. } | Self::Money | Self::SmallMoney => ValueKind::Decimal,
            Self::Real | Self::Float => ValueKind::Float,
            Self::DateTime
            | Self::SmallDateTime
            | Self::DateTime2 { .. }
            | Self::Date
            | Self::Time { .. } => ValueKind::DateTime,
            Self::Guid => ValueKind::Guid,
            Self::NVarChar(_)
            | Self::VarChar(_)
            | Self::NChar(_)
            | Self::Char(_)
            | Self::NText
            | Self::Text => ValueKind::Text,
            Self::VarBinary(_) | Self::Binary(_) | Self::Image => ValueKind::Binary,
            Self::Other(_) => return None,
        })
    }

    /// Smallest and largest whole number of an integer type.
    #[must_use]
    pub fn integer_range(&self) -> Option<(i64, i64)> {
        Some(match self {
            Self::TinyInt => (0, 255),
            Self::SmallInt => (i64::from(i16::MIN), i64::from(i16::MAX)),
            Self::Int => (i64::from(i32::MIN), i64::from(i32::MAX)),
            Self::BigInt => (i64::MIN, i64::MAX),
            _ => return None,
        })
    }

    /// Precision and scale in which decimals of this type travel.
    #[must_use]
    pub fn decimal(&self) -> Option<(u8, u8)> {
        match self {
            Self::Decimal { precision, scale } => Some((*precision, *scale)),
            Self::Money => Some((19, 4)),
            Self::SmallMoney => Some((10, 4)),
            _ => None,
        }
    }

    /// Longest text (UTF-16 units) or binary (bytes); `None` when there is no limit but 2 GB.
    #[must_use]
    pub fn max_length(&self) -> Option<usize> {
        match self {
            Self::NVarChar(n) | Self::VarChar(n) | Self::VarBinary(n) => n.map(usize::from),
            Self::NChar(n) | Self::Char(n) | Self::Binary(n) => Some(usize::from(*n)),
            _ => None,
        }
    }

    /// Whether a value may exceed what fits a row: the types the server stores apart.
    #[must_use]
    pub fn is_large(&self) -> bool {
        matches!(
            self,
            Self::NVarChar(None)
                | Self::VarChar(None)
                | Self::VarBinary(None)
                | Self::NText
                | Self::Text
                | Self::Image
        )
    }

    /// Whether it is of fixed width, which short values are padded to.
    #[must_use]
    pub fn is_padded(&self) -> bool {
        matches!(self, Self::NChar(_) | Self::Char(_) | Self::Binary(_))
    }

    /// Whether text of this type is kept in a code page rather than Unicode.
    #[must_use]
    pub fn is_code_page(&self) -> bool {
        matches!(self, Self::VarChar(_) | Self::Char(_) | Self::Text)
    }

    /// Reads a declared type: `nvarchar(50)`, `DECIMAL(37,8)`, `NVARCHAR(MAX)`, `DECIMALTEXT(20,2)`.
    #[must_use]
    pub fn parse(declared: &str) -> Self {
        let trimmed = declared.trim().trim_matches(|c| matches!(c, '"' | '[' | ']'));
        let lower = trimmed.to_ascii_lowercase();
        let (name, arguments) = match lower.split_once('(') {
            Some((name, rest)) => (name.trim(), rest.trim_end().trim_end_matches(')')),
            None => (lower.trim(), ""),
        };
        let mut parts = arguments.split(',').map(str::trim);
        let first = parts.next().filter(|p| !p.is_empty());
        let second = parts.next();
        let length = |default: u16| match first {
            Some("max") => None,
            Some(n) => n.parse::<u16>().ok(),
            None => Some(default),
        };
        let small = |part: Option<&str>, default: u8| {
            part.and_then(|p| p.parse::<u8>().ok()).unwrap_or(default)
        };
        match name {
            "bit" => Self::Bit,
            "tinyint" => Self::TinyInt,
            "smallint" => Self::SmallInt,
            "int" | "integer" => Self::Int,
            "bigint" => Self::BigInt,
            "decimal" | "numeric" | "dec" | "decimaltext" => {
                Self::Decimal { precision: small(first, 18), scale: small(second, 0) }
            }
            "money" => Self::Money,
            "smallmoney" => Self::SmallMoney,
            "real" => Self::Real,
            "float" | "double precision" => Self::Float,
            "datetime" => Self::DateTime,
            "smalldatetime" => Self::SmallDateTime,
            "datetime2" => Self::DateTime2 { scale: small(first, 7) },
            "date" => Self::Date,
            "time" => Self::Time { scale: small(first, 7) },
            "uniqueidentifier" => Self::Guid,
            "nvarchar" | "sysname" => {
                Self::NVarChar(length(if name == "sysname" { 128 } else { 1 }))
            }
            "varchar" => Self::VarChar(length(1)),
            "nchar" => Self::NChar(length(1).unwrap_or(1)),
            "char" => Self::Char(length(1).unwrap_or(1)),
            "ntext" => Self::NText,
            "text" => Self::Text,
            "varbinary" => Self::VarBinary(length(1)),
            "binary" => Self::Binary(length(1).unwrap_or(1)),
            "image" => Self::Image,
            _ => Self::Other(trimmed.to_owned()),
        }
    }
}

impl From<String> for ColumnType {
    fn from(declared: String) -> Self {
        Self::parse(&declared)
    }
}

impl From<ColumnType> for String {
    fn from(data_type: ColumnType) -> Self {
        data_type.to_string()
    }
}

impl fmt::Display for ColumnType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sized = |f: &mut fmt::Formatter<'_>, name: &str, n: &Option<u16>| match n {
            Some(n) => write!(f, "{name}({n})"),
            None => write!(f, "{name}(max)"),
        };
        match self {
            Self::Bit => f.write_str("bit"),
            Self::TinyInt => f.write_str("tinyint"),
            Self::SmallInt => f.write_str("smallint"),
            Self::Int => f.write_str("int"),
            Self::BigInt => f.write_str("bigint"),
            Self::Decimal { precision, scale } => write!(f, "decimal({precision},{scale})"),
            Self::Money => f.write_str("money"),
            Self::SmallMoney => f.write_str("smallmoney"),
            Self::Real => f.write_str("real"),
            Self::Float => f.write_str("float"),
            Self::DateTime => f.write_str("datetime"),
            Self::SmallDateTime => f.write_str("smalldatetime"),
            Self::DateTime2 { scale } => write!(f, "datetime2({scale})"),
            Self::Date => f.write_str("date"),
            Self::Time { scale } => write!(f, "time({scale})"),
            Self::Guid => f.write_str("uniqueidentifier"),
            Self::NVarChar(n) => sized(f, "nvarchar", n),
            Self::VarChar(n) => sized(f, "varchar", n),
            Self::NChar(n) => write!(f, "nchar({n})"),
            Self::Char(n) => write!(f, "char({n})"),
            Self::NText => f.write_str("ntext"),
            Self::Text => f.write_str("text"),
            Self::VarBinary(n) => sized(f, "varbinary", n),
            Self::Binary(n) => write!(f, "binary({n})"),
            Self::Image => f.write_str("image"),
            Self::Other(name) => f.write_str(name),
        }
    }
}
