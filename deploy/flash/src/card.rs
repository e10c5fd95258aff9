//! Cards in a reader: which block devices may be written to, and writing to one.
//!
//! In: `/dev/sdb`, what the kernel says of it in `/sys/block`, and what is mounted. Out: a [`Card`] that can
//! be shown and written. What fails: it is not removable, too large to be a card, too small for the image, or
//! this computer runs from it. Both folders are parameters: tests have others stand in for them.

use std::{
    fmt, fs,
    fs::File,
    io::{self, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use thiserror::Error;

use crate::{
    boot::human,
    image::{self, Passed},
};

/// Larger is no card, but somebody's disk in a USB case.
const LARGEST: u64 = 2_200_000_000_000;

/// Where what is said of block devices is read.
#[derive(Clone, Debug)]
pub struct Kernel {
    /// `/sys/block`.
    pub block: PathBuf,
    /// `/proc/self/mounts`.
    pub mounts: PathBuf,
    /// `/proc/swaps`.
    pub swaps: PathBuf,
}

impl Default for Kernel {
    fn default() -> Self {
        Self { block: "/sys/block".into(), mounts: "/proc/self/mounts".into(), swaps: "/proc/swaps".into() }
    }
}

/// Why a device is not written to.
#[derive(Debug, Error)]
pub enum CardError {
    /// It is a part of a device.
    #[error("{part} is a partition; name the whole card: {whole}")]
    Partition {
        /// What was named.
        part: String,
        /// The device it is on.
        whole: String,
    },
    /// It is none at all.
    #[error("{0} is no block device; 'deploy/pi/flash cards' lists those that may be written to")]
    NotBlock(String),
    /// It is built in.
    #[error("{0} cannot be taken out of this computer: it is not written to. 'deploy/pi/flash cards' lists cards")]
    BuiltIn(String),
    /// It is a disk.
    #[error("{name} has {size}: that is no card but a disk, and is not written to")]
    TooLarge {
        /// Its name.
        name: String,
        /// Its size, for people.
        size: String,
    },
    /// The system is on it.
    #[error("{name} is in use by this computer ({how}): it is not written to")]
    System {
        /// Its name.
        name: String,
        /// For what.
        how: String,
    },
    /// There is no card in the reader.
    #[error("{0} is a reader without a card: put one in")]
    Empty(String),
    /// It is switched to read only.
    #[error("{0} is write-protected: move the little slide on the card's adapter")]
    ReadOnly(String),
    /// The image is larger.
    #[error("the image needs {wanted}, and the card has {size}: take a larger one")]
    TooSmall {
        /// What is needed, for people.
        wanted: String,
        /// What there is, for people.
        size: String,
    },
    /// Reading or writing failed.
    #[error("{what}: {why}")]
    Io {
        /// What was tried.
        what: String,
        /// What the system said.
        why: io::Error,
    },
    /// It keeps other things than were written.
    #[error("the card does not hold what was written to it: it is broken, or not as large as it claims. Take another")]
    Broken,
}

/// A card that may be written to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// Its name, `sdb`.
    pub name: String,
    /// Its size, bytes.
    pub size: u64,
    /// Who made it or its reader, as far as it says.
    pub model: String,
    /// Its partitions.
    pub partitions: Vec<Partition>,
}

/// A partition of a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Its name, `sdb1`.
    pub name: String,
    /// Its size, bytes.
    pub size: u64,
    /// Where it is mounted.
    pub mounted: Vec<String>,
}

impl fmt::Display for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/dev/{}: {}, {}", self.name, human(self.size), self.model)?;
        for part in &self.partitions {
            write!(f, "\n  {} {}", part.name, human(part.size))?;
            for place in &part.mounted {
                write!(f, ", mounted at {place}")?;
            }
        }
        Ok(())
    }
}

