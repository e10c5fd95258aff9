//! Golden pictures: each scene drawn anew must be the picture that was looked at and kept.
//!
//! After a wanted change run the tests once with `MOODRING_BLESS=1`, look at every picture under
//! `device/tests/golden/` that changed, and commit them. A picture that differs is written to
//! the folder that the failing test names.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use image::{
    ExtendedColorType, ImageEncoder,
    codecs::png::{CompressionType, FilterType, PngEncoder},
};
use moodring_mood::{Confidence, Mood, Playing};

use super::*;

fn state(mood: Mood) -> ScreenState {
    let (confidence, people) = if mood == Mood::Nobody { (0.0, 0) } else { (0.8, 1) };
    ScreenState { mood, confidence: Confidence::saturating(confidence), people, ..ScreenState::default() }
}

fn playing(mood: Mood, title: &str, artist: &str) -> ScreenState {
    let (title, artist) = (title.to_owned(), artist.to_owned());
    let playing = Playing { title, artist, mood, reason: "happy for 40 s".to_owned() };
    ScreenState { playing: Some(playing), ..state(mood) }
}

const LONG: &str = "Symphony No. 9 in E minor, “From the New World”, Op. 95: II. Largo";

/// Every kept picture: its name, scene and size.
fn gallery() -> Vec<(String, Scene, ScreenSize)> {
    let mut all = Vec::new();
    let mut add = |name: &str, size: ScreenSize, state: ScreenState| {
        all.push((format!("{name}-{size}"), Scene::Live(state), size));
    };
    for mood in Mood::ALL {
        add(mood.word(), ScreenSize::Square, state(mood));
        add(mood.word(), ScreenSize::Mono, state(mood));
    }
    for mood in [Mood::Happy, Mood::Surprise, Mood::Unsure, Mood::Nobody] {
        add(mood.word(), ScreenSize::Wide, state(mood));
    }
    for size in ScreenSize::ALL {
        let tune = || playing(Mood::Happy, "Blue in Green", "Miles Davis");
        add("playing", size, tune());
        add("paused", size, ScreenState { paused: true, ..tune() });
        add(
            "long-title",
            size,
            playing(Mood::Sad, LONG, "Antonín Dvořák · Česká filharmonie, conducted by Karel Ančerl"),
        );
        add("two-faces", size, ScreenState { people: 2, ..state(Mood::Surprise) });
        add("broker-away", size, ScreenState { network: Network::Down, ..state(Mood::Fear) });
        add("broker-away-playing", size, ScreenState { network: Network::Down, people: 3, ..tune() });
        let problem = Some("no camera at /dev/video0: plug it in, or set [camera]".to_owned());
        add("camera-problem", size, ScreenState { camera_problem: problem.clone(), ..state(Mood::Nobody) });
        let all_bad = ScreenState { camera_problem: problem, network: Network::Down, ..tune() };
        add("camera-problem-playing", size, all_bad);
        let dark = ScreenState { too_dark: true, ..state(Mood::Nobody) };
        add("too-dark", size, dark.clone());
        let playing_on = ScreenState { playing: tune().playing, network: Network::Down, ..dark };
        add("too-dark-playing", size, playing_on);
        add("foreign", size, playing(Mood::Neutral, "青い🎵 Ωδή", ""));
    }
    for size in ScreenSize::ALL {
        all.push((format!("waking-{size}"), Scene::Waking, size));
        all.push((format!("goodbye-{size}"), Scene::Goodbye, size));
        all.push((format!("private-{size}"), Scene::Private, size));
        let card = PairingCard { code: Some("482 913".to_owned()), at: "Living room".to_owned(), note: None };
        let again = PairingCard { note: Some("Removed by Living room".to_owned()), ..card.clone() };
        let wait = Some("Wait 30 min: too many wrong codes".to_owned());
        let none = PairingCard { code: None, at: String::new(), note: wait };
        for (name, card) in [("pairing", card), ("pairing-again", again), ("pairing-wait", none)] {
            all.push((format!("{name}-{size}"), Scene::Pairing(card), size));
        }
        all.push((format!("test-{size}"), Scene::Test, size));
    }
    all
}

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

#[test]
fn every_scene_is_the_picture_that_was_kept() {
    let bless = std::env::var_os("MOODRING_BLESS").is_some();
    let actual = std::env::temp_dir().join("moodring-pictures");
    std::fs::create_dir_all(if bless { golden() } else { actual.clone() }).unwrap();
    let mut different = Vec::new();
    for (name, scene, size) in gallery() {
        let picture = render(&scene, size);
        let kept = golden().join(format!("{name}.png"));
        if bless {
            keep(&picture, &kept);
            continue;
        }
        let same = image::open(&kept).is_ok_and(|kept| same(&picture, &kept.to_rgb8()));
        if !same {
            picture.save_png(&actual.join(format!("{name}.png"))).unwrap();
            different.push(name);
        }
    }
    assert!(
        different.is_empty(),
        "{different:?} differ from device/tests/golden; the new pictures are in {}. \
         If they are wanted, run again with MOODRING_BLESS=1 and look at them",
        actual.display()
    );
}

