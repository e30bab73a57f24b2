//! Rows of the destination that stay, and those of ours that they equal.

use super::super::{
    Choice, EntityPair, Finding, FindingKey, FindingKind, IdentifierKind, Reason, Work, choice,
};
use super::NaturalKey;
use super::links::is_comparable;
use crate::database::{ColumnShape, same_name};
use crate::outsystems::Side;

/// The keys by which rows of an entity can be looked for in the destination.
pub(super) struct Keys {
    /// The one that is taken unless another is named comes first.
    pub(super) all: Vec<NaturalKey>,
    /// Whether the destination refuses a second row with the same one.
    pub(super) are_unique: bool,
    /// What is recommended for rows that are there already.
    recommended: &'static str,
}

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
            let Some(key) = carried_key(pair, own, &index.columns, Side::Destination) else {
                continue;
            };
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
        key.is_some() && key == carried_key(pair, own, columns, Side::Destination)
    }

    /// The key by which rows of ours are looked for in the destination.
    pub(in super::super) fn looked_for_by(&self, pair: &EntityPair) -> Option<NaturalKey> {
        match &pair.reason {
            Reason::Producer(_) if self.is_replaced(pair) => None,
            Reason::Producer(_) => self.natural_key(pair),
            Reason::Chosen if self.are_instances(pair.source) => None,
            Reason::Chosen if self.selection.replace == Some(false) => {
                let entity = self.source.entity(pair.source);
                let finding = FindingKey::entity(FindingKind::ExistingMatch, entity);
                let made = self.selection.kept.get(&finding);
                let keys = self.keys(pair);
                let choice = made.map_or(keys.recommended, |(choice, _)| choice.as_str());
                if choice == choice::ADD {
                    return None;
                }
                let called = made.and_then(|(_, to)| to.as_ref());
                keys.all.into_iter().find(|key| called.is_none_or(|name| key.is_called(pair, name)))
            }
            Reason::Chosen => None,
        }
    }

    /// The keys by which rows of an entity can be looked for: those of which the destination
    /// refuses a second row, else what a link and the source's unique indexes say.
    pub(super) fn keys(&self, pair: &EntityPair) -> Keys {
        let own = self.own_keys(pair);
        if !own.is_empty() {
            return Keys { all: own, are_unique: true, recommended: choice::REUSE };
        }
        let recommended = if self.is_pure_link(pair) { choice::REUSE } else { choice::ADD };
        let mut all = self.link_keys(pair);
        for key in self.source_keys(pair) {
            if !all.contains(&key) {
                all.push(key);
            }
        }
        // Where no key is named, it is everything that is carried over.
        all.sort_by_key(|key| !key.is_everything(pair));
        Keys { all, are_unique: false, recommended }
    }

    /// The keys by which the source tells its rows apart and the destination does not, where rows
    /// get new ids: a person may say that they mean the same row there.
    fn source_keys(&self, pair: &EntityPair) -> Vec<NaturalKey> {
        // Where all rows get one tenant, a row of another one would pass for ours.
        if pair.identifier_kind != IdentifierKind::Generated || pair.into_tenant.is_some() {
            return Vec::new();
        }
        let shape = self.source.shape_of(pair.source);
        let indexes = shape.iter().flat_map(|shape| &shape.unique_indexes);
        indexes
            .filter(|index| !index.filtered)
            .filter_map(|index| carried_key(pair, None, &index.columns, Side::Source))
            .filter(|key| key.attributes.iter().all(|place| is_comparable(pair, *place)))
            // Another tenant's row is none of ours.
            .map(|key| NaturalKey { with_tenant: pair.tenant.is_some(), ..key })
            .collect()
    }

    /// What becomes of rows of ours that a chosen entity, whose rows stay, has already.
    pub(super) fn kept_rows(
        &mut self,
        pair: &EntityPair,
        keys: &Keys,
        all: Option<u64>,
    ) -> Option<FindingKey> {
        // Two instances are never the same one.
        if self.selection.replace != Some(false) || self.are_instances(pair.source) {
            return None;
        }
        let known = self.looked_for_by(pair).or_else(|| keys.all.first().cloned());
        let Some(first) = known else {
            self.cannot_be_recognised(pair);
            return None;
        };
        let (what, rows) = self.kept_in_words(pair, keys, &first, all);
        let cost = match rows {
            Some(Some(rows)) if rows > 0 => self.cost_of_ours_there(pair, &first),
            _ => String::new(),
        };
        let entity = self.source.entity(pair.source);
        let key = FindingKey::entity(FindingKind::ExistingMatch, entity);
        let names: Vec<String> = keys.all.iter().map(|key| key.name(pair)).collect();
        let others = match names.as_slice() {
            [_] | [] => String::new(),
            [_, others @ ..] => {
                format!(" Another key can be named with to: {}.", others.join(", "))
            }
        };
        let unique = match (keys.are_unique, keys.recommended) {
            (true, _) => "",
            (false, choice::ADD) => {
                " No unique index of the destination tells the rows of this entity apart: whether \
                 two that are the same there are one row is for you to say."
            }
            (false, _) => {
                " A row of this entity only says what belongs together, and no unique index of the \
                 destination keeps it from standing there twice."
            }
        };
        let is_by_chance =
            pair.brings_given_ids() && NaturalKey::of_identifier(pair).as_ref() == Some(&first);
        let says_nothing = is_by_chance && rows != Some(Some(0));
        let (recommended, by_chance) = match says_nothing {
            true => (
                choice::STOP,
                " The source's database gave these ids: that a row of the destination has one does \
                 not make it the same row.",
            ),
            false => (keys.recommended, ""),
        };
        let finding = Finding::decide(
            key.clone(),
            &pair.name,
            what,
            format!(
                "The plan keeps the destination's rows. Ours are compared once their ids are \
                 rewritten, as the destination itself compares them; two of ours that are the same \
                 by this key become one.{by_chance}{unique}{others}"
            ),
            kept_choices(pair, keys, &first, cost),
            recommended,
        )
        .offering(names)
        .touching_as_known(rows);
        self.find(finding);
        Some(key)
    }

    /// Nothing tells which rows of ours stand there already.
    fn cannot_be_recognised(&mut self, pair: &EntityPair) {
        if pair.source_rows == Some(0) {
            return;
        }
        let entity = self.source.entity(pair.source);
        self.find(
            Finding::note(
                FindingKey::entity(FindingKind::ExistingUnknown, entity),
                &pair.name,
                "nothing tells which of ours stand there already: each run adds all of them",
                "The plan keeps the destination's rows. Ours get new ids, and no unique index of \
                 either side tells what is carried over apart. Add one and publish, or have rows \
                 replaced.",
            )
            .touching(pair.source_rows),
        );
    }

    /// What is known of the rows of ours that are there already, and their number: the number is
    /// `None` while the question is open, and `Some(None)` where it cannot be known before the run.
    pub(super) fn kept_in_words(
        &mut self,
        pair: &EntityPair,
        keys: &Keys,
        key: &NaturalKey,
        all: Option<u64>,
    ) -> (String, Option<Option<u64>>) {
        let words = key.words(pair);
        let rows = match all {
            Some(0) => Some(Some(0)),
            _ => self.ours_there(pair, &[key]),
        };
        let mut what = match rows {
            Some(Some(0)) => format!("none of ours has the {words} of a row that stays yet"),
            Some(Some(1)) => format!("1 of ours has the {words} of a row that stays"),
            Some(Some(rows)) => format!("{rows} of ours have the {words} of a row that stays"),
            Some(None) | None if keys.are_unique => {
                format!("the destination refuses a second row with the same {words}")
            }
            Some(None) | None => {
                format!("rows of ours may have the {words} of a row that stays")
            }
        };
        // Where rows bring their identifier along, one that is there under another one is rejected:
        // references to it would lead nowhere.
        let own = NaturalKey::of_identifier(pair).filter(|own| own != key);
        if let (Some(own), Some(Some(there))) = (own, rows)
            && there > 0
            && let Some(Some(same)) = self.ours_there(pair, &[key, &own])
            && same < there
        {
            what.push_str(&format!(
                "; {} of them under another {}, and those are rejected",
                there - same,
                own.words(pair)
            ));
        }
        if self.looked_for_by(pair).is_some()
            && let Some((again, is_all)) = self.ours_again(pair, key)
        {
            let are = if again == 1 { "is" } else { "are" };
            match (again, is_all) {
                (0, true) => {}
                (0, false) => {
                    what.push_str("; ours may become one where rows that they refer to do");
                }
                _ => {
                    let least = if is_all { "" } else { "at least " };
                    what.push_str(&format!(
                        "; {least}{again} of ours {are} the same by it as an earlier one, and become \
                         one with it"
                    ));
                }
            }
        }
        (what, rows)
    }
}

