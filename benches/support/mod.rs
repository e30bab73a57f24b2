//! Practice pairs that benchmarks fill and measure.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use osferry::compare::Answers;
use osferry::database::{Destination, Result, Secret, Source};
use osferry::front::{open, review};
use osferry::migrate::Environments;
use osferry::outsystems::{Environment, Side};
use osferry::plan::{Decisions, Plan, PlanFile, Review, build};
use rusqlite::Connection;
use tempfile::TempDir;

/// The espace whose entities benchmarks add to: it is in the sample plan's scope.
pub const ESPACE: &str = "Policy_CS";

/// A practice pair in a folder of its own.
pub struct Pair {
    /// The folder.
    pub folder: TempDir,
}

impl Pair {
    /// Makes one, with so many rows in its large entities, or as many as usual.
    pub fn make(rows: Option<u64>) -> Self {
        let pair = Self { folder: tempfile::tempdir().expect("a folder") };
        let rows = rows.map(|rows| rows.to_string());
        let mut arguments = vec!["practice", "--dir", "pair", "--make-only"];
        if let Some(rows) = &rows {
            arguments.extend(["--rows", rows]);
        }
        pair.osferry(&arguments);
        pair
    }

    /// A file of the pair.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("pair").join(name)
    }

    /// Production and Non-Production.
    pub fn databases(&self) -> [Connection; 2] {
        ["prod.sqlite", "dev.sqlite"]
            .map(|name| Connection::open(self.path(name)).expect("a practice database"))
    }

    /// The program, in the pair's folder.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let folder = self.folder.path();
        let mut command = Command::new(env!("CARGO_BIN_EXE_osferry"));
        command.current_dir(folder).env("OSFERRY_HOME", folder.join("home")).args(arguments);
        command
    }

    /// The same, carried out.
    pub fn osferry(&self, arguments: &[&str]) {
        let output = self.command(arguments).output().expect("the program starts");
        let said = String::from_utf8_lossy(&output.stdout);
        let trouble = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}\n{said}\n{trouble}");
    }
}

/// A plan file and the databases that it names, with their models.
pub struct Opened {
    pub file: PlanFile,
    pub text: String,
    pub folder: PathBuf,
    pub source: Arc<dyn Source>,
    pub destination: Arc<dyn Destination>,
    pub source_model: Arc<Environment>,
    pub destination_model: Arc<Environment>,
}

/// Opens a plan's databases and reads their models.
pub async fn opened(plan_file: &Path, secret: Option<&Secret>) -> Result<Opened> {
    let text = std::fs::read_to_string(plan_file).expect("the sample plan");
    let file = PlanFile::parse(&text, "practice").expect("a plan");
    let folder = plan_file.parent().expect("a folder").to_path_buf();
    let source = file.source.connection(&folder, secret.cloned());
    let source = open::to_read(Side::Source, &source).await?;
    let destination = file.destination.connection(&folder, secret.cloned());
    let destination = open::to_write(&destination).await?;
    let (source_model, destination_model) =
        open::models(source.as_ref(), destination.as_source()).await?;
    Ok(Opened { file, text, folder, source, destination, source_model, destination_model })
}

impl Opened {
    /// Compares until every question is answered, nothing decided but what the plan file says: what
    /// Findings shows first.
    pub async fn compared(&self) -> Result<Review> {
        Ok(self.decided(false).await?.0)
    }

    /// Compares until every question is answered, everything decided as recommended.
    pub async fn reviewed(&self) -> Result<(Review, Decisions)> {
        self.decided(true).await
    }

    async fn decided(&self, recommended: bool) -> Result<(Review, Decisions)> {
        let environments = Environments {
            source: self.source.as_ref(),
            destination: self.destination.as_source(),
            source_model: &self.source_model,
            destination_model: &self.destination_model,
        };
        let mut decisions = self.file.decisions.clone();
        let mut answers = Answers::default();
        let scope = &self.file.scope;
        let reviewed =
            review(environments, scope, &mut decisions, &mut answers, recommended, |_| {}).await?;
        Ok((reviewed, decisions))
    }

    /// The plan that comes of it.
    pub async fn plan(&self) -> Result<Plan> {
        let (reviewed, decisions) = self.reviewed().await?;
        let (source, destination) = (&self.source_model, &self.destination_model);
        let (name, options) = (&self.file.name, &self.file.options);
        let plan = build(name, source, destination, &reviewed, &decisions, options);
        Ok(plan.map_err(|refusal| format!("{refusal:?}")).expect("a plan"))
    }
}

/// An attribute that a benchmark's entity has beside its identifier.
pub struct Attribute {
    /// Its name, and that of its column.
    pub name: &'static str,
    /// Its type in the model: `rtText`.
    pub kind: String,
    /// The column as it is declared, without its name.
    pub column: String,
}

impl Attribute {
    /// One of a basic type.
    pub fn new(name: &'static str, kind: &str, column: &str) -> Self {
        Self { name, kind: kind.to_owned(), column: column.to_owned() }
    }
}

/// The key of the espace that entities are added to.
pub fn espace_key(database: &Connection) -> String {
    let sql = format!("SELECT SS_KEY FROM OSSYS_ESPACE WHERE NAME = '{ESPACE}'");
    database.query_row(&sql, [], |row| row.get(0)).expect("a key")
}

