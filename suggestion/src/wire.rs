//! Rpc ⇄ domain: what Katib's clients send, as a manifest and a history, and our answer to them.

use proto::kinds::{
    AlgorithmSpec, ExperimentSpec, FeasibleSpace, GraphConfig, NasConfig, ObjectiveSpec, Operation,
    ParameterAssignment, ParameterSpec, Setting,
};
use proto::rpc::v1beta1 as rpc;
use rpc::get_suggestions_reply::ParameterAssignments;
use rpc::trial_status::TrialConditionType as Condition;
use tonic::Status;

use crate::{Answer, State, SuggestError, Suggested, Told};

/// The part of a manifest that search reads.
pub(crate) fn spec(experiment: &rpc::Experiment) -> ExperimentSpec {
    let spec = experiment.spec.clone().unwrap_or_default();
    let parameters = spec.parameter_specs.unwrap_or_default().parameters;
    ExperimentSpec {
        parameters: parameters.into_iter().map(parameter).collect(),
        objective: spec.objective.map(objective),
        algorithm: spec.algorithm.map(algorithm),
        // Zero is what an unset number looks like here.
        max_trial_count: Some(spec.max_trial_count).filter(|count| *count != 0),
        nas_config: spec.nas_config.map(nas_config),
        ..Default::default()
    }
}

fn parameter(it: rpc::ParameterSpec) -> ParameterSpec {
    let parameter_type = match it.parameter_type() {
        rpc::ParameterType::UnknownType => "unknown",
        rpc::ParameterType::Double => "double",
        rpc::ParameterType::Int => "int",
        rpc::ParameterType::Discrete => "discrete",
        rpc::ParameterType::Categorical => "categorical",
    };
    ParameterSpec {
        parameter_type: parameter_type.into(),
        feasible_space: it.feasible_space.map(feasible),
        name: it.name,
        ..Default::default()
    }
}

fn nas_config(it: rpc::NasConfig) -> NasConfig {
    let graph = |it: rpc::GraphConfig| GraphConfig {
        num_layers: Some(it.num_layers).filter(|count| *count != 0),
        input_sizes: it.input_sizes,
        output_sizes: it.output_sizes,
    };
    let operation = |it: rpc::Operation| Operation {
        operation_type: it.operation_type,
        parameters: it
            .parameter_specs
            .unwrap_or_default()
            .parameters
            .into_iter()
            .map(parameter)
            .collect(),
    };
    let operations = it.operations.unwrap_or_default().operation.into_iter();
    NasConfig {
        graph_config: it.graph_config.map(graph),
        operations: operations.map(operation).collect(),
    }
}

fn feasible(it: rpc::FeasibleSpace) -> FeasibleSpace {
    let distribution = match it.distribution() {
        rpc::Distribution::Unspecified => "",
        rpc::Distribution::Uniform => "uniform",
        rpc::Distribution::LogUniform => "logUniform",
        rpc::Distribution::Normal => "normal",
        rpc::Distribution::LogNormal => "logNormal",
    };
    let distribution = distribution.into();
    FeasibleSpace { max: it.max, min: it.min, list: it.list, step: it.step, distribution }
}

fn objective(it: rpc::ObjectiveSpec) -> ObjectiveSpec {
    let type_ = match it.r#type() {
        rpc::ObjectiveType::Unknown => "",
        rpc::ObjectiveType::Minimize => "minimize",
        rpc::ObjectiveType::Maximize => "maximize",
    };
    ObjectiveSpec {
        type_: type_.into(),
        objective_metric_name: it.objective_metric_name,
        ..Default::default()
    }
}

fn algorithm(it: rpc::AlgorithmSpec) -> AlgorithmSpec {
    let setting = |it: rpc::AlgorithmSetting| Setting { name: it.name, value: it.value };
    AlgorithmSpec {
        algorithm_name: it.algorithm_name,
        algorithm_settings: it.algorithm_settings.into_iter().map(setting).collect(),
    }
}

