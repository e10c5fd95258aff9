//! Images with the stock layout, looked into and written to.

use std::fs;

use super::*;
use crate::stock;

fn open(path: &std::path::Path) -> Result<Fat, BootError> {
    Fat::open(fs::OpenOptions::new().read(true).write(true).open(path).unwrap())
}

fn refused(path: &std::path::Path) -> String {
    open(path).err().map(|why| why.to_string()).unwrap_or_default()
}

#[test]
fn what_is_written_is_there_when_it_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("card.img");
    for megabytes in [16, 64] {
        stock::image(&path, megabytes, true, true);
        let before = fs::read(&path).unwrap();
        let name = "moodring/moodring-device_0.1.0~rc1+git-1_arm64.deb";
        let mut boot = open(&path).unwrap();
        boot.write(name, &vec![7; 3_000_000]).unwrap();
        boot.write("user-data", b"short").unwrap();
        boot.write("moodring/after/user-data", b"x").unwrap();
        boot.remove("network-config").unwrap();
        boot.remove("never-there").unwrap();
        boot.flush().unwrap();
        drop(boot);
        let boot = open(&path).unwrap();
        assert_eq!(boot.read(name).unwrap().unwrap(), vec![7; 3_000_000]);
        assert_eq!(boot.read("user-data").unwrap().unwrap(), b"short");
        assert_eq!(boot.read("network-config").unwrap(), None);
        assert_eq!(boot.names("moodring").unwrap(), ["after", "moodring-device_0.1.0~rc1+git-1_arm64.deb"]);
        assert!(boot.names("").unwrap().contains(&"issue.txt".to_owned()));
        let after = fs::read(&path).unwrap();
        // Two new folders begin as they should: ".", "..", and what is free or theirs.
        let folders = after.chunks_exact(512).filter(|sector| {
            sector.starts_with(DOT)
                && sector[11] == 0x10
                && sector[32..].starts_with(b"..         ")
                && sector[43] == 0x10
        });
        assert_eq!(folders.count(), 2);
        // Nothing outside the partition was touched.
        let (start, end) = (stock::START as usize, (stock::START + (megabytes << 20)) as usize);
        assert!(before[..start] == after[..start] && before[end..] == after[end..] && before.len() == after.len());
    }
}

#[test]
fn a_full_partition_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("card.img");
    stock::image(&path, 16, true, true);
    let mut boot = open(&path).unwrap();
    let free = boot.free().unwrap();
    assert!((10_000_000..17_000_000).contains(&free), "{free}");
    let why = boot.write("large", &vec![1; 20_000_000]).unwrap_err();
    assert!(matches!(why, BootError::Full { .. }), "{why}");
}

#[test]
fn what_is_no_image_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("card.img");
    let spoilt = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        refused(&path)
    };
    assert!(spoilt(b"").contains("no image"));
    assert!(spoilt(&[0; 4096]).contains("no partition table"));
    let mut sector = vec![0; 512];
    sector[..2].copy_from_slice(b"PK");
    assert!(spoilt(&sector).contains("zip"));
    sector[..6].copy_from_slice(b"\xfd7zXZ\0");
    assert!(spoilt(&sector).contains(".xz"));
    let mut sector = vec![0; 512];
    sector[510..].copy_from_slice(&[0x55, 0xaa]);
    assert!(spoilt(&sector).contains("no partition is a FAT"));
    sector[450] = 0xee;
    assert!(spoilt(&sector).contains("GPT"));
    stock::image(&path, 16, true, true);
    let whole = fs::read(&path).unwrap();
    assert!(spoilt(&whole[..whole.len() / 2]).contains("cut short"));
    let mut damaged = whole;
    damaged[stock::START as usize..][..512].fill(0);
    assert!(spoilt(&damaged).contains("no FAT, or it is damaged"));
}
