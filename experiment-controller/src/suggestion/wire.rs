//! Our types ⇄ `api.v1.beta1`: how a foreign search server is asked, and how its answer is read.

use proto::kinds::{
    EarlyStoppingSpec, ExperimentSpec, NasConfig, ObjectiveSpec, ParameterAssignment,
    ParameterSpec, Setting, Suggestion, TrialAssignment,
};
use proto::rpc::v1beta1 as rpc;

use crate::experiment;
use crate::index::{Class, Record, Trials};
use crate::trial::value::{self, Wanted};

pub(super) use rpc::suggestion_client::SuggestionClient as Client;
pub(super) use rpc::{
    GetSuggestionsReply as Reply, GetSuggestionsRequest as Request,
    ValidateAlgorithmSettingsRequest as Validation,
};

/// The experiment as a server is told of it; `settings` are those that it gave back before.
pub(crate) fn experiment(
    name: &str,
    spec: &ExperimentSpec,
    settings: &[Setting],
) -> rpc::Experiment {
    let parameters = spec.parameters.iter().map(parameter).collect();
    let algorithm = spec.algorithm.as_ref().map(|it| {
        let kept = |one: &&Setting| settings.iter().all(|it| it.name != one.name);
        let all = it.algorithm_settings.iter().filter(kept).chain(settings);
        rpc::AlgorithmSpec {
            algorithm_name: it.algorithm_name.clone(),
            algorithm_settings: all
                .map(|it| rpc::AlgorithmSetting { name: it.name.clone(), value: it.value.clone() })
                .collect(),
        }
    });
    let spec = rpc::ExperimentSpec {
        parameter_specs: Some(rpc::experiment_spec::ParameterSpecs { parameters }),
        objective: value::first_objective(spec).as_ref().map(objective),
        algorithm,
        early_stopping: spec.early_stopping.as_ref().map(early_stopping),
        parallel_trial_count: spec.parallel_trial_count.unwrap_or_default(),
        max_trial_count: spec.max_trial_count.unwrap_or_default(),
        nas_config: spec.nas_config.as_ref().map(nas),
    };
    rpc::Experiment { name: name.to_owned(), spec: Some(spec) }
}

/// The early-stopping rule as a server is told of it.
pub(crate) fn early_stopping(it: &EarlyStoppingSpec) -> rpc::EarlyStoppingSpec {
    let setting =
        |it: &Setting| rpc::EarlyStoppingSetting { name: it.name.clone(), value: it.value.clone() };
    rpc::EarlyStoppingSpec {
        algorithm_name: it.algorithm_name.clone(),
        algorithm_settings: it.algorithm_settings.iter().map(setting).collect(),
    }
}

/// The trials as a server is told of them: as Katib does, without those that have no metrics, but
/// with the assignments that wait for their trial, or they would be suggested again.
pub(crate) fn trials(
    spec: &ExperimentSpec,
    suggestion: &Suggestion,
    trials: &Trials,
) -> Vec<rpc::Trial> {
    let told = |record: &Record| match record.class {
        Class::MetricsUnavailable => false,
        Class::EarlyStopped => !record.losses.is_empty(),
        _ => true,
    };
    let wanted = Wanted::of(spec);
    let told = trials.records().filter(|(_, it)| told(it));
    let told = told.map(|(name, it)| trial(spec, &wanted, name, it));
    let waiting = experiment::proposed(suggestion, trials).into_iter();
    told.chain(waiting.map(|it| awaited(spec, it.assignment))).collect()
}

/// A trial that is about to be made.
fn awaited(spec: &ExperimentSpec, it: TrialAssignment) -> rpc::Trial {
    let values = it.parameter_assignments.into_iter();
    let assignments =
        values.map(|it| rpc::ParameterAssignment { name: it.name, value: it.value }).collect();
    rpc::Trial {
        name: it.name,
        spec: Some(rpc::TrialSpec {
            objective: value::first_objective(spec).as_ref().map(objective),
            parameter_assignments: Some(rpc::trial_spec::ParameterAssignments { assignments }),
            labels: it.labels.into_iter().collect(),
        }),
        status: Some(rpc::TrialStatus::default()),
    }
}

