//! Writing: every call is sent, done and answered, and its client may be gone in between.

use std::sync::Arc;

use async_trait::async_trait;
use osferry::database::{
    Alike, AlikeTarget, Batch, ColumnRef, Destination, Fence, Filter, InsertTarget, JournalToken,
    Outcome, Removal, Removed, Result, RowsRequest, RunLock, Source, TableName, UpdateTarget,
    Value, Witness, Writer,
};
use tokio::task::yield_now;

use super::table::SessionId;
use super::world::World;
use super::{Database, Server, reading};

/// A client's end of a session; the server is not told when it goes.
struct Client {
    server: Arc<Server>,
    id: SessionId,
}

impl Drop for Client {
    fn drop(&mut self) {
        self.server.world().lose_client(self.id);
        self.server.changed.notify_waiters();
    }
}

impl RunLock for Client {}

impl Client {
    fn open(server: &Arc<Server>, lock: &str) -> Result<Self> {
        let mut world = server.world();
        world.tick();
        let id = world.open(lock)?;
        Ok(Self { server: Arc::clone(server), id })
    }

    /// Sends something, has it done, and waits for the answer.
    async fn call<T>(&self, what: impl FnOnce(&mut World, SessionId) -> Result<T>) -> Result<T> {
        yield_now().await;
        let answer = {
            let mut world = self.server.world();
            world.tick();
            let answer = what(&mut world, self.id);
            if answer.is_err() {
                world.doom(self.id);
            }
            answer
        };
        yield_now().await;
        answer
    }
}

fn session_lock(session: &str) -> String {
    format!("session {session}")
}

#[async_trait]
impl Destination for Database {
    fn as_source(&self) -> &dyn Source {
        self
    }

    async fn lock_run(&self, _run: &str) -> Result<Box<dyn RunLock>> {
        Ok(Box::new(Client::open(&self.server, "run")?))
    }

    async fn writer(&self, session: &str) -> Result<Box<dyn Writer>> {
        Ok(Box::new(Client::open(&self.server, &session_lock(session))?))
    }

    async fn fence(&self, session: &str) -> Result<Fence> {
        let mut world = self.server.world();
        for _ in 0..3 {
            if world.holder(&session_lock(session)).is_none() {
                return Ok(Fence::Gone);
            }
            world.tick();
        }
        Ok(match world.holder(&session_lock(session)) {
            None => Fence::Gone,
            Some(_) => Fence::StillThere,
        })
    }

    async fn witness(&self, table: &TableName, key: &ColumnRef, keys: &[Value]) -> Result<Witness> {
        let found = self.count(table, &Filter::AnyOf(key.name.clone(), keys.to_vec())).await?;
        Ok(match found {
            0 => Witness::None,
            found if found == keys.len() as u64 => Witness::All,
            found => Witness::Some(found),
        })
    }

    async fn reserve_ids(
        &self,
        table: &TableName,
        key: &ColumnRef,
        rows: u64,
    ) -> Result<Option<i64>> {
        yield_now().await;
        let reserved = {
            let mut world = self.server.world();
            world.tick();
            world.reserve(table, &key.name, rows)
        };
        yield_now().await;
        reserved
    }
}

#[async_trait]
impl Writer for Client {
    async fn begin(&mut self) -> Result<()> {
        self.call(World::begin).await
    }

    async fn stage(&mut self, _target: &InsertTarget, _batch: &Batch) -> Result<()> {
        // Of no consequence for any table, but it may break as well as any other.
        self.call(|_, _| Ok(())).await
    }

    async fn insert(&mut self, target: &InsertTarget, batch: &Batch) -> Result<Vec<i64>> {
        self.call(|world, id| world.insert(id, target, batch)).await
    }

    async fn alike(&mut self, target: &AlikeTarget, batch: &Batch) -> Result<Vec<Alike>> {
        self.call(|world, id| world.alike(id, target, batch)).await
    }

    async fn update(&mut self, target: &UpdateTarget, batch: &Batch) -> Result<u64> {
        self.call(|world, id| world.update(id, target, batch)).await
    }

    async fn rows(&mut self, request: &RowsRequest) -> Result<Batch> {
        self.call(|world, id| reading::rows(world, request, Some(id))).await
    }

    async fn held(&mut self, request: &RowsRequest) -> Result<Batch> {
        self.rows(request).await
    }

    async fn delete(&mut self, removal: &Removal) -> Result<Removed> {
        self.call(|world, id| world.take(id, removal, None)).await
    }

    async fn clear(&mut self, removal: &Removal, column: &str) -> Result<Removed> {
        self.call(|world, id| world.take(id, removal, Some(column))).await
    }

    async fn commit(&mut self, _token: JournalToken) -> Outcome {
        if let Err(fault) = self.server.world().send_commit(self.id) {
            return Outcome::RolledBack(fault);
        }
        let answer = self.call(World::commit).await;
        self.server.changed.notify_waiters();
        match answer {
            Ok(()) => Outcome::Done,
            Err(fault) => Outcome::RolledBack(fault),
        }
    }

    async fn rollback(&mut self) -> Result<()> {
        let answer = self.call(World::roll_back).await;
        self.server.changed.notify_waiters();
        answer
    }
}
