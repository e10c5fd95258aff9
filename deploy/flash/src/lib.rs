//! Prepares a card with stock Raspberry Pi OS Lite so that its first boot makes a Moodring of it.
//!
//! In: answers, packages, and a boot partition (in an image, on a card, or mounted). Out: the files on that
//! partition. What can fail is told by each part; nothing is changed before everything was looked at.

pub mod cli;

pub mod answers;

pub mod ask;

pub mod panels;

pub mod secret;

pub mod quote;

pub mod boot;

pub mod fat;

pub mod os;

pub mod package;

pub mod lines;

pub mod cloud_init;

pub mod device_toml;

pub mod plan;

pub mod image;

pub mod card;

pub mod manifest;

pub mod progress;

#[cfg(test)]
mod stock;

#[cfg(test)]
mod first_boot_tests;

#[cfg(test)]
mod setup_tests;
