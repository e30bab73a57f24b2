//! What becomes of the rows of an entity that the destination has.

use std::collections::HashMap;

use super::Builder;
use crate::compare::{EntityPair, IdentifierKind, NaturalKey, Reason, choice};
use crate::plan::{ColumnPlan, ExistingPlan, OnMatch, Rule};

impl Builder<'_> {
    pub(super) fn existing(
        &mut self,
        pair: &EntityPair,
        column_of: &HashMap<usize, usize>,
        tenant_place: Option<usize>,
        columns: &[ColumnPlan],
    ) -> ExistingPlan {
        let known = &pair.existing;
        let rows = known.replaced.unwrap_or_default();
        let standing = known.standing.unwrap_or_default();
        let replace = || ExistingPlan::Replace { filter: known.filter.clone(), rows, standing };
        let keep = ExistingPlan::Keep { rows: rows + standing };
        let made = self.made(known.finding.as_ref());
        let key_of = |key: &NaturalKey| written_key(key, column_of, tenant_place, columns);
        let (key, ours) = match (&pair.reason, made) {
            (Reason::Chosen, _) if self.review.selection.replace == Some(true) => return replace(),
            (Reason::Producer(_), Some((choice::REPLACE, _))) => return replace(),
            (Reason::Producer(_), _) => {
                (known.natural_key.as_ref().map_or(Err(LEFT_OUT), key_of), OnMatch::Reuse)
            }
            (Reason::Chosen, Some((choice::REUSE, _)))
                if pair.identifier_kind == IdentifierKind::None =>
            {
                (Ok((0..columns.len()).collect()), OnMatch::Reuse)
            }
            (Reason::Chosen, Some((choice::REUSE | choice::UPDATE | choice::REJECT, to))) => {
                let ours = match made {
                    Some((choice::UPDATE, _)) => OnMatch::Update,
                    Some((choice::REJECT, _)) => OnMatch::LeaveOut,
                    _ => OnMatch::Reuse,
                };
                let key_of = |key: &NaturalKey| match ours {
                    OnMatch::Update if !key.stays_in_tenant(pair) => Err(NO_TENANT),
                    _ => key_of(key),
                };
                let mut keys = known.own_keys.iter();
                let key = match to {
                    None if !known.are_unique => keys
                        .filter(|key| ours != OnMatch::Update && key.is_everything(pair))
                        .map(key_of)
                        .next()
                        .unwrap_or(Err(NOT_NAMED)),
                    None => keys.map(key_of).find(Result::is_ok).unwrap_or(Err(IN_CIRCLE)),
                    Some(to) => {
                        keys.find(|key| key.is_called(pair, to)).map_or(Err(NO_KEY), key_of)
                    }
                };
                (key, ours)
            }
            (Reason::Chosen, _) => return keep,
        };
        match key {
            Ok(key) => {
                let own = pair.identifier.and_then(|place| column_of.get(&place)).copied();
                let stays = |place: &usize| {
                    key.contains(place) || [own, tenant_place].contains(&Some(*place))
                };
                let sets = match ours {
                    OnMatch::Update => (0..columns.len()).filter(|place| !stays(place)).collect(),
                    OnMatch::Reuse | OnMatch::LeaveOut => Vec::new(),
                };
                // Where there is nothing to set, they have what ours have.
                let ours = match ours {
                    OnMatch::Update if sets.is_empty() => OnMatch::Reuse,
                    other => other,
                };
                let finding = known.finding.as_ref();
                let matches = finding
                    .and_then(|key| self.review.comparison.finding(key)?.rows)
                    .filter(|_| pair.reason == Reason::Chosen);
                ExistingPlan::Recognise { key, ours, sets, matches, rows: rows + standing }
            }
            Err(why) => {
                let instead = match pair.reason {
                    Reason::Chosen => {
                        "name another key, choose \"add\" where the finding offers it, or exclude \
                         the entity"
                    }
                    Reason::Producer(_) => "choose \"replace\"",
                };
                self.wrong.push(format!(
                    "{}: its rows cannot be recognised by {why}; {instead}",
                    pair.name
                ));
                keep
            }
        }
    }
}

/// Why a key does not tell rows apart.
const LEFT_OUT: &str = "a key of which an attribute is left out";
const IN_CIRCLE: &str = "a key that is part of a circle of references";
const NOT_NAMED: &str = "a key that nobody has named: rows that have it in common may be several";
const NO_KEY: &str =
    "the name of no key that is unique in the destination or that the finding offers";
const NO_TENANT: &str =
    "a key without the tenant: a row of another tenant would get values of ours";

/// The places of a key's columns among those that are written.
fn written_key(
    key: &NaturalKey,
    column_of: &HashMap<usize, usize>,
    tenant: Option<usize>,
    columns: &[ColumnPlan],
) -> Result<Vec<usize>, &'static str> {
    // A part of the key that is left out would make other rows of it.
    let places = key.attributes.iter().map(|place| column_of.get(place).copied());
    let mut found = places.collect::<Option<Vec<usize>>>().ok_or(LEFT_OUT)?;
    if key.with_tenant {
        found.push(tenant.ok_or(LEFT_OUT)?);
    }
    let waits =
        |place: &usize| matches!(&columns[*place].rule, Rule::Reference(rule) if rule.is_deferred);
    if found.is_empty() || found.iter().any(waits) { Err(IN_CIRCLE) } else { Ok(found) }
}
