// What every component needs: templates, hooks and signals from the vendored libraries.
import { h, render } from "../vendor/preact.js";
import htm from "../vendor/htm.js";
/** @type {(strings: TemplateStringsArray, ...values: unknown[]) => any} */
export const html = htm.bind(h);
export { render };
export { useEffect, useLayoutEffect, useMemo, useRef, useState } from "../vendor/preact-hooks.js";
export { signal, computed, batch, effect } from "../vendor/signals.js";
