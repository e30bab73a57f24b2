//! What scripts hold that are carried out by other tools, to be pinned.

use std::sync::Arc;

use super::super::script::TransactScript;
use super::super::{changes, checks, principals, rights, statistics};
use super::{dbo, every_type, names, shape};
use crate::database::{
    Batch, ColumnShape, Filter, GrantRequest, Owned, OwnedKind, Right, Script, ScriptChange,
    ScriptTable, ScriptWork, TableChange, TableName, TableWork, UserRemoval, Value, ValueKind,
    ValuesFrom, date_time_from_text,
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
    let mut all =
        vec![script.head(&["What it\nis".to_owned()], "put-back.sql", "ALTER on these tables")];
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
    all.push(changes_script(&script));
    all.push(users_script(&script));
    all.push(checks::fresh_backup("It's]Db"));
    all.extend(rights_scripts());
    let elsewhere = TableName { catalog: Some("Other]Db".to_owned()), ..dbo("OSUSR]_Y") };
    all.push(statistics::script("it's]Dev", &[dbo("OSUSR_X"), elsewhere, dbo("OSSYS_USER")]));
    all
}

/// Rows deleted, set, and set to what stands elsewhere, in one transaction.
fn changes_script(script: &TransactScript) -> String {
    let table = Arc::unwrap_or_clone(shape(dbo("OSUSR_ABC_CLAIM"), every_type()));
    let [key, phone, name] =
        ["ID", "Phone", "Odd]Name"].map(|n| table.column(n).cloned().expect(n));
    let mut values = Batch::for_types([&key, &phone, &name].map(|c| &c.data_type)).expect("types");
    for (id, to) in [(1, " "), (2, "it's"), (5, " ")] {
        let row = [Value::Integer(id), Value::text(to), Value::text("not for a script")];
        values.push_row(&row).expect("a row");
    }
    let from = ValuesFrom {
        column: name.name.clone(),
        link: "Long".to_owned(),
        table: dbo("OSUSR_ABC_POLICY"),
        key: "ID".to_owned(),
        value: "Default]Value".to_owned(),
    };
    let change = |about: &str, work| ScriptChange {
        about: vec![about.to_owned()],
        change: TableChange { table: table.clone(), work },
    };
    let texts = ["it's", "a\r\nGO"].map(Value::text).to_vec();
    let some = Filter::AnyOf("Odd]Name".to_owned(), texts);
    let not = Filter::Equals("Phone".to_owned(), Value::text("(Main)")).negated();
    let all = [
        change("All rows", TableWork::Delete { filter: Filter::All, rows: 1 }),
        change("Some\nrows", TableWork::Delete { filter: Filter::Or(vec![some, not]), rows: 2 }),
        change("Set", TableWork::Set { key, columns: vec![phone, name], values, from: Some(from) }),
    ];
    let about = ["What it is".to_owned()];
    changes::script(script, "it's\\SQL", &about, "cleanup.sql", &all, &names()).expect("a script")
}

/// Users of the original deleted, and some that are somebody's to decide.
fn users_script(script: &TransactScript) -> String {
    let owned = |kind, schema: Option<&str>| Owned {
        owner: "OS]ADMIN".to_owned(),
        kind,
        schema: schema.map(str::to_owned),
        name: "it's]own".to_owned(),
    };
    let user = |user: &str, is_optional| UserRemoval {
        user: user.to_owned(),
        why: "why\nthat is".to_owned(),
        is_optional,
        owned: vec![
            owned(OwnedKind::Schema, None),
            owned(OwnedKind::Role, None),
            owned(OwnedKind::Object, Some("dbo")),
            owned(OwnedKind::Type, Some("dbo")),
            owned(OwnedKind::Assembly, None),
            owned(OwnedKind::Certificate, None),
            owned(OwnedKind::SymmetricKey, None),
            owned(OwnedKind::AsymmetricKey, None),
            owned(OwnedKind::RunsAs, Some("dbo")),
            owned(OwnedKind::Granted, None),
        ],
    };
    let users = [user("OS]ADMIN", false), user("x\nDROP TABLE y", true)];
    let about = ["What it is".to_owned()];
    principals::removal(script, "", &about, "users.sql", &users)
}

/// What is asked for whoever reads, and for whoever writes two databases.
fn rights_scripts() -> Vec<String> {
    let all = vec![Right::Insert, Right::Update, Right::Delete];
    let elsewhere = TableName { catalog: Some("Other]Db".to_owned()), ..dbo("OSUSR_Y") };
    let reader = GrantRequest {
        login: "CORP\\o'hara]".to_owned(),
        reads_only: true,
        sets_identities: false,
        tables: vec![(dbo("OSUSR_X"), Vec::new())],
    };
    let writer = GrantRequest {
        login: "osferry_rw".to_owned(),
        reads_only: false,
        sets_identities: false,
        tables: vec![
            (dbo("OSUSR_X"), [all.clone(), vec![Right::Alter]].concat()),
            (dbo("OSSYS_USER"), vec![Right::Insert, Right::Delete]),
            (elsewhere, all),
        ],
    };
    let reading = rights::scripts("it's]Prod", None, &reader);
    let writing = rights::scripts("it's]Dev", Some("rw]user"), &writer);
    let setting = GrantRequest { sets_identities: true, ..writer };
    let setting = rights::scripts("it's]Dev", Some("rw]user"), &setting);
    let all = [reading, writing, setting];
    all.into_iter().flat_map(|script| [script.grant, script.revoke]).collect()
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
