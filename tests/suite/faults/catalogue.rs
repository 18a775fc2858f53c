//! The faults that are planted, each with its name.

use crate::faults::plant::{History, Plant, SAME, Wrong};
use kac_coupling::law::{Law, NormalMixture};
use kac_coupling::model::coupling::{Collision, Coupling, Synchronous};
use kac_coupling::model::slot::Slot;
use kac_coupling::random::{
    Purpose, ReplicaKey, index_below, next_word, open_uniform, scalar_stream,
};
use kac_coupling::simulate::marks::direction;
use kac_coupling::simulate::slabs::Place;
use kac_coupling::theory::pairing::Pairing;
use rand_pcg::Pcg64;
use std::sync::LazyLock;

/// A fault by name.
pub struct Fault {
    pub name: &'static str,
    /// The fault, in a line.
    pub wrong: &'static str,
    pub plant: Plant,
    pub replicas: u64,
}

const fn fault(name: &'static str, wrong: &'static str, plant: Plant) -> Fault {
    Fault {
        name,
        wrong,
        plant,
        replicas: 100_000,
    }
}

/// A bath with mean 0, two unlike components and a third moment that is not 0.
pub static BATH: LazyLock<Law> = LazyLock::new(|| mixture([0.25, 0.75], [1.0, 0.5]));

fn mixture(weights: [f64; 2], sds: [f64; 2]) -> Law {
    let means = vec![1.5, -0.5];
    Law::NormalMixture(NormalMixture::new(weights.to_vec(), means, sds.to_vec()).unwrap())
}

/// The right program.
pub const NOTHING: Fault = fault("nothing", "", Plant::Experiment(|_| ()));

