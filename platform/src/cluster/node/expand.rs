//! Expands `$(VAR)` in commands, arguments and values, as Kubernetes does; no shell is involved.

use std::collections::BTreeMap;

/// Replaces `$(NAME)` where `NAME` is known, leaves it where it is not, and turns `$$` into `$`.
pub(super) fn expand(text: &str, env: &BTreeMap<String, String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
            continue;
        }
        let name = rest.strip_prefix('(').and_then(|inner| inner.split_once(')'));
        match name.and_then(|(name, after)| Some((env.get(name)?, after))) {
            Some((value, after)) => {
                out.push_str(value);
                rest = after;
            }
            None => out.push('$'),
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_known_is_replaced() {
        let env =
            BTreeMap::from([("A".to_owned(), "1".to_owned()), ("B".to_owned(), "$(A)".into())]);
        for (text, want) in [
            ("", ""),
            ("plain $HOME", "plain $HOME"),
            ("$(A)-$(A)", "1-1"),
            ("$(B)", "$(A)"),
            ("$$(A)", "$(A)"),
            ("$$$(A)", "$1"),
            ("$(C) $(A", "$(C) $(A"),
            ("$(C)$(A)", "$(C)1"),
            ("é$(A)$", "é1$"),
        ] {
            assert_eq!(expand(text, &env), want, "{text}");
        }
    }
}
