//! Entities with static records, and the records of the selected one, as they are listed: worked
//! out once for each review and each choice, never for each frame.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::super::findings::{Findings, Standing};
use super::super::migration::Migration;
use crate::compare::{FindingKey, FindingKind, FixedMap};
use crate::outsystems::{EntityIndex, SystemTarget};
use crate::plan::Review;

/// An entity whose records rows refer to.
#[derive(Debug)]
pub(super) struct EntityLine {
    pub(super) entity: EntityIndex,
    /// Without its module.
    pub(super) name: String,
    /// Records that rows refer to.
    pub(super) used: usize,
    /// Findings that keep the run from starting.
    pub(super) holds: usize,
}

/// A record as it is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RecordLine {
    /// One of the source, by its place.
    Ours(usize),
    /// One that only the destination has, by its place among those offered.
    Theirs(usize),
}

/// What a line is about, to find it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark(bool, String);

#[derive(Debug, Default)]
pub(super) struct Pairs {
    review: Option<Arc<Review>>,
    decided: u64,
    all: Vec<EntityLine>,
    /// Places in `all` that fit the filter.
    entities: Vec<usize>,
    /// The entity whose records are listed.
    chosen: Option<EntityIndex>,
    records: Vec<RecordLine>,
    /// Notes about records of the chosen entity, by the record's name.
    notes: HashMap<String, FindingKey>,
    /// Names of the destination's records of the chosen entity, by id.
    names: HashMap<String, String>,
    entity_filter: String,
    record_filter: String,
    pub(super) shows_unused: bool,
}

impl Pairs {
    pub(super) fn is_current(&self, migration: &Migration) -> bool {
        migration.is_newest(self.review.as_ref()) && self.decided == migration.decided
    }

    /// Reads the entities of the review.
    pub(super) fn read(&mut self, migration: &Migration, findings: &Findings) {
        self.review.clone_from(&migration.review);
        self.decided = migration.decided;
        self.all.clear();
        if let Some(review) = &self.review {
            let is_listed = |index: &EntityIndex| {
                !migration.models().is_some_and(|(source, _)| {
                    let target = source.entity(*index).system_target();
                    target.is_some_and(SystemTarget::is_of_processes)
                })
            };
            // Definitions and statuses of processes are the step Processes' own.
            let fixed = review.comparison.fixed.iter().filter(|(index, _)| is_listed(index));
            for (index, map) in fixed {
                let holds = map
                    .records
                    .iter()
                    .filter_map(|record| findings.finding(record.finding.as_ref()?))
                    .filter(|finding| Standing::of(finding, &migration.plan.decisions).holds())
                    .count();
                let used = map.records.iter().filter(|record| record.used > 0).count();
                let name = map.name.split_once('.').map_or(map.name.as_str(), |(_, name)| name);
                self.all.push(EntityLine { entity: *index, name: name.to_owned(), used, holds });
            }
            self.all.sort_by_key(|entity| entity.name.to_lowercase());
        }
        // What the names and notes were of may have changed.
        self.chosen = None;
        self.arrange_entities();
    }

    fn arrange_entities(&mut self) {
        let wanted = self.entity_filter.to_lowercase();
        let fits = |place: &usize| self.all[*place].name.to_lowercase().contains(&wanted);
        self.entities = (0..self.all.len()).filter(fits).collect();
    }

    pub(super) fn filter_entities(&mut self, migration: &Migration, text: &str) {
        debug_assert!(self.is_current(migration));
        text.clone_into(&mut self.entity_filter);
        self.arrange_entities();
    }

    pub(super) fn filter_records(&mut self, text: &str) {
        text.clone_into(&mut self.record_filter);
        self.arrange_records();
    }

    /// The places of the entities that are seen.
    pub(super) fn entities(&self) -> &[usize] {
        &self.entities
    }

    pub(super) fn entity(&self, line: usize) -> Option<&EntityLine> {
        self.all.get(*self.entities.get(line)?)
    }

    /// Entities that need a look, of how many.
    pub(super) fn to_look_at(&self) -> (usize, usize) {
        (self.all.iter().filter(|line| line.holds > 0).count(), self.all.len())
    }

    pub(super) fn place_of_entity(&self, entity: EntityIndex) -> Option<usize> {
        self.entities.iter().position(|place| self.all[*place].entity == entity)
    }

    pub(super) fn chosen(&self) -> Option<EntityIndex> {
        self.chosen
    }

    /// The map of the chosen entity.
    pub(super) fn map(&self) -> Option<&FixedMap> {
        self.review.as_ref()?.comparison.fixed.get(&self.chosen?)
    }

    /// Lists the records of the entity on a line.
    pub(super) fn choose(&mut self, migration: &Migration, line: usize, findings: &Findings) {
        let chosen = self.entity(line).map(|line| line.entity);
        if self.chosen != chosen {
            self.chosen = chosen;
            self.learn(migration, findings);
        }
        self.arrange_records();
    }

