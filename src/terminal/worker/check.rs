//! The checks before a run: both environments once more, rights, the journal's place, the lock.

use super::Reporter;
use super::desk::Desk;
use crate::database::{Fault, Result};
use crate::front::{Home, open, room};
use crate::migrate::undo::{Outlook, forecast};
use crate::migrate::{Room, check_destination, check_pair};
use crate::outsystems::Side;
use crate::plan::{Purpose, model_fingerprint};
use crate::report::{counted, room_advice, room_words};
use crate::wizard::message::{Check, Fact, Sign};

pub(super) async fn check(
    home: &Home,
    desk: &Desk,
    fingerprint: &str,
    purpose: Option<Purpose>,
    to: &Reporter,
) -> Result<()> {
    let plan = desk.plan(fingerprint).await?;
    let sides = desk.sides().await?;
    let mut checks = Checks { list: Vec::new(), to };

    let (source, destination) =
        open::models(sides.source.as_ref(), sides.destination.as_source()).await?;
    let mut changed = Vec::new();
    for (side, before, now) in [
        (Side::Source, &sides.source_model, &source),
        (Side::Destination, &sides.destination_model, &destination),
    ] {
        if model_fingerprint(before) != model_fingerprint(now) {
            changed.push(format!("the {side} ({})", now.facts.database));
        }
    }
    if changed.is_empty() {
        checks.good("both environments unchanged since you planned", "Connect");
    } else {
        checks.bad(
            format!("somebody published: {} changed since you planned", changed.join(" and ")),
            "Test both sides again on Connect (Ctrl+T there); your decisions are kept.",
            "Connect",
        );
    }
    match check_pair(&source, &destination, purpose) {
        Ok(warnings) => {
            for warning in warnings {
                checks.push(Sign::Warning, warning, String::new(), "Connect");
            }
        }
        Err(fault) => checks.fault(&fault, "Connect"),
    }
    match check_destination(&plan, sides.source.as_ref(), sides.destination.as_ref()).await {
        Ok(()) if sides.destination.facts().capabilities.rights => checks.good(
            &format!(
                "may read and write {} as the plan needs",
                counted(plan.entities.len() as u64, "table", "tables")
            ),
            "Connect",
        ),
        Ok(()) => checks.good("a file has no rights to ask for", "Connect"),
        Err(fault) => checks.fault(&fault, "Connect"),
    }
    match sides.destination.lock_run("check").await {
        Ok(lock) => {
            drop(lock);
            checks.good("no other run is writing there", "");
        }
        Err(fault) => checks.fault(&fault, ""),
    }
    match forecast(&plan, sides.destination.as_ref()).await {
        Ok(outlooks) => checks.undo(&outlooks),
        Err(fault) => checks.fault(&fault, "Connect"),
    }
    match room(home, &plan, sides.destination.as_source()).await {
        Ok(room) => checks.room(&room),
        Err(fault) => checks.fault(&fault, "Connect"),
    }
    match home.check() {
        Ok(()) => checks.good("the journal can be kept on this machine", ""),
        Err(fault) => checks.fault(&fault, ""),
    }
    Ok(())
}

/// The list so far; each new one is told.
struct Checks<'a> {
    list: Vec<Check>,
    to: &'a Reporter,
}

impl Checks<'_> {
    fn push(&mut self, sign: Sign, text: String, advice: String, step: &'static str) {
        self.list.push(Check { sign, text, advice, step });
        self.to.tell(Fact::Checks(self.list.clone()));
    }

    fn good(&mut self, text: &str, step: &'static str) {
        self.push(Sign::Good, text.to_owned(), String::new(), step);
    }

    fn bad(&mut self, text: String, advice: &str, step: &'static str) {
        self.push(Sign::Bad, text, advice.to_owned(), step);
    }

    /// Whether an undo would bring back what is deleted; for each reason why not, the tables, and
    /// whether there would be a script for them.
    fn undo(&mut self, outlooks: &[Outlook]) {
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
            self.good("undo can take it all back, as it was before", "");
        }
        for (outlook, names) in inexact {
            let count = counted(names.len() as u64, "table", "tables");
            let script = match outlook.in_script {
                true => ", and leaves a script that does",
                false => "",
            };
            let text =
                format!("undo brings no deleted rows of {count} back{script}: {}", outlook.inexact);
            self.push(Sign::Warning, text, format!("{}.", names.join(", ")), "");
        }
    }

    /// Whether the rows that are deleted find room on this machine.
    fn room(&mut self, room: &Room) {
        // That the plan keeps none is said where undo is.
        if room.rows == 0 || !room.is_kept {
            return;
        }
        let sign = if room.is_short() { Sign::Warning } else { Sign::Good };
        self.push(sign, room_words(room), room_advice(room), "Options");
    }

    fn fault(&mut self, fault: &Fault, step: &'static str) {
        self.bad(fault.what.clone(), &fault.next, step);
    }
}
