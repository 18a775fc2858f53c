//! Verdicts as annotations of GitHub Actions.

use super::{Judged, sentence, summary, text_with_effort};
use crate::judge::Outcome;
use std::fmt::Write;

/// The table, and after it a workflow command for each verdict that is not as
/// expected, at its check in the config, and one that sums up.
pub fn github(all: &[Judged], coloured: bool) -> String {
    let mut output = text_with_effort(all, coloured);
    for judged in all {
        let file = property(&judged.path.to_string_lossy());
        for entry in judged.entries() {
            let (row, line) = (entry.row, entry.line);
            let level = match row.outcome {
                Outcome::AsExpected => continue,
                Outcome::Undecided => "warning",
                Outcome::Against => "error",
            };
            let title = property(&format!("{} {}", entry.claim, row.sizes()));
            let message = data(&sentence(row));
            let _ = writeln!(
                output,
                "::{level} file={file},line={line},title={title}::{message}"
            );
        }
    }
    let _ = writeln!(output, "::notice title=kac check::{}", data(&summary(all)));
    output
}

/// The message of a workflow command.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// The value of a property of a workflow command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::super::samples::{AWKWARD, judged, row};
    use super::*;

    /// A workflow command.
    #[derive(Debug)]
    struct Command {
        level: String,
        properties: Vec<(String, String)>,
        message: String,
    }

    /// The workflow command in a line, by the rules of GitHub's runner.
    fn command(line: &str) -> Option<Command> {
        let (head, message) = line.trim_start().strip_prefix("::")?.split_once("::")?;
        let (level, properties) = head.split_once(' ')?;
        let data = |text: &str| text.replace("%0D", "\r").replace("%0A", "\n");
        let percent = |text: String| text.replace("%25", "%");
        let pair = |pair: &str| {
            let (key, value) = pair.split_once('=').expect("a property");
            let value = data(value).replace("%3A", ":").replace("%2C", ",");
            (key.to_string(), percent(value))
        };
        Some(Command {
            level: level.to_string(),
            properties: properties.split(',').map(pair).collect(),
            message: percent(data(message)),
        })
    }

    #[test]
    fn awkward_characters_survive() {
        // The second name would be decoded twice by a careless escape.
        for name in [AWKWARD, "%0A%3A%25"] {
            let rows = vec![
                row(Outcome::AsExpected, "HOLDS"),
                row(Outcome::Against, "REFUTED"),
            ];
            let output = github(&[judged(name, rows)], false);
            let commands: Vec<_> = output.lines().filter_map(command).collect();
            let [verdict, last] = &commands[..] else {
                panic!("two commands, not {commands:?}");
            };
            assert_eq!((&*verdict.level, &*last.level), ("error", "notice"));
            let expected = [
                ("file", format!("{name}.toml")),
                ("line", "7".to_string()),
                ("title", "lemma-1 N = 2".to_string()),
            ];
            let expected = expected.map(|(key, value)| (key.to_string(), value));
            assert_eq!(verdict.properties, expected);
            let message = format!("REFUTED where holds is expected: {AWKWARD}");
            assert_eq!(verdict.message, message);
        }
    }
}
