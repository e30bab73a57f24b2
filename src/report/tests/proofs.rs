//! Proofs for reports to show.

use crate::proof::{
    Difference, EntityProof, Made, Noticed, Proof, ReferenceProof, SurroundingsProof, TakenOver,
    UntouchedTable, Unverified,
};

/// A proof with so many differences in an entity, and one outside the plan if there are any.
pub(super) fn proof(differences: u64) -> Proof {
    let orphan = ReferenceProof { attribute: "CustomerId".to_owned(), emptied: 1, orphans: 1 };
    Proof {
        entities: vec![
            EntityProof {
                name: "Claims_Core.Customer".to_owned(),
                written: 1_235,
                recognised: 3,
                found: 1_235,
                compared: 1_235,
                by_digest: 1_235,
                ..EntityProof::default()
            },
            EntityProof {
                name: "Claims_CS.Claim".to_owned(),
                written: 33_880,
                found: 33_880,
                compared: 33_880,
                by_digest: 33_000,
                changed_since: 2,
                references: if differences > 0 { vec![orphan] } else { Vec::new() },
                differences,
                shown: (0..differences.min(1))
                    .map(|_| Difference {
                        source: "500".to_owned(),
                        destination: "1500".to_owned(),
                        attribute: "CustomerId".to_owned(),
                        what: "17 leads to no row".to_owned(),
                    })
                    .collect(),
                ..EntityProof::default()
            },
        ],
        surroundings: Some(surroundings(differences)),
        unverified: vec![Unverified {
            what: "which row of the source is which of the destination in Claims_CS.ClaimAudit"
                .to_owned(),
            why: "without an identifier their rows can only be compared all together".to_owned(),
        }],
        taken_over: Some(TakenOver { entities: 1, begun: "2026-03-01 14:51:00+01:00".to_owned() }),
        made: Some(Made {
            begun: "2026-03-01 14:52:00+01:00".to_owned(),
            ended: "2026-03-01 14:54:02+01:00".to_owned(),
            system_user: "rosa".to_owned(),
            source_sign_in: "reader".to_owned(),
            destination_sign_in: "writer".to_owned(),
            source: "sql-prod/PROD".to_owned(),
            destination: "sql-dev/DEV".to_owned(),
            source_fingerprint: "aaaa-0000-0000-0001".to_owned(),
            destination_fingerprint: "another".to_owned(),
            version: "9.9.9".to_owned(),
        }),
        sample: None,
    }
}

/// Everything around the rows: a trigger is off where there are differences.
fn surroundings(differences: u64) -> SurroundingsProof {
    let noticed =
        |table: &str, what: &str| Noticed { table: format!("dbo.{table}"), what: what.to_owned() };
    let untouched = |table: &str, rows, digest: Option<&str>| UntouchedTable {
        table: format!("dbo.{table}"),
        rows,
        digest: digest.map(str::to_owned),
    };
    let off = "the trigger OSTRG_EI is switched off, which it was not before the run";
    SurroundingsProof {
        event_tables: 0,
        subscriptions: 0,
        tables: 1_450,
        untouched: 1_203,
        untouched_by_count: 1,
        platform: vec![
            untouched("OSSYS_SITE_PROPERTY_SHARED", 412, Some("0f")),
            untouched("OSSYS_ESPACE_VERSION", 512_000, None),
        ],
        constraints: 84,
        triggers: 3,
        differences: differences.min(1),
        shown: (0..differences.min(1)).map(|_| noticed("OSUSR_4F2_CLAIM", off)).collect(),
        notes: vec![noticed("OSSYS_BPM_EVENT_QUEUE", "0 rows before the run, 3 now")],
        counted_only: vec!["dbo.OSSYS_ESPACE_VERSION".to_owned()],
        unseen: Vec::new(),
        passed_over: Vec::new(),
        switches: true,
    }
}
