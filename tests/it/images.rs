//! Images at home: names that stand for environments of this machine.

use crate::home::{Home, text};

const MANIFEST: &str = r#"
apiVersion: kubeflow.org/v1beta1
kind: Experiment
metadata: {name: mapped}
spec:
  objective: {type: maximize, objectiveMetricName: accuracy}
  maxTrialCount: 1
  maxFailedTrialCount: 1
  parameters:
  - {name: x, parameterType: int, feasibleSpace: {min: "3", max: "3"}}
  trialTemplate:
    primaryContainerName: main
    trialParameters: [{name: x, reference: x}]
    trialSpec:
      apiVersion: batch/v1
      kind: Job
      spec:
        backoffLimit: 0
        template:
          spec:
            restartPolicy: Never
            containers: [{name: main, image: "team/trainer:7", args: ["accuracy=${trialParameters.x}"]}]
"#;

#[test]
fn an_image_stands_for_what_the_configuration_says() {
    let home = Home::new();
    std::fs::create_dir(home.path()).unwrap();
    let config = "images: {team/trainer: {command: [announce], path: PATH}}";
    let environment = home.work().join("environment");
    std::fs::create_dir_all(environment.join("bin")).unwrap();
    let program = environment.join("bin/announce");
    std::fs::write(&program, "#!/bin/sh\necho \"$1\"\n").unwrap();
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&program, executable).unwrap();
    let config = config.replace("PATH", environment.to_str().unwrap());
    std::fs::write(home.path().join("config.yaml"), config).unwrap();
    home.file("mapped.yaml", MANIFEST);
    let told = home.succeeds(&["run", "mapped.yaml"]);
    assert!(told.contains("accuracy  3"), "{told}");
}

#[test]
fn an_image_that_stands_for_nothing_is_told() {
    let home = Home::new();
    home.file("mapped.yaml", MANIFEST);
    let output = home.qalam(&["run", "mapped.yaml"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert!(text(&output).contains("is not pulled"), "{}", text(&output));
}
