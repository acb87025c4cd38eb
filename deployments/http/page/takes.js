// The last takes, to be compared by ear.

const MAX_TAKES = 10;
const MAX_SAMPLES = 20 * 60 * 44100; // 100 MiB; the newest take is kept however long it is

const takes = []; // the newest first
let numTakes = 0;

/** Lists a take. `play(take)` and `save(take)` are what its buttons do. */
function listTake(take, play, save) {
  const { input, voice, seed } = take.body;
  const name = `take ${++numTakes}`;
  const act = (title, action) => {
    const ariaLabel = `${title} ${name}`;
    const button = make("button", { type: "button", textContent: title, ariaLabel });
    button.addEventListener("click", () => action(take));
    return button;
  };
  take.told = make("p", { className: "hint" });
  take.tell = () =>
    (take.told.textContent =
      `${voice} · seed ${seed} · ${take.seconds.toFixed(2)} s` +
      (take.done && !take.isWhole ? " · cut short" : ""));
  const said = make("p", { className: "said", dir: "auto", textContent: input, title: input });
  take.row = make(
    "li",
    {},
    act("Play", play),
    make("div", {}, said, take.told),
    act("Download", save),
  );
  takes.unshift(take);
  $("take-list").prepend(take.row);
  $("takes").hidden = takes.length < 2;
}

/** Tells what there is of each take, and lets the oldest go where it is too much. */
function showTakes(loaded) {
  const numSamples = () => takes.reduce((sum, { length }) => sum + length, 0);
  while (takes.length > MAX_TAKES || (takes.length > 1 && numSamples() > MAX_SAMPLES)) {
    takes.pop().row.remove();
  }
  for (const take of takes) {
    take.tell();
    take.row.ariaCurrent = take === loaded ? "true" : null;
  }
}
