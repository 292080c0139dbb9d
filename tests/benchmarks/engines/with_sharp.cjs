// The same job with sharp: node with_sharp.cjs separate|cascade SPEC SOURCE TARGET
//
// As many pictures at a time as libuv has threads, each with one of libvips, and no cache, as no picture comes twice.
// Huffman tables as they stand in the standard, which the others take, too.
// "cascade" decodes once and makes every smaller shape from the next larger one.
"use strict";
const fs = require("node:fs");
const path = require("node:path");
const sharp = require("sharp");

const [way, words, source, target] = process.argv.slice(2);
const spec = JSON.parse(words);
const threads = Number(process.env.UV_THREADPOOL_SIZE || 4);
const options = { animated: spec.suffix === ".gif", sequentialRead: true };
sharp.cache(false);
sharp.concurrency(1);

function opened(file) {
  const image = sharp(file, options);
  if (spec.suffix === ".gif") return image;
  return spec.suffix === ".tif" ? image.autoOrient().pipelineColourspace("rgb16") : image.autoOrient();
}

// A text as a picture with its margin, so that it can be laid into a corner.
function drawing(text, anchor) {
  const { letters, margin, outline } = spec.marks;
  const [width, height] = [520, letters + 2 * margin];
  const words = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  const place = anchor === "start" ? margin : width - margin;
  const line = anchor === "start" ? `stroke="black" stroke-width="${2 * outline}" paint-order="stroke"` : "";
  return Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><text x="${place}" ` +
      `y="${height - margin - 8}" font-family="sans-serif" font-size="${letters}" fill="white" text-anchor="${anchor}" ` +
      `${line}>${words}</text></svg>`,
  );
}

// What is the same on every picture is read once.
async function marks() {
  const margin = spec.marks.margin;
  const border = { top: margin, bottom: margin, left: margin, right: margin, background: "#0000" };
  const layer = async (image, gravity) => {
    const { data, info } = await image.ensureAlpha().raw().toBuffer({ resolveWithObject: true });
    return { input: data, raw: { width: info.width, height: info.height, channels: info.channels }, gravity };
  };
  return Promise.all([
    layer(sharp(spec.marks.image).extend(border), "northwest"),
    layer(sharp(spec.marks.faded).extend(border), "southeast"),
    layer(sharp(drawing(spec.marks.line, "end")), "northeast"),
  ]);
}

let layers = [];

function finished(image, name, folder) {
  if (spec.soften) image = image.blur(2).sharpen({ sigma: 1 });
  if (spec.marks) {
    const stem = { input: drawing(path.parse(name).name, "start"), gravity: "southwest" };
    image = image.composite([...layers, stem]);
  }
  if (spec.suffix === ".jpg") image = image.jpeg({ quality: spec.quality, optimizeCoding: false });
  if (spec.suffix === ".webp") image = image.webp({ quality: spec.quality });
  if (spec.suffix === ".tif") image = image.toColourspace("rgb16").tiff({ compression: "none" });
  return image.toFile(path.join(target, folder, path.parse(name).name + spec.suffix));
}

function sized(image, [width, height, cover]) {
  return image.resize({ width, height: height || undefined, fit: cover ? "cover" : "inside", withoutEnlargement: !cover });
}

async function one(name) {
  const file = path.join(source, name);
  if (way === "separate") {
    for (const shape of spec.shapes) await finished(sized(opened(file), shape), name, shape[3]);
    return;
  }
  let raw = null;
  for (const shape of [...spec.shapes].sort((a, b) => b[0] - a[0])) {
    const from = raw ? sharp(raw.data, { raw: raw.info }) : opened(file);
    const { data, info } = await sized(from, shape).raw().toBuffer({ resolveWithObject: true });
    raw = { data, info: { width: info.width, height: info.height, channels: info.channels } };
    await finished(sharp(raw.data, { raw: raw.info }), name, shape[3]);
  }
}

async function main() {
  for (const shape of spec.shapes) fs.mkdirSync(path.join(target, shape[3]), { recursive: true });
  if (spec.marks) layers = await marks();
  const names = fs.readdirSync(source).sort();
  let next = 0;
  const worker = async () => {
    while (next < names.length) await one(names[next++]);
  };
  await Promise.all(Array.from({ length: threads }, worker));
}

main().catch((error) => {
  console.error(String(error));
  process.exit(1);
});
