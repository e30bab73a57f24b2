//! A list with a cursor: which line is selected, and which lines are seen.

use super::keys::Command;

/// The cursor of a list, and the first line seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct List {
    /// The selected line.
    pub selected: usize,
    /// The first line seen, as of the last move.
    pub first: usize,
}

impl List {
    /// Obeys a command that moves in lists of so many lines, of which `height` are seen. Says
    /// whether it was one.
    pub fn obey(&mut self, command: Command, lines: usize, height: usize) -> bool {
        let page = height.max(2) - 1;
        let last = lines.saturating_sub(1);
        self.selected = match command {
            Command::Up => self.selected.saturating_sub(1),
            Command::Down => self.selected + 1,
            Command::PageUp => self.selected.saturating_sub(page),
            Command::PageDown => self.selected + page,
            Command::First => 0,
            Command::Last => last,
            _ => return false,
        }
        .min(last);
        self.first = self.window(lines, height).start;
        true
    }

    /// Selects a line.
    pub fn select(&mut self, line: usize, lines: usize, height: usize) {
        self.selected = line.min(lines.saturating_sub(1));
        self.first = self.window(lines, height).start;
    }

    /// Stays within so many lines.
    pub fn within(&mut self, lines: usize) {
        self.selected = self.selected.min(lines.saturating_sub(1));
    }

    /// The lines that are seen: the selected one is among them, whatever the height.
    #[must_use]
    pub fn window(&self, lines: usize, height: usize) -> std::ops::Range<usize> {
        let height = height.max(1);
        let selected = self.selected.min(lines.saturating_sub(1));
        let last_start = lines.saturating_sub(height);
        let lowest = (selected + 1).saturating_sub(height);
        let first = self.first.clamp(lowest, selected.max(lowest)).min(last_start.max(lowest));
        first..(first + height).min(lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_selected_line_is_always_seen() {
        let mut list = List::default();
        for command in
            [Command::Last, Command::PageUp, Command::Up, Command::First, Command::PageDown]
        {
            list.obey(command, 100_000, 7);
            assert!(list.window(100_000, 7).contains(&list.selected), "{command:?} {list:?}");
            assert_eq!(list.window(100_000, 7).len(), 7);
            assert!(list.window(100_000, 3).contains(&list.selected));
        }
    }

    #[test]
    fn moving_up_scrolls_only_at_the_edge() {
        let mut list = List::default();
        list.obey(Command::Last, 20, 5);
        assert_eq!(list.window(20, 5), 15..20);
        list.obey(Command::Up, 20, 5);
        assert_eq!(list.window(20, 5), 15..20);
    }

    #[test]
    fn an_empty_list_does_no_harm() {
        let mut list = List::default();
        assert!(list.obey(Command::Down, 0, 5));
        assert_eq!(list.selected, 0);
        assert!(list.window(0, 5).is_empty());
    }
}
