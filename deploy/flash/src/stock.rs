//! Cards as they come from Raspberry Pi Imager, made for tests: the layout and the files of the real images.
//!
//! In: which release. Out: an image of a few megabytes, or a folder, with the boot partition's files.

use std::{
    fs::{self, File, OpenOptions},
    io::{Seek, SeekFrom, Write},
    path::Path,
};

use fatfs::{FatType, FormatVolumeOptions};

use crate::{
    boot::{Boot, Folder},
    fat::{Span, Window},
};

/// Where the boot partition of a stock image begins.
pub const START: u64 = 16384 * 512;

/// The stock files of a release: (name, content).
pub fn files(trixie: bool, arm64: bool) -> Vec<(&'static str, String)> {
    let date = if trixie { "2026-06-18" } else { "2025-05-13" };
    let issue = format!(
        "Raspberry Pi reference {date}\nGenerated using pi-gen, https://github.com/RPi-Distro/pi-gen, 4e3b1a0f, stage2\n"
    );
    let config = "# For more options and information see\n# http://rptl.io/configtxt\n\n# Uncomment some or all of these to \
        enable the optional hardware interfaces\n#dtparam=i2c_arm=on\n#dtparam=spi=on\n\n# Automatically load overlays \
        for detected cameras\ncamera_auto_detect=1\n\ndtoverlay=vc4-kms-v3d\nmax_framebuffers=2\narm_64bit=1\n\n[cm4]\n\
        otg_mode=1\n\n[cm5]\ndtoverlay=dwc2,dr_mode=host\n\n[all]\n";
    let first = if trixie { "resize" } else { "quiet init=/usr/lib/raspberrypi-sys-mods/firstboot" };
    let cmdline = format!(
        "console=serial0,115200 console=tty1 root=PARTUUID=6d6f6f64-02 rootfstype=ext4 fsck.repair=yes rootwait {first}\n"
    );
    let mut files = vec![("issue.txt", issue), ("config.txt", config.to_owned()), ("cmdline.txt", cmdline)];
    files.push(("kernel8.img", "kernel".to_owned()));
    if !arm64 {
        files.push(("kernel7.img", "kernel".to_owned()));
    }
    if trixie {
        files.push((
            "user-data",
            "#cloud-config\n\n# This is the user-data configuration file for cloud-init.\n".to_owned(),
        ));
        files.push(("meta-data", "dsmode: local\ninstance_id: rpios-image\n".to_owned()));
        files.push((
            "network-config",
            "network:\n  version: 2\n\n  ethernets:\n    eth0:\n      dhcp4: true\n      optional: true\n".to_owned(),
        ));
    }
    files
}

/// A mounted boot partition.
pub fn folder(path: &Path, trixie: bool, arm64: bool) -> Folder {
    fs::create_dir_all(path).unwrap();
    let mut boot = Folder::at(path);
    for (name, content) in files(trixie, arm64) {
        boot.write(name, content.as_bytes()).unwrap();
    }
    boot
}

/// An image with a boot partition of so many megabytes (FAT32 from 33 on), and an empty second one.
pub fn image(path: &Path, megabytes: u64, trixie: bool, arm64: bool) {
    let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path).unwrap();
    let span = Span { start: START, length: megabytes << 20 };
    file.set_len(span.end() + (4 << 20)).unwrap();
    table(&mut file, span);
    let kind = if megabytes > 33 { FatType::Fat32 } else { FatType::Fat16 };
    let options = FormatVolumeOptions::new().fat_type(kind).volume_label(*b"bootfs     ");
    fatfs::format_volume(Window::new(file.try_clone().unwrap(), span), options).unwrap();
    let mut boot = crate::fat::Fat::open(file).unwrap();
    for (name, content) in files(trixie, arm64) {
        boot.write(name, content.as_bytes()).unwrap();
    }
}

fn table(file: &mut File, boot: Span) {
    let mut sector = [0u8; 512];
    let mut part = |at: usize, kind: u8, start: u64, length: u64| {
        sector[at + 4] = kind;
        sector[at + 8..at + 12].copy_from_slice(&u32::try_from(start / 512).unwrap().to_le_bytes());
        sector[at + 12..at + 16].copy_from_slice(&u32::try_from(length / 512).unwrap().to_le_bytes());
    };
    part(446, 0x0c, boot.start, boot.length);
    part(462, 0x83, boot.end(), 4 << 20);
    sector[510..].copy_from_slice(&[0x55, 0xaa]);
    file.seek(SeekFrom::Start(0)).unwrap();
    file.write_all(&sector).unwrap();
}

/// A package that holds nothing but its description.
pub fn package(path: &Path, name: &str, arch: &str) {
    let control =
        format!("Package: {name}\nVersion: 0.1.0-1\nArchitecture: {arch}\nMaintainer: Moodring\nDescription: test\n");
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(control.len() as u64);
    header.set_mode(0o644);
    header.set_cksum();
    tar.append_data(&mut header, "./control", control.as_bytes()).unwrap();
    let tar = tar.into_inner().unwrap();
    let mut xz = lzma_rust2::XzWriter::new(Vec::new(), lzma_rust2::XzOptions::with_preset(0)).unwrap();
    xz.write_all(&tar).unwrap();
    let packed = xz.finish().unwrap();
    let mut archive = ar::Builder::new(File::create(path).unwrap());
    let mut add = |name: &str, bytes: &[u8]| {
        archive.append(&ar::Header::new(name.as_bytes().to_vec(), bytes.len() as u64), bytes).unwrap();
    };
    add("debian-binary", b"2.0\n");
    add("control.tar.xz", &packed);
    add("data.tar.xz", &[]);
}
