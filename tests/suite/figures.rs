//! Figures from synthetic tables: exact exponentials with deterministic pseudo-noise.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Cursor;
use std::path::Path;

use kac_coupling::figure::{
    FIGURES, Figure, FigureError, Rendered, Source, calibration, clocks, decay, moments, scaling,
    wasserstein,
};
use kac_coupling::table::{TableError, TableSet};
use rayon::prelude::*;
use tempfile::TempDir;

const PARTICLES: [u64; 10] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];
const REPLICAS: f64 = 20_000.0;

#[derive(Clone, Copy)]
enum Clock {
    MasterEquation,
    Theorem6,
}

impl Clock {
    fn name(self) -> &'static str {
        match self {
            Self::MasterEquation => "master-equation",
            Self::Theorem6 => "theorem6",
        }
    }

    /// κ and β at λ = μ = 1.
    fn rates(self) -> (f64, f64) {
        match self {
            Self::MasterEquation => (2.0, 1.0),
            Self::Theorem6 => (1.0, 2.0),
        }
    }
}

/// A sum of four uniform deviates of variance 1, from a linear congruential generator.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f64 {
        let mut sum = 0.0;
        for _ in 0..4 {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            sum += (self.0 >> 11) as f64 / (1_u64 << 53) as f64 - 0.5;
        }
        sum * 3.0_f64.sqrt()
    }
}

fn times(points: u32, end: f64) -> impl Iterator<Item = f64> {
    (0..points).map(move |index| end * f64::from(index) / f64::from(points - 1))
}

/// A relative variance of ‖Δ‖² that has the right shape: about 1/N, and growing with time.
fn relative_variance(particles: u64, time: f64) -> f64 {
    (1.5 + 2.5 * ((0.45 * time).exp() - 1.0)) / particles as f64
}

fn discrepancy(clock: Clock, particles: &[u64]) -> String {
    let (_, bath) = clock.rates();
    let mut noise = Noise(1);
    let mut table = String::from(
        "particles,time,replicas,mean,std_error,exact_mean,exact_std_error,z,bound,trusted\n",
    );
    for &number in particles {
        let replicas = (REPLICAS / number as f64).max(100.0).round();
        // Neighbouring times are correlated, as they are in a simulation.
        let mut deviation = 0.0;
        for time in times(41, 4.0) {
            deviation = 0.9 * deviation + 0.19_f64.sqrt() * noise.next();
            let start = 1.0 * number as f64;
            let exact = start * (-0.5 * bath * time).exp();
            let std_error = exact * (relative_variance(number, time) / replicas).sqrt();
            let mean = exact + deviation * std_error;
            let bound = start * (-time).exp();
            let trusted = number > 2 || time < 3.0;
            // An outlier beyond the axis of z-scores.
            let z = if number == 64 && time == 1.0 {
                11.0
            } else {
                deviation
            };
            writeln!(
                table,
                "{number},{time},{replicas},{mean},{std_error},{exact},{std_error},{z},{bound},{trusted}"
            )
            .unwrap();
        }
    }
    table
}

/// Second moments of the witness: bath variance 0.01, initial variances 1 and 4.
fn gelbrich(bath: f64, time: f64) -> f64 {
    let relaxed = |start: f64| 0.01 + (start - 0.01) * (-0.5 * bath * time).exp();
    (relaxed(1.0).sqrt() - relaxed(4.0).sqrt()).powi(2)
}

fn w2(clock: Clock, particles: &[u64]) -> String {
    let (_, bath) = clock.rates();
    let mut noise = Noise(2);
    let mut table = String::from(
        "particles,time,replicas,sample,batches,gelbrich_lower,w2_squared,std_error,coupling_upper,bound,coupling_std_error,dual_lower,pooled_upper,lower_limit,upper_limit,joint_lower,joint_upper\n",
    );
    for &number in particles {
        for time in times(9, 4.0) {
            let upper = (-0.5 * bath * time).exp();
            // Laws that differ in more than their second moments open the bracket.
            let lower = match clock {
                Clock::MasterEquation => gelbrich(bath, time),
                Clock::Theorem6 => 0.7 * gelbrich(bath, time).powf(1.3),
            };
            let std_error = 0.01 * lower;
            let value = lower + (upper - lower) * 0.25 + 0.002 + std_error * noise.next();
            let bound = (-time).exp();
            let (low, high) = (value - 3.0 * std_error, value + 3.0 * std_error);
            writeln!(
                table,
                "{number},{time},20000,20000,5,{lower},{value},{std_error},{upper},{bound},{std_error},{},{},{low},{high},,",
                value - 0.1 * std_error,
                value + 0.1 * std_error,
            )
            .unwrap();
        }
    }
    table
}

fn moment_table(clock: Clock, particles: &[u64]) -> String {
    let (pair, bath) = clock.rates();
    let mut noise = Noise(3);
    let mut table = String::from("particles,time,system,moment,mean,std_error,exact,z\n");
    for &number in particles {
        for (system, first, second, fourth) in
            [("first", 1.0, 2.0, 10.0), ("second", 1.0, 6.33, 68.0)]
        {
            for moment in ["m1", "m2", "m4", "m11", "m22"] {
                if number == 1 && matches!(moment, "m11" | "m22") {
                    continue;
                }
                let mut deviation = 0.0;
                for time in times(41, 4.0) {
                    deviation = 0.9 * deviation + 0.19_f64.sqrt() * noise.next();
                    let slow = (-0.5 * bath * time).exp();
                    let inverse = 1.0 / number as f64;
                    let exact = match moment {
                        "m1" => first * (-(pair + bath) * time).exp(),
                        "m2" => 1.25 + (second - 1.25) * slow,
                        "m4" => 6.0 + (fourth - 6.0) * (-1.5 * time).exp(),
                        "m11" => {
                            first
                                * first
                                * (-(2.0 * pair * (1.0 - 0.5 * inverse) + 2.0 * bath) * time).exp()
                        }
                        _ => (1.25 + (second - 1.25) * slow).powi(2) * (1.0 + 0.3 * inverse),
                    };
                    let std_error = 0.02 * (exact.abs() + 0.05) * inverse.sqrt();
                    let mean = exact + deviation * std_error;
                    writeln!(
                        table,
                        "{number},{time},{system},{moment},{mean},{std_error},{exact},{deviation}"
                    )
                    .unwrap();
                }
            }
        }
    }
    table
}

