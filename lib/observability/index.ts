export { type LineWriter, logger } from './logger.ts';
