//! Whole cards: prepared, prepared again, and not prepared for want of room.

use std::path::{Path, PathBuf};

use super::*;
use crate::{answers::Answers, boot::Folder, device_toml, fat::Fat, os, package, stock};

const KEY: &str = "0dc0d6eb90555ed6419756b9a15ec3e3209b63df707dd508d14581f8982721af";

struct Bench {
    folder: tempfile::TempDir,
    packages: Vec<Package>,
    answers: Answers,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("moodring-device_0.1.0-1_arm64.deb");
        stock::package(&path, "moodring-device", "arm64");
        let packages = package::choose(&[path], Path::new(""), os::Arch::Arm64, false).unwrap();
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("answers.toml");
        let mut answers = Answers::read(&example).unwrap();
        answers.user.password = Some("geheimes Wort".into());
        Self { folder, packages, answers }
    }

    fn plan(&self, boot: &dyn Boot, for_imager: bool) -> Result<Plan, BootError> {
        let wishes = self.answers.checked().unwrap();
        let hardware = self.answers.hardware().unwrap();
        let device_toml = device_toml::configuration(None, &hardware).unwrap();
        let aim = Aim {
            wishes: (!for_imager).then_some(&wishes),
            hardware: &hardware,
            device_toml,
            packages: &self.packages,
        };
        Plan::make(boot, &os::find(boot).unwrap(), &aim)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn text(boot: &dyn Boot, path: &str) -> String {
    String::from_utf8(boot.read(path).unwrap().unwrap_or_default()).unwrap()
}

#[test]
fn a_card_is_prepared_once_and_a_second_time_finds_nothing_to_do() {
    let bench = Bench::new();
    for trixie in [true, false] {
        let mut boot = stock::folder(&bench.at(if trixie { "trixie" } else { "bookworm" }), trixie, true);
        let plan = bench.plan(&boot, false).unwrap();
        plan.carry_out(&mut boot, &mut |_| {}).unwrap();
        let again = bench.plan(&boot, false).unwrap();
        assert!(again.is_empty(), "{:?}", again.writes.keys());
        assert_eq!(again.id, plan.id);
        assert_eq!(text(&boot, "moodring/id"), format!("{}\n", plan.id));
        assert_eq!(boot.names("moodring").unwrap().iter().filter(|name| name.ends_with(".deb")).count(), 1);
        let id = format!("ds=nocloud;i={}", plan.id);
        assert_eq!(text(&boot, "cmdline.txt").contains(&id), trixie);
        assert_eq!(text(&boot, "meta-data").contains(&format!("instance-id: {}\n", plan.id)), trixie);
        assert_eq!(text(&boot, "firstrun.sh").is_empty(), trixie);
        assert!(text(&boot, "cmdline.txt").contains("cfg80211.ieee80211_regdom=DE"));
    }
}

#[test]
fn other_answers_make_another_instance_and_old_packages_go() {
    let mut bench = Bench::new();
    let mut boot = stock::folder(&bench.at("card"), true, true);
    let first = bench.plan(&boot, false).unwrap();
    first.carry_out(&mut boot, &mut |_| {}).unwrap();
    boot.write("moodring/moodring-device_0.0.9-1_arm64.deb", b"old").unwrap();
    bench.answers.hostname = Some("kitchen".into());
    bench.answers.device.panel = Some("ssd1306".into());
    let second = bench.plan(&boot, false).unwrap();
    assert_ne!(second.id, first.id);
    second.carry_out(&mut boot, &mut |_| {}).unwrap();
    assert_eq!(text(&boot, "config.txt").matches("moodring begins").count(), 1);
    assert!(text(&boot, "moodring/device.toml").contains("ssd1306"));
    assert!(!boot.names("moodring").unwrap().contains(&"moodring-device_0.0.9-1_arm64.deb".to_owned()));
    assert!(!text(&boot, "cmdline.txt").contains(&first.id));
}

#[test]
fn nothing_secret_is_shown_and_no_password_lies_on_the_card() {
    let bench = Bench::new();
    for trixie in [true, false] {
        let mut boot = stock::folder(&bench.at(&format!("{trixie}")), trixie, true);
        let plan = bench.plan(&boot, false).unwrap();
        let mut shown = Vec::new();
        plan.show(&boot, &mut shown).unwrap();
        let shown = String::from_utf8(shown).unwrap();
        for secret in ["geheimes Wort", "Küsse", "$6$", KEY] {
            assert!(!shown.contains(secret), "{secret} in\n{shown}");
        }
        assert!(
            shown.contains("+dtparam=spi=on\n") && shown.contains("write moodring/moodring-device_0.1.0-1_arm64.deb"),
            "{shown}"
        );
        plan.carry_out(&mut boot, &mut |_| {}).unwrap();
        for (path, bytes) in &plan.writes {
            let content = String::from_utf8_lossy(bytes);
            assert!(!content.contains("geheimes Wort") && !content.contains("Küsse"), "{path}");
        }
        let file = if trixie { "user-data" } else { "firstrun.sh" };
        assert!(text(&boot, file).contains("$6$rounds="));
    }
}

#[test]
fn for_the_imager_there_is_nobodys_name_in_it_and_what_it_writes_may_stand() {
    let bench = Bench::new();
    let mut boot = stock::folder(&bench.at("card"), true, true);
    let stock = text(&boot, "user-data");
    bench.plan(&boot, true).unwrap().carry_out(&mut boot, &mut |_| {}).unwrap();
    assert_eq!(text(&boot, "user-data"), stock);
    assert!(!text(&boot, "cmdline.txt").contains("nocloud"));
    assert!(text(&boot, "vendor-data").contains("bootcmd:"), "the first boot would not begin");
    let mut boot = stock::folder(&bench.at("bookworm"), false, true);
    bench.plan(&boot, true).unwrap().carry_out(&mut boot, &mut |_| {}).unwrap();
    let line = text(&boot, "cmdline.txt");
    assert!(!line.contains("firstrun.sh") && boot.read("firstrun.sh").unwrap().is_none());
    assert!(line.contains(" systemd.run_success_action=reboot systemd.unit=kernel-command-line.target"), "{line}");
    // Where its page was filled in, Imager appends its own, and Bookworm (imager_fixup) then says in the whole line
    // where the boot partition really is.
    let page =
        "systemd.run=/boot/firstrun.sh systemd.run_success_action=reboot systemd.unit=kernel-command-line.target";
    let filled_in = format!("{} {page}\n", line.trim_end()).replace("/boot/", "/boot/firmware/");
    let there = ["/boot/firmware/moodring/enrol", "/boot/firmware/firstrun.sh"];
    for (line, scripts) in [(&line, 1), (&filled_in, 2)] {
        let mut ran = Vec::new();
        for word in line.split_whitespace().filter_map(|word| word.strip_prefix("systemd.run=")) {
            let path = word.trim_start_matches('-');
            if there.contains(&path) {
                ran.push(path);
            } else {
                assert!(word.starts_with('-'), "{word} is not there, and the Pi switches itself off: {line}");
            }
        }
        assert_eq!(ran.as_slice(), &there[..scripts], "{line}");
    }
}

#[test]
fn without_room_nothing_is_changed() {
    let mut bench = Bench::new();
    let path = bench.at("card.img");
    stock::image(&path, 16, true, true);
    let large = bench.at("moodring-host_0.1.0-1_arm64.deb");
    stock::package(&large, "moodring-host", "arm64");
    let mut bytes = fs::read(&large).unwrap();
    bytes.resize(17_000_000, 0);
    fs::write(&large, bytes).unwrap();
    bench.packages.push(Package { path: large, ..bench.packages[0].clone() });
    let before = fs::read(&path).unwrap();
    {
        let file = fs::OpenOptions::new().read(true).write(true).open(&path).unwrap();
        let mut boot = Fat::open(file).unwrap();
        let plan = bench.plan(&boot, false).unwrap();
        let told = plan.carry_out(&mut boot, &mut |_| {}).unwrap_err().to_string();
        assert!(told.starts_with("the boot partition is full: 18 MB more are needed"), "{told}");
    }
    assert!(fs::read(&path).unwrap() == before, "the image was changed");
}

#[test]
fn a_card_that_forgets_is_found_out() {
    struct Forgetful(Folder);
    impl Boot for Forgetful {
        fn read(&self, path: &str) -> Result<Option<Vec<u8>>, BootError> {
            self.0.read(path)
        }
        fn write(&mut self, path: &str, bytes: &[u8]) -> Result<(), BootError> {
            if path == "user-data" { Ok(()) } else { self.0.write(path, bytes) }
        }
        fn remove(&mut self, path: &str) -> Result<(), BootError> {
            self.0.remove(path)
        }
        fn names(&self, folder: &str) -> Result<Vec<String>, BootError> {
            self.0.names(folder)
        }
        fn free(&self) -> Result<u64, BootError> {
            self.0.free()
        }
        fn flush(&mut self) -> Result<(), BootError> {
            Ok(())
        }
    }
    let bench = Bench::new();
    let mut boot = Forgetful(stock::folder(&bench.at("card"), true, true));
    let plan = bench.plan(&boot, false).unwrap();
    let told = plan.carry_out(&mut boot, &mut |_| {}).unwrap_err().to_string();
    assert!(told.contains("user-data is not on the card as it was written"), "{told}");
}

#[test]
fn the_list_for_the_imager_describes_the_image_packed_or_not() {
    let bench = Bench::new();
    let path = bench.at("card.img");
    stock::image(&path, 40, true, true);
    let told = crate::manifest::describe(&path, None, &mut |_| {}).unwrap_err().to_string();
    assert!(told.contains("--for-imager"), "{told}");
    {
        let file = fs::OpenOptions::new().read(true).write(true).open(&path).unwrap();
        let mut boot = Fat::open(file).unwrap();
        bench.plan(&boot, true).unwrap().carry_out(&mut boot, &mut |_| {}).unwrap();
    }
    let plain = fs::read(&path).unwrap();
    let packed = bench.at("card.img.xz");
    let mut xz =
        lzma_rust2::XzWriter::new(fs::File::create(&packed).unwrap(), lzma_rust2::XzOptions::with_preset(0)).unwrap();
    xz.write_all(&plain).unwrap();
    xz.finish().unwrap();
    // What Imager's own schema demands (doc/json-schema/os-list-schema.json of rpi-imager).
    let schema = serde_json::json!({
        "type": "object", "required": ["os_list"], "additionalProperties": false,
        "properties": {"imager": {}, "os_list": {"type": "array", "minItems": 1, "items": {
            "type": "object",
            "required": ["name", "description", "icon", "url", "extract_size", "extract_sha256", "image_download_size", "release_date"],
            "properties": {
                "name": {"type": "string"}, "description": {"type": "string"}, "icon": {"type": "string"},
                "url": {"type": "string", "pattern": "^(https?|file)://"},
                "extract_size": {"type": "integer"}, "image_download_size": {"type": "integer"},
                "extract_sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
                "release_date": {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
                "init_format": {"enum": ["none", "systemd", "cloudinit", "cloudinit-rpi"]},
                "devices": {"type": "array", "items": {"type": "string"}},
                "website": {"type": "string"}
            }}}}
    });
    let mut schemas = boon::Schemas::new();
    let mut compiler = boon::Compiler::new();
    compiler.add_resource("list.json", schema).unwrap();
    let schema = compiler.compile("list.json", &mut schemas).unwrap();
    for (file, url) in [(&path, None), (&packed, Some("https://example.org/card.img.xz"))] {
        let list = crate::manifest::describe(file, url, &mut |_| {}).unwrap();
        let list = serde_json::to_value(&list).unwrap();
        if let Err(why) = schemas.validate(&list, schema) {
            panic!("{why}");
        }
        let entry = &list["os_list"][0];
        assert_eq!(entry["extract_sha256"], hex(&Sha256::digest(&plain)));
        assert_eq!(entry["extract_size"], plain.len());
        assert_eq!(entry["image_download_size"], fs::metadata(file).unwrap().len());
        assert_eq!(entry["init_format"], "cloudinit-rpi");
    }
    {
        let file = fs::OpenOptions::new().read(true).write(true).open(&path).unwrap();
        let mut boot = Fat::open(file).unwrap();
        bench.plan(&boot, false).unwrap().carry_out(&mut boot, &mut |_| {}).unwrap();
    }
    let told = crate::manifest::describe(&path, None, &mut |_| {}).unwrap_err().to_string();
    assert!(told.contains("somebody's own settings"), "{told}");
}
