//! Experiments whose laws have parts that a sample is likely to lack.

use kac_coupling::experiment::{Check, Expectation, Experiment, SteadyStatePlan, WassersteinPlan};
use kac_coupling::judge::claims::ids;
use kac_coupling::law::joint::Joint;
use kac_coupling::law::{
    Discrete, Empirical, Laplace, Law, Normal, NormalMixture, Point, StudentT, Uniform,
};
use kac_coupling::model::Clock;
use kac_coupling::model::coupling::{CouplingKind, Rematch};
use kac_coupling::random::{Purpose, ReplicaKey, next_word, open_uniform, scalar_stream};
use kac_coupling::theory::pairing::{Pairing, wasserstein_squared};
use rand_pcg::Pcg64;

/// Random choices, from a stream of its own for each number.
pub struct Dice(Pcg64);

impl Dice {
    pub fn new(number: u64) -> Dice {
        Dice(scalar_stream(
            ReplicaKey::new(number, 0, 0, 0),
            Purpose::Initial,
            0,
        ))
    }

    fn uniform(&mut self) -> f64 {
        open_uniform(next_word(&mut self.0))
    }

    fn one_of<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[(self.uniform() * choices.len() as f64) as usize].clone()
    }

    /// A number between two, uniform on a logarithmic scale.
    fn between(&mut self, low: f64, high: f64) -> f64 {
        low * (high / low).powf(self.uniform())
    }

    fn chance(&mut self, probability: f64) -> bool {
        self.uniform() < probability
    }
}

/// An experiment, and exact knowledge about it.
pub struct Adversary {
    pub experiment: Experiment,
    /// The second law is that of the first's velocities times this factor.
    pub factor: Option<f64>,
    /// W₂² of the first marginals at time 0, for laws that are no products.
    pub marginal_w2: Option<f64>,
    /// True if Theorems 6 and 7 are known to be true for it on either clock.
    pub is_contracting: bool,
}

fn normal(mean: f64, sd: f64) -> Law {
    Normal::new(mean, sd).unwrap().into()
}

/// N(0, 1) with two parts at ±`size`, or one on one side, that have this small weight together.
fn with_rare_part(dice: &mut Dice, weight: f64, size: f64) -> Law {
    let bulk = 1.0 - weight;
    let mixture = |weights: Vec<f64>, means: Vec<f64>, sds: Vec<f64>| {
        NormalMixture::new(weights, means, sds).unwrap().into()
    };
    match dice.one_of(&[0, 1, 2, 3]) {
        0 => mixture(vec![bulk, weight], vec![0.0; 2], vec![1.0, size]),
        1 => {
            let half = 0.5 * weight;
            let sds = vec![1.0, 0.1, 0.1];
            mixture(vec![bulk, half, half], vec![0.0, size, -size], sds)
        }
        2 => mixture(vec![bulk, weight], vec![0.0, size], vec![1.0, 0.1]),
        _ => Discrete::new(vec![-1.0, 1.0, size], vec![0.5 * bulk, 0.5 * bulk, weight])
            .unwrap()
            .into(),
    }
}

/// A law with long tails or a rare part, for a run that draws so many velocities from it.
fn adverse_law(dice: &mut Dice, draws: f64) -> Law {
    match dice.one_of(&[0, 0, 0, 0, 1, 2, 3]) {
        0 => {
            // The part is expected to have between a thousandth of a draw and many draws.
            let weight = match dice.chance(0.5) {
                true => (dice.between(0.03, 3000.0) / draws).min(0.1),
                false => dice.between(1e-9, 1e-2),
            };
            // The share of the part in the energy.
            let energy = dice.between(0.003, 3.0);
            with_rare_part(dice, weight, (energy / weight).sqrt())
        }
        1 => {
            let freedom = dice.one_of(&[2.01, 2.5, 4.1, 5.0, 8.05, 9.0, 12.0, 20.0]);
            StudentT::new(freedom, 1.0, 0.0).unwrap().into()
        }
        2 => {
            let count = 2000;
            let outlier = dice.between(10.0, 300.0);
            let number = |k: i32| 2.0 * f64::from(k) / f64::from(count) - 1.0;
            let values = (0..count).map(number).chain([outlier]).collect();
            Empirical::new(values, 0.0).unwrap().into()
        }
        _ => {
            // A part that is rare and lies between two modes.
            let (weight, sd) = (dice.between(1e-7, 1e-3), 0.1);
            let half = 0.5 * (1.0 - weight);
            let weights = vec![half, weight, half];
            NormalMixture::new(weights, vec![-3.0, 0.0, 3.0], vec![sd; 3])
                .unwrap()
                .into()
        }
    }
}

