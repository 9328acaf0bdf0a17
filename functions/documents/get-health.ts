import { json, type Operation } from '../../lib/http/index.ts';

/** Says that requests reach a function and are answered. It looks at nothing else, so that a probe costs nothing. */
export const getHealth: Operation<'getHealth'> = () => json(200, { status: 'ok' });
