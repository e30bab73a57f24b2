//! Lines in and out, for plain mode.

use std::io::{BufRead as _, IsTerminal as _, Write as _, stdin, stdout};

use tokio::sync::mpsc::{self, UnboundedReceiver};

use super::signals::Signals;

/// Lines that are typed, and the system's wishes that the program may end.
pub(super) struct Lines {
    pub(super) typed: Typed,
    pub(super) signals: Signals,
}

impl Lines {
    /// Nothing is read before it is asked for.
    pub(super) fn start() -> std::io::Result<Self> {
        Ok(Self { typed: Typed::start(), signals: Signals::new()? })
    }

    /// The next line; `None` at the end of the input, or when the system wants the program to end.
    pub(super) async fn next(&mut self, is_secret: bool) -> Option<String> {
        if is_secret && self.typed.would_show() {
            let _ = prompt("press Enter first: ");
            self.line(false).await?;
        }
        self.line(is_secret).await
    }

    async fn line(&mut self, is_secret: bool) -> Option<String> {
        tokio::select! {
            line = self.typed.next(is_secret) => line,
            () = self.signals.next() => {
                // What is typed next stands on a line of its own.
                let _ = say("");
                None
            }
        }
    }
}

/// Lines that are typed, read by a thread of their own: a run goes on while nobody types.
pub(super) struct Typed {
    receiver: UnboundedReceiver<Option<String>>,
    wanted: std::sync::mpsc::Sender<bool>,
    /// Whether the thread waits for a line that was asked for before.
    is_awaited: bool,
    /// A line, or the end of the input, that is for the next question.
    kept: Option<Option<String>>,
}

impl Typed {
    fn start() -> Self {
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
        Self { receiver, wanted, is_awaited: false, kept: None }
    }

    /// Whether what is typed next is shown, because the line was begun before.
    fn would_show(&self) -> bool {
        self.kept.is_none() && self.is_awaited && stdin().is_terminal()
    }

    /// The next line; `None` at the end of the input.
    async fn next(&mut self, is_secret: bool) -> Option<String> {
        if let Some(line) = self.kept.take() {
            return line;
        }
        if !std::mem::replace(&mut self.is_awaited, true) {
            // A reader that is gone has met the end of the input.
            let _ = self.wanted.send(is_secret);
        }
        let line = self.receiver.recv().await.flatten();
        self.is_awaited = false;
        line
    }

    /// A line that is typed though nothing was asked. The end of the input is none, and neither is
    /// what was kept.
    pub(super) async fn overhear(&mut self) -> String {
        if self.kept.is_none() {
            match self.next(false).await {
                Some(line) => return line,
                None => self.kept = Some(None),
            }
        }
        std::future::pending().await
    }

    /// Keeps a line for the next question.
    pub(super) fn keep(&mut self, line: String) {
        self.kept = Some(Some(line));
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
