//! The neighbouring procedures: kept, looked at, carried out, taken back.

use std::path::{Path, PathBuf};

use tokio::sync::mpsc::UnboundedSender;

use super::super::Begin;
use super::Reporter;
use super::desk::Desk;
use super::lists::{make_endpoint_whole, make_pair};
use crate::database::{Fault, FaultKind, Result, Secret, same_name};
use crate::front::checklists::Checklist;
use crate::front::cleanup::{self, CLEANUP, CleanedUp, Cleanup};
use crate::front::errands::KnownErrand;
use crate::front::restore::{RESTORE, Restore, check_not_too_late, tick};
use crate::front::{Home, oracle, practice, secrets};
use crate::migrate::Control;
use crate::migrate::journal::{Journal, RunState};
use crate::outsystems::Side;
use crate::plan::{CleanupFile, Endpoint, RestoreFile};
use crate::procedures::{
    Asked, Errand, ForeseenTable, OracleClone, Said, StepState, Walk, hosts_of,
};
use crate::report::counted;
use crate::wizard::message::{
    CleanupRun, ErrandPlan, Fact, Foreseen, Message, OpenedErrand, Saved, SavedKind,
};

/// Opens one that was begun, or begins one under a name of its own.
pub(super) fn open(home: &Home, errand: Errand, label: Option<&str>, to: &Reporter) -> Result<()> {
    let wanted = match errand {
        Errand::Cleanup => "clone",
        Errand::Restore => "restore",
        Errand::Oracle => "oracle",
    };
    let name = label.map_or_else(|| home.free_errand_name(errand, wanted), str::to_owned);
    let opened = home.open_errand(errand, &name)?;
    let text = opened.plan.as_deref();
    let trouble = |error: String| {
        let file = home.errand_plan(errand, &name);
        Fault::new(FaultKind::Invalid, format!("{} cannot be used: {error}", file.display()))
            .advise("Mend it, or put it away: what was ticked is kept apart from it.")
    };
    let mut plan = match errand {
        Errand::Cleanup => ErrandPlan::Cleanup(match text {
            Some(text) => CleanupFile::draft(text, &name).map_err(|error| trouble(error.0))?,
            None => CleanupFile {
                name: name.clone(),
                clone: Endpoint::empty(),
                original: Endpoint::empty(),
                log: None,
                with: Vec::new(),
                logins: Vec::new(),
                hosts: Vec::new(),
                skip: Vec::new(),
            },
        }),
        Errand::Restore => ErrandPlan::Restore(match text {
            Some(text) => RestoreFile::draft(text, &name).map_err(|error| trouble(error.0))?,
            None => RestoreFile {
                name: name.clone(),
                old: Endpoint::empty(),
                new: Endpoint::empty(),
                databases: Vec::new(),
            },
        }),
        Errand::Oracle => ErrandPlan::Oracle(
            name.clone(),
            match text {
                Some(text) => OracleClone::draft(text).map_err(|fault| trouble(fault.what))?,
                None => OracleClone::empty(),
            },
        ),
    };
    // What it is called on this machine is what its files are called.
    match &mut plan {
        ErrandPlan::Cleanup(file) => file.name.clone_from(&name),
        ErrandPlan::Restore(file) => file.name.clone_from(&name),
        ErrandPlan::Oracle(..) => {}
    }
    let run = opened.walks.first().and_then(|walk| last_run(home, walk));
    to.tell(Fact::ErrandOpened(Box::new(OpenedErrand {
        plan,
        walks: opened.walks,
        run,
        is_kept: label.is_some(),
    })));
    Ok(())
}

/// The clean-up by which its statements were carried out last.
fn last_run(home: &Home, walk: &Walk) -> Option<CleanupRun> {
    let id = walk.runs.last()?;
    let (known, journal) = home.run(id).ok()?;
    let state = journal.state().ok()?;
    Some(CleanupRun {
        id: id.clone(),
        lines: report_lines(&known.folder).unwrap_or_default(),
        folder: known.folder,
        is_clean: state == RunState::Proved,
        is_undone: state == RunState::Undone,
        trouble: None,
    })
}

fn report_lines(folder: &Path) -> Result<Vec<String>> {
    let file = folder.join("report.md");
    let text = std::fs::read_to_string(&file).map_err(|error| {
        Fault::new(FaultKind::NotFound, format!("cannot read {}: {error}", file.display()))
    })?;
    Ok(text.lines().map(str::to_owned).collect())
}

