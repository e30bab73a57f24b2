//! A pair with processes at work: definitions under other ids on the two sides, instances in every
//! state, values that are ids, and an application table whose rows belong to processes.

use osferry::outsystems::Side;

use crate::databases::Databases;
use crate::estate::content::Content;
use crate::estate::generate;
use crate::estate::model::{Cell, Damage, Entity, Environment, Kind, Pair, SERVICE_CENTER};
use crate::estate::recipe::{Feature, Recipe};
use crate::program::Bench;
use crate::support::engine::TestEngine;

/// The SS key of the platform's entity of processes.
const PROCESS_KEY: &str = "0b1e2a66-6c1f-4d0f-9c9e-5ad3a1b2c300";
/// Entities by ID and name: one that extends processes, and that of the process Approve.
const CASE: (i64, &str) = (98_766, "Case");
const APPROVE: (i64, &str) = (98_767, "Approve");
const VALUES: &str =
    "SS_KEY nvarchar(100), NAME nvarchar(50), DATA_TYPE nvarchar(50), SS_TYPE nvarchar(200)";
const DEFINED: &str = "NAME nvarchar(50), SS_KEY nvarchar(100), IS_ACTIVE bit";

/// Table and columns beside the identifier; those of instances have foreign keys too.
fn tables() -> Vec<(&'static str, String)> {
    vec![
        (
            "OSSYS_BPM_PROCESS_DEFINITION",
            format!("{DEFINED}, ESPACE_ID int, PROCESS_ENTITY_ID int"),
        ),
        ("OSSYS_BPM_ACTIVITY_DEFINITION", format!("{DEFINED}, PROCESS_DEF_ID int")),
        (
            "OSSYS_BPM_PROCESS_INPUT_DEF",
            format!("{DEFINED}, PROCESS_DEF_ID int, SS_TYPE nvarchar(200)"),
        ),
        (
            "OSSYS_BPM_PROCESS_OUTPUT_DEF",
            format!("{DEFINED}, PROCESS_DEF_ID int, SS_TYPE nvarchar(200)"),
        ),
        (
            "OSSYS_BPM_ACTIVITY_OUTPUT_DEF",
            format!("{DEFINED}, ACTIVITY_DEF_ID int, SS_TYPE nvarchar(200)"),
        ),
        ("OSSYS_BPM_PROCESS_STATUS", "NAME nvarchar(50), IS_TERMINAL bit".to_owned()),
        ("OSSYS_BPM_ACTIVITY_STATUS", "NAME nvarchar(50), IS_TERMINAL bit".to_owned()),
        (
            "OSSYS_BPM_PROCESS",
            "LABEL nvarchar(200), PROCESS_DEF_ID int, PARENT_PROCESS_ID int, \
             PARENT_ACTIVITY_ID int, TOP_PROCESS_ID int, STATUS_ID int, CREATED_BY int"
                .to_owned(),
        ),
        (
            "OSSYS_BPM_ACTIVITY",
            "NAME nvarchar(200), ACTIVITY_DEF_ID int, PROCESS_ID int REFERENCES \
             OSSYS_BPM_PROCESS (ID), USER_ID int, STATUS_ID int, IS_RUNNING_SINCE datetime, \
             IS_RUNNING_AT nvarchar(100), NEXT_RUN datetime, PRECEDENT_ACTIVITY_ID int, \
             LAST_ERROR_ID nvarchar(36)"
                .to_owned(),
        ),
        (
            "OSSYS_BPM_PROCESS_INPUT",
            format!(
                "INPUT_DEF_ID int, PROCESS_ID int REFERENCES OSSYS_BPM_PROCESS (ID) ON DELETE \
                 CASCADE, INPUT_VALUE nvarchar(2000), {VALUES}"
            ),
        ),
        (
            "OSSYS_BPM_PROCESS_OUTPUT",
            format!(
                "OUTPUT_DEF_ID int, PROCESS_ID int REFERENCES OSSYS_BPM_PROCESS (ID) ON DELETE \
                 CASCADE, OUTPUT_VALUE nvarchar(2000), {VALUES}"
            ),
        ),
        (
            "OSSYS_BPM_ACTIVITY_OUTPUT",
            format!(
                "OUTPUT_DEF_ID int, ACTIVITY_ID int REFERENCES OSSYS_BPM_ACTIVITY (ID) ON DELETE \
                 CASCADE, OUTPUT_VALUE nvarchar(2000), {VALUES}"
            ),
        ),
    ]
}

