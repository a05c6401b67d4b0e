/** The one place that loads onnxruntime-node, so that nothing loads it before its telemetry is off (telemetry.ts). */
import './telemetry.js';

export * from 'onnxruntime-node';
