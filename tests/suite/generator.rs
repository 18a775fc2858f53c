//! Statistical tests of the generator stage: bits, lanes, replicas, seeds.
//!
//! Each test states the probability that it fails by chance; together these are below 1e-3. Seeds
//! are fixed, so a test that passes once passes always. Faulty generators are planted to show that
//! the tests can fail.

use kac_coupling::numerics::vector::Instructions;
use kac_coupling::random::{LANES, Lanes, Purpose, ReplicaKey, Row, Rows};

fn lanes(seed: u64, replica: u64, purpose: Purpose) -> Lanes {
    let key = ReplicaKey::new(seed, 8, replica, 0);
    Lanes::new(Instructions::best(), key, purpose, 0)
}

fn rows(lanes: &mut Lanes, count: usize) -> Vec<Row> {
    let mut rows = vec![[0; LANES]; count];
    lanes.fill(Instructions::best(), &mut rows);
    rows
}

/// z-score of the number of ones in XORs of pairs of words, and the largest
/// |z| over the 64 bit positions.
fn agreement(pairs: impl Iterator<Item = (u64, u64)>) -> (f64, f64) {
    let mut ones = [0u64; 64];
    let mut count = 0u64;
    for (one, other) in pairs {
        let differing = one ^ other;
        for (bit, ones) in ones.iter_mut().enumerate() {
            *ones += differing >> bit & 1;
        }
        count += 1;
    }
    let n = count as f64;
    let z = |ones: f64, trials: f64| (ones - 0.5 * trials) / (0.5 * trials.sqrt());
    let total = z(ones.iter().sum::<u64>() as f64, 64.0 * n);
    let worst = ones
        .iter()
        .map(|&ones| z(ones as f64, n).abs())
        .fold(0.0, f64::max);
    (total, worst)
}

/// There are 65 normal z-scores: P(any beyond 5.5) < 65 · 3.8e-8 = 2.5e-6.
fn assert_unrelated(name: &str, pairs: impl Iterator<Item = (u64, u64)>) {
    let (total, worst) = agreement(pairs);
    assert!(total.abs() < 5.5 && worst < 5.5, "{name}: {total} {worst}");
}

const ROWS: usize = 20_000;

#[test]
fn bits_are_balanced_and_successive_words_unrelated() {
    let rows = rows(&mut lanes(1, 0, Purpose::Collisions), ROWS);
    let words = || rows.iter().flatten().copied();
    assert_unrelated("balance", words().map(|word| (word, 0)));
    for lag in [1, 2, 3, 4, 64] {
        let pairs = rows.iter().zip(&rows[lag..]);
        let pairs = pairs.flat_map(|(one, other)| one.iter().copied().zip(other.iter().copied()));
        assert_unrelated("successive words", pairs);
    }
    // A generator with a stuck bit, and one that repeats itself, are caught.
    assert!(agreement(words().map(|word| (word | 4, 0))).1 > 100.0);
    assert!(agreement(words().map(|word| (word, word & !1))).0.abs() > 100.0);
}

#[test]
fn hashed_words_are_balanced_and_unrelated_and_cover_their_bytes() {
    let hashed = |replica, part, count| {
        let key = ReplicaKey::new(9, 8, replica, 0);
        let mut rows = vec![[0; LANES]; count];
        let mut stream = Rows::new(Instructions::best(), key, Purpose::Times, part, 0);
        let (some, others) = rows.split_at_mut(count / 3);
        stream.fill(Instructions::best(), some);
        stream.fill(Instructions::best(), others);
        rows
    };
    let rows = hashed(0, 0, ROWS);
    assert_unrelated("balance", rows.iter().flatten().map(|&word| (word, 0)));
    let words: Vec<u64> = rows.iter().flatten().copied().collect();
    for lag in [1, 2, LANES] {
        let pairs = words.iter().copied().zip(words[lag..].iter().copied());
        assert_unrelated("successive words", pairs);
    }
    for (name, other) in [
        ("part", hashed(0, 1, ROWS)),
        ("replica", hashed(1, 0, ROWS)),
    ] {
        let pairs = words.iter().copied().zip(other.into_iter().flatten());
        assert_unrelated(name, pairs);
    }
    // |z| > 5 has probability 6e-7.
    for byte in 0..8 {
        let mut counts = vec![0; 256];
        for word in &words {
            counts[(word >> (8 * byte) & 255) as usize] += 1;
        }
        assert!(chi_square(&counts).abs() < 5.0, "byte {byte}");
    }
    // Short streams use the first words only.
    let first = |part| hashed(2, part, 1)[0];
    let firsts: Vec<Row> = (0..40_000).map(first).collect();
    let next = firsts.iter().zip(&firsts[1..]);
    let pairs = next.flat_map(|(one, other)| one.iter().copied().zip(other.iter().copied()));
    assert_unrelated("next part", pairs);
}

