//! Lines in and out, for plain mode.

use std::io::{BufRead as _, IsTerminal as _, Write as _, stdin, stdout};

use tokio::sync::mpsc::{self, UnboundedReceiver};

use super::signals::Signals;

/// Lines that are typed, read by a thread of their own: a run goes on while nobody types.
pub(super) struct Lines {
    receiver: UnboundedReceiver<Option<String>>,
    wanted: std::sync::mpsc::Sender<bool>,
    /// The system's wishes that the program may end.
    pub(super) signals: Signals,
}

impl Lines {
    /// Nothing is read before it is asked for.
    pub(super) fn start() -> std::io::Result<Self> {
        let (sender, receiver) = mpsc::unbounded_channel();
        let (wanted, wants) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            while let Ok(is_secret) = wants.recv() {
                let line = if is_secret && stdin().is_terminal() {
                    rpassword::read_password().ok()
                } else {
                    let mut line = String::new();
                    match stdin().lock().read_line(&mut line) {
                        Ok(0) | Err(_) => None,
                        Ok(_) => Some(line.trim_end_matches(['\r', '\n']).to_owned()),
                    }
                };
                let is_end = line.is_none();
                if sender.send(line).is_err() || is_end {
                    return;
                }
            }
        });
        Ok(Self { receiver, wanted, signals: Signals::new()? })
    }

    /// The next line; `None` at the end of the input, or when the system wants the program to end.
    pub(super) async fn next(&mut self, is_secret: bool) -> Option<String> {
        // A reader that is gone has met the end of the input.
        let _ = self.wanted.send(is_secret);
        tokio::select! {
            line = self.receiver.recv() => line.flatten(),
            () = self.signals.next() => {
                // What is typed next stands on a line of its own.
                let _ = say("");
                None
            }
        }
    }
}

/// Says a line.
pub(super) fn say(text: &str) -> std::io::Result<()> {
    let mut out = stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}

/// Asks for a line.
pub(super) fn prompt(text: &str) -> std::io::Result<()> {
    let mut out = stdout().lock();
    write!(out, "{text}")?;
    out.flush()
}

/// Says choices, each with its number.
pub(super) fn list(choices: &[String]) -> std::io::Result<()> {
    for (number, choice) in (1..).zip(choices) {
        say(&format!("  {number}  {choice}"))?;
    }
    Ok(())
}
