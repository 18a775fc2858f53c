//! Figures from synthetic tables: exact exponentials with deterministic pseudo-noise.

use std::fmt::Write as _;
use std::fs;
use std::io::Cursor;
use std::path::Path;

use kac_coupling::figure::{
    FIGURES, Figure, FigureError, Rendered, Source, calibration, clocks, decay, moments, scaling,
    wasserstein,
};
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
        let replicas = (REPLICAS / number as f64).max(100.0);
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
        "particles,time,replicas,sample,batches,gelbrich_lower,w2_squared,std_error,coupling_upper,bound,coupling_std_error,dual_lower,pooled_upper,lower_limit,upper_limit\n",
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
                "{number},{time},20000,20000,5,{lower},{value},{std_error},{upper},{bound},{std_error},{},{},{low},{high}",
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
                let correlated = matches!(moment, "m11" | "m22");
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
                    if correlated && number == 1 {
                        writeln!(table, "{number},{time},{system},{moment},,,,").unwrap();
                    } else {
                        writeln!(
                            table,
                            "{number},{time},{system},{moment},{mean},{std_error},{exact},{deviation}"
                        )
                        .unwrap();
                    }
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
quantity,exponent,std_error,ci_low,ci_high,exact,limit,power_law
relative_variance,-0.99812,0.00123,-1.00217,-0.99407,-1,,true
joint_w2,0.4975,,0.49371,0.50129,,0.5,true
joint_excess,-0.9,,-0.95,-0.85,,,false
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
         limit_low,limit_high,below,above,tail_limit_low,tail_limit_high,relative_variance,trusted,\
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
                     {coverage},{expected},{low},{high},{below},{above},{tail_low},{tail_high},\
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

fn folder_with(clock: Clock, particles: &[u64]) -> TempDir {
    let folder = TempDir::new().unwrap();
    write(
        folder.path(),
        "discrepancy.csv",
        &discrepancy(clock, particles),
    );
    write(folder.path(), "wasserstein.csv", &w2(clock, particles));
    write(
        folder.path(),
        "moments.csv",
        &moment_table(clock, particles),
    );
    write(
        folder.path(),
        "scaling.csv",
        &scaling_table(clock, particles),
    );
    write(folder.path(), "exponents.csv", EXPONENTS);
    let [first, second] = match clock {
        Clock::MasterEquation => ["REFUTED", "INCONCLUSIVE"],
        Clock::Theorem6 => ["HOLDS", "REFUTED"],
    };
    let verdicts = format!(
        "claim,clock,particles,verdict,quantity\nlemma-1,master-equation,8,{first},rate\nlemma-1,theorem6,8,{second},rate\n"
    );
    write(folder.path(), "verdicts.csv", &verdicts);
    write(
        folder.path(),
        "calibration.csv",
        &calibration_table(clock, particles),
    );
    let tables = steady_tables(clock, particles);
    let names = [
        "steady_state.csv",
        "steady_density.csv",
        "steady_kurtosis.csv",
    ];
    for (name, table) in names.into_iter().zip(tables) {
        write(folder.path(), name, &table);
    }
    folder
}

fn write(folder: &Path, file: &str, table: &str) {
    fs::write(folder.join(file), table).unwrap();
}

