//! The Poisson points themselves: each mark has its law, and the test of it fails when the mark is
//! falsified.
//!
//! Limits are those of `common`.

use crate::common::{
    KOLMOGOROV_LIMIT, Z_LIMIT, angle_statistic, binomial_z, kolmogorov, partner_statistic,
};
use kac_coupling::law::{Law, Normal, NormalMixture};
use kac_coupling::model::Rates;
use kac_coupling::model::coupling::Collision;
use kac_coupling::numerics::vector::Instructions;
use kac_coupling::random::{LANES, Lanes, Purpose, ReplicaKey};
use kac_coupling::simulate::Gas;
use kac_coupling::simulate::bath::BathVelocities;
use kac_coupling::simulate::plain::PoissonPoints;
use std::sync::Arc;

const PARTICLES: u32 = 5;
const RATES: Rates = Rates {
    pair: 2.0,
    bath: 1.5,
};

fn bath() -> Law {
    let mixture = NormalMixture::new(vec![0.25, 0.75], vec![1.5, -0.5], vec![0.5, 1.0]).unwrap();
    Law::NormalMixture(mixture)
}

/// Collisions of many replicas up to t = 20, with the places of the first slab.
fn collisions(replicas: u64) -> Vec<Collision> {
    let gas = Arc::new(Gas::new(PARTICLES as usize, RATES, &bath()));
    let mut all = vec![];
    for replica in 0..replicas {
        let key = ReplicaKey::new(3, u64::from(PARTICLES), replica, 0);
        let mut points = PoissonPoints::new(&gas, key);
        while let Some((_, collision)) = points.next_before(gas.place(20.0)) {
            all.push(collision);
        }
    }
    all
}

#[test]
fn angles_are_uniform_on_the_circle_and_half_circles_are_caught() {
    let mut marks = collisions(400);
    assert!(angle_statistic(&marks) < KOLMOGOROV_LIMIT);
    // θ is drawn on [0, π).
    for collision in &mut marks {
        collision.sin = collision.sin.abs();
    }
    assert!(angle_statistic(&marks) > 50.0);
}

#[test]
fn all_particles_meet_each_other_and_the_bath_equally_often() {
    let mut marks = collisions(400);
    assert!(marks.iter().all(|c| c.particle != c.partner));
    assert!(partner_statistic(&marks, PARTICLES, RATES) < Z_LIMIT);
    // Pairs are always drawn in the order of their indices.
    for c in marks.iter_mut().filter(|c| c.partner < PARTICLES) {
        (c.particle, c.partner) = (c.particle.min(c.partner), c.particle.max(c.partner));
    }
    assert!(partner_statistic(&marks, PARTICLES, RATES) > 10.0);
}

#[test]
fn kinds_have_their_probabilities() {
    let marks = collisions(4000);
    let bath: Vec<_> = marks.iter().filter(|c| c.partner == PARTICLES).collect();
    // The probability of the bath is β/(κ/2 + β) = 1.5/2.5.
    assert!(binomial_z(bath.len(), marks.len(), 0.6).abs() < 4.0);
    // A bath rate that is 2 % off would be seen.
    assert!(binomial_z(bath.len(), marks.len(), 1.53 / 2.53).abs() > 8.0);
}

#[test]
fn bath_velocities_have_the_law_of_the_bath() {
    let marks = collisions(400);
    let velocities: Vec<f64> = marks
        .iter()
        .filter(|c| c.partner == PARTICLES)
        .map(|c| c.bath_velocity)
        .collect();
    let law = bath();
    assert!(kolmogorov(velocities.clone(), |x| law.cdf(x)) < KOLMOGOROV_LIMIT);
    // Swapped weights would be seen.
    let swapped = Law::NormalMixture(
        NormalMixture::new(vec![0.75, 0.25], vec![1.5, -0.5], vec![0.5, 1.0]).unwrap(),
    );
    assert!(kolmogorov(velocities, |x| swapped.cdf(x)) > 20.0);
}

