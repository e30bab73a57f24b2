//! The plan file: written by hand, by the program, half finished, or wrong.

use super::*;
use crate::compare::{FindingKey, FindingKind, MatchBy, UserStrategy, WhenFound, WhenMissing};
use crate::outsystems::Key;
use crate::plan::{Acceptance, CheckKind, Decision, Decisions, PersonalData, ScopeRequest};

const SMALL: &str = r#"
version = 1
name = "small"   # what it is called

[source]
engine = "sqlite"
path = "prod.sqlite"

[destination]
engine = "sqlserver"
server = "dev,1433"
database = "OSDEV"
user = "osferry_rw"
purpose = "non-production"

[scope]
applications = ["Claims"]

[options]
destination_rows = "replace"
"#;

#[test]
fn the_smallest_plan_reads() {
    let plan = PlanFile::parse(SMALL, "x").expect("a plan");
    assert_eq!(plan.name, "small");
    assert_eq!(plan.scope.replace, Some(true));
    assert_eq!(plan.options, RunOptions::default());
    assert_eq!(plan.source.purpose, None);
    assert!(plan.destination.needs_secret());
}

#[test]
fn an_unknown_key_is_refused_with_its_line() {
    let text = SMALL.replace("database =", "databse =");
    let error = PlanFile::parse(&text, "x").expect_err("a misspelt key").to_string();
    assert!(error.contains("line 12") && error.contains("databse"), "{error}");
}

#[test]
fn how_gently_the_source_is_read_is_said_or_refused() {
    let with = |line: &str| PlanFile::parse(&format!("{SMALL}{line}\n"), "x");
    let plan = with("source_pace = \"half\"\nsource_connections = 3").expect("a plan");
    assert_eq!((plan.options.source_pace, plan.options.source_connections), (SourcePace::Half, 3));
    let text = plan.to_text();
    assert!(text.contains("source_pace = \"half\"\n"), "{text}");
    assert!(text.contains("source_connections = 3\n"), "{text}");
    // A run that begins by not reading would never begin.
    for (line, word) in [
        ("source_pace = \"rest\"", "gentle"),
        ("source_pace = 2", "source_pace"),
        ("source_connections = 0", "between 1 and 16"),
        ("source_connections = 17", "between 1 and 16"),
    ] {
        let error = with(line).expect_err(line).to_string();
        assert!(error.contains("line 21") && error.contains(word), "{error}");
    }
}

#[test]
fn a_plan_that_says_nothing_of_its_pace_has_the_fingerprint_it_had() {
    let json = serde_json::to_string(&RunOptions::default()).expect("JSON");
    assert!(!json.contains("source_pace") && !json.contains("source_connections"), "{json}");
    let read: RunOptions = serde_json::from_str(&json).expect("options");
    assert_eq!(read, RunOptions::default());
}

#[test]
fn that_ids_are_reserved_is_said_or_the_fingerprint_stays() {
    let with = |line: &str| PlanFile::parse(&format!("{SMALL}{line}\n"), "x");
    let plan = with("identity_ranges = true").expect("a plan");
    assert!(plan.options.identity_ranges && plan.to_text().contains("identity_ranges = true\n"));
    let plan = with("").expect("a plan");
    assert!(!plan.options.identity_ranges && !plan.to_text().contains("identity_ranges"));
    let json = serde_json::to_string(&RunOptions::default()).expect("JSON");
    assert!(!json.contains("identity_ranges"), "{json}");
    let error = with("identity_ranges = \"yes\"").expect_err("no flag").to_string();
    assert!(error.contains("line 21") && error.contains("identity_ranges"), "{error}");
}

