//! `--param` of `qalam tune`: one word of text becomes one parameter of the manifest.

use proto::kinds::{FeasibleSpace, ParameterSpec, When};

use crate::admission::nearest;

/// The forms that a parameter may have, for messages and for `--help`.
pub(crate) const FORMS: &str = "log:1e-5..1e-1, float:0..1, float:0..1:0.1, int:1..8, int:0..100:10, \
     logint:1..1024, discrete:16,32,64, choice:a,b or a,b";

const KINDS: [&str; 7] = ["log", "float", "int", "logint", "discrete", "choice", "categorical"];

/// Reads `name=form`, such as `lr=log:1e-5..1e-1` or `optimizer=adam,sgd`.
///
/// Refuses with the whole argument, what is wrong with it and the way out.
pub(crate) fn parse(text: &str) -> Result<ParameterSpec, String> {
    let refuse = |why: String| format!("--param {text}: {why}");
    let Some((name, form)) = text.split_once('=') else {
        return Err(refuse(format!("needs name=form, where form is one of {FORMS}")));
    };
    let name = name.trim();
    if !is_name(name) {
        return Err(refuse(format!(
            "a name has letters, digits, '_', '-' and '.' only, got \"{name}\""
        )));
    }
    let (form, when) = condition(form);
    let (parameter_type, space) = domain(form.trim()).map_err(refuse)?;
    Ok(ParameterSpec {
        name: name.into(),
        parameter_type: parameter_type.into(),
        feasible_space: Some(space),
        when,
        ..Default::default()
    })
}

/// Reads `--resource`: `epochs=1..27`, whole numbers where both bounds are; any form of a number
/// will do, too.
pub(crate) fn resource(text: &str) -> Result<ParameterSpec, String> {
    let refuse = |why: String| format!("--resource {text}: {why}");
    let Some((name, form)) = text.split_once('=') else {
        return Err(refuse("needs name=least..most, such as epochs=1..27".into()));
    };
    let whole = |it: &str| it.split("..").all(|bound| bound.parse::<i64>().is_ok());
    let form = match form.contains(':') {
        true => form.to_owned(),
        false if whole(form) => format!("int:{form}"),
        false => format!("float:{form}"),
    };
    parse(&format!("{name}={form}")).map_err(|why| why.replacen("--param", "--resource", 1))
}

fn is_name(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-' || c == '.';
    !text.is_empty() && text.chars().all(plain)
}

/// Parts `float:0..1@opt=sgd,adam` into the form and its condition, where it has one.
fn condition(form: &str) -> (&str, Option<When>) {
    let parted = form.rsplit_once('@').and_then(|(form, condition)| {
        let (parameter, values) = condition.split_once('=')?;
        Some((form, parameter.trim(), values)).filter(|_| is_name(parameter.trim()))
    });
    let Some((form, parameter, values)) = parted else { return (form, None) };
    let values = values.split(',').map(|it| it.trim().to_owned()).collect();
    (form, Some(When { parameter: parameter.into(), values }))
}

