// The waveform of what a player holds, and how far it is heard.

const clock = (s, digits = 1) => {
  const rounded = Number(s.toFixed(digits)); // 59.96 s are a minute
  const rest = (rounded % 60).toFixed(digits).padStart(digits ? 3 + digits : 2, "0");
  return `${Math.floor(rounded / 60)}:${rest}`;
};

function drawWaveform(canvas, { take: { peaks, length }, position }) {
  const scale = devicePixelRatio;
  const width = (canvas.width = canvas.clientWidth * scale);
  const height = (canvas.height = canvas.clientHeight * scale);
  const style = getComputedStyle(canvas);
  const [accent, soft] = ["--accent", "--soft"].map((name) => style.getPropertyValue(name));
  const pen = canvas.getContext("2d");
  const heard = length ? position / length : 0;
  const numBars = length ? Math.floor(width / (3 * scale)) : 0;
  for (let bar = 0; bar < numBars; bar++) {
    const from = Math.floor((bar * peaks.length) / numBars);
    const to = Math.max(from + 1, Math.floor(((bar + 1) * peaks.length) / numBars));
    const peak = peaks.slice(from, to).reduce((a, b) => Math.max(a, b));
    const tall = Math.max(scale, peak * height * 0.95);
    pen.fillStyle = (bar + 0.5) / numBars < heard ? accent : soft;
    pen.fillRect(bar * 3 * scale, (height - tall) / 2, 2 * scale, tall);
  }
  pen.fillStyle = accent;
  pen.fillRect(Math.min(heard * width, width - 2 * scale), 0, 2 * scale, height);
}

/** Says to those who do not see the waveform what it shows. */
function describeWaveform(canvas, { take: { rateHz, length }, position }) {
  const [now, all] = [position / rateHz, length / rateHz];
  canvas.ariaValueMax = all.toFixed(2);
  canvas.ariaValueNow = now.toFixed(2);
  canvas.ariaValueText = `${clock(now)} / ${clock(all)}`;
}
