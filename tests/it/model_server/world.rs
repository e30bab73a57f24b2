//! Sessions, their locks and transactions, and the network between them and their clients.

use std::collections::BTreeMap;

use osferry::database::{Fault, FaultKind, Result, TableName};

use super::Habits;
use super::table::{Place, Row, SessionId, Table};
use crate::estate::chance::Chance;

/// What became of a session's transaction.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Transaction {
    None,
    Open,
    /// An error has rolled it back; its client has to say ROLLBACK all the same.
    Doomed,
}

/// A session on the server; it may outlive its client.
struct Session {
    /// The lock it holds.
    lock: String,
    has_client: bool,
    /// Its COMMIT is on its way through the network.
    commit_sent: bool,
    transaction: Transaction,
    /// Where its transaction has changed something.
    touched: Vec<(String, Place)>,
}

/// Everything on the server.
pub(super) struct World {
    pub(super) habits: Habits,
    pub(super) chance: Chance,
    /// By name in upper case.
    pub(super) tables: BTreeMap<String, Table>,
    /// Rows that other applications have inserted meanwhile.
    pub(super) of_others: Vec<(String, Row)>,
    sessions: BTreeMap<SessionId, Session>,
    last_session: SessionId,
}

impl World {
    pub(super) fn new(habits: Habits) -> Self {
        Self {
            habits,
            chance: Chance::new(habits.seed).fork("world"),
            tables: BTreeMap::new(),
            of_others: Vec::new(),
            sessions: BTreeMap::new(),
            last_session: 0,
        }
    }

    pub(super) fn table(&self, name: &TableName) -> Result<&Table> {
        self.tables.get(&name.name.to_uppercase()).ok_or_else(|| not_found(name))
    }

    pub(super) fn table_mut(&mut self, name: &TableName) -> Result<&mut Table> {
        self.tables.get_mut(&name.name.to_uppercase()).ok_or_else(|| not_found(name))
    }

    /// Lets a moment pass: what is on its way may arrive, what is dead may be noticed.
    pub(super) fn tick(&mut self) {
        let dead: Vec<SessionId> = self
            .sessions
            .iter()
            .filter(|(_, session)| !session.has_client)
            .map(|(id, _)| *id)
            .collect();
        for id in dead {
            if self.sessions[&id].commit_sent && self.chance.percent(self.habits.swiftness) {
                let _ = self.commit(id);
            } else if self.chance.percent(self.habits.swiftness) {
                self.end(id);
            }
        }
    }

    /// Somebody waits for a dead session: lets moments pass until the server has noticed.
    pub(super) fn wait_for(&mut self, id: SessionId) {
        while self.sessions.get(&id).is_some_and(|session| !session.has_client) {
            self.tick();
        }
    }

    /// A new session that holds a lock. Errors when somebody else has it.
    pub(super) fn open(&mut self, lock: &str) -> Result<SessionId> {
        if let Some(holder) = self.holder(lock) {
            let what = match self.sessions[&holder].has_client {
                true => format!("the lock {lock} is taken"),
                false => format!("the lock {lock} is held by a session without a client"),
            };
            return Err(Fault::new(FaultKind::Busy, what));
        }
        self.last_session += 1;
        let session = Session {
            lock: lock.to_owned(),
            has_client: true,
            commit_sent: false,
            transaction: Transaction::None,
            touched: Vec::new(),
        };
        self.sessions.insert(self.last_session, session);
        Ok(self.last_session)
    }

    /// Whoever holds a lock.
    pub(super) fn holder(&self, lock: &str) -> Option<SessionId> {
        self.sessions.iter().find(|(_, session)| session.lock == lock).map(|(id, _)| *id)
    }

    pub(super) fn has_client(&self, id: SessionId) -> bool {
        self.sessions.get(&id).is_some_and(|session| session.has_client)
    }

    /// The client is gone; the server does not know yet.
    pub(super) fn lose_client(&mut self, id: SessionId) {
        if let Some(session) = self.sessions.get_mut(&id) {
            session.has_client = false;
        }
    }

    /// Sessions but this one that have changed a table and not ended it.
    pub(super) fn writers(&self, table: &TableName, but: Option<SessionId>) -> Vec<SessionId> {
        let name = table.name.to_uppercase();
        self.sessions
            .iter()
            .filter(|(id, session)| {
                Some(**id) != but && session.touched.iter().any(|(touched, _)| *touched == name)
            })
            .map(|(id, _)| *id)
            .collect()
    }

    fn session(&mut self, id: SessionId) -> Result<&mut Session> {
        self.sessions
            .get_mut(&id)
            .ok_or_else(|| Fault::new(FaultKind::Lost, "the server has ended this session"))
    }

    pub(super) fn begin(&mut self, id: SessionId) -> Result<()> {
        let session = self.session(id)?;
        if session.transaction != Transaction::None {
            return Err(Fault::new(FaultKind::Other, "a transaction is open already"));
        }
        session.transaction = Transaction::Open;
        Ok(())
    }

    /// Errors unless the session may change something.
    pub(super) fn must_be_open(&mut self, id: SessionId) -> Result<()> {
        match self.session(id)?.transaction {
            Transaction::Open => Ok(()),
            other => Err(Fault::new(FaultKind::Other, format!("the transaction is {other:?}"))),
        }
    }

    /// Changes a row within a transaction.
    pub(super) fn change(
        &mut self,
        id: SessionId,
        table: &TableName,
        place: Place,
        row: Option<Row>,
    ) -> Result<()> {
        if let Some(other) = self.table(table)?.holder(place, id) {
            if self.has_client(other) {
                return Err(Fault::new(FaultKind::Retry, "a lock was not granted in time"));
            }
            self.wait_for(other);
        }
        self.table_mut(table)?.change(place, row, id);
        self.session(id)?.touched.push((table.name.to_uppercase(), place));
        Ok(())
    }

    /// COMMIT is on its way.
    pub(super) fn send_commit(&mut self, id: SessionId) -> Result<()> {
        self.session(id)?.commit_sent = true;
        Ok(())
    }

    /// COMMIT has arrived.
    pub(super) fn commit(&mut self, id: SessionId) -> Result<()> {
        let session = self.session(id)?;
        session.commit_sent = false;
        let was = std::mem::replace(&mut session.transaction, Transaction::None);
        self.decide(id, was == Transaction::Open);
        match was {
            Transaction::Open => Ok(()),
            other => Err(Fault::new(FaultKind::Other, format!("the transaction is {other:?}"))),
        }
    }

    pub(super) fn roll_back(&mut self, id: SessionId) -> Result<()> {
        let session = self.session(id)?;
        session.commit_sent = false;
        session.transaction = Transaction::None;
        self.decide(id, false);
        Ok(())
    }

    /// An error ends the transaction, as XACT_ABORT has it.
    pub(super) fn doom(&mut self, id: SessionId) {
        if let Some(session) = self.sessions.get_mut(&id) {
            session.transaction = Transaction::Doomed;
        }
        self.decide(id, false);
    }

    /// The server ends a session: what was not committed never was, and its lock is free.
    pub(super) fn end(&mut self, id: SessionId) {
        self.decide(id, false);
        self.sessions.remove(&id);
    }

    fn decide(&mut self, id: SessionId, commit: bool) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        for (table, place) in std::mem::take(&mut session.touched) {
            if let Some(table) = self.tables.get_mut(&table) {
                table.decide(place, id, commit);
            }
        }
    }
}

pub(super) fn not_found(table: &TableName) -> Fault {
    Fault::new(FaultKind::NotFound, format!("there is no table {table}"))
}
