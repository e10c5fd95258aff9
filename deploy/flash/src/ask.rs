//! Asking a person, in plain words, what no flag and no file has said.
//!
//! In: answers so far, and a [`Person`]: a terminal, or a test. Out: answers in which nothing is missing. A
//! wrong answer is told why, and asked again. What fails: the person is gone (end of the input).

use std::{
    fs, io,
    io::{BufRead, Write},
    path::{Path, PathBuf},
};

use crate::{
    answers::{self, AnswerError, Answers, WifiAnswers},
    panels,
};

/// Whoever answers.
pub trait Person {
    /// Asks; an empty answer means `usual`, where there is one.
    ///
    /// # Errors
    /// There is no answer any more.
    fn ask(&mut self, question: &str, usual: Option<&str>) -> io::Result<String>;

    /// Asks for what nobody else should read.
    ///
    /// # Errors
    /// There is no answer any more.
    fn secret(&mut self, question: &str) -> io::Result<String>;

    /// Says something.
    fn say(&mut self, text: &str);
}

/// Somebody at the terminal.
#[derive(Debug, Default)]
pub struct Terminal;

impl Person for Terminal {
    fn ask(&mut self, question: &str, usual: Option<&str>) -> io::Result<String> {
        let mut out = io::stderr().lock();
        match usual {
            Some(usual) => write!(out, "{question} [{usual}]: ")?,
            None => write!(out, "{question}: ")?,
        }
        out.flush()?;
        let mut line = String::new();
        if io::stdin().lock().read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let line = line.trim_end_matches(['\n', '\r']);
        Ok(if line.is_empty() { usual.unwrap_or_default().to_owned() } else { line.to_owned() })
    }

    fn secret(&mut self, question: &str) -> io::Result<String> {
        rpassword::prompt_password(format!("{question} (it is not shown): "))
    }

    fn say(&mut self, text: &str) {
        // A terminal that is closed says so at the next question.
        let _ = writeln!(io::stderr(), "{text}");
    }
}

/// Asks until `check` takes the answer.
fn until<T>(
    person: &mut dyn Person,
    question: &str,
    usual: Option<&str>,
    check: impl Fn(&str) -> Result<T, AnswerError>,
) -> io::Result<T> {
    loop {
        let answer = person.ask(question, usual)?;
        match check(&answer) {
            Ok(value) => return Ok(value),
            Err(why) => person.say(&format!("  {why}")),
        }
    }
}

/// Asks for what is missing. `with_system` is false for an image that Raspberry Pi Imager will ask about.
///
/// # Errors
/// There are no answers any more.
pub fn fill(answers: &mut Answers, person: &mut dyn Person, with_system: bool, keys: &Path) -> io::Result<()> {
    if with_system {
        system(answers, person, keys)?;
    }
    if answers.device.panel.is_none() {
        person.say("Which screen hangs on the Pi?");
        for panel in panels::all() {
            person.say(&format!("  {:<20} {}", panel.name, panel.title));
        }
        let mut draft = answers.clone();
        let name = until(person, "Screen, or none", Some("none"), |name| {
            let mut draft = draft.clone();
            draft.device.panel = Some(name.to_owned());
            draft.hardware().map(|_| name.to_owned())
        })?;
        draft.device.panel = Some(name.clone());
        answers.device.panel = Some(name);
    }
    if answers.device.camera.is_none() {
        let name = until(person, "Camera: auto, usb, module, or its sensor", Some("auto"), |name| {
            let mut draft = answers.clone();
            draft.device.camera = Some(name.to_owned());
            draft.hardware().map(|_| name.to_owned())
        })?;
        answers.device.camera = Some(name);
    }
    if answers.device.host.is_none() {
        let name = until(
            person,
            "Where is the host that plays the music: auto (it is found), here (on this Pi), or its address, where \
             announcements do not get through",
            Some("auto"),
            |name| {
                let mut draft = answers.clone();
                draft.device.host = Some(name.to_owned());
                draft.hardware().map(|_| name.to_owned())
            },
        )?;
        answers.device.host = Some(name);
    }
    Ok(())
}

fn system(answers: &mut Answers, person: &mut dyn Person, keys: &Path) -> io::Result<()> {
    if answers.hostname.is_none() {
        let name = until(person, "What is the Pi to be called in your network", Some("moodring"), |name| {
            answers::check_hostname(name).map(|()| name.to_owned())
        })?;
        answers.hostname = Some(name);
    }
    if answers.user.name.is_none() {
        let mine = std::env::var("USER").ok().filter(|name| answers::check_user(name).is_ok());
        let name = until(person, "Your user name on it", mine.as_deref(), |name| {
            answers::check_user(name).map(|()| name.to_owned())
        })?;
        answers.user.name = Some(name);
    }
    if answers.user.ssh_keys.is_empty() && answers.user.password.is_none() && answers.user.password_hash.is_none() {
        let usual = public_key(keys).map(|path| path.display().to_string());
        let key = until(
            person,
            "The file with your public SSH key, or - for a password",
            Some(usual.as_deref().unwrap_or("-")),
            |file| if file == "-" { Ok(None) } else { read_key(Path::new(file)).map(Some) },
        )?;
        match key {
            Some(keys) => answers.user.ssh_keys = keys,
            None => loop {
                let once = person.secret("Your password on it")?;
                if once.is_empty() {
                    person.say("  without a key there must be a password");
                } else if person.secret("Once more")? == once {
                    answers.user.password = Some(once);
                    break;
                } else {
                    person.say("  these were two different ones");
                }
            },
        }
    }
    if answers.wifi.is_none() {
        let name = until(person, "The name of your Wi-Fi, or nothing for a cable", Some(""), |name| {
            if name.is_empty() { Ok(()) } else { answers::check_ssid(name) }.map(|()| name.to_owned())
        })?;
        if !name.is_empty() {
            answers.wifi = Some(WifiAnswers { ssid: Some(name), ..WifiAnswers::default() });
        }
        wifi(answers, person)?;
    } else {
        wifi(answers, person)?;
    }
    Ok(())
}

