//! The whole program, started and stopped: the one place where the parts meet.
//!
//! In: the settings and a state directory. Out: a running host. Fails when a port is taken, when
//! the database cannot be used or is newer, when the sound's file cannot be written; then nothing
//! runs on.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::Path,
    sync::Arc,
    time::Duration,
};

use rand::{SeedableRng, rngs::StdRng};
use thiserror::Error;
use tokio::{
    sync::{broadcast, mpsc, watch},
    task::{JoinHandle, JoinSet},
    time::timeout,
};

use crate::{
    app::{App, Common, Habits, Handle, Inputs, News, Scanned, Seat, Seated},
    broker::{BrokerError, Doors, Embedded, Secure},
    config::{Backend, Broker, Config, HOME, Mqtt, Room, Sound, room_of},
    decide::Rules,
    library::{
        Store, StoreError,
        loudness::keep_measuring,
        rescan::keep_scanning,
        running::{Alone, NotAlone},
        scan::{Outcome, ScanError},
    },
    listen::{self, Link, Listener, hand_on},
    pairing::{
        self, Ground, Mosquitto, Pairing, Running,
        announce::Announced,
        key::{Key, KeyError},
    },
    player::{
        Event, Player,
        level::EvenOut,
        local::{self, StartError},
        mpd, pieces,
        spotify::start as either,
    },
    spotify::{Service, serve::Serves},
    trust::{self, TrustError},
    web::{self, BindError},
};

