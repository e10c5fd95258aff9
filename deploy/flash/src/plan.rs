//! What is to be changed on a boot partition, before it is changed.
//!
//! In: a [`Boot`] as it is, the system on it, what the card is to become, and the packages. Out: a [`Plan`]:
//! files to write and to remove, which can be shown as a difference and then be carried out. A second time
//! it finds nothing to do. What fails: no room, or a file that cannot be read.

use std::{collections::BTreeMap, fs, io::Write};

use sha2::{Digest, Sha256};
use similar::TextDiff;

use crate::{
    answers::{Hardware, Password, Wifi, Wishes},
    boot::{Boot, BootError, failed, human},
    cloud_init, lines,
    os::{Means, Os},
    package::Package,
    secret,
};

const FIRST_BOOT: &str = include_str!("../files/first-boot");
const ENROL: &str = include_str!("../files/enrol");

/// Room that is left for what the first boot says.
const SPARE: u64 = 1 << 20;

/// What a card is to become.
#[derive(Debug)]
pub struct Aim<'a> {
    /// Who logs in and how; `None` for an image that Raspberry Pi Imager will ask about.
    pub wishes: Option<&'a Wishes>,
    /// What hangs on the Pi.
    pub hardware: &'a Hardware,
    /// The device's configuration.
    pub device_toml: String,
    /// The packages.
    pub packages: &'a [Package],
}

/// What is to be changed.
#[derive(Debug, Default)]
pub struct Plan {
    writes: BTreeMap<String, Vec<u8>>,
    removes: Vec<String>,
    /// The instance that this card is, `moodring-…`: another one for other contents.
    pub id: String,
}

impl Plan {
    /// What is to be changed on `boot`, which holds `os`.
    ///
    /// # Errors
    /// A file cannot be read, or a hash cannot be made.
    pub fn make(boot: &dyn Boot, os: &Os, aim: &Aim<'_>) -> Result<Self, BootError> {
        let mut plan = Self::default();
        let text = |path: &str| -> Result<String, BootError> {
            Ok(boot.read(path)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default())
        };
        let file = if os.means == Means::CloudInit { "user-data" } else { "firstrun.sh" };
        let hash = aim.wishes.map(|wishes| hash(&wishes.password, &text(file)?)).transpose()?.flatten();
        plan.moodring(boot, aim)?;
        let wifi = aim.wishes.and_then(|wishes| wishes.wifi.as_ref());
        match (os.means, aim.wishes) {
            (Means::CloudInit, Some(wishes)) => {
                plan.put("user-data", cloud_init::user_data(wishes, hash.as_deref()));
                plan.put("network-config", cloud_init::network_config(wifi));
            }
            (Means::FirstRun, Some(wishes)) => plan.put("firstrun.sh", cloud_init::first_run(wishes, hash.as_deref())),
            (_, None) => {}
        }
        if os.means == Means::CloudInit {
            plan.put("vendor-data", cloud_init::vendor_data());
            plan.put("moodring/after/user-data", cloud_init::user_data_after(aim.wishes));
            plan.put("moodring/after/network-config", cloud_init::network_config(None));
        }
        plan.id = plan.digest();
        plan.put("moodring/id", format!("{}\n", plan.id));
        let mut words = Vec::new();
        match (os.means, aim.wishes) {
            (Means::CloudInit, Some(_)) => {
                plan.put("meta-data", cloud_init::meta_data(&plan.id));
                words.push(format!("ds=nocloud;i={}", plan.id));
            }
            (Means::CloudInit, None) => {}
            (Means::FirstRun, wishes) => {
                // Run in this order; after one that fails the Pi switches itself off, unless a "-" forgives it.
                words.push("systemd.run=-/boot/firmware/moodring/enrol".to_owned());
                words.push(match wishes {
                    Some(_) => "systemd.run=/boot/firmware/firstrun.sh".to_owned(),
                    // If Imager adds its own script, Bookworm makes /boot/firmware/ of every /boot/ in the line:
                    // then this is the one that is there.
                    None => "systemd.run=-/boot/moodring/enrol".to_owned(),
                });
                words.push("systemd.run_success_action=reboot".to_owned());
                words.push("systemd.unit=kernel-command-line.target".to_owned());
            }
        }
        words.extend(wifi.map(|wifi: &Wifi| format!("cfg80211.ieee80211_regdom={}", wifi.country)));
        plan.put("config.txt", lines::config_txt(&text("config.txt")?, &lines::firmware(aim.hardware)));
        plan.put("cmdline.txt", lines::cmdline_txt(&text("cmdline.txt")?, &words));
        plan.forget_what_is_so_already(boot)?;
        Ok(plan)
    }

    fn put(&mut self, path: &str, content: impl Into<Vec<u8>>) {
        self.writes.insert(path.to_owned(), content.into());
    }

