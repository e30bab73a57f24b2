//! Rows in columns: how values travel through the program.
//!
//! A batch holds a handful of buffers however many rows it has. Text is WTF-8: UTF-8 that may
//! hold lone surrogates, so that whatever SQL Server stores in nvarchar passes unharmed.

use super::{Fault, FaultKind, Result, Value, ValueKind};

/// Texts or binaries of a column: one buffer, and where each value ends.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Bytes {
    buffer: Vec<u8>,
    ends: Vec<usize>,
}

impl Bytes {
    /// Appends a value.
    pub fn push(&mut self, value: &[u8]) {
        self.buffer.extend_from_slice(value);
        self.ends.push(self.buffer.len());
    }

    /// The value of a row.
    #[must_use]
    pub fn get(&self, row: usize) -> &[u8] {
        let start = if row == 0 { 0 } else { self.ends[row - 1] };
        &self.buffer[start..self.ends[row]]
    }

    /// Number of values.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Bytes held by all values together.
    #[must_use]
    pub fn total(&self) -> usize {
        self.buffer.len()
    }
}

/// The values of a column; what stands at a NULL row is a filler without meaning.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub enum Values {
    /// Whole numbers of any width.
    Integer(Vec<i64>),
    /// Decimals: digits, all at one scale.
    Decimal {
        /// Digits after the point.
        scale: u8,
        /// The digits.
        values: Vec<i128>,
    },
    /// Binary floating point.
    Float(Vec<f64>),
    /// Yes or no.
    Bit(Vec<bool>),
    /// 100-nanosecond steps since 0001-01-01T00:00:00. The 1/300-second steps of `datetime`
    /// map onto these one to one, so nothing is lost on the way there and back.
    DateTime(Vec<i64>),
    /// Sixteen bytes each, in the order they are printed.
    Guid(Vec<[u8; 16]>),
    /// Text in WTF-8.
    Text(Bytes),
    /// Binary.
    Binary(Bytes),
}

/// One column of a batch.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Column {
    nulls: Vec<u64>,
    values: Values,
    len: usize,
}

impl Column {
    /// An empty column for values of a kind; `scale` matters for decimals only.
    #[must_use]
    pub fn new(kind: ValueKind, scale: u8) -> Self {
        let values = match kind {
            ValueKind::Integer => Values::Integer(Vec::new()),
            ValueKind::Decimal => Values::Decimal { scale, values: Vec::new() },
            ValueKind::Float => Values::Float(Vec::new()),
            ValueKind::Bit => Values::Bit(Vec::new()),
            ValueKind::DateTime => Values::DateTime(Vec::new()),
            ValueKind::Guid => Values::Guid(Vec::new()),
            ValueKind::Text => Values::Text(Bytes::default()),
            ValueKind::Binary => Values::Binary(Bytes::default()),
        };
        Self { nulls: Vec::new(), values, len: 0 }
    }

