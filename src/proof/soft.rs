//! Ids in columns that are no references by their type: a value that became another row's id, among
//! values that stay as they are.

use std::sync::Arc;

use super::canonical::Plain;
use super::form::put_unknown;
use super::maps::{IdKey, Inverse};
use super::numbers::Numbers;
use crate::database::{Column, Value};

/// How a value of such a column is brought into form.
pub(super) struct SoftForm {
    /// How its values are brought into form where they stay.
    plain: Plain,
    /// In the destination: what its values were in the source. The source's are as they are.
    back: Option<Back>,
}

struct Back {
    inverse: Inverse,
    /// Ids of the source whose rows have become others: none of them stays.
    carried: Arc<Numbers>,
}

impl SoftForm {
    pub(super) fn of_source(plain: Plain) -> Self {
        Self { plain, back: None }
    }

    pub(super) fn of_destination(plain: Plain, inverse: Inverse) -> Self {
        let carried = Arc::new(inverse.sources());
        Self { plain, back: Some(Back { inverse, carried }) }
    }

    pub(super) fn plain(&self) -> &Plain {
        &self.plain
    }

    /// The number that a value is, where it may be an id.
    pub(super) fn id(value: &Value) -> Option<IdKey> {
        number(value).map(IdKey::Number)
    }

    pub(super) fn put(&self, value: &Value, to: &mut Vec<u8>) {
        let back = self.back.as_ref();
        let Some((back, own)) = back.zip(number(value).filter(|own| *own != 0)) else {
            return self.plain.put_value(value, to);
        };
        match back.inverse.source(&IdKey::Number(own)) {
            Some(IdKey::Number(source)) => {
                let was = match value {
                    Value::Text(_) => Value::text(&source.to_string()),
                    _ => Value::Integer(source),
                };
                self.plain.put_value(&was, to);
            }
            // It is an id of the source, whose row has another one here.
            _ if back.carried.contains(own) => put_unknown(&IdKey::Number(own), to),
            _ => self.plain.put_value(value, to),
        }
    }

    pub(super) fn put_cell(&self, column: &Column, row: usize, to: &mut Vec<u8>) {
        self.put(&column.value(row), to);
    }

    /// Whether the destination holds what was noted of a value: it stays, and may be the id of a row
    /// there by accident; or it is the id of a row that was carried over, for whose new one there
    /// was no room, and is gone. `waits`: that one may stay until the second pass.
    pub(super) fn keeps(&self, noted: &Value, found: &Value, waits: bool) -> bool {
        let (Some(back), Some(noted)) = (&self.back, number(noted)) else { return false };
        let stays = number(found) == Some(noted);
        if back.carried.contains(noted) { is_empty(found) || (waits && stays) } else { stays }
    }
}

/// Whether a plain attribute holds no id (`metamodel.md` §3.5).
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Integer(0) => true,
        value => value.as_str().is_some_and(str::is_empty),
    }
}

/// A number, or a text that is one in the one way a database writes it.
fn number(value: &Value) -> Option<i64> {
    match value {
        Value::Text(_) => {
            let text = value.as_str()?;
            let digits = text.strip_prefix('-').unwrap_or(text);
            let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit())
                && !digits.starts_with('0')
                && !digits.is_empty();
            text.parse().ok().filter(|_| is_plain)
        }
        other => other.as_integer(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(form: &SoftForm, value: &Value) -> Vec<u8> {
        let mut bytes = Vec::new();
        form.put(value, &mut bytes);
        bytes
    }

    fn forms() -> (SoftForm, SoftForm) {
        let pairs = [(7, 1007), (8, 1008)].map(|(a, b)| (IdKey::Number(a), IdKey::Number(b)));
        let back = Inverse::few(pairs.into_iter());
        (SoftForm::of_source(Plain::default()), SoftForm::of_destination(Plain::default(), back))
    }

    #[test]
    fn ids_are_as_in_the_source_and_other_values_as_they_are() {
        let (ours, theirs) = forms();
        for (source, destination, same) in [
            ("7", "1007", true),
            ("7", "1008", false),
            // Nobody rewrote it.
            ("7", "7", false),
            ("99", "99", true),
            ("99", "98", false),
            ("07", "07", true),
            ("", "", true),
            ("note", "note", true),
        ] {
            let same_text =
                put(&ours, &Value::text(source)) == put(&theirs, &Value::text(destination));
            assert_eq!(same_text, same, "{source} and {destination}");
        }
        let number = |form, value| put(form, &Value::Integer(value));
        assert_eq!(number(&ours, 8), number(&theirs, 1008));
        assert_ne!(number(&ours, 8), number(&theirs, 8));
        assert_eq!(number(&ours, 0), number(&theirs, 0));
    }

    #[test]
    fn a_value_that_stays_may_be_an_id_there_but_none_of_the_source() {
        let (_, theirs) = forms();
        let (one, other) = (Value::Integer(1007), Value::Integer(1008));
        assert!(theirs.keeps(&one, &one, false));
        assert!(!theirs.keeps(&one, &other, false));
        let carried = Value::Integer(7);
        assert!(!theirs.keeps(&carried, &carried, false));
        // Nobody has rewritten it yet.
        assert!(theirs.keeps(&carried, &carried, true));
        assert!(!theirs.keeps(&carried, &one, true));
        // There was no room for its new id.
        for empty in [Value::Null, Value::Integer(0), Value::text("")] {
            assert!(theirs.keeps(&carried, &empty, false));
            assert!(!theirs.keeps(&one, &empty, false), "what stays does not go");
        }
    }
}
