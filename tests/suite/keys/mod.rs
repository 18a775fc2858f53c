//! Each key of a config is as it is declared: its example can be read and comes back in manifests, what is left out is
//! its default, and `docs/config.md` says so.

mod document;

use kac_coupling::config::{keys, load};
use kac_coupling::key::reader::{ConfigError, Source, Table};
use kac_coupling::key::{About, Values};
use kac_coupling::law::{Declaration, LAWS, Law};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// A section, or the top level.
struct Part {
    /// Its header; empty for the top level.
    header: String,
    is_required: bool,
    meaning: &'static str,
    keys: Vec<About>,
}

/// The top level and all sections, in order.
fn parts() -> Vec<Part> {
    let mut parts = vec![Part {
        header: String::new(),
        is_required: true,
        meaning: "These keys stand above all sections; `bath` can also be written as a section, `[bath]`.",
        keys: vec![],
    }];
    for key in keys() {
        let section = |header, keys: &[About]| Part {
            header,
            is_required: key.default.is_none(),
            meaning: key.meaning,
            keys: keys.to_vec(),
        };
        let name = key.name;
        match &key.values {
            Values::Table(keys) => parts.push(section(format!("[{name}]"), keys)),
            Values::List(of) => match &**of {
                Values::Table(keys) => parts.push(section(format!("[[{name}]]"), keys)),
                _ => parts[0].keys.push(key),
            },
            _ => parts[0].keys.push(key),
        }
    }
    parts
}

/// The config of the examples of all required keys, with one key of the part of this header written like this.
fn config(header: &str, name: &str, value: Option<&str>) -> String {
    let mut text = String::new();
    for part in parts() {
        let is_chosen = part.header == header;
        if !part.is_required && !is_chosen {
            continue;
        }
        text += &format!("{}\n", part.header);
        for key in part.keys {
            let written = match value {
                _ if !is_chosen || key.name != name => key.default.is_none().then_some(key.example),
                value => value,
            };
            if let Some(written) = written {
                text += &format!("{} = {written}\n", key.name);
            }
        }
    }
    text
}

/// The resolved config of a text.
fn resolved(text: &str) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.toml");
    std::fs::write(&path, text).unwrap();
    let config = load(&path).unwrap_or_else(|error| panic!("{error}\n{text}"));
    config.resolved()
}

/// The value that a resolved config has for a key in the part of this header.
fn found<'a>(resolved: &'a Value, header: &str, name: &str) -> &'a Value {
    match header.trim_matches(['[', ']']) {
        "" => &resolved[name],
        section if header.starts_with("[[") => &resolved[section][0][name],
        section => &resolved[section][name],
    }
}

#[test]
fn the_example_of_each_key_comes_back_in_the_resolved_config() {
    let mut count = 0;
    for Part { header, keys, .. } in parts() {
        for key in keys {
            let text = config(&header, key.name, Some(key.example));
            let example: Value = toml::from_str(&format!("x = {}", key.example)).unwrap();
            let resolved = resolved(&text);
            assert_eq!(*found(&resolved, &header, key.name), example["x"], "{text}");
            count += 1;
        }
    }
    assert!(count > 20, "{count}");
}

#[test]
fn a_key_that_is_left_out_has_its_default() {
    let mut count = 0;
    for Part { header, keys, .. } in parts() {
        for key in keys {
            let Some(default) = key.default else {
                continue;
            };
            let without = resolved(&config(&header, key.name, None));
            assert_eq!(*found(&without, &header, key.name), default, "{}", key.name);
            if default != Value::Null {
                let written = config(&header, key.name, Some(&default.to_string()));
                assert_eq!(resolved(&written), without, "{written}");
                count += 1;
            }
        }
    }
    assert!(count > 5, "{count}");
}

/// The law of these parameters and values.
fn law(declaration: &Declaration, parameters: &[(&str, String)]) -> Result<Law, ConfigError> {
    let line = |(name, value): &(&str, String)| format!("{name} = {value}\n");
    let text: String = parameters.iter().map(line).collect();
    let path = PathBuf::from("experiments/a.toml");
    let source = Source::new(&path, text.into_bytes()).unwrap();
    let document = source.parse().unwrap();
    declaration.read(&Table::top(&source, &document))
}

