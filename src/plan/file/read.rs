//! From TOML to a plan file: the whole of it or the reason why not, or as far as it is understood.
//!
//! One reader does both. It notes whatever is not as it should be and goes on; a command refuses
//! a plan with notes, and the wizard shows them.

use toml_edit::{Document, Item, TableLike, Value};

use super::endpoint::{AUTHENTICATIONS, ENCRYPTIONS, PURPOSES};
use super::notes::Notes;
use super::section::{Kind, Section, one_of, type_of_value};
use super::{
    Endpoint, EndpointEngine, PlanFile, PlanFileError, REJECT_POLICIES, RejectPolicy, RunOptions,
    SOURCE_PACES, SOURCE_READINGS, Understood,
};
use crate::compare::{FindingKey, FindingKind, MatchBy, UserStrategy, WhenFound, WhenMissing};
use crate::database::Authentication;
use crate::outsystems::Key;
use crate::plan::{
    Acceptance, CheckKind, Decision, Decisions, MapKind, PERSONAL_DATA, ScopeRequest,
};

const ROOT: Kind = Kind {
    heading: "",
    keys: &[
        "version",
        "name",
        "source",
        "destination",
        "scope",
        "options",
        "preflight",
        "users",
        "maps",
        "decision",
        "wizard",
    ],
};

const ENDPOINT: Kind = Kind {
    heading: "[source] and [destination]",
    keys: &[
        "engine",
        "server",
        "database",
        "user",
        "auth",
        "encrypt",
        "trust_certificate",
        "ca_file",
        "path",
        "purpose",
    ],
};

const SCOPE: Kind = Kind {
    heading: "[scope]",
    keys: &["applications", "espaces", "solutions", "entities", "exclude", "components"],
};

const OPTIONS: Kind = Kind {
    heading: "[options]",
    keys: &[
        "destination_rows",
        "source_reading",
        "source_connections",
        "source_pace",
        "batch_rows",
        "parallel_entities",
        "keep_before_images",
        "identity_ranges",
        "rejects",
        "max_rejects",
        "personal_data",
        "soft_keys",
    ],
};

const PREFLIGHT: Kind = Kind { heading: "[preflight]", keys: &["accept", "frozen"] };
const USERS: Kind =
    Kind { heading: "[users]", keys: &["match_by", "existing", "missing", "map_to", "passwords"] };

const MAPS: Kind = Kind { heading: "[maps]", keys: &["records", "users", "groups", "tenants"] };

const DECISION: Kind = Kind {
    heading: "[[decision]]",
    keys: &[
        "kind",
        "espace",
        "entity",
        "attribute",
        "record",
        "user",
        "tenant",
        "about",
        "choice",
        "to",
    ],
};

const WIZARD: Kind = Kind { heading: "[wizard]", keys: &["step"] };

/// Whether nobody looks for soft keys.
const SOFT_KEYS: [(&str, bool); 2] = [("look", false), ("off", true)];

const DEFAULT_TAKEN: &str = "; the default was taken";

