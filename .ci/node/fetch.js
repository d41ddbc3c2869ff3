// fetch.js URL FILE: save what an address answers (not every machine has curl).
import { writeFileSync } from "node:fs";

const [url, file] = process.argv.slice(2);
const answer = await fetch(url);
if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
writeFileSync(file, await answer.text());
