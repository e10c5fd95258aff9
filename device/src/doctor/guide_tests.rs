//! The guide's troubleshooting quotes what the programs say: no line of it may outlive the message.

use std::{fs, path::Path};

/// All Rust sources below a folder, each literal on one line as the compiler reads it.
fn sources(folder: &Path, text: &mut String) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, text);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            for line in fs::read_to_string(&path).unwrap().lines() {
                match line.strip_suffix('\\') {
                    Some(goes_on) => *text += goes_on.trim_start(),
                    None => *text += &(line.trim_start().to_owned() + "\n"),
                }
            }
        }
    }
}

#[test]
fn what_the_troubleshooting_quotes_is_what_is_said() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut said = String::new();
    for folder in ["device/src", "host/src", "host/spotify/src"] {
        sources(&root.join(folder), &mut said);
    }
    // What is typed in messages is quoted there.
    let said = said.replace("\\\"", "\"");
    let guide = fs::read_to_string(root.join("deploy/guide/troubleshooting.md")).unwrap();
    let (mut quoting, mut lines) = (false, 0);
    for line in guide.lines() {
        if line.starts_with("```") {
            quoting = line == "```text";
        } else if quoting {
            lines += 1;
            // Columns are two spaces or more apart, and what differs from machine to machine is left out.
            for piece in line.split("  ").flat_map(|column| column.split('…')).map(str::trim) {
                assert!(said.contains(piece), "no program says {piece:?}, which troubleshooting.md quotes:\n{line}");
            }
        } else if line.starts_with("| `") {
            // The table of what is said of Spotify.
            let cell = line.split('|').nth(1).unwrap();
            for piece in cell.split('`').skip(1).step_by(2) {
                lines += 1;
                assert!(said.contains(piece), "no program says {piece:?}, which troubleshooting.md quotes");
            }
        }
    }
    assert!(lines > 50, "only {lines} quoted lines were found: is the guide still in the same form?");
}
