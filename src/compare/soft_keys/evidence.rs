//! What the values of a plain attribute have in common with the ids of an entity.

use std::collections::BTreeSet;

use crate::database::Value;

/// Fewer values than this say nothing where the name says nothing.
pub(super) const LEAST_UNNAMED: usize = 10;
/// How improbable it has to be that so many values are ids by chance: 2 to the power of minus this.
const BITS: f64 = 20.0;

/// What was found of the ids of one entity among the values of an attribute.
pub(super) struct Evidence {
    /// The entity.
    pub(super) name: String,
    /// Sampled values that are ids.
    pub(super) found: usize,
    /// Sampled values that are no id.
    pub(super) missing: usize,
    /// Where ids are numbers: how close together they lie.
    pub(super) range: Option<Range>,
    /// Whether the attribute's name says so.
    pub(super) is_named: bool,
    /// Of rows that are only looked up: what they are called, how many have another id in the
    /// destination or no counterpart there, and of how many.
    pub(super) others: Option<(&'static str, usize, usize)>,
}

/// The sampled numbers, and the ids among them.
pub(super) struct Range {
    pub(super) least: i64,
    pub(super) most: i64,
    /// Ids of the entity from the least to the most.
    pub(super) held: u64,
}

impl Range {
    /// The share of the numbers that are ids.
    fn share(&self) -> f64 {
        let numbers = (i128::from(self.most) - i128::from(self.least) + 1) as f64;
        (self.held as f64 / numbers).min(1.0)
    }
}

impl Evidence {
    fn sampled(&self) -> usize {
        self.found + self.missing
    }

    /// Whether it is worth asking a person about.
    pub(super) fn convinces(&self) -> bool {
        if self.is_named {
            return self.found > 0 && self.found >= self.missing;
        }
        let share = self.range.as_ref().map_or(1.0, Range::share);
        self.sampled() >= LEAST_UNNAMED
            && self.found * 20 >= self.sampled() * 19
            && -share.log2() * self.found as f64 >= BITS
    }

    pub(super) fn words(&self) -> String {
        let by_name = if self.is_named { ", and its name says so" } else { "" };
        let mut words = format!(
            "{} of {} sampled values are ids of {}{by_name}",
            self.found,
            self.sampled(),
            self.name
        );
        if let Some(range) = &self.range {
            let Range { least, most, .. } = range;
            let share = percent(range.share());
            words.push_str(&format!(" ({share} of the numbers from {least} to {most} are)"));
        }
        if let Some((what, others, all)) = self.others {
            words.push_str(&format!(
                ", of whose {all} {what} {others} have another id in the destination or no counterpart"
            ));
        }
        words
    }
}

fn percent(share: f64) -> String {
    match share * 100.0 {
        none if none <= 0.0 => "none".to_owned(),
        few if few < 1.0 => "less than 1 %".to_owned(),
        others => format!("{others:.0} %"),
    }
}

/// The number that a value of a plain attribute may be: an integer, or a text that is one as the
/// database writes it. What counts as one is what a run rewrites.
#[must_use]
pub fn as_number(value: &Value) -> Option<i64> {
    match value {
        Value::Integer(id) => Some(*id),
        Value::Text(_) => {
            let text = value.as_str()?;
            text.parse::<i64>().ok().filter(|id| id.to_string() == text)
        }
        _ => None,
    }
}

/// A sample of values, as ids may be among them.
pub(super) struct Sample {
    /// Those that are numbers, or texts that are ones.
    pub(super) numbers: BTreeSet<i64>,
    /// The other texts.
    others: BTreeSet<String>,
}

impl Sample {
    pub(super) fn of(values: &[Value]) -> Self {
        let numbers = values.iter().filter_map(as_number).collect();
        let others = values.iter().filter(|value| as_number(value).is_none());
        Self { numbers, others: others.map(ToString::to_string).collect() }
    }

    /// How many of its values are no numbers.
    pub(super) fn others(&self) -> usize {
        self.others.len()
    }

    /// Its values as texts.
    pub(super) fn texts(&self) -> impl Iterator<Item = Value> {
        let numbers = self.numbers.iter().map(ToString::to_string);
        numbers.chain(self.others.iter().cloned()).map(|text| Value::text(&text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence(found: usize, missing: usize, (least, most): (i64, i64), held: u64) -> Evidence {
        let range = Some(Range { least, most, held });
        let name = "Core.Customer".to_owned();
        Evidence { name, found, missing, range, is_named: false, others: None }
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
        let texts = |is_named| Evidence { range: None, is_named, ..evidence(200, 0, (1, 2), 2) };
        assert!(!texts(false).convinces() && texts(true).convinces());
    }

    #[test]
    fn what_is_said_of_records_tells_how_many_have_other_ids() {
        let others = Some(("records", 4, 5));
        let named = Evidence { is_named: true, others, ..evidence(3, 1, (1, 5), 5) };
        assert_eq!(
            named.words(),
            "3 of 4 sampled values are ids of Core.Customer, and its name says so (100 % of the \
             numbers from 1 to 5 are), of whose 5 records 4 have another id in the destination or no \
             counterpart"
        );
    }

    #[test]
    fn a_text_is_an_id_only_as_the_database_writes_it() {
        assert_eq!(as_number(&Value::text("17")), Some(17));
        assert_eq!(as_number(&Value::text("-17")), Some(-17));
        for other in ["017", " 17", "+17", "17 ", "1e3", ""] {
            assert_eq!(as_number(&Value::text(other)), None, "{other}");
        }
    }
}
