//! Names as people write them, and the names that are meant.

use crate::text::quote::nearest;

/// Suggestions in a message, at most.
const MOST: usize = 3;

/// Letters and digits of a name, in lower case: what stays the same if "theorem-7" is written
/// "Theorem 7".
fn plain(name: &str) -> String {
    let kept = name.chars().filter(|character| character.is_alphanumeric());
    kept.flat_map(char::to_lowercase).collect()
}

/// The one of `names` that is meant.
pub fn meant(wanted: &str, names: &[&'static str]) -> Option<&'static str> {
    let wanted = plain(wanted);
    names.iter().copied().find(|name| plain(name) == wanted)
}

/// The advice on a name that does not exist: the names that begin with it, else the one nearest to
/// it, or all if none is near.
pub fn suggestion(wanted: &str, names: &[&str]) -> String {
    let start = plain(wanted);
    let begins = |name: &&str| !start.is_empty() && plain(name).starts_with(&start);
    let mut near: Vec<&str> = names.iter().copied().filter(begins).collect();
    if near.is_empty() {
        near.extend(nearest(wanted, names.iter().copied()));
    }
    near.truncate(MOST);
    match near[..] {
        [] => format!("choose one of {}", names.join(", ")),
        [nearest] => format!("the nearest name is {nearest}"),
        _ => format!("the nearest names are {}", near.join(", ")),
    }
}

/// Names in a line of text.
pub fn joined(names: &[&str]) -> String {
    match names {
        [] => "none".to_string(),
        _ => names.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 4] = ["lemma-1", "theorem-6", "theorem-6-coupling", "theorem-7"];

    #[test]
    fn spelling_does_not_matter() {
        for written in [
            "theorem-7",
            "theorem7",
            "Theorem 7",
            "THEOREM_7",
            " theorem 7 ",
        ] {
            assert_eq!(meant(written, &NAMES), Some("theorem-7"), "{written}");
        }
        for written in ["", "theorem", "theorem-77", "7"] {
            assert_eq!(meant(written, &NAMES), None, "{written}");
        }
    }

    #[test]
    fn the_nearest_names_come_first_and_all_where_none_is_near() {
        assert_eq!(
            suggestion("theorem-66", &NAMES),
            "the nearest name is theorem-6"
        );
        assert_eq!(
            suggestion("Theorem", &NAMES),
            "the nearest names are theorem-6, theorem-6-coupling, theorem-7"
        );
        assert_eq!(suggestion("lema-1", &NAMES), "the nearest name is lemma-1");
        assert_eq!(
            suggestion("theorem-6-c", &NAMES),
            "the nearest name is theorem-6-coupling"
        );
        let all = "choose one of lemma-1, theorem-6, theorem-6-coupling, theorem-7";
        assert_eq!(suggestion("moments", &NAMES), all);
        assert_eq!(suggestion("", &NAMES), all);
    }
}
