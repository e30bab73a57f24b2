//! Everything around the rows carried over: what is done to it past the program is found, what
//! lives is only told, and nothing is found where nothing was done.

use osferry::database::{Fault, FaultKind};
use osferry::migrate::journal::{Journal, Recorder};
use osferry::outsystems::Side;
use osferry::proof::Surroundings;
use serde_json::Value;

use super::practice;
use crate::estate::generate;
use crate::estate::model::{Attribute, Cell, Entity, Kind, Pair};
use crate::estate::recipe::{Feature, Recipe};
use crate::program::{Bench, Said};
use crate::support::engine::TestEngine;

crate::on_both_engines!(
    harm_around_the_rows_is_found_and_named,
    rows_that_were_to_go_or_came_from_elsewhere_are_counted
);

/// Tables that the plan does not write, a platform table among them.
const BYSTANDERS: &[&str] = &[
    "CREATE TABLE OSSYS_SITE_PROPERTY (ID int NOT NULL PRIMARY KEY, PROPERTY_VALUE nvarchar(200))",
    "INSERT INTO OSSYS_SITE_PROPERTY (ID, PROPERTY_VALUE) VALUES (1, 'here')",
    "INSERT INTO OSSYS_SITE_PROPERTY (ID, PROPERTY_VALUE) VALUES (2, 'there')",
    "CREATE TABLE OSUSR_ZZZ_ELSEWHERE (ID int NOT NULL PRIMARY KEY, NAME nvarchar(50))",
    "INSERT INTO OSUSR_ZZZ_ELSEWHERE (ID, NAME) VALUES (1, 'a')",
    "INSERT INTO OSUSR_ZZZ_ELSEWHERE (ID, NAME) VALUES (2, 'b')",
];

/// A migrated pair on an engine, with its run's id and the table of an entity of the plan.
struct Proved {
    bench: Bench,
    id: String,
    table: String,
    is_server: bool,
}

impl Proved {
    async fn new(engine: &TestEngine) -> Self {
        let features = vec![Feature::ExistingRows, Feature::MissingUsers, Feature::Groups];
        let pair = generate::pair(&Recipe { seed: 12, size: 2, features, flaw: None });
        let bench = Bench::on(engine, &pair, 12);
        let thing = pair.destination.entities.iter().find(|entity| entity.name == "Thing0");
        let table = thing.expect("an entity").table.clone();
        let proved = Self { bench, id: String::new(), table, is_server: engine.is_slow() };
        for sql in BYSTANDERS {
            proved.harm(sql);
        }
        let table = &proved.table;
        if proved.is_server {
            proved.harm(&format!(
                "CREATE TRIGGER osferry_watch ON {table} AFTER INSERT AS BEGIN SET NOCOUNT ON; END"
            ));
            proved.harm(&format!(
                "ALTER TABLE {table} ADD CONSTRAINT osferry_check CHECK (ID IS NOT NULL)"
            ));
            // Created users get identifiers below one that is there.
            proved.harm(
                "SET IDENTITY_INSERT OSSYS_USER ON; \
                 INSERT INTO OSSYS_USER (ID, TENANT_ID, NAME, USERNAME, IS_ACTIVE) \
                 SELECT 900000, MIN(TENANT_ID), N'Far', N'far.away', 1 FROM OSSYS_USER; \
                 SET IDENTITY_INSERT OSSYS_USER OFF; \
                 DBCC CHECKIDENT ('OSSYS_USER', RESEED, 500000)",
            );
        } else {
            proved.harm(&format!(
                "CREATE TRIGGER osferry_watch AFTER INSERT ON {table} BEGIN SELECT 1; END"
            ));
        }
        proved.migrated()
    }

    /// Carries the rows over, and proves them.
    fn migrated(self) -> Self {
        self.bench.plan(&self.bench.usual_plan().text());
        let said = self.bench.run();
        assert_eq!(said.code, Some(0), "{}", said.all());
        let runs = self.bench.osferry(&["runs", "--json"]);
        let runs: Value = serde_json::from_str(&runs.out).expect("JSON");
        let id = runs[0]["id"].as_str().expect("an id").to_owned();
        Self { id, ..self }
    }

    fn harm(&self, sql: &str) {
        self.bench.databases.execute(Side::Destination, sql);
    }

    /// As if the run had not been proved yet: the journal forgets how the destination looked then.
    async fn forget(&self) {
        let run = self.bench.folder.path().join("home/runs").join(&self.id);
        let journal = Recorder::open(&run).expect("the journal");
        let forget = "DELETE FROM surroundings WHERE name = 'proved'";
        let gone = journal.write(|connection| connection.execute(forget, [])).await;
        assert_eq!(gone.expect("a table"), 1);
    }

