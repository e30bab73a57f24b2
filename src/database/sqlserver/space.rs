//! How much room tables take up, as the catalogue tells it.

use std::time::Duration;

use super::connection::{Connection, integer};
use super::statements::catalogue::{self, Space};
use crate::database::{Result, TableName, TableShape};

/// Bytes of a page.
const PAGE: u64 = 8192;

/// Bytes for each row on average, of each table that there is; `None` where the server does not
/// tell, and for tables without rows.
pub(super) async fn bytes(
    connection: &mut Connection,
    shapes: &[Option<TableShape>],
    of: Space,
    limit: Duration,
) -> Result<Vec<Option<u64>>> {
    let mut bytes = vec![None; shapes.len()];
    let mut open: Vec<(usize, &TableName)> = shapes
        .iter()
        .enumerate()
        .filter_map(|(place, shape)| Some((place, &shape.as_ref()?.name)))
        .collect();
    // One request for each database.
    open.sort_by(|(_, one), (_, other)| one.catalog.cmp(&other.catalog));
    for of_one in open.chunk_by(|(_, one), (_, other)| one.catalog == other.catalog) {
        for chunk in of_one.chunks(catalogue::TABLES_AT_ONCE) {
            let catalog = chunk.first().and_then(|(_, table)| table.catalog.as_deref());
            let tables: Vec<&TableName> = chunk.iter().map(|(_, table)| *table).collect();
            let rows = match connection.run(&catalogue::space(catalog, &tables, of), limit).await {
                Ok(results) => results.into_iter().flatten(),
                // It is only a forecast: a server that does not tell is no reason to stop.
                Err(_) if connection.is_open() => continue,
                Err(fault) => return Err(fault),
            };
            for row in rows {
                let number = |index| -> Result<Option<u64>> {
                    Ok(integer(&row, index)?.and_then(|number| u64::try_from(number).ok()))
                };
                let (Some(place), Some(count), Some(pages)) = (number(0)?, number(1)?, number(2)?)
                else {
                    continue;
                };
                let place = usize::try_from(place).ok().and_then(|place| chunk.get(place));
                if let Some((place, _)) = place.filter(|_| count > 0) {
                    bytes[*place] = Some((pages * PAGE).div_ceil(count));
                }
            }
        }
    }
    Ok(bytes)
}
