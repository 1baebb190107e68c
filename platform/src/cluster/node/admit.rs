//! Whether a pod fits: its requests against what the machine has and what was given already.

use k8s_openapi::api::core::v1::{Container, Pod};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use std::collections::BTreeMap;
use std::fs;

/// The extended resource that stands for a GPU.
pub const GPU: &str = "nvidia.com/gpu";

/// What a machine has, or what is left of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inventory {
    /// Thousandths of a core.
    pub cpu_milli: u64,
    /// Bytes.
    pub memory_bytes: u64,
    /// What CUDA_VISIBLE_DEVICES calls them.
    pub gpus: Vec<String>,
    /// How many pods may run at once.
    pub pods_max: usize,
}

/// What a pod asks for, or holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Need {
    /// Thousandths of a core.
    pub cpu_milli: u64,
    /// Bytes.
    pub memory_bytes: u64,
    /// Whole devices.
    pub gpus: usize,
}

/// What a pod that runs holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grant {
    /// What it asked for.
    pub need: Need,
    /// The devices that it got.
    pub gpus: Vec<String>,
}

impl Inventory {
    /// What this machine has.
    pub fn of_this_machine() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
        Self {
            cpu_milli: cores as u64 * 1000,
            memory_bytes: memory_total(&memory).unwrap_or(u64::MAX),
            gpus: gpus(),
            pods_max: 4096,
        }
    }

    /// Grants `need`, or says why it has to wait (or for ever will).
    pub fn admit(&self, need: Need, held: &BTreeMap<String, Grant>) -> Result<Grant, String> {
        let sum =
            |part: fn(&Need) -> u64| held.values().map(|grant| part(&grant.need)).sum::<u64>();
        let mut short = Vec::new();
        let mut fits = |name: &str, want: u64, has: u64, used: u64| {
            if 0 < want && has.saturating_sub(used) < want {
                let never = if has < want { ": more than the machine has" } else { "" };
                short.push(format!(
                    "Insufficient {name} (asks {want} of {has}, {used} in use{never})"
                ));
            }
        };
        fits("cpu", need.cpu_milli, self.cpu_milli, sum(|need| need.cpu_milli));
        fits("memory", need.memory_bytes, self.memory_bytes, sum(|need| need.memory_bytes));
        fits(GPU, need.gpus as u64, self.gpus.len() as u64, sum(|need| need.gpus as u64));
        if self.pods_max <= held.len() {
            short.push(format!("Too many pods ({} run, the limit)", held.len()));
        }
        if !short.is_empty() {
            return Err(format!("0/1 nodes are available: {}.", short.join(", ")));
        }
        let taken = |gpu: &String| held.values().any(|grant| grant.gpus.contains(gpu));
        let free = self.gpus.iter().filter(|gpu| !taken(gpu)).take(need.gpus);
        Ok(Grant { need, gpus: free.cloned().collect() })
    }
}

/// What a pod asks for: the containers together, or the greatest init container if that is more.
/// Sidecars count with the containers. A limit without a request is a request.
pub fn need(pod: &Pod) -> Need {
    let Some(spec) = &pod.spec else { return Need::default() };
    let init = spec.init_containers.iter().flatten();
    let (sidecars, init): (Vec<_>, Vec<_>) =
        init.partition(|container| container.restart_policy.as_deref() == Some("Always"));
    let mut need = Need::default();
    for container in spec.containers.iter().chain(sidecars) {
        let one = ask(container);
        need.cpu_milli += one.cpu_milli;
        need.memory_bytes += one.memory_bytes;
        need.gpus += one.gpus;
    }
    for one in init.into_iter().map(ask) {
        need.cpu_milli = need.cpu_milli.max(one.cpu_milli);
        need.memory_bytes = need.memory_bytes.max(one.memory_bytes);
        need.gpus = need.gpus.max(one.gpus);
    }
    need
}

/// What one container asks for.
pub fn ask(container: &Container) -> Need {
    let amount = |name: &str, scale: f64| {
        let resources = container.resources.as_ref()?;
        let of = |list: &Option<BTreeMap<String, Quantity>>| list.as_ref()?.get(name).cloned();
        let quantity = of(&resources.requests).or_else(|| of(&resources.limits))?;
        Some((self::quantity(&quantity.0)? * scale).ceil() as u64)
    };
    Need {
        cpu_milli: amount("cpu", 1000.0).unwrap_or(0),
        memory_bytes: amount("memory", 1.0).unwrap_or(0),
        gpus: amount(GPU, 1.0).unwrap_or(0) as usize,
    }
}

