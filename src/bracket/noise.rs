//! How far samples lie from their laws, where the first order of that is taken off.
//!
//! W₂² of two samples depends on their noise to the second order too, and neither errors
//! over replicas nor control variates see that. Take two laws that are δ apart by a shift,
//! and n the noise of the difference of means: W₂² of the samples is (δ + n)², and less
//! the control variate 2(δ + n)·n it is δ² − n². Without control variates an error bar is
//! made of the slope 2(δ + n), which can be 0 where the true one is not.
//!
//! W₂ itself obeys the triangle inequality, so it is off by no more than the noise. To
//! allow for n² ≤ (t·sd n)² where a limit is t standard errors away makes up for both:
//! (|δ + n| + t·sd n)² ≥ δ² as long as |n| ≤ t·sd n.
//!
//! Noise is measured as what it moves. Moving velocities by ε·c′/‖c′‖, a field of length ε
//! in L²(law), changes the mean of c by ε‖c′‖, so a mean of c that is off moves the sample
//! by (mean of c − E c)/‖c′‖. The c here are the first powers of V − E V, which span the
//! control variates. Of coupled copies only the difference of both counts.
//!
//! Not claimed: that nothing else moves samples. Where a law has atoms, or a density with a
//! deep dip, noise moves mass across the gap, which is farther than means of powers say; and
//! powers are not orthogonal. Between two laws of this kind that are within some standard
//! errors of each other upper limits can miss far more often than they say, and between
//! atoms even be negative. Lower limits do not rest on this.

use super::interval::{Rule, Spread};

/// Noise of the means of the first powers, as lengths that both copies are moved by,
/// one less the other.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Noise {
    directions: Vec<Spread>,
}

impl Noise {
    /// Of `powers` powers.
    pub(super) fn of(powers: u32, particles: usize, copies: [&[f64]; 2], rule: Rule) -> Noise {
        let means = copies.map(|copy| copy.iter().sum::<f64>() / copy.len() as f64);
        let direction = |power: u32| {
            let moved = [0, 1].map(|copy| moved(power, particles, copies[copy], means[copy]));
            let [first, second] = &moved;
            let apart: Vec<f64> = first.iter().zip(second).map(|(f, h)| f - h).collect();
            Spread::of(&apart, rule)
        };
        Noise {
            directions: (1..=powers).map(direction).collect(),
        }
    }

    /// What the square of the noise is at most, at a limit of confidence (1+confidence)/2.
    pub(super) fn square(&self, confidence: f64) -> f64 {
        let reaches = self.directions.iter().map(|noise| noise.reach(confidence));
        reaches.map(|reach| reach * reach).sum()
    }
}

/// Each replica's mean of (v − mean)^p over √E (p (v − mean)^(p−1))²; 0 where that is 0.
fn moved(power: u32, particles: usize, velocities: &[f64], mean: f64) -> Vec<f64> {
    let slope = |v: &f64| f64::from(power) * power_of(v - mean, power - 1);
    let squares: f64 = velocities.iter().map(|v| slope(v) * slope(v)).sum();
    let length = (squares / velocities.len() as f64).sqrt();
    let scale = if length > 0.0 {
        1.0 / (length * particles as f64)
    } else {
        0.0
    };
    let replicas = velocities.chunks_exact(particles);
    replicas
        .map(|replica| {
            scale
                * replica
                    .iter()
                    .map(|v| power_of(v - mean, power))
                    .sum::<f64>()
        })
        .collect()
}

/// x^p for small p ≥ 0, by multiplication.
fn power_of(x: f64, power: u32) -> f64 {
    (0..power).fold(1.0, |product, _| product * x)
}
