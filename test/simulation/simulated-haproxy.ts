// A HAProxy as far as a reconcile sees one: its commands, answers and listings, without a process.
// Compared with the real one, command by command, in test/haproxy/simulated.test.ts.
import { parseIp } from '../../lib/model/address.js';
import type { RuntimeConnection } from '../../lib/model/runtime.js';
import type { SlotState } from '../../lib/model/server.js';

export interface SimulatedServer {
  address: string;
  port: number;
  weight: number;
  maxconn: number;
  state: SlotState;
  sessions: number;
  tls: boolean;
  /** As its checks see it while it is not in maintenance. */
  status: string;
  /** `agent_status`, where it has an agent-check: what that said last (test/integration/agent-checks.test.ts). */
  agent?: string;
}

export interface SimulationOptions {
  /** 2.9 and later apply an address after the answer: `step` decides when. */
  readonly asynchronous: boolean;
  /** Called before each command; return true to let pending addresses take effect then. */
  readonly step?: () => boolean;
  /** Commands that are refused, without effect. */
  readonly refuse?: (line: string) => boolean;
  /** 3.0.0 by default. */
  readonly version?: string;
  /** Backends whose balance takes no weight but 0 and the configured one, which is 1. */
  readonly staticBackends?: readonly string[];
  /** Of the socket; `admin` by default. */
  readonly level?: 'admin' | 'operator';
  /** Told of every command that was carried out, after it, with the server it names. */
  readonly watch?: (line: string, server: SimulatedServer | undefined) => void;
}

type Backends = Map<string, Map<string, SimulatedServer>>;

const STATES = { ready: 'ready', drain: 'drain', maint: 'maintenance' } as const;

export class SimulatedHAProxy {
  readonly backends: Backends = new Map();
  readonly lines: string[] = [];
  stopping = false;
  private readonly pending: (() => void)[] = [];

  constructor(private readonly options: SimulationOptions) {}

  /** Declares a `server-template` range; slots start in maintenance at the placeholder address. */
  addRange(backend: string, prefix: string, count: number, tls = false): this {
    const servers = this.backends.get(backend) ?? new Map<string, SimulatedServer>();
    for (let slot = 1; slot <= count; slot += 1) {
      const empty = {
        address: '0.0.0.0',
        port: 0,
        weight: 1,
        maxconn: 0,
        state: 'maintenance',
        sessions: 0,
        tls,
        status: 'UP',
      };
      servers.set(`${prefix}${slot}`, empty as SimulatedServer);
    }
    this.backends.set(backend, servers);
    return this;
  }

  server(backend: string, slot: string): SimulatedServer {
    const found = this.backends.get(backend)?.get(slot);
    if (!found) throw new Error(`no simulated server ${backend}/${slot}`);
    return found;
  }

  /** A connection as the real client would hand it out. */
  connect(): RuntimeConnection {
    return {
      name: 'tcp://simulated:9999',
      send: async (lines) => lines.map((line) => this.execute(line)),
      close: async () => {},
    };
  }

  /** Lets pending address changes take effect. */
  settle(): void {
    for (const apply of this.pending.splice(0)) apply();
  }

  /** Carries out one command line and answers as HAProxy does, without prompt. */
  execute(line: string): string {
    this.lines.push(line);
    if (this.options.step?.() ?? false) this.settle();
    const words = line.split(' ');
    if (line === 'show info') return this.info();
    if (words[0] === 'show' && words[1] === 'servers') return this.serversState(words[3] ?? '');
    if (words[0] === 'show' && words[1] === 'stat') return this.stat(words[2] ?? '');
    if (line === 'show cli level') return this.options.level ?? 'admin';
    if (words[0] === 'add') return this.addServer(words[2] ?? '');
    const isMaxconn = words[1] === 'maxconn';
    const [backend = '', slot = ''] = (words[isMaxconn ? 3 : 2] ?? '').split('/');
    const servers = this.backends.get(backend);
    if (!servers) return 'No such backend.';
    const server = servers.get(slot);
    if (!server) return 'No such server.';
    if (this.options.refuse?.(line)) return 'Refused by the simulation.';
    const isStatic = this.options.staticBackends?.includes(backend) ?? false;
    const answer = isMaxconn
      ? setMaxconn(server, words[4] ?? '')
      : isStatic && words[3] === 'weight' && !['0', '1'].includes(words[4] ?? '')
        ? "Backend is using a static LB algorithm and only accepts weights '0%' and '100%'."
        : this.setServer(server, words.slice(3));
    this.options.watch?.(line, server);
    return answer;
  }

