// What the pages can do a little better with a script; without it everything works as well.
"use strict";

(() => {
  const typing = (element) => element instanceof HTMLElement && /^(INPUT|SELECT|TEXTAREA)$/.test(element.tagName);

  const accounts = () => [...document.querySelectorAll("tr.account .name a")];

  const step = (by) => {
    const links = accounts();
    const here = links.indexOf(document.activeElement);
    const next = links[Math.min(Math.max(here + by, 0), links.length - 1)];
    if (next) {
      next.focus();
      next.scrollIntoView({ block: "nearest" });
    }
  };

  // Keys: / to the search, j and k from account to account.
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    const search = document.querySelector("[data-search]");
    if (event.key === "/" && search) {
      event.preventDefault();
      search.focus();
      search.select();
    }
    if (event.key === "j") step(1);
    if (event.key === "k") step(-1);
  });

  // Back leads to the very list that was left, with its filters and its page.
  const back = document.querySelector("[data-back]");
  if (back && document.referrer) {
    const before = new URL(document.referrer);
    if (before.origin === location.origin && before.pathname === "/accounts") back.href = before.pathname + before.search;
  }

  // An address shows only what is set.
  const filters = document.querySelector("form.filters");
  if (filters) {
    filters.addEventListener("submit", () => {
      for (const field of filters.elements) if (field.name && field.value === "") field.disabled = true;
    });
  }

  // On paper, what is folded is open.
  window.addEventListener("beforeprint", () => {
    for (const fold of document.querySelectorAll("main details:not(.more)")) fold.open = true;
  });
})();
