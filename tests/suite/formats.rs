//! The output of `kac check` for other programs: JSON that meets its schema, JUnit XML that a
//! parser of test reports accepts, annotations of GitHub Actions.
//!
//! Escaping is tested in the modules of the formats; here a file name has characters that need it.

use crate::small::Wanted;
use assert_cmd::Command;
use jsonschema::Validator;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tempfile::TempDir;

/// A name with characters that XML, JSON or GitHub treat specially.
const AWKWARD: &str = "a&'b, 100%.toml";

/// All kinds of verdicts.
const ALL: [Wanted; 3] = [Wanted::AsExpected, Wanted::Against, Wanted::Inconclusive];

/// A config with all three kinds of verdicts, and one whose claim does not decide the first of its
/// N and decides little of the second.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let every = crate::small::config(&ALL);
    std::fs::write(folder.path().join(AWKWARD), every).unwrap();
    let silent = crate::small::config(&[Wanted::AsExpected])
        .replace("[2, 3]", "[1, 2]")
        .replace("theorem-6-coupling", "lemma-2-first");
    std::fs::write(folder.path().join("silent.toml"), silent).unwrap();
    folder
}

/// Standard output of `kac check` on both configs.
fn printed(format: &str) -> String {
    let folder = folder();
    let output = Command::cargo_bin("kac")
        .unwrap()
        .current_dir(folder.path())
        .args(["check", AWKWARD, "silent.toml", "--format", format])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stdout).unwrap()
}

fn document() -> Value {
    serde_json::from_str(&printed("json")).expect("JSON")
}

fn schema() -> Value {
    let text = std::fs::read_to_string("docs/check.schema.json").unwrap();
    serde_json::from_str(&text).unwrap()
}

fn validator() -> Validator {
    let schema = schema();
    jsonschema::meta::validate(&schema).expect("a schema");
    jsonschema::validator_for(&schema).unwrap()
}

#[test]
fn json_meets_its_schema() {
    let document = document();
    let validator = validator();
    let errors: Vec<String> = validator
        .iter_errors(&document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

#[test]
fn json_has_the_verdicts_and_their_numbers() {
    let document = document();
    assert_eq!(document["format"], 2);
    assert_eq!(document["outcome"], "against");
    let configs = document["configs"].as_array().unwrap();
    let of = |key: &str| -> Vec<&Value> { configs.iter().map(|config| &config[key]).collect() };
    assert_eq!(of("name"), ["a&'b, 100%", "silent"]);
    assert_eq!(of("file"), [AWKWARD, "silent.toml"]);
    let verdicts: Vec<_> = (configs[0]["verdicts"].as_array().unwrap().iter())
        .map(|verdict| json!([verdict["particles"], verdict["verdict"], verdict["outcome"]]))
        .collect();
    let expected = [2, 3].map(|particles| {
        [
            json!([particles, "HOLDS", "as-expected"]),
            json!([particles, "HOLDS", "against"]),
            json!([particles, "INCONCLUSIVE", "inconclusive"]),
        ]
    });
    assert_eq!(verdicts, expected.concat());
    let silent = &configs[1]["verdicts"][0];
    assert_eq!(silent["verdict"], "NOT-APPLICABLE");
    assert_eq!(silent["outcome"], "as-expected");
    assert_eq!(silent["estimate"], Value::Null);
}

/// JSON pointers to everything in a document.
fn pointers(value: &Value) -> Vec<String> {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(key, v)| (key.clone(), v)).collect(),
        Value::Array(items) => (items.iter().enumerate())
            .map(|(index, v)| (index.to_string(), v))
            .collect(),
        _ => vec![],
    };
    let mut all = vec![];
    for (key, child) in children {
        all.push(format!("/{key}"));
        all.extend(pointers(child).iter().map(|below| format!("/{key}{below}")));
    }
    all
}

