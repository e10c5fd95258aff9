//! What is checked, in the order in which it happens.
//!
//! In: the repository. Out: a report. What fails here is what keeps the rig from running at all; what
//! the device does wrong is in the report.

use std::{
    fs::{self, File},
    io::Write,
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result, bail, ensure};
use image::RgbImage;
use moodring_device::screen::{Network, Scene, ScreenSize, ScreenState};
use moodring_mood::Mood;

use crate::{
    broker::{Broker, Ear, Heard},
    configuration, frames,
    glass::{BLUE_FIRST, Glass, View},
    golden::{self, Mooded},
    guest::{Guest, Wire},
    report::Report,
    trace, wait,
};

/// The device's name on the wire.
const ID: &str = "rig";

/// What the camera is shown, in this order.
const MOODS: [&str; 5] = ["nobody", "happy", "neutral", "sad", "angry"];

/// A panel that somebody wired.
#[derive(Clone, Copy)]
struct Panel {
    /// Its name in the configuration.
    name: &'static str,
    size: ScreenSize,
    data_pin: u32,
    light_pin: u32,
    /// How it is mounted, and how its glass wants colours; from its maker's own software, see the presets.
    view: View,
    inverted: bool,
    blue_first: bool,
}

const ST7789: Panel = Panel {
    name: "waveshare-1.3-lcd",
    size: ScreenSize::Square,
    data_pin: 25,
    light_pin: 24,
    view: |x, y| (239 - y, x),
    inverted: true,
    blue_first: false,
};

const ILI9341: Panel = Panel {
    name: "ili9341",
    size: ScreenSize::Wide,
    data_pin: 25,
    light_pin: 18,
    view: |x, y| (y, x),
    inverted: false,
    blue_first: true,
};

/// Tracepoints count pins through all chips of the machine; the header's chip begins here.
const FIRST_PIN: u32 = 512;

/// For a command in the guest, and for anything that the device does by itself. The machine may be
/// busy with other things; what takes a second on a Pi may take half a minute.
const COMMAND: Duration = Duration::from_secs(60);
const PATIENCE: Duration = Duration::from_secs(240);

/// How often a picture that stays is compared again.
const AGAIN: Duration = Duration::from_secs(2);

/// Everything that runs.
struct Rig {
    folder: PathBuf,
    broker: Broker,
    ear: Ear,
    guest: Guest,
    wires: Wire,
    log: Wire,
    panel: Panel,
    glass: Glass,
    pictures: u32,
    /// What the camera is shown.
    shown: &'static str,
}

/// Builds the image, boots it, checks everything.
pub fn run(root: &Path) -> Result<Report> {
    let mut report = Report::new();
    let folder = root.join("target/rig");
    let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
    prepare(root, &folder, port)?;
    let broker = Broker::start(&folder, port)?;
    let ear = Ear::new(port, ID);
    let booting = Instant::now();
    let guest = Guest::boot(&folder)?;
    let seen = format!("Linux in {} s", booting.elapsed().as_secs());
    report.note("the emulated Pi boots", Ok(seen));
    let shown = folder.join("panel");
    if shown.exists() {
        fs::remove_dir_all(&shown)?;
    }
    fs::create_dir_all(&shown)?;
    File::create(folder.join("guest.log"))?;
    let mut rig = Rig {
        wires: Wire::open(&folder.join("trace.txt"))?,
        log: Wire::open(&folder.join("device.log"))?,
        panel: ST7789,
        glass: glass(ST7789),
        folder,
        broker,
        ear,
        guest,
        pictures: 0,
        shown: "nobody",
    };
    rig.set_up()?;
    rig.check(&mut report, &format!("{} starts: online, first picture", ST7789.name), |rig| rig.starts(ST7789));
    // What does not start has nothing to look at.
    if !report.passed() {
        return Ok(report);
    }
    rig.check(&mut report, "the panel is set up", Rig::panel_is_set_up);
    for mood in MOODS.into_iter().skip(1).chain(["nobody"]) {
        rig.check(&mut report, &format!("camera shows {mood}: said, drawn"), |rig| rig.reads(mood));
    }
    rig.check(&mut report, "camera pulled out: said, drawn", Rig::camera_goes);
    rig.check(&mut report, "camera back: reads again", Rig::camera_comes);
    rig.check(&mut report, "privacy: camera closed, said, drawn", Rig::closes);
    rig.check(&mut report, "privacy over: reads again", Rig::opens);
    rig.check(&mut report, "broker stopped: drawn, device goes on", Rig::broker_goes);
    rig.check(&mut report, "broker back: every change said, in order", Rig::broker_comes);
    rig.check(&mut report, "SIGTERM: offline, goodbye on the panel", Rig::ends);
    rig.show("nobody")?;
    rig.check(&mut report, &format!("{} starts: online, first picture", ILI9341.name), |rig| rig.starts(ILI9341));
    rig.check(&mut report, "the panel is set up", Rig::panel_is_set_up);
    rig.check(&mut report, "camera shows happy: said, drawn", |rig| rig.reads("happy"));
    rig.check(&mut report, "SIGTERM: offline, goodbye on the panel", Rig::ends);
    rig.guest.off()?;
    Ok(report)
}

