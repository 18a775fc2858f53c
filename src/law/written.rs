//! Laws as they are written in configs: their names and the declarations of their parameters.

use super::{Distribution, Law, LawError};
use crate::key::kind::{Parameter, Parameters};
use crate::key::reader::{ConfigError, Table};
use crate::key::{About, Declared, Range, Signs, about};
use serde_json::Value;

impl Range {
    /// The range of parameters that say where a law is: it moves by d if d is added to all of these.
    pub const LOCATION: Range = Range::Moderate(Signs::Any);
}

impl Parameter {
    pub(super) const LOCATION: Parameter = Parameter(Range::LOCATION);
    pub(super) const SCALE: Parameter = Parameter(Range::Moderate(Signs::Positive));
}

impl Parameters {
    pub(super) const LOCATIONS: Parameters = Parameters(Range::LOCATION);
    pub(super) const SCALES: Parameters = Parameters(Range::Moderate(Signs::Positive));
    pub(super) const WEIGHTS: Parameters = Parameters(Range::FromTo(0.0, 1.0));
}

/// The unit of locations and scales.
pub(super) const VELOCITY: Option<&str> = Some("velocity");

/// A law that can be written in a config.
pub(super) trait Written: Distribution + Into<Law> + 'static {
    /// Its name.
    const NAME: &'static str;
    /// A sentence that says what it is.
    const MEANING: &'static str;
    /// Its parameters.
    const PARAMETERS: &'static [&'static dyn Declared<Self>];

    /// The law with the parameters that a table has.
    fn read(table: &Table) -> Result<Self, ConfigError>;

    /// Its parameters by name, with the values that it has.
    fn parameters(&self) -> Vec<(&'static str, Value)> {
        let value = |key: &&dyn Declared<Self>| (key.name(), key.json(self));
        Self::PARAMETERS.iter().map(value).collect()
    }
}

/// A law as declared, without values of its parameters.
#[derive(Debug, Clone, Copy)]
pub struct Declaration {
    /// Its name.
    pub name: &'static str,
    /// A sentence that says what it is.
    pub meaning: &'static str,
    parameters: fn() -> Vec<About>,
    read: fn(&Table) -> Result<Law, ConfigError>,
}

impl Declaration {
    pub(super) const fn of<L: Written>() -> Self {
        Declaration {
            name: L::NAME,
            meaning: L::MEANING,
            parameters: || about(L::PARAMETERS),
            read: |table| L::read(table).map(L::into),
        }
    }

    /// The keys of its parameters.
    pub fn parameters(&self) -> Vec<About> {
        (self.parameters)()
    }

    /// The law with the parameters that a table has.
    ///
    /// # Errors
    ///
    /// If one is missing, or cannot be.
    pub fn read(&self, table: &Table) -> Result<Law, ConfigError> {
        (self.read)(table)
    }
}

/// Give a refused parameter its place in the file.
pub(super) fn placed<L>(table: &Table, law: Result<L, LawError>) -> Result<L, ConfigError> {
    law.map_err(|error| table.error(Some(error.parameter), error.problem, error.fix))
}
