//! Ask and tell by lines of JSON, so that any language can drive any algorithm: one request a
//! line, one answer a line. `docs/ask-tell.md` is the protocol as its users read it.
//!
//! A [`Session`] is pure: lines in, lines out. Everything is minimised.

mod request;
mod space;

use std::collections::BTreeMap;

use proto::kinds::ParameterAssignment;
use serde_json::{Value, json};

use request::{Init, Item, Request, Tell};
use space::Wire;

use crate::{Answer, Live, Problem, Seed, State, Suggested, Told};

/// One optimisation, from `init` to `close`.
#[derive(Default)]
pub struct Session(Option<Search>);

/// What a session knows once it was begun.
struct Search {
    live: Live,
    wire: Wire,
    objectives: usize,
    constraints: usize,
    /// Values of the trials that were proposed, by id.
    running: BTreeMap<u64, Running>,
    /// How many trials there were: the next id.
    trials: u64,
    /// How many ended.
    completions: u64,
}

/// A trial that was proposed and has not ended.
struct Running {
    assignments: Vec<ParameterAssignment>,
    labels: BTreeMap<String, String>,
}

/// The answer to a request.
pub struct Reply {
    /// One line of JSON, without its end.
    pub line: String,
    /// Whether that was the last one.
    pub closes: bool,
}

impl Session {
    /// Answers one line.
    pub fn answer(&mut self, line: &str) -> Reply {
        let request: Result<Request, _> = serde_json::from_str(line);
        let closes = matches!(request, Ok(Request::Close));
        let answer = match request {
            Err(why) => Err(format!("not a request: {why}")),
            Ok(request) => self.carry_out(request),
        };
        let value = answer.unwrap_or_else(|why| json!({ "error": why }));
        Reply { line: value.to_string(), closes }
    }

    fn carry_out(&mut self, request: Request) -> Result<Value, String> {
        if let Request::Init(init) = request {
            let (search, name) = begin(*init)?;
            self.0 = Some(search);
            return Ok(json!({ "ok": true, "name": name, "capabilities": ["multi_objective"] }));
        }
        if matches!(request, Request::Close) {
            return Ok(json!({ "ok": true }));
        }
        let search = self.0.as_mut().ok_or("begin with init")?;
        match request {
            Request::Ask { n } => search.ask(n),
            Request::Tell(tell) => search.tell(*tell),
            Request::Report {} => Ok(json!({ "action": "continue" })),
            Request::Inject { items } => search.inject(items),
            Request::Init(_) | Request::Close => Err("was answered above".into()),
        }
    }
}

/// The search that `init` describes, and the name of its algorithm.
fn begin(init: Init) -> Result<(Search, &'static str), String> {
    let (objectives, constraints) = (init.n_obj, init.constraints);
    let (spec, wire) = space::spec(&init)?;
    let problem = Problem::parse(&spec, Seed(init.seed)).map_err(|faults| {
        let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
        faults.join("; ")
    })?;
    let name = problem.algorithm.name;
    let search = Search {
        live: Live::new(problem),
        wire,
        objectives,
        constraints,
        running: BTreeMap::new(),
        trials: 0,
        completions: 0,
    };
    Ok((search, name))
}

impl Search {
    fn ask(&mut self, n: usize) -> Result<Value, String> {
        let answer = self.live.ask(self.trials, n).map_err(|why| why.to_string())?;
        let proposals = match answer {
            Answer::Proposals(all) => all,
            Answer::Exhausted(all) if all.is_empty() => {
                return Err("the space is exhausted: every point was tried".into());
            }
            Answer::Exhausted(all) => all,
            Answer::Wait(why) => return Err(format!("wait: {why}")),
        };
        let trials: Vec<Value> = proposals.into_iter().map(|it| self.propose(it)).collect();
        Ok(json!({ "trials": trials }))
    }

    /// Notes a proposal as running and says it.
    fn propose(&mut self, it: Suggested) -> Value {
        let id = self.trials;
        self.trials += 1;
        let params = self.wire.values(&it.assignments);
        let labels = it.labels.clone();
        let told = told(id, it.assignments.clone(), labels, State::Active);
        self.live.tell(told);
        self.running.insert(id, Running { assignments: it.assignments, labels: it.labels });
        let mut said = json!({ "id": id, "params": params, "resource": it.resource });
        if let Some(continues) = it.continues {
            said["continues"] = json!(continues);
        }
        said
    }

    fn tell(&mut self, tell: Tell) -> Result<Value, String> {
        let state = match tell.status.as_str() {
            "ok" => State::Succeeded,
            "pruned" => State::EarlyStopped,
            "failed" => State::Failed,
            other => return Err(format!("status must be ok, failed or pruned, got \"{other}\"")),
        };
        let metrics = self.metrics(tell.values.as_deref(), tell.constraints.as_deref())?;
        let Some(Running { assignments, labels }) = self.running.remove(&tell.id) else {
            return Err(format!("no trial {} is running", tell.id));
        };
        let curve = tell.intermediate.unwrap_or_default();
        let told = Told {
            metrics,
            seconds: tell.seconds,
            curve: curve.into_iter().filter_map(|(step, loss)| Some((step, loss?))).collect(),
            ..told(tell.id, assignments, labels, state)
        };
        self.end(told);
        Ok(json!({ "ok": true }))
    }

