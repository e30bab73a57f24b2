//! Was it right: every row of ours in the destination against what the source had.
//!
//! Reads plan, journal and both databases; shares nothing with the code that rewrote and wrote
//! the rows.

mod canonical;
mod maps;
mod result;

pub use canonical::{Canonical, combine};
pub use result::{Difference, EntityProof, Proof, ReferenceProof, SHOWN_DIFFERENCES};
