//! The types of cells, and the texts that they can have.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use super::Column;
use crate::model::Clock;

/// A type that a cell of a table can hold.
pub trait Cell: Sized {
    /// The words for what a cell must be.
    fn wanted(column: &Column) -> &'static str;

    /// The value of a cell; `None` if its text is not what is wanted.
    fn of(text: &str, column: &Column) -> Option<Self>;
}

/// An empty cell, or one that has a value.
impl<C: Cell> Cell for Option<C> {
    fn wanted(column: &Column) -> &'static str {
        C::wanted(column)
    }

    fn of(text: &str, column: &Column) -> Option<Self> {
        match text {
            "" => Some(None),
            _ => C::of(text, column).map(Some),
        }
    }
}

/// A finite number, or an infinite one where the column can have some; never NaN.
impl Cell for f64 {
    fn wanted(column: &Column) -> &'static str {
        match column.infinite {
            None => "a finite number",
            Some(_) => "a number",
        }
    }

    fn of(text: &str, column: &Column) -> Option<Self> {
        let number: f64 = text.parse().ok()?;
        let fits = number.is_finite() || (column.infinite.is_some() && !number.is_nan());
        fits.then_some(number)
    }
}

macro_rules! parsed {
    ($($type:ty: $wanted:literal,)+) => {
        $(impl Cell for $type {
            fn wanted(_: &Column) -> &'static str {
                $wanted
            }

            fn of(text: &str, _: &Column) -> Option<Self> {
                text.parse().ok()
            }
        })+
    };
}

parsed! {
    usize: "a whole number",
    u64: "a whole number",
    bool: "true or false",
    String: "a word",
}

impl Cell for Clock {
    fn wanted(_: &Column) -> &'static str {
        "the name of a clock"
    }

    fn of(text: &str, _: &Column) -> Option<Self> {
        Clock::ALL.into_iter().find(|clock| clock.name() == text)
    }
}

/// A word. Rows that a run makes have words of the program; words of a file are kept for as long as the program runs,
/// each of them once. A table holds few different ones.
impl Cell for &'static str {
    fn wanted(_: &Column) -> &'static str {
        "a word"
    }

    fn of(text: &str, _: &Column) -> Option<Self> {
        static KEPT: Mutex<BTreeSet<&str>> = Mutex::new(BTreeSet::new());
        let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(word) = kept.get(text) {
            return Some(word);
        }
        let word: &'static str = text.to_owned().leak();
        kept.insert(word);
        Some(word)
    }
}
