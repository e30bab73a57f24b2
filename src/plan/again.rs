//! A plan once more, for what a run of it could not write.

use std::collections::{HashMap, HashSet};

use super::{ExistingPlan, PersonFate, PersonPlan, Plan};
use crate::database::Value;
use crate::outsystems::{DestinationId, SourceId};

/// What a run rejected, and whom it brought into the destination.
#[derive(Clone, Debug, Default)]
pub struct Again {
    /// The run.
    pub run: String,
    /// The keys of the rows to be tried again, of each entity of its plan.
    pub rows: Vec<Vec<Value>>,
    /// Users that are in the destination now.
    pub users: HashMap<SourceId, DestinationId>,
    /// Groups that are.
    pub groups: HashMap<SourceId, DestinationId>,
    /// Links that were refused: the table, and the ids in the destination that it would join.
    pub links: Vec<(String, DestinationId, DestinationId)>,
}

impl Plan {
    /// The plan that tries these rows again beside what the run wrote: nothing is deleted, nobody
    /// is created who is there, and only the refused links are added, and those of people who are
    /// created now.
    #[must_use]
    pub fn again(&self, again: &Again) -> Self {
        let mut plan = self.clone();
        plan.rejects_of = Some(again.run.clone());
        plan.outside.clear();
        plan.deletions.clear();
        plan.cleared.clear();
        plan.leaf_first.clear();
        for (place, entity) in plan.entities.iter_mut().enumerate() {
            let rows = again.rows.get(place).cloned().unwrap_or_default();
            entity.source_rows = rows.len() as u64;
            entity.again = Some(rows);
            if let ExistingPlan::Replace { rows, standing, .. } = entity.existing {
                entity.existing = ExistingPlan::Keep { rows: rows + standing };
            }
        }
        let is_refused: HashSet<(&str, DestinationId, DestinationId)> =
            again.links.iter().map(|(table, one, other)| (table.as_str(), *one, *other)).collect();
        let (users, groups) = (&again.users, &again.groups);
        let is_due = |table, one: Option<&DestinationId>, other: Option<&DestinationId>| {
            let (Some(one), Some(other)) = (one, other) else { return true };
            is_refused.contains(&(table, *one, *other))
        };
        let links = &mut plan.links;
        links
            .user_roles
            .retain(|(user, role)| is_due("OSSYS_USER_ROLE", users.get(user), Some(role)));
        links
            .group_roles
            .retain(|(group, role)| is_due("OSSYS_GROUP_ROLE", groups.get(group), Some(role)));
        links
            .group_users
            .retain(|(user, group)| is_due("OSSYS_GROUP_USER", users.get(user), groups.get(group)));
        settle(&mut plan.users, users);
        settle(&mut plan.groups, groups);
        plan.fingerprint = plan.pinned();
        plan
    }
}

/// Whoever is there now is used.
fn settle(people: &mut [PersonPlan], there: &HashMap<SourceId, DestinationId>) {
    for person in people {
        if let Some(id) = there.get(&person.source) {
            person.fate = PersonFate::Use(*id);
        }
    }
}
