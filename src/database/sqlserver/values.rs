//! Values between the driver's cells and columns of a batch.

use std::borrow::Cow;

use tiberius::numeric::Numeric;
use tiberius::time::{Date, DateTime, DateTime2, Time};
use tiberius::{ColumnData, Uuid};

use super::wide;
use crate::database::{
    Column, ColumnShape, ColumnType, Fault, FaultKind, Result, Value, ValueKind, Values,
};

/// 100-nanosecond steps in a day.
const DAY: i64 = 864_000_000_000;
/// Days from 0001-01-01 to 1900-01-01, where `datetime` starts to count.
const DAYS_TO_1900: i64 = 693_595;
/// Days from 0001-01-01 to 1753-01-01, the first of `datetime`.
const DAYS_TO_1753: i64 = 639_905;
/// Days from 0001-01-01 to 10000-01-01, which no type holds any more.
const DAYS_TO_10000: i64 = 3_652_059;
/// Steps of 1/300 s in a day.
const FRAGMENTS: i64 = 25_920_000;
/// 100-nanosecond steps in a minute.
const MINUTE: i64 = 600_000_000;

/// The 100-nanosecond steps of a `datetime`: one to one with its 1/300 s steps.
pub(super) fn ticks_of_date_time(value: DateTime) -> i64 {
    let fragments = i64::from(value.seconds_fragments());
    // Rounded to the nearest step.
    let in_day = (fragments * 200_000 + 3) / 6;
    (i64::from(value.days()) + DAYS_TO_1900) * DAY + in_day
}

/// The nearest `datetime`; `None` outside its range.
pub(super) fn date_time_from_ticks(ticks: i64) -> Option<DateTime> {
    let mut days = ticks.div_euclid(DAY);
    let mut fragments = (ticks.rem_euclid(DAY) * 3 + 50_000) / 100_000;
    if fragments == FRAGMENTS {
        days += 1;
        fragments = 0;
    }
    if !(DAYS_TO_1753..DAYS_TO_10000).contains(&days) {
        return None;
    }
    Some(DateTime::new(i32::try_from(days - DAYS_TO_1900).ok()?, u32::try_from(fragments).ok()?))
}

fn ticks_of_time(time: Time) -> Result<i64> {
    let power = 10_i64.checked_pow(7_u32.saturating_sub(u32::from(time.scale()))).unwrap_or(1);
    i64::try_from(time.increments())
        .ok()
        .and_then(|increments| increments.checked_mul(power))
        .filter(|ticks| *ticks < DAY)
        .ok_or_else(|| Fault::new(FaultKind::Data, "a time of day lies beyond midnight"))
}

fn misfit(data: &ColumnData<'_>, data_type: &ColumnType) -> Fault {
    let kind = match data {
        ColumnData::String(_) => "text",
        ColumnData::Binary(_) => "binary",
        ColumnData::Guid(_) => "guid",
        ColumnData::Bit(_) => "bit",
        ColumnData::Numeric(_) => "decimal",
        ColumnData::F32(_) | ColumnData::F64(_) => "float",
        ColumnData::U8(_) | ColumnData::I16(_) | ColumnData::I32(_) | ColumnData::I64(_) => {
            "whole number"
        }
        _ => "date or time",
    };
    Fault::new(FaultKind::Data, format!("the server sent a {kind} where {data_type} was expected"))
}

