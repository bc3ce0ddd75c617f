// Hands back every sample that a deck plays, as 32-bit floats.
class Recorder extends AudioWorkletProcessor {
  process(inputs) {
    const channel = inputs[0][0];
    if (channel) this.port.postMessage(channel.slice());
    return true;
  }
}
registerProcessor("test-recorder", Recorder);
