//! The practice pair: a Production and a Non-Production environment of an invented insurance
//! company, holding every trap of a migration once, each with a lesson.
//!
//! Everything about the company is data in `assets/practice/`; this module gives it ids, tables
//! and rows. Both sides are the same bytes every time: nothing looks at the clock, and every value
//! of a row follows from the row's place. To add a trap, write it into the data with a lesson in
//! `lessons.toml`; the tests ask for the lesson.

mod build;
mod clone;
mod company;
mod definitions;
mod entity;
mod environment;
mod events;
mod factory;
mod instances;
mod key;
mod lessons;
mod make;
mod platform;
mod process;
mod processes;
mod records;
mod rows;
mod sample;
#[cfg(test)]
mod tests;
mod text;

pub use clone::cleanup_plan;
pub use lessons::{About, Lesson, lessons, step_lessons};
pub use sample::sample_plan;

use crate::database::{Builder, Fault, FaultKind, Result};
use crate::outsystems::Side;
use company::Company;

/// The row of OSSYS_PARAMETER that makes an environment one of practice.
pub const MARKER: &str = "osferry.practice";

/// The applications that the sample plan moves.
pub const SAMPLE_SCOPE: [&str; 2] = ["Policies", "Claims"];

/// How the pair is made.
#[derive(Clone, Copy, Debug, Default)]
pub struct PracticeOptions {
    /// So many rows in every large entity of the source (a twelfth in the destination).
    pub rows: Option<u64>,
}

/// Writes one side of the pair into an empty database and closes it; returns the number of
/// application rows.
///
/// A database that holds any table is refused.
pub async fn build(
    mut builder: Box<dyn Builder>,
    side: Side,
    options: PracticeOptions,
) -> Result<u64> {
    let place = empty(builder.as_mut()).await?;
    let company = Company::load()?;
    let written = build::write(builder.as_mut(), &company, side, options.rows)
        .await
        .map_err(|fault| fault.while_doing(format!("writing the practice {side} to {place}")))?;
    builder.finish().await?;
    Ok(written)
}

/// Writes the practice clone into an empty database and closes it: the pair's Production, as a
/// restored backup of it would be. Returns the number of application rows.
///
/// A database that holds any table is refused.
pub async fn build_clone(mut builder: Box<dyn Builder>, options: PracticeOptions) -> Result<u64> {
    let place = empty(builder.as_mut()).await?;
    let company = Company::load()?;
    let written = clone::write(builder.as_mut(), &company, options.rows)
        .await
        .map_err(|fault| fault.while_doing(format!("writing the practice clone to {place}")))?;
    builder.finish().await?;
    Ok(written)
}

/// Where an empty database is; refused where it is not empty.
async fn empty(builder: &mut dyn Builder) -> Result<String> {
    let place = builder.facts().place.clone();
    if !builder.is_empty().await? {
        return Err(Fault::new(
            FaultKind::Invalid,
            format!("{place} already holds tables; practice writes into an empty database only"),
        )
        .advise("Name a new database, or a file that does not exist yet."));
    }
    Ok(place)
}
