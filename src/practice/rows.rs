//! The rows of the company's entities, each value on its own: no row needs another one to have
//! been made, so any number of rows needs no memory.

use super::company::wrong;
use super::entity::{Attribute, DataType, Entity, null_date};
use super::environment::{EntityColumn, Environment, Holds, Parent};
use super::key::{Dice, seed};
use super::make::Make;
use super::text::{Writer, email, letters};
use crate::database::{ColumnType, Result, Value, ValueKind, date_time_from_text};
use crate::outsystems::Side;

const SECOND: i64 = 10_000_000;
pub(super) const MINUTE: i64 = 60 * SECOND;
pub(super) const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Makes the rows of one entity.
pub(super) struct Rows<'a> {
    environment: &'a Environment<'a>,
    entity: &'a Entity,
    place: usize,
    /// The table's columns, in order.
    pub(super) columns: Vec<EntityColumn<'a>>,
    tenants: Vec<i64>,
    tenant_seed: u64,
    person_seed: u64,
}

impl<'a> Rows<'a> {
    /// The rows of the entity at a place.
    pub(super) fn new(environment: &'a Environment<'a>, place: usize) -> Result<Self> {
        let entity = environment.entity(place)?;
        let of = |what: &str| seed(&format!("{}/{}/{what}", entity.full_name(), environment.side));
        Ok(Self {
            environment,
            entity,
            place,
            columns: environment.columns(entity)?,
            tenants: environment.tenants(),
            tenant_seed: of("tenant"),
            person_seed: of("person"),
        })
    }

    /// The side whose rows they are.
    pub(super) fn side(&self) -> Side {
        self.environment.side
    }

    /// The value of a column in a row.
    pub(super) fn value(&self, column: &EntityColumn<'_>, row: u64) -> Result<Value> {
        let attribute = match column.holds {
            Holds::Tenant => return Ok(Value::Integer(self.tenant(row))),
            Holds::Attribute(attribute) | Holds::Leftover(attribute) => attribute,
        };
        if self.entity.identifier().is_some_and(|id| std::ptr::eq(id, attribute)) {
            return identifier(self.environment, self.place, row);
        }
        if self.entity.is_static {
            return self.of_record(attribute, row);
        }
        let mut dice = Dice::new(column.seed, row);
        let emptied = dice.below(100) < attribute.empty;
        let odd = attribute.odd.iter().find(|odd| {
            self.environment.side == Side::Source
                && (odd.at == Some(row)
                    || odd.every.is_some_and(|every| (row + 1).is_multiple_of(every)))
        });
        let make = match (odd, &attribute.make) {
            (Some(odd), _) => &odd.make,
            (None, _) if emptied => return Ok(column.default.clone().unwrap_or(Value::Null)),
            (None, Some(make)) => make,
            (None, None) => &Make::Any,
        };
        match column.parent {
            Some(parent) => self.reference(parent, make, row, &mut dice),
            None => self.basic(attribute, column, make, row, &mut dice),
        }
    }

    fn tenant(&self, row: u64) -> i64 {
        if let Some(small) = self.environment.small_tenant(row) {
            return small;
        }
        let place = Dice::new(self.tenant_seed, row).below(self.tenants.len() as u64) as usize;
        self.tenants.get(place).copied().unwrap_or_default()
    }

    fn of_record(&self, attribute: &Attribute, row: u64) -> Result<Value> {
        let record = record(self.environment, self.entity, row)?;
        Ok(match attribute.name.as_str() {
            "Label" => Value::text(&record.label()),
            "Order" => Value::Integer(10 * (i64::try_from(row).unwrap_or(0) + 1)),
            "Is_Active" => Value::Bit(true),
            other => return Err(wrong(format!("static entities have no attribute {other}"))),
        })
    }

