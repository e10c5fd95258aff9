//! Reads a commented TOML file with environment overrides into a settings struct.
//!
//! Both programs configure themselves through here, so both refuse unknown keys the same way: with
//! the file, the line and the nearest key that exists. The settings struct derives `Deserialize`
//! with `#[serde(default, deny_unknown_fields)]` and documents its defaults.
//!
//! An environment variable `PREFIX__SECTION__KEY=value` overrides `[section] key`. The value is
//! read as TOML where it is TOML (`true`, `8`, `["a", "b"]`) and as a plain string otherwise.

use std::{
    env,
    ffi::{OsStr, OsString},
    fs, io,
    path::Path,
};

use serde::de::DeserializeOwned;
use thiserror::Error;
use toml::{Table, Value};

/// What was wrong with the configuration.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration {path}: {why}")]
    Read {
        /// The file.
        path: String,
        /// What the system said.
        why: io::Error,
    },
    /// The file is not TOML, a key is unknown, or a value has the wrong type.
    #[error("{place}: {why}")]
    Bad {
        /// `FILE:LINE`, or the environment variable.
        place: String,
        /// What was found and what would do.
        why: String,
    },
}

/// The program's variables. One that is no UTF-8 is passed over, unless it is meant for us.
///
/// # Errors
/// A variable that begins with `prefix` and two underscores is not UTF-8.
pub fn environment(prefix: &str) -> Result<Vec<(String, String)>, ConfigError> {
    readable(env::vars_os(), prefix)
}

fn readable(
    vars: impl IntoIterator<Item = (OsString, OsString)>,
    prefix: &str,
) -> Result<Vec<(String, String)>, ConfigError> {
    let start = format!("{prefix}__");
    let ours = |name: &OsStr| name.as_encoded_bytes().starts_with(start.as_bytes());
    let mut pairs = Vec::new();
    for (name, value) in vars {
        match (name.to_str(), value.to_str()) {
            (Some(name), Some(value)) => pairs.push((name.to_owned(), value.to_owned())),
            _ if ours(&name) => {
                let place = format!("environment variable {}", name.display());
                return Err(ConfigError::Bad { place, why: "is not UTF-8; write it in UTF-8".to_owned() });
            }
            _ => {}
        }
    }
    Ok(pairs)
}

/// As [`load_checked`], for settings of which every value of the right type will do.
///
/// # Errors
/// See [`load_checked`].
pub fn load<T: DeserializeOwned>(
    file: Option<&Path>,
    prefix: &str,
    env: impl IntoIterator<Item = (String, String)>,
) -> Result<T, ConfigError> {
    load_checked(file, prefix, env, |_| Ok(()))
}

/// Settings from `file` (the defaults where `None`), overridden by `env`.
///
/// `check` refuses values out of range with a sentence that begins with the key, as in
/// `camera.fps is 0`; what brought the value is put before it: the file and line, or the variable.
/// Only the whole must pass: a file may count on a variable.
///
/// `env` gives pairs of name and value, usually from [`environment`]; only names that begin with
/// `prefix` and two underscores count.
///
/// # Errors
/// The file cannot be read, is not TOML, or it or a variable has an unknown key, an ill-typed value
/// or one that `check` refuses.
pub fn load_checked<T: DeserializeOwned>(
    file: Option<&Path>,
    prefix: &str,
    env: impl IntoIterator<Item = (String, String)>,
    check: impl Fn(&T) -> Result<(), String>,
) -> Result<T, ConfigError> {
    let mut table = Table::new();
    let read = |table: &Table| T::deserialize(Value::Table(table.clone()));
    let mut settings =
        read(&table).map_err(|e| ConfigError::Bad { place: "the defaults".to_owned(), why: explain(e.message()) })?;
    // Where the last new complaint came from, and what it was.
    let mut blame = check(&settings).err().map(|why| ("the defaults".to_owned(), why));
    let mut judge = |settings: &T, place: &dyn Fn(&str) -> String| match check(settings) {
        Ok(()) => blame = None,
        Err(why) if blame.as_ref().is_some_and(|(_, known)| *known == why) => {}
        Err(why) => blame = Some((place(&why), why)),
    };
    if let Some(path) = file {
        let text =
            fs::read_to_string(path).map_err(|why| ConfigError::Read { path: path.display().to_string(), why })?;
        // Checked alone first: only this way does a mistake still know its line.
        settings = toml::from_str(&text).map_err(|e| in_file(path, &text, &e))?;
        judge(&settings, &|why| match line_of(&text, why) {
            Some(line) => format!("{}:{line}", path.display()),
            None => path.display().to_string(),
        });
        table = toml::from_str(&text).map_err(|e| in_file(path, &text, &e))?;
    }
    let start = format!("{prefix}__");
    let mut overrides: Vec<_> = env.into_iter().filter(|(name, _)| name.starts_with(&start)).collect();
    overrides.sort();
    for (name, value) in overrides {
        let keys: Vec<String> = name[start.len()..].split("__").map(str::to_lowercase).collect();
        let place = || format!("environment variable {name}");
        let wrong = |why: String| ConfigError::Bad { place: place(), why };
        // Each variable is tried alone, so that a message names the one at fault.
        let mut tried = table.clone();
        set(&mut tried, &keys, typed(&value)).map_err(wrong)?;
        let result = read(&tried).or_else(|error| {
            // "42" may be meant as a word: a device id, a password.
            set(&mut tried, &keys, Value::String(value.clone())).map_err(|_| error.clone())?;
            read(&tried).map_err(|_| error)
        });
        settings = result.map_err(|e| ConfigError::Bad { place: place(), why: explain(e.message()) })?;
        judge(&settings, &|_| place());
        table = tried;
    }
    match blame {
        None => Ok(settings),
        Some((place, why)) => Err(ConfigError::Bad { place, why }),
    }
}

