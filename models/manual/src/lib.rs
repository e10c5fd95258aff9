//! Man pages and shell completions, from the definition that also makes `--help`.
//!
//! In: a program's command line, and what a man page says besides: files, environment, exit status.
//! Out: `man/PROGRAM.1` with a page for each subcommand beside it, and `completions/bash`, `zsh` and
//! `fish` with the file names that those shells look for. Fails when the folder cannot be written.

use std::{fs, io, path::Path};

use clap::Command;
use clap_complete::{Shell, generate_to};
use clap_mangen::{
    Man,
    roff::{Roff, bold, italic, roman},
};

/// A section of the program's page that the command line does not know.
#[derive(Clone, Copy, Debug)]
pub struct Section {
    /// In capitals, as man pages have it.
    pub heading: &'static str,
    /// Terms, such as file names, and what is said of them.
    pub entries: &'static [(&'static str, &'static str)],
}

/// Writes everything for `command` into `folder`, with `sections` and the pages in `see_also` on the
/// program's own page.
///
/// # Errors
/// `folder` cannot be written.
pub fn write(command: Command, sections: &[Section], see_also: &[&str], folder: &Path) -> io::Result<()> {
    let name = command.get_name().to_owned();
    let mut shown = shown(&command);
    let mut command = command.disable_help_subcommand(true);
    command.build();
    let man = folder.join("man");
    fs::create_dir_all(&man)?;
    let subpages: Vec<Command> = below(&command);
    let mut others: Vec<String> = subpages.iter().map(|page| format!("{}(1)", title(page))).collect();
    others.extend(see_also.iter().map(|&page| page.to_owned()));
    fs::write(man.join(format!("{name}.1")), page(&command, &name, sections, &others)?)?;
    for subpage in &subpages {
        let text = page(subpage, &name, &[], &[format!("{name}(1)")])?;
        fs::write(man.join(format!("{}.1", title(subpage))), text)?;
    }
    for (shell, place) in [(Shell::Bash, "bash"), (Shell::Zsh, "zsh"), (Shell::Fish, "fish")] {
        let place = folder.join("completions").join(place);
        fs::create_dir_all(&place)?;
        let made = generate_to(shell, &mut shown, &name, &place)?;
        if shell == Shell::Bash {
            // Where Debian's bash looks, a file is called as the program.
            fs::rename(made, place.join(&name))?;
        }
    }
    Ok(())
}

/// The same without the hidden subcommands, which completions would offer.
fn shown(command: &Command) -> Command {
    Command::new("")
        .version(env!("CARGO_PKG_VERSION"))
        .args(command.get_arguments().cloned())
        .subcommands(command.get_subcommands().filter(|sub| !sub.is_hide_set()).cloned())
}

/// All subcommands that are not hidden, and theirs.
fn below(command: &Command) -> Vec<Command> {
    let shown = command.get_subcommands().filter(|sub| !sub.is_hide_set());
    shown.flat_map(|sub| [vec![sub.clone()], below(sub)].concat()).collect()
}

fn title(command: &Command) -> &str {
    command.get_display_name().unwrap_or_else(|| command.get_name())
}

fn page(command: &Command, program: &str, sections: &[Section], see_also: &[String]) -> io::Result<Vec<u8>> {
    let version = env!("CARGO_PKG_VERSION");
    let man = Man::new(command.clone()).source(format!("{program} {version}")).manual("Moodring");
    let mut text = Vec::new();
    man.render_title(&mut text)?;
    man.render_name_section(&mut text)?;
    man.render_synopsis_section(&mut text)?;
    man.render_description_section(&mut text)?;
    if command.get_arguments().any(|argument| !argument.is_hide_set()) {
        man.render_options_section(&mut text)?;
    }
    if command.get_subcommands().any(|sub| !sub.is_hide_set()) {
        man.render_subcommands_section(&mut text)?;
    }
    let mut roff = Roff::new();
    for section in sections {
        roff.control("SH", [section.heading]);
        for (term, said) in section.entries {
            roff.control("TP", []);
            roff.text([bold(*term)]);
            roff.text([roman(*said)]);
        }
    }
    roff.control("SH", ["SEE ALSO"]);
    let mut line = Vec::new();
    for (index, other) in see_also.iter().enumerate() {
        line.push(roman(if index == 0 { "" } else { ", " }));
        line.push(italic(other));
    }
    roff.text(line);
    roff.to_writer(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use clap::Arg;

    use super::*;

    fn radio() -> Command {
        let volume = Arg::new("volume").long("volume").value_name("PERCENT").help("How loud.");
        let play = Command::new("play").about("Plays a station.").arg(volume);
        Command::new("radio")
            .version("1")
            .about("Plays the radio.")
            .subcommand(play)
            .subcommand(Command::new("secret").hide(true).about("Nobody need know."))
    }

    #[test]
    fn a_program_has_a_page_for_itself_and_one_for_each_thing_it_does() {
        let folder = tempfile::tempdir().unwrap();
        let files = Section { heading: "FILES", entries: &[("/etc/radio.conf", "The stations.")] };
        write(radio(), &[files], &["systemctl(1)"], folder.path()).unwrap();
        let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
        let page = read("man/radio.1");
        for said in [".SH NAME", ".SH SYNOPSIS", ".SH FILES", "/etc/radio.conf", "The stations.", "radio\\-play(1)"] {
            assert!(page.contains(said), "{said}: {page}");
        }
        assert!(page.contains("systemctl(1)") && !page.contains("secret"), "{page}");
        assert!(read("man/radio-play.1").contains("How loud."));
        assert!(!folder.path().join("man/radio-secret.1").exists());
        for completion in ["bash/radio", "zsh/_radio", "fish/radio.fish"] {
            let text = read(&format!("completions/{completion}"));
            assert!(text.contains("volume") && !text.contains("secret"), "{completion}: {text}");
        }
    }
}