    /// An empty column for a declared type.
    pub fn for_type(data_type: &super::ColumnType) -> Result<Self> {
        let kind = data_type.kind().ok_or_else(|| {
            Fault::new(
                FaultKind::NotApplicable,
                format!("values of type {data_type} are not moved"),
            )
        })?;
        Ok(Self::new(kind, data_type.decimal().map_or(0, |(_, scale)| scale)))
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The values, NULL rows included as fillers.
    #[must_use]
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// The form of the values.
    #[must_use]
    pub fn kind(&self) -> ValueKind {
        match &self.values {
            Values::Integer(_) => ValueKind::Integer,
            Values::Decimal { .. } => ValueKind::Decimal,
            Values::Float(_) => ValueKind::Float,
            Values::Bit(_) => ValueKind::Bit,
            Values::DateTime(_) => ValueKind::DateTime,
            Values::Guid(_) => ValueKind::Guid,
            Values::Text(_) => ValueKind::Text,
            Values::Binary(_) => ValueKind::Binary,
        }
    }

    /// Whether the row is NULL.
    #[must_use]
    pub fn is_null(&self, row: usize) -> bool {
        self.nulls.get(row / 64).is_some_and(|word| word >> (row % 64) & 1 == 1)
    }

    fn grow(&mut self, null: bool) {
        let word = self.len / 64;
        if null {
            if self.nulls.len() <= word {
                self.nulls.resize(word + 1, 0);
            }
            self.nulls[word] |= 1 << (self.len % 64);
        }
        self.len += 1;
    }

    /// Appends NULL.
    pub fn push_null(&mut self) {
        match &mut self.values {
            Values::Integer(values) | Values::DateTime(values) => values.push(0),
            Values::Decimal { values, .. } => values.push(0),
            Values::Float(values) => values.push(0.0),
            Values::Bit(values) => values.push(false),
            Values::Guid(values) => values.push([0; 16]),
            Values::Text(bytes) | Values::Binary(bytes) => bytes.push(&[]),
        }
        self.grow(true);
    }

    /// Appends a whole number to an integer column.
    pub fn push_integer(&mut self, value: i64) -> Result<()> {
        match &mut self.values {
            Values::Integer(values) => values.push(value),
            other => return Err(misfit("a whole number", other)),
        }
        self.grow(false);
        Ok(())
    }

    /// Appends text in WTF-8 to a text column.
    pub fn push_text(&mut self, value: &[u8]) -> Result<()> {
        match &mut self.values {
            Values::Text(bytes) => bytes.push(value),
            other => return Err(misfit("text", other)),
        }
        self.grow(false);
        Ok(())
    }

    /// Appends bytes to a binary column.
    pub fn push_binary(&mut self, value: &[u8]) -> Result<()> {
        match &mut self.values {
            Values::Binary(bytes) => bytes.push(value),
            other => return Err(misfit("binary", other)),
        }
        self.grow(false);
        Ok(())
    }

    /// Appends any value. It has to be of the column's kind; a decimal has to have its scale,
    /// and a whole number fits a decimal column.
    pub fn push(&mut self, value: &Value) -> Result<()> {
        match (&mut self.values, value) {
            (_, Value::Null) => {
                self.push_null();
                return Ok(());
            }
            (Values::Integer(values), Value::Integer(value))
            | (Values::DateTime(values), Value::DateTime(value)) => values.push(*value),
            (Values::Integer(values), Value::Bit(value)) => values.push(i64::from(*value)),
            (Values::Decimal { scale, values }, Value::Decimal { value, scale: given })
                if given == scale =>
            {
                values.push(*value);
            }
            (Values::Decimal { scale, values }, Value::Integer(value)) => {
                values.push(i128::from(*value) * 10_i128.pow(u32::from(*scale)));
            }
            (Values::Float(values), Value::Float(value)) => values.push(*value),
            (Values::Bit(values), Value::Bit(value)) => values.push(*value),
            (Values::Bit(values), Value::Integer(value)) => values.push(*value != 0),
            (Values::Guid(values), Value::Guid(value)) => values.push(*value),
            (Values::Text(bytes), Value::Text(value))
            | (Values::Binary(bytes), Value::Binary(value)) => bytes.push(value),
            (other, value) => return Err(misfit(&value.to_string(), other)),
        }
        self.grow(false);
        Ok(())
    }

    /// Appends a row of another column of the same kind and scale.
    pub fn push_from(&mut self, other: &Self, row: usize) -> Result<()> {
        if other.is_null(row) {
            self.push_null();
            return Ok(());
        }
        match (&mut self.values, &other.values) {
            (Values::Integer(to), Values::Integer(from))
            | (Values::DateTime(to), Values::DateTime(from)) => to.push(from[row]),
            (Values::Decimal { scale, values }, Values::Decimal { scale: given, values: from })
                if scale == given =>
            {
                values.push(from[row]);
            }
            (Values::Float(to), Values::Float(from)) => to.push(from[row]),
            (Values::Bit(to), Values::Bit(from)) => to.push(from[row]),
            (Values::Guid(to), Values::Guid(from)) => to.push(from[row]),
            (Values::Text(to), Values::Text(from)) | (Values::Binary(to), Values::Binary(from)) => {
                to.push(from.get(row));
            }
            (to, from) => return Err(misfit(&format!("{:?} values", kind_of(from)), to)),
        }
        self.grow(false);
        Ok(())
    }

    /// The value of a row on its own.
    #[must_use]
    pub fn value(&self, row: usize) -> Value {
        if self.is_null(row) {
            return Value::Null;
        }
        match &self.values {
            Values::Integer(values) => Value::Integer(values[row]),
            Values::Decimal { scale, values } => {
                Value::Decimal { value: values[row], scale: *scale }
            }
            Values::Float(values) => Value::Float(values[row]),
            Values::Bit(values) => Value::Bit(values[row]),
            Values::DateTime(values) => Value::DateTime(values[row]),
            Values::Guid(values) => Value::Guid(values[row]),
            Values::Text(bytes) => Value::Text(bytes.get(row).to_vec()),
            Values::Binary(bytes) => Value::Binary(bytes.get(row).to_vec()),
        }
    }

    /// The whole number (or bit, as 0 or 1) of a row; `None` for NULL and for other kinds.
    #[must_use]
    pub fn integer(&self, row: usize) -> Option<i64> {
        if self.is_null(row) {
            return None;
        }
        match &self.values {
            Values::Integer(values) => Some(values[row]),
            Values::Bit(values) => Some(i64::from(values[row])),
            _ => None,
        }
    }

    /// The text of a row as Unicode, lone surrogates replaced; `None` for NULL and other kinds.
    #[must_use]
    pub fn text(&self, row: usize) -> Option<String> {
        if self.is_null(row) {
            return None;
        }
        match &self.values {
            Values::Text(bytes) => Some(String::from_utf8_lossy(bytes.get(row)).into_owned()),
            _ => None,
        }
    }

    /// The bytes of a row of text or binary; `None` for NULL and other kinds.
    #[must_use]
    pub fn bytes(&self, row: usize) -> Option<&[u8]> {
        if self.is_null(row) {
            return None;
        }
        match &self.values {
            Values::Text(bytes) | Values::Binary(bytes) => Some(bytes.get(row)),
            _ => None,
        }
    }

    /// Bytes this column holds.
    #[must_use]
    pub fn size(&self) -> usize {
        let values = match &self.values {
            Values::Integer(values) | Values::DateTime(values) => values.len() * 8,
            Values::Decimal { values, .. } => values.len() * 16,
            Values::Float(values) => values.len() * 8,
            Values::Bit(values) => values.len(),
            Values::Guid(values) => values.len() * 16,
            Values::Text(bytes) | Values::Binary(bytes) => bytes.total() + bytes.len() * 8,
        };
        values + self.nulls.len() * 8
    }
}

fn kind_of(values: &Values) -> &'static str {
    match values {
        Values::Integer(_) => "whole number",
        Values::Decimal { .. } => "decimal",
        Values::Float(_) => "float",
        Values::Bit(_) => "bit",
        Values::DateTime(_) => "date and time",
        Values::Guid(_) => "guid",
        Values::Text(_) => "text",
        Values::Binary(_) => "binary",
    }
}