/// The line of the key that `why` begins with, as in `camera.fps is 0`.
fn line_of(text: &str, why: &str) -> Option<usize> {
    let key = why.split([' ', ':']).next()?;
    let (section, key) = key.rsplit_once('.').unwrap_or(("", key));
    let mut inside = "";
    text.lines().map(str::trim).zip(1..).find_map(|(line, number)| {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            inside = name.0.trim();
        }
        let found = inside == section && line.split_once('=').is_some_and(|(name, _)| name.trim() == key);
        found.then_some(number)
    })
}

fn typed(value: &str) -> Value {
    toml::from_str::<Table>(&format!("x = {value}"))
        .ok()
        .and_then(|mut table| table.remove("x"))
        .unwrap_or_else(|| Value::String(value.to_owned()))
}

fn set(table: &mut Table, keys: &[String], value: Value) -> Result<(), String> {
    match keys {
        [] => Err("names no key".to_owned()),
        [key] if key.is_empty() => Err("names no key".to_owned()),
        [key] => {
            table.insert(key.clone(), value);
            Ok(())
        }
        [section, rest @ ..] => table
            .entry(section.clone())
            .or_insert_with(|| Value::Table(Table::new()))
            .as_table_mut()
            .ok_or_else(|| format!("{section} is a value, not a section"))
            .and_then(|inner| set(inner, rest, value)),
    }
}

fn in_file(path: &Path, text: &str, error: &toml::de::Error) -> ConfigError {
    let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
    ConfigError::Bad { place: format!("{}:{line}", path.display()), why: explain(error.message()) }
}

