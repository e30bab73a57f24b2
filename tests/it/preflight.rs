//! What is checked before a run refuses it, or is accepted by a plan; the scripts that ask for
//! rights; models that change while a run goes on.

#![expect(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

use std::sync::Arc;
use std::time::Duration;

use osferry::compare::Answers;
use osferry::database::{FaultKind, Right, open_destination, open_source};
use osferry::front::in_the_way;
use osferry::migrate::{
    CheckSign, Environments, Preflight, RunEnd, check_destination, resume, rights_in_destination,
    run, survey,
};
use osferry::outsystems::{self, Side};
use osferry::plan::{Acceptance, CheckKind, PlanFile, Purpose};

use crate::estate::generate;
use crate::estate::model::{Pair, Rule};
use crate::estate::recipe::{Feature, Recipe};
use crate::identifiers::number_after;
use crate::never_silent::found;
use crate::program::{Bench, Plan, Said};
use crate::rejects::refuse;
use crate::support::calling::{Call, Calling};
use crate::support::engine::{Server, TestEngine, wait};
use crate::support::library::planned;
use crate::support::restricted::Restricted;

crate::on_both_engines!(
    nothing_starts_before_somebody_has_seen_to_it,
    processes_that_wait_in_the_destination_refuse_the_run,
    a_warning_is_accepted_by_its_name_only,
    identities_without_room_refuse_the_run,
    the_rights_that_are_asked_for_are_enough,
    what_is_published_during_a_run_stops_it_until_it_is_taken_back,
    a_timer_at_work_refuses_the_run,
    an_application_online_refuses_the_run,
    a_trigger_of_somebody_refuses_the_run,
    platforms_of_other_versions_are_a_warning_to_be_accepted,
    databases_that_sort_otherwise_are_a_warning_to_be_accepted,
);

/// A file has INSTEAD OF triggers on views only, and no constraint that is switched off.
mod on_a_server {
    use super::{
        a_constraint_that_is_switched_off_refuses_the_run,
        a_right_that_is_missing_is_asked_for_in_words_that_give_it,
        a_script_gives_the_rights_of_a_plan_and_its_twin_takes_them_back,
        a_trigger_instead_of_what_is_written_refuses_the_run,
        what_a_run_leaves_takes_back_the_right_to_alter,
    };
    crate::on_sqlserver!(
        a_script_gives_the_rights_of_a_plan_and_its_twin_takes_them_back,
        a_trigger_instead_of_what_is_written_refuses_the_run,
        a_constraint_that_is_switched_off_refuses_the_run,
        a_right_that_is_missing_is_asked_for_in_words_that_give_it,
        what_a_run_leaves_takes_back_the_right_to_alter,
    );
}

fn pair(seed: u64) -> Pair {
    let features = vec![Feature::ExistingRows];
    generate::pair(&Recipe { seed, size: 3, features, flaw: None })
}

/// A run that has to be refused with these words, and to leave the destination as it is.
fn refused(bench: &Bench, words: &[&str]) -> Said {
    let before = bench.databases.read(Side::Destination);
    let said = bench.run();
    assert_eq!(said.code, Some(2), "{}", said.all());
    for word in words {
        assert!(said.err.contains(word), "{word} is not said\n{}", said.all());
    }
    assert!(bench.databases.read(Side::Destination) == before, "{}", said.all());
    said
}

async fn nothing_starts_before_somebody_has_seen_to_it(engine: &TestEngine) {
    let bench = Bench::on(engine, &pair(3), 1);
    let mut plan = bench.usual_plan();
    let accepted: Vec<String> = plan.preflight.lines().map(str::to_owned).collect();
    plan.preflight = accepted[0].clone();
    bench.plan(&plan.text());
    refused(&bench, &["To be done first, by somebody", "nobody deploys", "frozen = "]);
    // A dry run shows the plan, and says the same.
    let dry = bench.osferry(&["run", "plan.toml", "--dry-run", "--decide", "recommended"]);
    assert_eq!(dry.code, Some(2), "{}", dry.all());
    assert!(dry.out.contains("Core") && dry.err.contains("frozen = "), "{}", dry.all());
    plan.preflight = accepted.join("\n");
    bench.plan(&plan.text());
    let said = bench.run();
    assert_eq!(said.code, Some(0), "{}", said.all());
    assert!(said.err.contains("frozen: nobody publishes in a test"), "{}", said.all());
}