#[test]
fn decisions_are_written_and_read_back_and_comments_survive() {
    let mut decisions = Decisions::default();
    decisions.put(Decision {
        key: FindingKey {
            espace: Key::new("e"),
            entity: Key::new("n"),
            ..FindingKey::new(FindingKind::EntityMissing)
        },
        about: "Claims.Claim".to_owned(),
        choice: "leave-out".to_owned(),
        to: None,
    });
    let text = PlanFile::with_decisions(SMALL, &decisions).expect("it is TOML");
    assert!(text.contains("# what it is called"));
    let mut plan = PlanFile::parse(&text, "x").expect("a plan");
    assert_eq!(plan.decisions.all(), decisions.all());
    plan.options.source_reading = SourceReading::Frozen;
    let again = PlanFile::parse(&plan.to_text(), "x").expect("a plan");
    assert_eq!(again.decisions.all(), decisions.all());
    assert_eq!(again.source, plan.source);
    assert_eq!(again.scope, plan.scope);
    assert_eq!(again.options, plan.options);
}

#[test]
fn a_plan_with_several_mistakes_names_all_of_them_in_order() {
    let text = SMALL
        .replace("database =", "databse =")
        .replace("engine = \"sqlite\"", "engine = \"oracle\"")
        .replace("= \"replace\"", "= true");
    let error = PlanFile::parse(&text, "x").expect_err("three mistakes").to_string();
    let places: Vec<usize> = ["line 6: [source] engine", "line 12: unknown key", "line 20: "]
        .iter()
        .map(|words| error.find(words).unwrap_or_else(|| panic!("{words}: {error}")))
        .collect();
    assert!(places.is_sorted(), "{error}");
    assert!(error.contains("did you mean \"database\"?"), "{error}");
    assert!(!error.contains("left aside"), "a refusal leaves nothing aside: {error}");
}

#[test]
fn a_plan_of_another_version_is_refused_for_that_only() {
    let text = SMALL.replace("version = 1", "version = 99").replace("name =", "title =");
    let error = PlanFile::parse(&text, "x").expect_err("another version").to_string();
    assert_eq!(error, "line 2: version = 99: this osferry reads plans of version 1");
}

/// What the wizard says of a text.
fn notices(text: &str) -> Vec<String> {
    PlanFile::understand(text, "x").expect("it is TOML").notices
}

#[test]
fn what_is_not_understood_is_named_with_its_line_and_what_became_of_it() {
    for (from, to, notice) in [
        (
            "database =",
            "databse =",
            "line 12: unknown key \"databse\" under [destination] was left aside",
        ),
        ("[scope]", "[extras]\nx = 1\n[scope]", "line 16: unknown key \"extras\" was left aside"),
        (
            "version = 1",
            "version = 7",
            "line 2: version = 7: this osferry reads plans of version 1, and took what it knows",
        ),
        ("version = 1", "", "version is missing; the file was read as version 1"),
        (
            "server = \"dev,1433\"",
            "server = 1433",
            "line 11: [destination] server has to be a text and is a whole number and was left aside",
        ),
        (
            "engine = \"sqlserver\"",
            "engine = \"oracle\"",
            "line 10: [destination] engine = \"oracle\": it is \"sqlserver\" or \"sqlite\"; \
             \"sqlserver\" was taken",
        ),
        (
            "engine = \"sqlite\"",
            "",
            "line 5: [source] needs engine = \"sqlserver\" or \"sqlite\"; \"sqlite\" was taken",
        ),
        (
            "purpose = \"non-production\"",
            "purpose = \"test\"",
            "line 14: [destination] purpose = \"test\": it is \"production\", \"non-production\" or \
             \"development\" and was left aside",
        ),
        (
            "[\"Claims\"]",
            "[\"Claims\", 5]",
            "line 17: [scope] applications: number 2 has to be a text and is a whole number and was \
             left aside",
        ),
        (
            "destination_rows = \"replace\"",
            "batch_rows = 9000",
            "line 20: [options] batch_rows = 9000: it lies between 1 and 4000; the default was taken",
        ),
    ] {
        let text = SMALL.replacen(from, to, 1);
        assert_ne!(text, SMALL, "{from}");
        assert_eq!(notices(&text), [notice], "{from} → {to}");
    }
}

