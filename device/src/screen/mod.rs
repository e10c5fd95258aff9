//! The small screen: from a state value to changed rectangles on a panel.
//!
//! What enters: a [`Scene`], nothing else; the picture depends on it alone. What leaves: the
//! rectangles that changed, on a [`Panel`]. What can fail: the panel. Drawing happens only when the
//! scene has changed; while nothing changes, the screen costs one comparison a frame.
//!
//! To check a panel: [`show_test`], one call; [`Scene::Test`] is its picture.

mod backlight;
mod colour;
mod damage;
mod icons;
mod mono;
pub mod panel;
mod picture;
pub mod presets;
mod settings;
mod shapes;
mod state;
mod test_picture;
mod text;
pub mod traffic;

use embedded_graphics::{
    geometry::{OriginDimensions, Point, Size},
    pixelcolor::{Rgb888, RgbColor},
    primitives::Rectangle,
};

pub use backlight::{Audience, Backlight, BacklightSettings};
pub use panel::{Panel, PanelError};
pub use picture::Picture;
pub use settings::{ColourOrder, PanelKind, ScreenSettings, ScreenSize, Wiring, WiringSettings};
pub use state::{Network, PairingCard, Scene, ScreenState};

/// The picture of a scene.
pub fn render(scene: &Scene, size: ScreenSize) -> Picture {
    match (scene, size) {
        (Scene::Test, _) => test_picture::draw(size),
        (_, ScreenSize::Square | ScreenSize::Wide) => colour::render(scene, size.pixels()),
        (_, ScreenSize::Mono) => mono::render(scene, size.pixels()),
    }
}

/// Opens the configured panel and shows the test picture on it, which stays while the [`Screen`]
/// that is returned is kept. For `doctor`.
///
/// # Errors
/// The settings contradict each other, or the panel cannot be opened or written: the message says
/// what to type.
pub fn show_test(settings: &ScreenSettings) -> Result<Screen, PanelError> {
    let mut screen = Screen::new(panel::open(settings, None)?, settings.size());
    screen.show(&Scene::Test)?;
    Ok(screen)
}

/// A panel and the picture that is on it.
pub struct Screen {
    panel: Box<dyn Panel>,
    size: ScreenSize,
    /// The scene shown last, as it was drawn; `None` before the first and after a failure.
    scene: Option<Scene>,
    /// What the panel shows; `None` when that is not known.
    shown: Option<Picture>,
}

impl Screen {
    /// A screen on this panel.
    pub const fn new(panel: Box<dyn Panel>, size: ScreenSize) -> Self {
        Self { panel, size, scene: None, shown: None }
    }

    /// What the panel shows; `None` when that is not known.
    pub const fn picture(&self) -> Option<&Picture> {
        self.shown.as_ref()
    }

    /// Sets how bright the panel is, 0..=100 percent.
    ///
    /// # Errors
    /// The panel does not answer.
    pub fn light(&mut self, percent: u8) -> Result<(), PanelError> {
        self.panel.light(percent)
    }

    /// Shows a scene: draws it if it differs from the last, and pushes the rectangles that changed.
    /// Returns whether anything was pushed.
    ///
    /// # Errors
    /// The panel does not answer. The next call draws everything anew.
    pub fn show(&mut self, scene: &Scene) -> Result<bool, PanelError> {
        let scene = match (scene, &self.scene) {
            (Scene::Live(state), Some(Scene::Live(before))) => Scene::Live(state.clone().stepped(Some(before))),
            (Scene::Live(state), _) => Scene::Live(state.clone().stepped(None)),
            _ => scene.clone(),
        };
        if self.scene.as_ref() == Some(&scene) {
            return Ok(false);
        }
        let picture = render(&scene, self.size);
        let areas = match self.shown.take() {
            Some(shown) => damage::changes(&shown, &picture, |at, a, b| self.panel.is_same(at, a, b)),
            None => vec![Rectangle::new(Point::zero(), picture.size())],
        };
        self.scene = None;
        for area in &areas {
            self.panel.push(*area, &picture.cut(*area))?;
        }
        if !areas.is_empty() {
            self.panel.flush()?;
        }
        self.scene = Some(scene);
        self.shown = Some(picture);
        Ok(!areas.is_empty())
    }
}

/// Pictures side by side on a dark ground, `columns` in a row: a contact sheet.
pub fn contact_sheet(pictures: &[Picture], columns: u32) -> Picture {
    const GAP: u32 = 12;
    let cell = pictures.iter().fold(Size::zero(), |size, p| size.component_max(p.size())) + Size::new(GAP, GAP);
    let columns = columns.clamp(1, pictures.len().max(1) as u32);
    let rows = (pictures.len() as u32).div_ceil(columns);
    let size = Size::new(cell.width * columns + GAP, cell.height * rows + GAP);
    let mut sheet = Picture::new(size, Rgb888::new(0x2a, 0x2d, 0x36));
    for (place, picture) in (0..).zip(pictures) {
        let (left, top) = (GAP + place % columns * cell.width, GAP + place / columns * cell.height);
        for y in 0..picture.size().height {
            for (x, pixel) in (0..).zip(picture.row(y)) {
                sheet.blend(left as i32 + x, (top + y) as i32, *pixel, 1.0);
            }
        }
    }
    sheet
}

/// Whether a colour is nearer to white than to black: what a panel of one colour lights.
pub fn is_lit(colour: Rgb888) -> bool {
    u32::from(colour.r()) + u32::from(colour.g()) + u32::from(colour.b()) > 3 * 127
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
