//! Lists of songs as other programs write them: CSV, M3U and M3U8, XSPF.
//!
//! Pure. In: a file's name and bytes. Out: the songs that it names, in its order. Fails in words, with
//! the line: a kind that is not known, columns that are missing, broken XML. Files that a list names are
//! resolved against the folder of the list, and not opened.

use std::path::{Component, Path, PathBuf};

use serde::Deserialize;

use super::matching::Song;

/// The longest list that is read, in bytes.
pub const LONGEST: u64 = 32 * 1024 * 1024;

/// One song of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// As the list describes it.
    pub song: Song,
    /// The file that it names, absolute where the list's own path is; or an address. Empty: none.
    pub place: String,
}

/// The songs of a list.
///
/// # Errors
/// In words that do not name the file.
pub fn parse(file: &Path, bytes: &[u8]) -> Result<Vec<Entry>, String> {
    let ending = file.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_lowercase();
    let text = decode(bytes);
    let folder = file.parent().unwrap_or(Path::new(""));
    match ending.as_str() {
        "csv" | "tsv" => csv(&text, if ending == "tsv" { b'\t' } else { b',' }),
        "m3u" | "m3u8" => Ok(m3u(&text, folder)),
        "xspf" => xspf(&text, folder),
        _ => Err("it is no list that can be imported; known are .csv, .m3u, .m3u8 and .xspf".to_owned()),
    }
}

/// UTF-8, else Latin-1, as old lists are; without a byte order mark.
fn decode(bytes: &[u8]) -> String {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_or_else(|_| bytes.iter().map(|byte| char::from(*byte)).collect(), str::to_owned)
}

/// Columns by their names, in any order: a title, and, where they are there, artist and album.
fn csv(text: &str, between: u8) -> Result<Vec<Entry>, String> {
    let mut reader =
        csv::ReaderBuilder::new().delimiter(between).flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
    let names = reader.headers().map_err(|why| format!("it cannot be read: {why}"))?.clone();
    let column = |known: &[&str]| names.iter().position(|name| known.contains(&name.to_lowercase().as_str()));
    let title = column(&["name", "title", "track", "track name", "song"]);
    let artist = column(&["artist", "artists", "artist name", "artist name(s)"]);
    let album = column(&["album", "album name"]);
    let Some(title) = title else {
        let found = names.iter().collect::<Vec<_>>().join(", ");
        return Err(format!(
            "line 1: its columns are {found:?}; one must be Name, and Album and Artist may stand beside it"
        ));
    };
    let mut entries = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|why| format!("it cannot be read: {why}"))?;
        let cell = |column: Option<usize>| column.and_then(|at| record.get(at)).unwrap_or_default().to_owned();
        let song = Song { title: cell(Some(title)), artist: cell(artist), album: cell(album) };
        if !song.title.is_empty() {
            entries.push(Entry { song, place: String::new() });
        }
    }
    Ok(entries)
}

/// A line for each file, each perhaps after an `#EXTINF:seconds,Artist - Title`.
fn m3u(text: &str, folder: &Path) -> Vec<Entry> {
    let mut entries = Vec::new();
    let (mut told, mut album) = (None, String::new());
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some(info) = line.strip_prefix("#EXTINF:") {
            told = info.split_once(',').map(|(_, name)| name.trim().to_owned());
        } else if let Some(name) = line.strip_prefix("#EXTALB:") {
            album = name.trim().to_owned();
        } else if !line.starts_with('#') {
            let place = resolve(line, folder);
            let name = told.take().filter(|name| !name.is_empty()).unwrap_or_else(|| stem(&place));
            entries.push(Entry { song: Song { album: album.clone(), ..named(&name) }, place });
        }
    }
    entries
}

#[derive(Deserialize)]
struct Xspf {
    #[serde(rename = "trackList", default)]
    list: XspfList,
}

#[derive(Default, Deserialize)]
struct XspfList {
    #[serde(default)]
    track: Vec<XspfTrack>,
}

#[derive(Deserialize)]
struct XspfTrack {
    #[serde(default)]
    location: Vec<String>,
    #[serde(default)]
    title: String,
    #[serde(default)]
    creator: String,
    #[serde(default)]
    album: String,
}

fn xspf(text: &str, folder: &Path) -> Result<Vec<Entry>, String> {
    let read: Xspf = quick_xml::de::from_str(text).map_err(|why| format!("it is no XSPF list: {why}"))?;
    let entry = |track: XspfTrack| {
        let place = track.location.first().map(|place| resolve(place, folder)).unwrap_or_default();
        let song = if track.title.is_empty() {
            Song { album: track.album, ..named(&stem(&place)) }
        } else {
            Song { title: track.title, artist: track.creator, album: track.album }
        };
        Entry { song, place }
    };
    Ok(read.list.track.into_iter().map(entry).filter(|entry| !entry.song.title.is_empty()).collect())
}

