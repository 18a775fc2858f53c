//! Distances of the marks of collisions from their laws.

use kac_coupling::model::Rates;
use kac_coupling::model::coupling::Collision;

/// √n times the Kolmogorov–Smirnov distance of a sample from a distribution.
pub fn kolmogorov(mut sample: Vec<f64>, cdf: impl Fn(f64) -> f64) -> f64 {
    sample.sort_by(f64::total_cmp);
    let n = sample.len() as f64;
    let gap = sample.iter().enumerate().map(|(rank, &x)| {
        let below = cdf(x) - rank as f64 / n;
        below.max(1.0 / n - below)
    });
    gap.fold(0.0, f64::max) * n.sqrt()
}

/// The right law exceeds this with probability < 1e-4 (asymptotic, and smaller
/// at finite n).
pub const KOLMOGOROV_LIMIT: f64 = 2.225;

/// The [`kolmogorov`] distance of angles from uniform ones on the circle.
pub fn angle_statistic(collisions: &[Collision]) -> f64 {
    let turns = |c: &Collision| libm::atan2(c.sin, c.cos) / std::f64::consts::TAU + 0.5;
    kolmogorov(collisions.iter().map(turns).collect(), |x| x)
}

/// z-score of `count` out of `trials` with probability `p`.
pub fn binomial_z(count: usize, trials: usize, p: f64) -> f64 {
    let trials = trials as f64;
    (count as f64 - trials * p) / (trials * p * (1.0 - p)).sqrt()
}

/// The right law exceeds this with P(|z| > 4) < 7e-5.
pub const Z_LIMIT: f64 = 4.0;

/// The largest |z| of the counts of every ordered pair and of every particle
/// with the bath, among N particles.
pub fn partner_statistic(collisions: &[Collision], particles: u32, rates: Rates) -> f64 {
    let n = f64::from(particles);
    let pair = rates.pair_probability();
    let mut largest = 0.0f64;
    for one in 0..particles {
        for other in (0..=particles).filter(|&other| other != one) {
            let met = collisions
                .iter()
                .filter(|c| (c.particle, c.partner) == (one, other));
            let p = match other == particles {
                true => (1.0 - pair) / n,
                false => pair / (n * (n - 1.0)),
            };
            largest = largest.max(binomial_z(met.count(), collisions.len(), p).abs());
        }
    }
    largest
}
