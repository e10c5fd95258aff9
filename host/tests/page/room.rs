//! A simulated room for the page: devices, a library of invented tracks, and an `app` that carries
//! out wishes the simple way. No network, no sound; the page cannot tell the difference.

use std::{path::Path, sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use moodring_host::{
    app::{Handle, Screens, Seated},
    decide::{mode::Mode, path::Goal},
    library::{Store, TrackId, sought::sought},
    steer::{Steer, Wish},
    view::{DeviceView, LibraryView, PathView, Paused, PlayingView, PointView, QueuedView, RoomView, State},
};
use moodring_mood::{Confidence, Emotion, Health, Mood, StageTime};
use sqlx::{SqlitePool, sqlite::SqliteConnectOptions};
use tokio::sync::{mpsc, watch};

/// What is going on in the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scene {
    /// Just started: no device, the built-in pieces, nothing plays.
    Empty,
    /// One device, happy, and music.
    One,
    /// Several devices, one of them gone, a scan under way and something wrong.
    Many,
}

/// A title as only an attacker writes it.
pub const HOSTILE: &str = "<script>alert(\"1\")</script>\r\ndata: & 'x'";

const EVERY: [Emotion; 7] = Emotion::ALL;

/// Title, artist, album, seconds, moods.
const TRACKS: [(&str, &str, &str, i64, &[Emotion]); 12] = [
    ("Sunny Steps", "Marla Quint", "Front Porch", 204, &[Emotion::Happy]),
    ("Kites over Brighton", "The Paper Lanterns", "Kites", 187, &[Emotion::Happy, Emotion::Surprise]),
    ("Lemon Peel", "Marla Quint", "Front Porch", 231, &[Emotion::Happy]),
    ("Rain on the Tram", "Olav Breen", "Line 12", 262, &[Emotion::Sad]),
    ("Letters I Kept", "Ines Kovar", "Attic", 244, &[Emotion::Sad, Emotion::Neutral]),
    ("Slow River", "Olav Breen", "Line 12", 318, &[Emotion::Neutral]),
    ("Iron Staircase", "Vantablack Choir", "Forge", 223, &[Emotion::Angry]),
    ("The Cellar Door", "Hollow Pines", "Afterdark", 276, &[Emotion::Fear]),
    ("Jack in the Box", "The Paper Lanterns", "Kites", 149, &[Emotion::Surprise]),
    ("Spoilt Milk", "Vantablack Choir", "Forge", 198, &[Emotion::Disgust, Emotion::Angry]),
    ("Übermorgen früh", "Ines Kovar", "Attic", 4000, &[]),
    (HOSTILE, "<b>Mallory</b>", "", 60, &[Emotion::Neutral]),
];

/// A room that goes on while this lives.
pub struct Room {
    /// What the page is served from.
    pub handle: Handle,
    /// Changes what there is to see.
    pub state: watch::Sender<Arc<State>>,
    /// The panels' pictures.
    pub screens: Screens,
}

impl Room {
    /// Fills a new database in `dir` and begins.
    pub async fn begin(dir: &Path, scene: Scene) -> Self {
        let store = Store::open(dir).await.expect("a new database opens");
        let pool = SqlitePool::connect_with(SqliteConnectOptions::new().filename(dir.join("moodring.db")))
            .await
            .expect("the database opens twice");
        fill(&pool, scene).await.expect("a new database takes tracks");
        let (state, seen) = watch::channel(Arc::new(first(scene)));
        let (all, wishes) = mpsc::channel(8);
        let names: Vec<_> = state.borrow().rooms.iter().map(|room| room.name.clone()).collect();
        let seats = names.into_iter().enumerate().map(|(room, name)| {
            let (steer, mut wished) = mpsc::channel::<Wish>(8);
            let all = all.clone();
            tokio::spawn(async move {
                while let Some(wish) = wished.recv().await {
                    if all.send((room, wish)).await.is_err() {
                        return;
                    }
                }
            });
            Seated { name, steer }
        });
        let seats: Vec<_> = seats.collect();
        let screens = Screens::default();
        tokio::spawn(go_on(state.clone(), wishes, pool));
        Self { handle: Handle::of_rooms(seen, seats, screens.clone(), store), state, screens }
    }
}

/// The first room is what the state says of it at its top.
pub fn mirror(state: &mut State) {
    let (playing, paused, queue) = (state.playing.clone(), state.paused, state.queue.clone());
    if let Some(first) = state.rooms.first_mut() {
        (first.playing, first.paused, first.queue) = (playing, paused, queue);
    }
}

fn room(name: &str, devices: &[DeviceView], mood: Option<Emotion>) -> RoomView {
    let devices = devices.iter().map(|device| device.id.clone()).collect();
    RoomView {
        name: name.to_owned(),
        devices,
        mood,
        volume: 0.6,
        volume_max: 1.0,
        explicit: true,
        ..RoomView::default()
    }
}

