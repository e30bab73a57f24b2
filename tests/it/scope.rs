//! What is in the scope and what is not: single entities, component modules, extensions; and what
//! is told of modules' declared uses and of rows outside that point in.

#![expect(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

use osferry::outsystems::Side;
use serde_json::Value;

use crate::estate::generate;
use crate::estate::model::Pair;
use crate::estate::recipe::{Feature, Flaw, Recipe};
use crate::program::Bench;
use crate::support::engine::TestEngine;

crate::on_both_engines!(
    single_entities_are_carried_over_without_their_module,
    component_modules_are_taken_in_only_where_somebody_asks_for_it,
    entities_of_extensions_are_shown_as_not_carried_over,
    a_solution_is_its_modules_and_what_its_extensions_keep_is_shown,
    a_solution_whose_modules_nobody_knows_is_refused_and_hinders_nobody_else,
    declared_uses_that_differ_from_references_are_noted,
    declared_elements_that_differ_from_references_are_noted,
    rows_outside_that_point_to_rows_which_stay_are_counted,
);

fn pair(seed: u64, features: &[Feature], flaw: Option<Flaw>) -> Pair {
    generate::pair(&Recipe { seed, size: 2, features: features.to_vec(), flaw })
}

/// What `osferry compare` says of a plan with this scope and this below it.
fn compared(bench: &Bench, scope: &str, more: &str) -> Value {
    let mut plan = bench.usual_plan();
    scope.clone_into(&mut plan.scope);
    more.clone_into(&mut plan.more);
    bench.plan(&plan.text());
    let said = bench.osferry(&["compare", "plan.toml", "--json"]);
    serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}\n{}", said.all()))
}

/// The entities of the scope.
fn entities(report: &Value) -> Vec<&str> {
    let all = report["entities"].as_array().expect("entities");
    all.iter().map(|entity| entity["name"].as_str().expect("a name")).collect()
}

fn found<'a>(report: &'a Value, kind: &str, about: &str) -> Option<&'a Value> {
    let all = report["findings"].as_array().expect("findings");
    let about = about.to_lowercase();
    let is_about = |f: &&Value| f["about"].as_str().is_some_and(|a| a.to_lowercase() == about);
    all.iter().filter(|f| f["kind"] == kind).find(is_about)
}

fn needed<'a>(report: &'a Value, kind: &str, about: &str) -> &'a Value {
    found(report, kind, about).unwrap_or_else(|| panic!("no {kind} about {about}: {report:#}"))
}

async fn single_entities_are_carried_over_without_their_module(engine: &TestEngine) {
    let pair = pair(51, &[Feature::ProducerKept], None);
    let bench = Bench::on(engine, &pair, 51);
    let report = compared(&bench, "entities = [\"base_cs.party\"]", "");
    let mut found = entities(&report);
    found.sort_unstable();
    assert_eq!(found, ["Base_CS.Party", "Base_CS.PartyKind"], "{report:#}");
    let said = bench.run();
    assert_eq!(said.code, Some(0), "{}", said.all());
    let ours = pair.source.named("Party").expect("there");
    let theirs = pair.destination.named("Party").expect("there");
    let after = bench.databases.read(Side::Destination);
    let rows = after.rows(&theirs.table).len();
    assert_eq!(rows, ours.rows.len(), "{}", said.all());

    let said = {
        let mut plan = bench.usual_plan();
        plan.scope = "entities = [\"Base_CS.Party\"]\nexclude = [\"Base_CS.Party\"]".to_owned();
        bench.plan(&plan.text());
        bench.osferry(&["compare", "plan.toml"])
    };
    assert!(said.err.contains("out of one of the lists"), "{}", said.all());
}

async fn component_modules_are_taken_in_only_where_somebody_asks_for_it(engine: &TestEngine) {
    let mut pair = pair(52, &[Feature::ProducerKept], None);
    for side in [&mut pair.source, &mut pair.destination] {
        let base = side.espaces.iter_mut().find(|e| e.name == "Base_CS").expect("there");
        base.name = "ECT_Provider".to_owned();
    }
    let bench = Bench::on(engine, &pair, 52);
    let core = "applications = [\"Core\"]";
    let report = compared(&bench, core, "");
    assert!(!entities(&report).contains(&"ECT_Provider.Party"), "{report:#}");
    let finding = needed(&report, "reference-leaves-scope", "Core_CS.Thing0.PartyId").clone();
    assert_ne!(finding["recommended"], "take-in", "{finding}");

    let text = |key: &str| finding[key].as_str().expect("a key").to_owned();
    let decision = format!(
        "\n[[decision]]\nkind = \"reference-leaves-scope\"\nespace = \"{}\"\nentity = \"{}\"\n\
         attribute = \"{}\"\nchoice = \"take-in\"\n",
        text("espace"),
        text("entity"),
        text("attribute")
    );
    for (scope, more) in [
        (core, decision.as_str()),
        ("applications = [\"Core\"]\ncomponents = true", ""),
        ("applications = [\"Core\"]\nespaces = [\"ECT_Provider\"]", ""),
    ] {
        let report = compared(&bench, scope, more);
        assert!(entities(&report).contains(&"ECT_Provider.Party"), "{scope}: {report:#}");
    }
}