/// The columns of a table beside its identifier.
fn columns_of(table: &str) -> Vec<String> {
    let (_, columns) = tables().into_iter().find(|(name, _)| *name == table).expect("a table");
    let name = |column: &str| column.split(' ').next().unwrap_or_default().to_owned();
    columns.split(", ").map(name).collect()
}

/// A cell as text, `~` for NULL.
fn cell(text: &str) -> Cell {
    match (text, text.parse()) {
        ("~", _) => Cell::Null,
        (_, Ok(number)) => Cell::Int(number),
        (text, Err(_)) => Cell::text(text),
    }
}

const SIDES: [Side; 2] = [Side::Source, Side::Destination];

/// The pair, its databases, and what of them instances have to do with.
pub struct Estate {
    pub bench: Bench,
    /// The entity whose rows are named by values, and belong to processes.
    pub thing: Entity,
    /// IDs of rows of it in the source.
    pub things: Vec<i64>,
    /// A user's name that both sides have, with the ids.
    pub user: (String, i64, i64),
}

/// An entity of the scope with rows in the source and ids that the destination gives.
fn thing(pair: &Pair) -> Option<Entity> {
    let fits = |entity: &&Entity| {
        entity.active
            && !entity.is_static
            && entity.name.starts_with("Thing")
            && entity.identifier().is_some_and(|own| own.autonumber && own.column == "ID")
            && !entity.multitenant
            && pair.destination.named(&entity.name).is_some()
            && entity.rows.len() > 3
    };
    pair.source.entities.iter().find(fits).cloned()
}

/// Gives the entity an attribute that is the id of a process.
fn belongs_to_processes(environment: &mut Environment, name: &str) {
    let center = environment.espace_named(SERVICE_CENTER).key.clone();
    let Some(entity) = environment.entities.iter_mut().find(|entity| entity.name == name) else {
        return;
    };
    let mut own = entity.attributes[0].clone();
    own.key = "5d0c7a10-4a57-4d4c-8a39-0f5c2d1e7b01".to_owned();
    own.name = "ProcessId".to_owned();
    own.column = "PROCESSID".to_owned();
    own.kind = Kind::Integer;
    (own.mandatory, own.nullable, own.autonumber, own.late) = (false, true, false, false);
    (own.active, own.listed, own.default) = (true, true, None);
    own.damage = Some(Damage::Type(format!("bt{center}*{PROCESS_KEY}")));
    let key = own.key.clone();
    entity.attributes.push(own);
    for row in &mut entity.rows {
        row.cells.insert(key.clone(), Cell::Null);
    }
}

fn pair() -> (Pair, Entity) {
    for seed in 0.. {
        let features = vec![Feature::ExistingRows];
        let mut pair = generate::pair(&Recipe { seed, size: 3, features, flaw: None });
        if let Some(found) = thing(&pair) {
            belongs_to_processes(&mut pair.source, &found.name);
            belongs_to_processes(&mut pair.destination, &found.name);
            for environment in [&mut pair.source, &mut pair.destination] {
                let all = environment.entities.iter_mut();
                all.filter(|one| one.name == found.name).for_each(|one| one.events = Some(2));
            }
            let thing = pair.source.named(&found.name).expect("it was there").clone();
            return (pair, thing);
        }
    }
    unreachable!("some pair has such an entity")
}

