//! Tenants: matched by name and user provider.

use std::collections::{BTreeMap, BTreeSet};

use super::Match;
use crate::compare::{Choice, Finding, FindingKey, FindingKind, Work, choice};
use crate::database::{ColumnRef, Filter};
use crate::outsystems::{Key, Side, SystemTarget, Tenant};

/// The espace that owns the platform's own users (`metamodel.md` §6).
const SERVICE_CENTER: &str = "ServiceCenter";
/// A tenant of the run.
#[derive(Clone, Debug)]
pub struct TenantMatch {
    /// Its id in the source.
    pub source: i64,
    /// Its name.
    pub name: Key,
    /// What was found.
    pub matched: Match,
    /// Whether rows or users of the run belong to it.
    pub is_needed: bool,
    /// The finding, when it has no counterpart.
    pub finding: Option<FindingKey>,
}

impl Work<'_> {
    pub(super) fn needed_tenants(
        &mut self,
        users: &BTreeMap<i64, u64>,
        groups: &BTreeMap<i64, u64>,
    ) -> Option<BTreeSet<i64>> {
        let mut needed: BTreeSet<i64> = self.needed(SystemTarget::Tenant)?.into_keys().collect();
        let mut complete = true;
        for pair in &self.out.pairs {
            if let Some((column, _)) = &pair.tenant {
                let table = &self.source.entity(pair.source).table;
                let column = ColumnRef::from(column);
                match self.inquiry.values(Side::Source, table, column, Filter::All) {
                    Some(values) => {
                        needed.extend(values.iter().filter_map(|(value, _)| value.as_integer()));
                    }
                    None => complete = false,
                }
            }
        }
        let of_users = self.source.users.iter().filter(|user| users.contains_key(&user.id));
        needed.extend(of_users.filter_map(|user| user.tenant_id));
        let of_groups = self.source.groups.iter().filter(|group| groups.contains_key(&group.id));
        needed.extend(of_groups.filter_map(|group| group.tenant_id));
        needed.remove(&0);
        complete.then_some(needed)
    }

    pub(super) fn tenants(&mut self, needed: &BTreeSet<i64>) {
        let mut all: Vec<Tenant> = self.source.tenants.clone();
        for id in needed {
            if !all.iter().any(|tenant| tenant.id == *id) {
                all.push(Tenant {
                    id: *id,
                    name: Key::new(&format!("tenant {id}")),
                    provider: Key::default(),
                    provider_name: String::new(),
                    is_active: false,
                });
            }
        }
        for tenant in all {
            let is_needed = needed.contains(&tenant.id);
            let candidates: Vec<&Tenant> = self
                .destination
                .tenants
                .iter()
                .filter(|other| {
                    other.is_active
                        && !tenant.name.is_empty()
                        && other.name == tenant.name
                        && other.provider == tenant.provider
                        && !tenant.provider.is_empty()
                })
                .collect();
            let matched = match candidates[..] {
                [one] => Match::Found(one.id),
                [] => Match::Missing,
                _ => Match::Ambiguous(candidates.iter().map(|tenant| tenant.id).collect()),
            };
            let mut finding = None;
            if is_needed && matched.found().is_none() {
                let key = FindingKey {
                    tenant: tenant.name.clone(),
                    espace: tenant.provider.clone(),
                    ..FindingKey::new(FindingKind::TenantMissing)
                };
                let offered: Vec<String> = self
                    .destination
                    .tenants
                    .iter()
                    .filter(|other| other.is_active)
                    .map(|other| format!("{} of {}", other.name, other.provider_name))
                    .collect();
                self.find(
                    Finding::decide(
                        key.clone(),
                        format!("tenant {} of {}", tenant.name, tenant.provider_name),
                        if matches!(matched, Match::Ambiguous(_)) {
                            "several active tenants of the destination have this name"
                        } else {
                            "the destination has no active tenant of this name"
                        },
                        "Rows of a tenant go to the tenant of the same name and user provider. Make it \
                         in the Users application, or map it.",
                        vec![
                            Choice::stop("do not run until the tenant is there"),
                            Choice::new(choice::MAP, "use another tenant").to_a_target(),
                        ],
                        choice::STOP,
                    )
                    .offering(offered),
                );
                finding = Some(key);
            }
            self.out.tenants.push(TenantMatch {
                source: tenant.id,
                name: tenant.name,
                matched,
                is_needed,
                finding,
            });
        }
    }

    /// The destination's tenant for a source tenant.
    pub(super) fn mapped_tenant(&self, source: Option<i64>) -> Option<Option<i64>> {
        match source {
            None => Some(None),
            Some(id) => self
                .out
                .tenants
                .iter()
                .find(|tenant| tenant.source == id)
                .and_then(|tenant| tenant.matched.found())
                .map(Some),
        }
    }

    pub(super) fn tenant_name(&self, id: Option<i64>) -> Key {
        id.and_then(|id| self.source.tenant(id))
            .map(|tenant| tenant.name.clone())
            .unwrap_or_default()
    }

    pub(super) fn is_platform_tenant(&self, id: Option<i64>) -> bool {
        id.and_then(|id| self.source.tenant(id))
            .is_some_and(|tenant| tenant.provider_name.eq_ignore_ascii_case(SERVICE_CENTER))
    }
}
