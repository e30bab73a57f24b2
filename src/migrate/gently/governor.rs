//! Decides how much of the time the source may be asked, from how long it takes to answer.
//!
//! A state machine without a clock: it is told of every page and when it came, and says what may
//! follow. A table's pages are compared with the best of the same table; what they say together
//! counts for the whole source.
//!
//! - It reads slower, half of the time and then a quarter, when most of the last five pages took
//!   three times the usual.
//! - It pauses when most of them took ten times the usual, and tries a single page after ten
//!   seconds, then after twice as long, at most two minutes.
//! - It comes back step by step, each after five pages in a row like before. Where it came back too
//!   early it waits ten seconds before the next step, then twice as long, at most ten minutes.
//!
//! Nothing ends for good: a page is tried at least every two minutes, and a quarter of the time is
//! the least between pauses.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use super::usual::{Judged, Usual};
use crate::plan::SourcePace;

/// Pages that are looked at together.
const LATELY: usize = 5;
/// That many of them have to say the same: one outlier says nothing.
const MOST: usize = 3;
/// So many times the usual is slow.
const SLOW: f64 = 3.0;
/// So many times the usual is much slower.
const MUCH: f64 = 10.0;
/// Less than so many times the usual is like before.
const LIKE_BEFORE: f64 = 2.0;
/// Pages like before, one after the other, that lead a step back.
const BACK: usize = 5;
/// What turns slow within this time after a step back had come back too early.
const TOO_EARLY: Duration = Duration::from_secs(2 * 60);
/// The time before the next step back then, at first.
const CALM: Duration = Duration::from_secs(10);
/// The same, at most, where it came back too early again and again.
const LONGEST_CALM: Duration = Duration::from_secs(10 * 60);
/// The first pause.
const PAUSE: Duration = Duration::from_secs(10);
/// The longest.
const LONGEST_PAUSE: Duration = Duration::from_secs(2 * 60);

/// A page that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) rows: u64,
    pub(super) bytes: u64,
    /// What the source took to answer, without what we waited of our own will.
    pub(super) took: Duration,
}

/// How much of the time the source may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Share {
    All,
    Half,
    Quarter,
    /// None, but for a page now and then.
    Nothing,
}

impl Share {
    /// How long the source rests after a request that took so long.
    pub(super) fn rest(self, took: Duration) -> Duration {
        match self {
            Self::All | Self::Nothing => Duration::ZERO,
            Self::Half => took,
            Self::Quarter => took * 3,
        }
    }

    fn less(self) -> Self {
        match self {
            Self::All => Self::Half,
            Self::Half | Self::Quarter | Self::Nothing => Self::Quarter,
        }
    }

    fn more(self) -> Self {
        match self {
            Self::Nothing => Self::Quarter,
            Self::Quarter => Self::Half,
            Self::Half | Self::All => Self::All,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::All => "reading as fast as it answers",
            Self::Half => "reading half of the time",
            Self::Quarter => "reading a quarter of the time",
            Self::Nothing => "a page is tried now and then, at least every two minutes",
        }
    }
}

/// Whether a request may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leave {
    /// Now.
    Now,
    /// Now, and its answer says whether the pause is over: it is to be told as such.
    Trial,
    /// Not before that moment.
    NotBefore(Duration),
    /// Not before a request that is under way has been answered.
    Wait,
}

/// A change of its mind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Change {
    from: Share,
    to: Share,
    /// What the page in the middle of those that led to it took; nothing where none could be
    /// judged.
    judged: Option<Judged>,
}

impl Change {
    /// Whether less is read from here on than the pace allows.
    pub(super) fn hinders(&self, pace: SourcePace) -> bool {
        self.to > most(pace)
    }

    /// What it has come to, for a line on a screen.
    pub(super) fn line(&self) -> String {
        let doing = match self.to {
            Share::Nothing => "reading paused but for a page at times",
            share => share.words(),
        };
        self.judged.map_or_else(
            || doing.to_owned(),
            |Judged { took, usual }| {
                format!("{doing}: the source takes {} a page, {} before", time(took), time(usual))
            },
        )
    }

    /// In a sentence without its full stop.
    pub(super) fn words(&self) -> String {
        let what = match (self.from, self.to) {
            (_, Share::Nothing) => "reading paused",
            (Share::Nothing, _) => "reading again",
            (Share::All, _) => "reading slower",
            (from, to) if from < to => "reading slower still",
            _ => "reading faster",
        };
        let answers = self.judged.map_or_else(
            || "nothing shows how the source answers now".to_owned(),
            |Judged { took, usual }| {
                format!("the source answers in {} a page, {} before", time(took), time(usual))
            },
        );
        format!("{what}: {answers}; {}", self.to.words())
    }
}

/// A time in words: `840 ms`, `1.2 s`, `15 s`.
fn time(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    match seconds {
        ..0.9995 => format!("{:.0} ms", (seconds * 1000.0).max(1.0)),
        ..9.95 => format!("{seconds:.1} s"),
        _ => format!("{seconds:.0} s"),
    }
}

/// Decides how much is read.
#[derive(Debug)]
pub(super) struct Governor {
    tables: HashMap<String, Usual>,
    pace: SourcePace,
    share: Share,
    /// The last pages since its mind changed.
    lately: VecDeque<Judged>,
    /// Pages in a row like before.
    like_before: usize,
    /// The time that has to go by before a step back.
    calm: Duration,
    /// When its mind changed last.
    since: Duration,
    /// When it made the last step back.
    came_back: Option<Duration>,
    /// How many times slower than usual the source is, as far as the last pages say.
    slower: f64,
    pause: Duration,
    pause_ends: Duration,
    is_trying: bool,
}

