/** `npm start`: the whole application on this machine. What Node compiles of it is kept, so that the next start need not. */
import { enableCompileCache } from 'node:module';

enableCompileCache();
const { start } = await import('./start.ts');
await start();
