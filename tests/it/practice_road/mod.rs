//! The road that everybody walks first: `osferry practice`, by the real program, judged without
//! a line of the library.

#![expect(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

mod colours;
mod instances;
mod judge;
mod model;
mod names;
mod pairs;
mod people;
mod rows;
mod sql;
mod story;
mod tamper;

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::program::{Said, osferry};
use judge::{Case, judge};
use sql::open;
use story::Story;

/// A folder that goes away, with a place for what the program keeps.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn copy(&self, from: &str, to: &str) {
        std::fs::copy(self.path(from), self.path(to)).expect("a copy");
    }

    /// `osferry practice` with more words.
    fn practice(&self, words: &[&str]) -> Said {
        let words: Vec<&str> = ["practice"].iter().chain(words).copied().collect();
        let said = osferry(self.folder.path(), &self.path("home"), &words, &[]);
        assert!(!said.panicked(), "{words:?}\n{}", said.all());
        said
    }

    /// The same where all has to go well.
    fn practices(&self, words: &[&str]) -> Said {
        let said = self.practice(words);
        assert_eq!(said.code, Some(0), "{words:?}\n{}", said.all());
        said
    }

    /// What the program says about a migration that went well.
    fn story(&self, said: &Said, folder: &str) -> Story {
        assert!(said.out.starts_with("Done and proved"), "{}", said.all());
        let report = said.out.lines().find(|line| line.ends_with("report.json"));
        let report = report.unwrap_or_else(|| panic!("no report is named\n{}", said.all()));
        let report = report.trim_start_matches("Report:").trim();
        Story::read(Path::new(report), &self.path(folder).join("practice.toml"))
    }

    /// Judges the pair of a folder against what its destination was before.
    fn judge(&self, folder: &str, before: &str, said: &Said) {
        // Whatever else SQLite or the program laid down there is gone when the program ends.
        let left: Vec<_> = std::fs::read_dir(self.path(folder))
            .expect("a folder")
            .map(|entry| entry.expect("an entry").file_name())
            .filter(|name| !FILES.iter().any(|file| name == file))
            .collect();
        assert!(left.is_empty(), "{left:?} is left over");
        let troubles = judge(&Case {
            source: &open(&self.path(folder).join("prod.sqlite")),
            before: &open(&self.path(before)),
            after: &open(&self.path(folder).join("dev.sqlite")),
            story: &self.story(said, folder),
        });
        assert!(troubles.is_empty(), "{}\n{}", troubles.join("\n"), said.all());
    }
}

/// Judges what somebody else has migrated: the source, the destination before and after, the
/// report and the plan, each a file. What is wrong, if anything.
#[cfg(unix)]
pub fn troubles_of(files: [&Path; 5]) -> Vec<String> {
    let [source, before, after, report, plan] = files;
    judge(&Case {
        source: &open(source),
        before: &open(before),
        after: &open(after),
        story: &Story::read(report, plan),
    })
}

/// What a practice folder holds.
const FILES: [&str; 3] = ["prod.sqlite", "dev.sqlite", "practice.toml"];

#[test]
fn the_practice_pair_is_migrated_as_the_report_says_and_again() {
    let place = Place::new();
    place.practices(&["--dir", "untouched", "--make-only"]);
    place.practices(&["--dir", "pair", "--make-only"]);
    assert!(place.bytes("pair/dev.sqlite") == place.bytes("untouched/dev.sqlite"), "two dev");
    let said = place.practices(&["--dir", "pair", "--unattended"]);
    assert!(place.bytes("pair/prod.sqlite") == place.bytes("untouched/prod.sqlite"), "two prod");
    place.judge("pair", "untouched/dev.sqlite", &said);
    place.copy("pair/dev.sqlite", "once.sqlite");
    let again = place.practices(&["--dir", "pair", "--unattended"]);
    assert!(place.bytes("pair/prod.sqlite") == place.bytes("untouched/prod.sqlite"), "two prod");
    place.judge("pair", "once.sqlite", &again);
}

/// A pair of which one file is gone is no pair: both are made, and migrated in one go.
#[test]
fn half_a_pair_is_made_anew() {
    let place = Place::new();
    place.practices(&["--dir", "untouched", "--make-only"]);
    place.practices(&["--dir", "pair", "--make-only", "--rows", "100"]);
    std::fs::remove_file(place.path("pair/dev.sqlite")).expect("it was there");
    let said = place.practices(&["--dir", "pair", "--unattended"]);
    assert!(place.bytes("pair/prod.sqlite") == place.bytes("untouched/prod.sqlite"), "two prod");
    place.judge("pair", "untouched/dev.sqlite", &said);
}

#[test]
fn the_judge_sees_every_spoilt_row_and_every_lie() {
    let place = Place::new();
    // A small pair has the same traps, and is judged many times.
    place.practices(&["--dir", "pair", "--make-only", "--rows", "200"]);
    place.copy("pair/dev.sqlite", "before.sqlite");
    let said = place.practices(&["--dir", "pair", "--unattended"]);
    place.judge("pair", "before.sqlite", &said);
    tamper::everything_is_noticed(
        &place.path("pair/prod.sqlite"),
        &place.path("before.sqlite"),
        &place.path("pair/dev.sqlite"),
        &place.story(&said, "pair"),
    );
}

