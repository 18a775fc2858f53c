//! Verdicts as JUnit XML.

use super::{Judged, labels, sentence};
use crate::judge::{Outcome, Verdict, VerdictRow};
use crate::text::quote::printable;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, Writer};
use std::time::Duration;

/// A test suite per config with the seconds it took, a test case per check and N, or for all N, in the schema
/// junit-10 of Jenkins: a case has no place in a file there, so its output names it. No two suites,
/// and no two cases of a suite, have the same name. A verdict against expectation is a failure, an
/// undecided one an error; where a claim says nothing, the case is skipped.
pub fn junit(all: &[Judged]) -> String {
    let mut report = Report::new("kac check");
    report.set_time(all.iter().map(|judged| judged.duration).sum::<Duration>());
    let labels = labels(all);
    let suites = all.iter().zip(&labels);
    report.add_test_suites(suites.map(|(judged, label)| suite(judged, label)));
    let text = report.to_string();
    let text = text.expect("a report of plain strings can be serialised");
    without_skipped_at_root(&text).expect("a report that was just written can be read")
}

/// The report without the number of skipped cases in its root: the schema has it in suites only.
fn without_skipped_at_root(report: &str) -> quick_xml::Result<String> {
    let mut reader = Reader::from_str(report);
    let mut writer = Writer::new(vec![]);
    loop {
        match reader.read_event()? {
            Event::Eof => break,
            Event::Start(tag) if tag.name().as_ref() == "testsuites" => {
                let attributes = tag.attributes().flatten();
                let kept = attributes.filter(|attribute| attribute.key.as_ref() != "skipped");
                let root = BytesStart::new("testsuites").with_attributes(kept);
                writer.write_event(Event::Start(root))?;
            }
            event => writer.write_event(event)?,
        }
    }
    let bytes = writer.into_inner();
    Ok(String::from_utf8(bytes).expect("what was text is text"))
}

fn is_skipped(row: &VerdictRow) -> bool {
    row.outcome == Outcome::AsExpected && row.verdict == Verdict::NotApplicable.name()
}

fn suite(judged: &Judged, name: &str) -> TestSuite {
    let file = printable(&judged.path.to_string_lossy());
    let mut suite = TestSuite::new(name);
    suite.set_time(judged.duration);
    suite.extra.insert("file".into(), file.as_str().into());
    for entry in judged.entries() {
        let sizes = entry.row.sizes().replace(" = ", "=");
        let title = format!("{} {sizes}", entry.claim);
        let mut case = TestCase::new(title, status(entry.row));
        case.set_classname(name);
        case.set_system_out(format!("{file}:{}", entry.line));
        suite.add_test_case(case);
    }
    suite
}

fn status(row: &VerdictRow) -> TestCaseStatus {
    let mut status = match row.outcome {
        Outcome::AsExpected if is_skipped(row) => TestCaseStatus::skipped(),
        Outcome::AsExpected => return TestCaseStatus::success(),
        Outcome::Undecided => TestCaseStatus::non_success(NonSuccessKind::Error),
        Outcome::Against => TestCaseStatus::non_success(NonSuccessKind::Failure),
    };
    status.set_type(row.verdict);
    status.set_message(printable(&sentence(row)));
    status
}

#[cfg(test)]
mod tests {
    use super::super::samples::{AWKWARD, judged, row};
    use super::*;
    use junit_parser::{TestCase, TestSuites};

    fn all() -> Vec<Judged> {
        let rows = vec![
            row(Outcome::AsExpected, "HOLDS"),
            row(Outcome::AsExpected, "NOT-APPLICABLE"),
            row(Outcome::Undecided, "INCONCLUSIVE"),
            row(Outcome::Against, "REFUTED"),
            row(Outcome::Against, "VOID"),
        ];
        vec![
            judged("first", rows),
            judged(AWKWARD, vec![row(Outcome::Against, "VOID")]),
        ]
    }

    fn parsed(xml: &str) -> TestSuites {
        junit_parser::from_reader(xml.as_bytes()).expect("JUnit XML")
    }

    #[test]
    fn counts_are_those_of_the_cases() {
        let report = parsed(&junit(&all()));
        let sum = |count: fn(&junit_parser::TestSuite) -> u64| -> u64 {
            report.suites.iter().map(count).sum()
        };
        assert_eq!(report.tests, sum(|suite| suite.tests));
        assert_eq!(report.failures, sum(|suite| suite.failures));
        assert_eq!(report.errors, sum(|suite| suite.errors));
        let skipped = sum(|suite| suite.skipped);
        assert_eq!(
            (report.tests, report.failures, report.errors, skipped),
            (6, 3, 1, 1)
        );
        for suite in &report.suites {
            let count = |kind: fn(&TestCase) -> bool| {
                suite.cases.iter().filter(|case| kind(case)).count() as u64
            };
            assert_eq!(suite.tests, count(|_| true));
            assert_eq!(suite.failures, count(|case| case.status.is_failure()));
            assert_eq!(suite.errors, count(|case| case.status.is_error()));
            assert_eq!(suite.skipped, count(|case| case.status.is_skipped()));
        }
    }

    #[test]
    fn awkward_characters_survive() {
        let xml = junit(&all());
        // Unlike the parser of reports, this one insists on every rule of XML
        // and turns newlines in attributes into spaces, as it has to.
        let document = roxmltree::Document::parse(&xml).expect("well-formed XML");
        let spelt = "‖Δ‖² < 1 & μ > 0, \"so: it's 100%\"\\r\\n\\t\\u{0}\\u{1b}[31m\\u{fffe}速度";
        let failures = document
            .descendants()
            .filter(|node| node.has_tag_name("failure"));
        let messages: Vec<_> = failures.map(|node| node.attribute("message")).collect();
        let message = |verdict| format!("{verdict} where holds is expected: {spelt}");
        let (refuted, void) = (message("REFUTED"), message("VOID"));
        let expected = [&refuted, &void, &void].map(|text| Some(text.as_str()));
        assert_eq!(messages, expected);

        let suite = &parsed(&xml).suites[1];
        assert_eq!(suite.name, spelt);
        let mut places = document
            .descendants()
            .filter(|node| node.has_tag_name("system-out"));
        let place = format!("{spelt}.toml:7");
        assert_eq!(places.next_back().unwrap().text(), Some(&*place));
        assert_eq!(suite.cases[0].status.failure_as_ref().message, void);
    }

    #[test]
    fn the_parsers_refuse_what_is_broken() {
        let xml = junit(&all());
        let unclosed = xml.replace("</testsuites>", "");
        assert!(junit_parser::from_reader(unclosed.as_bytes()).is_err());
        let number = xml.replace("tests=\"6\"", "tests=\"six\"");
        assert!(junit_parser::from_reader(number.as_bytes()).is_err());
        let control = xml.replace("first", "\u{1b}");
        assert!(roxmltree::Document::parse(&control).is_err());
    }
}
