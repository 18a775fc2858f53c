//! Simulating two copies into the steady state and tallying what is seen there.
//!
//! Each replica runs under the synchronous coupling from its two unlike starts.
//! At the time of the [`Schedule`] at which they are known to be near to each
//! other ‖Δ‖²/N is read; then, from the time on at which nothing is left of the
//! starts, the velocities of the first copy at [`RECORDS`] times. What a replica
//! contributes are its averages over these, so that errors are over independent
//! replicas only.
//!
//! These are the paths of the run itself, followed further: the same replicas with
//! the same collisions, in the same chunks.

use super::forest::{Forest, Tally};
use super::pairs::chunk;
use super::profile::{Profile, Watch};
use super::runner::{Control, Stage, extend};
use super::tally::{LANES, Means};
use crate::experiment::Experiment;
use crate::model::coupling::Synchronous;
use crate::numerics::vector::{Instructions, vectorised};
use crate::simulate::Gas;
use crate::simulate::block::BlockPath;
use crate::simulate::initial::InitialPairs;
use crate::simulate::pair::{CoupledPair, SameCollisions};
use crate::simulate::particles::Particles;
use crate::simulate::slabs::Place;
use crate::theory::Theory;
use crate::theory::steady::{MOMENTS, RECORDS, Schedule};
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::sync::Arc;

/// Cells of the density's histogram: of [`Steady::cell_width`], the middle one
/// around 0.
pub const CELLS: usize = 65;

/// Cells in a standard deviation of the bath.
const CELLS_PER_DEVIATION: f64 = 8.0;

/// The contributions of a replica, by index: its time averages of [`MOMENTS`], of the excess
/// kurtosis to first order about its exact value, ‖Δ‖²/N, and the share of its velocities in each
/// cell.
const KURTOSIS: usize = MOMENTS.len();
const DISCREPANCY: usize = KURTOSIS + 1;
const FIRST_CELL: usize = DISCREPANCY + 1;
const VARIABLES: usize = FIRST_CELL + CELLS;
/// Lanes of a replica's contributions.
const WIDTH: usize = VARIABLES.div_ceil(LANES);

type Line = [[f64; LANES]; WIDTH];

/// All replicas of one N, to be simulated into the steady state.
#[derive(Debug, Clone)]
pub struct SteadyStage {
    gas: Arc<Gas>,
    initial: Arc<InitialPairs>,
    seed: u64,
    chunk: u64,
    schedule: Schedule,
    stops: Vec<Place>,
    cell_width: f64,
    /// The derivatives of m4/m2² by m2 and m4, at the exact moments.
    kurtosis_gradient: [f64; 2],
}

/// The observations of the steady state of one N.
#[derive(Debug, Clone)]
pub struct Steady {
    /// Number of replicas.
    pub replicas: u64,
    /// Number of collisions simulated.
    pub collisions: u64,
    /// When it was seen.
    pub schedule: Schedule,
    /// Width of a cell of the histogram.
    pub cell_width: f64,
    /// The derivatives of m4/m2² by m2 and m4, at the exact moments.
    pub kurtosis_gradient: [f64; 2],
    means: Means,
}

/// Statistics of replicas in the steady state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SteadyTally {
    collisions: u64,
    means: Means,
}

impl Default for SteadyTally {
    fn default() -> Self {
        SteadyTally {
            collisions: 0,
            means: Means::new(VARIABLES),
        }
    }
}

impl Tally for SteadyTally {
    const KIND: &'static str = "steady state 1";

    fn merge(&mut self, next: Self) {
        self.collisions += next.collisions;
        self.means.merge(&next.means);
    }
}

/// A [`SteadyStage`] on pairs that `new_pair` makes for a gas.
struct OnPairs<'a, F> {
    stage: &'a SteadyStage,
    new_pair: F,
}

impl<P: CoupledPair, F: Fn(&Arc<Gas>) -> P + Sync> Stage for OnPairs<'_, F> {
    type Tally = SteadyTally;
    type Worker = P;

    fn chunk(&self) -> u64 {
        self.stage.chunk
    }

    fn worker(&self) -> P {
        (self.new_pair)(&self.stage.gas)
    }

    fn tally(&self, pair: &mut P, replicas: Range<u64>, profile: &mut Profile) -> SteadyTally {
        let mut watch = Watch::start();
        let mut tally = SteadyTally::default();
        let mut lines = vec![];
        for replica in replicas {
            lines.extend(self.stage.run_replica(pair, replica));
            tally.collisions += pair.collisions();
        }
        tally.means = Means::of(VARIABLES, &lines);
        profile.collisions += watch.lap();
        tally
    }
}

