import { DatabaseSync } from 'node:sqlite';
import { PersistenceManager } from '../../../node_modules/fauxqs/dist/persistence.js';

/**
 * How fauxqs keeps messages, with two differences: a message whose receiver gives it back at once keeps its count of receives
 * (fauxqs 2.4.1 fails there, and forgets the message until it is started again), and a write waits for no disk. What was
 * written survives the end of this process, however that comes; a power failure may take the latest messages, never some in
 * the middle.
 */
export class DurableMessages extends PersistenceManager {
  readonly #database: DatabaseSync;

  constructor(folder: string) {
    super(folder);
    this.#database = Reflect.get(this, 'db');
    if (!(this.#database instanceof DatabaseSync)) {
      throw new TypeError('This version of fauxqs keeps its messages in another way than 2.4.1.');
    }
    this.#database.exec('PRAGMA synchronous = NORMAL');
    // Whoever had received a message went with the process that lent it out.
    this.#database.exec('UPDATE sqs_messages SET receipt_handle = NULL, visibility_deadline = NULL');
  }

  override updateMessageReady(messageId: string): void {
    this.#database
      .prepare('UPDATE sqs_messages SET receipt_handle = NULL, visibility_deadline = NULL WHERE message_id = ?')
      .run(messageId);
  }
}
