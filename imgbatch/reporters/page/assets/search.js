/* Search: which files are in the table, and what stands in each of its columns? */

let files = null;

class Files {
  constructor(section, pictures) {
    this.section = section;
    this.rows = new Rows(section, pictures);
    this.sort = { column: "worst", descending: false };
    this.table = new Table(this.rows, this.columns());
    this.search = element("input", {
      type: "search", id: "search", placeholder: "Part of a name", autocomplete: "off", spellcheck: "false",
      oninput: () => this.updateSoon(),
    });
    this.choice = element("select", { id: "choice", onchange: () => this.update() }, ...this.choices());
    this.order = element("select", { id: "order", onchange: () => this.sortBy(this.order.value, false) },
      element("option", { value: "worst", text: "The worst first" }),
      element("option", { value: "source", text: "As in the folder" }),
      element("option", { value: "", text: "By a column", hidden: true }));
    this.count = element("p", { class: "note", id: "count" });
    this.drawHead();
  }

  draw() {
    return part(
      this.section,
      element(
        "div",
        { class: "controls", role: "search" },
        element("label", {}, "Search ", this.search),
        element("label", {}, "Show ", this.choice),
        element("label", {}, "Order ", this.order),
        this.count,
      ),
      this.table.pane,
    );
  }

  choices() {
    const counts = new Map([["all", this.rows.list.length]]);
    const add = (word) => counts.set(word, (counts.get(word) || 0) + 1);
    for (const row of this.rows.list) {
      add(WRONG.has(row[0]) ? "wrong" : row[0]);
      const more = row[6];
      if (more && more.warnings) add("warnings");
      if (more && more.error) add(`kind:${more.error[0]}`);
      if (row[4].length) add(`format:${row[4][0][2]}`);
    }
    const words = { all: "all files", wrong: "failed", ok: "done", warnings: "with warnings" };
    const kinds = [...counts.keys()].sort((one, other) => (one.includes(":") - other.includes(":")));
    return kinds.map((word) => element("option", {
      value: word,
      text: `${words[word] || word.replace("kind:", "failed: ").replace("format:", "written as ").replaceAll("_", " ")} (${formatCount(counts.get(word))})`,
    }));
  }

  /* Whether a row is wanted, by what was chosen and typed. */
  filter() {
    const choice = this.choice.value;
    const words = this.search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const [group, word] = choice.split(":");
    return (row) => {
      if (group === "wrong" && !WRONG.has(row[0])) return false;
      if (group === "warnings" && !(row[6] && row[6].warnings)) return false;
      if (group === "kind" && !(row[6] && row[6].error && row[6].error[0] === word)) return false;
      if (group === "format" && !(row[4].length && row[4][0][2] === word)) return false;
      if (["ok", "unchanged", "skipped"].includes(group) && row[0] !== group) return false;
      if (!words.length) return true;
      const name = row[2].toLowerCase();
      return words.every((one) => name.includes(one));
    };
  }