impl Steady {
    /// The average of one of the [`MOMENTS`], and its standard error.
    pub fn moment(&self, index: usize) -> (f64, Option<f64>) {
        self.variable(index)
    }

    /// m4/m2² − 3, and its standard error to first order about the exact value.
    pub fn excess_kurtosis(&self) -> (f64, Option<f64>) {
        let of = |partition: &[u32]| {
            let index = MOMENTS.iter().position(|(_, other)| *other == partition);
            self.variable(index.expect("it is measured")).0
        };
        let square = of(&[2]) * of(&[2]);
        (of(&[4]) / square - 3.0, self.variable(KURTOSIS).1)
    }

    /// The mean of ‖Δ‖²/N at the time of coupling, and its standard error.
    pub fn discrepancy(&self) -> (f64, Option<f64>) {
        self.variable(DISCREPANCY)
    }

    /// The ends of a cell, the share of velocities in it, and its standard error.
    pub fn cell(&self, index: usize) -> ([f64; 2], f64, Option<f64>) {
        let edge = |index: usize| (index as f64 - 0.5 * CELLS as f64) * self.cell_width;
        let (share, error) = self.variable(FIRST_CELL + index);
        ([edge(index), edge(index + 1)], share, error)
    }

    fn variable(&self, index: usize) -> (f64, Option<f64>) {
        (self.means.mean(index), self.means.std_error(index))
    }
}

impl SteadyStage {
    /// The replicas of entry `index` of an experiment's sweep; `None` if no steady
    /// state is asked for.
    pub fn new(experiment: &Experiment, index: usize, theory: &Theory) -> Option<Self> {
        let tolerance = experiment.steady_state?.tolerance;
        let schedule = Schedule::new(theory, tolerance)?;
        let (particles, _) = experiment.sweep[index];
        let gas = Gas::new(particles, experiment.rates(), &experiment.bath);
        let times = std::iter::once(schedule.coupling).chain(schedule.records());
        let stops = times.map(|time| gas.place(time)).collect();
        let sample = experiment.wasserstein.map_or(0, |plan| plan.sample);
        let second = theory.bath_variance();
        let fourth = theory.steady_moment(&[4])?;
        Some(SteadyStage {
            initial: Arc::new(InitialPairs::new(
                &experiment.first,
                &experiment.second,
                experiment.pairing,
            )),
            seed: experiment.seed,
            chunk: chunk(particles, sample),
            schedule,
            stops,
            cell_width: second.sqrt() / CELLS_PER_DEVIATION,
            kurtosis_gradient: [
                -2.0 * fourth / (second * second * second),
                1.0 / (second * second),
            ],
            gas: Arc::new(gas),
        })
    }

    /// The tally of no replicas.
    pub fn forest(&self) -> Forest<SteadyTally> {
        Forest::new(self.chunk)
    }

    /// When the steady state is seen.
    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// Simulate the replicas of a range that the forest does not have; see
    /// [`runner::extend`](extend). Returns the seconds of all threads.
    pub fn extend(
        &self,
        forest: &mut Forest<SteadyTally>,
        replicas: Range<u64>,
        control: Control,
    ) -> Profile {
        self.extend_on(forest, replicas, control, |gas| {
            let path = BlockPath::new(gas, Synchronous);
            SameCollisions::new(gas, &self.initial, path)
        })
    }

    /// [`extend`](Self::extend) with pairs of copies made by `new_pair` for a gas.
    pub fn extend_on<P: CoupledPair>(
        &self,
        forest: &mut Forest<SteadyTally>,
        replicas: Range<u64>,
        control: Control,
        new_pair: impl Fn(&Arc<Gas>) -> P + Sync,
    ) -> Profile {
        let stage = OnPairs {
            stage: self,
            new_pair,
        };
        let mut profile = Profile::default();
        extend(&stage, forest, replicas, control, &mut profile);
        profile
    }

    /// Simulate so many replicas on the current thread pool.
    pub fn run(&self, replicas: u64) -> Steady {
        let mut forest = self.forest();
        self.extend(&mut forest, 0..replicas, Control::new(&|_| ()));
        self.seen(forest)
    }