fn scaling_table(clock: Clock, particles: &[u64]) -> String {
    let (_, bath) = clock.rates();
    let mut noise = Noise(4);
    let mut table = String::from(
        "particles,quantity,value,std_error,exact,exact_std_error,lower_limit,upper_limit\n",
    );
    for &number in particles {
        let rate = 0.5 * bath;
        let upper = 5.7 * (-4.0 * rate).exp();
        let variance = relative_variance(number, 4.0);
        for (quantity, exact, std_error, known) in [
            ("decay_rate", rate, 0.002 * rate, true),
            ("discrepancy_per_particle", upper, 0.01 * upper, true),
            ("relative_variance", variance, 0.03 * variance, true),
            ("gelbrich_lower", 0.12 * upper, 0.0, false),
            ("w2_squared", 0.4 * upper, 0.01 * upper, false),
            ("coupling_upper", upper, 0.01 * upper, false),
            ("steady_state", 1.0, 0.1, false),
        ] {
            let value = exact + std_error * noise.next();
            let exact = if known {
                exact.to_string()
            } else {
                String::new()
            };
            writeln!(table, "{number},{quantity},{value},{std_error},{exact},,,").unwrap();
        }
        let paired = 0.4 * upper * (1.0 + 4.0 / number as f64);
        for (quantity, low, high) in [
            ("joint_w2_squared", 0.4 * upper, paired),
            (
                "joint_excess",
                0.9 * (paired - 0.4 * upper),
                paired - 0.4 * upper,
            ),
        ] {
            writeln!(table, "{number},{quantity},,,,,{low},{high}").unwrap();
        }
    }
    table
}

/// `exponents.csv`: one exponent with an error, one between confidence limits.
const EXPONENTS: &str = "\
quantity,sizes,exponent,std_error,confidence,ci_low,ci_high,exact,z,limit,chi_squared,degrees,p_value,power_law
relative_variance,9,-0.99812,0.00123,0.999,-1.00217,-0.99407,-1,1.5,,6.2,7,0.5,true
joint_w2,9,0.4975,,0.99,0.49371,0.50129,,,0.5,,,,true
joint_excess,9,-0.9,,0.99,-0.95,-0.85,,,,,,,false
";

/// Limits of covers and of either tail over 2000 seeds.
const LEVELS: [(f64, [u32; 2], [u32; 2]); 3] = [
    (0.9, [1755, 1843], [69, 133]),
    (0.99, [1964, 1993], [2, 22]),
    (0.999, [1992, 2000], [0, 6]),
];

fn calibration_table(clock: Clock, particles: &[u64]) -> String {
    let name = clock.name();
    let mut noise = Noise(5);
    let mut table = String::from(
        "particles,clock,quantity,estimate,time,replicas,seeds,confidence,covered,coverage,expected,\
         limit_low,limit_high,alarm_low,below,above,tail_limit_low,tail_limit_high,relative_variance,trusted,\
         verdict\n",
    );
    for &number in particles {
        let quantities = ["discrepancy", "energy", "first-moment", "pair-moment"];
        let rates = quantities.map(|quantity| (quantity, "rate", String::new(), 0.005));
        let mean = |time| {
            let spread = relative_variance(number, time) / 500.0;
            ("discrepancy", "mean", time.to_string(), spread)
        };
        for (quantity, estimate, time, spread) in rates.into_iter().chain(times(5, 4.0).map(mean)) {
            for (confidence, [low, high], [tail_low, tail_high]) in LEVELS {
                let expected = 2000.0 * confidence;
                let noise = noise.next() * (expected * (1.0 - confidence)).sqrt();
                let covered = (expected + noise).round().min(2000.0);
                let above = (0.6 * (2000.0 - covered)).round();
                let below = 2000.0 - covered - above;
                let coverage = covered / 2000.0;
                let trusted = spread <= 0.01;
                writeln!(
                    table,
                    "{number},{name},{quantity},{estimate},{time},500,2000,{confidence},{covered},\
                     {coverage},{expected},{low},{high},0,{below},{above},{tail_low},{tail_high},\
                     {spread},{trusted},CALIBRATED"
                )
                .unwrap();
            }
        }
    }
    table
}

/// `steady_state.csv`, `steady_density.csv` and `steady_kurtosis.csv` of a bath that is uniform.
fn steady_tables(clock: Clock, particles: &[u64]) -> [String; 3] {
    let (pair, bath) = clock.rates();
    let mut noise = Noise(11);
    let mut state = String::from(
        "particles,quantity,value,std_error,exact,exact_std_error,z,time,replicas,pair_per_bath,\
         bath\n",
    );
    let mut density =
        String::from("particles,low,high,density,std_error,bath_density,maxwellian\n");
    let mut curve = String::from("particles,pair_per_bath,excess_kurtosis,limit\n");
    let limit = |ratio: f64| -1.2 * 3.0 / (2.0 * ratio + 5.0);
    let exact = |ratio: f64, number: u64| limit(ratio) * (1.0 + 0.5 / number.max(1) as f64);
    for &number in particles {
        let ratio = pair / bath;
        for (quantity, exact) in [("m2", 1.0), ("excess-kurtosis", exact(ratio, number))] {
            let z = noise.next();
            let value = exact + 0.01 * z;
            writeln!(
                state,
                "{number},{quantity},{value},0.01,{exact},,{z},40,1000,{ratio},uniform"
            )
            .unwrap();
        }
        for cell in -32_i32..=32 {
            let middle = f64::from(cell) / 8.0;
            let (low, high) = (middle - 0.0625, middle + 0.0625);
            let maxwellian = 0.398_942 * (-0.5 * middle * middle).exp();
            let bath = if middle.abs() < 1.7 { 0.288_675 } else { 0.0 };
            let mixed = (maxwellian * ratio + bath) / (1.0 + ratio) + 0.002 * noise.next();
            writeln!(
                density,
                "{number},{low},{high},{mixed},0.002,{bath},{maxwellian}"
            )
            .unwrap();
        }
        for step in 0..31 {
            let ratio = 10.0_f64.powf(f64::from(step) / 10.0 - 1.0);
            let (exact, limit) = (exact(ratio, number), limit(ratio));
            writeln!(curve, "{number},{ratio},{exact},{limit}").unwrap();
        }
    }
    [state, density, curve]
}

/// The tables of a run, by file name.
type Tables = BTreeMap<&'static str, String>;

