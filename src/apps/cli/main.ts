#!/usr/bin/env node
/** The `limn` command. */
import { runProgram } from './program.js';

// A reader that has seen enough, such as `head`, is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
process.exitCode = await runProgram(process.argv.slice(2));
