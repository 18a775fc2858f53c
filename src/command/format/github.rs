//! Verdicts as annotations of GitHub Actions.

use super::{Judged, sentence, summary, text};
use crate::judge::Outcome;
use std::fmt::Write;

/// The table, and after it a workflow command for each verdict that is not as
/// expected, at its check in the config, and one that sums up.
pub fn github(all: &[Judged]) -> String {
    let mut output = text(all);
    for judged in all {
        let file = property(&judged.path.to_string_lossy());
        for (line, row) in judged.with_lines() {
            let level = match row.outcome {
                Outcome::AsExpected => continue,
                Outcome::Undecided => "warning",
                Outcome::Against => "error",
            };
            let title = property(&format!("{} N = {}", row.claim, row.particles));
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

    type Properties = Vec<(String, String)>;

    /// Level, properties and message of a workflow command, by the rules of
    /// GitHub's runner.
    fn command(line: &str) -> Option<(String, Properties, String)> {
        let (head, message) = line.trim_start().strip_prefix("::")?.split_once("::")?;
        let (level, properties) = head.split_once(' ')?;
        let data = |text: &str| text.replace("%0D", "\r").replace("%0A", "\n");
        let percent = |text: String| text.replace("%25", "%");
        let pair = |pair: &str| {
            let (key, value) = pair.split_once('=').expect("a property");
            let value = data(value).replace("%3A", ":").replace("%2C", ",");
            (key.to_string(), percent(value))
        };
        let properties = properties.split(',').map(pair).collect();
        Some((level.to_string(), properties, percent(data(message))))
    }

    #[test]
    fn awkward_characters_survive() {
        // The second name would be decoded twice by a careless escape.
        for name in [AWKWARD, "%0A%3A%25"] {
            let rows = vec![
                row(Outcome::AsExpected, "HOLDS"),
                row(Outcome::Against, "REFUTED"),
            ];
            let output = github(&[judged(name, rows)]);
            let commands: Vec<_> = output.lines().filter_map(command).collect();
            let [(level, properties, message), (last, _, _)] = &commands[..] else {
                panic!("two commands, not {commands:?}");
            };
            assert_eq!((level.as_str(), last.as_str()), ("error", "notice"));
            let expected = [
                ("file", format!("{name}.toml")),
                ("line", "7".to_string()),
                ("title", "lemma-1 N = 2".to_string()),
            ];
            assert_eq!(properties[..], expected.map(|(k, v)| (k.to_string(), v)));
            assert_eq!(
                message,
                &format!("REFUTED where holds is expected: {AWKWARD}")
            );
        }
    }
}
