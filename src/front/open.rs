//! Both sides opened, and what they are.

use std::sync::Arc;

use crate::database::{
    ConnectionSpec, Destination, Fault, Result, Source, open_destination, open_source,
};
use crate::outsystems::{self, Environment, Side};

/// Opens one side to be read only. A source is asked one thing at a time, until a plan says
/// otherwise: others work there.
pub async fn to_read(side: Side, spec: &ConnectionSpec) -> Result<Arc<dyn Source>> {
    let opened = open_source(spec).await.map_err(|fault| on(side, spec, fault))?;
    if side == Side::Source {
        opened.keep_to(1);
    }
    Ok(Arc::from(opened))
}

/// Opens the destination to be written.
pub async fn to_write(spec: &ConnectionSpec) -> Result<Arc<dyn Destination>> {
    open_destination(spec).await.map(Arc::from).map_err(|fault| on(Side::Destination, spec, fault))
}

fn on(side: Side, spec: &ConnectionSpec, fault: Fault) -> Fault {
    fault.while_doing(format!("{side} {}", spec.place()))
}

/// What one side is.
pub async fn model(side: Side, database: &dyn Source) -> Result<Arc<Environment>> {
    outsystems::read(database)
        .await
        .map(Arc::new)
        .map_err(|fault| fault.while_doing(format!("{side} {}", database.facts().place)))
}

/// What both sides are, read at the same time.
pub async fn models(
    source: &dyn Source,
    destination: &dyn Source,
) -> Result<(Arc<Environment>, Arc<Environment>)> {
    futures::future::try_join(model(Side::Source, source), model(Side::Destination, destination))
        .await
}