impl Kernel {
    /// The card of a name such as `sdb`, if it may be written to.
    ///
    /// # Errors
    /// It may not; the message says why.
    pub fn card(&self, name: &str) -> Result<Card, CardError> {
        let home = self.block.join(name);
        if name.is_empty() || name.contains(['/', '.']) || !home.exists() {
            let is_part = |whole: &String| self.block.join(whole).join(name).join("partition").exists();
            let whole = self.names().into_iter().find(|whole| !name.is_empty() && is_part(whole));
            return Err(match whole {
                Some(whole) => CardError::Partition { part: name.to_owned(), whole: format!("/dev/{whole}") },
                None => CardError::NotBlock(name.to_owned()),
            });
        }
        let say = |file: &str| fs::read_to_string(home.join(file)).unwrap_or_default().trim().to_owned();
        // The kernel counts in 512 bytes, whatever the device does.
        let size = say("size").parse::<u64>().unwrap_or(0) * 512;
        if !self.can_be_taken_out(name, &home) {
            return Err(CardError::BuiltIn(name.to_owned()));
        }
        let card = Card { name: name.to_owned(), size, model: model(&say), partitions: self.partitions(name, &home) };
        let whole = Partition { name: name.to_owned(), size, mounted: self.mounted(name) };
        for part in card.partitions.iter().chain([&whole]) {
            if let Some(place) = part.mounted.iter().find(|place| is_systems(place)) {
                return Err(CardError::System {
                    name: name.to_owned(),
                    how: format!("{} is mounted at {place}", part.name),
                });
            }
            if self.is_swap(&part.name) {
                return Err(CardError::System {
                    name: name.to_owned(),
                    how: format!("{} is its swap space", part.name),
                });
            }
            // Encrypted and joined volumes stand upon it.
            if fs::read_dir(home.join(&part.name).join("holders")).is_ok_and(|mut holders| holders.next().is_some()) {
                return Err(CardError::System {
                    name: name.to_owned(),
                    how: format!("a volume stands upon {}", part.name),
                });
            }
        }
        match size {
            0 => Err(CardError::Empty(name.to_owned())),
            size if size > LARGEST => Err(CardError::TooLarge { name: name.to_owned(), size: human(size) }),
            _ if say("ro") == "1" => Err(CardError::ReadOnly(name.to_owned())),
            _ => Ok(card),
        }
    }

    /// All cards that may be written to.
    pub fn cards(&self) -> Vec<Card> {
        self.names().iter().filter_map(|name| self.card(name).ok()).collect()
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.block).into_iter().flatten().filter_map(Result::ok);
        let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// Readers say that they are removable, or hang on USB; cards in a slot are of the kind SD.
    fn can_be_taken_out(&self, name: &str, home: &Path) -> bool {
        if ["loop", "ram", "zram", "dm-", "md", "nvme", "vd", "sr", "nbd"].iter().any(|kind| name.starts_with(kind)) {
            return false;
        }
        let say = |file: &str| fs::read_to_string(home.join(file)).unwrap_or_default().trim().to_owned();
        if name.starts_with("mmcblk") {
            return !name.contains("boot") && !name.contains("rpmb") && say("device/type") == "SD";
        }
        let on_usb = fs::canonicalize(home)
            .is_ok_and(|path| path.components().any(|part| part.as_os_str().to_string_lossy().starts_with("usb")));
        say("removable") == "1" || on_usb
    }

    fn partitions(&self, name: &str, home: &Path) -> Vec<Partition> {
        let entries = fs::read_dir(home).into_iter().flatten().filter_map(Result::ok);
        let mut parts: Vec<Partition> = entries
            .filter(|entry| entry.path().join("partition").exists())
            .map(|entry| {
                let part = entry.file_name().to_string_lossy().into_owned();
                let size = fs::read_to_string(entry.path().join("size")).unwrap_or_default();
                Partition {
                    size: size.trim().parse::<u64>().unwrap_or(0) * 512,
                    mounted: self.mounted(&part),
                    name: part,
                }
            })
            .collect();
        parts.sort_by(|one, other| (one.name.len(), &one.name).cmp(&(other.name.len(), &other.name)));
        debug_assert!(parts.iter().all(|part| part.name.starts_with(name)));
        parts
    }

