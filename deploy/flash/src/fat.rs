//! The boot partition inside an image file or on a card: a partition table, and a FAT that nobody mounts.
//!
//! In: a file or a block device that can be read and written. Out: a [`Boot`]. What fails: there is no
//! partition table, its first partition is no FAT, or the FAT is damaged.

use std::{
    cell::RefCell,
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    mem,
    os::unix::fs::FileExt,
    rc::Rc,
};

use fatfs::{FileSystem, FsOptions};

use crate::boot::{Boot, BootError, failed, human};

/// Bytes of a sector, in which partition tables count.
const SECTOR: u64 = 512;

/// Where a partition lies, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its first byte.
    pub start: u64,
    /// Its length.
    pub length: u64,
}

impl Span {
    /// The byte behind its last.
    pub const fn end(self) -> u64 {
        self.start + self.length
    }
}

/// The first FAT partition of a partition table (an MBR, as every image of Raspberry Pi OS has).
///
/// # Errors
/// The first sector is no partition table, or has no FAT in it; the message says what it is instead.
pub fn boot_partition(sector: &[u8; 512]) -> Result<Span, BootError> {
    let foreign = |why: &str| Err(BootError::Foreign(why.to_owned()));
    if sector.starts_with(&[0xfd, b'7', b'z', b'X', b'Z', 0]) {
        return foreign("this is packed with xz; name it with its ending .xz, and it is unpacked to a new file");
    }
    if sector.starts_with(b"PK") {
        return foreign("this is a zip; unpack it first, and name the .img inside");
    }
    if sector[510..] != [0x55, 0xaa] {
        return foreign("there is no partition table: this is no image of Raspberry Pi OS, or nothing was written yet");
    }
    for entry in sector[446..510].chunks_exact(16) {
        let number =
            |at: usize| u64::from(u32::from_le_bytes([entry[at], entry[at + 1], entry[at + 2], entry[at + 3]]));
        // FAT16 and FAT32 in their four forms.
        if matches!(entry[4], 0x06 | 0x0b | 0x0c | 0x0e) && number(12) > 0 {
            return Ok(Span { start: number(8) * SECTOR, length: number(12) * SECTOR });
        }
        if entry[4] == 0xee {
            return foreign("the partition table is a GPT, which Raspberry Pi OS does not use: this is another system");
        }
    }
    foreign("no partition is a FAT, from which a Raspberry Pi starts: this is another system's image")
}

/// A part of a file, as if it were a file.
#[derive(Debug)]
pub struct Window<F> {
    file: F,
    span: Span,
    at: u64,
    /// Where entries called "." were written, bytes from the file's beginning; see [`Fat::order_dots`].
    dots: Dots,
}

type Dots = Rc<RefCell<Vec<u64>>>;

/// An entry's name as it lies in a folder: 8 and 3 letters, filled with spaces.
const DOT: &[u8; 11] = b".          ";

impl<F: Seek> Window<F> {
    /// This part of `file`.
    pub fn new(file: F, span: Span) -> Self {
        Self { file, span, at: 0, dots: Dots::default() }
    }

    fn room(&mut self, wanted: usize) -> io::Result<usize> {
        let left = self.span.length.saturating_sub(self.at);
        self.file.seek(SeekFrom::Start(self.span.start + self.at))?;
        Ok(usize::try_from(left).unwrap_or(usize::MAX).min(wanted))
    }
}

impl<F: Read + Seek> Read for Window<F> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let room = self.room(bytes.len())?;
        let count = self.file.read(&mut bytes[..room])?;
        self.at += count as u64;
        Ok(count)
    }
}

impl<F: Write + Seek> Write for Window<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = self.room(bytes.len())?;
        if bytes == DOT {
            self.dots.borrow_mut().push(self.span.start + self.at);
        }
        let count = self.file.write(&bytes[..room])?;
        self.at += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl<F: Seek> Seek for Window<F> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let place = match to {
            SeekFrom::Start(at) => i128::from(at),
            SeekFrom::Current(by) => i128::from(self.at) + i128::from(by),
            SeekFrom::End(by) => i128::from(self.span.length) + i128::from(by),
        };
        self.at = u64::try_from(place).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}

/// A FAT.
pub struct Fat {
    system: FileSystem<Window<File>>,
    file: File,
    dots: Dots,
    /// The root's first cluster on a FAT32.
    root: [u8; 4],
}

