//! The checks before a run, for the wizard's Review and for `osferry run` alike, and which of them
//! are in the way of one that nobody watches.

use super::{Home, room};
use crate::migrate::undo::{Outlook, forecast};
use crate::migrate::{Check, CheckSign, Preflight, Room};
use crate::plan::{Acceptance, CheckKind};
use crate::report::{counted, room_advice, room_words};

/// With `1` a server that is no SQL Server may be written: for tests of the program.
const ANY_ENGINE: &str = "OSFERRY_ANY_ENGINE";

/// Whether a server that is no SQL Server may be written all the same.
#[must_use]
pub fn any_engine() -> bool {
    std::env::var(ANY_ENGINE).is_ok_and(|value| value == "1")
}

/// Makes all checks: those of both databases, then those of this machine. Each is told as soon as
/// it is made.
pub async fn preflight(home: &Home, request: &Preflight<'_>, told: &mut (dyn FnMut(Check) + Send)) {
    request.check(told).await;
    match forecast(request.plan, request.destination).await {
        Ok(outlooks) => undo(&outlooks).into_iter().for_each(&mut *told),
        Err(fault) => told(Check::fault(CheckKind::Undo, &fault)),
    }
    match room(home, request.plan, request.destination.as_source()).await {
        Ok(room) => room_of(&room).into_iter().for_each(&mut *told),
        Err(fault) => told(Check::fault(CheckKind::Room, &fault)),
    }
    told(match home.check() {
        Ok(()) => Check::good(CheckKind::Journal, "the journal can be kept on this machine"),
        Err(fault) => Check::fault(CheckKind::Journal, &fault),
    });
}

/// Whether an undo would bring back what is deleted; for each reason why not, the tables, and
/// whether there would be a script for them.
fn undo(outlooks: &[Outlook]) -> Vec<Check> {
    let mut inexact: Vec<(&Outlook, Vec<&str>)> = Vec::new();
    for outlook in outlooks.iter().filter(|outlook| !outlook.inexact.is_empty()) {
        let known = inexact.iter_mut().find(|(first, _)| {
            (&first.inexact, first.in_script) == (&outlook.inexact, outlook.in_script)
        });
        match known {
            Some((_, names)) => names.push(&outlook.name),
            None => inexact.push((outlook, vec![&outlook.name])),
        }
    }
    if inexact.is_empty() {
        return vec![Check::good(CheckKind::Undo, "undo can take it all back, as it was before")];
    }
    let one = |(outlook, names): (&Outlook, Vec<&str>)| {
        let count = counted(names.len() as u64, "table", "tables");
        let script = if outlook.in_script { ", and leaves a script that does" } else { "" };
        let text = format!(
            "undo does not bring all rows of {count} back as they were{script}: {}",
            outlook.inexact
        );
        Check::new(CheckKind::Undo, CheckSign::Warning, text, format!("{}.", names.join(", ")))
    };
    inexact.into_iter().map(one).collect()
}

/// Whether the rows that are deleted find room on this machine.
fn room_of(room: &Room) -> Option<Check> {
    // That the plan keeps none is said where undo is.
    if room.rows == 0 || !room.is_kept {
        return None;
    }
    let sign = if room.is_short() { CheckSign::Warning } else { CheckSign::Good };
    Some(Check::new(CheckKind::Room, sign, room_words(room), room_advice(room)))
}

/// The checks that are in the way of a run that nobody watches: what is bad, warnings that the plan
/// does not accept, and tasks that it does not say are done.
#[must_use]
pub fn in_the_way<'a>(checks: &'a [Check], said: &Acceptance) -> Vec<&'a Check> {
    let stops = |check: &&Check| match check.sign {
        CheckSign::Bad => true,
        CheckSign::Warning => !said.accept.contains(&check.kind),
        CheckSign::Task => said.frozen.trim().is_empty(),
        CheckSign::Good | CheckSign::Note => false,
    };
    checks.iter().filter(stops).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_plan_accepts_is_out_of_the_way() {
        let check = |kind, sign| Check::new(kind, sign, "", "");
        let checks = [
            check(CheckKind::Frozen, CheckSign::Task),
            check(CheckKind::Backup, CheckSign::Warning),
            check(CheckKind::Triggers, CheckSign::Warning),
            check(CheckKind::Queues, CheckSign::Bad),
            check(CheckKind::Versions, CheckSign::Good),
            check(CheckKind::Log, CheckSign::Note),
        ];
        let kinds = |said: &Acceptance| -> Vec<CheckKind> {
            in_the_way(&checks, said).iter().map(|check| check.kind).collect()
        };
        use CheckKind::{Backup, Frozen, Queues, Triggers};
        assert_eq!(kinds(&Acceptance::default()), [Frozen, Backup, Triggers, Queues]);
        let said = Acceptance { accept: vec![Backup, Queues], frozen: "Ana, 21:00".to_owned() };
        assert_eq!(kinds(&said), [Triggers, Queues]);
        let blank = Acceptance { frozen: "  ".to_owned(), ..said };
        assert_eq!(kinds(&blank), [Frozen, Triggers, Queues]);
    }
}