    /// The observations of the replicas of a forest.
    ///
    /// # Panics
    ///
    /// If replicas before others are missing.
    pub fn seen(&self, forest: Forest<SteadyTally>) -> Steady {
        let total = forest.total().expect("replicas follow each other");
        let (replicas, tally) = total.unwrap_or_else(|| (0, SteadyTally::default()));
        Steady {
            replicas,
            collisions: tally.collisions,
            schedule: self.schedule,
            cell_width: self.cell_width,
            kurtosis_gradient: self.kurtosis_gradient,
            means: tally.means,
        }
    }

    fn run_replica(&self, pair: &mut impl CoupledPair, replica: u64) -> Line {
        let n = pair.particles() as f64;
        let instructions = Instructions::best();
        pair.restart(self.seed, replica, &self.stops);
        pair.advance();
        let mut line = [[0.0; LANES]; WIDTH];
        let variables = line.as_flattened_mut();
        variables[DISCREPANCY] = pair.sums()[0] / n;
        let mut particles = Particles::default();
        let mut cells = [0; Particles::MOST];
        let mut counts = [0_u64; CELLS + 2];
        let mut sums = [[0.0; RECORDS]; POWERS];
        for record in 0..RECORDS {
            pair.advance();
            for from in (0..pair.particles()).step_by(Particles::MOST) {
                pair.read(from, &mut particles);
                let velocities = particles.first();
                let powers = sums_of_powers(instructions, velocities);
                for (sums, power) in sums.iter_mut().zip(powers) {
                    sums[record] += power;
                }
                find_cells(instructions, velocities, 1.0 / self.cell_width, &mut cells);
                for &cell in &cells[..velocities.len()] {
                    counts[cell as usize] += 1;
                }
            }
        }
        let mut averages = [[0.0; LANES]; MOMENTS.len()];
        add_moments(instructions, &sums, weights(n), &mut averages);
        for (variable, lanes) in variables.iter_mut().zip(averages) {
            *variable = lanes.iter().sum::<f64>() / RECORDS as f64;
        }
        let [by_second, by_fourth] = self.kurtosis_gradient;
        variables[KURTOSIS] = by_second * variables[1] + by_fourth * variables[2];
        let cells = variables[FIRST_CELL..].iter_mut();
        for (share, &count) in cells.zip(&counts[1..]) {
            *share = count as f64 / (n * RECORDS as f64);
        }
        line
    }
}

vectorised! {
    /// The place of each velocity among the counts: 0 below the first cell, [`CELLS`] + 1 above the last.
    fn find_cells(velocities: &[f64], scale: f64, cells: &mut [u32; Particles::MOST]) {
        for (cell, velocity) in cells.iter_mut().zip(velocities) {
            let place = velocity * scale + (0.5 * CELLS as f64 + 1.0);
            *cell = place.max(0.0).min(CELLS as f64 + 1.0) as u32;
        }
    }
}

/// The powers V, V², V⁴, V⁶ and V⁸.
const POWERS: usize = 5;

/// The sums of the powers over particles.
fn sums_of_powers(instructions: Instructions, velocities: &[f64]) -> [f64; POWERS] {
    let (eights, rest) = velocities.as_chunks::<LANES>();
    let mut sums = [0.0; POWERS];
    if !eights.is_empty() {
        let mut lanes = [[0.0; LANES]; POWERS];
        add_powers(instructions, eights, &mut lanes);
        sums = lanes.map(|lanes| lanes.iter().sum());
    }
    for &velocity in rest {
        for (sum, power) in sums.iter_mut().zip(powers(velocity)) {
            *sum += power;
        }
    }
    sums
}

#[inline(always)]
fn powers(velocity: f64) -> [f64; POWERS] {
    let square = velocity * velocity;
    let fourth = square * square;
    [velocity, square, fourth, fourth * square, fourth * fourth]
}

vectorised! {
    /// Adds the powers of each particle.
    fn add_powers(velocities: &[[f64; LANES]], sums: &mut [[f64; LANES]; POWERS]) {
        let mut totals = *sums;
        for eight in velocities {
            for lane in 0..LANES {
                let powers = powers(eight[lane]);
                for power in 0..POWERS {
                    totals[power][lane] += powers[power];
                }
            }
        }
        *sums = totals;
    }
}

/// One over the number of particles, of ordered pairs and of ordered triples of distinct ones; 0 where
/// there are none.
fn weights(n: f64) -> [f64; 3] {
    let pairs = n * (n - 1.0);
    [n, pairs, pairs * (n - 2.0)].map(|count| if count > 0.0 { 1.0 / count } else { 0.0 })
}