/// "Artist - Title", or a title.
fn named(name: &str) -> Song {
    // "07 Artist - Title", "07. Title"
    let bare = name.trim_start_matches(|c: char| c.is_ascii_digit());
    let numbered = bare.len() < name.len() && bare.starts_with(['.', '-', ' ', '_']);
    let name = if numbered { bare.trim_start_matches(['.', '-', ' ', '_']) } else { name };
    match name.replace('_', " ").split_once(" - ") {
        Some((artist, title)) => {
            Song { title: title.trim().to_owned(), artist: artist.trim().to_owned(), album: String::new() }
        }
        None => Song { title: name.trim().to_owned(), ..Song::default() },
    }
}

fn stem(place: &str) -> String {
    Path::new(place).file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Where a list's line points: a path as it is on this machine, or an address as it stands.
fn resolve(line: &str, folder: &Path) -> String {
    if let Some(path) = line.strip_prefix("file://") {
        // file:///path, file://localhost/path
        return percent(path.strip_prefix("localhost").unwrap_or(path));
    }
    if line.contains("://") || line.starts_with("spotify:") {
        return line.to_owned();
    }
    // Written on Windows, and without a file of that very name.
    let line = if line.contains('\\') && !line.contains('/') { line.replace('\\', "/") } else { line.to_owned() };
    let mut path = PathBuf::new();
    for part in folder.join(line).components() {
        match part {
            Component::ParentDir => drop(path.pop()),
            Component::CurDir => {}
            part => path.push(part),
        }
    }
    path.to_string_lossy().into_owned()
}

/// Undoes `%20` and the like.
fn percent(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let code =
            bytes.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        match (bytes[at], code) {
            (b'%', Some(byte)) => {
                plain.push(byte);
                at += 3;
            }
            (byte, _) => {
                plain.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&plain).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn titles(name: &str, text: &str) -> Vec<(String, String, String, String)> {
        let entries = parse(Path::new(name), text.as_bytes()).unwrap();
        entries.into_iter().map(|e| (e.song.title, e.song.artist, e.song.album, e.place)).collect()
    }

    fn row(title: &str, artist: &str, album: &str, place: &str) -> (String, String, String, String) {
        (title.to_owned(), artist.to_owned(), album.to_owned(), place.to_owned())
    }

    #[test]
    fn the_older_demos_lists_are_read() {
        let text = "\u{feff}Name,Album,Artist\n\"Hello, Goodbye\",Magical Mystery Tour,The Beatles\nJóga,Homogenic,Björk\n,,\n";
        let expected =
            [row("Hello, Goodbye", "The Beatles", "Magical Mystery Tour", ""), row("Jóga", "Björk", "Homogenic", "")];
        assert_eq!(titles("happy.csv", text), expected);
        // With an index in front, as pandas writes it, and other names.
        assert_eq!(titles("sad.csv", ",Track Name,Artist Name(s)\n0,One,U2\n"), [row("One", "U2", "", "")]);
        let error = parse(Path::new("x.csv"), b"a,b\n1,2\n").unwrap_err();
        assert!(error.starts_with("line 1: its columns are \"a, b\"; one must be Name"), "{error}");
    }

    #[test]
    fn m3u_names_files_and_songs() {
        let text = "#EXTM3U\r\n#EXTINF:215,Queen - Don't Stop Me Now\r\nQueen\\Jazz\\12.mp3\r\n\
                    ../b/03 Björk - Jóga.flac\nfile:///m/a%20b.ogg\nhttp://radio.example/stream\n#EXTALB:Hits\n/m/x.mp3\n";
        let expected = [
            row("Don't Stop Me Now", "Queen", "", "/lists/Queen/Jazz/12.mp3"),
            row("Jóga", "Björk", "", "/b/03 Björk - Jóga.flac"),
            row("a b", "", "", "/m/a b.ogg"),
            row("stream", "", "", "http://radio.example/stream"),
            row("x", "", "Hits", "/m/x.mp3"),
        ];
        assert_eq!(titles("/lists/happy.m3u8", text), expected);
        let latin = parse(Path::new("/l/x.m3u"), b"J\xf3ga.mp3").unwrap();
        assert_eq!(latin[0].song.title, "Jóga");
    }

    #[test]
    fn xspf_names_files_and_songs() {
        let text = r#"<?xml version="1.0" encoding="UTF-8"?>
            <playlist version="1" xmlns="http://xspf.org/ns/0/"><title>Mine</title><trackList>
            <track><location>file:///m/a%20b.mp3</location><title>Rock &amp; Roll</title><creator>Led Zeppelin</creator>
              <album>IV</album><duration>220000</duration></track>
            <track><location>c/Nobody - Something.mp3</location></track>
            <track><title>No file</title></track><track/>
            </trackList></playlist>"#;
        let expected = [
            row("Rock & Roll", "Led Zeppelin", "IV", "/m/a b.mp3"),
            row("Something", "Nobody", "", "/l/c/Nobody - Something.mp3"),
            row("No file", "", "", ""),
        ];
        assert_eq!(titles("/l/sad.xspf", text), expected);
        assert!(parse(Path::new("x.xspf"), b"<playlist><trackList>").unwrap_err().starts_with("it is no XSPF list"));
        assert!(parse(Path::new("x.pls"), b"").unwrap_err().contains(".csv, .m3u"));
    }
}
