//! Event tables of the destination, whose rows would start processes for rows written
//! (`metamodel.md` §5.5).

use std::collections::HashMap;

use super::super::{Finding, FindingKey, FindingKind, Match, Work, choice};
use crate::database::{Filter, TableName, same_name};
use crate::outsystems::{EntityIndex, Side, SourceId};

/// The tables of people and of their links, which a run may write.
pub const PEOPLE_TABLES: [&str; 5] =
    ["OSSYS_USER", "OSSYS_GROUP", "OSSYS_USER_ROLE", "OSSYS_GROUP_ROLE", "OSSYS_GROUP_USER"];

/// Whether a plan will write something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Writes {
    No,
    /// That hangs on what is still to be decided.
    Open,
    Yes,
}

/// What is known of one user or group.
#[derive(Clone, Copy)]
struct Known {
    /// Whether its own row is written.
    row: Writes,
    /// Whether links of it are.
    links: Writes,
}

/// Subscriptions to the rows of one entity of the destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscriptions {
    /// The event table, as the model names it.
    pub table: TableName,
    /// How many rows it has; `None` as long as nobody has counted.
    pub rows: Option<u64>,
}

impl Work<'_> {
    /// Counts the subscriptions to rows that may be written, deleted or updated: of the entities in
    /// scope, of those that rows hang on, and of people as far as any of them may be written.
    pub(in crate::compare) fn event_tables(&mut self) {
        let model = self.destination;
        let outside = self.out.outside.iter().flat_map(|one| one.along.iter().chain([&one.rows]));
        let mut written: Vec<(TableName, Writes)> = outside
            .chain(&self.out.recreated.rows)
            .map(|part| (part.table.clone(), Writes::Yes))
            .chain(PEOPLE_TABLES.map(TableName::new).into_iter().zip(self.people_written()))
            .collect();
        let pairs = self.out.pairs.iter().map(|pair| model.entity(pair.destination));
        written.extend(pairs.map(|entity| (entity.table.clone(), Writes::Yes)));
        for (place, entity) in model.entities.iter().enumerate() {
            let Some(table) = &entity.event_table else { continue };
            let is_known = self.out.subscriptions.iter().any(|known| known.table == *table);
            let of_entity =
                written.iter().filter(|(one, _)| model.is_table_of(EntityIndex(place), one));
            let writes = of_entity.map(|(_, writes)| *writes).max().unwrap_or(Writes::No);
            if is_known || model.shape(table).is_none() || writes == Writes::No {
                continue;
            }
            let rows = self.inquiry.count(Side::Destination, table, Filter::All);
            self.out.subscriptions.push(Subscriptions { table: table.clone(), rows });
            if rows == Some(0) {
                continue;
            }
            let is_people =
                PEOPLE_TABLES.iter().any(|people| same_name(people, &entity.table.name));
            let when = if is_people {
                "and put back right after users and groups are written. Until then no application \
                 starts a process by them."
            } else {
                "and put back after the last one, so that no process starts by rows carried over."
            };
            let put_away = match writes {
                Writes::Open => {
                    "If rows of it are written, which is not decided yet, the subscriptions are put \
                     away before the first write,"
                }
                _ => "The subscriptions are put away before the first write,",
            };
            self.find(
                Finding::note(
                    FindingKey::entity(FindingKind::EventTableNotEmpty, entity),
                    entity.full_name(),
                    format!("processes are subscribed to its rows in {table}"),
                    format!("{put_away} {when}"),
                )
                .touching(rows),
            );
        }
    }

    /// Which of [`PEOPLE_TABLES`] a plan writes, as far as that is decided. Tables of links are
    /// written as soon as the plan has one to see to, be it there or not.
    fn people_written(&self) -> [Writes; 5] {
        let users: HashMap<i64, Known> = self
            .out
            .users
            .iter()
            .map(|user| (user.source.0, self.known(&user.matched, user.finding.as_ref())))
            .collect();
        let groups: HashMap<i64, Known> = self
            .out
            .groups
            .iter()
            .map(|group| (group.source.0, self.known(&group.matched, group.finding.as_ref())))
            .collect();
        let rows = |of: &HashMap<i64, Known>| of.values().map(|known| known.row).max();
        let link = |of: &HashMap<i64, Known>, id: &i64| of.get(id).map(|known| known.links);
        let role = |of: &HashMap<i64, Known>, links: &[(i64, i64)]| {
            let known = links.iter().filter(|(_, id)| self.out.roles.contains_key(&SourceId(*id)));
            known.filter_map(|(holder, _)| link(of, holder)).max()
        };
        let links = &self.source.links;
        let members = links.group_users.iter();
        let members = members
            .filter_map(|(user, group)| Some(link(&users, user)?.min(link(&groups, group)?)));
        [
            rows(&users),
            rows(&groups),
            role(&users, &links.user_roles),
            role(&groups, &links.group_roles),
            members.max(),
        ]
        .map(|writes| writes.unwrap_or(Writes::No))
    }

    /// What becomes of a user or group, as far as that is decided.
    fn known(&self, matched: &Match, finding: Option<&FindingKey>) -> Known {
        let Some(key) = finding else {
            return Known { row: Writes::No, links: Writes::Yes };
        };
        let finding = self.found(key);
        let settled = || finding?.settled.as_ref().map(|(name, _)| *name);
        let made = match () {
            () if self.selection.emptied.contains(key) => Some(choice::EMPTY),
            () if self.selection.mapped.contains_key(key) => Some(choice::MAP),
            () => self.wish(key).or_else(settled),
        };
        let makes = |name: &str| [choice::CREATE, choice::UPDATE, choice::RECREATE].contains(&name);
        let may_be_made = || finding.is_some_and(|one| one.choices.iter().any(|c| makes(c.name)));
        match made {
            Some(name) if makes(name) => Known { row: Writes::Yes, links: Writes::Yes },
            Some(choice::EMPTY) => Known { row: Writes::No, links: Writes::No },
            Some(choice::USE | choice::MAP) => Known { row: Writes::No, links: Writes::Yes },
            _ => Known {
                row: if may_be_made() { Writes::Open } else { Writes::No },
                links: if matched.found().is_some() { Writes::Yes } else { Writes::Open },
            },
        }
    }
}
