//! Entities and attributes of the practice pair, as `entities.toml` describes them.

use serde::Deserialize;

use super::company::{Only, optional_side};
use super::make::Make;
use crate::database::{ColumnType, Value};
use crate::outsystems::Side;

/// An entity or static entity.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entity {
    pub(super) espace: String,
    pub(super) name: String,
    #[serde(default)]
    pub(super) about: String,
    #[serde(default, rename = "static")]
    pub(super) is_static: bool,
    /// The side whose module has a static entity as an ordinary one.
    #[serde(default, deserialize_with = "optional_side")]
    pub(super) ordinary_in: Option<Side>,
    /// Whether a static entity's ids are given by the database.
    #[serde(default = "yes")]
    pub(super) autonumber: bool,
    #[serde(default)]
    pub(super) records: Vec<Record>,
    #[serde(default)]
    pub(super) rows: u64,
    #[serde(default)]
    pub(super) large: bool,
    /// The fewest rows that still show its traps.
    #[serde(default = "least")]
    pub(super) least: u64,
    /// For an extension of another entity: how many of its rows there are to one of this.
    pub(super) one_in: Option<u64>,
    /// For an extension of User: the group whose members have a row.
    pub(super) members: Option<String>,
    #[serde(default)]
    pub(super) multi_tenant: bool,
    /// The side whose module does not part the rows of a multi-tenant entity.
    #[serde(default, deserialize_with = "optional_side")]
    pub(super) tenantless_in: Option<Side>,
    #[serde(default = "yes", rename = "key")]
    pub(super) has_key: bool,
    #[serde(default)]
    pub(super) unique: Vec<Vec<String>>,
    /// Unique indexes that only the destination has.
    #[serde(default)]
    pub(super) unique_in_destination: Vec<Vec<String>>,
    /// The side that alone has the entity.
    #[serde(default)]
    pub(super) only: Only,
    /// The table's name where the destination has another.
    pub(super) destination_table: Option<String>,
    /// An inactive entity of the same key in the destination.
    pub(super) duplicate: Option<Duplicate>,
    #[serde(default)]
    pub(super) attributes: Vec<Attribute>,
}

/// A table that an inactive entity left behind.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Duplicate {
    pub(super) table: String,
    pub(super) rows: u64,
}

/// A record of a static entity and its id on each side.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Record {
    pub(super) name: String,
    label: Option<String>,
    source: Option<i64>,
    destination: Option<i64>,
    /// The id it had in the destination before it was deleted and made again.
    pub(super) recreated: Option<i64>,
    /// The side whose module no longer has it, though its row still stands.
    #[serde(default, deserialize_with = "optional_side")]
    pub(super) inactive_in: Option<Side>,
}

impl Record {
    /// Its id on a side, if it is there.
    pub(super) fn id(&self, side: Side) -> Option<i64> {
        match side {
            Side::Source => self.source,
            Side::Destination => self.destination,
        }
    }

    /// Whether both sides have it.
    pub(super) fn is_shared(&self) -> bool {
        self.source.is_some() && self.destination.is_some()
    }

    /// What people see: the name with spaces, unless the data says otherwise.
    pub(super) fn label(&self) -> String {
        if let Some(label) = &self.label {
            return label.clone();
        }
        let mut label = String::new();
        let mut before_is_lower = false;
        for sign in self.name.chars() {
            if sign.is_uppercase() && before_is_lower {
                label.push(' ');
                label.extend(sign.to_lowercase());
            } else {
                label.push(sign);
            }
            before_is_lower = sign.is_lowercase();
        }
        label
    }
}

/// An attribute of an entity.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Attribute {
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) data_type: Option<DataType>,
    /// Its type where the destination has another.
    destination_type: Option<DataType>,
    /// Its name where the destination renamed it; the old column stays there.
    pub(super) destination_name: Option<String>,
    /// The full name of the entity it refers to.
    pub(super) refers: Option<String>,
    /// The full name of the entity whose ids it holds although its type does not say so.
    pub(super) ids_of: Option<String>,
    /// The entity of another system that it refers to, as `Extension.Entity`.
    pub(super) external: Option<String>,
    #[serde(default)]
    pub(super) rule: DeleteRule,
    #[serde(default)]
    mandatory: bool,
    /// Mandatory in the destination, though not in the source.
    #[serde(default)]
    destination_mandatory: bool,
    #[serde(default)]
    pub(super) not_null: bool,
    pub(super) make: Option<Make>,
    /// In how many of a hundred rows nothing is filled in.
    #[serde(default)]
    pub(super) empty: u64,
    #[serde(default)]
    pub(super) odd: Vec<Odd>,
    #[serde(default)]
    pub(super) only: Only,
    /// Deleted in the module; its column stays, and demands a value.
    #[serde(default)]
    pub(super) leftover: bool,
}

