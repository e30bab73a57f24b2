//! The pair of databases that a scenario is about, on whichever engine: made before the program
//! starts, looked at past it.

#![expect(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

use std::path::{Path, PathBuf};

use osferry::database::ConnectionSpec;
use osferry::outsystems::Side;

use crate::estate::content::{self, Content};
use crate::estate::model::{Environment, Pair};
use crate::estate::{port, sqlite_file};
use crate::program::Endpoint;
use crate::support::engine::{Server, wait};

/// Two databases, source first.
#[expect(clippy::large_enum_variant, reason = "there is one for a scenario")]
pub enum Databases {
    Files([File; 2]),
    OnServer(Server, [OnServer; 2]),
}

/// A database in a file.
pub struct File {
    path: PathBuf,
    /// The files of further databases.
    further: Vec<PathBuf>,
    /// What it held when it was made, to the byte and as rows.
    bytes: Vec<Vec<u8>>,
    made: Content,
}

impl File {
    fn bytes(&self) -> Vec<Vec<u8>> {
        let all = std::iter::once(&self.path).chain(&self.further);
        all.map(|path| std::fs::read(path).expect("a file")).collect()
    }

    fn read(&self) -> Content {
        let mut content = content::read(&self.path);
        for path in &self.further {
            let more = content::read(path);
            content.tables.extend(more.tables);
            content.schema.extend(more.schema);
        }
        content
    }
}

/// A database of a server.
pub struct OnServer {
    name: String,
    environment: Environment,
    whim: u64,
    /// What it held when it was made.
    made: Content,
}

/// The destination is spelled otherwise than the source.
fn whims(whim: u64) -> [u64; 2] {
    [whim, whim.wrapping_mul(31) + 7]
}

impl Databases {
    /// Writes both as files.
    pub fn in_folder(folder: &Path, pair: &Pair, whim: u64) -> Self {
        let [source, destination] = whims(whim);
        let write = |name: &str, environment: &Environment, whim| {
            let path = folder.join(name);
            sqlite_file::write(&path, environment, whim);
            let catalogs = environment.catalogs();
            let further = catalogs.iter().map(|name| sqlite_file::further(&path, name)).collect();
            let mut file = File { path, further, bytes: Vec::new(), made: Content::default() };
            (file.bytes, file.made) = (file.bytes(), file.read());
            file
        };
        Self::Files([
            write("prod.sqlite", &pair.source, source),
            write("dev.sqlite", &pair.destination, destination),
        ])
    }

    /// Writes both into new databases of a server, which are dropped with this.
    pub fn on_server(server: &Server, pair: &Pair, whim: u64) -> Self {
        let [source, destination] = whims(whim);
        let make = |environment: &Environment, whim| {
            let name = wait(server.create_database());
            let (mut environment, made) = (environment.clone(), Content::default());
            // Further databases get names that nobody else has.
            for catalog in environment.catalogs() {
                let further = wait(server.create_database());
                for espace in &mut environment.espaces {
                    if espace.catalog.as_ref() == Some(&catalog) {
                        espace.catalog = Some(further.clone());
                    }
                }
            }
            OnServer { name, environment, whim, made }
        };
        let made = [make(&pair.source, source), make(&pair.destination, destination)];
        // Owned from here on, so that they are dropped even if they cannot be filled.
        let mut databases = Self::OnServer(server.clone(), made);
        if let Self::OnServer(server, made) = &mut databases {
            for database in made {
                let spec = ConnectionSpec::SqlServer(server.spec(&database.name));
                let (environment, whim) = (&database.environment, database.whim);
                wait(port::write(&spec, environment, whim, None));
                for catalog in environment.catalogs() {
                    let spec = ConnectionSpec::SqlServer(server.spec(&catalog));
                    wait(port::write(&spec, environment, whim, Some(&catalog)));
                }
                database.made = database.read(server);
            }
        }
        databases
    }