#[test]
fn a_pair_of_another_size_is_made_only_when_asked_for() {
    let place = Place::new();
    place.practices(&["--dir", "pair", "--make-only"]);
    let before = FILES.map(|name| place.bytes(&format!("pair/{name}")));
    let said = place.practice(&["--dir", "pair", "--unattended", "--rows", "3000"]);
    assert_eq!(said.code, Some(2), "{}", said.all());
    assert!(said.err.contains("--fresh"), "{}", said.all());
    assert!(FILES.map(|name| place.bytes(&format!("pair/{name}"))) == before, "it was touched");
    place.practices(&["--dir", "untouched", "--make-only", "--rows", "3000"]);
    let said = place.practices(&["--dir", "pair", "--unattended", "--rows", "3000", "--fresh"]);
    assert!(place.bytes("pair/prod.sqlite") == place.bytes("untouched/prod.sqlite"), "two prod");
    assert!(place.bytes("pair/prod.sqlite") != before[0], "it has the same size");
    place.judge("pair", "untouched/dev.sqlite", &said);
}

#[test]
fn what_is_not_ours_is_never_thrown_away() {
    let place = Place::new();
    place.practices(&["--dir", "made", "--make-only"]);
    // An environment of somebody's own looks like one of ours, apart from the mark.
    place.copy("made/dev.sqlite", "own.sqlite");
    let own = rusqlite::Connection::open(place.path("own.sqlite")).expect("a database");
    let marks = "DELETE FROM OSSYS_PARAMETER WHERE lower(NAME) NOT LIKE '%version'";
    assert_eq!(own.execute(marks, []).expect("deleted"), 1, "the mark is elsewhere");
    own.close().expect("closed");
    std::fs::write(place.path("text"), "all I know\n").expect("a file");
    std::fs::write(place.path("empty"), "").expect("a file");
    for foreign in ["own.sqlite", "text", "empty"] {
        for name in ["prod.sqlite", "dev.sqlite"] {
            for with_ours in [false, true] {
                let dir = format!("{foreign}-{name}-{with_ours}");
                std::fs::create_dir(place.path(&dir)).expect("a folder");
                if with_ours {
                    for name in FILES {
                        place.copy(&format!("made/{name}"), &format!("{dir}/{name}"));
                    }
                }
                place.copy(foreign, &format!("{dir}/{name}"));
                let files = || {
                    let entries = std::fs::read_dir(place.path(&dir)).expect("a folder");
                    let paths = entries.map(|entry| entry.expect("an entry").path());
                    let mut files: Vec<(PathBuf, Vec<u8>)> = paths
                        .map(|path| (path.clone(), std::fs::read(&path).expect("a file")))
                        .collect();
                    files.sort();
                    files
                };
                let before = files();
                let said = place.practice(&["--dir", &dir, "--unattended", "--fresh"]);
                assert_eq!(said.code, Some(2), "{dir}\n{}", said.all());
                assert!(said.err.contains(name), "{dir}: which file?\n{}", said.all());
                assert!(files() == before, "{dir} was touched\n{}", said.all());
            }
        }
    }
}

/// Nobody is asked for the destination's name here, so a plan that was changed to speak of
/// another database is not carried out.
#[test]
fn a_plan_of_other_databases_is_refused() {
    let place = Place::new();
    for dir in ["pair", "other"] {
        place.practices(&["--dir", dir, "--make-only", "--rows", "60"]);
    }
    let plan = String::from_utf8(place.bytes("pair/practice.toml")).expect("a text");
    let server = "engine = \"sqlserver\"\nserver = \"nowhere.invalid\"\ndatabase = \"dev\"\n\
                  user = \"sa\"\nauth = \"integrated\"";
    for (from, to) in [
        ("path = \"dev.sqlite\"", "path = \"../other/dev.sqlite\""),
        ("path = \"prod.sqlite\"", "path = \"../other/prod.sqlite\""),
        ("path = \"dev.sqlite\"", "path = \"gone/dev.sqlite\""),
        ("engine = \"sqlite\"\npath = \"dev.sqlite\"", server),
    ] {
        let changed = plan.replacen(from, to, 1);
        assert!(changed != plan, "{from} is not in the plan");
        std::fs::write(place.path("pair/practice.toml"), &changed).expect("a plan");
        let files =
            ["pair/prod.sqlite", "pair/dev.sqlite", "other/prod.sqlite", "other/dev.sqlite"];
        let before = files.map(|name| place.bytes(name));
        let said = place.practice(&["--dir", "pair", "--unattended"]);
        assert_eq!(said.code, Some(2), "{to}\n{}", said.all());
        assert!(said.err.contains("practice.toml"), "{to}\n{}", said.all());
        assert!(files.map(|name| place.bytes(name)) == before, "{to}\n{}", said.all());
    }
    // Another way to write the same place is the same place.
    let same = plan.replacen("path = \"dev.sqlite\"", "path = \"../pair/dev.sqlite\"", 1);
    std::fs::write(place.path("pair/practice.toml"), same).expect("a plan");
    place.practices(&["--dir", "pair", "--unattended"]);
}
