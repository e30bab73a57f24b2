//! Plain mode with somebody at the other end: what is said is waited for, then answered.

use std::io::{Read as _, Write as _};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use super::place::Place;
use crate::program::command;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// A conversation with the program.
pub struct Talk {
    program: Child,
    input: ChildStdin,
    output: Receiver<Vec<u8>>,
    said: Vec<u8>,
    /// How far what was said has been heard.
    heard: usize,
}

impl Talk {
    /// Begins it.
    pub fn start(place: &Place, words: &[&str]) -> Self {
        let mut program = command(&place.path("."), &place.home(), words, &[])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut out = program.stdout.take().expect("its output");
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut part = [0; 4096];
            while let Ok(count @ 1..) = out.read(&mut part) {
                if sender.send(part[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        let input = program.stdin.take().expect("its input");
        Self { program, input, output, said: Vec::new(), heard: 0 }
    }

    /// Waits until it says this, after what was heard before. Line ends and blanks are alike.
    pub fn hears(&mut self, wanted: &str) -> &mut Self {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let said = String::from_utf8_lossy(&self.said).into_owned();
            if let Some(at) = said.get(self.heard..).and_then(|rest| rest.find(wanted)) {
                self.heard += at + wanted.len();
                return self;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left) {
                Ok(part) => self.said.extend(part),
                Err(_) => panic!("{wanted:?} was not said:\n{said}"),
            }
        }
    }

    /// Chooses the item of a numbered list whose text has this in it.
    pub fn chooses(&mut self, text: &str) -> &mut Self {
        self.hears("Choose 1 to ");
        let said = String::from_utf8_lossy(&self.said[..self.heard]).into_owned();
        let numbered = |line: &str| {
            let (number, item) = line.trim_start().split_once("  ")?;
            let number: usize = number.parse().ok()?;
            item.contains(text).then_some(number)
        };
        let number = said.lines().rev().find_map(numbered);
        let number = number.unwrap_or_else(|| panic!("{text:?} cannot be chosen:\n{said}"));
        self.says(&number.to_string())
    }

    /// Types a line.
    pub fn says(&mut self, line: &str) -> &mut Self {
        writeln!(self.input, "{line}").expect("it listens");
        self
    }

    /// Everything that was said so far.
    pub fn said(&self) -> String {
        String::from_utf8_lossy(&self.said).into_owned()
    }

    /// Waits for its end.
    pub fn ends(&mut self) -> Option<i32> {
        self.program.wait().expect("it ends").code()
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}
