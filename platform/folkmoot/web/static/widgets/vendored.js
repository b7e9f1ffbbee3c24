// The two libraries that draw marks, fetched only by the widgets that need them.
//
// Both are UMD files; imported as a module they leave a global, which is what is returned.

const VENDOR = new URL("../vendor/", import.meta.url);

function addStyles(name) {
  const link = document.createElement("link");
  const loaded = new Promise((resolve) => { link.onload = link.onerror = resolve; });
  Object.assign(link, { rel: "stylesheet", href: new URL(name, VENDOR).href });
  // Before our own, which refine it.
  document.head.querySelector('link[rel="stylesheet"]').before(link);
  return loaded;
}

export async function loadImageAnnotator() {
  await Promise.all([import(new URL("annotorious.js", VENDOR).href), addStyles("annotorious.css")]);
  return globalThis.Annotorious.createImageAnnotator;
}

export async function loadTextAnnotator() {
  // The file asks which build it is, as if it ran in Node.
  globalThis.process ??= { env: { NODE_ENV: "production" } };
  await import(new URL("text-annotator.js", VENDOR).href);
  return globalThis.RecogitoJS.createTextAnnotator;
}