impl Estate {
    pub fn on(engine: &TestEngine, whim: u64) -> Self {
        let (pair, thing) = pair();
        let bench = Bench::on(engine, &pair, whim);
        for side in SIDES {
            make_tables(&bench.databases, side);
        }
        let id = &thing.identifier().expect("it has one").column;
        let sql =
            format!("SELECT CAST([{id}] AS nvarchar(20)) FROM [{}] ORDER BY [{id}]", thing.table);
        let things = bench.databases.ask(Side::Source, &sql);
        let things = things.iter().map(|id| id.parse().expect("an id")).collect();
        let user = shared_user(&bench.databases);
        let estate = Self { bench, thing, things, user };
        for side in SIDES {
            estate.definitions(side);
        }
        estate.in_the_source();
        estate.in_the_destination();
        estate.subscriptions();
        estate.bench.plan(&estate.bench.usual_plan().text());
        estate
    }

    /// Adds rows; the values of each as SQL, from the identifier on.
    pub fn add(&self, side: Side, table: &str, rows: &[String]) {
        let columns = columns_of(table);
        for row in rows {
            let sql = format!("INSERT INTO {table} (ID, {}) VALUES ({row})", columns.join(", "));
            self.bench.databases.insert_with_id(side, table, &sql);
        }
    }

    /// What a side holds: what the pair was made with, and the tables of processes.
    pub fn read(&self, side: Side) -> Content {
        let mut content = self.bench.databases.read(side);
        for (table, _) in tables() {
            let mut columns = columns_of(table);
            columns.insert(0, "ID".to_owned());
            let cells: Vec<String> = columns
                .iter()
                .map(|column| format!("COALESCE(CAST([{column}] AS nvarchar(400)), '~')"))
                .collect();
            let sql = format!("SELECT CONCAT({}, '') FROM [{table}]", cells.join(", '|', "));
            let rows = self.bench.databases.ask(side, &sql);
            let row =
                |row: &String| columns.iter().cloned().zip(row.split('|').map(cell)).collect();
            content.tables.insert(table.to_owned(), rows.iter().map(row).collect());
        }
        content
    }

    /// The SS key of the espace whose processes are in the scope.
    pub fn core_key(&self) -> String {
        key_of(&self.bench.databases, Side::Source, "Core")
    }

    /// The type of values that are ids of the entity.
    fn type_of_thing(&self) -> String {
        format!("bt{}*{}", self.thing.espace, self.thing.key.to_uppercase())
    }

