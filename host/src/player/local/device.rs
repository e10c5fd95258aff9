//! The system's sound devices, through rodio and cpal.
//!
//! Enters: which one; stereo frames, kept a little ahead in a ring that the device's own thread empties
//! without ever waiting. Leaves: sound. Fails: in words, when there is no device, when it says it is
//! gone, and when it silently takes nothing any more.

use std::{
    num::NonZero,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use rodio::{
    ChannelCount, DeviceSinkBuilder, MixerDeviceSink, SampleRate,
    cpal::{
        self,
        traits::{DeviceTrait, HostTrait},
    },
};
use rtrb::{Consumer, Producer, RingBuffer};

use super::{
    RATE,
    speaker::{Speaker, Speakers, Which},
};

/// Frames kept ahead: enough for a busy small computer, and commands are still obeyed at once.
const AHEAD: usize = RATE as usize * 15 / 100;
/// A device that takes nothing for so long is gone, whatever it says.
const STUCK: Duration = Duration::from_secs(5);
/// How much faster than this machine's clock a device's own may run; real ones differ by 0.01 %.
const FASTEST_CLOCK: f64 = 1.005;
/// How long the last sound may take to be heard before the device is let go.
const DRAIN: Duration = Duration::from_millis(250);

/// See the module.
pub(super) struct Device {
    ring: Producer<f32>,
    lost: Arc<Mutex<Option<String>>>,
    taken: Arc<AtomicU64>,
    /// When `taken` was last seen to change, and to what.
    moved: (Instant, u64),
    /// When it was opened, and the frames written since.
    written: (Instant, u64),
    _sink: MixerDeviceSink,
}

/// The devices of this machine.
#[derive(Debug)]
pub(super) struct System;

impl Speakers for System {
    fn open(&self, which: &Which) -> Result<Box<dyn Speaker>, String> {
        Device::open(which, Instant::now()).map(|device| Box::new(device) as Box<dyn Speaker>)
    }
}

/// A sound device that can be named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputName {
    /// The system's own name for it, which stays the same: `sysdefault:CARD=Device`.
    pub id: String,
    /// For people: `USB Audio Device, USB Audio`.
    pub name: String,
}

/// The sound devices that there are.
///
/// # Errors
/// The system cannot tell; in words.
pub fn outputs() -> Result<Vec<OutputName>, String> {
    Ok(devices()?.into_iter().map(|(name, _)| name).collect())
}

fn devices() -> Result<Vec<(OutputName, cpal::Device)>, String> {
    #[cfg(target_os = "linux")]
    let _quiet = silence_alsa();
    let all = cpal::default_host().output_devices().map_err(|why| words(&why))?;
    let named = |device: cpal::Device| {
        let name =
            OutputName { id: device.id().ok()?.id().to_owned(), name: device.description().ok()?.name().to_owned() };
        Some((name, device))
    };
    Ok(all.filter_map(named).collect())
}

/// Which of these is meant by `wish`: the one with that id or name, else one whose id or name holds it,
/// whatever the case; of several ways to one card, the one that others may use too and that takes every rate.
fn pick(all: &[OutputName], wish: &str) -> Option<usize> {
    let wish = wish.trim().to_lowercase();
    let rank = |output: &OutputName| {
        let (id, name) = (output.id.to_lowercase(), output.name.to_lowercase());
        let fit = match () {
            () if id == wish => 0,
            () if name == wish => 1,
            () if name.contains(&wish) || id.contains(&wish) => 2,
            () => return None,
        };
        let ways = ["sysdefault", "plughw", "default", "dmix", "front", "hw"];
        let way = id.split(':').next().and_then(|way| ways.iter().position(|known| *known == way));
        Some((fit, way.unwrap_or(ways.len())))
    };
    let ranked = all.iter().enumerate().filter_map(|(at, output)| rank(output).map(|rank| (rank, at)));
    ranked.min().map(|(_, at)| at).filter(|_| !wish.is_empty())
}

impl Device {
    /// Opens a device, at [`RATE`] where it can, else at its own rate.
    pub fn open(which: &Which, now: Instant) -> Result<Self, String> {
        let named = match which {
            Which::Default => None,
            Which::Named(wish) => {
                let mut all = devices()?;
                let names: Vec<_> = all.iter().map(|(name, _)| name.clone()).collect();
                let at = pick(&names, wish).ok_or("none of that name is connected")?;
                Some(all.swap_remove(at).1)
            }
        };
        #[cfg(target_os = "linux")]
        let _quiet = silence_alsa();
        let lost = Arc::new(Mutex::new(None));
        let report = {
            let lost = Arc::clone(&lost);
            move |error: cpal::Error| match error.kind() {
                // Passing trouble, or none: the stream goes on.
                cpal::ErrorKind::Xrun | cpal::ErrorKind::RealtimeDenied | cpal::ErrorKind::DeviceChanged => {
                    tracing::debug!("sound device: {error}");
                }
                _ => *lost.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string()),
            }
        };
        let builder = || match &named {
            None => DeviceSinkBuilder::from_default_device().map_err(|why| words(&why)),
            Some(device) => DeviceSinkBuilder::from_device(device.clone()).map_err(|why| words(&why)),
        };
        let ours = builder()?
            .with_channels(STEREO)
            .with_sample_rate(OUR_RATE)
            .with_error_callback(report.clone())
            .open_stream();
        let mut sink = match ours {
            Ok(sink) => sink,
            Err(_) => builder()?.with_error_callback(report).open_sink_or_fallback().map_err(|why| words(&why))?,
        };
        sink.log_on_drop(false);
        let (ring, consumer) = RingBuffer::new(2 * AHEAD);
        let taken = Arc::new(AtomicU64::new(0));
        sink.mixer().add(Feed { ring: consumer, taken: Arc::clone(&taken), right: None });
        Ok(Self { ring, lost, taken, moved: (now, 0), written: (now, 0), _sink: sink })
    }
}

