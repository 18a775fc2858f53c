//! Messages on bad input: the file, the line, the key, the value, and the correction; with the
//! right exit code, and before anything is simulated or written. The last tests are on files that a
//! killed run leaves behind.
//!
//! Not claimed: a config which is accepted need not be a sensible one.

use crate::bench::Bench;
use kac_coupling::config::{LoadError, load};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// A config that runs in milliseconds; every test is a small edit of it.
const GOOD: &str = r#"title = "A minimal experiment"
seed = 2016
replicas = [60, 40]

[model]
particles = [2, 3]
lambda = 1.25
mu = 0.75
clock = "theorem6"
coupling = "synchronous"

[bath]
law = "normal"
mean = 0.0
sd = 2.0

[initial]
first = { law = "normal", mean = 0.5, sd = 1.0 }
second = { law = "uniform", low = -3.0, high = 5.0 }
pairing = "optimal"

[time]
end = 1.5
points = 7

[wasserstein]
points = 4
sample = 20

[[check]]
claim = "theorem-6-coupling"
expect = "holds"
tolerance = 0.5
confidence = 0.9
"#;

/// A folder with this config.
fn with_config(config: impl AsRef<[u8]>) -> Bench {
    Bench::with("config.toml", config)
}

/// The text with one passage replaced, which must be there.
fn edited(text: &str, from: &str, to: &str) -> String {
    assert!(
        text.contains(from),
        "the base config has no passage {from:?}"
    );
    text.replacen(from, to, 1)
}

/// The line, from 1, on which a passage first appears.
fn line_of(text: &str, passage: &str) -> usize {
    let at = text
        .find(passage)
        .unwrap_or_else(|| panic!("{passage:?} is not in the edited config"));
    text[..at].matches('\n').count() + 1
}

/// An edit, and the message that it must give.
struct Case<'a> {
    /// Replace this passage of [`GOOD`] …
    from: &'a str,
    /// … by this.
    to: &'a str,
    /// A passage of the edited config, on the line that must be named.
    at: &'a str,
    /// The rest of the message after file and line: key, value, problem.
    says: &'a str,
    /// A part of the fix.
    fix: &'a str,
}

const fn case<'a>(
    from: &'a str,
    to: &'a str,
    at: &'a str,
    says: &'a str,
    fix: &'a str,
) -> Case<'a> {
    Case {
        from,
        to,
        at,
        says,
        fix,
    }
}

/// Run and check the edited configs; both commands must refuse each of them.
fn refused(cases: &[Case]) {
    for Case {
        from,
        to,
        at,
        says,
        fix,
    } in cases
    {
        let text = edited(GOOD, from, to);
        let line = line_of(&text, at);
        let bench = with_config(&text);
        for command in ["run", "check"] {
            let name = format!("kac {command} with {from:?} replaced by {to:?}");
            let ended = bench.kac(&[command, "config.toml"]);
            let stderr = &ended.stderr;
            assert_eq!(ended.code, Some(2), "{name}: {stderr}");
            assert_eq!(ended.stdout, "", "{name}");
            let start = format!("error: config.toml:{line}: {says}");
            assert!(
                stderr.starts_with(&start),
                "{name} must begin {start:?}: {stderr}"
            );
            let (_, told) = stderr.split_once("= fix: ").expect("a fix");
            assert!(told.contains(fix), "{name} must advise {fix:?}: {stderr}");
            assert_eq!(
                bench.names("."),
                BTreeSet::from(["config.toml".into()]),
                "{name} must write nothing"
            );
        }
    }
}

const LIST_OF_PARTICLES: &str = "write one number of particles or a list";
const WHOLE_PARTICLES: &str = "must be a whole number from 1 to 100000000";

#[test]
fn the_base_config_is_good() {
    let bench = with_config(GOOD);
    let ended = bench.kac(&["run", "config.toml"]);
    assert!(matches!(ended.code, Some(0 | 3)), "{}", ended.stderr);
    let ended = bench.kac(&["check", "config.toml"]);
    assert!(matches!(ended.code, Some(0 | 3)), "{}", ended.stderr);
}

#[test]
fn unknown_keys_are_refused_and_the_nearest_is_suggested() {
    refused(&[
        case(
            "seed =",
            "sede = 1\nseed =",
            "sede",
            "`sede` is not a key",
            "did you mean `seed`?",
        ),
        case(
            "[time]",
            "[tme]",
            "[tme]",
            "`tme` is not a key",
            "did you mean `time`?",
        ),
        case(
            "lambda =",
            "lamda =",
            "lamda",
            "`model.lamda` is not a key",
            "did you mean `lambda`?",
        ),
        case(
            "mu =",
            "mo =",
            "mo =",
            "`model.mo` is not a key",
            "did you mean `mu`?",
        ),
        case(
            "sd = 2.0",
            "sdd = 2.0",
            "sdd",
            "`bath.sdd` is not a key",
            "did you mean `sd`?",
        ),
        case(
            "law = \"normal\"\n",
            "lwa = \"normal\"\n",
            "lwa",
            "`bath.lwa` is not a key",
            "did you mean `law`?",
        ),
        // The nearest of all laws' keys would be `means`.
        case(
            "mean = 0.5",
            "meanss = 0.5",
            "meanss",
            "`initial.first.meanss` is not a key",
            "did you mean `mean`?",
        ),
        case(
            "low = -3.0",
            "lo = -3.0",
            "lo =",
            "`initial.second.lo` is not a key",
            "did you mean `low`?",
        ),
        case(
            "second =",
            "secnd =",
            "secnd",
            "`initial.secnd` is not a key",
            "did you mean `second`?",
        ),
        case(
            "end =",
            "ends =",
            "ends",
            "`time.ends` is not a key",
            "did you mean `end`?",
        ),
        case(
            "sample =",
            "samples =",
            "samples",
            "`wasserstein.samples` is not a key",
            "did you mean `sample`?",
        ),
        case(
            "tolerance =",
            "tolerence =",
            "tolerence",
            "`check[0].tolerence` is not a key",
            "did you mean `tolerance`?",
        ),
        case(
            "mu =",
            "temperature = 1\nmu =",
            "temperature",
            "`model.temperature` is not a key",
            "the keys here are particles, lambda, mu, clock, coupling, rematch",
        ),
    ]);
}

#[test]
fn rematching_without_meaning_or_of_endless_duration_is_refused() {
    const WORDS: &str = "write \"never\", \"output\", \"event\", or an interval in time, e.g. \
                         rematch = 0.1";
    let line = "coupling = \"synchronous\"";
    let rematch = |written: &'static str, says: &'static str, fix: &'static str| {
        case(line, written, "rematch", says, fix)
    };
    refused(&[
        rematch(
            "rematch = \"sometimes\"",
            "`model.rematch` = \"sometimes\": is not one of the choices",
            WORDS,
        ),
        rematch(
            "rematch = true",
            "`model.rematch` = true: must be a number",
            WORDS,
        ),
        rematch(
            "rematch = 0.0",
            "`model.rematch` = 0.0: is not positive",
            WORDS,
        ),
        rematch(
            "rematch = -1",
            "`model.rematch` = -1: is not positive",
            WORDS,
        ),
        rematch(
            "rematch = inf",
            "`model.rematch` = inf: must be a finite number",
            WORDS,
        ),
        rematch(
            "rematch = 1e70",
            "`model.rematch` = 1e70: is not between 1e-60 and 1e60",
            WORDS,
        ),
        rematch(
            "rematch = 1e-7",
            "`model.rematch` = 1e-7: rematches each replica 1.5e7 times",
            "write a longer interval, or rematch = \"event\"",
        ),
        rematch(
            "rematch = \"event\"\ncoupling = \"independent\"",
            "`model.rematch` = \"event\": needs collisions that both copies see",
            "write rematch = \"output\"",
        ),
        case(
            "particles = [2, 3]",
            "particles = [2, 5000]\nrematch = \"event\"",
            "rematch",
            "`model.rematch` = \"event\": takes a time per collision that grows like N, and N = \
             5000 is above 4096",
            "write an interval in time instead, e.g. rematch = 0.1",
        ),
    ]);
}