/// A lift of which the second track plays.
fn lift(titles: [&str; 4]) -> PathView {
    let at = [(-0.63, -0.27, "sad"), (-0.15, 0.0, "gentle"), (0.35, 0.25, "light"), (0.81, 0.51, "bright")];
    let points = at.into_iter().zip(titles).map(|((valence, arousal, word), title)| PointView {
        valence,
        arousal,
        word,
        title: Some(title.to_owned()),
    });
    PathView {
        goal: Goal::Lift,
        from: Emotion::Sad,
        step: 2,
        points: points.collect(),
        words: "a lift from sad to bright music over 4 tracks, of which the second plays".to_owned(),
        over: false,
    }
}

async fn fill(pool: &SqlitePool, scene: Scene) -> sqlx::Result<()> {
    let rounds = if scene == Scene::Empty { 0 } else { 4 };
    for round in 0..rounds {
        for (i, (title, artist, album, s, moods)) in TRACKS.into_iter().enumerate() {
            if title == HOSTILE && scene != Scene::Many {
                continue;
            }
            let id = (round * TRACKS.len() + i + 1) as i64;
            let album = if round == 0 { album.to_owned() } else { format!("{album} {}", round + 1) };
            sqlx::query("INSERT INTO tracks (id, kind, place, title, artist, album, length_ms, sought) VALUES ($1, 'file', $2, $3, $4, $5, $6, $7)")
                .bind(id)
                .bind(format!("/music/{id}.ogg"))
                .bind(title)
                .bind(artist)
                .bind(&album)
                .bind(s * 1000)
                .bind(sought(artist, &album, title))
                .execute(pool)
                .await?;
            for mood in moods {
                sqlx::query("INSERT INTO track_moods (track_id, emotion) VALUES ($1, $2)")
                    .bind(id)
                    .bind(mood.word())
                    .execute(pool)
                    .await?;
            }
        }
    }
    if scene != Scene::Empty {
        sqlx::query("UPDATE tracks SET problem = 'the file ends in the middle of a frame' WHERE id = 8")
            .execute(pool)
            .await?;
        let now = Timestamp::now().as_millisecond();
        let past = [
            (4, "sad", "sad for 3 min; not played today", 1900),
            (5, "sad", "sad for 1 min; liked", 1500),
            (2, "happy", "happy for 40 s; not played today", 600),
        ];
        for (track, mood, reason, ago) in past {
            sqlx::query(
                "INSERT INTO plays (track_id, mood, reason, started, ended, ending) VALUES ($1, $2, $3, $4, $5, $6)",
            )
            .bind(track)
            .bind(mood)
            .bind(reason)
            .bind(now - ago * 1000)
            .bind(now - ago * 500)
            .bind(if track == 5 { "skipped" } else { "finished" })
            .execute(pool)
            .await?;
        }
        for (track, mood, good, bad) in [
            (1, "happy", 9.3, 0.4),
            (2, "happy", 3.0, 1.0),
            (3, "happy", 1.2, 2.1),
            (4, "sad", 5.0, 0.0),
            (5, "sad", 0.3, 4.4),
        ] {
            sqlx::query(
                "INSERT INTO taste (room, track_id, emotion, good, bad, at) VALUES ('home', $1, $2, $3, $4, $5)",
            )
            .bind(track)
            .bind(mood)
            .bind(good)
            .bind(bad)
            .bind(now)
            .execute(pool)
            .await?;
        }
        began(pool, 1, Timestamp::now()).await?;
    }
    Ok(())
}

async fn began(pool: &SqlitePool, track: i64, at: Timestamp) -> sqlx::Result<()> {
    sqlx::query("UPDATE plays SET ended = $1, ending = 'skipped' WHERE ended IS NULL")
        .bind(at.as_millisecond())
        .execute(pool)
        .await?;
    sqlx::query("INSERT INTO plays (track_id, mood, reason, started) VALUES ($1, 'happy', 'happy for 40 s; not played today', $2)")
        .bind(track)
        .bind(at.as_millisecond())
        .execute(pool)
        .await?;
    Ok(())
}

