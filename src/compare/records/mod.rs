//! Rows that the platform or a module's code owns: found on both sides, never written.

mod holder;
mod known;

use std::collections::{BTreeMap, HashSet};

use super::references::Target;
use super::{Choice, Finding, FindingKey, FindingKind, Work, choice};
use crate::database::{ColumnRef, Filter, Value, ValueKind};
use crate::outsystems::{DataKind, Entity, EntityIndex, Key, Side, SystemTarget};
pub(super) use known::folded_text;
use known::{Counterparts, Known, known, unreadable};

/// Which record is which, for one static entity or platform table.
#[derive(Clone, Debug, Default)]
pub struct FixedMap {
    /// The name of the entity referred to.
    pub name: String,
    /// Its records as the source has them.
    pub records: Vec<RecordPair>,
    /// Active records of the destination that a person may map to: id and name.
    pub offered: Vec<(Value, String)>,
}

impl FixedMap {
    /// The record of the destination that a person means: by its id, or by a name that no other
    /// one has. An error says why it is none.
    pub fn named(&self, to: &str) -> Result<Value, String> {
        record_named(&self.offered, to)
    }

    /// What a decision calls a record of the destination.
    #[must_use]
    pub fn name_of(&self, id: &Value, name: &str) -> String {
        name_of_record(&self.offered, id, name)
    }
}

/// What a decision calls one of these records: its name where that means this one, else its id.
pub(super) fn name_of_record(offered: &[(Value, String)], id: &Value, name: &str) -> String {
    let means = record_named(offered, name).is_ok_and(|meant| meant == *id);
    if means { name.to_owned() } else { id.to_string() }
}

/// The record that a person means, of those with these ids and names.
pub(super) fn record_named(offered: &[(Value, String)], to: &str) -> Result<Value, String> {
    let wanted = to.trim().to_lowercase();
    let by_id = offered.iter().find(|(id, _)| id.to_string().to_lowercase() == wanted);
    if let Some((id, _)) = by_id {
        return Ok(id.clone());
    }
    let mut by_name = offered.iter().filter(|(_, name)| name.to_lowercase() == wanted);
    match (by_name.next(), by_name.next()) {
        (Some((id, _)), None) => Ok(id.clone()),
        (None, _) => Err(format!("the destination has no active record \"{to}\"")),
        _ => Err(format!("the destination has several records \"{to}\"; give the id")),
    }
}

/// One record.
#[derive(Clone, Debug)]
pub struct RecordPair {
    /// Its id in the source.
    pub source: Value,
    /// Its id in the destination, when it is there.
    pub destination: Option<Value>,
    /// Its SS key.
    pub key: Key,
    /// Its name.
    pub name: String,
    /// Rows in scope that refer to it.
    pub used: u64,
    /// The finding that decides what becomes of references, when it has no counterpart.
    pub finding: Option<FindingKey>,
}

/// A value as the platform compares it: numbers as numbers, text without case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Folded {
    /// A whole number: nearly all ids are.
    Integer(i64),
    /// Anything else that is no text, as it is written.
    Other(String),
    /// A text in lower case.
    Text(String),
}

impl Folded {
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Integer(number) => Self::Integer(*number),
            Value::Text(_) => Self::Text(value.to_string().to_lowercase()),
            other => {
                // What is written like a whole number is one.
                let shown = other.to_string();
                match shown.parse::<i64>() {
                    Ok(number) if number.to_string() == shown => Self::Integer(number),
                    _ => Self::Other(shown),
                }
            }
        }
    }
}

/// The same as a text, in whose order values are told.
pub(super) fn fold(value: &Value) -> String {
    match Folded::of(value) {
        Folded::Integer(number) => format!("n{number}"),
        Folded::Other(shown) => format!("n{shown}"),
        Folded::Text(text) => format!("t{text}"),
    }
}

/// How often a value is used, and by which references.
pub(super) struct Used {
    value: Value,
    pub(super) rows: u64,
    by: Vec<(usize, usize)>,
}

impl Used {
    /// The id that it is.
    pub(super) fn id(&self) -> Option<i64> {
        self.value.as_integer()
    }
}

