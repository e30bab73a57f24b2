//! What a column of a unique index gets of plain values, as it was decided about them.

use super::super::attributes::{chosen_value, misfit, no_length};
use super::super::{AttributePair, FindingKey, Work, choice};
use super::column::Part;
use crate::database::{ColumnShape, Filter, Likened, Value, ValueKind, in_other_type};
use crate::outsystems::null_value;

/// What becomes of rows without a value.
enum Nothing {
    /// It stays nothing.
    Stays,
    /// They are left out.
    Goes,
    /// They get this value; `None` where it could not be read.
    Becomes(Option<Value>),
}

impl Work<'_> {
    /// Values that are no ids.
    pub(super) fn value(&self, attribute: &AttributePair, collation: Option<String>) -> Part {
        let (ours, theirs) = (&attribute.source_column, &attribute.destination_column);
        let (rows, nothing) = self.without_value(attribute);
        let mut part = self.plain(ours, theirs, collation);
        if matches!(nothing, Nothing::Becomes(_)) {
            // They are NULL no more.
            part.among = Filter::All;
        }
        match (self.decided(attribute.misfit.as_ref()), misfit(ours, theirs)) {
            (Some((choice::CUT, _)), _) => part = cut(part, ours, theirs),
            (Some((choice::CONVERT, _)), _) => part = converted(part, ours, theirs),
            (Some((choice::REJECT, _)), Some(misfit)) => part = without(part, misfit),
            _ => {}
        }
        if part.own.converted_to.is_none() && ours.data_type != theirs.data_type {
            part.their_type = Some(ours.data_type.clone());
        }
        match nothing {
            Nothing::Stays => part,
            Nothing::Goes => without(part, rows),
            Nothing::Becomes(value) => filled(part, attribute, rows, value),
        }
    }

    fn decided(&self, finding: Option<&FindingKey>) -> Option<(&str, Option<&str>)> {
        let (choice, to) = self.selection.values.get(finding?)?;
        Some((choice, to.as_deref()))
    }

    /// Which rows have no value, and what becomes of them.
    fn without_value(&self, attribute: &AttributePair) -> (Filter, Nothing) {
        let (ours, theirs) = (&attribute.source_column, &attribute.destination_column);
        let null = Filter::IsNull(ours.name.clone());
        let mut nothing = vec![null.clone()];
        nothing.extend(no_length(ours));
        let chosen = |to: Option<&str>| {
            let value = to.and_then(|to| chosen_value(to, theirs).ok());
            Nothing::Becomes(value)
        };
        // What is decided about the model's demand goes for NULL too.
        let of_nothing = self.decided(attribute.nothing.as_ref());
        let of_null = self.decided(attribute.null.as_ref());
        match (of_nothing, of_null) {
            (Some((choice::VALUE, to)), _) => (Filter::Or(nothing), chosen(to)),
            (Some((choice::REJECT, _)), _) => (Filter::Or(nothing), Nothing::Goes),
            (_, Some((choice::VALUE, to))) => (null, chosen(to)),
            (_, Some((choice::DEFAULT, _))) => {
                (null, Nothing::Becomes(null_value(&theirs.data_type)))
            }
            (_, Some((choice::REJECT, _))) => (null, Nothing::Goes),
            _ => (null, Nothing::Stays),
        }
    }
}

/// Rows that are left out before an index sees them.
fn without(part: Part, rows: Filter) -> Part {
    Part { among: part.among.and(rows.negated()), ..part }
}

/// Rows that get a value where they have none.
fn filled(part: Part, attribute: &AttributePair, rows: Filter, value: Option<Value>) -> Part {
    let (ours, theirs) = (&attribute.source_column, &attribute.destination_column);
    let compared_in = part.own.converted_to.as_ref().map_or(&ours.data_type, |_| &theirs.data_type);
    let same = value.and_then(|value| in_other_type(&value, compared_in));
    let mut own = part.own;
    // A value that none of ours can have is like itself alone, as NULL is.
    own.count_as.push((rows, same.clone().unwrap_or(Value::Null)));
    Part { there: same.map(|_| own.clone()), own, is_one_to_one: false, ..part }
}

/// Values that are converted, and rows left out whose value cannot be.
fn converted(part: Part, ours: &ColumnShape, theirs: &ColumnShape) -> Part {
    let to = theirs.data_type.clone();
    let part = without(part, Filter::NotConvertible { column: ours.name.clone(), to: to.clone() });
    // Other values of different types are different once they are converted, too.
    if ours.data_type.kind() != Some(ValueKind::Text) {
        return part;
    }
    let own = Likened { converted_to: Some(to), collation: None, ..part.own };
    Part { there: Some(own.clone()), own, is_one_to_one: false, is_text: false, ..part }
}

/// Texts that are cut to what the destination's column holds.
fn cut(part: Part, ours: &ColumnShape, theirs: &ColumnShape) -> Part {
    let (length, most) = (ours.data_type.max_length(), theirs.data_type.max_length());
    let Some(most) = most.filter(|most| length.is_none_or(|length| length > *most)) else {
        return part;
    };
    let own = Likened { cut_to: Some(most), ..part.own };
    Part { there: Some(own.clone()), own, is_one_to_one: false, ..part }
}
