//! Tables as text: RFC 4180, UTF-8, with a byte order mark or without.

/// A line of a table, which may go over several lines of its file.
pub(super) struct Row {
    /// The line of the file on which it begins, from 1.
    pub(super) line: usize,
    /// Its cells.
    pub(super) cells: Vec<String>,
}

/// Why a text is no table: the line, and the reason.
pub(super) type Wrong = (usize, &'static str);

/// The rows of a table, without those that are empty.
pub(super) fn parse(text: &str) -> Result<Vec<Row>, Wrong> {
    let mut reader = Reader { rest: text.strip_prefix('\u{feff}').unwrap_or(text), line: 1 };
    let mut rows = Vec::new();
    while !reader.rest.is_empty() {
        let row = reader.row()?;
        if row.cells.iter().any(|cell| !cell.trim().is_empty()) {
            rows.push(row);
        }
    }
    Ok(rows)
}

struct Reader<'a> {
    rest: &'a str,
    line: usize,
}

impl Reader<'_> {
    fn row(&mut self) -> Result<Row, Wrong> {
        let mut row = Row { line: self.line, cells: Vec::new() };
        loop {
            row.cells.push(self.cell()?);
            if let Some(rest) = self.rest.strip_prefix(',') {
                self.rest = rest;
                continue;
            }
            let rest =
                self.rest.strip_prefix("\r\n").or_else(|| self.rest.strip_prefix(['\n', '\r']));
            self.rest = rest.unwrap_or(self.rest);
            self.line += 1;
            return Ok(row);
        }
    }

    fn cell(&mut self) -> Result<String, Wrong> {
        let ends = |rest: &str| rest.is_empty() || rest.starts_with([',', '\r', '\n']);
        let Some(mut rest) = self.rest.strip_prefix('"') else {
            let end = self.rest.find([',', '\r', '\n']).unwrap_or(self.rest.len());
            let (cell, rest) = self.rest.split_at(end);
            if cell.contains('"') {
                return Err((self.line, "a quotation mark stands in a cell that is not in quotes"));
            }
            self.rest = rest;
            return Ok(cell.to_owned());
        };
        let start = self.line;
        let mut cell = String::new();
        loop {
            let Some(end) = rest.find('"') else {
                return Err((start, "a quotation mark is opened and never closed"));
            };
            let (part, after) = rest.split_at(end);
            self.line += part.matches('\n').count();
            cell.push_str(part);
            rest = &after[1..];
            match rest.strip_prefix('"') {
                Some(further) => {
                    cell.push('"');
                    rest = further;
                }
                None if ends(rest) => {
                    self.rest = rest;
                    return Ok(cell);
                }
                None => return Err((self.line, "something follows a closing quotation mark")),
            }
        }
    }
}

/// A row as a line of text.
pub(super) fn line<'a>(cells: impl IntoIterator<Item = &'a str>) -> String {
    let cells: Vec<String> = cells
        .into_iter()
        .map(|cell| {
            if cell.contains(['"', ',', '\n', '\r']) || cell.trim() != cell {
                format!("\"{}\"", cell.replace('"', "\"\""))
            } else {
                cell.to_owned()
            }
        })
        .collect();
    // Other programs know these line ends too.
    format!("{}\r\n", cells.join(","))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cells(text: &str) -> Vec<(usize, Vec<String>)> {
        let rows = parse(text).unwrap_or_else(|wrong| unreachable!("{wrong:?}"));
        rows.into_iter().map(|row| (row.line, row.cells)).collect()
    }

    #[test]
    fn a_byte_order_mark_quotes_and_both_line_ends_are_understood() {
        let text = "\u{feff}a,b\r\n\"x, \"\"y\"\"\",\n\n\"two\nlines\",z\n,\nlast";
        let own = |cells: &[&str]| cells.iter().map(|&cell| cell.to_owned()).collect();
        assert_eq!(
            cells(text),
            [
                (1, own(&["a", "b"])),
                (2, own(&["x, \"y\"", ""])),
                (4, own(&["two\nlines", "z"])),
                (7, own(&["last"])),
            ]
        );
    }

    #[test]
    fn a_damaged_text_is_refused_with_its_line() {
        for (text, line) in [("a\nb\"c", 2), ("a\n\"b", 2), ("\"a\nb\"c", 2), ("\"a\" ,b", 1)] {
            assert_eq!(parse(text).err().map(|wrong| wrong.0), Some(line), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(rows in prop::collection::vec(
            prop::collection::vec("[ -~äß\n\r\"]{0,8}", 1..4), 0..5)
        ) {
            let text: String =
                rows.iter().map(|row| line(row.iter().map(String::as_str))).collect();
            let kept: Vec<Vec<String>> = rows
                .into_iter()
                .filter(|row| row.iter().any(|cell| !cell.trim().is_empty()))
                .collect();
            let read: Vec<Vec<String>> = cells(&text).into_iter().map(|(_, row)| row).collect();
            prop_assert_eq!(read, kept);
        }
    }
}
