//! What was decided about a reference that leaves the scope, worked out.

use std::collections::{BTreeMap, HashMap};

use super::super::records::fold;
use super::super::selection::Leaving;
use super::super::telling::{MOST_LISTED, shown};
use super::super::{Choice, Finding, FindingKind, Most, Work, choice};
use super::tables::{Key, Tables};
use super::{KeyMap, KeyPart, LeavingMap, LeavingMatch, LeavingRow, LeavingRows, in_words};
use crate::database::{ColumnRef, Filter, Value};
use crate::outsystems::{DestinationId, EntityIndex, Side, SourceId};

/// A row of the source that a reference leads to.
struct Referred<'a> {
    id: Value,
    /// How many rows of the scope refer to it.
    count: u64,
    /// What it holds in the columns of the key; nothing where it is gone itself.
    own: &'a [Value],
}

impl<'a> Work<'a> {
    /// What was decided about a reference, worked out.
    pub(super) fn decided_outside(
        &mut self,
        pair_place: usize,
        place: usize,
        index: EntityIndex,
        leaving: &Leaving,
    ) {
        let name = self.source.entity(index).full_name();
        let rows = match leaving {
            Leaving::Empty => return,
            Leaving::Reject => Some(LeavingRows::Reject),
            Leaving::ByKey(_) | Leaving::Replacement(_) => {
                let Some(tables) = self.tables_of(pair_place, place, index) else { return };
                match leaving {
                    Leaving::ByKey(to) => self.by_key(pair_place, place, &tables, to),
                    Leaving::Replacement(to) => self.replacement(pair_place, place, &tables, to),
                    _ => None,
                }
            }
        };
        if let Some(rows) = rows {
            self.out.leaving.insert((pair_place, place), LeavingMap { name, rows });
        }
    }

    /// Says that a decision cannot be done.
    fn refuse_outside(&mut self, pair_place: usize, place: usize, what: String, why: &str) {
        let key = self.key_of_attribute(FindingKind::LookupRefused, pair_place, place);
        let about = self.about_attribute(pair_place, place);
        self.refuse_row(key, about, what, why);
    }

    /// The one row that all references are set to.
    fn replacement(
        &mut self,
        pair_place: usize,
        place: usize,
        tables: &Tables,
        to: &str,
    ) -> Option<LeavingRows> {
        match self.row_named(&tables.there, to)? {
            Ok(row) => Some(LeavingRows::Replacement(row)),
            Err((what, why)) => {
                self.refuse_outside(pair_place, place, what, &why);
                None
            }
        }
    }

    /// Each row referred to, with the destination's of the same key.
    fn by_key(
        &mut self,
        pair_place: usize,
        place: usize,
        tables: &Tables,
        to: &str,
    ) -> Option<LeavingRows> {
        let key = match tables.key_named(to) {
            Ok(key) => key,
            Err(why) => {
                let what = format!("rows of {} cannot be matched by \"{to}\"", tables.name);
                self.refuse_outside(pair_place, place, what, &why);
                return None;
            }
        };
        let used = self.used_ids(pair_place, place)?;
        let referred = self.rows_referred(pair_place, place, tables, &key, used)?;
        let mut rows = self.rows_with_keys(&key.parts, &referred)?;
        self.match_keys(tables, &key.parts, &mut rows)?;
        for kind in [FindingKind::LookupAmbiguous, FindingKind::LookupMissing] {
            self.unmatched(pair_place, place, (tables, &key), &referred, &rows, kind);
        }
        Some(LeavingRows::ByKey(Box::new(KeyMap {
            parts: key.parts,
            source: (tables.source.clone(), ColumnRef::from(&tables.source_id)),
            destination: (tables.there.table.clone(), ColumnRef::from(&tables.there.id)),
            rows,
        })))
    }

