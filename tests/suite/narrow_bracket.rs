//! The width of the bracket of W₂² between the laws of `experiments/bracket-*.toml`, and its
//! coverage there.
//!
//! No closed form of W₂² is known for these laws, so the values to be covered come from runs some
//! hundreds of times as large, with limits of their own. Numbers of other runs are compared by
//! their spread, never to the digit.

use crate::coverage::{CONFIDENCE, Coverage, mean_and_error};
use kac_coupling::bracket::{Bracket, Known, Moments, Velocities, first_marginals};
use kac_coupling::config::load;
use kac_coupling::experiment::{Experiment, WassersteinPlan};
use kac_coupling::measure::{Engine, Job, Kept};
use kac_coupling::numerics::special::normal_quantile;
use kac_coupling::theory::Theory;
use rayon::prelude::*;
use std::collections::HashMap;
use std::path::Path;

/// The part of an experiment that is simulated.
#[derive(Clone, Copy)]
struct Run {
    name: &'static str,
    particles: usize,
    /// The number of velocities of each copy, at each time.
    velocities: usize,
    /// Records are at the times 0, end/steps, …, end.
    end: f64,
    steps: usize,
}

impl Run {
    fn experiment(&self) -> Experiment {
        let path = format!("experiments/{}.toml", self.name);
        let points = self.steps + 1;
        Experiment {
            sweep: vec![(self.particles, (self.velocities / self.particles) as u64)],
            end: self.end,
            points,
            wasserstein: Some(WassersteinPlan {
                points,
                sample: 1000,
                bracket: self.velocities,
            }),
            ..load(Path::new(&path)).unwrap().experiment
        }
    }

    fn job(&self) -> (Job, Theory) {
        let experiment = self.experiment();
        let theory = experiment.theory(self.particles);
        (Job::new(&experiment, 0, &theory), theory)
    }

    /// For each of some seeds, the value of `made` for its velocities.
    fn over_seeds<T: Send>(
        &self,
        seeds: u64,
        made: impl Fn(&Theory, &[Kept]) -> T + Sync,
    ) -> Vec<T> {
        let (job, theory) = self.job();
        (0..seeds)
            .into_par_iter()
            .map(|seed| {
                made(
                    &theory,
                    &job.single_threaded(seed)
                        .run(Engine::Block, &|_| ())
                        .pairs
                        .kept,
                )
            })
            .collect()
    }
}

/// R.
fn replicas(particles: usize, kept: &Kept) -> u64 {
    (kept.first.len() / particles) as u64
}

fn bracket(particles: usize, kept: &Kept, known: &Known) -> Bracket {
    let velocities = Velocities::new(particles, &kept.first, &kept.second);
    first_marginals(&velocities, known, CONFIDENCE)
}

/// U/L for limits of 95 % at the end of a run, for each seed.
fn ratios(run: Run, seeds: u64) -> Vec<f64> {
    run.over_seeds(seeds, |theory, kept| {
        let known = Known::at(theory, run.end, replicas(run.particles, &kept[run.steps]));
        let found = bracket(run.particles, &kept[run.steps], &known);
        found.upper_limit.unwrap() / found.lower_limit.unwrap()
    })
}

#[test]
fn brackets_of_a_million_velocities_are_within_parts_of_a_thousand_or_of_a_hundred() {
    // These are the widest brackets of A, and of B at N = 3000.
    let widest = |name, particles| Run {
        name,
        particles,
        velocities: 1_000_000,
        end: 3.0,
        steps: 1,
    };
    // Over ten seeds the ratio was 1.0020 to 1.0025, with standard deviation 0.0002.
    let [ratio] = ratios(widest("bracket-a", 8), 1)[..] else {
        panic!("one seed")
    };
    assert!(ratio > 1.0 && ratio <= 1.003, "{ratio}");
    // The ratio was 1.043 to 1.050 for 34 of 40 seeds, 1.050 to 1.053 for four, and 1.058 and 1.069
    // for two, where a few velocities that only one copy has carry some percent of the distance.
    // The allowance for unseen parts is 0.002 to 0.003 of it. Three of five seeds are beyond 1.055
    // with probability 0.01.
    let mut ratios = ratios(widest("bracket-b", 3000), 5);
    ratios.sort_by(f64::total_cmp);
    assert!(ratios[0] > 1.0 && ratios[2] <= 1.055, "{ratios:?}");
}

