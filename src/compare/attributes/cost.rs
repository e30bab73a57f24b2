//! What it costs to leave rows out.

use crate::compare::{EntityPair, Work};
use crate::database::Filter;
use crate::outsystems::{EntityIndex, Side};

/// What it costs to leave some rows of an entity out.
pub(in crate::compare) struct Cost {
    /// The rows themselves, once counted.
    pub(in crate::compare) rows: Option<u64>,
    /// Whether everything is counted.
    pub(in crate::compare) is_known: bool,
    /// Whether it is under a thousandth of each entity.
    pub(in crate::compare) is_small: bool,
    /// The rows of each entity that go, in words.
    pub(in crate::compare) words: Vec<String>,
}

impl Work<'_> {
    /// Counts the rows that go when some rows of an entity are rejected.
    pub(in crate::compare) fn cost_of_rejecting(
        &mut self,
        pair_place: usize,
        filter: &Filter,
    ) -> Cost {
        let own = self.out.pairs[pair_place].source;
        let mut cost = Cost { rows: None, is_known: true, is_small: true, words: Vec::new() };
        let closure = self.closure(pair_place, filter);
        for (index, filter) in closure.clone() {
            let entity = self.source.entity(index);
            let rows = self.inquiry.count(Side::Source, &entity.table, filter);
            let all = self.count_source(index);
            if index == own {
                cost.rows = rows;
            }
            match (rows, all) {
                (Some(rows), Some(all)) => {
                    cost.is_small &= rows == 0 || rows.saturating_mul(1000) < all;
                    if rows > 0 {
                        cost.words.push(format!("{rows} of {all} rows of {}", entity.full_name()));
                    }
                }
                _ => cost.is_known = false,
            }
        }
        // Nobody needs to know it of rows that are not there.
        if cost.rows.is_some_and(|rows| rows > 0) {
            match self.emptied_with(&closure) {
                Some(words) => cost.words.extend(words),
                None => cost.is_known = false,
            }
        }
        cost
    }

    /// References to rows that go which are emptied, those of rows that go themselves included: so
    /// many references of each attribute, in words. `None` while they are not counted.
    pub(in crate::compare) fn emptied_with(
        &mut self,
        closure: &[(EntityIndex, Filter)],
    ) -> Option<Vec<String>> {
        let mut referring: Vec<(EntityIndex, String, Filter)> = Vec::new();
        for (parent, among) in closure {
            let Some(key) = self.out.pair(*parent).and_then(EntityPair::identifier) else {
                continue;
            };
            let key = key.source_column.name.clone();
            for pair in &self.out.pairs {
                for (place, attribute) in pair.attributes.iter().enumerate() {
                    let target = attribute.reference.as_ref().and_then(|r| r.target.entity());
                    if target != Some(*parent)
                        || !attribute.may_be_emptied()
                        || pair.identifier == Some(place)
                    {
                        continue;
                    }
                    let refers = Filter::Refers {
                        column: attribute.source_column.name.clone(),
                        parent: self.source.entity(*parent).table.clone(),
                        key: key.clone(),
                        among: Box::new(among.clone()),
                    };
                    let name = format!("{}.{}", pair.name, attribute.attribute.name);
                    referring.push((pair.source, name, refers));
                }
            }
        }
        let mut words = Some(Vec::new());
        for (index, name, refers) in referring {
            let table = &self.source.entity(index).table;
            match (self.inquiry.count(Side::Source, table, refers), &mut words) {
                (Some(0), _) => {}
                (Some(rows), Some(words)) => {
                    words.push(format!("{rows} references of {name} emptied"));
                }
                (Some(_), None) => {}
                (None, words) => *words = None,
            }
        }
        words
    }

    /// The rows that go when some rows of an entity are rejected: those, and every row that
    /// demands a reference to one of them, as conditions per source entity.
    pub(in crate::compare) fn closure(
        &self,
        pair_place: usize,
        filter: &Filter,
    ) -> Vec<(EntityIndex, Filter)> {
        let mut found = vec![(self.out.pairs[pair_place].source, filter.clone())];
        let mut next = 0;
        while next < found.len() {
            let (parent, among) = found[next].clone();
            next += 1;
            let Some(key) = self
                .out
                .pair(parent)
                .and_then(EntityPair::identifier)
                .map(|identifier| identifier.source_column.name.clone())
            else {
                continue;
            };
            let parent_table = self.source.entity(parent).table.clone();
            for pair in &self.out.pairs {
                if found.iter().any(|(known, _)| *known == pair.source) {
                    continue;
                }
                let referring: Vec<Filter> = pair
                    .attributes
                    .iter()
                    .filter(|attribute| !attribute.may_be_emptied())
                    .filter(|attribute| {
                        attribute.reference.as_ref().and_then(|reference| reference.target.entity())
                            == Some(parent)
                    })
                    .map(|attribute| Filter::Refers {
                        column: attribute.source_column.name.clone(),
                        parent: parent_table.clone(),
                        key: key.clone(),
                        among: Box::new(among.clone()),
                    })
                    .collect();
                if !referring.is_empty() {
                    found.push((pair.source, Filter::Or(referring)));
                }
            }
        }
        found
    }
}
