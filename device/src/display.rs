//! Keeps the screen up: opens its panel, again after a failure, dims it for nobody, and draws no faster
//! than it is read.
//!
//! In: the [`Scene`] of the moment. Out: the panel's changed rectangles and its brightness, and now and
//! then the picture as PNG for those who look from afar. A panel that fails is told of once in the log
//! and opened again, after ever longer waits; nothing here fails. Time is a parameter.

use std::time::{Duration, Instant};

use moodring_mood::Mood;
use tracing::{info, warn};

use crate::screen::{
    Audience, Backlight, BacklightSettings, Panel, PanelError, PanelKind, Picture, Scene, Screen, ScreenSettings, panel,
};

/// The shortest time between two redraws of the same mood, and between two PNGs.
pub const CALM: Duration = Duration::from_millis(200);

/// A panel that has worked for so long works: the next failure is its first.
const SOUND: Duration = Duration::from_secs(60);

/// How long to leave a panel alone that failed for the `attempt`th time in a row, from 0 on: doubling
/// from a second to a minute.
fn pause(attempt: u32) -> Duration {
    Duration::from_secs(2_u64.saturating_pow(attempt).min(60))
}

/// What came of showing a scene.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// Whether something was drawn.
    pub drawn: bool,
    /// The picture as PNG, when there is a new one to send.
    pub png: Option<Vec<u8>>,
}

/// See the module.
pub struct Display {
    settings: ScreenSettings,
    /// The panel, or one that is not there in its place.
    screen: Option<Screen>,
    backlight: Backlight,
    /// When a panel that failed is opened again; `None` while it works.
    retry: Option<Instant>,
    /// How often it failed in a row, and when it was opened last.
    failures: u32,
    opened: Option<Instant>,
    /// What was told of the panel last; it is not said twice in a row.
    trouble: Option<String>,
    drawn: Option<(Instant, Scene)>,
    png_sent: Option<Instant>,
    /// The last picture that was drawn, and whether it was not sent yet.
    picture: Option<Picture>,
    unsent: bool,
}

impl Display {
    /// A display that opens its panel with the first scene.
    pub fn new(settings: ScreenSettings) -> Self {
        Self {
            backlight: Backlight::new(settings.backlight),
            settings,
            screen: None,
            retry: None,
            failures: 0,
            opened: None,
            trouble: None,
            drawn: None,
            png_sent: None,
            picture: None,
            unsent: false,
        }
    }

    /// Somebody is there whom the camera need not have seen.
    pub const fn wake(&mut self, now: Instant) {
        self.backlight.wake(now);
    }

    /// Changes how bright the panel is while somebody is there, percent.
    pub fn set_brightness(&mut self, percent: u8, now: Instant) {
        self.backlight.set_brightness(percent, now);
    }

    /// Dims the panel as these settings say from now on.
    pub fn adjust(&mut self, backlight: BacklightSettings) {
        self.backlight.adjust(backlight);
    }

    /// How bright the panel is while somebody is there, percent.
    pub const fn brightness(&self) -> u8 {
        self.backlight.brightness()
    }

    /// Whether those who stand before the device see what it shows: there is a wired panel, and it works as far
    /// as can be told. One that was not opened yet is not blamed.
    pub const fn is_seen(&self) -> bool {
        matches!(self.settings.panel, PanelKind::Wired(_)) && self.retry.is_none()
    }

    /// Shows a scene, unless the last one was drawn a moment ago and has the same mood.
    pub fn show(&mut self, scene: &Scene, now: Instant) -> Shown {
        let hasty = self.drawn.as_ref().is_some_and(|(at, last)| now.duration_since(*at) < CALM && alike(scene, last));
        let drawn = !hasty && self.draw(scene, now);
        if hasty {
            self.dim(scene, now);
        }
        if drawn {
            self.drawn = Some((now, scene.clone()));
        }
        let due = self.png_sent.is_none_or(|sent| now.duration_since(sent) >= CALM);
        let png = if due { self.take_png() } else { None };
        if png.is_some() {
            self.png_sent = Some(now);
        }
        Shown { drawn, png }
    }

    /// Shows the last picture, which stays on the panel, and returns it as PNG.
    pub fn goodbye(&mut self, now: Instant) -> Option<Vec<u8>> {
        self.draw(&Scene::Goodbye, now);
        self.take_png()
    }

    fn take_png(&mut self) -> Option<Vec<u8>> {
        if !std::mem::take(&mut self.unsent) {
            return None;
        }
        self.picture.as_ref()?.png().ok()
    }