impl Speaker for Device {
    fn wants(&mut self, now: Instant) -> Result<usize, String> {
        if let Some(why) = self.lost.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return Err(why);
        }
        let taken = self.taken.load(Ordering::Relaxed);
        if taken != self.moved.1 {
            self.moved = (now, taken);
        } else if now.saturating_duration_since(self.moved.0) > STUCK {
            return Err(format!("it took no sound for {} s", STUCK.as_secs()));
        }
        // A device without a clock of its own (ALSA's null) would rush through the music.
        let passed = now.saturating_duration_since(self.written.0).as_secs_f64() * f64::from(RATE);
        let allowed = (passed * FASTEST_CLOCK) as u64 + AHEAD as u64;
        let allowed = usize::try_from(allowed.saturating_sub(self.written.1)).unwrap_or(usize::MAX);
        Ok((self.ring.slots() / 2).min(allowed))
    }

    fn drain(&self) {
        let patience = Instant::now() + DRAIN;
        while self.ring.slots() < 2 * AHEAD && Instant::now() < patience {
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn write(&mut self, frames: &[f32]) {
        self.written.1 += (frames.len() / 2) as u64;
        for &sample in frames {
            // `wants` counted the room, and only the device makes it larger meanwhile.
            let _ = self.ring.push(sample);
        }
    }
}

const STEREO: ChannelCount = NonZero::new(2).expect("two is not zero");
const OUR_RATE: SampleRate = NonZero::new(RATE).expect("the rate is not zero");

/// The message of what caused an error, to stand within a sentence.
fn words(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string().trim_end_matches('.').to_owned()
}

/// What the device's thread reads: the ring, and silence when it is empty.
struct Feed {
    ring: Consumer<f32>,
    taken: Arc<AtomicU64>,
    /// The right half of a frame whose left half was given.
    right: Option<f32>,
}

impl Iterator for Feed {
    type Item = f32;

    fn next(&mut self) -> Option<f32> {
        if let Some(right) = self.right.take() {
            return Some(right);
        }
        self.taken.fetch_add(1, Ordering::Relaxed);
        let (left, right) = match (self.ring.slots() >= 2).then(|| (self.ring.pop(), self.ring.pop())) {
            Some((Ok(left), Ok(right))) => (left, right),
            _ => (0.0, 0.0),
        };
        self.right = Some(right);
        Some(left)
    }
}

impl rodio::Source for Feed {
    fn current_span_len(&self) -> Option<usize> {
        None
    }

    fn channels(&self) -> ChannelCount {
        STEREO
    }

    fn sample_rate(&self) -> SampleRate {
        OUR_RATE
    }

    fn total_duration(&self) -> Option<Duration> {
        None
    }
}

/// Keeps what ALSA says while this thread opens devices off the standard error: with no card it
/// writes a page of text at every try, and the error itself says enough.
#[cfg(target_os = "linux")]
fn silence_alsa() -> Option<impl Sized> {
    alsa::Output::local_error_handler().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_meant_by_its_id_its_name_or_a_part_of_it() {
        let all = [
            ("null", "Discard all samples (playback) or generate zero samples (capture)"),
            ("hw:CARD=Headphones,DEV=0", "bcm2835 Headphones, bcm2835 Headphones"),
            ("sysdefault:CARD=Headphones", "bcm2835 Headphones, bcm2835 Headphones"),
            ("hw:CARD=Device,DEV=0", "USB Audio Device, USB Audio"),
            ("front:CARD=Device,DEV=0", "USB Audio Device, USB Audio"),
            ("sysdefault:CARD=Device", "USB Audio Device, USB Audio"),
        ]
        .map(|(id, name)| OutputName { id: id.to_owned(), name: name.to_owned() });
        for (wish, id) in [
            ("usb audio", Some("sysdefault:CARD=Device")),
            ("USB Audio Device, USB Audio", Some("sysdefault:CARD=Device")),
            ("hw:CARD=Device,DEV=0", Some("hw:CARD=Device,DEV=0")),
            ("headphones", Some("sysdefault:CARD=Headphones")),
            ("null", Some("null")),
            ("HDMI", None),
            (" ", None),
        ] {
            assert_eq!(pick(&all, wish).map(|at| all[at].id.as_str()), id, "{wish}");
        }
    }
}
