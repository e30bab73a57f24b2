//! A judge that finds nothing wrong is worth what it finds when something is.

use std::path::Path;

use rusqlite::Connection;

use super::judge::{Case, judge};
use super::sql::{Cell, ask, open};
use super::story::Story;

/// References of every sort: two rows exchange theirs.
const SWAPPED: &[(&str, &str)] = &[
    // To another entity, by foreign key, from a row with and from one without an identifier.
    ("OSUSR_4F2_CLAIM", "POLICYID"),
    ("OSUSR_4F2_CLAIMAUDIT", "CLAIMID"),
    // Without a foreign key.
    ("OSUSR_4F2_FRAUDSIGNAL", "PAYMENTID"),
    // To its own entity, and around a cycle.
    ("OSUSR_4F2_CLAIMNOTE", "PARENTNOTEID"),
    ("OSUSR_C7D_CUSTOMER", "PRIMARYCONTACTID"),
    // By a key that is a text, and from a row whose identifier is a reference.
    ("OSUSR_7KD_COVERAGE", "PRODUCTCODE"),
    ("OSUSR_C7D_CORPORATEPROFILE", "ID"),
    ("OSUSR_4F2_ADJUSTER", "ID"),
    // To static records, users and tenants.
    ("OSUSR_4F2_CLAIM", "CAUSEID"),
    ("OSUSR_4F2_CLAIM", "SEVERITYID"),
    ("OSUSR_QX2_POLICY", "SOLDBY"),
    ("OSUSR_7KD_QUOTE", "TENANT_ID"),
    // To processes and activities, definitions and statuses; by a text that is an id.
    ("OSUSR_4F2_CLAIM", "PROCESSID"),
    ("OSSYS_BPM_PROCESS", "PARENT_PROCESS_ID"),
    ("OSSYS_BPM_PROCESS", "PARENT_ACTIVITY_ID"),
    ("OSSYS_BPM_PROCESS", "TOP_PROCESS_ID"),
    ("OSSYS_BPM_PROCESS", "PROCESS_DEF_ID"),
    ("OSSYS_BPM_PROCESS", "STATUS_ID"),
    ("OSSYS_BPM_PROCESS", "CREATED_BY"),
    ("OSSYS_BPM_ACTIVITY", "ACTIVITY_DEF_ID"),
    ("OSSYS_BPM_ACTIVITY", "STATUS_ID"),
    ("OSSYS_BPM_ACTIVITY", "PRECEDENT_ACTIVITY_ID"),
    ("OSSYS_BPM_ACTIVITY", "USER_ID"),
    ("OSSYS_BPM_ACTIVITY", "GROUP_ID"),
    ("OSSYS_BPM_PROCESS_INPUT", "PROCESS_ID"),
    ("OSSYS_BPM_PROCESS_INPUT", "INPUT_VALUE"),
];

