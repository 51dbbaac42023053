// What a stand-in IRI node answers: one table of faults, and each command's answer. Pure.

/** Everything that can be wrong with a stand-in; `healthy` is none of it. */
export const FAULTS = {
  healthy: 'answers as a synced node of its configuration',
  unsynced: 'its solid milestone is 12 behind the latest',
  'few-neighbors': 'has one neighbour',
  'old-version': 'runs IRI 1.4.1.7',
  slow: 'takes its time for every answer, and says so in duration',
  'slow-duration': 'answers at once, and says that it took 2500 ms',
  'wrong-app': 'calls itself IRI Testnet',
  'pow-refused': 'answers attachToTangle with 401, whatever its configuration says',
  'pow-allowed': 'does PoW, whatever its configuration says',
  open: 'answers commands that a public node must block',
  incomplete: 'leaves the milestones out of getNodeInfo',
  'odd-version': 'has a version that is none',
  'odd-duration': 'has a duration that is no number',
  'odd-milestone': 'has a solid milestone that is no number',
  'no-neighbors': 'leaves the number of neighbours out of getNodeInfo',
  error: 'answers 500 to everything',
  'not-json': 'answers 200 with a page of HTML',
  'not-object': 'answers 200 with a JSON array',
  hostile: 'puts line breaks and escape sequences into its answers',
  huge: 'sends a body without end, fast',
  dripping: 'sends a body without end, a byte at a time',
  truncated: 'closes the connection in the middle of the body',
  hanging: 'takes the request and never answers',
  reset: 'takes the request and closes the connection',
  redirect: 'redirects every request elsewhere',
  'redirect-others': 'redirects every request but getNodeInfo',
  'big-headers': 'sends more headers than anybody takes',
  'not-http': 'answers with something that is not HTTP',
} as const;

export type Fault = keyof typeof FAULTS;

export function isFault(name: string): name is Fault {
  return Object.hasOwn(FAULTS, name);
}

export interface StandInNode {
  readonly name: string;
  /** Whether attachToTangle is allowed while nothing is wrong. */
  readonly pow: boolean;
  readonly appVersion: string;
  readonly neighbors: number;
}

export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

const POW_COMMANDS: readonly string[] = ['attachToTangle', 'interruptAttachingToTangle'];
const LIMITED_COMMANDS: readonly string[] = ['getNeighbors', 'addNeighbors', 'removeNeighbors'];
const OTHER_COMMANDS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  getTips: { hashes: [] },
  getTransactionsToApprove: { trunkTransaction: '9'.repeat(81), branchTransaction: '9'.repeat(81) },
  findTransactions: { hashes: [] },
  getTrytes: { trytes: [] },
  getInclusionStates: { states: [] },
  getBalances: { balances: ['0'], references: [], milestoneIndex: 426_550 },
  checkConsistency: { state: true },
  wereAddressesSpentFrom: { states: [] },
  getMissingTransactions: { hashes: [] },
  broadcastTransactions: {},
  storeTransactions: {},
};
const MILESTONE = 426_550;

/** What IRI answers to a request's body; `durationMs` goes into IRI's own field, in milliseconds. */
export function answerCommand(
  node: StandInNode,
  fault: Fault,
  request: Readonly<Record<string, unknown>>,
  durationMs: number,
): Answer {
  const command = typeof request.command === 'string' ? request.command : '';
  const durations: { [fault in Fault]?: unknown } = { 'slow-duration': 2500, 'odd-duration': 'short' };
  const answer = (body: Answer['body']): Answer => ({
    status: 200,
    body: { ...body, duration: durations[fault] ?? durationMs },
  });
  const refuse = (status: number, error: string): Answer => ({
    status,
    body: { error, duration: durationMs },
  });

  if (fault === 'error') return refuse(500, 'java.lang.NullPointerException');
  if (command === 'getNodeInfo') return answer(nodeInfo(node, fault));
  const powAllowed = fault === 'pow-allowed' || (node.pow && fault !== 'pow-refused');
  const limited = POW_COMMANDS.includes(command) ? !powAllowed : LIMITED_COMMANDS.includes(command);
  if (limited && fault !== 'open') return refuse(401, `COMMAND ${command} is not available on this node`);
  // IRI looks at the parameters only after it has decided who may ask.
  if (command === 'attachToTangle' && !Array.isArray(request.trytes))
    return refuse(400, 'Invalid parameters');
  if (POW_COMMANDS.includes(command)) return answer({ trytes: request.trytes ?? [] });
  if (LIMITED_COMMANDS.includes(command)) return answer({ neighbors: [] });
  const other = Object.hasOwn(OTHER_COMMANDS, command) ? OTHER_COMMANDS[command] : undefined;
  return other ? answer(other) : refuse(400, `Command [${command}] is unknown`);
}

/** What a fault says in place of what is so. */
const LIES: { readonly [fault in Fault]?: Answer['body'] } = {
  unsynced: { latestSolidSubtangleMilestoneIndex: MILESTONE - 12 },
  'few-neighbors': { neighbors: 1 },
  'old-version': { appVersion: '1.4.1.7' },
  'wrong-app': { appName: 'IRI Testnet' },
  hostile: { appName: 'IRI\r\n\u001b[2J\u001b]0;owned\u0007 haproxy.weight=0; shutdown\u202e' },
  // JSON has no undefined: these leave the field out.
  incomplete: { latestMilestoneIndex: undefined, latestSolidSubtangleMilestoneIndex: undefined },
  'no-neighbors': { neighbors: undefined },
  'odd-version': { appVersion: 'latest' },
  'odd-milestone': { latestSolidSubtangleMilestoneIndex: 'soon' },
};

function nodeInfo(node: StandInNode, fault: Fault): Answer['body'] {
  return {
    appName: 'IRI',
    appVersion: node.appVersion,
    jreAvailableProcessors: 4,
    jreVersion: '1.8.0_181',
    latestMilestone: '9'.repeat(81),
    latestMilestoneIndex: MILESTONE,
    latestSolidSubtangleMilestone: '9'.repeat(81),
    latestSolidSubtangleMilestoneIndex: MILESTONE - 1,
    neighbors: node.neighbors,
    packetsQueueSize: 0,
    time: 1_530_000_000_000,
    tips: 3210,
    transactionsToRequest: 0,
    ...LIES[fault],
  };
}
