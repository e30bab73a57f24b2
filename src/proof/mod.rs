//! Was it right: every row of ours in the destination against what the source had.
//!
//! Reads plan, journal and both databases; shares nothing with the code that rewrote and wrote
//! the rows.

mod canonical;
mod maps;

pub use canonical::{Canonical, combine};
