// An OpenID provider as others run one: oidc-provider, which the OpenID Foundation has certified. People log in by their name.
//
// Reads one line from the standard input that says what it is to be: { port, keys: [names], people: { name: claims }, clients: [] }.
// It prints its issuer when it serves, and ends when its input ends. Its keys are new with each start.
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

// Modules, unlike scripts, are not looked up under NODE_PATH.
const { default: Provider } = await import(pathToFileURL(`${process.env.NODE_PATH}/oidc-provider/lib/index.js`).href);

const LONGEST_RUN_MILLISECONDS = 120_000;
setTimeout(() => process.exit(1), LONGEST_RUN_MILLISECONDS).unref();

const lines = createInterface({ input: process.stdin });
lines.once("close", () => process.exit(0));
const wanted = JSON.parse(await new Promise((resolve) => lines.once("line", resolve)));

const server = createServer();
await new Promise((resolve) => server.listen(wanted.port, "127.0.0.1", resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;

function key(kid) {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return { ...privateKey.export({ format: "jwk" }), kid, use: "sig", alg: "RS256" };
}

const provider = new Provider(issuer, {
  jwks: { keys: wanted.keys.map(key) },
  clients: wanted.clients,
  claims: { openid: ["sub"], email: ["email", "email_verified"], groups: ["groups"] },
  findAccount: (context, name) =>
    wanted.people[name] && { accountId: name, claims: () => ({ sub: name, ...wanted.people[name] }) },
  responseTypes: ["code", "id_token"],
  pkce: { methods: ["S256"], required: () => true },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (context, interaction) => `/interaction/${interaction.uid}` },
  cookies: { keys: ["only for this test"] },
  ttl: {
    // One application is given ID tokens that ended long ago.
    IdToken: (context, token, client) => (client.clientId === "late" ? -3600 : 300),
    AccessToken: 300,
    AuthorizationCode: 60,
    Grant: 300,
    Interaction: 300,
    Session: 300,
  },
  // Whoever logs in agrees to everything.
  async loadExistingGrant({ oidc }) {
    const grant = new provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
    grant.addOIDCScope("openid email groups");
    await grant.save();
    return grant;
  },
});

// The page on which people log in.
async function interaction(request, response) {
  if (request.method === "GET") {
    response.setHeader("content-type", "text/html").end('<form method="post"><input name="login"></form>');
    return;
  }
  let body = "";
  for await (const piece of request) body += piece;
  await provider.interactionFinished(request, response, { login: { accountId: new URLSearchParams(body).get("login") } });
}

const others = provider.callback();
server.on("request", (request, response) => {
  if (!request.url.startsWith("/interaction/")) return others(request, response);
  return interaction(request, response).catch((error) => response.writeHead(500).end(`${error}`));
});
console.log(issuer);