/// Writes a picture packed as tightly as a PNG can be: it stays in the repository.
fn keep(picture: &Picture, path: &Path) {
    let Size { width, height } = picture.size();
    let bytes: Vec<u8> = (0..height).flat_map(|y| picture.row(y)).flat_map(|p| [p.r(), p.g(), p.b()]).collect();
    let file = std::fs::File::create(path).unwrap();
    PngEncoder::new_with_quality(file, CompressionType::Best, FilterType::Adaptive)
        .write_image(&bytes, width, height, ExtendedColorType::Rgb8)
        .unwrap();
}

/// Whether two pictures are the same to the eye: sines and roots may round otherwise elsewhere.
fn same(picture: &Picture, kept: &image::RgbImage) -> bool {
    let size = picture.size();
    kept.dimensions() == (size.width, size.height)
        && kept.enumerate_pixels().all(|(x, y, kept)| {
            let pixel = picture.pixel(x, y).unwrap();
            let near = |a: u8, b: u8| a.abs_diff(b) <= 3;
            near(pixel.r(), kept[0]) && near(pixel.g(), kept[1]) && near(pixel.b(), kept[2])
        })
}

#[test]
fn the_contact_sheet_shows_the_nine_moods_and_music() {
    let moods = Mood::ALL.into_iter().map(state).chain([playing(Mood::Happy, "Blue in Green", "Miles Davis")]);
    let pictures: Vec<Picture> = moods.map(|state| render(&Scene::Live(state), ScreenSize::Square)).collect();
    let sheet = contact_sheet(&pictures, 5);
    assert_eq!(sheet.size(), Size::new(5 * 252 + 12, 2 * 252 + 12));
    assert_eq!(sheet.pixel(12 + 252 * 3 + 120, 12 + 120), pictures[3].pixel(120, 120));
    assert_eq!(contact_sheet(&[], 3).size(), Size::new(24, 12));
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/pictures/moods.png");
    if std::env::var_os("MOODRING_BLESS").is_some() {
        std::fs::create_dir_all(kept.parent().unwrap()).unwrap();
        keep(&sheet, &kept);
    }
    let kept = image::open(&kept).unwrap().to_rgb8();
    assert!(same(&sheet, &kept), "deploy/pictures/moods.png is out of date; run once with MOODRING_BLESS=1");
}

#[test]
fn no_picture_is_kept_that_no_scene_draws() {
    let drawn: Vec<String> = gallery().into_iter().map(|(name, ..)| format!("{name}.png")).collect();
    for entry in std::fs::read_dir(golden()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(drawn.contains(&name), "device/tests/golden/{name} belongs to no scene");
    }
}

#[test]
fn the_nine_differ_clearly_without_colour() {
    // At 40 pixels in black and white, by the share of pixels that differ.
    let faces: Vec<Picture> = Mood::ALL
        .into_iter()
        .map(|mood| {
            let mut picture = Picture::new(Size::new(40, 40), Rgb888::BLACK);
            let two = shapes::TwoColours { light: Rgb888::WHITE, ink: Rgb888::BLACK };
            shapes::figure(&mut picture, moodring_mood::look(mood).shapes, &two, (0.0, 0.0), 40.0);
            picture.to_monochrome()
        })
        .collect();
    for (i, a) in faces.iter().enumerate() {
        for (j, b) in faces.iter().enumerate().skip(i + 1) {
            let differing =
                (0..40).map(|y| a.row(y).iter().zip(b.row(y)).filter(|(a, b)| a != b).count()).sum::<usize>();
            assert!(differing >= 60, "{} and {} differ in {differing} of 1600 pixels", Mood::ALL[i], Mood::ALL[j]);
        }
    }
}

#[test]
fn a_panel_of_one_colour_gets_one_colour() {
    for (name, scene, _) in gallery().into_iter().filter(|(.., size)| *size == ScreenSize::Mono) {
        let picture = render(&scene, ScreenSize::Mono);
        let grey = (0..64).flat_map(|y| picture.row(y)).any(|p| *p != Rgb888::BLACK && *p != Rgb888::WHITE);
        assert!(!grey, "{name} has grey in it");
    }
}

/// A panel that counts what it is given and can be made to fail.
#[derive(Default)]
struct Counting {
    pixels: usize,
    pushes: usize,
    broken: bool,
}

struct CountingPanel(Arc<Mutex<Counting>>);

impl Panel for CountingPanel {
    fn size(&self) -> Size {
        ScreenSize::Square.pixels()
    }

