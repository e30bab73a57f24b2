//! Which platform tables and columns are read, and which of them have to be there.

use crate::database::{
    Batch, ColumnRef, Fault, FaultKind, Filter, Result, RowsRequest, Source, TableName, TableShape,
    same_name,
};

/// A platform table as far as it is read. Column names are documented, types are not
/// (`metamodel.md` §0), so each column is looked up before it is asked for.
pub(super) struct PlatformTable {
    pub(super) name: &'static str,
    /// Without the table this is no OutSystems database.
    pub(super) is_required: bool,
    /// Without one of these columns the table cannot be understood.
    pub(super) required: &'static [&'static str],
    /// Read where they exist.
    pub(super) optional: &'static [&'static str],
}

impl PlatformTable {
    /// A table that this version may lack, as any of its columns.
    pub(super) const fn if_there(name: &'static str, optional: &'static [&'static str]) -> Self {
        Self { name, is_required: false, required: &[], optional }
    }
}

macro_rules! table {
    ($constant:ident, $name:literal, $is_required:literal, [$($required:literal),*], [$($optional:literal),*]) => {
        pub(super) const $constant: PlatformTable = PlatformTable {
            name: $name,
            is_required: $is_required,
            required: &[$($required),*],
            optional: &[$($optional),*],
        };
    };
}

table!(
    ESPACE,
    "OSSYS_ESPACE",
    true,
    ["ID", "NAME", "SS_KEY", "IS_ACTIVE"],
    [
        "IS_SYSTEM",
        "IS_MULTITENANT",
        "IS_USER_PROVIDER",
        "USER_PROVIDER_KEY",
        "DBCATALOG_ID",
        "VERSION_ID"
    ]
);
table!(EXTENSION, "OSSYS_EXTENSION", false, ["ID", "NAME", "SS_KEY"], ["IS_ACTIVE"]);
table!(
    ENTITY,
    "OSSYS_ENTITY",
    true,
    ["ID", "NAME", "ESPACE_ID", "SS_KEY", "IS_ACTIVE", "PHYSICAL_TABLE_NAME"],
    [
        "DATA_KIND",
        "PRIMARYKEY_SS_KEY",
        "LABEL_ATTRIBUTE",
        "IS_EXTERNAL",
        "IS_SYSTEM",
        "MULTITENANT",
        "EXTENSION_ID",
        "EXPOSE_PROCESS_EVENTS",
        "EVENT_TABLE_NAME"
    ]
);
table!(
    ATTRIBUTE,
    "OSSYS_ENTITY_ATTR",
    true,
    ["ID", "ENTITY_ID", "NAME", "SS_KEY", "TYPE", "IS_ACTIVE"],
    [
        "LENGTH",
        "DECIMALS",
        "IS_MANDATORY",
        "IS_AUTONUMBER",
        "DELETE_RULE",
        "DEFAULT_VALUE",
        "ORDER_NUM",
        "DATABASE_NAME"
    ]
);
table!(
    RECORD,
    "OSSYS_ENTITY_RECORD",
    false,
    ["DATA_ID", "SS_KEY", "ENTITY_SS_KEY", "ESPACE_ID"],
    ["NAME", "IS_ACTIVE"]
);
table!(TENANT, "OSSYS_TENANT", true, ["ID", "NAME", "ESPACE_ID"], ["IS_ACTIVE"]);
table!(
    USER,
    "OSSYS_USER",
    true,
    ["ID", "USERNAME"],
    ["TENANT_ID", "NAME", "IS_ACTIVE", "EMAIL", "EXTERNAL_ID"]
);
table!(GROUP, "OSSYS_GROUP", false, ["ID", "NAME"], ["TENANT_ID"]);
table!(ROLE, "OSSYS_ROLE", false, ["ID", "SS_KEY", "ESPACE_ID"], ["NAME", "IS_ACTIVE"]);
table!(USER_ROLE, "OSSYS_USER_ROLE", false, ["USER_ID", "ROLE_ID"], []);
table!(GROUP_ROLE, "OSSYS_GROUP_ROLE", false, ["GROUP_ID", "ROLE_ID"], []);
table!(GROUP_USER, "OSSYS_GROUP_USER", false, ["USER_ID", "GROUP_ID"], []);
table!(APPLICATION, "OSSYS_APPLICATION", false, ["ID", "NAME"], ["KEY", "IS_ACTIVE"]);
table!(MODULE, "OSSYS_MODULE", false, ["ID", "ESPACE_ID"], ["EXTENSION_ID"]);
table!(
    APPLICATION_MODULE,
    "OSSYS_APP_DEFINITION_MODULE",
    false,
    ["APPLICATION_ID", "MODULE_ID"],
    []
);
table!(SOLUTION, "OSSYS_SOLUTION", false, ["ID", "NAME"], []);
// Nobody documents its columns (`metamodel.md` §2.5): only whoever asks for a solution needs them.
table!(
    SOLUTION_REFERENCE,
    "OSSYS_SOLUTION_REFERENCE",
    false,
    [],
    ["SOLUTION_ID", "ESPACE_ID", "EXTENSION_ID"]
);
table!(CATALOG, "OSSYS_DBCATALOG", false, ["ID", "NAME"], []);
table!(PARAMETER, "OSSYS_PARAMETER", false, ["NAME", "VAL"], []);
table!(SERVER, "OSSYS_SERVER", false, ["NAME"], ["ID"]);
table!(
    PROCESS_DEFINITION,
    "OSSYS_BPM_PROCESS_DEFINITION",
    false,
    ["ID", "SS_KEY", "ESPACE_ID"],
    ["NAME", "IS_ACTIVE", "PROCESS_ENTITY_ID"]
);
table!(
    ACTIVITY_DEFINITION,
    "OSSYS_BPM_ACTIVITY_DEFINITION",
    false,
    ["ID", "SS_KEY", "PROCESS_DEF_ID"],
    ["NAME", "IS_ACTIVE"]
);
table!(
    PROCESS_INPUT_DEFINITION,
    "OSSYS_BPM_PROCESS_INPUT_DEF",
    false,
    ["ID", "SS_KEY", "PROCESS_DEF_ID"],
    ["NAME", "IS_ACTIVE", "SS_TYPE"]
);
table!(
    PROCESS_OUTPUT_DEFINITION,
    "OSSYS_BPM_PROCESS_OUTPUT_DEF",
    false,
    ["ID", "SS_KEY", "PROCESS_DEF_ID"],
    ["NAME", "IS_ACTIVE", "SS_TYPE"]
);
table!(
    ACTIVITY_OUTPUT_DEFINITION,
    "OSSYS_BPM_ACTIVITY_OUTPUT_DEF",
    false,
    ["ID", "SS_KEY", "ACTIVITY_DEF_ID"],
    ["NAME", "IS_ACTIVE", "SS_TYPE"]
);
table!(PROCESS_STATUS, "OSSYS_BPM_PROCESS_STATUS", false, ["ID", "NAME"], []);
table!(ACTIVITY_STATUS, "OSSYS_BPM_ACTIVITY_STATUS", false, ["ID", "NAME"], []);
table!(ACTIVITY_KIND, "OSSYS_BPM_ACTIVITY_KIND", false, ["ID", "NAME"], []);
table!(
    ESPACE_REFERENCE,
    "OSSYS_ESPACE_REFERENCE",
    false,
    [],
    ["CONSUMER_VERSION_ID", "PRODUCER_NAME", "SS_KEY"]
);
table!(ESPACE_ENTITY, "OSSYS_ESPACE_ENTITY", false, [], ["ESPACE_ID", "ENTITY_ID"]);

/// Every platform table that is read.
pub(super) const ALL: [&PlatformTable; 30] = [
    &ESPACE,
    &EXTENSION,
    &ENTITY,
    &ATTRIBUTE,
    &RECORD,
    &TENANT,
    &USER,
    &GROUP,
    &ROLE,
    &USER_ROLE,
    &GROUP_ROLE,
    &GROUP_USER,
    &APPLICATION,
    &MODULE,
    &APPLICATION_MODULE,
    &SOLUTION,
    &SOLUTION_REFERENCE,
    &CATALOG,
    &PARAMETER,
    &SERVER,
    &PROCESS_DEFINITION,
    &ACTIVITY_DEFINITION,
    &PROCESS_INPUT_DEFINITION,
    &PROCESS_OUTPUT_DEFINITION,
    &ACTIVITY_OUTPUT_DEFINITION,
    &PROCESS_STATUS,
    &ACTIVITY_STATUS,
    &ACTIVITY_KIND,
    &ESPACE_REFERENCE,
    &ESPACE_ENTITY,
];

/// The rows of a platform table, by column name.
pub(super) struct Rows {
    columns: Vec<String>,
    batch: Batch,
}

impl Rows {
    /// No rows: the table is not there.
    fn none() -> Self {
        Self { columns: Vec::new(), batch: Batch::default() }
    }