#[test]
fn missing_keys_are_told_at_the_header_of_their_section() {
    refused(&[
        case(
            "clock = \"theorem6\"\n",
            "",
            "[model]",
            "`model.clock` is missing",
            "write clock = \"theorem6\" (λ for a particle's pairs, 2μ for its bath) or clock = \
             \"master-equation\"",
        ),
        case(
            "seed = 2016\n",
            "",
            "title",
            "`seed` is missing",
            "write seed = 1",
        ),
        case(
            "replicas = [60, 40]\n",
            "",
            "title",
            "`replicas` is missing",
            "write one number of at least 2",
        ),
        case(
            "particles = [2, 3]\n",
            "",
            "[model]",
            "`model.particles` is missing",
            LIST_OF_PARTICLES,
        ),
        case(
            "lambda = 1.25\n",
            "",
            "[model]",
            "`model.lambda` is missing",
            "lambda = 1.0",
        ),
        case(
            "mu = 0.75\n",
            "",
            "[model]",
            "`model.mu` is missing",
            "mu = 1.0",
        ),
        case(
            "law = \"normal\"\n",
            "",
            "[bath]",
            "`bath.law` is missing",
            "write law = \"normal\"",
        ),
        case(
            "mean = 0.0\n",
            "",
            "[bath]",
            "`bath.mean` is missing",
            "write mean =",
        ),
        case(
            "sd = 2.0\n",
            "",
            "[bath]",
            "`bath.sd` is missing",
            "write sd =",
        ),
        case(
            "first = { law = \"normal\", mean = 0.5, sd = 1.0 }\n",
            "",
            "[initial]",
            "`initial.first` is missing",
            "write a law, e.g. {",
        ),
        case(
            ", high = 5.0",
            "",
            "second =",
            "`initial.second.high` is missing",
            "write high =",
        ),
        case(
            "end = 1.5\n",
            "",
            "[time]",
            "`time.end` is missing",
            "end = 4.0",
        ),
        case(
            "points = 7\n",
            "",
            "[time]",
            "`time.points` is missing",
            "points = 41",
        ),
        case(
            "points = 4\n",
            "",
            "[wasserstein]",
            "`wasserstein.points` is missing",
            "divides 6",
        ),
        case(
            "sample = 20\n",
            "",
            "[wasserstein]",
            "`wasserstein.sample` is missing",
            "sample = 20000",
        ),
        case(
            "claim = \"theorem-6-coupling\"\n",
            "",
            "[[check]]",
            "`check[0].claim` is missing",
            "theorem-6-coupling, ",
        ),
        case(
            "expect = \"holds\"\n",
            "",
            "[[check]]",
            "`check[0].expect` is missing",
            "write expect = \"holds\" or expect = \"refuted\"",
        ),
    ]);
}

#[test]
fn missing_sections_are_named() {
    for (section, keys) in [
        ("model", "particles"),
        ("bath", "law of mean 0"),
        ("initial", "first and second"),
        ("time", "end and points"),
    ] {
        let paragraphs = GOOD.split("\n\n");
        let header = format!("[{section}]");
        let kept: Vec<&str> = paragraphs
            .filter(|paragraph| !paragraph.starts_with(&header))
            .collect();
        let bench = with_config(kept.join("\n\n"));
        let ended = bench.kac(&["run", "config.toml"]);
        assert_eq!(ended.code, Some(2), "without {header}: {}", ended.stderr);
        for part in [
            &format!("config.toml:1: `{section}` is missing"),
            &format!("fix: add a section {header} with"),
            keys,
        ] {
            assert!(
                ended.stderr.contains(part),
                "without {header}, {part:?} must be said: {}",
                ended.stderr
            );
        }
        assert!(!bench.path("output").exists(), "without {header}");
    }
}

#[test]
fn wrong_numbers_of_particles_and_replicas_are_refused() {
    let from = "particles = [2, 3]";
    for value in [
        "0",
        "-4",
        "2.5",
        "\"8\"",
        "1e3",
        "1000000000000",
        "nan",
        "true",
        "{ a = 2 }",
    ] {
        let to = format!("particles = {value}");
        let says = format!("`model.particles` = {value}: {WHOLE_PARTICLES}");
        refused(&[case(from, &to, "particles", &says, LIST_OF_PARTICLES)]);
    }
    refused(&[
        case(
            from,
            "particles = [\n  2,\n  0,\n]",
            "  0,",
            "`model.particles[1]` = 0: must be a whole number",
            LIST_OF_PARTICLES,
        ),
        case(
            from,
            "particles = []",
            "particles",
            "`model.particles` = []: is empty",
            LIST_OF_PARTICLES,
        ),
        case(
            from,
            "particles = [\n  2,\n  2 ]",
            "  2 ]",
            "`model.particles[1]` = 2: is in the list already",
            "write each number once",
        ),
        case(
            "replicas = [60, 40]",
            "replicas = 1",
            "replicas",
            "`replicas` = 1: must be a whole number from 2",
            "at least 2",
        ),
        case(
            "replicas = [60, 40]",
            "replicas = [60, 1]",
            "replicas",
            "`replicas[1]` = 1: must be a whole number from 2",
            "at least 2",
        ),
        case(
            "replicas = [60, 40]",
            "replicas = [60, 40, 20]",
            "replicas",
            "`replicas` = [60, 40, 20]: has 3 entries, but model.particles has 2",
            "a list as long as model.particles",
        ),
        case(
            "replicas = [60, 40]",
            "replicas = [60]",
            "replicas",
            "`replicas` = [60]: has 1 entry, but model.particles has 2",
            "a list as long as model.particles",
        ),
        case(
            "replicas = [60, 40]",
            "replicas = []",
            "replicas",
            "`replicas` = []: has 0 entries",
            "a list as long as model.particles",
        ),
        case(
            "replicas = [60, 40]",
            "replicas = 99999999999999999999999999999999999999999",
            "replicas",
            "`replicas` = 99999999999999999999999999999999999999999: must be a whole number",
            "at least 2",
        ),
        case(
            "seed = 2016",
            "seed = -1",
            "seed",
            "`seed` = -1: must be a whole number from 0",
            "seed = 2016",
        ),
        case(
            "seed = 2016",
            "seed = 9223372036854775808",
            "seed",
            "`seed` = 9223372036854775808: must be a whole number from 0 to 9223372036854775807",
            "seed = 2016",
        ),
        case(
            "seed = 2016",
            "seed = 1.0",
            "seed",
            "`seed` = 1.0: must be a whole number",
            "seed = 2016",
        ),
    ]);
}

#[test]
fn wrong_rates_and_times_are_refused() {
    refused(&[
        case(
            "lambda = 1.25",
            "lambda = -1.0",
            "lambda",
            "`model.lambda` = -1.0: is negative",
            "write a rate of at least 0, e.g. lambda = 1.0",
        ),
        case(
            "mu = 0.75",
            "mu = -1e-300",
            "mu",
            "`model.mu` = -1e-300: is negative",
            "e.g. mu = 1.0",
        ),
        case(
            "lambda = 1.25",
            "lambda = nan",
            "lambda",
            "`model.lambda` = nan: must be a finite number",
            "e.g. lambda = 1.0",
        ),
        case(
            "mu = 0.75",
            "mu = +inf",
            "mu",
            "`model.mu` = +inf: must be a finite number",
            "e.g. mu = 1.0",
        ),
        case(
            "mu = 0.75",
            "mu = 1e999",
            "mu",
            "`model.mu` = 1e999: must be a finite number",
            "e.g. mu = 1.0",
        ),
        case(
            "lambda = 1.25\nmu = 0.75",
            "lambda = 0\nmu = 0.0",
            "mu",
            "`model.mu` = 0.0: is 0 like `model.lambda`",
            "make one of them positive",
        ),
        case(
            "lambda = 1.25",
            "lambda = 1e308",
            "lambda",
            "`model.lambda` = 1e308: is not between 1e-60 and 1e60",
            "e.g. lambda = 1.0",
        ),
        case(
            "end = 1.5",
            "end = 1e-300",
            "end",
            "`time.end` = 1e-300: is not between 1e-60 and 1e60",
            "e.g. end = 4.0",
        ),
        case(
            "lambda = 1.25",
            "lambda = 1e30",
            "lambda",
            "`model.lambda` = 1e30: makes ",
            "lower the rates, time.end or model.particles",
        ),
        case(
            "mu = 0.75",
            "mu = 1e30",
            "mu",
            "`model.mu` = 1e30: makes ",
            "lower the rates, time.end or model.particles",
        ),
        case(
            "end = 1.5",
            "end = 1e30",
            "end",
            "`time.end` = 1e30: makes ",
            "lower the rates, time.end or model.particles",
        ),
        case(
            "end = 1.5",
            "end = 0",
            "end",
            "`time.end` = 0: is not positive",
            "write a positive time",
        ),
        case(
            "end = 1.5",
            "end = -2.0",
            "end",
            "`time.end` = -2.0: is not positive",
            "write a positive time",
        ),
        case(
            "end = 1.5",
            "end = nan",
            "end",
            "`time.end` = nan: must be a finite number",
            "write a positive time",
        ),
        case(
            "points = 7",
            "points = 1",
            "points",
            "`time.points` = 1: must be a whole number from 2",
            "at least 2 record times",
        ),
        case(
            "points = 7",
            "points = 1000000000000",
            "points",
            "`time.points` = 1000000000000: must be a whole number from 2 to 2001",
            "at least 2 record times",
        ),
        case(
            "points = 4",
            "points = 5",
            "points = 5",
            "`wasserstein.points` = 5: does not fit the record times",
            "points − 1 divides 6",
        ),
        case(
            "points = 4",
            "points = 13",
            "points = 13",
            "`wasserstein.points` = 13: must be a whole number from 2 to 7",
            "points − 1 divides 6",
        ),
        case(
            "sample = 20",
            "sample = 1000000000000",
            "sample",
            "`wasserstein.sample` = 1000000000000: must be a whole number from 2 to 100000000",
            "sample = 20000",
        ),
        // This value is just refused, for four record times.
        case(
            "sample = 20",
            "sample = 50000001",
            "sample",
            "`wasserstein.sample` = 50000001: is too much to hold at 4 record times",
            "lower it to at most 50000000, or lower wasserstein.points",
        ),
        case(
            "sample = 20",
            "sample = 1",
            "sample",
            "`wasserstein.sample` = 1: must be a whole number from 2",
            "sample = 20000",
        ),
    ]);
}

