//! Rows of the destination that take the values of ours.

use std::collections::HashSet;

use super::super::journal::{BatchKind, NewBatch, WrittenTo};
use super::super::operation::{Operation, folded};
use super::super::remap::{Carried, Remapped};
use super::super::retry::calls_for_halves;
use super::Load;
use super::foreseen::refused_row;
use super::insert::record;
use crate::database::{
    Batch, Column, ColumnRef, ColumnShape, Fault, FaultKind, Result, UpdateTarget, Value,
};
use crate::proof::combine;

/// A row of ours, by its place among those that are kept, and the row of the destination that it
/// equals.
type Match = (usize, Value);

/// What a batch of changes needs to know of the rows it came from.
struct Ours<'a> {
    remapped: &'a Remapped,
    key: &'a (dyn Fn(usize) -> Value + Sync),
    hashes: &'a [u128],
}

/// Where rows are changed.
struct Changing {
    target: UpdateTarget,
    /// The key, then the columns that are set.
    returning: Vec<ColumnRef>,
    written_to: WrittenTo,
}

impl Load<'_> {
    /// Gives each of these rows of the destination the values of the row of ours that equals it.
    /// Returns the rows of ours that equal one which has the values of another one of ours already:
    /// with that they become one.
    pub(super) async fn change_each(
        &mut self,
        remapped: &Remapped,
        matches: Vec<Match>,
        key: &(dyn Fn(usize) -> Value + Sync),
        hashes: &[u128],
        pairs: &mut Vec<(usize, Value, Value)>,
        carried: &mut Carried,
    ) -> Result<Vec<(usize, Value, Value)>> {
        let from = Ours { remapped, key, hashes };
        let mut joined = Vec::new();
        let mut waiting = matches;
        while !waiting.is_empty() {
            let (mut now, mut later) = (Vec::new(), Vec::new());
            let mut once = HashSet::new();
            for (place, id) in waiting {
                if self.taken.contains(&id) {
                    let row = remapped.kept[place];
                    joined.push((row, key(row), id));
                } else if once.insert(folded(&id)) {
                    now.push((place, id));
                } else {
                    later.push((place, id));
                }
            }
            self.change(&from, now, pairs, carried).await?;
            waiting = later;
        }
        Ok(joined)
    }

    /// Changes rows, each once; one that the destination refuses is searched by halves and stays
    /// as it is, and the row of ours is left out.
    async fn change(
        &mut self,
        from: &Ours<'_>,
        matches: Vec<Match>,
        pairs: &mut Vec<(usize, Value, Value)>,
        carried: &mut Carried,
    ) -> Result<()> {
        let Some(changing) = self.changing() else { return Ok(()) };
        let mut pending = vec![matches];
        while let Some(mut matches) = pending.pop() {
            if matches.is_empty() {
                continue;
            }
            match self.change_all(from, &changing, &matches).await {
                Ok(()) => {
                    let rows = matches.len() as u64;
                    self.teller.entity(self.place, |progress| progress.recognised += rows);
                    for (place, id) in matches {
                        self.taken.add(&id);
                        let row = from.remapped.kept[place];
                        pairs.push((row, (from.key)(row), id));
                    }
                }
                Err(fault) if calls_for_halves(&fault, matches.len()) => {
                    let second = matches.split_off(matches.len() / 2);
                    pending.extend([second, matches]);
                }
                Err(fault) if fault.kind == FaultKind::Refused => {
                    let place = matches.first().map_or(0, |(place, _)| *place);
                    self.refuse_change(from, place, fault, carried)?;
                }
                Err(fault) => return Err(fault),
            }
        }
        Ok(())
    }

    fn refuse_change(
        &self,
        from: &Ours<'_>,
        place: usize,
        fault: Fault,
        carried: &mut Carried,
    ) -> Result<()> {
        let key = (from.key)(from.remapped.kept[place]);
        self.leave_out(&refused_row(self.plan, self.place, key, fault), carried)
    }

    /// Where rows of this entity are changed; `None` where they are not.
    fn changing(&self) -> Option<Changing> {
        let entity = self.entity();
        let key = entity.destination_key()?.clone();
        let columns: Vec<ColumnShape> = entity
            .existing
            .sets()
            .iter()
            .map(|place| entity.columns[*place].destination.clone())
            .collect();
        let set: Vec<ColumnRef> = columns.iter().map(ColumnRef::from).collect();
        let own = ColumnRef::from(&key);
        let table = entity.destination_table.clone();
        Some(Changing {
            returning: [own.clone()].into_iter().chain(set.iter().cloned()).collect(),
            written_to: WrittenTo { table: table.clone(), key: Some(own), columns: set },
            target: UpdateTarget { table, key, columns },
        })
    }

    /// One transaction.
    async fn change_all(
        &mut self,
        from: &Ours<'_>,
        changing: &Changing,
        matches: &[Match],
    ) -> Result<()> {
        let entity = self.entity();
        let mut ids = Column::for_type(&changing.target.key.data_type)?;
        for (_, id) in matches {
            ids.push(id)?;
        }
        let places: Vec<usize> = matches.iter().map(|(place, _)| *place).collect();
        let ours = from.remapped.batch.select(&places)?;
        let set = entity.existing.sets().iter().map(|place| ours.column(*place).clone());
        let batch = Batch::new([ids].into_iter().chain(set).collect())?;
        let read_rows: Vec<usize> = places.iter().map(|place| from.remapped.kept[*place]).collect();
        let source_keys: Vec<Value> = read_rows.iter().map(|row| (from.key)(*row)).collect();
        let digest = combine(read_rows.iter().map(|row| from.hashes[*row]));
        let operation = Operation::Change {
            target: &changing.target,
            batch: &batch,
            returning: &changing.returning,
            keep: true,
        };
        let place = self.place;
        self.session
            .write(
                &operation,
                &mut |done, session| {
                    let ids = matches.iter().map(|(_, id)| id.clone()).collect();
                    NewBatch {
                        kind: BatchKind::Change,
                        written_to: Some(changing.written_to.clone()),
                        hashes: done.hashes.clone(),
                        ..record(
                            from.remapped,
                            place,
                            &read_rows,
                            &source_keys,
                            ids,
                            digest,
                            session,
                        )
                    }
                },
                &self.teller.trouble(place),
            )
            .await
            .map(drop)
    }
}
