//! What the server or the wire says, as faults for the person.

use std::io;

use tiberius::error::{Error, IoErrorKind, TokenError};

use super::refusal;
use crate::database::{Fault, FaultKind, Refusal, RefusalClass};

/// Whether the connection can be used again after this: the server answered to the end and did
/// not end the session itself.
pub(super) fn leaves_connection_usable(error: &Error) -> bool {
    matches!(error, Error::Server(token) if token.class() < 20)
}

/// A fault of a request on an open connection.
pub(super) fn fault(error: &Error) -> Fault {
    match error {
        Error::Server(token) => server_fault(token),
        Error::Io { kind: IoErrorKind::TimedOut, .. } => timeout(),
        Error::Io { message, .. } => lost(message),
        Error::Utf16 | Error::Utf8 => Fault::new(
            FaultKind::Data,
            "a text in the database is not valid Unicode and cannot be read this way",
        ),
        Error::BulkInput(why) => Fault::new(FaultKind::Refused, why.to_string()),
        Error::Protocol(why) => lost(why),
        other => Fault::new(FaultKind::Other, other.to_string()),
    }
}

/// The server was silent for longer than the limit of the request.
pub(super) fn timeout() -> Fault {
    Fault::new(FaultKind::Timeout, "the server did not answer within the time limit")
        .advise("Look for blocking sessions on the server; the connection has been closed.")
}

/// What the driver says of a broken wire, without its preface and its hint to programmers.
fn plain(why: &str) -> &str {
    let why =
        why.strip_prefix("An error occurred during the attempt of performing I/O: ").unwrap_or(why);
    if why.contains("close_notify") { "the other side closed it" } else { why }
}

/// The connection is gone.
pub(super) fn lost(why: &str) -> Fault {
    Fault::new(FaultKind::Lost, format!("the connection to the server broke: {}", plain(why)))
        .advise("Check network and server; nothing uncommitted stays behind.")
}

/// The transaction of one instant is gone.
pub(super) fn instant_ended() -> Fault {
    Fault::new(
        FaultKind::Lost,
        "the transaction in which one instant of the database was read has ended",
    )
    .advise(
        "What is read from here on is of another instant: the run has to begin anew from there.",
    )
}

/// A fault while connecting and signing in.
pub(super) fn connect_fault(error: &Error, server: &str) -> Fault {
    match error {
        Error::Server(token) => server_fault(token),
        Error::Tls(why) => certificate(server, why),
        Error::Io { kind: IoErrorKind::TimedOut, .. } => silent(server),
        Error::Io { kind, message } if !is_closed(*kind) && speaks_of_encryption(message) => {
            certificate(server, plain(message))
        }
        Error::Io { message, .. } => Fault::new(
            FaultKind::Unreachable,
            format!("{server} broke off during the sign-in: {}", plain(message)),
        )
        .advise(
            "Check that this is a SQL Server port and which encryption the server asks for. TLS \
             1.2 or later is needed.",
        ),
        Error::Protocol(why) => Fault::new(
            FaultKind::Unreachable,
            format!("{server} does not speak as a SQL Server does: {why}"),
        )
        .advise("Check host and port, and which encryption the server asks for."),
        other => Fault::new(FaultKind::SignIn, format!("{server}: {other}")),
    }
}

/// Whether the other side is gone, whatever the words.
fn is_closed(kind: IoErrorKind) -> bool {
    use IoErrorKind as K;
    matches!(kind, K::UnexpectedEof | K::ConnectionReset | K::ConnectionAborted | K::BrokenPipe)
}

fn speaks_of_encryption(message: &str) -> bool {
    let message = message.to_lowercase();
    message.contains("tls") || message.contains("certificate")
}

/// Nothing came back during the sign-in.
pub(super) fn silent(server: &str) -> Fault {
    Fault::new(FaultKind::Timeout, format!("{server} did not answer the sign-in in time"))
        .advise("Check host and port, and whether a firewall swallows the answers.")
}

/// No TCP connection could be made.
pub(super) fn unreachable(server: &str, error: &io::Error) -> Fault {
    Fault::new(FaultKind::Unreachable, format!("cannot reach {server}: {error}"))
        .advise("Check the name, the port (usually 1433), and the firewall in between.")
}

fn certificate(server: &str, why: &str) -> Fault {
    // What follows is the driver's advice to those who call it.
    let why = why.split(" To connect anyway").next().unwrap_or(why).trim_end_matches('.');
    Fault::new(FaultKind::Certificate, format!("no trusted encryption with {server}: {why}"))
        .advise(
            "Give the file of the authority that signed the server's certificate (ca_file), or \
             accept any certificate if you trust the network (trust_certificate = true). TLS 1.2 \
             or later is needed.",
        )
}

