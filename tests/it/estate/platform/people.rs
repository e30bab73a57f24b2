//! Tenants, people and what they may do; and tables that lie about.

use super::{Foreign, Table, bit, table};
use crate::estate::chance::Chance;
use crate::estate::model::{Cell, Environment, User};

pub(super) fn people(environment: &Environment, chance: &mut Chance) -> Vec<Table> {
    let tenants = environment.tenants.iter().map(|t| {
        vec![
            Cell::Int(t.id),
            Cell::text(&t.name),
            Cell::Int(environment.espace(&t.espace).id),
            bit(true),
        ]
    });
    let tenants = tenants.collect();
    let tenant_of = |user: i64| Cell::Int(environment.user(user).expect("there").tenant);
    let group_tenant = |group: i64| {
        Cell::Int(environment.groups.iter().find(|g| g.id == group).expect("there").tenant)
    };
    let users = environment.users.iter().map(user_row).collect();
    let groups = environment.groups.iter().map(|g| {
        vec![
            Cell::Int(g.id),
            Cell::text(&g.name),
            Cell::text(""),
            Cell::Null,
            Cell::text("2019-05-05 10:00:00"),
            bit(false),
            Cell::Int(g.tenant),
        ]
    });
    let groups = groups.collect();
    let roles = environment.roles.iter().map(|r| {
        vec![
            Cell::Int(r.id),
            Cell::text(&r.name),
            bit(true),
            Cell::text(&r.key),
            Cell::Int(environment.espace(&r.espace).id),
            bit(true),
            Cell::text(""),
        ]
    });
    let roles = roles.collect();
    let links = |pairs: &[(i64, i64)], tenant: &dyn Fn(&(i64, i64)) -> Cell| {
        pairs
            .iter()
            .enumerate()
            .map(|(n, pair)| {
                let id = Cell::Int(400 + n as i64);
                vec![id, Cell::Int(pair.0), Cell::Int(pair.1), tenant(pair)]
            })
            .collect::<Vec<_>>()
    };
    let mut found = vec![
        table(
            "OSSYS_TENANT",
            "ID int; NAME nvarchar(35); ESPACE_ID int; IS_ACTIVE bit",
            tenants,
            chance,
        ),
        table(
            "OSSYS_USER",
            "ID int; TENANT_ID int; NAME nvarchar(256); USERNAME nvarchar(250); \
             PASSWORD nvarchar(256); EMAIL varchar(250); MOBILEPHONE varchar(20); \
             EXTERNAL_ID nvarchar(36); CREATION_DATE datetime; LAST_LOGIN datetime; IS_ACTIVE bit",
            users,
            chance,
        ),
        table(
            "OSSYS_GROUP",
            "ID int; NAME nvarchar(250); DESCRIPTION nvarchar(500); CREATED_BY int; \
             CREATED datetime; HAS_CUSTOM_MANAGEMENT bit; TENANT_ID int",
            groups,
            chance,
        ),
        table(
            "OSSYS_ROLE",
            "ID int; NAME nvarchar(50); PERSISTENT bit; SS_KEY nvarchar(36); ESPACE_ID int; \
             IS_ACTIVE bit; DESCRIPTION nvarchar(500)",
            roles,
            chance,
        ),
        table(
            "OSSYS_USER_ROLE",
            "ID int; USER_ID int; ROLE_ID int; TENANT_ID int",
            links(&environment.user_roles, &|(user, _)| tenant_of(*user)),
            chance,
        ),
        table(
            "OSSYS_GROUP_ROLE",
            "ID int; GROUP_ID int; ROLE_ID int; TENANT_ID int",
            links(&environment.group_roles, &|(group, _)| group_tenant(*group)),
            chance,
        ),
        table(
            "OSSYS_GROUP_USER",
            "ID int; GROUP_ID int; USER_ID int; TENANT_ID int",
            links(&environment.group_users, &|(group, _)| group_tenant(*group)),
            chance,
        ),
    ];
    for table in &mut found {
        for (column, parent) in [
            ("USER_ID", "OSSYS_USER"),
            ("ROLE_ID", "OSSYS_ROLE"),
            ("GROUP_ID", "OSSYS_GROUP"),
            ("CREATED_BY", "OSSYS_USER"),
        ] {
            if table.columns.iter().any(|c| c.name == column) {
                table.foreign.push(Foreign {
                    column: column.into(),
                    parent: parent.into(),
                    parent_column: "ID".into(),
                    cascade: true,
                });
            }
        }
        if table.name == "OSSYS_TENANT" {
            table.uniques.push(vec!["NAME".into(), "ESPACE_ID".into()]);
        }
    }
    found
}

