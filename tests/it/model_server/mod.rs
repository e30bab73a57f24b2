//! A database server in memory, behind the port's traits.
//!
//! It has what decides whether rows are lost or doubled: identity values that are never given
//! twice, transactions, reads that wait for locks or see the last committed version, sessions
//! with locks by name, a COMMIT that arrives late or never once its client is gone, and a server
//! that notices a dead client late. What is left to chance comes from a seed, and nothing asks
//! for the time: one seed is one history.

#![expect(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

mod check;
mod filter;
mod load;
mod reading;
mod selftest;
mod statements;
mod table;
mod world;
mod writing;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use osferry::database::{
    Capabilities, DatabaseIdentity, Destination, EngineFacts, EngineKind, OneInstant, Source,
};
use tokio::sync::Notify;

use crate::estate::chance::Chance;
use world::World;

/// What a server does as it pleases.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Habits {
    /// What is left to chance follows from this.
    pub seed: u64,
    /// Whether readers wait for locks, or see the last committed version.
    pub locking_reads: bool,
    /// Whether several sessions may write at once.
    pub parallel_writers: bool,
    /// Of a hundred inserted rows, how many find that an identity value was skipped.
    pub gaps: u64,
    /// Of a hundred inserted rows, how many are followed by one of another application.
    pub applications: u64,
    /// How likely it is, in a hundred, that the network delivers what is on its way, or that the
    /// server notices a dead client, at any one moment.
    pub swiftness: u64,
    /// Whether tables may be altered, and so rows be inserted under ids of one's own.
    pub may_alter: bool,
}

impl Habits {
    /// Everything by chance.
    pub fn of(seed: u64) -> Self {
        let mut chance = Chance::new(seed).fork("habits");
        Self {
            seed,
            locking_reads: chance.percent(50),
            parallel_writers: chance.percent(50),
            gaps: *chance.pick(&[0, 5, 40]),
            applications: *chance.pick(&[0, 0, 10]),
            swiftness: *chance.pick(&[5, 30, 90]),
            may_alter: true,
        }
    }

    /// The most orderly server there is.
    pub fn orderly() -> Self {
        Self {
            seed: 0,
            locking_reads: true,
            parallel_writers: false,
            gaps: 0,
            applications: 0,
            swiftness: 100,
            may_alter: true,
        }
    }
}

/// A server with one database.
pub struct Server {
    name: String,
    habits: Habits,
    world: Mutex<World>,
    /// Told whenever a transaction ends.
    changed: Notify,
}

impl Server {
    /// An empty database.
    pub fn new(name: &str, habits: Habits) -> Arc<Self> {
        Arc::new(Self {
            name: name.to_owned(),
            habits,
            world: Mutex::new(World::new(habits)),
            changed: Notify::new(),
        })
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The database to be read.
    pub fn source(self: &Arc<Self>) -> Box<dyn Source> {
        Box::new(Database::of(self))
    }

    /// The database to be written.
    pub fn destination(self: &Arc<Self>) -> Box<dyn Destination> {
        Box::new(Database::of(self))
    }
}

/// A client's view of a server's database.
struct Database {
    server: Arc<Server>,
    facts: EngineFacts,
}

impl Database {
    fn of(server: &Arc<Server>) -> Self {
        let facts = EngineFacts {
            kind: EngineKind::SqlServer,
            version: "a server in memory".to_owned(),
            stand_in: true,
            database: server.name.clone(),
            place: format!("memory/{}", server.name),
            identity: DatabaseIdentity {
                server: "memory".to_owned(),
                database_id: server.name.clone(),
                created: String::new(),
                group_id: None,
                recovery_id: None,
            },
            collation: "without case".to_owned(),
            compatibility: 130,
            user: "tester".to_owned(),
            read_only: false,
            capabilities: Capabilities {
                parallel_writers: server.habits.parallel_writers,
                rights: true,
                instant: match server.habits.locking_reads {
                    true => OneInstant::Denied,
                    false => OneInstant::Allowed,
                },
                catalogs: false,
                switches: true,
                untyped: false,
                ids_come_back: false,
            },
        };
        Self { server: Arc::clone(server), facts }
    }
}