/// Appends a cell to a column of the declared type. Text may come as the bytes of UTF-16.
pub(super) fn decode(
    data: ColumnData<'static>,
    data_type: &ColumnType,
    column: &mut Column,
) -> Result<()> {
    let kind = column.kind();
    let value = match (kind, data) {
        (ValueKind::Text, ColumnData::String(Some(text))) => {
            return column.push_text(text.as_bytes());
        }
        (ValueKind::Text, ColumnData::Binary(Some(bytes))) => {
            let mut text = Vec::with_capacity(bytes.len());
            wide::from_utf16le(&bytes, &mut text)?;
            return column.push_text(&text);
        }
        (ValueKind::Binary, ColumnData::Binary(Some(bytes))) => {
            return column.push_binary(&bytes);
        }
        (_, data) if is_null(&data) => Value::Null,
        (ValueKind::Integer | ValueKind::Bit | ValueKind::Decimal, ColumnData::U8(Some(v))) => {
            Value::Integer(i64::from(v))
        }
        (ValueKind::Integer | ValueKind::Bit | ValueKind::Decimal, ColumnData::I16(Some(v))) => {
            Value::Integer(i64::from(v))
        }
        (ValueKind::Integer | ValueKind::Bit | ValueKind::Decimal, ColumnData::I32(Some(v))) => {
            Value::Integer(i64::from(v))
        }
        (ValueKind::Integer | ValueKind::Bit | ValueKind::Decimal, ColumnData::I64(Some(v))) => {
            Value::Integer(v)
        }
        (ValueKind::Integer | ValueKind::Bit, ColumnData::Bit(Some(v))) => Value::Bit(v),
        (ValueKind::Integer, ColumnData::Numeric(Some(v))) if v.scale() == 0 => Value::Integer(
            i64::try_from(v.value())
                .map_err(|_| Fault::new(FaultKind::Data, format!("{} is too large", v.value())))?,
        ),
        (ValueKind::Decimal, ColumnData::Numeric(Some(v))) => {
            let scale = data_type.decimal().map_or(v.scale(), |(_, scale)| scale);
            let value = rescale(v.value(), v.scale(), scale).ok_or_else(|| {
                Fault::new(FaultKind::Data, format!("a decimal does not fit {data_type}"))
            })?;
            Value::Decimal { value, scale }
        }
        (ValueKind::Float, ColumnData::F32(Some(v))) => Value::Float(f64::from(v)),
        (ValueKind::Float, ColumnData::F64(Some(v))) => Value::Float(v),
        (ValueKind::Guid, ColumnData::Guid(Some(v))) => Value::Guid(*v.as_bytes()),
        (ValueKind::DateTime, data) => Value::DateTime(match data {
            ColumnData::DateTime(Some(v)) => ticks_of_date_time(v),
            ColumnData::SmallDateTime(Some(v)) => {
                (i64::from(v.days()) + DAYS_TO_1900) * DAY
                    + i64::from(v.seconds_fragments()) * MINUTE
            }
            ColumnData::DateTime2(Some(v)) => {
                i64::from(v.date().days()) * DAY + ticks_of_time(v.time())?
            }
            ColumnData::Date(Some(v)) => i64::from(v.days()) * DAY,
            // A time of day lies on 1900-01-01, as the platform keeps its own.
            ColumnData::Time(Some(v)) => DAYS_TO_1900 * DAY + ticks_of_time(v)?,
            other => return Err(misfit(&other, data_type)),
        }),
        (_, other) => return Err(misfit(&other, data_type)),
    };
    column.push(&value)
}

fn is_null(data: &ColumnData<'_>) -> bool {
    match data {
        ColumnData::U8(v) => v.is_none(),
        ColumnData::I16(v) => v.is_none(),
        ColumnData::I32(v) => v.is_none(),
        ColumnData::I64(v) => v.is_none(),
        ColumnData::F32(v) => v.is_none(),
        ColumnData::F64(v) => v.is_none(),
        ColumnData::Bit(v) => v.is_none(),
        ColumnData::String(v) => v.is_none(),
        ColumnData::Guid(v) => v.is_none(),
        ColumnData::Binary(v) => v.is_none(),
        ColumnData::Numeric(v) => v.is_none(),
        ColumnData::Xml(v) => v.is_none(),
        ColumnData::DateTime(v) => v.is_none(),
        ColumnData::SmallDateTime(v) => v.is_none(),
        ColumnData::Time(v) => v.is_none(),
        ColumnData::Date(v) => v.is_none(),
        ColumnData::DateTime2(v) => v.is_none(),
        ColumnData::DateTimeOffset(v) => v.is_none(),
    }
}

/// Digits at another scale; `None` when digits would be lost or there is no room.
fn rescale(value: i128, from: u8, to: u8) -> Option<i128> {
    if to >= from {
        value.checked_mul(10_i128.checked_pow(u32::from(to - from))?)
    } else {
        let power = 10_i128.checked_pow(u32::from(from - to))?;
        (value % power == 0).then_some(value / power)
    }
}

