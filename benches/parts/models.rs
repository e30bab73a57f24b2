//! Models as large as there are any: read, compared, decided.

use std::cell::RefCell;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use criterion::Criterion;
use osferry::database::Secret;
use tokio::runtime::Runtime;

use crate::engine::Server;
use crate::is_wanted;
use crate::on_server::{self, ServerPair};
use crate::support::{Attribute, ESPACE, Pair, entity, id, numbered, opened};

/// How much a model holds beside the practice pair.
#[derive(Clone, Copy)]
pub(crate) struct Extent {
    pub entities: usize,
    pub attributes: usize,
    pub records: u32,
    pub users: u32,
}

const LARGE: Extent = Extent { entities: 2_000, attributes: 20, records: 5_000, users: 50_000 };

/// How often it is measured on a server; the least counts.
const ROUNDS: usize = 3;

/// Entities that are made in one request to a server.
const AT_ONCE: usize = 20;

/// What statements need of the database that they are for.
struct Known {
    espace: i64,
    /// The type of attributes that refer to users.
    user: String,
    tenant: i64,
}

/// An engine's statements that make an entity, and so many rows.
struct Dialect {
    entity: fn(i64, usize, &str, &[Attribute]) -> String,
    numbered: fn(u32, &str, &str) -> String,
}

const SQLITE: Dialect = Dialect { entity, numbered };
const SERVER: Dialect = Dialect { entity: on_server::entity, numbered: on_server::numbered };

const ESPACE_KEY: &str = "SELECT SS_KEY FROM OSSYS_ESPACE WHERE NAME = 'ServiceCenter'";
const USER_KEY: &str = "SELECT SS_KEY FROM OSSYS_ENTITY WHERE PHYSICAL_TABLE_NAME = 'OSSYS_USER'";

impl Dialect {
    /// The statements that make a model so large, a few for each entity.
    fn enlarge(&self, extent: Extent, known: &Known) -> Vec<String> {
        let texts: Vec<Attribute> = (0..extent.attributes)
            .map(|number| {
                let name: &'static str = Box::leak(format!("Text{number}").into_boxed_str());
                Attribute::new(name, "rtText", "nvarchar(50)")
            })
            .collect();
        let table = |place| format!("OSUSR_BNC_PART{place}");
        let entity = |place: usize, attributes: &[Attribute]| {
            (self.entity)(known.espace, place, &table(place), attributes)
        };
        let mut all: Vec<String> =
            (1..=extent.entities).map(|place| entity(place, &texts)).collect();
        let place = extent.entities + 1;
        all.push(entity(place, &[Attribute::new("Label", "rtText", "nvarchar(50)")]));
        all.push(self.records(extent.records, place, &table(place), known));
        let place = extent.entities + 2;
        all.push(entity(place, &[Attribute::new("UserId", &known.user, "int")]));
        all.push(self.users(extent.users, &table(place), known));
        all
    }

    /// Records that make an entity a static one.
    fn records(&self, records: u32, place: usize, table: &str, known: &Known) -> String {
        let espace = known.espace;
        let rows = (self.numbered)(
            records,
            &format!("INSERT INTO {table} (LABEL)"),
            "CONCAT('record ', n)",
        );
        format!(
            "UPDATE OSSYS_ENTITY SET DATA_KIND = 'staticEntity' WHERE SS_KEY = 'part{place}'; {rows} \
             INSERT INTO OSSYS_ENTITY_RECORD (DATA_ID, NAME, SS_KEY, ENTITY_SS_KEY, ESPACE_ID, IS_ACTIVE) \
             SELECT ID, CONCAT('Record', ID), CONCAT('record', ID), 'part{place}', {espace}, 1 FROM \
             {table};"
        )
    }

    /// Users, and a row for each that refers to it.
    fn users(&self, users: u32, table: &str, known: &Known) -> String {
        let into = "INSERT INTO OSSYS_USER (TENANT_ID, NAME, USERNAME, IS_ACTIVE)";
        let values = format!("{}, CONCAT('Person ', n), CONCAT('person.', n), 1", known.tenant);
        let rows = (self.numbered)(users, into, &values);
        format!(
            "{rows} INSERT INTO {table} (USERID) SELECT ID FROM OSSYS_USER WHERE USERNAME LIKE \
             'person.%';"
        )
    }
}

