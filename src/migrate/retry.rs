//! What is done about a fault, by its kind (`engine.md` B6).

use std::time::Duration;

use crate::database::{Fault, FaultKind};

/// What to do about a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Remedy {
    /// Wait so long, then try again.
    Again(Duration),
    /// Somebody has to see to something first: room, a right, a password, a server.
    Hold,
    /// Trying again changes nothing.
    None,
}

/// How often a batch is tried again that the server rolled back.
pub(super) const ROLLED_BACK: u32 = 8;
/// From this try on a batch of several rows is rather written in halves.
pub(super) const HALVE_AFTER: u32 = 3;
/// The longest wait between two tries.
const LONGEST: Duration = Duration::from_secs(30);
/// How long a server that does not answer is waited for.
const PATIENCE: Duration = Duration::from_secs(600);

/// Whether the connection is gone, or as good as gone.
pub(super) fn is_broken(fault: &Fault) -> bool {
    matches!(fault.kind, FaultKind::Lost | FaultKind::Unreachable | FaultKind::Timeout)
}

/// Whether the rows of a transaction are rather written in halves: one of them is refused, or the
/// server keeps rolling back that many.
pub(super) fn calls_for_halves(fault: &Fault, rows: usize) -> bool {
    rows > 1 && matches!(fault.kind, FaultKind::Refused | FaultKind::Retry)
}

/// Whether somebody has to see to something before it can go on.
pub(super) fn needs_somebody(fault: &Fault) -> bool {
    matches!(
        fault.kind,
        FaultKind::Full | FaultKind::Permission | FaultKind::SignIn | FaultKind::Certificate
    )
}

/// How long one piece of work has been tried for.
#[derive(Debug, Default)]
pub(super) struct Patience {
    tries: u32,
    waited: Duration,
}

impl Patience {
    /// How often it has been tried again.
    pub(super) fn tries(&self) -> u32 {
        self.tries
    }

    /// What to do about this fault; a wait that is allowed counts as waited, and after somebody
    /// has seen to the matter it begins anew. `chance` (0 to 255) spreads the waits of several
    /// sessions.
    pub(super) fn remedy(&mut self, fault: &Fault, chance: u8) -> Remedy {
        let remedy = self.next(fault, chance);
        match remedy {
            Remedy::Again(wait) => {
                self.tries += 1;
                self.waited += wait;
            }
            Remedy::Hold => *self = Self::default(),
            Remedy::None => {}
        }
        remedy
    }

    fn next(&self, fault: &Fault, chance: u8) -> Remedy {
        let spread = |wait: Duration| wait + wait.mul_f64(f64::from(chance) / 1024.0);
        if needs_somebody(fault) {
            return Remedy::Hold;
        }
        if is_broken(fault) {
            if self.waited >= PATIENCE {
                return Remedy::Hold;
            }
            let wait = Duration::from_millis(100 << self.tries.min(12));
            return Remedy::Again(spread(wait.min(LONGEST)));
        }
        match fault.kind {
            FaultKind::Retry if self.tries < ROLLED_BACK => {
                Remedy::Again(spread(Duration::from_millis(50 << self.tries)))
            }
            _ => Remedy::None,
        }
    }
}

/// A wait in words.
pub(super) fn in_words(wait: Duration) -> String {
    if wait < Duration::from_secs(1) {
        format!("{} ms", wait.as_millis())
    } else {
        format!("{:.0} s", wait.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(kind: FaultKind, tries: u32) -> Remedy {
        Patience { tries, ..Patience::default() }.remedy(&Fault::new(kind, "it"), 0)
    }

    #[test]
    fn each_class_has_its_remedy() {
        for kind in [FaultKind::Full, FaultKind::Permission, FaultKind::SignIn] {
            assert_eq!(of(kind, 0), Remedy::Hold, "{kind:?}");
        }
        for kind in [FaultKind::Refused, FaultKind::Data, FaultKind::Other, FaultKind::Cancelled] {
            assert_eq!(of(kind, 0), Remedy::None, "{kind:?}");
        }
        assert_eq!(of(FaultKind::Retry, 0), Remedy::Again(Duration::from_millis(50)));
        assert_eq!(of(FaultKind::Retry, ROLLED_BACK), Remedy::None);
    }

    #[test]
    fn a_lost_server_is_waited_for_ten_minutes_and_then_needs_somebody() {
        let (mut patience, mut waited, mut tries) = (Patience::default(), Duration::ZERO, 0);
        let fault = Fault::new(FaultKind::Lost, "gone");
        while let Remedy::Again(wait) = patience.remedy(&fault, 255) {
            assert!(wait <= LONGEST.mul_f64(1.25), "{wait:?}");
            waited += wait;
            tries += 1;
            assert!(tries < 100, "for ever");
        }
        assert!(waited >= PATIENCE);
        assert_eq!(patience.tries(), 0, "whoever has seen to it is waited for anew");
    }
}
