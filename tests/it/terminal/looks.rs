//! Colours where they are wanted, ASCII where nothing else can be shown, lines where there is no
//! screen.

use std::process::Stdio;

use super::place::Place;
use super::road::Walker;
use super::window::{LARGE, MEDIUM, Window};

/// The parameters of every sequence that sets how letters look.
fn looks(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let mut found = Vec::new();
    for part in text.split("\x1b[").skip(1) {
        let end = part.find(|c: char| !c.is_ascii_digit() && c != ';' && c != ':');
        if let Some(end) = end.filter(|end| part[*end..].starts_with('m')) {
            found.push(part[..end].to_owned());
        }
    }
    found
}

/// Whether such a sequence chooses a colour, other than giving the usual one back.
fn colours(parameters: &str) -> bool {
    let mut numbers = parameters.split([';', ':']).map(|number| number.parse().unwrap_or(0));
    numbers.any(|number: u32| matches!(number, 30..=38 | 40..=48 | 58 | 90..=97 | 100..=107))
}

/// Looks at Home, Connect, help and the question, then leaves.
fn walks(window: Window) -> Vec<u8> {
    window.shows("PRACTICE").shows("Ctrl+N ]").hides("(not yet)");
    window.press("Ctrl+N").shows("Policies").press("Space").shows("In scope").press("?");
    window.shows("Keys on Scope").press("Esc").hides("Keys on Scope");
    let shown = window.bytes();
    Walker::new(window).leave().well(0);
    shown
}

#[test]
fn colours_are_used_where_they_are_wanted() {
    let place = Place::practice();
    let bytes = walks(place.start(&["practice"], LARGE));
    assert!(looks(&bytes).iter().any(|look| colours(look)), "no colour at all");
    // Asking for them is stronger than the variable.
    let place = Place::practice();
    let mut command = place.command(&["--color", "always", "practice"]);
    command.env("NO_COLOR", "1");
    let bytes = walks(Window::open(command, LARGE));
    assert!(looks(&bytes).iter().any(|look| colours(look)), "no colour at all");
}

#[test]
fn no_colour_means_none() {
    for by_variable in [true, false] {
        let place = Place::practice();
        let words: &[&str] =
            if by_variable { &["practice"] } else { &["practice", "--color", "never"] };
        let mut command = place.command(words);
        if by_variable {
            command.env("NO_COLOR", "1");
        }
        let looks = looks(&walks(Window::open(command, LARGE)));
        let coloured: Vec<&String> = looks.iter().filter(|look| colours(look)).collect();
        assert_eq!(coloured, Vec::<&String>::new(), "by variable: {by_variable}");
        // What is selected is to be seen all the same.
        assert!(looks.iter().any(|look| look.split(';').any(|number| number == "7")), "{looks:?}");
    }
}

#[test]
fn ascii_draws_nothing_else() {
    for by_locale in [false, true] {
        let place = Place::practice();
        let words: &[&str] = if by_locale { &["practice"] } else { &["practice", "--ascii"] };
        let mut command = place.command(words);
        if by_locale {
            command.env("LANG", "C");
        }
        let window = Window::open(command, MEDIUM);
        window
            .shows("PRACTICE")
            .shows("Ctrl+N ]")
            .hides("(not yet)")
            .press("Ctrl+N")
            .shows("Policies");
        let bytes = window.bytes();
        let foreign: Vec<&u8> = bytes.iter().filter(|byte| !byte.is_ascii()).collect();
        assert!(foreign.is_empty(), "by locale: {by_locale}: {foreign:?}");
        Walker::new(window).leave().well(0);
    }
}

#[test]
fn a_dumb_terminal_gets_lines() {
    let place = Place::practice();
    for words in [&["practice"][..], &[]] {
        let mut command = place.command(words);
        command.env("TERM", "dumb");
        let window = Window::open(command, MEDIUM);
        window.shows("? for help");
        window.write(b"q\r");
        // On a step it asks whether to leave; Home may do so too.
        window.shows("Leave");
        window.write(b"2\r");
        let ended = window.ends();
        ended.well(0);
        let text = String::from_utf8_lossy(&ended.bytes);
        assert!(!text.contains('\x1b'), "no sequence is understood there: {text:?}");
    }
}

#[test]
fn a_pipe_gets_lines() {
    let place = Place::practice();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_osferry"))
        .env("OSFERRY_HOME", place.home())
        .env("TERM", "xterm-256color")
        .current_dir(place.path("."))
        .stdin(Stdio::null())
        .output()
        .expect("the program starts");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("Practice"), "{text}");
    assert!(!text.contains('\x1b'), "{text:?}");
    assert_eq!(output.status.code(), Some(0), "{text}");
}
