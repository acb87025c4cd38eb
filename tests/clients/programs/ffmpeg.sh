# ffmpeg takes the body as hexadecimal digits, and plays or converts the audio as it comes.
body=$(printf '{"voice": "deep.wav", "input": "%s"}' "$TEXT" | od -An -v -tx1 | tr -d ' \n')
ffmpeg -loglevel error -method POST -post_data "$body" \
  -headers "Authorization: Bearer $KEY"$'\r\nContent-Type: application/json\r\n' \
  -i "$URL/v1/audio/speech" speech.flac
