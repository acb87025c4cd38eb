// A text file dropped here becomes the text; a browser would leave the page for it.

const hasFiles = ({ dataTransfer }) => dataTransfer.types.includes("Files");

/** The text in a file. Throws an Error that says why it cannot be the text of a request. */
async function readText(file) {
  if (file.size > 4 * contract.maxTextChars) {
    throw new Error(
      `${file.name} is too long for one request; echo-tts speak --file speaks a whole book`,
    );
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
  } catch {
    throw new Error(
      `${file.name} is not text in UTF-8. A recording becomes a voice in the server's voices folder.`,
    );
  }
}

/** Fills in the text as if it had been typed: it can be undone. */
function typeText(content) {
  $("text").focus();
  $("text").select();
  document.execCommand("insertText", false, content);
}

document.addEventListener("dragover", (event) => {
  if (hasFiles(event)) event.preventDefault();
});
document.addEventListener("drop", async (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  const [file] = event.dataTransfer.files;
  if (!file) return; // such as a picture of another page
  try {
    typeText(await readText(file));
    complain("");
  } catch (error) {
    complain(error.message, "input");
  }
});
