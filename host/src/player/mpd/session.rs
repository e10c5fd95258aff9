//! One conversation with MPD after the other: what is wished, what MPD does, and what people are told.

use std::time::{Duration, Instant};

use mpd_client::{
    Client,
    client::{CommandError, Connection, ConnectionEvent, ConnectionEvents, Subsystem},
    commands::{
        Add, ClearQueue, Crossfade, CurrentSong, Delete, Next, Play, Queue, SeekTo, SetConsume, SetPause, SetRandom,
        SetRepeat, SetSingle, SetVolume, SingleMode, SongId, Status, Stop, Update,
    },
    responses::PlayState,
};
use tokio::{
    net::{TcpStream, UnixStream},
    sync::mpsc,
    time::{sleep, timeout},
};

use super::{
    Settings,
    track::{Track, uri},
};
use crate::player::{Command, Event, Fault, Item, PlayId};

/// MPD has so long to answer at all.
const ANSWER: Duration = Duration::from_secs(5);
/// What is wished may take it so long, since it may have to look for [`UPDATE`] for each of two files.
const WISHED: Duration = Duration::from_secs(60);
/// It is looked for again after so long, then after twice as much, and so on, up to [`SELDOM`].
const SOON: Duration = Duration::from_secs(1);
const SELDOM: Duration = Duration::from_secs(30);
/// While something plays, its position is asked for so often; a fade takes steps of the other length.
const TICK: Duration = Duration::from_secs(1);
const STEP: Duration = Duration::from_millis(100);
/// MPD has so long to look through the folder of a file that it does not know.
const UPDATE: Duration = Duration::from_secs(20);
/// What MPD says of something that is not there (`ACK_ERROR_NO_EXIST`).
const NO_EXIST: u64 = 50;

/// A volume on its way to silence.
struct Fade {
    from: Instant,
    over: Duration,
}

/// See the module.
pub(super) struct Session<E> {
    settings: Settings,
    events: E,
    current: Option<Track>,
    next: Option<Track>,
    paused: bool,
    /// 0..=1.
    volume: f32,
    fade: Option<Fade>,
    /// Whether MPD was left to somebody else, until it is told to play again.
    gave_way: bool,
    /// Whether people know that MPD is away, or that it cannot play.
    away_told: bool,
    ill_told: bool,
}

/// Why a conversation ended.
enum End {
    /// The program ends.
    HungUp,
    /// In words.
    Lost(String),
}

impl From<CommandError> for End {
    fn from(why: CommandError) -> Self {
        Self::Lost(words(&why))
    }
}

/// A step of the conversation; MPD that hangs is given up, for the library waits without end.
async fn within(time: Duration, step: impl Future<Output = Result<(), End>>) -> Result<(), End> {
    timeout(time, step).await.unwrap_or_else(|_| Err(End::Lost(format!("no answer within {} s", time.as_secs()))))
}

impl<E: FnMut(Event)> Session<E> {
    pub fn new(settings: Settings, events: E) -> Self {
        let (paused, volume, fade) = (false, 1.0, None);
        let (gave_way, away_told, ill_told) = (false, false, false);
        Self { settings, events, current: None, next: None, paused, volume, fade, gave_way, away_told, ill_told }
    }

    pub async fn run(mut self, mut commands: mpsc::UnboundedReceiver<Command>) {
        let mut wait = SOON;
        loop {
            let end = match timeout(ANSWER, self.connect()).await {
                Ok(Ok(connection)) => {
                    wait = SOON;
                    self.converse(connection, &mut commands).await
                }
                Ok(Err(why)) => End::Lost(why),
                Err(_) => End::Lost(format!("no answer within {} s", ANSWER.as_secs())),
            };
            let End::Lost(why) = end else { return };
            self.away(&why);
            if self.wait(wait, &mut commands).await {
                return;
            }
            wait = (wait * 2).min(SELDOM);
        }
    }

    fn away(&mut self, why: &str) {
        if !std::mem::replace(&mut self.away_told, true) {
            let address = &self.settings.address;
            (self.events)(Event::Output(format!(
                "MPD at {address} does not answer ({why}); start it, or correct mpd.address, or set player.backend to \
                 local; the music goes on where it was once MPD is there"
            )));
        }
        for track in self.current.iter_mut().chain(&mut self.next) {
            track.song = None;
        }
    }

