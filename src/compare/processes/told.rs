//! Definitions and statuses that rows of the run refer to, as far as these ask for a decision: it is
//! told once, with the processes.

use super::super::{Finding, FindingKind, Work};
use super::of;
use crate::database::Value;
use crate::outsystems::{Key, SystemTarget};

/// What a definition is part of.
fn whole_of(part: SystemTarget) -> Option<SystemTarget> {
    match part {
        SystemTarget::ActivityOutputDefinition => Some(SystemTarget::ActivityDefinition),
        SystemTarget::ActivityDefinition
        | SystemTarget::ProcessInputDefinition
        | SystemTarget::ProcessOutputDefinition => Some(SystemTarget::ProcessDefinition),
        _ => None,
    }
}

impl Work<'_> {
    /// Keeps a finding about a definition or a status that rows refer to, which has this ID in the source
    /// and is the same on both sides by its espace and key. What the comparison of the processes has said
    /// of it before gives way to a decision, and does instead of a note.
    pub(in super::super) fn find_definition(
        &mut self,
        target: SystemTarget,
        id: &Value,
        (espace, key): &(Key, Key),
        finding: Finding,
    ) {
        let state = Key::new(target.label());
        let is_told = |told: &Finding| match told.key.kind {
            FindingKind::ProcessPartMissing => {
                told.key.espace == *espace && told.key.attribute == *key
            }
            FindingKind::ProcessStatusMissing | FindingKind::ProcessStatusIdDiffers => {
                told.key.entity == state && told.key.record == *key
            }
            _ => false,
        };
        if finding.needs_decision() {
            self.withdraw(is_told);
        } else if self.out.findings.iter().any(is_told) {
            return;
        }
        let about = id.as_integer().and_then(|id| self.name_of_definition(target, id));
        let about = about.unwrap_or(finding.about);
        self.find(Finding { of_processes: true, about, ..finding });
    }

    /// `Espace.Process.Activity.Value`, as far down as it goes; `Process_Status.Name` of a status.
    fn name_of_definition(&self, target: SystemTarget, id: i64) -> Option<String> {
        let mut own = of(self.source, target).iter().find(|one| one.id == id)?;
        let espace = self.source.espace(&own.espace_key);
        if own.key.is_empty() {
            return Some(format!("{}.{}", target.label(), own.name));
        }
        let mut name = own.name.clone();
        let mut whole = whole_of(target);
        while let (Some(target), Some(id)) = (whole, own.part_of) {
            own = of(self.source, target).iter().find(|one| one.id == id)?;
            name = format!("{}.{name}", own.name);
            whole = whole_of(target);
        }
        Some(format!("{}.{name}", espace?.name))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::OnceCell;
    use std::collections::HashMap;

    use super::*;
    use crate::compare::question::{Answers, Inquiry};
    use crate::compare::{Choice, Comparison, FindingKey, Instances, Selection, choice};
    use crate::outsystems::invented;

    fn finding(kind: FindingKind, key: &str, about: &str) -> Finding {
        let [espace, attribute] = [Key::new("espace"), Key::new(key)];
        let key = FindingKey { espace, attribute, ..FindingKey::new(kind) };
        Finding::decide(key, about.to_owned(), "", "", vec![Choice::stop("stop")], choice::STOP)
    }

    #[test]
    fn what_gives_way_leaves_the_others_to_be_found() {
        let model = invented::environment("db", &[], &[], &[], &[]);
        let (selection, answers) = (Selection::default(), Answers::default());
        let mut work = Work {
            source: &model,
            destination: &model,
            selection: &selection,
            inquiry: Inquiry::new(&answers),
            instances: Instances::default(),
            found: HashMap::new(),
            referring: HashMap::new(),
            referring_there: OnceCell::new(),
            out: Comparison::default(),
        };
        let first = finding(FindingKind::ProcessPartMissing, "part", "first");
        let other = finding(FindingKind::UserMissing, "other", "other");
        let decided = finding(FindingKind::RecordMissing, "part", "decided");
        let keys = [&first, &other, &decided].map(|finding| finding.key.clone());
        work.find(first.clone());
        work.find(other);
        let own = (Key::new("espace"), Key::new("part"));
        let target = SystemTarget::ProcessDefinition;
        work.find_definition(target, &Value::Integer(1), &own, decided);
        // What has given way does not come again.
        work.find(first);
        let about = keys.map(|key| work.found(&key).map(|finding| finding.about.clone()));
        assert_eq!(about, [None, Some("other".to_owned()), Some("decided".to_owned())]);
        assert_eq!(work.out.findings.len(), 2);
    }
}
