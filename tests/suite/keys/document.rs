//! `docs/config.md`, written from the declarations.

use crate::keys::Part;
use kac_coupling::key::{About, Values};
use kac_coupling::law::LAWS;
use serde_json::Value;

const INTRODUCTION: &str = "\
# Keys of a config

A config is a TOML file. These are all of its keys. The page is written from the declarations that configs are read
with, by a test that fails when the page is out of date; `KAC_REWRITE=1 cargo test --release --test suite keys` writes it
anew.

Where the default is *none*, the key may be left out, and nothing is in its place.
";

const LAWS_INTRODUCTION: &str = "
## Laws

A law is a table with the key `law`, the name of the law, and the parameters of the law.
";

/// The whole page.
pub fn page(parts: &[Part]) -> String {
    let sections: String = parts.iter().map(section).collect();
    let keys = parts.iter().flat_map(|part| &part.keys);
    let more = keys.filter_map(|key| match &key.values {
        Values::Law(more) if !more.is_empty() => Some(more),
        _ => None,
    });
    let joint = more
        .take(1)
        .map(|keys| format!("\nAn initial law can have one more key:\n\n{}", table(keys)));
    let law = LAWS.iter().map(|law| {
        let (name, meaning) = (law.name, law.meaning);
        format!(
            "\n### `{name}`\n\n{meaning}\n\n{}",
            table(&law.parameters())
        )
    });
    let laws: String = joint.chain(law).collect();
    [INTRODUCTION, &sections, LAWS_INTRODUCTION, &laws].concat()
}

fn section(part: &Part) -> String {
    let (title, how_often) = match &*part.header {
        "" => ("Top level".to_string(), ""),
        header if part.is_required => (format!("`{header}`"), " Required."),
        header if header.starts_with("[[") => (format!("`{header}`"), " As many as one likes."),
        header => (format!("`{header}`"), " Optional."),
    };
    let (meaning, keys) = (part.meaning, table(&part.keys));
    format!("\n## {title}\n\n{meaning}{how_often}\n\n{keys}")
}

/// A row of a table.
fn line<S: AsRef<str>>(cells: impl IntoIterator<Item = S>) -> String {
    let cell = |cell: S| format!("| {} ", cell.as_ref());
    cells.into_iter().map(cell).collect::<String>() + "|\n"
}

/// A row for each key.
fn table(keys: &[About]) -> String {
    let head = ["key", "values", "default", "unit", "meaning", "example"];
    let row = |key: &About| {
        line([
            format!("`{}`", key.name),
            values(&key.values),
            match &key.default {
                None => "*required*".to_string(),
                Some(Value::Null) => "*none*".to_string(),
                Some(default) => format!("`{default}`"),
            },
            key.unit.unwrap_or("").to_string(),
            key.meaning.to_string(),
            format!("`{}`", key.example),
        ])
    };
    let rows: String = keys.iter().map(row).collect();
    line(head) + &line(head.map(|_| "---")) + &rows
}

/// The values that a key can have, in words.
fn values(of: &Values) -> String {
    match of {
        Values::Number(range) => format!("number: {range}"),
        Values::Whole(range) => {
            format!("whole number from {} to {}", range.start(), range.end())
        }
        Values::Text => "text".to_string(),
        Values::Words(words) => {
            let words = words.iter().map(|word| format!("`\"{word}\"`"));
            words.collect::<Vec<_>>().join(", ")
        }
        Values::List(of) => format!("list; each a {}", values(of)),
        Values::Either(kinds) if kinds[1] == Values::List(Box::new(kinds[0].clone())) => {
            format!("{}, or a list of such numbers", values(&kinds[0]))
        }
        Values::Either(kinds) => kinds.each_ref().map(values).join(", or a "),
        Values::Law(_) => "[law](#laws)".to_string(),
        Values::Table(_) => "table".to_string(),
    }
}
