//! Text of users in messages: short, on one line, and without characters that control a terminal.
//!
//! Everything that a user wrote and a message repeats passes through here: values, keys, names and lines of files.

use std::path::Path;

/// The largest number of characters of a value that are quoted.
pub const LONGEST_QUOTE: usize = 60;

/// The largest number of characters of a file name that are quoted.
const LONGEST_NAME: usize = 240;

/// The text without characters that control a terminal, break a line, change the direction of writing, are invisible,
/// or are not allowed in XML: these are spelt out, as `\n` or `\u{1b}`.
pub fn printable(text: &str) -> String {
    let spelt = |character: char| -> String {
        match character {
            '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fffe}'
            | '\u{ffff}' => character.escape_default().collect(),
            _ if character.is_control() => character.escape_default().collect(),
            _ => character.into(),
        }
    };
    text.chars().map(spelt).collect()
}

/// The first [`LONGEST_QUOTE`] characters of a text, [`printable`], and `…` if there are more.
pub fn quoted(text: &str) -> String {
    first(text, LONGEST_QUOTE)
}

/// The beginning of a file name, [`printable`]; all of it unless it is very long.
pub fn quoted_path(path: &Path) -> String {
    first(&path.to_string_lossy(), LONGEST_NAME)
}

fn first(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => printable(&text[..end]) + "…",
        None => printable(text),
    }
}

/// The candidate that is spelt most like a name, if any is like it: the edit distance of the two is at most a third of
/// the length of the longer one, or 1 where that has two letters. Very long names are like none.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let is_short = |name: &str| name.chars().nth(LONGEST_QUOTE).is_none();
    if !is_short(name) {
        return None;
    }
    let length = |name: &str| name.chars().count();
    let lowercase = name.to_lowercase();
    candidates
        .into_iter()
        .filter(|candidate| is_short(candidate))
        .map(|candidate| {
            let distance = strsim::damerau_levenshtein(&lowercase, &candidate.to_lowercase());
            (distance, candidate)
        })
        .filter(|(distance, candidate)| {
            let longer = length(name).max(length(candidate));
            *distance < longer && *distance <= (longer / 3).max(1)
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_short_and_say_that_they_are_cut() {
        assert_eq!(quoted(&"x".repeat(60)), "x".repeat(60));
        assert_eq!(quoted(&"x".repeat(61)), "x".repeat(60) + "…");
        assert_eq!(quoted(&"速".repeat(1000)), "速".repeat(60) + "…");
        let name = "folder/".repeat(20) + "config.toml";
        assert_eq!(quoted_path(Path::new(&name)), name);
        let long = quoted_path(Path::new(&name.repeat(5)));
        assert_eq!(long.chars().count(), LONGEST_NAME + 1);
    }

    #[test]
    fn control_characters_are_spelt_out() {
        assert_eq!(printable("a\u{1b}[31m\r\n\tb"), "a\\u{1b}[31m\\r\\n\\tb");
        assert_eq!(
            printable("\u{9b}1m\u{202e}\u{feff}"),
            "\\u{9b}1m\\u{202e}\\u{feff}"
        );
        assert_eq!(
            printable("‖Δ‖² \"e\u{301}\" 速度"),
            "‖Δ‖² \"e\u{301}\" 速度"
        );
    }

    #[test]
    fn only_similar_names_are_nearest() {
        let names = ["velocity", "time"];
        assert_eq!(nearest("velocty", names), Some("velocity"));
        assert_eq!(nearest("Time", names), Some("time"));
        assert_eq!(nearest("pressure", names), None);
        assert_eq!(nearest("mo", ["lambda", "mu"]), Some("mu"));
        assert_eq!(nearest("w", ["", "v"]), None);
        assert_eq!(nearest(&"velocity".repeat(100), names), None);
    }
}
