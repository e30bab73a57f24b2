//! Having the comparison's questions answered, until none is open.

use super::departed::departed;
use super::reader::BATCH_BYTES;
use crate::compare::{Answer, Answers, Asked, Departing, Meeting, Most, Question};
use crate::database::{
    Batch, Filter, Result, RowsRequest, ScanRequest, Source, TableName, Value, in_other_type,
};
use crate::outsystems::{Environment, Side};
use crate::plan::{Decisions, Review, ScopeError, ScopeRequest, review};

/// Most values that one column's question brings back, or twice as many as there are users where
/// that is more. A column of references to more rows than this is no static entity, tenant or user.
const VALUES: usize = 500_000;

/// How many different values of a column are looked at.
fn most_values(model: &Environment) -> usize {
    VALUES.max(model.users.len().saturating_mul(2))
}

/// Both environments with the databases behind them.
#[derive(Clone, Copy)]
pub struct Environments<'a> {
    /// The source's database.
    pub source: &'a dyn Source,
    /// The destination's database, to be read.
    pub destination: &'a dyn Source,
    /// The source's model.
    pub source_model: &'a Environment,
    /// The destination's model.
    pub destination_model: &'a Environment,
}

impl<'a> Environments<'a> {
    /// One side: its database and its model.
    fn of(self, side: Side) -> (&'a dyn Source, &'a Environment) {
        match side {
            Side::Source => (self.source, self.source_model),
            Side::Destination => (self.destination, self.destination_model),
        }
    }
}

/// Compares, has every open question answered, and compares again until none is left.
/// `asked` is told how many are still open.
///
/// The outer error is a database's, the inner one says that the scope names something unknown.
pub async fn survey(
    environments: Environments<'_>,
    request: &ScopeRequest,
    decisions: &Decisions,
    answers: &mut Answers,
    mut asked: impl FnMut(usize),
) -> Result<std::result::Result<Review, ScopeError>> {
    loop {
        let reviewed = review(
            environments.source_model,
            environments.destination_model,
            request,
            decisions,
            answers,
        );
        let reviewed = match reviewed {
            Ok(reviewed) => reviewed,
            Err(error) => return Ok(Err(error)),
        };
        let questions = &reviewed.comparison.questions;
        if questions.is_empty() {
            return Ok(Ok(reviewed));
        }
        have_counted(environments, questions, answers, &mut asked).await?;
        let others = questions.iter().filter(|question| counted(question).is_none());
        let mut open = others.clone().count();
        for question in others {
            asked(open);
            let answer = answer(environments, question).await?;
            answers.put(question, answer);
            open -= 1;
        }
    }
}

/// So many counts are asked for at a time.
const COUNTED_AT_ONCE: usize = 50;

/// The condition on the rows that are to be counted, where a question asks for that alone.
fn counted(question: &Question) -> Option<&Filter> {
    match &question.asked {
        Asked::Count(filter) => Some(filter),
        _ => None,
    }
}

/// Answers those questions that ask how many rows there are, which most do: many together, and both
/// databases at the same time.
async fn have_counted(
    environments: Environments<'_>,
    questions: &[Question],
    answers: &mut Answers,
    asked: &mut impl FnMut(usize),
) -> Result<()> {
    let of = |side: Side| -> Vec<&Question> {
        let counts = questions.iter().filter(|question| counted(question).is_some());
        counts.filter(|question| question.side == side).collect()
    };
    let (ours, theirs) = (of(Side::Source), of(Side::Destination));
    let mut parts = (ours.chunks(COUNTED_AT_ONCE), theirs.chunks(COUNTED_AT_ONCE));
    let mut open = questions.len();
    loop {
        let (ours, theirs) = (parts.0.next(), parts.1.next());
        if ours.is_none() && theirs.is_none() {
            return Ok(());
        }
        asked(open);
        let (ours, theirs) = (ours.unwrap_or_default(), theirs.unwrap_or_default());
        let (here, there) = futures::future::try_join(
            count(environments, Side::Source, ours),
            count(environments, Side::Destination, theirs),
        )
        .await?;
        for (question, answer) in ours.iter().chain(theirs).zip(here.into_iter().chain(there)) {
            answers.put(question, answer);
            open -= 1;
        }
    }
}

