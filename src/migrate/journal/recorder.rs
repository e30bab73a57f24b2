//! Who writes the journal: one thread, which writes together what several sessions want written,
//! so that one sync serves them all.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, params};
use tokio::sync::oneshot;

use super::{Journal, RunHeader, RunState, fault, schema, state_name, tally};
use crate::database::{Fault, FaultKind, Result};
use crate::plan::Plan;

/// Most writes that share a sync.
const TOGETHER: usize = 256;
/// How long writes that nobody waits for wait for one that is waited for.
const LINGER: Duration = Duration::from_millis(20);

/// Told whether what was written is on disk.
type Answer = Box<dyn FnOnce(Result<()>) + Send>;
/// Writes, if there is something to write to, and hands back who wants to know.
type Work = Box<dyn FnOnce(Option<&Connection>) -> Answer + Send>;

enum Message {
    /// Somebody waits for it.
    Write(Work),
    /// Nobody does; it is on disk before anything that is written later.
    Post(Work),
}

/// The end through which a run writes its journal. Clones write to the same one.
#[derive(Clone)]
pub struct Recorder {
    shared: Arc<Shared>,
}

/// A [`Recorder`] that does not keep the journal open.
#[derive(Clone)]
pub struct WeakRecorder {
    shared: Weak<Shared>,
}

impl WeakRecorder {
    /// The recorder, if the journal is still open.
    #[must_use]
    pub fn upgrade(&self) -> Option<Recorder> {
        Some(Recorder { shared: self.shared.upgrade()? })
    }
}

struct Shared {
    messages: Mutex<Option<Sender<Message>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    /// Why something that nobody waited for is not in the journal.
    failed: Arc<Mutex<Option<Fault>>>,
    next_batch: AtomicI64,
    folder: PathBuf,
    _lock: File,
}

impl Recorder {
    /// Starts the journal of a new run in a folder of its own.
    pub fn create(folder: &Path, header: &RunHeader, plan: &Plan) -> Result<Self> {
        let cannot = |what: String| {
            Fault::new(FaultKind::Permission, what)
                .advise("Set OSFERRY_HOME to a folder that can be written.")
        };
        std::fs::create_dir_all(folder).map_err(|error| {
            cannot(format!("cannot make the folder {}: {error}", folder.display()))
        })?;
        let lock = lock(folder)?;
        let path = super::file(folder);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        let connection = Connection::open_with_flags(&path, flags).map_err(|error| {
            cannot(format!("cannot write the journal {}: {error}", path.display()))
        })?;
        let text = |value: std::result::Result<String, serde_json::Error>| {
            value.map_err(|error| Fault::new(FaultKind::Other, error.to_string()))
        };
        let header_text = text(serde_json::to_string(header))?;
        let plan_text = text(serde_json::to_string(plan))?;
        let begin = || {
            schema::configure(&connection)?;
            schema::prepare(&connection)?;
            tally::watch(&connection)?;
            connection.execute(
                "INSERT INTO run (id, header, plan, state) VALUES (?1, ?2, ?3, ?4)",
                params![header.id, header_text, plan_text, state_name(RunState::Running)],
            )
        };
        begin().map_err(|error| fault(&error))?;
        Self::start(connection, folder, lock)
    }

    /// Opens the journal of an earlier run to go on with it. Refused while another program has
    /// it open to write, and when the file is damaged.
    pub fn open(folder: &Path) -> Result<Self> {
        let lock = lock(folder)?;
        // Says in words what is wrong with the file, if anything is.
        Journal::open(folder)?.check()?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
        let connection = Connection::open_with_flags(super::file(folder), flags)
            .map_err(|error| fault(&error))?;
        schema::configure(&connection)
            .and_then(|()| schema::renew(&connection))
            .and_then(|()| tally::watch(&connection))
            .map_err(|error| fault(&error))?;
        Self::start(connection, folder, lock)
    }