/// Gives the source an entity of its extension, and the extension a module.
fn add_an_entity_of_an_extension(bench: &Bench) {
    for (table, row) in [
        (
            "OSSYS_ENTITY",
            "([ID], [PHYSICAL_TABLE_NAME], [NAME], [ESPACE_ID], [SS_KEY], [MULTITENANT], \
             [IS_ACTIVE], [IS_EXTERNAL], [IS_SYSTEM], [PRIMARYKEY_SS_KEY], [DATA_KIND], \
             [EXPOSE_PROCESS_EVENTS], [EVENT_TABLE_NAME], [EXTENSION_ID]) VALUES (88001, 'PARCEL', \
             'Parcel', NULL, '6a1f5a0e-1111-4c7e-9d0f-0123456789ab', 0, 1, 1, 0, '', 'entity', 0, \
             '', 4)",
        ),
        ("OSSYS_MODULE", "([ID], [ESPACE_ID], [EXTENSION_ID]) VALUES (88002, NULL, 4)"),
    ] {
        let sql = format!("INSERT INTO [{table}] {row}");
        bench.databases.insert_with_id(Side::Source, table, &sql);
    }
}

/// Fails unless the entity of the extension is told as one that is not carried over.
fn extension_is_shown(report: &Value) {
    let left = report["not_carried_over"].as_array().expect("a list");
    let parcel = left.iter().find(|one| one["what"] == "Zip.Parcel");
    let parcel = parcel.unwrap_or_else(|| panic!("not shown: {report:#}"));
    assert!(parcel["why"].as_str().is_some_and(|why| why.contains("extension")), "{parcel}");
}

async fn entities_of_extensions_are_shown_as_not_carried_over(engine: &TestEngine) {
    let pair = pair(53, &[], None);
    let bench = Bench::on(engine, &pair, 53);
    let application = pair.source.applications.iter().find(|a| a.name == "Core").expect("there").id;
    add_an_entity_of_an_extension(&bench);
    let table = "OSSYS_APP_DEFINITION_MODULE";
    let sql = format!(
        "INSERT INTO [{table}] ([ID], [APPLICATION_ID], [MODULE_ID]) \
         VALUES (88003, {application}, 88002)"
    );
    bench.databases.insert_with_id(Side::Source, table, &sql);
    extension_is_shown(&compared(&bench, "applications = [\"Core\"]", ""));
}

/// Gives the source a solution of the modules of the application Core and of an extension, with
/// columns of these names for solution, module and extension.
fn add_a_solution(bench: &Bench, pair: &Pair, [solution, espace, extension]: [&str; 3]) {
    let core = pair.source.applications.iter().find(|a| a.name == "Core").expect("there");
    let mut all = vec![
        "DROP TABLE IF EXISTS [OSSYS_SOLUTION_REFERENCE]".to_owned(),
        "DROP TABLE IF EXISTS [OSSYS_SOLUTION]".to_owned(),
        "CREATE TABLE [OSSYS_SOLUTION] ([ID] int NOT NULL PRIMARY KEY, [NAME] nvarchar(50))"
            .to_owned(),
        "INSERT INTO [OSSYS_SOLUTION] ([ID], [NAME]) VALUES (7, 'Whole'), (8, 'Other')".to_owned(),
        format!(
            "CREATE TABLE [OSSYS_SOLUTION_REFERENCE] ([ID] int NOT NULL PRIMARY KEY, [{solution}] \
             int, [{espace}] int, [{extension}] int)"
        ),
        "INSERT INTO [OSSYS_SOLUTION_REFERENCE] VALUES (1, 7, NULL, 4)".to_owned(),
    ];
    for (place, key) in core.espaces.iter().enumerate() {
        let id = pair.source.espace(key).id;
        all.push(format!(
            "INSERT INTO [OSSYS_SOLUTION_REFERENCE] VALUES ({}, 7, {id}, NULL)",
            place + 2
        ));
    }
    all.iter().for_each(|sql| bench.databases.execute(Side::Source, sql));
}

