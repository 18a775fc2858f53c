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
    /// The times at which it was seen.
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

    /// The times at which the steady state is seen.
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
        pair.restart(self.seed, replica, &self.stops);
        pair.advance();
        let mut line = [[0.0; LANES]; WIDTH];
        let variables = line.as_flattened_mut();
        variables[DISCREPANCY] = pair.sums()[0] / n;
        let mut particles = Particles::default();
        let mut counts = [0_u64; CELLS];
        for _ in 0..RECORDS {
            pair.advance();
            let mut sums = [0.0; 5];
            for from in (0..pair.particles()).step_by(Particles::MOST) {
                pair.read(from, &mut particles);
                add_powers(particles.first(), &mut sums);
                self.count(particles.first(), &mut counts);
            }
            let moments = moments(n, sums);
            for (variable, moment) in variables.iter_mut().zip(moments) {
                *variable += moment / RECORDS as f64;
            }
        }
        let [by_second, by_fourth] = self.kurtosis_gradient;
        variables[KURTOSIS] = by_second * variables[1] + by_fourth * variables[2];
        let cells = variables[FIRST_CELL..].iter_mut();
        for (share, count) in cells.zip(counts) {
            *share = count as f64 / (n * RECORDS as f64);
        }
        line
    }

    /// Count velocities in cells; what is beyond them is in none.
    fn count(&self, velocities: &[f64], counts: &mut [u64; CELLS]) {
        let scale = 1.0 / self.cell_width;
        for velocity in velocities {
            let place = velocity * scale + 0.5 * CELLS as f64;
            if (0.0..CELLS as f64).contains(&place) {
                counts[place as usize] += 1;
            }
        }
    }
}

/// Add V, V², V⁴, V⁶ and V⁸ of each particle.
fn add_powers(velocities: &[f64], sums: &mut [f64; 5]) {
    let [s1, s2, s4, s6, s8] = sums;
    for &velocity in velocities {
        let square = velocity * velocity;
        let fourth = square * square;
        *s1 += velocity;
        *s2 += square;
        *s4 += fourth;
        *s6 += fourth * square;
        *s8 += fourth * fourth;
    }
}

/// The averages of [`MOMENTS`] over particles, or ordered pairs or triples of
/// distinct ones, from the sums of powers; 0 where there are not as many particles.
fn moments(n: f64, [s1, s2, s4, s6, s8]: [f64; 5]) -> [f64; MOMENTS.len()] {
    let average = |sum: f64, count: f64| if count > 0.0 { sum / count } else { 0.0 };
    let pairs = n * (n - 1.0);
    let triples = pairs * (n - 2.0);
    [
        s1 / n,
        s2 / n,
        s4 / n,
        average(s1 * s1 - s2, pairs),
        average(s2 * s2 - s4, pairs),
        s6 / n,
        average(s4 * s2 - s6, pairs),
        average(s2 * s2 * s2 - 3.0 * s4 * s2 + 2.0 * s6, triples),
        s8 / n,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::pair::Still;

    #[test]
    fn moments_are_averages_over_distinct_particles() {
        let velocities: Vec<f64> = Still::new(5).0.iter().map(|particle| particle.0).collect();
        let mut sums = [0.0; 5];
        add_powers(&velocities, &mut sums);
        let found = moments(5.0, sums);
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
        assert_eq!(moments(1.0, [1.0; 5])[3..5], [0.0, 0.0]);
    }
}
