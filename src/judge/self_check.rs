//! The self-checks of a run, which are made whatever claims are judged on it.
//!
//! Each copy is compared with closed forms that know nothing of the coupling,
//! error bars with exact variances from both sides, pair collisions with the
//! conservation of energy, and who collides, how often and at which angle with exact
//! laws of counts. If one of these fails the program is at fault, and no
//! verdict of that N means anything.
//!
//! A comparison's error is the larger of the exact and the empirical one: the first
//! knows of rare replicas that were not seen, the second of those that were. So it
//! is made only where the exact variance is known, and where a normal approximation
//! can be trusted far in its tails: where the squared relative standard error is
//! at most [`FEW_IN_TAILS`]. Each N may fail by chance with a probability of about
//! [`LEVEL`], shared by all its comparisons.

use crate::estimate::start::{Scatter, StartGroups};
use crate::estimate::steady::{SteadyEstimate, steady_estimates};
use crate::estimate::{
    Findings, ROUNDING, discrepancy_rounding, error_about_exact, normal_half_width,
    velocity_rounding,
};
use crate::judge::Outcome;
use crate::measure::marks::{Drawn, EQUAL_ANGLES, equal_velocities};
use crate::measure::records::{DISCREPANCY, column};
use crate::measure::small_gas::{Collided, PAIRS, PARTICLES, Sums};
use crate::model::coupling::{CouplingKind, Rematch};
use crate::numerics::binomial::{binomial_deviation, deviation_of, poisson_deviation};
use crate::numerics::trust::{FEW_IN_TAILS, FEW_IN_TAILS_OF_SPREAD};
use crate::simulate::census::{GROUPS, group_size};
use crate::table;
use crate::theory::{Moment, System};
use std::fmt;

/// The probability that some self-check of one N fails by chance.
pub const LEVEL: f64 = 2e-7;

/// Kurtosis up to which a sample variance is not nearly normal: that of two equally
/// likely values is 1, and its sample variance like the square of a normal variate.
const TWO_VALUES: f64 = 1.2;

/// The share of the upper estimates of W₂² that lower ones reach where their potentials fit.
const WELL_FITTED: f64 = 0.95;

/// Error bars of brackets are compared with scatter where they are so many times the noise of the
/// second order.
const SEEN: f64 = 3.0;

/// Sums of cosines of at least this variance are nearly normal far in their tails.
const LEAST_VARIANCE: f64 = 30.0;

/// Standard deviations of moments are roots of differences of squares: below this part of the
/// moment they are lost to rounding, √(16ε) with room.
const LOST: f64 = 1e-7;

/// Relative drift of the energy that rounding can cause.
const DRIFT: f64 = 1e-11;

/// Difference of angles that rounding can cause, in units of cosθ: velocities of down to
/// 1e-5 of the largest are used.
const SAME_ANGLE: f64 = 1e-7;

/// Relative difference of W₂ and √(ΣΔ²/sample) that rounding can cause: of their sums,
/// and a thousandth of it relative to the velocities.
const SORTED: f64 = 1e-12;
const OF_VELOCITIES: f64 = 1e-3;

/// Repetitions are compared with chance only if it makes fewer than this.
const FEW_BY_CHANCE: f64 = 1e-3;

/// The probability that the velocities of a particle that collided are equal in two
/// replicas, at most. It is highest for one of a discrete start that has met one particle
/// of a given velocity: that leaves r cosψ with given r, which is rounded near its extremes
/// in stretches of ψ that become longer and longer, and the squares of their probabilities
/// add up to 2e-16.
const EQUAL_LAST: f64 = 1e-15;

/// The self-checks whose deviation is relative, not in standard errors.
pub const RELATIVE: [&str; 4] = [
    "energy-conservation",
    "rematching",
    "same-angles",
    "sorted-pairs",
];

