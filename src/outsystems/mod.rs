//! What an OutSystems environment is: plain data, and its reading through the port.
//!
//! Facts about the platform's tables come from `metamodel.md`; section numbers stand beside them.
//! Nothing here compares or decides.

mod activity;
mod declared;
mod entity;
mod environment;
mod id;
mod instances;
#[cfg(test)]
pub(crate) mod invented;
mod key;
mod null;
mod read;
mod system;
mod tables;
mod waking;

pub use activity::{Activity, activity};
pub use declared::Declared;
pub use entity::{
    Attribute, AttributeType, BasicType, DataKind, DeleteRule, Entity, EntityIndex, Record,
    Resolution,
};
pub use environment::{
    Application, Environment, Espace, Extension, Group, ProcessDefinition, ReadAt, Role, RoleLinks,
    Solution, Tenant, User,
};
pub use id::{DestinationId, SourceId};
pub use instances::InstanceTable;
pub use key::Key;
pub use null::null_value;
pub use read::{count_event_rows, read};
pub use system::SystemTarget;
pub use waking::{Waking, waking};

use std::fmt;

/// The two ends of a migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// Where rows are read: Production.
    Source,
    /// Where rows are written: never Production.
    Destination,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Source => "source",
            Self::Destination => "destination",
        })
    }
}
