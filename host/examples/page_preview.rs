//! Shows the page with a simulated room: `cargo run -p moodring-host --example page_preview -- one`.
//!
//! Scenes: `empty`, `one`, `many`. A PNG named after the scene is shown as the devices' panel.
//! Prints the page's address and goes on until Ctrl-C.

#[path = "../tests/page/room.rs"]
mod room;

use anyhow::Context;
use room::{Room, Scene};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut words = std::env::args().skip(1);
    let scene = match words.next().as_deref() {
        None | Some("one") => Scene::One,
        Some("empty") => Scene::Empty,
        Some("many") => Scene::Many,
        Some(other) => anyhow::bail!("{other:?} is no scene; use empty, one or many"),
    };
    let dir = std::env::temp_dir().join(format!("moodring-page-preview-{}", std::process::id()));
    let room = Room::begin(&dir, scene).await;
    if let Some(path) = words.next() {
        let png = bytes::Bytes::from(std::fs::read(&path).with_context(|| format!("{path} cannot be read"))?);
        room.state.send_modify(|s| {
            for device in &mut std::sync::Arc::make_mut(s).devices {
                device.screen = 1;
                if let Ok(mut screens) = room.screens.write() {
                    screens.insert(device.id.clone(), (1, png.clone()));
                }
            }
        });
    }
    let bound = moodring_host::web::bind(([127, 0, 0, 1], 0).into()).await?;
    println!("http://{}/", bound.local_addr());
    let served = bound.serve(room.handle.clone(), async {
        let _ = tokio::signal::ctrl_c().await;
    });
    served.await?;
    std::fs::remove_dir_all(&dir).with_context(|| format!("{} cannot be removed", dir.display()))
}
