/** Building or searching one store in a process of its own, whose peak of memory is that of this work alone. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** @param task what store-side.mjs is to do @returns what it measured */
export async function inProcess(task) {
  const child = fork(fileURLToPath(new URL('store-side.mjs', import.meta.url)));
  child.send(task);
  let result;
  child.once('message', (message) => {
    result = message;
  });
  const code = await new Promise((resolve) => child.once('exit', resolve));
  if (!result || result.error) throw new Error(result?.error ?? `the process of ${task.store} ended with ${code}`);
  return result;
}