fn tables_of(clock: Clock, particles: &[u64]) -> Tables {
    let [first, second] = match clock {
        Clock::MasterEquation => ["REFUTED", "INCONCLUSIVE"],
        Clock::Theorem6 => ["HOLDS", "REFUTED"],
    };
    let verdict = |clock: Clock, verdict: &str| {
        let name = clock.name();
        format!(
            "lemma-1,{name},8,holds,{verdict},rate,1,0.01,0.999,0.97,1.03,0.01,1,1,100,,rate,words\n"
        )
    };
    let verdicts = format!(
        "claim,clock,particles,expect,verdict,quantity,estimate,std_error,confidence,ci_low,ci_high,\
         tolerance,printed,exact,replicas,replicas_needed,evidence,reason\n{}{}",
        verdict(Clock::MasterEquation, first),
        verdict(Clock::Theorem6, second)
    );
    let [state, density, curve] = steady_tables(clock, particles);
    Tables::from([
        ("discrepancy.csv", discrepancy(clock, particles)),
        ("wasserstein.csv", w2(clock, particles)),
        ("moments.csv", moment_table(clock, particles)),
        ("scaling.csv", scaling_table(clock, particles)),
        ("exponents.csv", EXPONENTS.to_owned()),
        ("verdicts.csv", verdicts),
        ("calibration.csv", calibration_table(clock, particles)),
        ("steady_state.csv", state),
        ("steady_density.csv", density),
        ("steady_kurtosis.csv", curve),
    ])
}

/// The folder that messages are to name.
const FOLDER: &str = "tables/run";

fn set(tables: &Tables) -> TableSet {
    let bytes = |(name, text): (&&'static str, &String)| (*name, text.clone().into_bytes());
    TableSet::new(Path::new(FOLDER), tables.iter().map(bytes))
}

/// A run with one table.
fn only(name: &'static str, text: &str) -> TableSet {
    set(&Tables::from([(name, text.to_owned())]))
}

/// All figures, from one run on each clock.
fn render_all(
    master: &Tables,
    theorem6: &Tables,
) -> Vec<(&'static str, Result<Rendered, FigureError>)> {
    let (master, theorem6) = (&set(master), &set(theorem6));
    FIGURES
        .iter()
        .map(|figure| {
            let rendered = match figure.source {
                Source::OneRun(_) => figure.render(&[theorem6]),
                Source::EachOf(_) => figure.render(&vec![theorem6; figure.runs()]),
                Source::TwoClocks(_) | Source::EachClock(_) | Source::EachExperiment(_) => {
                    figure.render(&[master, theorem6])
                }
            };
            (figure.name, rendered)
        })
        .collect()
}

/// Width, height and pixels of an RGB picture.
fn decode(bytes: &[u8]) -> (u32, u32, Vec<u8>) {
    let mut reader = png::Decoder::new(Cursor::new(bytes)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut pixels).unwrap();
    pixels.truncate(frame.buffer_size());
    (frame.width, frame.height, pixels)
}

/// The texts of an SVG, after checking that its tags balance and its attributes are quoted.
fn texts(svg: &str) -> Vec<String> {
    let mut open = Vec::new();
    let mut texts = Vec::new();
    let mut rest = svg.trim();
    while let Some(start) = rest.find('<') {
        let content = rest[..start].trim();
        if !content.is_empty() {
            assert_eq!(open.last(), Some(&"text"), "stray text {content:?}");
            assert!(!content.contains('>'));
            texts.push(
                content
                    .replace("&gt;", ">")
                    .replace("&lt;", "<")
                    .replace("&apos;", "'"),
            );
        }
        let end = start + rest[start..].find('>').expect("an open tag");
        let tag = &rest[start + 1..end];
        assert_eq!(tag.matches('"').count() % 2, 0, "quotes in {tag}");
        let name = tag.trim_matches('/').split_whitespace().next().unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name));
        } else if !tag.ends_with('/') {
            open.push(name);
        }
        rest = &rest[end + 1..];
    }
    assert!(open.is_empty() && rest.trim().is_empty());
    texts
}

fn assert_sound(name: &str, rendered: &Rendered) {
    let (width, height, pixels) = decode(&rendered.png);
    assert!(
        rendered
            .svg
            .contains(&format!("width=\"{width}\" height=\"{height}\"")),
        "{name}: the two pictures differ in size"
    );
    assert_eq!(pixels.len(), (width * height * 3) as usize);
    let inked = pixels
        .chunks_exact(3)
        .filter(|pixel| *pixel != [255; 3])
        .count();
    assert!(
        inked * 100 > pixels.len() / 3,
        "{name}: less than 1 % of the pixels are drawn on"
    );
    assert!(!texts(&rendered.svg).is_empty());
}

