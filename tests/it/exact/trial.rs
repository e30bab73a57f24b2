//! One migration in which something breaks, and everything that it takes to come to its end.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::FutureExt;
use osferry::database::{Fault, FaultKind};
use osferry::migrate::journal::Journal;
use osferry::migrate::undo::{Leave, UndoEnd, UndoResult, undo};
use osferry::migrate::{MARKER_TABLE, RunEnd, resume, run};
use osferry::plan::Refusal;
use tempfile::TempDir;

use super::case::{Case, Stage, process};
use crate::estate::content::Content;
use crate::model_server::Habits;
use crate::support::breaking::{Break, Breaking, BreakingSource, Breaks, Witnessed};
use crate::support::library::Planned;

/// How often a run is resumed at most.
const PATIENCE: usize = 20;

/// Where trials take place: a case, its plan, and on which databases.
pub struct Ground {
    pub case: Case,
    planned: Planned,
    pub before: Content,
    /// The databases as files, to be copied for each trial; `None` for servers in memory.
    files: Option<TempDir>,
}

/// What a process is started for.
#[derive(Clone, Copy)]
pub enum Part {
    Run,
    Resume,
    Undo(Leave),
}

/// How a stretch of a run ended.
pub enum Stretch {
    Written,
    /// What the run had done is taken back.
    Undone(UndoResult),
    /// It has to be resumed.
    Ended(String),
    /// Nothing was written.
    Refused(Fault),
}

impl Stretch {
    /// For the story of a trial that fails.
    pub fn told(&self) -> String {
        match self {
            Self::Written => "written".to_owned(),
            Self::Undone(result) => format!("undone: {result:?}"),
            Self::Ended(how) => format!("ended: {how}"),
            Self::Refused(fault) => format!("refused: {fault}"),
        }
    }
}

/// A folder whose files need not outlive the computer.
pub fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.expect("a folder")
}

fn planned(ground: Result<Ground, Refusal>) -> Ground {
    ground.unwrap_or_else(|refusal| panic!("no plan: {refusal:?}"))
}

impl Ground {
    /// On files.
    pub fn files(case: Case, options: &[String]) -> Self {
        planned(Self::files_if_possible(case, options))
    }

    /// On servers in memory.
    pub fn memory(case: Case, options: &[String]) -> Self {
        planned(Self::memory_if_possible(case, options))
    }

    /// On files, where the plan may have to be refused.
    pub fn files_if_possible(case: Case, options: &[String]) -> Result<Self, Refusal> {
        let files = folder();
        let stage = Stage::files(files.path(), &case);
        Self::on(case, &stage, Some(files), options)
    }

    /// On servers in memory, where the plan may have to be refused.
    pub fn memory_if_possible(case: Case, options: &[String]) -> Result<Self, Refusal> {
        let stage = Stage::memory(&case, Habits::orderly());
        Self::on(case, &stage, None, options)
    }

    fn on(
        case: Case,
        stage: &Stage,
        files: Option<TempDir>,
        options: &[String],
    ) -> Result<Self, Refusal> {
        let planned = process().block_on(stage.planned_if_possible(options, &case.decided))?;
        Ok(Self { before: stage.content(), case, planned, files })
    }

    /// A trial's own databases.
    pub fn stage(&self, folder: &Path, habits: Habits) -> Stage {
        let Some(files) = &self.files else { return Stage::memory(&self.case, habits) };
        for name in ["prod.sqlite", "dev.sqlite"] {
            std::fs::copy(files.path().join(name), folder.join(name)).expect("a copy");
        }
        Stage::Files(folder.to_path_buf())
    }

    /// Runs with these breaks and resumes without any until everything is written. What is wrong
    /// then, and the calls that the first stretch made; whether a break was reached.
    pub fn trial(&self, breaks: &[Break], habits: Habits) -> Trial {
        self.trial_after(breaks, habits, |_| {})
    }

    /// The same, with something done to the run's folder after the first stretch.
    pub fn trial_after(
        &self,
        breaks: &[Break],
        habits: Habits,
        meanwhile: impl FnOnce(&Path),
    ) -> Trial {
        let folder = folder();
        let stage = self.stage(folder.path(), habits);
        let run = folder.path().join("run");
        let breaks = watched(&run, breaks);
        let first = self.stretch(&stage, &run, &breaks, Part::Run);
        let mut written = matches!(first, Stretch::Written);
        let mut story = vec![first.told()];
        meanwhile(&run);
        let none = Breaks::new(Vec::new(), None);
        let mut tries = 0;
        while !written && tries < PATIENCE {
            let begun = run.join("journal.sqlite").exists();
            let part = if begun { Part::Resume } else { Part::Run };
            let stretch = self.stretch(&stage, &run, &none, part);
            match &stretch {
                Stretch::Written => written = true,
                Stretch::Ended(_) | Stretch::Undone(_) => tries += 1,
                // The lock of a run that has died may be there for a while.
                Stretch::Refused(fault) if fault.kind == FaultKind::Busy => continue,
                Stretch::Refused(_) => tries = PATIENCE,
            }
            story.push(stretch.told());
        }
        let mut troubles = match written {
            true => self.case.troubles(&self.before, &stage.content()),
            false => vec!["it does not come to its end".to_owned()],
        };
        // A run that could not take its marks away says so; they are in nobody's way.
        if written && says(&run, "the markers of this run stay") {
            troubles.retain(|trouble| !trouble.starts_with(MARKER_TABLE));
        }
        troubles.truncate(12);
        Trial { hit: breaks.hit(), calls: breaks.calls(), is_written: written, troubles, story }
    }

