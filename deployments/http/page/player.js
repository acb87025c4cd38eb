// Plays samples while more are added, from any place. It schedules plain buffers: they end on the
// sample where the next begins, and an AudioWorklet would need HTTPS anywhere but on localhost.

const LEAD_S = 0.05; // from scheduling to sound, where nothing sounds yet

class Player {
  /** `rateHz` is what the device is asked for: at the audio's own rate nothing is resampled. */
  constructor(rateHz) {
    this.deviceRateHz = rateHz;
    this.clear(rateHz);
  }

  /** Browsers let sound begin in answer to a key or a click only: this is called there. */
  wake() {
    this.context ??= new AudioContext({ sampleRate: this.deviceRateHz });
    this.context.resume();
  }

  clear(rateHz) {
    this.pause(0);
    Object.assign(this, { rateHz, pieces: [], peaks: [], length: 0 });
  }

  /** Takes 16-bit samples, which are heard after all that came before. */
  add(pcm) {
    const buffer = this.context.createBuffer(1, pcm.length, this.rateHz);
    const samples = buffer.getChannelData(0);
    const peakSamples = this.rateHz / 100;
    for (let i = 0; i < pcm.length; i++) {
      samples[i] = pcm[i] / 32768;
      const peak = Math.floor((this.length + i) / peakSamples);
      this.peaks[peak] = Math.max(this.peaks[peak] ?? 0, Math.abs(samples[i]));
    }
    const piece = { start: this.length, buffer };
    this.pieces.push(piece);
    this.length += pcm.length;
    if (this.playing) this.schedule(piece);
  }

  play(from) {
    this.pause(from);
    this.playing = true;
    for (const piece of this.pieces) this.schedule(piece);
  }

  pause(at = this.position) {
    for (const { source } of this.scheduled ?? []) source.stop();
    Object.assign(this, { playing: false, rest: at, scheduled: [], end: -1 });
  }

  schedule({ start, buffer }) {
    const skipped = Math.max(0, this.rest - start);
    if (skipped >= buffer.length) return;
    const now = this.context.currentTime;
    if (this.end < now) this.end = now + LEAD_S; // the first piece, or audio that came too late
    const source = this.context.createBufferSource();
    source.buffer = buffer;
    source.connect(this.context.destination);
    source.start(this.end, skipped / this.rateHz);
    this.scheduled.push({ source, at: this.end, from: start + skipped, to: start + buffer.length });
    this.end += (buffer.length - skipped) / this.rateHz;
  }

  /** The sample that is heard now, or would be on playing. */
  get position() {
    if (!this.playing) return this.rest;
    const now = this.context.currentTime;
    const piece = this.scheduled.findLast(({ at }) => at <= now);
    return piece ? Math.min(piece.to, piece.from + (now - piece.at) * this.rateHz) : this.rest;
  }

  /** All samples as 16-bit little-endian PCM behind the bytes of `header`. */
  pcm(header = [], type = "audio/pcm") {
    const bytes = new DataView(new ArrayBuffer(header.length + 2 * this.length));
    header.forEach((byte, i) => bytes.setUint8(i, byte));
    for (const { start, buffer } of this.pieces) {
      const at = header.length + 2 * start;
      buffer
        .getChannelData(0)
        .forEach((sample, i) => bytes.setInt16(at + 2 * i, sample * 32768, true));
    }
    return new Blob([bytes], { type });
  }

  wav() {
    const numBytes = 2 * this.length;
    const name = (letters) => [...letters].map((letter) => letter.charCodeAt(0));
    const word = (value) => [value & 255, (value >> 8) & 255, (value >> 16) & 255, value >>> 24];
    const format = [1, 0, 1, 0, ...word(this.rateHz), ...word(2 * this.rateHz), 2, 0, 16, 0];
    const chunks = [
      ...name("WAVEfmt "),
      ...word(format.length),
      ...format,
      ...name("data"),
      ...word(numBytes),
    ];
    return this.pcm([...name("RIFF"), ...word(chunks.length + numBytes), ...chunks], "audio/wav");
  }
}
