//! The velocities of bath particles, as a stream of their own.
//!
//! The k-th bath velocity of a replica belongs to its k-th bath collision.
//! Velocities come in groups of sixteen, from one or two rows of
//! [`Lanes`](crate::random::Lanes).

use super::normal::draw_normal;
use crate::law::Law;
use crate::numerics::vector::{Instructions, vectorised};
use crate::random::{LANES, Row, one_to_two, open_uniform};

/// The number of velocities in a group.
pub const GROUP: usize = LANES;

/// The largest number of rows of words that a group takes.
pub const MOST_ROWS_PER_GROUP: usize = 2;

/// Velocities of a group.
pub type Group = [f64; GROUP];

/// The way in which bath velocities are drawn.
#[derive(Debug, Clone)]
pub enum BathVelocities {
    /// A normal law or a mixture of normal laws: Box–Muller variates, scaled
    /// and shifted by the component that a selector falls in.
    Gaussian(Vec<Component>),
    /// Any other law is drawn by [`Law::sample`].
    General(Law),
}

/// A component of a mixture of normal laws.
///
/// Selectors are ten bits of each word that the Box–Muller method does not use, read as a number s
/// of [1, 2) in steps of 1/1024. They say that u is in [s, s + 1/1024); components take up the
/// stretches of u in order. Where a component begins inside a step, the selector of this step does
/// not decide, and a further word does. So a component has its weight to 2⁻⁵², and the last one of
/// K to (K − 1)·2⁻⁵³, the rounding of weights that are summed.
#[derive(Debug, Clone, Copy)]
pub struct Component {
    /// 1 + the weight of all earlier components.
    from: f64,
    /// The selector that does not decide whether [`Component::from`] is passed; NaN if every
    /// selector decides.
    open_step: f64,
    mean: f64,
    sd: f64,
}

/// The step of selectors.
const STEP: f64 = 1.0 / 1024.0;

impl Component {
    fn new(from: f64, mean: f64, sd: f64) -> Self {
        let below = (from / STEP).floor() * STEP;
        let open_step = if below < from { below } else { f64::NAN };
        Component {
            from,
            open_step,
            mean,
            sd,
        }
    }
}

/// The selector of the velocity in a lane, from the word of that lane. The radius and the direction
/// of a variate leave different bits unused.
#[inline(always)]
fn selector(lane: usize, word: u64) -> f64 {
    const HIGHEST: u64 = 0x3ff << 42;
    let bits = if lane < LANES / 2 {
        word << 40
    } else {
        word >> 10
    };
    f64::from_bits(0x3ff0_0000_0000_0000 | bits & HIGHEST)
}

impl BathVelocities {
    /// The sampler of a law.
    pub fn new(law: &Law) -> Self {
        let components: Vec<(f64, f64, f64)> = match law {
            Law::Normal(normal) => vec![(1.0, law.mean(), normal.sd())],
            Law::NormalMixture(mixture) => mixture.components().collect(),
            other => return BathVelocities::General(other.clone()),
        };
        let mut from = 1.0;
        let component = |(weight, mean, sd)| {
            let component = Component::new(from, mean, sd);
            from += weight;
            component
        };
        BathVelocities::Gaussian(components.into_iter().map(component).collect())
    }

    /// The number of rows of words that a group takes.
    pub fn rows_per_group(&self) -> usize {
        match self {
            BathVelocities::Gaussian(_) => 1,
            BathVelocities::General(_) => 2,
        }
    }

    /// Fills the velocities of groups, from [`rows_per_group`](BathVelocities::rows_per_group) rows
    /// for each; `more` gives further words for the velocity of an index.
    pub fn draw<More: FnMut() -> u64>(
        &self,
        instructions: Instructions,
        rows: &[Row],
        more: impl Fn(usize) -> More,
        velocities: &mut [Group],
    ) {
        match self {
            BathVelocities::Gaussian(components) => {
                draw_normal(instructions, rows.as_chunks::<1>().0, velocities);
                scale(instructions, components, rows, velocities);
                let open_steps = components.iter().map(|component| component.open_step);
                for open_step in open_steps.filter(|step| !step.is_nan()) {
                    let mut found = 0;
                    find(instructions, open_step, rows, &mut found);
                    if found != 0 {
                        settle(instructions, components, open_step, rows, &more, velocities);
                    }
                }
            }
            BathVelocities::General(law) => draw_general(law, rows.as_chunks().0, velocities),
        }
    }
}

vectorised! {
    /// Scales and shifts variates by the components that their selectors fall in.
    fn scale(components: &[Component], rows: &[Row], variates: &mut [Group]) {
        let [first, others @ ..] = components else { return };
        for (words, z) in rows.iter().zip(variates) {
            let mut velocity = [0.0; LANES];
            for lane in 0..LANES {
                velocity[lane] = first.mean + first.sd * z[lane];
            }
            for component in others {
                for lane in 0..LANES {
                    let there = component.mean + component.sd * z[lane];
                    let here = selector(lane, words[lane]) >= component.from;
                    velocity[lane] = if here { there } else { velocity[lane] };
                }
            }
            *z = velocity;
        }
    }
}

vectorised! {
    /// Sets `found` to a number that is not 0 if any word has this selector.
    fn find(wanted: f64, rows: &[Row], found: &mut u64) {
        let mut there = [0; LANES];
        for words in rows {
            for lane in 0..LANES {
                there[lane] |= u64::from(selector(lane, words[lane]) == wanted);
            }
        }
        *found = there.into_iter().fold(0, |all, one| all | one);
    }
}

