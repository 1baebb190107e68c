//! The Experiment that `qalam tune` stands for: flags in, manifest out.

use std::collections::BTreeMap;
use std::time::Duration;

use proto::kinds::{
    AlgorithmSpec, ConstraintSpec, EarlyStoppingSpec, Experiment, ExperimentSpec, ObjectiveSpec,
    ParameterSpec, Setting, TrialParameterSpec, TrialTemplate,
};
use serde_json::{Value, json};

use super::braces::placeholders;

/// Name of the one container of a trial that `tune` makes.
const CONTAINER: &str = "trial";
/// At home nothing is pulled: the command runs on the host.
const IMAGE: &str = "host";

/// What the flags said, already read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sketch {
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) objectives: Vec<ObjectiveSpec>,
    pub(crate) constraints: Vec<ConstraintSpec>,
    pub(crate) parameters: Vec<ParameterSpec>,
    /// What is tried first, and what never is.
    pub(crate) first: Vec<BTreeMap<String, String>>,
    pub(crate) never: Vec<BTreeMap<String, String>>,
    pub(crate) trials: i32,
    pub(crate) parallel: i32,
    pub(crate) failures: Option<i32>,
    pub(crate) algorithm: Option<String>,
    /// Settings of the algorithm, the seed among them.
    pub(crate) settings: Vec<(String, String)>,
    /// The early-stopping rule.
    pub(crate) early_stop: Option<EarlyStoppingSpec>,
    /// How long one trial may take.
    pub(crate) timeout: Option<Duration>,
    /// Program and arguments, with `{name}` where values go.
    pub(crate) command: Vec<String>,
}

