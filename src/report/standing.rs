//! Where a run stands that did not come to its end, in words.

use super::text::{counted, number};
use crate::migrate::Standing;

/// Entities named in each line.
const NAMED: usize = 3;

/// What is kept, what goes on and what has not begun, a line each.
#[must_use]
pub fn standing_lines(standing: &Standing) -> Vec<String> {
    let finished: Vec<String> = standing
        .finished
        .iter()
        .map(|(name, rows)| format!("{name} ({})", number(*rows)))
        .collect();
    let begun: Vec<String> = standing
        .begun
        .iter()
        .map(|(name, rows, of)| format!("{name} ({} of about {})", number(*rows), number(*of)))
        .collect();
    let mut lines = Vec::new();
    if standing.deleted > 0 {
        let rows = counted(standing.deleted, "row", "rows");
        lines.push(format!("stays deleted: {rows} of the destination"));
    }
    for (what, names) in [
        ("kept: ", finished),
        ("goes on at the next batch: ", begun),
        ("not begun: ", standing.waiting.clone()),
    ] {
        if !names.is_empty() {
            lines.push(format!("{what}{}", list(&names)));
        }
    }
    if standing.in_doubt > 0 {
        let batches = counted(standing.in_doubt as u64, "batch", "batches");
        lines
            .push(format!("looked for first: {batches} of which nobody knows whether it is there"));
    }
    lines
}

/// The same in a sentence, by counts alone.
#[must_use]
pub fn standing_in_words(standing: &Standing) -> String {
    let entities = |count: usize| counted(count as u64, "entity", "entities");
    format!(
        "{} complete, {} written in part ({} there), {} not begun.",
        entities(standing.finished.len()),
        number(standing.begun.len() as u64),
        counted(standing.rows(), "row", "rows"),
        number(standing.waiting.len() as u64)
    )
}

fn list(names: &[String]) -> String {
    let shown = names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