/// The parameters of a law with a value for one of them, and for the others their examples.
fn with<'a>(parameters: &'a [About], name: &str, value: &str) -> Vec<(&'a str, String)> {
    let written = |key: &'a About| match key.name == name {
        true => (key.name, value.to_string()),
        false => (key.name, key.example.to_string()),
    };
    parameters.iter().map(written).collect()
}

#[test]
fn parameters_of_laws_have_the_ranges_that_are_declared() {
    let numbers = [
        -1.1e60, -1e60, -1.0, -9e-61, 0.0, 9e-61, 1e-60, 0.25, 0.5, 1.0, 1.1, 2.0, 2.1, 1e6, 1.1e6,
        1e60, 1.1e60,
    ];
    let mut refused = 0;
    for declaration in LAWS.iter().filter(|law| law.name != "empirical") {
        let parameters = declaration.parameters();
        for key in &parameters {
            let range = key.values.range().unwrap();
            for number in numbers {
                let value = match key.values {
                    Values::Number(_) => format!("{number:?}"),
                    _ if key.name == "weights" => format!("[{number:?}, {:?}]", 1.0 - number),
                    _ => format!("[{number:?}, 1.0]"),
                };
                let place = format!("{}: {} = {value}", declaration.name, key.name);
                let law = law(declaration, &with(&parameters, key.name, &value));
                match law {
                    Ok(_) => assert!(range.contains(number), "{place}"),
                    Err(error) if range.contains(number) => {
                        // Only where both ends of an interval are in the wrong order.
                        assert_eq!(declaration.name, "uniform", "{place}: {error}");
                    }
                    Err(error) => {
                        let start = format!("`{}` = {value}: ", key.name);
                        assert!(error.to_string().contains(&start), "{place}: {error}");
                        refused += 1;
                    }
                }
            }
        }
    }
    assert!(refused > 50, "{refused}");
}

#[test]
fn a_parameter_that_is_left_out_has_its_default() {
    let data = "velocities.csv";
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(data), "v\n-1\n1\n").unwrap();
    let parameters = |law: &str| {
        let path = folder.path().join("a.toml");
        let text = config("[initial]", "first", Some(law));
        std::fs::write(&path, &text).unwrap();
        load(&path).unwrap().resolved()["initial"]["first"].clone()
    };
    let mut count = 0;
    for declaration in LAWS {
        let keys = declaration.parameters();
        let written = |is_written: &dyn Fn(&About) -> bool| {
            let keys = keys.iter().filter(|key| is_written(key));
            let keys = keys.map(|key| format!(", {} = {}", key.name, key.example));
            let name = declaration.name;
            format!("{{ law = \"{name}\"{} }}", keys.collect::<String>())
        };
        let all = parameters(&written(&|_| true));
        let required = parameters(&written(&|key| key.default.is_none()));
        for key in &keys {
            let example: Value = toml::from_str(&format!("x = {}", key.example)).unwrap();
            assert_eq!(all[key.name], example["x"], "{}", key.name);
            if let Some(default) = &key.default {
                assert_eq!(required[key.name], *default, "{}", key.name);
                count += 1;
            }
        }
    }
    assert!(count >= 2, "{count}");
}

#[test]
fn committed_manifests_have_the_resolved_configs_of_the_committed_experiments() {
    let mut count = 0;
    for entry in std::fs::read_dir("experiments").unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let tables = Path::new("output/figures/tables").join(path.file_stem().unwrap());
        let Ok(text) = std::fs::read_to_string(tables.join("manifest.json")) else {
            continue;
        };
        let manifest: Value = serde_json::from_str(&text).unwrap();
        let resolved = load(&path).unwrap().resolved();
        // Texts, so that the order of keys counts.
        let [resolved, committed] = [&resolved, &manifest["config"]].map(Value::to_string);
        assert_eq!(resolved, committed, "{}", path.display());
        count += 1;
    }
    assert!(count > 30, "{count}");
}

#[test]
fn the_page_of_keys_is_up_to_date() {
    let page = document::page(&parts());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/config.md");
    if std::env::var_os("KAC_REWRITE").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page,
        "docs/config.md is out of date: run this test with KAC_REWRITE=1"
    );
}