    fn inject(&mut self, items: Vec<Item>) -> Result<Value, String> {
        for item in items {
            let metrics = self.metrics(Some(&item.values), item.constraints.as_deref())?;
            let assignments = self.wire.assignments(&item.params)?;
            let told = told(self.trials, assignments, BTreeMap::new(), State::Succeeded);
            self.trials += 1;
            self.end(Told { metrics, ..told });
        }
        Ok(json!({ "ok": true }))
    }

    /// Tells of a trial that has ended.
    fn end(&mut self, told: Told) {
        let completion = Some(self.completions);
        self.completions += 1;
        self.live.tell(Told { completion, ..told });
    }

    /// The metrics of a trial by the names that `space::spec` gave them.
    fn metrics(
        &self,
        values: Option<&[Option<f64>]>,
        constraints: Option<&[Option<f64>]>,
    ) -> Result<BTreeMap<String, f64>, String> {
        let mut metrics = BTreeMap::new();
        let parts =
            [(values, self.objectives, "value"), (constraints, self.constraints, "constraint")];
        for (given, wanted, name) in parts {
            let Some(given) = given else { continue };
            if given.len() != wanted {
                let got = given.len();
                return Err(format!("a trial has {wanted} {name}s, got {got}"));
            }
            // JSON has no NaN: what was not measured is null.
            let known = given.iter().enumerate().filter_map(|(i, value)| Some((i, (*value)?)));
            metrics.extend(known.map(|(i, value)| (space::metric(name, i), value)));
        }
        Ok(metrics)
    }
}

fn told(
    index: u64,
    assignments: Vec<ParameterAssignment>,
    labels: BTreeMap<String, String>,
    state: State,
) -> Told {
    Told {
        index,
        completion: None,
        assignments,
        state,
        metrics: BTreeMap::new(),
        curve: Vec::new(),
        labels,
        seconds: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(session: &mut Session, line: &str, want: &str) {
        assert_eq!(session.answer(line).line, want, "{line}");
    }

    const INIT: &str = r#"{"op":"init","seed":3,"algorithm":"random","space":[
        {"name":"n","type":"int","lo":1,"hi":2,"log":false},
        {"name":"v","type":"discrete","values":[0.5]},
        {"name":"c","type":"categorical","values":["a"]}]}"#;

    #[test]
    fn a_session_asks_tells_and_ends() {
        let mut session = Session::default();
        check(&mut session, r#"{"op":"ask","n":1}"#, r#"{"error":"begin with init"}"#);
        let begun = session.answer(&INIT.replace('\n', " ")).line;
        assert!(begun.contains(r#""name":"random""#), "{begun}");
        let asked = session.answer(r#"{"op":"ask","n":2}"#).line;
        let asked: Value = serde_json::from_str(&asked).unwrap();
        let n = |i: usize| asked["trials"][i]["params"]["n"].as_i64().unwrap();
        assert_eq!(n(0) + n(1), 3, "both points, once each");
        assert_eq!(asked["trials"][0]["params"]["v"], json!(0.5));
        check(
            &mut session,
            r#"{"op":"tell","id":7,"values":[1],"status":"ok"}"#,
            r#"{"error":"no trial 7 is running"}"#,
        );
        check(
            &mut session,
            r#"{"op":"tell","id":0,"values":[1,2],"status":"ok"}"#,
            r#"{"error":"a trial has 1 values, got 2"}"#,
        );
        check(
            &mut session,
            r#"{"op":"tell","id":0,"values":[0.25],"status":"ok"}"#,
            r#"{"ok":true}"#,
        );
        check(
            &mut session,
            r#"{"op":"tell","id":1,"values":null,"status":"failed"}"#,
            r#"{"ok":true}"#,
        );
        let end = session.answer(r#"{"op":"ask","n":1}"#).line;
        assert!(end.contains("exhausted"), "{end}");
        assert!(session.answer(r#"{"op":"close"}"#).closes);
    }

    #[test]
    fn what_is_no_request_is_refused_and_harms_nothing() {
        let mut session = Session::default();
        session.answer(&INIT.replace('\n', " "));
        for line in ["", "{}", "[1]", r#"{"op":"dance"}"#, r#"{"op":"ask","n":-1}"#] {
            let answer = session.answer(line).line;
            assert!(answer.contains("error"), "{line}: {answer}");
        }
        assert!(session.answer(r#"{"op":"ask","n":1}"#).line.contains("trials"));
    }
}
