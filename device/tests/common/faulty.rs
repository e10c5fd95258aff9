//! A broker that breaks off on purpose, and remembers all that a publisher was promised.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use bytes::BytesMut;
use moodring_mood::MoodMessage;
use rumqttc::mqttbytes::v4::{ConnAck, ConnectReturnCode, Packet, PubAck};

/// What the broker does with every tenth mood message.
#[derive(Clone, Copy)]
enum Fault {
    /// Cuts the connection before the message counts as heard.
    Deaf,
    /// Hears the message, and cuts the connection before it says so.
    Mute,
    /// Hears the message, says so, and cuts the connection.
    Gone,
}

/// A broker on the loopback that cuts the connection again and again.
pub struct FaultyBroker {
    pub port: u16,
    heard: Arc<Mutex<Vec<u64>>>,
}

impl FaultyBroker {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let store = Arc::clone(&heard);
        thread::spawn(move || {
            for (fault, stream) in [Fault::Deaf, Fault::Mute, Fault::Gone].into_iter().cycle().zip(listener.incoming())
            {
                // The end of a connection, wanted or not, is followed by the next.
                let _ = serve(stream.unwrap(), fault, &store);
            }
        });
        Self { port, heard }
    }

    /// The numbers of the mood messages heard, in the order in which they came.
    pub fn heard(&self) -> Vec<u64> {
        self.heard.lock().unwrap().clone()
    }
}

fn serve(mut stream: TcpStream, fault: Fault, heard: &Mutex<Vec<u64>>) -> std::io::Result<()> {
    let (mut input, mut chunk) = (BytesMut::new(), [0; 4096]);
    let mut moods = 0;
    loop {
        while let Ok(packet) = Packet::read(&mut input, 1 << 20) {
            let mut output = BytesMut::new();
            let mut last = false;
            match packet {
                Packet::Connect(_) => {
                    ConnAck::new(ConnectReturnCode::Success, false).write(&mut output).unwrap();
                }
                Packet::Publish(publish) => {
                    let mood = publish.topic.ends_with("/mood");
                    moods += usize::from(mood);
                    last = moods == 10;
                    if last && matches!(fault, Fault::Deaf) {
                        return Ok(());
                    }
                    if mood {
                        heard.lock().unwrap().push(MoodMessage::parse(&publish.payload).unwrap().seq);
                    }
                    if last && matches!(fault, Fault::Mute) {
                        return Ok(());
                    }
                    if publish.pkid != 0 {
                        PubAck::new(publish.pkid).write(&mut output).unwrap();
                    }
                }
                _ => {}
            }
            stream.write_all(&output)?;
            if last {
                return Ok(());
            }
        }
        match stream.read(&mut chunk)? {
            0 => return Ok(()),
            n => input.extend_from_slice(&chunk[..n]),
        }
    }
}
