//! Plain attributes that hold ids of another entity without their type saying so.
//!
//! Nothing but the values tells: a few of them are looked for among the ids of other entities, in the
//! database where rows are carried over, in the model where they are only matched (records of static
//! entities, groups, tenants). It is only ever proposed, with the evidence; what was not decided is
//! copied as it is.

mod evidence;
mod targets;

use super::selection::attribute_key;
use super::{
    AttributePair, Choice, EntityPair, Finding, FindingKey, FindingKind, Most, Work, choice,
    personal,
};
use crate::database::{ColumnRef, Filter, Value, ValueKind};
use crate::outsystems::{AttributeType, BasicType, EntityIndex, Side, SystemTarget};
pub use evidence::as_number;
use evidence::{Evidence, LEAST_UNNAMED, Range, Sample};
use targets::{Targets, Whose, plain_name, sounds_like_a_key};

/// Rows of an entity whose values are looked at.
const SAMPLED: usize = 200;
/// Columns that are looked at although their names say nothing.
const UNNAMED_COLUMNS: usize = 300;
/// Pairs of such a column and an entity that are looked at.
const UNNAMED_PAIRS: usize = 1_000;

/// What is still allowed to be asked about columns whose names say nothing.
struct Budget {
    columns: usize,
    pairs: usize,
}

/// Whether an attribute may hold ids of rows that get new ones.
fn may_be_one(pair: &EntityPair, place: usize) -> bool {
    let attribute = &pair.attributes[place];
    let kinds = [&attribute.source_column, &attribute.destination_column]
        .map(|column| column.data_type.kind());
    let basic = matches!(
        attribute.attribute.data_type,
        AttributeType::Basic(BasicType::Integer | BasicType::LongInteger | BasicType::Text)
    );
    basic
        && attribute.reference.is_none()
        && pair.identifier != Some(place)
        && !attribute.source_column.data_type.is_large()
        && (kinds == [Some(ValueKind::Integer); 2] || kinds == [Some(ValueKind::Text); 2])
}

