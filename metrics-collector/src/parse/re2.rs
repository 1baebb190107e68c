//! Regular expressions as Katib's users write them: RE2's dialect where Rust's differs.

/// The same expression for Rust's `regex`, which takes some characters for operators that RE2
/// takes for themselves: `{` where no repetition follows, and `[`, `&`, `~` within a class.
pub(super) fn to_rust(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut class = Class::Outside;
    let mut rest = text.chars();
    while let Some(letter) = rest.next() {
        let literal = match (class, letter) {
            (_, '\\') => {
                out.push(letter);
                out.push_str(&escaped(&mut rest));
                class = class.next();
                continue;
            }
            (Class::Outside, '{') => !is_repetition(rest.as_str()),
            (Class::First | Class::Inside, '[') => !rest.as_str().starts_with(':'),
            (Class::First | Class::Inside, '&' | '~') => true,
            _ => false,
        };
        if literal {
            out.push('\\');
        }
        out.push(letter);
        class = match (class, letter) {
            (Class::Outside, '[') => Class::First,
            // A negation leaves the next character the first; there `]` stands for itself.
            (Class::First, '^') => Class::First,
            (Class::Inside, '[') if !literal => Class::Named,
            (Class::First, '[') if !literal => Class::Named,
            (Class::Named, ']') => Class::Inside,
            (Class::Inside, ']') => Class::Outside,
            _ => class.next(),
        };
    }
    out
}

/// Where in an expression a character stands.
#[derive(Clone, Copy)]
enum Class {
    Outside,
    /// At the beginning of `[…]`.
    First,
    Inside,
    /// Within `[:alpha:]`, itself within a class.
    Named,
}

impl Class {
    /// Where the character after an ordinary one stands.
    fn next(self) -> Class {
        if matches!(self, Class::First) { Class::Inside } else { self }
    }
}

/// What belongs to a backslash: a character, and the braces of `\p{…}` and `\x{…}`.
fn escaped(rest: &mut std::str::Chars) -> String {
    let mut out = String::new();
    let Some(letter) = rest.next() else { return out };
    out.push(letter);
    if matches!(letter, 'p' | 'P' | 'x') && rest.as_str().starts_with('{') {
        for letter in rest.by_ref() {
            out.push(letter);
            if letter == '}' {
                break;
            }
        }
    }
    out
}

/// Whether what follows a `{` makes it a repetition: `2}`, `2,}` or `2,3}`.
fn is_repetition(rest: &str) -> bool {
    let Some((inside, _)) = rest.split_once('}') else { return false };
    let (least, most) = inside.split_once(',').unwrap_or((inside, ""));
    let digits = |it: &str| it.bytes().all(|byte| byte.is_ascii_digit());
    !least.is_empty() && digits(least) && digits(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_re2_takes_for_itself_is_escaped_and_nothing_else() {
        let rows = [
            (r"{name: ([\w|-]+)}", r"\{name: ([\w|-]+)}"),
            (r"a{2}b{2,}c{2,3}", r"a{2}b{2,}c{2,3}"),
            (r"a{,3}{x", r"a\{,3}\{x"),
            (r"\{a\} \p{Greek} \x{41}", r"\{a\} \p{Greek} \x{41}"),
            (r"[[(]x[&~]", r"[\[(]x[\&\~]"),
            (r"[]{]{", r"[]{]\{"),
            (r"[^]]{", r"[^]]\{"),
            (r"[[:alpha:]_]{", r"[[:alpha:]_]\{"),
            (r"[\]]{1}", r"[\]]{1}"),
            (r"\", r"\"),
        ];
        for (text, want) in rows {
            assert_eq!(to_rust(text), want, "{text}");
            if text.len() != 1 {
                assert!(regex::Regex::new(want).is_ok(), "{want}");
            }
        }
    }
}