/// Adds an entity, number `place` of a benchmark, with an identifier that the database makes. It has
/// no rows yet.
pub fn add_entity(database: &Connection, place: usize, table: &str, attributes: &[Attribute]) {
    let espace = id(database, &format!("SELECT ID FROM OSSYS_ESPACE WHERE NAME = '{ESPACE}'"));
    database.execute_batch(&entity(espace, place, table, attributes)).expect("an entity");
}

/// The statements that do so on SQLite.
pub fn entity(espace: i64, place: usize, table: &str, attributes: &[Attribute]) -> String {
    let identifier = "ID INTEGER PRIMARY KEY AUTOINCREMENT";
    let [entity, own] = in_model(espace, place, table, attributes);
    [table_of(table, identifier, attributes), entity, own].concat()
}

/// The statement that makes the table of an entity.
pub fn table_of(table: &str, identifier: &str, attributes: &[Attribute]) -> String {
    let columns: String = attributes
        .iter()
        .map(|attribute| format!(", {} {}", attribute.name.to_uppercase(), attribute.column))
        .collect();
    format!("CREATE TABLE {table} ({identifier}{columns});")
}

/// The statements that enter an entity and its attributes into the model, ids given.
pub fn in_model(espace: i64, place: usize, table: &str, attributes: &[Attribute]) -> [String; 2] {
    let entity = 90_000 + place;
    let own = format!(
        "INSERT INTO OSSYS_ENTITY (ID, PHYSICAL_TABLE_NAME, NAME, ESPACE_ID, SS_KEY, MULTITENANT, \
         IS_ACTIVE, IS_EXTERNAL, IS_SYSTEM, PRIMARYKEY_SS_KEY, DATA_KIND) VALUES \
         ({entity}, '{table}', 'Part{place}', {espace}, 'part{place}', 0, 1, 0, 0, 'id{place}', 'entity');"
    );
    let of = |number: usize, name: &str, key: &str, kind: &str| {
        format!(
            "INSERT INTO OSSYS_ENTITY_ATTR (ID, ENTITY_ID, NAME, SS_KEY, TYPE, LENGTH, IS_MANDATORY, \
             IS_AUTONUMBER, DELETE_RULE, IS_ACTIVE, ORDER_NUM) VALUES \
             ({}, {entity}, '{name}', '{key}', '{kind}', 2000, 0, {}, 'Protect', 1, {number});",
            1_000_000 + 100 * place + number,
            u8::from(number == 0)
        )
    };
    let mut all = of(0, "ID", &format!("id{place}"), "rtInteger");
    for (number, attribute) in attributes.iter().enumerate() {
        let key = format!("{}{place}", attribute.name);
        all.push_str(&of(number + 1, attribute.name, &key, &attribute.kind));
    }
    [own, all]
}

/// An entity with so many rows in the source, and none in the destination.
fn fill(pair: &Pair, attributes: &[Attribute], rows: u32, values: &str) {
    let [source, destination] = pair.databases();
    for database in [&source, &destination] {
        add_entity(database, 0, FILLED, attributes);
    }
    let into = format!("INSERT INTO {FILLED} ({})", names(attributes));
    source.execute_batch(&numbered(rows, &into, values)).expect("rows");
}

/// The table that is filled with narrow or wide rows.
pub const FILLED: &str = "OSUSR_BNC_PART0";

/// The columns of attributes, as a list.
pub fn names(attributes: &[Attribute]) -> String {
    attributes.iter().map(|attribute| attribute.name.to_uppercase()).collect::<Vec<_>>().join(", ")
}

/// Five columns beside the identifier: a short text, a moment, a decimal, a number, a yes or no.
pub fn narrow_attributes(decimal: &str) -> Vec<Attribute> {
    vec![
        Attribute::new("Name", "rtText", "nvarchar(50)"),
        Attribute::new("Created", "rtDateTime", "datetime"),
        Attribute::new("Amount", "rtDecimal", decimal),
        Attribute::new("Count", "rtInteger", "int"),
        Attribute::new("IsOpen", "rtBoolean", "bit"),
    ]
}

/// Texts and binaries, 1.5 KB a row.
pub fn wide_attributes() -> Vec<Attribute> {
    vec![
        Attribute::new("Name", "rtText", "nvarchar(50)"),
        Attribute::new("Notes", "rtText", "nvarchar(2000)"),
        Attribute::new("Content", "rtBinaryData", "varbinary(4000)"),
    ]
}

/// Narrow rows on SQLite.
pub fn narrow(pair: &Pair, rows: u32) {
    let values = "'row ' || n, '2026-01-02 03:04:05', n || '.25', n % 7, n % 2";
    fill(pair, &narrow_attributes("DECIMALTEXT(37,8)"), rows, values);
}

/// Wide rows on SQLite.
pub fn wide(pair: &Pair, rows: u32) {
    let values = "'row ' || n, printf('%.*c', 200 + n % 800, 'x'), randomblob(500 + n % 1500)";
    fill(pair, &wide_attributes(), rows, values);
}

/// One number out of a database.
pub fn id(database: &Connection, sql: &str) -> i64 {
    database.query_row(sql, [], |row| row.get(0)).expect(sql)
}

/// A statement that inserts so many rows on SQLite, which are numbered from 0.
pub fn numbered(rows: u32, into: &str, values: &str) -> String {
    format!(
        "WITH RECURSIVE number (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM number WHERE n + 1 < {rows}) \
         {into} SELECT {values} FROM number;"
    )
}

/// A folder of ours as text, for the program's arguments.
pub fn text(path: &Path) -> String {
    path.display().to_string()
}
