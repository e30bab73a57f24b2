//! What a run and its entities are doing, in words.

use std::time::Duration;

use super::super::message::Sign;
use super::super::migration::{Migration, Running};
use crate::migrate::{self, EntityProgress, EntityState, Phase, Progress};
use crate::plan::{ExistingPlan, Plan, Rule, Target};
use crate::report::{counted, number};

/// A time: `41s`, `2m 36s`, `1h 05m`.
pub(in crate::wizard) fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h {:02}m", seconds / 3600, seconds % 3600 / 60),
    }
}

/// A time that nobody knows exactly: `about 32 min`.
pub(super) fn about(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("about {} s", (seconds / 5 * 5).max(5)),
        60..5400 => format!("about {} min", (seconds + 30) / 60),
        _ => format!("about {} h {:02} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// How much of what, for the bar: done, of how many, and what it is.
pub(super) fn bar(run: &Running, to_delete: u64) -> (u64, u64, String) {
    if let Some(proof) = run.proving.as_ref() {
        let (done, all) = (proof.entity as u64, proof.entities as u64);
        let words = if proof.name.is_empty() {
            "proving".to_owned()
        } else {
            format!("proving: {} of {}", number(done), counted(all, "entity", "entities"))
        };
        return (done, all, words);
    }
    let Some(progress) = &run.progress else { return (0, 1, "starting".to_owned()) };
    let (read, total) = progress.totals();
    match progress.phase {
        Phase::Checking => (0, 1, "checking before the first write".to_owned()),
        Phase::Muting => (0, 1, "putting subscriptions of processes away".to_owned()),
        Phase::Deleting => {
            let deleted: u64 = progress.entities.iter().map(|entity| entity.deleted).sum();
            let of = to_delete.max(deleted);
            let words = format!("deleting first: {} of {} rows", number(deleted), number(of));
            (deleted, of, words)
        }
        Phase::People => (0, 1, "creating users and groups".to_owned()),
        Phase::Loading | Phase::SecondPass | Phase::Ended => {
            let words = format!("{} of {} rows", number(read), number(total));
            (read, total, words)
        }
    }
}

/// Rows of the destination that the plan deletes.
pub(super) fn to_delete(plan: &Plan) -> u64 {
    let rows = |existing: &ExistingPlan| match existing {
        ExistingPlan::Replace { rows, .. } => *rows,
        _ => 0,
    };
    plan.entities.iter().map(|entity| rows(&entity.existing)).sum()
}

/// How the source is read, as a sentence: while it is not as ever.
pub(super) fn pacing(run: &Running) -> Option<String> {
    if run.ended {
        return None;
    }
    let line = run.pacing().line()?;
    let mut letters = line.chars();
    let first = letters.next()?;
    Some(first.to_uppercase().chain(letters).collect())
}

/// What the run is doing, and that it is safe to stop it.
pub(super) fn doing(run: &Running) -> String {
    let safe = "It is safe to stop.";
    let phase = run.progress.as_ref().map_or(Phase::Checking, |progress| progress.phase);
    if run.ended {
        return "The run has ended; its report is the next step.".to_owned();
    }
    if run.proving.is_some() {
        return "All is written. Every row is read again and compared; this only reads.".to_owned();
    }
    match (run.told, phase) {
        (migrate::Command::Stop, _) => {
            "Stopping: the batches under way are finished first.".to_owned()
        }
        (migrate::Command::Cancel, _) => {
            "Stopping: the batches under way are rolled back.".to_owned()
        }
        _ if run.held().is_some() => {
            "The run waits for you: nothing more is written until p.".to_owned()
        }
        (migrate::Command::Pause, _) => {
            "Paused: the batches under way are finished, then nothing is written until p."
                .to_owned()
        }
        (_, Phase::Checking) => {
            "The last checks before the first write: it may still be refused.".to_owned()
        }
        (_, Phase::Muting) => {
            format!("Putting away who waits for rows, so that no process starts by ours. {safe}")
        }
        (_, Phase::Deleting) => {
            format!("Deleting the destination's rows that are replaced. {safe}")
        }
        (_, Phase::People) => format!("Creating users and groups. {safe}"),
        (_, Phase::Loading) => format!("Carrying rows over, parents before children. {safe}"),
        (_, Phase::SecondPass) => {
            format!("Setting references that had to wait for their rows. {safe}")
        }
        (_, Phase::Ended) => "Nothing more is written.".to_owned(),
    }
}

/// The sign of an entity; `›` marks those that are being worked on.
pub(super) fn sign(entity: &EntityProgress) -> (&'static str, Sign) {
    match entity.state {
        EntityState::Failed => ("✗", Sign::Bad),
        _ if entity.rejected > 0 => ("!", Sign::Warning),
        EntityState::Waiting => ("·", Sign::Later),
        EntityState::Deleting | EntityState::Writing | EntityState::SecondPass => ("›", Sign::Here),
        EntityState::Done => ("✓", Sign::Good),
    }
}

/// What an entity is doing, in a few words.
pub(super) fn result(
    migration: &Migration,
    run: &Running,
    place: usize,
    entity: &EntityProgress,
    names: &[String],
) -> String {
    let refused = || format!("{} refused", number(entity.rejected));
    match entity.state {
        EntityState::Failed => "failed".to_owned(),
        EntityState::Waiting if run.ended => "not begun".to_owned(),
        EntityState::Waiting => match waits_for(migration, run, place, names).first() {
            Some(name) => format!("waits: {name}"),
            None => "waiting".to_owned(),
        },
        EntityState::Deleting => "deleting".to_owned(),
        EntityState::Writing | EntityState::SecondPass => match run.present_trouble(place) {
            // What it does about it comes last: "…; trying again (1 of 3)".
            Some(trouble)
                if trouble.contains("; trying again") || trouble.contains("; waiting") =>
            {
                trouble.rsplit("; ").next().unwrap_or(trouble).to_owned()
            }
            _ if entity.rejected > 0 => refused(),
            _ if run.ended => "stopped".to_owned(),
            _ if entity.state == EntityState::SecondPass => "2nd pass".to_owned(),
            _ => "writing".to_owned(),
        },
        EntityState::Done if entity.rejected > 0 => refused(),
        EntityState::Done => match run.entity_elapsed(place, &migration.now) {
            Some(time) if entity.left_out > 0 => {
                format!("ok, {} left out, {}", number(entity.left_out), duration(time))
            }
            Some(time) => format!("ok, {}", duration(time)),
            None => "ok".to_owned(),
        },
    }
}

/// The entities whose rows have to be there before: those it refers to that are not done.
pub(super) fn waits_for<'a>(
    migration: &Migration,
    run: &Running,
    place: usize,
    names: &'a [String],
) -> Vec<&'a str> {
    let (Some(plan), Some(progress)) = (&migration.built, &run.progress) else {
        return Vec::new();
    };
    let Some(entity) = plan.entities.get(place) else { return Vec::new() };
    let mut waits: Vec<usize> = Vec::new();
    for column in &entity.columns {
        if let Rule::Reference(rule) = &column.rule
            && let Target::Entity(other) = rule.target
            && other != place
            && !rule.is_deferred
            && is_open(progress, other)
            && !waits.contains(&other)
        {
            waits.push(other);
        }
    }
    waits.into_iter().filter_map(|other| names.get(other).map(String::as_str)).collect()
}

