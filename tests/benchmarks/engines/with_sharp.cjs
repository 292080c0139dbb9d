// The same job with sharp: node with_sharp.cjs separate|cascade SPEC SOURCE TARGET
//
// As many pictures at a time as libuv has threads (4, as sharp is installed), sharp's own concurrency as it is by
// default. "cascade" decodes once and makes every smaller shape from the next larger one.
"use strict";
const fs = require("node:fs");
const path = require("node:path");
const sharp = require("sharp");

const [way, words, source, target] = process.argv.slice(2);
const spec = JSON.parse(words);
const threads = Number(process.env.UV_THREADPOOL_SIZE || 4);

function finished(image, name, folder) {
  if (spec.soften) image = image.blur(2).sharpen({ sigma: 1 });
  if (spec.suffix === ".jpg") image = image.jpeg({ quality: spec.quality });
  if (spec.suffix === ".webp") image = image.webp({ quality: spec.quality });
  return image.toFile(path.join(target, folder, path.parse(name).name + spec.suffix));
}

function sized(image, [width, height, cover]) {
  return image.resize({ width, height: height || undefined, fit: cover ? "cover" : "inside", withoutEnlargement: !cover });
}

async function one(name) {
  const file = path.join(source, name);
  if (way === "separate") {
    for (const shape of spec.shapes) await finished(sized(sharp(file).autoOrient(), shape), name, shape[3]);
    return;
  }
  let raw = null;
  for (const shape of [...spec.shapes].sort((a, b) => b[0] - a[0])) {
    const from = raw ? sharp(raw.data, { raw: raw.info }) : sharp(file).autoOrient();
    const { data, info } = await sized(from, shape).raw().toBuffer({ resolveWithObject: true });
    raw = { data, info: { width: info.width, height: info.height, channels: info.channels } };
    await finished(sharp(raw.data, { raw: raw.info }), name, shape[3]);
  }
}

async function main() {
  for (const shape of spec.shapes) fs.mkdirSync(path.join(target, shape[3]), { recursive: true });
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
