//! Laws in a config.

use super::reader::{ConfigError, Node, Section};
use crate::law::joint::Joint;
use crate::law::{
    Discrete, Empirical, EmpiricalError, Laplace, Law, LawError, Normal, NormalMixture, Point,
    StudentT, Uniform,
};
use crate::quote::quoted;
use std::collections::BTreeSet;
use std::path::Path;

/// The names of all laws and the keys of their parameters.
const LAWS: &[(&str, &[&str])] = &[
    ("normal", &["law", "mean", "sd"]),
    ("normal-mixture", &["law", "weights", "means", "sds"]),
    ("uniform", &["law", "low", "high"]),
    ("laplace", &["law", "mean", "scale"]),
    ("student-t", &["law", "df", "scale", "location"]),
    ("discrete", &["law", "values", "weights"]),
    ("point", &["law", "value"]),
    ("empirical", &["law", "file", "column", "shift"]),
];

/// The fix where a law should be.
pub const WRITE_A_LAW: &str = "write a law, e.g. { law = \"normal\", mean = 0.0, sd = 1.0 }";

/// How far a bath's mean may be from 0, in standard deviations: rounding.
const BATH_MEAN_TOLERANCE: f64 = 1e-9;

/// How far the mean of an initial law may be from 0, in standard deviations: the
/// rounding of velocities would otherwise show in their differences.
const FURTHEST_MEAN: f64 = 1e12;

