//! SQL Server through tiberius.
//!
//! `connection` is the only place that touches the driver's client, `statements` the only one
//! that writes T-SQL. Reading goes through a small pool of connections that ask for read-only
//! intent; each writer has a connection of its own, whose session lock is the fence by which a
//! later session can wait for this one's end.

mod builder;
mod catalogue;
mod checks;
mod connect;
mod connection;
mod destination;
mod facts;
mod fault;
mod pool;
mod principals;
mod refusal;
mod reserve;
mod scan;
mod server;
mod source;
mod space;
mod stage;
mod statements;
mod values;
mod wide;
mod writer;
mod written;

use std::time::Duration;

use super::{Builder, Destination, Result, ServerSpec, Source};

/// How long to wait for what. The defaults suit real servers; tests shorten them.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For a TCP connection.
    pub connect: Duration,
    /// For TLS and the sign-in together.
    pub handshake: Duration,
    /// For a request to the catalogue, a lock, a COMMIT's begin.
    pub metadata: Duration,
    /// For a statement that reads or writes rows, and for each wait within its answer.
    pub statement: Duration,
    /// For an earlier session to end, when its fate has to be known.
    pub fence: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(15),
            handshake: Duration::from_secs(15),
            metadata: Duration::from_secs(60),
            statement: Duration::from_secs(15 * 60),
            // Longer than a server takes to notice that its client is gone.
            fence: Duration::from_secs(120),
        }
    }
}

/// Opens a database to be read.
pub async fn open_source(spec: &ServerSpec) -> Result<Box<dyn Source>> {
    open_source_within(spec, Limits::default()).await
}

/// Opens a database to be read, with other limits than usual.
pub async fn open_source_within(spec: &ServerSpec, limits: Limits) -> Result<Box<dyn Source>> {
    let target = connect::Target::new(spec, limits)?;
    Ok(Box::new(source::SqlServerSource::open(target, connect::Intent::Read).await?))
}

/// Opens a database to be written.
pub async fn open_destination(spec: &ServerSpec) -> Result<Box<dyn Destination>> {
    open_destination_within(spec, Limits::default()).await
}

/// Opens a database to be written, with other limits than usual.
pub async fn open_destination_within(
    spec: &ServerSpec,
    limits: Limits,
) -> Result<Box<dyn Destination>> {
    let target = connect::Target::new(spec, limits)?;
    Ok(Box::new(destination::SqlServerDestination::open(target).await?))
}

/// Opens an empty database to build in.
pub async fn open_builder(spec: &ServerSpec) -> Result<Box<dyn Builder>> {
    let target = connect::Target::new(spec, Limits::default())?;
    Ok(Box::new(builder::SqlServerBuilder::open(target).await?))
}
