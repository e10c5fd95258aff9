//! Which camera is taken.
//!
//! Enters: the settings, and what is plugged in. Leaves: an opened camera, again and again: what
//! [`latest::Capture`](super::latest::Capture) needs. What fails is what the chosen one says; where there
//! is neither a camera nor a clip, why there is no camera. `auto` says in one line what it takes, and why.
//!
//! A camera that was open is kept: where it is gone, it is looked for under its other names, and only
//! another camera takes its place, never a clip. A clip gives way to a camera.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::devices::{self, Access, Identity, Node};
use super::{Camera, CameraError, CameraSettings, Closing, Source, replay, rpicam, standby, v4l2};

/// What is plugged in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Around {
    modules: Modules,
    nodes: Vec<Node>,
}

/// What is known of camera modules on the ribbon cable.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Modules {
    /// The kernel knows of none.
    #[default]
    None,
    /// These sensors; there may be none.
    Listed(Vec<String>),
    /// The kernel knows of one, and it cannot be asked: why.
    Trouble(CameraError),
}

/// What is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Choice {
    /// This V4L2 device.
    Device(PathBuf),
    /// The camera module with this sensor, where it is known.
    Module(Option<String>),
    /// The clip.
    Replay(Why),
}

/// Why a clip is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Why {
    /// The settings say so.
    Asked,
    /// There is no camera.
    NoCamera,
    /// This device may be a camera, and may not be opened.
    Forbidden(PathBuf),
}

/// The camera that gave frames last.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Kept {
    Device(PathBuf, Identity),
    Module,
}

type KeptByAll = Arc<Mutex<Option<Kept>>>;

/// Opens the camera that the settings name, again and again.
pub fn opener(
    settings: CameraSettings,
) -> impl FnMut(&Closing) -> Result<Box<dyn Camera>, CameraError> + Send + 'static {
    let kept = KeptByAll::default();
    let mut told = String::new();
    move |closing| {
        let before = lock(&kept).clone();
        let around = Around::look(&settings, closing);
        let choice = choose(&settings, before.as_ref(), &around);
        let opened = open(&choice, &settings, closing);
        // Without a clip to be shown instead, what is wrong is that there is no camera.
        let absence = match (&choice, &opened) {
            (Choice::Replay(why), Err(CameraError::NoClip { .. })) => why.no_camera(&settings, &around.modules),
            _ => None,
        };
        if let Some(words) = choice.in_words(&settings, &around.modules, absence.is_none())
            && told != words
        {
            tracing::info!("camera: {words}");
            told = words;
        }
        if let Some(absence) = absence {
            return Err(absence);
        }
        match opened? {
            (camera, None) if choice == Choice::Replay(Why::Asked) => Ok(camera),
            (clip, None) => Ok(with_search(clip, &settings, &kept, closing)),
            (camera, now @ Some(_)) => {
                *lock(&kept) = now;
                Ok(camera)
            }
        }
    }
}

/// Opens what was chosen; says what is to be kept, which a clip is not.
fn open(
    choice: &Choice,
    settings: &CameraSettings,
    closing: &Closing,
) -> Result<(Box<dyn Camera>, Option<Kept>), CameraError> {
    Ok(match choice {
        Choice::Device(path) => {
            let webcam = v4l2::Webcam::open(path, settings, closing)?;
            let kept = Kept::Device(path.clone(), webcam.identity().clone());
            (Box::new(webcam), Some(kept))
        }
        Choice::Module(_) => (Box::new(rpicam::Module::open(settings, closing)?), Some(Kept::Module)),
        Choice::Replay(_) => (Box::new(replay::Replay::open(&settings.replay, settings.fps, closing)?), None),
    })
}

/// The clip, until a camera is found that gives a frame.
fn with_search(
    clip: Box<dyn Camera>,
    settings: &CameraSettings,
    kept: &KeptByAll,
    closing: &Closing,
) -> Box<dyn Camera> {
    let mut told = String::new();
    let mut warn = move |problem: String| {
        if problem != told {
            tracing::warn!("{problem}; the clip goes on (source = \"auto\")");
            told = problem;
        }
    };
    let (at, kept, heed) = (settings.clone(), Arc::clone(kept), closing.clone());
    let find = move |closing: &Closing| {
        let choice = choose(&at, None, &Around::look(&at, closing));
        if matches!(choice, Choice::Replay(_)) {
            return None;
        }
        // Tried out here, so that the clip goes on meanwhile; closed again before it is told.
        match open(&choice, &at, closing).and_then(|(mut camera, _)| camera.next()) {
            Ok(_) => Some(choice),
            Err(CameraError::Closing) => None,
            Err(error) => {
                warn(error.to_string());
                None
            }
        }
    };
    let at = settings.clone();
    let take = move |choice: Choice| {
        let first = open(&choice, &at, &heed).and_then(|(mut camera, now)| Ok((camera.next()?, camera, now)));
        let (frame, camera, now) = first.inspect_err(|error| tracing::debug!("{error}")).ok()?;
        let words = choice.in_words(&at, &Modules::None, true).unwrap_or_default();
        tracing::info!("camera: {words}; it takes over from the clip");
        *lock(&kept) = now;
        Some((camera, frame))
    };
    Box::new(standby::Standby::new(clip, standby::EVERY, find, take))
}

