//! The procedures' data files, read.

use std::sync::OnceLock;

use super::model::Procedure;
use crate::database::{Fault, FaultKind, Result};

/// The data files, by the procedures' names.
const FILES: [(&str, &str); 7] = [
    ("clone-sqlserver", include_str!("../../assets/procedures/clone-sqlserver.toml")),
    ("installation-fresh", include_str!("../../assets/procedures/installation-fresh.toml")),
    ("installation-existing", include_str!("../../assets/procedures/installation-existing.toml")),
    ("restore", include_str!("../../assets/procedures/restore.toml")),
    ("clone-oracle", include_str!("../../assets/procedures/clone-oracle.toml")),
    ("oracle-fresh", include_str!("../../assets/procedures/oracle-fresh.toml")),
    ("oracle-existing", include_str!("../../assets/procedures/oracle-existing.toml")),
];

/// The procedures' names.
pub const ALL: [&str; 7] =
    [FILES[0].0, FILES[1].0, FILES[2].0, FILES[3].0, FILES[4].0, FILES[5].0, FILES[6].0];

/// The procedure of that name.
pub fn procedure(name: &str) -> Result<&'static Procedure> {
    static READ: OnceLock<std::result::Result<Vec<Procedure>, String>> = OnceLock::new();
    let read = READ.get_or_init(|| {
        let parse = |(name, text): &(&str, &str)| {
            toml::from_str::<Procedure>(text).map_err(|error| format!("{name}.toml: {error}"))
        };
        FILES.iter().map(parse).collect()
    });
    let all = read.as_ref().map_err(|error| Fault::new(FaultKind::Data, error.clone()))?;
    all.iter().find(|procedure| procedure.name == name).ok_or_else(|| {
        Fault::new(FaultKind::NotFound, format!("there is no procedure \"{name}\""))
            .advise(format!("There are {}.", ALL.join(", ")))
    })
}

