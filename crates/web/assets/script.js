// Everything works without this file. It saves page loads, hides fields that are not asked, refreshes the home page
// and offers four keys.
"use strict";
(() => {
  const MONEY = /^-?\d{1,18}(\.\d{1,6})?$/;
  const main = () => document.getElementById("main");
  const announce = (text) => {
    const place = document.querySelector("[data-announce]");
    if (place) place.textContent = text;
  };

  // ---- Fields that are asked only under a condition. null means "cannot know here" and shows the field.
  const valueOf = (form, key) => {
    const box = form.querySelector(`[data-field="${CSS.escape(key)}"]`);
    if (!box || box.hidden) return "";
    const inputs = [...box.querySelectorAll("input, select, textarea")];
    const first = inputs[0];
    if (!first) return "";
    if (first.type === "radio") return (inputs.find((one) => one.checked) || { value: "" }).value;
    if (first.type === "checkbox") return first.checked ? "true" : "";
    if (first.name.endsWith(".amount")) {
      const currency = inputs[1] ? inputs[1].value : "";
      return first.value.trim() === "" ? "" : { amount: first.value.trim(), currency };
    }
    return first.value.trim();
  };
  const day = (text, now) => {
    if (typeof text === "string") return text;
    const days = text && (text.days_from_submit ?? text.days_from_now);
    if (!Number.isInteger(days)) return null;
    const date = new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, 12);
    return date.toISOString().slice(0, 10);
  };
  const order = (left, right) => {
    if (typeof left === "object") {
      if (typeof right !== "object" || left.currency !== right.currency) return undefined;
      left = left.amount;
      right = right.amount;
    }
    if (!MONEY.test(String(left)) || !MONEY.test(String(right))) return undefined;
    return Math.sign(Number(left) - Number(right));
  };
  const same = (left, right) => {
    if (typeof left === "object") return order(left, right) === 0;
    return String(left) === String(right) || order(left, right) === 0;
  };
  const compare = (form, { field, op, value }) => {
    if (field.startsWith("@") || op === "member_of") return null;
    const left = valueOf(form, field);
    const empty = left === "";
    switch (op) {
      case "empty": return empty;
      case "eq": return !empty && same(left, value);
      case "ne": return empty || !same(left, value);
      case "in": return !empty && Array.isArray(value) && value.some((one) => same(left, one));
      case "contains": return !empty && String(left).toLowerCase().includes(String(value).toLowerCase());
      case "before":
      case "after": {
        const limit = day(value, new Date());
        if (limit === null) return null;
        return !empty && (op === "before" ? left < limit : left > limit);
      }
      case "lt": return !empty && order(left, value) < 0;
      case "le": return !empty && order(left, value) <= 0;
      case "gt": return !empty && order(left, value) > 0;
      case "ge": return !empty && order(left, value) >= 0;
      default: return null;
    }
  };
  const holds = (form, rule, depth = 0) => {
    if (!rule || depth > 6) return null;
    if (rule.cmp) return compare(form, rule.cmp);
    if (rule.not) {
      const inner = holds(form, rule.not, depth + 1);
      return inner === null ? null : !inner;
    }
    const parts = (rule.all || rule.any || []).map((part) => holds(form, part, depth + 1));
    const decisive = Boolean(rule.any);
    if (parts.includes(decisive)) return decisive;
    return parts.includes(null) ? null : !decisive;
  };
  const showFields = (form) => {
    for (const box of form.querySelectorAll("[data-show-when]")) {
      let shown = true;
      try {
        shown = holds(form, JSON.parse(box.dataset.showWhen)) !== false;
      } catch {
        shown = true;
      }
      box.hidden = !shown;
      for (const input of box.querySelectorAll("input, select, textarea")) input.disabled = !shown;
    }
  };

  // ---- A page's answer takes the place of <main>; the bar follows, for its counts.
  const put = (html, url, push) => {
    const page = new DOMParser().parseFromString(html, "text/html");
    const next = page.getElementById("main");
    if (!next) return false;
    main().replaceWith(document.adoptNode(next));
    for (const part of [".wide", ".narrow"]) {
      const [old, fresh] = [document.querySelector(part), page.querySelector(part)];
      if (old && fresh) old.replaceWith(document.adoptNode(fresh));
    }
    document.title = page.title;
    if (push) history.pushState({ swapped: true }, "", url);
    ready();
    return true;
  };
  const complain = (form) => {
    const text = "No answer came from the server. What you typed is still here. Look at this page in a new tab before "
      + "you send it again: it may have arrived.";
    const note = document.createElement("p");
    note.className = "error";
    note.setAttribute("role", "alert");
    note.textContent = text;
    form.querySelector(":scope > p[role=alert]")?.remove();
    form.prepend(note);
  };
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.getAttribute("method") !== "post" || "plain" in form.dataset) return;
    event.preventDefault();
    if (form.ariaBusy === "true") return;
    const body = new URLSearchParams(new FormData(form, event.submitter));
    form.ariaBusy = "true";
    try {
      const answer = await fetch(form.getAttribute("action"), { method: "POST", body, headers: { Accept: "text/html" } });
      const html = await answer.text();
      const url = answer.redirected ? answer.url : location.href;
      if (!put(html, url, url !== location.href)) throw new Error("not a page of ours");
      const target = main().querySelector("[role=alert]") || main();
      target.tabIndex = -1;
      target.focus({ preventScroll: true });
      scrollTo({ top: 0 });
    } catch {
      form.ariaBusy = "false";
      complain(form);
    }
  });
  addEventListener("popstate", () => location.reload());

  // ---- Home refreshes itself while somebody looks at it and types nothing.
  let timer = 0;
  const refresh = async () => {
    const place = main();
    const typing = document.activeElement && document.activeElement.matches("input, select, textarea");
    if (document.visibilityState !== "visible" || typing || !("refreshMs" in place.dataset)) return;
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (!answer.ok || answer.redirected) return;
      const html = await answer.text();
      const next = new DOMParser().parseFromString(html, "text/html").getElementById("main");
      if (!next || main() !== place) return;
      for (const note of next.querySelectorAll("[role=status]")) note.remove();
      const rows = (root) => [...root.querySelectorAll("[data-row] a")].map((link) => link.href).join();
      const changed = rows(next) !== rows(place);
      const focused = document.activeElement && document.activeElement.getAttribute("href");
      if (next.innerHTML === place.innerHTML) return;
      put(html, location.href, false);
      if (focused) main().querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
      if (changed) announce("The list has changed.");
    } catch {
      // The next round tries again.
    }
  };

  // ---- Keys j, k, e and ?; they can be switched off in the menu.
  const keysOn = () => {
    try { return localStorage.getItem("keys") !== "off"; } catch { return true; }
  };
  const keySwitch = document.querySelector("[data-keys-switch]");
  const nameSwitch = () => {
    keySwitch.textContent = `Keyboard shortcuts: ${keysOn() ? "on" : "off"}`;
    keySwitch.setAttribute("aria-pressed", String(keysOn()));
  };
  if (keySwitch) {
    keySwitch.hidden = false;
    nameSwitch();
    keySwitch.addEventListener("click", () => {
      try { localStorage.setItem("keys", keysOn() ? "off" : "on"); } catch { announce("This browser keeps no settings."); }
      nameSwitch();
    });
  }
  const move = (step) => {
    const rows = [...document.querySelectorAll("[data-row]")].filter((row) => row.offsetParent !== null);
    if (rows.length === 0) return;
    const at = rows.findIndex((row) => row.contains(document.activeElement));
    const row = rows[Math.min(Math.max(at + step, 0), rows.length - 1)];
    for (const other of rows) other.classList.toggle("at", other === row);
    row.querySelector("a, button, summary")?.focus();
  };
  document.addEventListener("keydown", (event) => {
    const inField = event.target instanceof Element && event.target.closest("input, select, textarea, dialog");
    if (event.key === "Escape") document.querySelector(".menu[open]")?.removeAttribute("open");
    if (inField || event.ctrlKey || event.metaKey || event.altKey || !keysOn()) return;
    if (event.key === "j") move(1);
    else if (event.key === "k") move(-1);
    else if (event.key === "?") document.querySelector("[data-keys]")?.showModal();
    else if (event.key === "e") {
      const open = document.querySelector("[data-row].at a, #decision button.primary");
      if (!open) return;
      if (open.tagName === "A") open.click();
      else open.focus();
    } else return;
    event.preventDefault();
  });
  document.addEventListener("click", (event) => {
    const menu = document.querySelector(".menu[open]");
    if (menu && event.target instanceof Node && !menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("input", (event) => {
    const form = event.target instanceof Element && event.target.closest("form");
    if (form) showFields(form);
  });

  function ready() {
    for (const form of document.querySelectorAll("form")) if (form.querySelector("[data-show-when]")) showFields(form);
    clearInterval(timer);
    const every = Number(main().dataset.refreshMs);
    if (every >= 5000) timer = setInterval(refresh, every);
  }
  ready();
})();
