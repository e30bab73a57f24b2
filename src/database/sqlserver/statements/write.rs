//! Writing rows: always through `#stage`, a table of this session that only we fill.

use super::read::{TextForm, expression};
use super::{Statement, quote, table_sql};
use crate::database::{ColumnRef, ColumnShape, ColumnType, TableName, ValueKind};

/// The order that sees every difference between two texts.
pub(super) const EXACT: &str = "COLLATE Latin1_General_BIN2";

/// A column of `#stage` and where it goes.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct StageColumn {
    /// The type it is staged in.
    pub(in super::super) staged: ColumnType,
    /// The destination column's collation, for texts.
    pub(in super::super) collation: Option<String>,
    /// Whether a text is staged as the bytes of UTF-16.
    pub(in super::super) as_bytes: bool,
    /// The destination column.
    pub(in super::super) destination: ColumnShape,
}

/// The longest nvarchar that the driver announces rightly; longer ones are staged as MAX.
const LONGEST_ANNOUNCED: u16 = 2_000;

impl StageColumn {
    /// How values for a destination column are staged; `None` for types that are not moved.
    pub(in super::super) fn new(
        destination: &ColumnShape,
        collation: Option<String>,
        as_bytes: bool,
    ) -> Option<Self> {
        use ColumnType as T;
        let text = |n: Option<u16>| match n {
            Some(n) if n <= LONGEST_ANNOUNCED => T::NVarChar(Some(n.max(1))),
            _ => T::NVarChar(None),
        };
        let staged = match &destination.data_type {
            T::Money => T::Decimal { precision: 19, scale: 4 },
            T::SmallMoney => T::Decimal { precision: 10, scale: 4 },
            T::SmallDateTime => T::DateTime,
            T::NVarChar(_) | T::VarChar(_) | T::NChar(_) | T::Char(_) | T::NText | T::Text
                if as_bytes =>
            {
                T::VarBinary(None)
            }
            T::NVarChar(n) | T::VarChar(n) => text(*n),
            T::NChar(n) | T::Char(n) => text(Some(*n)),
            T::NText | T::Text => T::NVarChar(None),
            T::Binary(n) => T::VarBinary(Some(*n)),
            T::Image => T::VarBinary(None),
            T::Other(_) => return None,
            same => same.clone(),
        };
        let as_bytes = as_bytes && destination.data_type.kind() == Some(ValueKind::Text);
        Some(Self { staged, collation, as_bytes, destination: destination.clone() })
    }

    fn is_fixed_length(&self) -> bool {
        matches!(self.destination.data_type, ColumnType::NChar(_) | ColumnType::Char(_))
    }

    /// The value to store, from the staged one.
    pub(super) fn stored(&self, own: &str) -> String {
        let own =
            if self.as_bytes { format!("CAST({own} AS nvarchar(max))") } else { own.to_owned() };
        match self.destination.data_type {
            ColumnType::Text => format!("CAST({own} AS varchar(max))"),
            _ => own,
        }
    }

    /// What to compare on the staged side and on the stored side (`theirs`, a column of the
    /// destination's type or, from `#out`, of [`Self::captured`]'s).
    fn compared(&self, own: &str, theirs: &str) -> Vec<(String, String)> {
        let kept = &self.destination.data_type;
        if kept.is_large() {
            let own = match kept {
                ColumnType::VarChar(_) => format!("CAST({} AS varchar(max))", self.stored(own)),
                _ => self.stored(own),
            };
            return vec![(format!("DATALENGTH({own})"), format!("DATALENGTH({theirs})"))];
        }
        match kept.kind() {
            Some(ValueKind::Text) => {
                let length = match kept.max_length() {
                    Some(n) if n <= 4_000 => n.max(1).to_string(),
                    _ => "max".to_owned(),
                };
                let wide = |text: &str| format!("CAST({text} AS nvarchar({length}))");
                let own = wide(own);
                let theirs = wide(theirs);
                let mut pairs = vec![(format!("{own} {EXACT}"), format!("{theirs} {EXACT}"))];
                if !self.is_fixed_length() {
                    pairs.push((format!("DATALENGTH({own})"), format!("DATALENGTH({theirs})")));
                }
                pairs
            }
            _ => match kept {
                ColumnType::Binary(n) => {
                    vec![(format!("CAST({own} AS binary({n}))"), theirs.to_owned())]
                }
                ColumnType::SmallDateTime => {
                    vec![(own.to_owned(), format!("CAST({theirs} AS datetime)"))]
                }
                ColumnType::Money | ColumnType::SmallMoney => {
                    vec![(own.to_owned(), format!("CAST({theirs} AS decimal(19,4))"))]
                }
                _ => vec![(own.to_owned(), theirs.to_owned())],
            },
        }
    }

