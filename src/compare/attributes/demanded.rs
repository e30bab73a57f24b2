//! Values that only the destination demands, and rows that have none.

use super::about;
use super::defaults::{likely_values, takes_values};
use crate::compare::references::{Target, is_none};
use crate::compare::{Choice, Finding, FindingKey, FindingKind, Work, choice};
use crate::database::{ColumnShape, Filter, Value, ValueKind};

/// What is said of rows without a value that the model demands.
const DEMANDED: &str = "the destination's model demands a value, and rows have none";

impl Work<'_> {
    /// Rows without a value of a plain attribute for which the destination's model demands one;
    /// `None` when every row has one.
    pub(super) fn value_demanded(&mut self, pair_place: usize, place: usize) -> Option<FindingKey> {
        let pair = self.out.pairs[pair_place].clone();
        let attribute = &pair.attributes[place];
        let (from, to) = (&attribute.source_column, &attribute.destination_column);
        if !attribute.is_mandatory
            || attribute.attribute.is_mandatory
            || pair.identifier == Some(place)
        {
            return None;
        }
        let entity = self.source.entity(pair.source);
        let mut empty = vec![Filter::IsNull(from.name.clone())];
        empty.extend(no_length(from));
        let cost = self.cost_of_rejecting(pair_place, &Filter::Or(empty));
        if cost.rows == Some(0) {
            return None;
        }
        let key = FindingKey::attribute(FindingKind::MandatoryEmpty, entity, &attribute.attribute);
        let mut choices = vec![Choice::new(choice::EMPTY, "carry them over as they are")];
        if takes_values(&to.data_type) {
            choices.push(Choice::new(choice::VALUE, "give these rows this value").to_a_target());
        }
        choices.extend([
            Choice::new(choice::REJECT, "leave these rows out").costing(cost.words.join(", ")),
            Choice::stop("do not run"),
        ]);
        self.find(
            Finding::decide(
                key.clone(),
                about(&pair, attribute),
                DEMANDED,
                "The database takes them all the same; the application asks for a value when such a \
                 row is next saved.",
                choices,
                choice::EMPTY,
            )
            .offering(likely_values(&to.data_type))
            .touching(cost.rows),
        );
        Some(key)
    }

    /// Rows that refer to nothing by a reference which may be none in the source only: by the model
    /// or by its column. `None` when every row refers to something, and where another finding says
    /// that what stands for none cannot stand there.
    pub(super) fn reference_demanded(
        &mut self,
        pair_place: usize,
        place: usize,
    ) -> Option<FindingKey> {
        let pair = self.out.pairs[pair_place].clone();
        let attribute = &pair.attributes[place];
        let reference = attribute.reference.as_ref()?;
        let (from, to) = (&attribute.source_column, &attribute.destination_column);
        let by_model = attribute.is_mandatory && !attribute.attribute.is_mandatory;
        let by_column = from.nullable && !to.nullable;
        if !(by_model || by_column)
            || attribute.typed.is_some()
            || attribute.misfit.is_some()
            || pair.identifier == Some(place)
            || reference.target == Target::Unresolved
        {
            return None;
        }
        let mut none = vec![Filter::IsNull(from.name.clone())];
        if !reference.zero_is_row {
            none.push(is_none(&from.name, from.data_type.kind()));
        }
        let cost = self.cost_of_rejecting(pair_place, &Filter::Or(none));
        if cost.rows == Some(0) {
            return None;
        }
        let entity = self.source.entity(pair.source);
        let (kind, keep, what, why) = if by_model {
            let why = "They refer to nothing. The database takes them all the same; the application \
                       asks for a value when such a row is next saved.";
            (FindingKind::MandatoryEmpty, choice::EMPTY, DEMANDED, why)
        } else {
            let what = "the destination's column refuses NULL, and rows refer to nothing";
            let why = "No key and no record of the destination is in the way of what the platform \
                       reads as no reference there.";
            (FindingKind::NullNotAllowed, choice::DEFAULT, what, why)
        };
        // Where the source has a row with the id that stands for none, whose that is in the
        // destination was not looked at.
        let keep = none_there(to)
            .filter(|_| to.nullable || !reference.zero_is_row)
            .map(|none| Choice::new(keep, format!("write {none}: no reference")));
        let recommended = keep.as_ref().map_or(choice::STOP, |keep| keep.name);
        let key = FindingKey::attribute(kind, entity, &attribute.attribute);
        let mut choices = Vec::from_iter(keep);
        choices.extend([
            Choice::new(choice::REJECT, "leave these rows out").costing(cost.words.join(", ")),
            Choice::stop("do not run"),
        ]);
        self.find(
            Finding::decide(key.clone(), about(&pair, attribute), what, why, choices, recommended)
                .touching(cost.rows),
        );
        Some(key)
    }
}

/// The condition that a value without any length stands in the column, where there is such a value.
pub fn no_length(column: &ColumnShape) -> Option<Filter> {
    let name = column.name.clone();
    match column.data_type.kind()? {
        ValueKind::Text if column.data_type.is_padded() => {
            Some(Filter::Equals(name, Value::text("")))
        }
        // A server takes blanks for nothing when it compares.
        ValueKind::Text | ValueKind::Binary => Some(Filter::LongerThan(name, 0).negated()),
        _ => None,
    }
}

/// What stands for "no reference" in a column, in words; `None` where nothing can.
fn none_there(column: &ColumnShape) -> Option<&'static str> {
    match column.data_type.kind()? {
        _ if column.nullable => Some("NULL"),
        ValueKind::Text => Some("an empty text"),
        ValueKind::Integer | ValueKind::Decimal => Some("0"),
        _ => None,
    }
}
