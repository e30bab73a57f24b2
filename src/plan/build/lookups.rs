//! Rows of the destination that references are set to: those that leave the scope, and those that only
//! the destination has.

use super::Builder;
use crate::compare::{
    self, FindingKey, FindingKind, KeyMap, LeavingMatch, LeavingRows, NamedRow, NewReference,
    choice, chosen_value,
};
use crate::database::Value;
use crate::outsystems::SystemTarget;
use crate::plan::{
    ExistingPlan, Fate, KeyLookup, KeyPart, LookedUp, LookupPlan, LookupRows, OutsideFate, Plan,
};

impl Builder<'_> {
    /// Takes over what the comparison looked up, with what was decided about the rest.
    pub(super) fn look_up(&mut self) {
        let review = self.review;
        for ((pair, attribute), outside) in &review.comparison.leaving {
            let rows = match &outside.rows {
                LeavingRows::Reject => LookupRows::Reject,
                LeavingRows::Replacement(row) => self.named_row(row),
                LeavingRows::ByKey(keys) => {
                    LookupRows::ByKey(Box::new(self.key_lookup(*pair, *attribute, keys)))
                }
            };
            self.lookup_places.insert((*pair, *attribute), self.lookups.len());
            self.lookups.push(LookupPlan { name: outside.name.clone(), rows });
        }
    }

    fn named_row(&self, row: &NamedRow) -> LookupRows {
        LookupRows::Replacement {
            table: self.resolved(self.destination, &row.table),
            id: row.id.clone(),
            row: row.row.clone(),
        }
    }

    /// The id that every row gets in a column which only the destination has, and which refers to a
    /// row there by decision: that one is looked for again before a run writes.
    pub(super) fn refers_to(&mut self, pair: &str, reference: &NewReference) -> Option<Value> {
        let column = &reference.column;
        let row = match self.made(Some(&reference.finding)) {
            Some((choice::REPLACEMENT, _)) => reference.row.as_ref(),
            _ => return None,
        };
        let Some(row) = row else {
            self.wrong.push(format!(
                "{pair}, column {}: which row it is to refer to has to be decided for this attribute by \
                 itself",
                column.name
            ));
            return None;
        };
        let mut recreated = self.review.comparison.recreated.users.iter();
        let is_user = self.destination.entity(reference.refers_to).system_target()
            == Some(SystemTarget::User);
        if is_user && recreated.any(|(_, id)| Value::from(*id) == row.row) {
            self.wrong.push(format!(
                "{pair}, column {}: the user {} is deleted and created again, under another id; name \
                 another user, or decide otherwise about this one",
                column.name, row.shown
            ));
        }
        let rows = self.named_row(row);
        self.lookups.push(LookupPlan { name: row.name.clone(), rows });
        match chosen_value(&row.row.to_string(), column) {
            Ok(value) => Some(value),
            Err(why) => {
                self.wrong.push(format!("{pair}, column {}: {why}", column.name));
                None
            }
        }
    }

    fn key_lookup(&self, pair: usize, attribute: usize, keys: &KeyMap) -> KeyLookup {
        let pair = &self.review.comparison.pairs[pair];
        let entity = self.source.entity(pair.source);
        let key = |kind| FindingKey::attribute(kind, entity, &pair.attributes[attribute].attribute);
        let decided = |kind| match self.decisions.choice(&key(kind)) {
            Some(choice::EMPTY) => Fate::Empty,
            // Whoever decided to stop, or nothing, gets no plan.
            _ => Fate::LeaveOut,
        };
        let rows = keys.rows.iter().map(|row| LookedUp {
            source: row.id.clone(),
            key: row.key.first().cloned().unwrap_or(Value::Null),
            more: row.key.iter().skip(1).cloned().collect(),
            fate: match &row.matched {
                LeavingMatch::Row(id) => Fate::To(id.clone()),
                LeavingMatch::Missing => decided(FindingKind::LookupMissing),
                LeavingMatch::Ambiguous => decided(FindingKind::LookupAmbiguous),
            },
        });
        let part = |part: &compare::KeyPart| KeyPart {
            attribute: part.name.clone(),
            source: part.source.clone(),
            destination: part.destination.clone(),
            is_tenant: part.is_tenant,
        };
        // A key has a part.
        let (first, more) = (&keys.parts[0], &keys.parts[1..]);
        KeyLookup {
            attribute: first.name.clone(),
            source_table: self.resolved(self.source, &keys.source.0),
            source_id: keys.source.1.clone(),
            source_key: first.source.clone(),
            destination_table: self.resolved(self.destination, &keys.destination.0),
            destination_id: keys.destination.1.clone(),
            destination_key: first.destination.clone(),
            more: more.iter().map(part).collect(),
            rows: rows.collect(),
        }
    }
}

/// Rows that the run deletes are none to refer to.
pub(super) fn refused(plan: &Plan) -> Vec<String> {
    let mut wrong = Vec::new();
    for lookup in &plan.lookups {
        let Some((table, _)) = lookup.rows.destination() else { continue };
        let is_replaced = plan.entities.iter().any(|entity| {
            entity.destination_table == *table
                && matches!(entity.existing, ExistingPlan::Replace { .. })
        });
        let goes_along = plan
            .outside
            .iter()
            .any(|one| one.table == *table && matches!(one.fate, OutsideFate::Deleted));
        if is_replaced || goes_along {
            wrong.push(format!(
                "{}: a decision refers to rows that the destination has, and another has rows of \
                 that entity deleted there; take the entity in, or decide the other one otherwise",
                lookup.name
            ));
        }
    }
    wrong
}
