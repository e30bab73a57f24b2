//! What it costs to leave rows out.

use crate::compare::{Departing, EntityPair, Meeting, Referring, Work};
use crate::database::Filter;
use crate::outsystems::EntityIndex;

/// What it costs to leave some rows of an entity out.
pub(in crate::compare) struct Cost {
    /// The rows themselves, once counted.
    pub(in crate::compare) rows: Option<u64>,
    /// Whether everything is counted.
    pub(in crate::compare) is_known: bool,
    /// Whether the counts are all that goes, and not the least.
    is_all: bool,
    /// Whether it is under a thousandth of each entity.
    pub(in crate::compare) is_small: bool,
    /// The rows of each entity that go, in words.
    pub(in crate::compare) words: Vec<String>,
}

impl Cost {
    /// In words, where fewer rows may go than those; nothing where not even they are all counted.
    pub(in crate::compare) fn at_most(&self) -> String {
        match self.is_all && !self.words.is_empty() {
            true => format!("at most {}", self.words.join(", ")),
            false => String::new(),
        }
    }
}

impl Work<'_> {
    /// Counts the rows that go when some rows of an entity are rejected: those, every row that
    /// demands a reference to one that goes, over as many generations as there are, and the
    /// references to them that are emptied.
    pub(in crate::compare) fn cost_of_rejecting(
        &mut self,
        pair_place: usize,
        filter: &Filter,
    ) -> Cost {
        self.cost_of_all(&[(pair_place, filter.clone())], None)
    }

    /// The same of rows of several entities.
    pub(in crate::compare) fn cost_of_rejecting_each(
        &mut self,
        starts: &[(usize, Filter)],
    ) -> Cost {
        self.cost_of_all(starts, None)
    }

    /// The same of rows that are like rows of the destination. Those of an entity without an
    /// identifier cannot be told, and nothing refers to them.
    pub(in crate::compare) fn cost_of_rejecting_like(
        &mut self,
        pair_place: usize,
        like: Meeting,
    ) -> Option<Cost> {
        self.out.pairs[pair_place].identifier()?;
        let among = like.among.clone();
        Some(self.cost_of_all(&[(pair_place, among)], Some(like)))
    }

    fn cost_of_all(&mut self, starts: &[(usize, Filter)], like: Option<Meeting>) -> Cost {
        let mut cost =
            Cost { rows: None, is_known: false, is_all: false, is_small: true, words: Vec::new() };
        if starts.is_empty() {
            return cost;
        }
        let (mut going, entities, names) = self.going(starts);
        going.like = like;
        let table = self.source.entity(entities[0]).table.clone();
        let Some(gone) = self.inquiry.departure(&table, going) else { return cost };
        cost.rows = Some(gone.first);
        cost.is_known = true;
        cost.is_all = gone.is_all;
        cost.is_small = gone.is_all;
        let at_least = if gone.is_all { "" } else { "at least " };
        for (index, rows) in entities.into_iter().zip(gone.rows) {
            let Some(all) = self.count_source(index) else {
                cost.is_known = false;
                continue;
            };
            cost.is_small &= rows == 0 || rows.saturating_mul(1000) < all;
            if rows > 0 {
                let name = self.source.entity(index).full_name();
                cost.words.push(format!("{at_least}{rows} of {all} rows of {name}"));
            }
        }
        for (name, rows) in names.into_iter().zip(gone.emptied) {
            if rows > 0 {
                cost.words.push(format!("{at_least}{rows} references of {name} emptied"));
            }
        }
        cost
    }

    /// What may go with those rows: the question, the entity of each of its tables, and the name of
    /// each attribute that may be emptied.
    fn going(&self, starts: &[(usize, Filter)]) -> (Departing, Vec<EntityIndex>, Vec<String>) {
        let mut entities: Vec<EntityIndex> = Vec::new();
        let mut going = Departing::default();
        for (pair_place, filter) in starts {
            let entity = self.out.pairs[*pair_place].source;
            match entities.iter().position(|known| *known == entity) {
                Some(place) => {
                    let known = std::mem::take(&mut going.which[place]);
                    going.which[place] = Filter::Or(vec![known, filter.clone()]);
                }
                None => {
                    entities.push(entity);
                    going.which.push(filter.clone());
                }
            }
        }
        let mut names = Vec::new();
        let mut parent = 0;
        while parent < entities.len() {
            let index = entities[parent];
            let key = self.out.pair(index).and_then(EntityPair::identifier);
            let key = key.map(|identifier| identifier.source_column.clone());
            going
                .tables
                .push((self.source.entity(index).table.clone(), key.as_ref().map(Into::into)));
            parent += 1;
            // Nothing refers to rows without an identifier.
            if key.is_none() {
                continue;
            }
            for (pair, place) in self.referring.get(&index).into_iter().flatten() {
                let pair = &self.out.pairs[*pair];
                let attribute = &pair.attributes[*place];
                if attribute.typed.is_some() {
                    continue;
                }
                let column = attribute.source_column.name.clone();
                if attribute.may_be_emptied() && pair.identifier != Some(*place) {
                    let table = self.source.entity(pair.source).table.clone();
                    going.emptied.push((table, column, parent - 1));
                    names.push(format!("{}.{}", pair.name, attribute.attribute.name));
                    continue;
                }
                let known = entities.iter().position(|entity| *entity == pair.source);
                let child = known.unwrap_or_else(|| {
                    entities.push(pair.source);
                    entities.len() - 1
                });
                going.demands.push(Referring { child, column, parent: parent - 1 });
            }
        }
        (going, entities, names)
    }
}
