//! Indexed completions: which are done, which are under way, which come next.

use std::collections::BTreeSet;

use k8s_openapi::api::batch::v1::JobStatus;

use super::observe::{Attempt, Phase};

/// The completions of an indexed job.
pub(super) struct Places {
    done: BTreeSet<u32>,
    taken: BTreeSet<u32>,
}

impl Places {
    /// Those of the pods that are there, and those that the status remembers.
    pub(super) fn of(old: &JobStatus, seen: &[Attempt]) -> Places {
        let with = |phases: &[Phase]| {
            let some = seen.iter().filter(|it| phases.contains(&it.phase));
            some.filter_map(|it| it.index).collect::<BTreeSet<u32>>()
        };
        let mut done = with(&[Phase::Succeeded]);
        done.extend(parse(old.completed_indexes.as_deref().unwrap_or_default()));
        Places { done, taken: with(&[Phase::Active, Phase::Leaving]) }
    }

    /// The first ones that nobody works on.
    pub(super) fn free(&self, completions: i32, count: usize) -> Vec<u32> {
        let all = 0..u32::try_from(completions).unwrap_or(0);
        all.filter(|it| !self.done.contains(it) && !self.taken.contains(it)).take(count).collect()
    }

    /// Those that are done, such as `0-2,5`.
    pub(super) fn completed(&self) -> String {
        let mut spans: Vec<(u32, u32)> = Vec::new();
        for index in &self.done {
            match spans.last_mut() {
                Some((_, end)) if *end + 1 == *index => *end = *index,
                _ => spans.push((*index, *index)),
            }
        }
        // Two neighbours are a list, more are a span: as Kubernetes writes them.
        let show = |(start, end): (u32, u32)| match end - start {
            0 => start.to_string(),
            1 => format!("{start},{end}"),
            _ => format!("{start}-{end}"),
        };
        spans.into_iter().map(show).collect::<Vec<_>>().join(",")
    }
}

fn parse(text: &str) -> BTreeSet<u32> {
    let mut all = BTreeSet::new();
    for part in text.split(',').filter(|it| !it.is_empty()) {
        let (start, end) = part.split_once('-').unwrap_or((part, part));
        if let (Ok(start), Ok(end)) = (start.parse::<u32>(), end.parse::<u32>()) {
            all.extend(start..=end.min(start.saturating_add(100_000)));
        }
    }
    all
}