/// What is changed, by a statement that touches a row, and what has to be named for it.
const SPOILT: &[(&str, &str)] = &[
    // One character, its case, a blank at the end.
    (
        "Customer_CS.CustomerNote",
        "UPDATE OSUSR_C7D_CUSTOMERNOTE SET TEXT = substr(TEXT, 1, 4) || '~' || substr(TEXT, 6) \
         LIMIT_ONE",
    ),
    ("Customer_CS.Customer", "UPDATE OSUSR_C7D_CUSTOMER SET NAME = upper(NAME) LIMIT_ONE"),
    (
        "Claims_CS.ClaimReport",
        "UPDATE OSUSR_4F2_CLAIMREPORT SET TRANSCRIPT = TRANSCRIPT || ' ' LIMIT_ONE",
    ),
    // A penny, a second, a yes, a byte, a number.
    (
        "Policy_CS.Payment",
        "UPDATE OSUSR_7KD_PAYMENT SET AMOUNT = substr(AMOUNT, 1, length(AMOUNT) - 1) || '1' \
         LIMIT_ONE",
    ),
    (
        "Claims_CS.Payout",
        "UPDATE OSUSR_4F2_PAYOUT SET PAIDON = strftime('%Y-%m-%d %H:%M:%S', PAIDON, '+1 second') \
         LIMIT_ONE",
    ),
    (
        "Customer_CS.Customer",
        "UPDATE OSUSR_C7D_CUSTOMER SET MARKETINGCONSENT = 1 - MARKETINGCONSENT LIMIT_ONE",
    ),
    (
        "Claims_CS.ClaimDocument",
        "UPDATE OSUSR_4F2_CLAIMDOCUMENT SET CONTENT = CAST(CONTENT || x'00' AS BLOB) LIMIT_ONE",
    ),
    (
        "Policy_CS.InsuredVehicle",
        "UPDATE OSUSR_7KD_INSUREDVEHICLE SET MILEAGE = MILEAGE + 1 LIMIT_ONE",
    ),
    // The null date is not NULL.
    (
        "Customer_CS.Customer",
        "UPDATE OSUSR_C7D_CUSTOMER SET BIRTHDATE = NULL WHERE ROWID = (SELECT min(ROWID) FROM \
         OSUSR_C7D_CUSTOMER WHERE BIRTHDATE LIKE '1900-01-01%')",
    ),
    // An address of somebody's, one where none was, a number that stayed behind.
    (
        "Customer_CS.Customer",
        "UPDATE OSUSR_C7D_CUSTOMER SET EMAIL = 'mia.holm1@mail.example' LIMIT_ONE",
    ),
    ("Customer_CS.Contact", "UPDATE OSUSR_C7D_CONTACT SET EMAIL = NULL LIMIT_ONE"),
    ("Claims_CS.ClaimParty", "UPDATE OSUSR_4F2_CLAIMPARTY SET PHONE = '+47 411 22333' LIMIT_ONE"),
    // A row too few, a row too many, with and without an identifier.
    ("Claims_CS.RepairOrder", "DELETE FROM OSUSR_4F2_REPAIRORDER LIMIT_ONE"),
    ("Claims_CS.ClaimAudit", "DELETE FROM OSUSR_4F2_CLAIMAUDIT LIMIT_ONE"),
    (
        "Claims_CS.ClaimAudit",
        "INSERT INTO OSUSR_4F2_CLAIMAUDIT SELECT * FROM OSUSR_4F2_CLAIMAUDIT LIMIT 1",
    ),
    ("Policy_CS.Quote", "INSERT INTO OSUSR_7KD_QUOTE (NUMBER, TENANT_ID) VALUES ('', 5)"),
    // A parent too few.
    ("foreign key check", "DELETE FROM OSUSR_4F2_CLAIM LIMIT_ONE"),
    // References to nothing, to another row, to no row.
    (
        "Claims_CS.FraudSignal.PaymentId",
        "UPDATE OSUSR_4F2_FRAUDSIGNAL SET PAYMENTID = 999999999 LIMIT_ONE",
    ),
    (
        "Claims_CS.FraudSignal",
        "UPDATE OSUSR_4F2_FRAUDSIGNAL SET PAYMENTID = NULL WHERE ROWID = (SELECT min(ROWID) FROM \
         OSUSR_4F2_FRAUDSIGNAL WHERE PAYMENTID IS NOT NULL)",
    ),
    (
        "Claims_CS.FraudSignal",
        "UPDATE OSUSR_4F2_FRAUDSIGNAL SET PAYMENTID = (SELECT max(ID) FROM OSUSR_7KD_PAYMENT) \
         WHERE ROWID = (SELECT min(ROWID) FROM OSUSR_4F2_FRAUDSIGNAL WHERE PAYMENTID IS NULL)",
    ),
    (
        "Claims_CS.ClaimNote.ParentNoteId",
        "UPDATE OSUSR_4F2_CLAIMNOTE SET PARENTNOTEID = 0 WHERE ROWID = (SELECT min(ROWID) FROM \
         OSUSR_4F2_CLAIMNOTE WHERE PARENTNOTEID IS NULL)",
    ),
    (
        "Claims_CS.Claim",
        "UPDATE OSUSR_4F2_CLAIM SET SEVERITYID = CASE SEVERITYID WHEN 1 THEN 2 ELSE 1 END \
         LIMIT_ONE",
    ),
    // A text that became a number, a record that the module dropped, nothing where something is
    // demanded, a row of which there were two.
    (
        "Customer_CS.CorporateProfile",
        "UPDATE OSUSR_C7D_CORPORATEPROFILE SET EMPLOYEES = EMPLOYEES + 1 LIMIT_ONE",
    ),
    (
        "Customer_CS.Contact",
        "UPDATE OSUSR_C7D_CONTACT SET CHANNELID = 2 WHERE ROWID = (SELECT min(ROWID) FROM \
         OSUSR_C7D_CONTACT WHERE CHANNELID = 3)",
    ),
    (
        "Claims_CS.ClaimParty",
        "UPDATE OSUSR_4F2_CLAIMPARTY SET ROLE = '' WHERE ROWID = (SELECT min(ROWID) FROM \
         OSUSR_4F2_CLAIMPARTY WHERE ROLE IS NULL)",
    ),
    ("Policy_CS.InsuredVehicle", "DELETE FROM OSUSR_7KD_INSUREDVEHICLE WHERE PLATE = 'DA 70318'"),
    // Another tenant, another account of the same name.
    (
        "Policy_CS.Quote",
        "UPDATE OSUSR_7KD_QUOTE SET TENANT_ID = CASE TENANT_ID WHEN 12 THEN 11 ELSE 12 END \
         LIMIT_ONE",
    ),
    (
        "Policy_CS.Quote",
        "UPDATE OSUSR_7KD_QUOTE SET TENANT_ID = 12 WHERE ROWID = (SELECT min(ROWID) FROM \
         OSUSR_7KD_QUOTE WHERE TENANT_ID = 15)",
    ),
    (
        "Customer_CS.CustomerNote",
        "UPDATE OSUSR_C7D_CUSTOMERNOTE SET WRITTENBY = 675 WHERE ROWID = (SELECT min(ROWID) FROM \
         OSUSR_C7D_CUSTOMERNOTE WHERE WRITTENBY = 626)",
    ),
    // Columns that nothing is carried into.
    ("TRAVELMINUTES", "UPDATE OSUSR_4F2_INSPECTION SET TRAVELMINUTES = 5 LIMIT_ONE"),
    ("LOSSPLACE", "UPDATE OSUSR_4F2_CLAIM SET LOSSPLACE = 'here' LIMIT_ONE"),
    ("LEDGERCODE", "UPDATE OSUSR_4F2_RESERVE SET LEDGERCODE = '4200' LIMIT_ONE"),
    // What refers to another system; what refers to a module of the platform's; a record that
    // became a row.
    ("Customer_CS.Address", "UPDATE OSUSR_C7D_ADDRESS SET MUNICIPALITYID = 0 LIMIT_ONE"),
    ("Claims_CS.ClaimNote.FeedbackId", "UPDATE OSUSR_4F2_CLAIMNOTE SET FEEDBACKID = 1 LIMIT_ONE"),
    (
        "Policy_CS.PaymentFrequency",
        "UPDATE OSUSR_7KD_PAYMENTFREQUENCY SET LABEL = 'Daily' LIMIT_ONE",
    ),
    // Rows that had to stay.
    (
        "Claims_CS.Adjuster",
        "UPDATE OSUSR_4F2_ADJUSTER SET REGION = 'nowhere' WHERE ID = (SELECT ID FROM OSSYS_USER \
         WHERE USERNAME = 'test.handler')",
    ),
    (
        "Claims_CS.Adjuster",
        "DELETE FROM OSUSR_4F2_ADJUSTER WHERE ID = (SELECT ID FROM OSSYS_USER WHERE USERNAME = \
         'test.handler')",
    ),
    // An activity at work, one with a time; a label; a value that is a text, one that is a claim's
    // id, one that is a user's.
    ("IS_RUNNING_AT", "UPDATE OSSYS_BPM_ACTIVITY SET IS_RUNNING_AT = 'NHPRDFE01' LIMIT_ONE"),
    ("NEXT_RUN", "UPDATE OSSYS_BPM_ACTIVITY SET NEXT_RUN = '2025-02-03 08:05:00' LIMIT_ONE"),
    ("ServiceCenter.Process", "UPDATE OSSYS_BPM_PROCESS SET LABEL = 'Handle' LIMIT_ONE"),
    (
        "Process_Input",
        "UPDATE OSSYS_BPM_PROCESS_INPUT SET INPUT_VALUE = INPUT_VALUE || ' ' WHERE ROWID = \
         (SELECT min(ROWID) FROM OSSYS_BPM_PROCESS_INPUT WHERE NAME = 'Channel')",
    ),
    (
        "Process_Input.INPUT_VALUE",
        "UPDATE OSSYS_BPM_PROCESS_INPUT SET INPUT_VALUE = '1' WHERE ROWID = (SELECT min(ROWID) \
         FROM OSSYS_BPM_PROCESS_INPUT WHERE NAME = 'PolicyId' AND SS_TYPE IS NULL)",
    ),
    (
        "Activity_Output",
        "UPDATE OSSYS_BPM_ACTIVITY_OUTPUT SET OUTPUT_VALUE = '626' WHERE ROWID = (SELECT \
         min(ROWID) FROM OSSYS_BPM_ACTIVITY_OUTPUT WHERE NAME = 'AssessedBy')",
    ),
    (
        "Activity_Output",
        "UPDATE OSSYS_BPM_ACTIVITY_OUTPUT SET ACTIVITY_ID = (SELECT max(ID) FROM \
         OSSYS_BPM_ACTIVITY) WHERE ROWID = (SELECT min(ROWID) FROM OSSYS_BPM_ACTIVITY_OUTPUT \
         WHERE NAME = 'Remark')",
    ),
    // Subscriptions: one too few, one for another row, one for any row, another process.
    (
        "OSEVT_4F2_CLAIM",
        "DELETE FROM OSEVT_4F2_CLAIM WHERE ROWID = (SELECT max(ROWID) FROM OSEVT_4F2_CLAIM)",
    ),
    (
        "OSEVT_4F2_CLAIM",
        "UPDATE OSEVT_4F2_CLAIM SET ID = (SELECT max(ID) FROM OSUSR_4F2_CLAIM) WHERE ROWID = \
         (SELECT min(ROWID) FROM OSEVT_4F2_CLAIM WHERE ID IS NOT NULL)",
    ),
    (
        "OSEVT_4F2_CLAIM",
        "UPDATE OSEVT_4F2_CLAIM SET POLICYID = NULL WHERE ROWID = \
         (SELECT min(ROWID) FROM OSEVT_4F2_CLAIM WHERE POLICYID IS NOT NULL)",
    ),
    (
        "OSEVT_4F2_CLAIM",
        "UPDATE OSEVT_4F2_CLAIM SET _PROCESS_DEF_ID = 1 WHERE ROWID = \
         (SELECT min(ROWID) FROM OSEVT_4F2_CLAIM WHERE _PROCESS_DEF_ID IS NOT NULL)",
    ),
    // What was not in scope: other applications, a table left from before, the platform.
    ("OSUSR_N2P_BROKER", "UPDATE OSUSR_N2P_BROKER SET NAME = 'Nobody' LIMIT_ONE"),
    ("OSUSR_N2P_COMMISSION", "UPDATE OSUSR_N2P_COMMISSION SET AMOUNT = '1' LIMIT_ONE"),
    (
        "OSUSR_N2P_COMMISSION",
        "UPDATE OSUSR_N2P_COMMISSION SET POLICYID = (SELECT max(ID) FROM OSUSR_QX2_POLICY) \
         LIMIT_ONE",
    ),
    ("OSUSR_FT8_SURVEY", "DELETE FROM OSUSR_FT8_SURVEYANSWER LIMIT_ONE"),
    ("OSUSR_9ZT_CLAIM", "DELETE FROM OSUSR_9ZT_CLAIM LIMIT_ONE"),
    ("OSUSR_4F2_CLAIMCAUSE", "INSERT INTO OSUSR_4F2_CLAIMCAUSE (LABEL) VALUES ('Drone')"),
    (
        "OSSYS_SITE_PROPERTY_SHARED",
        "UPDATE OSSYS_SITE_PROPERTY_SHARED SET PROPERTY_VALUE = 'x' LIMIT_ONE",
    ),
    ("OSSYS_BPM_EVENT_QUEUE", "INSERT INTO OSSYS_BPM_EVENT_QUEUE (DATA_ID) VALUES ('1')"),
    ("OSEVT_4F2_CLAIM", "INSERT INTO OSEVT_4F2_CLAIM (_ESPACE_ID) VALUES (1)"),
    ("indexes", "CREATE INDEX SPARE ON OSUSR_4F2_CLAIM (NUMBER)"),
    // People: changed, made, reachable, linked.
    ("OSSYS_USER", "UPDATE OSSYS_USER SET IS_ACTIVE = 1 WHERE USERNAME = 'rosa.almeida'"),
    (
        "users: ",
        "INSERT INTO OSSYS_USER (TENANT_ID, NAME, USERNAME) VALUES (5, 'Nobody', 'nobody')",
    ),
    (
        "EMAIL",
        "UPDATE OSSYS_USER SET EMAIL = 'x' || USERNAME || '@nordhaven.example' WHERE USERNAME = \
         'dragan.petrovic'",
    ),
    (
        "MOBILEPHONE",
        "UPDATE OSSYS_USER SET MOBILEPHONE = '+47 12345678' WHERE USERNAME = 'dragan.petrovic'",
    ),
    ("password", "UPDATE OSSYS_USER SET PASSWORD = '$1$' WHERE USERNAME = 'dragan.petrovic'"),
    (
        "OSSYS_USER_ROLE",
        "INSERT INTO OSSYS_USER_ROLE (USER_ID, ROLE_ID, TENANT_ID) SELECT max(u.ID), max(r.ID), \
         5 FROM OSSYS_USER u, OSSYS_ROLE r",
    ),
    (
        "OSSYS_GROUP_USER",
        "DELETE FROM OSSYS_GROUP_USER WHERE ID = (SELECT max(ID) FROM OSSYS_GROUP_USER)",
    ),
    (
        "OSSYS_GROUP_ROLE",
        "DELETE FROM OSSYS_GROUP_ROLE WHERE GROUP_ID = (SELECT ID FROM OSSYS_GROUP WHERE NAME = \
         'Drone Pilots')",
    ),
    ("OSSYS_GROUP", "UPDATE OSSYS_GROUP SET NAME = 'Pilots' WHERE NAME = 'Drone Pilots'"),
    ("OSSYS_GROUP", "UPDATE OSSYS_GROUP SET DESCRIPTION = 'Pilots' WHERE NAME = 'Drone Pilots'"),
];