    fn mounted(&self, name: &str) -> Vec<String> {
        let mounts = fs::read_to_string(&self.mounts).unwrap_or_default();
        let places = mounts.lines().filter_map(|line| {
            let mut words = line.split(' ');
            (words.next()? == format!("/dev/{name}")).then(|| words.next())?
        });
        // The kernel writes a space as \040.
        places.map(|place| place.replace("\\040", " ")).collect()
    }

    fn is_swap(&self, name: &str) -> bool {
        let swaps = fs::read_to_string(&self.swaps).unwrap_or_default();
        swaps.lines().any(|line| line.split_whitespace().next() == Some(&format!("/dev/{name}")))
    }
}

fn model(say: &dyn Fn(&str) -> String) -> String {
    let words = [say("device/vendor"), say("device/model"), say("device/name")];
    let words: Vec<&str> = words.iter().map(String::as_str).filter(|word| !word.is_empty()).collect();
    if words.is_empty() { "which does not say who made it".to_owned() } else { words.join(" ") }
}

/// Whether this computer needs what is mounted there. What the desktop mounts by itself it does not.
fn is_systems(place: &str) -> bool {
    !["/media/", "/run/media/", "/mnt/", "/Volumes/"].iter().any(|folder| place.starts_with(folder)) && place != "/mnt"
}

/// Writes an image to a card, and reads it back.
///
/// # Errors
/// The image cannot be read or is too large, the card cannot be written, or does not keep what was written.
pub fn write(image: &Path, card: &mut File, size: u64, told: &mut dyn FnMut(&str, u64)) -> Result<Passed, CardError> {
    let failed = |what: String| move |why| CardError::Io { what, why };
    if !image::is_packed(image) {
        let wanted = fs::metadata(image).map_err(failed(format!("cannot read {}", image.display())))?.len();
        if wanted > size {
            return Err(CardError::TooSmall { wanted: human(wanted), size: human(size) });
        }
    }
    let mut from = image::open(image).map_err(failed(format!("cannot read {}", image.display())))?;
    card.seek(SeekFrom::Start(0)).map_err(failed("cannot write to the card".to_owned()))?;
    let mut bounded = Bounded { card, left: size };
    let written =
        image::pass(&mut from, &mut bounded, None, &mut |at| told("written", at)).map_err(|why| match why.kind() {
            io::ErrorKind::StorageFull => CardError::TooSmall { wanted: "more".to_owned(), size: human(size) },
            _ => CardError::Io { what: format!("cannot write {} to the card", image.display()), why },
        })?;
    card.sync_all().map_err(failed("cannot write to the card".to_owned()))?;
    // What the computer still remembers proves nothing.
    rustix::fs::fadvise(&*card, 0, None, rustix::fs::Advice::DontNeed)
        .map_err(|why| CardError::Io { what: "cannot read from the card itself".to_owned(), why: why.into() })?;
    card.seek(SeekFrom::Start(0)).map_err(failed("cannot read the card".to_owned()))?;
    let read = image::pass(card, &mut io::sink(), Some(written.length), &mut |at| told("checked", at))
        .map_err(failed("cannot read the card".to_owned()))?;
    if read == written { Ok(written) } else { Err(CardError::Broken) }
}

/// A card that ends where it ends, also where a file stands in for it.
struct Bounded<'a> {
    card: &'a mut File,
    left: u64,
}

impl Write for Bounded<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() as u64 > self.left {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let count = self.card.write(bytes)?;
        self.left -= count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.card.flush()
    }
}

#[cfg(test)]
#[path = "card_tests.rs"]
mod tests;
