/**
 * ONNX Runtime's telemetry, switched off.
 *
 * Left alone, the library writes a device id and a database of events (graph names, error messages, the command line) under the home folder
 * and a log into the temporary one, and carries an address to send them to. It asks the environment of the process, as C sees it,
 * when its first session is made in the process. In Node only the main thread's `process.env` writes there: a worker thread has a copy. So
 * the variable is set as soon as limn is imported, which is all that a main thread needs, and a thread of a user's own has it set in the main
 * thread before it opens a session.
 */
import { isMainThread } from 'node:worker_threads';
import { LimnError, messageOf } from '../../core/errors.js';

export const telemetryVariable = 'ORT_DISABLE_TELEMETRY';

/** Whether the thread found the variable set: by the user, or by limn in the thread that started this one. */
const wasSet = Boolean(process.env[telemetryVariable]);
process.env[telemetryVariable] ||= '1';

/** How long a main thread may take to answer, in milliseconds. It answers between two statements and from Atomics.wait, but not from a call such as execSync. */
const patience = 2_000;

let settled: Promise<void> | undefined;

/**
 * Makes sure, before ONNX Runtime is loaded, that its telemetry is off in this process, unless the user has set the variable.
 *
 * @throws LimnError RUNTIME in a worker thread that cannot reach the main one
 */
export function switchTelemetryOff(): Promise<void> {
  if (isMainThread) return Promise.resolve();
  settled ??= setInMainThread().catch((error) => {
    // Set in the thread that started this one, it is most likely set in the process.
    if (wasSet) return;
    settled = undefined;
    throw new LimnError(
      'RUNTIME',
      `ONNX Runtime's telemetry cannot be switched off from a worker thread (${messageOf(error)}): import limn in the main thread ` +
        `first, or start the process with ${telemetryVariable}=1 (0 leaves telemetry on).`,
      { cause: error },
    );
  });
  return settled;
}

/** The one way from a worker thread to the main thread's variables that does not need the main thread's program to take part. */
async function setInMainThread(): Promise<void> {
  const { Session } = await import('node:inspector');
  const session = new Session();
  session.connectToMainThread();
  const expression = `void (process.env.${telemetryVariable} ||= '1')`;
  let timer: NodeJS.Timeout | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      timer = setTimeout(() => reject(new Error('the main thread does not answer')), patience);
      session.post('Runtime.evaluate', { expression }, (error, answer) => {
        if (error) reject(error);
        else if (answer.exceptionDetails) reject(new Error(answer.exceptionDetails.text));
        else resolve();
      });
    });
  } finally {
    clearTimeout(timer);
    session.disconnect();
  }
}