  updateSoon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.update(), 120);
  }

  update() {
    clearTimeout(this.timer);
    const view = this.rows.view(this.filter(), this.sort.column, this.sort.descending);
    this.table.show(view);
    const all = this.rows.list.length;
    this.count.textContent = view.length === all ? `${formatCount(all)} files` : `${formatCount(view.length)} of ${formatCount(all)} files`;
    this.table.pane.classList.toggle("empty", view.length === 0);
    announce(this.count.textContent);
  }

  sortBy(column, descending) {
    this.sort = { column, descending };
    this.order.value = ["worst", "source"].includes(column) ? column : "";
    this.drawHead();
    this.update();
  }

  showOnly(choice) {
    this.search.value = "";
    this.choice.value = choice;
    this.update();
    this.table.pane.scrollIntoView({ block: "start" });
    this.table.pane.focus({ preventScroll: true });
  }

  examples(kind, most) {
    const result = [];
    for (const row of this.rows.list) {
      if (result.length === most) break;
      const error = this.rows.error(row);
      if (error && error[0] === kind) result.push(row);
    }
    return result;
  }

  explanation(row) {
    return [fileLink(this.rows.url(row), this.rows.name(row)), element("span", { class: "note", text: this.rows.error(row)[2] })];
  }

  drawHead() {
    this.table.head.replaceChildren(...this.columns().map((column) => {
      if (!column.key) return element("th", { scope: "col", class: column.class }, element("span", { class: "unseen", text: column.title }));
      const isSorted = this.sort.column === column.key;
      const direction = isSorted ? (this.sort.descending ? "descending" : "ascending") : null;
      const arrow = isSorted ? (this.sort.descending ? " ↓" : " ↑") : "";
      return element("th", { scope: "col", class: column.class, "aria-sort": direction },
        element("button", { type: "button", "data-column": column.key,
          onclick: () => {
            this.sortBy(column.key, isSorted && !this.sort.descending);
            this.table.head.querySelector(`[data-column="${column.key}"]`).focus();
          } },
        column.title, element("span", { "aria-hidden": "true", text: arrow })));
    }));
  }

  columns() {
    const rows = this.rows;
    const number = (key, title, text) => ({
      key, title, class: `number ${key}`,
      cell: (row, index) => [text(row, index) ?? element("span", { class: "none", text: "–" })],
    });
    const written = [
      number("after", "After", (row) => { const one = rows.output(row); return one && formatBytes(one[5]); }),
      number("saved", "Saved", (row) => { const share = rows.saving(row); return share === null ? null : formatShare(share); }),
      number("ssim", "SSIM", (row, index) => { const ssim = rows.ssim(index); return ssim === null ? null : ssim.toFixed(3); }),
      number("pixels", "Pixels", (row) => { const one = rows.output(row); return one && `${one[3]} × ${one[4]}`; }),
    ];
    return [
      { title: "Picture", class: "picture", cell: (row, index, place) => [this.pictureButton(row, index, place)] },
      { key: "name", title: "File", class: "file", isHeader: true, cell: (row) => this.nameCell(row) },
      { key: "status", title: "Status", class: "status", cell: (row) => this.statusCell(row) },
      number("before", rows.hasOutputs ? "Before" : "Size", (row) => formatBytes(row[3])),
      ...(rows.hasOutputs ? written.filter((column) => column.key !== "ssim" || rows.hasSsim) : []),
      number("ms", "Time", (row) => formatTime(row[5])),
    ];
  }

  nameCell(row) {
    const outputs = row[4].slice(0, 3).map((output) => fileLink(this.rows.outputUrl(output), output[1], { class: "name output" }));
    const rest = row[4].length - outputs.length;
    return [
      element("div", { class: "line" }, fileLink(this.rows.url(row), this.rows.name(row))),
      outputs.length
        ? element("div", { class: "line note" }, "→ ", ...outputs.flatMap((one, at) => (at ? [", ", one] : [one])), rest > 0 ? ` and ${rest} more` : null)
        : null,
    ];
  }

  statusCell(row) {
    const error = this.rows.error(row);
    const more = this.rows.more(row);
    const note = error ? `${error[0].replaceAll("_", " ")}: ${error[2]}` : (more.warnings || []).join("; ");
    return [
      element("span", { class: `word ${row[0]}`, text: STATUS_WORDS[row[0]] }),
      more.warnings && !error ? element("span", { class: "word warned", text: "▲ warned" }) : null,
      note ? element("div", { class: "line note", title: note }, element("bdi", { text: note })) : null,
    ];
  }

  pictureButton(row, index, place) {
    const output = this.rows.output(row);
    const source = this.rows.thumbnail(index) || (output ? this.rows.outputUrl(output) : this.rows.url(row));
    const image = source ? element("img", { src: source, alt: "", loading: "lazy", decoding: "async", onerror: () => image.remove() }) : null;
    const verb = output ? "Compare before and after of" : "Look at";
    return element("button", { type: "button", class: "thumbnail", "aria-label": `${verb} ${this.rows.name(row)}`,
      onclick: () => compare.openRows(this, place) }, image);
  }
}

drawers.files = (section) => files.draw(section);
