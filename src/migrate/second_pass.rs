//! References that had to wait: set once all rows are there.

use std::collections::HashSet;

use super::control::Control;
use super::journal::{
    BatchKind, DeferredBatch, EmptiedCell, Journal, Keys, NewBatch, Refused, RefusedKind, WrittenTo,
};
use super::operation::Operation;
use super::progress::{EntityState, Teller};
use super::remap::{Maps, Settled, fold, settle_late};
use super::retry::calls_for_halves;
use super::session::WriteSession;
use super::story::Story;
use crate::database::{
    Batch, Column, ColumnRef, ColumnShape, Fault, FaultKind, Result, UpdateTarget, Value,
};
use crate::plan::{EntityPlan, Plan, ReferenceRule, Rule};

/// What setting them needs.
pub(super) struct SecondPass<'a> {
    pub(super) plan: &'a Plan,
    pub(super) maps: &'a Maps,
    pub(super) story: &'a Story,
    pub(super) session: &'a mut WriteSession,
    pub(super) control: &'a mut Control,
    pub(super) teller: &'a Teller,
}

/// A column whose references had to wait.
struct Late<'a> {
    place: usize,
    entity: &'a EntityPlan,
    column: usize,
    rule: &'a ReferenceRule,
    key: &'a ColumnShape,
}

impl<'a> Late<'a> {
    fn shape(&self) -> &'a ColumnShape {
        &self.entity.columns[self.column].destination
    }

    fn written_to(&self) -> WrittenTo {
        WrittenTo {
            table: self.entity.destination_table.clone(),
            key: Some(ColumnRef::from(self.key)),
            columns: vec![ColumnRef::from(self.shape())],
        }
    }

    /// The rows, by their source key, whose reference was found to stay as it is: empty, or where the
    /// destination would not even have it emptied.
    fn given_up(&self, journal: &Journal) -> Result<HashSet<String>> {
        let emptied = journal.emptied_late(self.place)?.into_iter();
        let emptied = emptied.filter(|cell| cell.column == self.column).map(|cell| cell.key);
        let refused = journal.refused(RefusedKind::Reference)?.into_iter();
        let refused = refused
            .filter(|one| one.entity == Some(self.place) && one.place == self.shape().name)
            .map(|one| one.key);
        Ok(emptied.chain(refused).map(|key| fold(&key)).collect())
    }

    /// The rows, by their destination key, of which this batch's references are set.
    fn set_of(&self, journal: &Journal, batch: i64) -> Result<HashSet<String>> {
        let to = self.written_to();
        let set = journal.of_origin(BatchKind::SecondPass, batch)?.into_iter();
        let set = set.filter(|batch| batch.written_to.as_ref() == Some(&to));
        Ok(set.flat_map(|batch| batch.destination_keys.iter().collect::<Vec<_>>()))
            .map(|keys| keys.map(|key| fold(&key)).collect())
    }
}

/// A reference to be set.
#[derive(Clone)]
struct Reference {
    /// The row's key in the source.
    source: Value,
    /// Its key in the destination.
    row: Value,
    /// What the source refers to.
    value: Value,
    /// What that became; or why a soft key, which still holds the id of the source, is emptied.
    id: std::result::Result<Value, Fault>,
}

/// What an attribute holds whose reference cannot be set.
#[derive(Clone, Copy)]
enum Stays {
    /// Nothing.
    Empty,
    /// The id of the source, which the destination would not even have emptied.
    Old,
}

