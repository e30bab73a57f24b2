//! Choosing and leaving, as changes of what a plan names: applications, solutions, espaces, and
//! entities to exclude. Pure: a request in, the changed request out, as short and readable as it
//! can be and saying exactly what the person sees.

#[cfg(test)]
mod tests;

use std::collections::HashSet;

use super::catalogue::{Catalogue, Cut, TopKind};
use crate::outsystems::EntityIndex;
use crate::plan::ScopeRequest;

/// Something to choose or to leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pick {
    /// An application or solution, by its place.
    Top(usize),
    /// An espace, by its place.
    Espace(usize),
    /// An entity.
    Entity(EntityIndex),
}

/// What a request names, by places. Names that mean nothing are left aside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// Which tops.
    pub tops: Vec<bool>,
    /// Which espaces, by themselves or by a top.
    pub espaces: Vec<bool>,
    /// Which entities are named by themselves.
    pub single: Vec<bool>,
    /// Which entities are excluded.
    pub excluded: Vec<bool>,
}

impl Named {
    /// Reads a request.
    #[must_use]
    pub fn new(catalogue: &Catalogue, request: &ScopeRequest) -> Self {
        let mut named = Self {
            tops: vec![false; catalogue.tops.len()],
            espaces: vec![false; catalogue.espaces.len()],
            single: vec![false; catalogue.items.len()],
            excluded: vec![false; catalogue.items.len()],
        };
        let applications = request.applications.iter().filter_map(|n| catalogue.application(n));
        let solutions = request.solutions.iter().filter_map(|n| catalogue.solution(n));
        for top in applications.chain(solutions) {
            named.tops[top] = true;
            for espace in &catalogue.tops[top].espaces {
                named.espaces[*espace] = true;
            }
        }
        for espace in request.espaces.iter().filter_map(|name| catalogue.espace(name)) {
            named.espaces[espace] = true;
        }
        for index in request.entities.iter().flat_map(|name| catalogue.entities(name)) {
            named.single[index.0] = true;
        }
        for index in request.exclude.iter().flat_map(|name| catalogue.entities(name)) {
            named.excluded[index.0] = true;
        }
        named
    }

    /// Whether an entity is chosen.
    #[must_use]
    pub fn is_chosen(&self, catalogue: &Catalogue, index: EntityIndex) -> bool {
        let item = &catalogue.items[index.0];
        item.never.is_none()
            && !self.excluded[index.0]
            && (self.single[index.0] || item.espace.is_some_and(|espace| self.espaces[espace]))
    }

    /// Whether an espace is named only by single entities of its own.
    fn is_single(&self, catalogue: &Catalogue, espace: usize) -> bool {
        let entities = &catalogue.espaces[espace].entities;
        !self.espaces[espace] && entities.iter().any(|index| self.single[index.0])
    }

    /// The chosen entities.
    #[must_use]
    pub fn chosen(&self, catalogue: &Catalogue) -> Vec<bool> {
        let all = 0..catalogue.items.len();
        all.map(|place| self.is_chosen(catalogue, EntityIndex(place))).collect()
    }
}

/// The entities that a pick means.
#[must_use]
pub fn entities_of(catalogue: &Catalogue, pick: Pick) -> Vec<EntityIndex> {
    let of_espace = |espace: &usize| catalogue.espaces[*espace].candidates().to_vec();
    match pick {
        Pick::Top(top) => catalogue.tops[top].espaces.iter().flat_map(of_espace).collect(),
        Pick::Espace(espace) => of_espace(&espace),
        Pick::Entity(index) => vec![index],
    }
}

