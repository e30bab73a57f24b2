//! Tenants: matched by name and user provider.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::Match;
use crate::compare::{Choice, Finding, FindingKey, FindingKind, Work, choice};
use crate::database::{ColumnRef, Filter};
use crate::outsystems::{DestinationId, Environment, Key, Side, SourceId, SystemTarget, Tenant};

/// The espace that owns the platform's own users (`metamodel.md` §6).
const SERVICE_CENTER: &str = "ServiceCenter";
/// A tenant of the run.
#[derive(Clone, Debug)]
pub struct TenantMatch {
    /// Its id in the source.
    pub source: SourceId,
    /// Its name.
    pub name: Key,
    /// What was found.
    pub matched: Match,
    /// The one it was mapped to by a decision, when the destination has none of its name.
    pub mapped: Option<DestinationId>,
    /// Whether rows or users of the run belong to it.
    pub is_needed: bool,
    /// The finding, when it has no counterpart.
    pub finding: Option<FindingKey>,
}

impl TenantMatch {
    /// The tenant its rows and users go to: the one that was found, or the one it was mapped to.
    #[must_use]
    pub fn destination(&self) -> Option<DestinationId> {
        self.matched.found().or(self.mapped)
    }
}

/// The active tenants that a person may mean: by id, or by name, with ` of ` and the user provider
/// or without.
#[must_use]
pub fn tenants_named(destination: &Environment, to: &str) -> Vec<DestinationId> {
    let number = to.trim().parse::<i64>().ok();
    let is_meant = |tenant: &&Tenant| {
        let full = format!("{} of {}", tenant.name, tenant.provider_name);
        tenant.is_active
            && (Some(tenant.id) == number
                || tenant.name == Key::new(to)
                || Key::new(&full) == Key::new(to))
    };
    destination.tenants.iter().filter(is_meant).map(|tenant| DestinationId(tenant.id)).collect()
}

/// How many tenants of the source are the active tenant of the same id in the destination, by name
/// and user provider.
pub(in crate::compare) fn same_tenants(source: &Environment, destination: &Environment) -> usize {
    let is_same = |tenant: &&Tenant| {
        destination.tenant(tenant.id).is_some_and(|other| {
            other.is_active && other.name == tenant.name && other.provider == tenant.provider
        })
    };
    source.tenants.iter().filter(is_same).count()
}

impl Work<'_> {
    pub(super) fn needed_tenants(
        &mut self,
        users: &HashSet<SourceId>,
        groups: &BTreeMap<SourceId, u64>,
    ) -> Option<BTreeSet<SourceId>> {
        let mut needed: BTreeSet<SourceId> =
            self.needed(SystemTarget::Tenant)?.into_keys().collect();
        let mut complete = true;
        for pair in &self.out.pairs {
            if let Some((column, _)) = &pair.tenant {
                let table = &self.source.entity(pair.source).table;
                let column = ColumnRef::from(column);
                match self.inquiry.values(Side::Source, table, column, Filter::All) {
                    Some(values) => {
                        let ids = values.iter().filter_map(|(value, _)| value.as_integer());
                        needed.extend(ids.map(SourceId));
                    }
                    None => complete = false,
                }
            }
        }
        let of_users = self.source.users.iter().filter(|u| users.contains(&SourceId(u.id)));
        needed.extend(of_users.filter_map(|user| user.tenant_id.map(SourceId)));
        let of_groups = self.source.groups.iter().filter(|g| groups.contains_key(&SourceId(g.id)));
        needed.extend(of_groups.filter_map(|group| group.tenant_id.map(SourceId)));
        needed.remove(&SourceId(0));
        complete.then_some(needed)
    }

    pub(super) fn tenants(&mut self, needed: &BTreeSet<SourceId>) {
        let mut all: Vec<Tenant> = self.source.tenants.clone();
        for id in needed {
            if self.source.tenant(id.0).is_none() {
                all.push(Tenant {
                    id: id.0,
                    name: Key::new(&format!("tenant {id}")),
                    provider: Key::default(),
                    provider_name: String::new(),
                    is_active: false,
                });
            }
        }
        for tenant in all {
            let is_needed = needed.contains(&SourceId(tenant.id));
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
                [one] => Match::Found(DestinationId(one.id)),
                [] => Match::Missing,
                _ => Match::Ambiguous(
                    candidates.iter().map(|other| DestinationId(other.id)).collect(),
                ),
            };
            let (mut finding, mut mapped) = (None, None);
            if is_needed && matched.found().is_none() {
                let key = FindingKey {
                    tenant: tenant.name.clone(),
                    espace: tenant.provider.clone(),
                    ..FindingKey::new(FindingKind::TenantMissing)
                };
                let decided = self.selection.mapped.get(&key);
                mapped = match decided.map(|to| tenants_named(self.destination, to)).as_deref() {
                    Some([one]) => Some(*one),
                    _ => None,
                };
                let offered: Vec<String> = self
                    .destination
                    .tenants
                    .iter()
                    .filter(|other| other.is_active)
                    .map(|other| format!("{} of {}", other.name, other.provider_name))
                    .collect();
                let (about, what, why) = self.about_missing(&tenant, &matched);
                self.find(
                    Finding::decide(
                        key.clone(),
                        about,
                        what,
                        why,
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
                source: SourceId(tenant.id),
                name: tenant.name,
                matched,
                mapped,
                is_needed,
                finding,
            });
        }
    }

    /// Which tenant has no counterpart, what is wrong with it, and what that means.
    fn about_missing(
        &self,
        tenant: &Tenant,
        matched: &Match,
    ) -> (String, &'static str, &'static str) {
        if self.source.tenant(tenant.id).is_none() {
            return (
                tenant.name.as_str().to_owned(),
                "the source has no tenant of this id",
                "Its rows are there all the same; nothing tells whose they were. Say to which tenant \
                 they go.",
            );
        }
        let what = match matched {
            Match::Ambiguous(_) => "several active tenants of the destination have this name",
            _ => "the destination has no active tenant of this name",
        };
        (
            format!("tenant {} of {}", tenant.name, tenant.provider_name),
            what,
            "Rows of a tenant go to the tenant of the same name and user provider. Make it in the \
             Users application, or map it.",
        )
    }

    /// Whether it has been looked which tenant is which: what that needs has been counted.
    pub(in crate::compare) fn tenants_are_known(&self) -> bool {
        self.source.tenants.is_empty() || !self.out.tenants.is_empty()
    }

    /// The destination's tenant for a source tenant.
    pub(super) fn mapped_tenant(&self, source: Option<SourceId>) -> Option<Option<DestinationId>> {
        match source {
            None => Some(None),
            Some(id) => self
                .out
                .tenants
                .iter()
                .find(|tenant| tenant.source == id)
                .and_then(TenantMatch::destination)
                .map(Some),
        }
    }

    pub(in crate::compare) fn tenant_name(&self, id: Option<SourceId>) -> Key {
        id.and_then(|id| self.source.tenant(id.0))
            .map(|tenant| tenant.name.clone())
            .unwrap_or_default()
    }

    pub(super) fn is_platform_tenant(&self, id: Option<SourceId>) -> bool {
        id.and_then(|id| self.source.tenant(id.0))
            .is_some_and(|tenant| tenant.provider_name.eq_ignore_ascii_case(SERVICE_CENTER))
    }

    /// The same of a tenant of the destination.
    pub(super) fn is_platform_tenant_there(&self, id: Option<i64>) -> bool {
        id.and_then(|id| self.destination.tenant(id))
            .is_some_and(|tenant| tenant.provider_name.eq_ignore_ascii_case(SERVICE_CENTER))
    }
}
