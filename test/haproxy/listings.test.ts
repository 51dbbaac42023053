// Listings of all versions, by header name; quoted CSV; what cannot be understood is an error.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HAProxy, startHAProxy } from '../../infra/local/haproxy.js';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { minimalConfig } from '../../infra/local/minimal-cfg.js';
import { joinListings, parseInfo, parseServersState, parseStat } from '../../lib/haproxy/listings.js';

describe('show servers state', () => {
  const of22 =
    'be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord';

  it('of 2.2 has fewer columns, and no word of TLS', () => {
    const rows = parseServersState(`1\n# ${of22}\n3 b 1 s1 10.0.0.1 2 4 7 1 5 1 0 0 0 0 0 0 - 8080 -\n`);
    expect(rows).toEqual([
      { slot: 's1', address: '10.0.0.1', port: 8080, weight: 7, state: 'ready', tls: undefined },
    ]);
  });

  it('is read by name, whatever the order of the columns', () => {
    const rows = parseServersState(
      '1\n# srv_port srv_use_ssl srv_name srv_uweight srv_admin_state srv_addr\n80 1 s1 9 1 ::1',
    );
    expect(rows).toEqual([
      { slot: 's1', address: '::1', port: 80, weight: 9, state: 'maintenance', tls: true },
    ]);
  });

  it.each([
    [0x00, 'ready'],
    [0x01, 'maintenance'],
    [0x02, 'maintenance'],
    [0x04, 'ready'],
    [0x05, 'maintenance'],
    [0x08, 'drain'],
    [0x0c, 'drain'],
    [0x10, 'drain'],
    [0x20, 'maintenance'],
    [0x40, 'ready'],
  ])('has a bit field: admin state %d is %s', (bits, state) => {
    const [server] = parseServersState(`1\n# ${of22}\n3 b 1 s1 - 0 ${bits} 1 1 5 1 0 0 0 0 0 0 - 0 -`);
    expect(server).toMatchObject({ state, address: null });
  });

  it.each([
    ['', 'format ""'],
    ['2\n# x', 'format "2"'],
    ['1\nx', 'no header'],
    ['1\n# be_id', 'no column srv_name'],
    [`1\n# ${of22}\n3 b 1 s1 10.0.0.1`, 'srv_admin_state is ""'],
  ])('that makes no sense is an error (%j)', (text, message) => {
    expect(() => parseServersState(text)).toThrow(message);
  });
});

describe('show stat', () => {
  const header = '# pxname,svname,qcur,qmax,scur,smax,slim,stot,status,last_chk,';

  it('may quote fields that hold commas, quotes and line ends', () => {
    const text = `${header}\nb,s1,1,0,2,0,,0,UP,"bad, ""very""\nbad",\nb,s2,0,0,0,0,7,0,MAINT,,\n`;
    expect(parseStat(text)).toEqual([
      { slot: 's1', maxconn: 0, sessions: 3, status: 'UP' },
      { slot: 's2', maxconn: 7, sessions: 0, status: 'MAINT' },
    ]);
  });

  it('may quote a field before those that matter', () => {
    expect(parseStat('# pxname,x,svname,slim,scur,qcur,status\nb,"a,b",s1,1,0,0,UP')).toEqual([
      { slot: 's1', maxconn: 1, sessions: 0, status: 'UP' },
    ]);
  });

  it.each([
    ['', 'no header'],
    ['# pxname,svname', 'no column slim'],
    [`${header}\nb,s1,x,0,0,0,,0,UP,`, 'qcur is "x"'],
  ])('that makes no sense is an error (%j)', (text, message) => {
    expect(() => parseStat(text)).toThrow(message);
  });
});

describe('show info', () => {
  it('needs a version and a process', () => {
    expect(
      parseInfo('Name: HAProxy\nVersion: 2.6.12\nPid: 7\nUptime_sec: 3\nStopping: 1\nnode: lb1'),
    ).toEqual({
      version: '2.6.12',
      pid: 7,
      uptimeSeconds: 3,
      counters: [0, 0, 0, 0],
      node: 'lb1',
      stopping: true,
    });
    expect(() => parseInfo('Permission denied')).toThrow('no Version and Pid');
  });
});

describe('both listings together', () => {
  const rest = { state: 'ready', tls: false, hasAgent: undefined, fixed: 'no-address' } as const;
  const state = { slot: 's1', address: null, port: 0, weight: 1, ...rest };
  it('are torn when a server shows in one only', () => {
    expect(joinListings([state], [])).toBeUndefined();
    expect(
      joinListings([state], [{ slot: 's2', maxconn: 0, sessions: 0, status: 'UP', agentStatus: undefined }]),
    ).toBeUndefined();
  });
});

describe('the real listings', () => {
  let harness: Harness;
  let haproxy: HAProxy;
  beforeAll(async () => {
    harness = await startHarness();
    const adminPort = await harness.freePort();
    const ranges = [
      { prefix: 'p', slots: 2_000 },
      { prefix: 't', slots: 3, transport: 'unverified' as const },
    ];
    haproxy = await startHAProxy(harness, {
      config: minimalConfig({ backends: [{ name: 'b', ranges }], adminPort }),
      adminPort,
    });
  });
  afterAll(() => harness.close());

  it('are read whole, thousands of rows, with every field that was set', async () => {
    await haproxy.query(
      'set server b/p7 addr 10.0.0.7 port 8080; set server b/p7 weight 3; set server b/p7 state ready',
    );
    await haproxy.query(
      'set maxconn server b/p7 11; set server b/t1 addr 2001:db8::7 port 443; set server b/t1 state drain',
    );
    const states = parseServersState((await haproxy.query('show servers state b')).trim());
    const joined = joinListings(states, parseStat((await haproxy.query('show stat b 4 -1')).trim()));
    expect(joined).toHaveLength(2_003);
    expect(joined?.find(({ slot }) => slot === 'p7')).toEqual({
      slot: 'p7',
      address: '10.0.0.7',
      port: 8080,
      weight: 3,
      maxconn: 11,
      state: 'ready',
      sessions: 0,
      status: expect.stringMatching(/^(?:UP|no check)$/),
      tls: false,
    });
    expect(joined?.find(({ slot }) => slot === 't1')).toMatchObject({
      address: '2001:db8::7',
      state: 'drain',
      tls: true,
    });
    expect(joined?.find(({ slot }) => slot === 'p1')).toMatchObject({
      address: '0.0.0.0',
      state: 'maintenance',
    });
  });
});