table! {
    /// The checks that a run makes of itself.
    #[file("self_checks.csv")]
    #[one_row_per("N and self-check")]
    #[written("by every run without `[calibration]`")]
    pub struct SelfCheckRow {
        /// Number of particles N.
        #[unit("-")]
        pub particles: usize,
        /// The self-check: what was compared with what is exactly known.
        #[unit("-")]
        pub self_check: &'static str,
        /// Number of comparisons made.
        #[unit("-")]
        pub comparisons: usize,
        /// The largest deviation, in standard errors; for `energy-conservation`, `rematching`, `same-angles` and
        /// `sorted-pairs` it is relative.
        #[unit("-")]
        #[empty("no comparison was made")]
        #[infinite("what must not happen has happened")]
        pub worst: Option<f64>,
        /// The largest deviation that passes.
        #[unit("-")]
        pub limit: f64,
        /// Whether all comparisons passed.
        #[unit("-")]
        pub passed: bool,
        /// The comparison with the largest deviation, in words.
        #[unit("-")]
        #[empty("no comparison was made")]
        pub place: String,
    }
}

impl SelfCheckRow {
    /// A failed one is against expectation.
    pub fn outcome(&self) -> Outcome {
        if self.passed {
            Outcome::AsExpected
        } else {
            Outcome::Against
        }
    }
}

impl fmt::Display for SelfCheckRow {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let SelfCheckRow {
            particles,
            self_check,
            limit,
            place,
            ..
        } = self;
        let worst = self.worst.unwrap_or(f64::NAN);
        let says = if self.passed { "passes" } else { "fails" };
        write!(
            f,
            "the self-check {self_check} {says} at N = {particles}: {worst:.3e} at most {limit:.3e} allowed ({place})"
        )
    }
}

/// A comparison: its deviation in standard errors, and where it was made.
struct Comparison {
    deviation: f64,
    place: String,
}

/// All self-checks of one N.
pub fn self_checks(findings: &Findings) -> Vec<SelfCheckRow> {
    let mut statistical = vec![
        ("first-copy-moments", moments(findings, System::First)),
        ("second-copy-moments", moments(findings, System::Second)),
        ("discrepancy", discrepancy(findings)),
        ("variances", variances(findings)),
        ("collisions", collisions(findings)),
        ("collision-counts", collision_counts(findings)),
        ("marks", marks(findings)),
        ("repeated-replicas", repeated_replicas(findings)),
    ];
    if let Some(start) = &findings.start {
        statistical.push(("bracket-start", bracket_start(findings, start)));
    }
    if findings.steady.is_some() {
        statistical.push(("steady-state", steady_state(findings)));
    }
    let all: usize = statistical.iter().map(|(_, made)| made.len()).sum();
    let limit = normal_half_width(1.0 - LEVEL / all.max(1) as f64);
    let row = |name, limit, made: &[Comparison]| {
        let worst = made
            .iter()
            .max_by(|a, b| a.deviation.total_cmp(&b.deviation));
        SelfCheckRow {
            particles: findings.particles,
            self_check: name,
            comparisons: made.len(),
            worst: worst.map(|worst| worst.deviation),
            limit,
            // A deviation that is not a number does not pass.
            passed: made.iter().all(|made| made.deviation <= limit),
            place: worst.map_or(String::new(), |worst| worst.place.clone()),
        }
    };
    let measured = &findings.measured;
    let relative = |deviation: Option<f64>, place: &str| -> Vec<Comparison> {
        let place = place.to_string();
        let made = deviation.map(|deviation| Comparison { deviation, place });
        made.into_iter().collect()
    };
    let relatives = [
        (
            DRIFT,
            relative(measured.energy_drift, "copies without a bath"),
        ),
        (
            DRIFT,
            relative(
                measured.pairs.seen.rematching,
                "velocities of the second copy",
            ),
        ),
        (
            SAME_ANGLE,
            relative(measured.small_gas.together.angle, "both copies"),
        ),
        (SORTED, sorted_pairs(findings)),
    ];
    let mut rows: Vec<SelfCheckRow> = statistical
        .iter()
        .map(|(name, made)| row(name, limit, made))
        .collect();
    let relatives = RELATIVE.iter().zip(&relatives);
    rows.extend(relatives.map(|(name, (limit, made))| row(name, *limit, made)));
    rows
}

