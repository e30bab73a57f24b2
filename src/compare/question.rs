//! What the comparison has to know about rows, and what was answered.

use std::collections::HashMap;

use super::uniques::Meeting;
use crate::database::{ColumnRef, Filter, TableName, Value};
use crate::outsystems::Side;

/// A question about rows, to be answered through the port.
#[derive(Clone, Debug)]
pub struct Question {
    /// On which side.
    pub side: Side,
    /// Of which table.
    pub table: TableName,
    /// What.
    pub asked: Asked,
}

/// What is asked about a table.
#[derive(Clone, Debug)]
pub enum Asked {
    /// How many rows.
    Count(Filter),
    /// Which values a column holds, with the rows of each.
    Values(ColumnRef, Filter),
    /// How many rows are like rows of the other side; a count answers it.
    Meeting(Box<Meeting>),
    /// Rows, ordered by the first of these columns, and at most so many.
    Rows(Vec<ColumnRef>, Filter, Most),
    /// Which rows, told by this column, have these keys in those: up to two for each.
    LookUp(ColumnRef, Vec<String>, Vec<Vec<Value>>),
    /// How many rows go where some are left out.
    Departure(Box<Departing>),
}

/// Rows that are left out, and what may go with them. Tables are told by their places.
#[derive(Clone, Debug, Default)]
pub struct Departing {
    /// Which rows of the first tables are left out for themselves, of each of them.
    pub which: Vec<Filter>,
    /// Of those of the first table only the ones that are like rows of the other side.
    pub like: Option<Meeting>,
    /// The tables of which rows may go, with the column that tells their rows apart, where there is
    /// one.
    pub tables: Vec<(TableName, Option<ColumnRef>)>,
    /// References that are demanded: a row goes with the one that it refers to.
    pub demands: Vec<Referring>,
    /// References that are emptied where the row referred to goes: table, column, and the place of
    /// the table referred to.
    pub emptied: Vec<(TableName, String, usize)>,
    /// Tables of which only some rows count.
    pub among: Vec<(TableName, Filter)>,
}

impl Departing {
    /// A condition on rows of a table that count.
    #[must_use]
    pub fn among(&self, table: &TableName, filter: Filter) -> Filter {
        let among = self.among.iter().find(|(known, _)| known == table);
        filter.and(among.map_or(Filter::All, |(_, among)| among.clone()))
    }
}

/// A column of one table whose values are keys of another.
#[derive(Clone, Debug)]
pub struct Referring {
    /// The place of the table that refers.
    pub child: usize,
    /// Its column.
    pub column: String,
    /// The place of the table referred to.
    pub parent: usize,
}

/// What goes where rows are left out.
#[derive(Clone, Debug, Default)]
pub struct Departure {
    /// Rows that are left out for themselves.
    pub first: u64,
    /// Rows of each table, those included.
    pub rows: Vec<u64>,
    /// References emptied, of each that may be.
    pub emptied: Vec<u64>,
    /// Whether that is all; otherwise there are more, and nobody went on counting.
    pub is_all: bool,
}

/// How many rows are brought back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Most {
    /// The first ones, to show them.
    First(usize),
    /// All, or none where there are too many to look at one by one.
    All,
}

impl Question {
    /// Equal for equal questions.
    fn key(&self) -> String {
        format!("{:?}", (self.side, self.table.to_string().to_lowercase(), &self.asked))
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub enum Answer {
    /// To a count, and to a question for rows that are shared.
    Count(u64),
    /// To a question for values: all of them.
    Values(Vec<(Value, u64)>),
    /// To a question for values, or for rows of the other side: there are more than this many, and
    /// no use in some of them.
    MoreThan(usize),
    /// To a question for rows: their values.
    Rows(Vec<Vec<Value>>),
    /// To a look-up: the rows of each key.
    Found(Vec<Vec<Value>>),
    /// To a question for what goes.
    Gone(Departure),
}

/// The answers so far.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    known: HashMap<String, Answer>,
}

impl Answers {
    /// Keeps an answer.
    pub fn put(&mut self, question: &Question, answer: Answer) {
        self.known.insert(question.key(), answer);
    }

    /// Number of answers.
    #[must_use]
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether nothing has been answered yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }
}

/// Asks, and remembers what nobody has answered.
pub(super) struct Inquiry<'a> {
    answers: &'a Answers,
    unanswered: HashMap<String, Question>,
    /// Of which rows of a table of the source everything is asked, where that is not all.
    among: HashMap<TableName, Filter>,
    /// Columns that hold more different values than can be looked at one by one.
    too_many: Vec<TooMany>,
}

/// A column that holds more different values than can be looked at one by one.
pub(super) struct TooMany {
    pub(super) side: Side,
    pub(super) table: TableName,
    pub(super) column: String,
    pub(super) limit: usize,
}

impl<'a> Inquiry<'a> {
    pub(super) fn new(answers: &'a Answers) -> Self {
        Self { answers, unanswered: HashMap::new(), among: HashMap::new(), too_many: Vec::new() }
    }

