//! `osferry run`: a saved plan, carried out and proved.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use super::ending::{Exit, Trouble};
use super::home::Home;
use super::road::{self, Saved};
use super::{RunArguments, show};
use crate::database::{Destination, Source, same_name};
use crate::migrate::journal::{Journal, RunHeader, RunState};
use crate::migrate::{
    Command, Control, Controller, Environments, Progress, RunEnd, RunRequest, check_destination,
    check_pair, check_purpose,
};
use crate::outsystems::Environment;
use crate::plan::{self, Plan, model_fingerprint};
use crate::proof::{Proof, ProofOptions, prove};
use crate::report::{PlanReport, RunReport, save};

pub(super) async fn run(home: &Home, arguments: &RunArguments) -> Result<Exit, Trouble> {
    let plan = Saved::read(&arguments.plan)?;
    let recommended = arguments.decide.is_some();
    let confirm = arguments.confirm.as_deref();
    if arguments.dry_run {
        return dry_run(&plan, confirm, recommended, arguments.json).await;
    }
    carry_out(home, &plan, confirm.unwrap_or_default(), recommended, arguments.json).await
}

/// Everything that a run needs before its first write.
struct Ready {
    plan: Arc<Plan>,
    source: Arc<dyn Source>,
    destination: Arc<dyn Destination>,
    source_model: Arc<Environment>,
    destination_model: Arc<Environment>,
}

/// Opens, reads, checks, compares, decides, plans.
async fn prepare(
    saved: &Saved,
    confirm: Option<&str>,
    recommended: bool,
) -> Result<Ready, Trouble> {
    check_purpose(saved.file.destination.purpose)?;
    let (source, destination) = saved.connections()?;
    let source = road::source(&source).await?;
    let destination = road::destination(&destination).await?;
    let name = &destination.facts().database;
    // As the server finds it: case apart.
    if let Some(confirm) = confirm.filter(|confirm| !same_name(confirm, name)) {
        return Err(Trouble::refused(format!(
            "--confirm {confirm:?} is not the destination's name\n  The destination is {name:?} \
             ({}). Nothing was written.",
            destination.facts().place
        )));
    }
    let (source_model, destination_model) =
        road::models(source.as_ref(), destination.as_source()).await?;
    let purpose = saved.file.destination.purpose;
    for warning in check_pair(&source_model, &destination_model, purpose)? {
        show::say(&format!("note: {warning}"));
    }
    let environments = Environments {
        source: source.as_ref(),
        destination: destination.as_source(),
        source_model: &source_model,
        destination_model: &destination_model,
    };
    let (review, decisions) =
        road::review_with_counts(environments, &saved.file, recommended).await?;
    let plan = plan::build(
        &saved.file.name,
        &source_model,
        &destination_model,
        &review,
        &decisions,
        &saved.file.options,
    )
    .map_err(|refusal| road::refusal(&refusal, &saved.path))?;
    Ok(Ready { plan: Arc::new(plan), source, destination, source_model, destination_model })
}

async fn dry_run(
    saved: &Saved,
    confirm: Option<&str>,
    recommended: bool,
    json: bool,
) -> Result<Exit, Trouble> {
    let ready = prepare(saved, confirm, recommended).await?;
    check_destination(&ready.plan, ready.source.as_ref(), ready.destination.as_ref()).await?;
    let report = PlanReport::new(&ready.plan);
    show::result(&if json { report.to_json()? } else { report.to_text() });
    Ok(Exit::Done)
}

