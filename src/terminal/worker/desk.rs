//! What lies on the desk between jobs: both databases opened, their models, the answers about
//! rows, the plan that was made last.

use std::sync::{Arc, PoisonError};

use tokio::sync::Mutex;

use crate::compare::Answers;
use crate::database::{Destination, Fault, FaultKind, Result, Secret, Source};
use crate::front::secrets::mask_key;
use crate::migrate::Environments;
use crate::outsystems::Environment;
use crate::plan::Plan;

/// Both sides, opened and read.
#[derive(Clone)]
pub(super) struct Sides {
    pub(super) source: Arc<dyn Source>,
    pub(super) destination: Arc<dyn Destination>,
    pub(super) source_model: Arc<Environment>,
    pub(super) destination_model: Arc<Environment>,
}

impl Sides {
    pub(super) fn environments(&self) -> Environments<'_> {
        Environments {
            source: self.source.as_ref(),
            destination: self.destination.as_source(),
            source_model: &self.source_model,
            destination_model: &self.destination_model,
        }
    }
}

#[derive(Default)]
struct Open {
    source: Option<(Arc<dyn Source>, Arc<Environment>)>,
    destination: Option<(Arc<dyn Destination>, Arc<Environment>)>,
    plan: Option<Arc<Plan>>,
}

/// What jobs leave for later ones.
#[derive(Default)]
pub(super) struct Desk {
    open: Mutex<Open>,
    /// The answers about rows: they hold for the two databases that are open.
    pub(super) answers: Mutex<Answers>,
    mask_key: std::sync::Mutex<Option<Secret>>,
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Desk")
    }
}

impl Desk {
    /// Masks are made with this key, or with the environment's.
    pub(super) fn put_mask_key(&self, key: Option<Secret>) {
        *self.mask_key.lock().unwrap_or_else(PoisonError::into_inner) = key;
    }

    /// The key of the masks: the one that was typed, else the environment's.
    pub(super) fn mask_key(&self) -> Option<Secret> {
        let typed = self.mask_key.lock().unwrap_or_else(PoisonError::into_inner).clone();
        typed.or_else(mask_key)
    }

    /// Another source.
    pub(super) async fn put_source(&self, source: Option<(Arc<dyn Source>, Arc<Environment>)>) {
        let mut open = self.open.lock().await;
        open.source = source;
        open.plan = None;
        *self.answers.lock().await = Answers::default();
    }

    /// Another destination.
    pub(super) async fn put_destination(
        &self,
        destination: Option<(Arc<dyn Destination>, Arc<Environment>)>,
    ) {
        let mut open = self.open.lock().await;
        open.destination = destination;
        open.plan = None;
        *self.answers.lock().await = Answers::default();
    }

    /// The source alone.
    pub(super) async fn source(&self) -> Result<Arc<dyn Source>> {
        let open = self.open.lock().await;
        open.source.as_ref().map(|(source, _)| Arc::clone(source)).ok_or_else(not_connected)
    }

    /// The destination alone.
    pub(super) async fn destination(&self) -> Result<Arc<dyn Destination>> {
        let open = self.open.lock().await;
        let destination = open.destination.as_ref();
        destination.map(|(destination, _)| Arc::clone(destination)).ok_or_else(not_connected)
    }

    /// Both sides.
    pub(super) async fn sides(&self) -> Result<Sides> {
        let open = self.open.lock().await;
        match (&open.source, &open.destination) {
            (Some((source, source_model)), Some((destination, destination_model))) => Ok(Sides {
                source: Arc::clone(source),
                destination: Arc::clone(destination),
                source_model: Arc::clone(source_model),
                destination_model: Arc::clone(destination_model),
            }),
            _ => Err(Fault::new(FaultKind::Lost, "not both sides are connected")
                .advise("Connect tests them again.")),
        }
    }

    /// The plan that was made last.
    pub(super) async fn put_plan(&self, plan: Option<Arc<Plan>>) {
        self.open.lock().await.plan = plan;
    }

    /// The plan that was made last, if it is the one with this fingerprint.
    pub(super) async fn plan(&self, fingerprint: &str) -> Result<Arc<Plan>> {
        let plan = self.open.lock().await.plan.clone();
        plan.filter(|plan| plan.fingerprint == fingerprint).ok_or_else(|| {
            Fault::new(FaultKind::Invalid, "the plan has changed since it was shown")
                .advise("Look at Review again.")
        })
    }
}

fn not_connected() -> Fault {
    Fault::new(FaultKind::Lost, "it is not connected").advise("Connect tests it.")
}
