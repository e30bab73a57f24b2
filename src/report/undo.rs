//! What an undo would do, in lines for the terminal, and what it has done, for the report.

use super::text::{counted, number, rows};
use crate::migrate::undo::{Dependants, PutBackScript, UndoPreview, UndoResult, UndoneTable};

/// Rows named in each list.
const NAMED: usize = 10;

/// What an undo would do.
#[must_use]
pub fn undo_summary(preview: &UndoPreview) -> String {
    let (out, back) = preview.rows();
    let mut lines = vec![format!(
        "Undo would take {} out and put {} back{}.",
        rows(out),
        rows(back),
        match preview.references {
            0 => String::new(),
            references =>
                format!(", and set {} again", counted(references, "reference", "references")),
        }
    )];
    lines.push(if preview.is_exact() {
        "Afterwards the destination is as it was before the run, identity counters and what \
         triggers did aside."
            .to_owned()
    } else {
        "Afterwards the destination is not in every row as it was before the run.".to_owned()
    });
    // What stands in the way comes before the tables, of which there may be many.
    for found in &preview.dependants {
        lines.push(String::new());
        lines.extend(dependants(found));
    }
    for found in &preview.changed {
        lines.push(String::new());
        let have = if found.rows == 1 { "has" } else { "have" };
        lines.push(format!("{} of {} {have} changed since:", rows(found.rows), found.name));
        lines.extend(found.shown.iter().take(NAMED).map(|difference| {
            let attribute = match difference.attribute.as_str() {
                "" => String::new(),
                attribute => format!(".{attribute}"),
            };
            format!("  row {}{attribute}: {}", difference.destination, difference.what)
        }));
    }
    lines.push(String::new());
    lines.extend(preview.tables.iter().map(table));
    lines.join("\n")
}

/// A table in a line.
fn table(table: &UndoneTable) -> String {
    let mut parts = vec![format!("{} out", number(table.removed))];
    if table.restored > 0 {
        parts.push(format!("{} back", number(table.restored)));
    }
    if table.reset > 0 {
        parts.push(format!("{} as they were", number(table.reset)));
    }
    if table.left > 0 {
        parts.push(counted(table.left, "of this run stays", "of this run stay"));
    }
    if table.scripted > 0 {
        parts.push(format!("{} in {}", number(table.scripted), PutBackScript::FILE));
    }
    if !table.inexact.is_empty() {
        parts
            .push(format!("what the run deleted or changed does not come back: {}", table.inexact));
    }
    format!("  {}: {}", table.name, parts.join(", "))
}

fn dependants(found: &Dependants) -> Vec<String> {
    let refer = if found.rows == 1 { "refers" } else { "refer" };
    let mut lines = vec![format!(
        "{} of {}, not of this run, {refer} to rows of {} through {}:",
        rows(found.rows),
        found.child,
        found.parent,
        found.column
    )];
    lines.extend(found.shown.iter().take(NAMED).map(|(own, to)| match own.as_str() {
        "" => format!("  a row refers to row {to}"),
        own => format!("  row {own} refers to row {to}"),
    }));
    lines
}

/// What an undo has done, line by line.
pub(super) fn undone(result: &UndoResult) -> Vec<String> {
    let mut lines: Vec<String> =
        result.tables.iter().map(|one| table(one).trim_start().to_owned()).collect();
    if result.references > 0 {
        let references = counted(result.references, "reference was", "references were");
        lines.push(format!("{references} set again"));
    }
    if result.not_restored_rows > 0 {
        lines.push(format!("{} could not be put back; the first:", rows(result.not_restored_rows)));
        lines.extend(result.not_restored.iter().map(|one| format!("{}: {}", one.row, one.what)));
    }
    lines.extend(result.script.map(|script| in_script(&script)));
    lines
}

/// What the script of an undo would do, and what is to be done with it.
pub(super) fn in_script(script: &PutBackScript) -> String {
    let mut parts = Vec::new();
    if script.rows > 0 {
        parts.push(format!("puts {} back", rows(script.rows)));
    }
    if script.references > 0 {
        parts.push(format!("sets {} again", counted(script.references, "reference", "references")));
    }
    format!(
        "{}, beside this report, {}: have it run by somebody with ALTER on these tables; its head \
         says how. It holds rows of the applications",
        PutBackScript::FILE,
        parts.join(" and ")
    )
}
