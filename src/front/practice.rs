//! The practice pair: where it is, making it, and the plan beside it.

use std::path::{Path, PathBuf};

use toml_edit::{Table, value};

use super::refused;
use crate::database::{
    Authentication, ConnectionSpec, Encryption, Result, Secret, ServerSpec, open_builder,
    open_source,
};
use crate::outsystems::{self, Side};
use crate::plan::PlanFile;
use crate::practice::{self, PracticeOptions};

/// Two empty databases of a server of one's own.
pub struct OnServer {
    /// `host`, `host,port` or `host\instance`.
    pub server: String,
    /// The database that becomes Production.
    pub source: String,
    /// The database that becomes Non-Production.
    pub destination: String,
    /// The SQL login for both.
    pub user: String,
    /// Its password.
    pub secret: Secret,
    /// Accept whatever certificate the server shows.
    pub trust_certificate: bool,
    /// Certificates of the authorities to trust.
    pub ca_file: Option<PathBuf>,
}

/// What happens while a pair is made.
#[derive(Debug)]
pub enum Making<'a> {
    /// A whole pair is there already and stays as it is.
    UsedAgain {
        /// The folder of the pair.
        folder: &'a Path,
    },
    /// One side begins.
    Begun {
        /// Which one.
        side: Side,
        /// Where it will be.
        place: &'a str,
    },
    /// One side is there.
    Made {
        /// Which one.
        side: Side,
        /// Rows in the applications' tables.
        rows: u64,
    },
}

/// Where a practice pair is.
pub struct Pair {
    /// Production.
    pub source: ConnectionSpec,
    /// Non-Production.
    pub destination: ConnectionSpec,
    /// The sample plan that migrates it.
    pub plan: PathBuf,
    /// The destination database's name, by which a run is confirmed.
    pub confirm: String,
    /// The password for both sides, where they need one.
    pub secret: Option<Secret>,
    source_table: Table,
    destination_table: Table,
}

const FILES: [(Side, &str); 2] = [(Side::Source, "prod.sqlite"), (Side::Destination, "dev.sqlite")];

impl Pair {
    /// A pair of files.
    #[must_use]
    pub fn in_folder(folder: &Path) -> Self {
        let table = |name: &str, purpose: &str| {
            let mut table = Table::new();
            table.insert("engine", value("sqlite"));
            table.insert("path", value(name));
            table.insert("purpose", value(purpose));
            table
        };
        let [source, destination] = FILES;
        Self {
            source: ConnectionSpec::Sqlite { path: folder.join(source.1) },
            destination: ConnectionSpec::Sqlite { path: folder.join(destination.1) },
            source_table: table(source.1, "production"),
            destination_table: table(destination.1, "non-production"),
            plan: folder.join("practice.toml"),
            confirm: "dev".to_owned(),
            secret: None,
        }
    }

    /// A pair on a server, its plan in this folder.
    #[must_use]
    pub fn on_server(there: &OnServer, folder: &Path) -> Self {
        let spec = |database: &str| {
            ConnectionSpec::SqlServer(ServerSpec {
                server: there.server.clone(),
                database: database.to_owned(),
                user: there.user.clone(),
                secret: Some(there.secret.clone()),
                authentication: Authentication::Sql,
                encryption: Encryption::Required,
                trust_certificate: there.trust_certificate,
                ca_file: there.ca_file.clone(),
            })
        };
        let table = |database: &str, purpose: &str| {
            let mut table = Table::new();
            table.insert("engine", value("sqlserver"));
            table.insert("server", value(&there.server));
            table.insert("database", value(database));
            table.insert("user", value(&there.user));
            if there.trust_certificate {
                table.insert("trust_certificate", value(true));
            }
            if let Some(file) = &there.ca_file {
                table.insert("ca_file", value(file.to_string_lossy().as_ref()));
            }
            table.insert("purpose", value(purpose));
            table
        };
        Self {
            source: spec(&there.source),
            destination: spec(&there.destination),
            source_table: table(&there.source, "production"),
            destination_table: table(&there.destination, "non-production"),
            plan: folder.join(format!("practice-{}.toml", there.destination)),
            confirm: there.destination.clone(),
            secret: Some(there.secret.clone()),
        }
    }

