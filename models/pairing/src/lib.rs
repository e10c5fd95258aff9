//! How a device and a host that never met find out that they mean each other.
//!
//! The device shows a six-digit code; somebody types it on the host's page. Both prove to each other
//! that they know it, without saying it: OPAQUE ([`pake`], RFC 9807), in which the device is the server
//! and registers its code with itself. What they prove is bound to the one TLS connection on which they
//! talk ([`tls`], RFC 9266), so that nobody sits between them. Then the host hands over credentials, and
//! the device keeps the fingerprint of the host's key ([`wire`]). How often a code may be guessed is
//! decided by [`code`] and [`limits`], which are pure: time is a parameter. Where a host is announced:
//! [`service`]. No cryptography is invented here.

pub mod code;
pub mod limits;
pub mod pake;
pub mod service;
pub mod tls;
pub mod wire;

pub use code::{Code, Codes, Refused, Showing};
pub use tls::Fingerprint;