/// What was begun, for Home's list.
pub(super) fn known(
    known: &KnownErrand,
    changed: impl Fn(jiff::Timestamp) -> String,
    home: &Home,
) -> (jiff::Timestamp, Saved) {
    let (done, of) = known.steps;
    let saved = Saved {
        kind: SavedKind::Errand(known.errand, known.label.clone()),
        name: known.label.clone(),
        source: String::new(),
        destination: String::new(),
        changed: changed(known.changed),
        next: format!("{done} of {of} steps"),
        about: vec![
            format!(
                "A {} that was begun: {done} of {of} steps are done or left out.",
                known.errand.label()
            ),
            format!("Its plan: {}", home.errand_plan(known.errand, &known.label).display()),
        ],
    };
    (known.changed, saved)
}

/// Makes the practice clone, and begins its clean-up.
pub(super) async fn practice_clone(home: &Home, begin: &Begin, to: &Reporter) -> Result<()> {
    let (pair, folder, options) = make_pair(home, begin, to).await?;
    let told = |place: &str| to.tell(Fact::Making(format!("Making {place}…")));
    let made = practice::make_clone_file(&pair, &folder, options, told).await?;
    let text = std::fs::read_to_string(&made.plan).map_err(|error| {
        Fault::new(FaultKind::NotFound, format!("cannot read {}: {error}", made.plan.display()))
    })?;
    let name = home.free_errand_name(Errand::Cleanup, "practice-clone");
    let mut file = CleanupFile::draft(&text, &name)
        .map_err(|error| Fault::new(FaultKind::Invalid, error.0))?;
    file.name.clone_from(&name);
    for endpoint in [&mut file.clone, &mut file.original] {
        make_endpoint_whole(endpoint, &folder);
    }
    let opened = home.open_errand(Errand::Cleanup, &name)?;
    to.tell(Fact::ErrandOpened(Box::new(OpenedErrand {
        plan: ErrandPlan::Cleanup(file),
        walks: opened.walks,
        run: None,
        is_kept: false,
    })));
    Ok(())
}

/// Keeps the plan of one; when that fails the person is told, and the answers stay.
pub(super) fn save(
    home: &Home,
    mut plan: ErrandPlan,
    instead_of: Option<&str>,
    sender: &UnboundedSender<Message>,
) {
    // The file lies elsewhere than where the program was started.
    let here = std::env::current_dir().unwrap_or_default();
    let endpoints = match &mut plan {
        ErrandPlan::Cleanup(file) => vec![&mut file.clone, &mut file.original],
        ErrandPlan::Restore(file) => vec![&mut file.old, &mut file.new],
        ErrandPlan::Oracle(..) => Vec::new(),
    };
    for endpoint in endpoints {
        make_endpoint_whole(endpoint, &here);
    }
    if let Err(fault) = home.save_errand(plan.errand(), plan.name(), &plan.to_text(), instead_of) {
        let _ = sender.send(Message::DraftNotSaved(fault.what));
    }
}

/// Says something of steps, and keeps it.
pub(super) fn mark(
    home: &Home,
    procedure: &str,
    label: &str,
    steps: &[String],
    said: Said,
    note: &str,
    to: &Reporter,
) -> Result<()> {
    let mut list = Checklist::open(home, procedure, label)?;
    for step in steps {
        list.say(step, said, note)?;
    }
    keep(list, to)
}

/// Names the application servers.
pub(super) fn set_servers(
    home: &Home,
    procedure: &str,
    label: &str,
    servers: &[String],
    to: &Reporter,
) -> Result<()> {
    let mut list = Checklist::open(home, procedure, label)?;
    list.walk.set_servers(servers)?;
    keep(list, to)
}

fn keep(list: Checklist, to: &Reporter) -> Result<()> {
    list.save()?;
    to.tell(Fact::Walked(Box::new(list.walk)));
    Ok(())
}

/// Asks the databases what they can tell of a procedure's steps, and keeps it.
pub(super) async fn ask(
    home: &Home,
    desk: &Desk,
    procedure: &str,
    plan: ErrandPlan,
    has_original: bool,
    to: &Reporter,
) -> Result<()> {
    let mut list = Checklist::open(home, procedure, plan.name())?;
    let now = jiff::Zoned::now().strftime("%Y-%m-%d %H:%M:%S").to_string();
    match plan {
        ErrandPlan::Cleanup(file) => {
            let cleanup = opened(home, desk, file, has_original).await?;
            list.ask(&cleanup.asked(&[], &now)).await?;
        }
        ErrandPlan::Restore(_) => {
            let (old, new) = (desk.source().await?, desk.destination().await?);
            let asked = Asked {
                platform: new.as_source(),
                log: None,
                original: Some(old.as_ref()),
                logins: &[],
                hosts: &[],
                tried: &[],
                now: &now,
            };
            list.ask(&asked).await?;
        }
        ErrandPlan::Oracle(..) => {}
    }
    keep(list, to)
}

