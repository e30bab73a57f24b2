//! A plan carried out: the run, its proof, its report.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use tokio::sync::watch;

use super::forecast::forecast;
use super::home::{Home, KnownRun};
use super::one_writer::one_writer;
use super::open;
use super::preflight::any_engine;
use super::prove::{Sides, gate, keep_proof, signed};
use super::{rights, way_back};
use crate::database::{Destination, Fault, Result, Secret, Source};
use crate::migrate::journal::{Journal, Operator, Recorder, RunHeader};
use crate::migrate::{Control, Preflight, Progress, RunEnd, RunRequest, published};
use crate::outsystems::Environment;
use crate::plan::{Plan, Purpose, model_fingerprint};
use crate::proof::{ProofOptions, ProofProgress};
use crate::report::{RunReport, save, save_rejects};

/// Everything that a run needs before its first write.
pub struct Ready {
    /// What to do.
    pub plan: Arc<Plan>,
    /// Where rows are read.
    pub source: Arc<dyn Source>,
    /// Where rows are written.
    pub destination: Arc<dyn Destination>,
    /// The source's model.
    pub source_model: Arc<Environment>,
    /// The destination's model.
    pub destination_model: Arc<Environment>,
    /// The plan file, or the draft, that the plan was made from.
    pub plan_file: String,
    /// Its text.
    pub plan_text: String,
    /// The folder that relative paths in it start from.
    pub folder: PathBuf,
    /// What was given as the destination's name, to confirm that it may be written.
    pub confirmed: String,
    /// The key of the masks, where one was given.
    pub mask_key: Option<Secret>,
}

impl Ready {
    /// What the checks before it want to know; `purpose` is what its plan says of the destination.
    #[must_use]
    pub fn preflight(&self, purpose: Option<Purpose>) -> Preflight<'_> {
        Preflight {
            plan: &self.plan,
            source: self.source.as_ref(),
            destination: self.destination.as_ref(),
            source_model: &self.source_model,
            destination_model: &self.destination_model,
            purpose,
            mask_key: self.mask_key.as_ref(),
            any_engine: any_engine(),
        }
    }

    /// An earlier run, to be gone on with: its plan, and both sides as they are now, the source
    /// first.
    #[must_use]
    pub fn of_run(
        header: &RunHeader,
        plan: Plan,
        source: Arc<dyn Source>,
        destination: Arc<dyn Destination>,
        [source_model, destination_model]: [Arc<Environment>; 2],
    ) -> Self {
        Self {
            plan: Arc::new(plan),
            source,
            destination,
            source_model,
            destination_model,
            plan_file: header.plan_file.clone(),
            plan_text: header.plan_text.clone(),
            folder: header.folder.clone(),
            confirmed: header.operator.confirmed.clone(),
            mask_key: super::secrets::mask_key(),
        }
    }
}

