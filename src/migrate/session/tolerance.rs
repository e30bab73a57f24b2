//! How many sessions write at once: fewer while the server takes transactions back for the sake of
//! others, or keeps them waiting.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// So many transactions in a row without trouble, and one session more may write.
const CALM: u32 = 50;

/// A transaction that takes longer has waited for something: batches are made for a tenth of it at
/// most.
const LONG: Duration = Duration::from_secs(5);

/// What the destination bears (`engine.md` D9).
#[derive(Debug)]
pub(in crate::migrate) struct Tolerance {
    turns: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Sessions that may write at once.
    now: usize,
    most: usize,
    /// Turns to be taken away as soon as they are given back.
    owed: usize,
    calm: u32,
}

/// How a transaction ended, as far as it says what the destination bears.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ended {
    /// The server took it back for the sake of others.
    TakenBack,
    /// It was done after so long.
    Done(Duration),
}

/// How many sessions may write at once from now on.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub now: usize,
    pub why: &'static str,
}

/// Leave to write one transaction.
pub(in crate::migrate) struct Turn<'a> {
    tolerance: &'a Tolerance,
    permit: Option<OwnedSemaphorePermit>,
}

impl Tolerance {
    /// So many at once, for a start and at most.
    pub(in crate::migrate) fn new(most: usize) -> Arc<Self> {
        let most = most.max(1);
        Arc::new(Self {
            turns: Arc::new(Semaphore::new(most)),
            state: Mutex::new(State { now: most, most, owed: 0, calm: 0 }),
        })
    }

    /// Waits for a turn; it ends when it is dropped.
    pub(super) async fn turn(&self) -> Turn<'_> {
        // Nobody closes it.
        let permit = Arc::clone(&self.turns).acquire_owned().await.ok();
        Turn { tolerance: self, permit }
    }

    /// Notes how a transaction ended; whether that changes how many may write at once.
    pub(super) fn note(&self, ended: Ended) -> Option<Change> {
        let (now, why) = match ended {
            Ended::TakenBack => {
                (self.trouble(), "the server took a transaction back for the sake of others")
            }
            Ended::Done(time) if time > LONG => (
                self.trouble(),
                "a transaction took more than 5 seconds, as where others hold locks or the server \
                 is busy",
            ),
            Ended::Done(_) => (self.calm(), "all went well for a while"),
        };
        now.map(|now| Change { now, why })
    }

    /// One less, where more than one may write.
    fn trouble(&self) -> Option<usize> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.calm = 0;
        if state.now == 1 {
            return None;
        }
        state.now -= 1;
        state.owed += 1;
        Some(state.now)
    }

    /// One more, where there were enough without trouble.
    fn calm(&self) -> Option<usize> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.now == state.most {
            return None;
        }
        state.calm += 1;
        if state.calm < CALM {
            return None;
        }
        state.calm = 0;
        state.now += 1;
        match state.owed {
            0 => self.turns.add_permits(1),
            _ => state.owed -= 1,
        }
        Some(state.now)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.tolerance.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.owed > 0
            && let Some(permit) = self.permit.take()
        {
            state.owed -= 1;
            permit.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    const QUICK: Ended = Ended::Done(Duration::from_millis(300));

    fn now(change: Option<Change>) -> Option<usize> {
        change.map(|change| change.now)
    }

    /// How many turns can be had at once.
    fn free(tolerance: &Tolerance) -> usize {
        let mut turns = Vec::new();
        while let Some(turn) = tolerance.turn().now_or_never() {
            turns.push(turn);
        }
        turns.len()
    }

    #[test]
    fn trouble_takes_a_turn_away_and_calm_gives_it_back() {
        let tolerance = Tolerance::new(3);
        let turn = tolerance.turn().now_or_never().expect("there are three");
        assert_eq!(now(tolerance.note(Ended::TakenBack)), Some(2));
        drop(turn);
        assert_eq!(free(&tolerance), 2);
        for _ in 1..CALM {
            assert_eq!(now(tolerance.note(QUICK)), None);
        }
        assert_eq!(now(tolerance.note(QUICK)), Some(3));
        assert_eq!(free(&tolerance), 3);
        assert_eq!(now(tolerance.note(QUICK)), None, "there are no more");
    }

    #[test]
    fn a_transaction_that_had_to_wait_is_trouble_although_it_was_done() {
        let tolerance = Tolerance::new(3);
        for _ in 2..CALM {
            assert_eq!(tolerance.note(Ended::Done(LONG)), None);
        }
        let change = tolerance.note(Ended::Done(LONG + Duration::from_millis(1)));
        assert!(change.is_some_and(|change| change.now == 2 && change.why.contains("locks")));
        for _ in 1..CALM {
            assert_eq!(tolerance.note(QUICK), None, "calm begins anew");
        }
        assert_eq!(now(tolerance.note(QUICK)), Some(3));
    }

    #[test]
    fn one_may_always_write() {
        let tolerance = Tolerance::new(2);
        for expected in [Some(1), None, None] {
            let turn = tolerance.turn().now_or_never().expect("one is left");
            assert_eq!(now(tolerance.note(Ended::TakenBack)), expected);
            drop(turn);
        }
        assert_eq!(free(&tolerance), 1);
    }

    #[test]
    fn a_turn_that_is_still_owed_need_not_be_taken_away() {
        let tolerance = Tolerance::new(2);
        let (one, other) = (tolerance.turn().now_or_never(), tolerance.turn().now_or_never());
        assert_eq!(now(tolerance.note(Ended::TakenBack)), Some(1));
        for _ in 0..CALM {
            now(tolerance.note(QUICK));
        }
        drop((one, other));
        assert_eq!(free(&tolerance), 2);
    }
}
