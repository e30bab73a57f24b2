//! The real program, started as a person would, in folders of its own.

#![expect(clippy::expect_used, reason = "a test says what is wrong by panicking")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use crate::estate::model::Pair;
use crate::estate::sqlite_file;

/// A pair of databases, a plan and a home in a folder that goes away.
pub struct Bench {
    pub folder: TempDir,
    /// What both files held when they were made.
    pub source_bytes: Vec<u8>,
    pub destination_bytes: Vec<u8>,
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
    /// Writes both databases.
    pub fn new(pair: &Pair, whim: u64) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (source, destination) =
            (folder.path().join("prod.sqlite"), folder.path().join("dev.sqlite"));
        sqlite_file::write(&source, &pair.source, whim);
        sqlite_file::write(&destination, &pair.destination, whim.wrapping_mul(31) + 7);
        let bytes = |path: &Path| std::fs::read(path).expect("just written");
        Self { source_bytes: bytes(&source), destination_bytes: bytes(&destination), folder }
    }

    pub fn source(&self) -> PathBuf {
        self.folder.path().join("prod.sqlite")
    }

    pub fn destination(&self) -> PathBuf {
        self.folder.path().join("dev.sqlite")
    }

    /// Whether a file holds the bytes it was made with.
    pub fn source_unchanged(&self) -> bool {
        std::fs::read(self.source()).is_ok_and(|bytes| bytes == self.source_bytes)
    }

    pub fn destination_unchanged(&self) -> bool {
        std::fs::read(self.destination()).is_ok_and(|bytes| bytes == self.destination_bytes)
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

    /// The same with variables of its environment.
    pub fn osferry_with(&self, arguments: &[&str], variables: &[(String, String)]) -> Said {
        self.start(&self.folder.path().join("home"), arguments, variables)
    }

    fn start(&self, home: &Path, arguments: &[&str], variables: &[(String, String)]) -> Said {
        let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_osferry"));
        for name in ["SOURCE_PASSWORD", "DESTINATION_PASSWORD", "SOURCE_TOKEN", "DESTINATION_TOKEN"]
        {
            command.env_remove(format!("OSFERRY_{name}"));
        }
        let output = command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("OSFERRY_HOME", home)
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .env_remove("RUST_BACKTRACE")
            .timeout(Duration::from_secs(180))
            .output()
            .expect("the program starts");
        Said {
            code: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// A plan in pieces, so that a test can spoil one of them.
#[derive(Clone)]
pub struct Plan {
    pub source: String,
    pub destination: String,
    pub purpose: Option<&'static str>,
    pub scope: String,
    pub options: Vec<String>,
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
            more: String::new(),
        }
    }

    /// The file's text.
    pub fn text(&self) -> String {
        let mut text = format!(
            "version = 1\nname = \"estate\"\n\n[source]\nengine = \"sqlite\"\npath = '{}'\n\n\
             [destination]\nengine = \"sqlite\"\npath = '{}'\n",
            self.source, self.destination
        );
        if let Some(purpose) = self.purpose {
            let _ = writeln!(text, "purpose = \"{purpose}\"");
        }
        let _ = write!(text, "\n[scope]\n{}\n\n[options]\n", self.scope);
        for option in &self.options {
            let _ = writeln!(text, "{option}");
        }
        text.push_str(&self.more);
        text
    }
}
