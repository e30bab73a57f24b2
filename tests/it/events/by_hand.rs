//! Where whoever runs a plan may not empty event tables, a DBA does, or somebody accepts that
//! processes start. Rights are a server's: a file gives none.

use osferry::outsystems::Side;

use super::{QUEUES, count, event_table, events, pair};
use crate::preflight::{carry_out, let_references_be_checked};
use crate::program::Bench;
use crate::support::engine::{TestEngine, wait};

mod on_a_server {
    use super::a_dba_puts_away_what_the_login_may_not;
    crate::on_sqlserver!(a_dba_puts_away_what_the_login_may_not);
}

mod on_files {
    use super::{Bench, pair};

    /// Nobody is given rights on a file, and none can lack.
    #[test]
    fn rights_are_not_applicable() {
        let (pair, _) = pair();
        let bench = Bench::new(&pair, 7);
        bench.plan(&bench.usual_plan().text());
        let said = bench.osferry(&["rights", "plan.toml", "--decide", "recommended"]);
        assert_eq!(said.code, Some(2), "{}", said.all());
        assert!(said.err.contains("nobody is given rights there"), "{}", said.all());
        assert!(!bench.folder.path().join("events-away.sql").exists());
    }
}

/// A definition by which a process is called.
fn define(bench: &Bench) {
    let side = Side::Destination;
    let table = "OSSYS_BPM_PROCESS_DEFINITION";
    if bench.databases.read(side).tables.keys().any(|name| name.eq_ignore_ascii_case(table)) {
        bench.databases.execute(side, &format!("DROP TABLE {table}"));
    }
    let create = format!(
        "CREATE TABLE {table} (ID int NOT NULL PRIMARY KEY, NAME nvarchar(50), \
         SS_KEY nvarchar(100), IS_ACTIVE bit, ESPACE_ID int)"
    );
    bench.databases.execute(side, &create);
    let insert = format!(
        "INSERT INTO {table} SELECT 1, 'Approve', 'aa', 1, ID FROM OSSYS_ESPACE \
         WHERE NAME = 'Core' AND IS_ACTIVE = 1"
    );
    bench.databases.execute(side, &insert);
}

async fn a_dba_puts_away_what_the_login_may_not(engine: &TestEngine) {
    let TestEngine::SqlServer(server, _) = engine else { panic!("a server") };
    let (pair, entity) = pair();
    let bench = Bench::on(engine, &pair, 7);
    define(&bench);
    let before = events(&bench);
    let mut plan = bench.usual_plan();
    bench.plan(&plan.text());
    let (side, login) = (Side::Destination, format!("o{}", bench.databases.name(Side::Source)));
    let password = "Osferry-Rights-1";
    wait(server.query("master", &format!("CREATE LOGIN {login} WITH PASSWORD = '{password}'")));
    let rights = ["rights", "plan.toml", "--login", &login, "--source-login", &login];
    let written = bench.osferry(&[&rights[..], &["--decide", "recommended"]].concat());
    assert_eq!(written.code, Some(0), "{}", written.all());
    let read = |name: &str| std::fs::read_to_string(bench.folder.path().join(name)).expect(name);
    let version = wait(server.query("master", "SELECT CAST(@@VERSION AS nvarchar(200))"));
    let stand_in = !version[0].starts_with("Microsoft SQL");
    carry_out(server, &read("rights.sql"), stand_in);
    if stand_in {
        let_references_be_checked(&bench, &login);
        // A server that only speaks the protocol has triggers write as the login that inserts.
        for queue in QUEUES {
            let grant = format!("GRANT INSERT ON OBJECT::dbo.{queue} TO {login}");
            bench.databases.execute(side, &grant);
        }
    }
    for table in before.keys().filter(|name| name.starts_with("OSEVT_")) {
        let revoke = format!("REVOKE DELETE ON OBJECT::dbo.[{table}] FROM {login}");
        bench.databases.execute(side, &revoke);
    }
    for endpoint in [&mut plan.source, &mut plan.destination] {
        let user = format!("user = \"{}\"", server.user);
        endpoint.0 = endpoint.0.replace(&user, &format!("user = \"{login}\""));
    }
    let accepted = plan.preflight.clone();
    plan.preflight = accepted.replace("\"events\", ", "");
    assert_ne!(plan.preflight, accepted);
    bench.plan(&plan.text());
    let name = bench.databases.name(side);
    let run = ["run", "plan.toml", "--confirm", &name, "--decide", "recommended"];
    let secrets = ["SOURCE", "DESTINATION"]
        .map(|side| (format!("OSFERRY_{side}_PASSWORD"), password.to_owned()));

    let said = bench.osferry_with(&run, &secrets);
    assert_eq!(said.code, Some(2), "{}", said.all());
    for word in ["no right to empty event tables", "Approve", "events-away.sql"] {
        assert!(said.err.contains(word), "{word} is not said\n{}", said.all());
    }
    assert_eq!(events(&bench), before);

    bench.databases.carry_out(side, &read("events-away.sql"));
    assert_eq!(count(&bench, &event_table(&entity)), 0);
    let said = bench.osferry_with(&run, &secrets);
    assert_eq!(said.code, Some(0), "{}", said.all());
    bench.databases.carry_out(side, &read("events-back.sql"));
    assert_eq!(events(&bench), before, "nothing was started, and all is back");

    plan.preflight = accepted;
    bench.plan(&plan.text());
    let said = bench.osferry_with(&run, &secrets);
    assert_eq!(said.code, Some(0), "{}", said.all());
    for word in ["Approve", "as it was accepted"] {
        assert!(said.all().contains(word), "{word} is not said\n{}", said.all());
    }
    assert!(count(&bench, QUEUES[0]) > 0, "the processes start");
    let mut after = events(&bench);
    after.retain(|name, _| name.starts_with("OSEVT_"));
    let is_kept = |(name, rows): (&String, &Vec<_>)| before[name] == *rows;
    assert!(after.iter().all(is_kept), "{after:?}");
    if !stand_in {
        carry_out(server, &read("revoke.sql"), stand_in);
        for side in [Side::Source, Side::Destination] {
            bench.databases.execute(side, &format!("DROP USER {login}"));
        }
        wait(server.query("master", &format!("DROP LOGIN {login}")));
    }
}