/// Rows of the source whose value is made another way.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Odd {
    /// One row, by its place.
    pub(super) at: Option<u64>,
    /// Every so many rows.
    pub(super) every: Option<u64>,
    pub(super) make: Make,
}

/// What happens to a row when the row it refers to is deleted.
#[derive(Clone, Copy, Default, PartialEq, Deserialize)]
pub(super) enum DeleteRule {
    /// The delete is refused.
    #[default]
    Protect,
    /// It is deleted too.
    Delete,
    /// Nothing: there is no foreign key.
    Ignore,
}

impl DeleteRule {
    /// As the platform writes it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Protect => "Protect",
            Self::Delete => "Delete",
            Self::Ignore => "Ignore",
        }
    }
}

/// A basic data type.
#[derive(Clone, Copy, PartialEq, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(super) enum DataType {
    Autonumber,
    LongInteger,
    Integer,
    Text(u32),
    Decimal(u8, u8),
    Currency,
    Boolean,
    Date,
    Time,
    DateTime,
    PhoneNumber,
    Email,
    BinaryData,
}

impl TryFrom<String> for DataType {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let unclear = || format!("`{text}` is no data type");
        let (name, arguments) = match text.strip_suffix(')').and_then(|open| open.split_once('(')) {
            Some((name, arguments)) => (name, Some(arguments)),
            None => (text.as_str(), None),
        };
        Ok(match (name, arguments) {
            ("Autonumber", None) => Self::Autonumber,
            ("Long Integer", None) => Self::LongInteger,
            ("Integer", None) => Self::Integer,
            ("Text", Some(length)) => Self::Text(length.parse().map_err(|_| unclear())?),
            ("Decimal", Some(arguments)) => {
                let (length, decimals) = arguments.split_once(',').ok_or_else(unclear)?;
                Self::Decimal(
                    length.trim().parse().map_err(|_| unclear())?,
                    decimals.trim().parse().map_err(|_| unclear())?,
                )
            }
            ("Currency", None) => Self::Currency,
            ("Boolean", None) => Self::Boolean,
            ("Date", None) => Self::Date,
            ("Time", None) => Self::Time,
            ("DateTime", None) => Self::DateTime,
            ("Phone Number", None) => Self::PhoneNumber,
            ("Email", None) => Self::Email,
            ("Binary Data", None) => Self::BinaryData,
            _ => return Err(unclear()),
        })
    }
}

impl DataType {
    /// What OSSYS_ENTITY_ATTR calls it.
    pub(super) fn platform_name(self) -> &'static str {
        match self {
            Self::Autonumber | Self::LongInteger => "rtLongInteger",
            Self::Integer => "rtInteger",
            Self::Text(_) => "rtText",
            Self::Decimal(..) => "rtDecimal",
            Self::Currency => "rtCurrency",
            Self::Boolean => "rtBoolean",
            Self::Date => "rtDate",
            Self::Time => "rtTime",
            Self::DateTime => "rtDateTime",
            Self::PhoneNumber => "rtPhoneNumber",
            Self::Email => "rtEmail",
            Self::BinaryData => "rtBinaryData",
        }
    }

    /// The column that the platform makes of it.
    pub(super) fn column(self) -> ColumnType {
        match self {
            Self::Autonumber | Self::LongInteger => ColumnType::BigInt,
            Self::Integer => ColumnType::Int,
            Self::Text(length) => {
                ColumnType::NVarChar(u16::try_from(length).ok().filter(|length| *length <= 2000))
            }
            Self::Decimal(precision, scale) => ColumnType::Decimal { precision, scale },
            Self::Currency => ColumnType::Decimal { precision: 37, scale: 8 },
            Self::Boolean => ColumnType::Bit,
            Self::Date | Self::Time | Self::DateTime => ColumnType::DateTime,
            Self::PhoneNumber => ColumnType::VarChar(Some(20)),
            Self::Email => ColumnType::VarChar(Some(250)),
            Self::BinaryData => ColumnType::Image,
        }
    }

    /// LENGTH and DECIMALS of the attribute.
    pub(super) fn size(self) -> (i64, i64) {
        match self {
            Self::Text(length) => (i64::from(length), 0),
            Self::Decimal(precision, scale) => (i64::from(precision), i64::from(scale)),
            Self::Currency => (37, 8),
            Self::PhoneNumber => (20, 0),
            Self::Email => (250, 0),
            _ => (0, 0),
        }
    }

    /// The value that stands for nothing.
    pub(super) fn default(self) -> Option<Value> {
        Some(match self {
            Self::Autonumber | Self::BinaryData => return None,
            Self::LongInteger | Self::Integer => Value::Integer(0),
            Self::Text(_) | Self::PhoneNumber | Self::Email => Value::text(""),
            Self::Decimal(_, scale) => Value::Decimal { value: 0, scale },
            Self::Currency => Value::Decimal { value: 0, scale: 8 },
            Self::Boolean => Value::Bit(false),
            Self::Date | Self::Time | Self::DateTime => null_date(),
        })
    }
}

