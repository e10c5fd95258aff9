//! A WAV file that grows while it is heard.
//!
//! Enters: stereo frames, -1..=1. Leaves: 16-bit PCM whose header is brought up to date each
//! second, so that the file is valid even when the program is killed. Fails: when it cannot be
//! written, or at 4 GiB, which is all its header can say.

use std::{
    fs::File,
    io::{self, BufWriter, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use super::RATE;

const HEADER: u64 = 44;
const FRAME: u64 = 4;

/// See the module.
pub(super) struct WavFile {
    path: PathBuf,
    file: BufWriter<File>,
    /// Bytes of sound written, and how many of them the header says.
    bytes: u64,
    stated: u64,
}

impl WavFile {
    /// Creates it, or empties it.
    pub fn create(path: &Path) -> io::Result<Self> {
        let mut wav = Self { path: path.to_owned(), file: BufWriter::new(File::create(path)?), bytes: 0, stated: 0 };
        wav.state()?;
        Ok(wav)
    }

    /// Appends whole stereo frames.
    pub fn write(&mut self, frames: &[f32]) -> Result<(), String> {
        if self.bytes + HEADER + frames.len() as u64 * 2 > u64::from(u32::MAX) {
            return Err(format!("{} is full: a WAV file holds 4 GiB, more than six hours", self.path.display()));
        }
        self.append(frames).map_err(|why| format!("cannot write the sound to {}: {why}", self.path.display()))
    }

    fn append(&mut self, frames: &[f32]) -> io::Result<()> {
        for sample in frames {
            let whole = (sample * f32::from(i16::MAX)).round() as i16;
            self.file.write_all(&whole.to_le_bytes())?;
        }
        self.bytes += frames.len() as u64 * 2;
        if self.bytes - self.stated >= u64::from(RATE) * FRAME {
            self.state()?;
        }
        Ok(())
    }

    /// Makes the file on disk complete up to here.
    pub fn complete(&mut self) {
        if let Err(why) = self.state() {
            tracing::warn!("cannot complete {}: {why}", self.path.display());
        }
    }

    /// Writes the header for what is there now.
    fn state(&mut self) -> io::Result<()> {
        self.file.flush()?;
        let file = self.file.get_mut();
        file.seek(SeekFrom::Start(0))?;
        // Sizes fit: `write` keeps the file below 4 GiB.
        file.write_all(&header(self.bytes as u32))?;
        file.seek(SeekFrom::End(0))?;
        self.stated = self.bytes;
        Ok(())
    }
}

impl Drop for WavFile {
    fn drop(&mut self) {
        self.complete();
    }
}

/// RIFF header of a file with this many bytes of 16-bit stereo sound.
fn header(bytes: u32) -> [u8; HEADER as usize] {
    let mut header = [0; HEADER as usize];
    let parts: [&[u8]; 13] = [
        b"RIFF",
        &(bytes + HEADER as u32 - 8).to_le_bytes(),
        b"WAVE",
        b"fmt ",
        &16u32.to_le_bytes(),
        &1u16.to_le_bytes(),
        &2u16.to_le_bytes(),
        &RATE.to_le_bytes(),
        &(RATE * FRAME as u32).to_le_bytes(),
        &(FRAME as u16).to_le_bytes(),
        &16u16.to_le_bytes(),
        b"data",
        &bytes.to_le_bytes(),
    ];
    let mut at = 0;
    for part in parts {
        header[at..at + part.len()].copy_from_slice(part);
        at += part.len();
    }
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stated(bytes: &[u8]) -> u32 {
        u32::from_le_bytes([bytes[40], bytes[41], bytes[42], bytes[43]])
    }

    #[test]
    fn is_valid_at_every_second_even_if_never_closed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("heard.wav");
        let mut wav = WavFile::create(&path).unwrap();
        assert_eq!(stated(&std::fs::read(&path).unwrap()), 0);
        for _ in 0..15 {
            wav.write(&vec![0.5; 2 * RATE as usize / 10]).unwrap();
        }
        let killed = std::fs::read(&path).unwrap();
        assert_eq!(stated(&killed), RATE * 4, "a second of the one and a half is stated");
        assert!(killed.len() >= 44 + RATE as usize * 4);

        drop(wav);
        let closed = std::fs::read(&path).unwrap();
        assert_eq!(stated(&closed), RATE * 4 * 3 / 2);
        assert_eq!(closed.len(), 44 + RATE as usize * 6);
        assert_eq!(closed[44..46], 16384i16.to_le_bytes());
    }

    #[test]
    fn full_scale_does_not_wrap() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("loud.wav");
        let mut wav = WavFile::create(&path).unwrap();
        wav.write(&[1.0, -1.0]).unwrap();
        drop(wav);
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!(bytes[44..], [0xff, 0x7f, 0x01, 0x80]);
    }
}
