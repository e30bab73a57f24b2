//! Entities whose ids a plain attribute may hold, and what its name says of them.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

use super::super::people::{same_groups, same_tenants};
use super::super::records::{Folded, folded_text};
use super::super::references::Target;
use super::super::{EntityPair, IdentifierKind, Work};
use crate::database::{Value, ValueKind};
use crate::outsystems::{DataKind, Entity, EntityIndex, Key, SystemTarget};

/// Shorter names are in too many others.
const LEAST_NAME: usize = 3;

const ENDINGS: [&str; 5] = ["id", "key", "code", "ref", "number"];

/// A name without case and without what is no letter or digit.
pub(super) fn plain_name(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    for sign in name.chars().filter(|sign| sign.is_alphanumeric()) {
        match sign.is_ascii() {
            true => plain.push(sign.to_ascii_lowercase()),
            false => plain.extend(sign.to_lowercase()),
        }
    }
    plain
}

/// Whether a text's plain name says that it may hold ids at all.
pub(super) fn sounds_like_a_key(attribute: &str) -> bool {
    ENDINGS.iter().any(|ending| attribute.ends_with(ending))
}

/// Where the ids of an entity are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Whose {
    /// Its rows are carried over and get new ids: the database, of the pair at this place.
    Rows(usize),
    /// Its rows are matched and never carried over: the model of the source.
    Known(EntityIndex),
}

/// An entity that the name of an attribute says, with the length of what was found of its name and
/// whether there is anything before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Named {
    pub(super) whose: Whose,
    length: usize,
    is_whole: bool,
}

/// All entities whose ids a plain attribute may hold.
pub(super) struct Targets {
    /// Places of the pairs whose rows get new ids.
    pub(super) rows: Vec<usize>,
    /// By their plain names.
    by_name: HashMap<String, Vec<Whose>>,
    /// Modules of the scope, and those that its attributes refer to.
    near: BTreeSet<Key>,
    /// What [`Work::is_worth_asking`] has said: several attributes have the name of one entity.
    worth: RefCell<HashMap<(EntityIndex, bool), bool>>,
}

impl Targets {
    fn new(named: impl Iterator<Item = (Whose, String)>, near: BTreeSet<Key>) -> Self {
        let (rows, by_name) = (Vec::new(), HashMap::new());
        let mut targets = Self { rows, by_name, near, worth: RefCell::default() };
        for (whose, name) in named {
            if let Whose::Rows(place) = whose {
                targets.rows.push(place);
            }
            let name = plain_name(&name);
            if name.chars().count() >= LEAST_NAME {
                targets.by_name.entry(name).or_default().push(whose);
            }
        }
        targets
    }

    /// Those whose ids an attribute holds by its plain name: theirs with an ending of a key.
    fn named_by(&self, attribute: &str) -> Vec<Named> {
        let endings = ENDINGS.iter().filter(|ending| attribute.contains(**ending));
        let ends = endings.flat_map(|ending| attribute.match_indices(ending));
        let stems = ends.flat_map(|(end, _)| {
            attribute[..end].char_indices().map(move |(start, _)| (start, end))
        });
        let named = stems.flat_map(|(start, end)| {
            let found = self.by_name.get(&attribute[start..end]).into_iter().flatten();
            let (length, is_whole) = (end - start, start == 0);
            found.map(move |whose| Named { whose: *whose, length, is_whole })
        });
        let mut named: Vec<Named> = named.collect();
        // The longest name of each comes first.
        named.sort_unstable_by_key(|one| (one.whose, std::cmp::Reverse(one.length)));
        named.dedup_by_key(|one| one.whose);
        named
    }
}

/// Whether rows of an entity get new ids that a plain attribute could hold.
fn gives_ids(pair: &EntityPair) -> bool {
    pair.identifier_kind == IdentifierKind::Generated
        && pair.identifier().is_some_and(|identifier| {
            identifier.source_column.data_type.kind() == Some(ValueKind::Integer)
        })
}

/// Groups and tenants are proposed where a name says so. Users never are: ids of users are small
/// numbers, and so is nearly everything else.
fn is_proposed(system: SystemTarget) -> bool {
    matches!(system, SystemTarget::Group | SystemTarget::Tenant)
}

/// The ids of rows that are only looked up, as the model of the source has them.
pub(super) struct KnownIds {
    /// What they are called.
    pub(super) what: &'static str,
    /// Whether they are texts.
    pub(super) are_texts: bool,
    ids: BTreeSet<Folded>,
    /// How many have another id in the destination, or no counterpart; `None` where nobody can tell.
    pub(super) others: Option<usize>,
}

