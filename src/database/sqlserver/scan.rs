//! Reading one table batch by batch.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use tiberius::Row;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::connection::{Flow, ReadFailure, unexpected};
use super::pool::Pool;
use super::statements::filter::Names;
use super::statements::read::{self, Selection, TextForm};
use super::values;
use crate::database::{
    Batch, ColumnRef, Fault, FaultKind, Result, Scan, ScanRequest, Value, row_digest, same_name,
};

/// After a page was cut, the next asks for this many times the rows that fitted, so that a
/// request has rarely to be called off.
const MARGIN: usize = 2;

/// Appends a row of the driver to a batch.
pub(super) fn push(row: Row, columns: &[ColumnRef], batch: &mut Batch) -> Result<()> {
    if row.len() < columns.len() {
        return Err(unexpected("the columns asked for"));
    }
    for (index, (cell, column)) in row.into_token_row().into_iter().zip(columns).enumerate() {
        values::decode(cell, &column.data_type, batch.column_mut(index))
            .map_err(|fault| fault.while_doing(&column.name))?;
    }
    Ok(())
}

fn empty(request: &ScanRequest) -> Result<Batch> {
    Batch::for_types(request.columns.iter().map(|column| &column.data_type))
}

fn selection<'a>(request: &'a ScanRequest, form: TextForm) -> Selection<'a> {
    Selection {
        table: &request.table,
        columns: &request.columns,
        filter: &request.filter,
        order_by: request.key.as_deref(),
        after: None,
        limit: None,
        form,
        held: false,
    }
}

/// Pages through a table in the order of a unique column.
pub(super) struct SqlServerScan {
    pool: Arc<Pool>,
    names: Names,
    request: ScanRequest,
    key: usize,
    after: Option<Value>,
    page_rows: usize,
    ended: bool,
}

impl SqlServerScan {
    /// Prepares the first page.
    pub(super) fn new(pool: Arc<Pool>, names: Names, request: ScanRequest) -> Result<Self> {
        let key = request
            .key
            .as_deref()
            .and_then(|key| request.columns.iter().position(|column| same_name(&column.name, key)))
            .ok_or_else(|| {
                Fault::new(
                    FaultKind::Invalid,
                    format!("{}: the column to page by is not among those read", request.table),
                )
            })?;
        let after = request.after.clone();
        let page_rows = request.batch_rows.max(1);
        Ok(Self { pool, names, request, key, after, page_rows, ended: false })
    }

    async fn page(&mut self) -> std::result::Result<(Batch, bool), ReadFailure> {
        match self.attempt(TextForm::Text).await {
            // Half a surrogate pair in this page: the same rows once more, as bytes.
            Err(ReadFailure::LoneSurrogate) => self.attempt(TextForm::Bytes).await,
            other => other,
        }
    }

    async fn attempt(&mut self, form: TextForm) -> std::result::Result<(Batch, bool), ReadFailure> {
        let statement = read::select(
            &self.names,
            &Selection {
                after: self.after.as_ref(),
                limit: Some(self.page_rows),
                ..selection(&self.request, form)
            },
        )?;
        let mut batch = empty(&self.request)?;
        let (columns, most) = (&self.request.columns, self.request.batch_bytes);
        // For this page only: others may need it before the next.
        let mut connection = self.pool.lend_to_scan().await?;
        let cut = connection
            .read(&statement, &mut |row| {
                push(row, columns, &mut batch)?;
                Ok(if batch.size() >= most { Flow::Enough } else { Flow::More })
            })
            .await?;
        Ok((batch, cut))
    }
}

#[async_trait]
impl Scan for SqlServerScan {
    async fn next(&mut self) -> Result<Option<Batch>> {
        if self.ended {
            return Ok(None);
        }
        let asked = self.page_rows;
        let mut tries = 0;
        let (batch, cut) = loop {
            let fault = match self.page().await {
                Ok(page) => break page,
                Err(failure) => Fault::from(failure),
            };
            // The next page begins after a key, so it does not matter on which connection.
            if !self.pool.again(&mut tries, &fault).await {
                return Err(self.pool.told(fault).while_doing(&self.request.table));
            }
        };
        self.ended = !cut && batch.len() < asked;
        self.page_rows = if cut {
            (batch.len() * MARGIN).clamp(1, self.request.batch_rows.max(1))
        } else {
            (asked * MARGIN).min(self.request.batch_rows.max(1))
        };
        let Some(last) = batch.len().checked_sub(1) else {
            self.ended = true;
            return Ok(None);
        };
        let key = batch.column(self.key).value(last);
        if key.is_null() {
            return Err(Fault::new(
                FaultKind::Data,
                format!("{} has a row whose identifier is NULL", self.request.table),
            ));
        }
        self.after = Some(key);
        Ok(Some(batch))
    }
}