    /// The type in which `#out` keeps what was stored; `None` for large values.
    fn captured(&self) -> Option<String> {
        let kept = &self.destination.data_type;
        if kept.is_large() {
            return None;
        }
        Some(match (kept.kind(), kept.max_length()) {
            (Some(ValueKind::Text), Some(n)) if n <= 4_000 => {
                format!("nvarchar({}){}", n.max(1), self.collate())
            }
            (Some(ValueKind::Text), _) => format!("nvarchar(max){}", self.collate()),
            _ => match kept {
                ColumnType::SmallDateTime => "datetime".to_owned(),
                ColumnType::Money | ColumnType::SmallMoney => "decimal(19,4)".to_owned(),
                other => other.to_string(),
            },
        })
    }

    pub(super) fn collate(&self) -> String {
        format!(" COLLATE {}", self.collation.as_deref().unwrap_or("DATABASE_DEFAULT"))
    }
}

/// The name of a column of `#stage`, counted from 1.
pub(in super::super) fn stage_name(index: usize) -> String {
    format!("[c{}]", index + 1)
}

/// Makes `#stage`, and `#out` with the identity's column and the captured ones, anew.
pub(in super::super) fn create_stage(
    columns: &[StageColumn],
    out_identity: bool,
    captures: bool,
) -> String {
    let mut sql = String::from(
        "IF OBJECT_ID(N'tempdb..#stage') IS NOT NULL DROP TABLE #stage;\n\
         IF OBJECT_ID(N'tempdb..#out') IS NOT NULL DROP TABLE #out;\n\
         CREATE TABLE #stage ([ord] int NOT NULL PRIMARY KEY",
    );
    for (index, column) in columns.iter().enumerate() {
        let collate = match column.staged {
            ColumnType::NVarChar(_) => column.collate(),
            _ => String::new(),
        };
        sql.push_str(&format!(", {} {}{collate} NULL", stage_name(index), column.staged));
    }
    sql.push_str(");");
    let mut out = Vec::new();
    if out_identity {
        out.push("[id] bigint NOT NULL PRIMARY KEY".to_owned());
    }
    if captures {
        for (index, column) in columns.iter().enumerate() {
            if let Some(data_type) = column.captured() {
                out.push(format!("[v{}] {data_type} NULL", index + 1));
            }
        }
    }
    if !out.is_empty() {
        sql.push_str(&format!("\nCREATE TABLE #out ({});", out.join(", ")));
    }
    sql
}

/// How rows are inserted into one table.
#[derive(Clone, Debug)]
pub(in super::super) struct Insert {
    pub(in super::super) table: TableName,
    pub(in super::super) columns: Vec<StageColumn>,
    /// The identity column whose new values are wanted.
    pub(in super::super) identity: Option<String>,
    /// Whether identity values count downwards.
    pub(in super::super) descending: bool,
    /// The batch's columns that tell its rows apart, where the rows bring their key along.
    pub(in super::super) key: Vec<usize>,
    /// Whether that key is an identity's, for once given by us.
    pub(in super::super) explicit_identity: bool,
    /// Whether triggers may change rows after they were stored: then what was stored is taken
    /// from the statement itself.
    pub(in super::super) triggers: bool,
}

impl Insert {
    /// Whether `#out` captures what was stored.
    pub(in super::super) fn captures(&self) -> bool {
        let wanted = match &self.identity {
            Some(_) => self.triggers,
            None => self.key.is_empty() || (self.triggers && !self.explicit_identity),
        };
        wanted && self.columns.iter().any(|column| column.captured().is_some())
    }