/// A cell of the staging type `staged` for a row of a column bound for `destination`.
///
/// Errors with [`FaultKind::Refused`] when the destination could not keep the value as it is.
pub(super) fn encode<'a>(
    column: &'a Column,
    row: usize,
    staged: &ColumnType,
    destination: &ColumnShape,
) -> Result<ColumnData<'a>> {
    let refuse =
        |why: String| Fault::new(FaultKind::Refused, format!("{}: {why}", destination.name));
    if column.is_null(row) {
        return null(staged).ok_or_else(|| refuse(format!("{staged} cannot be staged")));
    }
    let too_long = |length: usize, unit: &str| match destination.data_type.max_length() {
        Some(longest) if length > longest => {
            Err(refuse(format!("{length} {unit} do not fit {}", destination.data_type)))
        }
        _ => Ok(()),
    };
    let narrow = |value: String| refuse(format!("{value} does not fit {}", destination.data_type));
    Ok(match (column.values(), staged) {
        (Values::Text(_), ColumnType::NVarChar(_)) => {
            let bytes = column.bytes(row).unwrap_or_default();
            too_long(wide::units(bytes), "characters")?;
            let text = std::str::from_utf8(bytes).map_err(|_| {
                Fault::new(FaultKind::Data, "half a surrogate pair was staged as text")
            })?;
            ColumnData::String(Some(Cow::Borrowed(text)))
        }
        (Values::Text(_), ColumnType::VarBinary(_)) => {
            let bytes = column.bytes(row).unwrap_or_default();
            too_long(wide::units(bytes), "characters")?;
            ColumnData::Binary(Some(Cow::Owned(wide::to_utf16le(bytes)?)))
        }
        (Values::Binary(_), ColumnType::VarBinary(_)) => {
            let bytes = column.bytes(row).unwrap_or_default();
            too_long(bytes.len(), "bytes")?;
            ColumnData::Binary(Some(Cow::Borrowed(bytes)))
        }
        (Values::Integer(_) | Values::Bit(_), _) => {
            let value = column.integer(row).unwrap_or_default();
            whole(value, staged).ok_or_else(|| narrow(value.to_string()))?
        }
        (Values::Decimal { scale, values }, _) => decimal(values[row], *scale, staged)
            .ok_or_else(|| narrow(crate::database::decimal_to_text(values[row], *scale)))?,
        (Values::Float(values), ColumnType::Float) => ColumnData::F64(Some(values[row])),
        (Values::Float(values), ColumnType::Real) => ColumnData::F32(Some(values[row] as f32)),
        (Values::Guid(values), ColumnType::Guid) => {
            ColumnData::Guid(Some(Uuid::from_bytes(values[row])))
        }
        (Values::DateTime(values), _) => moment(values[row], staged, &destination.data_type)
            .ok_or_else(|| narrow(crate::database::date_time_to_text(values[row])))?,
        (_, staged) => {
            return Err(refuse(format!("{:?} values do not fit {staged}", column.kind())));
        }
    })
}

fn null(staged: &ColumnType) -> Option<ColumnData<'static>> {
    Some(match staged {
        ColumnType::Bit => ColumnData::Bit(None),
        ColumnType::TinyInt => ColumnData::U8(None),
        ColumnType::SmallInt => ColumnData::I16(None),
        ColumnType::Int => ColumnData::I32(None),
        ColumnType::BigInt => ColumnData::I64(None),
        ColumnType::Decimal { .. } => ColumnData::Numeric(None),
        ColumnType::Real => ColumnData::F32(None),
        ColumnType::Float => ColumnData::F64(None),
        ColumnType::DateTime => ColumnData::DateTime(None),
        ColumnType::DateTime2 { .. } => ColumnData::DateTime2(None),
        ColumnType::Date => ColumnData::Date(None),
        ColumnType::Time { .. } => ColumnData::Time(None),
        ColumnType::Guid => ColumnData::Guid(None),
        ColumnType::NVarChar(_) => ColumnData::String(None),
        ColumnType::VarBinary(_) => ColumnData::Binary(None),
        _ => return None,
    })
}