impl Work<'_> {
    /// Looks for plain attributes that hold ids, and takes over what was decided about them.
    pub(super) fn soft_keys(&mut self) {
        let mut budget = Budget { columns: UNNAMED_COLUMNS, pairs: UNNAMED_PAIRS };
        let targets = self.soft_targets();
        for pair_place in 0..self.out.pairs.len() {
            // What their columns hold is published.
            if self.are_instances(self.out.pairs[pair_place].source) {
                continue;
            }
            let pair = self.out.pairs[pair_place].clone();
            for place in 0..pair.attributes.len() {
                if may_be_one(&pair, place) {
                    self.soft_key(&pair, (pair_place, place), &targets, &mut budget);
                }
            }
        }
    }

    fn soft_key(
        &mut self,
        pair: &EntityPair,
        (pair_place, place): (usize, usize),
        targets: &Targets,
        budget: &mut Budget,
    ) {
        let entity = self.source.entity(pair.source);
        let attribute = &pair.attributes[place];
        let decided = self.selection.soft_keys.get(&attribute_key(entity, &attribute.attribute));
        if decided.is_none() && self.selection.no_soft_keys {
            return;
        }
        let is_text = is_text(attribute);
        let wanted = decided
            .and_then(Option::as_deref)
            .and_then(|to| self.soft_target_named(to, targets, is_text));
        if let Some(wanted) = wanted {
            let entity = match wanted {
                Whose::Rows(place) => self.out.pairs[place].source,
                Whose::Known(index) => index,
            };
            self.pair_mut(pair_place).attributes[place].soft = Some(entity);
        }
        let candidates = self.candidates(pair, place, targets, wanted, budget);
        if candidates.is_empty() && decided.is_none() {
            return;
        }
        let Some(sample) = self.sample(pair, attribute) else { return };
        let sample = Sample::of(&sample);
        let evidence: Vec<(Whose, Evidence)> = candidates
            .into_iter()
            .filter_map(|(one, is_named)| Some((one, self.evidence(one, is_named, &sample)?)))
            .collect();
        let mut told: Vec<Evidence> = evidence
            .into_iter()
            .filter(|(one, evidence)| Some(*one) == wanted || evidence.convinces())
            .map(|(_, evidence)| evidence)
            .collect();
        if told.is_empty() && decided.is_none() {
            return;
        }
        told.sort_by_key(|one| std::cmp::Reverse((one.is_named, one.found)));
        self.find(proposal(
            FindingKey::attribute(FindingKind::SoftKeyLikely, entity, &attribute.attribute),
            format!("{}.{}", pair.name, attribute.attribute.name),
            &told,
        ));
    }

    /// The attributes that hold ids of people or tenants by decision.
    pub(super) fn soft_references_to(&self, system: SystemTarget) -> Vec<(usize, usize)> {
        let is_meant =
            |index: EntityIndex| self.source.entity(index).system_target() == Some(system);
        let mut found = Vec::new();
        for (pair_place, pair) in self.out.pairs.iter().enumerate() {
            for (place, attribute) in pair.attributes.iter().enumerate() {
                if attribute.soft.is_some_and(is_meant) {
                    found.push((pair_place, place));
                }
            }
        }
        found
    }

    /// The entities whose ids an attribute may hold, and whether its name says so.
    fn candidates(
        &self,
        pair: &EntityPair,
        place: usize,
        targets: &Targets,
        wanted: Option<Whose>,
        budget: &mut Budget,
    ) -> Vec<(Whose, bool)> {
        let entity = self.source.entity(pair.source);
        let attribute = &pair.attributes[place];
        let plain = plain_name(&attribute.attribute.name);
        let is_text = is_text(attribute);
        let mut by_name = self.soft_targets_named_by(entity, &plain, targets);
        by_name.retain(|one| Some(*one) == wanted || self.is_worth_asking(*one, targets, is_text));
        let unnamed = wanted.filter(|wanted| !by_name.contains(wanted)).map(|one| (one, false));
        let named = by_name.into_iter().map(|one| (one, true));
        let named: Vec<(Whose, bool)> = named.chain(unnamed).collect();
        if !named.is_empty() {
            return named;
        }
        if (is_text && !sounds_like_a_key(&plain))
            || personal(entity, pair, place).is_some()
            || budget.columns == 0
        {
            return Vec::new();
        }
        budget.columns -= 1;
        let enough = |one: &&usize| {
            self.out.pairs[**one].source_rows.is_some_and(|rows| rows >= LEAST_UNNAMED as u64)
        };
        let all = targets.rows.iter().filter(enough).take(budget.pairs);
        let all: Vec<(Whose, bool)> = all.map(|one| (Whose::Rows(*one), false)).collect();
        budget.pairs -= all.len();
        all
    }

    /// The values of the first rows that have one, by the order of their identifier.
    fn sample(&mut self, pair: &EntityPair, attribute: &AttributePair) -> Option<Vec<Value>> {
        let column = ColumnRef::from(&attribute.source_column);
        let none = match column.data_type.kind() {
            Some(ValueKind::Text) => Value::text(""),
            _ => Value::Integer(0),
        };
        let filter =
            Filter::not_null(&column.name).and(Filter::Equals(column.name.clone(), none).negated());
        let order = pair.identifier().map(|own| ColumnRef::from(&own.source_column));
        let columns: Vec<ColumnRef> = order.into_iter().chain([column]).collect();
        let table = &self.source.entity(pair.source).table;
        let rows = self.inquiry.rows(Side::Source, table, columns, filter, Most::First(SAMPLED))?;
        Some(rows.iter().filter_map(|row| row.last().cloned()).collect())
    }

    /// How many of the values are ids of an entity; `None` while nobody has said.
    fn evidence(&mut self, one: Whose, is_named: bool, sample: &Sample) -> Option<Evidence> {
        match one {
            Whose::Rows(place) => self.evidence_of_rows(place, is_named, sample),
            Whose::Known(index) => self.evidence_of_known(index, is_named, sample),
        }
    }

    /// The same of rows that are carried over: the database knows their ids.
    fn evidence_of_rows(
        &mut self,
        place: usize,
        is_named: bool,
        sample: &Sample,
    ) -> Option<Evidence> {
        let pair = &self.out.pairs[place];
        let name = pair.name.clone();
        let numbers = &sample.numbers;
        let (least, most) = (*numbers.first()?, *numbers.last()?);
        let column = pair.identifier()?.source_column.name.clone();
        let table = self.source.entity(pair.source).table.clone();
        let values = numbers.iter().map(|number| Value::Integer(*number)).collect();
        let found = self.inquiry.count(Side::Source, &table, Filter::AnyOf(column.clone(), values));
        let between = Filter::Between(column, Value::Integer(least), Value::Integer(most));
        let held = self.inquiry.count(Side::Source, &table, between);
        let found = usize::try_from(found?).ok()?.min(numbers.len());
        let missing = numbers.len() - found + sample.others();
        let range = Some(Range { least, most, held: held? });
        Some(Evidence { name, found, missing, range, is_named, others: None })
    }

    /// The same of rows that are only looked up: the model knows them.
    fn evidence_of_known(
        &self,
        index: EntityIndex,
        is_named: bool,
        sample: &Sample,
    ) -> Option<Evidence> {
        let known = self.known_ids(index, true)?;
        let numbers = &sample.numbers;
        let found = match known.are_texts {
            true => known.found(sample.texts()),
            false => known.found(numbers.iter().copied().map(Value::Integer)),
        };
        let range = match (numbers.first(), numbers.last()) {
            (Some(least), Some(most)) if !known.are_texts => {
                Some(Range { least: *least, most: *most, held: known.held(*least, *most) })
            }
            _ => None,
        };
        Some(Evidence {
            name: self.source.entity(index).full_name(),
            found,
            missing: numbers.len() + sample.others() - found,
            range,
            is_named,
            others: known.others.map(|others| (known.what, others, known.len())),
        })
    }
}

/// Whether an attribute holds texts.
fn is_text(attribute: &AttributePair) -> bool {
    attribute.source_column.data_type.kind() == Some(ValueKind::Text)
}

fn proposal(key: FindingKey, about: String, told: &[Evidence]) -> Finding {
    let what = match told {
        [] => {
            "none of its sampled values is an id of an entity that it could hold ids of".to_owned()
        }
        all => all.iter().map(Evidence::words).collect::<Vec<_>>().join("; "),
    };
    let offers: Vec<(String, String)> =
        told.iter().map(|one| (one.name.clone(), one.name.clone())).collect();
    let names = told.iter().map(|one| one.name.clone()).collect();
    Finding::decide(
        key,
        about,
        what,
        "The model calls it a plain attribute, so its values are copied as they are. If they are ids, \
         those of the source would stay in it, and in the destination they are other rows or none. \
         Remapping rewrites the values that are ids of rows carried over, or of records, users, groups \
         or tenants that are matched; others stay as they are and are counted.",
        vec![
            Choice::new(choice::REMAP, "they are ids of this entity: rewrite them").to_one_of(offers),
            Choice::new(choice::LEAVE, "copy them as they are")
                .costing("if they are ids, ids of the source stay in it"),
        ],
        choice::LEAVE,
    )
    .offering(names)
}
