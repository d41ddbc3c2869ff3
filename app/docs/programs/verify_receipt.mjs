// Check a receipt offline: node verify_receipt.mjs receipt.txt jwks.json [body.json]
//
// Needs Node 20 or newer and nothing else; WebCrypto does the same in a browser. `jwks.json` is a copy of
// /.well-known/jwks.json, kept from any time since; keys are never removed. With the body that was sent, its digest is
// compared as well.
import { createHash, webcrypto } from "node:crypto";
import { readFileSync } from "node:fs";

const [receipt, jwks, sent] = process.argv.slice(2);
const [header, payload, signature] = readFileSync(receipt, "ascii").trim().split(".");
const decode = (part) => Buffer.from(part, "base64url");
const { alg, kid } = JSON.parse(decode(header));
if (alg !== "EdDSA") throw new Error(`unexpected algorithm ${alg}`);
const { kty, crv, x } = JSON.parse(readFileSync(jwks)).keys.find((key) => key.kid === kid);
const key = await webcrypto.subtle.importKey("jwk", { kty, crv, x }, { name: "Ed25519" }, false, ["verify"]);
const genuine = await webcrypto.subtle.verify(
  { name: "Ed25519" }, key, decode(signature), Buffer.from(`${header}.${payload}`),
);
if (!genuine) throw new Error("The receipt was changed, or is not ours.");
const said = JSON.parse(decode(payload));

// The canonical form of RFC 8785: keys sorted, no blanks.
const canonical = (value) =>
  Array.isArray(value) ? `[${value.map(canonical).join(",")}]`
    : value && typeof value === "object"
      ? `{${Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(",")}}`
      : JSON.stringify(value);
if (sent) {
  const digest = createHash("sha256").update(canonical(JSON.parse(readFileSync(sent)))).digest("hex");
  if (digest !== said.body_sha256) throw new Error("The receipt is genuine, but it is not for this body.");
}
console.log(JSON.stringify(said, null, 2));