fn is_open(progress: &Progress, place: usize) -> bool {
    progress
        .entities
        .get(place)
        .is_some_and(|entity| !matches!(entity.state, EntityState::Done | EntityState::SecondPass))
}

/// What to do about what happened to an entity.
pub(super) fn advice(run: &Running, place: usize, entity: &EntityProgress) -> &'static str {
    if entity.state == EntityState::Failed {
        return "The run ends with this; the others finish the batches they are writing. The \
                report says what is written and what can be done now.";
    }
    if let Some(trouble) = run.present_trouble(place)
        && trouble.contains("again")
    {
        return "Nothing to do: it tries again by itself. If that does not help the run ends here, \
                and says why.";
    }
    if entity.rejected > 0 {
        return "The run goes on without these rows. The report has the reason of each; rows that \
                demand a reference to one of them are not written either.";
    }
    if entity.left_out > 0 {
        return "These rows were left out as you decided; the report groups them by reason.";
    }
    "Nothing to do."
}

/// What is told of an entity: a label and a text each.
pub(super) fn details(
    migration: &Migration,
    run: &Running,
    place: usize,
    names: &[String],
) -> Vec<(&'static str, String)> {
    let Some(entity) = run.progress.as_ref().and_then(|progress| progress.entities.get(place))
    else {
        return Vec::new();
    };
    let now = &migration.now;
    let mut lines = vec![("State", result(migration, run, place, entity, names))];
    if let Some(planned) = migration.built.as_ref().and_then(|plan| plan.entities.get(place)) {
        lines.push(("Tables", format!("{} → {}", planned.source_table, planned.destination_table)));
    }
    lines.push((
        "Read",
        format!(
            "{} of {}{}",
            number(entity.read),
            counted(entity.total, "row", "rows"),
            match run.entity_rate(place, now) {
                Some(rate) if rate >= 1.0 => format!(", {} rows a second", number(rate as u64)),
                _ => String::new(),
            }
        ),
    ));
    lines.push(("Written", number(entity.written)));
    for (label, count, what) in [
        ("Recognised", entity.recognised, "there already, by their key"),
        ("Left out", entity.left_out, "as decided"),
        ("Refused", entity.rejected, "by the server or by what it would have had to refer to"),
        ("Deleted", entity.deleted, "of the destination's, before"),
    ] {
        if count > 0 || label == "Refused" {
            lines.push((label, format!("{} {what}", number(count))));
        }
    }
    if let Some(time) = run.entity_elapsed(place, now) {
        let left = run
            .entity_time_left(place, now)
            .map_or_else(String::new, |left| format!(", {} left", about(left)));
        lines.push(("Time", format!("{}{left}", duration(time))));
    }
    let waits = waits_for(migration, run, place, names);
    if entity.state == EntityState::Waiting && !waits.is_empty() {
        lines.push(("Waits for", waits.join(", ")));
    }
    if let Some(trouble) = &entity.trouble {
        lines.push(("Trouble", trouble.clone()));
    }
    lines.push(("To do", advice(run, place, entity).to_owned()));
    lines
}