fn whole(value: i64, staged: &ColumnType) -> Option<ColumnData<'static>> {
    Some(match staged {
        ColumnType::Bit if matches!(value, 0 | 1) => ColumnData::Bit(Some(value == 1)),
        ColumnType::TinyInt => ColumnData::U8(Some(value.try_into().ok()?)),
        ColumnType::SmallInt => ColumnData::I16(Some(value.try_into().ok()?)),
        ColumnType::Int => ColumnData::I32(Some(value.try_into().ok()?)),
        ColumnType::BigInt => ColumnData::I64(Some(value)),
        ColumnType::Decimal { .. } => return decimal(i128::from(value), 0, staged),
        _ => return None,
    })
}

fn decimal(value: i128, scale: u8, staged: &ColumnType) -> Option<ColumnData<'static>> {
    let (precision, to) = staged.decimal()?;
    let digits = rescale(value, scale, to)?;
    let fits = digits.unsigned_abs() < 10_u128.checked_pow(u32::from(precision))?;
    fits.then(|| ColumnData::Numeric(Some(Numeric::new_with_scale(digits, to))))
}

fn moment(
    ticks: i64,
    staged: &ColumnType,
    destination: &ColumnType,
) -> Option<ColumnData<'static>> {
    let days = ticks.div_euclid(DAY);
    let in_day = ticks.rem_euclid(DAY);
    Some(match staged {
        ColumnType::DateTime => {
            let small = DAYS_TO_1900..DAYS_TO_1900 + 65_536;
            if *destination == ColumnType::SmallDateTime
                && (!small.contains(&days) || in_day % MINUTE != 0)
            {
                return None;
            }
            ColumnData::DateTime(Some(date_time_from_ticks(ticks)?))
        }
        ColumnType::DateTime2 { scale } => {
            let (days, increments) = rounded(days, in_day, *scale)?;
            let date = date(days)?;
            ColumnData::DateTime2(Some(DateTime2::new(date, Time::new(increments, *scale))))
        }
        ColumnType::Date if in_day == 0 => ColumnData::Date(Some(date(days)?)),
        ColumnType::Time { scale } if days == DAYS_TO_1900 => {
            let (days, increments) = rounded(days, in_day, *scale)?;
            (days == DAYS_TO_1900).then(|| ColumnData::Time(Some(Time::new(increments, *scale))))?
        }
        _ => return None,
    })
}

fn date(days: i64) -> Option<Date> {
    (0..DAYS_TO_10000).contains(&days).then(|| u32::try_from(days).ok()).flatten().map(Date::new)
}