fn put_in_queue(bench: &Bench, side: Side) {
    let sql = "INSERT INTO OSSYS_BPM_EVENT_QUEUE (ESPACE_ID, TENANT_ID, ACTIVITY_ID, \
               PROCESS_DEF_ID, DATA_ID, ERROR_COUNT) SELECT ID, 1, 0, 0, '1', 0 FROM OSSYS_ESPACE";
    bench.databases.execute(side, sql);
}

async fn processes_that_wait_in_the_destination_refuse_the_run(engine: &TestEngine) {
    let bench = Bench::on(engine, &pair(4), 2);
    bench.plan(&bench.usual_plan().text());
    put_in_queue(&bench, Side::Destination);
    refused(&bench, &["queues: processes of the scope wait in the destination", "EVENT_QUEUE"]);
    bench.databases.execute(Side::Destination, "DELETE FROM OSSYS_BPM_EVENT_QUEUE");
    let said = bench.run();
    assert_eq!(said.code, Some(0), "{}", said.all());
}

async fn a_warning_is_accepted_by_its_name_only(engine: &TestEngine) {
    let bench = Bench::on(engine, &pair(5), 3);
    put_in_queue(&bench, Side::Source);
    let mut plan = bench.usual_plan();
    let everything = plan.preflight.clone();
    plan.preflight = everything.replace("\"source-queues\", ", "");
    assert_ne!(plan.preflight, everything);
    bench.plan(&plan.text());
    refused(
        &bench,
        &["source-queues: processes of the scope wait", "accept = [\"source-queues\"]"],
    );
    plan.preflight = everything.replace("\"source-queues\"", "\"queues\"");
    bench.plan(&plan.text());
    refused(&bench, &["no warning \"queues\" can be accepted"]);
    plan.preflight = everything;
    bench.plan(&plan.text());
    let said = bench.run();
    assert_eq!(said.code, Some(0), "{}", said.all());
    assert!(said.err.contains("accepted: processes of the scope wait"), "{}", said.all());
}

/// Writes the usual plan, which accepts everything but this.
fn all_but(bench: &Bench, name: &str) {
    let mut plan = bench.usual_plan();
    let everything = plan.preflight.clone();
    plan.preflight = everything.replace(&format!("\"{name}\", "), "");
    assert_ne!(plan.preflight, everything, "{name} is no warning");
    bench.plan(&plan.text());
}

async fn a_timer_at_work_refuses_the_run(engine: &TestEngine) {
    let pair = pair(8);
    let bench = Bench::on(engine, &pair, 7);
    all_but(&bench, "timers");
    for (side, model) in [(Side::Source, &pair.source), (Side::Destination, &pair.destination)] {
        for table in [
            "OSSYS_META_CYCLIC_JOB] ([ID] int NOT NULL PRIMARY KEY, [NAME] nvarchar(50), \
             [ESPACE_ID] int)",
            "OSSYS_CYCLIC_JOB_SHARED] ([META_CYCLIC_JOB_ID] int, [IS_RUNNING_SINCE] datetime)",
        ] {
            bench.databases.execute(side, &format!("CREATE TABLE [{table}"));
        }
        for (id, name, espace) in [(1, "CloseMonth", "Core_CS"), (2, "Elsewhere", "Outer")] {
            let espace = model.espace_named(espace).id;
            let timer =
                format!("INSERT INTO OSSYS_META_CYCLIC_JOB VALUES ({id}, '{name}', {espace})");
            bench.databases.execute(side, &timer);
            let since =
                format!("INSERT INTO OSSYS_CYCLIC_JOB_SHARED VALUES ({id}, '2026-03-04 05:06:07')");
            bench.databases.execute(side, &since);
        }
    }
    let words =
        ["timers: timers of the scope run in the destination: CloseMonth (since 2026-03-04"];
    let said = refused(&bench, &words);
    assert!(!said.err.contains("Elsewhere"), "of another application\n{}", said.all());
    // The platform's date for none; the source may be in use.
    let idle = "UPDATE OSSYS_CYCLIC_JOB_SHARED SET IS_RUNNING_SINCE = '1900-01-01 00:00:00' \
                WHERE META_CYCLIC_JOB_ID = 1";
    bench.databases.execute(Side::Destination, idle);
    let said = bench.run();
    assert_eq!(said.code, Some(0), "{}", said.all());
}

