//! `osferry run`: a saved plan, carried out and proved.

use std::sync::Arc;

use tokio::sync::watch;

use super::ending::{Exit, Trouble};
use super::road::{self, Saved};
use super::secrets::key_of_masks;
use super::{RunArguments, again, show};
use crate::database::{Fault, same_name};
use crate::front::{self, Carried, Home, Ready, Stage};
use crate::migrate::{
    CheckSign, Command, Control, Controller, Environments, Probe, ProbeProgress, Progress,
    check_pair, check_purpose,
};
use crate::plan::CheckKind;
use crate::report::{PlanReport, probe_foretold};

pub(super) async fn run(home: &Home, arguments: &RunArguments) -> Result<Exit, Trouble> {
    let plan = match (&arguments.rejects_of, &arguments.plan) {
        (Some(of), _) => return again::again(home, arguments, of).await,
        (None, Some(plan)) => Saved::read(plan)?,
        (None, None) => return Err(Trouble::refused("name a plan, or a run with --rejects-of")),
    };
    let recommended = arguments.decide.is_some();
    let confirm = arguments.confirm.as_deref();
    if arguments.dry_run {
        return dry_run(home, &plan, arguments).await;
    }
    carry_out(home, &plan, confirm.unwrap_or_default(), recommended, arguments.json).await
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
    check_pair(&source_model, &destination_model, purpose)?;
    let environments = Environments {
        source: source.as_ref(),
        destination: destination.as_source(),
        source_model: &source_model,
        destination_model: &destination_model,
    };
    let (plan, plan_text) = road::planned(saved, environments, recommended).await?;
    let mask_key = key_of_masks(&plan)?;
    Ok(Ready {
        plan: Arc::new(plan),
        source,
        destination,
        source_model,
        destination_model,
        plan_file: saved.path.display().to_string(),
        plan_text,
        folder: saved.folder.clone(),
        confirmed: confirm.unwrap_or_default().to_owned(),
        mask_key,
    })
}

async fn dry_run(home: &Home, saved: &Saved, arguments: &RunArguments) -> Result<Exit, Trouble> {
    let confirm = arguments.confirm.as_deref();
    let ready = prepare(saved, confirm, arguments.decide.is_some()).await?;
    let stopped = checked(home, saved, &ready).await;
    // What would not be run is not tried out.
    let probe = match (arguments.probe, &stopped) {
        (true, Ok(())) => Some(probed(home, saved, &ready).await?),
        _ => None,
    };
    foretell(home, &ready, probe, arguments.json).await?;
    stopped.map(|()| Exit::Done)
}

/// Shows a plan, and what it will take.
pub(super) async fn foretell(
    home: &Home,
    ready: &Ready,
    probe: Option<Probe>,
    json: bool,
) -> Result<(), Trouble> {
    let (source, destination) = (ready.source.as_ref(), ready.destination.as_source());
    let report = PlanReport {
        before_images: Some(front::room(home, &ready.plan, destination).await?),
        forecast: Some(front::forecast(home, &ready.plan, source, destination).await?),
        probe,
        ..PlanReport::new(&ready.plan)
    };
    show::result(&if json { report.to_json()? } else { report.to_text() });
    Ok(())
}

/// Tries out how fast rows go; Ctrl+C ends that, and everything is rolled back.
async fn probed(home: &Home, saved: &Saved, ready: &Ready) -> Result<Probe, Trouble> {
    for words in probe_foretold(&ready.plan, &ready.destination.facts().place) {
        show::say(&words);
    }
    let (controller, control) = Controller::new();
    let listening = tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            show::say("stopping the probe; everything it did is rolled back");
            controller.say(Command::Cancel);
        }
        std::future::pending::<()>().await;
    });
    let told = |now: ProbeProgress| {
        show::say(&format!("probing {} ({} of {})", now.name, now.number, now.of));
    };
    let purpose = saved.file.destination.purpose;
    let outcome = front::probe(home, ready, purpose, control, told).await;
    listening.abort();
    Ok(outcome?)
}

/// Makes the checks before a run, says what is to be known, and refuses what nobody has accepted.
pub(super) async fn checked(home: &Home, saved: &Saved, ready: &Ready) -> Result<(), Trouble> {
    let request = ready.preflight(saved.file.destination.purpose);
    let mut checks = Vec::new();
    front::preflight(home, &request, &mut |check| checks.push(check)).await;
    let said = &saved.file.preflight;
    let in_the_way = front::in_the_way(&checks, said);
    for check in checks.iter().filter(|check| !in_the_way.contains(check)) {
        let text = format!("{}. {}", check.text, check.advice);
        match check.sign {
            CheckSign::Task => show::say(&format!("frozen: {}", said.frozen)),
            CheckSign::Warning => show::say(format!("accepted: {text}").trim_end()),
            CheckSign::Good if check.kind != CheckKind::Room => {}
            _ => show::say(format!("note: {text}").trim_end()),
        }
    }
    if in_the_way.is_empty() { Ok(()) } else { Err(road::stopped(&in_the_way, &saved.path)) }
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
    checked(home, saved, &ready).await?;
    let progress = Progress::new(&ready.plan);
    watched(&ready, progress, json, async |control, sender, events| {
        front::carry_out(home, &ready, control, sender, events).await
    })
    .await
}

/// Shows what a run does while it is carried out, obeys Ctrl+C, and shows what became of it.
pub(super) async fn watched(
    ready: &Ready,
    progress: Progress,
    json: bool,
    carry: impl AsyncFnOnce(
        Control,
        watch::Sender<Progress>,
        &mut (dyn FnMut(Stage<'_>) + Send),
    ) -> crate::database::Result<Carried>,
) -> Result<Exit, Trouble> {
    let (controller, control) = Controller::new();
    let (sender, watched) = watch::channel(progress);
    let (proving, proof) = watch::channel(None);
    let listening = tokio::spawn(obey(controller));
    let showing = show::follow(watched, proof);
    let outcome = carry(control, sender, &mut |stage| match stage {
        Stage::Started { id, .. } => {
            show::say(&format!("run {id} on {}", ready.destination.facts().place));
        }
        // A proof only reads: there is nothing to roll back.
        Stage::Ended(_) => listening.abort(),
        Stage::Proving(now) => {
            proving.send_replace(Some(now.clone()));
        }
    })
    .await;
    listening.abort();
    drop(proving);
    // It ends with the run and its proof, or with the sender of a run that was refused.
    let _ = showing.await;
    finish(outcome?, json)
}

/// Ctrl+C: the first asks to stop after the current batches, the second rolls them back.
pub(super) async fn obey(controller: Controller) {
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

/// Shows what became of a run, and says how the command ends.
pub(super) fn finish(carried: Carried, json: bool) -> Result<Exit, Trouble> {
    let failed = |fault: Fault| Trouble::failed(&fault);
    let Some(report) = carried.report else {
        return carried.trouble.map_or(Ok(Exit::Failed), |fault| Err(failed(fault)));
    };
    if json {
        show::result(&report.to_json().map_err(failed)?);
    } else {
        show::result(&report.summary());
        if let Some(words) = report.way_back_short() {
            show::result(&words);
        }
    }
    if let Some(fault) = carried.unsaved {
        show::say(&format!("osferry: {fault}"));
    } else if !json {
        let files: Vec<String> =
            carried.files.iter().map(|file| file.display().to_string()).collect();
        show::result(&format!("Report: {}", files.join("\n        ")));
    }
    match carried.trouble {
        Some(fault) => Err(failed(fault)),
        None => Ok(report.verdict().into()),
    }
}
