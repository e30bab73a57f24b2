//! One row of the destination that a person names, for all rows to refer to.

use super::records::{name_of_record, record_named};
use super::telling::{PREVIEWED, Telling, row_in_words};
use super::{Choice, Finding, FindingKey, FindingKind, Most, Work, choice, user_named};
use crate::database::{ColumnRef, ColumnShape, Filter, TableName, Value, ValueKind};
use crate::outsystems::{DataKind, DestinationId, EntityIndex, Side, SystemTarget};

/// A row of the destination that a person named.
#[derive(Clone, Debug)]
pub struct NamedRow {
    /// The entity's name.
    pub name: String,
    /// Its table.
    pub table: TableName,
    /// The table's identifier.
    pub id: ColumnRef,
    /// The row's.
    pub row: Value,
    /// The row as people read it; empty while nobody has said.
    pub shown: String,
}

/// A reference that only the destination's model has.
#[derive(Clone, Debug)]
pub struct NewReference {
    /// The finding about it.
    pub finding: FindingKey,
    /// What it refers to, in the destination.
    pub refers_to: EntityIndex,
    /// Its column.
    pub column: ColumnShape,
    /// The row that every row is to refer to, where one was named.
    pub row: Option<NamedRow>,
}

/// The rows that the destination has of an entity, and what tells one of them.
#[derive(Clone)]
pub(super) struct RowsThere {
    /// The entity's name.
    pub(super) name: String,
    pub(super) table: TableName,
    pub(super) id: ColumnShape,
    pub(super) telling: Telling,
    /// Attributes whose value may tell a row, as in `Code=AB-1`.
    by: Vec<(String, ColumnRef)>,
    /// The ids and names of static records.
    records: Vec<(Value, String)>,
    are_users: bool,
}

/// Why a row cannot be the one: what, and what to do.
pub(super) type NoRow = (String, String);

