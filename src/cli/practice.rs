//! `osferry practice`: the practice pair, made and migrated.

use std::path::{Path, PathBuf};

use toml_edit::{Table, value};

use super::ending::{Exit, Trouble};
use super::home::Home;
use super::road::Saved;
use super::{PracticeArguments, run, secrets, show};
use crate::database::{
    Authentication, ConnectionSpec, Encryption, Secret, ServerSpec, open_builder, open_source,
};
use crate::outsystems::{self, Side};
use crate::practice::{self, PracticeOptions};
use crate::report::counted;

pub(super) async fn practice(home: &Home, arguments: PracticeArguments) -> Result<Exit, Trouble> {
    if arguments.unattended {
        home.check()?;
    }
    let folder = arguments.dir.clone().unwrap_or_else(|| home.practice());
    let folder = std::path::absolute(&folder)
        .map_err(|error| Trouble::refused(format!("{}: {error}", folder.display())))?;
    std::fs::create_dir_all(&folder).map_err(|error| {
        Trouble::refused(format!("cannot make the folder {}: {error}", folder.display()))
    })?;
    let options = PracticeOptions { rows: arguments.rows };
    let pair = if let Some(server) = &arguments.sqlserver {
        let pair = Pair::on_server(server, &arguments, &folder)?;
        for (side, spec) in [(Side::Source, &pair.source), (Side::Destination, &pair.destination)] {
            show::say(&format!("making the practice pair's {side} in {}", spec.place()));
            make(side, spec, options).await?;
        }
        // The pair is new, so a plan of that name speaks of one that is gone.
        pair.write_plan()?;
        pair
    } else {
        let pair = Pair::in_folder(&folder);
        make_files(&folder, options, arguments.fresh).await?;
        if !pair.plan.exists() {
            pair.write_plan()?;
        }
        pair
    };
    let (plan, confirm) = (pair.plan.display(), &pair.confirm);
    if arguments.unattended {
        let mut saved = Saved::read(&pair.plan)?;
        saved.secret.clone_from(&pair.secret);
        return run::carry_out(home, &saved, confirm, true, false).await;
    }
    show::result(&format!(
        "The practice pair is there:\n  Production      {}\n  Non-Production  {}\n  plan            \
         {plan}",
        pair.source.place(),
        pair.destination.place(),
    ));
    if !arguments.make_only {
        show::result(&format!(
            "\nWhere they differ:  osferry compare {plan}\nThe migration:     osferry run {plan} \
             --confirm {confirm} --decide recommended\nThe wizard that walks through it is not \
             there yet."
        ));
    }
    Ok(Exit::Done)
}

/// Where a practice pair is.
struct Pair {
    source: ConnectionSpec,
    destination: ConnectionSpec,
    source_table: Table,
    destination_table: Table,
    plan: PathBuf,
    confirm: String,
    secret: Option<Secret>,
}