fn first(scene: Scene) -> State {
    let mut state = State::default();
    if scene == Scene::Empty {
        state.library = LibraryView { tracks: 7, by_emotion: [1; 7], built_in: true, scan: None };
        state.rooms = vec![room("home", &[], None)];
        return state;
    }
    let moods: Vec<_> = TRACKS.iter().map(|t| t.4).collect();
    let fits = |e: &Emotion| {
        moods.iter().filter(|m| m.contains(e) || m.is_empty() && *e == Emotion::Neutral).count() as u64 * 4
    };
    state.library = LibraryView {
        tracks: if scene == Scene::Many { 48 } else { 44 },
        by_emotion: EVERY.map(|e| fits(&e)),
        built_in: false,
        scan: None,
    };
    state.devices = vec![device("living-room", Mood::Happy, 0.83, 2, 260)];
    state.playing = Some(playing(1, Timestamp::now()));
    state.queue = [
        (2, "Kites over Brighton", "The Paper Lanterns"),
        (3, "Lemon Peel", "Marla Quint"),
        (9, "Jack in the Box", "The Paper Lanterns"),
    ]
    .into_iter()
    .zip([
        "happy for 4 min; last played 10 min ago",
        "happy for 4 min; not played today",
        "happy for 4 min; another artist than the last three",
    ])
    .map(|((track, title, artist), reason)| QueuedView {
        track: TrackId(track),
        title: title.to_owned(),
        artist: artist.to_owned(),
        address: None,
        mood: Mood::Happy,
        reason: reason.to_owned(),
    })
    .collect();
    if scene == Scene::Many {
        let mut hall = device("hall", Mood::Nobody, 0.0, 0, 5000);
        hall.health = None;
        let mut attic = device("attic_2", Mood::Sad, 0.61, 1, 90_000);
        attic.online = false;
        if let Some(health) = &mut attic.health {
            health.camera_problem = Some("/dev/video0 is gone: plug the camera in again".to_owned());
        }
        state.devices.extend([hall, attic, device("studio", Mood::Unsure, 0.31, 3, 8)]);
        state.library.scan = Some((412, 1980));
        state.notices = vec![
            "There is no sound device: music plays on in silence. Connect one; it is tried again every 10 s."
                .to_owned(),
            "3 files of /music could not be read; the library names them.".to_owned(),
        ];
        state.playing = state.playing.map(|p| PlayingView { title: HOSTILE.to_owned(), ..p });
        state.rooms = vec![room("home", &state.devices[..3], Some(Emotion::Happy)), {
            let mut studio = room("the studio & bar", &state.devices[3..], Some(Emotion::Sad));
            (studio.mode, studio.quiet, studio.volume_max) = (Mode::Lift, true, 0.4);
            studio.path = Some(lift(["Rain on the Tram", "Slow River", HOSTILE, "Sunny Steps"]));
            studio.playing = Some(PlayingView { mood: Mood::Sad, ..playing(6, Timestamp::now()) });
            studio.sleep_at = Some(Timestamp::now() + SignedDuration::from_mins(28));
            studio
        }];
    } else {
        state.rooms = vec![room("home", &state.devices, Some(Emotion::Happy))];
    }
    mirror(&mut state);
    state
}

fn device(id: &str, mood: Mood, confidence: f32, people: u32, ago_s: i64) -> DeviceView {
    let stages = [("detect", 3.1), ("emotion", 0.6), ("screen", 1.2), ("whole", 4.1)];
    DeviceView {
        id: id.parse().expect("a device id"),
        online: true,
        mood,
        confidence: Confidence::saturating(confidence),
        since: Timestamp::now() - SignedDuration::from_secs(ago_s),
        people,
        paused: false,
        health: Some(Health {
            v: 1,
            at: Timestamp::now(),
            version: "0.1.0".to_owned(),
            uptime_s: 7530,
            fps: 9.97,
            frames_dropped: 12,
            changes_dropped: 0,
            camera_problem: None,
            too_dark: false,
            temperature_c: None,
            instance: String::new(),
            stages: stages.map(|(name, ms)| (name.to_owned(), StageTime { p50: ms, p95: ms * 1.5 })).into(),
        }),
        screen: 0,
    }
}

fn playing(id: i64, started: Timestamp) -> PlayingView {
    let (title, artist, _, s, _) = TRACKS[(id as usize - 1) % TRACKS.len()];
    PlayingView {
        track: TrackId(id),
        title: title.to_owned(),
        artist: artist.to_owned(),
        address: None,
        mood: Mood::Happy,
        reason: "happy for 4 min; not played today".to_owned(),
        liked: false,
        started,
        length_s: Some(s as f64),
        position_s: 0.0,
    }
}

fn queued(track: TrackId) -> QueuedView {
    let PlayingView { title, artist, address, mood, .. } = playing(track.0, Timestamp::now());
    QueuedView { track, title, artist, address, mood, reason: "picked by hand".to_owned() }
}

async fn go_on(state: watch::Sender<Arc<State>>, mut wishes: mpsc::Receiver<(usize, Wish)>, pool: SqlitePool) {
    let mut second = tokio::time::interval(Duration::from_secs(1));
    loop {
        tokio::select! {
            wish = wishes.recv() => match wish {
                None => return,
                Some((room, Wish { what, done })) => {
                    let _ = done.send(carry_out(room, what, &state, &pool).await.map_err(|e| e.to_string()));
                }
            },
            _ = second.tick() => state.send_modify(|s| {
                let s = Arc::make_mut(s);
                if let (Some(playing), Paused::No) = (&mut s.playing, s.paused) {
                    playing.position_s += 1.0;
                }
                mirror(s);
            }),
        }
    }
}

