//! Was it right: every row of ours in the destination against what the source had, and everything
//! else there against what it was before.
//!
//! Reads plan, journal and both databases; shares nothing with the code that rewrote and wrote
//! the rows.

mod canonical;
mod complete;
mod events;
mod form;
mod keep;
mod keyed;
mod keyless;
mod looked_up;
mod lookup;
mod maps;
mod mask;
mod numbers;
mod pairs;
mod people;
mod prove;
mod references;
mod result;
mod rows;
mod settle;
mod soft;
mod stayed;
mod surroundings;
mod turn;
mod typed;
mod unverified;

pub use canonical::Canonical;
pub use events::{Queues, Waiting};
pub use form::combine;
pub use keep::{Keep, interrupted};
pub use prove::{Changed, ProofOptions, ProofProgress, changed, prove};
pub use result::{
    Difference, EntityProof, Made, Proof, ReferenceProof, SHOWN_DIFFERENCES, TakenOver, Unverified,
};
pub use surroundings::{
    Class, ConstraintState, Look, Noticed, SHOWN_NOTICES, Strangers, Surroundings,
    SurroundingsProof, TableState, TriggerState, UntouchedTable,
};
