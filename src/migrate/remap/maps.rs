//! Everything ids are looked up in.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use super::super::idmap::IdMap;
use crate::database::Value;
use crate::outsystems::{DestinationId, SourceId};
use crate::plan::{Fate, FixedPlan, LookupRows, Plan};

/// What is known of an entity's rows once they are all carried over.
#[derive(Clone, Default)]
pub(in super::super) struct Carried {
    /// Whose id became whose.
    pub(in super::super) map: IdMap,
    /// Rows that were not carried over, and whether a decision foresaw it.
    pub(in super::super) left_out: HashMap<String, bool>,
}

impl Carried {
    /// Adds a row; `false` when it is there already.
    #[must_use]
    pub(in super::super) fn keep(&mut self, source: &Value, destination: &Value) -> bool {
        match (source, destination) {
            (Value::Integer(source), Value::Integer(destination)) => {
                return self.map.push(SourceId(*source), DestinationId(*destination));
            }
            (Value::Text(text), _) => self.map.push_text(text),
            _ => {}
        }
        true
    }
}

/// What became of a user or a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Person {
    /// It is this one of the destination.
    Is(DestinationId),
    /// References to it are emptied by decision.
    Emptied,
    /// The destination has refused to have it created.
    Refused,
}

impl Person {
    /// Its id in the destination, if it has one.
    pub(in super::super) fn id(self) -> Option<DestinationId> {
        match self {
            Self::Is(id) => Some(id),
            Self::Emptied | Self::Refused => None,
        }
    }
}

/// What becomes of rows that are only looked up, by their ids in the source.
#[derive(Clone, Default)]
pub(in super::super) struct Fates {
    /// Those of numbers, which most are: nothing is made of them to look one up.
    numbers: HashMap<i64, Fate>,
    others: HashMap<String, Fate>,
}

impl Fates {
    fn of<'f>(rows: impl Iterator<Item = (&'f Value, &'f Fate)>) -> Self {
        let mut fates = Self::default();
        for (id, fate) in rows {
            match whole(id) {
                Some(number) => fates.numbers.insert(number, fate.clone()),
                None => fates.others.insert(fold(id), fate.clone()),
            };
        }
        fates
    }

    /// The fate of a row; `None` where none is known.
    pub(super) fn get(&self, id: &Value) -> Option<&Fate> {
        match whole(id) {
            Some(number) => self.numbers.get(&number),
            None => self.others.get(&fold(id)),
        }
    }
}

/// The whole number that an id is, whatever type its column has.
fn whole(id: &Value) -> Option<i64> {
    match id {
        Value::Integer(number) => Some(*number),
        Value::Decimal { value, scale: 0 } => i64::try_from(*value).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_found_whatever_type_its_column_has() {
        let whole = |value| Value::Decimal { value, scale: 0 };
        let rows = [(Value::Integer(5), 50), (whole(6), 60), (Value::text("Seven"), 70)];
        let rows: Vec<_> =
            rows.into_iter().map(|(id, to)| (id, Fate::To(Value::Integer(to)))).collect();
        let fates = Fates::of(rows.iter().map(|(id, fate)| (id, fate)));
        let found = |id: Value| match fates.get(&id) {
            Some(Fate::To(Value::Integer(to))) => Some(*to),
            _ => None,
        };
        assert_eq!([Value::Integer(5), whole(5)].map(found), [Some(50); 2]);
        assert_eq!([Value::Integer(6), whole(6)].map(found), [Some(60); 2]);
        assert_eq!(["seven", "5"].map(|text| found(Value::text(text))), [Some(70), None]);
        assert_eq!(found(Value::Decimal { value: 5, scale: 1 }), None);
    }
}

/// Who became whom.
pub(in super::super) type PeopleMap = HashMap<SourceId, Person>;

/// Everything ids are looked up in.
#[derive(Clone)]
pub(in super::super) struct Maps {
    /// By the entity's place in the plan; set when the entity is complete.
    pub(in super::super) entities: Vec<OnceLock<Arc<Carried>>>,
    /// Likewise, for tables of a circle: which rows will be carried over, not to which ids.
    pub(in super::super) foreseen: Vec<Option<Arc<Carried>>>,
    /// By the place in [`Plan::fixed`].
    pub(in super::super) fixed: Arc<Vec<Fates>>,
    /// By the place in [`Plan::lookups`]; empty for those that need no map.
    pub(in super::super) lookups: Arc<Vec<Fates>>,
    /// Users.
    pub(in super::super) users: Arc<PeopleMap>,
    /// Groups.
    pub(in super::super) groups: Arc<PeopleMap>,
    /// Tenants.
    pub(in super::super) tenants: Arc<HashMap<SourceId, DestinationId>>,
}

/// A value as a key in a look-up: numbers as numbers, text without case.
pub(in super::super) fn fold(value: &Value) -> String {
    match value {
        Value::Text(_) => format!("t{}", value.to_string().to_lowercase()),
        other => format!("n{other}"),
    }
}

impl Maps {
    /// The maps that the plan itself holds; users and groups come with the people's phase.
    pub(in super::super) fn new(plan: &Plan) -> Self {
        Self {
            entities: plan.entities.iter().map(|_| OnceLock::new()).collect(),
            foreseen: vec![None; plan.entities.len()],
            fixed: Arc::new(plan.fixed.iter().map(map_of).collect()),
            lookups: Arc::new(plan.lookups.iter().map(|lookup| looked_up(&lookup.rows)).collect()),
            users: Arc::default(),
            groups: Arc::default(),
            tenants: Arc::new(plan.tenants.iter().copied().collect()),
        }
    }

    /// The plan has other fixed maps from this place on.
    pub(in super::super) fn take_fixed(&mut self, plan: &Plan, from: usize) {
        let fixed = Arc::make_mut(&mut self.fixed);
        fixed.truncate(from);
        fixed.extend(plan.fixed.iter().skip(from).map(map_of));
    }
}

fn map_of(fixed: &FixedPlan) -> Fates {
    Fates::of(fixed.fates.iter().map(|(id, fate)| (id, fate)))
}

fn looked_up(rows: &LookupRows) -> Fates {
    match rows {
        LookupRows::Reject | LookupRows::Replacement { .. } => Fates::default(),
        LookupRows::ByKey(keys) => Fates::of(keys.rows.iter().map(|row| (&row.source, &row.fate))),
    }
}
