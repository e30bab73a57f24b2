//! The connections that read: a handful, lent out one request at a time.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, SemaphorePermit};

use super::connect::{Intent, Target};
use super::connection::Connection;
use super::fault;
use super::statements::PROBE;
use crate::database::{Fault, FaultKind, Result};

/// Requests at once; further ones wait.
const AT_ONCE: usize = 4;
/// Idle connections kept.
const KEPT: usize = 4;
/// A connection idle for longer is asked whether it still lives before it is used.
const FRESH: Duration = Duration::from_secs(30);

/// How often a request that only reads is made again when its connection broke.
const AGAIN: u32 = 6;

/// The reading connections of one database.
pub(super) struct Pool {
    target: Arc<Target>,
    intent: Intent,
    idle: Mutex<Vec<(Connection, Instant)>>,
    permits: Semaphore,
}

/// A connection on loan; it goes back when dropped, unless a request on it went wrong.
pub(super) struct Lent<'a> {
    connection: Connection,
    pool: &'a Pool,
    _permit: SemaphorePermit<'a>,
}

impl Pool {
    pub(super) fn new(target: Arc<Target>, intent: Intent) -> Self {
        Self { target, intent, idle: Mutex::new(Vec::new()), permits: Semaphore::new(AT_ONCE) }
    }

    pub(super) fn target(&self) -> &Arc<Target> {
        &self.target
    }

    /// A connection for one request.
    pub(super) async fn lend(&self) -> Result<Lent<'_>> {
        let permit =
            self.permits.acquire().await.map_err(|_| fault::lost("the pool was closed"))?;
        let connection = self.take().await?;
        Ok(Lent { connection, pool: self, _permit: permit })
    }

    /// A connection for as long as the caller likes.
    pub(super) async fn take(&self) -> Result<Connection> {
        loop {
            let idle = self.idle().pop();
            let Some((mut connection, since)) = idle else {
                return self.target.connect(self.intent).await;
            };
            if since.elapsed() < FRESH
                || connection.batch(PROBE, self.target.limits.metadata).await.is_ok()
            {
                return Ok(connection);
            }
        }
    }

    /// Takes a connection back.
    pub(super) fn give(&self, connection: Connection) {
        let mut idle = self.idle();
        if connection.is_open() && idle.len() < KEPT {
            idle.push((connection, Instant::now()));
        }
    }

    /// Makes a request that only reads, and makes it again when its connection breaks.
    pub(super) async fn patiently<T, F>(&self, mut request: impl FnMut() -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        let mut tries = 0;
        loop {
            match request().await {
                Err(fault) if self.again(&mut tries, &fault).await => {}
                answer => return answer,
            }
        }
    }

    /// Whether a request that only reads is to be made again after this fault. If so, this has
    /// waited a moment, and the idle connections are gone: they broke with that one.
    pub(super) async fn again(&self, tries: &mut u32, fault: &Fault) -> bool {
        let broken = matches!(fault.kind, FaultKind::Lost | FaultKind::Unreachable);
        if !broken || *tries >= AGAIN {
            return false;
        }
        *tries += 1;
        self.idle().clear();
        tokio::time::sleep(Duration::from_millis(50 << *tries)).await;
        true
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<(Connection, Instant)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        self.pool.give(self.connection.detach());
    }
}

impl Deref for Lent<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl DerefMut for Lent<'_> {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }
}
