//! What a test asks the page with: a listener of its own, a small HTTP client, and a reader of events.
//! Every answer is held to the contract.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use moodring_host::{access::Rules, view::State, web};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpSocket, TcpStream},
    sync::oneshot,
    task::JoinHandle,
    time::timeout,
};

use crate::{
    contract::{self, Answer},
    room::{self, Room, Scene},
};

/// A page on a port of its own.
pub struct Page {
    pub at: SocketAddr,
    pub room: Room,
    pub stop: Option<oneshot::Sender<()>>,
    pub served: JoinHandle<std::io::Result<()>>,
    pub dir: tempfile::TempDir,
}

impl Page {
    pub async fn open(scene: Scene) -> Self {
        Self::open_to(scene, Rules::default()).await
    }

    pub async fn open_to(scene: Scene, rules: Rules) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let room = Room::begin(dir.path(), scene).await;
        let bound = web::bind(([127, 0, 0, 1], 0).into()).await.unwrap().letting_in(rules);
        let at = bound.local_addr();
        let (stop, stopped) = oneshot::channel::<()>();
        let served = tokio::spawn(bound.serve(room.handle.clone(), async {
            let _ = stopped.await;
        }));
        Self { at, room, stop: Some(stop), served, dir }
    }

    pub async fn connect(&self, head: &str, body: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.at).await.unwrap();
        stream.write_all(format!("{head}\r\n\r\n{body}").as_bytes()).await.unwrap();
        stream
    }

    /// A connection, still silent, from another address of this machine than all others come from.
    pub async fn neighbour(&self) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(([127, 0, 0, 2], 0).into()).unwrap();
        socket.connect(self.at).await.unwrap()
    }

    /// Sends a request line with `headers` (which may replace `Host`) and reads the whole answer.
    pub async fn ask(&self, line: &str, headers: &[&str], body: &str) -> Answer {
        let mut head = format!("{line} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}", body.len());
        if !headers.iter().any(|h| h.starts_with("Host:")) {
            head += &format!("\r\nHost: {}", self.at);
        }
        for header in headers {
            head += &format!("\r\n{header}");
        }
        let answer = self.answer(&head, body).await;
        contract::holds(line, &answer);
        answer
    }

    /// Sends this very head.
    pub async fn raw(&self, head: &str) -> Answer {
        self.answer(head, "").await
    }

    pub async fn answer(&self, head: &str, body: &str) -> Answer {
        let mut all = Vec::new();
        let reading = async { self.connect(head, body).await.read_to_end(&mut all).await };
        timeout(Duration::from_secs(20), reading).await.expect("an answer within 20 s").unwrap();
        Answer::read(&all)
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.ask(&format!("GET {path}"), &[], "").await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask(&format!("POST {path}"), &["Content-Type: application/json"], &body.to_string()).await
    }

    /// As a browser without JavaScript sends a form.
    pub async fn submit(&self, path: &str, form: &str) -> Answer {
        let origin = format!("Origin: http://{}", self.at);
        let kind = "Content-Type: application/x-www-form-urlencoded";
        self.ask(&format!("POST {path}"), &["Accept: text/html,*/*", &origin, kind], form).await
    }

    pub fn change(&self, change: impl FnOnce(&mut State)) {
        self.room.state.send_modify(|s| {
            let s = Arc::make_mut(s);
            change(s);
            room::mirror(s);
        });
    }

    pub async fn state(&self) -> Value {
        self.get("/api/state").await.json()
    }
}

/// The events of a stream: name and data.
pub struct Events(BufReader<TcpStream>);

impl Events {
    pub async fn of(page: &Page, path: &str) -> Self {
        Self::asked(page, &format!("GET {path} HTTP/1.1\r\nHost: {}", page.at)).await
    }

    /// The same, by this very head.
    pub async fn asked(page: &Page, head: &str) -> Self {
        Self::over(page.connect(head, "").await).await
    }

    /// The same, once they were asked for over this connection.
    pub async fn over(stream: TcpStream) -> Self {
        let mut events = Self(BufReader::new(stream));
        assert!(events.line().await.unwrap().contains("200"));
        events
    }

    pub async fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let n =
            timeout(Duration::from_secs(10), self.0.read_line(&mut line)).await.expect("a line within 10 s").unwrap();
        (n > 0).then(|| line.trim_end().to_owned())
    }

    /// The data of the next event called `name`.
    pub async fn next(&mut self, name: &str) -> Option<Value> {
        loop {
            if self.line().await? == format!("event: {name}") {
                loop {
                    if let Some(data) = self.line().await?.strip_prefix("data: ") {
                        return Some(serde_json::from_str(data).unwrap());
                    }
                }
            }
        }
    }
}
