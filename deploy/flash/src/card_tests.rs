//! Which devices are cards. A folder stands in for /sys/block, and a file for the card.

use super::*;

struct Computer {
    folder: tempfile::TempDir,
    kernel: Kernel,
}

impl Computer {
    /// A built-in disk with the system on it, a reader with a card, an empty reader, a slot with a card, the
    /// computer's own eMMC, a large USB disk, and a loop device.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let kernel = Kernel { block: at("block"), mounts: at("mounts"), swaps: at("swaps") };
        let computer = Self { folder, kernel };
        computer.device("nvme0n1", &[("size", "1000215216"), ("removable", "0")]);
        computer.partition("nvme0n1", "nvme0n1p1", 2048);
        computer.device(
            "sda",
            &[("size", "62333952"), ("removable", "1"), ("device/vendor", "Generic "), ("device/model", "SD/MMC CRW")],
        );
        computer.partition("sda", "sda1", 1_048_576);
        computer.partition("sda", "sda2", 4_000_000);
        computer.device("sdb", &[("size", "0"), ("removable", "1")]);
        computer.device("sdc", &[("size", "7814037168"), ("removable", "1"), ("device/model", "Elements")]);
        computer.device("sdd", &[("size", "1000215216"), ("removable", "0")]);
        computer
            .device("mmcblk0", &[("size", "62333952"), ("device/type", "SD"), ("device/name", "SC32G"), ("ro", "1")]);
        computer.device("mmcblk1", &[("size", "62333952"), ("device/type", "MMC")]);
        computer.device("loop0", &[("size", "1000"), ("removable", "0")]);
        computer.mounts("/dev/nvme0n1p1 / ext4 rw 0 0\n/dev/sda1 /media/ann/boot\\040fs vfat rw 0 0\n");
        fs::write(&computer.kernel.swaps, "Filename Type Size Used Priority\n").unwrap();
        computer
    }

    fn device(&self, name: &str, files: &[(&str, &str)]) {
        for (file, content) in files {
            let path = self.kernel.block.join(name).join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, format!("{content}\n")).unwrap();
        }
    }

    fn partition(&self, device: &str, name: &str, sectors: u64) {
        let home = self.kernel.block.join(device).join(name);
        fs::create_dir_all(home.join("holders")).unwrap();
        fs::write(home.join("partition"), "1\n").unwrap();
        fs::write(home.join("size"), format!("{sectors}\n")).unwrap();
    }

    fn mounts(&self, text: &str) {
        fs::write(&self.kernel.mounts, text).unwrap();
    }

    fn refused(&self, name: &str) -> String {
        self.kernel.card(name).map_or_else(|why| why.to_string(), |card| format!("not refused: {card}"))
    }
}

#[test]
fn a_card_in_a_reader_is_shown_with_what_is_on_it() {
    let computer = Computer::new();
    let cards = computer.kernel.cards();
    assert_eq!(cards.len(), 1, "{cards:?}");
    assert_eq!(
        cards[0].to_string(),
        "/dev/sda: 31 GB, Generic SD/MMC CRW\n  sda1 536 MB, mounted at /media/ann/boot fs\n  sda2 2.0 GB"
    );
}

#[test]
fn nothing_else_is_written_to() {
    let computer = Computer::new();
    for (name, part) in [
        ("nvme0n1", "cannot be taken out"),
        ("nvme0n1p1", "is a partition; name the whole card: /dev/nvme0n1"),
        ("sda1", "/dev/sda"),
        ("sdb", "without a card"),
        ("sdc", "4.0 TB: that is no card but a disk"),
        ("sdd", "cannot be taken out"),
        ("mmcblk0", "little slide"),
        ("mmcblk1", "cannot be taken out"),
        ("loop0", "cannot be taken out"),
        ("sdz", "no block device"),
        ("", "no block device"),
        ("..", "no block device"),
    ] {
        let told = computer.refused(name);
        assert!(told.contains(part), "{name}: {told}");
    }
}

#[test]
fn a_card_that_this_computer_runs_from_is_not_written_to() {
    let computer = Computer::new();
    computer.mounts("/dev/sda2 / ext4 rw 0 0\n");
    assert!(computer.refused("sda").contains("sda2 is mounted at /"));
    computer.mounts("/dev/sda1 /boot/firmware vfat rw 0 0\n");
    assert!(computer.refused("sda").contains("/boot/firmware"));
    computer.mounts("/dev/sda /srv/photos ext4 rw 0 0\n");
    assert!(computer.refused("sda").contains("/srv/photos"));
    computer.mounts("");
    fs::write(&computer.kernel.swaps, "Filename\n/dev/sda2 partition 1 0 -2\n").unwrap();
    assert!(computer.refused("sda").contains("swap"));
    fs::write(&computer.kernel.swaps, "").unwrap();
    fs::create_dir(computer.kernel.block.join("sda/sda2/holders/dm-0")).unwrap();
    assert!(computer.refused("sda").contains("a volume stands upon sda2"));
}

#[test]
fn an_image_is_written_read_back_and_too_large_a_one_refused_before() {
    let computer = Computer::new();
    let at = |name: &str| computer.folder.path().join(name);
    let image: Vec<u8> = (0..6_000_000u32).map(|n| n.to_le_bytes()[0] ^ n.to_le_bytes()[1]).collect();
    fs::write(at("card.img"), &image).unwrap();
    fs::write(at("card"), vec![0xff; 8_000_000]).unwrap();
    let open = || fs::OpenOptions::new().read(true).write(true).open(at("card")).unwrap();
    let mut steps = Vec::new();
    let written =
        write(&at("card.img"), &mut open(), 8_000_000, &mut |step, done| steps.push((step.to_owned(), done))).unwrap();
    assert_eq!(written.length, 6_000_000);
    assert_eq!(steps.last().unwrap(), &("checked".to_owned(), 6_000_000));
    let card = fs::read(at("card")).unwrap();
    assert!(card[..6_000_000] == image && card[6_000_000..].iter().all(|byte| *byte == 0xff));
    let told = write(&at("card.img"), &mut open(), 5_000_000, &mut |_, _| {}).unwrap_err().to_string();
    assert_eq!(told, "the image needs 6.0 MB, and the card has 5.0 MB: take a larger one");
    let mut xz =
        lzma_rust2::XzWriter::new(File::create(at("card.img.xz")).unwrap(), lzma_rust2::XzOptions::with_preset(0))
            .unwrap();
    xz.write_all(&image).unwrap();
    xz.finish().unwrap();
    assert_eq!(write(&at("card.img.xz"), &mut open(), 8_000_000, &mut |_, _| {}).unwrap(), written);
    assert!(matches!(
        write(&at("card.img.xz"), &mut open(), 5_000_000, &mut |_, _| {}),
        Err(CardError::TooSmall { .. })
    ));
}

#[test]
fn a_card_that_keeps_nothing_is_found_out() {
    // /dev/full cannot be written, and /dev/null keeps nothing.
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("card.img");
    fs::write(&image, vec![1; 100_000]).unwrap();
    let mut null = fs::OpenOptions::new().read(true).write(true).open("/dev/null").unwrap();
    assert!(write(&image, &mut null, 1_000_000, &mut |_, _| {}).is_err());
}
