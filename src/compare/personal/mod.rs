//! Personal data among the attributes: what the model says is personal, and what its name makes
//! likely.

mod names;

use super::{AttributePair, Choice, EntityPair, Finding, FindingKey, FindingKind, Work, choice};
use crate::database::{ColumnShape, ColumnType, Filter, Value, ValueKind, same_name};
use crate::outsystems::{Attribute, AttributeType, BasicType, Entity};

/// How values can be masked, by the names that plan files have for them.
pub const MASK_KINDS: [&str; 5] = ["email", "phone", "text", "number", "date"];

/// A mask with fewer possible values than this could be given twice: 2 to the power of 64, at five
/// bits a letter.
const LEAST_LETTERS: usize = 13;

/// An attribute that holds personal data, or may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Personal {
    /// [`FindingKind::PersonalData`] where the model says so, else
    /// [`FindingKind::PersonalDataLikely`].
    pub kind: FindingKind,
    /// One of [`MASK_KINDS`]: how its values are masked unless a decision says otherwise.
    pub mask: &'static str,
}

/// What an attribute's type, or its name and its entity's, say about personal data. Ids are never
/// personal: others refer to them.
#[must_use]
pub fn personal(entity: &Entity, pair: &EntityPair, place: usize) -> Option<Personal> {
    let attribute = &pair.attributes[place];
    // What instances of processes hold is named by the platform, not by what it says of people.
    let is_none = attribute.reference.is_some() || entity.instance_table().is_some();
    if pair.identifier == Some(place) || is_none {
        return None;
    }
    let found = called_personal(entity, &attribute.attribute)?;
    can_mask(found.mask, &attribute.source_column.data_type).then_some(found)
}

/// The same, whatever its column holds and wherever it is carried over to.
pub(super) fn called_personal(entity: &Entity, attribute: &Attribute) -> Option<Personal> {
    let AttributeType::Basic(basic) = attribute.data_type else { return None };
    let typed = match basic {
        BasicType::Email => Some("email"),
        BasicType::PhoneNumber => Some("phone"),
        _ => None,
    };
    Some(match typed {
        Some(mask) => Personal { kind: FindingKind::PersonalData, mask },
        None => Personal {
            kind: FindingKind::PersonalDataLikely,
            mask: names::likely(&entity.name, &attribute.name, basic)?,
        },
    })
}

/// Whether values of a column can be masked in that way.
#[must_use]
pub fn can_mask(mask: &str, data_type: &ColumnType) -> bool {
    match (mask, data_type.kind()) {
        ("email" | "phone" | "text", Some(ValueKind::Text))
        | ("number", Some(ValueKind::Integer | ValueKind::Decimal)) => true,
        ("date", Some(ValueKind::DateTime)) => !matches!(data_type, ColumnType::Time { .. }),
        _ => false,
    }
}

impl Work<'_> {
    /// Attributes with personal data.
    pub(super) fn personal_data(&mut self) {
        for pair_place in 0..self.out.pairs.len() {
            let pair = self.out.pairs[pair_place].clone();
            let entity = self.source.entity(pair.source);
            for place in 0..pair.attributes.len() {
                let Some(personal) = personal(entity, &pair, place) else { continue };
                let attribute = &pair.attributes[place];
                let key = FindingKey::attribute(personal.kind, entity, &attribute.attribute);
                let finding = match (personal.kind, self.selection.masks_personal_data) {
                    (FindingKind::PersonalData, None) => Some(typed(key.clone(), &pair, attribute)),
                    (FindingKind::PersonalData, Some(masks)) => {
                        Some(decided(key.clone(), &pair, attribute, masks))
                    }
                    // Whoever wants real data is not asked about each name.
                    (_, Some(false)) => None,
                    (_, masks) => Some(likely(key.clone(), &pair, attribute, masks.is_some())),
                };
                if let Some(mut finding) = finding {
                    if finding.needs_decision() {
                        finding.candidates = vec![example(personal.mask).to_owned()];
                    }
                    self.find(finding);
                }
                self.personal_data_key(entity, (pair_place, place), personal, &key);
            }
        }
    }

    /// Whether the values of an attribute are masked, as far as that is said yet.
    pub(super) fn is_masked(&self, entity: &Entity, pair: &EntityPair, place: usize) -> bool {
        self.masking(entity, pair, place).is_some_and(|(choice, _)| choice != choice::REAL)
    }

    /// Whether what stands in place of an attribute's values fits the destination whatever they are.
    /// A number's mask is as wide as the number, and a date's may be as far away as the date.
    pub(super) fn is_masked_to_fit(
        &self,
        entity: &Entity,
        pair: &EntityPair,
        place: usize,
    ) -> bool {
        match self.masking(entity, pair, place) {
            Some((choice::NULL | choice::CONSTANT, _)) => true,
            Some((choice::MASK, to)) => {
                let kind = to.map(str::to_lowercase);
                let known = personal(entity, pair, place).map(|personal| personal.mask);
                matches!(kind.as_deref().or(known), Some("email" | "phone" | "text"))
            }
            _ => false,
        }
    }

    /// What was decided about an attribute's values, and what it was given, or follows from what the
    /// plan says of all; `None` while nothing is said.
    fn masking(
        &self,
        entity: &Entity,
        pair: &EntityPair,
        place: usize,
    ) -> Option<(&str, Option<&str>)> {
        let attribute = &pair.attributes[place].attribute;
        let kinds = [FindingKind::PersonalData, FindingKind::PersonalDataLikely];
        let decided = kinds.into_iter().find_map(|kind| {
            self.selection.masked.get(&FindingKey::attribute(kind, entity, attribute))
        });
        let by_option = || {
            let typed = |personal: &Personal| personal.kind == FindingKind::PersonalData;
            let is_asked = self.selection.masks_personal_data == Some(true);
            let personal = personal(entity, pair, place).filter(|_| is_asked);
            personal.filter(typed).map(|_| (choice::MASK, None))
        };
        decided.map(|(choice, to)| (choice.as_str(), to.as_deref())).or_else(by_option)
    }

    /// A mask that a unique index does not allow twice.
    fn personal_data_key(
        &mut self,
        entity: &Entity,
        (pair_place, place): (usize, usize),
        personal: Personal,
        key: &FindingKey,
    ) {
        let pair = self.out.pairs[pair_place].clone();
        let attribute = &pair.attributes[place];
        let by_option = match (personal.kind, self.selection.masks_personal_data) {
            (FindingKind::PersonalData, Some(true)) => Some((choice::MASK, None)),
            _ => None,
        };
        let decided = self.selection.masked.get(key);
        let decided = decided.map(|(choice, to)| (choice.as_str(), to.as_deref())).or(by_option);
        let column = &attribute.destination_column;
        let room = [column, &attribute.source_column]
            .into_iter()
            .filter_map(|column| column.data_type.max_length())
            .min();
        let letters = room.unwrap_or(usize::MAX);
        let may_be_equal = match decided {
            Some((choice::MASK, kind)) => match kind.unwrap_or(personal.mask) {
                "email" => letters < LEAST_LETTERS + 10,
                "text" => letters < LEAST_LETTERS,
                "phone" => letters < 20,
                _ => false,
            },
            Some((choice::NULL | choice::CONSTANT, _)) => true,
            _ => false,
        };
        let other = self.destination.entity(pair.destination);
        let Some(shape) = self.destination.shape(&other.table) else { return };
        let index = shape
            .unique_indexes
            .iter()
            .find(|index| index.columns.iter().any(|name| same_name(name, &column.name)));
        let (true, Some(index)) = (may_be_equal, index) else { return };
        // Which masks are equal, only the run's key tells; empty values stay what they are.
        let cost = self.cost_of_rejecting(pair_place, &masked(&attribute.source_column));
        let finding = Finding::decide(
            FindingKey::attribute(FindingKind::PersonalDataKey, entity, &attribute.attribute),
            about(&pair, attribute),
            format!(
                "its masks may be equal where its values are not, and the unique index {} refuses \
                 that",
                index.name
            ),
            "The column is too narrow for as many masks as there are values, or gets the same value \
             in every row.",
            vec![
                Choice::stop("do not run: decide otherwise what becomes of the values"),
                Choice::new(choice::REJECT, "go on; rows that the index refuses are left out")
                    .costing(cost.at_most()),
            ],
            choice::STOP,
        );
        self.find(finding.touching(cost.rows));
    }
}