/// Draws the velocities that have this selector anew.
fn settle<More: FnMut() -> u64>(
    instructions: Instructions,
    components: &[Component],
    open_step: f64,
    rows: &[Row],
    more: &impl Fn(usize) -> More,
    velocities: &mut [Group],
) {
    for (group, (words, velocities)) in rows.iter().zip(velocities).enumerate() {
        let mut variates = None;
        for (lane, velocity) in velocities.iter_mut().enumerate() {
            if selector(lane, words[lane]) != open_step {
                continue;
            }
            // u = open_step + STEP·(fraction − 1) is at least `from`.
            let fraction = one_to_two(more(group * GROUP + lane)());
            let begun =
                |component: &&Component| fraction >= 1.0 + (component.from - open_step) / STEP;
            let component = components.iter().rfind(begun).expect("the first is from 1");
            let z = variates.get_or_insert_with(|| {
                let mut variates = [[0.0; LANES]];
                draw_normal(instructions, &[[*words]], &mut variates);
                variates[0]
            });
            *velocity = component.mean + component.sd * z[lane];
        }
    }
}

fn draw_general(law: &Law, rows: &[[Row; 2]], velocities: &mut [Group]) {
    for ([uniforms, selectors], group) in rows.iter().zip(velocities) {
        for ((velocity, &uniform), &selector) in group.iter_mut().zip(uniforms).zip(selectors) {
            *velocity = law.sample(open_uniform(selector), open_uniform(uniform));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::law::NormalMixture;

    /// Words that have these selectors and these other bits.
    fn words(selectors: u64, others: u64) -> Row {
        std::array::from_fn(|lane| {
            let bits = if lane < LANES / 2 {
                0x3ff << 2
            } else {
                0x3ff << 52
            };
            let shifted = if lane < LANES / 2 {
                selectors << 2
            } else {
                selectors << 52
            };
            shifted | others & !bits
        })
    }

    #[test]
    fn components_have_their_weights_exactly() {
        // The components do not overlap. Two of them begin in the same step; one of the others
        // begins at the edge of a step, so that every selector decides about it.
        let third = [
            1.0 / 3.0,
            0.1 / 1024.0,
            2.0 / 3.0 - 0.1 / 1024.0 - 0.25,
            0.25,
        ];
        let dyadic = [0.25, 0.125 / 1024.0, 0.25 - 0.125 / 1024.0, 0.5];
        for (weights, has_open_step) in [
            (third, [false, true, true, false]),
            (dyadic, [false, false, true, false]),
        ] {
            have_their_weights(weights, has_open_step);
        }
    }

    /// Asserts that components have these weights, and that these of them begin inside a step.
    fn have_their_weights(weights: [f64; 4], has_open_step: [bool; 4]) {
        let means = [0.0, 100.0, 200.0, 300.0];
        let law = NormalMixture::new(weights.to_vec(), means.to_vec(), vec![1.0; 4]).unwrap();
        let bath = BathVelocities::new(&law.into());
        let BathVelocities::Gaussian(components) = &bath else {
            panic!("a mixture of normal laws");
        };
        let found: Vec<bool> = components
            .iter()
            .map(|one| !one.open_step.is_nan())
            .collect();
        assert_eq!(found, has_open_step, "{components:?}");
        const FRACTIONS: u64 = 1 << 10;
        for instructions in Instructions::available() {
            let mut counts = [[0; 4]; LANES];
            for selectors in 0..1024 {
                let row = [words(selectors, 0x5a5a_a5a5_3c3c_c3c3)];
                for fraction in 0..FRACTIONS {
                    let more = |_| move || fraction * (u64::MAX / FRACTIONS + 1);
                    let mut velocities = [[0.0; LANES]];
                    bath.draw(instructions, &row, more, &mut velocities);
                    for (counts, velocity) in counts.iter_mut().zip(velocities[0]) {
                        counts[((velocity + 50.0) / 100.0) as usize] += 1;
                    }
                }
            }
            // The draws at the edges of a component may or may not be counted.
            let all = (1024 * FRACTIONS) as f64;
            for counts in counts {
                for (count, weight) in counts.into_iter().zip(weights) {
                    assert!((f64::from(count) - weight * all).abs() <= 2.0, "{counts:?}");
                }
            }
        }
    }

    #[test]
    fn selectors_are_bits_that_variates_do_not_use() {
        let law = NormalMixture::new(vec![1.0], vec![0.0], vec![1.0]).unwrap();
        let bath = BathVelocities::new(&law.into());
        let draw = |row| {
            let mut velocities = [[0.0; LANES]];
            let more = |_| || panic!("there is one component only");
            bath.draw(Instructions::best(), &[row], more, &mut velocities);
            velocities[0]
        };
        let others = 0x1234_5678_9abc_def0;
        let expected = draw(words(0, others));
        assert!((0..1024).all(|selectors| draw(words(selectors, others)) == expected));
        // All other bits, which variates use, are not bits of selectors.
        for bit in (0..2).chain(12..52) {
            let lane = |lane| selector(lane, 1 << bit);
            assert_eq!([lane(0), lane(8)], [1.0; 2], "{bit}");
        }
        for bit in [62, 63] {
            assert_eq!([selector(0, 1 << bit), selector(8, 1 << bit)], [1.0; 2]);
        }
    }
}
