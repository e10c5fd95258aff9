//! `make pi-count`: a table from what `bench` measured where time is counted in instructions.
//!
//! In: for each processor, the JSON of `moodring-device bench` under the plugin in `count.c`: there a
//! millisecond is a million instructions. Out: a table in Markdown, for COUNTS.md. What fails: a file
//! that is no such JSON.

use std::{fmt::Write as _, fs, path::Path};

use anyhow::{Context, Result};
use serde_json::Value;

/// Goals, at most: a frame that the detector looks at, in units of its networks; and everything
/// outside the networks, in millions of instructions.
const RATIO: f64 = 1.25;
const OUTSIDE: f64 = 5.0;

/// One processor's numbers.
struct Processor {
    name: String,
    report: Value,
}

impl Processor {
    fn read(file: &Path) -> Result<Self> {
        let name = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
        let text = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        let report: Value = serde_json::from_slice(&text).with_context(|| format!("{} is no JSON", file.display()))?;
        Ok(Self { name, report })
    }

    /// A stage's median, millions of instructions; `kind` is `looked`, `followed` or `around`.
    fn stage(&self, kind: &str, name: &str) -> Result<f64> {
        let stages = self.report[kind].as_array().with_context(|| format!("bench says nothing of `{kind}` frames"))?;
        let stage = stages.iter().find(|stage| stage["name"] == name).with_context(|| format!("no stage `{name}`"))?;
        stage["p50"].as_f64().context("a stage without a median")
    }

    /// What happens to any frame before and after it is looked at, millions of instructions.
    fn around(&self, name: &str) -> Result<f64> {
        self.stage("around", name)
    }

    /// From the camera's buffer to the message, millions of instructions.
    fn total(&self, kind: &str) -> Result<f64> {
        Ok(self.stage(kind, "total")? + self.around("total")?)
    }

    fn names(&self) -> Vec<String> {
        let stages = self.report["looked"].as_array().into_iter().flatten();
        stages.filter_map(|stage| stage["name"].as_str().map(str::to_owned)).collect()
    }

    /// The detector and the emotion network by themselves.
    fn network(&self, which: usize) -> Result<f64> {
        self.report["networks"][which]["p50"].as_f64().context("bench says nothing of the networks alone")
    }
}

/// The table for these files, named after their processors.
pub fn table(files: &[&Path]) -> Result<String> {
    let processors = files.iter().map(|file| Processor::read(file)).collect::<Result<Vec<_>>>()?;
    let first = processors.first().context("no processor to tell of")?;
    let mut table = String::from("| million instructions |");
    for processor in &processors {
        write!(table, " {0}, detector looks | {0}, face followed |", processor.name)?;
    }
    table.push_str("\n|---|");
    table.push_str(&"--:|--:|".repeat(processors.len()));
    let mut row = |name: &str, value: &dyn Fn(&Processor, &str) -> Result<String>| -> Result<()> {
        write!(table, "\n| {name} |")?;
        for processor in &processors {
            for kind in ["looked", "followed"] {
                write!(table, " {} |", value(processor, kind)?)?;
            }
        }
        Ok(())
    };
    for name in ["copy", "light"] {
        row(name, &|p, _| Ok(format!("{:.3}", p.around(name)?)))?;
    }
    for name in first.names().into_iter().filter(|name| name != "total") {
        row(&name, &|p, kind| Ok(format!("{:.3}", p.stage(kind, &name)?)))?;
    }
    for name in ["mood", "publish"] {
        row(name, &|p, _| Ok(format!("{:.3}", p.around(name)?)))?;
    }
    row("camera to message", &|p, kind| Ok(format!("{:.3}", p.total(kind)?)))?;
    let networks = |p: &Processor, kind: &str| -> Result<f64> {
        let detector = if kind == "looked" { p.network(0)? } else { 0.0 };
        Ok(detector + p.network(1)?)
    };
    row("networks of this frame alone", &|p, kind| Ok(format!("{:.2}", networks(p, kind)?)))?;
    row("**outside them** (goal: 5 at most)", &|p, kind| {
        let outside = p.total(kind)? - networks(p, kind)?;
        Ok(format!("**{outside:.2}**{}", missed(outside, OUTSIDE)))
    })?;
    row("**total / networks** (goal: 1.25 at most)", &|p, kind| {
        let ratio = p.total(kind)? / networks(p, kind)?;
        Ok(format!("**{ratio:.3}**{}", missed(ratio, RATIO)))
    })?;
    table.push('\n');
    Ok(table)
}

fn missed(found: f64, goal: f64) -> &'static str {
    if found <= goal { "" } else { " missed" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_outside_the_networks_is_told_for_both_kinds_of_frames() -> Result<()> {
        let file = std::env::temp_dir().join(format!("cortex-test-{}.json", std::process::id()));
        let stage = |name: &str, ms: f64| serde_json::json!({"name": name, "p50": ms, "p95": ms});
        let report = serde_json::json!({
            "looked": [stage("crop", 1.0), stage("total", 39.5)],
            "followed": [stage("crop", 1.5), stage("total", 14.5)],
            "around": [stage("copy", 0.25), stage("light", 0.25), stage("mood", 0.0), stage("publish", 0.0), stage("total", 0.5)],
            "networks": [{"p50": 18.0}, {"p50": 13.0}],
        });
        fs::write(&file, report.to_string())?;
        let table = table(&[&file]);
        fs::remove_file(&file)?;
        let table = table?;
        assert!(table.contains("| crop | 1.000 | 1.500 |"), "{table}");
        assert!(table.contains("| **9.00** missed | **2.00** |"), "{table}");
        assert!(table.contains("| **1.290** missed | **1.154** |"), "{table}");
        Ok(())
    }
}