impl Fat {
    /// Puts "." and ".." of new folders where they belong: first, and under no long name; and has ".." say 0
    /// where it means the root. fatfs 0.3 does neither, which fsck.fat takes for damage and would mend at the
    /// first boot by renaming them.
    fn order_dots(&self) -> io::Result<()> {
        for dot in mem::take(&mut *self.dots.borrow_mut()) {
            // The long name of ".", ".", the long name of "..", "..", each of 32 bytes.
            let Some(start) = dot.checked_sub(32) else { continue };
            let mut entries = [0; 128];
            self.file.read_exact_at(&mut entries, start)?;
            let is_long = |at: usize| entries[at + 11] == 0x0f;
            if is_long(0) && entries[32..43] == *DOT && is_long(64) && entries[96..98] == *b".." {
                entries.copy_within(32..64, 0);
                entries.copy_within(96..128, 32);
                let cluster = [entries[58], entries[59], entries[52], entries[53]];
                if cluster == self.root {
                    entries[52..54].fill(0);
                    entries[58..60].fill(0);
                }
                // Free again.
                entries[64] = 0xe5;
                entries[96] = 0xe5;
                self.file.write_all_at(&entries, start)?;
            }
        }
        Ok(())
    }

    /// The boot partition of an image, or of a card with one on it.
    ///
    /// # Errors
    /// There is none, or it is damaged.
    pub fn open(mut file: File) -> Result<Self, BootError> {
        let mut sector = [0; 512];
        file.seek(SeekFrom::Start(0)).and_then(|_| file.read_exact(&mut sector)).map_err(|why| match why.kind() {
            io::ErrorKind::UnexpectedEof => {
                BootError::Foreign("it is shorter than a partition table: no image".to_owned())
            }
            _ => failed("cannot read the partition table")(why),
        })?;
        let span = boot_partition(&sector)?;
        let size = file.seek(SeekFrom::End(0)).map_err(failed("cannot find the end of the image"))?;
        if size < span.end() {
            return Err(BootError::Foreign(format!(
                "it is cut short: the boot partition ends at {}, and it has {}. Download or unpack it again",
                human(span.end()),
                human(size)
            )));
        }
        let keep = file.try_clone().map_err(failed("cannot open the image twice"))?;
        let mut root = [0; 4];
        keep.read_exact_at(&mut root, span.start + 44).map_err(failed("cannot read the boot partition"))?;
        let window = Window::new(file, span);
        let dots = Rc::clone(&window.dots);
        let system = FileSystem::new(window, FsOptions::new())
            .map_err(failed("the boot partition is no FAT, or it is damaged"))?;
        Ok(Self { system, file: keep, dots, root })
    }
}

impl Boot for Fat {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, BootError> {
        let mut file = match self.system.root_dir().open_file(path) {
            Ok(file) => file,
            Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(why) => return Err(failed(format!("cannot read {path} on the boot partition"))(why)),
        };
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(failed(format!("cannot read {path} on the boot partition")))?;
        Ok(Some(bytes))
    }

    fn write(&mut self, path: &str, bytes: &[u8]) -> Result<(), BootError> {
        let what = || format!("cannot write {path} to the boot partition");
        let root = self.system.root_dir();
        if let Some((folder, _)) = path.rsplit_once('/') {
            let mut made = String::new();
            for name in folder.split('/') {
                made.push_str(name);
                root.create_dir(&made).map_err(failed(what()))?;
                made.push('/');
            }
            self.order_dots().map_err(failed(what()))?;
        }
        let mut file = root.create_file(path).map_err(failed(what()))?;
        let write = file.truncate().and_then(|()| file.write_all(bytes)).and_then(|()| file.flush());
        write.map_err(|why| match why.to_string() {
            // What fatfs says when no cluster is free has no kind of its own.
            text if text.starts_with("No space left") => failed(what())(io::ErrorKind::StorageFull.into()),
            _ => failed(what())(why),
        })
    }

    fn remove(&mut self, path: &str) -> Result<(), BootError> {
        match self.system.root_dir().remove(path) {
            Err(why) if why.kind() != io::ErrorKind::NotFound => {
                Err(failed(format!("cannot remove {path} from the boot partition"))(why))
            }
            _ => Ok(()),
        }
    }

    fn names(&self, folder: &str) -> Result<Vec<String>, BootError> {
        let root = self.system.root_dir();
        let folder = match folder {
            "" => root,
            folder => match root.open_dir(folder) {
                Ok(folder) => folder,
                Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
                Err(why) => return Err(failed(format!("cannot read {folder} on the boot partition"))(why)),
            },
        };
        let entries: Result<Vec<_>, _> = folder.iter().collect();
        let entries = entries.map_err(failed("the boot partition is damaged"))?;
        let mut names: Vec<String> =
            entries.iter().map(fatfs::DirEntry::file_name).filter(|name| name != "." && name != "..").collect();
        names.sort();
        Ok(names)
    }

    fn free(&self) -> Result<u64, BootError> {
        let stats = self.system.stats().map_err(failed("cannot ask how full the boot partition is"))?;
        Ok(u64::from(stats.free_clusters()) * u64::from(stats.cluster_size()))
    }

    fn flush(&mut self) -> Result<(), BootError> {
        self.file.sync_all().map_err(failed("cannot write to the card"))
    }
}

#[cfg(test)]
#[path = "fat_tests.rs"]
mod tests;