#[test]
fn every_figure_has_its_size_and_its_labels() {
    let master = tables_of(Clock::MasterEquation, &PARTICLES);
    let theorem6 = tables_of(Clock::Theorem6, &PARTICLES);
    let expected = [
        (
            "decay",
            (1200, 820),
            vec![
                "E‖Δ(t)‖² / E‖Δ(0)‖²  (dimensionless)",
                "z-score (dimensionless)",
                "Time t",
                "0.02",
                "512",
                "beyond the axis",
            ],
        ),
        (
            "wasserstein",
            (1200, 800),
            vec![
                "W₂² per particle  (velocity²)",
                "N = 1",
                "N = 512",
                "Time t",
            ],
        ),
        (
            "scaling",
            (1640, 920),
            vec![
                "Number of particles N",
                "rate  (1/time)",
                "512",
                "N^(−0.9981 ± 0.0040), exact −1",
                "W₂,N ~ N^[0.4937, 0.5013], limit ½",
                "N^[−0.950, −0.850], no power law",
            ],
        ),
        (
            "clocks",
            (1280, 860),
            vec![
                "Theorem 6 as printed is violated here",
                "exact rate = 0.50 × printed rate",
                "exact rate = 1.00 × printed rate",
                "Time t",
            ],
        ),
        (
            "moments",
            (1500, 1000),
            vec![
                "First system",
                "Second system",
                "E V₁²V₂²  (velocity⁴)",
                "z-score",
                "±4",
                "(1 in 4 shown)",
                "Time t",
            ],
        ),
        (
            "calibration",
            (1280, 950),
            vec![
                "Decay rates: clock of the master equation (1)",
                "Decay rates: clock of Theorem 6’s proof",
                "99.9 % intervals",
                "z beyond ±2.58",
                "Over 2000 seeds",
                "Number of particles N",
            ],
        ),
        (
            "couplings",
            (1320, 520),
            vec![
                "E‖Δ‖²/N ÷ W₂²",
                "N = 1",
                "aligned",
                "1: W₂² itself",
                "Time t",
            ],
        ),
        (
            "bracket",
            (1560, 860),
            vec![
                "U/L − 1",
                "|bound/W₂² − 1|",
                "A: N(1, 1) and a uniform law",
                "wanted at 95 %",
                "t = 0.5",
                "Number of particles N",
            ],
        ),
        (
            "ledger",
            (1000, 620),
            vec![
                "Lemma 1: the energy relaxes at rate μ/2",
                "clock of Eq. (1)",
                "HOLDS × 16",
                "REFUTED × 16",
                "not judged",
            ],
        ),
        (
            "steady-state",
            (1280, 960),
            vec![
                "uniform bath, κ/β = 0.5",
                "uniform bath, κ/β = 2",
                "density × √K_g",
                "velocity / √K_g",
                "N = 1",
                "N = 512",
                "bath g",
            ],
        ),
        (
            "kurtosis",
            (1280, 760),
            vec![
                "uniform bath",
                "m4/m2² − 3  (dimensionless)",
                "z-score",
                "κ/β",
                "512",
            ],
        ),
    ];
    let all = render_all(&master, &theorem6);
    assert_eq!(all.len(), expected.len());
    for ((name, rendered), (expected_name, size, labels)) in all.into_iter().zip(expected) {
        let rendered = rendered.unwrap();
        assert_eq!(name, expected_name);
        assert_sound(name, &rendered);
        let (width, height, _) = decode(&rendered.png);
        assert_eq!((width, height), size, "{name}");
        let texts = texts(&rendered.svg);
        for label in labels {
            assert!(
                texts.iter().any(|text| text == label),
                "{name}: {label} in {texts:?}"
            );
        }
    }
}

#[test]
fn the_violation_is_claimed_for_one_clock_only() {
    let theorem6 = tables_of(Clock::Theorem6, &[8]);
    let rendered = clocks(&set(&theorem6), &set(&theorem6)).unwrap();
    assert!(!rendered.svg.contains("violated here"));
    let master = tables_of(Clock::MasterEquation, &[8]);
    let rendered = clocks(&set(&master), &set(&theorem6)).unwrap();
    assert_eq!(rendered.svg.matches("violated here").count(), 1);
}

#[test]
fn the_committed_figures_are_those_of_the_committed_tables() {
    let folder = Path::new("output/figures");
    FIGURES.par_iter().for_each(|figure| {
        let read =
            |experiment| TableSet::read(&folder.join("tables").join(experiment), figure.reads());
        let runs: Vec<TableSet> = figure
            .experiments
            .iter()
            .map(|name| read(name).unwrap())
            .collect();
        let rendered = figure.render(&runs.iter().collect::<Vec<_>>()).unwrap();
        let committed = |extension: &str| {
            fs::read(folder.join(format!("{}.{extension}", figure.name))).unwrap()
        };
        assert!(
            rendered.png == committed("png") && rendered.svg.as_bytes() == committed("svg"),
            "{}",
            figure.name
        );
    });
}

#[test]
fn the_same_tables_give_the_same_bytes() {
    let theorem6 = tables_of(Clock::Theorem6, &[2, 32]);
    let first = render_all(&theorem6, &theorem6);
    let second = render_all(&theorem6, &theorem6);
    for ((name, first), (_, second)) in first.into_iter().zip(second) {
        assert!(first.unwrap() == second.unwrap(), "{name}");
    }
}

#[test]
fn the_tables_decide_what_is_drawn() {
    let one = tables_of(Clock::Theorem6, &[2, 32]);
    let other = tables_of(Clock::MasterEquation, &[2, 32]);
    let of_one = render_all(&one, &one);
    let of_other = render_all(&other, &other);
    for ((name, of_one), (_, of_other)) in of_one.into_iter().zip(of_other) {
        assert!(of_one.unwrap().png != of_other.unwrap().png, "{name}");
    }
}

#[test]
fn a_missing_column_is_named_with_its_file() {
    for figure in FIGURES {
        for table in figure.tables {
            let mut tables = tables_of(Clock::Theorem6, &[4]);
            let text = tables[table].replacen("particles", "bodies", 1);
            tables.insert(table, text);
            let message = error(figure, &set(&tables)).to_string();
            let start = format!("{FOLDER}/{table}: line 1: the column `particles` is missing");
            assert!(message.starts_with(&start), "{message}");
        }
    }
}

fn error(figure: &Figure, run: &TableSet) -> FigureError {
    let runs = vec![run; figure.runs()];
    figure.render(&runs).expect_err(figure.name)
}

/// The error of a figure for a run in which one line of a table is replaced.
fn error_with_line(figure: &Figure, table: &'static str, number: usize, line: &str) -> String {
    let mut tables = tables_of(Clock::Theorem6, &[4, 8]);
    let mut lines: Vec<&str> = tables[table].lines().collect();
    lines[number - 1] = line;
    let text = lines.join("\n");
    tables.insert(table, text);
    error(figure, &set(&tables)).to_string()
}

/// A line of a table of [`error_with_line`], the header being line 1.
fn line_of(table: &str, number: usize) -> String {
    let tables = tables_of(Clock::Theorem6, &[4, 8]);
    tables[table].lines().nth(number - 1).unwrap().to_owned()
}

/// The error of a figure for a run in which one cell in line 3 of a table is replaced; `None` if
/// the table has no such column.
fn error_with_cell(
    figure: &Figure,
    table: &'static str,
    column: &str,
    cell: &str,
) -> Option<String> {
    let header = line_of(table, 1);
    let place = header.split(',').position(|name| name == column)?;
    let line = line_of(table, 3);
    let mut cells: Vec<&str> = line.split(',').collect();
    cells[place] = cell;
    Some(error_with_line(figure, table, 3, &cells.join(",")))
}

