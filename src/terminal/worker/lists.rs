//! Files: drafts, plans, runs, the practice pair.

use std::path::{Path, PathBuf};

use tokio::sync::mpsc::UnboundedSender;

use super::super::Begin;
use super::{Reporter, errands};
use crate::database::{Fault, FaultKind, Result};
use crate::front::practice::{self, Making, Pair};
use crate::front::{Home, KnownDraft};
use crate::migrate::journal::{Journal, RunState};
use crate::migrate::{Away, Standing};
use crate::plan::{Endpoint, EndpointEngine, MapFiles, MapKind, PlanFile};
use crate::practice::PracticeOptions;
use crate::report::{RunReport, save};
use crate::wizard::message::{Fact, Message, Opened, Reported, Saved, SavedKind, Sign};
use crate::wizard::migration::Taking;

/// Everything that can be continued, the newest first.
pub(super) fn list(home: &Home, to: &Reporter) -> Result<()> {
    let mut found: Vec<(jiff::Timestamp, Saved)> = Vec::new();
    for draft in home.drafts()? {
        found.push(known_draft(&draft));
    }
    let mut of_errands = Vec::new();
    for errand in home.errands()? {
        found.push(errands::known(&errand, shown, home));
        of_errands.extend(errand.runs);
    }
    for run in home.runs()? {
        let journal = Journal::open(&run.folder);
        let is_procedure =
            |journal: &Journal| journal.header().is_ok_and(|header| header.procedure.is_some());
        if let Some(journal) = journal.ok().filter(is_procedure) {
            // One of the wizard is continued by its procedure; one of a command has its report.
            if !of_errands.contains(&run.id) {
                found.push(errands::known_cleanup(&journal, shown)?);
            }
            continue;
        }
        // A damaged journal is said by name and does not hide the others.
        found.push(known_run(&run.id, &run.folder));
    }
    found.sort_by(|a, b| {
        // A run that was interrupted while writing comes first of all.
        let interrupted = |saved: &Saved| matches!(&saved.kind, SavedKind::Run { state, .. } if *state == INTERRUPTED);
        interrupted(&b.1).cmp(&interrupted(&a.1)).then(b.0.cmp(&a.0))
    });
    to.tell(Fact::Listed(found.into_iter().map(|(_, saved)| saved).collect()));
    Ok(())
}

const INTERRUPTED: &str = "interrupted";

fn shown(at: jiff::Timestamp) -> String {
    let zone = jiff::tz::TimeZone::system();
    let (then, now) = (at.to_zoned(zone.clone()), jiff::Timestamp::now().to_zoned(zone));
    let days = (now.date() - then.date()).get_days();
    match days {
        0 => format!("today {}", then.strftime("%H:%M")),
        1 => format!("yesterday {}", then.strftime("%H:%M")),
        _ => then.strftime("%d %b %H:%M").to_string(),
    }
}

fn place(endpoint: &Endpoint) -> String {
    match &endpoint.engine {
        EndpointEngine::SqlServer { database, .. } => database.clone(),
        EndpointEngine::Sqlite { path } => {
            path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned())
        }
    }
}

fn known_draft(draft: &KnownDraft) -> (jiff::Timestamp, Saved) {
    let at = jiff::Timestamp::try_from(draft.changed).unwrap_or_default();
    let understood = PlanFile::understand(&draft.text, &draft.name);
    let (source, destination, next, about) = match &understood {
        Ok(understood) => {
            let next = understood
                .step
                .as_ref()
                .map_or_else(|| "continue".to_owned(), |step| format!("continue at {step}"));
            let decided = understood.plan.decisions.all().len();
            let about = vec![
                format!("Its file: {}", draft.path.display()),
                format!(
                    "{} decided so far. Both sides are tested again before anything else.",
                    crate::report::counted(decided as u64, "finding", "findings")
                ),
            ];
            (place(&understood.plan.source), place(&understood.plan.destination), next, about)
        }
        Err(error) => (
            String::new(),
            String::new(),
            "cannot be read".to_owned(),
            vec![error.to_string(), format!("Its file: {}", draft.path.display())],
        ),
    };
    let saved = Saved {
        kind: SavedKind::Draft(draft.path.clone()),
        name: draft.name.clone(),
        source,
        destination,
        changed: shown(at),
        next,
        about,
    };
    (at, saved)
}

