//! Bad input gets a sentence, exit code 2 or 64, and nothing written.

#![expect(clippy::expect_used, reason = "a test says what is wrong by panicking")]

use std::path::Path;

use rusqlite::Connection;

use crate::estate::generate;
use crate::estate::recipe::{Feature, Recipe};
use crate::program::{Bench, Plan, Said};

const RUN: &[&str] = &["run", "plan.toml", "--confirm", "dev", "--decide", "recommended"];

fn bench() -> Bench {
    let features = vec![Feature::ExistingRows, Feature::Extension, Feature::MissingUsers];
    let pair = generate::pair(&Recipe { seed: 12, size: 2, features, flaw: None });
    Bench::new(&pair, 12)
}

/// Refused before any write, with one of these words on standard error.
fn refused(bench: &Bench, said: &Said, words: &[&str]) {
    assert!(!said.panicked(), "{}", said.all());
    assert!(matches!(said.code, Some(2 | 64)), "{}", said.all());
    assert!(bench.source_unchanged(), "the source changed\n{}", said.all());
    assert!(bench.destination_unchanged(), "the destination changed\n{}", said.all());
    let err = said.err.to_lowercase();
    for word in words {
        assert!(err.contains(&word.to_lowercase()), "{word:?} is not said\n{}", said.all());
    }
}

/// Runs a plan that must be refused.
fn refuses(plan: &Plan, words: &[&str]) {
    let bench = bench();
    bench.plan(&plan.text());
    refused(&bench, &bench.osferry(RUN), words);
}

/// The line of the plan's text that holds a word, as a person counts.
fn line_of(text: &str, word: &str) -> String {
    let at = text.lines().position(|line| line.contains(word)).expect("in the text");
    format!("{}", at + 1)
}

#[test]
fn an_unknown_key_is_named_with_its_line() {
    let mut plan = Plan::new();
    plan.options.push("batch_rowz = 5".into());
    let line = line_of(&plan.text(), "batch_rowz");
    refuses(&plan, &["batch_rowz", &line]);
    let mut plan = Plan::new();
    plan.scope.push_str("\nmodules = []");
    let line = line_of(&plan.text(), "modules");
    refuses(&plan, &["modules", &line]);
    let mut plan = Plan::new();
    plan.more = "\n[extras]\nsurprise = true\n".into();
    refuses(&plan, &["extras", &line_of(&plan.text(), "[extras]")]);
}

#[test]
fn a_plan_that_is_no_toml_is_refused_with_the_line() {
    let mut plan = Plan::new();
    plan.more = "\nthis is = not = toml\n".into();
    refuses(&plan, &[&line_of(&plan.text(), "not = toml")]);
}

#[test]
fn values_out_of_range_are_refused() {
    for option in ["batch_rows = 0", "batch_rows = 4001", "batch_rows = \"many\""] {
        let mut plan = Plan::new();
        plan.options.push(option.into());
        refuses(&plan, &["batch_rows"]);
    }
    let mut plan = Plan::new();
    plan.options = vec!["destination_rows = \"perhaps\"".into()];
    refuses(&plan, &["perhaps"]);
}

#[test]
fn a_plan_of_another_version_is_refused() {
    let bench = bench();
    bench.plan(&Plan::new().text().replacen("version = 1", "version = 99", 1));
    refused(&bench, &bench.osferry(RUN), &["99"]);
}

#[test]
fn a_missing_plan_is_named() {
    let bench = bench();
    let arguments = ["run", "nowhere.toml", "--confirm", "dev"];
    refused(&bench, &bench.osferry(&arguments), &["nowhere.toml"]);
}

#[test]
fn a_scope_is_needed() {
    let mut plan = Plan::new();
    plan.scope = String::new();
    refuses(&plan, &["scope"]);
}

#[test]
fn a_file_that_is_not_there_is_named_and_not_made() {
    for side in [true, false] {
        let mut plan = Plan::new();
        *(if side { &mut plan.source } else { &mut plan.destination }) = "gone.sqlite".into();
        let bench = bench();
        bench.plan(&plan.text());
        let name = if side { "dev" } else { "gone" };
        let said = bench.osferry(&["run", "plan.toml", "--confirm", name]);
        refused(&bench, &said, &["gone.sqlite"]);
        assert!(!bench.folder.path().join("gone.sqlite").exists(), "it was made");
    }
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    let bench = bench();
    let text = bench.folder.path().join("letter.sqlite");
    std::fs::write(&text, "Dear Sir or Madam, this is no database. ".repeat(100)).expect("a file");
    let mut plan = Plan::new();
    plan.source = "letter.sqlite".into();
    bench.plan(&plan.text());
    refused(&bench, &bench.osferry(RUN), &["letter.sqlite"]);
}

/// A copy of the source, spoilt by a statement.
fn spoilt(bench: &Bench, statement: &str) -> Plan {
    let path = bench.folder.path().join("spoilt.sqlite");
    std::fs::copy(bench.source(), &path).expect("a copy");
    let connection = Connection::open(&path).expect("the copy");
    connection.pragma_update(None, "foreign_keys", false).expect("off");
    connection.execute_batch(statement).expect(statement);
    let mut plan = Plan::new();
    plan.source = "spoilt.sqlite".into();
    plan
}