impl Pair {
    fn in_folder(folder: &Path) -> Self {
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

    fn on_server(
        server: &str,
        arguments: &PracticeArguments,
        folder: &Path,
    ) -> Result<Self, Trouble> {
        let user = arguments.user.clone().unwrap_or_default();
        let ca_file = match &arguments.ca_file {
            Some(file) => Some(
                std::path::absolute(file)
                    .map_err(|error| Trouble::refused(format!("{}: {error}", file.display())))?,
            ),
            None => None,
        };
        // One login for both: either variable will do.
        let variable = secrets::variable(Side::Destination, "PASSWORD");
        let secret = match secrets::from_environment(&variable)
            .or_else(|| secrets::from_environment(&secrets::variable(Side::Source, "PASSWORD")))
        {
            Some(secret) => secret,
            None => secrets::typed(&format!("password of {user} on {server}"), &variable)?,
        };
        let spec = |database: &Option<String>| {
            ConnectionSpec::SqlServer(ServerSpec {
                server: server.to_owned(),
                database: database.clone().unwrap_or_default(),
                user: user.clone(),
                secret: Some(secret.clone()),
                authentication: Authentication::Sql,
                encryption: Encryption::Required,
                trust_certificate: arguments.trust_certificate,
                ca_file: ca_file.clone(),
            })
        };
        let table = |database: &Option<String>, purpose: &str| {
            let mut table = Table::new();
            table.insert("engine", value("sqlserver"));
            table.insert("server", value(server));
            table.insert("database", value(database.as_deref().unwrap_or_default()));
            table.insert("user", value(&user));
            if arguments.trust_certificate {
                table.insert("trust_certificate", value(true));
            }
            if let Some(file) = &ca_file {
                table.insert("ca_file", value(file.to_string_lossy().as_ref()));
            }
            table.insert("purpose", value(purpose));
            table
        };
        let confirm = arguments.destination.clone().unwrap_or_default();
        Ok(Self {
            source: spec(&arguments.source),
            destination: spec(&arguments.destination),
            source_table: table(&arguments.source, "production"),
            destination_table: table(&arguments.destination, "non-production"),
            plan: folder.join(format!("practice-{confirm}.toml")),
            confirm,
            secret: Some(secret.clone()),
        })
    }

    fn write_plan(&self) -> Result<(), Trouble> {
        let text =
            practice::sample_plan(self.source_table.clone(), self.destination_table.clone())?;
        std::fs::write(&self.plan, text).map_err(|error| {
            Trouble::refused(format!("cannot write {}: {error}", self.plan.display()))
        })
    }
}

const FILES: [(Side, &str); 2] = [(Side::Source, "prod.sqlite"), (Side::Destination, "dev.sqlite")];

/// Makes both files, unless a practice pair is there already.
async fn make_files(folder: &Path, options: PracticeOptions, fresh: bool) -> Result<(), Trouble> {
    let mut there = 0;
    for (_, name) in FILES {
        let path = folder.join(name);
        if !path.exists() {
            continue;
        }
        if !is_practice(&path).await {
            return Err(Trouble::refused(format!(
                "{} is not a practice environment, and is left alone\n  Choose another folder \
                 with --dir.",
                path.display()
            )));
        }
        there += 1;
    }
    if there == FILES.len() && !fresh {
        if options.rows.is_some() {
            return Err(Trouble::refused(format!(
                "{} holds a practice pair already, so --rows has nothing to say\n  Add --fresh to \
                 throw it away and make a new one.",
                folder.display()
            )));
        }
        show::say(&format!("the practice pair in {} is used again", folder.display()));
        return Ok(());
    }
    for (side, name) in FILES {
        // Under another name until it is whole, so that what was interrupted is never used.
        let (path, unfinished) = (folder.join(name), folder.join(format!("{name}.unfinished")));
        let trouble = |error: std::io::Error| {
            Trouble::refused(format!("cannot write {}: {error}", path.display()))
        };
        for old in [&unfinished, &path] {
            remove(old).map_err(trouble)?;
        }
        show::say(&format!("making {}", path.display()));
        make(side, &ConnectionSpec::Sqlite { path: unfinished.clone() }, options).await?;
        std::fs::rename(&unfinished, &path).map_err(trouble)?;
    }
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

async fn is_practice(path: &Path) -> bool {
    let Ok(source) = open_source(&ConnectionSpec::Sqlite { path: path.to_path_buf() }).await else {
        return false;
    };
    outsystems::read(source.as_ref()).await.is_ok_and(|environment| environment.is_practice)
}

async fn make(side: Side, spec: &ConnectionSpec, options: PracticeOptions) -> Result<(), Trouble> {
    let waiting = show::Waiting::new("writing rows");
    let builder = open_builder(spec).await?;
    let rows = practice::build(builder, side, options).await?;
    drop(waiting);
    show::say(&format!("  {} in the applications' tables", counted(rows, "row", "rows")));
    Ok(())
}
