//! What a run took, by its journal.

use serde::{Deserialize, Serialize};

use super::super::journal::{BatchKind, Journal, Recorder, RunState, StretchKind};
use super::super::pauses::paused;
use crate::database::{Destination, Result};
use crate::plan::Span;

/// Rows that a run has to have written, and seconds that it has to have taken, before it says
/// anything of the pace of another: the journal's clock counts whole seconds.
const LEAST: (u64, u64) = (1_000, 3);

/// When the room of the destination's log is noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum LogMoment {
    /// Before the first write.
    Before,
    /// After the last one.
    After,
}

impl LogMoment {
    fn step(self) -> &'static str {
        match self {
            Self::Before => "log before",
            Self::After => "log after",
        }
    }
}

/// Notes how much of the destination's log is taken, where the server tells it. What it does not
/// tell is no reason to stop a run.
pub(in super::super) async fn note_log(
    recorder: &Recorder,
    destination: &dyn Destination,
    moment: LogMoment,
) -> Result<()> {
    let journal = recorder.reader()?;
    if moment == LogMoment::Before && journal.finished(moment.step())?.is_some() {
        return Ok(());
    }
    let Ok(facts) = destination.server_facts().await else { return Ok(()) };
    let logs: Vec<_> = facts.files.iter().filter(|file| file.is_log).collect();
    let taken = logs.iter().map(|file| file.used).sum::<Option<u64>>();
    match taken.filter(|_| !logs.is_empty()).and_then(|taken| i64::try_from(taken).ok()) {
        Some(taken) => recorder.step(moment.step(), taken).await,
        None => Ok(()),
    }
}

/// What a run took.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// Seconds from its start to its end, before the proof; of a run that was gone on with, those
    /// of all stretches. Without pauses.
    pub writing: u64,
    /// Seconds for which somebody paused it meanwhile.
    #[serde(default)]
    pub paused: u64,
    /// Whether everything was written in one go.
    pub is_whole: bool,
    /// Rows written or recognised.
    pub rows: u64,
    /// Rows deleted and references set besides.
    pub besides: u64,
    /// Seconds that the last proof of all rows took, and the rows that it compared.
    pub proof: Option<(u64, u64)>,
    /// By how many bytes more of the destination's log was taken at the end than before; `None`
    /// where the server does not tell, or where it is less.
    pub log: Option<u64>,
}

impl Fact {
    /// What a journal knows, its proof apart; `None` of a run that has not begun.
    pub fn read(journal: &Journal) -> Result<Option<Self>> {
        let plan = journal.plan()?;
        let mut fact = Self { is_whole: is_whole(journal)?, ..Self::default() };
        for place in 0..plan.entities.len() {
            for kind in [BatchKind::Insert, BatchKind::Recognise, BatchKind::Change] {
                fact.rows += journal.rows_of(place, kind)?;
            }
            for kind in [BatchKind::Delete, BatchKind::SecondPass] {
                fact.besides += journal.rows_of(place, kind)?;
            }
        }
        let Some((writing, paused)) = writing(journal)? else { return Ok(None) };
        (fact.writing, fact.paused) = (writing, paused);
        let log = |moment: LogMoment| journal.finished(moment.step());
        fact.log = log(LogMoment::Before)?
            .zip(log(LogMoment::After)?)
            .and_then(|(before, after)| u64::try_from(after - before).ok());
        Ok(Some(fact))
    }

    /// The same with a proof of all rows, that began and ended then.
    #[must_use]
    pub fn proved(self, begun: &str, ended: &str, rows: u64) -> Self {
        Self { proof: between(begun, ended).map(|seconds| (seconds, rows)), ..self }
    }

    /// Rows a second; `None` of what took less than a second.
    #[must_use]
    pub fn rows_a_second(&self) -> Option<u64> {
        self.rows.checked_div(self.writing)
    }

    /// Whether it says anything of how long another run takes.
    #[must_use]
    pub fn tells_of_others(&self) -> bool {
        self.nanos_a_row().is_some()
    }

    /// Nanoseconds for each row of any kind, by a clock of whole seconds; `None` where it says
    /// nothing of another run.
    pub(super) fn nanos_a_row(&self) -> Option<Span> {
        nanos(self.rows + self.besides, self.writing).filter(|_| self.is_whole)
    }

    /// The same of its proof.
    pub(super) fn proof_nanos_a_row(&self) -> Option<Span> {
        self.proof.and_then(|(seconds, rows)| nanos(rows, seconds))
    }
}

