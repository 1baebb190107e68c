//! Architectures as Katib's trials receive them: JSON whose quotes are single ones.

use proto::kinds::ParameterAssignment;

use super::graph::{Choice, Network, Value};
use crate::space::Point;

/// The value that says which architecture it is.
const ARCHITECTURE: &str = "architecture";
/// The value that says what the numbers of the architecture mean.
const CONFIG: &str = "nn_config";

impl Network {
    /// The names of the values that a trial receives.
    pub(crate) const ASSIGNED: [&str; 2] = [ARCHITECTURE, CONFIG];

    /// The values that a trial receives.
    pub(crate) fn assignments(&self, point: &Point) -> Vec<ParameterAssignment> {
        let rows = self.rows(point);
        let row = |row: &Vec<usize>| list(row.iter().map(ToString::to_string));
        let assignment = |name: &str, value| ParameterAssignment { name: name.into(), value };
        vec![
            assignment(ARCHITECTURE, list(rows.iter().map(row))),
            assignment(CONFIG, self.config(&rows)),
        ]
    }

    /// The point of what a trial received; none where it is not of this network.
    pub(crate) fn point_of(&self, assignments: &[ParameterAssignment]) -> Option<Point> {
        let text = &assignments.iter().find(|it| it.name == ARCHITECTURE)?.value;
        self.point(&serde_json::from_str::<Vec<Vec<usize>>>(text).ok()?)
    }

    /// Sizes, and each operation that the architecture has, in the order of their first layers.
    fn config(&self, rows: &[Vec<usize>]) -> String {
        let mut used: Vec<usize> = Vec::new();
        for operation in rows.iter().map(|row| row[0]) {
            if !used.contains(&operation) {
                used.push(operation);
            }
        }
        let sizes = |sizes: &[i32]| list(sizes.iter().map(ToString::to_string));
        let operations =
            used.into_iter().map(|id| (id.to_string(), self.operations[id].described(id)));
        object([
            ("num_layers".to_owned(), self.layers.to_string()),
            ("input_sizes".to_owned(), sizes(&self.input_sizes)),
            ("output_sizes".to_owned(), sizes(&self.output_sizes)),
            ("embedding".to_owned(), object(operations)),
        ])
    }
}

impl Choice {
    fn described(&self, id: usize) -> String {
        let value = |(name, value): &(String, Value)| {
            let value = match value {
                Value::Text(text) => quoted(text),
                Value::Number(number) => number.clone(),
            };
            (name.clone(), value)
        };
        object([
            ("opt_id".to_owned(), id.to_string()),
            ("opt_type".to_owned(), quoted(&self.kind)),
            ("opt_params".to_owned(), object(self.values.iter().map(value))),
        ])
    }
}

/// A list, spaced as Python writes it.
pub(super) fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(", "))
}

/// An object, spaced as Python writes it.
pub(super) fn object(fields: impl IntoIterator<Item = (String, String)>) -> String {
    let field = |(name, value): (String, String)| format!("{}: {value}", quoted(&name));
    format!("{{{}}}", fields.into_iter().map(field).collect::<Vec<_>>().join(", "))
}

/// A text between single quotes, in ASCII as Python's JSON is; it has no quotes itself.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from("'");
    for letter in text.chars() {
        match letter {
            '\\' => quoted.push_str("\\\\"),
            ' '..='~' => quoted.push(letter),
            _ => {
                let mut pair = [0; 2];
                let units = letter.encode_utf16(&mut pair).iter();
                units.for_each(|unit| quoted.push_str(&format!("\\u{unit:04x}")));
            }
        }
    }
    quoted + "'"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{int, names, network, stepped};

    /// The wanted texts are those of Python 3.11's `json.dumps`, with `"` replaced by `'`, as
    /// Katib's service makes them (pkg/suggestion/v1beta1/nas/enas/service.py).
    #[test]
    fn trials_receive_what_katibs_do() {
        let mut config = network(3);
        config.operations[0].parameters = vec![names("filter_size", 2), int("pool", 2, 3)];
        config.operations[1].parameters = vec![stepped("rate", "0.5", "1", "0.5")];
        let network = Network::parse(&config).unwrap();
        let point = network.point(&[vec![5], vec![0, 1], vec![5, 0, 1]]).unwrap();
        let got = network.assignments(&point);
        let got: Vec<_> = got.iter().map(|it| (it.name.as_str(), it.value.as_str())).collect();
        let want = [
            ("architecture", "[[5], [0, 1], [5, 0, 1]]"),
            (
                "nn_config",
                "{'num_layers': 3, 'input_sizes': [32, 32, 3], 'output_sizes': [10], \
                 'embedding': {'5': {'opt_id': 5, 'opt_type': 'reduction', 'opt_params': \
                 {'rate': 1.0}}, '0': {'opt_id': 0, 'opt_type': 'convolution', 'opt_params': \
                 {'filter_size': 'c0', 'pool': 2}}}}",
            ),
        ];
        assert_eq!(got, want);
        assert_eq!(network.point_of(&network.assignments(&point)), Some(point));
    }

    #[test]
    fn other_texts_are_no_points() {
        let network = Network::parse(&network(2)).unwrap();
        let read = |name: &str, value: &str| {
            network.point_of(&[ParameterAssignment { name: name.into(), value: value.into() }])
        };
        assert!(read("architecture", "[[0],[1,0]]").is_some());
        assert_eq!(read("layers", "[[0], [1, 0]]"), None);
        for text in ["", "[[0]]", "[[0], [1, -1]]", "[[0.5], [1, 0]]", "{}", "[[0], [1, 0], [0]]"] {
            assert_eq!(read("architecture", text), None, "{text}");
        }
    }

    #[test]
    fn texts_are_ascii() {
        // json.dumps("ü\\\n😀") of Python 3.11, but for the quotes and the line break, which it
        // writes as \n: both are read the same.
        assert_eq!(quoted("ü\\\n😀"), r"'\u00fc\\\u000a\ud83d\ude00'");
    }
}
