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
    sync::{mpsc, watch},
    task::JoinHandle,
    time::timeout,
};

use crate::{
    app::{App, Habits, Handle, Inputs, Outputs, Screens},
    broker::{BrokerError, Embedded},
    config::{Broker, Config, Mqtt},
    decide::Rules,
    library::{Store, StoreError, rescan::keep_scanning},
    listen::{Link, Listener},
    player::{
        Event, Player,
        local::{self, StartError},
        pieces,
    },
    view::State,
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
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no sound.
    #[error(transparent)]
    Player(#[from] StartError),
    /// The password for the broker cannot be read.
    #[error("cannot read mqtt.password_file {path}: {why}")]
    Password {
        /// The file.
        path: std::path::PathBuf,
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
    stop: watch::Sender<bool>,
    app: JoinHandle<()>,
    scan: Option<JoinHandle<()>>,
    serve: JoinHandle<()>,
    listener: Listener,
    embedded: Option<Embedded>,
    store: Store,
}

impl Host {
    /// Starts everything, with the player that the settings name.
    ///
    /// # Errors
    /// See [`NoStart`].
    pub async fn start(config: &Config, state_dir: &Path) -> Result<Self, NoStart> {
        let output = config.player.output.clone();
        let player = |events: mpsc::UnboundedSender<Event>| {
            // Fails only when the program is ending.
            let say = move |event| drop(events.send(event));
            local::start(output, say).map(|player| Box::new(player) as Box<dyn Player>)
        };
        Self::start_with(config, state_dir, player).await
    }

    /// Starts everything, with another player.
    ///
    /// # Errors
    /// See [`NoStart`].
    pub async fn start_with(
        config: &Config,
        state_dir: &Path,
        player: impl FnOnce(mpsc::UnboundedSender<Event>) -> Result<Box<dyn Player>, StartError>,
    ) -> Result<Self, NoStart> {
        let site = web::bind(config.web.listen).await?.answering_to(config.web.names.iter().cloned());
        let store = Store::open(state_dir).await?;
        let (link, embedded) = broker(&config.mqtt, &store).await?;
        let built_in = config.music.folder().is_none();
        store.use_pieces(if built_in { &pieces::ALL } else { &[] }).await?;

        let (say, events) = mpsc::unbounded_channel();
        let player = player(say)?;
        let (state, state_seen) = watch::channel(Arc::new(State::default()));
        let (wish, wishes) = mpsc::channel(64);
        let (tell, heard) = mpsc::channel(256);
        let (scanned, scans) = mpsc::channel(4);
        let (progress_seen, progress) = watch::channel(None);
        let (announcements, announced) = watch::channel(None);
        let screens = Screens::default();
        let handle = Handle::new(state_seen, wish, Arc::clone(&screens), store.clone());

        let out = Outputs { state, announcements, screens };
        let app = App::new(store.clone(), player, habits(config), chance(config.music.seed), out).await?;
        let (stop, stopped) = watch::channel(false);
        let inputs = Inputs { heard, wishes, events, scans, progress };
        let app = tokio::spawn(app.run(inputs, stopping(stopped.clone())));
        let broker = (link.host.clone(), link.port);
        let listener = Listener::start(&link, tell, announced);
        let scan = config.music.folder().map(|folder| {
            let every = config.music.rescan_min;
            let every = (every > 0).then(|| Duration::from_secs(60 * u64::from(every)));
            tokio::spawn(keep_scanning(store.clone(), folder.to_owned(), every, progress_seen, scanned))
        });
        let page = site.local_addr();
        let served = site.serve(handle.clone(), stopping(stopped));
        let serve = tokio::spawn(async move {
            if let Err(e) = served.await {
                tracing::error!("the page is no longer served: {e}");
            }
        });
        Ok(Self { handle, page, broker, stop, app, scan, serve, listener, embedded, store })
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
            _ = &mut self.app => "the part that chooses the music",
            _ = &mut self.serve => "the page",
            () = broker => "the embedded broker",
        }
    }

    /// Stops everything: the music first, the broker last, so that the devices hear of it.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        if let Some(scan) = self.scan {
            scan.abort();
        }
        // One that has ended already cannot be waited for again.
        if !self.app.is_finished() && timeout(Duration::from_secs(1), self.app).await.is_err() {
            tracing::warn!("the music did not stop within a second");
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
async fn broker(mqtt: &Mqtt, store: &Store) -> Result<(Link, Option<Embedded>), NoStart> {
    match mqtt.broker {
        Broker::External => {
            let login = if mqtt.username.is_empty() { None } else { Some((mqtt.username.clone(), password(mqtt)?)) };
            Ok((Link { host: mqtt.host.clone(), port: mqtt.port, login }, None))
        }
        Broker::Embedded => {
            let at: IpAddr = mqtt.host.parse().map_err(|_| NoStart::Address(mqtt.host.clone()))?;
            let embedded = Embedded::start(SocketAddr::new(at, mqtt.port), store).await?;
            let reach = match embedded.address.ip() {
                IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
                IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
                ip => ip,
            };
            let link = Link { host: reach.to_string(), port: embedded.address.port(), login: None };
            Ok((link, Some(embedded)))
        }
    }
}

fn password(mqtt: &Mqtt) -> Result<String, NoStart> {
    if mqtt.password_file.as_os_str().is_empty() {
        return Ok(String::new());
    }
    let text = std::fs::read_to_string(&mqtt.password_file)
        .map_err(|why| NoStart::Password { path: mqtt.password_file.clone(), why })?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

fn habits(config: &Config) -> Habits {
    Habits {
        rules: Rules {
            repeat_window: config.music.repeat_window as usize,
            artist_gap: config.music.artist_gap as usize,
        },
        ahead: config.music.ahead as usize,
        on_change: config.mood.on_change,
        fade: config.mood.fade(),
        nobody_after: config.mood.nobody_after(),
        volume: config.player.volume,
        built_in: config.music.folder().is_none(),
    }
}

/// The source of chance; 0: another one each time.
fn chance(seed: u64) -> StdRng {
    let now = || jiff::Timestamp::now().as_nanosecond() as u64 ^ u64::from(std::process::id());
    StdRng::seed_from_u64(if seed == 0 { now() } else { seed })
}
