//! A wire to a server on which everything happens that happens on wires, by a seed.

#![expect(clippy::expect_used, reason = "a test says what is wrong by panicking")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::engine::Server;
use crate::estate::chance::Chance;

/// What may happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trouble {
    /// All connections end, in the middle of a packet.
    Cut,
    /// One connection passes nothing for longer than anybody waits, and ends.
    Stall,
    /// What is passed for a while comes byte by byte.
    OneByte,
    /// The client's way to the server ends; the server can still answer.
    HalfClose,
    /// One direction is slow for a while.
    Delay { towards_server: bool },
    /// The answer to the next COMMIT never comes, and its connection ends.
    SwallowCommit,
}

/// All of them.
pub const TROUBLES: &[Trouble] = &[
    Trouble::Cut,
    Trouble::Stall,
    Trouble::OneByte,
    Trouble::HalfClose,
    Trouble::Delay { towards_server: true },
    Trouble::Delay { towards_server: false },
    Trouble::SwallowCommit,
];

/// Longer than clients of a test wait for an answer.
const STALL: Duration = Duration::from_secs(6);
/// How many bytes come one by one, or late.
const WHILE: usize = 4_000;
const DELAY: Duration = Duration::from_millis(20);

/// The wire's end, and everything that passes it.
pub struct Chaos {
    address: String,
    meter: Arc<Meter>,
    task: JoinHandle<()>,
}

struct Meter {
    state: Mutex<State>,
    /// About how many bytes lie between two troubles.
    every: usize,
    cut: broadcast::Sender<()>,
}

struct State {
    passed: usize,
    next: usize,
    /// What goes on at present, and until how many bytes have passed.
    lasting: Option<(Trouble, usize)>,
    happened: Vec<Trouble>,
    chance: Chance,
}

impl Meter {
    /// What happens to these bytes.
    fn deal(&self, towards_server: bool, bytes: usize, commits: bool) -> Option<Trouble> {
        let mut state = self.state.lock().expect("a meter");
        state.passed += bytes;
        if state.lasting.is_none() && state.passed >= state.next {
            let trouble = *state.chance.pick(TROUBLES);
            let end = state.passed + WHILE;
            state.lasting = Some((trouble, end));
        }
        let (trouble, end) = state.lasting?;
        let is_over = match trouble {
            Trouble::OneByte | Trouble::Delay { .. } => state.passed >= end,
            Trouble::SwallowCommit => commits,
            Trouble::HalfClose => towards_server,
            Trouble::Cut | Trouble::Stall => true,
        };
        if is_over {
            state.lasting = None;
            state.happened.push(trouble);
            let far = state.chance.below(self.every) + self.every / 2;
            state.next = state.passed + far;
        }
        match trouble {
            Trouble::SwallowCommit | Trouble::HalfClose => is_over.then_some(trouble),
            Trouble::Delay { towards_server: way } => (way == towards_server).then_some(trouble),
            _ => Some(trouble),
        }
    }
}

impl Chaos {
    /// A wire on which something happens about every so many bytes.
    pub async fn to(server: &Server, every: usize, seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let state = State {
            passed: 0,
            next: every,
            lasting: None,
            happened: Vec::new(),
            chance: Chance::new(seed).fork("wire"),
        };
        let meter =
            Arc::new(Meter { state: Mutex::new(state), every, cut: broadcast::channel(1).0 });
        let there = server.address.replace(',', ":");
        let metering = Arc::clone(&meter);
        let task = tokio::spawn(async move {
            while let Ok((here, _)) = listener.accept().await {
                let (there, meter) = (there.clone(), Arc::clone(&metering));
                tokio::spawn(async move {
                    let there = TcpStream::connect(there).await.expect("the server");
                    for end in [&here, &there] {
                        end.set_nodelay(true).expect("a socket");
                    }
                    pass(here, there, &meter).await;
                });
            }
        });
        Self { address: format!("127.0.0.1,{port}"), meter, task }
    }

    /// Its end, as a plan names a server.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// What has happened.
    pub fn happened(&self) -> Vec<Trouble> {
        self.meter.state.lock().expect("a meter").happened.clone()
    }
}

impl Drop for Chaos {
    fn drop(&mut self) {
        self.task.abort();
        let _ = self.meter.cut.send(());
    }
}

/// The packets that a client sends, read along.
#[derive(Default)]
struct Packets {
    /// Bytes of the packet that is not whole yet.
    begun: Vec<u8>,
}

impl Packets {
    /// Whether these bytes end a request to commit: a transaction manager request (14) whose type
    /// is 7, after its headers.
    fn commits(&mut self, bytes: &[u8]) -> bool {
        self.begun.extend_from_slice(bytes);
        let mut found = false;
        while self.begun.len() >= 8 {
            let length = usize::from(u16::from_be_bytes([self.begun[2], self.begun[3]]));
            if length < 8 || self.begun.len() < length {
                break;
            }
            let packet: Vec<u8> = self.begun.drain(..length).collect();
            found |= packet[0] == 14 && request_type(&packet[8..]) == Some(7);
        }
        found
    }
}

fn request_type(request: &[u8]) -> Option<u16> {
    let headers = u32::from_le_bytes(request.get(..4)?.try_into().ok()?) as usize;
    Some(u16::from_le_bytes(request.get(headers..headers + 2)?.try_into().ok()?))
}

/// Passes bytes both ways until one side closes or something ends the connection.
async fn pass(mut here: TcpStream, mut there: TcpStream, meter: &Meter) {
    let mut cut = meter.cut.subscribe();
    let mut packets = Packets::default();
    let (mut asked, mut answered) = (vec![0; 4_096], vec![0; 4_096]);
    let mut asks = true;
    loop {
        let (bytes, towards_server) = tokio::select! {
            _ = cut.recv() => return,
            read = here.read(&mut asked), if asks => match read {
                Ok(bytes @ 1..) => (bytes, true),
                _ => return,
            },
            read = there.read(&mut answered) => match read {
                Ok(bytes @ 1..) => (bytes, false),
                _ => return,
            },
        };
        let commits = towards_server && packets.commits(&asked[..bytes]);
        let trouble = meter.deal(towards_server, bytes, commits);
        let (data, to) = match towards_server {
            true => (&asked[..bytes], &mut there),
            false => (&answered[..bytes], &mut here),
        };
        match trouble {
            Some(Trouble::Cut) => {
                let _ = to.write_all(&data[..bytes / 2]).await;
                let _ = meter.cut.send(());
                return;
            }
            Some(Trouble::Stall) => {
                let _ = to.write_all(&data[..bytes / 2]).await;
                sleep(STALL).await;
                return;
            }
            Some(Trouble::OneByte) => {
                for byte in data {
                    if to.write_all(std::slice::from_ref(byte)).await.is_err() {
                        return;
                    }
                    tokio::task::yield_now().await;
                }
                continue;
            }
            Some(Trouble::Delay { .. }) => sleep(DELAY).await,
            _ => {}
        }
        if to.write_all(data).await.is_err() {
            return;
        }
        match trouble {
            Some(Trouble::HalfClose) => {
                let _ = there.shutdown().await;
                asks = false;
            }
            Some(Trouble::SwallowCommit) => {
                let _ = tokio::time::timeout(DELAY * 10, there.read(&mut answered)).await;
                return;
            }
            _ => {}
        }
    }
}
