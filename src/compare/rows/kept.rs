//! Rows of the destination that stay, and those of ours that they equal.

use super::super::{
    Choice, EntityPair, Finding, FindingKey, FindingKind, IdentifierKind, Reason, Work, choice,
};
use super::NaturalKey;
use crate::database::{ColumnRef, same_name};

impl Work<'_> {
    /// The keys by which the destination itself refuses a second row: the identifier where rows
    /// bring theirs along, then its unique indexes whose columns are all carried over.
    pub(super) fn own_keys(&self, pair: &EntityPair) -> Vec<NaturalKey> {
        let mut keys = Vec::new();
        let own = match pair.identifier_kind {
            IdentifierKind::None => return keys,
            IdentifierKind::Generated => None,
            IdentifierKind::Kept | IdentifierKind::Extension => pair.identifier,
        };
        keys.extend(own.map(|place| NaturalKey { attributes: vec![place], with_tenant: false }));
        let table = &self.destination.entity(pair.destination).table;
        let shape = self.destination.shape(table);
        for index in shape.iter().flat_map(|shape| &shape.unique_indexes) {
            if index.filtered {
                continue;
            }
            let Some(key) = carried_key(pair, own, &index.columns) else { continue };
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        keys
    }

    /// Whether rows of ours are looked for in the destination by the columns of this index: then it
    /// refuses none of them.
    pub(in super::super) fn is_looked_for_by(&self, pair: &EntityPair, columns: &[String]) -> bool {
        let own = match pair.identifier_kind {
            IdentifierKind::Kept | IdentifierKind::Extension => pair.identifier,
            IdentifierKind::None | IdentifierKind::Generated => None,
        };
        let key = self.looked_for_by(pair);
        key.is_some() && key == carried_key(pair, own, columns)
    }

    /// The key by which rows of ours are looked for in the destination.
    pub(in super::super) fn looked_for_by(&self, pair: &EntityPair) -> Option<NaturalKey> {
        match &pair.reason {
            Reason::Producer(_) if self.is_replaced(pair) => None,
            Reason::Producer(_) => self.natural_key(pair),
            Reason::Chosen if self.selection.replace == Some(false) => {
                let entity = self.source.entity(pair.source);
                let finding = FindingKey::entity(FindingKind::ExistingMatch, entity);
                let called = self.selection.mapped.get(&finding);
                self.own_keys(pair)
                    .into_iter()
                    .find(|key| called.is_none_or(|name| key.is_called(pair, name)))
            }
            Reason::Chosen => None,
        }
    }

    /// What becomes of rows of ours that a chosen entity, whose rows stay, has already.
    pub(super) fn kept_rows(
        &mut self,
        pair: &EntityPair,
        keys: &[NaturalKey],
        all: Option<u64>,
    ) -> Option<FindingKey> {
        if self.selection.replace != Some(false) {
            return None;
        }
        let first = keys.first()?;
        let shared = self.shared_rows(pair, first, all);
        let entity = self.source.entity(pair.source);
        let key = FindingKey::entity(FindingKind::ExistingMatch, entity);
        let words = first.words(pair);
        let what = match shared {
            Some(Some(0)) => {
                format!("none of the destination's rows has the {words} of one of ours yet")
            }
            Some(Some(rows)) => {
                format!("{rows} of the destination's rows have the {words} of one of ours")
            }
            Some(None) | None => {
                format!("the destination refuses a second row with the same {words}")
            }
        };
        let mut choices = vec![
            Choice::new(
                choice::REUSE,
                format!("references to ours lead to the destination's row with the same {words}"),
            )
            .costing("that row stays as it is; what ours holds besides is not carried over"),
        ];
        // A row of another tenant must not get values of ours.
        if keys.iter().any(|key| key.stays_in_tenant(pair)) {
            choices.push(
                Choice::new(
                    choice::UPDATE,
                    format!("the destination's row with the same {words} takes the values of ours"),
                )
                .costing("what it held is kept for an undo; its id, its key and its tenant stay"),
            );
        }
        choices.extend([
            Choice::new(choice::REJECT, "leave ours out where the destination has it already")
                .costing("references to it are emptied, or their rows are left out with it"),
            Choice::stop("do not run"),
        ]);
        let names: Vec<String> = keys.iter().map(|key| key.name(pair)).collect();
        let others = match names.as_slice() {
            [_] | [] => String::new(),
            [_, others @ ..] => {
                format!(" Another key can be named with to: {}.", others.join(", "))
            }
        };
        let mut finding = Finding::decide(
            key.clone(),
            &pair.name,
            what,
            format!(
                "The plan keeps the destination's rows. Ours are compared once their ids are \
                 rewritten, as the destination itself compares them; two of ours that are the same \
                 by this key become one.{others}"
            ),
            choices,
            choice::REUSE,
        )
        .offering(names);
        match shared {
            Some(Some(rows)) => finding = finding.touching(Some(rows)),
            None => finding = finding.touching(None),
            // It is known when ids are rewritten, or there are too many to look at before.
            Some(None) => {}
        }
        self.find(finding);
        Some(key)
    }

    /// How many rows of the destination have the key of one of ours, where that can be known
    /// before ids are rewritten; `None` while the question is open.
    fn shared_rows(
        &mut self,
        pair: &EntityPair,
        key: &NaturalKey,
        all: Option<u64>,
    ) -> Option<Option<u64>> {
        let attributes = || key.attributes.iter().map(|place| &pair.attributes[*place]);
        if all == Some(0) {
            return Some(Some(0));
        }
        if key.with_tenant || attributes().any(|attribute| attribute.reference.is_some()) {
            return Some(None);
        }
        let ours = attributes().map(|one| ColumnRef::from(&one.source_column)).collect();
        let theirs = attributes().map(|one| one.destination_column.name.clone()).collect();
        let table = self.source.entity(pair.source).table.clone();
        let other = self.destination.entity(pair.destination).table.clone();
        self.inquiry.shared(&table, ours, &other, theirs)
    }
}

/// The columns of an index of the destination as places of what is carried over.
fn carried_key(pair: &EntityPair, own: Option<usize>, columns: &[String]) -> Option<NaturalKey> {
    let mut key = NaturalKey { attributes: Vec::new(), with_tenant: false };
    for column in columns {
        if pair.tenant.as_ref().is_some_and(|(_, theirs)| same_name(&theirs.name, column)) {
            key.with_tenant = true;
            continue;
        }
        let place = pair
            .attributes
            .iter()
            .position(|attribute| same_name(&attribute.destination_column.name, column))?;
        // Nobody else has an id that the destination gives.
        if pair.identifier == Some(place) && own.is_none() {
            return None;
        }
        key.attributes.push(place);
    }
    key.attributes.sort_unstable();
    (!key.attributes.is_empty()).then_some(key)
}
