//! Personal data masked as it is read (`docs/manual.md`, "How values are masked").
//!
//! Rows leave the source through [`masked`]; what reads them further on, writes them, takes their
//! digest or says why a row was refused has never seen the value itself.

mod generate;
mod key;
mod permute;

use std::collections::HashMap;
use std::sync::Arc;

pub use key::{MaskKey, mask_key};

use super::journal::RunHeader;
use crate::database::{
    Alteration, Altered, Batch, Column, ColumnRef, ColumnType, Fault, FaultKind, Result, Source,
    TableName, Value,
};
use crate::plan::{MASK_KEY_VARIABLE, Mask, Plan, UserMask};
use generate::Bounds;
pub(super) use generate::is_empty;

/// The columns of OSSYS_USER that are masked, with what masks them.
const OF_USERS: [(&str, Mask); 2] = [("EMAIL", Mask::Email), ("MOBILEPHONE", Mask::Phone)];

/// The key of a run's masks; `None` where the plan needs none.
///
/// Errors where the plan needs one and none is given, or one that could be guessed.
pub(super) fn needed_key(
    plan: &Plan,
    given: Option<&crate::database::Secret>,
) -> Result<Option<MaskKey>> {
    if !plan.needs_mask_key() {
        return Ok(None);
    }
    let Some(given) = given else {
        return Err(Fault::new(
            FaultKind::NotApplicable,
            "the plan masks personal data, and there is no key for the masks",
        )
        .advise(format!(
            "Set {MASK_KEY_VARIABLE} to a secret text of at least 16 characters and keep it: with \
             the same key the same value gets the same mask in every run, and going on with this \
             run or proving it again needs it. Or say personal_data = \"real\" and decide what is \
             masked otherwise."
        )));
    };
    mask_key(given).map(Some)
}

/// Refuses to go on with a run by another key than it began with.
pub(super) fn check_same_key(header: &RunHeader, key: Option<&MaskKey>) -> Result<()> {
    let given = key.map(MaskKey::fingerprint);
    if header.mask_key == given {
        return Ok(());
    }
    let shown = |print: &Option<String>| print.clone().unwrap_or_else(|| "none".to_owned());
    Err(Fault::new(
        FaultKind::NotApplicable,
        format!(
            "run {} masked personal data with another key: its fingerprint is {}, that of the key \
             given now is {}",
            header.id,
            shown(&header.mask_key),
            shown(&given)
        ),
    )
    .advise(format!(
        "Set {MASK_KEY_VARIABLE} to the key that the run was started with: with another one the \
         same value would get another mask."
    )))
}

/// The source as a run reads it: masked values in place of personal data.
pub(super) fn masked(
    source: Arc<dyn Source>,
    plan: &Plan,
    key: Option<MaskKey>,
) -> Arc<dyn Source> {
    let mut tables: HashMap<String, HashMap<String, Cell>> = HashMap::new();
    for entity in &plan.entities {
        let cells: HashMap<String, Cell> = entity
            .columns
            .iter()
            .filter_map(|column| {
                let types = [&column.source.data_type, &column.destination.data_type];
                let cell = Cell { mask: column.mask.clone()?, bounds: Bounds::of(&types) };
                Some((column.source.name.to_lowercase(), cell))
            })
            .collect();
        if !cells.is_empty() {
            tables.insert(entity.source_table.to_string().to_lowercase(), cells);
        }
    }
    let users = plan.user_mask == UserMask::Keyed && plan.writes_users();
    if tables.is_empty() && !users {
        return source;
    }
    Arc::new(Altered::new(source, Arc::new(Masks { tables, users, key })))
}

/// What masks the values of one column, and what the column holds.
struct Cell {
    mask: Mask,
    bounds: Bounds,
}

struct Masks {
    /// By table and column, in lower case.
    tables: HashMap<String, HashMap<String, Cell>>,
    users: bool,
    key: Option<MaskKey>,
}

impl Masks {
    fn column(&self, cell: &Cell, data_type: &ColumnType, column: &Column) -> Result<Column> {
        let mut masked = Column::for_type(data_type)?;
        for row in 0..column.len() {
            let value = column.value(row);
            masked.push(&self.value(cell, value)?)?;
        }
        Ok(masked)
    }

    fn value(&self, cell: &Cell, value: Value) -> Result<Value> {
        if is_empty(&value) {
            return Ok(value);
        }
        match (&cell.mask, &self.key) {
            (Mask::Fixed(fixed), _) => Ok(fixed.clone()),
            (mask, Some(key)) => generate::masked(key, mask, &cell.bounds, &value),
            (_, None) => Err(Fault::new(FaultKind::Other, "there is no key for the masks")),
        }
    }
}

impl Alteration for Masks {
    fn alter(&self, table: &TableName, columns: &[ColumnRef], batch: Batch) -> Result<Batch> {
        let of_users = self.users && table.name.eq_ignore_ascii_case("OSSYS_USER");
        let cells = self.tables.get(&table.to_string().to_lowercase());
        if cells.is_none() && !of_users {
            return Ok(batch);
        }
        let mut altered = Vec::with_capacity(batch.columns().len());
        for (place, column) in batch.into_columns().into_iter().enumerate() {
            let Some(asked) = columns.get(place) else {
                altered.push(column);
                continue;
            };
            let mask_of_user = OF_USERS
                .iter()
                .find(|(name, _)| of_users && asked.name.eq_ignore_ascii_case(name))
                .map(|(_, mask)| Cell {
                    mask: mask.clone(),
                    bounds: Bounds::of(&[&asked.data_type]),
                });
            let cell = cells.and_then(|cells| cells.get(&asked.name.to_lowercase()));
            altered.push(match cell.or(mask_of_user.as_ref()) {
                Some(cell) => self.column(cell, &asked.data_type, &column)?,
                None => column,
            });
        }
        Batch::new(altered)
    }
}
