//! What a space promises: exact texts, equal chances, every fault named.

use proto::kinds::{FeasibleSpace, ParameterSpec};

use super::*;

fn spec(type_: &str, min: &str, max: &str, step: &str, distribution: &str) -> ParameterSpec {
    let feasible = FeasibleSpace {
        min: min.into(),
        max: max.into(),
        step: step.into(),
        distribution: distribution.into(),
        list: vec![],
    };
    ParameterSpec {
        name: "p".into(),
        parameter_type: type_.into(),
        feasible_space: Some(feasible),
        ..Default::default()
    }
}

fn list(type_: &str, choices: &[&str]) -> ParameterSpec {
    let list = choices.iter().map(|choice| (*choice).to_owned()).collect();
    let feasible = FeasibleSpace { list, ..Default::default() };
    ParameterSpec {
        name: "p".into(),
        parameter_type: type_.into(),
        feasible_space: Some(feasible),
        ..Default::default()
    }
}

fn parsed(parameters: &[ParameterSpec]) -> Result<Space, Vec<FieldError>> {
    Space::parse(&crate::fixture::experiment("random", &[], parameters))
}

fn one(spec: ParameterSpec) -> Space {
    crate::fixture::space(&[spec])
}

fn text(space: &Space, unit: f64) -> String {
    space.assignments(&space.point(&[unit])).remove(0).value
}

/// All texts of a countable parameter, in the order of its levels.
fn levels(spec: ParameterSpec) -> Vec<String> {
    let space = one(spec);
    let level = |i| space.assignments(&Point(vec![Coordinate::Level(i)])).remove(0).value;
    (0..space.count().unwrap()).map(level).collect()
}

#[test]
fn steps_make_no_noise() {
    assert_eq!(
        levels(spec("double", "0.01", "0.05", "0.01", "")),
        ["0.01", "0.02", "0.03", "0.04", "0.05"]
    );
    assert_eq!(levels(spec("double", "-0.1", "0.25", "0.1", "")), ["-0.1", "0", "0.1", "0.2"]);
    assert_eq!(levels(spec("int", "1", "3", "", "")), ["1", "2", "3"]);
    assert_eq!(levels(spec("int", "1", "3", "0.8", "")), ["1", "2", "3"]);
    assert_eq!(levels(spec("int", "0", "8", "2.5", "")), ["0", "3", "5", "8"]);
    assert_eq!(levels(spec("int", "16.0", "1e2", "42", "logUniform")), ["16", "58", "100"]);
    assert_eq!(levels(spec("double", "0.3", "0.3", "", "logUniform")), ["0.3"]);
    assert_eq!(levels(list("discrete", &["10", "2", "0.50"])), ["0.50", "2", "10"]);
    assert_eq!(levels(list("categorical", &["sgd", "adam"])), ["sgd", "adam"]);
}

#[test]
fn texts_are_short_and_cover_the_bounds() {
    let lr = one(spec("double", "1e-7", "0.1", "", "logUniform"));
    assert_eq!(text(&lr, 0.0), "1e-7");
    assert_eq!(text(&lr, 1.0), "0.1");
    let wide = one(spec("double", "-1e300", "1e300", "", ""));
    assert_eq!(text(&wide, 0.5), "0");
    assert_eq!(text(&wide, 1.0), "1e300");
    let normal = one(spec("double", "-1", "3", "", "normal"));
    assert_eq!((text(&normal, 0.0).as_str(), text(&normal, 1.0).as_str()), ("-1", "3"));
    assert!((text(&normal, 0.5).parse::<f64>().unwrap() - 1.0).abs() < 1e-12);
}

#[test]
fn every_int_is_as_likely_as_its_neighbour() {
    let space = one(spec("int", "1", "3", "", ""));
    let mut counts = [0; 3];
    for i in 0..3000 {
        let Coordinate::Level(level) = space.coordinate(0, (f64::from(i) + 0.5) / 3000.0) else {
            unreachable!("an int has levels")
        };
        counts[usize::try_from(level).unwrap()] += 1;
    }
    assert_eq!(counts, [1000; 3]);
}

#[test]
fn cells_tile_the_axis() {
    for distribution in ["uniform", "logUniform", "normal", "logNormal"] {
        let space = one(spec("int", "1", "9", "", distribution));
        let mut end = 0.0;
        for level in 0..9 {
            let (lo, hi) = space.cell(0, Coordinate::Level(level));
            assert!((lo - end).abs() < 1e-12 && lo < hi, "{distribution} {level}: {lo} {hi}");
            let middle = space.coordinate(0, lo / 2.0 + hi / 2.0);
            assert_eq!(middle, Coordinate::Level(level), "{distribution}");
            end = hi;
        }
        assert_eq!(end, 1.0);
    }
}

#[test]
fn normals_are_centred() {
    let space = one(spec("double", "0", "6", "", "normal"));
    // sigma = 1: the share below mu − sigma is Φ(−1) within the bounds.
    let x: f64 = text(&space, 0.159_0).parse().unwrap();
    assert!((x - 2.0).abs() < 0.01, "{x}");
}

