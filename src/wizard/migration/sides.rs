//! What is known of the two sides: their models, the rows counted in them, the secrets offered for
//! them. Another endpoint or another secret drops what was known of a side.

use std::sync::Arc;

use super::super::jobs::Purpose;
use super::super::message::{Check, Effect};
use super::super::secret_field::Password;
use super::Migration;
use crate::outsystems::{EntityIndex, Environment, Side};
use crate::plan::{Endpoint, EndpointEngine};

/// What is known of one side.
#[derive(Debug, Default)]
pub struct SideKnown {
    /// The checks of its connection, in their order.
    pub checks: Vec<Check>,
    /// Its model, once read.
    pub model: Option<Arc<Environment>>,
    /// When it was checked.
    pub checked: String,
    /// The password or token typed; asked again when it expired.
    pub secret: Option<Password>,
    /// The endpoint that was checked: another one drops the results.
    pub tested: Option<Endpoint>,
}

/// A secret that a variable of the environment holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferedSecret {
    /// For which side.
    pub side: Side,
    /// Whether it is an Entra token, not a password.
    pub is_token: bool,
    /// The variable's name.
    pub variable: String,
    /// What it holds.
    pub secret: Password,
}

impl Migration {
    /// What is known of a side.
    #[must_use]
    pub fn side(&self, side: Side) -> &SideKnown {
        match side {
            Side::Source => &self.source,
            Side::Destination => &self.destination,
        }
    }

    /// The same, to be changed.
    pub fn side_mut(&mut self, side: Side) -> &mut SideKnown {
        match side {
            Side::Source => &mut self.source,
            Side::Destination => &mut self.destination,
        }
    }

    /// Where a side is.
    #[must_use]
    pub fn endpoint(&self, side: Side) -> &Endpoint {
        match side {
            Side::Source => &self.plan.source,
            Side::Destination => &self.plan.destination,
        }
    }

    /// The database's name of a side, as far as it is known: what texts call it.
    #[must_use]
    pub fn name_of(&self, side: Side) -> String {
        if let Some(model) = &self.side(side).model {
            return model.facts.database.clone();
        }
        if let Some(reported) = self.report.as_ref().filter(|_| self.is_earlier_run()) {
            return match side {
                Side::Source => database_of(&reported.report.source).to_owned(),
                Side::Destination => reported.report.destination_database.clone(),
            };
        }
        match &self.endpoint(side).engine {
            EndpointEngine::SqlServer { database, .. } if !database.is_empty() => database.clone(),
            EndpointEngine::Sqlite { path } => path
                .file_stem()
                .map_or_else(|| side.to_string(), |stem| stem.to_string_lossy().into_owned()),
            EndpointEngine::SqlServer { .. } => side.to_string(),
        }
    }

    /// Both models, once both are read.
    #[must_use]
    pub fn models(&self) -> Option<(&Arc<Environment>, &Arc<Environment>)> {
        self.source.model.as_ref().zip(self.destination.model.as_ref())
    }

    /// Rows of an entity, once counted.
    #[must_use]
    pub fn count(&self, side: Side, entity: EntityIndex) -> Option<u64> {
        self.counts.get(&(side, entity)).copied()
    }

    /// Changes a side: what was known of it is dropped.
    pub fn set_endpoint(&mut self, side: Side, endpoint: Endpoint) {
        if !self.may_change() || *self.endpoint(side) == endpoint {
            return;
        }
        match side {
            Side::Source => self.plan.source = endpoint,
            Side::Destination => self.plan.destination = endpoint,
        }
        self.forget(side);
        self.save = true;
    }

    /// Changes how a side is signed in to: what was known of it is dropped.
    pub fn set_secret(&mut self, side: Side, secret: Option<Password>) {
        if self.side(side).secret != secret {
            self.forget(side);
            self.side_mut(side).secret = secret;
        }
    }

    /// Drops what was known of a side, and what followed from it.
    fn forget(&mut self, side: Side) {
        self.jobs.drop(Purpose::Test(side));
        self.jobs.drop(Purpose::Count);
        let secret = self.side_mut(side).secret.take();
        *self.side_mut(side) = SideKnown { secret, ..SideKnown::default() };
        self.counts.retain(|(of, _), _| *of != side);
        if let Some(known) = &mut self.errand {
            known.foreseen = None;
            known.compared = None;
        }
        self.review = None;
        self.lapse();
    }

    /// Tests a side: reaches it, signs in, reads its model.
    pub fn test(&mut self, side: Side) {
        if !self.may_connect() {
            return;
        }
        let endpoint = self.endpoint(side).clone();
        let secret = self.side(side).secret.clone();
        self.forget(side);
        self.side_mut(side).tested = Some(endpoint.clone());
        self.start(Purpose::Test(side), |job| Effect::Test { job, side, endpoint, secret });
    }

    /// Whether a side is being tested.
    #[must_use]
    pub fn is_testing(&self, side: Side) -> bool {
        self.jobs.is_running(Purpose::Test(side))
    }

    /// The secret that a variable offers for a side.
    #[must_use]
    pub fn offered(&self, side: Side, is_token: bool) -> Option<&OfferedSecret> {
        self.offers.iter().find(|offer| offer.side == side && offer.is_token == is_token)
    }

    /// The variable that a side's secret came from, if it did.
    #[must_use]
    pub fn offered_from(&self, side: Side, secret: &Password) -> Option<String> {
        let from = self.offers.iter().find(|offer| offer.side == side && offer.secret == *secret);
        from.map(|offer| offer.variable.clone())
    }
}

/// The last part of a place: the database on its server, or the file without its ending.
fn database_of(place: &str) -> &str {
    let last = place.rsplit(['/', '\\']).next().unwrap_or(place);
    last.strip_suffix(".sqlite").unwrap_or(last)
}
