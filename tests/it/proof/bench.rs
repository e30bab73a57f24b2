//! A pair migrated by the library, to be proved again and again after each harm done to it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use osferry::database::{Result, TableName, sqlite};
use osferry::migrate::journal::Journal;
use osferry::migrate::{RunEnd, run};
use osferry::plan::{EntityPlan, Plan, PlanFile};
use osferry::proof::{EntityProof, Proof, ProofOptions, ProofProgress, prove};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::support::library::planned;

/// A migrated pair. Both files are kept as the run left them.
pub struct Bench {
    folder: TempDir,
    pub plan: Arc<Plan>,
    pub journal: Mutex<Journal>,
}

impl Bench {
    /// Migrates `prod.sqlite` to `dev.sqlite` in the folder; what nobody decided is decided as
    /// recommended.
    pub async fn migrate(folder: TempDir, file: PlanFile) -> Self {
        let source = sqlite::open_source(&folder.path().join("prod.sqlite")).await;
        let destination = sqlite::open_destination(&folder.path().join("dev.sqlite")).await;
        let (source, destination) = (source.expect("a source"), destination.expect("opened"));
        let planned = planned(source.as_ref(), destination.as_source(), file).await;
        let plan = Arc::clone(&planned.plan);
        let journal = folder.path().join("run");
        let request = planned.request(&journal, Arc::from(source), Arc::from(destination));
        let end = run(request).await.expect("a run");
        assert!(matches!(end, RunEnd::Written), "{end:?}");
        let journal = Journal::open(&journal).expect("a journal");
        let bench = Self { folder, plan, journal: Mutex::new(journal) };
        for name in ["prod", "dev"] {
            let (from, to) = (bench.file(name), bench.kept(name));
            std::fs::copy(from, to).expect("a copy");
        }
        bench
    }

    /// The run's folder.
    pub fn run_folder(&self) -> PathBuf {
        self.folder.path().join("run")
    }

    /// The run's journal.
    pub fn journal_file(&self) -> PathBuf {
        self.run_folder().join("journal.sqlite")
    }

