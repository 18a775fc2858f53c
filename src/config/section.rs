//! Sections of a config.

use crate::experiment::Experiment;
use crate::key::reader::{ConfigError, Node, Table};
use crate::key::{About, Declared, Values, about, names};
use serde_json::{Map, Value, json};

/// A section whose keys describe an `S`.
pub(super) struct Section<S: 'static> {
    /// Its name.
    pub name: &'static str,
    /// The number of times that a config has it.
    pub occurs: Occurs<S>,
    /// A sentence that says what it is for.
    pub meaning: &'static str,
    /// Its keys.
    pub keys: &'static [&'static dyn Declared<S>],
}

/// The number of times that a config has a section, and the parts of an experiment that it describes.
pub(super) enum Occurs<S: 'static> {
    /// Once.
    Once(fn(&Experiment) -> &S),
    /// Once or not at all.
    AtMostOnce(fn(&Experiment) -> Option<&S>),
    /// As many times as one likes.
    AnyNumber(fn(&Experiment) -> &[S]),
}

impl<S> Section<S> {
    /// The advice where it is missing or is no table.
    fn fix(&self) -> String {
        let Section { name, keys, .. } = self;
        let required = keys.iter().filter(|key| key.about().default.is_none());
        let mut required: Vec<_> = required.map(|key| key.name()).collect();
        if required.is_empty() {
            required = names(keys);
        }
        let keys = match required.split_last() {
            Some((last, others)) if !others.is_empty() => {
                format!("{} and {last}", others.join(", "))
            }
            _ => required.concat(),
        };
        match self.occurs {
            Occurs::Once(_) => format!("add a section [{name}] with {keys}"),
            Occurs::AtMostOnce(_) => {
                format!("write a section [{name}] with {keys}, or leave it out")
            }
            Occurs::AnyNumber(_) => format!("write each {name} as a section [[{name}]]"),
        }
    }

    fn open<'a>(&self, node: &Node<'a>) -> Result<Table<'a>, ConfigError> {
        let table = node.table(&self.fix())?;
        table.only(&names(self.keys))?;
        Ok(table)
    }

    /// The section, which must be there.
    pub fn required<'a>(&self, top: &Table<'a>) -> Result<Table<'a>, ConfigError> {
        self.open(&top.get(self.name, &self.fix())?)
    }

    /// The section, if it is there.
    pub fn optional<'a>(&self, top: &Table<'a>) -> Result<Option<Table<'a>>, ConfigError> {
        let node = top.find(self.name);
        node.map(|node| self.open(&node)).transpose()
    }

    /// All sections of this name.
    pub fn all<'a>(&self, top: &Table<'a>) -> Result<Vec<Table<'a>>, ConfigError> {
        let list = top.find(self.name).map(|node| node.list(&self.fix()));
        let nodes = list.transpose()?.unwrap_or_default();
        nodes.iter().map(|node| self.open(node)).collect()
    }

    fn object(&self, of: &S) -> Value {
        let entry = |key: &&dyn Declared<S>| (key.name().to_string(), key.json(of));
        Value::Object(self.keys.iter().map(entry).collect::<Map<_, _>>())
    }
}

impl<S> Declared<Experiment> for Section<S> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn about(&self) -> About {
        let table = Values::Table(about(self.keys));
        let (values, default) = match self.occurs {
            Occurs::Once(_) => (table, None),
            Occurs::AtMostOnce(_) => (table, Some(Value::Null)),
            Occurs::AnyNumber(_) => (Values::List(Box::new(table)), Some(json!([]))),
        };
        About {
            name: self.name,
            values,
            default,
            unit: None,
            meaning: self.meaning,
            example: "",
        }
    }

    fn json(&self, experiment: &Experiment) -> Value {
        match self.occurs {
            Occurs::Once(of) => self.object(of(experiment)),
            Occurs::AtMostOnce(of) => of(experiment).map_or(Value::Null, |plan| self.object(plan)),
            Occurs::AnyNumber(of) => of(experiment).iter().map(|one| self.object(one)).collect(),
        }
    }
}