    /// The rows of `#stage` into the table and back: the counts staged, inserted, paired and
    /// wrongly stored, then the ids in row order. Empties `#stage` and `#out` when all is well.
    pub(in super::super) fn sql(&self) -> String {
        let table = table_sql(&self.table);
        let names: Vec<String> =
            self.columns.iter().map(|column| quote(&column.destination.name)).collect();
        let stored: Vec<String> = self
            .columns
            .iter()
            .enumerate()
            .map(|(index, column)| column.stored(&format!("s.{}", stage_name(index))))
            .collect();
        let (mut out, mut inserted) = (Vec::new(), Vec::new());
        if let Some(identity) = &self.identity {
            out.push("[id]".to_owned());
            inserted.push(format!("inserted.{}", quote(identity)));
        }
        if self.captures() {
            for (index, column) in self.columns.iter().enumerate() {
                if column.captured().is_some() {
                    out.push(format!("[v{}]", index + 1));
                    inserted.push(format!("inserted.{}", quote(&column.destination.name)));
                }
            }
        }
        let mut sql = String::from(
            "DECLARE @staged bigint, @inserted bigint, @paired bigint, @wrong bigint;\n",
        );
        sql.push_str(&format!("INSERT INTO {table} ({})\n", names.join(", ")));
        if !out.is_empty() {
            sql.push_str(&format!(
                "OUTPUT {} INTO #out ({})\n",
                inserted.join(", "),
                out.join(", ")
            ));
        }
        sql.push_str(&format!(
            "SELECT {} FROM #stage AS s ORDER BY s.[ord] OPTION (MAXDOP 1);\n",
            stored.join(", ")
        ));
        sql.push_str("SET @inserted = @@ROWCOUNT;\n");
        sql.push_str("SET @staged = (SELECT COUNT_BIG(*) FROM #stage);\n");
        if self.identity.is_some() {
            sql.push_str("SET @inserted = (SELECT COUNT_BIG(*) FROM #out);\n");
        }
        sql.push_str(&self.check());
        sql.push_str("SELECT @staged, @inserted, @paired, @wrong;\n");
        if self.identity.is_some() {
            let order = if self.descending { " DESC" } else { "" };
            sql.push_str(&format!("SELECT o.[id] FROM #out AS o ORDER BY o.[id]{order};\n"));
        }
        sql.push_str("IF @inserted = @staged AND @paired = @staged AND @wrong = 0\nBEGIN\n");
        sql.push_str("  TRUNCATE TABLE #stage;\n");
        if !out.is_empty() {
            sql.push_str("  TRUNCATE TABLE #out;\n");
        }
        sql.push_str("END;");
        sql
    }

    /// Whether rows can be paired one by one.
    fn is_paired(&self) -> bool {
        self.identity.is_some() || (!self.key.is_empty() && !self.captures())
    }

    /// Each row of `#stage` (`s`) beside what became of it: by its key, or stage row k beside
    /// the row with the k-th id (`o`); the stored row is `t`, unless what was stored is captured.
    fn pairs(&self) -> String {
        if self.identity.is_none() {
            let same: Vec<String> = self
                .key
                .iter()
                .filter_map(|&index| self.columns.get(index).map(|column| (index, column)))
                .map(|(index, column)| {
                    let own = column.stored(&format!("s.{}", stage_name(index)));
                    format!("t.{} = {own}", quote(&column.destination.name))
                })
                .collect();
            let table = table_sql(&self.table);
            return format!("#stage AS s\n  JOIN {table} AS t ON {}", same.join(" AND "));
        }
        let order = if self.descending { " DESC" } else { "" };
        let mut sql = format!(
            "#stage AS s\n  JOIN (SELECT x.*, ROW_NUMBER() OVER (ORDER BY x.[id]{order}) AS [k] \
             FROM #out AS x) AS o ON o.[k] = s.[ord] + 1"
        );
        if let (Some(identity), false) = (&self.identity, self.captures()) {
            sql.push_str(&format!(
                "\n  JOIN {} AS t ON t.{} = o.[id]",
                table_sql(&self.table),
                quote(identity)
            ));
        }
        sql
    }

    fn comparisons(&self) -> Vec<(usize, String, String)> {
        let captures = self.captures();
        let mut all = Vec::new();
        // A trigger may have changed any column since; that the row is there has to do.
        if self.explicit_identity && self.triggers {
            return all;
        }
        for (index, column) in self.columns.iter().enumerate() {
            if captures && column.captured().is_none() {
                continue;
            }
            let theirs = if captures {
                format!("o.[v{}]", index + 1)
            } else {
                format!("t.{}", quote(&column.destination.name))
            };
            let pairs = column.compared(&format!("s.{}", stage_name(index)), &theirs);
            all.extend(pairs.into_iter().map(|(own, theirs)| (index, own, theirs)));
        }
        all
    }

