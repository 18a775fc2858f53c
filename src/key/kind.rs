//! Kinds of values: how they are read, described and told.

use super::reader::{ConfigError, Node};
use super::{Range, Values};
use serde_json::{Value, json};
use std::ops::RangeInclusive;

/// A kind of values that a key can have.
pub trait Kind: Sync {
    /// A value.
    type Value: Clone + Sync;

    /// A description of the values.
    fn values(&self) -> Values;

    /// The value that is written at a node.
    ///
    /// # Errors
    ///
    /// If it is none of these; `fix` says what to write.
    fn read(&self, node: &Node, fix: &str) -> Result<Self::Value, ConfigError>;

    /// A value as in manifests.
    fn json(&self, value: &Self::Value) -> Value;

    /// The advice for the key of this name where it is missing or wrong; `example` is a value as written in TOML.
    fn fix(&self, name: &str, example: &str) -> String {
        let written = self.values().in_words();
        format!("write {name} = and {written}, e.g. {name} = {example}")
    }
}

impl Values {
    /// The words for a value as it is written in a config, without its range.
    fn in_words(&self) -> String {
        match self {
            Values::Number(_) => "a finite number".to_string(),
            Values::Whole(_) => "a whole number".to_string(),
            Values::Text => "a line of text in quotes".to_string(),
            Values::Words(words) => format!("one of \"{}\"", words.join("\", \"")),
            Values::List(of) => match **of {
                Values::Number(_) => "a list of finite numbers".to_string(),
                _ => "a list".to_string(),
            },
            Values::Either(kinds) => kinds.each_ref().map(Values::in_words).join(" or "),
            Values::Law(_) => "a law".to_string(),
            Values::Table(_) => "a table".to_string(),
        }
    }
}

/// A number in a range.
pub struct Number(pub Range);

impl Kind for Number {
    type Value = f64;

    fn values(&self) -> Values {
        Values::Number(self.0)
    }

    fn read(&self, node: &Node, fix: &str) -> Result<f64, ConfigError> {
        let number = node.number(fix)?;
        let problem = self.0.problem(number);
        problem.map_or(Ok(number), |problem| Err(node.error(problem, fix)))
    }

    fn json(&self, value: &f64) -> Value {
        json!(value)
    }
}

/// A finite number whose range is checked by what is made of it, which can say more of one that is refused.
pub struct Parameter(pub Range);

impl Kind for Parameter {
    type Value = f64;

    fn values(&self) -> Values {
        Values::Number(self.0)
    }

    fn read(&self, node: &Node, fix: &str) -> Result<f64, ConfigError> {
        node.number(fix)
    }

    fn json(&self, value: &f64) -> Value {
        json!(value)
    }
}

/// A list of finite numbers whose range is checked by what is made of them.
pub struct Parameters(pub Range);

impl Kind for Parameters {
    type Value = Vec<f64>;

    fn values(&self) -> Values {
        Values::List(Box::new(Values::Number(self.0)))
    }

    fn read(&self, node: &Node, fix: &str) -> Result<Vec<f64>, ConfigError> {
        node.numbers(fix)
    }

    fn json(&self, value: &Vec<f64>) -> Value {
        json!(value)
    }
}

/// A whole number in a range.
pub struct Whole(pub RangeInclusive<u64>);

impl Kind for Whole {
    type Value = u64;

    fn values(&self) -> Values {
        Values::Whole(self.0.clone())
    }

    fn read(&self, node: &Node, fix: &str) -> Result<u64, ConfigError> {
        node.whole(*self.0.start(), *self.0.end(), fix)
    }

    fn json(&self, value: &u64) -> Value {
        json!(value)
    }
}

/// A whole number, or a list of them.
pub struct OneOrMore {
    /// The range of each.
    pub each: Whole,
    /// True if a list may have each number only once.
    pub are_distinct: bool,
}

/// A value of [`OneOrMore`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Counts {
    /// A number.
    One(u64),
    /// A list.
    List(Vec<u64>),
}

impl Kind for OneOrMore {
    type Value = Counts;

    fn values(&self) -> Values {
        let list = Values::List(Box::new(self.each.values()));
        Values::Either(Box::new([self.each.values(), list]))
    }

    fn read(&self, node: &Node, fix: &str) -> Result<Counts, ConfigError> {
        if !node.is_list() {
            return self.each.read(node, fix).map(Counts::One);
        }
        let mut list = vec![];
        for entry in node.list(fix)? {
            let number = self.each.read(&entry, fix)?;
            if self.are_distinct && list.contains(&number) {
                return Err(entry.error("is in the list already", "write each number once"));
            }
            list.push(number);
        }
        Ok(Counts::List(list))
    }

    fn json(&self, value: &Counts) -> Value {
        match value {
            Counts::One(number) => json!(number),
            Counts::List(list) => json!(list),
        }
    }
}

/// A text.
pub struct Text;

impl Kind for Text {
    type Value = String;

    fn values(&self) -> Values {
        Values::Text
    }

    fn read(&self, node: &Node, fix: &str) -> Result<String, ConfigError> {
        node.string(fix).map(String::from)
    }

    fn json(&self, value: &String) -> Value {
        json!(value)
    }
}

/// A value that need not be there.
pub struct Optional<K>(pub K);

impl<K: Kind> Kind for Optional<K> {
    type Value = Option<K::Value>;

    fn values(&self) -> Values {
        self.0.values()
    }

    fn read(&self, node: &Node, fix: &str) -> Result<Option<K::Value>, ConfigError> {
        self.0.read(node, fix).map(Some)
    }

    fn json(&self, value: &Option<K::Value>) -> Value {
        value
            .as_ref()
            .map_or(Value::Null, |value| self.0.json(value))
    }
}

/// One of some words.
pub struct OneOf<T: 'static> {
    /// The choices that the words stand for.
    pub all: &'static [T],
    /// The word for each.
    pub word: fn(T) -> &'static str,
}

impl<T: Copy> OneOf<T> {
    fn words(&self) -> impl Iterator<Item = &'static str> {
        self.all.iter().map(|&choice| (self.word)(choice))
    }
}

impl<T: Copy + Sync> Kind for OneOf<T> {
    type Value = T;

    fn values(&self) -> Values {
        Values::Words(self.words().collect())
    }

    fn read(&self, node: &Node, _fix: &str) -> Result<T, ConfigError> {
        let choices: Vec<_> = self.words().zip(self.all.iter().copied()).collect();
        node.one_of(&choices)
    }

    fn json(&self, value: &T) -> Value {
        json!((self.word)(*value))
    }

    fn fix(&self, name: &str, _example: &str) -> String {
        let written = self.words().map(|word| format!("{name} = \"{word}\""));
        format!("write {}", written.collect::<Vec<_>>().join(" or "))
    }
}

/// A kind that takes computation to say.
pub struct Computed<K>(pub fn() -> K);

impl<K: Kind> Kind for Computed<K> {
    type Value = K::Value;

    fn values(&self) -> Values {
        (self.0)().values()
    }

    fn read(&self, node: &Node, fix: &str) -> Result<K::Value, ConfigError> {
        (self.0)().read(node, fix)
    }

    fn json(&self, value: &K::Value) -> Value {
        (self.0)().json(value)
    }
}
