//! How a run reads its source (`engine.md` D10): as of one instant, up to marks, or declared frozen.
//!
//! What is chosen, and what each table had when reading began, is in the journal before the first
//! write: whoever goes on with the run, or proves it, goes by the same.

mod live;
mod marks;
mod watch;

use std::sync::Arc;

use super::gently::Gate;
use super::journal::{Mark, ReadingRecord};
use super::story::Story;
use crate::database::{Fault, FaultKind, Result, Source, TableName};
use crate::outsystems::SourceId;
use crate::plan::{Plan, ReadingFacts, SourceReading, choose_reading};
use live::Live;

/// How this run reads.
pub(super) struct Reading {
    plan: Arc<Plan>,
    /// The source as it is at any time.
    base: Arc<dyn Source>,
    /// The same as of one instant, where it is read so.
    live: Option<Arc<Live>>,
    gate: Gate,
    story: Story,
    record: ReadingRecord,
}

/// The tables that a plan reads.
pub(super) fn tables(plan: &Plan) -> Vec<TableName> {
    plan.entities.iter().map(|entity| entity.source_table.clone()).collect()
}

/// Refuses a source that cannot be read as the plan wants it.
pub(super) async fn check(plan: &Plan, source: &dyn Source) -> Result<()> {
    let facts = ReadingFacts::of(plan, source.facts().capabilities.instant);
    let choice = choose_reading(&plan.options, facts).map_err(|why| {
        Fault::new(
            FaultKind::NotApplicable,
            format!("source_reading = \"snapshot\" is not to be had: {why}"),
        )
        .advise(
            "Ask for ALTER DATABASE … SET ALLOW_SNAPSHOT_ISOLATION ON, read from a database \
             snapshot or a readable secondary, or leave source_reading at \"auto\".",
        )
    })?;
    if choice.reading == SourceReading::Snapshot {
        // Only the server knows whether every database that is read allows it.
        source.instant(&tables(plan)).await.map(drop)?;
    }
    Ok(())
}

impl Reading {
    /// Chooses, opens the instant if there is to be one, and takes the marks; or goes on as the
    /// journal says that an earlier session read. To be called before the first write.
    pub(super) async fn open(
        plan: &Arc<Plan>,
        source: &Arc<dyn Source>,
        gate: &Gate,
        story: &Story,
    ) -> Result<Self> {
        let note = story.note();
        let earlier = story.recorder.reader()?.reading()?;
        let goes_on = earlier.is_some();
        let mut record = match earlier {
            Some(record) => record,
            None => {
                let facts = ReadingFacts::of(plan, source.facts().capabilities.instant);
                let choice = choose_reading(&plan.options, facts)
                    .map_err(|why| Fault::new(FaultKind::NotApplicable, why))?;
                ReadingRecord {
                    one_instant: choice.reading == SourceReading::Snapshot,
                    reading: choice.reading,
                    why: choice.why,
                    marks: Vec::new(),
                    after: Vec::new(),
                }
            }
        };
        let live = (record.reading == SourceReading::Snapshot)
            .then(|| Arc::new(Live::new(Arc::clone(source), tables(plan), Arc::clone(&note))));
        if live.is_some() {
            // One transaction answers one request after the other.
            gate.narrow();
        }
        if goes_on {
            if live.is_some() && !source.facts().capabilities.instant.lasts() {
                record.one_instant = false;
                note(
                    "the source is read as of another instant than before: rows of tables that \
                     were not read yet may be newer than those that were",
                )?;
                story.recorder.set_reading(record.clone()).await?;
            }
        } else {
            note(&format!("the source is read by {}: {}", record.reading.name(), record.why))?;
            record.marks = match &live {
                Some(live) => marks::take(plan, &gate.over(live.as_ref()), record.reading).await?,
                None => marks::take(plan, &gate.over(source.as_ref()), record.reading).await?,
            };
            story.recorder.set_reading(record.clone()).await?;
        }
        Ok(Self {
            plan: Arc::clone(plan),
            base: Arc::clone(source),
            live,
            gate: gate.clone(),
            story: story.clone(),
            record,
        })
    }

    /// Where the rows are to be read.
    pub(super) fn source(&self) -> Arc<dyn Source> {
        match &self.live {
            Some(live) => Arc::new(self.gate.over(Arc::clone(live))),
            None => self.as_it_is(),
        }
    }

    /// The source as it is at any time.
    pub(super) fn as_it_is(&self) -> Arc<dyn Source> {
        Arc::new(self.gate.over(Arc::clone(&self.base)))
    }

    /// Ends what waits for the source, and all that would.
    pub(super) fn halt(&self) {
        self.gate.halt();
    }

    /// The highest id of each table that is read; `None` where all rows are.
    pub(super) fn marks(&self) -> Vec<Option<SourceId>> {
        let frozen = self.record.reading == SourceReading::Frozen;
        let highest = |mark: &Mark| mark.highest.filter(|_| !frozen);
        self.record.marks.iter().map(highest).collect()
    }

    /// Adds a line to the run's story.
    pub(super) fn note(&self, text: &str) -> Result<()> {
        self.story.tell(text)
    }

    /// Whether everything so far was read as of the same instant.
    pub(super) fn is_one_instant(&self) -> bool {
        self.record.one_instant && self.live.as_ref().is_some_and(|live| live.is_the_first())
    }

    /// Looks, once everything is read, whether a source that was declared frozen has moved, and
    /// keeps what it has now.
    pub(super) async fn finish(&self) -> Result<()> {
        let mut record = self.record.clone();
        if self.live.is_some() {
            record.one_instant = self.is_one_instant();
        }
        if record.reading == SourceReading::Frozen {
            let now = self.as_it_is();
            record.after = marks::take(&self.plan, now.as_ref(), record.reading).await?;
            for line in marks::moved(&self.plan, &record) {
                self.story.tell(&line)?;
            }
        }
        if record == self.record {
            return Ok(());
        }
        self.story.recorder.set_reading(record).await
    }
}
