//! Reaching a server and signing in.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use secrecy::ExposeSecret;
use socket2::{SockRef, TcpKeepalive};
use tiberius::{AuthMethod, Client, Config, EncryptionLevel, SqlBrowser};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_util::compat::TokioAsyncWriteCompatExt;

use super::connection::{Connection, Wire};
use super::server::{Address, parse};
use super::{Limits, fault, statements};
use crate::database::{Authentication, Encryption, Fault, FaultKind, Result, Secret, ServerSpec};

/// The largest packet a server accepts on an encrypted connection.
const PACKET_SIZE: u32 = 16_383;

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Intent {
    /// Reading only: the server is told so.
    Read,
    /// Reading and writing.
    Write,
}

/// A database and how to get there: everything needed to connect again.
pub(super) struct Target {
    pub(super) spec: ServerSpec,
    pub(super) limits: Limits,
    address: Address,
}

impl Target {
    /// Checks what can be checked without a network.
    pub(super) fn new(spec: &ServerSpec, limits: Limits) -> Result<Arc<Self>> {
        if spec.trust_certificate && spec.ca_file.is_some() {
            return Err(Fault::new(
                FaultKind::Invalid,
                "either any certificate is accepted or an authority's file is given, not both",
            )
            .advise("Drop `trust_certificate` or `ca_file`."));
        }
        if let Some(file) = spec.ca_file.as_deref()
            && !file.is_file()
        {
            return Err(Fault::new(
                FaultKind::Invalid,
                format!("the authority's file {} is not there", file.display()),
            ));
        }
        let address = parse(&spec.server)?;
        sign_in(spec)?;
        Ok(Arc::new(Self { spec: spec.clone(), limits, address }))
    }

    /// The server and database, for the person.
    pub(super) fn place(&self) -> String {
        format!("{}/{}", self.spec.server, self.spec.database)
    }

    /// Opens a connection and sets its session up.
    pub(super) async fn connect(&self, intent: Intent) -> Result<Connection> {
        self.connect_as(intent, "").await
    }

    /// The same, showing `session` to whoever looks at the server's sessions.
    pub(super) async fn connect_as(&self, intent: Intent, session: &str) -> Result<Connection> {
        let wire = self.open(intent).await?;
        let mut connection = Connection::new(wire, self.limits.statement);
        connection.batch(&statements::prologue(session), self.limits.metadata).await?;
        Ok(connection)
    }

    async fn open(&self, intent: Intent) -> Result<Wire> {
        let mut address = self.address.clone();
        for redirected in [false, true] {
            let mut config = self.config(&address, intent)?;
            if redirected {
                // The gateway's name, not the node's, stands in the certificate in some clouds;
                // elsewhere it is the other way round. The node's own name is what was dialled.
                config.hostname_in_certificate(&address.host);
            }
            let socket = self.dial(&address, &config).await?;
            let attempt = timeout(
                self.limits.handshake + Duration::from_secs(1),
                Client::connect(config, socket.compat_write()),
            )
            .await
            .map_err(|_| fault::silent(&self.spec.server))?;
            match attempt {
                Ok(wire) => return Ok(wire),
                Err(tiberius::error::Error::Routing { host, port }) if !redirected => {
                    address = Address { host, instance: None, port };
                }
                Err(error) => return Err(fault::connect_fault(&error, &self.spec.server)),
            }
        }
        Err(Fault::new(
            FaultKind::Unreachable,
            format!("{} sends from one address to the next", self.spec.server),
        ))
    }

    fn config(&self, address: &Address, intent: Intent) -> Result<Config> {
        let mut config = Config::new();
        config.host(&address.host);
        match &address.instance {
            Some(instance) => config.instance_name(instance),
            None => config.port(address.port),
        }
        config.database(&self.spec.database);
        config.application_name(concat!("osferry/", env!("CARGO_PKG_VERSION")));
        config.packet_size(PACKET_SIZE);
        config.readonly(intent == Intent::Read);
        config.multi_subnet_failover(true);
        config.handshake_timeout(Some(self.limits.handshake));
        config.command_timeout(Some(self.limits.statement));
        config.encryption(match self.spec.encryption {
            Encryption::Required => EncryptionLevel::Required,
            Encryption::Strict => EncryptionLevel::Strict,
            Encryption::LoginOnly => EncryptionLevel::Off,
            Encryption::None => EncryptionLevel::NotSupported,
        });
        if self.spec.trust_certificate {
            config.trust_cert();
        } else if let Some(file) = &self.spec.ca_file {
            config.trust_cert_ca_bundle(read_authority(file)?);
        }
        config.authentication(sign_in(&self.spec)?);
        Ok(config)
    }

