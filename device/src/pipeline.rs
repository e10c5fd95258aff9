//! A frame's whole way: camera → see → mood → screen and publish.
//!
//! In: the settings, and a flag that says when to stop. Out: pictures on the panel, messages to the
//! broker, one line in the log for each change of mood. What fails at the start is what a person
//! must mend ([`RunError`]). Afterwards nothing ends the program: a camera, screen or broker that
//! fails is shown, reported and tried again by the part that stands for it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    time::{Duration, Instant},
};

use jiff::Timestamp;
use moodring_mood::{Mood, NowPlaying};
use moodring_vision::View;
use thiserror::Error;
use tracing::{error, info};

use crate::{
    buttons,
    camera::{
        latest::{CameraState, Next},
        light::{Light, Luma},
    },
    config::Settings,
    daemon::{Daemon, Sight},
    display::Display,
    frame::Frame,
    health::{Counts, Times},
    machine::Machine,
    mood::{RoomMood, SeenFace, Steady},
    order::Order,
    pairing::{Bond, Standing},
    privacy::Memory,
    publish::{PublishError, Publisher, Statement, discovery},
    reload::{Reload, adopt},
    screen::{Network, PairingCard, Scene, ScreenState},
    see::{FaceReading, Reading, SeeError, Seer},
    shutter::Shutter,
};

/// How long to wait for a frame before looking at everything else.
const TICK: Duration = Duration::from_millis(100);

/// Without a frame for so long, what was seen last no longer counts.
const BLIND: Duration = Duration::from_secs(2);

/// When the first health message is due: by then there is something to tell.
const FIRST_HEALTH: Duration = Duration::from_secs(3);

/// How long a goodbye to the broker may take; with the rest it stays below two seconds.
const GOODBYE: Duration = Duration::from_millis(1200);

/// What the program's exit status is when it was asked to start again (`EX_TEMPFAIL`).
pub const RESTART: u8 = 75;

/// How long the camera may take to close. A webcam that hangs is left to the system.
const CLOSING: Duration = Duration::from_millis(300);

