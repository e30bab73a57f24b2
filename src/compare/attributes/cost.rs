//! What it costs to leave rows out.

use crate::compare::{Departing, EntityPair, Referring, Work};
use crate::database::Filter;
use crate::outsystems::EntityIndex;

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
    /// Counts the rows that go when some rows of an entity are rejected: those, every row that
    /// demands a reference to one that goes, over as many generations as there are, and the
    /// references to them that are emptied.
    pub(in crate::compare) fn cost_of_rejecting(
        &mut self,
        pair_place: usize,
        filter: &Filter,
    ) -> Cost {
        let mut cost = Cost { rows: None, is_known: false, is_small: true, words: Vec::new() };
        let (going, entities, names) = self.going(pair_place, filter);
        let table = self.source.entity(entities[0]).table.clone();
        let Some(gone) = self.inquiry.departure(&table, going) else { return cost };
        cost.rows = Some(gone.first);
        cost.is_known = true;
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

    /// What may go with some rows of an entity: the question, the entity of each of its tables,
    /// and the name of each attribute that may be emptied.
    fn going(
        &self,
        pair_place: usize,
        filter: &Filter,
    ) -> (Departing, Vec<EntityIndex>, Vec<String>) {
        let mut entities = vec![self.out.pairs[pair_place].source];
        let mut going = Departing { which: filter.clone(), ..Departing::default() };
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
