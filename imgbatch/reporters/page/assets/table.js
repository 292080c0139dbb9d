/* Table: how do a hundred thousand files stay fluid? Only the rows that can be seen are drawn. */

const ROW_HEIGHT = 68; /* px, as in table.css */
const MARGIN = 8; /* rows that are drawn above and below those in sight */
const MOST_PRINTED = 1000;

class Table {
  constructor(rows, columns) {
    this.rows = rows;
    this.columns = columns;
    this.view = [];
    this.drawn = new Map();
    this.body = element("tbody", {});
    this.above = element("tr", { class: "spacer", "aria-hidden": "true" }, element("td", { colspan: columns.length }));
    this.below = element("tr", { class: "spacer", "aria-hidden": "true" }, element("td", { colspan: columns.length }));
    this.head = element("tr", { "aria-rowindex": 1 });
    this.table = element(
      "table",
      { class: "files", "aria-labelledby": "part-40" },
      element("thead", {}, this.head),
      this.body,
    );
    this.pane = element("div", { class: "pane", tabindex: 0, role: "region", "aria-label": "Table of files" }, this.table);
    this.pane.addEventListener("scroll", () => this.drawSoon(), { passive: true });
    this.pane.addEventListener("keydown", (event) => this.onKey(event));
    new ResizeObserver(() => this.drawSoon()).observe(this.pane);
    addEventListener("beforeprint", () => this.print(true));
    addEventListener("afterprint", () => this.print(false));
  }

  show(view) {
    this.view = view;
    this.drawn.forEach((row) => row.remove());
    this.drawn.clear();
    this.table.setAttribute("aria-rowcount", view.length + 1);
    this.pane.scrollTop = 0;
    this.draw();
  }

  drawSoon() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
    });
  }

  draw() {
    const count = this.view.length;
    let first = Math.floor(this.pane.scrollTop / ROW_HEIGHT) - MARGIN;
    let last = Math.ceil((this.pane.scrollTop + this.pane.clientHeight) / ROW_HEIGHT) + MARGIN;
    if (this.printing) [first, last] = [0, MOST_PRINTED];
    first = clamp(first, 0, count);
    last = clamp(last, first, count);
    for (const [place, row] of this.drawn) {
      if (place < first || place >= last) {
        row.remove();
        this.drawn.delete(place);
      }
    }
    if (!this.above.parentNode) this.body.append(this.above, this.below);
    let next = this.below;
    for (let place = last - 1; place >= first; place--) {
      let row = this.drawn.get(place);
      if (!row) {
        row = this.makeRow(place);
        this.drawn.set(place, row);
        this.body.insertBefore(row, next);
      }
      next = row;
    }
    this.above.hidden = first === 0;
    this.below.hidden = last === count;
    this.above.firstChild.style.height = `${first * ROW_HEIGHT}px`;
    this.below.firstChild.style.height = `${(count - last) * ROW_HEIGHT}px`;
  }

  makeRow(place) {
    const index = this.view[place];
    const row = this.rows.list[index];
    return element(
      "tr",
      { "aria-rowindex": place + 2, class: WRONG.has(row[0]) ? "wrong" : null, "data-place": place },
      ...this.columns.map((column) =>
        element(column.isHeader ? "th" : "td", { scope: column.isHeader ? "row" : null, class: column.class },
          ...column.cell(row, index, place)),
      ),
    );
  }

  /* Up and down from one picture's button to the next. */
  onKey(event) {
    const row = event.target.closest("tr[data-place]");
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    if (!row || !(event.key in steps)) return;
    const place = Number(row.dataset.place) + steps[event.key];
    if (place < 0 || place >= this.view.length) return;
    event.preventDefault();
    this.focus(place);
  }

  focus(place) {
    const top = place * ROW_HEIGHT;
    const room = this.pane.clientHeight - this.head.offsetHeight - ROW_HEIGHT;
    this.pane.scrollTop = clamp(this.pane.scrollTop, top - room, top);
    this.draw();
    const target = this.drawn.get(place);
    const control = target && target.querySelector("button, a");
    if (control) control.focus({ preventScroll: true });
  }

  print(printing) {
    this.printing = printing;
    this.draw();
    if (printing && this.view.length > MOST_PRINTED) {
      announce(`Printed: the first ${formatCount(MOST_PRINTED)} of ${formatCount(this.view.length)} rows.`);
    }
  }
}
