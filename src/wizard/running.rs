//! A run as it is seen while it goes on: the newest progress, how fast it is, what happened.
//!
//! Rates are worked out from what was seen and when, with the times that messages bring, so that
//! they are the same wherever they are asked for.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::time::Duration;

use super::message::Now;
use crate::migrate::{self, EntityState, Pacing, Phase, Progress};
use crate::plan::SourcePace;
use crate::proof::ProofProgress;

/// How many of a run's events are kept for the screen; the journal has all.
const EVENTS: usize = 500;

/// How many samples are kept: the whole run, ever more coarsely.
const SAMPLES: usize = 240;

/// The time that a rate is taken over.
const WINDOW: Duration = Duration::from_secs(10);

/// Samples of one entity that are kept while it is being written.
const PACES: usize = 12;

/// A run as it is seen while it goes on.
#[derive(Debug)]
pub struct Running {
    /// Its id, once it has one.
    pub id: String,
    /// Its folder.
    pub folder: PathBuf,
    /// The newest progress.
    pub progress: Option<Progress>,
    /// The newest progress of the proof.
    pub proving: Option<ProofProgress>,
    /// What it was told last.
    pub told: migrate::Command,
    /// How gently it was last told to read its source, if it was.
    pub(super) chosen: Option<SourcePace>,
    /// When it was started.
    pub started: Now,
    /// When it ended, since the program started.
    pub ended_at: Option<Duration>,
    /// When the newest progress came, by the clock.
    pub heard: String,
    /// Rows read so far, by time since the program started: for rates and the curve.
    pub samples: VecDeque<(Duration, u64)>,
    /// What happened, newest last, with the time.
    pub events: VecDeque<(String, String)>,
    /// Whether it has ended.
    pub ended: bool,
    /// What was seen of the entities that have begun, by their places.
    paces: BTreeMap<usize, Pace>,
    spacing: Duration,
    pub(super) percent: Option<u64>,
}

/// What was seen of an entity.
#[derive(Clone, Debug, Default)]
struct Pace {
    began: Duration,
    ended: Option<Duration>,
    seen: VecDeque<(Duration, u64)>,
    /// Rows that had been read when the last trouble came.
    troubled: Option<u64>,
}

impl Default for Running {
    fn default() -> Self {
        Self::new(Now::default())
    }
}

impl Running {
    /// A run that was just started.
    #[must_use]
    pub fn new(started: Now) -> Self {
        Self {
            id: String::new(),
            folder: PathBuf::new(),
            progress: None,
            proving: None,
            told: migrate::Command::Run,
            chosen: None,
            started,
            ended_at: None,
            heard: String::new(),
            samples: VecDeque::new(),
            events: VecDeque::new(),
            ended: false,
            paces: BTreeMap::new(),
            spacing: Duration::from_millis(250),
            percent: None,
        }
    }