/// The whole run in a few lines, to be copied.
pub(super) fn summary(migration: &Migration, run: &Running) -> String {
    let mut lines = vec![format!("{}, run {}", migration.plan.name, run.id), doing(run)];
    if let Some(progress) = &run.progress {
        let (read, total) = progress.totals();
        lines.push(format!("{} of {} rows read", number(read), number(total)));
        lines.extend(pacing(run));
        for (state, words) in [
            (EntityState::Done, "done"),
            (EntityState::Failed, "failed"),
            (EntityState::Waiting, "waiting"),
        ] {
            let count = progress.entities.iter().filter(|entity| entity.state == state).count();
            lines.push(format!("{}: {}", words, number(count as u64)));
        }
    }
    lines.push(format!("after {}", duration(run.elapsed(&migration.now))));
    lines.extend(run.events.iter().rev().take(20).map(|(at, text)| format!("{at}  {text}")));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_at_a_glance() {
        let seconds = Duration::from_secs;
        assert_eq!(duration(seconds(41)), "41s");
        assert_eq!(duration(seconds(156)), "2m 36s");
        assert_eq!(duration(seconds(3900)), "1h 05m");
        assert_eq!(about(seconds(3)), "about 5 s");
        assert_eq!(about(seconds(1900)), "about 32 min");
        assert_eq!(about(seconds(12_000)), "about 3 h 20 min");
    }
}