async fn an_application_online_refuses_the_run(engine: &TestEngine) {
    let bench = Bench::on(engine, &pair(9), 8);
    let applications = bench.databases.read(Side::Destination);
    if !applications.rows("OSSYS_APPLICATION")[0].contains_key("DISABLED") {
        let column = "ALTER TABLE OSSYS_APPLICATION ADD DISABLED bit";
        bench.databases.execute(Side::Destination, column);
    }
    all_but(&bench, "applications");
    let disable = |is_offline: &str| {
        let sql = format!("UPDATE OSSYS_APPLICATION SET DISABLED = {is_offline}");
        bench.databases.execute(Side::Destination, &sql);
    };
    disable("CASE WHEN NAME = 'Core' THEN 0 ELSE 1 END");
    refused(
        &bench,
        &["applications: applications of the scope are online in the destination: Core"],
    );
    // Those of others may be.
    disable("CASE WHEN NAME = 'Outer' THEN 0 ELSE 1 END");
    let said = bench.run();
    assert_eq!(said.code, Some(0), "{}", said.all());
}

/// Where the destination has the rows of an entity of the scope.
fn table(pair: &Pair) -> &str {
    &pair.destination.named("Thing0").expect("always there").table
}

async fn a_trigger_of_somebody_refuses_the_run(engine: &TestEngine) {
    let pair = pair(10);
    let bench = Bench::on(engine, &pair, 9);
    all_but(&bench, "triggers");
    refuse(&bench, "auditor", table(&pair), "DELETE", "1 = 0");
    let words = ["triggers: triggers that are not the platform's will run: auditor on"];
    refused(&bench, &words);
    // However many there are, each is named to whoever has to ask whose they are.
    let others: Vec<String> = (2..=7).map(|number| format!("auditor{number}")).collect();
    for other in &others {
        refuse(&bench, other, table(&pair), "DELETE", "1 = 0");
    }
    let words: Vec<String> = others.iter().map(|other| format!("\n      - {other} on ")).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let said = refused(&bench, &words);
    assert!(said.err.contains(" and 2 more\n"), "{}", said.all());
    bench.plan(&bench.usual_plan().text());
    let said = bench.run();
    assert_eq!(said.code, Some(0), "{}", said.all());
    assert!(said.err.contains("accepted: triggers that are not"), "{}", said.all());
}

async fn platforms_of_other_versions_are_a_warning_to_be_accepted(engine: &TestEngine) {
    let bench = Bench::on(engine, &pair(13), 12);
    bench.plan(&bench.usual_plan().text());
    assert!(found(&bench, "platform-version-differs", "").is_none());
    for (change, there) in [
        ("UPDATE [OSSYS_PARAMETER] SET [VAL] = '11.40.1' WHERE [NAME] = 'Version'", "11.40.1"),
        ("DELETE FROM [OSSYS_PARAMETER] WHERE [NAME] = 'Version'", "an unknown version"),
    ] {
        bench.databases.execute(Side::Destination, change);
        let finding = found(&bench, "platform-version-differs", "Platform").expect("they differ");
        assert_eq!(finding["severity"], "note", "{finding}");
        let what = finding["what"].as_str().expect("a sentence");
        assert!(what.contains("11.30.0") && what.contains(there), "{finding}");
        all_but(&bench, "versions");
        let both = format!("different versions: platform 11.30.0 and {there}");
        refused(
            &bench,
            &["versions: source and destination run", &both, "accept = [\"versions\"]"],
        );
        bench.plan(&bench.usual_plan().text());
        let said = bench.run();
        assert_eq!(said.code, Some(0), "{}", said.all());
        assert!(said.err.contains("accepted: source and destination run"), "{}", said.all());
    }
    // Where they are the same nothing has to be accepted.
    bench.databases.execute(Side::Source, "DELETE FROM [OSSYS_PARAMETER] WHERE [NAME] = 'Version'");
    assert!(found(&bench, "platform-version-differs", "").is_none());
    all_but(&bench, "versions");
    let said = bench.run();
    assert_eq!(said.code, Some(0), "{}", said.all());
}

