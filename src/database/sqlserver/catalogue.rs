//! Shapes of tables, put together from the catalogue's answers.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use tiberius::Row;

use super::connection::{Connection, integer, text, unexpected};
use super::statements::catalogue;
use crate::database::{
    CheckShape, ColumnShape, ColumnType, DeleteAction, ForeignKey, IndexShape, ObjectKind,
    Referrer, Result, TableName, TableShape, TriggerShape, same_name,
};

/// An object found by name.
struct Found {
    place: usize,
    schema: String,
    name: String,
    kind: ObjectKind,
    id: i64,
    /// What a synonym stands for.
    base: Option<TableName>,
}

/// Every table of a catalog.
pub(super) async fn tables(
    connection: &mut Connection,
    catalog: Option<&str>,
    limit: Duration,
) -> Result<Vec<TableName>> {
    let results = connection.run(&catalogue::tables(catalog), limit).await?;
    results
        .iter()
        .flatten()
        .map(|row| {
            Ok(TableName {
                catalog: catalog.map(str::to_owned),
                schema: text(row, 0)?,
                name: text(row, 1)?.unwrap_or_default(),
            })
        })
        .collect()
}

/// The shapes of the named objects, in the order asked.
pub(super) async fn shapes(
    connection: &mut Connection,
    tables: &[TableName],
    limit: Duration,
) -> Result<Vec<Option<TableShape>>> {
    let (mut shapes, synonyms) = direct(connection, tables, limit).await?;
    if !synonyms.is_empty() {
        // A synonym never stands for another synonym, so once is enough.
        let bases: Vec<TableName> = synonyms.iter().map(|(_, _, base)| base.clone()).collect();
        let (found, _) = direct(connection, &bases, limit).await?;
        for ((place, name, _), base) in synonyms.into_iter().zip(found) {
            shapes[place] =
                base.map(|shape| TableShape { name, kind: ObjectKind::Synonym, ..shape });
        }
    }
    Ok(shapes)
}

/// The catalogs of the tables, each with the places of its own.
pub(super) fn by_catalog(tables: &[TableName]) -> Vec<(Option<&str>, Vec<usize>)> {
    let mut catalogs: Vec<(Option<&str>, Vec<usize>)> = Vec::new();
    for (place, table) in tables.iter().enumerate() {
        let catalog = table.catalog.as_deref();
        let known = catalogs.iter_mut().find(|(known, _)| match (known, catalog) {
            (None, None) => true,
            (Some(a), Some(b)) => same_name(a, b),
            _ => false,
        });
        match known {
            Some((_, places)) => places.push(place),
            None => catalogs.push((catalog, vec![place])),
        }
    }
    catalogs
}

type Synonyms = Vec<(usize, TableName, TableName)>;

/// Tables and views at once; synonyms by what they stand for.
async fn direct(
    connection: &mut Connection,
    tables: &[TableName],
    limit: Duration,
) -> Result<(Vec<Option<TableShape>>, Synonyms)> {
    let mut shapes: Vec<Option<TableShape>> = vec![None; tables.len()];
    let mut synonyms = Vec::new();
    for (catalog, places) in by_catalog(tables) {
        for places in places.chunks(catalogue::OBJECTS_AT_ONCE) {
            let found = objects(connection, tables, catalog, places, limit).await?;
            let mut details = details(connection, catalog, &found, limit).await?;
            for object in found {
                let name = TableName {
                    catalog: catalog.map(str::to_owned),
                    schema: Some(object.schema),
                    name: object.name,
                };
                match object.base {
                    Some(base) => synonyms.push((object.place, name, base)),
                    None => {
                        // Two names asked for may stand for one object.
                        let detail = details.entry(object.id).or_default();
                        shapes[object.place] = Some(detail.clone().into_shape(name, object.kind));
                    }
                }
            }
        }
    }
    Ok((shapes, synonyms))
}

/// The numbers of those that the catalogue describes: tables and views.
fn described(found: &[Found]) -> Vec<i64> {
    found.iter().filter(|object| object.base.is_none()).map(|object| object.id).collect()
}