    /// The file of a side.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("{name}.sqlite"))
    }

    fn kept(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("{name}.kept"))
    }

    /// Makes both files what the run left behind.
    pub fn restore(&self) {
        for name in ["prod", "dev"] {
            std::fs::copy(self.kept(name), self.file(name)).expect("a copy");
        }
    }

    /// A file to do harm to, without any guard.
    pub fn open(&self, name: &str) -> Connection {
        let connection = Connection::open(self.file(name)).expect("a file");
        connection.execute_batch("PRAGMA foreign_keys = OFF").expect("a pragma");
        connection
    }

    /// Does harm; every statement has to touch exactly one row.
    pub fn harm<S: AsRef<str>>(&self, name: &str, statements: &[S]) {
        self.quietly(name, |connection| {
            for sql in statements {
                let sql = sql.as_ref();
                let touched = connection.execute(sql, []).unwrap_or_else(|e| panic!("{sql}: {e}"));
                assert_eq!(touched, 1, "{sql}");
            }
        });
    }

    /// Does something by which no process starts, whoever is subscribed to it.
    pub fn quietly<T>(&self, name: &str, harm: impl FnOnce(&Connection) -> T) -> T {
        let connection = self.open(name);
        let queues = "SELECT name FROM sqlite_master WHERE type = 'table' AND upper(name) IN \
                      ('OSSYS_BPM_EVENT_QUEUE', 'OSSYS_BPM_EVENT')";
        let mut statement = connection.prepare(queues).expect(queues);
        let names = statement.query_map([], |row| row.get::<_, String>(0)).expect(queues);
        let last: Vec<(String, i64)> = names
            .map(|name| {
                let name = name.expect("a queue");
                let sql = format!("SELECT COALESCE(MAX(rowid), 0) FROM \"{name}\"");
                let last = connection.query_row(&sql, [], |row| row.get(0)).expect(&sql);
                (name, last)
            })
            .collect();
        let done = harm(&connection);
        for (name, last) in last {
            let sql = format!("DELETE FROM \"{name}\" WHERE rowid > {last}");
            connection.execute(&sql, []).expect(&sql);
        }
        done
    }

    /// Proves the run on the files as they are now.
    pub async fn prove(&self, sample: Option<u64>) -> Proof {
        self.try_prove(sample).await.expect("a proof")
    }

    /// The same, where the proof may be impossible.
    pub async fn try_prove(&self, sample: Option<u64>) -> Result<Proof> {
        self.prove_with(ProofOptions { sample, ..ProofOptions::default() }).await
    }

    /// Proves with these options.
    pub async fn prove_with(&self, options: ProofOptions) -> Result<Proof> {
        let source = sqlite::open_source(&self.file("prod")).await.expect("a source");
        let destination = sqlite::open_source(&self.file("dev")).await.expect("a destination");
        let mut told: Vec<ProofProgress> = Vec::new();
        let proof = prove(
            &self.plan,
            &self.journal,
            source.as_ref(),
            destination.as_ref(),
            options,
            |now| told.push(now),
        );
        fn is_send<T: Send>(future: T) -> T {
            future
        }
        let proof = is_send(proof).await?;
        for (before, now) in told.iter().zip(&told[1..]) {
            assert!(now.entity < now.entities && now.rows <= now.of, "{now:?}");
            let goes_on = before.entity == now.entity && before.rows <= now.rows;
            assert!(goes_on || before.entity + 1 == now.entity, "{before:?} {now:?}");
        }
        let last = told.last().expect("progress");
        // Everything else in the destination counts as one more.
        assert_eq!(last.entities, proof.entities.len() + usize::from(proof.surroundings.is_some()));
        assert_eq!((last.entity + 1, last.rows), (last.entities, last.of));
        for (place, entity) in proof.entities.iter().enumerate() {
            assert!(told.iter().any(|now| now.entity == place && now.name == entity.name));
        }
        Ok(proof)
    }

    /// An entity of the plan by name.
    pub fn entity(&self, name: &str) -> &EntityPlan {
        self.plan.entities.iter().find(|entity| entity.name == name).expect(name)
    }

    /// Its table in the destination.
    pub fn table(&self, name: &str) -> String {
        bare(&self.entity(name).destination_table)
    }

    /// Its table in the source.
    pub fn source_table(&self, name: &str) -> String {
        bare(&self.entity(name).source_table)
    }

    /// The destination's column of its identifier.
    pub fn key(&self, name: &str) -> String {
        self.entity(name).destination_key().expect("an identifier").name.clone()
    }

    /// The destination's column of an attribute.
    pub fn column(&self, entity: &str, attribute: &str) -> String {
        let columns = &self.entity(entity).columns;
        let column = columns.iter().find(|column| column.attribute == attribute);
        column.expect(attribute).destination.name.clone()
    }

    /// Source and destination ids of an entity's rows, in the order they were written.
    pub fn ids(&self, name: &str) -> Vec<(i64, i64)> {
        let place = self.plan.entities.iter().position(|entity| entity.name == name).expect(name);
        let batches = self.journal.lock().expect("a journal").batches(place).expect("batches");
        let id = |value: osferry::database::Value| value.as_integer().expect("a number");
        batches
            .iter()
            .filter(|batch| batch.kind == osferry::migrate::journal::BatchKind::Insert)
            .flat_map(|batch| {
                (0..batch.source_keys.len()).map(|row| {
                    (id(batch.source_keys.get(row)), id(batch.destination_keys.get(row)))
                })
            })
            .collect()
    }
}

fn bare(table: &TableName) -> String {
    format!("\"{}\"", table.name)
}

/// The proof of one entity.
pub fn of<'a>(proof: &'a Proof, name: &str) -> &'a EntityProof {
    proof.entities.iter().find(|entity| entity.name == name).unwrap_or_else(|| panic!("{name}"))
}

/// Everything that is wrong, a line each.
pub fn wrong(proof: &Proof) -> String {
    let mut lines = Vec::new();
    for entity in &proof.entities {
        for shown in &entity.shown {
            lines.push(format!(
                "{} {}→{} {}: {}",
                entity.name, shown.source, shown.destination, shown.attribute, shown.what
            ));
        }
        if entity.differences > entity.shown.len() as u64 {
            lines.push(format!("{}: {} in all", entity.name, entity.differences));
        }
    }
    for noticed in proof.surroundings.iter().flat_map(|around| &around.shown) {
        lines.push(format!("{}: {}", noticed.table, noticed.what));
    }
    lines.join("\n")
}

/// A plan for a pair in one folder.
pub fn plan_file(text: &str) -> PlanFile {
    PlanFile::parse(text, "proof").expect("a plan")
}

/// The path of a pair's side.
pub fn side(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.sqlite"))
}
