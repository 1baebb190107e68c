//! `qalam ask-tell`: any search algorithm for any language, by lines of JSON.

use std::io::{BufRead, Write};

use clap::Args;
use suggestion::ask_tell::Session;

use super::failure::Failure;

/// Arguments of `qalam ask-tell`.
#[derive(Args, Debug)]
#[command(
    after_help = "Reads one request a line from standard input, and answers each with one line. Everything is
minimised; ids are given in the order of asking. docs/ask-tell.md has every field.

Example (requests, and below each its answer):
  {\"op\":\"init\",\"algorithm\":\"auto\",\"seed\":1,\"space\":[{\"name\":\"lr\",\"type\":\"double\",\"lo\":1e-5,\"hi\":0.1,\"log\":true}]}
    {\"ok\":true,…}
  {\"op\":\"ask\",\"n\":1}
    {\"trials\":[{\"id\":0,\"params\":{\"lr\":0.0012},\"resource\":null}]}
  {\"op\":\"tell\",\"id\":0,\"values\":[0.31]}
    {\"ok\":true}
  {\"op\":\"close\"}
    {\"ok\":true}"
)]
pub(super) struct AskTell {}

/// Answers until the end is asked for, or comes.
pub(super) fn run(_: &AskTell) -> Result<(), Failure> {
    Ok(serve(&mut std::io::stdin().lock(), &mut std::io::stdout().lock())?)
}

fn serve(requests: &mut impl BufRead, answers: &mut impl Write) -> std::io::Result<()> {
    let mut session = Session::default();
    let mut line = Vec::new();
    while requests.read_until(b'\n', &mut line)? != 0 {
        let reply = session.answer(&String::from_utf8_lossy(&line));
        writeln!(answers, "{}", reply.line)?;
        // The other side waits for each answer before it goes on.
        answers.flush()?;
        if reply.closes {
            break;
        }
        line.clear();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_has_an_answer_until_the_end() {
        let check = |requests: &[u8], expect: &[&str]| {
            let mut answers = Vec::new();
            serve(&mut &*requests, &mut answers).unwrap();
            let answers = String::from_utf8(answers).unwrap();
            let lines: Vec<&str> = answers.lines().collect();
            assert_eq!(lines.len(), expect.len(), "{answers}");
            lines.iter().zip(expect).for_each(|(line, it)| assert!(line.contains(it), "{line}"));
        };
        check(b"", &[]);
        check(b"{\"op\":\"ask\",\"n\":1}\n\xff\n", &["begin with init", "not a request"]);
        check(b"{\"op\":\"close\"}\n{\"op\":\"close\"}\n", &["\"ok\":true"]);
        check(b"{\"op\":\"close\"}", &["\"ok\":true"]);
    }
}
