//! Laws in a config.

use crate::key::kind::{Kind, OneOf};
use crate::key::reader::{ConfigError, Node, Table};
use crate::key::{About, Declared, Key, Range, Values};
use crate::law::joint::Joint;
use crate::law::{Declaration, LAWS, Law};
use crate::text::quote::quoted;
use serde_json::{Value, json};
use std::collections::BTreeSet;

static LAW: Key<Declaration, OneOf<Declaration>> = Key {
    name: "law",
    kind: OneOf {
        all: LAWS,
        word: |law| law.name,
    },
    default: None,
    unit: None,
    meaning: "Name of the law.",
    example: "\"normal\"",
    fix: Some("write law = \"normal\", or another of the laws"),
    of: |law| *law,
};

static JOINT: Key<Joint, OneOf<Joint>> = Key {
    name: "joint",
    kind: OneOf {
        all: &Joint::ALL,
        word: Joint::name,
    },
    default: Some(Joint::Product),
    unit: None,
    meaning: "Dependence between the N particles of a copy at time 0: none (\"product\"), the mirrored pair of Lemma 8, \
              or the uniform law on a sphere.",
    example: "\"mirrored-equal\"",
    fix: None,
    of: |joint| *joint,
};

/// The largest distance of a bath's mean from 0, in standard deviations: it leaves room for
/// rounding.
const BATH_MEAN_TOLERANCE: f64 = 1e-9;

/// The largest distance of the mean of an initial law from 0, in standard deviations: the rounding
/// of velocities would otherwise show in their differences.
const FURTHEST_MEAN: f64 = 1e12;

/// A law as it is written.
struct Written<'a> {
    law: Law,
    declaration: Declaration,
    table: Table<'a>,
}

impl<'a> Written<'a> {
    /// The law at a node; beside its own keys there may be `more`.
    fn read(node: &Node<'a>, fix: &str, more: &[&'static str]) -> Result<Self, ConfigError> {
        let table = node.table(fix)?;
        let keys = |law: &Declaration| -> Vec<&'static str> {
            let parameters = law.parameters().into_iter().map(|key| key.name);
            let all = [LAW.name].into_iter().chain(parameters);
            all.chain(more.iter().copied()).collect()
        };
        if table.find(LAW.name).is_none() {
            // It may be there, misspelt.
            let every_key: BTreeSet<&str> = LAWS.iter().flat_map(keys).collect();
            table.only(&Vec::from_iter(every_key))?;
        }
        let declaration = LAW.read(&table)?;
        table.only(&keys(&declaration))?;
        Ok(Written {
            law: declaration.read(&table)?,
            declaration,
            table,
        })
    }

    /// The parameters that say where the law is.
    fn locations(&self) -> Vec<About> {
        let mut parameters = self.declaration.parameters();
        parameters.retain(|key| key.values.range() == Some(Range::LOCATION));
        parameters
    }

    /// The error that its mean is where it must not be: at a parameter that says where the law is, or, where none of
    /// these is written, at the first of all.
    fn misplaced(&self, problem: String, fix: impl Into<String>) -> ConfigError {
        let all = [self.locations(), self.declaration.parameters()].concat();
        let mut names = all.iter().map(|key| key.name);
        let written = names.find(|key| self.table.find(key).is_some());
        self.table.error(written, problem, fix)
    }

    /// The edit of parameters that centres the law.
    fn centring(&self) -> Result<String, ConfigError> {
        let mean = self.law.mean();
        let mut edits = vec![];
        for key in self.locations() {
            let fix = format!("write {} = {}", key.name, key.example);
            let moved = match self.table.find(key.name) {
                Some(node) if node.is_list() => {
                    let moved = node.numbers(&fix)?.into_iter().map(|value| value - mean);
                    format!("{:?}", moved.collect::<Vec<f64>>())
                }
                Some(node) => format!("{:?}", node.number(&fix)? - mean),
                None => {
                    let default = key.default.as_ref().and_then(Value::as_f64);
                    format!("{:?}", default.unwrap_or_default() - mean)
                }
            };
            if quoted(&moved) != moved {
                return Ok(format!("subtract {mean:?} from each of {}", key.name));
            }
            edits.push(format!("{} = {moved}", key.name));
        }
        Ok(format!("write {}", edits.join(" and ")))
    }
}