    /// From here on, no other rows of this table of the source are asked about.
    pub(super) fn restrict(&mut self, table: TableName, among: Filter) {
        self.among.insert(table, among);
    }

    /// Of which rows of a table of the source everything is asked.
    pub(super) fn among(&self, table: &TableName) -> Filter {
        self.among.get(table).cloned().unwrap_or_default()
    }

    /// A condition on rows that are asked about.
    fn narrowed(&self, side: Side, table: &TableName, filter: Filter) -> Filter {
        match side {
            Side::Source => filter.and(self.among(table)),
            Side::Destination => filter,
        }
    }

    fn ask(&mut self, question: Question) -> Option<&'a Answer> {
        let key = question.key();
        let known = self.answers.known.get(&key);
        if known.is_none() {
            self.unanswered.insert(key, question);
        }
        known
    }

    /// How many rows the filter lets through.
    pub(super) fn count(&mut self, side: Side, table: &TableName, filter: Filter) -> Option<u64> {
        let filter = self.narrowed(side, table, filter);
        let question = Question { side, table: table.clone(), asked: Asked::Count(filter) };
        match self.ask(question) {
            Some(Answer::Count(rows)) => Some(*rows),
            _ => None,
        }
    }

    /// Which values a column holds, and how often each; none, and a note of it, where there are
    /// too many.
    pub(super) fn values(
        &mut self,
        side: Side,
        table: &TableName,
        column: ColumnRef,
        filter: Filter,
    ) -> Option<&'a [(Value, u64)]> {
        let name = column.name.clone();
        let asked = Asked::Values(column, self.narrowed(side, table, filter));
        let question = Question { side, table: table.clone(), asked };
        match self.ask(question) {
            Some(Answer::Values(values)) => Some(values),
            Some(Answer::MoreThan(limit)) => {
                let (table, limit) = (table.clone(), *limit);
                self.too_many.push(TooMany { side, table, column: name, limit });
                Some(&[])
            }
            _ => None,
        }
    }

    /// How many rows of the source's table are like rows of the destination's: `None` while nobody
    /// has answered, and `Some(None)` where there are too many to be looked at.
    pub(super) fn meeting(&mut self, table: &TableName, meeting: Meeting) -> Option<Option<u64>> {
        let among = self.narrowed(Side::Source, table, meeting.among.clone());
        let asked = Asked::Meeting(Box::new(Meeting { among, ..meeting }));
        let question = Question { side: Side::Source, table: table.clone(), asked };
        match self.ask(question)? {
            Answer::Count(rows) => Some(Some(*rows)),
            _ => Some(None),
        }
    }

    /// Rows; none, and a note of it, where there are too many.
    pub(super) fn rows(
        &mut self,
        side: Side,
        table: &TableName,
        columns: Vec<ColumnRef>,
        filter: Filter,
        most: Most,
    ) -> Option<&'a [Vec<Value>]> {
        let name = columns.first().map(|column| column.name.clone()).unwrap_or_default();
        let asked = Asked::Rows(columns, self.narrowed(side, table, filter), most);
        match self.ask(Question { side, table: table.clone(), asked }) {
            Some(Answer::Rows(rows)) => Some(rows),
            Some(Answer::MoreThan(limit)) => {
                let (table, limit) = (table.clone(), *limit);
                self.too_many.push(TooMany { side, table, column: name, limit });
                Some(&[])
            }
            _ => None,
        }
    }

    /// Which rows of the destination, told by `wanted`, have these values in the columns `key`, as
    /// the destination compares: up to two for each.
    pub(super) fn look_up(
        &mut self,
        table: &TableName,
        wanted: ColumnRef,
        key: Vec<String>,
        values: Vec<Vec<Value>>,
    ) -> Option<&'a [Vec<Value>]> {
        let asked = Asked::LookUp(wanted, key, values);
        match self.ask(Question { side: Side::Destination, table: table.clone(), asked }) {
            Some(Answer::Found(rows)) => Some(rows),
            _ => None,
        }
    }

    /// What goes where rows of a table of the source are left out.
    pub(super) fn departure(
        &mut self,
        table: &TableName,
        departing: Departing,
    ) -> Option<Departure> {
        let among = self.among.iter().map(|(table, among)| (table.clone(), among.clone()));
        let mut among: Vec<_> = among.collect();
        // Equal questions are asked in equal words.
        among.sort_by(|a, b| a.0.name.cmp(&b.0.name));
        let departing = Departing { among, ..departing };
        let asked = Asked::Departure(Box::new(departing));
        match self.ask(Question { side: Side::Source, table: table.clone(), asked }) {
            Some(Answer::Gone(gone)) => Some(gone.clone()),
            _ => None,
        }
    }

    /// The columns whose values were too many.
    pub(super) fn take_too_many(&mut self) -> Vec<TooMany> {
        std::mem::take(&mut self.too_many)
    }

    /// What nobody has answered, in a stable order.
    pub(super) fn into_unanswered(self) -> Vec<Question> {
        let mut all: Vec<(String, Question)> = self.unanswered.into_iter().collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all.into_iter().map(|(_, question)| question).collect()
    }
}
