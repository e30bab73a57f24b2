//! Which values have no exact form in another type, as T-SQL; the twin of
//! [`crate::database::converted`].

use crate::database::{ColumnType, LONGEST_READ, LONGEST_TEXT, ValueKind};

/// Whether a value of a column kept as `kept` has no form in `to`; never for NULL.
pub(super) fn not_convertible(own: &str, kept: &ColumnType, to: &ColumnType) -> String {
    let condition = match (kept.kind(), to.kind()) {
        (Some(ValueKind::Text), Some(_)) => return text_not_convertible(own, to),
        (Some(ValueKind::Integer), Some(ValueKind::Text)) => match to.max_length() {
            Some(longest) => format!("LEN(CONVERT(varchar(20), {own})) > {longest}"),
            None => "1 = 0".to_owned(),
        },
        (Some(ValueKind::Bit | ValueKind::Decimal), Some(ValueKind::Text))
        | (Some(ValueKind::Bit), _) => "1 = 0".to_owned(),
        (Some(ValueKind::Decimal), Some(ValueKind::Integer)) => {
            let (least, most) = to.integer_range().unwrap_or_default();
            format!("{own} < {least} OR {own} > {most} OR {own} <> FLOOR({own})")
        }
        (_, Some(ValueKind::Bit)) => format!("{own} NOT IN (0, 1)"),
        (Some(ValueKind::DateTime), _) => match to {
            ColumnType::Date => {
                let whole = format!("CONVERT(datetime2(7), CONVERT(date, {own}))");
                format!("CONVERT(datetime2(7), {own}) <> {whole}")
            }
            // What is no multiple of a hundredth of a second falls between the type's steps.
            _ => format!(
                "CONVERT(datetime2(7), {own}) < CONVERT(datetime2(7), '17530101') OR \
                 DATEPART(nanosecond, CONVERT(datetime2(7), {own})) % 10000000 <> 0"
            ),
        },
        _ => "1 = 1".to_owned(),
    };
    format!("({own} IS NOT NULL AND ({condition}))")
}

/// The same for a text. CONVERT alone reads more than is meant (an empty text and a lone sign are 0
/// to it) and loses digits, so the text's form is looked at too.
fn text_not_convertible(own: &str, to: &ColumnType) -> String {
    let read = match to.kind() {
        Some(ValueKind::Integer) => {
            let (least, most) = to.integer_range().unwrap_or_default();
            format!(
                "c.b <> N'' AND c.b NOT LIKE N'%[^0-9]%' AND \
                 TRY_CONVERT(decimal(38,0), c.v) BETWEEN {least} AND {most}"
            )
        }
        Some(ValueKind::Decimal) => {
            let (precision, scale) = to.decimal().unwrap_or((38, 0));
            let beyond = format!("SUBSTRING(c.b, CHARINDEX(N'.', c.b) + {}, 100)", scale + 1);
            format!(
                "c.b NOT LIKE N'%[^0-9.]%' AND c.b LIKE N'[0-9]%' AND c.b LIKE N'%[0-9]' AND \
                 c.b NOT LIKE N'%.%.%' AND \
                 (CHARINDEX(N'.', c.b) = 0 OR {beyond} NOT LIKE N'%[^0]%') AND \
                 TRY_CONVERT(decimal({precision},{scale}), c.v) IS NOT NULL"
            )
        }
        _ => moment(to),
    };
    format!(
        "({own} IS NOT NULL AND NOT EXISTS (SELECT 1 FROM (SELECT a.v, \
         CASE WHEN a.v LIKE N'[-+]%' THEN SUBSTRING(a.v, 2, {LONGEST_READ}) ELSE a.v END AS b \
         FROM (SELECT LTRIM(RTRIM(CONVERT(nvarchar({LONGEST_TEXT}), {own}))) \
         COLLATE Latin1_General_BIN2 AS v) AS a) AS c \
         WHERE LEN(CONVERT(nvarchar(max), {own}) + N'.') <= {} AND LEN(c.v) <= {LONGEST_READ} \
         AND (c.v = N'' OR ({read}))))",
        LONGEST_TEXT + 1
    )
}

/// A text in the other type, as [`text_not_convertible`] reads it; anything where it has no form.
pub(super) fn text_converted(own: &str, to: &ColumnType) -> String {
    let text = format!("LTRIM(RTRIM(CONVERT(nvarchar({LONGEST_TEXT}), {own})))");
    let or = |none: &str| format!("CASE {text} WHEN N'' THEN N'{none}' ELSE {text} END");
    match to.kind() {
        Some(ValueKind::DateTime) => {
            let moment = format!("REPLACE({}, N'T', N' ')", or("1900-01-01"));
            format!("TRY_CONVERT(datetime2(0), {moment}, 120)")
        }
        kind => {
            let (precision, scale) = match kind {
                Some(ValueKind::Decimal) => to.decimal().unwrap_or((38, 0)),
                _ => (38, 0),
            };
            format!("TRY_CONVERT(decimal({precision},{scale}), {})", or("0"))
        }
    }
}

/// A date, or a date with a time of whole seconds, that the type holds.
fn moment(to: &ColumnType) -> String {
    let day = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]";
    let time = "[0-9][0-9]:[0-9][0-9]:[0-9][0-9]";
    let value = "TRY_CONVERT(datetime2(0), REPLACE(c.v, N'T', N' '), 120)";
    let held = match to {
        ColumnType::Date => format!("{value} = CONVERT(datetime2(0), CONVERT(date, {value}))"),
        ColumnType::DateTime => format!("{value} >= CONVERT(datetime2(0), '17530101')"),
        _ => format!("{value} IS NOT NULL"),
    };
    format!("(c.v LIKE N'{day}' OR c.v LIKE N'{day}[ T]{time}') AND {held}")
}
