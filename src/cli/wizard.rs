//! `osferry` without a command, and `osferry practice`: the wizard.

use super::ending::{Exit, Trouble};
use crate::front::Home;
use crate::terminal::{self, Begin, Wishes};

/// Opens the wizard; how the last run ended is how the program ends.
pub(super) async fn open(home: &Home, begin: Begin, wishes: Wishes) -> Result<Exit, Trouble> {
    if !terminal::has_screen() {
        return Err(Trouble::refused(
            "the wizard needs a terminal\n  `osferry --help` lists the commands that need none.",
        ));
    }
    let verdict = terminal::run(home.clone(), begin, wishes)
        .await
        .map_err(|error| Trouble::refused(format!("the terminal cannot be used: {error}")))?;
    Ok(verdict.map_or(Exit::Done, Exit::from))
}
