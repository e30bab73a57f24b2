//! The connections that read: a handful, lent out one request at a time, or the single one that
//! holds the transaction of one instant.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::connect::{Intent, Target};
use super::connection::{Connection, integer};
use super::fault;
use super::statements::{PROBE, TRANSACTIONS};
use crate::database::{Fault, FaultKind, Result};

/// Requests at once, where nobody has said; further ones wait. Scans are not counted then.
const AT_ONCE: usize = 4;
/// A connection idle for longer is asked whether it still lives before it is used.
const FRESH: Duration = Duration::from_secs(30);

/// How often a request that only reads is made again when its connection broke.
const AGAIN: u32 = 6;

/// The reading connections of one database.
pub(super) struct Pool {
    target: Arc<Target>,
    intent: Intent,
    idle: Mutex<Vec<(Connection, Instant)>>,
    permits: Mutex<Arc<Semaphore>>,
    /// Idle connections kept.
    kept: AtomicUsize,
    /// Whether scans are counted among the requests at once.
    counts_scans: AtomicBool,
    /// Whether there is but the one connection, whose transaction is all that counts.
    is_instant: bool,
    /// Whether that transaction is gone.
    has_ended: AtomicBool,
}

/// A connection on loan; it goes back when dropped, unless a request on it went wrong.
pub(super) struct Lent {
    connection: Connection,
    pool: Arc<Pool>,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Pool {
    pub(super) fn new(target: Arc<Target>, intent: Intent) -> Arc<Self> {
        Arc::new(Self {
            target,
            intent,
            idle: Mutex::default(),
            permits: Mutex::new(Arc::new(Semaphore::new(AT_ONCE))),
            kept: AtomicUsize::new(AT_ONCE),
            counts_scans: AtomicBool::new(false),
            is_instant: false,
            has_ended: AtomicBool::new(false),
        })
    }

    /// Requests of one transaction, one after the other on its connection.
    pub(super) fn instant(target: Arc<Target>, mut connection: Connection) -> Arc<Self> {
        connection.hold_dear();
        Arc::new(Self {
            target,
            intent: Intent::Read,
            idle: Mutex::new(vec![(connection, Instant::now())]),
            permits: Mutex::new(Arc::new(Semaphore::new(1))),
            kept: AtomicUsize::new(1),
            counts_scans: AtomicBool::new(true),
            is_instant: true,
            has_ended: AtomicBool::new(false),
        })
    }

    pub(super) fn target(&self) -> &Arc<Target> {
        &self.target
    }

    /// At most so many requests at once from now on, scans among them. Those that are under way end
    /// as they are.
    pub(super) fn keep_to(&self, connections: usize) {
        if self.is_instant {
            return;
        }
        let connections = connections.max(1);
        self.counts_scans.store(true, Ordering::Relaxed);
        self.kept.store(connections, Ordering::Relaxed);
        *self.permits.lock().unwrap_or_else(PoisonError::into_inner) =
            Arc::new(Semaphore::new(connections));
        self.idle().truncate(connections);
    }

    /// A connection for one request.
    pub(super) async fn lend(self: &Arc<Self>) -> Result<Lent> {
        let permits = Arc::clone(&self.permits.lock().unwrap_or_else(PoisonError::into_inner));
        let permit = permits.acquire_owned().await;
        let permit = permit.map_err(|_| fault::lost("the pool was closed"))?;
        let connection = if self.is_instant { self.only().await? } else { self.any().await? };
        Ok(Lent { connection, pool: Arc::clone(self), _permit: Some(permit) })
    }

    /// A connection for a scan: for a page of it, or for as long as it takes.
    pub(super) async fn lend_to_scan(self: &Arc<Self>) -> Result<Lent> {
        if self.counts_scans.load(Ordering::Relaxed) {
            return self.lend().await;
        }
        Ok(Lent { connection: self.any().await?, pool: Arc::clone(self), _permit: None })
    }

    async fn any(&self) -> Result<Connection> {
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

    /// The one connection, if it still holds its transaction.
    async fn only(&self) -> Result<Connection> {
        let idle = self.idle().pop();
        let Some((mut connection, _)) = idle else { return Err(self.ended()) };
        if connection.was_disturbed() {
            // A server may end the transaction with the request, and would go on answering.
            let answer = connection.batch(TRANSACTIONS, self.target.limits.metadata).await;
            let open = answer.map_err(|_| self.ended())?;
            let open = open.iter().flatten().next().map(|row| integer(row, 0)).transpose()?;
            if open.flatten() != Some(1) {
                return Err(self.ended());
            }
        }
        Ok(connection)
    }

    /// An idle connection, or a new one, that is not given back: for a transaction of its own.
    pub(super) async fn part_with(&self) -> Result<Connection> {
        self.any().await
    }

    /// Takes a connection back.
    pub(super) fn give(&self, connection: Connection) {
        let mut idle = self.idle();
        if connection.is_open() && idle.len() < self.kept.load(Ordering::Relaxed) {
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
                answer => return answer.map_err(|fault| self.told(fault)),
            }
        }
    }

    /// Whether a request that only reads is to be made again after this fault. If so, this has
    /// waited a moment, and the idle connections are gone: they broke with that one.
    pub(super) async fn again(&self, tries: &mut u32, fault: &Fault) -> bool {
        let broken = matches!(fault.kind, FaultKind::Lost | FaultKind::Unreachable);
        if !broken || self.is_instant || *tries >= AGAIN {
            return false;
        }
        *tries += 1;
        self.idle().clear();
        tokio::time::sleep(Duration::from_millis(50 << *tries)).await;
        true
    }

    /// A fault as the caller is told it: with the connection the instant is gone.
    pub(super) fn told(&self, fault: Fault) -> Fault {
        let broken = [FaultKind::Lost, FaultKind::Unreachable, FaultKind::Timeout];
        if !self.is_instant || !broken.contains(&fault.kind) {
            return fault;
        }
        let was_known = self.has_ended.load(Ordering::Relaxed);
        let ended = self.ended();
        if was_known {
            return ended;
        }
        Fault { what: format!("{}; {}", fault.what, ended.what), ..ended }
    }

    fn ended(&self) -> Fault {
        self.has_ended.store(true, Ordering::Relaxed);
        fault::instant_ended()
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<(Connection, Instant)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lent {
    /// Takes the connection out for a request that may leave it half read; if it is read to its
    /// end, the connection is to be put back.
    pub(super) fn detach(&mut self) -> Connection {
        self.connection.detach()
    }

    /// Puts the connection back.
    pub(super) fn put_back(&mut self, connection: Connection) {
        self.connection = connection;
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.pool.give(self.connection.detach());
    }
}

impl Deref for Lent {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl DerefMut for Lent {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }
}
