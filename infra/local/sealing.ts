import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';

const algorithm = 'aes-256-gcm';
const version = 1;
const fingerprintBytes = 8;
const ivBytes = 12;
const tagBytes = 16;
const headerBytes = 1 + fingerprintBytes;

/** What is bound to a sealed text without being in it. */
export type EncryptionContext = Readonly<Record<string, string>>;

/** Why something cannot be unsealed: it is of another key, or it is not what was sealed in this context. */
export type UnsealingFault = 'foreign' | 'damaged';

/** Seals with AES-256-GCM; a fingerprint of the key goes before it, so that another key is told from a damaged text. */
export function seal(key: Buffer, plaintext: Buffer, context: EncryptionContext): Buffer {
  const header = headerOf(key);
  const iv = randomBytes(ivBytes);
  const cipher = createCipheriv(algorithm, key, iv, { authTagLength: tagBytes });
  cipher.setAAD(boundTo(header, context));
  const sealed = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([header, iv, cipher.getAuthTag(), sealed]);
}

/** What was sealed, or why it cannot be told. */
export function unseal(key: Buffer, blob: Buffer, context: EncryptionContext): Buffer | UnsealingFault {
  const header = headerOf(key);
  if (blob.length < headerBytes + ivBytes + tagBytes || blob[0] !== version) return 'damaged';
  if (!header.equals(blob.subarray(0, headerBytes))) return 'foreign';
  const iv = blob.subarray(headerBytes, headerBytes + ivBytes);
  const tag = blob.subarray(headerBytes + ivBytes, headerBytes + ivBytes + tagBytes);
  const sealed = blob.subarray(headerBytes + ivBytes + tagBytes);
  const decipher = createDecipheriv(algorithm, key, iv, { authTagLength: tagBytes });
  decipher.setAAD(boundTo(header, context));
  decipher.setAuthTag(tag);
  try {
    return Buffer.concat([decipher.update(sealed), decipher.final()]);
  } catch {
    // The tag does not fit: Node has no other reason, and names none.
    return 'damaged';
  }
}

function headerOf(key: Buffer): Buffer {
  const fingerprint = createHash('sha256').update('fingerprint of a key').update(key).digest();
  return Buffer.concat([Buffer.of(version), fingerprint.subarray(0, fingerprintBytes)]);
}

function boundTo(header: Buffer, context: EncryptionContext): Buffer {
  const pairs = Object.entries(context).sort(([left], [right]) => (left < right ? -1 : 1));
  return Buffer.concat([header, Buffer.from(JSON.stringify(pairs))]);
}