#[test]
fn a_cell_that_is_no_finite_number_is_named_with_its_line_and_column() {
    FIGURES.par_iter().for_each(|figure| {
        let columns = numbers(figure).iter().chain(&["particles"]);
        for (column, table) in
            columns.flat_map(|column| figure.tables.iter().map(move |table| (column, table)))
        {
            for cell in ["NaN", "nan", "one", "0x10", "1,5", "1e999", "-inf"] {
                let infinite = matches!(cell, "1e999" | "-inf");
                if *column == "z" && infinite {
                    continue;
                }
                let quoted = format!("\"{cell}\"");
                let Some(message) = error_with_cell(figure, table, column, &quoted) else {
                    continue;
                };
                let start =
                    format!("{FOLDER}/{table}: line 3, column `{column}`: `{cell}` is not a ");
                assert!(message.starts_with(&start), "{}: {message}", figure.name);
                assert!(
                    message
                        .ends_with("; put the table back as it was written, or simulate it anew")
                );
            }
        }
    });
}

#[test]
fn a_z_score_may_be_infinite() {
    for (figure, table) in [
        ("decay", "discrepancy.csv"),
        ("moments", "moments.csv"),
        ("kurtosis", "steady_state.csv"),
    ] {
        let mut tables = tables_of(Clock::Theorem6, &[8]);
        let text = with_cells(&tables[table], &["z"], "inf");
        tables.insert(table, text);
        let rendered = Figure::named(figure).unwrap().render(&[&set(&tables)]);
        assert_sound(figure, &rendered.unwrap());
    }
}

/// A run whose exact fourth moments overflow: its bath is 10¹²⁰ times slower than its start.
const SLOW_BATH: &str = r#"seed = 1
replicas = 20
[model]
particles = [1, 3]
lambda = 1.0
mu = 1.0
clock = "theorem6"
[bath]
law = "normal"
mean = 0.0
sd = 1e-60
[initial]
first = { law = "point", value = 1e60 }
second = { law = "normal", mean = 1.0, sd = 2.0 }
[time]
end = 1.0
points = 3
[wasserstein]
points = 2
sample = 20
"#;

#[test]
fn a_run_writes_no_number_that_its_figures_refuse() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("slow.toml"), SLOW_BATH).unwrap();
    let mut command = assert_cmd::Command::cargo_bin("kac").unwrap();
    command
        .current_dir(folder.path())
        .args(["run", "slow.toml", "--out", "out"]);
    command.assert().code(0);
    let out = folder.path().join("out");
    for entry in fs::read_dir(&out).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "csv") {
            let text = fs::read_to_string(&path).unwrap();
            let mut cells = text.lines().flat_map(|line| line.split(','));
            let odd = cells.find(|cell| cell.parse().is_ok_and(|number: f64| !number.is_finite()));
            assert_eq!(odd, None, "{}", path.display());
        }
    }
    assert!(out.join("moments.png").is_file());
}

#[test]
fn a_cell_that_a_run_always_fills_is_not_empty() {
    for (figure, table, column) in [
        ("decay", "discrepancy.csv", "particles"),
        ("decay", "discrepancy.csv", "time"),
        ("decay", "discrepancy.csv", "mean"),
        ("wasserstein", "wasserstein.csv", "time"),
        ("bracket", "wasserstein.csv", "time"),
        ("moments", "moments.csv", "time"),
        ("moments", "moments.csv", "system"),
        ("scaling", "scaling.csv", "particles"),
        ("scaling", "scaling.csv", "quantity"),
        ("ledger", "verdicts.csv", "verdict"),
        ("steady-state", "steady_density.csv", "low"),
        ("kurtosis", "steady_kurtosis.csv", "pair_per_bath"),
        ("calibration", "calibration.csv", "seeds"),
        ("calibration", "calibration.csv", "trusted"),
    ] {
        let message = error_with_cell(Figure::named(figure).unwrap(), table, column, "").unwrap();
        let start =
            format!("{FOLDER}/{table}: line 3, column `{column}`: the cell is empty, and not ");
        assert!(message.starts_with(&start), "{message}");
    }
}

#[test]
fn a_row_has_the_cells_that_its_header_says() {
    for figure in FIGURES {
        let table = figure.tables[0];
        let cells = line_of(table, 1).split(',').count();
        let line = line_of(table, 3);
        let (shorter, _) = line.rsplit_once(',').unwrap();
        for (line, count) in [
            (format!("{line},1"), cells + 1),
            (format!("{line},"), cells + 1),
            (shorter.to_owned(), cells - 1),
        ] {
            let message = error_with_line(figure, table, 3, &line);
            let start = format!(
                "{FOLDER}/{table}: line 3, column `(whole row)`: {count} cells where the header has {cells};"
            );
            assert!(message.starts_with(&start), "{message}");
        }
    }
}

#[test]
fn a_column_stands_once_in_a_header() {
    for figure in FIGURES {
        let table = figure.tables[0];
        let header = line_of(table, 1);
        let (first, rest) = header.split_once(',').unwrap();
        let (others, last) = header.rsplit_once(',').unwrap();
        for (header, twice) in [
            (format!("{others},{first}"), first),
            (format!("{last},{rest}"), last),
        ] {
            let message = error_with_line(figure, table, 1, &header);
            let start = format!(
                "{FOLDER}/{table}: line 1, column `{twice}`: it stands twice in the header;"
            );
            assert!(message.starts_with(&start), "{message}");
        }
    }
    // A column that no figure reads.
    let run = only(
        "scaling.csv",
        "particles,note,quantity,note\n2,,decay_rate,\n",
    );
    let message = scaling(&[&run]).unwrap_err().to_string();
    assert!(
        message.contains("line 1, column `note`: it stands twice"),
        "{message}"
    );
}

#[test]
fn a_message_quotes_a_short_piece_without_control_characters() {
    let decay = Figure::named("decay").unwrap();
    let said = |cell: &str| error_with_cell(decay, "discrepancy.csv", "mean", cell).unwrap();
    let long = said(&"9".repeat(100_000).replace('9', "9x"));
    assert!(
        long.contains(&format!("`{}…` is not a finite number", "9x".repeat(30))),
        "{long}"
    );
    let awkward = said("\u{1b}[31m\u{7}\u{202e}0");
    assert!(
        awkward.contains("`\\u{1b}[31m\\u{7}\\u{202e}0` is not"),
        "{awkward}"
    );
    let lines = said("\"1\n2\"");
    assert!(
        lines.contains("line 3, column `mean`: `1\\n2` is not"),
        "{lines}"
    );
    let header = format!("{0},{0}", "\u{1b}".repeat(1000));
    let message = error_with_line(decay, "discrepancy.csv", 1, &header);
    assert!(
        !message.contains('\u{1b}') && message.len() < 300,
        "{message}"
    );
}