    fn reference(&self, parent: Parent, make: &Make, row: u64, dice: &mut Dice) -> Result<Value> {
        let place = match parent {
            Parent::Entity(place) => place,
            Parent::User => return self.user(make, row, dice),
            Parent::Process => return self.process(make, row),
        };
        let parents = self.environment.count(place);
        if parents == 0 {
            return Ok(Value::Null);
        }
        let at = match make {
            Make::Nothing => return Ok(Value::Null),
            Make::Any => match self.environment.usual_records(place) {
                Some(usual) => {
                    let pick = dice.below(usual.len() as u64) as usize;
                    usual.get(pick).copied().unwrap_or(0)
                }
                None => dice.below(parents),
            },
            Make::Row(times) => row.wrapping_mul(*times) % parents,
            Make::Each(rows) => row / rows % parents,
            Make::Turn(rows) => (row / rows).wrapping_mul(7).wrapping_add(row % rows) % parents,
            Make::Child(rows) => {
                let last = row * rows + rows - 1;
                if last >= parents {
                    return Ok(Value::Null);
                }
                last
            }
            Make::Thread(rows) => {
                if row.is_multiple_of(*rows) {
                    return Ok(Value::Null);
                }
                row - 1
            }
            Make::Record(name) => {
                let entity = self.environment.entity(place)?;
                let side = self.environment.side;
                let record = entity.records.iter().find(|record| record.name == *name);
                let id = record.and_then(|record| record.id(side));
                return id
                    .map(Value::Integer)
                    .ok_or_else(|| wrong(format!("{} has no record {name}", entity.full_name())));
            }
            // Ids never reach twice the number of rows above the first.
            Make::Orphan => {
                let entity = self.environment.entity(place)?;
                let beyond = self.environment.numbered(entity, 2 * parents + row);
                return Ok(Value::Integer(beyond));
            }
            other => return Err(wrong(format!("{other:?} makes no reference"))),
        };
        identifier(self.environment, place, at)
    }

    /// The process that is about this very row.
    fn process(&self, make: &Make, row: u64) -> Result<Value> {
        match make {
            Make::Any => {
                let name = self.entity.full_name();
                let id = self.environment.instances.about(self.environment.company, &name, row);
                Ok(id.map_or(Value::Null, Value::Integer))
            }
            other => Err(wrong(format!("{other:?} makes no process"))),
        }
    }

    fn user(&self, make: &Make, row: u64, dice: &mut Dice) -> Result<Value> {
        match make {
            Make::Nothing => Ok(Value::Null),
            Make::Any => {
                let tenant = self.entity.multi_tenant.then(|| self.tenant(row));
                let staff = self.environment.staff(tenant);
                let pick = dice.below(staff.len() as u64) as usize;
                Ok(staff.get(pick).map_or(Value::Null, |id| Value::Integer(*id)))
            }
            Make::User { username, tenant } => {
                let mut people = self.environment.people.iter();
                people
                    .find(|person| {
                        person.user.username == *username && person.user.tenant == *tenant
                    })
                    .map(|person| Value::Integer(person.id))
                    .ok_or_else(|| wrong(format!("there is no user {username} in {tenant}")))
            }
            other => Err(wrong(format!("{other:?} makes no user"))),
        }
    }

    fn basic(
        &self,
        attribute: &Attribute,
        column: &EntityColumn<'_>,
        make: &Make,
        row: u64,
        dice: &mut Dice,
    ) -> Result<Value> {
        let words = Writer(&self.environment.company.words);
        let mut person = Dice::new(self.person_seed, row);
        let scale = column.shape.data_type.decimal().map_or(0, |(_, scale)| scale);
        let text = match make {
            Make::Nothing => return Ok(Value::Null),
            Make::NullDate => return Ok(null_date()),
            Make::Any => match attribute.type_on(self.environment.side) {
                Some(DataType::Boolean) => return Ok(Value::Bit(dice.below(2) == 1)),
                Some(DataType::Integer | DataType::LongInteger) => {
                    return Ok(Value::Integer(dice.between(0, 100)));
                }
                _ => return Err(wrong(format!("{} says not how it is made", attribute.name))),
            },
            Make::Number(first, last) => {
                let number = dice.between(*first, *last);
                if column.shape.data_type.kind() != Some(ValueKind::Text) {
                    return Ok(Value::Integer(number));
                }
                number.to_string()
            }
            Make::Count(of) => {
                return Ok(Value::Integer(i64::try_from(row % of).unwrap_or(0) + 1));
            }
            Make::Chance(percent) => return Ok(Value::Bit(dice.between(0, 99) < *percent)),
            Make::Money(first, last) => {
                let cents = i128::from(dice.between(first * 100, last * 100));
                let value = cents * 10_i128.pow(u32::from(scale.saturating_sub(2)));
                return Ok(Value::Decimal { value, scale });
            }
            Make::Decimal(first, last) => {
                let unit = 10_i64.pow(u32::from(scale.min(12)));
                let value = i128::from(dice.between(first * unit, last * unit));
                return Ok(Value::Decimal { value, scale });
            }
            Make::Date(first, last) => return day(*first, *last, dice).map(Value::DateTime),
            Make::Moment(first, last) => {
                let second = dice.between(6 * 3600, 22 * 3600);
                return Ok(Value::DateTime(day(*first, *last, dice)? + second * SECOND));
            }
            Make::Time => {
                let quarter = dice.between(8 * 4, 18 * 4);
                return Ok(match null_date() {
                    Value::DateTime(start) => Value::DateTime(start + quarter * 15 * MINUTE),
                    other => other,
                });
            }
            Make::Binary(first, last) => {
                let length = usize::try_from(dice.between(*first, *last)).unwrap_or(0);
                let mut bytes = Vec::with_capacity(length + 8);
                while bytes.len() < length {
                    bytes.extend_from_slice(&dice.roll().to_le_bytes());
                }
                bytes.truncate(length);
                return Ok(Value::Binary(bytes));
            }
            Make::Is(text) => text.clone(),
            Make::Serial { before, width, after } => {
                format!("{before}{:0width$}{after}", self.serial(*width, row))
            }
            Make::Pick(choices) => dice.one(choices).to_owned(),
            Make::List(choices) => {
                let place = row % choices.len().max(1) as u64;
                choices.get(place as usize).cloned().unwrap_or_default()
            }
            Make::Person => words.person(&mut person),
            Make::Email => email(&words.person(&mut person), row),
            Make::Company => words.company(dice),
            Make::Shop => words.shop(dice),
            Make::Street => words.street(dice),
            Make::City => dice.one(&words.0.cities).to_owned(),
            Make::Postcode => format!("{:04}", dice.between(150, 9990)),
            Make::Plate => format!("{} {}", letters(2, dice), dice.between(10_000, 99_999)),
            Make::Phone => {
                format!("+47 {} {}", dice.between(400, 999), dice.between(10_000, 99_999))
            }
            Make::Prose(first, last) => {
                words.prose(usize::try_from(dice.between(*first, *last)).unwrap_or(0), dice)
            }
            Make::Worldwide => dice.one(&words.0.worldwide).to_owned(),
            other => return Err(wrong(format!("{other:?} makes no value of {}", attribute.name))),
        };
        Ok(Value::Text(text.into_bytes()))
    }

