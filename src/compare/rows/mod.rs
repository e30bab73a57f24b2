//! What becomes of the rows the destination has.

mod along;
mod events;
mod hanging;
mod kept;
mod links;
mod natural_key;
mod outside;
mod replaced;
mod unkeyed;

pub(super) use along::Link;
pub use along::{OutsidePart, OutsideRows, row_key};
pub use events::{PEOPLE_TABLES, Subscriptions};
use kept::Keys;
pub use natural_key::NaturalKey;
pub(super) use outside::ReferringThere;

use super::selection::Reason;
use super::{Choice, EntityPair, Finding, FindingKey, FindingKind, IdentifierKind, Work, choice};
use crate::database::Filter;
use crate::outsystems::Side;

/// What may be done with the rows the destination has of an entity.
#[derive(Clone, Debug)]
pub struct ExistingRows {
    /// The rows that replacing would delete: only rows of mapped tenants and mapped parents
    /// (`design.md` decision 11).
    pub filter: Filter,
    /// How many these are.
    pub replaced: Option<u64>,
    /// How many others there are, which stay.
    pub standing: Option<u64>,
    /// A unique key by which rows can be recognised on both sides.
    pub natural_key: Option<NaturalKey>,
    /// The keys by which rows of an entity whose rows are chosen to be kept can be looked for; the
    /// one that is taken unless another is named first.
    pub own_keys: Vec<NaturalKey>,
    /// Whether the destination refuses a second row with the same one of these keys. Where it does
    /// not, a key that is not all that is carried over has to be named by whoever means it.
    pub are_unique: bool,
    /// The finding that decides for an entity taken in by reference, or for rows of ours that
    /// kept ones equal.
    pub finding: Option<FindingKey>,
}

impl Default for ExistingRows {
    fn default() -> Self {
        Self {
            filter: Filter::All,
            replaced: None,
            standing: None,
            natural_key: None,
            own_keys: Vec::new(),
            are_unique: false,
            finding: None,
        }
    }
}

