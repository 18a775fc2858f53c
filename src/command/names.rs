//! Names as people write them, and the names that are meant.

/// How alike two names must be, between 0 and 1, for one to be suggested for the other.
const ALIKE: f64 = 0.85;
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

/// What to write instead of a name that does not exist: the names nearest to it, first those that
/// begin with it, or all if none is near.
pub fn suggestion(wanted: &str, names: &[&str]) -> String {
    let wanted = plain(wanted);
    let likeness = |name: &str| {
        let is_longer = !wanted.is_empty() && plain(name).starts_with(&wanted);
        strsim::jaro_winkler(&wanted, &plain(name)) + f64::from(u8::from(is_longer))
    };
    let mut near: Vec<&str> = names.to_vec();
    near.retain(|name| likeness(name) > ALIKE);
    near.sort_by(|a, b| likeness(b).total_cmp(&likeness(a)));
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
            "the nearest names are theorem-6, theorem-7, theorem-6-coupling"
        );
        assert_eq!(suggestion("lema-1", &NAMES), "the nearest name is lemma-1");
        assert_eq!(
            suggestion("theorem-6-c", &NAMES),
            "the nearest names are theorem-6-coupling, theorem-6"
        );
        let all = "choose one of lemma-1, theorem-6, theorem-6-coupling, theorem-7";
        assert_eq!(suggestion("moments", &NAMES), all);
        assert_eq!(suggestion("", &NAMES), all);
    }
}
