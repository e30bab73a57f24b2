//! What is checked before a run, by name, and what a plan says of it beforehand.

use std::fmt;

/// A check before the first write. Its name is what `accept` of a plan holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CheckKind {
    /// Nobody deploys or publishes on either side: only a person can say so.
    Frozen,
    /// Timers of the scope are idle.
    Timers,
    /// Process queues of the scope are drained in the destination.
    Queues,
    /// Those of the source.
    SourceQueues,
    /// Applications of the scope are offline.
    Applications,
    /// Both models are what the plan was made from.
    Models,
    /// Two environments, and the destination is no Production.
    Pair,
    /// The destination looks like a clone of the source.
    Clone,
    /// Rights of whoever is signed in.
    Rights,
    /// Event tables can be emptied while rows are written.
    Events,
    /// The masks of personal data have a key.
    MaskKey,
    /// No other run writes there.
    Lock,
    /// Triggers that are not the platform's.
    Triggers,
    /// Triggers that run instead of the statement.
    InsteadOf,
    /// Constraints that are switched off or not trusted.
    Constraints,
    /// The engine is SQL Server.
    Engine,
    /// Versions of both sides.
    Versions,
    /// Collations of both sides.
    Collation,
    /// Identities that count otherwise than by one.
    IdentityStep,
    /// Room in identities.
    IdentityRoom,
    /// Recovery model and log.
    Log,
    /// Room in the database's files.
    Space,
    /// The last backup.
    Backup,
    /// Whether an undo would be exact.
    Undo,
    /// Room on this machine for what an undo needs.
    Room,
    /// The journal's place.
    Journal,
}

impl CheckKind {
    /// Every kind.
    pub const ALL: [Self; 26] = [
        Self::Frozen,
        Self::Timers,
        Self::Queues,
        Self::SourceQueues,
        Self::Applications,
        Self::Models,
        Self::Pair,
        Self::Clone,
        Self::Rights,
        Self::Events,
        Self::MaskKey,
        Self::Lock,
        Self::Triggers,
        Self::InsteadOf,
        Self::Constraints,
        Self::Engine,
        Self::Versions,
        Self::Collation,
        Self::IdentityStep,
        Self::IdentityRoom,
        Self::Log,
        Self::Space,
        Self::Backup,
        Self::Undo,
        Self::Room,
        Self::Journal,
    ];

    /// Its name in plans and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Frozen => "frozen",
            Self::Timers => "timers",
            Self::Queues => "queues",
            Self::SourceQueues => "source-queues",
            Self::Applications => "applications",
            Self::Models => "models",
            Self::Pair => "pair",
            Self::Clone => "clone",
            Self::Rights => "rights",
            Self::Events => "events",
            Self::MaskKey => "mask-key",
            Self::Lock => "lock",
            Self::Triggers => "triggers",
            Self::InsteadOf => "instead-of",
            Self::Constraints => "constraints",
            Self::Engine => "engine",
            Self::Versions => "versions",
            Self::Collation => "collation",
            Self::IdentityStep => "identity-step",
            Self::IdentityRoom => "identity-room",
            Self::Log => "log",
            Self::Space => "space",
            Self::Backup => "backup",
            Self::Undo => "undo",
            Self::Room => "room",
            Self::Journal => "journal",
        }
    }

    /// Whether it can come out as a warning, which somebody accepts; the others are well, told, or
    /// have to be mended.
    #[must_use]
    pub const fn is_acceptable(self) -> bool {
        matches!(
            self,
            Self::Timers
                | Self::SourceQueues
                | Self::Applications
                | Self::Clone
                | Self::Events
                | Self::Triggers
                | Self::Constraints
                | Self::Versions
                | Self::Collation
                | Self::IdentityStep
                | Self::Log
                | Self::Space
                | Self::Backup
                | Self::Undo
                | Self::Room
        )
    }

    /// The names that a plan may accept, with their kinds.
    #[must_use]
    pub fn acceptable() -> Vec<(&'static str, Self)> {
        Self::ALL
            .into_iter()
            .filter(|kind| kind.is_acceptable())
            .map(|kind| (kind.name(), kind))
            .collect()
    }
}

impl fmt::Display for CheckKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a plan says beforehand of the checks, for runs that nobody watches. The wizard asks the
/// person instead.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Acceptance {
    /// Checks whose warnings are accepted.
    pub accept: Vec<CheckKind>,
    /// Who froze deployments and publishes on both sides, and when; empty when nobody has said so.
    pub frozen: String,
}