fn misfit(what: &str, values: &Values) -> Fault {
    Fault::new(FaultKind::Data, format!("{what} does not fit a {} column", kind_of(values)))
}

/// Some rows of some columns.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Batch {
    columns: Vec<Column>,
}

impl Batch {
    /// A batch of these columns, which have to be equally long.
    pub fn new(columns: Vec<Column>) -> Result<Self> {
        if columns.windows(2).any(|pair| pair[0].len() != pair[1].len()) {
            return Err(Fault::new(FaultKind::Data, "the columns of a batch differ in length"));
        }
        Ok(Self { columns })
    }

    /// An empty batch with columns for these types.
    pub fn for_types<'a>(types: impl IntoIterator<Item = &'a super::ColumnType>) -> Result<Self> {
        let columns = types.into_iter().map(Column::for_type).collect::<Result<Vec<_>>>()?;
        Ok(Self { columns })
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.columns.first().map_or(0, Column::len)
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The columns.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// One column.
    #[must_use]
    pub fn column(&self, index: usize) -> &Column {
        &self.columns[index]
    }

    /// One column, to append to. Every column has to grow alike.
    pub fn column_mut(&mut self, index: usize) -> &mut Column {
        &mut self.columns[index]
    }

    /// Takes the columns out.
    #[must_use]
    pub fn into_columns(self) -> Vec<Column> {
        self.columns
    }

    /// Appends one row.
    pub fn push_row(&mut self, row: &[Value]) -> Result<()> {
        if row.len() != self.columns.len() {
            return Err(Fault::new(
                FaultKind::Data,
                "a row has another number of values than columns",
            ));
        }
        for (column, value) in self.columns.iter_mut().zip(row) {
            column.push(value)?;
        }
        Ok(())
    }

    /// A row as values on their own.
    #[must_use]
    pub fn row(&self, row: usize) -> Vec<Value> {
        self.columns.iter().map(|column| column.value(row)).collect()
    }

    /// The rows at these places, in this order.
    pub fn select(&self, rows: &[usize]) -> Result<Self> {
        let mut columns = Vec::with_capacity(self.columns.len());
        for column in &self.columns {
            let scale = match &column.values {
                Values::Decimal { scale, .. } => *scale,
                _ => 0,
            };
            let mut picked = Column::new(column.kind(), scale);
            for &row in rows {
                picked.push_from(column, row)?;
            }
            columns.push(picked);
        }
        Ok(Self { columns })
    }

    /// Bytes this batch holds.
    #[must_use]
    pub fn size(&self) -> usize {
        self.columns.iter().map(Column::size).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_and_empty_stay_apart_across_word_borders() {
        let mut column = Column::new(ValueKind::Text, 0);
        for row in 0..200 {
            if row % 3 == 0 {
                column.push_null();
            } else {
                column.push_text(b"").expect("text");
            }
        }
        for row in 0..200 {
            assert_eq!(column.is_null(row), row % 3 == 0, "row {row}");
        }
        assert_eq!(column.value(1), Value::Text(Vec::new()));
    }

    #[test]
    fn a_value_of_another_kind_is_refused() {
        let mut column = Column::new(ValueKind::Integer, 0);
        assert!(column.push(&Value::text("1")).is_err());
        assert!(column.is_empty());
    }
}