/// Every change to a right destination, and every lie of the report, is noticed and named.
pub fn everything_is_noticed(source: &Path, before: &Path, after: &Path, story: &Story) {
    let source = open(source);
    let before = open(before);
    let after = Connection::open(after).expect("the destination");
    after.pragma_update(None, "foreign_keys", false).expect("switched off");
    let judged =
        |story: &Story| judge(&Case { source: &source, before: &before, after: &after, story });
    let noticed = |what: &str, named: &str, story: &Story| {
        let troubles = judged(story);
        let is_named = troubles.iter().any(|trouble| trouble.contains(named));
        assert!(is_named, "not noticed: {what}\n{}", troubles.join("\n"));
    };
    for (table, column) in SWAPPED {
        after.execute_batch("BEGIN").expect("begun");
        swap(&after, table, column);
        let entity = story
            .report
            .entities
            .iter()
            .find(|told| told.destination_table.eq_ignore_ascii_case(table));
        noticed(&format!("{table}.{column}"), &entity.expect("an entity").name, story);
        after.execute_batch("ROLLBACK").expect("rolled back");
    }
    for (named, sql) in SPOILT {
        after.execute_batch("BEGIN").expect("begun");
        let sql = one_row(sql);
        let rows = after.execute(&sql, []).unwrap_or_else(|error| panic!("{sql}: {error}"));
        assert!(rows == 1 || sql.starts_with("CREATE"), "{rows} rows: {sql}");
        noticed(&sql, named, story);
        after.execute_batch("ROLLBACK").expect("rolled back");
    }
    for (what, named, lie) in LIES {
        let mut story = story.clone();
        lie(&mut story);
        noticed(what, named, &story);
    }
    let troubles = judged(story);
    assert!(troubles.is_empty(), "something was not put back\n{}", troubles.join("\n"));
}