/// Chooses. A single entity of an espace that is not named names the espace and excludes its other
/// entities. What a chosen entity needs comes along, except where it was left out although
/// something chosen needed it already: that was on purpose.
#[must_use]
pub fn choose(
    catalogue: &Catalogue,
    cut: &Cut,
    request: &ScopeRequest,
    picks: &[Pick],
) -> ScopeRequest {
    let mut draft = Draft::new(catalogue, request);
    let chosen = draft.named.chosen(catalogue);
    let scope = catalogue.with_needs(&chosen, cut, |index| draft.named.excluded[index.0]);
    let mut is_on_purpose = vec![false; catalogue.items.len()];
    for index in (0..scope.len()).filter(|place| scope[*place]).map(EntityIndex) {
        for needed in catalogue.needs(index, cut) {
            is_on_purpose[needed.0] |= draft.named.excluded[needed.0];
        }
    }
    let mut wanted = chosen;
    let mut fresh: Vec<usize> = Vec::new();
    for pick in picks {
        for index in entities_of(catalogue, *pick) {
            if catalogue.items[index.0].never.is_none() {
                wanted[index.0] = true;
                is_on_purpose[index.0] = false;
            }
        }
        if let Pick::Entity(index) = pick
            && let Some(espace) = catalogue.items[index.0].espace
            && !draft.named.espaces[espace]
            && !fresh.contains(&espace)
        {
            if draft.named.is_single(catalogue, espace) {
                draft.named.single[index.0] = true;
            } else {
                fresh.push(espace);
            }
        }
    }
    for pick in picks {
        match pick {
            Pick::Top(top) => draft.name_top(*top),
            Pick::Espace(espace) => draft.name_espace(*espace),
            Pick::Entity(_) => {}
        }
    }
    // An espace that is named as a whole by another pick is not fresh any more.
    fresh.retain(|espace| !draft.named.espaces[*espace]);
    let after = catalogue.with_needs(&wanted, cut, |index| is_on_purpose[index.0]);
    for (place, is_inside) in after.iter().enumerate() {
        if *is_inside {
            draft.named.excluded[place] = false;
        }
    }
    for espace in fresh {
        if !catalogue.espaces[espace].is_addressable {
            continue;
        }
        for index in catalogue.espaces[espace].candidates() {
            draft.named.excluded[index.0] = !after[index.0];
        }
        draft.name_espace(espace);
    }
    draft.finish()
}

/// Leaves. `bar` keeps the entities out even where something refers to them.
#[must_use]
pub fn leave(
    catalogue: &Catalogue,
    request: &ScopeRequest,
    picks: &[Pick],
    bar: bool,
) -> ScopeRequest {
    let mut draft = Draft::new(catalogue, request);
    let mut goes = vec![false; catalogue.espaces.len()];
    let mut tops = vec![false; catalogue.tops.len()];
    let mut touched: HashSet<usize> = HashSet::new();
    let mut barred = Vec::new();
    for pick in picks {
        match pick {
            Pick::Top(top) => {
                tops[*top] = true;
                catalogue.tops[*top].espaces.iter().for_each(|espace| goes[*espace] = true);
            }
            Pick::Espace(espace) => goes[*espace] = true,
            Pick::Entity(index) => {
                let espace = catalogue.items[index.0].espace;
                if espace.is_some_and(|espace| draft.named.is_single(catalogue, espace)) {
                    draft.named.single[index.0] = false;
                } else if draft.named.is_chosen(catalogue, *index) {
                    draft.named.excluded[index.0] = true;
                    touched.extend(espace);
                }
                if bar {
                    barred.push(*index);
                }
            }
        }
    }
    // An espace of which nothing is chosen any more need not be named.
    for espace in touched {
        let candidates = catalogue.espaces[espace].candidates();
        if candidates.iter().all(|index| draft.named.excluded[index.0]) {
            goes[espace] = true;
        }
    }
    draft.unname(&goes, &tops);
    for (espace, _) in goes.iter().enumerate().filter(|(_, goes)| **goes) {
        for index in &catalogue.espaces[espace].entities {
            draft.named.excluded[index.0] = false;
            draft.named.single[index.0] = false;
        }
    }
    for index in barred {
        draft.named.excluded[index.0] = true;
    }
    draft.finish()
}

