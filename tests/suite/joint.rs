//! Joint laws of initial velocities: draws are compared with exact moments, and wrong programs are
//! compared with the claims about these laws.

use kac_coupling::config::load;
use kac_coupling::estimate::Findings;
use kac_coupling::experiment::{Check, Expectation, Experiment};
use kac_coupling::judge::claims::find;
use kac_coupling::judge::self_check::self_checks;
use kac_coupling::judge::{Evidence, Outcome, VerdictRow, judge};
use kac_coupling::law::joint::Joint;
use kac_coupling::law::{Law, Normal, NormalMixture, Point, Uniform};
use kac_coupling::measure::Engine;
use kac_coupling::measure::marks::Reveal;
use kac_coupling::model::coupling::{CouplingKind, Synchronous};
use kac_coupling::model::slot;
use kac_coupling::numerics::vector::Instructions;
use kac_coupling::random::ReplicaKey;
use kac_coupling::simulate::block::BlockPath;
use kac_coupling::simulate::initial::InitialPairs;
use kac_coupling::simulate::pair::{CoupledPair, SameCollisions};
use kac_coupling::simulate::powers::Sums;
use kac_coupling::simulate::slabs::Place;
use kac_coupling::theory::pairing::Pairing;
use kac_coupling::verify::{Sampling, job, verify};
use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;

fn normal(mean: f64, sd: f64) -> Law {
    Law::Normal(Normal::new(mean, sd).unwrap())
}

fn uniform() -> Law {
    Law::Uniform(Uniform::new(-1.0, 3.0).unwrap())
}

/// V and V′ of a replica.
fn drawn(pairs: &InitialPairs, particles: usize, replica: u64) -> [Vec<f64>; 2] {
    drawn_with(pairs, particles, replica, Instructions::best())
}

fn drawn_with(
    pairs: &InitialPairs,
    particles: usize,
    replica: u64,
    instructions: Instructions,
) -> [Vec<f64>; 2] {
    let mut slots = vec![[0.0; 2]; particles + 1];
    let key = ReplicaKey::new(11, particles as u64, replica, 0);
    pairs.fill(instructions, key, &mut slots);
    let velocities = slots[..particles]
        .iter()
        .map(|&slot| slot::velocities(slot));
    let (first, second) = velocities.unzip();
    [first, second]
}

/// The z-score of the mean of terms against an exact mean; 0 for constants that are right.
fn score(terms: &[f64], exact: f64) -> f64 {
    let count = terms.len() as f64;
    let mean = terms.iter().sum::<f64>() / count;
    let square = |term: &f64| (term - mean) * (term - mean);
    let error = (terms.iter().map(square).sum::<f64>()).sqrt() / count;
    let rounding = 1e-12 * (1.0 + exact.abs());
    if (mean - exact).abs() <= rounding {
        return 0.0;
    }
    (mean - exact) / error
}

#[test]
fn drawn_velocities_have_the_exact_moments() {
    // There are 4 joint laws × 3 N × 2 copies × at most 12 moments, of 40 000 replicas of bounded
    // monomials: P(|z| > 5) < 288 · 6e-7 = 2e-4.
    let partitions: [&[u32]; 12] = [
        &[1],
        &[2],
        &[1, 1],
        &[3, 1],
        &[4],
        &[2, 2],
        &[2, 1, 1],
        &[1, 1, 1, 1],
        &[4, 2],
        &[2, 2, 1, 1],
        &[2, 2, 2, 2],
        &[1; 8],
    ];
    for joint in Joint::ALL {
        let law = match joint {
            Joint::Sphere => normal(0.0, 1.3),
            _ => uniform(),
        };
        for particles in [2, 4, 8] {
            let joints = [joint, joint];
            let pairs = InitialPairs::of_joints(&law, &law, joints, Pairing::Independent);
            let replicas: Vec<_> = (0..40_000)
                .map(|replica| drawn(&pairs, particles, replica))
                .collect();
            // The copies are independent of each other.
            for power in [1, 2] {
                let of_copy = joint
                    .moment(particles, &[power], |k| law.moment(k))
                    .unwrap();
                let terms = replicas.iter().map(|[first, second]| {
                    let both = first.last().unwrap() * second.last().unwrap();
                    both.powi(power as i32)
                });
                let z = score(&terms.collect::<Vec<f64>>(), of_copy * of_copy);
                assert!(z.abs() < 5.0, "{joint:?}, N = {particles}, copies: {z}");
            }
            for partition in partitions.iter().filter(|p| p.len() <= particles) {
                let exact = joint
                    .moment(particles, partition, |k| law.moment(k))
                    .unwrap();
                for copy in 0..2 {
                    let monomial = |velocities: &[Vec<f64>; 2]| {
                        // The last particles are used: the first ones are less likely to be wrong.
                        let velocities = velocities[copy].iter().rev().zip(*partition);
                        velocities.map(|(v, &power)| v.powi(power as i32)).product()
                    };
                    let terms: Vec<f64> = replicas.iter().map(monomial).collect();
                    let z = score(&terms, exact);
                    assert!(
                        z.abs() < 5.0,
                        "{joint:?}, N = {particles}, {partition:?}: {z}"
                    );
                }
            }
        }
    }
}

