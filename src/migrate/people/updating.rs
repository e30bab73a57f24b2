//! Users that the destination has and that take what the source says of them.

use std::collections::{HashMap, HashSet};

use super::super::journal::{BatchKind, Keys, NewBatch, RefusedKind, WrittenTo};
use super::super::operation::{Operation, row_hashes};
use super::super::retry::calls_for_halves;
use super::{People, mask_user, shape};
use crate::database::{
    Batch, ColumnRef, ColumnShape, Fault, FaultKind, Filter, Result, RowsRequest, Source,
    TableName, UpdateTarget, Value,
};
use crate::outsystems::{DestinationId, SourceId};
use crate::plan::PersonFate;

/// What is read of users on both sides, and set in the destination.
struct Fields {
    table: TableName,
    /// ID and the columns to set, of the source.
    ours: Vec<ColumnRef>,
    target: UpdateTarget,
    /// ID and the columns to set, of the destination.
    returning: Vec<ColumnRef>,
}

impl People<'_> {
    /// Sets what the plan says in the users that it has updated; returns how many were changed.
    /// Who is already as it should be is not written.
    pub(super) async fn update(&mut self) -> Result<u64> {
        let users = self.plan.users.iter();
        let wanted: Vec<(SourceId, DestinationId)> = users
            .filter_map(|user| match user.fate {
                PersonFate::Update(id) => Some((user.source, id)),
                _ => None,
            })
            .collect();
        if wanted.is_empty() {
            return Ok(0);
        }
        let Some(fields) = self.fields().await? else { return Ok(0) };
        let table = &fields.target.table;
        let refused = self.refused_before(RefusedKind::Person, table)?;
        let done = self.updated_before()?;
        let mut wanted: Vec<_> = wanted
            .into_iter()
            .filter(|(source, _)| {
                !done.contains(source) && !refused.contains(&(Value::from(*source), Value::Null))
            })
            .collect();
        wanted.sort_unstable();
        let mut updated = 0;
        for some in wanted.chunks(self.plan.options.batch_rows.min(1000)) {
            let (sources, batch) = self.changes(&fields, some).await?;
            updated += self.update_rows(&fields, &batch, &sources).await?;
        }
        Ok(updated)
    }

    /// Whom an earlier stretch of the run has updated.
    fn updated_before(&self) -> Result<HashSet<SourceId>> {
        let batches = self.story.recorder.reader()?.of_kind(BatchKind::Change)?;
        let of_people = batches.iter().filter(|batch| batch.entity.is_none());
        let keys = of_people.flat_map(|batch| batch.source_keys.iter());
        Ok(keys.filter_map(|key| key.as_integer().map(SourceId)).collect())
    }

    async fn fields(&self) -> Result<Option<Fields>> {
        let name = TableName::new("OSSYS_USER");
        let ours = shape(self.source_model, &name)?;
        let theirs = shape(self.destination_model, &name)?;
        let missing = |place: &str| {
            Fault::new(FaultKind::NotFound, format!("{name} of {place} has no column ID"))
        };
        let own_id = ours.column("ID").ok_or_else(|| missing("the source"))?;
        let id = theirs.column("ID").ok_or_else(|| missing("the destination"))?;
        let mut read = vec![ColumnRef::from(own_id)];
        let mut columns: Vec<ColumnShape> = Vec::new();
        for column in &self.plan.user_columns {
            if let (Some(own), Some(their)) = (ours.column(column), theirs.column(column)) {
                read.push(ColumnRef::from(own));
                columns.push(their.clone());
            }
        }
        if columns.is_empty() {
            return Ok(None);
        }
        let key = ColumnShape { identity: false, ..id.clone() };
        let returning = [&key].into_iter().chain(&columns).map(ColumnRef::from).collect();
        let target = UpdateTarget { table: theirs.name.clone(), key, columns };
        Ok(Some(Fields { table: ours.name.clone(), ours: read, target, returning }))
    }

    /// The rows to set of those users, and whose they are: of those who are not yet so.
    async fn changes(
        &self,
        fields: &Fields,
        people: &[(SourceId, DestinationId)],
    ) -> Result<(Vec<SourceId>, Batch)> {
        let target = &fields.target;
        let types = [&target.key].into_iter().chain(&target.columns);
        let mut due = Batch::for_types(types.map(|column| &column.data_type))?;
        let ours = people.iter().map(|(source, _)| Value::from(*source)).collect();
        let read = by_id(self.source, &fields.table, &fields.ours, ours).await?;
        let whose: HashMap<SourceId, DestinationId> = people.iter().copied().collect();
        let mut sources = Vec::new();
        for row in 0..read.len() {
            let Some(source) = read.column(0).integer(row).map(SourceId) else { continue };
            let Some(destination) = whose.get(&source) else { continue };
            due.column_mut(0).push(&Value::from(*destination))?;
            for (place, column) in target.columns.iter().enumerate() {
                let value = read.column(place + 1).value(row);
                let name = column.name.to_uppercase();
                let value = match name.as_str() {
                    "PASSWORD" => value,
                    name => mask_user(self.plan.user_mask, name, source, value),
                };
                due.column_mut(place + 1).push(&value)?;
            }
            sources.push(source);
        }
        let theirs = people.iter().map(|(_, destination)| Value::from(*destination)).collect();
        let destination = self.destination.as_source();
        let there = by_id(destination, &target.table, &fields.returning, theirs).await?;
        let there: HashSet<u128> = row_hashes(&there).into_iter().collect();
        let hashes = row_hashes(&due);
        let rows: Vec<usize> =
            (0..due.len()).filter(|row| !there.contains(&hashes[*row])).collect();
        let sources = rows.iter().map(|row| sources[*row]).collect();
        Ok((sources, due.select(&rows)?))
    }

    /// Sets rows; those that the destination refuses are searched by halves.
    async fn update_rows(
        &mut self,
        fields: &Fields,
        batch: &Batch,
        sources: &[SourceId],
    ) -> Result<u64> {
        let target = &fields.target;
        let mut updated = 0;
        let mut pending: Vec<Vec<usize>> = vec![(0..batch.len()).collect()];
        while let Some(mut rows) = pending.pop() {
            if rows.is_empty() {
                continue;
            }
            let some = batch.select(&rows)?;
            let ours: Vec<SourceId> = rows.iter().map(|row| sources[*row]).collect();
            match self.update_all(fields, &some, &ours).await {
                Ok(rows) => updated += rows,
                Err(fault) if calls_for_halves(&fault, rows.len()) => {
                    let second = rows.split_off(rows.len() / 2);
                    pending.extend([second, rows]);
                }
                Err(fault) if fault.kind == FaultKind::Refused => {
                    let key = [Value::from(sources[rows[0]]), Value::Null];
                    self.refuse(RefusedKind::Person, &target.table, key, fault)?;
                }
                Err(fault) => {
                    return Err(fault.while_doing(format!("updating {}", target.table)));
                }
            }
        }
        Ok(updated)
    }

    async fn update_all(
        &mut self,
        fields: &Fields,
        batch: &Batch,
        sources: &[SourceId],
    ) -> Result<u64> {
        let target = &fields.target;
        let written_to = WrittenTo {
            table: target.table.clone(),
            key: Some(ColumnRef::from(&target.key)),
            columns: target.columns.iter().map(ColumnRef::from).collect(),
        };
        let ids = (0..batch.len()).filter_map(|row| batch.column(0).integer(row)).collect();
        let (sources, ids) = (sources.iter().map(|id| id.0).collect(), Keys::Integers(ids));
        let sources = Keys::Integers(sources);
        let done = self
            .session
            .write(
                &Operation::Change { target, batch, returning: &fields.returning, keep: true },
                &mut |done, session| NewBatch {
                    written_to: Some(written_to.clone()),
                    source_keys: sources.clone(),
                    destination_keys: ids.clone(),
                    hashes: done.hashes.clone(),
                    ..NewBatch::new(BatchKind::Change, session, done.rows)
                },
                &|_| {},
            )
            .await?;
        Ok(done.rows)
    }
}

/// The rows of a table that have one of these ids, the id first.
async fn by_id(
    database: &dyn Source,
    table: &TableName,
    columns: &[ColumnRef],
    ids: Vec<Value>,
) -> Result<Batch> {
    database
        .rows(&RowsRequest {
            table: table.clone(),
            columns: columns.to_vec(),
            filter: Filter::AnyOf(columns[0].name.clone(), ids),
            order_by: None,
            limit: None,
        })
        .await
}
