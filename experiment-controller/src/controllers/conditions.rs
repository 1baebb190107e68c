//! Condition lists as Katib keeps them: one entry for each type, the newest change last.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use proto::kinds::Condition;

/// A fact to be written into a condition list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact<'a> {
    /// What the condition is about.
    pub type_: &'a str,
    /// Whether it holds.
    pub holds: bool,
    /// One word that says why.
    pub reason: &'a str,
    /// A sentence that says why.
    pub message: &'a str,
}

/// Whether the condition of that type is there and True.
pub fn holds(conditions: &[Condition], type_: &str) -> bool {
    find(conditions, type_).is_some_and(|it| it.status == "True")
}

/// The condition of that type.
pub fn find<'a>(conditions: &'a [Condition], type_: &str) -> Option<&'a Condition> {
    conditions.iter().find(|it| it.type_ == type_)
}

/// Writes a fact: takes the old entry of that type out and appends the new one. Nothing changes
/// when the same is there already.
pub fn set(conditions: &mut Vec<Condition>, fact: &Fact<'_>, now: &Time) {
    let status = if fact.holds { "True" } else { "False" };
    let old = find(conditions, fact.type_).cloned();
    if let Some(old) = &old
        && (old.status.as_str(), old.reason.as_str(), old.message.as_str())
            == (status, fact.reason, fact.message)
    {
        return;
    }
    let since = old.filter(|it| it.status == status).and_then(|it| it.last_transition_time);
    conditions.retain(|it| it.type_ != fact.type_);
    conditions.push(Condition {
        type_: fact.type_.to_owned(),
        status: status.to_owned(),
        reason: fact.reason.to_owned(),
        message: fact.message.to_owned(),
        last_update_time: Some(now.clone()),
        last_transition_time: Some(since.unwrap_or_else(|| now.clone())),
    });
}

/// Turns a condition to False where it is True; its place, reason and message stay, as Katib
/// leaves them.
pub fn lower(conditions: &mut [Condition], type_: &str, now: &Time) {
    for it in conditions.iter_mut().filter(|it| it.type_ == type_ && it.status == "True") {
        it.status = "False".to_owned();
        it.last_update_time = Some(now.clone());
        it.last_transition_time = Some(now.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Time {
        Time(jiff::Timestamp::from_second(second).unwrap())
    }

    fn fact<'a>(type_: &'a str, holds: bool, message: &'a str) -> Fact<'a> {
        Fact { type_, holds, reason: "Why", message }
    }

    #[test]
    fn the_newest_change_stands_last_and_a_repetition_changes_nothing() {
        let mut list = Vec::new();
        set(&mut list, &fact("Created", true, "a"), &at(1));
        set(&mut list, &fact("Running", true, "b"), &at(2));
        let before = list.clone();
        set(&mut list, &fact("Created", true, "a"), &at(3));
        assert_eq!(list, before);

        set(&mut list, &fact("Created", true, "c"), &at(4));
        let types: Vec<&str> = list.iter().map(|it| it.type_.as_str()).collect();
        assert_eq!(types, ["Running", "Created"]);
        let created = find(&list, "Created").unwrap();
        assert_eq!(created.last_transition_time, Some(at(1)), "the status did not change");
        assert_eq!(created.last_update_time, Some(at(4)));
    }

    #[test]
    fn lowering_keeps_the_reason() {
        let mut list = Vec::new();
        set(&mut list, &fact("Running", true, "b"), &at(2));
        lower(&mut list, "Running", &at(5));
        assert!(!holds(&list, "Running"));
        assert_eq!(list[0].reason, "Why");
        assert_eq!(list[0].last_transition_time, Some(at(5)));
    }
}