/// U/L for limits of 95 % and of 99.9 %, from a row of a committed table.
///
/// Limits of 95 % are computed from those of 99.9 % as for normal estimates; with t quantiles,
/// whose ratio is smaller, they would be narrower.
fn committed_ratios(row: &HashMap<String, String>) -> [f64; 2] {
    let cell = |column: &str| -> f64 { row[column].parse().unwrap() };
    let estimates = ["dual_lower", "pooled_upper"].map(cell);
    let limits = ["lower_limit", "upper_limit"].map(cell);
    assert!(limits[0] > cell("gelbrich_lower"), "not clamped");
    let shorter = normal_quantile(0.975, 0.025) / normal_quantile(0.9995, 0.0005);
    let rescaled = |side: usize| estimates[side] + shorter * (limits[side] - estimates[side]);
    [rescaled(1) / rescaled(0), limits[1] / limits[0]]
}

#[test]
fn the_committed_tables_are_as_narrow_as_the_readme_says() {
    for name in ["bracket-a", "bracket-b"] {
        for clock in ["", "-master-equation"] {
            let path = format!("output/figures/tables/{name}{clock}/wasserstein.csv");
            let mut table = csv::Reader::from_path(&path).unwrap();
            let mut rows = 0;
            for row in table.deserialize() {
                let row: HashMap<String, String> = row.unwrap();
                let (particles, time) = (row["particles"].as_str(), row["time"].as_str());
                if time == "0.0" {
                    continue;
                }
                rows += 1;
                let [of_95, of_999] = committed_ratios(&row);
                let place = format!("{path}, N = {particles}, t = {time}: {of_95} {of_999}");
                assert!(1.0 < of_95 && of_95 < of_999, "{place}");
                // Over ten seeds of A the ratio was at most 1.0025. In the last cell of B on the
                // clock of Theorem 6's proof one run in seven has more than 1.05. The tables are
                // made rarely and deliberately: one beyond the README's numbers is not to be
                // committed unseen.
                let most = if name == "bracket-a" { 1.003 } else { 1.05 };
                let judged = name == "bracket-a" || particles == "3000";
                assert!(!judged || of_95 <= most, "{place}");
            }
            assert_eq!(rows, 12, "{path}: four N at three times");
        }
    }
}

/// Limits of W₂² of A at a time, on the clock of Theorem 6's proof, from a larger run.
struct Reference {
    particles: usize,
    time: f64,
    /// The limits have confidence 99.99 %.
    limits: [f64; 2],
}

/// Limits from larger runs. Each side is wrong with probability 5e-5, and both are a quarter of the
/// standard deviation of one seed's lower estimate apart. They are printed by
///
/// ```text
/// cargo test --release --test suite narrow_bracket -- --ignored --nocapture
/// ```
///
/// from 2·10⁷ velocities at t = 1 and 10⁷ at t = 3, 1000 and 500 times as many as are used below.
const REFERENCES: [Reference; 4] = [
    Reference {
        particles: 8,
        time: 1.0,
        limits: [0.0793243, 0.0793673],
    },
    Reference {
        particles: 8,
        time: 3.0,
        limits: [0.001_906_17, 0.001_907_64],
    },
    Reference {
        particles: 50,
        time: 1.0,
        limits: [0.0792250, 0.0792623],
    },
    Reference {
        particles: 50,
        time: 3.0,
        limits: [0.001_903_56, 0.001_904_70],
    },
];

#[test]
#[ignore = "prints the limits of REFERENCES; takes some minutes and 2 GB"]
fn the_limits_of_references_are_printed() {
    for Reference {
        particles, time, ..
    } in REFERENCES
    {
        let run = Run {
            name: "bracket-a",
            particles,
            velocities: if time < 2.0 { 20_000_000 } else { 10_000_000 },
            end: time,
            steps: 1,
        };
        let (job, theory) = run.job();
        let kept = job.run(Engine::Block, &|_| ()).pairs.kept;
        let found = bracket(
            particles,
            &kept[1],
            &Known::at(&theory, time, replicas(particles, &kept[1])),
        );
        let limits = found.measured_limits(0.9999);
        println!("N = {particles}, t = {time}: {limits:?} {found:?}");
    }
}

