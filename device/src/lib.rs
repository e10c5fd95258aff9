//! The device: a camera's frames come in; a mood goes out to a small screen and over MQTT.
//!
//! The modules stand in the order in which a frame meets them. Arrows run one way: the command
//! line on the configuration, the pipeline on all parts, no part on the pipeline. Everything that
//! fails while running (camera, screen, broker) is shown and retried; only a mistake that a
//! person must mend (configuration, a missing library or model) ends the program.

pub mod cli;

pub mod config;

pub mod pipeline;

pub mod order;

pub mod shutter;

mod durable;

pub mod privacy;

pub mod reload;

pub mod camera;

pub mod frame;

pub mod still;

pub mod track;

pub mod see;

pub mod read;

pub mod golden;

pub mod bench;

pub mod mood;

pub mod trace;

pub mod pin;

pub mod buttons;

pub mod display;

pub mod screen;

pub mod wiring;

pub mod pairing;

pub mod publish;

pub mod health;

pub mod machine;

pub mod daemon;

pub mod journal;

pub mod doctor;