    /// Approve with a step that starts Pay, and Foreign, of a module that is not in the scope.
    fn definitions(&self, side: Side) {
        let first = match side {
            Side::Source => 10,
            Side::Destination => 50,
        };
        let [core, other] = espaces(&self.bench.databases, side);
        let user =
            format!("bt{}*{}", key_of(&self.bench.databases, side, SERVICE_CENTER), user_key());
        let thing = self.type_of_thing();
        let add = |table: &str, rows: &[String]| self.add(side, table, rows);
        add(
            "OSSYS_BPM_PROCESS_DEFINITION",
            &[
                format!("{}, 'Approve', 'Aa', 1, {core}, {}", first + 1, APPROVE.0),
                format!("{}, 'Pay', 'Bb', 1, {core}, NULL", first + 2),
                format!("{}, 'Foreign', 'cc', 1, {other}, NULL", first + 3),
            ],
        );
        let activity = |id: i64, name: &str, process: i64| {
            format!("{}, '{name}', 'key-{name}', 1, {}", first + id, first + process)
        };
        add(
            "OSSYS_BPM_ACTIVITY_DEFINITION",
            &[
                activity(1, "Check", 1),
                activity(2, "Start", 1),
                activity(3, "Work", 2),
                activity(4, "Far", 3),
            ],
        );
        add(
            "OSSYS_BPM_PROCESS_INPUT_DEF",
            &[
                format!(
                    "{}, 'Thing', 'i1.#EventGeneratedInput', 1, {}, '{thing}'",
                    first + 1,
                    first + 1
                ),
                format!("{}, 'Text', 'i2', 1, {}, 'rtText'", first + 2, first + 1),
            ],
        );
        add(
            "OSSYS_BPM_PROCESS_OUTPUT_DEF",
            &[format!("{}, 'Done', 'o1', 1, {}, 'rtInteger'", first + 1, first + 1)],
        );
        add(
            "OSSYS_BPM_ACTIVITY_OUTPUT_DEF",
            &[format!("{}, 'By', 'v1', 1, {}, '{user}'", first + 1, first + 1)],
        );
        let statuses = match side {
            Side::Source => ["1, 'Active', 0", "2, 'Closed', 1"],
            Side::Destination => ["7, 'active', 0", "1, 'Closed', 1"],
        };
        add("OSSYS_BPM_PROCESS_STATUS", &statuses.map(str::to_owned));
        let statuses = match side {
            Side::Source => ["5, 'Closed', 1", "9, 'Ready', 0"],
            Side::Destination => ["9, 'Closed', 1", "5, 'Ready', 0"],
        };
        add("OSSYS_BPM_ACTIVITY_STATUS", &statuses.map(str::to_owned));
        let columns = "ID, PHYSICAL_TABLE_NAME, NAME, ESPACE_ID, SS_KEY, MULTITENANT, IS_ACTIVE, \
                       IS_EXTERNAL, IS_SYSTEM, DATA_KIND";
        let system = espace(&self.bench.databases, side, SERVICE_CENTER);
        let sql = format!(
            "INSERT INTO OSSYS_ENTITY ({columns}) VALUES (98765, 'ossys_bpm_Process', 'Process', \
             {system}, '{PROCESS_KEY}', 0, 1, 0, 1, 'entity')"
        );
        self.bench.databases.insert_with_id(side, "OSSYS_ENTITY", &sql);
        self.entities_of_processes(side, &core);
    }

    /// An entity whose rows extend processes, and the entity of a process, which is a view.
    fn entities_of_processes(&self, side: Side, core: &str) {
        let process =
            format!("bt{}*{PROCESS_KEY}", key_of(&self.bench.databases, side, SERVICE_CENTER));
        let statements = [
            "CREATE TABLE OSUSR_EXT_CASE (ID int NOT NULL PRIMARY KEY, NOTE nvarchar(50))",
            "CREATE VIEW OSUSR_EXT_APPROVE AS SELECT ID, LABEL FROM OSSYS_BPM_PROCESS",
        ];
        for sql in statements {
            self.bench.databases.execute(side, sql);
        }
        let columns = "ID, PHYSICAL_TABLE_NAME, NAME, ESPACE_ID, SS_KEY, MULTITENANT, IS_ACTIVE, \
                       IS_EXTERNAL, IS_SYSTEM, DATA_KIND, PRIMARYKEY_SS_KEY";
        for ((id, name), table, second) in
            [(CASE, "OSUSR_EXT_CASE", "Note"), (APPROVE, "OSUSR_EXT_APPROVE", "Label")]
        {
            let sql = format!(
                "INSERT INTO OSSYS_ENTITY ({columns}) VALUES ({id}, '{table}', '{name}', {core}, \
                 'key-{name}', 0, 1, 0, 0, 'entity', 'id-{name}')"
            );
            self.bench.databases.insert_with_id(side, "OSSYS_ENTITY", &sql);
            let columns = "ID, ENTITY_ID, NAME, SS_KEY, TYPE, LENGTH, IS_MANDATORY, IS_AUTONUMBER, \
                           DELETE_RULE, IS_ACTIVE";
            let attribute = |number: i64, name: &str, key: String, kind: &str| {
                let sql = format!(
                    "INSERT INTO OSSYS_ENTITY_ATTR ({columns}) VALUES ({}, {id}, '{name}', '{key}', \
                     '{kind}', 50, 0, 0, 'Delete', 1)",
                    10 * id + number
                );
                self.bench.databases.insert_with_id(side, "OSSYS_ENTITY_ATTR", &sql);
            };
            attribute(1, "Id", format!("id-{name}"), &process);
            attribute(2, second, format!("{second}-{name}"), "rtText");
        }
        let rows: &[(i64, &str)] = match side {
            Side::Source => &[(-7, "first"), (6, "second far"), (8, "alone far")],
            Side::Destination => &[(1, "theirs"), (3, "theirs far")],
        };
        for (id, note) in rows {
            let sql = format!("INSERT INTO OSUSR_EXT_CASE (ID, NOTE) VALUES ({id}, '{note}')");
            self.bench.databases.execute(side, &sql);
        }
    }

