//! Values between SQLite's cells and columns, with SQL Server's refusals.

use rusqlite::types::{ToSqlOutput, Value as Cell, ValueRef};

use crate::database::{
    Column, ColumnShape, ColumnType, Fault, FaultKind, Refusal, RefusalClass, Result, Value,
    ValueKind, Values, date_time_from_text, date_time_to_text, decimal_from_text, decimal_to_text,
    first_moment, in_precision, rescale, utf16_length,
};

/// The first moment of `datetime`, and the one after its last; the same of `smalldatetime`.
const DATE_TIME: [i64; 2] = [first_moment(1753, 1, 1), first_moment(10_000, 1, 1)];
const SMALL_DATE_TIME: [i64; 2] = [first_moment(1900, 1, 1), first_moment(2079, 6, 7)];

/// Appends a cell to a column of the declared type.
pub(super) fn read(cell: ValueRef<'_>, data_type: &ColumnType, column: &mut Column) -> Result<()> {
    let misfit = |shown: String| {
        Fault::new(FaultKind::Data, format!("{shown} is stored in a column declared {data_type}"))
    };
    match (column.kind(), cell) {
        (_, ValueRef::Null) => {
            column.push_null();
            Ok(())
        }
        (ValueKind::Integer, ValueRef::Integer(value)) => column.push_integer(value),
        (ValueKind::Bit, ValueRef::Integer(value)) => column.push(&Value::Bit(value != 0)),
        (ValueKind::Float, ValueRef::Real(value)) => column.push(&Value::Float(value)),
        (ValueKind::Float, ValueRef::Integer(value)) => column.push(&Value::Float(value as f64)),
        (ValueKind::Text, ValueRef::Text(bytes)) => column.push_text(bytes),
        (ValueKind::Text, ValueRef::Integer(value)) => {
            column.push_text(value.to_string().as_bytes())
        }
        (ValueKind::Binary, ValueRef::Blob(bytes) | ValueRef::Text(bytes)) => {
            column.push_binary(bytes)
        }
        (ValueKind::Decimal, ValueRef::Integer(value)) => column.push(&Value::Integer(value)),
        (ValueKind::Decimal, ValueRef::Real(value)) => {
            decimal(&value.to_string(), data_type, column)
        }
        (kind, ValueRef::Text(bytes)) => {
            let text = String::from_utf8_lossy(bytes);
            match kind {
                ValueKind::Integer => match text.trim().parse() {
                    Ok(value) => column.push_integer(value),
                    Err(_) => Err(misfit(format!("'{text}'"))),
                },
                ValueKind::Decimal => decimal(&text, data_type, column),
                ValueKind::DateTime => match date_time_from_text(&text) {
                    Some(ticks) => column.push(&Value::DateTime(ticks)),
                    None => Err(misfit(format!("'{text}'"))),
                },
                ValueKind::Guid => match guid(&text) {
                    Some(bytes) => column.push(&Value::Guid(bytes)),
                    None => Err(misfit(format!("'{text}'"))),
                },
                _ => Err(misfit(format!("'{text}'"))),
            }
        }
        (ValueKind::Guid, ValueRef::Blob(bytes)) => match bytes.try_into() {
            Ok(bytes) => column.push(&Value::Guid(bytes)),
            Err(_) => Err(misfit(format!("{} bytes", bytes.len()))),
        },
        (ValueKind::Integer, ValueRef::Real(value)) if value.fract() == 0.0 => {
            column.push_integer(value as i64)
        }
        (_, other) => Err(misfit(format!("a value of type {}", other.data_type()))),
    }
}

fn decimal(text: &str, data_type: &ColumnType, column: &mut Column) -> Result<()> {
    let scale = data_type.decimal().map_or(0, |(_, scale)| scale);
    match decimal_from_text(text, scale) {
        Some(value) => column.push(&Value::Decimal { value, scale }),
        None => Err(Fault::new(
            FaultKind::Data,
            format!("'{text}' is stored in a column declared {data_type}"),
        )),
    }
}