fn user_row(user: &User) -> Vec<Cell> {
    vec![
        Cell::Int(user.id),
        Cell::Int(user.tenant),
        Cell::text(&user.name),
        Cell::text(&user.username),
        Cell::text(&user.password),
        Cell::text(&user.email),
        Cell::text(&user.phone),
        Cell::text(&user.external),
        Cell::text("2020-02-02 02:02:02"),
        Cell::text("1900-01-01 00:00:00"),
        bit(user.active),
    ]
}

/// Tables that a migration has no business with: some there, some not.
pub(super) fn bystanders(environment: &Environment, chance: &mut Chance) -> Vec<Table> {
    let one = |texts: &[&str]| {
        let mut row = vec![Cell::Int(1)];
        row.extend(texts.iter().map(|t| Cell::text(*t)));
        vec![row]
    };
    let espace = environment.espace_named("Core").id;
    let mut found = vec![
        table("OSSYS_SOLUTION", "ID int; NAME nvarchar(50)", one(&["Everything"]), chance),
        table(
            "OSSYS_BASIC_TYPE",
            "ID nvarchar(30); NAME nvarchar(30)",
            vec![vec![Cell::text("rtText"), Cell::text("Text")]],
            chance,
        ),
        table(
            "OSSYS_SITE_PROPERTY_SHARED",
            "ID int; SITE_PROPERTY_DEFINITION_ID int; PROPERTY_VALUE nvarchar(2000)",
            vec![vec![Cell::Int(1), Cell::Int(5), Cell::text("https://here.test")]],
            chance,
        ),
        table(
            "OSSYS_BPM_PROCESS_DEFINITION",
            "ID int; NAME nvarchar(50); LABEL nvarchar(50); DESCRIPTION nvarchar(500); \
             SS_KEY nvarchar(36); IS_ACTIVE bit; ESPACE_ID int; PROCESS_ENTITY_ID int?",
            vec![vec![
                Cell::Int(1),
                Cell::text("Approve"),
                Cell::text("Approve"),
                Cell::text(""),
                Cell::text(Chance::new(5).key()),
                bit(true),
                Cell::Int(espace),
            ]],
            chance,
        ),
        table(
            "DBA_NOTES",
            "ID int; NOTE nvarchar(max)",
            one(&["not the platform's at all"]),
            chance,
        ),
    ];
    found[1].columns.iter_mut().for_each(|c| c.identity = false);
    found.retain(|t| t.name == "DBA_NOTES" || chance.percent(60));
    // The queues that process-event triggers write to; always there, as the triggers name them.
    found.push(table(
        "OSSYS_BPM_EVENT_QUEUE",
        "ID int; ESPACE_ID int; TENANT_ID int; ACTIVITY_ID int; PROCESS_DEF_ID int; \
         DATA_ID nvarchar(60); ENQUEUE_TIME datetime; ERROR_COUNT int; NEXT_RUN datetime",
        Vec::new(),
        chance,
    ));
    found.push(table(
        "OSSYS_BPM_EVENT",
        "ID int; ESPACE_ID int; TENANT_ID int; ACTIVITY_ID int; PROCESS_DEF_ID int; \
         ENTITY_RECORD_ID nvarchar(60); ENQUEUE_TIME datetime; DEQUEUE_TIME datetime; \
         ERROR_COUNT int; NEXT_RUN datetime",
        Vec::new(),
        chance,
    ));
    found
}
