//! The whole practice migration, with the keys that the screen names and nothing else.

use std::path::PathBuf;
use std::sync::OnceLock;

use super::place::Place;
use super::window::{Ended, LARGE, MEDIUM, Size, Window};
use crate::practice_road::troubles_of;

/// The arrow keys, which no footer has to name on a list.
const ARROWS: [&str; 2] = ["Up", "Down"];

/// A window walked through as a person would: by what is on the screen.
pub struct Walker {
    pub window: Window,
}

impl Walker {
    pub fn new(window: Window) -> Self {
        Self { window }
    }

    /// Presses a key that the screen names.
    pub fn key(&self, name: &str) -> &Self {
        if !ARROWS.contains(&name) {
            let what = format!("the key {name} to be named");
            self.window.until(&what, |screen| names(screen, name));
        }
        self.window.press(name).obeyed();
        self
    }

    /// Moves the cursor to the line with this text: down to the end, then up.
    pub fn select(&self, text: &str) -> &Self {
        for way in ["Down", "Up"] {
            loop {
                let before = self.window.screen();
                if has_cursor(&before, text) {
                    return self;
                }
                self.key(way);
                if self.window.screen() == before {
                    break;
                }
            }
        }
        panic!("the cursor never comes to {text:?}:\n{}", self.window.screen());
    }

    /// Takes the choice with this text in the overlay or panel that is open.
    pub fn choose(&self, text: &str) -> &Self {
        self.window.shows(text);
        self.select(text).key("Enter")
    }

    /// Waits until this step lets on, and goes to the next.
    pub fn next(&self, step: &str) -> &Self {
        self.window.shows("Ctrl+N ]").hides("(not yet)").shows("PLANNING");
        self.key("Ctrl+N");
        self.at(step)
    }

    /// Waits for a step.
    pub fn at(&self, step: &str) -> &Self {
        self.window.until(&format!("the step {step}"), |screen| {
            screen.lines().any(|line| {
                line.starts_with(" ▸ ") && line.split('│').next().is_some_and(|s| s.contains(step))
            })
        });
        self
    }
}

/// Whether the screen names a key: as a word of its own, with what it does behind it.
fn names(screen: &str, key: &str) -> bool {
    screen.lines().any(|line| {
        line.match_indices(key).any(|(at, _)| {
            let before = line[..at].chars().next_back();
            !before.is_some_and(char::is_alphanumeric) && line[at + key.len()..].starts_with(' ')
        })
    })
}

/// Whether the cursor is at a text: in the same box, behind the cursor's sign.
fn has_cursor(screen: &str, text: &str) -> bool {
    let mut parts = screen.lines().flat_map(|line| line.split(['│', '┃', '|']));
    parts.any(|part| part.find(['▸', '>']).is_some_and(|at| part[at..].contains(text)))
}

impl Walker {
    /// From Home to Review: everything chosen and decided as the sample plan has it.
    fn decide(&self) {
        let window = &self.window;
        window.shows("Practice");
        self.select("Practice").key("Enter");
        self.at("1 Connect");
        window.shows("PRACTICE").shows("✓ opened in");
        self.next("2 Scope");
        // What the lesson says: Policies and Claims.
        self.select("Claims").key("Space");
        window.shows("[x] Claims");
        self.select("Policies").key("Space");
        window.shows("[x] Policies");
        self.next("3 Mismatches");
        // What costs how much is known once everything is counted; only then is all recommended.
        window.hides("comparing…").hides("counting, ");
        self.key("R").choose("Yes");
        window.shows("0 warnings to decide");
        // A text there and a number here: nobody is told what to do about that.
        self.select("CorporateProfile").key("Enter");
        self.choose("convert the values");
        window.shows("3 block the run");
        self.select("PaymentFrequency").key("Enter");
        self.choose("carry its records over");
        window.shows("2 block the run");
        self.select("SalesTarget").key("Enter");
        self.choose("carry the rows of all");
        window.shows("1 blocks the run");
        self.select("LEDGER").key("Enter");
        self.choose("give every row this value");
        window.shows("Take one of these").press("4 1 0 0").shows("as typed");
        self.key("Enter");
        window.shows("0 block the run");
        // Masks would want a key: all that is personal stays behind instead.
        self.select("ClaimParty.Phone").key("Enter");
        self.choose("write NULL instead");
        self.key("A").choose("All");
        self.next("4 Static").key("Enter");
        window.shows("▸+ Drone");
        self.key("Enter");
        window.shows("↑↓ choice");
        self.choose("let these rows refer");
        window.shows("Find").press("O t h e r").shows("1 of 6");
        self.key("Enter");
        window.shows("→ Other");
        self.key("Tab").select("DocumentKind").key("Tab").select("PoliceReport").key("Space");
        window.shows("all are decided");
        self.next("5 Users");
        self.select("tenant Nordh").key("Enter");
        self.choose("Nordhaven Boats");
        window.shows("your choice");
        self.select("group Drone").key("Space");
        self.select("tomas.ribeiro").key("Enter");
        self.choose("id 626");
        window.shows("your choice");
        self.select("rosa.almeida").key("Space");
        window.shows("use, inactive");
        self.select("dragan.petrovic").key("Space");
        window.shows("create");
        self.next("6 Processes").key("R").choose("Yes");
        // That instances come along brings a question of its own.
        window.shows("Activity.NEXT_RUN");
        self.key("R").choose("Yes");
        // What is decided here is compared once more; Next leads on once that is done.
        window.press("Ctrl+N").shows("How should rows be written?");
        self.at("7 Options");
        self.select("delete them first").key("Space");
        window.shows("(•) ! delete").hides("comparing…");
        self.select("Findings").key("Enter");
        self.select("RepairShop").key("Space");
        self.select("PaymentFrequency").key("Space");
        // The footer has no room left for Enter, which help names.
        self.select("Commission").window.press("Enter").obeyed();
        self.choose("empty their reference");
        self.next("8 Review");
    }

