// What the page does: speaks, plays, saves, and says how it went.

const RATE_HZ = 44100;
const MAX_VOICES = 20;
const HEALTH_RETRY_MS = 3000;

const player = new Player(RATE_HZ);
let running = null; // what aborts the request under way
let spoken = null; // the body of the last request, its seed included
let frame = 0;
let listedVoices = []; // names of the server's voices, where it lists them

const seconds = (s) => `${s.toFixed(2)} s`;
const randomSeed = () => crypto.getRandomValues(new Uint32Array(1))[0];

function show() {
  if (player.playing && !running && player.position >= player.length) player.pause(player.length);
  $("play").textContent = player.playing ? "Pause" : "Play";
  $("play").disabled = !player.length;
  $("download").disabled = !player.length || Boolean(running);
  $("stop").disabled = !running && !player.playing;
  drawWaveform($("wave"), player);
  describeWaveform($("wave"), player);
  $("time").textContent = $("wave").ariaValueText;
  cancelAnimationFrame(frame);
  if (player.playing) frame = requestAnimationFrame(show);
}

function showFacts(facts) {
  const rows = Object.entries(facts).map(([name, value]) =>
    make(
      "div",
      { className: name },
      make("dt", { textContent: name }),
      make("dd", { textContent: value }),
    ),
  );
  $("facts").replaceChildren(...rows);
}

function complain(message, param = null) {
  for (const input of document.querySelectorAll("[aria-invalid]"))
    input.removeAttribute("aria-invalid");
  $("error").hidden = !message;
  $("error").textContent = message;
  if (param === "key") $("key-field").hidden = false;
  const input = $({ input: "text" }[param] ?? param) ?? $(`parameter-${param}`);
  if (!input) return;
  if ($("parameters").contains(input)) $("parameters").open = true;
  input.setAttribute("aria-invalid", "true");
  input.focus();
}

/** Does `work(signal)` as the one request under way, and tells how it ends. */
async function run(begun, work) {
  running?.abort();
  const mine = (running = new AbortController());
  complain("");
  $("status").textContent = begun;
  show();
  let ended = "";
  try {
    ended = await work(mine.signal);
  } catch (error) {
    if (mine.signal.aborted) ended = "Stopped";
    else complain(error.message, error.param);
  }
  if (running !== mine) return;
  running = null;
  $("status").textContent = ended;
  show();
}

function speak() {
  const unreadable = $("seed").validity.badInput ? "seed" : controls.unreadable()?.name;
  if (unreadable) return complain(`${unreadable} is not a number`, unreadable);
  if (Math.abs(Number($("seed").value)) > Number.MAX_SAFE_INTEGER) {
    return complain(`seed is beyond ${Number.MAX_SAFE_INTEGER}, as far as a browser counts`, "seed");
  }
  const body = {
    input: $("text").value,
    voice: $("voice").value.trim() || "default",
    seed: $("seed").value === "" ? randomSeed() : Number($("seed").value),
    speed: controls.speed(),
    parameters: controls.changed(),
  };
  player.wake();
  player.clear(RATE_HZ);
  $("player").hidden = true;
  return run("Waiting for the first audio …", (signal) => hear(body, signal));
}

async function hear(body, signal) {
  const begun = performance.now();
  const passed = () => (performance.now() - begun) / 1000;
  const answer = await ask(
    { ...body, response_format: "pcm", sample_rate: RATE_HZ },
    $("key").value,
    signal,
  );
  spoken = body;
  rememberVoice(body.voice === "default" ? "" : body.voice);
  const header = (name) => answer.headers.get(name);
  let firstAudio = null;
  const tell = (facts) =>
    showFacts({
      Engine: header("X-Engine"),
      ...facts,
      Seed: header("X-Seed"),
      Request: header("X-Request-ID"),
    });
  $("keep").hidden = $("seed").value === header("X-Seed");
  player.clear(Number(header("X-Audio-Sample-Rate")));
  player.play(0);
  $("player").hidden = false;
  for await (const samples of samplesOf(answer, signal)) {
    $("status").textContent = "Speaking …";
    firstAudio ??= seconds(passed());
    player.add(samples);
    tell({ "First audio": firstAudio, Audio: seconds(player.length / player.rateHz) });
    show();
  }
  const [audio, total] = [player.length / player.rateHz, passed()];
  const factor = (total / audio).toFixed(3);
  tell({
    "First audio": firstAudio,
    Audio: seconds(audio),
    Total: seconds(total),
    "Real-time factor": factor,
  });
  return `Done: ${seconds(audio)} of audio`;
}