    pub(super) fn len(&self) -> usize {
        self.batch.len()
    }

    /// Whether the column is there.
    pub(super) fn has(&self, column: &str) -> bool {
        self.place(column).is_some()
    }

    fn place(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|name| name == column)
    }

    pub(super) fn integer(&self, row: usize, column: &str) -> Option<i64> {
        self.place(column).and_then(|place| self.batch.column(place).integer(row))
    }

    /// The text, or whatever else the column holds as text; empty for NULL.
    pub(super) fn text(&self, row: usize, column: &str) -> String {
        let Some(place) = self.place(column) else { return String::new() };
        let column = self.batch.column(place);
        match column.text(row) {
            Some(text) => text,
            None if column.is_null(row) => String::new(),
            None => column.value(row).to_string(),
        }
    }

    /// The flag; `missing` where the column is absent or NULL.
    pub(super) fn flag(&self, row: usize, column: &str, missing: bool) -> bool {
        self.integer(row, column).map_or(missing, |value| value != 0)
    }
}

/// Reads a platform table whose shape is known. A missing table is an error only if required.
pub(super) async fn rows(
    source: &dyn Source,
    table: &PlatformTable,
    shape: Option<&TableShape>,
) -> Result<Rows> {
    let Some(shape) = shape else {
        return if table.is_required {
            Err(no_platform(source, table.name))
        } else {
            Ok(Rows::none())
        };
    };
    let mut columns = Vec::new();
    let mut names = Vec::new();
    for (names_wanted, needed) in [(table.required, true), (table.optional, false)] {
        for wanted in names_wanted {
            match shape.columns.iter().find(|column| same_name(&column.name, wanted)) {
                Some(column) => {
                    columns.push(ColumnRef::from(column));
                    names.push((*wanted).to_owned());
                }
                None if needed => {
                    return Err(Fault::new(
                        FaultKind::NotFound,
                        format!(
                            "{} has no column {wanted} in {}",
                            table.name,
                            source.facts().place
                        ),
                    )
                    .advise("This platform version keeps it elsewhere; osferry cannot read it."));
                }
                None => {}
            }
        }
    }
    if columns.is_empty() {
        return Ok(Rows::none());
    }
    let batch = source
        .rows(&RowsRequest {
            table: shape.name.clone(),
            columns,
            filter: Filter::All,
            order_by: shape.column("ID").map(|column| column.name.clone()),
            limit: None,
        })
        .await
        .map_err(|fault| fault.while_doing(format!("reading {}", table.name)))?;
    Ok(Rows { columns: names, batch })
}

fn no_platform(source: &dyn Source, table: &str) -> Fault {
    Fault::new(
        FaultKind::NotFound,
        format!("{} is no OutSystems database: the table {table} is missing", source.facts().place),
    )
    .advise(
        "Choose the platform's main database (not the log or session database). What the user \
         may not read cannot be seen either: db_datareader has to be granted.",
    )
}

/// The platform table's name for a request.
pub(super) fn name(table: &PlatformTable) -> TableName {
    TableName::new(table.name)
}