impl Governor {
    pub(super) fn new(pace: SourcePace) -> Self {
        Self {
            tables: HashMap::new(),
            pace,
            share: most(pace),
            lately: VecDeque::new(),
            like_before: 0,
            calm: Duration::ZERO,
            since: Duration::ZERO,
            came_back: None,
            slower: 1.0,
            pause: PAUSE,
            pause_ends: Duration::ZERO,
            is_trying: false,
        }
    }

    pub(super) fn pace(&self) -> SourcePace {
        self.pace
    }

    /// Whoever watches has chosen. A faster pace counts at once, whatever was decided before; with
    /// a slower one nothing is read more than before. Returns whether less is read than it allows.
    pub(super) fn choose(&mut self, pace: SourcePace) -> bool {
        let is_slower = pace > self.pace;
        self.pace = pace;
        let share = if is_slower { self.share.max(most(pace)) } else { most(pace) };
        if share != self.share {
            self.turn_to(share);
        }
        share > most(pace)
    }

    /// Whether a request may be made now. After [`Leave::Trial`] its answer is to be told, or that
    /// there was none.
    pub(super) fn leave(&mut self, now: Duration) -> Leave {
        if self.pace == SourcePace::Rest || (self.share == Share::Nothing && self.is_trying) {
            return Leave::Wait;
        }
        if self.share != Share::Nothing {
            return Leave::Now;
        }
        if now < self.pause_ends {
            return Leave::NotBefore(self.pause_ends);
        }
        self.is_trying = true;
        Leave::Trial
    }

    /// How long the source rests after a request that took so long.
    pub(super) fn rest(&self, took: Duration) -> Duration {
        self.share.rest(took)
    }

    /// A page of a table was read. Returns what it thinks of it, if its mind has changed.
    pub(super) fn read(
        &mut self,
        table: &str,
        page: &Page,
        is_trial: bool,
        now: Duration,
    ) -> Option<Change> {
        let usual = match self.tables.get_mut(table) {
            Some(usual) => usual,
            None => self.tables.entry(table.to_owned()).or_default(),
        };
        let judged = usual.judge(page, self.slower);
        if self.pace == SourcePace::Full {
            return None;
        }
        if is_trial {
            return self.tried(judged, now);
        }
        let judged = judged.filter(|_| self.share != Share::Nothing)?;
        if self.lately.len() == LATELY {
            self.lately.pop_front();
        }
        self.lately.push_back(judged);
        let middle = self.middle()?;
        if self.lately.len() >= MOST {
            self.slower = middle.times().max(1.0);
        }
        self.like_before = if judged.times() < LIKE_BEFORE { self.like_before + 1 } else { 0 };
        let most_took = |times: f64| {
            self.lately.iter().filter(|judged| judged.times() >= times).count() >= MOST
        };
        if most_took(MUCH) {
            self.pause = if self.is_early(now) { self.longer_pause() } else { PAUSE };
            self.pause_ends = now + self.pause;
            return Some(self.change(Share::Nothing, Some(middle), now));
        }
        if most_took(SLOW) {
            let less = self.share.less();
            return (less != self.share).then(|| self.change(less, Some(middle), now));
        }
        let more = self.share.more().max(most(self.pace));
        let is_calm = self.like_before >= BACK && now >= self.since + self.calm;
        if is_calm && more != self.share {
            return Some(self.change(more, Some(middle), now));
        }
        None
    }

    /// A request that was to say whether the pause is over has ended without a page.
    pub(super) fn nothing_read(&mut self, now: Duration) -> Option<Change> {
        self.is_trying.then(|| self.tried(None, now)).flatten()
    }

    /// What a single page after a pause says.
    fn tried(&mut self, judged: Option<Judged>, now: Duration) -> Option<Change> {
        self.is_trying = false;
        if self.share != Share::Nothing {
            return None;
        }
        if judged.is_some_and(|judged| judged.times() >= MUCH) {
            self.pause = self.longer_pause();
            self.pause_ends = now + self.pause;
            return None;
        }
        Some(self.change(Share::Quarter, judged, now))
    }

    fn longer_pause(&self) -> Duration {
        (self.pause * 2).min(LONGEST_PAUSE)
    }

    /// Whether it has made a step back only just now.
    fn is_early(&self, now: Duration) -> bool {
        self.came_back.is_some_and(|then| now < then + TOO_EARLY)
    }

    /// The page in the middle of the last ones.
    fn middle(&self) -> Option<Judged> {
        let mut lately: Vec<Judged> = self.lately.iter().copied().collect();
        lately.sort_by(|one, other| one.times().total_cmp(&other.times()));
        lately.get(lately.len() / 2).copied()
    }

    fn change(&mut self, to: Share, judged: Option<Judged>, now: Duration) -> Change {
        let from = self.share;
        if to < from {
            self.came_back = Some(now);
        } else {
            let longer = (self.calm * 2).clamp(CALM, LONGEST_CALM);
            self.calm = if self.is_early(now) { longer } else { Duration::ZERO };
        }
        self.since = now;
        self.turn_to(to);
        Change { from, to, judged }
    }

    fn turn_to(&mut self, share: Share) {
        self.share = share;
        self.lately.clear();
        self.like_before = 0;
        self.is_trying = false;
        if share <= most(self.pace) {
            self.slower = 1.0;
        }
    }
}

/// The most that a pace allows.
fn most(pace: SourcePace) -> Share {
    match pace {
        SourcePace::Full | SourcePace::Gentle | SourcePace::Rest => Share::All,
        SourcePace::Half => Share::Half,
        SourcePace::Quarter => Share::Quarter,
    }
}

#[cfg(test)]
mod tests;
