import { maxTokenBytes } from './token-limits.ts';

const compactForm = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/**
 * Whether a credential has the form of a signed token: three parts in base64url, of at most 8 KB in all. Nothing else is tried as one,
 * and what has it is no API key. The signature must be spelled in the one way that encodes it, though its last character
 * could have others that decode to the same bytes.
 */
export function looksLikeToken(credential: string): boolean {
  if (credential.length > maxTokenBytes || !compactForm.test(credential)) return false;
  const signature = credential.slice(credential.lastIndexOf('.') + 1);
  return Buffer.from(signature, 'base64url').toString('base64url') === signature;
}
