//! Users to be created whose name the destination finds equal to that of somebody it has: by its
//! collation, which may see fewer differences than a comparison of names does.

use std::collections::BTreeMap;

use super::Match;
use crate::compare::references::Target;
use crate::compare::{Choice, Finding, FindingKey, FindingKind, Work, choice};
use crate::database::{Filter, TableName, Value, same_name};
use crate::outsystems::{DestinationId, Key, Side, SourceId, SystemTarget};

/// With more names than this, which of them are taken is not asked one by one.
const ASKED: usize = 200;

impl Work<'_> {
    /// Looks for them where an index of the destination's users would refuse them.
    pub(super) fn taken_names(&mut self) {
        let Some(shape) = self.destination.shape_named(&TableName::new("OSSYS_USER")) else {
            return;
        };
        let is_of_names = |columns: &Vec<String>| {
            columns.iter().any(|name| same_name(name, "USERNAME"))
                && columns
                    .iter()
                    .all(|name| same_name(name, "USERNAME") || same_name(name, "TENANT_ID"))
        };
        let mut indexes = shape.unique_indexes.iter().filter(|one| is_of_names(&one.columns));
        let Some(index) = indexes.next().cloned() else { return };
        let (table, name) = (shape.name.clone(), index.name.clone());
        let by_tenant = index.columns.iter().any(|name| same_name(name, "TENANT_ID"));
        let mut wanted: BTreeMap<Option<DestinationId>, Vec<(Key, SourceId)>> = BTreeMap::new();
        for user in &self.out.users {
            let finding = user.finding.as_ref().filter(|_| user.matched == Match::Missing);
            let finding = finding.and_then(|key| self.found(key));
            let creates = finding.is_some_and(|finding| {
                finding.choices.iter().any(|choice| choice.name == choice::CREATE)
            });
            if creates && user.mapped.is_none() {
                let tenant = self.mapped_tenant(user.tenant).flatten().filter(|_| by_tenant);
                wanted.entry(tenant).or_default().push((user.username.clone(), user.source));
            }
        }
        for (tenant, names) in wanted {
            let of = |names: &[(Key, SourceId)]| {
                let names = names.iter().map(|(name, _)| Value::text(name.as_str())).collect();
                let named = Filter::AnyOf("USERNAME".to_owned(), names);
                match tenant {
                    Some(id) => named.and(Filter::Equals("TENANT_ID".to_owned(), id.into())),
                    None => named,
                }
            };
            let rows = match self.inquiry.count(Side::Destination, &table, of(&names)) {
                None | Some(0) => continue,
                Some(rows) => rows,
            };
            let (mut taken, mut ids) = (Vec::new(), Vec::new());
            for one in names.iter().take(ASKED) {
                let there = of(std::slice::from_ref(one));
                if self.inquiry.count(Side::Destination, &table, there) > Some(0) {
                    taken.push(one.0.as_str().to_owned());
                    ids.push(Value::from(one.1));
                }
            }
            let mut cost = self.cost_of_refusing(&ids);
            if names.len() > ASKED && !cost.is_empty() {
                cost.insert_str(0, "at least ");
            }
            let of_all = "they are rejects, and so are rows that demand them";
            let cost = match cost.is_empty() {
                true => of_all.to_owned(),
                false => format!("{of_all}, {cost}"),
            };
            let there = tenant.and_then(|id| self.destination.tenant(id.0));
            let tenant_name = there.map(|tenant| tenant.name.clone()).unwrap_or_default();
            let key =
                FindingKey { tenant: tenant_name, ..FindingKey::new(FindingKind::UserCollision) };
            self.find(
                Finding::decide(
                    key,
                    "Users",
                    format!(
                        "the destination finds names of users to be created equal to names that it \
                         has, and its index {name} refuses them: {}",
                        taken.join(", ")
                    ),
                    "They differ in what its collation does not see: accents, width, blanks. Map \
                     these users to those that are there, or do without them.",
                    vec![
                        Choice::stop("do not run"),
                        Choice::new(
                            choice::REJECT,
                            "do without those whom the destination refuses",
                        )
                        .costing(cost),
                    ],
                    choice::STOP,
                )
                .touching(Some(rows)),
            );
        }
    }

    /// What goes where users are not created, in words: rows that demand them with all that demands
    /// those, and references that are emptied.
    fn cost_of_refusing(&mut self, ids: &[Value]) -> String {
        let (mut starts, mut emptied) = (Vec::new(), Vec::new());
        for (pair_place, pair) in self.out.pairs.iter().enumerate() {
            for (place, attribute) in pair.attributes.iter().enumerate() {
                let target = attribute.reference.as_ref().map(|reference| reference.target);
                // What values of process instances hold is text.
                if !matches!(target, Some(Target::System(SystemTarget::User, _)))
                    || attribute.typed.is_some()
                {
                    continue;
                }
                let filter = Filter::AnyOf(attribute.source_column.name.clone(), ids.to_vec())
                    .and(attribute.rows());
                match attribute.may_be_emptied() && pair.identifier != Some(place) {
                    true => emptied.push((pair_place, place, filter)),
                    false => starts.push((pair_place, filter)),
                }
            }
        }
        let mut words = self.cost_of_rejecting_each(&starts).words;
        for (pair_place, place, filter) in emptied {
            let pair = self.out.pairs[pair_place].clone();
            let table = &self.source.entity(pair.source).table;
            if let Some(rows @ 1..) = self.inquiry.count(Side::Source, table, filter) {
                let name = &pair.attributes[place].attribute.name;
                words.push(format!("{rows} references of {}.{name} emptied", pair.name));
            }
        }
        words.join(", ")
    }
}
