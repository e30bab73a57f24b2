//! Rows of one entity after the other, read, inserted and rolled back.

use std::collections::HashMap;
use std::time::Instant;

use futures::FutureExt;
use futures::future::BoxFuture;

use super::super::operation::{Operation, own_key, target_of, within};
use super::super::reader::request;
use super::super::remap::{Maps, remapped};
use super::choose::most_rows;
use super::lead::{has_to_be_led, led};
use super::{MOST_BATCHES, Timed};
use crate::database::{
    Batch, ColumnRef, Destination, Fault, FaultKind, Filter, Result, RowsRequest, Source, Value,
    ValueKind, Writer, same_name,
};
use crate::outsystems::InstanceTable;
use crate::plan::{EntityPlan, IdentifierPlan, PersonPlan, Plan, Rule, Target};

/// Rows of the destination that references are led to, at most.
const LED_TO: usize = 2_000;

/// A probe's session and what its rows are rewritten by.
pub(super) struct Trial<'a> {
    /// The plan; maps of references that are led elsewhere come after its own fixed ones.
    plan: Plan,
    own: usize,
    maps: Maps,
    source: &'a dyn Source,
    destination: &'a dyn Destination,
    writer: Box<dyn Writer>,
    ids_come_back: bool,
    /// Identifiers that the destination has, by the entity's place.
    there: HashMap<usize, Vec<Value>>,
}

/// A batch as it was read, and the microseconds that took.
type Read = (Batch, u64);

impl<'a> Trial<'a> {
    pub(super) async fn new(
        plan: &Plan,
        source: &'a dyn Source,
        destination: &'a dyn Destination,
        session: &str,
    ) -> Result<Self> {
        Ok(Self {
            plan: plan.clone(),
            own: plan.fixed.len(),
            maps: Maps::new(plan),
            source,
            destination,
            writer: destination.writer(session).await?,
            ids_come_back: destination.facts().capabilities.ids_come_back,
            there: HashMap::new(),
        })
    }

    /// Tries out rows of the entity at this place, batch by batch.
    pub(super) async fn entity(&mut self, place: usize) -> Result<Vec<Timed>> {
        self.may_be_seen(place).await?;
        if matches!(self.at(place)?.identifier, IdentifierPlan::Extension { .. }) {
            return Err(not_tried("its rows have the ids of rows that are not carried over yet"));
        }
        let read = self.read(place).await?;
        if read.is_empty() {
            return Err(not_tried("it has no rows any more"));
        }
        let mut timed = Vec::with_capacity(read.len());
        for (batch, micros) in &read {
            self.writer.begin().await?;
            let tried = self.batch(place, batch).await;
            let rolled_back = self.writer.rollback().await;
            let (rows, write) = tried?;
            rolled_back?;
            timed.push(Timed { rows, read: *micros, write });
        }
        Ok(timed)
    }

    /// Refuses rows that must not be seen by anybody even for a moment: who reads what is not
    /// committed sees them.
    async fn may_be_seen(&self, place: usize) -> Result<()> {
        let entity = self.at(place)?;
        if InstanceTable::of_table(&entity.destination_table.name).is_some() {
            return Err(not_tried(
                "the platform might act on instances of processes that are not committed",
            ));
        }
        let is_its = |table: &&crate::plan::EventTable| {
            same_name(&table.of.name, &entity.destination_table.name)
        };
        for events in self.plan.events.iter().filter(is_its) {
            if self.destination.count(&events.table, &Filter::All).await? > 0 {
                return Err(not_tried("its rows start processes"));
            }
        }
        Ok(())
    }

    fn at(&self, place: usize) -> Result<&EntityPlan> {
        let found = self.plan.entities.get(place);
        found.ok_or_else(|| Fault::new(FaultKind::Other, "an entity that the plan does not have"))
    }

    /// Reads some batches, of the newer half of the rows where ids tell: rows of today are what most
    /// of them are like.
    async fn read(&self, place: usize) -> Result<Vec<Read>> {
        let entity = self.at(place)?;
        let most = most_rows(&self.plan);
        let is_large = entity.source_rows / 3 > most as u64 && entity.again.is_none();
        if is_large
            && let Some(key) =
                entity.key_column().filter(|key| key.data_type.kind() == Some(ValueKind::Integer))
        {
            let highest = self.source.highest(&entity.source_table, &key.name).await?;
            if let Some(middle) = highest.filter(|highest| *highest > 1).map(|highest| highest / 2)
            {
                let read = self.read_from(place, Some(Value::Integer(middle)), most).await?;
                if read.len() > 1 {
                    return Ok(read);
                }
            }
        }
        self.read_from(place, None, most).await
    }

    async fn read_from(
        &self,
        place: usize,
        after: Option<Value>,
        most: usize,
    ) -> Result<Vec<Read>> {
        let mut request = request(&self.plan, place, None, after)?;
        request.batch_rows = request.batch_rows.min(most);
        let mut scan = self.source.scan(request).await?;
        let (mut read, mut rows) = (Vec::new(), 0);
        while read.len() < MOST_BATCHES && rows < most {
            let begun = Instant::now();
            let Some(batch) = scan.next().await? else { break };
            rows += batch.len();
            read.push((batch, micros(begun)));
        }
        Ok(read)
    }

    /// Rewrites and inserts a batch in the transaction that is open: the rows, and the microseconds.
    async fn batch(&mut self, place: usize, read: &Batch) -> Result<(u64, u64)> {
        let entity = self.led(place, read, &mut vec![place]).await?;
        let begun = Instant::now();
        let remapped = remapped(&self.plan, &entity, place, read, &self.maps)?;
        if remapped.kept.is_empty() {
            return Err(not_tried("none of the rows that were read can be carried over"));
        }
        self.insert(&entity, &remapped.batch).await?;
        Ok((remapped.kept.len() as u64, micros(begun)))
    }

