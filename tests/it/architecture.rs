//! The walls between modules (`design.md` §3), read from the sources.

#![expect(clippy::expect_used, reason = "a test says what is wrong by panicking")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A module of the crate and the modules it may use.
struct Wall {
    module: &'static str,
    may_use: &'static [&'static str],
}

/// Who may use whom. A new module needs a line here.
const WALLS: &[Wall] = &[
    Wall { module: "database", may_use: &[] },
    Wall { module: "outsystems", may_use: &["database"] },
    Wall { module: "compare", may_use: &["outsystems", "database"] },
    Wall { module: "plan", may_use: &["compare", "outsystems", "database"] },
    // Of `proof` only what it notes for it: the digest taken at reading, and the picture of the
    // destination before the first write.
    Wall { module: "migrate", may_use: &["proof", "plan", "compare", "outsystems", "database"] },
    // Of `migrate` the journal only.
    Wall { module: "proof", may_use: &["migrate", "plan", "compare", "outsystems", "database"] },
    Wall {
        module: "report",
        may_use: &["proof", "migrate", "plan", "compare", "outsystems", "database"],
    },
    Wall { module: "practice", may_use: &["outsystems", "database"] },
    Wall { module: "procedures", may_use: &["outsystems", "database"] },
    Wall {
        module: "wizard",
        may_use: &[
            "report",
            "proof",
            "migrate",
            "plan",
            "compare",
            "outsystems",
            "database",
            "practice",
            "procedures",
        ],
    },
    // What the shells share; the wizard's state asks for it by effects.
    Wall {
        module: "front",
        may_use: &[
            "report",
            "proof",
            "migrate",
            "plan",
            "compare",
            "outsystems",
            "database",
            "practice",
            "procedures",
        ],
    },
    Wall { module: "terminal", may_use: ANYTHING },
    Wall { module: "cli", may_use: ANYTHING },
];

const ANYTHING: &[&str] = &[
    "cli",
    "terminal",
    "wizard",
    "front",
    "report",
    "proof",
    "migrate",
    "plan",
    "compare",
    "outsystems",
    "database",
    "practice",
    "procedures",
];

/// Crates that only some places may name.
const CRATES: &[(&str, &[&str])] = &[
    ("tiberius", &["database/sqlserver"]),
    ("rusqlite", &["database/sqlite", "migrate/journal"]),
    ("ratatui", &["terminal", "wizard/…/view.rs", "wizard/look"]),
    ("crossterm", &["terminal"]),
    ("tui_textarea", &["wizard/text_field.rs"]),
    ("clap", &["cli", "main.rs"]),
    ("indicatif", &["cli", "terminal"]),
];

/// What pure code does not do: input and output, waiting, asking for the time.
const IMPURE: &[&str] = &[
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "std::io",
    "std::time::Instant",
    "std::time::SystemTime",
    "Instant::now",
    "SystemTime::now",
    "tokio::",
    "futures::",
    "async_trait",
    "jiff::",
    "async fn",
    ".await",
    "println!",
    "eprintln!",
];

/// The code of a file: comments gone, and what stands in texts.
fn code_of(text: &str) -> String {
    let bytes: Vec<char> = text.chars().collect();
    let mut code = String::new();
    let mut at = 0;
    let starts = |at: usize, word: &str| {
        word.chars().enumerate().all(|(n, c)| bytes.get(at + n) == Some(&c))
    };
    while at < bytes.len() {
        if starts(at, "//") {
            while at < bytes.len() && bytes[at] != '\n' {
                at += 1;
            }
        } else if starts(at, "/*") {
            while at < bytes.len() && !starts(at, "*/") {
                at += 1;
            }
            at += 2;
        } else if starts(at, "r\"") || starts(at, "r#\"") {
            let hashes = usize::from(starts(at, "r#"));
            let end = if hashes == 1 { "\"#" } else { "\"" };
            at += 2 + hashes;
            while at < bytes.len() && !starts(at, end) {
                at += 1;
            }
            at += end.len();
        } else if bytes[at] == '"' {
            at += 1;
            while at < bytes.len() && bytes[at] != '"' {
                at += if bytes[at] == '\\' { 2 } else { 1 };
            }
            at += 1;
        } else if starts(at, "'\"'") {
            at += 3;
        } else {
            code.push(bytes[at]);
            at += 1;
        }
    }
    code
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Whether the code holds these words, not as part of longer ones.
fn has_word(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = code[at + word.len()..].chars().next();
        let longer = word.starts_with(is_word) && before.is_some_and(is_word)
            || word.ends_with(is_word) && after.is_some_and(is_word);
        !longer
    })
}

