//! config.txt and cmdline.txt, changed so that a second time changes nothing.
//!
//! In: what stands there, and what the hardware needs. Out: what is to stand there. In config.txt Moodring's
//! lines stand in a block between two marks, which is replaced as a whole; cmdline.txt is one line without
//! comments, so there its own words are taken out and put in again. Nothing fails.

use crate::answers::{Camera, Hardware};

const BEGIN: &str = "# --- moodring begins: written by deploy/pi/flash, which replaces it up to its end ---";
const END: &str = "# --- moodring ends ---";

/// Words of cmdline.txt that are set here, by what they begin with.
const OURS: [&str; 2] = ["ds=nocloud", "cfg80211.ieee80211_regdom="];

/// The lines that the firmware needs.
pub fn firmware(hardware: &Hardware) -> Vec<String> {
    let mut lines: Vec<String> = match &hardware.camera {
        // As on a new card: a module is found by itself, and a webcam needs nothing.
        Camera::Auto | Camera::Module => vec!["camera_auto_detect=1".to_owned()],
        Camera::Usb => Vec::new(),
        Camera::Sensor(name) => vec!["camera_auto_detect=0".to_owned(), format!("dtoverlay={name}")],
    };
    lines.extend(hardware.preset.iter().flat_map(|panel| panel.config_txt.iter().cloned()));
    lines
}

/// config.txt with these lines in Moodring's block, at its end.
pub fn config_txt(old: &str, lines: &[String]) -> String {
    let mut kept = String::new();
    let mut ours = false;
    for line in old.lines() {
        match line.trim_end() {
            BEGIN => ours = true,
            END if ours => ours = false,
            _ if ours => {}
            line => {
                kept.push_str(line);
                kept.push('\n');
            }
        }
    }
    let kept = kept.trim_end();
    let mut new = if kept.is_empty() { String::new() } else { format!("{kept}\n\n") };
    if lines.is_empty() {
        return format!("{}\n", kept);
    }
    // A section such as [cm5] before it must not hold for it.
    new.push_str(&format!("{BEGIN}\n[all]\n"));
    for line in lines {
        new.push_str(line);
        new.push('\n');
    }
    new.push_str(END);
    new.push('\n');
    new
}

/// cmdline.txt with these words of Moodring's, and without those of an earlier time. `first` stand before
/// what another program adds at the end.
pub fn cmdline_txt(old: &str, words: &[String]) -> String {
    let run = words.iter().any(|word| word.starts_with("systemd.run="));
    let keep = |word: &&str| {
        let earlier = OURS.iter().any(|ours| word.starts_with(ours) && words.iter().any(|new| new.starts_with(ours)));
        let ran = word.starts_with("systemd.run=") && (word.contains("/firstrun.sh") || word.contains("/moodring/"));
        let consequence =
            *word == "systemd.unit=kernel-command-line.target" || word.starts_with("systemd.run_success_action=");
        !earlier && !(run && (ran || consequence))
    };
    let mut line: Vec<&str> = old.split_whitespace().filter(keep).collect();
    line.extend(words.iter().map(String::as_str));
    line.join(" ") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answers::Answers;

    const STOCK: &str = "# For more options see http://rptl.io/configtxt\n#dtparam=spi=on\ncamera_auto_detect=1\n\
        arm_64bit=1\n\n[cm5]\ndtoverlay=dwc2,dr_mode=host\n\n[all]\n";

    fn lines(panel: &str, camera: &str) -> Vec<String> {
        let mut answers = Answers::default();
        answers.device.panel = Some(panel.into());
        answers.device.camera = Some(camera.into());
        firmware(&answers.hardware().unwrap())
    }

    #[test]
    fn a_second_time_changes_nothing_and_another_panel_replaces_the_first() {
        let hat = lines("display-hat-mini", "auto");
        let once = config_txt(STOCK, &hat);
        assert!(once.starts_with(STOCK.trim_end()), "{once}");
        assert!(once.ends_with(&format!(
            "{BEGIN}\n[all]\ncamera_auto_detect=1\ndtparam=spi=on\ndtoverlay=spi0-2cs,no_miso\n\
             dtoverlay=pwm,pin=13,func=4\n{END}\n"
        )));
        assert_eq!(config_txt(&once, &hat), once);
        let other = config_txt(&once, &lines("ssd1306", "imx219"));
        assert_eq!(other, config_txt(STOCK, &lines("ssd1306", "imx219")));
        assert!(other.contains("camera_auto_detect=0\ndtoverlay=imx219\n") && !other.contains("no_miso"), "{other}");
        assert_eq!(config_txt(&other, &lines("none", "usb")).trim_end(), STOCK.trim_end());
    }

    #[test]
    fn lines_below_the_block_stay() {
        let mine = config_txt(STOCK, &lines("st7789", "usb")) + "gpu_mem=64\n";
        assert!(config_txt(&mine, &lines("st7789", "usb")).contains("gpu_mem=64\n"));
        let windows = STOCK.replace('\n', "\r\n");
        assert!(!config_txt(&windows, &lines("st7789", "usb")).contains('\r'));
    }

    #[test]
    fn the_kernels_line_stays_one_line_and_the_imagers_words_give_way() {
        let stock = "console=serial0,115200 console=tty1 root=PARTUUID=4e2c8d4a-02 rootwait resize";
        let imager = format!("{stock} cfg80211.ieee80211_regdom=US ds=nocloud;i=rpi-imager-1784124660514\n");
        let words = ["ds=nocloud;i=moodring-7".to_owned(), "cfg80211.ieee80211_regdom=DE".to_owned()];
        let new = cmdline_txt(&imager, &words);
        assert_eq!(new, format!("{stock} ds=nocloud;i=moodring-7 cfg80211.ieee80211_regdom=DE\n"));
        assert_eq!(cmdline_txt(&new, &words), new);
    }

    #[test]
    fn without_a_country_the_one_that_is_there_stays() {
        let new = cmdline_txt("a cfg80211.ieee80211_regdom=US\n", &["ds=nocloud;i=x".to_owned()]);
        assert_eq!(new, "a cfg80211.ieee80211_regdom=US ds=nocloud;i=x\n");
    }

    #[test]
    fn bookworms_words_come_once() {
        let words: Vec<String> = [
            "systemd.run=-/boot/firmware/moodring/enrol",
            "systemd.run=/boot/firmware/firstrun.sh",
            "systemd.run_success_action=reboot",
            "systemd.unit=kernel-command-line.target",
        ]
        .map(str::to_owned)
        .into();
        let old = "a init=/usr/lib/raspberrypi-sys-mods/firstboot systemd.run=/boot/firstrun.sh \
            systemd.run_success_action=reboot systemd.unit=kernel-command-line.target\n";
        let new = cmdline_txt(old, &words);
        assert_eq!(new.matches("firstrun.sh").count(), 1, "{new}");
        assert!(new.starts_with("a init=/usr/lib/raspberrypi-sys-mods/firstboot systemd.run="), "{new}");
        assert_eq!(cmdline_txt(&new, &words), new);
    }
}
