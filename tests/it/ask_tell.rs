//! `qalam ask-tell` as other programs use it, and the example that its page gives them.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::home::{Home, binary, text};

const PAGE: &str = include_str!("../../docs/ask-tell.md");

/// The first block of the page in that language.
fn block(language: &str) -> &'static str {
    let after = PAGE.split_once(&format!("```{language}\n")).expect("a block").1;
    after.split_once("```").expect("its end").0
}

#[test]
fn the_example_of_the_page_runs() {
    let code = block("python");
    assert!(code.lines().filter(|it| !it.is_empty()).count() <= 15, "it is to stay short");
    let folder = binary().parent().unwrap().display();
    let path = format!("{folder}:{}", std::env::var("PATH").unwrap());
    let output = Command::new("python3").args(["-c", code]).env("PATH", path).output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
    let said = String::from_utf8(output.stdout).unwrap();
    let losses: Vec<f64> =
        said.lines().map(|it| it.split(' ').next().unwrap().parse().unwrap()).collect();
    let best = losses.iter().copied().fold(f64::INFINITY, f64::min);
    assert!(losses.len() == 30 && (0.1..0.4).contains(&best), "{said}");
}

#[test]
fn each_answer_comes_before_the_next_request() {
    let mut qalam = Command::new(binary())
        .arg("ask-tell")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut requests = qalam.stdin.take().unwrap();
    let mut answers = BufReader::new(qalam.stdout.take().unwrap()).lines();
    let mut say = |request: Value| -> Value {
        writeln!(requests, "{request}").unwrap();
        serde_json::from_str(&answers.next().unwrap().unwrap()).unwrap()
    };
    let space = json!([
        {"name": "opt", "type": "categorical", "values": ["sgd", "adam"]},
        {"name": "m", "type": "double", "lo": 0, "hi": 1, "when": {"param": "opt", "in": ["sgd"]}}]);
    let begun = say(json!({"op": "init", "space": space, "n_obj": 2, "constraints": 1, "seed": 3}));
    assert_eq!(begun["ok"], true, "{begun}");
    for id in 0..12 {
        let asked = say(json!({"op": "ask", "n": 1}));
        let trial = &asked["trials"][0];
        assert_eq!(trial["id"], id, "{asked}");
        let counts = trial["params"]["opt"] == "sgd";
        assert_eq!(trial["params"].get("m").is_some(), counts, "{asked}");
        let told = json!({"op": "tell", "id": id, "values": [id, -id], "constraints": [id - 3]});
        assert_eq!(say(told), json!({"ok": true}));
    }
    assert_eq!(say(json!({"op": "dance"}))["error"].as_str().map(|it| it.is_empty()), Some(false));
    assert_eq!(say(json!({"op": "close"})), json!({"ok": true}));
    assert!(qalam.wait().unwrap().success());
}

#[test]
fn the_verb_needs_no_home() {
    let home = Home::new();
    let help = home.succeeds(&["ask-tell", "--help"]);
    assert!(help.contains("\"op\":\"init\""), "{help}");
    assert!(home.server().is_none());
}
