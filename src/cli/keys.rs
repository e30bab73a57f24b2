//! `osferry keys`: the wizard's keys, from the table that its footer and its help come from.

use super::ending::Exit;
use super::show;
use crate::wizard::help;

/// Fits any terminal.
const WIDTH: usize = 80;

pub(super) fn keys() -> Exit {
    let sections: Vec<String> =
        help::all().iter().map(|section| section.lines(WIDTH).join("\n")).collect();
    show::result(&sections.join("\n\n"));
    Exit::Done
}