    fn verify(&self) -> (Said, Value) {
        let said = self.bench.osferry(&["verify", &self.id, "--json"]);
        assert!(!said.panicked(), "{}", said.all());
        let report = serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{}", said.all()));
        (said, report)
    }

    /// Does harm, proves, and puts it right again; what is shown and what is noted, a line each.
    fn found(&self, harm: &str, remedy: &str) -> (Option<i32>, Vec<String>, Vec<String>) {
        self.harm(harm);
        let (said, report) = self.verify();
        self.harm(remedy);
        let around = &report["proof"]["surroundings"];
        (said.code, lines(&around["shown"]), lines(&around["notes"]))
    }
}

fn lines(noticed: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let all = noticed.as_array().expect("a list").iter();
    all.map(|one| format!("{}: {}", text(&one["table"]), text(&one["what"])).to_lowercase())
        .collect()
}

async fn harm_around_the_rows_is_found_and_named(engine: &TestEngine) {
    let proved = Proved::new(engine).await;
    let table = proved.table.clone();

    // Nothing was done.
    let (said, report) = proved.verify();
    assert_eq!(said.code, Some(0), "{}", said.all());
    let around = &report["proof"]["surroundings"];
    assert_eq!((&around["differences"], lines(&around["shown"])), (&Value::from(0), Vec::new()));
    let untouched = around["platform"].as_array().expect("a list");
    let site = untouched.iter().find(|table| {
        table["table"].as_str().expect("a name").to_uppercase().ends_with("OSSYS_SITE_PROPERTY")
    });
    let site = site.expect("it is listed");
    assert_eq!(site["rows"], 2);
    assert_eq!(site["digest"].as_str().map(str::len), Some(32));
    assert!(around["triggers"].as_u64() >= Some(1), "{around}");
    assert!(!report["proof"]["unverified"].as_array().expect("a list").is_empty());
    let certificate = &report["certificate"];
    assert_eq!((&certificate["holds"], &certificate["share"]), (&true.into(), &"100 %".into()));
    assert_eq!(certificate["plan_fingerprint"], report["plan_fingerprint"]);
    assert_eq!(certificate["compared"], certificate["carried"]);
    assert!(report["people"]["users_created"].as_u64() > Some(0), "nobody was created");

    // What has to stay as it was.
    let (off, on) = if proved.is_server {
        (
            format!("ALTER TABLE {table} DISABLE TRIGGER osferry_watch"),
            format!("ALTER TABLE {table} ENABLE TRIGGER osferry_watch"),
        )
    } else {
        (
            "DROP TRIGGER osferry_watch".to_owned(),
            format!("CREATE TRIGGER osferry_watch AFTER INSERT ON {table} BEGIN SELECT 1; END"),
        )
    };
    let off_words = if proved.is_server { "is switched off" } else { "is gone" };
    let set = |value: &str| {
        format!("UPDATE OSSYS_SITE_PROPERTY SET PROPERTY_VALUE = '{value}' WHERE ID = 2")
    };
    let rename =
        |name: &str| format!("UPDATE OSUSR_ZZZ_ELSEWHERE SET NAME = '{name}' WHERE ID = 1");
    for (harm, remedy, who, what) in [
        (set("elsewhere"), set("there"), "ossys_site_property", "some of its 2 rows have changed"),
        (rename("A"), rename("a"), "osusr_zzz_elsewhere", "some of its 2 rows have changed"),
        (
            "INSERT INTO OSUSR_ZZZ_ELSEWHERE (ID) VALUES (3)".to_owned(),
            "DELETE FROM OSUSR_ZZZ_ELSEWHERE WHERE ID = 3".to_owned(),
            "osusr_zzz_elsewhere",
            "2 rows before the run, 3 now",
        ),
        (off.clone(), on.clone(), table.to_lowercase().as_str(), off_words),
    ] {
        proved.forget().await;
        let (code, shown, _) = proved.found(&harm, &remedy);
        assert_eq!((code, shown.len()), (Some(4), 1), "{harm}: {shown:?}");
        assert!(shown[0].contains(who) && shown[0].contains(what), "{harm}: {shown:?}");
    }
    if proved.is_server {
        untrusted(&proved).await;
    }

    // A queue lives.
    proved.forget().await;
    let (code, shown, notes) = proved.found(
        "INSERT INTO OSSYS_BPM_EVENT_QUEUE (DATA_ID) VALUES ('1')",
        "DELETE FROM OSSYS_BPM_EVENT_QUEUE WHERE DATA_ID = '1'",
    );
    assert_eq!((code, shown.len()), (Some(0), 0), "{shown:?}");
    assert!(notes.iter().any(|note| note.contains("ossys_bpm_event_queue")), "{notes:?}");

    // Once the run is proved, what others do afterwards was not the run; a trigger has to be on.
    proved.forget().await;
    assert_eq!(proved.verify().0.code, Some(0));
    let (code, shown, notes) = proved.found(&set("later"), &set("there"));
    assert_eq!((code, shown.len()), (Some(0), 0), "{shown:?}");
    assert!(notes[0].contains("since the run was proved"), "{notes:?}");
    let (code, shown, _) = proved.found(&off, &on);
    assert_eq!((code, shown.len()), (Some(4), 1), "{shown:?}");
    let (said, _) = proved.verify();
    assert_eq!(said.code, Some(0), "{}", said.all());
}

