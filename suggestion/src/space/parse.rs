//! A manifest's parameters, checked and read: every fault at once.

use std::collections::BTreeMap;

use proto::FieldError;
use proto::kinds::{FeasibleSpace, ParameterSpec};

use super::decimal::Decimal;
use super::domain::{Domain, Reals, Steps};
use super::ruler::Ruler;
use super::{Parameter, Space};

/// Reads `spec.parameters`; paths of faults begin with `parameters[`.
pub(super) fn space(specs: &[ParameterSpec]) -> Result<Space, Vec<FieldError>> {
    let mut faults = Vec::new();
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut parameters = Vec::new();
    for (i, spec) in specs.iter().enumerate() {
        let at = format!("parameters[{i}]");
        if spec.name.is_empty() {
            faults.push(FieldError::new(format!("{at}.name"), "must be specified"));
        } else if let Some(first) = seen.insert(&spec.name, i) {
            let text = format!("\"{}\" is also the name of parameters[{first}]", spec.name);
            faults.push(FieldError::new(format!("{at}.name"), text));
        }
        match domain(spec) {
            Ok(domain) => {
                let axis = domain.axis();
                parameters.push(Parameter { name: spec.name.clone(), domain, axis });
            }
            Err(more) => faults.extend(more.into_iter().map(|fault| fault.under(&at))),
        }
    }
    if faults.is_empty() { Ok(Space { parameters }) } else { Err(faults) }
}

fn domain(spec: &ParameterSpec) -> Result<Domain, Vec<FieldError>> {
    let whole = match spec.parameter_type.as_str() {
        "double" => Some(false),
        "int" => Some(true),
        "discrete" | "categorical" => None,
        other => {
            let text =
                format!("\"{other}\" is not supported; use double, int, discrete or categorical");
            return Err(vec![FieldError::new("parameterType", text)]);
        }
    };
    let Some(feasible) = &spec.feasible_space else {
        return Err(vec![FieldError::new("feasibleSpace", "must be specified")]);
    };
    let domain = match whole {
        Some(whole) => numeric(feasible, whole),
        None => listed(feasible, spec.parameter_type == "discrete"),
    };
    domain.map_err(|faults| faults.into_iter().map(|it| it.under("feasibleSpace")).collect())
}