  private setServer(server: SimulatedServer, [what, value = '', , port = '']: readonly string[]): string {
    if (what === 'weight') {
      if (!/^\d+$/.test(value) || Number(value) > 256)
        return 'Absolute weight can only be between 0 and 256 inclusive.';
      server.weight = Number(value);
      return '';
    }
    if (what === 'state') {
      const state = STATES[value as keyof typeof STATES];
      if (!state) return "'set server <srv> state' expects 'ready', 'drain' and 'maint'.";
      // As HAProxy has whoever leaves maintenance, until its check says otherwise.
      if (state === 'ready' && server.state === 'maintenance') server.status = 'UP';
      server.state = state;
      return '';
    }
    if (what === 'agent') return 'agent checks are not enabled on this server.';
    const ip = parseIp(value);
    if (!ip)
      return this.options.asynchronous
        ? `Invalid addr '${value}'`
        : `Invalid addr '${value}' by 'stats socket command'`;
    if (server.address === ip.text && server.port === Number(port)) {
      // The pending change, if any, is not taken back: `addr B` then `addr A` ends at B.
      return 'nothing changed';
    }
    const apply = (): void => {
      server.address = ip.text;
      server.port = Number(port);
      this.options.watch?.('(address applied)', server);
    };
    if (this.options.asynchronous) this.pending.push(apply);
    else apply();
    return `IP changed from '${server.address}' to '${ip.text}' by 'stats socket command'`;
  }

  /** Without an address it refuses everything; a static balance comes first. */
  private addServer(name: string): string {
    const isStatic = this.options.staticBackends?.includes(name.split('/')[0] ?? '') ?? false;
    if (isStatic) return 'Backend must use a dynamic load balancing to support dynamic servers.';
    return "'server' expects <name> and <addr>[:<port>] as arguments.";
  }

  private info(): string {
    return `Name: HAProxy\nVersion: ${this.options.version ?? '3.0.0'}\nPid: 4711\nUptime_sec: 60\nnode: sim\nStopping: ${this.stopping ? 1 : 0}`;
  }

  private serversState(backend: string): string {
    const servers = this.backends.get(backend);
    if (!servers) return "Can't find backend.";
    const bits = { ready: 4, drain: 12, maintenance: 5 };
    const rows = [...servers].map(
      ([slot, { address, port, weight, state, tls, agent }], index) =>
        `2 ${backend} ${index + 1} ${slot} ${address} ${state === 'maintenance' ? 0 : 2} ${bits[state]} ${weight} 1 0 1 0 0 0 ${agent === undefined ? 0 : 22} 0 0 slot.invalid ${port} - ${tls ? 1 : 0} 0 - - 0`,
    );
    return ['1', `# ${STATE_COLUMNS}`, ...rows].join('\n');
  }

  private stat(backend: string): string {
    const servers = this.backends.get(backend);
    if (!servers) return 'No such proxy.';
    const rows = [...servers].map(
      ([slot, { maxconn, sessions, state, status, agent = '' }]) =>
        `${backend},${slot},0,0,${sessions},0,${maxconn === 0 ? '' : maxconn},0,0,0,,0,,0,0,0,0,${statusOf(state, status, agent)},1,${agent},`,
    );
    return [`# ${STAT_COLUMNS}`, ...rows].join('\n');
  }
}

/** Every drained server that has an agent is `DRAIN (agent)`, whoever drained it. */
function statusOf(state: SlotState, status: string, agent: string): string {
  if (state === 'maintenance') return 'MAINT';
  if (state === 'ready') return status;
  return agent === '' ? 'DRAIN' : 'DRAIN (agent)';
}

function setMaxconn(server: SimulatedServer, value: string): string {
  if (!/^-?\d+$/.test(value)) return 'maxconn string empty or preceded by garbage';
  // Negative numbers are taken, and listed as unsigned: -5 shows as 4294967291.
  server.maxconn = Number(value) >>> 0;
  return '';
}

const STATE_COLUMNS =
  'be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port';
const STAT_COLUMNS =
  'pxname,svname,qcur,qmax,scur,smax,slim,stot,bin,bout,dreq,dresp,ereq,econ,eresp,wretr,wredis,status,weight,agent_status,';
