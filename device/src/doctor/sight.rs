//! What the device sees: the networks, the camera, the light, a face.
//!
//! In: `[vision]` and `[camera]`. Out: findings, made from what the real camera gave within some
//! seconds, looked at by the real networks. The judgement is pure; the looking takes time.

use std::time::{Duration, Instant};

use moodring_mood::{Confidence, Emotion};
use moodring_vision::runtime::default_library;

use super::{Finding, user::User};
use crate::{
    camera::{
        CameraSettings, Source,
        latest::{CameraState, Next},
        light::Luma,
    },
    see::{SeeError, Seer, VisionSettings},
    shutter::Shutter,
};

/// How long to wait for the first frame; a camera module takes some seconds.
const FIRST: Duration = Duration::from_secs(12);

/// How long to look: a webcam has set its exposure by then.
const LOOK: Duration = Duration::from_secs(3);

/// How long somebody may take to look at the camera.
const FACE: Duration = Duration::from_secs(8);

/// How often the camera is looked after.
const TICK: Duration = Duration::from_millis(100);

/// What was seen.
#[derive(Clone, Debug, Default)]
struct Look {
    /// What the camera is, in words, once it gave a frame.
    camera: Option<String>,
    /// Why it gave none.
    problem: Option<String>,
    frames: u32,
    /// From the first frame to the last.
    time: Duration,
    /// How bright the last frame was.
    luma: Option<Luma>,
    /// The largest face: how sure the detector is, and what it shows.
    face: Option<(Confidence, Emotion, Confidence)>,
    people: usize,
}

/// Opens the library and the networks, and times them.
pub(super) fn networks(settings: &VisionSettings) -> (Option<Seer>, Vec<Finding>) {
    let library = settings.library.clone().unwrap_or_else(default_library);
    let there = || Finding::good("library", format!("TensorFlow Lite 2.17.1, {}", library.display()));
    match Seer::open(settings) {
        Err(SeeError::Runtime(why)) => {
            let library = Finding::bad("library", library.display().to_string(), why.to_string())
                .with("deploy/fetch-tflite      # in the folder of Moodring's source, then copy it there");
            (None, vec![library, Finding::skipped("networks", "there is no library to run them")])
        }
        Err(SeeError::Model(why)) => {
            let networks = Finding::bad("networks", "not usable", why.to_string()).with(
                "[vision] face_model and emotion_model in the configuration; without them the built-in ones are taken",
            );
            (None, vec![there(), networks])
        }
        Ok(mut seer) => {
            seer.run_networks();
            let start = Instant::now();
            seer.run_networks();
            let time = start.elapsed().as_secs_f64() * 1000.0;
            let networks = Finding::good("networks", format!("faces and emotions; together {time:.1} ms a frame here"));
            (Some(seer), vec![there(), networks])
        }
    }
}

/// Looks through the camera.
pub(super) fn examine(settings: &CameraSettings, seer: Option<Seer>, user: &User) -> Vec<Finding> {
    let look = look(settings, seer);
    vec![camera(&look, settings, user), light(&look, settings), face(&look)]
}

fn look(settings: &CameraSettings, mut seer: Option<Seer>) -> Look {
    let mut shutter = Shutter::open(settings.clone());
    let (mut look, start) = (Look::default(), Instant::now());
    let mut first = None;
    loop {
        let frame = match shutter.next(TICK) {
            Next::Frame(frame) => Some(frame),
            Next::Nothing => None,
            Next::Ended => break,
        };
        match shutter.state() {
            Some(CameraState::Running(words)) => look.camera = Some(words),
            Some(CameraState::Problem(problem)) if first.is_none() => {
                look.problem = Some(problem);
                break;
            }
            _ => {}
        }
        if let Some(frame) = frame {
            let began = *first.get_or_insert_with(Instant::now);
            look.frames += 1;
            look.time = began.elapsed();
            look.luma = Some(Luma::of(&frame.picture.view()));
            if let Some(seer) = &mut seer {
                let reading = seer.see(&frame);
                look.people = look.people.max(reading.faces.len());
                if let Some(face) = reading.faces.first() {
                    let (emotion, sure) = face.scores.top();
                    look.face = Some((face.detection, emotion, sure));
                }
            }
        }
        let over = match first {
            None => start.elapsed() >= FIRST,
            Some(began) => began.elapsed() >= if look.face.is_some() || seer.is_none() { LOOK } else { FACE },
        };
        if over {
            break;
        }
    }
    shutter.close();
    shutter.wait(Duration::from_secs(2));
    look
}