/// Counts for questions about one side that ask for nothing else.
async fn count(
    environments: Environments<'_>,
    side: Side,
    questions: &[&Question],
) -> Result<Vec<Answer>> {
    let (database, model) = environments.of(side);
    let wanted: Vec<(TableName, Filter)> = questions
        .iter()
        .filter_map(|question| Some((named(model, question).clone(), counted(question)?.clone())))
        .collect();
    if let Ok(rows) = database.counts(&wanted).await {
        return Ok(rows.into_iter().map(Answer::Count).collect());
    }
    // Each by itself has the server's whole time, and says what is wrong with which table.
    let mut answers = Vec::with_capacity(questions.len());
    for question in questions {
        answers.push(answer(environments, question).await?);
    }
    Ok(answers)
}

/// The table of a question: the model knows the schema that holds it.
fn named<'a>(model: &'a Environment, question: &'a Question) -> &'a TableName {
    model.shape(&question.table).map_or(&question.table, |shape| &shape.name)
}

async fn answer(environments: Environments<'_>, question: &Question) -> Result<Answer> {
    let (database, model) = environments.of(question.side);
    let table = named(model, question);
    let doing = || format!("counting in {table} of the {}", question.side);
    match &question.asked {
        Asked::Count(filter) => {
            let rows = database.count(table, filter).await;
            Ok(Answer::Count(rows.map_err(|fault| fault.while_doing(doing()))?))
        }
        Asked::Meeting(meeting) => meets(environments, table, meeting).await,
        Asked::Values(column, filter) => {
            // One more than is looked at says whether there are more.
            let most = most_values(model);
            let batch = database
                .distinct(table, column, filter, most + 1)
                .await
                .map_err(|fault| fault.while_doing(doing()))?;
            if batch.len() > most {
                return Ok(Answer::MoreThan(most));
            }
            let values = (0..batch.len())
                .map(|row| {
                    let rows = batch.column(1).integer(row).unwrap_or_default().unsigned_abs();
                    (batch.column(0).value(row), rows)
                })
                .collect();
            Ok(Answer::Values(values))
        }
        Asked::Rows(columns, filter, most) => {
            let limit = match most {
                Most::First(rows) => *rows,
                Most::All => most_values(model) + 1,
            };
            let request = RowsRequest {
                table: table.clone(),
                columns: columns.clone(),
                filter: filter.clone(),
                order_by: columns.first().map(|column| column.name.clone()),
                limit: Some(limit),
            };
            let rows = database.rows(&request).await;
            let batch = rows.map_err(|fault| fault.while_doing(doing()))?;
            if *most == Most::All && batch.len() == limit {
                return Ok(Answer::MoreThan(most_values(model)));
            }
            let row =
                |row| (0..columns.len()).map(|place| batch.column(place).value(row)).collect();
            Ok(Answer::Rows((0..batch.len()).map(row).collect()))
        }
        Asked::Departure(departing) => {
            let mut departing = departing.clone();
            if let Some(like) = departing.like.take() {
                let Some((key, rows)) = alike(environments, &departing, &like).await? else {
                    return Ok(Answer::MoreThan(MET_AT_ONCE));
                };
                departing.which = vec![Filter::AnyOf(key, rows)];
            }
            let gone = departed(database, &departing, most_values(model)).await;
            Ok(Answer::Gone(gone.map_err(|fault| {
                fault.while_doing(format!("counting what goes with rows of {table}"))
            })?))
        }
        Asked::LookUp(wanted, key, values) => {
            let found = database.look_up(table, wanted, key, values).await;
            Ok(Answer::Found(found.map_err(|fault| fault.while_doing(doing()))?))
        }
    }
}