/// A practice pair whose model is made so large on both sides.
pub(crate) fn enlarged(extent: Extent) -> Pair {
    let pair = Pair::make(Some(300));
    for database in pair.databases() {
        let key =
            |sql: &str| -> String { database.query_row(sql, [], |row| row.get(0)).expect("a key") };
        let known = Known {
            espace: id(&database, &format!("SELECT ID FROM OSSYS_ESPACE WHERE NAME = '{ESPACE}'")),
            user: format!("bt{}*{}", key(ESPACE_KEY), key(USER_KEY)),
            tenant: id(
                &database,
                "SELECT TENANT_ID FROM OSSYS_USER GROUP BY 1 ORDER BY COUNT(*) DESC",
            ),
        };
        let all = SQLITE.enlarge(extent, &known).concat();
        database.execute_batch(&format!("BEGIN; {all} COMMIT")).expect("a large model");
    }
    pair
}

/// The same on a server.
fn enlarged_on(runtime: &Runtime, server: &Server, extent: Extent) -> ServerPair {
    let pair = ServerPair::make(runtime, server, 30);
    for database in [&pair.source, &pair.destination] {
        let first = |sql: &str| {
            let said = runtime.block_on(server.query(database, sql));
            said.into_iter().next().expect(sql)
        };
        let number = |sql: &str| first(sql).parse().expect("a number");
        let known = Known {
            espace: number(&on_server::espace()),
            user: format!("bt{}*{}", first(ESPACE_KEY), first(USER_KEY)),
            tenant: number(
                "SELECT TOP (1) CAST(TENANT_ID AS varchar(20)) FROM OSSYS_USER GROUP BY TENANT_ID \
                 ORDER BY COUNT(*) DESC",
            ),
        };
        for some in SERVER.enlarge(extent, &known).chunks(AT_ONCE) {
            runtime.block_on(server.query(database, &some.join("\n")));
        }
    }
    pair
}

/// How far a benchmark goes.
#[derive(Clone, Copy)]
enum Until {
    Read,
    Compared,
    Decided,
}

const ALL: [(&str, Until); 3] = [
    ("read", Until::Read),
    ("read and compare", Until::Compared),
    ("read, compare and decide", Until::Decided),
];

/// Reading both models, and comparing them as Findings does.
pub(crate) fn measure(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("models");
    let runtime = Runtime::new().expect("a runtime");
    let pair = RefCell::new(None);
    for (name, until) in ALL {
        group.bench_function(name, |bencher| {
            let mut pair = pair.borrow_mut();
            let plan_file = pair.get_or_insert_with(|| enlarged(LARGE)).path("practice.toml");
            bencher.iter(|| runtime.block_on(read(&plan_file, None, until)));
        });
    }
    group.finish();
    if is_wanted("models on a server") {
        measure_on_server(&runtime);
    }
}

/// The same on the server that the environment names.
fn measure_on_server(runtime: &Runtime) {
    let Some(server) = Server::from_environment() else {
        println!("models on a server: not measured, the environment names none\n");
        return;
    };
    let pair = enlarged_on(runtime, &server, LARGE);
    let (plan_file, secret) = (pair.plan_file(), pair.secret());
    for (name, until) in ALL {
        let least = (0..ROUNDS).map(|_| {
            let started = Instant::now();
            runtime.block_on(read(&plan_file, Some(&secret), until));
            started.elapsed()
        });
        let least: Duration = least.min().expect("it was measured");
        println!("models on a server/{name}: {:.2} s", least.as_secs_f64());
    }
    println!();
    pair.clear(runtime);
}

async fn read(plan_file: &Path, secret: Option<&Secret>, until: Until) {
    let opened = opened(plan_file, secret).await.expect("read");
    assert!(opened.source_model.entities.len() > LARGE.entities, "the model is not so large");
    let fault = match until {
        Until::Read => None,
        Until::Compared => opened.compared().await.map(black_box).err(),
        Until::Decided => opened.reviewed().await.map(black_box).err(),
    };
    assert!(fault.is_none(), "{fault:?}");
}
