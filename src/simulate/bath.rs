//! The velocities of bath particles, as a stream of their own.
//!
//! The k-th bath velocity of a replica belongs to its k-th bath collision.
//! Velocities come in groups of thirty-two from four rows of
//! [`Lanes`](crate::random::Lanes): two rows of variates and two of selectors.

use super::marks::normal_rows;
use crate::law::Law;
use crate::random::{LANES, Row, one_to_two, open_uniform};
use crate::vector::{Instructions, vectorised};

/// Velocities in a group.
pub const GROUP: usize = size_of::<Group>() / size_of::<f64>();

/// Rows of words that a group takes.
pub const ROWS_PER_GROUP: usize = 4;

/// Velocities of a group.
pub type Group = [[f64; LANES]; 2];

/// Groups whose variates are drawn together.
const TOGETHER: usize = 8;

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
    /// 1 + the weight of this and all earlier components, to be compared with
    /// a number in [1, 2).
    upto: f64,
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
            Component {
                upto: 1.0 + sum,
                mean,
                sd,
            }
        };
        BathVelocities::Gaussian(components.into_iter().map(component).collect())
    }

    /// The velocities of groups of rows: thirty-two for each four rows.
    pub fn draw(
        &self,
        instructions: Instructions,
        rows: &[[Row; ROWS_PER_GROUP]],
        velocities: &mut [Group],
    ) {
        match self {
            BathVelocities::Gaussian(components) => {
                for (rows, velocities) in rows.chunks(TOGETHER).zip(velocities.chunks_mut(TOGETHER))
                {
                    draw_gaussian(instructions, components, rows, velocities);
                }
            }
            BathVelocities::General(law) => draw_general(law, rows, velocities),
        }
    }
}

fn draw_gaussian(
    instructions: Instructions,
    components: &[Component],
    rows: &[[Row; ROWS_PER_GROUP]],
    velocities: &mut [Group],
) {
    let mut variates = [[[0.0; LANES]; 2]; TOGETHER];
    let variates = &mut variates[..rows.len()];
    draw_normal(instructions, rows, variates);
    set(instructions, components[0], variates, velocities);
    for pair in components.windows(2) {
        set_beyond(
            instructions,
            pair[0].upto,
            pair[1],
            rows,
            variates,
            velocities,
        );
    }
}

vectorised! {
    /// Standard normal variates.
    fn draw_normal(rows: &[[Row; ROWS_PER_GROUP]], variates: &mut [Group]) {
        for ([radius, angle, ..], group) in rows.iter().zip(variates) {
            *group = normal_rows(radius, angle);
        }
    }
}

vectorised! {
    /// Velocities of a component from standard normal variates.
    fn set(component: Component, variates: &[Group], velocities: &mut [Group]) {
        let variates = variates.as_flattened().as_flattened();
        let velocities = velocities.as_flattened_mut().as_flattened_mut();
        for (velocity, z) in velocities.iter_mut().zip(variates) {
            *velocity = component.mean + component.sd * z;
        }
    }
}

vectorised! {
    /// The same where the selector lies beyond the earlier components.
    fn set_beyond(
        earlier: f64,
        component: Component,
        rows: &[[Row; ROWS_PER_GROUP]],
        variates: &[Group],
        velocities: &mut [Group],
    ) {
        for ((rows, variates), group) in rows.iter().zip(variates).zip(velocities) {
            let selectors = rows[2..].as_flattened().iter();
            let group = group.as_flattened_mut().iter_mut();
            for ((velocity, z), &selector) in group.zip(variates.as_flattened()).zip(selectors) {
                let here = component.mean + component.sd * z;
                *velocity = if one_to_two(selector) >= earlier { here } else { *velocity };
            }
        }
    }
}

fn draw_general(law: &Law, rows: &[[Row; ROWS_PER_GROUP]], velocities: &mut [[[f64; LANES]; 2]]) {
    for (rows, group) in rows.iter().zip(velocities) {
        for (half, velocities) in group.iter_mut().enumerate() {
            for (lane, velocity) in velocities.iter_mut().enumerate() {
                let selector = open_uniform(rows[2 + half][lane]);
                *velocity = law.sample(selector, open_uniform(rows[half][lane]));
            }
        }
    }
}