/// What may become of rows of ours that are there already.
fn kept_choices(pair: &EntityPair, keys: &Keys, key: &NaturalKey, cost: String) -> Vec<Choice> {
    let words = key.words(pair);
    // Rows that differ in more than this may be several: whoever means it has to say so.
    let is_whole = keys.all.iter().any(|key| key.is_everything(pair));
    let named = |choice: Choice, must_be: bool| match must_be && !keys.are_unique {
        true => choice.to_a_target(),
        false => choice,
    };
    let reuse = Choice::new(
        choice::REUSE,
        format!("references to ours lead to the destination's row with the same {words}"),
    )
    .costing("that row stays as it is; what ours holds besides is not carried over");
    let mut choices = vec![named(reuse, !is_whole)];
    // A row of another tenant must not get values of ours.
    let may_be_updated = |key: &NaturalKey| {
        key.stays_in_tenant(pair) && (keys.are_unique || !key.is_everything(pair))
    };
    if keys.all.iter().any(may_be_updated) {
        let update = Choice::new(
            choice::UPDATE,
            format!("the destination's row with the same {words} takes the values of ours"),
        )
        .costing("what it held is kept for an undo; its id, its key and its tenant stay");
        choices.push(named(update, true));
    }
    let reject = Choice::new(choice::REJECT, "leave ours out where the destination has it already")
        .costing(match cost.is_empty() {
            true => "references to it are emptied, or their rows are left out with it".to_owned(),
            false => cost,
        });
    choices.push(named(reject, !is_whole));
    if !keys.are_unique {
        choices.push(
            Choice::new(choice::ADD, "add all of ours")
                .costing("what is there already stands there twice, and so with every run"),
        );
    }
    choices.push(Choice::stop("do not run"));
    choices
}

/// The columns of an index of a side as places of what is carried over.
fn carried_key(
    pair: &EntityPair,
    own: Option<usize>,
    columns: &[String],
    side: Side,
) -> Option<NaturalKey> {
    let of_side = |ours: &ColumnShape, theirs: &ColumnShape, column: &str| match side {
        Side::Source => same_name(&ours.name, column),
        Side::Destination => same_name(&theirs.name, column),
    };
    let mut key = NaturalKey { attributes: Vec::new(), with_tenant: false };
    for column in columns {
        if pair.tenant.as_ref().is_some_and(|(ours, theirs)| of_side(ours, theirs, column)) {
            key.with_tenant = true;
            continue;
        }
        let place = pair
            .attributes
            .iter()
            .position(|one| of_side(&one.source_column, &one.destination_column, column))?;
        // Nobody else has an id that the destination gives.
        if pair.identifier == Some(place) && own.is_none() {
            return None;
        }
        key.attributes.push(place);
    }
    key.attributes.sort_unstable();
    (!key.attributes.is_empty()).then_some(key)
}
