//! Rules that a definition writes as CEL expressions (`x-kubernetes-validations`).
//!
//! A rule sees the value beside it as `self`, and on updates the one before as `oldSelf`; a rule
//! that asks for `oldSelf` holds only where there is one.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use cel::objects::Key;
use cel::{Context, Env, Program, extensions};
use parking_lot::Mutex;
use proto::FieldError;
use serde_json::Value;

use super::join;

/// Programs that are kept; above that all are compiled anew.
const KEPT_MAX: usize = 1000;
/// Words of the language that cannot be names of fields as they are.
const RESERVED: [&str; 21] = [
    "true",
    "false",
    "null",
    "in",
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

fn env() -> Arc<Env> {
    static ENV: OnceLock<Arc<Env>> = OnceLock::new();
    let make = || {
        let mut env = Env::stdlib();
        // Names that are declared already would be our own mistake; a test compiles some of each.
        let _ = env.add_extension(extensions::strings);
        let _ = env.add_extension(extensions::lists);
        let _ = env.add_extension(extensions::math);
        Arc::new(env)
    };
    Arc::clone(ENV.get_or_init(make))
}

fn compile(source: &str) -> Result<Arc<Program>, String> {
    static KEPT: OnceLock<Mutex<BTreeMap<String, Arc<Program>>>> = OnceLock::new();
    let kept = KEPT.get_or_init(Mutex::default);
    if let Some(found) = kept.lock().get(source) {
        return Ok(Arc::clone(found));
    }
    let program = Arc::new(env().compile(source).map_err(|error| error.to_string())?);
    let mut kept = kept.lock();
    if KEPT_MAX <= kept.len() {
        kept.clear();
    }
    kept.insert(source.to_owned(), Arc::clone(&program));
    Ok(program)
}

/// What is wrong with the rules of a schema themselves.
pub(super) fn rule_faults(schema: &Value, path: &str, faults: &mut Vec<FieldError>) {
    for (index, rule) in rules(schema).iter().enumerate() {
        let path = format!("{path}.x-kubernetes-validations[{index}]");
        for field in ["rule", "messageExpression"] {
            let Some(source) = rule[field].as_str() else { continue };
            if let Err(error) = compile(source) {
                let message = format!("Invalid value: {source:?}: compilation failed: {error}");
                faults.push(FieldError::new(format!("{path}.{field}"), message));
            }
        }
    }
}

fn rules(schema: &Value) -> &[Value] {
    schema["x-kubernetes-validations"].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The rules that `object` breaks; `old` is what is stored now.
pub(super) fn faults(schema: &Value, object: &Value, old: Option<&Value>) -> Vec<FieldError> {
    let mut faults = Vec::new();
    walk(schema, object, old, "", &mut faults);
    faults
}

fn walk(
    schema: &Value,
    value: &Value,
    old: Option<&Value>,
    path: &str,
    faults: &mut Vec<FieldError>,
) {
    for rule in rules(schema) {
        faults.extend(judge(rule, schema, value, old, path));
    }
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let known = schema["properties"].get(name);
                let Some(schema) = known.or(schema.get("additionalProperties")) else { continue };
                let old = old.and_then(|it| it.get(name));
                walk(schema, value, old, &join(path, name), faults);
            }
        }
        Value::Array(items) => {
            let Some(of_item) = schema.get("items") else { return };
            for (index, item) in items.iter().enumerate() {
                let old = old.and_then(|old| counterpart(schema, item, old));
                walk(of_item, item, old, &format!("{path}[{index}]"), faults);
            }
        }
        _ => {}
    }
}

/// The item that was there before: only in lists whose items have keys is there such a thing.
fn counterpart<'a>(schema: &Value, item: &Value, old: &'a Value) -> Option<&'a Value> {
    if schema["x-kubernetes-list-type"] != "map" {
        return None;
    }
    let keys = schema["x-kubernetes-list-map-keys"].as_array()?;
    let same =
        |other: &&Value| keys.iter().filter_map(Value::as_str).all(|key| item[key] == other[key]);
    old.as_array()?.iter().find(same)
}

fn judge(
    rule: &Value,
    schema: &Value,
    value: &Value,
    old: Option<&Value>,
    path: &str,
) -> Option<FieldError> {
    let source = rule["rule"].as_str()?;
    let type_name = schema["type"].as_str().unwrap_or("object");
    let path = match rule["fieldPath"].as_str() {
        Some(below) => format!("{path}{below}").trim_start_matches('.').to_owned(),
        None => path.to_owned(),
    };
    let told = |text: &str| {
        FieldError::new(path.clone(), format!("Invalid value: \"{type_name}\": {text}"))
    };
    let program = match compile(source) {
        Ok(program) => program,
        Err(error) => return Some(told(&format!("rule {source:?} cannot be compiled: {error}"))),
    };
    let asks_for_old = program.references().has_variable("oldSelf");
    if asks_for_old && old.is_none() {
        return None;
    }
    let mut context = Context::with_env(env());
    context.add_variable_from_value("self", to_cel(schema, value));
    if let Some(old) = old.filter(|_| asks_for_old) {
        context.add_variable_from_value("oldSelf", to_cel(schema, old));
    }
    match program.execute(&context) {
        Ok(cel::Value::Bool(true)) => None,
        Ok(cel::Value::Bool(false)) => Some(told(&message(rule, source, &context))),
        Ok(other) => Some(told(&format!("rule {source:?} answers {other:?}, no truth value"))),
        Err(error) => Some(told(&format!("rule {source:?} cannot be evaluated: {error}"))),
    }
}

