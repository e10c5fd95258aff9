//! The panel: opens it and shows the test picture, which only a person can judge.
//!
//! In: `[screen]`. Out: a finding that asks to look at the panel. What fails is the panel, and its
//! message says what to do.

use super::{Finding, user::User};
use crate::screen::{PanelError, PanelKind, Screen, ScreenSettings, show_test};

/// The finding, and the screen, which shows the test picture while it is kept.
pub(super) fn examine(settings: &ScreenSettings, user: &User) -> (Option<Screen>, Finding) {
    match show_test(settings) {
        Ok(screen) => (Some(screen), judge(settings, Ok(()), user)),
        Err(why) => (None, judge(settings, Err(why), user)),
    }
}

fn judge(settings: &ScreenSettings, shown: Result<(), PanelError>, user: &User) -> Finding {
    let shown = match shown {
        Err(why) => {
            let finding = Finding::bad("screen", settings.panel.word(), why.to_string());
            return match why {
                PanelError::NotAllowed { group, .. } => Finding { remedy: user.join(group).into(), ..finding },
                PanelError::PinBusy { .. } => finding
                    .with("sudo systemctl stop moodring-device      # if it is the device itself; then look again"),
                _ => finding,
            };
        }
        Ok(()) => settings,
    };
    match (shown.panel, &shown.png) {
        (PanelKind::None, _) => {
            Finding::note("screen", "none", "no panel is configured: [screen] panel in the configuration")
        }
        (PanelKind::Sim, Some(png)) => {
            Finding::good("screen", format!("simulated; its test picture is in {}", png.display()))
        }
        (PanelKind::Sim, None) => Finding::good("screen", "simulated: it is drawn on the host's page"),
        _ => Finding::good(
            "screen",
            "it takes pictures. Now look at it: TOP is at the top, RED is red, BLACK is black, and a thin frame runs \
             along all four sides. Where it does not, the picture names the key that mends it.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Verdict, user::with_files},
        *,
    };

    #[test]
    fn a_panel_says_what_it_is_and_a_file_that_cannot_be_written_is_named() {
        let (root, user) = with_files(&[]);
        let mut settings = ScreenSettings { panel: PanelKind::Sim, ..ScreenSettings::default() };
        assert!(examine(&settings, &user).1.found.contains("page"));
        let png = root.path().join("test.png");
        settings.png = Some(png.clone());
        assert_eq!(examine(&settings, &user).1.verdict, Verdict::Good);
        assert!(png.exists(), "the test picture is there to be looked at");
        settings.png = Some(root.path().join("no/such/folder/test.png"));
        let (_, finding) = examine(&settings, &user);
        assert!(finding.verdict == Verdict::Bad && finding.problem.unwrap().contains("no/such/folder"));
        settings.panel = PanelKind::None;
        assert_eq!(examine(&settings, &user).1.verdict, Verdict::Note);
    }

    #[test]
    fn a_pin_or_bus_that_is_not_for_this_user_says_what_to_type() {
        let (_root, user) = with_files(&[
            ("proc/self/status", "Uid:\t1000\t1000\t1000\t1000\n"),
            ("etc/passwd", "pi:x:1000:1000::/home/pi:/bin/bash\n"),
        ]);
        let error = PanelError::NotAllowed { path: "/dev/gpiochip0".into(), group: "gpio" };
        let finding = judge(&ScreenSettings::default(), Err(error), &user);
        assert_eq!(finding.remedy[0], "sudo usermod -aG gpio pi");
    }
}
