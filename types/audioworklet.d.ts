/** What a worklet finds on the audio thread, as far as ours uses it: W3C's Web Audio API. */

declare const sampleRate: number;

declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}

declare function registerProcessor<Options>(
  name: string,
  processor: new (options: { processorOptions?: Options }) => AudioWorkletProcessor,
): void;
