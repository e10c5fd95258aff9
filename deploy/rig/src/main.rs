//! `make rig`: the unchanged arm64 device in an emulated Raspberry Pi 3, looked at from outside.
//!
//! In: the program that `make pi` built, the demo's clip, Debian's kernel and QEMU. Out: a table of
//! what was checked, and in `target/rig` the pictures that were on the panel, the trace they were
//! decoded from, and what device, kernel and broker said. Exit status 0 only if every check passed.

mod broker;
mod checks;
mod configuration;
mod counts;
mod frames;
mod glass;
mod golden;
mod guest;
mod report;
mod trace;
mod wait;

use std::{
    env,
    path::{Path, PathBuf},
    process::ExitCode,
};

fn main() -> ExitCode {
    // Where the crate lies in the repository; everything is named from the repository's root.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new("."));
    // `counts FILE.json...` makes the table of `make pi-count`; without a word the rig runs.
    let mut words = env::args_os().skip(1);
    let done = match words.next() {
        Some(word) if word == "counts" => {
            let files: Vec<PathBuf> = words.map(PathBuf::from).collect();
            let files: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
            counts::table(&files).map(|table| (table, true))
        }
        Some(word) => Err(anyhow::anyhow!("{word:?} is not known; say `counts FILE.json...`, or nothing")),
        None => checks::run(root).map(|report| (report.to_string(), report.passed())),
    };
    match done {
        Ok((said, passed)) => {
            println!("{said}");
            if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("rig: {error:#}");
            ExitCode::FAILURE
        }
    }
}