/// The moments of a copy against the hierarchy, which knows nothing of the
/// other copy.
fn moments(findings: &Findings, system: System) -> Vec<Comparison> {
    let theory = &findings.theory;
    let start = theory.second_moment(system, 0.0).sqrt();
    let rounding = ROUNDING + velocity_rounding(theory) / start;
    let compare = |(index, &time): (usize, &f64), moment: Moment| {
        let exact = theory.moment(system, moment, time)?;
        let size = theory.moment_size(system, moment, time)?;
        let (mean, error) = findings.measured.mean(index, column(system, moment));
        let error = larger(error, findings.exact_moment_error(system, moment, time))?;
        let error = error_about_exact(error, mean - exact, findings.measured.replicas as f64);
        let error = error.max(LOST * size);
        let place = format!("{} at t = {time}", moment.name());
        compare(mean - exact, error, size, rounding, place)
    };
    let times = || findings.times.iter().enumerate();
    Moment::ALL
        .into_iter()
        .flat_map(|moment| times().filter_map(move |at| compare(at, moment)))
        .collect()
}

/// The larger of an empirical and an exact error, where both are known.
fn larger(empirical: Option<f64>, exact: Option<f64>) -> Option<f64> {
    let (empirical, exact) = (empirical?, exact?);
    (empirical.is_finite() && exact.is_finite()).then(|| empirical.max(exact))
}

/// The quantities measured in the steady state against the hierarchy at rest, and the mean of ‖Δ‖²
/// on the way there.
fn steady_state(findings: &Findings) -> Vec<Comparison> {
    let compare = |estimate: SteadyEstimate| {
        let error = estimate.std_error().filter(|_| estimate.is_trusted())?;
        let place = format!("{} from t = {} on", estimate.quantity, estimate.time);
        compare(
            estimate.value - estimate.exact,
            error,
            estimate.scale(),
            estimate.rounding,
            place,
        )
    };
    let estimates = steady_estimates(findings).into_iter();
    estimates.filter_map(compare).collect()
}

/// Brackets of groups of replicas at time 0 against W₂²(0), which their estimates enclose in the
/// mean, and their scatter against their error bars.
fn bracket_start(findings: &Findings, start: &StartGroups) -> Vec<Comparison> {
    let rounding = findings.rounding(0.0);
    let count = start.upper.len();
    let [lower, upper] = [&start.lower, &start.upper].map(|groups| Scatter::of(groups));
    let mean = |name: &str, beyond: f64, found: &Scatter| Comparison {
        deviation: ((beyond - start.few) / (found.std_error + rounding)).max(0.0),
        place: format!("{name} estimates of {count} groups at t = 0"),
    };
    let scatter = |name: &str, found: &Scatter| Comparison {
        deviation: found.excess.max(0.0),
        place: format!("scatter of the {name} estimates of {count} groups at t = 0"),
    };
    let mut comparisons = vec![
        mean("lower", lower.mean - start.exact, &lower),
        // Groups may all lack what is rare: together they are a sample too.
        mean(
            "upper",
            start.exact - start.unseen.raised(upper.mean),
            &upper,
        ),
    ];
    // Error bars that are no larger than what they do not hold say nothing of scatter.
    let least = (SEEN * start.second_order).max(rounding);
    let have_errors = |groups: &[(f64, f64)]| groups.iter().all(|(_, error)| *error > least);
    if have_errors(&start.upper) {
        comparisons.push(scatter("upper", &upper));
    }
    // Where potentials fit badly, lower estimates scatter because these do.
    if have_errors(&start.lower) && lower.mean > WELL_FITTED * upper.mean {
        comparisons.push(scatter("lower", &lower));
    }
    comparisons
}