/// The best object for each name: the schema asked for, else the person's own, else dbo, else
/// the first.
async fn objects(
    connection: &mut Connection,
    tables: &[TableName],
    catalog: Option<&str>,
    places: &[usize],
    limit: Duration,
) -> Result<Vec<Found>> {
    let names: Vec<&str> = places.iter().map(|&place| tables[place].name.as_str()).collect();
    let results = connection.run(&catalogue::objects(catalog, &names), limit).await?;
    let mut best: Vec<Option<Found>> = places.iter().map(|_| None).collect();
    for row in results.iter().flatten() {
        let Some(place) = integer(row, 0)?.and_then(|place| usize::try_from(place).ok()) else {
            continue;
        };
        let schema = text(row, 1)?.unwrap_or_default();
        let name = text(row, 2)?.unwrap_or_default();
        let Some((&asked, slot)) = places.get(place).zip(best.get_mut(place)) else {
            return Err(unexpected("the names asked for"));
        };
        if tables[asked].schema.as_deref().is_some_and(|wanted| !same_name(wanted, &schema)) {
            continue;
        }
        // Rows come best first; where names differ by case only, the exact one wins.
        let better = match slot {
            None => true,
            Some(held) => {
                held.name != tables[asked].name
                    && name == tables[asked].name
                    && held.schema == schema
            }
        };
        if !better {
            continue;
        }
        let kind = match text(row, 3)?.unwrap_or_default().trim() {
            "U" => ObjectKind::Table,
            "V" => ObjectKind::View,
            _ => ObjectKind::Synonym,
        };
        *slot = Some(Found {
            place: asked,
            base: match kind {
                ObjectKind::Synonym => {
                    Some(parse_name(&text(row, 6)?.unwrap_or_default(), catalog))
                }
                _ => None,
            },
            schema,
            name,
            kind,
            id: integer(row, 4)?.unwrap_or_default(),
        });
    }
    Ok(best.into_iter().flatten().collect())
}

/// Reads `[catalog].[schema].[name]` as the server writes it. Names on other servers keep their
/// last three parts, where no such object will be found.
fn parse_name(text: &str, catalog: Option<&str>) -> TableName {
    let mut parts = vec![String::new()];
    let mut quoted = false;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '[' if !quoted => quoted = true,
            ']' if quoted && characters.peek() == Some(&']') => {
                characters.next();
                if let Some(part) = parts.last_mut() {
                    part.push(']');
                }
            }
            ']' if quoted => quoted = false,
            '.' if !quoted => parts.push(String::new()),
            other => {
                if let Some(part) = parts.last_mut() {
                    part.push(other);
                }
            }
        }
    }
    let mut parts = parts.into_iter().rev();
    TableName {
        name: parts.next().unwrap_or_default(),
        schema: parts.next().filter(|part| !part.is_empty()),
        catalog: parts.next().filter(|part| !part.is_empty()).or(catalog.map(str::to_owned)),
    }
}

/// What the catalogue says about one object.
#[derive(Clone, Default)]
struct Detail {
    columns: Vec<ColumnShape>,
    primary_key: Vec<String>,
    unique_indexes: Vec<(i64, IndexShape)>,
    foreign_keys: Vec<ForeignKey>,
    checks: Vec<CheckShape>,
    triggers: Vec<TriggerShape>,
}

impl Detail {
    /// Adds the next column of an index, or of the key.
    fn add_to_index(&mut self, row: &Row, name: String, collation: Option<String>) -> Result<()> {
        if flag(row, 3)? {
            self.primary_key.push(name);
            return Ok(());
        }
        let index = number(row, 1)?;
        match self.unique_indexes.last_mut() {
            Some((last, shape)) if *last == index => {
                shape.columns.push(name);
                shape.collations.push(collation);
            }
            _ => {
                let (columns, collations) = (vec![name], vec![collation]);
                let (name, filtered) = (text(row, 2)?.unwrap_or_default(), flag(row, 4)?);
                let shape = IndexShape { name, columns, collations, filtered };
                self.unique_indexes.push((index, shape));
            }
        }
        Ok(())
    }

    fn into_shape(self, name: TableName, kind: ObjectKind) -> TableShape {
        TableShape {
            name,
            kind,
            columns: self.columns,
            primary_key: self.primary_key,
            unique_indexes: self.unique_indexes.into_iter().map(|(_, index)| index).collect(),
            foreign_keys: self.foreign_keys,
            checks: self.checks,
            triggers: self.triggers,
        }
    }
}