fn nanos(rows: u64, seconds: u64) -> Option<Span> {
    let (least_rows, least_seconds) = LEAST;
    if rows < least_rows || seconds < least_seconds {
        return None;
    }
    let each = |seconds: u64| seconds.saturating_mul(1_000_000_000) / rows;
    Some(Span::new(each(seconds - 1), each(seconds + 1)))
}

/// Whether everything was written, in one go, and not put to the account of an earlier run.
fn is_whole(journal: &Journal) -> Result<bool> {
    let is_written =
        !matches!(journal.state()?, RunState::Running | RunState::Stopped | RunState::Failed);
    let header = journal.header()?;
    let is_resumed = journal.stretches()?.iter().any(|stretch| stretch.kind == StretchKind::Resume);
    Ok(is_written && !is_resumed && header.procedure.is_none() && header.rejects_of.is_none())
}

/// Seconds of all stretches in which the run wrote, and of the pauses in them: each up to the last
/// line of the story before something else was done with it.
fn writing(journal: &Journal) -> Result<Option<(u64, u64)>> {
    let stretches = journal.stretches()?;
    let events = journal.events()?;
    let mut all = None;
    for (place, stretch) in stretches.iter().enumerate() {
        if !matches!(stretch.kind, StretchKind::Run | StretchKind::Resume) {
            continue;
        }
        let Some(from) = seconds(&stretch.at) else { continue };
        let until = stretches.get(place + 1).and_then(|next| seconds(&next.at));
        let times =
            events.iter().filter_map(|event| Some((seconds(&event.at)?, event.text.as_str())));
        let own = times.filter(|(at, _)| *at >= from && until.is_none_or(|until| *at <= until));
        let mut lines: Vec<(i64, &str)> = own.collect();
        // What follows is the proof's.
        if let Some(end) = lines.iter().position(|(_, text)| *text == super::super::run::WRITTEN) {
            lines.truncate(end + 1);
        }
        let last = lines.last().map_or(from, |(at, _)| *at);
        let paused = paused(lines.into_iter());
        let (took, rested): &mut (i64, i64) = all.get_or_insert_default();
        *took += last - from - paused;
        *rested += paused;
    }
    let seconds = |seconds: i64| u64::try_from(seconds).unwrap_or_default();
    Ok(all.map(|(took, paused)| (seconds(took), seconds(paused))))
}

fn between(from: &str, to: &str) -> Option<u64> {
    u64::try_from(seconds(to)? - seconds(from)?).ok()
}

/// The seconds that a clock of ours stood for (`2026-02-03 14:13:28+01:00`), counted from 1970.
#[must_use]
pub fn seconds(at: &str) -> Option<i64> {
    jiff::Timestamp::strptime("%Y-%m-%d %H:%M:%S%:z", at).ok().map(jiff::Timestamp::as_second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_holds_over_midnight_months_and_summer_time() {
        assert_eq!(between("2026-02-28 23:59:30+01:00", "2026-03-01 00:00:30+01:00"), Some(60));
        assert_eq!(
            between("2024-02-28 12:00:00+01:00", "2024-03-01 12:00:00+01:00"),
            Some(2 * 86_400)
        );
        assert_eq!(between("2026-10-25 02:30:00+02:00", "2026-10-25 02:30:00+01:00"), Some(3600));
        assert_eq!(between("2026-10-25 02:30:01+02:00", "2026-10-25 02:30:00+02:00"), None);
        assert_eq!(seconds("yesterday"), None);
        assert_eq!(seconds(""), None);
    }

    #[test]
    fn a_clock_of_whole_seconds_is_taken_as_one() {
        let fact =
            Fact { writing: 10, is_whole: true, rows: 9_000, besides: 1_000, ..Fact::default() };
        assert_eq!(fact.nanos_a_row(), Some(Span::new(900_000, 1_100_000)));
        assert_eq!(Fact { is_whole: false, ..fact.clone() }.nanos_a_row(), None);
        assert_eq!(Fact { writing: 2, ..fact.clone() }.nanos_a_row(), None, "too short to tell");
        assert_eq!(Fact { rows: 0, besides: 999, ..fact.clone() }.nanos_a_row(), None);
        assert_eq!(fact.rows_a_second(), Some(900));
        assert_eq!(Fact { writing: 0, ..fact }.rows_a_second(), None);
    }
}
