wget -q "$URL/v1/audio/speech" --header "Authorization: Bearer $KEY" -O speech.mp3 \
  --header 'Content-Type: application/json' \
  --post-data "{\"voice\": \"deep.wav\", \"input\": \"$TEXT\"}"
wget -q --spider "$URL/ping"