#[test]
fn missing_sections_are_said_and_empty() {
    let understood = PlanFile::understand("version = 1\n", "claims").expect("it is TOML");
    assert_eq!(understood.plan, PlanFile::empty("claims"));
    let said = ["source", "destination", "scope"]
        .map(|section| format!("[{section}] is missing and was left empty"));
    assert_eq!(understood.notices, said);
    assert!(PlanFile::understand("this is = not = toml", "x").is_err());
}

#[test]
fn what_is_understood_of_a_spoilt_plan_is_kept() {
    let text = SMALL.replace("database =", "databse =");
    let plan = PlanFile::understand(&text, "x").expect("it is TOML").plan;
    let mut whole = PlanFile::parse(SMALL, "x").expect("a plan");
    if let EndpointEngine::SqlServer { database, .. } = &mut whole.destination.engine {
        database.clear();
    }
    assert_eq!(plan, whole);
}

const DECIDED: &str = "\n[[decision]]\nkind = \"text-too-long\"\nattribute = \"a\"\n\
                       choice = \"reject\"\n\n[[decision]]\nkind = \"entity-missing\"\n\
                       entity = \"e\"\nchoice = \"leave-out\"\nto = 5\n";

/// A decision that lost one of its keys would speak of another finding.
#[test]
fn a_decision_that_is_not_wholly_understood_is_left_aside() {
    let sound = format!("{SMALL}{DECIDED}");
    let plan = PlanFile::parse(&sound, "x").expect("a plan");
    assert_eq!(plan.decisions.all().len(), 2);
    assert!(plan.decisions.all().iter().any(|decision| decision.to.as_deref() == Some("5")));
    for (from, to, notice) in [
        (
            "attribute = \"a\"",
            "atribute = \"a\"",
            "line 24: unknown key \"atribute\" under decision 1; the decision was left aside",
        ),
        (
            "attribute = \"a\"",
            "attribute = 5",
            "line 24: decision 1 attribute has to be a text and is a whole number; the decision \
             was left aside",
        ),
        (
            "text-too-long",
            "text-to-long",
            "line 23: decision 1 kind: there is no finding of kind \"text-to-long\"; the decision \
             was left aside",
        ),
        (
            "choice = \"reject\"",
            "",
            "line 23: decision 1 needs choice = \"…\"; the decision was left aside",
        ),
    ] {
        let text = sound.replacen(from, to, 1);
        let understood = PlanFile::understand(&text, "x").expect("it is TOML");
        assert_eq!(understood.notices, [notice], "{to}");
        let left = understood.plan.decisions.all();
        assert_eq!(left.len(), 1, "{to}");
        assert_eq!(left[0].choice, "leave-out");
        PlanFile::parse(&text, "x").expect_err("a command refuses it");
    }
}

#[test]
fn a_draft_keeps_its_step_and_a_plan_has_none() {
    let plan = PlanFile::parse(SMALL, "x").expect("a plan");
    let draft = plan.to_draft_text("Users");
    let understood = PlanFile::understand(&draft, "x").expect("a draft");
    assert_eq!(understood.step.as_deref(), Some("Users"));
    assert_eq!(understood.notices, Vec::<String>::new());
    assert_eq!(PlanFile::parse(&draft, "x"), Ok(plan.clone()), "a whole draft can be carried out");
    assert_eq!(PlanFile::understand(&plan.to_text(), "x").expect("a plan").step, None);
}

#[test]
fn every_word_has_one_meaning_and_a_label() {
    fn check<T: Copy>(words: &[(&str, T)], label: impl Fn(T) -> &'static str) {
        let mut seen = std::collections::BTreeSet::new();
        for (word, meaning) in words {
            assert!(seen.insert(*word) && seen.insert(label(*meaning)), "{word}");
        }
    }
    check(&AUTHENTICATIONS, crate::database::Authentication::label);
    check(&ENCRYPTIONS, crate::database::Encryption::label);
    check(&PURPOSES, Purpose::label);
}

