// Numbers, times and texts as people read them.
import assert from "node:assert/strict";
import test from "node:test";
import { ansi, bytes, number, span } from "../words.js";

test("numbers are short and never more than they were", () => {
  const rows = [[0.1 + 0.2, "0.3"], [1e-9, "1.00e-9"], [12345678, "1.23e+7"], [0, "0"], [null, "–"], [NaN, "–"], [-1.5, "-1.5"]];
  for (const [value, want] of rows) assert.equal(number(value), want);
});

test("spans have their two largest units", () => {
  const rows = [[0, "0ms"], [999, "999ms"], [61_000, "1m 1s"], [3_600_000, "1h"], [90_061_000, "1d 1h"], [null, "–"]];
  for (const [ms, want] of rows) assert.equal(span(ms), want);
  assert.equal(bytes(1536), "1.5 KiB");
});

test("colours become classes, and other controls go", () => {
  const red = [{ text: "a", classes: "" }, { text: "red", classes: "a31" }, { text: "b", classes: "" }];
  assert.deepEqual(ansi("a\u001b[31mred\u001b[0mb"), red);
  assert.deepEqual(ansi("\u001b[2J\u0007x"), [{ text: "x", classes: "" }]);
  assert.deepEqual(ansi("<b>"), [{ text: "<b>", classes: "" }]);
});