/// The mean of ‖Δ‖² against its closed form.
fn discrepancy(findings: &Findings) -> Vec<Comparison> {
    let theory = &findings.theory;
    let rounding = discrepancy_rounding(theory);
    let replicas = findings.measured.replicas as f64;
    let compare = |(index, &time): (usize, &f64)| {
        let exact = theory.discrepancy_mean(time)?;
        let (mean, error) = findings.measured.mean(index, DISCREPANCY);
        let known = theory
            .discrepancy_relative_variance(time)
            .map(|variance| (variance / replicas).sqrt() * exact);
        let place = format!("t = {time}");
        // A relative variance below 10⁻¹³ is lost in rounding.
        let error = error_about_exact(larger(error, known)?, mean - exact, replicas);
        let error = error.max(4e-7 * exact);
        compare(mean - exact, error, exact, rounding, place)
    };
    findings
        .times
        .iter()
        .enumerate()
        .filter_map(compare)
        .collect()
}

/// The variance of ‖Δ‖² over replicas against the exact one, from both sides.
fn variances(findings: &Findings) -> Vec<Comparison> {
    let theory = &findings.theory;
    let rounding = discrepancy_rounding(theory);
    let compare = |(index, &time): (usize, &f64)| {
        let relative = theory.discrepancy_relative_variance(time)?;
        if relative < 1e-20 {
            // A constant: what varies is rounding.
            return None;
        }
        let mean = theory.discrepancy_mean(time)?;
        let exact = relative * mean * mean;
        let (variance, error) = findings.measured.pairs.discrepancy.variance(index)?;
        let replicas = findings.measured.replicas as f64;
        let kurtosis = theory.discrepancy_kurtosis(time)?;
        // Rare replicas carry this mean, hence even more this variance.
        if relative / replicas > FEW_IN_TAILS || kurtosis < TWO_VALUES {
            return None;
        }
        let known = (kurtosis - (replicas - 3.0) / (replicas - 1.0)) / replicas;
        // The standard deviation of a share r of S is at most r√(E S²), whatever it hangs on.
        let by_rounding = 2.0 * rounding * (1.0 + 1.0 / relative).sqrt();
        let error = larger(Some(error), Some(known.sqrt()))? + by_rounding;
        // The logarithm of a variance is nearer to a normal variate.
        let place = format!("discrepancy at t = {time}");
        let comparison = Comparison {
            deviation: (libm::log(variance / exact) / error).abs(),
            place,
        };
        (error * error <= FEW_IN_TAILS_OF_SPREAD).then_some(comparison)
    };
    findings
        .times
        .iter()
        .enumerate()
        .filter_map(compare)
        .collect()
}

/// The partners and angles of collisions in the small gas.
fn collisions(findings: &Findings) -> Vec<Comparison> {
    let probability = findings.theory.rates().pair_probability();
    // Where the second copy is permuted its particles are no longer told apart.
    let told_apart = match findings.theory.rematch() {
        Rematch::Never => System::ALL.len(),
        _ => 1,
    };
    let copies = findings.measured.small_gas.copies.iter();
    let copies = copies.zip(System::ALL).take(told_apart);
    let each = |(collided, system): (&Collided, System)| {
        let mut comparisons = counts(collided, system, probability);
        comparisons.extend(angles(collided, system));
        comparisons
    };
    let together = findings.measured.small_gas.together;
    let others = (together.compared > 0).then(|| Comparison {
        deviation: binomial_deviation(together.others, together.compared, together.chance),
        place: "collisions of one copy only".to_string(),
    });
    copies.flat_map(each).chain(others).collect()
}

/// The number of collisions up to the last record, and the numbers of those of each kind and with
/// each particle or group that is counted, at the run's own N.
fn collision_counts(findings: &Findings) -> Vec<Comparison> {
    let (measured, particles) = (&findings.measured, findings.particles);
    let (rates, census) = (findings.theory.rates(), &measured.pairs.seen.census);
    let paths = match findings.theory.coupling() {
        CouplingKind::Independent => 2.0,
        _ => 1.0,
    };
    let end = findings.times.last().copied().unwrap_or(0.0);
    let expected = rates.total(particles) * end * paths * measured.replicas as f64;
    let mut comparisons = vec![Comparison {
        deviation: poisson_deviation(measured.pairs.collisions, expected),
        place: "all collisions".to_string(),
    }];
    let (number, pairs) = (particles as f64, rates.pair_probability());
    let taking_part = (1.0 + pairs) / number;
    let kinds = [
        (1.0 - pairs, "the bath".to_string()),
        (taking_part, "particle 0".to_string()),
        (taking_part, format!("particle {}", particles - 1)),
    ];
    for (&count, (probability, with)) in census.with.iter().zip(kinds) {
        comparisons.extend(counted(count, census.collisions, probability, || {
            format!("collisions with {with}")
        }));
    }
    let roles = [("first", 1.0), ("second", pairs)];
    for (counts, (role, probability)) in census.groups.iter().zip(roles) {
        for (group, &count) in counts.iter().enumerate().take(GROUPS.min(particles)) {
            let share = group_size(particles, group) as f64 / number;
            comparisons.extend(counted(count, census.grouped, share * probability, || {
                format!("collisions with a {role} particle of group {group}")
            }));
        }
    }
    comparisons
}

