//! Devices that wait to be paired, each with a place for its code, and those that are paired.

use jiff::Timestamp;
use maud::{Markup, html};

use super::super::words;
use crate::pairing::View;

/// "Add a device": nothing where devices cannot be paired.
pub fn pairing(view: Option<&View>, now: Timestamp) -> Markup {
    let Some(view) = view else { return html! { section #pairing hidden {} } };
    let ago = |at: Timestamp| words::span(now.duration_since(at).as_secs());
    html! {
        section #pairing.card aria-labelledby="pairing-head" {
            header { h2 #pairing-head tabindex="-1" { "Add a device" } }
            @if view.waiting.is_empty() {
                p.soft { "Switch the device on, in the same network. Once it has found " b { (view.name) } ", it shows a code, and it appears here." }
            }
            @for one in &view.waiting {
                @let field = format!("code-{}", one.number);
                form.row method="post" action="/api/pairing" {
                    input type="hidden" name="device" value={ "#" (one.number) };
                    label for=(field) {
                        b { (one.device) } " waits at " (one.address) ", for " (ago(one.since)) "."
                        @if one.known { " A device of this name is paired: it would be replaced." }
                    }
                    input id=(field) type="text" name="code" inputmode="numeric" autocomplete="off" required
                        maxlength="9" pattern="[0-9 \\-]*" placeholder="482 913" aria-describedby="pairing-what";
                    button { "Pair" span.sr { " " (one.device) } }
                }
            }
            @if !view.waiting.is_empty() { p #pairing-what.small { "The six digits on the device's screen. They change every ten minutes." } }
            @if !view.paired.is_empty() {
                h3 { "Paired" }
                ul.rows {
                    @for one in &view.paired {
                        li {
                            div.what {
                                b { (one.device) }
                                p.small {
                                    @if one.inside { "connected" }
                                    @else if let Some(seen) = one.seen { "last seen " (ago(seen)) " ago" }
                                    @else { "not seen yet" }
                                    " · paired " (ago(one.since)) " ago"
                                }
                            }
                            form method="post" action={ "/api/pairing/" (one.device) "/revoke" } {
                                button.tiny { "Revoke" span.sr { " " (one.device) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pairing::{PairedView, WaitingView};

    #[test]
    fn what_a_device_calls_itself_cannot_become_markup_and_every_form_is_labelled() {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        let waiting = WaitingView {
            number: 7,
            device: "hall".parse().unwrap(),
            address: "192.0.2.7".to_owned(),
            since: now,
            known: true,
        };
        let paired = PairedView { device: "<b>".to_owned(), since: now, inside: false, seen: None };
        let view = View { name: "<i>".to_owned(), waiting: vec![waiting], paired: vec![paired] };
        let html = pairing(Some(&view), now).into_string();
        assert!(html.contains("&lt;b&gt;") && !html.contains("<i>"));
        assert!(html.contains("label for=\"code-7\"") && html.contains("value=\"#7\"") && html.contains("replaced"));
        assert!(pairing(None, now).into_string().contains("hidden"));
    }
}
