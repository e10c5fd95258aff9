//! What a page is written from: the state, and the room that is looked at.
//!
//! Pure; nothing can fail.

use maud::{Markup, html};

use crate::view::{DeviceView, Paused, PlayingView, QueuedView, RoomView, State};

/// The state, seen from one room.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// All there is to see.
    pub state: &'a State,
    /// The room, by its place in the state.
    pub room: usize,
}

impl<'a> Seen<'a> {
    /// What plays here.
    pub fn playing(self) -> Option<&'a PlayingView> {
        self.state.playing_in(self.room)
    }

    /// Whether it is paused here.
    pub fn paused(self) -> Paused {
        self.state.paused_in(self.room)
    }

    /// What comes next here.
    pub fn queue(self) -> &'a [QueuedView] {
        self.state.queue_in(self.room)
    }

    /// All that is known of this room; `None` where nothing is configured.
    pub fn here(self) -> Option<&'a RoomView> {
        self.state.rooms.get(self.room)
    }

    /// Whether there are several rooms to be told apart.
    pub const fn of_several(self) -> bool {
        self.state.rooms.len() > 1
    }

    /// The devices of this room.
    pub fn devices(self) -> impl Iterator<Item = &'a DeviceView> {
        let here = self.here().filter(|_| self.of_several());
        self.state.devices.iter().filter(move |device| here.is_none_or(|room| room.devices.contains(&device.id)))
    }

    /// The room as a hidden field, for forms that ask.
    pub fn field(self) -> Markup {
        html! { @if let Some(room) = self.named() { input type="hidden" name="room" value=(room.name); } }
    }

    /// An address that is to speak of this room.
    pub fn to(self, path: &str) -> String {
        match self.named() {
            Some(room) => {
                let joint = if path.contains('?') { '&' } else { '?' };
                format!("{path}{joint}room={}", in_address(&room.name))
            }
            None => path.to_owned(),
        }
    }

    /// The room where it must be named: without a word, the first is meant.
    fn named(self) -> Option<&'a RoomView> {
        self.here().filter(|_| self.room > 0)
    }
}

/// A text as part of an address, behind the `?`.
pub fn in_address(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_name_the_room_unless_it_is_the_first() {
        let room = |name: &str| RoomView { name: name.to_owned(), ..RoomView::default() };
        let state = State { rooms: vec![room("hall"), room("café & bar")], ..State::default() };
        let (first, second) = (Seen { state: &state, room: 0 }, Seen { state: &state, room: 1 });
        assert_eq!(first.to("/library?q=x"), "/library?q=x");
        assert_eq!(second.to("/"), "/?room=caf%C3%A9%20%26%20bar");
        assert_eq!(second.to("/library?q=x"), "/library?q=x&room=caf%C3%A9%20%26%20bar");
        assert!(first.field().into_string().is_empty() && second.field().into_string().contains("café &amp; bar"));
    }
}
