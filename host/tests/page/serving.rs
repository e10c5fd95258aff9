//! Connections: so many from one address and no more, and several requests over one.

use std::time::Duration;

use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    time::{sleep, timeout},
};

use super::{Page, Scene, contract::Answer};

/// Asks for the state over a connection that stays open, and reads just that answer; `None` if it was closed.
async fn state_over(stream: &mut BufReader<TcpStream>, page: &Page) -> Option<Answer> {
    let head = format!("GET /api/state HTTP/1.1\r\nHost: {}\r\n\r\n", page.at);
    // Who is let go may learn it while writing or while reading.
    stream.write_all(head.as_bytes()).await.ok()?;
    let mut all = Vec::new();
    while !all.ends_with(b"\r\n\r\n") {
        let read = timeout(Duration::from_secs(10), stream.read_until(b'\n', &mut all)).await.expect("a line");
        if read.ok()? == 0 {
            return None;
        }
    }
    let length: usize = Answer::read(&all).header("content-length").expect("a length").parse().unwrap();
    let mut body = vec![0; length];
    timeout(Duration::from_secs(10), stream.read_exact(&mut body)).await.expect("the body").unwrap();
    all.extend(body);
    Some(Answer::read(&all))
}

#[tokio::test]
async fn one_connection_carries_several_requests() {
    let page = Page::open(Scene::One).await;
    let mut stream = BufReader::new(TcpStream::connect(page.at).await.unwrap());
    for _ in 0..3 {
        let answer = state_over(&mut stream, &page).await.expect("it stays open");
        assert_eq!((answer.status, &answer.json()["devices"][0]["id"]), (200, &json!("living-room")));
    }
}

#[tokio::test]
async fn silent_connections_take_the_seats_of_their_own_address_only() {
    let page = Page::open(Scene::One).await;
    let mut silent = Vec::new();
    for _ in 0..192 {
        silent.push(TcpStream::connect(page.at).await.unwrap());
    }
    let mut refused = TcpStream::connect(page.at).await.unwrap();
    let end = timeout(Duration::from_secs(5), refused.read(&mut [0; 1])).await.expect("it is closed at once");
    assert!(!matches!(end, Ok(1..)), "{end:?}");

    let mut neighbour = BufReader::new(page.neighbour().await);
    assert_eq!(state_over(&mut neighbour, &page).await.expect("a seat").status, 200);

    // Who leaves makes room, for one.
    silent.pop();
    let room_again = async {
        loop {
            let mut stream = BufReader::new(TcpStream::connect(page.at).await.unwrap());
            if let Some(answer) = state_over(&mut stream, &page).await {
                break answer.status;
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    assert_eq!(timeout(Duration::from_secs(5), room_again).await.expect("room again"), 200);
}
