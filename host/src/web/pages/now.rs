//! The first page: the mood of the room, what plays and why, what comes next.

use axum::{http::HeaderMap, response::Html};
use jiff::Timestamp;
use maud::html;

use super::{
    super::{api::InRoom, parts, refusal::Refusal, seen::Seen},
    Page, frame, served,
};
use crate::pairing::Pairing;

/// `GET /`.
pub async fn now(InRoom(handle): InRoom, headers: HeaderMap) -> Result<Html<String>, Refusal> {
    let written = async {
        let plays = parts::plays(&handle).await?;
        let state = handle.state.borrow().clone();
        let (seen, now) = (Seen { state: &state, room: handle.room() }, Timestamp::now());
        let body = html! {
            (parts::told(seen))
            (parts::rooms(seen))
            main.now {
                (parts::notices(&state))
                (parts::devices(seen, now))
                (parts::pairing(handle.pairing().map(Pairing::view).as_ref(), now))
                (parts::player(seen))
                (parts::next(seen))
                (parts::manner(seen, now))
                (parts::history(seen, &plays, now))
            }
        };
        Ok(frame(Some(Page::Now), &parts::title(seen), &body, Some(seen)).into_string())
    };
    served(written.await, &headers)
}
