// The header: what the server is and whether it can speak, for as long as the page is open.

const PING_MS = 5000;
const ANSWER_MS = 10_000; // one that takes longer does not answer
let lastPing = null;

const get = (path) => fetch(path, { cache: "no-store", signal: AbortSignal.timeout(ANSWER_MS) });

async function askHealth() {
  let [status, told] = ["unhealthy", "The server does not answer"];
  try {
    const report = await (await get("health")).json();
    const { models, hardware, audio_files } = report.checks;
    const failed = Object.values(report.checks).filter((check) => check.status === "fail");
    status = report.status;
    told = (failed.length ? failed : [models, hardware, audio_files])
      .map(({ details }) => details)
      .join(" · ");
    controls.standAt(models.defaults ?? {});
  } catch {} // told already
  $("health").className = status;
  if ($("health").textContent !== told) $("health").textContent = told;
  return status;
}

/** Asks whether the server can speak, which costs it little, and for its health if that changed. */
async function watchHealth() {
  const ping = await get("ping").then(
    ({ status }) => status,
    () => null,
  );
  if (ping !== lastPing || ping !== 200) {
    // What is ready and yet unhealthy is asked again.
    lastPing = (await askHealth()) === "healthy" ? ping : null;
  }
}

let nextPing = 0;
async function keepWatching() {
  clearTimeout(nextPing);
  if (!document.hidden) await watchHealth();
  clearTimeout(nextPing);
  nextPing = setTimeout(keepWatching, PING_MS);
}
for (const event of ["online", "offline"]) addEventListener(event, keepWatching);
document.addEventListener("visibilitychange", keepWatching);
keepWatching();
