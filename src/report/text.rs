//! Numbers, lines and names as reports show them.

/// Columns that a line on a terminal may take.
pub(super) const WIDTH: usize = 80;

/// A number with its thousands apart: `1,284,322`.
pub(crate) fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut shown = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// A number with what it counts: `1 row`, `2 rows`.
pub(crate) fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", number(count), if count == 1 { one } else { many })
}

/// Bytes, rounded: `2.1 GB`, `350 KB`. Units are powers of 1,000, as disks are sold.
pub(super) fn bytes(bytes: u64) -> String {
    let mut unit = 1_000;
    for name in ["KB", "MB", "GB"] {
        let (whole, tenth) = (bytes / unit, bytes % unit / (unit / 10));
        // Just below the next unit it is rounded into that.
        if bytes < 10 * unit && bytes >= unit && tenth > 0 {
            return format!("{whole}.{tenth} {name}");
        }
        if bytes < 1_000 * unit {
            return format!("{} {name}", number(bytes.div_ceil(unit).min(999)));
        }
        unit *= 1_000;
    }
    format!("{} TB", number(bytes.div_ceil(unit)))
}

/// Rows, counted.
pub(super) fn rows(count: u64) -> String {
    counted(count, "row", "rows")
}

/// Text on one line: names come from databases and may hold line ends or what steers a terminal.
pub(super) fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()) {
        if !word.is_empty() {
            if !shown.is_empty() {
                shown.push(' ');
            }
            shown.push_str(word);
        }
    }
    shown
}

/// Text as Markdown shows it unchanged, on one line, in tables too.
pub(super) fn escaped(text: &str) -> String {
    let text = plain(text);
    let characters: Vec<char> = text.chars().collect();
    let mut shown = String::with_capacity(text.len());
    for (place, character) in characters.iter().enumerate() {
        let is_special = match character {
            '\\' | '`' | '*' | '[' | ']' | '<' | '>' | '|' | '~' => true,
            // Inside a word it stands for itself: Claims_CS stays readable as text.
            '_' => {
                let is_word = |place: Option<usize>| {
                    place
                        .and_then(|place| characters.get(place))
                        .is_some_and(|c| c.is_alphanumeric())
                };
                !(is_word(place.checked_sub(1)) && is_word(Some(place + 1)))
            }
            '#' | '+' | '-' | '=' => place == 0,
            '&' => true,
            _ => false,
        };
        if is_special {
            shown.push('\\');
        }
        shown.push(*character);
    }
    shown
}

/// Text in lines of at most `width` characters, broken between words. The first line starts with
/// `first`, the others with `rest`. A word longer than a line stands alone, whole.
pub(super) fn wrapped(text: &str, width: usize, first: &str, rest: &str) -> String {
    let mut lines = String::new();
    let mut line = first.to_owned();
    let mut used = first.chars().count();
    let mut is_empty = true;
    for word in plain(text).split(' ') {
        let length = word.chars().count();
        if !is_empty && used + 1 + length > width {
            lines.push_str(line.trim_end());
            lines.push('\n');
            line = rest.to_owned();
            used = rest.chars().count();
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
            used += 1;
        }
        line.push_str(word);
        used += length;
        is_empty = false;
    }
    lines.push_str(line.trim_end());
    lines.push('\n');
    lines
}

/// The first of some names, and how many more there are.
pub(super) fn some_of(names: &[String], shown: usize, all: u64) -> String {
    let mut text = names.iter().take(shown).cloned().collect::<Vec<_>>().join(", ");
    let more = all.saturating_sub(names.len().min(shown) as u64);
    if more > 0 && !text.is_empty() {
        text.push_str(&format!(" and {} more", number(more)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(number(0), "0");
        assert_eq!(number(999), "999");
        assert_eq!(number(1_000), "1,000");
        assert_eq!(number(1_284_322), "1,284,322");
    }

    #[test]
    fn names_cannot_break_a_table_or_steer_a_terminal() {
        assert_eq!(escaped("a|b\nc"), "a\\|b c");
        assert_eq!(escaped("Claims_CS._x_ *y*"), "Claims_CS.\\_x\\_ \\*y\\*");
        assert_eq!(escaped("# no heading <b>"), "\\# no heading \\<b\\>");
        assert_eq!(plain("a\u{1b}[2Jb\tc\r\n"), "a [2Jb c");
    }

    #[test]
    fn lines_break_between_words() {
        assert_eq!(wrapped("one two three", 9, "- ", "  "), "- one two\n  three\n");
        assert_eq!(wrapped("far-too-long-a-word x", 5, "", "  "), "far-too-long-a-word\n  x\n");
        assert_eq!(wrapped("", 9, "", ""), "\n");
    }

    #[test]
    fn the_rest_is_counted() {
        let names = ["a".to_owned(), "b".to_owned()];
        assert_eq!(some_of(&names, 10, 2), "a, b");
        assert_eq!(some_of(&names, 1, 1_200), "a and 1,199 more");
        assert_eq!(some_of(&[], 1, 3), "");
    }
}
