/* Rows: what is known of each file of the table, and in which order do they stand? */

const WRONG = new Set(["failed", "timeout", "crashed"]);
const STATUS_WORDS = {
  ok: "✓ done", unchanged: "= unchanged", skipped: "– skipped", failed: "✕ failed", timeout: "✕ timeout",
  crashed: "✕ crashed",
};

class Rows {
  constructor(section, pictures) {
    this.list = section.items;
    this.folders = section.folders || [];
    this.pictures = new Map();
    for (const [index, picture, ssim] of pictures) {
      const [earlier, value] = this.pictures.get(index) || ["", null];
      this.pictures.set(index, [picture || earlier, ssim ?? value]);
    }
    this.hasOutputs = this.list.some((row) => row[4].length > 0);
    this.hasSsim = pictures.some(([, , ssim]) => ssim !== null);
    this.keys = new Map();
  }

  status = (row) => row[0];
  folder = (row) => this.folders[row[1]];
  name = (row) => row[2];
  before = (row) => row[3];
  ms = (row) => row[5];
  more = (row) => row[6] || {};
  error = (row) => this.more(row).error || null;
  url = (row) => urlOf(this.folder(row), row[2], this.more(row).url);

  /* The output that is shown and compared: that with the most pixels. */
  output(row) {
    let best = null;
    for (const output of row[4]) if (best === null || output[3] * output[4] > best[3] * best[4]) best = output;
    return best;
  }

  outputUrl = (output) => urlOf(this.folders[output[0]], output[1], output[7]);

  /* The share of bytes that the output spares: 0.6 for 60 % less; null where there is none. */
  saving(row) {
    const output = this.output(row);
    return output === null || !row[3] ? null : 1 - output[5] / row[3];
  }

  thumbnail = (index) => (this.pictures.get(index) || ["", null])[0];
  ssim = (index) => (this.pictures.get(index) || ["", null])[1];

  /* What each column is sorted by; larger is later, and null comes last in either direction. */
  value(index, column) {
    const row = this.list[index];
    const output = this.output(row);
    switch (column) {
      case "worst": return this.rank(index);
      case "name": return this.name(row);
      case "status": return STATUS_WORDS[row[0]].slice(2) + (this.error(row) || [""])[0];
      case "before": return this.before(row);
      case "after": return output && output[5];
      case "saved": return this.saving(row);
      case "ssim": return this.ssim(index);
      case "pixels": return output && output[3] * output[4];
      default: return this.ms(row);
    }
  }

  /* The worst first: what failed, what has warnings, what looks least alike, what saves least. */
  rank(index) {
    const row = this.list[index];
    const saving = Math.atan(this.saving(row) ?? 9) / 2; /* in order, and between -1 and 1 */
    if (WRONG.has(row[0])) return -20;
    if (this.more(row).warnings) return -10 + saving;
    const ssim = this.ssim(index);
    return ssim === null ? saving : -5 + ssim;
  }

  /* The rows (by index) of a view that pass `keep`, in order. */
  view(keep, column, descending) {
    const result = [];
    for (let index = 0; index < this.list.length; index++) if (keep(this.list[index])) result.push(index);
    if (column === "source") return descending ? result.reverse() : result;
    const values = this.values(column);
    const order = typeof values.find((value) => value !== null) === "string"
      ? new Intl.Collator("en", { numeric: true }).compare
      : (one, other) => one - other;
    const sign = descending ? -1 : 1;
    return result.sort((one, other) => {
      const [a, b] = [values[one], values[other]];
      if (a === null || b === null) return (a === null) - (b === null) || one - other;
      return sign * order(a, b) || one - other;
    });
  }

  values(column) {
    if (!this.keys.has(column)) this.keys.set(column, this.list.map((_, index) => this.value(index, column)));
    return this.keys.get(column);
  }
}
