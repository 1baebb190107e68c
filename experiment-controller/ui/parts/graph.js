// A network as a graph, laid out by dagre, which is loaded when the first one is shown.
import { html, useEffect, useState } from "../html.js";

/** @param {{of: import("../api").Architecture}} props */
export function Graph({ of }) {
  const [laid, setLaid] = useState(/** @type {any} */ (null));
  useEffect(() => {
    let gone = false;
    import("../vendor/dagre.mjs").then((it) => {
      if (gone) return;
      const dagre = it.default ?? it;
      const graph = new dagre.graphlib.Graph();
      graph.setGraph({ rankdir: "LR", nodesep: 18, ranksep: 36 });
      graph.setDefaultEdgeLabel(() => ({}));
      for (const node of of.nodes) graph.setNode(node.id, { width: Math.max(60, node.label.length * 7.2 + 16), height: 30 });
      for (const edge of of.edges) graph.setEdge(edge.from, edge.to);
      dagre.layout(graph);
      setLaid(graph);
    });
    return () => { gone = true; };
  }, [of]);
  if (!laid) return html`<div class="skeleton"></div>`;
  const { width, height } = laid.graph();
  const curve = (edge) => laid.edge(edge.from, edge.to).points.map((it, i) => `${i ? "L" : "M"}${it.x} ${it.y}`).join("");
  return html`<div class="graph"><svg width=${width + 4} height=${height + 4} viewBox="-2 -2 ${width + 4} ${height + 4}" role="img" aria-label="architecture of ${of.nodes.length} nodes">
    ${of.edges.map((edge) => html`<path class=${edge.skip ? "skip-edge" : ""} d=${curve(edge)} />`)}
    ${of.nodes.map((node) => { const at = laid.node(node.id); return html`<g><title>${node.details.map((it) => `${it.name} ${it.value}`).join("\n")}</title>
      <rect x=${at.x - at.width / 2} y=${at.y - 15} width=${at.width} height="30" rx="5" /><text x=${at.x} y=${at.y}>${node.label}</text></g>`; })}</svg></div>`;
}