/// A file has one collation, and a server that only speaks the protocol may have one too: here the
/// destination only says that it has another.
async fn databases_that_sort_otherwise_are_a_warning_to_be_accepted(engine: &TestEngine) {
    let bench = Bench::on(engine, &pair(14), 13);
    let source = open_source(&bench.databases.spec(Side::Source)).await.expect("a source");
    let own = source.facts().collation.clone();
    let file = PlanFile::parse(&bench.usual_plan().text(), "sorted").expect("a plan");
    for (collation, differs) in [("Latin1_General_CS_AS", true), (&*own.to_uppercase(), false)] {
        let spec = bench.databases.spec(Side::Destination);
        let destination = open_destination(&spec).await.expect("a destination");
        let destination = Restricted::sorting_by(destination, collation);
        let made = planned(source.as_ref(), &destination, file.clone()).await;
        let environments = Environments {
            source: source.as_ref(),
            destination: &destination,
            source_model: &made.source_model,
            destination_model: &made.destination_model,
        };
        let mut answers = Answers::default();
        let review = survey(environments, &file.scope, &file.decisions, &mut answers, |_| {}).await;
        let review = review.expect("answers").expect("a scope");
        let mut findings = review.comparison.findings.iter();
        let finding = findings.find(|finding| finding.key.kind.name() == "collation-differs");
        assert_eq!(finding.is_some(), differs, "{collation}");
        if let Some(finding) = finding {
            let sorts = format!("sorts by {own}, the destination by {collation}");
            assert!(finding.what.contains(&sorts), "{}", finding.what);
        }

        let request = Preflight {
            plan: &made.plan,
            source: source.as_ref(),
            destination: &destination,
            source_model: &made.source_model,
            destination_model: &made.destination_model,
            purpose: Some(Purpose::NonProduction),
            mask_key: None,
            any_engine: true,
        };
        let mut checks = Vec::new();
        request.check(&mut |check| checks.push(check)).await;
        checks.retain(|check| check.kind == CheckKind::Collation);
        assert_eq!(checks.len(), usize::from(differs), "{collation}");
        assert!(checks.iter().all(|check| check.sign == CheckSign::Warning), "{collation}");
        let said = |accept| Acceptance { accept, frozen: String::new() };
        assert_eq!(in_the_way(&checks, &said(vec![CheckKind::Versions])).len(), checks.len());
        assert!(in_the_way(&checks, &said(vec![CheckKind::Collation])).is_empty());
    }
}

async fn a_trigger_instead_of_what_is_written_refuses_the_run(engine: &TestEngine) {
    let features = vec![Feature::MissingUsers];
    let pair = generate::pair(&Recipe { seed: 11, size: 3, features, flaw: None });
    let bench = Bench::on(engine, &pair, 10);
    bench.plan(&bench.usual_plan().text());
    for (table, words) in [
        ("OSSYS_USER", "instead-of: triggers run instead of what is written: grabber on"),
        (table(&pair), "the trigger grabber runs instead of INSERT"),
    ] {
        let sql = format!(
            "CREATE TRIGGER [grabber] ON [{table}] INSTEAD OF INSERT AS DECLARE @nothing int = 0;"
        );
        bench.databases.execute(Side::Destination, &sql);
        refused(&bench, &[words]);
        bench.databases.execute(Side::Destination, "DROP TRIGGER [grabber]");
    }
}

async fn a_constraint_that_is_switched_off_refuses_the_run(engine: &TestEngine) {
    let mut pair = pair(12);
    for side in [&mut pair.source, &mut pair.destination] {
        let thing = side.entities.iter_mut().find(|e| e.active && e.name == "Thing0");
        let all = &mut thing.expect("always there").attributes;
        all.iter_mut().find(|a| a.name == "StatusId").expect("it has one").rule = Rule::Protect;
    }
    let bench = Bench::on(engine, &pair, 11);
    // A server that only speaks the protocol does not switch constraints off.
    if bench.databases.are_on_a_stand_in() {
        return;
    }
    all_but(&bench, "constraints");
    let switch = |way: &str| {
        let sql = format!("ALTER TABLE [{}] {way} CONSTRAINT ALL", table(&pair));
        bench.databases.execute(Side::Destination, &sql);
    };
    for (way, how) in [("NOCHECK", "(switched off)"), ("WITH NOCHECK CHECK", "(not trusted)")] {
        switch(way);
        refused(&bench, &["constraints: constraints that do not hold for all rows", how]);
    }
    switch("WITH CHECK CHECK");
    let said = bench.run();
    assert_eq!(said.code, Some(0), "{}", said.all());
}