/// All faults.
pub const FAULTS: &[Fault] = &[
    fault(
        "a sign slip in the rotation",
        "the partner goes to V_i sinθ + V_j cosθ",
        Plant::Coupling(Wrong {
            collide: |cos, sin, one, other| {
                let (after_one, _) = Synchronous.collide(cos, sin, one, other);
                let (_, after_other) = Synchronous.collide(cos, -sin, one, other);
                (after_one, after_other)
            },
            ..SAME
        }),
    ),
    fault(
        "cos and sin swapped",
        "the partner in a pair goes to −V_i cosθ + V_j sinθ",
        Plant::Coupling(Wrong {
            collide: |cos, sin, one, other| {
                let (after_one, _) = Synchronous.collide(cos, sin, one, other);
                let (_, after_other) = Synchronous.collide(sin, cos, one, other);
                (after_one, after_other)
            },
            ..SAME
        }),
    ),
    fault(
        "angle on half the circle",
        "θ on [−π/2, π/2)",
        Plant::Events(|history| history.collisions().for_each(|c| c.cos = c.cos.abs())),
    ),
    fault(
        "angle on [0, π)",
        "sinθ is never negative",
        Plant::Events(|history| history.collisions().for_each(|c| c.sin = c.sin.abs())),
    ),
    fault(
        "angle on a 4-point lattice",
        "θ from 2 random bits",
        Plant::Events(|history| on_lattice(history, 2)),
    ),
    fault(
        "angle on a 16-point lattice",
        "θ from 4 random bits",
        Plant::Events(|history| on_lattice(history, 4)),
    ),
    fault(
        "angles used twice",
        "every second collision repeats the angle of the one before",
        Plant::Events(twice_the_same_angle),
    ),
    fault(
        "pairs with i = j",
        "the partner is uniform on all N particles",
        Plant::Events(with_itself),
    ),
    fault(
        "only neighbours collide",
        "the partner of i is always i + 1, modulo N",
        Plant::Events(on_a_ring),
    ),
    fault(
        "pairs prefer particle 0",
        "their first particle is uniform on 0, …, N, modulo N",
        Plant::Events(pairs_prefer_first),
    ),
    fault(
        "pairs at twice the rate",
        "ordered pairs collide at the rate of unordered ones",
        Plant::Experiment(|experiment| experiment.lambda *= 2.0),
    ),
    fault(
        "κ/N for κ/(N−1)",
        "the rate of each pair is (N−1)/N of the right one",
        Plant::Experiment(|experiment| {
            let particles = experiment.sweep[0].0 as f64;
            experiment.lambda *= (particles - 1.0) / particles;
        }),
    ),
    fault(
        "no pair collisions",
        "κ = 0",
        Plant::Experiment(|experiment| experiment.lambda = 0.0),
    ),
    fault(
        "bath rate +2 %",
        "β is 2 % too large",
        Plant::Experiment(|experiment| experiment.mu *= 1.02),
    ),
    fault(
        "bath rate −2 %",
        "β is 2 % too small",
        Plant::Experiment(|experiment| experiment.mu *= 0.98),
    ),
    fault(
        "the bath prefers particle 0",
        "its particle is uniform on 0, …, N, modulo N",
        Plant::Events(bath_prefers_first),
    ),
    Fault {
        replicas: 800_000,
        ..fault(
            "a bath standard deviation 3 % off",
            "1.03 for 1, in one of the two components",
            Plant::Experiment(|experiment| {
                experiment.bath = mixture([0.25, 0.75], [1.03, 0.5]);
            }),
        )
    },
    fault(
        "mixture weights swapped",
        "(¾, ¼) for (¼, ¾), so that the bath's mean is 1",
        Plant::Experiment(|experiment| {
            experiment.bath = mixture([0.75, 0.25], [1.0, 0.5]);
        }),
    ),
    Fault {
        replicas: 400_000,
        ..fault(
            "bath velocities used twice",
            "every second bath collision repeats the velocity of the one before",
            Plant::Events(twice_the_same_velocity),
        )
    },
    fault(
        "own bath velocity for one copy",
        "the second copy meets another bath particle",
        Plant::Coupling(Wrong {
            bath: |velocity| [velocity, velocity - own_bath_velocity(velocity)],
            ..SAME
        }),
    ),
    fault(
        "own angle for one copy",
        "the second copy turns by an angle of its own",
        Plant::Coupling(Wrong {
            collide: |cos, sin, one, other| {
                let (own_cos, own_sin) = direction(next_word(&mut stream_of(cos)));
                let ([v, _], [w, _]) = Synchronous.collide(cos, sin, one, other);
                let [one, other] = [one, other].map(|[v, difference]| [v - difference, 0.0]);
                let ([own_v, _], [own_w, _]) = Synchronous.collide(own_cos, own_sin, one, other);
                ([v, v - own_v], [w, w - own_w])
            },
            ..SAME
        }),
    ),
    fault(
        "initial pairs independent",
        "where the config says optimal",
        Plant::Experiment(|experiment| experiment.pairing = Pairing::Independent),
    ),
    fault(
        "collisions at regular times",
        "at the mean times of Poisson points",
        Plant::Events(at_regular_times),
    ),
    fault(
        "records one collision late",
        "the collision after each record time is in the record",
        Plant::Events(one_collision_late),
    ),
    fault(
        "records a little early",
        "by a sixteenth of a slab, half a collision or more",
        Plant::Events(a_little_early),
    ),
    fault(
        "mean of roots for root of mean",
        "(mean of ‖Δ‖)² for the mean of ‖Δ‖²",
        Plant::RootsAveraged,
    ),
    fault(
        "replicas not independent",
        "each is counted 64 times",
        Plant::Renamed(|replica| replica / 64),
    ),
    fault(
        "seeds shared in pairs",
        "each replica is simulated twice",
        Plant::Renamed(|replica| replica / 2),
    ),
    fault(
        "a replica in a thousand twice",
        "it takes the place of the next one",
        Plant::Renamed(|replica| replica - u64::from(replica % 1000 == 1)),
    ),
    fault(
        "the last particle collides less often",
        "in 2 % of its collisions particle 0 or 1 takes its place",
        Plant::Events(last_is_left_out),
    ),
    fault(
        "κ 1 % too small",
        "0.99 λ for λ",
        Plant::Experiment(|experiment| experiment.lambda *= 0.99),
    ),
    fault(
        "bath velocities in a cycle",
        "of 1000, over and over again in each replica",
        Plant::Events(velocities_in_a_cycle),
    ),
    fault(
        "gaps in the circle",
        "the last hundredth of each quarter is not drawn",
        Plant::Events(gaps_in_the_circle),
    ),
    fault(
        "the second copy left out",
        "it skips one collision in 200",
        Plant::Coupling(Wrong {
            collide: |cos, sin, one, other| {
                let after = Synchronous.collide(cos, sin, one, other);
                if index_below(next_word(&mut stream_of(cos)), 200) > 0 {
                    return after;
                }
                // Its velocities stay unchanged.
                let left_out = |[v, _]: Slot, [w, difference]: Slot| [v, v - (w - difference)];
                (left_out(after.0, one), left_out(after.1, other))
            },
            ..SAME
        }),
    ),
];

