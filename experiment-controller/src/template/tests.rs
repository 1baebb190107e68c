//! Rendering, as rows: template, values, manifest.

use proto::kinds::TrialParameterSpec;

use super::*;

fn template(inline: Option<Value>, parameters: &[(&str, &str)]) -> TrialTemplate {
    let parameter = |(name, reference): &(&str, &str)| TrialParameterSpec {
        name: (*name).to_owned(),
        reference: (*reference).to_owned(),
        ..TrialParameterSpec::default()
    };
    TrialTemplate {
        trial_spec: inline,
        trial_parameters: Some(parameters.iter().map(parameter).collect()),
        ..TrialTemplate::default()
    }
}

fn rendered(template: &TrialTemplate, text: Option<&str>, lr: &str) -> Result<Value, String> {
    let assignments = [ParameterAssignment { name: "lr".into(), value: lr.into() }];
    let rendering = Rendering {
        template,
        text,
        parameters: &[],
        assignments: &assignments,
        trial: Facts { name: "e-b", namespace: "ns", continues: "e-a" },
    };
    render(&rendering)
        .map_err(|faults| faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

#[test]
fn inline_strings_and_keys_are_filled_and_stay_strings() {
    let inline = json!({"kind": "Job", "spec": {
        "args": ["--lr=${trialParameters.rate}", "${trialParameters.rate}"],
        "${trialParameters.rate}": 1, "n": 2,
    }});
    let got = rendered(&template(Some(inline), &[("rate", "lr")]), None, "0.\"1").unwrap();
    let want = json!({"kind": "Job", "metadata": {"name": "e-b", "namespace": "ns"}, "spec": {
        "args": ["--lr=0.\"1", "0.\"1"], "0.\"1": 1, "n": 2,
    }});
    assert_eq!(got, want);
}

#[test]
fn the_facts_are_filled() {
    let facts = [
        ("a", "${trialSpec.Name}"),
        ("b", "${trialSpec.Namespace}"),
        ("c", "${trialSpec.Kind}"),
        ("d", "${trialSpec.APIVersion}"),
        ("e", "${trialSpec.Labels[team]}"),
        ("f", "${trialSpec.Annotations[note]}"),
        ("g", "${trialSpec.Continues}"),
    ];
    let inline = json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": {"labels": {"team": "red"}, "annotations": {"note": "n"}},
        "spec": "${trialParameters.a} ${trialParameters.b} ${trialParameters.c} \
                 ${trialParameters.d} ${trialParameters.e} ${trialParameters.f} \
                 ${trialParameters.g}",
    });
    let got = rendered(&template(Some(inline), &facts), None, "1").unwrap();
    assert_eq!(got["spec"], "e-b ns Job batch/v1 red n e-a");
    assert_eq!(got["metadata"]["labels"]["team"], "red");
}

#[test]
fn the_text_of_a_config_map_is_filled_before_it_is_read() {
    let text = "kind: Job\nspec: {replicas: ${trialParameters.n}, arg: '${trialParameters.n}'}\n";
    let got = rendered(&template(None, &[("n", "lr")]), Some(text), "3").unwrap();
    assert_eq!(got["spec"], json!({"replicas": 3, "arg": "3"}));
}

#[test]
fn what_nothing_fills_is_told() {
    let check = |inline: Value, parameters: &[(&str, &str)], want: &str| {
        assert_eq!(rendered(&template(Some(inline), parameters), None, "1").unwrap_err(), want);
    };
    check(
        json!({"a": ["${trialParameters.x}"]}),
        &[],
        "spec.trialTemplate.trialSpec.a[0]: no trial parameter fills ${trialParameters.x}; add one \
         of that name to spec.trialTemplate.trialParameters, or correct the placeholder",
    );
    check(
        json!({"kind": "Job"}),
        &[("a", "${trialSpec.Labels[team]}"), ("b", "momentum")],
        "spec.trialTemplate.trialParameters[0].reference: the template has no label \"team\"; add \
         it, or refer to something else\nspec.trialTemplate.trialParameters[1].reference: the \
         trial has no value for \"momentum\"",
    );
    check(
        json!([]),
        &[],
        "spec.trialTemplate.trialSpec: must be an object with apiVersion, kind and spec",
    );
}

#[test]
fn text_that_is_no_manifest_is_told() {
    let check = |text: Option<&str>, want: &str| {
        let fault = rendered(&template(None, &[]), text, "1").unwrap_err();
        assert!(fault.starts_with(want), "{fault}");
    };
    check(None, "spec.trialTemplate: must be specified");
    check(Some("just text"), "spec.trialTemplate.configMap: must be an object");
    check(Some("a: [1"), "spec.trialTemplate.configMap: is no YAML: ");
}

#[test]
fn a_parameter_that_does_not_count_is_an_empty_text() {
    let conditional = ParameterSpec {
        name: "momentum".into(),
        when: Some(proto::kinds::When::default()),
        ..Default::default()
    };
    let parameters = [conditional, ParameterSpec { name: "lr".into(), ..Default::default() }];
    let render = |template: &TrialTemplate, text| {
        render(&Rendering {
            template,
            text,
            parameters: &parameters,
            assignments: &[],
            trial: Facts { name: "e-b", namespace: "ns", continues: "" },
        })
    };
    let momentum = [("momentum", "momentum")];
    let inline = json!({"kind": "Job", "spec": ["--momentum=${trialParameters.momentum}"]});
    let got = render(&template(Some(inline), &momentum), None).unwrap();
    assert_eq!(got["spec"], json!(["--momentum="]));
    let mut in_map = template(None, &momentum);
    in_map.config_map = Some(Default::default());
    let got = render(&in_map, Some("kind: Job\nspec: ${trialParameters.momentum}\n")).unwrap();
    assert_eq!(got["spec"], json!(""));
    let lost = render(&template(Some(json!({"kind": "Job"})), &[("lr", "lr")]), None).unwrap_err();
    assert!(lost[0].message.contains("no value for \"lr\""), "{lost:?}");
}