    /// Waits without MPD; true if the program ends.
    async fn wait(&mut self, time: Duration, commands: &mut mpsc::UnboundedReceiver<Command>) -> bool {
        let until = sleep(time);
        tokio::pin!(until);
        loop {
            tokio::select! {
                () = &mut until => return false,
                command = commands.recv() => match command {
                    Some(command) => self.remember(command),
                    None => return true,
                },
            }
        }
    }

    async fn connect(&self) -> Result<Connection, String> {
        let (address, password) = (&self.settings.address, self.settings.password.as_deref());
        let connection = if address.contains('/') || address.starts_with('@') {
            let socket = UnixStream::connect(address).await.map_err(|why| why.to_string())?;
            Client::connect_with_password_opt(socket, password).await
        } else {
            let address = if address.contains(':') { address.clone() } else { format!("{address}:6600") };
            let socket = TcpStream::connect(&address).await.map_err(|why| why.to_string())?;
            Client::connect_with_password_opt(socket, password).await
        };
        connection.map_err(|why| words(&why))
    }

    async fn converse(
        &mut self,
        (client, mut news): Connection,
        commands: &mut mpsc::UnboundedReceiver<Command>,
    ) -> End {
        if let Err(end) = within(WISHED, self.greet(&client)).await {
            return end;
        }
        if std::mem::take(&mut self.away_told) {
            (self.events)(Event::OutputBack(format!("MPD at {} is there again", self.settings.address)));
        }
        loop {
            let tick = if self.fade.is_some() { STEP } else { TICK };
            let done = tokio::select! {
                command = commands.recv() => match command {
                    Some(command) => within(WISHED, self.obey(command, &client)).await,
                    None => Err(End::HungUp),
                },
                heard = heard(&mut news) => match heard {
                    Ok(true) => within(ANSWER, self.look(&client)).await,
                    Ok(false) => Ok(()),
                    Err(why) => Err(End::Lost(why)),
                },
                () = sleep(tick) => within(ANSWER, self.tick(&client)).await,
            };
            if let Err(end) = done {
                return end;
            }
        }
    }

    /// Sets MPD up, and begins where the music was.
    async fn greet(&mut self, client: &Client) -> Result<(), End> {
        let at = self.current.as_ref().map(|current| current.position);
        self.begin(client).await?;
        let song = self.current.as_ref().and_then(|current| current.song);
        if let (Some(at), Some(song)) = (at.filter(|at| *at > Duration::ZERO), song) {
            client.command(SeekTo(song.into(), at)).await?;
        }
        if self.paused && song.is_some() {
            client.command(SetPause(true)).await?;
        }
        Ok(())
    }

    /// Plays the current track from its beginning, and puts the next one behind it. Until there is one, whatever
    /// MPD plays is left alone.
    async fn begin(&mut self, client: &Client) -> Result<(), End> {
        if self.current.is_some() {
            let plain = (SetRandom(false), SetRepeat(false), SetConsume(false), SetSingle(SingleMode::Disabled));
            client.command_list((ClearQueue, plain.0, plain.1, plain.2, plain.3)).await?;
            client.command(Crossfade(self.settings.crossfade)).await?;
            self.set_volume(client, self.volume).await?;
        }
        while let Some(current) = &self.current {
            match self.add(client, &current.item).await? {
                Ok(song) => {
                    client.command(Play::song(song)).await?;
                    if let Some(current) = &mut self.current {
                        current.song = Some(song);
                    }
                    return self.add_next(client).await;
                }
                Err(fault) => {
                    let play = current.item.play;
                    self.current = self.next.take();
                    (self.events)(Event::Failed(play, fault));
                }
            }
        }
        Ok(())
    }

    async fn add_next(&mut self, client: &Client) -> Result<(), End> {
        let Some(next) = &self.next else { return Ok(()) };
        match self.add(client, &next.item).await? {
            Ok(song) => self.next.iter_mut().for_each(|next| next.song = Some(song)),
            Err(fault) => {
                let play = next.item.play;
                self.next = None;
                (self.events)(Event::Failed(play, fault));
            }
        }
        Ok(())
    }

