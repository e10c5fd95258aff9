//! Writes the built-in pieces as WAV files, to listen to: `render_pieces FOLDER [NAME…]`.

use std::{env, fs::File, io::BufWriter, io::Write, path::Path, time::Instant};

use anyhow::{Context, Result};
use moodring_host::player::pieces::{ALL, Piece};

fn main() -> Result<()> {
    let mut args = env::args().skip(1);
    let folder = args.next().context("name the folder for the files")?;
    let names: Vec<String> = args.collect();
    for piece in ALL.iter().filter(|piece| names.is_empty() || names.iter().any(|name| name == piece.name)) {
        let began = Instant::now();
        let frames = piece.render();
        let took = began.elapsed();
        let path = Path::new(&folder).join(format!("{}.wav", piece.name));
        write(&path, &frames).with_context(|| format!("cannot write {}", path.display()))?;
        println!("{}", told(piece, &frames, took.as_secs_f64()));
    }
    Ok(())
}

fn told(piece: &Piece, frames: &[f32], seconds: f64) -> String {
    let decibels = |amplitude: f32| 20.0 * amplitude.log10();
    let peak = frames.iter().fold(0.0_f32, |most, sample| most.max(sample.abs()));
    let power = frames.iter().map(|sample| sample * sample).sum::<f32>() / frames.len() as f32;
    format!(
        "{:9} {:18} {:3} beats/min {:9} {:5.1} s, peak {:5.1} dBFS, RMS {:5.1} dBFS, rendered in {seconds:.2} s",
        piece.name,
        piece.title,
        piece.tempo,
        format!("{:?}", piece.mode).to_lowercase(),
        piece.length.as_secs_f64(),
        decibels(peak),
        decibels(power.sqrt()),
    )
}

/// 16-bit stereo PCM.
fn write(path: &Path, frames: &[f32]) -> std::io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    let bytes = frames.len() as u32 * 2;
    file.write_all(b"RIFF")?;
    file.write_all(&(36 + bytes).to_le_bytes())?;
    file.write_all(b"WAVEfmt \x10\0\0\0\x01\0\x02\0")?;
    file.write_all(&44_100_u32.to_le_bytes())?;
    file.write_all(&176_400_u32.to_le_bytes())?;
    file.write_all(b"\x04\0\x10\0data")?;
    file.write_all(&bytes.to_le_bytes())?;
    for sample in frames {
        file.write_all(&((sample.clamp(-1.0, 1.0) * 32_767.0).round() as i16).to_le_bytes())?;
    }
    file.flush()
}
