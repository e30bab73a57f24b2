//! Values that may not fit the destination's columns.

use super::cost::Cost;
use super::defaults::{likely_values, takes_values};
use super::{AttributePair, about, stop_or_leave_out};
use crate::compare::{
    Choice, EntityPair, Finding, FindingKey, FindingKind, IdentifierKind, Work, choice,
};
use crate::database::{ColumnShape, ColumnType, Filter, Value, ValueKind, is_convertible};
use crate::outsystems::{Side, null_value};

/// Columns in one condition: an engine takes only so many.
const COLUMNS_AT_ONCE: usize = 100;

impl Work<'_> {
    /// Values that may not fit the destination's columns.
    pub(in crate::compare) fn misfits(&mut self) {
        for pair_place in 0..self.out.pairs.len() {
            let is_any_unreadable = self.is_any_unreadable(pair_place);
            for place in 0..self.out.pairs[pair_place].attributes.len() {
                // The column itself is another attribute.
                if self.out.pairs[pair_place].attributes[place].typed.is_some() {
                    continue;
                }
                if is_any_unreadable {
                    self.unreadable(pair_place, place);
                }
                let pair = &self.out.pairs[pair_place];
                let attribute = &pair.attributes[place];
                if attribute.reference.is_some() {
                    let nothing = self.reference_demanded(pair_place, place);
                    self.pair_mut(pair_place).attributes[place].nothing = nothing;
                    continue;
                }
                if attribute.attribute.data_type.is_unclear()
                    || (pair.identifier == Some(place)
                        && pair.identifier_kind == IdentifierKind::Generated)
                {
                    continue;
                }
                let (null, misfit) = self.misfit(pair_place, place);
                self.pair_mut(pair_place).attributes[place].null = null;
                if misfit.is_some() {
                    self.pair_mut(pair_place).attributes[place].misfit = misfit;
                }
                let nothing = self.value_demanded(pair_place, place);
                self.pair_mut(pair_place).attributes[place].nothing = nothing;
            }
        }
    }

    /// Whether rows of an entity hold a value that its own column should not hold: asked of all
    /// columns at once, for there hardly ever is one.
    fn is_any_unreadable(&mut self, pair_place: usize) -> bool {
        if !self.source.facts.capabilities.untyped {
            return false;
        }
        let pair = &self.out.pairs[pair_place];
        let attributes = pair.attributes.iter().filter(|attribute| attribute.typed.is_none());
        let unreadable: Vec<Filter> = attributes
            .map(|attribute| Filter::Unreadable(attribute.source_column.name.clone()))
            .collect();
        let table = &self.source.entity(pair.source).table;
        let mut is_any = false;
        for some in unreadable.chunks(COLUMNS_AT_ONCE) {
            let rows = self.inquiry.count(Side::Source, table, Filter::Or(some.to_vec()));
            is_any |= rows.is_some_and(|rows| rows > 0);
        }
        is_any
    }

    /// Values that the source's own column should not hold: such a row cannot be read.
    fn unreadable(&mut self, pair_place: usize, place: usize) {
        let pair = self.out.pairs[pair_place].clone();
        let attribute = &pair.attributes[place];
        let entity = self.source.entity(pair.source);
        let filter = Filter::Unreadable(attribute.source_column.name.clone());
        let cost = self.cost_of_rejecting(pair_place, &filter);
        if cost.rows == Some(0) {
            return;
        }
        let recommended = if cost.is_small { choice::REJECT } else { choice::STOP };
        let mut finding = Finding::decide(
            FindingKey::attribute(FindingKind::ValueUnreadable, entity, &attribute.attribute),
            about(&pair, attribute),
            format!(
                "it holds values that its type, {}, cannot hold",
                attribute.source_column.data_type
            ),
            "They cannot be read as what they are declared to be, so their rows cannot be carried \
             over.",
            vec![
                Choice::new(choice::REJECT, "reject these rows").costing(cost.words.join(", ")),
                Choice::stop("do not run: mend the values in the source"),
            ],
            recommended,
        )
        .touching(cost.rows);
        if !cost.is_known {
            finding.recommended = None;
        }
        self.find(finding);
    }

    /// The findings about NULL where the destination refuses it, and about values that do not fit:
    /// an attribute may have both.
    fn misfit(
        &mut self,
        pair_place: usize,
        place: usize,
    ) -> (Option<FindingKey>, Option<FindingKey>) {
        let pair = self.out.pairs[pair_place].clone();
        let attribute = &pair.attributes[place];
        let (from, to) = (&attribute.source_column, &attribute.destination_column);
        let fit = misfit_filter(from, to);
        // What becomes of NULL does not matter while no value fits.
        if matches!(fit, Fit::Never) {
            return (None, Some(self.retyped(pair_place, place)));
        }
        let missing = match from.nullable && !to.nullable {
            true => self.null_not_allowed(pair_place, place),
            false => None,
        };
        // What nobody writes need not fit.
        let entity = self.source.entity(pair.source);
        let is_masked = self.is_masked_to_fit(entity, &pair, place);
        let too_large = match fit {
            Fit::Always | Fit::Never => None,
            Fit::Unless(..) if is_masked => None,
            Fit::Unless(kind, filter) => {
                let cost = self.cost_of_rejecting(pair_place, &filter);
                self.too_large(&pair, place, kind, &cost)
            }
        };
        (missing, too_large)
    }

    /// NULL where the destination refuses it; `None` when no row has it.
    fn null_not_allowed(&mut self, pair_place: usize, place: usize) -> Option<FindingKey> {
        let pair = &self.out.pairs[pair_place].clone();
        let attribute = &pair.attributes[place];
        let entity = self.source.entity(pair.source);
        let column = attribute.source_column.name.clone();
        let cost = self.cost_of_rejecting(pair_place, &Filter::IsNull(column));
        if cost.rows == Some(0) {
            return None;
        }
        let mut choices = vec![Choice::stop("do not run")];
        // An identifier stays what it is: others refer to it.
        let has_null_value = null_value(&attribute.destination_column.data_type).is_some();
        if has_null_value && pair.identifier != Some(place) {
            choices.push(Choice::new(choice::DEFAULT, "write the type's null value instead"));
        }
        let data_type = &attribute.destination_column.data_type;
        if takes_values(data_type) && pair.identifier != Some(place) {
            let chosen = Choice::new(choice::VALUE, "write this value instead");
            choices.push(chosen.to_a_target());
        }
        choices.push(
            Choice::new(choice::REJECT, "leave these rows out").costing(cost.words.join(", ")),
        );
        let key = FindingKey::attribute(FindingKind::NullNotAllowed, entity, &attribute.attribute);
        self.find(
            Finding::decide(
                key.clone(),
                about(pair, attribute),
                "the destination's column refuses NULL",
                "Rows without a value could not be inserted as they are.",
                choices,
                choice::STOP,
            )
            .offering(likely_values(data_type))
            .touching(cost.rows),
        );
        Some(key)
    }

    /// A type that does not hold the source's values as they are.
    fn retyped(&mut self, pair_place: usize, place: usize) -> FindingKey {
        let pair = self.out.pairs[pair_place].clone();
        let attribute = &pair.attributes[place];
        let entity = self.source.entity(pair.source);
        let key =
            FindingKey::attribute(FindingKind::AttributeRetyped, entity, &attribute.attribute);
        let mut choices = stop_or_leave_out(pair.may_be_left_out(place));
        let (from, to) = (&attribute.source_column, &attribute.destination_column);
        // An identifier stays what it is: others refer to it.
        let is_convertible =
            is_convertible(&from.data_type, &to.data_type) && pair.identifier != Some(place);
        let mut why = "Values could change on the way. Publish the same version on both sides.";
        let mut cost = None;
        if is_convertible {
            let column = from.name.clone();
            let mut filter =
                Filter::NotConvertible { column: column.clone(), to: to.data_type.clone() };
            if from.nullable && !to.nullable {
                filter = Filter::Or(vec![filter, Filter::IsNull(column)]);
            }
            let known = self.cost_of_rejecting(pair_place, &filter);
            choices.push(
                Choice::new(
                    choice::CONVERT,
                    "convert the values, and leave rows out whose value has no exact form there",
                )
                .costing(known.words.join(", ")),
            );
            why = "Values could change on the way. Publish the same version on both sides, or have \
                   them converted; the rows counted have a value that cannot be.";
            cost = Some(known);
        }
        let mut finding = Finding::decide(
            key.clone(),
            about(&pair, attribute),
            types(attribute),
            why,
            choices,
            choice::STOP,
        );
        if let Some(cost) = cost {
            finding = finding.touching(cost.rows);
        }
        self.find(finding);
        key
    }

    /// Values that exceed the destination's size; `None` when there are none.
    fn too_large(
        &mut self,
        pair: &EntityPair,
        place: usize,
        kind: FindingKind,
        cost: &Cost,
    ) -> Option<FindingKey> {
        let attribute = &pair.attributes[place];
        if cost.rows == Some(0) {
            return None;
        }
        let entity = self.source.entity(pair.source);
        let key = FindingKey::attribute(kind, entity, &attribute.attribute);
        let mut choices = vec![
            Choice::new(choice::REJECT, "leave these rows out").costing(cost.words.join(", ")),
            Choice::stop("do not run: widen the attribute and publish"),
        ];
        let to = &attribute.destination_column.data_type;
        // What other rows refer to stays whole: cut, it would be another row's, or nobody's.
        let is_text = kind == FindingKind::TextTooLong && to.kind() == Some(ValueKind::Text);
        if is_text && pair.identifier != Some(place) {
            choices.push(
                Choice::new(choice::CUT, "cut the text").costing("the end of each text is lost"),
            );
        }
        let recommended = if cost.is_small { choice::REJECT } else { choice::STOP };
        let mut finding = Finding::decide(
            key.clone(),
            about(pair, attribute),
            types(attribute),
            "Rows that exceed the destination's size cannot be stored there.",
            choices,
            recommended,
        )
        .touching(cost.rows);
        if !cost.is_known {
            finding.recommended = None;
        }
        self.find(finding);
        Some(key)
    }
}

