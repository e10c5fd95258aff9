//! Backup, restore and upgrade, by the program itself.

use std::{
    os::unix::fs::{MetadataExt, PermissionsExt},
    process::Command,
};

use sqlx::{SqlitePool, sqlite::SqliteConnectOptions};

use crate::{
    library::SCHEMAS,
    program::{command, get, output, post, run, says, until_state},
    support::Home,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_made_while_it_runs_and_put_back_when_it_does_not() {
    let home = Home::with(&[("happy/sun.wav", 60.0)]);
    let file = home.state().join("../backup.tar.gz");
    let name = file.to_str().unwrap();
    let program = run(&home);
    until_state(&program.page, "\"tracks\":1").await;
    let tracks = get(&program.page, "/api/tracks");
    let id: String = tracks.split("\"id\":").nth(1).unwrap().chars().take_while(char::is_ascii_digit).collect();
    let like = |liked: &str| {
        let answer = post(&program.page, &format!("/api/tracks/{id}/like"), &format!("{{\"liked\":{liked}}}"));
        assert!(answer.contains("\"ok\""), "{answer}");
    };
    like("true");
    let (made, said) = says(&home, &["backup", name]);
    assert!(made && said.contains("KiB: the database"), "{said}");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let (twice, said) = says(&home, &["backup", name]);
    assert!(!twice && said.contains("is there already"), "{said}");

    let (restored, said) = says(&home, &["restore", name]);
    assert!(!restored && said.contains("runs already") && said.contains("stop it first"), "{said}");
    let (second, said) = says(&home, &["run"]);
    assert!(!second && said.contains("runs already"), "one at a time: {said}");
    like("false");
    drop(program);

    let (restored, said) = says(&home, &["restore", name]);
    assert!(restored && said.contains("is put back; what it replaced is in"), "{said}");
    let program = run(&home);
    until_state(&program.page, "\"tracks\":1").await;
    assert!(get(&program.page, "/api/tracks?q=sun").contains("\"liked\":true"));
    let (missing, said) = says(&home, &["restore", "/nowhere.tar.gz"]);
    assert!(!missing && said.contains("cannot read /nowhere.tar.gz"), "{said}");
}

#[test]
#[ignore = "needs an /etc of its own, which containers may lack: make network-check"]
fn settings_that_are_found_where_they_usually_are_belong_into_the_backup() {
    let home = Home::with(&[]);
    assert!(says(&home, &["why"]).0, "makes a database");
    let file = home.dir.path().join("backup.tar.gz");
    let backup = command(&home, &["backup", file.to_str().unwrap()]);
    let place = "mount -t tmpfs none /etc && mkdir /etc/moodring && echo '[music]' >/etc/moodring/host.toml";
    let mut alone = Command::new("unshare");
    alone.args(["--user", "--map-root-user", "--mount", "sh", "-c", &format!("{place} && exec \"$0\" \"$@\"")]);
    alone.arg(backup.get_program()).args(backup.get_args());
    alone.envs(backup.get_envs().filter_map(|(name, value)| Some((name, value?))));
    // Nobody says where they are.
    alone.env_remove("MOODRING_HOST_CONFIG");
    let (made, said) = output(alone);
    assert!(made.status.success() && said.contains("KiB: the database, the settings"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_running_program_says_that_it_works() {
    let home = Home::with(&[]);
    let program = run(&home);
    let asked = |at: &str| {
        let mut asked = command(&home, &["healthz"]);
        asked.env("MOODRING_HOST__WEB__LISTEN", at);
        output(asked)
    };
    let (works, said) = asked(&program.page);
    assert!(works.status.success() && said == "ok\n", "{said}");
    let everywhere = format!("0.0.0.0:{}", program.page.rsplit(':').next().unwrap());
    assert!(asked(&everywhere).0.status.success());
    let at = program.page.clone();
    drop(program);
    let (gone, said) = asked(&at);
    assert!(!gone.status.success() && said.contains("does not answer at 127.0.0.1"), "{said}");
}

/// A home with a database as the oldest program left it.
async fn of_old() -> Home {
    let home = Home::with(&[]);
    std::fs::create_dir(home.state()).unwrap();
    let file = SqliteConnectOptions::new().filename(home.state().join("moodring.db"));
    let pool = SqlitePool::connect_with(file.create_if_missing(true).foreign_keys(false)).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(SCHEMAS[0])).execute(&pool).await.unwrap();
    pool.close().await;
    home
}

fn copies(home: &Home) -> Vec<std::path::PathBuf> {
    let names = std::fs::read_dir(home.state()).unwrap().map(|entry| entry.unwrap().path());
    names.filter(|path| path.display().to_string().contains(".before-schema-")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_is_kept_before_an_older_database_is_changed() {
    let home = of_old().await;
    let mut why = command(&home, &["why"]);
    why.env("RUST_LOG", "info");
    let (upgraded, said) = output(why);
    assert!(upgraded.status.success() && said.contains("a copy as it was is"), "{said}");
    let [copy] = &copies(&home)[..] else { panic!("{:?}", copies(&home)) };
    assert_eq!(std::fs::metadata(copy).unwrap().mode() & 0o777, 0o600);
    let pool = SqlitePool::connect_with(SqliteConnectOptions::new().filename(copy).read_only(true)).await.unwrap();
    let schema: i64 = sqlx::query_scalar("SELECT MAX(version) FROM _sqlx_migrations").fetch_one(&pool).await.unwrap();
    let plays: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM plays").fetch_one(&pool).await.unwrap();
    assert_eq!((schema, plays), (1, 2));
    pool.close().await;
    assert!(says(&home, &["why"]).0);
    assert_eq!(copies(&home).len(), 1, "what is up to date is not copied");
}

/// The same where no file may have more than so many blocks of 512 bytes, which is met as a full disk is.
fn cramped(program: &Command, blocks: u32) -> Command {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\""));
    shell.arg(program.get_program()).args(program.get_args());
    shell.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_there_is_no_room_for_is_not_called_damaged() {
    let home = Home::with(&[]);
    let file = home.state().join("../backup.tar.gz");
    let name = file.to_str().unwrap();
    drop(run(&home));
    assert!(says(&home, &["backup", name]).0);
    let kept = home.state().join("moodring.db");
    let before = std::fs::read(&kept).unwrap();
    let (refused, said) = output(cramped(&command(&home, &["restore", name]), 80));
    assert!(!refused.status.success() && said.contains("there is no room to unpack"), "{said}");
    assert!(std::fs::read(&kept).unwrap() == before, "the database is as it was");
    assert!(says(&home, &["restore", name]).0, "with room, it goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_room_for_the_copy_nothing_is_changed() {
    let home = of_old().await;
    let file = home.state().join("moodring.db");
    let before = std::fs::read(&file).unwrap();
    // Room for what SQLite keeps beside an open database (32 KiB), and for no copy of one that is larger.
    assert!(before.len() > 48 * 1024, "{}", before.len());
    let (refused, said) = output(cramped(&command(&home, &["why"]), 80));
    assert!(!refused.status.success(), "{said}");
    assert!(said.contains("no copy of it can be kept") && said.contains("nothing was changed"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(copies(&home).is_empty());
    let pool = SqlitePool::connect_with(SqliteConnectOptions::new().filename(&file)).await.unwrap();
    let schema: i64 = sqlx::query_scalar("SELECT MAX(version) FROM _sqlx_migrations").fetch_one(&pool).await.unwrap();
    assert_eq!(schema, 1);
    pool.close().await;
    assert!(says(&home, &["why"]).0, "with room, it goes on");
}