function stop() {
  running?.abort();
  player.pause();
  show();
}

function toggle() {
  if (player.playing) player.pause();
  else player.play(player.rest < player.length ? player.rest : 0);
  show();
}

function seek(sample) {
  const to = Math.round(Math.min(Math.max(sample, 0), player.length));
  if (player.playing) player.play(to);
  else player.pause(to);
  show();
}

function download() {
  const format = $("format").value;
  if (format === "wav") return save(player.wav(), format);
  if (format === "pcm") return save(player.pcm(), format);
  return run(`Asking for ${format} …`, async (signal) => {
    const answer = await ask({ ...spoken, response_format: format }, $("key").value, signal);
    save(await orRefuse(BROKE_OFF, signal, answer.blob()), format);
    return `Saved as ${format}`;
  });
}

function save(blob, format) {
  const name = `${spoken.voice}-${spoken.seed}`.replace(/[^\w-]+/g, "-");
  const link = make("a", {
    href: URL.createObjectURL(blob),
    download: `${name}.${contract.extensions[format]}`,
  });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // by then the browser has it
}

function rememberVoice(name) {
  const others = recall("localStorage", "voices", []).filter((other) => other !== name);
  const voices = name ? [name, ...others].slice(0, MAX_VOICES) : others;
  remember("localStorage", "voices", voices);
  offerVoices();
  return voices;
}

/** Offers the voices used last, then the others that the server has. */
function offerVoices() {
  const voices = new Set([...recall("localStorage", "voices", []), ...listedVoices]);
  $("voices").replaceChildren(...[...voices].map((voice) => new Option("", voice)));
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

async function askHealth() {
  let [status, told] = ["unhealthy", "The server does not answer"];
  try {
    const report = await (await fetch("health")).json();
    const { models, hardware, audio_files } = report.checks;
    const failed = Object.values(report.checks).filter((check) => check.status === "fail");
    status = report.status;
    told = (failed.length ? failed : [models, hardware, audio_files])
      .map(({ details }) => details)
      .join(" · ");
  } catch {} // told already
  $("health").className = status;
  if ($("health").textContent !== told) $("health").textContent = told;
  if (status !== "healthy") setTimeout(askHealth, HEALTH_RETRY_MS);
}

$("form").addEventListener("submit", (event) => {
  event.preventDefault();
  speak();
});
$("stop").addEventListener("click", stop);
$("play").addEventListener("click", toggle);
$("download").addEventListener("click", download);
$("dice").addEventListener("click", () => ($("seed").value = randomSeed()));
$("keep").addEventListener("click", () => ($("seed").value = spoken.seed));
$("key").addEventListener("input", () => remember("sessionStorage", "key", $("key").value));
if (contract.listVoices) {
  askVoices();
  $("key").addEventListener("change", askVoices);
  $("voice").addEventListener("focus", askVoices);
}
$("format").addEventListener("change", () => remember("localStorage", "format", $("format").value));
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") stop();
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  speak();
});
$("wave").addEventListener("pointerdown", (event) =>
  seek((event.offsetX / $("wave").clientWidth) * player.length),
);
$("wave").addEventListener("keydown", (event) => {
  const moves = {
    ArrowLeft: -1,
    ArrowDown: -1,
    ArrowRight: 1,
    ArrowUp: 1,
    PageDown: -5,
    PageUp: 5,
  };
  if (event.key in moves) seek(player.position + moves[event.key] * player.rateHz);
  else if (event.key === "Home") seek(0);
  else if (event.key === "End") seek(player.length);
  else if (event.key === " ") toggle();
  else return;
  event.preventDefault();
});
new ResizeObserver(show).observe($("wave"));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);

$("format").append(...Object.keys(contract.extensions).map((name) => new Option(name)));
$("format").value = recall("localStorage", "format", "wav");
$("voice").value = rememberVoice("")[0] ?? "";
$("key").value = recall("sessionStorage", "key", "");
$("key-field").hidden = !$("key").value;
askHealth();
