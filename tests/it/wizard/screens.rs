//! What every screen looks like, at three sizes, and what holds for all of them.

use osferry::wizard::look::Canvas;
use osferry::wizard::{Manners, Message};

use super::driver::{Driver, LARGE, MEDIUM, SMALL, canvas, text};

const SIZES: [(&str, osferry::wizard::Size); 3] =
    [("large", LARGE), ("medium", MEDIUM), ("small", SMALL)];

/// The screen in all three sizes, Unicode and ASCII, pinned.
fn pin(name: &str, driver: &mut Driver) {
    let pair = driver.pair().display().to_string();
    for (size_name, size) in SIZES {
        driver.send(Message::Resized(size));
        for ascii in [false, true] {
            let drawn = canvas(&driver.model, Manners { color: false, ascii });
            has_no_color(&drawn);
            let shown = text(&drawn);
            if ascii {
                assert!(shown.is_ascii(), "{name} {size_name} is not ASCII:\n{shown}");
            }
            let kind = if ascii { "ascii" } else { "unicode" };
            assert!(!shown.contains(&pair) || pair.len() < 20, "a path of this machine is shown");
            insta::assert_snapshot!(format!("{name}_{size_name}_{kind}"), shown);
        }
    }
    driver.send(Message::Resized(LARGE));
}

fn has_no_color(drawn: &Canvas) {
    let plain = ratatui::style::Color::Reset;
    assert!(drawn.content.iter().all(|cell| cell.fg == plain && cell.bg == plain));
}

#[test]
fn home() {
    pin("home", &mut Driver::new(LARGE));
}

#[test]
fn connect_before_anything_is_typed() {
    let mut driver = Driver::new(LARGE);
    driver.press("n");
    pin("connect_empty", &mut driver);
}

#[test]
fn help_and_the_question_before_leaving() {
    let mut driver = Driver::new(LARGE);
    driver.press("?");
    pin("help", &mut driver);
    driver.press("Esc n Ctrl+C");
    pin("leave", &mut driver);
}
