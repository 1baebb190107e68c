//! What is known of a failed trial's containers, in one sentence for its owner.

use std::sync::Arc;

use k8s_openapi::api::core::v1::{ContainerStateTerminated, Pod};
use kube::ResourceExt;

/// Characters of the last line that a message shows.
const LINE_CHARS_MAX: usize = 200;

/// How the containers ended, and the last line that was printed.
pub(super) fn detail(pods: &[Arc<Pod>], last_line: &str) -> String {
    let mut told: Vec<String> = pods.iter().flat_map(|it| of_pod(it)).collect();
    told.dedup();
    if !last_line.is_empty() {
        let line: String = last_line.chars().take(LINE_CHARS_MAX).collect();
        told.push(format!("Last line: {line:?}"));
    }
    told.join(". ")
}

fn of_pod(pod: &Pod) -> Vec<String> {
    let Some(status) = &pod.status else { return Vec::new() };
    let lists = [&status.init_container_statuses, &status.container_statuses];
    let statuses = lists.into_iter().flatten().flatten();
    let ends = statuses.filter_map(|it| {
        let state = it.state.as_ref()?;
        let end = state.terminated.as_ref().filter(|end| end.exit_code != 0);
        if let Some(end) = end {
            return Some(format!("Container {} {}", it.name, how(end)));
        }
        let waiting = state.waiting.as_ref()?;
        let message = waiting.message.as_deref().filter(|it| !it.is_empty())?;
        Some(format!("Container {} did not start: {message}", it.name))
    });
    let mut told: Vec<String> = ends.collect();
    if let Some(message) = status.message.as_deref().filter(|it| !it.is_empty()) {
        let reason = status.reason.as_deref().unwrap_or("Failed");
        told.push(format!("Pod {}: {reason}: {message}", pod.name_any()));
    }
    told
}

fn how(end: &ContainerStateTerminated) -> String {
    // A shell, and the kubelet, tell a signal as 128 and its number.
    let signal =
        end.signal.or((128 < end.exit_code && end.exit_code < 160).then(|| end.exit_code - 128));
    let mut told = match signal {
        Some(signal) => format!("was ended by signal {signal} (exit code {})", end.exit_code),
        None => format!("ended with exit code {}", end.exit_code),
    };
    // What only repeats the code or the signal is left out.
    let repeats =
        |text: &str| text == "Error" || text == format!("ended by signal {}", signal.unwrap_or(0));
    let texts = [end.reason.as_deref(), end.message.as_deref()];
    for text in texts.into_iter().flatten().filter(|it| !it.is_empty() && !repeats(it)) {
        told += &format!(": {text}");
    }
    told
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn check(terminated: Value, want: &str) {
        let pod = json!({"metadata": {"name": "p"}, "status": {"containerStatuses": [
            {"name": "main", "ready": false, "restartCount": 0, "image": "", "imageID": "",
             "state": {"terminated": terminated}}]}});
        let pod: Pod = serde_json::from_value(pod).unwrap();
        assert_eq!(detail(&[Arc::new(pod)], "boom"), want);
    }

    #[test]
    fn an_exit_is_told_plainly() {
        check(
            json!({"exitCode": 3, "reason": "Error"}),
            r#"Container main ended with exit code 3. Last line: "boom""#,
        );
        check(
            json!({"exitCode": 137, "reason": "OOMKilled"}),
            r#"Container main was ended by signal 9 (exit code 137): OOMKilled. Last line: "boom""#,
        );
        check(
            json!({"exitCode": 143, "signal": 15, "message": "ended by signal 15"}),
            r#"Container main was ended by signal 15 (exit code 143). Last line: "boom""#,
        );
        check(json!({"exitCode": 0}), r#"Last line: "boom""#);
    }
}
