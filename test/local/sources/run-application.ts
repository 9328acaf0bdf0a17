/**
 * A process of its own for a runtime that is to be killed: runs the application in the folder given until its end, and prints
 * where its services are.
 */
import { startEmbedded } from '../../../infra/local/embedded.ts';

const [assemblyFolder = '', dataFolder = ''] = process.argv.slice(2);
const { url, dynamodbEndpoint, queuesEndpoint, queueUrls } = await startEmbedded({
  assemblyFolder,
  dataFolder,
  seed: false,
  quiet: true,
});
console.log(JSON.stringify({ url, dynamodbEndpoint, queuesEndpoint, queueUrls }));