    /// A plan that a person changed may speak of other databases, and nobody is asked for the
    /// destination's name when a pair is migrated unattended. `folder` is the plan's.
    pub fn check(&self, plan: &PlanFile, folder: &Path) -> Result<()> {
        for (side, ours, endpoint) in [
            (Side::Source, &self.source, &plan.source),
            (Side::Destination, &self.destination, &plan.destination),
        ] {
            let theirs = endpoint.connection(folder, None);
            if !is_same_place(ours, &theirs) {
                return Err(refused(format!(
                    "the {side} of {} is {}, which is not the practice pair's",
                    self.plan.display(),
                    theirs.place()
                ))
                .advise(
                    "Nothing was written. `osferry run` carries that plan out; remove or rename \
                     the file to practise with a new one.",
                ));
            }
        }
        Ok(())
    }

    fn write_plan(&self) -> Result<()> {
        let text =
            practice::sample_plan(self.source_table.clone(), self.destination_table.clone())?;
        std::fs::write(&self.plan, text)
            .map_err(|error| refused(format!("cannot write {}: {error}", self.plan.display())))
    }
}

fn is_same_place(one: &ConnectionSpec, other: &ConnectionSpec) -> bool {
    match (one, other) {
        (ConnectionSpec::Sqlite { path: one }, ConnectionSpec::Sqlite { path: other }) => {
            match (std::fs::canonicalize(one), std::fs::canonicalize(other)) {
                (Ok(one), Ok(other)) => one == other,
                _ => false,
            }
        }
        (ConnectionSpec::SqlServer(one), ConnectionSpec::SqlServer(other)) => {
            one.server == other.server && one.database == other.database
        }
        _ => false,
    }
}

/// Makes the folder of a pair where it is not there, and gives its whole path.
pub fn make_folder(folder: &Path) -> Result<PathBuf> {
    let folder = std::path::absolute(folder)
        .map_err(|error| refused(format!("{}: {error}", folder.display())))?;
    std::fs::create_dir_all(&folder).map_err(|error| {
        refused(format!("cannot make the folder {}: {error}", folder.display()))
    })?;
    Ok(folder)
}