#[test]
fn the_schema_refuses_broken_documents() {
    let validator = validator();
    let good = document();
    let refused = |pointer: &str, wrong: Value| {
        let mut broken = good.clone();
        *broken.pointer_mut(pointer).expect(pointer) = wrong.clone();
        assert!(!validator.is_valid(&broken), "{pointer} = {wrong}");
    };
    for pointer in pointers(&good) {
        // No field is a list of booleans.
        refused(&pointer, json!([true]));
        // No field can be left out.
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        let mut broken = good.clone();
        let parent = broken.pointer_mut(parent).unwrap();
        if let Some(fields) = parent.as_object_mut() {
            fields.shift_remove(key);
            assert!(!validator.is_valid(&broken), "without {pointer}");
        }
    }
    refused("/format", json!(1));
    refused("/outcome", json!("undecided"));
    refused("/configs", json!([]));
    refused("/configs/0/verdicts", json!([]));
    for (key, wrong) in [
        ("claim", json!("Theorem 6")),
        ("clock", json!("third")),
        ("particles", json!(0)),
        ("particles", json!(2.5)),
        ("expect", json!("HOLDS")),
        ("verdict", json!("holds")),
        ("estimate", json!("0.5")),
        ("confidence", json!(1)),
        ("tolerance", json!(0)),
        ("replicas", json!(null)),
        ("evidence", json!("")),
        ("reason", json!("")),
        ("check", json!(0)),
        ("line", json!(0)),
    ] {
        refused(&format!("/configs/0/verdicts/0/{key}"), wrong);
    }
}

fn keys(object: &Value) -> BTreeSet<&str> {
    let fields = object.as_object().expect("an object");
    fields.keys().map(String::as_str).collect()
}

#[test]
fn every_field_is_in_the_schema_and_in_the_documentation() {
    let (document, schema) = (document(), schema());
    let page = std::fs::read_to_string("docs/check-format.md").unwrap();
    for (printed, described) in [
        ("", ""),
        ("/configs/0", "/$defs/config"),
        ("/configs/0/self_checks/0", "/$defs/self_check"),
        ("/configs/0/verdicts/0", "/$defs/verdict"),
    ] {
        let fields = keys(document.pointer(printed).unwrap());
        let described = schema.pointer(&format!("{described}/properties")).unwrap();
        assert_eq!(fields, keys(described));
        for field in fields {
            let row = format!("| `{field}` |");
            assert!(page.contains(&row), "the page has no row {row}");
        }
    }
}

#[test]
fn junit_is_read_by_a_parser_of_test_reports() {
    let report = junit_parser::from_reader(printed("junit").as_bytes()).expect("JUnit XML");
    assert_eq!(report.name, "kac check");
    assert_eq!((report.tests, report.failures, report.errors), (8, 2, 3));
    let skipped: u64 = report.suites.iter().map(|suite| suite.skipped).sum();
    assert_eq!(skipped, 1);
    let names: Vec<&str> = report.suites.iter().map(|suite| &*suite.name).collect();
    assert_eq!(names, ["a&'b, 100%", "silent"]);
    let cases = &report.suites[0].cases;
    let names: Vec<&str> = cases.iter().map(|case| &*case.original_name).collect();
    // The claim is there three times, so the number of the check tells them apart.
    let of = |particles| {
        [1, 2, 3].map(|check| format!("theorem-6-coupling (check {check}) N={particles}"))
    };
    assert_eq!(names, [of(2), of(3)].concat());
    assert_eq!(report.suites[1].cases[0].original_name, "lemma-2-first N=1");
    for (index, case) in cases.iter().enumerate() {
        let is = [
            case.status.is_success(),
            case.status.is_failure(),
            case.status.is_error(),
        ];
        assert!(is[index % 3], "{case:?}");
    }
    assert!(report.suites[1].cases[0].status.is_skipped());
}

