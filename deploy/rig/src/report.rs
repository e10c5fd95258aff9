//! What was checked: one line each.
//!
//! In: a name, what was seen, whether it is right. Out: a table. Nothing fails.

use std::{
    fmt,
    time::{Duration, Instant},
};

/// One check.
struct Line {
    name: String,
    seen: String,
    passed: bool,
    after: Duration,
}

/// All checks so far.
pub struct Report {
    start: Instant,
    lines: Vec<Line>,
}

impl Report {
    /// Nothing checked yet; the time counts from here.
    pub fn new() -> Self {
        Self { start: Instant::now(), lines: Vec::new() }
    }

    /// Notes a check, and says it at once for those who wait.
    pub fn note(&mut self, name: &str, seen: Result<String, anyhow::Error>) {
        let (passed, seen) = match seen {
            Ok(seen) => (true, seen),
            Err(why) => (false, format!("{why:#}")),
        };
        let line = Line { name: name.to_owned(), seen, passed, after: self.start.elapsed() };
        println!("{line}");
        self.lines.push(line);
    }

    /// Whether something was checked and nothing was wrong.
    pub fn passed(&self) -> bool {
        !self.lines.is_empty() && self.lines.iter().all(|line| line.passed)
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.passed { "ok  " } else { "FAIL" };
        write!(f, "{mark} {:>4} s  {:<44} {}", self.after.as_secs(), self.name, self.seen)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failed = self.lines.iter().filter(|line| !line.passed).count();
        writeln!(f, "\n== the device on an emulated Raspberry Pi 3")?;
        for line in &self.lines {
            writeln!(f, "{line}")?;
        }
        write!(f, "rig: {} passed, {failed} failed, {} s", self.lines.len() - failed, self.start.elapsed().as_secs())
    }
}