    /// Inserts rows in the transaction that is open, as a run does; what is looked at afterwards is
    /// part of it. The identifiers that they have there.
    async fn insert(&mut self, entity: &EntityPlan, batch: &Batch) -> Result<Vec<Value>> {
        let target = target_of(entity);
        let key = own_key(entity);
        let own = key.as_ref().map(|(_, column)| {
            (0..batch.len()).map(|row| batch.column(*column).value(row)).collect()
        });
        let operation = Operation::Insert { target: &target, batch, key, own_ids: None };
        let done = within(&mut self.writer, &operation, self.ids_come_back).await?;
        Ok(own.unwrap_or_else(|| done.ids.iter().copied().map(Value::from).collect()))
    }

    /// The entity with its references led to rows that are there: some that the destination has;
    /// where it has none, one of the source that is inserted first in the same transaction. The trail
    /// is of the entities that wait for this one.
    async fn led(
        &mut self,
        place: usize,
        read: &Batch,
        trail: &mut Vec<usize>,
    ) -> Result<EntityPlan> {
        let entity = self.at(place)?.clone();
        let rules = entity.columns.iter().filter_map(|column| match &column.rule {
            Rule::Reference(rule) if has_to_be_led(rule) => {
                Some((rule.target, rule.may_be_emptied))
            }
            _ => None,
        });
        let mut there: Vec<(Target, Vec<Value>)> = Vec::new();
        for (target, may_be_emptied) in rules {
            if there
                .iter()
                .any(|(known, ids)| *known == target && (!ids.is_empty() || may_be_emptied))
            {
                continue;
            }
            let mut ids = self.ids_there(target).await?;
            if let Target::Entity(of) = target
                && ids.is_empty()
                && !may_be_emptied
            {
                ids.extend(self.first_row(of, trail).await?);
            }
            there.retain(|(known, _)| *known != target);
            there.push((target, ids));
        }
        // Those of the batch before are of no use any more.
        self.plan.fixed.truncate(self.own);
        let mut fixed = std::mem::take(&mut self.plan.fixed);
        let ids = |target: Target| -> Vec<Value> {
            let found = there.iter().find(|(known, _)| *known == target);
            found.map(|(_, ids)| ids.clone()).unwrap_or_default()
        };
        let led = led(&entity, read, &mut fixed, &ids, &|target| self.name_of(target));
        self.plan.fixed = fixed;
        let led = led.map_err(not_tried)?;
        self.maps.take_fixed(&self.plan, self.own);
        Ok(led)
    }

    fn name_of(&self, target: Target) -> String {
        match target {
            Target::Entity(place) => {
                self.plan.entities.get(place).map_or_else(String::new, |one| one.name.clone())
            }
            Target::Groups => "a group".to_owned(),
            _ => "a user".to_owned(),
        }
    }

    /// Identifiers of rows that the destination has.
    async fn ids_there(&mut self, target: Target) -> Result<Vec<Value>> {
        let people = |people: &[PersonPlan]| -> Vec<Value> {
            let found = people.iter().filter_map(|person| person.fate.found());
            found.map(Value::from).collect()
        };
        let place = match target {
            Target::Entity(place) => place,
            Target::Users => return Ok(people(&self.plan.users)),
            Target::Groups => return Ok(people(&self.plan.groups)),
            _ => return Ok(Vec::new()),
        };
        if let Some(ids) = self.there.get(&place) {
            return Ok(ids.clone());
        }
        let entity = self.at(place)?;
        let Some(key) = entity.destination_key() else { return Ok(Vec::new()) };
        let request = RowsRequest {
            table: entity.destination_table.clone(),
            columns: vec![ColumnRef::from(key)],
            filter: Filter::All,
            order_by: None,
            limit: Some(LED_TO),
        };
        let rows = self.destination.rows(&request).await?;
        let ids: Vec<Value> = (0..rows.len()).map(|row| rows.column(0).value(row)).collect();
        self.there.insert(place, ids.clone());
        Ok(ids)
    }

    /// Inserts a row of this entity in the transaction that is open, so that others can refer to it;
    /// its identifier, where there is one and it can be.
    fn first_row<'b>(
        &'b mut self,
        place: usize,
        trail: &'b mut Vec<usize>,
    ) -> BoxFuture<'b, Result<Option<Value>>> {
        async move {
            if trail.contains(&place) || self.may_be_seen(place).await.is_err() {
                return Ok(None);
            }
            let read = self.read_from(place, None, 1).await?;
            let Some((batch, _)) = read.into_iter().next() else { return Ok(None) };
            let batch = batch.select(&[0])?;
            trail.push(place);
            let entity = self.led(place, &batch, trail).await;
            trail.pop();
            let remapped = remapped(&self.plan, &entity?, place, &batch, &self.maps)?;
            if remapped.kept.is_empty() {
                return Ok(None);
            }
            let entity = self.at(place)?.clone();
            let ids = self.insert(&entity, &remapped.batch).await.map_err(|fault| {
                let name = &entity.name;
                fault.while_doing(format!("inserting a row of {name} that it refers to"))
            })?;
            Ok(ids.into_iter().next())
        }
        .boxed()
    }
}

/// Why an entity cannot be tried out.
fn not_tried(why: impl Into<String>) -> Fault {
    Fault::new(FaultKind::NotApplicable, why)
}

fn micros(begun: Instant) -> u64 {
    u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX)
}
