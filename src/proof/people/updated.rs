//! Users of the destination that the plan changes: those that take what the source says of them,
//! and those that are deleted and created again.

use super::{People, Tables};
use crate::database::Result;
use crate::migrate::journal::RefusedKind;
use crate::outsystems::{DestinationId, SourceId};
use crate::plan::{Mask, OutsideFate, PersonFate};
use crate::proof::mask;
use crate::proof::result::{Difference, EntityProof};

impl People<'_> {
    /// Updated users hold what the source says, masked as the plan wants it.
    pub(super) async fn updated(&self, tables: &Tables, proof: &mut EntityProof) -> Result<()> {
        let users: Vec<(SourceId, DestinationId)> = self
            .plan
            .users
            .iter()
            .filter_map(|user| match user.fate {
                PersonFate::Update(id) => Some((user.source, id)),
                _ => None,
            })
            .filter(|(source, _)| !self.is_refused(*source))
            .collect();
        if users.is_empty() {
            return Ok(());
        }
        proof.compared += users.len() as u64;
        let names: Vec<&str> = self.plan.user_columns.iter().map(String::as_str).collect();
        for (name, clear, there) in self.on_both_sides(tables, &names, &users).await? {
            let mask = match name {
                "EMAIL" => Some(Mask::Email),
                "MOBILEPHONE" => Some(Mask::Phone),
                _ => None,
            };
            for (source, destination) in &users {
                let (Some(clear), Some(there)) = (clear.get(&source.0), there.get(&destination.0))
                else {
                    continue;
                };
                let masked = mask
                    .as_ref()
                    .and_then(|mask| mask::of_user(self.plan, self.keys, source.0, mask, clear));
                let due = masked.unwrap_or_else(|| clear.clone());
                if due == *there {
                    continue;
                }
                // What stands there is personal: it is not repeated here.
                let what = match mask.is_some() && due != *clear && clear == there {
                    true => "is the source's, in clear; it should be masked",
                    false => "is not what the source says of the user",
                };
                proof.differs(Difference {
                    source: source.to_string(),
                    destination: destination.to_string(),
                    attribute: name.to_owned(),
                    what: what.to_owned(),
                });
            }
        }
        Ok(())
    }

    /// Users that were to go before they are created again are gone, and what was to go with them.
    pub(super) async fn gone(&self, proof: &mut EntityProof) -> Result<()> {
        for outside in self.plan.outside.iter().filter(|one| one.is_late) {
            let is_of_people = outside.table.name.to_uppercase().starts_with("OSSYS_");
            if outside.fate != OutsideFate::Deleted || !is_of_people {
                continue;
            }
            let rows = self.destination.count(&outside.table, &outside.filter).await?;
            if rows > 0 {
                proof.differs(Difference {
                    attribute: outside.table.to_string(),
                    what: format!("{rows} rows of users who were to be deleted are still there"),
                    ..Difference::default()
                });
            }
        }
        Ok(())
    }

    fn is_refused(&self, source: SourceId) -> bool {
        self.refused.iter().any(|refused| {
            refused.kind == RefusedKind::Person
                && refused.place.to_uppercase().ends_with("OSSYS_USER")
                && refused.key.as_integer() == Some(source.0)
        })
    }
}
