//! Bounds, intervals and verdicts of finished runs are calculated a second time here, from
//! the numbers of the config and from measured values with their standard errors.
//!
//! Nothing that is compared comes from the code that it is compared with: bounds are closed
//! forms of the config's numbers, normal quantiles come from bisecting `libm::erfc`, and
//! quantiles of Student's law from integrating its density. A verdict is asked for on both
//! sides of the tolerance, or of the printed rate, at which the second calculation says that
//! it changes. So a bound at 0.95 μ, twice the tolerance, an interval of another level or a
//! level that is not shared by all record times gives a wrong verdict on one side.

use kac_coupling::bracket::Excess;
use kac_coupling::config::load;
use kac_coupling::estimate::exponents::exponent_rows;
use kac_coupling::estimate::{Findings, TABLE_CONFIDENCE};
use kac_coupling::experiment::{Check, Expectation, Experiment};
use kac_coupling::judge::claims::find;
use kac_coupling::judge::forecast::Prospect;
use kac_coupling::judge::self_check::self_checks;
use kac_coupling::judge::{Evidence, VerdictRow, judge};
use kac_coupling::measure::Engine;
use kac_coupling::measure::steady::SteadyStage;
use kac_coupling::table::rows::ScalingRow;
use kac_coupling::table::rows::Tables;
use kac_coupling::theory::Theory;
use kac_coupling::theory::unseen::{CUT, CUT_FOR_VOID, Unseen};
use kac_coupling::verify::job;

/// The values in the configs below.
const LAMBDA: f64 = 1.25;
const MU: f64 = 0.75;
/// Two-sided level at which a measurement contradicts an exact value.
const VOID_LEVEL: f64 = 2e-7;
/// The distance from the edge at which verdicts are asked for, relative to τ or to the rate. The closed forms here
/// agree with those of the library to some 10⁻¹².
const NEAR: f64 = 1e-6;

/// The normal quantile that is exceeded with probability `tail`.
fn normal_quantile(tail: f64) -> f64 {
    let above = |z: f64| 0.5 * libm::erfc(z / 2f64.sqrt());
    bisected(0.0, 40.0, |z| above(z) > tail)
}

/// The quantile of Student's law that is exceeded with probability `tail` < ½.
fn student_quantile(freedom: f64, tail: f64) -> f64 {
    // With x = √ν tan φ the density is c√ν cos^(ν−1) φ.
    let log_scale = libm::lgamma(0.5 * (freedom + 1.0)) - libm::lgamma(0.5 * freedom);
    let scale = libm::exp(log_scale) / std::f64::consts::PI.sqrt();
    let density = |angle: f64| scale * libm::pow(libm::cos(angle), freedom - 1.0);
    let above = |x: f64| {
        let from = libm::atan(x / freedom.sqrt());
        let cells = 2000;
        let step = (0.5 * std::f64::consts::PI - from) / f64::from(cells);
        let simpson = |cell: i32| {
            let left = from + f64::from(cell) * step;
            density(left) + 4.0 * density(left + 0.5 * step) + density(left + step)
        };
        (0..cells).map(simpson).sum::<f64>() * step / 6.0
    };
    bisected(0.0, 1e4, |x| above(x) > tail)
}

