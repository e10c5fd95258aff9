//! The same users and rights for Mosquitto: a password file and an `acl_file`.
//!
//! In: the users. Out: two texts, and the files, which only their owner may read. Fails when they cannot be
//! written. The format of passwords is Mosquitto's `$7$`: PBKDF2 with SHA-512.

use std::{fs, io, io::Write, num::NonZeroU32, os::unix::fs::OpenOptionsExt, path::Path};

use base64::{Engine, engine::general_purpose::STANDARD};
use ring::{
    pbkdf2,
    rand::{SecureRandom, SystemRandom},
};

use super::rights::{acl_of_client, acl_of_device, acl_of_host};
use crate::library::users::{Kind, User};

/// Mosquitto's own number; the passwords are random, so that more would cost without a gain.
const ROUNDS: NonZeroU32 = NonZeroU32::new(101).expect("it is above 0");

/// A password as Mosquitto keeps it.
///
/// # Panics
/// The system has no random numbers.
pub fn hashed(password: &str) -> String {
    let mut salt = [0; 12];
    SystemRandom::new().fill(&mut salt).expect("the system has random numbers");
    let mut hash = [0; 64];
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA512, ROUNDS, &salt, password.as_bytes(), &mut hash);
    format!("$7${ROUNDS}${}${}", STANDARD.encode(salt), STANDARD.encode(hash))
}

/// The password file: every user, and this program's own login where it has one.
pub fn passwords(users: &[User], own: Option<(&str, &str)>) -> String {
    let own = own.map(|(name, password)| format!("{name}:{}\n", hashed(password)));
    own.into_iter().chain(users.iter().map(|user| format!("{}:{}\n", user.name, user.mosquitto))).collect()
}

/// The rights, user by user: Mosquitto lets nobody do what no line says.
pub fn rights(users: &[User], own: Option<&str>) -> String {
    let mut acl = "# Written by moodring-host mosquitto: it is written anew with each device.\n".to_owned();
    if let Some(own) = own {
        acl += &format!("\nuser {own}\n{}", acl_of_host());
    }
    for user in users {
        let rights = match user.kind {
            Kind::Device => acl_of_device(&user.name),
            Kind::Client => acl_of_client(false),
            Kind::Reader => acl_of_client(true),
        };
        acl += &format!("\nuser {}\n{rights}", user.name);
    }
    acl
}

/// Writes `passwords` and `acl` into a folder; who reads meanwhile sees the old files or the new ones.
///
/// # Errors
/// They cannot be written.
pub fn write(folder: &Path, users: &[User], own: Option<(&str, &str)>) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let acl = rights(users, own.map(|(name, _)| name));
    for (name, text) in [("passwords", passwords(users, own)), ("acl", acl)] {
        let beside = folder.join(format!(".{name}.new"));
        let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o640).open(&beside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, folder.join(name))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn user(name: &str, kind: Kind) -> User {
        super::super::gate::new_user(name, kind, Timestamp::UNIX_EPOCH).0
    }

    #[test]
    fn passwords_are_hashed_as_mosquitto_does_it() {
        let text = passwords(&[user("hall", Kind::Device)], Some(("host", "geheim")));
        assert!(text.starts_with("host:$7$101$") && text.contains("\nhall:$7$101$") && !text.contains("geheim"));
        let parts: Vec<_> = text.lines().next().unwrap().split('$').collect();
        let (salt, hash) = (STANDARD.decode(parts[3]).unwrap(), STANDARD.decode(parts[4]).unwrap());
        assert_eq!((salt.len(), hash.len()), (12, 64));
        assert!(pbkdf2::verify(pbkdf2::PBKDF2_HMAC_SHA512, ROUNDS, &salt, b"geheim", &hash).is_ok());
        assert_ne!(hashed("x"), hashed("x"), "salted");
    }

    #[test]
    fn each_user_has_its_own_rights() {
        let users = [user("hall", Kind::Device), user("ha", Kind::Client), user("eye", Kind::Reader)];
        let acl = rights(&users, Some("host"));
        let of = |name: &str| acl.split(&format!("user {name}\n")).nth(1).unwrap().split("\nuser ").next().unwrap();
        assert!(of("hall").contains("topic write moodring/hall/mood\n") && !of("hall").contains('%'));
        assert!(
            !of("hall").contains("write moodring/hall/now_playing")
                && of("host").contains("write moodring/+/now_playing")
        );
        assert!(of("ha").contains("topic write moodring/+/set/+") && !of("eye").contains("write"));
    }

    #[test]
    fn the_files_are_for_their_owner() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        write(&folder.path().join("m"), &[user("hall", Kind::Device)], None).unwrap();
        for name in ["passwords", "acl"] {
            let mode = fs::metadata(folder.path().join("m").join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o007, 0, "{name}");
        }
    }
}
