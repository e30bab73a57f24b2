//! The fields of a side, and the endpoint that they spell.

use std::path::PathBuf;

use super::super::form::{Field, FieldKind, Form};
use super::super::secret_field::SecretField;
use crate::database::{Authentication, Encryption};
use crate::outsystems::Side;
use crate::plan::{AUTHENTICATIONS, ENCRYPTIONS, Endpoint, EndpointEngine, Purpose};

pub(super) const ENGINE: &str = "engine";
pub(super) const PURPOSE: &str = "purpose";
pub(super) const PATH: &str = "path";
pub(super) const SERVER: &str = "server";
pub(super) const DATABASE: &str = "database";
pub(super) const AUTHENTICATION: &str = "authentication";
pub(super) const USER: &str = "user";
pub(super) const SECRET: &str = "secret";
pub(super) const ENCRYPTION: &str = "encryption";
pub(super) const TRUST: &str = "trust";
pub(super) const AUTHORITIES: &str = "authorities";

const PURPOSES: [Purpose; 3] = [Purpose::Production, Purpose::NonProduction, Purpose::Development];

/// The form of a side as the plan has it.
pub(super) fn form(side: Side, endpoint: &Endpoint) -> Form {
    let empty = (String::new(), String::new(), String::new());
    let (mut authentication, mut encryption) = (Authentication::Sql, Encryption::Required);
    let (mut trust, mut authorities, mut file) = (false, String::new(), String::new());
    let ((server, database, user), is_file) = match &endpoint.engine {
        EndpointEngine::Sqlite { path } => {
            file = path.display().to_string();
            (empty, true)
        }
        EndpointEngine::SqlServer {
            server,
            database,
            user,
            authentication: how,
            encryption: wire,
            trust_certificate,
            ca_file,
        } => {
            (authentication, encryption, trust) = (*how, *wire, *trust_certificate);
            authorities =
                ca_file.as_ref().map_or_else(String::new, |file| file.display().to_string());
            ((server.clone(), database.clone(), user.clone()), false)
        }
    };
    let purpose = endpoint.purpose.unwrap_or(match side {
        Side::Source => Purpose::Production,
        Side::Destination => Purpose::NonProduction,
    });
    let labels = |labels: Vec<String>| FieldKind::Choice { options: labels, selected: 0 };
    let chosen = |mut field: Field, place: Option<usize>| {
        if let FieldKind::Choice { selected, .. } = &mut field.kind {
            *selected = place.unwrap_or(0);
        }
        field
    };
    let mut form = Form::new(vec![
        Field::choice(
            ENGINE,
            "Engine",
            "SQL Server, or a file of the shape that the practice pair has.",
            &["SQL Server", "SQLite file"],
            usize::from(is_file),
        ),
        chosen(
            Field::new(
                PURPOSE,
                "Role",
                "What this environment is for. A destination that is Production is refused.",
                labels(PURPOSES.iter().map(|purpose| purpose.label().to_owned()).collect()),
            ),
            PURPOSES.iter().position(|candidate| *candidate == purpose),
        ),
        Field::text(PATH, "File", "The path of the SQLite file.", &file),
        Field::text(
            SERVER,
            "Server",
            "host, or host,port (1433 when none is given), or host\\instance.",
            &server,
        ),
        Field::text(
            DATABASE,
            "Database",
            "The platform's main database (OSSYS_ tables).",
            &database,
        ),
        chosen(
            Field::new(
                AUTHENTICATION,
                "Sign-in",
                "A SQL login, a Windows account with its password, this Windows session, or an Entra token.",
                labels(AUTHENTICATIONS.iter().map(|(_, how)| how.label().to_owned()).collect()),
            ),
            AUTHENTICATIONS.iter().position(|(_, how)| *how == authentication),
        ),
        Field::text(USER, "User", "The login, or DOMAIN\\user.", &user),
        Field::new(
            SECRET,
            "Password",
            "Masked, never in drafts or logs, forgotten on exit.",
            FieldKind::Secret(SecretField::default()),
        ),
        chosen(
            Field::new(
                ENCRYPTION,
                "Encrypt",
                "How much of the conversation is encrypted.",
                labels(ENCRYPTIONS.iter().map(|(_, wire)| wire.label().to_owned()).collect()),
            ),
            ENCRYPTIONS.iter().position(|(_, wire)| *wire == encryption),
        ),
        Field::new(
            TRUST,
            "Trust cert",
            "Accept whatever certificate the server shows: anybody in between could read along.",
            FieldKind::Tick(trust),
        ),
        Field::text(
            AUTHORITIES,
            "CA file",
            "A PEM file of the authorities that signed the server's certificate; empty for the system's.",
            &authorities,
        ),
    ]);
    form.has_focus = false;
    hide(&mut form);
    form
}

