//! `host`, `host,port` and `host\instance`, as people write servers.

use crate::database::{Fault, FaultKind, Result};

/// The port of a server that names neither port nor instance.
const DEFAULT_PORT: u16 = 1433;

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    /// Name or number of the machine.
    pub(super) host: String,
    /// The instance to be looked up on the machine, when no port is given.
    pub(super) instance: Option<String>,
    /// The port; without meaning where an instance is named.
    pub(super) port: u16,
}

/// Reads a server as SQL Server's own tools do. A port wins over an instance.
pub(super) fn parse(text: &str) -> Result<Address> {
    let wrong = |why: &str| {
        Fault::new(FaultKind::Invalid, format!("'{text}' names no server: {why}"))
            .advise("Write host, host,port or host\\instance.")
    };
    let trimmed = text.trim();
    let trimmed = trimmed.strip_prefix("tcp:").unwrap_or(trimmed);
    let (name, port) = match trimmed.rsplit_once(',') {
        Some((name, port)) => {
            let port = port.trim().parse().ok().filter(|port| *port != 0);
            (name, Some(port.ok_or_else(|| wrong("the port is a number from 1 to 65535"))?))
        }
        None => (trimmed, None),
    };
    let (host, instance) = match name.split_once('\\') {
        Some((_, "")) => return Err(wrong("the instance's name is missing")),
        Some((host, instance)) => (host, Some(instance.trim().to_owned())),
        None => (name, None),
    };
    let host = host.trim().trim_start_matches('[').trim_end_matches(']');
    let host = match host {
        "" => return Err(wrong("the host is missing")),
        "." | "(local)" => "localhost",
        other => other,
    };
    if host.contains(char::is_whitespace) {
        return Err(wrong("a host has no blanks"));
    }
    let instance =
        instance.filter(|name| port.is_none() && !name.eq_ignore_ascii_case("MSSQLSERVER"));
    Ok(Address { host: host.to_owned(), instance, port: port.unwrap_or(DEFAULT_PORT) })
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    fn address(host: &str, instance: Option<&str>, port: u16) -> Address {
        Address { host: host.to_owned(), instance: instance.map(str::to_owned), port }
    }

    #[test]
    fn servers_are_read_as_they_are_written() {
        for (text, expected) in [
            ("sql01.corp.local", address("sql01.corp.local", None, 1433)),
            (" sql01 , 1533 ", address("sql01", None, 1533)),
            ("tcp:sql01,1533", address("sql01", None, 1533)),
            ("sql01\\PROD", address("sql01", Some("PROD"), 1433)),
            ("sql01\\PROD,1533", address("sql01", None, 1533)),
            ("sql01\\mssqlserver", address("sql01", None, 1433)),
            ("(local)", address("localhost", None, 1433)),
            (".\\X", address("localhost", Some("X"), 1433)),
            ("[::1],1433", address("::1", None, 1433)),
        ] {
            assert_eq!(parse(text).expect(text), expected, "{text}");
        }
        for text in ["", " ", ",1433", "sql01,", "sql01,0", "sql01,70000", "sql01\\", "a b"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    /// What names look like, and everything else.
    fn texts() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            select(vec![
                "tcp:", "sql01", "\\", ",", "1433", "[", "]", "::1", ".", "(local)", " ", "0"
            ])
            .prop_map(str::to_owned),
            any::<String>(),
        ];
        vec(piece, 0..6).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn any_text_names_a_server_or_is_refused_with_a_sentence(text in texts()) {
            match parse(&text) {
                Ok(address) => {
                    prop_assert!(!address.host.is_empty() && address.port != 0);
                    prop_assert!(!address.host.contains(char::is_whitespace));
                    // Written out, it is read as the same again.
                    let again = match &address.instance {
                        Some(instance) => format!("[{}]\\{instance}", address.host),
                        None => format!("[{}],{}", address.host, address.port),
                    };
                    prop_assert_eq!(parse(&again).expect("an address"), address);
                }
                Err(fault) => {
                    prop_assert_eq!(fault.kind, FaultKind::Invalid);
                    prop_assert!(fault.what.len() > 10 && !fault.next.is_empty());
                }
            }
        }
    }
}
