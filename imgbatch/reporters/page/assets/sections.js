/* Sections: how does each kind look that is no table of files? One function a kind, by its name in the data. */

const drawers = {};

/* A part of the page with its heading. */
function part(section, ...children) {
  const id = `part-${section.place}`;
  return element(
    "section",
    { "aria-labelledby": section.title ? id : null, "aria-label": section.title ? null : "Overview", class: section.kind },
    section.title ? element("h2", { id, text: section.title }) : null,
    section.note ? element("p", { class: "note", text: section.note }) : null,
    ...children,
  );
}

drawers.figures = (section) =>
  part(
    section,
    element(
      "dl",
      {},
      ...section.items.map((figure) =>
        element(
          "div",
          { class: figure.name === "failed" && figure.value !== "0" ? "figure wrong" : "figure" },
          element("dt", { text: figure.name }),
          element("dd", { text: figure.value }),
          figure.note ? element("dd", { class: "note", text: figure.note }) : null,
        ),
      ),
    ),
  );

drawers.bars = (section) => {
  const most = Math.max(...section.items.map((bar) => bar.value), 1e-9);
  const rows = section.items.map((bar) => {
    const fill = element("div", { class: "fill" });
    fill.style.width = `${(100 * bar.value) / most}%`;
    return element(
      "tr",
      {},
      element("th", { scope: "row", text: bar.name }),
      element("td", { class: "bar" }, fill),
      element("td", { class: "number", text: bar.text }),
    );
  });
  const head = element(
    "tr",
    {},
    ...["phase", "share", "time"].map((text) => element("th", { scope: "col", text })),
  );
  return part(section, element("table", {}, element("thead", { class: "unseen" }, head), element("tbody", {}, ...rows)));
};

drawers.problems = (section) =>
  part(
    section,
    ...section.items.map((problem) => {
      const examples = files.examples(problem.kind, 5);
      return element(
        "article",
        { class: "problem" },
        element(
          "h3",
          {},
          element("span", { class: "count", text: formatCount(problem.count) }),
          ` ${problem.kind.replaceAll("_", " ")}`,
        ),
        element("p", { text: problem.advice }),
        element("ul", {}, ...examples.map((row) => element("li", {}, ...files.explanation(row)))),
        examples.length
          ? element("button", {
              type: "button",
              text: problem.count === 1 ? "Show it in the table" : `Show all ${formatCount(problem.count)} in the table`,
              onclick: () => files.showOnly(`kind:${problem.kind}`),
            })
          : null,
      );
    }),
  );

/* Pictures that belong together, side by side; the first is what the others are compared with. */
drawers.groups = (section) =>
  part(
    section,
    ...section.items.map((group) => {
      const [first] = group.pictures;
      return element(
        "article",
        { class: "group" },
        element("h3", { text: group.title }),
        group.note ? element("p", { class: "note", text: group.note }) : null,
        element(
          "ul",
          { class: "pictures" },
          ...group.pictures.map((picture) => element("li", {}, ...groupPicture(picture, first))),
        ),
      );
    }),
  );

function groupPicture(picture, first) {
  const source = picture.picture || picture.url || null;
  const image = source ? element("img", { src: source, alt: "", loading: "lazy", decoding: "async" }) : null;
  const other = picture === first ? null : { before: sideOf(first), after: sideOf(picture), facts: picture.lines || [] };
  return [
    other
      ? element(
          "button",
          { type: "button", class: "thumbnail", "aria-label": `Compare ${picture.name} with ${first.name}`,
            onclick: () => compare.open([other], 0) },
          image,
        )
      : element("div", { class: "thumbnail" }, image),
    element("p", {}, fileLink(picture.url || null, picture.name), picture.mark ? element("span", { class: "mark", text: picture.mark }) : null),
    ...(picture.lines || []).map((text) => element("p", { class: "note", text })),
  ];
}

const sideOf = (picture) => ({
  name: picture.name, url: picture.url || null, picture: picture.picture || "", width: picture.width, height: picture.height,
});
