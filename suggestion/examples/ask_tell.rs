//! Drives any algorithm by lines of JSON on standard input and output, as `qalam ask-tell` does.

use std::io::{BufRead, Write};

use suggestion::ask_tell::Session;

fn main() -> std::io::Result<()> {
    let mut session = Session::default();
    for line in std::io::stdin().lock().lines() {
        let reply = session.answer(&line?);
        let mut out = std::io::stdout().lock();
        writeln!(out, "{}", reply.line)?;
        out.flush()?;
        if reply.closes {
            break;
        }
    }
    Ok(())
}
