//! Whether intervals cover the exact value as often as they say.
//!
//! An estimate is repeated over many seeds, and it is counted how often its
//! interval covers the exact value. The counts are binomial; their limits are
//! exact. Two kinds of error must be told apart: an interval that covers too
//! seldom claims more than was measured, one that covers too often less.
//!
//! Not claimed: that a count outside its limits cannot be chance. Each row has
//! its own limits, and [`LIMIT_CONFIDENCE`] of the sound ones keep them. Covers
//! below the limits leave it open whether the interval is sound; only so few that
//! a sound one has them with the probability [`ALARM_LEVEL`] are against
//! expectation. A sound interval is one of a normal estimate: these probabilities
//! hold as far as that approximation goes.

use crate::estimate::normal_half_width;
use crate::judge::Outcome;
use crate::model::Clock;
use crate::numerics::binomial::binomial_limits;
use crate::table;
use crate::table::{Cell, Column};
use serde::de::IntoDeserializer;
use serde::de::value::StrDeserializer;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::RangeInclusive;

/// The levels of the intervals whose coverage is counted.
pub const CONFIDENCES: [f64; 3] = [0.9, 0.99, 0.999];

/// The level of the limits of counts.
pub const LIMIT_CONFIDENCE: f64 = 0.999;

/// The probability, at most, that a sound interval is against expectation: one of
/// a normal estimate, as trusted ones nearly are.
pub const ALARM_LEVEL: f64 = 1e-8;

/// The verdict of counts on intervals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING-KEBAB-CASE")]
pub enum Coverage {
    /// They cover as often as they say, within the limits.
    Calibrated,
    /// They cover more often: wider than need be, and safe.
    Conservative,
    /// They cover less often: too narrow, or off the mark.
    UnderCovers,
}

impl Cell for Coverage {
    fn wanted(_: &Column) -> &'static str {
        "CALIBRATED, CONSERVATIVE or UNDER-COVERS"
    }

    fn of(text: &str, _: &Column) -> Option<Self> {
        let name: StrDeserializer<serde::de::value::Error> = text.into_deserializer();
        Coverage::deserialize(name).ok()
    }
}

/// The number of seeds whose intervals cover the exact value, and the numbers of those whose
/// intervals lie on either side of it.
///
/// A seed without an estimate is in none of the counts: it covers nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// The exact value is inside.
    pub covered: u64,
    /// The interval lies below the exact value.
    pub below: u64,
    /// The interval lies above the exact value.
    pub above: u64,
}

impl Counts {
    /// Take in the interval ±`half_width` around an estimate that is `z` standard
    /// errors above the exact value.
    pub fn add(&mut self, z: f64, half_width: f64) {
        if z < -half_width {
            self.below += 1;
        } else if z > half_width {
            self.above += 1;
        } else {
            self.covered += 1;
        }
    }

    /// Take in the counts of other seeds.
    pub fn merge(&mut self, other: &Counts) {
        self.covered += other.covered;
        self.below += other.below;
        self.above += other.above;
    }
}

/// The counts at each of the [`CONFIDENCES`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally(pub [Counts; CONFIDENCES.len()]);

impl Tally {
    /// Take in the z-score of a seed, if it has one.
    pub fn add(&mut self, z: Option<f64>) {
        let Some(z) = z else { return };
        for (counts, confidence) in self.0.iter_mut().zip(CONFIDENCES) {
            counts.add(z, normal_half_width(confidence));
        }
    }

    /// Take in the tally of other seeds.
    pub fn merge(&mut self, other: &Tally) {
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            mine.merge(theirs);
        }
    }
}

/// An estimate that is repeated over seeds.
#[derive(Debug, Clone, Copy)]
pub struct Repeated {
    /// N.
    pub particles: usize,
    /// The clock.
    pub clock: Clock,
    /// `discrepancy`, `energy`, `first-moment` or `pair-moment`.
    pub quantity: &'static str,
    /// `rate`, at which it decays, or its `mean` at a time.
    pub estimate: &'static str,
    /// t, of a mean.
    pub time: Option<f64>,
    /// Number of replicas in each repetition.
    pub replicas: u64,
    /// v/R: the relative variance of the mean, for a rate at the last time in use.
    pub relative_variance: f64,
    /// Whether the mean is carried by enough replicas to be nearly normal.
    pub trusted: bool,
}

