//! Reading a file as a person gives it: YAML or JSON, one document or many, within limits.

use serde_json::Value;
use serde_saphyr::options::NonFiniteFloatPolicy;
use thiserror::Error;

/// The largest file that is read, in bytes: what Kubernetes' store takes as one object.
pub const SIZE_MAX: usize = 1536 * 1024;
/// Nodes after aliases were followed; no honest manifest has a tenth of them.
const NODES_MAX: usize = 100_000;
/// Comments in a row; a commented-out block is no reason to refuse a manifest.
const COMMENTS_MAX: usize = 10_000;

/// Why a file is no manifest.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ManifestError {
    /// Too long to be one.
    #[error(
        "the file has {0} bytes, and a manifest may have {SIZE_MAX}; put data into files or \
         volumes that the trials read"
    )]
    TooLarge(usize),
    /// Not text.
    #[error("the file is not UTF-8 text: byte {0} is no part of a character; save it as UTF-8")]
    NotText(usize),
    /// Not YAML, or more of it than is sane; the sentence has line and column.
    #[error("the file is no sound YAML: {0}")]
    NotYaml(String),
    /// A document that is not an object.
    #[error("document {0} is {1}; a manifest is an object with apiVersion, kind and metadata")]
    NotAnObject(usize, &'static str),
    /// Nothing at all.
    #[error("the file has no document in it; a manifest begins with apiVersion and kind")]
    Empty,
}

/// The documents of a file, in order; empty ones are skipped.
///
/// Size and encoding are looked at before anything is parsed. Repeated keys are refused, and so
/// are aliases that would unfold into more than a manifest can need.
pub fn read(bytes: &[u8]) -> Result<Vec<Value>, ManifestError> {
    if SIZE_MAX < bytes.len() {
        return Err(ManifestError::TooLarge(bytes.len()));
    }
    let text = std::str::from_utf8(bytes).map_err(|it| ManifestError::NotText(it.valid_up_to()))?;
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_nodes: NODES_MAX,
            max_buffered_comment_events: COMMENTS_MAX,
        },
        // A goal of .nan is then told with its path, as a text where a number must be.
        non_finite_float_policy: NonFiniteFloatPolicy::AsString,
    };
    let documents: Vec<Value> = serde_saphyr::from_multiple_with_options(text, options)
        .map_err(|fault| ManifestError::NotYaml(sentence(&fault)))?;
    for (index, document) in documents.iter().enumerate() {
        let what = match document {
            Value::Object(_) => continue,
            Value::Array(_) => "a list",
            Value::String(_) => "a text",
            _ => "a bare value",
        };
        return Err(ManifestError::NotAnObject(index + 1, what));
    }
    if documents.is_empty() { Err(ManifestError::Empty) } else { Ok(documents) }
}

/// The parser's own words, without its advice to programmers.
fn sentence(fault: &serde_saphyr::Error) -> String {
    let words = fault.without_snippet().to_string();
    let Some((before, _)) = words.split_once(", set DuplicateKeyPolicy") else {
        return match words.strip_prefix("budget breached: ") {
            Some(limit) => format!("it unfolds into more than a manifest may hold ({limit})"),
            None => words,
        };
    };
    let place = words.rfind(" at line").map_or("", |at| &words[at..]);
    format!("{before}{place}; leave one of the two out")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, want: &str) {
        let fault = read(text.as_bytes()).unwrap_err().to_string();
        assert_eq!(fault, want, "{text}");
    }

    #[test]
    fn documents_are_read_in_order() {
        let read = |text: &str| read(text.as_bytes()).unwrap();
        assert_eq!(read("a: 1\n---\n---\nb: x\n").len(), 2);
        assert_eq!(read("{\"a\": [1, true]}")[0]["a"][1], true);
        assert_eq!(read("{\n\t\"a\": {\n\t\t\"b\": 1\n\t}\n}\n")[0]["a"]["b"], 1);
        assert_eq!(read("a: .nan")[0]["a"], ".nan");
        let comments = "# note\n".repeat(200);
        assert_eq!(read(&format!("a:\n{comments}  b: 1\n"))[0]["a"]["b"], 1);
    }

    #[test]
    fn what_is_no_manifest_is_told_with_its_place() {
        check("", "the file has no document in it; a manifest begins with apiVersion and kind");
        check(
            "a: 1\n---\n- b\n",
            "document 2 is a list; a manifest is an object with apiVersion, kind and metadata",
        );
        check(
            "a: 1\nb: 2\na: 3\n",
            "the file is no sound YAML: duplicate mapping key: a at line 3, column 1; leave one of \
             the two out",
        );
        check("a: [1", "the file is no sound YAML: unclosed bracket '[' at line 1, column 4");
    }

    #[test]
    fn what_is_too_large_is_refused_unparsed() {
        let long = vec![b'{'; 10 * 1024 * 1024];
        assert_eq!(read(&long), Err(ManifestError::TooLarge(long.len())));
        assert_eq!(read(b"a: \xff"), Err(ManifestError::NotText(3)));
    }

    #[test]
    fn a_bomb_is_refused() {
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for level in 1..12 {
            let below = format!("*a{}, ", level - 1).repeat(9);
            bomb.push_str(&format!("a{level}: &a{level} [{below}]\n"));
        }
        let fault = read(bomb.as_bytes()).unwrap_err().to_string();
        let want = "the file is no sound YAML: it unfolds into more than a manifest may hold";
        assert!(fault.starts_with(want), "{fault}");
        let deep = "[".repeat(100_000);
        assert!(matches!(read(deep.as_bytes()), Err(ManifestError::NotYaml(_))));
        let deep = (0..5000).map(|it| format!("{}a:\n", " ".repeat(it % 700))).collect::<String>();
        assert!(read(deep.as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_do_harm(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            drop(read(&bytes));
        }

        #[test]
        fn no_text_does_harm(text in "[-a-c:{}\\[\\]&*!|>'\"%#? \n\t0-9.~]{0,200}") {
            drop(read(text.as_bytes()));
        }
    }
}
