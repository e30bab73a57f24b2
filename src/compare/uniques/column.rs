//! What a column of a unique index gets from the source.

use std::collections::BTreeMap;

use super::super::records::fold;
use super::super::references::{Target, is_none};
use super::super::selection::{Leaving, attribute_key};
use super::super::{
    AttributePair, EntityPair, FindingKey, FixedMap, GroupMatch, IdentifierKind, TenantMatch,
    UserMatch, Work, choice,
};
use crate::database::{
    ColumnRef, ColumnShape, ColumnType, EngineKind, Filter, Likened, Value, ValueKind, same_name,
};
use crate::outsystems::SystemTarget;

/// More values than this are not named in a statement one by one.
const MOST_NAMED: usize = 500;

/// What a column of a unique index of the destination gets.
pub(super) struct Part {
    /// The source's column, as its values are alike once they are written.
    pub(super) own: Likened,
    /// The same with the values that are written; `None` where they are known only when ids have
    /// been given.
    pub(super) there: Option<Likened>,
    /// The destination's column.
    pub(super) column: ColumnRef,
    /// The type in which its values are compared with ours, where that is another one.
    pub(super) their_type: Option<ColumnType>,
    /// Whether what stands for "none" is there as well as NULL.
    pub(super) none_is_null: bool,
    /// Only rows with this condition can be refused at all.
    pub(super) among: Filter,
    /// Only rows with this condition can be like a row that the destination has.
    pub(super) meeting: Filter,
    /// Whether different values stay different.
    pub(super) is_one_to_one: bool,
    /// Whether it is compared by a collation.
    pub(super) is_text: bool,
}

/// What becomes of values whose counterparts are known.
#[derive(Default)]
struct Becomes {
    /// The values that become the same one, by what they become.
    others: BTreeMap<String, (Value, Vec<Value>)>,
    /// Values in whose place no reference is written.
    emptied: Vec<Value>,
}

impl Becomes {
    fn put(&mut self, from: &Value, to: &Value) {
        let one = self.others.entry(fold(to));
        one.or_insert_with(|| (to.clone(), Vec::new())).1.push(from.clone());
    }
}

