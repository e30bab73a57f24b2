//! Scratch databases on both engines, so that a scenario is written once.

#![expect(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

use std::path::PathBuf;
use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

use osferry::database::{
    Authentication, ConnectionSpec, Encryption, EngineKind, Secret, ServerSpec,
};
use tempfile::TempDir;
use tiberius::{AuthMethod, Client, Config};
use tokio::net::TcpStream;
use tokio_util::compat::TokioAsyncWriteCompatExt;

/// Databases are made and dropped one at a time: servers do not like several at once.
static ONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// Where scratch databases are made.
pub struct TestEngine {
    place: Place,
}

enum Place {
    Folder(TempDir),
    Server { server: String, user: String, password: String, made: Mutex<Vec<String>> },
}

impl TestEngine {
    /// Files in a folder of their own.
    pub fn sqlite() -> Self {
        Self { place: Place::Folder(tempfile::tempdir().expect("a temporary folder")) }
    }

    /// The server the environment names; `None`, said aloud, when it names none.
    #[expect(clippy::print_stderr, reason = "a skipped test says so")]
    pub fn sqlserver(test: &str) -> Option<Self> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        match (
            variable("OSFERRY_TEST_SQLSERVER"),
            variable("OSFERRY_TEST_USER"),
            variable("OSFERRY_TEST_PASSWORD"),
        ) {
            (Some(server), Some(user), Some(password)) => Some(Self {
                place: Place::Server { server, user, password, made: Mutex::new(Vec::new()) },
            }),
            _ => {
                eprintln!("skipped: {test} needs OSFERRY_TEST_SQLSERVER, _USER and _PASSWORD");
                None
            }
        }
    }

    /// Which engine this is.
    pub fn kind(&self) -> EngineKind {
        match self.place {
            Place::Folder(_) => EngineKind::Sqlite,
            Place::Server { .. } => EngineKind::SqlServer,
        }
    }

    /// An empty database of its own.
    pub async fn scratch(&self) -> ConnectionSpec {
        let name = random_name();
        match &self.place {
            Place::Folder(folder) => {
                ConnectionSpec::Sqlite { path: folder.path().join(format!("{name}.sqlite")) }
            }
            Place::Server { made, .. } => {
                let _one = ONE.lock().await;
                self.execute("master", &format!("CREATE DATABASE {name}")).await;
                made.lock().expect("names").push(name.clone());
                ConnectionSpec::SqlServer(self.spec(&name))
            }
        }
    }

    /// How to sign in to a database of the server.
    pub fn spec(&self, database: &str) -> ServerSpec {
        let Place::Server { server, user, password, .. } = &self.place else {
            panic!("only a server has this");
        };
        ServerSpec {
            server: server.clone(),
            database: database.to_owned(),
            user: user.clone(),
            secret: Some(Secret::from(password.clone())),
            authentication: Authentication::Sql,
            encryption: Encryption::Required,
            trust_certificate: true,
            ca_file: None::<PathBuf>,
        }
    }

    /// Runs a statement on the server, past the program.
    pub async fn execute(&self, database: &str, sql: &str) {
        let mut client = self.client(database).await;
        client.simple_query(sql).await.expect(sql).into_results().await.expect(sql);
    }

    async fn client(&self, database: &str) -> Client<tokio_util::compat::Compat<TcpStream>> {
        let Place::Server { server, user, password, .. } = &self.place else {
            panic!("only a server has this");
        };
        let (host, port) = server.split_once(',').unwrap_or((server, "1433"));
        let mut config = Config::new();
        config.host(host);
        config.port(port.trim().parse().expect("a port"));
        config.database(database);
        config.authentication(AuthMethod::sql_server(user, password));
        config.trust_cert();
        let socket = TcpStream::connect(config.get_addr()).await.expect("reachable");
        Client::connect(config, socket.compat_write()).await.expect("signed in")
    }

    /// Drops what was made.
    pub async fn clean_up(&self) {
        let Place::Server { made, .. } = &self.place else { return };
        let names = std::mem::take(&mut *made.lock().expect("names"));
        for name in names {
            // Sessions of the test may take a moment to end.
            for _ in 0..20 {
                let _one = ONE.lock().await;
                let mut client = self.client("master").await;
                let dropped = async {
                    client.simple_query(format!("DROP DATABASE {name}")).await?.into_results().await
                };
                match dropped.await {
                    Ok(_) => break,
                    Err(_) => tokio::time::sleep(std::time::Duration::from_millis(250)).await,
                }
            }
        }
    }
}

fn random_name() -> String {
    use std::hash::{BuildHasher, RandomState};
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_nanos();
    format!("osferry_{:08x}", RandomState::new().hash_one(now) as u32)
}

/// Makes a test per engine of each scenario, an `async fn(&TestEngine)`.
#[macro_export]
macro_rules! on_both_engines {
    ($($scenario:ident),+ $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $scenario() {
                    super::$scenario(&$crate::support::engine::TestEngine::sqlite()).await;
                }
            )+
        }
        $crate::on_sqlserver!($($scenario),+);
    };
}

/// Makes a test on the server of each scenario, an `async fn(&TestEngine)`.
#[macro_export]
macro_rules! on_sqlserver {
    ($($scenario:ident),+ $(,)?) => {
        mod sqlserver {
            use futures::FutureExt;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $scenario() {
                    let name = concat!(module_path!(), "::", stringify!($scenario));
                    let Some(engine) = $crate::support::engine::TestEngine::sqlserver(name) else {
                        return;
                    };
                    let outcome = std::panic::AssertUnwindSafe(super::$scenario(&engine))
                        .catch_unwind()
                        .await;
                    engine.clean_up().await;
                    if let Err(panic) = outcome {
                        std::panic::resume_unwind(panic);
                    }
                }
            )+
        }
    };
}
