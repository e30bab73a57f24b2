//! Ten thousand keys, pressed by chance, on every screen and at every size: nothing panics, and what
//! holds for all screens holds after each key.

use osferry::migrate::Command as Told;
use osferry::wizard::keys::Key;
use osferry::wizard::look::Canvas;
use osferry::wizard::message::Effect;
use osferry::wizard::{Manners, Message, Size, update};
use ratatui::style::{Color, Modifier};

use super::driver::{Driver, LARGE, MEDIUM, SMALL, canvas, text};
use super::road::start;

/// Chance that is the same every time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        // Xorshift: good enough to press keys with.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end as u64).expect("it is small")
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}

const MOVES: [Key; 14] = [
    Key::Up,
    Key::Down,
    Key::Left,
    Key::Right,
    Key::Tab,
    Key::BackTab,
    Key::Enter,
    Key::Char(' '),
    Key::Escape,
    Key::Home,
    Key::End,
    Key::PageUp,
    Key::PageDown,
    Key::Enter,
];

const EDITS: [Key; 4] = [Key::Backspace, Key::Delete, Key::Function(1), Key::Function(9)];

fn key(chance: &mut Chance) -> Key {
    match chance.below(100) {
        0..=54 => chance.of(&MOVES),
        55..=59 => chance.of(&EDITS),
        // Forward more often than back, so that every step is met.
        60..=67 => Key::Control('n'),
        68..=70 => Key::Control('p'),
        71..=73 => {
            Key::Control(char::from(b'a' + u8::try_from(chance.below(26)).expect("a letter")))
        }
        74..=79 => Key::Char(char::from(b'0' + u8::try_from(chance.below(10)).expect("a digit"))),
        80..=82 => chance.of(&[Key::Char('é'), Key::Char('漢'), Key::Char('\u{301}')]),
        _ => Key::Char(char::from(b'!' + u8::try_from(chance.below(94)).expect("a character"))),
    }
}

fn size(chance: &mut Chance) -> Size {
    match chance.below(8) {
        0..=1 => LARGE,
        2..=3 => MEDIUM,
        4 => SMALL,
        5 => Size { width: 59, height: 17 },
        6 => Size { width: 200, height: 70 },
        _ => {
            let width = u16::try_from(1 + chance.below(130)).expect("a width");
            let height = u16::try_from(1 + chance.below(45)).expect("a height");
            Size { width, height }
        }
    }
}

/// What holds for every screen. The reason is given where it does not.
fn trouble(driver: &Driver, drawn: &Canvas) -> Option<String> {
    let size = driver.model.migration.size;
    let shown = text(drawn);
    let lines: Vec<&str> = shown.lines().collect();
    if drawn.content.iter().any(|cell| cell.fg != Color::Reset || cell.bg != Color::Reset) {
        return Some("there is a colour".to_owned());
    }
    if size.width < SMALL.width || size.height < SMALL.height {
        let is_said = lines[0].starts_with("Window is") || size.width < 20;
        return (!is_said).then(|| "it does not say that the window is too small".to_owned());
    }
    if !driver.model.migration.overlays.is_empty() {
        // It may cover everything, and names its keys itself.
        return (!shown.contains("Esc close"))
            .then(|| "it does not say how to close it".to_owned());
    }
    if lines[0].trim().is_empty() {
        return Some("there is no header".to_owned());
    }
    if !["? help", "? more", "F1 help", "F1 more"]
        .iter()
        .any(|help| lines[lines.len() - 1].contains(help))
    {
        return Some("there is no footer".to_owned());
    }
    let boxes = shown.matches('┏').count();
    if boxes > 1 {
        return Some(format!("{boxes} boxes have the focus"));
    }
    let is_reversed = drawn.content.iter().any(|cell| cell.modifier.contains(Modifier::REVERSED));
    let has_cursor = shown.lines().any(|line| line.chars().skip(2).any(|c| c == '▸'));
    // Where there are fields, Esc gives the focus away, so that digits lead to steps.
    let has_fields = matches!(driver.step(), "Connect" | "Options");
    // And there is nothing to select before the first entity is begun.
    let run = driver.model.migration.run.as_ref();
    let is_starting = run.is_some_and(|run| run.progress.is_none());
    if boxes == 0 && !is_reversed && !has_cursor && !has_fields && !is_starting {
        return Some("nothing has the focus".to_owned());
    }
    None
}

/// Presses keys by chance; `settles` says whether each job ends before the next key.
fn press(driver: &mut Driver, seed: u64, keys: usize, settles: bool) {
    let mut chance = Chance(seed);
    let mut last: Vec<Key> = Vec::new();
    for number in 0..keys {
        if chance.below(25) == 0 {
            let size = size(&mut chance);
            driver.send(Message::Resized(size));
        }
        let key = key(&mut chance);
        last.push(key);
        if last.len() > 30 {
            last.remove(0);
        }
        let effects = update(&mut driver.model, Message::Key(key));
        for effect in effects {
            match effect {
                // What would leave the test's own folder.
                Effect::OpenFolder(_) => {}
                Effect::Export(job, _) => driver.send(Message::Ended(job)),
                effect => driver.obey(vec![effect]),
            }
        }
        if settles {
            driver.settle();
        }
        let drawn = canvas(&driver.model, Manners { color: false, ascii: false });
        if let Some(trouble) = trouble(driver, &drawn) {
            let keys: Vec<String> = last.iter().map(ToString::to_string).collect();
            panic!(
                "{trouble}: seed {seed}, key {number}, the last ones {}\n{}",
                keys.join(" "),
                text(&drawn)
            );
        }
    }
}

#[test]
fn from_home() {
    press(&mut Driver::new(LARGE), 1, 1500, true);
}

#[test]
fn from_connect() {
    press(&mut Driver::practice(MEDIUM), 2, 1500, true);
}

#[test]
fn from_every_step_of_a_plan() {
    let mut seed = 3;
    loop {
        let mut driver = Driver::at_review(LARGE);
        for _ in 3..seed {
            driver.press("Ctrl+P");
        }
        if driver.step() == "Connect" {
            return;
        }
        press(&mut driver, seed, 650, true);
        seed += 1;
    }
}

/// Keys while rows are written, read again and compared; and on the report.
#[test]
fn from_a_run() {
    for seed in 20..22 {
        let mut driver = Driver::at_review(LARGE);
        driver.holds_run = true;
        start(&mut driver);
        press(&mut driver, seed, 300, false);
        // It may have been told to pause, which has no end.
        if driver.model.migration.run.as_ref().is_some_and(|run| run.told == Told::Pause) {
            driver.model.migration.tell(Told::Run);
            driver.send(Message::Resized(LARGE));
        }
        driver.release();
        driver.settle();
        assert!(!driver.model.migration.is_running(), "{}", driver.screen());
        press(&mut driver, seed + 100, 600, true);
    }
}