    /// Whether something may have been written: before that a run can still be refused.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.progress.as_ref().is_some_and(|progress| progress.phase != Phase::Checking)
    }

    /// What somebody has to see to before it goes on, with what to do.
    #[must_use]
    pub fn held(&self) -> Option<&str> {
        self.progress.as_ref()?.held.as_deref()
    }

    /// How the source is read: what was chosen last counts before the run has said so itself.
    #[must_use]
    pub fn pacing(&self) -> Pacing {
        let now = self.progress.as_ref().map(|progress| progress.pacing.clone());
        let now = now.unwrap_or_default();
        match self.chosen {
            Some(pace) if pace != now.pace => Pacing { pace, hindered: None, ..now },
            _ => now,
        }
    }

    /// How gently the source is read.
    #[must_use]
    pub fn pace(&self) -> SourcePace {
        self.pacing().pace
    }

    /// It was told something: whether it still waits, its next progress says.
    pub(super) fn go_on(&mut self) {
        if let Some(progress) = &mut self.progress {
            progress.held = None;
        }
    }

    /// The time it takes, or has taken.
    #[must_use]
    pub fn elapsed(&self, now: &Now) -> Duration {
        self.ended_at.unwrap_or(now.since_start).saturating_sub(self.started.since_start)
    }

    /// Rows read a second, lately.
    #[must_use]
    pub fn rate(&self, now: &Now) -> Option<f64> {
        let now = self.ended_at.unwrap_or(now.since_start);
        rate(self.samples.iter().copied(), now)
    }

    /// The time left at that rate; none while it stands still, or once everything is read.
    #[must_use]
    pub fn time_left(&self, now: &Now) -> Option<Duration> {
        let progress = self.progress.as_ref()?;
        if self.ended || progress.phase != Phase::Loading {
            return None;
        }
        let (read, total) = progress.totals();
        left(total.saturating_sub(read), self.rate(now)?)
    }

    /// Rows of an entity read a second, lately; only while it is being written.
    #[must_use]
    pub fn entity_rate(&self, place: usize, now: &Now) -> Option<f64> {
        let pace = self.paces.get(&place).filter(|pace| pace.ended.is_none())?;
        rate(pace.seen.iter().copied(), self.ended_at.unwrap_or(now.since_start))
    }

    /// The time left for an entity at that rate.
    #[must_use]
    pub fn entity_time_left(&self, place: usize, now: &Now) -> Option<Duration> {
        let entity = self.progress.as_ref()?.entities.get(place)?;
        if self.ended || entity.state != EntityState::Writing {
            return None;
        }
        left(entity.total.saturating_sub(entity.read), self.entity_rate(place, now)?)
    }

    /// The time an entity takes, or has taken, since its first row.
    #[must_use]
    pub fn entity_elapsed(&self, place: usize, now: &Now) -> Option<Duration> {
        let pace = self.paces.get(&place)?;
        let end = pace.ended.or(self.ended_at).unwrap_or(now.since_start);
        Some(end.saturating_sub(pace.began))
    }

    /// The trouble that an entity is in now: not one that it has got over since.
    #[must_use]
    pub fn present_trouble(&self, place: usize) -> Option<&str> {
        let entity = self.progress.as_ref()?.entities.get(place)?;
        let trouble = entity.trouble.as_deref()?;
        let is_over = match entity.state {
            EntityState::Failed => false,
            EntityState::Done => true,
            _ => self
                .paces
                .get(&place)
                .and_then(|pace| pace.troubled)
                .is_some_and(|read| entity.read > read),
        };
        (!is_over).then_some(trouble)
    }

    /// Rows read a second over the whole run, in so many steps of equal length.
    #[must_use]
    pub fn curve(&self, steps: usize) -> Vec<f64> {
        let (Some(first), Some(last)) = (self.samples.front(), self.samples.back()) else {
            return Vec::new();
        };
        let whole = last.0.saturating_sub(first.0).as_secs_f64();
        if whole <= 0.0 || steps == 0 {
            return Vec::new();
        }
        // A step shorter than what lies between two samples says nothing more.
        let steps = steps.min(self.samples.len() - 1);
        let step = whole / steps as f64;
        let at = |n: usize| self.read_at(first.0.as_secs_f64() + step * n as f64);
        (0..steps).map(|n| (at(n + 1) - at(n)).max(0.0) / step).collect()
    }

    /// Rows that had been read at a time, taken evenly between two samples.
    fn read_at(&self, time: f64) -> f64 {
        let mut before = (0.0, 0.0);
        for (place, (at, read)) in self.samples.iter().enumerate() {
            let (at, read) = (at.as_secs_f64(), *read as f64);
            if at >= time {
                let span = at - before.0;
                if place == 0 || span <= 0.0 {
                    return read;
                }
                return before.1 + (read - before.1) * (time - before.0) / span;
            }
            before = (at, read);
        }
        before.1
    }

    /// Adds an event.
    pub fn event(&mut self, clock: &str, text: impl Into<String>) {
        self.events.push_back((clock.to_owned(), text.into()));
        if self.events.len() > EVENTS {
            self.events.pop_front();
        }
    }

    /// Keeps the newest progress, and tells apart what happened since the one before.
    pub(super) fn take(&mut self, progress: &Progress, now: &Now) {
        let before = self.progress.replace(progress.clone());
        self.heard.clone_from(&now.clock);
        let (read, _) = progress.totals();
        self.sample(now.since_start, read);
        let mut events = Vec::new();
        if before.as_ref().is_none_or(|before| before.phase != progress.phase)
            && progress.phase != Phase::Ended
        {
            events.push(progress.phase.label().to_owned());
        }
        let said = &progress.pacing.said;
        let is_news = before.as_ref().is_none_or(|before| before.pacing.said != *said);
        if is_news && !said.is_empty() {
            events.push(said.clone());
        }
        for (place, entity) in progress.entities.iter().enumerate() {
            let old = before.as_ref().and_then(|before| before.entities.get(place));
            self.follow(place, entity.state, entity.read, now.since_start);
            if let Some(trouble) = &entity.trouble
                && old.is_none_or(|old| old.trouble != entity.trouble)
            {
                self.paces.entry(place).or_default().troubled = Some(entity.read);
                events.push(format!("{}: {trouble}", entity.name));
            }
            let is_done = |state| matches!(state, EntityState::Done | EntityState::SecondPass);
            if is_done(entity.state) && old.is_none_or(|old| !is_done(old.state)) {
                events.push(format!(
                    "{}: {} written",
                    entity.name,
                    crate::report::counted(entity.written, "row", "rows")
                ));
            }
        }
        for event in events {
            self.event(&now.clock, event);
        }
    }

    /// Two samples lie at least `spacing` apart, but for the newest, which is always kept. When
    /// there are too many, every second goes.
    fn sample(&mut self, now: Duration, read: u64) {
        let before = self.samples.len().checked_sub(2).and_then(|place| self.samples.get(place));
        if before.is_some_and(|(at, _)| now.saturating_sub(*at) < self.spacing) {
            self.samples.pop_back();
        }
        self.samples.push_back((now, read));
        if self.samples.len() > SAMPLES {
            self.spacing *= 2;
            let mut place = 0;
            let last = self.samples.len() - 1;
            self.samples.retain(|_| {
                place += 1;
                (place - 1) % 2 == 0 || place - 1 == last
            });
        }
    }

    fn follow(&mut self, place: usize, state: EntityState, read: u64, now: Duration) {
        match state {
            EntityState::Waiting | EntityState::Deleting => {}
            EntityState::Writing => {
                let pace = self.paces.entry(place).or_default();
                if pace.seen.is_empty() {
                    pace.began = now;
                }
                let before = pace.seen.len().checked_sub(2).and_then(|at| pace.seen.get(at));
                if before.is_some_and(|(at, _)| {
                    now.saturating_sub(*at) < WINDOW / u32::try_from(PACES).unwrap_or(1)
                }) {
                    pace.seen.pop_back();
                }
                pace.seen.push_back((now, read));
                if pace.seen.len() > PACES {
                    pace.seen.pop_front();
                }
            }
            EntityState::SecondPass | EntityState::Done | EntityState::Failed => {
                let pace = self.paces.entry(place).or_insert_with(|| Pace {
                    // It went so fast that nobody saw it being written.
                    began: now,
                    ..Pace::default()
                });
                pace.ended.get_or_insert(now);
            }
        }
    }
}

