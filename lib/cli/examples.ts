// What people type, by command: every help ends with it, and so does the man page. Pure.

export interface Example {
  readonly line: string;
  /** What it is for, in a few words. */
  readonly about: string;
}

const example = (line: string, about: string): Example => ({ line, about });

/** By the command's path. */
export const EXAMPLES: Readonly<Record<string, readonly Example[]>> = {
  '': [
    example('iri-lb doctor', 'is anything set up wrongly?'),
    example('iri-lb plan', 'what would the next run do?'),
    example('iri-lb status', 'who is where, and who serves?'),
  ],
  plan: [
    example('iri-lb plan', 'what would the next run do, and is it safe?'),
    example('iri-lb plan --json', 'the same for a program'),
  ],
  apply: [
    example('iri-lb apply', 'make it so'),
    example('iri-lb apply --force', 'also what the guard holds back'),
  ],
  status: [
    example('iri-lb status', 'who is where, who serves, do the load balancers agree?'),
    example('iri-lb status --json', 'the same for a program'),
  ],
  doctor: [example('iri-lb doctor', 'is anything set up wrongly, and what is to be done?')],
  invoke: [
    example('iri-lb invoke resync', 'the full run, as Lambda would start it'),
    example('iri-lb invoke watch --event event.json', 'what an event of the forwarder does'),
  ],
  node: [example('iri-lb node list', 'who is registered, and where')],
  'node add': [
    example('iri-lb node add --address 10.0.0.5 --port 14265 --pow true', 'an IRI node, with its check'),
    example('iri-lb node add --address 10.0.0.6 --port 80 --service web --http /', 'a web server'),
    example(
      'iri-lb node add --address 10.0.0.6 --port 80 --service web --print',
      'its definition, for a file',
    ),
  ],
  'node remove': [
    example('iri-lb node remove 10.0.0.6:80', 'by where it is'),
    example('iri-lb node remove --node n1 --id web-1', 'where a name fits several'),
  ],
  'node list': [example('iri-lb node list', 'every node, and what each load balancer does with it')],
  'node check': [
    example('iri-lb node check 10.0.0.5:14265', 'as its registered check does'),
    example('iri-lb node check http://10.0.0.9:80 --http /health', 'one that is not registered'),
  ],
  render: [
    example('iri-lb render haproxy', 'haproxy.cfg that fits LB_CONFIG'),
    example('iri-lb render haproxy --out haproxy.cfg', 'into a file'),
    example('iri-lb render policy', "the ACL policy of the runs' token"),
  ],
  help: [example('iri-lb help node add', 'the same as iri-lb node add --help')],
  completion: [
    example('source <(iri-lb completion bash)', 'in ~/.bashrc'),
    example('iri-lb completion zsh > ~/.zfunc/_iri-lb', 'once, with ~/.zfunc in fpath before compinit'),
    example('iri-lb completion fish > ~/.config/fish/completions/iri-lb.fish', 'once'),
  ],
};

/** The lines below a command's help; none where it has no example. */
export function exampleHelp(path: readonly string[]): string | undefined {
  const own = EXAMPLES[path.join(' ')];
  if (own === undefined) return undefined;
  const width = Math.max(...own.map(({ line }) => line.length));
  return ['', 'Examples:', ...own.map(({ line, about }) => `  ${line.padEnd(width)}  # ${about}`)].join('\n');
}
