//! Rows of ours that the destination has already, as its own collation has it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::super::journal::{BatchKind, Keys, LeftOutRow, NewBatch};
use super::super::operation::folded;
use super::super::remap::{Carried, Remapped};
use super::Load;
use crate::database::{Alike, AlikeTarget, Batch, Column, ColumnRef, FaultKind, Result, Value};
use crate::plan::{ExistingPlan, IdentifierPlan, OnMatch};
use crate::proof::combine;

/// Rows that equal an earlier one of their batch, each with the place of that: the places among
/// those that are kept.
pub(super) type Twins = Vec<(usize, usize)>;

impl Load<'_> {
    /// Looks which rows of a batch the destination has already, and does with them what was
    /// decided. What is left of `new` is to be inserted; then the twins that are returned are
    /// dealt with.
    pub(super) async fn known_already(
        &mut self,
        remapped: &Remapped,
        key: &(dyn Fn(usize) -> Value + Sync),
        hashes: &[u128],
        new: &mut Vec<usize>,
        pairs: &mut Vec<(usize, Value, Value)>,
        carried: &mut Carried,
    ) -> Result<Twins> {
        let ExistingPlan::Recognise { key: parts, ours, .. } = &self.entity().existing else {
            return Ok(Vec::new());
        };
        if self.entity().key_column().is_none() {
            return Ok(Vec::new());
        }
        let parts: Vec<&Column> = parts.iter().map(|part| remapped.batch.column(*part)).collect();
        let alike = self.alike(remapped, &parts).await?;
        let emptied = self.emptied_in_key(remapped);
        let is_everything = parts.len() == self.entity().columns.len();
        let (mut twins, mut found, mut change) = (Twins::new(), Vec::new(), Vec::new());
        new.clear();
        for (place, alike) in alike.into_iter().enumerate() {
            let has_null = parts.iter().any(|part| part.is_null(place));
            match alike {
                // What it referred to is not there: with that it was another row.
                _ if emptied.contains(&remapped.kept[place]) => new.push(place),
                Alike::Nothing => new.push(place),
                // Which of them is meant makes no difference: no more of ours is written.
                Alike::Several(rows) if is_everything => {
                    let what = format!("the destination has {rows} rows with the same values");
                    self.leave_out_as(key(remapped.kept[place]), what, true, carried)?;
                }
                // A key that is there several times for its NULLs is no key for this row.
                Alike::Several(_) if has_null => new.push(place),
                Alike::Several(rows) => {
                    let what = format!(
                        "the destination has {rows} rows with this key, and which is meant is \
                         not known"
                    );
                    self.leave_out_as(key(remapped.kept[place]), what, false, carried)?;
                }
                Alike::Earlier(first) => twins.push((place, first)),
                Alike::Row(id) if *ours == OnMatch::LeaveOut => {
                    let what = format!("the destination has this row already, with the id {id}");
                    self.leave_out_as(key(remapped.kept[place]), what, true, carried)?;
                }
                Alike::Row(id) if self.has_another_name(&key(remapped.kept[place]), &id) => {
                    let what = format!(
                        "the destination has this row already, under the identifier {id}, and \
                         references to ours would lead nowhere"
                    );
                    self.leave_out_as(key(remapped.kept[place]), what, false, carried)?;
                }
                Alike::Row(id) if *ours == OnMatch::Update => change.push((place, id)),
                Alike::Row(id) => {
                    found.push((remapped.kept[place], key(remapped.kept[place]), id));
                }
            }
        }
        let again = self.change_each(remapped, change, key, hashes, pairs, carried).await?;
        self.tell_joined(&again)?;
        found.extend(again);
        self.recognise(&found, hashes).await?;
        pairs.extend(found);
        Ok(twins)
    }

    /// Rows that equal an earlier one of ours become one with that, or are left out with it.
    pub(super) async fn join_twins(
        &mut self,
        remapped: &Remapped,
        twins: &Twins,
        key: &(dyn Fn(usize) -> Value + Sync),
        hashes: &[u128],
        pairs: &mut Vec<(usize, Value, Value)>,
        carried: &mut Carried,
    ) -> Result<()> {
        let ExistingPlan::Recognise { ours, .. } = &self.entity().existing else { return Ok(()) };
        if twins.is_empty() {
            return Ok(());
        }
        let written: HashMap<usize, Value> =
            pairs.iter().map(|(row, _, id)| (*row, id.clone())).collect();
        let (mut alone, mut joined) = (Vec::new(), Vec::new());
        for (place, first) in twins {
            match written.get(&remapped.kept[*first]) {
                // The earlier one was refused; this one may be better.
                None => alone.push(*place),
                Some(id) if *ours == OnMatch::LeaveOut => {
                    let what =
                        format!("it is the same row by its key as another of ours, now {id}");
                    self.leave_out_as(key(remapped.kept[*place]), what, true, carried)?;
                }
                Some(id) => {
                    let row = remapped.kept[*place];
                    joined.push((row, key(remapped.kept[*place]), id.clone()));
                }
            }
        }
        self.tell_joined(&joined)?;
        self.recognise(&joined, hashes).await?;
        pairs.extend(joined);
        self.insert(remapped, &alone, key, hashes, pairs, carried).await
    }

    /// Says which rows of ours became one with others of ours.
    fn tell_joined(&self, joined: &[(usize, Value, Value)]) -> Result<()> {
        if joined.is_empty() {
            return Ok(());
        }
        let shown: Vec<String> =
            joined.iter().take(10).map(|(_, key, id)| format!("{key} is now {id}")).collect();
        self.story.tell(&format!(
            "{}: {} rows of the source equal others of it by their key and became one with \
             them: {}{}",
            self.entity().name,
            joined.len(),
            shown.join(", "),
            if joined.len() > shown.len() { " …" } else { "" }
        ))
    }

    /// Whether a row of ours that brings its identifier along was found under another one.
    fn has_another_name(&self, own: &Value, found: &Value) -> bool {
        matches!(self.entity().identifier, IdentifierPlan::Kept { .. })
            && folded(own) != folded(found)
    }

    /// What each row is equal to in the destination. A row whose values do not fit there equals
    /// none; that it is refused is said when it is inserted.
    async fn alike(&mut self, remapped: &Remapped, parts: &[&Column]) -> Result<Vec<Alike>> {
        let entity = self.entity();
        let (ExistingPlan::Recognise { key, .. }, Some(identifier)) =
            (&entity.existing, entity.destination_key())
        else {
            return Ok(vec![Alike::Nothing; remapped.kept.len()]);
        };
        let target = AlikeTarget {
            table: entity.destination_table.clone(),
            columns: key.iter().map(|part| entity.columns[*part].destination.clone()).collect(),
            identifier: ColumnRef::from(identifier),
        };
        let batch = Batch::new(parts.iter().map(|part| (*part).clone()).collect())?;
        let mut found = vec![Alike::Nothing; batch.len()];
        let mut pending = vec![(0..batch.len()).collect::<Vec<usize>>()];
        while let Some(rows) = pending.pop().filter(|rows| !rows.is_empty()) {
            let some =
                if rows.len() == batch.len() { batch.clone() } else { batch.select(&rows)? };
            let trouble = self.teller.trouble(self.place);
            match self.session.alike(&target, &some, &trouble).await {
                Ok(alike) => {
                    for (row, alike) in rows.iter().zip(alike) {
                        found[*row] = match alike {
                            Alike::Earlier(first) => Alike::Earlier(rows[first]),
                            other => other,
                        };
                    }
                }
                Err(fault) if fault.kind == FaultKind::Refused && rows.len() > 1 => {
                    let (first, second) = rows.split_at(rows.len() / 2);
                    pending.push(second.to_vec());
                    pending.push(first.to_vec());
                }
                Err(fault) if fault.kind == FaultKind::Refused => {}
                Err(fault) => return Err(fault),
            }
        }
        Ok(found)
    }

    /// Rows, by their place in what was read, of whose key a reference had to be emptied.
    fn emptied_in_key(&self, remapped: &Remapped) -> HashSet<usize> {
        let ExistingPlan::Recognise { key, .. } = &self.entity().existing else {
            return HashSet::new();
        };
        let emptied = remapped.emptied.iter();
        emptied.filter(|(_, cell)| key.contains(&cell.column)).map(|(row, _)| *row).collect()
    }

    fn leave_out_as(
        &self,
        key: Value,
        reason: String,
        planned: bool,
        carried: &mut Carried,
    ) -> Result<()> {
        let row = LeftOutRow {
            entity: self.place,
            key,
            reason,
            planned,
            code: None,
            refusal: Default::default(),
        };
        self.leave_out(&row, carried)
    }

    /// Notes rows whose id in the destination is there without their being inserted.
    async fn recognise(&self, found: &[(usize, Value, Value)], hashes: &[u128]) -> Result<()> {
        if found.is_empty() {
            return Ok(());
        }
        let rows = found.len() as u64;
        let batch = NewBatch {
            entity: Some(self.place),
            source_keys: Keys::of(found.iter().map(|(_, source, _)| source.clone())),
            destination_keys: Keys::of(found.iter().map(|(_, _, id)| id.clone())),
            digest: combine(found.iter().map(|(row, _, _)| hashes[*row])),
            ..NewBatch::new(BatchKind::Recognise, "", rows)
        };
        let number = self.story.recorder.next_batch();
        let _ = self.story.recorder.prepare(number, Arc::new(batch)).await?;
        self.story.recorder.committed(number)?;
        self.teller.entity(self.place, |progress| progress.recognised += rows);
        Ok(())
    }
}