/// The paths that a prefix such as `crate::` starts, one for each branch of its braces, as far
/// as two names deep.
fn paths_after(code: &str, prefix: &str) -> Vec<(String, Option<String>)> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices(prefix) {
        if code[..at].chars().next_back().is_some_and(|c| is_word(c) || c == ':') {
            continue;
        }
        found.extend(branches(&code[at + prefix.len()..]));
    }
    found
}

/// The first names of what follows a `::`, with the second where it is plain.
fn branches(rest: &str) -> Vec<(String, Option<String>)> {
    let rest = rest.trim_start();
    if let Some(inner) = rest.strip_prefix('{') {
        let mut found = Vec::new();
        let (mut depth, mut start) = (0, 0);
        for (at, c) in inner.char_indices() {
            match c {
                '{' => depth += 1,
                ',' | '}' if depth == 0 => {
                    found.extend(branches(&inner[start..at]));
                    start = at + 1;
                    if c == '}' {
                        break;
                    }
                }
                '}' => depth -= 1,
                _ => {}
            }
        }
        return found;
    }
    let name: String = rest.chars().take_while(|c| is_word(*c)).collect();
    if name.is_empty() {
        return Vec::new();
    }
    let after = rest[name.len()..].trim_start();
    match after.strip_prefix("::") {
        Some(deeper) => {
            let next = branches(deeper);
            if next.is_empty() {
                return vec![(name, None)];
            }
            next.into_iter().map(|(second, _)| (name.clone(), Some(second))).collect()
        }
        None => vec![(name, None)],
    }
}

/// The paths from the crate's root that a file names, those through `super` included.
fn named(file: &str, code: &str) -> Vec<(String, Option<String>)> {
    let mut found = paths_after(code, "crate::");
    let mut module: Vec<&str> = file.trim_end_matches(".rs").split('/').collect();
    if module.last() == Some(&"mod") {
        module.pop();
    }
    // As many `super::` as lead out to the root; what follows then is a module of the crate.
    let up = "super::".repeat(module.len());
    for path in paths_after(code, &up) {
        if path.0 != "super" {
            found.push(path);
        }
    }
    found
}

/// Whether a file holds nothing but tests.
fn is_test(file: &str) -> bool {
    file.ends_with("/tests.rs")
}

/// Whether a file lies in one of the places.
fn lies_in(file: &str, places: &[&str]) -> bool {
    places.iter().any(|place| match place.split_once("/…/") {
        Some((folder, name)) => {
            file.starts_with(&format!("{folder}/")) && file.ends_with(&format!("/{name}"))
        }
        None => {
            file == *place
                || file == format!("{place}.rs")
                || file.starts_with(&format!("{place}/"))
        }
    })
}

/// Whether the file has to be pure.
fn is_pure(file: &str) -> bool {
    lies_in(file, &["compare", "plan"])
        || lies_in(file, &["wizard"])
            && !lies_in(file, &["wizard/…/view.rs", "wizard/text_field.rs"])
}

