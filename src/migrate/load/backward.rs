//! References to rows of the same table that go before them.
//!
//! They wait for the second pass as long as the destination gives the ids. Where the run gives them
//! itself (`engine.md` D3, row E) the id is known when the row is written. A reference to a row
//! that comes later still waits: a constraint would refuse it. So does one in a unique index, which
//! is to refuse the same rows whoever gives the ids.

use std::collections::HashMap;

use super::super::range::{Backward, Referred};
use super::super::remap::{Carried, Remapped};
use super::Load;
use crate::database::{Value, same_name};
use crate::plan::{Rule, Target};

impl Load<'_> {
    /// Those among rows that are to be written together: their places in the batch that was read, and
    /// their keys. `pairs` knows of its rows that are written, `carried` of earlier ones.
    pub(super) fn backward(
        &self,
        remapped: &Remapped,
        read_rows: &[usize],
        source_keys: &[Value],
        pairs: &[(usize, Value, Value)],
        carried: &Carried,
    ) -> Vec<Backward> {
        let uniques = &self.entity().uniques;
        let is_ours = self.range.as_ref().is_some_and(|range| !range.is_ordinary());
        let is_own = |column: usize| {
            let planned = &self.entity().columns[column];
            let Rule::Reference(rule) = &planned.rule else { return false };
            let is_told_apart = uniques.iter().flat_map(|unique| &unique.columns);
            rule.soft.is_none()
                && matches!(rule.target, Target::Entity(to) if to == self.place)
                && !{ is_told_apart }.any(|name| same_name(name, &planned.destination.name))
        };
        let mut cells = remapped.deferred.iter().filter(|(_, cell)| is_own(cell.column)).peekable();
        if !is_ours || cells.peek().is_none() {
            return Vec::new();
        }
        let at: HashMap<usize, usize> =
            read_rows.iter().enumerate().map(|(place, row)| (*row, place)).collect();
        let along: HashMap<i64, usize> = source_keys
            .iter()
            .enumerate()
            .filter_map(|(place, key)| Some((key.as_integer()?, place)))
            .collect();
        let written: HashMap<i64, i64> = pairs
            .iter()
            .filter_map(|(_, source, id)| Some((source.as_integer()?, id.as_integer()?)))
            .collect();
        let found = cells.filter_map(|(row, cell)| {
            let row = *at.get(row)?;
            let value = cell.value.as_integer()?;
            let to = match along.get(&value) {
                Some(place) if *place <= row => Referred::Along(*place),
                Some(_) => return None,
                None => match written.get(&value) {
                    Some(id) => Referred::Written(*id),
                    None => Referred::Written(carried.map.lookup(&cell.value)?.as_integer()?),
                },
            };
            Some(Backward { row, column: cell.column, to })
        });
        found.collect()
    }
}
