/**
 * Reads Frames: pieces of a tap's audio with their positions, in the bytes that the
 * server keeps. monitor/wire/frame.py is the Python side, and both are tested on
 * tests/wire/frame-sample.json.
 *
 *   offset  size  field        little-endian
 *   0       u8    version      1
 *   1       u8    leg          0 both, 1 speak, 2 listen
 *   2       u16   flags        1 gap before, 2 masked, 4 concealed
 *   4       u32   position     samples since the tap's media began
 *   8       u64   received_at  microseconds, Unix time
 *   16      …     samples      s16le mono at the rate the hello names
 *
 * Nothing here touches the page: bytes in, values out.
 */

const VERSION = 1;
const HEADER_SIZE = 16;

/** What a Frame's flags tell a listener. */
export const Flag = Object.freeze({ GAP: 1, MASKED: 2, CONCEALED: 4 });

/** The legs, each at the index that is its number in the header. */
export const LEGS = Object.freeze(["both", "speak", "listen"]);

/** Says why some bytes are not a Frame of this version. */
export class FrameError extends Error {
  name = "FrameError";
}

/**
 * @typedef {object} Frame
 * @property {number} version
 * @property {number} leg index into LEGS
 * @property {number} flags bits of Flag
 * @property {number} position samples since the tap's media began; wraps at 2^32
 * @property {bigint} receivedAt microseconds, Unix time; a bigint because a u64
 *   does not fit a Number exactly
 * @property {Int16Array<ArrayBuffer>} pcm a view of the Frame's own buffer, not a copy
 */

/**
 * Read one Frame.
 *
 * The samples are a view in the machine's byte order. Every machine with a
 * current browser is little-endian, as the samples are.
 *
 * @param {ArrayBuffer} buffer
 * @returns {Frame}
 * @throws {FrameError} for anything but a whole Frame
 */
export function parseFrame(buffer) {
  const size = buffer.byteLength;
  if (size < HEADER_SIZE) {
    throw new FrameError(`frame of ${size} bytes is shorter than its ${HEADER_SIZE}-byte header`);
  }
  const view = new DataView(buffer, 0, HEADER_SIZE);
  const version = view.getUint8(0);
  if (version !== VERSION) {
    throw new FrameError(`frame version ${version} is unknown; this is version ${VERSION}`);
  }
  const leg = view.getUint8(1);
  if (leg >= LEGS.length) {
    throw new FrameError(`frame leg ${leg} is unknown; it is 0, 1 or 2`);
  }
  if ((size - HEADER_SIZE) % 2) {
    throw new FrameError("frame ends in half a sample");
  }
  return {
    version,
    leg,
    flags: view.getUint16(2, true),
    position: view.getUint32(4, true),
    receivedAt: view.getBigUint64(8, true),
    pcm: new Int16Array(buffer, HEADER_SIZE),
  };
}
