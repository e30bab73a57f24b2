//! The key table as people read it: in the help of each screen, and all of it for `osferry keys`.

use super::keys::{Binding, EDITING, EVERYWHERE, MOVING};
use super::look::{text_width, wrap};
use super::{home, overlay, steps};
use crate::procedures::Errand;

/// Keys that belong together, under one title.
#[derive(Clone, Debug)]
pub struct Section {
    /// Where they work.
    pub title: String,
    /// The keys and what they do.
    pub bindings: &'static [Binding],
}

/// Columns of the keys, the widest of the table with what sets it apart.
const KEYS: usize = 21;

impl Section {
    fn new(title: impl Into<String>, bindings: &'static [Binding]) -> Self {
        Self { title: title.into(), bindings }
    }

    /// Its lines, the title first, none wider than this.
    #[must_use]
    pub fn lines(&self, width: usize) -> Vec<String> {
        let mut lines = vec![self.title.to_uppercase()];
        for binding in self.bindings {
            let mut keys = format!("  {}", binding.keys_text());
            for part in wrap(binding.help, width.saturating_sub(KEYS)) {
                let blank = KEYS.saturating_sub(text_width(&keys));
                lines.push(format!("{keys}{}{part}", " ".repeat(blank)));
                keys.clear();
            }
        }
        lines
    }
}

/// The keys that work on every screen.
#[must_use]
pub fn general() -> Vec<Section> {
    vec![
        Section::new("Everywhere", EVERYWHERE),
        Section::new("In lists and between fields", MOVING),
        Section::new("In text fields", EDITING),
    ]
}

/// The keys of one screen.
#[must_use]
pub fn of_screen(bindings: &'static [Binding]) -> Section {
    Section::new("On this screen", bindings)
}

/// All keys: those of every screen, then each screen's own.
#[must_use]
pub fn all() -> Vec<Section> {
    let mut all = general();
    all.push(Section::new("In questions and messages", overlay::KEYS));
    all.push(Section::new("Home", home::KEYS));
    for (place, step) in steps::all().iter().enumerate() {
        all.push(Section::new(format!("Step {}, {}", place + 1, step.name()), step.keys()));
    }
    for errand in Errand::ALL {
        // Connect's are those of a migration, and stand there.
        for step in steps::of(Some(errand)).iter().filter(|step| step.name() != "Connect") {
            let title = format!("{}, {}", errand.label(), step.name());
            all.push(Section::new(title, step.keys()));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_never_runs_into_its_keys_or_out_of_its_width() {
        for section in all() {
            for width in [50, 66, 80] {
                for (line, keys) in section.lines(width).iter().map(|line| (line, line.trim())) {
                    assert!(text_width(line) <= width, "{width}: {line}");
                    assert!(!keys.is_empty());
                }
            }
            for binding in section.bindings {
                assert!(text_width(&binding.keys_text()) + 3 < KEYS, "{}", binding.keys_text());
            }
        }
    }

    #[test]
    fn a_long_text_goes_on_below_its_start() {
        let section = Section::new("Here", EVERYWHERE);
        let lines = section.lines(50);
        let at = lines.iter().position(|line| line.starts_with("  Ctrl+C")).expect("a line");
        assert_eq!(lines[at], "  Ctrl+C             ask to leave; during a run:");
        assert_eq!(lines[at + 1], "                     pause, stop or go on");
    }
}