#[test]
fn wrong_parameters_of_laws_are_refused() {
    const BATH: &str = "law = \"normal\"\nmean = 0.0\nsd = 2.0\n";
    refused(&[
        case(
            BATH,
            "law = \"normal-mixture\"\nweights = [0.5, 0.4]\nmeans = [0, 0]\nsds = [1, 2]\n",
            "weights",
            "`bath.weights` = [0.5, 0.4]: the weights sum to 0.9",
            "make them sum to 1",
        ),
        case(
            BATH,
            "law = \"normal-mixture\"\nweights = [1.5, -0.5]\nmeans = [0, 0]\nsds = [1, 2]\n",
            "weights",
            "`bath.weights` = [1.5, -0.5]: -0.5 is negative",
            "at least 0",
        ),
        case(
            BATH,
            "law = \"normal-mixture\"\nweights = [0.5, 0.5]\nmeans = [0, 0]\nsds = [1, 2, 3]\n",
            "sds",
            "`bath.sds` = [1, 2, 3]: it has 3 entries but `weights` has 2",
            "equally many",
        ),
        case(
            BATH,
            "law = \"normal-mixture\"\nweights = [0.5, 0.5]\nmeans = [0]\nsds = [1, 2]\n",
            "means",
            "`bath.means` = [0]: it has 1 entry but `weights` has 2",
            "equally many",
        ),
        case(
            BATH,
            "law = \"normal-mixture\"\nweights = [0.5, 0.5]\nmeans = [0, 0]\nsds = [1, 0]\n",
            "sds",
            "`bath.sds` = [1, 0]: 0.0: it must be positive",
            "positive standard deviation",
        ),
        case(
            BATH,
            "law = \"normal-mixture\"\nweights = []\nmeans = []\nsds = []\n",
            "weights",
            "`bath.weights` = []: the list is empty",
            "at least one number",
        ),
        case(
            BATH,
            "law = \"discrete\"\nvalues = [-1, 1]\nweights = [0.5]\n",
            "weights",
            "`bath.weights` = [0.5]: it has 1 entry but `values` has 2",
            "equally many",
        ),
        case(
            BATH,
            "law = \"discrete\"\nvalues = [-1, 1]\nweights = [0.5, 0.6]\n",
            "weights",
            "`bath.weights` = [0.5, 0.6]: the weights sum to 1.1",
            "make them sum to 1",
        ),
        case(
            BATH,
            "law = \"discrete\"\nvalues = [\n-1,\nnan ]\nweights = [0.5, 0.5]\n",
            "nan",
            "`bath.values[1]` = nan: must be a finite number",
            "a list of finite numbers",
        ),
        case(
            "low = -3.0",
            "low = 5.0",
            "second",
            "`initial.second.high` = 5.0: the interval from `low` = 5.0 has no usable length",
            "use law = \"point\"",
        ),
        case(
            "low = -3.0",
            "low = 7",
            "second",
            "`initial.second.low` = 7: it exceeds `high` = 5.0",
            "exchange `low` and `high`",
        ),
        case(
            BATH,
            "law = \"student-t\"\ndf = 2.0\nscale = 1.0\n",
            "df",
            "`bath.df` = 2.0: the variance is infinite unless df > 2",
            "use df > 2",
        ),
        case(
            BATH,
            "law = \"student-t\"\ndf = 5\nscale = 0\n",
            "scale",
            "`bath.scale` = 0: it must be positive",
            "law = \"point\"",
        ),
        case(
            BATH,
            "law = \"laplace\"\nmean = 0\nscale = -1\n",
            "scale",
            "`bath.scale` = -1: it must be positive",
            "positive number",
        ),
        case(
            "sd = 2.0",
            "sd = 0.0",
            "sd = 0.0",
            "`bath.sd` = 0.0: it must be positive",
            "law = \"point\"",
        ),
        case(
            "sd = 2.0",
            "sd = -2.0",
            "sd = -2.0",
            "`bath.sd` = -2.0: it must be positive",
            "positive number",
        ),
        case(
            "sd = 2.0",
            "sd = 1e308",
            "sd = 1e308",
            "`bath.sd` = 1e308: its magnitude exceeds 1e60",
            "moderate size",
        ),
        case(
            "law = \"normal\"\n",
            "law = \"gaussian\"\n",
            "gaussian",
            "`bath.law` = \"gaussian\": is not one of the choices",
            "\"normal\", \"normal-mixture\", \"uniform\"",
        ),
    ]);
}

/// The fix must be one that can be copied into the config.
#[test]
fn a_bath_must_have_mean_zero_and_the_fix_told_gives_it() {
    let cases = [
        ("mean", "0.25", "law = \"normal\"\nmean = 0.25\nsd = 2.0\n"),
        (
            "mean",
            "-3",
            "law = \"laplace\"\nmean = -3.0\nscale = 2.0\n",
        ),
        (
            "means",
            "0.5",
            "law = \"normal-mixture\"\nweights = [0.75, 0.25]\nmeans = [0.0, 2.0]\nsds = [1, 1]\n",
        ),
        ("low", "1", "law = \"uniform\"\nlow = -3.0\nhigh = 5.0\n"),
        (
            "location",
            "1.5",
            "law = \"student-t\"\ndf = 6\nscale = 1.0\nlocation = 1.5\n",
        ),
        (
            "values",
            "0.25",
            "law = \"discrete\"\nvalues = [-1.0, 1.5]\nweights = [0.5, 0.5]\n",
        ),
        ("value", "2", "law = \"point\"\nvalue = 2.0\n"),
        (
            "file",
            "2",
            "law = \"empirical\"\nfile = \"velocities.csv\"\ncolumn = \"v\"\n",
        ),
        (
            "shift",
            "2.7",
            "law = \"empirical\"\nfile = \"velocities.csv\"\ncolumn = \"v\"\nshift = 0.7\n",
        ),
    ];
    for (key, mean, bath) in cases {
        let text = edited(GOOD, "law = \"normal\"\nmean = 0.0\nsd = 2.0\n", bath);
        let bench = with_config(&text);
        bench.put("velocities.csv", "u,v\n7,1.5\n7,0.25\n7,4.25\n");
        let ended = bench.kac(&["check", "config.toml"]);
        let stderr = &ended.stderr;
        assert_eq!(ended.code, Some(2), "{bath}: {stderr}");
        let line = line_of(&text, "[bath]") + line_of(bath, &format!("{key} ="));
        let start = format!("error: config.toml:{line}: `bath.{key}` = ");
        assert!(stderr.starts_with(&start), "{start} for {bath}: {stderr}");
        let problem = format!("a bath must have mean 0, and this one has mean {mean}");
        assert!(stderr.contains(&problem), "{problem} for {bath}: {stderr}");

        let (_, fix) = stderr.split_once("= fix: write ").expect("a fix to copy");
        let fix = fix.trim_end().trim_end_matches(" to centre the data");
        let changed: Vec<&str> = fix.split(" and ").collect();
        let key_of = |line: &str| line.split(" = ").next().unwrap_or("").to_string();
        let kept = bath
            .lines()
            .filter(|line| !changed.iter().any(|new| key_of(new) == key_of(line)));
        let mended: Vec<&str> = kept.chain(changed.iter().copied()).collect();
        let mended = format!("{}\n", mended.join("\n"));
        bench.put("config.toml", edited(&text, bath, &mended));
        let ended = bench.kac(&["check", "config.toml"]);
        assert!(
            matches!(ended.code, Some(0 | 1 | 3)) && ended.stderr.is_empty(),
            "the fix must do, but of {mended}: {}",
            ended.stderr
        );
    }
}

#[test]
fn an_initial_mean_must_not_hide_the_spread() {
    let first = "first = { law = \"normal\", mean = 0.5, sd = 1.0 }";
    let drowns = "standard deviations from 0, so that the spread drowns in rounding";
    let says = |key: &str, value: &str, mean: &str| {
        format!("`initial.first.{key}` = {value}: the mean {mean} is more than 1e12 {drowns}")
    };
    let fix = "bring the mean nearer to 0";
    let cases = [
        ("normal\", mean = 1e15, sd = 1.0", "mean", "1e15", "1e15"),
        ("normal\", mean = -2.0, sd = 1e-12", "mean", "-2.0", "-2e0"),
        (
            "discrete\", values = [1e13, 10000000000001.0], weights = [0.5, 0.5]",
            "values",
            "[1e13, 10000000000001.0]",
            "1.00000000000005e13",
        ),
    ];
    for (law, key, value, mean) in cases {
        let to = format!("first = {{ law = \"{law} }}");
        refused(&[case(first, &to, "first =", &says(key, value, mean), fix)]);
    }
    // At the limit, and without a spread, the values are accepted.
    for law in ["normal\", mean = 1e12, sd = 1.0", "point\", value = 1e15"] {
        let to = format!("first = {{ law = \"{law} }}");
        let bench = with_config(edited(GOOD, first, &to));
        load(&bench.path("config.toml")).expect("a good config");
    }
}