/// θ from the first bits of a new word.
fn on_lattice(history: &mut History, bits: u32) {
    for (_, collision) in &mut history.events {
        let cell = (next_word(&mut history.stream) >> (64 - bits)) as f64;
        let angle = std::f64::consts::TAU * (cell / f64::from(1 << bits) - 0.125);
        (collision.cos, collision.sin) = (libm::cos(angle), libm::sin(angle));
    }
}

/// True once in `particles` times.
fn sometimes(stream: &mut Pcg64, particles: u32) -> bool {
    index_below(next_word(stream), particles) == 0
}

fn with_itself(history: &mut History) {
    let particles = history.particles;
    for (_, collision) in &mut history.events {
        if collision.partner < particles && sometimes(&mut history.stream, particles) {
            collision.partner = collision.particle;
        }
    }
}

fn on_a_ring(history: &mut History) {
    let particles = history.particles;
    for pair in history.collisions().filter(|c| c.partner < particles) {
        pair.partner = (pair.particle + 1) % particles;
    }
}

fn pairs_prefer_first(history: &mut History) {
    let particles = history.particles;
    for (_, collision) in &mut history.events {
        if collision.partner < particles && sometimes(&mut history.stream, particles + 1) {
            if collision.partner == 0 {
                collision.partner = collision.particle;
            }
            collision.particle = 0;
        }
    }
}

fn last_is_left_out(history: &mut History) {
    let last = history.particles - 1;
    for (
        _,
        Collision {
            particle, partner, ..
        },
    ) in &mut history.events
    {
        let others = [*particle, *partner];
        for index in [particle, partner] {
            if *index == last && sometimes(&mut history.stream, 50) {
                let free = (0..last).find(|other| !others.contains(other));
                *index = free.unwrap_or(last);
            }
        }
    }
}

fn velocities_in_a_cycle(history: &mut History) {
    let particles = history.particles;
    let mut velocities = vec![];
    for collision in history.collisions().filter(|c| c.partner == particles) {
        velocities.push(collision.bath_velocity);
        collision.bath_velocity = velocities[(velocities.len() - 1) % 1000];
    }
}

fn gaps_in_the_circle(history: &mut History) {
    use std::f64::consts::FRAC_PI_2;
    for collision in history.collisions() {
        let quarters = libm::atan2(collision.sin, collision.cos) / FRAC_PI_2;
        let angle = FRAC_PI_2 * (quarters.floor() + 0.99 * (quarters - quarters.floor()));
        (collision.cos, collision.sin) = (libm::cos(angle), libm::sin(angle));
    }
}

fn bath_prefers_first(history: &mut History) {
    let particles = history.particles;
    for (_, collision) in &mut history.events {
        if collision.partner == particles && sometimes(&mut history.stream, particles + 1) {
            collision.particle = 0;
        }
    }
}

/// Every second collision takes something from the one before.
fn twice<'a>(
    collisions: impl Iterator<Item = &'a mut Collision>,
    take: fn(&mut Collision, Collision),
) {
    let mut last = None;
    for collision in collisions {
        match last.take() {
            None => last = Some(*collision),
            Some(before) => take(collision, before),
        }
    }
}

fn twice_the_same_angle(history: &mut History) {
    twice(history.collisions(), |collision, before| {
        (collision.cos, collision.sin) = (before.cos, before.sin);
    });
}

fn twice_the_same_velocity(history: &mut History) {
    let particles = history.particles;
    let with_bath = history.collisions().filter(|c| c.partner == particles);
    twice(with_bath, |collision, before| {
        collision.bath_velocity = before.bath_velocity;
    });
}

fn at_regular_times(history: &mut History) {
    for (index, (place, _)) in history.events.iter_mut().enumerate() {
        *place = Place::of(index as f64 + 0.5, 1.0);
    }
}

fn one_collision_late(history: &mut History) {
    let mut before = Place { slab: 0, passed: 0 };
    for (place, _) in &mut history.events {
        std::mem::swap(place, &mut before);
    }
}

fn a_little_early(history: &mut History) {
    for (place, _) in &mut history.events {
        place.passed = place.passed.saturating_add(u64::MAX / 16);
    }
}

/// A stream of random numbers named by a number.
fn stream_of(x: f64) -> Pcg64 {
    let key = ReplicaKey::new(x.to_bits(), 0, 0, 0);
    scalar_stream(key, Purpose::BathVelocities, 0)
}

fn own_bath_velocity(velocity: f64) -> f64 {
    let mut stream = stream_of(velocity);
    let [selector, uniform] = [(); 2].map(|()| open_uniform(next_word(&mut stream)));
    BATH.sample(selector, uniform)
}
