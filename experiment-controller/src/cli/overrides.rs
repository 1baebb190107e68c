//! `--set path=value` of `qalam run`: one field of a manifest, changed from the command line.

use serde_json::{Map, Value};

/// The longest list that an index may grow.
const LENGTH_MAX: usize = 1000;

/// Writes `value` (read as YAML: a number, a truth value, a text, a list …) at `path`, such as
/// `spec.maxTrialCount=50` or `spec.parameters[0].feasibleSpace.max=0.5`. A dot that belongs to a
/// name is written `\.`. Missing objects on the way are made.
pub(crate) fn set(manifest: &mut Value, text: &str) -> Result<(), String> {
    let refuse = |why: String| format!("--set {text}: {why}");
    let Some((path, value)) = text.split_once('=') else {
        return Err(refuse("needs path=value, such as spec.maxTrialCount=50".into()));
    };
    let steps = steps(path).map_err(refuse)?;
    let value: Value = serde_saphyr::from_str(value)
        .map_err(|error| refuse(format!("the value is no YAML: {error}")))?;
    let mut at = manifest;
    for step in &steps {
        at = enter(at, step).map_err(refuse)?;
    }
    *at = value;
    Ok(())
}

#[derive(Debug, PartialEq)]
enum Step {
    Field(String),
    Index(usize),
}

fn steps(path: &str) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    let mut name = String::new();
    let mut letters = path.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => name.extend(letters.next()),
            '.' => field(&mut steps, &mut name, path)?,
            '[' => {
                if !name.is_empty() {
                    field(&mut steps, &mut name, path)?;
                }
                let digits: String = letters.by_ref().take_while(|it| *it != ']').collect();
                let index = digits.parse().ok().filter(|index| *index < LENGTH_MAX);
                steps.push(Step::Index(index.ok_or(format!("\"{digits}\" is no index"))?));
            }
            other => name.push(other),
        }
    }
    field(&mut steps, &mut name, path)?;
    Ok(steps)
}

/// Ends a field's name; after an index there may be none.
fn field(steps: &mut Vec<Step>, name: &mut String, path: &str) -> Result<(), String> {
    match (name.is_empty(), steps.last()) {
        (false, _) => steps.push(Step::Field(std::mem::take(name))),
        (true, Some(Step::Index(_))) => {}
        (true, _) => return Err(format!("the path \"{path}\" has an empty name in it")),
    }
    Ok(())
}

fn enter<'a>(at: &'a mut Value, step: &Step) -> Result<&'a mut Value, String> {
    match step {
        Step::Field(name) => {
            if at.is_null() {
                *at = Value::Object(Map::new());
            }
            let object = at.as_object_mut().ok_or(format!("\"{name}\" is below no object"))?;
            Ok(object.entry(name).or_insert(Value::Null))
        }
        Step::Index(index) => {
            if at.is_null() {
                *at = Value::Array(Vec::new());
            }
            let list = at.as_array_mut().ok_or(format!("[{index}] is on no list"))?;
            let length = list.len();
            if *index == length {
                list.push(Value::Null);
            }
            list.get_mut(*index).ok_or(format!("[{index}] is past the end of a list of {length}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_are_written() {
        let check = |text: &str, expect: Result<Value, &str>| {
            let mut manifest = json!({"spec": {"max": 1, "list": [{"a": "b"}]}});
            match (set(&mut manifest, text), expect) {
                (Ok(()), Ok(expect)) => assert_eq!(manifest["spec"], expect, "{text}"),
                (Err(got), Err(expect)) => assert!(got.contains(expect), "{text}: {got}"),
                (got, expect) => panic!("{text}: {got:?}, not {expect:?}"),
            }
        };
        check("spec.max=50", Ok(json!({"max": 50, "list": [{"a": "b"}]})));
        check("spec.max=\"50\"", Ok(json!({"max": "50", "list": [{"a": "b"}]})));
        check("spec.list[0].a=x=y", Ok(json!({"max": 1, "list": [{"a": "x=y"}]})));
        check("spec.list[1].a=1.5", Ok(json!({"max": 1, "list": [{"a": "b"}, {"a": 1.5}]})));
        check("spec.list=[1, 2]", Ok(json!({"max": 1, "list": [1, 2]})));
        check(r"spec.a\.b/c=true", Ok(json!({"max": 1, "list": [{"a": "b"}], "a.b/c": true})));
        check("spec={}", Ok(json!({})));
        check("spec.max", Err("needs path=value"));
        check("spec..max=1", Err("empty name"));
        check("=1", Err("empty name"));
        check("spec.max.x=1", Err("below no object"));
        check("spec.list[5].a=1", Err("past the end of a list of 1"));
        check("spec.list[x]=1", Err("\"x\" is no index"));
        check("spec.max[0]=1", Err("on no list"));
        check("spec.max=[1", Err("no YAML"));
    }
}
