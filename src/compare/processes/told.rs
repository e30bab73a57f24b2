//! Definitions and statuses that rows of the run refer to, as far as these ask for a decision: it is
//! told once, with the processes.

use super::super::{Finding, FindingKind, Work};
use crate::outsystems::{Key, SystemTarget};

impl Work<'_> {
    /// Keeps a finding about a definition or a status, of this espace and key, that rows refer to. What
    /// the comparison of the processes has said of it before gives way to a decision, and does instead
    /// of a note.
    pub(in super::super) fn find_definition(
        &mut self,
        target: SystemTarget,
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
            self.out.findings.retain(|told| !is_told(told));
        } else if self.out.findings.iter().any(is_told) {
            return;
        }
        self.find(Finding { of_processes: true, ..finding });
    }
}