/// Reads a table in no order, in one long request that waits for its reader: a batch is read when
/// it is asked for, so that a source whose reader rests is not read either.
pub(super) struct UnorderedScan {
    wanted: mpsc::Sender<()>,
    batches: mpsc::Receiver<Result<Batch>>,
    task: JoinHandle<()>,
}

impl UnorderedScan {
    /// Sends the request.
    pub(super) fn start(pool: Arc<Pool>, names: Names, request: ScanRequest) -> Self {
        let (sender, batches) = mpsc::channel(1);
        let (wanted, wants) = mpsc::channel(1);
        let task = tokio::spawn(async move {
            let mut pouring = Pouring { pool, names, request, sender, wants, seen: HashMap::new() };
            if pouring.wants.recv().await.is_none() {
                return;
            }
            if let Err(fault) = pouring.pour_all().await {
                let fault = fault.while_doing(&pouring.request.table);
                let _ = pouring.sender.send(Err(fault)).await;
            }
        });
        Self { wanted, batches, task }
    }
}

/// Rows into batches into a channel.
struct Pouring {
    pool: Arc<Pool>,
    names: Names,
    request: ScanRequest,
    sender: mpsc::Sender<Result<Batch>>,
    wants: mpsc::Receiver<()>,
    /// Rows handed on, by what is in them: without a key there is no place to go on from.
    seen: HashMap<[u8; 16], u32>,
}

impl Pouring {
    /// Until the table or its reader ends. After half a surrogate pair the whole table is read
    /// once more, as bytes, and after a broken connection once more as well, each time without
    /// the rows that have been handed on already.
    async fn pour_all(&mut self) -> Result<()> {
        let mut form = TextForm::Text;
        let mut tries = 0;
        loop {
            match self.pour(form).await {
                Ok(()) => return Ok(()),
                Err(ReadFailure::LoneSurrogate) if form == TextForm::Text => form = TextForm::Bytes,
                Err(failure) => {
                    let fault = Fault::from(failure);
                    if !self.pool.again(&mut tries, &fault).await {
                        return Err(self.pool.told(fault));
                    }
                }
            }
        }
    }

    async fn pour(&mut self, form: TextForm) -> std::result::Result<(), ReadFailure> {
        let mut lent = self.pool.lend_to_scan().await?;
        // Out of the pool's reach until the last row was read.
        let mut connection = lent.detach();
        let statement = read::select(&self.names, &selection(&self.request, form))?;
        let mut skip = self.seen.clone();
        let mut batch = empty(&self.request)?;
        let mut one = empty(&self.request)?;
        let connection_is_precious = connection.is_precious();
        let mut rows = connection.stream(&statement).await?;
        loop {
            let row = match rows.next().await {
                Ok(Some(row)) => row,
                Ok(None) => break,
                Err(ReadFailure::LoneSurrogate) if connection_is_precious => {
                    drop(rows);
                    connection.disturb();
                    lent.put_back(connection);
                    return Err(ReadFailure::LoneSurrogate);
                }
                Err(failure) => return Err(failure),
            };
            if !skip.is_empty() {
                push(row, &self.request.columns, &mut one)?;
                let read = std::mem::replace(&mut one, empty(&self.request)?);
                if let Some(times) = skip.get_mut(&row_digest(&read, 0)).filter(|times| **times > 0)
                {
                    *times -= 1;
                    continue;
                }
                batch.push_row(&read.row(0))?;
            } else {
                push(row, &self.request.columns, &mut batch)?;
            }
            let full = batch.len() >= self.request.batch_rows.max(1)
                || batch.size() >= self.request.batch_bytes;
            if full && !(self.hand_on(&mut batch).await? && self.wants.recv().await.is_some()) {
                return Ok(());
            }
        }
        drop(rows);
        lent.put_back(connection);
        drop(lent);
        if !batch.is_empty() {
            self.hand_on(&mut batch).await?;
        }
        Ok(())
    }

    /// `false` when nobody wants more.
    async fn hand_on(&mut self, batch: &mut Batch) -> Result<bool> {
        for row in 0..batch.len() {
            *self.seen.entry(row_digest(batch, row)).or_default() += 1;
        }
        let full = std::mem::replace(batch, empty(&self.request)?);
        Ok(self.sender.send(Ok(full)).await.is_ok())
    }
}

#[async_trait]
impl Scan for UnorderedScan {
    async fn next(&mut self) -> Result<Option<Batch>> {
        // Nobody is there to be asked once everything was read: what is left says so.
        let _ = self.wanted.send(()).await;
        self.batches.recv().await.transpose()
    }
}

impl Drop for UnorderedScan {
    fn drop(&mut self) {
        // Ends the request: its connection is closed with the task.
        self.task.abort();
    }
}