/// What the report may not say, or not keep to itself.
type Lie = fn(&mut Story);
const LIES: &[(&str, &str, Lie)] = &[
    ("an entity is not told", "entities were due", |story| {
        story.report.entities.retain(|told| told.name != "Claims_CS.ClaimParty");
    }),
    ("a row left out is not told", "Policy_CS.Payment: ", |story| {
        told(story, "Policy_CS.Payment").left_out_reasons[0].keys.pop();
    }),
    ("an entity that is not there is not told", "Claims_CS.DroneImage", |story| {
        story.report.decisions.retain(|words| !words.contains("DroneImage"));
    }),
    ("a profile left out is told to be another", "would fit", |story| {
        let left_out = &mut told(story, "Customer_CS.CorporateProfile").left_out_reasons[0];
        let id: i64 = left_out.keys[0].parse().expect("an id");
        left_out.keys = vec![(id - 4).to_string()];
    }),
    ("the other car of a plate is told to be left out", "would fit", |story| {
        let left_out = &mut told(story, "Policy_CS.InsuredVehicle").left_out_reasons[0];
        let id: i64 = left_out.keys[0].parse().expect("an id");
        left_out.keys = vec![(id - 1).to_string()];
    }),
    ("a row that arrived is told to be left out", "would fit", |story| {
        let payments = told(story, "Policy_CS.Payment");
        payments.left_out_reasons[0].keys.push("8193".into());
        payments.left_out += 1;
    }),
    ("an emptied cell is not told", "Claims_CS.FraudSignal.PaymentId", |story| {
        told(story, "Claims_CS.FraudSignal").emptied[0].reasons[0].keys.pop();
    }),
    ("all cells emptied are not told", "Claims_CS.FraudSignal.PaymentId", |story| {
        told(story, "Claims_CS.FraudSignal").emptied.clear();
    }),
    ("more is told to be written than was", "written", |story| {
        told(story, "Claims_CS.Claim").written += 1;
    }),
    ("a created user is not told", "users: ", |story| story.report.people.created.clear()),
    ("a table of instances is not told", "tables of instances", |story| {
        story.report.entities.retain(|told| told.source_table != "OSSYS_BPM_PROCESS_OUTPUT");
    }),
    ("an attribute left out is not told", "Inspection.DroneFlight", |story| {
        story.report.decisions.retain(|words| !words.contains("DroneFlight"));
    }),
    ("a record was mapped and nobody decided it", "Claims_CS.Claim.CauseId", |story| {
        story.plan.decision.retain(|decision| decision.to != "Other");
    }),
    ("texts became numbers and nobody decided it", "CorporateProfile.Employees", |story| {
        story.plan.decision.retain(|decision| decision.choice != "convert");
    }),
    ("addresses were replaced and nobody decided it", "Customer_CS.Customer", |story| {
        story.plan.decision.retain(|decision| decision.choice != "constant");
    }),
    ("records became rows and nobody decided it", "entities were due", |story| {
        story.plan.decision.retain(|decision| decision.kind != "entity-kind-changed");
    }),
    ("whose rows they were is lost and nobody is told", "Policy_CS.SalesTarget", |story| {
        story.report.decisions.retain(|words| !words.contains("Policy_CS.SalesTarget"));
    }),
    ("a column got a value and nobody decided it", "LEDGERCODE", |story| {
        story.plan.decision.retain(|decision| decision.kind != "leftover-not-null");
    }),
    ("a tenant was mapped and nobody decided it", "Policy_CS.Quote", |story| {
        story.plan.decision.retain(|decision| decision.kind != "tenant-missing");
    }),
    ("references of others were emptied and nobody decided it", "OSUSR_N2P_COMMISSION", |story| {
        story.plan.decision.retain(|decision| decision.kind != "consumer-outside-scope");
    }),
    ("a user was chosen and nobody decided it", "has no counterpart", |story| {
        story.plan.decision.retain(|decision| decision.user.is_empty());
    }),
];

