//! The real program where no file may grow beyond a limit: journal, before-images, destination
//! and reports all run out of room, one limit after the other.
//!
//! `OSFERRY_TEST_LIMITS=200` tries so many limits; so does `cargo test -- --ignored`.

use std::process::{Command, Stdio};

use osferry::outsystems::Side;

use super::case::Case;
use super::kills::next;
use super::wanted;
use crate::estate::recipe::{Feature, Recipe};
use crate::program::Bench;

/// Runs the program where no file may have more than so many blocks of 512 bytes; its exit code
/// and what it said. Instead of being killed it is told that there is no room.
fn within(bench: &Bench, arguments: &[String], blocks: usize) -> (Option<i32>, String) {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let program = bench.command(&arguments);
    let mut shell = Command::new("sh");
    shell
        .arg("-c")
        .arg(format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\""))
        .arg(program.get_program())
        .args(program.get_args())
        .current_dir(bench.folder.path())
        .stdin(Stdio::null());
    for (name, value) in program.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    let output = shell.output().expect("a shell");
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&said).into_owned())
}

/// Migrates with a limit, then goes on without one; what is wrong then, and whether the limit was
/// met at all.
fn limited(case: &Case, blocks: usize) -> (bool, Vec<String>) {
    let bench = Bench::new(&case.pair, case.recipe.seed);
    let mut plan = bench.usual_plan();
    plan.options.push("batch_rows = 20".to_owned());
    bench.plan(&plan.text());
    let before = bench.databases.made(Side::Destination);
    let (code, said) = within(&bench, &next(&bench).1, blocks);
    let mut story = vec![format!("exit code {code:?}\n{said}")];
    if !matches!(code, Some(0 | 2..=4)) || said.contains("panicked") {
        return (true, story);
    }
    for _ in 0..4 {
        let (what, arguments) = next(&bench);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let said = bench.osferry(&arguments);
        story.push(format!("{what}\n{}", said.all()));
        if said.code == Some(0) {
            let after = bench.databases.read(Side::Destination);
            let troubles = case.troubles(&before, &after);
            let all = if troubles.is_empty() { troubles } else { [troubles, story].concat() };
            return (code != Some(0), all);
        }
    }
    (true, story)
}

fn tried(limits: usize) {
    let features = vec![
        Feature::ExistingRows,
        Feature::MissingUsers,
        Feature::TwoCycle,
        Feature::Extension,
        Feature::ManyToMany,
    ];
    let case = Case::of(&Recipe { seed: 31, size: 3, features, flaw: None });
    let case = case.expect("it can be migrated");
    let mut met = 0;
    for number in 0..limits {
        // From next to nothing to more than is needed, closer together where it is little.
        let blocks = 1 + number * number * 6_000 / (limits * limits);
        let (was_met, troubles) = limited(&case, blocks);
        assert!(troubles.is_empty(), "{blocks} blocks\n{}", troubles.join("\n"));
        met += usize::from(was_met);
    }
    assert!(met * 3 > limits, "of {limits} limits only {met} were met");
}

#[test]
fn a_full_disk_loses_nothing() {
    tried(wanted("OSFERRY_TEST_LIMITS", 6));
}

#[test]
#[ignore = "takes minutes"]
fn a_disk_that_is_full_at_any_moment_loses_nothing() {
    tried(wanted("OSFERRY_TEST_LIMITS", 200));
}
