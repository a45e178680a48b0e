// A certified OpenID provider on loopback that believes whoever writes a name:
// `node oidc_provider.mjs CLIENT_ID SECRET REDIRECT_URI`. Prints its issuer as its first line.
// Its pages are plain ones of ours, since the library's own ask other hosts for fonts.
import { once } from "node:events";
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";

import { Provider } from "oidc-provider";

const [client_id, client_secret, redirect_uri] = process.argv.slice(2);
const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const page = (body) => `<!doctype html><html lang="en"><title>Acme</title><link rel="icon" href="data:,"><body>${body}</body></html>`;

async function ask(request, response) {
  const { params, prompt } = await provider.interactionDetails(request, response);
  if (prompt.name === "login" && request.method !== "POST") {
    response.setHeader("Content-Type", "text/html");
    response.end(page('<h1>Acme</h1><form method="post"><label>Name <input name="name"></label><button>Go in</button></form>'));
    return;
  }
  if (prompt.name === "login") {
    let sent = "";
    for await (const piece of request) sent += piece;
    const login = { accountId: new URLSearchParams(sent).get("name") };
    await provider.interactionFinished(request, response, { login });
    return;
  }
  // Whoever signs in agrees.
  const { accountId } = (await provider.interactionDetails(request, response)).session;
  const grant = new provider.Grant({ accountId, clientId: params.client_id });
  grant.addOIDCScope("openid profile email");
  await provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } });
}

const server = createServer((request, response) => {
  if (!request.url.startsWith("/ask/")) return provider.callback()(request, response);
  ask(request, response).catch((fault) => response.writeHead(500).end(String(fault)));
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
const issuer = `http://127.0.0.1:${server.address().port}`;
const provider = new Provider(issuer, {
  clients: [{ client_id, client_secret, redirect_uris: [redirect_uri], id_token_signed_response_alg: "ES256" }],
  jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), use: "sig", alg: "ES256", kid: "one" }] },
  cookies: { keys: ["of this run"] },
  claims: { profile: ["name"], email: ["email", "email_verified"] },
  interactions: { url: (_, interaction) => `/ask/${interaction.uid}` },
  features: {
    devInteractions: { enabled: false },
    rpInitiatedLogout: {
      logoutSource: (context, form) => (context.body = page(`<h1>Leave Acme?</h1>${form}<button form="op.logoutForm" name="logout" value="yes">Leave</button>`)),
      postLogoutSuccessSource: (context) => (context.body = page("<h1>You left Acme</h1>")),
    },
  },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, name: `${id} of Acme`, email: `${id}@acme.example`, email_verified: true }),
  }),
});
console.log(issuer);
