//! The part of JSONPath that printer columns use.
//!
//! `.a.b`, `.a['b']`, `\.` inside a name, `[0]`, `[-1]`, `[-1:]`, `[*]`, and filters such as
//! `[?(@.type=="Ready")].status`.

use serde_json::Value;

/// All values that the path leads to; none where it leads nowhere or is no path.
pub(super) fn find<'a>(path: &str, object: &'a Value) -> Vec<&'a Value> {
    let Some(steps) = parse(path) else { return Vec::new() };
    let mut found = vec![object];
    for step in &steps {
        found = found.into_iter().flat_map(|it| step.of(it)).collect();
    }
    found
}

#[derive(Debug, PartialEq)]
enum Step {
    Field(String),
    Index(i64),
    Slice(Option<i64>, Option<i64>),
    All,
    /// Items whose value under the path equals the text, or differs from it.
    Where {
        path: String,
        equal: bool,
        text: String,
    },
}

impl Step {
    fn of<'a>(&self, value: &'a Value) -> Vec<&'a Value> {
        let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
        let count = items.len() as i64;
        let at =
            |index: i64| if index < 0 { index + count } else { index }.clamp(0, count) as usize;
        match self {
            Step::Field(name) => value.get(name).into_iter().collect(),
            Step::Index(index) if *index < -count => Vec::new(),
            Step::Index(index) => items.get(at(*index)).into_iter().collect(),
            Step::Slice(from, to) => {
                let (from, to) = (at(from.unwrap_or(0)), at(to.unwrap_or(count)));
                items.get(from..to).unwrap_or_default().iter().collect()
            }
            Step::All => match value {
                Value::Object(fields) => fields.values().collect(),
                _ => items.iter().collect(),
            },
            Step::Where { path, equal, text } => {
                let is = |it: &Value| match it {
                    Value::String(found) => found == text,
                    other => {
                        // As it is printed: a path compares 3 with "3".
                        let printed = other.to_string();
                        printed == *text
                    }
                };
                let fits = |it: &&Value| find(path, it).iter().any(|it| is(it)) == *equal;
                items.iter().filter(fits).collect()
            }
        }
    }
}

fn parse(path: &str) -> Option<Vec<Step>> {
    let path = path.trim();
    let path = path.strip_prefix('{').and_then(|it| it.strip_suffix('}')).unwrap_or(path);
    let mut rest = path.strip_prefix('$').unwrap_or(path);
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[') {
            let end = closing(inner)?;
            steps.push(bracket(inner[..end].trim())?);
            rest = &inner[end + 1..];
        } else {
            let (name, after) = field(rest.strip_prefix('.').unwrap_or(rest));
            match name.as_str() {
                "" if after.starts_with('[') => {}
                "" => return after.is_empty().then_some(steps),
                "*" => steps.push(Step::All),
                _ => steps.push(Step::Field(name)),
            }
            rest = after;
        }
    }
    Some(steps)
}

/// Where the bracket ends that was opened before `text`; quotes and inner brackets count.
fn closing(text: &str) -> Option<usize> {
    let (mut depth, mut quote) = (0, None);
    for (at, letter) in text.char_indices() {
        match (quote, letter) {
            (Some(open), _) if open == letter => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(letter),
            (None, '[') => depth += 1,
            (None, ']') if depth == 0 => return Some(at),
            (None, ']') => depth -= 1,
            (None, _) => {}
        }
    }
    None
}

/// A name up to the next dot or bracket, and what follows it.
fn field(text: &str) -> (String, &str) {
    let mut name = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '.' | '[' => return (name, &text[at..]),
            '\\' => name.extend(letters.next().map(|(_, it)| it)),
            _ => name.push(letter),
        }
    }
    (name, "")
}

fn bracket(inner: &str) -> Option<Step> {
    if inner == "*" {
        return Some(Step::All);
    }
    if let Some(name) = unquoted(inner) {
        return Some(Step::Field(name.to_owned()));
    }
    if let Some(filter) = inner.strip_prefix("?(").and_then(|it| it.strip_suffix(')')) {
        let (left, right, equal) = match (filter.split_once("=="), filter.split_once("!=")) {
            (Some((left, right)), _) => (left, right, true),
            (None, Some((left, right))) => (left, right, false),
            (None, None) => return None,
        };
        let path = left.trim().strip_prefix('@')?.to_owned();
        let text = unquoted(right.trim()).unwrap_or(right.trim()).to_owned();
        return Some(Step::Where { path, equal, text });
    }
    let number = |text: &str| text.trim().parse::<i64>().ok();
    match inner.split_once(':') {
        Some((from, to)) => Some(Step::Slice(number(from), number(to))),
        None => number(inner).map(Step::Index),
    }
}

fn unquoted(text: &str) -> Option<&str> {
    let within = |quote| text.strip_prefix(quote).and_then(|it| it.strip_suffix(quote));
    within('\'').or_else(|| within('"'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths_lead_where_kubectl_would_go() {
        let object = json!({
            "spec": { "requests": 3, "a.b": "dotted" },
            "status": { "conditions": [
                { "type": "Created", "status": "True" }, { "type": "Ready", "status": "False" },
            ] },
        });
        let check = |path: &str, wanted: Value| {
            let found: Vec<Value> = find(path, &object).into_iter().cloned().collect();
            assert_eq!(Value::Array(found), wanted, "{path}");
        };
        check(".spec.requests", json!([3]));
        check("{.spec.requests}", json!([3]));
        check("$.spec['a.b']", json!(["dotted"]));
        check(".spec.a\\.b", json!(["dotted"]));
        check(".status.conditions[-1:].type", json!(["Ready"]));
        check(".status.conditions[-1].type", json!(["Ready"]));
        check(".status.conditions[-3].type", json!([]));
        check(".status.conditions[0].type", json!(["Created"]));
        check(".status.conditions[*].type", json!(["Created", "Ready"]));
        check(".status.conditions[?(@.type==\"Ready\")].status", json!(["False"]));
        check(".status.conditions[?(@.type=='Ready')].status", json!(["False"]));
        check(".status.conditions[?(@.type!=\"Ready\")].status", json!(["True"]));
        check(".status.none[-1:].type", json!([]));
        check(".status[", json!([]));
    }
}
