//! A room's player that plays from Spotify or on this machine: one or the other, never both.
//!
//! Enters: [`Command`]s, each for the side that its track belongs to. Leaves: the events of the side
//! that plays. A track of the other side is held back until the one that plays has ended; then that side
//! is stopped and the other begins; a pause stays a pause. Nothing here fails or waits.

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
    let switch = Switch::new(local, connect, say);
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
    /// What the side that plays was told to play, and has not begun.
    starting: Option<PlayId>,
    /// What follows; it is held back here while it is of the other side.
    next: Option<Item>,
    /// What was to play at once, held back until the device can be told to stop.
    picked: Option<Item>,
    paused: bool,
    /// Why the device does nothing, if so.
    silent: Option<Cause>,
}

impl Switch {
    /// Both are silent.
    fn new(local: Box<dyn Player>, connect: Connect, say: mpsc::UnboundedSender<Event>) -> Self {
        Self {
            local,
            connect,
            say,
            active: Kind::Local,
            current: None,
            starting: None,
            next: None,
            picked: None,
            paused: false,
            silent: None,
        }
    }

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
                        Said::Back | Said::Started(..) => self.silent = None,
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
        // A device that is gone plays nothing to its end, and one that has begun nothing has no end.
        if kind == Kind::Local && self.active == Kind::Spotify && self.silent.is_some() && !self.deaf() {
            if let Some(play) = self.current.take() {
                self.tell(Event::Ended(play));
            }
            if let Some(item) = self.held_back() {
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

    /// Whether something is about to begin. With a device that does nothing that may never be.
    fn starts(&self) -> bool {
        self.starting.is_some() && (self.active == Kind::Local || self.silent.is_none())
    }

    /// Takes what waits for the end of this side: what was to play at once before what follows.
    fn held_back(&mut self) -> Option<Item> {
        let active = self.active;
        self.picked.take().or_else(|| self.next.take_if(|next| next.source.kind() != active))
    }

    fn tell(&self, event: Event) {
        let _ = self.say.send(event);
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Play(item) => {
                self.paused = false;
                self.play(item);
            }
            Command::Next(item) if item.source.kind() == self.active => {
                self.next = Some(item.clone());
                self.to(self.active, Command::Next(item));
            }
            Command::Next(item) if self.current.is_none() && !self.starts() => {
                self.next = None;
                self.play(item);
            }
            Command::Next(item) => {
                self.to(self.active, Command::ClearNext);
                self.next = Some(item);
            }
            Command::ClearNext => {
                self.next = None;
                self.to(self.active, Command::ClearNext);
            }
            Command::Then(items) => {
                // What follows a local track is not for the device yet.
                let local = self.next.as_ref().is_some_and(|next| next.source.kind() == Kind::Local);
                if self.active == Kind::Spotify && !local {
                    let pieces = items.into_iter().filter_map(piece).collect();
                    self.connect.order(Order::Then(pieces));
                }
            }
            Command::Skip if self.deaf() => {}
            Command::Skip => match self.held_back() {
                Some(item) => self.play(item),
                None => self.to(self.active, Command::Skip),
            },
            Command::Volume(_) => {
                self.to(Kind::Local, command.clone());
                self.to(Kind::Spotify, command);
            }
            Command::Stop => {
                self.forget();
                self.to(Kind::Local, Command::Stop);
                self.to(Kind::Spotify, Command::Stop);
            }
            Command::Pause(_) | Command::Resume => {
                self.paused = command != Command::Resume;
                self.to(self.active, command);
            }
        }
    }

    /// Plays on the side of this item, and stops the other; a pause stays a pause.
    fn play(&mut self, item: Item) {
        let kind = item.source.kind();
        let turns = kind != self.active;
        self.picked = None;
        if turns && self.deaf() {
            self.picked = Some(item);
            return;
        }
        if turns {
            self.to(self.active, Command::Stop);
            self.active = kind;
            if let Some(play) = self.current.take() {
                self.tell(Event::Ended(play));
            }
        }
        self.starting = Some(item.play);
        self.to(kind, Command::Play(item));
        // What was held back for this side follows.
        if let Some(next) = self.next.clone().filter(|next| turns && next.source.kind() == kind) {
            self.to(kind, Command::Next(next));
        }
        if self.paused {
            self.to(kind, Command::Pause(Duration::ZERO));
        }
    }

    fn forget(&mut self) {
        self.current = None;
        self.starting = None;
        self.next = None;
        self.picked = None;
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
                self.starting.take_if(|starting| starting == play);
                self.next.take_if(|next| next.play == *play);
                false
            }
            Event::Ended(play) | Event::Skipped(play) => self.current.take_if(|current| current == play).is_some(),
            Event::Failed(play, _) => {
                self.next.take_if(|next| next.play == *play);
                let was_to = self.starting.take_if(|starting| starting == play).is_some();
                let began = self.current.take_if(|current| current == play).is_some();
                began || was_to && self.current.is_none()
            }
            Event::GaveWay(_) => {
                self.forget();
                false
            }
            Event::PausedThere | Event::ResumedThere => {
                self.paused = event == Event::PausedThere;
                false
            }
            _ => false,
        };
        self.tell(event);
        if over
            && !self.starts()
            && let Some(item) = self.held_back()
        {
            self.play(item);
        }
    }

    fn to(&mut self, side: Kind, command: Command) {
        match side {
            Kind::Local => self.local.send(command),
            Kind::Spotify => {
                if command == Command::Stop {
                    // It says anew what is wrong when music is wanted of it again.
                    self.silent = None;
                }
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
