//! One connection: opened, used for one request at a time, closed when a request goes wrong.
//!
//! The driver leaves a connection in doubt when a request is dropped or fails half-way, and a
//! later request on it may hang for ever. Hence the one rule of this layer: a request *takes*
//! the driver's client and gives it back only after the server's answer was read to its end. A
//! future that is dropped, a time limit that passes and a broken wire all drop the client, and
//! with it the socket.

use std::time::Duration;

use futures::TryStreamExt;
use tiberius::error::Error;
use tiberius::{
    Client, ColumnData, Query, QueryItem, QueryStream, Row, SqlBulkCopyOptions, TokenRow,
};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_util::compat::Compat;

use super::fault;
use super::statements::{Parameter, Statement};
use crate::database::{Fault, FaultKind, Result};

/// The driver's client over a plain socket.
pub(super) type Wire = Client<Compat<TcpStream>>;

/// How long the server may take to acknowledge that a request is called off.
const CANCEL_LIMIT: Duration = Duration::from_secs(10);

/// A connection to the server.
pub(super) struct Connection {
    wire: Option<Wire>,
    silence: Duration,
    /// Whether it is worth a wait: it holds a transaction that cannot be had again.
    precious: bool,
    /// Whether a request ended otherwise than the server meant it to.
    disturbed: bool,
}

/// Why rows could not be read.
pub(super) enum ReadFailure {
    /// A text holds half of a surrogate pair: to be read again as bytes.
    LoneSurrogate,
    /// Anything else.
    Fault(Fault),
}

impl From<Fault> for ReadFailure {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<ReadFailure> for Fault {
    fn from(failure: ReadFailure) -> Self {
        match failure {
            ReadFailure::LoneSurrogate => fault::fault(&Error::Utf16),
            ReadFailure::Fault(fault) => fault,
        }
    }
}

/// What a receiver of rows says after each.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    /// The next one, please.
    More,
    /// That was enough: call the request off.
    Enough,
}

impl Connection {
    /// Wraps a signed-in client; `silence` is the longest wait for the next piece of an answer.
    pub(super) fn new(wire: Wire, silence: Duration) -> Self {
        Self { wire: Some(wire), silence, precious: false, disturbed: false }
    }

    /// Whether it can still be used.
    pub(super) fn is_open(&self) -> bool {
        self.wire.is_some()
    }

    /// Moves the connection out, leaving a closed one.
    pub(super) fn detach(&mut self) -> Self {
        Self { wire: self.wire.take(), ..*self }
    }

    /// Keeps it after half a surrogate pair as well, where it would be closed otherwise: before the
    /// next request the driver then reads what is left of the answer, packet by packet.
    pub(super) fn hold_dear(&mut self) {
        self.precious = true;
    }

    /// Whether it is worth a wait.
    pub(super) fn is_precious(&self) -> bool {
        self.precious
    }

    /// Notes that the rows of a request were not read to the end.
    pub(super) fn disturb(&mut self) {
        self.disturbed = true;
    }

    /// Whether a request was called off, or failed, since this was asked last.
    pub(super) fn was_disturbed(&mut self) -> bool {
        std::mem::take(&mut self.disturbed)
    }

    fn take(&mut self) -> Result<Wire> {
        self.wire.take().ok_or_else(|| fault::lost("it was closed after an earlier fault"))
    }

    /// Keeps the client when the server answered to the end, else lets it go.
    fn settle<T>(
        &mut self,
        wire: Wire,
        answer: std::result::Result<std::result::Result<T, Error>, tokio::time::error::Elapsed>,
    ) -> Result<T> {
        match answer {
            Ok(Ok(value)) => {
                self.wire = Some(wire);
                Ok(value)
            }
            Ok(Err(error)) => {
                self.disturbed = true;
                if fault::leaves_connection_usable(&error) {
                    self.wire = Some(wire);
                }
                Err(fault::fault(&error))
            }
            Err(_) => Err(fault::timeout()),
        }
    }

    /// Runs a batch that may change the session; all its results, read to the end.
    pub(super) async fn batch(&mut self, sql: &str, limit: Duration) -> Result<Vec<Vec<Row>>> {
        let mut wire = self.take()?;
        let answer =
            timeout(limit, async { wire.simple_query(sql).await?.into_results().await }).await;
        self.settle(wire, answer)
    }

