/**
 * Small buffers as parts of larger ones: a search takes hundreds, and as many buffers of their own keep the garbage collector busy. A
 * part that is kept for long keeps all of its slab.
 */
const slabBytes = 64 * 1024;

export class Slab {
  private whole = Buffer.alloc(0);
  private used = 0;

  /** Room that nobody else has, with any content, and that begins where floats can. */
  take(bytes: number): Buffer {
    if (bytes > slabBytes / 4) return Buffer.allocUnsafeSlow(bytes);
    if (this.used + bytes > this.whole.length) {
      this.whole = Buffer.allocUnsafeSlow(slabBytes);
      this.used = 0;
    }
    const part = this.whole.subarray(this.used, this.used + bytes);
    this.used += 8 * Math.ceil(bytes / 8);
    return part;
  }
}
