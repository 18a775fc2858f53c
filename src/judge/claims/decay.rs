//! Claims that something decays at a printed rate: Lemmas 1 and 2, and the
//! equality in Theorem 6's proof.

use super::Claim;
use crate::coupling::CouplingKind;
use crate::estimate::rate::NoRate;
use crate::experiment::{Check, Experiment};
use crate::judge::{Evidence, Judgement, Measurement, Verdict, judge_equality};
use crate::theory::Quantity;

/// Judge the decay rate of a quantity against a printed one.
fn judge_rate(quantity: Quantity, printed: f64, evidence: Evidence, check: &Check) -> Judgement {
    let name = format!("decay rate of {}", quantity.name());
    match evidence.findings.rate(quantity) {
        Ok(estimate) => {
            let replicas = evidence.findings.measured.replicas;
            let measurement = Measurement::of_rate(estimate, replicas, check.confidence);
            let exact = evidence.findings.theory.decay_rate(quantity);
            judge_equality(&name, measurement, printed, exact, check.tolerance)
        }
        Err(NoRate::OneParticle) => Judgement::bare(
            Verdict::NotApplicable,
            &name,
            NoRate::OneParticle.to_string(),
        ),
        Err(why) => Judgement::bare(Verdict::Inconclusive, &name, why.to_string()),
    }
}

/// A claim about pairs says nothing of one particle.
fn needs_pairs(experiment: &Experiment) -> Option<String> {
    let alone = experiment
        .sweep
        .iter()
        .all(|&(particles, _)| particles == 1);
    alone.then(|| "it is about pairs, and every N here is 1".to_string())
}

/// Lemma 1: the energy relaxes at rate μ/2.
pub struct Lemma1;

impl Claim for Lemma1 {
    fn id(&self) -> &'static str {
        "lemma-1"
    }

    fn statement(&self) -> &'static str {
        "Lemma 1: the kinetic energy converges exponentially fast to N·K_g with rate μ/2"
    }

    fn method(&self) -> &'static str {
        "decay rate of ΣV² − N·K_g, as an equality"
    }

    fn judge(&self, evidence: Evidence, check: &Check) -> Judgement {
        judge_rate(
            Quantity::Energy,
            0.5 * evidence.experiment.mu,
            evidence,
            check,
        )
    }
}

/// Lemma 2, first moments: rate 2λ + μ.
pub struct Lemma2First;

impl Claim for Lemma2First {
    fn id(&self) -> &'static str {
        "lemma-2-first"
    }

    fn statement(&self) -> &'static str {
        "Lemma 2: the first moments decay at rate 2λ + μ"
    }

    fn method(&self) -> &'static str {
        "decay rate of ΣV, as an equality; needs an initial mean that is not 0"
    }

    fn refusal(&self, experiment: &Experiment) -> Option<String> {
        needs_pairs(experiment)
    }

    fn judge(&self, evidence: Evidence, check: &Check) -> Judgement {
        let Experiment { lambda, mu, .. } = evidence.experiment;
        judge_rate(Quantity::FirstMoment, 2.0 * lambda + mu, evidence, check)
    }
}

/// Lemma 2, mixed second moments: rate 4λ + 2μ − 2λ/(N−1).
pub struct Lemma2Pair;

impl Claim for Lemma2Pair {
    fn id(&self) -> &'static str {
        "lemma-2-pair"
    }

    fn statement(&self) -> &'static str {
        "Lemma 2: E V_k V_l decays at rate 4λ + 2μ − 2λ/(N−1)"
    }

    fn method(&self) -> &'static str {
        "decay rate of Σ V_k V_l over k ≠ l, as an equality; needs an initial mean that is not 0"
    }

    fn refusal(&self, experiment: &Experiment) -> Option<String> {
        needs_pairs(experiment)
    }

    fn judge(&self, evidence: Evidence, check: &Check) -> Judgement {
        let Experiment { lambda, mu, .. } = evidence.experiment;
        let others = (evidence.findings.particles as f64 - 1.0).max(1.0);
        let printed = 4.0 * lambda + 2.0 * mu - 2.0 * lambda / others;
        judge_rate(Quantity::PairMoment, printed, evidence, check)
    }
}

/// The equality in Theorem 6's proof: E‖Δ‖² decays at rate μ.
pub struct Theorem6Coupling;

impl Claim for Theorem6Coupling {
    fn id(&self) -> &'static str {
        "theorem-6-coupling"
    }

    fn statement(&self) -> &'static str {
        "Theorem 6, proof: under the synchronous coupling E‖Δ‖² decays at rate μ"
    }

    fn method(&self) -> &'static str {
        "decay rate of ‖Δ‖², as an equality"
    }

    fn refusal(&self, experiment: &Experiment) -> Option<String> {
        (experiment.coupling != CouplingKind::Synchronous).then(|| {
            format!(
                "it is about the synchronous coupling, and the coupling here is \"{}\"",
                experiment.coupling.name()
            )
        })
    }

    fn judge(&self, evidence: Evidence, check: &Check) -> Judgement {
        judge_rate(
            Quantity::Discrepancy,
            evidence.experiment.mu,
            evidence,
            check,
        )
    }
}