    fn start(connection: Connection, folder: &Path, lock: File) -> Result<Self> {
        let last: i64 = connection
            .query_row("SELECT COALESCE(MAX(id), 0) FROM batch", [], |row| row.get(0))
            .map_err(|error| fault(&error))?;
        let failed = Arc::default();
        let (messages, inbox) = channel();
        let noting = Arc::clone(&failed);
        let thread = std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || work(&connection, &inbox, &noting))
            .map_err(|error| Fault::new(FaultKind::Other, format!("no thread: {error}")))?;
        Ok(Self {
            shared: Arc::new(Shared {
                messages: Mutex::new(Some(messages)),
                thread: Mutex::new(Some(thread)),
                failed,
                next_batch: AtomicI64::new(last + 1),
                folder: folder.to_path_buf(),
                _lock: lock,
            }),
        })
    }

    /// The same end, as long as somebody else holds it.
    #[must_use]
    pub fn downgrade(&self) -> WeakRecorder {
        WeakRecorder { shared: Arc::downgrade(&self.shared) }
    }

    /// Opens the same journal to read what is on disk.
    pub fn reader(&self) -> Result<Journal> {
        Journal::open(&self.shared.folder)
    }

    /// The number of the next batch.
    #[must_use]
    pub fn next_batch(&self) -> i64 {
        self.shared.next_batch.fetch_add(1, Ordering::SeqCst)
    }

    fn send(&self, message: Message) -> Result<()> {
        let messages = self.shared.messages.lock().unwrap_or_else(PoisonError::into_inner);
        messages
            .as_ref()
            .and_then(|messages| messages.send(message).ok())
            .ok_or_else(|| Fault::new(FaultKind::Other, "the journal is closed"))
    }

    /// Writes and waits until it is on disk.
    pub async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        self.send(Message::Write(Box::new(move |connection| {
            let done = connection.map(|connection| in_savepoint(connection, work));
            Box::new(move |synced| {
                let _ = reply.send(match (done, synced) {
                    (Some(Ok(value)), Ok(())) => Ok(value),
                    (Some(Err(error)), _) => Err(fault(&error)),
                    (_, Err(fault)) => Err(fault),
                    (None, Ok(())) => Err(Fault::new(FaultKind::Other, "nothing was written")),
                });
            })
        })))?;
        let written = answer
            .await
            .map_err(|_| Fault::new(FaultKind::Other, "the journal's thread has ended"))?;
        // What nobody waited for came before this.
        match self.failure() {
            Some(fault) => Err(fault),
            None => written,
        }
    }

    /// Has something written without waiting for it: it is on disk before anything that is
    /// written later. That it failed is said by the next [`Recorder::write`].
    pub fn post(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<()> + Send + 'static,
    ) -> Result<()> {
        let failed = Arc::clone(&self.shared.failed);
        self.send(Message::Post(Box::new(move |connection| {
            let done = connection.map_or(Ok(()), |connection| in_savepoint(connection, work));
            Box::new(move |synced| {
                let trouble = done.map_err(|error| fault(&error)).and(synced).err();
                if let Some(trouble) = trouble {
                    failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(trouble);
                }
            })
        })))
    }

    fn failure(&self) -> Option<Fault> {
        self.shared.failed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until everything is on disk.
    pub async fn flush(&self) -> Result<()> {
        self.write(|_| Ok(())).await
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // The thread ends with the channel; the file is whole and closed when this returns.
        self.messages.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = thread.join();
        }
    }
}

/// The lock that keeps a second program from writing the same journal.
fn lock(folder: &Path) -> Result<File> {
    let path = folder.join("journal.lock");
    let file =
        File::options().create(true).truncate(false).write(true).open(&path).map_err(|error| {
            Fault::new(FaultKind::Permission, format!("cannot write {}: {error}", path.display()))
                .advise("The journal's folder has to be writable.")
        })?;
    file.try_lock().map_err(|_| {
        Fault::new(
            FaultKind::Busy,
            format!("another osferry on this machine is busy with the run in {}", folder.display()),
        )
        .advise("Wait until it has ended; `osferry runs` lists the runs.")
    })?;
    Ok(file)
}

fn in_savepoint<T>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    connection.execute_batch("SAVEPOINT one")?;
    let done = work(connection);
    connection.execute_batch(match done {
        Ok(_) => "RELEASE one",
        Err(_) => "ROLLBACK TO one; RELEASE one",
    })?;
    done
}

/// The thread: takes what is waiting, writes it in one transaction, answers.
fn work(connection: &Connection, inbox: &Receiver<Message>, failed: &Mutex<Option<Fault>>) {
    while let Ok(first) = inbox.recv() {
        let mut is_awaited = matches!(first, Message::Write(_));
        let mut waiting = vec![first];
        while waiting.len() < TOGETHER {
            let next = if is_awaited {
                inbox.try_recv().map_err(|_| RecvTimeoutError::Timeout)
            } else {
                inbox.recv_timeout(LINGER)
            };
            let Ok(next) = next else { break };
            is_awaited |= matches!(next, Message::Write(_));
            waiting.push(next);
        }
        // After a failure nothing more may be promised: order is what makes the journal true.
        let earlier = failed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let begun = earlier.map_or(Ok(()), Err).and_then(|()| {
            connection.execute_batch("BEGIN IMMEDIATE").map_err(|error| fault(&error))
        });
        let open = begun.is_ok().then_some(connection);
        let answers: Vec<Answer> = waiting
            .into_iter()
            .map(|message| match message {
                Message::Write(work) | Message::Post(work) => work(open),
            })
            .collect();
        // synchronous = FULL: this returns once the disk has it.
        let synced =
            begun.and_then(|()| connection.execute_batch("COMMIT").map_err(|error| fault(&error)));
        if synced.is_err() && !connection.is_autocommit() {
            let _ = connection.execute_batch("ROLLBACK");
        }
        for answer in answers {
            answer(synced.clone());
        }
    }
}