    /// What the rows of these ids hold in the columns of a key; `None` while a question is open.
    fn rows_referred(
        &mut self,
        pair_place: usize,
        place: usize,
        tables: &Tables,
        key: &Key,
        used: Vec<(Value, u64)>,
    ) -> Option<Vec<Referred<'a>>> {
        let source_id = ColumnRef::from(&tables.source_id);
        let pair = &self.out.pairs[pair_place];
        let refers = Filter::Refers {
            column: source_id.name.clone(),
            parent: self.source.entity(pair.source).table.clone(),
            key: pair.attributes[place].source_column.name.clone(),
            among: Box::new(Filter::All),
        };
        let mut columns = vec![source_id];
        columns.extend(key.parts.iter().map(|part| part.source.clone()));
        let rows = self.inquiry.rows(Side::Source, &tables.source, columns, refers, Most::All)?;
        let keys: HashMap<String, &[Value]> = rows
            .iter()
            .filter_map(|row| row.split_first())
            .map(|(id, values)| (fold(id), values))
            .collect();
        let with_key = |(id, count): (Value, u64)| {
            let own = keys.get(&fold(&id)).copied().unwrap_or_default();
            Referred { id, count, own }
        };
        Some(used.into_iter().map(with_key).collect())
    }

    /// The same rows with their keys as the destination has them; `None` while nobody knows whose
    /// tenant is whose.
    fn rows_with_keys(
        &self,
        parts: &[KeyPart],
        referred: &[Referred<'_>],
    ) -> Option<Vec<LeavingRow>> {
        if parts.iter().any(|part| part.is_tenant) && !self.tenants_are_known() {
            return None;
        }
        let tenants: HashMap<i64, DestinationId> = self
            .out
            .tenants
            .iter()
            .filter_map(|tenant| Some((tenant.source.0, tenant.destination()?)))
            .collect();
        let there = |(at, part): (usize, &KeyPart), own: &[Value]| match own.get(at) {
            Some(value) if part.is_tenant => {
                let tenant = value.as_integer().and_then(|id| tenants.get(&id));
                tenant.map_or(Value::Null, |id| Value::from(*id))
            }
            Some(Value::Text(text)) if text.is_empty() => Value::Null,
            Some(value) => value.clone(),
            None => Value::Null,
        };
        let with_key = |row: &Referred<'_>| LeavingRow {
            id: row.id.clone(),
            key: parts.iter().enumerate().map(|part| there(part, row.own)).collect(),
            matched: LeavingMatch::Missing,
        };
        Some(referred.iter().map(with_key).collect())
    }

    /// `Code AB-1`, `tenant Acme`
    fn part_in_words(&self, part: &KeyPart, value: Option<&Value>) -> String {
        if part.is_tenant {
            let id = value.and_then(Value::as_integer).filter(|id| *id != 0);
            let Some(id) = id else { return "no tenant".to_owned() };
            let name = self.tenant_name(Some(SourceId(id)));
            let name = if name.is_empty() { id.to_string() } else { name.to_string() };
            return format!("tenant {name}");
        }
        let value = value.filter(|value| !matches!(value, Value::Text(text) if text.is_empty()));
        format!("{} {}", part.name, shown(value.unwrap_or(&Value::Null)))
    }

    /// The ids that a reference holds, with the rows of each; `None` while a question is open.
    fn used_ids(&mut self, pair_place: usize, place: usize) -> Option<Vec<(Value, u64)>> {
        let pair = &self.out.pairs[pair_place];
        let attribute = &pair.attributes[place];
        let zero_is_row = attribute.reference.as_ref().is_some_and(|r| r.zero_is_row);
        let table = &self.source.entity(pair.source).table;
        let column = ColumnRef::from(&attribute.source_column);
        let values = self.inquiry.values(Side::Source, table, column, Filter::All)?;
        let is_row = |value: &Value| match value {
            Value::Integer(0) => zero_is_row,
            Value::Text(text) => !text.is_empty() || zero_is_row,
            other => !other.is_null(),
        };
        // Texts that differ in case only are one id.
        let mut used: BTreeMap<String, (Value, u64)> = BTreeMap::new();
        for (value, rows) in values.iter().filter(|(value, _)| is_row(value)) {
            used.entry(fold(value)).or_insert_with(|| (value.clone(), 0)).1 += rows;
        }
        Some(used.into_values().collect())
    }

    /// Looks the keys up in the destination, as the destination compares.
    fn match_keys(
        &mut self,
        tables: &Tables,
        parts: &[KeyPart],
        rows: &mut [LeavingRow],
    ) -> Option<()> {
        let has_key = |row: &LeavingRow| !row.key.iter().any(Value::is_null);
        let with_key: Vec<usize> = (0..rows.len()).filter(|place| has_key(&rows[*place])).collect();
        if with_key.is_empty() {
            return Some(());
        }
        let values: Vec<Vec<Value>> =
            with_key.iter().map(|place| rows[*place].key.clone()).collect();
        let id = ColumnRef::from(&tables.there.id);
        let columns = parts.iter().map(|part| part.destination.name.clone()).collect();
        let found = self.inquiry.look_up(&tables.there.table, id, columns, values)?;
        let mut takers: HashMap<String, usize> = HashMap::new();
        for (place, found) in with_key.iter().zip(found) {
            rows[*place].matched = match found.as_slice() {
                [] => LeavingMatch::Missing,
                [row] => {
                    *takers.entry(fold(row)).or_default() += 1;
                    LeavingMatch::Row(row.clone())
                }
                _ => LeavingMatch::Ambiguous,
            };
        }
        // Rows that differ here would become one there.
        for row in rows.iter_mut() {
            if let LeavingMatch::Row(id) = &row.matched
                && takers.get(&fold(id)).is_some_and(|takers| *takers > 1)
            {
                row.matched = LeavingMatch::Ambiguous;
            }
        }
        Some(())
    }

    /// The finding about rows that were not matched, where there are any.
    fn unmatched(
        &mut self,
        pair_place: usize,
        place: usize,
        (tables, key): (&Tables, &Key),
        referred: &[Referred<'_>],
        rows: &[LeavingRow],
        kind: FindingKind,
    ) {
        let is_ambiguous = kind == FindingKind::LookupAmbiguous;
        let wanted = if is_ambiguous { LeavingMatch::Ambiguous } else { LeavingMatch::Missing };
        let found: Vec<&Referred<'_>> = rows
            .iter()
            .zip(referred)
            .filter(|(row, _)| row.matched == wanted)
            .map(|(_, referred)| referred)
            .collect();
        if found.is_empty() {
            return;
        }
        let count: u64 = found.iter().map(|row| row.count).sum();
        let preview = found.iter().take(MOST_LISTED).map(|row| {
            let rows =
                if row.count == 1 { "1 row".to_owned() } else { format!("{} rows", row.count) };
            let key = key.parts.iter().enumerate();
            let key = key.map(|(at, part)| self.part_in_words(part, row.own.get(at)));
            format!("{} · {} ({rows})", shown(&row.id), key.collect::<Vec<_>>().join(" · "))
        });
        let preview: Vec<String> = preview.collect();
        let column = self.out.pairs[pair_place].attributes[place].source_column.name.clone();
        let ids = found.iter().map(|row| row.id.clone()).collect();
        let filter = Filter::AnyOf(column, ids);
        let (number, name, by) = (found.len(), &tables.name, in_words(&key.parts));
        let of_tenants = key.parts.iter().any(|part| part.is_tenant);
        let (what, why) = if is_ambiguous {
            (
                format!("{number} rows of {name} cannot be told apart by {by}"),
                "Several rows of the destination have that key, or several of ours are like one of \
                 them. It cannot be told which one is meant.",
            )
        } else {
            (
                format!("{number} rows of {name} have no counterpart by {by} in the destination"),
                if of_tenants {
                    "The destination has no row with that key in the tenant's counterpart; or the row \
                     has no key, its tenant no counterpart, or it is gone itself."
                } else {
                    "The destination has no row with that key; or the row has no key, or is gone itself."
                },
            )
        };
        let mut choices = vec![Choice::stop("do not run")];
        if self.may_hold_none(pair_place, place) {
            choices.push(Choice::new(choice::EMPTY, "write no reference"));
        }
        let reject = self.reject(pair_place, &filter);
        choices.push(reject);
        let finding = Finding::decide(
            self.key_of_attribute(kind, pair_place, place),
            self.about_attribute(pair_place, place),
            what,
            why,
            choices,
            choice::STOP,
        );
        self.find(finding.touching(Some(count)).previewing(preview));
    }
}
