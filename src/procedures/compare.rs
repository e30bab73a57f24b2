//! Whether a restored database is what it was: shapes, rows and checksums, table by table. Both sides
//! are only read.

use std::collections::BTreeMap;

use serde::Serialize;

use super::copy::{front_ends, platform_at_work};
use super::principals;
use super::timers::{last_runs, later};
use crate::database::{
    ColumnRef, Fault, FaultKind, Filter, Result, ScanRequest, Source, TableShape,
    date_time_to_text, row_digest,
};

/// Rows read at once.
const BATCH_ROWS: usize = 2_000;
/// A batch ends after the row that reaches this many bytes.
const BATCH_BYTES: usize = 8 << 20;

/// Something that is not as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The table; empty for the database as a whole.
    pub table: String,
    /// What differs, as a sentence.
    pub what: String,
}

/// Two databases compared.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Compared {
    /// Where the old one is.
    pub old: String,
    /// Where the new one is.
    pub new: String,
    /// Tables of both.
    pub tables: usize,
    /// Rows of the new one whose contents were read.
    pub rows: u64,
    /// What is not as it was.
    pub differences: Vec<Difference>,
    /// What is to be known besides: versions, columns that cannot be read.
    pub notes: Vec<String>,
}

impl Compared {
    /// Whether everything is as it was.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        self.differences.is_empty()
    }

    /// For the person.
    #[must_use]
    pub fn lines(&self) -> String {
        let Self { old, new, tables, rows, .. } = self;
        let mut text = format!("{old} and {new}: {tables} tables, {rows} rows read on both sides");
        text.push_str(match self.is_intact() {
            true => "\n  intact: every table, its shape and all its rows are as they were",
            false => "\n  not intact:",
        });
        for found in &self.differences {
            let whose = if found.table.is_empty() { "database" } else { &found.table };
            text.push_str(&format!("\n    {whose}: {}", found.what));
        }
        for note in &self.notes {
            text.push_str(&format!("\n  note: {note}"));
        }
        text
    }
}

/// Refuses to compare once the new database is in use: then it differs for that reason alone.
pub async fn check_moment(old: &dyn Source, new: &dyn Source) -> Result<()> {
    let late = |what: String| {
        Err(Fault::new(FaultKind::Invalid, what).advise(
            "It was to be compared before the first application server was pointed over; what \
             differs now says nothing of the restore.",
        ))
    };
    let hosts = front_ends(new).await?;
    if let Some(session) = platform_at_work(new, &hosts, &[]).await? {
        return late(format!("the new database is in use: {session} is signed in"));
    }
    // Both are in the application servers' time, whatever the zones of the two database servers.
    match later(&last_runs(new).await?, &last_runs(old).await?) {
        Some(run) => late(format!(
            "the new database is in use: a timer ran there at {}, later than in the old one",
            date_time_to_text(run)
        )),
        None => Ok(()),
    }
}

/// Compares two databases. `tell` is told which table comes next.
pub async fn compare(
    old: &dyn Source,
    new: &dyn Source,
    mut tell: impl FnMut(&str) + Send,
) -> Result<Compared> {
    if old.facts().identity.is_same(&new.facts().identity) {
        let what = format!("old and new are the same database: {}", old.facts().place);
        return Err(Fault::new(FaultKind::Invalid, what).advise("Check server and database."));
    }
    let (was, is) = (old.facts(), new.facts());
    let mut compared =
        Compared { old: was.place.clone(), new: is.place.clone(), ..Compared::default() };
    if was.collation != is.collation {
        let what = format!("its collation was {} and is {}", was.collation, is.collation);
        compared.differences.push(Difference { table: String::new(), what });
    }
    if was.compatibility != is.compatibility {
        compared.notes.push(format!(
            "the compatibility level was {} and is {}",
            was.compatibility, is.compatibility
        ));
    }
    if was.version != is.version {
        compared.notes.push(format!("the server was {} and is {}", was.version, is.version));
    }
    if !was.read_only {
        compared.notes.push(
            "the old database can be written: what somebody wrote since the backup differs".into(),
        );
    }
    principals::compare(old, new, &mut compared).await?;
    let (ours, theirs) = (shapes(old).await?, shapes(new).await?);
    for (name, shape) in &ours {
        let Some(other) = theirs.get(name) else {
            let what = "it is not in the new database".to_owned();
            compared.differences.push(Difference { table: shape.name.to_string(), what });
            continue;
        };
        tell(&shape.name.to_string());
        compared.tables += 1;
        compare_table((old, shape), (new, other), &mut compared)
            .await
            .map_err(|fault| fault.while_doing(format!("comparing {}", shape.name)))?;
    }
    for (name, shape) in &theirs {
        if !ours.contains_key(name) {
            let what = "it is only in the new database".to_owned();
            compared.differences.push(Difference { table: shape.name.to_string(), what });
        }
    }
    Ok(compared)
}

async fn shapes(source: &dyn Source) -> Result<BTreeMap<String, TableShape>> {
    let names = source.tables(None).await?;
    let shapes = source.shapes(&names).await?;
    Ok(shapes
        .into_iter()
        .flatten()
        .map(|shape| (shape.name.to_string().to_lowercase(), shape))
        .collect())
}

