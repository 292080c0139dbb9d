/* Start: what happens when the page is opened? The data become sections, in the order of their places. */

function readSections() {
  const result = [];
  for (const script of document.querySelectorAll("script.section")) {
    result.push(JSON.parse(script.textContent));
    script.remove();
  }
  return result.sort((one, other) => one.place - other.place);
}

function themeButton() {
  const isDark = () => (document.documentElement.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const button = element("button", { type: "button", id: "theme", onclick: () => {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    name();
  } });
  const name = () => { button.textContent = isDark() ? "Light" : "Dark"; };
  name();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", name);
  return button;
}

function start() {
  const sections = readSections();
  const main = byId("main");
  document.querySelector("header.top").append(themeButton());
  main.append(element("p", { id: "status", class: "unseen", role: "status" }));
  const table = sections.find((section) => section.kind === "files");
  const pictures = sections.filter((section) => section.kind === "pictures").flatMap((section) => section.items);
  if (table) files = new Files(table, pictures);
  for (const section of sections) {
    if (section.kind !== "pictures") main.append(drawers[section.kind](section));
  }
  document.body.append(compare.dialog);
  if (files) files.update();
  addEventListener("keydown", (event) => {
    if (event.key === "/" && files && !compare.dialog.open && !["INPUT", "SELECT"].includes(event.target.tagName)) {
      event.preventDefault();
      files.search.focus();
    }
  });
}

start();
