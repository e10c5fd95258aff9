//! A real Mosquitto on the loopback, with TLS, passwords and rights, and the certificates for it.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rumqttc::MqttOptions;
use tempfile::TempDir;

use crate::common::{Ear, PATIENCE, device::Device};

/// The password of every user here.
pub const PASSWORD: &str = "let me in";

/// Who may what: each device its own topics, and Home Assistant's; `ear` everything.
const RIGHTS: &str = "user ear\ntopic readwrite #\n\nuser hall\ntopic readwrite moodring/hall/#\n\
                      topic write homeassistant/device/hall/config\ntopic read homeassistant/status\n";

/// Where a program of the Debian package is: its folder is not in everybody's path.
fn program(name: &str) -> PathBuf {
    let places = ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/sbin"];
    let found = places.into_iter().map(|place| Path::new(place).join(name)).find(|path| path.exists());
    found.unwrap_or_else(|| {
        panic!("{name} is not installed, and this test is about the real one: apt install mosquitto")
    })
}

/// An authority, and what it signs, as PEM files in a folder.
pub struct Authority {
    folder: PathBuf,
    name: String,
    issuer: Issuer<'static, KeyPair>,
}

/// From which year to which year (both on 1 January) a certificate is valid.
pub type Years = (i32, i32);

/// Valid today and for long.
pub const VALID: Years = (2020, 2120);

impl Authority {
    pub fn new(folder: &Path, name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([]).unwrap();
        params.distinguished_name.push(DnType::CommonName, format!("{name} authority"));
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap();
        fs::write(folder.join(format!("{name}.pem")), certificate.pem()).unwrap();
        Self { folder: folder.to_owned(), name: name.to_owned(), issuer: Issuer::new(params, key) }
    }

    /// Where its own certificate is.
    pub fn file(&self) -> PathBuf {
        self.folder.join(format!("{}.pem", self.name))
    }

    /// Signs a certificate for `host`; where it and its key are.
    pub fn sign(&self, name: &str, host: &str, (from, to): Years) -> (PathBuf, PathBuf) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([host.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.not_before = date_time_ymd(from, 1, 1);
        params.not_after = date_time_ymd(to, 1, 1);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let files = (self.folder.join(format!("{name}.crt")), self.folder.join(format!("{name}.key")));
        fs::write(&files.0, certificate.pem()).unwrap();
        fs::write(&files.1, key.serialize_pem()).unwrap();
        files
    }
}

/// What a Mosquitto is given.
pub struct Setup {
    pub folder: TempDir,
    pub authority: Authority,
    /// The broker's certificate and key.
    pub identity: (PathBuf, PathBuf),
    /// Whether devices must show a certificate, whose name is then the user.
    pub ask_for_certificate: bool,
}

impl Setup {
    /// With a certificate for `localhost` of these years.
    pub fn new(years: Years) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new(folder.path(), "ca");
        let identity = authority.sign("broker", "localhost", years);
        Self { folder, authority, identity, ask_for_certificate: false }
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let file = self.folder.path().join(name);
        fs::write(&file, text).unwrap();
        file
    }

    /// Where the password lies for a device.
    pub fn password(&self) -> PathBuf {
        self.file("password", &format!("{PASSWORD}\n"))
    }

    pub fn start(self) -> Mosquitto {
        let (plain, tls) = (free_port(), free_port());
        let passwords = self.file("passwords", "");
        for user in ["ear", "hall"] {
            let mut make = Command::new(program("mosquitto_passwd"));
            assert!(make.arg("-b").arg(&passwords).args([user, PASSWORD]).status().unwrap().success());
        }
        let rights = self.file("rights", RIGHTS);
        let (certificate, key) = &self.identity;
        let ask =
            if self.ask_for_certificate { "require_certificate true\nuse_identity_as_username true\n" } else { "" };
        let config = format!(
            "user root\npersistence true\npersistence_location {folder}/\nautosave_interval 0\n\
             per_listener_settings false\nallow_anonymous false\npassword_file {passwords}\nacl_file {rights}\n\
             listener {plain} 127.0.0.1\nlistener {tls} 127.0.0.1\n\
             cafile {ca}\ncertfile {certificate}\nkeyfile {key}\n{ask}",
            folder = self.folder.path().display(),
            passwords = passwords.display(),
            rights = rights.display(),
            ca = self.authority.file().display(),
            certificate = certificate.display(),
            key = key.display(),
        );
        let config = self.file("mosquitto.conf", &config);
        let mut broker = Mosquitto { setup: self, config, plain, tls, child: None };
        broker.start();
        broker
    }
}

/// A running Mosquitto, with a plain listener for ears and one with TLS for devices.
pub struct Mosquitto {
    pub setup: Setup,
    config: PathBuf,
    pub plain: u16,
    pub tls: u16,
    child: Option<Child>,
}

impl Mosquitto {
    pub fn start(&mut self) {
        let log = fs::File::options().create(true).append(true).open(self.config.with_extension("log")).unwrap();
        let mut command = Command::new(program("mosquitto"));
        command.arg("-c").arg(&self.config).stdout(Stdio::null()).stderr(log);
        self.child = Some(command.spawn().unwrap());
        let start = Instant::now();
        while [self.plain, self.tls].iter().any(|&port| TcpStream::connect(("127.0.0.1", port)).is_err()) {
            assert!(start.elapsed() < PATIENCE, "mosquitto does not listen: {}", self.log());
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Stops it as systemd does; it then keeps what it knows in its file.
    pub fn stop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
        child.wait().unwrap();
    }

    fn log(&self) -> String {
        fs::read_to_string(self.config.with_extension("log")).unwrap_or_default()
    }

    /// An ear for everything; the broker keeps for it what it misses.
    pub fn ear(&self) -> Ear {
        let mut options = MqttOptions::new("faithful-ear", "127.0.0.1", self.plain);
        options.set_credentials("ear", PASSWORD).set_clean_session(false);
        Ear::with(options)
    }

    /// Runs the program against the TLS listener; `keys` come on top.
    pub fn device(&self, keys: &[(&str, &str)]) -> Device {
        let ca = self.setup.authority.file();
        let mut all = vec![
            ("mqtt.host", "localhost"),
            ("mqtt.tls.enabled", "true"),
            ("mqtt.tls.ca_file", ca.to_str().unwrap()),
            ("camera.source", "replay"),
            ("health.every_s", "1"),
        ];
        all.extend(keys);
        Device::run(self.tls, &all)
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
