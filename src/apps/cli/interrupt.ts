/** Ending at once, at the second Ctrl-C. */

/**
 * Ends the process as Ctrl-C ends one that does not listen: a shell sees exit code 130.
 *
 * `process.exit` waits for threads and stops them in the middle of what they do; ONNX Runtime's takes that for an error and aborts. The
 * signal itself stops everything where it stands. Files are whole or absent, so nothing is damaged by it.
 */
export function endNow(): void {
  // Windows has no signals to send, and ends a process with another code.
  if (process.platform === 'win32') process.exit(130);
  process.removeAllListeners('SIGINT');
  process.kill(process.pid, 'SIGINT');
}