#[test]
fn numbers_that_would_be_read_as_zero_are_refused() {
    let small = "it is too small to be represented";
    let fix = "write 0 if it is meant";
    let says = |key: &str, value: &str| format!("`{key}` = {value}: {small}");
    let [lambda, mean, tolerance, low] = [
        says("model.lambda", "1e-400"),
        says("bath.mean", "-0.000_1E-4_00"),
        says("check[0].tolerance", "9.9e-99999"),
        says("initial.second.low", "-1e-330"),
    ];
    refused(&[
        case("lambda = 1.25", "lambda = 1e-400", "lambda", &lambda, fix),
        case(
            "mean = 0.0",
            "mean = -0.000_1E-4_00",
            "mean = -",
            &mean,
            fix,
        ),
        case(
            "tolerance = 0.5",
            "tolerance = 9.9e-99999",
            "tolerance",
            &tolerance,
            fix,
        ),
        case("low = -3.0", "low = -1e-330", "low =", &low, fix),
    ]);
    for zero in ["0", "0.0", "-0.0", "0e5", "+0.0", "0.000e-400"] {
        let bench = with_config(edited(GOOD, "mean = 0.0", &format!("mean = {zero}")));
        load(&bench.path("config.toml")).expect("a good config");
    }
}

#[test]
fn bad_files_of_measured_velocities_are_refused() {
    let cases = [
        (
            None,
            "v",
            "`initial.second.file` = \"data.csv\": cannot read `data.csv`",
            "name a CSV file that can be read",
        ),
        (
            Some(""),
            "v",
            "`initial.second.file` = \"data.csv\": `data.csv` is empty; give it a header line",
            "mend the data",
        ),
        (
            Some("v\n"),
            "v",
            "`initial.second.file` = \"data.csv\": `data.csv` has no rows",
            "mend the data",
        ),
        (
            Some("u,v\n1,2\n\n1,fast\n"),
            "v",
            "`initial.second.file` = \"data.csv\": `data.csv`, line 4: `fast` in column `v`",
            "mend the data",
        ),
        (
            Some("u,v\n1,2\n1,inf\n"),
            "v",
            "`initial.second.file` = \"data.csv\": `data.csv`, line 3: `inf` in column `v`",
            "mend the data",
        ),
        (
            Some("v\n0\n-0.0\n0e5\n0.0e-400\n1e-400\n"),
            "v",
            "`initial.second.file` = \"data.csv\": `data.csv`, line 6: `1e-400` in column `v` is \
             too small to be represented; write 0 if it is meant",
            "mend the data",
        ),
        (
            Some("u,v\n1,0\n1,\"-0.5E-1000\"\n"),
            "v",
            "`initial.second.file` = \"data.csv\": `data.csv`, line 3: `-0.5E-1000` in column `v` is \
             too small",
            "mend the data",
        ),
        (
            Some("u,speed\n1,2\n"),
            "sped",
            "`initial.second.column` = \"sped\": `data.csv` has no column `sped`; did you mean \
             `speed`?",
            "name a column of that file",
        ),
    ];
    for (contents, column, says, fix) in cases {
        let law = format!(
            "second = {{ law = \"empirical\", file = \"data.csv\", column = \"{column}\" }}"
        );
        let from = "second = { law = \"uniform\", low = -3.0, high = 5.0 }";
        let text = edited(GOOD, from, &law);
        let bench = with_config(&text);
        if let Some(contents) = contents {
            bench.put("data.csv", contents);
        }
        let ended = bench.kac(&["run", "config.toml"]);
        let name = format!("data {contents:?}, column {column}");
        assert_eq!(ended.code, Some(2), "{name}: {}", ended.stderr);
        let start = format!("error: config.toml:{}: {says}", line_of(&text, "second"));
        assert!(
            ended.stderr.starts_with(&start),
            "{name} must begin {start:?}: {}",
            ended.stderr
        );
        let (_, told) = ended.stderr.split_once("= fix: ").expect("a fix");
        assert!(told.contains(fix), "{name}: {}", ended.stderr);
        assert!(!bench.path("output").exists(), "{name}");
    }
    let text = edited(
        GOOD,
        "second = { law = \"uniform\", low = -3.0, high = 5.0 }",
        "[initial.second]\nlaw = \"empirical\"\nfile = \"data.csv\"\ncolumn = \"v\"\nshift = 1e300",
    );
    let text = edited(&text, "pairing = \"optimal\"\n", "");
    let bench = with_config(&text);
    bench.put("data.csv", "v\n1\n");
    let ended = bench.kac(&["run", "config.toml"]);
    let line = line_of(&text, "shift");
    assert!(
        ended.stderr.starts_with(&format!(
            "error: config.toml:{line}: `initial.second.shift` = 1e300: its magnitude exceeds"
        )),
        "{}",
        ended.stderr
    );
}

#[test]
fn wrong_checks_and_choices_are_refused() {
    refused(&[
        case(
            "claim = \"theorem-6-coupling\"",
            "claim = \"theorem-66\"",
            "claim",
            "`check[0].claim` = \"theorem-66\": is not a claim in the ledger",
            "choose one of lemma-1, ",
        ),
        case(
            "tolerance = 0.5",
            "tolerance = 0",
            "tolerance",
            "`check[0].tolerance` = 0: is out of range",
            "positive relative tolerance",
        ),
        case(
            "tolerance = 0.5",
            "tolerance = -0.5",
            "tolerance",
            "`check[0].tolerance` = -0.5: is out of range",
            "positive relative tolerance",
        ),
        case(
            "tolerance = 0.5",
            "tolerance = nan",
            "tolerance",
            "`check[0].tolerance` = nan: must be a finite number",
            "positive relative tolerance",
        ),
        case(
            "confidence = 0.9",
            "confidence = 1",
            "confidence",
            "`check[0].confidence` = 1: is out of range",
            "a level of at least 0.5",
        ),
        case(
            "confidence = 0.9",
            "confidence = 0.9999999999999999",
            "confidence",
            "`check[0].confidence` = 0.9999999999999999: is out of range",
            "at most 1 - 1e-9",
        ),
        case(
            "confidence = 0.9",
            "confidence = 0.0",
            "confidence",
            "`check[0].confidence` = 0.0: is out of range",
            "a level of at least 0.5",
        ),
        case(
            "confidence = 0.9",
            "confidence = 99.9",
            "confidence",
            "`check[0].confidence` = 99.9: is out of range",
            "a level of at least 0.5",
        ),
        case(
            "confidence = 0.9\n",
            "\n[[check]]\nclaim = \"theorem-6-coupling\"\nexpect = \"fails\"\n",
            "fails",
            "`check[1].expect` = \"fails\": is not one of the choices",
            "choose one of \"holds\", \"refuted\"",
        ),
        case(
            "coupling = \"synchronous\"",
            "coupling = \"mirror\"",
            "mirror",
            "`model.coupling` = \"mirror\": is not one of the choices",
            "choose one of \"synchronous\"",
        ),
        case(
            "coupling = \"synchronous\"",
            "coupling = \"independent\"",
            "claim",
            "`check[0].claim` = \"theorem-6-coupling\": cannot be judged here: it is about the \
             synchronous coupling, and the coupling here is \"independent\"",
            "change the model, or leave this check out",
        ),
        case(
            "coupling = \"synchronous\"",
            "coupling = \"aligned\"",
            "claim = \"theorem-6-coupling\"",
            "`check[0].claim` = \"theorem-6-coupling\": cannot be judged here: it is about the \
             synchronous coupling, and the coupling here is \"aligned\"",
            "change the model, or leave this check out",
        ),
        case(
            "coupling = \"synchronous\"",
            "rematch = \"output\"",
            "claim = \"theorem-6-coupling\"",
            "`check[0].claim` = \"theorem-6-coupling\": cannot be judged here: it is about pairs \
             that stay together, and here they are rematched (model.rematch = \"output\")",
            "change the model, or leave this check out",
        ),
        case(
            "clock = \"theorem6\"",
            "clock = \"theorem-6\"",
            "clock",
            "`model.clock` = \"theorem-6\": is not one of the choices",
            "choose one of \"master-equation\", \"theorem6\"",
        ),
        case(
            "pairing = \"optimal\"",
            "pairing = \"best\"",
            "pairing",
            "`initial.pairing` = \"best\": is not one of the choices",
            "\"optimal\", \"independent\"",
        ),
    ]);
}