#[test]
fn no_two_cases_of_a_report_have_the_same_name() {
    use Wanted::{Against, AsExpected};
    let folder = tempfile::tempdir().unwrap();
    // Three configs have one name, and two checks in one of them share a line.
    let checks = crate::small::config(&[AsExpected, Against, AsExpected]);
    let one = "{ claim = \"theorem-6-coupling\", expect = \"holds\", tolerance = 0.99 }";
    let inline = format!("check = [{one}, {one}]\n{}", crate::small::config(&[]));
    for (place, config) in [("", &checks), ("x", &checks), ("y", &inline)] {
        let place = folder.path().join(place);
        std::fs::create_dir_all(&place).unwrap();
        std::fs::write(place.join("same.toml"), config).unwrap();
    }
    let paths = ["same.toml", "x", "y/same.toml"];
    let printed = |format: &str| {
        let mut command = Command::cargo_bin("kac").unwrap();
        command.current_dir(&folder).arg("check").args(paths);
        let output = command.args(["--format", format]).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stdout).unwrap()
    };
    let report = junit_parser::from_reader(printed("junit").as_bytes()).expect("JUnit XML");
    let suites: Vec<&str> = report.suites.iter().map(|suite| &*suite.name).collect();
    assert_eq!(suites, ["same.toml", "x/same.toml", "y/same.toml"]);
    let cases = report.suites.iter().flat_map(|suite| &suite.cases);
    let names: Vec<_> = cases
        .map(|case| (case.classname.clone(), case.original_name.clone()))
        .collect();
    assert_eq!(names.len(), 2 * (3 + 3 + 2));
    let different: BTreeSet<_> = names.iter().collect();
    assert_eq!(different.len(), names.len(), "{names:?}");

    let document: Value = serde_json::from_str(&printed("json")).expect("JSON");
    let mut places = BTreeSet::new();
    for config in document["configs"].as_array().unwrap() {
        for verdict in config["verdicts"].as_array().unwrap() {
            let of = |key: &str| verdict[key].as_u64().unwrap();
            places.insert((config["file"].to_string(), of("check"), of("particles")));
        }
    }
    assert_eq!(places.len(), names.len(), "{places:?}");

    let github = printed("github");
    let annotations = github.lines().filter(|line| line.starts_with("::error"));
    let heads: Vec<&str> = annotations
        .map(|line| line.rsplit_once("::").unwrap().0)
        .collect();
    assert_eq!(heads.len(), 4, "{github}");
    let different: BTreeSet<&&str> = heads.iter().collect();
    assert_eq!(different.len(), heads.len(), "{heads:?}");
}

#[test]
fn junit_names_the_line_of_each_check() {
    let printed = printed("junit");
    let document = roxmltree::Document::parse(&printed).expect("XML");
    let outputs = document.descendants();
    let outputs = outputs.filter(|node| node.has_tag_name("system-out"));
    let places: Vec<_> = outputs.filter_map(|node| node.text()).take(6).collect();
    let lines = check_lines();
    let expected = [&lines[..], &lines[..]].concat();
    let expected: Vec<_> = (expected.iter())
        .map(|line| format!("{AWKWARD}:{line}"))
        .collect();
    assert_eq!(places, expected);
}

/// An element of a schema: its name, its attributes, those of them that it must
/// have, and the elements in it.
type Element = (
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
    &'static [&'static str],
);

/// The part of all versions of the schema junit-10.xsd of Jenkins (jenkinsci/ xunit-plugin,
/// src/main/resources/org/jenkinsci/plugins/xunit/types/model/xsd) that a report can need. Elements
/// may come in any order.
const JUNIT_10: [Element; 7] = [
    (
        "testsuites",
        &["name", "time", "tests", "failures", "errors"],
        &[],
        &["testsuite"],
    ),
    (
        "testsuite",
        &[
            "name", "tests", "failures", "errors", "time", "skipped", "file",
        ],
        &["name", "tests", "failures", "errors"],
        &["testcase"],
    ),
    (
        "testcase",
        &["name", "time", "classname", "group"],
        &["name"],
        &["skipped", "error", "failure", "system-out"],
    ),
    ("skipped", &["type", "message"], &[], &[]),
    ("error", &["type", "message"], &[], &[]),
    ("failure", &["type", "message"], &[], &[]),
    ("system-out", &[], &[], &[]),
];

