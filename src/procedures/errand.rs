//! The neighbouring procedures as a person chooses them: each is gone through by one or more of the
//! procedures of `assets/procedures/`, one after the other.

/// What somebody sets out to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Errand {
    /// Cleaning up an environment whose database was cloned, on SQL Server.
    Cleanup,
    /// Restoring the platform database on another server.
    Restore,
    /// A clone on Oracle: its scripts, and its steps.
    Oracle,
}

impl Errand {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Cleanup, Self::Restore, Self::Oracle];

    /// For people.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Cleanup => "clean-up",
            Self::Restore => "restore",
            Self::Oracle => "Oracle clone",
        }
    }

    /// The procedure that it is kept by: its name and those of its files begin with it.
    #[must_use]
    pub const fn main(self) -> &'static str {
        match self {
            Self::Cleanup => "clone-sqlserver",
            Self::Restore => "restore",
            Self::Oracle => "clone-oracle",
        }
    }

    /// What follows the main procedure: one of these, as the person chooses; none where nothing
    /// follows.
    #[must_use]
    pub const fn installations(self) -> &'static [&'static str] {
        match self {
            Self::Cleanup => &["installation-existing", "installation-fresh"],
            Self::Restore => &[],
            Self::Oracle => &["oracle-existing", "oracle-fresh"],
        }
    }

    /// Every procedure of it, the main one first.
    pub fn procedures(self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.main()).chain(self.installations().iter().copied())
    }
}
