//! The password and the tokens, set on the terminal while the program runs.

use std::{
    io::{Read, Write},
    net::TcpStream,
    process::{Command, Output, Stdio},
};

use crate::{
    program::{command, run, says},
    support::{Home, LONG},
};

/// Asks as somebody beyond this machine does, through a proxy.
fn ask(page: &str, line: &str, headers: &[&str], body: &str) -> String {
    let mut stream = TcpStream::connect(page).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    let about = format!("Content-Type: application/json\r\nContent-Length: {}", body.len());
    let far = "X-Forwarded-For: 203.0.113.9\r\nConnection: close";
    write!(stream, "{line} HTTP/1.1\r\nHost: {page}\r\n{far}\r\n{headers}{about}\r\n\r\n{body}").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn told(home: &Home, arguments: &[&str], input: &[u8]) -> (Output, String) {
    let mut told: Command = command(home, arguments);
    let mut told = told.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Whoever refuses early does not read to the end.
    let _ = told.stdin.take().unwrap().write_all(input);
    let output = told.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    (output, said)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_password_is_set_on_the_terminal_while_the_program_runs() {
    let home = Home::with(&[("happy/sun.wav", 1.0)]);
    let program = run(&home);
    let page = &program.page;
    let (worked, code) = says(&home, &["password", "--setup-code"]);
    assert!(worked && code.trim().len() == 9, "{code}");
    assert_eq!(says(&home, &["password", "--setup-code"]).1, code, "it stays until it is used");
    for (input, says) in [
        (&b"short\n"[..], "the password has 5 characters; use 8 or more"),
        (b"", "0 characters"),
        (&[b'x'; 4000], "at most 1024"),
        (&[0xff; 20], "UTF-8"),
    ] {
        let (output, said) = told(&home, &["password", "--stdin"], input);
        assert!(!output.status.success() && said.contains(says), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    let (output, said) = told(&home, &["password"], b"");
    assert!(!output.status.success() && said.contains("use --stdin"), "{said}");
    let (output, said) = told(&home, &["password", "--stdin"], b"nine wet umbrellas\n");
    assert!(output.status.success() && said.contains("the password is set"), "{said}");
    let (worked, said) = says(&home, &["password", "--setup-code"]);
    assert!(!worked && said.contains("a password is set already"), "{said}");

    let answer = ask(page, "POST /login", &[], "{\"password\":\"nine wet umbrellas\"}");
    let cookie = answer.split("set-cookie: ").nth(1).expect(&answer).split(';').next().unwrap().to_owned();
    let cookie = format!("Cookie: {cookie}");
    assert!(ask(page, "GET /api/state", &[&cookie], "").contains("200 OK"));
    let (_, said) = told(&home, &["password", "--stdin"], b"another nine umbrellas\n");
    assert!(said.contains("1 who were logged in are so no more"), "{said}");
    assert!(ask(page, "GET /api/state", &[&cookie], "").contains("401 Unauthorized"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_made_listed_and_removed_on_the_terminal() {
    let home = Home::with(&[("happy/sun.wav", 1.0)]);
    let program = run(&home);
    assert!(says(&home, &["token", "list"]).1.contains("there are no tokens"));
    let (output, _) = told(&home, &["token", "add", "home-assistant"], b"");
    let token = String::from_utf8(output.stdout).unwrap();
    assert!(token.starts_with("moodring_") && token.ends_with('\n'), "nothing else, for scripts: {token}");
    let bearer = format!("Authorization: Bearer {}", token.trim());
    assert!(ask(&program.page, "GET /api/state", &[&bearer], "").contains("200 OK"));
    let (worked, said) = says(&home, &["token", "add", "home-assistant"]);
    assert!(!worked && said.contains("there is a token \"home-assistant\" already"), "{said}");
    let (worked, said) = says(&home, &["token", "add", "a\nb"]);
    assert!(!worked && said.contains("is no name for a token"), "{said}");
    let (_, said) = says(&home, &["token", "list"]);
    assert!(said.contains("home-assistant") && said.contains("last used") && !said.contains(token.trim()), "{said}");
    assert!(says(&home, &["token", "remove", "home-assistant"]).0);
    assert!(ask(&program.page, "GET /api/state", &[&bearer], "").contains("401 Unauthorized"));
    let (worked, said) = says(&home, &["token", "remove", "home-assistant"]);
    assert!(!worked && said.contains("there is no token \"home-assistant\""), "{said}");
}