fn message(rule: &Value, source: &str, context: &Context<'_, '_>) -> String {
    let computed = rule["messageExpression"].as_str().and_then(|it| {
        match compile(it).ok()?.execute(context).ok()? {
            cel::Value::String(text) if !text.trim().is_empty() => Some(text.to_string()),
            _ => None,
        }
    });
    let written = || rule["message"].as_str().map(str::to_owned);
    computed.or_else(written).unwrap_or_else(|| format!("failed rule: {source}"))
}

/// A value as rules see it: numbers as the schema says, names of fields as they can be written.
fn to_cel(schema: &Value, value: &Value) -> cel::Value {
    match value {
        Value::Null => cel::Value::Null,
        Value::Bool(it) => cel::Value::Bool(*it),
        Value::Number(it) => match it.as_i64() {
            Some(it) if schema["type"] != "number" => cel::Value::Int(it),
            _ => cel::Value::Float(it.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(it) => cel::Value::String(Arc::new(it.clone())),
        Value::Array(items) => {
            let of_item = &schema["items"];
            let items: Vec<cel::Value> = items.iter().map(|it| to_cel(of_item, it)).collect();
            cel::Value::List(Arc::new(items))
        }
        Value::Object(fields) => {
            let entry = |(name, value): (&String, &Value)| {
                let known = schema["properties"].get(name);
                let of_field = known.unwrap_or(&schema["additionalProperties"]);
                let name = if known.is_some() { escape(name) } else { name.clone() };
                (Key::String(Arc::new(name)), to_cel(of_field, value))
            };
            let map: std::collections::HashMap<Key, cel::Value> =
                fields.iter().map(entry).collect();
            cel::Value::Map(map.into())
        }
    }
}

/// A field's name as Kubernetes writes it in rules.
fn escape(name: &str) -> String {
    if RESERVED.contains(&name) {
        return format!("__{name}__");
    }
    let name = name.replace("__", "__underscores__");
    name.replace('.', "__dot__").replace('-', "__dash__").replace('/', "__slash__")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(rule: &str, value: Value, old: Option<Value>, broken: bool) {
        let schema = json!({
            "type": "object",
            "properties": {
                "n": {"type": "integer"}, "f": {"type": "number"}, "s": {"type": "string"},
                "l": {"type": "array", "items": {"type": "string"}}, "a-b": {"type": "integer"},
                "namespace": {"type": "string"},
            },
            "x-kubernetes-validations": [{"rule": rule, "message": "told"}],
        });
        let found = faults(&schema, &value, old.as_ref());
        assert_eq!(!found.is_empty(), broken, "{rule}: {found:?}");
    }

    #[test]
    fn rules_are_held() {
        check("self.n > 2", json!({"n": 3}), None, false);
        check("self.n > 2", json!({"n": 2}), None, true);
        check("self.n + 1 == 3", json!({"n": 2}), None, false);
        check("self.f < 0.5", json!({"f": 0}), None, false);
        check("has(self.s) ? self.s.startsWith('a') : true", json!({}), None, false);
        check("!has(self.s) || self.s.matches('^[a-z]+$')", json!({"s": "A"}), None, true);
        check("self.l.all(it, it.size() < 3)", json!({"l": ["ab", "abc"]}), None, true);
        check("self.l.exists(it, it == 'ab')", json!({"l": ["ab", "abc"]}), None, false);
        check(
            "self.s.lowerAscii() == 'ab' && self.l.join('-') == 'a-b'",
            json!({"s": "AB", "l": ["a", "b"]}),
            None,
            false,
        );
        check(
            "self.a__dash__b == 1 && self.__namespace__ == 'x'",
            json!({"a-b": 1, "namespace": "x"}),
            None,
            false,
        );
        check("self.n >= oldSelf.n", json!({"n": 1}), None, false);
        check("self.n >= oldSelf.n", json!({"n": 1}), Some(json!({"n": 2})), true);
        check("self.missing == 1", json!({}), None, true);
    }

    #[test]
    fn a_rule_that_cannot_be_read_is_told() {
        let mut told = Vec::new();
        rule_faults(&json!({"x-kubernetes-validations": [{"rule": "self.a >"}]}), "p", &mut told);
        assert_eq!(told[0].path, "p.x-kubernetes-validations[0].rule");
    }
}
