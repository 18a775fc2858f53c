//! The section `[steady_state]`.

use super::MOST_COLLISIONS;
use super::section::{Occurs, Section};
use crate::experiment::{Experiment, SteadyStatePlan};
use crate::key::kind::Number;
use crate::key::reader::{ConfigError, Table};
use crate::key::{Key, Range};
use crate::law::joint::Joint;
use crate::model::coupling::{CouplingKind, Rematch};
use crate::text::words::counted;
use crate::theory::steady::{MOMENTS, Schedule};

pub(super) static SECTION: Section<SteadyStatePlan> = Section {
    name: "steady_state",
    occurs: Occurs::AtMostOnce(|experiment| experiment.steady_state.as_ref()),
    meaning: "Replicas run on until two unlike starts have come together, and then the steady state is measured.",
    keys: &[&TOLERANCE],
};

static TOLERANCE: Key<SteadyStatePlan, Number> = Key {
    name: "tolerance",
    kind: Number(Range::Positive),
    default: Some(1e-3),
    unit: Some("velocity²"),
    meaning: "Bound on W₂² per particle, at its upper confidence limit, within which the two starts must come.",
    example: "1e-3",
    fix: Some("write within which W2 squared the two starts must come, e.g. tolerance = 1e-3"),
    of: |plan| plan.tolerance,
};

/// The plan, if there is one.
pub(super) fn read(top: &Table) -> Result<Option<SteadyStatePlan>, ConfigError> {
    let section = SECTION.optional(top)?;
    let plan = |section: Table| {
        let tolerance = TOLERANCE.read(&section)?;
        Ok(SteadyStatePlan { tolerance })
    };
    section.map(plan).transpose()
}

/// Refuse an experiment that has no steady state to reach, or whose laws do not
/// say when it is reached.
pub(super) fn reachable(experiment: &Experiment, top: &Table) -> Result<(), ConfigError> {
    let (Some(plan), Some(section)) = (experiment.steady_state, SECTION.optional(top)?) else {
        return Ok(());
    };
    let refused = |problem: String, fix: &str| Err(section.error(None, problem, fix));
    if experiment.mu == 0.0 {
        let problem = "has nothing to wait for: without a bath nothing is forgotten";
        return refused(problem.into(), "make model.mu positive, or leave it out");
    }
    if experiment.coupling != CouplingKind::Synchronous {
        let problem = format!(
            "needs copies that are brought together, and the coupling is \"{}\"",
            experiment.coupling.name()
        );
        return refused(problem, "write coupling = \"synchronous\", or leave it out");
    }
    if experiment.joints != [Joint::Product; 2] {
        let problem = "needs particles that start independent of each other".to_string();
        return refused(problem, "leave out `joint` in [initial], or this section");
    }
    if experiment.rematch != Rematch::Never {
        let problem = "needs copies that are never rematched".to_string();
        return refused(problem, "write rematch = \"never\", or leave it out");
    }
    let laws = [
        ("bath", &experiment.bath),
        ("initial.first", &experiment.first),
        ("initial.second", &experiment.second),
    ];
    for (key, law) in laws {
        if law.moment(8).is_none() {
            let problem = format!("takes moments up to order 8, and `{key}` has not all of them");
            return refused(problem, "choose a law with lighter tails, or leave it out");
        }
    }
    if experiment.bath.variance() == 0.0 {
        let problem = "is all particles at rest: the bath has no energy";
        return refused(problem.into(), "choose a bath that moves, or leave it out");
    }
    let draws = experiment.draws();
    for &(particles, _) in &experiment.sweep {
        let theory = experiment.theory_of(particles, &draws);
        let apart = theory.synchronous_discrepancy(0.0);
        if apart <= plan.tolerance {
            let problem = format!(
                "takes two unlike starts, and these are within {apart:e} of each other, which is \
                 not more than the tolerance {:e}",
                plan.tolerance
            );
            let fix = "lower steady_state.tolerance, or choose other laws in [initial]";
            return refused(problem, fix);
        }
        let known = |(_, partition): &(&str, &[u32])| {
            partition.len() > particles
                || partition.iter().any(|power| power % 2 == 1)
                || (theory.steady_moment(partition))
                    .is_some_and(|moment| moment > 0.0 && moment.is_finite())
        };
        let schedule = Schedule::new(&theory, plan.tolerance).filter(|_| MOMENTS.iter().all(known));
        let Some(schedule) = schedule else {
            let problem =
                format!("has moments that are lost to rounding or overflow at N = {particles}");
            let fix = "choose laws and rates of more alike scales, nearer to 1";
            return refused(problem, fix);
        };
        let rates = experiment.rates().for_particles(particles);
        let collisions = rates.total(particles) * schedule.end();
        if collisions > MOST_COLLISIONS {
            let problem = format!(
                "makes {collisions:e} collisions in each replica of {}",
                counted(particles, "particle", "particles")
            );
            let fix = "lower model.lambda, or raise model.mu";
            return refused(problem, fix);
        }
    }
    Ok(())
}