impl Work<'_> {
    /// The rows of an entity of the destination that a reference in this column can lead to; `None`
    /// where nobody can name one: another system keeps them, or the column does not hold such ids.
    pub(super) fn rows_there(
        &mut self,
        index: EntityIndex,
        column: &ColumnShape,
    ) -> Option<RowsThere> {
        let entity = self.destination.entity(index);
        let are_users = entity.system_target() == Some(SystemTarget::User);
        let is_own = entity.system_target().is_none() && !entity.is_external;
        let has_rows = is_own && matches!(entity.kind, DataKind::Entity | DataKind::Static);
        if !has_rows && !are_users {
            return None;
        }
        let shape = self.destination.shape_of(index)?;
        let id = shape.column(&entity.identifier()?.column)?.clone();
        let kind = id.data_type.kind().filter(|kind| column.data_type.kind() == Some(*kind))?;
        let plain = entity.active_attributes().filter(|attribute| {
            !attribute.data_type.is_reference() && !attribute.data_type.is_unclear()
        });
        let by = plain.filter_map(|attribute| {
            let column = shape.column(&attribute.column)?;
            let kind = column.data_type.kind()?;
            matches!(kind, ValueKind::Integer | ValueKind::Text)
                .then(|| (attribute.name.clone(), ColumnRef::from(column)))
        });
        Some(RowsThere {
            name: entity.full_name(),
            table: entity.table.clone(),
            telling: Telling::of(entity, shape, &id),
            by: by.collect(),
            records: match entity.kind {
                DataKind::Static => self.records_there(index, kind),
                _ => Vec::new(),
            },
            are_users,
            id,
        })
    }

    /// The choice to let all refer to one of these rows, with records or the first rows at hand.
    pub(super) fn one_of(&mut self, rows: &RowsThere) -> Choice {
        let label = "let all refer to one row of the destination";
        let choice = Choice::new(choice::REPLACEMENT, label);
        // The model has them all, and they may be many.
        if rows.are_users {
            return choice.to_a_target();
        }
        if !rows.records.is_empty() {
            let offers = rows.records.iter().map(|(id, name)| {
                (name_of_record(&rows.records, id, name), format!("{name}  {id}"))
            });
            return choice.to_one_of(offers.collect());
        }
        let Telling { columns, names } = rows.telling.clone();
        let first = Most::First(PREVIEWED);
        let there = self.inquiry.rows(Side::Destination, &rows.table, columns, Filter::All, first);
        let offers = there.unwrap_or_default().iter();
        let offers =
            offers.filter_map(|row| Some((row.first()?.to_string(), row_in_words(&names, row))));
        choice.to_one_of(offers.collect())
    }

    /// The row that a person means: by its id, as `Attribute=value`, or by the name of a record or
    /// a user. `None` while nobody has said.
    pub(super) fn row_named(
        &mut self,
        rows: &RowsThere,
        to: &str,
    ) -> Option<Result<NamedRow, NoRow>> {
        let id = ColumnRef::from(&rows.id);
        let known = |row: Value, shown: String| NamedRow {
            name: rows.name.clone(),
            table: rows.table.clone(),
            id: id.clone(),
            row,
            shown,
        };
        if rows.are_users {
            return Some(match user_named(self.destination, to, None) {
                Ok(user) => Ok(known(Value::from(user), self.user_there(user))),
                Err(what) => Err((what, "Name another user, or give the id.".to_owned())),
            });
        }
        if let Ok(row) = record_named(&rows.records, to) {
            let own = rows.records.iter().find(|(id, _)| *id == row);
            let shown = own.map(|(id, name)| format!("{id} · {name}")).unwrap_or_default();
            return Some(Ok(known(row, shown)));
        }
        let as_id = match rows.id.data_type.kind() {
            Some(ValueKind::Integer) => to.trim().parse().ok().map(Value::Integer),
            _ => Some(Value::text(to.trim())),
        };
        let by_attribute = to.split_once('=').and_then(|(name, value)| {
            let mut all = rows.by.iter();
            let (_, column) = all.find(|(own, _)| own.eq_ignore_ascii_case(name.trim()))?;
            let value = match column.data_type.kind() {
                Some(ValueKind::Integer) => Value::Integer(value.trim().parse().ok()?),
                _ => Value::text(value.trim()),
            };
            Some((column.name.clone(), value))
        });
        let tries = as_id.map(|value| (id.name.clone(), value)).into_iter().chain(by_attribute);
        for (column, value) in tries {
            let key = vec![vec![value]];
            let found = self.inquiry.look_up(&rows.table, id.clone(), vec![column], key)?;
            match found.first().map(Vec::as_slice) {
                Some([row]) => {
                    let shown = self.row_there(rows, row);
                    return Some(Ok(known(row.clone(), shown)));
                }
                Some([_, _, ..]) => {
                    let what = format!("\"{to}\" is several rows of {}", rows.name);
                    let why = "It cannot be told which one is meant. Give its id.";
                    return Some(Err((what, why.to_owned())));
                }
                _ => {}
            }
        }
        let what = format!("the destination has no row \"{to}\" of {}", rows.name);
        let why = match rows.records.is_empty() {
            true => "Give the id of a row of the destination, or a key as Attribute=value.",
            false => "Give the name or the id of an active record of the destination.",
        };
        Some(Err((what, why.to_owned())))
    }

    fn user_there(&self, user: DestinationId) -> String {
        let own = self.destination.user(user.0);
        own.map(|own| format!("{user} · {}", own.username)).unwrap_or_default()
    }

    /// A row of the destination as people read it; empty while nobody has said.
    fn row_there(&mut self, rows: &RowsThere, row: &Value) -> String {
        let Telling { columns, names } = rows.telling.clone();
        let (is_it, one) = (Filter::Equals(rows.id.name.clone(), row.clone()), Most::First(1));
        let there = self.inquiry.rows(Side::Destination, &rows.table, columns, is_it, one);
        let row = there.and_then(|there| there.first());
        row.map(|row| row_in_words(&names, row)).unwrap_or_default()
    }

    /// Lets references that only the destination has lead to a row that it has, and keeps.
    pub(super) fn new_references(&mut self) {
        for pair_place in 0..self.out.pairs.len() {
            for place in 0..self.out.pairs[pair_place].new_references.len() {
                let reference = self.out.pairs[pair_place].new_references[place].clone();
                let own = self.out.pairs.iter().find(|p| p.destination == reference.refers_to);
                if own.is_some_and(|own| self.is_replaced(own)) {
                    continue;
                }
                let Some(rows) = self.rows_there(reference.refers_to, &reference.column) else {
                    continue;
                };
                let choice = self.one_of(&rows);
                self.offer(&reference.finding, choice);
                let Some(to) = self.selection.named_rows.get(&reference.finding) else { continue };
                match self.row_named(&rows, to) {
                    None => {}
                    Some(Ok(row)) => {
                        self.pair_mut(pair_place).new_references[place].row = Some(row);
                    }
                    Some(Err((what, why))) => {
                        let about = self.found(&reference.finding).map(|one| one.about.clone());
                        let key = FindingKey {
                            kind: FindingKind::LookupRefused,
                            ..reference.finding.clone()
                        };
                        self.refuse_row(key, about.unwrap_or_default(), what, &why);
                    }
                }
            }
        }
    }

    /// Says that a decision names what cannot be.
    pub(super) fn refuse_row(&mut self, key: FindingKey, about: String, what: String, why: &str) {
        let choices = vec![Choice::stop("do not run until the decision names another")];
        self.find(Finding::decide(key, about, what, why, choices, choice::STOP));
    }
}
