//! Tables whose rows have a committed version and, within a transaction, another.

use std::collections::{BTreeMap, HashMap};

use osferry::database::{TableShape, Value, same_name};

pub(super) type Row = Vec<Value>;

/// A session's number.
pub(super) type SessionId = u64;

/// Where a row lies.
pub(super) type Place = u64;

/// What an open transaction has made of a row; `None` where it deleted it.
struct Pending {
    by: SessionId,
    row: Option<Row>,
}

/// A row in its versions.
#[derive(Default)]
struct Slot {
    committed: Option<Row>,
    pending: Option<Pending>,
}

/// Where rows with certain values of some columns may lie: each place has to be looked at.
struct Index {
    columns: Vec<usize>,
    places: HashMap<String, Vec<Place>>,
}

/// A table.
pub(super) struct Table {
    pub(super) shape: TableShape,
    /// What stands in a column that an insert does not name.
    pub(super) defaults: Vec<Value>,
    /// The event table of its process-event trigger.
    pub(super) events: Option<String>,
    /// The next identity value; never given again, whatever becomes of its row.
    pub(super) next: i64,
    slots: BTreeMap<Place, Slot>,
    next_place: Place,
    indexes: Vec<Index>,
}

/// A value as the platform's collation compares it: text without case and trailing spaces.
pub(super) fn folded(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Text(text) => {
            format!("'{}", String::from_utf8_lossy(text).trim_end_matches(' ').to_lowercase())
        }
        Value::Bit(bit) => i64::from(*bit).to_string(),
        other => other.to_string(),
    }
}

fn key_of(row: &Row, columns: &[usize]) -> String {
    columns.iter().map(|column| folded(&row[*column])).collect::<Vec<_>>().join("\u{1}")
}

impl Table {
    pub(super) fn new(shape: TableShape, defaults: Vec<Value>) -> Self {
        let mut keys: Vec<&[String]> = Vec::new();
        if !shape.primary_key.is_empty() {
            keys.push(&shape.primary_key);
        }
        keys.extend(shape.unique_indexes.iter().map(|index| index.columns.as_slice()));
        let indexes = keys
            .into_iter()
            .map(|columns| Index {
                columns: columns
                    .iter()
                    .map(|name| place_of(&shape, name).expect("a column of the index"))
                    .collect(),
                places: HashMap::new(),
            })
            .collect();
        Self {
            shape,
            defaults,
            events: None,
            next: 1,
            slots: BTreeMap::new(),
            next_place: 0,
            indexes,
        }
    }

    /// A column's place.
    pub(super) fn column(&self, name: &str) -> Option<usize> {
        place_of(&self.shape, name)
    }

    /// The row as a session sees it; nobody's session sees what is committed.
    pub(super) fn seen(&self, place: Place, by: Option<SessionId>) -> Option<&Row> {
        let slot = self.slots.get(&place)?;
        match &slot.pending {
            Some(pending) if Some(pending.by) == by => pending.row.as_ref(),
            _ => slot.committed.as_ref(),
        }
    }

    /// Every row that a session sees.
    pub(super) fn rows(&self, by: Option<SessionId>) -> impl Iterator<Item = (Place, &Row)> {
        self.slots.keys().filter_map(move |place| Some((*place, self.seen(*place, by)?)))
    }

    /// Whoever has changed a row and not ended it, if it is another.
    pub(super) fn holder(&self, place: Place, by: SessionId) -> Option<SessionId> {
        let pending = self.slots.get(&place)?.pending.as_ref()?;
        (pending.by != by).then_some(pending.by)
    }

    /// Puts a row there for good.
    pub(super) fn put(&mut self, row: Row) {
        let place = self.place();
        self.enter(place, &row);
        self.slots.entry(place).or_default().committed = Some(row);
    }

    /// A place for a new row.
    pub(super) fn place(&mut self) -> Place {
        self.next_place += 1;
        self.next_place
    }

    /// Changes or deletes a row within a transaction.
    pub(super) fn change(&mut self, place: Place, row: Option<Row>, by: SessionId) {
        if let Some(row) = &row {
            self.enter(place, row);
        }
        self.slots.entry(place).or_default().pending = Some(Pending { by, row });
    }

    fn enter(&mut self, place: Place, row: &Row) {
        for index in &mut self.indexes {
            index.places.entry(key_of(row, &index.columns)).or_default().push(place);
        }
    }

    /// Makes what a session changed at a place the truth, or forgets it.
    pub(super) fn decide(&mut self, place: Place, by: SessionId, commit: bool) {
        let Some(slot) = self.slots.get_mut(&place) else { return };
        if let Some(pending) = slot.pending.take_if(|pending| pending.by == by)
            && commit
        {
            slot.committed = pending.row;
        }
        if slot.committed.is_none() && slot.pending.is_none() {
            self.slots.remove(&place);
        }
    }

    /// The columns in which this row repeats another that the session sees or has to wait for. A
    /// row with NULL in such a column repeats none, as if the index were filtered.
    pub(super) fn repeated(&self, place: Place, row: &Row, by: SessionId) -> Option<Vec<&str>> {
        for index in &self.indexes {
            if index.columns.iter().any(|column| row[*column].is_null()) {
                continue;
            }
            let key = key_of(row, &index.columns);
            let repeats = |other: &Place| {
                let same = |seen: Option<&Row>| {
                    seen.is_some_and(|seen| key_of(seen, &index.columns) == key)
                };
                let pending = self.slots.get(other).and_then(|slot| slot.pending.as_ref());
                *other != place
                    && (same(self.seen(*other, Some(by)))
                        || same(pending.and_then(|pending| pending.row.as_ref())))
            };
            if index.places.get(&key).is_some_and(|places| places.iter().any(repeats)) {
                let name = |column: &usize| self.shape.columns[*column].name.as_str();
                return Some(index.columns.iter().map(name).collect());
            }
        }
        None
    }

    /// Whether a session sees a row with this value in this column.
    pub(super) fn has(&self, column: usize, value: &Value, by: Option<SessionId>) -> bool {
        self.with(column, value, by).next().is_some()
    }

    /// The rows a session sees that have this value in this column.
    pub(super) fn with<'a>(
        &'a self,
        column: usize,
        value: &Value,
        by: Option<SessionId>,
    ) -> Box<dyn Iterator<Item = (Place, &'a Row)> + 'a> {
        let wanted = folded(value);
        match self.indexes.iter().find(|index| index.columns == [column]) {
            Some(index) => {
                let mut places = index.places.get(&wanted).cloned().unwrap_or_default();
                places.sort_unstable();
                places.dedup();
                let rows = places.into_iter().filter_map(move |place| {
                    let row = self.seen(place, by)?;
                    (folded(&row[column]) == wanted).then_some((place, row))
                });
                Box::new(rows)
            }
            None => Box::new(self.rows(by).filter(move |(_, row)| folded(&row[column]) == wanted)),
        }
    }
}

fn place_of(shape: &TableShape, name: &str) -> Option<usize> {
    shape.columns.iter().position(|column| same_name(&column.name, name))
}
