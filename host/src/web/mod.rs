//! The page: what there is to see, in a browser and as JSON, and what people can do.
//!
//! A [`Handle`] enters; what leaves goes to browsers. [`bind`] fails when the address cannot be
//! had; afterwards every bad request gets a status and one sentence, and nothing here can stop the
//! music. `pages` and `parts` write the HTML, `events` sends what changed, `api` answers programs,
//! `steer` and `edit` take wishes, `guard` keeps other web sites out and `door` whoever has not logged
//! in (`login`), `assets` holds the files, `serving` takes the connections, so many and no more. `openapi.yaml`
//! beside this crate says to programs what can be asked; the tests hold every answer to it.

mod api;
mod assets;
mod door;
mod edit;
mod events;
mod guard;
mod login;
mod pages;
mod pairing;
mod parts;
mod refusal;
mod seen;
mod serving;
mod spotify;
mod steer;
mod words;

use std::{future::Future, io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::from_fn_with_state,
    routing::{MethodRouter, get, post},
};
use thiserror::Error;
use tokio::{
    net::TcpListener,
    sync::{Semaphore, watch},
};

use crate::{
    access::{Access, Asks, Rules},
    app::Handle,
};
use guard::Hosts;

/// The longest body of a request, in bytes; a form of the page has about 30.
const MAX_BODY: usize = 4 * 1024;

/// The most event streams at once; a browser tab holds one.
const MAX_STREAMS: usize = 64;

/// How long open connections may go on after the end was asked for.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Why the page cannot be served.
#[derive(Debug, Error)]
pub enum BindError {
    /// Another program has the port.
    #[error("the page cannot be served at {0}: another program uses this port; stop it, or choose another port")]
    InUse(SocketAddr),
    /// Anything else.
    #[error("the page cannot be served at {0}: {1}; choose an address of this machine and a port that you may use")]
    Other(SocketAddr, io::Error),
}

/// An address that is ours, on which nothing is served yet.
#[derive(Debug)]
pub struct Bound {
    listener: TcpListener,
    addr: SocketAddr,
    names: Vec<String>,
    rules: Rules,
}

/// Takes an address; port 0 takes any free port.
///
/// # Errors
/// The port is in use, or the address is not this machine's or not allowed.
pub async fn bind(addr: SocketAddr) -> Result<Bound, BindError> {
    let listener = TcpListener::bind(addr).await.map_err(|e| match e.kind() {
        io::ErrorKind::AddrInUse => BindError::InUse(addr),
        _ => BindError::Other(addr, e),
    })?;
    let addr = listener.local_addr().map_err(|e| BindError::Other(addr, e))?;
    Ok(Bound { listener, addr, names: Vec::new(), rules: Rules::default() })
}

impl Bound {
    /// The address, with the real port.
    pub const fn local_addr(&self) -> SocketAddr {
        self.addr
    }

    /// Also answers to these host names, such as that of a proxy in front of it.
    ///
    /// Without them a loopback page answers to `localhost` and loopback addresses only, any other
    /// page to IP addresses and to names that exist in local networks only (one word, or ending in
    /// `.local`, `.lan`, `.home.arpa`, `.internal`): another name means that a web site has bent
    /// its own name to this machine.
    #[must_use]
    pub fn answering_to(mut self, names: impl IntoIterator<Item = String>) -> Self {
        self.names.extend(names.into_iter().map(|n| n.to_ascii_lowercase()));
        self
    }

    /// Lets in by these rules; without them, everybody beyond this machine needs the password.
    #[must_use]
    pub fn letting_in(self, rules: Rules) -> Self {
        Self { rules, ..self }
    }

    /// Serves until `shutdown` is there; then open connections get two seconds.
    ///
    /// # Errors
    /// None today: neither a connection that cannot be taken nor one that breaks ends it.
    pub async fn serve<F>(self, handle: Handle, shutdown: F) -> io::Result<()>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (stop, stopped) = watch::channel(false);
        let mut stopping = stopped.clone();
        let access = Access::new(handle.store().clone(), self.rules);
        tell(&access, self.addr).await;
        let site = Site::new(handle, access, Hosts::new(self.addr.ip(), self.names), stopped);
        let server = serving::serve(self.listener, router(site), stopping.clone());
        tokio::spawn(async move {
            shutdown.await;
            let _ = stop.send(true);
        });
        tokio::select! {
            () = server => {}
            () = async {
                let _ = stopping.wait_for(|s| *s).await;
                tokio::time::sleep(LAST_WORDS).await;
            } => {}
        }
        Ok(())
    }
}

