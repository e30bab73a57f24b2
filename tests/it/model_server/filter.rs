//! Conditions, evaluated row by row as they are said.

use std::cmp::Ordering;

use osferry::database::{
    ColumnType, Fault, FaultKind, Filter, Likened, Result, TableName, Value, decimal_to_text,
    utf16_length,
};

use super::table::{Row, SessionId, Table, folded};
use super::world::World;

/// Whoever asks, and where.
pub(super) struct Asking<'a> {
    pub(super) world: &'a World,
    pub(super) table: &'a Table,
    pub(super) by: Option<SessionId>,
}

/// How two values compare; NULL with nothing.
pub(super) fn compared(a: &Value, b: &Value) -> Option<Ordering> {
    let whole = |value: &Value| match value {
        Value::Integer(value) => Some(i128::from(*value)),
        Value::Bit(value) => Some(i128::from(*value)),
        _ => None,
    };
    match (a, b) {
        (Value::Null, _) | (_, Value::Null) => None,
        (Value::Text(_), Value::Text(_)) => Some(folded(a).cmp(&folded(b))),
        (Value::Decimal { value: a, scale: x }, Value::Decimal { value: b, scale: y })
            if x == y =>
        {
            Some(a.cmp(b))
        }
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(b),
        _ => match (whole(a), whole(b)) {
            (Some(a), Some(b)) => Some(a.cmp(&b)),
            _ => a.partial_cmp(b),
        },
    }
}

/// Whether a number needs more digits than decimal(precision, scale) has, said by its digits.
fn outside(value: &Value, precision: u8, scale: u8) -> bool {
    let text = match value {
        Value::Decimal { value, scale } => decimal_to_text(*value, *scale),
        Value::Integer(value) => value.to_string(),
        _ => return false,
    };
    let text = text.trim_start_matches('-');
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    whole.len() > usize::from(precision - scale) || fraction.len() > usize::from(scale)
}

/// Whether rows of values are alike, NULL and NULL too.
fn alike(ours: &[Value], theirs: &[Value]) -> bool {
    ours.iter()
        .zip(theirs)
        .all(|(a, b)| (a.is_null() && b.is_null()) || compared(a, b) == Some(Ordering::Equal))
}