/// A pair with rows that go, of an entity with an identity, one with an identifier that the
/// application gives, and one without any.
fn three_kinds() -> (Pair, [Entity; 3]) {
    let features = vec![Feature::ExistingRows, Feature::PlainIdentifier, Feature::NoIdentifier];
    let mut pairs = (1..).map(|seed| {
        generate::pair(&Recipe { seed, size: 3, features: features.clone(), flaw: None })
    });
    let found = pairs.find_map(|pair| {
        let there = &pair.destination.entities;
        // Those of which a row can be made of its number alone.
        let filled = || {
            there.iter().filter(|entity| {
                let identifier = entity.identifier.as_ref();
                let demands = |one: &Attribute| one.mandatory && Some(&one.key) != identifier;
                !entity.rows.is_empty() && !entity.attributes.iter().any(demands)
            })
        };
        let with = |automatic: bool| {
            let things = || filled().filter(|entity| entity.name.starts_with("Thing"));
            let kind = Kind::Integer;
            things().find(|entity| {
                entity.identifier().is_some_and(|id| id.autonumber == automatic && id.kind == kind)
            })
        };
        let kinds = [with(true)?, with(false)?, filled().find(|one| one.name == "Bare")?];
        let kinds = kinds.map(Entity::clone);
        Some((pair, kinds))
    });
    found.expect("such a pair")
}

async fn rows_that_were_to_go_or_came_from_elsewhere_are_counted(engine: &TestEngine) {
    let (pair, [counted, given, bare]) = three_kinds();
    let bench = Bench::on(engine, &pair, 12);
    let is_server = engine.is_slow();
    let proved = Proved { bench, id: String::new(), table: counted.table.clone(), is_server };
    let proved = proved.migrated();

    // A row as it was there before, and one with a number that nobody has had.
    let before = |entity: &Entity| match entity.id_of(&entity.rows[0]) {
        Some(Cell::Int(id)) => *id,
        other => panic!("{other:?}"),
    };
    let put = |entity: &Entity, id: i64| {
        let (table, key) = (&entity.table, &entity.identifier().expect("one").column);
        let insert = format!("INSERT INTO {table} ({key}) VALUES ({id})");
        let remedy = format!("DELETE FROM {table} WHERE {key} = {id}");
        let is_counted = is_server && entity.identifier().is_some_and(|id| id.autonumber);
        let switched =
            format!("SET IDENTITY_INSERT {table} ON; {insert}; SET IDENTITY_INSERT {table} OFF");
        (if is_counted { switched } else { insert }, remedy)
    };
    let (mark, value) = bare
        .attributes
        .iter()
        .find_map(|attribute| match attribute.kind {
            Kind::Text(_) => Some((attribute.column.clone(), "'nobody knows it'")),
            _ => None,
        })
        .expect("a text");
    let keyless = (
        format!("INSERT INTO {} ({mark}) VALUES ({value})", bare.table),
        format!("DELETE FROM {} WHERE {mark} = {value}", bare.table),
    );
    let left = "1 row left from before the run that it was to delete";
    let there = "1 row there that it neither wrote nor was to leave";
    let by_hand = "1 row there that came by somebody else's hand";
    for ((harm, remedy), entity, what) in [
        (put(&counted, before(&counted)), &counted, left),
        (put(&given, before(&given)), &given, there),
        (keyless.clone(), &bare, there),
    ] {
        proved.forget().await;
        let (code, shown, _) = proved.found(&harm, &remedy);
        assert_eq!((code, shown.len()), (Some(4), 1), "{harm}: {shown:?}");
        let table = entity.table.to_lowercase();
        assert!(shown[0].contains(&table) && shown[0].contains(what), "{harm}: {shown:?}");
    }

    // What comes when the run has been proved is not its doing, and neither is what has a number
    // that only a row of a later hour can have.
    proved.forget().await;
    let later = put(&counted, 1 << 30);
    let (code, shown, notes) = proved.found(&later.0, &later.1);
    assert_eq!((code, shown.len()), (Some(0), 0), "{shown:?}");
    assert!(notes.iter().any(|note| note.contains(by_hand)), "{notes:?}");
    proved.forget().await;
    assert_eq!(proved.verify().0.code, Some(0));
    for (harm, remedy) in [put(&given, before(&given)), keyless] {
        let (code, shown, notes) = proved.found(&harm, &remedy);
        assert_eq!((code, shown.len()), (Some(0), 0), "{shown:?}");
        assert!(notes.iter().any(|note| note.contains(by_hand)), "{notes:?}");
    }
}

