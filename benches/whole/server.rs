//! Measured in databases of a server, against tools that copy rows as they are.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use futures::TryStreamExt;
use osferry::database::TableName;
use osferry::plan::Plan;
use tiberius::SqlBulkCopyOptions;
use tokio::runtime::Runtime;

use crate::engine::{PlainClient, Server};
use crate::on_server::{self, ServerPair};
use crate::support::{Attribute, FILLED, names, narrow_attributes, text, wide_attributes};
use crate::{Shape, migrated, ratio, rows_of};

/// Rows of the large entity, unless told otherwise: a server on the same machine takes its time.
const ROWS: u32 = 100_000;

/// What stands between fields and at the end of rows in freebcp's files: in no text of ours.
const FIELD: &str = "|~|";
const LINE: &str = "|^|";

/// Measures some shapes on the server that the environment names, and prints a line of each.
pub(crate) fn measure(shapes: &[Shape], rows: Option<u32>, ranges: bool) {
    let Some(server) = Server::from_environment() else {
        println!("SQL Server  not measured: OSFERRY_TEST_SQLSERVER, _USER and _PASSWORD name none");
        return;
    };
    let rows = rows.unwrap_or(ROWS);
    println!(
        "SQL Server  migration    freebcp   ratio     driver   ratio      proof  bare read   ratio"
    );
    let runtime = Runtime::new().expect("a runtime");
    for shape in shapes {
        let site = Site::make(&runtime, &server, *shape, rows);
        one(&runtime, *shape, &site, ranges);
        site.clear(&runtime);
    }
}

/// Measures one shape of rows, and prints its line.
fn one(runtime: &Runtime, shape: Shape, site: &Site, ranges: bool) {
    print!("{:<10} ", shape.name());
    let home = site.pair.folder.path().join("home");
    let run = migrated(&site.pair.plan_file(), Some(&site.pair.secret()), &home, ranges);
    say(run.writing, None);
    let tables: Vec<&TableName> =
        run.plan.entities.iter().map(|entity| &entity.source_table).collect();
    runtime.block_on(site.unguard());
    runtime.block_on(site.empty(&tables));
    let generated = runtime.block_on(site.pair.server.query(&site.raw.source, GENERATED));
    say(site.by_freebcp(&tables, &generated, &run.plan), Some(run.writing));
    runtime.block_on(site.empty(&tables));
    let by_driver = runtime.block_on(site.by_driver(&tables, run.plan.options.batch_rows));
    say(by_driver, Some(run.writing));
    say(run.proving, None);
    say(runtime.block_on(site.bare_read(&run.plan)), Some(run.proving));
    println!("  {} rows", rows_of(&run.plan));
    run.say_phases();
}

/// Tables whose ids the database gives.
const GENERATED: &str = "SELECT LOWER(t.name) FROM sys.tables AS t JOIN sys.columns AS c ON \
                         c.object_id = t.object_id WHERE c.is_identity = 1";

/// Prints a time as soon as it is known, and how often a time of ours is as long.
fn say(time: Duration, ours: Option<Duration>) {
    print!("{:>9.2} s", time.as_secs_f64());
    if let Some(ours) = ours {
        print!(" {:>7.2}", ratio(ours, time));
    }
    std::io::stdout().flush().expect("somebody reads it");
}

/// A pair on the server, and one whose source is copied into.
struct Site {
    pair: ServerPair,
    raw: ServerPair,
}

impl Site {
    fn make(runtime: &Runtime, server: &Server, shape: Shape, rows: u32) -> Self {
        let site = Self {
            pair: ServerPair::make(runtime, server, shape.practice_rows(rows)),
            raw: ServerPair::make(runtime, server, 10),
        };
        let number = "CAST(n AS varchar(20))";
        match shape {
            Shape::Narrow => runtime.block_on(site.fill(
                &narrow_attributes("decimal(37,8)"),
                rows,
                &format!(
                    "'row ' + {number}, '2026-01-02T03:04:05', CAST(n AS decimal(37,8)) + 0.25, \
                     n % 7, n % 2"
                ),
            )),
            Shape::Wide => runtime.block_on(site.fill(
                &wide_attributes(),
                rows / 10,
                &format!(
                    "'row ' + {number}, REPLICATE(N'x', 200 + n % 800), \
                     CAST(REPLICATE('{{+4/x\\ 0', 60 + n % 180) AS varbinary(4000))"
                ),
            )),
            Shape::Practice => {}
        }
        site
    }

    /// The server, and the database to copy into.
    fn target(&self) -> (&Server, &str) {
        (&self.raw.server, &self.raw.source)
    }

    /// An entity with so many rows in the source, and none elsewhere.
    async fn fill(&self, attributes: &[Attribute], rows: u32, values: &str) {
        let server = &self.pair.server;
        for database in [&self.pair.source, &self.pair.destination, &self.raw.source] {
            let espace = server.query(database, &on_server::espace()).await;
            let espace = espace.first().and_then(|id| id.parse().ok()).expect("the espace");
            server.query(database, &on_server::entity(espace, 0, FILLED, attributes)).await;
        }
        let into = format!("INSERT INTO {FILLED} ({})", names(attributes));
        let sql = on_server::numbered(rows, &into, values);
        server.query(&self.pair.source, &sql).await;
    }