    /// The notes of the entity that extends processes, each with the id of the process.
    pub fn cases(&self, side: Side) -> Vec<(String, String)> {
        let sql = "SELECT CONCAT(CAST(ID AS nvarchar(20)), '|', NOTE) FROM OSUSR_EXT_CASE";
        let rows = self.bench.databases.ask(side, sql);
        let row = |row: &String| row.split_once('|').map(|(id, note)| (note.into(), id.into()));
        let mut rows: Vec<_> = rows.iter().filter_map(row).collect();
        rows.sort();
        rows
    }

    fn in_the_source(&self) {
        let add = |table: &str, rows: &[String]| self.add(Side::Source, table, rows);
        let user = self.user.1;
        // Processes: root and sub-process, ids below 0; a closed one with a foreign sub-process; a
        // foreign one alone; a root that names no topmost process.
        add(
            "OSSYS_BPM_PROCESS",
            &[
                format!("-7, 'first', 11, NULL, NULL, NULL, 1, {user}"),
                "-6, 'first pay', 12, NULL, NULL, NULL, 1, NULL".to_owned(),
                format!("5, 'second', 11, NULL, NULL, NULL, 2, {user}"),
                "6, 'second far', 13, NULL, NULL, NULL, 2, NULL".to_owned(),
                "8, 'alone far', 13, NULL, NULL, NULL, 1, NULL".to_owned(),
                "9, 'no top', 12, NULL, NULL, NULL, 1, NULL".to_owned(),
            ],
        );
        let at = "'2026-03-04 05:06:07'";
        add(
            "OSSYS_BPM_ACTIVITY",
            &[
                format!("100, 'check first', 11, -7, {user}, 5, NULL, NULL, NULL, NULL, NULL"),
                "101, 'start first', 12, -7, NULL, 9, NULL, NULL, NULL, 100, NULL".to_owned(),
                format!("102, 'work', 13, -6, NULL, 9, {at}, 'front-1', {at}, NULL, 'e-1'"),
                "103, 'check second', 11, 5, NULL, 5, NULL, NULL, NULL, NULL, NULL".to_owned(),
                "104, 'far', 14, 6, NULL, 5, NULL, NULL, NULL, NULL, NULL".to_owned(),
                "105, 'far alone', 14, 8, NULL, 9, NULL, NULL, NULL, NULL, NULL".to_owned(),
            ],
        );
        for (id, parent, activity, top) in [
            ("-7", "NULL", "NULL", "-7"),
            ("-6", "-7", "101", "-7"),
            ("5", "NULL", "NULL", "5"),
            ("6", "5", "103", "5"),
            ("8", "NULL", "NULL", "8"),
        ] {
            let sql = format!(
                "UPDATE OSSYS_BPM_PROCESS SET PARENT_PROCESS_ID = {parent}, PARENT_ACTIVITY_ID = \
                 {activity}, TOP_PROCESS_ID = {top} WHERE ID = {id}"
            );
            self.bench.databases.execute(Side::Source, &sql);
        }
        let (thing, first, second) = (self.type_of_thing(), self.things[0], self.things[1]);
        add(
            "OSSYS_BPM_PROCESS_INPUT",
            &[
                format!(
                    "1, 11, -7, '{first}', 'i1.#EventGeneratedInput', 'by type', 'rtInteger', '{thing}'"
                ),
                format!("2, 12, -7, '{first}', 'i2', 'text', 'rtText', 'rtText'"),
                format!(
                    "3, 11, 5, '{second}', 'i1.#EventGeneratedInput', 'by definition', 'rtInteger', NULL"
                ),
                format!("4, 11, 5, '0', 'i1.#EventGeneratedInput', 'none', 'rtInteger', '{thing}'"),
                format!(
                    "5, 11, 5, '999999', 'i1.#EventGeneratedInput', 'gone', 'rtInteger', '{thing}'"
                ),
                format!("6, 11, 8, '{first}', 'x', 'not carried', 'rtInteger', '{thing}'"),
            ],
        );
        add(
            "OSSYS_BPM_PROCESS_OUTPUT",
            &["1, 11, 5, '12', 'o1', 'done', 'rtInteger', 'rtInteger'".to_owned()],
        );
        add(
            "OSSYS_BPM_ACTIVITY_OUTPUT",
            &[
                format!("1, 11, 100, '{}', 'v1', 'by', 'rtInteger', NULL", self.user.1),
                "2, 11, 103, NULL, 'v1', 'by nobody', 'rtInteger', NULL".to_owned(),
            ],
        );
        let id = &self.thing.identifier().expect("it has one").column;
        for (place, process) in [(0, "-7"), (1, "8"), (2, "6")] {
            let sql = format!(
                "UPDATE [{}] SET PROCESSID = {process} WHERE [{id}] = {}",
                self.thing.table, self.things[place]
            );
            self.bench.databases.execute(Side::Source, &sql);
        }
    }

