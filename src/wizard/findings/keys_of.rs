//! The keys, one by one, for the tables of the steps: a constant cannot join others in a table.

use super::super::keys::{Binding, Command, Key};

/// The same decision for all of a kind.
pub const SAME_KIND: &str = "same-kind";
/// The recommended decision of everything open.
pub const ALL_RECOMMENDED: &str = "all-recommended";
/// Another order.
pub const SORT: &str = "sort";
/// Show or hide blocks.
pub const BLOCKS: &str = "blocks";
/// Show or hide warnings.
pub const WARNINGS: &str = "warnings";
/// Show or hide notes.
pub const NOTES: &str = "notes";

/// Space.
pub const TOGGLE: Binding = Binding::new(
    Command::Toggle,
    &[Key::Char(' ')],
    "recommended",
    "take the recommended decision; again: take it back",
);
/// Enter.
pub const OPEN: Binding = Binding::new(
    Command::Open,
    &[Key::Enter],
    "decide",
    "into the choices of the selected finding; Enter takes one, Esc leaves",
)
.in_text();
/// `A`
pub const SAME: Binding = Binding::new(
    Command::Own(SAME_KIND),
    &[Key::Char('A')],
    "same kind",
    "the same decision for all findings of this kind, after a question",
);
/// `R`
pub const ALL: Binding = Binding::new(
    Command::Own(ALL_RECOMMENDED),
    &[Key::Char('R')],
    "all open",
    "the recommended decision of everything open here, after a question",
);
/// `s`
pub const ORDER: Binding = Binding::new(
    Command::Own(SORT),
    &[Key::Char('s')],
    "order",
    "change the order: severity, name, rows",
);
/// `/`
pub const FILTER: Binding = Binding::new(
    Command::Filter,
    &[Key::Char('/')],
    "find",
    "show only what holds a text; Enter keeps it, Esc clears it",
);
/// Ctrl+T
pub const RECHECK: Binding = Binding::new(
    Command::Recheck,
    &[Key::Control('t')],
    "compare",
    "compare both environments anew, rows counted again",
)
.in_text();
/// `b`
pub const BLOCKS_KEY: Binding = Binding::new(
    Command::Own(BLOCKS),
    &[Key::Char('b')],
    "blocks",
    "show or hide what blocks the run",
)
.not_in_footer();
/// `w`
pub const WARNINGS_KEY: Binding =
    Binding::new(Command::Own(WARNINGS), &[Key::Char('w')], "warnings", "show or hide warnings")
        .not_in_footer();
/// `n`
pub const NOTES_KEY: Binding =
    Binding::new(Command::Own(NOTES), &[Key::Char('n')], "notes", "show or hide notes")
        .not_in_footer();
