//! Only wires: the command line, the answers and the target to a plan, which is shown or carried out.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, IsTerminal, Write},
    os::unix::fs::{FileTypeExt, OpenOptionsExt},
    path::{Path, PathBuf},
    process::{Command as Program, ExitCode},
};

use anyhow::{Context, Result, bail};
use clap::Parser;
use moodring_flash::{
    answers::{Answers, Host},
    ask::{self, Person, Terminal},
    boot::{Boot, Folder, human},
    card::{self, Card, Kernel},
    cli::{Cli, Command, Prepare},
    device_toml,
    fat::{self, Fat},
    image::{self, Sparse},
    manifest, os, package, panels,
    plan::{Aim, Plan},
    progress::Progress,
};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let end = match &cli.command {
        Some(Command::Cards) => cards(),
        Some(Command::Panels) => list_panels(),
        Some(Command::Manifest { image, url }) => print_manifest(image, url.as_deref()),
        None => prepare(&cli.prepare),
    };
    match end {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("flash: {why:#}");
            ExitCode::FAILURE
        }
    }
}

fn cards() -> Result<()> {
    let cards = Kernel::default().cards();
    if cards.is_empty() {
        bail!("there is no card in this computer that may be written to");
    }
    for card in cards {
        writeln!(io::stdout(), "{card}")?;
    }
    Ok(())
}

fn list_panels() -> Result<()> {
    for panel in panels::all() {
        writeln!(
            io::stdout(),
            "{:<20} {}\n{:21}{}",
            panel.name,
            panel.title,
            "",
            panel.config_txt.join("\n                     ")
        )?;
    }
    Ok(())
}

fn print_manifest(image: &Path, url: Option<&str>) -> Result<()> {
    let mut progress = Progress::of("read", None);
    let list = manifest::describe(image, url, &mut |at| progress.at(at))?;
    progress.end();
    writeln!(io::stdout(), "{}", serde_json::to_string_pretty(&list)?)?;
    Ok(())
}

fn prepare(asked: &Prepare) -> Result<()> {
    let Some(target) = &asked.target else {
        bail!(
            "name the card: an image, the folder where its boot partition is mounted, or a card such as /dev/sdb; \
               'flash cards' lists cards, 'flash --help' the rest"
        );
    };
    let mut answers = asked.answers()?;
    let meta = fs::metadata(target).with_context(|| format!("cannot find {}", target.display()))?;
    if meta.is_dir() {
        refuse_image(asked, "a folder")?;
        let mut boot = Folder::at(target);
        return on(asked, &mut answers, &mut boot, &target.display().to_string());
    }
    if meta.file_type().is_block_device() {
        return on_card(asked, &mut answers, target);
    }
    refuse_image(asked, "an image")?;
    on_image(asked, &mut answers, target)
}

fn refuse_image(asked: &Prepare, what: &str) -> Result<()> {
    if asked.image.is_some() {
        bail!(
            "--image is written to a card such as /dev/sdb; {} is {what}",
            asked.target.as_deref().unwrap_or(Path::new("")).display()
        );
    }
    Ok(())
}

