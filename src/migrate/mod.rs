//! Doing it: preflight, the run, its journal, its progress.
//!
//! The way of a row: read from the source in key order, remapped column by column, inserted in one
//! transaction per batch whose ids are journaled and synced before COMMIT. References that go
//! round in a circle are left empty at first and set in a second pass.
//!
//! Everything that is written goes through a `session`: an `operation`, journaled, committed,
//! and where nobody says what became of it, `settle`d; but for what a `probe` tries out, which is
//! never committed. What an earlier stretch of the run has done
//! is the `past`.

pub mod again;
pub mod changes;
mod control;
mod delete;
mod departed;
mod events;
mod forecast;
mod foresee;
mod gently;
mod idmap;
pub mod journal;
mod key_set;
mod load;
mod looked_up;
mod marker;
mod mask;
mod models;
mod operation;
mod own_file;
mod past;
mod pauses;
mod people;
mod preflight;
mod probe;
mod progress;
mod range;
mod reader;
mod reading;
mod rejects;
mod remap;
mod retry;
mod room;
mod run;
mod second_pass;
mod session;
mod settle;
mod standing;
mod story;
mod surroundings;
mod survey;
mod sweep;
pub mod undo;
mod unkeyed;
mod unreadable;
mod way_back;

pub use control::{Command, Control, Controller};
pub use events::{Away, PutEventsBack, events_by_hand};
pub use forecast::{Basis, Fact, Forecast, Known, LogUse, forecast, seconds};
pub use gently::{Gate, Gentle, Pacing, Told};
pub use idmap::IdMap;
pub use marker::MARKER_TABLE;
pub use mask::{MaskKey, mask_key};
pub use past::published;
pub use preflight::{
    Check, CheckSign, Preflight, check_destination, check_pair, check_purpose,
    rights_in_destination, rights_in_source, written_tables,
};
pub use probe::{
    Chosen, MOST_BATCHES, MOST_ENTITIES, MOST_ROWS, NotProbed, Probe, ProbeProgress, ProbeRequest,
    Probed, Timed, choose, probe,
};
pub use progress::{EntityProgress, EntityState, Phase, Progress};
pub use room::{Room, images_needed};
pub use run::{RunEnd, RunRequest, resume, run};
pub use standing::Standing;
pub use survey::{Environments, survey};
pub use way_back::{Aftermath, Written};
