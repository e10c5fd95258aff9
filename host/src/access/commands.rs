//! The commands `password` and `token`: what a person at the terminal does, also while the program runs.
//!
//! In: a password typed unseen, or on the standard input; names. Out: what was done. Fails when what was typed may
//! not be a password, or the database cannot be used; then nothing changes.

use std::io::{self, BufRead, IsTerminal, Write};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::{password, secret};
use crate::library::Store;

/// The longest name of a token, in characters.
const NAME: usize = 64;

/// How the password is given.
#[derive(Clone, Copy, Debug, Args)]
pub struct Password {
    /// Read it from the first line of the standard input, instead of asking for it.
    #[arg(long)]
    pub stdin: bool,
    /// Set none: show the code with which the first one can be set on the page.
    #[arg(long, conflicts_with = "stdin")]
    pub setup_code: bool,
}

/// What to do with the tokens of programs.
#[derive(Clone, Debug, Subcommand)]
pub enum Tokens {
    /// Make a token for a program, and print it: it is shown this once.
    Add {
        /// What it is for, such as `home-assistant`.
        name: String,
    },
    /// List the tokens there are.
    List,
    /// Remove a token: its program is let in no more.
    Remove {
        /// Its name.
        name: String,
    },
}

/// Sets the password, or shows the setup code; gives what there is to say.
///
/// # Errors
/// It may not be a password, or the database cannot be used.
pub async fn set_password(how: Password, store: &Store) -> anyhow::Result<String> {
    if how.setup_code {
        return Ok(match store.setup_code(&secret::setup_code()?).await? {
            Some(code) => format!("{code}\n"),
            None => bail!("a password is set already, so no code is needed; `moodring-host password` sets another"),
        });
    }
    let password = if how.stdin { first_line(io::stdin().lock())? } else { typed()? };
    let hash = password::hash(&password).await?;
    let ended = store.set_password(&hash, Timestamp::now()).await?;
    let tokens = store.tokens().await?.len();
    let mut said = "the password is set".to_owned();
    if ended > 0 {
        said += &format!("; {ended} who were logged in are so no more");
    }
    if tokens > 0 {
        said += &format!("; the tokens of programs ({tokens}) still hold: `moodring-host token list`");
    }
    Ok(said + "\n")
}

fn first_line(input: impl BufRead) -> anyhow::Result<String> {
    let mut line = String::new();
    // More than a password may have, so that one that is too long is refused and not cut.
    let mut input = input.take(password::LONGEST as u64 + 3);
    input.read_line(&mut line).context("cannot read the password from the standard input; send it as UTF-8 text")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn typed() -> anyhow::Result<String> {
    if !io::stdin().is_terminal() {
        bail!("there is no terminal to type the password at; use --stdin");
    }
    let ask = |what: &str| {
        write!(io::stderr(), "{what}: ")?;
        rpassword::read_password()
    };
    let password = ask("New password").context("cannot read the password")?;
    password::check(&password)?;
    if ask("The same again").context("cannot read the password")? != password {
        bail!("the two are not the same; nothing was changed");
    }
    Ok(password)
}

/// Makes, lists or removes tokens; gives what there is to say.
///
/// # Errors
/// The name is taken, unknown or none, or the database cannot be used.
pub async fn tokens(what: &Tokens, store: &Store) -> anyhow::Result<String> {
    match what {
        Tokens::Add { name } => {
            let plain = |c: char| c.is_alphanumeric() || "-_. ".contains(c);
            if name.trim().is_empty() || name.chars().count() > NAME || !name.chars().all(plain) {
                bail!("{name:?} is no name for a token; use 1 to {NAME} letters, digits, - _ . and blanks");
            }
            let token = secret::token()?;
            if !store.add_token(name, &secret::hash(&token), Timestamp::now()).await? {
                bail!("there is a token {name:?} already; remove it first, or use another name");
            }
            // On standard output stands the token alone, for scripts.
            let _ = writeln!(io::stderr(), "for {name}, shown this once; send it as `Authorization: Bearer …`:");
            Ok(token + "\n")
        }
        Tokens::List => {
            let tokens = store.tokens().await?;
            let line = |token: &crate::library::keys::Token| {
                let used = token.used.map_or_else(|| "never used".to_owned(), |at| format!("last used {}", day(at)));
                format!("{:24} made {}, {used}\n", token.name, day(token.made))
            };
            let lines: String = tokens.iter().map(line).collect();
            let none = "there are no tokens; `moodring-host token add NAME` makes one\n".to_owned();
            Ok(if lines.is_empty() { none } else { lines })
        }
        Tokens::Remove { name } => {
            if !store.remove_token(name).await? {
                bail!("there is no token {name:?}; `moodring-host token list` names them");
            }
            Ok(format!("the token {name:?} lets nobody in any more\n"))
        }
    }
}

fn day(at: Timestamp) -> impl std::fmt::Display {
    at.to_zoned(jiff::tz::TimeZone::system()).date()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_the_first_line_and_never_cut() {
        assert_eq!(first_line(&b"two words \r\nmore"[..]).unwrap(), "two words ");
        assert_eq!(first_line(&b""[..]).unwrap(), "");
        let long = first_line(&[b'x'; 5000][..]).unwrap();
        assert!(password::check(&long).is_err());
        assert!(first_line(&[0xff, 0xfe, b'\n'][..]).is_err());
    }
}