fn tame_law(dice: &mut Dice) -> Law {
    match dice.one_of(&[0, 1, 2, 3]) {
        0 => normal(0.0, 1.0),
        1 => Uniform::new(-1.7, 1.7).unwrap().into(),
        2 => Laplace::new(0.0, 0.7).unwrap().into(),
        _ => Discrete::new(vec![-1.0, 1.0], vec![0.5; 2]).unwrap().into(),
    }
}

/// A law times a positive factor; `None` for laws that the function does not handle.
fn scaled(law: &Law, factor: f64) -> Option<Law> {
    Some(match law {
        Law::NormalMixture(mixture) => {
            let (mut weights, mut means, mut sds) = (vec![], vec![], vec![]);
            for (weight, mean, sd) in mixture.components() {
                weights.push(weight);
                means.push(factor * mean);
                sds.push(factor * sd);
            }
            NormalMixture::new(weights, means, sds).unwrap().into()
        }
        Law::StudentT(law) => StudentT::new(law.df(), factor * law.scale(), 0.0)
            .unwrap()
            .into(),
        Law::Normal(law) => normal(0.0, factor * law.sd()),
        _ => return None,
    })
}

/// The law of V − E V.
fn centred(law: Law) -> Law {
    let mean = law.mean();
    match &law {
        Law::NormalMixture(mixture) => {
            let (mut weights, mut means, mut sds) = (vec![], vec![], vec![]);
            for (weight, at, sd) in mixture.components() {
                weights.push(weight);
                means.push(at - mean);
                sds.push(sd);
            }
            NormalMixture::new(weights, means, sds).unwrap().into()
        }
        // Other laws with a mean are replaced by a normal law of their variance.
        _ if mean.abs() > 1e-12 => normal(0.0, law.variance().sqrt()),
        _ => law,
    }
}

fn bath(dice: &mut Dice, draws: f64) -> Law {
    match dice.one_of(&[0, 1, 2, 3]) {
        0 => normal(0.0, dice.between(0.1, 2.0)),
        1 => Point::new(0.0).unwrap().into(),
        2 => tame_law(dice),
        _ => centred(adverse_law(dice, draws)),
    }
}

/// A pair of laws that differ in rare parts, or by a factor.
fn laws(dice: &mut Dice, draws: f64) -> ([Law; 2], Option<f64>) {
    let adverse = adverse_law(dice, draws);
    let factor = dice.one_of(&[0.9, 1.1, 1.5]);
    if dice.chance(0.3)
        && let Some(other) = scaled(&adverse, factor)
    {
        return ([adverse, other], Some(factor));
    }
    let other = match dice.one_of(&[0, 0, 1, 2]) {
        // Gelbrich's bound is almost 0.
        0 => normal(adverse.mean(), adverse.variance().sqrt()),
        1 => normal(0.0, 1.0),
        _ => tame_law(dice),
    };
    match dice.chance(0.5) {
        true => ([adverse, other], None),
        false => ([other, adverse], None),
    }
}

/// A law and its mirror image, with half the weight each.
fn symmetrised(law: &Law) -> Law {
    let Law::NormalMixture(mixture) = law else {
        panic!("only mixtures are mirrored here");
    };
    let (mut weights, mut means, mut sds) = (vec![], vec![], vec![]);
    for (weight, mean, sd) in mixture.components() {
        for mean in [mean, -mean] {
            weights.push(0.5 * weight);
            means.push(mean);
            sds.push(sd);
        }
    }
    NormalMixture::new(weights, means, sds).unwrap().into()
}

/// Two mixtures whose particles share or balance their signs: joint laws that are no products, with first marginals
/// that are the symmetrised laws.
fn mirrored(dice: &mut Dice, particles: usize, draws: f64) -> ([Law; 2], [Joint; 2], f64) {
    let weight = (dice.between(0.03, 3000.0) / draws).min(0.1);
    let energy = dice.between(0.003, 3.0);
    let size = (energy / weight).sqrt();
    let at_size = NormalMixture::new(vec![1.0 - weight, weight], vec![0.3, size], vec![1.0, 0.1]);
    let adverse: Law = at_size.unwrap().into();
    let sd = adverse.central_moment(2).unwrap().sqrt();
    let near = NormalMixture::new(vec![1.0], vec![adverse.mean()], vec![sd]).unwrap();
    let other = if dice.chance(0.5) {
        near.into()
    } else {
        adverse.clone()
    };
    let kinds: &[Joint] = if particles.is_multiple_of(2) {
        &[Joint::MirroredEqual, Joint::MirroredOpposite]
    } else {
        &[Joint::MirroredEqual]
    };
    let joints = [dice.one_of(kinds), dice.one_of(kinds)];
    let (w2, _) = wasserstein_squared(&symmetrised(&adverse), &symmetrised(&other));
    ([adverse, other], joints, w2)
}