/// What the catalogue tells by number.
#[derive(Default)]
struct Called {
    /// Tables and views: schema and name.
    tables: HashMap<i64, (String, String)>,
    /// By table and number of the column: its name, and its collation where that was asked for.
    columns: HashMap<(i64, i64), (String, Option<String>)>,
}

async fn details(
    connection: &mut Connection,
    catalog: Option<&str>,
    found: &[Found],
    limit: Duration,
) -> Result<HashMap<i64, Detail>> {
    let mut details: HashMap<i64, Detail> = HashMap::new();
    let mut called = Called::default();
    for object in found.iter().filter(|object| object.base.is_none()) {
        called.tables.insert(object.id, (object.schema.clone(), object.name.clone()));
    }
    let ids = described(found);
    if ids.is_empty() {
        return Ok(details);
    }
    let results = connection.run(&catalogue::details(catalog, &ids), limit).await?;
    let [columns, indexes, foreign_keys, checks, triggers] = <[Vec<Row>; 5]>::try_from(results)
        .map_err(|_| unexpected("columns, indexes, keys, checks and triggers"))?;
    for row in &columns {
        let (table, column) = (number(row, 0)?, column(row)?);
        called.columns.insert((table, number(row, 10)?), (column.name.clone(), text(row, 11)?));
        details.entry(table).or_default().columns.push(column);
    }
    called.learn(connection, catalog, &foreign_keys, limit).await?;
    for row in &indexes {
        let table = number(row, 0)?;
        if let Some((name, collation)) = called.columns.get(&(table, number(row, 5)?)).cloned() {
            details.entry(table).or_default().add_to_index(row, name, collation)?;
        }
    }
    for row in &foreign_keys {
        if let Some(key) = called.foreign_key(row, catalog)? {
            details.entry(number(row, 0)?).or_default().foreign_keys.push(key);
        }
    }
    for row in &checks {
        let detail = details.entry(number(row, 0)?).or_default();
        detail.checks.push(CheckShape {
            name: text(row, 1)?.unwrap_or_default(),
            disabled: flag(row, 2)?,
            not_trusted: flag(row, 3)?,
        });
    }
    for row in &triggers {
        let detail = details.entry(number(row, 0)?).or_default();
        detail.triggers.push(TriggerShape {
            name: text(row, 1)?.unwrap_or_default(),
            instead_of: flag(row, 2)?,
            disabled: flag(row, 3)?,
        });
    }
    Ok(details)
}

impl Called {
    /// Learns what the tables of these foreign keys are called, as far as it does not know them.
    async fn learn(
        &mut self,
        connection: &mut Connection,
        catalog: Option<&str>,
        foreign_keys: &[Row],
        limit: Duration,
    ) -> Result<()> {
        let mut others = BTreeSet::new();
        for row in foreign_keys {
            others.extend([number(row, 0)?, number(row, 3)?]);
        }
        others.retain(|table| !self.tables.contains_key(table));
        let others: Vec<i64> = others.into_iter().collect();
        for some in others.chunks(catalogue::OBJECTS_AT_ONCE) {
            let results = connection.run(&catalogue::called(catalog, some), limit).await?;
            let [tables, columns] = <[Vec<Row>; 2]>::try_from(results)
                .map_err(|_| unexpected("what tables and their columns are called"))?;
            for row in &tables {
                let name = (text(row, 1)?.unwrap_or_default(), text(row, 2)?.unwrap_or_default());
                self.tables.insert(number(row, 0)?, name);
            }
            for row in &columns {
                let name = text(row, 2)?.unwrap_or_default();
                self.columns.insert((number(row, 0)?, number(row, 1)?), (name, None));
            }
        }
        Ok(())
    }

    /// A table, by its number.
    fn table(&self, id: i64, catalog: Option<&str>) -> Option<TableName> {
        let (schema, name) = self.tables.get(&id)?.clone();
        Some(TableName { catalog: catalog.map(str::to_owned), schema: Some(schema), name })
    }