fn guid(text: &str) -> Option<[u8; 16]> {
    let digits: Vec<u8> =
        text.trim().trim_matches(['{', '}']).bytes().filter(|b| *b != b'-').collect();
    if digits.len() != 32 {
        return None;
    }
    let mut bytes = [0; 16];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

/// A value as a parameter of a condition.
pub(super) fn parameter(value: &Value) -> Cell {
    match value {
        Value::Null => Cell::Null,
        Value::Integer(value) => Cell::Integer(*value),
        Value::Bit(value) => Cell::Integer(i64::from(*value)),
        Value::Float(value) => Cell::Real(*value),
        Value::Decimal { value, scale } => Cell::Text(decimal_to_text(*value, *scale)),
        Value::DateTime(ticks) => Cell::Text(date_time_to_text(*ticks)),
        Value::Guid(_) => Cell::Text(value.to_string()),
        Value::Text(bytes) => Cell::Text(String::from_utf8_lossy(bytes).into_owned()),
        Value::Binary(bytes) => Cell::Blob(bytes.clone()),
    }
}

/// The cell to store for a row of a column, refused where SQL Server would refuse it.
pub(super) fn stored<'a>(
    values: &'a Column,
    row: usize,
    column: &ColumnShape,
) -> Result<ToSqlOutput<'a>> {
    let refused = |class: RefusalClass, why: String| {
        Fault::new(FaultKind::Refused, format!("{}: {why}", column.name))
            .refused_by(Some(Refusal::by(class, &column.name)))
    };
    let refuse = |why: String| refused(RefusalClass::Value, why);
    if values.is_null(row) {
        if !column.nullable && !column.identity {
            return Err(refused(RefusalClass::NotNull, "NULL is not allowed here".to_owned()));
        }
        return Ok(ToSqlOutput::Owned(Cell::Null));
    }
    let fits = |length: usize, unit: &str| match column.data_type.max_length() {
        Some(longest) if length > longest => {
            let why = format!("{length} {unit} do not fit {}", column.data_type);
            Err(refused(RefusalClass::TooLong, why))
        }
        _ => Ok(()),
    };
    let owned = |cell: Cell| Ok(ToSqlOutput::Owned(cell));
    match (values.values(), &column.data_type) {
        (Values::Integer(numbers), data_type) => {
            let value = numbers[row];
            match (data_type.integer_range(), data_type.decimal()) {
                (Some((least, most)), _) if value < least || value > most => {
                    Err(refuse(format!("{value} does not fit {data_type}")))
                }
                (_, Some((precision, scale))) => {
                    let digits = i128::from(value) * 10_i128.pow(u32::from(scale));
                    in_precision(digits, precision)
                        .ok_or_else(|| refuse(format!("{value} does not fit {data_type}")))?;
                    owned(Cell::Text(decimal_to_text(digits, scale)))
                }
                _ => owned(Cell::Integer(value)),
            }
        }
        (Values::Bit(bits), _) => owned(Cell::Integer(i64::from(bits[row]))),
        (Values::Float(numbers), _) => owned(Cell::Real(numbers[row])),
        (Values::Decimal { scale, values: numbers }, data_type) => {
            let Some((precision, to)) = data_type.decimal() else {
                return Err(refuse(format!("a decimal does not fit {data_type}")));
            };
            let digits = rescale(numbers[row], *scale, to)
                .and_then(|digits| in_precision(digits, precision))
                .ok_or_else(|| {
                    let shown = decimal_to_text(numbers[row], *scale);
                    refuse(format!("{shown} does not fit {data_type}"))
                })?;
            owned(Cell::Text(decimal_to_text(digits, to)))
        }
        (Values::DateTime(ticks), data_type) => {
            let limits = match data_type {
                ColumnType::DateTime => Some(DATE_TIME),
                ColumnType::SmallDateTime => Some(SMALL_DATE_TIME),
                _ => None,
            };
            let ticks = ticks[row];
            if limits.is_some_and(|[first, end]| ticks < first || ticks >= end) {
                let shown = date_time_to_text(ticks);
                return Err(refuse(format!("{shown} does not fit {data_type}")));
            }
            owned(Cell::Text(date_text(ticks, data_type)))
        }
        (Values::Guid(_), _) => owned(Cell::Text(values.value(row).to_string())),
        (Values::Text(texts), _) => {
            let text = texts.get(row);
            fits(utf16_length(text), "characters")?;
            Ok(ToSqlOutput::Borrowed(ValueRef::Text(text)))
        }
        (Values::Binary(blobs), _) => {
            let bytes = blobs.get(row);
            fits(bytes.len(), "bytes")?;
            Ok(ToSqlOutput::Borrowed(ValueRef::Blob(bytes)))
        }
    }
}

/// A moment as its column shows it: a date without time, `datetime` in thousandths.
pub(super) fn date_text(ticks: i64, data_type: &ColumnType) -> String {
    // A 1/300-second step that came from SQL Server shows as .003 or .007; other fractions stay.
    let is_step = |ticks: i64| {
        let steps = (i128::from(ticks) * 3 + 50_000).div_euclid(100_000);
        i128::from(ticks) == (steps * 100_000 + 1).div_euclid(3)
    };
    match data_type {
        ColumnType::DateTime if ticks % 10_000 != 0 && is_step(ticks) => {
            date_time_to_text((ticks + 5_000).div_euclid(10_000) * 10_000)
        }
        ColumnType::Date => {
            date_time_to_text(ticks).split(' ').next().unwrap_or_default().to_owned()
        }
        _ => date_time_to_text(ticks),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn datetime_steps_show_as_sql_server_shows_them() {
        let step = date_time_from_text("2024-05-06 07:08:09").expect("a date") + 33_333;
        assert_eq!(date_text(step, &ColumnType::DateTime), "2024-05-06 07:08:09.003");
        let free = date_time_from_text("2024-05-06 07:08:09.124").expect("a date");
        assert_eq!(date_text(free, &ColumnType::DateTime), "2024-05-06 07:08:09.124");
    }
}