async fn identities_without_room_refuse_the_run(engine: &TestEngine) {
    let features = vec![Feature::ExistingRows];
    let (bench, table, key) = (0..40)
        .find_map(|seed| {
            let pair =
                generate::pair(&Recipe { seed, size: 3, features: features.clone(), flaw: None });
            let entity = pair.destination.entities.iter().find(|entity| {
                let number = entity.identifier().is_some_and(|id| id.autonumber);
                entity.name.starts_with("Thing") && number && entity.rows.len() > 2
            })?;
            let key = entity.identifier()?.column.clone();
            let table = entity.table.clone();
            Some((Bench::on(engine, &pair, 4), table, key))
        })
        .expect("some pair has such an entity");
    bench.plan(&bench.usual_plan().text());
    let planned = bench.osferry(&["run", "plan.toml", "--dry-run", "--decide", "recommended"]);
    assert_eq!(planned.code, Some(0), "{}", planned.all());
    // A row with the last id may be gone: the identity remembers.
    let last = match engine {
        TestEngine::Sqlite(_) => i64::MAX,
        TestEngine::SqlServer(..) => {
            let types = "SELECT CAST(LOWER(t.name) AS nvarchar(20)) FROM sys.columns AS c \
                         JOIN sys.objects AS o ON o.object_id = c.object_id \
                         JOIN sys.types AS t ON t.user_type_id = c.user_type_id";
            let sql = format!(
                "{types} WHERE LOWER(o.name) = LOWER(N'{table}') AND LOWER(c.name) = LOWER(N'{key}')"
            );
            let of_type = bench.databases.ask(Side::Destination, &sql);
            if of_type == ["int"] { i64::from(i32::MAX) } else { i64::MAX }
        }
    };
    number_after(engine, &bench, &table, last);
    let said = bench.run();
    assert_eq!(said.code, Some(2), "{}", said.all());
    assert!(said.err.contains("identity-room: no room for twice the rows"), "{}", said.all());
}

async fn what_is_published_during_a_run_stops_it_until_it_is_taken_back(engine: &TestEngine) {
    let bench = Bench::on(engine, &pair(6), 5);
    let specs = [Side::Source, Side::Destination].map(|side| bench.databases.spec(side));
    let file = PlanFile::parse(&bench.usual_plan().text(), "published").expect("a plan");
    let source = open_source(&specs[0]).await.expect("a source");
    let destination = open_destination(&specs[1]).await.expect("a destination");
    let made = planned(source.as_ref(), destination.as_source(), file).await;
    let took = made.source_model.read_at.took.max(made.destination_model.read_at.took);
    // Until then the models are not read again.
    let long_enough = took * 25 + Duration::from_millis(500);
    let first = made.plan.levels.iter().flatten().find(|place| {
        let entity = &made.plan.entities[**place];
        entity.source_rows > 0
    });
    let first = &made.plan.entities[*first.expect("an entity with rows")];
    assert!(made.plan.levels.len() > 1, "nothing comes after it");
    let folder = tempfile::tempdir().expect("a folder");
    let rename = |to: &str, from: &str| {
        let sql = format!("UPDATE OSSYS_ESPACE SET NAME = '{to}' WHERE NAME = '{from}'");
        bench.databases.execute(Side::Source, &sql);
    };
    let model = outsystems::read(source.as_ref()).await.expect("a model");
    let espace = model.espaces.iter().find(|espace| espace.key == first.espace);
    let espace = espace.expect("its module").name.clone();
    // What is published once they are old is met before the first entity.
    tokio::time::sleep(long_enough).await;
    let request =
        made.request(&folder.path().join("run"), Arc::from(source), Arc::from(destination));
    rename("RenamedSince", &espace);
    let end = run(request).await.expect("a run that began");
    let RunEnd::Stopped(fault) = end else { panic!("{end:?}") };
    assert_eq!(fault.kind, FaultKind::Changed, "{fault}");
    assert!(fault.what.contains("somebody published in the source"), "{fault}");
    // Taken back, it goes on; what is published in the middle stops it again.
    rename(&espace, "RenamedSince");
    let again = |destination| {
        let source = open_source(&specs[0]);
        async {
            let source = Arc::from(source.await.expect("a source"));
            made.request(&folder.path().join("run"), source, destination)
        }
    };
    let destination = open_destination(&specs[1]).await.expect("a destination");
    let (told, mut is_there) = tokio::sync::watch::channel(false);
    let call: Call = Arc::new(move || {
        told.send_replace(true);
        Box::pin(tokio::time::sleep(long_enough))
    });
    let calling = Calling::new(destination, first.destination_table.clone(), 1, call);
    let publishing = async {
        is_there.wait_for(|is_there| *is_there).await.expect("the first batch");
        rename("RenamedSince", &espace);
    };
    let going = resume(again(Arc::new(calling)).await);
    let (end, ()) = futures::future::join(going, publishing).await;
    let end = end.expect("a run that goes on");
    let RunEnd::Stopped(fault) = end else { panic!("{end:?}") };
    assert_eq!(fault.kind, FaultKind::Changed, "{fault}");
    rename(&espace, "RenamedSince");
    let destination = open_destination(&specs[1]).await.expect("a destination");
    let end = resume(again(Arc::from(destination)).await).await.expect("a run that goes on");
    assert!(matches!(end, RunEnd::Written), "{end:?}");
}

