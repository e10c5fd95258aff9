//! Words in other languages: YAML's double quotes and the shell's single ones.
//!
//! In: any text. Out: the same text as YAML or a shell will read it. Nothing fails: what a reader of YAML
//! does not take as it is (control characters and their like) is escaped by its number.

use std::fmt::Write;

/// As a double-quoted scalar of YAML 1.1, on one line.
pub fn yaml(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            // What PyYAML reads; U+2028 and U+2029 would end the line.
            ' '..='~' | '\u{a1}'..='\u{2027}' | '\u{202a}'..='\u{d7ff}' | '\u{10000}'.. => quoted.push(c),
            c if u32::from(c) <= 0xffff => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(c));
            }
            c => {
                let _ = write!(quoted, "\\U{:08x}", u32::from(c));
            }
        }
    }
    quoted.push('"');
    quoted
}

/// As one word of a POSIX shell.
pub fn shell(text: &str) -> String {
    format!("'{}'", text.replace('\'', r#"'"'"'"#))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_call_their_networks() {
        assert_eq!(yaml("Müllers WLAN 🎵"), "\"Müllers WLAN 🎵\"");
        assert_eq!(yaml(r#"say "hi" \o/"#), r#""say \"hi\" \\o/""#);
        assert_eq!(yaml(" # yes: [no] "), "\" # yes: [no] \"");
        assert_eq!(yaml("a\u{7f}b\u{2028}c\u{feff}"), "\"a\\u007fb\\u2028c\\ufeff\"");
        assert_eq!(shell("it's $HOME"), r#"'it'"'"'s $HOME'"#);
    }
}