async fn a_solution_is_its_modules_and_what_its_extensions_keep_is_shown(engine: &TestEngine) {
    let pair = pair(56, &[Feature::ProducerKept], None);
    let bench = Bench::on(engine, &pair, 56);
    let whole = compared(&bench, "applications = [\"Core\"]", "");
    add_an_entity_of_an_extension(&bench);
    add_a_solution(&bench, &pair, ["SOLUTION_ID", "ESPACE_ID", "EXTENSION_ID"]);
    let report = compared(&bench, "solutions = [\"whole\"]", "");
    assert_eq!(entities(&report), entities(&whole), "{report:#}");
    extension_is_shown(&report);
    let report = compared(&bench, "applications = [\"Core\"]", "");
    let left = report["not_carried_over"].as_array().expect("a list");
    assert!(left.iter().all(|one| one["what"] != "Zip.Parcel"), "{report:#}");

    let mut plan = bench.usual_plan();
    plan.scope = "solutions = [\"Whole\"]".to_owned();
    bench.plan(&plan.text());
    let said = bench.run();
    assert_eq!(said.code, Some(0), "{}", said.all());
    let things = pair.source.named("Thing0").expect("there").rows.len();
    let after = bench.databases.read(Side::Destination);
    let there = after.rows(&pair.destination.named("Thing0").expect("there").table).len();
    assert_eq!(there, things, "{}", said.all());
}

async fn a_solution_whose_modules_nobody_knows_is_refused_and_hinders_nobody_else(
    engine: &TestEngine,
) {
    let pair = pair(57, &[], None);
    let bench = Bench::on(engine, &pair, 57);
    let whole = compared(&bench, "applications = [\"Core\"]", "");
    let refused = |words: &str| {
        let mut plan = bench.usual_plan();
        plan.scope = "solutions = [\"Whole\"]".to_owned();
        bench.plan(&plan.text());
        let said = bench.osferry(&["compare", "plan.toml"]);
        assert_eq!(said.code, Some(2), "{}", said.all());
        assert!(said.err.contains(words), "{words}\n{}", said.all());
    };
    for (columns, missing) in [
        (["SOLUTION", "ESPACE_ID", "EXTENSION_ID"], "SOLUTION_ID"),
        (["SOLUTION_ID", "MODULE", "EXTENSION_ID"], "ESPACE_ID"),
    ] {
        add_a_solution(&bench, &pair, columns);
        let report = compared(&bench, "applications = [\"Core\"]", "");
        assert_eq!(entities(&report), entities(&whole), "{report:#}");
        refused(&format!("OSSYS_SOLUTION_REFERENCE has no column {missing}"));
    }
    bench.databases.execute(Side::Source, "DROP TABLE [OSSYS_SOLUTION_REFERENCE]");
    refused("OSSYS_SOLUTION_REFERENCE is not there");
}

async fn declared_uses_that_differ_from_references_are_noted(engine: &TestEngine) {
    let pair = pair(54, &[Feature::ProducerKept, Feature::Outsiders], None);
    let bench = Bench::on(engine, &pair, 54);
    let core = pair.source.espace_named("Core_CS").id;
    let outsider = pair.source.named("Watcher").expect("there");
    bench.databases.execute(
        Side::Source,
        "CREATE TABLE [OSSYS_ESPACE_ENTITY] ([ID] int NOT NULL PRIMARY KEY, [ESPACE_ID] int, \
         [ENTITY_ID] int)",
    );
    let scope = "applications = [\"Core\"]";
    let report = compared(&bench, scope, "");
    assert!(found(&report, "producer-undeclared", "Core_CS").is_none(), "nothing is declared");

    let declare = |id: i64, entity: i64| {
        bench.databases.execute(
            Side::Source,
            &format!(
                "INSERT INTO [OSSYS_ESPACE_ENTITY] ([ID], [ESPACE_ID], [ENTITY_ID]) \
                 VALUES ({id}, {core}, {entity})"
            ),
        );
    };
    declare(1, outsider.id);
    let report = compared(&bench, scope, "");
    let undeclared = needed(&report, "producer-undeclared", "Core_CS");
    let what = undeclared["what"].as_str().expect("a sentence");
    assert!(what.contains("Base_CS.Party"), "{undeclared}");
    let unused = needed(&report, "producer-unused", "Core_CS");
    let what = unused["what"].as_str().expect("a sentence");
    assert!(what.contains("Outer.Watcher"), "{unused}");

    for (place, name) in ["Party", "PartyKind", "Country"].into_iter().enumerate() {
        declare(10 + place as i64, pair.source.named(name).expect("there").id);
    }
    let report = compared(&bench, scope, "");
    assert!(found(&report, "producer-undeclared", "Core_CS").is_none(), "{report:#}");
}

