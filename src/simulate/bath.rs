//! The velocities of bath particles, as a stream of their own.
//!
//! The k-th bath velocity of a replica belongs to its k-th bath collision.
//! Velocities come in groups of sixteen, from one or two rows of
//! [`Lanes`](crate::random::Lanes).

use super::normal::draw_normal;
use crate::law::Law;
use crate::random::{LANES, Row, one_to_two, open_uniform};
use crate::vector::{Instructions, vectorised};

/// Velocities in a group.
pub const GROUP: usize = LANES;

/// Rows of words that a group takes, at most.
pub const MOST_ROWS_PER_GROUP: usize = 2;

/// Velocities of a group.
pub type Group = [f64; GROUP];

/// How bath velocities are drawn.
#[derive(Debug, Clone)]
pub enum BathVelocities {
    /// A normal law or a mixture of normal laws: Box–Muller variates, scaled
    /// and shifted by the component that a selector falls in.
    Gaussian(Vec<Component>),
    /// Any other law: [`Law::sample`].
    General(Law),
}

/// A component of a mixture of normal laws.
///
/// Selectors are ten bits that Box and Muller leave of each word, as a number s of
/// [1, 2) in steps of 1/1024. They say that u is in [s, s + 1/1024), and components
/// have the stretches of u in order. Where one begins inside a step, selectors of this
/// step leave a doubt, which a further word settles: so a component has its weight to
/// 2⁻⁵², and the last one of K to (K − 1)·2⁻⁵³, by which weights that are summed are off.
#[derive(Debug, Clone, Copy)]
pub struct Component {
    /// 1 + the weight of all earlier components.
    from: f64,
    /// The selector that leaves a doubt about [`Component::from`]; NaN if none does.
    doubt: f64,
    mean: f64,
    sd: f64,
}

/// The step of selectors.
const STEP: f64 = 1.0 / 1024.0;

impl Component {
    fn new(from: f64, mean: f64, sd: f64) -> Self {
        let below = (from / STEP).floor() * STEP;
        let doubt = if below < from { below } else { f64::NAN };
        Component {
            from,
            doubt,
            mean,
            sd,
        }
    }
}

/// The selector of the velocity in a lane, from the word of that lane: the radius and the
/// direction leave different bits.
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

    /// Rows of words that a group takes.
    pub fn rows_per_group(&self) -> usize {
        match self {
            BathVelocities::Gaussian(_) => 1,
            BathVelocities::General(_) => 2,
        }
    }

    /// The velocities of groups, from [`rows_per_group`](BathVelocities::rows_per_group)
    /// rows for each; `more` are the words for the velocity of that index.
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
                let doubtful = components.iter().map(|component| component.doubt);
                for doubt in doubtful.filter(|doubt| !doubt.is_nan()) {
                    let mut found = 0;
                    find(instructions, doubt, rows, &mut found);
                    if found != 0 {
                        settle(instructions, components, doubt, rows, &more, velocities);
                    }
                }
            }
            BathVelocities::General(law) => draw_general(law, rows.as_chunks().0, velocities),
        }
    }
}

vectorised! {
    /// Scale and shift variates by the components that their selectors fall in.
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
    /// Whether there is this selector.
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

/// Draw those velocities anew that have this selector.
fn settle<More: FnMut() -> u64>(
    instructions: Instructions,
    components: &[Component],
    doubt: f64,
    rows: &[Row],
    more: &impl Fn(usize) -> More,
    velocities: &mut [Group],
) {
    for (group, (words, velocities)) in rows.iter().zip(velocities).enumerate() {
        let mut variates = None;
        for (lane, velocity) in velocities.iter_mut().enumerate() {
            if selector(lane, words[lane]) != doubt {
                continue;
            }
            // u = doubt + STEP·(fraction − 1) ≥ from.
            let fraction = one_to_two(more(group * GROUP + lane)());
            let begun = |component: &&Component| fraction >= 1.0 + (component.from - doubt) / STEP;
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

    /// Words whose selectors are these, with these other bits.
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
        // Components that do not overlap. Two of them begin in the same step; of the others
        // one begins at its edge, and leaves no doubt.
        let third = [
            1.0 / 3.0,
            0.1 / 1024.0,
            2.0 / 3.0 - 0.1 / 1024.0 - 0.25,
            0.25,
        ];
        let dyadic = [0.25, 0.125 / 1024.0, 0.25 - 0.125 / 1024.0, 0.5];
        for (weights, doubts) in [
            (third, [false, true, true, false]),
            (dyadic, [false, false, true, false]),
        ] {
            have_their_weights(weights, doubts);
        }
    }

    /// Whether components of these weights have them, and which of them leave doubts.
    fn have_their_weights(weights: [f64; 4], doubts: [bool; 4]) {
        let means = [0.0, 100.0, 200.0, 300.0];
        let law = NormalMixture::new(weights.to_vec(), means.to_vec(), vec![1.0; 4]).unwrap();
        let bath = BathVelocities::new(&law.into());
        let BathVelocities::Gaussian(components) = &bath else {
            panic!("a mixture of normal laws");
        };
        let found: Vec<bool> = components.iter().map(|one| !one.doubt.is_nan()).collect();
        assert_eq!(found, doubts, "{components:?}");
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
            // Those of a component's edges are counted or not.
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
        // All other bits that variates use are not selectors'.
        for bit in (0..2).chain(12..52) {
            let lane = |lane| selector(lane, 1 << bit);
            assert_eq!([lane(0), lane(8)], [1.0; 2], "{bit}");
        }
        for bit in [62, 63] {
            assert_eq!([selector(0, 1 << bit), selector(8, 1 << bit)], [1.0; 2]);
        }
    }
}