impl Sketch {
    /// The manifest; every fault at once.
    pub(crate) fn experiment(&self) -> Result<Experiment, Vec<String>> {
        let mut faults = self.doubles();
        let names: Vec<&str> = self.parameters.iter().map(|it| it.name.as_str()).collect();
        let mut command = Vec::new();
        for argument in &self.command {
            match placeholders(argument, &names) {
                Ok(argument) => command.push(argument),
                Err(fault) => faults.push(fault),
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let mut experiment = Experiment::new(&self.name, self.spec(&command));
        experiment.metadata.namespace = Some(self.namespace.clone());
        Ok(experiment)
    }

    /// Parameters that share a name, or a name in the environment.
    fn doubles(&self) -> Vec<String> {
        let mut seen: BTreeMap<String, &str> = BTreeMap::new();
        let mut faults = Vec::new();
        for parameter in &self.parameters {
            let name = parameter.name.as_str();
            match seen.insert(variable(name), name) {
                Some(before) if before == name => {
                    faults.push(format!("--param {name} is given twice"));
                }
                Some(before) => faults.push(format!(
                    "--param {before} and --param {name} would both reach the environment as {}; \
                     rename one",
                    variable(name)
                )),
                None => {}
            }
        }
        faults
    }

    fn spec(&self, command: &[String]) -> ExperimentSpec {
        let named = |list: &[(String, String)]| -> Vec<Setting> {
            let setting = |(name, value): &(String, String)| Setting {
                name: name.clone(),
                value: value.clone(),
            };
            list.iter().map(setting).collect()
        };
        let algorithm = (self.algorithm.is_some() || !self.settings.is_empty()).then(|| {
            let algorithm_name = self.algorithm.clone().unwrap_or_else(|| "auto".into());
            AlgorithmSpec { algorithm_name, algorithm_settings: named(&self.settings) }
        });
        let (objective, objectives) = match &self.objectives[..] {
            [one] => (Some(one.clone()), Vec::new()),
            all => (None, all.to_vec()),
        };
        ExperimentSpec {
            objective,
            objectives,
            constraints: self.constraints.clone(),
            parameters: self.parameters.clone(),
            forbidden: self.never.clone(),
            initial_points: self.first.clone(),
            algorithm,
            early_stopping: self.early_stop.clone(),
            max_trial_count: Some(self.trials),
            parallel_trial_count: Some(self.parallel.min(self.trials)),
            max_failed_trial_count: self.failures,
            trial_template: Some(self.template(command)),
            // Costs nothing here, and lets `qalam resume` take a stop back.
            resume_policy: "LongRunning".into(),
            ..Default::default()
        }
    }

    fn template(&self, command: &[String]) -> TrialTemplate {
        let parameter = |it: &ParameterSpec| TrialParameterSpec {
            name: it.name.clone(),
            reference: it.name.clone(),
            ..Default::default()
        };
        TrialTemplate {
            // Kept, so that `qalam logs` can show what any trial printed.
            retain: true,
            trial_spec: Some(self.job(command)),
            trial_parameters: Some(self.parameters.iter().map(parameter).collect()),
            primary_container_name: CONTAINER.into(),
            ..Default::default()
        }
    }

    fn job(&self, command: &[String]) -> Value {
        let variable = |it: &ParameterSpec| {
            let value = format!("${{trialParameters.{}}}", it.name);
            json!({"name": variable(&it.name), "value": value})
        };
        let mut job = json!({
            "apiVersion": "batch/v1",
            "kind": "Job",
            "spec": {
                "backoffLimit": 0,
                "template": {"spec": {
                    "restartPolicy": "Never",
                    "containers": [{
                        "name": CONTAINER,
                        "image": IMAGE,
                        "command": command,
                        "env": self.parameters.iter().map(variable).collect::<Vec<Value>>(),
                    }],
                }},
            },
        });
        if let Some(timeout) = self.timeout {
            job["spec"]["activeDeadlineSeconds"] = timeout.as_secs().max(1).into();
        }
        job
    }
}

/// The variable in which a parameter reaches the environment of a trial: `lr` as
/// `QALAM_PARAM_LR`; what no variable's name may have becomes `_`.
pub(crate) fn variable(parameter: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    format!("QALAM_PARAM_{}", parameter.chars().map(letter).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::super::param;
    use super::*;

    fn sketch(parameters: &[&str], command: &[&str]) -> Sketch {
        Sketch {
            name: "e".into(),
            namespace: "default".into(),
            parameters: parameters.iter().map(|it| param::parse(it).unwrap()).collect(),
            trials: 10,
            parallel: 2,
            command: command.iter().map(|it| (*it).to_owned()).collect(),
            ..Default::default()
        }
    }

    #[test]
    fn commands_become_arguments_never_a_shell() {
        let made = sketch(&["lr=log:1e-3..1", "opt=a,b"], &["train", "--lr={lr}", "; rm x"]);
        let spec = made.experiment().unwrap().spec;
        let job = spec.trial_template.unwrap().trial_spec.unwrap();
        let container = &job["spec"]["template"]["spec"]["containers"][0];
        assert_eq!(container["command"], json!(["train", "--lr=${trialParameters.lr}", "; rm x"]));
        assert_eq!(
            container["env"],
            json!([
                {"name": "QALAM_PARAM_LR", "value": "${trialParameters.lr}"},
                {"name": "QALAM_PARAM_OPT", "value": "${trialParameters.opt}"},
            ])
        );
    }

    #[test]
    fn flags_reach_the_spec() {
        let mut made = sketch(&["n=int:1..8"], &["true"]);
        made.parallel = 20;
        assert_eq!(made.experiment().unwrap().spec.parallel_trial_count, Some(10));
        assert_eq!(made.experiment().unwrap().spec.algorithm, None);
        made.settings = vec![("random_state".into(), "7".into())];
        made.timeout = Some(Duration::from_secs(90));
        let algorithm_name = "medianstop".into();
        made.early_stop = Some(EarlyStoppingSpec { algorithm_name, ..Default::default() });
        let spec = made.experiment().unwrap().spec;
        assert_eq!(spec.algorithm.unwrap().algorithm_name, "auto");
        assert_eq!(spec.early_stopping.unwrap().algorithm_name, "medianstop");
        let job = spec.trial_template.unwrap().trial_spec.unwrap();
        assert_eq!(job["spec"]["activeDeadlineSeconds"], 90);
    }

    #[test]
    fn faults_come_all_at_once() {
        let check = |parameters: &[&str], command: &[&str], expect: &[&str]| {
            let faults = sketch(parameters, command).experiment().unwrap_err();
            assert_eq!(faults.len(), expect.len(), "{faults:?}");
            for (fault, expect) in faults.iter().zip(expect) {
                assert!(fault.contains(expect), "{fault}");
            }
        };
        check(&["a=1,2"], &["{b}", "{"], &["no parameter {b}", "'{' without"]);
        check(&["a=1,2", "a=3,4"], &["x"], &["--param a is given twice"]);
        check(&["a-b=1,2", "a_b=3,4"], &["x"], &["both reach the environment as QALAM_PARAM_A_B"]);
    }
}