/// Carries a plan out, proves it, writes the report.
pub(super) async fn carry_out(
    home: &Home,
    saved: &Saved,
    confirm: &str,
    recommended: bool,
    json: bool,
) -> Result<Exit, Trouble> {
    home.check()?;
    let ready = prepare(saved, Some(confirm), recommended).await?;
    let now = jiff::Zoned::now();
    let (id, folder) = home.new_run(&now);
    let header = RunHeader {
        id,
        name: saved.file.name.clone(),
        started: clock(),
        source: ready.source.facts().place.clone(),
        destination: ready.destination.facts().place.clone(),
        destination_database: ready.destination.facts().database.clone(),
        plan_file: saved.path.display().to_string(),
        plan_text: saved.text.clone(),
        folder: saved.folder.clone(),
        plan_fingerprint: ready.plan.fingerprint.clone(),
        source_fingerprint: model_fingerprint(&ready.source_model),
        destination_fingerprint: model_fingerprint(&ready.destination_model),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    show::say(&format!("run {} on {}", header.id, header.destination));
    let (controller, control) = Controller::new();
    let (progress, watched) = watch::channel(Progress::new(&ready.plan));
    let listening = tokio::spawn(obey(controller));
    let showing = show::follow(watched);
    let outcome = crate::migrate::run(request(&ready, header, &folder, control, progress)).await;
    listening.abort();
    // It ends with the run, or with the sender of a run that was refused.
    let _ = showing.await;
    let (end, journal) = outcome?;
    let journal = Mutex::new(journal);
    let proved = match end {
        RunEnd::Written => proved(&ready, &journal).await,
        RunEnd::Stopped(_) | RunEnd::Failed(_) => Ok(()),
    };
    let journal = journal.into_inner().unwrap_or_else(PoisonError::into_inner);
    // A proof that could not be made leaves a report too: what was written is known.
    let exit = finish(&journal, &folder, json)?;
    proved.map(|()| exit)
}

fn request(
    ready: &Ready,
    header: RunHeader,
    folder: &Path,
    control: Control,
    progress: watch::Sender<Progress>,
) -> RunRequest {
    RunRequest {
        plan: Arc::clone(&ready.plan),
        header,
        folder: folder.to_path_buf(),
        source: Arc::clone(&ready.source),
        destination: Arc::clone(&ready.destination),
        source_model: Arc::clone(&ready.source_model),
        destination_model: Arc::clone(&ready.destination_model),
        control,
        progress,
        clock: Arc::new(clock),
    }
}

/// What time it is, with the offset, so that it means the same elsewhere.
fn clock() -> String {
    jiff::Zoned::now().strftime("%Y-%m-%d %H:%M:%S%:z").to_string()
}

/// Ctrl+C: the first asks to stop after the current batches, the second rolls them back.
async fn obey(controller: Controller) {
    for (command, words) in [
        (Command::Stop, "stopping after the current batches; Ctrl+C again rolls them back"),
        (Command::Cancel, "rolling the current batches back"),
    ] {
        if tokio::signal::ctrl_c().await.is_err() {
            return;
        }
        show::say(words);
        controller.say(command);
    }
    // Further ones change nothing: what is left is to wait for the server.
    std::future::pending::<()>().await;
}

/// Proves a run and has the journal keep the result.
async fn proved(ready: &Ready, journal: &Mutex<Journal>) -> Result<(), Trouble> {
    let shown = show::ProofShown::new();
    let (source, destination) = (ready.source.as_ref(), ready.destination.as_source());
    let options = ProofOptions::default();
    let proof =
        prove(&ready.plan, journal, source, destination, options, |now| shown.look(&now))
            .await
            .map_err(|fault| {
                let doing = "everything is written, but the proof could not be made";
                Trouble::failed(&fault.while_doing(doing).advise(
                    "`osferry verify` makes it again, as often as you like; it only reads.",
                ))
            })?;
    keep_proof(journal, &proof).map_err(|fault| Trouble::failed(&fault))
}

/// Has the journal keep the result of a proof of all rows.
pub(super) fn keep_proof(journal: &Mutex<Journal>, proof: &Proof) -> crate::database::Result<()> {
    let state = if proof.holds() { RunState::Proved } else { RunState::Disproved };
    let text = serde_json::to_string(proof).map_err(|error| {
        crate::database::Fault::new(crate::database::FaultKind::Other, error.to_string())
    })?;
    let journal = journal.lock().unwrap_or_else(PoisonError::into_inner);
    let at = clock();
    journal.set_proof(&text)?;
    journal.event(&at, state.label())?;
    journal.set_state(state)?;
    journal.set_ended(&at)
}

/// Writes the report into the run's folder, shows it, and says how the command ends.
pub(super) fn finish(journal: &Journal, folder: &Path, json: bool) -> Result<Exit, Trouble> {
    let report = RunReport::read(journal).map_err(|fault| Trouble::failed(&fault))?;
    let saved = save(&report, folder);
    if json {
        show::result(&report.to_json().map_err(|fault| Trouble::failed(&fault))?);
    } else {
        show::result(&report.summary());
    }
    match saved {
        Ok(files) if !json => {
            let files: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
            show::result(&format!("Report: {}", files.join("\n        ")));
        }
        Ok(_) => {}
        // What was done does not become undone by a report that could not be written.
        Err(fault) => show::say(&format!("osferry: {fault}")),
    }
    Ok(report.verdict().into())
}
