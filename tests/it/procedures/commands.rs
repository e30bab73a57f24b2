//! The neighbouring procedures by the program's commands, on the practice files.

/// The program on the practice clone, from the first look to the undo.
#[test]
fn the_practice_clone_is_cleaned_and_undone_by_the_commands() {
    let folder = tempfile::tempdir().expect("a folder");
    let home = folder.path().join("home");
    let run = |arguments: &[&str]| crate::program::osferry(folder.path(), &home, arguments, &[]);
    let made = run(&["practice", "--dir", "pair", "--rows", "20", "--clone"]);
    assert_eq!(made.code, Some(0), "{}", made.all());
    let plan = "pair/cleanup.toml";
    let dry = run(&["cleanup", plan, "--dry-run"]);
    assert_eq!(dry.code, Some(0), "{}", dry.all());
    assert!(dry.out.contains("NAME NHPRDFE01"), "{}", dry.all());
    assert!(dry.out.contains("has no table OSSYS_CLOUDSERVICES_OBSERVER"), "{}", dry.all());
    assert!(!dry.all().contains("AES:"), "{}", dry.all());
    assert!(dry.out.contains("Security context"), "{}", dry.all());
    let script = folder.path().join("pair/cleanup.sql");
    assert!(script.exists(), "{}", dry.all());
    // Written anew, but never over somebody's own.
    assert_eq!(run(&["cleanup", plan, "--dry-run"]).code, Some(0));
    std::fs::write(&script, "-- mine\n").expect("a file");
    let mine = run(&["cleanup", plan, "--dry-run"]);
    assert_eq!(mine.code, Some(2), "{}", mine.all());
    assert!(mine.err.contains("--script FILE"), "{}", mine.all());
    assert_eq!(std::fs::read_to_string(&script).expect("a file"), "-- mine\n");
    let named = run(&["cleanup", plan, "--dry-run", "--script", "named.sql"]);
    assert_eq!(named.code, Some(0), "{}", named.all());
    assert!(folder.path().join("named.sql").exists());
    assert_eq!(run(&["cleanup", plan, "--scan"]).code, Some(1));
    let wrong = run(&["cleanup", plan, "--confirm", "prod"]);
    assert_eq!(wrong.code, Some(2), "{}", wrong.all());
    let done = run(&["cleanup", plan, "--confirm", "clone"]);
    assert_eq!(done.code, Some(0), "{}", done.all());
    let again = run(&["cleanup", plan, "--confirm", "clone"]);
    assert_eq!(again.code, Some(2), "{}", again.all());
    assert!(again.err.contains("nothing left to clean up"), "{}", again.all());
    assert_eq!(run(&["cleanup", plan, "--scan"]).code, Some(0));
    let runs = run(&["runs"]);
    assert!(
        runs.out.contains("clean-up of") && runs.out.contains("cleaned up and looked at again"),
        "{}",
        runs.all()
    );
    for command in ["resume", "verify", "tasks"] {
        let refused = run(&[command, "practice-clone"]);
        assert_eq!(refused.code, Some(2), "{}", refused.all());
        assert!(refused.err.contains("is a clean-up"), "{}", refused.all());
    }
    let saved = run(&["export", "practice-clone", "saved"]);
    assert!(saved.out.contains("NHPRDFE02"), "{}", saved.all());
    let undone = run(&["undo", "practice-clone", "--confirm", "clone"]);
    assert_eq!(undone.code, Some(0), "{}", undone.all());
    assert!(undone.out.contains("every row is as it was before"), "{}", undone.all());
    let runs = run(&["runs"]);
    assert!(runs.out.contains("taken back: every row"), "{}", runs.all());
    assert_eq!(run(&["cleanup", plan, "--scan"]).code, Some(1));
}

/// What the practice clone can tell of a checklist, by the commands.
#[test]
fn a_checklist_asks_the_databases_of_a_plan() {
    let folder = tempfile::tempdir().expect("a folder");
    let home = folder.path().join("home");
    let run = |arguments: &[&str]| crate::program::osferry(folder.path(), &home, arguments, &[]);
    let made = run(&["practice", "--dir", "pair", "--rows", "20", "--clone"]);
    assert_eq!(made.code, Some(0), "{}", made.all());
    let plan = "pair/cleanup.toml";
    let asked = run(&["checklist", "installation-fresh", "--check", plan]);
    assert_eq!(asked.code, Some(0), "{}", asked.all());
    assert!(asked.err.contains("service-center: NO: the original's are there"), "{}", asked.all());
    let again = run(&["checklist", "installation-fresh"]);
    assert!(again.out.contains("NOT as it should be: the original's"), "{}", again.all());
    let report = std::fs::read_to_string(home.join("checklists/installation-fresh-mine.md"));
    assert!(report.expect("a report").contains("no Log database is declared"));
    let login = run(&["checklist", "installation-fresh", "--check", plan, "--login", "X"]);
    assert_eq!(login.code, Some(2), "{}", login.all());
    let oracle = run(&["checklist", "oracle-fresh", "--check", plan]);
    assert_eq!(oracle.code, Some(2), "{}", oracle.all());
    assert!(oracle.err.contains("does not connect to Oracle"), "{}", oracle.all());
    assert_eq!(run(&["checklist", "--check", plan]).code, Some(64));
    let missing = run(&["checklist", "restore", "--check", plan]);
    assert_eq!(missing.code, Some(2), "{}", missing.all());
}

