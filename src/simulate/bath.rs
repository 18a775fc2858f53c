//! The velocities of bath particles, as a stream of their own.
//!
//! The k-th bath velocity of a replica belongs to its k-th bath collision.
//! Velocities come in groups of sixteen from four rows of
//! [`Lanes`](crate::random::Lanes): two rows of variates and two of selectors.

use super::marks::normal_rows;
use crate::law::Law;
use crate::random::{LANES, Row, open_uniform};

/// Velocities in a group.
pub const GROUP: usize = 2 * LANES;

/// Rows of words that a group takes.
pub const ROWS_PER_GROUP: usize = 4;

/// How bath velocities are drawn.
#[derive(Debug, Clone)]
pub enum BathVelocities {
    /// A normal law or a mixture of normal laws: Box–Muller variates, scaled
    /// and shifted by the component that the selector falls in.
    Gaussian(Vec<Component>),
    /// Any other law: [`Law::sample`].
    General(Law),
}

/// A component of a mixture of normal laws.
#[derive(Debug, Clone, Copy)]
pub struct Component {
    /// Weight of this and all earlier components, times 2⁶³.
    upto: u64,
    mean: f64,
    sd: f64,
}

impl BathVelocities {
    /// The sampler of a law.
    pub fn new(law: &Law) -> Self {
        let components: Vec<(f64, f64, f64)> = match law {
            Law::Normal(normal) => vec![(1.0, law.mean(), normal.sd())],
            Law::NormalMixture(mixture) => mixture.components().collect(),
            other => return BathVelocities::General(other.clone()),
        };
        let mut sum = 0.0;
        let component = |(weight, mean, sd)| {
            sum += weight;
            let upto = (sum * (1u64 << 63) as f64) as u64;
            Component { upto, mean, sd }
        };
        BathVelocities::Gaussian(components.into_iter().map(component).collect())
    }

    /// The sixteen velocities of a group of rows.
    #[inline(always)]
    pub fn group(&self, rows: &[Row; ROWS_PER_GROUP]) -> [[f64; LANES]; 2] {
        match self {
            BathVelocities::Gaussian(components) => gaussian_group(components, rows),
            BathVelocities::General(law) => general_group(law, rows),
        }
    }
}

#[inline(always)]
fn gaussian_group(components: &[Component], rows: &[Row; ROWS_PER_GROUP]) -> [[f64; LANES]; 2] {
    let mut velocities = normal_rows(&rows[0], &rows[1]);
    for (half, selectors) in velocities.iter_mut().zip(&rows[2..]) {
        let mut mean = [components[0].mean; LANES];
        let mut sd = [components[0].sd; LANES];
        for pair in components.windows(2) {
            for lane in 0..LANES {
                let beyond = (selectors[lane] >> 1) >= pair[0].upto;
                mean[lane] = if beyond { pair[1].mean } else { mean[lane] };
                sd[lane] = if beyond { pair[1].sd } else { sd[lane] };
            }
        }
        for lane in 0..LANES {
            half[lane] = mean[lane] + sd[lane] * half[lane];
        }
    }
    velocities
}

fn general_group(law: &Law, rows: &[Row; ROWS_PER_GROUP]) -> [[f64; LANES]; 2] {
    let mut velocities = [[0.0; LANES]; 2];
    for (half, velocities) in velocities.iter_mut().enumerate() {
        for (lane, velocity) in velocities.iter_mut().enumerate() {
            let selector = open_uniform(rows[2 + half][lane]);
            *velocity = law.sample(selector, open_uniform(rows[half][lane]));
        }
    }
    velocities
}
