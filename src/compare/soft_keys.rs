//! Plain attributes that hold ids of another entity without their type saying so.
//!
//! Nothing but the values tells: a few of them are looked for among the ids of other entities. It
//! is only ever proposed, with the evidence; what was not decided is copied as it is.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::selection::attribute_key;
use super::{
    AttributePair, Choice, EntityPair, Finding, FindingKey, FindingKind, IdentifierKind, Most,
    Work, choice, personal,
};
use crate::database::{ColumnRef, Filter, Value, ValueKind};
use crate::outsystems::{AttributeType, BasicType, Entity, EntityIndex, Side, SystemTarget};

/// Rows of an entity whose values are looked at.
const SAMPLED: usize = 200;
/// Columns that are looked at although their names say nothing.
const UNNAMED_COLUMNS: usize = 300;
/// Pairs of such a column and an entity that are looked at.
const UNNAMED_PAIRS: usize = 1_000;
/// Fewer values than this say nothing where the name says nothing.
const LEAST_UNNAMED: usize = 10;
/// How improbable it has to be that so many values are ids by chance: 2 to the power of minus this.
const BITS: f64 = 20.0;

/// What is still allowed to be asked about columns whose names say nothing.
struct Budget {
    columns: usize,
    pairs: usize,
}

/// What was found of the ids of one entity among the values of an attribute.
struct Evidence {
    name: String,
    /// Sampled values that are ids.
    found: usize,
    /// Sampled values that are no id.
    missing: usize,
    /// The sampled values lie between these.
    range: (i64, i64),
    /// Ids of the entity in that range.
    held: u64,
    is_named: bool,
}

impl Evidence {
    fn sampled(&self) -> usize {
        self.found + self.missing
    }

    /// The share of the numbers in the range that are ids.
    fn share(&self) -> f64 {
        let numbers = (i128::from(self.range.1) - i128::from(self.range.0) + 1) as f64;
        (self.held as f64 / numbers).min(1.0)
    }

    /// Whether it is worth asking a person about.
    fn convinces(&self) -> bool {
        if self.is_named {
            return self.found > 0 && self.found >= self.missing;
        }
        self.sampled() >= LEAST_UNNAMED
            && self.found * 20 >= self.sampled() * 19
            && -self.share().log2() * self.found as f64 >= BITS
    }

    fn words(&self) -> String {
        let (least, most) = self.range;
        let by_name = if self.is_named { ", and its name says so" } else { "" };
        format!(
            "{} of {} sampled values are ids of {}{by_name} ({} of the numbers from {least} to \
             {most} are)",
            self.found,
            self.sampled(),
            self.name,
            percent(self.share())
        )
    }
}

fn percent(share: f64) -> String {
    match share * 100.0 {
        none if none <= 0.0 => "none".to_owned(),
        few if few < 1.0 => "less than 1 %".to_owned(),
        others => format!("{others:.0} %"),
    }
}

/// The id that a value of a plain attribute may be: a number, or a text that is one as the
/// database writes it.
fn as_id(value: &Value) -> Option<i64> {
    match value {
        Value::Integer(id) => Some(*id),
        Value::Text(_) => {
            let text = value.as_str()?;
            text.parse::<i64>().ok().filter(|id| id.to_string() == text)
        }
        _ => None,
    }
}

/// A name without case and without what is no letter or digit.
fn plain_name(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    for sign in name.chars().filter(|sign| sign.is_alphanumeric()) {
        match sign.is_ascii() {
            true => plain.push(sign.to_ascii_lowercase()),
            false => plain.extend(sign.to_lowercase()),
        }
    }
    plain
}

/// Shorter names are in too many others.
const LEAST_NAME: usize = 3;

const ENDINGS: [&str; 5] = ["id", "key", "code", "ref", "number"];

/// Entities whose rows get new ids, by their places.
struct Targets {
    places: Vec<usize>,
    /// By their plain names.
    by_name: HashMap<String, Vec<usize>>,
}

impl Targets {
    fn new(names: impl Iterator<Item = (usize, String)>) -> Self {
        let mut targets = Self { places: Vec::new(), by_name: HashMap::new() };
        for (place, name) in names {
            targets.places.push(place);
            let name = plain_name(&name);
            if name.chars().count() >= LEAST_NAME {
                targets.by_name.entry(name).or_default().push(place);
            }
        }
        targets
    }

