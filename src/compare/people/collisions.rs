//! Two users of the source who become one in the destination, where a row is a user's own.

use std::collections::{HashMap, HashSet};

use crate::compare::references::Target;
use crate::compare::{
    Choice, Finding, FindingKey, FindingKind, IdentifierKind, UserMatch, Work, choice,
};
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
            let mut rows = 0;
            for used in usage.values() {
                let user = used.id().map(SourceId).and_then(|id| whose.get(&id));
                if user.is_some_and(|user| !taken.insert(*user)) {
                    rows += used.rows;
                }
            }
            if rows == 0 {
                continue;
            }
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
                            .costing("which of them comes first, nobody chooses"),
                    ],
                    choice::STOP,
                )
                .touching(Some(rows)),
            );
        }
    }
}
