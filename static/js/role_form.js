/* The form of a role follows it: only what the chosen role can be limited by is shown. What is hidden is disabled, so it is not
   sent. Without this the form shows all, each part with the roles that it is for. */
function followRole(form) {
  const { about = "", reach = "", over = "", scopes = "" } = $("[name=role]", form).selectedOptions[0]?.dataset ?? {};
  const offered = scopes.includes(" ") ? scopes.split(" ") : [];
  const show = (part, isShown) => {
    part.hidden = !isShown;
    [part, ...$$("fieldset, [type=radio]", part)].forEach((one) => { one.disabled = !isShown; });
  };
  form.dataset.follows = "";
  $("[data-role-about]", form).textContent = about;
  $("[data-role-reach]", form).textContent = reach;
  show($("[data-role-scopes]", form), offered.length > 0);
  $$("[data-scope]", form).forEach((one) => show(one, offered.includes(one.dataset.scope)));
  const scope = $("[name=scope]:checked:enabled", form)?.value;
  $$("[data-when]", form).forEach((part) => show(part, part.dataset.when === scope && (part.dataset.over ?? over) === over));
}

// A long list is narrowed while one types; what is chosen stays in sight.
function narrowChoices(list, typed) {
  const options = $$(".option", list);
  const chosen = options.filter((option) => $("input", option).checked);
  const found = options.filter((option) => finds(typed, option.textContent));
  options.forEach((option) => { option.hidden = true; });
  [...found, ...chosen].forEach((option) => { option.hidden = false; });
  const [all, fit, ticked] = [options, found, chosen].map((some) => some.length.toLocaleString("en"));
  $("[data-narrowed]", list.parentElement).textContent = `${typed.trim() ? `${fit} of ${all} found` : `${all} to choose from`}, ${ticked} chosen`;
}

const narrowsOf = (field) => narrowChoices($(field.dataset.narrows), field.value);

document.addEventListener("input", ({ target }) => {
  if (target.matches("[data-narrows]")) narrowsOf(target);
});

// Before htmx hears of it, which sends what is enabled.
document.addEventListener("change", ({ target }) => {
  const form = target.closest(".role-form");
  if (!form) return;
  if (target.matches("[name=role], [name=scope]")) followRole(form);
  if (target.matches("[name=resource_ids]")) $$("[data-narrows]", target.closest("fieldset")).forEach(narrowsOf);
}, true);

// Also after Back, when the browser has put in what was chosen.
const followAll = () => $$(".role-form").forEach((form) => { followRole(form); $$("[data-narrows]", form).forEach(narrowsOf); });
followAll();
addEventListener("pageshow", followAll);
