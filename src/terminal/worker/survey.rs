//! Comparing, counting and planning, as often as an answer changes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Reporter;
use super::desk::{Desk, Sides};
use crate::compare::Answers;
use crate::database::{Filter, Result, Source};
use crate::front::{Home, forecast, room};
use crate::migrate::survey as have_answered;
use crate::outsystems::{EntityIndex, Side};
use crate::plan::{self, Decisions, Plan, RunOptions, ScopeRequest, review};
use crate::wizard::message::Fact;

/// What is to be compared and planned.
pub(super) struct Asked {
    pub(super) name: String,
    pub(super) scope: ScopeRequest,
    pub(super) decisions: Decisions,
    pub(super) options: RunOptions,
}

/// Answers that follow each other quickly are waited for.
const SETTLE: Duration = Duration::from_millis(80);

pub(super) async fn survey(
    home: &Home,
    desk: &Desk,
    asked: &Asked,
    again: bool,
    to: &Reporter,
) -> Result<()> {
    tokio::time::sleep(SETTLE).await;
    desk.put_plan(None).await;
    let sides = desk.sides().await?;
    let environments = sides.environments();
    let mut answers = desk.answers.lock().await;
    if again {
        *answers = Answers::default();
    }
    // What the models alone say is there at once; counts follow.
    let first = review(
        environments.source_model,
        environments.destination_model,
        &asked.scope,
        &asked.decisions,
        &answers,
    );
    match first {
        Err(error) => {
            to.tell(Fact::ScopeUnknown(error.to_string()));
            return Ok(());
        }
        Ok(first) => {
            to.tell(Fact::Counting(first.comparison.questions.len()));
            to.tell(Fact::Surveyed(Arc::new(first)));
        }
    }
    let mut said = Instant::now();
    let reviewed =
        have_answered(environments, &asked.scope, &asked.decisions, &mut answers, |open| {
            if said.elapsed() > Duration::from_millis(200) {
                said = Instant::now();
                to.tell(Fact::Counting(open));
            }
        })
        .await?;
    drop(answers);
    let reviewed = match reviewed {
        Ok(reviewed) => Arc::new(reviewed),
        Err(error) => {
            to.tell(Fact::ScopeUnknown(error.to_string()));
            return Ok(());
        }
    };
    to.tell(Fact::Counting(0));
    to.tell(Fact::Surveyed(Arc::clone(&reviewed)));
    let mut decisions = asked.decisions.clone();
    decisions.follow(&reviewed.comparison);
    let planned = plan::build(
        &asked.name,
        environments.source_model,
        environments.destination_model,
        &reviewed,
        &decisions,
        &asked.options,
    );
    let planned = planned.map(Arc::new).map_err(Arc::new);
    let plan = planned.as_ref().ok().cloned();
    desk.put_plan(plan.clone()).await;
    to.tell(Fact::Planned(planned));
    // Nothing depends on this forecast yet: Review makes it again, and says what is wrong then.
    if let Some(plan) = plan {
        if let Ok(room) = room(home, &plan, sides.destination.as_source()).await {
            to.tell(Fact::Room(room));
        }
        foretell(home, &plan, &sides, to).await;
    }
    Ok(())
}

/// What a plan will take.
pub(super) async fn foretell(home: &Home, plan: &Plan, sides: &Sides, to: &Reporter) {
    let (source, destination) = (sides.source.as_ref(), sides.destination.as_source());
    if let Ok(forecast) = forecast(home, plan, source, destination).await {
        to.tell(Fact::Forecast(Box::new(forecast)));
    }
}

/// Counts the rows of entities, one after the other.
pub(super) async fn count(
    desk: &Desk,
    wanted: &[(Side, EntityIndex)],
    to: &Reporter,
) -> Result<()> {
    let sides = desk.sides().await?;
    for (side, entity) in wanted {
        let (database, model): (&dyn Source, _) = match side {
            Side::Source => (sides.source.as_ref(), &sides.source_model),
            Side::Destination => (sides.destination.as_source(), &sides.destination_model),
        };
        let Some(shape) =
            model.entities.get(entity.0).and_then(|entity| model.shape(&entity.table))
        else {
            continue;
        };
        let rows = database.count(&shape.name, &Filter::All).await.map_err(|fault| {
            fault.while_doing(format!("counting in {} of the {side}", shape.name))
        })?;
        to.tell(Fact::Counted(*side, *entity, rows));
    }
    Ok(())
}