fn on_image(asked: &Prepare, answers: &mut Answers, target: &Path) -> Result<()> {
    if asked.dry_run {
        let mut boot = Fat::open(head_of(target)?).with_context(|| target.display().to_string())?;
        return on(asked, answers, &mut boot, &target.display().to_string());
    }
    let packed = image::is_packed(target);
    let out = match (&asked.out, packed) {
        (Some(out), _) => Some(out.clone()),
        // image.img.xz becomes image-moodring.img.
        (None, true) => {
            let plain = target.with_extension("");
            let name = plain.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            Some(plain.with_file_name(format!("{name}-moodring.img")))
        }
        (None, false) => None,
    };
    // What is wrong is found before gigabytes are moved.
    {
        let boot = Fat::open(head_of(target)?).with_context(|| target.display().to_string())?;
        os::find(&boot).with_context(|| target.display().to_string())?;
    }
    let Some(out) = out else {
        let file = open_image(target)?;
        return on(asked, answers, &mut Fat::open(file)?, &target.display().to_string());
    };
    let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if out.exists() {
        bail!("{} is there already: delete it, or name another with --out", out.display());
    }
    let copy = tempfile::Builder::new()
        .prefix(".flash")
        .tempfile_in(folder)
        .with_context(|| format!("cannot write to {}", folder.display()))?;
    let mut progress = Progress::of(if packed { "unpacked" } else { "copied" }, None);
    let mut sparse = Sparse::new(copy.as_file().try_clone()?);
    image::pass(&mut *image::open(target)?, &mut sparse, None, &mut |at| progress.at(at))
        .with_context(|| format!("cannot unpack {}", target.display()))?;
    sparse.finish()?;
    progress.end();
    on(asked, answers, &mut Fat::open(open_image(copy.path())?)?, &out.display().to_string())?;
    copy.persist_noclobber(&out).with_context(|| format!("cannot make {}", out.display()))?;
    Ok(())
}

fn open_image(path: &Path) -> Result<File> {
    OpenOptions::new().read(true).write(true).open(path).with_context(|| format!("cannot write to {}", path.display()))
}

/// The image up to the end of its boot partition, in a file of its own.
fn head_of(path: &Path) -> Result<File> {
    let reading = || format!("cannot read {}", path.display());
    let mut sector = Vec::new();
    image::pass(&mut *image::open(path).with_context(reading)?, &mut sector, Some(512), &mut |_| {})
        .with_context(reading)?;
    let Ok(sector) = <[u8; 512]>::try_from(sector) else {
        bail!("{}: shorter than a partition table: no image", path.display())
    };
    let span = fat::boot_partition(&sector).with_context(|| path.display().to_string())?;
    let mut head = Sparse::new(tempfile::tempfile().context("cannot make a file for the boot partition")?);
    image::pass(&mut *image::open(path)?, &mut head, Some(span.end()), &mut |_| {}).with_context(reading)?;
    Ok(head.finish()?)
}

fn on_card(asked: &Prepare, answers: &mut Answers, target: &Path) -> Result<()> {
    let device = fs::canonicalize(target)?;
    let name = device.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let card = Kernel::default().card(&name)?;
    let mut person = Terminal;
    person.say(&card.to_string());
    if asked.dry_run {
        if let Some(image) = &asked.image {
            person.say(&format!("{} would be written to it first", image.display()));
            let mut boot = Fat::open(head_of(image)?).with_context(|| image.display().to_string())?;
            return on(asked, answers, &mut boot, &image.display().to_string());
        }
        let file = File::open(&device).with_context(|| permission(&device))?;
        return on(asked, answers, &mut Fat::open(file)?, &device.display().to_string());
    }
    if let Some(image) = &asked.image {
        let boot = Fat::open(head_of(image)?).with_context(|| image.display().to_string())?;
        os::find(&boot).with_context(|| image.display().to_string())?;
    }
    confirm(asked, &card, &mut person)?;
    unmount(&card)?;
    // O_EXCL: the kernel refuses while anything of it is still in use.
    let open = || {
        OpenOptions::new().read(true).write(true).custom_flags(0o200).open(&device).with_context(|| permission(&device))
    };
    if let Some(image) = &asked.image {
        let mut file = open()?;
        let total = if image::is_packed(image) { None } else { Some(fs::metadata(image)?.len()) };
        let mut progress = Progress::of("written", total);
        let written = card::write(image, &mut file, card.size, &mut |what, at| progress.of_step(what, at))?;
        progress.end();
        person.say(&format!("{} written, read back, and the same", human(written.length)));
    }
    on(asked, answers, &mut Fat::open(open()?)?, &device.display().to_string())?;
    person.say("The card can be taken out.");
    Ok(())
}