/// What a run has come to while it is carried out.
#[derive(Debug)]
pub enum Stage<'a> {
    /// The checks before the first write begin: it may still be refused.
    Started {
        /// The run's id.
        id: &'a str,
        /// The folder that it gets.
        folder: &'a Path,
    },
    /// Nothing more is written. A proof follows when everything is.
    Ended(&'a RunEnd),
    /// So far is the proof; told once before it has compared anything.
    Proving(&'a ProofProgress),
}

/// What became of a run that was not refused.
#[derive(Debug)]
pub struct Carried {
    /// The run's id.
    pub id: String,
    /// Its folder.
    pub folder: PathBuf,
    /// What the run did. `None` when not even the journal can be read; `trouble` says why.
    pub report: Option<RunReport>,
    /// The report's files.
    pub files: Vec<PathBuf>,
    /// Why it is not known whether everything is right: the proof could not be made or kept, or
    /// the journal not be read.
    pub trouble: Option<Fault>,
    /// Why the report's files could not be written; what was done is not undone by that.
    pub unsaved: Option<Fault>,
}

/// Carries a plan out, proves it, and writes the report into the run's folder.
///
/// An error means that it was refused before the first write. Whatever happens later is in what
/// comes back, with the report of what was written until then.
pub async fn carry_out(
    home: &Home,
    ready: &Ready,
    control: Control,
    progress: watch::Sender<Progress>,
    mut events: impl FnMut(Stage<'_>) + Send,
) -> Result<Carried> {
    home.check()?;
    let (id, folder) = home.new_run(&jiff::Zoned::now());
    events(Stage::Started { id: &id, folder: &folder });
    let (source, destination) = (ready.source.as_ref(), ready.destination.as_source());
    // A run that nobody can forecast is no worse for it.
    let forecast = forecast(home, &ready.plan, source, destination).await.ok();
    let header = RunHeader { forecast, ..header(ready, &id) };
    let watched = Watched { control: control.of_reading(), progress: progress.clone() };
    let request = request(ready, header, folder.clone(), control, progress);
    let alone = one_writer(&folder, ready.destination.as_ref())?;
    let end = crate::migrate::run(request).await?;
    drop(alone);
    Ok(ended(ready, end, id, folder, watched, &mut events).await)
}

/// Goes on with a run that did not come to its end, proves it, and writes its report anew.
///
/// What is written and from where is taken from the run's journal; `ready` brings its plan, the
/// databases and the models as they are now. An error means that nothing was written.
pub async fn go_on(
    known: &KnownRun,
    mut header: RunHeader,
    ready: &Ready,
    control: Control,
    progress: watch::Sender<Progress>,
    mut events: impl FnMut(Stage<'_>) + Send,
) -> Result<Carried> {
    // The name was typed when the run was started; going on with it asks for none.
    header.operator = operator(ready.destination.as_ref(), "");
    let (id, folder) = (known.id.clone(), known.folder.clone());
    events(Stage::Started { id: &id, folder: &folder });
    let watched = Watched { control: control.of_reading(), progress: progress.clone() };
    let request = request(ready, header, folder.clone(), control, progress);
    let alone = one_writer(&folder, ready.destination.as_ref())?;
    let end = crate::migrate::resume(request).await?;
    drop(alone);
    Ok(ended(ready, end, id, folder, watched, &mut events).await)
}

/// Whoever watches a run while it is proved: how gently the source is read stays theirs to choose.
struct Watched {
    control: Control,
    progress: watch::Sender<Progress>,
}

fn request(
    ready: &Ready,
    header: RunHeader,
    folder: PathBuf,
    control: Control,
    progress: watch::Sender<Progress>,
) -> RunRequest {
    RunRequest {
        plan: Arc::clone(&ready.plan),
        header,
        source: Arc::clone(&ready.source),
        destination: Arc::clone(&ready.destination),
        source_model: Arc::clone(&ready.source_model),
        destination_model: Arc::clone(&ready.destination_model),
        earlier: earlier(&folder, ready.plan.rejects_of.as_deref()),
        folder,
        mask_key: ready.mask_key.clone(),
        control,
        progress,
        clock: Arc::new(clock),
    }
}

/// The folder of the run whose rejects are tried again: it lies beside the run's own.
fn earlier(folder: &Path, run: Option<&str>) -> Option<PathBuf> {
    Some(folder.parent()?.join(run?)).filter(|folder| folder.exists())
}

/// After the last write: the proof, where everything is written, and the report.
async fn ended(
    ready: &Ready,
    end: RunEnd,
    id: String,
    folder: PathBuf,
    watched: Watched,
    events: &mut (impl FnMut(Stage<'_>) + Send),
) -> Carried {
    events(Stage::Ended(&end));
    let is_written = matches!(end, RunEnd::Written);
    let proved = match end {
        RunEnd::Written => proved(ready, &folder, watched, events).await,
        RunEnd::Stopped(_) | RunEnd::Failed(_) => Ok(()),
    };
    // A proof that could not be made leaves a report too: what was written is known.
    let mut carried = reported(id, folder);
    carried.trouble = carried.trouble.or(proved.err());
    // What was granted for this run is to be taken back; files have nobody to grant anything.
    let logins = rights::Logins::of_a_run(&ready.plan, ready.destination.as_source()).await;
    let scripts =
        rights::scripts(&ready.plan, ready.source.as_ref(), ready.destination.as_source(), &logins);
    if let Ok(scripts) = scripts.await {
        match rights::save(&scripts, &carried.folder) {
            Ok(files) => carried.files.extend(files),
            Err(fault) => carried.unsaved = carried.unsaved.or(Some(fault)),
        }
    }
    if is_written && carried.report.is_some() {
        let destination = ready.destination.as_source();
        match way_back::save_statistics(&ready.plan, destination, &carried.folder).await {
            Ok(file) => carried.files.extend(file),
            Err(fault) => carried.unsaved = carried.unsaved.or(Some(fault)),
        }
    }
    carried
}

fn header(ready: &Ready, id: &str) -> RunHeader {
    let destination = ready.destination.facts();
    RunHeader {
        id: id.to_owned(),
        name: ready.plan.name.clone(),
        started: clock(),
        source: ready.source.facts().place.clone(),
        destination: destination.place.clone(),
        destination_database: destination.database.clone(),
        plan_file: ready.plan_file.clone(),
        plan_text: ready.plan_text.clone(),
        folder: ready.folder.clone(),
        plan_fingerprint: ready.plan.fingerprint.clone(),
        source_fingerprint: model_fingerprint(&ready.source_model),
        destination_fingerprint: model_fingerprint(&ready.destination_model),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        operator: operator(ready.destination.as_ref(), &ready.confirmed),
        // The run knows best whether its plan needs one.
        mask_key: None,
        rejects_of: ready.plan.rejects_of.clone(),
        procedure: None,
        forecast: None,
    }
}

/// Who is at it now, signed in to this destination.
pub(super) fn operator(destination: &dyn Destination, confirmed: &str) -> Operator {
    Operator {
        system_user: system_user(),
        sign_in: destination.facts().user.clone(),
        confirmed: confirmed.to_owned(),
    }
}

/// Who is signed in to this machine, as far as the environment says.
pub(super) fn system_user() -> String {
    ["USERNAME", "USER", "LOGNAME"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|user| !user.is_empty()))
        .unwrap_or_default()
}

/// Errs when somebody published since the run began: a proof would compare other tables.
async fn unchanged(ready: &Ready, source: &dyn Source, recorder: &Recorder) -> Result<()> {
    let (source, destination) = open::models(source, ready.destination.as_source()).await?;
    let header = recorder.reader()?.header()?;
    published(&header, &source, &destination).map_err(|fault| {
        Fault::new(fault.kind, format!("everything is written, and not proved: {}", fault.what))
            .advise(
                "`osferry verify` proves it against the models as they are then: best after going \
                 back to what was published at the start.",
            )
    })
}

/// Proves a run and has the journal keep the result.
async fn proved(
    ready: &Ready,
    folder: &Path,
    watched: Watched,
    events: &mut (impl FnMut(Stage<'_>) + Send),
) -> Result<()> {
    let recorder = Recorder::open(folder)?;
    let entities = ready.plan.entities.len();
    let begun = ProofProgress { entity: 0, entities, name: String::new(), rows: 0, of: 0 };
    events(Stage::Proving(&begun));
    let Watched { control, progress } = watched;
    let shown = progress.clone();
    let gate = gate(&ready.plan, &control, Some(recorder.clone()), move |pacing| {
        shown.send_modify(|progress| progress.pacing.clone_from(pacing));
    });
    progress.send_modify(|progress| progress.pacing = gate.pacing());
    let journal = Mutex::new(recorder.reader()?);
    let sides = Sides {
        source: ready.source.as_ref(),
        destination: ready.destination.as_source(),
        source_model: &ready.source_model,
        destination_model: &ready.destination_model,
        mask_key: ready.mask_key.as_ref(),
    };
    let options = ProofOptions {
        sample: None,
        keep: Some(sides.keep(&recorder, false)),
        mask_key: ready.mask_key.clone(),
    };
    let told = |progress| events(Stage::Proving(&progress));
    let made = async {
        unchanged(ready, &gate.over(ready.source.as_ref()), &recorder).await?;
        signed(&ready.plan, &journal, sides, &gate, options, told).await.map_err(|fault| {
            fault
                .while_doing("everything is written, but the proof could not be made")
                .advise("`osferry verify` makes it again, as often as you like; it only reads.")
        })
    };
    let who = system_user();
    let proof = tokio::select! {
        proof = made => proof?,
        followed = gate.attend(&who) => match followed? {},
    };
    keep_proof(&recorder, &proof).await?;
    let destination = ready.destination.as_source();
    way_back::keep(&recorder, &ready.plan, destination, &ready.destination_model, folder).await
}

/// The report of a run as its journal tells it, written into its folder.
pub(super) fn reported(id: String, folder: PathBuf) -> Carried {
    let mut carried =
        Carried { id, folder, report: None, files: Vec::new(), trouble: None, unsaved: None };
    let read = Journal::open(&carried.folder)
        .and_then(|journal| Ok((RunReport::read(&journal)?, journal)));
    match read {
        Ok((report, journal)) => {
            match saved(&report, &journal, &carried.folder) {
                Ok(files) => carried.files = files,
                Err(fault) => carried.unsaved = Some(fault),
            }
            carried.report = Some(report);
        }
        Err(fault) => carried.trouble = Some(fault),
    }
    carried
}

/// The report's files, and those that go with it.
fn saved(report: &RunReport, journal: &Journal, folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = save(report, folder)?;
    files.extend(save_rejects(journal, folder)?);
    Ok(files)
}

/// What time it is, with the offset, so that it means the same elsewhere.
#[must_use]
pub fn clock() -> String {
    jiff::Zoned::now().strftime("%Y-%m-%d %H:%M:%S%:z").to_string()
}
