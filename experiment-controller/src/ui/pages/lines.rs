//! Where in a manifest's text each field stands, so that a fault can be shown at its line.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

/// The lines of a field, from 1, and the column where it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) end_line: usize,
}

/// Where each field of a document stands, by its path.
#[derive(Debug, Default)]
pub(super) struct Lines(BTreeMap<String, Place>);

impl Lines {
    /// The lines of each document of a text; nothing where it cannot be read.
    pub(super) fn of(text: &str) -> Vec<Lines> {
        let documents = serde_saphyr::from_multiple::<Spanned<Node>>(text).unwrap_or_default();
        documents
            .into_iter()
            .map(|document| {
                let mut lines = Lines::default();
                let start = place(&document);
                lines.add(String::new(), start, &document.value);
                lines
            })
            .collect()
    }

    /// Where a field stands; where it is not there, what it should stand in.
    pub(super) fn find(&self, path: &str) -> Option<Place> {
        let mut path = path;
        loop {
            if let Some(place) = self.0.get(path) {
                return Some(*place);
            }
            path = &path[..path.rfind(['.', '['])?];
        }
    }

    /// Adds a field and what is in it; answers its last line.
    fn add(&mut self, path: String, start: Place, node: &Node) -> usize {
        let mut last = start.end_line;
        match node {
            Node::Leaf => {}
            Node::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    last = last.max(self.add(format!("{path}[{index}]"), place(item), &item.value));
                }
            }
            Node::Map(fields) => {
                for (name, item) in fields {
                    let dot = if path.is_empty() { "" } else { "." };
                    // A field begins with its name, and ends with its value.
                    let key = place(name);
                    let start = Place { end_line: key.line.max(place(item).line), ..key };
                    let path = format!("{path}{dot}{}", name.value);
                    last = last.max(self.add(path, start, &item.value));
                }
            }
        }
        self.0.insert(path, Place { end_line: last, ..start });
        last
    }
}

fn place<T>(of: &Spanned<T>) -> Place {
    let number = |it: u64| usize::try_from(it).unwrap_or(0);
    let line = number(of.referenced.line());
    Place { line, column: number(of.referenced.column()), end_line: line }
}

/// A document's structure, without its values.
#[derive(Debug)]
enum Node {
    Leaf,
    List(Vec<Spanned<Node>>),
    Map(Vec<(Spanned<String>, Spanned<Node>)>),
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(Structure)
    }
}

/// Takes whatever comes.
struct Structure;

impl<'de> Visitor<'de> for Structure {
    type Value = Node;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("anything")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Node, E> {
        Ok(Node::Leaf)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Node, E> {
        Ok(Node::Leaf)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Node, E> {
        Ok(Node::Leaf)
    }

    fn visit_i128<E>(self, _: i128) -> Result<Node, E> {
        Ok(Node::Leaf)
    }

    fn visit_u128<E>(self, _: u128) -> Result<Node, E> {
        Ok(Node::Leaf)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Node, E> {
        Ok(Node::Leaf)
    }

    fn visit_str<E>(self, _: &str) -> Result<Node, E> {
        Ok(Node::Leaf)
    }

    fn visit_bytes<E>(self, _: &[u8]) -> Result<Node, E> {
        Ok(Node::Leaf)
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Leaf)
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Leaf)
    }

    fn visit_some<D: Deserializer<'de>>(self, it: D) -> Result<Node, D::Error> {
        Node::deserialize(it)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, it: D) -> Result<Node, D::Error> {
        IgnoredAny::deserialize(it).map(|_| Node::Leaf)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Node::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(Node::Map(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
kind: Experiment
metadata: {name: a}
spec:
  # a comment
  parameters:
  - name: lr
    feasibleSpace:
      min: \"0\"
      max: \"1\"
  - {name: depth}
---
kind: Other
";

    #[test]
    fn fields_are_found_at_their_lines() {
        let all = Lines::of(TEXT);
        let check = |path: &str, line: usize, column: usize, end_line: usize| {
            let want = Some(Place { line, column, end_line });
            assert_eq!(all[0].find(path), want, "{path}");
        };
        check("kind", 1, 1, 1);
        check("metadata.name", 2, 12, 2);
        check("spec.parameters[0].feasibleSpace.min", 8, 7, 8);
        check("spec.parameters[0].feasibleSpace", 7, 5, 9);
        check("spec.parameters[0]", 6, 5, 9);
        check("spec.parameters[1].name", 10, 6, 10);
        check("spec", 3, 1, 10);
        // What is missing is told where it should stand.
        check("spec.parameters[1].feasibleSpace.min", 10, 5, 10);
        check("spec.objective", 3, 1, 10);
        assert_eq!(all[1].find("kind").unwrap().line, 12);
        assert!(Lines::of("a: [").is_empty());
    }
}