/// Adds the nearest known key to serde's "unknown field" or "unknown variant".
fn explain(message: &str) -> String {
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let unknown = message.starts_with("unknown field") || message.starts_with("unknown variant");
    match quoted.split_first() {
        Some((found, known)) if unknown => {
            let nearest =
                known.iter().max_by(|a, b| strsim::jaro_winkler(found, a).total_cmp(&strsim::jaro_winkler(found, b)));
            let what = if message.starts_with("unknown field") { "unknown key" } else { "unknown word" };
            match nearest {
                Some(near) if strsim::jaro_winkler(found, near) > 0.7 => {
                    format!("{what} `{found}`; did you mean `{near}`?")
                }
                _ if known.is_empty() => format!("{what} `{found}`; no key is known here"),
                _ => format!("{what} `{found}`; known here: {}", known.join(", ")),
            }
        }
        _ => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::{io::Write, os::unix::ffi::OsStrExt};

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Settings {
        id: String,
        camera: Camera,
    }

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Camera {
        source: String,
        width: u32,
    }

    fn read(text: &str, env: &[(&str, &str)]) -> Result<Settings, String> {
        let mut file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let env = env.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        load(Some(file.path()), "APP", env).map_err(|e| e.to_string())
    }

    #[test]
    fn file_then_environment() {
        let settings = read(
            "id = \"a\"\n[camera]\nwidth = 320\n",
            &[("APP__CAMERA__SOURCE", "v4l2"), ("APP__CAMERA__WIDTH", "640"), ("APP__ID", "42"), ("OTHER__ID", "x")],
        );
        let camera = Camera { source: "v4l2".into(), width: 640 };
        assert_eq!(settings, Ok(Settings { id: "42".into(), camera }));
        assert_eq!(load::<Settings>(None, "APP", []).unwrap(), Settings::default());
    }

    #[test]
    fn mistakes_name_file_line_and_nearest_key() {
        for (text, says) in [
            ("id = \"a\"\n[camera]\nwidht = 320\n", ".toml:3: unknown key `widht`; did you mean `width`?"),
            ("id = \"a\"\n[camera]\nwidth = \"wide\"\n", ".toml:3: invalid type: string \"wide\", expected u32"),
            ("id = \n", ".toml:1: "),
            ("\n\nzzz = 1\n", ".toml:3: unknown key `zzz`; known here: id, camera"),
        ] {
            let error = read(text, &[]).unwrap_err();
            assert!(error.contains(says), "{error}\nshould say {says}");
        }
    }

    #[test]
    fn mistakes_in_the_environment_name_the_variable() {
        let error = read("", &[("APP__CAMERA__WIDHT", "1")]).unwrap_err();
        assert_eq!(error, "environment variable APP__CAMERA__WIDHT: unknown key `widht`; did you mean `width`?");
        let error = read("", &[("APP__ID__X", "1")]).unwrap_err();
        assert!(error.starts_with("environment variable APP__ID__X: "), "{error}");
        let error = load::<Settings>(Some(Path::new("/nowhere/x.toml")), "APP", []).unwrap_err().to_string();
        assert!(error.starts_with("cannot read the configuration /nowhere/x.toml: "), "{error}");
    }

    #[test]
    fn values_out_of_range_are_blamed_on_what_brought_them() {
        let check = |settings: &Settings| match settings.camera.width {
            100.. => Err(format!("camera.width is {}; 99 is the most", settings.camera.width)),
            13 if settings.id.is_empty() => Err("camera.width is 13 and there is no id".to_owned()),
            _ => Ok(()),
        };
        let load = |text: &str, env: &[(&str, &str)]| {
            let mut file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
            file.write_all(text.as_bytes()).unwrap();
            let env = env.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
            load_checked::<Settings>(Some(file.path()), "APP", env, check).map_err(|e| e.to_string())
        };
        let error = load("id = \"a\"\n\n[camera]\n  width = 200\n", &[("APP__ID", "b")]).unwrap_err();
        assert!(error.ends_with(".toml:4: camera.width is 200; 99 is the most"), "{error}");
        let error = load("camera.width = 200\n", &[]).unwrap_err();
        assert!(error.ends_with(".toml: camera.width is 200; 99 is the most"), "{error}");
        let error = load("[camera]\nwidth = 20\n", &[("APP__CAMERA__WIDTH", "200"), ("APP__ID", "b")]).unwrap_err();
        assert_eq!(error, "environment variable APP__CAMERA__WIDTH: camera.width is 200; 99 is the most");
        // Only the whole must be right.
        assert!(load("[camera]\nwidth = 13\n", &[("APP__ID", "b")]).is_ok());
        assert!(load("[camera]\nwidth = 13\n", &[]).unwrap_err().contains(".toml:2: camera.width is 13 and"));
    }

    #[test]
    fn variables_that_are_not_utf_8_matter_only_where_they_are_ours() {
        let pair = |name: &[u8], value: &[u8]| {
            (OsStr::from_bytes(name).to_os_string(), OsStr::from_bytes(value).to_os_string())
        };
        let others = [pair(b"OTHER", b"\xff"), pair(b"\xff", b"x"), pair(b"APP__ID", b"caf\xc3\xa9")];
        assert_eq!(readable(others, "APP").unwrap(), [("APP__ID".to_owned(), "café".to_owned())]);
        for ours in [pair(b"APP__ID", b"caf\xe9"), pair(b"APP__\xff", b"x")] {
            let name = ours.0.display().to_string();
            let error = readable([ours], "APP").unwrap_err().to_string();
            assert_eq!(error, format!("environment variable {name}: is not UTF-8; write it in UTF-8"));
        }
    }
}
