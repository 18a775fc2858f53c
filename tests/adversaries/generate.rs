//! Experiments whose laws have parts that a sample is likely to lack.

use kac_coupling::coupling::{CouplingKind, Rematch};
use kac_coupling::experiment::{Check, Expectation, Experiment, SteadyStatePlan, WassersteinPlan};
use kac_coupling::law::joint::Joint;
use kac_coupling::law::{
    Discrete, Empirical, Laplace, Law, Normal, NormalMixture, Point, StudentT, Uniform,
};
use kac_coupling::model::Clock;
use kac_coupling::random::{Purpose, ReplicaKey, next_word, open_uniform, scalar_stream};
use kac_coupling::theory::pairing::Pairing;
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

/// An experiment, and W₂² of both laws where one is the other times a factor and the bath rests.
pub struct Adversary {
    pub experiment: Experiment,
    /// The second law is that of this many times the velocities of the first.
    pub factor: Option<f64>,
}

fn normal(mean: f64, sd: f64) -> Law {
    Normal::new(mean, sd).unwrap().into()
}

/// N(0, 1) but for two parts, of so small a weight together, at ±`size` or on one side.
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
            // From a thousandth of a draw to many of them.
            let weight = match dice.chance(0.5) {
                true => (dice.between(0.03, 3000.0) / draws).min(0.1),
                false => dice.between(1e-9, 1e-2),
            };
            // Its share of the energy.
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

/// A law times a positive factor; `None` for laws that this is not written for.
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

/// The law less its mean.
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
        // Of the other laws with a mean the variance is taken.
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

/// A pair of laws that differ in what is rare, or by a factor.
fn laws(dice: &mut Dice, draws: f64) -> ([Law; 2], Option<f64>) {
    let adverse = adverse_law(dice, draws);
    let factor = dice.one_of(&[0.9, 1.1, 1.5]);
    if dice.chance(0.3)
        && let Some(other) = scaled(&adverse, factor)
    {
        return ([adverse, other], Some(factor));
    }
    let other = match dice.one_of(&[0, 0, 1, 2]) {
        // Gelbrich's bound is next to nothing.
        0 => normal(adverse.mean(), adverse.variance().sqrt()),
        1 => normal(0.0, 1.0),
        _ => tame_law(dice),
    };
    match dice.chance(0.5) {
        true => ([adverse, other], None),
        false => ([other, adverse], None),
    }
}

/// The adversary of a number.
pub fn adversary(number: u64) -> Adversary {
    let dice = &mut Dice::new(number);
    let particles = dice.one_of(&[1, 1, 2, 2, 3, 4, 8]);
    let velocities = dice.between(3e3, 1.5e5);
    let replicas = (velocities / particles as f64).ceil().max(30.0) as u64;
    let draws = replicas as f64 * particles as f64;
    let ([first, second], factor) = laws(dice, draws);
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
    let check = |claim: &str| Check {
        claim: claim.to_string(),
        expect: Expectation::Holds,
        tolerance: 0.0,
        confidence: 0.0,
    };
    let (tolerance, confidence) = (
        dice.one_of(&[0.001, 0.01, 0.1, 0.3]),
        dice.one_of(&[0.99, 0.999]),
    );
    let claims = ["theorem-6", "theorem-7", "lemma-12", "theorem-1"];
    let is_steady = dice.chance(0.3);
    let checks = claims[..if is_steady { 4 } else { 3 }]
        .iter()
        .map(|claim| Check {
            tolerance,
            confidence,
            ..check(claim)
        });
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
        joints: [Joint::Product; 2],
        pairing: dice.one_of(&Pairing::ALL),
        end: dice.one_of(&[0.2, 1.0, 2.0]),
        points: 3,
        wasserstein: Some(WassersteinPlan {
            points: 3,
            sample: dice.one_of(&[1000, 2000]),
            bracket: dice.one_of(&[0, 150_000, 150_000]),
        }),
        calibration: None,
        steady_state: is_steady.then_some(SteadyStatePlan { tolerance: 1e-2 }),
        checks: checks.collect(),
    };
    Adversary {
        experiment,
        factor: factor.filter(|_| is_at_rest),
    }
}