impl Work<'_> {
    /// What a column gets; `None` where it is not carried over, so that all rows get the same.
    pub(super) fn part(
        &self,
        pair: &EntityPair,
        column: &str,
        collation: Option<String>,
    ) -> Option<Part> {
        let same_engine = self.source.facts.kind == self.destination.facts.kind;
        let collation = collation.filter(|_| same_engine);
        if let Some((ours, theirs)) = &pair.tenant
            && same_name(&theirs.name, column)
        {
            return Some(self.mapped(ours, theirs, &self.tenants_become()));
        }
        let attribute = pair
            .attributes
            .iter()
            .find(|attribute| same_name(&attribute.destination_column.name, column))?;
        let (ours, theirs) = (&attribute.source_column, &attribute.destination_column);
        // SQL Server refuses a collation for anything but text.
        let collation = collation.filter(|_| ours.data_type.kind() == Some(ValueKind::Text));
        let Some(reference) = &attribute.reference else {
            return Some(self.value(attribute, collation));
        };
        Some(match reference.target {
            Target::External => self.plain(ours, theirs, collation),
            Target::Entity(index) => {
                let zero_is_row = reference.zero_is_row;
                self.row(attribute, self.out.pair(index), collation, zero_is_row)
            }
            Target::System(SystemTarget::Tenant, _) => {
                self.mapped(ours, theirs, &self.tenants_become())
            }
            Target::System(SystemTarget::User, _) => {
                self.mapped(ours, theirs, &self.users_become())
            }
            Target::System(SystemTarget::Group, _) => {
                self.mapped(ours, theirs, &self.groups_become())
            }
            Target::Static(index) | Target::System(_, index) => {
                let map = self.out.fixed.get(&index);
                let becomes = map.map(|map| self.records_become(map)).unwrap_or_default();
                self.mapped(ours, theirs, &becomes)
            }
            Target::Outside(_) => {
                let key = attribute_key(self.source.entity(pair.source), &attribute.attribute);
                self.leaving_part(ours, theirs, self.selection.leaving.get(&key))
            }
            Target::Unresolved => self.leaving_part(ours, theirs, None),
        })
    }

    /// References to rows that are not carried over.
    fn leaving_part(
        &self,
        ours: &ColumnShape,
        theirs: &ColumnShape,
        leaving: Option<&Leaving>,
    ) -> Part {
        let mut part = self.mapped(ours, theirs, &Becomes::default());
        if let Some(Leaving::ByKey(_)) = leaving {
            // No two rows referred to are led to the same one.
            return part;
        }
        let is_gone = matches!(leaving, Some(Leaving::Reject));
        let is_emptied = matches!(leaving, Some(Leaving::Empty) | None);
        if is_gone || is_emptied && theirs.nullable && self.nulls_differ() {
            // Rows without a reference are all that is left, or all that are alike.
            part.among = part.among.and(part.meeting.clone());
        }
        part.own = Likened { others_are_null: true, ..part.own };
        part
    }

    /// Which tenants become which.
    fn tenants_become(&self) -> Becomes {
        let mut becomes = Becomes::default();
        for tenant in &self.out.tenants {
            if let Some(to) = TenantMatch::destination(tenant) {
                becomes.put(&tenant.source.into(), &to.into());
            }
        }
        becomes
    }

    /// Which users become which.
    fn users_become(&self) -> Becomes {
        let mut becomes = Becomes::default();
        let anew = &self.out.recreated.users;
        for user in &self.out.users {
            let from = Value::from(user.source);
            if self.is_emptied(user.finding.as_ref()) {
                becomes.emptied.push(from);
            } else if let Some(to) = UserMatch::destination(user)
                // Who is created again gets an id that is nobody's yet.
                && !anew.contains(&(user.source, to))
            {
                becomes.put(&from, &to.into());
            }
        }
        becomes
    }

    /// Which groups become which.
    fn groups_become(&self) -> Becomes {
        let mut becomes = Becomes::default();
        for group in &self.out.groups {
            let from = Value::from(group.source);
            if self.is_emptied(group.finding.as_ref()) {
                becomes.emptied.push(from);
            } else if let Some(to) = GroupMatch::destination(group) {
                becomes.put(&from, &to.into());
            }
        }
        becomes
    }

    /// Which records become which.
    fn records_become(&self, map: &FixedMap) -> Becomes {
        let mut becomes = Becomes::default();
        for record in &map.records {
            if self.is_emptied(record.finding.as_ref()) {
                becomes.emptied.push(record.source.clone());
                continue;
            }
            let decided = record.finding.as_ref().and_then(|key| self.selection.mapped.get(key));
            let to = match decided {
                Some(to) => map.named(to).ok(),
                None => record.destination.clone(),
            };
            if let Some(to) = to {
                becomes.put(&record.source, &to);
            }
        }
        becomes
    }

    /// Whether no reference is written where a row refers to whom or what the finding is about: by
    /// decision, or by what the plan says of all of them.
    fn is_emptied(&self, finding: Option<&FindingKey>) -> bool {
        let Some(key) = finding else { return false };
        let is_settled = || {
            let settled = self.found(key).and_then(|finding| finding.settled.as_ref());
            settled.is_some_and(|(made, _)| *made == choice::EMPTY)
        };
        self.selection.emptied.contains(key)
            || (!self.selection.users.contains_key(key) && is_settled())
    }

    /// NULL is like NULL for a unique index of SQL Server, and like nothing for one of SQLite.
    fn nulls_differ(&self) -> bool {
        self.destination.facts.kind == EngineKind::Sqlite
    }

    /// Values that stay what they are.
    pub(super) fn plain(
        &self,
        ours: &ColumnShape,
        theirs: &ColumnShape,
        collation: Option<String>,
    ) -> Part {
        let own = Likened::plain(&ours.name, collation);
        // NULL that is refused is another finding.
        let counts = ours.nullable && (!theirs.nullable || self.nulls_differ());
        Part {
            there: Some(own.clone()),
            own,
            column: ColumnRef::from(theirs),
            their_type: None,
            none_is_null: false,
            among: if counts { Filter::not_null(&ours.name) } else { Filter::All },
            meeting: Filter::All,
            is_one_to_one: true,
            is_text: ours.data_type.kind() == Some(ValueKind::Text),
        }
    }

    /// References: what stands for "none" counts as NULL.
    fn reference(&self, ours: &ColumnShape, theirs: &ColumnShape, zero_is_row: bool) -> Part {
        let kind = ours.data_type.kind();
        let zero = match kind {
            Some(ValueKind::Text) => Value::text(""),
            _ => Value::Integer(0),
        };
        let mut own = Likened::plain(&ours.name, None);
        let mut without = vec![Filter::IsNull(ours.name.clone())];
        if !zero_is_row {
            own.count_as.push((Filter::AnyOf(ours.name.clone(), vec![zero]), Value::Null));
            without.push(is_none(&ours.name, kind));
        }
        let differ = theirs.nullable && self.nulls_differ();
        Part {
            there: None,
            own,
            column: ColumnRef::from(theirs),
            their_type: None,
            none_is_null: true,
            among: if differ { Filter::Or(without.clone()).negated() } else { Filter::All },
            meeting: Filter::Or(without),
            is_one_to_one: !ours.nullable,
            is_text: kind == Some(ValueKind::Text),
        }
    }

    /// References to rows that are carried over.
    fn row(
        &self,
        attribute: &AttributePair,
        parent: Option<&EntityPair>,
        collation: Option<String>,
        zero_is_row: bool,
    ) -> Part {
        let (ours, theirs) = (&attribute.source_column, &attribute.destination_column);
        let mut part = self.reference(ours, theirs, zero_is_row);
        part.own.collation = collation;
        let Some(parent) = parent else { return part };
        let is_recognised = self.looked_for_by(parent).is_some();
        match parent.identifier_kind {
            // New rows are nobody's yet: only rows without a reference can be like others.
            IdentifierKind::Generated if !is_recognised => {
                part.there = Some(Likened {
                    others_are_null: true,
                    count_as: Vec::new(),
                    ..part.own.clone()
                });
            }
            IdentifierKind::Kept => {
                part.there = Some(part.own.clone());
                part.meeting = Filter::All;
            }
            _ => {}
        }
        part
    }

    /// References to rows whose counterparts are known.
    fn mapped(&self, ours: &ColumnShape, theirs: &ColumnShape, becomes: &Becomes) -> Part {
        let mut part = self.reference(ours, theirs, false);
        if !becomes.emptied.is_empty() {
            let emptied = Filter::AnyOf(ours.name.clone(), becomes.emptied.clone());
            part.is_one_to_one = false;
            part.own.count_as.push((emptied.clone(), Value::Null));
            if theirs.nullable && self.nulls_differ() {
                part.among = part.among.and(emptied.clone().negated());
            }
            part.meeting = Filter::Or(vec![part.meeting, emptied]);
        }
        let becomes = &becomes.others;
        let known: Vec<Value> = becomes.values().flat_map(|(_, from)| from.clone()).collect();
        for (_, from) in becomes.values().filter(|(_, from)| from.len() > 1) {
            part.is_one_to_one = false;
            if let Some(first) = from.first() {
                let these = Filter::AnyOf(ours.name.clone(), from.clone());
                part.own.count_as.push((these, first.clone()));
            }
        }
        if known.len() <= MOST_NAMED {
            let these = |from: &Vec<Value>| Filter::AnyOf(ours.name.clone(), from.clone());
            let count_as = becomes.values().map(|(to, from)| (these(from), to.clone())).collect();
            part.there = Some(Likened { count_as, others_are_null: true, ..part.own.clone() });
            part.meeting =
                Filter::Or(vec![part.meeting.clone(), Filter::AnyOf(ours.name.clone(), known)]);
        }
        part
    }
}
