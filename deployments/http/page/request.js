// A speech request, and in plain words why one failed.

const UNREACHED = "The server does not answer. Does it run, and does this machine reach it?";

/** What to say of an answer that ended before its audio did; only the server's log knows why. */
const brokeOff = (answer) =>
  "The audio broke off: the server ended it early. Speak again; if it happens again, its log says " +
  `why, under ${answer.headers.get("X-Request-ID")}.`;

/** Fields of a request that the page calls otherwise. */
const LABELS = { input: "Text", voice: "Voice", speaker_voice: "Voice", seed: "Seed" };

/** A message of the server with the page's word for the field at fault. */
const inOurWords = (message) =>
  message.replace(
    /^((?:missing or )?invalid '?|unsupported )?(input|voice|speaker_voice|seed)\b/i,
    (_, before = "", field) => before + LABELS[field],
  );

/** An error as the page shows it; `param` is the field at fault, if one is. */
class Refusal extends Error {
  constructor(message, param = null) {
    super(message);
    this.param = param;
  }
}

/** What `promise` gives; where it fails, and not because we gave up, a Refusal with `message`. */
const orRefuse = (message, signal, promise) =>
  promise.catch((error) => {
    throw signal.aborted ? error : new Refusal(message);
  });

/** The server's answer to a speech request, its audio still to be read. Throws a Refusal. */
async function ask(body, key, signal) {
  const headers = { "Content-Type": "application/json" };
  if (/[^ -~]/.test(key)) {
    throw new Refusal("This API key has characters that cannot be sent: use printable ASCII.", "key");
  }
  if (key) headers.Authorization = `Bearer ${key}`;
  const request = { method: "POST", headers, body: JSON.stringify(body), signal };
  const answer = await orRefuse(UNREACHED, signal, fetch("v1/audio/speech", request));
  if (answer.ok) return answer;
  if (answer.status === 401) {
    throw new Refusal(
      key ? "The server does not accept this API key." : "This server asks for an API key.",
      "key",
    );
  }
  const { error } = await answer.json().catch(() => ({}));
  const wait = answer.headers.get("Retry-After");
  const message = error
    ? inOurWords(error.message)
    : `The server answered ${answer.status} ${answer.statusText}`;
  throw new Refusal(wait ? `${message} (in ${wait} s)` : message, error?.param);
}

/** Yields 16-bit samples as they arrive. */
async function* samplesOf(answer, signal) {
  const audio = answer.body.getReader();
  let half = new Uint8Array(0); // of a sample, where a part ends within one
  for (;;) {
    const { done, value } = await orRefuse(brokeOff(answer), signal, audio.read());
    if (done) return;
    const bytes = new Uint8Array(half.length + value.length);
    bytes.set(half);
    bytes.set(value, half.length);
    half = bytes.slice(bytes.length & ~1);
    if (bytes.length > 1) yield new Int16Array(bytes.buffer, 0, bytes.length >> 1);
  }
}
