//! What `rpicam-vid` says, and what it means.
//!
//! Enters: its standard error, and its list of cameras. Leaves: the size it settled on, the cameras it
//! knows, and for each way it is known to fail a [`CameraError`] that says what to do. Nothing fails:
//! words that are not known are passed on as they are. The words are those of rpicam-apps 1.4 to 1.9
//! and of libcamera 0.0.4 to 0.5.

use std::collections::VecDeque;
use std::process::ExitStatus;

use crate::camera::CameraError;

/// The last lines that are kept.
const LINES: usize = 12;

/// The bytes of a line that are kept.
const LENGTH: usize = 240;

/// The last things that a program said.
#[derive(Debug, Default)]
pub(super) struct Said {
    lines: VecDeque<String>,
    /// A line that is not over yet.
    line: Vec<u8>,
    size: Option<(u32, u32)>,
}

impl Said {
    /// Takes in more of what is said.
    pub(super) fn hear(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            match byte {
                b'\n' | b'\r' => self.end_line(),
                _ if self.line.len() < LENGTH => self.line.push(byte),
                _ => {}
            }
        }
    }

    fn end_line(&mut self) {
        let line = String::from_utf8_lossy(&self.line).trim().to_owned();
        self.line.clear();
        if line.is_empty() {
            return;
        }
        tracing::debug!("rpicam: {line}");
        self.size = size(&line).or(self.size);
        if self.lines.len() == LINES {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }

    /// The size of its pictures, once it has said so.
    pub(super) const fn size(&self) -> Option<(u32, u32)> {
        self.size
    }

    /// What it means that `program` ended, or gave no frame (`status` is `None` while it runs).
    pub(super) fn why(&self, program: &str, status: Option<ExitStatus>) -> CameraError {
        let rest = String::from_utf8_lossy(&self.line);
        let lines: Vec<&str> = self.lines.iter().map(String::as_str).chain([rest.trim()]).collect();
        let all = lines.join("\n").to_lowercase();
        let known = KNOWN.iter().find(|(words, _)| words.iter().any(|word| all.contains(word)));
        let why = match known {
            Some((_, why)) => (*why).to_owned(),
            None => in_its_words(&lines, status),
        };
        CameraError::Module { program: program.to_owned(), why }
    }
}

/// What to do where the program knows of no camera.
pub(super) const NO_CAMERA: &str = "finds no camera: switch the Raspberry Pi off, check the ribbon cable at both ends \
     (contacts towards the contacts), then ask `rpicam-hello --list-cameras`";

/// The words by which each known trouble is recognised, in lower case, the most telling first; and
/// what to do about it.
const KNOWN: [(&[&str], &str); 9] = [
    (&["no cameras available", "selected camera is not available", "failed to find camera"], NO_CAMERA),
    (
        &["in use by another process", "failed to acquire camera", "device or resource busy"],
        "the camera is busy: another program uses it; `ps ax | grep -E 'rpicam|libcamera|picamera|motion'` finds it",
    ),
    (
        &["frontend has timed out", "device timeout detected", "dequeue timer"],
        "the camera does not answer: check that its ribbon cable sits firmly at both ends, and the power supply",
    ),
    (
        &["cannot allocate memory", "failed to allocate capture buffers", "dmaheap allocation failure"],
        "not enough memory for the camera's pictures: lower [camera] width and height, or set \
         dtoverlay=vc4-kms-v3d,cma-128 in /boot/firmware/config.txt",
    ),
    (
        &["legacy camera stack"],
        "the system is set up for the old camera software: remove start_x=1 and set camera_auto_detect=1 in \
         /boot/firmware/config.txt, then restart",
    ),
    (
        &["only supports the raspberry pi", "currently only supports"],
        "this is no Raspberry Pi with a camera module: set [camera] source = \"v4l2\"",
    ),
    (
        &["unrecognised option", "unrecognized option", "the argument for option", "invalid option"],
        "does not know an option: correct [camera.rpicam] options",
    ),
    (&["permission denied"], "no right to use the camera: sudo usermod -aG video $USER, then log in again"),
    (&["failed to write output bytes"], "could not hand over its pictures"),
];

/// A trouble that is not known: what was said last, and how it ended.
fn in_its_words(lines: &[&str], status: Option<ExitStatus>) -> String {
    let telling = |line: &&&str| line.contains("ERROR") || line.contains("FATAL") || line.contains("rror:");
    let last = lines.iter().rev().find(telling).or_else(|| lines.iter().rev().find(|line| !line.is_empty()));
    let words = last.map_or_else(|| "and said nothing".to_owned(), |line| format!("and said {line:?}"));
    match status {
        Some(status) => format!("ended ({status}) {words}"),
        None => format!("gave no picture {words}"),
    }
}

/// The size in "configuring streams: (0) 640x480-YUV420/sYCC (1) 1640x1232-SBGGR10_CSI2P/RAW".
fn size(line: &str) -> Option<(u32, u32)> {
    let (_, stream) = line.split_once("configuring streams: (0) ")?;
    let (size, format) = stream.split_once('-')?;
    let (width, height) = size.split_once('x')?;
    let side = |text: &str| text.parse().ok().filter(|side| (16..=16_384).contains(side));
    format.starts_with("YUV420").then_some((side(width)?, side(height)?))
}

