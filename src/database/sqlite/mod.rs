//! The embedded engine: environments as SQLite files, for practice, tests and demos.
//!
//! A file holds the same OSSYS_ tables and application tables under the same names as on
//! SQL Server, columns declared with their SQL Server types (`design.md` decision 6). The adapter
//! refuses what SQL Server would refuse, so that practice teaches the truth. Every connection
//! lives on a thread of its own.

mod alike;
mod builder;
mod cell;
mod changes;
mod insert;
mod refusal;
mod sample;
mod script;
mod session;
mod shape;
mod source;
mod statement;
mod writer;

use std::path::Path;

use super::{Builder, Destination, Result, Source};

/// Opens a file to be read; it is never created and never changed.
pub async fn open_source(path: &Path) -> Result<Box<dyn Source>> {
    Ok(Box::new(source::SqliteSource::open(path).await?))
}

/// Opens a file to be written; it has to be there.
pub async fn open_destination(path: &Path) -> Result<Box<dyn Destination>> {
    Ok(Box::new(writer::SqliteDestination::open(path).await?))
}

/// Opens or makes a file to build a practice environment in.
pub async fn open_builder(path: &Path) -> Result<Box<dyn Builder>> {
    Ok(Box::new(builder::SqliteBuilder::open(path).await?))
}
