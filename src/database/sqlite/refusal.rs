//! Which rule refused a row, from SQLite's words.

use rusqlite::ffi;

use crate::database::{Refusal, RefusalClass};

/// The rule behind an extended result code; `None` for codes that are no refusal of a row.
pub(super) fn of(code: i32, message: &str) -> Option<Refusal> {
    let class = match code {
        ffi::SQLITE_CONSTRAINT_CHECK => RefusalClass::Check,
        ffi::SQLITE_CONSTRAINT_FOREIGNKEY => RefusalClass::ForeignKey,
        ffi::SQLITE_CONSTRAINT_NOTNULL => RefusalClass::NotNull,
        ffi::SQLITE_CONSTRAINT_PRIMARYKEY
        | ffi::SQLITE_CONSTRAINT_ROWID
        | ffi::SQLITE_CONSTRAINT_UNIQUE => RefusalClass::Unique,
        ffi::SQLITE_CONSTRAINT_TRIGGER => RefusalClass::Trigger,
        ffi::SQLITE_CONSTRAINT_DATATYPE | ffi::SQLITE_MISMATCH => RefusalClass::Value,
        ffi::SQLITE_TOOBIG => RefusalClass::TooLong,
        _ => return None,
    };
    // "UNIQUE constraint failed: T.A, T.B", "CHECK constraint failed: CK_1": names, never values.
    // The words of a trigger are somebody's own.
    let named = match class {
        RefusalClass::Trigger | RefusalClass::Value | RefusalClass::TooLong => None,
        _ => message.split_once("constraint failed: ").map(|(_, name)| name.trim()),
    };
    let by = named.filter(|name| !name.is_empty()).map(|name| {
        name.strip_prefix("index '").and_then(|name| name.strip_suffix('\'')).unwrap_or(name)
    });
    Some(Refusal { class, by: by.map(str::to_owned) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_and_words_of_triggers_are_not() {
        let unique = of(ffi::SQLITE_CONSTRAINT_UNIQUE, "UNIQUE constraint failed: T.A, T.B");
        assert_eq!(unique, Some(Refusal::by(RefusalClass::Unique, "T.A, T.B")));
        let index = of(ffi::SQLITE_CONSTRAINT_UNIQUE, "UNIQUE constraint failed: index 'I_1'");
        assert_eq!(index, Some(Refusal::by(RefusalClass::Unique, "I_1")));
        let check = of(ffi::SQLITE_CONSTRAINT_CHECK, "CHECK constraint failed: CK_1");
        assert_eq!(check, Some(Refusal::by(RefusalClass::Check, "CK_1")));
        let foreign = of(ffi::SQLITE_CONSTRAINT_FOREIGNKEY, "FOREIGN KEY constraint failed");
        assert_eq!(foreign, Some(Refusal::unnamed(RefusalClass::ForeignKey)));
        let trigger = of(ffi::SQLITE_CONSTRAINT_TRIGGER, "constraint failed: Anna is blocked");
        assert_eq!(trigger, Some(Refusal::unnamed(RefusalClass::Trigger)));
        assert_eq!(of(ffi::SQLITE_BUSY, "database is locked"), None);
    }
}
