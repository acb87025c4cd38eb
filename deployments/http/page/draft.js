// What is being written, kept in this tab: a reload brings it back.

function keepDraft() {
  remember("sessionStorage", "draft", {
    text: $("text").value,
    voice: $("voice").value,
    seed: $("seed").value,
    speed: controls.speed(),
    parameters: controls.changed(),
  });
}

function restoreDraft() {
  const draft = recall("sessionStorage", "draft", {});
  for (const name of ["text", "voice", "seed"]) $(name).value = draft[name] ?? $(name).value;
  if (draft.parameters) controls.restore(draft.parameters, draft.speed);
}

function showCount() {
  const [count, most] = [countOf($("text").value), contract.maxTextChars];
  $("count").textContent =
    `${count} of ${most} characters` + (count > most ? `: ${count - most} too many` : "");
  $("count").classList.toggle("over", count > most);
}

// On "change", too: what is chosen from a list fills other fields only then.
for (const kind of ["input", "change"]) {
  $("form").addEventListener(kind, (event) => {
    if (event.target !== $("key")) keepDraft();
    showCount();
  });
}