    /// Activities that wait for changes of rows: of the source one that goes along, one for a row that
    /// does not, and one of an instance that does not; of the destination one that is deleted, and one
    /// that stays.
    fn subscriptions(&self) {
        let add = |side: Side, activity: i64, row: &str| {
            let [core, _] = espaces(&self.bench.databases, side);
            let sql = format!(
                "INSERT INTO [{}] (_ESPACE_ID, _ACTIVITY_ID, _IS_UPDATE, _IS_LIGHT, ID) VALUES \
                 ({core}, {activity}, 1, 0, {row})",
                self.event_table()
            );
            self.bench.databases.execute(side, &sql);
        };
        add(Side::Source, 101, &self.things[0].to_string());
        add(Side::Source, 102, "NULL");
        add(Side::Source, 102, "999999");
        add(Side::Source, 105, "NULL");
        add(Side::Destination, 1, "NULL");
        add(Side::Destination, 3, "NULL");
    }

    /// The table of subscriptions to rows of the entity.
    pub fn event_table(&self) -> String {
        self.thing.table.replacen("OSUSR_", "OSEVT_", 1)
    }

    /// Instances that are replaced or stay, and one of the foreign process, which stays anyhow.
    fn in_the_destination(&self) {
        let add = |table: &str, rows: &[String]| self.add(Side::Destination, table, rows);
        add(
            "OSSYS_BPM_PROCESS",
            &[
                "1, 'theirs', 51, NULL, NULL, 1, 7, NULL".to_owned(),
                "2, 'theirs pay', 52, 1, NULL, 1, 7, NULL".to_owned(),
                "3, 'theirs far', 53, NULL, NULL, 3, 7, NULL".to_owned(),
            ],
        );
        add(
            "OSSYS_BPM_ACTIVITY",
            &[
                "1, 'theirs', 52, 1, NULL, 5, NULL, NULL, NULL, NULL, NULL".to_owned(),
                "2, 'theirs work', 53, 2, NULL, 5, NULL, NULL, NULL, 1, NULL".to_owned(),
                "3, 'theirs far', 54, 3, NULL, 5, NULL, NULL, NULL, NULL, NULL".to_owned(),
            ],
        );
        let sql = "UPDATE OSSYS_BPM_PROCESS SET PARENT_ACTIVITY_ID = 1 WHERE ID = 2";
        self.bench.databases.execute(Side::Destination, sql);
        add(
            "OSSYS_BPM_PROCESS_INPUT",
            &["1, 52, 1, 'theirs', 'i2', 'text', 'rtText', 'rtText'".to_owned()],
        );
        add(
            "OSSYS_BPM_ACTIVITY_OUTPUT",
            &["1, 51, 1, 'theirs', 'v1', 'by', 'rtInteger', 'rtText'".to_owned()],
        );
    }
}

