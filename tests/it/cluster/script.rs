//! The language of the conformance cases: what is typed, and what is then seen.
//!
//! ```text
//! == title of a case [api]
//! $ kubectl create configmap a --from-literal=k=v     must succeed; `! ` must fail
//! configmap/a created                                 all of both outputs, line by line
//! ~ kubectl get cm                                    succeeds and reads so before long
//! <<< file.yaml                                       the lines up to `>>>` become that file
//! ```
//! In what is seen, a line `...` stands for any lines, and `[..]` for anything in a line. A
//! command that is followed by nothing may print what it likes.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How long something may take that comes before long.
const PATIENCE: Duration = Duration::from_secs(45);
/// Pause between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(150);

/// One case.
pub(super) struct Case {
    pub(super) title: String,
    pub(super) needs: String,
    pub(super) line: usize,
    steps: Vec<Step>,
}

enum Step {
    File { name: String, text: String },
    Type { how: How, line: usize, command: String, seen: Vec<String> },
}

#[derive(Clone, Copy, PartialEq)]
enum How {
    Succeeds,
    Fails,
    Eventually,
}

/// Reads a file of cases.
pub(super) fn parse(text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        if let Some(title) = line.strip_prefix("== ") {
            let (title, needs) = title.rsplit_once(" [").expect("a title ends with [needs]");
            let needs = needs.trim_end_matches(']').to_owned();
            assert!(["api", "controllers", "pods"].contains(&&*needs), "line {}: {needs}", at + 1);
            let title = title.to_owned();
            cases.push(Case { title, needs, line: at + 1, steps: Vec::new() });
            continue;
        }
        let Some(case) = cases.last_mut() else { continue };
        if let Some(name) = line.strip_prefix("<<< ") {
            let text = lines.by_ref().map(|(_, it)| it).take_while(|it| *it != ">>>");
            let text: Vec<&str> = text.collect();
            case.steps.push(Step::File { name: name.into(), text: text.join("\n") + "\n" });
            continue;
        }
        let how = match line.get(..2) {
            Some("$ ") => Some(How::Succeeds),
            Some("! ") => Some(How::Fails),
            Some("~ ") => Some(How::Eventually),
            _ => None,
        };
        match (how, case.steps.last_mut()) {
            (Some(how), _) => {
                let command = line[2..].to_owned();
                case.steps.push(Step::Type { how, line: at + 1, command, seen: Vec::new() });
            }
            (None, Some(Step::Type { seen, .. })) if !line.starts_with('#') => {
                seen.push(line.to_owned());
            }
            _ => {}
        }
    }
    for case in &mut cases {
        for step in &mut case.steps {
            // Blank lines before the next command are for the reader.
            if let Step::Type { seen, .. } = step {
                while seen.last().is_some_and(|it| it.is_empty()) {
                    seen.pop();
                }
            }
        }
    }
    cases
}

/// Runs a case; tells what was seen in place of what it says.
pub(super) fn run(
    case: &Case,
    namespace: &str,
    kubeconfig: &Path,
    home: &Path,
    folder: &Path,
) -> Result<(), String> {
    let shell = |line: &str| {
        // Whatever stays behind (a watch, say) must not hold the pipe: output goes to a file.
        let script = format!(
            "kubectl() {{ command kubectl --namespace \"$NS\" \"$@\"; }}\n{{ {line}\n}} >.out 2>&1"
        );
        let mut command = Command::new("timeout");
        command.args(["90", "bash", "-c", &script]).current_dir(folder).stdin(Stdio::null());
        command.env("NS", namespace).env("KUBECONFIG", kubeconfig).env("HOME", home);
        let status = command.status().map_err(|error| error.to_string())?;
        let out = std::fs::read(folder.join(".out")).map_err(|error| error.to_string())?;
        Ok::<_, String>((status.success(), String::from_utf8_lossy(&out).into_owned()))
    };
    for step in &case.steps {
        match step {
            Step::File { name, text } => {
                let text = text.replace("$NS", namespace);
                std::fs::write(folder.join(name), text).map_err(|error| error.to_string())?;
            }
            Step::Type { how, line, command, seen } => {
                let seen: Vec<String> =
                    seen.iter().map(|it| it.replace("$NS", namespace)).collect();
                let began = Instant::now();
                loop {
                    let (good, out) = shell(command)?;
                    let as_said = good == (*how != How::Fails)
                        && (seen.is_empty() || fits(&seen, &out.lines().collect::<Vec<_>>()));
                    if as_said {
                        break;
                    }
                    if *how != How::Eventually || PATIENCE < began.elapsed() {
                        let word = if good { "succeeded" } else { "failed" };
                        let seen = seen.join("\n");
                        return Err(format!(
                            "  line {line}: {command}\n  {word}, and printed:\n{out}  in place of:\n{seen}"
                        ));
                    }
                    std::thread::sleep(LOOK_EVERY);
                }
            }
        }
    }
    Ok(())
}

/// Whether lines are what the pattern says.
fn fits(pattern: &[impl AsRef<str>], lines: &[&str]) -> bool {
    let Some((first, rest)) = pattern.split_first() else { return lines.is_empty() };
    if first.as_ref() == "..." {
        return (0..=lines.len()).any(|at| fits(rest, &lines[at..]));
    }
    lines.split_first().is_some_and(|(line, after)| {
        line_fits(first.as_ref().trim_end(), line.trim_end()) && fits(rest, after)
    })
}

/// How many blanks are between two words is for the eye.
fn line_fits(pattern: &str, line: &str) -> bool {
    let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let (pattern, line) = (squeezed(pattern), squeezed(line));
    let (pattern, line) = (pattern.as_str(), line.as_str());
    let mut parts = pattern.split("[..]");
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = line.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[test]
fn what_is_seen_is_held_against_what_is_said() {
    for (pattern, lines, good) in [
        (vec!["a"], vec!["a"], true),
        (vec!["a"], vec!["a", "b"], false),
        (vec!["a", "..."], vec!["a", "b", "c"], true),
        (vec!["...", "c"], vec!["a", "b", "c"], true),
        (vec!["a[..]z"], vec!["abcz"], true),
        (vec!["a[..]b[..]z"], vec!["a b c z"], true),
        (vec!["a[..]b[..]z"], vec!["a c z"], false),
        (vec![], vec!["a"], false),
    ] {
        assert_eq!(fits(&pattern, &lines), good, "{pattern:?} {lines:?}");
    }
    let cases = parse("== one [api]\n$ true\n<<< f\nx\n>>>\n! false\nsaid\n\n== two [pods]\n");
    assert_eq!((cases.len(), cases[0].steps.len()), (2, 3));
}