/// Why the device cannot start.
#[derive(Debug, Error)]
pub enum RunError {
    /// The networks or their library.
    #[error(transparent)]
    See(#[from] SeeError),
    /// The publisher.
    #[error(transparent)]
    Publish(#[from] PublishError),
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It was told to, or its clip is over.
    Stop,
    /// It was asked to start again.
    Restart,
}

/// Runs until `stop` is set, an order ends it, or a clip that is not repeated is over.
///
/// # Errors
/// See [`RunError`]; all of them before the first frame.
pub fn run(settings: &Settings, stop: &AtomicBool, reload: &mut Reload) -> Result<End, RunError> {
    let seer = Seer::open(&settings.vision)?;
    // Buttons and commands over MQTT put in at the one end.
    let (orders, ordered) = mpsc::channel();
    let machine = Machine::this();
    let presented = discovery::Machine { model: machine.model(), temperature: machine.temperature().is_some() };
    let bond = Bond::start(&settings.mqtt, &settings.device_id());
    let publisher = Publisher::start(&settings.mqtt, &settings.device_id(), &presented, orders.clone(), bond.clone())?;
    buttons::start(&settings.buttons, settings.screen.keys(), orders);
    let memory = Memory::of_this_service();
    let mut shutter = if memory.is_private() {
        info!("privacy: the camera stays closed, as somebody wanted before the restart");
        Shutter::shut(settings.camera.clone())
    } else {
        Shutter::open(settings.camera.clone())
    };
    let mut pipeline = Pipeline::new(settings, seer, publisher, bond, machine, memory);
    pipeline.publisher.brightness(pipeline.display.brightness());
    let mut daemon = Daemon::new();
    daemon.ready();
    let mut end = End::Stop;
    while !stop.load(Ordering::Relaxed) && end == End::Stop {
        match shutter.next(TICK) {
            // A frame from before the shutter was wanted shut is not looked at.
            Next::Frame(frame) if !shutter.is_wanted_shut() => pipeline.frame(&frame),
            Next::Frame(_) | Next::Nothing => pipeline.no_frame(&shutter),
            Next::Ended => break,
        }
        for order in ordered.try_iter() {
            if pipeline.obey(order, &mut shutter) == End::Restart {
                end = End::Restart;
            }
        }
        pipeline.look_around(&shutter);
        if reload.is_asked() {
            daemon.reloading();
            pipeline.reload(reload);
            daemon.ready();
        }
        daemon.turn(Instant::now(), pipeline.sight(&shutter), || pipeline.status(&shutter));
    }
    info!("stopping");
    daemon.stopping();
    shutter.close();
    pipeline.goodbye();
    // Only waited for after the goodbye, which must not wait for a camera that hangs.
    shutter.wait(CLOSING);
    Ok(end)
}

struct Pipeline {
    settings: Settings,
    seer: Seer,
    light: Light,
    steady: Steady,
    display: Display,
    publisher: Publisher,
    bond: Option<Arc<Bond>>,
    /// The code that was said in the log last.
    code: Option<String>,
    machine: Machine,
    memory: Memory,
    times: Times,
    health_due: Instant,
    /// The problem of the camera and the darkness that were told last.
    reported: (Option<String>, bool),
    room: Option<RoomMood>,
    last_frame: Instant,
    playing: Option<NowPlaying>,
}

impl Pipeline {
    fn new(
        settings: &Settings,
        seer: Seer,
        publisher: Publisher,
        bond: Option<Arc<Bond>>,
        machine: Machine,
        memory: Memory,
    ) -> Self {
        let now = Instant::now();
        Self {
            settings: settings.clone(),
            seer,
            light: Light::new(settings.camera.light),
            steady: Steady::new(settings.mood),
            display: Display::new(settings.screen.clone()),
            publisher,
            bond,
            code: None,
            machine,
            memory,
            times: Times::new(now),
            health_due: now + FIRST_HEALTH.min(Duration::from_secs(settings.health.every_s)),
            reported: (None, false),
            room: None,
            last_frame: now,
            playing: None,
        }
    }

    /// A frame's whole way, but for the screen, which follows in [`Self::look_around`].
    fn frame(&mut self, frame: &Frame) {
        let waited = since(frame.at);
        let view = frame.picture.view();
        let at = clock(frame.at);
        // In the dark the networks see moods in noise, and nobody can be followed.
        let lit = self.light.is_enough(at, Luma::of(&view));
        let faces = if lit {
            seen(&self.seer.see(frame), &view, &self.light)
        } else {
            self.seer.forget();
            Vec::new()
        };
        let room = self.steady.observe(at, &faces);
        self.say(frame.at, room);

        let now = Instant::now();
        self.last_frame = now;
        self.times.frame(now);
        if lit {
            for (stage, time) in self.seer.timings().stages().into_iter().filter(|(_, time)| !time.is_zero()) {
                self.times.stage(stage, time, now);
            }
        }
        for (stage, time) in [("wait", waited), ("whole", since(frame.at))] {
            if let Some(time) = time {
                self.times.stage(stage, time, now);
            }
        }
    }

    /// Carries out what somebody asked for.
    fn obey(&mut self, order: Order, shutter: &mut Shutter) -> End {
        self.display.wake(Instant::now());
        let was_shut = shutter.is_wanted_shut();
        match order {
            Order::Privacy(private) => shutter.want(!private),
            Order::TogglePrivacy => shutter.want(shutter.is_wanted_shut()),
            Order::Brightness(percent) => {
                self.display.set_brightness(percent, Instant::now());
                self.publisher.brightness(percent);
            }
            Order::Restart => return End::Restart,
            Order::Ask(wish) => {
                if !self.publisher.wish(wish) {
                    info!("the broker is not there to hear the wish: {wish:?}");
                }
            }
        }
        if matches!(order, Order::Privacy(_) | Order::TogglePrivacy) {
            if shutter.is_wanted_shut() {
                info!("privacy: closing the camera");
                self.seer.forget();
                self.memory.closed();
            } else {
                info!("watching again");
                self.memory.opened();
                if was_shut {
                    // What was seen before is over: who is there now is said as new.
                    self.steady = Steady::new(self.settings.mood);
                    self.room = None;
                }
            }
        }
        End::Stop
    }

    /// Takes what can be taken of a configuration that has changed.
    fn reload(&mut self, reload: &mut Reload) {
        let adopted = match reload.load() {
            Ok(new) => adopt(&self.settings, &new),
            Err(why) => return error!("{why}; all stays as it was"),
        };
        info!("reloaded: {}", adopted.words());
        self.settings = adopted.settings;
        self.steady.adjust(self.settings.mood);
        self.display.adjust(self.settings.screen.backlight);
        self.publisher.brightness(self.display.brightness());
        self.publisher.repeat_after(Duration::from_secs(self.settings.mqtt.repeat_s));
        self.health_due = self.health_due.min(Instant::now() + Duration::from_secs(self.settings.health.every_s));
    }

    /// How the camera stands, for the watchdog.
    fn sight(&self, shutter: &Shutter) -> Sight {
        match shutter.state() {
            Some(CameraState::Problem(_)) => Sight::Failing,
            None if shutter.is_wanted_shut() => Sight::Closed,
            _ => Sight::Watching(self.last_frame),
        }
    }

    /// One line for `systemctl status`.
    fn status(&self, shutter: &Shutter) -> String {
        let sight = match (shutter.state(), self.room) {
            (Some(CameraState::Problem(problem)), _) => problem,
            (None, _) if shutter.is_wanted_shut() => "the camera is closed on purpose".to_owned(),
            (_, Some(room)) if room.people > 0 => format!("{}, {} in view", room.mood, room.people),
            (_, Some(room)) => room.mood.to_string(),
            (_, None) => "waking".to_owned(),
        };
        let unpaired = self.bond.as_ref().is_some_and(|bond| bond.host().is_none() && bond.way(0).is_none());
        let renamed = self.bond.as_ref().is_some_and(|bond| bond.renamed().is_some());
        let broker = match self.publisher.is_connected() {
            true => "",
            false if unpaired => "; not paired with a host",
            false if renamed => "; paired under another name",
            false => "; the broker is away",
        };
        format!("{sight}{broker}")
    }

    /// A camera that is gone sees nobody: what it saw last must not stand for ever. One that was closed
    /// on purpose says nothing.
    fn no_frame(&mut self, shutter: &Shutter) {
        if self.last_frame.elapsed() < BLIND {
            return;
        }
        self.light.forget();
        self.seer.forget();
        if !shutter.is_wanted_shut() {
            let at = Timestamp::now();
            let room = self.steady.observe(clock(at), &[]);
            self.say(at, room);
        }
    }

    fn say(&mut self, at: Timestamp, room: RoomMood) {
        let RoomMood { mood, confidence, people, scores, changed, .. } = room;
        let statement = Statement { at, mood, confidence, people, scores };
        if changed {
            info!("{}", in_words(&room));
            self.publisher.changed(statement);
        } else {
            self.publisher.steady(statement);
        }
        self.room = Some(room);
    }

    /// Everything that does not wait for a frame: what plays, the panel, health.
    fn look_around(&mut self, shutter: &Shutter) {
        if let Some(playing) = self.publisher.heard() {
            self.playing = playing;
        }
        let problem = match shutter.state() {
            Some(CameraState::Problem(problem)) => Some(problem),
            Some(CameraState::Opening | CameraState::Running(_) | CameraState::Ended) | None => None,
        };
        // Said only once it is true: nothing holds the device any more.
        self.publisher.paused(shutter.is_shut());
        let pairing = self.pairing_card();
        let shows_code = pairing.is_some();
        let scene = match pairing {
            Some(card) => Scene::Pairing(card),
            None if shutter.is_shut() => Scene::Private,
            None => self.scene(problem.clone()),
        };
        let start = Instant::now();
        let shown = self.display.show(&scene, start);
        if shown.drawn {
            self.times.stage("screen", start.elapsed(), Instant::now());
        }
        // A code is for those who stand before the panel.
        if let Some(png) = shown.png.filter(|_| !shows_code) {
            self.publisher.screen(png);
        }
        let now = Instant::now();
        let too_dark = self.light.too_dark();
        let report = (problem, too_dark);
        if now >= self.health_due || report != self.reported {
            self.health_due = now + Duration::from_secs(self.settings.health.every_s);
            if too_dark != self.reported.1 {
                info!(
                    "{}",
                    if too_dark { "too dark to see faces, or the lens is covered" } else { "light enough again" }
                );
            }
            self.reported.clone_from(&report);
            let counts = Counts {
                frames_dropped: shutter.dropped(),
                changes_dropped: self.publisher.changes_dropped(),
                camera_problem: report.0,
                too_dark,
                temperature_c: self.machine.temperature(),
            };
            self.publisher.health(self.times.health(now, Timestamp::now(), counts));
        }
    }

    fn scene(&self, camera_problem: Option<String>) -> Scene {
        let RoomMood { mood, confidence, people, .. } = match self.room {
            Some(room) => room,
            None if camera_problem.is_none() => return Scene::Waking,
            None => {
                return Scene::Live(ScreenState { camera_problem, network: self.network(), ..ScreenState::default() });
            }
        };
        let (playing, paused) =
            self.playing.as_ref().map_or((None, false), |heard| (heard.playing.clone(), heard.paused));
        let (network, too_dark) = (self.network(), self.light.too_dark());
        Scene::Live(ScreenState { mood, confidence, people, playing, paused, camera_problem, too_dark, network })
    }

    /// The code to be typed on a host's page, while one waits for it. Where no panel shows it, it is said in the log.
    fn pairing_card(&mut self) -> Option<PairingCard> {
        let card = match self.bond.as_ref()?.standing(Instant::now()) {
            Standing::Paired | Standing::Looking => {
                self.code = None;
                return None;
            }
            Standing::Code { code, at, note } => PairingCard { code: Some(code), at, note },
            Standing::Renamed { was, is } => {
                let note = Some(format!("Paired as {was}, and called {is} now: see the log"));
                PairingCard { code: None, at: String::new(), note }
            }
            Standing::Wait(minutes) => {
                let note = Some(format!("Wait {minutes} min: too many wrong codes"));
                PairingCard { code: None, at: String::new(), note }
            }
        };
        // A panel may fail while it shows the code.
        if !self.display.is_seen() && card.code.is_some() && self.code != card.code {
            info!(
                "to pair this device, type {} on the page of {:?}, at \"Add a device\", within 10 minutes",
                card.code.as_deref().unwrap_or_default(),
                card.at
            );
            self.code.clone_from(&card.code);
        }
        Some(card)
    }

    fn network(&self) -> Network {
        if self.publisher.is_connected() { Network::Up } else { Network::Down }
    }

    fn goodbye(mut self) {
        if let Some(bond) = &self.bond {
            bond.end();
        }
        if let Some(png) = self.display.goodbye(Instant::now()) {
            self.publisher.screen(png);
        }
        if !self.publisher.close(GOODBYE) {
            info!("the broker was not there to hear the goodbye; it tells the others itself");
        }
    }
}

/// The faces that can be read: not those that are black before a window.
pub(crate) fn seen(reading: &Reading, view: &View<'_>, light: &Light) -> Vec<SeenFace> {
    let shows = |face: &&FaceReading| light.shows(view, face.rect);
    let face = |face: &FaceReading| SeenFace { scores: face.scores, weight: face.rect[2] * face.rect[3] };
    reading.faces.iter().filter(shows).map(face).collect()
}

/// The state machine's clock: time since 1970.
fn clock(at: Timestamp) -> Duration {
    Duration::from_nanos(u64::try_from(at.as_nanosecond()).unwrap_or(0))
}

/// How long ago a frame was captured; `None` for a replay that does not run in real time.
fn since(at: Timestamp) -> Option<Duration> {
    let time = Duration::try_from(Timestamp::now().duration_since(at)).ok()?;
    (time < Duration::from_secs(10)).then_some(time)
}

fn in_words(room: &RoomMood) -> String {
    match (room.mood, room.people) {
        (Mood::Nobody, _) => "nobody is there".to_owned(),
        (mood, 1) => format!("{mood}, {} %, 1 person", room.confidence.percent()),
        (mood, people) => format!("{mood}, {} %, {people} people", room.confidence.percent()),
    }
}
