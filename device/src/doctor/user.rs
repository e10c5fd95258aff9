//! Who runs this, and what may be opened.
//!
//! In: the system's files below a root. Out: the user's name and groups. Nothing here fails: what is
//! not known is empty.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The user who runs this.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    /// The root of the system's files.
    pub root: PathBuf,
    /// The name, or the number where it has none.
    pub name: String,
    /// Whether nothing is forbidden.
    pub is_root: bool,
    /// The names of the groups.
    pub groups: Vec<String>,
}

/// What came of trying to open a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opened {
    /// It can be opened.
    Yes,
    /// There is none.
    Missing,
    /// Not by this user.
    Forbidden,
    /// Not at all; what the system said.
    Broken(String),
}

impl User {
    /// Who runs this program.
    pub fn this() -> Self {
        Self::below(Path::new("/"))
    }

    /// Who runs this program, as the files below `root` say.
    pub fn below(root: &Path) -> Self {
        let read = |file: &str| fs::read_to_string(root.join(file)).unwrap_or_default();
        let (status, passwd, group) = (read("proc/self/status"), read("etc/passwd"), read("etc/group"));
        let numbers = |key: &str| -> Vec<u32> {
            let line = status.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default();
            line.split_whitespace().filter_map(|number| number.parse().ok()).collect()
        };
        let uid = numbers("Uid:").get(1).copied();
        let mut gids = numbers("Groups:");
        gids.extend(numbers("Gid:").get(1));
        // Lines as in `pi:x:1000:` name a number in their third field.
        let named = |file: &str, number: u32| {
            let line = file.lines().find(|line| line.split(':').nth(2) == Some(&number.to_string()))?;
            line.split(':').next().map(str::to_owned)
        };
        let mut groups: Vec<String> = gids.into_iter().filter_map(|gid| named(&group, gid)).collect();
        groups.sort();
        groups.dedup();
        let name = uid.map(|uid| named(&passwd, uid).unwrap_or_else(|| uid.to_string())).unwrap_or_default();
        Self { root: root.to_owned(), name, is_root: uid == Some(0), groups }
    }

    /// Whether a file such as `dev/gpiochip0` can be opened for reading and writing.
    pub fn opens(&self, file: &str) -> Opened {
        match fs::File::options().read(true).write(true).open(self.root.join(file)) {
            Ok(_) => Opened::Yes,
            Err(why) => match why.kind() {
                io::ErrorKind::NotFound => Opened::Missing,
                io::ErrorKind::PermissionDenied => Opened::Forbidden,
                // A kernel driver that is not there any more.
                _ => Opened::Broken(why.to_string()),
            },
        }
    }

    /// What to type so that this user belongs to a group.
    pub fn join(&self, group: &str) -> [String; 2] {
        let name = if self.name.is_empty() { "$USER" } else { &self.name };
        if self.groups.iter().any(|own| own == group) {
            let rule = format!(
                "ls -l /dev/spidev* /dev/gpiochip*      # should name the group {group}: is udev's rule there?"
            );
            return [rule, "sudo apt install --reinstall raspberrypi-sys-mods && sudo reboot".to_owned()];
        }
        [format!("sudo usermod -aG {group} {name}"), "then log in again (or: sudo reboot)".to_owned()]
    }

    /// The text of a file, where it is there.
    pub fn text(&self, file: &str) -> Option<String> {
        fs::read_to_string(self.root.join(file)).ok()
    }

    /// The names in a folder that begin like this, in order.
    pub fn names(&self, folder: &str, beginning: &str) -> Vec<String> {
        let entries = fs::read_dir(self.root.join(folder)).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|name| name.starts_with(beginning))
            .collect();
        names.sort();
        names
    }
}

/// Files below a root, for tests.
#[cfg(test)]
pub(super) fn with_files(files: &[(&str, &str)]) -> (tempfile::TempDir, User) {
    let root = tempfile::tempdir().unwrap();
    for (file, text) in files {
        let file = root.path().join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    let user = User::below(root.path());
    (root, user)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_and_its_groups_have_names() {
        let (_root, user) = with_files(&[
            (
                "proc/self/status",
                "Name:\tx\nUid:\t1000\t1000\t1000\t1000\nGid:\t1000\t1000\t1000\t1000\nGroups:\t44 999 \n",
            ),
            ("etc/passwd", "root:x:0:0::/root:/bin/sh\npi:x:1000:1000::/home/pi:/bin/bash\n"),
            ("etc/group", "root:x:0:\nvideo:x:44:pi\npi:x:1000:\nspi:x:999:pi\ngpio:x:997:\n"),
            ("dev/gpiochip0", ""),
        ]);
        assert_eq!((user.name.as_str(), user.is_root), ("pi", false));
        assert_eq!(user.groups, ["pi", "spi", "video"]);
        assert_eq!(user.join("gpio")[0], "sudo usermod -aG gpio pi");
        assert!(user.join("spi")[0].contains("udev"), "who is in the group already needs another remedy");
        assert_eq!((user.opens("dev/gpiochip0"), user.opens("dev/gpiochip9")), (Opened::Yes, Opened::Missing));
        assert_eq!(user.names("dev", "gpiochip"), ["gpiochip0"]);
    }
}