fn permission(device: &Path) -> String {
    format!(
        "cannot open {} (cards belong to root: run it with sudo, or mount its boot partition and name that folder)",
        device.display()
    )
}

fn confirm(asked: &Prepare, card: &Card, person: &mut dyn Person) -> Result<()> {
    let what = if asked.image.is_some() {
        "Everything on it will be lost."
    } else {
        "Only its boot partition will be changed."
    };
    let given = match &asked.confirm {
        Some(name) => name.clone(),
        None if io::stdin().is_terminal() => person.ask(&format!("{what} Type {} to go on", card.name), None)?,
        None => bail!("nobody is here to ask; say --confirm {}", card.name),
    };
    if given != card.name {
        bail!("{given:?} is not {}: nothing was changed", card.name);
    }
    Ok(())
}

fn unmount(card: &Card) -> Result<()> {
    for part in card.partitions.iter().filter(|part| !part.mounted.is_empty()) {
        let device = format!("/dev/{}", part.name);
        let by_desktop = Program::new("udisksctl").args(["unmount", "-b", &device]).output();
        if by_desktop.is_ok_and(|output| output.status.success()) {
            continue;
        }
        for place in &part.mounted {
            let output = Program::new("umount").arg(place).output().context("cannot run umount")?;
            if !output.status.success() {
                bail!("cannot unmount {place}: {}. Close what uses it", String::from_utf8_lossy(&output.stderr).trim());
            }
        }
    }
    Ok(())
}

fn on(asked: &Prepare, answers: &mut Answers, boot: &mut dyn Boot, place: &str) -> Result<()> {
    let os = os::find(boot).with_context(|| place.to_owned())?;
    let mut person = Terminal;
    person.say(&format!("{place}: {os}"));
    if !os.is_lite {
        person.say("Moodring needs no desktop; Raspberry Pi OS Lite leaves it more memory.");
    }
    if !asked.for_imager && io::stdin().is_terminal() {
        if asked.wired {
            answers.wifi = None;
        }
        let keys = std::env::home_dir().unwrap_or_else(|| PathBuf::from("/")).join(".ssh");
        ask::fill(answers, &mut person, !asked.for_imager, &keys).context("nobody answers")?;
    }
    if answers.timezone.is_none() {
        answers.timezone = this_timezone();
    }
    let wishes = if asked.for_imager { None } else { Some(answers.checked()?) };
    let hardware = answers.hardware()?;
    let own = answers.device.config.as_deref();
    let own = own
        .map(|path| fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display())))
        .transpose()?;
    let device_toml = device_toml::configuration(own.as_deref(), &hardware)
        .map_err(anyhow::Error::msg)
        .context("the device's configuration")?;
    let packages = package::choose(&answers.packages, &asked.packages, os.arch, hardware.host == Host::Here)?;
    let aim = Aim { wishes: wishes.as_ref(), hardware: &hardware, device_toml, packages: &packages };
    let plan = Plan::make(boot, &os, &aim)?;
    if plan.is_empty() {
        person.say("It is so already: nothing to change.");
        return Ok(());
    }
    if asked.dry_run {
        plan.show(boot, &mut io::stdout().lock())?;
        person.say("Nothing was changed: this is a dry run.");
        return Ok(());
    }
    plan.carry_out(boot, &mut |path| person.say(&format!("  {path}")))?;
    person.say(&format!(
        "Ready: {}. Put the card into the Pi; the first boot takes a few minutes and needs no network.",
        plan.id
    ));
    Ok(())
}

/// This computer's time zone, such as Europe/Berlin.
fn this_timezone() -> Option<String> {
    let link = fs::canonicalize("/etc/localtime").ok()?;
    let zone = link.to_str()?.split_once("/zoneinfo/")?.1.to_owned();
    moodring_flash::answers::check_timezone(&zone).ok().map(|()| zone)
}
