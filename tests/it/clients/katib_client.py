"""Drives a home with Katib's own SDK, unmodified: KatibClient and report_metrics.

Usage: katib_client.py KUBECONFIG DB_MANAGER_ADDRESS. Ends with status 0 and a line per step.
"""

import sys

from kubeflow import katib
from kubeflow.katib import KatibClient, models
from kubernetes import client as k8s

KUBECONFIG, DB_MANAGER = sys.argv[1], sys.argv[2]
NAMESPACE = "default"
katib_client = KatibClient(config_file=KUBECONFIG, namespace=NAMESPACE)


def wait(name):
    return katib_client.wait_for_experiment_condition(
        name=name, namespace=NAMESPACE, timeout=120, polling_interval=1
    )


def experiment(name, command, collector=None, trials=4):
    """An experiment built of the SDK's own models."""
    container = {"name": "main", "image": "none", "command": command}
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "spec": {
            "backoffLimit": 0,
            "template": {"spec": {"containers": [container], "restartPolicy": "Never"}},
        },
    }
    return models.V1beta1Experiment(
        api_version="kubeflow.org/v1beta1",
        kind="Experiment",
        metadata=k8s.V1ObjectMeta(name=name, namespace=NAMESPACE),
        spec=models.V1beta1ExperimentSpec(
            max_trial_count=trials,
            parallel_trial_count=2,
            max_failed_trial_count=1,
            objective=models.V1beta1ObjectiveSpec(
                type="maximize", objective_metric_name="accuracy"
            ),
            algorithm=models.V1beta1AlgorithmSpec(algorithm_name="random"),
            metrics_collector_spec=collector,
            parameters=[
                models.V1beta1ParameterSpec(
                    name="lr",
                    parameter_type="double",
                    feasible_space=models.V1beta1FeasibleSpace(min="0.01", max="0.9"),
                )
            ],
            trial_template=models.V1beta1TrialTemplate(
                primary_container_name="main",
                retain=True,
                trial_parameters=[
                    models.V1beta1TrialParameterSpec(name="lr", reference="lr")
                ],
                trial_spec=job,
            ),
        ),
    )


def create_and_wait():
    name = "sdk-create"
    command = ["sh", "-c", "echo tried; echo accuracy=${trialParameters.lr}"]
    katib_client.create_experiment(experiment(name, command), namespace=NAMESPACE)
    wait(name)
    assert katib_client.is_experiment_succeeded(name, namespace=NAMESPACE)
    best = katib_client.get_optimal_hyperparameters(name, namespace=NAMESPACE)
    values = {it.name: float(it.value) for it in best.parameter_assignments}
    assert 0.01 <= values["lr"] <= 0.9, values
    measured = float(best.observation.metrics[0].latest)
    assert abs(measured - values["lr"]) < 1e-12, (measured, values)

    trials = katib_client.list_trials(experiment_name=name, namespace=NAMESPACE)
    assert len(trials) == 4, len(trials)
    assert measured == max(float(t.status.observation.metrics[0].latest) for t in trials)
    assert len(katib_client.get_success_trial_details(name, namespace=NAMESPACE)) == 4
    assert katib_client.get_suggestion(name, namespace=NAMESPACE).status.suggestion_count == 4

    log = list(katib_client.get_job_logs(name, best.best_trial_name, namespace=NAMESPACE))
    assert "tried" in "\n".join(log), log

    found = katib_client.get_trial_metrics(
        best.best_trial_name, namespace=NAMESPACE, db_manager_address=DB_MANAGER
    )
    assert [it.metric.name for it in found] == ["accuracy"], found
    print("ok create_experiment, wait, optimal, trials, logs, metrics")


def refuse_and_delete():
    name = "sdk-create"
    command = ["echo", "${trialParameters.lr}"]
    try:
        katib_client.create_experiment(experiment(name, command), namespace=NAMESPACE)
        taken = True
    except Exception as error:
        taken = False
        assert "already exists" in str(error), error
    assert not taken, "a second experiment of that name was taken"
    katib_client.delete_experiment(name, namespace=NAMESPACE)
    print("ok duplicates are refused, delete")


def objective(parameters):
    """The function that tune() ships to its trials."""
    rate = float(parameters["rate"])
    print(f"result={4 - (rate - 0.5) ** 2}")


def tune():
    name = "sdk-tune"
    katib_client.tune(
        name=name,
        objective=objective,
        parameters={"rate": katib.search.double(min=0.1, max=0.9)},
        objective_metric_name="result",
        max_trial_count=4,
        parallel_trial_count=2,
        algorithm_name="tpe",
    )
    wait(name)
    best = katib_client.get_optimal_hyperparameters(name, namespace=NAMESPACE)
    rate = float(best.parameter_assignments[0].value)
    assert abs(float(best.observation.metrics[0].latest) - (4 - (rate - 0.5) ** 2)) < 1e-9
    print("ok tune")


def push():
    name = "sdk-push"
    script = (
        "from kubeflow.katib import report_metrics; "
        "report_metrics({'accuracy': float('${trialParameters.lr}')}, "
        f"db_manager_address='{DB_MANAGER}')"
    )
    collector = models.V1beta1MetricsCollectorSpec(
        collector=models.V1beta1CollectorSpec(kind="Push")
    )
    command = [sys.executable, "-c", script]
    katib_client.create_experiment(
        experiment(name, command, collector, trials=2), namespace=NAMESPACE
    )
    wait(name)
    best = katib_client.get_optimal_hyperparameters(name, namespace=NAMESPACE)
    assert best.observation.metrics[0].name == "accuracy", best
    print("ok report_metrics")


create_and_wait()
refuse_and_delete()
tune()
push()
