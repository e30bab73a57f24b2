//! The terminal's life: what is switched on is switched off on every way out.

use std::cell::Cell;
use std::io::{Write, stdout};
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::cursor::{Hide, Show};
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::execute;
use crossterm::style::ResetColor;
use crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, SetTitle, disable_raw_mode, enable_raw_mode,
};

/// Whether the screen is ours.
static ON: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// Whether this thread draws the screen: when it panics, the screen is lost.
    static DRAWS: Cell<bool> = const { Cell::new(false) };
}

/// Takes the screen.
pub fn enter() -> std::io::Result<()> {
    DRAWS.set(true);
    ON.store(true, Ordering::SeqCst);
    let entered = enable_raw_mode()
        .and_then(|()| execute!(stdout(), EnterAlternateScreen, EnableBracketedPaste, Hide));
    if entered.is_err() {
        restore();
    }
    entered
}

/// Gives the screen back: safe to call twice, and from a panic hook. Errors are nobody's: the
/// terminal may be gone.
pub fn restore() {
    if !ON.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = stdout();
    let _ = execute!(out, ResetColor, DisableBracketedPaste, SetTitle(""), LeaveAlternateScreen, Show);
    let _ = disable_raw_mode();
    let _ = out.flush();
}

/// What a panic does to the screen. One in the thread that draws gives it back; one in a job's
/// thread must not write over it: the job's end is told in the ordinary way.
#[must_use]
pub fn on_panic() -> Panicked {
    if !ON.load(Ordering::SeqCst) {
        return Panicked::Say;
    }
    if DRAWS.get() {
        restore();
        Panicked::Say
    } else {
        Panicked::KeepQuiet
    }
}

/// Whether a panic is said on standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Panicked {
    /// Yes.
    Say,
    /// No: the screen is in use.
    KeepQuiet,
}