#[test]
fn signs_are_balanced_and_every_balanced_vector_is_as_likely() {
    let one = Law::Point(Point::new(1.0).unwrap());
    let joints = [Joint::MirroredEqual, Joint::MirroredOpposite];
    let pairs = InitialPairs::of_joints(&one, &one, joints, Pairing::Independent);
    for particles in [2, 20, 1000] {
        for replica in 0..50 {
            let [equal, opposite] = drawn(&pairs, particles, replica);
            assert!(equal.iter().all(|v| *v == equal[0] && v.abs() == 1.0));
            assert!(opposite.iter().all(|v| v.abs() == 1.0));
            assert_eq!(opposite.iter().sum::<f64>(), 0.0);
        }
    }
    // Six vectors of four signs and the sign of the other copy make 12 cells of 60 000 draws: P(|z|
    // > 5) < 12 · 6e-7.
    let mut counts = std::collections::BTreeMap::new();
    let replicas = 60_000;
    for replica in 0..replicas {
        let [equal, opposite] = drawn(&pairs, 4, replica);
        let bits = opposite.iter().map(|v| *v > 0.0).collect::<Vec<_>>();
        *counts.entry((equal[0] > 0.0, bits)).or_insert(0u32) += 1;
    }
    assert_eq!(counts.len(), 12);
    let (mean, p) = (f64::from(replicas as u32) / 12.0, 1.0 / 12.0);
    for (cell, count) in counts {
        let z = (f64::from(count) - mean) / (mean * (1.0 - p)).sqrt();
        assert!(z.abs() < 5.0, "{cell:?}: {z}");
    }
}

#[test]
fn spheres_have_their_radius_and_an_optimal_pair_is_on_one_ray() {
    let laws = [normal(0.0, 1.5), normal(0.0, 0.5)];
    for pairing in Pairing::ALL {
        let pairs = InitialPairs::of_joints(&laws[0], &laws[1], [Joint::Sphere; 2], pairing);
        for particles in [1, 2, 7, 33, 500] {
            let [first, second] = drawn(&pairs, particles, 3);
            for (velocities, sd) in [(&first, 1.5), (&second, 0.5)] {
                let square: f64 = velocities.iter().map(|v| v * v).sum();
                let exact = particles as f64 * sd * sd;
                assert!((square / exact - 1.0).abs() < 1e-12);
            }
            let near = |(v, w): (&f64, &f64)| (v - 3.0 * w).abs() < 1e-12;
            let on_one_ray = first.iter().zip(&second).all(near);
            assert!(on_one_ray == (pairing == Pairing::Optimal) || particles == 1);
        }
    }
}

#[test]
fn every_instruction_set_draws_the_same() {
    for joints in [
        [Joint::MirroredEqual, Joint::MirroredOpposite],
        [Joint::Sphere, Joint::Product],
    ] {
        let pairs =
            InitialPairs::of_joints(&normal(0.0, 1.0), &uniform(), joints, Pairing::Independent);
        let expected = drawn(&pairs, 70, 5);
        for instructions in Instructions::available() {
            assert_eq!(drawn_with(&pairs, 70, 5, instructions), expected);
        }
    }
}

/// Lemma 8's experiment, smaller, with these joint laws.
fn experiment(laws: [Law; 2], joints: [Joint; 2], pairing: Pairing) -> Experiment {
    let path = Path::new("experiments/lemma8.toml");
    let mut experiment = load(path).unwrap().experiment;
    [experiment.first, experiment.second] = laws;
    (experiment.joints, experiment.pairing) = (joints, pairing);
    experiment.sweep = vec![(2, 100_000), (4, 100_000), (8, 50_000)];
    experiment.checks = vec![];
    experiment
}

