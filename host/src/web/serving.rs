//! Takes the page's connections, so many and no more, and has the router answer what is asked over them.
//!
//! In: a listener and the router. Out: answers; each request goes on with the address that it came from, as
//! [`ConnectInfo`]. So many connections may be open at most, so many from one address, and who finds no seat is let
//! go. The head of each request, the first as well as the next one, has to be there in time; an answer may take as
//! long as it likes, or event streams would end. What fails ends that connection and nothing else.

use std::time::Duration;

use axum::{Router, extract::ConnectInfo};
use hyper::{
    Request,
    body::Incoming,
    server::conn::http1::Builder,
    service::{Service, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{net::TcpListener, sync::watch, time::sleep};

use crate::seats::Seats;

/// So many connections at once.
const SEATS: usize = 256;

/// So many of them from one address; all who come through one proxy come from its.
const SEATS_OF_ONE: usize = 192;

/// The whole head of a request is there within this time after the connection was made or the last answer was given.
const HEAD: Duration = Duration::from_secs(30);

/// How long nobody is let in after somebody could not be.
const BREATH: Duration = Duration::from_millis(200);

/// Serves until `stopped` is true; then takes nobody any more, and ends when the last connection has.
///
/// Connections go on by themselves where this future is dropped before its end.
pub async fn serve(listener: TcpListener, router: Router, mut stopped: watch::Receiver<bool>) {
    let seats = Seats::new(SEATS, SEATS_OF_ONE);
    let router = TowerToHyperService::new(router);
    let mut http = Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD);
    let open = GracefulShutdown::new();
    loop {
        let come = tokio::select! {
            come = listener.accept() => come,
            () = async { let _ = stopped.wait_for(|s| *s).await; } => break,
        };
        let (stream, from) = match come {
            Ok(come) => come,
            Err(e) => {
                tracing::debug!("a browser could not come in: {e}");
                sleep(BREATH).await;
                continue;
            }
        };
        let Some(seat) = seats.take(from.ip().to_canonical()) else {
            tracing::debug!("{from} is let go: too many connections are open");
            continue;
        };
        let router = router.clone();
        let answer = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(from));
            router.call(request)
        });
        let talk = open.watch(http.serve_connection(TokioIo::new(stream), answer));
        tokio::spawn(async move {
            if let Err(why) = talk.await {
                tracing::debug!("the connection of {from} ended: {why}");
            }
            drop(seat);
        });
    }
    drop(listener);
    open.shutdown().await;
}