#[test]
fn a_database_that_is_no_platform_is_refused_with_what_is_missing() {
    for (statement, words) in [
        ("DROP TABLE OSSYS_ENTITY", &["OSSYS_ENTITY"][..]),
        ("DROP TABLE OSSYS_ESPACE", &["OSSYS_ESPACE"]),
        ("DROP TABLE OSSYS_USER", &["OSSYS_USER"]),
        ("ALTER TABLE OSSYS_ENTITY RENAME COLUMN SS_KEY TO CLAVE", &["OSSYS_ENTITY", "SS_KEY"]),
    ] {
        let bench = bench();
        bench.plan(&spoilt(&bench, statement).text());
        refused(&bench, &bench.osferry(RUN), words);
    }
    let bench = bench();
    let empty = bench.folder.path().join("empty.sqlite");
    Connection::open(&empty)
        .and_then(|c| c.execute_batch("CREATE TABLE notes (text TEXT)"))
        .expect("a database");
    let mut plan = Plan::new();
    plan.source = "empty.sqlite".into();
    bench.plan(&plan.text());
    refused(&bench, &bench.osferry(RUN), &["OSSYS_"]);
}

#[test]
fn an_entity_without_its_table_is_refused() {
    let bench = bench();
    let features = vec![Feature::ExistingRows, Feature::Extension, Feature::MissingUsers];
    let pair = generate::pair(&Recipe { seed: 12, size: 2, features, flaw: None });
    let table = &pair.source.named("Thing0").expect("there").table;
    let plan = spoilt(&bench, &format!("DROP TABLE \"{table}\""));
    bench.plan(&plan.text());
    refused(&bench, &bench.osferry(RUN), &["Thing0"]);
}

#[test]
fn the_same_database_on_both_sides_is_refused() {
    let mut plan = Plan::new();
    plan.source = "dev.sqlite".into();
    refuses(&plan, &["same"]);
    let mut plan = Plan::new();
    plan.source = "./../../nothing/../".into();
    let bench = bench();
    let twin = bench.folder.path().join("twin.sqlite");
    std::fs::hard_link(bench.destination(), &twin).expect("a second name");
    plan.source = "twin.sqlite".into();
    bench.plan(&plan.text());
    refused(&bench, &bench.osferry(RUN), &["same"]);
}

#[test]
fn a_destination_that_is_or_may_be_production_is_refused() {
    for purpose in [Some("production"), None, Some("whatever")] {
        let mut plan = Plan::new();
        plan.purpose = purpose;
        refuses(&plan, &["purpose"]);
    }
}

#[test]
fn an_unknown_application_is_named_with_the_nearest() {
    let mut plan = Plan::new();
    plan.scope = "applications = [\"Corre\"]".into();
    refuses(&plan, &["Corre", "Core"]);
    let mut plan = Plan::new();
    plan.scope = "espaces = [\"Core_SC\"]".into();
    refuses(&plan, &["Core_SC", "Core_CS"]);
}

#[test]
fn a_wrong_confirmation_is_refused() {
    let bench = bench();
    bench.plan(&Plan::new().text());
    for name in ["prod", "DEVX", ""] {
        let arguments = ["run", "plan.toml", "--confirm", name, "--decide", "recommended"];
        refused(&bench, &bench.osferry(&arguments), &["dev"]);
    }
    let said = bench.osferry(&["run", "plan.toml", "--decide", "recommended"]);
    refused(&bench, &said, &["--confirm"]);
}

#[test]
fn a_home_that_cannot_be_written_is_refused() {
    let bench = bench();
    bench.plan(&Plan::new().text());
    let file = bench.folder.path().join("occupied");
    std::fs::write(&file, "a file where a folder should be").expect("a file");
    refused(&bench, &bench.osferry_at(&file, RUN), &["occupied"]);
    refused(&bench, &bench.osferry_at(&file.join("below"), RUN), &["occupied"]);
}

#[test]
fn findings_without_a_decision_stop_the_run() {
    let bench = bench();
    let mut plan = Plan::new();
    plan.options.clear();
    bench.plan(&plan.text());
    let said = bench.osferry(&["run", "plan.toml", "--confirm", "dev"]);
    refused(&bench, &said, &["destination_rows"]);
}

#[test]
fn wrong_command_lines_end_with_64() {
    let bench = bench();
    for arguments in [
        &["sail"][..],
        &["run"],
        &["run", "plan.toml", "--decide", "everything", "--confirm", "dev"],
        &["run", "plan.toml", "--no-such-option"],
    ] {
        let said = bench.osferry(arguments);
        assert!(!said.panicked(), "{}", said.all());
        assert_eq!(said.code, Some(64), "{arguments:?}\n{}", said.all());
        assert!(!said.err.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_destination_in_use_by_someone_else_is_refused() {
    let bench = bench();
    bench.plan(&Plan::new().text());
    let holder = Connection::open(bench.destination()).expect("the destination");
    holder.execute_batch("BEGIN EXCLUSIVE").expect("held");
    let said = bench.osferry(RUN);
    holder.execute_batch("ROLLBACK").expect("let go");
    refused(&bench, &said, &["dev"]);
}

#[test]
fn the_bench_itself_is_sound() {
    let bench = bench();
    assert!(bench.source_unchanged() && bench.destination_unchanged());
    assert!(Path::new(env!("CARGO_BIN_EXE_osferry")).exists());
}
