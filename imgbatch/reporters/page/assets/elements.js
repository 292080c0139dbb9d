/* Elements: how does text become part of the page? Only through text nodes and attributes, never as markup. */
"use strict";

/* An element with its attributes, listeners ("on" and a name) and children; what is null or false is left out. */
function element(tag, attributes, ...children) {
  const result = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) result.addEventListener(name.slice(2), value);
    else if (name === "text") result.textContent = value;
    else result.setAttribute(name, value === true ? "" : value);
  }
  result.append(...children.filter((child) => child !== null && child !== undefined));
  return result;
}

const byId = (id) => document.getElementById(id);
const clamp = (value, least, most) => Math.min(most, Math.max(least, value));

/* Bytes in decimal units, as the command line has them: 1.2 MB. */
function formatBytes(size) {
  for (const unit of ["B", "kB", "MB", "GB"]) {
    if (Math.abs(size) < 999.5 || unit === "GB") {
      return `${unit === "B" || size >= 99.95 ? Math.round(size) : size.toFixed(1)} ${unit}`;
    }
    size /= 1000;
  }
  return "";
}

const formatCount = (count) => count.toLocaleString("en-US");
const formatTime = (ms) => (ms < 999.5 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);
const formatShare = (share) => `${share > 0 ? "−" : share < 0 ? "+" : ""}${Math.abs(Math.round(share * 100))} %`;

/* The URL of a name below a folder: percent-encoded here, unless the page brings it. Null where none can be opened. */
function urlOf(folder, name, url) {
  if (folder === null || folder === undefined) return null;
  return folder + (url || name.split("/").map(encodeURIComponent).join("/"));
}

/* A link where there is something to open, else plain text; isolated, so that no name turns the words around it. */
function fileLink(url, name, attributes) {
  const inner = element("bdi", { text: name });
  return url === null
    ? element("span", { class: "name", title: name, ...attributes }, inner)
    : element("a", { class: "name", href: url, target: "_blank", rel: "noopener", title: name, ...attributes }, inner);
}

/* What tells a screen reader of a change that the eye sees. */
function announce(text) {
  byId("status").textContent = text;
}
