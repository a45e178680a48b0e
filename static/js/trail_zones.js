/* The time zone: tells the server which one this browser is in, and keeps what was chosen. The server writes all times. */
const keep = (name, value) => { document.cookie = `${name}=${value}; path=/; max-age=31536000; samesite=lax`; };

keep("tz_here", Intl.DateTimeFormat().resolvedOptions().timeZone ?? "");

document.addEventListener("click", ({ target }) => {
  const link = target.closest("[data-zone]");
  if (link) keep("tz", link.dataset.zone);
});

document.addEventListener("change", ({ target }) => { if (target.matches("[data-keeps-zone]")) keep("tz", target.value); });
