//! What is asked of the running device, by its buttons and over MQTT.
//!
//! In: presses and commands, from any thread, through an [`Orders`] sender. Out: [`Order`]s, carried
//! out by the pipeline in the order in which they came. Nothing here fails.

use std::sync::mpsc;

use moodring_mood::Wish;

/// One thing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Close the camera (`true`), or watch again.
    Privacy(bool),
    /// Close the camera if it is open, else open it.
    TogglePrivacy,
    /// The backlight's brightness, percent, 0..=100.
    Brightness(u8),
    /// End, with the exit status that asks to be started again.
    Restart,
    /// Tell the host what somebody wants of the music.
    Ask(Wish),
}

/// Where orders are put in; cheap to clone.
pub type Orders = mpsc::Sender<Order>;
