// What the page does: speaks, plays, saves, and says how it went.

const RATE_HZ = 44100;

const player = new Player(RATE_HZ);
let running = null; // what aborts the request under way
let frame = 0;

const seconds = (s) => `${s.toFixed(2)} s`;
const randomSeed = () => crypto.getRandomValues(new Uint32Array(1))[0];

function show() {
  const { take } = player;
  if (player.playing && take.done && player.position >= take.length) player.pause(take.length);
  $("play").textContent = player.playing ? "Pause" : "Play";
  $("play").disabled = !take.length;
  $("download").disabled = !take.length || Boolean(running);
  $("stop").disabled = !running && !player.playing;
  drawWaveform($("wave"), player);
  describeWaveform($("wave"), player);
  $("time").textContent = $("wave").ariaValueText;
  cancelAnimationFrame(frame);
  if (player.playing) frame = requestAnimationFrame(show);
}

/** Shows a take in the player, where it is told of and saved. */
function load(take) {
  player.load(take);
  $("player").hidden = false;
  tell(take);
  show();
}

/** Tells what there is to tell of a take, if it is the one in the player. */
function tell(take) {
  showTakes(player.take);
  if (take !== player.take) return;
  const rows = Object.entries(take.facts).map(([name, value]) =>
    make(
      "div",
      { className: name },
      make("dt", { textContent: name }),
      make("dd", { textContent: value }),
    ),
  );
  $("facts").replaceChildren(...rows);
  $("keep").hidden = $("seed").value === String(take.body.seed);
}

/** Shows an error at the field it is about, else beside the buttons, which are always in view. */
function complain(message, param = null) {
  for (const input of document.querySelectorAll("[aria-invalid]")) {
    input.removeAttribute("aria-invalid");
    input.removeAttribute("aria-errormessage");
  }
  $("error").hidden = !message;
  $("error").textContent = message;
  if (param === "key") $("key-field").hidden = false;
  const input = $({ input: "text" }[param] ?? param) ?? $(`parameter-${param}`);
  (input?.closest(".field") ?? $("actions")).append($("error"));
  if (!input) return;
  if ($("parameters").contains(input)) $("parameters").open = true;
  input.setAttribute("aria-invalid", "true");
  input.setAttribute("aria-errormessage", "error");
  input.focus();
  $("error").scrollIntoView({ block: "nearest" });
}

/** Does `work(signal)` as the one request under way, and tells how it ends. */
async function run(begun, work) {
  running?.abort();
  const mine = (running = new AbortController());
  complain("");
  hideProgress();
  $("status").textContent = begun;
  show();
  let ended = "";
  try {
    ended = await work(mine.signal);
  } catch (error) {
    if (mine.signal.aborted) ended = "Stopped";
    else complain(error.message, error.param);
    if (!mine.signal.aborted) keepWatching();
  }
  if (running !== mine) return;
  running = null;
  $("player").hidden = !player.take.length; // a request that failed leaves the take before it
  hideProgress();
  $("status").textContent = ended;
  show();
}

function speak() {
  const seed = $("seed");
  const unreadable = seed.validity.badInput ? seed : controls.unreadable();
  if (unreadable) {
    const param = unreadable.id.replace("parameter-", "");
    const wanted = unreadable.type === "number" ? "a number" : "a list of numbers, such as 8, 40";
    return complain(`${unreadable.labels[0].textContent} is not ${wanted}`, param);
  }
  if (Math.abs(Number(seed.value)) > Number.MAX_SAFE_INTEGER) {
    return complain(`Seed is beyond ${Number.MAX_SAFE_INTEGER}, as far as a browser counts`, "seed");
  }
  const body = {
    input: $("text").value,
    voice: $("voice").value.trim() || "default",
    seed: seed.value === "" ? randomSeed() : Number(seed.value),
    speed: controls.speed(),
    parameters: controls.changed(),
  };
  player.wake();
  player.pause(0);
  $("player").hidden = true;
  return run("Waiting for the first audio …", (signal) => hear(body, signal));
}

async function hear(body, signal) {
  const progress = new Progress(body);
  progress.show(0);
  const answer = await ask(
    { ...body, response_format: "pcm", sample_rate: RATE_HZ },
    $("key").value,
    signal,
  );
  rememberVoice(body.voice === "default" ? "" : body.voice);
  const header = (name) => answer.headers.get(name);
  const take = new Take(body, Number(header("X-Audio-Sample-Rate")));
  let firstAudio = null;
  const note = (facts) => {
    take.facts = {
      Engine: header("X-Engine"),
      "First audio": firstAudio,
      Audio: seconds(take.seconds),
      ...facts,
      Seed: header("X-Seed"),
      Request: header("X-Request-ID"),
    };
    tell(take);
  };
  try {
    for await (const samples of samplesOf(answer, signal)) {
      firstAudio ??= seconds(progress.passedS);
      const piece = take.add(samples);
      if (take.pieces.length === 1) begin(take);
      else if (take === player.take) player.follow(piece);
      $("status").textContent = "Speaking …";
      progress.show(take.seconds);
      note({});
      show();
    }
    take.isWhole = true;
  } finally {
    take.done = true;
    take.tookS = progress.passedS;
    showTakes(player.take);
  }
  progress.learn(take.seconds);
  const factor = (take.tookS / take.seconds).toFixed(3);
  note({ Total: seconds(take.tookS), "Real-time factor": factor });
  return `Done: ${seconds(take.seconds)} of audio`;
}

