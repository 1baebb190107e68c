// What plots are given, on trials small enough to check by hand.
import assert from "node:assert/strict";
import { test } from "node:test";
import { history, together } from "../data/series.js";

test("history leaves out what is unfinished and hides what is brushed away", () => {
  const columns = /** @type {any} */ ({ metrics: [{ role: "objective", values: [3, 1, null] }], completion: [1, 2, null], bestSoFar: [3, 1, 1] });
  assert.deepEqual(history(columns, new Uint8Array([1, 0, 1])), [[1, 2], [3, null], [3, 1]]);
});
test("curves share one axis, with gaps", () => {
  assert.deepEqual(together([{ x: [1, 3], y: [5, 6] }, { x: [2], y: [7] }]), [[1, 2, 3], [5, null, 6], [null, 7, null]]);
});