fn glass(panel: Panel) -> Glass {
    Glass::new("spi0.0", FIRST_PIN + panel.data_pin, FIRST_PIN + panel.light_pin)
}

fn prepare(root: &Path, folder: &Path, port: u16) -> Result<()> {
    fs::create_dir_all(folder)?;
    let example = root.join("device/moodring-device.toml");
    let text = fs::read_to_string(&example).with_context(|| format!("cannot read {}", example.display()))?;
    let configurations = folder.join("configurations");
    fs::create_dir_all(&configurations)?;
    for panel in [ST7789, ILI9341] {
        let mut text = text.clone();
        for (section, key, value) in [
            ("", "id", format!("{ID:?}")),
            ("camera", "source", "\"v4l2\"".to_owned()),
            ("screen", "panel", format!("{:?}", panel.name)),
            // A tracepoint keeps no more of a transfer.
            ("screen.wiring", "chunk", trace::KEPT.to_string()),
            ("mqtt", "host", "\"10.0.2.2\"".to_owned()),
            ("mqtt", "port", port.to_string()),
        ] {
            text = configuration::set(&text, section, key, &value)?;
        }
        fs::write(configurations.join(format!("{}.toml", panel.name)), text)?;
    }
    let pictures = folder.join("frames");
    frames::write(root, &pictures, &MOODS)?;
    let status = Command::new(root.join("deploy/rig/image")).arg(&configurations).arg(&pictures).status()?;
    ensure!(status.success(), "deploy/rig/image failed");
    Ok(())
}

impl Rig {
    /// Checks one thing. Where it is wrong, what else the guest knows is kept for whoever looks for the
    /// reason.
    fn check(&mut self, report: &mut Report, name: &str, seen: impl FnOnce(&mut Self) -> Result<String>) {
        let seen = seen(self);
        if seen.is_err() {
            let told = self.guest.try_run(
                "uptime; ps -o pid,stat,vsz,args; cat /run/mood /run/cat.log; tail -c 300 /run/play.log; dmesg | tail -n 40",
                COMMAND,
            );
            let told = told.map_or_else(|error| format!("{error:#}\n"), |(said, _)| said);
            // A full disk takes the file, not the run.
            let _ = File::options()
                .create(true)
                .append(true)
                .open(self.folder.join("guest.log"))
                .and_then(|mut file| write!(file, "== {name}\n{told}\n"));
        }
        report.note(name, seen);
    }

