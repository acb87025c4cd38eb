import { writeFile } from "node:fs/promises";

import { ElevenLabsClient } from "@elevenlabs/elevenlabs-js";

const client = new ElevenLabsClient({ baseUrl: process.env.URL, apiKey: process.env.KEY });
const speech = { text: process.env.TEXT, outputFormat: "mp3_44100_128" };
await writeFile("whole.mp3", await client.textToSpeech.convert("deep.wav", speech));
await writeFile("streamed.mp3", await client.textToSpeech.stream("deep.wav", speech));
