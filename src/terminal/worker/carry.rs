//! The run with its proof, watched: the newest progress only.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::Reporter;
use super::desk::Desk;
use super::past;
use crate::database::{Fault, FaultKind, Result};
use crate::front::{Carried, Home, Ready, Stage, carry_out};
use crate::migrate::journal::Journal;
use crate::migrate::{Control, Progress};
use crate::plan::PlanFile;
use crate::wizard::message::{Fact, Reported};

/// Which plan is carried out, and what was typed to confirm it.
pub(super) struct Order {
    pub(super) fingerprint: String,
    pub(super) plan: PlanFile,
    pub(super) confirmed: String,
}

/// Time between two looks at the progress.
pub(super) const LOOK: Duration = Duration::from_millis(150);

pub(super) async fn carry(
    home: &Home,
    desk: &Desk,
    order: Order,
    control: Control,
    to: &Reporter,
) -> Result<()> {
    let plan = desk.plan(&order.fingerprint).await?;
    let sides = desk.sides().await?;
    let ready = Ready {
        plan: Arc::clone(&plan),
        source: sides.source,
        destination: sides.destination,
        source_model: sides.source_model,
        destination_model: sides.destination_model,
        plan_file: format!("draft {}", order.plan.name),
        plan_text: order.plan.to_text(),
        folder: std::env::current_dir().unwrap_or_default(),
        confirmed: order.confirmed,
        mask_key: desk.mask_key(),
    };
    carry_on(home, &ready, control, to).await
}

/// Carries out what is ready, telling how far it is and what came of it.
pub(super) async fn carry_on(
    home: &Home,
    ready: &Ready,
    control: Control,
    to: &Reporter,
) -> Result<()> {
    let (sender, watching) = watch(Progress::new(&ready.plan), to);
    let ended = carry_out(home, ready, control, sender, stages(to)).await;
    watching.abort();
    to.tell(Fact::Reported(carried(ended?)?));
    Ok(())
}

/// Reports the progress that is told with this, until it is aborted.
pub(super) fn watch(
    progress: Progress,
    to: &Reporter,
) -> (watch::Sender<Progress>, JoinHandle<()>) {
    let (sender, newest) = watch::channel(progress);
    (sender, tokio::spawn(watch_progress(newest, to.clone())))
}

/// Reports what a run has come to.
pub(super) fn stages(to: &Reporter) -> impl FnMut(Stage<'_>) + Send + use<> {
    let to = to.clone();
    let mut proving = std::time::Instant::now();
    move |stage| match stage {
        Stage::Started { id, folder } => {
            to.tell(Fact::Started { id: id.to_owned(), folder: folder.to_path_buf() });
        }
        Stage::Ended(_) => {}
        Stage::Proving(now) => {
            if now.rows == 0 || proving.elapsed() > LOOK {
                proving = std::time::Instant::now();
                to.tell(Fact::Proving(now.clone()));
            }
        }
    }
}

/// What became of a run, for the screen; errs when not even its journal can be read.
pub(super) fn carried(carried: Carried) -> Result<Box<Reported>> {
    let Some(report) = carried.report else {
        return Err(carried.trouble.unwrap_or_else(|| {
            Fault::new(FaultKind::Other, "the run's journal could not be read")
        }));
    };
    Ok(Box::new(Reported {
        report,
        files: carried.files,
        past: Journal::open(&carried.folder).ok().and_then(|journal| past::past(&journal)),
        folder: carried.folder,
        trouble: carried.trouble.or(carried.unsaved),
    }))
}

async fn watch_progress(mut watched: watch::Receiver<Progress>, to: Reporter) {
    loop {
        let now = watched.borrow_and_update().clone();
        to.tell(Fact::Progressed(now));
        tokio::time::sleep(LOOK).await;
        if watched.changed().await.is_err() {
            return;
        }
    }
}