/// Says in the log what somebody has to know who opens the page to others.
async fn tell(access: &Access, at: SocketAddr) {
    let told = match access.rules().asks {
        Asks::Never if !at.ip().is_loopback() => {
            tracing::warn!("web.password = \"never\": whoever reaches {at} may steer the music and see who is there");
            Ok(())
        }
        Asks::BeyondLoopback if !at.ip().is_loopback() => access.tell_setup_code().await,
        Asks::Always => access.tell_setup_code().await,
        _ => Ok(()),
    };
    if let Err(e) = told {
        tracing::warn!("there is no setup code: {e}");
    }
}

/// What every answer is made from.
#[derive(Clone)]
struct Site {
    handle: Handle,
    access: Access,
    hosts: Arc<Hosts>,
    /// True once the end was asked for: event streams end themselves.
    stopped: watch::Receiver<bool>,
    streams: Arc<Semaphore>,
}

impl Site {
    fn new(handle: Handle, access: Access, hosts: Hosts, stopped: watch::Receiver<bool>) -> Self {
        Self { handle, access, hosts: Arc::new(hosts), stopped, streams: Arc::new(Semaphore::new(MAX_STREAMS)) }
    }
}

/// Everything that can be asked, each with its path.
fn routes() -> Vec<(&'static str, MethodRouter<Site>)> {
    vec![
        ("/", get(pages::now)),
        ("/library", get(pages::library)),
        ("/history", get(pages::history)),
        ("/taste", get(pages::taste)),
        ("/events", get(events::state)),
        ("/events/parts", get(events::parts)),
        ("/healthz", get(api::healthz)),
        ("/openapi.yaml", get(api::openapi)),
        ("/assets/{version}/{name}", get(assets::serve)),
        ("/api/state", get(api::state)),
        ("/api/devices/{id}/screen.png", get(api::screen)),
        ("/api/tracks", get(api::tracks)),
        ("/api/tracks/{id}/cover.jpg", get(api::cover)),
        ("/api/tracks/{id}/sleeve", get(api::sleeve)),
        ("/api/history", get(api::history)),
        ("/api/taste", get(api::taste)),
        ("/api/taste/forget", post(steer::forget_taste)),
        ("/api/play", post(steer::play)),
        ("/api/pause", post(steer::pause)),
        ("/api/skip", post(steer::skip)),
        ("/api/mode", post(steer::mode)),
        ("/api/volume", post(steer::volume)),
        ("/api/sleep", post(steer::sleep)),
        ("/api/queue", post(edit::enqueue)),
        ("/api/queue/move", post(edit::shift)),
        ("/api/queue/remove", post(edit::dequeue)),
        ("/api/tracks/{id}/like", post(steer::like)),
        ("/api/tracks/{id}/moods", post(edit::moods)),
        ("/api/tracks/{id}/not-for", post(steer::not_for)),
        ("/api/tracks/{id}/play", post(steer::play_track)),
        ("/login", get(login::page).post(login::log_in)),
        ("/login/first", post(login::set_first)),
        ("/logout", post(login::log_out)),
        (pages::ACCOUNT, get(pages::account)),
        ("/account/password", post(login::change)),
        ("/account/end", post(login::end)),
        ("/api/pairing", get(pairing::state).post(pairing::pair)),
        ("/api/pairing/{id}/revoke", post(pairing::revoke)),
        (spotify::PATH, get(pages::spotify)),
        ("/api/spotify", get(spotify::state)),
        ("/api/spotify/login", post(spotify::log_in)),
        ("/api/spotify/paste", post(spotify::paste)),
        ("/api/spotify/logout", post(spotify::log_out)),
        ("/api/spotify/device", post(spotify::device)),
        ("/api/spotify/devices", post(spotify::devices)),
        ("/api/spotify/playlist", post(spotify::playlist)),
        ("/api/spotify/refresh", post(spotify::refresh)),
    ]
}

/// The paths of everything that can be asked.
pub fn paths() -> Vec<&'static str> {
    routes().into_iter().map(|(path, _)| path).collect()
}

fn router(site: Site) -> Router {
    let routes = routes().into_iter().fold(Router::new(), |router, (path, asked)| router.route(path, asked));
    routes
        .fallback(refusal::not_found)
        .method_not_allowed_fallback(refusal::not_allowed)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(from_fn_with_state(site.clone(), door::open))
        .layer(from_fn_with_state(site.clone(), guard::check))
        .with_state(site)
}
