// Verifies webhooks with the reference library of Standard Webhooks.

import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const { Webhook } = createRequire(`${process.env.NODE_PATH}/from-here.js`)("standardwebhooks");

const cases = JSON.parse(readFileSync(0, "utf8"));
for (const { name, secret, headers, body, good } of cases) {
  let believed = true;
  try {
    new Webhook(secret).verify(body, headers);
  } catch {
    believed = false;
  }
  if (believed !== good) throw new Error(`${name}: the library says ${believed}`);
}
console.log(`every check held (${cases.length} webhooks)`);
