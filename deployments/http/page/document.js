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

// What is remembered is a convenience: a browser that forbids it changes nothing else.
const recall = (storage, name, otherwise) => {
  try {
    return JSON.parse(window[storage].getItem(`echo-tts.${name}`)) ?? otherwise;
  } catch {
    return otherwise;
  }
};
const remember = (storage, name, value) => {
  try {
    window[storage].setItem(`echo-tts.${name}`, JSON.stringify(value));
  } catch {}
};
