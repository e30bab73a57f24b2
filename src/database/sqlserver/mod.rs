//! SQL Server through tiberius.

use super::{Builder, Destination, Fault, FaultKind, Result, ServerSpec, Source};

/// Opens a database to be read.
pub async fn open_source(_spec: &ServerSpec) -> Result<Box<dyn Source>> {
    Err(Fault::new(FaultKind::Other, "not here yet"))
}

/// Opens a database to be written.
pub async fn open_destination(_spec: &ServerSpec) -> Result<Box<dyn Destination>> {
    Err(Fault::new(FaultKind::Other, "not here yet"))
}

/// Opens an empty database to build in.
pub async fn open_builder(_spec: &ServerSpec) -> Result<Box<dyn Builder>> {
    Err(Fault::new(FaultKind::Other, "not here yet"))
}
