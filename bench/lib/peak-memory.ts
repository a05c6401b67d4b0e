/** The peak memory of a process. */
import { readFileSync } from 'node:fs';

/** The most bytes that this process had; where there is no /proc, with what its parent had when it started it. */
export function peakBytes(): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))![1]) * 1024;
  } catch {
    return process.resourceUsage().maxRSS * 1024;
  }
}