async fn the_rights_that_are_asked_for_are_enough(engine: &TestEngine) {
    let bench = Bench::on(engine, &pair(3), 1);
    let specs = [Side::Source, Side::Destination].map(|side| bench.databases.spec(side));
    let source = open_source(&specs[0]).await.expect("a source");
    let open = || async { open_destination(&specs[1]).await.expect("a destination") };
    let destination = open().await;
    let destination = destination.as_source();
    for users in ["", "\n[users]\nexisting = \"update\"\n"] {
        let mut file = crate::program::Plan::new();
        file.more = users.to_owned();
        let file = PlanFile::parse(&file.text(), "rights").expect("a plan");
        let plan = planned(source.as_ref(), destination, file).await.plan;
        let updates = plan.users.iter().any(|user| user.fate.is_update());
        assert_eq!(updates, !users.is_empty(), "the plan changes users");
        let asked = rights_in_destination(&plan, destination, "anna", false).await.expect("rights");
        let restricted = Restricted::to(open().await, asked.tables.clone());
        check_destination(&plan, source.as_ref(), &restricted).await.expect("they are enough");
        // Whatever lacks is named at once.
        let mut fewer = asked.tables;
        fewer.iter_mut().for_each(|(_, rights)| {
            rights.retain(|right| !matches!(right, Right::Insert | Right::Update));
        });
        let restricted = Restricted::to(open().await, fewer);
        let fault = check_destination(&plan, source.as_ref(), &restricted).await.expect_err("no");
        assert_eq!(fault.kind, FaultKind::Permission);
        let said = fault.to_string();
        assert!(said.contains("no right in the destination to INSERT on "), "{said}");
        assert!(!updates || said.contains("; to UPDATE on "), "{said}");
    }
}

async fn a_script_gives_the_rights_of_a_plan_and_its_twin_takes_them_back(engine: &TestEngine) {
    let TestEngine::SqlServer(server, _) = engine else { unreachable!("a server") };
    let bench = Bench::on(engine, &pair(7), 6);
    let mut plan = bench.usual_plan();
    bench.plan(&plan.text());
    let (login, secrets) = signed_in_with_the_script(server, &bench, &mut plan);
    let stand_in = bench.databases.are_on_a_stand_in();
    // Signed in with these rights and no others, the plan is carried out and proved.
    let name = bench.databases.name(Side::Destination);
    let run = ["run", "plan.toml", "--confirm", &name, "--decide", "recommended"];
    let said = bench.osferry_with(&run, &secrets);
    assert_eq!(said.code, Some(0), "{}", said.all());
    carry_out(server, &script(&bench, "revoke.sql"), stand_in);
    let said = bench.osferry_with(&run, &secrets);
    assert_eq!(said.code, Some(2), "{}", said.all());
    let own = format!(
        "SELECT CAST(p.permission_name AS nvarchar(60)) FROM sys.database_permissions AS p \
         WHERE p.grantee_principal_id = DATABASE_PRINCIPAL_ID(N'{login}') AND p.class = 1"
    );
    // Elsewhere a right once given keeps its user from being dropped.
    if !stand_in {
        assert_eq!(bench.databases.ask(Side::Destination, &own), Vec::<String>::new());
    }
    drop_login(server, &bench, &login);
}