impl Work<'_> {
    pub(super) fn existing_rows(&mut self) {
        if self.selection.replace.is_none() {
            self.find(Finding::decide(
                FindingKey::new(FindingKind::DestinationRowsUndecided),
                "Rows of the destination",
                "the plan does not say whether they are replaced or kept: set destination_rows = \
                 \"replace\" or \"keep\" under [options]",
                "Replacing deletes the destination's rows of the chosen entities first.",
                vec![Choice::stop("do not run until the plan says it")],
                choice::STOP,
            ));
        }
        for place in 0..self.out.pairs.len() {
            let pair = self.out.pairs[place].clone();
            let filter = self.replaced_rows(&pair);
            let table = &self.destination.entity(pair.destination).table;
            let all = self.inquiry.count(Side::Destination, table, Filter::All);
            let replaced = self.inquiry.count(Side::Destination, table, filter.clone());
            let standing = all.zip(replaced).map(|(all, replaced)| all.saturating_sub(replaced));
            let natural_key = self.natural_key(&pair);
            let keys = self.keys(&pair);
            let finding = match pair.reason {
                Reason::Producer(_) => {
                    self.producer_rows(place, natural_key.as_ref(), &keys, all, &filter)
                }
                Reason::Chosen => {
                    self.chosen_rows(place, all, replaced, &filter);
                    match pair.identifier_kind {
                        IdentifierKind::None => self.kept_without_identifier(&pair, all),
                        _ => self.kept_rows(&pair, &keys, all),
                    }
                }
            };
            // Nobody else has it any more: it is changed where it is, and not copied.
            drop(pair);
            self.pair_mut(place).existing = ExistingRows {
                filter,
                replaced,
                standing,
                natural_key,
                own_keys: keys.all,
                are_unique: keys.are_unique,
                finding,
            };
        }
    }

    /// Whether the destination's rows of an entity are deleted first, as far as that is allowed.
    pub(super) fn is_replaced(&self, pair: &EntityPair) -> bool {
        match pair.reason {
            Reason::Chosen => self.selection.replace == Some(true),
            Reason::Producer(_) => self.natural_key(pair).is_none(),
        }
    }

    /// The rule for an entity taken in by reference (`design.md` decision 11).
    fn producer_rows(
        &mut self,
        place: usize,
        natural_key: Option<&NaturalKey>,
        keys: &Keys,
        all: Option<u64>,
        filter: &Filter,
    ) -> Option<FindingKey> {
        let outside = if natural_key.is_none() && all != Some(0) {
            self.in_the_way(place, filter)
        } else {
            Some(Vec::new())
        };
        let pair = self.out.pairs[place].clone();
        let key = FindingKey::entity(FindingKind::ProducerRows, self.source.entity(pair.source));
        let mut choices = Vec::new();
        if let Some(natural) = natural_key {
            choices.push(Choice::new(
                choice::KEEP,
                format!("keep them and recognise rows by {}", natural.words(&pair)),
            ));
        }
        let clear = outside.as_ref().is_some_and(Vec::is_empty);
        if clear {
            choices.push(Choice::new(choice::REPLACE, "delete them first"));
        }
        choices.push(Choice::stop("do not run"));
        let recommended = match (natural_key, clear) {
            (Some(_), _) => choice::KEEP,
            (None, true) => choice::REPLACE,
            (None, false) => choice::STOP,
        };
        let why = match outside.iter().flatten().next() {
            Some(first) => format!(
                "The entity was taken in because rows refer to it. Its rows cannot be deleted: {} of \
                 {} stay and point to them.",
                first.rows.count, first.name
            ),
            None => "The entity was taken in because rows refer to it.".to_owned(),
        };
        let mut what =
            "the destination may have rows of this entity, which was not chosen".to_owned();
        if let Some(natural) = natural_key {
            let (recognised, _) = self.kept_in_words(&pair, keys, natural, all);
            what.push_str(&format!("; {recognised}"));
        }
        let mut finding =
            Finding::decide(key.clone(), &pair.name, what, why, choices, recommended).touching(all);
        if outside.is_none() {
            finding.recommended = None;
        }
        self.find(finding);
        Some(key)
    }

    /// What replacing the rows of a chosen entity means.
    fn chosen_rows(
        &mut self,
        place: usize,
        all: Option<u64>,
        replaced: Option<u64>,
        filter: &Filter,
    ) {
        if all == Some(0) {
            return;
        }
        if self.selection.replace != Some(true) {
            self.consumers(place);
            return;
        }
        let pair = self.out.pairs[place].clone();
        let entity = self.source.entity(pair.source);
        let standing = match (all, replaced) {
            (Some(all), Some(replaced)) if all > replaced => match all - replaced {
                1 => "; 1 other stays".to_owned(),
                others => format!("; {others} others stay"),
            },
            _ => String::new(),
        };
        self.find(
            Finding::note(
                FindingKey::entity(FindingKind::DestinationRows, entity),
                &pair.name,
                format!("the destination's rows are deleted first{standing}"),
                "The plan says destination_rows = \"replace\".",
            )
            .touching(replaced),
        );
        for hanging in self.hanging(&pair, filter).unwrap_or_default() {
            let finding = self.hanging_finding(&pair, &hanging);
            self.find(finding);
        }
        for outside in self.outside_references(place, filter).unwrap_or_default() {
            let fates = self.fates(&outside.rows, &outside.column, outside.mandatory);
            let obstacle = match &fates.obstacle {
                Some(obstacle) => format!(" They cannot be deleted too: {obstacle}."),
                None => String::new(),
            };
            let finding = Finding::decide(
                outside.key.clone(),
                outside.name,
                format!("it points to rows of {} that would be deleted", pair.name),
                format!(
                    "These rows stay, and would lose what they refer to. Take their entity into the \
                     scope with all its rows, or leave the other one out.{obstacle}"
                ),
                fates.choices,
                choice::STOP,
            );
            self.find(finding.touching(Some(outside.rows.count)));
            self.out.outside.push(OutsideRows {
                finding: outside.key,
                column: outside.column,
                rows: outside.rows,
                along: fates.along,
            });
        }
    }
}
