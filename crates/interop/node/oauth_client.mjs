// A generic OAuth client in Node: openid-client finds everything by the issuer alone, and jose verifies the token.
//
// Reads a document with `issuer`, `client_id` and `client_secret` on standard input. Exits with 0 when every check held.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

// Modules, unlike scripts, are not looked up under NODE_PATH.
const load = (file) => import(pathToFileURL(`${process.env.NODE_PATH}/${file}`).href);
const client = await load("openid-client/build/index.js");
const jose = await load("jose/dist/webapi/index.js");

const LONGEST_RUN_MILLISECONDS = 120_000;
setTimeout(() => fail("the run takes too long", ""), LONGEST_RUN_MILLISECONDS).unref();

function fail(what, found) {
  console.log(`FAILED ${what}: ${JSON.stringify(found)}`);
  process.exit(1);
}

function check(what, holds, found) {
  if (!holds) fail(what, found);
  console.log(`ok    ${what}`);
}

async function verified(config, token) {
  const metadata = config.serverMetadata();
  const keys = jose.createRemoteJWKSet(new URL(metadata.jwks_uri));
  const { payload } = await jose.jwtVerify(token, keys, {
    issuer: metadata.issuer,
    audience: `${metadata.issuer}/resources`,
    typ: "at+jwt",
    requiredClaims: ["exp", "iat", "sub", "client_id", "jti"],
  });
  return payload;
}

const credentials = JSON.parse(readFileSync(0, "utf8"));
// The server under test speaks plain HTTP on loopback.
const options = { execute: [client.allowInsecureRequests] };
const discover = (secret, method, more) =>
  client.discovery(new URL(credentials.issuer), credentials.client_id, undefined, method(secret), { ...options, ...more });

for (const [name, method, more] of [
  ["client_secret_post", client.ClientSecretPost, {}],
  ["client_secret_basic", client.ClientSecretBasic, { algorithm: "oauth2" }],
]) {
  const config = await discover(credentials.client_secret, method, more);
  const token = await client.clientCredentialsGrant(config, {});
  const claims = await verified(config, token.access_token);
  check(`a token by discovery, ${name}`, claims.client_id === credentials.client_id, claims);
  const narrow = await client.clientCredentialsGrant(config, { scope: "storage.read" });
  check("a scope is narrowed", narrow.scope === "storage.read", narrow.scope);
  const asked = await client.tokenIntrospection(config, token.access_token);
  check("the token is active", asked.active === true && asked.jti === claims.jti, asked);
  await client.tokenRevocation(config, token.access_token);
  const revoked = await client.tokenIntrospection(config, token.access_token);
  check("the revoked token is not active", revoked.active === false, revoked);
  const wrong = await discover(`${credentials.client_secret}x`, method, more);
  const error = await client.clientCredentialsGrant(wrong, {}).then(() => null, (error) => error);
  const code = error?.error ?? error?.cause?.[0]?.scheme;
  check(`a wrong secret is refused, ${name}`, ["invalid_client", "basic"].includes(code), String(error));
}
console.log("every check held");
