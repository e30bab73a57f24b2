//! Ids in columns that are no references by their type: a value that became another row's id, among
//! values that stay as they are.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::canonical::{Plain, classes_of};
use super::form::{put_id, put_unknown};
use super::maps::{IdKey, Inverse};
use super::numbers::Numbers;
use crate::database::{Column, Value};
use crate::plan::{Fate, PersonPlan, Plan, ReferenceRule, Target};

/// How a value of such a column is brought into form.
pub(super) struct SoftForm {
    /// How its values are brought into form where they stay.
    plain: Plain,
    /// Whether the ids are texts; else they are numbers, in a text too.
    of_texts: bool,
    side: Side,
}

enum Side {
    Source {
        /// Ids that are emptied by decision (`None`), or that share their row in the destination with
        /// others and are shown as the smallest of them.
        classes: HashMap<IdKey, Option<IdKey>>,
        /// What the destination holds in place of those that are emptied.
        none: Value,
        /// Ids that are texts.
        texts: HashSet<IdKey>,
    },
    Destination(Back),
}

/// What values of the destination were in the source.
struct Back {
    inverse: Inverse,
    /// Ids of the source of which none stays: their rows have become others, or were decided.
    gone: Arc<Numbers>,
    /// The same of ids that are texts.
    gone_texts: HashSet<IdKey>,
    /// Whether ids may wait for the second pass, and stand as they were until then.
    waits: bool,
}

impl Back {
    fn is_gone(&self, id: &IdKey) -> bool {
        match id {
            IdKey::Number(number) => self.gone.contains(*number),
            IdKey::Text(_) => self.gone_texts.contains(id),
        }
    }
}

/// The ids of the source of which the plan says what becomes.
fn decided(plan: &Plan, target: Target) -> Vec<IdKey> {
    let people = |all: &[PersonPlan]| -> Vec<IdKey> {
        all.iter().map(|person| IdKey::from(person.source)).collect()
    };
    match target {
        Target::Fixed(place) => {
            let fixed = &plan.fixed[place];
            let ids = fixed.fates.iter().map(|(id, _)| id).chain(&fixed.undecided);
            ids.filter_map(IdKey::of).collect()
        }
        Target::Users => people(&plan.users),
        Target::Groups => people(&plan.groups),
        Target::Tenants => plan.tenants.iter().map(|(id, _)| IdKey::from(*id)).collect(),
        Target::Entity(_) | Target::Lookup(_) | Target::External | Target::Nothing => Vec::new(),
    }
}

impl SoftForm {
    pub(super) fn of_source(plan: &Plan, rule: &ReferenceRule, plain: Plain) -> Self {
        let ids = decided(plan, rule.target).into_iter();
        let texts: HashSet<IdKey> = ids.filter(|id| matches!(id, IdKey::Text(_))).collect();
        let classes = classes_of(plan, rule.target);
        let side = Side::Source { classes, none: rule.none.clone(), texts };
        Self { plain, of_texts: has_text_ids(plan, rule.target), side }
    }

    pub(super) fn of_destination(
        plan: &Plan,
        target: Target,
        plain: Plain,
        inverse: Inverse,
    ) -> Self {
        let decided = decided(plan, target);
        let numbers = decided.iter().filter_map(|id| match id {
            IdKey::Number(number) => Some(*number),
            IdKey::Text(_) => None,
        });
        let numbers: Vec<i64> = numbers.collect();
        let gone = match numbers.is_empty() {
            true => inverse.sources(),
            false => numbers.into_iter().collect(),
        };
        let gone_texts = decided.into_iter().filter(|id| matches!(id, IdKey::Text(_))).collect();
        let waits = matches!(target, Target::Entity(_));
        let side = Side::Destination(Back { inverse, gone: Arc::new(gone), gone_texts, waits });
        Self { plain, of_texts: has_text_ids(plan, target), side }
    }

    pub(super) fn plain(&self) -> &Plain {
        &self.plain
    }

    /// The id that a value may be; `None` for what is none in any case.
    fn key(&self, value: &Value) -> Option<IdKey> {
        if !self.of_texts {
            return number(value).filter(|number| *number != 0).map(IdKey::Number);
        }
        match IdKey::of(value) {
            Some(IdKey::Text(text)) if !text.is_empty() => Some(IdKey::Text(text)),
            _ => None,
        }
    }

    /// The id that a value is, as far as it may be told: a number, or a text that is one of the known.
    pub(super) fn id(&self, value: &Value) -> Option<IdKey> {
        if !self.of_texts {
            return number(value).map(IdKey::Number);
        }
        self.key(value).filter(|id| match &self.side {
            Side::Source { texts, .. } => texts.contains(id),
            Side::Destination(back) => back.is_gone(id) || back.inverse.source(id).is_some(),
        })
    }

    pub(super) fn put(&self, value: &Value, to: &mut Vec<u8>) {
        let Some(id) = self.key(value) else {
            return self.plain.put_value(value, to);
        };
        match &self.side {
            Side::Source { classes, none, texts } => match classes.get(&id) {
                Some(None) => Plain::default().put_value(none, to),
                Some(Some(least)) => self.put_id(least, value, to),
                None if self.of_texts && !texts.contains(&id) => self.plain.put_value(value, to),
                None => self.put_id(&id, value, to),
            },
            Side::Destination(back) => match back.inverse.source(&id) {
                Some(source) => self.put_id(&source, value, to),
                // It is an id of the source, whose row has another one here.
                None if back.is_gone(&id) => put_unknown(&id, to),
                None => self.plain.put_value(value, to),
            },
        }
    }

