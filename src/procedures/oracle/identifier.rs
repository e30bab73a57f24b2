//! What Oracle takes as a name without quotes, and only that.

use crate::database::{Fault, FaultKind, Result};

/// The longest name of every version that the platform runs on.
const LONGEST: usize = 30;

/// Words that are no names.
const RESERVED: [&str; 24] = [
    "ALL", "ALTER", "AND", "AS", "BY", "CHECK", "CREATE", "DELETE", "DROP", "FROM", "GRANT",
    "GROUP", "IN", "INSERT", "NOT", "NULL", "ON", "OR", "ORDER", "SELECT", "TABLE", "USER", "VIEW",
    "WHERE",
];

/// Refuses what is no identifier; others are put in capitals, as Oracle keeps them.
pub(super) fn check(what: &str, name: &mut String) -> Result<()> {
    let upper = name.trim().to_ascii_uppercase();
    let wrong = |why: &str| {
        Err(Fault::new(
            FaultKind::Invalid,
            format!("{what} {name:?} is no Oracle identifier: {why}"),
        )
        .advise("Nothing was written."))
    };
    if !upper.starts_with(|c: char| c.is_ascii_uppercase()) {
        return wrong("it has to begin with a letter");
    }
    if !upper.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_') {
        return wrong("it may hold letters, digits and _ only");
    }
    if upper.len() > LONGEST {
        return wrong("it is longer than 30 signs");
    }
    if RESERVED.contains(&upper.as_str()) {
        return wrong("it is a word of the language");
    }
    *name = upper;
    Ok(())
}

/// A name in quotes.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', ""))
}

/// A text as a literal.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
