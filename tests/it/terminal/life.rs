//! How the program takes the screen and gives it back.

use super::place::Place;
use super::window::{LARGE, MEDIUM, Window};

/// What switches the alternate screen on and off, bracketed paste, and the cursor.
const ENTERS: &[u8] = b"\x1b[?1049h";
const LEAVES: &[u8] = b"\x1b[?1049l";

fn position(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|part| part == wanted)
}

fn last_position(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).rposition(|part| part == wanted)
}

/// The screen was taken once and given back once, and nothing was drawn outside of it.
fn took_and_gave_back(bytes: &[u8]) {
    let entered = position(bytes, ENTERS).expect("the alternate screen is entered");
    let left = last_position(bytes, LEAVES).expect("the alternate screen is left");
    assert_eq!(Some(entered), last_position(bytes, ENTERS), "entered once");
    assert_eq!(Some(left), position(bytes, LEAVES), "left once");
    assert!(entered < left);
    let outside = [&bytes[..entered], &bytes[left + LEAVES.len()..]].concat();
    let shown = String::from_utf8_lossy(&outside).into_owned();
    // Only switches: no letter, no line.
    let mut rest = shown.as_str();
    while let Some(at) = rest.find('\x1b') {
        assert_eq!(&rest[..at], "", "drawn outside: {shown:?}");
        let end = rest[at + 1..].find(|c: char| c.is_ascii_alphabetic() || c == '\u{7}');
        rest = &rest[at + 1 + end.expect("a sequence has an end") + 1..];
    }
    assert_eq!(rest, "", "drawn outside: {shown:?}");
}

/// Leaves by the question.
fn leave(window: Window) {
    window.shows("Leave osferry?").press("Enter");
    let ended = window.ends();
    ended.well(0);
    took_and_gave_back(&ended.bytes);
    assert_eq!(ended.screen.trim(), "", "the shell's screen is as it was");
}

#[test]
fn it_takes_the_screen_and_gives_it_back() {
    let place = Place::new();
    let window = place.start(&[], LARGE);
    window.shows("New migration").shows("Nothing is written before Review.");
    let (alternate, hidden, paste) = window
        .look(|screen| (screen.alternate_screen(), screen.hide_cursor(), screen.bracketed_paste()));
    assert!(alternate && hidden && paste, "{alternate} {hidden} {paste}");
    window.press("q");
    leave(window);
}

#[test]
fn practice_is_left_by_the_question_too() {
    let place = Place::practice();
    let window = place.start(&["practice"], MEDIUM);
    window.shows("PRACTICE").shows("Step 1 of").press("q").shows("Stay");
    // Staying is one key, and it stays.
    window.press("Up Enter").hides("Leave osferry?").shows("Step 1 of");
    window.press("Esc").press("q");
    leave(window);
}

#[test]
fn a_bare_escape_is_a_key_of_its_own() {
    let place = Place::new();
    let window = place.start(&[], LARGE);
    window.shows("New migration").press("q").shows("Leave osferry?");
    window.write(b"\x1b").hides("Leave osferry?");
    window.press("q");
    leave(window);
}

/// It never asks the terminal where its cursor is, which some answer late or never, and sends
/// nothing that terminals do not know.
#[test]
fn it_asks_the_terminal_nothing() {
    let place = Place::practice();
    let window = place.start(&["practice"], LARGE);
    window.shows("PRACTICE").press("Ctrl+L ?").shows("Keys on").press("Esc").hides("Keys on");
    window.resize(MEDIUM).shows("Step 1 of");
    assert_eq!(window.unknown(), Vec::<String>::new());
    assert_eq!(position(&window.bytes(), b"\x1b[6n"), None);
    window.press("Ctrl+C");
    leave(window);
}
