//! The steps of the neighbouring procedures. What is known of one is in
//! [`super::migration::ErrandKnown`].

pub mod compared;
pub mod record;
pub mod scripts;
mod view;
pub mod walkthrough;

use super::keys::Command;

/// Obeys a command that moves in lines to read: the first line seen.
fn scrolled(first: usize, command: Command, lines: usize) -> usize {
    let last = lines.saturating_sub(1);
    match command {
        Command::Up => first.saturating_sub(1),
        Command::Down => first + 1,
        Command::PageUp => first.saturating_sub(10),
        Command::PageDown => first + 10,
        Command::First => 0,
        Command::Last => last,
        _ => first,
    }
    .min(last)
}