    /// Puts a file at the end of MPD's queue; the inner error is about this file alone.
    async fn add(&self, client: &Client, item: &Item) -> Result<Result<SongId, Fault>, End> {
        let uri = match uri(&item.source, &self.settings.folder) {
            Ok(uri) => uri,
            Err(why) => return Ok(Err(Fault::Away(why))),
        };
        match client.command(Add::uri(&uri)).await {
            Ok(song) => return Ok(Ok(song)),
            Err(CommandError::ErrorResponse { error, .. }) if error.code == NO_EXIST => {}
            Err(CommandError::ErrorResponse { error, .. }) => {
                return Ok(Err(Fault::Away(format!("MPD does not take {uri}: {}", error.message))));
            }
            Err(why) => return Err(why.into()),
        }
        // A file that MPD has not seen yet.
        match client.command(Update::new().uri(&uri)).await {
            Ok(_) | Err(CommandError::ErrorResponse { .. }) => {}
            Err(why) => return Err(why.into()),
        }
        let until = Instant::now() + UPDATE;
        while client.command(Status).await?.update_job.is_some() && Instant::now() < until {
            sleep(STEP).await;
        }
        match client.command(Add::uri(&uri)).await {
            Ok(song) => Ok(Ok(song)),
            Err(CommandError::ErrorResponse { .. }) => Ok(Err(Fault::Away(format!(
                "MPD does not find {uri} in its music_directory; is that the same folder as {}? Set mpd.folder to it",
                self.settings.folder.display()
            )))),
            Err(why) => Err(why.into()),
        }
    }

    /// Does what is told.
    async fn obey(&mut self, command: Command, client: &Client) -> Result<(), End> {
        match command {
            Command::Play(_) => {
                self.remember(command);
                self.fade = None;
                self.begin(client).await?;
            }
            Command::Next(_) | Command::ClearNext => {
                let old = self.next.as_ref().and_then(|next| next.song);
                let idle = self.current.is_none();
                self.remember(command);
                if let Some(song) = old {
                    self.forgive(client.command(Delete::id(song)).await)?;
                }
                if idle { self.begin(client).await? } else { self.add_next(client).await? }
            }
            Command::Pause(over) if over >= STEP && !self.paused && self.current.is_some() => {
                self.fade = Some(Fade { from: Instant::now(), over });
                self.paused = true;
            }
            Command::Pause(_) => {
                self.remember(command);
                if self.current.is_some() {
                    client.command(SetPause(true)).await?;
                }
            }
            Command::Resume => {
                self.remember(command);
                self.stop_fade(client).await?;
                self.go_on(client).await?;
            }
            Command::Skip => {
                let follows = self.next.as_ref().is_some_and(|next| next.song.is_some());
                if self.current.is_none() {
                    return Ok(());
                }
                if !follows {
                    client.command(Stop).await?;
                    self.remember(command);
                    return self.begin(client).await;
                }
                client.command(Next).await?;
                if self.paused {
                    client.command(SetPause(true)).await?;
                }
                self.remember(command);
                self.look(client).await?;
            }
            // Only for players that look ahead.
            Command::Then(_) => {}
            Command::Volume(_) => {
                self.remember(command);
                if self.fade.is_none() && self.current.is_some() {
                    self.set_volume(client, self.volume).await?;
                }
            }
            Command::Stop => {
                let ours = self.current.is_some();
                self.remember(command);
                self.stop_fade(client).await?;
                if ours {
                    client.command(ClearQueue).await?;
                }
            }
        }
        Ok(())
    }

    /// Takes in what is told, as far as that needs no MPD.
    fn remember(&mut self, command: Command) {
        match command {
            Command::Play(item) => {
                self.end_current();
                self.current = Some(Track::new(item));
                // It stays behind the new one.
                self.next.iter_mut().for_each(|next| next.song = None);
                self.paused = false;
                self.gave_way = false;
            }
            // It was on its way when somebody else began.
            Command::Next(_) if self.gave_way => {}
            Command::Next(item) if self.current.is_none() => self.current = Some(Track::new(item)),
            Command::Next(item) => self.next = Some(Track::new(item)),
            Command::ClearNext => self.next = None,
            Command::Pause(_) => self.paused = true,
            Command::Resume => self.paused = false,
            Command::Skip => {
                self.end_current();
                self.current = self.next.take();
            }
            Command::Then(_) => {}
            Command::Volume(volume) if volume.is_nan() => {}
            Command::Volume(volume) => self.volume = volume.clamp(0.0, 1.0),
            Command::Stop => {
                self.end_current();
                self.next = None;
                self.paused = false;
                self.gave_way = false;
            }
        }
    }

