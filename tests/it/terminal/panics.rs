//! What is left of the terminal when the program itself is wrong.
//!
//! The program has no way to make it panic, so this binary starts itself in a window, with one of
//! the tests that are ignored otherwise: they take the screen as the program does, and panic.

use std::io::Write as _;

use osferry::terminal::life;
use portable_pty::CommandBuilder;

use super::window::{Ended, MEDIUM, Window};

/// Set where a test is to take the screen and panic.
const WANTED: &str = "OSFERRY_TEST_PANICS";

fn window(test: &str) -> Window {
    let mut command = CommandBuilder::new(std::env::current_exe().expect("this binary"));
    let name = format!("{}::{test}", module_path!().split_once("::").expect("a module").1);
    command.args(["--exact", &name, "--ignored", "--nocapture", "--test-threads=1"]);
    command.env(WANTED, "1");
    command.env("TERM", "xterm-256color");
    command.env_remove("RUST_BACKTRACE");
    Window::open(command, MEDIUM)
}

fn ends(window: Window) -> Ended {
    let ended = window.ends();
    ended.restored();
    ended
}

/// Draws past the test's own capture of what is printed.
fn draws(text: &str) {
    let mut out = std::io::stdout();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).expect("a terminal");
}

/// Takes the screen and draws something.
fn take_the_screen() -> bool {
    if std::env::var_os(WANTED).is_none() {
        return false;
    }
    osferry::cli::install_panic_hook();
    life::enter().expect("a terminal");
    draws("\x1b[2J\x1b[HDRAWN");
    true
}

#[test]
#[ignore = "started in a window by the test below"]
fn drawing_panics() {
    if take_the_screen() {
        panic!("a row's value");
    }
}

#[test]
fn a_panic_while_drawing_gives_the_screen_back_and_says_a_sentence() {
    let ended = ends(window("drawing_panics"));
    let said = String::from_utf8_lossy(&ended.bytes).into_owned();
    for wanted in ["this is a mistake in osferry itself", "`osferry runs` shows how far it came"] {
        assert!(said.contains(wanted), "{wanted}\n{}", ended.screen);
    }
    assert!(!ended.screen.contains("DRAWN"), "{}", ended.screen);
    // The message could hold what nobody but the databases' owner may read.
    assert!(!said.contains("a row's value") && !said.contains("panicked at"), "{}", ended.screen);
    let place = |wanted: &[u8]| ended.bytes.windows(wanted.len()).position(|part| part == wanted);
    assert!(place(b"\x1b[?1049l") < place(b"mistake"), "it was said onto the alternate screen");
}

#[test]
#[ignore = "started in a window by the test below"]
fn a_job_panics() {
    if take_the_screen() {
        let job = std::thread::spawn(|| panic!("a row's value"));
        assert!(job.join().is_err());
        draws("\x1b[HSTILL");
        life::restore();
    }
}

#[test]
fn a_panic_in_a_job_writes_nothing_over_the_screen() {
    let ended = ends(window("a_job_panics"));
    assert_eq!(ended.code, 0, "{}", ended.screen);
    let bytes = String::from_utf8_lossy(&ended.bytes);
    let drawn = bytes.split_once("DRAWN").expect("it draws").1;
    assert!(drawn.starts_with("\x1b[HSTILL"), "{drawn:?}");
    assert!(!bytes.contains("mistake"), "{bytes:?}");
}