    fn check(&self) -> String {
        let comparisons = self.comparisons();
        let own: Vec<&str> = comparisons.iter().map(|(_, own, _)| own.as_str()).collect();
        let theirs: Vec<&str> = comparisons.iter().map(|(_, _, t)| t.as_str()).collect();
        let unchecked = "SET @paired = @inserted;\nSET @wrong = 0;\n".to_owned();
        match (self.is_paired(), comparisons.is_empty()) {
            (true, true) => {
                format!("SET @wrong = 0;\nSELECT @paired = COUNT_BIG(*) FROM {};\n", self.pairs())
            }
            (true, false) => format!(
                "SELECT @paired = COUNT_BIG(*), @wrong = COALESCE(SUM(d.[wrong]), 0)\n\
                 FROM (SELECT CASE WHEN EXISTS (SELECT {} EXCEPT SELECT {}) THEN 1 ELSE 0 END \
                 AS [wrong]\n  FROM {}) AS d;\n",
                own.join(", "),
                theirs.join(", "),
                self.pairs()
            ),
            (false, _) if !self.captures() => unchecked,
            // Without ids or keys there is nothing to pair by: what was stored has to be what was staged.
            (false, _) => {
                let named = |side: &[&str]| {
                    side.iter()
                        .enumerate()
                        .map(|(index, one)| format!("{one} AS [e{index}]"))
                        .collect::<Vec<_>>()
                        .join(", ")
                };
                format!(
                    "SET @paired = @inserted;\nSELECT @wrong = COUNT_BIG(*) FROM (SELECT {} FROM \
                     #stage AS s EXCEPT SELECT {} FROM #out AS o) AS d;\n",
                    named(&own),
                    named(&theirs)
                )
            }
        }
    }

    /// After a failed check: for each compared column, the number of rows that differ. `None`
    /// where rows cannot be paired.
    pub(in super::super) fn diagnosis(&self) -> Option<(Vec<usize>, Statement)> {
        if !self.is_paired() {
            return None;
        }
        let comparisons = self.comparisons();
        let indexes: Vec<usize> = comparisons.iter().map(|(index, _, _)| *index).collect();
        if indexes.is_empty() {
            return None;
        }
        let sums: Vec<String> =
            (0..indexes.len()).map(|n| format!("CAST(SUM(d.[w{n}]) AS bigint)")).collect();
        let differs: Vec<String> = comparisons
            .iter()
            .enumerate()
            .map(|(n, (_, own, theirs))| {
                format!(
                    "CASE WHEN EXISTS (SELECT {own} EXCEPT SELECT {theirs}) THEN 1 ELSE 0 END \
                     AS [w{n}]"
                )
            })
            .collect();
        let sql = format!(
            "SELECT {}\nFROM (SELECT {}\n  FROM {}) AS d",
            sums.join(", "),
            differs.join(", "),
            self.pairs()
        );
        Some((indexes, Statement::plain(sql)))
    }
}

/// Lets the session give identity values itself, or no longer. One table at a time.
pub(in super::super) fn identity_insert(table: &TableName, on: bool) -> String {
    format!("SET IDENTITY_INSERT {} {}", table_sql(table), if on { "ON" } else { "OFF" })
}

/// Sets columns from `#stage`, whose first column is the key; answers with the rows found.
pub(in super::super) fn update(table: &TableName, columns: &[StageColumn]) -> String {
    let sets: Vec<String> = columns
        .iter()
        .enumerate()
        .skip(1)
        .map(|(index, column)| {
            format!(
                "{} = {}",
                quote(&column.destination.name),
                column.stored(&format!("s.{}", stage_name(index)))
            )
        })
        .collect();
    let key = columns.first().map(|column| quote(&column.destination.name)).unwrap_or_default();
    format!(
        "DECLARE @found bigint;\nUPDATE t SET {}\nFROM {} AS t JOIN #stage AS s \
         ON t.{key} = s.[c1];\nSET @found = @@ROWCOUNT;\nTRUNCATE TABLE #stage;\nSELECT @found;",
        sets.join(", "),
        table_sql(table)
    )
}

