//! How the source is read: what is offered, and what it comes to with this source.

use super::super::migration::Migration;
use crate::database::OneInstant;
use crate::outsystems::Side;
use crate::plan::{
    ReadingChoice, ReadingFacts, RunOptions, SOURCE_READINGS, SourceReading, Work, choose_reading,
};

/// Whether the source can be read as of one instant; `None` before it is known.
fn instant(migration: &Migration) -> Option<OneInstant> {
    let model = migration.side(Side::Source).model.as_ref()?;
    Some(model.facts.capabilities.instant)
}

/// What a way of reading comes to, as a run would choose it now; an error says why there is none.
/// `None` before the source is known.
pub(in crate::wizard) fn choice(
    migration: &Migration,
    reading: SourceReading,
) -> Option<Result<ReadingChoice, String>> {
    let instant = instant(migration)?;
    let facts = match (&migration.built, &migration.review) {
        (Some(plan), _) => ReadingFacts::of(plan, instant),
        (None, review) => {
            let pairs = review.iter().flat_map(|review| &review.comparison.pairs);
            let inserted = pairs.filter_map(|pair| pair.source_rows).sum();
            let work = Work { inserted, ..Work::default() };
            ReadingFacts { instant, work, elsewhere: false }
        }
    };
    Some(choose_reading(&RunOptions { source_reading: reading, ..RunOptions::default() }, facts))
}

/// The ways of reading that are offered: those that the source allows, and the one that a plan file
/// brought.
pub(super) fn offered(migration: &Migration) -> Vec<SourceReading> {
    let now = migration.plan.options.source_reading;
    SOURCE_READINGS
        .iter()
        .map(|(_, reading)| *reading)
        .filter(|reading| *reading == now || !matches!(choice(migration, *reading), Some(Err(_))))
        .collect()
}

/// What a way of reading is called; `auto` with what it comes to.
pub(in crate::wizard) fn label(migration: &Migration, reading: SourceReading) -> String {
    match (reading, choice(migration, reading)) {
        (SourceReading::Auto, Some(Ok(choice))) => format!("auto: {}", choice.reading.name()),
        _ => reading.name().to_owned(),
    }
}

/// Why the plan's way of reading cannot be had.
pub(super) fn fault(migration: &Migration) -> Option<String> {
    choice(migration, migration.plan.options.source_reading)?.err()
}

/// What a way of reading means.
pub(super) fn explained(migration: &Migration, reading: SourceReading) -> String {
    let source = migration.name_of(Side::Source);
    match reading {
        SourceReading::Auto => match choice(migration, reading) {
            Some(Ok(choice)) => {
                format!("auto: {}, because {}.", choice.reading.name(), choice.why)
            }
            _ => "auto: as of one instant where that takes less than 30 minutes or disturbs \
                  nobody, else high-water."
                .to_owned(),
        },
        SourceReading::HighWater => format!(
            "high-water: each table is read up to the highest id it has when the run starts. \
             {source} can stay in use; rows added later stay out."
        ),
        SourceReading::Frozen => format!(
            "frozen: only while nobody uses the applications of {source}. Every row is read; a \
             table that moves meanwhile fails the run's proof."
        ),
        SourceReading::Snapshot => match (fault(migration), instant(migration)) {
            (Some(why), _) if migration.plan.options.source_reading == reading => {
                format!("snapshot: {why}. Choose another.")
            }
            (_, Some(OneInstant::Blocking)) => format!(
                "snapshot: every table as it is when the run starts. Whoever writes to {source} \
                 waits until the run has ended."
            ),
            _ => format!(
                "snapshot: every table as it is when the run starts. {source} can stay in use; its \
                 server keeps old row versions while the run goes on."
            ),
        },
    }
}
