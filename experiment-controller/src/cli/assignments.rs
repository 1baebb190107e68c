//! The best parameters in forms that go into other programs: arguments, environment.

use proto::kinds::ParameterAssignment;

use super::sketch::variable;

/// `--lr=0.01 --layers=3`, quoted for a shell.
pub(crate) fn arguments(assignments: &[ParameterAssignment]) -> String {
    let argument = |it: &ParameterAssignment| quoted(&format!("--{}={}", it.name, it.value));
    assignments.iter().map(argument).collect::<Vec<String>>().join(" ")
}

/// `QALAM_PARAM_LR=0.01`, one a line, quoted for a shell.
pub(crate) fn environment(assignments: &[ParameterAssignment]) -> String {
    let line = |it: &ParameterAssignment| format!("{}={}", variable(&it.name), quoted(&it.value));
    assignments.iter().map(line).collect::<Vec<String>>().join("\n")
}

/// A word as a POSIX shell reads it back unchanged.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./:,+@%".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_for_other_programs() {
        let of = |name: &str, value: &str| ParameterAssignment {
            name: name.into(),
            value: value.into(),
        };
        let best = [of("lr", "1e-3"), of("note", "it's $1"), of("empty", "")];
        assert_eq!(arguments(&best), r"--lr=1e-3 '--note=it'\''s $1' --empty=");
        assert_eq!(
            environment(&best),
            "QALAM_PARAM_LR=1e-3\nQALAM_PARAM_NOTE='it'\\''s $1'\nQALAM_PARAM_EMPTY=''"
        );
    }
}