/// The history of a request. Trials carry no number on this wire: their place in the list stands
/// for the index, and the times at which they ended order them.
pub(crate) fn told(trials: Vec<rpc::Trial>) -> Vec<Told> {
    let ended = |trial: &rpc::Trial| {
        trial.status.as_ref().map(|status| status.completion_time.clone()).unwrap_or_default()
    };
    // Times come in one format, in UTC: their texts sort as they do.
    let mut order: Vec<usize> = (0..trials.len()).collect();
    order.sort_by_cached_key(|i| (ended(&trials[*i]), *i));
    let mut completions = vec![0; trials.len()];
    (0..).zip(&order).for_each(|(completion, i)| completions[*i] = completion);

    let told = |(i, trial): (usize, rpc::Trial)| told_one(i as u64, completions[i], trial);
    trials.into_iter().enumerate().map(told).collect()
}

fn told_one(index: u64, completion: u64, trial: rpc::Trial) -> Told {
    let spec = trial.spec.unwrap_or_default();
    let status = trial.status.unwrap_or_default();
    let state = match status.condition() {
        Condition::Created | Condition::Running | Condition::Unknown => State::Active,
        Condition::Succeeded => State::Succeeded,
        Condition::Earlystopped => State::EarlyStopped,
        Condition::Failed => State::Failed,
        Condition::Killed | Condition::Metricsunavailable => State::MetricsUnavailable,
    };
    let metrics = status.observation.unwrap_or_default().metrics.into_iter();
    let assignments = spec.parameter_assignments.unwrap_or_default().assignments.into_iter();
    Told {
        index,
        completion: (state != State::Active).then_some(completion),
        assignments: assignments
            .map(|it| ParameterAssignment { name: it.name, value: it.value })
            .collect(),
        state,
        metrics: metrics
            .filter_map(|metric| Some((metric.name, metric.value.trim().parse().ok()?)))
            .collect(),
        curve: Vec::new(),
        labels: spec.labels.into_iter().collect(),
        seconds: None,
    }
}

/// The reply to a request for `asked` suggestions: so many or an error, never fewer, since Katib's
/// controller takes nothing else.
pub(crate) fn reply(answer: Answer, asked: usize) -> Result<rpc::GetSuggestionsReply, Status> {
    match answer {
        Answer::Proposals(all) if all.len() == asked => Ok(rpc::GetSuggestionsReply {
            parameter_assignments: all.into_iter().map(suggested).collect(),
            ..Default::default()
        }),
        Answer::Proposals(some) => {
            let text = format!("{} of {asked} can be suggested now; ask for fewer", some.len());
            Err(Status::unavailable(text))
        }
        Answer::Wait(why) => Err(Status::unavailable(why)),
        Answer::Exhausted(rest) => Err(Status::failed_precondition(format!(
            "the search space is exhausted: {} untried of {asked} asked for; lower maxTrialCount \
             or widen the space",
            rest.len()
        ))),
    }
}

fn suggested(it: Suggested) -> ParameterAssignments {
    let assignments = it.assignments.into_iter();
    ParameterAssignments {
        assignments: assignments
            .map(|it| rpc::ParameterAssignment { name: it.name, value: it.value })
            .collect(),
        trial_name: String::new(),
        labels: it.labels.into_iter().collect(),
    }
}

/// The status of an error: which code, and Katib's text where there is but one fault of the
/// algorithm's settings or of a network. (Where Katib prints the faulty part, we say which it is.)
pub(crate) fn status(error: SuggestError) -> Status {
    match error {
        SuggestError::Invalid(faults) => Status::invalid_argument(match &faults[..] {
            [fault] if fault.path.starts_with("algorithm.") => fault.message.clone(),
            [fault] if fault.path.starts_with("nasConfig.") => {
                format!("{}:\n{}", fault.message, fault.path)
            }
            _ => SuggestError::Invalid(faults).to_string(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trials_are_ordered_by_the_time_they_ended() {
        let trial = |condition: Condition, completion_time: &str| rpc::Trial {
            status: Some(rpc::TrialStatus {
                condition: condition.into(),
                completion_time: completion_time.into(),
                ..Default::default()
            }),
            ..Default::default()
        };
        let told = told(vec![
            trial(Condition::Succeeded, "2026-01-01T00:00:02Z"),
            trial(Condition::Created, ""),
            trial(Condition::Failed, "2026-01-01T00:00:01Z"),
        ]);
        let got: Vec<_> = told.iter().map(|it| (it.index, it.completion, it.state)).collect();
        assert_eq!(
            got,
            [(0, Some(2), State::Succeeded), (1, None, State::Active), (2, Some(1), State::Failed)]
        );
    }
}
