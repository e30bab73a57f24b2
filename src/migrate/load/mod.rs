//! One entity: read in key order, remap, write, and know whose id became whose.

use std::sync::Arc;

use tokio::sync::mpsc;

mod ahead;
mod backward;
mod change;
mod foreseen;
mod insert;
mod recognise;
mod size;
mod stand_there;

use ahead::{Ahead, Ready};
pub(super) use size::BatchSize;

pub(super) use insert::written_to;

use super::control::Control;
use super::journal::LeftOutRow;
use super::key_set::KeySet;
use super::past::PastEntity;
use super::progress::{EntityState, Teller};
use super::range::IdRange;
use super::reader::{Read, Reader, Wanted, key_of, request, rows_below};
use super::reading::Reading;
use super::remap::{Carried, Maps, Remapped, came_twice, fold};
use super::session::WriteSession;
use super::story::Story;
use super::unkeyed::Unkeyed;
use super::unreadable::Unreadable;
use crate::database::{Batch, Destination, Fault, FaultKind, Filter, Result, Source, Value};
use crate::outsystems::SourceId;
use crate::plan::{EntityPlan, IdentifierPlan, Plan};
use crate::proof::Canonical;

/// What loading an entity needs.
pub(super) struct Load<'a> {
    pub(super) plan: &'a Plan,
    pub(super) place: usize,
    pub(super) source: Arc<dyn Source>,
    pub(super) reading: &'a Reading,
    pub(super) destination: &'a Arc<dyn Destination>,
    pub(super) story: &'a Story,
    /// What was done of it before this stretch of the run.
    pub(super) past: Arc<PastEntity>,
    pub(super) maps: &'a Maps,
    pub(super) teller: &'a Teller,
    pub(super) control: Control,
    pub(super) session: &'a mut WriteSession,
    /// Takes turns with it, where there is one: it brings rows to the server while the other
    /// writes.
    pub(super) spare: Option<&'a mut WriteSession>,
    /// How many rows the next transaction inserts.
    pub(super) size: BatchSize,
    pub(super) unkeyed: Unkeyed,
    /// The ids that its rows are given, where the run does that itself.
    pub(super) range: Option<Arc<IdRange>>,
    /// Rows of the destination that this run has written, where it changes rows that are there:
    /// each takes the values of one row of ours.
    pub(super) taken: KeySet,
    /// Rows above this id came after the run had started and are not read.
    pub(super) mark: Option<SourceId>,
}