impl KnownIds {
    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    /// How many of these values are ids.
    pub(super) fn found(&self, values: impl Iterator<Item = Value>) -> usize {
        let values: BTreeSet<Folded> = values.map(|value| folded_text(&value)).collect();
        values.intersection(&self.ids).count()
    }

    /// How many ids lie between two numbers, both included.
    pub(super) fn held(&self, least: i64, most: i64) -> u64 {
        let range = Folded::Integer(least)..=Folded::Integer(most);
        self.ids.range(range).count() as u64
    }
}

impl Work<'_> {
    /// The entities whose ids attributes of the scope may hold.
    pub(super) fn soft_targets(&self) -> Targets {
        let pairs = &self.out.pairs;
        let rows = (0..pairs.len()).filter(|place| gives_ids(&pairs[*place])).map(|place| {
            (Whose::Rows(place), self.source.entity(pairs[place].source).name.clone())
        });
        let known = self.source.entities.iter().enumerate().filter(|(place, entity)| {
            self.is_looked_up(EntityIndex(*place)) && entity.system_target().is_none_or(is_proposed)
        });
        let known = known.map(|(place, one)| (Whose::Known(EntityIndex(place)), one.name.clone()));
        let mut near: BTreeSet<Key> = BTreeSet::new();
        for pair in pairs {
            near.insert(self.source.entity(pair.source).espace_key.clone());
            let references = pair.attributes.iter().filter_map(|one| one.reference.as_ref());
            for reference in references {
                if let Target::Static(index) | Target::Entity(index) = reference.target {
                    near.insert(self.source.entity(index).espace_key.clone());
                }
            }
        }
        Targets::new(rows.chain(known), near)
    }

    /// Whether ids of an entity are rewritten by a map and its rows are not carried over: records of a
    /// static entity, users, groups, tenants.
    pub(super) fn is_looked_up(&self, index: EntityIndex) -> bool {
        let entity = self.source.entity(index);
        if !entity.is_active {
            return false;
        }
        match entity.system_target() {
            Some(system) => {
                matches!(system, SystemTarget::User | SystemTarget::Group | SystemTarget::Tenant)
            }
            None => self.is_of_records(index),
        }
    }

    /// Whether an entity is static and its records stay where they are.
    pub(in crate::compare) fn is_of_records(&self, index: EntityIndex) -> bool {
        let entity = self.source.entity(index);
        entity.system_target().is_none()
            && entity.kind == DataKind::Static
            && !entity.is_external
            && entity.espace_id.is_some()
            && self.out.pair(index).is_none()
    }

    /// The entity whose ids an attribute of such values holds, by the name that a decision gives.
    pub(super) fn soft_target_named(
        &self,
        to: &str,
        targets: &Targets,
        is_text: bool,
    ) -> Option<Whose> {
        let to = to.trim().to_lowercase();
        let mut rows = targets.rows.iter().copied();
        if let Some(place) = rows.find(|one| self.out.pairs[*one].name.to_lowercase() == to) {
            return Some(Whose::Rows(place));
        }
        let all = self.source.entities.iter().enumerate();
        let mut named =
            all.filter(|(_, one)| one.is_active && one.full_name().to_lowercase() == to);
        let (Some((place, _)), None) = (named.next(), named.next()) else { return None };
        let index = EntityIndex(place);
        let fits = self.is_looked_up(index) && self.known_ids(index, is_text).is_some();
        fits.then_some(Whose::Known(index))
    }

    /// The entities whose ids an attribute of an entity holds by its name. Of those that are only
    /// looked up the ones with the longest name, and the nearest: a factory has many of one name.
    pub(super) fn soft_targets_named_by(
        &self,
        holder: &Entity,
        attribute: &str,
        targets: &Targets,
    ) -> Vec<Whose> {
        let named = targets.named_by(attribute);
        let longest = named.iter().map(|one| one.length).max().unwrap_or_default();
        let (rows, known): (Vec<Named>, Vec<Named>) =
            named.into_iter().partition(|one| matches!(one.whose, Whose::Rows(_)));
        let rows: Vec<Whose> = rows.into_iter().map(|one| one.whose).collect();
        let known = known.into_iter().filter(|one| one.length == longest);
        let (mut of_platform, mut records) = (Vec::new(), Vec::new());
        for one in known {
            let Whose::Known(index) = one.whose else { continue };
            let entity = self.source.entity(index);
            match entity.system_target() {
                // ProductGroupId is no group's.
                Some(_) if one.is_whole => of_platform.push(one.whose),
                Some(_) => {}
                None => records.push((one.whose, &entity.espace_key)),
            }
        }
        let of = |is_fit: &dyn Fn(&Key) -> bool| -> Vec<Whose> {
            let fit = records.iter().filter(|(_, espace)| is_fit(espace));
            fit.map(|(whose, _)| *whose).collect()
        };
        let mut records = match of(&|espace| *espace == holder.espace_key) {
            own if !own.is_empty() => own,
            _ => match of(&|espace| targets.near.contains(espace)) {
                near if !near.is_empty() => near,
                _ if records.len() == 1 => of(&|_| true),
                _ => Vec::new(),
            },
        };
        if rows.is_empty() && records.is_empty() {
            records = of_platform;
        }
        rows.into_iter().chain(records).collect()
    }

    /// Whether values that are copied as they are would mean others in the destination: where every
    /// record has the same id on both sides, there is nothing to ask.
    pub(super) fn is_worth_asking(&self, one: Whose, targets: &Targets, is_text: bool) -> bool {
        let Whose::Known(index) = one else { return true };
        let mut worth = targets.worth.borrow_mut();
        *worth.entry((index, is_text)).or_insert_with(|| {
            let known = self.known_ids(index, is_text);
            known.is_some_and(|known| known.others.is_some_and(|others| others > 0))
        })
    }

    /// The ids of rows that are only looked up; `None` where a plain attribute cannot hold them, or
    /// where nobody could tell one of them from "none".
    pub(super) fn known_ids(&self, index: EntityIndex, is_text: bool) -> Option<KnownIds> {
        let entity = self.source.entity(index);
        let numbers = |ids: &mut dyn Iterator<Item = i64>| ids.map(Folded::Integer).collect();
        let (what, ids, others, are_texts) = match entity.system_target() {
            Some(SystemTarget::User) => {
                let ids = numbers(&mut self.source.users.iter().map(|user| user.id));
                // Whom each one is, is told once it is known who is meant.
                ("users", ids, None, false)
            }
            Some(SystemTarget::Group) => {
                let ids = numbers(&mut self.source.groups.iter().map(|group| group.id));
                let same = same_groups(self.source, self.destination);
                ("groups", ids, Some(self.source.groups.len() - same), false)
            }
            Some(SystemTarget::Tenant) => {
                let ids = numbers(&mut self.source.tenants.iter().map(|tenant| tenant.id));
                let same = same_tenants(self.source, self.destination);
                ("tenants", ids, Some(self.source.tenants.len() - same), false)
            }
            Some(_) => return None,
            None => {
                let records = self.known_records(index)?;
                let are_texts = records.kind == ValueKind::Text;
                ("records", records.ids, Some(records.others), are_texts)
            }
        };
        (is_text || !are_texts).then_some(KnownIds { what, are_texts, ids, others })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn targets(entities: &[&str]) -> Targets {
        let all = entities.iter().enumerate();
        let all = all.map(|(place, name)| (Whose::Rows(10 + place), (*name).to_owned()));
        Targets::new(all, BTreeSet::new())
    }

    #[test]
    fn a_name_says_whose_ids_they_are() {
        let targets = targets(&["Customer", "X", "Custom", "Straße", "customer"]);
        let named_by = |name: &str| -> Vec<usize> {
            let named = targets.named_by(&plain_name(name)).into_iter();
            let places = named.filter_map(|one| match one.whose {
                Whose::Rows(place) => Some(place),
                Whose::Known(_) => None,
            });
            places.collect()
        };
        assert_eq!(named_by("CustomerId"), [10, 14]);
        assert_eq!(named_by("Original_Customer_Key"), [10, 14]);
        assert_eq!(named_by("CustomerKeyCustomId"), [10, 12, 14]);
        assert_eq!(named_by("alte straße code"), [13]);
        for other in ["CustomerName", "Id", "XId", "IdOfCustomer"] {
            assert_eq!(named_by(other), [0; 0], "{other}");
        }
    }

    #[test]
    fn how_much_of_a_name_an_entity_has_is_told() {
        let targets = targets(&["OrderStatus", "Status"]);
        let named = targets.named_by("orderstatusid");
        let told: Vec<_> = named.iter().map(|one| (one.length, one.is_whole)).collect();
        assert_eq!(told, [(11, true), (6, false)]);
        assert_eq!(named[0].whose, Whose::Rows(10));
    }
}