/// The keys of a plan file: the tables as they are headed (the file itself first, without a
/// heading), each with its keys.
#[must_use]
pub fn plan_keys() -> Vec<(&'static str, &'static [&'static str])> {
    [ROOT, ENDPOINT, SCOPE, OPTIONS, PREFLIGHT, USERS, MAPS, DECISION, WIZARD]
        .into_iter()
        .map(|kind| (kind.heading, kind.keys))
        .collect()
}

impl PlanFile {
    /// Reads a plan; `fallback_name` is used when it has none. Unknown keys are refused, with
    /// their line.
    pub fn parse(text: &str, fallback_name: &str) -> Result<Self, PlanFileError> {
        let (plan, _, notes) = read(text, fallback_name)?;
        notes.into_refusal()?;
        Ok(plan)
    }

    /// Reads a plan or a draft as far as it is understood, and says what was not. Only a text
    /// that is no TOML is an error. What is missing is empty.
    pub fn understand(text: &str, default_name: &str) -> Result<Understood, PlanFileError> {
        let (plan, step, notes) = read(text, default_name)?;
        Ok(Understood { plan, notices: notes.into_notices(), step })
    }
}

fn read(
    text: &str,
    fallback_name: &str,
) -> Result<(PlanFile, Option<String>, Notes), PlanFileError> {
    let ((plan, step), notes) =
        read_as(text, &ROOT, fallback_name, |root, name, notes| plan(root, &name, notes))?;
    Ok((plan, step, notes))
}

/// Reads a file of any kind: what `make` makes of its root and its name, and what is to be said of it.
pub(super) fn read_as<T>(
    text: &str,
    kind: &'static Kind,
    fallback_name: &str,
    make: impl FnOnce(&Section<'_>, String, &mut Notes) -> T,
) -> Result<(T, Notes), PlanFileError> {
    let document = Document::parse(text)
        .map_err(|error| PlanFileError(error.to_string().trim().to_owned()))?;
    let mut notes = Notes::new(text);
    let root = Section::new(String::new(), None, document.as_table(), kind, &mut notes);
    check_version(&root, &mut notes);
    let name = root.text("name", &mut notes).unwrap_or_else(|| fallback_name.to_owned());
    Ok((make(&root, name, &mut notes), notes))
}

fn plan(root: &Section<'_>, name: &str, notes: &mut Notes) -> (PlanFile, Option<String>) {
    let mut plan = PlanFile::empty(name);
    plan.source = endpoint(root, "source", notes);
    plan.destination = endpoint(root, "destination", notes);
    plan.scope = scope(root, notes);
    if let Some(section) = section(root, "options", &OPTIONS, notes) {
        plan.scope.replace = replace(&section, notes);
        let unknown = " and was left aside";
        plan.scope.personal_data =
            section.given_word("personal_data", &PERSONAL_DATA, unknown, notes);
        plan.scope.no_soft_keys =
            section.given_word("soft_keys", &SOFT_KEYS, DEFAULT_TAKEN, notes).unwrap_or_default();
        plan.options = options(&section, notes);
    }
    plan.preflight = preflight(root, notes);
    if let Some(section) = section(root, "users", &USERS, notes) {
        plan.scope.users = users(&section, notes);
    }
    if let Some(section) = section(root, "maps", &MAPS, notes) {
        for kind in MapKind::ALL {
            *plan.maps.get_mut(kind) = section.path(kind.name(), notes);
        }
    }
    plan.decisions = decisions(root, notes);
    let step =
        section(root, "wizard", &WIZARD, notes).and_then(|section| section.text("step", notes));
    (plan, step)
}

/// Refuses plans of another version.
pub(super) fn check_version(root: &Section<'_>, notes: &mut Notes) {
    match root.number("version", notes) {
        Some(1) => {}
        Some(other) => {
            let what = format!(" = {other}: this osferry reads plans of version 1");
            root.note("version", &what, notes)
                .instead(", and took what it knows")
                .explains_others();
        }
        None if root.has("version") => {}
        None => {
            notes
                .add(None, "version is missing".to_owned())
                .advise(": a plan says version = 1")
                .instead("; the file was read as version 1");
        }
    }
}

fn section<'a>(
    root: &Section<'a>,
    key: &str,
    kind: &Kind,
    notes: &mut Notes,
) -> Option<Section<'a>> {
    let table = root.table(key, notes)?;
    Some(Section::new(format!("[{key}]"), root.place_of(key), table, kind, notes))
}

/// A section that a plan cannot do without.
fn needed_section<'a>(
    root: &Section<'a>,
    key: &str,
    kind: &Kind,
    notes: &mut Notes,
) -> Option<Section<'a>> {
    if !root.has(key) {
        notes.add(None, format!("[{key}] is missing")).instead(" and was left empty");
    }
    section(root, key, kind, notes)
}

fn scope(root: &Section<'_>, notes: &mut Notes) -> ScopeRequest {
    let Some(section) = needed_section(root, "scope", &SCOPE, notes) else {
        return ScopeRequest::default();
    };
    ScopeRequest {
        applications: section.texts("applications", notes),
        espaces: section.texts("espaces", notes),
        solutions: section.texts("solutions", notes),
        entities: section.texts("entities", notes),
        components: section.flag("components", notes).unwrap_or_default(),
        exclude: section.texts("exclude", notes),
        replace: None,
        personal_data: None,
        no_soft_keys: false,
        users: UserStrategy::default(),
    }
}

/// What becomes of users.
fn users(section: &Section<'_>, notes: &mut Notes) -> UserStrategy {
    let left = " and was left aside";
    let missing = section.given_word("missing", &WhenMissing::ALL, left, notes);
    let map_to = target(section, "map_to", notes);
    match (missing, &map_to) {
        (Some(WhenMissing::Map), None) => {
            section
                .note("missing", " = \"map\" needs map_to = \"…\"", notes)
                .advise(": a user of the destination, by name or id")
                .instead(left);
        }
        (Some(WhenMissing::Map), Some(_)) | (_, None) => {}
        _ => {
            section.note("map_to", " goes with missing = \"map\" only", notes).instead(left);
        }
    }
    let missing = missing.filter(|missing| *missing != WhenMissing::Map || map_to.is_some());
    let map_to = map_to.filter(|_| missing == Some(WhenMissing::Map));
    UserStrategy {
        match_by: section.word("match_by", &MatchBy::ALL, notes),
        existing: section.word("existing", &WhenFound::ALL, notes),
        missing,
        map_to,
        copies_passwords: section.word("passwords", &[("unusable", false), ("copy", true)], notes),
    }
}