/// Hides what has nothing to say as the others stand.
pub(super) fn hide(form: &mut Form) {
    let is_file = form.field(ENGINE).is_some_and(|field| field.chosen() == 1);
    let how = authentication(form);
    let trusts = form.field(TRUST).is_some_and(Field::is_ticked);
    for field in &mut form.fields {
        field.is_hidden = match field.name {
            ENGINE | PURPOSE => false,
            PATH => !is_file,
            USER => {
                is_file || matches!(how, Authentication::Integrated | Authentication::EntraToken)
            }
            SECRET => is_file || how == Authentication::Integrated,
            AUTHORITIES => is_file || trusts,
            _ => is_file,
        };
        if field.name == SECRET {
            field.label = if how == Authentication::EntraToken { "Token" } else { "Password" };
        }
    }
}

/// How the form signs in.
pub(super) fn authentication(form: &Form) -> Authentication {
    let place = form.field(AUTHENTICATION).map_or(0, Field::chosen);
    AUTHENTICATIONS.get(place).map_or(Authentication::Sql, |(_, how)| *how)
}

/// The endpoint that the form spells.
pub(super) fn endpoint(form: &Form) -> Endpoint {
    let place = |name| form.field(name).map_or(0, Field::chosen);
    let file = |name| {
        let text = form.value(name);
        (!text.is_empty()).then(|| PathBuf::from(text))
    };
    let engine = if place(ENGINE) == 1 {
        EndpointEngine::Sqlite { path: PathBuf::from(form.value(PATH)) }
    } else {
        EndpointEngine::SqlServer {
            server: form.value(SERVER).to_owned(),
            database: form.value(DATABASE).to_owned(),
            user: form.value(USER).to_owned(),
            authentication: authentication(form),
            encryption: ENCRYPTIONS
                .get(place(ENCRYPTION))
                .map_or(Encryption::Required, |(_, wire)| *wire),
            trust_certificate: form.field(TRUST).is_some_and(Field::is_ticked),
            ca_file: file(AUTHORITIES),
        }
    };
    Endpoint { engine, purpose: PURPOSES.get(place(PURPOSE)).copied() }
}

/// What is wrong with a field, as a sentence.
pub(super) fn fault(side: Side, form: &Form, name: &str) -> Option<String> {
    let field = form.field(name).filter(|field| !field.is_hidden)?;
    let text = field.value();
    let missing = |what: &str| text.is_empty().then(|| format!("{what} is needed"));
    match name {
        PURPOSE if side == Side::Destination && field.chosen() == 0 => {
            Some("Production is never written; choose another environment".to_owned())
        }
        PATH => missing("The file's path"),
        SERVER => missing("The server's name")
            .or_else(|| too_long(text, 300, "No server's name is that long"))
            .or_else(|| port_fault(text)),
        DATABASE => missing("The database's name")
            .or_else(|| too_long(text, 128, "No database's name is that long")),
        USER => missing("The user's name").or_else(|| {
            (authentication(form) == Authentication::Windows && !text.contains('\\'))
                .then(|| "A Windows account is written DOMAIN\\user".to_owned())
        }),
        _ => None,
    }
}

/// Writes beside a field what is wrong with it, or that nothing is.
pub(super) fn judge(side: Side, form: &mut Form, place: usize) -> Option<String> {
    let fault = fault(side, form, form.fields[place].name);
    form.fields[place].error.clone_from(&fault);
    fault
}

fn too_long(text: &str, most: usize, sentence: &str) -> Option<String> {
    (text.chars().nth(most).is_some()).then(|| sentence.to_owned())
}

fn port_fault(server: &str) -> Option<String> {
    let (host, port) = server.split_once(',')?;
    let is_port = port.trim().parse::<u16>().is_ok_and(|port| port > 0);
    if host.trim().is_empty() {
        Some("The host stands before the comma".to_owned())
    } else if is_port {
        None
    } else {
        Some("The port is a number from 1 to 65535".to_owned())
    }
}

/// The first field of the form that is wrong, with its sentence.
pub(super) fn first_fault(side: Side, form: &Form) -> Option<(&'static str, String)> {
    form.fields
        .iter()
        .find_map(|field| fault(side, form, field.name).map(|text| (field.name, text)))
}

/// Writes beside the first field that is wrong what is wrong with it.
pub(super) fn judge_first(side: Side, form: &mut Form) -> Option<(&'static str, String)> {
    let (name, fault) = first_fault(side, form)?;
    if let Some(field) = form.field_mut(name) {
        field.error = Some(fault.clone());
    }
    Some((name, fault))
}

/// The field of the password or token.
pub(super) fn secret(form: &Form) -> Option<&SecretField> {
    match &form.field(SECRET)?.kind {
        FieldKind::Secret(secret) => Some(secret),
        _ => None,
    }
}

/// The same, to be changed.
pub(super) fn secret_mut(form: &mut Form) -> Option<&mut SecretField> {
    match &mut form.field_mut(SECRET)?.kind {
        FieldKind::Secret(secret) => Some(secret),
        _ => None,
    }
}

/// Whether the form wants a password or token that nobody has typed.
pub(super) fn misses_secret(form: &Form) -> bool {
    form.field(SECRET).is_some_and(|field| !field.is_hidden)
        && secret(form).is_some_and(|secret| secret.characters() == 0)
}
