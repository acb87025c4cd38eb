// Plays a take, from any place, while more of it arrives. It schedules plain buffers: they end on the
// sample where the next begins, and an AudioWorklet would need HTTPS anywhere but on localhost.

const LEAD_S = 0.05; // from scheduling to sound, where nothing sounds yet

class Player {
  /** `rateHz` is what the device is asked for: at the audio's own rate nothing is resampled. */
  constructor(rateHz) {
    this.deviceRateHz = rateHz;
    this.load(new Take({}, rateHz));
  }

  /** Browsers let sound begin in answer to a key or a click only: this is called there. */
  wake() {
    this.context ??= new AudioContext({ sampleRate: this.deviceRateHz });
    this.context.resume();
  }

  load(take) {
    this.pause(0);
    this.take = take;
  }

  play(from) {
    this.pause(from);
    this.playing = true;
    for (const piece of this.take.pieces) this.follow(piece);
  }

  pause(at = this.position) {
    for (const { source } of this.scheduled ?? []) source.stop();
    Object.assign(this, { playing: false, rest: at, scheduled: [], end: -1 });
  }

  /** Plays a piece of the take after those before it, if the take is playing. */
  follow({ start, pcm }) {
    const skipped = Math.max(0, this.rest - start);
    if (!this.playing || skipped >= pcm.length) return;
    const { rateHz } = this.take;
    const source = this.context.createBufferSource();
    source.buffer = this.context.createBuffer(1, pcm.length, rateHz);
    const samples = source.buffer.getChannelData(0);
    for (let i = 0; i < pcm.length; i++) samples[i] = pcm[i] / 32768;
    source.connect(this.context.destination);
    const now = this.context.currentTime;
    if (this.end < now) this.end = now + LEAD_S; // the first piece, or audio that came too late
    source.start(this.end, skipped / rateHz);
    this.scheduled.push({ source, at: this.end, from: start + skipped, to: start + pcm.length });
    this.end += (pcm.length - skipped) / rateHz;
  }

  /** The sample that is heard now, or would be on playing. */
  get position() {
    if (!this.playing) return this.rest;
    const now = this.context.currentTime;
    const piece = this.scheduled.findLast(({ at }) => at <= now);
    const heard = (now - piece?.at) * this.take.rateHz;
    return piece ? Math.min(piece.to, piece.from + heard) : this.rest;
  }
}
