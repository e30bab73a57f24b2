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
use tokio::runtime::{Handle, Runtime};
use tokio_util::compat::TokioAsyncWriteCompatExt;

/// Databases are made and dropped one at a time: servers do not like several at once.
static ONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// A connection past the program.
pub type PlainClient = Client<tokio_util::compat::Compat<TcpStream>>;

/// Where scratch databases are made.
pub enum TestEngine {
    /// Files in a folder of their own.
    Sqlite(TempDir),
    /// The server the environment names, and the databases made there.
    SqlServer(Server, Mutex<Vec<String>>),
}

impl TestEngine {
    /// Files in a folder of their own.
    pub fn sqlite() -> Self {
        Self::Sqlite(tempfile::tempdir().expect("a temporary folder"))
    }

    /// The server the environment names; `None`, said aloud, when it names none.
    #[expect(clippy::print_stderr, reason = "a skipped test says so")]
    pub fn sqlserver(test: &str) -> Option<Self> {
        let server = Server::from_environment();
        if server.is_none() {
            eprintln!("skipped: {test} needs OSFERRY_TEST_SQLSERVER, _USER and _PASSWORD");
        }
        Some(Self::SqlServer(server?, Mutex::default()))
    }

    /// Which engine this is.
    pub fn kind(&self) -> EngineKind {
        match self {
            Self::Sqlite(_) => EngineKind::Sqlite,
            Self::SqlServer(..) => EngineKind::SqlServer,
        }
    }

    /// Whether a pair takes seconds to make, so that recipes had better be few and small.
    pub fn is_slow(&self) -> bool {
        self.kind() == EngineKind::SqlServer
    }

    /// An empty database of its own.
    pub async fn scratch(&self) -> ConnectionSpec {
        match self {
            Self::Sqlite(folder) => {
                let name = format!("{}.sqlite", random_name());
                ConnectionSpec::Sqlite { path: folder.path().join(name) }
            }
            Self::SqlServer(server, made) => {
                let name = server.create_database().await;
                made.lock().expect("names").push(name.clone());
                ConnectionSpec::SqlServer(server.spec(&name))
            }
        }
    }

    /// Drops what was made.
    pub async fn clean_up(&self) {
        let Self::SqlServer(server, made) = self else { return };
        let names = std::mem::take(&mut *made.lock().expect("names"));
        for name in names {
            server.drop_database(&name).await;
        }
    }
}

/// A server on which tests may make databases, and how to sign in there.
#[derive(Clone)]
pub struct Server {
    pub address: String,
    pub user: String,
    pub password: String,
}

impl Server {
    /// The one the environment names.
    pub fn from_environment() -> Option<Self> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        Some(Self {
            address: variable("OSFERRY_TEST_SQLSERVER")?,
            user: variable("OSFERRY_TEST_USER")?,
            password: variable("OSFERRY_TEST_PASSWORD")?,
        })
    }

    /// How the program signs in to one of its databases.
    pub fn spec(&self, database: &str) -> ServerSpec {
        ServerSpec {
            server: self.address.clone(),
            database: database.to_owned(),
            user: self.user.clone(),
            secret: Some(Secret::from(self.password.clone())),
            authentication: Authentication::Sql,
            encryption: Encryption::Required,
            trust_certificate: true,
            ca_file: None::<PathBuf>,
        }
    }

    /// Makes an empty database with a name that nobody else has.
    pub async fn create_database(&self) -> String {
        let name = random_name();
        let _one = ONE.lock().await;
        self.query("master", &format!("CREATE DATABASE {name}")).await;
        name
    }

    /// Drops a database, as soon as nobody is in it any more.
    pub async fn drop_database(&self, name: &str) {
        // Sessions of the test may take a moment to end.
        for _ in 0..20 {
            let _one = ONE.lock().await;
            let mut client = self.client("master").await;
            let dropped = async {
                client.simple_query(format!("DROP DATABASE {name}")).await?.into_results().await
            };
            match dropped.await {
                Ok(_) => return,
                Err(_) => tokio::time::sleep(std::time::Duration::from_millis(250)).await,
            }
        }
    }

    /// What a batch answers, past the program: the first column of each row.
    pub async fn query(&self, database: &str, sql: &str) -> Vec<String> {
        self.try_query(database, sql).await.expect(sql)
    }

    /// The same of one that the server may refuse.
    pub async fn try_query(&self, database: &str, sql: &str) -> tiberius::Result<Vec<String>> {
        let mut client = self.client(database).await;
        let answer = client.simple_query(sql).await?.into_results().await?;
        let text = |row: &tiberius::Row| row.try_get::<&str, _>(0).ok().flatten().map(String::from);
        Ok(answer.iter().flatten().filter_map(text).collect())
    }

    /// Carries a script out batch by batch in one session, as the server's own tools do.
    pub async fn carry_out(&self, database: &str, script: &str) {
        self.try_carry_out(database, script).await.unwrap_or_else(|error| panic!("{error}"));
    }

    /// The same of one that ends at an error.
    pub async fn try_carry_out(&self, database: &str, script: &str) -> Result<(), String> {
        let mut client = self.client(database).await;
        let script = script.strip_prefix('\u{FEFF}').expect("a mark of the encoding");
        let mut batch = String::new();
        for line in script.lines() {
            if line.trim().eq_ignore_ascii_case("GO") {
                let done = async { client.simple_query(&*batch).await?.into_results().await };
                let start: String = batch.chars().take(3_000).collect();
                done.await.map_err(|error| format!("{error}\n{start}"))?;
                batch.clear();
            } else {
                batch.push_str(line);
                batch.push('\n');
            }
        }
        assert!(batch.trim().is_empty(), "what follows the last GO is never done: {batch}");
        Ok(())
    }

    /// A connection past the program.
    pub async fn client(&self, database: &str) -> PlainClient {
        let (host, port) = self.address.split_once(',').unwrap_or((&self.address, "1433"));
        let mut config = Config::new();
        config.host(host);
        config.port(port.trim().parse().expect("a port"));
        config.database(database);
        config.authentication(AuthMethod::sql_server(&self.user, &self.password));
        config.trust_cert();
        let socket = TcpStream::connect(config.get_addr()).await.expect("reachable");
        Client::connect(config, socket.compat_write()).await.expect("signed in")
    }
}

/// Waits for something, from a test or from within one that is waited for itself.
pub fn wait<T>(future: impl Future<Output = T>) -> T {
    match Handle::try_current() {
        Ok(handle) => tokio::task::block_in_place(|| handle.block_on(future)),
        Err(_) => Runtime::new().expect("a runtime").block_on(future),
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
