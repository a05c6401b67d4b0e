#!/usr/bin/env node
/**
 * The `limn` command. Everything that can fail says so in one line: what the program throws says it in program.ts; here stands what happens
 * before the program is loaded, behind its back, and to its output.
 */
import { oneLine } from '../../core/text.js';

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // A reader that has seen enough, such as `head`, is no failure.
  if (error.code === 'EPIPE') process.exit(0);
  end(`cannot write the output: ${error.message}.`);
});
// Nobody reads what is said, but the exit code is still right.
process.stderr.on('error', () => {});
process.on('uncaughtException', (error) => end(`unexpected error: ${reasonOf(error)} (LIMN_DEBUG=1 shows where)`, error));

function end(message: string, error?: unknown): never {
  process.stderr.write(`limn: ${message}\n`);
  if (error !== undefined && process.env.LIMN_DEBUG === '1') console.error(error);
  process.exit(1);
}

const reasonOf = (error: unknown) => oneLine(error instanceof Error ? error.message : String(error));

/** As many files as the program's modules need at once, and some. */
const enoughFiles = 256;

/** Node reads all modules at once, and where it may not, it calls some of them missing. */
function cannotStart(error: unknown): never {
  const report = process.report.getReport() as unknown as { userLimits?: { open_files?: { soft: number | string } } };
  const allowed = Number(report.userLimits?.open_files?.soft);
  if (allowed < enoughFiles) {
    end(`cannot start, for only ${allowed} files may be open at once: allow more, such as with "ulimit -n 1024".`, error);
  }
  end(`cannot start: ${reasonOf(error)} Install limn again.`, error);
}

function checkFolder(): void {
  try {
    process.cwd();
  } catch {
    end('the folder that you are in no longer exists: go to another one.');
  }
}

checkFolder();
const { runProgram } = await import('./program.js').catch(cannotStart);
process.exitCode = await runProgram(process.argv.slice(2)).catch(cannotStart);
