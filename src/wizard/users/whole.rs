//! What is said of all users at once: a line that shows it, and the questions that change it.

use super::super::findings::{Target, may_change, users_for};
use super::super::migration::Migration;
use super::Users;
use crate::compare::{MatchBy, UserStrategy, WhenFound, WhenMissing};
use crate::outsystems::{Key, Side};

const WHAT: &str = "users-all";
const BY: &str = "users-match-by";
const FOUND: &str = "users-existing";
const MISSING: &str = "users-missing";
const PASSWORDS: &str = "users-passwords";
const MAP_TO: &str = "users-map-to";

/// The questions about all users, in the order in which they are offered.
const QUESTIONS: [&str; 4] = [BY, FOUND, MISSING, PASSWORDS];

/// What becomes of missing users, in the order offered; the first is the safe one.
const WHEN_MISSING: [Option<WhenMissing>; 5] = [
    None,
    Some(WhenMissing::Create),
    Some(WhenMissing::Map),
    Some(WhenMissing::Empty),
    Some(WhenMissing::Stop),
];

fn by(by: MatchBy) -> &'static str {
    match by {
        MatchBy::UserName => "user name",
        MatchBy::Email => "e-mail address",
        MatchBy::ExternalId => "external id",
    }
}

fn found(found: WhenFound) -> &'static str {
    match found {
        WhenFound::Use => "use",
        WhenFound::Update => "update",
        WhenFound::Recreate => "create again",
    }
}

fn missing(strategy: &UserStrategy) -> String {
    match (strategy.missing, &strategy.map_to) {
        (None, _) => "decide each".to_owned(),
        (Some(WhenMissing::Create), _) => "create".to_owned(),
        (Some(WhenMissing::Map), Some(to)) => format!("map to {to}"),
        (Some(WhenMissing::Map), None) => "map to one".to_owned(),
        (Some(WhenMissing::Empty), _) => "no reference".to_owned(),
        (Some(WhenMissing::Stop), _) => "stop".to_owned(),
    }
}

fn passwords(copies: bool) -> &'static str {
    if copies { "copied" } else { "unusable" }
}

/// What is said of all users, in a line.
pub(super) fn line(migration: &Migration) -> String {
    let strategy = &migration.plan.scope.users;
    format!(
        "By {}; there: {}; passwords: {}; missing: {}",
        by(strategy.match_by),
        found(strategy.existing),
        passwords(strategy.copies_passwords),
        missing(strategy)
    )
}

/// Asks what of it is to be changed.
pub(super) fn ask(migration: &mut Migration) {
    if !may_change(migration) {
        return;
    }
    let there = migration.name_of(Side::Destination);
    let strategy = &migration.plan.scope.users;
    let choices = vec![
        ("matched by".to_owned(), by(strategy.match_by).to_owned()),
        (format!("those that {there} has"), found(strategy.existing).to_owned()),
        (format!("those that {there} lacks"), missing(strategy)),
        ("passwords".to_owned(), passwords(strategy.copies_passwords).to_owned()),
    ];
    let lines = vec!["What is decided about one of them goes before it.".to_owned()];
    migration.ask(WHAT, "All users", lines, choices);
}

/// The choices of a question, the one that holds marked.
fn choices(all: &[(&str, &str)], now: usize) -> Vec<(String, String)> {
    let marked = |(place, (name, what)): (usize, &(&str, &str))| {
        let name = if place == now { format!("{name} (as it is now)") } else { (*name).to_owned() };
        (name, (*what).to_owned())
    };
    all.iter().enumerate().map(marked).collect()
}

