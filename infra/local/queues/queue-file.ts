/** The file, in the queues' folder, that fauxqs keeps everything in. */
export const queueFileName = 'fauxqs.db';
