//! The device's configuration in the emulated Pi: the shipped example, with a maker's few changes.
//!
//! In: `device/moodring-device.toml` and what to change. Out: the file for the guest. What fails: a
//! key that the example does not hold any more.

use anyhow::{Result, ensure};

/// Sets `key = value` in `section`, whether the example has it as a value or as a comment.
pub fn set(text: &str, section: &str, key: &str, value: &str) -> Result<String> {
    let mut inside = section.is_empty();
    let mut done = false;
    let mut out = String::new();
    for line in text.lines() {
        if line.starts_with('[') {
            inside = line == format!("[{section}]");
        }
        let bare = line.trim_start_matches("# ");
        if inside && !done && bare.split_once(" = ").is_some_and(|(name, _)| name == key) {
            out.push_str(&format!("{key} = {value}\n"));
            done = true;
        } else {
            out.push_str(line);
            out.push('\n');
        }
    }
    ensure!(done, "device/moodring-device.toml has no `{key}` in [{section}]: the rig sets it");
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_comments_are_set_in_their_section_alone() {
        let text = "[a]\nport = 1\n[b]\nport = 1\n# chunk = 4096\n";
        let text = set(text, "b", "port", "2").and_then(|text| set(&text, "b", "chunk", "64"));
        assert_eq!(text.ok().as_deref(), Some("[a]\nport = 1\n[b]\nport = 2\nchunk = 64\n"));
        assert!(set("[a]\n", "a", "gone", "1").is_err());
    }
}
