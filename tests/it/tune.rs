//! `qalam tune` in all its forms, on homes of its own.

use serde_json::Value;

use crate::home::{Home, text};

/// `qalam tune` with these flags, the trial being `sh -c script` and what follows it.
fn tune<'a>(flags: &[&'a str], script: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["tune"], flags, &["--", "sh", "-c", script, "sh"], more].concat()
}

fn rows(home: &Home, name: &str) -> Vec<Value> {
    serde_json::from_str(&home.succeeds(&["export", name, "-o", "json"])).unwrap()
}

fn number(value: &Value) -> f64 {
    let parsed = value.as_f64().or_else(|| value.as_str()?.parse().ok());
    parsed.unwrap_or_else(|| panic!("{value} is no number"))
}

#[test]
fn every_form_of_parameter_reaches_arguments_and_environment() {
    let home = Home::new();
    let flags = [
        "--maximize",
        "accuracy",
        "--record",
        "loss",
        "--name",
        "forms",
        "--trials",
        "6",
        "--param",
        "lr=log:1e-4..1e-1",
        "--param",
        "layers=int:1..8",
        "--param",
        "opt=adam,sgd",
        "--param",
        "batch-size=discrete:16,32",
    ];
    let script = "test \"$QALAM_PARAM_LR $QALAM_PARAM_LAYERS $QALAM_PARAM_OPT \
                  $QALAM_PARAM_BATCH_SIZE\" = \"$1 $2 $3 $4\" && test \"$5\" = '{lr}' && \
                  echo accuracy=$1 loss=$2";
    // A script of the shell has no braces of its own; {{ and }} stand for them.
    let script = script.replace("{lr}", "{{lr}}");
    let more = ["{lr}", "{layers}", "{opt}", "{batch-size}", "{{lr}}"];
    let said = home.succeeds(&tune(&flags, &script, &more));
    assert!(said.contains("Experiment forms has succeeded"), "{said}");
    let rows = rows(&home, "forms");
    assert_eq!(rows.len(), 6, "{rows:?}");
    for row in &rows {
        assert_eq!(row["state"], "Succeeded", "{row}");
        assert_eq!(number(&row["accuracy"]), number(&row["lr"]));
        assert_eq!(number(&row["loss"]), number(&row["layers"]), "what is only recorded, too");
        assert!((1e-4..=1e-1).contains(&number(&row["lr"])), "{row}");
        assert!((1.0..=8.0).contains(&number(&row["layers"])), "{row}");
        assert!(["adam", "sgd"].contains(&row["opt"].as_str().unwrap()), "{row}");
        assert!([16.0, 32.0].contains(&number(&row["batch-size"])), "{row}");
    }
}

#[test]
fn the_same_seed_gives_the_same_trials() {
    let home = Home::new();
    let parameters = |name: &str, seed: &str| {
        // One at a time: with several, the order in which they end is part of the history.
        let flags = [
            "--minimize",
            "loss",
            "--name",
            name,
            "--trials",
            "5",
            "--parallel",
            "1",
            "--seed",
            seed,
            "--param",
            "x=float:-1..1",
            "--param",
            "n=int:1..99",
        ];
        home.succeeds(&tune(&flags, "echo loss=$1", &["{x}"]));
        let cells = |row: &Value| (row["x"].to_string(), row["n"].to_string());
        rows(&home, name).iter().map(cells).collect::<Vec<_>>()
    };
    let first = parameters("first", "7");
    assert_eq!(first, parameters("second", "7"));
    assert_ne!(first, parameters("third", "8"));
}

#[test]
fn a_trial_that_takes_too_long_is_ended() {
    let home = Home::new();
    let flags = [
        "--maximize",
        "a",
        "--param",
        "x=float:0..1",
        "--name",
        "slow",
        "--trials",
        "1",
        "--failures",
        "0",
        "--timeout",
        "1s",
    ];
    let output = home.qalam(&tune(&flags, "sleep 600; echo a=$1", &["{x}"]));
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    for expect in ["Experiment slow has failed", "DeadlineExceeded"] {
        assert!(text(&output).contains(expect), "{expect} is not in: {}", text(&output));
    }
}