/// Reads the application servers that a side lists.
pub(super) async fn servers(desk: &Desk, side: Side, to: &Reporter) -> Result<()> {
    let servers = match side {
        Side::Source => hosts_of(desk.source().await?.as_ref(), &[]).await?,
        Side::Destination => hosts_of(desk.destination().await?.as_source(), &[]).await?,
    };
    to.tell(Fact::Servers(servers));
    Ok(())
}

/// The clean-up of the clone that is connected. Without its original a fact is missing, no more.
async fn opened(
    home: &Home,
    desk: &Desk,
    file: CleanupFile,
    has_original: bool,
) -> Result<Cleanup> {
    let plan = home.errand_plan(Errand::Cleanup, &file.name);
    let text = file.to_text();
    let folder = plan.parent().map_or_else(PathBuf::new, Path::to_path_buf);
    let clone = desk.destination().await?;
    let log = file.log.as_ref().map(|log| {
        let secret = secrets::from_environment(&secrets::variable(Side::Destination, "PASSWORD"));
        log.connection(&folder, secret)
    });
    // What was connected before the plan named another original proves nothing.
    let original = match has_original {
        true => desk.source().await,
        false => Err(Fault::new(FaultKind::Lost, "it is not connected")),
    };
    let mut cleanup = Cleanup::of(file, (plan, text, folder), clone, original)?;
    if let Some(log) = log {
        cleanup.open_log(&log).await?;
    }
    Ok(cleanup)
}

/// Looks at what a clean-up would do, and at what in the clone names its original.
pub(super) async fn look(
    home: &Home,
    desk: &Desk,
    file: CleanupFile,
    has_original: bool,
    to: &Reporter,
) -> Result<()> {
    let cleanup = opened(home, desk, file, has_original).await?;
    let looked = cleanup.look().await?;
    to.tell(Fact::CloneForeseen(Box::new(Foreseen {
        copy: looked.copy,
        confirm: cleanup.confirm().to_owned(),
        steps: looked.steps,
        users: looked.users,
        scan: cleanup.scan().await?,
    })));
    Ok(())
}

/// What was typed to confirm a clean-up.
pub(super) struct Typed {
    pub(super) has_original: bool,
    pub(super) confirmed: String,
    pub(super) original: Option<String>,
}

/// Carries a clean-up out, and ticks its statements off.
pub(super) async fn clean_up(
    home: &Home,
    desk: &Desk,
    file: CleanupFile,
    typed: Typed,
    control: Control,
    to: &Reporter,
) -> Result<()> {
    let cleanup = opened(home, desk, file, typed.has_original).await?;
    let done =
        cleanup.carry_out(home, &typed.confirmed, typed.original.as_deref(), control).await?;
    // It is done, whether it can be ticked off or not.
    let ticked = tick_statements(home, &cleanup.file.name, &done, to);
    let CleanedUp { record, unsaved, .. } = done;
    let folder = home.known(&record.run)?.folder;
    to.tell(Fact::CleanedUp(Box::new(CleanupRun {
        is_clean: record.is_clean(),
        lines: record.summary().lines().map(str::to_owned).collect(),
        id: record.run,
        folder,
        is_undone: false,
        trouble: unsaved.or(ticked.err()),
    })));
    Ok(())
}

fn tick_statements(home: &Home, label: &str, done: &CleanedUp, to: &Reporter) -> Result<()> {
    let mut list = Checklist::open(home, CLEANUP, label)?;
    list.walk.runs.push(done.record.run.clone());
    for step in &done.record.steps {
        let rows: u64 = step.before.iter().map(ForeseenTable::rows).sum();
        let (said, note) = match &step.state {
            StepState::Done => {
                let rows = counted(rows, "row", "rows");
                (Said::Done, format!("run {}: {rows}", done.record.run))
            }
            StepState::Nothing => (Said::Done, format!("run {}: nothing to do", done.record.run)),
            StepState::Skipped(why) => (Said::Skipped, why.clone()),
            StepState::Foreseen => continue,
        };
        list.say(&step.name, said, &note)?;
    }
    keep(list, to)
}