#[test]
fn text_that_is_not_utf_8_is_named_with_its_line() {
    let tables = tables_of(Clock::Theorem6, &[4]);
    let mut bytes = tables["scaling.csv"].clone().into_bytes();
    let third = bytes
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'\n')
        .nth(1)
        .unwrap()
        .0
        + 1;
    bytes[third] = 0xff;
    let run = TableSet::new(Path::new(FOLDER), [("scaling.csv", bytes)]);
    let message = scaling(&[&run]).unwrap_err().to_string();
    let start = format!("{FOLDER}/scaling.csv: line 3, column `(whole row)`: a cell is not UTF-8;");
    assert!(message.starts_with(&start), "{message}");
}

#[test]
fn a_missing_and_an_empty_table_are_errors() {
    for figure in FIGURES {
        let mut tables = tables_of(Clock::Theorem6, &[4]);
        let table = figure.tables[0];
        let header = tables[table].lines().next().unwrap().to_owned();
        tables.insert(table, header);
        let empty = error(figure, &set(&tables));
        assert!(matches!(empty, FigureError::NoData { .. }), "{empty}");
        tables.insert(table, String::new());
        error(figure, &set(&tables));
        tables.remove(table);
        let missing = error(figure, &set(&tables));
        assert!(
            matches!(missing, FigureError::Table(TableError::Unreadable { .. })),
            "{missing}"
        );
        let start = format!("{FOLDER}/{table}: cannot be read: ");
        assert!(missing.to_string().starts_with(&start), "{missing}");
    }
}

#[test]
fn the_number_of_runs_is_checked() {
    for figure in FIGURES {
        let run = set(&Tables::new());
        let error = figure.render(&vec![&run; figure.runs() + 1]).unwrap_err();
        assert!(matches!(error, FigureError::Runs { .. }));
    }
    assert!(Figure::named("decay").is_some());
    assert!(Figure::named("decoy").is_none());
}

#[test]
fn a_figure_shows_what_was_read_whatever_becomes_of_the_folder() {
    let folder = TempDir::new().unwrap();
    let tables = tables_of(Clock::Theorem6, &[8]);
    let names = [
        "discrepancy.csv",
        "scaling.csv",
        "exponents.csv",
        "none.csv",
    ];
    for name in &names[..3] {
        fs::write(folder.path().join(name), &tables[name]).unwrap();
    }
    let read = TableSet::read(folder.path(), names).unwrap();
    for name in &names[..3] {
        fs::write(folder.path().join(name), "particles\n1\n").unwrap();
    }
    assert!(decay(&read).unwrap() == decay(&set(&tables)).unwrap());
    assert!(scaling(&[&read]).unwrap() == scaling(&[&set(&tables)]).unwrap());
    // Tables in memory are not looked for in the folder that messages name.
    let written = TableSet::new(
        folder.path(),
        [("scaling.csv", tables["scaling.csv"].clone().into())],
    );
    assert!(
        decay(&written)
            .unwrap_err()
            .to_string()
            .contains("there is no such table")
    );
    // An existing table that cannot be read is an error, unlike a missing one.
    fs::create_dir(folder.path().join("moments.csv")).unwrap();
    let error = TableSet::read(folder.path(), ["moments.csv"]).unwrap_err();
    assert!(matches!(error, TableError::Unreadable { .. }), "{error}");
}

/// The moments of a picture whose tables hold one N and one z-score throughout.
fn moments_with_scores(number: u64, z: &str) -> Vec<String> {
    let text = moment_table(Clock::Theorem6, &[number]);
    let run = only("moments.csv", &with_cells(&text, &["z"], z));
    texts(&moments(&run).unwrap().svg)
}

#[test]
fn the_moments_have_their_scores() {
    let count = |texts: &[String], word: &str| texts.iter().filter(|text| *text == word).count();
    let within = moments_with_scores(8, "3");
    assert_eq!(count(&within, "no z-scores"), 0);
    assert_eq!(count(&within, "beyond the axis"), 0);
    let beyond = moments_with_scores(8, "-30");
    assert_eq!(count(&beyond, "beyond the axis"), 1);
    let unknown = moments_with_scores(8, "");
    assert_eq!(count(&unknown, "no z-scores"), 10);
    assert_eq!(count(&unknown, "±4"), 0);
}

#[test]
fn a_single_particle_has_no_mixed_moments() {
    let run = only("moments.csv", &moment_table(Clock::Theorem6, &[1]));
    let rendered = moments(&run).unwrap();
    assert_sound("moments", &rendered);
    let texts = texts(&rendered.svg);
    // The moments are two of five, in both systems.
    for remark in ["no values", "no z-scores"] {
        assert_eq!(texts.iter().filter(|text| *text == remark).count(), 4);
    }
}

/// The vertical centres and radii of the circles of a colour, in the order of the drawing.
fn circles(svg: &str, colour: &str) -> Vec<(String, String)> {
    let attribute = |tag: &str, name: &str| {
        let start = tag.find(&format!(" {name}=\"")).unwrap() + name.len() + 3;
        tag[start..].split('"').next().unwrap().to_owned()
    };
    svg.split("<circle")
        .skip(1)
        .map(|tag| tag.split('>').next().unwrap())
        .filter(|tag| tag.contains(colour))
        .map(|tag| (attribute(tag, "cy"), attribute(tag, "r")))
        .collect()
}

#[test]
fn the_distance_of_the_samples_does_not_hide_under_its_lower_bound() {
    let run = only(
        "scaling.csv",
        "particles,quantity,value,std_error,exact,lower_limit,upper_limit\n\
         4,gelbrich_lower,0.1,,0.1,,\n4,w2_squared,0.1,0.0001,,,\n\
         4,joint_w2_squared,,,,0.1,0.5\n",
    );
    let svg = scaling(&[&run]).unwrap().svg;
    let open = circles(&svg, "stroke=\"#0072B2\"");
    let lower = circles(&svg, "fill=\"#008764\"");
    // One circle is in the panel and one in the legend.
    assert_eq!((open.len(), lower.len()), (2, 2));
    assert_eq!(open[0].0, lower[0].0);
    assert!(open[0].1.parse::<u32>().unwrap() > 2 * lower[0].1.parse::<u32>().unwrap());
    assert!(svg.find("stroke=\"#0072B2\"") > svg.find("fill=\"#008764\""));
    // The factor is five, so the axis is logarithmic.
    assert!(texts(&svg).iter().any(|text| text == "0.2"));
    assert!(!texts(&svg).iter().any(|text| text == "0.0"));
}

