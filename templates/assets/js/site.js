// Extras only: every page is complete without this file. A classic script, so that it also runs from file://.
(function () {
  "use strict";
  var root = document.documentElement;

  function each(selector, action) {
    document.querySelectorAll(selector).forEach(action);
  }

  // A chosen theme outlives the page where there is storage; without it the choice holds until the page is left.
  function stored(value) {
    try {
      if (value === undefined) return localStorage.getItem("theme") || "";
      if (value) localStorage.setItem("theme", value);
      else localStorage.removeItem("theme");
    } catch (refused) {}
    return value || "";
  }

  function applyTheme(theme) {
    if (theme) root.dataset.theme = theme;
    else delete root.dataset.theme;
  }

  applyTheme(stored());
  each("[data-theme-choice]", function (select) {
    select.value = root.dataset.theme || "";
    select.hidden = false;
    select.addEventListener("change", function () {
      applyTheme(stored(select.value));
    });
  });

  // Copy the text of the named element; where the clipboard is refused, select it for the reader to copy.
  each("[data-copy]", function (button) {
    var text = document.getElementById(button.dataset.copy), label = button.textContent;
    button.hidden = false;
    button.addEventListener("click", function () {
      var select = function () { getSelection().selectAllChildren(text); };
      if (!navigator.clipboard) return select();
      navigator.clipboard.writeText(text.textContent.trim()).then(function () {
        button.textContent = button.dataset.done;
        setTimeout(function () { button.textContent = label; }, 2000);
      }, select);
    });
  });

  // The filter works by :target alone; this keeps the place on the page, says the choice aloud and counts.
  each("[data-filter]", function (filter) {
    var links = filter.querySelectorAll("a"), status = filter.querySelector("[role=status]");
    function mark() {
      links.forEach(function (link) {
        if ((location.hash || links[0].hash) === link.hash) {
          link.setAttribute("aria-current", "true");
          status.textContent = link.textContent;
        } else link.removeAttribute("aria-current");
      });
    }
    filter.addEventListener("click", function (event) {
      var link = event.target.closest("a"), place = scrollY;
      if (!link) return;
      event.preventDefault();
      location.hash = link.hash;
      scrollTo(0, place);
    });
    addEventListener("hashchange", mark);
    mark();
  });

  // An open source closes like any popup: Escape, or a click beside it.
  function close(target) {
    each(".cite[open]", function (cite) {
      if (!cite.contains(target)) cite.open = false;
    });
  }
  addEventListener("click", function (event) { close(event.target); });
  addEventListener("keydown", function (event) {
    var open = event.key === "Escape" && document.querySelector(".cite[open]");
    if (!open) return;
    if (open.contains(document.activeElement)) open.firstElementChild.focus();
    close(null);
  });
})();
