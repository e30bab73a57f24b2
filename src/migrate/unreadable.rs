//! Rows with a value that its column's type cannot hold: a database that takes such values cannot
//! have them read as what they are declared to be, so the row is a reject before it is read.

use crate::database::{
    ColumnRef, Filter, Refusal, RefusalClass, Result, RowsRequest, Source, Value,
};
use crate::plan::EntityPlan;

use super::journal::LeftOutRow;

/// The unreadable rows of an entity.
#[derive(Default)]
pub(super) struct Unreadable {
    /// The rows themselves, as rejects.
    pub(super) rows: Vec<LeftOutRow>,
    /// Which rows they are; `None` where there are none.
    which: Option<Filter>,
}

impl Unreadable {
    /// Looks for those among some rows of the entity at a place of the plan.
    pub(super) async fn find(
        source: &dyn Source,
        entity: &EntityPlan,
        place: usize,
        among: &Filter,
    ) -> Result<Self> {
        if !source.facts().capabilities.untyped {
            return Ok(Self::default());
        }
        let key = entity.key_column();
        // The key first: without it nobody knows which row it is.
        let mut columns: Vec<(&ColumnRef, &str)> =
            key.map(|key| (key, "its identifier")).into_iter().collect();
        for column in &entity.columns {
            if key.is_none_or(|key| key.name != column.source.name) {
                columns.push((&column.source, column.attribute.as_str()));
            }
        }
        let unreadable = |column: &ColumnRef| Filter::Unreadable(column.name.clone());
        let which = Filter::Or(columns.iter().map(|(column, _)| unreadable(column)).collect());
        let table = &entity.source_table;
        if source.count(table, &among.clone().and(which.clone())).await? == 0 {
            return Ok(Self::default());
        }
        let mut found = Self { rows: Vec::new(), which: Some(which) };
        // Rows that an earlier column has told.
        let mut told: Vec<Filter> = Vec::new();
        for (column, attribute) in columns {
            let own = unreadable(column);
            let others = Filter::Or(told.clone()).negated();
            let filter = among.clone().and(own.clone()).and(others);
            let keys = match key.filter(|key| key.name != column.name) {
                Some(key) => keys(source, entity, key, filter).await?,
                None => vec![Value::Null; source.count(table, &filter).await? as usize],
            };
            let reason = format!(
                "{attribute}: it holds a value that its type, {}, cannot hold",
                column.data_type
            );
            found.rows.extend(keys.into_iter().map(|key| LeftOutRow {
                entity: place,
                key,
                reason: reason.clone(),
                planned: false,
                code: None,
                refusal: Some(Refusal::by(RefusalClass::Value, &column.name)),
            }));
            told.push(own);
        }
        Ok(found)
    }

    /// The rows that can be read.
    pub(super) fn others(&self, filter: Filter) -> Filter {
        match &self.which {
            Some(which) => filter.and(which.clone().negated()),
            None => filter,
        }
    }
}

/// The keys of rows, in their order.
pub(super) async fn keys(
    source: &dyn Source,
    entity: &EntityPlan,
    key: &ColumnRef,
    filter: Filter,
) -> Result<Vec<Value>> {
    let request = RowsRequest {
        table: entity.source_table.clone(),
        columns: vec![key.clone()],
        filter,
        order_by: Some(key.name.clone()),
        limit: None,
    };
    let rows = source.rows(&request).await?;
    Ok((0..rows.len()).map(|row| rows.column(0).value(row)).collect())
}
