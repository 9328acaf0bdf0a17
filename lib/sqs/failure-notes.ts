/** What went wrong with a message when it was received for the last time. */
export interface FailureNote {
  /** The message's own id: it keeps it on its way to the dead letters. */
  readonly messageId: string;
  /** The queue it came from. */
  readonly queueArn: string;
  readonly errorClass: string;
  readonly errorMessage: string;
  readonly attempts: number;
  /** Milliseconds since 1970. */
  readonly firstReceivedAt: number;
  readonly failedAt: number;
}

/** Keeps notes for those who find the message among the dead letters, where it comes without its error. */
export interface FailureNotes {
  /** Keeping one twice is keeping it once. */
  note(failure: FailureNote): Promise<void>;
}