/// What becomes of the destination's rows.
fn replace(section: &Section<'_>, notes: &mut Notes) -> Option<bool> {
    let words = [("replace", true), ("keep", false)];
    section.given_word("destination_rows", &words, " and was left aside", notes)
}

fn options(section: &Section<'_>, notes: &mut Notes) -> RunOptions {
    let defaults = RunOptions::default();
    let within = |key: &str, least: usize, most: usize, why: &str, notes: &mut Notes| {
        let given = section.number(key, notes)?;
        let fitting = usize::try_from(given).ok().filter(|n| (least..=most).contains(n));
        if fitting.is_none() {
            let what = format!(" = {given}: it lies between {least} and {most}");
            section.note(key, &what, notes).advise(why).instead(DEFAULT_TAKEN);
        }
        fitting
    };
    let why = "; above that SQL Server locks the whole table";
    let rejects = section.word("rejects", &REJECT_POLICIES, notes);
    let instead = "; say rejects = \"stop\" to have none";
    let max_rejects = within("max_rejects", 1, usize::MAX, instead, notes);
    if max_rejects.is_some() && rejects == RejectPolicy::Stop {
        section
            .note("max_rejects", " says nothing beside rejects = \"stop\"", notes)
            .advise("; leave one of the two out")
            .instead("; the run stops at the first reject");
    }
    RunOptions {
        batch_rows: within("batch_rows", 1, 4000, why, notes).unwrap_or(defaults.batch_rows),
        parallel_entities: within("parallel_entities", 1, 16, "", notes)
            .unwrap_or(defaults.parallel_entities),
        source_reading: section.word("source_reading", &SOURCE_READINGS, notes),
        source_connections: within("source_connections", 1, 16, "", notes)
            .unwrap_or(defaults.source_connections),
        source_pace: section.word("source_pace", &SOURCE_PACES, notes),
        keep_before_images: section
            .flag("keep_before_images", notes)
            .unwrap_or(defaults.keep_before_images),
        identity_ranges: section.flag("identity_ranges", notes).unwrap_or(defaults.identity_ranges),
        rejects,
        max_rejects: max_rejects.map(|most| most as u64),
    }
}

/// What is said of the checks before the run.
fn preflight(root: &Section<'_>, notes: &mut Notes) -> Acceptance {
    let Some(section) = section(root, "preflight", &PREFLIGHT, notes) else {
        return Acceptance::default();
    };
    let known = CheckKind::acceptable();
    let mut accept = Vec::new();
    for given in section.texts("accept", notes) {
        match known.iter().find(|(name, _)| *name == given) {
            Some((_, kind)) => accept.push(*kind),
            None => {
                let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
                let what = format!(": no warning {given:?} can be accepted");
                let advice = format!("; a warning is {}", one_of(&names));
                section.note("accept", &what, notes).advise(advice).instead(", so it was left out");
            }
        }
    }
    Acceptance { accept, frozen: section.text("frozen", notes).unwrap_or_default() }
}

/// A database, as one of the tables of a plan names it.
pub(super) fn endpoint(root: &Section<'_>, key: &str, notes: &mut Notes) -> Endpoint {
    let Some(section) = needed_section(root, key, &ENDPOINT, notes) else {
        return Endpoint::empty();
    };
    let server = section.text("server", notes);
    let database = section.text("database", notes);
    let user = section.text("user", notes).unwrap_or_default();
    let path = section.path("path", notes);
    let ca_file = section.path("ca_file", notes);
    let trust_certificate = section.flag("trust_certificate", notes).unwrap_or(false);
    let is_sqlite = is_sqlite(&section, path.is_some() && server.is_none(), notes);
    let engine = if is_sqlite { "sqlite" } else { "sqlserver" };
    // A draft may be without these.
    let missing = |key: &str, notes: &mut Notes| {
        section.note_whole(&format!("needs {key} = \"…\" with engine = {engine:?}"), notes);
        String::new()
    };
    let engine = if is_sqlite {
        EndpointEngine::Sqlite { path: path.unwrap_or_else(|| missing("path", notes).into()) }
    } else {
        let authentication = section.word("auth", &AUTHENTICATIONS, notes);
        let by_name = matches!(authentication, Authentication::Sql | Authentication::Windows);
        if by_name && user.is_empty() {
            missing("user", notes);
        }
        if trust_certificate && ca_file.is_some() {
            section
                .note_whole("has both trust_certificate and ca_file", notes)
                .advise(": one accepts every certificate, the other says which; choose one")
                .instead(": one accepts every certificate, the other says which; choose one");
        }
        EndpointEngine::SqlServer {
            server: server.unwrap_or_else(|| missing("server", notes)),
            database: database.unwrap_or_else(|| missing("database", notes)),
            user,
            authentication,
            encryption: section.word("encrypt", &ENCRYPTIONS, notes),
            trust_certificate,
            ca_file,
        }
    };
    let purpose = section.given_word("purpose", &PURPOSES, " and was left aside", notes);
    Endpoint { engine, purpose }
}

