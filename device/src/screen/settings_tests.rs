//! What can be set, and what cannot.

use super::*;

fn wired(name: &str) -> ScreenSettings {
    ScreenSettings { panel: PanelKind::Wired(Preset::named(name).unwrap()), ..ScreenSettings::default() }
}

#[test]
fn a_name_is_a_whole_wiring_and_each_value_can_be_overridden() {
    let hat = wired("display-hat-mini").wiring().unwrap();
    assert_eq!((hat.size, hat.rotation, hat.dc, hat.reset, hat.backlight), (ScreenSize::Wide, 270, 9, None, Some(13)));
    assert_eq!(hat.spi, PathBuf::from("/dev/spidev0.1"));
    let text = r#"
        panel = "waveshare-1.3-lcd"
        [wiring]
        spi = "/dev/spidev1.0"
        speed_hz = 1000000
        dc = 4
        reset = "none"
        backlight = 12
        gpio_chip = "pinctrl-rp1"
        rotation = 180
        mirrored = true
        inverted = false
        colour_order = "bgr"
        offset = [0, 80]
        chunk = 64
    "#;
    let wiring = toml::from_str::<ScreenSettings>(text).unwrap().wiring().unwrap();
    let expected = Wiring {
        preset: Preset::named("waveshare-1.3-lcd").unwrap(),
        size: ScreenSize::Square,
        spi: "/dev/spidev1.0".into(),
        speed_hz: 1_000_000,
        dc: 4,
        reset: None,
        backlight: Some(12),
        gpio_chip: Some("pinctrl-rp1".to_owned()),
        rotation: 180,
        mirrored: true,
        inverted: false,
        colour_order: ColourOrder::Bgr,
        offset: [0, 80],
        chunk: Some(64),
    };
    assert_eq!(wiring, expected);
}

#[test]
fn settings_that_cannot_be_are_named() {
    assert_eq!(ScreenSettings::default().check(), Ok(()));
    let wrong = |name: &str, change: fn(&mut ScreenSettings)| {
        let mut settings = wired(name);
        change(&mut settings);
        settings.check().unwrap_err()
    };
    let says = |text: String, beginning: &str| assert!(text.starts_with(beginning), "{text}");
    says(wrong("st7789", |s| s.wiring.rotation = Some(45)), "screen.wiring.rotation is 45");
    says(
        wrong("display-hat-mini", |s| s.wiring.rotation = Some(0)),
        "screen.wiring.rotation is 0; the panel is 240 wide",
    );
    says(wrong("ssd1306", |s| s.wiring.rotation = Some(90)), "screen.wiring.rotation is 90");
    says(wrong("st7789", |s| s.wiring.speed_hz = Some(1)), "screen.wiring.speed_hz is 1;");
    says(wrong("st7789", |s| s.wiring.chunk = Some(1)), "screen.wiring.chunk is 1;");
    says(wrong("st7789", |s| s.wiring.offset = Some([0, 81])), "screen.wiring.offset is [0, 81]");
    says(wrong("sh1106", |s| s.wiring.offset = Some([5, 0])), "screen.wiring.offset is [5, 0]");
    says(wrong("st7789", |s| s.size = Some(ScreenSize::Mono)), "screen.size is 128x64");
    says(wrong("sh1106", |s| s.size = Some(ScreenSize::Square)), "screen.size is 240x240; the panel sh1106 has 128x64");
    says(wrong("st7789", |s| s.wiring.dc = Some(11)), "screen.wiring.dc is 11, which is SPI's clock");
    says(wrong("st7789", |s| s.wiring.reset = Some(Pin::Gpio(25))), "screen.wiring.reset is 25, which is dc already");
    says(wrong("st7789", |s| s.backlight.brightness = 101), "screen.backlight.brightness is 101");
    // On another bus these pins are free.
    let mut other = wired("st7789");
    (other.wiring.spi, other.wiring.dc) = (Some("/dev/spidev1.0".into()), Some(11));
    assert_eq!(other.check(), Ok(()));
}

#[test]
fn a_name_that_is_none_is_answered_with_those_that_are() {
    let read = |text: &str| toml::from_str::<ScreenSettings>(text);
    let error = read("panel = \"st7735\"").unwrap_err().to_string();
    for name in ["sim", "none", "display-hat-mini", "ili9341", "sh1106"] {
        assert!(error.contains(&format!("`{name}`")), "{error}");
    }
    assert_eq!(read("panel = \"none\"").unwrap().panel, PanelKind::None);
    for pin in ["-1", "\"x\"", "4294967296", "true"] {
        let error = read(&format!("[wiring]\nreset = {pin}")).unwrap_err().to_string();
        assert!(error.contains("the number of a GPIO, or \"none\""), "{error}");
    }
}

#[test]
fn sizes_are_words() {
    for size in ScreenSize::ALL {
        assert_eq!(size.word().parse(), Ok(size));
        assert_eq!(serde_json::to_value(size).unwrap(), size.word());
    }
    assert!("1x1".parse::<ScreenSize>().unwrap_err().contains("240x240, 320x240, 128x64"));
}