/// The brackets of one seed's velocities at one time.
struct Found {
    with_moments: Bracket,
    without: Bracket,
    /// The bracket with each particle as a replica, where it makes a difference. At t = 3 the bias
    /// of so few velocities hides it; `bracket.rs` counts how often such limits miss.
    of_particles: Option<Bracket>,
}

impl Found {
    fn of(particles: usize, theory: &Theory, kept: &Kept, time: f64) -> Found {
        // The exact knowledge has no bounds that would clamp limits.
        let known = Known {
            lower: None,
            upper: None,
            ..Known::at(theory, time, replicas(particles, kept))
        };
        let nothing = Known {
            moments: [Moments::default(); 2],
            ..known
        };
        Found {
            with_moments: bracket(particles, kept, &known),
            without: bracket(particles, kept, &nothing),
            of_particles: (particles > 8 && time < 2.0).then(|| bracket(1, kept, &known)),
        }
    }
}

/// Estimates and limits of each seed, right or wrong ones.
type Limits = fn(&Found) -> ([Option<f64>; 2], [Option<f64>; 2]);

fn coverage(truth: [f64; 2], found: &[&Found], limits: Limits) -> Coverage {
    let mut coverage = Coverage::of(truth[0]..=truth[1]);
    for found in found {
        let (estimates, limits) = limits(found);
        coverage.add(estimates, limits);
    }
    coverage
}

fn as_found(bracket: &Bracket) -> ([Option<f64>; 2], [Option<f64>; 2]) {
    (
        [bracket.dual_lower, bracket.upper],
        [bracket.lower_limit, bracket.upper_limit],
    )
}

/// A standard error is subtracted where it should be added. With control variates the bias of
/// pooled velocities would hide this at t = 3.
fn minus_for_plus(found: &Found) -> ([Option<f64>; 2], [Option<f64>; 2]) {
    let (estimates, [lower, upper]) = as_found(&found.without);
    let wrong = 2.0 * estimates[1].unwrap() - upper.unwrap();
    (estimates, [lower, Some(wrong)])
}

/// The potentials go through all pairs of ranks and are evaluated where they were fitted: they give
/// W₂² of the pooled samples. (Potentials through stretches of ranks see too little to be caught
/// here; `tests/bracket.rs` catches them on copies that are not coupled.)
fn seen_potentials(found: &Found) -> ([Option<f64>; 2], [Option<f64>; 2]) {
    let ([lower, upper], limits) = as_found(&found.with_moments);
    let reach = lower.unwrap() - limits[0].unwrap();
    let wrong = upper.unwrap();
    ([Some(wrong), upper], [Some(wrong - reach), limits[1]])
}

/// Control variates are added where they should be subtracted.
fn wrong_sign(found: &Found) -> ([Option<f64>; 2], [Option<f64>; 2]) {
    let (right, limits) = as_found(&found.with_moments);
    let (raw, _) = as_found(&found.without);
    let wrong = [0, 1].map(|side| 2.0 * raw[side].unwrap() - right[side].unwrap());
    let moved = [0, 1].map(|side| Some(wrong[side] + limits[side].unwrap() - right[side].unwrap()));
    (wrong.map(Some), moved)
}

/// The ratio of reported standard errors to the scatter of estimates, below and above.
fn error_over_scatter(found: &[Bracket]) -> [f64; 2] {
    let ratio = |estimate: fn(&Bracket) -> Option<f64>, error: fn(&Bracket) -> Option<f64>| {
        let of = |value: fn(&Bracket) -> Option<f64>| -> Vec<f64> {
            found.iter().map(|found| value(found).unwrap()).collect()
        };
        let squares: f64 = of(error).iter().map(|error| error * error).sum();
        let (_, error_of_mean) = mean_and_error(&of(estimate));
        squares.sqrt() / found.len() as f64 / error_of_mean
    };
    [
        ratio(|found| found.dual_lower, |found| found.dual_std_error),
        ratio(|found| found.upper, |found| found.upper_std_error),
    ]
}

