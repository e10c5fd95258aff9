//! Drives a Connect device: asks the deck what to do, makes the call, tells the deck what came of it.
//!
//! In: orders. Out: what happened, by a function that is called for each. Nothing here fails: trouble
//! is told as [`Said::Silent`], and tried again.

use std::time::{Duration, Instant};

use tokio::{
    sync::{mpsc, oneshot},
    time::sleep_until,
};

use crate::{
    call::Calls,
    deck::{Act, Deck, Order, Said, Saw},
    limit::look_every,
    trouble::Trouble,
};

/// What the device does is looked at so often, while there is budget enough.
pub const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Where orders go. When it is dropped, the device is paused and let go.
#[derive(Clone, Debug)]
pub struct Connect {
    orders: mpsc::UnboundedSender<Told>,
}

/// What comes down the line to the deck.
#[derive(Debug)]
enum Told {
    Order(Order),
    /// To be answered when everything ordered before is done, as far as it can be.
    Settle(oneshot::Sender<()>),
}

impl Connect {
    /// Starts driving the device of this name; `tell` is called for everything that happens.
    pub fn start(calls: Calls, device: &str, tell: impl FnMut(Said) + Send + 'static) -> Self {
        let (orders, received) = mpsc::unbounded_channel();
        let deck = Deck::new(device, LOOK_EVERY, Instant::now());
        tokio::spawn(drive(calls, deck, received, tell));
        Self { orders }
    }

    /// One that drives nothing: each order comes out again, for whoever tries out what stands above it.
    pub fn recorded() -> (Self, Recorded) {
        let (orders, told) = mpsc::unbounded_channel();
        (Self { orders }, Recorded(told))
    }

    /// Hands an order over; returns at once.
    pub fn order(&self, order: Order) {
        // Fails only when the program is ending.
        let _ = self.orders.send(Told::Order(order));
    }

    /// Waits until everything ordered so far is done, as far as it can be.
    pub async fn settled(&self) {
        let (tell, told) = oneshot::channel();
        let _ = self.orders.send(Told::Settle(tell));
        let _ = told.await;
    }
}

/// The orders that nobody carried out.
#[derive(Debug)]
pub struct Recorded(mpsc::UnboundedReceiver<Told>);

impl Iterator for Recorded {
    type Item = Order;

    /// The next order, if there is one by now.
    fn next(&mut self) -> Option<Order> {
        loop {
            if let Told::Order(order) = self.0.try_recv().ok()? {
                return Some(order);
            }
        }
    }
}

async fn drive(
    calls: Calls,
    mut deck: Deck,
    mut orders: mpsc::UnboundedReceiver<Told>,
    mut tell: impl FnMut(Said) + Send + 'static,
) {
    let mut open = true;
    let mut waiting: Vec<oneshot::Sender<()>> = Vec::new();
    loop {
        while let Ok(told) = orders.try_recv() {
            take(&mut deck, &mut waiting, told);
        }
        let now = Instant::now();
        let (spent, budget) = {
            let standing = calls.line().standing();
            let standing = standing.borrow();
            (standing.spent, standing.budget)
        };
        deck.look_every(look_every(LOOK_EVERY, spent, budget));
        deck.tick(now);
        if let Some(act) = deck.act(now) {
            let outcome = make(&calls, &act).await;
            tracing::debug!(
                "Spotify: {act:?}: {}",
                outcome.as_ref().map_or_else(ToString::to_string, |_| "done".into())
            );
            deck.done(act, outcome, Instant::now());
            deck.said().into_iter().for_each(&mut tell);
            if !open {
                break;
            }
            continue;
        }
        deck.said().into_iter().for_each(&mut tell);
        for waiting in waiting.drain(..) {
            let _ = waiting.send(());
        }
        if !open {
            break;
        }
        let wake = deck.wake(now).unwrap_or(now + Duration::from_secs(3600)).max(now + Duration::from_millis(20));
        tokio::select! {
            order = orders.recv() => match order {
                Some(told) => take(&mut deck, &mut waiting, told),
                None => {
                    // The last thing to do: a device that plays on with nobody to steer it would be odd.
                    deck.order(Order::Stop, Instant::now());
                    open = false;
                }
            },
            () = sleep_until(wake.into()) => {}
        }
    }
}

fn take(deck: &mut Deck, waiting: &mut Vec<oneshot::Sender<()>>, told: Told) {
    match told {
        Told::Order(order) => deck.order(order, Instant::now()),
        Told::Settle(tell) => waiting.push(tell),
    }
}

async fn make(calls: &Calls, act: &Act) -> Result<Saw, Trouble> {
    match act {
        Act::Look(class) => calls.playback(*class).await.map(Saw::Playback),
        Act::Devices => calls.devices().await.map(Saw::Devices),
        Act::Start(device, uri, from_ms) => calls.play(device, uri, *from_ms).await.map(|()| Saw::Done),
        Act::Pause(device) => calls.pause(device).await.map(|()| Saw::Done),
        Act::Resume(device) => calls.resume(device).await.map(|()| Saw::Done),
        Act::Skip(device) => calls.skip(device).await.map(|()| Saw::Done),
        Act::Enqueue(device, uri) => calls.enqueue(device, uri).await.map(|()| Saw::Done),
        Act::Volume(device, percent) => calls.volume(device, *percent).await.map(|()| Saw::Done),
    }
}
