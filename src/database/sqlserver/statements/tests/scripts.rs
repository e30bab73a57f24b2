//! What scripts hold that are carried out by other tools, to be pinned.

use super::super::script::TransactScript;
use super::super::{checks, rights, statistics};
use super::{dbo, every_type};
use crate::database::{
    Batch, ColumnShape, GrantRequest, Right, Script, ScriptTable, ScriptWork, TableName, Value,
    ValueKind, date_time_from_text,
};

/// Scripts about a table with a key, one without, and references.
pub(super) fn script_statements() -> Vec<String> {
    let script = TransactScript { database: "it's]Dev".to_owned() };
    let mut columns = every_type();
    columns[0].identity = true;
    let mut rows = Batch::for_types(columns.iter().map(|column| &column.data_type)).expect("types");
    rows.push_row(&one_of_each(&columns)).expect("a row");
    rows.push_row(&vec![Value::Null; columns.len()]).expect("a row");
    let bare = columns[6..8].to_vec();
    let bare_rows = Batch::new(rows.columns()[6..8].to_vec()).expect("columns");
    let links = columns[..2].to_vec();
    let link_rows = Batch::new(rows.columns()[..2].to_vec()).expect("columns");
    let table = |columns, key, work| ScriptTable { table: dbo("OSUSR_X"), columns, key, work };
    let mut all = vec![script.head(&["What it\nis".to_owned()], "put-back.sql", "ALTER")];
    for (table, rows) in [
        (table(columns, vec![0], ScriptWork::Insert), rows),
        (table(bare, Vec::new(), ScriptWork::InsertAll { there: 5, rows: 2 }), bare_rows),
        (table(links.clone(), Vec::new(), ScriptWork::Lacking), link_rows.clone()),
        (table(links, vec![0], ScriptWork::Set), link_rows),
    ] {
        all.push(script.begin(&table));
        all.push(script.rows(&table, &rows).expect("rows"));
        all.push(script.end(&table));
    }
    let empty = table(Vec::new(), Vec::new(), ScriptWork::Empty);
    all.push(script.end(&empty));
    all.push(checks::fresh_backup("It's]Db"));
    all.extend(rights_scripts());
    let elsewhere = TableName { catalog: Some("Other]Db".to_owned()), ..dbo("OSUSR]_Y") };
    all.push(statistics::script("it's]Dev", &[dbo("OSUSR_X"), elsewhere, dbo("OSSYS_USER")]));
    all
}

/// What is asked for whoever reads, and for whoever writes two databases.
fn rights_scripts() -> Vec<String> {
    let all = vec![Right::Insert, Right::Update, Right::Delete];
    let elsewhere = TableName { catalog: Some("Other]Db".to_owned()), ..dbo("OSUSR_Y") };
    let reader = GrantRequest {
        login: "CORP\\o'hara]".to_owned(),
        reads_only: true,
        tables: vec![(dbo("OSUSR_X"), Vec::new())],
    };
    let writer = GrantRequest {
        login: "osferry_rw".to_owned(),
        reads_only: false,
        tables: vec![
            (dbo("OSUSR_X"), [all.clone(), vec![Right::Alter]].concat()),
            (dbo("OSSYS_USER"), vec![Right::Insert, Right::Delete]),
            (elsewhere, all),
        ],
    };
    let reading = rights::scripts("it's]Prod", None, &reader);
    let writing = rights::scripts("it's]Dev", Some("rw]user"), &writer);
    vec![reading.grant, reading.revoke, writing.grant, writing.revoke]
}

/// A value of each column's type.
fn one_of_each(columns: &[ColumnShape]) -> Vec<Value> {
    let at = date_time_from_text("1900-01-01 10:20:30").expect("a moment");
    let one = |column: &ColumnShape| match column.data_type.kind() {
        Some(ValueKind::Integer) => Value::Integer(-7),
        Some(ValueKind::Bit) => Value::Bit(true),
        Some(ValueKind::Decimal) => {
            let scale = column.data_type.decimal().map_or(0, |(_, scale)| scale);
            Value::Decimal { value: -12_345, scale }
        }
        Some(ValueKind::Float) => Value::Float(0.1),
        Some(ValueKind::DateTime) => Value::DateTime(at),
        Some(ValueKind::Guid) => Value::Guid(*b"0123456789abcdef"),
        Some(ValueKind::Text) if column.data_type.is_large() => Value::text("it's\r\nGO\r\n$(x)"),
        Some(ValueKind::Text) => Value::Text(vec![0xED, 0xA0, 0xBD]),
        Some(ValueKind::Binary) => Value::Binary(vec![1, 0xAB]),
        None => Value::Null,
    };
    columns.iter().map(one).collect()
}