table! {
    /// Coverage: how many seeds have an interval that covers the exact value. All counts are of seeds.
    #[file("calibration.csv")]
    #[one_row_per("N, estimate and level")]
    #[written("by runs with `[calibration]`")]
    pub struct CalibrationRow {
        /// Number of particles N.
        #[unit("-")]
        pub particles: usize,
        /// The clock.
        #[unit("-")]
        pub clock: Clock,
        /// What is estimated: `discrepancy`, `energy`, `first-moment` or `pair-moment`.
        #[unit("-")]
        pub quantity: &'static str,
        /// The estimate: the `rate` at which the quantity decays, or its `mean` at a time.
        #[unit("-")]
        pub estimate: &'static str,
        /// The time of a mean.
        #[unit("time")]
        #[empty("the estimate is a rate")]
        pub time: Option<f64>,
        /// Number of replicas in each repetition.
        #[unit("-")]
        pub replicas: u64,
        /// Number of repetitions.
        #[unit("-")]
        pub seeds: u64,
        /// Level of the interval.
        #[unit("-")]
        pub confidence: f64,
        /// Number of intervals that cover the exact value.
        #[unit("-")]
        pub covered: u64,
        /// The share covered/seeds.
        #[unit("-")]
        pub coverage: f64,
        /// The expected number confidence · seeds.
        #[unit("-")]
        pub expected: f64,
        /// The lower limit of `covered`: 99.9 % of sound intervals keep both limits.
        #[unit("-")]
        pub limit_low: u64,
        /// The upper limit of `covered`.
        #[unit("-")]
        pub limit_high: u64,
        /// The number below which `covered` is against expectation: a sound interval covers fewer with a probability of at
        /// most 10⁻⁸.
        #[unit("-")]
        pub alarm_low: u64,
        /// Number of intervals that lie below the exact value.
        #[unit("-")]
        pub below: u64,
        /// Number of intervals that lie above the exact value.
        #[unit("-")]
        pub above: u64,
        /// The lower limit of `below` and of `above`, for an estimate that is normal.
        #[unit("-")]
        pub tail_limit_low: u64,
        /// The upper limit of `below` and of `above`.
        #[unit("-")]
        pub tail_limit_high: u64,
        /// The relative variance v/R of the mean; for a rate that at the last time in use.
        #[unit("-")]
        pub relative_variance: f64,
        /// Whether the mean is carried by enough replicas to be nearly normal.
        #[unit("-")]
        pub trusted: bool,
        /// The verdict on `covered`: CALIBRATED, CONSERVATIVE or UNDER-COVERS.
        #[unit("-")]
        pub verdict: Coverage,
    }
}

impl CalibrationRow {
    /// The probability, at most, that a sound interval is against expectation, as
    /// far as the normal approximation goes.
    pub fn false_alarm(&self) -> f64 {
        if self.trusted { ALARM_LEVEL } else { 0.0 }
    }

    /// The number of counts among `below` and `above` that are outside their limits.
    pub fn odd_tails(&self) -> usize {
        let limits = self.tail_limit_low..=self.tail_limit_high;
        let tails = [self.below, self.above].into_iter();
        tails.filter(|count| !limits.contains(count)).count()
    }

    /// An interval that covers too seldom is not as expected, unless its estimate
    /// is known to be carried by too few replicas.
    pub fn outcome(&self) -> Outcome {
        if !self.trusted || self.verdict != Coverage::UnderCovers {
            Outcome::AsExpected
        } else if self.covered < self.alarm_low {
            Outcome::Against
        } else {
            Outcome::Undecided
        }
    }
}

impl fmt::Display for CalibrationRow {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let at = (self.time).map_or(String::new(), |time| format!(" at t = {time}"));
        write!(
            f,
            "N = {}, {} of {}{at}: {} of {} intervals at {} cover the exact value, by chance {} to {}",
            self.particles,
            self.estimate,
            self.quantity,
            self.covered,
            self.seeds,
            self.confidence,
            self.limit_low,
            self.limit_high
        )?;
        if !self.trusted {
            let variance = self.relative_variance;
            write!(
                f,
                " (not trusted: few replicas carry it, relative variance {variance:.3})"
            )?;
        }
        Ok(())
    }
}

/// The fewest seeds over which an interval of the lowest level can be against
/// expectation: with fewer, even none that covers is no alarm.
pub fn fewest_seeds() -> u64 {
    let miss = 1.0 - CONFIDENCES[0];
    let can_fail = |&seeds: &u64| *alarm_limits(seeds, miss).end() < seeds;
    let mut counts = 1..;
    counts.find(can_fail).expect("many misses are no chance")
}

/// The limits of misses beyond which it is no chance.
fn alarm_limits(seeds: u64, miss: f64) -> RangeInclusive<u64> {
    binomial_limits(seeds, miss, 1.0 - 2.0 * ALARM_LEVEL)
}

