//! A trial's network as a graph.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use proto::kinds::Trial;
use serde_json::Value;

use super::{Place, key};
use crate::ui::Ui;
use crate::ui::access::guard::Pass;
use crate::ui::problem::{Answer, Trouble};
use crate::ui::types::{Architecture, GraphEdge, GraphNode, NameValue, NodeKind};

/// More layers than these are no network of ours.
const LAYERS_MAX: usize = 1000;

/// The network of a trial.
pub(crate) async fn architecture(
    State(ui): State<Arc<Ui>>,
    pass: Pass,
    place: Place,
) -> Answer<Architecture> {
    let key = key(&pass, place)?;
    let trial = ui.object::<Trial>(&key).await?;
    let value = |name: &str| {
        let all = &trial.spec.parameter_assignments;
        all.iter().find(|it| it.name == name).map(|it| it.value.as_str())
    };
    let graph = value("architecture").and_then(|rows| graph(rows, value("nn_config")?));
    graph.map(Json).ok_or_else(|| Trouble::not_found("this trial has no architecture"))
}

/// Each row is a layer: its operation, then for each earlier layer whether it feeds this one too.
fn graph(rows: &str, config: &str) -> Option<Architecture> {
    let rows: Vec<Vec<usize>> = serde_json::from_str(rows).ok()?;
    // Katib's JSON has single quotes.
    let config: Value = serde_json::from_str(&config.replace('\'', "\"")).ok()?;
    if LAYERS_MAX < rows.len() {
        return None;
    }
    let node = |id: String, label: String, kind, details| GraphNode { id, label, kind, details };
    let sizes = |name: &str| vec![NameValue::new("sizes", text(&config[name]))];
    let mut nodes =
        vec![node("input".into(), "input".into(), NodeKind::Input, sizes("input_sizes"))];
    let mut edges = Vec::new();
    let name = |layer: usize| format!("layer-{}", layer + 1);
    for (layer, row) in rows.iter().enumerate() {
        let (operation, skips) = row.split_first()?;
        let described = &config["embedding"][operation.to_string()];
        let values = described["opt_params"].as_object().into_iter().flatten();
        let details = values.map(|(name, value)| NameValue::new(name, text(value))).collect();
        let label = described["opt_type"].as_str().map(str::to_owned);
        let label = label.unwrap_or_else(|| format!("operation {operation}"));
        nodes.push(node(name(layer), label, NodeKind::Operation, details));
        let before = layer.checked_sub(1).map_or("input".to_owned(), name);
        edges.push(GraphEdge { from: before, to: name(layer), skip: false });
        for (earlier, _) in skips.iter().enumerate().filter(|(_, it)| **it == 1) {
            // The layer right before feeds this one anyway.
            if earlier + 1 < layer {
                edges.push(GraphEdge { from: name(earlier), to: name(layer), skip: true });
            }
        }
    }
    let last = rows.len().checked_sub(1).map_or("input".to_owned(), name);
    nodes.push(node("output".into(), "output".into(), NodeKind::Output, sizes("output_sizes")));
    edges.push(GraphEdge { from: last, to: "output".into(), skip: false });
    Some(Architecture { nodes, edges })
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<String>>().join(" × "),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_become_layers_and_connections() {
        let config = "{'num_layers': 3, 'input_sizes': [32, 32, 3], 'output_sizes': [10], \
                      'embedding': {'5': {'opt_id': 5, 'opt_type': 'reduction', 'opt_params': \
                      {'rate': 1.0}}, '0': {'opt_id': 0, 'opt_type': 'convolution', \
                      'opt_params': {'filter_size': '3'}}}}";
        let graph = graph("[[5], [0, 1], [5, 1, 0]]", config).unwrap();
        let labels: Vec<&str> = graph.nodes.iter().map(|it| it.label.as_str()).collect();
        assert_eq!(labels, ["input", "reduction", "convolution", "reduction", "output"]);
        assert_eq!(graph.nodes[2].details, [NameValue::new("filter_size", "3")]);
        assert_eq!(graph.nodes[0].details, [NameValue::new("sizes", "32 × 32 × 3")]);
        let edge =
            |it: &GraphEdge| format!("{}>{}{}", it.from, it.to, if it.skip { "*" } else { "" });
        let edges: Vec<String> = graph.edges.iter().map(edge).collect();
        let want = [
            "input>layer-1",
            "layer-1>layer-2",
            "layer-2>layer-3",
            "layer-1>layer-3*",
            "layer-3>output",
        ];
        assert_eq!(edges, want);
        assert_eq!(super::graph("{}", config), None);
    }
}
