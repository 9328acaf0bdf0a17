/** Something the user can put right; its message says what happened and what to do, so no stack is shown. */
export class StartFailure extends Error {
  override readonly name = 'StartFailure';
}
