//! A config that runs in milliseconds, with the verdicts that a test asks for.

/// The relation of a verdict to the expected one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    AsExpected,
    Against,
    Inconclusive,
}

const EXPERIMENT: &str = r#"seed = 2016
replicas = 100

[model]
particles = [2, 3]
lambda = 1.25
mu = 0.75
clock = "theorem6"

[bath]
law = "normal"
mean = 0.0
sd = 2.0

[initial]
first = { law = "normal", mean = 0.5, sd = 1.0 }
second = { law = "uniform", low = -3.0, high = 5.0 }

[time]
end = 1.5
points = 7
"#;

/// A config with these checks, of two N.
pub fn config(checks: &[Wanted]) -> String {
    // 100 pairs leave the rate a standard error of about 0.1: a tolerance of
    // 0.99 is wide enough, one of 1e-9 is not.
    let check = |wanted: &Wanted| {
        let (expect, tolerance) = match wanted {
            Wanted::AsExpected => ("holds", "0.99"),
            Wanted::Against => ("refuted", "0.99"),
            Wanted::Inconclusive => ("holds", "1e-9"),
        };
        format!(
            "\n[[check]]\nclaim = \"theorem-6-coupling\"\nexpect = \"{expect}\"\ntolerance = {tolerance}\nconfidence = 0.9\n"
        )
    };
    EXPERIMENT.to_string() + &checks.iter().map(check).collect::<String>()
}
