//! Words of messages.

use std::fmt::Display;

/// A number and what it counts: "1 entry", "2 entries".
pub fn counted<T: Display + PartialEq + From<u8>>(count: T, one: &str, several: &str) -> String {
    let word = if count == T::from(1) { one } else { several };
    format!("{count} {word}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_singular_and_every_other_number_plural() {
        let entries = |count: u64| counted(count, "entry", "entries");
        assert_eq!(
            [0, 1, 2].map(entries),
            ["0 entries", "1 entry", "2 entries"]
        );
    }
}
