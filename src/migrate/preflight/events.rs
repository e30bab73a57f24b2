//! Whether event tables can be emptied, and which processes start where they cannot.

use std::collections::BTreeSet;

use super::{Check, CheckSign, Preflight};
use crate::database::{Result, RowsRequest, TableName, same_name};
use crate::outsystems::{Environment, SystemTarget};
use crate::plan::{CheckKind, EventTable};

impl Preflight<'_> {
    pub(super) async fn events(&self) -> Result<Vec<Check>> {
        let tables = &self.plan.events;
        let names: Vec<TableName> = tables.iter().map(|table| table.table.clone()).collect();
        let rights = self.destination.rights(&names).await?;
        let (mut left_open, mut processes) = (Vec::new(), BTreeSet::new());
        let mut unread = Vec::new();
        for (table, rights) in tables.iter().zip(&rights) {
            if rights.select == Some(false) {
                unread.push(table.table.to_string());
            } else if rights.delete == Some(false) || rights.insert == Some(false) {
                let found = self.subscribed(table).await?;
                if !found.is_empty() {
                    left_open.push(format!("{} ({})", table.table, table.entity));
                    processes.extend(found);
                }
            }
        }
        let mut checks = Vec::new();
        if !unread.is_empty() {
            checks.push(Check::naming(
                CheckKind::Events,
                CheckSign::Bad,
                "no right to SELECT in event tables",
                &unread,
                "Nobody knows which processes would start. Ask for SELECT, INSERT and DELETE on them; \
                 `osferry rights PLAN` writes the script to ask with.",
            ));
        }
        if !left_open.is_empty() {
            let processes: Vec<String> = processes.into_iter().collect();
            checks.push(Check::naming(
                CheckKind::Events,
                CheckSign::Warning,
                "no right to empty event tables",
                &left_open,
                format!(
                    "These start by rows that are carried over: {}. `osferry rights PLAN` writes the \
                     script that asks for INSERT and DELETE on them, and two for a DBA: \
                     events-away.sql before the run, events-back.sql after it. Accepted, these \
                     tables stay as they are, and the processes start.",
                    processes.join(", ")
                ),
            ));
        }
        let words = self.plan.put_away().words();
        if checks.is_empty() && !words.is_empty() {
            checks.push(Check::good(CheckKind::Events, words));
        }
        Ok(checks)
    }

    /// The processes and activities that are subscribed in a table now, in words.
    async fn subscribed(&self, table: &EventTable) -> Result<BTreeSet<String>> {
        let request = RowsRequest::whole(&table.table, table.column_refs());
        let rows = self.destination.rows(&request).await?;
        let place = |name: &str| table.columns.iter().position(|c| same_name(&c.name, name));
        let cell = |row, name: &str| place(name).and_then(|place| rows.column(place).integer(row));
        Ok((0..rows.len())
            .map(|row| match (cell(row, "_PROCESS_DEF_ID"), cell(row, "_ACTIVITY_ID")) {
                (Some(process), _) => called(self.destination_model, process),
                (None, Some(activity)) => format!("activity {activity}"),
                (None, None) => "a process that is not named".to_owned(),
            })
            .collect())
    }
}

/// The name of a process definition.
fn called(model: &Environment, process: i64) -> String {
    let known = model.definitions.get(&SystemTarget::ProcessDefinition);
    let known = known.into_iter().flatten().find(|definition| definition.id == process);
    known.map_or_else(|| format!("process {process}"), |definition| definition.name.clone())
}