    /// A row of the catalogue's foreign keys. What a login may not see of it is as if it were not there.
    fn foreign_key(&self, row: &Row, catalog: Option<&str>) -> Result<Option<ForeignKey>> {
        let column = |table: i64, column: i64| Some(self.columns.get(&(table, column))?.0.clone());
        let parent = number(row, 3)?;
        let (Some(own), Some(table), Some(parent_column)) = (
            column(number(row, 0)?, number(row, 2)?),
            self.table(parent, catalog),
            column(parent, number(row, 4)?),
        ) else {
            return Ok(None);
        };
        Ok(Some(ForeignKey {
            name: text(row, 1)?.unwrap_or_default(),
            column: own,
            parent: table,
            parent_column,
            on_delete: match number(row, 5)? {
                1 => DeleteAction::Cascade,
                2 => DeleteAction::SetNull,
                3 => DeleteAction::SetDefault,
                _ => DeleteAction::NoAction,
            },
            disabled: flag(row, 6)?,
            not_trusted: flag(row, 7)?,
        }))
    }
}

/// The foreign keys that lead to the named tables.
pub(super) async fn referrers(
    connection: &mut Connection,
    tables: &[TableName],
    limit: Duration,
) -> Result<Vec<Referrer>> {
    let mut referrers = Vec::new();
    for (catalog, places) in by_catalog(tables) {
        for places in places.chunks(catalogue::OBJECTS_AT_ONCE) {
            let found = objects(connection, tables, catalog, places, limit).await?;
            let ids = described(&found);
            if ids.is_empty() {
                continue;
            }
            let keys = connection.run(&catalogue::referrers(catalog, &ids), limit).await?;
            let keys: Vec<Row> = keys.into_iter().flatten().collect();
            let mut called = Called::default();
            called.learn(connection, catalog, &keys, limit).await?;
            for row in &keys {
                let table = called.table(number(row, 0)?, catalog);
                if let (Some(table), Some(key)) = (table, called.foreign_key(row, catalog)?) {
                    referrers.push(Referrer { table, key });
                }
            }
        }
    }
    referrers.sort_by_cached_key(|one| (one.table.to_string(), one.key.name.clone()));
    Ok(referrers)
}

fn number(row: &Row, index: usize) -> Result<i64> {
    integer(row, index)?.ok_or_else(|| unexpected("a number"))
}

fn flag(row: &Row, index: usize) -> Result<bool> {
    Ok(integer(row, index)? == Some(1))
}

fn column(row: &Row) -> Result<ColumnShape> {
    let name = text(row, 2)?.unwrap_or_default();
    let bytes = number(row, 3)?;
    let small = |index| -> Result<u8> { Ok(u8::try_from(number(row, index)?).unwrap_or_default()) };
    Ok(ColumnShape {
        name: text(row, 1)?.unwrap_or_default(),
        data_type: data_type(&name, bytes, small(4)?, small(5)?),
        nullable: flag(row, 6)?,
        identity: flag(row, 7)?,
        computed: flag(row, 8)?,
        has_default: flag(row, 9)?,
    })
}

/// The type from the catalogue's columns; `bytes` is -1 for MAX.
fn data_type(name: &str, bytes: i64, precision: u8, scale: u8) -> ColumnType {
    let length = u16::try_from(bytes).ok();
    let wide = length.map(|bytes| bytes / 2);
    match name.to_lowercase().as_str() {
        "decimal" | "numeric" => ColumnType::Decimal { precision, scale },
        "datetime2" => ColumnType::DateTime2 { scale },
        "time" => ColumnType::Time { scale },
        "nvarchar" | "sysname" => ColumnType::NVarChar(wide),
        "varchar" => ColumnType::VarChar(length),
        "nchar" => ColumnType::NChar(wide.unwrap_or(1)),
        "char" => ColumnType::Char(length.unwrap_or(1)),
        "varbinary" => ColumnType::VarBinary(length),
        "binary" => ColumnType::Binary(length.unwrap_or(1)),
        other => ColumnType::parse(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn synonyms_name_their_base_with_one_to_four_parts() {
        let plain = parse_name("[T]", None);
        assert_eq!((plain.catalog, plain.schema, plain.name.as_str()), (None, None, "T"));
        let full = parse_name("[Sales]]Db].[dbo].[My.Table]", None);
        assert_eq!(full.to_string(), "Sales]Db.dbo.My.Table");
        assert_eq!(parse_name("Db..T", None).to_string(), "Db.T");
        assert_eq!(parse_name("[dbo].[T]", Some("Other")).to_string(), "Other.dbo.T");
    }
}