#[test]
fn each_quantity_is_shown_from_the_first_run_that_has_it() {
    let header = "particles,quantity,value,std_error,exact,lower_limit,upper_limit\n";
    let rows = [
        "4,collisions,10,0.1,10,,\n8,collisions,20,0.1,20,,\n",
        "4,collisions,70,0.1,70,,\n4,joint_excess,,,,0.1,0.5\n",
    ];
    let [first, second] = rows.map(|rows| ("scaling.csv", format!("{header}{rows}")));
    let exponents = EXPONENTS.lines().next().unwrap();
    let row = "joint_excess,9,-0.9,,0.99,-0.95,-0.85,,,,,,,true";
    let exponents = ("exponents.csv", format!("{exponents}\n{row}\n"));
    let first = set(&Tables::from([first]));
    let second = set(&Tables::from([second, exponents]));
    let both = texts(&scaling(&[&first, &second]).unwrap().svg);
    let first = texts(&scaling(&[&first]).unwrap().svg);
    let empty = |texts: &[String]| {
        let empty = texts
            .iter()
            .filter(|text| *text == "no values in the table");
        empty.count()
    };
    // Only the panels of collisions, and of these with the excess, have data.
    assert_eq!((empty(&first), empty(&both)), (5, 4));
    assert!(both.contains(&"N^[−0.950, −0.850]".to_owned()), "{both:?}");
    // The panel of collisions is that of the first run alone.
    assert!(
        both.contains(&"20".to_owned()) && !both.contains(&"70".to_owned()),
        "{both:?}"
    );
}

#[test]
fn panels_say_how_copies_are_coupled_where_runs_differ() {
    let header = "particles,quantity,value,std_error,exact,exact_std_error,lower_limit,upper_limit";
    let rows = [
        (
            "scaling",
            "4,collisions,10,0.1,10,0.1,,\n4,w2_squared,0.3,0.01,,,,",
        ),
        (
            "scaling-rank",
            "4,joint_w2_squared,,,,,0.1,0.5\n4,joint_excess,,,,,0.1,0.5",
        ),
    ];
    let [first, second] = rows.map(|(name, rows)| {
        let text = format!("{header}\n{rows}\n");
        TableSet::new(
            &Path::new("tables").join(name),
            [("scaling.csv", text.into())],
        )
    });
    let count = |texts: &[String], words: &str| texts.iter().filter(|text| *text == words).count();
    let both = texts(&scaling(&[&first, &second]).unwrap().svg);
    for words in [
        "synchronous",
        "ranks paired every 0.1",
        "limits: ranks paired every 0.1, marks: synchronous",
    ] {
        assert_eq!(count(&both, words), 1, "{words}: {both:?}");
    }
    // A single run has nothing to be told apart.
    let one = texts(&scaling(&[&first]).unwrap().svg);
    assert_eq!(count(&one, "synchronous"), 0);
}

#[test]
fn error_bars_of_scaling_are_the_exact_ones_where_these_are_known() {
    let header = "particles,quantity,value,std_error,exact,exact_std_error,lower_limit,upper_limit";
    let drawn = |cells: &str| {
        let rows = format!("4,collisions,{cells},,\n8,collisions,20,0.1,20,0.1,,");
        let run = only("scaling.csv", &format!("{header}\n{rows}\n"));
        scaling(&[&run]).unwrap().svg
    };
    assert_eq!(drawn("10,0.5,10,0.1"), drawn("10,,10,0.1"));
    assert_eq!(drawn("10,0.5,10,"), drawn("10,0.1,10,0.5"));
    assert_ne!(drawn("10,0.5,10,0.1"), drawn("10,0.1,10,0.5"));
}

#[test]
fn the_column_of_trust_is_optional() {
    let text = discrepancy(Clock::Theorem6, &[8]);
    let without = text
        .replace(",trusted", "")
        .replace(",true", "")
        .replace(",false", "");
    let without = decay(&only("discrepancy.csv", &without)).unwrap();
    assert!(!without.svg.contains("not trusted"));
    let distrusted = only("discrepancy.csv", &text.replace(",true", ",false"));
    let distrusted = decay(&distrusted).unwrap();
    assert!(distrusted.svg.contains("not trusted"));
}

#[test]
fn the_calibration_of_one_run_has_one_clock() {
    let text = calibration_table(Clock::Theorem6, &[1, 8]);
    let rendered = calibration(&[&only("calibration.csv", &text)]).unwrap();
    assert_sound("calibration", &rendered);
    let texts = texts(&rendered.svg);
    let of = |words: &str| texts.iter().filter(|text| text.starts_with(words)).count();
    assert_eq!((of("Decay rates:"), of("90 % intervals")), (1, 1));
}

#[test]
fn each_clock_of_a_calibration_has_one_row_of_panels() {
    let [master, theorem6] =
        [Clock::MasterEquation, Clock::Theorem6].map(|clock| calibration_table(clock, &[2]));
    let mut text = master.lines().next().unwrap().to_owned();
    for (one, other) in master.lines().zip(theorem6.lines()).skip(1) {
        text += &format!("\n{one}\n{other}");
    }
    let rendered = calibration(&[&only("calibration.csv", &text)]).unwrap();
    let (_, height, _) = decode(&rendered.png);
    assert_eq!(height, 950);
    let calibration = Figure::named("calibration").unwrap();
    for clock in ["", "theorem7", "Theorem6"] {
        let message = error_with_cell(calibration, "calibration.csv", "clock", clock).unwrap();
        assert!(message.contains("line 3, column `clock`: "), "{message}");
        assert!(message.contains("the name of a clock"), "{message}");
    }
}

#[test]
fn intervals_that_cover_too_seldom_stand_out() {
    let said = "covers too seldom";
    let text = calibration_table(Clock::Theorem6, &[8]);
    let drawn = |text: &str| calibration(&[&only("calibration.csv", text)]).unwrap().svg;
    let sound = drawn(&text);
    assert!(!sound.contains(said));
    let narrow = with_cells(&text, &["coverage"], "0.87");
    let svg = drawn(&narrow);
    assert!(svg.contains(said));
    // There are four quantities at three levels, and one circle in the legend.
    assert_eq!(circles(&svg, "stroke=\"#C41230\"").len(), 13);
}