/// Day and steps of a second at a scale, rounded as the server does.
fn rounded(days: i64, in_day: i64, scale: u8) -> Option<(i64, u64)> {
    let power = 10_i64.checked_pow(7_u32.checked_sub(u32::from(scale))?)?;
    let steps = (in_day + power / 2) / power;
    let in_a_day = DAY / power;
    let (days, steps) = if steps == in_a_day { (days + 1, 0) } else { (days, steps) };
    Some((days, u64::try_from(steps).ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tiberius::time::SmallDateTime;

    use super::*;
    use crate::database::date_time_from_text;

    fn shape(data_type: ColumnType) -> ColumnShape {
        ColumnShape {
            name: "C".to_owned(),
            data_type,
            nullable: true,
            identity: false,
            computed: false,
            has_default: false,
        }
    }

    /// Encodes and decodes one value of a type.
    fn there_and_back(value: &Value, staged: &ColumnType) -> Result<Value> {
        let mut from = Column::for_type(staged)?;
        from.push(value)?;
        let cell = encode(&from, 0, staged, &shape(staged.clone()))?;
        let owned = match cell {
            ColumnData::String(text) => {
                ColumnData::String(text.map(|text| Cow::Owned(text.into_owned())))
            }
            ColumnData::Binary(bytes) => {
                ColumnData::Binary(bytes.map(|bytes| Cow::Owned(bytes.into_owned())))
            }
            ColumnData::I64(v) => ColumnData::I64(v),
            ColumnData::I32(v) => ColumnData::I32(v),
            ColumnData::I16(v) => ColumnData::I16(v),
            ColumnData::U8(v) => ColumnData::U8(v),
            ColumnData::Numeric(v) => ColumnData::Numeric(v),
            ColumnData::DateTime(v) => ColumnData::DateTime(v),
            ColumnData::DateTime2(v) => ColumnData::DateTime2(v),
            ColumnData::Date(v) => ColumnData::Date(v),
            ColumnData::Time(v) => ColumnData::Time(v),
            other => panic!("not in this test: {other:?}"),
        };
        let mut to = Column::for_type(staged)?;
        decode(owned, staged, &mut to)?;
        Ok(to.value(0))
    }

    proptest! {
        #[test]
        fn every_three_hundredth_keeps_its_own_ticks(
            day in DAYS_TO_1753..DAYS_TO_10000, fragment in 0..FRAGMENTS
        ) {
            let kept = DateTime::new((day - DAYS_TO_1900) as i32, fragment as u32);
            prop_assert_eq!(date_time_from_ticks(ticks_of_date_time(kept)), Some(kept));
        }

        #[test]
        fn decimals_come_back(value in -10_i128.pow(37) + 1..10_i128.pow(37)) {
            let value = Value::Decimal { value, scale: 8 };
            let data_type = ColumnType::Decimal { precision: 37, scale: 8 };
            prop_assert_eq!(there_and_back(&value, &data_type).expect("fits"), value);
        }

        #[test]
        fn moments_come_back(ticks in 0..DAYS_TO_10000 * DAY) {
            let value = Value::DateTime(ticks);
            let data_type = ColumnType::DateTime2 { scale: 7 };
            prop_assert_eq!(there_and_back(&value, &data_type).expect("fits"), value);
        }
    }

    #[test]
    fn the_ends_of_each_type_fit_and_what_lies_beyond_is_refused() {
        for (data_type, fits, refused) in [
            (ColumnType::TinyInt, 255, 256),
            (ColumnType::SmallInt, -32_768, 32_768),
            (ColumnType::Int, i64::from(i32::MAX), i64::from(i32::MIN) - 1),
            (ColumnType::Decimal { precision: 3, scale: 1 }, 99, 100),
        ] {
            let back = there_and_back(&Value::Integer(fits), &data_type);
            assert!(back.is_ok(), "{data_type}");
            let kind =
                there_and_back(&Value::Integer(refused), &data_type).map_err(|fault| fault.kind);
            assert_eq!(kind, Err(FaultKind::Refused), "{data_type}");
        }
        for (text, kind) in [
            ("1753-01-01", Ok(())),
            ("9999-12-31 23:59:59.997", Ok(())),
            ("1752-12-31 23:59:59", Err(FaultKind::Refused)),
            ("9999-12-31 23:59:59.999", Err(FaultKind::Refused)),
        ] {
            let value = Value::DateTime(date_time_from_text(text).expect(text));
            let back = there_and_back(&value, &ColumnType::DateTime);
            assert_eq!(back.map(drop).map_err(|fault| fault.kind), kind, "{text}");
        }
    }

    #[test]
    fn a_text_too_long_is_refused_and_one_that_just_fits_is_not() {
        let pair = "\u{1F600}";
        assert!(there_and_back(&Value::text(pair), &ColumnType::NVarChar(Some(2))).is_ok());
        let kind = there_and_back(&Value::text(pair), &ColumnType::NVarChar(Some(1)))
            .map_err(|fault| fault.kind);
        assert_eq!(kind, Err(FaultKind::Refused));
    }

    #[test]
    fn the_driver_s_other_forms_are_read() {
        let mut column = Column::for_type(&ColumnType::SmallDateTime).expect("type");
        let small = ColumnData::SmallDateTime(Some(SmallDateTime::new(0, 61)));
        decode(small, &ColumnType::SmallDateTime, &mut column).expect("read");
        let expected = date_time_from_text("1900-01-01 01:01").expect("date");
        assert_eq!(column.value(0), Value::DateTime(expected));

        let mut column = Column::for_type(&ColumnType::NVarChar(None)).expect("type");
        let lone = ColumnData::Binary(Some(Cow::Borrowed(&[0x3D, 0xD8][..])));
        decode(lone, &ColumnType::NVarChar(None), &mut column).expect("read");
        assert_eq!(column.bytes(0), Some(&[0xED, 0xA0, 0xBD][..]));
    }
}
