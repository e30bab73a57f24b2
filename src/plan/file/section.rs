//! One table of a plan, read key by key.

use std::ops::Range;
use std::path::PathBuf;

use toml_edit::{Item, TableLike, Value};

use super::notes::{Note, Notes};

/// The kinds of tables, each with the keys that it may hold.
pub(super) struct Kind {
    /// How the table is headed; nothing for the file itself.
    pub(super) heading: &'static str,
    /// Its keys.
    pub(super) keys: &'static [&'static str],
}

/// One table.
pub(super) struct Section<'a> {
    label: String,
    place: Option<Range<usize>>,
    table: &'a dyn TableLike,
}

impl<'a> Section<'a> {
    /// A table that `label` names for the person; keys that do not belong there are noted.
    pub(super) fn new(
        label: String,
        place: Option<Range<usize>>,
        table: &'a dyn TableLike,
        kind: &Kind,
        notes: &mut Notes,
    ) -> Self {
        let section = Self { label, place, table };
        for (key, _) in section.table.iter() {
            if kind.keys.contains(&key) {
                continue;
            }
            let under = if section.label.is_empty() {
                String::new()
            } else {
                format!(" under {}", section.label)
            };
            let near = nearest(key, kind.keys).filter(|near| !section.has(near));
            let near = near.map_or_else(String::new, |near| format!("; did you mean {near:?}?"));
            notes
                .add(section.place_of(key), format!("unknown key {key:?}{under}"))
                .advise(near)
                .instead(" was left aside");
        }
        section
    }

    /// The item of a key, if it is there.
    pub(super) fn item(&self, key: &str) -> Option<&'a Item> {
        self.table.get(key).filter(|item| !item.is_none())
    }

    /// Whether a key is there.
    pub(super) fn has(&self, key: &str) -> bool {
        self.item(key).is_some()
    }

    /// Where a key stands.
    pub(super) fn place_of(&self, key: &str) -> Option<Range<usize>> {
        let (key, item) = self.table.get_key_value(key)?;
        key.span().or_else(|| item.span())
    }

    /// A key as messages name it.
    pub(super) fn name(&self, key: &str) -> String {
        if self.label.is_empty() { key.to_owned() } else { format!("{} {key}", self.label) }
    }

    /// Notes something about a key.
    pub(super) fn note<'n>(&self, key: &str, what: &str, notes: &'n mut Notes) -> &'n mut Note {
        notes.add(self.place_of(key), format!("{}{what}", self.name(key)))
    }

    /// Notes something about the table as a whole.
    pub(super) fn note_whole<'n>(&self, what: &str, notes: &'n mut Notes) -> &'n mut Note {
        notes.add(self.place.clone(), format!("{} {what}", self.label))
    }

    /// Notes that an item is of another type than it should be.
    pub(super) fn note_type(&self, key: &str, item: &Item, wanted: &str, notes: &mut Notes) {
        let what = format!(" has to be {wanted} and is {}", type_of(item));
        self.note(key, &what, notes).instead(" and was left aside");
    }

    /// A text.
    pub(super) fn text(&self, key: &str, notes: &mut Notes) -> Option<String> {
        let item = self.item(key)?;
        let text = item.as_str().map(str::to_owned);
        if text.is_none() {
            self.note_type(key, item, "a text", notes);
        }
        text
    }

    /// A path.
    pub(super) fn path(&self, key: &str, notes: &mut Notes) -> Option<PathBuf> {
        self.text(key, notes).map(PathBuf::from)
    }

    /// A whole number.
    pub(super) fn number(&self, key: &str, notes: &mut Notes) -> Option<i64> {
        let item = self.item(key)?;
        let number = item.as_integer();
        if number.is_none() {
            self.note_type(key, item, "a whole number", notes);
        }
        number
    }

    /// Yes or no.
    pub(super) fn flag(&self, key: &str, notes: &mut Notes) -> Option<bool> {
        let item = self.item(key)?;
        let flag = item.as_bool();
        if flag.is_none() {
            self.note_type(key, item, "true or false", notes);
        }
        flag
    }

    /// Texts; none where the key is missing.
    pub(super) fn texts(&self, key: &str, notes: &mut Notes) -> Vec<String> {
        let Some(item) = self.item(key) else { return Vec::new() };
        let Some(array) = item.as_array() else {
            self.note_type(key, item, "a list of texts", notes);
            return Vec::new();
        };
        let mut texts = Vec::new();
        for (place, value) in array.iter().enumerate() {
            if let Some(text) = value.as_str() {
                texts.push(text.to_owned());
            } else {
                let is = type_of_value(value);
                let what = format!(": number {} has to be a text and is {is}", place + 1);
                self.note(key, &what, notes).instead(" and was left aside");
            }
        }
        texts
    }

    /// One of several words; the first of them stands for a key that is missing, and for a word
    /// that nobody knows.
    pub(super) fn word<T: Copy>(&self, key: &str, words: &[(&str, T)], notes: &mut Notes) -> T {
        let (first, default) = words[0];
        self.given_word(key, words, &format!("; {first:?} was taken"), notes).unwrap_or(default)
    }

    /// One of several words, if one is given that is known; `instead` says what an unknown one
    /// leads to.
    pub(super) fn given_word<T: Copy>(
        &self,
        key: &str,
        words: &[(&str, T)],
        instead: &str,
        notes: &mut Notes,
    ) -> Option<T> {
        let given = self.text(key, notes)?;
        let known = words.iter().find(|(word, _)| *word == given).map(|(_, meaning)| *meaning);
        if known.is_none() {
            let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let what = format!(" = {given:?}: it is {}", one_of(&words));
            self.note(key, &what, notes).instead(instead);
        }
        known
    }

    /// A table below this one, if it is there.
    pub(super) fn table(&self, key: &str, notes: &mut Notes) -> Option<&'a dyn TableLike> {
        let item = self.item(key)?;
        let table = item.as_table_like();
        if table.is_none() {
            self.note_type(key, item, &format!("a table, [{key}],"), notes);
        }
        table
    }
}

/// `"a", "b" or "c"`.
pub(super) fn one_of(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("{word:?}")).collect();
    match quoted.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} or {last}", others.join(", ")),
        _ => quoted.concat(),
    }
}

/// The known word that a wrong one is near to.
fn nearest<'w>(given: &str, known: &[&'w str]) -> Option<&'w str> {
    known
        .iter()
        .map(|word| (strsim::jaro_winkler(word, given), *word))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, word)| word)
}

pub(super) fn type_of_value(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "a text",
        Value::Integer(_) => "a whole number",
        Value::Float(_) => "a number",
        Value::Boolean(_) => "true or false",
        Value::Datetime(_) => "a date",
        Value::Array(_) => "a list",
        Value::InlineTable(_) => "a table",
    }
}

fn type_of(item: &Item) -> &'static str {
    match item {
        Item::None => "nothing",
        Item::Value(value) => type_of_value(value),
        Item::Table(_) => "a table",
        Item::ArrayOfTables(_) => "a list of tables",
    }
}
