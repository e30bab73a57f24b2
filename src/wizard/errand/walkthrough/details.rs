//! What is to be known of a step, and what was found of a statement.

use super::super::super::message::{Foreseen, Sign};
use super::super::super::migration::Migration;
use super::super::super::step::Notice;
use super::{Walkthrough, is_left_out, is_taken};
use crate::procedures::{
    Answered, Evidence, ForeseenStep, Mark, Place, Says, Standing, StepKind, table_lines,
    what_to_do,
};
use crate::report::counted;

/// The step about the users of the clone's databases.
const USERS: &str = "users";

/// The sign of a step, and in a word or two how it stands.
pub(super) fn state(
    step: &Walkthrough,
    place: &Place<'_>,
    migration: &Migration,
) -> (Sign, String) {
    let mark = step.shown(migration).and_then(|(_, walk)| walk.marks.get(&place.name));
    if step.has_statements(migration) && place.step.kind() == StepKind::Statement {
        let name = &place.step.name;
        if is_left_out(migration, name) {
            return (Sign::Stopped, "left out".to_owned());
        }
        if place.step.optional && !is_taken(migration, name) {
            return (Sign::Later, "not taken".to_owned());
        }
        return match (foreseen(migration, name), mark) {
            (Some(found), _) if found.blocked().next().is_some() => {
                (Sign::Bad, "blocked".to_owned())
            }
            (Some(found), _) if found.rows() > 0 => {
                (Sign::Recheck, counted(found.rows(), "row", "rows"))
            }
            (_, Some(_)) => (Sign::Good, "done".to_owned()),
            (Some(_), None) => (Sign::Good, "nothing".to_owned()),
            (None, None) => (Sign::Later, String::new()),
        };
    }
    match mark {
        Some(mark) if mark.is_skipped => (Sign::Stopped, "left out".to_owned()),
        Some(_) => (Sign::Good, "done".to_owned()),
        None => {
            let answers = step.shown(migration).map(|(_, walk)| &walk.answers);
            let answered = answers.and_then(|answers| answers.get(&place.step.name));
            match answered.map(|answered| answered.says) {
                Some(Says::Yes) => (Sign::Note, "as wanted".to_owned()),
                Some(Says::No) => (Sign::Bad, "not so".to_owned()),
                Some(Says::Unclear) => (Sign::Note, "not clear".to_owned()),
                None => (Sign::Later, String::new()),
            }
        }
    }
}

/// What a statement would do, as of the last look.
pub(super) fn foreseen<'a>(migration: &'a Migration, step: &str) -> Option<&'a ForeseenStep> {
    let foreseen = migration.errand.as_ref()?.foreseen.as_ref()?;
    foreseen.steps.iter().find(|found| found.step == step)
}

/// All about a step, each a paragraph.
pub(super) fn whole(step: &Walkthrough, place: &Place<'_>, migration: &Migration) -> Vec<String> {
    let mut lines = Vec::new();
    let marks = place.marks();
    lines.push(match place.server {
        Some(server) => format!("{} on {server}  ({marks})", place.step.title),
        None => format!("{}  ({marks})", place.step.title),
    });
    lines.extend(of_statement(step, place, migration));
    let mark = step.shown(migration).and_then(|(_, walk)| walk.marks.get(&place.name));
    lines.extend(mark.map(Mark::words));
    let answers = step.shown(migration).map(|(_, walk)| &walk.answers);
    let answered = answers.and_then(|answers| answers.get(&place.step.name));
    lines.extend(answered.map(Answered::words));
    if step.has_statements(migration) && place.step.name == USERS {
        let foreseen = migration.errand.as_ref().and_then(|known| known.foreseen.as_ref());
        for context in foreseen.iter().flat_map(|foreseen| &foreseen.users) {
            lines.extend(context.lines().lines().map(str::to_owned));
        }
    }
    if place.step.kind() == StepKind::Statement && step.has_statements(migration) {
        lines.extend((!place.step.text.is_empty()).then(|| place.step.text.clone()));
        lines.extend(place.step.tasks.iter().cloned());
    } else {
        lines.extend(place.step.check.iter().map(|check| format!("To be checked: {check}")));
        lines.extend(what_to_do(place.step));
    }
    lines.push(String::new());
    lines.push(format!("{}: {}", place.section.title, place.section.why));
    if !place.section.without.is_empty() {
        lines.push(format!("Without it: {}", place.section.without));
    }
    lines
}

/// What was found of a statement, table by table.
fn of_statement(step: &Walkthrough, place: &Place<'_>, migration: &Migration) -> Vec<String> {
    if !step.has_statements(migration) || place.step.kind() != StepKind::Statement {
        return Vec::new();
    }
    let name = &place.step.name;
    let file = migration.errand.as_ref().and_then(|known| known.cleanup());
    let why = file.and_then(|file| file.skip.iter().find(|(step, _)| step == name));
    if let Some((_, why)) = why {
        return vec![format!("Left out: {why}. Space takes it again.")];
    }
    if place.step.optional && !is_taken(migration, name) {
        return vec!["Optional, and not taken: Space takes it.".to_owned()];
    }
    let Some(found) = foreseen(migration, name) else {
        let text = match migration.destination.model {
            None => "Its rows are shown once the clone is connected (press 1).",
            Some(_) => "Its rows are not looked at yet.",
        };
        return vec![text.to_owned()];
    };
    table_lines(&found.tables)
}

/// Whether the clone is the copy, in a sentence.
pub(super) fn standing_of_copy(foreseen: &Foreseen) -> Notice {
    let of = |standing: Standing| {
        foreseen.copy.evidence.iter().find(move |fact| fact.standing == standing)
    };
    let rows: u64 = foreseen.steps.iter().map(ForeseenStep::rows).sum();
    if let Some(against) = of(Standing::Contradicts) {
        let text =
            format!("This does not look like the copy: {}. Nothing is written.", against.text);
        return Notice::new(Sign::Bad, text);
    }
    if rows == 0 {
        return Notice::new(Sign::Good, "No statement finds rows: there is nothing to carry out.");
    }
    let rows = counted(rows, "row", "rows");
    match of(Standing::Missing) {
        Some(_) => Notice::new(
            Sign::Warning,
            format!("{rows} to delete or set; a also asks for the original's name."),
        ),
        None => Notice::new(Sign::Good, format!("It is the copy. {rows} to delete or set: a.")),
    }
}

/// A fact about the copy, in a line.
pub(super) fn fact(evidence: &Evidence) -> String {
    let sign = match evidence.standing {
        Standing::Holds => Sign::Good,
        Standing::Missing => Sign::Warning,
        Standing::Contradicts => Sign::Bad,
        Standing::NotApplicable => Sign::Note,
    };
    format!("{} {}", sign.text(), evidence.text)
}
