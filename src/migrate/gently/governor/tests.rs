//! The governor with a clock of its own: a source that gets slow, and what is made of it.

use super::*;

/// A run that reads one page after the other, at a time that goes by as it reads and waits.
struct Simulated {
    governor: Governor,
    now: Duration,
    /// What the source takes for a page, by the time and by the share that is read just then.
    takes: Box<dyn Fn(Duration, Share) -> Duration>,
    pages: u64,
    changes: Vec<(Duration, Change)>,
    /// The longest time between two pages.
    longest: Duration,
}

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(60 * minutes)
}

impl Simulated {
    fn new(takes: impl Fn(Duration, Share) -> Duration + 'static) -> Self {
        Self {
            governor: Governor::new(SourcePace::Gentle),
            now: Duration::ZERO,
            takes: Box::new(takes),
            pages: 0,
            changes: Vec::new(),
            longest: Duration::ZERO,
        }
    }

    /// Reads until that moment.
    fn until(&mut self, end: Duration) -> &mut Self {
        while self.now < end {
            let before = self.now;
            let is_trial = match self.governor.leave(self.now) {
                Leave::Now => false,
                Leave::Trial => true,
                Leave::NotBefore(then) => {
                    assert!(then > self.now, "it waits for what is over");
                    self.now = then;
                    self.longest = self.longest.max(self.now - before);
                    continue;
                }
                Leave::Wait => return self,
            };
            let took = (self.takes)(self.now, self.governor.share);
            self.now += took;
            let page = Page { rows: 2000, bytes: 200_000, took };
            if let Some(change) = self.governor.read("OSUSR_A", &page, is_trial, self.now) {
                self.changes.push((self.now, change));
            }
            self.pages += 1;
            self.now += self.governor.rest(took);
            self.longest = self.longest.max(self.now - before);
        }
        self
    }

    fn steps(&self) -> Vec<(Share, Share)> {
        self.changes.iter().map(|(_, change)| (change.from, change.to)).collect()
    }
}

use Share::{All, Half, Nothing, Quarter};

#[test]
fn a_source_that_answers_evenly_is_read_as_fast_as_it_answers() {
    let mut run = Simulated::new(|now, _| ms(100 + now.as_millis() as u64 % 7 * 20));
    run.until(minutes(10));
    assert_eq!(run.steps(), []);
    // Nothing but the source's own time went by.
    assert!(run.longest <= ms(220), "{:?}", run.longest);
}

#[test]
fn one_outlier_changes_nothing_and_neither_do_two() {
    let mut run = Simulated::new(|now, _| match now.as_millis() {
        10_000..10_500 => Duration::from_secs(30),
        60_000..61_500 => Duration::from_secs(1),
        _ => ms(120),
    });
    run.until(minutes(3));
    assert_eq!(run.steps(), []);
}

#[test]
fn a_slow_source_is_read_half_of_the_time_then_a_quarter_and_step_by_step_as_before() {
    let is_slow = |now: Duration| (minutes(1)..minutes(3)).contains(&now);
    let mut run = Simulated::new(move |now, _| ms(if is_slow(now) { 840 } else { 120 }));
    run.until(minutes(1) + Duration::from_secs(4));
    assert_eq!(run.steps(), [(All, Half)]);
    let (at, change) = run.changes[0];
    assert!(at <= minutes(1) + ms(4 * 840), "noticed within a few pages: {at:?}");
    assert_eq!(
        change.words(),
        "reading slower: the source answers in 840 ms a page, 120 ms before; \
         reading half of the time"
    );
    assert_eq!(
        change.line(),
        "reading half of the time: the source takes 840 ms a page, 120 ms before"
    );
    run.until(minutes(3));
    assert_eq!(run.steps(), [(All, Half), (Half, Quarter)]);
    run.until(minutes(5));
    assert_eq!(run.steps(), [(All, Half), (Half, Quarter), (Quarter, Half), (Half, All)]);
    let words = run.changes[3].1.words();
    assert_eq!(
        words,
        "reading faster: the source answers in 120 ms a page, 120 ms before; \
         reading as fast as it answers"
    );
    assert!(run.changes[3].0 < minutes(3) + Duration::from_secs(15), "{:?}", run.changes[3].0);
}

#[test]
fn a_much_slower_source_is_left_alone_and_tried_with_single_pages() {
    let is_slow = |now: Duration| (minutes(1)..minutes(20)).contains(&now);
    let mut run = Simulated::new(move |now, _| ms(if is_slow(now) { 4_000 } else { 120 }));
    run.until(minutes(2));
    assert_eq!(run.steps(), [(All, Nothing)]);
    assert_eq!(
        run.changes[0].1.words(),
        "reading paused: the source answers in 4.0 s a page, 120 ms before; \
         a page is tried now and then, at least every two minutes"
    );
    let before = run.pages;
    run.until(minutes(18));
    let tried = run.pages - before;
    assert!((8..=12).contains(&tried), "a page every two minutes: {tried} in 16");
    assert!(run.longest <= LONGEST_PAUSE + ms(4_000), "{:?}", run.longest);
    run.until(minutes(24));
    assert_eq!(run.steps(), [(All, Nothing), (Nothing, Quarter), (Quarter, Half), (Half, All)]);
    assert!(run.changes[1].1.words().starts_with("reading again: the source answers in 120 ms"));
}

