//! What is pasted is text, whatever is in it.

use super::place::Place;
use super::window::{LARGE, SMALL, Window};

/// At Connect of a new migration, the cursor in the source's server.
fn in_a_field(place: &Place) -> Window {
    let window = place.start(&[], LARGE);
    window.shows("New migration").press("n").shows("SOURCE").press("Tab Tab").shows("F1 help");
    window
}

#[test]
fn lines_become_one_line_and_control_characters_are_left_aside() {
    let place = Place::new();
    let window = in_a_field(&place);
    window.paste("prd\nsql\r\n02\tcorp\u{7}\u{1b}[31m\u{3}\u{4}\u{1a}\u{11}.local\n");
    window.shows(".local").press("Home").shows("prd sql");
    let screen = window.screen();
    assert!(screen.contains("02 corp[31m"), "{screen}");
    // It is still there, and reacts: no newline has pressed Enter, no control character a key.
    assert!(!screen.contains("Leave osferry?"), "{screen}");
    let bytes = window.bytes();
    let orders = bytes.windows(5).filter(|part| part == b"\x1b[31m").count();
    assert_eq!(orders, 0, "what was pasted gives orders to the terminal");
    window.press("Ctrl+C").shows("Leave osferry?").press("Enter");
    window.ends().well(0);
}

#[test]
fn ten_thousand_characters_do_no_harm() {
    let place = Place::new();
    let window = in_a_field(&place);
    window.paste(&"0123456789".repeat(1000));
    window.shows("0123456789");
    window.press("Home").resize(SMALL).shows("Step 1 of").resize(LARGE).shows("MIGRATION");
    // The fields around it are where they were.
    let screen = window.screen();
    for wanted in ["SOURCE", "DESTINATION", "Database", "Password"] {
        assert!(screen.contains(wanted), "{wanted}\n{screen}");
    }
    // And it can be taken back like anything typed.
    window.press("Ctrl+E Ctrl+U").hides("0123456789").press("x").shows("x");
    window.press("Ctrl+C").shows("Leave osferry?").press("Enter");
    window.ends().well(0);
}

/// Nothing pasted is a command: not on a list either, where letters are keys.
#[test]
fn what_is_pasted_outside_of_a_field_is_nothing() {
    let place = Place::new();
    let window = place.start(&[], LARGE);
    window.shows("New migration").paste("qnp\r\n/d\u{3}");
    // What follows shows that it was read.
    window.press("/").shows("F1 help");
    let screen = window.screen();
    assert!(screen.contains("New migration") && !screen.contains("Leave"), "{screen}");
    window.press("Ctrl+C").shows("Leave osferry?").press("Enter");
    window.ends().well(0);
}

#[test]
fn letters_of_all_languages_arrive_whole() {
    let place = Place::new();
    let window = in_a_field(&place);
    window.paste("größe-漢字-Ωmega").shows("größe-漢字-Ωmega");
    window.press("Ctrl+C").shows("Leave osferry?").press("Enter");
    window.ends().well(0);
}
