//! Users of the destination that are deleted and created again: what goes with them, and what
//! forbids it.

use crate::compare::rows::{Link, OutsidePart};
use crate::compare::{Choice, Finding, FindingKey, FindingKind, Reason, Severity, Work, choice};
use crate::database::{DeleteAction, Filter, TableName, same_name};
use crate::outsystems::{DestinationId, Key, Side, SourceId};

/// The platform's links of a user, which nobody but users have (`metamodel.md` §6).
const LINKS: [&str; 2] = ["OSSYS_USER_ROLE", "OSSYS_GROUP_USER"];

/// A view: its rows are those of other tables.
const VIEW: &str = "OSSYS_USER_EFFECTIVE_ROLE";

/// Users that are deleted and created again.
#[derive(Clone, Debug, Default)]
pub struct Recreated {
    /// Whose row in the destination goes.
    pub users: Vec<(SourceId, DestinationId)>,
    /// The rows that go, the users' own last: children before parents.
    pub rows: Vec<OutsidePart>,
}

impl Work<'_> {
    /// Works out what goes with users that are deleted and created again, and what depends on them.
    pub(in crate::compare) fn recreated(&mut self) {
        let users: Vec<(SourceId, DestinationId)> = self
            .out
            .users
            .iter()
            .filter_map(|user| {
                let key = user.finding.as_ref()?;
                let wish = self.wish(key);
                let finding = self.found(key)?;
                let made = wish.or(finding.settled.as_ref().map(|(name, _)| *name))?;
                let offered = finding.choices.iter().any(|choice| choice.name == made);
                let is_wanted = made == choice::RECREATE && offered;
                Some((user.source, user.matched.found().filter(|_| is_wanted)?))
            })
            .collect();
        if users.is_empty() {
            return;
        }
        let table = TableName::new("OSSYS_USER");
        let Some(shape) = self.destination.shape_named(&table) else { return };
        let table = shape.name.clone();
        let ids: Vec<_> = users.iter().map(|(_, id)| (*id).into()).collect();
        let own = Filter::AnyOf("ID".to_owned(), ids.clone());
        let mut rows = Vec::new();
        for link in self.links_to(&table) {
            if same_name(&link.child.name, VIEW) {
                continue;
            }
            let refers = Filter::AnyOf(link.column.clone(), ids.clone());
            let Some(refers) = self.that_stay(&link.child, refers) else { continue };
            let count = match self.inquiry.count(Side::Destination, &link.child, refers.clone()) {
                None => continue,
                // Somebody may be given a role before the run.
                Some(0) if !LINKS.iter().any(|own| same_name(own, &link.child.name)) => continue,
                Some(count) => count,
            };
            let name = self.owner_of(&link.child);
            let part = OutsidePart { name, table: link.child.clone(), filter: refers, count };
            if let Some(why) = self.goes_along(&link, &part, &mut rows) {
                self.depends(&link, &part, &why);
            }
        }
        let name = "users that are created again".to_owned();
        let count = users.len() as u64;
        rows.push(OutsidePart { name, table, filter: own, count });
        self.out.recreated = Recreated { users, rows };
    }

    /// Adds rows that go with the users; else says why they are in the way.
    fn goes_along(
        &mut self,
        link: &Link,
        part: &OutsidePart,
        rows: &mut Vec<OutsidePart>,
    ) -> Option<String> {
        if LINKS.iter().any(|own| same_name(own, &link.child.name)) {
            self.cascades(link, part, part.count);
            rows.push(part.clone());
            return None;
        }
        let cascades = self.destination.referrers.iter().any(|referrer| {
            !referrer.key.disabled
                && referrer.table == link.child
                && same_name(&referrer.key.column, &link.column)
                && referrer.key.on_delete == DeleteAction::Cascade
        });
        if !cascades {
            return Some("they do not go with the user".to_owned());
        }
        let is_in_scope = self
            .out
            .pairs
            .iter()
            .any(|pair| self.destination.is_table_of(pair.destination, &part.table));
        if is_in_scope {
            return Some("their entity is in the scope".to_owned());
        }
        match self.going_along(&part.table, &part.filter, &mut vec![part.table.clone()]) {
            Err(why) => Some(why),
            // A question is open.
            Ok(None) => None,
            Ok(Some(along)) => {
                let all = part.count + along.iter().map(|part| part.count).sum::<u64>();
                self.cascades(link, part, all);
                rows.extend(along);
                rows.push(part.clone());
                None
            }
        }
    }

    /// Those of these rows that are still there when the users go; `None` where none can be.
    fn that_stay(&self, table: &TableName, rows: Filter) -> Option<Filter> {
        let mut pairs = self.out.pairs.iter();
        let pair = pairs.find(|pair| self.destination.is_table_of(pair.destination, table));
        let is_chosen = |reason: &Reason| matches!(reason, Reason::Chosen);
        match pair.filter(|pair| is_chosen(&pair.reason) && self.is_replaced(pair)) {
            None => Some(rows),
            Some(pair) => match self.replaced_rows(pair) {
                Filter::All => None,
                goes => Some(rows.and(goes.negated())),
            },
        }
    }

    fn key_of(kind: FindingKind, link: &Link) -> FindingKey {
        FindingKey {
            attribute: Key::new(&format!("{}.{}", link.child, link.column)),
            ..FindingKey::new(kind)
        }
    }

    /// Says which rows go with the users.
    fn cascades(&mut self, link: &Link, part: &OutsidePart, rows: u64) {
        if rows == 0 {
            return;
        }
        let finding = Finding::note(
            Self::key_of(FindingKind::UserCascade, link),
            &part.name,
            format!("its rows go with the users that are created again ({})", link.column),
            "They are kept as they were before, and an undo brings them back. Created users get the \
             roles of the scope and their groups; what else they had is gone with these rows.",
        );
        let finding = Finding { severity: Severity::Warning, ..finding };
        self.find(finding.touching(Some(rows)));
    }

    /// Says which rows forbid that the users go.
    fn depends(&mut self, link: &Link, part: &OutsidePart, why: &str) {
        let finding = Finding::decide(
            Self::key_of(FindingKind::UserDependants, link),
            &part.name,
            format!("its rows depend on users that are to be created again ({})", link.column),
            format!(
                "Deleting these users would leave the rows with nobody, or take them away: {why}. \
                 Use or update the users instead, or see to the rows first."
            ),
            vec![Choice::stop("do not run while rows depend on them")],
            choice::STOP,
        );
        self.find(finding.touching(Some(part.count)));
    }
}