fn camera(look: &Look, settings: &CameraSettings, user: &User) -> Finding {
    if let Some(problem) = &look.problem {
        let finding = Finding::bad("camera", "gives no pictures", problem);
        let says = |word: &str| problem.contains(word);
        return if says("usermod -aG video") {
            Finding { remedy: user.join("video").into(), ..finding }
        } else if says("busy") {
            finding.with("sudo systemctl stop moodring-device      # if it is the device itself; then look again")
        } else if says("no clip") {
            // Only a clip that was asked for is missed.
            finding.with("source = \"auto\" in [camera] of the configuration")
        } else if says("is not installed") {
            finding.with("sudo apt install rpicam-apps")
        } else {
            finding.with("ls -l /dev/video*").with("rpicam-hello --list-cameras      # camera modules")
        };
    }
    let Some(words) = look.camera.as_ref().filter(|_| look.frames > 0) else {
        let problem = format!("it was opened, and gave no frame in {} s", FIRST.as_secs());
        return Finding::bad("camera", "gives no pictures", problem)
            .with("unplug it and plug it in again; another port, another cable");
    };
    let rate = f64::from(look.frames.saturating_sub(1)) / look.time.as_secs_f64().max(0.1);
    let found = format!("{words}; {rate:.1} frames/s looked at");
    // What stands in for a camera is named by its path.
    if words.contains(&settings.replay.path.display().to_string()) {
        return match settings.source {
            Source::Replay => Finding::note("camera", found, "a clip is played instead, as [camera] source says"),
            _ => Finding::note("camera", found, "no camera was found, so a clip stands in for it")
                .with("ls -l /dev/video*")
                .with("rpicam-hello --list-cameras      # camera modules"),
        };
    }
    Finding::good("camera", found)
}

fn light(look: &Look, settings: &CameraSettings) -> Finding {
    let Some(luma) = look.luma else { return Finding::skipped("light", "there is no picture") };
    let found = format!("the brightest part of the picture has {:.0} of 255", luma.high);
    if luma.is_dark(settings.light.dark_below.into()) {
        return Finding::bad("light", found, "too dark to read a face, or the lens is covered")
            .with("a lamp before you, not behind you; take the cap or film off the lens; then look again");
    }
    Finding::good("light", found)
}

fn face(look: &Look) -> Finding {
    if look.luma.is_none() {
        return Finding::skipped("face", "there is no picture");
    }
    match look.face {
        Some((detection, emotion, sure)) => {
            let others = if look.people > 1 { format!(" ({} people)", look.people) } else { String::new() };
            let words =
                format!("a face, {} % sure{others}; it looks {emotion}, {} %", detection.percent(), sure.percent());
            Finding::good("face", words)
        }
        None => Finding::note("face", "nobody in view", "no face was seen; all else works without one")
            .with("sit half a metre to three metres before the camera, upright, and look again"),
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Verdict, user::with_files},
        *,
    };

    fn seen() -> Look {
        Look {
            camera: Some("/dev/video0: 640x480 YUYV".to_owned()),
            frames: 31,
            time: Duration::from_secs(3),
            luma: Some(Luma { mean: 90.0, high: 200.0, low: 10.0 }),
            face: Some((Confidence::saturating(0.97), Emotion::Happy, Confidence::saturating(0.83))),
            people: 1,
            ..Look::default()
        }
    }

    #[test]
    fn a_camera_at_work_is_described_with_what_it_sees() {
        let (_root, user) = with_files(&[]);
        let settings = CameraSettings::default();
        assert_eq!(camera(&seen(), &settings, &user).found, "/dev/video0: 640x480 YUYV; 10.0 frames/s looked at");
        assert_eq!(light(&seen(), &settings).verdict, Verdict::Good);
        assert_eq!(face(&seen()).found, "a face, 97 % sure; it looks happy, 83 %");
    }

    #[test]
    fn each_trouble_of_a_camera_says_what_to_type() {
        let (_root, user) = with_files(&[
            ("proc/self/status", "Uid:\t1000\t1000\t1000\t1000\n"),
            ("etc/passwd", "pi:x:1000:1000::/home/pi:/bin/bash\n"),
        ]);
        let settings = CameraSettings::default();
        for (problem, types) in [
            (
                "no right to open /dev/video0: sudo usermod -aG video $USER, then log in again",
                "sudo usermod -aG video pi",
            ),
            ("the camera /dev/video0 is busy: another program uses it", "sudo systemctl stop moodring-device"),
            ("no camera at /dev/video0: plug one in", "ls -l /dev/video*"),
            ("rpicam-vid is not installed, and camera modules are read through it", "sudo apt install rpicam-apps"),
        ] {
            let look = Look { problem: Some(problem.to_owned()), ..Look::default() };
            let finding = camera(&look, &settings, &user);
            assert!(finding.verdict == Verdict::Bad && finding.remedy[0].starts_with(types), "{finding:?}");
            assert_eq!(light(&look, &settings).verdict, Verdict::Skipped);
            assert_eq!(face(&look).verdict, Verdict::Skipped);
        }
        let silent = Look { camera: Some("/dev/video0".to_owned()), ..Look::default() };
        assert!(camera(&silent, &settings, &user).problem.unwrap().contains("gave no frame in 12 s"));
    }

    #[test]
    fn a_clip_that_stands_in_a_dark_room_and_an_empty_one_are_told() {
        let (_root, user) = with_files(&[]);
        let settings = CameraSettings::default();
        let clip = Look { camera: Some(format!("the clip {}", settings.replay.path.display())), ..seen() };
        assert_eq!(camera(&clip, &settings, &user).verdict, Verdict::Note);
        let dark = Look { luma: Some(Luma { mean: 4.0, high: 9.0, low: 2.0 }), ..seen() };
        assert_eq!(light(&dark, &settings).verdict, Verdict::Bad);
        assert_eq!(face(&Look { face: None, ..seen() }).verdict, Verdict::Note);
    }
}
