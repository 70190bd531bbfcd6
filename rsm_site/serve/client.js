// The preview's part of a page: follows the server's events. The server knows which bytes this page was made of, so
// that a page which missed a change, hidden or while the server was away, is brought up to date when it asks again.
(() => {
  "use strict";
  const KEPT = "preview-scroll";
  const { version } = document.currentScript.dataset;
  const path = location.pathname;
  let source = null, overlay = null;

  function connect() {
    source = new EventSource("/-/events?" + new URLSearchParams({ path, version }));
    source.addEventListener("reload", reload);
    source.addEventListener("styles", () => takeStyles().catch(reload));
    source.addEventListener("problems", (event) => show(JSON.parse(event.data)));
  }

  // Browsers open six connections to a host at most, and an event stream is one for as long as it lasts: only pages
  // that are seen keep theirs.
  function connectWhenSeen() {
    source?.close();
    if (!document.hidden) connect();
  }

  function reload() {
    source.close();
    try {
      sessionStorage.setItem(KEPT, JSON.stringify({ path, left: scrollX, top: scrollY }));
    } catch { /* storage is refused; most browsers keep the place by themselves */ }
    location.reload();
  }

  function keepPlace() {
    let kept = null;
    try {
      kept = JSON.parse(sessionStorage.getItem(KEPT));
      sessionStorage.removeItem(KEPT);
    } catch { /* storage is refused */ }
    if (kept?.path !== path) return;
    const go = () => scrollTo({ left: kept.left, top: kept.top, behavior: "instant" });
    go();
    addEventListener("load", go, { once: true });
  }

  // The styles of the page as it is now, in place of those it came with. Constructed sheets, as the page's policy
  // allows the text of its own style elements and no other; by way of a template, where nothing is applied or loaded.
  async function takeStyles() {
    const text = async (url) => (await fetch(url)).text();
    const fresh = document.createElement("template");
    fresh.innerHTML = await text(location.href);
    const sheets = [];
    for (const node of fresh.content.querySelectorAll("style, link[rel=stylesheet]")) {
      if (node.closest("noscript")) continue;
      const link = node.getAttribute("href");
      const baseURL = new URL(link ?? "", document.baseURI).href;
      const sheet = new CSSStyleSheet({ media: node.media, baseURL });
      sheets.push(await sheet.replace(link === null ? node.textContent : await text(baseURL)));
    }
    for (const sheet of document.styleSheets) sheet.disabled = true;
    document.adoptedStyleSheets = sheets;
  }

  // Styled through the object model, which the page's policy lets pass, and from `all: initial`, so that the page's
  // own styles do not reach it.
  function element(name, text, style) {
    const made = document.createElement(name);
    made.textContent = text;
    made.style.cssText = "all: initial; display: block; font: inherit; color: inherit; " + style;
    return made;
  }

  function show({ title, problems }) {
    overlay?.remove();
    overlay = null;
    if (!problems.length) return;
    overlay = element("section", "", `position: fixed; inset: auto 0 0; z-index: 2147483647; box-sizing: border-box;
      max-height: 75vh; padding: 1rem 1.25rem; overflow: auto; border-top: 4px solid #e5484d; background: #1b1918;
      color: #f4f0ea; font: 14px/1.5 ui-monospace, monospace; direction: ltr; box-shadow: 0 0 2rem #0008`);
    overlay.id = "preview-problems";
    overlay.setAttribute("role", "alert");
    const hide = element("button", "Hide", "float: right; padding: 0 .75rem; border: 1px solid; cursor: pointer");
    hide.onclick = () => overlay.remove();
    overlay.append(hide, element("strong", title, "color: #ff9592; font-weight: bold"));
    for (const problem of problems) {
      const [head, ...rest] = problem.split("\n");
      overlay.append(element("p", head, "margin-top: 1rem; white-space: pre-wrap; font-weight: bold"));
      if (rest.length) overlay.append(element("pre", rest.join("\n"), "white-space: pre"));
    }
    document.body.append(overlay);
  }

  keepPlace();
  addEventListener("visibilitychange", connectWhenSeen);
  connectWhenSeen();
})();