/// How often each value is used.
type Usage = BTreeMap<Folded, Used>;

impl Work<'_> {
    /// Builds the map of every static entity and platform table that rows refer to.
    pub(super) fn records(&mut self) {
        let mut targets: BTreeMap<EntityIndex, Vec<(usize, usize)>> = BTreeMap::new();
        for (pair_place, pair) in self.out.pairs.iter().enumerate() {
            for (place, attribute) in pair.attributes.iter().enumerate() {
                if let Some(index) = attribute.soft.filter(|index| self.is_of_records(*index)) {
                    targets.entry(index).or_default().push((pair_place, place));
                }
                match attribute.reference.as_ref().map(|reference| reference.target) {
                    Some(Target::Static(index)) => {
                        targets.entry(index).or_default().push((pair_place, place));
                    }
                    Some(Target::System(system, index)) if is_fixed(system) => {
                        targets.entry(index).or_default().push((pair_place, place));
                    }
                    _ => {}
                }
            }
        }
        for (target, references) in targets {
            if self.are_rows_there(target) {
                continue;
            }
            if let Some(usage) = self.usage(&references) {
                let map = self.fixed_map(target, &references, &usage);
                self.out.fixed.insert(target, map);
            }
        }
    }

    /// Whether a static entity of the source is an ordinary one in the destination, and nobody has
    /// said that references to each of its records are decided one by one.
    fn are_rows_there(&mut self, target: EntityIndex) -> bool {
        let entity = self.source.entity(target);
        if entity.kind != DataKind::Static {
            return false;
        }
        let there = self.destination.entities_by_key(&entity.espace_key, &entity.key);
        let mut active = there.into_iter().map(|index| self.destination.entity(index));
        if !active.any(|other| other.is_active && other.kind == DataKind::Entity) {
            return false;
        }
        self.records_are_rows(entity);
        let key = FindingKey::entity(FindingKind::EntityKindChanged, entity);
        !self.selection.is_remade(&key, choice::LEAVE)
    }

    /// Which values the references hold; `None` while a question is open.
    pub(super) fn usage(&mut self, references: &[(usize, usize)]) -> Option<Usage> {
        let mut usage = Usage::new();
        let mut complete = true;
        for (pair_place, place) in references {
            let holder = self.holder((*pair_place, *place));
            match self.values_of(&holder) {
                Some(values) => {
                    for (value, rows) in values {
                        let Some(value) = holder.id(value) else { continue };
                        let used = usage.entry(Folded::of(&value)).or_insert_with(|| Used {
                            value: value.into_owned(),
                            rows: 0,
                            by: Vec::new(),
                        });
                        used.rows += rows;
                        used.by.push((*pair_place, *place));
                    }
                }
                None => complete = false,
            }
        }
        complete.then_some(usage)
    }

    /// The records of a static entity or platform table of the destination.
    fn counterparts(&mut self, index: EntityIndex, kind: ValueKind) -> Counterparts {
        let entity = self.destination.entity(index);
        let theirs = known(self.destination, &entity.espace_key, &entity.key, index, kind);
        Counterparts::new(theirs, self.physical_ids(index))
    }

    /// The ids and names of the active records that a static entity of the destination has.
    pub(super) fn records_there(
        &mut self,
        index: EntityIndex,
        kind: ValueKind,
    ) -> Vec<(Value, String)> {
        self.counterparts(index, kind).offered()
    }

    fn fixed_map(
        &mut self,
        target: EntityIndex,
        references: &[(usize, usize)],
        usage: &Usage,
    ) -> FixedMap {
        let entity = self.source.entity(target);
        let kind = self.id_kind(target);
        let ours = known(self.source, &entity.espace_key, &entity.key, target, kind);
        let counterpart = self.active_there(entity);
        let theirs = match counterpart {
            Some(index) => self.counterparts(index, kind),
            None => Counterparts::new(Vec::new(), None),
        };
        let offered = theirs.offered();

        let mut map = FixedMap { name: entity.full_name(), offered, records: Vec::new() };
        let mut taken: HashSet<Folded> = HashSet::new();
        // Active records first: an id may stand in the model twice, once inactive.
        let mut order: Vec<&Known> = ours.iter().collect();
        order.sort_by_key(|record| !record.is_active);
        for record in order {
            if !taken.insert(Folded::of(&record.id)) {
                continue;
            }
            let (used, places) = usage
                .get(&Folded::of(&record.id))
                .map_or((0, &[][..]), |used| (used.rows, used.by.as_slice()));
            let (destination, finding) =
                self.match_record(entity, record, &theirs, used, places, &map.offered);
            if let Some(destination) = &destination
                && Folded::of(destination) != Folded::of(&record.id)
                && used > 0
            {
                let finding = Finding::note(
                    FindingKey::record(FindingKind::RecordIdDiffers, entity, &record.identity.1),
                    record.about(entity),
                    format!("{} in the source, {destination} in the destination", record.id),
                    "Such records get their ids when a module is published; references are rewritten.",
                );
                self.find_record(entity, record, finding.touching(Some(used)));
            }
            map.records.push(RecordPair {
                source: record.id.clone(),
                destination,
                key: record.identity.1.clone(),
                name: record.name.clone(),
                used,
                finding,
            });
        }
        if self.values_without_record(references, usage, |value| taken.contains(value)) {
            self.ids_unreadable(entity, kind);
        }
        map
    }

    /// The active entity of the destination with the same keys.
    fn active_there(&self, entity: &Entity) -> Option<EntityIndex> {
        let all = self.destination.entities_by_key(&entity.espace_key, &entity.key);
        all.into_iter().find(|index| self.destination.entity(*index).is_active)
    }

    /// Records whose ids the source's model does not tell, where rows refer to something that no
    /// record is known for.
    fn ids_unreadable(&mut self, entity: &Entity, kind: ValueKind) {
        for record in unreadable(self.source, entity, kind) {
            self.find(Finding::decide(
                FindingKey::record(FindingKind::RecordIdUnreadable, entity, &record.key),
                format!("{}.{}", entity.full_name(), record.name),
                format!("the source's model says that its id is \"{}\"", record.data_id),
                "Ids of this entity are numbers. Rows refer to ids that no record has, and some may \
                 mean this one. Publish the module again in the source.",
                vec![
                    Choice::stop("do not run until the module is published"),
                    Choice::new(choice::LEAVE_OUT, "go on without the record")
                        .costing("rows that refer to it count as rows that refer to nothing"),
                ],
                choice::STOP,
            ));
        }
    }

    /// The destination's id of a record, and the finding that decides when there is not just one.
    fn match_record(
        &mut self,
        entity: &Entity,
        record: &Known,
        theirs: &Counterparts,
        used: u64,
        places: &[(usize, usize)],
        offered: &[(Value, String)],
    ) -> (Option<Value>, Option<FindingKey>) {
        let candidates = theirs.of(record);
        let (active, inactive): (Vec<&Known>, Vec<&Known>) = candidates
            .iter()
            .copied()
            .filter(|candidate| theirs.has(candidate))
            .partition(|candidate| candidate.is_active);
        let key = |kind| FindingKey::record(kind, entity, &record.identity.1);
        match (&active[..], &inactive[..]) {
            ([one], _) => (Some(one.id.clone()), None),
            ([], [one]) => {
                if used > 0 {
                    let finding = Finding::note(
                        key(FindingKind::RecordInactive),
                        record.about(entity),
                        "matched, though the record is inactive in the destination",
                        "The record is gone from the module there, its row still stands.",
                    );
                    self.find_record(entity, record, finding.touching(Some(used)));
                }
                (Some(one.id.clone()), None)
            }
            // Nothing refers to it.
            _ if used == 0 => (None, None),
            ([], []) => {
                let found = self.record_missing(entity, record, theirs, used, places, offered);
                (None, Some(found))
            }
            _ => {
                let found = key(FindingKind::RecordAmbiguous);
                let names = candidates.iter().map(|c| format!("{} ({})", c.name, c.id)).collect();
                let finding = Finding::decide(
                    found.clone(),
                    record.about(entity),
                    "several records of the destination carry the same keys",
                    "It cannot be told which one is meant.",
                    vec![
                        Choice::stop("do not run"),
                        Choice::new(choice::MAP, "use this record").to_a_target(),
                    ],
                    choice::STOP,
                );
                let finding = finding.touching(Some(used)).offering(names);
                self.find_record(entity, record, finding);
                (None, Some(found))
            }
        }
    }

    /// Values of references that no record has: orphans, unless they mean "none". Whether there are
    /// any. A plain attribute that holds ids by decision may hold anything else.
    pub(super) fn values_without_record(
        &mut self,
        references: &[(usize, usize)],
        usage: &Usage,
        is_known: impl Fn(&Folded) -> bool,
    ) -> bool {
        let mut strays: BTreeMap<(usize, usize), (u64, Vec<Value>)> = BTreeMap::new();
        for (pair_place, place) in references {
            let holder = self.holder((*pair_place, *place));
            if holder.is_soft() {
                continue;
            }
            for (stored, rows) in self.values_of(&holder).unwrap_or_default() {
                let Some(value) = holder.id(stored) else { continue };
                let none = match value.as_ref() {
                    Value::Integer(0) => true,
                    Value::Text(text) => text.is_empty(),
                    _ => false,
                };
                let folded = Folded::of(&value);
                if !none && !is_known(&folded) && usage.contains_key(&folded) {
                    let entry = strays.entry((*pair_place, *place)).or_default();
                    entry.0 += rows;
                    entry.1.push(stored.clone());
                }
            }
        }
        let are_any = !strays.is_empty();
        for ((pair_place, place), (rows, values)) in strays {
            let attribute = &self.out.pairs[pair_place].attributes[place];
            let column = attribute.source_column.name.clone();
            let filter = Filter::AnyOf(column, values).and(attribute.rows());
            let finding = self.orphan_finding(pair_place, place, &filter, Some(rows));
            self.find(finding);
        }
        are_any
    }

    fn record_missing(
        &mut self,
        entity: &Entity,
        record: &Known,
        theirs: &Counterparts,
        used: u64,
        places: &[(usize, usize)],
        offered: &[(Value, String)],
    ) -> FindingKey {
        let namesake = theirs.all.iter().any(|other| {
            other.is_active
                && !record.name.is_empty()
                && other.name.eq_ignore_ascii_case(&record.name)
        });
        let kind = if namesake { FindingKind::RecordRecreated } else { FindingKind::RecordMissing };
        let key = FindingKey::record(kind, entity, &record.identity.1);
        let may_be_emptied = places
            .iter()
            .all(|(pair, place)| self.out.pairs[*pair].attributes[*place].may_be_emptied());
        let referring = self.referring_to(&record.id, places);
        let cost = self.cost_of_rejecting_each(&referring);
        let mut choices = vec![
            Choice::stop("do not run until the module that has it is published"),
            Choice::new(choice::MAP, "let these rows refer to another record")
                .costing(format!("{used} rows change their meaning"))
                .to_a_target(),
            Choice::new(choice::REJECT, "leave these rows out").costing(cost.words.join(", ")),
        ];
        if may_be_emptied {
            choices.push(Choice::new(choice::EMPTY, "write no reference"));
        }
        let kind = match record.id {
            Value::Integer(_) => ValueKind::Integer,
            _ => ValueKind::Text,
        };
        let is_unreadable = self
            .destination
            .entities_by_key(&entity.espace_key, &entity.key)
            .first()
            .map(|index| self.destination.entity(*index))
            .is_some_and(|other| {
                unreadable(self.destination, other, kind).any(|r| r.key == record.identity.1)
            });
        let (what, why) = if is_unreadable {
            (
                "the destination's model holds an id for it that is no number",
                "The model is damaged: nobody can tell which row the record is. Publish the module \
                 again in the destination.",
            )
        } else if namesake {
            (
                "the destination has a record of the same name, with another key",
                "Deleting a record and making it anew gives it a new key: whether it means the same \
                 only a person can say.",
            )
        } else {
            (
                "the destination does not have this record",
                "It comes from the module's code; osferry never writes such records.",
            )
        };
        let mut offered: Vec<String> = offered.iter().map(|(_, name)| name.clone()).collect();
        offered.sort_by_key(|name| !name.eq_ignore_ascii_case(&record.name));
        let finding =
            Finding::decide(key.clone(), record.about(entity), what, why, choices, choice::STOP);
        self.find_record(entity, record, finding.touching(Some(used)).offering(offered));
        key
    }

    /// The rows that hold an id, by the references that do.
    fn referring_to(&mut self, id: &Value, places: &[(usize, usize)]) -> Vec<(usize, Filter)> {
        let wanted = Folded::of(id);
        let mut all = Vec::new();
        for (pair_place, place) in places {
            let holder = self.holder((*pair_place, *place));
            let is_it =
                |value: &&Value| holder.id(value).is_some_and(|held| Folded::of(&held) == wanted);
            let values = self.values_of(&holder).unwrap_or_default();
            let values = values.iter().map(|(value, _)| value);
            let stored: Vec<Value> = values.filter(is_it).cloned().collect();
            let filter = Filter::AnyOf(holder.column.name, stored).and(holder.among);
            all.push((*pair_place, filter));
        }
        all
    }

    /// Keeps a finding about a record.
    fn find_record(&mut self, entity: &Entity, record: &Known, finding: Finding) {
        match entity.system_target() {
            Some(target) if target.is_of_processes() => {
                self.find_definition(target, &record.id, &record.identity, finding);
            }
            _ => self.find(finding),
        }
    }

    /// The kind of value that ids of an entity are.
    fn id_kind(&self, target: EntityIndex) -> ValueKind {
        let own = self.source.entity(target).identifier().and_then(|attribute| {
            self.source.shape_of(target)?.column(&attribute.column)?.data_type.kind()
        });
        own.or_else(|| self.kind_of_references(target)).unwrap_or_else(|| {
            // A plain attribute may hold numbers as text: the model's own word has to do.
            let entity = self.source.entity(target);
            match unreadable(self.source, entity, ValueKind::Integer).next() {
                Some(_) => ValueKind::Text,
                None => ValueKind::Integer,
            }
        })
    }

    /// The kind of value that references to an entity hold, by the first of them.
    fn kind_of_references(&self, target: EntityIndex) -> Option<ValueKind> {
        let attributes = self.out.pairs.iter().flat_map(|pair| &pair.attributes);
        let mut referring = attributes.filter(|attribute| {
            let to = attribute.reference.as_ref().map(|reference| reference.target);
            matches!(to, Some(Target::Static(index) | Target::System(_, index)) if index == target)
        });
        referring.next()?.source_column.data_type.kind()
    }

    /// The ids that a static entity's table holds in the destination; `None` where the table
    /// cannot be seen or the question is open.
    fn physical_ids(&mut self, index: EntityIndex) -> Option<HashSet<Folded>> {
        let entity = self.destination.entity(index);
        let shape = self.destination.shape(&entity.table)?;
        let column = shape.column(&entity.identifier()?.column)?;
        let column = ColumnRef { name: column.name.clone(), data_type: column.data_type.clone() };
        let values = self.inquiry.values(Side::Destination, &entity.table, column, Filter::All)?;
        Some(values.iter().map(|(value, _)| Folded::of(value)).collect())
    }
}

/// Platform tables whose rows are found on both sides and never written.
fn is_fixed(system: SystemTarget) -> bool {
    !matches!(
        system,
        SystemTarget::User
            | SystemTarget::Group
            | SystemTarget::Tenant
            | SystemTarget::Process
            | SystemTarget::Activity
            | SystemTarget::Other
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_decision_calls_a_record_means_that_one() {
        let record = |id, name: &str| (Value::Integer(id), name.to_owned());
        // A name that two have, and one that is another's id.
        let offered = vec![record(1, "Open"), record(2, "Done"), record(3, "open"), record(4, "2")];
        let map = FixedMap { offered: offered.clone(), ..FixedMap::default() };
        let names: Vec<String> = offered.iter().map(|(id, name)| map.name_of(id, name)).collect();
        assert_eq!(names, ["1", "Done", "3", "4"]);
        for ((id, _), name) in offered.iter().zip(&names) {
            assert_eq!(map.named(name).as_ref(), Ok(id));
        }
    }
}