/// Which engine a side says it is on; `likely` where it says none that is known.
fn is_sqlite(section: &Section<'_>, likely: bool, notes: &mut Notes) -> bool {
    let words = [("sqlserver", false), ("sqlite", true)];
    let taken = format!("; {:?} was taken", if likely { "sqlite" } else { "sqlserver" });
    if !section.has("engine") {
        section
            .note_whole("needs engine = \"sqlserver\" or \"sqlite\"", notes)
            .instead(taken.as_str());
    }
    section.given_word("engine", &words, &taken, notes).unwrap_or(likely)
}

fn decisions(root: &Section<'_>, notes: &mut Notes) -> Decisions {
    let mut decisions = Decisions::default();
    let Some(item) = root.item("decision") else { return decisions };
    let mut tables: Vec<&dyn TableLike> = Vec::new();
    match item {
        Item::ArrayOfTables(all) => tables.extend(all.iter().map(|table| table as &dyn TableLike)),
        Item::Value(Value::Array(array)) => {
            for value in array {
                if let Some(table) = value.as_inline_table() {
                    tables.push(table);
                } else {
                    let is = type_of_value(value);
                    notes
                        .add(value.span(), format!("a decision has to be a table and is {is}"))
                        .instead(" and was left aside");
                }
            }
        }
        _ => root.note_type("decision", item, "a list of tables, [[decision]],", notes),
    }
    for (place, table) in tables.into_iter().enumerate() {
        let before = notes.len();
        let decision = decision(place + 1, table, notes);
        // Without one of its keys it might speak of something else.
        if notes.len() > before {
            notes.instead_since(before, "; the decision was left aside");
        } else if let Some(decision) = decision {
            decisions.put(decision);
        }
    }
    decisions
}

fn decision(place: usize, table: &dyn TableLike, notes: &mut Notes) -> Option<Decision> {
    let span = table.iter().next().and_then(|(key, _)| table.get_key_value(key)?.0.span());
    let section = Section::new(format!("decision {place}"), span, table, &DECISION, notes);
    let mut needed = |key: &str| {
        let text = section.text(key, notes);
        if !section.has(key) {
            section.note_whole(&format!("needs {key} = \"…\""), notes);
        }
        text
    };
    let (kind, choice) = (needed("kind"), needed("choice"));
    let kind = kind.and_then(|kind| finding_kind(&section, &kind, notes));
    let mut key = |name: &str| Key::new(&section.text(name, notes).unwrap_or_default());
    let (espace, entity, attribute) = (key("espace"), key("entity"), key("attribute"));
    let (record, user, tenant) = (key("record"), key("user"), key("tenant"));
    let about = section.text("about", notes).unwrap_or_default();
    let to = target(&section, "to", notes);
    let key = FindingKey { kind: kind?, espace, entity, attribute, record, user, tenant };
    Some(Decision { key, about, choice: choice?, to })
}

fn finding_kind(section: &Section<'_>, given: &str, notes: &mut Notes) -> Option<FindingKind> {
    let kind = FindingKind::parse(given);
    if kind.is_none() {
        let near = FindingKind::ALL
            .iter()
            .map(|kind| kind.name())
            .max_by(|a, b| {
                strsim::jaro_winkler(a, given).total_cmp(&strsim::jaro_winkler(b, given))
            })
            .unwrap_or_default();
        section
            .note("kind", &format!(": there is no finding of kind {given:?}"), notes)
            .advise(format!("; did you mean {near:?}?"));
    }
    kind
}

/// Where to: a name, or an id that need not stand in quotes.
fn target(section: &Section<'_>, key: &str, notes: &mut Notes) -> Option<String> {
    match section.item(key)? {
        Item::Value(Value::Integer(number)) => Some(number.value().to_string()),
        Item::Value(Value::Float(number)) => Some(number.value().to_string()),
        Item::Value(Value::Boolean(flag)) => Some(flag.value().to_string()),
        Item::Value(Value::Datetime(date)) => Some(date.value().to_string()),
        _ => section.text(key, notes),
    }
}
