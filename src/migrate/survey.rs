//! Having the comparison's questions answered, until none is open.

use crate::compare::{Answer, Answers, Asked, Most, Question};
use crate::database::{Result, RowsRequest, Source};
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
        for (place, question) in questions.iter().enumerate() {
            asked(questions.len() - place);
            let answer = answer(environments, question).await?;
            answers.put(question, answer);
        }
    }
}

async fn answer(environments: Environments<'_>, question: &Question) -> Result<Answer> {
    let database = match question.side {
        Side::Source => environments.source,
        Side::Destination => environments.destination,
    };
    let model = match question.side {
        Side::Source => environments.source_model,
        Side::Destination => environments.destination_model,
    };
    // The model knows the schema that holds the table.
    let table = model.shape(&question.table).map_or(&question.table, |shape| &shape.name);
    let doing = || format!("counting in {table} of the {}", question.side);
    match &question.asked {
        Asked::Count(filter) => {
            let rows = database.count(table, filter).await;
            Ok(Answer::Count(rows.map_err(|fault| fault.while_doing(doing()))?))
        }
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
        Asked::LookUp(wanted, key, values) => {
            let found = database.look_up(table, wanted, key, values).await;
            Ok(Answer::Found(found.map_err(|fault| fault.while_doing(doing()))?))
        }
    }
}