    /// On Review: the destination's name, and the cursor on Start.
    pub fn confirm(&self) {
        self.window.shows("2 warnings to accept");
        self.key("Ctrl+N").key("Space");
        self.window.shows("1 warning to accept");
        self.key("Ctrl+N").key("Space");
        self.window.hides("to accept").shows("3 letters to go");
        self.key("Tab");
        self.window.press("d e v").shows("all is there");
        self.key("Tab");
        self.window.shows("▸[ Start ]");
    }

    /// Leaves by the question, with the key that Home's footer and every help name.
    pub fn leave(self) -> Ended {
        self.window.press("q").shows("Leave osferry?");
        self.select("Leave").window.press("Enter");
        self.window.ends()
    }
}

/// The plan that somebody has decided once, as the wizard writes it; its databases are in the
/// folder `home/practice` of another place.
fn decided() -> &'static (PathBuf, String) {
    static PLAN: OnceLock<(PathBuf, String)> = OnceLock::new();
    PLAN.get_or_init(|| {
        let place = Place::practice();
        let walker = Walker::new(place.start(&[], LARGE));
        walker.decide();
        walker.window.shows("2 warnings to accept").press("e").shows("Written: ");
        walker.leave().well(0);
        let text = std::fs::read_to_string(place.path("practice.toml")).expect("a plan");
        (place.home(), text)
    })
}

/// At Review of a practice pair, everything decided and confirmed: Enter starts the run.
pub fn about_to_start(place: &Place, size: Size) -> Walker {
    let (there, text) = decided();
    let here = place.home();
    let text = text.replace(&there.display().to_string(), &here.display().to_string());
    std::fs::write(place.path("decided.toml"), text).expect("a plan");
    let walker = Walker::new(place.start(&[], size));
    walker.window.shows("Open a plan file");
    walker.select("Open a plan file").key("Enter");
    walker.window.paste("decided.toml").shows("decided.toml");
    walker.key("Enter").window.shows("✓ opened in");
    while !walker.window.screen().contains("Read this as if") {
        walker.window.hides("(not yet)").press("Ctrl+N").obeyed();
    }
    walker.confirm();
    walker
}

#[test]
fn a_person_walks_from_home_to_a_proved_report() {
    let place = Place::practice();
    let file = |name: &str| place.home().join("practice").join(name);
    std::fs::copy(file("dev.sqlite"), place.path("before.sqlite")).expect("a copy");
    let source = std::fs::read(file("prod.sqlite")).expect("a source");
    let walker = Walker::new(place.start(&[], LARGE));
    walker.decide();
    let window = &walker.window;
    // The plan goes into the folder where the program was started.
    window.shows("2 warnings to accept").press("e").shows("Written: ");
    walker.confirm();
    assert_eq!(
        std::fs::read(file("dev.sqlite")).ok(),
        std::fs::read(place.path("before.sqlite")).ok()
    );
    walker.key("Enter");
    window.shows("Done and proved: 12,1").shows("nothing is running");
    let screen = window.screen();
    let folder = screen.lines().find_map(|line| line.split_once("Files in ")).expect("files").1;
    let folder = PathBuf::from(folder.trim());
    // The summary goes to the clipboard by way of the terminal, as over SSH.
    window.press("y").obeyed();
    assert_eq!(window.copied().len(), 1);
    walker.leave().well(0);
    let wrong = troubles_of([
        &file("prod.sqlite"),
        &place.path("before.sqlite"),
        &file("dev.sqlite"),
        &folder.join("report.json"),
        &place.path("practice.toml"),
    ]);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(std::fs::read(file("prod.sqlite")).expect("a source") == source, "it was written to");
    // Next time Home lists the run, and leads to its report.
    let walker = Walker::new(place.start(&[], MEDIUM));
    walker.window.shows("finished").shows("report: done and proved");
    walker.select("finished").key("Enter");
    walker.window.shows("Done and proved");
    walker.leave().well(0);
}