#[test]
fn texts_are_read_tolerantly() {
    let read = |spec: ParameterSpec, value: &str| {
        let assignment = ParameterAssignment { name: "p".into(), value: value.into() };
        one(spec).point_of(&[assignment]).map(|point| point.0[0])
    };
    let stepped = || spec("double", "0", "0.1", "0.01", "");
    assert_eq!(read(stepped(), "0.019999999999999997"), Some(Coordinate::Level(2)));
    assert_eq!(read(stepped(), "0.015"), None);
    assert_eq!(read(spec("int", "1", "8", "", ""), "3.0"), Some(Coordinate::Level(2)));
    assert_eq!(read(spec("int", "1", "8", "", ""), "9"), None);
    assert_eq!(read(spec("int", "1", "8", "", ""), "many"), None);
    assert_eq!(read(spec("double", "0", "4", "", ""), "1"), Some(Coordinate::Real(0.25)));
    assert_eq!(read(spec("double", "0", "4", "", ""), "4.1"), None);
    assert_eq!(read(spec("double", "0", "4", "", ""), "nan"), None);
    assert_eq!(read(list("discrete", &["1", "2.50"]), "2.5"), Some(Coordinate::Level(1)));
    assert_eq!(read(list("categorical", &["a", "b"]), "B"), None);
}

#[test]
fn a_space_of_many_is_counted() {
    let named = |name: &str, mut spec: ParameterSpec| {
        spec.name = name.into();
        spec
    };
    let ints = named("a", spec("int", "1", "10", "", ""));
    let names = named("b", list("categorical", &["x", "y"]));
    assert_eq!(crate::fixture::space(&[ints.clone(), names]).count(), Some(20));
    let reals = named("b", spec("double", "0", "1", "", ""));
    assert_eq!(crate::fixture::space(&[ints, reals]).count(), None);
}

fn check(spec: ParameterSpec, want: &[&str]) {
    let faults = parsed(&[spec]).err().unwrap_or_default();
    let got: Vec<_> = faults.iter().map(ToString::to_string).collect();
    let want: Vec<_> = want.iter().map(|text| format!("parameters[0].{text}")).collect();
    assert_eq!(got, want);
}

#[test]
fn faults_name_field_value_and_way_out() {
    check(spec("double", "x", "1", "", ""), &[r#"feasibleSpace.min: needs a number, got "x""#]);
    check(spec("double", "0", "inf", "", ""), &[r#"feasibleSpace.max: must be finite, got "inf""#]);
    check(spec("double", "", "1", "", ""), &["feasibleSpace.min: must be specified"]);
    check(
        spec("double", "2", "1", "", ""),
        &[r#"feasibleSpace.min: must not be above max, got min "2" and max "1""#],
    );
    check(
        spec("double", "0", "1", "-0.1", ""),
        &[r#"feasibleSpace.step: needs a number > 0 with at most 30 places, got "-0.1""#],
    );
    check(
        spec("double", "0", "1", "", "logUniform"),
        &[r#"feasibleSpace.min: a logarithmic distribution needs min > 0, got "0""#],
    );
    check(
        spec("int", "0.5", "1", "", ""),
        &[r#"feasibleSpace.min: an int parameter needs a whole number, got "0.5""#],
    );
    check(
        spec("int", "0", "1", "", "beta"),
        &[
            r#"feasibleSpace.distribution: "beta" is not supported; use uniform, logUniform, normal or logNormal"#,
        ],
    );
    check(
        spec("real", "0", "1", "", ""),
        &[r#"parameterType: "real" is not supported; use double, int, discrete or categorical"#],
    );
    check(list("categorical", &[]), &["feasibleSpace.list: must have at least one choice"]);
    check(
        list("categorical", &["a", "b", "a"]),
        &[r#"feasibleSpace.list[2]: "a" is the same choice as list[0]"#],
    );
    check(
        list("discrete", &["1", "two", "1.0"]),
        &[
            r#"feasibleSpace.list[1]: a discrete parameter needs numbers, got "two"; use categorical for names"#,
            r#"feasibleSpace.list[2]: "1.0" is the same choice as list[0]"#,
        ],
    );
    check(
        spec("double", "0", "1e20", "1e-25", ""),
        &["feasibleSpace.step: is too fine for these bounds; use a larger one"],
    );
}

#[test]
fn all_faults_come_at_once() {
    let mut nameless = spec("double", "a", "b", "c", "");
    nameless.name.clear();
    let specs = [list("discrete", &["1"]), nameless, spec("int", "0", "1", "", "")];
    let faults = parsed(&specs).unwrap_err();
    let paths: Vec<_> = faults.iter().map(|fault| fault.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "parameters[1].name",
            "parameters[1].feasibleSpace.min",
            "parameters[1].feasibleSpace.max",
            "parameters[1].feasibleSpace.step",
            "parameters[2].name",
        ]
    );
}
