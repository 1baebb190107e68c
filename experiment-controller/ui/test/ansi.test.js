// Colours of a terminal become classes; its commands and tricks become nothing.
import assert from "node:assert/strict";
import { test } from "node:test";
import { spans } from "../data/ansi.js";

test("colours become classes", () => {
  assert.deepEqual(spans("a \u001b[31mred\u001b[0m b"), [{ text: "a ", style: "" }, { text: "red", style: "ansi-1" }, { text: " b", style: "" }]);
});
test("titles, cursors and direction marks go, tags stay text", () => {
  assert.deepEqual(spans("\u001b]0;title\u0007\u001b[2J<script>\u202e"), [{ text: "<script>\ufffd", style: "" }]);
});