fn lock(kept: &Mutex<Option<Kept>>) -> MutexGuard<'_, Option<Kept>> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Around {
    /// Looks around as far as these settings need it.
    fn look(settings: &CameraSettings, closing: &Closing) -> Self {
        let nodes = || devices::present(&settings.device);
        match settings.source {
            Source::Rpicam | Source::Replay => Self::default(),
            // Only one that is gone is looked for under another name.
            Source::V4l2 if settings.device.exists() => Self::default(),
            Source::V4l2 => Self { nodes: nodes(), modules: Modules::None },
            Source::Auto => Self { nodes: nodes(), modules: Modules::look(settings, closing) },
        }
    }
}

impl Modules {
    /// Asking takes a Pi half a second, so it is done only where the kernel knows of a module, or
    /// somebody named the program to ask.
    fn look(settings: &CameraSettings, closing: &Closing) -> Self {
        if settings.rpicam.command.is_empty() && !devices::module_is_connected() {
            return Self::None;
        }
        match rpicam::modules(&settings.rpicam, closing) {
            Ok(sensors) => Self::Listed(sensors),
            Err(error) => Self::Trouble(error),
        }
    }
}

/// What the settings mean where this is plugged in, and this camera gave frames before.
fn choose(settings: &CameraSettings, kept: Option<&Kept>, around: &Around) -> Choice {
    let cameras = || around.nodes.iter().filter(|node| node.access == Access::Camera);
    let at = |path: &PathBuf| cameras().find(|node| node.path == *path).map(|node| node.path.clone());
    let same = |identity: &Identity| {
        cameras().find(|node| node.identity.as_ref() == Some(identity)).map(|node| node.path.clone())
    };
    // The very camera, under whatever name; else what is there under its name now.
    let found_again = |path, identity| same(identity).or_else(|| at(path));
    match (settings.source, kept) {
        (Source::Replay, _) => Choice::Replay(Why::Asked),
        (Source::Rpicam, _) => Choice::Module(None),
        (Source::V4l2, Some(Kept::Device(path, identity))) if at(&settings.device).is_none() => {
            Choice::Device(found_again(path, identity).unwrap_or_else(|| settings.device.clone()))
        }
        (Source::V4l2, _) => Choice::Device(settings.device.clone()),
        (Source::Auto, kept) => {
            let sensor = match &around.modules {
                Modules::Listed(sensors) => sensors.first(),
                Modules::None | Modules::Trouble(_) => None,
            };
            if let Some(Kept::Device(path, identity)) = kept
                && let Some(path) = found_again(path, identity)
            {
                return Choice::Device(path);
            }
            if let Some(sensor) = sensor {
                return Choice::Module(Some(sensor.clone()));
            }
            let device = at(&settings.device).or_else(|| cameras().next().map(|node| node.path.clone()));
            match (device, kept) {
                (Some(path), _) => Choice::Device(path),
                // Waited for, and not replaced by a clip.
                (None, Some(Kept::Device(path, _))) => Choice::Device(path.clone()),
                (None, Some(Kept::Module)) => Choice::Module(None),
                (None, None) => {
                    let forbidden = around.nodes.iter().find(|node| node.access == Access::Forbidden);
                    Choice::Replay(forbidden.map_or(Why::NoCamera, |node| Why::Forbidden(node.path.clone())))
                }
            }
        }
    }
}

impl Why {
    /// Why there is no camera, for the time when there is no clip either; `None` where the settings ask for
    /// the clip.
    fn no_camera(&self, settings: &CameraSettings, modules: &Modules) -> Option<CameraError> {
        match (self, modules) {
            (Self::Asked, _) => None,
            (Self::Forbidden(path), _) => Some(CameraError::Forbidden(path.clone())),
            (Self::NoCamera, Modules::Trouble(why)) => Some(why.clone()),
            (Self::NoCamera, Modules::Listed(_)) => Some(rpicam::no_module(&settings.rpicam)),
            (Self::NoCamera, Modules::None) => Some(CameraError::Missing(settings.device.clone())),
        }
    }
}

impl Choice {
    /// What `auto` takes and why, in one line; `None` where the settings leave no choice. `clip`: whether
    /// there is a clip to be shown where there is no camera.
    fn in_words(&self, settings: &CameraSettings, modules: &Modules, clip: bool) -> Option<String> {
        if settings.source != Source::Auto {
            return None;
        }
        let meanwhile = match clip {
            true => format!("replaying {} until", settings.replay.path.display()),
            false => "waiting until".to_owned(),
        };
        let what = match self {
            Self::Module(Some(sensor)) => format!("the module {sensor} is on the ribbon cable"),
            Self::Module(None) => "the module on the ribbon cable is waited for".to_owned(),
            Self::Device(path) if path.exists() => format!("{} is there", path.display()),
            Self::Device(path) => format!("{} is waited for", path.display()),
            Self::Replay(Why::Forbidden(path)) => {
                let path = path.display();
                format!("no right to open {path} (sudo usermod -aG video $USER); {meanwhile} a camera is found")
            }
            Self::Replay(_) => format!("none is plugged in; {meanwhile} one is"),
        };
        let but = match (self, modules) {
            (Self::Device(_) | Self::Replay(_), Modules::Trouble(why)) => {
                format!("; a module is on the ribbon cable, but {why}")
            }
            (Self::Device(_) | Self::Replay(_), Modules::Listed(sensors)) if sensors.is_empty() => {
                "; no module answers on the ribbon cable".to_owned()
            }
            _ => String::new(),
        };
        Some(format!("{what}{but} (source = \"auto\")"))
    }
}

#[cfg(test)]
#[path = "choose_tests.rs"]
mod tests;