fn wifi(answers: &mut Answers, person: &mut dyn Person) -> io::Result<()> {
    let Some(wifi) = &mut answers.wifi else { return Ok(()) };
    if wifi.country.is_none() {
        let country = until(person, "The country you are in, as two letters", None, |name| {
            answers::check_country(&name.to_uppercase()).map(|()| name.to_uppercase())
        })?;
        wifi.country = Some(country);
    }
    while wifi.password.is_none() {
        let password = person.secret("The password of the Wi-Fi, or nothing for an open one")?;
        wifi.password = Some(password);
        if let Err(why) = wifi.checked() {
            person.say(&format!("  {why}"));
            wifi.password = None;
        }
    }
    Ok(())
}

/// The keys in a file that ends in .pub.
///
/// # Errors
/// It cannot be read, or holds no public key.
pub fn read_key(path: &Path) -> Result<Vec<String>, AnswerError> {
    let path = match (path.strip_prefix("~"), std::env::home_dir()) {
        (Ok(below), Some(home)) => home.join(below),
        _ => path.to_owned(),
    };
    let text = fs::read_to_string(&path)
        .map_err(|why| AnswerError::File { path: path.display().to_string(), why: why.to_string() })?;
    if text.contains("PRIVATE KEY") {
        answers::check_ssh_key(&text)?;
    }
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let keys: Vec<String> = lines.map(answers::check_ssh_key).collect::<Result<_, _>>()?;
    if keys.is_empty() {
        return Err(AnswerError::File { path: path.display().to_string(), why: "there is no key in it".to_owned() });
    }
    Ok(keys)
}

fn public_key(folder: &Path) -> Option<PathBuf> {
    let names = ["id_ed25519.pub", "id_ecdsa.pub", "id_rsa.pub"];
    names.into_iter().map(|name| folder.join(name)).find(|path| path.exists())
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    #[derive(Default)]
    struct Script {
        answers: VecDeque<&'static str>,
        said: String,
    }

    impl Person for Script {
        fn ask(&mut self, question: &str, usual: Option<&str>) -> io::Result<String> {
            self.said.push_str(&format!("{question}?\n"));
            let answer = self.answers.pop_front().ok_or(io::ErrorKind::UnexpectedEof)?;
            Ok(if answer.is_empty() { usual.unwrap_or_default().to_owned() } else { answer.to_owned() })
        }

        fn secret(&mut self, question: &str) -> io::Result<String> {
            self.ask(question, None)
        }

        fn say(&mut self, text: &str) {
            self.said.push_str(&format!("{text}\n"));
        }
    }

    fn asked(answers: Answers, words: &[&'static str]) -> (io::Result<Answers>, String) {
        let mut person = Script { answers: words.iter().copied().collect(), said: String::new() };
        let mut answers = answers;
        let keys = tempfile::tempdir().unwrap();
        let end = fill(&mut answers, &mut person, true, keys.path());
        assert!(end.is_err() || person.answers.is_empty(), "left: {:?}", person.answers);
        (end.map(|()| answers), person.said)
    }

    #[test]
    fn from_nothing_to_everything_and_wrong_answers_are_asked_again() {
        let (answers, said) = asked(
            Answers::default(),
            &[
                "My Pi",
                "",
                "Ann",
                "ann",
                "-",
                "geheim",
                "geheimer",
                "geheim",
                "geheim",
                "Müllers \"WLAN\"",
                "uk",
                "de",
                "kurz",
                "lang genug",
                "st7735",
                "st7789",
                "",
                "",
            ],
        );
        let answers = answers.unwrap();
        assert_eq!(answers.hostname.as_deref(), Some("moodring"));
        assert_eq!(answers.user.name.as_deref(), Some("ann"));
        assert_eq!(answers.wifi.as_ref().unwrap().country.as_deref(), Some("DE"));
        assert!(answers.checked().is_ok() && answers.hardware().is_ok());
        for told in ["two different", "GB", "4 bytes long", "display-hat-mini", "a-z, 0-9 and '-'"] {
            assert!(said.contains(told), "{told} is not in:\n{said}");
        }
    }

    #[test]
    fn what_is_said_already_is_not_asked() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("answers.toml");
        let (answers, said) = asked(Answers::read(&path).unwrap(), &[]);
        assert!(answers.is_ok());
        assert_eq!(said, "");
    }

    #[test]
    fn a_cable_needs_no_country_and_an_end_of_the_input_ends_it() {
        let mut some = Answers { hostname: Some("a".into()), ..Answers::default() };
        some.user.name = Some("ann".into());
        some.user.password_hash = Some("$6$aaaaaaaa$bbbbbbbbbbbbbbbb".into());
        let (answers, said) = asked(some.clone(), &["", "none", "usb", "here"]);
        assert_eq!(answers.unwrap().wifi, None);
        assert!(!said.contains("country"));
        assert!(asked(some, &["home"]).0.is_err());
    }

    #[test]
    fn a_private_key_is_refused_before_it_is_copied_anywhere() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("id_ed25519");
        fs::write(&file, "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n").unwrap();
        let told = read_key(&file).unwrap_err().to_string();
        assert!(told.contains("private half") && !told.contains("abc"), "{told}");
        fs::write(&file, "\n").unwrap();
        assert!(read_key(&file).unwrap_err().to_string().contains("no key"));
    }
}