/// The law written at `node`; files are looked for from `folder`. Beside the law's own keys there may be `more`.
fn law(node: &Node, folder: &Path, more: &[&'static str]) -> Result<Law, ConfigError> {
    let section = node.table(WRITE_A_LAW)?;
    if section.find("law").is_none() {
        // It may be there, misspelt.
        let keys = LAWS.iter().flat_map(|(_, keys)| keys.iter().copied());
        let every_key: BTreeSet<&str> = keys.chain(more.iter().copied()).collect();
        section.only(&Vec::from_iter(every_key))?;
    }
    let choices: Vec<_> = LAWS.iter().map(|law| (law.0, *law)).collect();
    let (name, keys) = section
        .get("law", "write law = \"normal\", or another of the laws")?
        .one_of(&choices)?;
    section.only(&[keys, more].concat())?;
    match name {
        "normal" => {
            let [mean, sd] = [number(&section, "mean")?, number(&section, "sd")?];
            lift(&section, Normal::new(mean, sd)).map(Law::Normal)
        }
        "normal-mixture" => {
            let lists = ["weights", "means", "sds"].map(|key| numbers(&section, key));
            let [weights, means, sds] = lists;
            lift(&section, NormalMixture::new(weights?, means?, sds?)).map(Law::NormalMixture)
        }
        "uniform" => {
            let [low, high] = [number(&section, "low")?, number(&section, "high")?];
            lift(&section, Uniform::new(low, high)).map(Law::Uniform)
        }
        "laplace" => {
            let [mean, scale] = [number(&section, "mean")?, number(&section, "scale")?];
            lift(&section, Laplace::new(mean, scale)).map(Law::Laplace)
        }
        "student-t" => {
            let [df, scale] = [number(&section, "df")?, number(&section, "scale")?];
            let location = optional(&section, "location")?;
            lift(&section, StudentT::new(df, scale, location)).map(Law::StudentT)
        }
        "discrete" => {
            let [values, weights] = ["values", "weights"].map(|key| numbers(&section, key));
            lift(&section, Discrete::new(values?, weights?)).map(Law::Discrete)
        }
        "point" => lift(&section, Point::new(number(&section, "value")?)).map(Law::Point),
        _ => empirical(&section, folder).map(Law::Empirical),
    }
}

/// The fixes where a joint law cannot be.
const SPHERE_OF: &str = "write law = \"normal\" with mean = 0.0, whose sd times the root of N is the radius, or \
                         leave out `joint`";
const EVEN_ONLY: &str = "write even numbers in model.particles, or another joint";

/// An initial law, and how the particles of the copy hang together.
pub fn initial_law(
    node: &Node,
    folder: &Path,
    particles: &[usize],
) -> Result<(Law, Joint), ConfigError> {
    let law = law_with_spread(node, folder)?;
    let Some(node) = node.table(WRITE_A_LAW)?.find("joint") else {
        return Ok((law, Joint::Product));
    };
    let joint = node.one_of(&Joint::ALL.map(|joint| (joint.name(), joint)))?;
    if !joint.can_be_made_from(&law) {
        let problem = match law {
            Law::Normal(_) => format!("a sphere is about 0, and this law has mean {}", law.mean()),
            _ => format!(
                "a sphere needs the law \"normal\", and this one is \"{}\"",
                law.name()
            ),
        };
        return Err(node.error(problem, SPHERE_OF));
    }
    if let Some(odd) = particles.iter().find(|&&n| !joint.is_possible_for(n)) {
        let problem = format!("it takes an even number of particles, and there are {odd}");
        return Err(node.error(problem, EVEN_ONLY));
    }
    Ok((law, joint))
}

/// A mean that is far away is fine without a spread: differences of constants are
/// right to rounding.
fn law_with_spread(node: &Node, folder: &Path) -> Result<Law, ConfigError> {
    let law = law(node, folder, &["joint"])?;
    let (mean, sd) = (law.mean(), law.variance().sqrt());
    if sd == 0.0 || mean.abs() <= FURTHEST_MEAN * sd {
        return Ok(law);
    }
    let section = node.table(WRITE_A_LAW)?;
    let (key, _) = centring(&law, mean, &section)?;
    Err(section.error(
        Some(key),
        format!(
            "the mean {mean:e} is more than {FURTHEST_MEAN:e} standard deviations from 0, so that the \
             spread drowns in rounding"
        ),
        "bring the mean nearer to 0, or write a law without a spread: law = \"point\"",
    ))
}

/// The law of the bath: mean 0 is required.
pub fn thermostat_law(node: &Node, folder: &Path) -> Result<Law, ConfigError> {
    let law = law(node, folder, &[])?;
    let mean = law.mean();
    if mean.abs() <= BATH_MEAN_TOLERANCE * law.variance().sqrt() {
        return Ok(law);
    }
    let section = node.table(WRITE_A_LAW)?;
    let (key, fix) = centring(&law, mean, &section)?;
    Err(section.error(
        Some(key),
        format!("a bath must have mean 0, and this one has mean {mean}"),
        fix,
    ))
}

/// The key to point at and the edit that centres a law.
fn centring(
    law: &Law,
    mean: f64,
    section: &Section,
) -> Result<(&'static str, String), ConfigError> {
    let centred = |key: &str| -> Result<String, ConfigError> {
        let list = numbers(section, key)?;
        let centred: Vec<f64> = list.iter().map(|value| value - mean).collect();
        let centred = format!("{centred:?}");
        Ok(match quoted(&centred) {
            whole if whole == centred => format!("write {key} = {whole}"),
            _ => format!("subtract {mean:?} from each of {key}"),
        })
    };
    Ok(match law {
        Law::Normal(_) | Law::Laplace(_) => ("mean", "write mean = 0.0".to_string()),
        Law::Uniform(law) => {
            let half = law.half_width();
            (
                "low",
                format!("write low = {:?} and high = {half:?}", -half),
            )
        }
        Law::StudentT(_) => ("location", "write location = 0.0".to_string()),
        Law::Point(_) => ("value", "write value = 0.0".to_string()),
        Law::NormalMixture(_) => ("means", centred("means")?),
        Law::Discrete(_) => ("values", centred("values")?),
        Law::Empirical(_) => {
            let shift = optional(section, "shift")? - mean;
            let key = if section.find("shift").is_some() {
                "shift"
            } else {
                "file"
            };
            (key, format!("write shift = {shift:?} to centre the data"))
        }
    })
}

fn number(section: &Section, key: &str) -> Result<f64, ConfigError> {
    let fix = format!("write {key} = and a finite number");
    section.get(key, &fix)?.number(&fix)
}

fn optional(section: &Section, key: &str) -> Result<f64, ConfigError> {
    let fix = format!("write {key} = and a finite number, or leave it out for 0");
    section.find(key).map_or(Ok(0.0), |node| node.number(&fix))
}

fn numbers(section: &Section, key: &str) -> Result<Vec<f64>, ConfigError> {
    let fix = format!("write {key} = and a list of finite numbers, e.g. [0.5, 0.5]");
    section.get(key, &fix)?.numbers(&fix)
}

/// Give a refused parameter its place in the file.
fn lift<T>(section: &Section, law: Result<T, LawError>) -> Result<T, ConfigError> {
    law.map_err(|error| section.error(Some(error.parameter), error.problem, error.fix))
}

fn empirical(section: &Section, folder: &Path) -> Result<Empirical, ConfigError> {
    let fix = "write file = and the path of a CSV file, from this config's folder";
    let file = section.get("file", fix)?.string(fix)?;
    let fix = "write column = and the name of the column with the velocities";
    let column = section.get("column", fix)?.string(fix)?;
    let shift = optional(section, "shift")?;
    Empirical::from_csv(folder, file, column, shift).map_err(|error| {
        let (key, fix) = match &error {
            EmpiricalError::Law(error) if error.parameter == "shift" => {
                return section.error(Some("shift"), &error.problem, &error.fix);
            }
            EmpiricalError::Unreadable { .. } => ("file", "name a CSV file that can be read"),
            EmpiricalError::NoSuchColumn { .. } => ("column", "name a column of that file"),
            _ => ("file", "mend the data, or name another file or column"),
        };
        section.error(Some(key), error.to_string(), fix)
    })
}