#[test]
fn a_source_that_is_slow_because_of_us_is_not_tried_over_and_over() {
    // At full speed it gets slow; read half of the time it answers as always.
    let mut run = Simulated::new(|now, share| match share {
        All if now > minutes(1) => ms(800),
        _ => ms(120),
    });
    run.until(minutes(60));
    let changes = run.changes.len();
    // Coming back takes longer each time: once in a while, not every second.
    assert!((8..40).contains(&changes), "{changes} in an hour");
    let late = run.changes.iter().filter(|(at, _)| *at > minutes(40)).count();
    assert!((1..=6).contains(&late), "{late} in the last twenty minutes");
}

#[test]
fn a_pause_whose_page_cannot_be_judged_does_not_last_for_ever() {
    let mut governor = paused();
    let Leave::NotBefore(then) = governor.leave(minutes(1)) else { panic!("it pauses") };
    assert_eq!(governor.leave(then), Leave::Trial);
    assert_eq!(governor.leave(then), Leave::Wait, "one page, not several");
    // A count or a table that nobody knows yet.
    let change = governor.nothing_read(then).expect("a change");
    assert_eq!((change.from, change.to), (Nothing, Quarter));
    assert!(change.words().contains("nothing shows how the source answers now"), "{change:?}");
    assert_eq!(governor.nothing_read(then), None, "told once");
}

/// Paused at the first minute.
fn paused() -> Governor {
    let mut governor = Governor::new(SourcePace::Gentle);
    let page = |took| Page { rows: 100, bytes: 1000, took };
    for _ in 0..5 {
        assert_eq!(governor.read("a", &page(ms(100)), false, minutes(1)), None);
    }
    for _ in 0..2 {
        assert_eq!(governor.read("a", &page(ms(2000)), false, minutes(1)), None);
    }
    assert!(governor.read("a", &page(ms(2000)), false, minutes(1)).is_some());
    governor
}

#[test]
fn what_somebody_chooses_counts_at_once() {
    let mut governor = paused();
    // Gentler than gentle: that does not end a pause.
    governor.choose(SourcePace::Half);
    assert!(matches!(governor.leave(minutes(1)), Leave::NotBefore(_)));
    governor.choose(SourcePace::Full);
    assert_eq!(governor.leave(minutes(1)), Leave::Now);
    assert_eq!(governor.rest(ms(500)), Duration::ZERO);
    governor.choose(SourcePace::Half);
    assert_eq!(governor.rest(ms(500)), ms(500));
    governor.choose(SourcePace::Quarter);
    assert_eq!(governor.rest(ms(500)), ms(1500));
    governor.choose(SourcePace::Rest);
    assert_eq!(governor.leave(minutes(2)), Leave::Wait);
    governor.choose(SourcePace::Gentle);
    assert_eq!(governor.leave(minutes(2)), Leave::Now);
    assert_eq!(governor.rest(ms(500)), Duration::ZERO);
}

#[test]
fn as_fast_as_it_answers_means_that_however_slow_it_gets() {
    let mut run = Simulated::new(|now, _| ms(if now > minutes(1) { 5_000 } else { 100 }));
    run.governor.choose(SourcePace::Full);
    run.until(minutes(10));
    assert_eq!(run.steps(), []);
}

#[test]
fn a_fixed_share_is_the_most_and_not_the_least() {
    let is_slow = |now: Duration| (minutes(1)..minutes(2)).contains(&now);
    let mut run = Simulated::new(move |now, _| ms(if is_slow(now) { 700 } else { 100 }));
    run.governor.choose(SourcePace::Half);
    run.until(minutes(4));
    assert_eq!(run.steps(), [(Half, Quarter), (Quarter, Half)]);
    assert_eq!(run.governor.rest(ms(100)), ms(100));
}

#[test]
fn tables_are_judged_by_their_own_pages_and_count_together() {
    let mut governor = Governor::new(SourcePace::Gentle);
    let page = |took| Page { rows: 2000, bytes: 200_000, took: ms(took) };
    for _ in 0..10 {
        // One table always takes ten times as long as the other, which says nothing.
        assert_eq!(governor.read("small", &page(100), false, minutes(1)), None);
        assert_eq!(governor.read("large", &page(1000), false, minutes(1)), None);
    }
    governor.read("small", &page(400), false, minutes(1));
    governor.read("large", &page(4000), false, minutes(1));
    let change = governor.read("small", &page(400), false, minutes(1)).expect("a change");
    assert_eq!(change.to, Half);
}

#[test]
fn times_are_read_at_a_glance() {
    assert_eq!(time(Duration::from_micros(300)), "1 ms");
    assert_eq!(time(ms(840)), "840 ms");
    assert_eq!(time(ms(1_240)), "1.2 s");
    assert_eq!(time(ms(14_800)), "15 s");
}