/// A count against its binomial law; `None` without any trials. What has the probability 0
/// or 1 cannot be otherwise.
fn counted(
    count: u64,
    trials: u64,
    probability: f64,
    place: impl Fn() -> String,
) -> Option<Comparison> {
    let certain = |right: bool| if right { 0.0 } else { f64::INFINITY };
    let deviation = match probability {
        0.0 => certain(count == 0),
        1.0 => certain(count == trials),
        _ => binomial_deviation(count, trials, probability),
    };
    (trials > 0).then(|| Comparison {
        deviation,
        place: place(),
    })
}

/// Angles and bath velocities that are drawn more than once, and arcs that have no angle.
fn marks(findings: &Findings) -> Vec<Comparison> {
    let probe = &findings.measured.probe;
    let repeated = |drawn: Drawn, equal: Option<f64>, what: &str| {
        let count = drawn.count as f64;
        let by_chance = 0.5 * count * count * equal?;
        let known = drawn.count > 0 && by_chance < FEW_BY_CHANCE;
        known.then(|| Comparison {
            deviation: poisson_deviation(drawn.repeated, by_chance),
            place: format!("{what} drawn again"),
        })
    };
    // There is a gap of g or more between n uniform points on a circle of length 1 with a
    // probability of at most n(1 − g)^(n − 1).
    let count = probe.angles.count as f64;
    let gap = (probe.angles.count > 1).then(|| Comparison {
        deviation: deviation_of(count * libm::exp((count - 1.0) * libm::log1p(-probe.widest_gap))),
        place: "the longest arc without an angle".to_string(),
    });
    let angles = repeated(probe.angles, Some(EQUAL_ANGLES), "angles");
    let equal = equal_velocities(&findings.bath);
    let velocities = repeated(probe.velocities, equal, "bath velocities");
    [gap, angles, velocities].into_iter().flatten().collect()
}

/// Replicas in which particle 0 ends at the velocity of another replica.
fn repeated_replicas(findings: &Findings) -> Vec<Comparison> {
    let kept = findings.measured.pairs.last_velocities.repeated();
    // Each of these with any of all replicas.
    let pairs = 0.5 * kept.count as f64 * findings.measured.replicas as f64;
    let compared = kept.count > 0;
    let comparison = compared.then(|| Comparison {
        deviation: poisson_deviation(kept.repeated, pairs * EQUAL_LAST),
        place: "last velocities".to_string(),
    });
    comparison.into_iter().collect()
}

/// W₂² of pooled velocities against ΣΔ²/sample of the same: never larger, and as large
/// where both copies start comonotone.
///
/// Both are squares of lengths of vectors that differ by what V − Δ is rounded, so their
/// roots do not differ by more.
fn sorted_pairs(findings: &Findings) -> Vec<Comparison> {
    let (measured, particles) = (&findings.measured, findings.particles as f64);
    let pooled = measured.pairs.distances.count() * findings.sample as f64;
    if pooled == 0.0 {
        return vec![];
    }
    let all = measured.replicas as f64 * particles;
    let compare = |(index, &at): (usize, &usize)| {
        let [distance, paired] =
            [0, 1].map(|k| measured.pairs.distances.mean(2 * index + k).sqrt());
        let energy = |system| measured.mean(at, column(system, Moment::M2)).0;
        // Σ V² of those that are pooled is at most that of all.
        let sizes: f64 = System::ALL.map(energy).iter().sum();
        let size = paired + OF_VELOCITIES * (sizes * all / pooled).sqrt();
        let comonotone = index == 0 && findings.comonotone;
        let right = distance == paired || (distance < paired && !comonotone);
        let apart = (distance - paired).abs() / size;
        Comparison {
            deviation: if right { 0.0 } else { apart },
            place: format!("t = {}", findings.times[at]),
        }
    };
    let times = findings.distance_times.iter().enumerate();
    times.map(compare).collect()
}