    /// The current track is over; it is told if it was heard.
    fn end_current(&mut self) {
        if let Some(old) = self.current.take()
            && old.begun
        {
            (self.events)(Event::Ended(old.item.play));
        }
    }

    async fn tick(&mut self, client: &Client) -> Result<(), End> {
        if let Some(Fade { from, over }) = &self.fade {
            let left = 1.0 - from.elapsed().as_secs_f32() / over.as_secs_f32();
            if left > 0.0 {
                return self.set_volume(client, self.volume * left).await;
            }
            client.command(SetPause(true)).await?;
            return self.stop_fade(client).await;
        }
        if self.current.is_some() && !self.paused { self.look(client).await } else { Ok(()) }
    }

    /// Goes on after a pause, also where somebody has stopped MPD meanwhile.
    async fn go_on(&self, client: &Client) -> Result<(), End> {
        let Some(current) = &self.current else { return Ok(()) };
        let stopped = client.command(Status).await?.state == PlayState::Stopped;
        let Some(song) = current.song.filter(|_| stopped) else {
            return Ok(client.command(SetPause(false)).await?);
        };
        self.forgive(client.command(Play::song(song)).await)?;
        self.forgive(client.command(SeekTo(song.into(), current.position)).await)
    }

    async fn stop_fade(&mut self, client: &Client) -> Result<(), End> {
        match self.fade.take() {
            Some(_) => self.set_volume(client, self.volume).await,
            None => Ok(()),
        }
    }

    async fn set_volume(&self, client: &Client, volume: f32) -> Result<(), End> {
        // An output without a mixer has no volume to set.
        self.forgive(client.command(SetVolume((volume * 100.0).round() as u8)).await)
    }

    /// Lets pass what MPD refuses; a broken connection it does not.
    fn forgive(&self, answer: Result<(), CommandError>) -> Result<(), End> {
        match answer {
            Err(CommandError::ErrorResponse { error, .. }) => {
                tracing::debug!("MPD refuses: {}", error.message);
                Ok(())
            }
            other => Ok(other?),
        }
    }

    /// Looks what MPD does, and tells what has changed.
    async fn look(&mut self, client: &Client) -> Result<(), End> {
        let status = client.command(Status).await?;
        let song = status.current_song.map(|(_, song)| song).filter(|_| status.state != PlayState::Stopped);
        let error = status.error.as_deref();
        if error.is_some() {
            let clear = mpd_client::protocol::command::Command::new("clearerror");
            self.forgive(client.raw_command(clear).await.map(drop))?;
        }
        let is = |track: &Option<Track>| song.is_some() && track.as_ref().and_then(|track| track.song) == song;
        if is(&self.current) {
            self.position(status.elapsed, status.duration);
            self.heed(status.state);
            if let Some(why) = error.filter(|_| self.paused) {
                // An output that cannot be opened.
                self.ill_told = true;
                let address = &self.settings.address;
                (self.events)(Event::Output(format!(
                    "MPD at {address} paused: {why}; put that right there, then press play"
                )));
            }
            return Ok(());
        }
        let Some(current) = &self.current else { return Ok(()) };
        let Some(ours) = current.song else { return Ok(()) };
        let cut_short = current.cut_short(self.paused, self.settings.crossfade, Instant::now());
        let follows = is(&self.next);
        if song.is_some() && !follows {
            let theirs = client.command(CurrentSong).await.ok().flatten();
            let what = theirs.map(|theirs| format!("“{}”", theirs.song.title().unwrap_or(&theirs.song.url)));
            let what = what.unwrap_or_else(|| "something else".to_owned());
            return self.give_way(&format!("somebody plays {what} with"), client).await;
        }
        // What has ended stays in the queue, unless somebody has MPD consume it.
        if song.is_none() && !status.consume && !self.holds(ours, client).await? {
            return self.give_way("somebody took the music out of the queue of", client).await;
        }
        if song.is_none() && error.is_none() && (cut_short || self.paused) {
            // A stop by hand is a pause: what ends by itself is near its end, and does not while it is paused.
            self.heed(PlayState::Paused);
            return Ok(());
        }
        let Some(old) = self.current.take() else { return Ok(()) };
        let play: PlayId = old.item.play;
        match error {
            Some(why) => {
                let place = uri(&old.item.source, &self.settings.folder).unwrap_or_default();
                (self.events)(Event::Failed(play, Fault::Broken(format!("MPD cannot play {place}: {why}"))));
            }
            None if cut_short => (self.events)(Event::Skipped(play)),
            None if old.begun => (self.events)(Event::Ended(play)),
            // It was over before it was ever seen.
            None => {
                (self.events)(Event::Started(play, status.duration));
                (self.events)(Event::Ended(play));
            }
        }
        self.current = self.next.take();
        if follows {
            self.position(status.elapsed, status.duration);
            self.heed(status.state);
        } else if song.is_none() && self.current.is_some() {
            // MPD stopped although something follows.
            self.begin(client).await?;
        }
        Ok(())
    }