    /// Runs a statement with its parameters; all its results, read to the end.
    pub(super) async fn run(
        &mut self,
        statement: &Statement,
        limit: Duration,
    ) -> Result<Vec<Vec<Row>>> {
        if statement.parameters.is_empty() {
            return self.batch(&statement.sql, limit).await;
        }
        let mut wire = self.take()?;
        let answer =
            timeout(limit, async { query(statement).query(&mut wire).await?.into_results().await })
                .await;
        self.settle(wire, answer)
    }

    /// Hands the rows of one statement to `each`, one at a time; nothing is kept here.
    ///
    /// When `each` has enough, the request is called off cleanly. `true` when it came to that.
    pub(super) async fn read(
        &mut self,
        statement: &Statement,
        each: &mut (dyn FnMut(Row) -> Result<Flow> + Send),
    ) -> std::result::Result<bool, ReadFailure> {
        let mut wire = self.take()?;
        let cut = {
            let started = timeout(self.silence, async {
                if statement.parameters.is_empty() {
                    wire.simple_query(statement.sql.as_str()).await
                } else {
                    query(statement).query(&mut wire).await
                }
            })
            .await;
            let started = match started {
                Ok(Ok(stream)) => Ok(stream),
                Ok(Err(error)) => Err(error),
                Err(_) => return Err(fault::timeout().into()),
            };
            match started {
                Ok(mut stream) => loop {
                    match timeout(self.silence, stream.try_next()).await {
                        Err(_) => return Err(fault::timeout().into()),
                        Ok(Ok(None)) => break Ok(false),
                        Ok(Ok(Some(QueryItem::Metadata(_)))) => {}
                        Ok(Ok(Some(QueryItem::Row(row)))) => {
                            if each(row)? == Flow::Enough {
                                break Ok(true);
                            }
                        }
                        Ok(Err(error)) => break Err(error),
                    }
                },
                Err(error) => Err(error),
            }
        };
        self.disturbed |= !matches!(cut, Ok(false));
        match cut {
            Ok(false) => {
                self.wire = Some(wire);
                Ok(false)
            }
            Ok(true) => {
                // A server that does not acknowledge costs this connection, not the rows read.
                if let Ok(Ok(())) = timeout(CANCEL_LIMIT, wire.cancel_query()).await {
                    self.wire = Some(wire);
                }
                Ok(true)
            }
            Err(Error::Utf16) => {
                if self.precious {
                    self.wire = Some(wire);
                }
                Err(ReadFailure::LoneSurrogate)
            }
            Err(error) => {
                if fault::leaves_connection_usable(&error) {
                    self.wire = Some(wire);
                }
                Err(fault::fault(&error).into())
            }
        }
    }

    /// Starts a statement whose rows are fetched one at a time. The connection serves nothing
    /// else from here on and is to be dropped with the rows.
    pub(super) async fn stream(
        &mut self,
        statement: &Statement,
    ) -> std::result::Result<Rows<'_>, ReadFailure> {
        let silence = self.silence;
        let wire = self
            .wire
            .as_mut()
            .ok_or_else(|| fault::lost("it was closed after an earlier fault"))?;
        let started = timeout(silence, async {
            if statement.parameters.is_empty() {
                wire.simple_query(statement.sql.as_str()).await
            } else {
                query(statement).query(wire).await
            }
        })
        .await;
        match started {
            Ok(Ok(stream)) => Ok(Rows { stream, silence }),
            Ok(Err(error)) => Err(fault::fault(&error).into()),
            Err(_) => Err(fault::timeout().into()),
        }
    }

    /// Loads rows into a table. `of_rows` is made of what the server says once it has the rows, and
    /// not of what it says of the statement before.
    pub(super) async fn bulk<'a>(
        &mut self,
        table: &str,
        columns: &[&str],
        options: SqlBulkCopyOptions,
        rows: impl Iterator<Item = Result<TokenRow<'a>>> + Send,
        of_rows: fn(Fault) -> Fault,
        limit: Duration,
    ) -> Result<()> {
        let mut wire = self.take()?;
        let mut has_begun = false;
        let answer = timeout(limit, async {
            let mut load = wire.bulk_insert_with_options(table, columns, options, &[]).await?;
            has_begun = true;
            for row in rows {
                let row = match row {
                    Ok(row) => row,
                    Err(fault) => return Ok(Err(fault)),
                };
                load.send(row).await?;
            }
            load.finalize().await.map(|_| Ok(()))
        })
        .await;
        // A load that stopped half-way leaves the wire in the middle of a message.
        if let Ok(Ok(Err(fault))) = answer {
            return Err(fault);
        }
        let settled = self.settle(wire, answer);
        settled.map_err(|fault| if has_begun { of_rows(fault) } else { fault })?
    }

    /// Starts a transaction.
    pub(super) async fn begin(&mut self, limit: Duration) -> Result<()> {
        let mut wire = self.take()?;
        let answer = timeout(limit, wire.begin_transaction()).await;
        self.settle(wire, answer)
    }

    /// Commits. Only a refusal that the server itself pronounced means "not committed".
    pub(super) async fn commit(&mut self, limit: Duration) -> std::result::Result<(), Undecided> {
        let mut wire = self.take().map_err(Undecided::Refused)?;
        match timeout(limit, wire.commit_transaction()).await {
            Ok(Ok(())) => {
                self.wire = Some(wire);
                Ok(())
            }
            Ok(Err(Error::Server(token))) if token.class() < 17 => {
                self.wire = Some(wire);
                Err(Undecided::Refused(fault::server_fault(&token)))
            }
            Ok(Err(error)) => Err(Undecided::Unknown(fault::fault(&error))),
            Err(_) => Err(Undecided::Unknown(fault::timeout())),
        }
    }
}

