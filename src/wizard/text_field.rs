//! One line of text that a person edits.
//!
//! The editing is `tui_textarea`'s; which key does what is the key table's. Nothing pasted gets
//! in that is not a character of a line.

use tui_textarea::{CursorMove, TextArea};
use unicode_width::UnicodeWidthStr;

use super::keys::Command;

/// More characters than any name, path or password has.
pub(super) const LONGEST: usize = 1000;

/// A line of text with a cursor.
#[derive(Clone, Debug, Default)]
pub struct TextField {
    area: Box<TextArea<'static>>,
}

impl TextField {
    /// A field that holds this text, the cursor behind it.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut field = Self::default();
        field.paste(text);
        field
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        self.area.lines().first().map_or("", String::as_str)
    }

    /// Replaces the text.
    pub fn set(&mut self, text: &str) {
        *self = Self::new(text);
    }

    /// The cursor's place, in characters.
    #[must_use]
    pub fn cursor(&self) -> usize {
        self.area.cursor().1
    }

    /// Types a character; control characters are left aside.
    pub fn type_in(&mut self, c: char) {
        if !c.is_control() && self.text().chars().count() < LONGEST {
            self.area.insert_char(c);
        }
    }

    /// Types many: line ends and other control characters are left aside, and what is longer than
    /// any name is cut.
    pub fn paste(&mut self, text: &str) {
        for c in text.trim_matches(['\r', '\n']).chars().take(LONGEST) {
            self.type_in(if matches!(c, '\n' | '\r' | '\t') { ' ' } else { c });
        }
    }

    /// Obeys a command of editing; says whether it was one.
    pub fn obey(&mut self, command: Command) -> bool {
        match command {
            Command::Left => self.area.move_cursor(CursorMove::Back),
            Command::Right => self.area.move_cursor(CursorMove::Forward),
            Command::First => self.area.move_cursor(CursorMove::Head),
            Command::Last => self.area.move_cursor(CursorMove::End),
            Command::EraseBack => {
                self.area.delete_char();
            }
            Command::EraseHere => {
                self.area.delete_next_char();
            }
            Command::EraseWord => {
                self.area.delete_word();
            }
            Command::EraseToStart => {
                self.area.delete_line_by_head();
            }
            Command::EraseToEnd => {
                self.area.delete_line_by_end();
            }
            _ => return false,
        }
        true
    }

    /// The part of the text that is seen in so many columns, and the cursor's column in it.
    #[must_use]
    pub fn seen(&self, width: usize) -> (String, usize) {
        seen(self.text(), self.cursor(), width)
    }
}

/// The part of a text around its cursor that fits into so many columns, and the cursor's column.
#[must_use]
pub fn seen(text: &str, cursor: usize, width: usize) -> (String, usize) {
    let characters: Vec<char> = text.chars().collect();
    let wide = |characters: &[char]| -> usize {
        let text: String = characters.iter().collect();
        text.width()
    };
    let room = width.saturating_sub(1);
    let mut start = 0;
    while start < cursor && wide(&characters[start..cursor.min(characters.len())]) > room {
        start += 1;
    }
    let mut end = start;
    while end < characters.len() && wide(&characters[start..=end]) <= width {
        end += 1;
    }
    let column = wide(&characters[start..cursor.min(characters.len()).max(start)]);
    (characters[start..end].iter().collect(), column.min(room))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pasted_is_one_line_without_control_characters() {
        let mut field = TextField::default();
        field.paste("prod\u{1b}[31m\nserver\r\n");
        assert_eq!(field.text(), "prod[31m server");
        let mut field = TextField::default();
        field.paste(&"x".repeat(10_000));
        assert_eq!(field.text().len(), LONGEST);
        field.type_in('y');
        assert_eq!(field.text().len(), LONGEST);
    }

    #[test]
    fn a_cursor_is_always_within_what_is_seen() {
        for cursor in 0..=30 {
            for width in 1..12 {
                let text = "ab漢字cdefghijklmnopqrstuvwxyz12";
                let (part, column) = seen(text, cursor, width);
                assert!(part.width() <= width && column < width, "{cursor} {width} {part:?}");
            }
        }
    }

    #[test]
    fn it_is_edited_as_in_a_shell() {
        let mut field = TextField::new("one two");
        field.obey(Command::EraseWord);
        assert_eq!(field.text(), "one ");
        field.obey(Command::First);
        field.obey(Command::EraseHere);
        assert_eq!(field.text(), "ne ");
        field.obey(Command::EraseToEnd);
        assert_eq!(field.text(), "");
    }
}