async fn carry_out(room: usize, wish: Steer, state: &watch::Sender<Arc<State>>, pool: &SqlitePool) -> sqlx::Result<()> {
    let now = Timestamp::now();
    let mut next = state.borrow().as_ref().clone();
    if room > 0 || matches!(wish, Steer::Mode(_) | Steer::Volume(_) | Steer::Sleep(_)) {
        in_room(&mut next.rooms[room], &wish, now);
        state.send_replace(Arc::new(next));
        return Ok(());
    }
    let begin = match wish {
        Steer::Skip if !next.queue.is_empty() => Some(next.queue.remove(0).track),
        Steer::Skip => {
            next.playing = None;
            None
        }
        Steer::PlayTrack(track) => Some(track),
        _ => None,
    };
    match wish {
        Steer::Play => next.paused = Paused::No,
        Steer::Pause => next.paused = Paused::ByHand,
        // Of the room alone, or done already.
        Steer::Skip | Steer::PlayTrack(_) | Steer::Mode(_) | Steer::Volume(_) | Steer::Sleep(_) | Steer::Nothing => {}
        Steer::Enqueue { track, first } => {
            next.queue.insert(if first { 0 } else { next.queue.len() }, queued(track));
        }
        Steer::Dequeue { at, track } => {
            if next.queue.get(at).is_none_or(|q| q.track != track) {
                return Err(sqlx::Error::Protocol("what comes next has changed meanwhile".to_owned()));
            }
            next.queue.remove(at);
        }
        Steer::Shift { from, track, to } => {
            if next.queue.get(from).is_none_or(|q| q.track != track) {
                return Err(sqlx::Error::Protocol("what comes next has changed meanwhile".to_owned()));
            }
            let moved = next.queue.remove(from);
            next.queue.insert(to.min(next.queue.len()), moved);
        }
        Steer::Fits { track, add, remove } => {
            let changes = remove.map(|e| (e, false)).into_iter().chain(add.map(|e| (e, true)));
            for (emotion, fits) in changes {
                let sql = if fits {
                    "INSERT INTO track_moods (track_id, emotion) VALUES ($1, $2) ON CONFLICT DO NOTHING"
                } else {
                    "DELETE FROM track_moods WHERE track_id = $1 AND emotion = $2"
                };
                sqlx::query(sql).bind(track.0).bind(emotion.word()).execute(pool).await?;
            }
        }
        Steer::ForgetTaste(emotion) => {
            let sql = "DELETE FROM taste WHERE emotion = $1 OR $1 IS NULL";
            sqlx::query(sql).bind(emotion.map(|e| e.word())).execute(pool).await?;
        }
        Steer::Like { track, liked } => {
            let sql = if liked {
                "INSERT INTO likes (track_id, at) VALUES ($1, 0) ON CONFLICT DO NOTHING"
            } else {
                "DELETE FROM likes WHERE track_id = $1"
            };
            sqlx::query(sql).bind(track.0).execute(pool).await?;
            if let Some(playing) = next.playing.as_mut().filter(|p| p.track == track) {
                playing.liked = liked;
            }
        }
        Steer::NotFor { track, emotion, banned } => {
            let sql = if banned {
                "INSERT INTO bans (track_id, emotion, at) VALUES ($1, $2, 0) ON CONFLICT DO NOTHING"
            } else {
                "DELETE FROM bans WHERE track_id = $1 AND emotion = $2"
            };
            sqlx::query(sql).bind(track.0).bind(emotion.word()).execute(pool).await?;
        }
    }
    if let Some(track) = begin {
        began(pool, track.0, now).await?;
        next.playing = Some(playing(track.0, now));
        next.paused = Paused::No;
    }
    mirror(&mut next);
    state.send_replace(Arc::new(next));
    Ok(())
}

/// What is wished of a room alone.
fn in_room(room: &mut RoomView, wish: &Steer, now: Timestamp) {
    match wish {
        Steer::Play => room.paused = Paused::No,
        Steer::Pause => room.paused = Paused::ByHand,
        Steer::Mode(mode) => {
            room.mode_by_hand = *mode;
            room.mode = mode.unwrap_or_default();
            let titles = ["Rain on the Tram", "Slow River", "Lemon Peel", "Sunny Steps"];
            room.path = (room.mode == Mode::Lift).then(|| lift(titles));
        }
        Steer::Volume(volume) => room.volume = *volume,
        Steer::Sleep(after) => room.sleep_at = after.and_then(|after| now.checked_add(after).ok()),
        _ => {}
    }
}
