//! The real program, started as a person would, in folders of its own.

#![expect(clippy::expect_used, reason = "a test says what is wrong by panicking")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use osferry::outsystems::Side;
use osferry::plan::CheckKind;
use tempfile::TempDir;

use crate::databases::Databases;
use crate::estate::model::Pair;
use crate::support::engine::TestEngine;

/// A pair of databases, and a plan and a home in a folder that goes away.
pub struct Bench {
    pub folder: TempDir,
    pub databases: Databases,
}

/// What the program said.
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Said {
    /// Both streams, for a failing test.
    pub fn all(&self) -> String {
        format!("exit code {:?}\n--- out\n{}\n--- err\n{}", self.code, self.out, self.err)
    }

    /// Signs of a panic, which no person may ever see.
    pub fn panicked(&self) -> bool {
        ["panicked at", "RUST_BACKTRACE", "unwrap()` on"]
            .iter()
            .any(|sign| self.err.contains(sign) || self.out.contains(sign))
            || !matches!(self.code, Some(0..=4 | 64))
    }
}

impl Bench {
    /// Writes both databases as files in the folder.
    pub fn new(pair: &Pair, whim: u64) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self { databases: Databases::in_folder(folder.path(), pair, whim), folder }
    }

    /// Writes both databases, on whichever engine.
    pub fn on(engine: &TestEngine, pair: &Pair, whim: u64) -> Self {
        match engine {
            TestEngine::Sqlite(_) => Self::new(pair, whim),
            TestEngine::SqlServer(server, _) => Self {
                folder: tempfile::tempdir().expect("a folder"),
                databases: Databases::on_server(server, pair, whim),
            },
        }
    }

    /// The source's file.
    pub fn source(&self) -> PathBuf {
        self.folder.path().join("prod.sqlite")
    }

    /// The destination's file.
    pub fn destination(&self) -> PathBuf {
        self.folder.path().join("dev.sqlite")
    }

    /// Whether a database is as it was made.
    pub fn source_unchanged(&self) -> bool {
        self.databases.unchanged(Side::Source)
    }

    pub fn destination_unchanged(&self) -> bool {
        self.databases.unchanged(Side::Destination)
    }

    /// The destination's name, by which it is confirmed.
    pub fn destination_name(&self) -> String {
        self.databases.name(Side::Destination)
    }

    /// A plan for this pair.
    pub fn usual_plan(&self) -> Plan {
        Plan {
            source: self.databases.endpoint(Side::Source),
            destination: self.databases.endpoint(Side::Destination),
            ..Plan::new()
        }
    }

    /// Carries the plan out with the recommended decisions.
    pub fn run(&self) -> Said {
        let name = self.databases.name(Side::Destination);
        self.osferry(&["run", "plan.toml", "--confirm", &name, "--decide", "recommended"])
    }

    /// Writes the plan.
    pub fn plan(&self, text: &str) {
        std::fs::write(self.folder.path().join("plan.toml"), text).expect("a plan");
    }

    /// Runs the program in the folder.
    pub fn osferry(&self, arguments: &[&str]) -> Said {
        self.osferry_at(&self.folder.path().join("home"), arguments)
    }

    /// The same with another place for what it keeps.
    pub fn osferry_at(&self, home: &Path, arguments: &[&str]) -> Said {
        self.start(home, arguments, &[])
    }

    fn start(&self, home: &Path, arguments: &[&str], variables: &[(String, String)]) -> Said {
        let mut all = self.databases.secrets();
        all.extend_from_slice(variables);
        osferry(self.folder.path(), home, arguments, &all)
    }

    /// The program about to be started in the folder.
    pub fn command(&self, arguments: &[&str]) -> std::process::Command {
        let home = self.folder.path().join("home");
        command(self.folder.path(), &home, arguments, &self.databases.secrets())
    }

    /// Starts the recommended run of the plan, to be killed: nobody listens to it.
    pub fn begin(&self) -> std::process::Child {
        let name = self.databases.name(Side::Destination);
        self.command(&["run", "plan.toml", "--confirm", &name, "--decide", "recommended"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts")
    }

    /// The same with variables of its environment.
    pub fn osferry_with(&self, arguments: &[&str], variables: &[(String, String)]) -> Said {
        self.start(&self.folder.path().join("home"), arguments, variables)
    }
}

/// The program, about to be started in a folder, with a place for what it keeps and variables of
/// its environment.
pub fn command(
    folder: &Path,
    home: &Path,
    arguments: &[&str],
    variables: &[(String, String)],
) -> std::process::Command {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_osferry"));
    for name in
        ["SOURCE_PASSWORD", "DESTINATION_PASSWORD", "SOURCE_TOKEN", "DESTINATION_TOKEN", "MASK_KEY"]
    {
        command.env_remove(format!("OSFERRY_{name}"));
    }
    command
        .args(arguments)
        .current_dir(folder)
        .env("OSFERRY_HOME", home)
        .env("OSFERRY_ANY_ENGINE", "1")
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .env_remove("RUST_BACKTRACE");
    command
}

/// Runs the program to its end.
pub fn osferry(
    folder: &Path,
    home: &Path,
    arguments: &[&str],
    variables: &[(String, String)],
) -> Said {
    let output = assert_cmd::Command::from_std(command(folder, home, arguments, variables))
        .timeout(Duration::from_secs(300))
        .output()
        .expect("the program starts");
    Said {
        code: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// One side of a plan: what stands below its heading.
#[derive(Clone)]
pub struct Endpoint(pub String);

impl From<&str> for Endpoint {
    /// A file.
    fn from(path: &str) -> Self {
        Self(format!("engine = \"sqlite\"\npath = '{path}'"))
    }
}

/// A plan in pieces, so that a test can spoil one of them.
#[derive(Clone)]
pub struct Plan {
    pub source: Endpoint,
    pub destination: Endpoint,
    pub purpose: Option<&'static str>,
    pub scope: String,
    pub options: Vec<String>,
    /// What is said of the checks before the run.
    pub preflight: String,
    pub more: String,
}

impl Plan {
    pub fn new() -> Self {
        Self {
            source: "prod.sqlite".into(),
            destination: "dev.sqlite".into(),
            purpose: Some("non-production"),
            scope: "applications = [\"Core\"]".into(),
            options: vec!["destination_rows = \"replace\"".into()],
            preflight: everything_accepted(),
            more: String::new(),
        }
    }

    /// The file's text.
    pub fn text(&self) -> String {
        let mut text = format!(
            "version = 1\nname = \"estate\"\n\n[source]\n{}\n\n[destination]\n{}\n",
            self.source.0, self.destination.0
        );
        if let Some(purpose) = self.purpose {
            let _ = writeln!(text, "purpose = \"{purpose}\"");
        }
        let _ = write!(text, "\n[scope]\n{}\n\n[options]\n", self.scope);
        for option in &self.options {
            let _ = writeln!(text, "{option}");
        }
        // What is masked has tests of its own.
        if !self.options.iter().any(|option| option.starts_with("personal_data")) {
            text.push_str("personal_data = \"real\"\n");
        }
        let _ = writeln!(text, "\n[preflight]\n{}", self.preflight);
        text.push_str(&self.more);
        text
    }
}

/// Every warning accepted, and everybody told: for scenarios that are about something else.
fn everything_accepted() -> String {
    let names: Vec<&str> = CheckKind::acceptable().into_iter().map(|(name, _)| name).collect();
    format!("accept = {names:?}\nfrozen = \"nobody publishes in a test\"")
}
