//! Rows without an identifier, where the destination's stay.

use super::super::{
    Choice, EntityPair, Finding, FindingKey, FindingKind, IdentifierKind, Reason, Work, choice,
};
use super::NaturalKey;
use super::links::{carried, is_comparable};

impl Work<'_> {
    /// Whether rows of ours that nothing but their content tells apart are added only as far as the
    /// destination has none like them.
    pub(in super::super) fn adds_what_is_missing(&self, pair: &EntityPair) -> bool {
        if pair.identifier_kind != IdentifierKind::None
            || pair.reason != Reason::Chosen
            || self.selection.replace != Some(false)
        {
            return false;
        }
        let entity = self.source.entity(pair.source);
        let made = self.selection.kept.get(&FindingKey::entity(FindingKind::ExistingMatch, entity));
        made.is_none_or(|(choice, _)| choice == choice::REUSE)
    }

    /// Everything that is carried over of rows without an identifier, where all of it can be looked
    /// for before the run.
    pub(in super::super) fn whole_row(&self, pair: &EntityPair) -> Option<NaturalKey> {
        let attributes = carried(pair);
        let can_be_compared = attributes.iter().all(|place| is_comparable(pair, *place));
        let key = NaturalKey { attributes, with_tenant: pair.tenant.is_some() };
        (can_be_compared && !key.attributes.is_empty()).then_some(key)
    }

    /// What becomes of rows of ours without an identifier that stand in the destination already.
    pub(super) fn kept_without_identifier(
        &mut self,
        pair: &EntityPair,
        all: Option<u64>,
    ) -> Option<FindingKey> {
        if self.selection.replace != Some(false) {
            return None;
        }
        let rows = match (all, self.whole_row(pair)) {
            (Some(0), _) => Some(Some(0)),
            (_, Some(key)) => self.ours_there(pair, &[&key]),
            (_, None) => Some(None),
        };
        let what = match rows {
            Some(Some(0)) => "none of ours stands there already".to_owned(),
            Some(Some(1)) => "1 of ours stands there already, at most".to_owned(),
            Some(Some(rows)) => format!("{rows} of ours stand there already, at most"),
            Some(None) | None => "rows of ours may stand there already".to_owned(),
        };
        let key = FindingKey::entity(FindingKind::ExistingMatch, self.source.entity(pair.source));
        let finding = Finding::decide(
            key.clone(),
            &pair.name,
            what,
            "The plan keeps the destination's rows, and without an identifier a row is told by what \
             it holds. Ours are compared once their ids are rewritten, by everything that is carried \
             over and to the letter: what stands there once stands for one of ours.",
            vec![
                Choice::new(choice::REUSE, "add only those of ours that do not stand there yet")
                    .costing("rows that are the same for another reason are not added either"),
                Choice::new(choice::ADD, "add all of ours")
                    .costing("what is there already stands there twice, and so with every run"),
                Choice::stop("do not run"),
            ],
            choice::REUSE,
        )
        .touching_as_known(rows);
        self.find(finding);
        Some(key)
    }
}