/// A checklist is there the next time, and says what is wrong.
#[test]
fn a_checklist_is_kept_and_gone_on_with() {
    let folder = tempfile::tempdir().expect("a folder");
    let home = folder.path().join("home");
    let run = |arguments: &[&str]| crate::program::osferry(folder.path(), &home, arguments, &[]);
    let listed = run(&["checklist"]);
    assert!(listed.out.contains("installation-fresh"), "{}", listed.all());
    let ticked = run(&[
        "checklist",
        "restore",
        "--server",
        "CTRL",
        "--server",
        "FE1",
        "--done",
        "stop@CTRL",
    ]);
    assert_eq!(ticked.code, Some(0), "{}", ticked.all());
    let unknown = run(&["checklist", "restore", "--done", "stop"]);
    assert_eq!(unknown.code, Some(2), "{}", unknown.all());
    let skipped = run(&["checklist", "restore", "--skip", "republish", "--note", "no warning"]);
    assert_eq!(skipped.code, Some(0), "{}", skipped.all());
    assert!(skipped.out.contains("[x] Stop IIS and the OutSystems services"), "{}", skipped.all());
    let report =
        std::fs::read_to_string(home.join("checklists/restore-mine.md")).expect("a report");
    assert!(report.contains("no warning"), "{report}");
    std::fs::write(home.join("checklists/restore-mine.json"), "{").expect("spoilt");
    let spoilt = run(&["checklist", "restore"]);
    assert_eq!(spoilt.code, Some(2), "{}", spoilt.all());
    assert!(spoilt.err.contains("is damaged"), "{}", spoilt.all());
}

/// Both files of a pair restored from one another are intact; once a server is pointed over it is too
/// late.
#[test]
fn a_restore_is_compared_at_its_moment_only() {
    let folder = tempfile::tempdir().expect("a folder");
    let home = folder.path().join("home");
    let run = |arguments: &[&str]| crate::program::osferry(folder.path(), &home, arguments, &[]);
    let made = run(&["practice", "--dir", "pair", "--rows", "20", "--make-only"]);
    assert_eq!(made.code, Some(0), "{}", made.all());
    let pair = folder.path().join("pair");
    std::fs::copy(pair.join("prod.sqlite"), pair.join("new.sqlite")).expect("restored");
    let side =
        |name: &str, path: &str| format!("[{name}]\nengine = \"sqlite\"\npath = \"{path}\"\n");
    let plan = |new: &str| {
        let text = format!("version = 1\n{}{}", side("old", "pair/prod.sqlite"), side("new", new));
        std::fs::write(folder.path().join("restore.toml"), text).expect("a plan");
    };
    plan("pair/dev.sqlite");
    let differs = run(&["restore", "restore.toml"]);
    assert_eq!(differs.code, Some(1), "{}", differs.all());
    plan("pair/new.sqlite");
    let dry = run(&["restore", "restore.toml", "--dry-run"]);
    assert_eq!(dry.code, Some(0), "{}", dry.all());
    let told = dry.out.lines().filter(|line| line.starts_with("  ")).count();
    let script = std::fs::read_to_string(folder.path().join("restore.sql")).expect("a script");
    assert_eq!(script.matches("SELECT COUNT(*) FROM").count(), told, "{}", dry.all());
    assert!(script.contains("FROM \"OSSYS_ESPACE\""), "{script}");
    assert!(!run(&["checklist", "restore"]).out.contains("[x]"));
    let intact = run(&["restore", "restore.toml"]);
    assert_eq!(intact.code, Some(0), "{}", intact.all());
    assert!(run(&["checklist", "restore"]).out.contains("intact"));
    assert_eq!(run(&["checklist", "restore", "--done", "open-tool"]).code, Some(0));
    let late = run(&["restore", "restore.toml"]);
    assert_eq!(late.code, Some(2), "{}", late.all());
    assert!(late.err.contains("pointed over already"), "{}", late.all());
}

/// Scripts for Oracle are written once, and a bad name writes none.
#[test]
fn scripts_for_oracle_are_written_where_none_are() {
    let folder = tempfile::tempdir().expect("a folder");
    let home = folder.path().join("home");
    let run = |arguments: &[&str]| crate::program::osferry(folder.path(), &home, arguments, &[]);
    let plan = |to: &str| {
        let text = format!(
            "version = 1\ndump = \"may\"\nsame_instance = true\nadmin = \"{to}\"\n\
             schema = [{{ from = \"OSADMIN\", to = \"{to}\" }}]\n\
             tablespace = [{{ from = \"OSSYS\", to = \"OSSYS_TST\" }}]\n"
        );
        std::fs::write(folder.path().join("oracle.toml"), text).expect("a plan");
    };
    plan("OSADMIN; DROP");
    let bad = run(&["oracle", "oracle.toml", "--write", "scripts"]);
    assert_eq!(bad.code, Some(2), "{}", bad.all());
    assert!(!folder.path().join("scripts").exists());
    plan("OSADMIN_TST");
    let written = run(&["oracle", "oracle.toml", "--write", "scripts"]);
    assert_eq!(written.code, Some(0), "{}", written.all());
    assert_eq!(std::fs::read_dir(folder.path().join("scripts")).expect("scripts").count(), 4);
    assert_eq!(run(&["oracle", "oracle.toml", "--write", "scripts"]).code, Some(2));
}
