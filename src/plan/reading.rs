//! How a source is read: what `auto` comes to, and why.

use super::{Plan, RunOptions, SourceReading, Work};
use crate::database::OneInstant;

/// A source in use is read as of one instant by itself only where that takes less than this.
pub const LONGEST_INSTANT_MINUTES: u64 = 30;

/// How the source of a run is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadingChoice {
    /// One of the ways, never [`SourceReading::Auto`].
    pub reading: SourceReading,
    /// Why, in a sentence without its full stop.
    pub why: String,
}

/// What there is to know of a source before it is chosen how to read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadingFacts {
    /// Whether it can be read as of one instant.
    pub instant: OneInstant,
    /// What is written while it is read.
    pub work: Work,
    /// Whether some of its tables lie in other databases of the server.
    pub elsewhere: bool,
}

impl ReadingFacts {
    /// What a plan and its source's capabilities say.
    #[must_use]
    pub fn of(plan: &Plan, instant: OneInstant) -> Self {
        Self {
            instant,
            work: Work::of(plan),
            elsewhere: plan.entities.iter().any(|entity| entity.source_table.catalog.is_some()),
        }
    }

    /// How long reading takes at most, in whole minutes, at least one: the long end of the forecast
    /// that the plan alone gives. What was measured since does not count, so that whoever has the
    /// plan chooses the same: the wizard, the checks before a run, and the run.
    #[must_use]
    pub fn minutes(&self) -> u64 {
        (self.work.writing_bounds().most / 60_000).saturating_add(1)
    }
}

/// Chooses how to read a source. The error says in a sentence why what the plan asks for cannot be
/// had.
pub fn choose_reading(
    options: &RunOptions,
    facts: ReadingFacts,
) -> std::result::Result<ReadingChoice, String> {
    let chosen = |reading, why: &str| Ok(ReadingChoice { reading, why: why.to_owned() });
    match options.source_reading {
        SourceReading::HighWater => chosen(SourceReading::HighWater, "the plan asks for it"),
        SourceReading::Frozen => {
            chosen(SourceReading::Frozen, "the plan says that nothing changes in the source")
        }
        SourceReading::Snapshot => match facts.instant {
            OneInstant::Denied => Err("the source does not allow snapshot isolation".to_owned()),
            OneInstant::Blocking => chosen(
                SourceReading::Snapshot,
                "the plan asks for it; whoever writes to the source waits until the run has ended",
            ),
            _ => chosen(SourceReading::Snapshot, "the plan asks for it"),
        },
        SourceReading::Auto => Ok(automatic(facts)),
    }
}

fn automatic(facts: ReadingFacts) -> ReadingChoice {
    let minutes = facts.minutes();
    let (reading, why) = match facts.instant {
        OneInstant::Standing if facts.elsewhere => (
            SourceReading::HighWater,
            "some tables lie in other databases, which may change".to_owned(),
        ),
        OneInstant::Standing => (
            SourceReading::Snapshot,
            "nothing changes in the source: it is a database snapshot or set read-only".to_owned(),
        ),
        OneInstant::Secondary => (
            SourceReading::Snapshot,
            "the source is a readable secondary, where this disturbs nobody".to_owned(),
        ),
        OneInstant::Allowed if minutes < LONGEST_INSTANT_MINUTES => (
            SourceReading::Snapshot,
            format!("reading takes {minutes} min at most, and the source allows it"),
        ),
        OneInstant::Allowed => (
            SourceReading::HighWater,
            format!(
                "reading may take {minutes} min, and for so long the source's server would have \
                 to keep old row versions"
            ),
        ),
        OneInstant::Blocking => (
            SourceReading::HighWater,
            "as of one instant, whoever writes to the source would have to wait".to_owned(),
        ),
        OneInstant::Denied => {
            (SourceReading::HighWater, "the source does not allow snapshot isolation".to_owned())
        }
    };
    ReadingChoice { reading, why }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: u64 = 8_999_999;
    const LONG: u64 = 9_000_000;

    fn facts(instant: OneInstant, inserted: u64, elsewhere: bool) -> ReadingFacts {
        ReadingFacts { instant, work: Work { inserted, ..Work::default() }, elsewhere }
    }

    #[test]
    fn the_way_of_reading_follows_from_plan_and_source() {
        use OneInstant as I;
        use SourceReading as R;
        // What the plan says, what the source can, its rows, other databases, what is taken.
        let table = [
            (R::Auto, I::Standing, LONG, false, Some(R::Snapshot)),
            (R::Auto, I::Standing, SHORT, true, Some(R::HighWater)),
            (R::Auto, I::Secondary, LONG, false, Some(R::Snapshot)),
            (R::Auto, I::Secondary, LONG, true, Some(R::Snapshot)),
            (R::Auto, I::Allowed, 0, false, Some(R::Snapshot)),
            (R::Auto, I::Allowed, SHORT - 300_000, false, Some(R::Snapshot)),
            (R::Auto, I::Allowed, SHORT - 300_000, true, Some(R::Snapshot)),
            (R::Auto, I::Allowed, LONG, false, Some(R::HighWater)),
            (R::Auto, I::Allowed, u64::MAX, false, Some(R::HighWater)),
            (R::Auto, I::Blocking, 0, false, Some(R::HighWater)),
            (R::Auto, I::Denied, 0, false, Some(R::HighWater)),
            (R::Snapshot, I::Standing, LONG, false, Some(R::Snapshot)),
            (R::Snapshot, I::Secondary, LONG, false, Some(R::Snapshot)),
            (R::Snapshot, I::Allowed, LONG, false, Some(R::Snapshot)),
            (R::Snapshot, I::Blocking, LONG, false, Some(R::Snapshot)),
            (R::Snapshot, I::Denied, 0, false, None),
            (R::HighWater, I::Standing, 0, false, Some(R::HighWater)),
            (R::HighWater, I::Denied, 0, false, Some(R::HighWater)),
            (R::Frozen, I::Allowed, 0, false, Some(R::Frozen)),
            (R::Frozen, I::Denied, LONG, true, Some(R::Frozen)),
        ];
        for row in table {
            let (wanted, instant, rows, elsewhere, expected) = row;
            let options = RunOptions { source_reading: wanted, ..RunOptions::default() };
            let choice = choose_reading(&options, facts(instant, rows, elsewhere));
            assert_eq!(choice.as_ref().ok().map(|choice| choice.reading), expected, "{row:?}");
            let why = choice.map_or_else(|why| why, |choice| choice.why);
            assert!(!why.is_empty() && !why.ends_with('.'), "{why}");
        }
    }

    #[test]
    fn the_forecast_is_thirty_minutes_at_nine_million_rows() {
        let minutes = |rows| facts(OneInstant::Allowed, rows, false).minutes();
        assert_eq!(minutes(0), 1);
        assert_eq!(minutes(SHORT - 300_000), 29);
        assert_eq!(minutes(LONG), 31);
        let work = Work { inserted: SHORT - 300_000, deleted: 200_000, updated: 0 };
        let facts = ReadingFacts { instant: OneInstant::Allowed, work, elsewhere: false };
        assert_eq!(facts.minutes(), 30, "the source is read while rows are deleted, too");
    }
}