    /// What a database held when it was made.
    pub fn made(&self, side: Side) -> Content {
        match self {
            Self::Files(files) => files[place(side)].made.clone(),
            Self::OnServer(_, databases) => databases[place(side)].made.clone(),
        }
    }

    /// What a database holds now.
    pub fn read(&self, side: Side) -> Content {
        match self {
            Self::Files(files) => files[place(side)].read(),
            Self::OnServer(server, databases) => databases[place(side)].read(server),
        }
    }

    /// Whether they lie on a server that speaks SQL Server's protocol and is none: it calls indexes
    /// otherwise, in words of its own.
    pub fn are_on_a_stand_in(&self) -> bool {
        match self {
            Self::Files(_) => false,
            Self::OnServer(server, _) => is_a_stand_in(server),
        }
    }

    /// Has a statement done past the program.
    pub fn execute(&self, side: Side, sql: &str) {
        match self {
            Self::Files(files) => {
                let connection = rusqlite::Connection::open(&files[place(side)].path);
                connection.expect("a file").execute_batch(sql).expect(sql);
            }
            Self::OnServer(..) => {
                self.ask(side, sql);
            }
        }
    }

    /// Adds a row of a table whose identifiers the database gives, with one of its own.
    pub fn insert_with_id(&self, side: Side, table: &str, sql: &str) {
        match self {
            Self::Files(_) => self.execute(side, sql),
            Self::OnServer(..) => {
                let switch = |way| format!("SET IDENTITY_INSERT [{table}] {way}");
                self.execute(side, &format!("{}; {sql}; {}", switch("ON"), switch("OFF")));
            }
        }
    }

    /// Carries out a script that the program has left, as the database's own tools do.
    pub fn carry_out(&self, side: Side, script: &str) {
        match self {
            Self::Files(_) => self.execute(side, script),
            Self::OnServer(server, databases) => {
                wait(server.carry_out(&databases[place(side)].name, script));
            }
        }
    }

    /// How a connection to it is opened.
    pub fn spec(&self, side: Side) -> ConnectionSpec {
        match self {
            Self::Files(files) => ConnectionSpec::Sqlite { path: files[place(side)].path.clone() },
            Self::OnServer(server, databases) => {
                ConnectionSpec::SqlServer(server.spec(&databases[place(side)].name))
            }
        }
    }

    /// What it answers past the program: the first column of each row, as text.
    pub fn ask(&self, side: Side, sql: &str) -> Vec<String> {
        match self {
            Self::Files(files) => {
                let connection = rusqlite::Connection::open(&files[place(side)].path);
                let connection = connection.expect("a file");
                let mut statement = connection.prepare(sql).expect(sql);
                let text = |row: &rusqlite::Row<'_>| Ok(plain(row.get_ref(0)?));
                let rows = statement.query_map([], text).expect(sql);
                rows.map(|row| row.expect(sql)).collect()
            }
            Self::OnServer(server, databases) => {
                wait(server.query(&databases[place(side)].name, sql))
            }
        }
    }

    /// Whether it holds what it held when it was made: of a file, to the byte.
    pub fn unchanged(&self, side: Side) -> bool {
        match self {
            Self::Files(files) => {
                let file = &files[place(side)];
                file.bytes() == file.bytes
            }
            Self::OnServer(server, databases) => {
                let database = &databases[place(side)];
                database.read(server) == database.made
            }
        }
    }

    /// Its name, as a run has it confirmed.
    pub fn name(&self, side: Side) -> String {
        match self {
            Self::Files(files) => {
                let stem = files[place(side)].path.file_stem().expect("a name");
                stem.to_string_lossy().into_owned()
            }
            Self::OnServer(_, databases) => databases[place(side)].name.clone(),
        }
    }

