//! `rejects.csv`: every row, reference, link, user and group that the destination refused, and every
//! row that stayed behind because of one, a line each. For spreadsheets and for whoever puts it
//! right; it names ids and rules, and never shows what a row holds.

use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::export::cell;
use super::reasons::{Reasons, without_values};
use super::refused::{ends, place};
use crate::database::{Fault, FaultKind, Refusal, Result, Value};
use crate::migrate::journal::{Journal, RefusedKind};

/// The file's name in the run's folder.
pub const REJECTS_FILE: &str = "rejects.csv";

const HEAD: &str = "what,where,source_id,destination_id,class,constraint,error,reason";

/// A line of it.
struct Line<'a> {
    what: &'a str,
    place: &'a str,
    source: &'a Value,
    destination: &'a Value,
    refusal: Option<&'a Refusal>,
    code: Option<i64>,
    reason: &'a str,
}

impl Line<'_> {
    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let refusal = self.refusal;
        let cells = [
            self.what.to_owned(),
            self.place.to_owned(),
            id(self.source),
            id(self.destination),
            refusal.map_or_else(String::new, |refusal| refusal.class.name().to_owned()),
            refusal.and_then(|refusal| refusal.by.clone()).unwrap_or_default(),
            self.code.map_or_else(String::new, |code| code.to_string()),
            self.reason.to_owned(),
        ];
        let cells: Vec<String> = cells.iter().map(|text| cell(&harmless(text))).collect();
        writeln!(out, "{}", cells.join(","))
    }
}

fn id(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        value => value.to_string(),
    }
}

/// A text that a spreadsheet takes for a text: one that begins like a formula gets an apostrophe in
/// front. Numbers stay numbers, negative ones too.
fn harmless(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if is_formula && text.parse::<i64>().is_err() { format!("'{text}") } else { text.to_owned() }
}

/// Writes the file's lines; returns how many rejects there are.
pub fn write_rejects(journal: &Journal, out: &mut impl Write) -> io::Result<u64> {
    let plan = journal.plan().map_err(unread)?;
    let mut count = 0;
    writeln!(out, "{HEAD}")?;
    let mut put = |line: &Line<'_>| -> io::Result<()> {
        count += 1;
        line.write(out)
    };
    for (number, entity) in plan.entities.iter().enumerate() {
        let reasons = Reasons::new(&plan, entity);
        for row in journal.left_out(number).map_err(unread)?.iter().filter(|row| !row.planned) {
            put(&Line {
                what: "row",
                place: &entity.name,
                source: &row.key,
                destination: &Value::Null,
                refusal: row.refusal.as_ref(),
                code: row.code,
                reason: &reasons.whole(&row.reason, row.code),
            })?;
        }
    }
    for kind in RefusedKind::ALL {
        for refused in journal.refused(kind).map_err(unread)? {
            let none = &Value::Null;
            let (source, destination) = match kind {
                RefusedKind::Person | RefusedKind::Reference => (&refused.key, none),
                RefusedKind::Delete => (none, &refused.key),
                RefusedKind::Link => (none, &Value::text(&ends(&refused))),
            };
            put(&Line {
                what: kind.name(),
                place: &place(&plan, &refused),
                source,
                destination,
                refusal: refused.refusal.as_ref(),
                code: refused.code,
                reason: &without_values(&refused.reason, refused.code),
            })?;
        }
    }
    out.flush()?;
    Ok(count)
}

/// Writes `rejects.csv` into a run's folder; `None` when nothing was rejected, and then there is no
/// such file.
pub fn save_rejects(journal: &Journal, folder: &Path) -> Result<Option<PathBuf>> {
    let path = folder.join(REJECTS_FILE);
    let file = File::create(&path).map_err(unwritten)?;
    if write_rejects(journal, &mut BufWriter::new(file)).map_err(unwritten)? > 0 {
        return Ok(Some(path));
    }
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(unwritten(error)),
        _ => Ok(None),
    }
}

fn unread(fault: Fault) -> io::Error {
    io::Error::other(fault.what)
}

#[expect(clippy::needless_pass_by_value, reason = "as map_err hands it over")]
fn unwritten(error: io::Error) -> Fault {
    Fault::new(FaultKind::Other, format!("cannot write {REJECTS_FILE}: {error}"))
        .advise("What was rejected is in the run's journal; check that the disk has room.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spreadsheet_takes_no_cell_for_a_formula() {
        for text in ["=1+1", "+1+1", "-cmd", "@SUM(A1)", "\tx", "-"] {
            assert_eq!(harmless(text), format!("'{text}"));
        }
        for text in ["-12", "12", "CK_1", "", "a=b"] {
            assert_eq!(harmless(text), text);
        }
    }
}
