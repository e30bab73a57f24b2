//! What pins a plan and the models it was made from (`design.md` decision 20): never row counts.

use super::Plan;
use crate::outsystems::Environment;

/// Sixteen hexadecimal digits in groups of four.
fn shown(hash: &blake3::Hash) -> String {
    let hex = hash.to_hex();
    format!("{}-{}-{}-{}", &hex[0..4], &hex[4..8], &hex[8..12], &hex[12..16])
}

/// The fingerprint of a plan's content, apart from counts and from the fingerprint itself.
pub(super) fn plan_fingerprint(plan: &Plan) -> String {
    let mut plan = plan.clone();
    plan.fingerprint = String::new();
    for outside in &mut plan.outside {
        outside.rows = 0;
    }
    for events in &mut plan.events {
        events.rows = 0;
    }
    for entity in &mut plan.entities {
        entity.source_rows = 0;
        match &mut entity.existing {
            super::ExistingPlan::Replace { rows, standing, .. } => (*rows, *standing) = (0, 0),
            super::ExistingPlan::Keep { rows } => *rows = 0,
            super::ExistingPlan::Recognise { rows, matches, .. } => (*rows, *matches) = (0, None),
        }
    }
    let content = serde_json::to_vec(&plan).unwrap_or_default();
    shown(&blake3::hash(&content))
}

impl Plan {
    /// The fingerprint that this content has now; equal to [`Plan::fingerprint`] as long as
    /// nobody has changed anything.
    #[must_use]
    pub fn pinned(&self) -> String {
        plan_fingerprint(self)
    }
}

/// The fingerprint of what the plan was made from: espaces, entities, attributes, columns,
/// static records.
#[must_use]
pub fn model_fingerprint(environment: &Environment) -> String {
    let mut hasher = blake3::Hasher::new();
    let mut line = |text: String| {
        hasher.update(text.as_bytes());
        hasher.update(b"\n");
    };
    for espace in &environment.espaces {
        line(format!("espace {} {} {}", espace.id, espace.key.folded(), espace.name));
    }
    for entity in environment.entities.iter().filter(|entity| entity.is_active) {
        line(format!(
            "entity {} {} {} {} {} {}",
            entity.id,
            entity.espace_key.folded(),
            entity.key.folded(),
            entity.table.to_string().to_lowercase(),
            entity.kind,
            entity.is_multitenant
        ));
        for attribute in entity.active_attributes() {
            line(format!(
                "attribute {} {} {:?} {} {:?}",
                attribute.key.folded(),
                attribute.column.to_lowercase(),
                attribute.data_type,
                attribute.is_mandatory,
                attribute.delete_rule
            ));
        }
        if let Some(shape) = environment.shape(&entity.table) {
            for column in &shape.columns {
                line(format!(
                    "column {} {} {} {}",
                    column.name.to_lowercase(),
                    column.data_type,
                    column.nullable,
                    column.identity
                ));
            }
        }
    }
    for record in &environment.records {
        line(format!(
            "record {} {} {} {} {}",
            record.espace_key.folded(),
            record.entity_key.folded(),
            record.key.folded(),
            record.data_id,
            record.is_active
        ));
    }
    shown(&hasher.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outsystems::Key;
    use crate::plan::EspacePlan;

    #[test]
    fn a_journals_plan_that_does_not_know_the_chosen_modules_is_pinned_as_it_was() {
        let mut plan = Plan::nothing("earlier");
        let text = serde_json::to_string(&plan).unwrap();
        assert!(!text.contains("espaces"), "{text}");
        let read: Plan = serde_json::from_str(&text).unwrap();
        assert_eq!(read.pinned(), plan.fingerprint);
        plan.espaces.push(EspacePlan { key: Key::new("ab"), name: "Flow_BL".to_owned() });
        assert_ne!(plan.pinned(), plan.fingerprint, "what was chosen is pinned too");
    }
}