#[test]
fn moments_and_distances_of_joint_laws_stay_exact_in_time() {
    // Both copies' moments, the distance and its variance are compared at 11 times. The self-checks
    // of one N fail by chance with a probability of 2e-7; for 33 × 10 moments, strongly correlated
    // in time, P(|z| > 5.5) < 330 · 4e-8, 7 times.
    use Joint::{MirroredEqual, MirroredOpposite, Product, Sphere};
    let centred = || normal(0.0, 1.5);
    for (laws, joints, pairing, coupling) in [
        (
            [normal(1.0, 0.5), uniform()],
            [MirroredEqual, MirroredOpposite],
            Pairing::Independent,
            CouplingKind::Synchronous,
        ),
        (
            [normal(1.0, 0.5), uniform()],
            [MirroredOpposite, Product],
            Pairing::Independent,
            CouplingKind::Synchronous,
        ),
        (
            [uniform(), normal(-2.0, 1.0)],
            [Product, MirroredEqual],
            Pairing::Independent,
            CouplingKind::Independent,
        ),
        (
            [centred(), uniform()],
            [Sphere, Product],
            Pairing::Independent,
            CouplingKind::Synchronous,
        ),
        (
            [centred(), uniform()],
            [Sphere, MirroredEqual],
            Pairing::Independent,
            CouplingKind::Synchronous,
        ),
        (
            [centred(), normal(0.0, 0.5)],
            [Sphere, Sphere],
            Pairing::Independent,
            CouplingKind::Independent,
        ),
        (
            [centred(), normal(0.0, 0.5)],
            [Sphere, Sphere],
            Pairing::Optimal,
            CouplingKind::Synchronous,
        ),
    ] {
        let mut experiment = experiment(laws, joints, pairing);
        experiment.coupling = coupling;
        let finished = |_: &_| Ok::<(), Infallible>(());
        let Ok(results) = verify(
            &experiment,
            Engine::Block,
            Sampling::Full,
            &|_| (),
            finished,
        );
        for row in &results.self_checks {
            assert!(row.passed, "{joints:?}: {row}");
            let of_both = ["discrepancy", "variances", "same-angles"].contains(&row.self_check);
            let known = match row.self_check {
                // These copies are not rematched, and no velocities are pooled.
                "rematching" | "sorted-pairs" => false,
                _ => coupling == CouplingKind::Synchronous || !of_both,
            };
            assert_eq!(row.comparisons > 0, known, "{joints:?}: {row}");
        }
        for row in &results.tables.discrepancy {
            let off = (row.mean - row.exact_mean.unwrap()).abs();
            let rounding = 1e-12 * row.exact_mean.unwrap();
            let error = row.std_error.unwrap();
            assert!(off <= rounding + 5.5 * error, "{joints:?}: {row:?}");
        }
        assert_eq!(results.tables.moments.len(), 3 * 11 * 10);
        for row in &results.tables.moments {
            assert!(row.exact.is_some(), "{joints:?}: {row:?}");
            assert!(row.z.is_none_or(|z| z.abs() < 5.5), "{joints:?}: {row:?}");
        }
        let known = results
            .tables
            .discrepancy
            .iter()
            .all(|row| row.exact_std_error.is_some());
        assert_eq!(known, coupling == CouplingKind::Synchronous);
    }
}

/// The verdict on a claim for an experiment at its first N, simulated from these pairs.
fn judged(experiment: &Experiment, claim: &str, pairs: InitialPairs) -> VerdictRow {
    let findings = findings(experiment, |gas| {
        let path = BlockPath::new(gas, Synchronous);
        SameCollisions::new(gas, &Arc::new(pairs.clone()), path)
    });
    verdict(experiment, claim, &findings)
}

fn findings<P: CoupledPair>(
    experiment: &Experiment,
    new_pair: impl Fn(&Arc<kac_coupling::simulate::Gas>) -> P + Sync,
) -> Findings {
    let theory = experiment.theory(experiment.sweep[0].0);
    let measured =
        job(experiment, 0, &theory).run_on(&|_| (), new_pair, |gas| BlockPath::new(gas, Reveal));
    Findings::new(experiment, 0, theory, measured)
}

/// The verdict that would be given if all self-checks had passed.
fn verdict(experiment: &Experiment, claim: &str, findings: &Findings) -> VerdictRow {
    let check = Check {
        claim: claim.to_string(),
        expect: Expectation::Holds,
        tolerance: 0.05,
        confidence: 0.999,
    };
    let evidence = Evidence {
        experiment,
        findings,
        self_checks: &[],
    };
    judge(&check, find(claim).unwrap(), evidence)
}

