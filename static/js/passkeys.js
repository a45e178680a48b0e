/* Shows what needs passkeys where the browser has them, and says where it gave none; the rest is allauth's. */
if (window.PublicKeyCredential) {
  document.querySelectorAll("[data-needs-passkeys]").forEach((part) => { part.hidden = false; });
}

document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  document.querySelectorAll("[data-passkey-problem]").forEach((part) => { part.hidden = false; });
});
