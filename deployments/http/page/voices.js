// The voices that are offered: those used last, and all of the server's where it lists them.

const MAX_VOICES = 20;
let listedVoices = [];

function rememberVoice(name) {
  const others = recall("localStorage", "voices", []).filter((other) => other !== name);
  const voices = name ? [name, ...others].slice(0, MAX_VOICES) : others;
  remember("localStorage", "voices", voices);
  offerVoices();
  return voices;
}

/** Offers in the field what goes on from what is typed, and beside it every voice there is. */
function offerVoices() {
  const voices = new Set([...recall("localStorage", "voices", []), ...listedVoices]);
  $("voices").replaceChildren(...[...voices].map((voice) => new Option("", voice)));
  $("listed").hidden = !listedVoices.length;
  $("listed").replaceChildren(
    new Option("default voice", "default"),
    ...listedVoices.map((voice) => new Option(voice, voice)),
  );
  showListed();
}

/** Lets the list stand at the voice that is typed, at none if that is not in it. */
function showListed() {
  $("listed").value = $("voice").value.trim() || "default";
}

async function askVoices() {
  const key = $("key").value;
  const headers = key ? { Authorization: `Bearer ${key}` } : {};
  try {
    const answer = await fetch("v1/audio/voices", { headers });
    if (answer.ok) listedVoices = (await answer.json()).voices.map(({ id }) => id);
  } catch {} // they can be typed
  offerVoices();
}

$("listed").addEventListener("change", () => {
  const chosen = $("listed").value;
  $("voice").value = chosen === "default" ? "" : chosen;
});
$("voice").addEventListener("input", showListed);
if (contract.listVoices) {
  askVoices();
  $("key").addEventListener("change", askVoices);
  $("voice").addEventListener("focus", askVoices);
}