/// Asks one of the questions.
fn ask_one(migration: &mut Migration, tag: &'static str) {
    let there = migration.name_of(Side::Destination);
    let strategy = migration.plan.scope.users.clone();
    let place = |is_now: &dyn Fn(usize) -> bool| (0..5).find(|place| is_now(*place)).unwrap_or(5);
    let (title, all, now): (String, &[(&str, &str)], usize) = match tag {
        BY => (
            "What says that two users are the same person?".to_owned(),
            &[
                ("user name", "within the tenant; case is ignored"),
                ("e-mail address", "whoever has none is decided"),
                ("external id", "whoever has none is decided"),
            ],
            place(&|at| MatchBy::ALL.get(at).is_some_and(|one| one.1 == strategy.match_by)),
        ),
        FOUND => (
            format!("What becomes of users that {there} has?"),
            &[
                ("use them as they are", ""),
                (
                    "update them",
                    "name, e-mail, phone, external id and whether active, as the source says",
                ),
                (
                    "create them again",
                    "their rows are deleted first; roles and groups outside the scope go along",
                ),
            ],
            place(&|at| WhenFound::ALL.get(at).is_some_and(|one| one.1 == strategy.existing)),
        ),
        MISSING => (
            format!("What becomes of users that {there} lacks?"),
            &[
                ("decide each", ""),
                ("create them", "e-mail and phone masked unless the plan says otherwise"),
                ("one user stands for all", "picked next"),
                ("write no reference", "where a reference may not be empty, each is decided"),
                ("stop", "the run does not start while anybody is missing"),
            ],
            place(&|at| WHEN_MISSING.get(at).is_some_and(|one| *one == strategy.missing)),
        ),
        _ => (
            "Passwords of users that are created or updated?".to_owned(),
            &[
                ("unusable", "no password fits a created user; an updated one keeps its own"),
                ("copied", "the hashes of Production will stand in the destination: a warning"),
            ],
            usize::from(strategy.copies_passwords),
        ),
    };
    migration.ask(tag, title, Vec::new(), choices(all, now));
}

impl Users {
    /// The person chose in one of these questions; says whether it was one.
    pub(super) fn replied_of_all(
        &mut self,
        migration: &mut Migration,
        tag: &'static str,
        place: usize,
    ) -> bool {
        match tag {
            WHAT => {
                if let Some(tag) = QUESTIONS.get(place) {
                    ask_one(migration, tag);
                }
                return true;
            }
            MISSING if WHEN_MISSING.get(place) == Some(&Some(WhenMissing::Map)) => {
                self.pick_for_all(migration);
                return true;
            }
            BY | FOUND | MISSING | PASSWORDS | MAP_TO => {}
            _ => return false,
        }
        let to = self.offered.get(place).cloned();
        migration.set_scope(|scope| {
            let users = &mut scope.users;
            match tag {
                BY => users.match_by = MatchBy::ALL.get(place).map_or(users.match_by, |one| one.1),
                FOUND => {
                    users.existing = WhenFound::ALL.get(place).map_or(users.existing, |one| one.1);
                }
                MISSING => {
                    users.missing = WHEN_MISSING.get(place).copied().flatten();
                    users.map_to = None;
                }
                MAP_TO => {
                    users.missing = Some(WhenMissing::Map);
                    users.map_to = to;
                }
                _ => users.copies_passwords = place == 1,
            }
        });
        let said = format!("{}.", line(migration));
        migration.say(said);
        true
    }

    /// Somebody of the destination is picked who stands for everybody that it lacks.
    fn pick_for_all(&mut self, migration: &mut Migration) {
        let Some((source, destination)) = migration.models() else { return };
        let all = users_for(source, destination, &Key::default(), &Default::default());
        self.offer(migration, MAP_TO, "Who stands for all that are missing?", all);
    }

    /// Has somebody of the destination picked.
    pub(super) fn offer(
        &mut self,
        migration: &mut Migration,
        tag: &'static str,
        title: &str,
        all: Vec<Target>,
    ) {
        if all.is_empty() {
            migration.say("The destination has no users.");
            return;
        }
        let (offered, shown) = all.into_iter().map(|target| (target.to, target.shown)).unzip();
        self.offered = offered;
        migration.pick(tag, title, shown);
    }
}