    /// Numbers start at 1 in the source and with a 9 in the destination, so that both sides
    /// could be kept side by side.
    fn serial(&self, width: usize, row: u64) -> u64 {
        match self.environment.side {
            Side::Source => row + 1,
            Side::Destination => {
                let digits = u32::try_from(width.saturating_sub(1)).unwrap_or(0).min(17);
                9 * 10_u64.pow(digits) + row + 1
            }
        }
    }
}

/// A day between the first of one year and the last of another.
fn day(first: i64, last: i64, dice: &mut Dice) -> Result<i64> {
    let start = |year: i64| {
        date_time_from_text(&format!("{year:04}-01-01"))
            .ok_or_else(|| wrong(format!("{year} is no year")))
    };
    let (from, until) = (start(first)?, start(last + 1)?);
    Ok(from + dice.between(0, (until - from) / DAY - 1) * DAY)
}

/// The record at a place among those that a side has.
pub(super) fn record<'a>(
    environment: &Environment<'_>,
    entity: &'a Entity,
    row: u64,
) -> Result<&'a super::entity::Record> {
    entity
        .records
        .iter()
        .filter(|record| record.id(environment.side).is_some())
        .nth(usize::try_from(row).unwrap_or(usize::MAX))
        .ok_or_else(|| wrong(format!("{} has no record {row}", entity.full_name())))
}

/// The identifier of a row; an extension has that of the row it extends.
pub(super) fn identifier(environment: &Environment<'_>, place: usize, row: u64) -> Result<Value> {
    let entity = environment.entity(place)?;
    let missing = || wrong(format!("{} has no row {row}", entity.full_name()));
    if entity.is_static {
        let id = record(environment, entity, row)?.id(environment.side);
        return id.map(Value::Integer).ok_or_else(missing);
    }
    let attribute = entity.identifier().ok_or_else(missing)?;
    match environment.parent(attribute)? {
        Some(Parent::User) => {
            let group = entity.members.as_deref().unwrap_or_default();
            let member =
                usize::try_from(row).ok().and_then(|at| environment.members(group).get(at));
            member.map(|id| Value::Integer(*id)).ok_or_else(missing)
        }
        Some(Parent::Process) => Err(wrong(format!("{} extends processes", entity.full_name()))),
        Some(Parent::Entity(parent)) => {
            identifier(environment, parent, row * entity.one_in.unwrap_or(1))
        }
        None if environment.column_type(attribute)? == ColumnType::BigInt => {
            Ok(Value::Integer(environment.numbered(entity, row)))
        }
        None => match &attribute.make {
            Some(Make::List(choices)) => {
                let at = usize::try_from(row).ok().and_then(|at| choices.get(at));
                at.map(|code| Value::text(code)).ok_or_else(missing)
            }
            _ => Err(wrong(format!("{} has no list of identifiers", entity.full_name()))),
        },
    }
}