/// Makes a pair of files with its plan, unless it is there already. With `fresh` an existing pair
/// is thrown away first.
pub async fn make_files(
    folder: &Path,
    options: PracticeOptions,
    fresh: bool,
    mut told: impl FnMut(Making<'_>) + Send,
) -> Result<Pair> {
    let pair = Pair::in_folder(folder);
    if is_there(folder).await? && !fresh {
        if options.rows.is_some() {
            return Err(refused(format!(
                "{} holds a practice pair already, so --rows has nothing to say",
                folder.display()
            ))
            .advise("Add --fresh to throw it away and make a new one."));
        }
        told(Making::UsedAgain { folder });
    } else {
        for (side, name) in FILES {
            make_file(side, &folder.join(name), options, &mut told).await?;
        }
    }
    if !pair.plan.exists() {
        pair.write_plan()?;
    }
    Ok(pair)
}

/// A practice clone with its plan.
pub struct PracticeClone {
    /// Where it is.
    pub clone: ConnectionSpec,
    /// The plan that cleans it up.
    pub plan: PathBuf,
    /// The clone's name, by which a clean-up is confirmed.
    pub confirm: String,
}

/// The clone's file.
const CLONE: &str = "clone.sqlite";

/// Makes the clone of a pair of files, with its plan, in place of the one that is there. It is as
/// large as the pair was asked to be.
pub async fn make_clone_file(
    pair: &Pair,
    folder: &Path,
    options: PracticeOptions,
    mut told: impl FnMut(&str) + Send,
) -> Result<PracticeClone> {
    let path = folder.join(CLONE);
    if path.exists() && !is_practice(&path).await {
        return Err(refused(format!(
            "{} is not a practice environment, and is left alone",
            path.display()
        ))
        .advise("Choose another folder with --dir."));
    }
    told(&path.display().to_string());
    let unfinished = folder.join(format!("{CLONE}.unfinished"));
    let trouble =
        |error: std::io::Error| refused(format!("cannot write {}: {error}", path.display()));
    for old in [&unfinished, &path] {
        remove(old).map_err(trouble)?;
    }
    let spec = ConnectionSpec::Sqlite { path: unfinished.clone() };
    practice::build_clone(open_builder(&spec).await?, options).await?;
    std::fs::rename(&unfinished, &path).map_err(trouble)?;
    let mut table = Table::new();
    table.insert("engine", value("sqlite"));
    table.insert("path", value(CLONE));
    table.insert("purpose", value("non-production"));
    let clone = ConnectionSpec::Sqlite { path };
    write_cleanup_plan(clone, "clone", folder.join("cleanup.toml"), table, pair)
}

/// Makes the clone of a pair in an empty database of its server, with its plan in the folder.
pub async fn make_clone_on_server(
    pair: &Pair,
    there: &OnServer,
    database: &str,
    folder: &Path,
    options: PracticeOptions,
    mut told: impl FnMut(&str) + Send,
) -> Result<PracticeClone> {
    let ConnectionSpec::SqlServer(spec) = &pair.destination else {
        return Err(refused("the practice pair is on no server"));
    };
    let spec = ServerSpec { database: database.to_owned(), ..spec.clone() };
    let clone = ConnectionSpec::SqlServer(spec);
    told(&clone.place());
    practice::build_clone(open_builder(&clone).await?, options).await?;
    let mut table = pair.destination_table.clone();
    table.insert("database", value(database));
    let plan = folder.join(format!("cleanup-{}.toml", there.destination));
    write_cleanup_plan(clone, database, plan, table, pair)
}

fn write_cleanup_plan(
    clone: ConnectionSpec,
    confirm: &str,
    plan: PathBuf,
    table: Table,
    pair: &Pair,
) -> Result<PracticeClone> {
    let text = practice::cleanup_plan(table, pair.source_table.clone())?;
    std::fs::write(&plan, text)
        .map_err(|error| refused(format!("cannot write {}: {error}", plan.display())))?;
    Ok(PracticeClone { clone, plan, confirm: confirm.to_owned() })
}

/// Makes a pair in two empty databases, with its plan in the folder.
pub async fn make_on_server(
    there: &OnServer,
    folder: &Path,
    options: PracticeOptions,
    mut told: impl FnMut(Making<'_>) + Send,
) -> Result<Pair> {
    let pair = Pair::on_server(there, folder);
    for (side, spec) in [(Side::Source, &pair.source), (Side::Destination, &pair.destination)] {
        told(Making::Begun { side, place: &spec.place() });
        let rows = make(side, spec, options).await?;
        told(Making::Made { side, rows });
    }
    // The pair is new, so a plan of that name speaks of one that is gone.
    pair.write_plan()?;
    Ok(pair)
}

/// Whether both files of a pair are there. A file of that name that is no practice environment is
/// somebody's own, and refused.
pub async fn is_there(folder: &Path) -> Result<bool> {
    let mut there = 0;
    for (_, name) in FILES {
        let path = folder.join(name);
        if !path.exists() {
            continue;
        }
        if !is_practice(&path).await {
            return Err(refused(format!(
                "{} is not a practice environment, and is left alone",
                path.display()
            ))
            .advise("Choose another folder with --dir."));
        }
        there += 1;
    }
    Ok(there == FILES.len())
}

async fn is_practice(path: &Path) -> bool {
    let Ok(source) = open_source(&ConnectionSpec::Sqlite { path: path.to_path_buf() }).await else {
        return false;
    };
    outsystems::read(source.as_ref()).await.is_ok_and(|environment| environment.is_practice)
}

/// Makes one file, under another name until it is whole, so that what was interrupted is never
/// used.
async fn make_file(
    side: Side,
    path: &Path,
    options: PracticeOptions,
    told: &mut (impl FnMut(Making<'_>) + Send),
) -> Result<()> {
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(".unfinished");
    let unfinished = PathBuf::from(unfinished);
    let trouble =
        |error: std::io::Error| refused(format!("cannot write {}: {error}", path.display()));
    for old in [&unfinished, path] {
        remove(old).map_err(trouble)?;
    }
    told(Making::Begun { side, place: &path.display().to_string() });
    let rows = make(side, &ConnectionSpec::Sqlite { path: unfinished.clone() }, options).await?;
    std::fs::rename(&unfinished, path).map_err(trouble)?;
    told(Making::Made { side, rows });
    Ok(())
}

/// Removes a database file with what SQLite may have left beside it.
fn remove(path: &Path) -> std::io::Result<()> {
    for ending in ["", "-wal", "-shm", "-journal"] {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        match std::fs::remove_file(PathBuf::from(name)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

async fn make(side: Side, spec: &ConnectionSpec, options: PracticeOptions) -> Result<u64> {
    practice::build(open_builder(spec).await?, side, options).await
}
