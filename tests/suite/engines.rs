//! The block engine gives the bits of the plain one, and neither depends on the times of records.

use kac_coupling::law::{Discrete, Laplace, Law, Normal, NormalMixture, Uniform};
use kac_coupling::model::Rates;
use kac_coupling::model::coupling::{Aligned, Coupling, Synchronous};
use kac_coupling::model::slot;
use kac_coupling::numerics::vector::Instructions;
use kac_coupling::random::ReplicaKey;
use kac_coupling::simulate::block::BlockPath;
use kac_coupling::simulate::census::Census;
use kac_coupling::simulate::initial::InitialPairs;
use kac_coupling::simulate::plain::PlainPath;
use kac_coupling::simulate::slabs::Place;
use kac_coupling::simulate::{Gas, Path};
use kac_coupling::theory::pairing::Pairing;
use proptest::prelude::*;
use std::sync::Arc;

fn bath(index: usize) -> Law {
    match index {
        0 => Law::Normal(Normal::new(0.0, 1.2).unwrap()),
        1 => Law::NormalMixture(
            NormalMixture::new(
                vec![0.2, 0.5, 0.3],
                vec![1.0, -1.0, 1.0],
                vec![0.5, 1.5, 0.1],
            )
            .unwrap(),
        ),
        2 => Law::Uniform(Uniform::new(-1.0, 1.0).unwrap()),
        3 => Law::Laplace(Laplace::new(0.0, 0.7).unwrap()),
        _ => Law::Discrete(Discrete::new(vec![-1.0, 1.0], vec![0.5, 0.5]).unwrap()),
    }
}

fn initial(pairing: Pairing, normal: bool) -> InitialPairs {
    let first = Law::Normal(Normal::new(0.3, 1.0).unwrap());
    let second = if normal {
        Law::Normal(Normal::new(-1.0, 2.0).unwrap())
    } else {
        Law::Uniform(Uniform::new(-3.0, 5.0).unwrap())
    };
    InitialPairs::new(&first, &second, pairing)
}

/// Bits of all slots at the given times, the number of collisions, and who took part.
fn bits<P: Path>(
    path: &mut P,
    gas: &Gas,
    start: &InitialPairs,
    key: ReplicaKey,
    times: &[f64],
    end: f64,
) -> (Vec<Vec<[u64; 2]>>, u64, Census) {
    let stops: Vec<Place> = times.iter().chain([&end]).map(|&t| gas.place(t)).collect();
    let instructions = path.instructions();
    let slots = path.restart(key, &stops);
    start.fill(instructions, key, slots);
    let snapshots = times
        .iter()
        .map(|_| {
            path.advance();
            path.slots()
                .iter()
                .map(|slot| slot.map(f64::to_bits))
                .collect()
        })
        .collect();
    // The collisions up to the last stop have been drawn too.
    path.advance();
    let census = path.take_census();
    assert_eq!(census.collisions, path.collisions());
    (snapshots, path.collisions(), census)
}

fn gas() -> impl Strategy<Value = Gas> {
    let particles = prop_oneof![Just(1), Just(2), Just(3), 4..40usize, 500..700usize];
    let rate = prop_oneof![Just(0.0), 0.1..3.0f64];
    (particles, rate.clone(), rate, 0..5usize)
        .prop_filter("a rate must be positive", |(_, pair, bath, _)| {
            pair + bath > 0.0
        })
        .prop_map(|(particles, pair, rate, law)| {
            Gas::new(particles, Rates { pair, bath: rate }, &bath(law))
        })
}

