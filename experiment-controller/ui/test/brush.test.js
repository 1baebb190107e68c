// Brushes: what they keep, and that an address brings them back.
import assert from "node:assert/strict";
import { test } from "node:test";
import { place, read, sample, valueAt, within, write } from "../data/brush.js";
import { duration, number, tame } from "../lib/format.js";

const axis = { key: "p:lr", label: "lr", log: true, low: 0.001, high: 0.1, categories: [], values: [0.001, 0.01, null, 0.1] };

test("a logarithmic axis puts the geometric mean in its middle, and back", () => {
  assert.ok(Math.abs(Number(place(axis, 0.01)) - 0.5) < 1e-12);
  assert.ok(Math.abs(valueAt(axis, 0.5) - 0.01) < 1e-12);
});
test("a brush leaves what lies within it, and nothing that is inactive", () => {
  assert.deepEqual([...within([axis], { "p:lr": [0.4, 1] }, 4)], [0, 1, 0, 1]);
  assert.deepEqual([...within([axis], {}, 4)], [1, 1, 1, 1]);
});
test("an address brings brushes back, and nonsense brings none", () => {
  assert.deepEqual(read(write({ "p:lr": [0.25, 0.5] })), { "p:lr": [0.25, 0.5] });
  assert.deepEqual(read(write({ "p:a~b!c": [0.25, 0.5] })), { "p:a~b!c": [0.25, 0.5] });
  assert.deepEqual(read("%E0%A4%A~1~2!x~2~1!y"), {});
});
test("a sample is even and no larger than asked", () => {
  assert.deepEqual(sample(new Uint8Array(10).fill(1), 5), [0, 2, 4, 6, 8]);
});
test("texts of others lose their tricks", () => {
  assert.equal(tame("a\u202eb\u0007"), "a\ufffdb\ufffd");
  assert.ok(tame("x".repeat(1e6)).length < 400);
  assert.equal(number(0.1 + 0.2), "0.3");
  assert.equal(duration(61000), "1 m 1 s");
});