#[test]
fn a_command_that_is_not_there_is_told() {
    let home = Home::new();
    let flags = ["tune", "--maximize", "a", "--param", "x=1,2", "--name", "none", "--trials", "1"];
    let rest = ["--failures", "0", "--", "no-such-program", "{x}"];
    let output = home.qalam(&[&flags[..], &rest].concat());
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    for expect in ["Experiment none has failed", "no-such-program", "Hint:"] {
        assert!(text(&output).contains(expect), "{expect} is not in: {}", text(&output));
    }
}

#[test]
fn trials_that_do_badly_are_stopped() {
    let home = Home::new();
    // The first trials are good and end; a later one is bad, goes on for ever, and is stopped.
    std::fs::create_dir(home.work().join("done")).unwrap();
    let script = "n=$(ls done | wc -l); touch done/$$; \
                  if [ $n -lt 3 ]; then for i in 1 2 3 4 5 6; do echo accuracy=0.9; done; exit; fi; \
                  while :; do echo accuracy=0.1; sleep 0.05; done";
    let flags = [
        "--maximize",
        "accuracy",
        "--param",
        "x=float:0..1",
        "--name",
        "early",
        "--trials",
        "5",
        "--parallel",
        "1",
        "--early-stop",
    ];
    let said = home.succeeds(&tune(&flags, script, &[]));
    assert!(said.contains("Experiment early has succeeded"), "{said}");
    let rows = rows(&home, "early");
    let stopped = rows.iter().filter(|it| it["state"] == "EarlyStopped").count();
    assert_eq!((rows.len(), stopped), (5, 2), "{rows:?}");
}

#[test]
fn several_objectives_give_a_front_within_the_bounds() {
    let home = Home::new();
    let flags = [
        "--maximize",
        "accuracy",
        "--minimize",
        "latency",
        "--constraint",
        "memory<=40",
        "--name",
        "front",
        "--trials",
        "12",
        "--param",
        "width=int:1..32",
        "--param",
        "opt=adam,sgd",
        "--param",
        "momentum=float:0..0.9@opt=sgd",
        "--try",
        "width=4,opt=sgd,momentum=0.5",
        "--forbid",
        "opt=adam,width=32",
    ];
    let script = "[ \"$2\" = \"$QALAM_PARAM_MOMENTUM\" ] && echo accuracy=$1 latency=$1 \
                  memory=$(($1 * 2))";
    let said = home.succeeds(&tune(&flags, script, &["{width}", "{momentum}"]));
    assert!(said.contains("trials that no other beats in all objectives"), "{said}");
    let rows = rows(&home, "front");
    assert_eq!(rows.len(), 12, "{rows:?}");
    let first = rows.iter().find(|it| it["index"] == 0).unwrap();
    assert_eq!((number(&first["width"]), number(&first["momentum"])), (4.0, 0.5), "{first}");
    for row in &rows {
        assert_eq!(row["state"], "Succeeded", "{row}");
        assert_eq!(row["momentum"] == Value::Null, row["opt"] == "adam", "{row}");
        assert_eq!(number(&row["memory"]), 2.0 * number(&row["width"]), "{row}");
    }

    // Whoever is more accurate is slower: each feasible width is on the front, once.
    let mut widths: Vec<u64> = rows.iter().map(|it| number(&it["width"]) as u64).collect();
    widths.retain(|it| *it <= 20);
    widths.sort_unstable();
    widths.dedup();
    let best: Value =
        serde_json::from_str(&home.succeeds(&["best", "front", "-o", "json"])).unwrap();
    let front = best["front"].as_array().unwrap().iter();
    let mut listed: Vec<u64> = front.map(|it| number(&it["metrics"]["latency"]) as u64).collect();
    let most = number(&best["metrics"]["accuracy"]) as u64;
    assert_eq!(Some(&most), widths.last(), "the best is the first objective's");
    assert!(listed.is_sorted_by(|a, b| b < a), "by the first objective: {listed:?}");
    listed.reverse();
    assert_eq!(listed, widths);

    let described = home.succeeds(&["describe", "front"]);
    for expect in ["minimize latency", "memory ≤ 40", "if opt=sgd", "Tried first:", "Never tried:"]
    {
        assert!(described.contains(expect), "{expect} is not in: {described}");
    }
}