#[test]
fn wrong_joint_laws_are_refused() {
    let first = "mean = 0.5, sd = 1.0 }";
    let independent =
        "second = { law = \"uniform\", low = -3.0, high = 5.0 }\npairing = \"optimal\"";
    refused(&[
        case(
            first,
            "mean = 0.5, sd = 1.0, joint = \"mirrored\" }",
            "mirrored",
            "`initial.first.joint` = \"mirrored\": is not one of the choices",
            "\"product\", \"mirrored-equal\", \"mirrored-opposite\", \"sphere\"",
        ),
        case(
            first,
            "mean = 0.5, sd = 1.0, joints = \"product\" }",
            "joints",
            "`initial.first.joints` is not a key of this config",
            "did you mean `joint`?",
        ),
        // N = 3 is in the sweep.
        case(
            independent,
            "second = { law = \"uniform\", low = -3.0, high = 5.0, joint = \"mirrored-opposite\" }\n\
             pairing = \"independent\"",
            "mirrored-opposite",
            "`initial.second.joint` = \"mirrored-opposite\": it takes an even number of particles, and \
             there are 3",
            "write even numbers in model.particles",
        ),
        case(
            independent,
            "second = { law = \"uniform\", low = -3.0, high = 5.0, joint = \"sphere\" }\n\
             pairing = \"independent\"",
            "sphere",
            "`initial.second.joint` = \"sphere\": a sphere needs the law \"normal\", and this one is \
             \"uniform\"",
            "write law = \"normal\" with mean = 0.0",
        ),
        case(
            first,
            "mean = 0.5, sd = 1.0, joint = \"sphere\" }",
            "sphere",
            "`initial.first.joint` = \"sphere\": a sphere is about 0, and this law has mean 0.5",
            "mean = 0.0",
        ),
        case(
            first,
            "mean = 0.5, sd = 1.0, joint = \"mirrored-equal\" }",
            "pairing",
            "`initial.pairing` = \"optimal\": an optimal pairing is known of two product laws or two \
             spheres only, and these are \"mirrored-equal\" and \"product\"",
            "write pairing = \"independent\"",
        ),
        case(
            "mean = 0.0\nsd = 2.0",
            "mean = 0.0\nsd = 2.0\njoint = \"product\"",
            "joint",
            "`bath.joint` is not a key of this config",
            "the keys here are",
        ),
    ]);
    // Claims that do not apply to such laws.
    let mirrored = edited(GOOD, "pairing = \"optimal\"", "pairing = \"independent\"");
    let mirrored = edited(
        &mirrored,
        first,
        "mean = 0.5, sd = 1.0, joint = \"mirrored-equal\" }",
    );
    for (config, claim, why) in [
        (GOOD, "lemma-8", "one copy with joint = \"mirrored-equal\""),
        (&mirrored, "lemma-8", "of one law"),
        (&mirrored, "lemma-11", "product initial laws"),
        (&mirrored, "theorem-7", "product initial laws"),
        (&mirrored, "theorem-6", "W2 of the joint initial laws"),
    ] {
        let bench = with_config(edited(config, "theorem-6-coupling", claim));
        let ended = bench.kac(&["check", "config.toml"]);
        assert_eq!(ended.code, Some(2), "{claim}: {}", ended.stderr);
        assert!(
            ended.stderr.contains("cannot be judged here"),
            "{}",
            ended.stderr
        );
        assert!(ended.stderr.contains(why), "{claim}: {}", ended.stderr);
    }
    // A pairing left out is optimal, and the section is pointed at.
    let unpaired = edited(&mirrored, "pairing = \"independent\"\n", "");
    let ended = with_config(&unpaired).kac(&["check", "config.toml"]);
    assert_eq!(ended.code, Some(2));
    assert!(
        ended
            .stderr
            .contains("`initial.pairing` an optimal pairing"),
        "{}",
        ended.stderr
    );
    let ended = with_config(&mirrored).kac(&["check", "config.toml"]);
    assert!(matches!(ended.code, Some(0 | 3)), "{}", ended.stderr);
}

#[test]
fn wrong_syntax_and_types_are_refused() {
    refused(&[
        case(
            "title = \"A minimal experiment\"",
            "title = \"A minimal experiment",
            "title",
            "this is not TOML: ",
            "mend the syntax",
        ),
        case(
            "[time]",
            "[time",
            "[time",
            "this is not TOML: ",
            "mend the syntax",
        ),
        case(
            "confidence = 0.9\n",
            "confidence =\n",
            "confidence",
            "this is not TOML: ",
            "mend the syntax",
        ),
        case(
            "confidence = 0.9\n",
            "numbers = [1,\n2,\n",
            "2,\n",
            "this is not TOML: ",
            "mend the syntax",
        ),
        case(
            "mu = 0.75",
            "mu = 0.75\nmu  = 0.75",
            "mu  =",
            "`mu` is here twice",
            "write each key once",
        ),
        case(
            "[time]",
            "[model]\n[time]",
            "[model]\n[time]",
            "`model` is here twice",
            "write each key once",
        ),
        case(
            "sd = 1.0 }",
            "sd = 1.0, sd = 2.0 }",
            "first",
            "`sd` is here twice",
            "write each key once",
        ),
        case(
            "title = \"A minimal experiment\"",
            "title = 6",
            "title",
            "`title` = 6: must be a string in quotes",
            "a line of text in quotes",
        ),
        case(
            "lambda = 1.25",
            "lambda = \"1\"",
            "lambda",
            "`model.lambda` = \"1\": must be a number",
            "e.g. lambda = 1.0",
        ),
        case(
            "lambda = 1.25",
            "lambda = [1.25]",
            "lambda",
            "`model.lambda` = [1.25]: must be a number",
            "e.g. lambda = 1.0",
        ),
        case(
            "clock = \"theorem6\"",
            "clock = 6",
            "clock",
            "`model.clock` = 6: must be a string in quotes",
            "choose one of \"master-equation\", \"theorem6\"",
        ),
        case(
            "[model]",
            "[[model]]",
            "[[model]]",
            "`model` must be a table",
            "add a section [model]",
        ),
        case(
            "[[check]]",
            "[check]",
            "[check]",
            "`check` must be a list",
            "write each check as a section [[check]]",
        ),
        case(
            "seed = 2016",
            "seed = 2016\ntime = 3",
            "[time]",
            "`time` is here twice",
            "write each key once",
        ),
        case(
            "first = { law = \"normal\", mean = 0.5, sd = 1.0 }",
            "first = \"normal\"",
            "first",
            "`initial.first` = \"normal\": must be a table",
            "write a law, e.g. { law = \"normal\"",
        ),
        case(
            "law = \"normal\"\nmean = 0.0\nsd = 2.0\n",
            "law = \"normal-mixture\"\nweights = 1\nmeans = [0]\nsds = [1]\n",
            "weights",
            "`bath.weights` = 1: must be a list",
            "a list of finite numbers",
        ),
        case(
            "law = \"normal\"\nmean = 0.0\nsd = 2.0\n",
            "law = \"normal-mixture\"\nweights = { a = 1 }\nmeans = [0]\nsds = [1]\n",
            "weights",
            "`bath.weights` = { a = 1 }: must be a list",
            "a list of finite numbers",
        ),
        case(
            "law = \"normal\"\n",
            "law = [\"normal\"]\n",
            "law",
            "`bath.law` = [\"normal\"]: must be a string in quotes",
            "\"normal\", ",
        ),
        case(
            "end = 1.5",
            "end = 1979-05-27",
            "end",
            "`time.end` = 1979-05-27: must be a number",
            "e.g. end = 4.0",
        ),
        case(
            "points = 7",
            "points = 7.0",
            "points",
            "`time.points` = 7.0: must be a whole number",
            "points = 41",
        ),
    ]);
    let without_check = GOOD.split("[[check]]").next().expect("the first part");
    let bench = with_config(edited(without_check, "seed", "check = [1]\nseed"));
    let ended = bench.kac(&["run", "config.toml"]);
    assert!(
        ended
            .stderr
            .starts_with("error: config.toml:2: `check[0]` = 1: must be a table"),
        "{}",
        ended.stderr
    );
}

#[test]
fn a_config_that_is_not_text_is_refused() {
    let bench = with_config("");
    let mut bytes = GOOD.as_bytes().to_vec();
    let place = GOOD.find("theorem6").expect("the clock");
    bytes[place] = 0xff;
    bench.put("config.toml", bytes);
    let ended = bench.kac(&["run", "config.toml"]);
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    let start = format!(
        "error: config.toml:{}: this is not UTF-8",
        line_of(GOOD, "clock")
    );
    assert!(ended.stderr.starts_with(&start), "{}", ended.stderr);
}

#[test]
fn a_config_without_checks_is_refused_by_check() {
    let text = GOOD.split("[[check]]").next().expect("the first part");
    let bench = with_config(text);
    let ended = bench.kac(&["check", "config.toml"]);
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    assert!(
        ended
            .stderr
            .starts_with("error: config.toml:1: `check` is missing: there is nothing to judge")
            && ended.stderr.contains("fix: add a section [[check]]"),
        "{}",
        ended.stderr
    );
    assert_eq!(bench.kac(&["run", "config.toml"]).code, Some(0));
}

/// [`GOOD`] as a calibration.
fn calibrating() -> String {
    let text = GOOD.split("[wasserstein]").next().expect("the first part");
    format!("{text}[calibration]\nseeds = 9\npoints = 4\n")
}