/// What a file does that it must not; `file` is its path below `src`.
fn violations(file: &str, text: &str) -> Vec<String> {
    let code = code_of(text);
    let mut found = BTreeSet::new();
    let module = file.split('/').next().unwrap_or(file).trim_end_matches(".rs");
    if !matches!(file, "main.rs" | "lib.rs") {
        match WALLS.iter().find(|wall| wall.module == module) {
            None => {
                found.insert(format!("{file}: module {module} has no place among the walls"));
            }
            Some(wall) => {
                for (first, second) in named(file, &code) {
                    let known = WALLS.iter().any(|w| w.module == first);
                    if known && first != module && !wall.may_use.contains(&first.as_str()) {
                        found.insert(format!("{file}: {module} uses {first}"));
                    }
                    if module == "proof"
                        && first == "migrate"
                        && second.as_deref() != Some("journal")
                    {
                        found
                            .insert(format!("{file}: proof uses more of migrate than its journal"));
                    }
                    let is_undo = file.starts_with("migrate/undo/");
                    if module == "migrate"
                        && first == "proof"
                        && !matches!(
                            second.as_deref(),
                            Some("Canonical" | "combine" | "Queues" | "Surroundings")
                        )
                        // Before anything is undone, the proof says what has changed since.
                        && !(is_undo && matches!(second.as_deref(), Some("Changed" | "changed")))
                    {
                        found.insert(format!(
                            "{file}: migrate uses more of proof than what it notes for it"
                        ));
                    }
                }
            }
        }
    }
    for (name, places) in CRATES {
        let path = format!("{name}::");
        let used = !paths_after(&code, &path).is_empty()
            || code.contains(&format!("use {name};"))
            || code.contains(&format!("extern crate {name}"));
        if used && !lies_in(file, places) && !is_test(file) {
            found.insert(format!("{file}: {name} belongs to {}", places.join(", ")));
        }
    }
    if is_pure(file) {
        for word in IMPURE {
            if has_word(&code, word) {
                found.insert(format!("{file}: pure code has {word}"));
            }
        }
        for (first, second) in paths_after(&code, "std::") {
            let path = format!("std::{first}");
            if IMPURE.contains(&path.as_str())
                || second.is_some_and(|s| IMPURE.contains(&format!("{path}::{s}").as_str()))
            {
                found.insert(format!("{file}: pure code uses {path}"));
            }
        }
    }
    found.into_iter().collect()
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn no_wall_is_crossed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    assert!(files.len() > 5, "the sources are not where they are looked for");
    let mut found = Vec::new();
    for path in files {
        let file = path.strip_prefix(&root).expect("below").display().to_string();
        let text = std::fs::read_to_string(&path).expect("a source");
        found.extend(violations(&file.replace('\\', "/"), &text));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn forged_violations_are_found() {
    for (file, text, what) in [
        ("database/mod.rs", "use crate::outsystems::Model;", "database uses outsystems"),
        ("outsystems/model.rs", "use crate::compare;", "outsystems uses compare"),
        ("compare/mod.rs", "use crate::{database::Value, plan::Plan};", "compare uses plan"),
        ("plan/order.rs", "use super::super::migrate::Run;", "plan uses migrate"),
        ("plan/mod.rs", "fn f() { super::migrate::go() }", "plan uses migrate"),
        ("plan/file.rs", "use std::fs;", "std::fs"),
        ("plan/file.rs", "use std::{collections::BTreeMap, fs::File};", "std::fs"),
        ("compare/ask.rs", "pub async fn ask() {}", "async fn"),
        ("compare/ask.rs", "fn now() { std::time::Instant::now(); }", "Instant"),
        ("compare/ask.rs", "use std::time::{Duration, SystemTime};", "std::time"),
        ("proof/mod.rs", "use crate::migrate::remap;", "more of migrate"),
        ("proof/mod.rs", "use crate::migrate::{journal::Journal, run::Run};", "more of migrate"),
        ("migrate/run.rs", "use tiberius::Client;", "tiberius belongs"),
        ("migrate/run.rs", "use rusqlite::Connection;", "rusqlite belongs"),
        ("practice/mod.rs", "fn f() -> rusqlite::Result<()> { Ok(()) }", "rusqlite belongs"),
        ("wizard/scope/mod.rs", "use ratatui::Frame;", "ratatui belongs"),
        ("wizard/scope/mod.rs", "async fn update() {}", "pure code"),
        ("wizard/run/mod.rs", "use crate::front::Home;", "wizard uses front"),
        ("front/home.rs", "use crate::cli::Exit;", "front uses cli"),
        ("front/carry.rs", "use super::super::terminal::Theme;", "front uses terminal"),
        ("front/carry.rs", "use crate::wizard::Model;", "front uses wizard"),
        ("cloud/mod.rs", "", "no place among the walls"),
    ] {
        let found = violations(file, text).join("\n");
        assert!(found.contains(what), "{file}: {text}\nfound: {found}");
    }
}

#[test]
fn what_is_allowed_is_not_complained_about() {
    for (file, text) in [
        ("database/sqlite/mod.rs", "use rusqlite::Connection; use super::Value;"),
        ("database/sqlserver/driver/mod.rs", "use tiberius::Client;"),
        ("migrate/journal.rs", "use rusqlite::Connection; use crate::plan::Plan;"),
        ("migrate/journal/ids.rs", "use rusqlite::Connection;"),
        ("proof/mod.rs", "use crate::migrate::journal::Journal; use crate::database::Source;"),
        ("proof/mod.rs", "use crate::migrate::{journal::{Journal, Entry}};"),
        ("plan/mod.rs", "use crate::compare::Finding; // use crate::migrate;"),
        ("plan/mod.rs", "const WHY: &str = \"std::fs and crate::migrate::x \\\" .await\";"),
        ("plan/mod.rs", "use std::{collections::BTreeMap, fmt, time::Duration};"),
        ("wizard/scope/view.rs", "use ratatui::Frame;"),
        ("terminal/mod.rs", "use crossterm::event; use crate::wizard::Model;"),
        ("compare/ask.rs", "fn f(x: X) -> bool { x.awaits_rows }"),
        ("terminal/effects.rs", "use crate::front::{Home, carry_out};"),
        ("cli/run.rs", "use crate::front::Ready;"),
        ("front/carry.rs", "use crate::migrate::Control; use super::home::Home;"),
        ("main.rs", "use osferry::cli;"),
        ("compare/mod.rs", "/// Answers come `.await`ed elsewhere.\nuse crate::outsystems::Model;"),
    ] {
        assert_eq!(violations(file, text), Vec::<String>::new(), "{file}: {text}");
    }
}
