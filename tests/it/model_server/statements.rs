//! Statements that change rows, each within an open transaction.

use std::collections::HashMap;

use osferry::database::{
    Alike, AlikeTarget, Batch, DeleteAction, Fault, FaultKind, Filter, ForeignKey, InsertTarget,
    Removal, Removed, Result, TableName, UpdateTarget, Value, same_name,
};

use super::check::fitting;
use super::filter::Asking;
use super::table::{Place, Row, SessionId, folded};
use super::world::{World, not_found};

fn refused(what: String) -> Fault {
    Fault::new(FaultKind::Refused, what)
}

fn no_column(table: &TableName, name: &str) -> Fault {
    Fault::new(FaultKind::NotFound, format!("{table} has no column {name}"))
}

impl World {
    pub(super) fn insert(
        &mut self,
        id: SessionId,
        target: &InsertTarget,
        batch: &Batch,
    ) -> Result<Vec<i64>> {
        self.must_be_open(id)?;
        if !self.habits.may_alter && target.columns.iter().any(|column| column.identity) {
            let what = format!("IDENTITY_INSERT of {}: no permission", target.table);
            return Err(Fault::new(FaultKind::Permission, what));
        }
        let mut ids = Vec::new();
        let mut inserted = Vec::new();
        for number in 0..batch.len() {
            let (row, given) = self.new_row(target, batch.row(number))?;
            let place = self.table_mut(&target.table)?.place();
            if let Some(columns) = self.table(&target.table)?.repeated(place, &row, id) {
                let columns = columns.join(", ");
                return Err(refused(format!("{}: {columns} repeats a row", target.table)));
            }
            self.change(id, &target.table, place, Some(row.clone()))?;
            if target.identity.is_some() {
                ids.push(given.ok_or_else(|| refused("no identity column".to_owned()))?);
            }
            if given.is_some() && self.chance.percent(self.habits.applications) {
                self.insert_for_another(&target.table, &row)?;
            }
            inserted.push(row);
        }
        for row in &inserted {
            self.check_references(id, &target.table, row)?;
        }
        self.fire(id, &target.table, inserted.iter(), false)?;
        Ok(ids)
    }

    /// The first of so many identity values that nobody is given from now on.
    pub(super) fn reserve(
        &mut self,
        name: &TableName,
        key: &str,
        rows: u64,
    ) -> Result<Option<i64>> {
        if !self.habits.may_alter {
            let what = format!("the identity of {name}: no permission");
            return Err(Fault::new(FaultKind::Permission, what));
        }
        // It waits until nobody writes the table.
        for writer in self.writers(name, None) {
            if self.has_client(writer) {
                return Err(Fault::new(FaultKind::Retry, "a lock was not granted in time"));
            }
            self.wait_for(writer);
        }
        let skipped = self.chance.percent(self.habits.gaps).then(|| self.chance.between(1, 5));
        let table = self.table_mut(name)?;
        if !table.shape.identity().is_some_and(|column| same_name(&column.name, key)) {
            return Ok(None);
        }
        let first = table.next + skipped.unwrap_or(0);
        table.next = first + i64::try_from(rows).expect("so many rows");
        Ok(Some(first))
    }

    /// What each row of a batch is equal to, NULL equal to NULL.
    pub(super) fn alike(
        &mut self,
        id: SessionId,
        target: &AlikeTarget,
        batch: &Batch,
    ) -> Result<Vec<Alike>> {
        self.must_be_open(id)?;
        let table = self.table(&target.table)?;
        let place = |name: &str| table.column(name).ok_or_else(|| no_column(&target.table, name));
        let places =
            target.columns.iter().map(|c| place(&c.name)).collect::<Result<Vec<usize>>>()?;
        let wanted = place(&target.identifier.name)?;
        let mut there: HashMap<Vec<String>, Vec<Value>> = HashMap::new();
        for (_, row) in table.rows(Some(id)) {
            let key = places.iter().map(|place| folded(&row[*place])).collect();
            there.entry(key).or_default().push(row[wanted].clone());
        }
        let mut firsts: HashMap<Vec<String>, usize> = HashMap::new();
        let mut found = Vec::new();
        for number in 0..batch.len() {
            let mut key = Vec::new();
            for (value, column) in batch.row(number).into_iter().zip(&target.columns) {
                key.push(folded(&fitting(value, column)?));
            }
            let first = *firsts.entry(key.clone()).or_insert(number);
            found.push(match there.get(&key).map(Vec::as_slice) {
                Some([one]) => Alike::Row(one.clone()),
                Some(several) => Alike::Several(several.len() as u64),
                None if first < number => Alike::Earlier(first),
                None => Alike::Nothing,
            });
        }
        Ok(found)
    }