/// A row for each level, of estimates that were tallied over the same seeds.
pub fn calibration_rows(seeds: u64, tallied: &[(Repeated, Tally)]) -> Vec<CalibrationRow> {
    let limits = CONFIDENCES.map(|confidence| {
        let miss = 1.0 - confidence;
        [
            binomial_limits(seeds, miss, LIMIT_CONFIDENCE),
            alarm_limits(seeds, miss),
            binomial_limits(seeds, 0.5 * miss, LIMIT_CONFIDENCE),
        ]
    });
    let row = |repeated: &Repeated, level: usize, counts: Counts| {
        let [misses, alarm, tail] = &limits[level];
        let (limit_low, limit_high) = (seeds - misses.end(), seeds - misses.start());
        CalibrationRow {
            particles: repeated.particles,
            clock: repeated.clock,
            quantity: repeated.quantity,
            estimate: repeated.estimate,
            time: repeated.time,
            replicas: repeated.replicas,
            seeds,
            confidence: CONFIDENCES[level],
            covered: counts.covered,
            coverage: counts.covered as f64 / seeds as f64,
            expected: CONFIDENCES[level] * seeds as f64,
            limit_low,
            limit_high,
            alarm_low: seeds - alarm.end(),
            below: counts.below,
            above: counts.above,
            tail_limit_low: *tail.start(),
            tail_limit_high: *tail.end(),
            relative_variance: repeated.relative_variance,
            trusted: repeated.trusted,
            verdict: match counts.covered {
                few if few < limit_low => Coverage::UnderCovers,
                many if many > limit_high => Coverage::Conservative,
                _ => Coverage::Calibrated,
            },
        }
    };
    let mut rows = vec![];
    for (repeated, Tally(levels)) in tallied {
        for (level, &counts) in levels.iter().enumerate() {
            rows.push(row(repeated, level, counts));
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEAN: Repeated = Repeated {
        particles: 8,
        clock: Clock::Theorem6,
        quantity: "discrepancy",
        estimate: "mean",
        time: Some(1.0),
        replicas: 100,
        relative_variance: 0.004,
        trusted: true,
    };

    /// Over 2000 seeds, `low` z-scores of −2, `high` ones of 2 and `none` missing.
    fn rows(low: u64, high: u64, none: u64, repeated: Repeated) -> Vec<CalibrationRow> {
        let mut tally = Tally::default();
        for seed in 0..2000 {
            tally.add(match seed {
                seed if seed < low => Some(-2.0),
                seed if seed < low + high => Some(2.0),
                seed if seed < low + high + none => None,
                _ => Some(0.1),
            });
        }
        calibration_rows(2000, &[(repeated, tally)])
    }

    #[test]
    fn sides_are_told_apart() {
        // 1.64 < 2 < 2.58.
        let rows = rows(90, 110, 0, MEAN);
        let counts = |row: &CalibrationRow| (row.confidence, row.covered, row.below, row.above);
        let expected = [
            (0.9, 1800, 90, 110),
            (0.99, 2000, 0, 0),
            (0.999, 2000, 0, 0),
        ];
        assert_eq!(rows.iter().map(counts).collect::<Vec<_>>(), expected);
        let tails = |row: &CalibrationRow| (row.tail_limit_low, row.tail_limit_high);
        let expected = [(69, 133), (2, 22), (0, 6)];
        assert_eq!(rows.iter().map(tails).collect::<Vec<_>>(), expected);
        // No score beyond ±2.58 where 2 to 22 are due on each side.
        let odd: Vec<usize> = rows.iter().map(CalibrationRow::odd_tails).collect();
        assert_eq!(odd, [0, 2, 0]);
    }

    #[test]
    fn verdicts_change_at_the_limits() {
        // Between 1755 and 1843 of 2000 sound 90 % intervals cover the exact value.
        let verdict = |misses, repeated| {
            let row = &rows(misses, 0, 0, repeated)[0];
            assert_eq!((row.limit_low, row.limit_high), (1755, 1843));
            (row.verdict, row.outcome())
        };
        use Outcome::{Against, AsExpected, Undecided};
        assert_eq!(verdict(156, MEAN), (Coverage::Conservative, AsExpected));
        assert_eq!(verdict(157, MEAN), (Coverage::Calibrated, AsExpected));
        assert_eq!(verdict(245, MEAN), (Coverage::Calibrated, AsExpected));
        assert_eq!(verdict(246, MEAN), (Coverage::UnderCovers, Undecided));
        // More than 279 misses have a probability of 8.7e-9, more than 278 of 1.3e-8.
        assert_eq!(verdict(279, MEAN), (Coverage::UnderCovers, Undecided));
        assert_eq!(verdict(280, MEAN), (Coverage::UnderCovers, Against));
        let untrusted = Repeated {
            trusted: false,
            ..MEAN
        };
        assert_eq!(verdict(280, untrusted), (Coverage::UnderCovers, AsExpected));
    }

    #[test]
    fn the_fewest_seeds_can_fail() {
        // 0.1^8 is the alarm level, and rounding puts it above.
        let fewest = fewest_seeds();
        assert!((8..=9).contains(&fewest), "{fewest}");
        let outcome = |seeds| calibration_rows(seeds, &[(MEAN, Tally::default())])[0].outcome();
        assert_eq!(outcome(fewest), Outcome::Against);
        assert_ne!(outcome(fewest - 1), Outcome::Against);
    }

    #[test]
    fn a_seed_without_an_estimate_covers_nothing() {
        let row = &rows(0, 0, 300, MEAN)[0];
        assert_eq!((row.covered, row.below, row.above), (1700, 0, 0));
        assert_eq!(row.verdict, Coverage::UnderCovers);
    }
}
