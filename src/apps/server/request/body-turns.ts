/**
 * Bodies are read piece by piece, a few pieces in each turn of the event loop, and callers in turn: many large bodies that come at once
 * fill no turn of the loop, so that other requests are met between two of their pieces. A body that stands still holds nobody up.
 */
import type { IncomingMessage } from 'node:http';
import { Turns } from '../guard/turns.js';

/** Of what a socket gives at once, 64 KiB each. */
const piecesPerTurn = 2;

export class BodyTurns {
  private readonly waiting = new Turns<() => void>();
  private scheduled = false;

  /** Stops reading until it is this body's turn. @returns ends the wait, where nothing more of the body is wanted */
  pause(incoming: IncomingMessage, caller = ''): () => void {
    const goOn = () => void incoming.resume();
    incoming.pause();
    this.waiting.add(caller, goOn);
    this.schedule();
    return () => this.waiting.remove(caller, goOn);
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      for (let piece = 0; piece < piecesPerTurn; piece++) {
        const goOn = this.waiting.next(() => true);
        if (!goOn) return;
        goOn();
      }
      this.schedule();
    });
  }
}