    /// One process: a run, its going on or its undoing, until it ends or dies.
    pub fn stretch(
        &self,
        stage: &Stage,
        folder: &Path,
        breaks: &Arc<Breaks>,
        part: Part,
    ) -> Stretch {
        let process = process();
        let ended = process.block_on(async {
            let source = Arc::new(BreakingSource::new(stage.source().await, breaks));
            let destination = Arc::new(Breaking::new(stage.destination().await, breaks));
            let work = AssertUnwindSafe(self.work(folder, source, destination, part));
            tokio::select! {
                biased;
                () = breaks.ended() => None,
                end = work.catch_unwind() => Some(end),
            }
        });
        drop(process);
        match ended {
            None => {
                after_death(folder);
                Stretch::Ended("the program died".to_owned())
            }
            Some(Err(_)) => Stretch::Ended("the program panicked".to_owned()),
            Some(Ok(Err(fault))) => Stretch::Refused(fault),
            Some(Ok(Ok(stretch))) => stretch,
        }
    }

    async fn work(
        &self,
        folder: &Path,
        source: Arc<BreakingSource>,
        destination: Arc<Breaking>,
        part: Part,
    ) -> Result<Stretch, Fault> {
        let end = match part {
            Part::Run => run(self.planned.request(folder, source, destination)).await?,
            Part::Resume => resume(self.planned.request(folder, source, destination)).await?,
            Part::Undo(leave) => {
                let request = self.planned.undo_request(folder, source, destination, leave);
                return Ok(match undo(request).await? {
                    UndoEnd::Undone(result) => Stretch::Undone(result),
                    UndoEnd::Stopped(fault) | UndoEnd::Failed(fault) => {
                        Stretch::Ended(fault.to_string())
                    }
                });
            }
        };
        Ok(match end {
            RunEnd::Written => Stretch::Written,
            RunEnd::Stopped(fault) | RunEnd::Failed(fault) => Stretch::Ended(fault.what),
        })
    }
}

/// Breaks that see to what is left of a run's files.
pub fn watched(folder: &Path, breaks: &[Break]) -> Arc<Breaks> {
    let ending = Files { folder: folder.to_path_buf(), synced: HashMap::new() };
    Breaks::new(breaks.to_vec(), Some(Box::new(ending)))
}

/// What came of a trial.
pub struct Trial {
    /// Whether a break was reached.
    pub hit: bool,
    /// The calls of the first stretch.
    pub calls: Vec<&'static str>,
    /// Whether it came to its end.
    pub is_written: bool,
    /// What is not as it has to be.
    pub troubles: Vec<String>,
    /// How each stretch ended.
    pub story: Vec<String>,
}

impl Trial {
    /// What is wrong and how it came to that; `None` when all is well.
    pub fn wrong(&self) -> Option<String> {
        let lines: Vec<&String> = self.troubles.iter().chain(&self.story).collect();
        let text = lines.iter().map(|line| format!("  {line}\n")).collect();
        (!self.troubles.is_empty()).then_some(text)
    }
}

/// Whether the story of the run in that folder has these words.
fn says(run: &Path, words: &str) -> bool {
    let events = Journal::open(run).and_then(|journal| journal.events());
    events.is_ok_and(|events| events.iter().any(|event| event.text.contains(words)))
}

/// Where a run's files are as they were when the program died.
fn remains(folder: &Path) -> PathBuf {
    folder.with_extension("remains")
}

/// Puts a run's files back to what they were when the program died: what still runs of it in
/// this process writes into files that nobody reads any more.
fn after_death(folder: &Path) {
    let remains = remains(folder);
    if remains.exists() {
        std::fs::remove_dir_all(folder).expect("the run's folder");
        std::fs::rename(remains, folder).expect("the run's folder");
    }
}

/// A run's files, looked at while it runs.
struct Files {
    folder: PathBuf,
    /// The lengths of write-ahead logs when they were last known to be synced.
    synced: HashMap<PathBuf, u64>,
}

impl Files {
    fn all(&self) -> Vec<PathBuf> {
        let Ok(entries) = std::fs::read_dir(&self.folder) else { return Vec::new() };
        entries.map(|entry| entry.expect("an entry").path()).collect()
    }
}

fn is_log(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.to_string_lossy().ends_with("-wal"))
}

impl Witnessed for Files {
    fn synced(&mut self) {
        for path in self.all().into_iter().filter(|path| is_log(path)) {
            let length = std::fs::metadata(&path).expect("a log").len();
            self.synced.insert(path, length);
        }
    }

    fn ended(&mut self, power: bool) {
        let files = self.all();
        if files.is_empty() {
            return;
        }
        let remains = remains(&self.folder);
        std::fs::create_dir_all(&remains).expect("a folder");
        for path in files {
            let name = path.file_name().expect("a name");
            if name.to_string_lossy().ends_with("-shm") {
                continue;
            }
            let copy = remains.join(name);
            std::fs::copy(&path, &copy).expect("a copy");
            if power
                && is_log(&path)
                && let Some(length) = self.synced.get(&path)
            {
                let file = std::fs::File::options().write(true).open(&copy).expect("a log");
                let there = file.metadata().expect("a log").len();
                file.set_len(there.min(*length)).expect("a shorter log");
            }
        }
    }
}
