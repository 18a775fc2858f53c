//! Where the time of a run goes.

use serde::Serialize;
use std::sync::OnceLock;
use std::time::Instant;

/// Seconds of all threads together, by what they were spent on.
///
/// The seconds of the replicas that are
/// [tallied together](crate::measure::pairs::TALLIED_TOGETHER) go to collisions and records in the
/// proportion of one of them: to time the parts of each would cost more than the parts.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Profile {
    /// Initial data, drawing collisions and applying them.
    pub collisions: f64,
    /// Reading the particles at record times.
    pub records: f64,
    /// Means and covariances over replicas, and merging them.
    pub tallies: f64,
    /// Sorting for W₂.
    pub sorting: f64,
    /// Closed forms, self-checks, verdicts, tables and figures.
    pub output: f64,
}

impl Profile {
    /// Adds seconds to collisions and records, in the proportion that these have in another profile.
    pub fn add_like(&mut self, seconds: f64, other: &Profile) {
        let all = other.collisions + other.records;
        let share = if all > 0.0 {
            other.collisions / all
        } else {
            1.0
        };
        self.collisions += share * seconds;
        self.records += (1.0 - share) * seconds;
    }

    /// Add the seconds of another profile.
    pub fn merge(&mut self, other: &Profile) {
        self.collisions += other.collisions;
        self.records += other.records;
        self.tallies += other.tallies;
        self.sorting += other.sorting;
        self.output += other.output;
    }
}

/// A stopwatch that is read in laps, less what reading it costs.
#[derive(Debug)]
pub struct Watch(Instant);

/// Seconds that a look at the clock takes: the median of many.
fn cost_of_a_look() -> f64 {
    static COST: OnceLock<f64> = OnceLock::new();
    *COST.get_or_init(|| {
        let mut looks = [0.0; 101];
        let mut last = Instant::now();
        for look in &mut looks {
            let now = Instant::now();
            *look = (now - last).as_secs_f64();
            last = now;
        }
        looks.sort_by(f64::total_cmp);
        looks[50]
    })
}

impl Watch {
    /// Start now.
    pub fn start() -> Self {
        Watch(Instant::now())
    }

    /// Seconds since the start or the last lap.
    pub fn lap(&mut self) -> f64 {
        let now = Instant::now();
        let seconds = (now - self.0).as_secs_f64();
        self.0 = now;
        (seconds - cost_of_a_look()).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_go_to_the_parts_in_their_proportion() {
        let mut profile = Profile::default();
        let timed = Profile {
            collisions: 3.0,
            records: 1.0,
            ..Profile::default()
        };
        profile.add_like(8.0, &timed);
        profile.add_like(1.0, &Profile::default());
        assert_eq!((profile.collisions, profile.records), (7.0, 2.0));
    }
}
