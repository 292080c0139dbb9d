/* Comparison: what has become of a picture? Both files at the same zoom, under a slider or side by side. */

class Comparison {
  constructor() {
    this.mode = "slider";
    this.zoom = "fit";
    this.title = element("h2", { id: "compare-title" });
    this.facts = element("p", { class: "note" });
    this.problem = element("p", { class: "problem-text" });
    this.slider = element("input", { type: "range", min: 0, max: 100, step: 1, value: 50, id: "slider", oninput: () => this.slide() });
    this.sliderLabel = element("label", { class: "slide" }, "Before ", this.slider, " After");
    this.stage = element("div", { class: "stage", tabindex: 0, role: "region", "aria-label": "Pictures" });
    this.modes = this.choice("View", "mode", [["slider", "Slider"], ["beside", "Side by side"]]);
    this.zooms = this.choice("Zoom", "zoom", [["fit", "Fit"], ["1", "100 %"], ["2", "200 %"]]);
    this.previous = element("button", { type: "button", text: "← Previous", onclick: () => this.step(-1) });
    this.next = element("button", { type: "button", text: "Next →", onclick: () => this.step(1) });
    this.dialog = element(
      "dialog",
      { "aria-labelledby": "compare-title", class: "compare", onkeydown: (event) => this.onKey(event),
        onclose: () => this.onClose() },
      element("div", { class: "compare-head" }, element("div", {}, this.title, this.facts),
        element("button", { type: "button", class: "close", text: "Close", onclick: () => this.dialog.close() })),
      this.stage,
      this.problem,
      element("div", { class: "compare-foot" }, this.modes, this.zooms, this.sliderLabel,
        element("div", { class: "steps" }, this.previous, this.next)),
    );
    addEventListener("resize", () => this.dialog.open && this.resize());
  }

  choice(legend, name, words) {
    return element("fieldset", {}, element("legend", { class: "unseen", text: legend }),
      ...words.map(([value, text]) =>
        element("label", {}, element("input", { type: "radio", name, value, checked: this[name] === value,
          onchange: () => { this[name] = value; this.layOut(); } }), element("span", { text }))));
  }

  /* `items` are {before, after, facts}, or a list that makes them when asked: {length, item(place)}. */
  open(items, place, onclose) {
    this.items = Array.isArray(items) ? { length: items.length, item: (at) => items[at] } : items;
    this.onclose = onclose || null;
    this.show(place);
    if (!this.dialog.open) this.dialog.showModal();
    this.resize();
    (this.slider.offsetParent ? this.slider : this.stage).focus();
  }

  openRows(source, place) {
    const { rows, table } = source;
    this.open({ length: table.view.length, item: (at) => itemOf(rows, table.view[at]) }, place,
      () => table.focus(this.place));
  }

  show(place) {
    this.place = place;
    this.item = this.items.item(place);
    this.title.replaceChildren(element("bdi", { text: (this.item.after || this.item.before).name }));
    this.facts.textContent = this.item.facts.filter(Boolean).join(" · ");
    this.previous.disabled = place === 0;
    this.next.disabled = place === this.items.length - 1;
    this.layOut();
  }

  step(count) {
    const place = this.place + count;
    if (place >= 0 && place < this.items.length) this.show(place);
  }

