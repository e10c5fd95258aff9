//! A room's player that plays from Spotify or on this machine: one or the other, never both.
//!
//! Enters: [`Command`]s, each for the side that its track belongs to. Leaves: the events of the side
//! that plays. A track of the other side is held back until the one that plays has ended; then that side
//! is stopped and the other begins. Nothing here fails or waits.

use std::{
    sync::mpsc::{Receiver, channel},
    time::Duration,
};

use moodring_spotify::{
    connect::Connect,
    deck::{Cause, Order, Piece, Said},
};
use tokio::{
    sync::{mpsc, watch},
    time::timeout,
};

use super::{Command, Event, Fault, Item, Kind, PlayId, Player, Source};

/// The end of the program waits so long for the last sound.
const LAST_FADE: Duration = Duration::from_secs(1);

/// A player with two sides.
pub struct EitherPlayer {
    commands: mpsc::UnboundedSender<Command>,
    kind: watch::Receiver<Kind>,
    ended: Option<Receiver<()>>,
}

/// Starts one. `local` and its `local_events` are the side on this machine; `connect` and `said` the
/// device; `kind` tells which of them music is to be chosen for; `say` is where events go.
pub fn start(
    local: Box<dyn Player>,
    local_events: mpsc::UnboundedReceiver<Event>,
    connect: Connect,
    said: mpsc::UnboundedReceiver<Said>,
    kind: watch::Receiver<Kind>,
    say: mpsc::UnboundedSender<Event>,
) -> EitherPlayer {
    let (commands, received) = mpsc::unbounded_channel();
    let (end, ended) = channel();
    let kinds = kind.clone();
    let switch = Switch { local, connect, say, active: Kind::Local, current: None, held: None, silent: None };
    tokio::spawn(async move {
        switch.run(received, local_events, said, kinds).await;
        drop(end);
    });
    EitherPlayer { commands, kind, ended: Some(ended) }
}

impl Player for EitherPlayer {
    fn send(&self, command: Command) {
        // Fails only when the program is ending.
        let _ = self.commands.send(command);
    }

    fn plays(&self) -> Kind {
        *self.kind.borrow()
    }

    fn looks_ahead(&self) -> bool {
        self.plays() == Kind::Spotify
    }
}

impl Drop for EitherPlayer {
    fn drop(&mut self) {
        self.commands = mpsc::unbounded_channel().0;
        if let Some(ended) = self.ended.take() {
            // Disconnected means that it is over; late, that it is not waited for.
            let _ = ended.recv_timeout(LAST_FADE * 2);
        }
    }
}

/// The two sides.
struct Switch {
    local: Box<dyn Player>,
    connect: Connect,
    say: mpsc::UnboundedSender<Event>,
    /// Which side plays, or played last.
    active: Kind,
    /// What plays.
    current: Option<PlayId>,
    /// What follows on the other side.
    held: Option<Item>,
    /// Why the device does nothing, if so.
    silent: Option<Cause>,
}

impl Switch {
    async fn run(
        mut self,
        mut commands: mpsc::UnboundedReceiver<Command>,
        mut local: mpsc::UnboundedReceiver<Event>,
        mut said: mpsc::UnboundedReceiver<Said>,
        mut kind: watch::Receiver<Kind>,
    ) {
        loop {
            tokio::select! {
                biased;
                command = commands.recv() => match command {
                    Some(command) => self.obey(command),
                    None => break,
                },
                Some(event) = local.recv() => self.heard(Kind::Local, event),
                Some(said) = said.recv() => {
                    match &said {
                        Said::Silent(cause, _) => self.silent = Some(*cause),
                        Said::Back => self.silent = None,
                        _ => {}
                    }
                    if let Some(event) = event(said) {
                        self.heard(Kind::Spotify, event);
                    }
                }
                Ok(()) = kind.changed() => {
                    let kind = *kind.borrow_and_update();
                    self.turn(kind);
                }
            }
        }
        // The device is left in silence, and the local player waits for its last fade.
        self.connect.order(Order::Stop);
        let _ = timeout(LAST_FADE, self.connect.settled()).await;
        let _ = tokio::task::spawn_blocking(move || drop(self.local)).await;
    }

    /// Music is to be chosen for the other side from now on.
    fn turn(&mut self, kind: Kind) {
        self.tell(Event::OtherKind);
        // A device that is gone plays nothing to its end.
        if kind == Kind::Local && self.active == Kind::Spotify && self.silent == Some(Cause::Device) {
            if let Some(play) = self.current.take() {
                self.tell(Event::Ended(play));
            }
            if let Some(item) = self.held.take() {
                self.play(item);
            }
        }
    }

