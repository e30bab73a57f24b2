//! Markers: a row for each batch in a table that a DBA may grant, written in the batch's own
//! transaction. Where there is such a table, whether a batch was committed is one look-up, and
//! holds even when all its rows were deleted since or the identity was set back (`engine.md` D2).

use super::settle::Verdict;
use crate::database::{
    Batch, Column, ColumnShape, Destination, Filter, InsertTarget, Result, TableName, Value,
};

/// The table's name.
pub const MARKER_TABLE: &str = "OSFERRY_MARKER";

/// The marker table of a destination, and whose rows in it are ours.
pub(super) struct Marker {
    pub(super) target: InsertTarget,
    run: String,
}

impl Marker {
    /// The destination's marker table, where there is one that may be read and written.
    pub(super) async fn find(destination: &dyn Destination, run: &str) -> Result<Option<Self>> {
        let shape = destination.shape(&TableName::new(MARKER_TABLE)).await?;
        let Some(shape) = shape else { return Ok(None) };
        let rights = destination.rights(std::slice::from_ref(&shape.name)).await?;
        let may = |right: Option<bool>| right != Some(false);
        if !rights.iter().all(|rights| may(rights.select) && may(rights.insert)) {
            return Ok(None);
        }
        let columns: Option<Vec<ColumnShape>> =
            ["RUN", "BATCH"].iter().map(|name| shape.column(name).cloned()).collect();
        Ok(columns.map(|columns| Self {
            target: InsertTarget { table: shape.name, columns, identity: None },
            run: run.to_owned(),
        }))
    }

    /// The row of a batch.
    pub(super) fn row(&self, batch: i64) -> Result<Batch> {
        let mut columns = Vec::new();
        let values = [Value::text(&self.run), Value::Integer(batch)];
        for (column, value) in self.target.columns.iter().zip(values) {
            let mut cells = Column::for_type(&column.data_type)?;
            cells.push(&value)?;
            columns.push(cells);
        }
        Batch::new(columns)
    }

    /// What became of a batch.
    pub(super) async fn verdict(
        &self,
        destination: &dyn Destination,
        batch: i64,
    ) -> Result<Verdict> {
        let filter = self.ours().and(Filter::Equals("BATCH".to_owned(), Value::Integer(batch)));
        let found = destination.count(&self.target.table, &filter).await?;
        Ok(if found > 0 { Verdict::Committed } else { Verdict::Aborted })
    }

    /// The rows of this run.
    pub(super) fn ours(&self) -> Filter {
        Filter::Equals("RUN".to_owned(), Value::text(&self.run))
    }
}
