//! What a run does about rejects: it goes on, or it stops so that somebody can decide.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::database::{Fault, FaultKind, Result};
use crate::plan::{RejectPolicy, RunOptions};

/// Counts the rejects of this stretch of a run. Clones count together.
#[derive(Clone, Default)]
pub(super) struct Rejects {
    /// How many it gets over; `None`: any number.
    most: Option<u64>,
    count: Arc<AtomicU64>,
}

impl Rejects {
    /// As the plan wants it.
    pub(super) fn new(options: &RunOptions) -> Self {
        let most = match options.rejects {
            RejectPolicy::Stop => Some(0),
            RejectPolicy::GoOn => options.max_rejects,
        };
        Self { most, count: Arc::default() }
    }

    /// Counts one more, which the journal knows already. Errs when the run is to stop: it has only
    /// to be resumed, and what was rejected so far stays so.
    pub(super) fn another(&self, what: &str) -> Result<()> {
        let count = self.count.fetch_add(1, Ordering::SeqCst) + 1;
        let Some(most) = self.most.filter(|most| count > *most) else { return Ok(()) };
        let (why, again) = match most {
            0 => ("the plan says to stop at a reject".to_owned(), "at the next one".to_owned()),
            most => (
                format!("the plan says to stop after more than {most} rejects"),
                format!("after more than {most} others"),
            ),
        };
        Err(Fault::new(FaultKind::Cancelled, format!("stopped: {what}; {why}")).advise(format!(
            "The run's report and rejects.csv say which and why. `osferry resume` goes on without \
             what was rejected, and stops again {again}; `osferry undo` takes everything back."
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rejects(rejects: RejectPolicy, max_rejects: Option<u64>) -> Rejects {
        Rejects::new(&RunOptions { rejects, max_rejects, ..RunOptions::default() })
    }

    #[test]
    fn a_run_stops_at_the_first_reject_after_some_or_never() {
        assert!(rejects(RejectPolicy::Stop, Some(9)).another("it").is_err());
        let some = rejects(RejectPolicy::GoOn, Some(2));
        assert!(some.another("1").is_ok() && some.clone().another("2").is_ok());
        let fault = some.another("3").expect_err("it stops");
        assert_eq!(fault.kind, FaultKind::Cancelled);
        let any = rejects(RejectPolicy::GoOn, None);
        assert!((0..1000).all(|_| any.another("it").is_ok()));
    }
}
