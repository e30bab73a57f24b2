//! What is shown of rows before they go: never more than the data file names.

use serde::Serialize;

use crate::database::{Batch, ColumnRef, Filter, Result, RowsRequest, Source, TableShape, Value};

/// Rows of a table that a preview shows; the others are counted.
pub const SHOWN_ROWS: usize = 200;

/// Some rows, as a person reads them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// The columns.
    pub columns: Vec<String>,
    /// At most [`SHOWN_ROWS`] rows, by these columns.
    pub rows: Vec<Vec<String>>,
    /// How many there are in all.
    pub of: u64,
}

impl Shown {
    /// The rows of a batch whose columns these are.
    pub(super) fn of_batch(columns: &[ColumnRef], batch: &Batch, of: u64) -> Self {
        let words = |row: usize| {
            let cells = batch.columns().iter().take(columns.len());
            cells.map(|cells| word(&cells.value(row))).collect()
        };
        Self {
            columns: columns.iter().map(|column| column.name.clone()).collect(),
            rows: (0..batch.len().min(SHOWN_ROWS)).map(words).collect(),
            of,
        }
    }

    /// The rows that the filter finds.
    pub(super) async fn read(
        source: &dyn Source,
        shape: &TableShape,
        show: &[String],
        filter: &Filter,
        of: u64,
    ) -> Result<Self> {
        let columns: Vec<ColumnRef> =
            show.iter().filter_map(|name| shape.column(name).map(ColumnRef::from)).collect();
        let Some(first) = columns.first().filter(|_| of > 0) else {
            return Ok(Self { of, ..Self::default() });
        };
        let batch = source
            .rows(&RowsRequest {
                table: shape.name.clone(),
                columns: columns.clone(),
                filter: filter.clone(),
                order_by: Some(first.name.clone()),
                limit: Some(SHOWN_ROWS),
            })
            .await?;
        Ok(Self::of_batch(&columns, &batch, of))
    }

    /// The rows, one a line.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self
            .rows
            .iter()
            .map(|row| {
                let cells = self.columns.iter().zip(row);
                let cells: Vec<String> =
                    cells.map(|(column, cell)| format!("{column} {cell}")).collect();
                cells.join(", ")
            })
            .collect();
        let more = self.of.saturating_sub(lines.len() as u64);
        if more > 0 && !lines.is_empty() {
            lines.push(format!("and {more} more"));
        }
        lines
    }
}

/// A value as it is shown: on one line, and not longer than a line takes.
fn word(value: &Value) -> String {
    let text = value.to_string();
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    match clean.char_indices().nth(80) {
        Some((end, _)) => format!("{}…", &clean[..end]),
        None => clean,
    }
}
