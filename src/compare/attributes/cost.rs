//! What it costs to leave rows out.

use crate::compare::{EntityPair, Work};
use crate::database::Filter;
use crate::outsystems::EntityIndex;

impl Work<'_> {
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