/** Lists a take of which the first audio has come, and lets it be heard. */
function begin(take) {
  listTake(take, replay, download);
  load(take);
  player.play(0);
}

function replay(take) {
  player.wake();
  load(take);
  player.play(0);
  show();
}

function stop() {
  running?.abort();
  player.pause();
  show();
}

function toggle() {
  player.wake();
  if (player.playing) player.pause();
  else player.play(player.rest < player.take.length ? player.rest : 0);
  show();
}

function seek(sample) {
  const to = Math.round(Math.min(Math.max(sample, 0), player.take.length));
  if (player.playing) player.play(to);
  else player.pause(to);
  show();
}

function download(take) {
  const format = $("format").value;
  if (format === "wav") return save(take, take.wav(), format);
  if (format === "pcm") return save(take, take.pcm(), format);
  return run(`Asking for ${format} …`, async (signal) => {
    // It is spoken once more, and takes about as long.
    const progress = new Progress(take.body, take.seconds);
    const show = () => progress.show((take.seconds * progress.passedS) / take.tookS);
    show();
    const shown = setInterval(show, 250);
    try {
      const answer = await ask({ ...take.body, response_format: format }, $("key").value, signal);
      save(take, await orRefuse(brokeOff(answer), signal, answer.blob()), format);
    } finally {
      clearInterval(shown);
    }
    return `Saved as ${format}`;
  });
}

function save({ body }, blob, format) {
  const name = `${body.voice}-${body.seed}`.replace(/[^\w-]+/g, "-");
  const link = make("a", {
    href: URL.createObjectURL(blob),
    download: `${name}.${contract.extensions[format]}`,
  });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // by then the browser has it
}

function setSeed(seed) {
  $("seed").value = seed;
  keepDraft();
}

$("form").addEventListener("submit", (event) => {
  event.preventDefault();
  speak();
});
$("stop").addEventListener("click", stop);
$("play").addEventListener("click", toggle);
$("download").addEventListener("click", () => download(player.take));
$("reset").addEventListener("click", () => {
  controls.restore({}, speed.default);
  keepDraft();
});
$("dice").addEventListener("click", () => setSeed(randomSeed()));
$("keep").addEventListener("click", () => setSeed(player.take.body.seed));
$("key").addEventListener("input", () => remember("sessionStorage", "key", $("key").value));
$("format").addEventListener("change", () => remember("localStorage", "format", $("format").value));
document.addEventListener("keydown", (event) => {
  if (event.isComposing) return; // the key is for an input method, of Japanese say
  if (event.key === "Escape") stop();
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  speak();
});
let playsOn = false; // once the pointer is lifted from the waveform
function drag({ offsetX }) {
  player.pause();
  seek((offsetX / $("wave").clientWidth) * player.take.length);
}
$("wave").addEventListener("pointerdown", (event) => {
  playsOn = player.playing;
  $("wave").setPointerCapture(event.pointerId);
  drag(event);
});
$("wave").addEventListener("pointermove", (event) => {
  if ($("wave").hasPointerCapture(event.pointerId)) drag(event);
});
$("wave").addEventListener("lostpointercapture", () => {
  if (playsOn) player.play(player.rest);
  show();
});
$("wave").addEventListener("keydown", (event) => {
  const moves = {
    ArrowLeft: -1,
    ArrowDown: -1,
    ArrowRight: 1,
    ArrowUp: 1,
    PageDown: -5,
    PageUp: 5,
  };
  if (event.key in moves) seek(player.position + moves[event.key] * player.take.rateHz);
  else if (event.key === "Home") seek(0);
  else if (event.key === "End") seek(player.take.length);
  else if (event.key === " ") toggle();
  else return;
  event.preventDefault();
});
new ResizeObserver(show).observe($("wave"));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);

$("format").append(...Object.keys(contract.extensions).map((name) => new Option(name)));
$("format").value = recall("localStorage", "format", "");
if (!$("format").value) $("format").value = "wav";
$("voice").value = rememberVoice("")[0] ?? "";
$("key").value = recall("sessionStorage", "key", "");
$("key-field").hidden = !$("key").value;
restoreDraft();
showCount();