/// The same by the elements that versions of modules refer to.
async fn declared_elements_that_differ_from_references_are_noted(engine: &TestEngine) {
    let pair = pair(58, &[Feature::ProducerKept, Feature::Outsiders], None);
    let bench = Bench::on(engine, &pair, 58);
    let versions = bench.databases.read(Side::Source);
    if !versions.rows("OSSYS_ESPACE")[0].contains_key("VERSION_ID") {
        let column = "ALTER TABLE [OSSYS_ESPACE] ADD [VERSION_ID] int";
        bench.databases.execute(Side::Source, column);
    }
    let published = "UPDATE [OSSYS_ESPACE] SET [VERSION_ID] = [ID] + 7000";
    bench.databases.execute(Side::Source, published);
    let core = pair.source.espace_named("Core_CS").id + 7000;
    bench.databases.execute(
        Side::Source,
        "CREATE TABLE [OSSYS_ESPACE_REFERENCE] ([ID] int NOT NULL PRIMARY KEY, \
         [CONSUMER_VERSION_ID] int, [PRODUCER_NAME] nvarchar(50), [PRODUCER_KIND] nvarchar(50), \
         [NAME] nvarchar(250), [KIND] nvarchar(50), [SS_KEY] nvarchar(36))",
    );
    let scope = "applications = [\"Core\"]";
    let report = compared(&bench, scope, "");
    assert!(found(&report, "producer-undeclared", "Core_CS").is_none(), "nothing is declared");

    let mut id = 0;
    let mut declare = |version: i64, producer: &str, name: &str| {
        id += 1;
        // Keys are spelled in whichever case, and so are names.
        let key = pair.source.named(name).expect("there").key.to_uppercase();
        bench.databases.execute(
            Side::Source,
            &format!(
                "INSERT INTO [OSSYS_ESPACE_REFERENCE] ([ID], [CONSUMER_VERSION_ID], \
                 [PRODUCER_NAME], [NAME], [KIND], [SS_KEY]) VALUES ({id}, {version}, '{producer}', \
                 '{name}', 'Entity', '{key}')"
            ),
        );
    };
    declare(core, "OUTER", "Watcher");
    // What an earlier version used, and what is another module's, says nothing of this one.
    declare(core - 5000, "Base_CS", "Party");
    declare(core, "Outer", "Party");
    let report = compared(&bench, scope, "");
    let what = |kind: &str| {
        let finding = needed(&report, kind, "Core_CS");
        assert_eq!(finding["severity"], "note", "{finding}");
        finding["what"].as_str().expect("a sentence").to_owned()
    };
    assert!(what("producer-undeclared").contains("Base_CS.Party"), "{report:#}");
    assert!(what("producer-unused").contains("Outer.Watcher"), "{report:#}");

    for name in ["Party", "PartyKind", "Country"] {
        declare(core, "base_cs", name);
    }
    let report = compared(&bench, scope, "");
    assert!(found(&report, "producer-undeclared", "Core_CS").is_none(), "{report:#}");
    assert!(found(&report, "producer-unused", "Core_CS").is_some(), "{report:#}");
    // Rows follow the references all the same.
    let said = bench.run();
    assert_eq!(said.code, Some(0), "{}", said.all());
    let after = bench.databases.read(Side::Destination);
    let watchers = pair.destination.named("Watcher").expect("there");
    assert_eq!(after.rows(&watchers.table).len(), watchers.rows.len(), "it stays behind");
}

async fn rows_outside_that_point_to_rows_which_stay_are_counted(engine: &TestEngine) {
    let features = [Feature::ExistingRows, Feature::Outsiders];
    let pair = pair(5, &features, Some(Flaw::ChosenInUse));
    let bench = Bench::on(engine, &pair, 55);
    let mut plan = bench.usual_plan();
    plan.options = vec!["destination_rows = \"keep\"".into()];
    bench.plan(&plan.text());
    let said = bench.osferry(&["compare", "plan.toml", "--json"]);
    let report: Value = serde_json::from_str(&said.out).expect("JSON");
    let all = report["findings"].as_array().expect("findings");
    let note = all.iter().find(|f| f["kind"] == "consumer-in-destination").expect("a note");
    let about = note["about"].as_str().expect("a name");
    let (entity, attribute) = about.rsplit_once('.').expect("an attribute");
    let entity = pair.destination.named(entity.trim_start_matches("Outer.")).expect("there");
    let attribute = entity.attributes.iter().find(|a| a.name == attribute).expect("there");
    let filled = entity.rows.iter().filter(|r| !r.cells[&attribute.key].is_no_identifier());
    assert_eq!(note["rows"].as_u64(), Some(filled.count() as u64), "{note}");
}