    /// An id of the source in the place of a value.
    fn put_id(&self, id: &IdKey, value: &Value, to: &mut Vec<u8>) {
        match (id, value) {
            (IdKey::Number(number), Value::Text(_)) => {
                self.plain.put_value(&Value::text(&number.to_string()), to);
            }
            (IdKey::Number(number), _) => self.plain.put_value(&Value::Integer(*number), to),
            (IdKey::Text(_), _) => put_id(id, to),
        }
    }

    pub(super) fn put_cell(&self, column: &Column, row: usize, to: &mut Vec<u8>) {
        self.put(&column.value(row), to);
    }

    /// Whether the destination holds what was noted of a value: it stays, and may be the id of a row
    /// there by accident; or it is gone, as it is the id of a row that is another one there, for whose
    /// new one there was no room, or that has none. `waits`: an id may stay until the second pass.
    pub(super) fn keeps(&self, noted: &Value, found: &Value, waits: bool) -> bool {
        let Side::Destination(back) = &self.side else { return false };
        let Some(id) = self.key(noted) else { return false };
        // Texts that are equal as ids may differ as texts.
        let stays = match self.of_texts {
            true => trimmed(noted) == trimmed(found),
            false => self.key(found).as_ref() == Some(&id),
        };
        if back.is_gone(&id) { is_empty(found) || (waits && back.waits && stays) } else { stays }
    }
}

fn has_text_ids(plan: &Plan, target: Target) -> bool {
    let Target::Fixed(place) = target else { return false };
    let is_text = |id: &Value| matches!(id, Value::Text(_));
    plan.fixed[place]
        .fates
        .iter()
        .any(|(id, fate)| is_text(id) || matches!(fate, Fate::To(to) if is_text(to)))
}

/// A text without blanks at its end.
fn trimmed(value: &Value) -> Option<&[u8]> {
    let Value::Text(text) = value else { return None };
    let end = text.iter().rposition(|byte| *byte != b' ').map_or(0, |last| last + 1);
    Some(&text[..end])
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

    fn destination(pairs: &[(IdKey, IdKey)], gone: &[IdKey], waits: bool) -> SoftForm {
        let inverse = Inverse::few(pairs.iter().cloned());
        let numbers = gone.iter().filter_map(|id| match id {
            IdKey::Number(number) => Some(*number),
            IdKey::Text(_) => None,
        });
        let side = Side::Destination(Back {
            inverse,
            gone: Arc::new(numbers.collect()),
            gone_texts: gone.iter().filter(|id| matches!(id, IdKey::Text(_))).cloned().collect(),
            waits,
        });
        let of_texts = gone.iter().any(|id| matches!(id, IdKey::Text(_)));
        SoftForm { plain: Plain::default(), of_texts, side }
    }

    fn source(classes: &[(IdKey, Option<IdKey>)], texts: &[IdKey]) -> SoftForm {
        let side = Side::Source {
            classes: classes.iter().cloned().collect(),
            none: Value::Null,
            texts: texts.iter().cloned().collect(),
        };
        SoftForm { plain: Plain::default(), of_texts: !texts.is_empty(), side }
    }

    fn forms() -> (SoftForm, SoftForm) {
        let pairs = [(7, 1007), (8, 1008)].map(|(a, b)| (IdKey::Number(a), IdKey::Number(b)));
        let gone = [7, 8].map(IdKey::Number);
        (source(&[], &[]), destination(&pairs, &gone, true))
    }

    /// Two records of the source are one of the destination, and one is none.
    #[test]
    fn ids_that_share_a_row_are_alike_and_one_without_counterpart_is_empty() {
        let [five, six, nine] = [5, 6, 9].map(IdKey::Number);
        let shared = [(five.clone(), IdKey::Number(2)), (six.clone(), IdKey::Number(2))];
        let theirs = destination(&shared, &[five.clone(), six.clone(), nine.clone()], false);
        let ours = source(&[(six, Some(five)), (nine, None)], &[]);
        let [of_ours, of_theirs] =
            [&ours, &theirs].map(|form| move |value: i64| put(form, &Value::Integer(value)));
        assert_eq!(of_ours(5), of_theirs(2));
        assert_eq!(of_ours(6), of_theirs(2));
        assert_eq!(of_ours(9), put(&theirs, &Value::Null));
        assert_ne!(of_ours(9), of_theirs(9), "it has to be gone");
        assert_ne!(of_ours(5), of_theirs(5), "nobody rewrote it");
        let noted = Value::Integer(9);
        assert!(theirs.keeps(&noted, &Value::Null, true));
        assert!(!theirs.keeps(&noted, &noted, true), "nothing waits");
    }

    #[test]
    fn texts_that_are_ids_are_found_without_case_and_others_are_nobodys() {
        let text = |text: &str| IdKey::of(&Value::text(text)).expect("a text");
        let pairs = [(text("Open"), text("o1")), (text("Shut"), text("s1"))];
        let known = [text("open"), text("shut"), text("lost")];
        let theirs = destination(&pairs, &known, false);
        let ours = source(&[(text("lost"), None)], &known);
        let same = |here: &str, there: &str| {
            put(&ours, &Value::text(here)) == put(&theirs, &Value::text(there))
        };
        assert!(same("OPEN ", "o1") && same("shut", "S1"));
        assert!(!same("open", "open") && !same("open", "s1"));
        assert!(same("note", "note") && !same("note", "Note") && !same("note", "o1"));
        assert_eq!(put(&ours, &Value::text("Lost")), put(&theirs, &Value::Null));
        let by_accident = Value::text("s1");
        assert!(theirs.keeps(&by_accident, &by_accident, false));
        assert!(!theirs.keeps(&by_accident, &Value::text("S1"), false));
        assert_eq!(ours.id(&Value::text("a secret")), None);
        assert_eq!(ours.id(&Value::text("OPEN")), Some(text("open")));
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
