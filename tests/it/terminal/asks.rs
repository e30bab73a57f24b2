//! Ctrl+C and signals where nothing is written, and what is left on the disk.

use std::path::Path;

use super::place::Place;
use super::window::{LARGE, SMALL};

#[test]
fn ctrl_c_asks_on_home_and_on_a_step() {
    let place = Place::practice();
    let window = place.start(&[], LARGE);
    window.shows("New migration").press("Ctrl+C").shows("Leave osferry?");
    // Closing the question is the same as staying; a second Ctrl+C closes it too.
    window.press("Ctrl+C").hides("Leave osferry?").press("p").shows("PRACTICE");
    window.shows("opened in").shows("Ctrl+N ]").hides("(not yet)");
    window.press("Ctrl+N Space").shows("[x] Claims").press("Ctrl+C").shows("Leave osferry?");
    window.shows("kept in the draft").press("Enter");
    window.ends().well(0);
    // The draft is there.
    let window = place.start(&[], SMALL);
    window.shows("draft").press("Ctrl+C").shows("Leave osferry?").press("Enter");
    window.ends().well(0);
}

#[test]
fn ctrl_c_works_while_a_text_is_typed() {
    let place = Place::new();
    let window = place.start(&[], LARGE);
    window.shows("New migration").press("n").shows("SOURCE").press("Tab Tab q").shows("F1 help");
    // Here `q` is a letter.
    window.press("Ctrl+C").shows("Leave osferry?").press("Enter");
    window.ends().well(0);
}

/// The system ends the program: nothing is asked, the terminal is given back.
#[test]
fn a_signal_ends_it_at_once() {
    for signal in ["TERM", "HUP", "INT"] {
        let place = Place::practice();
        let window = place.start(&["practice"], LARGE);
        window.shows("opened in").signal(signal);
        window.ends().well(3);
    }
}

#[test]
fn a_window_that_is_closed_ends_it() {
    let place = Place::practice();
    let window = place.start(&["practice"], LARGE);
    window.shows("opened in");
    assert_eq!(window.close(), 3);
}

/// Every file below a folder that has a text in it.
fn holding(folder: &Path, text: &[u8], found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            holding(&path, text, found);
        } else {
            let bytes = std::fs::read(&path).expect("a file");
            if bytes.windows(text.len()).any(|part| part == text) {
                found.push(path.display().to_string());
            }
        }
    }
}

#[test]
fn a_password_is_in_no_file_and_on_no_screen() {
    let place = Place::new();
    let window = place.start(&[], LARGE);
    window.shows("New migration").press("n").shows("SOURCE").press("Tab Tab");
    for (text, shown) in [("no-such-server.invalid", "no-such"), ("OSPROD", "OSPROD")] {
        window.paste(text).shows(shown).press("Tab");
    }
    window.press("Tab").paste("osferry_ro").shows("osferry_ro").press("Tab");
    window.paste("S3cret-of-").press("m i n e");
    // Left, come back to, tested with, and everything saved.
    window.press("Tab Ctrl+T").shows("✗").press("Ctrl+P").shows("CONTINUE").shows("1 saved");
    window.press("Esc End").shows("ABOUT migration-1").press("Enter");
    window.shows("MIGRATION").shows("OSPROD").shows("? help").obeyed();
    window.press("Ctrl+C").shows("Leave osferry?").press("Enter");
    let ended = window.ends();
    ended.well(0);
    let mut found = Vec::new();
    holding(&place.path("."), b"osferry_ro", &mut found);
    assert!(!found.is_empty(), "no draft was saved");
    for part in [&b"S3cret"[..], b"of-mine"] {
        let mut found = Vec::new();
        holding(&place.path("."), part, &mut found);
        assert_eq!(found, Vec::<String>::new());
        assert!(!ended.bytes.windows(part.len()).any(|bytes| bytes == part), "it was shown");
    }
}