/// Puts a value that is too large for a bulk load into its row of `#stage`: the whole of it, or a
/// further piece. Parameters: the value, the row.
pub(in super::super) fn place_large(index: usize, piece: bool, first: usize) -> String {
    let name = stage_name(index);
    let second = first + 1;
    if piece {
        format!("UPDATE #stage SET {name}.WRITE(@P{first}, NULL, 0) WHERE [ord] = @P{second};\n")
    } else {
        format!("UPDATE #stage SET {name} = @P{first} WHERE [ord] = @P{second};\n")
    }
}

/// A column that is wanted as it was before a row was deleted or changed.
pub(in super::super) struct Before<'a> {
    /// As what it is wanted.
    pub(in super::super) wanted: &'a ColumnRef,
    /// As what the table keeps it.
    pub(in super::super) kept: &'a ColumnType,
    /// The collation of a text.
    pub(in super::super) collation: Option<&'a str>,
}

impl Before<'_> {
    /// The type in which `#before` keeps it.
    fn declared(&self) -> String {
        let collate = || match self.collation {
            // A collation is a bare word in a statement.
            Some(name) if name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') => {
                format!(" COLLATE {name}")
            }
            _ => " COLLATE DATABASE_DEFAULT".to_owned(),
        };
        match self.kept {
            ColumnType::Text => format!("varchar(max){}", collate()),
            ColumnType::NText => format!("nvarchar(max){}", collate()),
            ColumnType::Image => "varbinary(max)".to_owned(),
            kept if kept.kind() == Some(ValueKind::Text) => format!("{kept}{}", collate()),
            kept => kept.to_string(),
        }
    }
}

/// Begins a statement that deletes at most `limit` rows, or empties a column in them where it is
/// filled: a condition and [`removed`] follow. Where rows have a key, they are chosen by it.
pub(in super::super) fn remove(
    table: &TableName,
    emptied: Option<&str>,
    limit: usize,
    key: Option<&str>,
    before: &[Before<'_>],
) -> Statement {
    let mut sql = String::from("DECLARE @done bigint;\n");
    if !before.is_empty() {
        let columns: Vec<String> = before
            .iter()
            .enumerate()
            .map(|(index, column)| format!("[b{}] {} NULL", index + 1, column.declared()))
            .collect();
        sql.push_str(&format!(
            "IF OBJECT_ID(N'tempdb..#before') IS NOT NULL DROP TABLE #before;\n\
             CREATE TABLE #before ({});\n",
            columns.join(", ")
        ));
    }
    let table = table_sql(table);
    let (top, own) = match key {
        Some(_) => (String::new(), table.as_str()),
        None => (format!(" TOP ({limit})"), "t"),
    };
    sql.push_str(&match emptied {
        None => format!("DELETE{top} {own}"),
        Some(column) => format!("UPDATE{top} {own} SET {} = NULL", quote(column)),
    });
    if !before.is_empty() {
        let was: Vec<String> =
            before.iter().map(|column| format!("deleted.{}", quote(&column.wanted.name))).collect();
        let to: Vec<String> = (1..=before.len()).map(|index| format!("[b{index}]")).collect();
        sql.push_str(&format!("\nOUTPUT {} INTO #before ({})", was.join(", "), to.join(", ")));
    }
    if let Some(key) = key {
        let key = quote(key);
        sql.push_str(&format!("\nWHERE {key} IN (SELECT TOP ({limit}) t.{key}"));
    }
    sql.push_str(&format!("\nFROM {table} AS t WHERE "));
    if let Some(column) = emptied {
        sql.push_str(&format!("t.{} IS NOT NULL AND ", quote(column)));
    }
    Statement::plain(sql)
}

/// Ends [`remove`]: the number of rows, then what they were.
pub(in super::super) fn removed(
    key: Option<&str>,
    before: &[Before<'_>],
    form: TextForm,
) -> String {
    let mut sql = String::from(if key.is_some() { ")" } else { "" });
    sql.push_str(";\nSET @done = @@ROWCOUNT;\nSELECT @done;");
    if before.is_empty() {
        return sql;
    }
    let columns: Vec<String> = before
        .iter()
        .enumerate()
        .map(|(index, column)| {
            let own = format!("b.[b{}]", index + 1);
            expression(&own, column.kept, &column.wanted.data_type, form)
        })
        .collect();
    sql.push_str(&format!("\nSELECT {}\nFROM #before AS b;", columns.join(", ")));
    sql
}

/// Ends a transaction the server may have ended already.
pub(in super::super) const ROLLBACK: &str = "IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION";