    /// Takes in whether MPD plays what is ours: somebody may have paused there, or gone on.
    fn heed(&mut self, state: PlayState) {
        // What fades out plays still, and counts as paused.
        let paused = self.fade.is_some() && self.paused || state == PlayState::Paused;
        if std::mem::replace(&mut self.paused, paused) != paused {
            (self.events)(if paused { Event::PausedThere } else { Event::ResumedThere });
        }
    }

    /// Whether a song is in MPD's queue.
    async fn holds(&self, song: SongId, client: &Client) -> Result<bool, End> {
        match client.command(Queue::song(song)).await {
            Ok(_) => Ok(true),
            Err(CommandError::ErrorResponse { error, .. }) => Ok(error.code != NO_EXIST),
            Err(why) => Err(why.into()),
        }
    }

    /// Leaves MPD to somebody else, who did this, in words that its name follows. What we had there is forgotten,
    /// and nothing of it is told as ended.
    async fn give_way(&mut self, what: &str, client: &Client) -> Result<(), End> {
        let next = self.next.take().and_then(|next| next.song);
        self.current = None;
        self.paused = false;
        self.gave_way = true;
        let address = &self.settings.address;
        (self.events)(Event::GaveWay(format!("{what} MPD at {address}; press play here to take over")));
        // Nobody waits for it any more.
        if let Some(song) = next {
            self.forgive(client.command(Delete::id(song)).await)?;
        }
        self.stop_fade(client).await
    }

    /// Tells that the current track began, or how far it has come.
    fn position(&mut self, elapsed: Option<Duration>, length: Option<Duration>) {
        let Some(current) = &mut self.current else { return };
        let elapsed = elapsed.unwrap_or(current.position);
        current.length = length.filter(|length| !length.is_zero());
        current.seen = Instant::now();
        let play = current.item.play;
        let further = elapsed.as_secs() != current.position.as_secs();
        current.position = elapsed;
        if !std::mem::replace(&mut current.begun, true) {
            (self.events)(Event::Started(play, current.length));
        } else if further {
            if std::mem::take(&mut self.ill_told) {
                (self.events)(Event::OutputBack(format!("MPD at {} plays again", self.settings.address)));
            }
            (self.events)(Event::Position(play, elapsed));
        }
    }
}

/// Waits for news; true if they are about what plays. Fails in words when the conversation is over.
async fn heard(news: &mut ConnectionEvents) -> Result<bool, String> {
    match news.next().await {
        Some(ConnectionEvent::SubsystemChange(what)) => Ok(matches!(what, Subsystem::Player | Subsystem::Queue)),
        Some(ConnectionEvent::ConnectionClosed(why)) => Err(words(&why)),
        None => Err("it closed the connection".to_owned()),
    }
}

/// The message of what caused an error.
fn words(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
