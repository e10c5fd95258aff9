//! Images: plain ones, and those packed with xz.
//!
//! In: a .img or a .img.xz. Out: bytes, to a file or a card, with their number and their SHA-256. What fails:
//! the file cannot be read or is damaged, or there is no room.

use std::{
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom, Write},
    path::Path,
};

use sha2::{Digest, Sha256};

/// Bytes that are moved at a time.
const CHUNK: usize = 4 << 20;

/// What went through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passed {
    /// How many bytes.
    pub length: u64,
    /// Their SHA-256.
    pub sha256: [u8; 32],
}

/// Whether the file's name says that it is packed.
pub fn is_packed(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("xz"))
}

/// An image's bytes, unpacked.
///
/// # Errors
/// The file cannot be opened.
pub fn open(path: &Path) -> io::Result<Box<dyn Read>> {
    let file = BufReader::with_capacity(1 << 20, File::open(path)?);
    if is_packed(path) {
        return Ok(Box::new(lzma_rust2::XzReader::new(file, true)));
    }
    Ok(Box::new(file))
}

/// Moves everything, or the first `limit` bytes, and tells how far it is.
///
/// # Errors
/// Reading or writing failed.
pub fn pass(
    from: &mut dyn Read,
    to: &mut dyn Write,
    limit: Option<u64>,
    told: &mut dyn FnMut(u64),
) -> io::Result<Passed> {
    let mut chunk = vec![0; CHUNK];
    let mut digest = Sha256::new();
    let mut length = 0;
    loop {
        let left = limit.map_or(u64::MAX, |limit| limit - length);
        let wanted = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
        let count = fill(from, &mut chunk[..wanted])?;
        if count == 0 {
            to.flush()?;
            return Ok(Passed { length, sha256: digest.finalize().into() });
        }
        digest.update(&chunk[..count]);
        to.write_all(&chunk[..count])?;
        length += count as u64;
        told(length);
    }
}

/// Fills the buffer, unless the end comes first.
fn fill(from: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut count = 0;
    while count < buffer.len() {
        match from.read(&mut buffer[count..]) {
            Ok(0) => break,
            Ok(more) => count += more,
            Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
            Err(why) => return Err(why),
        }
    }
    Ok(count)
}

/// A file in which stretches of zeros take no room.
#[derive(Debug)]
pub struct Sparse {
    file: File,
    length: u64,
}

impl Sparse {
    /// Into this file, which is empty.
    pub const fn new(file: File) -> Self {
        Self { file, length: 0 }
    }

    /// Gives it its length.
    ///
    /// # Errors
    /// The system cannot.
    pub fn finish(self) -> io::Result<File> {
        self.file.set_len(self.length)?;
        self.file.sync_all()?;
        Ok(self.file)
    }
}

impl Write for Sparse {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for piece in bytes.chunks(1 << 16) {
            if piece.iter().any(|byte| *byte != 0) {
                self.file.seek(SeekFrom::Start(self.length))?;
                self.file.write_all(piece)?;
            }
            self.length += piece.len() as u64;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packed_image_comes_out_as_it_went_in_and_its_zeros_take_no_room() {
        let folder = tempfile::tempdir().unwrap();
        let mut bytes = vec![0u8; 9 << 20];
        bytes[5 << 20] = 7;
        let packed = folder.path().join("card.img.XZ");
        let mut writer =
            lzma_rust2::XzWriter::new(File::create(&packed).unwrap(), lzma_rust2::XzOptions::with_preset(0)).unwrap();
        writer.write_all(&bytes).unwrap();
        writer.finish().unwrap();
        let mut sparse = Sparse::new(File::create(folder.path().join("card.img")).unwrap());
        let mut steps = Vec::new();
        let passed = pass(&mut open(&packed).unwrap(), &mut sparse, None, &mut |at| steps.push(at)).unwrap();
        sparse.finish().unwrap();
        assert_eq!(std::fs::read(folder.path().join("card.img")).unwrap(), bytes);
        assert_eq!(passed, Passed { length: 9 << 20, sha256: Sha256::digest(&bytes).into() });
        assert_eq!(steps, [4 << 20, 8 << 20, 9 << 20]);
        let first = pass(&mut open(&packed).unwrap(), &mut io::sink(), Some(1000), &mut |_| {}).unwrap();
        assert_eq!(first.length, 1000);
        std::fs::write(&packed, b"\xfd7zXZ\0 and then nothing good").unwrap();
        assert!(pass(&mut open(&packed).unwrap(), &mut io::sink(), None, &mut |_| {}).is_err());
    }
}