    /// The folder with the packages and what installs them.
    fn moodring(&mut self, boot: &dyn Boot, aim: &Aim<'_>) -> Result<(), BootError> {
        let mut sums = String::new();
        for package in aim.packages {
            let bytes = fs::read(&package.path).map_err(failed(format!("cannot read {}", package.path.display())))?;
            sums.push_str(&format!("{}  {}\n", hex(&Sha256::digest(&bytes)), package.file));
            self.put(&format!("moodring/{}", package.file), bytes);
        }
        self.put("moodring/SHA256SUMS", sums);
        self.put("moodring/device.toml", aim.device_toml.clone());
        self.put("moodring/first-boot", FIRST_BOOT);
        self.put("moodring/enrol", ENROL);
        // Packages of an earlier time.
        for name in boot.names("moodring")? {
            if name.ends_with(".deb") && !aim.packages.iter().any(|package| package.file == name) {
                self.removes.push(format!("moodring/{name}"));
            }
        }
        Ok(())
    }

    fn digest(&self) -> String {
        let mut digest = Sha256::new();
        for (path, bytes) in &self.writes {
            digest.update((path.len() as u64).to_le_bytes());
            digest.update(path);
            digest.update((bytes.len() as u64).to_le_bytes());
            digest.update(bytes);
        }
        format!("moodring-{}", &hex(&digest.finalize())[..16])
    }

    fn forget_what_is_so_already(&mut self, boot: &dyn Boot) -> Result<(), BootError> {
        let mut so = Vec::new();
        for (path, bytes) in &self.writes {
            if boot.read(path)?.as_ref() == Some(bytes) {
                so.push(path.clone());
            }
        }
        for path in so {
            self.writes.remove(&path);
        }
        Ok(())
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty() && self.removes.is_empty()
    }

    /// Shows each change, without secrets.
    ///
    /// # Errors
    /// The output is closed, or a file cannot be read.
    pub fn show(&self, boot: &dyn Boot, out: &mut dyn Write) -> Result<(), BootError> {
        let closed = || failed("cannot show the changes");
        for path in &self.removes {
            writeln!(out, "remove {path}").map_err(closed())?;
        }
        for (path, bytes) in &self.writes {
            let old = boot.read(path)?;
            if path.ends_with(".deb") {
                writeln!(out, "write {path}, {}", human(bytes.len() as u64)).map_err(closed())?;
                continue;
            }
            let before = secret::hide(&String::from_utf8_lossy(old.as_deref().unwrap_or_default()));
            let after = secret::hide(&String::from_utf8_lossy(bytes));
            let word = if old.is_some() { "change" } else { "write" };
            writeln!(out, "{word} {path}").map_err(closed())?;
            // Programs are shown by their size: they are the same on every card.
            if path == "moodring/first-boot" || path == "moodring/enrol" {
                continue;
            }
            let diff = TextDiff::from_lines(&before, &after);
            for hunk in diff.unified_diff().context_radius(1).iter_hunks() {
                for change in hunk.iter_changes() {
                    write!(out, "  {}{change}", change.tag()).map_err(closed())?;
                    if change.missing_newline() {
                        writeln!(out).map_err(closed())?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Carries it out, and reads it back.
    ///
    /// # Errors
    /// There is no room: then nothing was changed. Or writing failed, or what is read is not what was written.
    pub fn carry_out(&self, boot: &mut dyn Boot, told: &mut dyn FnMut(&str)) -> Result<(), BootError> {
        self.check_room(boot)?;
        for path in &self.removes {
            boot.remove(path)?;
        }
        // What makes the first boot begin comes last: a card that was pulled out halfway is a card as before.
        let last = ["meta-data", "cmdline.txt"];
        let (late, early): (Vec<_>, Vec<_>) = self.writes.iter().partition(|(path, _)| last.contains(&path.as_str()));
        for (path, bytes) in early.into_iter().chain(late) {
            told(path);
            boot.write(path, bytes)?;
        }
        boot.flush()?;
        for (path, bytes) in &self.writes {
            if boot.read(path)?.as_ref() != Some(bytes) {
                return Err(BootError::Foreign(format!(
                    "{path} is not on the card as it was written: the card or its reader is broken"
                )));
            }
        }
        Ok(())
    }

    fn check_room(&self, boot: &dyn Boot) -> Result<(), BootError> {
        let mut wanted = SPARE;
        let mut freed = 0;
        for (path, bytes) in &self.writes {
            // A cluster is at most 32 kB.
            wanted += (bytes.len() as u64).next_multiple_of(1 << 15);
            freed += boot.read(path)?.map_or(0, |old| old.len() as u64);
        }
        for path in &self.removes {
            freed += boot.read(path)?.map_or(0, |old| old.len() as u64);
        }
        let free = boot.free()? + freed;
        if wanted > free {
            return Err(BootError::Full { wanted: human(wanted), free: human(free) });
        }
        Ok(())
    }
}

/// The password's hash; the one in `old`, if it is of this password, so that a second time changes nothing.
fn hash(password: &Password, old: &str) -> Result<Option<String>, BootError> {
    match password {
        Password::None => Ok(None),
        Password::Hash(hash) => Ok(Some(hash.clone())),
        Password::Plain(plain) => {
            let word = old.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\''));
            let mut hashes = word.filter(|word| secret::is_hash(word));
            if let Some(hash) = hashes.find(|hash| secret::is_hash_of(hash, plain)) {
                return Ok(Some(hash.to_owned()));
            }
            let made = secret::password_hash(plain);
            made.map(Some).map_err(|why| BootError::Foreign(format!("the password cannot be hashed: {why}")))
        }
    }
}

/// Bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
