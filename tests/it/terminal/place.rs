//! A folder of a test's own, in which the program keeps what it keeps.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use portable_pty::CommandBuilder;
use tempfile::TempDir;

use super::window::{Size, Window};
use crate::program::osferry;

/// Rows of a large entity in the practice pair: enough for several batches, and quick.
const ROWS: &str = "300";

/// A folder that goes away.
pub struct Place {
    folder: TempDir,
}

/// A practice pair that the program made once; each test has a copy.
fn pair() -> &'static Path {
    static PAIR: OnceLock<TempDir> = OnceLock::new();
    PAIR.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let words = ["practice", "--make-only", "--dir", "pair", "--rows", ROWS];
        let said = osferry(folder.path(), &folder.path().join("home"), &words, &[]);
        assert_eq!(said.code, Some(0), "{}", said.all());
        folder
    })
    .path()
}

impl Place {
    /// With nothing in it.
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    /// With a practice pair where the program looks for it, so that it need not be made.
    pub fn practice() -> Self {
        let place = Self::new();
        let folder = place.home().join("practice");
        std::fs::create_dir_all(&folder).expect("a folder");
        for file in std::fs::read_dir(pair().join("pair")).expect("a pair") {
            let file = file.expect("a file");
            std::fs::copy(file.path(), folder.join(file.file_name())).expect("copied");
        }
        place
    }

    /// A file in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Where the program keeps what it keeps.
    pub fn home(&self) -> PathBuf {
        self.path("home")
    }

    /// The program with these words, not yet started, in an environment like a person's.
    pub fn command(&self, words: &[&str]) -> CommandBuilder {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_osferry"));
        command.args(words);
        command.cwd(self.folder.path());
        for name in ["SOURCE_PASSWORD", "DESTINATION_PASSWORD", "SOURCE_TOKEN", "DESTINATION_TOKEN"]
        {
            command.env_remove(format!("OSFERRY_{name}"));
        }
        for name in ["NO_COLOR", "RUST_BACKTRACE", "LC_ALL", "LC_CTYPE", "COLORTERM"] {
            command.env_remove(name);
        }
        command.env("OSFERRY_HOME", self.home());
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        command
    }

    /// The program with these words, in a window.
    pub fn start(&self, words: &[&str], size: Size) -> Window {
        Window::open(self.command(words), size)
    }
}
