//! A stand-in for Spotify, as far as Moodring needs it: with its log-in, its library, its Connect
//! devices whose playback advances with time, its rules of 2026, and its faults on demand.
//!
//! In: the calls of the real client over loopback, and what somebody does "in Spotify's own app" or
//! asks to go wrong, through [`World`] or `POST /app/…`. Out: replies of the shape that Spotify gives.
//! Fails only when the port cannot be had. It holds no music and no real account.
#![allow(clippy::result_large_err)] // A refusal is the answer itself, once for a call: nothing is won by boxing it.

mod accounts;
mod app;
mod catalogue;
mod fault;
mod library;
mod player;
mod shape;
mod world;

use std::{
    future::IntoFuture,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Router,
    middleware::from_fn_with_state,
    routing::{any, get, post, put},
};
use tokio::{net::TcpListener, task::JoinHandle};

pub use catalogue::Song;
pub use fault::{Fault, Kind};
pub use world::{Device, Entry, Options, Playlist, World};

/// What the handlers share.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Mutex<World>>);

impl Shared {
    fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A stand-in that runs; it stops when it is dropped.
pub struct Standin {
    /// Where it listens.
    pub address: SocketAddr,
    shared: Shared,
    serve: JoinHandle<()>,
}

impl Standin {
    /// Starts one on this address; port 0 takes any free port.
    ///
    /// # Errors
    /// The address cannot be had.
    pub async fn start(listen: SocketAddr, options: Options) -> io::Result<Self> {
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        let shared = Shared(Arc::new(Mutex::new(World::new(options))));
        let serve = axum::serve(listener, router(shared.clone())).into_future();
        let serve = tokio::spawn(async move { drop(serve.await) });
        Ok(Self { address, shared, serve })
    }

    /// The API's address, for the client.
    pub fn api_url(&self) -> String {
        format!("http://{}/v1/", self.address)
    }

    /// The log-in service's address, for the client.
    pub fn auth_url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Looks at the world, or changes it, as somebody in Spotify's own app would.
    pub fn world<T>(&self, with: impl FnOnce(&mut World) -> T) -> T {
        let mut world = self.shared.world();
        world.advance();
        with(&mut world)
    }

    /// Runs until the program ends.
    pub async fn wait(mut self) {
        let _ = (&mut self.serve).await;
    }
}

impl Drop for Standin {
    fn drop(&mut self) {
        self.serve.abort();
    }
}

fn router(shared: Shared) -> Router {
    let api = Router::new()
        .route("/me", get(library::me))
        .route("/me/playlists", get(library::playlists))
        .route("/me/tracks", get(library::liked))
        .route("/search", get(library::search))
        .route("/playlists/{id}", get(library::playlist))
        .route("/playlists/{id}/items", get(library::items))
        .route("/me/player", get(player::playback).put(player::transfer))
        .route("/me/player/devices", get(player::devices))
        .route("/me/player/currently-playing", get(player::currently))
        .route("/me/player/queue", get(player::queue).post(player::enqueue))
        .route("/me/player/play", put(player::play))
        .route("/me/player/pause", put(player::pause))
        .route("/me/player/next", post(player::next))
        .route("/me/player/volume", put(player::volume))
        .fallback(any(fault::deprecated))
        .layer(from_fn_with_state(shared.clone(), fault::check));
    Router::new()
        .nest("/v1", api)
        .route("/authorize", get(accounts::authorize))
        .route("/api/token", post(accounts::token))
        .route("/app", get(app::state))
        .route("/app/{what}", post(app::act))
        .with_state(shared)
}