fn told<'a>(story: &'a mut Story, name: &str) -> &'a mut super::story::Told {
    story.report.entities.iter_mut().find(|told| told.name == name).expect("it is told")
}

/// `LIMIT_ONE` stands for the row that was written first.
fn one_row(sql: &str) -> String {
    let table = sql.trim_start_matches("UPDATE ").trim_start_matches("DELETE FROM ");
    let table = table.split(' ').next().unwrap_or_default();
    sql.replace("LIMIT_ONE", &format!("WHERE ROWID = (SELECT min(ROWID) FROM {table})"))
}

/// Two rows exchange what one column holds.
fn swap(connection: &Connection, table: &str, column: &str) {
    let sql = format!(
        "SELECT ROWID, \"{column}\" FROM {table} WHERE \"{column}\" IS NOT NULL ORDER BY ROWID"
    );
    let rows = ask(connection, &sql).rows;
    let first = rows.first().expect("a row");
    let other = rows.iter().rev().find(|row| row[1] != first[1]).expect("another value");
    // The column may be the key: the first value is out of the way in between.
    for (row, value) in [(first, &Cell::Integer(-1)), (other, &first[1]), (first, &other[1])] {
        set(connection, table, column, row, value);
    }
}

fn set(connection: &Connection, table: &str, column: &str, row: &[Cell], value: &Cell) {
    let sql = format!("UPDATE {table} SET \"{column}\" = ?1 WHERE ROWID = ?2");
    let Cell::Integer(row) = row[0] else { panic!("no row id") };
    let done = match value {
        Cell::Integer(value) => connection.execute(&sql, (value, row)),
        value => connection.execute(&sql, (value.text(), row)),
    };
    assert_eq!(done.expect("changed"), 1, "{table} has no row {row}");
}
