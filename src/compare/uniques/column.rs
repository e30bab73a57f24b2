//! What a column of a unique index gets from the source.

use std::collections::BTreeMap;

use super::super::records::fold;
use super::super::references::{Target, is_none};
use super::super::{AttributePair, EntityPair, FixedMap, IdentifierKind, Work};
use crate::database::{
    ColumnRef, ColumnShape, EngineKind, Filter, Likened, Value, ValueKind, same_name,
};
use crate::outsystems::{DestinationId, Key, SystemTarget};

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

/// The values that become the same one, by what they become.
type Becomes = BTreeMap<String, (Value, Vec<Value>)>;

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
            let mut becomes = Becomes::new();
            for tenant in &self.out.tenants {
                if let Some(to) = tenant.destination() {
                    put(&mut becomes, &Value::from(tenant.source), &Value::from(to));
                }
            }
            return Some(self.mapped(ours, theirs, &becomes));
        }
        let attribute = pair
            .attributes
            .iter()
            .find(|attribute| same_name(&attribute.destination_column.name, column))?;
        let (ours, theirs) = (&attribute.source_column, &attribute.destination_column);
        // SQL Server refuses a collation for anything but text.
        let collation = collation.filter(|_| ours.data_type.kind() == Some(ValueKind::Text));
        let Some(reference) = &attribute.reference else {
            return Some(self.plain(ours, theirs, collation));
        };
        Some(match reference.target {
            Target::External => self.plain(ours, theirs, collation),
            Target::Entity(index) => {
                let zero_is_row = reference.zero_is_row;
                self.row(attribute, self.out.pair(index), collation, zero_is_row)
            }
            Target::System(SystemTarget::Tenant, _) => {
                let mut becomes = Becomes::new();
                for tenant in &self.out.tenants {
                    if let Some(to) = tenant.destination() {
                        put(&mut becomes, &Value::from(tenant.source), &Value::from(to));
                    }
                }
                self.mapped(ours, theirs, &becomes)
            }
            Target::System(SystemTarget::User, _) => {
                self.mapped(ours, theirs, &self.users_become())
            }
            Target::System(SystemTarget::Group, _) => {
                let mut becomes = Becomes::new();
                for group in &self.out.groups {
                    if let Some(to) = group.matched.found() {
                        put(&mut becomes, &Value::from(group.source), &Value::from(to));
                    }
                }
                self.mapped(ours, theirs, &becomes)
            }
            Target::Static(index) | Target::System(_, index) => {
                let map = self.out.fixed.get(&index);
                let becomes = map.map(|map| self.records_become(map)).unwrap_or_default();
                self.mapped(ours, theirs, &becomes)
            }
            Target::Outside(_) | Target::Unresolved => {
                let mut part = self.mapped(ours, theirs, &Becomes::new());
                part.own = Likened { others_are_null: true, ..part.own };
                part
            }
        })
    }

    /// Which users become which.
    fn users_become(&self) -> Becomes {
        let mut becomes = Becomes::new();
        for user in &self.out.users {
            let decided = user.finding.as_ref().and_then(|key| self.selection.mapped.get(key));
            let to = match decided {
                Some(to) => self.user_named(to),
                None => user.matched.found(),
            };
            if let Some(to) = to {
                put(&mut becomes, &Value::from(user.source), &Value::from(to));
            }
        }
        becomes
    }

    /// The user that a decision names, where it is one.
    fn user_named(&self, to: &str) -> Option<DestinationId> {
        if let Ok(id) = to.trim().parse::<i64>() {
            return Some(DestinationId(id));
        }
        let wanted = Key::new(to);
        let mut named = self.destination.users.iter().filter(|user| user.username == wanted);
        let one = named.next()?;
        named.next().is_none().then_some(DestinationId(one.id))
    }

    /// Which records become which.
    fn records_become(&self, map: &FixedMap) -> Becomes {
        let mut becomes = Becomes::new();
        for record in &map.records {
            let decided = record.finding.as_ref().and_then(|key| self.selection.mapped.get(key));
            let to = match decided {
                Some(to) => {
                    let wanted = to.trim().to_lowercase();
                    let mut offered = map.offered.iter();
                    offered
                        .find(|(id, name)| {
                            name.to_lowercase() == wanted || id.to_string().to_lowercase() == wanted
                        })
                        .map(|(id, _)| id.clone())
                }
                None => record.destination.clone(),
            };
            if let Some(to) = to {
                put(&mut becomes, &record.source, &to);
            }
        }
        becomes
    }

    /// NULL is like NULL for a unique index of SQL Server, and like nothing for one of SQLite.
    fn nulls_differ(&self) -> bool {
        self.destination.facts.kind == EngineKind::Sqlite
    }

    /// Values that stay what they are.
    fn plain(&self, ours: &ColumnShape, theirs: &ColumnShape, collation: Option<String>) -> Part {
        let own = Likened::plain(&ours.name, collation);
        // NULL that is refused is another finding.
        let counts = ours.nullable && (!theirs.nullable || self.nulls_differ());
        Part {
            there: Some(own.clone()),
            own,
            column: ColumnRef::from(theirs),
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
            own.count_as.push((vec![zero], Value::Null));
            without.push(is_none(&ours.name, kind));
        }
        let differ = theirs.nullable && self.nulls_differ();
        Part {
            there: None,
            own,
            column: ColumnRef::from(theirs),
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
        let known: Vec<Value> = becomes.values().flat_map(|(_, from)| from.clone()).collect();
        for (_, from) in becomes.values().filter(|(_, from)| from.len() > 1) {
            part.is_one_to_one = false;
            if let Some(first) = from.first() {
                part.own.count_as.push((from.clone(), first.clone()));
            }
        }
        if known.len() <= MOST_NAMED {
            let count_as = becomes.values().map(|(to, from)| (from.clone(), to.clone())).collect();
            part.there = Some(Likened { count_as, others_are_null: true, ..part.own.clone() });
            part.meeting =
                Filter::Or(vec![part.meeting.clone(), Filter::AnyOf(ours.name.clone(), known)]);
        }
        part
    }
}

fn put(becomes: &mut Becomes, from: &Value, to: &Value) {
    becomes.entry(fold(to)).or_insert_with(|| (to.clone(), Vec::new())).1.push(from.clone());
}