/// Reads a Kubernetes quantity: `500m`, `1.5`, `2Gi`, `1e3`. None if it is not one.
pub fn quantity(text: &str) -> Option<f64> {
    let suffixes = [
        ("Ki", 1024f64.powi(1)),
        ("Mi", 1024f64.powi(2)),
        ("Gi", 1024f64.powi(3)),
        ("Ti", 1024f64.powi(4)),
        ("Pi", 1024f64.powi(5)),
        ("Ei", 1024f64.powi(6)),
        ("n", 1e-9),
        ("u", 1e-6),
        ("m", 1e-3),
        ("k", 1e3),
        ("M", 1e6),
        ("G", 1e9),
        ("T", 1e12),
        ("P", 1e15),
        ("E", 1e18),
    ];
    let scaled =
        suffixes.iter().find_map(|(suffix, scale)| Some((text.strip_suffix(suffix)?, *scale)));
    let (number, scale) = scaled.unwrap_or((text, 1.0));
    number.parse::<f64>().ok().filter(|number| number.is_finite()).map(|number| number * scale)
}

fn memory_total(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

/// The driver lists its devices here, without any of its libraries.
fn gpus() -> Vec<String> {
    let count = fs::read_dir("/proc/driver/nvidia/gpus").map_or(0, Iterator::count);
    (0..count).map(|index| index.to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine() -> Inventory {
        let gpus = vec!["0".to_owned(), "1".to_owned()];
        Inventory { cpu_milli: 2000, memory_bytes: 1 << 30, gpus, pods_max: 3 }
    }

    fn held(grants: &[Grant]) -> BTreeMap<String, Grant> {
        grants.iter().enumerate().map(|(index, grant)| (index.to_string(), grant.clone())).collect()
    }

    /// What is asked for, what is held, and the devices given or the refusal.
    type Case<'a> = (Need, &'a [Grant], Result<&'a [&'a str], &'a str>);

    #[test]
    fn pods_fit_or_are_told_why_not() {
        let one_gpu = Grant { need: Need { gpus: 1, ..Need::default() }, gpus: vec!["0".into()] };
        let core = Grant { need: Need { cpu_milli: 1500, ..Need::default() }, gpus: vec![] };
        let idle = Grant::default();
        let cases: [Case; 6] = [
            (Need::default(), &[], Ok(&[])),
            (Need { gpus: 1, ..Need::default() }, std::slice::from_ref(&one_gpu), Ok(&["1"])),
            (
                Need { gpus: 2, ..Need::default() },
                std::slice::from_ref(&one_gpu),
                Err("0/1 nodes are available: \
                     Insufficient nvidia.com/gpu (asks 2 of 2, 1 in use)."),
            ),
            (
                Need { cpu_milli: 1000, ..Need::default() },
                &[core],
                Err("0/1 nodes are available: Insufficient cpu (asks 1000 of 2000, 1500 in use)."),
            ),
            (
                Need { memory_bytes: 1 << 31, ..Need::default() },
                &[],
                Err(
                    "0/1 nodes are available: Insufficient memory (asks 2147483648 of 1073741824, \
                     0 in use: more than the machine has).",
                ),
            ),
            (
                Need::default(),
                &[idle.clone(), idle.clone(), idle],
                Err("0/1 nodes are available: Too many pods (3 run, the limit)."),
            ),
        ];
        for (need, grants, want) in cases {
            let got = machine().admit(need, &held(grants));
            let got = got.as_ref().map(|grant| grant.gpus.iter().map(String::as_str).collect());
            let want: Result<Vec<&str>, &str> = want.map(<[&str]>::to_vec);
            assert_eq!(got.map_err(String::as_str), want, "{need:?}");
        }
    }

    #[test]
    fn a_pod_needs_its_containers_or_its_greatest_init_container() {
        let pod = serde_json::from_value(serde_json::json!({"spec": {
            "initContainers": [
                {"name": "i", "resources": {"requests": {"cpu": "3", "memory": "1Ki"}}},
                {"name": "s", "restartPolicy": "Always", "resources": {"requests": {"cpu": "100m"}}}],
            "containers": [
                {"name": "a", "resources": {"limits": {"cpu": "0.5", "nvidia.com/gpu": 1}}},
                {"name": "b", "resources": {"requests": {"memory": "1Mi"}}}]}}));
        let want = Need { cpu_milli: 3000, memory_bytes: 1 << 20, gpus: 1 };
        assert_eq!(need(&pod.unwrap()), want);
    }

    #[test]
    fn quantities() {
        for (text, want) in [
            ("500m", Some(0.5)),
            ("1.5", Some(1.5)),
            ("2Gi", Some(2147483648.0)),
            ("1e3", Some(1000.0)),
            ("5k", Some(5000.0)),
            ("many", None),
            ("", None),
        ] {
            assert_eq!(quantity(text), want, "{text}");
        }
    }

    #[test]
    fn memory_is_read() {
        assert_eq!(memory_total("MemTotal:       1024 kB\nMemFree: 1 kB"), Some(1 << 20));
    }
}