impl Asking<'_> {
    /// A column's value in a row.
    fn value<'r>(&self, row: &'r Row, name: &str) -> Result<&'r Value> {
        let place = self.table.column(name).ok_or_else(|| {
            let what = format!("{} has no column {name}", self.table.shape.name);
            Fault::new(FaultKind::NotFound, what)
        })?;
        Ok(&row[place])
    }

    /// Whether a row is let through. As in SQL, a comparison with NULL is not met.
    pub(super) fn lets(&self, filter: &Filter, row: &Row) -> Result<bool> {
        let is = |value: &Value, other: &Value| compared(value, other) == Some(Ordering::Equal);
        let at_most = |value: &Value, most: &Value| {
            compared(value, most).is_some_and(|order| order != Ordering::Greater)
        };
        Ok(match filter {
            Filter::All => true,
            Filter::IsNull(name) => self.value(row, name)?.is_null(),
            Filter::Equals(name, value) => is(self.value(row, name)?, value),
            Filter::AnyOf(name, values) => {
                let own = self.value(row, name)?;
                values.iter().any(|value| is(own, value))
            }
            Filter::Between(name, low, high) => {
                let own = self.value(row, name)?;
                at_most(low, own) && at_most(own, high)
            }
            Filter::AtMost(name, most) => at_most(self.value(row, name)?, most),
            Filter::LongerThan(name, length) => match self.value(row, name)? {
                Value::Text(text) => utf16_length(text) > *length,
                Value::Binary(bytes) => bytes.len() > *length,
                _ => false,
            },
            Filter::Unreadable(_) => false,
            Filter::OutsideDecimal { column, precision, scale } => {
                outside(self.value(row, column)?, *precision, *scale)
            }
            Filter::NotConvertible { column, to } => {
                let own = self.value(row, column)?;
                !own.is_null() && !has_form(own, to)?
            }
            Filter::Orphan { column, parent, key, among } => {
                let own = self.value(row, column)?;
                !own.is_null() && !self.is_there(own, parent, key, among)?
            }
            Filter::Refers { column, parent, key, among } => {
                let own = self.value(row, column)?;
                !own.is_null() && self.is_there(own, parent, key, among)?
            }
            Filter::NotReferred { key, child, column } => {
                !self.is_referred(self.value(row, key)?, key, child, column)?
            }
            Filter::Repeated { columns, key, among } => {
                self.lets(among, row)? && self.has_earlier(row, columns, key, among)?
            }
            Filter::OneOf(columns, rows) => {
                let own = self.likened(row, columns)?;
                rows.iter().any(|other| alike(&own, other))
            }
            Filter::And(all) => {
                for filter in all {
                    if !self.lets(filter, row)? {
                        return Ok(false);
                    }
                }
                true
            }
            Filter::Or(any) => {
                for filter in any {
                    if self.lets(filter, row)? {
                        return Ok(true);
                    }
                }
                false
            }
            Filter::Not(inner) => !self.lets(inner, row)?,
        })
    }

    /// The values of some columns as they count.
    fn likened(&self, row: &Row, columns: &[Likened]) -> Result<Vec<Value>> {
        let mut values = Vec::new();
        for column in columns {
            let own = self.value(row, &column.column)?;
            let mut named = None;
            for (rows, becomes) in &column.count_as {
                if named.is_none() && self.lets(rows, row)? {
                    named = Some(becomes.clone());
                }
            }
            values.push(match (named, &column.converted_to) {
                (Some(becomes), _) => becomes,
                (None, _) if column.others_are_null => Value::Null,
                (None, Some(to)) => in_form(own, to)?,
                (None, None) => own.clone(),
            });
        }
        Ok(values)
    }

    /// Whether another row that meets a condition is alike and has a smaller key.
    fn has_earlier(
        &self,
        row: &Row,
        columns: &[Likened],
        key: &str,
        among: &Filter,
    ) -> Result<bool> {
        let (own, number) = (self.likened(row, columns)?, self.value(row, key)?);
        for (_, other) in self.table.rows(self.by) {
            if compared(self.value(other, key)?, number) == Some(Ordering::Less)
                && alike(&self.likened(other, columns)?, &own)
                && self.lets(among, other)?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a row of a table has this key and meets a condition.
    fn is_there(&self, own: &Value, parent: &TableName, key: &str, among: &Filter) -> Result<bool> {
        let table = self.world.table(parent)?;
        let asking = Asking { world: self.world, table, by: self.by };
        let Some(column) = table.column(key) else {
            return Err(Fault::new(FaultKind::NotFound, format!("{parent} has no column {key}")));
        };
        for (_, row) in table.with(column, own, self.by) {
            if asking.lets(among, row)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether another row refers to this key.
    fn is_referred(&self, own: &Value, key: &str, child: &TableName, column: &str) -> Result<bool> {
        if own.is_null() {
            return Ok(false);
        }
        let table = self.world.table(child)?;
        let asking = Asking { world: self.world, table, by: self.by };
        let itself = std::ptr::eq(table, self.table);
        for (_, row) in table.rows(self.by) {
            if compared(asking.value(row, column)?, own) == Some(Ordering::Equal)
                && !(itself && compared(asking.value(row, key)?, own) == Some(Ordering::Equal))
            {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Whether a value has a form in another type, as far as the scenarios ask.
/// A text as a whole number; NULL where it is none.
fn in_form(value: &Value, to: &ColumnType) -> Result<Value> {
    if !has_form(value, to)? {
        return Ok(Value::Null);
    }
    let text = value.to_string();
    Ok(Value::Integer(text.trim_matches([' ', '+']).parse().unwrap_or(0)))
}

fn has_form(value: &Value, to: &ColumnType) -> Result<bool> {
    Ok(match (value, to) {
        (Value::Integer(number), ColumnType::NVarChar(Some(longest))) => {
            number.to_string().len() <= usize::from(*longest)
        }
        (Value::Integer(number), ColumnType::Bit) => matches!(number, 0 | 1),
        (Value::Text(text), ColumnType::Int) => {
            let text = String::from_utf8_lossy(text);
            text.trim_matches(' ').is_empty() || text.trim_matches(' ').parse::<i32>().is_ok()
        }
        _ => {
            let what = format!("the model does not know whether {value} has a form in {to}");
            return Err(Fault::new(FaultKind::Data, what));
        }
    })
}
