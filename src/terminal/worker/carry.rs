//! The run with its proof, watched: the newest progress only.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::Reporter;
use super::desk::Desk;
use crate::database::{Fault, FaultKind, Result};
use crate::front::{Home, Ready, Stage, carry_out};
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
const LOOK: Duration = Duration::from_millis(150);

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
    };
    let (progress, watched) = watch::channel(Progress::new(&plan));
    let watching = tokio::spawn(watch_progress(watched, to.clone()));
    let mut proving = std::time::Instant::now();
    let carried = carry_out(home, &ready, control, progress, |stage| match stage {
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
    })
    .await;
    watching.abort();
    let carried = carried?;
    let Some(report) = carried.report else {
        return Err(carried.trouble.unwrap_or_else(|| {
            Fault::new(FaultKind::Other, "the run's journal could not be read")
        }));
    };
    to.tell(Fact::Reported(Box::new(Reported {
        report,
        files: carried.files,
        folder: carried.folder,
        trouble: carried.trouble.or(carried.unsaved),
    })));
    Ok(())
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
