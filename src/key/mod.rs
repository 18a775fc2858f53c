//! Keys of configs. Each is declared once, as a [`Key`]: its name, its values, its default, its unit, its meaning and
//! an example. Reading it from TOML, what is said where it is missing, unknown or wrong, its value in manifests and
//! its row in `docs/config.md` come from the declaration.
//!
//! The parameters of [laws](crate::law) are declared in the same words as the keys of [configs](crate::config).

pub mod kind;
mod range;
pub mod reader;

pub use range::{LARGEST, Range, SMALLEST, Signs};

use kind::Kind;
use reader::{ConfigError, Table};
use serde_json::Value;
use std::ops::RangeInclusive;

/// A key whose values are of a kind `K`, in the description of an `S`.
pub struct Key<S: 'static, K: Kind> {
    /// Its name, without that of its section.
    pub name: &'static str,
    /// The values that it can have.
    pub kind: K,
    /// The value where it is left out; `None` where it must be there.
    pub default: Option<K::Value>,
    /// The unit of its value, if it has one.
    pub unit: Option<&'static str>,
    /// A sentence that says what it is.
    pub meaning: &'static str,
    /// A value, as written in TOML.
    pub example: &'static str,
    /// The advice where it is missing or wrong, if more can be said than [`Kind::fix`] does.
    pub fix: Option<&'static str>,
    /// Its value in an `S`.
    pub of: fn(&S) -> K::Value,
}

impl<S, K: Kind> Key<S, K> {
    /// The advice where it is missing or wrong.
    pub fn fix(&self) -> String {
        let or_not = match self.default() {
            None => String::new(),
            Some(Value::Null) => ", or leave it out".to_string(),
            Some(default) => format!(", or leave it out for {default}"),
        };
        match self.fix {
            Some(fix) => fix.to_string(),
            None => self.kind.fix(self.name, self.example) + &or_not,
        }
    }

    /// Its value in a table, or its default.
    ///
    /// # Errors
    ///
    /// If it is missing and has no default, or is not of its kind.
    pub fn read(&self, table: &Table) -> Result<K::Value, ConfigError> {
        match (table.find(self.name), &self.default) {
            (None, Some(default)) => Ok(default.clone()),
            _ => {
                let fix = self.fix();
                self.kind.read(&table.get(self.name, &fix)?, &fix)
            }
        }
    }

    fn default(&self) -> Option<Value> {
        let default = self.default.as_ref();
        default.map(|value| self.kind.json(value))
    }
}

/// A key or a section that describes a part of an `S`, whatever its kind.
pub trait Declared<S>: Sync {
    /// Its name, without that of its section.
    fn name(&self) -> &'static str;

    /// All that is known of it.
    fn about(&self) -> About;

    /// Its value in an `S`, as in manifests.
    fn json(&self, of: &S) -> Value;
}

impl<S, K: Kind> Declared<S> for Key<S, K> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn about(&self) -> About {
        About {
            name: self.name,
            values: self.kind.values(),
            default: self.default(),
            unit: self.unit,
            meaning: self.meaning,
            example: self.example,
        }
    }

    fn json(&self, of: &S) -> Value {
        self.kind.json(&(self.of)(of))
    }
}

/// All that is known of a key or a section, for those who describe it to others.
#[derive(Debug, Clone, PartialEq)]
pub struct About {
    /// Its name, without that of its section.
    pub name: &'static str,
    /// The values that it can have.
    pub values: Values,
    /// The value where it is left out, null if this is none; `None` where it must be there.
    pub default: Option<Value>,
    /// The unit of its value, if it has one.
    pub unit: Option<&'static str>,
    /// A sentence that says what it is.
    pub meaning: &'static str,
    /// A value, as written in TOML; empty for sections.
    pub example: &'static str,
}

/// The values that a key can have.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Numbers.
    Number(Range),
    /// Whole numbers.
    Whole(RangeInclusive<u64>),
    /// Any text.
    Text,
    /// One of these words.
    Words(Vec<&'static str>),
    /// Lists.
    List(Box<Values>),
    /// Values of either kind.
    Either(Box<[Values; 2]>),
    /// A [law](crate::law) with its parameters, and beside these more keys.
    Law(Vec<About>),
    /// A table with these keys.
    Table(Vec<About>),
}

impl Values {
    /// The range of numbers, or of those in a list.
    pub fn range(&self) -> Option<Range> {
        match self {
            Values::Number(range) => Some(*range),
            Values::List(of) => of.range(),
            _ => None,
        }
    }
}

/// All that is known of some keys.
pub fn about<S>(keys: &[&dyn Declared<S>]) -> Vec<About> {
    keys.iter().map(|key| key.about()).collect()
}

/// The names of some keys.
pub fn names<S>(keys: &[&dyn Declared<S>]) -> Vec<&'static str> {
    keys.iter().map(|key| key.name()).collect()
}
