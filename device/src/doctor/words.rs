//! The findings as a person reads them.
//!
//! In: findings. Out: lines; each part begins with a word, its name and what was found, and goes on
//! with what is wrong and what to type. Pure.

use super::{Finding, Report, Verdict};

/// What is said before the first finding.
pub(super) const OPENING: &str =
    "Looking at this device, part by part. Sit where you would sit, and look at the camera.\n";

/// Columns before the text of a finding.
const INDENT: usize = 21;

/// The longest line.
const WIDTH: usize = 100;

/// One finding, with a line break at its end.
pub(super) fn finding(finding: &Finding) -> String {
    let mark = match finding.verdict {
        Verdict::Good => "   ok",
        Verdict::Note => " note",
        Verdict::Bad => "WRONG",
        Verdict::Skipped => "    -",
    };
    let mut text = wrapped(&format!("{mark}  {:<14}", finding.part), &finding.found);
    if let Some(problem) = &finding.problem {
        text += &wrapped(&format!("{:>INDENT$}", ""), problem);
    }
    for (line, remedy) in finding.remedy.iter().enumerate() {
        // What is to be typed stays on one line: it is meant to be copied.
        text += &format!("{:>INDENT$}{remedy}\n", if line == 0 { "type:  " } else { "" });
    }
    text
}

/// What is said after the last finding.
pub(super) fn closing(report: &Report) -> String {
    let names = |verdict| -> Vec<&str> {
        report.parts.iter().filter(|finding| finding.verdict == verdict).map(|finding| finding.part).collect()
    };
    let (bad, notes) = (names(Verdict::Bad), names(Verdict::Note));
    match (bad.as_slice(), notes.len()) {
        ([], 0) => "\nAll is well.\n".to_owned(),
        ([], _) => format!("\nAll works; worth a look: {}.\n", notes.join(", ")),
        ([one], _) => format!("\nOne thing is wrong: {one}. Mend it, and let me look again.\n"),
        (bad, _) => format!(
            "\n{} things are wrong: {}. Begin with the first: it may be the reason for others.\n",
            bad.len(),
            bad.join(", ")
        ),
    }
}

/// `text` after `head`, on lines of at most [`WIDTH`] columns.
fn wrapped(head: &str, text: &str) -> String {
    let mut lines = vec![format!("{head:<INDENT$}")];
    let mut empty = true;
    for word in text.split_whitespace() {
        let full = lines.last().is_some_and(|line| line.chars().count() + 1 + word.chars().count() > WIDTH);
        if full && !empty {
            lines.push(" ".repeat(INDENT));
            empty = true;
        }
        if let Some(line) = lines.last_mut() {
            if !empty {
                line.push(' ');
            }
            line.push_str(word);
        }
        empty = false;
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_reads_like_this() {
        let text = finding(
            &Finding::bad(
                "pins",
                "/dev/gpiochip0, group gpio",
                "the user pi is not in the group gpio, so it may not use pins",
            )
            .with("sudo usermod -aG gpio pi")
            .with("then log in again"),
        );
        let expected = "WRONG  pins          /dev/gpiochip0, group gpio\n                     \
                        the user pi is not in the group gpio, so it may not use pins\n              \
                        type:  sudo usermod -aG gpio pi\n                     then log in again\n";
        assert_eq!(text, expected);
        assert_eq!(finding(&Finding::good("clock", "set")), "   ok  clock         set\n");
    }

    #[test]
    fn long_text_is_wrapped_and_a_command_is_not() {
        let text = finding(&Finding::bad("x", "word ".repeat(60), "why").with("command ".repeat(30)));
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[..3].iter().all(|line| line.chars().count() <= WIDTH), "{text}");
        assert!(lines.last().is_some_and(|line| line.len() > WIDTH), "{text}");
    }

    #[test]
    fn the_end_says_where_to_begin() {
        let bad = |part| Finding::bad(part, "", "");
        let end = |parts| closing(&Report::of(parts));
        assert!(end(vec![Finding::good("a", "")]).contains("All is well"));
        assert!(end(vec![Finding::note("a", "", "")]).contains("worth a look: a"));
        assert!(end(vec![bad("a")]).contains("One thing is wrong: a"));
        assert!(end(vec![bad("a"), bad("b")]).contains("2 things are wrong: a, b. Begin with the first"));
    }
}