    /// Takes the foreign keys of the raw database away: a bulk copy does not check them.
    async fn unguard(&self) {
        let all = "SELECT 'ALTER TABLE ' + t.name + ' DROP CONSTRAINT ' + f.name FROM \
                   sys.foreign_keys AS f JOIN sys.tables AS t ON t.object_id = f.parent_object_id";
        let (server, raw) = self.target();
        for sql in server.query(raw, all).await {
            server.query(raw, &sql).await;
        }
    }

    async fn empty(&self, tables: &[&TableName]) {
        let (server, raw) = self.target();
        for table in tables {
            server.query(raw, &format!("DELETE FROM [{}]", table.name)).await;
        }
    }

    /// Every table out into a file and in again.
    fn by_freebcp(&self, tables: &[&TableName], generated: &[String], plan: &Plan) -> Duration {
        let batch = plan.options.batch_rows.to_string();
        let started = Instant::now();
        for table in tables {
            let file = self.pair.folder.path().join("rows.bcp");
            let out = self.freebcp(&self.pair.source, &table.name, "out", &file, &[]);
            let mut more = vec!["-b", &batch];
            more.extend(generated.contains(&table.name.to_lowercase()).then_some("-E"));
            let back = self.freebcp(&self.raw.source, &table.name, "in", &file, &more);
            assert_eq!(out, back, "{table}");
        }
        started.elapsed()
    }

    /// Copies a table; the line in which the tool tells how many rows.
    fn freebcp(
        &self,
        database: &str,
        table: &str,
        way: &str,
        file: &Path,
        more: &[&str],
    ) -> Option<String> {
        let server = &self.pair.server;
        let address = server.address.replace(',', ":");
        let output = Command::new("freebcp")
            .env("TDSVER", "7.4")
            .args([table, way, &text(file), "-D", database, "-S", &address])
            .args(["-c", "-t", FIELD, "-r", LINE])
            .args(["-U", &server.user, "-P", &server.password])
            .args(more)
            .stdin(Stdio::null())
            .output()
            .expect("freebcp, of FreeTDS (Debian's freetds-bin)");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let trouble = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{table} {way}: {said}\n{trouble}");
        said.lines().find(|line| line.ends_with("rows copied.")).map(str::to_owned)
    }

    /// Reads every table and bulk-loads its rows elsewhere, so many a commit, and nothing else.
    /// Columns without a limit are left out, in its favour: the driver loads no value above 64 KB.
    async fn by_driver(&self, tables: &[&TableName], batch: usize) -> Duration {
        let (server, raw) = self.target();
        let mut from = server.client(&self.pair.source).await;
        let mut to = server.client(raw).await;
        let mut columns = Vec::new();
        for table in tables {
            let sql = format!(
                "SELECT name FROM sys.columns WHERE object_id = OBJECT_ID('{}') AND is_identity = 0 \
                 AND is_computed = 0 AND max_length <> -1 AND TYPE_NAME(system_type_id) NOT IN \
                 ('image', 'text', 'ntext') ORDER BY column_id",
                table.name
            );
            columns.push(server.query(&self.pair.source, &sql).await);
        }
        let started = Instant::now();
        for (table, columns) in tables.iter().zip(&columns) {
            if !columns.is_empty() {
                copy(&mut from, &mut to, &table.name, columns, batch).await.expect(&table.name);
            }
        }
        started.elapsed()
    }

    /// Every row that the proof reads, read once and thrown away.
    async fn bare_read(&self, plan: &Plan) -> Duration {
        let mut client = self.pair.server.client(&self.pair.destination).await;
        let started = Instant::now();
        for entity in &plan.entities {
            let sql = format!("SELECT * FROM [{}]", entity.destination_table.name);
            let stream = client.simple_query(sql).await.expect("rows");
            let mut rows = stream.into_row_stream();
            while let Some(row) = rows.try_next().await.expect("a row") {
                std::hint::black_box(row);
            }
        }
        started.elapsed()
    }

    fn clear(self, runtime: &Runtime) {
        self.pair.clear(runtime);
        self.raw.clear(runtime);
    }
}

/// One table, through the driver.
async fn copy(
    from: &mut PlainClient,
    to: &mut PlainClient,
    table: &str,
    columns: &[String],
    batch: usize,
) -> tiberius::Result<()> {
    let quoted: Vec<String> = columns.iter().map(|column| format!("[{column}]")).collect();
    let list: Vec<&str> = quoted.iter().map(String::as_str).collect();
    let sql = format!("SELECT {} FROM [{table}]", list.join(", "));
    let mut rows = from.simple_query(sql).await?.into_row_stream();
    let target = format!("[{table}]");
    let mut next = rows.try_next().await?;
    while next.is_some() {
        let options = SqlBulkCopyOptions::default();
        let mut load = to.bulk_insert_with_options(&target, &list, options, &[]).await?;
        let mut loaded = 0;
        while let Some(row) = next.take() {
            load.send(row.into_token_row()).await?;
            loaded += 1;
            next = rows.try_next().await?;
            if loaded == batch {
                break;
            }
        }
        load.finalize().await?;
    }
    Ok(())
}