    fn set_up(&mut self) -> Result<()> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        self.guest.run(&format!("date -s @{now}"), COMMAND)?;
        self.guest.run("/guest/network", Duration::from_secs(180))?;
        // Only what tells of the panel, and of each event only what is read: the network is the narrowest
        // part of the whole. The chip select, which moves with each transfer, is left out.
        let pins: Vec<String> = [ST7789, ILI9341]
            .iter()
            .flat_map(|panel| [panel.data_pin, panel.light_pin])
            .map(|pin| format!("gpio=={}", FIRST_PIN + pin))
            .collect();
        self.guest.run(
            &format!(
                "cd /sys/kernel/tracing && echo 8192 >buffer_size_kb && echo nocontext-info >trace_options && \
                 echo '{}' >events/gpio/gpio_value/filter && echo 1 >events/gpio/gpio_value/enable && \
                 echo 1 >events/spi/spi_transfer_start/enable; status=$?; cd /; [ $status = 0 ]",
                pins.join(" || ")
            ),
            COMMAND,
        )?;
        let port = self.wires.port;
        self.guest.run(&format!("(nc 10.0.2.2 {port} </sys/kernel/tracing/trace_pipe >/dev/null) &"), COMMAND)?;
        self.guest.run("/guest/camera", COMMAND)?;
        Ok(())
    }

    /// Takes what came over the wires; keeps the picture as it stands.
    fn look(&mut self) -> Result<RgbImage> {
        for line in self.wires.take() {
            if let Some(event) = trace::parse(&line)? {
                self.glass.on(&event);
            }
        }
        let size = self.panel.size.pixels();
        Ok(self.glass.picture(size.width, size.height, self.panel.view))
    }

    fn keep(&mut self, name: &str, picture: &RgbImage) -> Result<()> {
        self.pictures += 1;
        let file = self.folder.join("panel").join(format!("{:02}-{name}.png", self.pictures));
        picture.save(&file).with_context(|| format!("cannot write {}", file.display()))
    }

    /// Waits until the panel shows what `known` knows; what it found.
    fn panel<T>(&mut self, name: &str, known: impl Fn(&RgbImage) -> Result<T>) -> Result<T> {
        let end = Instant::now() + PATIENCE;
        let mut last: Option<(RgbImage, Instant)> = None;
        loop {
            let picture = self.look()?;
            let now = Instant::now();
            // Looked at again after a while: what it should show may have become known meanwhile.
            let seen = last.as_ref().is_some_and(|(last, at)| *last == picture && now < *at + AGAIN);
            if !seen {
                match known(&picture) {
                    Ok(found) => {
                        self.keep(name, &picture)?;
                        return Ok(found);
                    }
                    Err(why) if now > end => {
                        self.keep(&format!("{name}-WRONG"), &picture)?;
                        return Err(why.context(format!("the panel does not show {name}; see target/rig/panel")));
                    }
                    Err(_) => last = Some((picture, now)),
                }
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits until the device says a mood; when.
    fn said(&mut self, place: usize, mood: &str) -> Result<Instant> {
        let ear = self.ear.clone();
        wait::until(&format!("{mood} at the broker"), PATIENCE, || {
            Ok(ear.since(place).into_iter().find(|heard| heard.mood().as_deref() == Some(mood)).map(|heard| heard.at))
        })
    }

    /// Waits until the device says a word that is no JSON; when.
    fn word(&mut self, place: usize, leaf: &str, word: &str) -> Result<Instant> {
        let ear = self.ear.clone();
        wait::until(&format!("`{word}` on the topic {leaf}"), PATIENCE, || {
            let is = |heard: &Heard| heard.leaf == leaf && heard.payload == word.as_bytes();
            Ok(ear.since(place).into_iter().find(is).map(|heard| heard.at))
        })
    }

    /// Waits until the panel shows a scene that has only one picture.
    fn exactly(&mut self, name: &str, scene: &Scene) -> Result<()> {
        let drawn = golden::draw(scene, self.panel.size);
        self.panel(name, |picture| {
            let off = golden::off(picture, &drawn);
            ensure!(off == 0, "{off} pixels differ");
            Ok(())
        })
    }

    fn show(&mut self, mood: &'static str) -> Result<Instant> {
        self.guest.run(&format!("/guest/show {mood}"), COMMAND)?;
        self.shown = mood;
        Ok(Instant::now())
    }

    fn starts(&mut self, panel: Panel) -> Result<String> {
        self.look()?;
        (self.panel, self.glass) = (panel, glass(panel));
        let (place, port) = (self.ear.count(), self.log.port);
        let started = Instant::now();
        self.guest.run(
            &format!(
                "moodring-device --config /etc/moodring/{}.toml run >/run/device.log 2>&1 & echo $! >/run/device.pid",
                panel.name
            ),
            COMMAND,
        )?;
        self.guest.run(&format!("(tail -n +1 -f /run/device.log | nc 10.0.2.2 {port}) >/dev/null &"), COMMAND)?;
        let online = self.word(place, "status", "online")?;
        let first = self.said(place, "nobody")?;
        let known = Mooded::new(Mood::Nobody, panel.size, &ScreenState::default());
        self.panel("nobody", |picture| known.find(picture))?;
        Ok(format!(
            "online after {:.1} s, a mood after {:.1} s",
            online.saturating_duration_since(started).as_secs_f32(),
            first.saturating_duration_since(started).as_secs_f32()
        ))
    }

    fn panel_is_set_up(&mut self) -> Result<String> {
        // The light goes on after the picture, so it may still be on its way here.
        let end = Instant::now() + PATIENCE;
        while !(self.glass.setup.on && self.glass.lit) {
            ensure!(Instant::now() < end, "dark: {:?}, backlight {}", self.glass.setup, self.glass.lit);
            std::thread::sleep(Duration::from_millis(50));
            self.look()?;
        }
        let (setup, panel) = (self.glass.setup, self.panel);
        let blue_first = setup.order & BLUE_FIRST != 0;
        ensure!(setup.format == 0x55, "{:#04x} is no format of 16 bits", setup.format);
        ensure!((setup.inverted, blue_first) == (panel.inverted, panel.blue_first), "wrong colours: {setup:02x?}");
        Ok(format!("awake, 16 bits, order {:#04x}, backlight on; {} bytes so far", setup.order, self.glass.bytes))
    }

    fn reads(&mut self, mood: &'static str) -> Result<String> {
        let (place, bytes, before) = (self.ear.count(), self.glass.bytes, self.shown);
        let switched = self.show(mood)?;
        let heard = self.said(place, mood)?;
        let latency = heard.saturating_duration_since(switched);
        let percent = self.drawn(mood, &ScreenState::default())?;
        // On its way to this mood the device may see nobody; no third feeling may appear.
        let moods: Vec<String> = self.ear.since(place).iter().filter_map(Heard::mood).collect();
        let mut between = moods;
        between.dedup();
        let known = [before, "nobody", mood];
        ensure!(between.iter().all(|seen| known.contains(&seen.as_str())), "on the way there: {}", between.join(", "));
        Ok(format!(
            "{} after {:.1} s; panel at {percent} %, {} bytes",
            between.join(", "),
            latency.as_secs_f32(),
            self.glass.bytes - bytes
        ))
    }

    fn drawn(&mut self, mood: &str, state: &ScreenState) -> Result<u8> {
        let mood_value = Mood::from_word(mood).context("no such mood")?;
        let known = Mooded::new(mood_value, self.panel.size, state);
        self.panel(mood, |picture| known.find(picture))
    }

    fn camera_goes(&mut self) -> Result<String> {
        self.show("happy")?;
        self.drawn("happy", &ScreenState::default())?;
        let place = self.ear.count();
        let gone = Instant::now();
        self.guest.run("echo vivid.0 >/sys/bus/platform/drivers/vivid/unbind", COMMAND)?;
        let ear = self.ear.clone();
        let problems = move || -> Vec<(Instant, String)> {
            let health = ear.since(place).into_iter().filter(|heard| heard.leaf == "health");
            health.filter_map(|heard| Some((heard.at, heard.json()["camera_problem"].as_str()?.to_owned()))).collect()
        };
        let at =
            wait::until("a camera problem at the broker", PATIENCE, || Ok(problems().first().map(|first| first.0)))?;
        // First it is gone, then there is none: the panel shows what was said last.
        let size = self.panel.size;
        let problem = self.panel("camera-problem", |picture| {
            let (_, problem) = problems().pop().context("no problem was said")?;
            let state = ScreenState { camera_problem: Some(problem.clone()), ..ScreenState::default() };
            Mooded::new(Mood::Nobody, size, &state).find(picture)?;
            Ok(problem)
        })?;
        Ok(format!("after {:.1} s: {problem}", at.saturating_duration_since(gone).as_secs_f32()))
    }

    fn camera_comes(&mut self) -> Result<String> {
        let place = self.ear.count();
        let back = Instant::now();
        self.guest.run("/guest/camera", COMMAND)?;
        let heard = self.said(place, "happy")?;
        let percent = self.drawn("happy", &ScreenState::default())?;
        Ok(format!("happy after {:.1} s; panel at {percent} %", heard.saturating_duration_since(back).as_secs_f32()))
    }

    /// What of the camera the device holds open, as the kernel tells it.
    fn camera_handles(&mut self) -> Result<String> {
        self.guest.run("ls -l /proc/$(cat /run/device.pid)/fd | grep -o '/dev/video[0-9]*' | sort -u", COMMAND)
    }

    fn closes(&mut self) -> Result<String> {
        let held = self.camera_handles()?;
        ensure!(held.contains("/dev/video"), "the device reads a camera that it does not hold open");
        let place = self.ear.count();
        let asked = Instant::now();
        self.ear.say("set/paused", "on")?;
        let at = self.word(place, "paused", "on")?;
        self.exactly("privacy", &Scene::Private)?;
        let still = self.camera_handles()?;
        ensure!(still.is_empty(), "the device still holds {}", still.trim());
        Ok(format!("{} closed, said after {:.1} s", held.trim(), at.saturating_duration_since(asked).as_secs_f32()))
    }

    fn opens(&mut self) -> Result<String> {
        let place = self.ear.count();
        let asked = Instant::now();
        self.ear.say("set/paused", "off")?;
        self.word(place, "paused", "off")?;
        let heard = self.said(place, "happy")?;
        let percent = self.drawn("happy", &ScreenState::default())?;
        Ok(format!("happy after {:.1} s; panel at {percent} %", heard.saturating_duration_since(asked).as_secs_f32()))
    }

    fn broker_goes(&mut self) -> Result<String> {
        let state = ScreenState { network: Network::Down, ..ScreenState::default() };
        self.broker.stop()?;
        let percent = self.drawn("happy", &state)?;
        // Two changes that nobody hears.
        for mood in ["sad", "neutral"] {
            self.show(mood)?;
            self.drawn(mood, &state)?;
        }
        Ok(format!("panel: happy {percent} % with the broker away, then sad, then neutral"))
    }

    fn broker_comes(&mut self) -> Result<String> {
        let (place, connections) = (self.ear.count(), self.ear.connections());
        self.broker.again()?;
        let back = Instant::now();
        let ear = self.ear.clone();
        wait::until("the rig's own connection", PATIENCE, || Ok((ear.connections() > connections).then_some(())))?;
        let heard = self.said(place, "neutral")?;
        let mut moods: Vec<String> = self.ear.since(place).iter().filter_map(Heard::mood).collect();
        moods.dedup();
        let sad = moods.iter().position(|mood| mood == "sad");
        let neutral = moods.iter().position(|mood| mood == "neutral");
        if sad.is_none() || sad > neutral {
            bail!("heard {}", moods.join(", "));
        }
        self.drawn("neutral", &ScreenState::default())?;
        Ok(format!("{} after {:.1} s", moods.join(", "), heard.saturating_duration_since(back).as_secs_f32()))
    }

    fn ends(&mut self) -> Result<String> {
        let place = self.ear.count();
        let told = Instant::now();
        let took = self.guest.run(". /guest/stop", COMMAND)?;
        let offline = self.word(place, "status", "offline")?;
        self.exactly("goodbye", &Scene::Goodbye)?;
        let words: Vec<f32> = took.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        let [code, whole, worked] = words[..] else { bail!("the guest said {took:?}") };
        ensure!(code == 0.0, "the device ended with {code}");
        // How fast it works says more of this machine than of a Pi; how long it waits holds for both.
        let waited = (whole - worked).max(0.0);
        ensure!(waited < 2.0, "the device took {whole:.1} s to stop, and waited for {waited:.1} s of them");
        Ok(format!(
            "stopped in {whole:.1} s, {waited:.1} s of them waiting; offline after {:.1} s",
            offline.saturating_duration_since(told).as_secs_f32()
        ))
    }
}