impl SecondPass<'_> {
    /// Sets every reference of the plan that had to wait.
    pub(super) async fn set_references(&mut self) -> Result<()> {
        let plan = self.plan;
        for (place, entity) in plan.entities.iter().enumerate() {
            let Some(key) = entity.destination_key() else { continue };
            for (column, planned) in entity.columns.iter().enumerate() {
                let Rule::Reference(rule) = &planned.rule else { continue };
                if rule.is_deferred {
                    self.teller.state(place, EntityState::SecondPass);
                    self.set(&Late { place, entity, column, rule, key }).await.map_err(
                        |fault| {
                            fault.while_doing(format!(
                                "setting {}.{}",
                                entity.name, planned.attribute
                            ))
                        },
                    )?;
                }
            }
            self.teller.state(place, EntityState::Done);
        }
        Ok(())
    }

    /// Sets the references of a column, those of one batch after the other.
    async fn set(&mut self, late: &Late<'_>) -> Result<()> {
        self.story.recorder.flush().await?;
        let journal = self.story.recorder.reader()?;
        let given_up = late.given_up(&journal)?;
        // The last batch may have been set in parts, of which the others were still to come.
        let begun = journal.set_up_to(&late.written_to())?;
        let mut after = begun.saturating_sub(1);
        while let Some(waiting) = journal.deferred(late.place, late.column, after)? {
            self.control.between_batches().await?;
            after = waiting.batch;
            let set = match after == begun {
                true => late.set_of(&journal, begun)?,
                false => HashSet::new(),
            };
            let references = self.resolved(late, waiting, &given_up, &set)?;
            self.write_all(late, references, after).await?;
        }
        Ok(())
    }

    /// What is to be set; what leads nowhere is noted.
    fn resolved(
        &self,
        late: &Late<'_>,
        waiting: DeferredBatch,
        given_up: &HashSet<String>,
        set: &HashSet<String>,
    ) -> Result<Vec<Reference>> {
        let mut references = Vec::new();
        for (source, row, value) in waiting.cells {
            if given_up.contains(&fold(&source)) {
                continue;
            }
            let is_set = set.contains(&fold(&row));
            match settle_late(self.plan, self.maps, late.rule, late.shape(), &value) {
                Settled::Id(_) if is_set => {}
                Settled::Id(id) => references.push(Reference { source, row, value, id: Ok(id) }),
                Settled::Goes(why) => {
                    let fault = Fault::new(FaultKind::Refused, why);
                    match is_set {
                        // It is empty, and the run stopped before that was noted.
                        true => self.give_up(late, source, value, fault, Stays::Empty)?,
                        false => {
                            references.push(Reference { source, row, value, id: Err(fault) });
                        }
                    }
                }
                Settled::Stays(_) if is_set => {}
                Settled::Stays(reason) => {
                    let cell = EmptiedCell { column: late.column, key: source, value, reason };
                    self.story.recorder.empty(late.place, &cell, None)?;
                }
            }
        }
        Ok(references)
    }

    /// Sets references; one that the destination refuses is searched by halves and stays empty. A
    /// soft key is emptied then, for it holds an id of the source.
    async fn write_all(
        &mut self,
        late: &Late<'_>,
        references: Vec<Reference>,
        origin: i64,
    ) -> Result<()> {
        let mut pending = vec![references];
        while let Some(mut references) = pending.pop() {
            if references.is_empty() {
                continue;
            }
            let Err(fault) = self.write(late, &references, origin).await else {
                for Reference { source, value, id, .. } in references {
                    if let Err(why) = id {
                        self.give_up(late, source, value, why, Stays::Empty)?;
                    }
                }
                continue;
            };
            if calls_for_halves(&fault, references.len()) {
                let second = references.split_off(references.len() / 2);
                pending.extend([second, references]);
                continue;
            }
            match references.pop() {
                Some(reference) if fault.kind == FaultKind::Refused => {
                    let Reference { source, value, .. } = reference;
                    match (late.rule.soft.is_some(), &reference.id) {
                        (true, Ok(_)) => {
                            let emptied = Reference { source, value, id: Err(fault), ..reference };
                            pending.push(vec![emptied]);
                        }
                        (true, Err(_)) => self.give_up(late, source, value, fault, Stays::Old)?,
                        (false, _) => self.give_up(late, source, value, fault, Stays::Empty)?,
                    }
                }
                _ => return Err(fault),
            }
        }
        Ok(())
    }

    /// Notes and counts a reference that cannot be set.
    fn give_up(
        &self,
        late: &Late<'_>,
        key: Value,
        value: Value,
        fault: Fault,
        stays: Stays,
    ) -> Result<()> {
        let planned = &late.entity.columns[late.column];
        let how = match stays {
            Stays::Old => " (the id of the source stays)",
            Stays::Empty if late.rule.may_be_emptied => "",
            Stays::Empty => " (it is mandatory, and stays empty)",
        };
        let code = fault.code.map_or_else(String::new, |code| format!(" (error {code})"));
        let what = format!(
            "the reference {}.{} of row {key} was rejected{code}{how}",
            late.entity.name, planned.attribute
        );
        let reason = fault.what.clone();
        let refused = Refused {
            entity: Some(late.place),
            other: value.clone(),
            ..Refused::new(RefusedKind::Reference, &planned.destination.name, key.clone(), fault)
        };
        match stays {
            Stays::Empty => {
                let cell = EmptiedCell { column: late.column, key, value, reason };
                self.story.recorder.empty(late.place, &cell, Some(refused))?;
            }
            Stays::Old => self.story.recorder.refuse(refused)?,
        }
        self.story.tell(&what)?;
        self.story.rejects.another(&what)
    }

    async fn write(
        &mut self,
        late: &Late<'_>,
        references: &[Reference],
        origin: i64,
    ) -> Result<()> {
        let mut keys = Column::for_type(&late.key.data_type)?;
        let mut values = Column::for_type(&late.shape().data_type)?;
        for reference in references {
            keys.push(&reference.row)?;
            values.push(reference.id.as_ref().unwrap_or(&late.rule.none))?;
        }
        let batch = Batch::new(vec![keys, values])?;
        let target = UpdateTarget {
            table: late.entity.destination_table.clone(),
            key: late.key.clone(),
            columns: vec![late.shape().clone()],
        };
        let place = late.place;
        self.session
            .write(
                &Operation::Update { target: &target, batch: &batch },
                &mut |_, session| NewBatch {
                    entity: Some(place),
                    written_to: Some(late.written_to()),
                    destination_keys: Keys::of(references.iter().map(|one| one.row.clone())),
                    origin: Some(origin),
                    ..NewBatch::new(BatchKind::SecondPass, session, references.len() as u64)
                },
                &self.teller.trouble(place),
            )
            .await
            .map(drop)
    }
}