/// A law's name and parameters.
fn told(law: &Law) -> Value {
    let mut told = json!({ LAW.name: law.name() });
    for (name, parameter) in law.parameters() {
        told[name] = parameter;
    }
    told
}

/// The law of the bath: mean 0 is required.
pub(super) struct BathLaw;

impl Kind for BathLaw {
    type Value = Law;

    fn values(&self) -> Values {
        Values::Law(vec![])
    }

    fn read(&self, node: &Node, fix: &str) -> Result<Law, ConfigError> {
        let written = Written::read(node, fix, &[])?;
        let (mean, sd) = (written.law.mean(), written.law.variance().sqrt());
        if mean.abs() <= BATH_MEAN_TOLERANCE * sd {
            return Ok(written.law);
        }
        let problem = format!("a bath must have mean 0, and this one has mean {mean}");
        Err(written.misplaced(problem, written.centring()?))
    }

    fn json(&self, value: &Law) -> Value {
        told(value)
    }
}

/// An initial law, and the dependence between the particles of the copy.
pub(super) struct InitialLaw;

impl Kind for InitialLaw {
    type Value = (Law, Joint);

    fn values(&self) -> Values {
        Values::Law(vec![JOINT.about()])
    }

    fn read(&self, node: &Node, fix: &str) -> Result<(Law, Joint), ConfigError> {
        let written = Written::read(node, fix, &[JOINT.name])?;
        let (mean, sd) = (written.law.mean(), written.law.variance().sqrt());
        // A mean that is far away is fine without a spread: differences of constants are right to rounding.
        if sd != 0.0 && mean.abs() > FURTHEST_MEAN * sd {
            let problem = format!(
                "the mean {mean:e} is more than {FURTHEST_MEAN:e} standard deviations from 0, so that the \
                 spread drowns in rounding"
            );
            let fix =
                "bring the mean nearer to 0, or write a law without a spread: law = \"point\"";
            return Err(written.misplaced(problem, fix));
        }
        let Written { law, table, .. } = written;
        let joint = JOINT.read(&table)?;
        if !joint.can_be_made_from(&law) {
            let problem = match law {
                Law::Normal(_) => {
                    format!("a sphere is about 0, and this law has mean {}", law.mean())
                }
                _ => format!(
                    "a sphere needs the law \"normal\", and this one is \"{}\"",
                    law.name()
                ),
            };
            let fix = "write law = \"normal\" with mean = 0.0, whose sd times the root of N is the radius, or \
                       leave out `joint`";
            return Err(table.error(Some(JOINT.name), problem, fix));
        }
        Ok((law, joint))
    }

    fn json(&self, (law, _): &(Law, Joint)) -> Value {
        told(law)
    }

    fn fix(&self, _name: &str, example: &str) -> String {
        format!("write a law, e.g. {example}")
    }
}

/// Refuse a joint law, that of the initial law at `key`, which so many particles cannot have.
pub(super) fn possible(
    joint: Joint,
    particles: &[usize],
    initial: &Table,
    key: &str,
) -> Result<(), ConfigError> {
    let Some(odd) = particles.iter().find(|&&n| !joint.is_possible_for(n)) else {
        return Ok(());
    };
    let fix = "write even numbers in model.particles, or another joint";
    let problem = format!("it takes an even number of particles, and there are {odd}");
    let law = initial.get(key, fix)?.table(fix)?;
    Err(law.error(Some(JOINT.name), problem, fix))
}
