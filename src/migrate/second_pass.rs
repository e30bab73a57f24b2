//! References that had to wait: set once all rows are there.

use super::control::Control;
use super::journal::{BatchKind, EmptiedCell, Keys, NewBatch, WrittenTo};
use super::operation::Operation;
use super::progress::{EntityState, Teller};
use super::remap::{Maps, resolve_late};
use super::session::WriteSession;
use super::story::Story;
use crate::database::{Batch, Column, ColumnRef, ColumnShape, Result, UpdateTarget, Value};
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
        let mut after = journal.set_up_to(&late.written_to())?;
        while let Some(waiting) = journal.deferred(late.place, late.column, after)? {
            self.control.between_batches().await?;
            after = waiting.batch;
            let mut keys = Column::for_type(&late.key.data_type)?;
            let mut values = Column::for_type(&late.shape().data_type)?;
            let mut set = Vec::new();
            for (key, destination, value) in waiting.cells {
                match resolve_late(self.plan, self.maps, late.rule, &value) {
                    Ok(id) => {
                        keys.push(&destination)?;
                        values.push(&id)?;
                        set.push(destination);
                    }
                    Err(reason) => self.story.recorder.empty(
                        late.place,
                        &EmptiedCell { column: late.column, key, value, reason },
                    )?,
                }
            }
            if !set.is_empty() {
                self.write(late, &Batch::new(vec![keys, values])?, &set, after).await?;
            }
        }
        Ok(())
    }

    async fn write(
        &mut self,
        late: &Late<'_>,
        batch: &Batch,
        set: &[Value],
        origin: i64,
    ) -> Result<()> {
        let target = UpdateTarget {
            table: late.entity.destination_table.clone(),
            key: late.key.clone(),
            columns: vec![late.shape().clone()],
        };
        let place = late.place;
        self.session
            .write(
                &Operation::Update { target: &target, batch },
                &mut |_, session| NewBatch {
                    entity: Some(place),
                    written_to: Some(late.written_to()),
                    destination_keys: Keys::of(set.iter().cloned()),
                    origin: Some(origin),
                    ..NewBatch::new(BatchKind::SecondPass, session, set.len() as u64)
                },
                &self.teller.trouble(place),
            )
            .await
            .map(drop)
    }
}
