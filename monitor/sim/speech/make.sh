#!/bin/sh
# Speak dialogues.txt: one <dialogue>-<turn>-<speaker>.wav a line, 8 kHz mono 16 bit.
set -eu
cd "$(dirname "$0")"
rm -f ./*.wav
turn=0
last=
grep -v '^#' dialogues.txt | while read -r dialogue speaker text; do
    [ "$dialogue" = "$last" ] || turn=0
    last=$dialogue
    turn=$((turn + 1))
    case $speaker in
        agent) voice=en-gb-x-rp+f3 speed=180 pitch=58 ;;
        caller) voice=en-us+m3 speed=185 pitch=38 ;;
        *) echo "speaker $speaker is neither agent nor caller" >&2 && exit 1 ;;
    esac
    # A telephone's band, without the silence that espeak-ng puts around a sentence.
    espeak-ng -v "$voice" -s "$speed" -p "$pitch" --stdout "$text" </dev/null |
        sox -D -t wav - -r 8000 -c 1 -b 16 "$dialogue-$turn-$speaker.wav" \
            silence 1 0.02 0.5% reverse silence 1 0.02 0.5% reverse \
            highpass 250 lowpass 3400 gain -n -4
done