/// A request that is being changed.
struct Draft<'a> {
    catalogue: &'a Catalogue,
    request: ScopeRequest,
    named: Named,
}

impl<'a> Draft<'a> {
    fn new(catalogue: &'a Catalogue, request: &ScopeRequest) -> Self {
        let named = Named::new(catalogue, request);
        Self { catalogue, request: request.clone(), named }
    }

    fn name_top(&mut self, top: usize) {
        let place = top;
        let top = &self.catalogue.tops[place];
        if !top.is_addressable {
            for espace in &top.espaces {
                if !self.catalogue.espaces[*espace].is_system {
                    self.name_espace(*espace);
                }
            }
            return;
        }
        if !self.named.tops[place] {
            match top.kind {
                TopKind::Solution => self.request.solutions.push(top.name.clone()),
                _ => self.request.applications.push(top.name.clone()),
            }
            self.named.tops[place] = true;
        }
        for espace in &top.espaces {
            self.named.espaces[*espace] = true;
        }
    }

    /// Names an espace; the last one of an application brings the application's name back.
    fn name_espace(&mut self, espace: usize) {
        let module = &self.catalogue.espaces[espace];
        if self.named.espaces[espace] || !module.is_addressable {
            return;
        }
        self.named.espaces[espace] = true;
        let whole = module.tops.iter().copied().find(|top| {
            let top = &self.catalogue.tops[*top];
            top.kind == TopKind::Application
                && top.is_addressable
                && top.espaces.len() > 1
                && top.espaces.iter().all(|espace| {
                    self.named.espaces[*espace] && !self.catalogue.espaces[*espace].is_system
                })
        });
        match whole {
            Some(top) => self.name_top(top),
            None => self.request.espaces.push(module.name.clone()),
        }
    }

    /// Takes espaces out; applications and solutions that hold them are replaced by the rest of
    /// theirs.
    fn unname(&mut self, goes: &[bool], tops: &[bool]) {
        let catalogue = self.catalogue;
        let loses = |top: usize| {
            tops[top] || catalogue.tops[top].espaces.iter().any(|espace| goes[*espace])
        };
        let mut broken = Vec::new();
        self.request.applications.retain(|name| match catalogue.application(name) {
            Some(top) if loses(top) => {
                broken.push(top);
                false
            }
            _ => true,
        });
        self.request.solutions.retain(|name| match catalogue.solution(name) {
            Some(top) if loses(top) => {
                broken.push(top);
                false
            }
            _ => true,
        });
        self.request
            .espaces
            .retain(|name| catalogue.espace(name).is_none_or(|espace| !goes[espace]));
        self.renew();
        for top in broken {
            let top = &catalogue.tops[top];
            let stays = |espace: usize| !goes[espace] && !catalogue.espaces[espace].is_system;
            if top.kind == TopKind::Solution {
                self.name_whole_applications(&top.espaces, &stays);
            }
            for espace in top.espaces.iter().copied().filter(|espace| stays(*espace)) {
                let module = &catalogue.espaces[espace];
                if !self.named.espaces[espace] && module.is_addressable {
                    self.request.espaces.push(module.name.clone());
                    self.named.espaces[espace] = true;
                }
            }
        }
    }

    /// Applications that lie wholly among these espaces are named as such.
    fn name_whole_applications(&mut self, espaces: &[usize], stays: &dyn Fn(usize) -> bool) {
        let catalogue = self.catalogue;
        for espace in espaces {
            for top in &catalogue.espaces[*espace].tops {
                let of = &catalogue.tops[*top];
                let is_whole = of.kind == TopKind::Application
                    && of.is_addressable
                    && of.espaces.iter().all(|espace| stays(*espace) && espaces.contains(espace));
                if is_whole && !self.named.espaces[*espace] {
                    self.name_top(*top);
                }
            }
        }
    }