fn types(attribute: &AttributePair) -> String {
    format!(
        "{} in the source, {} in the destination",
        attribute.source_column.data_type, attribute.destination_column.data_type
    )
}

/// Which source rows do not fit the destination's type unchanged, where others do; `None` where all
/// do, or none.
pub fn misfit(from: &ColumnShape, to: &ColumnShape) -> Option<Filter> {
    match misfit_filter(from, to) {
        Fit::Unless(_, filter) => Some(filter),
        Fit::Always | Fit::Never => None,
    }
}

enum Fit {
    Always,
    Never,
    Unless(FindingKind, Filter),
}

/// Which source rows would not fit the destination's type unchanged.
fn misfit_filter(from: &ColumnShape, to: &ColumnShape) -> Fit {
    let column = from.name.clone();
    let (Some(ours), Some(theirs)) = (from.data_type.kind(), to.data_type.kind()) else {
        return Fit::Never;
    };
    match (ours, theirs) {
        (ValueKind::Text, ValueKind::Text)
            if to.data_type.is_code_page() && !from.data_type.is_code_page() =>
        {
            Fit::Never
        }
        (ValueKind::Text, ValueKind::Text) | (ValueKind::Binary, ValueKind::Binary) => {
            match (from.data_type.max_length(), to.data_type.max_length()) {
                (_, None) => Fit::Always,
                (Some(ours), Some(theirs)) if ours <= theirs => Fit::Always,
                (_, Some(theirs)) => {
                    Fit::Unless(FindingKind::TextTooLong, Filter::LongerThan(column, theirs))
                }
            }
        }
        (ValueKind::Integer, ValueKind::Integer) => {
            match (from.data_type.integer_range(), to.data_type.integer_range()) {
                (Some(ours), Some(theirs)) if ours.0 >= theirs.0 && ours.1 <= theirs.1 => {
                    Fit::Always
                }
                (_, Some((least, most))) => Fit::Unless(
                    FindingKind::NumberTooWide,
                    Filter::not_null(&column).and(
                        Filter::Between(column, Value::Integer(least), Value::Integer(most))
                            .negated(),
                    ),
                ),
                _ => Fit::Never,
            }
        }
        (ValueKind::Decimal, ValueKind::Decimal) => {
            match (from.data_type.decimal(), to.data_type.decimal()) {
                (Some((p1, s1)), Some((p2, s2)))
                    if s1 <= s2
                        && u16::from(p1) + u16::from(s2) <= u16::from(p2) + u16::from(s1) =>
                {
                    Fit::Always
                }
                (_, Some((precision, scale))) => Fit::Unless(
                    FindingKind::NumberTooWide,
                    Filter::OutsideDecimal { column, precision, scale },
                ),
                _ => Fit::Never,
            }
        }
        (ValueKind::Integer, ValueKind::Decimal) => match to.data_type.decimal() {
            Some((precision, scale)) => Fit::Unless(
                FindingKind::NumberTooWide,
                Filter::OutsideDecimal { column, precision, scale },
            ),
            None => Fit::Never,
        },
        (ValueKind::Bit, ValueKind::Integer) => Fit::Always,
        (ValueKind::DateTime, ValueKind::DateTime) if from.data_type == to.data_type => Fit::Always,
        (ValueKind::DateTime, ValueKind::DateTime) => match (&from.data_type, &to.data_type) {
            (_, ColumnType::DateTime2 { scale: 7 }) => Fit::Always,
            _ => Fit::Never,
        },
        (ours, theirs) if ours == theirs => Fit::Always,
        _ => Fit::Never,
    }
}
