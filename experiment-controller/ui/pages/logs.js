// A trial's log: followed as it is written, searched, in colours, the last lines of it on the page.
import { html, useEffect, useState } from "../lib/html.js";
import { spans } from "../data/ansi.js";

const most = 2000;

/** @param {{at: string}} props */
export function Logs({ at }) {
  const [lines, set] = useState(/** @type {string[]} */ ([]));
  const [word, find] = useState("");
  const [said, say] = useState("");
  useEffect(() => {
    const stop = new AbortController();
    read(`${at}/logs?follow=true&tail=${most}`, stop.signal, (more) => set((/** @type {string[]} */ it) => [...it, ...more].slice(-most)))
      .catch((error) => { if (!stop.signal.aborted) say(error.message); });
    return () => stop.abort();
  }, [at]);
  const seen = word ? lines.filter((/** @type {string} */ it) => it.toLowerCase().includes(word.toLowerCase())) : lines;
  return html`<section class="card"><div class="row"><h2>Log</h2><input type="search" aria-label="Search the log" placeholder="Search" value=${word} onInput=${(/** @type {any} */ e) => find(e.target.value)} /><span class="soft">${seen.length} lines</span><span class="grow"></span><a class="button" download href=${`${at}/logs?download=true`}>Download</a></div>
    ${said && html`<p class="soft">${said}</p>`}<pre id="log" tabindex="0">${seen.map((/** @type {string} */ line) => html`<div>${spans(line).map((it) => html`<span class=${it.style}>${it.text}</span>`)}</div>`)}</pre></section>`;
}

/** Reads a text as it grows, whole lines at a time. @param {string} where @param {AbortSignal} signal @param {(lines: string[]) => void} then */
async function read(where, signal, then) {
  const answer = await fetch(where, { signal });
  if (!answer.ok) throw new Error((await answer.json()).message);
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  while (reader) {
    const { done, value } = await reader.read();
    const parts = (rest + (value ?? "")).split("\n");
    rest = done ? "" : parts.pop() ?? "";
    // A line without end is cut, so that it cannot fill the memory.
    if (rest.length > 100000) { parts.push(rest); rest = ""; }
    const whole = parts.filter((it, i) => it || i < parts.length - 1);
    if (whole.length) then(whole);
    if (done) return;
  }
}
