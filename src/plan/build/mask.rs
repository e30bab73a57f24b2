//! How the values of attributes with personal data are masked.

use super::Builder;
use crate::compare::{
    AttributePair, FindingKey, FindingKind, MASK_KINDS, can_mask, choice, personal,
};
use crate::database::{
    ColumnRef, Value, ValueKind, date_time_from_text, decimal_from_text, utf16_length,
};
use crate::outsystems::{Entity, null_value};
use crate::plan::{Mask, PersonFate, PersonPlan, UserMask};

impl Builder<'_> {
    /// How an attribute's values are masked; `None` where they stay as they are.
    pub(super) fn mask(
        &mut self,
        pair_place: usize,
        place: usize,
        entity: &Entity,
    ) -> Option<Mask> {
        let pair = &self.review.comparison.pairs[pair_place];
        let attribute = &pair.attributes[place];
        let known = personal(entity, pair, place);
        let typed = known.filter(|known| known.kind == FindingKind::PersonalData);
        let about = format!("{}.{}", pair.name, attribute.attribute.name);
        let by_option = typed.filter(|_| self.masks_personal_data()).map(|_| choice::MASK);
        // A decision may name any attribute that is neither a reference nor the identifier.
        let may_be = attribute.reference.is_none() && pair.identifier != Some(place);
        let kinds = [FindingKind::PersonalData, FindingKind::PersonalDataLikely];
        let decision = kinds.into_iter().find_map(|kind| {
            self.decisions.get(&FindingKey::attribute(kind, entity, &attribute.attribute))
        });
        if decision.is_some_and(|made| made.choice != choice::REAL) && !may_be {
            self.wrong.push(format!("{about}: an id cannot be masked, as others refer to it"));
            return None;
        }
        let (choice, to) = match decision {
            Some(made) => (made.choice.as_str(), made.to.as_deref()),
            None => (by_option?, None),
        };
        let column = ColumnRef::from(&attribute.source_column);
        match choice {
            choice::REAL => None,
            choice::NULL if attribute.destination_column.nullable => Some(Mask::Fixed(Value::Null)),
            choice::NULL => match null_value(&column.data_type) {
                Some(value) => Some(Mask::Fixed(value)),
                None => self.no_mask(&about, "its type has no null value"),
            },
            choice::CONSTANT => match constant(attribute, to.unwrap_or_default()) {
                Ok(value) => Some(Mask::Fixed(value)),
                Err(why) => self.no_mask(&about, &why),
            },
            choice::MASK => {
                let kind = to.map(str::to_lowercase);
                let kind = kind.as_deref().or(known.map(|known| known.mask));
                let kind = kind.filter(|kind| can_mask(kind, &column.data_type));
                match kind {
                    Some("email") => Some(Mask::Email),
                    Some("phone") => Some(Mask::Phone),
                    Some("text") => Some(Mask::Text),
                    Some("number") => Some(Mask::Number),
                    Some("date") => Some(Mask::Date),
                    _ => self.no_mask(
                        &about,
                        &format!(
                            "say with to = \"…\" how its values are masked, in a way that its type \
                             allows: {}",
                            MASK_KINDS.join(", ")
                        ),
                    ),
                }
            }
            other => self.no_mask(
                &about,
                &format!("\"{other}\" is no choice here; it is mask, real, null, constant"),
            ),
        }
    }

    fn no_mask(&mut self, about: &str, why: &str) -> Option<Mask> {
        self.wrong.push(format!("{about}: {why}"));
        None
    }

    fn masks_personal_data(&self) -> bool {
        self.review.selection.masks_personal_data == Some(true)
    }

    /// How e-mail address and phone number of created and updated users are masked.
    pub(super) fn user_mask(&self, users: &[PersonPlan], masked_by_key: bool) -> UserMask {
        let is_written = |fate: PersonFate| match fate {
            PersonFate::Create { .. } | PersonFate::Update(_) => true,
            PersonFate::Use(_) | PersonFate::Empty => false,
        };
        let writes = users.iter().any(|user| is_written(user.fate));
        match self.review.selection.masks_personal_data {
            Some(false) => UserMask::Real,
            Some(true) if writes => UserMask::Keyed,
            // The key is there already: the same address gets the same mask everywhere.
            None if masked_by_key => UserMask::Keyed,
            _ => UserMask::ById,
        }
    }
}

/// A text as a value that both sides hold, or the sentence that says why it is none.
pub(in crate::plan) fn constant(attribute: &AttributePair, text: &str) -> Result<Value, String> {
    held_by_both(attribute, text).ok_or_else(|| {
        let read = &attribute.source_column.data_type;
        format!("\"{text}\" is no value of its type, {read}, or too long")
    })
}

fn held_by_both(attribute: &AttributePair, text: &str) -> Option<Value> {
    let read = &attribute.source_column.data_type;
    let text = text.trim();
    let value = match read.kind()? {
        ValueKind::Text => Value::text(text),
        ValueKind::Integer => Value::Integer(text.parse().ok()?),
        ValueKind::Decimal => {
            let (_, scale) = read.decimal()?;
            Value::Decimal { value: decimal_from_text(text, scale)?, scale }
        }
        ValueKind::Bit => match text.to_ascii_lowercase().as_str() {
            "true" | "1" => Value::Bit(true),
            "false" | "0" => Value::Bit(false),
            _ => return None,
        },
        ValueKind::DateTime => Value::DateTime(date_time_from_text(text)?),
        ValueKind::Float | ValueKind::Guid | ValueKind::Binary => return None,
    };
    [read, &attribute.destination_column.data_type]
        .into_iter()
        .all(|data_type| match &value {
            Value::Text(text) => {
                (!data_type.is_code_page() || text.is_ascii())
                    && data_type.max_length().is_none_or(|most| utf16_length(text) <= most)
            }
            Value::Integer(number) => data_type
                .integer_range()
                .is_none_or(|(least, most)| (least..=most).contains(number)),
            _ => true,
        })
        .then_some(value)
}