mod properties {
    use proptest::option;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    fn endpoint() -> impl Strategy<Value = Endpoint> {
        let purpose = option::of(select(PURPOSES.to_vec()).prop_map(|(_, purpose)| purpose));
        let sqlite = any::<String>().prop_map(|path| EndpointEngine::Sqlite { path: path.into() });
        let server = (
            (any::<String>(), any::<String>(), any::<String>()),
            (select(AUTHENTICATIONS.to_vec()), select(ENCRYPTIONS.to_vec())),
            // One of both: a file that has both is told so.
            prop_oneof![
                Just((false, None)),
                Just((true, None)),
                any::<String>().prop_map(|file| (false, Some(file)))
            ],
        )
            .prop_map(|((server, database, user), (auth, encrypt), (trust, file))| {
                EndpointEngine::SqlServer {
                    server,
                    database,
                    user,
                    authentication: auth.1,
                    encryption: encrypt.1,
                    trust_certificate: trust,
                    ca_file: file.map(Into::into),
                }
            });
        (prop_oneof![sqlite, server], purpose)
            .prop_map(|(engine, purpose)| Endpoint { engine, purpose })
    }

    fn decision() -> impl Strategy<Value = Decision> {
        let keys = prop::collection::vec(any::<String>(), 6);
        let words = (any::<String>(), any::<String>(), option::of(any::<String>()));
        (select(FindingKind::ALL.to_vec()), keys, words).prop_map(|(kind, keys, words)| Decision {
            key: FindingKey {
                kind,
                espace: Key::new(&keys[0]),
                entity: Key::new(&keys[1]),
                attribute: Key::new(&keys[2]),
                record: Key::new(&keys[3]),
                user: Key::new(&keys[4]),
                tenant: Key::new(&keys[5]),
            },
            about: words.0,
            choice: words.1,
            to: words.2,
        })
    }

    /// A run that stops at the first reject has no use for a number of them.
    fn rejects() -> impl Strategy<Value = (RejectPolicy, Option<u64>)> {
        prop_oneof![
            Just((RejectPolicy::Stop, None)),
            option::of(1..1_000_000_u64).prop_map(|most| (RejectPolicy::GoOn, most)),
        ]
    }

    prop_compose! {
        fn plan_file()(
            name in any::<String>(),
            source in endpoint(),
            destination in endpoint(),
            lists in prop::collection::vec(prop::collection::vec(any::<String>(), 0..3), 4),
            replace in option::of(any::<bool>()),
            no_soft_keys in any::<bool>(),
            personal_data in option::of(select(vec![PersonalData::Real, PersonalData::Mask])),
            batch_rows in 1..=4000_usize,
            parallel_entities in 1..=16_usize,
            reading in select(SOURCE_READINGS.to_vec()),
            source_connections in 1..=16_usize,
            pace in select(SOURCE_PACES.to_vec()),
            keep_before_images in any::<bool>(),
            identity_ranges in any::<bool>(),
            maps in prop::collection::vec(option::of(any::<String>()), 4),
            match_by in select(MatchBy::ALL.to_vec()),
            missing in option::of(select(WhenMissing::ALL.to_vec())),
            existing in select(WhenFound::ALL.to_vec()),
            map_to in any::<String>(),
            (rejects, max_rejects) in rejects(),
            accept in prop::collection::vec(
                select(CheckKind::acceptable()).prop_map(|(_, kind)| kind), 0..3),
            frozen in any::<String>(),
            decided in prop::collection::vec(decision(), 0..4),
        ) -> PlanFile {
            let mut decisions = Decisions::default();
            for decision in decided {
                decisions.put(decision);
            }
            let list = |place: usize| lists[place].clone();
            PlanFile {
                name,
                source,
                destination,
                scope: ScopeRequest {
                    applications: list(0),
                    espaces: list(1),
                    solutions: list(2),
                    entities: list(3),
                    components: keep_before_images,
                    exclude: list(3),
                    replace,
                    users: UserStrategy {
                        match_by: match_by.1,
                        existing: existing.1,
                        missing: missing.map(|missing| missing.1),
                        map_to: missing
                            .filter(|missing| missing.1 == WhenMissing::Map)
                            .map(|_| map_to),
                        copies_passwords: keep_before_images,
                    },
                    personal_data,
                    no_soft_keys,
                },
                options: RunOptions {
                    batch_rows,
                    parallel_entities,
                    source_reading: reading.1,
                    source_connections,
                    source_pace: pace.1,
                    keep_before_images,
                    identity_ranges,
                    rejects,
                    max_rejects,
                },
                preflight: Acceptance { accept, frozen },
                maps: MapFiles {
                    records: maps[0].clone().map(Into::into),
                    users: maps[1].clone().map(Into::into),
                    groups: maps[2].clone().map(Into::into),
                    tenants: maps[3].clone().map(Into::into),
                },
                decisions,
            }
        }
    }