fn known_run(id: &str, folder: &Path) -> (jiff::Timestamp, Saved) {
    let changed = std::fs::metadata(folder.join("journal.sqlite"))
        .and_then(|data| data.modified())
        .ok()
        .and_then(|at| jiff::Timestamp::try_from(at).ok())
        .unwrap_or_default();
    let saved = match told(id, folder) {
        Ok(saved) => Saved { changed: shown(changed), ..saved },
        Err(fault) => Saved {
            kind: SavedKind::Run {
                id: id.to_owned(),
                state: "unreadable",
                sign: Sign::Bad,
                taking: None,
            },
            name: id.to_owned(),
            source: String::new(),
            destination: String::new(),
            changed: shown(changed),
            next: "its journal cannot be read".to_owned(),
            about: vec![fault.what],
        },
    };
    (changed, saved)
}

/// What a run's journal tells.
fn told(id: &str, folder: &Path) -> Result<Saved> {
    let journal = Journal::open(folder)?;
    let header = journal.header()?;
    let last = |place: &str| place.rsplit(['/', '\\']).next().unwrap_or(place).to_owned();
    let ended = journal.ended()?;
    let ended = ended.map_or_else(|| "It has no end yet.".to_owned(), |at| format!("Ended {at}."));
    // The first that has to be seen in a low window, too.
    let away = Away::read(&journal, &journal.plan()?)?;
    let mut about: Vec<String> = away.iter().map(|away| away.words(id)).collect();
    about.push(format!("Run {id}. {ended}"));
    let resume = Some(Taking::Resume);
    let (state, sign, taking, next) = match journal.state()? {
        RunState::Running => (INTERRUPTED, Sign::Stopped, resume, String::new()),
        RunState::Stopped => ("stopped", Sign::Stopped, resume, String::new()),
        RunState::Failed => ("failed", Sign::Bad, resume, String::new()),
        RunState::Written => ("not proved", Sign::Warning, None, "report: not proved".to_owned()),
        RunState::Proved => ("finished", Sign::Good, None, "report: done and proved".to_owned()),
        RunState::Disproved => {
            ("proof fails", Sign::Bad, None, "report: where the proof fails".to_owned())
        }
        RunState::Undoing => {
            ("undone partly", Sign::Stopped, Some(Taking::Undo), "r goes on undoing it".to_owned())
        }
        RunState::Undone => ("undone", Sign::Good, None, "report: what was undone".to_owned()),
        RunState::UndoneInPart => {
            ("undone in part", Sign::Warning, None, "report: what is not as before".to_owned())
        }
    };
    let next = if taking == resume {
        let standing = Standing::read(&journal, &journal.plan()?)?;
        about.push(crate::report::standing_in_words(&standing));
        let done = standing.finished.len();
        let all = done + standing.begun.len() + standing.waiting.len();
        format!("r resumes, {done} of {all} done")
    } else {
        next
    };
    let next = match away {
        Some(_) => format!("EVENT TABLES ARE EMPTY; {next}"),
        None => next,
    };
    about.push(format!("Its folder: {}", folder.display()));
    Ok(Saved {
        kind: SavedKind::Run { id: id.to_owned(), state, sign, taking },
        name: header.name,
        source: last(&header.source),
        destination: header.destination_database,
        changed: String::new(),
        next,
        about,
    })
}