/// The block engine against the plain one.
fn same_bits<C: Coupling>(
    coupling: C,
    gas: &Arc<Gas>,
    start: &InitialPairs,
    key: ReplicaKey,
    times: &[f64],
) -> Result<(), TestCaseError> {
    let end = times[times.len() - 1];
    let mut plain = PlainPath::new(gas, coupling);
    let expected = bits(&mut plain, gas, start, key, times, end);
    for instructions in Instructions::available() {
        let mut block = BlockPath::with_instructions(gas, coupling, instructions);
        // A replica before this one must leave no trace in a path.
        let before = ReplicaKey::new(8, gas.particles as u64, 1001, 0);
        bits(&mut block, gas, start, before, &[0.37 * end], 0.37 * end);
        let found = bits(&mut block, gas, start, key, times, end);
        prop_assert_eq!(&found, &expected, "{}", instructions.name());
    }
    // Watching each collision changes no bit either.
    let mut block = BlockPath::new(gas, coupling);
    let stops = [gas.place(end)];
    let paths: [Vec<[u64; 2]>; 2] = [
        watched(&mut plain, &stops, start, key),
        watched(&mut block, &stops, start, key),
    ];
    for path in paths {
        prop_assert_eq!(&path, &expected.0[times.len() - 1]);
    }
    Ok(())
}

/// Bits of all slots at a stop, reached one collision at a time.
fn watched<P: Path>(
    path: &mut P,
    stop: &[Place],
    start: &InitialPairs,
    key: ReplicaKey,
) -> Vec<[u64; 2]> {
    let instructions = path.instructions();
    let slots = path.restart(key, stop);
    start.fill(instructions, key, slots);
    let mut seen = 0;
    path.advance_each(|slots, [one, other]| {
        // The partner may be the bath.
        let particles = slots.len() as u32;
        assert!(one != other && one < particles && other <= particles);
        seen += 1;
    });
    assert_eq!(seen, path.collisions());
    path.slots()
        .iter()
        .map(|slot| slot.map(f64::to_bits))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn block_engine_equals_plain_engine_on_every_instruction_set(
        gas in gas(),
        seed: u64,
        replica in 0..1000u64,
        mut times in prop::collection::vec(0.0..3.0f64, 1..8),
        optimal: bool,
        normal: bool,
    ) {
        times.sort_by(f64::total_cmp);
        let gas = Arc::new(gas);
        let pairing = if optimal { Pairing::Optimal } else { Pairing::Independent };
        let start = initial(pairing, normal);
        let key = ReplicaKey::new(seed, gas.particles as u64, replica, 0);
        same_bits(Synchronous, &gas, &start, key, &times)?;
        same_bits(Aligned, &gas, &start, key, &times)?;
    }

    #[test]
    fn other_record_times_and_a_later_end_leave_the_path_alone(
        gas in gas(),
        seed: u64,
        mut times in prop::collection::vec(0.0..3.0f64, 2..20),
    ) {
        times.sort_by(f64::total_cmp);
        let gas = Arc::new(gas);
        let start = initial(Pairing::Optimal, true);
        let key = ReplicaKey::new(seed, gas.particles as u64, 7, 0);
        let mut path = BlockPath::new(&gas, Synchronous);
        let (all, ..) = bits(&mut path, &gas, &start, key, &times, 6.0);
        for (index, &time) in times.iter().enumerate().step_by(3) {
            let (alone, ..) = bits(&mut path, &gas, &start, key, &[time], time);
            prop_assert_eq!(&alone[0], &all[index]);
        }
    }
}

#[test]
fn a_state_beyond_the_caches_and_a_horizon_between_slabs_change_no_bit() {
    // 70 000 particles are fetched ahead of use. At rate 1.5·70 000 a time of
    // 1016/105 000 ends the growing slabs exactly.
    let rates = Rates {
        pair: 2.0,
        bath: 0.5,
    };
    let gas = Arc::new(Gas::new(70_000, rates, &bath(1)));
    let start = initial(Pairing::Optimal, true);
    let key = ReplicaKey::new(3, 70_000, 0, 0);
    let between = 1016.0 / 105_000.0;
    for times in [vec![0.5 * between, between], vec![between, 0.2, 0.5]] {
        let end = times[times.len() - 1];
        let mut plain = PlainPath::new(&gas, Synchronous);
        let expected = bits(&mut plain, &gas, &start, key, &times, end);
        for instructions in Instructions::available() {
            let mut block = BlockPath::with_instructions(&gas, Synchronous, instructions);
            let found = bits(&mut block, &gas, &start, key, &times, end);
            assert!(found == expected, "{}", instructions.name());
        }
    }
}