    /// A row to be inserted, with the identity value it was given.
    fn new_row(&mut self, target: &InsertTarget, values: Vec<Value>) -> Result<(Row, Option<i64>)> {
        let skips = self.chance.percent(self.habits.gaps).then(|| self.chance.between(1, 5));
        let table = self.table_mut(&target.table)?;
        let mut row = table.defaults.clone();
        let identity = table.shape.columns.iter().position(|column| column.identity);
        let mut given = None;
        let explicit = target.columns.iter().any(|column| column.identity);
        if let Some(place) = identity
            && !explicit
        {
            table.next += skips.unwrap_or(0);
            row[place] = Value::Integer(table.next);
            given = Some(table.next);
            table.next += 1;
        }
        for (column, value) in target.columns.iter().zip(values) {
            let place = table.column(&column.name);
            let place = place.ok_or_else(|| no_column(&target.table, &column.name))?;
            if Some(place) == identity {
                // An explicit value above the next one moves it up.
                table.next = table.next.max(value.as_integer().unwrap_or(0) + 1);
            }
            row[place] = value;
        }
        let row = row.into_iter().zip(&table.shape.columns);
        let row = row.map(|(value, column)| fitting(value, column)).collect::<Result<Row>>()?;
        Ok((row, given))
    }

    /// Another application inserts a row of its own, where it needs no other row for it.
    fn insert_for_another(&mut self, name: &TableName, like: &Row) -> Result<()> {
        let table = self.table_mut(name)?;
        let id = table.next;
        table.next += 1;
        let needs_parent = table.shape.foreign_keys.iter().any(|key| {
            table.column(&key.column).is_some_and(|place| !table.shape.columns[place].nullable)
        });
        if needs_parent || !table.shape.unique_indexes.is_empty() || table.events.is_some() {
            // It rolls back: only the identity value is gone.
            return Ok(());
        }
        let row: Row = table
            .shape
            .columns
            .iter()
            .zip(like)
            .map(|(column, value)| match value {
                _ if column.identity => Value::Integer(id),
                _ if column.nullable => Value::Null,
                Value::Integer(_) => Value::Integer(0),
                Value::Text(_) => Value::text(""),
                other => other.clone(),
            })
            .collect();
        table.put(row.clone());
        self.of_others.push((name.name.to_uppercase(), row));
        Ok(())
    }

    /// Every reference of a row leads to a row that the session sees.
    fn check_references(&self, id: SessionId, name: &TableName, row: &Row) -> Result<()> {
        let table = self.table(name)?;
        for key in &table.shape.foreign_keys {
            let place = table.column(&key.column).ok_or_else(|| no_column(name, &key.column))?;
            if row[place].is_null() {
                continue;
            }
            let parent = self.table(&key.parent)?;
            let column = parent.column(&key.parent_column);
            let column = column.ok_or_else(|| no_column(&key.parent, &key.parent_column))?;
            if !parent.has(column, &row[place], Some(id)) {
                let what = format!("{name}.{} = {} refers to no row", key.column, row[place]);
                return Err(refused(what));
            }
        }
        Ok(())
    }

