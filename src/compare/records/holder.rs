//! Attributes that hold ids of records, and of people: which of their values are ids.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::known::{Counterparts, folded_text, known};
use super::{Folded, Work};
use crate::compare::{ValueType, as_number};
use crate::database::{ColumnRef, Filter, TableName, Value, ValueKind};
use crate::outsystems::{EntityIndex, Side};

/// A column with values that are ids.
pub(super) struct Holder {
    table: TableName,
    pub(super) column: ColumnRef,
    /// The rows in which they are.
    pub(super) among: Filter,
    says: Says,
}

/// How a value says an id.
enum Says {
    /// It is one.
    Itself,
    /// It is one as text, of that type.
    Typed(ValueType),
    /// By decision: it is a number, or a text that is one.
    Number,
    /// By decision: it is a text, and blanks at its end mean nothing.
    Text,
}

impl Holder {
    /// The id that a value is; `None` where it is none.
    pub(super) fn id<'a>(&self, value: &'a Value) -> Option<Cow<'a, Value>> {
        match &self.says {
            Says::Itself => Some(Cow::Borrowed(value)),
            Says::Typed(typed) => typed.id(value).map(Cow::Owned),
            // What the database finds equal was read once, in any of its forms: with blanks, perhaps.
            Says::Number => {
                let value = match value.as_str() {
                    Some(text) => Value::text(text.trim_end_matches(' ')),
                    None => value.clone(),
                };
                as_number(&value).map(|number| Cow::Owned(Value::Integer(number)))
            }
            Says::Text => {
                let text = value.as_str()?.trim_end_matches(' ');
                Some(Cow::Owned(Value::text(text)))
            }
        }
    }

    /// Whether only a decision says that it holds ids.
    pub(super) fn is_soft(&self) -> bool {
        matches!(self.says, Says::Number | Says::Text)
    }
}

/// The records of a static entity, as far as ids of plain attributes are concerned.
pub(in crate::compare) struct KnownRecords {
    /// Whether ids are texts or integers.
    pub(in crate::compare) kind: ValueKind,
    /// Their ids in the source, texts without case and without blanks at their end.
    pub(in crate::compare) ids: BTreeSet<Folded>,
    /// How many have another id in the destination, or not exactly one counterpart.
    pub(in crate::compare) others: usize,
}

impl<'a> Work<'a> {
    /// What an attribute holds, by the places of pair and attribute.
    pub(super) fn holder(&self, (pair_place, place): (usize, usize)) -> Holder {
        let pair = &self.out.pairs[pair_place];
        let attribute = &pair.attributes[place];
        let table = self.source.entity(pair.source).table.clone();
        let column = ColumnRef::from(&attribute.source_column);
        let (among, says) = match (attribute.soft, &attribute.typed) {
            (Some(target), _) => self.soft_ids(target, &column),
            (None, Some(typed)) => (attribute.rows(), Says::Typed(typed.clone())),
            (None, None) => (attribute.rows(), Says::Itself),
        };
        Holder { table, column, among, says }
    }

    /// Its values, with the rows of each; `None` while nobody has said.
    pub(super) fn values_of(&mut self, holder: &Holder) -> Option<&'a [(Value, u64)]> {
        let (column, among) = (holder.column.clone(), holder.among.clone());
        self.inquiry.values(Side::Source, &holder.table, column, among)
    }

    /// Of a plain attribute that may hold anything else besides, records are asked for by their ids.
    fn soft_ids(&self, target: EntityIndex, column: &ColumnRef) -> (Filter, Says) {
        if !self.is_of_records(target) {
            return (Filter::All, Says::Number);
        }
        let entity = self.source.entity(target);
        let kind = self.id_kind(target);
        let ids = known(self.source, &entity.espace_key, &entity.key, target, kind);
        let ids = ids.into_iter().map(|record| match column.data_type.kind() {
            Some(ValueKind::Text) => Value::text(&record.id.to_string()),
            _ => record.id,
        });
        let says = if kind == ValueKind::Text { Says::Text } else { Says::Number };
        (Filter::AnyOf(column.name.clone(), ids.collect()), says)
    }

    /// The records whose ids a plain attribute may hold. `None` where there are none, where their ids
    /// are neither integers nor texts, and where the id of one, on either side, is what stands for
    /// "none" in a plain attribute: nobody could tell the two apart.
    pub(in crate::compare) fn known_records(&self, index: EntityIndex) -> Option<KnownRecords> {
        let entity = self.source.entity(index);
        let kind = self.id_kind(index);
        let ours = known(self.source, &entity.espace_key, &entity.key, index, kind);
        let theirs = self
            .active_there(entity)
            .map(|there| known(self.destination, &entity.espace_key, &entity.key, there, kind));
        let theirs = theirs.unwrap_or_default();
        let is_none = |id: &Value| match id {
            Value::Integer(number) => *number == 0,
            other => other.as_str().is_some_and(|text| text.trim_end_matches(' ').is_empty()),
        };
        let is_fit = matches!(kind, ValueKind::Integer | ValueKind::Text)
            && !ours.is_empty()
            && !ours.iter().chain(&theirs).any(|record| is_none(&record.id));
        if !is_fit {
            return None;
        }
        let theirs = Counterparts::new(theirs, None);
        // An id may stand in the model twice, once inactive: whether any of them has a counterpart, and
        // whether all counterparts have this id.
        let mut same: BTreeMap<Folded, (bool, bool)> = BTreeMap::new();
        for record in &ours {
            let id = folded_text(&record.id);
            let there = theirs.of(record).into_iter().filter(|other| other.is_active);
            let there: Vec<bool> = there.map(|other| folded_text(&other.id) == id).collect();
            let (any, all) = same.entry(id).or_insert((false, true));
            *any |= !there.is_empty();
            *all &= there.iter().all(|is_same| *is_same);
        }
        let others = same.values().filter(|(any, all)| !(*any && *all)).count();
        let ids = same.into_keys().collect();
        Some(KnownRecords { kind, ids, others })
    }
}
