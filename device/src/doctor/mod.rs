//! `moodring-device doctor`: looks at the device part by part, and says of each what it found, what is
//! wrong, and what to type.
//!
//! In: the settings, and the system's files below a root that tests can choose. Out: one [`Finding`]
//! for each part, in the order in which a newcomer would mend them, as text or as JSON. Nothing here
//! fails: what does not work is a finding.

mod broker;
mod bus;
mod machine;
mod pairing;
mod screen;
mod sight;
mod user;
mod words;

#[cfg(test)]
mod guide_tests;

use std::io::{self, Write};

use serde::Serialize;

use crate::{
    config::{Origin, Settings},
    machine::Machine,
    screen::Screen,
};
use user::User;

/// How a part stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It works.
    Good,
    /// It works, or is not used; but somebody may want to know.
    Note,
    /// It does not work.
    Bad,
    /// It cannot be looked at, here or now.
    Skipped,
}

/// What was found of one part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Which part.
    pub part: &'static str,
    /// How it stands.
    pub verdict: Verdict,
    /// What is there.
    pub found: String,
    /// What is wrong with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// What to type, or to do, line by line.
    #[serde(rename = "type", skip_serializing_if = "Vec::is_empty")]
    pub remedy: Vec<String>,
}

impl Finding {
    /// It works.
    pub fn good(part: &'static str, found: impl Into<String>) -> Self {
        Self { part, verdict: Verdict::Good, found: found.into(), problem: None, remedy: Vec::new() }
    }

    /// It cannot be looked at.
    pub fn skipped(part: &'static str, found: impl Into<String>) -> Self {
        Self { verdict: Verdict::Skipped, ..Self::good(part, found) }
    }

    /// Somebody may want to know.
    pub fn note(part: &'static str, found: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { verdict: Verdict::Note, problem: Some(problem.into()), ..Self::good(part, found) }
    }

    /// It does not work.
    pub fn bad(part: &'static str, found: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { verdict: Verdict::Bad, ..Self::note(part, found, problem) }
    }

    /// What to type.
    #[must_use]
    pub fn with(mut self, remedy: impl Into<String>) -> Self {
        self.remedy.push(remedy.into());
        self
    }
}

/// All that was found, as `--json` says it.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The shape of this report: 1.
    pub v: u32,
    /// The program's version.
    pub version: &'static str,
    /// Whether nothing is bad.
    pub healthy: bool,
    /// The parts, in order.
    pub parts: Vec<Finding>,
}

impl Report {
    /// Of these findings.
    pub fn of(parts: Vec<Finding>) -> Self {
        let healthy = parts.iter().all(|finding| finding.verdict != Verdict::Bad);
        Self { v: 1, version: env!("CARGO_PKG_VERSION"), healthy, parts }
    }
}

/// Looks at every part, and says each finding as soon as it is made. A panel shows the test picture
/// until `enough` returns. Returns whether nothing is wrong.
///
/// # Errors
/// Nobody reads what is said.
pub fn for_people(
    settings: &Settings,
    origin: &Origin,
    output: &mut dyn Write,
    enough: impl FnOnce(),
) -> io::Result<bool> {
    writeln!(output, "{}", words::OPENING)?;
    let mut said = Ok(());
    let (report, screen) = examine(settings, origin, &mut |finding| {
        if said.is_ok() {
            said = write!(output, "{}", words::finding(finding)).and_then(|()| output.flush());
        }
    });
    said?;
    write!(output, "{}", words::closing(&report))?;
    if screen.is_some() && settings.screen.wiring().is_some() {
        writeln!(output, "\nThe panel shows the test picture until you press Enter.")?;
        output.flush()?;
        enough();
    }
    Ok(report.healthy)
}

/// Looks at every part.
pub fn for_machines(settings: &Settings, origin: &Origin) -> Report {
    examine(settings, origin, &mut |_| {}).0
}

/// `tell` hears of each part as soon as it was looked at. The panel keeps its picture and its light
/// while the screen that is returned is kept.
fn examine(settings: &Settings, origin: &Origin, tell: &mut dyn FnMut(&Finding)) -> (Report, Option<Screen>) {
    let (machine, user) = (Machine::this(), User::this());
    let mut parts = Vec::new();
    let mut add = |findings: Vec<Finding>| {
        for finding in findings {
            tell(&finding);
            parts.push(finding);
        }
    };
    add(machine::examine(&machine, &user, origin));
    let (seer, findings) = sight::networks(&settings.vision);
    add(findings);
    add(sight::examine(&settings.camera, seer, &user));
    add(bus::examine(&machine, &user, &settings.screen, &settings.buttons));
    let (screen, finding) = screen::examine(&settings.screen, &user);
    add(vec![finding]);
    let (finding, bond) = pairing::examine(&settings.mqtt, &settings.device_id());
    add(vec![finding]);
    add(vec![broker::examine(&settings.mqtt, &settings.device_id(), bond.as_ref())]);
    (Report::of(parts), screen)
}