/// Why the program does not start.
#[derive(Debug, Error)]
pub enum NoStart {
    /// The page cannot be served.
    #[error(transparent)]
    Page(#[from] BindError),
    /// The embedded broker does not start.
    #[error(transparent)]
    Broker(#[from] BrokerError),
    /// Another program runs with this state.
    #[error(transparent)]
    NotAlone(#[from] NotAlone),
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no sound.
    #[error(transparent)]
    Player(#[from] StartError),
    /// The password for the broker cannot be read.
    #[error("cannot read {key} {path}: {why}")]
    Password {
        /// The key, with its section.
        key: &'static str,
        /// The file.
        path: std::path::PathBuf,
        /// What the system said.
        why: std::io::Error,
    },
    /// Nobody can be trusted at the external broker.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The key by which devices know this host cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Devices cannot pair there.
    #[error("cannot listen for devices on {at}: {why}; check pairing.host and pairing.port")]
    Door {
        /// Where.
        at: SocketAddr,
        /// What the system said.
        why: std::io::Error,
    },
    /// The address of the embedded broker is none.
    #[error("mqtt.host = {0}: the embedded broker listens on an IP address")]
    Address(String),
}

/// The running program.
pub struct Host {
    /// What a page holds.
    pub handle: Handle,
    /// Where the page is.
    pub page: SocketAddr,
    /// Host and port of the broker.
    pub broker: (String, u16),
    /// Where devices pair, and where paired ones connect, if they may.
    pub door: Option<(SocketAddr, Option<SocketAddr>)>,
    stop: watch::Sender<bool>,
    apps: JoinSet<()>,
    scan: Option<JoinHandle<()>>,
    measure: Option<JoinHandle<()>>,
    serve: JoinHandle<()>,
    listener: Listener,
    embedded: Option<Embedded>,
    pairing: Option<Running>,
    announced: Option<Announced>,
    store: Store,
    /// Held to the end.
    _alone: Alone,
}

impl Host {
    /// Starts everything, with the players that the settings name.
    ///
    /// # Errors
    /// See [`NoStart`].
    pub async fn start(config: &Config, state_dir: &Path) -> Result<Self, NoStart> {
        let password = match config.player.backend {
            Backend::Mpd => first_line(&config.mpd.password_file, "mpd.password_file")?,
            Backend::Local => String::new(),
        };
        let player = |_: &Room, sound: Sound, events: mpsc::UnboundedSender<Event>| {
            // Fails only when the program is ending.
            let say = move |event| drop(events.send(event));
            Ok::<Box<dyn Player>, _>(match sound.backend {
                Backend::Local => Box::new(local::start(sound.settings(), say)?),
                Backend::Mpd => Box::new(mpd::start(config.mpd_settings(password.clone()), say)?),
            })
        };
        Self::start_with(config, state_dir, player).await
    }

    /// Starts everything, with other players: `player` is asked for each room's.
    ///
    /// # Errors
    /// See [`NoStart`].
    pub async fn start_with(
        config: &Config,
        state_dir: &Path,
        mut player: impl FnMut(&Room, Sound, mpsc::UnboundedSender<Event>) -> Result<Box<dyn Player>, StartError>,
    ) -> Result<Self, NoStart> {
        let site = web::bind(config.web.listen).await?.answering_to(config.web.names.iter().cloned());
        let site = site.letting_in(config.web.rules());
        let alone = Alone::in_dir(state_dir)?;
        let store = Store::open(state_dir).await?;
        let key = if config.pairing.enabled { Some(Key::open(state_dir)?) } else { None };
        let (link, embedded) = broker(config, key.as_ref(), &store).await?;
        let pairing = match key {
            Some(key) => Some(open_door(config, key, embedded.as_ref(), &store).await?),
            None => None,
        };
        let secure = embedded.as_ref().and_then(|embedded| embedded.secure);
        let door = pairing.as_ref().map(|running| (running.address, secure));
        let announced = door.filter(|_| config.pairing.announce).zip(pairing.as_ref());
        let announced = announced.and_then(|(door, running)| announce(&config.pairing, &running.pairing, door));
        let built_in = config.music.folder().is_none();
        store.use_pieces(if built_in { &pieces::ALL } else { &[] }).await?;

        let spotify = match config.spotify.is_on() {
            true => Some(Service::start(&config.spotify, &store, state_dir).await?),
            false => None,
        };
        let rooms = config.rooms();
        let names: Vec<_> = rooms.iter().map(|room| room.name.clone()).collect();
        if !names.iter().any(|name| name == HOME) {
            store.take_over(&names[0], HOME).await?;
        }
        let common = Common::new(store.clone(), &names).await?;
        let (scanned, scans) = mpsc::channel(4);
        let (progress_seen, progress) = watch::channel(None);
        let (stop, stopped) = watch::channel(false);
        let (mut ready, mut seated, mut ears, mut tells) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (index, room) in rooms.iter().enumerate() {
            let (say, events) = mpsc::unbounded_channel();
            let sound = config.sound(room);
            let habits = habits(config, room, &sound);
            let player = match spotify.as_ref().filter(|_| index == config.spotify_room()) {
                Some(spotify) => {
                    let (local_say, local_events) = mpsc::unbounded_channel();
                    let local = player(room, sound, local_say)?;
                    let (connect, said, kind) = spotify.drive();
                    tokio::spawn(tell_source(spotify.serves(), say.clone()));
                    Box::new(either(local, local_events, connect, said, kind, say)) as Box<dyn Player>
                }
                None => player(room, sound, say)?,
            };
            let (steer, wishes) = mpsc::channel(64);
            let (ear, heard) = mpsc::channel(256);
            let (tell, scans) = mpsc::channel(4);
            let seat = Seat { index, name: room.name.clone() };
            let inputs =
                Inputs { heard, wishes, events, scans, progress: progress.clone(), news: common.news.subscribe() };
            ready.push((App::new(common.clone(), seat, player, habits, chance(config.music.seed)).await?, inputs));
            seated.push(Seated { name: room.name.clone(), steer });
            ears.push(ear);
            tells.push(tell);
        }
        let state = common.state.subscribe();
        let handle = Handle::of_rooms(state, seated, Arc::clone(&common.screens), store.clone());
        let handle = handle.with_spotify(spotify.clone());
        let handle = handle.with_pairing(pairing.as_ref().map(|running| running.pairing.clone()));
        if let Some(spotify) = &spotify {
            tokio::spawn(tell_rooms(spotify.changed(), common.news.clone()));
        }
        let told = common.announcements.subscribe();
        // From here on only the rooms hold it: when they end, so do the announcements.
        drop(common);
        let mut apps = JoinSet::new();
        for (app, inputs) in ready {
            apps.spawn(app.run(inputs, stopping(stopped.clone())));
        }
        let broker = (link.host.clone(), link.port);
        let (tell, heard) = mpsc::channel(256);
        tokio::spawn(hand_on(heard, move |device| room_of(&rooms, device), ears));
        tokio::spawn(tell_all(scans, tells));
        let listener = Listener::start(&link, tell, told);
        let scan = config.music.folder().map(|folder| {
            let every = config.music.rescan_min;
            let every = (every > 0).then(|| Duration::from_secs(60 * u64::from(every)));
            tokio::spawn(keep_scanning(
                store.clone(),
                folder.to_owned(),
                every,
                config.music.watch,
                progress_seen,
                scanned,
            ))
        });
        let measured = config.player.backend == Backend::Local && config.player.even_out != EvenOut::Off;
        let measure = scan.as_ref().filter(|_| measured).map(|_| tokio::spawn(keep_measuring(store.clone())));
        let page = site.local_addr();
        let served = site.serve(handle.clone(), stopping(stopped));
        let serve = tokio::spawn(async move {
            if let Err(e) = served.await {
                tracing::error!("the page is no longer served: {e}");
            }
        });
        Ok(Self {
            handle,
            page,
            broker,
            door,
            stop,
            apps,
            scan,
            measure,
            serve,
            listener,
            embedded,
            pairing,
            announced,
            store,
            _alone: alone,
        })
    }

    /// Waits until a part ends by itself, which none should; gives its name. Then [`Self::stop`] is what is left.
    pub async fn ended(&mut self) -> &'static str {
        let broker = async {
            match &mut self.embedded {
                Some(embedded) => embedded.ended().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.apps.join_next() => "the part that chooses the music",
            _ = &mut self.serve => "the page",
            () = broker => "the embedded broker",
        }
    }

    /// Stops everything: the music first, the broker last, so that the devices hear of it.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        for task in [self.scan, self.measure].into_iter().flatten() {
            task.abort();
        }
        let ended = async { while self.apps.join_next().await.is_some() {} };
        if timeout(Duration::from_secs(1), ended).await.is_err() {
            self.apps.detach_all();
            tracing::warn!("the music did not stop within a second");
        }
        if let Some(spotify) = self.handle.spotify() {
            spotify.stop();
        }
        if let Some(announced) = self.announced {
            // It waits for the network, with a thread of its own.
            let _ = timeout(Duration::from_secs(1), tokio::task::spawn_blocking(|| announced.end())).await;
        }
        if let Some(pairing) = self.pairing {
            pairing.stop();
        }
        self.listener.stop().await;
        if let Some(embedded) = self.embedded {
            embedded.stop().await;
        }
        self.serve.abort();
        let _ = timeout(Duration::from_millis(500), self.store.close()).await;
    }
}

async fn stopping(mut stopped: watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stop| *stop).await;
}

/// Starts the embedded broker, or finds out how to reach the external one.
async fn broker(config: &Config, key: Option<&Key>, store: &Store) -> Result<(Link, Option<Embedded>), NoStart> {
    let mqtt = &config.mqtt;
    match mqtt.broker {
        Broker::External => {
            let login = if mqtt.username.is_empty() { None } else { Some((mqtt.username.clone(), password(mqtt)?)) };
            let tls = trust::client(&mqtt.tls)?.map(listen::Tls);
            Ok((Link { host: mqtt.host.clone(), port: mqtt.port, login, tls }, None))
        }
        Broker::Embedded => {
            let at: IpAddr = mqtt.host.parse().map_err(|_| NoStart::Address(mqtt.host.clone()))?;
            let secure = key.map(|key| Secure {
                at: SocketAddr::new(config.pairing.host, config.pairing.mqtt_port),
                certificate: key.certificate_file.clone(),
                key: key.key_file.clone(),
            });
            let doors = Doors { plain: SocketAddr::new(at, mqtt.port), anonymous: mqtt.anonymous, secure };
            let embedded = Embedded::start_with(&doors, store).await?;
            let reach = match embedded.address.ip() {
                IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
                IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
                ip => ip,
            };
            let login = Some(embedded.own.clone());
            let link = Link { host: reach.to_string(), port: embedded.address.port(), login, tls: None };
            Ok((link, Some(embedded)))
        }
    }
}

/// Opens the door for devices.
async fn open_door(config: &Config, key: Key, embedded: Option<&Embedded>, store: &Store) -> Result<Running, NoStart> {
    let (settings, mqtt) = (&config.pairing, &config.mqtt);
    let at = SocketAddr::new(settings.host, settings.port);
    let listener = tokio::net::TcpListener::bind(at).await.map_err(|why| NoStart::Door { at, why })?;
    let broker = match embedded {
        Some(embedded) => pairing::Broker::Own { port: embedded.secure.map_or(0, |at| at.port()) },
        None => {
            let host = if settings.broker.is_empty() { mqtt.host.clone() } else { settings.broker.clone() };
            let ca_file = &mqtt.tls.ca_file;
            let ca = if ca_file.as_os_str().is_empty() { None } else { Some(std::fs::read_to_string(ca_file)) };
            let ca = ca.transpose().map_err(|why| NoStart::Password {
                key: "mqtt.tls.ca_file",
                path: ca_file.clone(),
                why,
            })?;
            pairing::Broker::External(moodring_pairing::wire::Broker::Elsewhere {
                host,
                port: mqtt.port,
                ca,
                tls: mqtt.tls.enabled,
            })
        }
    };
    let mosquitto = if settings.mosquitto.as_os_str().is_empty() {
        None
    } else {
        let own = if mqtt.broker == Broker::External && !mqtt.username.is_empty() {
            Some((mqtt.username.clone(), password(mqtt)?))
        } else {
            None
        };
        Some(Mosquitto { folder: settings.mosquitto.clone(), own })
    };
    let ground = Ground {
        name: settings.name(),
        key,
        broker,
        store: store.clone(),
        gate: embedded.map(|embedded| Arc::clone(&embedded.gate)),
        mosquitto,
    };
    Ok(Pairing::start(listener, ground).await?)
}

/// Announces this host. Without it devices need an address, which is no reason not to start.
fn announce(
    settings: &crate::config::Pairing,
    pairing: &Pairing,
    (door, secure): (SocketAddr, Option<SocketAddr>),
) -> Option<Announced> {
    let offer = moodring_pairing::service::Offer {
        host: pairing.key(),
        name: settings.name(),
        mqtt: secure.map_or(0, |at| at.port()),
        pairing: door.port(),
    };
    match Announced::begin(&offer, settings.host) {
        Ok(announced) => Some(announced),
        Err(why) => {
            tracing::warn!("this host cannot be announced: {why}; devices need its address: pairing.host in theirs");
            None
        }
    }
}

fn password(mqtt: &Mqtt) -> Result<String, NoStart> {
    first_line(&mqtt.password_file, "mqtt.password_file")
}

/// The first line of the file that a key names; empty where it names none.
fn first_line(file: &Path, key: &'static str) -> Result<String, NoStart> {
    if file.as_os_str().is_empty() {
        return Ok(String::new());
    }
    let text = std::fs::read_to_string(file).map_err(|why| NoStart::Password { key, path: file.to_owned(), why })?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

/// Tells a room what is wrong with Spotify, or will be soon.
async fn tell_source(mut serves: watch::Receiver<Serves>, room: mpsc::UnboundedSender<Event>) {
    loop {
        let told = serves.borrow_and_update().clone();
        // When the room has ended, so has this.
        if room.send(Event::Source(told.why.or(told.soon))).is_err() || serves.changed().await.is_err() {
            return;
        }
    }
}

/// Tells every room that there are other tracks.
async fn tell_rooms(mut changed: watch::Receiver<u64>, rooms: broadcast::Sender<(usize, News)>) {
    loop {
        if changed.changed().await.is_err() || rooms.send((usize::MAX, News::LookAgain)).is_err() {
            return;
        }
    }
}

/// Tells every room what a scan found.
async fn tell_all(mut scans: mpsc::Receiver<Result<Outcome, ScanError>>, rooms: Vec<mpsc::Sender<Scanned>>) {
    while let Some(scan) = scans.recv().await {
        let scan = Arc::new(scan);
        for room in &rooms {
            // A room that has ended needs no news.
            let _ = room.send(Arc::clone(&scan)).await;
        }
    }
}

pub(crate) fn habits(config: &Config, room: &Room, sound: &Sound) -> Habits {
    Habits {
        hear: room.hear.clone(),
        people_max: (room.people_max > 0).then_some(room.people_max),
        manner: config.manner(room),
        rules: Rules {
            repeat_window: config.music.repeat_window as usize,
            artist_gap: config.music.artist_gap as usize,
        },
        ahead: config.music.ahead as usize,
        on_change: config.mood.on_change,
        fade: config.mood.fade(),
        nobody_after: config.mood.nobody_after(),
        volume: sound.volume,
        built_in: config.music.folder().is_none(),
    }
}

/// The source of chance; 0: another one each time.
fn chance(seed: u64) -> StdRng {
    let now = || jiff::Timestamp::now().as_nanosecond() as u64 ^ u64::from(std::process::id());
    StdRng::seed_from_u64(if seed == 0 { now() } else { seed })
}
