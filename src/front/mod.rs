//! What both front ends, the commands and the wizard's shell, need: folders, secrets from the
//! environment, opening both sides, reviewing, carrying a plan out, proving again, the practice
//! pair.
//!
//! Nothing here prints and nobody is asked: what happens on the way is told to a callback, and
//! what cannot be done is a [`Fault`]. So a command and the wizard do the
//! same thing by construction, and differ only in how they show it.

mod again;
pub mod carry;
pub mod checklists;
pub mod cleanup;
mod drafts;
pub mod dry_run;
pub mod errands;
mod forecast;
pub mod forget;
pub mod home;
mod maps;
mod one_writer;
pub mod open;
pub mod oracle;
pub mod practice;
mod preflight;
mod prove;
pub mod restore;
mod review;
pub mod rights;
mod room;
pub mod runs;
pub mod secrets;
mod targets;
pub mod undo;
pub mod verify;
pub mod way_back;

pub use again::Rejects;
pub use carry::{Carried, Ready, Stage, carry_out, go_on};
pub use drafts::KnownDraft;
pub use forecast::{forecast, probe};
pub use home::{Home, KnownRun};
pub use maps::{find_maps, read_maps, take_maps, write_maps};
pub use preflight::{any_engine, in_the_way, preflight};
pub use prove::Sides;
pub use review::review;
pub use room::room;
pub use targets::look_for_target;

use crate::database::{Fault, FaultKind};

/// Something that is not done as asked; nothing was written to a database.
fn refused(what: impl Into<String>) -> Fault {
    Fault::new(FaultKind::Invalid, what)
}