/// The kind of a server error by its number; `None` for numbers without a meaning of their own.
fn kind_of(code: u32) -> Option<FaultKind> {
    Some(match code {
        18456
        | 18452
        | 18450
        | 18451
        | 18461
        | 18462
        | 18463..=18468
        | 18470
        | 18486..=18488
        | 4064
        | 15113 => FaultKind::SignIn,
        4060 | 208 | 207 | 911 | 2812 | 4121 | 916 => FaultKind::NotFound,
        229 | 230 | 262 | 297 | 300 | 1088 | 3110 | 3701 | 8104 | 15247 | 15151 | 4701 | 4902
        | 2557 | 2760 | 4834 | 10011 => FaultKind::Permission,
        // Deadlock, lock timeout, out of locks, snapshot conflicts: the server rolled back.
        1205 | 1222 | 1204 | 3960 | 41301 | 41302 | 41305 | 41325 | 41839 => FaultKind::Retry,
        547 | 2601 | 2627 | 515 | 2628 | 8152 | 8115 | 220 | 8114 | 245 | 241 | 242 | 248
        | 4815 | 4816 | 544 | 1505 | 232 | 296 | 8169 | 517 | 8170 => FaultKind::Refused,
        9002 | 1105 | 1101 | 1121 | 3257 => FaultKind::Full,
        3906 | 3908 | 978 => FaultKind::Permission,
        64 | 121 | 233 | 596 | 976 | 983 | 997 | 4221 | 6005 | 9001 | 10053 | 10054 | 10060
        | 10928 | 10929 | 17142 | 17187 | 18401 | 40143 | 40197 | 40501 | 40540 | 40613 | 42108
        | 42109 | 49918 | 49919 | 49920 => FaultKind::Lost,
        _ => return None,
    })
}

fn advice(code: u32, kind: FaultKind) -> &'static str {
    match (code, kind) {
        (18456, _) => "Check user and password, and that the server allows SQL logins.",
        (18452, _) => "Check the domain and the Windows user.",
        (18486, _) => "The login is locked: ask the server's administrator.",
        (18487 | 18488, _) => "The password has expired: change it and come back.",
        (4060, _) => "Check the database's name, and that the login has a user in it.",
        (3906 | 3908 | 978, _) => "The database can only be read at present.",
        (3952, _) => {
            "One instant cannot be read there: ask for ALTER DATABASE … SET \
             ALLOW_SNAPSHOT_ISOLATION ON, or choose source_reading = \"high-water\"."
        }
        (3958 | 3966 | 3967, _) => {
            "The server has dropped old row versions: see to the room in its tempdb, or choose \
             source_reading = \"high-water\"."
        }
        (3961, _) => {
            "A table was changed by a publication or an index job while one instant was read: do \
             not publish during the run, and start again."
        }
        (40501, _) => "The server is busy: wait ten seconds at least.",
        (_, FaultKind::SignIn) => "Check user, password and how to sign in.",
        (_, FaultKind::NotFound) => "Check the name, and that the login may see it.",
        (_, FaultKind::Permission) => "Ask the database's owner for the right that is named.",
        (_, FaultKind::Retry) => "The server undid the transaction; trying again may work.",
        (_, FaultKind::Full) => "Make room (log backup, larger files), then go on.",
        (_, FaultKind::Lost) => "The server broke off; connect again.",
        _ => "",
    }
}

/// An error token of the server.
pub(super) fn server_fault(token: &TokenError) -> Fault {
    let code = token.code();
    let kind = kind_of(code).unwrap_or(if token.class() >= 20 {
        FaultKind::Lost
    } else {
        FaultKind::Other
    });
    Fault::new(kind, token.message().trim().to_owned())
        .advise(advice(code, kind))
        .with_code(i64::from(code))
        .refused_by(refusal::of(code, token.message()))
}

/// A fault of the statement that puts rows in: a number without a meaning of its own is the
/// database's refusal of the rows, since names, rights and types have been settled by then.
pub(super) fn refused_rows(mut fault: Fault) -> Fault {
    if fault.kind == FaultKind::Other && fault.code.is_some() {
        fault.kind = FaultKind::Refused;
        let trigger = || Refusal::unnamed(RefusalClass::Trigger);
        fault.refusal = fault.refusal.or_else(|| Some(trigger()));
    }
    fault
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_closed_during_the_sign_in_is_no_matter_of_certificates() {
        let message = "An error occurred during the attempt of performing I/O: peer closed \
                       connection without sending TLS close_notify: https://docs.rs/rustls";
        let error = Error::Io { kind: IoErrorKind::UnexpectedEof, message: message.to_owned() };
        let fault = connect_fault(&error, "sql01");
        assert_eq!(fault.kind, FaultKind::Unreachable);
        assert_eq!(fault.what, "sql01 broke off during the sign-in: the other side closed it");
        assert!(!super::fault(&error).what.contains("https"));
    }

    #[test]
    fn a_certificate_is_refused_in_words_for_the_person() {
        let why = "the server's certificate was rejected during the TLS handshake: UnknownIssuer. \
                   To connect anyway you can: (1) trust a specific CA certificate with \
                   `Config::trust_cert_ca(path)`; or (4) build tiberius with `native-tls`.";
        let fault = connect_fault(&Error::Tls(why.to_owned()), "sql01").to_string();
        assert!(fault.contains("handshake: UnknownIssuer\n"), "{fault}");
        assert!(fault.contains("trust_certificate") && !fault.contains("Config::"), "{fault}");
    }
}
