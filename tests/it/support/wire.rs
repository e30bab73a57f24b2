//! A wire to a server that breaks again and again.

#![expect(clippy::expect_used, reason = "a test says what is wrong by panicking")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;
use tokio::task::JoinHandle;

use super::engine::Server;
use crate::estate::chance::Chance;

/// Bytes until the first break: those of opening both databases, which is not tried again.
const QUIET: usize = 400_000;

/// Passes everything on to a server; when it breaks, all connections break at once.
pub struct Wire {
    address: String,
    meter: Arc<Meter>,
    task: JoinHandle<()>,
}

/// How many bytes have passed, and where the next break is.
struct Meter {
    passed: AtomicUsize,
    next: AtomicUsize,
    /// About how many bytes lie between two breaks.
    every: Option<usize>,
    breaks: AtomicUsize,
    /// Connections that are open now, and the most that ever were.
    open: AtomicUsize,
    most: AtomicUsize,
    cut: broadcast::Sender<()>,
    chance: Mutex<Chance>,
}

impl Meter {
    fn count(&self, bytes: usize) {
        let passed = self.passed.fetch_add(bytes, Ordering::SeqCst) + bytes;
        if let Some(every) = self.every
            && passed >= self.next.load(Ordering::SeqCst)
        {
            let far = self.chance.lock().expect("a chance").below(every) + every / 2;
            self.next.store(passed + far, Ordering::SeqCst);
            self.cut();
        }
    }

    fn cut(&self) {
        self.breaks.fetch_add(1, Ordering::SeqCst);
        let _ = self.cut.send(());
    }
}

impl Wire {
    /// A wire that breaks about every so many bytes, or when told only.
    pub async fn to(server: &Server, every: Option<usize>, seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let meter = Arc::new(Meter {
            passed: AtomicUsize::new(0),
            next: AtomicUsize::new(QUIET),
            every,
            breaks: AtomicUsize::new(0),
            open: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
            cut: broadcast::channel(1).0,
            chance: Mutex::new(Chance::new(seed)),
        });
        let there = server.address.replace(',', ":");
        let metering = Arc::clone(&meter);
        let task = tokio::spawn(async move {
            while let Ok((here, _)) = listener.accept().await {
                let (there, meter) = (there.clone(), Arc::clone(&metering));
                tokio::spawn(async move {
                    let there = TcpStream::connect(there).await.expect("the server");
                    let open = meter.open.fetch_add(1, Ordering::SeqCst) + 1;
                    meter.most.fetch_max(open, Ordering::SeqCst);
                    pass(here, there, &meter).await;
                    meter.open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Self { address: format!("127.0.0.1,{port}"), meter, task }
    }

    /// Its end, as a plan names a server.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// How often it has broken.
    pub fn breaks(&self) -> usize {
        self.meter.breaks.load(Ordering::SeqCst)
    }

    /// The most connections that were open at once.
    pub fn most(&self) -> usize {
        self.meter.most.load(Ordering::SeqCst)
    }

    /// Breaks it now.
    pub fn cut(&self) {
        self.meter.cut();
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Passes bytes both ways until one side closes or the wire breaks.
async fn pass(mut here: TcpStream, mut there: TcpStream, meter: &Meter) {
    let mut cut = meter.cut.subscribe();
    let (mut asked, mut answered) = (vec![0; 16_384], vec![0; 16_384]);
    loop {
        let done = tokio::select! {
            _ = cut.recv() => None,
            read = here.read(&mut asked) => match read {
                Ok(bytes @ 1..) => {
                    meter.count(bytes);
                    there.write_all(&asked[..bytes]).await.ok()
                }
                _ => None,
            },
            read = there.read(&mut answered) => match read {
                Ok(bytes @ 1..) => {
                    meter.count(bytes);
                    here.write_all(&answered[..bytes]).await.ok()
                }
                _ => None,
            },
        };
        if done.is_none() {
            return;
        }
    }
}
