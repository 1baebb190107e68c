"""Pushes one metric of the trial that this runs in, as Katib's SDK does.

In a pod that has a service account, `kubeflow.katib.report_metrics({"accuracy": 0.9},
db_manager_address="127.0.0.1:6789")` is the same in one line.
"""

import argparse
import os
from datetime import datetime, timezone

import grpc
from kubeflow.katib import katib_api_pb2 as api
from kubeflow.katib import katib_api_pb2_grpc as services

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--accuracy", required=True)
parser.add_argument("--address", default="127.0.0.1:6789")
arguments = parser.parse_args()

log = api.MetricLog(
    time_stamp=datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    metric=api.Metric(name="accuracy", value=arguments.accuracy),
)
with grpc.insecure_channel(arguments.address) as channel:
    services.DBManagerStub(channel).ReportObservationLog(
        api.ReportObservationLogRequest(
            trial_name=os.environ["KATIB_TRIAL_NAME"],
            observation_log=api.ObservationLog(metric_logs=[log]),
        ),
        timeout=30,
    )
