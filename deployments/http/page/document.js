"use strict";
// What every part of the page takes from the document and the browser.

const $ = (id) => document.getElementById(id);

/** A new element; text goes in as text, never as HTML. */
const make = (tag, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};

/** What of the request contract the server offers; see `_contract` in __init__.py. */
const contract = JSON.parse($("contract").textContent);

// What is remembered is a convenience: a browser that forbids it changes nothing else, and what
// another version of the page, or somebody by hand, left there in another shape is forgotten.
const shapeOf = (value) => (Array.isArray(value) ? "array" : typeof value);
const recall = (storage, name, otherwise) => {
  try {
    const value = JSON.parse(window[storage].getItem(`echo-tts.${name}`));
    return value !== null && shapeOf(value) === shapeOf(otherwise) ? value : otherwise;
  } catch {
    return otherwise;
  }
};
const remember = (storage, name, value) => {
  try {
    window[storage].setItem(`echo-tts.${name}`, JSON.stringify(value));
  } catch {}
};