/// Replaces every cell in the columns by a value.
fn with_cells(table: &str, columns: &[&str], value: &str) -> String {
    let header = table.lines().next().unwrap().split(',').collect::<Vec<_>>();
    let changed = |column: &str| columns.contains(&column);
    let mut text = header.join(",") + "\n";
    for line in table.lines().skip(1) {
        let cells = line
            .split(',')
            .zip(&header)
            .map(|(cell, column)| if changed(column) { value } else { cell });
        text += &cells.collect::<Vec<_>>().join(",");
        text.push('\n');
    }
    text
}

/// The columns with numbers that are not a particle number.
fn numbers(figure: &Figure) -> &'static [&'static str] {
    match figure.name {
        "decay" => &["time", "mean", "std_error", "exact_mean", "z", "bound"],
        "couplings" => &[
            "time",
            "coupling_upper",
            "coupling_std_error",
            "lower_limit",
            "upper_limit",
        ],
        "bracket" => &[
            "time",
            "gelbrich_lower",
            "coupling_upper",
            "coupling_std_error",
            "dual_lower",
            "pooled_upper",
            "lower_limit",
            "upper_limit",
        ],
        "wasserstein" | "clocks" => &[
            "time",
            "mean",
            "std_error",
            "exact_mean",
            "z",
            "gelbrich_lower",
            "w2_squared",
            "coupling_upper",
            "bound",
            "lower_limit",
            "upper_limit",
        ],
        "scaling" => &[
            "value",
            "std_error",
            "exact",
            "exact_std_error",
            "lower_limit",
            "upper_limit",
        ],
        "ledger" => &[],
        "steady-state" => &[
            "low",
            "high",
            "density",
            "std_error",
            "bath_density",
            "maxwellian",
            "exact",
            "pair_per_bath",
        ],
        "kurtosis" => &[
            "value",
            "std_error",
            "exact",
            "z",
            "pair_per_bath",
            "excess_kurtosis",
            "limit",
        ],
        "calibration" => &[
            "seeds",
            "confidence",
            "coverage",
            "limit_low",
            "limit_high",
            "below",
            "above",
            "tail_limit_low",
            "tail_limit_high",
            "relative_variance",
        ],
        _ => &["time", "mean", "std_error", "exact", "z"],
    }
}

/// Renders a figure from tables in which some columns hold one value throughout. A picture is right,
/// an error that says what is missing, and one that refuses what is empty, no finite number or, where seeds are counted, no whole one; a
/// panic is not.
fn render_with(figure: &Figure, particles: &[u64], columns: &[&str], value: &str) {
    let mut tables = tables_of(Clock::MasterEquation, particles);
    for table in figure.tables {
        let text = with_cells(&tables[table], columns, value);
        tables.insert(table, text);
    }
    let count = match figure.source {
        Source::EachOf(_) => figure.runs(),
        _ => figure.runs().min(2),
    };
    let holds = |value: &str| match figure.name {
        // Some of its columns count seeds.
        "calibration" => value.parse::<u64>().is_ok(),
        _ => value.parse().is_ok_and(f64::is_finite),
    };
    match figure.render(&vec![&set(&tables); count]) {
        Ok(rendered) => assert_sound(figure.name, &rendered),
        Err(FigureError::NoData { .. }) => {}
        Err(FigureError::Table(TableError::Malformed { .. })) if !holds(value) => {}
        Err(other) => panic!("{}: {columns:?} = {value:?}: {other}", figure.name),
    }
}

#[test]
fn no_content_of_a_column_makes_figures_panic() {
    let values = [
        "", "0", "-1", "1", "NaN", "inf", "-inf", "1e308", "-1e308", "1e-320",
    ];
    FIGURES.par_iter().for_each(|figure| {
        for value in values {
            render_with(figure, &[3], numbers(figure), value);
        }
        numbers(figure).par_iter().for_each(|column| {
            for value in ["", "-1", "1e308"] {
                render_with(figure, &[2, 5], &[column], value);
            }
        });
    });
}

#[test]
fn extreme_particle_numbers_do_not_make_figures_panic() {
    for particles in [
        &[0][..],
        &[1],
        &[0, 1],
        &[u64::MAX],
        &[1, u64::MAX],
        &[7, 7],
    ] {
        for figure in FIGURES {
            render_with(figure, particles, &[], "");
        }
    }
}

#[test]
fn many_particle_numbers_fit_into_the_legend() {
    let many = (1..=60).collect::<Vec<_>>();
    let run = set(&tables_of(Clock::Theorem6, &many));
    let decay = decay(&run).unwrap();
    let entries = texts(&decay.svg)
        .iter()
        .filter(|text| text.parse::<u64>().is_ok_and(|number| number > 8))
        .count();
    assert!((5..=13).contains(&entries), "{entries} entries");
    moments(&run).unwrap();
    wasserstein(&run).unwrap();
}

#[test]
#[ignore = "writes the pictures to the folder named by FIGURES_OUT, to be looked at"]
fn pictures_are_written_for_inspection() {
    let out = std::env::var_os("FIGURES_OUT").expect("FIGURES_OUT names a folder");
    fs::create_dir_all(&out).unwrap();
    for (suffix, particles) in [("", &PARTICLES[..]), ("-few", &[32]), ("-two", &[2, 100])] {
        let master = tables_of(Clock::MasterEquation, particles);
        let theorem6 = tables_of(Clock::Theorem6, particles);
        for (name, rendered) in render_all(&master, &theorem6) {
            let rendered = rendered.unwrap();
            let stem = Path::new(&out).join(format!("{name}{suffix}"));
            fs::write(stem.with_extension("png"), &rendered.png).unwrap();
            fs::write(stem.with_extension("svg"), &rendered.svg).unwrap();
        }
    }
    for figure in FIGURES {
        let run = set(&tables_of(Clock::Theorem6, &PARTICLES));
        let runs = vec![&run; figure.runs()];
        let start = std::time::Instant::now();
        figure.render(&runs).unwrap();
        eprintln!("{}: {:.3} s", figure.name, start.elapsed().as_secs_f64());
    }
}