/// Opens a plan or a draft, as far as it is understood.
pub(super) fn open(home: &Home, path: &Path, to: &Reporter) -> Result<()> {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let text = std::fs::read_to_string(&path).map_err(|error| {
        Fault::new(FaultKind::NotFound, format!("cannot read {}: {error}", path.display()))
            .advise("Check the path; a plan is a TOML file, see the manual.")
    })?;
    let name = path
        .file_stem()
        .map_or_else(|| "plan".to_owned(), |stem| stem.to_string_lossy().into_owned());
    let understood = PlanFile::understand(&text, &name).map_err(|error| {
        Fault::new(FaultKind::Invalid, format!("{}: {error}", path.display()))
            .advise("It has to be TOML before anything of it can be understood.")
    })?;
    let mut plan = understood.plan;
    make_whole(&mut plan, path.parent().unwrap_or(Path::new("")));
    let mut is_draft = home.drafts()?.iter().any(|draft| draft.path == path);
    let mut notices = understood.notices;
    notices.extend(missing_maps(&mut plan.maps));
    if is_draft {
        // A copied or renamed file still has the old name in it, which may be another draft's.
        plan.name.clone_from(&name);
        if !notices.is_empty() {
            // Saved again, the file would lose what was not understood.
            is_draft = false;
            plan.name = home.free_draft_name(&name);
            notices.push(format!(
                "The file stays as it is; what you change is kept as \"{}\".",
                plan.name
            ));
        }
    } else {
        // What is changed from here on is kept as a draft, which must not take another's place.
        let free = home.free_draft_name(&plan.name);
        if free != plan.name {
            notices.push(format!(
                "There is a draft called \"{}\" already; this one is called \"{free}\".",
                plan.name
            ));
            plan.name = free;
        }
    }
    to.tell(Fact::Opened(Box::new(Opened { plan, notices, step: understood.step, is_draft })));
    Ok(())
}

/// Lets go of maps that are not where the plan says, with a sentence for each. The others are read
/// as soon as both sides are.
fn missing_maps(maps: &mut MapFiles) -> Vec<String> {
    let mut missing = Vec::new();
    for kind in MapKind::ALL {
        let named = maps.get_mut(kind);
        if let Some(file) = named.take_if(|file| !file.is_file()) {
            missing.push(format!(
                "The map of {} that the plan names is not there: {}. What it decides is found as if \
                 it were not named; once it is there, i on Users or Static records takes it in.",
                kind.name(),
                file.display()
            ));
        }
    }
    missing
}

/// Makes relative paths whole: a draft lies elsewhere.
pub(super) fn make_whole(plan: &mut PlanFile, folder: &Path) {
    let whole = |path: &mut PathBuf| {
        if !path.as_os_str().is_empty() {
            *path = folder.join(&*path);
        }
    };
    for kind in MapKind::ALL {
        if let Some(file) = plan.maps.get_mut(kind) {
            whole(file);
        }
    }
    for endpoint in [&mut plan.source, &mut plan.destination] {
        make_endpoint_whole(endpoint, folder);
    }
}

/// The same of one endpoint.
pub(super) fn make_endpoint_whole(endpoint: &mut Endpoint, folder: &Path) {
    let file = match &mut endpoint.engine {
        EndpointEngine::Sqlite { path } => Some(path),
        EndpointEngine::SqlServer { ca_file, .. } => ca_file.as_mut(),
    };
    if let Some(file) = file.filter(|file| !file.as_os_str().is_empty()) {
        *file = folder.join(&*file);
    }
}

/// The report of an earlier run.
pub(super) fn open_run(home: &Home, id: &str, to: &Reporter) -> Result<()> {
    let (run, journal) = home.run(id)?;
    let report = RunReport::read(&journal)?;
    let (files, trouble) = match save(&report, &run.folder) {
        Ok(files) => (files, None),
        Err(fault) => (Vec::new(), Some(fault)),
    };
    let past = super::past::past(&journal);
    let reported = Reported { report, files, folder: run.folder, trouble, past };
    to.tell(Fact::Reported(Box::new(reported)));
    Ok(())
}