/// The camera modules in the answer to `--list-cameras`. A USB webcam that is listed is none.
pub(super) fn modules(list: &str) -> Vec<String> {
    let module = |line: &str| {
        // 0 : imx219 [3280x2464 10-bit RGGB] (/base/soc/i2c0mux/i2c@1/imx219@10)
        let (number, rest) = line.trim().split_once(" : ")?;
        number.parse::<u32>().ok()?;
        let (name, rest) = rest.split_once(" [")?;
        (!rest.contains("/usb")).then(|| name.trim().to_owned())
    };
    list.lines().filter_map(module).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    fn said(text: &str) -> Said {
        let mut said = Said::default();
        said.hear(text.as_bytes());
        said
    }

    #[test]
    fn each_known_trouble_says_what_to_do() {
        for (text, says) in [
            ("ERROR: *** no cameras available ***\n", "check the ribbon cable"),
            (
                "[0:19:06.4] [2746]  INFO Camera camera.cpp:839 Pipeline handler in use by another process\n\
                 ERROR: *** failed to acquire camera /base/soc/i2c0mux/i2c@1/ov5647@36 ***\n",
                "is busy: another program uses it",
            ),
            (
                "[0:00:52.2] [982] ERROR V4L2 v4l2_videodevice.cpp:1047 /dev/video0[13:cap]: Unable to set format: \
                 Device or resource busy\nERROR: *** failed to configure streams ***",
                "is busy",
            ),
            (
                "[26] ERROR RPI pipeline_base.cpp:1364 Camera frontend has timed out!\nERROR: Device timeout detected, \
                 attempting a restart!!!\n",
                "does not answer: check that its ribbon cable sits firmly",
            ),
            ("ERROR: *** failed to allocate capture buffers for stream ***\n", "cma-128"),
            ("ERROR: the system appears to be configured for the legacy camera stack\n", "camera_auto_detect=1"),
            ("ERROR: rpicam-apps currently only supports the Raspberry Pi platforms.\n", "source = \"v4l2\""),
            ("ERROR: *** unrecognised option '--rotate' ***\n", "[camera.rpicam] options"),
        ] {
            let error = said(text).why("rpicam-vid", Some(ExitStatus::from_raw(0xff00))).to_string();
            assert!(error.starts_with("rpicam-vid: ") && error.contains(says), "{error}\nshould say {says}");
        }
    }

    #[test]
    fn what_is_not_known_is_passed_on() {
        let why = |text: &str, status| said(text).why("rpicam-vid", status).to_string();
        let failed = Some(ExitStatus::from_raw(0xff00));
        assert_eq!(why("", failed), "rpicam-vid: ended (exit status: 255) and said nothing");
        let odd = "ERROR: *** the moon is full ***\nPreview window unavailable\n";
        let says = "rpicam-vid: ended (exit status: 255) and said \"ERROR: *** the moon is full ***\"";
        assert_eq!(why(odd, failed), says);
        assert_eq!(why("no newline", None), "rpicam-vid: gave no picture and said \"no newline\"");
        // What is said without end is not kept without end.
        let endless = said(&"x".repeat(100_000));
        assert!(endless.line.len() == LENGTH && endless.lines.is_empty());
        let mut many = Said::default();
        many.hear("line\n".repeat(1000).as_bytes());
        assert_eq!(many.lines.len(), LINES);
        many.hear(b"\xff\xfe\n");
        assert!(many.why("rpicam-vid", None).to_string().contains('\u{fffd}'));
    }

    #[test]
    fn the_size_is_the_one_that_was_settled_on() {
        let line = "[5:14:34.2] [29073]  INFO Camera camera.cpp:1205 configuring streams: (0) 640x480-YUV420/sYCC (1) \
                    1640x1232-SBGGR10_CSI2P/RAW\n";
        assert_eq!(said(line).size(), Some((640, 480)));
        // While it tries the sensor's modes, and nonsense.
        assert_eq!(said("configuring streams: (0) 3280x2464-SRGGB10_CSI2P\n").size(), None);
        assert_eq!(said("configuring streams: (0) 99999999999x1-YUV420\n").size(), None);
        assert_eq!(said("configuring streams: (0) 0x0-YUV420\n").size(), None);
    }

    #[test]
    fn a_list_of_cameras_is_read_without_the_webcams() {
        let list = "Available cameras\n-----------------\n\
                    0 : imx219 [3280x2464 10-bit RGGB] (/base/soc/i2c0mux/i2c@1/imx219@10)\n    \
                    Modes: 'SRGGB10_CSI2P' : 640x480 [206.65 fps - (1000, 752)/1280x960 crop]\n\n\
                    1 : UVC Camera [] (/base/soc/usb@7e980000/usb-port@1-1.2:1.0-046d:0825)\n\
                    2 : imx708_wide [4608x2592 10-bit RGGB] (/base/axi/pcie@1000120000/rp1/i2c@80000/imx708@1a)\n";
        assert_eq!(modules(list), ["imx219", "imx708_wide"]);
        assert_eq!(modules("No cameras available!\n"), Vec::<String>::new());
        assert_eq!(modules("4 : \n : x [\nx : y [z\n"), Vec::<String>::new());
    }
}