/// The parts of a document that a schema does not allow.
fn not_allowed(document: &roxmltree::Document) -> Vec<String> {
    let mut wrong = vec![];
    for node in document.descendants().filter(roxmltree::Node::is_element) {
        let name = node.tag_name().name();
        let Some((_, allowed, needed, inside)) = JUNIT_10.iter().find(|row| row.0 == name) else {
            wrong.push(format!("<{name}>"));
            continue;
        };
        let has: Vec<&str> = node.attributes().map(|found| found.name()).collect();
        let other = has.iter().filter(|found| !allowed.contains(found));
        let missing = needed.iter().filter(|key| !has.contains(key));
        wrong.extend(other.chain(missing).map(|key| format!("<{name} {key}>")));
        let children = node.children().filter(roxmltree::Node::is_element);
        let children = children.map(|child| child.tag_name().name());
        let strangers = children.filter(|child| !inside.contains(child));
        wrong.extend(strangers.map(|child| format!("<{name}><{child}>")));
    }
    wrong
}

#[test]
fn junit_meets_the_schema_of_jenkins() {
    let printed = printed("junit");
    let wrong = |text: &str| not_allowed(&roxmltree::Document::parse(text).expect("XML"));
    assert_eq!(wrong(&printed), [""; 0]);
    for (from, to, says) in [
        (
            "<testcase name",
            "<testcase line=\"7\" name",
            "<testcase line>",
        ),
        ("<testcase name", "<testcase title", "<testcase title>"),
        (
            "<testsuites name",
            "<testsuites skipped=\"1\" name",
            "<testsuites skipped>",
        ),
        (
            "</testsuites>",
            "<failure/></testsuites>",
            "<testsuites><failure>",
        ),
    ] {
        let broken = wrong(&printed.replacen(from, to, 1));
        assert!(broken.iter().any(|found| found == says), "{broken:?}");
    }
}

/// The lines, from 1, of the sections `[[check]]`.
fn check_lines() -> Vec<u64> {
    let text = crate::small::config(&ALL);
    let lines = (1..).zip(text.lines());
    let checks = lines.filter(|(_, line)| *line == "[[check]]");
    checks.map(|(number, _)| number).collect()
}

/// A text without its last line, which gives the duration.
fn untimed(text: &str) -> &str {
    let (rest, last) = text.trim_end().rsplit_once('\n').expect("lines");
    assert!(last.contains(" collisions in "), "{last}");
    rest
}

#[test]
fn github_gets_the_table_and_then_annotations() {
    let printed = printed("github");
    let at = printed.find("::").expect("a workflow command");
    let (table, annotations) = printed.split_at(at);
    assert_eq!(untimed(table), untimed(&self::printed("text")));
    let commands: Vec<&str> = annotations.lines().collect();
    let lines = check_lines();
    let start = |level: &str, place: &str, check: usize, title: &str, says: &str| {
        let line = lines[check];
        format!("::{level} file={place},line={line},title={title}::{says} is expected: ")
    };
    let undecided = "INCONCLUSIVE where holds";
    let mut expected = vec![];
    for particles in [2, 3] {
        let place = "a&'b%2C 100%25.toml";
        let title = |check| format!("theorem-6-coupling (check {check}) N = {particles}");
        expected.push(start("error", place, 1, &title(2), "HOLDS where refuted"));
        expected.push(start("warning", place, 2, &title(3), undecided));
    }
    let title = "lemma-2-first N = 2";
    expected.push(start("warning", "silent.toml", 0, title, undecided));
    assert_eq!(commands.len(), expected.len() + 1, "{annotations}");
    for (command, start) in commands.iter().zip(&expected) {
        assert!(command.starts_with(start), "{command}\n{start}");
    }
    let last = commands[expected.len()];
    let counts = "::notice title=kac check::3 as expected, 2 against, 3 inconclusive; ";
    assert!(last.starts_with(counts), "{last}");
}
