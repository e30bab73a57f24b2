//! `osferry` without a command, and `osferry practice`: the wizard.

use super::ending::{Exit, Trouble};
use crate::front::Home;
use crate::terminal::{self, Begin, Wishes};

/// Opens the wizard; how the last run ended is how the program ends.
pub(super) async fn open(home: &Home, begin: Begin, wishes: Wishes) -> Result<Exit, Trouble> {
    let is_plain = wishes.plain || !terminal::has_screen();
    let ended = if is_plain {
        terminal::plain::run(home.clone(), begin).await
    } else {
        terminal::run(home.clone(), begin, wishes).await
    };
    let verdict =
        ended.map_err(|error| Trouble::refused(format!("the terminal cannot be used: {error}")))?;
    Ok(verdict.map_or(Exit::Done, Exit::from))
}
