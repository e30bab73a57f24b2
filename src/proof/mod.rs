//! Was it right: every row of ours in the destination against what the source had.
//!
//! Reads plan, journal and both databases; shares nothing with the code that rewrote and wrote
//! the rows.

mod canonical;
mod complete;
mod form;
mod keyed;
mod keyless;
mod lookup;
mod maps;
mod people;
mod prove;
mod references;
mod result;
mod rows;
mod settle;

pub use canonical::Canonical;
pub use form::combine;
pub use prove::{ProofOptions, ProofProgress, prove};
pub use result::{Difference, EntityProof, Proof, ReferenceProof, SHOWN_DIFFERENCES};