/// The least accepted [`error_over_scatter`]. Lower estimates scatter a little more than their
/// errors say, mostly since the bounds of their potentials vary, none of which is above W₂². The
/// measured ratios are 0.90 and more, to 3.5 % with 400 seeds, so less than 0.75 has a probability
/// below 1e-4. With errors over particles the ratio is 0.49 and 0.66 at N = 50.
const SHORTEST: f64 = 0.75;

/// Judges the limits of all seeds at one time, right and wrong ones.
fn judge(place: &str, truth: [f64; 2], found: &[&Found]) {
    let with = coverage(truth, found, |found| as_found(&found.with_moments));
    assert_eq!(with.fault(), None, "{place}, with moments");
    let without = coverage(truth, found, |found| as_found(&found.without));
    assert_eq!(without.fault(), None, "{place}, without moments");
    // The width of the reference is small beside the scatter of one seed: at most a quarter of a
    // standard deviation.
    let scatter = mean_and_error(&with.lower).1 * (found.len() as f64).sqrt();
    assert!(truth[1] - truth[0] < 0.35 * scatter, "{place}: {scatter}");
    let of = |bracket: fn(&Found) -> Option<Bracket>| -> Vec<Bracket> {
        found.iter().filter_map(|found| bracket(found)).collect()
    };
    let ratios = error_over_scatter(&of(|found| Some(found.with_moments.clone())));
    assert!(
        ratios.iter().all(|&ratio| ratio > SHORTEST),
        "{place}: {ratios:?}"
    );

    assert!(coverage(truth, found, minus_for_plus).fault().is_some());
    let wrong = of(|found| found.of_particles.clone());
    assert!(
        wrong.is_empty() || error_over_scatter(&wrong)[0] < SHORTEST,
        "{place}"
    );
}

/// With fewer velocities only V is a control variate, and these faults would not be seen.
#[test]
fn planted_faults_are_seen_in_larger_runs() {
    let mut seen = [0; 2];
    for Reference {
        particles,
        time,
        limits,
    } in REFERENCES
    {
        let run = Run {
            name: "bracket-a",
            particles,
            velocities: 200_000,
            end: time,
            steps: 1,
        };
        let found = run.over_seeds(40, |theory, kept| {
            Found::of(particles, theory, &kept[1], time)
        });
        let found: Vec<&Found> = found.iter().collect();
        assert_eq!(
            coverage(limits, &found, |found| as_found(&found.with_moments)).fault(),
            None
        );
        for (seen, wrong) in seen.iter_mut().zip([seen_potentials, wrong_sign]) {
            *seen += u32::from(coverage(limits, &found, wrong).fault().is_some());
        }
    }
    assert!(seen.iter().all(|&seen| seen >= 2), "{seen:?} of 4");
}

#[test]
fn limits_cover_what_a_larger_run_finds() {
    let mut without_moments = 0;
    for particles in [8, 50] {
        let run = Run {
            name: "bracket-a",
            particles,
            velocities: 20_000,
            end: 3.0,
            steps: 3,
        };
        let references: Vec<&Reference> = (REFERENCES.iter())
            .filter(|reference| reference.particles == particles)
            .collect();
        let found = run.over_seeds(400, |theory, kept| {
            let at = |reference: &&Reference| {
                let kept = &kept[reference.time as usize];
                Found::of(particles, theory, kept, reference.time)
            };
            references.iter().map(at).collect::<Vec<Found>>()
        });
        for (index, &&Reference { time, limits, .. }) in references.iter().enumerate() {
            let found: Vec<&Found> = found.iter().map(|times| &times[index]).collect();
            judge(&format!("N = {particles}, t = {time}"), limits, &found);
            let without = coverage(limits, &found, |found| as_found(&found.without));
            without_moments += without.lower_misses + without.upper_misses;
        }
    }
    // Without control variates the bias is small beside the errors, and each side misses about as
    // often as it may: limits that never miss would be too wide. Nominal are 80 of 3200 misses; 32
    // were measured.
    assert!(without_moments > 8, "{without_moments}");
}