    /// What a plan says of it.
    pub fn endpoint(&self, side: Side) -> Endpoint {
        match self {
            Self::Files(files) => {
                let name = files[place(side)].path.file_name().expect("a name");
                Endpoint::from(name.to_string_lossy().as_ref())
            }
            Self::OnServer(server, databases) => Endpoint(format!(
                "engine = \"sqlserver\"\nserver = \"{}\"\ndatabase = \"{}\"\nuser = \"{}\"\n\
                 trust_certificate = true",
                server.address,
                databases[place(side)].name,
                server.user
            )),
        }
    }

    /// The same by way of another address of the server.
    pub fn endpoint_by(&self, side: Side, address: &str) -> Endpoint {
        let Self::OnServer(server, _) = self else { panic!("only a server has addresses") };
        let Endpoint(usual) = self.endpoint(side);
        Endpoint(usual.replacen(&server.address, address, 1))
    }

    /// The same in other words.
    pub fn endpoint_otherwise(&self, side: Side) -> Endpoint {
        match self {
            Self::Files(files) => {
                Endpoint::from(files[place(side)].path.to_string_lossy().as_ref())
            }
            Self::OnServer(..) => {
                let Endpoint(usual) = self.endpoint(side);
                Endpoint(format!("{usual}\nauth = \"sql\"\nencrypt = \"required\""))
            }
        }
    }

    /// The variables with which the program can sign in.
    pub fn secrets(&self) -> Vec<(String, String)> {
        match self {
            Self::Files(_) => Vec::new(),
            Self::OnServer(server, _) => ["SOURCE", "DESTINATION"]
                .map(|side| (format!("OSFERRY_{side}_PASSWORD"), server.password.clone()))
                .to_vec(),
        }
    }
}

impl Drop for Databases {
    fn drop(&mut self) {
        if let Self::OnServer(server, databases) = self {
            for database in databases {
                wait(server.drop_database(&database.name));
                for catalog in database.environment.catalogs() {
                    wait(server.drop_database(&catalog));
                }
            }
        }
    }
}

impl OnServer {
    fn read(&self, server: &Server) -> Content {
        let spec = ConnectionSpec::SqlServer(server.spec(&self.name));
        let mut content = wait(port::read(&spec, &self.environment, self.whim));
        for rows in content.tables.values_mut() {
            rows.sort();
        }
        content.schema = wait(server.query(&self.name, DEFINITIONS));
        for catalog in self.environment.catalogs() {
            content.schema.extend(wait(server.query(&catalog, DEFINITIONS)));
        }
        content
    }
}

/// Every column, key and trigger, past the program.
const DEFINITIONS: &str = "\
    SELECT CAST(LOWER(o.name + N'.' + c.name) + N' ' + CAST(c.user_type_id AS nvarchar(11)) + \
    N' ' + CAST(c.max_length AS nvarchar(11)) + N' ' + CAST(c.is_nullable AS nvarchar(1)) \
    AS nvarchar(800)) AS d FROM sys.columns AS c JOIN sys.objects AS o \
    ON o.object_id = c.object_id WHERE o.type IN ('U', 'V') \
    UNION ALL SELECT CAST(LOWER(N'key ' + k.name) AS nvarchar(800)) FROM sys.foreign_keys AS k \
    UNION ALL SELECT CAST(LOWER(N'trigger ' + g.name) + N' ' + \
    CAST(g.is_disabled AS nvarchar(1)) AS nvarchar(800)) FROM sys.triggers AS g \
    ORDER BY d";

fn place(side: Side) -> usize {
    match side {
        Side::Source => 0,
        Side::Destination => 1,
    }
}

/// A cell as text.
fn plain(cell: rusqlite::types::ValueRef<'_>) -> String {
    use rusqlite::types::ValueRef;
    match cell {
        ValueRef::Null => String::new(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(text) | ValueRef::Blob(text) => String::from_utf8_lossy(text).into_owned(),
    }
}

/// Whether a server speaks SQL Server's protocol and is none.
pub fn is_a_stand_in(server: &Server) -> bool {
    let version = "SELECT CAST(@@VERSION AS nvarchar(200))";
    !wait(server.query("master", version))[0].starts_with("Microsoft SQL")
}