/// Takes a clean-up back, or says what that would do where nothing was typed.
pub(super) async fn undo(
    home: &Home,
    desk: &Desk,
    id: &str,
    confirmed: Option<String>,
    control: Control,
    to: &Reporter,
) -> Result<()> {
    let (known, journal) = home.run(id)?;
    let mut header = journal.header()?;
    drop(journal);
    let label = header.name.clone();
    let only_look = confirmed.is_none();
    if let Some(confirmed) = confirmed {
        if !same_name(&confirmed, &header.destination_database) {
            let what = format!("{confirmed:?} is not the clone's name");
            return Err(Fault::new(FaultKind::Invalid, what).advise("Nothing was written."));
        }
        header.operator.confirmed = confirmed;
    }
    let clone = desk.destination().await?;
    if !same_name(&clone.facts().database, &header.destination_database) {
        let what = format!(
            "the run wrote to {}, and {} is connected",
            header.destination,
            clone.facts().place
        );
        return Err(Fault::new(FaultKind::Invalid, what).advise("Nothing was written."));
    }
    let undone = cleanup::undo(&known, header, clone, control, only_look).await?;
    let mut lines = cleanup::undone_in_words(&undone, only_look);
    if only_look {
        lines.push(
            "The clone is its original again then, with all its connections: it must not start."
                .to_owned(),
        );
        to.tell(Fact::CleanupUndoForeseen(lines));
        return Ok(());
    }
    open_statements_again(home, &label, to)?;
    to.tell(Fact::CleanupUndone { lines, is_exact: undone.differs.is_none() });
    Ok(())
}

fn open_statements_again(home: &Home, label: &str, to: &Reporter) -> Result<()> {
    let mut list = Checklist::open(home, CLEANUP, label)?;
    let steps: Vec<String> = list
        .procedure
        .steps()
        .filter(|step| !step.changes.is_empty())
        .map(|step| step.name.clone())
        .collect();
    for step in steps {
        list.say(&step, Said::Open, "")?;
    }
    keep(list, to)
}

/// The report of a clean-up, to be read.
pub(super) fn show(home: &Home, id: &str, to: &Reporter) -> Result<()> {
    let known = home.known(id)?;
    let mut lines = report_lines(&known.folder)?;
    lines.push(String::new());
    lines.push(format!("`osferry undo {id}` takes it back."));
    to.tell(Fact::Shown(format!("Clean-up {id}"), lines));
    Ok(())
}

/// A clean-up that a command carried out, for Home's list.
pub(super) fn known_cleanup(
    journal: &Journal,
    changed: impl Fn(jiff::Timestamp) -> String,
) -> Result<(jiff::Timestamp, Saved)> {
    let header = journal.header()?;
    let at = header.started.parse().unwrap_or_default();
    let next = match journal.state()? {
        RunState::Proved => "done and looked at again",
        RunState::Undone => "taken back",
        RunState::Written => "done; rows came back",
        _ => "not done",
    };
    let saved = Saved {
        kind: SavedKind::Cleanup(header.id.clone()),
        name: header.name.clone(),
        source: header.source.clone(),
        destination: header.destination_database.clone(),
        changed: changed(at),
        next: next.to_owned(),
        about: vec![format!("The clean-up {} of {}.", header.id, header.destination)],
    };
    Ok((at, saved))
}

/// Compares a restored database with the one that it was, and ticks that off where it is intact.
pub(super) async fn compare(
    home: &Home,
    file: &RestoreFile,
    secrets: [Option<Secret>; 2],
    to: &Reporter,
) -> Result<()> {
    let mut list = Checklist::open(home, RESTORE, &file.name)?;
    check_not_too_late(&list)?;
    let [old_secret, new_secret] = secrets;
    let here = std::env::current_dir().unwrap_or_default();
    let restore = Restore { file, folder: &here, old_secret, new_secret };
    let told = to.clone();
    let compared = restore.compare(move |what| told.tell(Fact::Comparing(what.to_owned()))).await?;
    tick(&mut list, &compared)?;
    to.tell(Fact::Walked(Box::new(list.walk)));
    to.tell(Fact::Compared(compared));
    Ok(())
}

/// Writes the scripts of a clone on Oracle into a folder beside where the program was started.
pub(super) fn scripts(name: &str, clone: &OracleClone, to: &Reporter) -> Result<()> {
    let clone = OracleClone::parse(&clone.to_text())?;
    let here = std::env::current_dir().unwrap_or_default();
    let free = (1..).map(|number| match number {
        1 => here.join(format!("{name}-scripts")),
        number => here.join(format!("{name}-scripts-{number}")),
    });
    let folder = free.into_iter().find(|folder| !folder.exists()).unwrap_or(here);
    let files = oracle::write_scripts(&clone, &folder)?;
    let mut lines = vec!["Written:".to_owned()];
    lines.extend(files.iter().map(|file| file.display().to_string()));
    lines.push("Read them before anybody carries them out; the next steps say when.".to_owned());
    to.tell(Fact::Shown("The scripts are written".to_owned(), lines));
    Ok(())
}
