/* A pasted token is hashed here and looked up by its digest: it never leaves the page. Where the browser cannot hash, the form
   is sent as it says. */
const form = document.querySelector("form[data-find-token]");
const IN_TEXT = /aud_pat_[0-9A-Za-z]{36}/;

if (form && globalThis.crypto?.subtle) {
  const field = form.querySelector("textarea");
  // Without a name it is in nothing that a form sends, whatever becomes of the listener.
  field.removeAttribute("name");
  for (const part of form.querySelectorAll("[data-when-hashed]")) part.hidden = !part.hidden;

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const token = IN_TEXT.exec(field.value)?.[0];
    form.querySelector("[data-no-token]").hidden = Boolean(token);
    if (!token) { field.focus(); return; }
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token)));
    field.value = "";
    location.assign(`${form.getAttribute("action")}?sha256=${[...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`);
  });
}