    /// Whether the device plays on and cannot be told to stop: then the other side waits, as the two would
    /// be heard at once.
    fn deaf(&self) -> bool {
        let deaf = self.silent.is_some_and(|cause| cause != Cause::Device);
        self.active == Kind::Spotify && self.current.is_some() && deaf
    }

    fn tell(&self, event: Event) {
        let _ = self.say.send(event);
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Play(item) => self.play(item),
            Command::Next(item) if item.source.kind() == self.active => {
                self.held = None;
                self.to(self.active, Command::Next(item));
            }
            Command::Next(item) if self.current.is_none() => self.play(item),
            Command::Next(item) => {
                self.to(self.active, Command::ClearNext);
                self.held = Some(item);
            }
            Command::ClearNext => {
                self.held = None;
                self.to(self.active, Command::ClearNext);
            }
            Command::Then(items) => {
                if self.active == Kind::Spotify {
                    let pieces = items.into_iter().filter_map(piece).collect();
                    self.connect.order(Order::Then(pieces));
                }
            }
            Command::Skip if self.deaf() => {}
            Command::Skip => match self.held.take() {
                Some(item) => {
                    if let Some(play) = self.current.take() {
                        self.tell(Event::Ended(play));
                    }
                    self.play(item);
                }
                None => self.to(self.active, Command::Skip),
            },
            Command::Volume(_) => {
                self.to(Kind::Local, command.clone());
                self.to(Kind::Spotify, command);
            }
            Command::Stop => {
                self.held = None;
                self.current = None;
                self.to(Kind::Local, Command::Stop);
                self.to(Kind::Spotify, Command::Stop);
            }
            Command::Pause(_) | Command::Resume => self.to(self.active, command),
        }
    }

    /// Plays on the side of this item, and stops the other.
    fn play(&mut self, item: Item) {
        let kind = item.source.kind();
        self.held = None;
        if kind != self.active && self.deaf() {
            self.held = Some(item);
            return;
        }
        if kind != self.active {
            self.to(self.active, Command::Stop);
            self.active = kind;
            self.current = None;
        }
        self.to(kind, Command::Play(item));
    }

    fn heard(&mut self, from: Kind, event: Event) {
        // The side that was stopped has no more to say of music.
        let of_sound = matches!(event, Event::Output(_) | Event::OutputBack(_));
        if from != self.active && !of_sound {
            return;
        }
        let over = match &event {
            Event::Started(play, _) => {
                self.current = Some(*play);
                false
            }
            Event::Ended(play) | Event::Skipped(play) | Event::Failed(play, _) => {
                self.current.take_if(|current| current == play).is_some()
            }
            Event::GaveWay(_) => {
                self.current = None;
                self.held = None;
                false
            }
            _ => false,
        };
        self.tell(event);
        if over && let Some(item) = self.held.take() {
            self.play(item);
        }
    }

    fn to(&self, side: Kind, command: Command) {
        match side {
            Kind::Local => self.local.send(command),
            Kind::Spotify => {
                if let Some(order) = order(command) {
                    self.connect.order(order);
                }
            }
        }
    }
}

fn piece(item: Item) -> Option<Piece> {
    match item.source {
        Source::Spotify(uri) => Some(Piece { tag: item.play, uri, length: item.length }),
        Source::File(_) | Source::BuiltIn(_) => None,
    }
}

fn order(command: Command) -> Option<Order> {
    Some(match command {
        Command::Play(item) => Order::Play(piece(item)?),
        Command::Next(item) => Order::Next(piece(item)?),
        Command::Then(items) => Order::Then(items.into_iter().filter_map(piece).collect()),
        Command::ClearNext => Order::ClearNext,
        Command::Pause(over) => Order::Pause(over),
        Command::Resume => Order::Resume,
        Command::Skip => Order::Skip,
        Command::Volume(loudness) => Order::Volume(loudness),
        Command::Stop => Order::Stop,
    })
}

fn event(said: Said) -> Option<Event> {
    Some(match said {
        Said::Started(play, length) => Event::Started(play, length),
        Said::Position(play, position) => Event::Position(play, position),
        Said::Ended(play) => Event::Ended(play),
        Said::Skipped(play) => Event::Skipped(play),
        Said::Failed(play, words) => Event::Failed(play, Fault::Away(words)),
        Said::Paused => Event::PausedThere,
        Said::Resumed => Event::ResumedThere,
        Said::GaveWay(words) => Event::GaveWay(words),
        // Told by the part that knows what else is wrong with Spotify.
        Said::Silent(..) | Said::Back => return None,
    })
}

#[cfg(test)]
#[path = "spotify_tests.rs"]
mod tests;
