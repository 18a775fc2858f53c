//! W₂ is compared with an independent method: the assignment problem.

use kac_coupling::config::load;
use kac_coupling::measure::Engine;
use kac_coupling::numerics::wasserstein::{Sample, squared_distance};
use kac_coupling::verify::{Sampling, verify};
use proptest::prelude::*;
use std::convert::Infallible;
use std::path::Path;

/// The least cost of a perfect matching, by the Hungarian method (Kuhn 1955; Jonker and Volgenant's
/// shortest augmenting paths). It uses costs only, not the order of the line.
fn assignment(cost: &[Vec<f64>]) -> f64 {
    let n = cost.len();
    let (mut row_price, mut column_price) = (vec![0.0; n + 1], vec![0.0; n + 1]);
    let mut row_of = vec![0; n + 1];
    for row in 1..=n {
        row_of[0] = row;
        let mut column = 0;
        let mut slack = vec![f64::INFINITY; n + 1];
        let mut came_from = vec![0; n + 1];
        let mut done = vec![false; n + 1];
        while row_of[column] != 0 {
            done[column] = true;
            let current = row_of[column];
            let (mut least, mut next) = (f64::INFINITY, 0);
            for j in 1..=n {
                if !done[j] {
                    let reduced = cost[current - 1][j - 1] - row_price[current] - column_price[j];
                    if reduced < slack[j] {
                        (slack[j], came_from[j]) = (reduced, column);
                    }
                    if slack[j] < least {
                        (least, next) = (slack[j], j);
                    }
                }
            }
            for j in 0..=n {
                if done[j] {
                    row_price[row_of[j]] += least;
                    column_price[j] -= least;
                } else {
                    slack[j] -= least;
                }
            }
            column = next;
        }
        while column != 0 {
            row_of[column] = row_of[came_from[column]];
            column = came_from[column];
        }
    }
    (1..=n).map(|j| cost[row_of[j] - 1][j - 1]).sum()
}

fn sample(numbers: &[f64]) -> Sample {
    let mut sample = Sample::default();
    sample.extend(numbers);
    sample
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_sorted_pairing_is_an_optimal_assignment(
        pairs in prop::collection::vec((-10.0..10.0f64, -3.0..30.0f64), 1..40),
        ties: bool,
    ) {
        let round = |x: f64| if ties { x.round() } else { x };
        let (x, y): (Vec<f64>, Vec<f64>) = pairs.iter().map(|&(x, y)| (round(x), round(y))).unzip();
        let cost: Vec<Vec<f64>> =
            x.iter().map(|a| y.iter().map(|b| (a - b) * (a - b)).collect()).collect();
        let oracle = assignment(&cost) / x.len() as f64;
        let distance = squared_distance(&mut sample(&x), &mut sample(&y));
        prop_assert!((distance - oracle).abs() <= 1e-12 * (1.0 + oracle), "{} {}", distance, oracle);
    }
}

#[test]
fn large_samples_are_sorted_to_the_last_rank() {
    // The numbers k/n² of the second sample are so near each other that only an exact order finds
    // any two of them that are swapped. Both samples come in orders of their own: multiples of a
    // number without a common factor with n.
    for count in [1000, 4096, 20_000] {
        let number = |k: u64| (k * 7919 % count) as f64;
        let other = |k: u64| 1.0 + (k * 104_729 % count) as f64 / (count * count) as f64;
        let x: Vec<f64> = (0..count).map(number).collect();
        let y: Vec<f64> = (0..count).map(other).collect();
        let paired = |k: u64| k as f64 - (1.0 + k as f64 / (count * count) as f64);
        let exact = (0..count).map(|k| paired(k) * paired(k)).sum::<f64>() / count as f64;
        // Two swapped neighbours change the mean by at least 2/n³, which is 2·10⁻¹³ of 10⁸/3 and is
        // lost. So each of the two samples is also compared with a copy of itself.
        let distance = squared_distance(&mut sample(&x), &mut sample(&y));
        assert!(
            (distance / exact - 1.0).abs() < 1e-12,
            "{count}: {distance} {exact}"
        );
        for numbers in [&x, &y] {
            let mut shuffled = numbers.clone();
            shuffled.reverse();
            shuffled.rotate_left(numbers.len() / 3);
            let distance = squared_distance(&mut sample(numbers), &mut sample(&shuffled));
            assert_eq!(distance, 0.0, "{count}");
        }
    }
}

#[test]
fn the_bracket_is_in_order_at_every_row() {
    for name in ["theorem6", "theorem7", "clock-master-equation"] {
        let path = format!("experiments/{name}.toml");
        let mut experiment = load(Path::new(&path)).unwrap().experiment;
        for (particles, replicas) in &mut experiment.sweep {
            *replicas = 200_000 / *particles as u64;
        }
        let finished = |_: &_| Ok::<(), Infallible>(());
        let results = verify(
            &experiment,
            Engine::Block,
            Sampling::Full,
            &|_| (),
            finished,
        )
        .unwrap();
        assert!(!results.tables.wasserstein.is_empty());
        for row in &results.tables.wasserstein {
            let (distance, error) = (row.w2_squared.unwrap(), row.std_error.unwrap());
            let upper = row.coupling_upper.unwrap();
            assert!(
                row.gelbrich_lower <= distance + 4.0 * error,
                "{name} {row:?}"
            );
            assert!(distance <= upper * (1.0 + 1e-12), "{name} {row:?}");
            if row.time == 0.0 {
                // Comonotone initial pairs are the optimal coupling already.
                assert!((distance / upper - 1.0).abs() < 1e-12, "{name} {row:?}");
            }
        }
    }
}

#[test]
fn unrelated_copies_are_farther_apart_than_their_laws() {
    // The control: without a coupling E‖Δ‖²/N tends to 2·g_2 and does not show the distance.
    let mut experiment = load(Path::new("experiments/theorem7.toml"))
        .unwrap()
        .experiment;
    experiment.coupling = kac_coupling::model::coupling::CouplingKind::Independent;
    experiment.checks.clear();
    experiment.sweep = vec![(2, 60_000), (16, 8_000)];
    let finished = |_: &_| Ok::<(), Infallible>(());
    let results = verify(
        &experiment,
        Engine::Block,
        Sampling::Full,
        &|_| (),
        finished,
    )
    .unwrap();
    for row in &results.tables.discrepancy {
        // There are 31 times at two N, strongly correlated: P(|z| > 5) < 62 · 6e-7.
        let z = (row.mean - row.exact_mean.unwrap()) / row.std_error.unwrap();
        assert!(z.abs() < 5.0, "{row:?}");
        assert_eq!(row.z, None);
    }
    let last = results.tables.discrepancy.last().unwrap();
    assert!(last.mean / 16.0 > 2.0);
}