/// Rows whose value is masked.
fn masked(column: &ColumnShape) -> Filter {
    let filled = Filter::not_null(&column.name);
    match column.data_type.kind() {
        Some(ValueKind::Text) if !column.data_type.is_large() => {
            filled.and(Filter::Equals(column.name.clone(), Value::text("")).negated())
        }
        _ => filled,
    }
}

fn about(pair: &EntityPair, attribute: &AttributePair) -> String {
    format!("{}.{}", pair.name, attribute.attribute.name)
}

fn choices(attribute: &AttributePair) -> Vec<Choice> {
    let mut all = vec![
        Choice::new(choice::MASK, "mask the values")
            .costing("the run needs a key; the same value gets the same mask everywhere"),
        Choice::new(choice::REAL, "copy them as they are")
            .costing("personal data is in the destination"),
    ];
    let empty = if attribute.destination_column.nullable { "NULL" } else { "the null value" };
    all.push(Choice::new(choice::NULL, format!("write {empty} instead")));
    all.push(Choice::new(choice::CONSTANT, "write the same value in every row").to_a_target());
    all
}

fn typed(key: FindingKey, pair: &EntityPair, attribute: &AttributePair) -> Finding {
    Finding::decide(
        key,
        about(pair, attribute),
        format!("it is of type {}: personal data", type_name(&attribute.attribute.data_type)),
        "Whoever tests could write to real people, and personal data leaves Production. Empty values \
         stay empty in any case.",
        choices(attribute),
        choice::MASK,
    )
}

fn likely(key: FindingKey, pair: &EntityPair, attribute: &AttributePair, masks: bool) -> Finding {
    Finding::decide(
        key,
        about(pair, attribute),
        "by its name it may hold personal data",
        "Only the name says so: nobody has looked at the values. Empty values stay empty in any case.",
        choices(attribute),
        if masks { choice::MASK } else { choice::REAL },
    )
}

/// The plan says for all attributes of the type what becomes of them.
fn decided(key: FindingKey, pair: &EntityPair, attribute: &AttributePair, masks: bool) -> Finding {
    let (what, why) = if masks {
        ("its values are masked", "The plan says personal_data = \"mask\".")
    } else {
        ("its values are copied as they are", "The plan says personal_data = \"real\".")
    };
    Finding::note(key, about(pair, attribute), what, why)
}

/// A value that may stand in every row: nobody's.
fn example(mask: &str) -> &'static str {
    match mask {
        "email" => "nobody@example.invalid",
        "phone" => "000000000",
        "number" => "1",
        "date" => "1970-01-01 00:00:00",
        _ => "masked",
    }
}

fn type_name(data_type: &AttributeType) -> &'static str {
    match data_type {
        AttributeType::Basic(BasicType::PhoneNumber) => "Phone Number",
        _ => "Email",
    }
}
