//! Which rows go where some are left out, counted in the source before a run.
//!
//! The rule is the run's: a row that may not go without its reference goes with the row that it
//! refers to. Where tables refer to each other in one direction only, conditions within conditions
//! have the database count. Around a circle, and behind one, a condition would have to be as deep
//! as the rows hang on each other; there the keys of the rows that go are fetched, a generation at
//! a time, until one has no further rows. They are kept up to a limit.

use std::collections::HashSet;

use super::remap::fold;
use crate::compare::{Departing, Departure, Referring};
use crate::database::{ColumnRef, Filter, Result, RowsRequest, Source, TableName, Value};

/// Keys looked for in one request.
const AT_ONCE: usize = 1_000;

/// Counts them. At most `limit` keys are kept; where more rows go, the counts are the least.
pub(super) async fn departed(
    source: &dyn Source,
    departing: &Departing,
    limit: usize,
) -> Result<Departure> {
    let tables = departing.tables.len();
    let mut firsts = Vec::with_capacity(departing.which.len());
    for ((table, _), which) in departing.tables.iter().zip(&departing.which) {
        firsts.push(source.count(table, &departing.among(table, which.clone())).await?);
    }
    let first = firsts.iter().sum();
    let mut departure = Departure {
        first,
        rows: vec![0; tables],
        emptied: vec![0; departing.emptied.len()],
        is_all: true,
    };
    if first == 0 {
        return Ok(departure);
    }
    let mut going = Going::new(source, departing, limit);
    departure.is_all = going.follow().await?;
    for (place, (table, _)) in departing.tables.iter().enumerate() {
        let told = match firsts.get(place) {
            // Counted already, unless more of the same table go with them.
            Some(first) if going.by_filter[place] == departing.which[place] => *first,
            _ => {
                let which = departing.among(table, going.by_filter[place].clone());
                source.count(table, &which).await?
            }
        };
        departure.rows[place] = told + going.fetched[place].len() as u64 + going.nameless[place];
    }
    for (place, (table, column, parent)) in departing.emptied.iter().enumerate() {
        let mut rows = going.count_referring(table, column, *parent).await?;
        for some in going.fetched[*parent].chunks(AT_ONCE) {
            let which = Filter::AnyOf(column.clone(), some.to_vec());
            rows += source.count(table, &departing.among(table, which)).await?;
        }
        departure.emptied[place] = rows;
    }
    Ok(departure)
}

/// Rows that go, as far as they are known.
struct Going<'a> {
    source: &'a dyn Source,
    departing: &'a Departing,
    limit: usize,
    /// Which rows of each table go, as far as a condition says it.
    by_filter: Vec<Filter>,
    /// The keys of the others, by table.
    fetched: Vec<Vec<Value>>,
    /// The same, to look them up.
    known: Vec<HashSet<String>>,
    /// Other rows of tables that nothing tells apart.
    nameless: Vec<u64>,
}

impl<'a> Going<'a> {
    fn new(source: &'a dyn Source, departing: &'a Departing, limit: usize) -> Self {
        let tables = departing.tables.len();
        Self {
            source,
            departing,
            limit,
            by_filter: vec![Filter::Or(Vec::new()); tables],
            fetched: vec![Vec::new(); tables],
            known: vec![HashSet::new(); tables],
            nameless: vec![0; tables],
        }
    }

    /// Finds all rows that go; `false` where they are too many to be kept.
    async fn follow(&mut self) -> Result<bool> {
        let departing = self.departing;
        let (order, by_key) = in_order(departing);
        for child in order {
            let referring = departing.demands.iter().filter(|demand| {
                demand.child == child && !by_key[demand.parent] && demand.parent != child
            });
            let mut which: Vec<Filter> =
                referring.filter_map(|demand| self.refers(&demand.column, demand.parent)).collect();
            self.by_filter[child] = match (departing.which.get(child), which.is_empty()) {
                (Some(own), true) => own.clone(),
                (Some(own), false) => {
                    which.insert(0, own.clone());
                    Filter::Or(which)
                }
                (None, _) => Filter::Or(which),
            };
        }
        let behind: Vec<&Referring> =
            departing.demands.iter().filter(|demand| by_key[demand.parent]).collect();
        // The rows that refer to those a condition tells; then, again and again, the rows that
        // refer to those found last.
        let mut next: Vec<(usize, Value)> = Vec::new();
        for demand in &behind {
            if let Some(which) = self.refers(&demand.column, demand.parent) {
                self.fetch(demand.child, which, &mut next).await?;
            }
        }
        while !next.is_empty() {
            let found = std::mem::take(&mut next);
            for demand in &behind {
                let keys = found.iter().filter(|(place, _)| *place == demand.parent);
                let keys: Vec<Value> = keys.map(|(_, key)| key.clone()).collect();
                for some in keys.chunks(AT_ONCE) {
                    let which = Filter::AnyOf(demand.column.clone(), some.to_vec());
                    self.fetch(demand.child, which, &mut next).await?;
                    if self.fetched.iter().map(Vec::len).sum::<usize>() > self.limit {
                        return Ok(false);
                    }
                }
            }
        }
        Ok(self.fetched.iter().map(Vec::len).sum::<usize>() <= self.limit)
    }