#[test]
fn wrong_mirrored_laws_are_noticed_by_lemma_8() {
    use Joint::{MirroredEqual, MirroredOpposite, Product};
    let law = normal(1.0, 0.5);
    let right = [MirroredEqual, MirroredOpposite];
    let mut experiment = experiment([law.clone(), law.clone()], right, Pairing::Independent);
    experiment.sweep = vec![(4, 100_000)];
    let pairs = |laws: [&Law; 2], joints| {
        InitialPairs::of_joints(laws[0], laws[1], joints, Pairing::Independent)
    };
    let honest = judged(&experiment, "lemma-8", pairs([&law, &law], right));
    assert_eq!(honest.verdict, "HOLDS", "{}", honest.reason);
    let mixture = NormalMixture::new(vec![0.5; 2], vec![1.0, -1.0], vec![0.5; 2]).unwrap();
    let symmetrised = Law::NormalMixture(mixture);
    let wider = normal(1.0, 0.52);
    for (wrong, pairs) in [
        (
            "the common sign is always +",
            pairs([&law, &law], [Product, MirroredOpposite]),
        ),
        (
            "signs are independent, not balanced",
            pairs([&law, &symmetrised], [MirroredEqual, Product]),
        ),
        (
            "both copies are mirrored equally",
            pairs([&law, &law], [MirroredEqual; 2]),
        ),
        (
            "the copies are swapped",
            pairs([&law, &law], [right[1], right[0]]),
        ),
        ("one copy is 4 % wider", pairs([&law, &wider], right)),
    ] {
        let row = judged(&experiment, "lemma-8", pairs);
        assert_eq!(row.outcome, Outcome::Against, "{wrong}: {}", row.reason);
    }
    // Few replicas decide nothing, and the verdict tells how many are needed.
    experiment.sweep = vec![(4, 100)];
    let few = judged(&experiment, "lemma-8", pairs([&law, &law], right));
    assert_eq!(few.verdict, "INCONCLUSIVE");
    assert!(
        (1000..100_000).contains(&few.replicas_needed.unwrap()),
        "{few:?}"
    );
}

#[test]
fn wrong_spheres_are_noticed_in_every_run() {
    let law = normal(0.0, 1.0);
    let spheres = [Joint::Sphere; 2];
    let independent = Pairing::Independent;
    let experiment = experiment([law.clone(), law.clone()], spheres, independent);
    let passed = |laws: [&Law; 2], joints| {
        let pairs = InitialPairs::of_joints(laws[0], laws[1], joints, independent);
        let mut experiment = experiment.clone();
        experiment.sweep = vec![(8, 50_000)];
        let findings = findings(&experiment, |gas| {
            let path = BlockPath::new(gas, Synchronous);
            SameCollisions::new(gas, &Arc::new(pairs.clone()), path)
        });
        self_checks(&findings).iter().all(|row| row.passed)
    };
    assert!(passed([&law, &law], spheres));
    // These spheres have radius √(N−1), or are not projected at all.
    let smaller = normal(0.0, (7.0f64 / 8.0).sqrt());
    assert!(!passed([&law, &smaller], spheres));
    assert!(!passed([&law, &law], [Joint::Sphere, Joint::Product]));
}

/// A wrong pair, whose ‖Δ‖² is read too small.
struct Shortened<P> {
    pair: P,
    factor: f64,
}

impl<P: CoupledPair> CoupledPair for Shortened<P> {
    fn restart(&mut self, seed: u64, replica: u64, stops: &[Place]) {
        self.pair.restart(seed, replica, stops);
    }
    fn advance(&mut self) {
        self.pair.advance();
    }
    fn particles(&self) -> usize {
        self.pair.particles()
    }
    fn particle(&self, index: usize) -> (f64, f64, f64) {
        self.pair.particle(index)
    }
    fn sums(&self) -> Sums {
        let mut sums = self.pair.sums();
        sums[0] *= self.factor;
        sums
    }
    fn collisions(&self) -> u64 {
        self.pair.collisions()
    }
}