vectorised! {
    /// Adds up over records the averages of [`MOMENTS`] over particles, or ordered pairs or triples
    /// of distinct ones, from the sums of powers.
    fn add_moments(
        sums: &[[f64; RECORDS]; POWERS],
        weights: [f64; 3],
        averages: &mut [[f64; LANES]; MOMENTS.len()],
    ) {
        let mut totals = *averages;
        for record in 0..RECORDS {
            let [s1, s2, s4, s6, s8] = sums.each_ref().map(|sums| sums[record]);
            let [one, pair, triple] = weights;
            let moments = [
                s1 * one,
                s2 * one,
                s4 * one,
                (s1 * s1 - s2) * pair,
                (s2 * s2 - s4) * pair,
                s6 * one,
                (s4 * s2 - s6) * pair,
                (s2 * s2 * s2 - 3.0 * s4 * s2 + 2.0 * s6) * triple,
                s8 * one,
            ];
            for (total, moment) in totals.iter_mut().zip(moments) {
                total[record % LANES] += moment;
            }
        }
        *averages = totals;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::pair::Still;

    /// The averages of particles that do not move.
    fn averages(velocities: &[f64]) -> [f64; MOMENTS.len()] {
        let sums = sums_of_powers(Instructions::best(), velocities).map(|sum| [sum; RECORDS]);
        let mut averages = [[0.0; LANES]; MOMENTS.len()];
        let weights = weights(velocities.len() as f64);
        add_moments(Instructions::best(), &sums, weights, &mut averages);
        averages.map(|lanes| lanes.iter().sum::<f64>() / RECORDS as f64)
    }

    #[test]
    fn powers_are_those_of_each_particle() {
        for particles in [1, 2, 7, 8, 9, 64, 67] {
            let velocities: Vec<f64> = (0..particles).map(|i| libm::sin(f64::from(i))).collect();
            for instructions in Instructions::available() {
                let sums = sums_of_powers(instructions, &velocities);
                for (sum, power) in sums.into_iter().zip([1, 2, 4, 6, 8]) {
                    let expected: f64 = velocities.iter().map(|v| v.powi(power)).sum();
                    assert!((sum - expected).abs() < 1e-13, "{particles}, {power}");
                }
            }
        }
    }

    #[test]
    fn moments_are_averages_over_distinct_particles() {
        let velocities: Vec<f64> = Still::new(5).0.iter().map(|particle| particle.0).collect();
        let found = averages(&velocities);
        let power = |v: f64, exponent: u32| (0..exponent).fold(1.0, |product, _| product * v);
        for ((name, partition), found) in MOMENTS.into_iter().zip(found) {
            // Over all ordered choices of distinct particles, one by one.
            let (mut sum, mut count) = (0.0, 0.0);
            for i in 0..5 {
                for j in 0..5 {
                    for k in 0..5 {
                        let chosen = &[i, j, k][..partition.len()];
                        let distinct = (1..chosen.len()).all(|a| !chosen[..a].contains(&chosen[a]));
                        if distinct {
                            let powers = chosen.iter().zip(partition);
                            sum += powers
                                .map(|(&at, &exponent)| power(velocities[at], exponent))
                                .product::<f64>();
                            count += 1.0;
                        }
                    }
                }
            }
            assert!((found - sum / count).abs() < 1e-13, "{name}");
        }
        assert_eq!(averages(&[1.0])[3..5], [0.0, 0.0]);
    }

    #[test]
    fn velocities_are_counted_in_their_cells() {
        let cell_width = 0.25;
        let edge = |cell: usize| (cell as f64 - 0.5 * CELLS as f64) * cell_width;
        let tiny = 1e-9;
        for instructions in Instructions::available() {
            let mut cells = [0; Particles::MOST];
            for (velocity, place) in [
                (edge(0) - tiny, 0),
                (-1e300, 0),
                (f64::NEG_INFINITY, 0),
                (edge(0) + tiny, 1),
                (edge(1) - tiny, 1),
                (0.0, 33),
                (edge(64) + tiny, 65),
                (edge(65) - tiny, 65),
                (edge(65) + tiny, 66),
                (1e300, 66),
            ] {
                find_cells(instructions, &[velocity; 11], 1.0 / cell_width, &mut cells);
                assert_eq!(cells[..11], [place; 11], "{velocity}");
            }
        }
    }
}