/// Most rows of the destination that rows of the source are compared with, one by one.
const ROWS_MET: usize = 20_000;
/// So many of them at a time.
const MET_AT_ONCE: usize = 500;

/// How many rows of the source are like rows of the destination.
async fn meets(
    environments: Environments<'_>,
    table: &TableName,
    meeting: &Meeting,
) -> Result<Answer> {
    let Some(all) = those_alike(environments, meeting).await? else {
        return Ok(Answer::MoreThan(ROWS_MET));
    };
    let mut count = 0;
    for filter in all {
        count += environments
            .source
            .count(table, &filter)
            .await
            .map_err(|fault| fault.while_doing(format!("counting in {table} of the source")))?;
    }
    Ok(Answer::Count(count))
}

/// The keys of the rows that are left out because they are like rows of the destination, and their
/// column; `None` where there are too many.
async fn alike(
    environments: Environments<'_>,
    departing: &Departing,
    meeting: &Meeting,
) -> Result<Option<(String, Vec<Value>)>> {
    let (Some((table, Some(key))), Some(all)) =
        (departing.tables.first(), those_alike(environments, meeting).await?)
    else {
        return Ok(None);
    };
    let mut keys = Vec::new();
    for filter in all {
        let request = RowsRequest {
            table: table.clone(),
            columns: vec![key.clone()],
            filter: departing.among(table, filter),
            order_by: None,
            limit: Some(MET_AT_ONCE + 1),
        };
        let rows = environments.source.rows(&request).await;
        let rows =
            rows.map_err(|fault| fault.while_doing(format!("reading {table} of the source")))?;
        keys.extend((0..rows.len()).map(|row| rows.column(0).value(row)));
        if keys.len() > MET_AT_ONCE {
            return Ok(None);
        }
    }
    Ok(Some((key.name.clone(), keys)))
}

/// Conditions on rows of the source that they are like rows of the destination, which between them
/// tell all of those; `None` where the destination has too many. The rows of the destination are
/// brought to the source, where the destination's collation is named: no row of the source leaves it.
async fn those_alike(
    environments: Environments<'_>,
    meeting: &Meeting,
) -> Result<Option<Vec<Filter>>> {
    let model = environments.destination_model;
    let there = model.shape(&meeting.there).map_or(&meeting.there, |shape| &shape.name);
    let mut scan = environments
        .destination
        .scan(ScanRequest {
            table: there.clone(),
            columns: meeting.their_columns.iter().map(|their| their.column.clone()).collect(),
            filter: meeting.standing.clone(),
            key: None,
            after: None,
            batch_rows: MET_AT_ONCE,
            batch_bytes: BATCH_BYTES,
        })
        .await
        .map_err(|fault| fault.while_doing(format!("reading {there} of the destination")))?;
    let (mut met, mut rows) = (0, Vec::new());
    while let Some(batch) = scan.next().await? {
        for row in 0..batch.len() {
            rows.extend(met_row(&batch, row, meeting));
        }
        met += batch.len();
        if met > ROWS_MET {
            return Ok(None);
        }
    }
    let some_of = |some: &[Vec<Value>]| {
        let filter = Filter::OneOf(meeting.columns.clone(), some.to_vec());
        meeting.among.clone().and(filter)
    };
    Ok(Some(rows.chunks(MET_AT_ONCE).map(some_of).collect()))
}

/// A row of the destination as rows of the source are compared with it; `None` where none of these
/// can be like it.
fn met_row(batch: &Batch, row: usize, meeting: &Meeting) -> Option<Vec<Value>> {
    let columns = meeting.their_columns.iter().enumerate();
    columns
        .map(|(place, their)| match (batch.column(place).value(row), &their.compared_in) {
            (Value::Integer(0), _) if their.none_is_null => Some(Value::Null),
            (Value::Text(text), _) if their.none_is_null && text.is_empty() => Some(Value::Null),
            (value, Some(ours)) => in_other_type(&value, ours),
            (value, None) => Some(value),
        })
        .collect()
}