async fn what_a_run_leaves_takes_back_the_right_to_alter(engine: &TestEngine) {
    let bench = Bench::on(engine, &pair_with_rows_there(), 14);
    bench.plan(&bench.usual_plan().text());
    // Whoever signs in owns the databases, and so may alter what is in them.
    let said = bench.run();
    assert_eq!(said.code, Some(0), "{}", said.all());
    let runs = bench.folder.path().join("home/runs");
    let run = std::fs::read_dir(runs).expect("runs").next().expect("one").expect("one").path();
    let left = std::fs::read_to_string(run.join("revoke.sql")).expect("a script");
    let revoked = |script: &str| {
        let lines = script.lines().filter(|line| line.starts_with("REVOKE "));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let altered = |lines: &[String]| lines.iter().filter(|line| line.contains("ALTER")).count();
    let mut by_hand = Vec::new();
    for options in [&["--exact-undo"][..], &[]] {
        let rights = ["rights", "plan.toml", "--decide", "recommended"];
        let said = bench.osferry(&[&rights, options].concat());
        assert_eq!(said.code, Some(0), "{}", said.all());
        by_hand.push(revoked(&script(&bench, "revoke.sql")));
    }
    assert_eq!(revoked(&left), by_hand[0], "{left}");
    assert!(altered(&by_hand[0]) > 0 && altered(&by_hand[1]) == 0, "{by_hand:?}");
}

async fn a_right_that_is_missing_is_asked_for_in_words_that_give_it(engine: &TestEngine) {
    let TestEngine::SqlServer(server, _) = engine else { unreachable!("a server") };
    let pair = pair_with_rows_there();
    let bench = Bench::on(engine, &pair, 14);
    let mut plan = bench.usual_plan();
    bench.plan(&plan.text());
    let (login, secrets) = signed_in_with_the_script(server, &bench, &mut plan);
    let on = format!("ON OBJECT::[dbo].[{}]", table(&pair));
    // A server that only speaks the protocol takes nothing back on a table while its schema may be
    // read.
    let may_read = |verb: &str, word: &str| format!("{verb} SELECT ON SCHEMA::dbo {word} {login}");
    let around = match bench.databases.are_on_a_stand_in() {
        true => [may_read("REVOKE", "FROM"), may_read("GRANT", "TO")],
        false => [String::new(), String::new()],
    };
    let [before, after] = around;
    let revoke = format!("REVOKE INSERT, DELETE {on} FROM {login}");
    for sql in [before, revoke, after].iter().filter(|sql| !sql.is_empty()) {
        bench.databases.execute(Side::Destination, sql);
    }
    let name = bench.destination_name();
    let run = ["run", "plan.toml", "--confirm", &name, "--decide", "recommended"];
    let said = bench.osferry_with(&run, &secrets);
    assert_eq!(said.code, Some(2), "{}", said.all());
    assert!(bench.destination_unchanged(), "{}", said.all());
    for right in ["INSERT", "DELETE"] {
        assert!(said.err.contains(&format!("to {right} on ")), "{}", said.all());
    }
    // Exactly what is missing, of that table and of no other, in words for whoever may give it.
    let words = said.err.split_whitespace().collect::<Vec<_>>().join(" ");
    let asked: Vec<&str> = words
        .match_indices("GRANT ")
        .filter_map(|(at, _)| words[at..].split_inclusive(';').next())
        .collect();
    let [grant] = asked[..] else { panic!("{asked:?}\n{}", said.all()) };
    let told = grant.to_lowercase();
    assert!(told.contains(&on.to_lowercase()), "{grant}");
    assert!(told.contains(&format!("to [{}];", login.to_lowercase())), "{grant}");
    assert!(told.contains("insert") && told.contains("delete"), "{grant}");
    assert!(!told.contains("update") && !told.contains("alter"), "{grant}");
    bench.databases.execute(Side::Destination, grant);
    let said = bench.osferry_with(&run, &secrets);
    assert_eq!(said.code, Some(0), "{}", said.all());
    drop_login(server, &bench, &login);
}

/// Without rows there nobody has to delete any.
fn pair_with_rows_there() -> Pair {
    let has_rows =
        |pair: &Pair| pair.destination.named("Thing0").is_some_and(|thing| !thing.rows.is_empty());
    (15..).map(pair).find(has_rows).expect("some pair")
}

fn script(bench: &Bench, name: &str) -> String {
    std::fs::read_to_string(bench.folder.path().join(name)).expect(name)
}

/// Makes a login that has the rights of the script for a plan and no others, and has the plan sign in
/// with it; returns the login, and the variables with its password.
fn signed_in_with_the_script(
    server: &Server,
    bench: &Bench,
    plan: &mut Plan,
) -> (String, [(String, String); 2]) {
    let login = format!("osferry_{}", bench.databases.name(Side::Destination));
    let password = "Osferry-Rights-1";
    wait(server.query("master", &format!("CREATE LOGIN {login} WITH PASSWORD = '{password}'")));
    let written = bench.osferry(&[
        "rights",
        "plan.toml",
        "--login",
        &login,
        "--source-login",
        &login,
        "--decide",
        "recommended",
    ]);
    assert_eq!(written.code, Some(0), "{}", written.all());
    let stand_in = bench.databases.are_on_a_stand_in();
    carry_out(server, &script(bench, "rights.sql"), stand_in);
    if stand_in {
        let_references_be_checked(bench, &login);
    }
    for endpoint in [&mut plan.source, &mut plan.destination] {
        endpoint.0 = endpoint
            .0
            .replace(&format!("user = \"{}\"", server.user), &format!("user = \"{login}\""));
    }
    bench.plan(&plan.text());
    let secrets = ["SOURCE", "DESTINATION"]
        .map(|side| (format!("OSFERRY_{side}_PASSWORD"), password.to_owned()));
    (login, secrets)
}

/// Where a right once given keeps its user from being dropped, it stays.
fn drop_login(server: &Server, bench: &Bench, login: &str) {
    if bench.databases.are_on_a_stand_in() {
        return;
    }
    for side in [Side::Source, Side::Destination] {
        bench.databases.execute(side, &format!("DROP USER {login}"));
    }
    wait(server.query("master", &format!("DROP LOGIN {login}")));
}

/// A server that only speaks the protocol checks a foreign key as the login that inserts, which has
/// to hold UPDATE on the table referred to. SQL Server asks for no right on it.
fn let_references_be_checked(bench: &Bench, login: &str) {
    let referred = "SELECT DISTINCT CAST(OBJECT_NAME(referenced_object_id) AS nvarchar(128)) \
                    FROM sys.foreign_keys";
    for table in bench.databases.ask(Side::Destination, referred) {
        let grant = format!("GRANT UPDATE ON OBJECT::dbo.{table} TO {login}");
        bench.databases.execute(Side::Destination, &grant);
    }
}

/// Carries a script out part by part. A server that only speaks the protocol has no such roles and
/// no VIEW DEFINITION: there the right to read stands for the first.
fn carry_out(server: &Server, script: &str, stand_in: bool) {
    let mut database = String::new();
    let mut batch = String::new();
    for line in script.lines().filter(|line| !line.starts_with("--")) {
        if let Some(name) = line.strip_prefix("USE [") {
            database = name.trim_end_matches("];").to_owned();
            continue;
        }
        let line = match (stand_in, line) {
            (true, line) if line.contains("VIEW DEFINITION") || line.contains("db_deny") => {
                continue;
            }
            (true, line) if line.contains("[db_datareader] ADD") => {
                let user = line.rsplit(' ').next().unwrap_or_default().trim_end_matches(';');
                format!("GRANT SELECT ON SCHEMA::dbo TO {user};")
            }
            (true, line) if line.contains("[db_datareader] DROP") => {
                let user = line.rsplit(' ').next().unwrap_or_default().trim_end_matches(';');
                format!("REVOKE SELECT ON SCHEMA::dbo FROM {user};")
            }
            (_, line) => line.to_owned(),
        };
        if line == "GO" || line.ends_with(';') {
            batch.push_str(line.trim_end_matches("GO"));
            if !batch.trim().is_empty() {
                wait(server.query(&database, &batch));
            }
            batch.clear();
        } else {
            batch.push_str(&line);
            batch.push('\n');
        }
    }
}