/// The practice pair, made where it is not there, with nothing chosen yet.
pub(super) async fn make_practice(home: &Home, begin: &Begin, to: &Reporter) -> Result<()> {
    let sample = match begin {
        Begin::PracticePair { plan, .. } => plan.clone(),
        begin => make_pair(home, begin, to).await?.0.plan,
    };
    let text = std::fs::read_to_string(&sample).map_err(|error| {
        Fault::new(FaultKind::NotFound, format!("cannot read {}: {error}", sample.display()))
    })?;
    let understood = PlanFile::understand(&text, "practice").map_err(|error| {
        Fault::new(FaultKind::Invalid, format!("{}: {error}", sample.display()))
    })?;
    // Of the sample plan only where the pair is, and that nobody in it is real: the person decides
    // the rest.
    let mut plan = PlanFile::empty(&home.free_draft_name("practice"));
    plan.source = understood.plan.source;
    plan.destination = understood.plan.destination;
    plan.scope.personal_data = understood.plan.scope.personal_data;
    make_whole(&mut plan, sample.parent().unwrap_or(Path::new("")));
    to.tell(Fact::PracticeMade(Box::new(plan)));
    Ok(())
}

/// Makes the pair of files where it is not there.
pub(super) async fn make_pair(
    home: &Home,
    begin: &Begin,
    to: &Reporter,
) -> Result<(Pair, PathBuf, PracticeOptions)> {
    let (folder, rows, fresh) = match begin {
        Begin::Practice { folder, rows, fresh } => (folder.clone(), *rows, *fresh),
        _ => (None, None, false),
    };
    let folder = practice::make_folder(&folder.unwrap_or_else(|| home.practice()))?;
    let options = PracticeOptions { rows };
    let pair = practice::make_files(&folder, options, fresh, |making| {
        to.tell(Fact::Making(match making {
            Making::UsedAgain { folder } => {
                format!("The practice pair in {} is used again.", folder.display())
            }
            Making::Begun { side, .. } => format!("Making the practice {side}…"),
            Making::Made { side, rows } => {
                format!("The practice {side} has {}.", crate::report::counted(rows, "row", "rows"))
            }
        }));
    })
    .await?;
    Ok((pair, folder, options))
}

/// Writes a plan file into the folder where the program was started, beside what is there.
pub(super) fn export(plan: &PlanFile, to: &Reporter) -> Result<()> {
    let folder = std::env::current_dir().unwrap_or_default();
    let name: String = plan
        .name
        .chars()
        .map(|c| if c.is_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '-' })
        .collect();
    let free = (1..).map(|number| {
        let number = if number == 1 { String::new() } else { format!("-{number}") };
        folder.join(format!("{name}{number}.toml"))
    });
    for path in free {
        let made = std::fs::OpenOptions::new().write(true).create_new(true).open(&path);
        match made {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(cannot_write(&path, &error)),
            Ok(mut file) => {
                use std::io::Write as _;
                file.write_all(plan.to_text().as_bytes())
                    .map_err(|error| cannot_write(&path, &error))?;
                to.tell(Fact::Exported(path));
                return Ok(());
            }
        }
    }
    Ok(())
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Fault {
    Fault::new(FaultKind::Permission, format!("cannot write {}: {error}", path.display()))
        .advise("Start osferry in a folder that can be written, or copy the plan with y.")
}

/// Saves a draft; when that fails the person is told once, and the answers stay.
pub(super) fn save_draft(
    home: &Home,
    plan: &PlanFile,
    step: &str,
    instead_of: Option<&str>,
    sender: &UnboundedSender<Message>,
) {
    let saved = home.save_draft(&plan.name, &plan.to_draft_text(step));
    match saved {
        Ok(_) => {
            if let Some(old) = instead_of {
                // What is left of it does no harm.
                let _ = home.remove_draft(old);
            }
        }
        Err(fault) => {
            let _ = sender.send(Message::DraftNotSaved(fault.what));
        }
    }
}

pub(super) fn remove_draft(home: &Home, path: &Path) {
    if let Some(name) = path.file_stem() {
        // Home lists it again when it is still there.
        let _ = home.remove_draft(&name.to_string_lossy());
    }
}

/// Opens a folder with the system's means, where there are any.
pub(super) fn open_folder(folder: &Path) {
    let program = if cfg!(windows) {
        "explorer"
    } else if cfg!(target_os = "macos") {
        "open"
    } else {
        "xdg-open"
    };
    // Its output would be drawn over the screen; over SSH there is none, and the path is shown.
    let _ = std::process::Command::new(program)
        .arg(folder)
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn();
}
