// Lines of a log with colours as a terminal shows them: pure; everything else of a terminal is dropped.

/** @typedef {{text: string, style: string}} Span */

/** @param {string} line @returns {Span[]} */
export function spans(line) {
  const all = /** @type {Span[]} */ ([]);
  let style = "";
  for (const part of line.slice(0, 20000).split(/(\u001b\[[0-9;]*m)/)) {
    const codes = /^\u001b\[([0-9;]*)m$/.exec(part);
    if (!codes) { const text = clean(part); if (text) all.push({ text, style }); continue; }
    for (const code of codes[1].split(";").map(Number)) {
      if (code === 0 || code === 39) style = "";
      else if (code === 1) style = "ansi-bold";
      else if (code >= 30 && code <= 37) style = `ansi-${code - 30}`;
      else if (code >= 90 && code <= 97) style = `ansi-${code - 90}`;
    }
  }
  return all;
}

/** @param {string} text */
function clean(text) {
  return text.replace(/\u001b(?:\][^\u0007]*\u0007?|\[[0-9;?]*[A-Za-z])/g, "").replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, "\u{fffd}");
}