/// Rows a second up to now: since the newest sample that lies far enough back, or else the first.
fn rate(samples: impl DoubleEndedIterator<Item = (Duration, u64)>, now: Duration) -> Option<f64> {
    let mut newest = None;
    let mut base = None;
    for (at, read) in samples.rev() {
        newest.get_or_insert(read);
        base = Some((at, read));
        if now.saturating_sub(at) >= WINDOW {
            break;
        }
    }
    let ((at, before), newest) = base.zip(newest)?;
    let time = now.saturating_sub(at).as_secs_f64();
    (time >= 0.2).then(|| newest.saturating_sub(before) as f64 / time)
}

fn left(rows: u64, rate: f64) -> Option<Duration> {
    // Slower than a row in a hundred seconds is standing still.
    (rate > 0.01 && rows > 0).then(|| Duration::from_secs_f64(rows as f64 / rate))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Now {
        Now { since_start: Duration::from_secs(seconds), ..Now::default() }
    }

    #[test]
    fn a_rate_is_that_of_the_last_ten_seconds() {
        let mut run = Running::new(at(100));
        for second in 0..=20_u64 {
            // Slow at first, then 100 rows a second.
            let read = if second < 10 { second } else { 10 + (second - 10) * 100 };
            run.sample(Duration::from_secs(100 + second), read);
        }
        assert_eq!(run.rate(&at(120)), Some(100.0));
        assert_eq!(run.elapsed(&at(120)), Duration::from_secs(20));
        // Nothing more comes: it slows down to nothing.
        assert!(run.rate(&at(125)).is_some_and(|rate| rate < 100.0 && rate > 0.0));
        assert_eq!(run.rate(&at(140)), Some(0.0));
    }

    #[test]
    fn a_curve_has_the_whole_run_however_long() {
        let mut run = Running::new(at(0));
        for second in 0..100_000_u64 {
            run.sample(Duration::from_secs(second), second * 7);
        }
        assert!(run.samples.len() <= SAMPLES, "{}", run.samples.len());
        let curve = run.curve(30);
        assert_eq!(curve.len(), 30);
        assert!(curve.iter().all(|rate| (rate - 7.0).abs() < 0.01), "{curve:?}");
        assert_eq!(run.samples.back(), Some(&(Duration::from_secs(99_999), 99_999 * 7)));
    }

    #[test]
    fn nothing_seen_yet_does_no_harm() {
        let mut run = Running::new(at(5));
        assert_eq!(run.rate(&at(9)), None);
        assert!(run.curve(10).is_empty());
        run.sample(Duration::from_secs(5), 0);
        assert!(run.curve(10).is_empty());
        assert_eq!(run.time_left(&at(9)), None);
    }
}