    /// For each row and each subscription to what became of it, an entry in the queue of process
    /// events that is the subscription's.
    fn fire<'a>(
        &mut self,
        id: SessionId,
        name: &TableName,
        rows: impl Iterator<Item = &'a Row>,
        is_update: bool,
    ) -> Result<()> {
        let table = self.table(name)?;
        let Some(events) = table.events.clone() else { return Ok(()) };
        let key = table.shape.primary_key.first().and_then(|key| table.column(key));
        let events = self.table(&TableName::new(events))?;
        let of = |row: &Row, name: &str| {
            events.column(name).map_or(Value::Null, |place| row[place].clone())
        };
        let is_set = |row: &Row, name: &str| of(row, name) == Value::Bit(true);
        let subscriptions: Vec<&Row> = events
            .rows(Some(id))
            .map(|(_, row)| row)
            .filter(|row| is_set(row, "_IS_UPDATE") == is_update)
            .collect();
        let mut entries = Vec::new();
        for row in rows {
            for subscription in &subscriptions {
                let (queue, record) = match is_set(subscription, "_IS_LIGHT") {
                    false => ("OSSYS_BPM_EVENT_QUEUE", "DATA_ID"),
                    true => ("OSSYS_BPM_EVENT", "ENTITY_RECORD_ID"),
                };
                let entry = [
                    ("ESPACE_ID", of(subscription, "_ESPACE_ID")),
                    ("TENANT_ID", of(subscription, "_TENANT_ID")),
                    ("ACTIVITY_ID", of(subscription, "_ACTIVITY_ID")),
                    ("PROCESS_DEF_ID", of(subscription, "_PROCESS_DEF_ID")),
                    (record, key.map_or(Value::Null, |key| Value::text(&row[key].to_string()))),
                    ("ERROR_COUNT", Value::Integer(0)),
                ];
                entries.push((TableName::new(queue), entry));
            }
        }
        for (queue, entry) in entries {
            let table = self.table_mut(&queue)?;
            let mut row = table.defaults.clone();
            if let Some(place) = table.shape.columns.iter().position(|column| column.identity) {
                row[place] = Value::Integer(table.next);
                table.next += 1;
            }
            for (column, value) in entry {
                let place = table.column(column).ok_or_else(|| no_column(&queue, column))?;
                row[place] = value;
            }
            let place = table.place();
            self.change(id, &queue, place, Some(row))?;
        }
        Ok(())
    }

    pub(super) fn update(
        &mut self,
        id: SessionId,
        target: &UpdateTarget,
        batch: &Batch,
    ) -> Result<u64> {
        self.must_be_open(id)?;
        let table = self.table(&target.table)?;
        let key = table.column(&target.key.name);
        let key = key.ok_or_else(|| no_column(&target.table, &target.key.name))?;
        let mut changed = Vec::new();
        for number in 0..batch.len() {
            let values = batch.row(number);
            for (place, row) in table.with(key, &values[0], Some(id)) {
                let mut row = row.clone();
                for (column, value) in target.columns.iter().zip(&values[1..]) {
                    let at = table.column(&column.name);
                    let at = at.ok_or_else(|| no_column(&target.table, &column.name))?;
                    row[at] = fitting(value.clone(), &table.shape.columns[at])?;
                }
                changed.push((place, row));
            }
        }
        self.store(id, &target.table, &changed)
    }

    fn store(&mut self, id: SessionId, name: &TableName, changed: &[(Place, Row)]) -> Result<u64> {
        let found = changed.len() as u64;
        for (place, row) in changed {
            self.change(id, name, *place, Some(row.clone()))?;
        }
        for (place, row) in changed {
            if self.table(name)?.repeated(*place, row, id).is_some() {
                return Err(refused(format!("{name}: a changed row repeats another")));
            }
            self.check_references(id, name, row)?;
        }
        self.fire(id, name, changed.iter().map(|(_, row)| row), true)?;
        Ok(found)
    }

    /// At most so many rows that the filter lets through, with those that also meet `and`.
    fn chosen(
        &self,
        id: SessionId,
        name: &TableName,
        filter: &Filter,
        limit: usize,
        and: impl Fn(&Row) -> bool,
    ) -> Result<Vec<(Place, Row)>> {
        let table = self.table(name)?;
        let asking = Asking { world: self, table, by: Some(id) };
        let mut chosen = Vec::new();
        for (place, row) in table.rows(Some(id)) {
            if chosen.len() == limit {
                break;
            }
            if and(row) && asking.lets(filter, row)? {
                chosen.push((place, row.clone()));
            }
        }
        Ok(chosen)
    }

    /// Deletes rows, or empties a column of them where it is filled.
    pub(super) fn take(
        &mut self,
        id: SessionId,
        removal: &Removal,
        emptied: Option<&str>,
    ) -> Result<Removed> {
        self.must_be_open(id)?;
        let name = &removal.table;
        let table = self.table(name)?;
        let column = |name: &str| table.column(name).ok_or_else(|| no_column(&removal.table, name));
        let emptied = emptied.map(column).transpose()?;
        let wanted = removal.returning.iter().map(|wanted| column(&wanted.name));
        let wanted = wanted.collect::<Result<Vec<usize>>>()?;
        let is_filled = |row: &Row| emptied.is_none_or(|column| !row[column].is_null());
        let mut chosen =
            self.chosen(id, &removal.table, &removal.filter, removal.limit, is_filled)?;
        let mut before =
            Batch::for_types(removal.returning.iter().map(|column| &column.data_type))?;
        for (_, row) in &chosen {
            let row: Row = wanted.iter().map(|column| row[*column].clone()).collect();
            before.push_row(&row)?;
        }
        let rows = chosen.len() as u64;
        match emptied {
            None => self.remove(id, name, &chosen)?,
            Some(column) => {
                let shape = table.shape.columns[column].clone();
                for (_, row) in &mut chosen {
                    row[column] = fitting(Value::Null, &shape)?;
                }
                self.store(id, name, &chosen)?;
            }
        }
        Ok(Removed { rows, before })
    }

    /// Deletes rows, with what their going does to rows that refer to them.
    fn remove(&mut self, id: SessionId, name: &TableName, gone: &[(Place, Row)]) -> Result<()> {
        if gone.is_empty() {
            return Ok(());
        }
        for (place, _) in gone {
            self.change(id, name, *place, None)?;
        }
        let children: Vec<(TableName, ForeignKey)> = self
            .tables
            .values()
            .flat_map(|child| {
                let keys = child
                    .shape
                    .foreign_keys
                    .iter()
                    .filter(|key| same_name(&key.parent.name, &name.name));
                keys.map(|key| (TableName::new(&child.shape.name.name), key.clone()))
            })
            .collect();
        for (child, key) in children {
            self.follow(id, name, gone, &child, &key)?;
        }
        Ok(())
    }

    fn follow(
        &mut self,
        id: SessionId,
        name: &TableName,
        gone: &[(Place, Row)],
        child: &TableName,
        key: &ForeignKey,
    ) -> Result<()> {
        let at = self.table(name)?.column(&key.parent_column).ok_or_else(|| not_found(name))?;
        let values: std::collections::BTreeSet<String> =
            gone.iter().map(|(_, row)| folded(&row[at])).collect();
        let table = self.table(child)?;
        let column = table.column(&key.column).ok_or_else(|| no_column(child, &key.column))?;
        let referring: Vec<(Place, Row)> = table
            .rows(Some(id))
            .filter(|(_, row)| !row[column].is_null() && values.contains(&folded(&row[column])))
            .map(|(place, row)| (place, row.clone()))
            .collect();
        match key.on_delete {
            _ if referring.is_empty() => Ok(()),
            DeleteAction::Cascade => self.remove(id, child, &referring),
            DeleteAction::SetNull => {
                let mut referring = referring;
                for (_, row) in &mut referring {
                    row[column] = Value::Null;
                }
                self.store(id, child, &referring).map(drop)
            }
            _ => Err(refused(format!("{child}.{} refers to a row of {name}", key.column))),
        }
    }
}
