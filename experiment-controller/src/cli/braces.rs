//! `{lr}` in the command of `qalam tune`: placeholders for people become placeholders of templates.

use crate::admission::nearest;

/// One argument with `{name}` replaced by `${trialParameters.name}`; `{{` and `}}` stand for
/// braces. What the platform would expand (`$(NAME)`, `$$`) is escaped: arguments arrive as typed.
pub(crate) fn placeholders(argument: &str, names: &[&str]) -> Result<String, String> {
    let refuse = |why: String| format!("in the argument \"{argument}\": {why}");
    let mut out = String::new();
    let mut rest = argument;
    while let Some(at) = rest.find(['{', '}', '$']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(tail) = rest.strip_prefix('$') {
            let special = tail.starts_with('(') || tail.starts_with('$');
            out.push_str(if special { "$$" } else { "$" });
            rest = tail;
        } else if let Some(tail) = rest.strip_prefix("{{") {
            out.push('{');
            rest = tail;
        } else if let Some(tail) = rest.strip_prefix("}}") {
            out.push('}');
            rest = tail;
        } else if rest.starts_with('}') {
            return Err(refuse("a '}' without its '{'; write }} for a brace".into()));
        } else {
            let Some((name, tail)) = rest[1..].split_once('}') else {
                return Err(refuse("a '{' without its '}'; write {{ for a brace".into()));
            };
            if !names.contains(&name) {
                return Err(refuse(unknown(name, names)));
            }
            out.push_str(&format!("${{trialParameters.{name}}}"));
            rest = tail;
        }
    }
    out.push_str(rest);
    Ok(out)
}

fn unknown(name: &str, names: &[&str]) -> String {
    let hint = match nearest(name, names.iter().copied()) {
        Some(near) => format!("did you mean {{{near}}}?"),
        None => format!("parameters are {}", names.join(", ")),
    };
    format!("there is no parameter {{{name}}}; {hint} (write {{{{ and }}}} for braces)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_become_placeholders() {
        let check = |argument: &str, expect: Result<&str, &str>| match (
            placeholders(argument, &["lr", "layers"]),
            expect,
        ) {
            (Ok(got), Ok(expect)) => assert_eq!(got, expect, "{argument}"),
            (Err(got), Err(expect)) => assert!(got.contains(expect), "{argument}: {got}"),
            (got, expect) => panic!("{argument}: {got:?}, not {expect:?}"),
        };
        check("train.py", Ok("train.py"));
        check("{lr}", Ok("${trialParameters.lr}"));
        check("--a={lr},{layers}!", Ok("--a=${trialParameters.lr},${trialParameters.layers}!"));
        check("{{\"lr\": {lr}}}", Ok("{\"lr\": ${trialParameters.lr}}"));
        check("lr}", Err("a '}' without its '{'"));
        check("{{lr}}", Ok("{lr}"));
        check("$HOME $(id) $$", Ok("$HOME $$(id) $$$"));
        check("{layer}", Err("did you mean {layers}?"));
        check("{\"a\": 1}", Err("parameters are lr, layers"));
        check("{lr", Err("write {{ for a brace"));
        check("é{lr}é", Ok("é${trialParameters.lr}é"));
    }
}
