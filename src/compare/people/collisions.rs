//! Two users of the source who become one in the destination, where a row is a user's own.

use std::collections::{HashMap, HashSet};

use crate::compare::references::Target;
use crate::compare::{
    Choice, Finding, FindingKey, FindingKind, IdentifierKind, UserMatch, Work, choice,
};
use crate::database::{Filter, Value};
use crate::outsystems::{DestinationId, SourceId, SystemTarget};

impl Work<'_> {
    /// Entities whose rows extend users, each user having one at most: where several users of ours
    /// become one, all but one of their rows have no place.
    pub(super) fn user_collisions(&mut self) {
        let whose: HashMap<SourceId, DestinationId> = self
            .out
            .users
            .iter()
            .filter_map(|user| Some((user.source, UserMatch::destination(user)?)))
            .collect();
        for place in 0..self.out.pairs.len() {
            let pair = &self.out.pairs[place];
            let extends_users = pair.identifier_kind == IdentifierKind::Extension
                && pair
                    .identifier()
                    .and_then(|own| own.reference.as_ref())
                    .is_some_and(|own| matches!(own.target, Target::System(SystemTarget::User, _)));
            let Some(identifier) = pair.identifier.filter(|_| extends_users) else { continue };
            let entity = self.source.entity(pair.source);
            let Some(usage) = self.usage(&[(place, identifier)]) else { continue };
            let mut taken: HashSet<DestinationId> = HashSet::new();
            let (mut rows, mut second) = (0, Vec::new());
            for used in usage.values() {
                let Some(id) = used.id() else { continue };
                let user = whose.get(&SourceId(id));
                if user.is_some_and(|user| !taken.insert(*user)) {
                    rows += used.rows;
                    second.push(Value::Integer(id));
                }
            }
            if rows == 0 {
                continue;
            }
            let own = &self.out.pairs[place].attributes[identifier];
            let column = own.source_column.name.clone();
            let cost = self.cost_of_rejecting(place, &Filter::AnyOf(column, second));
            let costs = cost.words.into_iter();
            let costs: Vec<String> =
                costs.chain(["which of them comes first, nobody chooses".to_owned()]).collect();
            self.find(
                Finding::decide(
                    FindingKey::entity(FindingKind::UserCollision, entity),
                    entity.full_name(),
                    "several users who have a row here become one user of the destination",
                    "A user has one row of this entity at most. Map these users to different ones, \
                     or do without the rows that have no place.",
                    vec![
                        Choice::stop("do not run"),
                        Choice::new(choice::REJECT, "leave out the rows that come second")
                            .costing(costs.join(", ")),
                    ],
                    choice::STOP,
                )
                .touching(Some(rows)),
            );
        }
    }
}