/// The number of times that each particle meets the bath, and that each pair collides.
fn counts(collided: &Collided, system: System, pair_probability: f64) -> Vec<Comparison> {
    let name = system.name();
    let total = collided.total();
    let in_pairs: u64 = collided.pairs.iter().sum();
    let count = |count: u64, total: u64, probability: f64, place: String| {
        let possible = probability > 0.0 && probability < 1.0;
        possible.then(|| Comparison {
            deviation: binomial_deviation(count, total, probability),
            place,
        })
    };
    let meetings = collided.bath.iter().enumerate().map(|(particle, &seen)| {
        let place = format!("{name} copy, particle {particle} with the bath");
        count(
            seen,
            total,
            (1.0 - pair_probability) / PARTICLES as f64,
            place,
        )
    });
    let pairs = collided.pairs.iter().enumerate().map(|(pair, &seen)| {
        let place = format!("{name} copy, pair {pair}");
        count(seen, total, pair_probability / PAIRS as f64, place)
    });
    let partners = collided.in_pairs().into_iter().enumerate();
    let partners = partners.map(|(particle, seen)| {
        let place = format!("{name} copy, particle {particle} in pairs");
        count(seen, in_pairs, 2.0 / PARTICLES as f64, place)
    });
    let never = |counts: &[u64], probability: f64| match probability {
        0.0 => counts.iter().sum(),
        _ => 0,
    };
    let impossible = collided.others
        + never(&collided.bath, 1.0 - pair_probability)
        + never(&collided.pairs, pair_probability);
    let impossible = Comparison {
        deviation: if impossible == 0 { 0.0 } else { f64::INFINITY },
        place: format!("{name} copy, collisions that cannot be"),
    };
    let mut comparisons: Vec<Comparison> =
        meetings.chain(pairs).chain(partners).flatten().collect();
    comparisons.push(impossible);
    comparisons
}

/// Means of cos(kθ), and of what stands for sin(kθ), against 0.
fn angles(collided: &Collided, system: System) -> Vec<Comparison> {
    let name = system.name();
    let [by_cos, by_sin] = &collided.met;
    let kinds = [
        ("pairs", &collided.turned),
        ("bath", by_cos),
        ("bath", by_sin),
    ];
    let each = |(what, sums): (&'static str, &Sums)| -> Vec<Comparison> {
        let sums = sums.values.iter().zip(&sums.variances).zip(1..);
        let trusted = sums.filter(|((_, variance), _)| **variance >= LEAST_VARIANCE);
        let compare = |((value, variance), k): ((&f64, &f64), u32)| Comparison {
            deviation: value.abs() / variance.sqrt(),
            place: format!("{name} copy, angles of {what}, harmonic {k}"),
        };
        trusted.map(compare).collect()
    };
    kinds.into_iter().flat_map(each).collect()
}

/// A deviation in standard errors; `None` where it cannot be trusted.
/// The error that rounding can make, the share `rounding` of `size`, is added to `error`.
fn compare(
    deviation: f64,
    error: f64,
    size: f64,
    rounding: f64,
    place: String,
) -> Option<Comparison> {
    let error = error + rounding * size.abs();
    let relative = error / size;
    if !(size * size).is_normal() {
        // It under- or overflowed somewhere.
        return None;
    }
    // Not a number: not trusted.
    (relative * relative <= FEW_IN_TAILS).then(|| Comparison {
        deviation: (deviation / error).abs(),
        place,
    })
}
