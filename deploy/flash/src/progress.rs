//! How far a long copy is: one line that is written over on a terminal, or a line for each tenth elsewhere.
//!
//! In: bytes done so far. Out: text on standard error. Nothing fails: a terminal that is gone is not needed.

use std::io::{self, IsTerminal, Write};

use crate::boot::human;

/// A line about a copy.
#[derive(Debug)]
pub struct Progress {
    step: String,
    total: Option<u64>,
    said: u64,
    terminal: bool,
}

impl Progress {
    /// About a copy of `total` bytes, where that is known.
    pub fn of(step: &str, total: Option<u64>) -> Self {
        Self { step: step.to_owned(), total, said: 0, terminal: io::stderr().is_terminal() }
    }

    /// So many bytes are done.
    pub fn at(&mut self, done: u64) {
        if let Some(line) = self.line(done) {
            let end = if self.terminal { "\r" } else { "\n" };
            let _ = write!(io::stderr(), "{line}{end}");
        }
    }

    /// So many bytes of this step are done.
    pub fn of_step(&mut self, step: &str, done: u64) {
        if self.step != step {
            self.end();
            step.clone_into(&mut self.step);
            self.said = 0;
        }
        self.at(done);
    }

    fn line(&mut self, done: u64) -> Option<String> {
        // A tenth where the whole is known, else half a gigabyte; on a terminal every step.
        let apart = if self.terminal { 1 } else { self.total.map_or(500_000_000, |total| (total / 10).max(1)) };
        if done < self.said + apart {
            return None;
        }
        self.said = done;
        let of = self.total.map(|total| format!(" of {}, {} %", human(total), done * 100 / total.max(1)));
        Some(format!("  {} {}{}", human(done), self.step, of.unwrap_or_default()))
    }

    /// The step is over.
    pub fn end(&mut self) {
        if self.terminal {
            let _ = writeln!(io::stderr());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_gets_ten_lines_and_a_terminal_every_step() {
        let mut log = Progress { terminal: false, ..Progress::of("written", Some(1_000_000_000)) };
        let lines: Vec<String> = (1..=100).filter_map(|step| log.line(step * 10_000_000)).collect();
        assert_eq!(lines.len(), 10);
        assert_eq!(lines[9], "  1.0 GB written of 1.0 GB, 100 %");
        let mut terminal = Progress { terminal: true, ..Progress::of("unpacked", None) };
        assert_eq!(terminal.line(4_194_304).as_deref(), Some("  4.1 MB unpacked"));
    }
}