  onKey(event) {
    if (event.target.type === "range" || event.target.type === "radio") return;
    if (event.target === this.stage && this.stage.scrollWidth > this.stage.clientWidth) return;
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step) {
      event.preventDefault();
      this.step(step);
    }
  }

  onClose() {
    this.stage.replaceChildren();
    if (this.onclose) this.onclose();
  }

  /* The pictures anew, as mode and zoom want them. */
  layOut() {
    const { before, after } = this.item;
    this.problem.textContent = "";
    const sides = [before, after].filter(Boolean);
    const isPair = sides.length === 2;
    this.frames = [];
    if (isPair && this.mode === "slider") {
      const frame = element("div", { class: "frame" }, this.image(before, "before"), this.image(after, "after"),
        element("div", { class: "edge", "aria-hidden": "true" }),
        element("span", { class: "tag left", text: "before" }), element("span", { class: "tag right", text: "after" }));
      frame.addEventListener("pointerdown", (event) => this.drag(event, frame));
      frame.addEventListener("pointermove", (event) => event.buttons && this.drag(event, frame));
      this.frames = [frame];
      this.stage.replaceChildren(frame);
    } else {
      const panes = sides.map((side) => {
        const word = isPair ? (side === before ? "before" : "after") : "";
        const frame = element("div", { class: "frame" }, this.image(side, word), word ? element("span", { class: "tag left", text: word }) : null);
        this.frames.push(frame);
        return element("div", { class: "half", onscroll: (event) => this.scrollTogether(event.target) }, frame);
      });
      this.stage.replaceChildren(...panes);
    }
    this.stage.classList.toggle("beside", !(isPair && this.mode === "slider"));
    this.sliderLabel.hidden = !isPair || this.mode !== "slider";
    this.modes.hidden = !isPair;
    this.resize();
    this.slide();
  }

  image(side, word) {
    const source = side.url || side.picture;
    const image = element("img", { alt: word ? `${side.name}, ${word}` : side.name, draggable: "false", class: word });
    image.addEventListener("load", () => this.resize());
    image.addEventListener("error", () => {
      if (side.picture && image.getAttribute("src") !== side.picture) image.src = side.picture;
      else image.hidden = true;
      this.problem.textContent = side.url
        ? `The browser cannot show ${side.name}: it is gone, damaged, or of a format that browsers do not read.`
        : `${side.name} cannot be opened from here.`;
    });
    if (source) image.src = source;
    return image;
  }

  /* All frames have one size: that of the result, or of the largest picture there is. */
  resize() {
    if (!this.frames || !this.frames.length) return;
    const images = [...this.stage.querySelectorAll("img")];
    const side = this.item.after || this.item.before;
    const last = images[images.length - 1];
    const width = side.width || last.naturalWidth || 400;
    const height = side.height || last.naturalHeight || 300;
    const halves = this.stage.classList.contains("beside") ? this.frames.length : 1;
    const room = [this.stage.clientWidth / halves - 2, this.stage.clientHeight - 2];
    const scale = this.zoom === "fit" ? Math.min(room[0] / width, room[1] / height, 4) : Number(this.zoom) / devicePixelRatio;
    for (const frame of this.frames) {
      frame.style.width = `${Math.max(1, width * scale)}px`;
      frame.style.height = `${Math.max(1, height * scale)}px`;
    }
    this.stage.classList.toggle("pixels", this.zoom === "2" || scale * devicePixelRatio > 2);
  }

  slide() {
    const share = `${this.slider.value}%`;
    const after = this.stage.querySelector(".frame > .after");
    const edge = this.stage.querySelector(".edge");
    if (after && edge) {
      after.style.clipPath = `inset(0 0 0 ${share})`;
      edge.style.left = share;
    }
  }

  drag(event, frame) {
    const box = frame.getBoundingClientRect();
    this.slider.value = clamp((100 * (event.clientX - box.left)) / box.width, 0, 100);
    this.slide();
  }

  scrollTogether(pane) {
    for (const other of this.stage.querySelectorAll(".half")) {
      if (other !== pane) {
        other.scrollLeft = pane.scrollLeft;
        other.scrollTop = pane.scrollTop;
      }
    }
  }
}

/* What is compared of a row: the source, and the output with the most pixels. */
function itemOf(rows, index) {
  const row = rows.list[index];
  const output = rows.output(row);
  const ssim = rows.ssim(index);
  const saving = rows.saving(row);
  const thumbnail = rows.thumbnail(index);
  const error = rows.error(row);
  return {
    before: { name: rows.name(row), url: rows.url(row), picture: output ? "" : thumbnail },
    after: output && { name: output[1], url: rows.outputUrl(output), picture: thumbnail, width: output[3], height: output[4] },
    facts: [
      output ? `${output[3]} × ${output[4]} ${output[2]}${output[6] ? `, quality ${output[6]}` : ""}` : null,
      output ? `${formatBytes(row[3])} → ${formatBytes(output[5])}${saving === null ? "" : ` (${formatShare(saving)})`}` : formatBytes(row[3]),
      ssim === null ? null : `SSIM ${ssim.toFixed(3)}`,
      error ? `${error[0]}: ${error[2]}` : null,
      ...(rows.more(row).warnings || []),
      ...(rows.more(row).changes || []),
    ],
  };
}

const compare = new Comparison();