fn domain(form: &str) -> Result<(&'static str, FeasibleSpace), String> {
    let (kind, rest) = match form.split_once(':') {
        Some((kind, rest)) => (kind, rest),
        None if form.contains("..") => {
            return Err(format!(
                "a range needs its kind in front: float:{form}, int:{form} or log:{form}"
            ));
        }
        None => ("choice", form),
    };
    match kind {
        "float" => Ok(("double", range(rest, Number::Real, false)?)),
        "log" => Ok(("double", range(rest, Number::Real, true)?)),
        "int" => Ok(("int", range(rest, Number::Whole, false)?)),
        "logint" => Ok(("int", range(rest, Number::Whole, true)?)),
        "discrete" => {
            let values = list(rest)?;
            match values.iter().find(|it| finite(it).is_none()) {
                Some(bad) => Err(format!("discrete values are numbers, got \"{bad}\"")),
                None => Ok(("discrete", FeasibleSpace { list: values, ..Default::default() })),
            }
        }
        "choice" | "categorical" => {
            Ok(("categorical", FeasibleSpace { list: list(rest)?, ..Default::default() }))
        }
        other => {
            let hint = match nearest(other, KINDS) {
                Some(name) => format!("did you mean {name}:{rest}?"),
                None => format!("write choice:{form} if that is a value"),
            };
            Err(format!("\"{other}\" is no kind of parameter; {hint} (forms: {FORMS})"))
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Number {
    Real,
    Whole,
}

/// `low..high` or `low..high:step`; the texts stay as they were written.
fn range(text: &str, number: Number, log: bool) -> Result<FeasibleSpace, String> {
    let Some((min, rest)) = text.split_once("..") else {
        return Err(format!("needs low..high, got \"{text}\""));
    };
    let (max, step) = rest.split_once(':').unwrap_or((rest, ""));
    let (low, high) = (bound("low end", min, number)?, bound("high end", max, number)?);
    if high <= low {
        return Err(format!("the low end must be less than the high end, got {min}..{max}"));
    }
    if log && low <= 0.0 {
        return Err(format!("a logarithmic range needs low > 0, got {min}"));
    }
    if !step.is_empty() && bound("step", step, number)? <= 0.0 {
        return Err(format!("the step must be greater than 0, got {step}"));
    }
    Ok(FeasibleSpace {
        min: min.into(),
        max: max.into(),
        step: step.into(),
        distribution: if log { "logUniform".into() } else { String::new() },
        list: Vec::new(),
    })
}

fn bound(what: &str, text: &str, number: Number) -> Result<f64, String> {
    let value = finite(text).ok_or_else(|| format!("the {what} needs a number, got \"{text}\""))?;
    if number == Number::Whole && text.parse::<i64>().is_err() {
        return Err(format!("the {what} needs a whole number, got \"{text}\""));
    }
    Ok(value)
}

fn finite(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().filter(|it| it.is_finite())
}

fn list(text: &str) -> Result<Vec<String>, String> {
    let values: Vec<String> = text.split(',').map(|it| it.trim().to_owned()).collect();
    if values.iter().any(String::is_empty) {
        return Err(format!("a list is value,value,… without empty values, got \"{text}\""));
    }
    match values.iter().enumerate().find(|(at, value)| values[..*at].contains(value)) {
        Some((_, twice)) => Err(format!("the value \"{twice}\" is there twice")),
        None => Ok(values),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_become_parameters() {
        let check = |text: &str, expect: &str| {
            let parsed = parse(text).unwrap();
            let space = parsed.feasible_space.unwrap();
            let got = format!(
                "{} {} {}..{} step {:?} {:?} {}",
                parsed.name,
                parsed.parameter_type,
                space.min,
                space.max,
                space.step,
                space.list,
                space.distribution
            );
            assert_eq!(got.trim_end(), expect, "{text}");
        };
        check("lr=log:1e-5..1e-1", "lr double 1e-5..1e-1 step \"\" [] logUniform");
        check("x=float:-1..1", "x double -1..1 step \"\" []");
        check("x=float:0..1:0.1", "x double 0..1 step \"0.1\" []");
        check("x=float:.5..1.", "x double .5..1. step \"\" []");
        check("n=int:1..8", "n int 1..8 step \"\" []");
        check("n=int:0..100:10", "n int 0..100 step \"10\" []");
        check("n=logint:1..1024", "n int 1..1024 step \"\" [] logUniform");
        check("opt=adam,sgd", "opt categorical .. step \"\" [\"adam\", \"sgd\"]");
        check("opt=choice:a:b, c", "opt categorical .. step \"\" [\"a:b\", \"c\"]");
        check("b=discrete:16,32", "b discrete .. step \"\" [\"16\", \"32\"]");
    }

    #[test]
    fn a_condition_follows_the_form() {
        let check = |text: &str, kind: &str, expect: Option<(&str, &[&str])>| {
            let parsed = parse(text).unwrap();
            let when = parsed.when.map(|it| (it.parameter, it.values));
            let words = |values: &[&str]| values.iter().map(|it| (*it).to_owned()).collect();
            assert_eq!(
                when,
                expect.map(|(name, values)| (name.to_owned(), words(values))),
                "{text}"
            );
            assert_eq!(parsed.parameter_type, kind, "{text}");
        };
        check("m=float:0..1@opt=sgd", "double", Some(("opt", &["sgd"])));
        check("m=a,b@opt=sgd, adam", "categorical", Some(("opt", &["sgd", "adam"])));
        check("m=me@home,you@work", "categorical", None);
        check("m=float:0..1", "double", None);
    }

    #[test]
    fn faults_name_the_argument_and_the_way_out() {
        let check = |text: &str, expect: &str| {
            let error = parse(text).unwrap_err();
            assert!(error.starts_with(&format!("--param {text}: ")), "{error}");
            assert!(error.contains(expect), "{text}: {error}");
        };
        check("lr", "needs name=form");
        check("=int:1..2", "a name has letters");
        check("l{r=int:1..2", "a name has letters");
        check("lr=1e-5..1e-1", "float:1e-5..1e-1, int:1e-5..1e-1 or log:1e-5..1e-1");
        check("n=itn:1..8", "did you mean int:1..8?");
        check("u=s3//x:y", "write choice:s3//x:y if that is a value");
        check("n=int:1", "needs low..high, got \"1\"");
        check("n=int:1..x", "the high end needs a number, got \"x\"");
        check("n=int:1..2.5", "the high end needs a whole number, got \"2.5\"");
        check("x=float:1..1", "the low end must be less than the high end");
        check("x=float:0..inf", "needs a number, got \"inf\"");
        check("x=log:0..1", "needs low > 0");
        check("x=float:0..1:0", "the step must be greater than 0");
        check("o=a,,b", "without empty values");
        check("o=a,a", "the value \"a\" is there twice");
        check("d=discrete:1,x", "discrete values are numbers, got \"x\"");
    }

    #[test]
    fn a_resource_is_a_number_between_bounds() {
        let check =
            |text: &str, kind: &str| assert_eq!(resource(text).unwrap().parameter_type, kind);
        check("epochs=1..27", "int");
        check("share=0.1..1", "double");
        check("rows=logint:100..10000", "int");
        assert!(resource("epochs").unwrap_err().contains("such as epochs=1..27"));
        let error = resource("epochs=27..1").unwrap_err();
        assert!(error.starts_with("--resource epochs=int:27..1: the low end"), "{error}");
    }
}
