// The manifest that the form writes.
import assert from "node:assert/strict";
import test from "node:test";
import { manifest, words } from "../draft.js";

test("a command line is split into words", () => {
  assert.deepEqual(words(`python3 train.py --name="a b" 'c d' --lr={lr}`), ["python3", "train.py", "--name=a b", "c d", "--lr={lr}"]);
});

test("placeholders of parameters are filled, other braces stay", () => {
  const it = { name: "a", direction: "maximize", metric: "acc", algorithm: "tpe", settings: { n: "3", empty: "" }, stopping: "asha", trials: "5", parallel: "2", command: "run {lr} {other}" };
  const text = manifest(it, [{ name: "lr", type: "double", min: "0", max: "1", list: "", log: false }, { name: "o", type: "categorical", min: "", max: "", list: 'a, "b', log: false }]);
  assert.match(text, /command: \["run", "\$\{trialParameters\.lr\}", "\{other\}"\]/);
  assert.match(text, /list: \["a", "\\"b"\]/);
  assert.match(text, /\{name: n, value: "3"\}/);
  assert.doesNotMatch(text, /empty/);
  assert.match(text, /earlyStopping: \{algorithmName: asha\}/);
});
