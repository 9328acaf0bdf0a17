export { createIdempotencyClient, createOnce, type Mutation, type Once } from './once.ts';