    /// Those whose ids an attribute holds by its plain name: theirs with an ending of a key.
    fn named_by(&self, attribute: &str) -> Vec<usize> {
        let endings = ENDINGS.iter().filter(|ending| attribute.contains(**ending));
        let ends = endings.flat_map(|ending| attribute.match_indices(ending));
        let mut named: Vec<usize> = ends
            .flat_map(|(end, _)| {
                attribute[..end].char_indices().map(move |(start, _)| (start, end))
            })
            .filter_map(|(start, end)| self.by_name.get(&attribute[start..end]))
            .flatten()
            .copied()
            .collect();
        named.sort_unstable();
        named.dedup();
        named
    }
}

/// Whether a text's plain name says that it may hold ids at all.
fn sounds_like_a_key(attribute: &str) -> bool {
    ENDINGS.iter().any(|ending| attribute.ends_with(ending))
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

/// Whether rows of an entity get new ids that such an attribute could hold.
fn gives_ids(pair: &EntityPair) -> bool {
    pair.identifier_kind == IdentifierKind::Generated
        && pair.identifier().is_some_and(|identifier| {
            identifier.source_column.data_type.kind() == Some(ValueKind::Integer)
        })
}

impl Work<'_> {
    /// Looks for plain attributes that hold ids, and takes over what was decided about them.
    pub(super) fn soft_keys(&mut self) {
        let mut budget = Budget { columns: UNNAMED_COLUMNS, pairs: UNNAMED_PAIRS };
        let gives = |place: &usize| gives_ids(&self.out.pairs[*place]);
        let name =
            |place: usize| (place, self.source.entity(self.out.pairs[place].source).name.clone());
        let targets = Targets::new((0..self.out.pairs.len()).filter(gives).map(name));
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
        let wanted = decided.and_then(Option::as_deref).and_then(|to| {
            let to = to.trim().to_lowercase();
            let mut places = targets.places.iter().copied();
            places.find(|one| self.out.pairs[*one].name.to_lowercase() == to)
        });
        let user = decided.and_then(Option::as_deref).and_then(|to| self.user_entity(to));
        let to = wanted.map(|wanted| self.out.pairs[wanted].source).or(user);
        if to.is_some() {
            self.pair_mut(pair_place).attributes[place].soft = to;
        }
        let candidates = self.candidates(pair, place, targets, wanted, budget);
        if candidates.is_empty() && decided.is_none() {
            return;
        }
        let Some(sample) = self.sample(pair, attribute) else { return };
        let numbers: BTreeSet<i64> = sample.iter().filter_map(as_id).collect();
        let others = sample.iter().filter(|value| as_id(value).is_none());
        let others: BTreeSet<String> = others.map(ToString::to_string).collect();
        let evidence: Vec<(usize, Evidence)> = candidates
            .into_iter()
            .filter_map(|(one, is_named)| {
                Some((one, self.evidence(one, is_named, &numbers, others.len())?))
            })
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

    /// The platform's entity of users, where that is its name.
    fn user_entity(&self, name: &str) -> Option<EntityIndex> {
        let is_meant = |entity: &Entity| {
            entity.is_active
                && entity.system_target() == Some(SystemTarget::User)
                && entity.full_name().to_lowercase() == name.trim().to_lowercase()
        };
        self.source.entities.iter().position(is_meant).map(EntityIndex)
    }

    /// Users whose ids attributes hold by decision, with the rows of each; `None` while a question is
    /// open. Any other value stays as it is.
    pub(super) fn users_by_decision(&mut self) -> Option<BTreeMap<i64, u64>> {
        let of_users = |index: EntityIndex| {
            self.source.entity(index).system_target() == Some(SystemTarget::User)
        };
        let mut columns = Vec::new();
        for pair in &self.out.pairs {
            let table = &self.source.entity(pair.source).table;
            let own = pair.attributes.iter().filter(|one| one.soft.is_some_and(of_users));
            columns.extend(own.map(|one| (table.clone(), ColumnRef::from(&one.source_column))));
        }
        let mut users = BTreeMap::new();
        let mut complete = true;
        for (table, column) in columns {
            let Some(values) = self.inquiry.values(Side::Source, &table, column, Filter::All)
            else {
                complete = false;
                continue;
            };
            for (value, rows) in values {
                if let Some(id) = as_id(value) {
                    *users.entry(id).or_default() += rows;
                }
            }
        }
        complete.then_some(users)
    }

    /// The entities, by their places, whose ids an attribute may hold, and whether its name says so.
    fn candidates(
        &self,
        pair: &EntityPair,
        place: usize,
        targets: &Targets,
        wanted: Option<usize>,
        budget: &mut Budget,
    ) -> Vec<(usize, bool)> {
        let entity = self.source.entity(pair.source);
        let attribute = &pair.attributes[place].attribute;
        let plain = plain_name(&attribute.name);
        let by_name = targets.named_by(&plain);
        let unnamed = wanted.filter(|wanted| !by_name.contains(wanted)).map(|one| (one, false));
        let named = by_name.into_iter().map(|one| (one, true));
        let named: Vec<(usize, bool)> = named.chain(unnamed).collect();
        if !named.is_empty() {
            return named;
        }
        let is_text =
            pair.attributes[place].source_column.data_type.kind() == Some(ValueKind::Text);
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
        let all = targets.places.iter().filter(enough).take(budget.pairs).map(|one| (*one, false));
        let all: Vec<(usize, bool)> = all.collect();
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

    /// How many of the numbers are ids of the entity at this place; `None` while nobody has said.
    fn evidence(
        &mut self,
        one: usize,
        is_named: bool,
        numbers: &BTreeSet<i64>,
        others: usize,
    ) -> Option<Evidence> {
        let pair = &self.out.pairs[one];
        let name = pair.name.clone();
        let range = (*numbers.first()?, *numbers.last()?);
        let column = pair.identifier()?.source_column.name.clone();
        let table = self.source.entity(pair.source).table.clone();
        let values = numbers.iter().map(|number| Value::Integer(*number)).collect();
        let found = self.inquiry.count(Side::Source, &table, Filter::AnyOf(column.clone(), values));
        let (least, most) = (Value::Integer(range.0), Value::Integer(range.1));
        let held = self.inquiry.count(Side::Source, &table, Filter::Between(column, least, most));
        let found = usize::try_from(found?).ok()?.min(numbers.len());
        let missing = numbers.len() - found + others;
        Some(Evidence { name, found, missing, range, held: held?, is_named })
    }
}

fn proposal(key: FindingKey, about: String, told: &[Evidence]) -> Finding {
    let what = match told {
        [] => "none of its sampled values is an id of an entity that is carried over".to_owned(),
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
         Remapping rewrites the values that are ids of rows carried over; others stay as they are and \
         are counted.",
        vec![
            Choice::new(choice::REMAP, "they are ids of this entity: rewrite them").to_one_of(offers),
            Choice::new(choice::LEAVE, "copy them as they are")
                .costing("if they are ids, ids of the source stay in it"),
        ],
        choice::LEAVE,
    )
    .offering(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence(found: usize, missing: usize, range: (i64, i64), held: u64) -> Evidence {
        let name = "Core.Customer".to_owned();
        Evidence { name, found, missing, range, held, is_named: false }
    }

    #[test]
    fn ids_that_are_dense_say_nothing_without_a_name() {
        assert!(!evidence(200, 0, (1, 200), 200).convinces());
        assert!(!evidence(20, 0, (1, 100), 80).convinces());
        assert!(evidence(20, 0, (1, 100_000), 300).convinces());
        assert!(!evidence(9, 0, (1, 100_000), 300).convinces(), "too few");
        assert!(!evidence(18, 2, (1, 100_000), 300).convinces(), "too many are none");
        assert!(Evidence { is_named: true, ..evidence(200, 0, (1, 200), 200) }.convinces());
        assert!(!Evidence { is_named: true, ..evidence(1, 2, (1, 200), 200) }.convinces());
    }

    #[test]
    fn a_name_says_whose_ids_they_are() {
        let entities = ["Customer", "X", "Custom", "Straße", "customer"];
        let all =
            entities.into_iter().enumerate().map(|(place, name)| (10 + place, name.to_owned()));
        let targets = Targets::new(all);
        let named_by = |name: &str| targets.named_by(&plain_name(name));
        assert_eq!(named_by("CustomerId"), [10, 14]);
        assert_eq!(named_by("Original_Customer_Key"), [10, 14]);
        assert_eq!(named_by("CustomerKeyCustomId"), [10, 12, 14]);
        assert_eq!(named_by("alte straße code"), [13]);
        for other in ["CustomerName", "Id", "XId", "IdOfCustomer"] {
            assert_eq!(named_by(other), [0; 0], "{other}");
        }
    }

    #[test]
    fn a_text_is_an_id_only_as_the_database_writes_it() {
        assert_eq!(as_id(&Value::text("17")), Some(17));
        assert_eq!(as_id(&Value::text("-17")), Some(-17));
        for other in ["017", " 17", "+17", "17 ", "1e3", ""] {
            assert_eq!(as_id(&Value::text(other)), None, "{other}");
        }
    }
}
