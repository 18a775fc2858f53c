//! Claims that something decays at a printed rate: Lemmas 1 and 2, and the
//! equality in Theorem 6's proof.

use super::{Claim, no_rate};
use crate::estimate::rate::NoRate;
use crate::experiment::{Check, Experiment};
use crate::judge::evidence::EvidenceKind;
use crate::judge::forecast::{Forecast, Prospect, forecast_equality};
use crate::judge::{Evidence, Judgement, Measurement, Verdict, judge_equality};
use crate::model::coupling::{CouplingKind, Rematch};
use crate::theory::Quantity;

/// The claim that a quantity decays at a printed rate, as an equality.
pub struct Decay {
    id: &'static str,
    headline: &'static str,
    statement: &'static str,
    method: &'static str,
    quantity: Quantity,
    /// The printed rate for N particles.
    printed: fn(&Experiment, usize) -> f64,
    /// The reason why an experiment cannot be used, if so.
    refusal: fn(&Experiment) -> Option<String>,
}

/// Lemma 1: the energy relaxes at rate μ/2.
pub static LEMMA_1: Decay = Decay {
    id: "lemma-1",
    headline: "Lemma 1: the energy relaxes at rate μ/2",
    statement: "Lemma 1: the kinetic energy converges exponentially fast to N·K_g with rate μ/2",
    method: "decay rate of ΣV² − N·K_g, as an equality",
    quantity: Quantity::Energy,
    printed: |experiment, _| 0.5 * experiment.mu,
    refusal: |_| None,
};

/// Lemma 2, first moments: rate 2λ + μ.
pub static LEMMA_2_FIRST: Decay = Decay {
    id: "lemma-2-first",
    headline: "Lemma 2: E V_i decays at rate 2λ + μ",
    statement: "Lemma 2: the first moments decay at rate 2λ + μ",
    method: "decay rate of ΣV, as an equality; needs an initial mean that is not 0",
    quantity: Quantity::FirstMoment,
    printed: |experiment, _| 2.0 * experiment.lambda + experiment.mu,
    refusal: needs_pairs,
};

/// Lemma 2, mixed second moments: rate 4λ + 2μ − 2λ/(N−1).
pub static LEMMA_2_PAIR: Decay = Decay {
    id: "lemma-2-pair",
    headline: "Lemma 2: E V_kV_l decays at rate 4λ + 2μ − 2λ/(N−1)",
    statement: "Lemma 2: E V_k V_l decays at rate 4λ + 2μ − 2λ/(N−1)",
    method: "decay rate of Σ V_k V_l over k ≠ l, as an equality; needs an initial mean that is not 0",
    quantity: Quantity::PairMoment,
    printed: |experiment, particles| {
        let Experiment { lambda, mu, .. } = experiment;
        let others = (particles as f64 - 1.0).max(1.0);
        4.0 * lambda + 2.0 * mu - 2.0 * lambda / others
    },
    refusal: needs_pairs,
};

/// The equality in Theorem 6's proof: E‖Δ‖² decays at rate μ.
pub static THEOREM_6_COUPLING: Decay = Decay {
    id: "theorem-6-coupling",
    headline: "Theorem 6, proof: E‖Δ‖² decays at rate μ",
    statement: "Theorem 6, proof: under the synchronous coupling E‖Δ‖² decays at rate μ",
    method: "decay rate of ‖Δ‖², as an equality",
    quantity: Quantity::Discrepancy,
    printed: |experiment, _| experiment.mu,
    refusal: |experiment| match (experiment.coupling, experiment.rematch) {
        (CouplingKind::Synchronous, Rematch::Never) => None,
        (CouplingKind::Synchronous, rematch) => Some(format!(
            "it is about pairs that stay together, and here they are rematched (model.rematch = {rematch})"
        )),
        (coupling, _) => Some(format!(
            "it is about the synchronous coupling, and the coupling here is \"{}\"",
            coupling.name()
        )),
    },
};

/// A claim about pairs says nothing of one particle.
fn needs_pairs(experiment: &Experiment) -> Option<String> {
    let alone = experiment
        .sweep
        .iter()
        .all(|&(particles, _)| particles == 1);
    alone.then(|| "it is about pairs, and every N here is 1".to_string())
}

impl Claim for Decay {
    fn id(&self) -> &'static str {
        self.id
    }

    fn headline(&self) -> &'static str {
        self.headline
    }

    fn statement(&self) -> &'static str {
        self.statement
    }

    fn method(&self) -> &'static str {
        self.method
    }

    fn refusal(&self, experiment: &Experiment) -> Option<String> {
        (self.refusal)(experiment)
    }

    fn judge(&self, evidence: Evidence, check: &Check) -> Judgement {
        let quantity = format!("decay rate of {}", self.quantity.name());
        let basis = EvidenceKind::Rate.of(quantity, "rate");
        let findings = evidence.findings;
        match findings.rate(self.quantity) {
            Ok(estimate) => {
                let printed = (self.printed)(evidence.experiment, findings.particles);
                let replicas = findings.measured.replicas;
                let measurement = Measurement::of_rate(estimate, replicas, check.confidence);
                let exact = findings.theory.decay_rate(self.quantity);
                judge_equality(basis, measurement, printed, exact, check.tolerance)
            }
            Err(why @ NoRate::OneParticle) => {
                Judgement::bare(Verdict::NotApplicable, basis, why.to_string())
            }
            Err(why) => Judgement::bare(Verdict::Inconclusive, basis, why.to_string()),
        }
    }

    fn forecast(&self, prospect: &Prospect, check: &Check) -> Forecast {
        match prospect.rate_weights(self.quantity) {
            Ok(weights) => {
                let exact = prospect.theory.decay_rate(self.quantity);
                let printed = (self.printed)(prospect.experiment, prospect.particles);
                forecast_equality(exact, weights.exact_std_error(), printed, check)
            }
            Err(NoRate::OneParticle) => Forecast::not_applicable(),
            Err(_) => Forecast::undecided(None),
        }
    }

    fn obstacle(&self, prospect: &Prospect) -> Option<String> {
        no_rate(prospect, self.quantity).map(|why| why.to_string())
    }

    fn blind_to_clock(&self, prospect: &Prospect, check: &Check) -> bool {
        let [one, other] =
            prospect.on_both_clocks(|prospect| prospect.theory.decay_rate(self.quantity));
        // Each is known to within the tolerance.
        (one - other).abs() <= 2.0 * check.tolerance * one.max(other)
    }
}