#[test]
fn wrong_calibrations_are_refused() {
    let good = calibrating();
    let cases = [
        (
            "seeds = 9",
            "seeds = 2",
            "`calibration.seeds` = 2: must be a whole number from 9 to 1000000",
            "seeds = 2000",
        ),
        (
            "seeds = 9",
            "seed = 9",
            "`calibration.seed` is not a key of this config",
            "did you mean `seeds`?",
        ),
        (
            "seeds = 9\n",
            "",
            "`calibration.seeds` is missing",
            "over how many seeds",
        ),
        (
            "points = 4",
            "points = 5",
            "`calibration.points` = 5: does not fit the record times",
            "points − 1 divides 6",
        ),
        (
            "[calibration]",
            "[[check]]\nclaim = \"lemma-1\"\nexpect = \"holds\"\n[calibration]",
            "`calibration` repeats a run for its intervals alone, so `check` has no meaning here",
            "leave out `check`, or move it to a config of its own",
        ),
        (
            "[calibration]",
            "[wasserstein]\npoints = 4\nsample = 20\n[calibration]",
            "`calibration` repeats a run for its intervals alone, so `wasserstein` has no meaning",
            "leave out `wasserstein`",
        ),
    ];
    for (from, to, says, fix) in cases {
        let bench = with_config(edited(&good, from, to));
        let ended = bench.kac(&["run", "config.toml"]);
        assert_eq!(ended.code, Some(2), "{says}: {}", ended.stderr);
        for part in [says, fix] {
            assert!(ended.stderr.contains(part), "{part}: {}", ended.stderr);
        }
        assert_eq!(bench.names("."), ["config.toml".to_string()].into());
    }
}

/// [`GOOD`] on its way into a steady state.
fn steady() -> String {
    let text = GOOD.split("[wasserstein]").next().expect("the first part");
    format!(
        "{text}[steady_state]\ntolerance = 1e-3\n\n[[check]]\nclaim = \"theorem-1\"\nexpect = \
         \"holds\"\ntolerance = 0.5\n"
    )
}

#[test]
fn wrong_steady_states_are_refused() {
    let good = steady();
    let first = "first = { law = \"normal\", mean = 0.5, sd = 1.0 }";
    let student = "first = { law = \"student-t\", df = 7.0, scale = 1.0 }";
    let second = "second = { law = \"uniform\", low = -3.0, high = 5.0 }";
    let same = "second = { law = \"normal\", mean = 0.5, sd = 1.0 }";
    let bath = "law = \"normal\"\nmean = 0.0\nsd = 2.0";
    let tolerance = "tolerance = 1e-3";
    let cases = [
        (
            tolerance,
            "tolerance = 0",
            "`steady_state.tolerance` = 0: is not a positive number",
            "tolerance = 1e-3",
        ),
        (
            tolerance,
            "tolerance = inf",
            "`steady_state.tolerance` = inf: ",
            "tolerance = 1e-3",
        ),
        (
            tolerance,
            "tolerance = \"small\"",
            "`steady_state.tolerance` = \"small\"",
            "tolerance = 1e-3",
        ),
        (
            tolerance,
            "tolerence = 1e-3",
            "`steady_state.tolerence` is not a key of this config",
            "did you mean `tolerance`?",
        ),
        (
            tolerance,
            "tolerance = 1e3",
            "`steady_state` takes two unlike starts",
            "lower steady_state.tolerance",
        ),
        (
            second,
            same,
            "`steady_state` takes two unlike starts, and these are within 0e0",
            "other laws in [initial]",
        ),
        (
            "mu = 0.75",
            "mu = 0.0",
            "`steady_state` has nothing to wait for",
            "make model.mu positive",
        ),
        (
            "\"synchronous\"",
            "\"independent\"",
            "`steady_state` needs copies that are brought together, and the coupling is \"independent\"",
            "coupling = \"synchronous\"",
        ),
        (
            first,
            student,
            "`steady_state` takes moments up to order 8, and `initial.first` has not",
            "lighter tails",
        ),
        (
            bath,
            "law = \"point\"\nvalue = 0.0",
            "`steady_state` is all particles at rest",
            "a bath that moves",
        ),
        (
            "sd = 2.0",
            "sd = 1e-50",
            "`steady_state` has moments that are lost to rounding or overflow at N = 2",
            "of more alike scales",
        ),
        (
            "[2, 3]\nlambda = 1.25",
            "[2, 100000000]\nlambda = 1e6",
            "`steady_state` makes ",
            "raise model.mu",
        ),
        (
            "[steady_state]\ntolerance = 1e-3\n",
            "",
            "= \"theorem-1\": cannot be judged here: it takes a section [steady_state]",
            "leave this check out",
        ),
    ];
    for (from, to, says, fix) in cases {
        let bench = with_config(edited(&good, from, to));
        for command in ["run", "check", "plan"] {
            let ended = bench.kac(&[command, "config.toml"]);
            assert_eq!(ended.code, Some(2), "{says}: {}", ended.stderr);
            for part in [says, fix] {
                assert!(ended.stderr.contains(part), "{part}: {}", ended.stderr);
            }
        }
        assert_eq!(bench.names("."), ["config.toml".to_string()].into());
    }
    let both = format!("{}[steady_state]\n", calibrating());
    let ended = with_config(&both).kac(&["run", "config.toml"]);
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("`steady_state` has no meaning here"),
        "{}",
        ended.stderr
    );
}

#[test]
fn a_steady_state_is_run_checked_and_planned() {
    let bench = with_config(steady());
    let replicas = ["--replicas", "60000"];
    let with = |command: &[&str]| {
        let ended = bench.kac(&[command, &["config.toml"][..], &replicas[..]].concat());
        assert_eq!(ended.code, Some(0), "{} {}", ended.stdout, ended.stderr);
        ended.stdout
    };
    assert!(with(&["run"]).contains("theorem-1"));
    let names = bench.names("output/config");
    for file in [
        "steady_state.csv",
        "steady_density.csv",
        "steady_kurtosis.csv",
        "steady-state.png",
        "kurtosis.svg",
        "manifest.json",
    ] {
        assert!(names.contains(file), "{file} in {names:?}");
    }
    assert!(with(&["check", "--adaptive"]).contains("HOLDS"));
    let plan = with(&["plan"]);
    assert!(
        plan.contains("theorem-1") && !plan.contains("warning"),
        "{plan}"
    );
    // The tolerance can be left out, and so can the part that needs many replicas.
    let bench = with_config(edited(&steady(), "tolerance = 1e-3\n", ""));
    let few = bench.kac(&["run", "config.toml", "--replicas", "2"]);
    assert_eq!(few.code, Some(3), "{}", few.stderr);
    let plan = bench.kac(&["plan", "config.toml"]).stdout;
    assert!(plan.contains("replicas would do"), "{plan}");
}

