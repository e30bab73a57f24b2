//! Carrying the statements out: what they would do, that this is the copy, and the names that confirm
//! it.

use super::super::super::migration::Migration;
use super::super::super::overlay::Overlay;
use super::super::super::sheet::{Blank, Filled, Sheet};
use super::super::super::text_field::TextField;
use super::{APPLY_SHEET, Walkthrough, details};
use crate::procedures::{ForeseenStep, Standing};
use crate::report::counted;

impl Walkthrough {
    /// Looks at the clone again, or says what is missing for that.
    pub(super) fn look(&self, migration: &mut Migration) {
        if !self.has_statements(migration) {
            return;
        }
        if migration.destination.model.is_none() {
            migration.say("Connect the clone first (press 1).");
        } else {
            migration.look_at_clone();
        }
    }

    /// Asks for the names, where nothing stands in the way.
    pub(super) fn ask_to_carry_out(migration: &mut Migration) {
        if migration.destination.model.is_none() {
            migration.say("Connect the clone first (press 1).");
            return;
        }
        if migration.is_looking_at_clone() || migration.is_cleaning() {
            migration.say("One moment: the clone is being looked at.");
            return;
        }
        let Some(foreseen) = migration.errand.as_ref().and_then(|known| known.foreseen.as_ref())
        else {
            migration.look_at_clone();
            return;
        };
        let mut lines: Vec<String> = vec!["That this is the copy:".to_owned()];
        lines.extend(foreseen.copy.evidence.iter().map(details::fact));
        let is_refused =
            foreseen.copy.evidence.iter().any(|fact| fact.standing == Standing::Contradicts);
        if is_refused {
            lines.push(String::new());
            lines.push(
                "Nothing overrides this. Look again which database is which (press 1).".to_owned(),
            );
            migration.show("This does not look like the copy", lines);
            return;
        }
        if foreseen.copy.is_incomplete() && foreseen.copy.original.trim().is_empty() {
            migration.say("Name the original on Connect first (press 1): it tells a copy from it.");
            return;
        }
        let blocked: Vec<String> = foreseen
            .steps
            .iter()
            .flat_map(|step| step.blocked().map(|why| format!("{}: {why}", step.title)))
            .collect();
        if !blocked.is_empty() {
            let mut lines = blocked;
            lines
                .push("Leave these steps out with a reason (x), or see to what blocks.".to_owned());
            migration.show("Some statements cannot be carried out", lines);
            return;
        }
        let rows: u64 = foreseen.steps.iter().map(ForeseenStep::rows).sum();
        if rows == 0 {
            migration.say("No statement finds rows: there is nothing to carry out.");
            return;
        }
        lines.push(String::new());
        for step in foreseen.steps.iter().filter(|step| step.rows() > 0) {
            lines.push(format!("{}: {}", step.title, counted(step.rows(), "row", "rows")));
        }
        lines.push(String::new());
        lines.push(format!(
            "{} deleted or set in one transaction. They are saved first; osferry can put them back \
             until the clone starts on its own.",
            counted(rows, "row is", "rows are")
        ));
        let name = |name: &str| Blank::Name { name: name.to_owned(), field: TextField::default() };
        let mut blanks = vec![name(&foreseen.confirm)];
        if foreseen.copy.is_incomplete() {
            lines.push(
                "Not everything that tells a copy from its original could be seen: whoever is certain \
                 types the original's name as well."
                    .to_owned(),
            );
            blanks.push(name(&foreseen.copy.original));
        }
        let title = format!("Clean up {}?", foreseen.confirm);
        let sheet = Sheet::new(APPLY_SHEET, title, "carry it out", lines, blanks);
        migration.overlays.push(Overlay::Sheet(Box::new(sheet)));
    }

    /// The names were typed.
    pub(super) fn confirmed(filled: &Filled, migration: &mut Migration) {
        let mut texts = filled.texts.iter().cloned();
        let Some(confirmed) = texts.next() else { return };
        migration.clean_up(confirmed, texts.next());
    }
}
