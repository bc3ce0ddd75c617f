// Hands back every sample that a deck plays, left and right, as 32-bit floats.
class Recorder extends AudioWorkletProcessor {
  process(inputs) {
    const [left, right = left] = inputs[0];
    if (left) this.port.postMessage([left.slice(), right.slice()]);
    return true;
  }
}
registerProcessor("test-recorder", Recorder);