/// 1900-01-01, which OutSystems reads as no date.
pub(super) fn null_date() -> Value {
    crate::database::date_time_from_text("1900-01-01").map_or(Value::Null, Value::DateTime)
}

impl Attribute {
    fn basic(name: &str, data_type: DataType) -> Self {
        Self {
            name: name.to_owned(),
            data_type: Some(data_type),
            destination_type: None,
            destination_name: None,
            refers: None,
            ids_of: None,
            external: None,
            rule: DeleteRule::Protect,
            mandatory: true,
            destination_mandatory: false,
            not_null: false,
            make: None,
            empty: 0,
            odd: Vec::new(),
            only: Only::default(),
            leftover: false,
        }
    }

    /// Its type on a side; `None` for a reference.
    pub(super) fn type_on(&self, side: Side) -> Option<DataType> {
        match side {
            Side::Source => self.data_type,
            Side::Destination => self.destination_type.or(self.data_type),
        }
    }

    /// Its name on a side.
    pub(super) fn name_on(&self, side: Side) -> &str {
        match (&self.destination_name, side) {
            (Some(renamed), Side::Destination) => renamed,
            _ => &self.name,
        }
    }

    /// Whether a side's model demands a value.
    pub(super) fn is_mandatory_on(&self, side: Side) -> bool {
        self.mandatory || self.destination_mandatory && side == Side::Destination
    }
}

impl Entity {
    /// `espace.entity`
    pub(super) fn full_name(&self) -> String {
        format!("{}.{}", self.espace, self.name)
    }

    /// Whether a side's module has it as a static entity.
    pub(super) fn is_static_on(&self, side: Side) -> bool {
        self.is_static && self.ordinary_in != Some(side)
    }

    /// Whether its rows belong to tenants on a side.
    pub(super) fn is_multi_tenant_on(&self, side: Side) -> bool {
        self.multi_tenant && self.tenantless_in != Some(side)
    }

    /// Gives a static entity the attributes that every static entity has.
    pub(super) fn completed(mut self) -> Self {
        if self.is_static && self.attributes.is_empty() {
            self.attributes = vec![
                Attribute::basic("Id", DataType::Integer),
                Attribute::basic("Label", DataType::Text(50)),
                Attribute::basic("Order", DataType::Integer),
                Attribute::basic("Is_Active", DataType::Boolean),
            ];
        }
        self
    }

    /// The same entity in a module that was cloned from this one's.
    pub(super) fn cloned_into(&self, original: &str, clone: &str) -> Self {
        let mut entity = self.clone();
        entity.espace = clone.to_owned();
        for attribute in &mut entity.attributes {
            if let Some(refers) = &mut attribute.refers
                && let Some(name) = refers.strip_prefix(&format!("{original}."))
            {
                *refers = format!("{clone}.{name}");
            }
        }
        entity
    }

    /// The columns of each unique index that a side has.
    pub(super) fn unique_on(&self, side: Side) -> impl Iterator<Item = &Vec<String>> {
        let more = self.unique_in_destination.iter().filter(move |_| side == Side::Destination);
        self.unique.iter().chain(more)
    }

    /// Its identifier.
    pub(super) fn identifier(&self) -> Option<&Attribute> {
        if self.has_key { self.attributes.first() } else { None }
    }
}

fn yes() -> bool {
    true
}

fn least() -> u64 {
    60
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_types_become_the_platforms_columns() {
        let column = |text: &str| DataType::try_from(text.to_owned()).map(DataType::column);
        assert_eq!(column("Text(2000)"), Ok(ColumnType::NVarChar(Some(2000))));
        assert_eq!(column("Text(2001)"), Ok(ColumnType::NVarChar(None)));
        assert_eq!(column("Text(500000)"), Ok(ColumnType::NVarChar(None)));
        assert_eq!(column("Currency"), Ok(ColumnType::Decimal { precision: 37, scale: 8 }));
        assert!(column("Text").is_err());
        assert!(column("Decimal(3)").is_err());
    }
}
