//! The two neighbouring procedures, as data: cleaning up an environment that was cloned from
//! another's database, and restoring the platform database on another server.
//!
//! What a procedure is made of lies in `assets/procedures/`, one file each, readable by a DBA, and is
//! read here ([`procedure`]).

mod data;
mod model;

pub use data::{ALL, numbers, procedure};
pub use model::{
    Change, Defaults, Entities, Origin, Procedure, RowsOf, Secret, Section, Step, StepKind, Target,
    Work,
};