#[test]
fn a_discrepancy_below_the_lower_bound_voids_lemma_12() {
    // The normal laws about 0 are optimally paired and the bath is at rest, so at t = 0 both sides
    // are equal.
    let laws = [normal(0.0, 1.0), normal(0.0, 2.0)];
    let mut experiment = experiment(laws, [Joint::Product; 2], Pairing::Optimal);
    experiment.sweep = vec![(4, 50_000)];
    let pairs = InitialPairs::new(&experiment.first, &experiment.second, Pairing::Optimal);
    let pairs = Arc::new(pairs);
    let row = |factor| {
        let findings = findings(&experiment, |gas| {
            let path = BlockPath::new(gas, Synchronous);
            let pair = SameCollisions::new(gas, &pairs, path);
            Shortened { pair, factor }
        });
        verdict(&experiment, "lemma-12", &findings)
    };
    let honest = row(1.0);
    assert_eq!(honest.verdict, "HOLDS", "{}", honest.reason);
    let wrong = row(0.9);
    assert_eq!(wrong.verdict, "VOID", "{}", wrong.reason);
    // Without an interval, or without a comparison, nothing is decided.
    let mut other = experiment.clone();
    other.coupling = CouplingKind::Independent;
    let measured = |experiment: &Experiment| {
        let theory = experiment.theory(4);
        let measured = job(experiment, 0, &theory).run(Engine::Block, &|_| ());
        let findings = Findings::new(experiment, 0, theory, measured);
        verdict(experiment, "lemma-12", &findings).verdict
    };
    assert_eq!(measured(&other), "INCONCLUSIVE");
    other = experiment.clone();
    other.second = other.first.clone();
    assert_eq!(measured(&other), "INCONCLUSIVE");
}

#[test]
fn distances_of_products_agree_with_lemma_11() {
    let path = Path::new("experiments/lemma11.toml");
    let mut experiment = load(path).unwrap().experiment;
    (experiment.end, experiment.points, experiment.wasserstein) = (0.1, 2, None);
    let verdict = |experiment: &Experiment| {
        let theory = experiment.theory(experiment.sweep[0].0);
        let measured = job(experiment, 0, &theory).run(Engine::Block, &|_| ());
        let findings = Findings::new(experiment, 0, theory, measured);
        verdict(experiment, "lemma-11", &findings).verdict
    };
    for particles in [1, 2, 3] {
        experiment.sweep = vec![(particles, 10)];
        assert_eq!(verdict(&experiment), "HOLDS");
    }
    experiment.sweep = vec![(5, 10)];
    assert_eq!(verdict(&experiment), "INCONCLUSIVE");
    experiment.second = experiment.first.clone();
    assert_eq!(verdict(&experiment), "INCONCLUSIVE");
    (experiment.first, experiment.second) = (normal(1.0, 2.0), normal(-1.0, 0.5));
    experiment.sweep = vec![(300, 2)];
    assert_eq!(verdict(&experiment), "HOLDS");
    experiment.second = uniform();
    assert_eq!(verdict(&experiment), "INCONCLUSIVE");
}

#[test]
fn wrong_jumps_are_noticed_by_lemma_3() {
    let path = Path::new("experiments/lemma3.toml");
    let mut experiment = load(path).unwrap().experiment;
    experiment.sweep = vec![(2, 400_000)];
    (experiment.end, experiment.points) = (0.1, 2);
    let row = |change: &dyn Fn(&mut Experiment)| {
        let mut other = experiment.clone();
        change(&mut other);
        let theory = experiment.theory(2);
        let measured = job(&other, 0, &theory).run(Engine::Block, &|_| ());
        // The count is binomial with probability 1/e, and P(|z| > 5) < 6e-7.
        let (all, p) = (measured.replicas as f64, libm::exp(-1.0));
        let z = (measured.first_collisions.count() - all * p) / (all * p * (1.0 - p)).sqrt();
        assert!(z.abs() < 5.0, "{z}");
        let findings = Findings::new(&experiment, 0, theory, measured);
        verdict(&experiment, "lemma-3", &findings)
    };
    let honest = row(&|_| ());
    assert_eq!(honest.verdict, "HOLDS", "{}", honest.reason);
    for (wrong, change) in [
        (
            "pairs at twice the rate",
            (&|experiment: &mut Experiment| experiment.lambda *= 2.0) as &dyn Fn(&mut Experiment),
        ),
        ("a mean that is not 0", &|experiment| {
            experiment.joints[1] = Joint::Product;
        }),
        ("a colder bath", &|experiment| {
            experiment.bath = normal(0.0, 3.0)
        }),
    ] {
        let row = row(change);
        assert_eq!(row.verdict, "VOID", "{wrong}: {}", row.reason);
    }
}
