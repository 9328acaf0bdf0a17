/** What API Gateway calls the API of a stage, in metrics too. */
export function apiNameOf(stage: string): string {
  return `florin-${stage}`;
}
