// Extras only: every page is complete without this file. A classic script, so that it also runs from disk.
(() => {
  "use strict";
  const root = document.documentElement;
  const each = (selector, action) => document.querySelectorAll(selector).forEach(action);

  // A chosen theme outlives the page where there is storage; without it the choice holds until the page is left.
  function theme(value) {
    try {
      if (value === undefined) value = localStorage.getItem("theme");
      else localStorage.setItem("theme", value);
    } catch { /* storage is refused */ }
    if (value) root.dataset.theme = value;
    else delete root.dataset.theme;
    return value || "";
  }

  const chosen = theme();
  each("[data-theme-choice]", (select) => {
    select.value = chosen;
    select.hidden = false;
    select.onchange = () => theme(select.value);
  });

  // Copy the text of the named element; where the clipboard is refused, select it for the reader to copy.
  each("[data-copy]", (button) => {
    const text = document.getElementById(button.dataset.copy), label = button.textContent;
    const select = () => getSelection().selectAllChildren(text);
    button.hidden = false;
    button.onclick = () => navigator.clipboard ? navigator.clipboard.writeText(text.textContent.trim()).then(() => {
      button.textContent = button.dataset.done;
      setTimeout(() => { button.textContent = label; }, 2000);
    }, select) : select();
  });

  // The filter works by :target alone; this keeps the place on the page, and says aloud what is shown.
  each("[data-filter]", (filter) => {
    const links = [...filter.querySelectorAll("a")];
    function mark() {
      const current = links.find((link) => link.hash === location.hash) || links[0];
      links.forEach((link) => link === current ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current"));
      filter.querySelector("[role=status]").textContent = current.textContent;
    }
    filter.onclick = (event) => {
      const link = event.target.closest("a"), place = scrollY;
      if (!link) return;
      event.preventDefault();
      location.hash = link.hash;
      scrollTo(0, place);
    };
    addEventListener("hashchange", mark);
    mark();
  });

  // An open source closes like any popup, and so does More: Escape, or a click beside it.
  const popups = ".cite[open], .menu__more[open]";
  addEventListener("click", (event) => each(popups, (cite) => { cite.open = cite.contains(event.target); }));
  addEventListener("keydown", (event) => {
    const cite = event.key === "Escape" && document.querySelector(popups);
    if (!cite) return;
    if (cite.contains(document.activeElement)) cite.firstElementChild.focus();
    cite.open = false;
  });
})();