#[test]
fn lanes_are_unrelated() {
    let rows = rows(&mut lanes(2, 0, Purpose::Collisions), ROWS);
    for one in 0..LANES {
        for other in 0..one {
            let pairs = rows.iter().map(|row| (row[one], row[other]));
            assert_unrelated("lanes", pairs);
        }
    }
}

#[test]
fn neighbouring_replicas_seeds_and_purposes_are_unrelated() {
    let reference = rows(&mut lanes(3, 7, Purpose::Collisions), ROWS);
    let others = [
        ("replica", lanes(3, 8, Purpose::Collisions)),
        ("seed", lanes(4, 7, Purpose::Collisions)),
        ("seed bit", lanes(3 ^ (1 << 63), 7, Purpose::Collisions)),
        ("purpose", lanes(3, 7, Purpose::BathVelocities)),
    ];
    for (name, mut other) in others {
        let other = rows(&mut other, ROWS);
        let pairs = reference
            .iter()
            .flatten()
            .copied()
            .zip(other.into_iter().flatten());
        assert_unrelated(name, pairs);
    }
}

#[test]
fn first_words_of_many_replicas_are_unrelated() {
    // Short replicas use only the first rows of a stream, whose randomness comes from the hash of
    // the replica's name.
    let first = |replica| rows(&mut lanes(5, replica, Purpose::Collisions), 1)[0];
    let firsts: Vec<Row> = (0..40_000).map(first).collect();
    assert_unrelated("balance", firsts.iter().flatten().map(|&word| (word, 0)));
    let next = firsts.iter().zip(&firsts[1..]);
    let pairs = next.flat_map(|(one, other)| one.iter().copied().zip(other.iter().copied()));
    assert_unrelated("next replica", pairs);
}

/// Pearson's χ² of counts that should be equal, as a z-score (Wilson–Hilferty).
fn chi_square(counts: &[u32]) -> f64 {
    let mean = counts.iter().map(|&count| f64::from(count)).sum::<f64>() / counts.len() as f64;
    let chi: f64 = counts
        .iter()
        .map(|&count| (f64::from(count) - mean).powi(2) / mean)
        .sum();
    let freedom = counts.len() as f64 - 1.0;
    let cube = (chi / freedom).cbrt();
    (cube - (1.0 - 2.0 / (9.0 * freedom))) / (2.0 / (9.0 * freedom)).sqrt()
}

#[test]
fn bytes_and_pairs_of_bytes_are_uniform() {
    // |z| > 5 has probability 6e-7; there are 8 + 3 tests.
    let rows = rows(&mut lanes(6, 0, Purpose::Collisions), ROWS);
    for byte in 0..8 {
        let mut counts = vec![0; 256];
        for word in rows.iter().flatten() {
            counts[(word >> (8 * byte) & 255) as usize] += 1;
        }
        assert!(chi_square(&counts).abs() < 5.0, "byte {byte}");
    }
    // The leading six bits of a particle word are compared with those of the partner, angle and
    // next particle words, of which a collision is made.
    for lag in 1..4 {
        let mut counts = vec![0; 1 << 12];
        for (one, other) in rows.iter().zip(&rows[lag..]) {
            for lane in 0..LANES {
                counts[(one[lane] >> 58 << 6 | other[lane] >> 58) as usize] += 1;
            }
        }
        assert!(chi_square(&counts).abs() < 5.0, "lag {lag}");
    }
    // A byte value that is 1.5 times as frequent would be caught.
    let mut counts = vec![0; 256];
    for word in rows.iter().flatten() {
        counts[(word & 255) as usize] += 1;
    }
    counts[17] += counts[17] / 2;
    assert!(chi_square(&counts) > 5.0);
}