    /// Names and notes of the chosen entity.
    fn learn(&mut self, migration: &Migration, findings: &Findings) {
        self.notes.clear();
        self.names.clear();
        let Some((source, destination)) = migration.models() else { return };
        let Some(entity) = self.chosen.and_then(|index| source.entities.get(index.0)) else {
            return;
        };
        for (finding, _) in findings.all() {
            let is_note = matches!(
                finding.key.kind,
                FindingKind::RecordIdDiffers | FindingKind::RecordInactive
            );
            if is_note
                && finding.key.entity == entity.key
                && finding.key.espace == entity.espace_key
            {
                let name = finding.about.rsplit_once(&format!("{}.", entity.full_name()));
                let name = name.map_or(finding.about.as_str(), |(_, name)| name);
                // An inactive record is the more important thing to know.
                if finding.key.kind == FindingKind::RecordInactive || !self.notes.contains_key(name)
                {
                    self.notes.insert(name.to_owned(), finding.key.clone());
                }
            }
        }
        // Inactive records of the destination are not offered, and may be matched all the same.
        for record in destination.records_of(entity) {
            self.names.insert(record.data_id.to_lowercase(), record.name.clone());
        }
        if let Some(map) =
            self.review.as_ref().and_then(|review| review.comparison.fixed.get(&self.chosen?))
        {
            let offered = map.offered.iter();
            self.names
                .extend(offered.map(|(id, name)| (id.to_string().to_lowercase(), name.clone())));
        }
    }

    fn arrange_records(&mut self) {
        let mut lines = Vec::new();
        if let Some(map) = self.map() {
            let wanted = self.record_filter.to_lowercase();
            let fits = |name: &str| wanted.is_empty() || name.to_lowercase().contains(&wanted);
            for (place, record) in map.records.iter().enumerate() {
                if (record.used > 0 || self.shows_unused) && fits(&record.name) {
                    lines.push(RecordLine::Ours(place));
                }
            }
            let matched: HashSet<String> = map
                .records
                .iter()
                .filter_map(|record| record.destination.as_ref())
                .map(|id| id.to_string().to_lowercase())
                .collect();
            for (place, (id, name)) in map.offered.iter().enumerate() {
                if !matched.contains(&id.to_string().to_lowercase()) && fits(name) {
                    lines.push(RecordLine::Theirs(place));
                }
            }
        }
        self.records = lines;
    }

    pub(super) fn records(&self) -> &[RecordLine] {
        &self.records
    }

    /// The name of a record of the destination.
    pub(super) fn name_there(&self, id: &str) -> Option<&str> {
        self.names.get(&id.to_lowercase()).map(String::as_str)
    }

    /// The finding about the record on a line: the one that decides, or a note.
    pub(super) fn finding_of(&self, line: usize) -> Option<&FindingKey> {
        let RecordLine::Ours(place) = self.records.get(line)? else { return None };
        let record = self.map()?.records.get(*place)?;
        record.finding.as_ref().or_else(|| self.notes.get(&record.name))
    }

    pub(super) fn mark_of(&self, line: usize) -> Option<Mark> {
        let map = self.map()?;
        Some(match self.records.get(line)? {
            RecordLine::Ours(place) => Mark(true, map.records.get(*place)?.source.to_string()),
            RecordLine::Theirs(place) => Mark(false, map.offered.get(*place)?.0.to_string()),
        })
    }

    pub(super) fn place_of_mark(&self, mark: &Mark) -> Option<usize> {
        (0..self.records.len()).find(|line| self.mark_of(*line).as_ref() == Some(mark))
    }

    /// The first line with something to decide, decided or not; else the first line.
    pub(super) fn first_to_decide(&self) -> usize {
        let Some(map) = self.map() else { return 0 };
        let has_finding = |line: &RecordLine| match line {
            RecordLine::Ours(place) => {
                map.records.get(*place).is_some_and(|record| record.finding.is_some())
            }
            RecordLine::Theirs(_) => false,
        };
        self.records.iter().position(has_finding).unwrap_or(0)
    }

    /// The line of the record whose finding has a key.
    pub(super) fn place_of_key(&self, key: &FindingKey) -> Option<usize> {
        (0..self.records.len()).find(|line| self.finding_of(*line) == Some(key))
    }

    /// The line of the entity that a finding is about.
    pub(super) fn place_of_finding(
        &self,
        migration: &Migration,
        key: &FindingKey,
    ) -> Option<usize> {
        let (source, _) = migration.models()?;
        let of_entity = source.entities_by_key(&key.espace, &key.entity);
        of_entity.into_iter().find_map(|index| self.place_of_entity(index))
    }
}