#[test]
fn engines_agree_on_collisions_that_take_further_words() {
    // Some hundreds of 300 000 collisions of two million particles need further words, which are
    // named by the replica and the collision.
    let rates = Rates {
        pair: 2.0,
        bath: 0.5,
    };
    let particles = 2_000_003;
    let gas = Arc::new(Gas::new(particles, rates, &bath(1)));
    let start = initial(Pairing::Optimal, true);
    let [before, key] = [1, 0].map(|replica| ReplicaKey::new(1, particles as u64, replica, 0));
    let mut plain = PlainPath::new(&gas, Synchronous);
    let expected = bits(&mut plain, &gas, &start, key, &[0.1], 0.1);
    assert!(expected.1 > 290_000);
    for instructions in Instructions::available() {
        let mut block = BlockPath::with_instructions(&gas, Synchronous, instructions);
        bits(&mut block, &gas, &start, before, &[1e-3], 1e-3);
        let found = bits(&mut block, &gas, &start, key, &[0.1], 0.1);
        assert!(found == expected, "{}", instructions.name());
    }
}

#[test]
#[should_panic(expected = "a slot for each index")]
fn particles_that_have_no_slots_are_not_touched() {
    let rates = Rates {
        pair: 2.0,
        bath: 1.0,
    };
    let large = Gas::new(1 << 28, rates, &bath(0));
    let gas = Arc::new(Gas {
        particles: 5,
        ..large
    });
    let mut path = BlockPath::new(&gas, Synchronous);
    path.restart(ReplicaKey::new(1, 5, 0, 0), &[gas.place(100.0)]);
    path.advance();
}

#[test]
fn collisions_come_at_the_rate_of_the_clock() {
    // A replica has (κ/2 + β)·N·t = (1 + 0.5)·10·4 = 60 collisions on average. Over 4000 replicas
    // the mean has a standard error of √(60/4000) = 0.12; 0.6 is five of them.
    let gas = Arc::new(Gas::new(
        10,
        Rates {
            pair: 2.0,
            bath: 0.5,
        },
        &bath(0),
    ));
    let start = initial(Pairing::Optimal, true);
    let mut path = BlockPath::new(&gas, Synchronous);
    let mut total = 0;
    for replica in 0..4000 {
        let key = ReplicaKey::new(5, 10, replica, 0);
        total += bits(&mut path, &gas, &start, key, &[1.3, 4.0], 4.0).1;
    }
    assert!((total as f64 / 4000.0 - 60.0).abs() < 0.6);
}

#[test]
fn the_difference_keeps_its_accuracy_at_late_times() {
    // Under the synchronous coupling the slot's Δ is the path of a gas whose bath is at rest,
    // started from Δ(0), so it is relatively accurate at any time.
    let gas = Arc::new(Gas::new(
        50,
        Rates {
            pair: 1.0,
            bath: 2.0,
        },
        &bath(0),
    ));
    let start = initial(Pairing::Optimal, true);
    let key = ReplicaKey::new(1, 50, 0, 0);
    let mut path = BlockPath::new(&gas, Synchronous);
    let slots = path.restart(key, &[gas.place(100.0)]);
    start.fill(Instructions::best(), key, slots);
    path.advance();
    let square: f64 = path
        .slots()
        .iter()
        .map(|&slot| slot::difference(slot))
        .map(|d| d * d)
        .sum();
    // E‖Δ‖² = e^{−100}·N·d2 ≈ 1e−42: far below the rounding of V − V′.
    assert!(square > 0.0 && square < 1e-35);
}
