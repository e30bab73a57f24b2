//! The window may have any size at any time.

use super::place::Place;
use super::window::{LARGE, MEDIUM, SMALL, Size, Window, text};

/// Waits until the screen is drawn for this size: nothing of another size is left.
fn drawn_for(window: &Window, size: Size) {
    let (width, height) = size;
    if width < SMALL.0 || height < SMALL.1 {
        window.until("the message", |screen| {
            let together: String = screen.split_whitespace().collect();
            let wanted = format!("Windowis{width}×{height},needs60×18");
            // A window of a few cells shows as much of it as there is room for.
            let room = usize::from(width) * usize::from(height);
            room < 60 || together.starts_with(&wanted)
        });
        return;
    }
    let rule = "─".repeat(usize::from(width) - usize::from(width >= LARGE.0));
    window.until("the whole frame", |screen| {
        let lines: Vec<&str> = screen.lines().collect();
        let footer = lines.last().copied().unwrap_or_default();
        // The footer is in the last line, and a rule across the whole width stands above it.
        lines.len() == usize::from(height)
            && (footer.contains("help") || footer.contains("more"))
            && lines[usize::from(height) - 3].replace('┴', "").starts_with(&rule)
    });
}

const SIZES: [Size; 9] =
    [(120, 40), SMALL, (59, 17), MEDIUM, (20, 5), (1, 1), (250, 70), (100, 10), LARGE];

#[test]
fn every_size_is_drawn_at_once() {
    let place = Place::practice();
    let window = place.start(&["practice"], LARGE);
    window.shows("PRACTICE").shows("Scope");
    for size in SIZES {
        window.resize(size);
        drawn_for(&window, size);
    }
    let screen = window.screen();
    assert!(screen.contains("PRACTICE") && screen.contains("SOURCE"), "{screen}");
    window.press("Esc q").shows("Leave osferry?").press("Enter");
    window.ends().well(0);
}

/// Ctrl+C works while there is no room to show what it asks; the question is there afterwards.
#[test]
fn a_window_too_small_keeps_what_is_typed() {
    let place = Place::new();
    let window = place.start(&[], LARGE);
    window.shows("New migration").press("n").shows("SOURCE").press("Tab Tab").paste("prdsql02");
    window.shows("prdsql02").resize((40, 10)).shows("needs 60×18").shows("Every key still works");
    window.press("x y").resize(MEDIUM).shows("prdsql02xy");
    window.resize((59, 18)).shows("Window is 59×18").press("Ctrl+C").resize(MEDIUM);
    window.shows("Leave osferry?").press("Enter");
    window.ends().well(0);
}

/// Started in a window that is too small.
#[test]
fn it_starts_in_a_window_of_any_size() {
    for size in [(1, 1), (10, 3), (59, 17)] {
        let place = Place::new();
        let window = place.start(&[], size);
        drawn_for(&window, size);
        window.resize(LARGE).shows("New migration").press("q").shows("Leave osferry?");
        window.press("Enter");
        window.ends().well(0);
    }
}

/// Before it listens for the news of another size, it misses it.
#[test]
fn a_size_that_changes_while_it_starts_is_not_missed() {
    for _ in 0..5 {
        let place = Place::new();
        let window = place.start(&[], (1, 1));
        for size in [SMALL, (30, 9), LARGE, (70, 20)] {
            window.resize(size);
        }
        drawn_for(&window, (70, 20));
        window.shows("New migration").press("q").shows("Leave osferry?").press("Enter");
        window.ends().well(0);
    }
}

/// What lies behind a wide letter at the edge, after many sizes, is what is drawn there: the
/// screen after all of them is that of a window that never changed.
#[test]
fn nothing_of_another_size_is_left() {
    let place = Place::practice();
    let first = place.start(&["practice"], MEDIUM);
    // Nothing changes any more once both sides are checked.
    first.shows("PRACTICE").shows("checked ").press("?").shows("Keys on Connect");
    let wanted = first.screen();
    for size in SIZES.into_iter().chain([MEDIUM]) {
        first.resize(size);
    }
    first.until("the same screen", |screen| *screen == wanted);
    assert_eq!(first.look(text), wanted);
    first.press("Esc").hides("Keys on").press("Esc q").shows("Leave osferry?").press("Enter");
    first.ends().well(0);
}