/// All claims that are about such experiments.
const CLAIMS: [&str; 11] = [
    "theorem-6",
    "theorem-7",
    "lemma-12",
    "lemma-1",
    "lemma-2-first",
    "lemma-2-pair",
    "theorem-6-coupling",
    "lemma-3",
    "lemma-8",
    "lemma-11",
    "theorem-1",
];

/// A claim that is missing here would be attacked by nobody.
#[test]
fn adversaries_are_made_for_all_claims() {
    let sorted = |mut ids: Vec<&'static str>| {
        ids.sort_unstable();
        ids
    };
    assert_eq!(sorted(CLAIMS.to_vec()), sorted(ids()));
}

/// The adversary with this number.
pub fn adversary(number: u64) -> Adversary {
    let dice = &mut Dice::new(number);
    let particles = dice.one_of(&[1, 1, 2, 2, 3, 4, 8]);
    let velocities = dice.between(3e3, 1.5e5);
    let replicas = (velocities / particles as f64).ceil().max(30.0) as u64;
    let draws = replicas as f64 * particles as f64;
    let mut joints = [Joint::Product; 2];
    let ([first, second], factor, marginal_w2) = if dice.chance(0.12) {
        let (laws, kinds, w2) = mirrored(dice, particles, draws);
        joints = kinds;
        (laws, None, Some(w2))
    } else {
        let (laws, factor) = laws(dice, draws);
        (laws, factor, None)
    };
    let is_product = marginal_w2.is_none();
    let coupling = dice.one_of(&[
        CouplingKind::Synchronous,
        CouplingKind::Aligned,
        CouplingKind::Independent,
    ]);
    let rematch = match dice.one_of(&[0, 0, 1, 2, 3]) {
        0 => Rematch::Never,
        1 if coupling != CouplingKind::Independent => Rematch::Event,
        2 if coupling != CouplingKind::Independent => Rematch::Every(0.1),
        _ => Rematch::Output,
    };
    let bath = if factor.is_some() && dice.chance(0.7) {
        Point::new(0.0).unwrap().into()
    } else {
        bath(dice, draws)
    };
    let is_at_rest = bath.variance() == 0.0;
    let tolerance = dice.one_of(&[0.001, 0.01, 0.1, 0.3]);
    let confidence = dice.one_of(&[0.999, 0.9999]);
    let is_steady = is_product && dice.chance(0.3);
    let check = |claim: &&str| Check {
        claim: claim.to_string(),
        expect: Expectation::Holds,
        tolerance,
        confidence,
    };
    let count = CLAIMS.len() - usize::from(!is_steady);
    let pairing = dice.one_of(&Pairing::ALL);
    let experiment = Experiment {
        name: format!("adversary-{number}"),
        title: None,
        seed: number,
        sweep: vec![(particles, replicas)],
        lambda: dice.one_of(&[0.0, 0.05, 0.2, 1.0, 3.0]),
        mu: dice.one_of(&[0.5, 1.0, 2.0]),
        clock: dice.one_of(&Clock::ALL),
        coupling,
        rematch,
        bath,
        first,
        second,
        joints,
        pairing: if is_product {
            pairing
        } else {
            Pairing::Independent
        },
        end: dice.one_of(&[0.2, 1.0, 2.0]),
        points: 3,
        wasserstein: Some(WassersteinPlan {
            points: 3,
            sample: dice.one_of(&[1000, 2000]),
            bracket: dice.one_of(&[0, 150_000, 150_000]),
        }),
        calibration: None,
        steady_state: is_steady.then_some(SteadyStatePlan { tolerance: 1e-2 }),
        checks: CLAIMS[..count].iter().map(check).collect(),
    };
    Adversary {
        experiment,
        factor: factor.filter(|_| is_at_rest),
        is_contracting: false,
        marginal_w2,
    }
}