    fn draw(&mut self, scene: &Scene, now: Instant) -> bool {
        if self.settings.panel == PanelKind::None {
            return false;
        }
        if self.screen.is_none() || self.retry.is_some_and(|retry| now >= retry) {
            match panel::open(&self.settings, None) {
                Ok(panel) => {
                    self.use_panel(panel, None);
                    self.opened = Some(now);
                }
                Err(error) => self.stand_in(&error, now),
            }
        }
        // Before the picture: a panel just opened lights up with it.
        self.dim(scene, now);
        if let Some(Err(error)) = self.screen.as_mut().map(|screen| screen.show(scene)) {
            self.stand_in(&error, now);
        } else if self.retry.is_none() && self.trouble.take().is_some() {
            info!("the screen works again");
        }
        let Some(screen) = &mut self.screen else { return false };
        // Drawn already, unless a stand-in has just taken over; that one cannot fail.
        let _ = screen.show(scene);
        let drawn = screen.picture() != self.picture.as_ref();
        if drawn {
            self.picture = screen.picture().cloned();
            self.unsent = true;
        }
        drawn
    }

    /// Makes the panel as bright as the scene is worth.
    fn dim(&mut self, scene: &Scene, now: Instant) {
        let level = self.backlight.level(Audience::of(scene), now);
        if let Some(Err(error)) = self.screen.as_mut().map(|screen| screen.light(level)) {
            self.stand_in(&error, now);
        }
    }

    fn use_panel(&mut self, panel: Box<dyn Panel>, retry: Option<Instant>) {
        self.screen = Some(Screen::new(panel, self.settings.size()));
        self.retry = retry;
    }

    /// The panel fails: who looks from afar still sees what it should show.
    fn stand_in(&mut self, error: &PanelError, now: Instant) {
        if self.opened.take().is_some_and(|opened| now.duration_since(opened) >= SOUND) {
            self.failures = 0;
        }
        let wait = pause(self.failures);
        self.failures = self.failures.saturating_add(1);
        let trouble = error.to_string();
        if self.trouble.as_ref() != Some(&trouble) {
            warn!("screen: {trouble}; trying again");
        }
        self.trouble = Some(trouble);
        self.use_panel(Box::new(panel::None::new(self.settings.size().pixels())), Some(now + wait));
    }
}