/// The number at which `is_below` stops being true.
fn bisected(mut low: f64, mut high: f64, mut is_below: impl FnMut(f64) -> bool) -> f64 {
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if is_below(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

/// Half the width of a two-sided interval, in standard errors.
fn half_width(confidence: f64) -> f64 {
    normal_quantile(0.5 * (1.0 - confidence))
}

#[test]
fn quantiles_of_this_file_are_those_of_the_tables() {
    for (tail, printed) in [(0.025, 1.959_964), (0.0005, 3.290_527), (1e-7, 5.199_338)] {
        assert!((normal_quantile(tail) - printed).abs() < 1e-6);
    }
    for (freedom, tail, printed) in [(9.0, 0.025, 2.262_157), (30.0, 0.001, 3.385_185)] {
        assert!((student_quantile(freedom, tail) - printed).abs() < 1e-6);
    }
}

/// The experiment of a config with these lines on the gas, the laws and the distances.
fn experiment(model: &str, initial: &str, distances: &str) -> Experiment {
    let text = format!(
        "seed = 2016\n{model}\nlambda = {LAMBDA}\nmu = {MU}\n\
         [bath]\nlaw = \"normal\"\nmean = 0.0\nsd = 0.5\n\
         [initial]\n{initial}\n[time]\nend = 1.5\npoints = 7\n{distances}"
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("recomputed.toml");
    std::fs::write(&path, text).unwrap();
    load(&path).unwrap().experiment
}

/// Normal laws with the means and standard deviations of [`MEANS`] and [`SDS`].
const NORMALS: &str = "first = { law = \"normal\", mean = 2.0, sd = 1.0 }\n\
                       second = { law = \"normal\", mean = -1.0, sd = 2.0 }";
const MEANS: [f64; 2] = [2.0, -1.0];
const SDS: [f64; 2] = [1.0, 2.0];

/// Two laws of mean 0 and variance 1: a normal one, and a uniform one on ±√3.
const SHAPES: &str = "first = { law = \"normal\", mean = 0.0, sd = 1.0 }\n\
     second = { law = \"uniform\", low = -1.7320508075688772, high = 1.7320508075688772 }";

/// W₂² of [`SHAPES`]: E(Z − √12(Φ(Z) − ½))² = 2 − 2√12 E ZΦ(Z), and E ZΦ(Z) = 1/(2√π).
fn distance_of_shapes() -> f64 {
    2.0 - 2.0 * (3.0 / std::f64::consts::PI).sqrt()
}

/// The rates κ and β of the paper's λ and μ on a clock.
fn rates(clock: &str) -> [f64; 2] {
    match clock {
        "theorem6" => [LAMBDA, 2.0 * MU],
        _ => [2.0 * LAMBDA, MU],
    }
}

fn findings(experiment: &Experiment) -> Findings {
    let theory = experiment.theory(experiment.sweep[0].0);
    let measured = job(experiment, 0, &theory).run(Engine::Block, &|_| ());
    let stage = SteadyStage::new(experiment, 0, &theory);
    let steady = stage.map(|stage| stage.run(experiment.sweep[0].1));
    Findings::new(experiment, 0, theory, measured).with_steady(steady)
}

fn verdict(
    experiment: &Experiment,
    findings: &Findings,
    (claim, tolerance, confidence): (&str, f64, f64),
) -> VerdictRow {
    let check = Check {
        claim: claim.to_string(),
        expect: Expectation::Holds,
        tolerance,
        confidence,
    };
    let evidence = Evidence {
        experiment,
        findings,
        self_checks: &[],
    };
    judge(&check, find(claim).unwrap(), evidence)
}

fn assert_close(found: f64, expected: f64, what: &str) {
    let error = (found - expected).abs();
    assert!(
        error <= 1e-9 * expected.abs(),
        "{what}: {found} is not {expected}"
    );
}

#[test]
fn bounds_and_intervals_of_tables_are_those_of_the_config() {
    for (clock, pairing) in [("theorem6", "optimal"), ("master-equation", "independent")] {
        let model = format!("replicas = 4000\n[model]\nparticles = 8\nclock = \"{clock}\"");
        let initial = format!("{NORMALS}\npairing = \"{pairing}\"");
        let distances = "[wasserstein]\npoints = 4\nsample = 1000\nbracket = 32000\n";
        let experiment = experiment(&model, &initial, distances);
        let findings = findings(&experiment);
        let tables = Tables::of(&experiment, &findings);
        // W₂² of N(a, s²) and N(b, r²) is (a − b)² + (s − r)².
        let square = |values: [f64; 2]| (values[0] - values[1]) * (values[0] - values[1]);
        let start = square(MEANS) + square(SDS);
        let [_, bath] = rates(clock);
        for row in &tables.wasserstein {
            let bound = libm::exp(-MU * row.time) * start;
            assert_close(row.bound.unwrap(), bound, "bound in wasserstein.csv");
            let most = libm::exp(-0.5 * bath * row.time) * start;
            let bound = findings.theory.contraction_bound(row.time);
            assert_close(bound, most, "exact upper bound");
        }
        for row in &tables.discrepancy {
            // E‖Δ(0)‖² is N W₂²(0) of optimal pairs, and N((a − b)² + s² + r²) of others.
            let apart = match pairing {
                "optimal" => start,
                _ => square(MEANS) + SDS[0] * SDS[0] + SDS[1] * SDS[1],
            };
            let bound = 8.0 * libm::exp(-MU * row.time) * apart;
            assert_close(row.bound, bound, "bound in discrepancy.csv");
        }
        let reach = half_width(0.999);
        for row in &tables.rates {
            let [rate, error, low, high] =
                [row.rate, row.std_error, row.ci_low, row.ci_high].map(Option::unwrap);
            assert_eq!(row.confidence, 0.999);
            assert_close(high - rate, reach * error, row.quantity);
            assert_close(rate - low, reach * error, row.quantity);
            let errors = [row.exact_std_error, row.empirical_std_error].map(Option::unwrap);
            assert_eq!(error, errors[0].max(errors[1]));
        }
    }
}

/// The limits in tables have the level that the columns' description names, clamped to the exact bounds.
#[test]
fn limits_in_tables_have_the_level_of_tables() {
    let model = "replicas = 4000\n[model]\nparticles = 8\nclock = \"theorem6\"";
    let distances = "[wasserstein]\npoints = 4\nsample = 1000\nbracket = 32000\n";
    let experiment = experiment(model, SHAPES, distances);
    let findings = findings(&experiment);
    let start = distance_of_shapes();
    let tables = Tables::of(&experiment, &findings);
    let mut inside = 0;
    for (index, row) in tables.wasserstein.iter().enumerate().skip(1) {
        let most = libm::exp(-MU * row.time) * start;
        let (first, joint) = findings.brackets[index].as_ref().unwrap();
        for (limits, found) in [
            (
                first.measured_limits(0.999),
                [row.lower_limit, row.upper_limit],
            ),
            (
                joint.measured_limits(0.999),
                [row.joint_lower, row.joint_upper],
            ),
        ] {
            let (lower, upper) = limits.unwrap();
            let upper = unseen(&findings, row.time).raised(upper);
            // Gelbrich's bound is 0.
            assert_close(found[0].unwrap(), lower.max(0.0).min(most), "lower limit");
            assert_close(found[1].unwrap(), upper.min(most), "upper limit");
            inside += usize::from(lower > 0.0) + usize::from(upper < most);
        }
    }
    assert!(inside >= 6, "{inside} limits are not clamped");
    assert_eq!(TABLE_CONFIDENCE, 0.999);
}

/// The verdict on a rate that is claimed to be `printed`.
fn equality_verdict(
    [rate, error]: [f64; 2],
    [printed, exact]: [f64; 2],
    tolerance: f64,
    confidence: f64,
) -> &'static str {
    let reach = half_width(confidence) * error;
    let (low, high) = (rate - reach, rate + reach);
    let band = [(1.0 - tolerance) * printed, (1.0 + tolerance) * printed];
    if (rate - exact).abs() > half_width(1.0 - VOID_LEVEL) * error {
        "VOID"
    } else if band[0] <= low && high <= band[1] {
        // The largest relative error is a tenth where the half-width is 3.29 standard errors, less by the cube where it
        // is wider.
        let wider = (half_width(confidence) / 3.29).max(1.0);
        let is_normal = error <= 0.1 * exact / (wider * wider * wider);
        if is_normal || (band[0] <= exact && exact <= band[1]) {
            "HOLDS"
        } else {
            "INCONCLUSIVE"
        }
    } else if (high < band[0] || band[1] < low)
        && reach <= tolerance * exact
        && low <= exact
        && exact <= high
    {
        "REFUTED"
    } else {
        "INCONCLUSIVE"
    }
}

#[test]
fn verdicts_on_decay_rates_change_where_intervals_meet_the_tolerance() {
    let mut seen = std::collections::BTreeMap::new();
    for clock in ["theorem6", "master-equation"] {
        let model = format!("replicas = 3000\n[model]\nparticles = 8\nclock = \"{clock}\"");
        let experiment = experiment(&model, NORMALS, "");
        let findings = findings(&experiment);
        let [pair, bath] = rates(clock);
        for (claim, printed, exact) in [
            ("lemma-1", 0.5 * MU, 0.5 * bath),
            ("lemma-2-first", 2.0 * LAMBDA + MU, pair + bath),
            (
                "lemma-2-pair",
                4.0 * LAMBDA + 2.0 * MU - 2.0 * LAMBDA / 7.0,
                2.0 * pair - pair / 7.0 + 2.0 * bath,
            ),
            ("theorem-6-coupling", MU, 0.5 * bath),
        ] {
            for confidence in [0.9, 0.999, 0.999_99] {
                let row = verdict(&experiment, &findings, (claim, 0.01, confidence));
                let [rate, error] = [row.estimate, row.std_error].map(Option::unwrap);
                let reach = half_width(confidence) * error;
                assert_close(row.printed.unwrap(), printed, claim);
                assert_close(row.exact.unwrap(), exact, claim);
                assert_close(row.ci_low.unwrap(), rate - reach, claim);
                assert_close(row.ci_high.unwrap(), rate + reach, claim);
                // At these rates an end of the interval meets an end of the band, or the interval is as narrow as a
                // refutation needs.
                let ends = [rate - reach, rate + reach];
                let edges = ends.map(|end| (end / printed - 1.0).abs());
                for edge in edges.into_iter().chain([reach / exact]) {
                    for tolerance in [edge * (1.0 - NEAR), edge * (1.0 + NEAR)] {
                        let row = verdict(&experiment, &findings, (claim, tolerance, confidence));
                        let expected = equality_verdict(
                            [rate, error],
                            [printed, exact],
                            tolerance,
                            confidence,
                        );
                        assert_eq!(row.verdict, expected, "{claim} {tolerance}: {}", row.reason);
                        *seen.entry(expected).or_insert(0) += 1;
                    }
                }
            }
        }
    }
    for wanted in ["HOLDS", "REFUTED", "INCONCLUSIVE"] {
        assert!(
            seen.get(wanted).is_some_and(|&count| count >= 12),
            "{seen:?}"
        );
    }
}

/// Limits of the first marginals and of the joint laws at the `index`-th record time, each
/// of this one-sided level.
fn limits(findings: &Findings, index: usize, level: f64) -> [(f64, f64); 2] {
    let (first, joint) = findings.brackets[index].as_ref().unwrap();
    let confidence = 1.0 - 2.0 * level;
    let unseen = unseen(findings, findings.times[findings.distance_times[index]]);
    [
        first.measured_limits(confidence).unwrap(),
        joint.measured_limits(confidence).unwrap(),
    ]
    .map(|(lower, upper)| (lower, unseen.raised(upper)))
}

/// The allowance of limits of all replicas for unseen parts; `unseen.rs` tests it.
fn unseen(findings: &Findings, time: f64) -> Unseen {
    let replicas = findings.measured.replicas as f64;
    findings.theory.unseen(time, replicas, CUT)
}

/// The largest of the ratios of limits to e^{−μt}W₂²(0) over the record times after 0.
fn largest_ratio(findings: &Findings, mu: f64, limit: impl Fn(usize) -> f64) -> f64 {
    let bound = |index: usize| {
        let time = findings.times[findings.distance_times[index]];
        libm::exp(-mu * time) * distance_of_shapes()
    };
    let times = 1..findings.distance_times.len();
    let ratios = times.map(|index| limit(index) / bound(index));
    ratios.fold(f64::NEG_INFINITY, f64::max)
}

/// The average change of W₂² by twenty of 32 000 velocities, and rounding: no verdict rests on less. The copies start
/// with the energy `start` together.
fn few(start: f64, mu: f64, time: f64) -> f64 {
    (20.0 / 32_000.0 + 1e-12) * energies(start, mu, time)
}

/// Copies whose distance no moments show, whose start is optimal and whose coupling is not that of the proof: only
/// brackets and batches decide.
fn shapes(distances: &str) -> (Experiment, Findings) {
    let model =
        "replicas = 4000\n[model]\nparticles = 8\nclock = \"theorem6\"\ncoupling = \"aligned\"";
    let experiment = experiment(model, SHAPES, distances);
    let findings = findings(&experiment);
    (experiment, findings)
}

#[test]
fn verdicts_of_brackets_change_where_limits_of_the_shared_level_do() {
    // Batches of fewer than a thousand velocities do not decide.
    let (experiment, findings) =
        shapes("[wasserstein]\npoints = 4\nsample = 500\nbracket = 32000\n");
    for confidence in [0.9, 0.999] {
        // Three record times after 0 share the level. Limits above have a quarter of it.
        let level = (1.0 - confidence) / 3.0;
        for (claim, laws) in [("theorem-7", 0), ("theorem-6", 1)] {
            let upper = |mu| {
                largest_ratio(&findings, mu, |at| {
                    limits(&findings, at, 0.25 * level)[laws].1
                })
            };
            // For joint laws each of the two lower limits has half.
            let lower = |mu| {
                largest_ratio(&findings, mu, |at| {
                    let [first, joint] = match laws {
                        0 => [limits(&findings, at, level)[0].0; 2],
                        _ => limits(&findings, at, 0.5 * level).map(|(lower, _)| lower),
                    };
                    let time = findings.times[findings.distance_times[at]];
                    first.max(joint) - few(2.0, MU, time)
                })
            };
            // The printed rate at which the lower limit meets the bound.
            let edge = bisected(MU, 20.0, |mu| lower(mu) < 1.0);
            let printing = |mu: f64| Experiment {
                mu,
                ..experiment.clone()
            };
            let refuted = |mu: f64| {
                let row = verdict(&printing(mu), &findings, (claim, 1e-9, confidence));
                (row.verdict, row.printed)
            };
            assert_eq!(
                refuted(edge * (1.0 + NEAR)).0,
                "REFUTED",
                "{claim} {confidence}"
            );
            assert_eq!(
                refuted(edge * (1.0 - NEAR)).0,
                "INCONCLUSIVE",
                "{claim} {confidence}"
            );
            // A tolerance within which the upper limit is, where the lower one is below.
            let mu = 0.99 * edge;
            let tolerance = upper(mu) - 1.0;
            assert!(tolerance > 0.0, "{claim}: {tolerance}");
            let holds = |tolerance| {
                verdict(&printing(mu), &findings, (claim, tolerance, confidence)).verdict
            };
            assert_eq!(holds(tolerance + NEAR), "HOLDS", "{claim} {confidence}");
            assert_eq!(
                holds(tolerance - NEAR),
                "INCONCLUSIVE",
                "{claim} {confidence}"
            );
        }
    }
}

#[test]
fn verdicts_of_batches_change_where_limits_by_student_s_law_do() {
    let (experiment, findings) = shapes("[wasserstein]\npoints = 4\nsample = 1000\nbracket = 0\n");
    let tables = Tables::of(&experiment, &findings);
    for confidence in [0.9, 0.999] {
        let level = 0.25 * (1.0 - confidence) / 3.0;
        let ratio = |row: &kac_coupling::table::rows::WassersteinRow| {
            assert_eq!(row.batches, 32);
            let [mean, error] = [row.w2_squared, row.std_error].map(Option::unwrap);
            let reach = student_quantile(31.0, level) * error;
            let bound = libm::exp(-2.5 * MU * row.time) * distance_of_shapes();
            unseen(&findings, row.time).raised(mean * libm::exp(reach / mean)) / bound
        };
        let ratios = tables.wasserstein[1..].iter().map(ratio);
        let tolerance = ratios.fold(0.0, f64::max) - 1.0;
        assert!(tolerance > 0.0, "{tolerance}");
        // The printed bound is so low that the limit is above it.
        let printing = Experiment {
            mu: 2.5 * MU,
            ..experiment.clone()
        };
        let holds =
            |tolerance| verdict(&printing, &findings, ("theorem-7", tolerance, confidence)).verdict;
        assert_eq!(holds(tolerance * (1.0 + NEAR)), "HOLDS", "{confidence}");
        assert_eq!(
            holds(tolerance * (1.0 - NEAR)),
            "INCONCLUSIVE",
            "{confidence}"
        );
    }
}

/// Normal laws of mean 0 on the clock on which Theorems 6 and 7 are false.
fn witness() -> (Experiment, Findings) {
    let model = "replicas = 30000\n[model]\nparticles = 8\nclock = \"master-equation\"";
    let initial = "first = { law = \"normal\", mean = 0.0, sd = 1.0 }\n\
                   second = { law = \"normal\", mean = 0.0, sd = 2.0 }";
    let experiment = experiment(model, initial, "");
    let findings = findings(&experiment);
    (experiment, findings)
}

/// Gelbrich's bound of the witness: (σ − σ′)², σ² and σ′² relaxing to ¼ at rate β/2 = μ/2.
fn gelbrich_of_witness(time: f64) -> f64 {
    let sd = |start: f64| (0.25 + (start * start - 0.25) * libm::exp(-0.5 * MU * time)).sqrt();
    (sd(2.0) - sd(1.0)) * (sd(2.0) - sd(1.0))
}

#[test]
fn refutations_by_gelbrich_s_bound_change_where_its_interval_does() {
    let (experiment, findings) = witness();
    for (claim, confidence) in [("theorem-6", 0.9), ("theorem-7", 0.999)] {
        let reach = half_width(confidence);
        // The time at which the bound is exceeded most, with W₂²(0) = (2 − 1)² = 1.
        let best = |mu: f64| {
            let times = 1..findings.times.len();
            let strength = |index: usize| {
                let time = findings.times[index];
                let error = findings.measured_gelbrich(index).1.unwrap();
                (gelbrich_of_witness(time) - libm::exp(-mu * time)) / error
            };
            let index = times
                .max_by(|&a, &b| strength(a).total_cmp(&strength(b)))
                .unwrap();
            let (value, error) = findings.measured_gelbrich(index);
            (findings.times[index], value, error.unwrap())
        };
        let at = |mu: f64, tolerance: f64| {
            let printing = Experiment {
                mu,
                ..experiment.clone()
            };
            verdict(&printing, &findings, (claim, tolerance, confidence))
        };
        let (time, value, error) = best(MU);
        let exact = gelbrich_of_witness(time);
        assert!(
            (value - exact).abs() < reach * error,
            "{value} {exact} {error}"
        );
        let tolerance = reach * error / exact;
        let row = at(MU, tolerance * (1.0 + NEAR));
        assert_eq!(row.verdict, "REFUTED", "{claim}: {}", row.reason);
        assert_close(row.printed.unwrap(), libm::exp(-MU * time), claim);
        assert_close(row.exact.unwrap(), exact, claim);
        assert_close(row.ci_high.unwrap(), value + reach * error, claim);
        assert_eq!(
            at(MU, tolerance * (1.0 - NEAR)).verdict,
            "INCONCLUSIVE",
            "{claim}"
        );
        // The printed rate from which on the interval lies above the bound.
        let edge = bisected(0.1 * MU, MU, |mu| {
            let (time, value, error) = best(mu);
            value - reach * error <= libm::exp(-mu * time)
        });
        assert_eq!(at(edge * (1.0 + NEAR), 0.9).verdict, "REFUTED", "{claim}");
        assert_eq!(
            at(edge * (1.0 - NEAR), 0.9).verdict,
            "INCONCLUSIVE",
            "{claim}"
        );
    }
}

#[test]
fn a_refutation_is_foreseen_where_gelbrich_s_bound_exceeds_the_printed_one() {
    let (mut experiment, _) = witness();
    experiment.pairing = kac_coupling::theory::pairing::Pairing::Independent;
    // All record times' bounds are exceeded at a printed rate above their least ratio.
    let times = experiment.times();
    let rate = |time: &f64| -libm::log(gelbrich_of_witness(*time)) / time;
    let edge = times[1..].iter().map(rate).fold(f64::INFINITY, f64::min);
    let theory = experiment.theory(8);
    let obstacle = |mu: f64| {
        let experiment = Experiment {
            mu,
            ..experiment.clone()
        };
        let prospect = Prospect {
            experiment: &experiment,
            theory: &theory,
            particles: 8,
            replicas: 30_000,
            pilot: None,
        };
        find("theorem-7").unwrap().obstacle(&prospect)
    };
    assert_eq!(obstacle(edge * (1.0 + NEAR)), None);
    let said = obstacle(edge * (1.0 - NEAR)).unwrap();
    assert!(said.contains("optimal start"), "{said}");
}

#[test]
fn the_mechanism_holds_up_to_the_lower_end_of_its_interval() {
    let model = "replicas = 3000\n[model]\nparticles = 8\nclock = \"theorem6\"";
    let experiment = experiment(model, NORMALS, "");
    let findings = findings(&experiment);
    for (claim, confidence) in [("theorem-6", 0.9), ("theorem-7", 0.999)] {
        let row = verdict(&experiment, &findings, (claim, 0.5, confidence));
        let [rate, error] = [row.estimate, row.std_error].map(Option::unwrap);
        let low = rate - half_width(confidence) * error;
        assert_close(row.ci_low.unwrap(), low, claim);
        assert_eq!(row.printed, Some(MU));
        let edge = 1.0 - low / MU;
        assert!(edge > 0.001, "{edge}");
        let at =
            |tolerance| verdict(&experiment, &findings, (claim, tolerance, confidence)).verdict;
        assert_eq!(at(edge * (1.0 + NEAR)), "HOLDS", "{claim}");
        assert_eq!(at(edge * (1.0 - NEAR)), "INCONCLUSIVE", "{claim}");
    }
}

#[test]
fn the_mechanism_holds_up_to_the_confidence_at_which_its_rate_is_nearly_normal() {
    let model = "replicas = 60\n[model]\nparticles = 8\nclock = \"theorem6\"";
    let experiment = experiment(model, NORMALS, "");
    let findings = findings(&experiment);
    for claim in ["theorem-6", "theorem-7"] {
        let at = |confidence| verdict(&experiment, &findings, (claim, 0.999, confidence));
        let row = at(0.9);
        let relative = row.std_error.unwrap() / row.exact.unwrap();
        assert!(relative > 0.02 && relative < 0.09, "{relative}");
        // The relative standard error is 0.1·(3.29/z)³ at this half-width z.
        let edge = 3.29 * (0.1 / relative).cbrt();
        let verdict = |z: f64| at(1.0 - libm::erfc(z / 2f64.sqrt())).verdict;
        assert_eq!(verdict(edge * (1.0 - NEAR)), "HOLDS", "{claim}");
        assert_eq!(verdict(edge * (1.0 + NEAR)), "INCONCLUSIVE", "{claim}");
    }
}

#[test]
fn lemma_12_is_shown_up_to_the_least_ratio_of_its_limits() {
    let model =
        "replicas = 10000\n[model]\nparticles = 2\nclock = \"theorem6\"\ncoupling = \"aligned\"";
    let distances = "[wasserstein]\npoints = 4\nsample = 1000\nbracket = 20000\n";
    let experiment = experiment(model, SHAPES, distances);
    let findings = findings(&experiment);
    for confidence in [0.9, 0.999] {
        // There are four limits at each of three times: for product laws time 0 shows nothing.
        let level = (1.0 - confidence) / 12.0;
        let ratio = |index: usize| {
            let [first, joint] = limits(&findings, index, level);
            joint.0 / first.1
        };
        let edge = 1.0 - (1..4).map(ratio).fold(f64::INFINITY, f64::min);
        assert!(edge > 0.01 && edge < 1.0, "{edge}");
        let at = |tolerance| {
            verdict(&experiment, &findings, ("lemma-12", tolerance, confidence)).verdict
        };
        assert_eq!(at(edge * (1.0 + NEAR)), "HOLDS");
        assert_eq!(at(edge * (1.0 - NEAR)), "INCONCLUSIVE");
    }
}

#[test]
fn lemma_12_is_consistent_up_to_the_one_sided_end_of_all_times() {
    // The second law is 1.5 times the first, and the bath is at rest: E‖Δ‖²/N and Gelbrich's
    // bound are both ¼ E V² e^{−βt/2}, with E V² = 1 + 3.
    let model = "replicas = 3000\n[model]\nparticles = 8\nclock = \"theorem6\"";
    let initial = "first = { law = \"normal\", mean = 1.0, sd = 1.7320508075688772 }\n\
                   second = { law = \"normal\", mean = 1.5, sd = 2.598076211353316 }";
    let mut experiment = experiment(model, initial, "");
    experiment.bath = kac_coupling::law::Law::Point(kac_coupling::law::Point::new(0.0).unwrap());
    let findings = findings(&experiment);
    let tables = Tables::of(&experiment, &findings);
    for confidence in [0.9, 0.999] {
        // One end of each of seven intervals matters.
        let reach = normal_quantile((1.0 - confidence) / 7.0);
        let least = |row: &kac_coupling::table::rows::DiscrepancyRow| {
            let error = row.std_error.unwrap().max(row.exact_std_error.unwrap());
            (row.mean - reach * error) / 8.0 / libm::exp(-MU * row.time)
        };
        let edge = 1.0
            - tables
                .discrepancy
                .iter()
                .map(least)
                .fold(f64::INFINITY, f64::min);
        assert!(edge > 0.001, "{edge}");
        let at = |tolerance| {
            verdict(&experiment, &findings, ("lemma-12", tolerance, confidence)).verdict
        };
        assert_eq!(at(edge * (1.0 + NEAR)), "HOLDS");
        assert_eq!(at(edge * (1.0 - NEAR)), "INCONCLUSIVE");
    }
}

#[test]
fn theorem_1_holds_up_to_the_ends_of_its_intervals() {
    let model = "replicas = 3000\n[model]\nparticles = 4\nclock = \"theorem6\"";
    let experiment = experiment(model, NORMALS, "[steady_state]\ntolerance = 1.0\n");
    let findings = findings(&experiment);
    let tables = Tables::of(&experiment, &findings);
    let row = |quantity: &str| {
        let mut rows = tables.steady_state.iter();
        rows.find(|row| row.quantity == quantity).unwrap()
    };
    for confidence in [0.9, 0.999] {
        let reach = |quantity: &str| {
            let row = row(quantity);
            let exact = row.exact_std_error.unwrap_or(0.0);
            half_width(confidence) * row.std_error.unwrap().max(exact)
        };
        // A typical velocity is 0.5, and energies and products are compared with its square.
        let off = |(quantity, exact, size): (&str, f64, f64)| {
            ((row(quantity).value - exact).abs() + reach(quantity)) / size
        };
        let moments = [("m1", 0.0, 0.5), ("m2", 0.25, 0.25), ("m11", 0.0, 0.25)];
        let edge = moments.map(off).into_iter().fold(0.0, f64::max);
        let at = |tolerance| {
            verdict(&experiment, &findings, ("theorem-1", tolerance, confidence)).verdict
        };
        assert_eq!(at(edge * (1.0 + NEAR)), "HOLDS");
        assert_eq!(at(edge * (1.0 - NEAR)), "INCONCLUSIVE");
        // The bound on W₂² between the starts must be known to be within its own tolerance.
        let upper = row("w2_upper").value + reach("w2_upper");
        let near = |tolerance: f64| {
            let mut experiment = experiment.clone();
            experiment.steady_state = experiment.steady_state.map(|mut plan| {
                plan.tolerance = tolerance;
                plan
            });
            verdict(&experiment, &findings, ("theorem-1", 0.9, confidence)).verdict
        };
        assert_eq!(near(upper * (1.0 + NEAR)), "HOLDS");
        assert_eq!(near(upper * (1.0 - NEAR)), "INCONCLUSIVE");
    }
}

#[test]
fn limits_of_brackets_widen_with_the_confidence() {
    let (_, findings) = shapes("[wasserstein]\npoints = 4\nsample = 500\nbracket = 32000\n");
    for brackets in &findings.brackets[1..] {
        let (first, joint) = brackets.as_ref().unwrap();
        let widened = |limits: &dyn Fn(f64) -> (f64, f64)| {
            let [near, far] = [0.9, 0.999].map(limits);
            [near.0 - far.0, far.1 - near.1]
        };
        let of_first = widened(&|confidence| first.measured_limits(confidence).unwrap());
        let of_joint = widened(&|confidence| joint.measured_limits(confidence).unwrap());
        for (widened, error) in [
            (of_first[0], first.dual_std_error),
            (of_first[1], first.upper_std_error),
            (of_joint[0], joint.lower_std_error),
            (of_joint[1], joint.upper_std_error),
        ] {
            // The difference is 3.29 − 1.64 standard errors, more where skewness or fewer control variates count.
            let ratio = widened / error.unwrap();
            assert!(ratio > 1.6, "{ratio}");
        }
    }
}

/// The theory of the same gas at another μ, whose exact values contradict the measurements.
fn theory_at(experiment: &Experiment, mu: f64) -> Theory {
    let other = Experiment {
        mu,
        ..experiment.clone()
    };
    other.theory(8)
}

/// The energy E V² of both copies together on the clock of Theorem 6, from `start` to twice that
/// of the bath, N(0, ½²), at rate μ.
fn energies(start: f64, mu: f64, time: f64) -> f64 {
    0.5 + (start - 0.5) * libm::exp(-mu * time)
}

#[test]
fn brackets_are_void_where_lower_limits_of_the_shared_level_meet_the_exact_bound() {
    let (experiment, mut findings) =
        shapes("[wasserstein]\npoints = 4\nsample = 500\nbracket = 32000\n");
    // Four limits at each of four record times share the level.
    let level = VOID_LEVEL / 16.0;
    let exceeds = |mu: f64| {
        (1..4).any(|index| {
            let time = findings.times[findings.distance_times[index]];
            let [first, joint] = limits(&findings, index, level).map(|(lower, _)| lower);
            let bound = libm::exp(-mu * time) * distance_of_shapes();
            first.max(joint) > bound * (1.0 + 1e-9) + few(2.0, mu, time)
        })
    };
    let edge = bisected(MU, 20.0, |mu| !exceeds(mu));
    for (mu, expected) in [
        (edge * (1.0 + NEAR), "VOID"),
        (edge * (1.0 - NEAR), "INCONCLUSIVE"),
    ] {
        findings.theory = theory_at(&experiment, mu);
        for claim in ["theorem-6", "theorem-7"] {
            let row = verdict(&experiment, &findings, (claim, 1e-9, 0.999));
            assert_eq!(row.verdict, expected, "{claim} {mu}: {}", row.reason);
        }
    }
}

/// Normal laws under a coupling for which the moments of Δ are not known, so that only brackets or batches can
/// contradict the exact lower bound. At a printed rate of almost 0 no claim is refuted.
fn rematched_normals(distances: &str) -> (Experiment, Findings) {
    let model =
        "replicas = 4000\n[model]\nparticles = 8\nclock = \"theorem6\"\nrematch = \"output\"";
    let experiment = experiment(model, NORMALS, distances);
    let findings = findings(&experiment);
    let printing = Experiment {
        mu: 1e-12,
        ..experiment
    };
    (printing, findings)
}

/// Gelbrich's bound for [`NORMALS`] at another μ on the clock of Theorem 6: energies relax to that of the bath at rate
/// μ, and means decay at rate λ + 2μ (Lemmas 1 and 2).
fn gelbrich_of_normals(mu: f64, time: f64) -> f64 {
    let mean = |copy: usize| MEANS[copy] * libm::exp(-(LAMBDA + 2.0 * mu) * time);
    let sd = |copy: usize| {
        let start = MEANS[copy] * MEANS[copy] + SDS[copy] * SDS[copy];
        let energy = 0.25 + (start - 0.25) * libm::exp(-mu * time);
        (energy - mean(copy) * mean(copy)).sqrt()
    };
    let (means, sds) = (mean(0) - mean(1), sd(0) - sd(1));
    means * means + sds * sds
}

#[test]
fn brackets_are_void_where_upper_limits_of_the_shared_level_meet_the_exact_bound() {
    let (experiment, mut findings) =
        rematched_normals("[wasserstein]\npoints = 4\nsample = 500\nbracket = 32000\n");
    let level = VOID_LEVEL / 16.0;
    let exceeds = |mu: f64| {
        let theory = theory_at(&experiment, mu);
        (1..4).any(|index| {
            let time = findings.times[findings.distance_times[index]];
            let [first, joint] = void_limits(&findings, &theory, index, level);
            let upper = first.min(joint) * (1.0 + 1e-9) + few(10.0, mu, time);
            gelbrich_of_normals(mu, time) > upper
        })
    };
    let edge = bisected(0.01 * MU, MU, exceeds);
    assert_void_below(edge, &experiment, &mut findings, "bracket");
}

/// Asserts that Theorem 7 is VOID by the named quantity where the exact values are those of a μ just below the edge,
/// and not VOID just above it.
fn assert_void_below(edge: f64, experiment: &Experiment, findings: &mut Findings, by: &str) {
    assert!(edge > 0.5 * MU, "{edge}");
    for (mu, is_void) in [(edge * (1.0 - NEAR), true), (edge * (1.0 + NEAR), false)] {
        findings.theory = theory_at(experiment, mu);
        let row = verdict(experiment, findings, ("theorem-7", 1e-9, 0.999));
        assert_eq!(row.verdict == "VOID", is_void, "{mu}: {}", row.reason);
        assert!(!is_void || row.quantity.contains(by), "{}", row.quantity);
    }
}

/// Upper limits for a VOID, whose allowance for unseen parts is larger.
fn void_limits(findings: &Findings, theory: &Theory, index: usize, level: f64) -> [f64; 2] {
    let (first, joint) = findings.brackets[index].as_ref().unwrap();
    let confidence = 1.0 - 2.0 * level;
    let time = findings.times[findings.distance_times[index]];
    let replicas = findings.measured.replicas as f64;
    let unseen = theory.unseen(time, replicas, CUT_FOR_VOID);
    [
        first.measured_limits(confidence).unwrap().1,
        joint.measured_limits(confidence).unwrap().1,
    ]
    .map(|upper| unseen.raised(upper))
}

#[test]
fn batches_are_void_where_the_limit_of_the_shared_level_meets_the_exact_bound() {
    let (experiment, mut findings) =
        rematched_normals("[wasserstein]\npoints = 4\nsample = 1000\nbracket = 0\n");
    let replicas = findings.measured.replicas as f64;
    let reach = student_quantile(31.0, VOID_LEVEL / 4.0);
    let exceeds = |mu: f64| {
        let theory = theory_at(&experiment, mu);
        (1..4).any(|index| {
            let time = findings.times[findings.distance_times[index]];
            let mean = findings.measured.pairs.distances.mean(2 * index);
            let error = findings
                .measured
                .pairs
                .distances
                .std_error(2 * index)
                .unwrap();
            let unseen = theory.unseen(time, replicas, CUT_FOR_VOID);
            let limit = unseen.raised(mean * libm::exp(reach * error / mean));
            gelbrich_of_normals(mu, time) > limit + few(10.0, mu, time)
        })
    };
    let edge = bisected(0.01 * MU, MU, exceeds);
    assert_void_below(edge, &experiment, &mut findings, "pooled");
}

/// The quantities of Theorem 1 that share the level of a VOID.
const WATCHED: [&str; 7] = [
    "m1",
    "m2",
    "m11",
    "m4",
    "m22",
    "excess-kurtosis",
    "w2_upper",
];

#[test]
fn theorem_1_is_void_where_intervals_of_the_shared_level_miss_the_exact_value() {
    let model = "replicas = 3000\n[model]\nparticles = 4\nclock = \"theorem6\"";
    let experiment = experiment(model, NORMALS, "[steady_state]\ntolerance = 1.0\n");
    let mut findings = findings(&experiment);
    let with_bath = |sd: f64| {
        let bath = kac_coupling::law::Normal::new(0.0, sd).unwrap();
        let other = Experiment {
            bath: kac_coupling::law::Law::Normal(bath),
            ..experiment.clone()
        };
        other.theory(4)
    };
    let reach = normal_quantile(0.5 * VOID_LEVEL / 7.0);
    let mut misses = |sd: f64| {
        findings.theory = with_bath(sd);
        let tables = Tables::of(&experiment, &findings);
        let rows = tables.steady_state.iter();
        let watched = rows.filter(|row| row.trusted && WATCHED.contains(&row.quantity));
        let miss = |row: &kac_coupling::table::rows::SteadyRow| {
            let error = row
                .std_error
                .unwrap()
                .max(row.exact_std_error.unwrap_or(0.0));
            (row.value - row.exact).abs() > reach * error
        };
        watched.filter(|row| miss(row)).count() > 0
    };
    assert!(!misses(0.5));
    let edge = bisected(0.5, 0.6, |sd| !misses(sd));
    assert!(edge < 0.55, "{edge}");
    for (sd, expected) in [(edge * (1.0 + NEAR), true), (edge * (1.0 - NEAR), false)] {
        findings.theory = with_bath(sd);
        let row = verdict(&experiment, &findings, ("theorem-1", 1.0, 0.999));
        assert_eq!(row.verdict == "VOID", expected, "{sd}: {}", row.reason);
    }
}

#[test]
fn self_checks_share_their_level_among_all_comparisons() {
    let (_, findings) = shapes("[wasserstein]\npoints = 4\nsample = 1000\nbracket = 32000\n");
    let rows = self_checks(&findings);
    let exact = [
        "energy-conservation",
        "rematching",
        "same-angles",
        "sorted-pairs",
    ];
    let statistical: Vec<_> = rows
        .iter()
        .filter(|row| !exact.contains(&row.self_check))
        .collect();
    let comparisons: usize = statistical.iter().map(|row| row.comparisons).sum();
    assert!(statistical.len() >= 7 && comparisons > 50, "{comparisons}");
    for row in statistical {
        assert_close(
            row.limit,
            half_width(1.0 - VOID_LEVEL / comparisons as f64),
            row.self_check,
        );
    }
}

/// Rows of `scaling.csv` of a power law: two measured quantities, and one between limits.
fn scaled(particles: usize) -> Vec<ScalingRow> {
    let size = particles as f64;
    let row = |quantity, value: f64| ScalingRow {
        particles,
        quantity,
        value: Some(value),
        std_error: Some(0.05 * value),
        exact: Some(value),
        exact_std_error: Some(0.05 * value),
        lower_limit: Some(0.9 * value),
        upper_limit: Some(1.1 * value),
        meaning: "",
        nearly_normal: true,
    };
    vec![
        row("collisions", 2.0 * size),
        row("joint_excess", 3.0 * size),
    ]
}

#[test]
fn exponents_have_intervals_of_the_confidence_that_they_print() {
    let (experiment, _) = shapes("");
    let scaling: Vec<ScalingRow> = [8, 16, 32, 64].into_iter().flat_map(scaled).collect();
    let rows = exponent_rows(&experiment, &scaling);
    let [measured, between] = ["collisions", "joint_excess"]
        .map(|quantity| rows.iter().find(|row| row.quantity == quantity).unwrap());
    // log N of four sizes has the deviations ±½ ln 2 and ±3/2 ln 2 from its mean.
    let error = 0.05 / (5f64.sqrt() * std::f64::consts::LN_2);
    assert_close(measured.std_error.unwrap(), error, "standard error");
    assert_eq!(measured.confidence, 0.999);
    assert_close(
        measured.ci_high - measured.ci_low,
        2.0 * half_width(0.999) * error,
        "interval",
    );
    // All four limits hold together.
    assert_close(between.confidence, 1.0 - 4.0 * 0.001, "confidence");
    // The steepest line through such limits: its slope changes by Σ|x|/Σx² times half their
    // width, with x = ±½ and ±3/2 times ln 2.
    let steepest = 1.0 + 0.5 * libm::log(1.1 / 0.9) * 4.0 / (5.0 * std::f64::consts::LN_2);
    assert_close(between.ci_high, steepest, "steepest line");
}

#[test]
fn limits_of_the_excess_are_those_of_the_confidence() {
    let (experiment, findings) =
        shapes("[wasserstein]\npoints = 4\nsample = 500\nbracket = 32000\n");
    let (first, joint) = findings.brackets[3].as_ref().unwrap();
    let [near, far] = [0.9, 0.999].map(|level| Excess::between(first, joint, level).unwrap());
    let tables = Tables::of(&experiment, &findings);
    let mut rows = tables.scaling.iter();
    let row = rows.find(|row| row.quantity == "joint_excess").unwrap();
    assert_eq!(row.upper_limit, Some(far.upper_limit));
    assert_eq!(row.lower_limit, Some(far.lower_limit));
    let widened = far.upper_limit - near.upper_limit;
    // 3.29 − 1.64 standard errors are half of 3.29; with batches the share is larger.
    let ratio = widened / (far.upper_limit - far.upper);
    assert!(ratio > 0.48, "{ratio}");
}

/// True if brackets may refute Theorem 7 where the printed rate is `mu`.
fn may_be_refuted(experiment: &Experiment, mu: f64) -> bool {
    let printing = Experiment {
        mu,
        ..experiment.clone()
    };
    let prospect = Prospect {
        experiment: &printing,
        theory: &experiment.theory(8),
        particles: 8,
        replicas: 4000,
        pilot: None,
    };
    let check = Check {
        claim: "theorem-7".to_string(),
        expect: Expectation::Refuted,
        tolerance: 0.1,
        confidence: 0.999,
    };
    find("theorem-7")
        .unwrap()
        .unforeseen(&prospect, &check)
        .is_some()
}

#[test]
fn a_refutation_by_brackets_is_foreseen_where_the_printed_rate_exceeds_the_exact_one() {
    let (experiment, _) = shapes("[wasserstein]\npoints = 4\nsample = 500\nbracket = 32000\n");
    assert!(may_be_refuted(&experiment, MU * (1.0 + NEAR)));
    assert!(!may_be_refuted(&experiment, MU * (1.0 - NEAR)));
}

#[test]
fn a_holds_by_batches_is_foreseen_from_their_spread() {
    let (experiment, findings) = shapes("[wasserstein]\npoints = 4\nsample = 1000\nbracket = 0\n");
    let tally = &findings.measured.pairs.distances;
    // The printed bound is so low that the limit is about equal to it.
    let mu = 2.5 * MU;
    let printing = Experiment { mu, ..experiment };
    let forecast = |tolerance: f64| {
        let prospect = Prospect {
            experiment: &printing,
            theory: &findings.theory,
            particles: 8,
            replicas: 4000,
            pilot: Some(&findings.measured),
        };
        let check = Check {
            claim: "theorem-7".to_string(),
            expect: Expectation::Holds,
            tolerance,
            confidence: 0.9,
        };
        find("theorem-7").unwrap().forecast(&prospect, &check).holds
    };
    let level = 0.25 * 0.1;
    let reach = student_quantile(31.0, level / 3.0);
    let recomputed = |tolerance: f64| {
        let fails = (1..4).map(|index| {
            let time = findings.times[findings.distance_times[index]];
            let (mean, error) = (tally.mean(2 * index), tally.std_error(2 * index).unwrap());
            let bound = libm::exp(-mu * time) * distance_of_shapes();
            let room = unseen(&findings, time).lowered((1.0 + tolerance) * bound);
            let most = room.unwrap_or(0.0) * libm::exp(-reach * error / mean);
            0.5 * libm::erfc((most - mean) / error / 2f64.sqrt())
        });
        (1.0 - level - fails.sum::<f64>()).max(0.0)
    };
    let middle = bisected(0.0, 10.0, |tolerance| recomputed(tolerance) < 0.5);
    assert!(middle > 0.0 && middle < 10.0, "{middle}");
    let found = forecast(middle);
    assert!((found - 0.5).abs() < 1e-6, "{found}");
}

#[test]
fn brackets_hold_on_both_clocks_within_the_tolerance_that_the_slower_one_needs() {
    let (mut experiment, _) = shapes("[wasserstein]\npoints = 4\nsample = 500\nbracket = 32000\n");
    experiment.end = 0.5;
    let check = |tolerance| Check {
        claim: "theorem-7".to_string(),
        expect: Expectation::Holds,
        tolerance,
        confidence: 0.999,
    };
    let prospect = Prospect {
        experiment: &experiment,
        theory: &experiment.theory(8),
        particles: 8,
        replicas: 4000,
        pilot: None,
    };
    // On the clock of Eq. (1) W₂² decays like e^{−μt/2} at least, where e^{−μt} is printed.
    let edge = libm::exp(0.5 * MU * experiment.end) - 1.0;
    let is_blind = |tolerance| {
        let claim = find("theorem-7").unwrap();
        claim.blind_to_clock(&prospect, &check(tolerance))
    };
    assert!(is_blind(edge * (1.0 + NEAR)));
    assert!(!is_blind(edge * (1.0 - NEAR)));
}

/// A rare part that both copies have is not in the difference of optimal pairs, but in the cost of other pairs; there
/// the allowance that limits of the excess need is not known.
#[test]
fn the_excess_has_limits_only_where_copies_start_optimally_paired_and_share_their_bath() {
    for (initial, coupling, given) in [
        ("", "aligned", true),
        ("pairing = \"independent\"\n", "aligned", false),
        ("", "independent", false),
    ] {
        let model = format!(
            "replicas = 4000\n[model]\nparticles = 8\nclock = \"theorem6\"\ncoupling = \"{coupling}\""
        );
        let initial = format!("{SHAPES}\n{initial}");
        let distances = "[wasserstein]\npoints = 4\nsample = 500\nbracket = 32000\n";
        let experiment = experiment(&model, &initial, distances);
        let tables = Tables::of(&experiment, &findings(&experiment));
        let quantities = || tables.scaling.iter().map(|row| row.quantity);
        assert!(quantities().any(|quantity| quantity == "joint_w2_squared"));
        let found = quantities().any(|quantity| quantity == "joint_excess");
        assert_eq!(found, given, "{initial} {coupling}");
    }
}
