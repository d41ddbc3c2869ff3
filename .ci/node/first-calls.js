// first-calls.js OPENAPI FOLDER: takes the first calls out of the description, one file for each language.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";

const [, , source, folder] = process.argv;
const { description } = JSON.parse(readFileSync(source, "utf8")).info;
const section = description.split("\n## ").find((part) => part.startsWith("From nothing"));
assert(section, "the page begins with the first calls");
for (const [language, name] of Object.entries({ bash: "calls.sh", python: "calls.py", typescript: "calls.ts" })) {
  const found = section.match(new RegExp("^```" + language + "\\n([^]*?)\\n```$", "m"));
  assert(found, `the first calls are there in ${language}`);
  writeFileSync(`${folder}/${name}`, found[1] + "\n");
}
