//! The log-in service: consent, code with PKCE, tokens, refresh.

use axum::{
    Json,
    extract::{Form, Query, State},
    http::StatusCode,
    response::{Html, IntoResponse, Redirect, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::Shared;

#[derive(Deserialize)]
pub struct Asked {
    client_id: String,
    response_type: String,
    redirect_uri: String,
    state: String,
    code_challenge_method: String,
    code_challenge: String,
    #[serde(default)]
    answer: String,
}

/// `GET /authorize`: asks for consent, or gives it at once.
pub async fn authorize(State(shared): State<Shared>, Query(asked): Query<Asked>) -> Response {
    // Since 2025 a redirect goes to a loopback address with a port, or to https.
    let loopback =
        asked.redirect_uri.starts_with("http://127.0.0.1:") || asked.redirect_uri.starts_with("http://[::1]:");
    if !loopback && !asked.redirect_uri.starts_with("https://") {
        return (StatusCode::BAD_REQUEST, "INVALID_CLIENT: Insecure redirect URI").into_response();
    }
    if asked.response_type != "code" || asked.code_challenge_method != "S256" || asked.client_id.is_empty() {
        return (StatusCode::BAD_REQUEST, "unsupported_response_type").into_response();
    }
    let mut world = shared.world();
    let back = |key: &str, value: &str| format!("{}?{key}={value}&state={}", asked.redirect_uri, asked.state);
    if asked.answer == "no" {
        return Redirect::to(&back("error", "access_denied")).into_response();
    }
    if world.options.consents || asked.answer == "yes" {
        let code = format!("secret-code-{}", world.codes.len() + 1);
        world.codes.insert(code.clone(), asked.code_challenge);
        return Redirect::to(&back("code", &code)).into_response();
    }
    Html(
        "<!doctype html><h1>Stand-in for Spotify</h1><p>Moodring asks to play on this account. \
          <script>for (const a of ['yes', 'no']) document.write('<a href=\"' + location.href + '&answer=' + a + \
          '\">' + a + '</a> ')</script>",
    )
    .into_response()
}

#[derive(Deserialize)]
pub struct Grant {
    grant_type: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    code_verifier: String,
    #[serde(default)]
    refresh_token: String,
    #[serde(default)]
    client_id: String,
}

/// `POST /api/token`.
pub async fn token(State(shared): State<Shared>, Form(grant): Form<Grant>) -> Response {
    let refuse = |error: &str, words: &str| {
        (StatusCode::BAD_REQUEST, Json(json!({ "error": error, "error_description": words }))).into_response()
    };
    if grant.client_id.is_empty() {
        return refuse("invalid_client", "Invalid client");
    }
    let mut world = shared.world();
    world.calls.push(format!("POST /api/token {}", grant.grant_type));
    if let Some(crate::Kind::Status { status, .. }) = world.fault("/api/token") {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        return (status, Json(json!({ "error": "server_error" }))).into_response();
    }
    let (access, refresh) = match grant.grant_type.as_str() {
        "authorization_code" => {
            let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(grant.code_verifier.as_bytes()));
            if world.codes.remove(&grant.code) != Some(challenge) {
                return refuse("invalid_grant", "code_verifier was incorrect");
            }
            let (access, refresh) = world.issue();
            (access, Some(refresh))
        }
        "refresh_token" => match world.renew(&grant.refresh_token) {
            Some(tokens) => tokens,
            None => return refuse("invalid_grant", "Refresh token revoked"),
        },
        _ => return refuse("unsupported_grant_type", "grant_type must be authorization_code or refresh_token"),
    };
    let mut answer = json!({ "access_token": access, "token_type": "Bearer", "expires_in": world.options.token_seconds,
                             "scope": "user-read-private user-modify-playback-state" });
    if let Some(refresh) = refresh {
        answer["refresh_token"] = refresh.into();
    }
    Json(answer).into_response()
}
