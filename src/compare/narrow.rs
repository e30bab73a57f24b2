//! References whose column is narrower than the ids that it gets: found before the run, as an id
//! that is cut would be another row's.

use super::attributes::stop_or_leave_out;
use super::references::Target;
use super::{EntityPair, Finding, FindingKey, FindingKind, IdentifierKind, Work};
use crate::database::{ColumnShape, Filter, Value, ValueKind};
use crate::outsystems::{EntityIndex, Side};

impl Work<'_> {
    /// Finds references that may not hold the ids of the rows they refer to.
    pub(super) fn narrow_references(&mut self) {
        for pair_place in 0..self.out.pairs.len() {
            for place in 0..self.out.pairs[pair_place].attributes.len() {
                self.narrow_reference(pair_place, place);
            }
        }
    }

    fn narrow_reference(&mut self, pair_place: usize, place: usize) {
        let pair = self.out.pairs[pair_place].clone();
        let attribute = &pair.attributes[place];
        let (ours, theirs) = (&attribute.source_column, &attribute.destination_column);
        // A text holds every id.
        let reference = attribute.reference.as_ref().filter(|_| attribute.typed.is_none());
        let Some(target) = reference.map(|reference| reference.target) else { return };
        let found = match target {
            Target::Entity(index) => {
                let Some(parent) = self.giver(index) else { return };
                let Some(id) = parent.identifier().map(|id| id.destination_column.clone()) else {
                    return;
                };
                match parent.identifier_kind {
                    IdentifierKind::Generated => self.ids_to_come(&parent, &id, theirs),
                    IdentifierKind::Kept => self.ids_as_they_are(&pair, ours, &id, theirs),
                    IdentifierKind::None | IdentifierKind::Extension => None,
                }
            }
            Target::External => self.ids_as_they_are(&pair, ours, ours, theirs),
            _ => None,
        };
        let Some((what, rows)) = found else { return };
        let entity = self.source.entity(pair.source);
        let finding = Finding::decide(
            FindingKey::attribute(FindingKind::ReferenceNarrower, entity, &attribute.attribute),
            format!("{}.{}", pair.name, attribute.attribute.name),
            what,
            "An id that does not fit cannot be written, and is never cut. Publish the module with an \
             attribute that holds it.",
            stop_or_leave_out(pair.may_be_left_out(place)),
            super::choice::STOP,
        );
        self.find(finding.touching(rows));
    }

    /// The pair whose rows get the ids that rows of this entity have: its own, or along
    /// identifiers that are other rows' ids.
    fn giver(&self, index: EntityIndex) -> Option<EntityPair> {
        let mut pair = self.out.pair(index)?;
        for _ in 0..self.out.pairs.len() {
            let further = match pair.identifier_kind {
                IdentifierKind::Extension => pair.identifier()?.reference.as_ref()?.target.entity(),
                _ => return Some(pair.clone()),
            };
            pair = self.out.pair(further?)?;
        }
        None
    }

    /// New ids, where the destination's rows have come so far that twice ours pass the column's end.
    fn ids_to_come(
        &mut self,
        parent: &EntityPair,
        id: &ColumnShape,
        column: &ColumnShape,
    ) -> Option<(String, Option<u64>)> {
        let (_, most) = column.data_type.integer_range()?;
        let (_, there) = id.data_type.integer_range()?;
        if there <= most {
            return None;
        }
        let last = i128::from(most) - 2 * i128::from(parent.source_rows?);
        let beyond = Value::Integer(i64::try_from(last + 1).unwrap_or(i64::MIN));
        let filter = Filter::Between(id.name.clone(), beyond, Value::Integer(i64::MAX));
        let table = &self.destination.entity(parent.destination).table;
        let rows = self.inquiry.count(Side::Destination, table, filter);
        if rows == Some(0) && last > 0 {
            return None;
        }
        Some((
            format!(
                "it is {}, and new ids of {} ({}) may pass {most}: twice its rows are more than is \
                 left after the ids that the destination has",
                column.data_type, parent.name, id.data_type
            ),
            rows,
        ))
    }

    /// Ids that stay as they are, where some of them do not fit.
    fn ids_as_they_are(
        &mut self,
        pair: &EntityPair,
        ours: &ColumnShape,
        id: &ColumnShape,
        column: &ColumnShape,
    ) -> Option<(String, Option<u64>)> {
        let name = ours.name.clone();
        let beyond = match (id.data_type.kind()?, column.data_type.kind()?) {
            (ValueKind::Integer, ValueKind::Integer) => {
                let (there, here) =
                    (id.data_type.integer_range()?, column.data_type.integer_range()?);
                if here.0 <= there.0 && there.1 <= here.1 {
                    return None;
                }
                let within =
                    Filter::Between(name.clone(), Value::Integer(here.0), Value::Integer(here.1));
                Filter::not_null(&name).and(within.negated())
            }
            (ValueKind::Text, ValueKind::Text) => {
                let most = column.data_type.max_length()?;
                if id.data_type.max_length().is_some_and(|there| there <= most) {
                    return None;
                }
                Filter::LongerThan(name, most)
            }
            _ => return None,
        };
        let table = &self.source.entity(pair.source).table;
        let rows = self.inquiry.count(Side::Source, table, beyond);
        if rows == Some(0) {
            return None;
        }
        let what = format!("it is {}, and ids that rows hold do not fit", column.data_type);
        Some((what, rows))
    }
}
