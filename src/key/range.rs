//! Ranges of numbers.

use std::fmt;

/// Velocities, times and rates that are not 0 have at least this magnitude, so that their fourth powers stay normal
/// numbers.
pub const SMALLEST: f64 = 1e-60;

/// Velocities, times and rates have at most this magnitude, so that their fourth powers stay finite.
pub const LARGEST: f64 = 1e60;

/// The numbers that a key can have.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Range {
    /// All above 0.
    Positive,
    /// All between two, these excluded.
    Between(f64, f64),
    /// All from one to another, both included.
    FromTo(f64, f64),
    /// All above one, up to another, which is included.
    AboveTo(f64, f64),
    /// Magnitudes from [`SMALLEST`] to [`LARGEST`].
    Moderate(Signs),
}

/// The signs of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signs {
    /// Positive numbers.
    Positive,
    /// Positive numbers and 0.
    NotNegative,
    /// All.
    Any,
}

impl Range {
    /// True if a number is in it.
    pub fn contains(self, number: f64) -> bool {
        self.problem(number).is_none()
    }

    /// The fault of a number that is not in it, in words after the number.
    pub fn problem(self, number: f64) -> Option<String> {
        let is_moderate = (SMALLEST..=LARGEST).contains(&number.abs());
        let is_inside = match self {
            Range::Positive => number > 0.0 && number.is_finite(),
            Range::Between(low, high) => low < number && number < high,
            Range::FromTo(low, high) => (low..=high).contains(&number),
            Range::AboveTo(low, high) => low < number && number <= high,
            Range::Moderate(Signs::Positive) => number > 0.0 && is_moderate,
            Range::Moderate(Signs::NotNegative) => number == 0.0 || (number > 0.0 && is_moderate),
            Range::Moderate(Signs::Any) => number == 0.0 || is_moderate,
        };
        (!is_inside).then(|| match self {
            Range::Positive => "is not a positive number".to_string(),
            Range::Moderate(Signs::Positive) if number <= 0.0 => "is not positive".to_string(),
            Range::Moderate(Signs::NotNegative) if number < 0.0 => "is negative".to_string(),
            Range::Moderate(_) => format!("is not between {SMALLEST:e} and {LARGEST:e}"),
            _ => format!("is out of range: it must be {self}"),
        })
    }
}

impl fmt::Display for Range {
    /// In words, after "is" or "must be".
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Range::Positive => write!(f, "above 0"),
            Range::Between(low, high) => write!(f, "above {low} and below {high}"),
            Range::FromTo(low, high) => write!(f, "from {low} to {high}"),
            Range::AboveTo(low, high) => write!(f, "above {low}, up to {high}"),
            Range::Moderate(signs) => {
                let start = match signs {
                    Signs::Positive => "",
                    Signs::NotNegative => "0 or ",
                    Signs::Any => "0 or of magnitude ",
                };
                write!(f, "{start}from {SMALLEST:e} to {LARGEST:e}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_contain_their_ends_where_they_say_so() {
        let cases = [
            (Range::Positive, [0.0, f64::INFINITY], [5e-324, f64::MAX]),
            (Range::Between(0.0, 1.0), [0.0, 1.0], [1e-300, 0.999]),
            (Range::FromTo(0.5, 0.75), [0.49, 0.76], [0.5, 0.75]),
            (Range::AboveTo(2.0, 1e6), [2.0, 1.1e6], [2.1, 1e6]),
            (
                Range::Moderate(Signs::Positive),
                [0.0, 1.1e60],
                [1e-60, 1e60],
            ),
            (
                Range::Moderate(Signs::NotNegative),
                [-1.0, 9e-61],
                [0.0, 1e60],
            ),
            (Range::Moderate(Signs::Any), [-2e60, -9e-61], [0.0, -1e60]),
        ];
        for (range, outside, inside) in cases {
            for number in outside.into_iter().chain([f64::NAN]) {
                assert!(!range.contains(number), "{range:?} {number}");
            }
            for number in inside {
                assert!(range.contains(number), "{range:?} {number}");
            }
        }
    }
}