    /// A TCP connection to whichever of the host's addresses answers first.
    async fn dial(&self, address: &Address, config: &Config) -> Result<TcpStream> {
        let server = &self.spec.server;
        let dialled = timeout(self.limits.connect, async {
            if address.instance.is_some() {
                return TcpStream::connect_named(config).await.map_err(|error| {
                    Fault::new(
                        FaultKind::Unreachable,
                        format!("cannot find the instance of {server}: {error}"),
                    )
                    .advise(
                        "The SQL Server Browser answers on UDP port 1434; with host,port it \
                         is not needed.",
                    )
                });
            }
            let addresses = lookup_host((address.host.as_str(), address.port))
                .await
                .map_err(|error| fault::unreachable(server, &error))?;
            race(addresses).await.map_err(|error| fault::unreachable(server, &error))
        })
        .await
        .map_err(|_| {
            Fault::new(
                FaultKind::Unreachable,
                format!("{server} did not answer within {} s", self.limits.connect.as_secs()),
            )
            .advise("Check the name, the port (usually 1433), and the firewall in between.")
        })??;
        keep_alive(&dialled).map_err(|error| fault::unreachable(server, &error))?;
        Ok(dialled)
    }
}

async fn race(addresses: impl Iterator<Item = SocketAddr>) -> std::io::Result<TcpStream> {
    let mut attempts: FuturesUnordered<_> = addresses.map(TcpStream::connect).collect();
    let mut first = None;
    while let Some(attempt) = attempts.next().await {
        match attempt {
            Ok(socket) => return Ok(socket),
            Err(error) => {
                first.get_or_insert(error);
            }
        }
    }
    Err(first.unwrap_or_else(|| std::io::Error::other("the name has no address")))
}

/// A peer that vanished without a word is noticed within a minute.
fn keep_alive(socket: &TcpStream) -> std::io::Result<()> {
    socket.set_nodelay(true)?;
    let probes = TcpKeepalive::new()
        .with_time(Duration::from_secs(30))
        .with_interval(Duration::from_secs(10));
    #[cfg(not(any(windows, target_os = "openbsd")))]
    let probes = probes.with_retries(3);
    SockRef::from(socket).set_tcp_keepalive(&probes)
}

fn read_authority(file: &Path) -> Result<Vec<u8>> {
    std::fs::read(file).map_err(|error| {
        Fault::new(
            FaultKind::Invalid,
            format!("cannot read the authority's file {}: {error}", file.display()),
        )
    })
}

fn sign_in(spec: &ServerSpec) -> Result<AuthMethod> {
    let missing = |what: &str| {
        Fault::new(FaultKind::SignIn, format!("{what} is missing"))
            .advise("It is typed, or comes from the environment; it is never kept in a file.")
    };
    let secret = |what: &str| {
        spec.secret
            .as_ref()
            .map(<Secret as ExposeSecret<str>>::expose_secret)
            .ok_or_else(|| missing(what))
    };
    let user = || match spec.user.as_str() {
        "" => Err(missing("the user's name")),
        user => Ok(user),
    };
    match spec.authentication {
        Authentication::Sql => Ok(AuthMethod::sql_server(user()?, secret("the password")?)),
        Authentication::Windows => Ok(AuthMethod::windows(user()?, secret("the password")?)),
        Authentication::Integrated => integrated(),
        Authentication::EntraToken => Ok(AuthMethod::aad_token(secret("the access token")?)),
    }
}

#[cfg(any(windows, feature = "integrated-auth-gssapi"))]
fn integrated() -> Result<AuthMethod> {
    Ok(AuthMethod::Integrated)
}

#[cfg(not(any(windows, feature = "integrated-auth-gssapi")))]
fn integrated() -> Result<AuthMethod> {
    Err(Fault::new(
        FaultKind::NotApplicable,
        "this build cannot sign in as whoever is signed in to this machine",
    )
    .advise(
        "Use a Windows user with its password (auth = \"windows\"), or a build with the feature \
         integrated-auth-gssapi.",
    ))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn spec() -> ServerSpec {
        ServerSpec {
            server: "sql01".to_owned(),
            database: "OSDEV".to_owned(),
            user: "u".to_owned(),
            secret: Some(Secret::from("p".to_owned())),
            authentication: Authentication::Sql,
            encryption: Encryption::Required,
            trust_certificate: false,
            ca_file: None,
        }
    }

    fn refusal(spec: &ServerSpec) -> Fault {
        Target::new(spec, Limits::default()).err().expect("refused")
    }

    #[test]
    fn two_ways_to_trust_are_one_too_many() {
        let both = ServerSpec {
            trust_certificate: true,
            ca_file: Some(PathBuf::from("ca.pem")),
            ..spec()
        };
        assert_eq!(refusal(&both).kind, FaultKind::Invalid);
    }

    #[test]
    fn a_sign_in_without_its_secret_is_refused_before_the_network() {
        for authentication in
            [Authentication::Sql, Authentication::Windows, Authentication::EntraToken]
        {
            let without = ServerSpec { secret: None, authentication, ..spec() };
            assert_eq!(refusal(&without).kind, FaultKind::SignIn, "{authentication:?}");
        }
    }

    #[cfg(not(any(windows, feature = "integrated-auth-gssapi")))]
    #[test]
    fn a_build_without_kerberos_says_so() {
        let integrated = ServerSpec { authentication: Authentication::Integrated, ..spec() };
        assert_eq!(refusal(&integrated).kind, FaultKind::NotApplicable);
    }
}