#[test]
fn counts_are_poisson_in_every_interval() {
    // There are 12.5 collisions per unit of time; the intervals cut slabs anywhere.
    let gas = Arc::new(Gas::new(PARTICLES as usize, RATES, &bath()));
    let replicas = 4000;
    let times = [0.0, 0.3, 0.75, 2.0, 9.0];
    let mut counts = vec![vec![]; 4];
    for replica in 0..replicas {
        let key = ReplicaKey::new(4, 5, replica, 0);
        let mut points = PoissonPoints::new(&gas, key);
        for (interval, &end) in times[1..].iter().enumerate() {
            let mut count = 0.0;
            while points.next_before(gas.place(end)).is_some() {
                count += 1.0;
            }
            counts[interval].push(count);
        }
    }
    let n = replicas as f64;
    let mean_of = |x: &[f64]| x.iter().sum::<f64>() / n;
    for (interval, sample) in counts.iter().enumerate() {
        let mean = 12.5 * (times[interval + 1] - times[interval]);
        let measured = mean_of(sample);
        assert!(((measured - mean) / (mean / n).sqrt()).abs() < 4.0);
        // The variance of a Poisson count is its mean; the sample variance has
        // the variance (mean + 2·mean²)/n.
        let squares: Vec<f64> = sample.iter().map(|x| (x - mean) * (x - mean)).collect();
        let error = ((mean + 2.0 * mean * mean) / n).sqrt();
        assert!(((mean_of(&squares) - mean) / error).abs() < 4.0);
    }
    // Disjoint intervals are uncorrelated.
    for i in 0..4 {
        for j in 0..i {
            let (a, b) = (mean_of(&counts[i]), mean_of(&counts[j]));
            let products = counts[i]
                .iter()
                .zip(&counts[j])
                .map(|(x, y)| (x - a) * (y - b));
            let correlation = products.sum::<f64>() / n / (a * b).sqrt();
            assert!(correlation.abs() < 4.0 / n.sqrt());
        }
    }
}

#[test]
fn normal_variates_drawn_together_are_independent() {
    // Over 20 000 rows Σ z_a z_b/√n and Σ (z_a² − 1)(z_b² − 1)/√(4n) are nearly standard normal for
    // each of 120 pairs of lanes. One of the former exceeds 5 with probability 7e-5; one of the
    // latter, which have heavier tails, exceeds 6.5 with a similar one.
    let key = ReplicaKey::new(1, 5, 0, 0);
    let instructions = Instructions::best();
    let mut lanes = Lanes::new(instructions, key, Purpose::BathVelocities, 0);
    let mut words = vec![[0; LANES]; 20_000];
    lanes.fill(instructions, &mut words);
    let mut rows = vec![[0.0; LANES]; words.len()];
    let normal = Law::Normal(Normal::new(0.0, 1.0).unwrap());
    let more = |_| || panic!("the words decide, as there is one component");
    BathVelocities::new(&normal).draw(instructions, &words, more, &mut rows);
    let root = (rows.len() as f64).sqrt();
    let correlations = |rows: &[[f64; LANES]], a: usize, b: usize| {
        let linear: f64 = rows.iter().map(|row| row[a] * row[b]).sum();
        let excess = |z: f64| z * z - 1.0;
        let square: f64 = rows.iter().map(|row| excess(row[a]) * excess(row[b])).sum();
        (linear / root, square / (2.0 * root))
    };
    for a in 0..LANES {
        for b in 0..a {
            let (linear, square) = correlations(&rows, a, b);
            assert!(
                linear.abs() < 5.0 && square.abs() < 6.5,
                "{a} {b} {linear} {square}"
            );
        }
    }
    // A pair with both variates along the same axis would be seen.
    for row in &mut rows {
        row[8] = row[0];
    }
    assert!(correlations(&rows, 8, 0).0 > 100.0);
}
