//! The page: what there is to see, in a browser and as JSON, and what people can do.
//!
//! A [`Handle`] enters; what leaves goes to browsers. [`bind`] fails when the address cannot be
//! had; afterwards every bad request gets a status and one sentence, and nothing here can stop the
//! music. `page` and `parts` write the HTML, `events` sends what changed, `api` answers programs,
//! `steer` takes wishes, `guard` keeps strangers out, `assets` holds the files.

mod api;
mod assets;
mod events;
mod guard;
mod page;
mod parts;
mod refusal;
mod steer;
mod words;

use std::{future::Future, io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::from_fn_with_state,
    routing::{get, post},
};
use thiserror::Error;
use tokio::{
    net::TcpListener,
    sync::{Semaphore, watch},
};

use crate::app::Handle;
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
    Ok(Bound { listener, addr, names: Vec::new() })
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

    /// Serves until `shutdown` is there; then open connections get two seconds.
    ///
    /// # Errors
    /// The listener broke; single connections never end it.
    pub async fn serve<F>(self, handle: Handle, shutdown: F) -> io::Result<()>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (stop, stopped) = watch::channel(false);
        let mut stopping = stopped.clone();
        let site = Site::new(handle, Hosts::new(self.addr.ip(), self.names), stopped);
        let mut graceful = stopping.clone();
        let server = axum::serve(self.listener, router(site)).with_graceful_shutdown(async move {
            let _ = graceful.wait_for(|s| *s).await;
        });
        tokio::spawn(async move {
            shutdown.await;
            let _ = stop.send(true);
        });
        tokio::select! {
            end = server => end,
            () = async {
                let _ = stopping.wait_for(|s| *s).await;
                tokio::time::sleep(LAST_WORDS).await;
            } => Ok(()),
        }
    }
}

/// What every answer is made from.
#[derive(Clone)]
struct Site {
    handle: Handle,
    hosts: Arc<Hosts>,
    /// True once the end was asked for: event streams end themselves.
    stopped: watch::Receiver<bool>,
    streams: Arc<Semaphore>,
}

impl Site {
    fn new(handle: Handle, hosts: Hosts, stopped: watch::Receiver<bool>) -> Self {
        Self { handle, hosts: Arc::new(hosts), stopped, streams: Arc::new(Semaphore::new(MAX_STREAMS)) }
    }
}

fn router(site: Site) -> Router {
    Router::new()
        .route("/", get(page::whole))
        .route("/events", get(events::state))
        .route("/events/parts", get(events::parts))
        .route("/healthz", get(api::healthz))
        .route("/assets/{version}/{name}", get(assets::serve))
        .route("/api/state", get(api::state))
        .route("/api/devices/{id}/screen.png", get(api::screen))
        .route("/api/tracks", get(api::tracks))
        .route("/api/history", get(api::history))
        .route("/api/taste", get(api::taste))
        .route("/api/taste/forget", post(steer::forget_taste))
        .route("/api/play", post(steer::play))
        .route("/api/pause", post(steer::pause))
        .route("/api/skip", post(steer::skip))
        .route("/api/tracks/{id}/like", post(steer::like))
        .route("/api/tracks/{id}/not-for", post(steer::not_for))
        .route("/api/tracks/{id}/play", post(steer::play_track))
        .fallback(refusal::not_found)
        .method_not_allowed_fallback(refusal::not_allowed)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(from_fn_with_state(site.clone(), guard::check))
        .with_state(site)
}
