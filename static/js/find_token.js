/* Pasted tokens are hashed here and looked up by their digests: they never leave the page. Where the browser cannot hash, the form
   is sent as it says. What is a token is told as auditapp/lib/tokens.py tells it. */
const form = document.querySelector("form[data-find-token]");
const MOST = 50;
const PREFIX = "aud_pat_";
const GAP = "[ \\t\\r\\n\\f\\v\\u00a0\\u200b]*";
const BEGINS = new RegExp([...PREFIX].join(GAP), "g");
const BODY = new RegExp(`(?:${GAP}[0-9A-Za-z]){36}`, "y");
const RUN = /[0-9A-Za-z]{6,36}/y;
const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

function crc32(text) {
  let crc = 0xffffffff;
  for (const character of text) {
    crc ^= character.charCodeAt(0);
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

function checks(body) {
  let [left, checksum] = [crc32(body.slice(0, 30)), ""];
  for (let place = 0; place < 6; place += 1) {
    checksum = BASE62[left % 62] + checksum;
    left = Math.floor(left / 62);
  }
  return body.length === 36 && checksum === body.slice(30);
}

function at(pattern, text, position) {
  pattern.lastIndex = position;
  return pattern.exec(text)?.[0];
}

/* Each once, in the order of the text; null for what cannot be a token. */
function tokensIn(text) {
  const found = new Map();
  for (const begins of text.matchAll(BEGINS)) {
    const position = begins.index + begins[0].length;
    const run = at(RUN, text, position);
    const joined = at(BODY, text, position)?.replace(new RegExp(GAP, "g"), "");
    const body = [run, joined].find((one) => one && checks(one));
    if (body) found.set(body, PREFIX + body);
    else if (run) found.set(run, null);
  }
  return [...found.values()];
}

async function digestOf(token) {
  if (token === null) return "-";
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token)));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

if (form && globalThis.crypto?.subtle) {
  const field = form.querySelector("textarea");
  // Without a name it is in nothing that a form sends, whatever becomes of the listener.
  field.removeAttribute("name");
  for (const part of form.querySelectorAll("[data-when-hashed]")) part.hidden = !part.hidden;

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const tokens = tokensIn(field.value);
    form.querySelector("[data-no-token]").hidden = tokens.length > 0;
    if (!tokens.length) { field.focus(); return; }
    const digests = await Promise.all(tokens.slice(0, MOST).map(digestOf));
    field.value = "";
    location.assign(`${form.getAttribute("action")}?sha256=${digests.join(",")}${tokens.length > MOST ? "&more" : ""}`);
  });
}