/// The assignments of an answer; `names` are for those that the server did not name.
pub(super) fn assignments(
    reply: &Reply,
    mut names: impl FnMut(usize) -> String,
) -> (Vec<TrialAssignment>, Vec<Setting>) {
    let one = |(place, it): (usize, &rpc::get_suggestions_reply::ParameterAssignments)| {
        let values = it.assignments.iter();
        let values =
            values.map(|it| ParameterAssignment { name: it.name.clone(), value: it.value.clone() });
        TrialAssignment {
            name: if it.trial_name.is_empty() { names(place) } else { it.trial_name.clone() },
            parameter_assignments: values.collect(),
            early_stopping_rules: Vec::new(),
            labels: it.labels.clone().into_iter().collect(),
        }
    };
    let all = reply.parameter_assignments.iter().enumerate().map(one).collect();
    let settings = reply.algorithm.iter().flat_map(|it| &it.algorithm_settings);
    let settings =
        settings.map(|it| Setting { name: it.name.clone(), value: it.value.clone() }).collect();
    (all, settings)
}

fn trial(spec: &ExperimentSpec, wanted: &Wanted, name: &str, record: &Record) -> rpc::Trial {
    use rpc::trial_status::TrialConditionType as Type;
    let assignments = record.assignments.iter();
    let assignments = assignments
        .map(|it| rpc::ParameterAssignment { name: it.name.clone(), value: it.value.clone() })
        .collect();
    let condition = match record.class {
        Class::Pending => Type::Created,
        Class::Running => Type::Running,
        Class::Succeeded => Type::Succeeded,
        Class::Failed => Type::Failed,
        Class::Killed => Type::Killed,
        Class::EarlyStopped => Type::Earlystopped,
        Class::MetricsUnavailable => Type::Metricsunavailable,
    };
    let metrics = wanted.names().filter_map(|name| {
        let value = wanted.value(&record.observation, name)?.to_string();
        Some(rpc::Metric { name: name.to_owned(), value })
    });
    let time = |it: Option<jiff::Timestamp>| {
        it.map(|it| it.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()).unwrap_or_default()
    };
    rpc::Trial {
        name: name.to_owned(),
        spec: Some(rpc::TrialSpec {
            objective: value::first_objective(spec).as_ref().map(objective),
            parameter_assignments: Some(rpc::trial_spec::ParameterAssignments { assignments }),
            labels: record.labels.clone().into_iter().collect(),
        }),
        status: Some(rpc::TrialStatus {
            start_time: time(record.started),
            completion_time: time(record.ended),
            condition: condition.into(),
            observation: Some(rpc::Observation { metrics: metrics.collect() }),
        }),
    }
}

fn objective(it: &ObjectiveSpec) -> rpc::ObjectiveSpec {
    let type_ = match it.type_.as_str() {
        "minimize" => rpc::ObjectiveType::Minimize,
        "maximize" => rpc::ObjectiveType::Maximize,
        _ => rpc::ObjectiveType::Unknown,
    };
    rpc::ObjectiveSpec {
        r#type: type_.into(),
        goal: it.goal.unwrap_or_default(),
        objective_metric_name: it.objective_metric_name.clone(),
        additional_metric_names: it.additional_metric_names.clone(),
    }
}

fn parameter(it: &ParameterSpec) -> rpc::ParameterSpec {
    use rpc::{Distribution, ParameterType};
    let type_ = match it.parameter_type.as_str() {
        "double" => ParameterType::Double,
        "int" => ParameterType::Int,
        "discrete" => ParameterType::Discrete,
        "categorical" => ParameterType::Categorical,
        _ => ParameterType::UnknownType,
    };
    let space = it.feasible_space.as_ref().map(|it| {
        let distribution = match it.distribution.as_str() {
            "uniform" => Distribution::Uniform,
            "logUniform" => Distribution::LogUniform,
            "normal" => Distribution::Normal,
            "logNormal" => Distribution::LogNormal,
            _ => Distribution::Unspecified,
        };
        rpc::FeasibleSpace {
            max: it.max.clone(),
            min: it.min.clone(),
            list: it.list.clone(),
            step: it.step.clone(),
            distribution: distribution.into(),
        }
    });
    rpc::ParameterSpec {
        name: it.name.clone(),
        parameter_type: type_.into(),
        feasible_space: space,
    }
}

fn nas(it: &NasConfig) -> rpc::NasConfig {
    let graph = it.graph_config.as_ref().map(|it| rpc::GraphConfig {
        num_layers: it.num_layers.unwrap_or_default(),
        input_sizes: it.input_sizes.clone(),
        output_sizes: it.output_sizes.clone(),
    });
    let operation = it.operations.iter().map(|it| {
        let parameters = it.parameters.iter().map(parameter).collect();
        rpc::Operation {
            operation_type: it.operation_type.clone(),
            parameter_specs: Some(rpc::operation::ParameterSpecs { parameters }),
        }
    });
    let operation = operation.collect();
    rpc::NasConfig {
        graph_config: graph,
        operations: Some(rpc::nas_config::Operations { operation }),
    }
}