/// The numbers of the facts that the procedures are made of.
pub fn numbers() -> impl Iterator<Item = &'static str> {
    include_str!("../../assets/procedures/numbers.txt")
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::procedures::{Origin, RowsOf, StepKind, Target, Work};

    fn all() -> Vec<&'static Procedure> {
        ALL.iter().map(|name| procedure(name).expect("a data file")).collect()
    }

    #[test]
    fn every_number_has_its_step_and_no_step_another() {
        let listed: BTreeSet<&str> = numbers().collect();
        let used: BTreeSet<&str> = all()
            .into_iter()
            .flat_map(Procedure::steps)
            .flat_map(|step| step.numbers.iter().map(String::as_str))
            .collect();
        assert_eq!(used.difference(&listed).collect::<Vec<_>>(), Vec::<&&str>::new());
        assert_eq!(listed.difference(&used).collect::<Vec<_>>(), Vec::<&&str>::new());
    }

    #[test]
    fn the_list_is_whole() {
        // How many facts there are under each letter: one that is lost from list and data alike is
        // missed here.
        for (prefix, last) in [
            ("C1.", 3),
            ("C2.", 13),
            ("C3.", 14),
            ("C4.", 13),
            ("C5.", 7),
            ("C6.", 14),
            ("C7.", 13),
        ] {
            let found: Vec<&str> = numbers().filter(|n| n.starts_with(prefix)).collect();
            let expected: Vec<String> = (1..=last).map(|n| format!("{prefix}{n}")).collect();
            assert_eq!(found, expected);
        }
        let rest: Vec<&str> = numbers().filter(|n| !n.starts_with('C')).collect();
        assert_eq!(
            rest.join(" "),
            "R0 R1.1 R1.2 R1.3 R1.4 R2.1 R2.2 R2.3 R2.4 R2.5 R2.6 R2.7 R2.8 R2.9 R2.10 R3 \
             N1 N2 N3 N4 N5 P1 P2 P3"
        );
    }

    /// Statements of the guide, in words of this test: table, what tells the rows, what happens.
    #[test]
    fn every_statement_is_as_the_guide_has_it() {
        let clone = procedure("clone-sqlserver").expect("the file");
        let told = |rows: &RowsOf| match rows {
            RowsOf::All => "all".to_owned(),
            RowsOf::AnyOf { column, texts } => format!("{column} one of {}", texts.len()),
            RowsOf::Not { column, text } => format!("{column} not {text}"),
            RowsOf::Through { column, table, with, texts } => {
                format!("{column} to {table}.{with} one of {}", texts.len())
            }
        };
        let mut lines = Vec::new();
        for step in clone.steps() {
            for change in &step.changes {
                let whose = match &change.target {
                    Target::Table(table) => table.clone(),
                    Target::Entity(key) => format!("entity {key}"),
                    Target::Entities(of) => format!("{} entities of {}", of.names.len(), of.espace),
                };
                let work = match &change.work {
                    Work::Delete => "deleted".to_owned(),
                    Work::Set(set) => format!("{set:?}"),
                    Work::Default(_) => "default".to_owned(),
                };
                let numbers = step.numbers.join(" ");
                lines.push(format!("{numbers}: {whose}, {}: {work}", told(&change.rows)));
            }
        }
        let expected = [
            "C2.2: OSSYS_PARAMETER, NAME one of 8: deleted",
            "N2: OSSYS_PARAMETER, NAME one of 11: deleted",
            "N3: OSSYS_SITE_PROPERTY, all: default",
            "N3: OSSYS_SITE_PROPERTY_SHARED, all: default",
            "N4: 6 entities of Users, all: deleted",
            "N4: OSSYS_SITE_PROPERTY, all: default",
            "N4: OSSYS_SITE_PROPERTY_SHARED, all: default",
            "C2.3: OSSYS_MOBILE_CONFIG_DATA, all: deleted",
            "C2.3: OSSYS_MOBILE_CERTIFICATE, all: deleted",
            "C2.3: OSSYS_APP_MOBILE_CONFIG, all: deleted",
            "C2.4: OSSYS_MODULEFRONTEND, all: deleted",
            "C2.4: OSSYS_MODULEINTERNALADDRESS, all: deleted",
            "C2.4: OSSYS_PLATFORMCONFIG, NAME one of 5: deleted",
            "C2.5: OSSYS_SERVER, all: deleted",
            "C2.6: OSSYS_DBCATALOG, NAME not (Main): {\"PASSWORD\": \" \", \"USERNAME\": \" \"}",
            ": OSSYS_EXTENSION_DBCONNECTION, all: deleted",
            ": OSSYS_DBCONNECTION, NAME not $OS_LOG_DB_7e3e8ce0: deleted",
            "C2.9: OSSYS_PLATFORMSVCS_OBSERVER, all: deleted",
            "C2.9: OSSYS_CLOUDSERVICES_OBSERVER, all: deleted",
            "C2.10: OSSYS_SITE_PROPERTY_SHARED, SITE_PROPERTY_DEFINITION_ID to \
             OSSYS_SITE_PROPERTY_DEFINITION.SS_KEY one of 2: {\"PROPERTY_VALUE\": \"\"}",
            "C2.12: entity 3312b1cd-b12e-4a29-bcdc-51edcdd86ef1, all: {\"ISACTIVE\": \"0\"}",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn steps_are_told_apart_and_say_what_to_do() {
        for procedure in all() {
            let mut names = BTreeSet::new();
            for section in &procedure.sections {
                assert!(!section.why.is_empty(), "{}: {}", procedure.name, section.name);
            }
            for step in procedure.steps() {
                let place = format!("{}: {}", procedure.name, step.name);
                assert!(names.insert(&step.name), "{place} is there twice");
                assert!(!step.title.is_empty(), "{place}");
                // Only what is ours has no number.
                assert!(!step.numbers.is_empty() || step.origin == Origin::Ours, "{place}");
                let says = match step.kind() {
                    StepKind::Statement => step.changes.iter().all(|c| !c.show.is_empty()),
                    StepKind::Check => true,
                    StepKind::Task => !step.tasks.is_empty() || step.command.is_some(),
                };
                assert!(says, "{place} says nothing");
            }
        }
    }

    #[test]
    fn what_is_shown_of_a_row_holds_no_secret() {
        for step in all().into_iter().flat_map(Procedure::steps) {
            for column in step.changes.iter().flat_map(|change| &change.show) {
                let known = ["ID", "NAME", "IP_ADDRESS", "LOGICAL_NAME"];
                assert!(
                    known.contains(&column.as_str()) || column == "SITE_PROPERTY_DEFINITION_ID",
                    "{}: {column}",
                    step.name
                );
            }
        }
    }
}