/// Choices of a discrete (numbers) or categorical (names) parameter.
fn listed(feasible: &FeasibleSpace, numbers: bool) -> Result<Domain, Vec<FieldError>> {
    let mut faults = Vec::new();
    for (name, text) in [("min", &feasible.min), ("max", &feasible.max), ("step", &feasible.step)] {
        if !text.is_empty() {
            let why = format!("a parameter with a list has no {name}, got \"{text}\"");
            faults.push(FieldError::new(name, why));
        }
    }
    distribution(feasible, &mut faults);
    if feasible.list.is_empty() {
        faults.push(FieldError::new("list", "must have at least one choice"));
    }
    let mut choices: Vec<(f64, String)> = Vec::new();
    let mut known: BTreeMap<(u64, &str), usize> = BTreeMap::new();
    for (i, text) in feasible.list.iter().enumerate() {
        let at = format!("list[{i}]");
        let value = if numbers { text.trim().parse().unwrap_or(f64::NAN) } else { 0.0 };
        if !f64::is_finite(value) {
            let why = format!(
                "a discrete parameter needs numbers, got \"{text}\"; use categorical for names"
            );
            faults.push(FieldError::new(at, why));
            continue;
        }
        // + 0.0 makes −0 and 0 the same number.
        let key = if numbers { ((value + 0.0).to_bits(), "") } else { (0, text.as_str()) };
        if let Some(first) = known.insert(key, i) {
            let why = format!("\"{text}\" is the same choice as list[{first}]");
            faults.push(FieldError::new(at, why));
        }
        choices.push((value, text.clone()));
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    if numbers {
        choices.sort_by(|a, b| a.0.total_cmp(&b.0));
    }
    let (values, texts) = choices.into_iter().unzip();
    Ok(if numbers { Domain::Ordinal { texts, values } } else { Domain::Categorical { texts } })
}

/// Bounds of a double or int (`whole`) parameter.
fn numeric(feasible: &FeasibleSpace, whole: bool) -> Result<Domain, Vec<FieldError>> {
    let mut faults = Vec::new();
    if !feasible.list.is_empty() {
        let why = "a parameter with min and max has no list; use discrete or categorical";
        faults.push(FieldError::new("list", why));
    }
    let (log, normal) = distribution(feasible, &mut faults);
    let min = bound("min", &feasible.min, whole, log, &mut faults);
    let max = bound("max", &feasible.max, whole, false, &mut faults);
    let step = step(&feasible.step, &mut faults);
    if let (Some(min), Some(max)) = (min, max)
        && max < min
    {
        let why = format!(
            "must not be above max, got min \"{}\" and max \"{}\"",
            feasible.min, feasible.max
        );
        faults.push(FieldError::new("min", why));
    }
    let (Some(min), Some(max), true) = (min, max, faults.is_empty()) else { return Err(faults) };

    let one = Decimal { digits: 1, places: 0 };
    let step = match step {
        // A step below one would name whole numbers twice.
        Some(step) if whole && step.value() < 1.0 => Some(one),
        None if whole || min == max => Some(one),
        step => step,
    };
    let Some(step) = step else {
        return Ok(Domain::Real(Reals::new(min, max, log, normal)));
    };
    let steps = steps(feasible, step, whole).map_err(|fault| vec![fault])?;
    let ruler = (1 < steps.levels).then(|| {
        let last = steps.between(steps.levels - 1);
        let top = last + (last - steps.between(steps.levels - 2)) / 2.0;
        Ruler::new(log, normal, min, top.min(max)).widened(steps.between(1), last)
    });
    Ok(Domain::Steps(Steps { ruler, ..steps }))
}

/// The levels between the bounds, exactly.
fn steps(feasible: &FeasibleSpace, step: Decimal, whole: bool) -> Result<Steps, FieldError> {
    let exact = |name: &str, text: &str| {
        let why = format!("needs at most 30 places to have steps, got \"{text}\"");
        Decimal::parse(text).ok_or_else(|| FieldError::new(name, why))
    };
    let (min, max) = (exact("min", &feasible.min)?, exact("max", &feasible.max)?);
    let places = min.places.max(max.places).max(step.places);
    let levels = || {
        let (start, end, step) = (min.at(places)?, max.at(places)?, step.at(places)?);
        let levels = u64::try_from(end.checked_sub(start)? / step).ok()?.checked_add(1)?;
        Some(Steps { start, step, places, levels, whole, ruler: None })
    };
    levels()
        .ok_or_else(|| FieldError::new("step", "is too fine for these bounds; use a larger one"))
}

/// Whether logarithms and whether a normal distribution are asked for.
fn distribution(feasible: &FeasibleSpace, faults: &mut Vec<FieldError>) -> (bool, bool) {
    match feasible.distribution.as_str() {
        "" | "uniform" => (false, false),
        "logUniform" => (true, false),
        "normal" => (false, true),
        "logNormal" => (true, true),
        other => {
            let why = format!(
                "\"{other}\" is not supported; use uniform, logUniform, normal or logNormal"
            );
            faults.push(FieldError::new("distribution", why));
            (false, false)
        }
    }
}

fn bound(
    name: &str,
    text: &str,
    whole: bool,
    positive: bool,
    faults: &mut Vec<FieldError>,
) -> Option<f64> {
    let why = if text.is_empty() {
        "must be specified".to_owned()
    } else {
        match text.trim().parse::<f64>() {
            Ok(x) if !x.is_finite() => format!("must be finite, got \"{text}\""),
            Ok(_) if whole && Decimal::parse(text).and_then(Decimal::whole).is_none() => {
                format!("an int parameter needs a whole number, got \"{text}\"")
            }
            Ok(x) if positive && x <= 0.0 => {
                format!("a logarithmic distribution needs min > 0, got \"{text}\"")
            }
            Ok(x) => return Some(x),
            Err(_) => format!("needs a number, got \"{text}\""),
        }
    };
    faults.push(FieldError::new(name, why));
    None
}

fn step(text: &str, faults: &mut Vec<FieldError>) -> Option<Decimal> {
    if text.is_empty() {
        return None;
    }
    let step = Decimal::parse(text).filter(|step| 0 < step.digits);
    if step.is_none() {
        let why = format!("needs a number > 0 with at most 30 places, got \"{text}\"");
        faults.push(FieldError::new("step", why));
    }
    step
}
