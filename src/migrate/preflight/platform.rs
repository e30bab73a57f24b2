//! What of the scope is at work: timers, process queues, applications.

use super::{Check, CheckSign, Preflight};
use crate::database::{Result, Source};
use crate::outsystems::{Activity, Environment, Side, activity};
use crate::plan::{CheckKind, Plan, SourceReading};

/// The IDs of the plan's espaces in an environment, and of the applications that hold some of them.
pub(in crate::migrate) fn scope_of(plan: &Plan, model: &Environment) -> (Vec<i64>, Vec<i64>) {
    let keys = plan.espace_keys();
    let of_plan = model.espaces.iter().filter(|espace| keys.contains(&espace.key));
    let espaces: Vec<i64> = of_plan.map(|espace| espace.id).collect();
    let applications = model
        .applications
        .iter()
        .filter(|application| application.espaces.iter().any(|id| espaces.contains(id)))
        .map(|application| application.id)
        .collect();
    (espaces, applications)
}

impl Preflight<'_> {
    pub(super) async fn platform(&self) -> Result<Vec<Check>> {
        let theirs = self.activity(self.destination.as_source(), self.destination_model).await?;
        let ours = self.activity(self.source, self.source_model).await?;
        let mut checks = Vec::new();
        checks.extend(self.timers(Side::Destination, &theirs));
        checks.extend(self.timers(Side::Source, &ours));
        if !theirs.queues.is_empty() {
            checks.push(Check::new(
                CheckKind::Queues,
                CheckSign::Bad,
                format!("processes of the scope wait in the destination: {}", queues(&theirs)),
                "They would start with rows that are replaced. Let them come to their end, or delete \
                 them with the platform's means; then check again.",
            ));
        }
        if !ours.queues.is_empty() {
            checks.push(Check::new(
                CheckKind::SourceQueues,
                CheckSign::Warning,
                format!("processes of the scope wait in the source: {}", queues(&ours)),
                "What they will do there is not in the rows yet, and is not carried over.",
            ));
        }
        checks.extend(self.online(Side::Destination, &theirs));
        checks.extend(self.online(Side::Source, &ours));
        if checks.is_empty() {
            let text =
                "nothing of the scope is at work: no timer, no process, no application online";
            checks.push(Check::good(CheckKind::Applications, text));
        }
        for (side, activity) in [(Side::Destination, &theirs), (Side::Source, &ours)] {
            if !activity.unseen.is_empty() {
                checks.push(Check::new(
                    CheckKind::Applications,
                    CheckSign::Note,
                    format!("this {side} does not show {}", activity.unseen.join(", ")),
                    "Look in Service Center.",
                ));
            }
        }
        Ok(checks)
    }

    /// What is at work of the plan's espaces on one side.
    async fn activity(&self, side: &dyn Source, model: &Environment) -> Result<Activity> {
        let (espaces, applications) = scope_of(self.plan, model);
        activity(side, &espaces, &applications).await
    }

    /// The source may be in use, unless it was said to be frozen.
    fn sign(&self, side: Side) -> CheckSign {
        let is_frozen = self.plan.options.source_reading == SourceReading::Frozen;
        match side {
            Side::Source if !is_frozen => CheckSign::Note,
            _ => CheckSign::Warning,
        }
    }

    fn timers(&self, side: Side, activity: &Activity) -> Option<Check> {
        if activity.timers.is_empty() {
            return None;
        }
        let names: Vec<String> =
            activity.timers.iter().map(|(name, since)| format!("{name} (since {since})")).collect();
        Some(Check::naming(
            CheckKind::Timers,
            self.sign(side),
            &format!("timers of the scope run in the {side}"),
            &names,
            "They read and write rows of the scope. Wait for their end, or stop them in Service \
             Center; then check again.",
        ))
    }

    fn online(&self, side: Side, activity: &Activity) -> Option<Check> {
        let names: Vec<String> = activity
            .applications
            .iter()
            .filter(|(_, is_offline)| !is_offline)
            .map(|(name, _)| name.clone())
            .collect();
        if names.is_empty() {
            return None;
        }
        let advice = match (side, self.sign(side)) {
            (Side::Source, CheckSign::Note) => {
                "The source may be in use; how it is read is on Options (source_reading)."
            }
            _ => {
                "Take them offline in Service Center (Factory, the application, Disable), then check \
                 again: whoever uses them meets and makes rows half-way."
            }
        };
        Some(Check::naming(
            CheckKind::Applications,
            self.sign(side),
            &format!("applications of the scope are online in the {side}"),
            &names,
            advice,
        ))
    }
}

fn queues(activity: &Activity) -> String {
    let one = |(queue, rows): &(&str, u64)| {
        let rows = if *rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") };
        format!("{rows} in {queue}")
    };
    activity.queues.iter().map(one).collect::<Vec<_>>().join(", ")
}
