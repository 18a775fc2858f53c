//! The velocities of bath particles, as a stream of their own.
//!
//! The k-th bath velocity of a replica belongs to its k-th bath collision.
//! Velocities come in groups of sixteen from two rows of
//! [`Lanes`](crate::random::Lanes): one of variates and one of selectors.

use super::normal::draw_normal;
use crate::law::Law;
use crate::random::{LANES, Row, one_to_two, open_uniform};
use crate::vector::{Instructions, vectorised};

/// Velocities in a group.
pub const GROUP: usize = LANES;

/// Rows of words that a group takes.
pub const ROWS_PER_GROUP: usize = 2;

/// Velocities of a group.
pub type Group = [f64; GROUP];

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

    /// The velocities of groups of rows: sixteen for each two rows.
    pub fn draw(
        &self,
        instructions: Instructions,
        rows: &[[Row; ROWS_PER_GROUP]],
        velocities: &mut [Group],
    ) {
        match self {
            BathVelocities::Gaussian(components) => {
                draw_gaussian(instructions, components, rows, velocities);
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
    draw_normal(instructions, rows, velocities);
    place(instructions, components, rows, velocities);
}

vectorised! {
    /// Scale and shift variates by the components that their selectors fall in.
    fn place(components: &[Component], rows: &[[Row; ROWS_PER_GROUP]], variates: &mut [Group]) {
        let [first, others @ ..] = components else { return };
        for ([_, selector], z) in rows.iter().zip(variates) {
            let mut velocity = [0.0; LANES];
            for lane in 0..LANES {
                velocity[lane] = first.mean + first.sd * z[lane];
            }
            let mut earlier = first.upto;
            for component in others {
                for lane in 0..LANES {
                    let there = component.mean + component.sd * z[lane];
                    let beyond = one_to_two(selector[lane]) >= earlier;
                    velocity[lane] = if beyond { there } else { velocity[lane] };
                }
                earlier = component.upto;
            }
            *z = velocity;
        }
    }
}

fn draw_general(law: &Law, rows: &[[Row; ROWS_PER_GROUP]], velocities: &mut [Group]) {
    for ([uniforms, selectors], group) in rows.iter().zip(velocities) {
        for ((velocity, &uniform), &selector) in group.iter_mut().zip(uniforms).zip(selectors) {
            *velocity = law.sample(open_uniform(selector), open_uniform(uniform));
        }
    }
}
