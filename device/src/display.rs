//! Keeps the screen up: opens its panel, again after a failure, and draws no faster than it is read.
//!
//! In: the [`Scene`] of the moment. Out: the panel's changed rectangles, and now and then the picture
//! as PNG for those who look from afar. A panel that fails is told of once in the log and opened
//! again; nothing here fails. Time is a parameter.

use std::time::{Duration, Instant};

use moodring_mood::Mood;
use tracing::{info, warn};

use crate::screen::{Panel, PanelError, PanelKind, Picture, Scene, Screen, ScreenSettings, panel};

/// The shortest time between two redraws of the same mood, and between two PNGs.
pub const CALM: Duration = Duration::from_millis(200);

/// How long to leave a panel alone that failed.
const RETRY: Duration = Duration::from_secs(5);

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
    /// When a panel that failed is opened again; `None` while it works.
    retry: Option<Instant>,
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
            settings,
            screen: None,
            retry: None,
            trouble: None,
            drawn: None,
            png_sent: None,
            picture: None,
            unsent: false,
        }
    }

    /// Shows a scene, unless the last one was drawn a moment ago and has the same mood.
    pub fn show(&mut self, scene: &Scene, now: Instant) -> Shown {
        let hasty = self.drawn.as_ref().is_some_and(|(at, last)| now.duration_since(*at) < CALM && alike(scene, last));
        let drawn = !hasty && self.draw(scene, now);
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
                Ok(panel) => self.use_panel(panel, None),
                Err(error) => self.stand_in(&error, now),
            }
        }
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

    fn use_panel(&mut self, panel: Box<dyn Panel>, retry: Option<Instant>) {
        self.screen = Some(Screen::new(panel, self.settings.size));
        self.retry = retry;
    }

    /// The panel fails: who looks from afar still sees what it should show.
    fn stand_in(&mut self, error: &PanelError, now: Instant) {
        let trouble = error.to_string();
        if self.trouble.as_ref() != Some(&trouble) {
            warn!("screen: {trouble}; trying again");
        }
        self.trouble = Some(trouble);
        self.use_panel(Box::new(panel::None::new(self.settings.size.pixels())), Some(now + RETRY));
    }
}

/// Whether two scenes show the same mood.
fn alike(a: &Scene, b: &Scene) -> bool {
    fn mood(scene: &Scene) -> Option<Mood> {
        match scene {
            Scene::Live(state) => Some(state.mood),
            Scene::Waking | Scene::Private | Scene::Goodbye | Scene::Test => None,
        }
    }
    std::mem::discriminant(a) == std::mem::discriminant(b) && mood(a) == mood(b)
}

#[cfg(test)]
mod tests {
    use moodring_mood::Confidence;

    use super::*;
    use crate::screen::ScreenState;

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
        assert!(!file.exists());
        std::fs::create_dir(file.parent().unwrap()).unwrap();
        assert!(display.show(&scene(Mood::Sad, 0.5), at(1)).png.is_some());
        assert!(!file.exists(), "left alone");
        display.show(&scene(Mood::Sad, 0.5), at(5));
        assert!(image::open(&file).is_ok());
    }

    #[test]
    fn without_a_panel_nothing_is_drawn() {
        let settings = ScreenSettings { panel: PanelKind::None, ..ScreenSettings::default() };
        assert_eq!(Display::new(settings).show(&scene(Mood::Happy, 0.5), Instant::now()), Shown::default());
    }
}