/// A constraint that was switched off and on again without a look at the rows; a server that
/// accepts this without effect has nothing to find.
async fn untrusted(proved: &Proved) {
    let table = &proved.table;
    proved.harm(&format!("ALTER TABLE {table} NOCHECK CONSTRAINT osferry_check"));
    proved.harm(&format!("ALTER TABLE {table} CHECK CONSTRAINT osferry_check"));
    let untrusted = proved.bench.databases.ask(
        Side::Destination,
        "SELECT CAST(k.name AS nvarchar(200)) FROM sys.check_constraints AS k \
         WHERE k.is_not_trusted = 1",
    );
    proved.forget().await;
    let (said, report) = proved.verify();
    let shown = lines(&report["proof"]["surroundings"]["shown"]);
    assert_eq!((shown.len(), said.code == Some(4)), (untrusted.len(), !untrusted.is_empty()));
    assert!(shown.iter().all(|line| line.contains("no longer trusted")), "{shown:?}");
    proved.harm(&format!("ALTER TABLE {table} WITH CHECK CHECK CONSTRAINT osferry_check"));
}

#[tokio::test]
async fn rows_that_were_there_stay_though_the_plan_writes_their_tables() {
    let bench = practice::bench(2000).await;
    let dev = bench.open("dev");
    let row = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0);
    let stranger: i64 = dev
        .query_row("SELECT ID FROM OSSYS_USER WHERE USERNAME = 'test.handler'", [], row)
        .expect("a user of the destination's own");
    let adjusters = bench.table("Claims_CS.Adjuster");
    let key = bench.key("Claims_CS.Adjuster");
    let ours = bench.ids("Claims_CS.Adjuster")[0].1;
    for (sql, table) in [
        (format!("UPDATE OSSYS_USER SET EMAIL = 'gone' WHERE ID = {stranger}"), Some("OSSYS_USER")),
        (
            format!("UPDATE {adjusters} SET REGION = 'nowhere' WHERE {key} = {stranger}"),
            Some("OSUSR_4F2_ADJUSTER"),
        ),
        (format!("DELETE FROM {adjusters} WHERE {key} = {stranger}"), Some("OSUSR_4F2_ADJUSTER")),
        // People sign in all day, and rows of ours are looked at elsewhere.
        (format!("UPDATE OSSYS_USER SET LAST_LOGIN = '2030-01-01' WHERE ID = {stranger}"), None),
        (format!("UPDATE {adjusters} SET REGION = 'nowhere' WHERE {key} = {ours}"), None),
    ] {
        bench.harm("dev", &[&sql]);
        let around = bench.prove(None).await.surroundings.expect("a picture");
        let found: Vec<&str> = around.shown.iter().map(|found| found.table.as_str()).collect();
        assert_eq!(found, Vec::from_iter(table), "{sql}: {:?}", around.shown);
        assert!(around.shown.iter().all(|found| found.what.starts_with("of the rows that were")));
        bench.restore();
    }
}

#[tokio::test]
async fn a_picture_is_taken_once_and_ends_when_it_is_told_to() {
    let bench = practice::bench(2000).await;
    let ask = |question: fn(&Journal) -> osferry::database::Result<Option<String>>| {
        question(&bench.journal.lock().expect("a journal")).expect("an answer").expect("a picture")
    };
    let first = ask(Journal::surroundings);
    let recorder = Recorder::open(&bench.run_folder()).expect("a journal");
    recorder.set_surroundings("another".to_owned()).expect("noted");
    drop(recorder);
    assert_eq!(ask(Journal::surroundings), first);
    let taken = Surroundings::from_json(&first).expect("a picture");
    assert!(taken.tables.len() > 60, "{}", taken.tables.len());
    assert!(!first.contains("test.handler"), "a picture holds nothing of rows");

    let destination =
        osferry::database::sqlite::open_source(&bench.file("dev")).await.expect("a destination");
    let mut told = Vec::new();
    let taking = Surroundings::take(&bench.plan, destination.as_ref(), |done, all| {
        told.push((done, all));
        if done < 7 { Ok(()) } else { Err(Fault::new(FaultKind::Cancelled, "enough")) }
    });
    let fault = taking.await.expect_err("it ends");
    assert_eq!((fault.kind, told.len()), (FaultKind::Cancelled, 8));
    assert!(told.iter().all(|(_, all)| *all == taken.tables.len()), "{told:?}");
}
