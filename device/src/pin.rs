//! A GPIO in the configuration that need not be wired: its number, or `"none"`.

use serde::{Deserialize, Deserializer, de};

/// A pin that need not be wired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pin {
    /// Not wired: `"none"`.
    None,
    /// This GPIO.
    Gpio(u32),
}

impl<'de> Deserialize<'de> for Pin {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Pin;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("the number of a GPIO, or \"none\"")
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Pin, E> {
                let wrong = || de::Error::invalid_value(de::Unexpected::Signed(number), &self);
                u32::try_from(number).map(Pin::Gpio).map_err(|_| wrong())
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Pin, E> {
                let wrong = || de::Error::invalid_value(de::Unexpected::Unsigned(number), &self);
                u32::try_from(number).map(Pin::Gpio).map_err(|_| wrong())
            }

            fn visit_str<E: de::Error>(self, word: &str) -> Result<Pin, E> {
                if word == "none" {
                    return Ok(Pin::None);
                }
                Err(de::Error::invalid_value(de::Unexpected::Str(word), &self))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}