#[test]
fn a_calibration_is_run_and_not_checked() {
    let bench = with_config(calibrating());
    let ended = bench.kac(&["run", "config.toml", "--replicas", "300"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.stdout.contains("intervals: "), "{}", ended.stdout);
    let files = ["csv", "png", "svg"].map(|extension| format!("calibration.{extension}"));
    let mut expected = BTreeSet::from(files);
    expected.insert("manifest.json".to_string());
    assert_eq!(bench.names("output/config"), expected);

    let ended = bench.kac(&["check", "config.toml"]);
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    for part in [
        "`calibration` repeats a run, and claims are judged on one",
        "calibrate with `kac run`",
    ] {
        assert!(ended.stderr.contains(part), "{}", ended.stderr);
    }

    // Among experiments the calibration is passed over; without others there is nothing to judge.
    std::fs::create_dir(bench.path("experiments")).expect("a folder");
    bench.put("experiments/calibration.toml", calibrating());
    assert_eq!(bench.kac(&["check"]).code, Some(4));
    bench.put("experiments/good.toml", GOOD);
    let judged = bench.kac(&["check"]).stdout;
    assert!(judged.contains("\ngood "), "{judged}");
    assert!(!judged.contains("\ncalibration "), "{judged}");
}

#[test]
fn files_that_cannot_be_read_or_written_are_named() {
    let bench = with_config(GOOD);
    std::fs::create_dir(bench.path("folder.toml")).expect("a folder");
    bench.put("file", "in the way");
    let mut cases: Vec<(&[&str], &[&str])> = vec![
        (
            &["run", "none.toml"],
            &["cannot read the config none.toml: ", "check the path"],
        ),
        (
            &["check", "config.toml", "none.toml"],
            &["cannot read the config none.toml: ", "check the path"],
        ),
        (
            &["run", "folder.toml"],
            &["cannot read the config folder.toml: ", "check the path"],
        ),
        (
            &["run", "config.toml", "--out", "file"],
            &["cannot write file: ", "choose another folder with --out"],
        ),
        (
            &["run", "config.toml", "--out", "file/below"],
            &["cannot write file/below: ", "another folder with --out"],
        ),
        (
            &["figure", "all", "--out", "file"],
            &["cannot write file: ", "another folder with --out"],
        ),
        (
            &["check"],
            &["cannot read the folder experiments: ", "name a config"],
        ),
        (
            &["figure", "all", "--redraw"],
            &[
                "there are no tables of a finished run in output/figures/tables/",
                "leave out --redraw",
            ],
        ),
        (
            &["figure", "decay"],
            &["cannot read the config experiments/", "check the path"],
        ),
    ];
    if cfg!(target_os = "linux") {
        cases.push((
            &["run", "config.toml", "--out", "/proc"],
            &["cannot write /proc: ", "another folder with --out"],
        ));
    }
    for (arguments, parts) in cases {
        let ended = bench.kac(arguments);
        let name = format!("kac {}", arguments.join(" "));
        assert_eq!(ended.code, Some(4), "{name}: {}", ended.stderr);
        assert_eq!(ended.stdout, "", "{name}");
        for part in parts {
            assert!(
                ended.stderr.starts_with("error: ") && ended.stderr.contains(part),
                "{name} must say {part:?}: {}",
                ended.stderr
            );
        }
    }
    let left = bench.names(".");
    assert!(
        left.is_subset(
            &["config.toml", "folder.toml", "file", "output"]
                .map(String::from)
                .into()
        ),
        "{left:?}"
    );
}

#[test]
fn bad_arguments_are_refused() {
    let bench = with_config(GOOD);
    let cases: &[(&[&str], &str)] = &[
        (&[], "Usage: kac"),
        (&["simulate"], "unrecognized subcommand 'simulate'"),
        (&["run"], "<CONFIG>"),
        (
            &["run", "config.toml", "--replicas", "1"],
            "'1' for '--replicas <R>': a number of replicas is a whole number from 2 to ",
        ),
        (
            &["run", "config.toml", "--replicas", "many"],
            "'many' for '--replicas",
        ),
        (&["run", "config.toml", "--threads", "0"], "from 1 to 1024"),
        (
            &["run", "config.toml", "--seed", "9223372036854775808"],
            "'9223372036854775808' for '--seed",
        ),
        (&["run", "config.toml", "--outt", "x"], "'--outt'"),
        (
            &["check", "config.toml", "--format", "xml"],
            "[possible values: text, json, junit, github]",
        ),
        (&["figure"], "<NAME"),
        (
            &["figure", "rates"],
            "there is no figure `rates`; choose one of decay, ",
        ),
        (
            &["claims", "theorem-66"],
            "there is no claim `theorem-66`; the nearest name is theorem-6\n",
        ),
    ];
    for (arguments, part) in cases {
        let ended = bench.kac(arguments);
        let name = format!("kac {}", arguments.join(" "));
        assert_eq!(ended.code, Some(2), "{name}: {}", ended.stderr);
        assert_eq!(ended.stdout, "", "{name}");
        assert!(
            ended.stderr.contains(part),
            "{name} must say {part:?}: {}",
            ended.stderr
        );
    }
    assert_eq!(bench.names("."), BTreeSet::from(["config.toml".into()]));
}

#[test]
fn instructions_that_the_machine_does_not_have_are_refused() {
    let bench = with_config(GOOD);
    let output = bench
        .command(&["run", "config.toml"])
        .env("KAC_INSTRUCTIONS", "avx1024")
        .output()
        .expect("the program runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    let start =
        "error: KAC_INSTRUCTIONS = \"avx1024\" is not available on this machine; write one of ";
    assert!(stderr.starts_with(start), "{stderr}");
    let slowest = kac_coupling::numerics::vector::Instructions::available()[0].name();
    assert!(stderr.contains(slowest), "{stderr}");
    assert_eq!(bench.names("."), BTreeSet::from(["config.toml".into()]));
}

/// A pipe that nobody reads.
fn closed_pipe() -> Stdio {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    writer.into()
}

#[test]
fn a_closed_pipe_is_no_error() {
    let bench = with_config(GOOD);
    let program = assert_cmd::cargo::cargo_bin!("kac");
    let good = bench.kac(&["check", "config.toml"]).code;
    let cases: &[(&[&str], Option<i32>)] = &[
        (&["claims"], Some(0)),
        (&["--help"], Some(0)),
        (&["figure", "--list"], Some(0)),
        (&["check", "config.toml"], good),
        (&["check", "config.toml", "--format", "json"], good),
        (&["check", "config.toml", "--format", "junit"], good),
        (&["check", "config.toml", "--format", "github"], good),
        (&["run", "config.toml"], good),
        // The message goes nowhere; the code remains.
        (&["run", "none.toml"], Some(4)),
        (&["claims", "theorem-66"], Some(2)),
        (&["run", "config.toml", "--threads", "0"], Some(2)),
    ];
    for (arguments, code) in cases {
        let status = std::process::Command::new(program)
            .current_dir(bench.folder())
            .args(*arguments)
            .stdout(closed_pipe())
            .stderr(closed_pipe())
            .status()
            .expect("the program runs");
        assert_eq!(status.code(), *code, "kac {}", arguments.join(" "));
    }
}

#[test]
fn output_away_from_a_terminal_has_no_escape_codes() {
    let bench = with_config(GOOD);
    for arguments in [
        &["check", "config.toml"][..],
        &["check", "config.toml", "--format", "github"],
        &["run", "config.toml"],
        &["claims"],
        &["--help"],
        &["run"],
        &["run", "none.toml"],
    ] {
        let ended = bench.kac(arguments);
        let all = ended.stdout + &ended.stderr;
        assert!(!all.contains('\u{1b}'), "{arguments:?}: {all:?}");
    }
}

/// The output of a command on a terminal, which `script` gives it, with these variables set or
/// removed; `None` on a machine without `script`.
#[cfg(target_os = "linux")]
fn on_a_terminal(
    bench: &Bench,
    command: &str,
    environment: &[(&str, Option<&str>)],
) -> Option<String> {
    let mut script = std::process::Command::new("script");
    script
        .current_dir(bench.folder())
        .args(["-qec", command, "/dev/null"])
        .stdin(Stdio::null());
    for &(variable, value) in environment {
        match value {
            Some(value) => script.env(variable, value),
            None => script.env_remove(variable),
        };
    }
    let output = script.output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A terminal that shows no colours and cannot move its cursor gets neither colours nor a bar.
#[cfg(target_os = "linux")]
#[test]
fn a_dumb_terminal_gets_plain_text_and_no_bar() {
    let bench = with_config(GOOD);
    let program = assert_cmd::cargo::cargo_bin!("kac").display();
    for arguments in [
        "check config.toml",
        "run config.toml",
        "run",
        "check none.toml",
    ] {
        for ci in [None, Some("true")] {
            let printed = |terminal| {
                let environment = [("TERM", terminal), ("NO_COLOR", None), ("CI", ci)];
                on_a_terminal(&bench, &format!("'{program}' {arguments}"), &environment)
            };
            let Some(coloured) = printed(Some("xterm")) else {
                return;
            };
            let has_colours = arguments != "check none.toml";
            assert_eq!(coloured.contains('\u{1b}'), has_colours, "{coloured:?}");
            for terminal in [Some("dumb"), None] {
                let plain = printed(terminal).expect("it ran before");
                assert!(!plain.contains('\u{1b}'), "{arguments}: {plain:?}");
                assert!(!plain.contains("[=") && !plain.contains("0 %"), "{plain:?}");
            }
        }
    }
}

/// On a machine without `script` the test checks nothing.
#[cfg(target_os = "linux")]
#[test]
fn output_on_a_terminal_has_colours_unless_no_color_is_set() {
    let bench = with_config(GOOD);
    let program = assert_cmd::cargo::cargo_bin!("kac").display();
    let on_terminal = |no_color: Option<&str>| {
        on_a_terminal(
            &bench,
            &format!("'{program}' check config.toml 2>/dev/null"),
            &[("TERM", Some("xterm")), ("NO_COLOR", no_color)],
        )
    };
    let Some(coloured) = on_terminal(None) else {
        return;
    };
    assert!(coloured.contains("\u{1b}["), "{coloured:?}");
    let empty = on_terminal(Some("")).expect("it ran before");
    assert!(
        empty.contains("\u{1b}["),
        "an empty NO_COLOR does not count"
    );
    let plain = on_terminal(Some("1")).expect("it ran before");
    assert!(
        !plain.contains('\u{1b}') && plain.contains("theorem-6-coupling"),
        "{plain:?}"
    );
}

/// Every table in a folder has rows, all of the header's length; every other
/// file ends as its format does.
fn assert_whole(folder: &Path) {
    for entry in std::fs::read_dir(folder).expect("the output folder") {
        let path = entry.expect("an entry").path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .expect("a name");
        if name.starts_with(".kac-") {
            continue;
        }
        let bytes = std::fs::read(&path).expect("a file that can be read");
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("csv") => {
                assert!(bytes.ends_with(b"\n"), "{name} ends within a row");
                // Rows of another length than the header are errors.
                let mut reader = csv::Reader::from_reader(bytes.as_slice());
                let rows: Result<Vec<csv::StringRecord>, _> = reader.records().collect();
                assert!(!rows.expect(name).is_empty(), "{name} has no rows");
            }
            Some("json") => {
                serde_json::from_slice::<serde_json::Value>(&bytes).expect(name);
            }
            Some("png") => assert!(bytes.ends_with(b"IEND\xaeB`\x82"), "{name} is cut off"),
            Some("svg") => assert!(
                bytes.trim_ascii_end().ends_with(b"</svg>"),
                "{name} is cut off"
            ),
            _ => panic!("{name} is no file of a run"),
        }
    }
}

#[test]
fn a_killed_run_leaves_whole_files_and_the_next_one_tidies_up() {
    // Many small N, so that tables are written all the time, then one that
    // would take hours.
    let particles: Vec<String> = (2..60).chain([100_000]).map(|n| n.to_string()).collect();
    let mut replicas = vec!["200"; 58];
    replicas.push("1000000");
    let text = edited(GOOD, "[2, 3]", &format!("[{}]", particles.join(", ")));
    let text = edited(&text, "[60, 40]", &format!("[{}]", replicas.join(", ")));
    let bench = with_config(&text);
    let out = bench.path("out");
    for delay in [0, 3, 10, 30, 100, 300] {
        let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin!("kac"))
            .current_dir(bench.folder())
            .args(["run", "config.toml", "--out", "out", "--threads", "1"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let start = Instant::now();
        // The last table to be written after an N.
        while !out.join("unfinished/verdicts.csv").exists() {
            assert!(start.elapsed() < Duration::from_secs(20), "no N finished");
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis(delay));
        child.kill().expect("it can be killed");
        let status = child.wait().expect("it ends");
        assert!(!status.success(), "it must be killed, not finished");
        assert_whole(&out.join("unfinished"));
        assert!(!out.join("manifest.json").exists(), "after {delay} ms");
        if delay < 300 {
            std::fs::remove_dir_all(&out).expect("the folder can be removed");
        }
    }

    bench.put("out/unfinished/.kac-a1B2c3.tmp", "particles,ti");
    bench.put("config.toml", GOOD);
    let ended = bench.kac(&["run", "config.toml", "--out", "out"]);
    assert!(!bench.path("out/unfinished").exists());
    assert!(matches!(ended.code, Some(0 | 3)), "{}", ended.stderr);
    assert_whole(&out);
    let manifest = std::fs::read(out.join("manifest.json")).expect("a manifest");
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).expect("JSON");
    let mut vouched: BTreeSet<String> = manifest["files"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|file| file["name"].as_str().expect("a name").to_string())
        .collect();
    vouched.insert("manifest.json".into());
    assert_eq!(bench.names("out"), vouched, "nothing else is left");
}

#[test]
fn only_temporary_files_are_tidied_away() {
    let bench = with_config(GOOD);
    std::fs::create_dir(bench.path("out")).expect("a folder");
    // A run has temporary files in its subfolder only; a report beside it may have one here.
    let kept = ["notes.tmp", ".kac-notes.txt", "mine.csv", ".kac-x.tmp"];
    for name in kept {
        bench.put(format!("out/{name}"), "kept");
    }
    bench.kac(&["run", "config.toml", "--out", "out"]);
    std::fs::create_dir(bench.path("out/unfinished")).expect("a folder");
    let manifest = std::fs::read(bench.path("out/manifest.json")).expect("a manifest");
    let mut killed: serde_json::Value = serde_json::from_slice(&manifest).expect("JSON");
    killed["finished"] = false.into();
    bench.put("out/unfinished/manifest.json", killed.to_string());
    bench.put("out/unfinished/.kac-x.tmp", "half a tab");
    let ended = bench.kac(&["run", "config.toml", "--out", "out"]);
    assert!(matches!(ended.code, Some(0 | 3)), "{}", ended.stderr);
    let names = bench.names("out");
    assert!(kept.iter().all(|name| names.contains(*name)), "{names:?}");
    assert!(!bench.path("out/unfinished").exists());
}

/// A change of a text; places are fractions of its length.
#[derive(Debug, Clone)]
enum Mutation {
    DeleteToken(f64),
    DuplicateToken(f64),
    SwapTokens(f64, f64),
    ReplaceToken(f64, String),
    DeleteCharacter(f64),
    InsertText(f64, String),
    Truncate(f64),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let place = || 0.0..1.0_f64;
    let token = prop_oneof![
        4 => prop::sample::select(vec![
            "0", "-1", "2.5", "1e308", "-1e-320", "nan", "-inf", "9223372036854775808",
            "0x7fffffffffffffff", "1_000", "true", "\"\"", "\"normal\"", "[]", "[[1]]", "{}",
            "{ law = \"point\", value = 1e60 }", "=", "[", "]", "\"", "'''", "#", "\n", "\r\n",
            "1979-05-27", "law", "\"empirical\"", "\"velocities.csv\"", "mean", "a.b.c = 1",
            "[model]", "[[check]]", "\u{feff}", "\u{2028}", "𝕍", "\0",
        ])
        .prop_map(String::from),
        1 => any::<String>(),
        1 => any::<f64>().prop_map(|number| format!("{number:?}")),
        1 => any::<i64>().prop_map(|number| number.to_string()),
    ];
    let token = || token.clone();
    prop_oneof![
        place().prop_map(Mutation::DeleteToken),
        place().prop_map(Mutation::DuplicateToken),
        (place(), place()).prop_map(|(a, b)| Mutation::SwapTokens(a, b)),
        (place(), token()).prop_map(|(at, text)| Mutation::ReplaceToken(at, text)),
        place().prop_map(Mutation::DeleteCharacter),
        (place(), token()).prop_map(|(at, text)| Mutation::InsertText(at, text)),
        place().prop_map(Mutation::Truncate),
    ]
}

/// The runs of word characters, of white space, and the other characters.
fn tokens(text: &str) -> Vec<&str> {
    let kind = |c: char| match c {
        _ if c.is_alphanumeric() || "_-+.".contains(c) => 0,
        ' ' => 1,
        _ => 2,
    };
    let mut tokens = vec![];
    let mut start = 0;
    let characters: Vec<(usize, char)> = text.char_indices().collect();
    for pair in characters.windows(2) {
        let [(_, left), (at, right)] = [pair[0], pair[1]];
        if kind(left) != kind(right) || kind(left) == 2 {
            tokens.push(&text[start..at]);
            start = at;
        }
    }
    tokens.push(&text[start..]);
    tokens
}

fn mutated(text: &str, mutation: &Mutation) -> String {
    let mut tokens = tokens(text);
    let index = |place: f64, length: usize| ((place * length as f64) as usize).min(length - 1);
    let token = |place: f64| index(place, tokens.len());
    let characters: Vec<char> = text.chars().collect();
    let character = |place: f64| index(place, characters.len());
    match mutation {
        Mutation::DeleteToken(at) => {
            tokens.remove(token(*at));
        }
        Mutation::DuplicateToken(at) => {
            let at = token(*at);
            tokens.insert(at, tokens[at]);
        }
        Mutation::SwapTokens(a, b) => {
            let (a, b) = (token(*a), token(*b));
            tokens.swap(a, b);
        }
        Mutation::ReplaceToken(at, new) => {
            let at = token(*at);
            tokens[at] = new;
        }
        Mutation::DeleteCharacter(at) => {
            let at = character(*at);
            let kept = characters.iter().enumerate();
            return kept
                .filter_map(|(index, c)| (index != at).then_some(c))
                .collect();
        }
        Mutation::InsertText(at, new) => {
            let (before, after) = characters.split_at(character(*at));
            return before
                .iter()
                .chain(&new.chars().collect::<Vec<_>>())
                .chain(after)
                .collect();
        }
        Mutation::Truncate(at) => return characters[..character(*at)].iter().collect(),
    }
    tokens.concat()
}

/// [`GOOD`] with the laws that have lists and files.
fn more_laws() -> String {
    let text = edited(
        GOOD,
        "law = \"normal\"\nmean = 0.0\nsd = 2.0\n",
        "law = \"normal-mixture\"\nweights = [0.5, 0.5]\nmeans = [-1.0, 1.0]\nsds = [1, 2]\n",
    );
    let text = edited(
        &text,
        "{ law = \"normal\", mean = 0.5, sd = 1.0 }",
        "{ law = \"discrete\", values = [0.0, 1.0], weights = [0.5, 0.5] }",
    );
    edited(
        &text,
        "{ law = \"uniform\", low = -3.0, high = 5.0 }",
        "{ law = \"empirical\", file = \"velocities.csv\", column = \"v\", shift = 0.5 }",
    )
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 3000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// No text makes the program panic; for a text that is not a config the message names the file
    /// and one of its lines.
    #[test]
    fn mutated_configs_are_read_or_refused(
        laws in any::<bool>(),
        mutations in prop::collection::vec(mutation(), 1..6),
    ) {
        let base = if laws { more_laws() } else { GOOD.to_string() };
        let text = mutations.iter().fold(base, |text, mutation| {
            if text.is_empty() { text } else { mutated(&text, mutation) }
        });
        let bench = with_config(&text);
        bench.put("velocities.csv", "v\n-1\n0\n");
        let path = bench.path("config.toml");
        match load(&path) {
            Ok(_) => {}
            Err(LoadError::Invalid(error)) => {
                let message = error.to_string();
                let rest = message.strip_prefix(&format!("{}:", path.display()));
                let line = rest.and_then(|rest| rest.split_once(": ")).map(|(line, _)| line);
                let line: usize = line.and_then(|line| line.parse().ok()).expect(&message);
                let lines = text.lines().count().max(1);
                prop_assert!((1..=lines).contains(&line), "{lines} lines, but {message}");
                prop_assert!(message.contains("= fix: "), "{message}");
            }
            Err(error) => prop_assert!(false, "the file can be read, but {error}"),
        }
    }
}