impl<'a> Load<'a> {
    pub(super) fn entity(&self) -> &'a EntityPlan {
        &self.plan.entities[self.place]
    }

    /// Carries the entity's rows over.
    pub(super) async fn run(mut self) -> Result<Carried> {
        self.teller.state(self.place, EntityState::Writing);
        let mut carried = Carried::clone(&self.past.carried);
        self.unkeyed.written.clone_from(&self.past.written);
        self.taken.clone_from(&self.past.taken);
        self.unkeyed.counted = self.count_before().await?;
        self.unkeyed.standing = self.contents_there().await?;
        if self.entity().key_column().is_none() {
            self.story.recorder.forget_left_out(self.place)?;
        }
        self.range = self.own_ids().await?.map(Arc::new);
        let name = self.entity().name.clone();
        let wanted = Wanted::new(self.entity());
        // Rows that nothing tells apart are all read again.
        let mut rows = match self.entity().again.is_none() {
            true => carried.map.len() + carried.left_out.len() as u64,
            false => 0,
        };
        // To look for them takes as long as to read the table: that is done once a row cannot be
        // read. Without identifier nobody knows then where to go on.
        let mut unreadable = match self.entity().key_column() {
            None => Some(self.set_aside(&wanted, &mut carried, &mut rows).await?),
            Some(_) => None,
        };
        let mut reached = self.past.reached.clone();
        let past = Arc::clone(&self.past);
        let (plan, place, maps) = (self.plan, self.place, self.maps);
        let range = self.range.clone();
        let ahead = Ahead { plan, place, maps, past: &past, wanted: &wanted, range };
        let mut batches = self.read_ahead(unreadable.as_ref(), reached.clone()).await?;
        let mut next = ahead.next(&mut batches, None).await;
        loop {
            let ready = match next {
                Err(fault) if unreadable.is_none() && self.may_be_unreadable(&fault) => {
                    let found = self.set_aside(&wanted, &mut carried, &mut rows).await?;
                    batches = self.read_ahead(Some(&found), reached.clone()).await?;
                    unreadable = Some(found);
                    next = ahead.next(&mut batches, None).await;
                    continue;
                }
                next => next.map_err(|fault| fault.while_doing(format!("reading {name}")))?,
            };
            let Some(Ready { batch, hashes, remapped, last }) = ready else { break };
            self.control.between_batches().await?;
            reached = Some(last.clone()).filter(|last| !last.is_null()).or(reached);
            rows += batch.len() as u64;
            self.teller.entity(self.place, |progress| progress.read = rows);
            let (mut spare, size) = (self.spare.take(), self.size);
            let write = async {
                self.carry(&batch, &hashes, &remapped?, &mut carried).await?;
                match last.is_null() {
                    true => Ok(()),
                    false => self.story.recorder.reached(self.place, &last),
                }
            };
            let (written, following) =
                tokio::join!(write, ahead.next(&mut batches, spare.as_deref_mut().zip(Some(size))));
            written.map_err(|fault: Fault| fault.while_doing(format!("writing {name}")))?;
            next = following;
            // With ids of our own nothing was staged there.
            let is_ordinary = self.range.as_ref().is_none_or(|range| range.is_ordinary());
            if let Some(spare) = spare.as_mut().filter(|_| is_ordinary) {
                std::mem::swap(self.session, *spare);
            }
            self.spare = spare;
        }
        self.sweep(rows, &mut carried)
            .await
            .map_err(|fault| fault.while_doing(format!("reading {name} to its end")))?;
        self.teller.state(self.place, EntityState::Done);
        Ok(carried)
    }

    /// The number of rows that a table has whose rows nothing tells apart.
    async fn count_before(&self) -> Result<Option<u64>> {
        match self.entity().key_column() {
            Some(_) => Ok(None),
            None => {
                let table = &self.entity().destination_table;
                self.destination.count(table, &Filter::All).await.map(Some)
            }
        }
    }

    /// The ids to give the rows that are still to come; `None` where the run gives none.
    async fn own_ids(&self) -> Result<Option<IdRange>> {
        let entity = self.entity();
        let IdentifierPlan::Generated { destination: key, .. } = &entity.identifier else {
            return Ok(None);
        };
        if !self.plan.options.identity_ranges {
            return Ok(None);
        }
        let among = rows_below(entity, self.mark);
        let there = self.source.count(&entity.source_table, &among).await?;
        let wanted = entity.again.as_ref().map_or(there, |again| there.min(again.len() as u64));
        let dealt_with = self.past.carried.map.len() + self.past.carried.left_out.len() as u64;
        let (table, rows) = (&entity.destination_table, wanted.saturating_sub(dealt_with));
        IdRange::open(self.destination, self.story, self.place, table, key, rows).map(Some)
    }

    /// Whether a value may be what could not be read.
    fn may_be_unreadable(&self, fault: &Fault) -> bool {
        fault.kind == FaultKind::Data && self.source.facts().capabilities.untyped
    }

    /// Rejects the rows that cannot be read at all, and counts them as read.
    async fn set_aside(
        &self,
        wanted: &Wanted,
        carried: &mut Carried,
        rows: &mut u64,
    ) -> Result<Unreadable> {
        let among = rows_below(self.entity(), self.mark);
        let source = self.source.as_ref();
        let found = Unreadable::find(source, self.entity(), self.place, &among).await?;
        for row in &found.rows {
            if row.key.is_null() || (wanted.has(&row.key) && !self.past.knows(&row.key)) {
                self.leave_out(row, carried)?;
                *rows += 1;
            }
        }
        Ok(found)
    }

    /// Starts reading behind this key; a bounded channel keeps the reader at most a few batches
    /// ahead.
    async fn read_ahead(
        &self,
        unreadable: Option<&Unreadable>,
        after: Option<Value>,
    ) -> Result<mpsc::Receiver<Result<Read>>> {
        let mut request = request(self.plan, self.place, self.mark, after)?;
        if let Some(unreadable) = unreadable {
            request.filter = unreadable.others(request.filter);
        }
        let reader = Reader {
            source: Arc::clone(&self.source),
            canonical: Canonical::for_source(self.plan, self.entity()),
            // An instant does not come back with its connection.
            waits: !self.reading.is_one_instant(),
            note: self.story.note(),
            trouble: Box::new(self.teller.trouble(self.place)),
            request,
        };
        reader.start().await
    }

    /// Writes a batch: the rows as they were read, and what they become.
    pub(super) async fn carry(
        &mut self,
        batch: &Batch,
        hashes: &[u128],
        remapped: &Remapped,
        carried: &mut Carried,
    ) -> Result<()> {
        for row in &remapped.left_out {
            self.leave_out(row, carried)?;
        }
        let entity = self.entity();
        let key = |row: usize| key_of(entity, batch, row);
        // Pairs of source and destination key, with the place of the row in the batch.
        let mut pairs: Vec<(usize, Value, Value)> = Vec::with_capacity(remapped.kept.len());
        let mut new: Vec<usize> = (0..remapped.kept.len()).collect();
        let twins =
            self.known_already(remapped, &key, hashes, &mut new, &mut pairs, carried).await?;
        if self.entity().key_column().is_none() {
            self.unkeyed.leave_off(remapped, &mut new);
            self.stand_there(remapped, hashes, &mut new).await?;
        }
        self.insert(remapped, &new, &key, hashes, &mut pairs, carried).await?;
        self.join_twins(remapped, &twins, &key, hashes, &mut pairs, carried).await?;
        pairs.sort_by_key(|(row, _, _)| *row);
        let changes = !self.entity().existing.sets().is_empty();
        for (_, source, destination) in pairs {
            if changes {
                self.taken.add(&destination);
            }
            if !carried.keep(&source, &destination) {
                return Err(came_twice(self.entity()));
            }
        }
        Ok(())
    }

    fn leave_out(&self, row: &LeftOutRow, carried: &mut Carried) -> Result<()> {
        self.story.recorder.leave_out(row)?;
        carried.left_out.insert(fold(&row.key), row.planned);
        self.teller.entity(self.place, |progress| {
            if row.planned {
                progress.left_out += 1;
            } else {
                progress.rejected += 1;
                progress.trouble = Some(row.reason.clone());
            }
        });
        if row.planned {
            return Ok(());
        }
        let name = &self.entity().name;
        let code = row.code.map_or_else(String::new, |code| format!(" (error {code})"));
        let what = match row.key {
            Value::Null => format!("a row of {name} was rejected{code}"),
            ref key => format!("row {key} of {name} was rejected{code}"),
        };
        self.story.rejects.another(&what)
    }
}
