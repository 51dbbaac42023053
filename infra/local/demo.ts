// Shows the life of a node without anybody typing: registered, failing, killed, well again, removed, back to stay.
import { setTimeout as sleep } from 'node:timers/promises';
import type { LocalSetup } from './local-setup.js';
import { waitFor } from './wait-for.js';

/** Time between two steps, in milliseconds: for people to read. */
const PAUSE_MS = 1500;

/** Runs until done, or until `signal` aborts. `say` prints what is done to the node. */
export async function demonstrate(
  { consul, loadBalancers, nodes }: LocalSetup,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const { name, standIn, registration, trouble } = nodes.demonstration;
  const pause = (): Promise<void> => sleep(PAUSE_MS, undefined, { signal });
  const inRotation = (wanted: boolean): Promise<unknown> =>
    waitFor(
      async () => {
        signal.throwIfAborted();
        const ready = await Promise.all(
          loadBalancers.map(({ haproxy }) => isReady(haproxy.query, standIn.port)),
        );
        return ready.every((one) => one === wanted);
      },
      { what: `${name} to be ${wanted ? 'in' : 'out of'} rotation`, everyMs: 100 },
    );

  await sleep(3000, undefined, { signal });
  say(`${name} is registered in Consul`);
  await consul.register(registration);
  await inRotation(true);
  await pause();
  say(`${name} ${trouble.begins}; its check finds out within 2 s`);
  standIn.setFault(trouble.fault);
  await inRotation(false);
  await pause();
  say(`${name} ${trouble.isOver}`);
  standIn.setFault('healthy');
  await inRotation(true);
  await pause();
  say(`${name} is killed: nobody listens at its port any more`);
  await standIn.close();
  await inRotation(false);
  await pause();
  say(`${name} is started again`);
  await standIn.open();
  await inRotation(true);
  await pause();
  say(`${name} is deregistered`);
  await consul.deregister(name);
  await inRotation(false);
  await pause();
  say(`${name} is registered again and stays; now it is your turn`);
  await consul.register(registration);
  await inRotation(true);
}

/** Whether a server with this port is out of maintenance; columns are found by the header's names. */
async function isReady(query: (command: string) => Promise<string>, port: number): Promise<boolean> {
  const [, header = '', ...rows] = (await query('show servers state')).split('\n');
  const columns = header.replace(/^# /, '').split(' ');
  const cell = (row: string, name: string): string => row.split(' ')[columns.indexOf(name)] ?? '';
  return rows.some(
    (row) => cell(row, 'srv_port') === String(port) && (Number(cell(row, 'srv_admin_state')) & 0x23) === 0,
  );
}