    /// Lines as a person might write or spoil them.
    fn lines() -> impl Strategy<Value = String> {
        let keys: Vec<&str> = plan_keys().iter().flat_map(|(_, keys)| *keys).copied().collect();
        let values = [
            "1",
            "-1",
            "99999999999999999999",
            "1.5",
            "true",
            "\"\"",
            "\"sqlite\"",
            "\"sql\"",
            "[]",
            "[1, \"a\"]",
            "{}",
            "{ kind = 1 }",
            "[{ choice = \"x\" }]",
            "1979-05-27",
            "é",
        ];
        let heads =
            ["[source]", "[destination]", "[scope]", "[options]", "[[decision]]", "[wizard]"];
        let line = prop_oneof![
            (select(keys), select(values.to_vec()))
                .prop_map(|(key, value)| format!("{key} = {value}")),
            select(heads.to_vec()).prop_map(str::to_owned),
            "[a-z]{1,9}(\\.[a-z]{1,9})? = [0-9]{1,3}",
        ];
        let before = select(vec![String::new(), SMALL.to_owned(), format!("{SMALL}{DECIDED}")]);
        (before, prop::collection::vec(line, 0..6))
            .prop_map(|(before, lines)| format!("{before}{}", lines.join("\n")))
    }

    proptest! {
        #[test]
        fn any_text_is_understood_or_refused(text in any::<String>()) {
            let _ = PlanFile::understand(&text, "x");
            let _ = PlanFile::parse(&text, "x");
        }

        #[test]
        fn what_a_command_takes_the_wizard_takes_without_a_word(text in lines()) {
            let understood = PlanFile::understand(&text, "x");
            match PlanFile::parse(&text, "x") {
                Ok(plan) => {
                    let understood = understood.expect("a plan");
                    prop_assert_eq!(&understood.plan, &plan);
                    prop_assert!(understood.notices.is_empty(), "{:?}", understood.notices);
                }
                Err(error) => prop_assert!(!error.to_string().trim().is_empty()),
            }
        }

        #[test]
        fn a_plan_spoilt_by_one_sign_is_understood_or_refused(
            at in 0..SMALL.len(),
            sign in any::<char>(),
            is_cut in any::<bool>(),
        ) {
            let mut text = SMALL.to_owned();
            if is_cut {
                text.truncate(at);
            } else {
                text.insert(at, sign);
            }
            let _ = PlanFile::understand(&text, "x");
        }

        #[test]
        fn an_unknown_key_is_always_named(key in "[a-z]{1,8}", place in 0..3_usize) {
            let (heading, known) = plan_keys()[[1, 2, 3][place]];
            prop_assume!(!known.contains(&key.as_str()));
            let head = ["[source]", "[scope]", "[options]"][place];
            let text = SMALL.replace(head, &format!("{head}\n{key} = 1"));
            let said = notices(&text);
            prop_assert!(
                said.len() == 1 && said[0].contains(&key) && said[0].starts_with("line "),
                "{heading}: {said:?}"
            );
        }

        #[test]
        fn a_draft_is_read_as_it_was_written(plan in plan_file(), step in any::<String>()) {
            let text = plan.to_draft_text(&step);
            let understood = PlanFile::understand(&text, "another name").expect("it is TOML");
            prop_assert_eq!(&understood.plan, &plan, "{}", text);
            prop_assert_eq!(understood.step, Some(step));
            prop_assert_eq!(understood.notices, Vec::<String>::new());
        }
    }
}
