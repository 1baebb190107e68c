//! A terminal for tests: what a person would see after a command drew on it.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How long a screen may take to look as expected.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// A command on a terminal of its own, which `script` of util-linux makes.
pub(crate) struct Screen {
    child: Child,
    keys: ChildStdin,
    drawn: Arc<Mutex<Vec<u8>>>,
    reader: std::thread::JoinHandle<()>,
}

/// Whether this machine has what a screen needs.
pub(crate) fn missing() -> Option<String> {
    let there = Command::new("script").arg("--version").stdout(Stdio::null()).status().is_ok();
    assert!(there || std::env::var_os("CI").is_none(), "script (util-linux) is not installed");
    (!there).then(|| "skipped: script (util-linux) is not installed".to_owned())
}

impl Screen {
    /// Runs the command's program and arguments, in its directory and environment, on 100 columns.
    pub(crate) fn run(command: &Command) -> Screen {
        let mut line = String::from("stty cols 100 rows 30; exec");
        for word in std::iter::once(command.get_program()).chain(command.get_args()) {
            write!(line, " '{}'", word.to_str().unwrap()).unwrap();
        }
        let mut script = Command::new("script");
        script.args(["-qefc", &line, "/dev/null"]).env("TERM", "xterm").env("SHELL", "/bin/sh");
        script.env_remove("NO_COLOR");
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => script.env(name, value),
                None => script.env_remove(name),
            };
        }
        script.current_dir(command.get_current_dir().unwrap());
        script.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = script.spawn().unwrap();
        let keys = child.stdin.take().unwrap();
        let mut output = child.stdout.take().unwrap();
        let drawn = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&drawn);
        let reader = std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut buffer) {
                sink.lock().unwrap().extend_from_slice(&buffer[..count]);
            }
        });
        Screen { child, keys, drawn, reader }
    }

    /// Types.
    pub(crate) fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// What is on the screen.
    pub(crate) fn shows(&self) -> String {
        rendered(&String::from_utf8_lossy(&self.drawn.lock().unwrap()))
    }

    /// Waits until the screen shows the text.
    pub(crate) fn wait(&self, text: &str) {
        self.wait_for(text, 1);
    }

    /// Waits until the screen shows the text so often.
    pub(crate) fn wait_for(&self, text: &str, times: usize) {
        let began = Instant::now();
        while self.shows().matches(text).count() < times {
            assert!(began.elapsed() < WAIT_MAX, "never {text:?} in:\n{}", self.shows());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits for the end; the exit status and the last screen.
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        let status = self.child.wait().unwrap();
        // With the keys gone, too, nothing holds the terminal any more.
        drop(self.keys);
        self.reader.join().unwrap();
        let drawn = self.drawn.lock().unwrap();
        (status.code(), rendered(&String::from_utf8_lossy(&drawn)))
    }
}

/// The lines that stand on a terminal after it got this text: carriage returns, moves up and down,
/// and erasing; colours are passed over.
fn rendered(text: &str) -> String {
    let (mut lines, mut row, mut column) = (vec![Vec::<char>::new()], 0_usize, 0_usize);
    let mut rest = text.chars();
    while let Some(next) = rest.next() {
        match next {
            '\r' => column = 0,
            '\n' => row += 1,
            '\u{1b}' if rest.as_str().starts_with('[') => {
                rest.next();
                let mut number = String::new();
                let last = loop {
                    match rest.next() {
                        Some(it) if it.is_ascii_alphabetic() => break it,
                        Some(it) => number.push(it),
                        None => break ' ',
                    }
                };
                let count: usize = number.parse().unwrap_or(0);
                match last {
                    'A' => row = row.saturating_sub(count.max(1)),
                    'B' => row += count.max(1),
                    'G' => column = count.max(1) - 1,
                    'K' if count == 2 => lines[row].clear(),
                    'K' => lines[row].truncate(column),
                    'J' => {
                        lines[row].truncate(column);
                        lines.truncate(row + 1);
                    }
                    _ => {}
                }
            }
            it if it.is_control() => {}
            it => {
                let line = &mut lines[row];
                line.resize(line.len().max(column + 1), ' ');
                line[column] = it;
                column += 1;
            }
        }
        lines.resize(lines.len().max(row + 1), Vec::new());
    }
    let lines: Vec<String> = lines.iter().map(|it| it.iter().collect::<String>()).collect();
    lines.iter().map(|it| it.trim_end()).collect::<Vec<&str>>().join("\n")
}

#[test]
fn a_screen_shows_what_was_drawn_last() {
    let check = |text: &str, expect: &str| assert_eq!(rendered(text), expect, "{text:?}");
    check("a\r\nb", "a\nb");
    check("long\rab", "abng");
    check("long\r\u{1b}[2Kab\u{1b}[31mc\u{1b}[0m", "abc");
    check("a\r\nb\r\u{1b}[1A\u{1b}[2Kc", "c\nb");
    check("a\r\nb\u{1b}[1A\r\u{1b}[J", "");
}
