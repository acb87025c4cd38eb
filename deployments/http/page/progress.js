// How far a long text is spoken, and how long the rest will take: estimated from its length and from
// the pace of the takes before, as only the end tells how long the audio is.

const LONG_S = 12; // audio shorter than that is soon there
const USUAL_PACE = 15; // characters a second
const countOf = (text) => [...text].length;

class Progress {
  /** `expectedS`: seconds of audio that the body of a request will become, where that is known. */
  constructor({ input, speed }, expectedS = null) {
    this.begun = performance.now();
    this.numChars = countOf(input);
    this.speed = speed;
    const pace = recall("localStorage", "pace", USUAL_PACE);
    this.expectedS = expectedS ?? this.numChars / pace / speed;
  }

  get passedS() {
    return (performance.now() - this.begun) / 1000;
  }

  /** Shows how far `audioS` seconds of audio have come. */
  show(audioS) {
    if (this.expectedS < LONG_S) return;
    const done = Math.min(audioS / this.expectedS, 0.99);
    $("progress").hidden = $("left").hidden = false;
    $("progress").value = done;
    if (!audioS) return;
    $("left").textContent = `about ${clock((this.passedS / done) * (1 - done), 0)} left`;
  }

  /** Notes how long it became, for the estimates to come. */
  learn(audioS) {
    if (audioS > 3) remember("localStorage", "pace", this.numChars / audioS / this.speed);
  }
}

function hideProgress() {
  $("progress").hidden = $("left").hidden = true;
  $("left").textContent = "";
}
