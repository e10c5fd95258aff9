//! Numbers as people say them. Pure; nothing can fail.

/// A duration in whole words, `s` in seconds: "a moment", "40 s", "4 min", "2 h 5 min", "3 days".
pub fn span(s: i64) -> String {
    match s {
        ..10 => "a moment".to_owned(),
        10..60 => format!("{} s", s / 10 * 10),
        60..3600 => format!("{} min", s / 60),
        3600..86_400 if s % 3600 < 60 => format!("{} h", s / 3600),
        3600..86_400 => format!("{} h {} min", s / 3600, s % 3600 / 60),
        86_400..172_800 => "a day".to_owned(),
        _ => format!("{} days", s / 86_400),
    }
}

/// A point of a track as a player shows it, `s` in seconds: "0:07", "3:25", "1:02:03".
pub fn clock(s: f64) -> String {
    let s = s.max(0.0) as u64;
    if s < 3600 {
        format!("{}:{:02}", s / 60, s % 60)
    } else {
        format!("{}:{:02}:{:02}", s / 3600, s % 3600 / 60, s % 60)
    }
}

/// "1 track", "2 tracks".
pub fn count(n: u64, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

/// The same, beginning with a capital.
pub fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_said_as_people_say_them() {
        for (s, said) in [
            (-5, "a moment"),
            (9, "a moment"),
            (49, "40 s"),
            (60, "1 min"),
            (3599, "59 min"),
            (3600, "1 h"),
            (7500, "2 h 5 min"),
            (90_000, "a day"),
            (260_000, "3 days"),
        ] {
            assert_eq!(span(s), said);
        }
    }

    #[test]
    fn clocks_are_shown_as_players_show_them() {
        for (s, shown) in [(-1.0, "0:00"), (7.9, "0:07"), (205.0, "3:25"), (3723.0, "1:02:03"), (f64::NAN, "0:00")] {
            assert_eq!(clock(s), shown);
        }
    }

    #[test]
    fn sentences_begin_with_a_capital() {
        assert_eq!(capital("über alles"), "Über alles");
        assert_eq!(capital(""), "");
    }

    #[test]
    fn one_is_not_many() {
        assert_eq!(count(1, "track", "tracks"), "1 track");
        assert_eq!(count(0, "track", "tracks"), "0 tracks");
    }
}