fn make_tables(databases: &Databases, side: Side) {
    let there = databases.read(side).tables;
    let all = tables();
    for (table, _) in all.iter().rev() {
        if there.keys().any(|name| name.eq_ignore_ascii_case(table)) {
            databases.execute(side, &format!("DROP TABLE {table}"));
        }
    }
    let identity = match databases {
        Databases::Files(_) => "ID INTEGER PRIMARY KEY AUTOINCREMENT",
        Databases::OnServer(..) => "ID int IDENTITY(1, 1) NOT NULL PRIMARY KEY",
    };
    // Foreign keys go round in a circle, and one of them leads to a table that comes later.
    let circle = "REFERENCES OSSYS_BPM_ACTIVITY (ID)";
    let is_file = matches!(databases, Databases::Files(_));
    for (table, mut columns) in all {
        if is_file {
            let parent = "PARENT_ACTIVITY_ID int";
            columns = columns.replace(parent, &format!("{parent} {circle}"));
        }
        databases.execute(side, &format!("CREATE TABLE {table} ({identity}, {columns})"));
    }
    if !is_file {
        let sql =
            format!("ALTER TABLE OSSYS_BPM_PROCESS ADD FOREIGN KEY (PARENT_ACTIVITY_ID) {circle}");
        databases.execute(side, &sql);
    }
}

fn espace(databases: &Databases, side: Side, name: &str) -> String {
    let sql = format!(
        "SELECT CAST(ID AS nvarchar(20)) FROM OSSYS_ESPACE WHERE IS_ACTIVE = 1 AND NAME = '{name}'"
    );
    databases.ask(side, &sql).first().cloned().expect("an espace")
}

/// The ID of an espace of the scope, and of one that is not chosen.
fn espaces(databases: &Databases, side: Side) -> [String; 2] {
    ["Core", "Users"].map(|name| espace(databases, side, name))
}

/// The SS key of an espace.
fn key_of(databases: &Databases, side: Side, name: &str) -> String {
    let sql = format!("SELECT SS_KEY FROM OSSYS_ESPACE WHERE IS_ACTIVE = 1 AND NAME = '{name}'");
    databases.ask(side, &sql).first().cloned().expect("an espace")
}

/// The SS key of the platform's entity of users.
fn user_key() -> String {
    crate::estate::platform::system_key("User")
}

/// A user that both sides know by one name: the name, and the ids.
fn shared_user(databases: &Databases) -> (String, i64, i64) {
    let names = |side| {
        let sql = "SELECT USERNAME FROM OSSYS_USER WHERE IS_ACTIVE = 1 ORDER BY ID";
        databases.ask(side, sql)
    };
    let theirs = names(Side::Destination);
    let once = |all: &[String], name: &String| all.iter().filter(|one| *one == name).count() == 1;
    let ours = names(Side::Source);
    let name = ours.iter().find(|name| once(&ours, name) && once(&theirs, name));
    let name = name.expect("a user of both sides").clone();
    let id = |side| {
        let sql =
            format!("SELECT CAST(ID AS nvarchar(20)) FROM OSSYS_USER WHERE USERNAME = '{name}'");
        databases.ask(side, &sql)[0].parse().expect("an id")
    };
    (name.clone(), id(Side::Source), id(Side::Destination))
}
