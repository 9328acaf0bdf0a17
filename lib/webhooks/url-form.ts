import { maxUrlLength } from './limits.ts';

/** What is wrong with the form of a URL that webhooks are to go to, wherever it leads; undefined where nothing is. */
export function faultOfForm(text: string): string | undefined {
  if (text.length > maxUrlLength) return `at most ${maxUrlLength} characters`;
  const url = URL.parse(text);
  if (!url || !['https:', 'http:'].includes(url.protocol)) return 'a URL that begins with https://';
  if (url.username !== '' || url.password !== '') return 'a URL without user name and password';
  if (text.includes('#')) return 'a URL without a fragment';
  return undefined;
}
