//! Filters: regular expressions that find names and values in text.

use std::sync::LazyLock;

use proto::FieldError;
use regex::Regex;

use super::re2;

/// The filter where the manifest gives none, as Katib documents it: `name = number`.
pub const DEFAULT_FILTER: &str = r"([\w|-]+)\s*=\s*([+-]?\d*(\.\d+)?([Ee][+-]?\d+)?)";

/// The default filter as it is run: it takes `nan` and `inf` besides, so that a training that
/// diverged is told from one that printed nothing.
const DEFAULT_FILTER_AND_NAN: &str =
    r"([\w|-]+)\s*=\s*([+-]?(?i:nan|inf|infinity)\b|[+-]?\d*(?:\.\d+)?(?:[Ee][+-]?\d+)?)";

/// A regular expression: group 1 is a metric's name, group 2 its value.
#[derive(Clone)]
pub(super) struct Filter(Regex);

static DEFAULT: LazyLock<Filter> = LazyLock::new(|| {
    Filter(Regex::new(DEFAULT_FILTER_AND_NAN).expect("the default filter is well formed"))
});

/// What a filter found in a line.
pub(super) struct Match<'a> {
    pub name: &'a str,
    pub value: &'a str,
    /// Byte offset of the value in the line.
    pub at: usize,
}

impl Filter {
    /// The default filter.
    pub(super) fn default() -> Filter {
        DEFAULT.clone()
    }

    /// A filter of the manifest, which stands at `path` there.
    pub(super) fn parse(text: &str, path: &str) -> Result<Filter, FieldError> {
        let regex = Regex::new(&re2::to_rust(text)).map_err(|err| {
            // The library's message spans lines and points with a caret; its last line says what.
            let why = err.to_string();
            let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ");
            FieldError::new(path, format!("is no regular expression, got {text:?}: {why}"))
        })?;
        if regex.captures_len() < 3 {
            let message = format!(
                "needs two groups in parentheses, the metric's name and its value, got {text:?}; \
                 for example {DEFAULT_FILTER}"
            );
            return Err(FieldError::new(path, message));
        }
        Ok(Filter(regex))
    }

    /// All matches in a line that have a value.
    pub(super) fn matches<'a>(&self, line: &'a str) -> impl Iterator<Item = Match<'a>> {
        self.0.captures_iter(line).filter_map(|groups| {
            let (name, value) = (groups.get(1)?, groups.get(2)?);
            let found = Match {
                name: name.as_str().trim(),
                value: value.as_str().trim(),
                at: value.start(),
            };
            (!found.value.is_empty()).then_some(found)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, want: &[(&str, &str)]) {
        let filter = Filter::default();
        let got: Vec<_> = filter.matches(line).map(|it| (it.name, it.value)).collect();
        assert_eq!(got, want, "{line:?}");
    }

    #[test]
    fn the_default_filter_finds_names_and_numbers() {
        check("accuracy=0.9", &[("accuracy", "0.9")]);
        check(
            "Validation-accuracy = -1.5e-3, loss=.5",
            &[("Validation-accuracy", "-1.5e-3"), ("loss", ".5")],
        );
        check(
            "loss=nan acc=NaN x=-inf y=Infinity",
            &[("loss", "nan"), ("acc", "NaN"), ("x", "-inf"), ("y", "Infinity")],
        );
        check("model=nano data=info", &[]);
        check("accuracy=", &[]);
        check("accuracy: 0.9", &[]);
        check("a|b-c=7", &[("a|b-c", "7")]);
    }

    /// What Katib's filter finds, ours finds too.
    #[test]
    fn the_filter_that_runs_agrees_with_the_one_that_is_documented() {
        let documented = Filter(Regex::new(DEFAULT_FILTER).unwrap());
        let ours = Filter::default();
        for line in ["a=1 b = 2.5e3 c=-.5 d=x e=1e f=+7.", "lr=0.1,acc=0.5;loss=1E-9"] {
            let found = |filter: &Filter| -> Vec<_> {
                filter.matches(line).map(|it| (it.name, it.value, it.at)).collect()
            };
            assert_eq!(found(&ours), found(&documented), "{line:?}");
        }
    }
}
