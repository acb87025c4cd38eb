curl -fsN "$URL/v1/audio/speech" -H "Authorization: Bearer $KEY" -o speech.mp3 \
  --json "{\"voice\": \"deep.wav\", \"input\": \"$TEXT\"}"
