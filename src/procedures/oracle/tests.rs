//! Three clones, their scripts pinned, and names that are refused.

use super::*;

const SAME_INSTANCE: &str = r#"
version = 1
dump = "prod_may"
same_instance = true
admin = "osadmin_tst"
schema = [
  { from = "OSADMIN", to = "OSADMIN_TST" },
  { from = "OSRUNTIME", to = "OSRUNTIME_TST" },
  { from = "OSADMIN_LOG", to = "OSADMIN_LOG_TST" },
  { from = "OSRUNTIME_LOG", to = "OSRUNTIME_LOG_TST" },
]
tablespace = [
  { from = "OSSYS", to = "OSSYS_TST" },
  { from = "OSIDX", to = "OSIDX_TST" },
  { from = "OSUSR", to = "OSUSR_TST" },
]
"#;

const OTHER_INSTANCE: &str = r#"
version = 1
dump = "prod"
directory = "DUMPS"
same_instance = false
admin = "OSADMIN"
schema = [{ from = "OSADMIN", to = "OSADMIN" }, { from = "OSRUNTIME", to = "OSRUNTIME" }]
tablespace = [{ from = "OSSYS", to = "OSSYS" }]
"#;

const FURTHER_SCHEMAS: &str = r#"
version = 1
dump = "all_2025"
same_instance = true
admin = "QA_ADMIN"
schema = [
  { from = "OSADMIN", to = "QA_ADMIN" },
  { from = "OSRUNTIME", to = "QA_RUNTIME" },
  { from = "ARCHIVE", to = "QA_ARCHIVE" },
]
tablespace = [{ from = "OSSYS", to = "QA_SYS" }, { from = "ARCHIVE_DATA", to = "QA_ARCHIVE_DATA" }]
"#;

fn told(text: &str) -> String {
    let scripts = OracleClone::parse(text).and_then(|clone| clone.scripts()).expect("scripts");
    let parts = scripts.iter().map(|script| format!("=== {}\n{}", script.name, script.text));
    parts.collect::<Vec<_>>().join("\n")
}

#[test]
fn scripts_of_three_clones() {
    insta::assert_snapshot!("same_instance", told(SAME_INSTANCE));
    insta::assert_snapshot!("other_instance", told(OTHER_INSTANCE));
    insta::assert_snapshot!("further_schemas", told(FURTHER_SCHEMAS));
}

#[test]
fn what_is_no_identifier_is_refused() {
    for (from, to) in [
        ("to = \"OSADMIN_TST\"", "to = \"OSADMIN TST\""),
        ("to = \"OSADMIN_TST\"", "to = \"X'; DROP USER OSADMIN; --\""),
        ("to = \"OSADMIN_TST\"", "to = \"1TST\""),
        ("to = \"OSADMIN_TST\"", "to = \"\""),
        ("to = \"OSADMIN_TST\"", "to = \"ÄDMIN\""),
        ("to = \"OSADMIN_TST\"", "to = \"TABLE\""),
        ("to = \"OSADMIN_TST\"", "to = \"A234567890123456789012345678901\""),
        ("to = \"OSADMIN_TST\"", "to = \"OSRUNTIME_TST\""),
        // The original's own name in the same instance.
        ("to = \"OSADMIN_TST\"", "to = \"OSADMIN\""),
        ("dump = \"prod_may\"", "dump = \"../prod\""),
        ("dump = \"prod_may\"", "dump = \"prod$(id)\""),
        ("admin = \"osadmin_tst\"", "admin = \"OSADMIN_QA\""),
        ("version = 1", "version = 2"),
        ("same_instance = true", ""),
    ] {
        let text = SAME_INSTANCE.replace(from, to);
        assert_ne!(text, SAME_INSTANCE, "{from}");
        assert!(OracleClone::parse(&text).is_err(), "{to}");
    }
}