    /// What the lists name now.
    fn renew(&mut self) {
        let excluded = std::mem::take(&mut self.named.excluded);
        let single = std::mem::take(&mut self.named.single);
        self.named = Named { excluded, single, ..Named::new(self.catalogue, &self.request) };
    }

    /// The request without what says nothing: a name twice, an espace of a named application, an
    /// application of a named solution.
    fn finish(mut self) -> ScopeRequest {
        let catalogue = self.catalogue;
        let request = &mut self.request;
        let in_solutions: HashSet<usize> = request
            .solutions
            .iter()
            .filter_map(|name| catalogue.solution(name))
            .flat_map(|top| catalogue.tops[top].espaces.iter().copied())
            .collect();
        request.applications.retain(|name| {
            catalogue.application(name).is_none_or(|top| {
                let espaces = &catalogue.tops[top].espaces;
                espaces.is_empty() || !espaces.iter().all(|espace| in_solutions.contains(espace))
            })
        });
        let mut in_tops = in_solutions;
        for top in request.applications.iter().filter_map(|name| catalogue.application(name)) {
            in_tops.extend(&catalogue.tops[top].espaces);
        }
        request
            .espaces
            .retain(|name| catalogue.espace(name).is_none_or(|espace| !in_tops.contains(&espace)));
        for list in [&mut request.applications, &mut request.espaces, &mut request.solutions] {
            once(list);
        }
        self.finish_single();
        let request = &mut self.request;
        // A name excludes all that carry it, or none.
        for same in catalogue.namesakes() {
            if same.iter().any(|index| !self.named.excluded[index.0]) {
                same.iter().for_each(|index| self.named.excluded[index.0] = false);
            }
        }
        let excluded = &self.named.excluded;
        request.exclude.retain(|name| {
            let means = catalogue.entities(name);
            means.is_empty() || means.iter().any(|index| excluded[index.0])
        });
        once(&mut request.exclude);
        let known: HashSet<EntityIndex> =
            request.exclude.iter().flat_map(|name| catalogue.entities(name)).copied().collect();
        let mut more: Vec<String> = (0..excluded.len())
            .map(EntityIndex)
            .filter(|index| excluded[index.0] && !known.contains(index))
            .map(|index| catalogue.full_name(index))
            .collect();
        more.sort_by_key(|name| name.to_lowercase());
        request.exclude.extend(more);
        once(&mut request.exclude);
        self.request
    }
}

impl Draft<'_> {
    /// The single entities: those of espaces that are named as a whole say nothing.
    fn finish_single(&mut self) {
        let catalogue = self.catalogue;
        let after = Named::new(catalogue, &self.request);
        let is_whole = |index: &EntityIndex| {
            catalogue.items[index.0].espace.is_some_and(|espace| after.espaces[espace])
        };
        for index in (0..self.named.single.len()).map(EntityIndex) {
            self.named.single[index.0] &= !is_whole(&index);
        }
        let single = &self.named.single;
        self.request.entities.retain(|name| {
            let means = catalogue.entities(name);
            means.is_empty() || means.iter().any(|index| single[index.0])
        });
        let known: HashSet<EntityIndex> = {
            let names = self.request.entities.iter();
            names.flat_map(|name| catalogue.entities(name)).copied().collect()
        };
        let more = (0..single.len()).map(EntityIndex);
        let more = more.filter(|index| single[index.0] && !known.contains(index));
        self.request.entities.extend(more.map(|index| catalogue.full_name(index)));
        once(&mut self.request.entities);
        // What is chosen by itself is not excluded.
        for (place, is_single) in single.iter().enumerate() {
            self.named.excluded[place] &= !is_single;
        }
    }
}

/// Every name once.
fn once(names: &mut Vec<String>) {
    let mut seen = HashSet::new();
    names.retain(|name| seen.insert(name.trim().to_lowercase()));
}