async fn compare_table(
    old: (&dyn Source, &TableShape),
    new: (&dyn Source, &TableShape),
    compared: &mut Compared,
) -> Result<()> {
    let table = old.1.name.to_string();
    let mut differs = |what: String| {
        compared.differences.push(Difference { table: table.clone(), what });
    };
    let (was, is) = (described(old.1), described(new.1));
    for part in was.iter().filter(|part| !is.contains(part)) {
        differs(format!("{part} is not there"));
    }
    for part in is.iter().filter(|part| !was.contains(part)) {
        differs(format!("{part} was not there"));
    }
    let counted = async |(source, shape): (&dyn Source, &TableShape)| {
        source.count(&shape.name, &Filter::All).await
    };
    let (before, now) = (counted(old).await?, counted(new).await?);
    if before != now {
        differs(format!("it had {before} rows and has {now}"));
        return Ok(());
    }
    let columns = compared_columns(old.1, new.1);
    let left_out = old.1.columns.len() - columns.len();
    if left_out > 0 {
        compared.notes.push(format!("{table}: {left_out} columns were not compared"));
    }
    if columns.is_empty() || now == 0 {
        return Ok(());
    }
    let (ours, theirs) =
        (checksum(old.0, old.1, &columns).await?, checksum(new.0, new.1, &columns).await?);
    compared.rows += now;
    if ours != theirs {
        let what = format!("its checksum was {ours:032x} and is {theirs:032x}: rows differ");
        compared.differences.push(Difference { table, what });
    }
    Ok(())
}

/// A table's columns, keys and constraints, each in words.
fn described(shape: &TableShape) -> Vec<String> {
    let mut parts: Vec<String> = shape
        .columns
        .iter()
        .map(|column| {
            let null = if column.nullable { "" } else { " not null" };
            let identity = if column.identity { " identity" } else { "" };
            format!("column {} {}{null}{identity}", column.name.to_lowercase(), column.data_type)
        })
        .collect();
    if !shape.primary_key.is_empty() {
        parts.push(format!("the key {}", shape.primary_key.join(", ").to_lowercase()));
    }
    for key in &shape.foreign_keys {
        let trust = trusted(key.disabled, key.not_trusted);
        let (column, parent) = (key.column.to_lowercase(), key.parent.name.to_lowercase());
        parts.push(format!("the foreign key of {column} to {parent}{trust}"));
    }
    for check in &shape.checks {
        let trust = trusted(check.disabled, check.not_trusted);
        parts.push(format!("the check {}{trust}", check.name.to_lowercase()));
    }
    for trigger in &shape.triggers {
        let off = if trigger.disabled { ", switched off" } else { "" };
        parts.push(format!("the trigger {}{off}", trigger.name.to_lowercase()));
    }
    parts
}

/// Whether the server vouches for a constraint.
fn trusted(disabled: bool, not_trusted: bool) -> &'static str {
    match (disabled, not_trusted) {
        (true, _) => ", switched off",
        (false, true) => ", not trusted",
        _ => "",
    }
}

/// The columns of a table of which values are compared.
fn compared_columns(old: &TableShape, new: &TableShape) -> Vec<ColumnRef> {
    old.columns
        .iter()
        .filter(|column| column.data_type.kind().is_some())
        .filter(|column| new.column(&column.name).is_some_and(|c| c.data_type == column.data_type))
        .map(ColumnRef::from)
        .collect()
}

/// What comparing two databases would read: both places, and each table of the old one with its rows
/// there and the statements.
#[derive(Clone, Debug, Serialize)]
pub struct ToCompare {
    /// Where the old one is.
    pub old: String,
    /// Where the new one is.
    pub new: String,
    /// The old one's name, for a script.
    #[serde(skip)]
    pub database: String,
    /// The tables.
    pub tables: Vec<ToRead>,
}

/// A table that would be read on both sides.
#[derive(Clone, Debug, Serialize)]
pub struct ToRead {
    /// The table.
    pub table: String,
    /// Rows in the old database; none where only the new one has the table.
    pub rows: u64,
    /// The statements.
    pub statements: Vec<String>,
}

impl ToCompare {
    /// For the person.
    #[must_use]
    pub fn lines(&self) -> String {
        let rows: u64 = self.tables.iter().map(|table| table.rows).sum();
        let mut text = format!(
            "{} and {}: {} tables, {rows} rows would be read on both sides",
            self.old,
            self.new,
            self.tables.len()
        );
        for table in &self.tables {
            text.push_str(&format!("\n  {}: {} rows", table.table, table.rows));
        }
        text
    }
}

/// What [`compare`] would read. It only counts.
pub async fn to_compare(old: &dyn Source, new: &dyn Source) -> Result<ToCompare> {
    let (was, is) = (old.facts(), new.facts());
    let mut found = ToCompare {
        old: was.place.clone(),
        new: is.place.clone(),
        database: was.database.clone(),
        tables: Vec::new(),
    };
    let (ours, theirs) = (shapes(old).await?, shapes(new).await?);
    for (name, shape) in &ours {
        let columns = match theirs.get(name) {
            Some(other) => compared_columns(shape, other),
            None => Vec::new(),
        };
        found.tables.push(ToRead {
            table: shape.name.to_string(),
            rows: old.count(&shape.name, &Filter::All).await?,
            statements: old.reads(&shape.name, &columns),
        });
    }
    Ok(found)
}

/// The sum of what is in every row: the same whatever order they come in.
async fn checksum(source: &dyn Source, shape: &TableShape, columns: &[ColumnRef]) -> Result<u128> {
    let key = match shape.primary_key.as_slice() {
        [key] => columns.iter().find(|column| column.name.eq_ignore_ascii_case(key)),
        _ => None,
    };
    let mut scan = source
        .scan(ScanRequest {
            table: shape.name.clone(),
            columns: columns.to_vec(),
            filter: Filter::All,
            key: key.map(|key| key.name.clone()),
            after: None,
            batch_rows: BATCH_ROWS,
            batch_bytes: BATCH_BYTES,
        })
        .await?;
    let mut sum = 0_u128;
    while let Some(batch) = scan.next().await? {
        for row in 0..batch.len() {
            sum = sum.wrapping_add(u128::from_be_bytes(row_digest(&batch, row)));
        }
    }
    Ok(sum)
}