/// Rows of a long request.
pub(super) struct Rows<'a> {
    stream: QueryStream<'a>,
    silence: Duration,
}

impl Rows<'_> {
    /// The next row.
    pub(super) async fn next(&mut self) -> std::result::Result<Option<Row>, ReadFailure> {
        loop {
            match timeout(self.silence, self.stream.try_next()).await {
                Ok(Ok(Some(QueryItem::Row(row)))) => return Ok(Some(row)),
                Ok(Ok(Some(QueryItem::Metadata(_)))) => {}
                Ok(Ok(None)) => return Ok(None),
                Ok(Err(Error::Utf16)) => return Err(ReadFailure::LoneSurrogate),
                Ok(Err(error)) => return Err(fault::fault(&error).into()),
                Err(_) => return Err(fault::timeout().into()),
            }
        }
    }
}

/// Why a COMMIT did not say yes.
pub(super) enum Undecided {
    /// The server said no.
    Refused(Fault),
    /// Nobody said anything that can be relied on.
    Unknown(Fault),
}

fn query(statement: &Statement) -> Query<'_> {
    let mut query = Query::new(statement.sql.as_str());
    for parameter in &statement.parameters {
        query.bind(match parameter {
            Parameter::Text(text) => ColumnData::String(Some(text.as_str().into())),
            Parameter::Binary(bytes) => ColumnData::Binary(Some(bytes.as_slice().into())),
            Parameter::Integer(value) => ColumnData::I64(Some(*value)),
        });
    }
    query
}

/// A whole number of a result, whatever its width.
pub(super) fn integer(row: &Row, index: usize) -> Result<Option<i64>> {
    match row.get_column_data(index) {
        Ok(ColumnData::U8(value)) => Ok(value.map(i64::from)),
        Ok(ColumnData::I16(value)) => Ok(value.map(i64::from)),
        Ok(ColumnData::I32(value)) => Ok(value.map(i64::from)),
        Ok(ColumnData::I64(value)) => Ok(*value),
        Ok(ColumnData::Bit(value)) => Ok(value.map(i64::from)),
        Ok(ColumnData::Numeric(None)) => Ok(None),
        Ok(ColumnData::Numeric(Some(value))) if value.scale() == 0 => {
            i64::try_from(value.value()).map(Some).map_err(|_| unexpected("a whole number"))
        }
        _ => Err(unexpected("a whole number")),
    }
}

/// A text of a result.
pub(super) fn text(row: &Row, index: usize) -> Result<Option<String>> {
    match row.get_column_data(index) {
        Ok(ColumnData::String(value)) => Ok(value.as_ref().map(ToString::to_string)),
        Ok(ColumnData::Guid(value)) => Ok(value.map(|guid| guid.to_string())),
        _ => Err(unexpected("a text")),
    }
}

/// The server's answer does not have the form that was asked for.
pub(super) fn unexpected(wanted: &str) -> Fault {
    Fault::new(FaultKind::Other, format!("the server's answer holds something other than {wanted}"))
}
