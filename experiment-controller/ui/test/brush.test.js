// Which trials the brushes leave.
import assert from "node:assert/strict";
import test from "node:test";
import { axes, sampled, taken } from "../brush.js";

const columns = {
  parameters: [
    { info: { name: "lr", log: true }, values: [0.001, 0.1, null], categories: [] },
    { info: { name: "opt", log: false }, values: [0, 1, 2], categories: ["adam", "sgd", "rms"] },
  ],
  metrics: [{ name: "acc", values: [0.5, 0.9, 0.7] }],
};

test("axes are even on their own scale", () => {
  const [lr, opt, acc] = axes(columns);
  assert.deepEqual(lr.at, [0, 1, null]);
  assert.deepEqual(opt.at, [0, 0.5, 1]);
  assert.deepEqual(acc.ends, ["0.5", "0.9"]);
});

test("brushes leave what lies within all of them", () => {
  const all = axes(columns);
  assert.equal(taken(all, new Map()), null);
  assert.deepEqual(taken(all, new Map([["acc", [0.4, 1]]])), new Set([1, 2]));
  assert.deepEqual(taken(all, new Map([["acc", [0.4, 1]], ["lr", [0, 1]]])), new Set([1]));
});

test("a sample is even and has what it must", () => {
  assert.deepEqual(sampled(3, 10, []), [0, 1, 2]);
  const some = sampled(10_000, 100, [9999]);
  assert.equal(some.length, 101);
  assert.equal(some.at(-1), 9999);
});