    fn push(&mut self, area: Rectangle, pixels: &[Rgb888]) -> Result<(), PanelError> {
        let mut counting = self.0.lock().unwrap();
        if counting.broken {
            return Err(PanelError::Write("test".to_owned()));
        }
        assert_eq!(pixels.len(), (area.size.width * area.size.height) as usize);
        counting.pixels += pixels.len();
        counting.pushes += 1;
        Ok(())
    }

    fn flush(&mut self) -> Result<(), PanelError> {
        Ok(())
    }
}

#[test]
fn only_what_changed_is_pushed() {
    let counting = Arc::new(Mutex::new(Counting::default()));
    let mut screen = Screen::new(Box::new(CountingPanel(counting.clone())), ScreenSize::Square);
    let pushed = |screen: &mut Screen, state: ScreenState| {
        *counting.lock().unwrap() = Counting::default();
        let any = screen.show(&Scene::Live(state)).unwrap();
        let counting = counting.lock().unwrap();
        assert_eq!(any, counting.pushes > 0);
        (counting.pixels, counting.pushes)
    };
    assert_eq!(pushed(&mut screen, state(Mood::Happy)), (240 * 240, 1));
    assert_eq!(pushed(&mut screen, state(Mood::Happy)), (0, 0));
    let surer = ScreenState { confidence: Confidence::saturating(0.82), ..state(Mood::Happy) };
    assert_eq!(pushed(&mut screen, surer), (0, 0), "less than a step");
    let surer = ScreenState { confidence: Confidence::saturating(0.9), ..state(Mood::Happy) };
    let (pixels, _) = pushed(&mut screen, surer.clone());
    assert!((1..4000).contains(&pixels), "a piece of the ring is {pixels} pixels");
    let (pixels, pushes) = pushed(&mut screen, ScreenState { people: 2, ..surer });
    assert!((1..1000).contains(&pixels) && pushes <= 2, "the number of faces is {pixels} pixels");
}

#[test]
fn a_panel_that_failed_gets_the_whole_picture_again() {
    let counting = Arc::new(Mutex::new(Counting::default()));
    let mut screen = Screen::new(Box::new(CountingPanel(counting.clone())), ScreenSize::Square);
    let scene = Scene::Live(state(Mood::Sad));
    screen.show(&Scene::Waking).unwrap();
    counting.lock().unwrap().broken = true;
    assert!(screen.show(&scene).is_err());
    *counting.lock().unwrap() = Counting::default();
    assert!(screen.show(&scene).unwrap());
    assert_eq!(counting.lock().unwrap().pixels, 240 * 240);
}

#[test]
fn the_simulated_panel_keeps_a_file_and_tells_of_each_picture() {
    let folder = tempfile::tempdir().unwrap();
    let settings = ScreenSettings { png: Some(folder.path().join("screen.png")), ..ScreenSettings::default() };
    let told = Arc::new(Mutex::new(Vec::new()));
    let to = told.clone();
    let panel = panel::open(&settings, Some(Box::new(move |png| to.lock().unwrap().push(png)))).unwrap();
    let mut screen = Screen::new(panel, settings.size());
    let scene = Scene::Live(state(Mood::Happy));
    for scene in [&Scene::Waking, &scene, &scene] {
        screen.show(scene).unwrap();
    }
    let told = told.lock().unwrap();
    assert_eq!(told.len(), 2);
    assert_eq!(std::fs::read(folder.path().join("screen.png")).unwrap(), told[1]);
    let seen = image::load_from_memory(&told[1]).unwrap().to_rgb8();
    let Scene::Live(state) = scene else { unreachable!() };
    assert!(same(&render(&Scene::Live(state.stepped(None)), settings.size()), &seen));
    assert!(told[1].len() < 100_000, "{} bytes", told[1].len());
}

#[test]
fn a_file_that_cannot_be_written_is_an_error_but_the_page_still_gets_its_picture() {
    let settings = ScreenSettings { png: Some("/nowhere/screen.png".into()), ..ScreenSettings::default() };
    let told = Arc::new(Mutex::new(0));
    let to = told.clone();
    let panel = panel::open(&settings, Some(Box::new(move |_| *to.lock().unwrap() += 1))).unwrap();
    let error = Screen::new(panel, settings.size()).show(&Scene::Waking).unwrap_err().to_string();
    assert!(error.contains("/nowhere/screen.png"), "{error}");
    assert_eq!(*told.lock().unwrap(), 1);
}

#[test]
fn drawing_is_cheap_enough_for_a_change_a_second() {
    let scene = Scene::Live(playing(Mood::Angry, LONG, "Antonín Dvořák"));
    let began = Instant::now();
    for _ in 0..5 {
        render(&scene, ScreenSize::Wide);
    }
    // Far above what it takes, for slow and busy machines; a release build is measured by `bench`.
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}