    /// The rows that refer to those of a table that a condition says.
    fn refers(&self, column: &str, parent: usize) -> Option<Filter> {
        let (table, key) = &self.departing.tables[parent];
        let among = &self.by_filter[parent];
        if *among == Filter::Or(Vec::new()) {
            return None;
        }
        Some(Filter::Refers {
            column: column.to_owned(),
            parent: table.clone(),
            key: key.as_ref()?.name.clone(),
            among: Box::new(self.departing.among(table, among.clone())),
        })
    }

    async fn count_referring(&self, table: &TableName, column: &str, parent: usize) -> Result<u64> {
        match self.refers(column, parent) {
            Some(which) => self.source.count(table, &self.departing.among(table, which)).await,
            None => Ok(0),
        }
    }

    /// Fetches the keys of rows that are not known to go.
    async fn fetch(
        &mut self,
        child: usize,
        which: Filter,
        next: &mut Vec<(usize, Value)>,
    ) -> Result<()> {
        let (table, key) = &self.departing.tables[child];
        let which = which.and(self.by_filter[child].clone().negated());
        let which = self.departing.among(table, which);
        let Some(key) = key else {
            // Whoever refers twice is counted twice: nothing tells these rows apart.
            self.nameless[child] += self.source.count(table, &which).await?;
            return Ok(());
        };
        let request = RowsRequest {
            table: table.clone(),
            columns: vec![ColumnRef::clone(key)],
            filter: which,
            order_by: None,
            limit: Some(self.limit + 1),
        };
        let rows = self.source.rows(&request).await?;
        for row in 0..rows.len() {
            let key = rows.column(0).value(row);
            if self.known[child].insert(fold(&key)) {
                self.fetched[child].push(key.clone());
                next.push((child, key));
            }
        }
        Ok(())
    }
}

/// The tables, those referred to first as far as there is such an order, and of which the keys
/// have to be fetched: those of circles, and those behind one.
fn in_order(departing: &Departing) -> (Vec<usize>, Vec<bool>) {
    let tables = departing.tables.len();
    let mut waiting: Vec<usize> = vec![0; tables];
    for demand in &departing.demands {
        waiting[demand.child] += 1;
    }
    let mut order: Vec<usize> = (0..tables).filter(|place| waiting[*place] == 0).collect();
    let mut done = 0;
    while done < order.len() {
        let parent = order[done];
        done += 1;
        for demand in departing.demands.iter().filter(|demand| demand.parent == parent) {
            waiting[demand.child] -= 1;
            if waiting[demand.child] == 0 {
                order.push(demand.child);
            }
        }
    }
    let mut by_key = vec![true; tables];
    for place in &order {
        by_key[*place] = false;
    }
    let rest: Vec<usize> = (0..tables).filter(|place| by_key[*place]).collect();
    order.extend(rest);
    (order, by_key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn departing(tables: usize, demands: &[(usize, usize)]) -> Departing {
        let table = |place: usize| (TableName::new(format!("T{place}")), None);
        let demand = |(child, parent): &(usize, usize)| Referring {
            child: *child,
            column: "C".to_owned(),
            parent: *parent,
        };
        Departing {
            tables: (0..tables).map(table).collect(),
            demands: demands.iter().map(demand).collect(),
            ..Departing::default()
        }
    }

    #[test]
    fn only_circles_and_what_is_behind_them_need_keys() {
        // 0 ← 1 ← 2 and 0 ← 2: each after all that it refers to.
        let (order, by_key) = in_order(&departing(3, &[(1, 0), (2, 0), (2, 1)]));
        assert_eq!((order, by_key), (vec![0, 1, 2], vec![false; 3]));
        // 0 ← 1 ⇄ 2 ← 3.
        let (order, by_key) = in_order(&departing(4, &[(1, 0), (1, 2), (2, 1), (3, 2)]));
        assert_eq!((order, by_key), (vec![0, 1, 2, 3], vec![false, true, true, true]));
        // A table that refers to itself, and is where it begins.
        let (order, by_key) = in_order(&departing(2, &[(0, 0), (1, 0)]));
        assert_eq!((order, by_key), (vec![0, 1], vec![true, true]));
    }
}
