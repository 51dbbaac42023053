// One warm environment of a function: loads its bundle once and runs events as they are posted to it.
import { parentPort, workerData } from 'node:worker_threads';

const loaded = import(workerData.bundle);
// Answered per event below; here it must only not end the thread.
loaded.catch(() => undefined);

parentPort.on('message', async ({ id, event, context, deadline }) => {
  try {
    const { handler } = await loaded;
    // The one clock that never jumps and that threads share.
    const now = () => Number(process.hrtime.bigint()) / 1e6;
    const getRemainingTimeInMillis = () => Math.max(0, deadline - now());
    // As Lambda does: what is returned is what survives JSON.
    const result = JSON.stringify(await handler(event, { ...context, getRemainingTimeInMillis }));
    parentPort.postMessage({ id, ok: true, payload: result ?? 'null' });
  } catch (error) {
    const { name = 'Error', message = String(error) } = error ?? {};
    parentPort.postMessage({
      id,
      ok: false,
      payload: JSON.stringify({ errorType: name, errorMessage: message }),
    });
  }
});