/// Whether two scenes show the same mood.
fn alike(a: &Scene, b: &Scene) -> bool {
    fn mood(scene: &Scene) -> Option<Mood> {
        match scene {
            Scene::Live(state) => Some(state.mood),
            Scene::Waking | Scene::Private | Scene::Pairing(_) | Scene::Goodbye | Scene::Test => None,
        }
    }
    std::mem::discriminant(a) == std::mem::discriminant(b) && mood(a) == mood(b)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use embedded_graphics::{geometry::Size, pixelcolor::Rgb888, primitives::Rectangle};
    use moodring_mood::Confidence;

    use super::*;
    use crate::screen::{ScreenState, WiringSettings, presets::Preset};

    fn scene(mood: Mood, confidence: f32) -> Scene {
        Scene::Live(ScreenState { mood, confidence: Confidence::saturating(confidence), ..ScreenState::default() })
    }

    #[test]
    fn a_new_mood_is_drawn_at_once_and_its_shades_calmly() {
        let mut display = Display::new(ScreenSettings::default());
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let first = display.show(&scene(Mood::Happy, 0.5), at(0));
        assert!(first.drawn && first.png.is_some_and(|png| png.starts_with(b"\x89PNG")));
        assert_eq!(display.show(&scene(Mood::Happy, 0.9), at(100)), Shown::default());
        let sad = display.show(&scene(Mood::Sad, 0.9), at(150));
        assert!(sad.drawn && sad.png.is_none(), "the PNG waits for its time");
        let later = display.show(&scene(Mood::Sad, 0.9), at(210));
        assert!(!later.drawn && later.png.is_some());
        assert_eq!(display.show(&scene(Mood::Sad, 0.9), at(900)), Shown::default(), "nothing changed");
        assert!(display.goodbye(at(910)).is_some());
    }

    #[test]
    fn a_panel_that_fails_is_left_alone_for_a_while_and_opened_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("later").join("screen.png");
        let settings = ScreenSettings { png: Some(file.clone()), ..ScreenSettings::default() };
        let mut display = Display::new(settings);
        let start = Instant::now();
        let at = |s| start + Duration::from_secs(s);
        assert!(display.show(&scene(Mood::Happy, 0.5), at(0)).png.is_some(), "others see it all the same");
        // Tried after one second and after two more; the next time is four seconds later.
        for second in [1, 3] {
            display.show(&scene(Mood::Happy, 0.5), at(second));
        }
        assert!(!file.exists());
        std::fs::create_dir(file.parent().unwrap()).unwrap();
        assert!(display.show(&scene(Mood::Sad, 0.5), at(6)).png.is_some());
        assert!(!file.exists(), "left alone");
        display.show(&scene(Mood::Sad, 0.5), at(7));
        assert!(image::open(&file).is_ok());
    }

    #[test]
    fn waits_double_up_to_a_minute() {
        let waits: Vec<u64> = (0..9).map(|attempt| pause(attempt).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(pause(u32::MAX).as_secs(), 60);
    }

    /// A panel that tells how bright it was made, and fails when it is told to.
    struct Lamp(Arc<Mutex<(Vec<u8>, bool)>>);

    impl Panel for Lamp {
        fn size(&self) -> Size {
            Size::new(240, 240)
        }

        fn push(&mut self, _: Rectangle, _: &[Rgb888]) -> Result<(), PanelError> {
            Ok(())
        }

        fn flush(&mut self) -> Result<(), PanelError> {
            Ok(())
        }

        fn light(&mut self, percent: u8) -> Result<(), PanelError> {
            let mut lamp = self.0.lock().unwrap();
            lamp.0.push(percent);
            if lamp.1 { Err(PanelError::Write("test".to_owned())) } else { Ok(()) }
        }
    }

    #[test]
    fn it_goes_dark_for_nobody_wakes_for_somebody_and_survives_a_broken_lamp() {
        let lamp = Arc::new(Mutex::new((Vec::new(), false)));
        let mut display = Display::new(ScreenSettings::default());
        display.use_panel(Box::new(Lamp(lamp.clone())), None);
        let start = Instant::now();
        let mut level = |mood, s| {
            display.show(&scene(mood, 0.5), start + Duration::from_secs(s));
            lamp.lock().unwrap().0.last().copied()
        };
        let told = [(Mood::Happy, 0), (Mood::Nobody, 5), (Mood::Nobody, 12), (Mood::Nobody, 400), (Mood::Sad, 401)];
        assert_eq!(told.map(|(mood, s)| level(mood, s)), [100, 100, 15, 0, 100].map(Some));
        let at = start + Duration::from_secs(402);
        display.set_brightness(30, at);
        display.show(&scene(Mood::Sad, 0.5), at);
        assert_eq!((lamp.lock().unwrap().0.last(), display.brightness()), (Some(&30), 30));
        lamp.lock().unwrap().1 = true;
        assert!(display.show(&scene(Mood::Fear, 0.5), start + Duration::from_secs(403)).drawn, "seen from afar");
        assert!(display.retry.is_some());
    }

    #[test]
    fn a_wired_panel_is_seen_until_it_fails_and_others_never() {
        let wiring = WiringSettings { spi: Some("/nowhere/spidev0.0".into()), ..WiringSettings::default() };
        let panel = PanelKind::Wired(Preset::named("st7789").unwrap());
        let settings = ScreenSettings { panel, wiring, ..ScreenSettings::default() };
        let start = Instant::now();
        let mut absent = Display::new(settings.clone());
        assert!(absent.is_seen(), "it was not tried yet");
        absent.show(&scene(Mood::Happy, 0.5), start);
        assert!(!absent.is_seen());

        let lamp = Arc::new(Mutex::new((Vec::new(), false)));
        let mut display = Display::new(settings);
        display.use_panel(Box::new(Lamp(lamp.clone())), None);
        display.show(&scene(Mood::Happy, 0.5), start);
        assert!(display.is_seen());
        lamp.lock().unwrap().1 = true;
        display.show(&scene(Mood::Sad, 0.5), start + Duration::from_secs(1));
        assert!(!display.is_seen());

        let mut simulated = Display::new(ScreenSettings::default());
        simulated.show(&scene(Mood::Happy, 0.5), start);
        assert!(!simulated.is_seen(), "it may be seen far away only");
    }

    #[test]
    fn without_a_panel_nothing_is_drawn() {
        let settings = ScreenSettings { panel: PanelKind::None, ..ScreenSettings::default() };
        assert_eq!(Display::new(settings).show(&scene(Mood::Happy, 0.5), Instant::now()), Shown::default());
    }
}