/// All figures, from one folder for each clock.
fn render_all(
    master: &Path,
    theorem6: &Path,
) -> Vec<(&'static str, Result<Rendered, FigureError>)> {
    FIGURES
        .iter()
        .map(|figure| {
            let rendered = match figure.source {
                Source::OneFolder(_) => figure.render(&[theorem6]),
                Source::EachOf(_) => figure.render(&vec![theorem6; figure.folders()]),
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
    let master = folder_with(Clock::MasterEquation, &PARTICLES);
    let theorem6 = folder_with(Clock::Theorem6, &PARTICLES);
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
    let all = render_all(master.path(), theorem6.path());
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
    let theorem6 = folder_with(Clock::Theorem6, &[8]);
    let rendered = clocks(theorem6.path(), theorem6.path()).unwrap();
    assert!(!rendered.svg.contains("violated here"));
    let master = folder_with(Clock::MasterEquation, &[8]);
    let rendered = clocks(master.path(), theorem6.path()).unwrap();
    assert_eq!(rendered.svg.matches("violated here").count(), 1);
}

#[test]
fn the_same_tables_give_the_same_bytes() {
    let theorem6 = folder_with(Clock::Theorem6, &[2, 32]);
    let first = render_all(theorem6.path(), theorem6.path());
    let second = render_all(theorem6.path(), theorem6.path());
    for ((name, first), (_, second)) in first.into_iter().zip(second) {
        assert!(first.unwrap() == second.unwrap(), "{name}");
    }
}

#[test]
fn the_tables_decide_what_is_drawn() {
    let one = folder_with(Clock::Theorem6, &[2, 32]);
    let other = folder_with(Clock::MasterEquation, &[2, 32]);
    let of_one = render_all(one.path(), one.path());
    let of_other = render_all(other.path(), other.path());
    for ((name, of_one), (_, of_other)) in of_one.into_iter().zip(of_other) {
        assert!(of_one.unwrap().png != of_other.unwrap().png, "{name}");
    }
}

#[test]
fn a_missing_column_is_named_with_its_file() {
    for figure in FIGURES {
        for table in figure.tables {
            let folder = folder_with(Clock::Theorem6, &[4]);
            let text = fs::read_to_string(folder.path().join(table)).unwrap();
            write(
                folder.path(),
                table,
                &text.replacen("particles", "bodies", 1),
            );
            let message = error(figure, folder.path()).to_string();
            assert!(message.contains(table), "{message}");
            assert!(message.contains("`particles`"), "{message}");
        }
    }
}

fn error(figure: &Figure, folder: &Path) -> FigureError {
    let folders = vec![folder; figure.folders()];
    figure.render(&folders).expect_err(figure.name)
}

#[test]
fn a_malformed_cell_is_named_with_its_line_and_column() {
    let folder = TempDir::new().unwrap();
    write(
        folder.path(),
        "scaling.csv",
        "particles,quantity,value,std_error,exact,lower_limit,upper_limit\n\
         2,decay_rate,1.0,0.1,,,\n4,decay_rate,one,0.1,,,\n",
    );
    let message = scaling(&[folder.path()]).unwrap_err().to_string();
    for part in ["scaling.csv", "line 3", "`value`", "invalid float"] {
        assert!(message.contains(part), "{part} in {message}");
    }
    write(
        folder.path(),
        "scaling.csv",
        "particles,quantity,value,std_error,exact,lower_limit,upper_limit\n2,decay_rate,1.0\n",
    );
    let message = scaling(&[folder.path()]).unwrap_err().to_string();
    assert!(message.contains("line 2"), "{message}");
    assert!(message.contains("3 cells"), "{message}");
}

#[test]
fn a_missing_file_and_an_empty_table_are_errors() {
    for figure in FIGURES {
        let folder = folder_with(Clock::Theorem6, &[4]);
        let table = figure.tables[0];
        let text = fs::read_to_string(folder.path().join(table)).unwrap();
        let header = text.lines().next().unwrap();
        write(folder.path(), table, header);
        let empty = error(figure, folder.path());
        assert!(matches!(empty, FigureError::NoData { .. }), "{empty}");
        write(folder.path(), table, "");
        error(figure, folder.path());
        fs::remove_file(folder.path().join(table)).unwrap();
        let missing = error(figure, folder.path());
        assert!(
            matches!(missing, FigureError::Unreadable { .. }),
            "{missing}"
        );
        assert!(missing.to_string().contains(table));
    }
}

#[test]
fn the_number_of_folders_is_checked() {
    for figure in FIGURES {
        let wrong = vec![Path::new("."); figure.folders() + 1];
        let error = figure.render(&wrong).unwrap_err();
        assert!(matches!(error, FigureError::Folders { .. }));
    }
    assert!(Figure::named("decay").is_some());
    assert!(Figure::named("decoy").is_none());
}

/// The moments of a picture whose tables hold one N and one z-score throughout.
fn moments_with_scores(number: u64, z: &str) -> Vec<String> {
    let folder = folder_with(Clock::Theorem6, &[number]);
    let text = fs::read_to_string(folder.path().join("moments.csv")).unwrap();
    write(folder.path(), "moments.csv", &with_cells(&text, &["z"], z));
    texts(&moments(folder.path()).unwrap().svg)
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
    let folder = folder_with(Clock::Theorem6, &[1]);
    let rendered = moments(folder.path()).unwrap();
    assert_sound("moments", &rendered);
    let texts = texts(&rendered.svg);
    // Two of five moments, in both systems.
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
    let folder = TempDir::new().unwrap();
    write(
        folder.path(),
        "scaling.csv",
        "particles,quantity,value,std_error,exact,lower_limit,upper_limit\n\
         4,gelbrich_lower,0.1,,0.1,,\n4,w2_squared,0.1,0.0001,,,\n\
         4,joint_w2_squared,,,,0.1,0.5\n",
    );
    let svg = scaling(&[folder.path()]).unwrap().svg;
    let open = circles(&svg, "stroke=\"#0072B2\"");
    let lower = circles(&svg, "fill=\"#008764\"");
    // One in the panel and one in the legend.
    assert_eq!((open.len(), lower.len()), (2, 2));
    assert_eq!(open[0].0, lower[0].0);
    assert!(open[0].1.parse::<u32>().unwrap() > 2 * lower[0].1.parse::<u32>().unwrap());
    assert!(svg.find("stroke=\"#0072B2\"") > svg.find("fill=\"#008764\""));
    // A factor of five: the axis is logarithmic.
    assert!(texts(&svg).iter().any(|text| text == "0.2"));
    assert!(!texts(&svg).iter().any(|text| text == "0.0"));
}

#[test]
fn each_quantity_is_shown_from_the_first_folder_that_has_it() {
    let header = "particles,quantity,value,std_error,exact,lower_limit,upper_limit\n";
    let folders = [0, 1].map(|_| TempDir::new().unwrap());
    let rows = [
        "4,collisions,10,0.1,10,,\n8,collisions,20,0.1,20,,\n",
        "4,collisions,70,0.1,70,,\n4,joint_excess,,,,0.1,0.5\n",
    ];
    for (folder, rows) in folders.iter().zip(rows) {
        write(folder.path(), "scaling.csv", &format!("{header}{rows}"));
    }
    let exponents = EXPONENTS.lines().next().unwrap();
    let row = "joint_excess,-0.9,,-0.95,-0.85,,,true";
    write(
        folders[1].path(),
        "exponents.csv",
        &format!("{exponents}\n{row}\n"),
    );
    let paths = folders.each_ref().map(TempDir::path);
    let both = texts(&scaling(&paths).unwrap().svg);
    let first = texts(&scaling(&paths[..1]).unwrap().svg);
    let empty = |texts: &[String]| {
        let empty = texts
            .iter()
            .filter(|text| *text == "no values in the table");
        empty.count()
    };
    // Only collisions, and these with the excess; no other panel has anything.
    assert_eq!((empty(&first), empty(&both)), (5, 4));
    assert!(both.contains(&"N^[−0.950, −0.850]".to_owned()), "{both:?}");
    // The panel of collisions is that of the first folder alone.
    assert!(
        both.contains(&"20".to_owned()) && !both.contains(&"70".to_owned()),
        "{both:?}"
    );
}

#[test]
fn panels_say_how_copies_are_coupled_where_folders_differ() {
    let header = "particles,quantity,value,std_error,exact,exact_std_error,lower_limit,upper_limit";
    let parent = TempDir::new().unwrap();
    let folders = ["scaling", "scaling-rank"].map(|name| parent.path().join(name));
    let rows = [
        "4,collisions,10,0.1,10,0.1,,\n4,w2_squared,0.3,0.01,,,,",
        "4,joint_w2_squared,,,,,0.1,0.5\n4,joint_excess,,,,,0.1,0.5",
    ];
    for (folder, rows) in folders.iter().zip(rows) {
        fs::create_dir(folder).unwrap();
        write(folder, "scaling.csv", &format!("{header}\n{rows}\n"));
    }
    let paths = folders.each_ref().map(|folder| folder.as_path());
    let count = |texts: &[String], words: &str| texts.iter().filter(|text| *text == words).count();
    let both = texts(&scaling(&paths).unwrap().svg);
    for words in [
        "synchronous",
        "ranks paired every 0.1",
        "limits: ranks paired every 0.1, marks: synchronous",
    ] {
        assert_eq!(count(&both, words), 1, "{words}: {both:?}");
    }
    // One folder leaves nothing to be told apart.
    let one = texts(&scaling(&paths[..1]).unwrap().svg);
    assert_eq!(count(&one, "synchronous"), 0);
}

#[test]
fn error_bars_of_scaling_are_the_exact_ones_where_these_are_known() {
    let header = "particles,quantity,value,std_error,exact,exact_std_error,lower_limit,upper_limit";
    let drawn = |cells: &str| {
        let folder = TempDir::new().unwrap();
        let rows = format!("4,collisions,{cells},,\n8,collisions,20,0.1,20,0.1,,");
        write(folder.path(), "scaling.csv", &format!("{header}\n{rows}\n"));
        scaling(&[folder.path()]).unwrap().svg
    };
    assert_eq!(drawn("10,0.5,10,0.1"), drawn("10,,10,0.1"));
    assert_eq!(drawn("10,0.5,10,"), drawn("10,0.1,10,0.5"));
    assert_ne!(drawn("10,0.5,10,0.1"), drawn("10,0.1,10,0.5"));
}

#[test]
fn the_column_of_trust_is_optional() {
    let folder = folder_with(Clock::Theorem6, &[8]);
    let text = fs::read_to_string(folder.path().join("discrepancy.csv")).unwrap();
    let without = text
        .replace(",trusted", "")
        .replace(",true", "")
        .replace(",false", "");
    write(folder.path(), "discrepancy.csv", &without);
    let without = decay(folder.path()).unwrap();
    assert!(!without.svg.contains("not trusted"));
    write(
        folder.path(),
        "discrepancy.csv",
        &text.replace(",true", ",false"),
    );
    let distrusted = decay(folder.path()).unwrap();
    assert!(distrusted.svg.contains("not trusted"));
}

#[test]
fn the_calibration_of_one_run_has_one_clock() {
    let folder = folder_with(Clock::Theorem6, &[1, 8]);
    let rendered = calibration(&[folder.path()]).unwrap();
    assert_sound("calibration", &rendered);
    let texts = texts(&rendered.svg);
    let of = |words: &str| texts.iter().filter(|text| text.starts_with(words)).count();
    assert_eq!((of("Decay rates:"), of("90 % intervals")), (1, 1));
}

#[test]
fn intervals_that_cover_too_seldom_stand_out() {
    let said = "covers too seldom";
    let folder = folder_with(Clock::Theorem6, &[8]);
    let sound = calibration(&[folder.path()]).unwrap().svg;
    assert!(!sound.contains(said));
    let text = fs::read_to_string(folder.path().join("calibration.csv")).unwrap();
    let narrow = with_cells(&text, &["coverage"], "0.87");
    write(folder.path(), "calibration.csv", &narrow);
    let svg = calibration(&[folder.path()]).unwrap().svg;
    assert!(svg.contains(said));
    // Four quantities at three levels, and one in the legend.
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

/// Renders a figure from tables in which some columns hold one value throughout. A picture and an
/// error that says what is missing are both right; a panic is not.
fn render_with(figure: &Figure, particles: &[u64], columns: &[&str], value: &str) {
    let folder = folder_with(Clock::MasterEquation, particles);
    for table in figure.tables {
        let text = fs::read_to_string(folder.path().join(table)).unwrap();
        write(folder.path(), table, &with_cells(&text, columns, value));
    }
    let count = match figure.source {
        Source::EachOf(_) => figure.folders(),
        _ => figure.folders().min(2),
    };
    match figure.render(&vec![folder.path(); count]) {
        Ok(rendered) => assert_sound(figure.name, &rendered),
        Err(FigureError::NoData { .. }) => {}
        Err(other) => panic!("{}: {columns:?} = {value:?}: {other}", figure.name),
    }
}

#[test]
fn no_content_of_a_column_is_a_panic() {
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
fn extreme_particle_numbers_are_no_panic() {
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
    let folder = folder_with(Clock::Theorem6, &many);
    let decay = decay(folder.path()).unwrap();
    let entries = texts(&decay.svg)
        .iter()
        .filter(|text| text.parse::<u64>().is_ok_and(|number| number > 8))
        .count();
    assert!((5..=13).contains(&entries), "{entries} entries");
    moments(folder.path()).unwrap();
    wasserstein(folder.path()).unwrap();
}

#[test]
#[ignore = "writes the pictures to the folder named by FIGURES_OUT, to be looked at"]
fn pictures_to_look_at() {
    let out = std::env::var_os("FIGURES_OUT").expect("FIGURES_OUT names a folder");
    fs::create_dir_all(&out).unwrap();
    for (suffix, particles) in [("", &PARTICLES[..]), ("-few", &[32]), ("-two", &[2, 100])] {
        let master = folder_with(Clock::MasterEquation, particles);
        let theorem6 = folder_with(Clock::Theorem6, particles);
        for (name, rendered) in render_all(master.path(), theorem6.path()) {
            let rendered = rendered.unwrap();
            let stem = Path::new(&out).join(format!("{name}{suffix}"));
            fs::write(stem.with_extension("png"), &rendered.png).unwrap();
            fs::write(stem.with_extension("svg"), &rendered.svg).unwrap();
        }
    }
    for figure in FIGURES {
        let folder = folder_with(Clock::Theorem6, &PARTICLES);
        let folders = vec![folder.path(); figure.folders().min(2)];
        let start = std::time::Instant::now();
        figure.render(&folders).unwrap();
        eprintln!("{}: {:.3} s", figure.name, start.elapsed().as_secs_f64());
    }
}
