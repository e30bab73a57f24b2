//! The folders for what osferry keeps.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use super::refused;
use crate::database::{Fault, Result};
use crate::migrate::journal::Journal;

/// Parts of a second that run ids tell apart: four digits of base 16, with room above for runs
/// that begin at the very same time.
const FRACTIONS: i64 = 0xf000;

/// Where osferry keeps things.
#[derive(Clone, Debug)]
pub struct Home {
    folder: PathBuf,
}

/// A run of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownRun {
    /// Its id.
    pub id: String,
    /// Its folder, which holds journal and reports.
    pub folder: PathBuf,
}

impl Home {
    /// `OSFERRY_HOME`, or the platform's folder for data.
    pub fn find() -> Result<Self> {
        if let Some(folder) = std::env::var_os("OSFERRY_HOME").filter(|folder| !folder.is_empty()) {
            return std::path::absolute(PathBuf::from(folder))
                .map(Self::at)
                .map_err(|error| refused(format!("OSFERRY_HOME cannot be used: {error}")));
        }
        directories::ProjectDirs::from("", "", "osferry")
            .map(|folders| Self::at(folders.data_local_dir().to_path_buf()))
            .ok_or_else(|| refused("there is no home folder for this user").advise(ADVICE))
    }

    /// In this folder; it need not be there yet.
    #[must_use]
    pub fn at(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The folder itself.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder for practice pairs.
    #[must_use]
    pub fn practice(&self) -> PathBuf {
        self.folder.join("practice")
    }

    fn runs_folder(&self) -> PathBuf {
        self.folder.join("runs")
    }

    /// Finds out whether a run could be kept, before anything else is begun.
    pub fn check(&self) -> Result<()> {
        let folder = self.runs_folder();
        let tried = make_private(&folder).and_then(|()| {
            let probe = folder.join(format!(".probe-{}", std::process::id()));
            std::fs::write(&probe, b"")?;
            std::fs::remove_file(&probe)
        });
        tried.map_err(|error| cannot_write(&folder, &error))
    }

    /// Bytes free on the disk of the folder; `None` where the system does not tell. Asks for its
    /// first parent that is there: the folder itself is made with the first run.
    #[must_use]
    pub fn free(&self) -> Option<u64> {
        let there = self.folder.ancestors().find(|folder| folder.exists())?;
        fs4::available_space(there).ok()
    }

    /// An id for a new run, and the folder it will have. Later ids sort after earlier ones, those
    /// of the same second too: what follows the second is how much of it had passed.
    #[must_use]
    pub fn new_run(&self, now: &jiff::Zoned) -> (String, PathBuf) {
        let second = now.strftime("%y%m%d-%H%M%S");
        let passed = i64::from(now.subsec_nanosecond()) * FRACTIONS / 1_000_000_000;
        let mut ids = (passed..).map(|passed| format!("{second}-{passed:04x}"));
        let is_free = |id: &String| !self.runs_folder().join(id).exists();
        let id = ids.find(is_free).unwrap_or_else(|| second.to_string());
        let folder = self.runs_folder().join(&id);
        (id, folder)
    }

    /// All runs, oldest first.
    pub fn runs(&self) -> Result<Vec<KnownRun>> {
        let folder = self.runs_folder();
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => {
                return Err(refused(format!("cannot read {}: {error}", folder.display())));
            }
        };
        let mut runs: Vec<KnownRun> = entries
            .filter_map(std::result::Result::ok)
            .filter(|entry| entry.path().join("journal.sqlite").is_file())
            .map(|entry| KnownRun {
                id: entry.file_name().to_string_lossy().into_owned(),
                folder: entry.path(),
            })
            .collect();
        runs.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(runs)
    }

    /// The run with that id, whatever its journal is like, or the only one with that name.
    pub fn known(&self, wanted: &str) -> Result<KnownRun> {
        match self.runs()?.into_iter().find(|run| run.id == wanted) {
            Some(run) => Ok(run),
            None => self.run(wanted).map(|(run, _)| run),
        }
    }

    /// The run with that id, or the only one with that name.
    pub fn run(&self, wanted: &str) -> Result<(KnownRun, Journal)> {
        let mut named = Vec::new();
        for run in self.runs()? {
            if run.id == wanted {
                let journal = Journal::open(&run.folder)?;
                return Ok((run, journal));
            }
            // A damaged journal of another run is none of this command's business.
            let Ok(journal) = Journal::open(&run.folder) else { continue };
            if journal.header().is_ok_and(|header| header.name == wanted) {
                named.push((run, journal));
            }
        }
        if named.len() > 1 {
            let ids: Vec<&str> = named.iter().map(|(run, _)| run.id.as_str()).collect();
            return Err(refused(format!(
                "{} runs are named \"{wanted}\": {}",
                ids.len(),
                ids.join(", ")
            ))
            .advise("Name one by its id; the newest is the last."));
        }
        named.pop().ok_or_else(|| {
            refused(format!("there is no run \"{wanted}\" in {}", self.runs_folder().display()))
                .advise("`osferry runs` lists them.")
        })
    }
}

const ADVICE: &str = "Set OSFERRY_HOME to a folder that can be written.";

/// A folder of ours that cannot be written.
pub(super) fn cannot_write(path: &Path, error: &std::io::Error) -> Fault {
    refused(format!("cannot write to {}: {error}", path.display())).advise(ADVICE)
}

/// Makes a folder that only its owner can look into, where the system knows owners.
pub(super) fn make_private(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Writes a file that only its owner reads, where the system knows owners. The earlier one is
/// replaced as a whole or not at all.
pub(super) fn write_whole(path: &Path, text: &str) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new(""));
    // Two savings at once must not write into one file.
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let unfinished = folder.join(format!(".saving-{}-{number}", std::process::id()));
    let saved = write_private(&unfinished, text)
        .and_then(|()| std::fs::rename(&unfinished, path))
        .and_then(|()| sync_folder(folder));
    if saved.is_err() {
        // What it was called before is still whole; this one is of no use to anybody.
        let _ = std::fs::remove_file(&unfinished);
    }
    saved
}

/// Writes a file that only its owner can read, and has the disk keep it.
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Has the disk keep a new name, where folders can be synced.
fn sync_folder(folder: &Path) -> std::io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}
